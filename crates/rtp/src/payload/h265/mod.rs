//! RFC 7798: H.265 in one stream (SRST, as draft-ietf-avtcore-hevc-webrtc §2 wants). Frames are access units with start codes.
//! Decoding order numbers are told ([`PayloadRef`]), not obeyed, since WebRTC sends in decoding order.

mod control;
mod packetizer;
mod payload;
mod sps;

use super::Depacketized;
use super::nal::Assembly;
use crate::DecodeError;

pub use control::{ControlRef, TemporalScalability, wrap};
pub use packetizer::{Config, Packetizer};
pub use payload::{AggregateRef, FragmentRef, PayloadRef, Structure, UnitRef};
pub use sps::SequenceParameterSet;

/// The header of a NAL unit or of a payload.
///
/// ```text
/// +---------------+---------------+
/// |0|1|2|3|4|5|6|7|0|1|2|3|4|5|6|7|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |F|   Type    |  LayerId  | TID |
/// +-------------+-----------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NalHeader(pub [u8; 2]);

impl NalHeader {
    /// That of a unit or payload; `None` when it is shorter than two bytes.
    pub fn of(unit: &[u8]) -> Option<Self> {
        unit.first_chunk().copied().map(Self)
    }

    /// F: the unit may have errors.
    pub const fn is_forbidden(self) -> bool {
        self.0[0] & 0x80 != 0
    }

    /// What the unit is.
    pub const fn nal_type(self) -> NalType {
        NalType(self.0[0] >> 1 & 0x3f)
    }

    /// The layer, 0 to 63; 0 in a stream of one layer.
    pub const fn layer_id(self) -> u8 {
        (self.0[0] & 1) << 5 | self.0[1] >> 3
    }

    /// TID: the temporal sub-layer plus 1.
    pub const fn temporal_id_plus_1(self) -> u8 {
        self.0[1] & 7
    }

    /// The same with another type.
    #[must_use]
    pub const fn with_type(self, nal_type: NalType) -> Self {
        Self([self.0[0] & 0x81 | (nal_type.0 & 0x3f) << 1, self.0[1]])
    }
}

/// The type of a NAL unit or of a packet, of six bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NalType(pub u8);

impl NalType {
    /// A slice of an IDR picture with leading pictures that can be decoded.
    pub const IDR_W_RADL: Self = Self(19);
    /// A slice of an IDR picture without leading pictures.
    pub const IDR_N_LP: Self = Self(20);
    /// A slice of a clean random access picture.
    pub const CRA: Self = Self(21);
    /// A video parameter set.
    pub const VPS: Self = Self(32);
    /// A sequence parameter set.
    pub const SPS: Self = Self(33);
    /// A picture parameter set.
    pub const PPS: Self = Self(34);
    /// An access unit delimiter.
    pub const DELIMITER: Self = Self(35);
    /// Several units.
    pub const AP: Self = Self(48);
    /// A fragment of a unit.
    pub const FU: Self = Self(49);
    /// Control information in front of a payload.
    pub const PACI: Self = Self(50);

    /// Whether it is a unit of the codec (0 to 47), and no packet type.
    pub const fn is_unit(self) -> bool {
        self.0 < 48
    }

    /// Whether it is a slice of a picture at which decoding can start (BLA, IDR, CRA).
    pub const fn is_random_access(self) -> bool {
        matches!(self.0, 16..=23)
    }

    /// What it tells of its frame: such a slice, a video or a sequence parameter set come with a key frame, other slices do not.
    const fn is_key(self) -> Option<bool> {
        match self.0 {
            16..=23 | 32 | 33 => Some(true),
            0..=31 => Some(false),
            _ => None,
        }
    }
}

/// Puts access units together, with start codes of four bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depacketizer {
    assembly: Assembly,
    has_order: bool,
}

impl Depacketizer {
    /// For a stream in decoding order.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a stream with decoding order numbers, that is with `sprop-max-don-diff` above 0. The numbers are skipped.
    pub fn with_decoding_order() -> Self {
        Self {
            has_order: true,
            ..Self::default()
        }
    }

    fn decode<'a>(&self, payload: &'a [u8]) -> Result<PayloadRef<'a>, DecodeError> {
        PayloadRef::decode(payload, self.has_order)
    }

    fn write(&mut self, structure: Structure<'_>, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match structure {
            Structure::Single(unit) => self.assembly.push(&unit.header.0, unit.data, out),
            Structure::Aggregate(aggregate) => {
                for unit in aggregate.units() {
                    self.assembly.push(&unit.header.0, unit.data, out);
                }
            }
            Structure::Fragment(fragment) => {
                if fragment.start {
                    self.assembly.begin(&fragment.header.0, fragment.data, out);
                } else {
                    self.assembly.extend(fragment.data, out)?;
                }
                if fragment.end {
                    self.assembly.end();
                }
            }
            Structure::Reserved(_) => {}
        }
        Ok(())
    }
}

impl super::Depacketizer for Depacketizer {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        let payload = self.decode(payload).inspect_err(|_| self.assembly.give_up(out))?;
        self.write(payload.structure, out)?;
        Ok(Depacketized {
            key_frame: payload.structure.is_key_frame(),
            incomplete: self.assembly.incomplete(),
        })
    }

    fn reset(&mut self) {
        self.assembly.reset();
    }

    fn is_frame_start(&self, payload: &[u8]) -> bool {
        self.decode(payload)
            .is_ok_and(|payload| payload.structure.is_frame_start())
    }

    fn is_frame_end(&self, marker: bool, _payload: &[u8]) -> bool {
        marker
    }

    fn is_key_frame(&self, payload: &[u8]) -> Option<bool> {
        self.decode(payload).ok()?.structure.is_key_frame()
    }
}

#[cfg(test)]
mod tests;
