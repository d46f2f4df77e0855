//! States, restart and failure (RFC 8445 §9, RFC 8863).

use std::net::SocketAddr;
use std::time::Instant;

use super::agent::{Agent, Previous};
use super::remote::{self, Remote, RemoteCandidate};
use super::session::{RemoteSession, Session};
use super::transaction::Purpose;
use crate::candidate::Candidate;
use crate::credentials::{Credentials, RemoteParameters};
use crate::event::{ConnectionState, Event, FailReason, FailedPair, GatheringState, PairState, Role};

/// A generation as it was before a restart.
#[derive(Debug)]
pub(super) struct Undo {
    pub(super) local: Credentials,
    pub(super) remote: RemoteParameters,
    pub(super) candidates: Vec<RemoteCandidate>,
    pub(super) ended: bool,
}

impl Agent {
    /// Begins to check towards a peer, or towards what the peer has become by a restart.
    pub(super) fn start_remote(&mut self, now: Instant, parameters: RemoteParameters) {
        self.checks.pacer.agree(parameters.pacing);
        if let Some(RemoteSession {
            parameters: known, ..
        }) = &mut self.session.remote
        {
            known.pacing = parameters.pacing;
            if *known == parameters {
                return;
            }
            let session = Session::new(self.session.local.clone(), &self.config.provider);
            self.leave_generation(session);
        }
        self.phase.undo = None;
        if self.phase.state == ConnectionState::Failed {
            self.phase.state = ConnectionState::New;
        }
        // §6.1.1: a full agent controls a lite one; of two lite ones the offerer does.
        let role = match (self.config.lite, parameters.lite) {
            (false, true) => Role::Controlling,
            (true, true) => self.config.role,
            (false, false) | (true, false) => self.roles.role,
        };
        if role != self.roles.role {
            self.take_role(role);
        }
        let ufrag = parameters.credentials.ufrag.clone();
        self.session.set_remote(parameters, &self.config.provider);
        self.phase.started = Some(now);
        for index in 0..self.remote.candidates.len() {
            let Ok(index) = u8::try_from(index) else { break };
            self.pair_remote(index);
        }
        for candidate in std::mem::take(&mut self.remote.waiting) {
            let ours = candidate.ufrag().is_none_or(|named| named == ufrag);
            if let Some(address) = remote::plain(&candidate.address).filter(|_| ours) {
                self.take_candidate(address, candidate);
            } else {
                self.phase.stats.ignored_candidates += 1;
            }
        }
        self.replay_early_checks(now);
    }

    /// Takes a [`restart`](Self::restart) back whose answer has not come, that is before [`set_remote`](Self::set_remote):
    /// the credentials and the peer's candidates of before are in force again, and are checked again while the path in use
    /// carries data. False when there is no such restart.
    pub fn take_back_restart(&mut self, now: Instant) -> bool {
        let Some(undo) = self.phase.undo.take() else {
            return false;
        };
        self.resume_generation(now, *undo);
        true
    }

    /// A generation comes into force that was before.
    pub(super) fn resume_generation(&mut self, now: Instant, undo: Undo) {
        self.leave_generation(Session::new(undo.local, &self.config.provider));
        (self.remote.candidates, self.remote.ended) = (undo.candidates, undo.ended);
        self.start_remote(now, undo.remote);
        self.advance(now);
    }

    /// Keeps a candidate whose credentials are not known yet; false when there is no room.
    pub(super) fn hold_candidate(&mut self, candidate: Candidate) -> bool {
        let previous = self
            .previous
            .as_ref()
            .and_then(|previous| previous.session.remote.as_ref());
        let old = previous.map(|remote| remote.parameters.credentials.ufrag.as_str());
        let may_return = self.phase.undo.is_some();
        if old.is_some() && candidate.ufrag() == old && !may_return {
            self.phase.stats.ignored_candidates += 1;
            return true;
        }
        if self.remote.waiting.len() >= self.config.limits.remote_candidates {
            self.phase.stats.overflow += 1;
            return false;
        }
        self.remote.waiting.push(candidate);
        true
    }

