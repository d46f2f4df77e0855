//! Packets on their way out: protected already, one behind the other, so that a burst leaves as one GSO send.

use std::collections::VecDeque;

/// Bytes that wait at most. A socket takes them each time that the connection is polled; what comes on top is media that
/// would be too late.
const MAX_BYTES: usize = 4 << 20;

/// The room that is kept when nothing waits, in bytes.
const KEPT: usize = 64 << 10;

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    /// Where in `bytes` the first waiting packet begins.
    start: usize,
    sizes: VecDeque<usize>,
}

impl Outgoing {
    /// Exchanges buffers if nothing waits, so that the packets to come are written into this one.
    pub(super) fn lend(&mut self, buffer: &mut Vec<u8>) {
        if self.sizes.is_empty() {
            buffer.clear();
            std::mem::swap(&mut self.bytes, buffer);
        }
    }

    /// Lets `write` append one packet. False, and nothing is kept, when there is no room or it fails.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let start = self.bytes.len();
        if start - self.start >= MAX_BYTES || !write(&mut self.bytes) {
            self.bytes.truncate(start);
            return false;
        }
        self.sizes.push_back(self.bytes.len() - start);
        true
    }

    /// Drops what waits, and says how many packets that were.
    pub(super) fn clear(&mut self) -> usize {
        std::mem::take(self).sizes.len()
    }

    /// Appends at most `max` packets, all of the returned size but the last, which may be shorter.
    pub(super) fn take(&mut self, max: usize, out: &mut Vec<u8>) -> Option<usize> {
        let first = self.sizes.pop_front()?;
        let (mut len, mut count) = (first, 1);
        while count < max.max(1)
            && let Some(next) = self.sizes.front().copied().filter(|next| *next <= first)
        {
            self.sizes.pop_front();
            len += next;
            count += 1;
            if next < first {
                break;
            }
        }
        let end = self.start + len;
        if out.is_empty() && self.sizes.is_empty() {
            // All of it goes: a buffer that was lent goes back, and nothing is copied if nothing has gone before.
            std::mem::swap(&mut self.bytes, out);
            out.drain(..self.start);
        } else {
            out.extend_from_slice(self.bytes.get(self.start..end).unwrap_or_default());
        }
        self.start = end;
        if self.sizes.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.start = 0;
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(outgoing: &mut Outgoing, byte: u8, size: usize) -> bool {
        outgoing.push(|out| {
            out.extend(std::iter::repeat_n(byte, size));
            true
        })
    }

    #[test]
    fn packets_of_one_size_leave_together_and_a_shorter_one_ends_them() {
        let mut outgoing = Outgoing::default();
        for (byte, size) in [(1, 5), (2, 5), (3, 4), (4, 5), (5, 6), (6, 6), (7, 6)] {
            assert!(push(&mut outgoing, byte, size));
        }
        let mut bursts = Vec::new();
        let mut out = Vec::new();
        while let Some(size) = outgoing.take(2, &mut out) {
            bursts.push((size, std::mem::take(&mut out)));
        }
        let expected: [(usize, &[u8]); 5] = [
            (5, &[1, 1, 1, 1, 1, 2, 2, 2, 2, 2]),
            (4, &[3, 3, 3, 3]),
            (5, &[4, 4, 4, 4, 4]),
            (6, &[5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6]),
            (6, &[7, 7, 7, 7, 7, 7]),
        ];
        let bursts: Vec<_> = bursts.iter().map(|(size, bytes)| (*size, &bytes[..])).collect();
        assert_eq!(bursts, expected);
        assert!(push(&mut outgoing, 8, 5) && push(&mut outgoing, 9, 3));
        assert_eq!(outgoing.take(64, &mut out), Some(5));
        assert_eq!(out, [8, 8, 8, 8, 8, 9, 9, 9]);
    }

    #[test]
    fn a_buffer_that_was_lent_is_written_and_goes_back_without_a_copy() {
        let mut outgoing = Outgoing::default();
        let mut buffer = Vec::with_capacity(10_000);
        let place = buffer.as_ptr();
        outgoing.lend(&mut buffer);
        for byte in 0..5 {
            push(&mut outgoing, byte, 1000);
        }
        let mut other = Vec::new();
        outgoing.lend(&mut other);
        assert_eq!(outgoing.take(64, &mut buffer), Some(1000));
        assert_eq!((buffer.as_ptr(), buffer.len()), (place, 5000));
        push(&mut outgoing, 9, 10);
        assert_eq!(outgoing.take(64, &mut other), Some(10));
        assert_eq!(other, [9; 10]);
        // In several bursts, too: not every connection is to end with a large buffer.
        let mut small = Vec::new();
        outgoing.lend(&mut buffer);
        for byte in 0..5 {
            push(&mut outgoing, byte, 1000);
        }
        assert_eq!(outgoing.take(4, &mut small), Some(1000));
        let mut rest = Vec::new();
        assert_eq!(outgoing.take(4, &mut rest), Some(1000));
        assert_eq!((rest.as_ptr(), rest.as_slice()), (place, &[4; 1000][..]));
    }

    #[test]
    fn what_waits_is_bounded_and_a_failed_write_leaves_nothing() {
        let mut outgoing = Outgoing::default();
        let sent = (0..10_000).filter(|_| push(&mut outgoing, 0, 1000)).count();
        assert_eq!(sent, MAX_BYTES.div_ceil(1000));
        let mut out = Vec::new();
        while outgoing.take(64, &mut out).is_some() {}
        assert_eq!(out.len(), sent * 1000);
        assert!(outgoing.bytes.capacity() <= 2 * KEPT);
        assert!(!outgoing.push(|out| {
            out.push(1);
            false
        }));
        assert_eq!(outgoing.take(1, &mut out), None);
    }
}
