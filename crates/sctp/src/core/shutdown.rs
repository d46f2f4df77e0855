//! The graceful end, RFC 9260 §9.2.

use super::association::Association;
use super::phase::Phase;
use super::timer::Timer;
use crate::codec::{Cause, ChunkKind};
use crate::error::CloseReason;
use crate::tsn::Tsn;
use std::time::Instant;

impl Association {
    /// Sends SHUTDOWN or SHUTDOWN ACK as soon as nothing is outstanding.
    pub(super) fn advance_shutdown(&mut self, now: Instant) {
        if !self.sender.is_drained() {
            return;
        }
        match self.phase {
            Phase::ShutdownPending => {
                self.phase = Phase::ShutdownSent;
                self.outbox.shutdown = true;
                self.timers.set(Timer::T2, now, self.sender.rto());
            }
            Phase::ShutdownReceived => self.send_shutdown_ack(now),
            Phase::Closed
            | Phase::CookieWait { .. }
            | Phase::CookieEchoed { .. }
            | Phase::Established
            | Phase::ShutdownSent
            | Phase::ShutdownAckSent
            | Phase::Ended { .. } => {}
        }
    }

    fn send_shutdown_ack(&mut self, now: Instant) {
        self.phase = Phase::ShutdownAckSent;
        self.outbox.shutdown = false;
        self.outbox.shutdown_ack = true;
        self.timers.set(Timer::T2, now, self.sender.rto());
        self.timers
            .start(Timer::T5, now, self.config.rto_max.saturating_mul(5));
    }

    /// SHUTDOWN.
    pub(super) fn handle_shutdown(&mut self, now: Instant, value: &[u8]) {
        let Some(cumulative) = value.first_chunk().map(|bytes| Tsn(u32::from_be_bytes(*bytes))) else {
            self.stats.malformed += 1;
            return;
        };
        match self.phase {
            Phase::Established | Phase::ShutdownPending => {
                self.phase = Phase::ShutdownReceived;
                self.take_cumulative(now, cumulative);
            }
            Phase::ShutdownReceived => self.take_cumulative(now, cumulative),
            // Both sides shut down at once.
            Phase::ShutdownSent => self.send_shutdown_ack(now),
            // Ours was lost.
            Phase::ShutdownAckSent => self.outbox.shutdown_ack = true,
            Phase::Closed | Phase::CookieWait { .. } | Phase::CookieEchoed { .. } | Phase::Ended { .. } => {
                self.stats.unexpected_chunks += 1;
            }
        }
    }

    fn take_cumulative(&mut self, now: Instant, cumulative: Tsn) {
        if self.sender.handle_cumulative(cumulative) {
            self.health.clear();
            self.timers.set(Timer::T3, now, self.sender.rto());
        }
    }

    /// SHUTDOWN ACK.
    pub(super) fn handle_shutdown_ack(&mut self, tag: u32) {
        match self.phase {
            Phase::ShutdownSent | Phase::ShutdownAckSent => {
                self.end(CloseReason::Shutdown);
                self.outbox.clear();
                let tag = self.peer.tag;
                self.outbox
                    .push_alone(tag, ChunkKind::SHUTDOWN_COMPLETE, 0, |_| {});
            }
            // §8.5.1 E and §8.4 rule 5: answered as if there were no association, so that the peer can end.
            Phase::CookieWait { .. } | Phase::CookieEchoed { .. } | Phase::Ended { .. } => {
                self.outbox
                    .push_alone(tag, ChunkKind::SHUTDOWN_COMPLETE, 1, |_| {});
            }
            Phase::Closed | Phase::Established | Phase::ShutdownPending | Phase::ShutdownReceived => {
                self.stats.unexpected_chunks += 1;
            }
        }
    }

    /// SHUTDOWN COMPLETE.
    pub(super) fn handle_shutdown_complete(&mut self) {
        if matches!(self.phase, Phase::ShutdownAckSent) {
            self.end(CloseReason::Shutdown);
        } else {
            self.stats.unexpected_chunks += 1;
        }
    }

    /// T2-shutdown: again, with the newest cumulative ack.
    pub(super) fn handle_t2(&mut self, now: Instant) {
        self.sender.back_off();
        if !self.count_error() {
            return;
        }
        match self.phase {
            Phase::ShutdownSent => self.outbox.shutdown = true,
            Phase::ShutdownAckSent => self.outbox.shutdown_ack = true,
            Phase::Closed
            | Phase::CookieWait { .. }
            | Phase::CookieEchoed { .. }
            | Phase::Established
            | Phase::ShutdownPending
            | Phase::ShutdownReceived
            | Phase::Ended { .. } => return,
        }
        self.timers.set(Timer::T2, now, self.sender.rto());
    }

    /// T5-shutdown-guard.
    pub(super) fn handle_t5(&mut self) {
        self.queue_abort(Cause::USER_INITIATED_ABORT, b"shutdown timed out");
        self.end(CloseReason::ShutdownTimeout);
    }
}
