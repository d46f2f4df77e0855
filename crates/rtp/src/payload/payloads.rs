//! The payloads of one frame in one buffer that is used again and again.

/// RTP payloads, one behind the other.
///
/// Clearing and refilling it does not allocate once it has held a frame of that size.
///
/// ```
/// let mut payloads = rtp::payload::Payloads::new();
/// payloads.push(&[b"header ", b"and data"]);
/// payloads.push(&[b"more"]);
/// assert_eq!(payloads.iter().collect::<Vec<_>>(), [&b"header and data"[..], b"more"]);
/// assert_eq!(payloads.get(2), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payloads {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    end: usize,
    timestamp_offset: u32,
}

impl Payloads {
    /// An empty one without memory.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// An empty one with room for so many payloads of so many bytes in all.
    pub fn with_capacity(payloads: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            entries: Vec::with_capacity(payloads),
        }
    }

    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// How many payloads there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all payloads together.
    pub fn total_len(&self) -> usize {
        self.bytes.len()
    }

    /// The payload with this index.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(previous) => self.entries.get(previous)?.end,
            None => 0,
        };
        self.bytes.get(start..self.entries.get(index)?.end)
    }

    /// The payloads in the order of sending.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            payloads: self,
            next: 0,
        }
    }

    /// How far the RTP timestamp of this payload is ahead of the frame's, in units of the RTP clock. It is 0, except for
    /// sample-based audio (G.711, G.722, L16) that is cut into several packets.
    pub fn timestamp_offset(&self, index: usize) -> u32 {
        self.entries.get(index).map_or(0, |entry| entry.timestamp_offset)
    }

    /// Appends a payload made of these parts.
    pub fn push(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.close(0);
    }

    /// Appends a payload whose RTP timestamp is ahead of the frame's.
    pub fn push_at(&mut self, timestamp_offset: u32, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.close(timestamp_offset);
    }

    /// Where the next payload is written, by appending; [`close`](Self::close) ends it.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(super) fn close(&mut self, timestamp_offset: u32) {
        self.entries.push(Entry {
            end: self.bytes.len(),
            timestamp_offset,
        });
    }
}

impl<'a> IntoIterator for &'a Payloads {
    type Item = &'a [u8];
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The payloads of a frame, in the order of sending.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    payloads: &'a Payloads,
    next: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let payload = self.payloads.get(self.next)?;
        self.next = self.next.saturating_add(1);
        Some(payload)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.payloads.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter<'_> {}
