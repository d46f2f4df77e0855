//! RTP Payload Format For AV1, v1.0.0 (AOM). Frames are temporal units in the low-overhead bitstream format: OBUs with sizes. On
//! the way the temporal delimiter and the sizes are left out (§5); sizes are put back, delimiters are not
//! ([`TEMPORAL_DELIMITER`]). Which packets to forward is told by the dependency descriptor, a header extension.

mod assembly;
mod obu;
mod packetizer;
mod payload;
mod sequence;

use super::Depacketized;
use crate::DecodeError;
use assembly::Assembly;

pub use obu::{ObuRef, ObuType, Obus, obus};
pub use packetizer::Packetizer;
pub use payload::{AggregationHeader, Element, PayloadRef};
pub use sequence::SequenceHeader;

/// What stands in front of each temporal unit in files, as IVF and Matroska want it or not.
pub const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0x00];

/// Puts temporal units together. OBUs have their sizes; temporal delimiters and tile lists are left out.
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
        for element in payload.elements() {
            match (element.continues, element.is_continued) {
                (false, false) => assembly::push(element.data, out)?,
                (false, true) => self.assembly.begin(element.data, out),
                (true, is_continued) => {
                    self.assembly.extend(element.data, out)?;
                    if !is_continued {
                        self.assembly.end(out)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl super::Depacketizer for Depacketizer {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        let decoded = PayloadRef::decode(payload);
        if !decoded.is_ok_and(|payload| payload.header().continues) {
            self.assembly.give_up(out);
        }
        let payload = decoded?;
        let start = self.assembly.start(out);
        if let Err(error) = self.write(payload, out) {
            self.assembly.reset();
            out.truncate(start);
            return Err(error);
        }
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