    /// §9: a restart of this end.
    pub(super) fn begin_generation(&mut self) {
        if let Some(remote) = &self.session.remote {
            self.phase.undo = Some(Box::new(Undo {
                local: self.session.local.clone(),
                remote: remote.parameters.clone(),
                candidates: self.remote.candidates.clone(),
                ended: self.remote.ended,
            }));
        }
        let credentials = self
            .phase
            .next
            .take()
            .unwrap_or_else(|| Credentials::random(&mut self.rng));
        self.leave_generation(Session::new(credentials, &self.config.provider));
        self.remote.early = Vec::new();
        if self.phase.state == ConnectionState::Failed {
            self.phase.state = ConnectionState::New;
        }
        self.local.candidates.clear();
        self.local.questions.clear();
        self.local.forget_answers();
        self.local.free_bindings();
        self.checks
            .transactions
            .retain(|transaction| transaction.previous);
        self.local.forget_gone();
        let expects_more = !self.local.ended && self.local.state != GatheringState::New;
        if expects_more || self.local.bases.iter().any(|base| !base.gone) {
            self.set_gathering_state(GatheringState::Gathering);
        }
        for index in 0..self.local.bases.len() {
            let Ok(index) = u8::try_from(index) else { break };
            if self
                .local
                .bases
                .get(usize::from(index))
                .is_some_and(|base| !base.gone)
            {
                self.gather_base(index);
            }
        }
    }

    /// Puts the present generation aside; its path carries data until another one is selected.
    fn leave_generation(&mut self, next: Session) {
        self.flush_traffic();
        let session = std::mem::replace(&mut self.session, next);
        let active = self.active.take();
        let keeps = active.as_ref().is_some_and(|active| active.selected) || self.previous.is_none();
        let mut moved = false;
        if let Some(active) = active.filter(|_| keeps) {
            self.previous = Some(Box::new(Previous { session, active }));
            moved = true;
        }
        self.checks.clear(|transaction| match transaction.purpose {
            Purpose::Gather(_) => true,
            Purpose::Consent => moved != transaction.previous,
            Purpose::Check(_) => false,
        });
        for transaction in self.checks.transactions.iter_mut() {
            transaction.previous = transaction.purpose == Purpose::Consent;
        }
        self.pairs.clear();
        self.roles.reset();
        self.phase.started = None;
        let Remote { waiting, early, .. } = std::mem::take(&mut self.remote);
        (self.remote.waiting, self.remote.early) = (waiting, early);
    }

    /// A socket is gone.
    pub(super) fn drop_base(&mut self, now: Instant, index: u8, address: SocketAddr) {
        self.local.drop_questions(index);
        self.checks
            .transactions
            .retain(|transaction| transaction.path.local != address);
        if self
            .previous
            .as_ref()
            .is_some_and(|previous| previous.active.path.local == address)
        {
            self.previous = None;
        }
        self.pairs.retain(|pair| pair.path.local != address);
        if self
            .active
            .as_ref()
            .is_some_and(|active| active.path.local == address)
        {
            self.active = None;
            // The search begins again, and has the time of a new one.
            self.phase.started = self.phase.started.map(|_| now);
            self.pair_all();
            self.reopen_pairs();
        }
        let pairs = &self.pairs;
        self.checks
            .triggered
            .retain(|queued| pairs.get(queued.pair).is_some());
        if self
            .roles
            .nominating
            .is_some_and(|id| self.pairs.get(id).is_none())
        {
            self.roles.nominating = None;
        }
        self.update_active(now);
    }

    /// Has all pairs but the active one checked again.
    pub(super) fn reopen_pairs(&mut self) {
        let active = self.active.as_ref().map(|active| active.pair);
        for pair in self
            .pairs
            .iter_mut()
            .filter(|pair| Some(pair.id) != active && pair.state != PairState::InProgress)
        {
            pair.state = PairState::Waiting;
        }
    }

