//! AV1 RTP specification, appendix A: the dependency descriptor, which tells a forwarder what each frame of a scalable
//! stream needs, for any codec.
//!
//! A [`Structure`] comes with a key frame and holds templates; every packet names one and says where it differs. So a
//! [`Reader`] and a [`Writer`] keep the structure.

mod bits;
mod chain;
mod frame;
mod reader;
mod structure;
mod writer;

#[cfg(test)]
mod tests;

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

pub use chain::ChainTracker;
pub use frame::{ChainDiffs, FrameDependencies, FrameDiffs, Indication, Indications};
pub use reader::{Descriptor, ReadError, Reader};
pub use structure::{Resolution, Structure, StructureError};
pub use writer::{WriteError, Writer};

/// The part of a descriptor that each packet has, which is read and changed without knowing the structure (A.8.2).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |S|E| template  |         frame number          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::extension::{Extension, dependency::MandatoryFields};
///
/// let mut data = [0x82, 0xff, 0xff, 0x40, 0xfc];
/// assert!(MandatoryFields::set_frame_number(&mut data, 0));
/// let fields = MandatoryFields::decode(&data)?;
/// assert_eq!((fields.start_of_frame, fields.template_id, fields.frame_number), (true, 2, 0));
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MandatoryFields {
    /// First packet of a frame.
    pub start_of_frame: bool,
    /// Last packet of a frame.
    pub end_of_frame: bool,
    /// Which template the frame follows. Only the low six bits are written.
    pub template_id: u8,
    /// Counts frames in decoding order, wrapping.
    pub frame_number: u16,
}

impl MandatoryFields {
    /// Bytes they take.
    pub const LEN: usize = 3;

    /// Changes the frame number in the data of an element that is in a packet already, as a forwarder does that left frames
    /// out before; false, and nothing changes, when the data is cut off.
    pub fn set_frame_number(data: &mut [u8], frame_number: u16) -> bool {
        match data {
            [_, high, low, ..] => {
                [*high, *low] = frame_number.to_be_bytes();
                true
            }
            _ => false,
        }
    }

    /// Adds to every template id in the data of an element, wrapping at 64: to that of the frame, and to that of the first
    /// template when there is a structure. A forwarder does it that goes on with another source, whose structure must not be
    /// taken for the one before (A.8.3, `template_id_offset`). False, and nothing changes, when the data is cut off.
    ///
    /// ```
    /// use rtp::extension::dependency::{MandatoryFields, Reader};
    ///
    /// let mut data = [0xc0, 0, 2, 0x80, 0x00, 0xe0]; // with a structure
    /// assert!(MandatoryFields::shift_templates(&mut data, 40));
    /// let mut reader = Reader::new();
    /// assert!(reader.read(&data)?.has_structure);
    /// assert_eq!(reader.structure().unwrap().template_id_offset, 40);
    /// # Ok::<(), rtp::extension::dependency::ReadError>(())
    /// ```
    pub fn shift_templates(data: &mut [u8], shift: u8) -> bool {
        let shifted = |id: u8| id.wrapping_add(shift) & 0x3f;
        match data {
            // The flag of a structure. Its offset has three bits behind the five flags, and three in the next byte.
            [first, _, _, flags @ 0x80..=0xff, low, ..] => {
                let offset = shifted((*flags & 7) << 3 | *low >> 5);
                *flags = *flags & 0xf8 | offset >> 3;
                *low = *low & 0x1f | offset << 5;
                *first = *first & 0xc0 | shifted(*first & 0x3f);
                true
            }
            [_, _, _, 0x80..=0xff] | [] | [_] | [_, _] => false,
            [first, ..] => {
                *first = *first & 0xc0 | shifted(*first & 0x3f);
                true
            }
        }
    }
}

/// Only the mandatory fields: a [`Reader`] reads the rest.
impl Extension<'_> for MandatoryFields {
    const URI: &'static str =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [first, high, low] = leading(data)?;
        Ok(Self {
            start_of_frame: first & 0x80 != 0,
            end_of_frame: first & 0x40 != 0,
            template_id: first & 0x3f,
            frame_number: u16::from_be_bytes([high, low]),
        })
    }

    fn encoded_len(&self) -> usize {
        Self::LEN
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(
            u8::from(self.start_of_frame) << 7 | u8::from(self.end_of_frame) << 6 | self.template_id & 0x3f,
        );
        out.put_u16(self.frame_number);
    }
}
