//! The provider: a cheap handle around a [`Backend`], kept in the configuration of whatever needs cryptography.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use crate::{
    Aead, AeadKey, BadSignature, Ctr, CtrKey, Digest, Group, Hash, HashState, KeyError, KeyExchange,
    KeyExchangeError, KeyKind, Mac, MacKey, Secret, SignatureScheme, SigningKey,
};

/// Where cryptography comes from: a value, so that two connections in one process may use different ones.
///
/// [`Provider::default`] is the first provider compiled in: aws-lc-rs, else pure Rust. Cloning is cheap. All calls are
/// those of [`Backend`].
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use crypto::{Aead, Provider};
///
/// let provider = Provider::default();
/// let key = provider.aead(Aead::Aes128Gcm, &[7; 16])?;
/// let (nonce, aad, mut data, mut tag) = ([0; 12], b"header", *b"payload", [0; 16]);
/// key.seal(&nonce, aad, &mut data, &mut tag);
/// key.open(&nonce, aad, &mut data, &tag)?;
/// assert_eq!(&data, b"payload");
///
/// // A key of the wrong length is an error, and so is a changed header.
/// assert!(provider.aead(Aead::Aes256Gcm, &[7; 16]).is_err());
/// key.seal(&nonce, aad, &mut data, &mut tag);
/// assert!(key.open(&nonce, b"Header", &mut data, &tag).is_err());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Provider(Arc<dyn Backend>);

impl Provider {
    /// A provider of your own.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self(backend)
    }

    /// aws-lc-rs: the fastest on servers and desktops; needs a C compiler to build.
    #[cfg(feature = "aws-lc-rs")]
    pub fn aws_lc_rs() -> Self {
        Self::new(Arc::new(crate::aws::AwsLcRs))
    }

    /// The RustCrypto and dalek crates: pure Rust, for every target.
    #[cfg(feature = "rust-crypto")]
    pub fn rust_crypto() -> Self {
        Self::new(Arc::new(crate::rust::RustCrypto))
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl Default for Provider {
    fn default() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::aws_lc_rs();
        #[cfg(not(feature = "aws-lc-rs"))]
        return Self::rust_crypto();
    }
}

impl Deref for Provider {
    type Target = dyn Backend;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// What a provider can do. Implement it to bring your own; [`conformance::run`](crate::conformance::run) tells whether
/// it does what the protocols count on.
///
/// No call may panic on any input. Keys are made once per epoch, stream or credential, so making one may be slow;
/// using one must not be.
pub trait Backend: Debug + Send + Sync {
    /// A short name for logs.
    fn name(&self) -> &'static str;

    /// Fills `out` from a cryptographically secure generator that is seeded and reseeded by the system.
    fn random(&self, out: &mut [u8]);

    /// A key for authenticated encryption.
    ///
    /// # Errors
    /// [`KeyError::Length`], or [`KeyError::Unsupported`].
    fn aead(&self, algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError>;

    /// A key for a key stream.
    ///
    /// # Errors
    /// [`KeyError::Length`], or [`KeyError::Unsupported`].
    fn ctr(&self, algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError>;

    /// A MAC key, of any length (RFC 2104 §3).
    fn mac(&self, algorithm: Mac, key: &[u8]) -> Box<dyn MacKey>;

    /// A hash that has seen no byte yet.
    fn hash(&self, algorithm: Hash) -> Box<dyn HashState>;

    /// The digest of one message.
    fn digest(&self, algorithm: Hash, data: &[u8]) -> Digest {
        let mut state = self.hash(algorithm);
        state.update(data);
        state.finish()
    }

    /// Starts a key exchange with a fresh key: what a TLS client does.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for a group the provider does not have, [`KeyError::Generation`] if no key could be
    /// made.
    fn start_key_exchange(&self, group: Group) -> Result<Box<dyn KeyExchange>, KeyError>;

    /// Answers a peer that has started a key exchange: what a TLS server does. Returns our share and the secret.
    ///
    /// # Errors
    /// What is wrong with the peer's share, or with the group.
    fn answer_key_exchange(
        &self,
        group: Group,
        peer_share: &[u8],
    ) -> Result<(Vec<u8>, Secret), KeyExchangeError>;

    /// Makes a fresh signing key.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`], or [`KeyError::Generation`].
    fn generate_key(&self, kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError>;

    /// Loads a private key in DER: PKCS#8 (RFC 5958), and also SEC1 (RFC 5915) or PKCS#1 (RFC 8017 App. A.1.2).
    ///
    /// # Errors
    /// [`KeyError::Malformed`], [`KeyError::Invalid`] or [`KeyError::Unsupported`].
    fn load_key(&self, pkcs8_der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError>;

    /// Checks a signature over a message (not its hash), with a public key as SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// [`BadSignature::WrongKey`] if the key is not of the kind and curve that the scheme names, whatever the
    /// signature; the other variants as they say.
    fn verify(
        &self,
        scheme: SignatureScheme,
        subject_public_key_info_der: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature>;

    /// Whether the provider has this AEAD. The default is yes.
    fn supports_aead(&self, algorithm: Aead) -> bool {
        let _ = algorithm;
        true
    }

    /// Whether the provider has this group. The default is yes.
    fn supports_group(&self, group: Group) -> bool {
        let _ = group;
        true
    }

    /// Whether the provider verifies this scheme. The default is yes.
    fn supports_signature(&self, scheme: SignatureScheme) -> bool {
        let _ = scheme;
        true
    }

    /// Whether the provider generates and loads keys of this kind. The default is yes.
    fn supports_key(&self, kind: KeyKind) -> bool {
        let _ = kind;
        true
    }
}
