//! RFC 7741 §4.2: the payload descriptor, and changing it where it lies.

use super::super::PictureId;
use super::super::reader::Reader;
use crate::DecodeError;

const X: u8 = 0x80;
const N: u8 = 0x20;
const S: u8 = 0x10;
const I: u8 = 0x80;
const L: u8 = 0x40;
const T: u8 = 0x20;
const K: u8 = 0x10;

/// What is said about a payload in front of it.
///
/// ```text
///      0 1 2 3 4 5 6 7
///     +-+-+-+-+-+-+-+-+
///     |X|R|N|S|R| PID |
///     +-+-+-+-+-+-+-+-+
/// X:  |I|L|T|K| RSV   |
///     +-+-+-+-+-+-+-+-+
/// I:  |M| PictureID   |
///     +-+-+-+-+-+-+-+-+
/// M:  |   PictureID   |
///     +-+-+-+-+-+-+-+-+
/// L:  |   TL0PICIDX   |
///     +-+-+-+-+-+-+-+-+
/// T/K:|TID|Y| KEYIDX  |
///     +-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::payload::{PictureId, vp8::Descriptor};
///
/// // A key frame in one packet (RFC 7741 §4.6.1).
/// let (descriptor, data) = Descriptor::decode(&[0x90, 0x80, 0x11, 0x10, 0x02, 0x00])?;
/// assert_eq!(descriptor.picture_id, Some(PictureId::short(17)));
/// assert_eq!(descriptor.is_key_frame(data), Some(true));
///
/// assert!(Descriptor::decode(&[0x90, 0x80]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// N: nothing refers to the frame; it may be dropped.
    pub non_reference: bool,
    /// S: a partition begins with the payload.
    pub partition_start: bool,
    /// PID: which partition the payload begins in, 0 to 7.
    pub partition_index: u8,
    /// PictureID: the running number of frames.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX: the running number of frames of the temporal base layer.
    pub tl0_picture_index: Option<u8>,
    /// TID and Y: the temporal layer.
    pub temporal_layer: Option<TemporalLayer>,
    /// KEYIDX: the running number of key frames, 0 to 31.
    pub key_index: Option<u8>,
}

/// The temporal layer of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemporalLayer {
    /// TID: 0 is the base layer, 3 the highest.
    pub id: u8,
    /// Y: the frame depends on the base layer alone, so that a receiver may begin to take this layer.
    pub sync: bool,
}

impl Descriptor {
    /// Bytes of the longest one.
    pub const MAX_LEN: usize = 6;

    /// Reads the descriptor at the beginning of a payload, and returns what comes behind it.
    ///
    /// # Errors
    /// When it is cut off.
    #[inline]
    pub fn decode(payload: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let mut reader = Reader::new(payload);
        let first = reader.u8()?;
        let mut descriptor = Self {
            non_reference: first & N != 0,
            partition_start: first & S != 0,
            partition_index: first & 7,
            ..Self::default()
        };
        let extension = if first & X == 0 { 0 } else { reader.u8()? };
        if extension & I != 0 {
            descriptor.picture_id = Some(PictureId::decode(&mut reader)?);
        }
        if extension & L != 0 {
            descriptor.tl0_picture_index = Some(reader.u8()?);
        }
        if extension & (T | K) != 0 {
            let byte = reader.u8()?;
            let layer = TemporalLayer {
                id: byte >> 6,
                sync: byte & 0x20 != 0,
            };
            descriptor.temporal_layer = Some(layer).filter(|_| extension & T != 0);
            descriptor.key_index = Some(byte & 0x1f).filter(|_| extension & K != 0);
        }
        Ok((descriptor, reader.rest()))
    }

