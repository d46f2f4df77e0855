//! Is the peer still there: HEARTBEAT and the error counter, RFC 9260 §8.1 to §8.3. With one path the association's and
//! the path's counter are the same.

use super::association::Association;
use super::phase::Phase;
use super::timer::Timer;
use crate::codec::{ChunkKind, ParamKind, Params, write_param};
use crate::error::CloseReason;
use bytes::BufMut;
use std::time::Instant;

/// The counter and the HEARTBEAT under way.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Consecutive timeouts.
    errors: u32,
    /// What the HEARTBEAT ACK must bring back, and when it was sent.
    probe: Option<(u64, Instant)>,
    /// When the peer was heard last.
    pub(super) heard: Option<Instant>,
}

impl Health {
    /// The peer has shown that packets reach it.
    pub(super) const fn clear(&mut self) {
        self.errors = 0;
    }
}

impl Association {
    /// Counts a timeout. False when it was one too many and the association has ended.
    pub(super) fn count_error(&mut self) -> bool {
        self.health.errors = self.health.errors.saturating_add(1);
        let alive = self
            .config
            .max_retransmissions
            .is_none_or(|most| self.health.errors <= most);
        if !alive {
            self.end(CloseReason::Unreachable);
        }
        alive
    }

    /// Arms the idle timer.
    pub(super) fn start_heartbeat(&mut self, now: Instant) {
        if let Some(interval) = self.config.heartbeat_interval {
            self.timers
                .set(Timer::Heartbeat, now, interval + self.sender.rto());
        }
    }

    /// The path was idle for an interval, or the HEARTBEAT was not answered within an RTO.
    pub(super) fn handle_heartbeat_timer(&mut self, now: Instant) {
        let Some(interval) = self.config.heartbeat_interval else {
            return;
        };
        if self.sender.needs_t3() {
            // The path is not idle: data is under way, and T3-rtx watches over it.
            self.health.probe = None;
            self.start_heartbeat(now);
            return;
        }
        if !matches!(
            self.phase,
            Phase::Established | Phase::ShutdownPending | Phase::ShutdownReceived
        ) {
            return;
        }
        if self.health.probe.take().is_some() {
            self.sender.back_off();
            if self.count_error() {
                self.start_heartbeat(now);
            }
            return;
        }
        let quiet = self
            .health
            .heard
            .map_or(interval, |heard| now.saturating_duration_since(heard));
        if quiet < interval {
            self.timers.set(Timer::Heartbeat, now, interval - quiet);
            return;
        }
        self.send_heartbeat(now);
        self.timers.set(Timer::Heartbeat, now, self.sender.rto());
    }

    fn send_heartbeat(&mut self, now: Instant) {
        let nonce = u64::from(self.local.next_u32()) << 32 | u64::from(self.local.next_u32());
        self.health.probe = Some((nonce, now));
        self.outbox.bundle(ChunkKind::HEARTBEAT, |out| {
            write_param(out, ParamKind::HEARTBEAT_INFO, |out| out.put_u64(nonce));
        });
    }

    /// HEARTBEAT: the same comes back (§8.3).
    pub(super) fn handle_heartbeat(&mut self, value: &[u8]) {
        let most = self.config.packet_limit() - 16;
        if !self.phase.is_synchronized() || value.len() > most {
            self.stats.unexpected_chunks += 1;
            return;
        }
        self.outbox
            .bundle(ChunkKind::HEARTBEAT_ACK, |out| out.extend_from_slice(value));
    }

    /// HEARTBEAT ACK: counts only when it brings back what was sent.
    pub(super) fn handle_heartbeat_ack(&mut self, now: Instant, value: &[u8]) {
        let info = Params::new(value).next().and_then(Result::ok);
        let echoed = info.and_then(|info| Some(u64::from_be_bytes(info.value.try_into().ok()?)));
        match self.health.probe {
            Some((nonce, sent)) if echoed == Some(nonce) => {
                self.health.probe = None;
                self.health.clear();
                self.sender.measure(now.saturating_duration_since(sent));
                self.start_heartbeat(now);
            }
            _ => self.stats.unexpected_chunks += 1,
        }
    }
}
