//! A provider as somebody else would write it, with this crate's public items alone and neither of its providers compiled
//! in: ChaCha20-Poly1305, X25519 and Ed25519, and what every provider has. The conformance suite runs on it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::fmt;
use std::sync::Arc;

use aes::cipher::{
    Block, BlockCipherEncrypt, KeyInit as _, KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _,
};
use chacha20poly1305::{AeadInOut as _, ChaCha20Poly1305};
use crypto::{
    Aead, AeadKey, Backend, BadSignature, BadTag, Ctr, CtrKey, Digest, Group, Hash, HashState, KeyError,
    KeyExchange, KeyExchangeError, KeyKind, Mac, MacKey, Provider, Secret, SignError, SignatureScheme,
    SigningKey, conformance,
};
use ed25519_dalek::Signer as _;
use rand::Rng as _;

/// Says what it is and keeps its secrets to itself.
macro_rules! opaque {
    ($($name:ident $(<$parameter:ident>)?),*) => {$(
        impl $(<$parameter>)? fmt::Debug for $name $(<$parameter>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

opaque!(Sealing, Blocks<C>, Stream, Keyed<M>, Running<D>, Point, Pair);

struct Sealing(ChaCha20Poly1305);

impl AeadKey for Sealing {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; 16]) {
        let sealed = self
            .0
            .encrypt_inout_detached(nonce.into(), aad, (&mut *data).into());
        *tag = sealed.unwrap().into();
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), BadTag> {
        let opened = self
            .0
            .decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into());
        opened.map_err(|_| BadTag)
    }
}

/// Counter mode over any block cipher of 16 bytes.
struct Blocks<C>(C);

impl<C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16> + Send + Sync> CtrKey for Blocks<C> {
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        let mut counter = u128::from_be_bytes(*iv);
        for chunk in data.chunks_mut(16) {
            let mut block = Block::<C>::from(counter.to_be_bytes());
            self.0.encrypt_block(&mut block);
            chunk.iter_mut().zip(&block).for_each(|(byte, key)| *byte ^= key);
            counter = counter.wrapping_add(1);
        }
    }
}

struct Stream([u8; 32]);

impl CtrKey for Stream {
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        let (counter, nonce) = iv.split_first_chunk::<4>().unwrap();
        let mut cipher = chacha20::ChaCha20::new_from_slices(&self.0, nonce).unwrap();
        cipher.seek(u64::from(u32::from_le_bytes(*counter)) * 64);
        cipher.apply_keystream(data);
    }
}

struct Keyed<M>(M);

impl<M: hmac::Mac + Clone + Send + Sync> MacKey for Keyed<M> {
    fn tag(&self, parts: &[&[u8]]) -> Digest {
        let mut state = self.0.clone();
        parts.iter().for_each(|part| state.update(part));
        Digest::new(&state.finalize().into_bytes())
    }
}

struct Running<D>(D);

impl<D: sha2::Digest + Clone + Send + Sync + 'static> HashState for Running<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn fork(&self) -> Box<dyn HashState> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(&self.0.finalize())
    }
}

struct Point {
    key: x25519_dalek::StaticSecret,
    share: x25519_dalek::PublicKey,
}

impl Point {
    fn new() -> Self {
        let key = x25519_dalek::StaticSecret::from(seed());
        let share = (&key).into();
        Self { key, share }
    }

    fn agree(&self, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        let length = KeyExchangeError::Length {
            expected: 32,
            actual: peer_share.len(),
        };
        let peer_share: [u8; 32] = peer_share.try_into().map_err(|_| length)?;
        let secret = self.key.diffie_hellman(&peer_share.into());
        if secret.was_contributory() {
            Ok(Secret::from(&secret.as_bytes()[..]))
        } else {
            Err(KeyExchangeError::ZeroSecret)
        }
    }
}

impl KeyExchange for Point {
    fn share(&self) -> &[u8] {
        self.share.as_bytes()
    }

