//! Key exchange: ECDHE (RFC 8422 §5.10, RFC 7748) and the hybrid with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem §3).

use std::fmt;

use ml_kem::ml_kem_768::{DecapsulationKey, EncapsulationKey};
use ml_kem::{Decapsulate, Encapsulate, Generate, KeyExport};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use crate::exchange::{Curve, check_share, split_share};
use crate::soft;
use crate::{Group, KeyExchange, KeyExchangeError, Secret};

/// Starts an exchange.
pub(super) fn start(group: Group) -> Box<dyn KeyExchange> {
    match Curve::of(group) {
        Some(curve) => Box::new(Ecdh::generate(curve)),
        None => Box::new(Hybrid::generate()),
    }
}

/// Answers an exchange.
pub(super) fn answer(group: Group, peer_share: &[u8]) -> Result<(Vec<u8>, Secret), KeyExchangeError> {
    let Some(curve) = Curve::of(group) else {
        let (encapsulation_key, point) = split_share(peer_share, group.client_share_len())?;
        let own = Ecdh::generate(Curve::X25519);
        let classic = own.agree(point)?;
        let invalid = KeyExchangeError::InvalidShare;
        let key = EncapsulationKey::new(encapsulation_key.try_into().map_err(|_| invalid)?);
        let (ciphertext, secret) = key.map_err(|_| invalid)?.encapsulate_with_rng(&mut rand::rng());
        let secret = Zeroizing::new(<[u8; 32]>::from(secret));
        let share = [&ciphertext[..], &own.share].concat();
        return Ok((share, Secret::concat(&*secret, classic.as_ref())));
    };
    let own = Ecdh::generate(curve);
    let secret = own.agree(peer_share)?;
    Ok((own.share, secret))
}

/// The private key of each curve.
enum PrivateKey {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    X25519(StaticSecret),
}

/// A private key on a curve and its share.
struct Ecdh {
    curve: Curve,
    key: PrivateKey,
    share: Vec<u8>,
}

impl Ecdh {
    fn generate(curve: Curve) -> Self {
        let (key, share) = match curve {
            Curve::P256 => {
                let key = p256::SecretKey::generate_from_rng(&mut rand::rng());
                let share = key.public_key().to_sec1_bytes().into_vec();
                (PrivateKey::P256(key), share)
            }
            Curve::P384 => {
                let key = p384::SecretKey::generate_from_rng(&mut rand::rng());
                let share = key.public_key().to_sec1_bytes().into_vec();
                (PrivateKey::P384(key), share)
            }
            Curve::X25519 => {
                let mut scalar = Zeroizing::new([0; 32]);
                soft::random(&mut *scalar);
                let key = StaticSecret::from(*scalar);
                let share = x25519_dalek::PublicKey::from(&key).as_bytes().to_vec();
                (PrivateKey::X25519(key), share)
            }
        };
        Self { curve, key, share }
    }

    fn agree(&self, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        check_share(self.curve, peer_share)?;
        let invalid = KeyExchangeError::InvalidShare;
        match &self.key {
            PrivateKey::P256(key) => {
                let peer = p256::PublicKey::from_sec1_bytes(peer_share).map_err(|_| invalid)?;
                Ok(Secret::from(&key.diffie_hellman(&peer).raw_secret_bytes()[..]))
            }
            PrivateKey::P384(key) => {
                let peer = p384::PublicKey::from_sec1_bytes(peer_share).map_err(|_| invalid)?;
                Ok(Secret::from(&key.diffie_hellman(&peer).raw_secret_bytes()[..]))
            }
            PrivateKey::X25519(key) => {
                let peer: [u8; 32] = peer_share.try_into().map_err(|_| invalid)?;
                let secret = key.diffie_hellman(&peer.into());
                if secret.was_contributory() {
                    Ok(Secret::from(&secret.as_bytes()[..]))
                } else {
                    Err(KeyExchangeError::ZeroSecret)
                }
            }
        }
    }
}

impl KeyExchange for Ecdh {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        self.agree(peer_share)
    }
}

impl fmt::Debug for Ecdh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ecdh")
            .field("curve", &self.curve)
            .finish_non_exhaustive()
    }
}

/// The starting side of the hybrid.
struct Hybrid {
    key: DecapsulationKey,
    classic: Ecdh,
    share: Vec<u8>,
}

impl Hybrid {
    fn generate() -> Self {
        let key = DecapsulationKey::generate_from_rng(&mut rand::rng());
        let classic = Ecdh::generate(Curve::X25519);
        let share = [&key.encapsulation_key().to_bytes()[..], &classic.share].concat();
        Self { key, classic, share }
    }
}

impl KeyExchange for Hybrid {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        let (ciphertext, point) = split_share(peer_share, Group::X25519MlKem768.server_share_len())?;
        let classic = self.classic.agree(point)?;
        // ML-KEM rejects a wrong ciphertext implicitly, with a random secret: the handshake then fails at Finished.
        let secret = self
            .key
            .decapsulate_slice(ciphertext)
            .map_err(|_| KeyExchangeError::InvalidShare)?;
        let secret = Zeroizing::new(<[u8; 32]>::from(secret));
        Ok(Secret::concat(&*secret, classic.as_ref()))
    }
}

impl fmt::Debug for Hybrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hybrid").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::{ALICE, ALICE_PUBLIC, BOB_PUBLIC, SHARED};

    /// RFC 7748 §6.1.
    #[test]
    fn x25519_of_rfc7748() {
        let key = StaticSecret::from(ALICE);
        let share = x25519_dalek::PublicKey::from(&key).as_bytes().to_vec();
        assert_eq!(share, ALICE_PUBLIC);
        let alice = Ecdh {
            curve: Curve::X25519,
            key: PrivateKey::X25519(key),
            share,
        };
        assert_eq!(alice.agree(&BOB_PUBLIC).unwrap().as_ref(), SHARED);
    }
}
