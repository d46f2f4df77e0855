//! The provider in pure Rust, on the RustCrypto and dalek crates.

mod aead;
mod exchange;
mod rsa;
mod signing;

use std::sync::Arc;

use crate::soft::{self, KeyedHmac, Running};
use crate::{
    Aead, AeadKey, Backend, BadSignature, Ctr, CtrKey, Group, Hash, HashState, KeyError, KeyExchange,
    KeyExchangeError, KeyKind, Mac, MacKey, Secret, SignatureScheme, SigningKey,
};

/// The RustCrypto crates as a [`Backend`].
#[derive(Debug)]
pub(crate) struct RustCrypto;

impl Backend for RustCrypto {
    fn name(&self) -> &'static str {
        "rust-crypto"
    }

    fn random(&self, out: &mut [u8]) {
        soft::random(out);
    }

    fn aead(&self, algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError> {
        aead::aead_key(algorithm, key)
    }

    fn ctr(&self, algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError> {
        soft::ctr_key(algorithm, key)
    }

    fn mac(&self, algorithm: Mac, key: &[u8]) -> Box<dyn MacKey> {
        match algorithm {
            Mac::HmacSha1 => Box::new(KeyedHmac::<sha1::Sha1>::new(key)),
            Mac::HmacSha256 => Box::new(KeyedHmac::<sha2::Sha256>::new(key)),
            Mac::HmacSha384 => Box::new(KeyedHmac::<sha2::Sha384>::new(key)),
        }
    }

    fn hash(&self, algorithm: Hash) -> Box<dyn HashState> {
        match algorithm {
            Hash::Md5 => Box::new(Running::<md5::Md5>::new()),
            Hash::Sha1 => Box::new(Running::<sha1::Sha1>::new()),
            Hash::Sha256 => Box::new(Running::<sha2::Sha256>::new()),
            Hash::Sha384 => Box::new(Running::<sha2::Sha384>::new()),
            Hash::Sha512 => Box::new(Running::<sha2::Sha512>::new()),
        }
    }

    fn start_key_exchange(&self, group: Group) -> Result<Box<dyn KeyExchange>, KeyError> {
        Ok(exchange::start(group))
    }

    fn answer_key_exchange(
        &self,
        group: Group,
        peer_share: &[u8],
    ) -> Result<(Vec<u8>, Secret), KeyExchangeError> {
        exchange::answer(group, peer_share)
    }

    fn generate_key(&self, kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError> {
        signing::generate(kind)
    }

    fn load_key(&self, pkcs8_der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError> {
        signing::load(pkcs8_der)
    }

    fn verify(
        &self,
        scheme: SignatureScheme,
        subject_public_key_info_der: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        signing::verify(scheme, subject_public_key_info_der, message, signature)
    }
}
