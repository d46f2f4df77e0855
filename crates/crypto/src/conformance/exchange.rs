//! Key exchange. Private keys cannot be given through the traits, so instead of the RFCs' shared secrets this uses
//! that the generator is a share too: the secret with it is the own public key, for every private key.

use super::bytes::pattern;
use super::{Checks, Failure};
use crate::{Group, KeyError, KeyExchange, KeyExchangeError, Secret};

/// The generators (SEC 2 §2.4.2, §2.5.1) as uncompressed points.
const P256_GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                              4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const P384_GENERATOR: &str = "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
                              3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";
/// The primes of the curves: as a coordinate they are zero, not reduced.
const P256_PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const P384_PRIME: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe\
                          ffffffff0000000000000000ffffffff";
/// The points of small order on X25519 and its twist, all of whose multiples by a clamped scalar are zero.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
/// Length of an ML-KEM-768 encapsulation key, which comes first in the client's hybrid share.
const ENCAPSULATION_KEY_LEN: usize = 1184;
/// Length of an ML-KEM-768 ciphertext, which comes first in the server's hybrid share.
const CIPHERTEXT_LEN: usize = 1088;

pub(super) fn run(checks: &mut Checks<'_>) -> Result<(), Failure> {
    for group in Group::ALL {
        if !checks.provider.supports_group(group) {
            absent(checks, group)?;
            continue;
        }
        agreement(checks, group)?;
        lengths(checks, group)?;
        match group {
            Group::Secp256r1 => point(checks, group, P256_GENERATOR, P256_PRIME)?,
            Group::Secp384r1 => point(checks, group, P384_GENERATOR, P384_PRIME)?,
            Group::X25519 => x25519(checks)?,
            Group::X25519MlKem768 => hybrid(checks)?,
        }
    }
    Ok(())
}

/// A group that the provider says it does not have.
fn absent(checks: &mut Checks<'_>, group: Group) -> Result<(), Failure> {
    let answered = checks
        .provider
        .answer_key_exchange(group, &pattern(group.client_share_len()));
    checks.refused(
        answered.map(|_| ()),
        KeyExchangeError::Unsupported,
        format_args!("{group:?} is answered"),
    )?;
    checks.lacks(
        checks.provider.start_key_exchange(group),
        KeyError::Unsupported,
        group,
    )
}

fn start(checks: &mut Checks<'_>, group: Group) -> Result<Box<dyn KeyExchange>, Failure> {
    let exchange = checks.provider.start_key_exchange(group);
    checks.value(exchange, format_args!("{group:?} starts"))
}

/// Both directions of a share that has to be refused.
fn refused(
    checks: &mut Checks<'_>,
    group: Group,
    share: &[u8],
    expected: KeyExchangeError,
    case: &str,
) -> Result<(), Failure> {
    let finished = start(checks, group)?.finish(share);
    checks.refused(finished, expected, format_args!("{group:?} finish with {case}"))?;
    let answered = checks.provider.answer_key_exchange(group, share);
    checks.refused(
        answered.map(|_| ()),
        expected,
        format_args!("{group:?} answer to {case}"),
    )
}

fn agreement(checks: &mut Checks<'_>, group: Group) -> Result<(), Failure> {
    let secret_len = match group {
        Group::X25519 | Group::Secp256r1 => 32,
        Group::Secp384r1 => 48,
        Group::X25519MlKem768 => 64,
    };
    let mut secrets: Vec<Secret> = Vec::new();
    for _ in 0..8 {
        let client = start(checks, group)?;
        let share = client.share().to_vec();
        checks.holds(
            share.len() == group.client_share_len(),
            format_args!("{group:?} client share length"),
        )?;
        let answered = checks.provider.answer_key_exchange(group, &share);
        let (answer, server_secret) = checks.value(answered, format_args!("{group:?} answer"))?;
        checks.holds(
            answer.len() == group.server_share_len(),
            format_args!("{group:?} server share length"),
        )?;
        let client_secret = checks.value(client.finish(&answer), format_args!("{group:?} finish"))?;
        checks.holds(
            client_secret == server_secret,
            format_args!("{group:?} both have one secret"),
        )?;
        checks.holds(
            client_secret.as_ref().len() == secret_len,
            format_args!("{group:?} secret length"),
        )?;
        checks.holds(
            !secrets.contains(&client_secret),
            format_args!("{group:?} secrets are fresh"),
        )?;
        secrets.push(client_secret);
    }
    Ok(())
}

/// Shares of every other length up to one beyond, for either side.
fn lengths(checks: &mut Checks<'_>, group: Group) -> Result<(), Failure> {
    for actual in (0..=group.server_share_len() + 1).filter(|len| *len != group.server_share_len()) {
        // A key per length would be slow; around the right length and at powers of two is where mistakes are.
        if actual > 70 && !actual.is_power_of_two() && actual.abs_diff(group.server_share_len()) > 2 {
            continue;
        }
        let expected = KeyExchangeError::Length {
            expected: group.server_share_len(),
            actual,
        };
        let finished = start(checks, group)?.finish(&pattern(actual));
        checks.refused(
            finished,
            expected,
            format_args!("{group:?} finish with {actual} bytes"),
        )?;
    }
    for actual in [0, 1, 31, 33, 64, 66, 96, 98, 1183, 1184, 1185, 1215, 1217, 65_535] {
        let expected = KeyExchangeError::Length {
            expected: group.client_share_len(),
            actual,
        };
        let answered = checks.provider.answer_key_exchange(group, &pattern(actual));
        checks.refused(
            answered.map(|_| ()),
            expected,
            format_args!("{group:?} answer to {actual} bytes"),
        )?;
    }
    Ok(())
}

