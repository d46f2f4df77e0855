//! Transport-wide congestion control feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.

mod builder;
mod chunk;

use std::time::Duration;

pub use builder::TransportFeedbackBuilder;
pub use chunk::{StatusChunk, Symbol, Symbols};

use crate::DecodeError;
use crate::feedback::{Head, feedback_len, format, split};
use crate::list::{List, ListIter};
use crate::packet::Packet;
use crate::raw::{RawPacketRef, packet_type};

/// An arrival time in steps of 250 µs since some instant that the receiver chose and keeps.
///
/// In feedback it wraps every 2³² steps (12.4 days), with the 24 bits of the reference time.
///
/// ```
/// use rtcp::TransportTime;
/// use std::time::Duration;
///
/// let time = TransportTime::from_duration(Duration::from_micros(1_700));
/// assert_eq!(time, TransportTime(6));
/// assert_eq!(time.as_micros(), 1_500);
/// assert_eq!(time.wrapping_since(TransportTime(10)), -4);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransportTime(pub i64);

impl TransportTime {
    /// Of the time since the receiver's instant, rounded down.
    #[must_use]
    pub fn from_duration(since: Duration) -> Self {
        Self(i64::try_from(since.as_micros() / 250).unwrap_or(i64::MAX))
    }

    /// In microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0.saturating_mul(250)
    }

    /// Steps from `earlier` to this, by the 32 bits that travel: from −2³¹ to 2³¹−1. For times out of different packets.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "times are known modulo 2³²")]
    pub const fn wrapping_since(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }

    /// What the reference time of a packet says that begins here, in 64 ms; 24 bits of it are written.
    #[expect(clippy::cast_possible_truncation, reason = "24 bits are meant")]
    const fn reference(self) -> i32 {
        (self.0 >> 8) as i32
    }
}

/// What became of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It has not come (yet), or was reported before.
    NotReceived,
    /// It came at this time.
    At(TransportTime),
    /// It came, but when is not told: by the symbol that the draft reserves, or in feedback without any deltas, which is sent
    /// to peers that ask for that (transport-wide-cc-02).
    Untimed,
}

/// One packet of those that feedback tells about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PacketStatus {
    /// The transport-wide sequence number.
    pub sequence_number: u16,
    /// What became of it.
    pub arrival: Arrival,
}

/// TWCC feedback: when each packet of a transport arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|  FMT=15 |    PT=205     |           length              |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                     SSRC of packet sender                     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      SSRC of media source                     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      base sequence number     |      packet status count      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 reference time                | fb pkt. count |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// :  packet chunks, then receive deltas, then zeros up to a word  :
/// ```
///
/// Received packets are read with [`packets`](Self::packets); to write feedback there is [`TransportFeedbackBuilder`].
///
/// ```
/// use rtcp::{Arrival, PacketRef, TransportTime};
///
/// // 7 packets from 1821 on, the fourth and the sixth lost.
/// let datagram = [
///     0xaf, 0xcd, 0, 7, 0xfa, 0x17, 0xfa, 0x17, 0x50, 0x4a, 0xc5, 0x0d, 7, 0x1d, 0, 7, 3, 0xab, 0x61, 0xde,
///     0x20, 3, 0x94, 0, 0x51, 1, 2, 3, 9, 0, 0, 3,
/// ];
/// let Some(Ok(PacketRef::TransportFeedback(feedback))) = rtcp::packets(&datagram).next() else { panic!() };
/// let mut lost = Vec::new();
/// let mut last = feedback.reference();
/// for packet in feedback.packets() {
///     match packet.arrival {
///         Arrival::At(time) => last = time,
///         Arrival::NotReceived => lost.push(packet.sequence_number),
///         Arrival::Untimed => {}
///     }
/// }
/// assert_eq!(lost, [1824, 1826]);
/// assert_eq!(last.as_micros() - feedback.reference().as_micros(), 24_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    /// Who tells.
    pub sender_ssrc: u32,
    /// Any stream of the transport.
    pub media_ssrc: u32,
    /// The first sequence number that is told about.
    pub base_sequence_number: u16,
    /// How many are told about.
    pub status_count: u16,
    /// What the first delta is added to, in 64 ms since the receiver's instant: 24 bits with sign.
    pub reference_time: i32,
    /// How many feedback packets were sent before, modulo 256.
    pub feedback_count: u8,
    /// Which packets came.
    pub chunks: List<'a, StatusChunk>,
    /// When they came: one byte or two for each that did; none if times are not told.
    pub deltas: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let (sender_ssrc, media_ssrc, mut reader) = split(raw)?;
        let base_sequence_number = reader.u16()?;
        let status_count = reader.u16()?;
        let [t0, t1, t2, feedback_count] = reader.array()?;
        // How far the chunks go is known by what they say only.
        let body = reader.rest();
        let mut lengths = Lengths::default();
        while lengths.statuses < u32::from(status_count) {
            let left = u32::from(status_count).saturating_sub(lengths.statuses);
            lengths.add(StatusChunk::from_bits(reader.u16()?), left);
        }
        let chunks = body.len().saturating_sub(reader.rest().len());
        Ok(Self {
            sender_ssrc,
            media_ssrc,
            base_sequence_number,
            status_count,
            reference_time: i32::from_be_bytes([t0, t1, t2, 0]) >> 8,
            feedback_count,
            chunks: List::wire(body.get(..chunks).unwrap_or_default()),
            deltas: reader.rest().get(..lengths.deltas).unwrap_or_default(),
        })
    }

    /// What the first delta is added to.
    #[must_use]
    pub const fn reference(&self) -> TransportTime {
        TransportTime((self.reference_time as i64) << 8)
    }

    /// Every packet that is told about, in ascending order from the base: at most 65,535, in as little as 34 bytes.
    #[must_use]
    pub fn packets(&self) -> PacketStatuses<'a> {
        PacketStatuses {
            chunks: self.chunks.iter(),
            symbols: Symbols::default(),
            deltas: self.deltas,
            time: self.reference(),
            next: self.base_sequence_number,
            left: self.status_count,
        }
    }
}

