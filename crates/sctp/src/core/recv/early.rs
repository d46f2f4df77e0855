//! Complete messages that came before their turn, of all streams: a map, so that a peer that sends numbers in the worst order
//! costs no more than another one. Nothing is in it while messages come in order.

use super::stream::cost;
use crate::message::Message;
use std::collections::BTreeMap;

/// Messages by stream and place in it.
#[derive(Debug, Default)]
pub(super) struct Early {
    messages: BTreeMap<(u16, u64), Message>,
    bytes: usize,
}

impl Early {
    /// Bytes of the messages, with overhead.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// False if there is one in that place.
    pub(super) fn insert(&mut self, id: u16, place: u64, message: Message) -> bool {
        let bytes = cost(&message);
        let std::collections::btree_map::Entry::Vacant(entry) = self.messages.entry((id, place)) else {
            return false;
        };
        entry.insert(message);
        self.bytes += bytes;
        true
    }

    /// The message in that place.
    pub(super) fn take(&mut self, id: u16, place: u64) -> Option<Message> {
        let message = self.messages.remove(&(id, place))?;
        self.bytes -= cost(&message);
        Some(message)
    }

    /// The first message of a stream, if its place is not behind `last`.
    pub(super) fn take_first(&mut self, id: u16, last: u64) -> Option<Message> {
        let (_, place) = *self.messages.range((id, 0)..=(id, last)).next()?.0;
        self.take(id, place)
    }
}
