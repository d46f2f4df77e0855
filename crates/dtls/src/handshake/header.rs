//! The handshake header (RFC 6347 §4.2.2).
//!
//! ```text
//! struct {
//!     HandshakeType msg_type;
//!     uint24 length;
//!     uint16 message_seq;
//!     uint24 fragment_offset;
//!     uint24 fragment_length;
//!     select (HandshakeType) { … } body;
//! } Handshake;
//! ```

use crate::codec::{DecodeError, Reader, put_u16, put_u24, u24};

/// Bytes in front of every fragment.
pub const HANDSHAKE_HEADER_LENGTH: usize = 12;

/// What a handshake message is: the registered number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HandshakeType(pub u8);

impl HandshakeType {
    /// Asks the client to begin again; ignored.
    pub const HELLO_REQUEST: Self = Self(0);
    /// The client's offer.
    pub const CLIENT_HELLO: Self = Self(1);
    /// The server's choice.
    pub const SERVER_HELLO: Self = Self(2);
    /// The server's cookie.
    pub const HELLO_VERIFY_REQUEST: Self = Self(3);
    /// A certificate chain.
    pub const CERTIFICATE: Self = Self(11);
    /// The server's ephemeral key, signed.
    pub const SERVER_KEY_EXCHANGE: Self = Self(12);
    /// Asks for the client's certificate.
    pub const CERTIFICATE_REQUEST: Self = Self(13);
    /// The server's flight is over.
    pub const SERVER_HELLO_DONE: Self = Self(14);
    /// The client's proof of its certificate's key.
    pub const CERTIFICATE_VERIFY: Self = Self(15);
    /// The client's ephemeral key.
    pub const CLIENT_KEY_EXCHANGE: Self = Self(16);
    /// Ends the handshake.
    pub const FINISHED: Self = Self(20);

    /// The registered name, or `None` for a number this crate does not know.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::HELLO_REQUEST => "HelloRequest",
            Self::CLIENT_HELLO => "ClientHello",
            Self::SERVER_HELLO => "ServerHello",
            Self::HELLO_VERIFY_REQUEST => "HelloVerifyRequest",
            Self::CERTIFICATE => "Certificate",
            Self::SERVER_KEY_EXCHANGE => "ServerKeyExchange",
            Self::CERTIFICATE_REQUEST => "CertificateRequest",
            Self::SERVER_HELLO_DONE => "ServerHelloDone",
            Self::CERTIFICATE_VERIFY => "CertificateVerify",
            Self::CLIENT_KEY_EXCHANGE => "ClientKeyExchange",
            Self::FINISHED => "Finished",
            _ => return None,
        })
    }
}

impl std::fmt::Debug for HandshakeType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "HandshakeType({})", self.0),
        }
    }
}

/// The header of one fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeHeader {
    /// Which message it is part of.
    pub message_type: HandshakeType,
    /// Bytes of the whole message's body.
    pub length: usize,
    /// The message's number in this handshake.
    pub message_sequence: u16,
    /// Where the fragment begins in the body.
    pub fragment_offset: usize,
    /// Bytes of the fragment.
    pub fragment_length: usize,
}

impl HandshakeHeader {
    /// Reads one fragment off `bytes`: its header, its part of the body, and what is behind it in the record.
    ///
    /// # Errors
    /// When it is cut off, or reaches beyond its own message.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8], &[u8]), DecodeError> {
        let mut reader = Reader::new(bytes);
        let header = Self {
            message_type: HandshakeType(reader.u8()?),
            length: reader.u24()?,
            message_sequence: reader.u16()?,
            fragment_offset: reader.u24()?,
            fragment_length: reader.u24()?,
        };
        if header.fragment_offset + header.fragment_length > header.length {
            return Err(reader.error("fragment beyond its message"));
        }
        let fragment = reader.take(header.fragment_length)?;
        let rest = bytes
            .get(HANDSHAKE_HEADER_LENGTH + header.fragment_length..)
            .unwrap_or_default();
        Ok((header, fragment, rest))
    }

    /// The header's bytes.
    pub fn encode(&self) -> [u8; HANDSHAKE_HEADER_LENGTH] {
        let [l0, l1, l2] = u24(self.length);
        let [s0, s1] = self.message_sequence.to_be_bytes();
        let [o0, o1, o2] = u24(self.fragment_offset);
        let [f0, f1, f2] = u24(self.fragment_length);
        [self.message_type.0, l0, l1, l2, s0, s1, o0, o1, o2, f0, f1, f2]
    }

    /// A whole message: the header of its only fragment, and the body.
    pub(crate) fn message(
        message_type: HandshakeType,
        message_sequence: u16,
        body: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.push(message_type.0);
        put_u24(&mut out, 0);
        put_u16(&mut out, message_sequence);
        put_u24(&mut out, 0);
        put_u24(&mut out, 0);
        body(&mut out);
        let length = u24(out.len() - HANDSHAKE_HEADER_LENGTH);
        for at in [1, 9] {
            if let Some(field) = out.get_mut(at..at + 3) {
                field.copy_from_slice(&length);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_fragments_of_one_record() {
        let bytes = [
            &[1, 0, 0, 5, 0, 2, 0, 0, 1, 0, 0, 2, 0xaa, 0xbb][..],
            &[14, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0][..],
        ]
        .concat();
        let (first, fragment, rest) = HandshakeHeader::decode(&bytes).unwrap();
        assert_eq!(
            (first.message_type, first.length, first.message_sequence),
            (HandshakeType::CLIENT_HELLO, 5, 2)
        );
        assert_eq!((first.fragment_offset, fragment), (1, &[0xaa, 0xbb][..]));
        assert_eq!(first.encode(), bytes[..12]);
        let (second, fragment, rest) = HandshakeHeader::decode(rest).unwrap();
        assert_eq!(
            (second.message_type, fragment.len(), rest.len()),
            (HandshakeType::SERVER_HELLO_DONE, 0, 0)
        );
    }

    #[test]
    fn refuses_truncation_and_fragments_beyond_the_message() {
        let whole =
            HandshakeHeader::message(HandshakeType::FINISHED, 7, |out| out.extend_from_slice(&[9; 12]));
        assert!(HandshakeHeader::decode(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(
                HandshakeHeader::decode(&whole[..length]).is_err(),
                "{length} bytes"
            );
        }
        let mut beyond = whole;
        beyond[8] = 1;
        assert_eq!(
            HandshakeHeader::decode(&beyond).map_err(|error| error.reason),
            Err("fragment beyond its message")
        );
    }
}
