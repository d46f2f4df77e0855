//! What this end is by itself: its tag, its first TSN, its clock and its randomness.

use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::cookie::CookieKey;
use crate::tsn::Tsn;

/// This end's identity.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) tag: u32,
    pub(super) initial_tsn: Tsn,
    pub(super) cookie_key: CookieKey,
    rng: ChaCha20Rng,
    /// The first `now` ever seen: cookies tell their age from it.
    epoch: Option<Instant>,
    /// A message was refused for want of room.
    pub(super) send_blocked: bool,
}

impl Local {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        Self {
            tag: random_tag(&mut rng),
            initial_tsn: Tsn(rng.next_u32()),
            cookie_key: CookieKey::new(key),
            rng,
            epoch: None,
            send_blocked: false,
        }
    }

    /// A fresh tag, never 0 (RFC 9260 §5.3.1).
    pub(super) fn new_tag(&mut self) -> u32 {
        random_tag(&mut self.rng)
    }

    pub(super) fn next_u32(&mut self) -> u32 {
        self.rng.next_u32()
    }

    /// Milliseconds since the first call, wrapping after seven weeks.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "wrapping is intended; ages are differences"
    )]
    pub(super) fn clock(&mut self, now: Instant) -> u32 {
        let epoch = *self.epoch.get_or_insert(now);
        now.saturating_duration_since(epoch).as_millis() as u32
    }
}

fn random_tag(rng: &mut ChaCha20Rng) -> u32 {
    loop {
        let tag = rng.next_u32();
        if tag != 0 {
            return tag;
        }
    }
}
