//! Feedback messages: RFC 4585 §6. Those that are a list of entries behind two SSRCs, and those without any.

mod layers;
mod loss;
mod picture;
mod rate;

pub use layers::{LayerId, LayerRefresh, LayerRefreshRequest};
pub use loss::{LostPackets, Nack, NackPair, NackPairs, RapidResync, nack_pairs};
pub use picture::{
    FirEntry, FullIntraRequest, PictureLossIndication, ReferencePictureSelection, SliceLoss,
    SliceLossIndication, TradeOff, Tstn, Tstr,
};
pub use rate::{BitrateLimit, Remb, Tmmbn, Tmmbr};

use crate::list::List;
use crate::raw::{RawPacketRef, frame, framed_len};
use crate::reader::Reader;
use crate::{DecodeError, Entry};

/// The values of the format field, by packet type.
pub mod format {
    /// RTPFB: generic NACK, RFC 4585 §6.2.1.
    pub const NACK: u8 = 1;
    /// RTPFB: TMMBR, RFC 5104 §4.2.1.
    pub const TMMBR: u8 = 3;
    /// RTPFB: TMMBN, RFC 5104 §4.2.2.
    pub const TMMBN: u8 = 4;
    /// RTPFB: rapid resynchronisation request, RFC 6051 §3.2.
    pub const RAPID_RESYNC: u8 = 5;
    /// RTPFB: congestion control feedback, RFC 8888 §3.1.
    pub const CONGESTION_CONTROL: u8 = 11;
    /// RTPFB: transport-wide congestion control, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.
    pub const TRANSPORT_WIDE: u8 = 15;
    /// PSFB: PLI, RFC 4585 §6.3.1.
    pub const PICTURE_LOSS: u8 = 1;
    /// PSFB: SLI, RFC 4585 §6.3.2.
    pub const SLICE_LOSS: u8 = 2;
    /// PSFB: RPSI, RFC 4585 §6.3.3.
    pub const REFERENCE_PICTURE: u8 = 3;
    /// PSFB: FIR, RFC 5104 §4.3.1.
    pub const FULL_INTRA: u8 = 4;
    /// PSFB: TSTR, RFC 5104 §4.3.2.
    pub const TSTR: u8 = 5;
    /// PSFB: TSTN, RFC 5104 §4.3.3.
    pub const TSTN: u8 = 6;
    /// PSFB: LRR, RFC 9627 §3.
    pub const LAYER_REFRESH: u8 = 10;
    /// PSFB: application layer feedback, RFC 4585 §6.4; REMB is one.
    pub const APPLICATION: u8 = 15;
}

/// What every feedback message begins with (RFC 4585 §6.1).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|   FMT   |       PT      |          length               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                  SSRC of packet sender                        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                  SSRC of media source                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// :            Feedback Control Information (FCI)                 :
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) packet_type: u8,
    pub(crate) format: u8,
    pub(crate) sender_ssrc: u32,
    pub(crate) media_ssrc: u32,
}

impl Head {
    pub(crate) fn encode(self, out: &mut Vec<u8>, information: impl FnOnce(&mut Vec<u8>)) {
        frame(out, self.packet_type, self.format, |out| {
            out.extend_from_slice(&self.sender_ssrc.to_be_bytes());
            out.extend_from_slice(&self.media_ssrc.to_be_bytes());
            information(out);
        });
    }
}

/// The length of a feedback message with so many bytes of information.
pub(crate) const fn feedback_len(information: usize) -> usize {
    framed_len(information.saturating_add(8))
}

/// The two SSRCs of a feedback message, and its information.
pub(crate) fn split<'a>(raw: &RawPacketRef<'a>) -> Result<(u32, u32, Reader<'a>), DecodeError> {
    let mut reader = Reader::new(raw.body(), 4);
    Ok((reader.u32()?, reader.u32()?, reader))
}

/// The same, where the information is a list.
pub(crate) fn split_list<'a, T: Entry<'a>>(
    raw: &RawPacketRef<'a>,
) -> Result<(u32, u32, List<'a, T>), DecodeError> {
    let (sender_ssrc, media_ssrc, reader) = split(raw)?;
    Ok((
        sender_ssrc,
        media_ssrc,
        List::decode(reader.rest(), reader.offset())?,
    ))
}

/// A message that is a list of entries for one media source.
macro_rules! list_message {
    ($name:ident, $field:ident: $entry:ty, $packet_type:ident, $format:ident) => {
        impl<'a> $name<'a> {
            pub(crate) fn from_raw(raw: &$crate::raw::RawPacketRef<'a>) -> Result<Self, $crate::DecodeError> {
                let (sender_ssrc, media_ssrc, $field) = $crate::feedback::split_list(raw)?;
                Ok(Self {
                    sender_ssrc,
                    media_ssrc,
                    $field,
                })
            }
        }

        impl $crate::Packet for $name<'_> {
            fn encoded_len(&self) -> usize {
                $crate::feedback::feedback_len(self.$field.encoded_len())
            }

            fn encode(&self, out: &mut Vec<u8>) {
                let head = $crate::feedback::Head {
                    packet_type: $crate::packet_type::$packet_type,
                    format: $crate::format::$format,
                    sender_ssrc: self.sender_ssrc,
                    media_ssrc: self.media_ssrc,
                };
                head.encode(out, |out| self.$field.encode(out));
            }
        }
    };
}
pub(crate) use list_message;

/// A message without information.
macro_rules! bare_message {
    ($name:ident, $packet_type:ident, $format:ident) => {
        impl $name {
            pub(crate) fn from_raw(raw: &$crate::raw::RawPacketRef<'_>) -> Result<Self, $crate::DecodeError> {
                let (sender_ssrc, media_ssrc, _) = $crate::feedback::split(raw)?;
                Ok(Self {
                    sender_ssrc,
                    media_ssrc,
                })
            }
        }

        impl $crate::Packet for $name {
            fn encoded_len(&self) -> usize {
                $crate::feedback::feedback_len(0)
            }

            fn encode(&self, out: &mut Vec<u8>) {
                let head = $crate::feedback::Head {
                    packet_type: $crate::packet_type::$packet_type,
                    format: $crate::format::$format,
                    sender_ssrc: self.sender_ssrc,
                    media_ssrc: self.media_ssrc,
                };
                head.encode(out, |_| {});
            }
        }
    };
}
pub(crate) use bare_message;
