//! RFC 3551 §4.5.2: G.722 at 64 kbit/s. It has 16,000 samples a second, in octets of two; its RTP clock runs at 8,000 by an old
//! mistake, so one octet is one tick.

use super::{PlainDepacketizer, SamplePacketizer};

/// The static payload type with one channel.
pub const PAYLOAD_TYPE: u8 = 9;
/// Ticks of the RTP clock in a second.
pub const CLOCK_RATE: u32 = 8000;
/// Audio samples in a second.
pub const SAMPLE_RATE: u32 = 16_000;

/// Cuts G.722 between octets, which have two audio samples each.
pub type Packetizer = SamplePacketizer<1>;
/// Takes payloads as they are.
pub type Depacketizer = PlainDepacketizer;

#[cfg(test)]
mod tests {
    use super::super::{Packetizer as _, Payloads};
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
