//! RFC 8445 §7.2.5: what the answer to a check means.

use std::net::SocketAddr;
use std::time::Instant;

use stun::{Class, MessageRef};

use super::agent::Agent;
use super::local::LocalCandidate;
use super::pair::PairId;
use super::transaction::{Purpose, Transaction};
use crate::candidate::CandidateKind;
use crate::event::{Event, FailReason, PairError, PairState, Path, Role};

impl Agent {
    pub(super) fn handle_response(&mut self, now: Instant, path: Path, message: &MessageRef<'_>) {
        let id = message.transaction_id();
        let Some(transaction) = self.checks.transactions.get(id) else {
            self.phase.stats.unexpected += 1;
            return;
        };
        match transaction.purpose {
            Purpose::Gather(_) => {
                // Nothing but the identifier proves the server; it has at least to be asked and to answer.
                if transaction.path != path {
                    self.phase.stats.unexpected += 1;
                } else if let Some(transaction) = self.checks.transactions.remove(id) {
                    self.handle_gathered(now, &transaction, message);
                    self.advance(now);
                }
            }
            Purpose::Check(_) | Purpose::Consent => self.handle_check_response(now, path, message),
        }
    }

    fn handle_check_response(&mut self, now: Instant, path: Path, message: &MessageRef<'_>) {
        let id = message.transaction_id();
        let Some(transaction) = self.checks.transactions.get(id) else {
            return;
        };
        let previous = self.previous.as_ref().map(|previous| &previous.session);
        let session = if transaction.previous {
            previous
        } else {
            Some(&self.session)
        };
        let key = session
            .and_then(|session| session.remote.as_ref())
            .map(|remote| &remote.key);
        if key.is_none_or(|key| message.check_integrity(key).is_err()) {
            // RFC 8489 §9.1.4: as if it had never come. What it says is kept for the diagnosis.
            if let Some(error) = message.error_code() {
                self.diagnose(id, PairError::Refused(error.code));
            }
            self.phase.stats.unexpected += 1;
            return;
        }
        if transaction.path != path {
            // §7.2.5.2.1: the answer has to take the way back that the request took. It is not taken for the end of
            // the check, so that who sees an answer cannot replay it from elsewhere to fail the pair: the check ends
            // with the right answer, or with none, and then the pair has failed.
            return self.diagnose(id, PairError::AddressMismatch);
        }
        let Some(transaction) = self.checks.transactions.remove(id) else {
            return;
        };
        self.phase.stats.responses_received += 1;
        if transaction.previous {
            self.refresh_previous(now, path, message);
        } else {
            self.handle_authentic(now, &transaction, message);
        }
        self.advance(now);
    }

    /// Notes what is told when nothing works; nothing else changes.
    fn diagnose(&mut self, id: stun::TransactionId, error: PairError) {
        let Some(transaction) = self.checks.transactions.get(id) else {
            return;
        };
        if let Purpose::Check(pair) = transaction.purpose
            && let Some(pair) = self.pairs.get_mut(pair)
        {
            pair.last_error = Some(error);
        }
    }

    fn refresh_previous(&mut self, now: Instant, path: Path, message: &MessageRef<'_>) {
        if message.class() == Class::SuccessResponse
            && let Some(previous) = self
                .previous
                .as_mut()
                .filter(|previous| previous.active.path == path)
        {
            previous.active.consent.refresh(now);
        }
    }

    fn handle_authentic(&mut self, now: Instant, transaction: &Transaction, message: &MessageRef<'_>) {
        let pair = match transaction.purpose {
            Purpose::Check(pair) => Some(pair),
            Purpose::Consent => self.active.as_ref().map(|active| active.pair),
            Purpose::Gather(_) => None,
        };
        let Some(pair) = pair.filter(|pair| {
            self.pairs
                .get(*pair)
                .is_some_and(|pair| pair.path == transaction.path)
        }) else {
            return;
        };
        if let Some(known) = self.pairs.get_mut(pair) {
            known.counters.responses_received = known.counters.responses_received.saturating_add(1);
        }
        if message.class() == Class::ErrorResponse {
            return self.handle_refusal(
                pair,
                transaction,
                message.error_code().map_or(400, |error| error.code),
            );
        }
        self.handle_success(now, pair, transaction, message.xor_mapped_address());
    }

    fn handle_refusal(&mut self, pair: PairId, transaction: &Transaction, code: u16) {
        match code {
            // §7.2.5.1: take the other role, unless that was done since, and check again.
            487 => {
                if transaction.role == self.roles.role {
                    self.take_role(transaction.role.opposite());
                    self.roles.tie_breaker = rand::Rng::next_u64(&mut self.rng);
                }
                self.recheck(pair);
            }
            403 if self.active.as_ref().is_some_and(|active| active.pair == pair) => {
                self.lose_active(FailReason::ConsentRevoked(transaction.path));
            }
            _ => self.fail_pair(pair, PairError::Refused(code)),
        }
    }

    /// §7.2.5.3: the pair works.
    fn handle_success(
        &mut self,
        now: Instant,
        id: PairId,
        transaction: &Transaction,
        mapped: Option<SocketAddr>,
    ) {
        let local = mapped.and_then(|mapped| self.local_candidate_at(transaction, mapped));
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        if let Some(rtt) = transaction.schedule.round_trip(now) {
            pair.rtt = Some(rtt);
            let micros = u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX);
            pair.counters.total_rtt_us = pair.counters.total_rtt_us.saturating_add(micros);
        }
        let first = !pair.heard && !pair.valid;
        pair.local = local.unwrap_or(pair.local);
        (pair.state, pair.valid, pair.last_error) = (PairState::Succeeded, true, None);
        pair.last_response = Some(now);
        pair.last_heard = Some(now);
        let follows = std::mem::take(&mut pair.nominate_on_success) && self.roles.role == Role::Controlled;
        // The other checks of the pair have nothing more to find out.
        let nominating = self.roles.nominating == Some(id) && transaction.nominate.is_none();
        self.checks
            .transactions
            .retain(|other| other.purpose != Purpose::Check(id) || nominating && other.nominate.is_some());
        self.checks
            .triggered
            .retain(|queued| queued.pair != id || queued.nominate);
        if first {
            self.outbox.noise(Event::PathValidated(transaction.path));
        }
        self.pairs.unfreeze();
        if let Some(active) = self.active.as_mut().filter(|active| active.pair == id) {
            active.consent.refresh(now);
        }
        if transaction.nominate.is_some() && self.roles.role == Role::Controlling {
            self.nomination_succeeded(now, id);
        } else if follows {
            self.follow_nomination(now, id);
        }
        self.update_active(now);
    }

    /// §7.2.5.3.1: the candidate at the mapped address, peer-reflexive when it was not known.
    fn local_candidate_at(&mut self, transaction: &Transaction, mapped: SocketAddr) -> Option<u8> {
        let base = self.local.base(transaction.path.local)?;
        if let Some(known) = self.local.at_address(base, mapped) {
            return Some(known);
        }
        let candidate = LocalCandidate {
            base,
            kind: CandidateKind::PeerReflexive,
            address: mapped,
            priority: transaction.priority,
            foundation: self.local.foundation(base, CandidateKind::PeerReflexive, None),
        };
        self.local
            .add_candidate(candidate, self.config.limits.local_candidates)
    }
}