fn point(checks: &mut Checks<'_>, group: Group, generator: &str, prime: &str) -> Result<(), Failure> {
    let generator = checks.bytes(generator)?;
    let prime = checks.bytes(prime)?;
    let exchange = start(checks, group)?;
    let own = exchange.share().to_vec();
    let secret = checks.value(
        exchange.finish(&generator),
        format_args!("{group:?} with its generator"),
    )?;
    let x = own.get(1..=prime.len()).unwrap_or_default();
    checks.holds(
        own.first() == Some(&4),
        format_args!("{group:?} share is uncompressed"),
    )?;
    checks.holds(
        secret.as_ref() == x,
        format_args!("{group:?} secret is the x coordinate of the product"),
    )?;

    let len = generator.len();
    let invalid = KeyExchangeError::InvalidShare;
    let with_first = |first: u8| {
        let mut share = generator.clone();
        share.iter_mut().take(1).for_each(|byte| *byte = first);
        share
    };
    for first in [0, 1, 2, 3, 5, 6, 7, 0xff] {
        refused(
            checks,
            group,
            &with_first(first),
            invalid,
            &format!("a point of form {first}"),
        )?;
    }
    refused(checks, group, &vec![0; len], invalid, "zeros")?;
    refused(
        checks,
        group,
        &[&[4], &vec![0; len - 1][..]].concat(),
        invalid,
        "the point (0, 0)",
    )?;
    refused(
        checks,
        group,
        &[&[4], &vec![0xff; len - 1][..]].concat(),
        invalid,
        "coordinates out of range",
    )?;
    refused(
        checks,
        group,
        &[&[4], &prime[..], &prime].concat(),
        invalid,
        "coordinates equal to the prime",
    )?;
    for bit in [8, 9, len * 4, len * 8 - 1] {
        let off = super::bytes::flipped(&generator, bit);
        refused(checks, group, &off, invalid, "a point off the curve")?;
    }
    Ok(())
}

fn x25519(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let base = [&[9], &[0; 31][..]].concat();
    // RFC 7748 §5: the top bit is masked, and values from the prime up are accepted.
    let masked = [&[9], &[0; 30][..], &[0x80]].concat();
    let unreduced = [&[0xf6], &[0xff; 30][..], &[0x7f]].concat();
    for share in [base, masked, unreduced] {
        let exchange = start(checks, Group::X25519)?;
        let own = exchange.share().to_vec();
        let secret = checks.value(exchange.finish(&share), "X25519 with its base point")?;
        checks.holds(
            secret.as_ref() == own,
            "X25519 of the base point is the own share",
        )?;
    }
    for share in SMALL_ORDER {
        let share = checks.bytes(share)?;
        refused(
            checks,
            Group::X25519,
            &share,
            KeyExchangeError::ZeroSecret,
            "a point of small order",
        )?;
    }
    Ok(())
}

fn hybrid(checks: &mut Checks<'_>) -> Result<(), Failure> {
    let group = Group::X25519MlKem768;
    let client = start(checks, group)?;
    let share = client.share().to_vec();
    let (encapsulation_key, point) = share.split_at_checked(ENCAPSULATION_KEY_LEN).unwrap_or_default();

    // FIPS 203 §7.2: an encapsulation key with a coefficient that is not reduced has to be refused.
    for at in [0, 600, ENCAPSULATION_KEY_LEN - 32 - 3] {
        let mut bad = share.clone();
        bad.iter_mut().skip(at).take(2).for_each(|byte| *byte = 0xff);
        let answered = checks.provider.answer_key_exchange(group, &bad);
        let case = format!("hybrid key with a coefficient of 4095 at byte {at}");
        checks.refused(answered.map(|_| ()), KeyExchangeError::InvalidShare, case)?;
    }
    let zero = [encapsulation_key, &[0; 32]].concat();
    let answered = checks.provider.answer_key_exchange(group, &zero);
    checks.refused(
        answered.map(|_| ()),
        KeyExchangeError::ZeroSecret,
        "hybrid answer to a zero X25519 share",
    )?;
    checks.holds(point.len() == 32, "hybrid share ends in X25519")?;

    // FIPS 203 §6.3: a wrong ciphertext gives another secret, not an error; the X25519 half is not changed by it.
    let answered = checks.provider.answer_key_exchange(group, &share);
    let (mut answer, server) = checks.value(answered, "hybrid answer")?;
    answer.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    let implicit = checks.value(client.finish(&answer), "hybrid finish with a wrong ciphertext")?;
    let halves = implicit
        .as_ref()
        .split_at_checked(32)
        .zip(server.as_ref().split_at_checked(32));
    let ((post, classic), (server_post, server_classic)) = halves.unwrap_or_default();
    checks.holds(
        post != server_post,
        "ML-KEM with a wrong ciphertext gives another secret",
    )?;
    checks.holds(classic == server_classic, "the X25519 secret is the second half")?;

    let ciphertext = answer.get(..CIPHERTEXT_LEN).unwrap_or_default();
    let finished = start(checks, group)?.finish(&[ciphertext, &[0; 32]].concat());
    checks.refused(
        finished,
        KeyExchangeError::ZeroSecret,
        "hybrid finish with a zero X25519 share",
    )
}
