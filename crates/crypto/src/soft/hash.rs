//! A running hash of the RustCrypto traits.

use std::fmt;

use crate::{Digest, HashState};

/// Any RustCrypto hash under way.
#[derive(Clone)]
pub(crate) struct Running<D>(D);

impl<D: sha1::Digest> Running<D> {
    pub(crate) fn new() -> Self {
        Self(D::new())
    }
}

impl<D: sha1::Digest + Clone + Send + Sync + 'static> HashState for Running<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn fork(&self) -> Box<dyn HashState> {
        Box::new(self.clone())
    }

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(&self.0.finalize())
    }
}

impl<D> fmt::Debug for Running<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}
