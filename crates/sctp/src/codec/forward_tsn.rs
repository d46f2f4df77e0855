//! FORWARD-TSN, RFC 3758 §3.2.
//!
//! ```text
//! |                      New Cumulative TSN                       |
//! |         Stream-1              |       Stream Sequence-1       |
//! /                              ...                              /
//! ```

use super::DecodeError;
use super::reader::Reader;
use crate::tsn::{Ssn, Tsn};

/// A stream with the highest message number that will not come any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkippedStream {
    /// The stream.
    pub stream_id: u16,
    /// Its highest skipped number.
    pub ssn: Ssn,
}

/// A received FORWARD-TSN.
#[derive(Clone, Copy, Debug)]
pub struct ForwardTsnRef<'a> {
    /// The receiver shall take everything up to here as received.
    pub new_cumulative_tsn: Tsn,
    streams: &'a [u8],
}

impl<'a> ForwardTsnRef<'a> {
    /// Interprets the value of a FORWARD-TSN chunk.
    ///
    /// # Errors
    ///
    /// It is too short, or does not end with a whole pair.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(value);
        let new_cumulative_tsn = Tsn(reader.u32()?);
        let streams = reader.rest();
        if !streams.len().is_multiple_of(4) {
            return Err(reader.error("half a stream entry"));
        }
        Ok(Self {
            new_cumulative_tsn,
            streams,
        })
    }

    /// The ordered streams in which messages were skipped.
    pub fn streams(&self) -> impl Iterator<Item = SkippedStream> + use<'a> {
        self.streams
            .as_chunks::<4>()
            .0
            .iter()
            .map(|[a, b, c, d]| SkippedStream {
                stream_id: u16::from_be_bytes([*a, *b]),
                ssn: Ssn(u16::from_be_bytes([*c, *d])),
            })
    }
}
