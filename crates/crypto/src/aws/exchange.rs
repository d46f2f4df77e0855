//! Key exchange: ECDHE (RFC 8422 §5.10, RFC 7748) and the hybrid with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem §3).

use std::fmt;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::kem::{DecapsulationKey, EncapsulationKey, ML_KEM_768};

use crate::exchange::{Curve, check_share, split_share};
use crate::{Group, KeyError, KeyExchange, KeyExchangeError, Secret};

/// Starts an exchange.
pub(super) fn start(group: Group) -> Result<Box<dyn KeyExchange>, KeyError> {
    Ok(match Curve::of(group) {
        Some(curve) => Box::new(Ecdh::generate(curve).ok_or(KeyError::Generation)?),
        None => Box::new(Hybrid::generate().ok_or(KeyError::Generation)?),
    })
}

/// Answers an exchange.
pub(super) fn answer(group: Group, peer_share: &[u8]) -> Result<(Vec<u8>, Secret), KeyExchangeError> {
    let generation = KeyExchangeError::Generation;
    let Some(curve) = Curve::of(group) else {
        let (encapsulation_key, point) = split_share(peer_share, group.client_share_len())?;
        let own = Ecdh::generate(Curve::X25519).ok_or(generation)?;
        let classic = own.agree(point)?;
        let key = EncapsulationKey::new(&ML_KEM_768, encapsulation_key);
        let encapsulated = key.map_err(|_| KeyExchangeError::InvalidShare)?.encapsulate();
        let (ciphertext, secret) = encapsulated.map_err(|_| KeyExchangeError::InvalidShare)?;
        let share = [ciphertext.as_ref(), &own.share].concat();
        return Ok((share, Secret::concat(secret.as_ref(), classic.as_ref())));
    };
    let own = Ecdh::generate(curve).ok_or(generation)?;
    let secret = own.agree(peer_share)?;
    Ok((own.share, secret))
}

/// A private key on a curve and its share.
struct Ecdh {
    curve: Curve,
    key: PrivateKey,
    share: Vec<u8>,
}

impl Ecdh {
    fn generate(curve: Curve) -> Option<Self> {
        let key = PrivateKey::generate(match curve {
            Curve::P256 => &ECDH_P256,
            Curve::P384 => &ECDH_P384,
            Curve::X25519 => &X25519,
        });
        let key = key.ok()?;
        let share = key.compute_public_key().ok()?.as_ref().to_vec();
        Some(Self { curve, key, share })
    }

    fn agree(&self, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        // The library would also take compressed points and whole SubjectPublicKeyInfos.
        check_share(self.curve, peer_share)?;
        let rejected = match self.curve {
            Curve::P256 | Curve::P384 => KeyExchangeError::InvalidShare,
            // Every 32 bytes are a key; only the check for zero can fail.
            Curve::X25519 => KeyExchangeError::ZeroSecret,
        };
        let peer = UnparsedPublicKey::new(self.key.algorithm(), peer_share);
        agreement::agree(&self.key, peer, rejected, |secret| Ok(Secret::from(secret)))
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
#[derive(Debug)]
struct Hybrid {
    key: DecapsulationKey,
    classic: Ecdh,
    share: Vec<u8>,
}

impl Hybrid {
    fn generate() -> Option<Self> {
        let key = DecapsulationKey::generate(&ML_KEM_768).ok()?;
        let classic = Ecdh::generate(Curve::X25519)?;
        let encapsulation_key = key.encapsulation_key().ok()?.key_bytes().ok()?;
        let share = [encapsulation_key.as_ref(), &classic.share].concat();
        Some(Self { key, classic, share })
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
            .decapsulate(ciphertext.into())
            .map_err(|_| KeyExchangeError::InvalidShare)?;
        Ok(Secret::concat(secret.as_ref(), classic.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::{ALICE, ALICE_PUBLIC, BOB_PUBLIC, SHARED};

    /// RFC 7748 §6.1.
    #[test]
    fn x25519_of_rfc7748() {
        let key = PrivateKey::from_private_key(&X25519, &ALICE).unwrap();
        let share = key.compute_public_key().unwrap().as_ref().to_vec();
        assert_eq!(share, ALICE_PUBLIC);
        let alice = Ecdh {
            curve: Curve::X25519,
            key,
            share,
        };
        assert_eq!(alice.agree(&BOB_PUBLIC).unwrap().as_ref(), SHARED);
    }
}
