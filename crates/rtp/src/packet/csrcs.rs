//! RFC 3550 §5.1: the list of contributing sources.

use std::fmt;
use std::ops::Deref;

/// Contributing sources, at most 15, kept without allocation.
///
/// ```
/// let mut csrcs: rtp::Csrcs = [7, 8].into_iter().collect();
/// assert!(csrcs.push(9));
/// assert_eq!(*csrcs, [7, 8, 9]);
///
/// let full: rtp::Csrcs = (0..20).collect();
/// assert_eq!(full.len(), 15, "more do not fit into a header");
/// ```
#[derive(Clone, Copy, Default)]
pub struct Csrcs {
    len: u8,
    list: [u32; Self::MAX],
}

impl Csrcs {
    /// How many a header has room for.
    pub const MAX: usize = 15;

    /// No contributing source.
    pub const fn new() -> Self {
        Self {
            len: 0,
            list: [0; Self::MAX],
        }
    }

    /// Appends one; false, and nothing changes, when there are 15.
    pub fn push(&mut self, csrc: u32) -> bool {
        match self.list.get_mut(usize::from(self.len)) {
            Some(place) => {
                *place = csrc;
                self.len += 1;
                true
            }
            None => false,
        }
    }
}

impl Deref for Csrcs {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        self.list.get(..self.len.into()).unwrap_or_default()
    }
}

/// The first 15; others have no room.
impl FromIterator<u32> for Csrcs {
    fn from_iter<I: IntoIterator<Item = u32>>(csrcs: I) -> Self {
        let mut list = Self::new();
        for csrc in csrcs.into_iter().take(Self::MAX) {
            list.push(csrc);
        }
        list
    }
}

impl PartialEq for Csrcs {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Csrcs {}

impl fmt::Debug for Csrcs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
