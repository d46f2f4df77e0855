//! A list with a bound that a specification gives, kept without allocation.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// At most `N` items (up to 255), kept in place. It is read and changed as a slice.
///
/// ```
/// use rtp::InlineList;
///
/// let mut list: InlineList<u8, 4> = [7, 8, 9].into_iter().collect();
/// assert!(list.push(10));
/// assert!(!list.push(11), "four are all");
/// assert_eq!(*list, [7, 8, 9, 10]);
/// ```
#[derive(Clone, Copy)]
pub struct InlineList<T, const N: usize> {
    len: u8,
    items: [T; N],
}

impl<T: Copy + Default, const N: usize> InlineList<T, N> {
    /// How many fit.
    pub const MAX: usize = {
        assert!(N <= u8::MAX as usize, "lists have at most 255 items");
        N
    };

    /// Nothing.
    pub fn new() -> Self {
        Self {
            len: 0,
            items: [T::default(); N],
        }
    }

    /// Appends an item; false, and nothing changes, when there is no room.
    pub fn push(&mut self, item: T) -> bool {
        match self.items.get_mut(usize::from(self.len)) {
            Some(place) if usize::from(self.len) < Self::MAX => {
                *place = item;
                self.len += 1;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}

impl<T: Copy + Default, const N: usize> Default for InlineList<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> Deref for InlineList<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.items.get(..self.len.into()).unwrap_or_default()
    }
}

impl<T, const N: usize> DerefMut for InlineList<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.items.get_mut(..self.len.into()).unwrap_or_default()
    }
}

/// The first `N`; others have no room.
impl<T: Copy + Default, const N: usize> FromIterator<T> for InlineList<T, N> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::new();
        for item in items.into_iter().take(N) {
            list.push(item);
        }
        list
    }
}

impl<T: PartialEq, const N: usize> PartialEq for InlineList<T, N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq, const N: usize> Eq for InlineList<T, N> {}

impl<T: fmt::Debug, const N: usize> fmt::Debug for InlineList<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
