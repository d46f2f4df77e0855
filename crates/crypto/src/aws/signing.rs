//! Signing keys and verification: ECDSA, Ed25519 and RSA.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, ParsedPublicKey, RsaEncoding, RsaKeyPair, VerificationAlgorithm,
};

use crate::container::{self, PrivateKey, PublicKey};
use crate::schemes;
use crate::{BadSignature, KeyError, KeyKind, Secret, SignError, SignatureScheme, SigningKey};

/// Makes a key.
pub(super) fn generate(kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError> {
    let pkcs8 = match kind {
        KeyKind::EcdsaP256 => return generate_ecdsa(kind, &ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyKind::EcdsaP384 => return generate_ecdsa(kind, &ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyKind::Ed25519 => Ed25519KeyPair::generate()
            .and_then(|key| key.to_pkcs8v1())
            .map(|document| Secret::from(document.as_ref()))
            .ok(),
        KeyKind::Rsa2048 => RsaKeyPair::generate(KeySize::Rsa2048)
            .and_then(|key| key.as_der())
            .map(|document| Secret::from(document.as_ref()))
            .ok(),
    };
    load(pkcs8.ok_or(KeyError::Generation)?.as_ref())
}

/// Every connection has such a key of its own: it is not written and read again, which costs as much as making it.
fn generate_ecdsa(
    kind: KeyKind,
    algorithm: &'static signature::EcdsaSigningAlgorithm,
) -> Result<Arc<dyn SigningKey>, KeyError> {
    let key = EcdsaKeyPair::generate(algorithm).map_err(|_| KeyError::Generation)?;
    let pair = Pair::Ecdsa(key);
    Ok(Arc::new(Key {
        kind,
        public_key_info: container::public_key_info(kind, pair.public_key())?,
        pair,
        pkcs8: None,
    }))
}

/// Loads a key.
pub(super) fn load(der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError> {
    let private = PrivateKey::from_der(der)?;
    let pair = Pair::new(&private)?;
    let public_key_info = container::public_key_info(private.kind, pair.public_key())?;
    Ok(Arc::new(Key {
        kind: private.kind,
        pair,
        public_key_info,
        pkcs8: Some(private.pkcs8),
    }))
}

/// The three libraries' keys.
#[derive(Debug)]
enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Pair {
    fn new(private: &PrivateKey) -> Result<Self, KeyError> {
        Ok(match private.kind {
            KeyKind::EcdsaP256 => Self::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, private, 32)?,
            KeyKind::EcdsaP384 => Self::ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, private, 48)?,
            KeyKind::Ed25519 => {
                let key = Ed25519KeyPair::from_seed_unchecked(private.inner.as_ref());
                let key = key.map_err(|_| KeyError::Invalid)?;
                private.check_public(key.public_key().as_ref())?;
                Self::Ed25519(key)
            }
            KeyKind::Rsa2048 => {
                let key = RsaKeyPair::from_der(private.inner.as_ref());
                Self::Rsa(key.map_err(|_| KeyError::Invalid)?)
            }
        })
    }

    fn ecdsa(
        algorithm: &'static signature::EcdsaSigningAlgorithm,
        private: &PrivateKey,
        scalar_len: usize,
    ) -> Result<Self, KeyError> {
        let (_, public) = private.ec_parts(scalar_len)?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, private.pkcs8.as_ref());
        let key = key.map_err(|_| KeyError::Invalid)?;
        if public.is_some_and(|public| public != key.public_key().as_ref()) {
            return Err(KeyError::Invalid);
        }
        Ok(Self::Ecdsa(key))
    }

    fn public_key(&self) -> &[u8] {
        match self {
            Self::Ecdsa(key) => key.public_key().as_ref(),
            Self::Ed25519(key) => key.public_key().as_ref(),
            Self::Rsa(key) => key.public_key().as_ref(),
        }
    }
}

#[derive(Debug)]
struct Key {
    kind: KeyKind,
    pair: Pair,
    public_key_info: Vec<u8>,
    /// As it was loaded.
    pkcs8: Option<Secret>,
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
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ecdsa(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Pair::Ed25519(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(key) => {
                let encoding = rsa_encoding(scheme).ok_or(SignError::Scheme)?;
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature)
                    .map(|()| signature)
            }
        };
        signature.map_err(|_| SignError::Failed)
    }

    fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }

    fn pkcs8(&self) -> Option<Secret> {
        match (&self.pkcs8, &self.pair) {
            (None, Pair::Ecdsa(key)) => Some(Secret::from(key.to_pkcs8v1().ok()?.as_ref())),
            (known, _) => known.clone(),
        }
    }
}

fn rsa_encoding(scheme: SignatureScheme) -> Option<&'static dyn RsaEncoding> {
    Some(match scheme {
        SignatureScheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_SHA256,
        SignatureScheme::RsaPkcs1Sha384 => &signature::RSA_PKCS1_SHA384,
        SignatureScheme::RsaPkcs1Sha512 => &signature::RSA_PKCS1_SHA512,
        SignatureScheme::RsaPssSha256 => &signature::RSA_PSS_SHA256,
        SignatureScheme::RsaPssSha384 => &signature::RSA_PSS_SHA384,
        SignatureScheme::RsaPssSha512 => &signature::RSA_PSS_SHA512,
        SignatureScheme::EcdsaP256Sha256
        | SignatureScheme::EcdsaP256Sha384
        | SignatureScheme::EcdsaP256Sha512
        | SignatureScheme::EcdsaP384Sha256
        | SignatureScheme::EcdsaP384Sha384
        | SignatureScheme::EcdsaP384Sha512
        | SignatureScheme::Ed25519 => return None,
    })
}

/// Checks a signature.
pub(super) fn verify(
    scheme: SignatureScheme,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let key = PublicKey::for_scheme(scheme, spki)?;
    let key = ParsedPublicKey::new(verification(scheme), key.bytes).map_err(|_| BadSignature::InvalidKey)?;
    key.verify_sig(message, signature)
        .map_err(|_| BadSignature::Mismatch)
}

fn verification(scheme: SignatureScheme) -> &'static dyn VerificationAlgorithm {
    match scheme {
        SignatureScheme::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        SignatureScheme::EcdsaP256Sha384 => &signature::ECDSA_P256_SHA384_ASN1,
        SignatureScheme::EcdsaP256Sha512 => &signature::ECDSA_P256_SHA512_ASN1,
        SignatureScheme::EcdsaP384Sha256 => &signature::ECDSA_P384_SHA256_ASN1,
        SignatureScheme::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
        SignatureScheme::EcdsaP384Sha512 => &signature::ECDSA_P384_SHA512_ASN1,
        SignatureScheme::Ed25519 => &signature::ED25519,
        SignatureScheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        SignatureScheme::RsaPkcs1Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        SignatureScheme::RsaPkcs1Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        SignatureScheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        SignatureScheme::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
        SignatureScheme::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
    }
}
