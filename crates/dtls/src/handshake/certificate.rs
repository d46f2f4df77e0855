//! Certificate, CertificateRequest and CertificateVerify (RFC 5246 §7.4.2, §7.4.4, §7.4.8).

use rustls_pki_types::CertificateDer;

use crate::codec::{DecodeError, Reader, put_u16, put_vector};

/// Certificates in a chain that are looked at.
const MAX_CHAIN: usize = 16;

/// A certificate chain, the end entity's certificate first. Empty when a client has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateChain(pub Vec<CertificateDer<'static>>);

impl CertificateChain {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off, has bytes too many, an empty certificate, or more than 16 of them.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let mut list = Reader::new(reader.vector24()?);
        reader.finish()?;
        let mut chain = Vec::new();
        while !list.is_empty() {
            let certificate = list.vector24()?;
            if certificate.is_empty() || chain.len() == MAX_CHAIN {
                return Err(list.error("empty certificate or too many of them"));
            }
            chain.push(CertificateDer::from(certificate.to_vec()));
        }
        Ok(Self(chain))
    }

    /// Appends the body of a message with `chain`.
    pub fn encode(chain: &[CertificateDer<'_>], out: &mut Vec<u8>) {
        put_vector::<3>(out, |out| {
            for certificate in chain {
                put_vector::<3>(out, |out| out.extend_from_slice(certificate));
            }
        });
    }
}

/// The server asks for the client's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// ClientCertificateType numbers: 1 is RSA, 64 is ECDSA (and Ed25519).
    pub certificate_types: Vec<u8>,
    /// Signature schemes the server verifies, preferred first.
    pub signature_algorithms: Vec<u16>,
    /// DER names of the accepted authorities; empty means any.
    pub authorities: Vec<Vec<u8>>,
}

impl CertificateRequest {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off or has bytes too many.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let certificate_types = reader.vector8()?.to_vec();
        let signature_algorithms = reader.vector16_of_u16()?;
        let mut list = Reader::new(reader.vector16()?);
        reader.finish()?;
        let mut authorities = Vec::new();
        while !list.is_empty() {
            authorities.push(list.vector16()?.to_vec());
        }
        Ok(Self {
            certificate_types,
            signature_algorithms,
            authorities,
        })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_vector::<1>(out, |out| out.extend_from_slice(&self.certificate_types));
        put_vector::<2>(out, |out| {
            self.signature_algorithms
                .iter()
                .for_each(|scheme| put_u16(out, *scheme));
        });
        put_vector::<2>(out, |out| {
            for authority in &self.authorities {
                put_vector::<2>(out, |out| out.extend_from_slice(authority));
            }
        });
    }
}

/// The client's proof that it holds its certificate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a> {
    /// The signature scheme's number.
    pub scheme: u16,
    /// A signature over all messages so far.
    pub signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Reads a whole body.
    ///
    /// # Errors
    /// When it is cut off or has bytes too many.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let (scheme, signature) = (reader.u16()?, reader.vector16()?);
        reader.finish()?;
        Ok(Self { scheme, signature })
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u16(out, self.scheme);
        put_vector::<2>(out, |out| out.extend_from_slice(self.signature));
    }
}
