//! RFC 3551 §4.1 to §4.3: what the audio formats share.

use super::{Depacketized, Payloads, append};
use crate::DecodeError;

/// Cuts audio whose samples are all of one size, `BYTES` of each channel in a tick of the RTP clock, when a packet does not hold
/// all; each piece has a [timestamp of its own](Payloads::timestamp_offset).
///
/// ```
/// use rtp::payload::{Packetizer, Payloads, l16};
///
/// let (mut stereo, mut payloads) = (l16::Packetizer::new(2), Payloads::new());
/// stereo.packetize(&[0; 10], 9, &mut payloads);
/// assert_eq!(payloads.iter().collect::<Vec<_>>(), [&[0; 8][..], &[0; 2]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SamplePacketizer<const BYTES: usize> {
    /// Bytes of one tick of the RTP clock, all channels together; at least 1.
    tick_len: usize,
}

impl<const BYTES: usize> SamplePacketizer<BYTES> {
    /// For so many interleaved channels.
    pub fn new(channels: u8) -> Self {
        Self {
            tick_len: BYTES.saturating_mul(usize::from(channels)).max(1),
        }
    }

    /// Whole ticks of the RTP clock that so many bytes last.
    pub fn duration(&self, bytes: usize) -> u32 {
        u32::try_from(bytes / self.tick_len).unwrap_or(u32::MAX)
    }
}

impl<const BYTES: usize> super::Packetizer for SamplePacketizer<BYTES> {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
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

impl<const BYTES: usize> Default for SamplePacketizer<BYTES> {
    /// For one channel.
    fn default() -> Self {
        Self::new(1)
    }
}

/// Takes payloads as they are: each is a frame of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainDepacketizer(());

impl PlainDepacketizer {
    /// One without state.
    pub const fn new() -> Self {
        Self(())
    }
}

impl super::Depacketizer for PlainDepacketizer {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        if payload.is_empty() {
            return Err(DecodeError::new("empty payload", 0));
        }
        Ok(append(payload, Some(true), out))
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
