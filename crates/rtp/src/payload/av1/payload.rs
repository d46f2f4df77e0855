//! Payload format §4.4 and §4.5: the aggregation header and the OBU elements behind it.

use super::super::reader::Reader;
use super::obu::{HAS_SIZE, ObuRef, ObuType, read_leb128};
use crate::DecodeError;

/// The first byte of a payload.
///
/// ```text
///  0 1 2 3 4 5 6 7
/// +-+-+-+-+-+-+-+-+
/// |Z|Y| W |N|-|-|-|
/// +-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AggregationHeader {
    /// Z: the first element continues an OBU of the payload before.
    pub continues: bool,
    /// Y: the last element is continued in the next payload.
    pub is_continued: bool,
    /// W: how many elements there are, of which the last has no length; 0 when each has its length.
    pub count: u8,
    /// N: the payload is the first one of a coded video sequence.
    pub new_sequence: bool,
}

impl AggregationHeader {
    /// Reads it.
    pub const fn from_byte(byte: u8) -> Self {
        Self {
            continues: byte & 0x80 != 0,
            is_continued: byte & 0x40 != 0,
            count: byte >> 4 & 3,
            new_sequence: byte & 8 != 0,
        }
    }

    /// As it travels.
    pub fn to_byte(self) -> u8 {
        u8::from(self.continues) << 7
            | u8::from(self.is_continued) << 6
            | (self.count & 3) << 4
            | u8::from(self.new_sequence) << 3
    }
}

/// An OBU or a part of one, without its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its bytes.
    pub data: &'a [u8],
    /// Whether it continues an OBU of the payload before.
    pub continues: bool,
    /// Whether it is continued in the next payload.
    pub is_continued: bool,
}

/// A payload whose lengths fit.
///
/// ```
/// use rtp::payload::av1::PayloadRef;
///
/// // Two elements, the second one without length (figure of §4.5).
/// let payload = PayloadRef::decode(&[0x20, 2, 0x08, 0xaa, 0x30, 0xbb, 0xcc])?;
/// let elements: Vec<_> = payload.elements().map(|element| element.data).collect();
/// assert_eq!(elements, [&[0x08, 0xaa][..], &[0x30, 0xbb, 0xcc]]);
///
/// assert!(PayloadRef::decode(&[0x20, 9, 0x08]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadRef<'a> {
    header: AggregationHeader,
    elements: &'a [u8],
    count: usize,
}

impl<'a> PayloadRef<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it has no element, or an element is cut off.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let mut payload = Self {
            header: AggregationHeader::from_byte(reader.u8()?),
            elements: reader.rest(),
            count: 0,
        };
        while payload.header.count == 0 && !reader.is_empty()
            || payload.count < usize::from(payload.header.count)
        {
            payload.read(&mut reader, payload.count)?;
            payload.count += 1;
        }
        if payload.count == 0 {
            return Err(reader.error("no OBU"));
        }
        Ok(payload)
    }

    /// The aggregation header.
    pub const fn header(&self) -> AggregationHeader {
        self.header
    }

    /// The elements in order.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = Element<'a>> + use<'a> {
        let payload = *self;
        let mut reader = Reader::new(self.elements);
        (0..self.count).map(move |index| Element {
            data: payload.read(&mut reader, index).unwrap_or_default(),
            continues: payload.header.continues && index == 0,
            is_continued: payload.header.is_continued && index + 1 == payload.count,
        })
    }

    fn read(&self, reader: &mut Reader<'a>, index: usize) -> Result<&'a [u8], DecodeError> {
        let len = if index + 1 == usize::from(self.header.count) {
            reader.rest().len()
        } else {
            read_leb128(reader)?
        };
        reader.take(len)
    }

    /// Whether the payload belongs to a key frame: the first of a coded video sequence does, as does one with a sequence header;
    /// a frame header tells otherwise. `None` when there is none of these.
    pub fn is_key_frame(&self) -> Option<bool> {
        if self.header.new_sequence {
            return Some(true);
        }
        let begun = self.elements().filter(|element| !element.continues);
        begun
            .filter_map(|element| beginning(element.data)?.is_key_frame())
            .reduce(|a, b| a || b)
    }

    /// Whether a temporal unit may begin with the payload: it continues no OBU, and its first one is no later part of a frame.
    pub fn is_frame_start(&self) -> bool {
        let first = self.elements().next().filter(|element| !element.continues);
        let kind = first.and_then(|element| element.data.first().map(|first| ObuType::of(*first)));
        kind.is_some_and(|kind| !matches!(kind, ObuType::TILE_GROUP | ObuType::REDUNDANT_FRAME_HEADER))
    }
}

/// The beginning of an OBU that may be a fragment: its size, if there, is beyond it.
fn beginning(data: &[u8]) -> Option<ObuRef<'_>> {
    let mut reader = Reader::new(data);
    let first = reader.u8().ok()?;
    let extension = if first & 4 == 0 {
        None
    } else {
        Some(reader.u8().ok()?)
    };
    if first & HAS_SIZE != 0 {
        read_leb128(&mut reader).ok()?;
    }
    Some(ObuRef {
        first,
        extension,
        payload: reader.rest(),
    })
}
