//! color-space of libwebrtc: what the colours of a frame mean (ITU-T H.273, SMPTE ST 2086).

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

/// How colours are coded, and for HDR how they were mastered. On the last packet of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColorSpace {
    /// Colour primaries, ITU-T H.273 table 2.
    pub primaries: u8,
    /// Transfer characteristics, ITU-T H.273 table 3.
    pub transfer: u8,
    /// Matrix coefficients, ITU-T H.273 table 4.
    pub matrix: u8,
    /// 0 unspecified, 1 limited, 2 full, 3 given by matrix and transfer. Only the low two bits are written.
    pub range: u8,
    /// Horizontal place of chroma samples: 0 unspecified, 1 left, 2 half. Only the low two bits are written.
    pub horizontal_siting: u8,
    /// Vertical place of chroma samples: 0 unspecified, 1 top, 2 half. Only the low two bits are written.
    pub vertical_siting: u8,
    /// For high dynamic range; it takes the element to the two-byte form.
    pub hdr: Option<HdrMetadata>,
}

/// How high dynamic range was mastered, and how bright it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HdrMetadata {
    /// Of the mastering display, in cd/m².
    pub luminance_max: u16,
    /// Of the mastering display, in units of 1/10,000 cd/m².
    pub luminance_min: u16,
    /// Primary red of the mastering display.
    pub red: Chromaticity,
    /// Primary green of the mastering display.
    pub green: Chromaticity,
    /// Primary blue of the mastering display.
    pub blue: Chromaticity,
    /// White point of the mastering display.
    pub white: Chromaticity,
    /// Brightest sample, in cd/m².
    pub max_content_light_level: u16,
    /// Brightest frame on average, in cd/m².
    pub max_frame_average_light_level: u16,
}

/// A colour by its CIE 1931 coordinates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chromaticity {
    /// In units of 1/50,000.
    pub x: u16,
    /// In units of 1/50,000.
    pub y: u16,
}

impl ColorSpace {
    const SHORT: usize = 4;
    const LONG: usize = 28;
}

impl HdrMetadata {
    fn decode(data: [u8; 24]) -> Self {
        let (words, _) = data.as_chunks();
        let mut words = words.iter().map(|word| u16::from_be_bytes(*word));
        let mut next = || words.next().unwrap_or_default();
        let (luminance_max, luminance_min) = (next(), next());
        let mut color = || Chromaticity { x: next(), y: next() };
        let (red, green, blue, white) = (color(), color(), color(), color());
        Self {
            luminance_max,
            luminance_min,
            red,
            green,
            blue,
            white,
            max_content_light_level: next(),
            max_frame_average_light_level: next(),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16(self.luminance_max);
        out.put_u16(self.luminance_min);
        for color in [self.red, self.green, self.blue, self.white] {
            out.put_u16(color.x);
            out.put_u16(color.y);
        }
        out.put_u16(self.max_content_light_level);
        out.put_u16(self.max_frame_average_light_level);
    }
}

impl Extension<'_> for ColorSpace {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/color-space";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [primaries, transfer, matrix, rest] = leading(data)?;
        let hdr = data.get(Self::SHORT..).and_then(|rest| rest.first_chunk());
        Ok(Self {
            primaries,
            transfer,
            matrix,
            range: rest >> 4 & 3,
            horizontal_siting: rest >> 2 & 3,
            vertical_siting: rest & 3,
            hdr: hdr.copied().map(HdrMetadata::decode),
        })
    }

    fn encoded_len(&self) -> usize {
        match self.hdr {
            Some(_) => Self::LONG,
            None => Self::SHORT,
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.primaries, self.transfer, self.matrix]);
        out.put_u8((self.range & 3) << 4 | (self.horizontal_siting & 3) << 2 | self.vertical_siting & 3);
        if let Some(hdr) = &self.hdr {
            hdr.encode(out);
        }
    }
}
