//! RFC 3551 §4.5.2: G.722 at 64 kbit/s. It has 16,000 samples a second, in octets of two; its RTP clock runs at 8,000 by an old
//! mistake, so one octet is one tick.

use super::Payloads;
use super::audio::{Samples, whole_frames};

/// The static payload type with one channel.
pub const PAYLOAD_TYPE: u8 = 9;
/// Ticks of the RTP clock in a second.
pub const CLOCK_RATE: u32 = 8000;
/// Audio samples in a second.
pub const SAMPLE_RATE: u32 = 16_000;

/// Cuts G.722 between octets, when a packet does not hold all; each piece has a
/// [timestamp of its own](Payloads::timestamp_offset).
#[derive(Clone, Copy, Debug)]
pub struct Packetizer(Samples);

impl Packetizer {
    /// For so many interleaved channels.
    pub fn new(channels: u8) -> Self {
        Self(Samples::new(1, channels))
    }

    /// Ticks of the RTP clock that so many bytes last: two audio samples each.
    pub fn duration(&self, bytes: usize) -> u32 {
        self.0.duration(bytes)
    }
}

impl super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        self.0.packetize(frame, mtu, out);
    }
}

impl Default for Packetizer {
    /// For one channel.
    fn default() -> Self {
        Self::new(1)
    }
}

/// Takes payloads as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depacketizer(());

impl Depacketizer {
    /// One without state.
    pub const fn new() -> Self {
        Self(())
    }
}

whole_frames!(Depacketizer);

#[cfg(test)]
mod tests {
    use super::super::Packetizer as _;
    use super::*;

    #[test]
    fn twenty_milliseconds_are_160_ticks() {
        let mut payloads = Payloads::new();
        let mut packetizer = Packetizer::default();
        packetizer.packetize(&[7; 160], 1200, &mut payloads);
        assert_eq!(payloads.iter().collect::<Vec<_>>(), [[7; 160]]);
        assert_eq!(packetizer.duration(160), CLOCK_RATE / 50);
    }
}
