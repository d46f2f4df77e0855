//! RFC 8445 §7.3: STUN server procedures.

use std::time::Instant;

use stun::{Class, MessageRef, Method};

use super::agent::Agent;
use super::message::{self, Answer, Check, Response};
use super::pair::PairId;
use super::remote::{EarlyCheck, without_scope};
use crate::candidate::CandidateKind;
use crate::event::{Event, Input, PairState, Path, Role};

/// After so many requests without an answer the peer's own checks, which would begin ours anew each time (RFC 8445
/// §7.3.1.4), do so no longer: a peer that checks for ever and never answers does not keep the agent from failing.
const MAX_UNANSWERED: u32 = 32;

/// Whose credentials a request was made with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Generation {
    Present,
    Previous,
}

impl Agent {
    pub(super) fn handle_stun(&mut self, now: Instant, path: Path, datagram: &[u8]) -> Input {
        if self.is_over() || self.local.base(path.local).is_none() {
            self.phase.stats.unknown_path += 1;
            return Input::Dropped;
        }
        let Ok(message) = MessageRef::decode(datagram) else {
            self.phase.stats.malformed += 1;
            return Input::Dropped;
        };
        // A server that is asked for an address need not add a FINGERPRINT; a peer has to (RFC 8445 §7.1).
        if message.method() != Method::BINDING
            || !message.check_fingerprint() && (message.has_fingerprint() || !message.class().is_response())
        {
            self.phase.stats.malformed += 1;
            return Input::Dropped;
        }
        match message.class() {
            Class::Request => self.handle_request(now, path, &message),
            Class::SuccessResponse | Class::ErrorResponse => self.handle_response(now, path, &message),
            // RFC 8445 §11: a keepalive. It is not authenticated and says nothing.
            Class::Indication => {}
        }
        Input::Stun
    }

    fn handle_request(&mut self, now: Instant, path: Path, message: &MessageRef<'_>) {
        if self.relay_only() {
            return;
        }
        let Some((generation, theirs)) = self.authenticate(message) else {
            // RFC 8489 §9.1.3: 400 without credentials, 401 with wrong ones.
            let code = if message.username().is_some() && message.has_integrity() {
                401
            } else {
                400
            };
            self.phase.stats.unauthenticated += 1;
            return self.respond(path, message, Answer::Refused(code), false);
        };
        let previous = generation == Generation::Previous;
        if let Some(types) = message::not_understood(message) {
            return self.respond(path, message, Answer::Unknown(types), previous);
        }
        self.phase.stats.requests_received += 1;
        if previous {
            if let Some(old) = self.previous.as_mut().filter(|old| old.active.path == path) {
                old.active.consent.hear(now);
            }
            return self.respond(path, message, Answer::Success, true);
        }
        if !self.settle_roles(message) {
            return self.respond(path, message, Answer::RoleConflict, false);
        }
        self.respond(path, message, Answer::Success, false);
        let check = Check::read(message);
        if self
            .remote_credentials()
            .is_some_and(|known| known.ufrag == theirs)
        {
            self.handle_check(now, path, check);
        } else {
            self.remember(path, theirs, check);
        }
        self.advance(now);
    }