    /// Nothing more may be sent on the active path. Another valid pair takes over, or the agent fails.
    pub(super) fn lose_active(&mut self, reason: FailReason) {
        self.flush_traffic();
        let Some(active) = self.active.take() else { return };
        self.checks.transactions.retain(|other| {
            other.purpose != Purpose::Check(active.pair)
                && (other.purpose != Purpose::Consent || other.previous)
        });
        self.checks.triggered.retain(|queued| queued.pair != active.pair);
        if self.roles.nominating == Some(active.pair) {
            self.roles.nominating = None;
        }
        if let Some(pair) = self.pairs.get_mut(active.pair) {
            (pair.valid, pair.nominated, pair.state) = (false, false, PairState::Failed);
        }
        let since = active.consent.refreshed;
        let takes_over = self
            .pairs
            .iter()
            .any(|pair| pair.valid && pair.last_response.is_some_and(|at| at > since));
        if !takes_over && self.previous.is_none() {
            self.fail(reason);
        }
    }

    /// RFC 8863: when the agent may give up, if nothing is left to be tried.
    pub(super) fn failure_deadline(&self) -> Option<Instant> {
        let tries = self.pairs.iter().any(|pair| pair.is_open());
        if self.active.is_some() || self.previous.is_some() || tries || self.is_asking() {
            return None;
        }
        Some(self.phase.started? + self.config.timers.patience)
    }

    /// Brings the state up to date.
    pub(super) fn update_state(&mut self, now: Instant) {
        if self.is_over() {
            return;
        }
        if self.failure_deadline().is_some_and(|at| at <= now) {
            let reason = self.diagnosis();
            return self.fail(reason);
        }
        let state = self.state();
        self.set_state(state);
    }

    fn state(&self) -> ConnectionState {
        let previous = self.previous.as_ref().map(|previous| &previous.active);
        let active = match &self.active {
            Some(active) if active.selected || previous.is_none() => Some(active),
            Some(_) | None => previous,
        };
        if let Some(active) = active {
            let complete = self.local.state == GatheringState::Complete && self.remote.ended;
            return match (
                active.consent.disconnected,
                active.selected && complete && previous.is_none(),
            ) {
                (true, _) => ConnectionState::Disconnected,
                (false, true) => ConnectionState::Completed,
                (false, false) => ConnectionState::Connected,
            };
        }
        match self.phase.state {
            ConnectionState::Connected | ConnectionState::Completed | ConnectionState::Disconnected => {
                ConnectionState::Disconnected
            }
            ConnectionState::New
            | ConnectionState::Checking
            | ConnectionState::Failed
            | ConnectionState::Closed => {
                let has_remote = self.session.remote.is_some() && !self.remote.candidates.is_empty();
                if has_remote {
                    ConnectionState::Checking
                } else {
                    ConnectionState::New
                }
            }
        }
    }

    pub(super) fn set_state(&mut self, state: ConnectionState) {
        if self.phase.state != state {
            self.phase.state = state;
            self.outbox.event(Event::ConnectionStateChange(state));
        }
    }

    /// Why no pair works so far: what [`Event::Failed`] would say if the agent gave up at this moment.
    pub fn diagnosis(&self) -> FailReason {
        let refused = self.phase.stats.unauthenticated;
        if self.pairs.len() == 0 {
            return FailReason::NoPairs {
                local: self.local.candidates.len(),
                remote: self.remote.candidates.len(),
                unresolved: self.remote.unresolved,
                refused,
            };
        }
        let pairs = self.pairs.iter().filter_map(|pair| {
            Some(FailedPair {
                path: pair.path,
                local: self.local.candidates.get(usize::from(pair.local))?.kind,
                remote: self.remote.get(pair.remote)?.kind(),
                requests: pair.counters.requests_sent,
                heard: pair.counters.requests_received,
                error: pair.last_error,
            })
        });
        FailReason::NoPairWorks {
            pairs: pairs.collect(),
            refused,
        }
    }

    fn fail(&mut self, reason: FailReason) {
        tracing::debug!(%reason, "ice failed");
        self.outbox.event(Event::Failed(reason));
        self.end();
        self.set_state(ConnectionState::Failed);
    }

    /// Stops everything.
    pub(super) fn end(&mut self) {
        self.flush_traffic();
        self.active = None;
        self.previous = None;
        self.phase.old_path = None;
        self.phase.undo = None;
        self.checks.clear(|_| false);
        self.local.questions = Vec::new();
        self.local.free_bindings();
        self.remote.early = Vec::new();
        self.remote.waiting = Vec::new();
        self.roles.reset();
        self.outbox.clear_packets();
        self.phase.deadline = None;
    }
}
