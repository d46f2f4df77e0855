//! RFC 9628 §4.2: the payload descriptor, and changing it where it lies.

use super::super::PictureId;
use super::super::reader::Reader;
use super::StructureRef;
use crate::DecodeError;

const I: u8 = 0x80;
const P: u8 = 0x40;
const L: u8 = 0x20;
const F: u8 = 0x10;
const B: u8 = 0x08;
const E: u8 = 0x04;
const V: u8 = 0x02;
const Z: u8 = 0x01;

/// What is said about a payload in front of it.
///
/// ```text
///      0 1 2 3 4 5 6 7
///     +-+-+-+-+-+-+-+-+
///     |I|P|L|F|B|E|V|Z|
///     +-+-+-+-+-+-+-+-+
/// I:  |M| PICTURE ID  |
///     +-+-+-+-+-+-+-+-+
/// M:  | EXTENDED PID  |
///     +-+-+-+-+-+-+-+-+
/// L:  | TID |U| SID |D|
///     +-+-+-+-+-+-+-+-+
///     |   TL0PICIDX   | (not in flexible mode)
///     +-+-+-+-+-+-+-+-+
/// P,F:| P_DIFF      |N| (up to 3 times)
///     +-+-+-+-+-+-+-+-+
/// V:  | SS            |
///     +-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::payload::vp9::Descriptor;
///
/// let (descriptor, data) = Descriptor::decode(&[0xac, 0x81, 0x23, 0x00, 0x07, 0x82])?;
/// assert_eq!(descriptor.picture_id.unwrap().value(), 0x123);
/// assert_eq!(descriptor.tl0_picture_index, Some(7));
/// assert_eq!(descriptor.is_key_frame(), Some(true));
/// assert_eq!(data, [0x82]);
///
/// assert!(Descriptor::decode(&[0xac, 0x81]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor<'a> {
    /// The running number of pictures; in flexible mode it is always there.
    pub picture_id: Option<PictureId>,
    /// P: the frame refers to earlier pictures.
    pub is_inter_predicted: bool,
    /// The layer of the frame.
    pub layer: Option<Layer>,
    /// F: what the frame refers to stands in [`references`](Self::references), not in the scalability structure.
    pub is_flexible: bool,
    /// B: the payload begins a frame.
    pub frame_start: bool,
    /// E: the payload ends a frame.
    pub frame_end: bool,
    /// Z: no frame of a higher spatial layer refers to this one.
    pub not_reference_for_upper: bool,
    /// TL0PICIDX: the running number of pictures of the temporal base layer. It goes with `layer`, not in flexible mode.
    pub tl0_picture_index: Option<u8>,
    /// P_DIFF: how many pictures back the referenced ones are. In flexible mode, when `is_inter_predicted`.
    pub references: References,
    /// SS: how the stream is layered.
    pub structure: Option<StructureRef<'a>>,
}

/// The layer of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// TID: the temporal layer, 0 to 7.
    pub temporal_id: u8,
    /// U: later pictures of higher temporal layers refer to none of them before this one; a receiver may begin to take them.
    pub switching_up: bool,
    /// SID: the spatial layer, 0 to 7.
    pub spatial_id: u8,
    /// D: the frame refers to the next lower spatial layer of its picture.
    pub inter_layer: bool,
}

impl Layer {
    const fn from_byte(byte: u8) -> Self {
        Self {
            temporal_id: byte >> 5,
            switching_up: byte & 0x10 != 0,
            spatial_id: byte >> 1 & 7,
            inter_layer: byte & 1 != 0,
        }
    }

    fn to_byte(self) -> u8 {
        self.temporal_id << 5
            | u8::from(self.switching_up) << 4
            | (self.spatial_id & 7) << 1
            | u8::from(self.inter_layer)
    }
}

/// Up to three reference indices: distances in pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct References {
    differences: [u8; 3],
    len: u8,
}

impl References {
    /// These distances, of which the first three count.
    pub fn new(differences: &[u8]) -> Self {
        let mut references = Self::default();
        for difference in differences {
            references.push(*difference);
        }
        references
    }

    /// The distances.
    pub fn as_slice(&self) -> &[u8] {
        self.differences.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(super) fn push(&mut self, difference: u8) {
        if let Some(place) = self.differences.get_mut(usize::from(self.len)) {
            *place = difference;
            self.len += 1;
        }
    }
}

impl<'a> Descriptor<'a> {
    /// Reads the descriptor at the beginning of a payload, and returns what comes behind it.
    ///
    /// # Errors
    /// When it is cut off, or has more than three reference indices.
    #[inline]
    pub fn decode(payload: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut reader = Reader::new(payload);
        let first = reader.u8()?;
        let mut descriptor = Self {
            is_inter_predicted: first & P != 0,
            // Without a picture ID the bit is ignored.
            is_flexible: first & (F | I) == F | I,
            frame_start: first & B != 0,
            frame_end: first & E != 0,
            not_reference_for_upper: first & Z != 0,
            ..Self::default()
        };
        if first & I != 0 {
            descriptor.picture_id = Some(PictureId::decode(&mut reader)?);
        }
        if first & L != 0 {
            descriptor.layer = Some(Layer::from_byte(reader.u8()?));
            if !descriptor.is_flexible {
                descriptor.tl0_picture_index = Some(reader.u8()?);
            }
        }
        if descriptor.is_flexible && descriptor.is_inter_predicted {
            descriptor.references = decode_references(&mut reader)?;
        }
        if first & V != 0 {
            descriptor.structure = Some(StructureRef::read(&mut reader)?);
        }
        Ok((descriptor, reader.rest()))
    }

