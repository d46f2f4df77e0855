//! Packet status chunks: draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.1 to §3.1.4.

use crate::list::fixed_entry;

/// What a chunk says of a packet (§3.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// 0: it did not come.
    #[default]
    NotReceived,
    /// 1: it came; the delta is a byte, from 0 to 63.75 ms.
    SmallDelta,
    /// 2: it came; the delta is two bytes with sign, up to ±8.19 s.
    LargeDelta,
    /// 3: reserved; the draft's examples take it for a packet that came without a delta.
    Reserved,
}

impl Symbol {
    const fn from_bits(bits: u16) -> Self {
        match bits & 3 {
            0 => Self::NotReceived,
            1 => Self::SmallDelta,
            2 => Self::LargeDelta,
            _ => Self::Reserved,
        }
    }

    pub(super) const fn bits(self) -> u16 {
        match self {
            Self::NotReceived => 0,
            Self::SmallDelta => 1,
            Self::LargeDelta => 2,
            Self::Reserved => 3,
        }
    }

    /// How many bytes of delta follow for it.
    pub(super) const fn delta_len(self) -> usize {
        match self {
            Self::NotReceived | Self::Reserved => 0,
            Self::SmallDelta => 1,
            Self::LargeDelta => 2,
        }
    }
}

/// What became of several packets (§3.1.2).
///
/// ```text
///  0                   1
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0| S |       Run Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |1|S|       symbol list         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{StatusChunk, Symbol};
///
/// // The first examples of §3.1.3 and §3.1.4.
/// let run = StatusChunk::from_bits(0b0000_0000_1101_1101);
/// assert_eq!(run, StatusChunk::Run { symbol: Symbol::NotReceived, length: 221 });
/// let vector = StatusChunk::from_bits(0b1001_1111_0001_1100);
/// assert_eq!(vector.symbols().filter(|it| *it == Symbol::SmallDelta).count(), 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusChunk {
    /// The same for many packets (§3.1.3).
    Run {
        /// What became of each.
        symbol: Symbol,
        /// How many: 13 bits.
        length: u16,
    },
    /// 14 packets that came with a small delta or not at all, the first in the highest of the 14 bits (§3.1.4).
    OneBit(u16),
    /// Seven packets, the first in the highest two of the 14 bits (§3.1.4).
    TwoBit(u16),
}

impl StatusChunk {
    /// The longest run.
    pub(super) const MAX_RUN: u16 = 0x1fff;

    /// As it stands on the wire.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        match bits >> 14 {
            0b10 => Self::OneBit(bits & 0x3fff),
            0b11 => Self::TwoBit(bits & 0x3fff),
            _ => Self::Run {
                symbol: Symbol::from_bits(bits >> 13),
                length: bits & Self::MAX_RUN,
            },
        }
    }

    /// The inverse of [`from_bits`](Self::from_bits).
    #[must_use]
    pub const fn to_bits(self) -> u16 {
        match self {
            Self::Run { symbol, length } => (symbol.bits() << 13) | (length & Self::MAX_RUN),
            Self::OneBit(bits) => 0x8000 | (bits & 0x3fff),
            Self::TwoBit(bits) => 0xc000 | (bits & 0x3fff),
        }
    }

    /// How many packets it tells about.
    pub(super) const fn len(self) -> u32 {
        match self {
            Self::Run { length, .. } => (length & Self::MAX_RUN) as u32,
            Self::OneBit(_) => 14,
            Self::TwoBit(_) => 7,
        }
    }

    /// How many bytes of deltas follow for its first `count` packets (at most as many as it has).
    pub(super) const fn deltas_len(self, count: u32) -> usize {
        match self {
            Self::Run { symbol, .. } => symbol.delta_len().saturating_mul(count as usize),
            Self::OneBit(bits) => (bits >> 14_u32.saturating_sub(count)).count_ones() as usize,
            Self::TwoBit(bits) => {
                let bits = bits >> 14_u32.saturating_sub(count.saturating_mul(2));
                let (low, high) = (bits & 0x1555, (bits >> 1) & 0x1555);
                let (small, large) = (low & !high, high & !low);
                (small.count_ones() as usize).saturating_add(large.count_ones() as usize * 2)
            }
        }
    }

    /// What it says of each packet, in order. The last chunk of a packet may say more than was asked.
    #[must_use]
    pub const fn symbols(self) -> Symbols {
        // The first symbol at the top, as many bits wide as are not shifted out.
        let (bits, shift, advance) = match self {
            Self::Run { symbol, .. } => (symbol.bits() << 14, 14, 0),
            Self::OneBit(bits) => (bits << 2, 15, 1),
            Self::TwoBit(bits) => (bits << 2, 14, 2),
        };
        Symbols {
            bits,
            shift,
            advance,
            left: self.len(),
        }
    }

    const fn from_wire(bytes: [u8; 2]) -> Self {
        Self::from_bits(u16::from_be_bytes(bytes))
    }

    const fn to_wire(self) -> [u8; 2] {
        self.to_bits().to_be_bytes()
    }
}

fixed_entry!(StatusChunk, 2);

/// The symbols of a [`StatusChunk`].
#[derive(Clone, Debug)]
pub struct Symbols {
    bits: u16,
    shift: u8,
    advance: u8,
    left: u32,
}

impl Default for Symbols {
    fn default() -> Self {
        StatusChunk::from_bits(0).symbols()
    }
}

impl Iterator for Symbols {
    type Item = Symbol;

    fn next(&mut self) -> Option<Symbol> {
        self.left = self.left.checked_sub(1)?;
        let symbol = Symbol::from_bits(self.bits >> self.shift);
        self.bits <<= self.advance;
        Some(symbol)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Symbols {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_draft() {
        use Symbol::{NotReceived, Reserved, SmallDelta};
        let (lost, came) = (NotReceived, SmallDelta);
        // §3.1.3 and §3.1.4.
        assert_eq!(
            StatusChunk::from_bits(0b0110_0000_0001_1000),
            StatusChunk::Run {
                symbol: Reserved,
                length: 24
            }
        );
        let one_bit = StatusChunk::from_bits(0b1001_1111_0001_1100);
        let expected = [
            [lost; 1].as_slice(),
            &[came; 5],
            &[lost; 3],
            &[came; 3],
            &[lost; 2],
        ]
        .concat();
        assert!(one_bit.symbols().eq(expected));
        let two_bit = StatusChunk::from_bits(0b1100_1101_0101_0000);
        assert!(
            two_bit
                .symbols()
                .eq([lost, Reserved, came, came, came, lost, lost])
        );
    }

    proptest! {
        #[test]
        fn deltas_are_counted_as_symbols_are(bits: u16, count in 0_u32..20) {
            let chunk = StatusChunk::from_bits(bits);
            prop_assert_eq!(chunk.to_bits(), bits);
            let count = count.min(chunk.len());
            let counted: usize = chunk.symbols().take(count as usize).map(Symbol::delta_len).sum();
            prop_assert_eq!(chunk.deltas_len(count), counted);
        }
    }
}
