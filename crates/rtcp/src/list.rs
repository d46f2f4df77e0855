//! Lists inside packets: borrowed from the network or from the writer, and read the same way.

use std::fmt;

use crate::DecodeError;

/// An entry of a [`List`]: a report block, a NACK, an item, an SSRC. The types of this crate implement it, others cannot.
pub trait Entry<'a>: Copy + sealed::Sealed {
    /// The length of every such entry in bytes, if all have the same.
    const LEN: Option<usize>;

    /// Takes the first entry off `bytes`; none if they are no such entry.
    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])>;

    /// Appends the entry.
    fn encode(&self, out: &mut Vec<u8>);

    /// How many bytes [`encode`](Self::encode) appends.
    fn encoded_len(&self) -> usize {
        Self::LEN.unwrap_or(0)
    }
}

pub(crate) mod sealed {
    /// Keeps [`Entry`](super::Entry) to this crate.
    pub trait Sealed {}
}

/// A list in a packet, either as it stands on the wire or as values to be written. Iterating allocates nothing.
///
/// A decoded packet holds its lists as they arrived, which is checked once and read when iterated. A packet to be written
/// borrows a slice. Both are the same type, so that a decoded packet can be changed and written again.
///
/// ```
/// use rtcp::List;
///
/// let ssrcs = List::from(&[1, 2, 3]);
/// assert_eq!(ssrcs.len(), 3);
/// assert_eq!(ssrcs.iter().sum::<u32>(), 6);
/// ```
#[derive(Clone, Copy)]
pub struct List<'a, T> {
    source: Source<'a, T>,
}

#[derive(Clone, Copy)]
enum Source<'a, T> {
    /// Bytes that were checked to be entries.
    Wire(&'a [u8]),
    Values(&'a [T]),
}

impl<'a, T: Entry<'a>> List<'a, T> {
    /// `bytes` are entries from the first to the last byte. The error's offset counts from `offset` bytes earlier.
    pub(crate) fn decode(bytes: &'a [u8], offset: usize) -> Result<Self, DecodeError> {
        let list = Self::wire(bytes);
        let mut rest = bytes;
        if let Some(len) = T::LEN {
            let over = bytes.len().checked_rem(len).unwrap_or(0);
            rest = bytes.get(bytes.len().saturating_sub(over)..).unwrap_or_default();
        }
        while !rest.is_empty() {
            let at = offset.saturating_add(bytes.len().saturating_sub(rest.len()));
            let (_, after) = T::decode(rest).ok_or(DecodeError::new("malformed entry", at))?;
            rest = after;
        }
        Ok(list)
    }

    /// As [`decode`](Self::decode), for exactly `count` entries; what follows them comes back.
    pub(crate) fn decode_some(
        bytes: &'a [u8],
        offset: usize,
        count: usize,
    ) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut rest = bytes;
        for _ in 0..count {
            let at = offset.saturating_add(bytes.len().saturating_sub(rest.len()));
            let (_, after) = T::decode(rest).ok_or(DecodeError::new("malformed entry", at))?;
            rest = after;
        }
        let used = bytes.len().saturating_sub(rest.len());
        Ok((Self::wire(bytes.get(..used).unwrap_or_default()), rest))
    }

    /// `bytes` that are known to be entries.
    pub(crate) const fn wire(bytes: &'a [u8]) -> Self {
        Self {
            source: Source::Wire(bytes),
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match (self.source, T::LEN) {
            (Source::Values(values), _) => values.len(),
            (Source::Wire(bytes), Some(len)) => bytes.len().checked_div(len).unwrap_or(0),
            (Source::Wire(_), None) => self.iter().count(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        match self.source {
            Source::Wire(bytes) => bytes.is_empty(),
            Source::Values(values) => values.is_empty(),
        }
    }

    /// The entries in their order.
    #[must_use]
    pub fn iter(&self) -> ListIter<'a, T> {
        ListIter { rest: self.source }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self.source {
            Source::Wire(bytes) => out.extend_from_slice(bytes),
            Source::Values(values) => values.iter().for_each(|it| it.encode(out)),
        }
    }

    pub(crate) fn encoded_len(&self) -> usize {
        match (self.source, T::LEN) {
            (Source::Wire(bytes), _) => bytes.len(),
            (Source::Values(values), Some(len)) => values.len().saturating_mul(len),
            (Source::Values(values), None) => values.iter().map(Entry::encoded_len).sum(),
        }
    }
}

/// The entries of a [`List`].
#[derive(Clone)]
pub struct ListIter<'a, T> {
    rest: Source<'a, T>,
}

impl<'a, T: Entry<'a>> Iterator for ListIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.rest {
            Source::Wire(bytes) => {
                let (entry, rest) = T::decode(bytes)?;
                *bytes = rest;
                Some(entry)
            }
            Source::Values(values) => {
                let (entry, rest) = values.split_first()?;
                *values = rest;
                Some(*entry)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match (&self.rest, T::LEN) {
            (Source::Values(values), _) => (values.len(), Some(values.len())),
            (Source::Wire(bytes), Some(len)) => {
                let count = bytes.len().checked_div(len).unwrap_or(0);
                (count, Some(count))
            }
            // No entry is shorter than a byte.
            (Source::Wire(bytes), None) => (0, Some(bytes.len())),
        }
    }
}

impl<'a, T: Entry<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Entry<'a>> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self {
            source: Source::Values(&[]),
        }
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(values: &'a [T]) -> Self {
        Self {
            source: Source::Values(values),
        }
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(values: &'a [T; N]) -> Self {
        Self::from(values.as_slice())
    }
}

impl<'a, T> From<&'a Vec<T>> for List<'a, T> {
    fn from(values: &'a Vec<T>) -> Self {
        Self::from(values.as_slice())
    }
}

impl<'a, T: Entry<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Entry<'a> + Eq> Eq for List<'a, T> {}

impl<'a, T: Entry<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Entry<'a> + fmt::Debug> fmt::Debug for ListIter<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// An [`Entry`] of a fixed length, from a function on its bytes and one to them.
macro_rules! fixed_entry {
    ($type:ty, $len:literal) => {
        impl $crate::list::sealed::Sealed for $type {}

        impl<'a> $crate::Entry<'a> for $type {
            const LEN: Option<usize> = Some($len);

            fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
                let (head, rest) = bytes.split_first_chunk::<$len>()?;
                Some((Self::from_wire(*head), rest))
            }

            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_wire());
            }
        }
    };
}
pub(crate) use fixed_entry;

impl sealed::Sealed for u32 {}

/// An SSRC, or a time.
impl<'a> Entry<'a> for u32 {
    const LEN: Option<usize> = Some(4);

    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = bytes.split_first_chunk()?;
        Some((Self::from_be_bytes(*head), rest))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}
