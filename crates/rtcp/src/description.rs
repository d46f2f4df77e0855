//! Source descriptions: RFC 3550 §6.5; MID of RFC 9143 §15.1, stream ids of RFC 8852 §3, groups of RFC 8861 §3.

use crate::list::{List, ListIter, sealed};
use crate::packet::Packet;
use crate::raw::{MAX_COUNT, RawPacketRef, count, frame, framed_len, packet_type, padded};
use crate::{DecodeError, Entry};

/// One item about a source. Text is UTF-8 without a terminator; what is longer than 255 bytes is cut there when written.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     type      |     length    | value                       ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    PRIV=8     |     length    | prefix length |prefix string...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SdesItem<'a> {
    /// CNAME, 1: the name that binds the streams of a participant together. Every report has it.
    Cname(&'a [u8]),
    /// NAME, 2: the user's name.
    Name(&'a [u8]),
    /// EMAIL, 3.
    Email(&'a [u8]),
    /// PHONE, 4.
    Phone(&'a [u8]),
    /// LOC, 5: where the user is.
    Location(&'a [u8]),
    /// TOOL, 6: the application and its version.
    Tool(&'a [u8]),
    /// NOTE, 7: what the user does.
    Note(&'a [u8]),
    /// PRIV, 8: an item of an application's own.
    Private {
        /// Tells applications apart.
        prefix: &'a [u8],
        /// What it says.
        value: &'a [u8],
    },
    /// RGRP, 11: the reporting group of the source (RFC 8861).
    ReportingGroup(&'a [u8]),
    /// RtpStreamId, 12 (RFC 8852).
    RtpStreamId(&'a [u8]),
    /// RepairedRtpStreamId, 13 (RFC 8852).
    RepairedRtpStreamId(&'a [u8]),
    /// MID, 15: the media description of the stream (RFC 9143).
    Mid(&'a [u8]),
    /// Any other. Type zero would end the list and is not written.
    Other {
        /// The type.
        kind: u8,
        /// What it says.
        value: &'a [u8],
    },
}

impl<'a> SdesItem<'a> {
    fn new(kind: u8, value: &'a [u8]) -> Self {
        match kind {
            1 => Self::Cname(value),
            2 => Self::Name(value),
            3 => Self::Email(value),
            4 => Self::Phone(value),
            5 => Self::Location(value),
            6 => Self::Tool(value),
            7 => Self::Note(value),
            8 => Self::private(value).unwrap_or(Self::Other { kind, value }),
            11 => Self::ReportingGroup(value),
            12 => Self::RtpStreamId(value),
            13 => Self::RepairedRtpStreamId(value),
            15 => Self::Mid(value),
            _ => Self::Other { kind, value },
        }
    }

    fn private(value: &'a [u8]) -> Option<Self> {
        let (len, rest) = value.split_first()?;
        let (prefix, value) = rest.split_at_checked((*len).into())?;
        Some(Self::Private { prefix, value })
    }

    /// The value of the type field.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Cname(_) => 1,
            Self::Name(_) => 2,
            Self::Email(_) => 3,
            Self::Phone(_) => 4,
            Self::Location(_) => 5,
            Self::Tool(_) => 6,
            Self::Note(_) => 7,
            Self::Private { .. } => 8,
            Self::ReportingGroup(_) => 11,
            Self::RtpStreamId(_) => 12,
            Self::RepairedRtpStreamId(_) => 13,
            Self::Mid(_) => 15,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// What it says; of a private item, without the prefix.
    #[must_use]
    pub const fn value(&self) -> &'a [u8] {
        match self {
            Self::Cname(value)
            | Self::Name(value)
            | Self::Email(value)
            | Self::Phone(value)
            | Self::Location(value)
            | Self::Tool(value)
            | Self::Note(value)
            | Self::ReportingGroup(value)
            | Self::RtpStreamId(value)
            | Self::RepairedRtpStreamId(value)
            | Self::Mid(value)
            | Self::Private { value, .. }
            | Self::Other { value, .. } => value,
        }
    }

    /// What stands between the length and the value (only PRIV has it), and the value, as much as fits.
    fn parts(&self) -> (Option<&'a [u8]>, &'a [u8]) {
        let Self::Private { prefix, value } = self else {
            return (None, cut(self.value(), 255));
        };
        let prefix = cut(prefix, 254);
        let room = 254_usize.saturating_sub(prefix.len());
        (Some(prefix), cut(value, room))
    }
}

/// The first `max` bytes.
fn cut(bytes: &[u8], max: usize) -> &[u8] {
    bytes.get(..max).unwrap_or(bytes)
}

/// A length that was cut to fit.
fn byte(len: usize) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}

impl sealed::Sealed for SdesItem<'_> {}

impl<'a> Entry<'a> for SdesItem<'a> {
    const LEN: Option<usize> = None;

    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let ([kind, len], rest) = bytes.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked((*len).into())?;
        Some((Self::new(*kind, value), rest))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        if self.kind() == 0 {
            return;
        }
        let (prefix, value) = self.parts();
        if let Some(prefix) = prefix {
            let len = prefix.len().saturating_add(value.len()).saturating_add(1);
            out.extend_from_slice(&[self.kind(), byte(len), byte(prefix.len())]);
            out.extend_from_slice(prefix);
        } else {
            out.extend_from_slice(&[self.kind(), byte(value.len())]);
        }
        out.extend_from_slice(value);
    }

    fn encoded_len(&self) -> usize {
        if self.kind() == 0 {
            return 0;
        }
        let (prefix, value) = self.parts();
        let prefix = prefix.map_or(0, |it| it.len().saturating_add(1));
        value.len().saturating_add(prefix).saturating_add(2)
    }
}

/// The items of one source (RFC 3550 §6.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SdesChunk<'a> {
    /// The source.
    pub ssrc: u32,
    /// What is said about it.
    pub items: List<'a, SdesItem<'a>>,
}

impl<'a> SdesChunk<'a> {
    /// The canonical name, if it is there.
    #[must_use]
    pub fn cname(&self) -> Option<&'a [u8]> {
        self.items.iter().find_map(|item| {
            if let SdesItem::Cname(name) = item {
                Some(name)
            } else {
                None
            }
        })
    }
}

impl sealed::Sealed for SdesChunk<'_> {}

impl<'a> Entry<'a> for SdesChunk<'a> {
    const LEN: Option<usize> = None;

    /// A null octet ends the items; more of them fill the last word.
    fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (ssrc, list) = bytes.split_first_chunk()?;
        let mut rest = list;
        while *rest.first()? != 0 {
            (_, rest) = SdesItem::decode(rest)?;
        }
        let items = list.get(..list.len().checked_sub(rest.len())?)?;
        let end = padded(items.len().saturating_add(1));
        let chunk = Self {
            ssrc: u32::from_be_bytes(*ssrc),
            items: List::wire(items),
        };
        Some((chunk, list.get(end..)?))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        self.items.encode(out);
        let len = self.items.encoded_len();
        out.resize(
            out.len()
                .saturating_add(padded(len.saturating_add(1)).saturating_sub(len)),
            0,
        );
    }

    fn encoded_len(&self) -> usize {
        padded(self.items.encoded_len().saturating_add(1)).saturating_add(4)
    }
}

/// SDES: who the sources are (RFC 3550 §6.5).
///
/// ```text
///         +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// header  |V=2|P|    SC   |  PT=SDES=202  |             length            |
///         +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// chunk   |                          SSRC/CSRC_1                          |
///   1     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///         |                           SDES items                          |
///         |                              ...                              |
///         +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
/// ```
///
/// ```
/// use rtcp::{Packet, PacketRef, SdesChunk, SdesItem, SourceDescription};
///
/// let items = [SdesItem::Cname(b"cYhx/N8U7h7+3GW3"), SdesItem::Mid(b"0")];
/// let chunks = [SdesChunk { ssrc: 7, items: (&items).into() }];
/// let mut datagram = Vec::new();
/// SourceDescription { chunks: (&chunks).into() }.encode(&mut datagram);
///
/// let Some(Ok(PacketRef::SourceDescription(sdes))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert_eq!(sdes.cname(7), Some(b"cYhx/N8U7h7+3GW3".as_slice()));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceDescription<'a> {
    /// A chunk per source. Written: what goes beyond 31 follows in further packets.
    pub chunks: List<'a, SdesChunk<'a>>,
}

impl<'a> SourceDescription<'a> {
    /// The canonical name of a source, if it is there.
    #[must_use]
    pub fn cname(&self, ssrc: u32) -> Option<&'a [u8]> {
        self.chunks
            .iter()
            .filter(|chunk| chunk.ssrc == ssrc)
            .find_map(|chunk| chunk.cname())
    }

    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let (chunks, _) = List::decode_some(raw.body(), 4, raw.count().into())?;
        Ok(Self { chunks })
    }
}

/// Chunks by packet.
fn groups<'a>(
    chunks: &List<'a, SdesChunk<'a>>,
) -> impl Iterator<Item = (usize, ListIter<'a, SdesChunk<'a>>)> {
    let mut rest = chunks.iter();
    let mut left = chunks.len();
    let mut first = true;
    std::iter::from_fn(move || {
        if left == 0 && !first {
            return None;
        }
        first = false;
        let size = left.min(MAX_COUNT);
        left = left.saturating_sub(size);
        let group = rest.clone();
        if size > 0 {
            rest.nth(size.saturating_sub(1));
        }
        Some((size, group))
    })
}

impl Packet for SourceDescription<'_> {
    fn encoded_len(&self) -> usize {
        groups(&self.chunks)
            .map(|(size, group)| framed_len(group.take(size).map(|chunk| chunk.encoded_len()).sum()))
            .sum()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for (size, group) in groups(&self.chunks) {
            frame(out, packet_type::SOURCE_DESCRIPTION, count(size), |out| {
                group.take(size).for_each(|chunk| chunk.encode(out));
            });
        }
    }
}
