//! SACK, RFC 9260 §3.3.4.
//!
//! ```text
//! |                      Cumulative TSN Ack                       |
//! |          Advertised Receiver Window Credit (a_rwnd)           |
//! | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = M |
//! |    Gap Ack Block #1 Start     |     Gap Ack Block #1 End      |
//! /                              ...                              /
//! |                        Duplicate TSN 1                        |
//! /                              ...                              /
//! ```

use super::DecodeError;
use super::reader::Reader;
use crate::tsn::Tsn;
use bytes::BufMut;

/// A run of received TSNs, as offsets from the cumulative TSN ack, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapBlock {
    /// First received.
    pub start: u16,
    /// Last received.
    pub end: u16,
}

/// The fixed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sack {
    /// All TSNs up to this one have been received.
    pub cumulative_tsn: Tsn,
    /// Room in the receiver's buffer, in bytes.
    pub a_rwnd: u32,
    /// Number of gap blocks that follow.
    pub gap_blocks: u16,
    /// Number of duplicate TSNs that follow.
    pub duplicates: u16,
}

impl Sack {
    /// Length of the fixed part.
    pub const LEN: usize = 12;

    /// Appends the fixed part.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u32(self.cumulative_tsn.0);
        out.put_u32(self.a_rwnd);
        out.put_u16(self.gap_blocks);
        out.put_u16(self.duplicates);
    }

    /// Length of the fixed part.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        Self::LEN
    }
}

/// A received SACK.
#[derive(Clone, Copy, Debug)]
pub struct SackRef<'a> {
    /// The fixed part.
    pub sack: Sack,
    gap_blocks: &'a [u8],
    duplicates: &'a [u8],
}

impl<'a> SackRef<'a> {
    /// Interprets the value of a SACK chunk.
    ///
    /// # Errors
    ///
    /// It is shorter than the counts in it say.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(value);
        let sack = Sack {
            cumulative_tsn: Tsn(reader.u32()?),
            a_rwnd: reader.u32()?,
            gap_blocks: reader.u16()?,
            duplicates: reader.u16()?,
        };
        Ok(Self {
            sack,
            gap_blocks: reader.take(usize::from(sack.gap_blocks) * 4)?,
            duplicates: reader.take(usize::from(sack.duplicates) * 4)?,
        })
    }

    /// The gap blocks, unchecked: they may overlap, be empty or lie anywhere.
    pub fn gap_blocks(&self) -> impl Iterator<Item = GapBlock> + use<'a> {
        self.gap_blocks
            .as_chunks::<4>()
            .0
            .iter()
            .map(|[a, b, c, d]| GapBlock {
                start: u16::from_be_bytes([*a, *b]),
                end: u16::from_be_bytes([*c, *d]),
            })
    }

    /// TSNs that were received more than once since the last SACK.
    pub fn duplicates(&self) -> impl Iterator<Item = Tsn> + use<'a> {
        let (chunks, _) = self.duplicates.as_chunks::<4>();
        chunks.iter().map(|bytes| Tsn(u32::from_be_bytes(*bytes)))
    }
}
