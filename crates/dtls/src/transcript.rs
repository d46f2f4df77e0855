//! The handshake messages so far, as Finished, CertificateVerify and the extended master secret see them.
//!
//! RFC 6347 §4.2.6: each message counts as if it had been sent in one fragment. The bytes are kept, not a running
//! hash: TLS 1.2 signs them whole, and which hash is wanted is only known after the ServerHello. They are freed when
//! the handshake is over; each message in it is bounded by [`Config::max_message`](crate::Config::max_message).

use crypto::{Digest, Hash, Provider};

/// All messages, in order.
#[derive(Debug, Default)]
pub(crate) struct Transcript(Vec<u8>);

impl Transcript {
    /// Appends a message with its unfragmented 12-byte header.
    pub(crate) fn push(&mut self, message: &[u8]) {
        self.0.extend_from_slice(message);
    }

    /// Forgets everything: what precedes a cookie exchange does not count (RFC 6347 §4.2.1).
    pub(crate) fn restart(&mut self) {
        self.0.clear();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn hash(&self, provider: &Provider, algorithm: Hash) -> Digest {
        provider.digest(algorithm, &self.0)
    }
}
