//! What waits to be sent besides flights: application data, one alert, one reply to a hello without a cookie.

use std::ops::Range;

use crate::alert::Alert;

/// Records of plaintext in one buffer, first in, first out. The buffer is kept, so that sending does not allocate.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    bytes: Vec<u8>,
    head: usize,
}

impl SendQueue {
    /// Bytes queued, with 2 for each record.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// Queues one record of at most 65535 bytes.
    pub(super) fn push(&mut self, data: &[u8]) {
        if self.head > self.bytes.len() / 2 {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
        let [.., high, low] = data.len().to_be_bytes();
        self.bytes.extend_from_slice(&[high, low]);
        self.bytes.extend_from_slice(data);
    }

    /// The next record, which is then gone from the queue.
    pub(super) fn pop(&mut self) -> Option<&[u8]> {
        let range = self.front()?;
        self.head = range.end;
        self.bytes.get(range)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn front(&self) -> Option<Range<usize>> {
        let (length, _) = self.bytes.get(self.head..)?.split_first_chunk::<2>()?;
        let start = self.head + 2;
        Some(start..start + usize::from(u16::from_be_bytes(*length)))
    }
}

/// Everything that waits.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    pub(super) data: SendQueue,
    /// Only the latest alert: none is worth more than the one after it.
    pub(super) alert: Option<Alert>,
    /// A HelloVerifyRequest, a whole datagram.
    pub(super) reply: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_keeps_order_and_boundaries() {
        let mut queue = SendQueue::default();
        for round in 0..50u8 {
            queue.push(&[round; 100]);
            queue.push(&[]);
            queue.push(&[round]);
            assert_eq!(queue.pop(), Some(&[round; 100][..]));
            assert_eq!(queue.pop(), Some(&[][..]));
            assert_eq!(queue.len(), 3);
            assert_eq!(queue.pop(), Some(&[round][..]));
            assert_eq!(queue.pop(), None);
            assert_eq!(queue.len(), 0);
            assert!(queue.bytes.capacity() < 1000, "the buffer is used again");
        }
    }
}
