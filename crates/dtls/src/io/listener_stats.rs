//! What a listener counts: nobody else hears of those whom it does not let in.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a [`Listener`](super::Listener), from its beginning. Those of a connection are in
/// [`Stats`](crate::Stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerStats {
    /// Cookies that were asked to be shown (HelloVerifyRequest).
    pub cookies_sent: u64,
    /// Cookies that the socket did not take; the client says hello again.
    pub unsent: u64,
    /// Handshakes that ended in a connection.
    pub established: u64,
    /// Handshakes that failed or took too long.
    pub failed: u64,
    /// Hellos beyond the bounds of [`ListenerOptions`](super::ListenerOptions); clients repeat them.
    pub refused: u64,
    /// Datagrams of unknown addresses that begin nothing: other protocols, late records, wrong cookies.
    pub ignored: u64,
    /// Datagrams that were lost because their connection does not read, or reads too slowly.
    pub overflowed: u64,
}

/// The counters, which the listener's task and the handshakes share.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) cookies_sent: Counter,
    pub(super) unsent: Counter,
    pub(super) established: Counter,
    pub(super) failed: Counter,
    pub(super) refused: Counter,
    pub(super) ignored: Counter,
    pub(super) overflowed: Counter,
}

impl Counters {
    pub(super) fn read(&self) -> ListenerStats {
        ListenerStats {
            cookies_sent: self.cookies_sent.read(),
            unsent: self.unsent.read(),
            established: self.established.read(),
            failed: self.failed.read(),
            refused: self.refused.read(),
            ignored: self.ignored.read(),
            overflowed: self.overflowed.read(),
        }
    }
}

/// A number that grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
