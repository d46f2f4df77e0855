//! SHA-2 and HMAC over it.

use std::fmt;

use aws_lc_rs::{digest, hmac};

use crate::{Digest, HashState, MacKey};

/// A hash under way.
#[derive(Clone)]
pub(super) struct Running(digest::Context);

impl Running {
    pub(super) fn new(algorithm: &'static digest::Algorithm) -> Self {
        Self(digest::Context::new(algorithm))
    }
}

impl HashState for Running {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn fork(&self) -> Box<dyn HashState> {
        Box::new(self.clone())
    }

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(self.0.finish().as_ref())
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// A keyed HMAC; each tag starts from a copy of its state.
#[derive(Debug)]
pub(super) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(super) fn new(algorithm: hmac::Algorithm, key: &[u8]) -> Self {
        Self(hmac::Key::new(algorithm, key))
    }
}

impl MacKey for HmacKey {
    fn tag(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        parts.iter().for_each(|part| context.update(part));
        Digest::new(context.sign().as_ref())
    }
}
