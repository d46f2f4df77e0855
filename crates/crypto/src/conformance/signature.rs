//! Verification with vectors, what has to be refused, and signing.

use super::bytes::flipped;
use super::keys::{self, SIGNED, Signed};
use super::{Checks, Failure};
use crate::{BadSignature, Hash, KeyError, KeyKind, SignError, SignatureScheme};

pub(super) fn run(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for scheme in SignatureScheme::ALL {
        if !checks.provider.supports_signature(scheme) {
            let key = checks.bytes(keys::P256_PUBLIC)?;
            let verified = checks.provider.verify(scheme, &key, b"message", b"signature");
            checks.lacks(verified, BadSignature::Unsupported, scheme)?;
        }
    }
    for vector in SIGNED {
        if checks.provider.supports_signature(vector.scheme) {
            verification(checks, vector)?;
            wrong_keys(checks, vector)?;
        }
    }
    unknown_keys(checks)?;
    rsa(checks)?;
    ecdsa(checks)?;
    ed25519(checks)?;
    for kind in KeyKind::ALL {
        if checks.provider.supports_key(kind) {
            signing(checks, kind)?;
        } else {
            checks.lacks(checks.provider.generate_key(kind), KeyError::Unsupported, kind)?;
        }
    }
    Ok(())
}

fn verification(checks: &mut Checks<'_>, vector: &Signed) -> Result<(), Failure> {
    let Signed { source, scheme, .. } = vector;
    let provider = checks.provider;
    let key = checks.bytes(vector.public_key)?;
    let message = checks.bytes(vector.message)?;
    let signature = checks.bytes(vector.signature)?;
    let verified = provider.verify(*scheme, &key, &message, &signature);
    checks.value(verified, format_args!("{scheme:?} {source}"))?;

    let mismatch = BadSignature::Mismatch;
    let longer = [&message[..], b"!"].concat();
    let verified = provider.verify(*scheme, &key, &longer, &signature);
    checks.refused(
        verified,
        mismatch,
        format_args!("{scheme:?} over another message, {source}"),
    )?;
    // A step that no length of a field is a multiple of, so that each field is hit.
    for bit in (0..signature.len() * 8).step_by(37) {
        let verified = provider.verify(*scheme, &key, &message, &flipped(&signature, bit));
        checks.refused(
            verified,
            mismatch,
            format_args!("{scheme:?} with bit {bit} turned over, {source}"),
        )?;
    }
    for len in (0..signature.len()).step_by(7) {
        let short = signature.get(..len).unwrap_or_default();
        let verified = provider.verify(*scheme, &key, &message, short);
        checks.refused(
            verified,
            mismatch,
            format_args!("{scheme:?} cut to {len} bytes, {source}"),
        )?;
    }
    let long = [&signature[..], &[0]].concat();
    let verified = provider.verify(*scheme, &key, &message, &long);
    checks.refused(
        verified,
        mismatch,
        format_args!("{scheme:?} with a byte more, {source}"),
    )?;
    let huge = vec![0xff; 20_000];
    let verified = provider.verify(*scheme, &key, &message, &huge);
    checks.refused(
        verified,
        mismatch,
        format_args!("{scheme:?} with a huge signature, {source}"),
    )
}

/// A key on a curve that is not supported goes with no scheme.
fn unknown_keys(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let key = checks.bytes(keys::P521_PUBLIC)?;
    for scheme in SignatureScheme::ALL {
        if checks.provider.supports_signature(scheme) {
            let verified = checks
                .provider
                .verify(scheme, &key, b"sample", &[0x30, 6, 2, 1, 1, 2, 1, 1]);
            checks.refused(
                verified,
                BadSignature::WrongKey,
                format_args!("{scheme:?} with a key on P-521"),
            )?;
        }
    }
    Ok(())
}

/// The key under every other scheme, and the key damaged.
fn wrong_keys(checks: &mut Checks<'_>, vector: &Signed) -> Result<(), Failure> {
    let Signed { source, scheme, .. } = vector;
    let provider = checks.provider;
    let key = checks.bytes(vector.public_key)?;
    let message = checks.bytes(vector.message)?;
    let signature = checks.bytes(vector.signature)?;
    for other in SignatureScheme::ALL {
        let verified = provider.verify(other, &key, &message, &signature);
        if !provider.supports_signature(other) || other == *scheme {
            continue;
        }
        let same_kind = other.key_kind() == scheme.key_kind();
        let expected = if same_kind {
            BadSignature::Mismatch
        } else {
            BadSignature::WrongKey
        };
        checks.refused(verified, expected, format_args!("{source} under {other:?}"))?;
    }
    for len in 0..key.len() {
        let verified = provider.verify(*scheme, key.get(..len).unwrap_or_default(), &message, &signature);
        checks.refused(
            verified,
            BadSignature::InvalidKey,
            format_args!("{source}, key cut to {len} bytes"),
        )?;
    }
    let long = [&key[..], &[0]].concat();
    let verified = provider.verify(*scheme, &long, &message, &signature);
    checks.refused(
        verified,
        BadSignature::InvalidKey,
        format_args!("{source}, key with a byte more"),
    )?;
    for bit in 0..key.len() * 8 {
        let verified = provider.verify(*scheme, &flipped(&key, bit), &message, &signature);
        // Which error depends on the bit, that there is one does not.
        checks.holds(
            verified.is_err(),
            format_args!("{source}, key with bit {bit} turned over"),
        )?;
    }
    Ok(())
}

