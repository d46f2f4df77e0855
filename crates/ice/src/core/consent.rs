//! RFC 7675: the peer's consent is asked for, and kept also on the path before a restart.

use std::time::{Duration, Instant};

use rand::RngExt;

use super::active::{Due, Keeping};
use super::agent::Agent;
use super::transaction::{Purpose, Schedule, Transaction};
use crate::event::{FailReason, Role};

impl Agent {
    pub(super) fn draw_consent_interval(&mut self) -> Duration {
        self.config
            .timers
            .consent_interval
            .mul_f64(self.rng.random_range(0.8..=1.2))
    }

    /// RFC 7675: does what is due on the paths that carry data.
    pub(super) fn keep_consent(&mut self, now: Instant) {
        self.keep_previous_consent(now);
        while let Some(active) = &mut self.active {
            let consent = &mut active.consent;
            if consent.failing_over.is_some_and(|since| consent.heard > since) {
                consent.hear(consent.heard);
            }
            let rtt = self.pairs.get(active.pair).and_then(|pair| pair.rtt);
            match active.consent.due(now, &self.config.timers, rtt) {
                Some(Due::Expired) => {
                    let silence = now.saturating_duration_since(active.consent.refreshed);
                    let reason = FailReason::ConsentExpired {
                        path: active.path,
                        silence,
                    };
                    self.lose_active(reason);
                    self.update_active(now);
                }
                Some(Due::Disconnected) => active.consent.disconnected = true,
                Some(Due::FailOver) => {
                    active.consent.failing_over = Some(now);
                    self.pair_all();
                    self.reopen_pairs();
                }
                Some(Due::Probe) => {
                    active.consent.probed = true;
                    let pair = active.pair;
                    self.trigger(pair, false);
                }
                Some(Due::Request) => self.ask_active(now),
                None => return,
            }
            if self.is_over() {
                return;
            }
        }
    }

    /// Sends a consent request, or the keepalive of a lite agent.
    fn ask_active(&mut self, now: Instant) {
        let interval = self.draw_consent_interval();
        let id = self.draw_id();
        let Some(active) = &mut self.active else { return };
        active.consent.sent = now;
        let path = active.path;
        if active.consent.keeping != Keeping::Asking {
            return self.outbox.keepalive(id, path);
        }
        active.consent.next = now + interval;
        let unanswered = active.consent.asked.is_some();
        active.consent.asked = active.consent.asked.or(Some(now));
        active.consent.probed = false;
        let (selected, failing_over) = (active.selected, active.consent.failing_over.is_some());
        if unanswered && failing_over {
            self.reopen_pairs();
        }
        // The nomination is repeated, so that it is not lost on a path whose NAT has bound it anew.
        let nominates = selected && self.roles.role == Role::Controlling;
        let nominate = nominates.then(|| self.last_nomination());
        let pair = self
            .active
            .as_ref()
            .and_then(|active| self.pairs.get_mut(active.pair));
        if let Some(pair) = pair {
            pair.counters.consent_requests_sent = pair.counters.consent_requests_sent.saturating_add(1);
        }
        let transaction = self.consent_transaction(now, id, path, false);
        self.checks.transactions.insert(Transaction {
            nominate,
            ..transaction
        });
        self.outbox.request(id);
    }

    /// A request that is sent once, and whose answer counts until consent would have expired.
    fn consent_transaction(
        &self,
        now: Instant,
        id: stun::TransactionId,
        path: crate::Path,
        previous: bool,
    ) -> Transaction {
        let base = self.local.base(path.local).unwrap_or_default();
        Transaction {
            id,
            path,
            purpose: Purpose::Consent,
            priority: self.local.priority(base, crate::CandidateKind::PeerReflexive),
            nominate: None,
            role: self.roles.role,
            previous,
            schedule: Schedule::once(now, self.config.timers.consent_expiry, &self.config.timers),
            queued: true,
        }
    }

    /// RFC 7675 §5.1: consent is kept on the old path during a restart.
    fn keep_previous_consent(&mut self, now: Instant) {
        while let Some(previous) = &mut self.previous {
            match previous.active.consent.due(now, &self.config.timers, None) {
                Some(Due::Expired) => self.previous = None,
                Some(Due::Disconnected) => previous.active.consent.disconnected = true,
                Some(Due::FailOver) => previous.active.consent.failing_over = Some(now),
                Some(Due::Probe) => previous.active.consent.probed = true,
                Some(Due::Request) => self.ask_previous(now),
                None => return,
            }
        }
    }

    fn ask_previous(&mut self, now: Instant) {
        let interval = self.draw_consent_interval();
        let id = self.draw_id();
        let Some(previous) = &mut self.previous else {
            return;
        };
        let consent = &mut previous.active.consent;
        (consent.sent, consent.next) = (now, now + interval);
        let path = previous.active.path;
        if consent.keeping != Keeping::Asking {
            return self.outbox.keepalive(id, path);
        }
        consent.asked = consent.asked.or(Some(now));
        let transaction = self.consent_transaction(now, id, path, true);
        self.checks.transactions.insert(transaction);
        self.outbox.request(id);
    }

    pub(super) fn consent_deadline(&self) -> Option<Instant> {
        let timers = &self.config.timers;
        let active = self.active.as_ref().and_then(|active| {
            let rtt = self.pairs.get(active.pair).and_then(|pair| pair.rtt);
            active.consent.deadline(timers, rtt)
        });
        let previous = self
            .previous
            .as_ref()
            .and_then(|previous| previous.active.consent.deadline(timers, None));
        [active, previous].into_iter().flatten().min()
    }
}
