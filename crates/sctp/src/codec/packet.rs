//! The packet and its common header, RFC 9260 §3.1.
//!
//! ```text
//! |     Source Port Number        |     Destination Port Number   |
//! |                      Verification Tag                         |
//! |                           Checksum                            |
//! ```

use super::chunk::Chunks;
use super::reader::Reader;
use super::{DecodeError, checksum};
use bytes::BufMut;

/// The fields of the common header that a sender chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The tag the receiver chose, or 0 with INIT.
    pub verification_tag: u32,
}

impl Header {
    /// Length on the wire.
    pub const LEN: usize = 12;

    /// Appends the header with a zero checksum; [`seal`](super::seal) fills it in when the packet is complete.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u16(self.source_port);
        out.put_u16(self.destination_port);
        out.put_u32(self.verification_tag);
        out.put_u32(0);
    }

    /// Length of the encoded header.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        Self::LEN
    }
}

/// A received packet.
#[derive(Clone, Copy, Debug)]
pub struct PacketRef<'a> {
    /// The common header.
    pub header: Header,
    /// The checksum as it stands in the header.
    pub checksum: u32,
    whole: &'a [u8],
    body: &'a [u8],
}

impl<'a> PacketRef<'a> {
    /// Reads the common header.
    ///
    /// # Errors
    ///
    /// The packet is shorter than the header.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let header = Header {
            source_port: reader.u16()?,
            destination_port: reader.u16()?,
            verification_tag: reader.u32()?,
        };
        let checksum = u32::from_le_bytes(reader.array()?);
        Ok(Self {
            header,
            checksum,
            whole: bytes,
            body: reader.rest(),
        })
    }

    /// Computes the CRC32c and compares.
    #[must_use]
    pub fn checksum_is_valid(&self) -> bool {
        checksum::expected(self.whole) == self.checksum
    }

    /// The chunks, in order.
    #[must_use]
    pub const fn chunks(&self) -> Chunks<'a> {
        Chunks::new(self.body)
    }
}
