//! ServerKeyExchange and ClientKeyExchange for ECDHE (RFC 8422 §5.4, §5.7).
//!
//! ```text
//! struct { ECCurveType curve_type; NamedCurve namedcurve; opaque point<1..2^8-1>; } ServerECDHParams;
//! struct { ServerECDHParams params; SignatureAndHashAlgorithm algorithm; opaque signature<0..2^16-1>; }
//! ```

use crate::codec::{DecodeError, Reader, put_u16, put_vector};

const NAMED_CURVE: u8 = 3;

/// The server's ephemeral key and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerKeyExchange<'a> {
    /// The group's number.
    pub group: u16,
    /// The server's share.
    pub share: &'a [u8],
    /// The signature scheme's number.
    pub scheme: u16,
    /// A signature over both randoms and the parameters.
    pub signature: &'a [u8],
}

impl<'a> ServerKeyExchange<'a> {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off, has bytes too many, or names no registered curve.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        if reader.u8()? != NAMED_CURVE {
            return Err(reader.error("not a named curve"));
        }
        let group = reader.u16()?;
        let share = reader.vector8()?;
        let scheme = reader.u16()?;
        let signature = reader.vector16()?;
        reader.finish()?;
        Ok(Self {
            group,
            share,
            scheme,
            signature,
        })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&Self::parameters(self.group, self.share));
        put_u16(out, self.scheme);
        put_vector::<2>(out, |out| out.extend_from_slice(self.signature));
    }

    /// The ServerECDHParams, which the signature covers behind both randoms.
    pub(crate) fn parameters(group: u16, share: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(4 + share.len());
        out.push(NAMED_CURVE);
        put_u16(&mut out, group);
        put_vector::<1>(&mut out, |out| out.extend_from_slice(share));
        out
    }
}

/// The client's ephemeral key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientKeyExchange<'a> {
    /// The client's share.
    pub share: &'a [u8],
}

impl<'a> ClientKeyExchange<'a> {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off or has bytes too many.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let share = reader.vector8()?;
        reader.finish()?;
        Ok(Self { share })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_vector::<1>(out, |out| out.extend_from_slice(self.share));
    }
}
