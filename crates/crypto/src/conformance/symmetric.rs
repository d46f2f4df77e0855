//! Random bytes, hashes, MACs, key streams and AEADs.

use super::bytes::{flipped, pattern};
use super::digests::{AUTHENTICATED, Authenticated, HASHED};
use super::vectors::{SEALED, STREAMED, Sealed, Streamed};
use super::{Checks, Failure};
use crate::{Aead, BadTag, Ctr, Hash, KeyError, Mac};

/// Lengths around block sizes, a packet, and a length beyond it.
const LENGTHS: [usize; 19] = [
    0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 1200, 1201, 16_384,
];

pub(super) fn random(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let mut first = [0; 64];
    let mut second = [0; 64];
    checks.provider.random(&mut []);
    checks.provider.random(&mut first);
    checks.provider.random(&mut second);
    checks.holds(first != second, "random bytes do not repeat")?;
    let mut long = vec![0; 100_000];
    checks.provider.random(&mut long);
    // 800,000 fair bits stray from half by more than 10,000 (22 standard deviations) never.
    let ones: u32 = long.iter().map(|byte| byte.count_ones()).sum();
    checks.holds((390_000..410_000).contains(&ones), "random bits are balanced")
}

pub(super) fn hash(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for vector in HASHED {
        let message = checks.bytes(vector.message)?;
        let digest = checks.provider.digest(vector.algorithm, &message);
        let expected = checks.bytes(vector.digest)?;
        checks.holds(
            digest.as_ref() == expected,
            format_args!("{:?} {}", vector.algorithm, vector.source),
        )?;
    }
    let message = pattern(300);
    for algorithm in Hash::ALL {
        let whole = checks.provider.digest(algorithm, &message);
        checks.holds(
            whole.len() == algorithm.output_len(),
            format_args!("{algorithm:?} length"),
        )?;
        for cut in [0, 1, 63, 64, 65, 127, 128, 129, 299, 300] {
            let (front, back) = message.split_at_checked(cut).unwrap_or_default();
            let mut state = checks.provider.hash(algorithm);
            state.update(front);
            let fork = state.fork();
            state.update(back);
            checks.holds(
                state.finish() == whole,
                format_args!("{algorithm:?} in two parts, cut at {cut}"),
            )?;
            let front = checks.provider.digest(algorithm, front);
            checks.holds(
                fork.finish() == front,
                format_args!("{algorithm:?} fork at {cut}"),
            )?;
        }
    }
    Ok(())
}

pub(super) fn mac(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for vector in AUTHENTICATED {
        mac_vector(checks, vector)?;
    }
    let message = pattern(300);
    for algorithm in Mac::ALL {
        for key_len in [0, 1, 20, 63, 64, 65, 127, 128, 129, 1000] {
            let key = checks.provider.mac(algorithm, &pattern(key_len));
            let tag = key.tag(&[&message]);
            checks.holds(
                tag.len() == algorithm.output_len(),
                format_args!("{algorithm:?} length"),
            )?;
            let (front, back) = message.split_at_checked(key_len % 300).unwrap_or_default();
            let parts = key.tag(&[front, &[], back]);
            checks.holds(
                parts == tag,
                format_args!("{algorithm:?} in parts, key of {key_len} bytes"),
            )?;
            checks.holds(
                key.tag(&[&message]) == tag,
                format_args!("{algorithm:?} key used again"),
            )?;
        }
    }
    Ok(())
}

