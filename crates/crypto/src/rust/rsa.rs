//! RSA (RFC 8017): PKCS#1 v1.5 and PSS with a salt as long as the hash. Private operations are blinded.

use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Verifier};
use rsa::{RsaPrivateKey, RsaPublicKey, pkcs1v15, pss};
use sha2::{Sha256, Sha384, Sha512};

use crate::container::PrivateKey;
use crate::{BadSignature, KeyError, KeyKind, Secret, SignError, SignatureScheme};

/// Makes a key of 2048 bits.
pub(super) fn generate() -> Result<PrivateKey, KeyError> {
    let key = RsaPrivateKey::new(&mut rand::rng(), 2048).map_err(|_| KeyError::Generation)?;
    let der = key.to_pkcs1_der().map_err(|_| KeyError::Generation)?;
    PrivateKey::wrap(KeyKind::Rsa2048, der.as_bytes())
}

/// Loads an RSAPrivateKey; the second value is its RSAPublicKey.
pub(super) fn load(inner: &Secret) -> Result<(RsaPrivateKey, Vec<u8>), KeyError> {
    let key = RsaPrivateKey::from_pkcs1_der(inner.as_ref()).map_err(|_| KeyError::Invalid)?;
    let public = key
        .to_public_key()
        .to_pkcs1_der()
        .map_err(|_| KeyError::Invalid)?;
    Ok((key, public.into_vec()))
}

/// Signs.
pub(super) fn sign(
    key: &RsaPrivateKey,
    scheme: SignatureScheme,
    message: &[u8],
) -> Result<Vec<u8>, SignError> {
    let key = key.clone();
    match scheme {
        SignatureScheme::RsaPkcs1Sha256 => sign_with(&pkcs1v15::SigningKey::<Sha256>::new(key), message),
        SignatureScheme::RsaPkcs1Sha384 => sign_with(&pkcs1v15::SigningKey::<Sha384>::new(key), message),
        SignatureScheme::RsaPkcs1Sha512 => sign_with(&pkcs1v15::SigningKey::<Sha512>::new(key), message),
        SignatureScheme::RsaPssSha256 => sign_with(&pss::SigningKey::<Sha256>::new(key), message),
        SignatureScheme::RsaPssSha384 => sign_with(&pss::SigningKey::<Sha384>::new(key), message),
        SignatureScheme::RsaPssSha512 => sign_with(&pss::SigningKey::<Sha512>::new(key), message),
        SignatureScheme::EcdsaP256Sha256
        | SignatureScheme::EcdsaP256Sha384
        | SignatureScheme::EcdsaP256Sha512
        | SignatureScheme::EcdsaP384Sha256
        | SignatureScheme::EcdsaP384Sha384
        | SignatureScheme::EcdsaP384Sha512
        | SignatureScheme::Ed25519 => Err(SignError::Scheme),
    }
}

fn sign_with<S: SignatureEncoding>(
    key: &impl RandomizedSigner<S>,
    message: &[u8],
) -> Result<Vec<u8>, SignError> {
    let signature = key
        .try_sign_with_rng(&mut rand::rng(), message)
        .map_err(|_| SignError::Failed)?;
    Ok(signature.to_bytes().as_ref().to_vec())
}

/// Verifies with an RSAPublicKey.
pub(super) fn verify(
    scheme: SignatureScheme,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = RsaPublicKey::from_pkcs1_der(public_key).map_err(|_| BadSignature::InvalidKey)?;
    match scheme {
        SignatureScheme::RsaPkcs1Sha256 => {
            verify_with(&pkcs1v15::VerifyingKey::<Sha256>::new(key), message, signature)
        }
        SignatureScheme::RsaPkcs1Sha384 => {
            verify_with(&pkcs1v15::VerifyingKey::<Sha384>::new(key), message, signature)
        }
        SignatureScheme::RsaPkcs1Sha512 => {
            verify_with(&pkcs1v15::VerifyingKey::<Sha512>::new(key), message, signature)
        }
        SignatureScheme::RsaPssSha256 => {
            verify_with(&pss::VerifyingKey::<Sha256>::new(key), message, signature)
        }
        SignatureScheme::RsaPssSha384 => {
            verify_with(&pss::VerifyingKey::<Sha384>::new(key), message, signature)
        }
        SignatureScheme::RsaPssSha512 => {
            verify_with(&pss::VerifyingKey::<Sha512>::new(key), message, signature)
        }
        SignatureScheme::EcdsaP256Sha256
        | SignatureScheme::EcdsaP256Sha384
        | SignatureScheme::EcdsaP256Sha512
        | SignatureScheme::EcdsaP384Sha256
        | SignatureScheme::EcdsaP384Sha384
        | SignatureScheme::EcdsaP384Sha512
        | SignatureScheme::Ed25519 => Err(BadSignature::WrongKey),
    }
}

fn verify_with<S>(key: &impl Verifier<S>, message: &[u8], signature: &[u8]) -> Result<(), BadSignature>
where
    S: for<'a> TryFrom<&'a [u8]>,
{
    let signature = S::try_from(signature).map_err(|_| BadSignature::Mismatch)?;
    key.verify(message, &signature)
        .map_err(|_| BadSignature::Mismatch)
}
