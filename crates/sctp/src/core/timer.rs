//! The timers of an association, in a fixed table.

use std::time::{Duration, Instant};

/// Which timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// INIT or COOKIE ECHO is unanswered: T1-init and T1-cookie of RFC 9260 §5.1, never both.
    T1,
    /// SHUTDOWN or SHUTDOWN ACK is unanswered, §9.2.
    T2,
    /// Data is unacknowledged, §6.3.
    T3,
    /// The whole shutdown takes too long, §9.2.
    T5,
    /// An acknowledgement has waited long enough, §6.2.
    Sack,
    /// The path was idle for long, or a HEARTBEAT is unanswered, §8.3.
    Heartbeat,
    /// A RE-CONFIG request is unanswered, RFC 6525 §5.1.1.
    Reconfig,
}

impl Timer {
    pub(super) const ALL: [Self; 7] = [
        Self::T1,
        Self::T2,
        Self::T3,
        Self::T5,
        Self::Sack,
        Self::Heartbeat,
        Self::Reconfig,
    ];
}

/// Deadlines by timer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timers([Option<Instant>; Timer::ALL.len()]);

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, now: Instant, after: Duration) {
        if let Some(deadline) = self.0.get_mut(timer as usize) {
            *deadline = now.checked_add(after);
        }
    }

    /// Sets the timer unless it runs.
    pub(super) fn start(&mut self, timer: Timer, now: Instant, after: Duration) {
        if !self.is_running(timer) {
            self.set(timer, now, after);
        }
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        if let Some(deadline) = self.0.get_mut(timer as usize) {
            *deadline = None;
        }
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_running(&self, timer: Timer) -> bool {
        self.0.get(timer as usize).is_some_and(Option::is_some)
    }

    /// Stops the timer and says so if it is due.
    pub(super) fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        match self.0.get_mut(timer as usize) {
            Some(deadline) if deadline.is_some_and(|deadline| deadline <= now) => {
                *deadline = None;
                true
            }
            _ => false,
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }
}
