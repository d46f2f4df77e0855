//! The frame of a chunk, RFC 9260 §3.2.
//!
//! ```text
//! |   Chunk Type  |  Chunk Flags  |         Chunk Length          |
//! /                          Chunk Value                          /
//! ```

use super::reader::Reader;
use super::{DecodeError, padded};

/// A chunk type; the known ones are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkKind(pub u8);

#[expect(missing_docs, reason = "the names are the RFC's")]
impl ChunkKind {
    pub const DATA: Self = Self(0);
    pub const INIT: Self = Self(1);
    pub const INIT_ACK: Self = Self(2);
    pub const SACK: Self = Self(3);
    pub const HEARTBEAT: Self = Self(4);
    pub const HEARTBEAT_ACK: Self = Self(5);
    pub const ABORT: Self = Self(6);
    pub const SHUTDOWN: Self = Self(7);
    pub const SHUTDOWN_ACK: Self = Self(8);
    pub const ERROR: Self = Self(9);
    pub const COOKIE_ECHO: Self = Self(10);
    pub const COOKIE_ACK: Self = Self(11);
    pub const SHUTDOWN_COMPLETE: Self = Self(14);
    pub const RE_CONFIG: Self = Self(130);
    pub const PAD: Self = Self(132);
    pub const FORWARD_TSN: Self = Self(192);
}

impl ChunkKind {
    /// What to do with a chunk of this type when it is not understood, from its two highest bits.
    #[must_use]
    pub const fn unknown_action(self) -> UnknownAction {
        UnknownAction::from_bits(self.0 >> 6)
    }
}

/// What the two highest bits of an unrecognised chunk or parameter type ask for, RFC 9260 §3.2 and §3.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownAction {
    /// `00`: stop processing.
    Stop,
    /// `01`: stop processing and report it.
    StopAndReport,
    /// `10`: skip it.
    Skip,
    /// `11`: skip it and report it.
    SkipAndReport,
}

impl UnknownAction {
    pub(super) const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Stop,
            1 => Self::StopAndReport,
            2 => Self::Skip,
            _ => Self::SkipAndReport,
        }
    }

    /// True when the sender of the unknown element wants to hear of it.
    #[must_use]
    pub const fn reports(self) -> bool {
        matches!(self, Self::StopAndReport | Self::SkipAndReport)
    }

    /// True when what follows the unknown element must not be processed.
    #[must_use]
    pub const fn stops(self) -> bool {
        matches!(self, Self::Stop | Self::StopAndReport)
    }
}

/// A chunk that has been cut out of a packet but not interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkRef<'a> {
    /// The type.
    pub kind: ChunkKind,
    /// The flags.
    pub flags: u8,
    /// The value, without padding.
    pub value: &'a [u8],
}

impl ChunkRef<'_> {
    /// The T bit of ABORT and SHUTDOWN COMPLETE: the sender had no association and reflects the tag it was sent.
    #[must_use]
    pub const fn has_reflected_tag(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Appends the chunk as it was received, for reports.
    pub(crate) fn copy_to(&self, out: &mut Vec<u8>) {
        write_chunk(out, self.kind, self.flags, |out| {
            out.extend_from_slice(self.value)
        });
    }
}

/// Iterates over chunks (the frames only). Ends after the first malformed one.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    reader: Option<Reader<'a>>,
}

impl<'a> Chunks<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self {
            reader: Some(Reader::new(body)),
        }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<ChunkRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.reader.take().filter(|reader| !reader.is_empty())?;
        match decode_one(&mut reader) {
            Ok(chunk) => {
                self.reader = Some(reader);
                Some(Ok(chunk))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn decode_one<'a>(reader: &mut Reader<'a>) -> Result<ChunkRef<'a>, DecodeError> {
    let kind = ChunkKind(reader.u8()?);
    let flags = reader.u8()?;
    let len = usize::from(reader.u16()?);
    let Some(value_len) = len.checked_sub(4) else {
        return Err(reader.error("chunk length below 4"));
    };
    let value = reader.take(value_len)?;
    reader.skip_padding(padded(len) - len);
    Ok(ChunkRef { kind, flags, value })
}

/// Bytes at the end of a value that are its last parameter's padding: a chunk's length does not count them (§3.2).
pub(crate) trait Trailing {
    fn padding(self) -> usize;
}

impl Trailing for () {
    fn padding(self) -> usize {
        0
    }
}

/// What [`write_param`](super::write_param) returns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Padding(pub(super) usize);

impl Trailing for Padding {
    fn padding(self) -> usize {
        self.0
    }
}

/// Appends a chunk whose value `fill` writes, with length and padding. A value over 65,531 bytes is the caller's bug;
/// the length field then saturates.
pub(crate) fn write_chunk<T: Trailing>(
    out: &mut Vec<u8>,
    kind: ChunkKind,
    flags: u8,
    fill: impl FnOnce(&mut Vec<u8>) -> T,
) {
    let start = out.len();
    out.extend_from_slice(&[kind.0, flags, 0, 0]);
    let trailing = fill(out).padding();
    out.truncate(out.len().saturating_sub(trailing));
    finish(out, start);
}

/// Writes the length at `start + 2` and pads.
pub(super) fn finish(out: &mut Vec<u8>, start: usize) {
    let len = out.len().saturating_sub(start);
    if let Some(field) = out.get_mut(start + 2..start + 4) {
        field.copy_from_slice(&u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
    }
    pad(out, len);
}

/// Appends the zeros that follow an element of `len` bytes.
pub(crate) fn pad(out: &mut Vec<u8>, len: usize) {
    out.resize(out.len() + padded(len) - len, 0);
}