fn mac_vector(checks: &mut Checks<'_>, vector: &Authenticated) -> Result<(), Failure> {
    let Authenticated {
        source, algorithm, ..
    } = vector;
    let key = checks.provider.mac(*algorithm, &checks.bytes(vector.key)?);
    let message = checks.bytes(vector.message)?;
    let tag = checks.bytes(vector.tag)?;
    let parts: &[&[u8]] = &[&message];
    checks.holds(
        key.tag(parts).as_ref() == tag,
        format_args!("{algorithm:?} {source}"),
    )?;
    checks.value(
        key.verify(parts, &tag),
        format_args!("{algorithm:?} verifies {source}"),
    )?;
    for len in 0..=tag.len() {
        let short = tag.get(..len).unwrap_or_default();
        let case = format!("{algorithm:?} tag of {len} bytes, {source}");
        if len < tag.len() {
            checks.refused(key.verify(parts, short), BadTag, &case)?;
        }
        if len < 10 {
            checks.refused(key.verify_truncated(parts, short, 10), BadTag, &case)?;
        } else {
            checks.value(key.verify_truncated(parts, short, 10), &case)?;
        }
    }
    checks.refused(
        key.verify_truncated(parts, &[], 0),
        BadTag,
        "an empty tag is never right",
    )?;
    let long = [&tag[..], &[0]].concat();
    checks.refused(
        key.verify(parts, &long),
        BadTag,
        format_args!("{algorithm:?} tag too long"),
    )?;
    checks.refused(
        key.verify_truncated(parts, &long, 10),
        BadTag,
        format_args!("{algorithm:?} tag too long"),
    )?;
    for bit in 0..tag.len() * 8 {
        let case = format!("{algorithm:?} tag with bit {bit} turned over");
        checks.refused(key.verify(parts, &flipped(&tag, bit)), BadTag, &case)?;
    }
    Ok(())
}

pub(super) fn ctr(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for vector in STREAMED {
        let Streamed {
            source, algorithm, ..
        } = vector;
        let key = checks.provider.ctr(*algorithm, &checks.bytes(vector.key)?);
        let key = checks.value(key, source)?;
        let iv = checks.array(vector.iv)?;
        let mut data = checks.bytes(vector.plaintext)?;
        key.apply(&iv, &mut data);
        let expected = checks.bytes(vector.ciphertext)?;
        checks.holds(data == expected, format_args!("{algorithm:?} {source}"))?;
    }
    for algorithm in Ctr::ALL {
        for len in (0..=64).filter(|len| *len != algorithm.key_len()) {
            let expected = KeyError::Length {
                expected: algorithm.key_len(),
                actual: len,
            };
            let key = checks.provider.ctr(algorithm, &pattern(len));
            checks.refused(key, expected, format_args!("{algorithm:?} key of {len} bytes"))?;
        }
        let key = checks.provider.ctr(algorithm, &pattern(algorithm.key_len()));
        let key = checks.value(key, format_args!("{algorithm:?}"))?;
        let mut stream = vec![0; 16_384];
        key.apply(&[3; 16], &mut stream);
        for len in LENGTHS {
            let plain = pattern(len);
            let mut data = plain.clone();
            key.apply(&[3; 16], &mut data);
            let agrees = data
                .iter()
                .zip(&plain)
                .zip(&stream)
                .all(|((data, plain), key)| data ^ plain == *key);
            checks.holds(
                agrees,
                format_args!("{algorithm:?} key stream of {len} bytes is a prefix"),
            )?;
        }
    }
    Ok(())
}

pub(super) fn aead(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for vector in SEALED {
        if checks.provider.supports_aead(vector.algorithm) {
            aead_vector(checks, vector)?;
        }
    }
    for algorithm in Aead::ALL {
        if !checks.provider.supports_aead(algorithm) {
            let key = checks.provider.aead(algorithm, &pattern(algorithm.key_len()));
            checks.lacks(key, KeyError::Unsupported, algorithm)?;
            continue;
        }
        for len in (0..=64).filter(|len| *len != algorithm.key_len()) {
            let expected = KeyError::Length {
                expected: algorithm.key_len(),
                actual: len,
            };
            let key = checks.provider.aead(algorithm, &pattern(len));
            checks.refused(key, expected, format_args!("{algorithm:?} key of {len} bytes"))?;
        }
        aead_lengths(checks, algorithm)?;
    }
    Ok(())
}

