//! Times of packets and of reports: RFC 3611 §4.3 and §4.5.

use std::time::Duration;

use crate::DecodeError;
use crate::list::{List, fixed_entry};
use crate::ntp::{NtpTime, round_trip_time};
use crate::reader::Reader;

/// When the packets of a stream came (RFC 3611 §4.3).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     BT=3      | rsvd. |   T   |         block length          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        SSRC of source                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          begin_seq            |             end_seq           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       Receipt time of packet begin_seq                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::PacketReceiptTimes;
///
/// let times = PacketReceiptTimes { ssrc: 2, thinning: 1, begin: 65_533, end: 2, times: (&[1_000, 1_960]).into() };
/// assert!(times.packets().eq([(65_534, 1_000), (0, 1_960)]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketReceiptTimes<'a> {
    /// The stream.
    pub ssrc: u32,
    /// Only sequence numbers that are multiples of two to this power are told of: 4 bits.
    pub thinning: u8,
    /// The first sequence number of the report.
    pub begin: u16,
    /// The one behind the last.
    pub end: u16,
    /// The times in the stream's clock, as RTP timestamps are.
    pub times: List<'a, u32>,
}

impl<'a> PacketReceiptTimes<'a> {
    pub(super) fn read(type_specific: u8, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let times = Self {
            ssrc: reader.u32()?,
            thinning: type_specific & 0x0f,
            begin: reader.u16()?,
            end: reader.u16()?,
            times: List::wire(reader.rest()),
        };
        reader.take(reader.rest().len())?;
        Ok(times)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&self.begin.to_be_bytes());
        out.extend_from_slice(&self.end.to_be_bytes());
        self.times.encode(out);
    }

    /// The sequence numbers that are told of, each with its time.
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    pub fn packets(&self) -> impl Iterator<Item = (u16, u32)> + use<'a> {
        let step = 1_u32 << (self.thinning & 0x0f);
        let first = u32::from(self.begin).next_multiple_of(step);
        let end = u32::from(self.begin).saturating_add(self.end.wrapping_sub(self.begin).into());
        let numbers = (first..end).step_by(step as usize).map(|number| number as u16);
        numbers.zip(self.times.iter())
    }
}

/// An answer to a reference time (RFC 3611 §4.5).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 SSRC_1 (SSRC of first receiver)               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         last RR (LRR)                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   delay since last RR (DLRR)                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReceiverDelay {
    /// The receiver that told its time.
    pub ssrc: u32,
    /// [Compact](NtpTime::compact) form of that time; zero if it told none.
    pub last_reference: u32,
    /// How long ago it came, in 2⁻¹⁶ s.
    pub delay: u32,
}

impl ReceiverDelay {
    /// The round trip between the receiver and whoever answered, at the answer's arrival by the receiver's clock.
    #[must_use]
    pub const fn round_trip_time(&self, now: NtpTime) -> Option<Duration> {
        round_trip_time(now, self.last_reference, self.delay)
    }

    const fn from_wire([s0, s1, s2, s3, l0, l1, l2, l3, d0, d1, d2, d3]: [u8; 12]) -> Self {
        Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            last_reference: u32::from_be_bytes([l0, l1, l2, l3]),
            delay: u32::from_be_bytes([d0, d1, d2, d3]),
        }
    }

    const fn to_wire(self) -> [u8; 12] {
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        let [l0, l1, l2, l3] = self.last_reference.to_be_bytes();
        let [d0, d1, d2, d3] = self.delay.to_be_bytes();
        [s0, s1, s2, s3, l0, l1, l2, l3, d0, d1, d2, d3]
    }
}

fixed_entry!(ReceiverDelay, 12);
