//! The receiving side of a stream: ordering by SSN, RFC 9260 §6.5 and §6.6.

use super::assembler::{Complete, OVERHEAD};
use crate::message::Message;
use crate::tsn::Ssn;
use std::collections::VecDeque;

/// Messages of one stream.
#[derive(Debug, Default)]
pub(super) struct InStream {
    next: Ssn,
    /// Complete messages that came before their turn, by SSN.
    early: VecDeque<(Ssn, Message)>,
    readable: VecDeque<Message>,
    /// A `Readable` event waits in the event queue.
    pub(super) reported: bool,
    /// A `StreamReset` event waits there.
    pub(super) reset_reported: bool,
}

/// How much moved where.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    /// Bytes that became readable, with overhead.
    pub(super) readable: usize,
    /// Bytes that left the messages waiting for their turn, with overhead.
    pub(super) released: usize,
}

const fn cost(message: &Message) -> usize {
    message.data.len() + OVERHEAD
}

impl InStream {
    /// Takes a complete message. `Ok` says what became readable; `Err` holds the bytes that wait.
    pub(super) fn insert(&mut self, complete: Complete) -> Result<Moved, usize> {
        let Complete { ssn, message } = complete;
        let mut moved = Moved {
            readable: cost(&message),
            released: 0,
        };
        if message.unordered {
            self.readable.push_back(message);
            return Ok(moved);
        }
        if ssn == self.next {
            self.next = ssn.next();
            self.readable.push_back(message);
            self.release_early(&mut moved);
            return Ok(moved);
        }
        let place = self
            .early
            .partition_point(|(other, _)| other.since(self.next) < ssn.since(self.next));
        self.early.insert(place, (ssn, message));
        Err(moved.readable)
    }

    /// Makes readable what has its turn.
    fn release_early(&mut self, moved: &mut Moved) {
        while self.early.front().is_some_and(|(ssn, _)| *ssn == self.next) {
            self.release_one(moved);
        }
    }

    fn release_one(&mut self, moved: &mut Moved) {
        let Some((ssn, message)) = self.early.pop_front() else {
            return;
        };
        moved.readable += cost(&message);
        moved.released += cost(&message);
        self.next = ssn.next();
        self.readable.push_back(message);
        if self.early.is_empty() {
            self.early = VecDeque::new();
        }
    }

    /// FORWARD-TSN: messages up to `ssn` will not come any more (RFC 3758 §3.6).
    pub(super) fn skip_to(&mut self, ssn: Ssn) -> Moved {
        let mut moved = Moved::default();
        if self.next.is_after(ssn) {
            return moved;
        }
        let distance = ssn.since(self.next);
        let base = self.next;
        while self
            .early
            .front()
            .is_some_and(|(early, _)| early.since(base) <= distance)
        {
            self.release_one(&mut moved);
        }
        self.next = ssn.next();
        self.release_early(&mut moved);
        moved
    }

    /// The peer starts again at 0. Messages that waited for missing ones are dropped; returns their bytes.
    pub(super) fn reset(&mut self) -> usize {
        self.next = Ssn(0);
        std::mem::take(&mut self.early)
            .iter()
            .map(|(_, message)| cost(message))
            .sum()
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
