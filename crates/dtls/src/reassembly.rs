//! Inbound handshake messages from their fragments (RFC 6347 §4.2.2, §4.2.3).
//!
//! Fragments come in any order, overlap, and belong to messages that are several ahead. At most [`WINDOW`] messages are
//! under way at once, each no longer than the configured maximum and in no more than [`MAX_RANGES`] separate pieces;
//! together they hold no more than twice that maximum, and an earlier one takes the place of later ones.

use std::collections::VecDeque;
use std::ops::Range;

use crate::handshake::{HandshakeHeader, HandshakeType};

/// Messages that may be under way: a flight has at most five, and the next flight does not begin before.
pub(crate) const WINDOW: u16 = 8;
/// Separate pieces that a message may be in.
pub(crate) const MAX_RANGES: usize = 64;

/// A whole message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) message_type: HandshakeType,
    pub(crate) sequence: u16,
    /// The epoch whose keys protected every fragment of it.
    pub(crate) epoch: u16,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// As the transcript has it: one fragment.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        HandshakeHeader::message(self.message_type, self.sequence, |out| {
            out.extend_from_slice(&self.body)
        })
    }
}

/// What a fragment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fragment {
    /// Something that was missing.
    New,
    /// The beginning of a message in the place of pieces that contradict it, which are dropped.
    Replaced,
    /// Part of a message that was delivered before: the peer repeats itself.
    Old,
    /// Nothing of use.
    Dropped,
}

#[derive(Debug)]
struct Partial {
    message_type: HandshakeType,
    epoch: u16,
    body: Vec<u8>,
    /// What is there, in order, without touching ranges.
    ranges: Vec<Range<usize>>,
}

impl Partial {
    fn is_complete(&self) -> bool {
        self.body.is_empty() || matches!(self.ranges.as_slice(), [all] if *all == (0..self.body.len()))
    }

    fn contradicts(&self, header: &HandshakeHeader) -> bool {
        self.message_type != header.message_type || self.body.len() != header.length
    }

    fn add(&mut self, offset: usize, fragment: &[u8]) -> Fragment {
        let new = offset..offset + fragment.len();
        if fragment.is_empty()
            || self
                .ranges
                .iter()
                .any(|range| range.start <= new.start && new.end <= range.end)
        {
            return Fragment::Dropped;
        }
        let first = self.ranges.partition_point(|range| range.end < new.start);
        let last = self.ranges.partition_point(|range| range.start <= new.end);
        if first == last && self.ranges.len() >= MAX_RANGES {
            return Fragment::Dropped;
        }
        let touched = self.ranges.get(first..last).unwrap_or_default();
        let start = touched
            .first()
            .map_or(new.start, |range| range.start.min(new.start));
        let end = touched.last().map_or(new.end, |range| range.end.max(new.end));
        self.ranges.splice(first..last, std::iter::once(start..end));
        if let Some(target) = self.body.get_mut(new) {
            target.copy_from_slice(fragment);
        }
        Fragment::New
    }
}

/// The messages under way.
#[derive(Debug)]
pub(crate) struct Reassembly {
    next: u16,
    /// By distance from `next`.
    partial: VecDeque<Option<Partial>>,
    bytes: usize,
    max_message: usize,
}

impl Reassembly {
    pub(crate) fn new(max_message: usize) -> Self {
        Self {
            next: 0,
            partial: VecDeque::new(),
            bytes: 0,
            max_message,
        }
    }

    /// The number of the next message to be delivered.
    pub(crate) fn next(&self) -> u16 {
        self.next
    }

