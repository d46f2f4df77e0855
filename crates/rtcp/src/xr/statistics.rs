//! Statistics in numbers: RFC 3611 §4.6.

use crate::DecodeError;
use crate::reader::Reader;

/// The least, the greatest, the mean and the standard deviation of a quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Minimax<T> {
    /// The least.
    pub min: T,
    /// The greatest.
    pub max: T,
    /// The mean.
    pub mean: T,
    /// The standard deviation.
    pub deviation: T,
}

/// Relative transit times between two packets, in the stream's clock.
pub type JitterSummary = Minimax<u32>;

/// Hops that packets had left at arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HopCounts {
    /// Not told, or in a way that RFC 3611 does not define.
    #[default]
    None,
    /// The TTL of IPv4.
    Ipv4(Minimax<u8>),
    /// The hop limit of IPv6.
    Ipv6(Minimax<u8>),
}

/// What a receiver counted in a range of sequence numbers (RFC 3611 §4.6).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     BT=6      |L|D|J|ToH|rsvd.|       block length = 9        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        SSRC of source                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          begin_seq            |             end_seq           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        lost_packets                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        dup_packets                            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              min_jitter, max_jitter (a word each)             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |              mean_jitter, dev_jitter (a word each)            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | min_ttl_or_hl | max_ttl_or_hl |mean_ttl_or_hl | dev_ttl_or_hl |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{ExtendedReport, Packet, PacketRef, StatisticsSummary, XrBlock};
///
/// let summary = StatisticsSummary { ssrc: 2, begin: 100, end: 200, lost: Some(3), ..Default::default() };
/// let blocks = [XrBlock::StatisticsSummary(summary)];
/// let mut datagram = Vec::new();
/// ExtendedReport { sender_ssrc: 1, blocks: (&blocks).into() }.encode(&mut datagram);
/// let Some(Ok(PacketRef::ExtendedReport(report))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert_eq!(report.blocks.iter().next(), Some(XrBlock::StatisticsSummary(summary)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StatisticsSummary {
    /// The stream.
    pub ssrc: u32,
    /// The first sequence number of the report.
    pub begin: u16,
    /// The one behind the last.
    pub end: u16,
    /// Packets that did not come.
    pub lost: Option<u32>,
    /// Packets that came again.
    pub duplicates: Option<u32>,
    /// How much packets were shifted against each other.
    pub jitter: Option<JitterSummary>,
    /// How far they had come.
    pub hops: HopCounts,
}

impl StatisticsSummary {
    /// Nine words.
    pub(super) const CONTENTS_LEN: usize = 36;

    pub(super) const fn flags(&self) -> u8 {
        let hops = match self.hops {
            HopCounts::None => 0,
            HopCounts::Ipv4(_) => 1,
            HopCounts::Ipv6(_) => 2,
        };
        ((self.lost.is_some() as u8) << 7)
            | ((self.duplicates.is_some() as u8) << 6)
            | ((self.jitter.is_some() as u8) << 5)
            | (hops << 3)
    }

    pub(super) fn read(flags: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (ssrc, begin, end) = (reader.u32()?, reader.u16()?, reader.u16()?);
        let (lost, duplicates) = (reader.u32()?, reader.u32()?);
        let jitter = Minimax {
            min: reader.u32()?,
            max: reader.u32()?,
            mean: reader.u32()?,
            deviation: reader.u32()?,
        };
        let [min, max, mean, deviation] = reader.array()?;
        let hops = Minimax {
            min,
            max,
            mean,
            deviation,
        };
        Ok(Self {
            ssrc,
            begin,
            end,
            lost: (flags & 0x80 != 0).then_some(lost),
            duplicates: (flags & 0x40 != 0).then_some(duplicates),
            jitter: (flags & 0x20 != 0).then_some(jitter),
            hops: match (flags >> 3) & 3 {
                1 => HopCounts::Ipv4(hops),
                2 => HopCounts::Ipv6(hops),
                _ => HopCounts::None,
            },
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&self.begin.to_be_bytes());
        out.extend_from_slice(&self.end.to_be_bytes());
        let jitter = self.jitter.unwrap_or_default();
        let words = [
            self.lost.unwrap_or(0),
            self.duplicates.unwrap_or(0),
            jitter.min,
            jitter.max,
            jitter.mean,
        ];
        for word in words.into_iter().chain([jitter.deviation]) {
            out.extend_from_slice(&word.to_be_bytes());
        }
        let hops = match self.hops {
            HopCounts::None => Minimax::default(),
            HopCounts::Ipv4(hops) | HopCounts::Ipv6(hops) => hops,
        };
        out.extend_from_slice(&[hops.min, hops.max, hops.mean, hops.deviation]);
    }
}
