//! Congestion control, RFC 9260 §7.2, for the one path there is.
//!
//! Slow start grows by all bytes acknowledged (L of §7.2.1 unlimited): one SACK stands for a whole receive batch here, and
//! a fixed L would make growth depend on batching. The window grows only while it is what limits the sender.

use crate::config::Config;
use crate::tsn::Tsn;
use std::time::{Duration, Instant};

/// The congestion window and what moves it.
#[derive(Clone, Debug)]
pub(crate) struct Congestion {
    /// Largest sum of DATA chunks in one packet (PMDCS).
    unit: usize,
    window: usize,
    threshold: usize,
    /// partial_bytes_acked of §7.2.2.
    partial: usize,
    /// Fast Recovery lasts until this is acknowledged.
    recovery_exit: Option<Tsn>,
    /// Bytes that may be in flight until the next acknowledgement (Max.Burst, §6.1 D).
    burst_limit: usize,
    burst: usize,
    /// The window stopped the sender since the last acknowledgement.
    limited: bool,
    /// The one packet of §7.2.4 step 3 that ignores the window is still to be sent.
    fast_packet: bool,
    /// After a timeout: one packet in flight until something is acknowledged (§7.2.1).
    single: bool,
    /// That packet is being written.
    writing: bool,
    last_sent: Option<Instant>,
}

/// Larger windows help nobody and would overflow 32-bit targets' arithmetic.
const MAX_WINDOW: usize = 1 << 30;

impl Congestion {
    pub(crate) fn new(config: &Config) -> Self {
        let unit = config.packet_limit() - crate::codec::Header::LEN;
        let burst = unit.saturating_mul(config.max_burst.max(1));
        Self {
            unit,
            window: unit.saturating_mul(config.initial_window.max(1)).min(MAX_WINDOW),
            threshold: MAX_WINDOW,
            partial: 0,
            recovery_exit: None,
            burst_limit: burst,
            burst,
            limited: false,
            fast_packet: false,
            single: false,
            writing: false,
            last_sent: None,
        }
    }

    /// True when new chunks may go out with `flight` bytes under way.
    pub(crate) fn may_send(&self, flight: usize) -> bool {
        flight < self.window.min(self.burst_limit) && self.obeys_single(flight)
    }

    /// True when lost chunks may go out with `flight` bytes under way.
    pub(crate) const fn may_retransmit(&self, flight: usize) -> bool {
        (flight < self.window || self.fast_packet) && self.obeys_single(flight)
    }

    const fn obeys_single(&self, flight: usize) -> bool {
        !self.single || self.writing || flight == 0
    }

    /// A packet is begun.
    pub(crate) const fn begin_packet(&mut self, flight: usize) {
        self.writing = flight == 0;
    }

    /// The packet is complete.
    pub(crate) const fn end_packet(&mut self) {
        self.writing = false;
    }

    /// Notes whether the window, and not a lack of data, ended a round of sending.
    pub(crate) const fn note_round(&mut self, data_waits: bool, flight: usize) {
        self.limited = data_waits && flight >= self.window;
    }

    /// A packet with data was written.
    pub(crate) const fn note_sent(&mut self, now: Instant) {
        self.fast_packet = false;
        self.last_sent = Some(now);
    }

    /// Before sending after a pause: halves the window per RTO without traffic (§7.2.1, last rule).
    pub(crate) fn decay(&mut self, now: Instant, rto: Duration) {
        let Some(last) = self.last_sent else { return };
        let mut idle = now.saturating_duration_since(last);
        let floor = self.unit * 4;
        if idle < rto || self.window <= floor {
            return;
        }
        self.threshold = self.window;
        while idle >= rto && self.window > floor {
            self.window = (self.window / 2).max(floor);
            idle = idle.saturating_sub(rto);
        }
        self.last_sent = Some(now);
    }

    /// A SACK acknowledged `acked` bytes; `flight` bytes were under way before it and `left` are now.
    pub(crate) fn acknowledged(&mut self, acked: usize, cumulative: Tsn, left: usize) {
        self.burst_limit = left.saturating_add(self.burst);
        self.single &= acked == 0;
        let exit = self.recovery_exit;
        if exit.is_some_and(|exit| !exit.is_after(cumulative)) {
            self.recovery_exit = None;
        }
        if exit.is_none() && acked > 0 && self.limited {
            if self.window <= self.threshold {
                self.window = self.window.saturating_add(acked).min(MAX_WINDOW);
            } else {
                self.avoid(acked);
            }
        }
        if left == 0 {
            self.partial = 0;
        }
    }

