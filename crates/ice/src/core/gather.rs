//! RFC 8445 §5.1.1: host and server-reflexive candidates.

use std::net::SocketAddr;
use std::time::Instant;

use stun::{Class, MessageRef};

use super::agent::Agent;
use super::local::LocalCandidate;
use super::transaction::{Purpose, Transaction};
use crate::candidate::CandidateKind;
use crate::event::{Event, GatheringError, GatheringState, PairError, Path};

impl Agent {
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

    /// Adds and emits a candidate.
    fn add_local_candidate(&mut self, candidate: LocalCandidate) {
        if self
            .local
            .add_candidate(candidate, self.config.limits.local_candidates)
            .is_some()
        {
            let shown = self.local.describe(&candidate, &self.session.local.ufrag);
            self.outbox.event(Event::LocalCandidate(shown));
        }
    }

    /// Sends the next question to a server.
    pub(super) fn send_question(&mut self, now: Instant, base: u8, server: u8) {
        let socket = self.local.bases.get(usize::from(base)).map(|base| base.address);
        let target = self
            .local
            .servers
            .get(usize::from(server))
            .map(|server| server.address);
        let (Some(local), Some(remote)) = (socket, target) else {
            return;
        };
        let timers = self.config.timers;
        // RFC 8445 §14.3: RTO = MAX (500ms, Ta * (Num-Of-Cands)).
        let rto = timers.rto.max(
            timers
                .pacing
                .saturating_mul(self.local.questions.len().try_into().unwrap_or(100)),
        );
        let deadline = now + Transaction::first_wait(rto, &timers);
        let id = self.draw_id();
        self.checks.transactions.insert(Transaction {
            id,
            path: super::agent::canonical(Path { local, remote }),
            purpose: Purpose::Gather { base, server },
            priority: 0,
            nominate: None,
            role: self.roles.role,
            previous: false,
            sent: now,
            deadline: deadline.min(now + timers.gathering),
            rto,
            attempts: 1,
            queued: true,
            cancelled: false,
        });
        self.outbox.request(id);
    }

    /// A server answered.
    pub(super) fn handle_gathered(&mut self, transaction: &Transaction, message: &MessageRef<'_>) {
        let Purpose::Gather { base, server } = transaction.purpose else {
            return;
        };
        if message.class() == Class::ErrorResponse {
            let (code, reason) = message
                .error_code()
                .map_or((400, ""), |error| (error.code, error.reason));
            let reason = reason.chars().take(128).collect();
            return self.report_server(transaction, server, GatheringError::Refused { code, reason });
        }
        // RFC 8489 §6.3.3; old servers send MAPPED-ADDRESS only.
        let Some(mapped) = message.xor_mapped_address().or_else(|| message.mapped_address()) else {
            return self.report_server(transaction, server, GatheringError::NoAddress);
        };
        let kind = CandidateKind::ServerReflexive;
        let candidate = LocalCandidate {
            base,
            kind,
            address: mapped,
            priority: self.local.priority(base, kind),
            foundation: self
                .local
                .foundation(base, kind, Some(transaction.path.remote.ip())),
        };
        self.add_local_candidate(candidate);
    }

    /// A server did not answer.
    pub(super) fn gathering_timed_out(&mut self, transaction: &Transaction, server: u8) {
        self.report_server(
            transaction,
            server,
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
                Purpose::Gather { server, .. } if transaction.path == path => Some((transaction.id, server)),
                Purpose::Gather { .. } | Purpose::Check(_) | Purpose::Consent => None,
            });
        if let Some((id, server)) = asked {
            if let Some(transaction) = self.checks.transactions.remove(id) {
                self.report_server(&transaction, server, GatheringError::Unreachable);
            }
        } else if let Some(pair) = self
            .pairs
            .iter_mut()
            .find(|pair| pair.path == path && !pair.valid)
        {
            pair.last_error = Some(PairError::Unreachable);
        }
    }

    fn report_server(&mut self, transaction: &Transaction, server: u8, reason: GatheringError) {
        let url = self
            .local
            .servers
            .get(usize::from(server))
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

    pub(super) fn set_gathering_state(&mut self, state: GatheringState) {
        if self.local.state != state {
            self.local.state = state;
            self.outbox.event(Event::GatheringStateChange(state));
        }
    }

    /// Whether a server still owes an answer.
    pub(super) fn is_asking(&self) -> bool {
        let asks = |transaction: &Transaction| match transaction.purpose {
            Purpose::Gather { .. } => true,
            Purpose::Check(_) | Purpose::Consent => false,
        };
        !self.local.questions.is_empty() || self.checks.transactions.iter().any(asks)
    }

    pub(super) fn update_gathering(&mut self) {
        let asking = self.is_asking();
        match self.local.state {
            GatheringState::New | GatheringState::Gathering if self.local.ended && !asking => {
                self.set_gathering_state(GatheringState::Complete);
            }
            GatheringState::Complete if asking => self.set_gathering_state(GatheringState::Gathering),
            GatheringState::New | GatheringState::Gathering | GatheringState::Complete => {}
        }
    }
}
