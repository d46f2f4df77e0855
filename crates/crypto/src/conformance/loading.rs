//! Private keys: the containers that are taken, and what has to be refused.

use super::bytes::{Hex, flipped};
use super::keys;
use super::{Checks, Failure};
use crate::{KeyError, KeyKind, SignatureScheme, SigningKey};
use std::sync::Arc;

/// Bytes that an RSAPrivateKey in the PKCS#8 of 2048 bits is preceded by.
const RSA_HEAD_LEN: usize = 26;

pub(super) fn run(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for (kind, key, public) in [
        (KeyKind::EcdsaP256, keys::P256_PKCS8, keys::P256_PUBLIC),
        (KeyKind::EcdsaP256, keys::P256_PKCS8_BARE, keys::P256_PUBLIC),
        (KeyKind::EcdsaP256, keys::P256_SEC1, keys::P256_PUBLIC),
        (KeyKind::EcdsaP384, keys::P384_PKCS8, keys::P384_PUBLIC),
        (KeyKind::EcdsaP384, keys::P384_PKCS8_BARE, keys::P384_PUBLIC),
        (KeyKind::EcdsaP384, keys::P384_SEC1, keys::P384_PUBLIC),
        (KeyKind::Ed25519, keys::ED25519_2_PKCS8, keys::ED25519_2_PUBLIC),
        (KeyKind::Ed25519, keys::ED25519_2_PKCS8_V2, keys::ED25519_2_PUBLIC),
        (KeyKind::Rsa2048, keys::RSA_PKCS8, keys::RSA_PUBLIC),
        (
            KeyKind::Rsa2048,
            keys::RSA_PKCS8.get(2 * RSA_HEAD_LEN..).unwrap_or_default(),
            keys::RSA_PUBLIC,
        ),
    ] {
        if checks.provider.supports_key(kind) {
            container(checks, kind, key, public)?;
        } else {
            let loaded = checks.provider.load_key(&checks.bytes(key)?).map(|_| ());
            checks.refused(loaded, KeyError::Unsupported, format_args!("{kind:?} is not had"))?;
        }
    }
    if checks.provider.supports_key(KeyKind::Ed25519) {
        deterministic(checks)?;
    }
    refused(checks)
}

fn load(checks: &mut Checks<'_>, key: &[u8], case: &str) -> Result<Arc<dyn SigningKey>, Failure> {
    checks.value(checks.provider.load_key(key), case)
}

fn container(checks: &mut Checks<'_>, kind: KeyKind, key: &str, public: &str) -> Result<(), Failure> {
    let der = checks.bytes(key)?;
    let public = checks.bytes(public)?;
    let case = format!("{kind:?} of {} bytes", der.len());
    let key = load(checks, &der, &case)?;
    checks.holds(key.kind() == kind, &case)?;
    checks.holds(
        key.public_key_info() == public,
        format_args!("public key of {case}"),
    )?;
    for &scheme in key.schemes() {
        let signature = checks.value(key.sign(scheme, b"message"), &case)?;
        checks.value(
            checks.provider.verify(scheme, &public, b"message", &signature),
            &case,
        )?;
    }
    if let Some(pkcs8) = key.pkcs8() {
        let again = load(checks, pkcs8.as_ref(), &format!("{case}, out and in again"))?;
        checks.holds(
            again.public_key_info() == public,
            format_args!("public key of {case}, out and in again"),
        )?;
    }
    for len in 0..der.len() {
        let loaded = checks.provider.load_key(der.get(..len).unwrap_or_default());
        checks.refused(
            loaded.map(|_| ()),
            KeyError::Malformed,
            format_args!("{case} cut to {len} bytes"),
        )?;
    }
    let loaded = checks.provider.load_key(&[&der[..], &[0]].concat());
    checks.refused(
        loaded.map(|_| ()),
        KeyError::Malformed,
        format_args!("{case} with a byte more"),
    )?;
    // RSA keys take long to check, so not each bit of them.
    let step = if kind == KeyKind::Rsa2048 { 211 } else { 1 };
    for bit in (0..der.len() * 8).step_by(step) {
        // Some bits matter and some (an attribute, a version) do not: what counts is that a key that is taken works.
        if let Ok(key) = checks.provider.load_key(&flipped(&der, bit)) {
            works(checks, key.as_ref(), format!("{case} with bit {bit} turned over"))?;
        }
    }
    Ok(())
}

