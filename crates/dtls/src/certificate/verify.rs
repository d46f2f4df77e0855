//! Who the peer is: fingerprints (RFC 8122 §5, RFC 5763 §5), or a chain to a trusted authority (RFC 5280 §6, by
//! rustls-webpki with the signatures checked by our provider), or the caller's own judgement.

use std::sync::Arc;

use crypto::{KeyKind, Provider, SignatureScheme};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime, alg_id,
};
use webpki::{EndEntityCert, Error, KeyUsage};

use super::CertificateError;
use super::der::{self, CertificateFields};
use crate::alert::AlertDescription;
use crate::error::CloseReason;
use crate::fingerprint::Fingerprint;
use crate::key_schedule::Role;

/// How the peer's certificate is judged.
#[derive(Clone, Debug)]
pub enum PeerVerification {
    /// It must have one of these fingerprints: WebRTC. Of several hash functions the strongest one counts. No
    /// fingerprint accepts no peer.
    Fingerprints(Vec<Fingerprint>),
    /// A chain to one of these anchors. A client also checks the name it connects to
    /// ([`Config::server_name`](crate::Config::server_name)).
    WebPki(Arc<[TrustAnchor<'static>]>),
    /// The caller judges.
    Custom(Arc<dyn CertificateVerifier>),
    /// Any certificate, even none. Its key is proven, its owner is not: for tests, or where something else
    /// authenticates the peer.
    AcceptAny,
}

impl PeerVerification {
    /// The authorities that Mozilla trusts, as of the `webpki-roots` crate.
    pub fn webpki_roots() -> Self {
        Self::WebPki(webpki_roots::TLS_SERVER_ROOTS.into())
    }

    /// These authorities only.
    ///
    /// # Errors
    /// When one of the certificates cannot be read.
    pub fn authorities<'a>(
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, CertificateError> {
        let anchors = certificates.into_iter().map(|certificate| {
            webpki::anchor_from_trusted_cert(certificate)
                .map(|anchor| anchor.to_owned())
                .map_err(|_| CertificateError::Malformed)
        });
        Ok(Self::WebPki(anchors.collect::<Result<Arc<[_]>, _>>()?))
    }
}

/// A caller's own judgement of certificates.
///
/// The handshake has checked nothing but that the first certificate can be read; that the peer holds its key is
/// checked afterwards, whatever this says.
pub trait CertificateVerifier: std::fmt::Debug + Send + Sync {
    /// Judges the chain of the peer, which is a `peer`; the first certificate is its own.
    ///
    /// # Errors
    /// Why the peer is refused: it becomes the connection's [`CloseReason`].
    fn verify(&self, peer: Role, chain: &[CertificateDer<'static>]) -> Result<(), CertificateRejection>;
}

/// Where verification takes the date from.
#[derive(Clone, Copy)]
pub struct WallClock(pub fn() -> UnixTime);

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
impl Default for WallClock {
    fn default() -> Self {
        Self(UnixTime::now)
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Default for WallClock {
    /// There is no clock: no chain is valid at the beginning of 1970, so one has to be given.
    fn default() -> Self {
        Self(|| UnixTime::since_unix_epoch(std::time::Duration::ZERO))
    }
}

impl std::fmt::Debug for WallClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallClock")
    }
}

/// Why a peer's certificate was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateRejection {
    /// The peer sent no certificate but must have one.
    #[error("no certificate")]
    Missing,
    /// It cannot be read.
    #[error("malformed certificate")]
    Malformed,
    /// Its key is of a kind that the handshake cannot use, or not the kind of the cipher suite.
    #[error("unsupported key")]
    UnsupportedKey,
    /// It is not valid at this time.
    #[error("expired or not yet valid")]
    Expired,
    /// No chain leads to a trusted authority.
    #[error("unknown authority")]
    UnknownAuthority,
    /// It is valid, but not for the name that was asked for.
    #[error("not valid for the server's name")]
    WrongName,
    /// The chain is broken in another way.
    #[error("invalid chain: {0}")]
    Chain(String),
    /// The caller's verifier refused it.
    #[error("refused: {0}")]
    Refused(String),
}

impl CertificateRejection {
    pub(crate) fn alert(&self) -> AlertDescription {
        match self {
            // RFC 5246 §7.4.6 asks for handshake_failure.
            Self::Missing => AlertDescription::HANDSHAKE_FAILURE,
            Self::Malformed | Self::WrongName | Self::Chain(_) => AlertDescription::BAD_CERTIFICATE,
            Self::UnsupportedKey => AlertDescription::UNSUPPORTED_CERTIFICATE,
            Self::Expired => AlertDescription::CERTIFICATE_EXPIRED,
            Self::UnknownAuthority => AlertDescription::UNKNOWN_CA,
            Self::Refused(_) => AlertDescription::CERTIFICATE_UNKNOWN,
        }
    }
}

/// What the handshake needs of the peer's certificate.
#[derive(Clone, Debug)]
pub(crate) struct PeerCertificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) public_key_info: Vec<u8>,
    pub(crate) kind: KeyKind,
}

impl PeerCertificate {
    pub(crate) fn read(chain: Vec<CertificateDer<'static>>) -> Result<Self, CertificateRejection> {
        let first = chain.first().ok_or(CertificateRejection::Missing)?;
        let fields = CertificateFields::read(first).map_err(|_| CertificateRejection::Malformed)?;
        let public_key_info = fields.public_key_info.to_vec();
        let kind = der::key_kind(&public_key_info).ok_or(CertificateRejection::UnsupportedKey)?;
        Ok(Self {
            chain,
            public_key_info,
            kind,
        })
    }

