//! RFC 9628: VP9. Each payload begins with a descriptor; a frame is one spatial layer of a picture, and the marker ends the
//! picture (§4.1).

mod descriptor;
mod frame;
mod packetizer;
mod renumberer;
mod structure;

use super::{Depacketized, append};
use crate::DecodeError;

pub use descriptor::{Descriptor, DescriptorMut, Layer, References};
pub use frame::FrameHeader;
pub use packetizer::{Config, FrameInfo, Packetizer};
pub use renumberer::Renumberer;
pub use structure::{GroupPicture, Structure, StructureRef};

/// Puts VP9 pictures together: the frames of their spatial layers, one behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depacketizer(());

impl Depacketizer {
    /// One without state.
    pub const fn new() -> Self {
        Self(())
    }
}

impl super::Depacketizer for Depacketizer {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        let (descriptor, data) = Descriptor::decode(payload)?;
        if data.is_empty() {
            return Err(DecodeError::new("no data behind the descriptor", payload.len()));
        }
        Ok(append(data, descriptor.is_key_frame(), out))
    }

    fn is_frame_start(&self, payload: &[u8]) -> bool {
        Descriptor::decode(payload).is_ok_and(|(descriptor, _)| descriptor.is_picture_start())
    }

    fn is_frame_end(&self, marker: bool, _payload: &[u8]) -> bool {
        marker
    }

    fn is_key_frame(&self, payload: &[u8]) -> Option<bool> {
        let (descriptor, _) = Descriptor::decode(payload).ok()?;
        descriptor.is_key_frame()
    }
}

#[cfg(test)]
mod tests;
