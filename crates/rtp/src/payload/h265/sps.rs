//! ITU-T H.265 §7.3.2.2 and §7.3.3: the sequence parameter set, as far as it tells the profile and the size of pictures.

use super::super::nal::Rbsp;
use super::super::reader::BitReader;
use super::{NalHeader, NalType};
use crate::DecodeError;

/// A sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceParameterSet {
    /// general_profile_idc, the profile: 1 is Main, 2 Main 10.
    pub profile: u8,
    /// general_tier_flag: whether the tier is the high one.
    pub is_high_tier: bool,
    /// general_level_idc, thirty times the level.
    pub level: u8,
    /// Width and height of pictures in pixels, inside the conformance window.
    pub dimensions: (u32, u32),
}

impl SequenceParameterSet {
    /// Reads a NAL unit without start code.
    ///
    /// # Errors
    /// When the unit is no sequence parameter set, is cut off, or makes no sense. Only the first 256 bytes are read.
    pub fn decode(unit: &[u8]) -> Result<Self, DecodeError> {
        if NalHeader::of(unit).map(NalHeader::nal_type) != Some(NalType::SPS) {
            return Err(DecodeError::new("no sequence parameter set", 0));
        }
        let rbsp = Rbsp::new(unit.get(2..).unwrap_or_default());
        let mut bits = BitReader::new(rbsp.as_bytes());
        Self::read(&mut bits).ok_or(DecodeError::new("no picture size", 2))
    }

    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        bits.bits(4)?; // sps_video_parameter_set_id
        let sub_layers = bits.bits(3)?; // sps_max_sub_layers_minus1
        bits.flag()?; // sps_temporal_id_nesting_flag
        bits.bits(2)?; // general_profile_space
        let is_high_tier = bits.flag()?;
        let profile = u8::try_from(bits.bits(5)?).ok()?;
        bits.skip(80)?; // flags of compatibility and constraints
        let level = u8::try_from(bits.bits(8)?).ok()?;
        skip_sub_layers(bits, sub_layers)?;
        bits.golomb()?; // sps_seq_parameter_set_id
        let mut chroma = bits.golomb()?;
        if chroma == 3 && bits.flag()? {
            chroma = 0;
        }
        let (mut width, mut height) = (bits.golomb()?, bits.golomb()?);
        if bits.flag()? {
            let mut window = || bits.golomb()?.checked_add(bits.golomb()?);
            let (horizontal, vertical) = (window()?, window()?);
            let unit_x = if matches!(chroma, 1 | 2) { 2 } else { 1 };
            let unit_y = if chroma == 1 { 2 } else { 1 };
            width = width.checked_sub(horizontal.checked_mul(unit_x)?)?;
            height = height.checked_sub(vertical.checked_mul(unit_y)?)?;
        }
        Some(Self {
            profile,
            is_high_tier,
            level,
            dimensions: (width, height),
        })
    }
}

/// Profiles and levels of the temporal sub-layers.
fn skip_sub_layers(bits: &mut BitReader<'_>, sub_layers: u32) -> Option<()> {
    let mut len = 0;
    for _ in 0..sub_layers {
        len += if bits.flag()? { 88 } else { 0 };
        len += if bits.flag()? { 8 } else { 0 };
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - usize::try_from(sub_layers).ok()?))?;
    }
    bits.skip(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static [u8], u8, bool, u8, (u32, u32));

    /// What x265 writes, for each: profile, whether the tier is high, level, size.
    const SETS: [Row; 4] = [
        (
            &[
                0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
                0x03, 0x00, 0x3f, 0xa0, 0x0f, 0x48, 0x05, 0xc7, 0x24, 0x99, 0x65, 0x66, 0x92, 0x4c, 0xaf,
                0x01, 0x68, 0x08,
            ],
            1,
            false,
            63,
            (482, 362), // with a window
        ),
        (
            &[
                0x42, 0x01, 0x01, 0x22, 0x20, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
                0x03, 0x00, 0x7b, 0xa0, 0x03, 0xc0, 0x80, 0x10, 0xe4, 0xd9, 0x65, 0x66, 0x92, 0x4c, 0xaf,
                0x01, 0x68, 0x08,
            ],
            2,
            true,
            123,
            (1920, 1080),
        ),
        (
            &[
                0x42, 0x01, 0x01, 0x04, 0x08, 0x00, 0x00, 0x03, 0x00, 0x9e, 0x08, 0x00, 0x00, 0x03, 0x00,
                0x00, 0x3c, 0x90, 0x01, 0x49, 0x01, 0x73, 0x9e, 0xf2, 0xca, 0xcd, 0x24, 0x99, 0x5e, 0x02,
                0xd0, 0x10,
            ],
            4,
            false,
            60,
            (322, 182), // 4:4:4
        ),
        // The same as x265 would write 640 × 360, with a sub-layer in between.
        (
            &[
                0x42, 0x01, 0x03, 0x01, 0x61, 0x11, 0x11, 0x11, 0x90, 0x11, 0x11, 0x11, 0x11, 0x11, 0x3f,
                0xc0, 0x00, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x3f, 0xa0,
                0x05, 0x02, 0x01, 0x69, 0x65, 0x95,
            ],
            1,
            false,
            63,
            (640, 360),
        ),
    ];

    #[test]
    fn reads_what_an_encoder_writes() {
        for (unit, profile, is_high_tier, level, dimensions) in SETS {
            let set = SequenceParameterSet::decode(unit).unwrap();
            let expected = SequenceParameterSet {
                profile,
                is_high_tier,
                level,
                dimensions,
            };
            assert_eq!(set, expected);
            for len in 0..18 {
                assert!(SequenceParameterSet::decode(&unit[..len]).is_err(), "{len}");
            }
        }
        assert!(SequenceParameterSet::decode(&[0x44, 0x01, 0xc1]).is_err());
    }
}
