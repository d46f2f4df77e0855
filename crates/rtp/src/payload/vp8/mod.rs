//! RFC 7741: VP8. Each payload begins with a descriptor; a frame is cut without regard to its partitions (§4.4).

mod descriptor;
mod frame;
mod renumberer;

use super::{Depacketized, Payloads, PictureId, append, piece_len};
use crate::DecodeError;

pub use descriptor::{Descriptor, DescriptorMut, TemporalLayer};
pub use frame::FrameHeader;
pub use renumberer::Renumberer;

/// How frames are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The picture ID of the first frame; each frame counts it up. `None` leaves it out. Default: `PictureId::long(0)`, since 15
    /// bits are what browsers send; RFC 7741 §4.2 allows any start, and a random one tells less.
    pub picture_id: Option<PictureId>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            picture_id: Some(PictureId::long(0)),
        }
    }
}

impl Config {
    /// The default, with this picture ID first.
    pub fn with_picture_id(picture_id: Option<PictureId>) -> Self {
        Self { picture_id }
    }
}

/// Cuts VP8 frames.
#[derive(Clone, Debug, Default)]
pub struct Packetizer {
    next: Descriptor,
    descriptor: Vec<u8>,
}

impl Packetizer {
    /// One with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            next: Descriptor {
                picture_id: config.picture_id,
                ..Descriptor::default()
            },
            descriptor: Vec::with_capacity(Descriptor::MAX_LEN),
        }
    }

    /// What the next frame's payloads say. An encoder with temporal layers, or one that knows which frames can be dropped, sets
    /// the fields before each frame; the picture ID counts by itself, the fields for partitions are overwritten.
    pub fn descriptor_mut(&mut self) -> &mut Descriptor {
        &mut self.next
    }
}

impl super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        out.clear();
        let mut descriptor = Descriptor {
            partition_start: true,
            partition_index: 0,
            ..self.next
        };
        let room = mtu.saturating_sub(descriptor.encoded_len());
        if room == 0 || frame.is_empty() {
            return;
        }
        for piece in frame.chunks(piece_len(frame.len(), room)) {
            self.descriptor.clear();
            descriptor.encode(&mut self.descriptor);
            out.push(&[&self.descriptor, piece]);
            descriptor.partition_start = false;
        }
        self.next.picture_id = self.next.picture_id.map(PictureId::next);
    }
}

/// Puts VP8 frames together.
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
        Ok(append(data, descriptor.is_key_frame(data), out))
    }

    fn is_frame_start(&self, payload: &[u8]) -> bool {
        // S is bit 3, PID the last three (§4.2).
        payload.first().is_some_and(|first| first & 0x17 == 0x10)
    }

    fn is_frame_end(&self, marker: bool, _payload: &[u8]) -> bool {
        marker
    }

    fn is_key_frame(&self, payload: &[u8]) -> Option<bool> {
        let (descriptor, data) = Descriptor::decode(payload).ok()?;
        descriptor.is_key_frame(data)
    }
}

#[cfg(test)]
mod tests;
