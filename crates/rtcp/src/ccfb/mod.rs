//! Congestion control feedback: RFC 8888 §3.1.

mod builder;

use std::time::Duration;

pub use builder::CongestionControlFeedbackBuilder;

use crate::list::{List, fixed_entry, sealed};
use crate::packet::Packet;
use crate::raw::{RawPacketRef, frame, framed_len, packet_type, padded};
use crate::reader::Reader;
use crate::{DecodeError, Entry, feedback};

/// The ECN bits of an IP header (RFC 3168 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ecn {
    /// 00: the sender does not use ECN.
    #[default]
    NotEct,
    /// 01: ECT(1), L4S.
    Ect1,
    /// 10: ECT(0).
    Ect0,
    /// 11: congestion was experienced.
    Ce,
}

impl Ecn {
    /// From the lower two bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::NotEct,
            1 => Self::Ect1,
            2 => Self::Ect0,
            _ => Self::Ce,
        }
    }

    /// The two bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotEct => 0,
            Self::Ect1 => 1,
            Self::Ect0 => 2,
            Self::Ce => 3,
        }
    }
}

/// How long before the report a packet arrived, in 1/1024 s: 13 bits (RFC 8888 §3.1).
///
/// ```
/// use rtcp::ArrivalOffset;
/// use std::time::Duration;
///
/// let half = ArrivalOffset::from_duration(Duration::from_millis(500));
/// assert_eq!((half, half.to_duration()), (ArrivalOffset(512), Some(Duration::from_millis(500))));
/// assert_eq!(ArrivalOffset::from_duration(Duration::from_secs(60)), ArrivalOffset::OVER_RANGE);
/// assert_eq!(ArrivalOffset::UNAVAILABLE.to_duration(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ArrivalOffset(pub u16);

impl ArrivalOffset {
    /// More than 8189/1024 s.
    pub const OVER_RANGE: Self = Self(0x1ffe);

    /// Not measured, or after the report.
    pub const UNAVAILABLE: Self = Self(0x1fff);

    /// Of the time between arrival and report, rounded down.
    #[must_use]
    pub fn from_duration(before: Duration) -> Self {
        let whole = before.as_secs().saturating_mul(1024);
        let steps =
            whole.saturating_add(u64::from(before.subsec_nanos()).saturating_mul(1024) / 1_000_000_000);
        match u16::try_from(steps) {
            Ok(steps) if steps < Self::OVER_RANGE.0 => Self(steps),
            Ok(_) | Err(_) => Self::OVER_RANGE,
        }
    }

    /// The time between arrival and report; none if it is over range or unavailable.
    #[must_use]
    pub fn to_duration(self) -> Option<Duration> {
        let steps = self.0 & 0x1fff;
        if steps >= Self::OVER_RANGE.0 {
            return None;
        }
        Some(Duration::from_nanos(
            u64::from(steps).saturating_mul(1_000_000_000) / 1024,
        ))
    }
}

/// What became of one packet (RFC 8888 §3.1).
///
/// ```text
///  0                   1
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |R|ECN|  Arrival time offset    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PacketMetric {
    /// It has not come (yet).
    #[default]
    NotReceived,
    /// It came.
    Received {
        /// With these bits in its IP header.
        ecn: Ecn,
        /// So long before the report.
        offset: ArrivalOffset,
    },
}

impl PacketMetric {
    const fn from_wire([high, low]: [u8; 2]) -> Self {
        if high & 0x80 == 0 {
            return Self::NotReceived;
        }
        Self::Received {
            ecn: Ecn::from_bits(high >> 5),
            offset: ArrivalOffset(u16::from_be_bytes([high & 0x1f, low])),
        }
    }

    const fn to_wire(self) -> [u8; 2] {
        match self {
            Self::NotReceived => [0, 0],
            Self::Received { ecn, offset } => {
                let [high, low] = offset.0.to_be_bytes();
                [0x80 | (ecn.bits() << 5) | (high & 0x1f), low]
            }
        }
    }
}

fixed_entry!(PacketMetric, 2);

/// What became of the packets of one stream (RFC 8888 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamFeedback<'a> {
    /// The stream.
    pub ssrc: u32,
    /// The first packet that is told about.
    pub begin_sequence_number: u16,
    /// One for each packet from there on. Written: at most the first 16,384.
    pub metrics: List<'a, PacketMetric>,
}

impl<'a> StreamFeedback<'a> {
    /// The longest list (RFC 8888 §3.1).
    pub(crate) const MAX_METRICS: usize = 16_384;

