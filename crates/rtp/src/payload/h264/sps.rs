//! ITU-T H.264 §7.3.2.1.1: the sequence parameter set, as far as it tells the profile and the size of pictures.

use super::super::nal::Rbsp;
use super::super::reader::BitReader;
use super::NalType;
use crate::DecodeError;

/// A sequence parameter set.
///
/// ```
/// use rtp::payload::h264::SequenceParameterSet;
///
/// let unit = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0x40];
/// let set = SequenceParameterSet::decode(&unit)?;
/// assert_eq!(set.profile_level_id(), [0x42, 0xc0, 0x1f]);
/// assert_eq!(set.dimensions, (1280, 720));
///
/// assert!(SequenceParameterSet::decode(&unit[..7]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceParameterSet {
    /// profile_idc, the profile: 66 is Baseline, 77 Main, 100 High.
    pub profile: u8,
    /// The constraint flags, constraint_set0_flag first.
    pub constraints: u8,
    /// level_idc, ten times the level in most cases.
    pub level: u8,
    /// Width and height of pictures in pixels, after cropping.
    pub dimensions: (u32, u32),
}

impl SequenceParameterSet {
    /// Reads a NAL unit without start code.
    ///
    /// # Errors
    /// When the unit is no sequence parameter set, is cut off, or makes no sense. Sets longer than 256 bytes are not read.
    pub fn decode(unit: &[u8]) -> Result<Self, DecodeError> {
        let Some(([first, profile, constraints, level], rest)) = unit.split_first_chunk() else {
            return Err(DecodeError::new("truncated", unit.len()));
        };
        if NalType::of(*first) != NalType::SPS {
            return Err(DecodeError::new("no sequence parameter set", 0));
        }
        let rbsp = Rbsp::new(rest);
        let mut bits = BitReader::new(rbsp.as_bytes());
        let dimensions = dimensions(&mut bits, *profile);
        Ok(Self {
            profile: *profile,
            constraints: *constraints,
            level: *level,
            dimensions: dimensions.ok_or(DecodeError::new("no picture size", 4))?,
        })
    }

    /// The three bytes of `profile-level-id` in SDP (RFC 6184 §8.1).
    pub const fn profile_level_id(&self) -> [u8; 3] {
        [self.profile, self.constraints, self.level]
    }
}

fn dimensions(bits: &mut BitReader<'_>, profile: u8) -> Option<(u32, u32)> {
    bits.golomb()?; // seq_parameter_set_id
    let chroma = if matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 134 | 135 | 138 | 139
    ) {
        high_profile(bits)?
    } else {
        1
    };
    bits.golomb()?; // log2_max_frame_num_minus4
    picture_order(bits)?;
    bits.golomb()?; // max_num_ref_frames
    bits.flag()?; // gaps_in_frame_num_value_allowed_flag
    let width = bits.golomb()?.checked_add(1)?.checked_mul(16)?;
    let height_units = bits.golomb()?.checked_add(1)?;
    let fields = if bits.flag()? { 1 } else { 2 };
    if fields == 2 {
        bits.flag()?; // mb_adaptive_frame_field_flag
    }
    bits.flag()?; // direct_8x8_inference_flag
    let height = height_units.checked_mul(16 * fields)?;
    if !bits.flag()? {
        return Some((width, height));
    }
    let mut crop = || bits.golomb()?.checked_add(bits.golomb()?);
    let (horizontal, vertical) = (crop()?, crop()?);
    let unit_x = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let unit_y = if chroma == 1 { 2 } else { 1 };
    Some((
        width.checked_sub(horizontal.checked_mul(unit_x)?)?,
        height.checked_sub(vertical.checked_mul(unit_y * fields)?)?,
    ))
}

