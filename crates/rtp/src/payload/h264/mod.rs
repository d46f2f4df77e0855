//! RFC 6184: H.264. Frames are access units with start codes. Everything is read, and what mode 0 and mode 1 allow is sent
//! (§5.4); the decoding order of interleaved mode is told ([`PayloadRef`]), not restored, since WebRTC does not negotiate it.

mod packetizer;
mod payload;
mod sps;

use super::Depacketized;
use super::nal::Assembly;
use crate::DecodeError;

pub use packetizer::{Config, PacketizationMode, Packetizer};
pub use payload::{AggregateRef, AggregatedUnit, Aggregation, FragmentRef, PayloadRef};
pub use sps::SequenceParameterSet;

/// The type of a NAL unit or of a packet, from the low five bits of its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NalType(pub u8);

impl NalType {
    /// A slice of a picture that is no IDR picture.
    pub const SLICE: Self = Self(1);
    /// Data partition A.
    pub const PARTITION_A: Self = Self(2);
    /// A slice of an IDR picture.
    pub const IDR: Self = Self(5);
    /// Supplemental enhancement information.
    pub const SEI: Self = Self(6);
    /// A sequence parameter set.
    pub const SPS: Self = Self(7);
    /// A picture parameter set.
    pub const PPS: Self = Self(8);
    /// An access unit delimiter.
    pub const DELIMITER: Self = Self(9);
    /// Several units of one time.
    pub const STAP_A: Self = Self(24);
    /// Several units of one time, with a decoding order number.
    pub const STAP_B: Self = Self(25);
    /// Several units of several times, at most 2¹⁶ ticks apart.
    pub const MTAP16: Self = Self(26);
    /// Several units of several times, at most 2²⁴ ticks apart.
    pub const MTAP24: Self = Self(27);
    /// A fragment of a unit.
    pub const FU_A: Self = Self(28);
    /// The first fragment of a unit, with a decoding order number.
    pub const FU_B: Self = Self(29);

    /// That of the unit or payload that begins with this byte.
    pub const fn of(first: u8) -> Self {
        Self(first & 0x1f)
    }

    /// Whether it is a unit of the codec (1 to 23), and no packet type.
    pub const fn is_unit(self) -> bool {
        matches!(self.0, 1..=23)
    }

    /// What it tells of its frame: an IDR slice or a sequence parameter set come with a key frame, other slices do not.
    const fn is_key(self) -> Option<bool> {
        match self.0 {
            5 | 7 => Some(true),
            1..=4 => Some(false),
            _ => None,
        }
    }
}

/// Puts access units together, with start codes of four bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depacketizer {
    assembly: Assembly,
}

impl Depacketizer {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    fn write(&mut self, payload: PayloadRef<'_>, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match payload {
            PayloadRef::Single(unit) => self.assembly.push(&[], unit, out),
            PayloadRef::Aggregate(aggregate) => {
                for unit in aggregate.units() {
                    self.assembly.push(&[], unit.data, out);
                }
            }
            PayloadRef::Fragment(fragment) => {
                if fragment.start {
                    self.assembly.begin(&[fragment.header], fragment.data, out);
                } else {
                    self.assembly.extend(fragment.data, out)?;
                }
                if fragment.end {
                    self.assembly.end();
                }
            }
            PayloadRef::Reserved(_) => {} // §5.4: ignored
        }
        Ok(())
    }
}

impl super::Depacketizer for Depacketizer {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        let payload = PayloadRef::decode(payload).inspect_err(|_| self.assembly.give_up(out))?;
        self.write(payload, out)?;
        Ok(Depacketized {
            key_frame: payload.is_key_frame(),
            incomplete: self.assembly.incomplete(),
        })
    }

    fn reset(&mut self) {
        self.assembly.reset();
    }

    fn is_frame_start(&self, payload: &[u8]) -> bool {
        PayloadRef::decode(payload).is_ok_and(|payload| payload.is_frame_start())
    }

    fn is_frame_end(&self, marker: bool, _payload: &[u8]) -> bool {
        marker
    }

    fn is_key_frame(&self, payload: &[u8]) -> Option<bool> {
        PayloadRef::decode(payload).ok()?.is_key_frame()
    }
}

#[cfg(test)]
mod tests;
