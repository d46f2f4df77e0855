//! The provider on aws-lc-rs. Counter mode, HMAC-SHA-1, MD5 and the random generator are those of [`crate::soft`].

mod aead;
mod exchange;
mod hash;
mod signing;

use std::sync::Arc;

use crate::soft::{self, KeyedHmac, Running};
use crate::{
    Aead, AeadKey, Backend, BadSignature, Ctr, CtrKey, Group, Hash, HashState, KeyError, KeyExchange,
    KeyExchangeError, KeyKind, Mac, MacKey, Secret, SignatureScheme, SigningKey,
};

/// aws-lc-rs as a [`Backend`].
#[derive(Debug)]
pub(crate) struct AwsLcRs;

impl Backend for AwsLcRs {
    fn name(&self) -> &'static str {
        "aws-lc-rs"
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
            Mac::HmacSha256 => Box::new(hash::HmacKey::new(aws_lc_rs::hmac::HMAC_SHA256, key)),
            Mac::HmacSha384 => Box::new(hash::HmacKey::new(aws_lc_rs::hmac::HMAC_SHA384, key)),
        }
    }

    fn hash(&self, algorithm: Hash) -> Box<dyn HashState> {
        match algorithm {
            Hash::Md5 => Box::new(Running::<md5::Md5>::new()),
            Hash::Sha1 => Box::new(Running::<sha1::Sha1>::new()),
            Hash::Sha256 => Box::new(hash::Running::new(&aws_lc_rs::digest::SHA256)),
            Hash::Sha384 => Box::new(hash::Running::new(&aws_lc_rs::digest::SHA384)),
            Hash::Sha512 => Box::new(hash::Running::new(&aws_lc_rs::digest::SHA512)),
        }
    }

    fn start_key_exchange(&self, group: Group) -> Result<Box<dyn KeyExchange>, KeyError> {
        exchange::start(group)
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