fn works(checks: &mut Checks<'_>, key: &dyn SigningKey, case: String) -> Result<(), Failure> {
    let Some(&scheme) = key.schemes().first() else {
        return checks.holds(false, case);
    };
    let signature = checks.value(key.sign(scheme, b"message"), &case)?;
    checks.value(
        checks
            .provider
            .verify(scheme, key.public_key_info(), b"message", &signature),
        case,
    )
}

/// Ed25519 signatures are determined by key and message: RFC 8032 §7.1, test 2.
fn deterministic(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let key = checks.bytes(keys::ED25519_2_PKCS8)?;
    let key = load(checks, &key, "Ed25519")?;
    for vector in keys::SIGNED
        .iter()
        .filter(|vector| vector.public_key == keys::ED25519_2_PUBLIC)
    {
        let message = checks.bytes(vector.message)?;
        let signature = checks.value(key.sign(SignatureScheme::Ed25519, &message), vector.source)?;
        let expected = checks.bytes(vector.signature)?;
        checks.holds(
            signature == expected,
            format_args!("Ed25519 signs {}", vector.source),
        )?;
    }
    Ok(())
}

/// The key with every `from` replaced by `to`, in hexadecimal.
fn replaced(key: &str, from: &str, to: &str) -> Vec<u8> {
    Hex(&key.replace(from, to)).decode().unwrap_or_default()
}

fn refused(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let cases = [
        (
            checks.bytes(keys::P521_PKCS8)?,
            KeyError::Unsupported,
            "a key on P-521",
        ),
        (
            checks.bytes(keys::P256_PUBLIC)?,
            KeyError::Malformed,
            "a public key",
        ),
        (Vec::new(), KeyError::Malformed, "nothing"),
        (vec![0x30; 3000], KeyError::Malformed, "sequences without end"),
    ];
    for (der, expected, case) in cases {
        checks.refused(checks.provider.load_key(&der).map(|_| ()), expected, case)?;
    }
    for (kind, der, case) in invalid(checks)? {
        // Who has no such keys need not look inside.
        let expected = if checks.provider.supports_key(kind) {
            KeyError::Invalid
        } else {
            KeyError::Unsupported
        };
        checks.refused(checks.provider.load_key(&der).map(|_| ()), expected, case)?;
    }
    Ok(())
}

/// The kind of a key, its DER, and what is wrong with it.
type Invalid = (KeyKind, Vec<u8>, &'static str);

/// Keys that are well-formed and not valid.
fn invalid(checks: &Checks<'_>) -> Result<[Invalid; 6], Failure> {
    const P256_SCALAR: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let zero = "00".repeat(32);
    let one = format!("{}01", "00".repeat(31));
    let p256 = |key, scalar: &str, case| (KeyKind::EcdsaP256, replaced(key, P256_SCALAR, scalar), case);
    Ok([
        (
            KeyKind::Rsa2048,
            checks.bytes(keys::RSA_1024_PKCS8)?,
            "RSA with 1024 bits",
        ),
        p256(keys::P256_PKCS8_BARE, &zero, "a scalar of zero"),
        p256(keys::P256_PKCS8_BARE, P256_ORDER, "the order as scalar"),
        p256(keys::P256_PKCS8, &one, "a public key of another scalar"),
        p256(keys::P256_SEC1, &one, "SEC1 with another scalar"),
        (
            KeyKind::Ed25519,
            replaced(keys::ED25519_2_PKCS8_V2, "3d4017c3", "3d4017c4"),
            "another Ed25519 key",
        ),
    ])
}
