//! RFC 3550 §5.1: headers and packets that are made, kept and written.

use bytes::Bytes;

use super::Csrcs;
use super::extension_set::ExtensionSet;
use super::view::{FIXED_LEN, HeaderRef, PacketRef};
use super::writer::HeaderWriter;
use crate::{DecodeError, ExtensionError};

/// The header of a packet, to make or to keep. Without allocation up to 15 contributing sources and 64 bytes of extensions.
///
/// ```
/// use rtp::{Header, PacketRef};
/// use rtp::extension::TransportSequenceNumber;
///
/// let mut header = Header { payload_type: 111, sequence_number: 1, timestamp: 960, ssrc: 0x5eed, ..Header::default() };
/// header.extensions.set_as(3, &TransportSequenceNumber(77)).unwrap();
///
/// let mut datagram = Vec::new();
/// header.encode(&mut datagram);
/// assert_eq!(datagram.len(), header.encoded_len());
/// datagram.extend([0xf8, 0xff, 0xfe]);
/// assert_eq!(Header::from(&PacketRef::decode(&datagram)?), header);
///
/// assert!(header.extensions.set(0, &[1]).is_err(), "0 is padding");
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// For video the last packet of a frame, for audio the first of a talkspurt (RFC 3551 §4.1).
    pub marker: bool,
    /// 0 to 127: which payload format, as negotiated. Only the low seven bits are written.
    pub payload_type: u8,
    /// One more for each packet, wrapping; its first value is random (RFC 3550 §5.1). See [`Sequencer`](crate::Sequencer).
    pub sequence_number: u16,
    /// When the first byte of the payload was sampled, in units of the payload type's clock.
    pub timestamp: u32,
    /// The source of the stream, random and unique in the session.
    pub ssrc: u32,
    /// Whose streams were mixed into this one.
    pub csrcs: Csrcs,
    /// Header extensions, by the ids that were negotiated.
    pub extensions: ExtensionSet,
}

impl Header {
    /// Appends the header, without padding bit.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_with(out, false);
    }

    fn encode_with(&self, out: &mut Vec<u8>, padding: bool) {
        let mut writer = HeaderWriter::new(out, self.extensions.rule());
        writer
            .marker(self.marker)
            .payload_type(self.payload_type)
            .sequence_number(self.sequence_number)
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .padding(padding);
        for csrc in self.csrcs.iter() {
            writer.csrc(*csrc);
        }
        if let Some(form) = self.extensions.form() {
            writer.open(form);
        }
        for (id, data) in &self.extensions {
            let written: Result<_, ExtensionError> = writer.extension(id, data);
            debug_assert!(written.is_ok(), "a set holds only what can be written");
        }
        writer.finish();
    }

    /// Bytes that [`Header::encode`] appends.
    pub fn encoded_len(&self) -> usize {
        FIXED_LEN + 4 * self.csrcs.len() + self.extensions.encoded_len()
    }
}

/// A copy of everything but padding and what is not of RFC 8285: of extensions with the same id the last stands.
impl From<&HeaderRef<'_>> for Header {
    fn from(header: &HeaderRef<'_>) -> Self {
        let mut extensions = ExtensionSet::new();
        for (id, data) in header.extensions() {
            let set = extensions.set(id, data);
            debug_assert!(set.is_ok(), "what was read can be written");
        }
        Self {
            marker: header.marker(),
            payload_type: header.payload_type(),
            sequence_number: header.sequence_number(),
            timestamp: header.timestamp(),
            ssrc: header.ssrc(),
            csrcs: header.csrcs().collect(),
            extensions,
        }
    }
}

impl From<&PacketRef<'_>> for Header {
    fn from(packet: &PacketRef<'_>) -> Self {
        Self::from(&packet.header())
    }
}

/// A packet to keep: its header, and its payload as shared bytes.
///
/// ```
/// use rtp::{Header, Packet};
///
/// let packet = Packet { header: Header { ssrc: 5, ..Header::default() }, payload: "media".into(), padding_len: 3 };
/// let mut datagram = Vec::new();
/// packet.encode(&mut datagram);
/// assert_eq!(&datagram[12..], b"media\0\0\x03");
/// assert_eq!(Packet::decode(datagram.into())?, packet);
///
/// assert!(Packet::decode("not RTP".into()).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// The header.
    pub header: Header,
    /// The payload, without padding.
    pub payload: Bytes,
    /// Bytes of padding behind the payload, their count included; 0 for none.
    pub padding_len: u8,
}

impl Packet {
    /// Reads a packet that fills `datagram`; its payload shares those bytes.
    ///
    /// # Errors
    /// As [`PacketRef::decode`].
    pub fn decode(datagram: Bytes) -> Result<Self, DecodeError> {
        let packet = PacketRef::decode(&datagram)?;
        Ok(Self {
            header: Header::from(&packet),
            payload: datagram.slice_ref(packet.payload()),
            padding_len: packet.padding_len(),
        })
    }

    /// Appends the packet.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode_with(out, self.padding_len > 0);
        out.extend_from_slice(&self.payload);
        if self.padding_len > 0 {
            out.resize(out.len() + usize::from(self.padding_len) - 1, 0);
            out.push(self.padding_len);
        }
    }

    /// Bytes that [`Packet::encode`] appends.
    pub fn encoded_len(&self) -> usize {
        self.header.encoded_len() + self.payload.len() + usize::from(self.padding_len)
    }
}
