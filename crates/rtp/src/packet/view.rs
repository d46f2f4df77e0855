//! RFC 3550 §5.1, §5.3.1: views of a received header and packet.

use std::fmt;

use super::elements::{Extensions, Form};
use crate::DecodeError;
use crate::extension::Extension;

/// The fixed part of a header, in bytes.
pub(crate) const FIXED_LEN: usize = 12;
/// The profile and length in front of the header extension, in bytes.
pub(crate) const BLOCK_HEAD_LEN: usize = 4;

/// The RTP header of a datagram, read in place.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                           timestamp                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           synchronization source (SSRC) identifier            |
/// +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// |            contributing source (CSRC) identifiers, 0 to 15    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      defined by profile       |  length in 32-bit words       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                        header extension                       |
/// ```
#[derive(Clone, Copy)]
pub struct HeaderRef<'a> {
    pub(super) fixed: &'a [u8; FIXED_LEN],
    pub(super) csrcs: &'a [[u8; 4]],
    pub(super) block: Option<Block<'a>>,
}

/// The header extension of RFC 3550: whatever its profile means by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) profile: u16,
    pub(super) data: &'a [u8],
}

impl<'a> HeaderRef<'a> {
    /// Reads the header at the start of `bytes`. What follows it is left alone, so it may still be encrypted.
    ///
    /// # Errors
    /// When the header is cut off or its version is not 2.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::split(bytes).map(|(header, _)| header)
    }

    /// The header and what follows it.
    #[inline]
    pub(super) fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let cut_off = |what| DecodeError::new(what, bytes.len());
        let (fixed, rest) = bytes.split_first_chunk().ok_or(cut_off("header is cut off"))?;
        check_version(fixed)?;
        let (csrcs, rest) = rest
            .split_at_checked(csrcs_len(fixed))
            .ok_or(cut_off("list of contributing sources is cut off"))?;
        let (csrcs, _) = csrcs.as_chunks();
        let header = |block| Self { fixed, csrcs, block };
        if !has_block(fixed) {
            return Ok((header(None), rest));
        }
        let (head, rest) = rest
            .split_first_chunk()
            .ok_or(cut_off("head of the header extension is cut off"))?;
        let (profile, len) = block_head(*head);
        let (data, rest) = rest
            .split_at_checked(len)
            .ok_or(cut_off("header extension is cut off"))?;
        Ok((header(Some(Block { profile, data })), rest))
    }

    /// Bytes of the whole header, extension included.
    pub const fn encoded_len(&self) -> usize {
        let block = match self.block {
            Some(block) => BLOCK_HEAD_LEN + block.data.len(),
            None => 0,
        };
        FIXED_LEN + 4 * self.csrcs.len() + block
    }

    /// The marker bit: for video the last packet of a frame, for audio the first of a talkspurt (RFC 3551 §4.1).
    pub const fn marker(&self) -> bool {
        self.fixed[1] & 0x80 != 0
    }

    /// The payload type, 0 to 127.
    pub const fn payload_type(&self) -> u8 {
        self.fixed[1] & 0x7f
    }

    /// The sequence number; [`SequenceUnwrapper`](crate::SequenceUnwrapper) extends it.
    pub const fn sequence_number(&self) -> u16 {
        u16::from_be_bytes([self.fixed[2], self.fixed[3]])
    }

    /// The timestamp of the first byte of the payload, in units of the payload type's clock.
    pub const fn timestamp(&self) -> u32 {
        u32::from_be_bytes([self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]])
    }

    /// The synchronization source.
    pub const fn ssrc(&self) -> u32 {
        u32::from_be_bytes([self.fixed[8], self.fixed[9], self.fixed[10], self.fixed[11]])
    }

    /// The contributing sources, at most 15.
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.csrcs.iter().map(|csrc| u32::from_be_bytes(*csrc))
    }

    /// Whether the packet ends with padding.
    pub const fn has_padding(&self) -> bool {
        has_padding(self.fixed)
    }

    /// The form of the extension elements; `None` when there is no header extension, or none of RFC 8285.
    pub const fn form(&self) -> Option<Form> {
        match self.block {
            Some(block) => Form::of_profile(block.profile),
            None => None,
        }
    }

    /// The header extension as RFC 3550 §5.3.1 has it: "defined by profile", and the data in full words.
    pub const fn raw_extension(&self) -> Option<(u16, &'a [u8])> {
        match self.block {
            Some(block) => Some((block.profile, block.data)),
            None => None,
        }
    }

    /// The extension elements (RFC 8285), in their order. A broken element ends them; those before it stand.
    #[inline]
    pub const fn extensions(&self) -> Extensions<'a> {
        match (self.block, self.form()) {
            (Some(block), Some(form)) => Extensions::new(form, block.data),
            _ => Extensions::none(),
        }
    }

    /// The data of the first element with this id.
    #[inline]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.extensions().find(|(it, _)| *it == id).map(|(_, data)| data)
    }

    /// The first element with this id, as what was negotiated for it.
    pub fn extension_as<E: Extension<'a>>(&self, id: u8) -> Option<Result<E, DecodeError>> {
        self.extension(id).map(E::decode)
    }
}

/// The fields by their names.
impl fmt::Debug for HeaderRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderRef")
            .field("marker", &self.marker())
            .field("payload_type", &self.payload_type())
            .field("sequence_number", &self.sequence_number())
            .field("timestamp", &self.timestamp())
            .field("ssrc", &self.ssrc())
            .field("csrcs", &self.csrcs().collect::<super::Csrcs>())
            .field("extensions", &self.extensions().collect::<Vec<_>>())
            .finish()
    }
}

