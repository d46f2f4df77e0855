//! INIT and INIT ACK, RFC 9260 §3.3.2 and §3.3.3: same fixed part, different parameters.
//!
//! ```text
//! |                         Initiate Tag                          |
//! |           Advertised Receiver Window Credit (a_rwnd)          |
//! |  Number of Outbound Streams   |   Number of Inbound Streams   |
//! |                          Initial TSN                          |
//! \              Optional/Variable-Length Parameters              \
//! ```

use super::DecodeError;
use super::param::Params;
use super::reader::Reader;
use crate::tsn::Tsn;
use bytes::BufMut;

/// The fixed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Init {
    /// The verification tag its sender wants to see.
    pub initiate_tag: u32,
    /// The sender's receive window in bytes.
    pub a_rwnd: u32,
    /// How many streams the sender wants to send on.
    pub outbound_streams: u16,
    /// How many streams the sender accepts.
    pub inbound_streams: u16,
    /// The sender's first TSN.
    pub initial_tsn: Tsn,
}

impl Init {
    /// Length of the fixed part.
    pub const LEN: usize = 16;

    /// Appends the fixed part.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u32(self.initiate_tag);
        out.put_u32(self.a_rwnd);
        out.put_u16(self.outbound_streams);
        out.put_u16(self.inbound_streams);
        out.put_u32(self.initial_tsn.0);
    }

    /// Length of the fixed part.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        Self::LEN
    }
}

/// A received INIT or INIT ACK.
#[derive(Clone, Copy, Debug)]
pub struct InitRef<'a> {
    /// The fixed part.
    pub init: Init,
    params: &'a [u8],
}

impl<'a> InitRef<'a> {
    /// Interprets the value of an INIT or INIT ACK chunk.
    ///
    /// # Errors
    ///
    /// The fixed part is truncated.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(value);
        let init = Init {
            initiate_tag: reader.u32()?,
            a_rwnd: reader.u32()?,
            outbound_streams: reader.u16()?,
            inbound_streams: reader.u16()?,
            initial_tsn: Tsn(reader.u32()?),
        };
        Ok(Self {
            init,
            params: reader.rest(),
        })
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params::new(self.params)
    }
}
