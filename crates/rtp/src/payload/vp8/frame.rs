//! RFC 7741 §4.3 and RFC 6386 §9.1: the uncompressed beginning of a frame.

use super::super::reader::Reader;
use crate::DecodeError;

/// The beginning of a VP8 frame.
///
/// ```
/// use rtp::payload::vp8::FrameHeader;
///
/// let frame = [0x50, 0x31, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
/// let header = FrameHeader::decode(&frame)?;
/// assert_eq!(header.dimensions, Some((640, 480)));
/// assert!(header.is_key_frame());
///
/// assert!(FrameHeader::decode(&frame[..9]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The version of the bitstream, 0 to 3 in practice.
    pub version: u8,
    /// Whether the frame is to be shown.
    pub is_shown: bool,
    /// Bytes of the first partition.
    pub first_partition_len: u32,
    /// Width and height in pixels, without scaling; key frames alone have them.
    pub dimensions: Option<(u16, u16)>,
}

impl FrameHeader {
    /// Reads the beginning of a frame.
    ///
    /// # Errors
    /// When it is cut off, or when a key frame has not its start code.
    pub fn decode(frame: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(frame);
        let [b0, b1, b2] = reader.array()?;
        let tag = u32::from_le_bytes([b0, b1, b2, 0]);
        let mut header = Self {
            version: b0 >> 1 & 7,
            is_shown: b0 & 0x10 != 0,
            first_partition_len: tag >> 5,
            dimensions: None,
        };
        if b0 & 1 == 0 {
            if reader.array()? != [0x9d, 0x01, 0x2a] {
                return Err(reader.error("no start code"));
            }
            let [w0, w1, h0, h1] = reader.array()?;
            let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
            header.dimensions = Some((size(w0, w1), size(h0, h1)));
        }
        Ok(header)
    }

    /// Whether decoding can start here.
    pub const fn is_key_frame(&self) -> bool {
        self.dimensions.is_some()
    }
}