pub(super) const fn check_version(fixed: &[u8; FIXED_LEN]) -> Result<(), DecodeError> {
    match fixed[0] >> 6 {
        2 => Ok(()),
        _ => Err(DecodeError::new("version is not 2", 0)),
    }
}

/// Bytes of the list of contributing sources.
pub(super) const fn csrcs_len(fixed: &[u8; FIXED_LEN]) -> usize {
    4 * (fixed[0] & 0x0f) as usize
}

pub(super) const fn has_block(fixed: &[u8; FIXED_LEN]) -> bool {
    fixed[0] & 0x10 != 0
}

pub(super) const fn has_padding(fixed: &[u8; FIXED_LEN]) -> bool {
    fixed[0] & 0x20 != 0
}

/// Profile, and length in bytes.
pub(super) const fn block_head([p, q, l, m]: [u8; BLOCK_HEAD_LEN]) -> (u16, usize) {
    (
        u16::from_be_bytes([p, q]),
        4 * u16::from_be_bytes([l, m]) as usize,
    )
}

/// How many bytes of padding stand at the end of what follows the header (RFC 3550 §5.1).
///
/// A count of 0 contradicts itself; it is read as no padding.
pub(super) fn padding_len(rest: &[u8]) -> Result<u8, &'static str> {
    let count = *rest
        .last()
        .ok_or("padding bit is set and nothing follows the header")?;
    if usize::from(count) > rest.len() {
        return Err("padding is longer than what follows the header");
    }
    Ok(count)
}

/// An RTP packet, read in place.
///
/// ```
/// use rtp::{PacketRef, extension::AudioLevel};
///
/// let datagram = [
///     0x90, 0x6f, 0x12, 0x34, 0, 0, 0x03, 0xc0, 0xde, 0xad, 0xbe, 0xef, // V, X; PT 111, sequence, timestamp, SSRC
///     0xbe, 0xde, 0, 1, 0x10, 0x9e, 0, 0, // one-byte elements, one word: id 1, one byte, padding
///     0xf8, 0xff, 0xfe,
/// ];
/// let packet = PacketRef::decode(&datagram)?;
/// assert_eq!((packet.payload_type(), packet.sequence_number(), packet.ssrc()), (111, 0x1234, 0xdead_beef));
/// assert_eq!(packet.extension_as(1), Some(Ok(AudioLevel { voice: true, level: 30 })));
/// assert_eq!(packet.payload(), [0xf8, 0xff, 0xfe]);
///
/// assert_eq!(PacketRef::decode(&datagram[..15]).unwrap_err().reason(), "head of the header extension is cut off");
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct PacketRef<'a> {
    header: HeaderRef<'a>,
    payload: &'a [u8],
    padding_len: u8,
}

impl<'a> PacketRef<'a> {
    /// Reads a packet that fills `bytes`.
    ///
    /// # Errors
    /// When the header is cut off, its version is not 2, or the padding is longer than what follows the header.
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, rest) = HeaderRef::split(bytes)?;
        let padding_len = match header.has_padding() {
            true => {
                padding_len(rest).map_err(|reason| DecodeError::new(reason, bytes.len().saturating_sub(1)))?
            }
            false => 0,
        };
        let payload = rest
            .split_at_checked(rest.len().saturating_sub(padding_len.into()))
            .map_or(rest, |(payload, _)| payload);
        Ok(Self {
            header,
            payload,
            padding_len,
        })
    }

    pub(super) const fn from_parts(header: HeaderRef<'a>, payload: &'a [u8], padding_len: u8) -> Self {
        Self {
            header,
            payload,
            padding_len,
        }
    }

    /// The header.
    pub const fn header(&self) -> HeaderRef<'a> {
        self.header
    }

    /// Bytes in front of the payload.
    pub const fn header_len(&self) -> usize {
        self.header.encoded_len()
    }

    /// The payload, without padding.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Bytes of padding behind the payload, their count included.
    pub const fn padding_len(&self) -> u8 {
        self.padding_len
    }

    /// See [`HeaderRef::marker`].
    pub const fn marker(&self) -> bool {
        self.header.marker()
    }

    /// See [`HeaderRef::payload_type`].
    pub const fn payload_type(&self) -> u8 {
        self.header.payload_type()
    }

    /// See [`HeaderRef::sequence_number`].
    pub const fn sequence_number(&self) -> u16 {
        self.header.sequence_number()
    }

    /// See [`HeaderRef::timestamp`].
    pub const fn timestamp(&self) -> u32 {
        self.header.timestamp()
    }

    /// See [`HeaderRef::ssrc`].
    pub const fn ssrc(&self) -> u32 {
        self.header.ssrc()
    }

    /// See [`HeaderRef::csrcs`].
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.header.csrcs()
    }

    /// See [`HeaderRef::extensions`].
    #[inline]
    pub const fn extensions(&self) -> Extensions<'a> {
        self.header.extensions()
    }

    /// See [`HeaderRef::extension`].
    #[inline]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.header.extension(id)
    }

    /// See [`HeaderRef::extension_as`].
    pub fn extension_as<E: Extension<'a>>(&self, id: u8) -> Option<Result<E, DecodeError>> {
        self.header.extension_as(id)
    }
}

/// The header by its fields; of the payload only the length.
impl fmt::Debug for PacketRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketRef")
            .field("header", &self.header)
            .field("payload_len", &self.payload.len())
            .field("padding_len", &self.padding_len)
            .finish()
    }
}
