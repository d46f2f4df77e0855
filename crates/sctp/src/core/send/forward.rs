//! The sender of FORWARD-TSN, RFC 3758 §3.5.

use super::outstanding::{Fate, Outstanding};
use super::queue::SendQueue;
use crate::codec::{ChunkKind, SkippedStream, write_chunk};
use crate::tsn::{Ssn, Tsn};
use bytes::BufMut;
use std::time::{Duration, Instant};

/// Streams named in one FORWARD-TSN. With more the point is lowered (C4).
const MAX_STREAMS: usize = 64;

/// Advanced.Peer.Ack.Point and when it was told.
#[derive(Debug)]
pub(super) struct Forward {
    point: Tsn,
    told: Option<(Tsn, Instant)>,
    due: bool,
}

impl Forward {
    pub(super) const fn new(initial: Tsn) -> Self {
        Self {
            point: initial.previous(),
            told: None,
            due: false,
        }
    }

    /// C1 and C2. True when the peer does not know the point.
    fn advance(&mut self, outstanding: &Outstanding) -> bool {
        let cumulative = outstanding.cumulative();
        if cumulative.is_after(self.point) {
            self.point = cumulative;
        }
        self.point = self.point.plus(outstanding.abandoned_run(self.point.next()));
        self.point.is_after(cumulative)
    }

    /// C3, with the RFC's suggestion to repeat an unchanged point only once per round trip.
    pub(super) fn after_sack(&mut self, outstanding: &Outstanding, now: Instant, srtt: Option<Duration>) {
        self.due = self.advance(outstanding) && {
            let wait = srtt.unwrap_or(Duration::from_millis(200));
            self.told
                .is_none_or(|(point, when)| point != self.point || now >= when + wait)
        };
    }

    /// A5.
    pub(super) fn after_timeout(&mut self, outstanding: &Outstanding) {
        self.due = self.advance(outstanding);
    }

    /// A message was given up between SACKs.
    pub(super) fn after_abandon(&mut self, outstanding: &Outstanding) {
        self.due |= self.advance(outstanding);
    }

    pub(super) const fn is_due(&self) -> bool {
        self.due
    }

    /// Notes that the chunk goes out.
    pub(super) const fn note_sent(&mut self, now: Instant) {
        self.due = false;
        self.told = Some((self.point, now));
    }

    /// Appends the chunk within `room` bytes.
    pub(super) fn write(&self, outstanding: &Outstanding, queue: &SendQueue, out: &mut Vec<u8>, room: usize) {
        let Some(limit) = room.checked_sub(8).map(|room| (room / 4).min(MAX_STREAMS)) else {
            return;
        };
        let (point, skipped) = self.skipped(outstanding, queue, limit);
        if !point.is_after(outstanding.cumulative()) {
            return;
        }
        write_chunk(out, ChunkKind::FORWARD_TSN, 0, |out| {
            out.put_u32(point.0);
            for stream in &skipped {
                out.put_u16(stream.stream_id);
                out.put_u16(stream.ssn.0);
            }
        });
    }

    /// The streams to name (C4), each once with its highest number, and the point they reach.
    fn skipped(
        &self,
        outstanding: &Outstanding,
        queue: &SendQueue,
        limit: usize,
    ) -> (Tsn, Vec<SkippedStream>) {
        let mut skipped: Vec<SkippedStream> = Vec::new();
        let mut point = outstanding.cumulative();
        let mut seen = None;
        let count = self.point.since(point) as usize;
        for fragment in outstanding.iter().take(count) {
            debug_assert_eq!(
                fragment.fate,
                Fate::Abandoned,
                "the point covers abandoned chunks only"
            );
            if seen != Some(fragment.message)
                && let Some(message) = queue.message(fragment.message)
                && !message.unordered
            {
                seen = Some(fragment.message);
                if !name_stream(&mut skipped, limit, message.stream_id, message.ssn) {
                    return (point, skipped);
                }
            }
            point = point.next();
        }
        (point, skipped)
    }
}

/// Notes that a message was skipped. False when that stream does not fit into the list.
fn name_stream(skipped: &mut Vec<SkippedStream>, limit: usize, stream_id: u16, ssn: Ssn) -> bool {
    if let Some(stream) = skipped.iter_mut().find(|stream| stream.stream_id == stream_id) {
        stream.ssn = ssn;
        return true;
    }
    let fits = skipped.len() < limit;
    if fits {
        skipped.push(SkippedStream { stream_id, ssn });
    }
    fits
}
