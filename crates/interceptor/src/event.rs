//! News of a chain, and the queue in which it waits.

use crate::clock::{Time, earliest};
use crate::inbound::KeyFrames;
use crate::stream::OutboundId;
use std::collections::VecDeque;
use std::time::Duration;

/// Something that the application may act on. Nothing has to be: feedback is sent and packets are repaired without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The peer needs a picture that decodes alone (PLI, FIR or LRR).
    KeyFrameRequested {
        /// Of this stream.
        stream: OutboundId,
    },
    /// The peer says that a source has ended. Its stream stays until it is removed.
    Goodbye {
        /// The source.
        ssrc: u32,
    },
    /// There are results for [`take_feedback`](crate::Chain::take_feedback).
    Feedback,
    /// The peer estimates how much it can receive in all (REMB).
    ReceiverEstimate {
        /// Bits per second.
        bitrate: u64,
    },
    /// The peer limits a stream (TMMBR, RFC 5104 §4.2.1); it was told that this is known.
    BitrateLimit {
        /// The stream.
        stream: OutboundId,
        /// Bits per second, headers included.
        bitrate: u64,
    },
    /// A stream does harm and must stop, or send a tenth (RFC 8083).
    CircuitBroken {
        /// The stream.
        stream: OutboundId,
        /// Why.
        reason: CircuitBreaker,
    },
}

/// Which circuit breaker of RFC 8083 fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitBreaker {
    /// §4.2: the peer reports, but nothing of what is sent arrives.
    MediaTimeout,
    /// §4.1: the peer has stopped to report, for this long.
    ReportTimeout(Duration),
    /// §4.3: more than ten times of what TCP would send over this path.
    Congestion,
}

/// Events that wait at most.
const MAX: usize = 1024;

/// The queue. The same event is not in it twice, so that a peer does not fill it by repetition.
#[derive(Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<Event>,
    dropped: u64,
    /// When a key frame request that came too soon is passed on.
    due: Option<Time>,
}

impl Events {
    pub(crate) fn push(&mut self, event: Event) {
        if self.queue.contains(&event) {
            return;
        }
        if self.queue.len() >= MAX {
            self.dropped += 1;
            return;
        }
        self.queue.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.queue.pop_front()
    }

    /// Passes on the peer's request for a key frame, if there is one: soon after another it waits.
    pub(crate) fn key_frame(
        &mut self,
        now: Time,
        stream: OutboundId,
        requests: &mut KeyFrames,
        interval: Duration,
    ) {
        match requests.next(interval) {
            Some(due) if due > now => self.due = earliest(self.due, Some(due)),
            Some(_) => {
                requests.ask(now);
                self.push(Event::KeyFrameRequested { stream });
            }
            None => {}
        }
    }

    pub(crate) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// Whether it is time; then it is forgotten.
    pub(crate) fn take_due(&mut self, now: Time) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_bounded_and_has_nothing_twice() {
        let mut events = Events::default();
        for ssrc in (0..2000).chain(0..10) {
            events.push(Event::Goodbye { ssrc });
        }
        assert_eq!((events.len(), events.dropped()), (1024, 976));
        assert_eq!(events.pop(), Some(Event::Goodbye { ssrc: 0 }));
        events.push(Event::Goodbye { ssrc: 0 });
        assert_eq!(events.len(), 1024);
    }
}
