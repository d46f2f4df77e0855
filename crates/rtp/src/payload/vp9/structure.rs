//! RFC 9628 §4.2.1: the scalability structure.

use super::super::reader::Reader;
use super::References;
use crate::DecodeError;

/// A picture of the group that recurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupPicture {
    /// TID: its temporal layer, 0 to 7.
    pub temporal_id: u8,
    /// U: later pictures of higher temporal layers refer to none of them before this one.
    pub switching_up: bool,
    /// P_DIFF: how many pictures back the referenced ones are.
    pub references: References,
}

/// How a stream is layered, to be sent with key frames.
///
/// ```text
///      +-+-+-+-+-+-+-+-+
/// V:   | N_S |Y|G|-|-|-|
///      +-+-+-+-+-+-+-+-+
/// Y:   | WIDTH, HEIGHT | (4 octets, N_S + 1 times)
///      +-+-+-+-+-+-+-+-+
/// G:   |      N_G      |
///      +-+-+-+-+-+-+-+-+
/// N_G: | TID |U| R |-|-| (N_G times, each followed by R octets P_DIFF)
///      +-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::payload::vp9::{Structure, StructureRef};
///
/// let structure = Structure { resolutions: &[(320, 180), (640, 360)], ..Structure::default() };
/// let mut bytes = Vec::new();
/// structure.encode(&mut bytes);
/// let (read, _) = StructureRef::decode(&bytes)?;
/// assert_eq!(read.spatial_layers(), 2);
/// assert_eq!(read.resolutions().last(), Some((640, 360)));
///
/// assert!(StructureRef::decode(&bytes[..5]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Structure<'a> {
    /// How many spatial layers there are, when `resolutions` is empty; 0 counts as 1.
    pub spatial_layers: u8,
    /// Width and height of each spatial layer, the lowest first; the first eight count. Empty: not told.
    pub resolutions: &'a [(u16, u16)],
    /// The pictures that recur; the first 255 count. Empty: not told.
    pub pictures: &'a [GroupPicture],
}

impl Structure<'_> {
    /// Appends it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let resolutions = self.resolutions.get(..8).unwrap_or(self.resolutions);
        let pictures = self.pictures.get(..255).unwrap_or(self.pictures);
        let layers = match u8::try_from(resolutions.len()) {
            Ok(0) | Err(_) => self.spatial_layers.clamp(1, 8),
            Ok(layers) => layers,
        };
        let sizes = u8::from(!resolutions.is_empty()) << 4;
        out.push((layers - 1) << 5 | sizes | u8::from(!pictures.is_empty()) << 3);
        for (width, height) in resolutions {
            out.extend(width.to_be_bytes());
            out.extend(height.to_be_bytes());
        }
        if pictures.is_empty() {
            return;
        }
        out.extend(u8::try_from(pictures.len()));
        for picture in pictures {
            let references = picture.references.as_slice();
            let count = u8::try_from(references.len()).unwrap_or(3);
            out.push(picture.temporal_id << 5 | u8::from(picture.switching_up) << 4 | count << 2);
            out.extend_from_slice(references);
        }
    }
}

/// A scalability structure as it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructureRef<'a> {
    bytes: &'a [u8],
}

impl<'a> StructureRef<'a> {
    /// Reads a structure, and returns what comes behind it.
    ///
    /// # Errors
    /// When it is cut off.
    pub fn decode(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut reader = Reader::new(bytes);
        let structure = Self::read(&mut reader)?;
        Ok((structure, reader.rest()))
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let bytes = reader.rest();
        let start = reader.offset();
        let first = reader.u8()?;
        if first & 0x10 != 0 {
            reader.take(4 * (usize::from(first >> 5) + 1))?;
        }
        if first & 0x08 != 0 {
            for _ in 0..reader.u8()? {
                let picture = reader.u8()?;
                reader.take(usize::from(picture >> 2 & 3))?;
            }
        }
        let len = reader.offset().saturating_sub(start);
        Ok(Self {
            bytes: bytes.get(..len).unwrap_or_default(),
        })
    }

    /// As it travels.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn first(&self) -> u8 {
        self.bytes.first().copied().unwrap_or_default()
    }

    /// How many spatial layers there are, 1 to 8.
    pub fn spatial_layers(&self) -> u8 {
        (self.first() >> 5) + 1
    }

    /// Bytes of the resolutions.
    fn sizes_len(&self) -> usize {
        if self.first() & 0x10 == 0 {
            0
        } else {
            4 * usize::from(self.spatial_layers())
        }
    }

    /// Width and height of each spatial layer, the lowest first; none when they are not told.
    pub fn resolutions(&self) -> impl ExactSizeIterator<Item = (u16, u16)> + use<'a> {
        let sizes = self.bytes.get(1..).and_then(|rest| rest.get(..self.sizes_len()));
        let (sizes, _) = sizes.unwrap_or_default().as_chunks::<4>();
        sizes
            .iter()
            .map(|&[w0, w1, h0, h1]| (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1])))
    }

    /// The pictures of the group that recurs; none when it is not told.
    pub fn pictures(&self) -> impl Iterator<Item = GroupPicture> + use<'a> {
        let start = if self.first() & 0x08 == 0 {
            self.bytes.len()
        } else {
            2 + self.sizes_len()
        };
        let mut reader = Reader::new(self.bytes.get(start..).unwrap_or_default());
        std::iter::from_fn(move || {
            let byte = reader.u8().ok()?;
            let references = reader.take(usize::from(byte >> 2 & 3)).ok()?;
            Some(GroupPicture {
                temporal_id: byte >> 5,
                switching_up: byte & 0x10 != 0,
                references: References::new(references),
            })
        })
    }
}