    fn finish(self: Box<Self>, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        self.agree(peer_share)
    }
}

/// A SubjectPublicKeyInfo up to the key: RFC 8410 §10.1.
const PUBLIC: [u8; 12] = [0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 33, 0];
/// A PKCS#8 key without its public half, up to the seed: RFC 8410 §10.3.
const PRIVATE: [u8; 16] = [0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32];
/// The same with the public half, which follows the seed.
const BOTH: [u8; 16] = [0x30, 81, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32];

struct Pair {
    key: ed25519_dalek::SigningKey,
    info: Vec<u8>,
}

impl Pair {
    fn new(seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let info = [&PUBLIC[..], key.verifying_key().as_bytes()].concat();
        Self { key, info }
    }

    fn load(der: &[u8]) -> Result<Self, KeyError> {
        if let Some(seed) = der.strip_prefix(&PRIVATE) {
            return Ok(Self::new(seed.try_into().map_err(|_| KeyError::Malformed)?));
        }
        let Some((seed, rest)) = der.strip_prefix(&BOTH).and_then(|rest| rest.split_first_chunk()) else {
            return Err(if is_private_key(der) {
                KeyError::Unsupported
            } else {
                KeyError::Malformed
            });
        };
        let stated = rest
            .strip_prefix(&[0x81, 33, 0])
            .filter(|stated| stated.len() == 32);
        let pair = Self::new(seed);
        match stated {
            Some(stated) if stated == pair.key.verifying_key().as_bytes() => Ok(pair),
            Some(_) => Err(KeyError::Invalid),
            None => Err(KeyError::Malformed),
        }
    }
}

/// One DER sequence that begins with a version, as PKCS#8, SEC1 and PKCS#1 do.
fn is_private_key(der: &[u8]) -> bool {
    let (length, body) = match der {
        [0x30, length @ ..=0x7f, body @ ..] => (usize::from(*length), body),
        [0x30, 0x81, length, body @ ..] => (usize::from(*length), body),
        [0x30, 0x82, high, low, body @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), body),
        _ => return false,
    };
    body.len() == length && matches!(body, [2, 1, 0 | 1, ..])
}

impl SigningKey for Pair {
    fn kind(&self) -> KeyKind {
        KeyKind::Ed25519
    }

    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::Ed25519]
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if scheme != SignatureScheme::Ed25519 {
            return Err(SignError::Scheme);
        }
        Ok(self.key.sign(message).to_bytes().to_vec())
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }

    fn pkcs8(&self) -> Option<Secret> {
        None
    }
}

fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    rand::rng().fill_bytes(&mut seed);
    seed
}

#[derive(Debug)]
struct Lean;

