//! What both providers share, because RustCrypto is as fast there as anything: counter mode, HMAC-SHA-1, MD5, and the
//! random generator.

mod ctr;
mod hash;
mod mac;

pub(crate) use ctr::ctr_key;
pub(crate) use hash::Running;
pub(crate) use mac::KeyedHmac;

use rand::Rng;

/// Fills `out` from the thread's generator, a ChaCha that the system seeds and that reseeds itself every 64 KiB:
/// a system call per 16-byte nonce would cost more than the packet it is for.
pub(crate) fn random(out: &mut [u8]) {
    rand::rng().fill_bytes(out);
}
