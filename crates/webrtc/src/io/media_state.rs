//! Who waits for what of the media of a transceiver.

use std::collections::{HashMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use super::channel_state::Wakers;
use super::shared_buffers::SharedBuffers;
use super::wakes::Wakes;
use crate::core::{JitterBufferStats, RtpEvent, StatsReport, TransceiverId};

/// Events of one transceiver that wait at most; the oldest go first, since they ask for what is needed now, and are counted.
const MAX_EVENTS: usize = 64;

/// What the jitter buffer of a layer has counted of the SSRC that it has.
#[derive(Debug)]
struct Counted {
    rid: Option<String>,
    ssrc: u32,
    stats: JitterBufferStats,
}

/// The façade's side of one transceiver.
#[derive(Debug, Default)]
pub(super) struct MediaState {
    readers: Wakers,
    watchers: Wakers,
    events: VecDeque<RtpEvent>,
    /// Where a packet lies while it goes from the core into one of `buffers`.
    packet: Vec<u8>,
    buffers: SharedBuffers,
    /// The least delay that the application asked for.
    pub(super) jitter_target: Option<Duration>,
    /// Of every layer that was read through a jitter buffer.
    jitter: Vec<Counted>,
}

impl MediaState {
    pub(super) fn add_reader(&mut self, waker: &Waker) {
        self.readers.add(waker);
    }

    /// What the jitter buffer of a layer has counted.
    pub(super) fn report_jitter(&mut self, rid: Option<&str>, ssrc: u32, stats: JitterBufferStats) {
        let known = self.jitter.iter_mut().find(|known| known.rid.as_deref() == rid);
        match known {
            Some(known) => (known.ssrc, known.stats) = (ssrc, stats),
            None => self.jitter.push(Counted {
                rid: rid.map(str::to_owned),
                ssrc,
                stats,
            }),
        }
    }

    /// A packet that `read` puts into a buffer, to be kept and shared.
    pub(super) fn share<R>(
        &mut self,
        read: impl FnOnce(&mut Vec<u8>) -> Option<R>,
    ) -> Option<(rtp::Packet, R)> {
        let received = read(&mut self.packet)?;
        // What is no RTP was dropped before.
        let packet = rtp::Packet::decode(self.buffers.share(&self.packet)).ok()?;
        Some((packet, received))
    }

    /// The next event; `None` registers the task.
    pub(super) fn next_event(&mut self, waker: &Waker) -> Option<RtpEvent> {
        let event = self.events.pop_front();
        if event.is_none() {
            self.watchers.add(waker);
        }
        event
    }
}

/// Every transceiver that somebody has asked about, or that something has happened to.
#[derive(Debug, Default)]
pub(super) struct MediaStates {
    states: HashMap<TransceiverId, MediaState>,
    lost: u64,
}

impl MediaStates {
    pub(super) fn get(&mut self, id: TransceiverId) -> &mut MediaState {
        self.states.entry(id).or_default()
    }

    pub(super) fn happened(&mut self, id: TransceiverId, event: RtpEvent, wakes: &mut Wakes) {
        let state = self.states.entry(id).or_default();
        if event == RtpEvent::Readable {
            return state.readers.wake(wakes);
        }
        if matches!(event, RtpEvent::ReceiverEstimate { .. }) {
            // The last one counts.
            let is_estimate = |event: &RtpEvent| matches!(event, RtpEvent::ReceiverEstimate { .. });
            state.events.retain(|event| !is_estimate(event));
        }
        // A request that is repeated is one request.
        if let Some(older) = state.events.iter_mut().find(|older| event.replaces(older)) {
            *older = event;
        } else {
            if state.events.len() >= MAX_EVENTS {
                state.events.pop_front();
                self.lost += 1;
            }
            state.events.push_back(event);
        }
        state.watchers.wake(wakes);
    }

    /// Adds what jitter buffers have counted.
    pub(super) fn report(&self, report: &mut StatsReport) {
        for stream in &mut report.inbound_rtp {
            let known = self.states.get(&stream.transceiver);
            let mut layers = known.into_iter().flat_map(|state| &state.jitter);
            let found = layers.find(|counted| counted.ssrc == stream.ssrc);
            stream.jitter_buffer = found.map(|counted| counted.stats);
        }
    }

    /// Events that nobody asked for in time.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// The connection is closed, or a track has ended: whoever waits finds out.
    pub(super) fn wake_all(&mut self, wakes: &mut Wakes) {
        let mut states: Vec<_> = self.states.iter_mut().collect();
        states.sort_unstable_by_key(|(id, _)| **id);
        for (_, state) in states {
            state.readers.wake(wakes);
            state.watchers.wake(wakes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{MediaKind, PeerConnection, RtpTransceiverInit};
    use std::sync::Arc;

    #[test]
    fn a_repeated_request_waits_once_and_the_newest_are_kept() {
        let mut core = PeerConnection::new(&Default::default(), Arc::default(), [1; 32]).unwrap();
        let id = core
            .add_transceiver(MediaKind::Video, RtpTransceiverInit::default())
            .unwrap();
        let mut states = MediaStates::default();
        let mut wakes = Wakes::default();
        for _ in 0..3 {
            states.happened(id, RtpEvent::KeyFrameRequested { rid: None }, &mut wakes);
        }
        let limit = |layer: u64, bitrate| RtpEvent::BitrateLimit {
            rid: Some(layer.to_string().into()),
            bitrate,
        };
        for bitrate in 0..5 {
            for layer in 0..100 {
                states.happened(id, limit(layer, bitrate), &mut wakes);
            }
        }
        // Room for the last 64 of 101 at first; then each round brings those back that the last one has dropped.
        assert_eq!(states.lost(), 37 + 4 * 100);
        let mut seen = Vec::new();
        while let Some(event) = states.get(id).next_event(Waker::noop()) {
            seen.push(event);
        }
        assert_eq!(seen.len(), MAX_EVENTS);
        assert_eq!(seen.first(), Some(&limit(36, 4)));
        wakes.wake();
        let mut wakes = Wakes::default();
        for bitrate in [1, 2] {
            states.happened(id, RtpEvent::ReceiverEstimate { bitrate }, &mut wakes);
        }
        let last = RtpEvent::ReceiverEstimate { bitrate: 2 };
        assert_eq!(states.get(id).next_event(Waker::noop()), Some(last));
        assert_eq!(states.get(id).next_event(Waker::noop()), None);
        wakes.wake();
    }
}
