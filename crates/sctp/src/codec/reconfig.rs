//! RE-CONFIG parameters, RFC 6525 §4. SSN/TSN reset and adding streams are recognised so that they can be denied.

use super::DecodeError;
use super::chunk::Padding;
use super::param::{ParamKind, ParamRef, write_param};
use super::reader::Reader;
use crate::tsn::Tsn;
use bytes::BufMut;

/// A list of stream identifiers on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamIds<'a>(&'a [u8]);

impl<'a> StreamIds<'a> {
    /// True when no stream is named, which means all of them.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The identifiers.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<'a> {
        let (chunks, _) = self.0.as_chunks::<2>();
        chunks.iter().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn decode(reader: Reader<'a>) -> Result<Self, DecodeError> {
        let bytes = reader.rest();
        if !bytes.len().is_multiple_of(2) {
            return Err(reader.error("half a stream identifier"));
        }
        Ok(Self(bytes))
    }
}

/// Outgoing SSN Reset Request, §4.1: "my outgoing streams start again at 0".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutgoingReset<'a> {
    /// Number of this request.
    pub request: u32,
    /// Number of the incoming reset request this one answers, or of the peer's last request.
    pub response: u32,
    /// The last TSN that was used before the reset.
    pub last_tsn: Tsn,
    /// Which streams.
    pub streams: StreamIds<'a>,
}

/// Incoming SSN Reset Request, §4.2: "please reset your outgoing streams".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomingReset<'a> {
    /// Number of this request.
    pub request: u32,
    /// Which streams.
    pub streams: StreamIds<'a>,
}

/// Re-configuration Response, §4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconfigResponse {
    /// Number of the request.
    pub response: u32,
    /// What came of it.
    pub result: ResetResult,
}

/// Result of a request, §4.4 table 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetResult(pub u32);

#[expect(missing_docs, reason = "the names are the RFC's")]
impl ResetResult {
    pub const NOTHING_TO_DO: Self = Self(0);
    pub const PERFORMED: Self = Self(1);
    pub const DENIED: Self = Self(2);
    pub const WRONG_SSN: Self = Self(3);
    pub const ALREADY_IN_PROGRESS: Self = Self(4);
    pub const BAD_SEQUENCE_NUMBER: Self = Self(5);
    pub const IN_PROGRESS: Self = Self(6);
}

/// A parameter of a RE-CONFIG chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconfigParam<'a> {
    /// The peer resets its outgoing streams.
    Outgoing(OutgoingReset<'a>),
    /// The peer asks for a reset of our outgoing streams.
    Incoming(IncomingReset<'a>),
    /// The peer answers a request.
    Response(ReconfigResponse),
    /// A request this crate denies: SSN/TSN reset, adding streams. It starts with its number.
    Other(u32),
}

impl<'a> ReconfigParam<'a> {
    /// Interprets a parameter; `None` when it does not belong into RE-CONFIG.
    ///
    /// # Errors
    ///
    /// It is too short for its type.
    pub fn decode(param: &ParamRef<'a>) -> Result<Option<Self>, DecodeError> {
        let mut reader = Reader::new(param.value);
        Ok(Some(match param.kind {
            ParamKind::OUTGOING_RESET => Self::Outgoing(OutgoingReset {
                request: reader.u32()?,
                response: reader.u32()?,
                last_tsn: Tsn(reader.u32()?),
                streams: StreamIds::decode(reader)?,
            }),
            ParamKind::INCOMING_RESET => Self::Incoming(IncomingReset {
                request: reader.u32()?,
                streams: StreamIds::decode(reader)?,
            }),
            ParamKind::RECONFIG_RESPONSE => Self::Response(ReconfigResponse {
                response: reader.u32()?,
                result: ResetResult(reader.u32()?),
            }),
            ParamKind::SSN_TSN_RESET | ParamKind::ADD_OUTGOING_STREAMS | ParamKind::ADD_INCOMING_STREAMS => {
                Self::Other(reader.u32()?)
            }
            _ => return Ok(None),
        }))
    }
}

impl OutgoingReset<'_> {
    /// Appends the parameter with `streams` as its list.
    pub(crate) fn encode(&self, streams: &[u16], out: &mut Vec<u8>) -> Padding {
        write_param(out, ParamKind::OUTGOING_RESET, |out| {
            out.put_u32(self.request);
            out.put_u32(self.response);
            out.put_u32(self.last_tsn.0);
            for id in streams {
                out.put_u16(*id);
            }
        })
    }
}

impl ReconfigResponse {
    /// Appends the parameter.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        write_param(out, ParamKind::RECONFIG_RESPONSE, |out| {
            out.put_u32(self.response);
            out.put_u32(self.result.0);
        });
    }
}
