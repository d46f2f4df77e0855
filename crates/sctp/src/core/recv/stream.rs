//! The receiving side of a stream: ordering by SSN, RFC 9260 §6.5 and §6.6.

use super::assembler::{Complete, OVERHEAD};
use super::early::Early;
use crate::message::Message;
use crate::tsn::Ssn;
use std::collections::VecDeque;

/// Messages of one stream.
#[derive(Debug, Default)]
pub(super) struct InStream {
    next: Ssn,
    /// How far `next` has come since the stream began: the places of messages, which do not wrap.
    place: u64,
    /// How many messages wait in [`Early`].
    waiting: u32,
    readable: VecDeque<Message>,
    /// A `Readable` event waits in the event queue.
    pub(super) reported: bool,
    /// A `StreamReset` event waits there.
    pub(super) reset_reported: bool,
}

/// How much became readable.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    /// Bytes, with overhead.
    pub(super) readable: usize,
}

pub(super) const fn cost(message: &Message) -> usize {
    message.data.len() + OVERHEAD
}

impl InStream {
    /// Takes a complete message and says what became readable. `None` if one with its number waits already, which no peer
    /// sends that keeps to the numbers.
    pub(super) fn insert(&mut self, id: u16, complete: Complete, early: &mut Early) -> Option<Moved> {
        let Complete { ssn, message } = complete;
        let mut moved = Moved::default();
        if message.unordered {
            self.make_readable(message, &mut moved);
        } else if ssn == self.next {
            self.go_to(ssn.next(), 1);
            self.make_readable(message, &mut moved);
            self.release_next(id, early, &mut moved);
        } else {
            let distance = ssn.since(self.next);
            if !early.insert(id, self.place + u64::from(distance), message) {
                return None;
            }
            self.waiting += 1;
        }
        Some(moved)
    }

    fn make_readable(&mut self, message: Message, moved: &mut Moved) {
        moved.readable += cost(&message);
        self.readable.push_back(message);
    }

    const fn go_to(&mut self, next: Ssn, distance: u64) {
        self.next = next;
        self.place += distance;
    }

    /// Makes readable what has its turn.
    fn release_next(&mut self, id: u16, early: &mut Early, moved: &mut Moved) {
        while self.waiting > 0
            && let Some(message) = early.take(id, self.place)
        {
            self.waiting -= 1;
            self.go_to(self.next.next(), 1);
            self.make_readable(message, moved);
        }
    }

    /// FORWARD-TSN: messages up to `ssn` will not come any more (RFC 3758 §3.6).
    pub(super) fn skip_to(&mut self, id: u16, ssn: Ssn, early: &mut Early) -> Moved {
        let mut moved = Moved::default();
        if self.next.is_after(ssn) {
            return moved;
        }
        let end = self.place + u64::from(ssn.since(self.next));
        while self.waiting > 0
            && let Some(message) = early.take_first(id, end)
        {
            self.waiting -= 1;
            self.make_readable(message, &mut moved);
        }
        self.go_to(ssn.next(), end + 1 - self.place);
        self.release_next(id, early, &mut moved);
        moved
    }

    /// The peer starts again at 0. Messages that waited for missing ones are dropped.
    pub(super) fn reset(&mut self, id: u16, early: &mut Early) {
        while self.waiting > 0 && early.take_first(id, u64::MAX).is_some() {
            self.waiting -= 1;
        }
        (self.next, self.place, self.waiting) = (Ssn(0), 0, 0);
    }

    pub(super) fn pop(&mut self) -> Option<(Message, usize)> {
        let message = self.readable.pop_front()?;
        if self.readable.is_empty() && self.readable.capacity() > 16 {
            self.readable = VecDeque::new();
        }
        let cost = cost(&message);
        Some((message, cost))
    }

    pub(super) fn is_readable(&self) -> bool {
        !self.readable.is_empty()
    }
}
