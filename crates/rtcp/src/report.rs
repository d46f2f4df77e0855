//! Sender and receiver reports: RFC 3550 §6.4.

use std::time::Duration;

use crate::list::{List, ListIter, fixed_entry};
use crate::ntp::{NtpTime, round_trip_time};
use crate::packet::Packet;
use crate::raw::{MAX_COUNT, RawPacketRef, count, frame, framed_len, packet_type, padded};
use crate::reader::Reader;
use crate::{DecodeError, Entry};

/// What a receiver says about one stream (RFC 3550 §6.4.1).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 SSRC_1 (SSRC of first source)                 |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | fraction lost |       cumulative number of packets lost       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           extended highest sequence number received           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      interarrival jitter                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         last SR (LSR)                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   delay since last SR (DLSR)                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{NtpTime, ReportBlock};
/// use std::time::Duration;
///
/// let block = ReportBlock {
///     ssrc: 7,
///     fraction_lost: 64,
///     last_sender_report: 0xb705_2000,
///     delay_since_last_sender_report: 0x0005_4000,
///     ..Default::default()
/// };
/// assert_eq!(block.loss(), 0.25);
/// let now = NtpTime(0xb710_8000 << 16);
/// assert_eq!(block.round_trip_time(now), Some(Duration::from_millis(6_125)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReportBlock {
    /// The stream that is reported on.
    pub ssrc: u32,
    /// Lost of those expected since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning, less duplicates, in packets: 24 bits with sign; what is beyond is written as their limit.
    pub cumulative_lost: i32,
    /// The highest sequence number, and how often it wrapped in the upper 16 bits.
    pub highest_sequence_number: u32,
    /// Mean deviation of the packet spacing, in units of the stream's clock.
    pub jitter: u32,
    /// [Compact](NtpTime::compact) time of the last sender report from this stream, zero if there was none.
    pub last_sender_report: u32,
    /// How long ago it came, in 2⁻¹⁶ s.
    pub delay_since_last_sender_report: u32,
}

impl ReportBlock {
    /// The fraction lost since the last report, from 0 to 255/256.
    #[must_use]
    pub fn loss(&self) -> f64 {
        f64::from(self.fraction_lost) / 256.0
    }

    /// The round trip to the reporter, seen at the report's arrival by the clock that wrote the sender reports. None if the
    /// reporter has had no sender report.
    #[must_use]
    pub const fn round_trip_time(&self, now: NtpTime) -> Option<Duration> {
        round_trip_time(now, self.last_sender_report, self.delay_since_last_sender_report)
    }

    const fn from_wire(bytes: [u8; 24]) -> Self {
        let [
            a0,
            a1,
            a2,
            a3,
            fraction_lost,
            l0,
            l1,
            l2,
            h0,
            h1,
            h2,
            h3,
            j0,
            j1,
            j2,
            j3,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
        ] = bytes;
        Self {
            ssrc: u32::from_be_bytes([a0, a1, a2, a3]),
            fraction_lost,
            cumulative_lost: i32::from_be_bytes([l0, l1, l2, 0]) >> 8,
            highest_sequence_number: u32::from_be_bytes([h0, h1, h2, h3]),
            jitter: u32::from_be_bytes([j0, j1, j2, j3]),
            last_sender_report: u32::from_be_bytes([s0, s1, s2, s3]),
            delay_since_last_sender_report: u32::from_be_bytes([d0, d1, d2, d3]),
        }
    }

    fn to_wire(self) -> [u8; 24] {
        let lost = self.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff);
        let [_, l0, l1, l2] = lost.to_be_bytes();
        let words = [
            self.ssrc,
            u32::from_be_bytes([self.fraction_lost, l0, l1, l2]),
            self.highest_sequence_number,
            self.jitter,
            self.last_sender_report,
            self.delay_since_last_sender_report,
        ];
        let mut wire = [0; 24];
        for (to, word) in wire.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        wire
    }
}

fixed_entry!(ReportBlock, 24);

/// What a sender says about its own stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SenderInfo {
    /// When the report was sent.
    pub ntp_time: NtpTime,
    /// The same instant in the stream's clock.
    pub rtp_timestamp: u32,
    /// RTP packets sent since the beginning, modulo 2³².
    pub packet_count: u32,
    /// Bytes of payload sent since the beginning, without headers and padding, modulo 2³².
    pub octet_count: u32,
}

/// SR: what a sender sent, and what it receives (RFC 3550 §6.4.1).
///
/// ```text
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// header  |V=2|P|    RC   |   PT=SR=200   |             length            |
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///         |                         SSRC of sender                        |
///         +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// sender  |              NTP timestamp, most significant word             |
/// info    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///         |             NTP timestamp, least significant word             |
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///         |                         RTP timestamp                         |
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///         |                     sender's packet count                     |
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///         |                      sender's octet count                     |
///         +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
///         :                    report blocks (RC of them)                 :
///         +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
///         |                  profile-specific extensions                  |
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{NtpTime, Packet, PacketRef, SenderInfo, SenderReport};
/// use std::time::Duration;
///
/// let info = SenderInfo {
///     ntp_time: NtpTime::from_unix(Duration::from_secs(1_700_000_000)),
///     rtp_timestamp: 90_000,
///     packet_count: 10,
///     octet_count: 12_000,
/// };
/// let report = SenderReport { sender_ssrc: 7, info, ..Default::default() };
/// let mut datagram = Vec::new();
/// report.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::SenderReport(report))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderReport<'a> {
    /// The stream that is sent.
    pub sender_ssrc: u32,
    /// What was sent of it.
    pub info: SenderInfo,
    /// What is received. Written: what goes beyond 31 follows in receiver reports (RFC 3550 §6.1).
    pub reports: List<'a, ReportBlock>,
    /// What a profile adds, in whole words. Written: filled with zeros.
    pub extension: &'a [u8],
}

