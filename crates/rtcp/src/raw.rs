//! The common header, RFC 3550 §6.1 and §6.4.1: cutting a datagram into packets, and framing those that are written.

use crate::DecodeError;

/// The values of the packet type field.
pub mod packet_type {
    /// SR, RFC 3550 §6.4.1.
    pub const SENDER_REPORT: u8 = 200;
    /// RR, RFC 3550 §6.4.2.
    pub const RECEIVER_REPORT: u8 = 201;
    /// SDES, RFC 3550 §6.5.
    pub const SOURCE_DESCRIPTION: u8 = 202;
    /// BYE, RFC 3550 §6.6.
    pub const GOODBYE: u8 = 203;
    /// APP, RFC 3550 §6.7.
    pub const APPLICATION: u8 = 204;
    /// RTPFB, RFC 4585 §6.1: feedback of the transport layer.
    pub const TRANSPORT_FEEDBACK: u8 = 205;
    /// PSFB, RFC 4585 §6.1: feedback for a payload.
    pub const PAYLOAD_FEEDBACK: u8 = 206;
    /// XR, RFC 3611 §2.
    pub const EXTENDED_REPORT: u8 = 207;
}

/// What the length field can say, beyond the first word.
pub(crate) const MAX_BODY: usize = 65_535 * 4;

/// The largest value of the five bits for a count or format.
pub(crate) const MAX_COUNT: usize = 31;

/// Whether a datagram on a port shared with RTP is RTCP (RFC 5761 §4): version 2 and a packet type from 192 to 223.
///
/// ```
/// assert!(rtcp::is_rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 0]));
/// assert!(!rtcp::is_rtcp(&[0x80, 96, 0, 1]));
/// ```
#[must_use]
pub const fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [0x80..=0xbf, 192..=223, ..])
}

/// Any RTCP packet, cut out of its datagram.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|  count  |  packet type  |             length            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// :                             body                              :
/// ```
///
/// ```
/// use rtcp::RawPacketRef;
///
/// let datagram = [0xa1, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 1];
/// let (packet, rest) = RawPacketRef::decode(&datagram)?;
/// assert_eq!((packet.packet_type(), packet.count()), (rtcp::packet_type::TRANSPORT_FEEDBACK, rtcp::format::NACK));
/// assert_eq!((packet.body().len(), packet.as_bytes().len()), (8, 16)); // four bytes are padding
/// assert_eq!(rest.len(), 8);
/// # Ok::<(), rtcp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPacketRef<'a> {
    packet_type: u8,
    count: u8,
    body: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> RawPacketRef<'a> {
    /// Takes the first packet off a datagram.
    ///
    /// # Errors
    /// If the version is not 2, the length goes beyond the datagram, or the padding beyond the packet.
    pub fn decode(datagram: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let Some(([first, packet_type, length @ ..], _)) = datagram.split_first_chunk::<4>() else {
            return Err(DecodeError::new("truncated header", 0));
        };
        if first >> 6 != 2 {
            return Err(DecodeError::new("version is not 2", 0));
        }
        let len = usize::from(u16::from_be_bytes(*length))
            .saturating_add(1)
            .saturating_mul(4);
        let Some((bytes, rest)) = datagram.split_at_checked(len) else {
            return Err(DecodeError::new("length beyond the datagram", 2));
        };
        let mut body = bytes.get(4..).unwrap_or_default();
        if first & 0x20 != 0 {
            body = without_padding(body).ok_or(DecodeError::new("padding beyond the packet", len))?;
        }
        let (packet_type, count) = (*packet_type, first & 0x1f);
        Ok((
            Self {
                packet_type,
                count,
                body,
                bytes,
            },
            rest,
        ))
    }

    /// What it is: one of [`packet_type`], or something unknown.
    #[must_use]
    pub const fn packet_type(&self) -> u8 {
        self.packet_type
    }

    /// The five bits behind the padding bit: a number of blocks, a subtype or a feedback format.
    #[must_use]
    pub const fn count(&self) -> u8 {
        self.count
    }

    /// What follows the first word, without padding.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The packet, header and padding included.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether the padding bit is set.
    #[must_use]
    pub fn has_padding(&self) -> bool {
        self.bytes.first().is_some_and(|first| first & 0x20 != 0)
    }

    /// For an unknown feedback packet (RFC 4585 §6.1), the SSRC of its sender; for most others the SSRC they begin with.
    #[must_use]
    pub fn sender_ssrc(&self) -> Option<u32> {
        let (head, _) = self.body.split_first_chunk()?;
        Some(u32::from_be_bytes(*head))
    }
}

/// RFC 3550 §6.4.1: the last octet counts the padding, itself included.
fn without_padding(body: &[u8]) -> Option<&[u8]> {
    let padding = usize::from(*body.last()?);
    let len = body.len().checked_sub(padding)?;
    if padding == 0 { None } else { body.get(..len) }
}

/// The packets of a datagram by their headers only. Made by [`raw_packets`].
#[derive(Clone, Debug)]
pub struct RawPackets<'a> {
    rest: &'a [u8],
    offset: usize,
}

/// Cuts a compound or reduced-size datagram into packets without looking into them.
///
/// The first header that is wrong ends the iteration with an error; its offset counts from the start of the datagram.
///
/// ```
/// let datagram = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x85, 205, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9];
/// let lengths: Vec<_> = rtcp::raw_packets(&datagram).map(|it| it.unwrap().as_bytes().len()).collect();
/// assert_eq!(lengths, [8, 12]);
/// ```
#[must_use]
pub const fn raw_packets(datagram: &[u8]) -> RawPackets<'_> {
    RawPackets {
        rest: datagram,
        offset: 0,
    }
}

impl RawPackets<'_> {
    /// How far into the datagram the next packet begins, in bytes.
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) const fn end(&mut self) {
        self.rest = &[];
    }
}

impl<'a> Iterator for RawPackets<'a> {
    type Item = Result<RawPacketRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match RawPacketRef::decode(self.rest) {
            Ok((packet, rest)) => {
                self.offset = self.offset.saturating_add(packet.bytes.len());
                self.rest = rest;
                Some(Ok(packet))
            }
            Err(error) => {
                self.end();
                Some(Err(error.within(self.offset)))
            }
        }
    }
}

/// Writes a header around `body`, which is filled to a whole word. Too much for the length field is not written at all.
pub(crate) fn frame(out: &mut Vec<u8>, packet_type: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | (count & 0x1f), packet_type, 0, 0]);
    body(out);
    while out.len().wrapping_sub(start) & 3 != 0 {
        out.push(0);
    }
    set_length(out, start);
}

/// Writes the length of the packet that begins at `start` and goes to the end.
pub(crate) fn set_length(out: &mut Vec<u8>, start: usize) {
    let words = out.len().saturating_sub(start) >> 2;
    let Some(Ok(length)) = words.checked_sub(1).map(u16::try_from) else {
        out.truncate(start);
        return;
    };
    if let Some(field) = out.get_mut(start..).and_then(|it| it.get_mut(2..4)) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// The length of what [`frame`] writes around a body of this length.
pub(crate) const fn framed_len(body: usize) -> usize {
    let body = padded(body);
    if body > MAX_BODY {
        0
    } else {
        body.saturating_add(4)
    }
}

/// Rounds up to whole words.
pub(crate) const fn padded(len: usize) -> usize {
    len.saturating_add(3) & !3
}

/// The count field for a list.
pub(crate) fn count(len: usize) -> u8 {
    u8::try_from(len.min(MAX_COUNT)).unwrap_or(0)
}
