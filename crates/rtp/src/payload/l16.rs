//! RFC 3551 §4.5.11: linear samples of 16 bits in network byte order, channels interleaved.

use super::{PlainDepacketizer, SamplePacketizer};

/// The static payload type of two channels at 44,100 Hz.
pub const STEREO_44100: u8 = 10;
/// The static payload type of one channel at 44,100 Hz.
pub const MONO_44100: u8 = 11;

/// Cuts L16 between sampling instants. Frames are in network byte order; see [`encode`].
pub type Packetizer = SamplePacketizer<2>;
/// Takes payloads as they are; see [`samples`].
pub type Depacketizer = PlainDepacketizer;

/// Appends samples as they travel.
pub fn encode(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
}

/// The samples of a payload; half a sample at its end is dropped.
pub fn samples(payload: &[u8]) -> impl ExactSizeIterator<Item = i16> {
    payload
        .as_chunks::<2>()
        .0
        .iter()
        .map(|bytes| i16::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::super::{Packetizer as _, Payloads};
    use super::*;

    #[test]
    fn keeps_samples_whole() {
        let input: Vec<i16> = (-300..300).collect();
        let (mut frame, mut payloads) = (Vec::new(), Payloads::new());
        encode(&input, &mut frame);
        assert_eq!(frame[..2], [0xfe, 0xd4]);
        Packetizer::new(2).packetize(&frame, 403, &mut payloads);
        assert_eq!(payloads.len(), 3);
        assert_eq!(payloads.timestamp_offset(2), 200);
        assert_eq!(payloads.iter().flat_map(samples).collect::<Vec<_>>(), input);
    }
}