    /// Appends it. Values beyond their fields lose their high bits.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let extension = self.extension();
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        out.push(
            flag(extension != 0, X)
                | flag(self.non_reference, N)
                | flag(self.partition_start, S)
                | self.partition_index & 7,
        );
        if extension == 0 {
            return;
        }
        out.push(extension);
        if let Some(id) = self.picture_id {
            id.encode(out);
        }
        out.extend(self.tl0_picture_index);
        if extension & (T | K) != 0 {
            let layer = self.temporal_layer.unwrap_or_default();
            out.push(layer.id << 6 | flag(layer.sync, 0x20) | self.key_index.unwrap_or(0) & 0x1f);
        }
    }

    /// Bytes that [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        match self.extension() {
            0 => 1,
            extension => {
                let id = self.picture_id.map_or(0, PictureId::encoded_len);
                2 + id + usize::from(extension & L != 0) + usize::from(extension & (T | K) != 0)
            }
        }
    }

    fn extension(&self) -> u8 {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        flag(self.picture_id.is_some(), I)
            | flag(self.tl0_picture_index.is_some(), L)
            | flag(self.temporal_layer.is_some(), T)
            | flag(self.key_index.is_some(), K)
    }

    /// Whether a frame begins with this payload.
    pub const fn is_frame_start(&self) -> bool {
        self.partition_start && self.partition_index == 0
    }

    /// Whether the frame that begins with `data` is a key frame (P of §4.3); `None` when none begins.
    pub fn is_key_frame(&self, data: &[u8]) -> Option<bool> {
        let first = data.first().filter(|_| self.is_frame_start())?;
        Some(first & 1 == 0)
    }
}

/// The descriptor of a payload that is forwarded, to renumber it where it lies: when a stream is spliced or layers are left out,
/// the indices have to count on without gap (§4.2). Its length stays; a picture ID keeps its width.
///
/// ```
/// use rtp::payload::vp8::DescriptorMut;
///
/// let mut payload = [0x90, 0xe0, 0x81, 0x00, 0x07, 0x40, 0xaa];
/// let mut descriptor = DescriptorMut::decode(&mut payload)?;
/// descriptor.set_picture_id(0x123);
/// descriptor.set_tl0_picture_index(8);
/// assert_eq!(payload, [0x90, 0xe0, 0x81, 0x23, 0x08, 0x40, 0xaa]);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct DescriptorMut<'a> {
    payload: &'a mut [u8],
    descriptor: Descriptor,
}

impl<'a> DescriptorMut<'a> {
    /// Reads the descriptor at the beginning of a payload.
    ///
    /// # Errors
    /// When it is cut off.
    #[inline]
    pub fn decode(payload: &'a mut [u8]) -> Result<Self, DecodeError> {
        let (descriptor, _) = Descriptor::decode(payload)?;
        Ok(Self { payload, descriptor })
    }

    /// What it says.
    pub const fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Renumbers the picture, in the width that is there; false when there is no picture ID.
    #[inline]
    pub fn set_picture_id(&mut self, value: u16) -> bool {
        let Some(id) = self.descriptor.picture_id else {
            return false;
        };
        let id = id.with_value(value);
        id.write_at(self.payload, 2);
        self.descriptor.picture_id = Some(id);
        true
    }

    /// Renumbers the base layer; false when there is no TL0PICIDX.
    #[inline]
    pub fn set_tl0_picture_index(&mut self, value: u8) -> bool {
        let at = 2 + self.descriptor.picture_id.map_or(0, PictureId::encoded_len);
        let (Some(index), Some(byte)) = (&mut self.descriptor.tl0_picture_index, self.payload.get_mut(at))
        else {
            return false;
        };
        *index = value;
        *byte = value;
        true
    }

    /// Renumbers the key frames, in five bits; false when there is no KEYIDX.
    pub fn set_key_index(&mut self, value: u8) -> bool {
        let at = self.descriptor.encoded_len().saturating_sub(1);
        let (Some(index), Some(byte)) = (&mut self.descriptor.key_index, self.payload.get_mut(at)) else {
            return false;
        };
        *index = value & 0x1f;
        *byte = *byte & 0xe0 | value & 0x1f;
        true
    }
}
