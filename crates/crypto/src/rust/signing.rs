//! Signing keys and verification: ECDSA and Ed25519 here, RSA in [`super::rsa`].

use std::fmt;
use std::sync::Arc;

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::elliptic_curve::Generate;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::rsa;
use crate::container::{self, PrivateKey, PublicKey};
use crate::{BadSignature, KeyError, KeyKind, Secret, SignError, SignatureScheme, SigningKey};
use crate::{schemes, soft};

/// Makes a key.
pub(super) fn generate(kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError> {
    let private = match kind {
        KeyKind::EcdsaP256 => {
            let key = p256::SecretKey::generate_from_rng(&mut rand::rng());
            let scalar = Zeroizing::new(key.to_bytes());
            PrivateKey::from_ec_parts(kind, &scalar, &key.public_key().to_sec1_bytes())?
        }
        KeyKind::EcdsaP384 => {
            let key = p384::SecretKey::generate_from_rng(&mut rand::rng());
            let scalar = Zeroizing::new(key.to_bytes());
            PrivateKey::from_ec_parts(kind, &scalar, &key.public_key().to_sec1_bytes())?
        }
        KeyKind::Ed25519 => {
            let mut seed = Zeroizing::new([0; 32]);
            soft::random(&mut *seed);
            PrivateKey::from_ed25519_seed(&seed)?
        }
        KeyKind::Rsa2048 => rsa::generate()?,
    };
    Ok(Arc::new(Key::new(private)?))
}

/// Loads a key.
pub(super) fn load(der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError> {
    Ok(Arc::new(Key::new(PrivateKey::from_der(der)?)?))
}

/// The libraries' keys.
enum Pair {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Rsa(Box<::rsa::RsaPrivateKey>),
}

impl Pair {
    /// The key and its public part.
    fn new(private: &PrivateKey) -> Result<(Self, Vec<u8>), KeyError> {
        match private.kind {
            KeyKind::EcdsaP256 => {
                let (scalar, stated) = private.ec_parts(32)?;
                let key = p256::ecdsa::SigningKey::from_slice(scalar).map_err(|_| KeyError::Invalid)?;
                let public = key.verifying_key().to_sec1_bytes().into_vec();
                if stated.is_some_and(|stated| stated != public) {
                    return Err(KeyError::Invalid);
                }
                Ok((Self::P256(key), public))
            }
            KeyKind::EcdsaP384 => {
                let (scalar, stated) = private.ec_parts(48)?;
                let key = p384::ecdsa::SigningKey::from_slice(scalar).map_err(|_| KeyError::Invalid)?;
                let public = key.verifying_key().to_sec1_bytes().into_vec();
                if stated.is_some_and(|stated| stated != public) {
                    return Err(KeyError::Invalid);
                }
                Ok((Self::P384(key), public))
            }
            KeyKind::Ed25519 => {
                let seed = private
                    .inner
                    .as_ref()
                    .try_into()
                    .map_err(|_| KeyError::Malformed)?;
                let key = Box::new(ed25519_dalek::SigningKey::from_bytes(seed));
                let public = key.verifying_key().as_bytes().to_vec();
                private.check_public(&public)?;
                Ok((Self::Ed25519(key), public))
            }
            KeyKind::Rsa2048 => {
                let (key, public) = rsa::load(&private.inner)?;
                Ok((Self::Rsa(Box::new(key)), public))
            }
        }
    }
}

struct Key {
    kind: KeyKind,
    pair: Pair,
    public_key_info: Vec<u8>,
    pkcs8: Secret,
}

impl Key {
    fn new(private: PrivateKey) -> Result<Self, KeyError> {
        let (pair, public) = Pair::new(&private)?;
        let public_key_info = container::public_key_info(private.kind, &public)?;
        Ok(Self {
            kind: private.kind,
            pair,
            public_key_info,
            pkcs8: private.pkcs8,
        })
    }
}

impl SigningKey for Key {
    fn kind(&self) -> KeyKind {
        self.kind
    }

    fn schemes(&self) -> &[SignatureScheme] {
        schemes::of(self.kind)
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        schemes::check(self.kind, scheme)?;
        match &self.pair {
            // ECDSA here is deterministic (RFC 6979): no randomness can fail it.
            Pair::P256(key) => {
                let signature: p256::ecdsa::DerSignature =
                    key.try_sign(message).map_err(|_| SignError::Failed)?;
                Ok(signature.as_bytes().to_vec())
            }
            Pair::P384(key) => {
                let signature: p384::ecdsa::DerSignature =
                    key.try_sign(message).map_err(|_| SignError::Failed)?;
                Ok(signature.as_bytes().to_vec())
            }
            Pair::Ed25519(key) => Ok(key
                .try_sign(message)
                .map_err(|_| SignError::Failed)?
                .to_bytes()
                .to_vec()),
            Pair::Rsa(key) => rsa::sign(key, scheme, message),
        }
    }

    fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    fn pkcs8(&self) -> Option<Secret> {
        Some(self.pkcs8.clone())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Checks a signature.
pub(super) fn verify(
    scheme: SignatureScheme,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = PublicKey::for_scheme(scheme, spki)?.bytes;
    match scheme {
        SignatureScheme::EcdsaP256Sha256 => verify_p256(key, &Sha256::digest(message), signature),
        SignatureScheme::EcdsaP256Sha384 => verify_p256(key, &Sha384::digest(message), signature),
        SignatureScheme::EcdsaP256Sha512 => verify_p256(key, &Sha512::digest(message), signature),
        SignatureScheme::EcdsaP384Sha256 => verify_p384(key, &Sha256::digest(message), signature),
        SignatureScheme::EcdsaP384Sha384 => verify_p384(key, &Sha384::digest(message), signature),
        SignatureScheme::EcdsaP384Sha512 => verify_p384(key, &Sha512::digest(message), signature),
        SignatureScheme::Ed25519 => verify_ed25519(key, message, signature),
        SignatureScheme::RsaPkcs1Sha256
        | SignatureScheme::RsaPkcs1Sha384
        | SignatureScheme::RsaPkcs1Sha512
        | SignatureScheme::RsaPssSha256
        | SignatureScheme::RsaPssSha384
        | SignatureScheme::RsaPssSha512 => rsa::verify(scheme, key, message, signature),
    }
}

fn verify_p256(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| BadSignature::InvalidKey)?;
    let signature = p256::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature::Mismatch)?;
    key.verify_prehash(digest, &signature)
        .map_err(|_| BadSignature::Mismatch)
}

fn verify_p384(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| BadSignature::InvalidKey)?;
    let signature = p384::ecdsa::Signature::from_der(signature).map_err(|_| BadSignature::Mismatch)?;
    key.verify_prehash(digest, &signature)
        .map_err(|_| BadSignature::Mismatch)
}

fn verify_ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    let key = key.try_into().map_err(|_| BadSignature::InvalidKey)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| BadSignature::InvalidKey)?;
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| BadSignature::Mismatch)?;
    // Refuses keys of small order, under which one signature would fit many messages.
    key.verify_strict(message, &signature)
        .map_err(|_| BadSignature::Mismatch)
}
