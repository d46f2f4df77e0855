//! What an attacker sends who sees the wire: noise, replays, and real datagrams cut, stretched, spliced and flipped.

use super::Side;
use crate::endpoint::Path;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use std::net::SocketAddr;

/// Datagrams that an attacker remembers.
const MEMORY: usize = 256;
/// The longest noise: more than any MTU that cores use.
const LONGEST: usize = 2000;

pub(super) type Seen = (Side, Path, Vec<u8>);

/// Keeps the first datagrams, which carry handshakes.
pub(super) fn remember(seen: &mut Vec<Seen>, datagram: Seen) {
    if seen.len() < MEMORY {
        seen.push(datagram);
    }
}

/// A datagram for `to`, on a path that it uses or on one that it has never seen.
pub(super) fn datagram(rng: &mut ChaCha8Rng, to: Side, seen: &[Seen]) -> (Path, Vec<u8>) {
    let known = pick(rng, seen).filter(|_| rng.random_bool(0.85));
    let (mut path, bytes) = match known {
        Some((side, path, bytes)) => {
            let path = if *side == to { *path } else { path.reversed() };
            (path, mutate(rng, bytes, seen))
        }
        None => (to.path(), noise(rng)),
    };
    if rng.random_bool(0.2) {
        path.remote = SocketAddr::from(([203, 0, 113, rng.random_range(1..=3)], 4000));
    }
    (path, bytes)
}

fn pick<'a>(rng: &mut ChaCha8Rng, seen: &'a [Seen]) -> Option<&'a Seen> {
    if seen.is_empty() {
        return None;
    }
    seen.get(rng.random_range(0..seen.len()))
}

fn noise(rng: &mut ChaCha8Rng) -> Vec<u8> {
    // Many short ones: most decoders decide in the first bytes.
    let longest = if rng.random_bool(0.5) { 32 } else { LONGEST };
    let mut bytes = vec![0; rng.random_range(0..=longest)];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn mutate(rng: &mut ChaCha8Rng, datagram: &[u8], seen: &[Seen]) -> Vec<u8> {
    let mut bytes = datagram.to_vec();
    match rng.random_range(0..6_u8) {
        0 => {}
        1 => bytes.truncate(rng.random_range(0..=bytes.len())),
        2 => bytes.extend(noise(rng)),
        3 => {
            let other = pick(rng, seen).map_or(&[][..], |(_, _, other)| other);
            bytes.truncate(rng.random_range(0..=bytes.len()));
            bytes.extend(other.iter().skip(rng.random_range(0..=other.len())));
        }
        4 => extremes(rng, &mut bytes),
        _ => flip(rng, &mut bytes),
    }
    bytes
}

/// Flips up to eight bits.
fn flip(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    for _ in 0..rng.random_range(1..=8_u8) {
        let place = rng.random_range(0..=bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << rng.random_range(0..8_u8);
        }
    }
}

/// Sets a few bytes to the values at which lengths and counters break.
fn extremes(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    const VALUES: [u8; 5] = [0, 1, 0x7f, 0x80, 0xff];
    let place = rng.random_range(0..=bytes.len());
    let count = rng.random_range(1..=4);
    for byte in bytes.iter_mut().skip(place).take(count) {
        *byte = VALUES
            .get(rng.random_range(0..VALUES.len()))
            .copied()
            .unwrap_or(0);
    }
}
