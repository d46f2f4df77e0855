//! Parameters inside chunks, RFC 9260 §3.2.1.
//!
//! ```text
//! |          Parameter Type       |       Parameter Length        |
//! /                        Parameter Value                        /
//! ```

use super::chunk::{Padding, UnknownAction, finish};
use super::reader::Reader;
use super::{DecodeError, padded};

/// A parameter type; the known ones are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamKind(pub u16);

#[expect(missing_docs, reason = "the names are the RFCs'")]
impl ParamKind {
    pub const HEARTBEAT_INFO: Self = Self(1);
    pub const IPV4_ADDRESS: Self = Self(5);
    pub const IPV6_ADDRESS: Self = Self(6);
    pub const STATE_COOKIE: Self = Self(7);
    pub const UNRECOGNIZED: Self = Self(8);
    pub const COOKIE_PRESERVATIVE: Self = Self(9);
    pub const HOST_NAME_ADDRESS: Self = Self(11);
    pub const SUPPORTED_ADDRESS_TYPES: Self = Self(12);
    pub const OUTGOING_RESET: Self = Self(13);
    pub const INCOMING_RESET: Self = Self(14);
    pub const SSN_TSN_RESET: Self = Self(15);
    pub const RECONFIG_RESPONSE: Self = Self(16);
    pub const ADD_OUTGOING_STREAMS: Self = Self(17);
    pub const ADD_INCOMING_STREAMS: Self = Self(18);
    /// Reserved for ECN.
    pub const ECN_CAPABLE: Self = Self(0x8000);
    /// RFC 9653.
    pub const ZERO_CHECKSUM: Self = Self(0x8001);
    /// RFC 4895.
    pub const RANDOM: Self = Self(0x8002);
    pub const CHUNK_LIST: Self = Self(0x8003);
    pub const REQUESTED_HMAC: Self = Self(0x8004);
    pub const PADDING: Self = Self(0x8005);
    /// RFC 5061.
    pub const SUPPORTED_EXTENSIONS: Self = Self(0x8008);
    /// RFC 3758.
    pub const FORWARD_TSN_SUPPORTED: Self = Self(0xc000);
}

impl ParamKind {
    /// What to do with a parameter of this type when it is not understood, from its two highest bits.
    #[must_use]
    pub const fn unknown_action(self) -> UnknownAction {
        let [high, _] = self.0.to_be_bytes();
        UnknownAction::from_bits(high >> 6)
    }
}

/// A parameter that has been cut out but not interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamRef<'a> {
    /// The type.
    pub kind: ParamKind,
    /// The value, without padding.
    pub value: &'a [u8],
}

impl ParamRef<'_> {
    /// Length on the wire, with padding.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        padded(4 + self.value.len())
    }

    /// Appends the parameter as it was received.
    pub(crate) fn copy_to(&self, out: &mut Vec<u8>) {
        write_param(out, self.kind, |out| out.extend_from_slice(self.value));
    }
}

/// Iterates over parameters. Ends after the first malformed one.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    reader: Option<Reader<'a>>,
}

impl<'a> Params<'a> {
    /// Iterates over the parameters in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Some(Reader::new(bytes)),
        }
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<ParamRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut reader = self.reader.take().filter(|reader| !reader.is_empty())?;
        match decode_one(&mut reader) {
            Ok(param) => {
                self.reader = Some(reader);
                Some(Ok(param))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn decode_one<'a>(reader: &mut Reader<'a>) -> Result<ParamRef<'a>, DecodeError> {
    let kind = ParamKind(reader.u16()?);
    let len = usize::from(reader.u16()?);
    let Some(value_len) = len.checked_sub(4) else {
        return Err(reader.error("parameter length below 4"));
    };
    let value = reader.take(value_len)?;
    reader.skip_padding(padded(len) - len);
    Ok(ParamRef { kind, value })
}

/// Appends a parameter whose value `fill` writes, with length and padding. Returns the padding.
pub(crate) fn write_param(out: &mut Vec<u8>, kind: ParamKind, fill: impl FnOnce(&mut Vec<u8>)) -> Padding {
    let start = out.len();
    out.extend_from_slice(&kind.0.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    fill(out);
    let end = out.len();
    finish(out, start);
    Padding(out.len() - end)
}
