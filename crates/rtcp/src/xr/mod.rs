//! Extended reports: RFC 3611 §2 to §4.

mod rle;
mod statistics;
mod times;
mod voip;

pub use rle::{RleBits, RleChunk, RleReport, rle_chunks};
pub use statistics::{HopCounts, JitterSummary, Minimax, StatisticsSummary};
pub use times::{PacketReceiptTimes, ReceiverDelay};
pub use voip::{VoipBursts, VoipDelays, VoipJitterBuffer, VoipLevels, VoipLosses, VoipMetrics, VoipQuality};

use crate::list::{List, sealed};
use crate::ntp::NtpTime;
use crate::packet::Packet;
use crate::raw::{RawPacketRef, frame, framed_len, packet_type, padded};
use crate::reader::Reader;
use crate::{DecodeError, Entry};

/// The values of the block type field.
pub mod block_type {
    /// Loss RLE, RFC 3611 §4.1.
    pub const LOSS_RLE: u8 = 1;
    /// Duplicate RLE, RFC 3611 §4.2.
    pub const DUPLICATE_RLE: u8 = 2;
    /// Packet receipt times, RFC 3611 §4.3.
    pub const PACKET_RECEIPT_TIMES: u8 = 3;
    /// Receiver reference time, RFC 3611 §4.4.
    pub const RECEIVER_REFERENCE_TIME: u8 = 4;
    /// DLRR, RFC 3611 §4.5.
    pub const DLRR: u8 = 5;
    /// Statistics summary, RFC 3611 §4.6.
    pub const STATISTICS_SUMMARY: u8 = 6;
    /// VoIP metrics, RFC 3611 §4.7.
    pub const VOIP_METRICS: u8 = 7;
}

