//! AV1 bitstream specification §5.2, §5.3 and §4.10.5: OBUs, their headers and their sizes.

use super::super::reader::Reader;
use crate::DecodeError;

/// The bit of the header that says that the size is there.
pub(super) const HAS_SIZE: u8 = 0x02;
const HAS_EXTENSION: u8 = 0x04;

/// The type of an open bitstream unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObuType(pub u8);

impl ObuType {
    /// A sequence header.
    pub const SEQUENCE_HEADER: Self = Self(1);
    /// A temporal delimiter; it does not travel.
    pub const TEMPORAL_DELIMITER: Self = Self(2);
    /// A frame header, whose tiles follow in tile groups.
    pub const FRAME_HEADER: Self = Self(3);
    /// A tile group.
    pub const TILE_GROUP: Self = Self(4);
    /// Metadata.
    pub const METADATA: Self = Self(5);
    /// A frame header and a tile group in one.
    pub const FRAME: Self = Self(6);
    /// A frame header once more.
    pub const REDUNDANT_FRAME_HEADER: Self = Self(7);
    /// A tile list; it does not travel.
    pub const TILE_LIST: Self = Self(8);
    /// Padding.
    pub const PADDING: Self = Self(15);

    /// That of the OBU whose header begins with this byte.
    pub const fn of(first: u8) -> Self {
        Self(first >> 3 & 0x0f)
    }

    /// Whether it may be in an RTP payload (payload format §5).
    pub const fn is_sent(self) -> bool {
        !matches!(self, Self::TEMPORAL_DELIMITER | Self::TILE_LIST)
    }
}

/// An open bitstream unit.
///
/// ```text
/// |0| type (4) |X|S|-|  |TID (3)|SID (2)|-|-|-| (X)  |size, leb128 (S)|payload
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObuRef<'a> {
    /// The first byte of the header.
    pub(super) first: u8,
    /// The second byte of the header, which tells the layer.
    pub(super) extension: Option<u8>,
    /// What comes behind the header and the size.
    pub payload: &'a [u8],
}

impl<'a> ObuRef<'a> {
    /// Reads an OBU that is all of `bytes`, whether its size is there or not.
    ///
    /// # Errors
    /// When it is cut off, or its size is not that of `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let obu = Self::read(&mut reader)?;
        if reader.is_empty() {
            Ok(obu)
        } else {
            Err(reader.error("bytes behind the OBU"))
        }
    }

    /// Reads the next OBU; one without size is the last.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let first = reader.u8()?;
        if first & 0x80 != 0 {
            return Err(reader.error("the forbidden bit of an OBU is set"));
        }
        let extension = if first & HAS_EXTENSION == 0 {
            None
        } else {
            Some(reader.u8()?)
        };
        let len = if first & HAS_SIZE == 0 {
            reader.rest().len()
        } else {
            read_leb128(reader)?
        };
        Ok(Self {
            first,
            extension,
            payload: reader.take(len)?,
        })
    }

    /// What it is.
    pub const fn obu_type(&self) -> ObuType {
        ObuType::of(self.first)
    }

    /// The temporal layer, 0 to 7, when it is told.
    pub fn temporal_id(&self) -> Option<u8> {
        self.extension.map(|extension| extension >> 5)
    }

    /// The spatial layer, 0 to 3, when it is told.
    pub fn spatial_id(&self) -> Option<u8> {
        self.extension.map(|extension| extension >> 3 & 3)
    }

    /// Whether it tells that its frame is a key frame or not: frame headers do, and a sequence header comes with a key frame.
    pub(super) fn is_key_frame(&self) -> Option<bool> {
        match self.obu_type() {
            ObuType::SEQUENCE_HEADER => Some(true),
            ObuType::FRAME | ObuType::FRAME_HEADER | ObuType::REDUNDANT_FRAME_HEADER => {
                // show_existing_frame, then frame_type, of which 0 is KEY_FRAME.
                let first = self.payload.first()?;
                (first & 0x80 == 0).then_some(first & 0x60 == 0)
            }
            _ => None,
        }
    }
}

/// The OBUs of a temporal unit. The last item is an error when one is cut off.
///
/// ```
/// use rtp::payload::av1::{ObuType, TEMPORAL_DELIMITER, obus};
///
/// let unit = [&TEMPORAL_DELIMITER[..], &[0x32, 2, 0x10, 0xaa]].concat();
/// let types: Vec<_> = obus(&unit).map(|obu| obu.map(|obu| obu.obu_type())).collect();
/// assert_eq!(types, [Ok(ObuType::TEMPORAL_DELIMITER), Ok(ObuType::FRAME)]);
///
/// assert!(obus(&unit[..5]).last().unwrap().is_err());
/// ```
pub const fn obus(temporal_unit: &[u8]) -> Obus<'_> {
    Obus {
        reader: Reader::new(temporal_unit),
    }
}

/// Iterates over the OBUs of a temporal unit.
#[derive(Clone, Debug)]
pub struct Obus<'a> {
    reader: Reader<'a>,
}

impl Obus<'_> {
    /// How many bytes have been read.
    pub(super) const fn offset(&self) -> usize {
        self.reader.offset()
    }
}

impl<'a> Iterator for Obus<'a> {
    type Item = Result<ObuRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let obu = ObuRef::read(&mut self.reader);
        if obu.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(obu)
    }
}

/// A number in 7 bits a byte, the lowest first, at most eight bytes long and below 2³².
pub(super) fn read_leb128(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let mut value = 0u64;
    for shift in (0..56).step_by(7) {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value)
                .ok()
                .and_then(|value| usize::try_from(value).ok())
                .ok_or(reader.error("a size beyond 32 bits"));
        }
    }
    Err(reader.error("a size of more than eight bytes"))
}

/// Bytes that a number has in this form.
pub(super) const fn leb128_len(value: usize) -> usize {
    let bits = usize::BITS - value.leading_zeros();
    if bits == 0 { 1 } else { bits.div_ceil(7) as usize }
}

/// Appends a number.
pub(super) fn write_leb128(mut value: usize, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}
