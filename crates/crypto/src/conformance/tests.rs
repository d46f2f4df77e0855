//! The suite has to be able to fail: providers with one fault each.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use std::sync::Arc;

use super::*;
use crate::*;

/// What is wrong with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    TagNotChecked,
    TruncatedTagTaken,
    CounterIs32Bits,
    ZeroSecretTaken,
    SchemeNotChecked,
    RandomIsConstant,
    WrongHash,
    RefusesNothingLoaded,
    HasWhatItDenies,
}

#[derive(Debug)]
struct Faulty {
    sound: Provider,
    fault: Fault,
}

#[derive(Debug)]
struct Unchecked(Box<dyn AeadKey>);

impl AeadKey for Unchecked {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &mut [u8; 16]) {
        self.0.seal(nonce, aad, data, tag);
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], _: &[u8; 16]) -> Result<(), BadTag> {
        // Sealing again adds the same key stream: decryption without a check.
        self.0.seal(nonce, aad, data, &mut [0; 16]);
        Ok(())
    }
}

#[derive(Debug)]
struct Lenient(Box<dyn MacKey>);

impl MacKey for Lenient {
    fn tag(&self, parts: &[&[u8]]) -> Digest {
        self.0.tag(parts)
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), BadTag> {
        if self.tag(parts).starts_with(tag) {
            Ok(())
        } else {
            Err(BadTag)
        }
    }
}

#[derive(Debug)]
struct NarrowCounter(Box<dyn CtrKey>);

impl CtrKey for NarrowCounter {
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        let mut iv = *iv;
        for block in data.chunks_mut(16) {
            self.0.apply(&iv, block);
            let counter = u32::from_be_bytes(iv[12..].try_into().unwrap()).wrapping_add(1);
            iv[12..].copy_from_slice(&counter.to_be_bytes());
        }
    }
}

#[derive(Debug)]
struct ZeroTaken(Box<dyn KeyExchange>);

impl KeyExchange for ZeroTaken {
    fn share(&self) -> &[u8] {
        self.0.share()
    }

    fn finish(self: Box<Self>, peer_share: &[u8]) -> Result<Secret, KeyExchangeError> {
        match self.0.finish(peer_share) {
            Err(KeyExchangeError::ZeroSecret) => Ok(Secret::new(vec![0; 32])),
            other => other,
        }
    }
}

impl Backend for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn random(&self, out: &mut [u8]) {
        if self.fault == Fault::RandomIsConstant {
            out.fill(0x55)
        } else {
            self.sound.random(out)
        }
    }

    fn aead(&self, algorithm: Aead, key: &[u8]) -> Result<Box<dyn AeadKey>, KeyError> {
        let key = self.sound.aead(algorithm, key)?;
        Ok(if self.fault == Fault::TagNotChecked {
            Box::new(Unchecked(key))
        } else {
            key
        })
    }

    fn ctr(&self, algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError> {
        let key = self.sound.ctr(algorithm, key)?;
        let narrow = self.fault == Fault::CounterIs32Bits && algorithm != Ctr::ChaCha20;
        Ok(if narrow { Box::new(NarrowCounter(key)) } else { key })
    }

    fn mac(&self, algorithm: Mac, key: &[u8]) -> Box<dyn MacKey> {
        let key = self.sound.mac(algorithm, key);
        if self.fault == Fault::TruncatedTagTaken {
            Box::new(Lenient(key))
        } else {
            key
        }
    }

    fn hash(&self, algorithm: Hash) -> Box<dyn HashState> {
        let wrong = self.fault == Fault::WrongHash && algorithm == Hash::Sha384;
        self.sound.hash(if wrong { Hash::Sha512 } else { algorithm })
    }

    fn start_key_exchange(&self, group: Group) -> Result<Box<dyn KeyExchange>, KeyError> {
        let exchange = self.sound.start_key_exchange(group)?;
        Ok(if self.fault == Fault::ZeroSecretTaken {
            Box::new(ZeroTaken(exchange))
        } else {
            exchange
        })
    }

    fn answer_key_exchange(
        &self,
        group: Group,
        peer_share: &[u8],
    ) -> Result<(Vec<u8>, Secret), KeyExchangeError> {
        self.sound.answer_key_exchange(group, peer_share)
    }

    fn generate_key(&self, kind: KeyKind) -> Result<Arc<dyn SigningKey>, KeyError> {
        self.sound.generate_key(kind)
    }

    fn load_key(&self, pkcs8_der: &[u8]) -> Result<Arc<dyn SigningKey>, KeyError> {
        match self.sound.load_key(pkcs8_der) {
            Err(_) if self.fault == Fault::RefusesNothingLoaded => {
                self.sound.generate_key(KeyKind::EcdsaP256)
            }
            other => other,
        }
    }

    fn supports_group(&self, group: Group) -> bool {
        self.fault != Fault::HasWhatItDenies || group != Group::X25519
    }

    fn verify(
        &self,
        scheme: SignatureScheme,
        subject_public_key_info_der: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match self
            .sound
            .verify(scheme, subject_public_key_info_der, message, signature)
        {
            Err(BadSignature::WrongKey) if self.fault == Fault::SchemeNotChecked => Ok(()),
            other => other,
        }
    }
}

#[test]
fn each_fault_is_found() {
    for (fault, named) in [
        (Fault::TagNotChecked, "tag with bit"),
        (Fault::TruncatedTagTaken, "tag of 0 bytes"),
        (Fault::CounterIs32Bits, "wraps at 128 bits"),
        (Fault::ZeroSecretTaken, "small order"),
        (Fault::SchemeNotChecked, "under"),
        (Fault::RandomIsConstant, "repeat"),
        (Fault::WrongHash, "Sha384"),
        (Fault::RefusesNothingLoaded, "cut to 0 bytes"),
        (Fault::HasWhatItDenies, "X25519 is answered"),
    ] {
        let faulty = Faulty {
            sound: Provider::default(),
            fault,
        };
        let failure = run(&Provider::new(Arc::new(faulty))).expect_err(&format!("{fault:?}"));
        assert_eq!(failure.provider, "faulty");
        assert!(
            failure.case.contains(named),
            "{fault:?} was named as `{}`",
            failure.case
        );
    }
}

#[test]
fn providers_that_differ_are_told_apart() {
    let faulty = Faulty {
        sound: Provider::default(),
        fault: Fault::WrongHash,
    };
    let failure = run_between(&Provider::default(), &Provider::new(Arc::new(faulty))).unwrap_err();
    assert!(failure.to_string().contains("Sha384"), "{failure}");
}