/// One block of an [`ExtendedReport`] (RFC 3611 §3).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      BT       | type-specific |         block length          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// :             type-specific block contents                      :
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XrBlock<'a> {
    /// Which packets came (§4.1).
    LossRle(RleReport<'a>),
    /// Which packets came once only (§4.2).
    DuplicateRle(RleReport<'a>),
    /// When packets came (§4.3).
    PacketReceiptTimes(PacketReceiptTimes<'a>),
    /// RRTR: the time at a receiver, to be answered with DLRR (§4.4).
    ReceiverReferenceTime(NtpTime),
    /// DLRR: answers to reference times (§4.5).
    Dlrr(List<'a, ReceiverDelay>),
    /// Losses, duplicates, jitter and hops in numbers (§4.6).
    StatisticsSummary(StatisticsSummary),
    /// How a call sounds (§4.7).
    VoipMetrics(VoipMetrics),
    /// Any other, and one of the above whose length is wrong.
    Unknown {
        /// The block type.
        block_type: u8,
        /// What stands in the second byte.
        type_specific: u8,
        /// Whole words. Written: filled with zeros; none at all if they are more than 65,535.
        contents: &'a [u8],
    },
}

/// The longest contents of a block.
const MAX_CONTENTS: usize = 65_535 * 4;

impl<'a> XrBlock<'a> {
    fn parse(block_type: u8, type_specific: u8, contents: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(contents, 0);
        let block = match block_type {
            block_type::LOSS_RLE => Self::LossRle(RleReport::read(type_specific, &mut reader)?),
            block_type::DUPLICATE_RLE => Self::DuplicateRle(RleReport::read(type_specific, &mut reader)?),
            block_type::PACKET_RECEIPT_TIMES => {
                Self::PacketReceiptTimes(PacketReceiptTimes::read(type_specific, &mut reader)?)
            }
            block_type::RECEIVER_REFERENCE_TIME => Self::ReceiverReferenceTime(NtpTime(reader.u64()?)),
            block_type::DLRR => {
                let delays = List::decode(reader.rest(), 0)?;
                reader.take(contents.len())?;
                Self::Dlrr(delays)
            }
            block_type::STATISTICS_SUMMARY => {
                Self::StatisticsSummary(StatisticsSummary::read(type_specific, &mut reader)?)
            }
            block_type::VOIP_METRICS => Self::VoipMetrics(VoipMetrics::read(&mut reader)?),
            _ => return Err(reader.error("unknown block")),
        };
        if reader.is_empty() {
            Ok(block)
        } else {
            Err(reader.error("too long"))
        }
    }

    /// The value of the block type field.
    #[must_use]
    pub const fn block_type(&self) -> u8 {
        match self {
            Self::LossRle(_) => block_type::LOSS_RLE,
            Self::DuplicateRle(_) => block_type::DUPLICATE_RLE,
            Self::PacketReceiptTimes(_) => block_type::PACKET_RECEIPT_TIMES,
            Self::ReceiverReferenceTime(_) => block_type::RECEIVER_REFERENCE_TIME,
            Self::Dlrr(_) => block_type::DLRR,
            Self::StatisticsSummary(_) => block_type::STATISTICS_SUMMARY,
            Self::VoipMetrics(_) => block_type::VOIP_METRICS,
            Self::Unknown { block_type, .. } => *block_type,
        }
    }

    const fn type_specific(&self) -> u8 {
        match self {
            Self::LossRle(report) | Self::DuplicateRle(report) => report.thinning & 0x0f,
            Self::PacketReceiptTimes(times) => times.thinning & 0x0f,
            Self::ReceiverReferenceTime(_) | Self::Dlrr(_) | Self::VoipMetrics(_) => 0,
            Self::StatisticsSummary(summary) => summary.flags(),
            Self::Unknown { type_specific, .. } => *type_specific,
        }
    }

    /// The length of the contents; of those that are too long to be written, zero.
    fn contents_len(&self) -> usize {
        let len = match self {
            Self::LossRle(report) | Self::DuplicateRle(report) => report.contents_len(),
            Self::PacketReceiptTimes(times) => times.times.encoded_len().saturating_add(8),
            Self::ReceiverReferenceTime(_) => 8,
            Self::Dlrr(delays) => delays.encoded_len(),
            Self::StatisticsSummary(_) => StatisticsSummary::CONTENTS_LEN,
            Self::VoipMetrics(_) => VoipMetrics::CONTENTS_LEN,
            Self::Unknown { contents, .. } => padded(contents.len()),
        };
        if len > MAX_CONTENTS { 0 } else { len }
    }

    fn write_contents(&self, out: &mut Vec<u8>) {
        match self {
            Self::LossRle(report) | Self::DuplicateRle(report) => report.write(out),
            Self::PacketReceiptTimes(times) => times.write(out),
            Self::ReceiverReferenceTime(time) => out.extend_from_slice(&time.0.to_be_bytes()),
            Self::Dlrr(delays) => delays.encode(out),
            Self::StatisticsSummary(summary) => summary.write(out),
            Self::VoipMetrics(metrics) => metrics.write(out),
            Self::Unknown { contents, .. } => {
                out.extend_from_slice(contents);
                let fill = padded(contents.len()).saturating_sub(contents.len());
                out.resize(out.len().saturating_add(fill), 0);
            }
        }
    }
}

impl sealed::Sealed for XrBlock<'_> {}

impl<'a> Entry<'a> for XrBlock<'a> {
    const LEN: Option<usize> = None;

    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let ([block_type, type_specific, l0, l1], rest) = bytes.split_first_chunk()?;
        let len = usize::from(u16::from_be_bytes([*l0, *l1])).saturating_mul(4);
        let (contents, rest) = rest.split_at_checked(len)?;
        let block = Self::parse(*block_type, *type_specific, contents).unwrap_or(Self::Unknown {
            block_type: *block_type,
            type_specific: *type_specific,
            contents,
        });
        Some((block, rest))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let len = self.contents_len();
        let words = u16::try_from(len >> 2).unwrap_or(0);
        out.extend_from_slice(&[self.block_type(), self.type_specific()]);
        out.extend_from_slice(&words.to_be_bytes());
        if len > 0 {
            self.write_contents(out);
        }
    }

    fn encoded_len(&self) -> usize {
        self.contents_len().saturating_add(4)
    }
}

/// XR: more about what a receiver sees (RFC 3611 §2).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|reserved |   PT=XR=207   |             length            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                              SSRC                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// :                         report blocks                         :
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{ExtendedReport, NtpTime, Packet, PacketRef, ReceiverDelay, XrBlock};
/// use std::time::Duration;
///
/// // A receiver tells its time; whoever sends to it answers.
/// let now = NtpTime::from_unix(Duration::from_secs(1_700_000_000));
/// let blocks = [XrBlock::ReceiverReferenceTime(now)];
/// let mut datagram = Vec::new();
/// ExtendedReport { sender_ssrc: 1, blocks: (&blocks).into() }.encode(&mut datagram);
///
/// let Some(Ok(PacketRef::ExtendedReport(report))) = rtcp::packets(&datagram).next() else { panic!() };
/// let Some(XrBlock::ReceiverReferenceTime(time)) = report.blocks.iter().next() else { panic!() };
/// let held = NtpTime::compact_duration(Duration::from_millis(100));
/// let answer = [ReceiverDelay { ssrc: report.sender_ssrc, last_reference: time.compact(), delay: held }];
/// let blocks = [XrBlock::Dlrr((&answer).into())];
///
/// // Half a second later the receiver has the answer: the way there and back took 400 ms.
/// let round_trip = answer[0].round_trip_time(now + Duration::from_millis(500)).unwrap();
/// assert!(round_trip.abs_diff(Duration::from_millis(400)) < Duration::from_micros(50));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtendedReport<'a> {
    /// Who reports.
    pub sender_ssrc: u32,
    /// What.
    pub blocks: List<'a, XrBlock<'a>>,
}

impl<'a> ExtendedReport<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw.body(), 4);
        let sender_ssrc = reader.u32()?;
        let blocks = List::decode(reader.rest(), reader.offset())?;
        Ok(Self { sender_ssrc, blocks })
    }
}

impl Packet for ExtendedReport<'_> {
    fn encoded_len(&self) -> usize {
        framed_len(self.blocks.encoded_len().saturating_add(4))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        frame(out, packet_type::EXTENDED_REPORT, 0, |out| {
            out.extend_from_slice(&self.sender_ssrc.to_be_bytes());
            self.blocks.encode(out);
        });
    }
}