fn rsa(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let provider = checks.provider;
    let key = checks.bytes(keys::RSA_PUBLIC)?;
    let small = checks.bytes(keys::RSA_1024_PUBLIC)?;
    let salt_20 = checks.bytes(keys::RSA_PSS_SALT_20)?;
    if provider.supports_signature(SignatureScheme::RsaPssSha256) {
        let verified = provider.verify(SignatureScheme::RsaPssSha256, &key, b"sample", &salt_20);
        checks.refused(
            verified,
            BadSignature::Mismatch,
            "PSS with a salt of another length",
        )?;
    }
    if provider.supports_signature(SignatureScheme::RsaPkcs1Sha256) {
        let signature = checks.bytes(keys::RSA_1024_SIGNATURE)?;
        let verified = provider.verify(SignatureScheme::RsaPkcs1Sha256, &small, b"sample", &signature);
        checks.refused(verified, BadSignature::InvalidKey, "RSA with 1024 bits")?;
        for byte in [0, 1, 0xff] {
            let verified = provider.verify(SignatureScheme::RsaPkcs1Sha256, &key, b"sample", &[byte; 256]);
            checks.refused(
                verified,
                BadSignature::Mismatch,
                "RSA signature of one repeated byte",
            )?;
        }
    }
    Ok(())
}

/// Signatures with zeros, beyond the group order, and in lax DER.
fn ecdsa(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let provider = checks.provider;
    let zero = [0x30, 6, 2, 1, 0, 2, 1, 0];
    let one = [0x30, 6, 2, 1, 1, 2, 1, 1];
    let negative = [0x30, 6, 2, 1, 0xff, 2, 1, 0xff];
    for vector in SIGNED {
        let kind = vector.scheme.key_kind();
        let is_ecdsa = matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384);
        if !is_ecdsa || !provider.supports_signature(vector.scheme) {
            continue;
        }
        let key = checks.bytes(vector.public_key)?;
        let message = checks.bytes(vector.message)?;
        let signature = checks.bytes(vector.signature)?;
        let large = [&[0x30, 70, 2, 33, 0][..], &[0xff; 32], &[2, 33, 0], &[0xff; 32]].concat();
        // The same r and s in an outer length of the long form, which DER forbids.
        let lax = [&[0x30, 0x81][..], signature.get(1..).unwrap_or_default()].concat();
        // r with a leading zero byte that it does not need.
        let padded = padded_r(&signature);
        for bad in [&zero[..], &one, &negative, &large, &lax, &padded] {
            let verified = provider.verify(vector.scheme, &key, &message, bad);
            checks.refused(
                verified,
                BadSignature::Mismatch,
                format_args!("{} as {bad:?}", vector.source),
            )?;
        }
    }
    Ok(())
}

/// A short-form ECDSA signature whose r has one zero byte in front too many.
fn padded_r(signature: &[u8]) -> Vec<u8> {
    let mut bytes = signature.to_vec();
    for at in [1, 3] {
        bytes
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|byte| *byte = byte.wrapping_add(1));
    }
    if bytes.len() > 4 {
        bytes.insert(4, 0);
    }
    bytes
}

/// RFC 8032 §5.1.7: s has to be reduced, else a signature could be changed into a second one.
fn ed25519(checks: &mut Checks<'_>) -> Result<(), Failure> {
    const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let order = checks.bytes(ORDER)?;
    for vector in SIGNED
        .iter()
        .filter(|vector| vector.scheme == SignatureScheme::Ed25519)
    {
        if !checks.provider.supports_signature(vector.scheme) {
            continue;
        }
        let key = checks.bytes(vector.public_key)?;
        let message = checks.bytes(vector.message)?;
        let mut signature = checks.bytes(vector.signature)?;
        let mut carry = 0_u16;
        for (byte, order) in signature.iter_mut().skip(32).zip(&order) {
            let [high, low] = (u16::from(*byte) + u16::from(*order) + carry).to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        let verified = checks.provider.verify(vector.scheme, &key, &message, &signature);
        checks.refused(
            verified,
            BadSignature::Mismatch,
            format_args!("s + L, {}", vector.source),
        )?;
    }
    Ok(())
}

fn signing(checks: &mut Checks<'_>, kind: KeyKind) -> Result<(), Failure> {
    let provider = checks.provider;
    let key = checks.value(provider.generate_key(kind), format_args!("{kind:?} key"))?;
    checks.holds(key.kind() == kind, format_args!("{kind:?} is of its kind"))?;
    checks.holds(!key.schemes().is_empty(), format_args!("{kind:?} has schemes"))?;
    for scheme in SignatureScheme::ALL {
        let case = format!("{kind:?} signs by {scheme:?}");
        if !key.schemes().contains(&scheme) {
            checks.refused(key.sign(scheme, b"message"), SignError::Scheme, case)?;
            continue;
        }
        checks.holds(scheme.key_kind() == kind, &case)?;
        for message in [&b""[..], b"message", &[7; 100_000]] {
            let signature = checks.value(key.sign(scheme, message), &case)?;
            let verified = provider.verify(scheme, key.public_key_info(), message, &signature);
            checks.value(verified, &case)?;
            let other = provider.digest(Hash::Sha256, message);
            let verified = provider.verify(scheme, key.public_key_info(), &other, &signature);
            checks.refused(verified, BadSignature::Mismatch, &case)?;
        }
    }
    if kind != KeyKind::Rsa2048 {
        let other = checks.value(provider.generate_key(kind), format_args!("second {kind:?} key"))?;
        let fresh = other.public_key_info() != key.public_key_info();
        checks.holds(fresh, format_args!("{kind:?} keys are fresh"))?;
    }
    Ok(())
}