    /// Appends it. Values beyond their fields lose their high bits; fields that the mode does not have are left out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let is_flexible = self.is_flexible && self.picture_id.is_some();
        out.push(
            flag(self.picture_id.is_some(), I)
                | flag(self.is_inter_predicted, P)
                | flag(self.layer.is_some(), L)
                | flag(is_flexible, F)
                | flag(self.frame_start, B)
                | flag(self.frame_end, E)
                | flag(self.structure.is_some(), V)
                | flag(self.not_reference_for_upper, Z),
        );
        if let Some(id) = self.picture_id {
            id.encode(out);
        }
        if let Some(layer) = self.layer {
            out.push(layer.to_byte());
            if !is_flexible {
                out.push(self.tl0_picture_index.unwrap_or(0));
            }
        }
        if is_flexible && self.is_inter_predicted {
            let differences = self.references.as_slice();
            // §4.2: at least one is there.
            let differences = if differences.is_empty() { &[1] } else { differences };
            for (index, difference) in differences.iter().enumerate() {
                out.push(difference << 1 | u8::from(index + 1 < differences.len()));
            }
        }
        if let Some(structure) = self.structure {
            out.extend_from_slice(structure.as_bytes());
        }
    }

    /// Bytes that [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        let is_flexible = self.is_flexible && self.picture_id.is_some();
        let layer = if self.layer.is_none() {
            0
        } else {
            2 - usize::from(is_flexible)
        };
        let references = if is_flexible && self.is_inter_predicted {
            usize::from(self.references.len.max(1))
        } else {
            0
        };
        let structure = self.structure.map_or(0, |structure| structure.as_bytes().len());
        1 + self.picture_id.map_or(0, PictureId::encoded_len) + layer + references + structure
    }

    /// Whether a picture begins with this payload: its lowest frame does, or one that needs no lower one.
    pub fn is_picture_start(&self) -> bool {
        self.frame_start
            && self
                .layer
                .is_none_or(|layer| layer.spatial_id == 0 || !layer.inter_layer)
    }

    /// Whether the payload belongs to a key frame of the lowest spatial layer. `None` for higher layers without references to
    /// earlier pictures, which do not tell. The bitstream is not looked at, so it may be encrypted; a frame that is intra-coded
    /// but not a key frame looks like one.
    pub fn is_key_frame(&self) -> Option<bool> {
        if self.is_inter_predicted {
            return Some(false);
        }
        let is_lowest = self.layer.is_none_or(|layer| layer.spatial_id == 0);
        is_lowest.then_some(true)
    }
}

fn decode_references(reader: &mut Reader<'_>) -> Result<References, DecodeError> {
    let mut references = References::default();
    loop {
        let byte = reader.u8()?;
        references.push(byte >> 1);
        if byte & 1 == 0 {
            return Ok(references);
        }
        if references.len == 3 {
            return Err(reader.error("more than three references"));
        }
    }
}

/// The descriptor of a payload that is forwarded, to renumber it where it lies, so that the indices count on without gap when a
/// stream is spliced. Its length stays; a picture ID keeps its width.
///
/// ```
/// use rtp::payload::vp9::DescriptorMut;
///
/// let mut payload = [0xac, 0x81, 0x23, 0x00, 0x07, 0x82];
/// let mut descriptor = DescriptorMut::decode(&mut payload)?;
/// descriptor.set_picture_id(5);
/// descriptor.set_tl0_picture_index(8);
/// assert_eq!(payload, [0xac, 0x80, 0x05, 0x00, 0x08, 0x82]);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct DescriptorMut<'a> {
    payload: &'a mut [u8],
    picture_id: Option<PictureId>,
    has_tl0_picture_index: bool,
}

impl<'a> DescriptorMut<'a> {
    /// Reads the descriptor at the beginning of a payload.
    ///
    /// # Errors
    /// As [`Descriptor::decode`].
    #[inline]
    pub fn decode(payload: &'a mut [u8]) -> Result<Self, DecodeError> {
        let (descriptor, _) = Descriptor::decode(payload)?;
        Ok(Self {
            picture_id: descriptor.picture_id,
            has_tl0_picture_index: descriptor.tl0_picture_index.is_some(),
            payload,
        })
    }

    /// Renumbers the picture, in the width that is there; false when there is no picture ID.
    #[inline]
    pub fn set_picture_id(&mut self, value: u16) -> bool {
        let Some(id) = self.picture_id else {
            return false;
        };
        let id = id.with_value(value);
        id.write_at(self.payload, 1);
        self.picture_id = Some(id);
        true
    }

    /// Renumbers the base layer; false when there is no TL0PICIDX.
    #[inline]
    pub fn set_tl0_picture_index(&mut self, value: u8) -> bool {
        let at = 2 + self.picture_id.map_or(0, PictureId::encoded_len);
        let byte = self.payload.get_mut(at).filter(|_| self.has_tl0_picture_index);
        byte.map(|byte| *byte = value).is_some()
    }

    /// Sets or clears E, the end of the frame.
    pub fn set_frame_end(&mut self, frame_end: bool) {
        if let Some(first) = self.payload.first_mut() {
            *first = *first & !E | if frame_end { E } else { 0 };
        }
    }
}
