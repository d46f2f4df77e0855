//! Asking for pictures: PLI, SLI and RPSI of RFC 4585 §6.3, FIR, TSTR and TSTN of RFC 5104 §4.3.

use super::{Head, bare_message, feedback_len, list_message, split};
use crate::DecodeError;
use crate::list::{List, fixed_entry};
use crate::packet::Packet;
use crate::raw::{RawPacketRef, packet_type};

/// PLI: pictures are lost, send what decodes alone (RFC 4585 §6.3.1).
///
/// ```
/// use rtcp::{Packet, PacketRef, PictureLossIndication};
///
/// let pli = PictureLossIndication { sender_ssrc: 1, media_ssrc: 2 };
/// let mut datagram = Vec::new();
/// pli.encode(&mut datagram);
/// assert_eq!(datagram, [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::PictureLossIndication(pli))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PictureLossIndication {
    /// Who asks.
    pub sender_ssrc: u32,
    /// The stream.
    pub media_ssrc: u32,
}

bare_message!(PictureLossIndication, PAYLOAD_FEEDBACK, PICTURE_LOSS);

/// Macroblocks that are lost (RFC 4585 §6.3.2).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |            First        |        Number           | PictureID |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SliceLoss {
    /// The address of the first macroblock: 13 bits.
    pub first: u16,
    /// How many, in scan order: 13 bits.
    pub number: u16,
    /// The lower 6 bits of the codec's picture id.
    pub picture_id: u8,
}

impl SliceLoss {
    const fn from_wire([b0, b1, b2, b3]: [u8; 4]) -> Self {
        Self {
            first: u16::from_be_bytes([b0, b1]) >> 3,
            number: ((b1 as u16 & 0x07) << 10) | ((b2 as u16) << 2) | (b3 as u16 >> 6),
            picture_id: b3 & 0x3f,
        }
    }

    const fn to_wire(self) -> [u8; 4] {
        let first = (self.first as u32 & 0x1fff) << 19;
        let number = (self.number as u32 & 0x1fff) << 6;
        (first | number | (self.picture_id as u32 & 0x3f)).to_be_bytes()
    }
}

fixed_entry!(SliceLoss, 4);

/// SLI: parts of pictures are lost (RFC 4585 §6.3.2).
///
/// ```
/// use rtcp::{Packet, PacketRef, SliceLoss, SliceLossIndication};
///
/// let lost = [SliceLoss { first: 10, number: 99, picture_id: 5 }];
/// let sli = SliceLossIndication { sender_ssrc: 1, media_ssrc: 2, lost: (&lost).into() };
/// let mut datagram = Vec::new();
/// sli.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::SliceLossIndication(sli))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SliceLossIndication<'a> {
    /// Who tells.
    pub sender_ssrc: u32,
    /// The stream.
    pub media_ssrc: u32,
    /// Which parts.
    pub lost: List<'a, SliceLoss>,
}

list_message!(SliceLossIndication, lost: SliceLoss, PAYLOAD_FEEDBACK, SLICE_LOSS);

/// RPSI: a picture that may be referred to, in words of the codec (RFC 4585 §6.3.3).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      PB       |0| Payload Type|    Native RPSI bit string     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   defined per codec          ...                | Padding (0) |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{Packet, PacketRef, ReferencePictureSelection};
///
/// let rpsi = ReferencePictureSelection {
///     sender_ssrc: 1,
///     media_ssrc: 2,
///     payload_type: 96,
///     bit_string: &[0x85, 0x40], // VP8: a picture id
///     unused_bits: 0,
/// };
/// let mut datagram = Vec::new();
/// rpsi.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::ReferencePictureSelection(rpsi))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferencePictureSelection<'a> {
    /// Who tells.
    pub sender_ssrc: u32,
    /// The stream.
    pub media_ssrc: u32,
    /// The payload type whose codec defines the bit string: 7 bits.
    pub payload_type: u8,
    /// What the codec defines.
    pub bit_string: &'a [u8],
    /// How many of the lowest bits of the last byte do not belong to it, 0 to 7.
    pub unused_bits: u8,
}

impl<'a> ReferencePictureSelection<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let (sender_ssrc, media_ssrc, mut reader) = split(raw)?;
        let padding = reader.u8()?;
        let payload_type = reader.u8()? & 0x7f;
        let rest = reader.rest();
        let Some(len) = rest.len().checked_sub(usize::from(padding >> 3)) else {
            return Err(reader.error("more padding than bits"));
        };
        let unused_bits = padding & 7;
        if len == 0 && unused_bits > 0 {
            return Err(reader.error("more padding than bits"));
        }
        Ok(Self {
            sender_ssrc,
            media_ssrc,
            payload_type,
            bit_string: rest.get(..len).unwrap_or_default(),
            unused_bits,
        })
    }

    /// The bytes behind the bit string, up to a whole word.
    const fn fill(&self) -> u8 {
        // The two bytes in front count.
        match self.bit_string.len() & 3 {
            0 => 2,
            1 => 1,
            2 => 0,
            _ => 3,
        }
    }
}