/// How many packets chunks tell about, and how many bytes of deltas that needs.
#[derive(Default)]
struct Lengths {
    statuses: u32,
    deltas: usize,
}

impl Lengths {
    /// `left` statuses are missing before this chunk.
    fn add(&mut self, chunk: StatusChunk, left: u32) {
        let count = chunk.len().min(left);
        self.statuses = self.statuses.saturating_add(count);
        let deltas = chunk.deltas_len(count);
        self.deltas = self.deltas.saturating_add(deltas);
    }
}

impl Packet for TransportFeedback<'_> {
    fn encoded_len(&self) -> usize {
        feedback_len(
            self.chunks
                .encoded_len()
                .saturating_add(self.deltas.len())
                .saturating_add(8),
        )
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let head = Head {
            packet_type: packet_type::TRANSPORT_FEEDBACK,
            format: format::TRANSPORT_WIDE,
            sender_ssrc: self.sender_ssrc,
            media_ssrc: self.media_ssrc,
        };
        let [_, t0, t1, t2] = self.reference_time.to_be_bytes();
        head.encode(out, |out| {
            out.extend_from_slice(&self.base_sequence_number.to_be_bytes());
            out.extend_from_slice(&self.status_count.to_be_bytes());
            out.extend_from_slice(&[t0, t1, t2, self.feedback_count]);
            self.chunks.encode(out);
            out.extend_from_slice(self.deltas);
        });
    }
}

/// The packets that feedback tells about. Made by [`TransportFeedback::packets`].
#[derive(Clone, Debug)]
pub struct PacketStatuses<'a> {
    chunks: ListIter<'a, StatusChunk>,
    symbols: Symbols,
    deltas: &'a [u8],
    time: TransportTime,
    next: u16,
    left: u16,
}

impl PacketStatuses<'_> {
    /// The next symbol; chunks may be empty, and there may be too few of them in a packet that was not received.
    fn symbol(&mut self) -> Option<Symbol> {
        loop {
            if let Some(symbol) = self.symbols.next() {
                return Some(symbol);
            }
            self.symbols = self.chunks.next()?.symbols();
        }
    }

    fn arrival(&mut self, symbol: Symbol) -> Arrival {
        let delta = match symbol {
            Symbol::NotReceived => return Arrival::NotReceived,
            Symbol::Reserved => None,
            Symbol::SmallDelta => self.delta().map(|[delta]| i64::from(delta)),
            Symbol::LargeDelta => self.delta().map(|delta| i64::from(i16::from_be_bytes(delta))),
        };
        let Some(delta) = delta else {
            return Arrival::Untimed;
        };
        self.time = TransportTime(self.time.0.saturating_add(delta));
        Arrival::At(self.time)
    }

    fn delta<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (delta, rest) = self.deltas.split_first_chunk()?;
        self.deltas = rest;
        Some(*delta)
    }
}

impl Iterator for PacketStatuses<'_> {
    type Item = PacketStatus;

    fn next(&mut self) -> Option<PacketStatus> {
        self.left = self.left.checked_sub(1)?;
        let symbol = self.symbol()?;
        let arrival = self.arrival(symbol);
        let sequence_number = self.next;
        self.next = self.next.wrapping_add(1);
        Some(PacketStatus {
            sequence_number,
            arrival,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left.into()))
    }
}
