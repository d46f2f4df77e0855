//! Traces of packets, run-length encoded: RFC 3611 §4.1 and §4.2.

use crate::DecodeError;
use crate::list::{List, ListIter, fixed_entry};
use crate::reader::Reader;

/// Some packets of a trace (RFC 3611 §4.1.1 to §4.1.3).
///
/// ```text
///  0                   1
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0|R|        run length         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |1|        bit vector           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RleChunk {
    /// Fills the last word; nothing follows.
    #[default]
    Null,
    /// The same for many packets.
    Run {
        /// What holds for each.
        bit: bool,
        /// How many: 14 bits, not zero.
        length: u16,
    },
    /// 15 packets, the first in the highest of the 15 bits.
    Vector(u16),
}

impl RleChunk {
    const MAX_RUN: u16 = 0x3fff;

    /// How many packets it is about.
    const fn len(self) -> u16 {
        match self {
            Self::Null => 0,
            Self::Run { length, .. } => length & Self::MAX_RUN,
            Self::Vector(_) => 15,
        }
    }

    /// What it says of the packet that is followed by `left` more in the chunk.
    const fn bit(self, left: u16) -> bool {
        match self {
            Self::Null => false,
            Self::Run { bit, .. } => bit,
            Self::Vector(bits) => bits.wrapping_shr(left as u32) & 1 == 1,
        }
    }

    const fn from_wire(bytes: [u8; 2]) -> Self {
        let bits = u16::from_be_bytes(bytes);
        match bits {
            0 => Self::Null,
            0x8000.. => Self::Vector(bits & 0x7fff),
            _ => Self::Run {
                bit: bits & 0x4000 != 0,
                length: bits & Self::MAX_RUN,
            },
        }
    }

    const fn to_wire(self) -> [u8; 2] {
        let bits = match self {
            Self::Null => 0,
            Self::Run { bit, length } => ((bit as u16) << 14) | (length & Self::MAX_RUN),
            Self::Vector(bits) => 0x8000 | bits,
        };
        bits.to_be_bytes()
    }
}

fixed_entry!(RleChunk, 2);

/// Packs a trace into chunks: runs where they are longer than a vector, vectors elsewhere.
///
/// Behind the end of the trace, a vector has zeros; they are beyond the end of the report.
///
/// ```
/// use rtcp::RleChunk;
///
/// let trace = (0..40).map(|packet| packet != 30);
/// let chunks: Vec<_> = rtcp::rle_chunks(trace).collect();
/// assert_eq!(chunks, [RleChunk::Run { bit: true, length: 30 }, RleChunk::Vector(0b011_1111_1110_0000)]);
/// ```
pub fn rle_chunks<I: IntoIterator<Item = bool>>(trace: I) -> impl Iterator<Item = RleChunk> {
    let mut trace = trace.into_iter().peekable();
    // Bits that were read and did not become a run: as many as fit a vector.
    let (mut bits, mut held) = (0_u16, 0_u16);
    std::iter::from_fn(move || {
        if held == 0 {
            let bit = trace.next()?;
            let mut length = 1_u16;
            while length < RleChunk::MAX_RUN && trace.next_if_eq(&bit).is_some() {
                length = length.saturating_add(1);
            }
            if length >= 15 || trace.peek().is_none() {
                return Some(RleChunk::Run { bit, length });
            }
            held = length;
            bits = if bit { (1_u16 << length).wrapping_sub(1) } else { 0 };
        }
        while held < 15 {
            bits = (bits << 1) | u16::from(trace.next().unwrap_or(false));
            held = held.saturating_add(1);
        }
        held = 0;
        Some(RleChunk::Vector(bits))
    })
}

/// A trace of the packets of one stream (RFC 3611 §4.1 and §4.2).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   BT=1 or 2   | rsvd. |   T   |         block length          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        SSRC of source                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          begin_seq            |             end_seq           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          chunk 1              |             chunk 2           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{ExtendedReport, Packet, PacketRef, RleReport, XrBlock};
///
/// let lost = 103;
/// let chunks: Vec<_> = rtcp::rle_chunks((100..120).map(|it| it != lost)).collect();
/// let report = RleReport { ssrc: 2, thinning: 0, begin: 100, end: 120, chunks: (&chunks).into() };
/// assert!(report.packets().filter(|(_, received)| !received).map(|(number, _)| number).eq([103]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RleReport<'a> {
    /// The stream.
    pub ssrc: u32,
    /// Only sequence numbers that are multiples of two to this power are in the trace: 4 bits.
    pub thinning: u8,
    /// The first sequence number of the report.
    pub begin: u16,
    /// The one behind the last.
    pub end: u16,
    /// The trace. In a loss report, true is a packet that came; in a duplicate report, one that came once only.
    pub chunks: List<'a, RleChunk>,
}

impl<'a> RleReport<'a> {
    pub(super) fn read(type_specific: u8, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let report = Self {
            ssrc: reader.u32()?,
            thinning: type_specific & 0x0f,
            begin: reader.u16()?,
            end: reader.u16()?,
            chunks: List::wire(reader.rest()),
        };
        // Whole words are whole chunks.
        reader.take(reader.rest().len())?;
        Ok(report)
    }

    /// With the null chunk that fills the last word.
    pub(super) fn contents_len(&self) -> usize {
        crate::raw::padded(self.chunks.encoded_len()).saturating_add(8)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(&self.begin.to_be_bytes());
        out.extend_from_slice(&self.end.to_be_bytes());
        self.chunks.encode(out);
        if self.chunks.encoded_len() & 3 != 0 {
            out.extend_from_slice(&[0, 0]);
        }
    }

    /// The sequence numbers of the trace in ascending order, each with its bit; at most 65,535.
    #[must_use]
    pub fn packets(&self) -> RleBits<'a> {
        let step = 1_u32 << (self.thinning & 0x0f);
        let first = u32::from(self.begin).next_multiple_of(step);
        RleBits {
            chunks: self.chunks.iter(),
            chunk: RleChunk::Null,
            left: 0,
            next: first,
            end: u32::from(self.begin).saturating_add(self.end.wrapping_sub(self.begin).into()),
            step,
        }
    }
}

/// The sequence numbers of a trace. Made by [`RleReport::packets`].
#[derive(Clone, Debug)]
pub struct RleBits<'a> {
    chunks: ListIter<'a, RleChunk>,
    chunk: RleChunk,
    /// How many packets the chunk has left.
    left: u16,
    /// Beyond 65,535 where sequence numbers have wrapped.
    next: u32,
    end: u32,
    step: u32,
}

impl Iterator for RleBits<'_> {
    type Item = (u16, bool);

    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
    fn next(&mut self) -> Option<(u16, bool)> {
        if self.next >= self.end {
            return None;
        }
        while self.left == 0 {
            self.chunk = self.chunks.next()?;
            self.left = self.chunk.len();
        }
        self.left = self.left.saturating_sub(1);
        let number = self.next as u16;
        self.next = self.next.saturating_add(self.step);
        Some((number, self.chunk.bit(self.left)))
    }
}

#[cfg(test)]
mod tests;