    /// §7.2.2: one unit per window of acknowledged bytes.
    fn avoid(&mut self, acked: usize) {
        self.partial = self.partial.saturating_add(acked);
        while self.partial >= self.window {
            self.partial -= self.window;
            self.window = self.window.saturating_add(self.unit).min(MAX_WINDOW);
        }
    }

    /// Chunks were found lost by gap reports; `highest` is the highest TSN sent. True when this starts a recovery.
    pub(crate) fn lost(&mut self, highest: Tsn) -> bool {
        if self.recovery_exit.is_some() {
            return false;
        }
        // §7.2.3
        self.threshold = (self.window / 2).max(self.unit * 4);
        self.window = self.threshold;
        self.partial = 0;
        self.recovery_exit = Some(highest);
        self.fast_packet = true;
        true
    }

    /// T3-rtx expired, §7.2.3.
    pub(crate) fn timed_out(&mut self) {
        self.threshold = (self.window / 2).max(self.unit * 4);
        self.window = self.unit;
        self.burst_limit = self.burst;
        self.partial = 0;
        self.recovery_exit = None;
        self.limited = true;
        self.fast_packet = false;
        self.single = true;
    }

    /// True during Fast Recovery.
    pub(crate) const fn is_recovering(&self) -> bool {
        self.recovery_exit.is_some()
    }

    /// True when the window is so small that waiting for a delayed SACK hurts.
    pub(crate) const fn is_small(&self) -> bool {
        self.window < self.unit * 10
    }

    pub(crate) const fn window(&self) -> usize {
        self.window
    }

    pub(crate) const fn threshold(&self) -> usize {
        self.threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: usize = 1148;

    fn limited() -> Congestion {
        let mut congestion = Congestion::new(&Config::default());
        congestion.note_round(true, usize::MAX);
        congestion
    }

    #[test]
    fn slow_start_doubles_only_while_the_window_limits() {
        let mut congestion = limited();
        assert_eq!(congestion.window(), 10 * UNIT);
        congestion.acknowledged(10 * UNIT, Tsn(1), 0);
        assert_eq!(congestion.window(), 20 * UNIT);
        congestion.note_round(false, 0);
        congestion.acknowledged(10 * UNIT, Tsn(2), 0);
        assert_eq!(
            congestion.window(),
            20 * UNIT,
            "an application that sends little earns nothing"
        );
    }

    #[test]
    fn a_loss_halves_once_per_recovery_and_avoidance_grows_one_unit_per_window() {
        let mut congestion = limited();
        congestion.acknowledged(30 * UNIT, Tsn(1), 0);
        assert!(congestion.lost(Tsn(50)));
        assert_eq!(congestion.window(), 20 * UNIT);
        assert!(!congestion.lost(Tsn(60)), "one reduction per recovery");
        congestion.acknowledged(20 * UNIT, Tsn(49), UNIT);
        assert!(congestion.is_recovering());
        assert_eq!(congestion.window(), 20 * UNIT, "no growth while recovering");
        congestion.acknowledged(UNIT, Tsn(50), UNIT);
        assert!(!congestion.is_recovering());
        congestion.acknowledged(1, Tsn(51), UNIT);
        assert_eq!(
            congestion.window(),
            20 * UNIT + 1,
            "at the threshold it is still slow start"
        );
        congestion.acknowledged(20 * UNIT, Tsn(52), UNIT);
        assert_eq!(congestion.window(), 20 * UNIT + 1);
        congestion.acknowledged(1, Tsn(53), UNIT);
        assert_eq!(congestion.window(), 21 * UNIT + 1, "one unit per window");
    }

    #[test]
    fn a_timeout_leaves_one_packet_and_idle_time_decays() {
        let mut congestion = limited();
        congestion.acknowledged(30 * UNIT, Tsn(1), 0);
        congestion.timed_out();
        assert_eq!(congestion.window(), UNIT);
        assert_eq!(congestion.threshold(), 20 * UNIT);
        assert!(congestion.may_retransmit(0));
        assert!(!congestion.may_retransmit(UNIT));

        let start = crate::test_time::start();
        let mut congestion = limited();
        congestion.acknowledged(30 * UNIT, Tsn(1), 0);
        congestion.note_sent(start);
        congestion.decay(start + Duration::from_millis(900), Duration::from_secs(1));
        assert_eq!(congestion.window(), 40 * UNIT);
        congestion.decay(start + Duration::from_secs(2), Duration::from_secs(1));
        assert_eq!(congestion.window(), 10 * UNIT);
        congestion.decay(start + Duration::from_secs(99), Duration::from_secs(1));
        assert_eq!(congestion.window(), 4 * UNIT);
    }
}
