//! RTP timestamps and the time at which they were sampled (RFC 3550 §6.4.1): what reports tell, both ways.

use super::Chain;
use crate::stream::{InboundId, OutboundId};
use std::time::{Duration, Instant};

impl Chain {
    /// Relates RTP timestamps of a stream to time: `timestamp` was or will be sampled at `sampled`. Sender reports tell it, for
    /// lip sync. Without it the time at which the first packet of a frame is sent stands for the time of its timestamp.
    pub fn relate(&mut self, stream: OutboundId, sampled: Instant, timestamp: u32) {
        let time = self.clock.time(sampled);
        if let Some(outbound) = self.streams.outbound.get_mut(stream.0) {
            let clock_rate = outbound.codecs.last().clock_rate;
            // The chain's time begins with it; a source may be older.
            let timestamp = self.clock.advance_to_epoch(sampled, (timestamp, clock_rate));
            outbound.sent.relate_exactly(time, timestamp, clock_rate);
        }
    }

    /// What was said by [`relate`](Self::relate) holds no more, as where another source begins.
    pub fn end_relation(&mut self, stream: OutboundId) {
        if let Some(outbound) = self.streams.outbound.get_mut(stream.0) {
            outbound.sent.end_relation();
        }
    }

    /// When an RTP timestamp of a received stream was sampled, by its sender's reports: as a time of our clock that is later by
    /// the way of the fastest of them, for all streams of the peer alike. A forwarder gives it to [`relate`](Self::relate) of the
    /// chains that it sends by, so that lip sync survives. `None` before the first report, and where it makes no sense.
    #[must_use]
    pub fn sampled(&mut self, now: Instant, stream: InboundId, timestamp: u32) -> Option<Instant> {
        let inbound = self.streams.inbound.get(stream.0)?;
        let time = self.clock.time(now);
        let age = inbound.age(&self.clock, time, timestamp, self.streams.sender_clock)?;
        let apart = Duration::from_micros(age.unsigned_abs());
        if age < 0 {
            now.checked_add(apart)
        } else {
            now.checked_sub(apart)
        }
    }
}
