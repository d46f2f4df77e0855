//! What a jitter buffer counts.

use std::time::Duration;

/// Counters of a jitter buffer, in packets where nothing else is said. Those that W3C webrtc-stats knows for
/// `RTCInboundRtpStreamStats` are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JitterStats {
    /// Packets taken in, in time.
    pub received: u64,
    /// Of them, those that a retransmission (RTX) brought (`retransmittedPacketsReceived`, as far as they were of use).
    pub retransmitted: u64,
    /// Of them, those that forward error correction brought.
    pub recovered: u64,
    /// Packets that were there already, or had been played.
    pub duplicates: u64,
    /// Packets that came after they had been given up (`packetsDiscarded`).
    pub late: u64,
    /// Of them, repairs: the delay grows for those that come next.
    pub late_repairs: u64,
    /// Packets given up as missing.
    pub missing: u64,
    /// Packets that had to make way, or found no room, because of the limits.
    pub overflowed: u64,
    /// Packets far from all others that did not continue.
    pub stray: u64,
    /// How often the sender has begun anew with its sequence numbers.
    pub restarts: u64,
    /// Packets played.
    pub emitted: u64,
    /// Frames played, which are packets of one timestamp (`jitterBufferEmittedCount`, which counts samples for sound).
    pub emitted_frames: u64,
    /// How long the first packets of the frames played have waited here, in all (`jitterBufferDelay`).
    pub emitted_delay: Duration,
    /// The delay in effect when they were played, in all (`jitterBufferTargetDelay`).
    pub target_delay: Duration,
    /// The delay that the network alone asked for when they were played, in all (`jitterBufferMinimumDelay`).
    pub minimum_delay: Duration,
}
