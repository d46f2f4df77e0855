//! DATA, RFC 9260 §3.3.1, with the I bit.
//!
//! ```text
//! |   Type = 0    |  Res  |I|U|B|E|            Length             |
//! |                              TSN                              |
//! |       Stream Identifier S     |    Stream Sequence Number n   |
//! |                  Payload Protocol Identifier                  |
//! /                  User Data (seq n of Stream S)                /
//! ```

use super::DecodeError;
use super::chunk::{ChunkKind, ChunkRef};
use super::reader::Reader;
use crate::tsn::{Ssn, Tsn};
use bytes::BufMut;

/// The flags of a DATA chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataFlags(pub u8);

impl DataFlags {
    /// E: the last fragment of a message.
    pub const END: Self = Self(1);
    /// B: the first fragment of a message.
    pub const BEGIN: Self = Self(2);
    /// U: the message is unordered, its SSN means nothing.
    pub const UNORDERED: Self = Self(4);
    /// I: the sender wants the SACK without delay.
    pub const IMMEDIATE: Self = Self(8);

    /// True when all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Everything of a DATA chunk but the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataHeader {
    /// The flags.
    pub flags: DataFlags,
    /// The chunk's number.
    pub tsn: Tsn,
    /// The stream.
    pub stream_id: u16,
    /// The message's number in the stream.
    pub ssn: Ssn,
    /// What the payload is, for the application.
    pub ppid: u32,
}

impl DataHeader {
    /// Length on the wire with the chunk frame.
    pub const LEN: usize = 16;

    /// Appends frame and header of a chunk that carries `payload_len` bytes. The payload and its padding follow.
    #[inline]
    pub fn encode(&self, payload_len: usize, out: &mut impl BufMut) {
        let len = u16::try_from(Self::LEN + payload_len)
            .unwrap_or(u16::MAX)
            .to_be_bytes();
        let tsn = self.tsn.0.to_be_bytes();
        let sid = self.stream_id.to_be_bytes();
        let ssn = self.ssn.0.to_be_bytes();
        let ppid = self.ppid.to_be_bytes();
        out.put_slice(&[
            ChunkKind::DATA.0,
            self.flags.0,
            len[0],
            len[1],
            tsn[0],
            tsn[1],
            tsn[2],
            tsn[3],
            sid[0],
            sid[1],
            ssn[0],
            ssn[1],
            ppid[0],
            ppid[1],
            ppid[2],
            ppid[3],
        ]);
    }

    /// Length of frame and header.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        Self::LEN
    }
}

/// A received DATA chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRef<'a> {
    /// The header.
    pub header: DataHeader,
    /// The user data; empty is a protocol violation of the sender.
    pub payload: &'a [u8],
}

impl<'a> DataRef<'a> {
    /// Interprets a chunk as DATA.
    ///
    /// # Errors
    ///
    /// The chunk is shorter than the header.
    #[inline]
    pub fn decode(chunk: &ChunkRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(chunk.value);
        let header = DataHeader {
            flags: DataFlags(chunk.flags),
            tsn: Tsn(reader.u32()?),
            stream_id: reader.u16()?,
            ssn: Ssn(reader.u16()?),
            ppid: reader.u32()?,
        };
        Ok(Self {
            header,
            payload: reader.rest(),
        })
    }
}