impl Backend for Lean {
    fn name(&self) -> &'static str {
        "lean"
    }

    fn random(&self, out: &mut [u8]) {
        rand::rng().fill_bytes(out);
    }

    fn aead(&self, algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError> {
        if !self.supports_aead(algorithm) {
            return Err(KeyError::Unsupported);
        }
        let key = ChaCha20Poly1305::new_from_slice(key).map_err(|_| length(32, key))?;
        Ok(Box::new(Sealing(key)))
    }

    fn ctr(&self, algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError> {
        let length = length(algorithm.key_len(), key);
        Ok(match algorithm {
            Ctr::Aes128 => Box::new(Blocks(aes::Aes128Enc::new_from_slice(key).map_err(|_| length)?)),
            Ctr::Aes256 => Box::new(Blocks(aes::Aes256Enc::new_from_slice(key).map_err(|_| length)?)),
            Ctr::ChaCha20 => Box::new(Stream(key.try_into().map_err(|_| length)?)),
        })
    }

    fn mac(&self, algorithm: Mac, key: &[u8]) -> Box<dyn MacKey> {
        match algorithm {
            Mac::HmacSha1 => Box::new(Keyed(hmac::Hmac::<sha1::Sha1>::new_from_slice(key).unwrap())),
            Mac::HmacSha256 => Box::new(Keyed(hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap())),
            Mac::HmacSha384 => Box::new(Keyed(hmac::Hmac::<sha2::Sha384>::new_from_slice(key).unwrap())),
        }
    }

    fn hash(&self, algorithm: Hash) -> Box<dyn HashState> {
        match algorithm {
            Hash::Md5 => Box::new(Running(md5::Md5::default())),
            Hash::Sha1 => Box::new(Running(sha1::Sha1::default())),
            Hash::Sha256 => Box::new(Running(sha2::Sha256::default())),
            Hash::Sha384 => Box::new(Running(sha2::Sha384::default())),
            Hash::Sha512 => Box::new(Running(sha2::Sha512::default())),
        }
    }

    fn start_key_exchange(&self, group: Group) -> Result<Box<dyn KeyExchange>, KeyError> {
        if self.supports_group(group) {
            Ok(Box::new(Point::new()))
        } else {
            Err(KeyError::Unsupported)
        }
    }

    fn answer_key_exchange(
        &self,
        group: Group,
        peer_share: &[u8],
    ) -> Result<(Vec<u8>, Secret), KeyExchangeError> {
        if !self.supports_group(group) {
            return Err(KeyExchangeError::Unsupported);
        }
        let own = Point::new();
        let secret = own.agree(peer_share)?;
        Ok((own.share().to_vec(), secret))
    }

    fn generate_key(&self, kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError> {
        if self.supports_key(kind) {
            Ok(Arc::new(Pair::new(&seed())))
        } else {
            Err(KeyError::Unsupported)
        }
    }

    fn load_key(&self, der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError> {
        Ok(Arc::new(Pair::load(der)?))
    }

    fn verify(
        &self,
        scheme: SignatureScheme,
        info: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        if !self.supports_signature(scheme) {
            return Err(BadSignature::Unsupported);
        }
        let Some(key) = info.strip_prefix(&PUBLIC) else {
            let algorithm = info.get(2..9).unwrap_or_default();
            let other = info.len() > 64 && !PUBLIC.ends_with(algorithm);
            return Err(if other {
                BadSignature::WrongKey
            } else {
                BadSignature::InvalidKey
            });
        };
        let key = key.try_into().map_err(|_| BadSignature::InvalidKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| BadSignature::InvalidKey)?;
        let signature = signature.try_into().map_err(|_| BadSignature::Mismatch)?;
        key.verify_strict(message, &signature)
            .map_err(|_| BadSignature::Mismatch)
    }

    fn supports_aead(&self, algorithm: Aead) -> bool {
        algorithm == Aead::ChaCha20Poly1305
    }

    fn supports_group(&self, group: Group) -> bool {
        group == Group::X25519
    }

    fn supports_signature(&self, scheme: SignatureScheme) -> bool {
        scheme == SignatureScheme::Ed25519
    }

    fn supports_key(&self, kind: KeyKind) -> bool {
        kind == KeyKind::Ed25519
    }
}

fn length(expected: usize, key: &[u8]) -> KeyError {
    KeyError::Length {
        expected,
        actual: key.len(),
    }
}

#[test]
fn a_provider_from_outside_runs_the_suite() {
    let report = conformance::run(&Provider::new(Arc::new(Lean))).unwrap();
    assert!(report.checks > 2_000, "{report:?}");
    // Two AEADs, three groups, twelve schemes and three kinds of keys are not its own.
    assert_eq!(report.skipped.len(), 2 + 3 + 12 + 3, "{:?}", report.skipped);
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn a_provider_from_outside_understands_ours() {
    let report = conformance::run_between(&Provider::new(Arc::new(Lean)), &Provider::aws_lc_rs()).unwrap();
    assert!(report.checks > 500, "{report:?}");
}