    /// The packets that are told about, in ascending order.
    pub fn packets(&self) -> impl Iterator<Item = (u16, PacketMetric)> + use<'a> {
        let begin = self.begin_sequence_number;
        let numbers = (0..=u16::MAX).map(move |it| begin.wrapping_add(it));
        numbers.zip(self.metrics.iter())
    }

    fn written(&self) -> usize {
        self.metrics.len().min(Self::MAX_METRICS)
    }
}

impl sealed::Sealed for StreamFeedback<'_> {}

impl<'a> Entry<'a> for StreamFeedback<'a> {
    const LEN: Option<usize> = None;

    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let ([s0, s1, s2, s3, b0, b1, n0, n1], rest) = bytes.split_first_chunk()?;
        let len = usize::from(u16::from_be_bytes([*n0, *n1])).saturating_mul(2);
        let (metrics, rest) = rest.split_at_checked(padded(len))?;
        let feedback = Self {
            ssrc: u32::from_be_bytes([*s0, *s1, *s2, *s3]),
            begin_sequence_number: u16::from_be_bytes([*b0, *b1]),
            metrics: List::wire(metrics.get(..len)?),
        };
        Some((feedback, rest))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let count = self.written();
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&self.begin_sequence_number.to_be_bytes());
        out.extend_from_slice(&u16::try_from(count).unwrap_or(0).to_be_bytes());
        self.metrics
            .iter()
            .take(count)
            .for_each(|metric| metric.encode(out));
        if count & 1 == 1 {
            out.extend_from_slice(&[0, 0]);
        }
    }

    fn encoded_len(&self) -> usize {
        padded(self.written().saturating_mul(2)).saturating_add(8)
    }
}

/// CCFB: when each packet of each stream arrived, and with which ECN marks (RFC 8888 §3.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P| FMT=11  |   PT = 205    |          length               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 SSRC of RTCP packet sender                    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   SSRC of nth RTP Stream                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          begin_seq            |          num_reports          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |R|ECN|  Arrival time offset    | ...                           .
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Report Timestamp (32 bits)                    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// To write feedback there is [`CongestionControlFeedbackBuilder`]; it can also be put together by hand:
///
/// ```
/// use rtcp::{ArrivalOffset, CongestionControlFeedback, Ecn, NtpTime, Packet, PacketMetric, PacketRef, StreamFeedback};
/// use std::time::Duration;
///
/// let metrics = [
///     PacketMetric::Received { ecn: Ecn::Ect1, offset: ArrivalOffset(512) },
///     PacketMetric::NotReceived,
///     PacketMetric::Received { ecn: Ecn::Ce, offset: ArrivalOffset(500) },
/// ];
/// let streams = [StreamFeedback { ssrc: 2, begin_sequence_number: 65_535, metrics: (&metrics).into() }];
/// let feedback = CongestionControlFeedback {
///     sender_ssrc: 1,
///     streams: (&streams).into(),
///     report_timestamp: NtpTime::from_unix(Duration::from_secs(1_700_000_000)).compact(),
/// };
/// let mut datagram = Vec::new();
/// feedback.encode(&mut datagram);
/// let Some(Ok(PacketRef::CongestionControlFeedback(read))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert_eq!(read, feedback);
/// let numbers = read.streams.iter().flat_map(|stream| stream.packets()).map(|(number, _)| number);
/// assert!(numbers.eq([65_535, 0, 1]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CongestionControlFeedback<'a> {
    /// Who tells.
    pub sender_ssrc: u32,
    /// The streams.
    pub streams: List<'a, StreamFeedback<'a>>,
    /// The instant from which offsets count back: a [compact](crate::NtpTime::compact) time by the clock of sender reports.
    pub report_timestamp: u32,
}

impl<'a> CongestionControlFeedback<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw.body(), 4);
        let sender_ssrc = reader.u32()?;
        let Some((streams, timestamp)) = reader.rest().split_last_chunk() else {
            return Err(reader.error("no report timestamp"));
        };
        Ok(Self {
            sender_ssrc,
            streams: List::decode(streams, reader.offset())?,
            report_timestamp: u32::from_be_bytes(*timestamp),
        })
    }
}

impl Packet for CongestionControlFeedback<'_> {
    fn encoded_len(&self) -> usize {
        framed_len(self.streams.encoded_len().saturating_add(8))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let format = feedback::format::CONGESTION_CONTROL;
        frame(out, packet_type::TRANSPORT_FEEDBACK, format, |out| {
            out.extend_from_slice(&self.sender_ssrc.to_be_bytes());
            self.streams.encode(out);
            out.extend_from_slice(&self.report_timestamp.to_be_bytes());
        });
    }
}