/// What the high profiles have in front; the chroma format, 0 when the planes are separate.
fn high_profile(bits: &mut BitReader<'_>) -> Option<u32> {
    let mut chroma = bits.golomb()?;
    let lists = if chroma == 3 { 12 } else { 8 };
    if chroma == 3 && bits.flag()? {
        chroma = 0;
    }
    bits.golomb()?; // bit_depth_luma_minus8
    bits.golomb()?; // bit_depth_chroma_minus8
    bits.flag()?; // qpprime_y_zero_transform_bypass_flag
    if bits.flag()? {
        for list in 0..lists {
            if bits.flag()? {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(chroma)
}

/// §7.3.2.1.1.1: differences, until the scale becomes 0.
fn scaling_list(bits: &mut BitReader<'_>, len: usize) -> Option<()> {
    let mut scale = 8i32;
    for _ in 0..len {
        scale = scale.checked_add(bits.signed_golomb()?)? & 0xff;
        if scale == 0 {
            break;
        }
    }
    Some(())
}

fn picture_order(bits: &mut BitReader<'_>) -> Option<()> {
    match bits.golomb()? {
        0 => {
            bits.golomb()?; // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            bits.flag()?; // delta_pic_order_always_zero_flag
            bits.golomb()?; // offset_for_non_ref_pic
            bits.golomb()?; // offset_for_top_to_bottom_field
            for _ in 0..bits.golomb()?.min(255) {
                bits.golomb()?; // offset_for_ref_frame
            }
        }
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static [u8], u8, u8, (u32, u32));

    /// What x264 writes, for each: profile, level, size.
    const SETS: [Row; 5] = [
        (
            &[
                0x67, 0x64, 0x00, 0x15, 0xac, 0xd9, 0x41, 0xf0, 0xbf, 0x88, 0x93, 0x01, 0x10, 0x00, 0x00,
                0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x62, 0xd9, 0x60,
            ],
            100,
            21,
            (482, 362), // cropped
        ),
        (
            &[
                0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00,
                0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x18, 0x32, 0x48,
            ],
            66,
            31,
            (640, 360),
        ),
        (
            &[
                0x67, 0xf4, 0x00, 0x0d, 0x91, 0x9b, 0x28, 0x2a, 0x33, 0xc7, 0xc5, 0xe0, 0x22, 0x00, 0x00,
                0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x64, 0x1e, 0x28, 0x53, 0x2c,
            ],
            244,
            13,
            (322, 182), // 4:4:4
        ),
        (
            &[
                0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xb4, 0x24, 0xd8, 0x08, 0x80, 0x00, 0x00, 0x03,
                0x00, 0x80, 0x00, 0x00, 0x19, 0x0f, 0x8a, 0x14, 0xcb,
            ],
            100,
            30,
            (720, 576), // interlaced
        ),
        (
            &[
                0x67, 0x7a, 0x00, 0x28, 0xbc, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe2, 0x70, 0x11, 0x00, 0x00,
                0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x18, 0x31, 0x96,
            ],
            122,
            40,
            (1920, 1080), // 4:2:2
        ),
    ];

    #[test]
    fn reads_what_an_encoder_writes() {
        for (unit, profile, level, dimensions) in SETS {
            let set = SequenceParameterSet::decode(unit).unwrap();
            assert_eq!(
                (set.profile, set.level, set.dimensions),
                (profile, level, dimensions)
            );
            for len in 0..8 {
                assert!(SequenceParameterSet::decode(&unit[..len]).is_err(), "{len}");
            }
        }
        assert!(SequenceParameterSet::decode(&[0x68, 0x42, 0xc0, 0x1f, 0xda, 1, 0x40, 0x16, 0xe8]).is_err());
    }

    #[test]
    fn reads_scaling_lists_and_order_counts() {
        // High: id 0; 4:2:0, 8 bits; one list of sixteen that stays at 8, seven that are not there; type 1 with a cycle of one;
        // 2 × 1 macroblocks of frames; no cropping.
        let bits = [
            "1 010 1 1 0 1", // chroma_format_idc 1
            "1",
            &"1".repeat(16),
            &"0".repeat(7),
            "1 010 0 1 1 010 1",
            "1 0 010 1 1 0 0 1",
        ];
        let bits: Vec<_> = bits.concat().bytes().filter(|bit| *bit != b' ').collect();
        let bytes = bits.chunks(8).map(|bits| {
            bits.iter()
                .enumerate()
                .fold(0, |byte, (at, bit)| byte | (bit - b'0') << (7 - at))
        });
        let unit: Vec<u8> = [0x67, 100, 0, 31].into_iter().chain(bytes).collect();
        assert_eq!(SequenceParameterSet::decode(&unit).unwrap().dimensions, (32, 16));
    }

    #[test]
    fn makes_nothing_of_nonsense() {
        for byte in 0..=255 {
            let unit = [&[0x67, 100, 0, 31][..], &[byte; 300]].concat();
            let _: Result<_, _> = SequenceParameterSet::decode(&unit);
        }
    }
}
