//! RFC 8445 §5.1.1: host and server-reflexive candidates.

use std::net::SocketAddr;
use std::time::Instant;

use stun::{Class, MessageRef};

use super::agent::Agent;
use super::local::{LocalCandidate, Question};
use super::transaction::{Purpose, Schedule, Transaction};
use crate::candidate::CandidateKind;
use crate::event::{Event, GatheringError, GatheringState, PairError, Path};

impl Agent {
    /// Says that sockets will be added again, before a [`restart`](Self::restart) that gathers anew: gathering of the next
    /// generation completes behind [`end_local_addresses`](Self::end_local_addresses).
    pub const fn expect_local_addresses(&mut self) {
        self.local.ended = false;
    }

    /// Emits the host candidate of a base, pairs it, and has the servers asked.
    pub(super) fn gather_base(&mut self, index: u8) {
        let Some(base) = self.local.bases.get(usize::from(index)).copied() else {
            return;
        };
        if self.relay_only() {
            return;
        }
        let kind = CandidateKind::Host;
        let candidate = LocalCandidate {
            base: index,
            kind,
            address: base.advertised,
            priority: self.local.priority(index, kind),
            foundation: self.local.foundation(index, kind, None),
        };
        self.add_local_candidate(candidate);
        self.pair_base(index);
        // RFC 8445 §5.2: a lite agent has host candidates only.
        if !self.config.lite {
            self.local.ask_all(index);
        }
    }

    /// Adds and emits a candidate; false when it is redundant, or there is no room.
    fn add_local_candidate(&mut self, candidate: LocalCandidate) -> bool {
        let limit = self.config.limits.local_candidates;
        if self.local.add_candidate(candidate, limit).is_none() {
            let known = self.local.at_address(candidate.base, candidate.address);
            self.phase.stats.overflow += u64::from(known.is_none());
            return false;
        }
        // What comes behind the end begins gathering anew, so that it is followed by an end, too.
        if self.local.state == GatheringState::Complete {
            self.set_gathering_state(GatheringState::Gathering);
        }
        let shown = self.local.describe(&candidate, &self.session.local.ufrag);
        self.outbox.event(Event::LocalCandidate(shown));
        true
    }

    /// Sends the next question to a server.
    pub(super) fn send_question(&mut self, now: Instant, question: Question) {
        let bases = &self.local.bases;
        let socket = bases.get(usize::from(question.base)).map(|base| base.address);
        let servers = &self.local.servers;
        let target = servers.get(usize::from(question.server));
        let target = target.map(|server| server.address);
        let (Some(local), Some(remote)) = (socket, target) else {
            return;
        };
        let timers = self.config.timers;
        // RFC 8445 §14.3: RTO = MAX (500ms, Ta * (Num-Of-Cands)).
        let rto = timers.rto.max(
            self.checks
                .pacer
                .interval()
                .saturating_mul(self.local.questions.len().try_into().unwrap_or(100)),
        );
        let mut schedule = Schedule::repeated(now, rto, &timers);
        schedule.end_by(now + timers.gathering);
        let id = self.draw_id();
        self.checks.transactions.insert(Transaction {
            id,
            path: super::agent::canonical(Path { local, remote }),
            purpose: Purpose::Gather(question),
            priority: 0,
            nominate: None,
            role: self.roles.role,
            previous: false,
            schedule,
            queued: true,
        });
        self.outbox.request(id);
    }

    /// A server answered.
    pub(super) fn handle_gathered(
        &mut self,
        now: Instant,
        transaction: &Transaction,
        message: &MessageRef<'_>,
    ) {
        let Purpose::Gather(question) = transaction.purpose else {
            return;
        };
        let base = question.base;
        if message.class() == Class::ErrorResponse {
            let (code, reason) = message
                .error_code()
                .map_or((400, ""), |error| (error.code, error.reason));
            let reason = reason.chars().take(128).collect();
            return self.report_server(transaction, question, GatheringError::Refused { code, reason });
        }
        // RFC 8489 §6.3.3; old servers send MAPPED-ADDRESS only.
        let Some(mapped) = message.xor_mapped_address().or_else(|| message.mapped_address()) else {
            return self.report_server(transaction, question, GatheringError::NoAddress);
        };
        let kind = CandidateKind::ServerReflexive;
        let Some(priority) = self.local.reflexive_priority(base) else {
            let known = self.local.at_address(base, mapped);
            self.phase.stats.overflow += u64::from(known.is_none());
            return;
        };
        let candidate = LocalCandidate {
            base,
            kind,
            address: mapped,
            priority,
            foundation: self
                .local
                .foundation(base, kind, Some(transaction.path.remote.ip())),
        };
        let concluded = self.active.as_ref().is_some_and(|active| active.selected);
        if self.add_local_candidate(candidate) && !concluded {
            let next = now + self.config.timers.keepalive;
            self.local.keep_alive(question, next);
        }
    }

