//! News of media that waits for whoever drives the core.

use std::collections::VecDeque;

use crate::core::MAX_EVENTS;
use crate::core::event::RtpEvent;
use crate::core::media::TransceiverId;

/// A queue in which each thing waits once, told as it was last. That packets can be read is never dropped, since it is not
/// told again before they were: there is one such note for each transceiver. Of all else at most [`MAX_EVENTS`] wait.
#[derive(Debug, Default)]
pub(super) struct RtpEvents {
    waiting: VecDeque<(TransceiverId, RtpEvent)>,
    lost: u64,
}

impl RtpEvents {
    pub(super) fn push(&mut self, id: TransceiverId, event: RtpEvent) {
        let mut waiting = self.waiting.iter_mut();
        if let Some((_, older)) = waiting.find(|(it, older)| *it == id && event.replaces(older)) {
            *older = event;
        } else if self.waiting.len() < MAX_EVENTS || event == RtpEvent::Readable {
            self.waiting.push_back((id, event));
        } else {
            self.lost += 1;
        }
    }

    pub(super) fn pop(&mut self) -> Option<(TransceiverId, RtpEvent)> {
        self.waiting.pop_front()
    }

    /// Events that had no room.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{MediaKind, PeerConnection};
    use std::sync::Arc;

    #[test]
    fn each_thing_waits_once_and_what_has_no_room_is_counted() {
        let mut core = PeerConnection::new(&Default::default(), Arc::default(), [1; 32]).unwrap();
        let mut transceiver = || {
            core.add_transceiver(MediaKind::Video, Default::default())
                .unwrap()
        };
        let (first, second) = (transceiver(), transceiver());
        let limit = |layer: usize, bitrate| RtpEvent::BitrateLimit {
            rid: Some(layer.to_string().into()),
            bitrate,
        };
        let mut events = RtpEvents::default();
        for _ in 0..3 {
            events.push(first, RtpEvent::Readable);
            for bitrate in 0..5 {
                events.push(first, limit(0, bitrate));
            }
        }
        assert_eq!(events.pop(), Some((first, RtpEvent::Readable)));
        assert_eq!(events.pop(), Some((first, limit(0, 4))), "the newest value");
        assert_eq!(events.pop(), None);

        for layer in 0..2 * MAX_EVENTS {
            events.push(first, limit(layer, 1));
        }
        events.push(second, RtpEvent::Readable);
        assert_eq!(events.lost(), MAX_EVENTS as u64);
        let waiting: Vec<_> = std::iter::from_fn(|| events.pop()).collect();
        assert_eq!(waiting.len(), MAX_EVENTS + 1);
        assert_eq!(waiting.last(), Some(&(second, RtpEvent::Readable)));
    }
}
