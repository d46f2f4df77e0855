//! AV1 bitstream specification §5.5: the sequence header, as far as it tells the profile and the size of frames.

use super::super::reader::BitReader;
use super::{ObuRef, ObuType};
use crate::DecodeError;

/// A sequence header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceHeader {
    /// seq_profile: 0 is Main, 1 High, 2 Professional.
    pub profile: u8,
    /// seq_level_idx of the first operating point; 8 is level 4.0.
    pub level: u8,
    /// Whether the first operating point is of the high tier.
    pub is_high_tier: bool,
    /// Width and height of the largest frames in pixels.
    pub dimensions: (u32, u32),
}

impl SequenceHeader {
    /// Reads it from its OBU.
    ///
    /// # Errors
    /// When the OBU is no sequence header, or is cut off.
    pub fn decode(obu: &ObuRef<'_>) -> Result<Self, DecodeError> {
        if obu.obu_type() != ObuType::SEQUENCE_HEADER {
            return Err(DecodeError::new("no sequence header", 0));
        }
        let mut bits = BitReader::new(obu.payload);
        Self::read(&mut bits).ok_or(DecodeError::new("no frame size", 0))
    }

    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        let profile = u8::try_from(bits.bits(3)?).ok()?;
        bits.flag()?; // still_picture
        let is_reduced = bits.flag()?;
        let (level, is_high_tier) = if is_reduced {
            (bits.bits(5)?, false)
        } else {
            operating_points(bits)?
        };
        let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
        Some(Self {
            profile,
            level: u8::try_from(level).ok()?,
            is_high_tier,
            dimensions: (bits.bits(width_bits)? + 1, bits.bits(height_bits)? + 1),
        })
    }
}

/// Timing and operating points; the level and tier of the first one.
fn operating_points(bits: &mut BitReader<'_>) -> Option<(u32, bool)> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.skip(64)?; // num_units_in_display_tick, time_scale
        if bits.flag()? {
            skip_uvlc(bits)?; // num_ticks_per_picture_minus_1
        }
        if bits.flag()? {
            delay_bits = Some(usize::try_from(bits.bits(5)? + 1).ok()?);
            bits.skip(42)?; // num_units_in_decoding_tick and the lengths of two fields
        }
    }
    let has_display_delay = bits.flag()?;
    let mut first = None;
    for _ in 0..=bits.bits(5)? {
        bits.bits(12)?; // operating_point_idc
        let level = bits.bits(5)?;
        let is_high_tier = level > 7 && bits.flag()?;
        first.get_or_insert((level, is_high_tier));
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits + 1)?;
        }
        if has_display_delay && bits.flag()? {
            bits.skip(4)?;
        }
    }
    first
}

/// §4.10.3: as many bits as there are zeros in front of the first one.
fn skip_uvlc(bits: &mut BitReader<'_>) -> Option<()> {
    let mut zeros = 0;
    while !bits.flag()? {
        zeros += 1;
    }
    if zeros < 32 { bits.skip(zeros) } else { Some(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_encoders_write() {
        // libaom, SVT-AV1 and rav1e.
        let headers: [(&[u8], u8, (u32, u32)); 3] = [
            (
                &[
                    0x0a, 0x0b, 0, 0, 0, 0x0c, 0x47, 0x86, 0xd2, 0x6d, 0x7c, 0x80, 0x20,
                ],
                1,
                (482, 362),
            ),
            (
                &[
                    0x0a, 0x0b, 0, 0, 0, 0x42, 0xab, 0xbf, 0xc3, 0x73, 0xef, 0xe4, 0x01,
                ],
                8,
                (1920, 1080),
            ),
            (
                &[
                    0x0a, 0x0e, 0, 0, 0, 0xfa, 0x1e, 0x7f, 0x66, 0x21, 0x0a, 0x88, 0x10, 0x10, 0x10, 0xa0,
                ],
                31,
                (320, 180),
            ),
        ];
        for (bytes, level, dimensions) in headers {
            let obu = ObuRef::decode(bytes).unwrap();
            let header = SequenceHeader::decode(&obu).unwrap();
            assert_eq!(
                (header.profile, header.level, header.dimensions),
                (0, level, dimensions)
            );
            for len in 0..6 {
                let cut = ObuRef {
                    payload: &obu.payload[..len],
                    ..obu
                };
                assert!(SequenceHeader::decode(&cut).is_err(), "{len}");
            }
        }
        let frame = ObuRef::decode(&[0x32, 0x01, 0x10]).unwrap();
        assert!(SequenceHeader::decode(&frame).is_err());
    }

    #[test]
    fn reads_timing_and_operating_points() {
        // Timing with equal intervals, a decoder model of 2-bit delays, two operating points with a display delay each.
        let bits = [
            "001 0 0",
            "1",
            &"01".repeat(32),
            "1 0 0 1 11",
            "1 00001",
            &"0".repeat(42),
            "1 00001",
            "000000000001 01001 1 1 11 11 0 1 1010",
            "000000000001 00001 0 0",
            "1001 1000 1001111111 101100111",
        ];
        let bits: Vec<_> = bits.concat().bytes().filter(|bit| *bit != b' ').collect();
        let bytes = bits.chunks(8).map(|bits| {
            bits.iter()
                .enumerate()
                .fold(0, |byte, (at, bit)| byte | (bit - b'0') << (7 - at))
        });
        let bytes: Vec<u8> = [0x08].into_iter().chain(bytes).collect();
        let header = SequenceHeader::decode(&ObuRef::decode(&bytes).unwrap()).unwrap();
        let expected = SequenceHeader {
            profile: 1,
            level: 9,
            is_high_tier: true,
            dimensions: (640, 360),
        };
        assert_eq!(header, expected);
    }
}
