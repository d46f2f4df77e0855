//! RFC 7798 §4.4.4 and §4.5: payload content information (PACI), control information in front of a payload.

use super::super::reader::Reader;
use super::{NalHeader, NalType};
use crate::DecodeError;

/// F0: temporal scalability control information is there.
const F0: u16 = 8;

/// What a PACI says about the payload behind it.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    PayloadHdr (Type=50)       |A|   cType   | PHSsize |F0..2|Y|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Payload Header Extension Structure (PHES), PHSsize octets     |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRef<'a> {
    has_scalability: bool,
    extension: &'a [u8],
}

/// Temporal scalability control information (TSCI).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemporalScalability {
    /// TL0PICIDX: the running number of pictures of the lowest temporal sub-layer.
    pub tl0_picture_index: u8,
    /// IrapPicID: the running number of pictures at which decoding can start.
    pub irap_picture_id: u8,
    /// S: the payload begins a picture's first slice.
    pub start: bool,
    /// E: the payload ends a picture's last slice.
    pub end: bool,
}

impl<'a> ControlRef<'a> {
    /// Reads what follows the payload header `header`, and returns the header of the payload behind the PACI.
    pub(super) fn read(header: NalHeader, reader: &mut Reader<'a>) -> Result<(Self, NalHeader), DecodeError> {
        let fields = reader.u16()?;
        let [first, _] = fields.to_be_bytes();
        let control = Self {
            has_scalability: fields & F0 != 0,
            extension: reader.take(usize::from(fields >> 4 & 0x1f))?,
        };
        // A and cType stand where F and Type do; LayerId and TID are those of the payload.
        let [outer, low] = header.0;
        Ok((control, NalHeader([first & 0xfe | outer & 1, low])))
    }

    /// The extension as it travels, 0 to 31 bytes.
    pub const fn extension(&self) -> &'a [u8] {
        self.extension
    }

    /// The temporal layer's indices, when they are there.
    pub fn temporal_scalability(&self) -> Option<TemporalScalability> {
        let &[tl0_picture_index, irap_picture_id, flags] = self.extension.first_chunk()?;
        self.has_scalability.then_some(TemporalScalability {
            tl0_picture_index,
            irap_picture_id,
            start: flags & 0x80 != 0,
            end: flags & 0x40 != 0,
        })
    }
}

/// Appends `payload` (a unit, an aggregation packet or a fragment) with this information in front; it grows by five bytes. False
/// when it is too short to be one of these, or has control information already.
///
/// Where a header extension tells of layers, as the dependency descriptor, this is not to be sent
/// (draft-ietf-avtcore-hevc-webrtc §2).
pub fn wrap(scalability: TemporalScalability, payload: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&header, data)) = payload.split_first_chunk::<2>() else {
        return false;
    };
    let inner = NalHeader(header);
    if inner.nal_type() == NalType::PACI {
        return false;
    }
    let [first, _] = header;
    // F of the outer header is 0.
    let [outer, low] = inner.with_type(NalType::PACI).0;
    let fields = u16::from(first & 0xfe) << 8 | 3 << 4 | F0;
    out.extend_from_slice(&[outer & 0x7f, low]);
    out.extend_from_slice(&fields.to_be_bytes());
    let flags = u8::from(scalability.start) << 7 | u8::from(scalability.end) << 6;
    out.extend_from_slice(&[scalability.tl0_picture_index, scalability.irap_picture_id, flags]);
    out.extend_from_slice(data);
    true
}