impl Packet for ReferencePictureSelection<'_> {
    fn encoded_len(&self) -> usize {
        feedback_len(self.bit_string.len().saturating_add(2))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let head = Head {
            packet_type: packet_type::PAYLOAD_FEEDBACK,
            format: super::format::REFERENCE_PICTURE,
            sender_ssrc: self.sender_ssrc,
            media_ssrc: self.media_ssrc,
        };
        let unused = if self.bit_string.is_empty() {
            0
        } else {
            self.unused_bits & 7
        };
        head.encode(out, |out| {
            out.extend_from_slice(&[(self.fill() << 3) | unused, self.payload_type & 0x7f]);
            if let Some((last, bytes)) = self.bit_string.split_last() {
                out.extend_from_slice(bytes);
                out.push(last & (0xff << unused));
            }
        });
    }
}

/// Whose next picture must decode alone (RFC 5104 §4.3.1).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                              SSRC                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Seq nr.       |    Reserved                                   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FirEntry {
    /// The stream.
    pub ssrc: u32,
    /// One more than in the last command to this stream; the same when it is repeated.
    pub sequence_number: u8,
}

impl FirEntry {
    const fn from_wire([s0, s1, s2, s3, sequence_number, ..]: [u8; 8]) -> Self {
        Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            sequence_number,
        }
    }

    const fn to_wire(self) -> [u8; 8] {
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        [s0, s1, s2, s3, self.sequence_number, 0, 0, 0]
    }
}

fixed_entry!(FirEntry, 8);

/// FIR: send a picture that decodes alone as soon as possible, somebody joined (RFC 5104 §4.3.1).
///
/// ```
/// use rtcp::{FirEntry, FullIntraRequest, Packet, PacketRef};
///
/// let entries = [FirEntry { ssrc: 2, sequence_number: 9 }];
/// let fir = FullIntraRequest { sender_ssrc: 1, media_ssrc: 0, entries: (&entries).into() };
/// let mut datagram = Vec::new();
/// fir.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::FullIntraRequest(fir))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FullIntraRequest<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// Zero: the entries name the streams (RFC 5104 §4.3.1.2).
    pub media_ssrc: u32,
    /// The streams.
    pub entries: List<'a, FirEntry>,
}

list_message!(FullIntraRequest, entries: FirEntry, PAYLOAD_FEEDBACK, FULL_INTRA);

/// Sharp pictures or many of them (RFC 5104 §4.3.2).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                              SSRC                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Seq nr.      |  Reserved                           | Index   |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TradeOff {
    /// In a request the stream, in a notification who requested.
    pub ssrc: u32,
    /// One more than in the last request to this stream; the same when it is repeated, and in the answer.
    pub sequence_number: u8,
    /// From 0, the sharpest pictures, to 31, the most pictures a second: 5 bits.
    pub index: u8,
}

impl TradeOff {
    const fn from_wire([s0, s1, s2, s3, sequence_number, _, _, index]: [u8; 8]) -> Self {
        Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            sequence_number,
            index: index & 0x1f,
        }
    }

    const fn to_wire(self) -> [u8; 8] {
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        [s0, s1, s2, s3, self.sequence_number, 0, 0, self.index & 0x1f]
    }
}

fixed_entry!(TradeOff, 8);

/// TSTR: a wish for sharper or more pictures (RFC 5104 §4.3.2).
///
/// ```
/// use rtcp::{Packet, PacketRef, TradeOff, Tstr};
///
/// let requests = [TradeOff { ssrc: 2, sequence_number: 1, index: 31 }];
/// let tstr = Tstr { sender_ssrc: 1, media_ssrc: 0, requests: (&requests).into() };
/// let mut datagram = Vec::new();
/// tstr.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::Tstr(tstr))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tstr<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// Zero: the entries name the streams (RFC 5104 §4.3.2.2).
    pub media_ssrc: u32,
    /// The wishes.
    pub requests: List<'a, TradeOff>,
}

list_message!(Tstr, requests: TradeOff, PAYLOAD_FEEDBACK, TSTR);

/// TSTN: what a [`Tstr`] led to (RFC 5104 §4.3.3).
///
/// ```
/// use rtcp::{Packet, PacketRef, TradeOff, Tstn};
///
/// let chosen = [TradeOff { ssrc: 1, sequence_number: 1, index: 20 }];
/// let tstn = Tstn { sender_ssrc: 2, media_ssrc: 0, notifications: (&chosen).into() };
/// let mut datagram = Vec::new();
/// tstn.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::Tstn(tstn))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tstn<'a> {
    /// The stream that answers.
    pub sender_ssrc: u32,
    /// Zero: the entries name who requested (RFC 5104 §4.3.3.2).
    pub media_ssrc: u32,
    /// What is used from here on, for each who asked.
    pub notifications: List<'a, TradeOff>,
}

list_message!(Tstn, notifications: TradeOff, PAYLOAD_FEEDBACK, TSTN);