    /// Bytes of the messages under way.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0 && self.partial.iter().all(Option::is_none)
    }

    /// Begins at another number, dropping what is under way.
    pub(crate) fn restart_at(&mut self, next: u16) {
        *self = Self {
            next,
            ..Self::new(self.max_message)
        };
    }

    /// Takes in a fragment of a record of `epoch`.
    pub(crate) fn insert(&mut self, epoch: u16, header: &HandshakeHeader, fragment: &[u8]) -> Fragment {
        let distance = header.message_sequence.wrapping_sub(self.next);
        if distance > u16::MAX / 2 {
            return Fragment::Old;
        }
        if distance >= WINDOW || header.length > self.max_message {
            return Fragment::Dropped;
        }
        let index = usize::from(distance);
        if self.partial.len() <= index {
            self.partial.resize_with(index + 1, || None);
        }
        let Some(slot) = self.partial.get_mut(index) else {
            return Fragment::Dropped;
        };
        let mut result = Fragment::New;
        if let Some(partial) = slot
            && (partial.epoch < epoch || (partial.epoch == epoch && partial.contradicts(header)))
        {
            // What is authenticated takes the place of what anybody could have sent. Of two that anybody could have sent the
            // later one counts: the peer repeats the true one, and so outlives a forged one.
            self.bytes -= partial.body.len();
            *slot = None;
            result = Fragment::Replaced;
        }
        let Some(partial) = slot else {
            if !self.make_room(index, header.length) {
                return Fragment::Dropped;
            }
            let Some(slot) = self.partial.get_mut(index) else {
                return Fragment::Dropped;
            };
            self.bytes += header.length;
            let mut partial = Partial {
                message_type: header.message_type,
                epoch,
                body: vec![0; header.length],
                ranges: Vec::new(),
            };
            partial.add(header.fragment_offset, fragment);
            *slot = Some(partial);
            return result;
        };
        if partial.epoch != epoch {
            return Fragment::Dropped;
        }
        partial.add(header.fragment_offset, fragment)
    }

    /// Makes room for a message at the expense of later ones: what is expected first is never kept out by what anybody could
    /// have sent ahead.
    fn make_room(&mut self, index: usize, length: usize) -> bool {
        while self.bytes + length > 2 * self.max_message {
            let later = self.partial.iter_mut().skip(index + 1).rev();
            let Some(last) = later.filter_map(Option::take).next() else {
                return false;
            };
            self.bytes -= last.body.len();
        }
        true
    }

    /// The next message, once it is whole.
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let whole = self.partial.front()?.as_ref().is_some_and(Partial::is_complete);
        if !whole {
            return None;
        }
        let Partial {
            message_type,
            epoch,
            body,
            ranges: _,
        } = self.partial.pop_front()??;
        self.bytes -= body.len();
        let sequence = self.next;
        self.next = self.next.wrapping_add(1);
        Some(Message {
            message_type,
            sequence,
            epoch,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: usize = 4096;

    fn header(sequence: u16, length: usize, fragment: Range<usize>) -> HandshakeHeader {
        HandshakeHeader {
            message_type: HandshakeType::CERTIFICATE,
            length,
            message_sequence: sequence,
            fragment_offset: fragment.start,
            fragment_length: fragment.len(),
        }
    }

    fn body(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    fn insert(reassembly: &mut Reassembly, sequence: u16, length: usize, range: Range<usize>) -> Fragment {
        let body = body(length);
        reassembly.insert(0, &header(sequence, length, range.clone()), &body[range])
    }

    #[test]
    fn delivers_messages_in_order_whatever_order_they_come_in() {
        let mut reassembly = Reassembly::new(MAX);
        assert_eq!(insert(&mut reassembly, 1, 0, 0..0), Fragment::New);
        assert_eq!(insert(&mut reassembly, 0, 100, 50..100), Fragment::New);
        assert_eq!(reassembly.pop(), None);
        assert_eq!(insert(&mut reassembly, 0, 100, 0..60), Fragment::New);
        let first = reassembly.pop().unwrap();
        assert_eq!((first.sequence, first.body), (0, body(100)));
        assert_eq!(reassembly.pop().map(|message| message.sequence), Some(1));
        assert_eq!(reassembly.pop(), None);
        assert_eq!(insert(&mut reassembly, 0, 100, 0..100), Fragment::Old);
        assert!(reassembly.is_empty());
    }

    #[test]
    fn bounds_messages_bytes_and_pieces() {
        let mut reassembly = Reassembly::new(MAX);
        assert_eq!(insert(&mut reassembly, WINDOW, 10, 0..5), Fragment::Dropped);
        assert_eq!(insert(&mut reassembly, 0, MAX + 1, 0..5), Fragment::Dropped);
        assert_eq!(insert(&mut reassembly, 0, MAX, 0..1), Fragment::New);
        assert_eq!(insert(&mut reassembly, 1, MAX, 0..1), Fragment::New);
        assert_eq!(
            insert(&mut reassembly, 2, 1, 0..1),
            Fragment::Dropped,
            "twice the maximum in all"
        );
        assert_eq!(reassembly.held_bytes(), 2 * MAX);
        for piece in 1..MAX_RANGES {
            assert_eq!(
                insert(&mut reassembly, 0, MAX, piece * 2..piece * 2 + 1),
                Fragment::New
            );
        }
        assert_eq!(insert(&mut reassembly, 0, MAX, 1000..1001), Fragment::Dropped);
        assert_eq!(
            insert(&mut reassembly, 0, MAX, 0..MAX),
            Fragment::New,
            "joining pieces is always possible"
        );
        assert_eq!(reassembly.pop().map(|message| message.body), Some(body(MAX)));
    }

    #[test]
    fn earlier_messages_take_the_place_of_later_ones() {
        let mut reassembly = Reassembly::new(MAX);
        assert_eq!(insert(&mut reassembly, 3, MAX, 0..1), Fragment::New);
        assert_eq!(insert(&mut reassembly, 2, MAX, 0..1), Fragment::New);
        assert_eq!(insert(&mut reassembly, 1, 10, 0..10), Fragment::New);
        assert_eq!(reassembly.held_bytes(), MAX + 10);
        assert_eq!(insert(&mut reassembly, 0, MAX, 0..MAX), Fragment::New);
        assert_eq!(reassembly.pop().map(|message| message.body), Some(body(MAX)));
        assert_eq!(reassembly.pop().map(|message| message.body), Some(body(10)));
        assert!(reassembly.is_empty(), "{} bytes", reassembly.held_bytes());
    }

    #[test]
    fn of_fragments_that_disagree_the_later_ones_count() {
        let mut reassembly = Reassembly::new(MAX);
        assert_eq!(insert(&mut reassembly, 0, 100, 0..50), Fragment::New);
        assert_eq!(
            insert(&mut reassembly, 0, 100, 10..40),
            Fragment::Dropped,
            "known already"
        );
        assert_eq!(insert(&mut reassembly, 0, 90, 50..90), Fragment::Replaced);
        let other = HandshakeHeader {
            message_type: HandshakeType::FINISHED,
            ..header(0, 90, 0..50)
        };
        assert_eq!(reassembly.insert(0, &other, &[0; 50]), Fragment::Replaced);
        assert_eq!(reassembly.held_bytes(), 90);
        assert_eq!(insert(&mut reassembly, 0, 100, 0..50), Fragment::Replaced);
        assert_eq!(insert(&mut reassembly, 0, 100, 50..100), Fragment::New);
        assert_eq!(reassembly.pop().map(|message| message.body), Some(body(100)));
        assert!(reassembly.is_empty());
    }

    #[test]
    fn authenticated_fragments_replace_forged_ones() {
        let mut reassembly = Reassembly::new(MAX);
        assert_eq!(insert(&mut reassembly, 0, 100, 0..50), Fragment::New);
        let whole = header(0, 12, 0..12);
        assert_eq!(reassembly.insert(1, &whole, &[1; 12]), Fragment::Replaced);
        assert_eq!(insert(&mut reassembly, 0, 100, 50..100), Fragment::Dropped);
        assert_eq!(
            reassembly.pop().map(|message| (message.epoch, message.body)),
            Some((1, vec![1; 12]))
        );
        assert!(reassembly.is_empty());
    }

    proptest! {
        #[test]
        fn any_cover_of_a_message_gives_the_message(
            length in 1usize..600,
            cuts in prop::collection::vec((0usize..600, 1usize..200), 0..50),
            order in any::<u64>(),
        ) {
            let mut pieces: Vec<Range<usize>> = cuts
                .into_iter()
                .map(|(start, size)| start.min(length - 1)..(start.min(length - 1) + size).min(length))
                .collect();
            pieces.extend((0..length).step_by(97).map(|start| start..(start + 97).min(length)));
            let count = pieces.len() as u64;
            pieces.sort_by_key(|piece| (piece.start as u64 ^ order).wrapping_mul(order | 1) % count.max(1));
            let mut reassembly = Reassembly::new(MAX);
            for piece in pieces {
                insert(&mut reassembly, 0, length, piece);
            }
            prop_assert_eq!(reassembly.pop().map(|message| message.body), Some(body(length)));
        }
    }
}
