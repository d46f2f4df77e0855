//! HMAC (RFC 2104) with both padded keys hashed once: each tag starts from a copy of the two states.

use std::fmt;

use hmac::{EagerHash, Hmac, KeyInit, Mac};

use crate::{Digest, MacKey};

/// A keyed HMAC over any RustCrypto hash.
pub(crate) struct KeyedHmac<D: EagerHash>(Hmac<D>);

impl<D: EagerHash> KeyedHmac<D> {
    /// Prepares a key of any length.
    pub(crate) fn new(key: &[u8]) -> Self {
        // HMAC takes every key, so the error cannot come; an empty key would then be as wrong as any other.
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }
}

impl<D: EagerHash> MacKey for KeyedHmac<D>
where
    Hmac<D>: Clone + Send + Sync,
{
    fn tag(&self, parts: &[&[u8]]) -> Digest {
        let mut state = self.0.clone();
        parts.iter().for_each(|part| state.update(part));
        Digest::new(&state.finalize().into_bytes())
    }
}

impl<D: EagerHash> Drop for KeyedHmac<D> {
    /// Overwrites the keyed states. The crate's own wiping would also wipe the copy of each tag, a fifth of its cost.
    fn drop(&mut self) {
        self.0 = Hmac::new(&Default::default());
        // Without a reader the overwriting could be left out as having no effect.
        std::hint::black_box(&self.0);
    }
}

impl<D: EagerHash> fmt::Debug for KeyedHmac<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHmac")
    }
}
