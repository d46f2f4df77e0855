//! RFC 3551 §4.5.14: G.711, µ-law (PCMU) and A-law (PCMA). Eight bits a sample, eight thousand samples a second.

use super::{PlainDepacketizer, SamplePacketizer};

/// The static payload type of µ-law with one channel.
pub const PCMU: u8 = 0;
/// The static payload type of A-law with one channel.
pub const PCMA: u8 = 8;
/// Ticks of the RTP clock in a second.
pub const CLOCK_RATE: u32 = 8000;

/// Cuts G.711 between samples.
pub type Packetizer = SamplePacketizer<1>;
/// Takes payloads as they are.
pub type Depacketizer = PlainDepacketizer;

/// A linear sample as µ-law (ITU-T G.711).
///
/// ```
/// use rtp::payload::g711;
///
/// let payload: Vec<u8> = [0, 1000, -1000].map(g711::encode_ulaw).into();
/// assert_eq!(payload, [0xff, 0xce, 0x4e]);
/// assert_eq!(g711::decode_ulaw(0xce), 988); // the nearest level
/// ```
pub fn encode_ulaw(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs().min(32_635) + 132;
    let exponent = 8 - magnitude.leading_zeros().min(8);
    let mantissa = magnitude >> (exponent + 3) & 0x0f;
    let code = exponent.to_le_bytes()[0] << 4 | mantissa.to_le_bytes()[0];
    !(if sample < 0 { code | 0x80 } else { code })
}

/// A µ-law sample as a linear one, of at most ±32,124.
pub fn decode_ulaw(code: u8) -> i16 {
    let code = !code;
    let magnitude = (((i16::from(code & 0x0f) << 3) + 132) << (code >> 4 & 7)) - 132;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// A linear sample as A-law (ITU-T G.711).
///
/// ```
/// use rtp::payload::g711;
///
/// let payload: Vec<u8> = [0, 1000, -1000].map(g711::encode_alaw).into();
/// assert_eq!(payload, [0xd5, 0xfa, 0x7a]);
/// assert_eq!(g711::decode_alaw(0xfa), 1008);
/// ```
pub fn encode_alaw(sample: i16) -> u8 {
    let magnitude = (if sample < 0 { !sample } else { sample }).unsigned_abs() >> 4;
    let exponent = 12 - magnitude.leading_zeros().min(12);
    let mantissa = magnitude >> exponent.saturating_sub(1) & 0x0f;
    let code = exponent.to_le_bytes()[0] << 4 | mantissa.to_le_bytes()[0];
    (if sample < 0 { code } else { code | 0x80 }) ^ 0x55
}

/// An A-law sample as a linear one, of at most ±32,256.
pub fn decode_alaw(code: u8) -> i16 {
    let code = code ^ 0x55;
    let exponent = code >> 4 & 7;
    let mantissa = i16::from(code & 0x0f) << 4;
    let magnitude = match exponent.checked_sub(1) {
        None => mantissa + 8,
        Some(shift) => (mantissa + 0x108) << shift,
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::super::{Packetizer as _, Payloads};
    use super::*;

    #[test]
    fn knows_the_ends_of_both_laws() {
        // ITU-T G.711 tables 1 and 2, scaled to 16 bits.
        for (code, ulaw, alaw) in [
            (0x00, -32_124, -5_504),
            (0x80, 32_124, 5_504),
            (0xff, 0, 848),
            (0x7f, 0, -848),
            (0x2a, -5_372, -32_256),
            (0xaa, 5_372, 32_256),
            (0xd5, 716, 8),
            (0x55, -716, -8),
        ] {
            assert_eq!((decode_ulaw(code), decode_alaw(code)), (ulaw, alaw), "{code:#x}");
        }
    }

    #[test]
    fn every_code_is_the_nearest_of_its_level() {
        for code in 0..=255 {
            let level = decode_ulaw(code);
            assert_eq!(decode_ulaw(encode_ulaw(level)), level);
            assert_eq!(encode_alaw(decode_alaw(code)), code);
        }
        for sample in i16::MIN..=i16::MAX {
            let error = |level: i16| (i32::from(level) - i32::from(sample)).abs();
            let bound = i32::from(sample).abs() / 16 + 16;
            assert!(error(decode_alaw(encode_alaw(sample))) <= bound, "{sample}");
            assert!(
                error(decode_ulaw(encode_ulaw(sample))) <= bound.max(650),
                "{sample}"
            );
        }
    }

    #[test]
    fn cuts_between_the_samples_of_one_instant() {
        let frame: Vec<u8> = (0..=255).collect();
        let mut payloads = Payloads::new();
        Packetizer::new(2).packetize(&frame, 101, &mut payloads);
        let sizes: Vec<_> = payloads.iter().map(<[u8]>::len).collect();
        assert_eq!(sizes, [86, 86, 84]);
        assert_eq!(payloads.timestamp_offset(1), 43);
        assert_eq!(payloads.timestamp_offset(2), 86);
        assert_eq!(payloads.iter().flatten().copied().collect::<Vec<_>>(), frame);
        Packetizer::new(2).packetize(&frame, 1, &mut payloads);
        assert!(payloads.is_empty());
    }
}
