//! The few fields of an X.509 certificate (RFC 5280 §4.1) that a handshake needs, read without judging the rest: a
//! WebRTC peer's certificate is trusted for its fingerprint, so odd but decodable ones must pass.

use crypto::KeyKind;
use rustls_pki_types::{AlgorithmIdentifier, alg_id};

use crate::codec::{DecodeError, Reader};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const VERSION: u8 = 0xa0;

/// Reads one value: its tag, its content, and all of its bytes.
fn value<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8], &'a [u8]), DecodeError> {
    let whole = *reader;
    let tag = reader.u8()?;
    let first = reader.u8()?;
    let mut header = 2;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let count = usize::from(first & 0x7f);
        if !(1..=3).contains(&count) {
            return Err(reader.error("unusual DER length"));
        }
        header += count;
        reader
            .take(count)?
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte))
    };
    let content = reader.take(length)?;
    let mut whole = whole;
    Ok((tag, content, whole.take(header + length)?))
}

fn expect<'a>(reader: &mut Reader<'a>, expected: u8) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
    let start = *reader;
    let (tag, content, whole) = value(reader)?;
    if tag == expected {
        Ok((content, whole))
    } else {
        Err(start.error("unexpected DER tag"))
    }
}

/// Where things are in a certificate.
#[derive(Clone, Copy, Debug)]
pub(super) struct CertificateFields<'a> {
    /// The whole SubjectPublicKeyInfo.
    pub(super) public_key_info: &'a [u8],
    /// The whole Validity.
    pub(super) validity: &'a [u8],
}

impl<'a> CertificateFields<'a> {
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, DecodeError> {
        let mut outer = Reader::new(certificate);
        let (certificate, _) = expect(&mut outer, SEQUENCE)?;
        outer.finish()?;
        let (to_be_signed, _) = expect(&mut Reader::new(certificate), SEQUENCE)?;
        let mut fields = Reader::new(to_be_signed);
        if to_be_signed.first() == Some(&VERSION) {
            expect(&mut fields, VERSION)?;
        }
        expect(&mut fields, INTEGER)?;
        let _signature_algorithm = expect(&mut fields, SEQUENCE)?;
        let _issuer = expect(&mut fields, SEQUENCE)?;
        let (_, validity) = expect(&mut fields, SEQUENCE)?;
        let _subject = expect(&mut fields, SEQUENCE)?;
        let (_, public_key_info) = expect(&mut fields, SEQUENCE)?;
        Ok(Self {
            public_key_info,
            validity,
        })
    }
}

/// The kind of a public key, if it is one that the handshake can use.
pub(super) fn key_kind(public_key_info: &[u8]) -> Option<KeyKind> {
    let (info, _) = expect(&mut Reader::new(public_key_info), SEQUENCE).ok()?;
    let mut fields = Reader::new(info);
    let (algorithm, _) = expect(&mut fields, SEQUENCE).ok()?;
    expect(&mut fields, BIT_STRING).ok()?;
    let is = |known: AlgorithmIdentifier| known.as_ref() == algorithm;
    if is(alg_id::ECDSA_P256) {
        Some(KeyKind::EcdsaP256)
    } else if is(alg_id::ECDSA_P384) {
        Some(KeyKind::EcdsaP384)
    } else if is(alg_id::ED25519) {
        Some(KeyKind::Ed25519)
    } else if is(alg_id::RSA_ENCRYPTION) {
        Some(KeyKind::Rsa2048)
    } else {
        None
    }
}

fn wrap(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let length: usize = content.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 5);
    out.push(tag);
    let [.., high, middle, low] = length.to_be_bytes();
    match length {
        0..0x80 => out.push(low),
        0x80..0x100 => out.extend_from_slice(&[0x81, low]),
        0x100..0x1_0000 => out.extend_from_slice(&[0x82, middle, low]),
        _ => out.extend_from_slice(&[0x83, high, middle, low]),
    }
    content.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// An algorithm identifier with its SEQUENCE around it.
pub(super) fn algorithm(identifier: AlgorithmIdentifier) -> Vec<u8> {
    wrap(SEQUENCE, &[identifier.as_ref()])
}

/// A SubjectPublicKeyInfo from its two parts.
pub(super) fn public_key_info(identifier: AlgorithmIdentifier, public_key: &[u8]) -> Vec<u8> {
    wrap(
        SEQUENCE,
        &[&algorithm(identifier), &wrap(BIT_STRING, &[&[0], public_key])],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::certificate;

    #[test]
    fn finds_the_key_of_every_kind() {
        for kind in KeyKind::ALL {
            let made = certificate(kind);
            let fields = CertificateFields::read(&made.chain()[0]).unwrap();
            assert_eq!(fields.public_key_info, made.key().public_key_info());
            assert_eq!(key_kind(fields.public_key_info), Some(kind));
        }
    }

    #[test]
    fn rebuilds_a_public_key_info() {
        let made = certificate(KeyKind::Rsa2048);
        let info = made.key().public_key_info();
        let (content, _) = expect(&mut Reader::new(info), SEQUENCE).unwrap();
        let mut fields = Reader::new(content);
        expect(&mut fields, SEQUENCE).unwrap();
        let (key, _) = expect(&mut fields, BIT_STRING).unwrap();
        assert_eq!(public_key_info(alg_id::RSA_ENCRYPTION, &key[1..]), info);
    }

    #[test]
    fn refuses_truncation_at_every_length() {
        let made = certificate(KeyKind::EcdsaP256);
        let der = &made.chain()[0];
        for length in 0..der.len() {
            assert!(CertificateFields::read(&der[..length]).is_err(), "{length} bytes");
        }
        assert!(CertificateFields::read(&[der, &[0][..]].concat()).is_err());
        assert_eq!(key_kind(&[]), None);
        assert_eq!(key_kind(&[0x30, 0x84, 0, 0, 0, 0]), None);
    }
}
