//! Certificates: our own, made or loaded, and what is read from the peer's.

mod der;
mod generate;
mod verify;

use std::sync::Arc;

use crypto::{KeyError, KeyKind, Provider, SignError, SigningKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use crate::fingerprint::{Fingerprint, FingerprintAlgorithm};

pub use generate::CertificateParameters;
pub use verify::{CertificateRejection, CertificateVerifier, PeerVerification, WallClock};
pub(crate) use verify::{CertificateVerified, Judge, PeerCertificate, verify_peer};

/// Why there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The chain is empty, or its first certificate is no X.509 in DER.
    #[error("certificate is malformed")]
    Malformed,
    /// The text holds no certificate or no private key in PEM.
    #[error("no certificate or private key in PEM")]
    Pem,
    /// The private key belongs to another certificate.
    #[error("private key does not belong to the certificate")]
    KeyMismatch,
    /// The private key could not be loaded or made.
    #[error("private key: {0}")]
    Key(#[from] KeyError),
    /// The certificate could not be signed.
    #[error("signing failed: {0}")]
    Sign(#[from] SignError),
    /// A name cannot be written into a certificate.
    #[error("name cannot be encoded")]
    Name,
}

/// A certificate chain with the private key of its first certificate.
///
/// ```
/// use dtls::{Certificate, FingerprintAlgorithm, KeyKind, Provider, UnixTime};
/// use std::time::Duration;
///
/// let now = Duration::from_secs(1_800_000_000);
/// let certificate = Certificate::self_signed(
///     &Provider::default(),
///     KeyKind::EcdsaP256,
///     UnixTime::since_unix_epoch(now),
///     UnixTime::since_unix_epoch(now + Duration::from_secs(30 * 86_400)),
/// )?;
/// println!("a=fingerprint:{}", certificate.fingerprint(FingerprintAlgorithm::Sha256));
/// assert_eq!(certificate.expires().as_secs(), 1_802_592_000);
/// # Ok::<(), dtls::CertificateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<dyn SigningKey>,
    expires: UnixTime,
    provider: Provider,
}

impl Certificate {
    /// Makes a fresh key and a certificate for it, signed by itself: what WebRTC peers use.
    ///
    /// # Errors
    /// When the provider cannot make a key of this kind, or signing fails.
    pub fn self_signed(
        provider: &Provider,
        kind: KeyKind,
        not_before: UnixTime,
        not_after: UnixTime,
    ) -> Result<Self, CertificateError> {
        let parameters = CertificateParameters {
            kind,
            ..CertificateParameters::new(not_before, not_after)
        };
        Self::generate(provider, &parameters)
    }

    /// Makes a fresh key and a certificate with names for it, signed by itself.
    ///
    /// # Errors
    /// When the provider cannot make the key, a name cannot be encoded, or signing fails.
    pub fn generate(
        provider: &Provider,
        parameters: &CertificateParameters,
    ) -> Result<Self, CertificateError> {
        let key = provider.generate_key(parameters.kind)?;
        let certificate = generate::self_signed(provider, parameters, &*key)?;
        Self::new(provider, vec![certificate], key)
    }

    /// Takes a chain, the end entity's certificate first, and its key.
    ///
    /// # Errors
    /// When the chain is empty or malformed, or the key belongs to another certificate.
    pub fn new(
        provider: &Provider,
        chain: Vec<CertificateDer<'static>>,
        key: Arc<dyn SigningKey>,
    ) -> Result<Self, CertificateError> {
        let first = chain.first().ok_or(CertificateError::Malformed)?;
        let fields = der::CertificateFields::read(first).map_err(|_| CertificateError::Malformed)?;
        if fields.public_key_info != key.public_key_info() {
            return Err(CertificateError::KeyMismatch);
        }
        let expires = generate::expires(fields.validity).ok_or(CertificateError::Malformed)?;
        Ok(Self {
            chain,
            key,
            expires,
            provider: provider.clone(),
        })
    }

    /// Takes a chain and a private key (PKCS#8, SEC1 or PKCS#1), all in DER.
    ///
    /// # Errors
    /// When one of them is malformed or they do not belong together.
    pub fn from_der(
        provider: &Provider,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
    ) -> Result<Self, CertificateError> {
        let key = provider.load_key(key.secret_der())?;
        Self::new(provider, chain, key)
    }

    /// Takes a chain and a private key in PEM; both may be in the same text.
    ///
    /// # Errors
    /// When one of them is missing or malformed, or they do not belong together.
    pub fn from_pem(provider: &Provider, chain: &str, key: &str) -> Result<Self, CertificateError> {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CertificateError::Pem)?;
        if chain.is_empty() {
            return Err(CertificateError::Pem);
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| CertificateError::Pem)?;
        Self::from_der(provider, chain, &key)
    }

    /// The chain and, if it can leave the provider, the private key in PEM, so that the certificate – and with it the
    /// fingerprint – can be kept. Guard it as a secret.
    pub fn to_pem(&self) -> Option<String> {
        let block =
            |label, bytes: &[u8]| ::der::pem::encode_string(label, ::der::pem::LineEnding::LF, bytes).ok();
        let mut text = String::new();
        for certificate in &self.chain {
            text.push_str(&block("CERTIFICATE", certificate)?);
        }
        text.push_str(&block("PRIVATE KEY", self.key.pkcs8()?.as_ref())?);
        Some(text)
    }

    /// The certificates in DER, the end entity's first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The private key.
    pub fn key(&self) -> &Arc<dyn SigningKey> {
        &self.key
    }

    /// The end of its validity.
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// The fingerprint for the session description.
    pub fn fingerprint(&self, algorithm: FingerprintAlgorithm) -> Fingerprint {
        let der = self.chain.first().map_or(&[][..], AsRef::as_ref);
        Fingerprint::of(&self.provider, algorithm, der)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    pub(crate) fn certificate(kind: KeyKind) -> Certificate {
        let time = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
        Certificate::self_signed(
            &Provider::default(),
            kind,
            time(1_700_000_000),
            time(1_900_000_000),
        )
        .unwrap()
    }

    #[test]
    fn every_kind_of_key_survives_pem() {
        let provider = Provider::default();
        for kind in KeyKind::ALL {
            let made = certificate(kind);
            assert_eq!(made.expires().as_secs(), 1_900_000_000);
            let text = made.to_pem().unwrap();
            let loaded = Certificate::from_pem(&provider, &text, &text).unwrap();
            assert_eq!(loaded.chain(), made.chain());
            assert_eq!(loaded.key().kind(), kind);
            assert_eq!(
                loaded.fingerprint(FingerprintAlgorithm::Sha256),
                made.fingerprint(FingerprintAlgorithm::Sha256)
            );
        }
    }

    #[test]
    fn refuses_a_key_of_another_certificate() {
        let (one, other) = (certificate(KeyKind::EcdsaP256), certificate(KeyKind::EcdsaP256));
        let mixed = Certificate::new(&Provider::default(), one.chain().to_vec(), other.key().clone());
        assert_eq!(mixed.map(|_| ()), Err(CertificateError::KeyMismatch));
        let none = Certificate::new(&Provider::default(), vec![], other.key().clone());
        assert_eq!(none.map(|_| ()), Err(CertificateError::Malformed));
        let no_pem = Certificate::from_pem(&Provider::default(), "nothing", "nothing");
        assert_eq!(no_pem.map(|_| ()), Err(CertificateError::Pem));
    }

    #[test]
    fn far_dates_are_written_as_generalized_time() {
        let time = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
        let made = Certificate::self_signed(
            &Provider::default(),
            KeyKind::Ed25519,
            time(0),
            time(4_000_000_000),
        )
        .unwrap();
        assert_eq!(made.expires().as_secs(), 4_000_000_000);
    }
}
