//! RFC 5450, abs-send-time and abs-capture-time: when a packet left, and when its media was captured.

use std::time::Duration;

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

const NANOS: u128 = 1_000_000_000;

/// When the packet left its sender: 24 bits of an NTP time, 6 for seconds and 18 for their fraction.
///
/// It wraps every 64 seconds. Whoever forwards a packet sets its own, or removes it.
///
/// ```
/// use rtp::extension::AbsoluteSendTime;
/// use std::time::Duration;
///
/// let sent = AbsoluteSendTime::from_elapsed(Duration::from_millis(64_500));
/// assert_eq!(sent.0, 1 << 17, "wrapped, half a second");
/// assert_eq!(sent.since_wrap(), Duration::from_millis(500));
/// assert_eq!(AbsoluteSendTime::from_ntp(0xe5b1_79d7_8000_0000).0, 0x5e_0000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AbsoluteSendTime(
    /// Units of 2^-18 seconds. Only the low 24 bits are written.
    pub u32,
);

impl AbsoluteSendTime {
    /// The middle of an NTP time (32 bits of seconds, 32 of their fraction).
    pub const fn from_ntp(ntp: u64) -> Self {
        let [.., a, b, c] = (ntp >> 14).to_be_bytes();
        Self(u32::from_be_bytes([0, a, b, c]))
    }

    /// The time that has passed since a start of the caller's choice: only differences have a meaning.
    pub const fn from_elapsed(elapsed: Duration) -> Self {
        let units = (elapsed.as_nanos() << 18) / NANOS;
        let [.., a, b, c] = units.to_be_bytes();
        Self(u32::from_be_bytes([0, a, b, c]))
    }

    /// The time since it was zero, less than 64 seconds.
    pub const fn since_wrap(self) -> Duration {
        Duration::from_nanos(((self.0 & 0xff_ffff) as u64 * 1_000_000_000) >> 18)
    }
}

impl Extension<'_> for AbsoluteSendTime {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [a, b, c] = leading(data)?;
        Ok(Self(u32::from_be_bytes([0, a, b, c])))
    }

    fn encoded_len(&self) -> usize {
        3
    }

    fn encode(&self, out: &mut impl BufMut) {
        let [_, low @ ..] = self.0.to_be_bytes();
        out.put_slice(&low);
    }
}

/// When the first frame in the packet was captured, for synchronisation through mixers.
///
/// Senders save bytes and send it about once a second; receivers extrapolate by the RTP timestamp. The clock is that of the
/// first contributing source, or of the SSRC when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AbsoluteCaptureTime {
    /// NTP time of the capturing system: 32 bits of seconds, 32 of their fraction.
    pub timestamp: u64,
    /// What the sender would add to its own NTP clock to have the capturing system's, in units of 2^-32 seconds.
    pub clock_offset: Option<i64>,
}

impl AbsoluteCaptureTime {
    const SHORT: usize = 8;
    const LONG: usize = 16;
}

impl Extension<'_> for AbsoluteCaptureTime {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let timestamp = u64::from_be_bytes(leading(data)?);
        let clock_offset = data
            .get(Self::SHORT..)
            .and_then(|rest| rest.first_chunk())
            .map(|offset| i64::from_be_bytes(*offset));
        Ok(Self {
            timestamp,
            clock_offset,
        })
    }

    fn encoded_len(&self) -> usize {
        match self.clock_offset {
            Some(_) => Self::LONG,
            None => Self::SHORT,
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u64(self.timestamp);
        if let Some(offset) = self.clock_offset {
            out.put_i64(offset);
        }
    }
}

/// How much later than its RTP timestamp says a packet was sent (RFC 5450 §3), in units of the RTP clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransmissionOffset(
    /// Signed; the low 24 bits are written.
    pub i32,
);

impl Extension<'_> for TransmissionOffset {
    const URI: &'static str = "urn:ietf:params:rtp-hdrext:toffset";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [a, b, c] = leading(data)?;
        Ok(Self(i32::from_be_bytes([a, b, c, 0]) >> 8))
    }

    fn encoded_len(&self) -> usize {
        3
    }

    fn encode(&self, out: &mut impl BufMut) {
        let [_, low @ ..] = self.0.to_be_bytes();
        out.put_slice(&low);
    }
}