fn aead_vector(checks: &mut Checks<'_>, vector: &Sealed) -> Result<(), Failure> {
    let Sealed {
        source, algorithm, ..
    } = vector;
    let key = checks.provider.aead(*algorithm, &checks.bytes(vector.key)?);
    let key = checks.value(key, source)?;
    let nonce = checks.array(vector.nonce)?;
    let aad = checks.bytes(vector.aad)?;
    let plaintext = checks.bytes(vector.plaintext)?;
    let ciphertext = checks.bytes(vector.ciphertext)?;
    let expected_tag: [u8; 16] = checks.array(vector.tag)?;

    let (mut data, mut tag) = (plaintext.clone(), [0; 16]);
    key.seal(&nonce, &aad, &mut data, &mut tag);
    checks.holds(
        data == ciphertext,
        format_args!("{algorithm:?} ciphertext of {source}"),
    )?;
    checks.holds(tag == expected_tag, format_args!("{algorithm:?} tag of {source}"))?;
    checks.value(
        key.open(&nonce, &aad, &mut data, &tag),
        format_args!("{algorithm:?} opens {source}"),
    )?;
    checks.holds(
        data == plaintext,
        format_args!("{algorithm:?} plaintext of {source}"),
    )?;

    for bit in 0..128 {
        let mut changed = tag;
        if let Some(byte) = changed.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        let opened = key.open(&nonce, &aad, &mut ciphertext.clone(), &changed);
        checks.refused(
            opened,
            BadTag,
            format_args!("{algorithm:?} tag with bit {bit} turned over, {source}"),
        )?;
    }
    for bit in 0..ciphertext.len() * 8 {
        let opened = key.open(&nonce, &aad, &mut flipped(&ciphertext, bit), &tag);
        checks.refused(
            opened,
            BadTag,
            format_args!("{algorithm:?} ciphertext with bit {bit} turned over"),
        )?;
    }
    for bit in 0..aad.len() * 8 {
        let opened = key.open(&nonce, &flipped(&aad, bit), &mut ciphertext.clone(), &tag);
        checks.refused(
            opened,
            BadTag,
            format_args!("{algorithm:?} additional data with bit {bit} turned over"),
        )?;
    }
    let mut other = nonce;
    other.rotate_left(1);
    if other != nonce {
        let opened = key.open(&other, &aad, &mut ciphertext.clone(), &tag);
        checks.refused(opened, BadTag, format_args!("{algorithm:?} with another nonce"))?;
    }
    Ok(())
}

/// Sealing and opening at many lengths, and truncation of what was sealed.
fn aead_lengths(checks: &mut Checks<'_>, algorithm: Aead) -> Result<(), Failure> {
    let key = checks.provider.aead(algorithm, &pattern(algorithm.key_len()));
    let key = checks.value(key, format_args!("{algorithm:?}"))?;
    for len in LENGTHS {
        let plaintext = pattern(len);
        let (nonce, aad, mut data, mut tag) = ([7; 12], pattern(len % 40), plaintext.clone(), [0; 16]);
        key.seal(&nonce, &aad, &mut data, &mut tag);
        if len >= 16 {
            checks.holds(data != plaintext, format_args!("{algorithm:?} hides {len} bytes"))?;
        }
        if let Some(cut) = len.checked_sub(1) {
            let mut short = data.clone();
            short.truncate(cut);
            let opened = key.open(&nonce, &aad, &mut short, &tag);
            checks.refused(
                opened,
                BadTag,
                format_args!("{algorithm:?} with the last of {len} bytes cut off"),
            )?;
        }
        let opened = key.open(&nonce, &aad, &mut data, &tag);
        checks.value(opened, format_args!("{algorithm:?} of {len} bytes"))?;
        checks.holds(
            data == plaintext,
            format_args!("{algorithm:?} gives {len} bytes back"),
        )?;
    }
    Ok(())
}
