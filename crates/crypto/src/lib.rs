//! # What it is
//! The cryptography of the STUN, DTLS and SRTP blocks, behind traits of our own: authenticated encryption, key streams,
//! MACs, hashes, key exchange, signatures and randomness. Two providers come with it, each a cargo feature that only
//! makes it exist; which one is used is a value in each configuration, a [`Provider`].
//!
//! | feature | provider | for |
//! |---|---|---|
//! | `aws-lc-rs` (default) | `Provider::aws_lc_rs` | speed; needs a C compiler to build |
//! | `rust-crypto` | `Provider::rust_crypto` | every target, no C compiler |
//!
//! Keyed objects hold their expanded form (key schedule, hashed MAC key), so a packet pays only for its own bytes:
//! nothing is allocated per packet, and data is sealed and opened in place with the tag apart. Counter mode and
//! HMAC-SHA-1 are RustCrypto's in both providers, which are the fastest there.
//!
//! # RFCs
//! AES-GCM (RFC 5116, RFC 5288) · ChaCha20-Poly1305 (RFC 8439) · AES counter mode (NIST SP 800-38A, as in RFC 3711 and
//! RFC 6188) · HMAC (RFC 2104) · MD5 (RFC 1321), SHA (RFC 6234) · X25519 (RFC 7748), ECDHE on P-256 and P-384
//! (RFC 8422), X25519MLKEM768 (FIPS 203, draft-ietf-tls-ecdhe-mlkem) · ECDSA (FIPS 186-5, RFC 6979), Ed25519
//! (RFC 8032), RSA PKCS#1 v1.5 and PSS (RFC 8017) · keys as PKCS#8 (RFC 5958), SEC1 (RFC 5915), PKCS#1 and
//! SubjectPublicKeyInfo (RFC 5480, RFC 8410, RFC 3279).
//!
//! # Use it
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
//! use crypto::{Group, KeyKind, Mac, Provider, SignatureScheme};
//!
//! let provider = Provider::default();
//!
//! // A MAC over parts that need not lie together; SRTP checks 80 bits of it.
//! let mac = provider.mac(Mac::HmacSha1, b"key");
//! let tag = mac.tag(&[b"packet", &[0, 0, 0, 1]]);
//! mac.verify_truncated(&[b"packet", &[0, 0, 0, 1]], &tag[..10], 10)?;
//!
//! // A key exchange: the client starts, the server answers, both have one secret.
//! let client = provider.start_key_exchange(Group::X25519)?;
//! let (server_share, server_secret) = provider.answer_key_exchange(Group::X25519, client.share())?;
//! assert_eq!(client.finish(&server_share)?, server_secret);
//!
//! // A signature, which another kind of key never fits.
//! let key = provider.generate_key(KeyKind::EcdsaP256)?;
//! let signature = key.sign(SignatureScheme::EcdsaP256Sha256, b"message")?;
//! provider.verify(SignatureScheme::EcdsaP256Sha256, key.public_key_info(), b"message", &signature)?;
//! let error = provider.verify(SignatureScheme::Ed25519, key.public_key_info(), b"message", &signature);
//! assert_eq!(error, Err(crypto::BadSignature::WrongKey));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bring your own provider
//! Implement [`Backend`], as a whole or around another provider, and pass it as [`Provider::new`]. Keys that live
//! elsewhere (an HSM) need only [`SigningKey`]. [`conformance::run`] tells whether a provider does what the protocols
//! count on; `tests/third_provider.rs` is one that is written from scratch and passes.
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
//! use std::sync::Arc;
//! use crypto::*;
//!
//! /// Another provider, without the groups that a policy forbids.
//! #[derive(Debug)]
//! struct NistOnly(Provider);
//!
//! impl Backend for NistOnly {
//!     fn name(&self) -> &'static str { "nist-only" }
//!     fn supports_group(&self, group: Group) -> bool {
//!         matches!(group, Group::Secp256r1 | Group::Secp384r1)
//!     }
//!     fn start_key_exchange(&self, group: Group) -> Result<Box<dyn KeyExchange>, KeyError> {
//!         if self.supports_group(group) { self.0.start_key_exchange(group) } else { Err(KeyError::Unsupported) }
//!     }
//!     fn answer_key_exchange(&self, group: Group, share: &[u8]) -> Result<(Vec<u8>, Secret), KeyExchangeError> {
//!         if !self.supports_group(group) { return Err(KeyExchangeError::Unsupported); }
//!         self.0.answer_key_exchange(group, share)
//!     }
//!     // The rest is passed on.
//!     fn random(&self, out: &mut [u8]) { self.0.random(out) }
//!     fn aead(&self, algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError> { self.0.aead(algorithm, key) }
//!     fn ctr(&self, algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError> { self.0.ctr(algorithm, key) }
//!     fn mac(&self, algorithm: Mac, key: &[u8]) -> Box<dyn MacKey> { self.0.mac(algorithm, key) }
//!     fn hash(&self, algorithm: Hash) -> Box<dyn HashState> { self.0.hash(algorithm) }
//!     fn generate_key(&self, kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError> { self.0.generate_key(kind) }
//!     fn load_key(&self, der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError> { self.0.load_key(der) }
//!     fn verify(&self, scheme: SignatureScheme, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
//!         self.0.verify(scheme, key, message, signature)
//!     }
//! }
//!
//! let provider = Provider::new(Arc::new(NistOnly(Provider::default())));
//! assert!(provider.start_key_exchange(Group::X25519).is_err());
//! assert!(provider.start_key_exchange(Group::Secp256r1).is_ok());
//! # }
//! ```
//!
//! # Limits and defaults
//! - [`Provider::default`] is aws-lc-rs if compiled in, else pure Rust; with neither feature there is no default.
//! - RSA keys have 2048 to 8192 bits and a public exponent of at most 33 bits; generated ones have 2048.
//! - PSS salts are as long as the hash. ECDSA keys sign with the hash of their curve's strength, and verify with
//!   SHA-256, SHA-384 and SHA-512 on either curve, as TLS 1.2 permits.
//! - Points are uncompressed. An X25519 secret of zero is an error, and so is an ML-KEM key out of range.
//! - Containers are DER with lengths up to 65,535 bytes.
//! - Randomness is a thread's ChaCha generator, seeded by the system and reseeded every 64 KiB; it panics where the
//!   system has no randomness to begin with. It does not notice a `fork` without `exec`.
//! - Secrets are wiped when dropped: [`Secret`], AES key schedules, MAC keys, private keys. Hashes under way and
//!   [`Digest`] are not: wipe digests that are secret. Tags, digests and secrets are compared in constant time.
//! - Bad input never panics: each kind of call has its own small error type.
//!
//! # What it does not do
//! No certificates (the `dtls` crate), no key derivation of a protocol (each protocol's crate), no TLS. No P-521, Ed448,
//! finite-field groups, DSA, SHA-1 or MD5 signatures, RSA encryption, keys of `id-RSASSA-PSS`, encrypted PKCS#8 or PEM.
//! It does not keep nonces: the caller never uses one twice. The pure-Rust RSA is for keys that one must support,
//! not for secrecy against someone who measures time on the same machine.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws;
pub mod conformance;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod container;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod der;
mod error;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod exchange;
mod keys;
mod provider;
#[cfg(feature = "rust-crypto")]
mod rust;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod schemes;
mod secret;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod soft;

pub use algorithm::{Aead, Ctr, Group, Hash, KeyKind, Mac, SignatureScheme};
pub use error::{BadSignature, BadTag, KeyError, KeyExchangeError, SignError};
pub use keys::{AeadKey, CtrKey, HashState, KeyExchange, MacKey, SigningKey};
pub use provider::{Backend, Provider};
pub use secret::{Digest, Secret, constant_time_eq};