    /// §7.3: USERNAME has our fragment in front, and the integrity is made with our password.
    fn authenticate<'m>(&self, message: &MessageRef<'m>) -> Option<(Generation, &'m str)> {
        let (ours, theirs) = message.username()?.split_once(':')?;
        if ours == self.session.local.ufrag {
            message.check_integrity(&self.session.local_key).ok()?;
            return Some((Generation::Present, theirs));
        }
        let previous = &self.previous.as_ref()?.session;
        if ours != previous.local.ufrag {
            return None;
        }
        message.check_integrity(&previous.local_key).ok()?;
        Some((Generation::Previous, theirs))
    }

    fn respond(&mut self, path: Path, message: &MessageRef<'_>, answer: Answer, previous: bool) {
        let response = Response {
            id: message.transaction_id(),
            path,
            answer,
            previous,
        };
        if self.outbox.response(response, self.config.limits.responses) {
            self.phase.stats.responses_sent += 1;
        } else {
            self.phase.stats.overflow += 1;
        }
    }

    /// §7.3.1.1: false when the peer has to change its role.
    fn settle_roles(&mut self, message: &MessageRef<'_>) -> bool {
        let Some((claimed, tie_breaker)) = message::claimed_role(message) else {
            return true;
        };
        // A lite agent is controlled whatever the peer claims (§6.1.1).
        if claimed != self.roles.role || self.config.lite {
            return true;
        }
        let ours_is_larger = self.roles.tie_breaker >= tie_breaker;
        let keeps = match claimed {
            Role::Controlling => ours_is_larger,
            Role::Controlled => !ours_is_larger,
        };
        if !keeps {
            self.take_role(claimed.opposite());
        }
        !keeps
    }

    /// Keeps a check for the time when its credentials are known.
    fn remember(&mut self, path: Path, ufrag: &str, check: Check) {
        if let Some(known) = self
            .remote
            .early
            .iter_mut()
            .find(|known| known.path == path && *known.ufrag == *ufrag)
        {
            let use_candidate = known.check.use_candidate || check.use_candidate;
            known.check = Check {
                use_candidate,
                ..check
            };
            return;
        }
        if self.remote.early.len() >= self.config.limits.early_checks {
            self.phase.stats.overflow += 1;
            return;
        }
        self.remote.early.push(EarlyCheck {
            path,
            ufrag: ufrag.into(),
            check,
        });
        self.announce(path);
    }

    fn announce(&mut self, path: Path) {
        if !self.outbox.noise(Event::PathValidated(path)) {
            self.phase.stats.overflow += 1;
        }
    }

    /// Deals with the checks that came before the peer's credentials.
    pub(super) fn replay_early_checks(&mut self, now: Instant) {
        let Some(known) = self.remote_credentials().map(|known| known.ufrag.clone()) else {
            return;
        };
        for early in std::mem::take(&mut self.remote.early) {
            if *early.ufrag == *known {
                self.handle_check(now, early.path, early.check);
            }
        }
    }

    /// §7.3.1.3 to §7.3.1.5: an authenticated check.
    fn handle_check(&mut self, now: Instant, path: Path, check: Check) {
        let Some(id) = self.pair_for(path, check) else {
            return;
        };
        let refreshed = self.refresh_active(now, id);
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        pair.counters.requests_received = pair.counters.requests_received.saturating_add(1);
        pair.counters.responses_sent = pair.counters.responses_sent.saturating_add(1);
        pair.last_heard = Some(now);
        if !std::mem::replace(&mut pair.heard, true) && !pair.valid {
            self.announce(path);
        }
        if self.config.lite {
            return self.handle_check_lite(now, id, check);
        }
        let concluded = self
            .active
            .as_ref()
            .is_some_and(|active| active.selected && active.consent.asked.is_none() && !self.awaits_move());
        let nominates = check.use_candidate && self.roles.role == Role::Controlled;
        if nominates {
            self.note_nomination(now, id, check.nomination);
        }
        let Some(pair) = self.pairs.get(id) else { return };
        let (state, valid) = (pair.state, pair.valid);
        // The check under way comes to its end, and so does the agent.
        if pair.last_response.is_none() && pair.counters.requests_sent >= MAX_UNANSWERED {
            return;
        }
        if nominates && valid {
            self.follow_nomination(now, id);
        }
        match state {
            PairState::Succeeded => {}
            // Another pair is selected and works: the peer learns from the answer what it wants to know.
            _ if concluded && !nominates && !refreshed => {}
            // A nomination or a probe of a pair that is known to work.
            PairState::InProgress if valid => {}
            PairState::InProgress => self.replace_check(id),
            PairState::Frozen | PairState::Waiting | PairState::Failed => self.recheck(id),
        }
    }

    /// §7.3.1.4: back to waiting, and into the triggered-check queue.
    pub(super) fn recheck(&mut self, id: PairId) {
        if let Some(pair) = self.pairs.get_mut(id) {
            pair.state = PairState::Waiting;
        }
        let nominate = self.roles.nominating == Some(id);
        self.trigger(id, nominate);
    }

    /// The pair of a path; its remote candidate is peer-reflexive when nobody signalled it (§7.3.1.3).
    fn pair_for(&mut self, path: Path, check: Check) -> Option<PairId> {
        if let Some(pair) = self.pair_at(path) {
            return Some(pair.id);
        }
        let base = self.local.base(path.local)?;
        let address = without_scope(path.remote);
        let remote = match self.remote.by_address(address) {
            Some(remote) => remote,
            None => {
                let priority = check
                    .priority
                    .unwrap_or_else(|| self.local.priority(base, CandidateKind::PeerReflexive));
                let pairs = &self.pairs;
                let used = |index: u8| pairs.iter().any(|pair| pair.remote == index);
                let limit = self.config.limits.remote_candidates;
                let Some(remote) = self.remote.learn(address, priority, limit, used) else {
                    self.phase.stats.overflow += 1;
                    return None;
                };
                remote
            }
        };
        self.create_pair(base, remote, true)
    }

    /// Notes a sign of life on the active path; true when it is the active one.
    fn refresh_active(&mut self, now: Instant, id: PairId) -> bool {
        let lite = self.config.lite;
        let Some(active) = self.active.as_mut().filter(|active| active.pair == id) else {
            return false;
        };
        // RFC 7675 §4: a lite agent does not ask; the peer's requests stand for its consent.
        if lite {
            active.consent.refresh(now)
        } else {
            active.consent.hear(now)
        }
        true
    }

    /// §7.3.2: a lite agent's pair is valid because the peer checks it.
    fn handle_check_lite(&mut self, now: Instant, id: PairId, check: Check) {
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        (pair.state, pair.valid) = (PairState::Succeeded, true);
        pair.last_response = Some(now);
        if check.use_candidate {
            self.note_nomination(now, id, check.nomination);
            self.follow_nomination(now, id);
        }
        self.update_active(now);
    }
}
