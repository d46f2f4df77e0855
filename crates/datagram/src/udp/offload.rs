//! Whether bursts are sent with segmentation offload.
//!
//! A network card that cannot segment says so by `EIO` or `EINVAL`, and so the kernel answers a source address that the host
//! has no more (a temporary one of IPv6, RFC 8981), a link-local destination without its link, or packets over the MTU.
//! quinn-udp takes each for the former and switches offload off for the socket's life, though it goes on sending bursts it is
//! given. So what it says on Linux is not asked again: offload is to blame only if the first packet of the burst goes alone.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// `EIO` and `EINVAL` of Linux.
const REFUSALS: [i32; 2] = [5, 22];

/// Packets of one burst, and what has become of them.
#[derive(Debug)]
pub(super) struct Offload {
    segments: AtomicUsize,
    fallbacks: AtomicU64,
}

impl Offload {
    pub(super) const fn new(segments: usize) -> Self {
        Self {
            segments: AtomicUsize::new(segments),
            fallbacks: AtomicU64::new(0),
        }
    }

    /// Packets that a burst may have, where quinn-udp says `theirs`.
    pub(super) fn segments(&self, theirs: usize) -> usize {
        let ours = self.segments.load(Ordering::Relaxed);
        if is_own_judge() { ours } else { ours.min(theirs) }
    }

    /// Whether the burst that this error is of may go packet by packet.
    pub(super) fn may_be_to_blame(&self, error: &io::Error, theirs: usize) -> bool {
        let is_refusal = if is_own_judge() {
            error.raw_os_error().is_some_and(|code| REFUSALS.contains(&code))
        } else {
            theirs == 1
        };
        is_refusal && self.segments.load(Ordering::Relaxed) > 1
    }

    /// A packet of a refused burst went alone: there is no offload.
    pub(super) fn give_up(&self) {
        self.segments.store(1, Ordering::Relaxed);
        self.fallbacks.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }
}

/// Elsewhere offload is switched off by other signs than errors of sending.
const fn is_own_judge() -> bool {
    cfg!(any(target_os = "linux", target_os = "android"))
}