    /// Whether `signature` under the scheme of this number was made by this certificate's key.
    pub(crate) fn has_signed(
        &self,
        provider: &Provider,
        scheme: u16,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        SignatureScheme::from_tls12(scheme, self.kind).is_some_and(|scheme| {
            provider
                .verify(scheme, &self.public_key_info, message, signature)
                .is_ok()
        })
    }
}

/// Proof that [`verify_peer`] accepted the peer's certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateVerified(());

/// What [`verify_peer`] judges by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) verification: &'a PeerVerification,
    pub(crate) server_name: Option<&'a ServerName<'static>>,
    pub(crate) clock: WallClock,
}

/// Judges the certificate of a peer in the role `peer`.
pub(crate) fn verify_peer(
    judge: &Judge<'_>,
    peer: Role,
    certificate: &PeerCertificate,
) -> Result<CertificateVerified, CloseReason> {
    match judge.verification {
        PeerVerification::Fingerprints(expected) => {
            check_fingerprints(judge.provider, expected, certificate)?
        }
        PeerVerification::WebPki(anchors) => {
            check_chain(judge, anchors, peer, &certificate.chain)
                .map_err(CloseReason::CertificateRejected)?;
        }
        PeerVerification::Custom(verifier) => {
            verifier
                .verify(peer, &certificate.chain)
                .map_err(CloseReason::CertificateRejected)?;
        }
        PeerVerification::AcceptAny => {}
    }
    Ok(CertificateVerified(()))
}

/// RFC 8122 §5: of the fingerprints with the preferred hash function one must match.
fn check_fingerprints(
    provider: &Provider,
    expected: &[Fingerprint],
    certificate: &PeerCertificate,
) -> Result<(), CloseReason> {
    let first = certificate.chain.first().map_or(&[][..], AsRef::as_ref);
    let strongest = expected.iter().map(Fingerprint::algorithm).max();
    let Some(algorithm) = strongest else {
        return Err(CloseReason::CertificateRejected(CertificateRejection::Refused(
            "no fingerprint was expected".to_owned(),
        )));
    };
    let received = Fingerprint::of(provider, algorithm, first);
    if expected.contains(&received) {
        Ok(())
    } else {
        Err(CloseReason::FingerprintMismatch {
            expected: expected.to_vec(),
            received,
        })
    }
}

fn check_chain(
    judge: &Judge<'_>,
    anchors: &[TrustAnchor<'static>],
    peer: Role,
    chain: &[CertificateDer<'static>],
) -> Result<(), CertificateRejection> {
    let (first, intermediates) = chain.split_first().ok_or(CertificateRejection::Missing)?;
    let certificate = EndEntityCert::try_from(first).map_err(rejection)?;
    let usage = match peer {
        Role::Client => KeyUsage::client_auth(),
        Role::Server => KeyUsage::server_auth(),
    };
    let algorithms = SignedBy::all(judge.provider);
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = algorithms
        .iter()
        .map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm)
        .collect();
    certificate
        .verify_for_usage(
            &algorithms,
            anchors,
            intermediates,
            (judge.clock.0)(),
            usage,
            None,
            None,
        )
        .map_err(rejection)?;
    if peer == Role::Server {
        let name = judge.server_name.ok_or(CertificateRejection::WrongName)?;
        certificate
            .verify_is_valid_for_subject_name(name)
            .map_err(rejection)?;
    }
    Ok(())
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a foreign, non-exhaustive error with dozens of variants"
)]
fn rejection(error: Error) -> CertificateRejection {
    match error {
        Error::BadDer | Error::BadDerTime => CertificateRejection::Malformed,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => CertificateRejection::Expired,
        Error::UnknownIssuer => CertificateRejection::UnknownAuthority,
        Error::CertNotValidForName(_) => CertificateRejection::WrongName,
        other => CertificateRejection::Chain(other.to_string()),
    }
}

/// One signature algorithm of certificates, verified by our provider.
#[derive(Debug)]
struct SignedBy {
    provider: Provider,
    scheme: SignatureScheme,
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl SignedBy {
    fn all(provider: &Provider) -> Vec<Self> {
        use SignatureScheme::*;
        [
            (EcdsaP256Sha256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
            (EcdsaP256Sha384, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384),
            (EcdsaP256Sha512, alg_id::ECDSA_P256, alg_id::ECDSA_SHA512),
            (EcdsaP384Sha256, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256),
            (EcdsaP384Sha384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384),
            (EcdsaP384Sha512, alg_id::ECDSA_P384, alg_id::ECDSA_SHA512),
            (Ed25519, alg_id::ED25519, alg_id::ED25519),
            (RsaPkcs1Sha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256),
            (RsaPkcs1Sha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384),
            (RsaPkcs1Sha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512),
            (RsaPssSha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256),
            (RsaPssSha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384),
            (RsaPssSha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512),
        ]
        .into_iter()
        .filter(|(scheme, _, _)| provider.supports_signature(*scheme))
        .map(|(scheme, key, signature)| Self {
            provider: provider.clone(),
            scheme,
            key,
            signature,
        })
        .collect()
    }
}

impl SignatureVerificationAlgorithm for SignedBy {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let info = der::public_key_info(self.key, public_key);
        self.provider
            .verify(self.scheme, &info, message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
