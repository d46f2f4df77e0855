//! ServerHello (RFC 5246 §7.4.1.3) and HelloVerifyRequest (RFC 6347 §4.2.1).

use super::extensions::ServerExtensions;
use crate::codec::{DecodeError, Reader, put_u16, put_vector};

/// The server's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version of this connection.
    pub version: u16,
    /// The server's random.
    pub random: [u8; 32],
    /// A session to resume later; this crate sends none and ignores it.
    pub session_id: Vec<u8>,
    /// The chosen suite.
    pub cipher_suite: u16,
    /// The chosen compression, always 0.
    pub compression_method: u8,
    /// The extensions this crate knows.
    pub extensions: ServerExtensions,
}

impl ServerHello {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off, has bytes too many, or a known extension is malformed or sent twice.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let version = reader.u16()?;
        let random = reader.array()?;
        let session_id = reader.vector8()?;
        if session_id.len() > 32 {
            return Err(reader.error("session id too long"));
        }
        let cipher_suite = reader.u16()?;
        let compression_method = reader.u8()?;
        let extensions = ServerExtensions::decode(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            version,
            random,
            session_id: session_id.to_vec(),
            cipher_suite,
            compression_method,
            extensions,
        })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u16(out, self.version);
        out.extend_from_slice(&self.random);
        put_vector::<1>(out, |out| out.extend_from_slice(&self.session_id));
        put_u16(out, self.cipher_suite);
        out.push(self.compression_method);
        self.extensions.encode(out);
    }
}

/// The server's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloVerifyRequest<'a> {
    /// Says nothing: DTLS 1.2 servers send 1.0 here.
    pub version: u16,
    /// What the client must repeat.
    pub cookie: &'a [u8],
}

impl<'a> HelloVerifyRequest<'a> {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off or has bytes too many.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let (version, cookie) = (reader.u16()?, reader.vector8()?);
        reader.finish()?;
        Ok(Self { version, cookie })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u16(out, self.version);
        put_vector::<1>(out, |out| out.extend_from_slice(self.cookie));
    }
}