    /// A server did not answer.
    pub(super) fn gathering_timed_out(&mut self, transaction: &Transaction, question: Question) {
        self.report_server(
            transaction,
            question,
            GatheringError::Timeout(self.config.timers.gathering),
        );
    }

    /// The socket has no way to where a request was to go.
    pub(super) fn note_unreachable(&mut self, path: Path) {
        let asked = self
            .checks
            .transactions
            .iter()
            .find_map(|transaction| match transaction.purpose {
                Purpose::Gather(question) if transaction.path == path => Some((transaction.id, question)),
                Purpose::Gather(_) | Purpose::Check(_) | Purpose::Consent => None,
            });
        if let Some((id, question)) = asked {
            if let Some(transaction) = self.checks.transactions.remove(id) {
                self.report_server(&transaction, question, GatheringError::Unreachable);
            }
        } else if let Some(pair) = self
            .pairs
            .iter_mut()
            .find(|pair| pair.path == path && !pair.valid)
        {
            pair.last_error = Some(PairError::Unreachable);
        }
    }

    /// A server gave no candidate. Where it is only asked to keep a binding, the question did that on its way.
    fn report_server(&mut self, transaction: &Transaction, question: Question, reason: GatheringError) {
        if question.refresh {
            return;
        }
        let url = self
            .local
            .servers
            .get(usize::from(question.server))
            .map(|server| server.url.clone())
            .unwrap_or_default();
        let address: SocketAddr = transaction.path.local;
        self.outbox.event(Event::GatheringError {
            url,
            address,
            code: reason.code(),
            reason,
        });
    }

    /// There is no room for a server.
    pub(super) fn refuse_server(&mut self, url: String) {
        let reason = GatheringError::TooManyServers(self.config.limits.stun_servers);
        self.report_unasked(url, reason);
    }

    /// Servers that no base could ask: W3C webrtc-pc §4.8.2 wants that told, once for each URL.
    fn report_unasked_servers(&mut self) {
        if self.relay_only() || self.config.lite {
            return;
        }
        while let Some((url, address)) = self.local.take_unasked() {
            self.report_unasked(url, GatheringError::NoSocket(address));
        }
    }

    /// A server was not asked.
    fn report_unasked(&mut self, url: String, reason: GatheringError) {
        self.outbox.event(Event::GatheringError {
            url,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            code: reason.code(),
            reason,
        });
    }

    pub(super) fn set_gathering_state(&mut self, state: GatheringState) {
        if self.local.state != state {
            self.local.state = state;
            self.outbox.event(Event::GatheringStateChange(state));
        }
    }

    /// Whether a server still owes the answer that may be a candidate.
    pub(super) fn is_asking(&self) -> bool {
        let asks = |transaction: &Transaction| match transaction.purpose {
            Purpose::Gather(question) => !question.refresh,
            Purpose::Check(_) | Purpose::Consent => false,
        };
        let waits = self.local.questions.iter().any(|question| !question.refresh);
        waits || self.checks.transactions.iter().any(asks)
    }

    pub(super) fn update_gathering(&mut self) {
        let asking = self.is_asking();
        match self.local.state {
            GatheringState::New | GatheringState::Gathering if self.local.ended && !asking => {
                self.report_unasked_servers();
                self.set_gathering_state(GatheringState::Complete);
            }
            GatheringState::Complete if asking => self.set_gathering_state(GatheringState::Gathering),
            GatheringState::New | GatheringState::Gathering | GatheringState::Complete => {}
        }
    }
}
