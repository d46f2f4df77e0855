//! # What it is
//!
//! RTCP: every report and every feedback message that WebRTC peers exchange, read where it stands in the datagram and written
//! without allocation. It is a codec and knows nothing of time and sockets: what to send and when is decided elsewhere, by the
//! `interceptor` crate or by you.
//!
//! Each packet is one plain struct. Its lists ([`List`]) are either the bytes that arrived or a slice of values, so that what
//! is read can be looked at, changed and written again with the same types.
//!
//! # RFCs
//!
//! | | |
//! |---|---|
//! | RFC 3550 §6 | [`SenderReport`], [`ReceiverReport`], [`SourceDescription`], [`Goodbye`], [`Application`], [`Compound`], [`NtpTime`] |
//! | RFC 4585 | [`Nack`], [`PictureLossIndication`], [`SliceLossIndication`], [`ReferencePictureSelection`] |
//! | RFC 5104 | [`FullIntraRequest`], [`Tmmbr`], [`Tmmbn`], [`Tstr`], [`Tstn`] |
//! | RFC 6051 §3.2 | [`RapidResync`] |
//! | RFC 9627 | [`LayerRefreshRequest`] |
//! | RFC 8888 | [`CongestionControlFeedback`] and its [builder](CongestionControlFeedbackBuilder) |
//! | draft-holmer-rmcat-transport-wide-cc-extensions-01 | [`TransportFeedback`] and its [builder](TransportFeedbackBuilder) |
//! | draft-alvestrand-rmcat-remb-03 | [`Remb`] |
//! | RFC 3611 | [`ExtendedReport`] with all seven blocks; others are kept |
//! | RFC 5506, RFC 5761 | reduced-size datagrams, [`is_rtcp`] |
//! | RFC 8852, RFC 8861, RFC 9143 | the items of [`SdesItem`] for stream ids, groups and MID |
//!
//! # Read a datagram
//!
//! ```
//! use rtcp::PacketRef;
//!
//! /// Which packets of a stream the peer wants again.
//! fn lost(datagram: &[u8], ssrc: u32) -> Vec<u16> {
//!     let mut lost = Vec::new();
//!     for packet in rtcp::packets(datagram) {
//!         match packet {
//!             Ok(PacketRef::Nack(nack)) if nack.media_ssrc == ssrc => lost.extend(nack.sequence_numbers()),
//!             Ok(_) => {}                       // other packets, also those that are unknown
//!             Err(error) => eprintln!("{error}"), // the last item: what follows cannot be trusted
//!         }
//!     }
//!     lost
//! }
//!
//! let datagram = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 0b10];
//! assert_eq!(lost(&datagram, 2), [9, 11]);
//! assert_eq!(lost(&datagram[..9], 2), []);
//! ```
//!
//! # Write a datagram
//!
//! ```
//! use rtcp::{
//!     Compound, NtpTime, ReportBlock, SdesChunk, SdesItem, SenderInfo, SenderReport, SourceDescription, check_compound,
//! };
//! use std::time::{SystemTime, UNIX_EPOCH};
//!
//! let now = NtpTime::from_unix(SystemTime::now().duration_since(UNIX_EPOCH)?);
//! let info = SenderInfo { ntp_time: now, rtp_timestamp: 90_000, packet_count: 10, octet_count: 12_000 };
//! let blocks = [ReportBlock { ssrc: 2, jitter: 30, ..Default::default() }];
//! let items = [SdesItem::Cname(b"cYhx/N8U7h7+3GW3")];
//! let chunks = [SdesChunk { ssrc: 1, items: (&items).into() }];
//!
//! let mut datagram = Vec::with_capacity(1_200); // kept from datagram to datagram, nothing below allocates
//! Compound::new(&mut datagram)
//!     .push(&SenderReport { sender_ssrc: 1, info, reports: (&blocks).into(), extension: &[] })
//!     .push(&SourceDescription { chunks: (&chunks).into() });
//! check_compound(&datagram)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits and defaults
//!
//! | | |
//! |---|---|
//! | memory | none of its own; the builders keep buffers of about one packet |
//! | work for a datagram of *n* bytes | linear in *n*, but for run lengths: an iteration ends after 65,535 packets for each TWCC packet (24 bytes or more) or RLE block (12 bytes or more) |
//! | report blocks, sources in SDES and BYE | 31 in a packet; what goes beyond follows in further packets |
//! | SDES items, BYE reasons | 255 bytes; the rest is cut |
//! | SSRCs in REMB | 255; the rest is left out |
//! | packet metrics of a stream in RFC 8888 feedback | 16,384; the rest is left out |
//! | a packet | 256 KiB, the most that its length field says; a longer one is not written |
//! | NACK pairs | as few as there can be for numbers in order |
//! | size of built feedback | what the builder is told, at least 40 bytes (TWCC) and 24 bytes (RFC 8888) |
//!
//! Reading is tolerant where peers differ: packets may come in any order and without reports, padding may be anywhere and of
//! any length, reserved bits are ignored, XR blocks of a wrong length are [`XrBlock::Unknown`], TWCC feedback may lack its
//! times. A packet whose content is malformed ends the iteration; [`raw_packets`] goes on behind it.
//!
//! # What it does not do
//!
//! Timing rules (RFC 3550 §6.2, RFC 4585 §3), encryption (`srtp`), statistics. Of feedback messages, VBCM (RFC 5104), ECN
//! feedback (RFC 6679), third-party loss (RFC 6642) and pausing (RFC 7728) are [`PacketRef::Unknown`]; of XR blocks, those of
//! later RFCs are [`XrBlock::Unknown`]. No browser sends them.

mod ccfb;
mod compound;
mod description;
mod error;
mod feedback;
mod goodbye;
mod list;
mod ntp;
mod packet;
mod raw;
mod reader;
mod report;
mod subjects;
mod transport_cc;
mod xr;

pub use ccfb::{
    ArrivalOffset, CongestionControlFeedback, CongestionControlFeedbackBuilder, Ecn, PacketMetric,
    StreamFeedback,
};
pub use compound::{Compound, CompoundError, check_compound};
pub use description::{SdesChunk, SdesItem, SourceDescription};
pub use error::DecodeError;
pub use feedback::{
    BitrateLimit, FirEntry, FullIntraRequest, LayerId, LayerRefresh, LayerRefreshRequest, LostPackets, Nack,
    NackPair, NackPairs, PictureLossIndication, RapidResync, ReferencePictureSelection, Remb, SliceLoss,
    SliceLossIndication, Tmmbn, Tmmbr, TradeOff, Tstn, Tstr, format, nack_pairs,
};
pub use goodbye::{Application, Goodbye};
pub use list::{Entry, List, ListIter};
pub use ntp::{NtpTime, round_trip_time};
pub use packet::{Packet, PacketRef, Packets, packets};
pub use raw::{RawPacketRef, RawPackets, is_rtcp, packet_type, raw_packets};
pub use report::{ReceiverReport, ReportBlock, SenderInfo, SenderReport};
pub use subjects::Subjects;
pub use transport_cc::{
    Arrival, PacketStatus, PacketStatuses, StatusChunk, Symbol, Symbols, TransportFeedback,
    TransportFeedbackBuilder, TransportTime,
};
pub use xr::{
    ExtendedReport, HopCounts, JitterSummary, Minimax, PacketReceiptTimes, ReceiverDelay, RleBits, RleChunk,
    RleReport, StatisticsSummary, VoipBursts, VoipDelays, VoipJitterBuffer, VoipLevels, VoipLosses,
    VoipMetrics, VoipQuality, XrBlock, block_type, rle_chunks,
};
