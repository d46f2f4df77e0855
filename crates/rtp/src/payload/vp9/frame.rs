//! VP9 bitstream specification §6.2: the uncompressed header, as far as a packetizer and statistics need it.

use super::super::reader::BitReader;
use crate::DecodeError;

/// The beginning of a VP9 frame.
///
/// ```
/// use rtp::payload::vp9::FrameHeader;
///
/// let frame = [0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30];
/// let header = FrameHeader::decode(&frame)?;
/// assert!(header.is_key_frame);
/// assert_eq!(header.dimensions, Some((320, 180)));
///
/// assert!(FrameHeader::decode(&frame[..8]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameHeader {
    /// The profile, 0 to 3.
    pub profile: u8,
    /// Whether decoding can start here.
    pub is_key_frame: bool,
    /// Whether it refers to no other frame, without being a key frame.
    pub is_intra_only: bool,
    /// Whether the frame is to be shown.
    pub is_shown: bool,
    /// Width and height in pixels; key frames alone have them here.
    pub dimensions: Option<(u16, u16)>,
}

impl FrameHeader {
    /// Reads the beginning of a frame.
    ///
    /// # Errors
    /// When it is cut off, or not VP9.
    pub fn decode(frame: &[u8]) -> Result<Self, DecodeError> {
        let mut bits = BitReader::new(frame);
        Self::read(&mut bits).ok_or(DecodeError::new("no VP9 frame header", 0))
    }

    fn read(bits: &mut BitReader<'_>) -> Option<Self> {
        if bits.bits(2)? != 2 {
            return None;
        }
        let (low, high) = (bits.flag()?, bits.flag()?);
        let mut header = Self {
            profile: u8::from(high) << 1 | u8::from(low),
            ..Self::default()
        };
        if header.profile == 3 {
            bits.flag()?;
        }
        if bits.flag()? {
            header.is_shown = true; // an earlier frame
            return Some(header);
        }
        header.is_key_frame = !bits.flag()?;
        header.is_shown = bits.flag()?;
        bits.flag()?; // error_resilient_mode
        if header.is_key_frame {
            header.dimensions = Some(dimensions(bits, header.profile)?);
        } else if !header.is_shown {
            header.is_intra_only = bits.flag()?;
        }
        Some(header)
    }
}

/// frame_sync_code, color_config and frame_size.
fn dimensions(bits: &mut BitReader<'_>, profile: u8) -> Option<(u16, u16)> {
    const RGB: u32 = 7;
    if bits.bits(24)? != 0x0049_8342 {
        return None;
    }
    if profile >= 2 {
        bits.flag()?; // ten_or_twelve_bit
    }
    let is_rgb = bits.bits(3)? == RGB;
    if !is_rgb {
        bits.flag()?; // color_range
    }
    if profile & 1 == 1 {
        bits.bits(if is_rgb { 1 } else { 3 })?; // subsampling, reserved
    }
    let mut size = || u16::try_from(bits.bits(16)? + 1).ok();
    Some((size()?, size()?))
}
