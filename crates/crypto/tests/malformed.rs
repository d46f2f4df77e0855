//! Keys, shares and signatures that were changed at random: whatever comes of it is an answer, never a panic.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use crypto::{Group, KeyKind, Provider, SignatureScheme, SigningKey};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

/// Changes, removes or adds a few bytes.
fn mutated(rng: &mut StdRng, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=bytes.len());
        let run = rng.random_range(1..=bytes.len().max(1));
        let value = *[0, 1, 0x7f, 0x80, 0xff, rng.random()].choose(rng).unwrap_or(&0);
        match rng.random_range(0..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, value),
            2 => drop(bytes.drain(at..(at + 1).min(bytes.len()))),
            3 => bytes.iter_mut().skip(at).take(run).for_each(|byte| *byte = value),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value),
        }
    }
    bytes
}

#[test]
fn changed_private_keys_are_refused_or_work() {
    for provider in providers() {
        let mut rng = StdRng::seed_from_u64(1);
        for kind in KeyKind::ALL {
            let key = provider.generate_key(kind).unwrap().pkcs8().unwrap();
            let rounds = if kind == KeyKind::Rsa2048 { 150 } else { 1500 };
            for round in 0..rounds {
                let Ok(key) = provider.load_key(&mutated(&mut rng, key.as_ref())) else {
                    continue;
                };
                let scheme = key.schemes()[0];
                let Ok(signature) = key.sign(scheme, b"message") else {
                    continue;
                };
                let verified = provider.verify(scheme, key.public_key_info(), b"message", &signature);
                assert_eq!(verified, Ok(()), "{} {kind:?}, round {round}", provider.name());
            }
        }
    }
}

#[test]
fn changed_public_keys_and_signatures_never_verify() {
    for provider in providers() {
        for kind in KeyKind::ALL {
            let key = provider.generate_key(kind).unwrap();
            key.schemes()
                .iter()
                .for_each(|scheme| never_verifies(&provider, key.as_ref(), *scheme));
        }
    }
}

fn never_verifies(provider: &Provider, key: &dyn SigningKey, scheme: SignatureScheme) {
    let mut rng = StdRng::seed_from_u64(2);
    let signature = key.sign(scheme, b"message").unwrap_or_default();
    let public = key.public_key_info();
    for _ in 0..400 {
        let key = mutated(&mut rng, public);
        let changed = mutated(&mut rng, &signature);
        let verified = provider.verify(scheme, &key, b"message", &signature);
        assert!(
            key == public || verified.is_err(),
            "{} {scheme:?} {key:02x?}",
            provider.name()
        );
        let verified = provider.verify(scheme, public, b"message", &changed);
        assert!(
            changed == signature || verified.is_err(),
            "{} {scheme:?} {changed:02x?}",
            provider.name()
        );
        // Any scheme with any bytes.
        for other in SignatureScheme::ALL {
            assert!(provider.verify(other, &changed, b"message", &key).is_err());
        }
    }
}

#[test]
fn changed_shares_are_refused_or_give_another_secret() {
    for provider in providers() {
        let mut rng = StdRng::seed_from_u64(3);
        for group in Group::ALL {
            for _ in 0..100 {
                let client = provider.start_key_exchange(group).unwrap();
                let share = mutated(&mut rng, client.share());
                // The top bit of an X25519 share means nothing (RFC 7748 §5).
                let masked = |share: &[u8]| {
                    share
                        .split_last()
                        .map(|(last, rest)| (last & 0x7f, rest.to_vec()))
                };
                let unchanged = masked(&share) == masked(client.share());
                let Ok((answer, secret)) = provider.answer_key_exchange(group, &share) else {
                    continue;
                };
                let answer = if rng.random() {
                    mutated(&mut rng, &answer)
                } else {
                    answer
                };
                let finished = client.finish(&answer);
                assert!(
                    unchanged || finished != Ok(secret),
                    "{} {group:?}",
                    provider.name()
                );
            }
        }
    }
}
