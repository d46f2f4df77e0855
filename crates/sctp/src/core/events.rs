//! The queue of events. News about streams is kept at most once per stream and kind, so it cannot grow past the streams.

use crate::message::Event;
use std::collections::VecDeque;

/// Events waiting for `poll_event`.
#[derive(Debug, Default)]
pub(super) struct Events(VecDeque<Event>);

impl Events {
    /// Queues an event. Those that repeat (`Readable`, `BufferedAmountLow`, `Writable`) are guarded by a flag at their
    /// source, which is why nothing is searched here.
    pub(super) fn push(&mut self, event: Event) {
        self.0.push_back(event);
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let event = self.0.pop_front();
        if self.0.is_empty() && self.0.capacity() > 16 {
            self.0 = VecDeque::new();
        }
        event
    }
}
