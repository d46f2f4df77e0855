//! What feedback tells about a packet, and the clock of the peer behind it.

use crate::stream::OutboundId;
use rtcp::{Ecn, TransportTime};
use std::time::{Duration, Instant};

/// What became of a packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketResult {
    /// Its stream.
    pub stream: OutboundId,
    /// Its SSRC: the stream's own or that of its retransmissions.
    pub ssrc: u32,
    /// Its sequence number.
    pub sequence_number: u16,
    /// Its size in bytes, before SRTP.
    pub size: u16,
    /// When it was sent.
    pub sent: Instant,
    /// What became of it.
    pub fate: Fate,
}

/// Whether a packet arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It had not come when later ones had. It may still be reported as received.
    Lost,
    /// It came.
    Received {
        /// When, by the peer's clock: only differences mean something. Unset if the peer does not tell.
        at: Option<Duration>,
        /// The ECN bits with which it came; always [`Ecn::NotEct`] with transport-wide feedback.
        ecn: Ecn,
    },
}

/// Turns times that wrap into ones that do not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PeerClock {
    last: Option<(i64, i64)>,
}

/// Where an unwrapped time begins, so that earlier ones are not negative: 12 days in.
const BEGIN: i64 = 1 << 32;

impl PeerClock {
    /// A transport-wide time, in steps of 250 µs modulo 2³².
    pub(crate) fn transport(&mut self, time: TransportTime) -> Duration {
        let steps = self.unwrap(time.0);
        Duration::from_micros(steps.max(0).unsigned_abs().saturating_mul(250))
    }

    /// A report timestamp, in 2⁻¹⁶ s modulo 2³².
    pub(crate) fn report(&mut self, compact: u32) -> Duration {
        let units = self.unwrap(i64::from(compact)).max(0).unsigned_abs();
        Duration::from_micros((units >> 16) * 1_000_000 + (((units & 0xffff) * 1_000_000) >> 16))
    }

    #[expect(clippy::cast_possible_truncation, reason = "times are known modulo 2³²")]
    fn unwrap(&mut self, wire: i64) -> i64 {
        let Some((last, unwrapped)) = self.last else {
            self.last = Some((wire, BEGIN));
            return BEGIN;
        };
        let step = i64::from(wire.wrapping_sub(last) as i32);
        let now = unwrapped.saturating_add(step);
        self.last = Some((wire, now));
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_do_not_wrap() {
        let mut clock = PeerClock::default();
        let start = clock.transport(TransportTime(0x7fff_fff0));
        let wrapped = clock.transport(TransportTime(-0x7fff_fff0));
        assert_eq!(wrapped - start, Duration::from_micros(0x20 * 250));
        assert_eq!(
            clock.transport(TransportTime(0x7fff_ffec)),
            start - Duration::from_millis(1)
        );

        let mut clock = PeerClock::default();
        let start = clock.report(0xffff_8000);
        assert_eq!(clock.report(0x0001_0000) - start, Duration::from_millis(1500));
    }
}
