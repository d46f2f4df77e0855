//! ClientHello (RFC 6347 §4.2.1, RFC 5246 §7.4.1.2).
//!
//! ```text
//! struct {
//!     ProtocolVersion client_version;        Random random;
//!     SessionID session_id;                  opaque cookie<0..2^8-1>;
//!     CipherSuite cipher_suites<2..2^16-1>;  CompressionMethod compression_methods<1..2^8-1>;
//!     Extension extensions<0..2^16-1>;
//! } ClientHello;
//! ```

use super::extensions::ClientExtensions;
use crate::codec::{DecodeError, Reader, put_u16, put_vector};

/// The part of a ClientHello in front of the extensions, read without copying.
///
/// It fits in the first fragment of any sensible client, so that a cookie can be checked before anything is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHelloPrefix<'a> {
    /// The highest version up to 1.2.
    pub version: u16,
    /// The client's random.
    pub random: [u8; 32],
    /// A session to resume; this crate resumes none.
    pub session_id: &'a [u8],
    /// The server's cookie, empty in a first hello.
    pub cookie: &'a [u8],
    /// Cipher suites as bytes, preferred first.
    pub cipher_suites: &'a [u8],
    /// Compression methods, of which only 0 is used.
    pub compression_methods: &'a [u8],
}

impl<'a> ClientHelloPrefix<'a> {
    /// Reads the prefix; what follows is not looked at.
    ///
    /// # Errors
    /// When the bytes end early, or a list has an impossible length.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::read(&mut Reader::new(bytes))
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let version = reader.u16()?;
        let random = reader.array()?;
        let session_id = reader.vector8()?;
        if session_id.len() > 32 {
            return Err(reader.error("session id too long"));
        }
        let cookie = reader.vector8()?;
        let cipher_suites = reader.vector16()?;
        if cipher_suites.is_empty() || cipher_suites.len() % 2 != 0 {
            return Err(reader.error("bad length of the cipher suites"));
        }
        let compression_methods = reader.vector8()?;
        if compression_methods.is_empty() {
            return Err(reader.error("no compression method"));
        }
        Ok(Self {
            version,
            random,
            session_id,
            cookie,
            cipher_suites,
            compression_methods,
        })
    }
}

/// A whole ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The highest version up to 1.2.
    pub version: u16,
    /// The client's random.
    pub random: [u8; 32],
    /// A session to resume; this crate resumes none.
    pub session_id: Vec<u8>,
    /// The server's cookie, empty in a first hello.
    pub cookie: Vec<u8>,
    /// Cipher suites, preferred first.
    pub cipher_suites: Vec<u16>,
    /// Compression methods, of which only 0 is used.
    pub compression_methods: Vec<u8>,
    /// The extensions this crate knows.
    pub extensions: ClientExtensions,
}

impl ClientHello {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off, has bytes too many, or a known extension is malformed or sent twice.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let prefix = ClientHelloPrefix::read(&mut reader)?;
        let extensions = ClientExtensions::decode(&mut reader)?;
        reader.finish()?;
        let (cipher_suites, _) = prefix.cipher_suites.as_chunks::<2>();
        Ok(Self {
            version: prefix.version,
            random: prefix.random,
            session_id: prefix.session_id.to_vec(),
            cookie: prefix.cookie.to_vec(),
            cipher_suites: cipher_suites.iter().copied().map(u16::from_be_bytes).collect(),
            compression_methods: prefix.compression_methods.to_vec(),
            extensions,
        })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u16(out, self.version);
        out.extend_from_slice(&self.random);
        put_vector::<1>(out, |out| out.extend_from_slice(&self.session_id));
        put_vector::<1>(out, |out| out.extend_from_slice(&self.cookie));
        put_vector::<2>(out, |out| {
            self.cipher_suites.iter().for_each(|suite| put_u16(out, *suite))
        });
        put_vector::<1>(out, |out| out.extend_from_slice(&self.compression_methods));
        self.extensions.encode(out);
    }
}
