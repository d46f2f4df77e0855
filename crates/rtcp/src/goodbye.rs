//! Leaving, RFC 3550 §6.6, and packets of applications, RFC 3550 §6.7.

use crate::list::List;
use crate::packet::Packet;
use crate::raw::{MAX_COUNT, RawPacketRef, count, frame, framed_len, packet_type, padded};
use crate::reader::Reader;
use crate::{DecodeError, Entry};

/// BYE: sources that end (RFC 3550 §6.6).
///
/// ```text
///        0                   1                   2                   3
///        0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///       +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///       |V=2|P|    SC   |   PT=BYE=203  |             length            |
///       +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///       :                     SSRC/CSRC (SC of them)                    :
///       +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// (opt) |     length    |               reason for leaving            ...
///       +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{Goodbye, Packet, PacketRef};
///
/// let goodbye = Goodbye { ssrcs: (&[7, 8]).into(), reason: b"camera malfunction" };
/// let mut datagram = Vec::new();
/// goodbye.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::Goodbye(goodbye))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Goodbye<'a> {
    /// The sources. Written: what goes beyond 31 follows in further packets without the reason.
    pub ssrcs: List<'a, u32>,
    /// Why, in UTF-8; empty if nothing is said. Written: at most the first 255 bytes.
    pub reason: &'a [u8],
}

impl<'a> Goodbye<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let count = usize::from(raw.count());
        let (ssrcs, rest) = List::decode_some(raw.body(), 4, count)?;
        let mut reader = Reader::new(rest, count.saturating_add(1).saturating_mul(4));
        let mut reason: &[u8] = &[];
        if !reader.is_empty() {
            let len = reader.u8()?;
            reason = reader.take(len.into())?;
        }
        Ok(Self { ssrcs, reason })
    }

    fn written_reason(&self) -> &'a [u8] {
        self.reason.get(..255).unwrap_or(self.reason)
    }
}

impl Packet for Goodbye<'_> {
    fn encoded_len(&self) -> usize {
        let reason = self.written_reason().len();
        let reason = if reason == 0 { 0 } else { reason.saturating_add(1) };
        let packets = self.ssrcs.len().div_ceil(MAX_COUNT).max(1);
        padded(reason)
            .saturating_add(self.ssrcs.encoded_len())
            .saturating_add(packets.saturating_mul(4))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut ssrcs = self.ssrcs.iter();
        let mut reason = self.written_reason();
        loop {
            let (left, _) = ssrcs.size_hint();
            frame(out, packet_type::GOODBYE, count(left), |out| {
                (&mut ssrcs).take(MAX_COUNT).for_each(|ssrc| ssrc.encode(out));
                if let (false, Ok(len)) = (reason.is_empty(), u8::try_from(reason.len())) {
                    out.push(len);
                    out.extend_from_slice(reason);
                }
            });
            if left <= MAX_COUNT {
                break;
            }
            reason = &[];
        }
    }
}

/// APP: what an application defines (RFC 3550 §6.7).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P| subtype |   PT=APP=204  |             length            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                           SSRC/CSRC                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          name (ASCII)                         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   application-dependent data                ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtcp::{Application, Packet, PacketRef};
///
/// let packet = Application { subtype: 3, ssrc: 7, name: *b"qtsi", data: &[1, 2, 3, 4] };
/// let mut datagram = Vec::new();
/// packet.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::Application(packet))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Application<'a> {
    /// Tells the packets of an application apart: 5 bits.
    pub subtype: u8,
    /// Who sends it, or whom it concerns.
    pub ssrc: u32,
    /// The application, in ASCII.
    pub name: [u8; 4],
    /// Whole words. Written: filled with zeros.
    pub data: &'a [u8],
}

impl<'a> Application<'a> {
    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw.body(), 4);
        Ok(Self {
            subtype: raw.count(),
            ssrc: reader.u32()?,
            name: reader.array()?,
            data: reader.rest(),
        })
    }
}

impl Packet for Application<'_> {
    fn encoded_len(&self) -> usize {
        framed_len(self.data.len().saturating_add(8))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        frame(out, packet_type::APPLICATION, self.subtype, |out| {
            out.extend_from_slice(&self.ssrc.to_be_bytes());
            out.extend_from_slice(&self.name);
            out.extend_from_slice(self.data);
        });
    }
}
