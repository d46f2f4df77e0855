//! RFC 3551 §4.1 to §4.3: what the audio formats share.

use super::{Depacketized, Payloads};

/// Audio whose samples are all of one size, which may be cut anywhere between two of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples {
    /// Bytes of one tick of the RTP clock, all channels together; at least 1.
    tick_len: usize,
}

impl Samples {
    pub(super) fn new(bytes: usize, channels: u8) -> Self {
        Self {
            tick_len: bytes.saturating_mul(usize::from(channels)).max(1),
        }
    }

    /// Whole ticks of the RTP clock that these bytes last.
    pub(super) fn duration(self, bytes: usize) -> u32 {
        u32::try_from(bytes / self.tick_len).unwrap_or(u32::MAX)
    }

    pub(super) fn packetize(self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        out.clear();
        // RFC 3551 §4.1: the samples of one instant stay in one packet.
        let max = mtu - mtu % self.tick_len;
        if max == 0 {
            return;
        }
        let piece = super::piece_len(frame.len(), max).next_multiple_of(self.tick_len);
        let mut offset = 0;
        for payload in frame.chunks(piece) {
            out.push_at(offset, payload);
            offset = offset.wrapping_add(self.duration(payload.len()));
        }
    }
}

/// Appends a payload that is the frame itself.
pub(super) fn append(payload: &[u8], out: &mut Vec<u8>) -> Depacketized {
    out.extend_from_slice(payload);
    Depacketized {
        key_frame: Some(true),
        incomplete: 0,
    }
}

/// Implements [`Depacketizer`](super::Depacketizer) for a format in which each payload is a frame of its own.
macro_rules! whole_frames {
    ($name:ident) => {
        impl super::Depacketizer for $name {
            fn depacketize(
                &mut self,
                payload: &[u8],
                out: &mut Vec<u8>,
            ) -> Result<super::Depacketized, crate::DecodeError> {
                if payload.is_empty() {
                    return Err(crate::DecodeError::new("empty payload", 0));
                }
                Ok(super::audio::append(payload, out))
            }

            fn is_frame_start(&self, _payload: &[u8]) -> bool {
                true
            }

            fn is_frame_end(&self, _marker: bool, _payload: &[u8]) -> bool {
                true
            }

            fn is_key_frame(&self, _payload: &[u8]) -> Option<bool> {
                Some(true)
            }
        }
    };
}
pub(super) use whole_frames;