impl<'a> SenderReport<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw.body(), 4);
        let sender_ssrc = reader.u32()?;
        let info = SenderInfo {
            ntp_time: NtpTime(reader.u64()?),
            rtp_timestamp: reader.u32()?,
            packet_count: reader.u32()?,
            octet_count: reader.u32()?,
        };
        let (reports, extension) = List::decode_some(reader.rest(), reader.offset(), raw.count().into())?;
        Ok(Self {
            sender_ssrc,
            info,
            reports,
            extension,
        })
    }
}

impl Packet for SenderReport<'_> {
    fn encoded_len(&self) -> usize {
        let first = self.reports.len().min(MAX_COUNT).saturating_mul(24);
        let first = framed_len(
            padded(self.extension.len())
                .saturating_add(first)
                .saturating_add(24),
        );
        first.saturating_add(following_len(self.reports.len()))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut reports = self.reports.iter();
        frame(
            out,
            packet_type::SENDER_REPORT,
            count(self.reports.len()),
            |out| {
                out.extend_from_slice(&self.sender_ssrc.to_be_bytes());
                out.extend_from_slice(&self.info.ntp_time.0.to_be_bytes());
                out.extend_from_slice(&self.info.rtp_timestamp.to_be_bytes());
                out.extend_from_slice(&self.info.packet_count.to_be_bytes());
                out.extend_from_slice(&self.info.octet_count.to_be_bytes());
                encode_blocks(&mut reports, out);
                out.extend_from_slice(self.extension);
            },
        );
        encode_following(self.sender_ssrc, reports, out);
    }
}

/// RR: what somebody receives who sends nothing (RFC 3550 §6.4.2).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|    RC   |   PT=RR=201   |             length            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                     SSRC of packet sender                     |
/// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// :                    report blocks (RC of them)                 :
/// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// |                  profile-specific extensions                  |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{Packet, PacketRef, ReceiverReport, ReportBlock};
///
/// let blocks = [ReportBlock { ssrc: 9, jitter: 30, ..Default::default() }];
/// let report = ReceiverReport { sender_ssrc: 7, reports: (&blocks).into(), ..Default::default() };
/// let mut datagram = Vec::new();
/// report.encode(&mut datagram);
/// assert_eq!(datagram.len(), report.encoded_len());
///
/// let Some(Ok(PacketRef::ReceiverReport(report))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert_eq!(report.reports.iter().next().unwrap().jitter, 30);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverReport<'a> {
    /// The reporter.
    pub sender_ssrc: u32,
    /// What it receives. Written: what goes beyond 31 follows in further receiver reports.
    pub reports: List<'a, ReportBlock>,
    /// What a profile adds, in whole words. Written: filled with zeros.
    pub extension: &'a [u8],
}

impl<'a> ReceiverReport<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw.body(), 4);
        let sender_ssrc = reader.u32()?;
        let (reports, extension) = List::decode_some(reader.rest(), reader.offset(), raw.count().into())?;
        Ok(Self {
            sender_ssrc,
            reports,
            extension,
        })
    }
}

impl Packet for ReceiverReport<'_> {
    fn encoded_len(&self) -> usize {
        let first = self.reports.len().min(MAX_COUNT).saturating_mul(24);
        let first = framed_len(
            padded(self.extension.len())
                .saturating_add(first)
                .saturating_add(4),
        );
        first.saturating_add(following_len(self.reports.len()))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut reports = self.reports.iter();
        frame(
            out,
            packet_type::RECEIVER_REPORT,
            count(self.reports.len()),
            |out| {
                out.extend_from_slice(&self.sender_ssrc.to_be_bytes());
                encode_blocks(&mut reports, out);
                out.extend_from_slice(self.extension);
            },
        );
        encode_following(self.sender_ssrc, reports, out);
    }
}

/// Up to as many blocks as one packet can count.
fn encode_blocks(reports: &mut ListIter<'_, ReportBlock>, out: &mut Vec<u8>) {
    reports.take(MAX_COUNT).for_each(|block| block.encode(out));
}

/// Receiver reports for the blocks that are left.
fn encode_following(sender_ssrc: u32, mut reports: ListIter<'_, ReportBlock>, out: &mut Vec<u8>) {
    while let (left @ 1.., _) = reports.size_hint() {
        frame(out, packet_type::RECEIVER_REPORT, count(left), |out| {
            out.extend_from_slice(&sender_ssrc.to_be_bytes());
            encode_blocks(&mut reports, out);
        });
    }
}

/// The length of what [`encode_following`] writes for a list of this length.
fn following_len(reports: usize) -> usize {
    let following = reports.saturating_sub(MAX_COUNT);
    let packets = following.div_ceil(MAX_COUNT);
    following
        .saturating_mul(24)
        .saturating_add(packets.saturating_mul(8))
}
