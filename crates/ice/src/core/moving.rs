//! A peer that moves: other sockets, the same credentials.
//!
//! A browser makes another ICE transport when its BUNDLE group gets another tagged section, and lets it have the fragment and
//! the password of the first. No description tells. So both are checked for a while, and a pair with the new sockets counts
//! more than one with the old: these may still answer, and then never again.

use std::time::Instant;

use super::agent::Agent;
use super::lifecycle::Undo;
use super::pair::Pair;
use crate::event::ConnectionState;

impl Agent {
    /// The peer may have other sockets for the credentials that are in force, as a browser has whose BUNDLE transport is of
    /// another section than before: all pairs are formed and checked anew, with the candidates to come. The path in use
    /// carries data until another one is selected, which a peer that has kept its sockets need not do. For as long as consent
    /// lasts ([`Timers::consent_expiry`](crate::Timers)), a pair with sockets that were not known before takes over.
    pub fn renew_remote(&mut self, now: Instant) {
        let Some(remote) = self.session.remote.as_ref() else {
            return;
        };
        if self.phase.state == ConnectionState::Closed {
            return;
        }
        let mut same = Undo {
            local: self.session.local.clone(),
            remote: remote.parameters.clone(),
            candidates: std::mem::take(&mut self.remote.candidates),
            ended: false,
        };
        // The oldest make room for those to come.
        let room = self.config.limits.remote_candidates / 2;
        let excess = same.candidates.len().saturating_sub(room);
        same.candidates.drain(..excess);
        for candidate in &mut same.candidates {
            candidate.earlier = true;
        }
        self.resume_generation(now, same);
        self.roles.moving = now.checked_add(self.config.timers.consent_expiry);
        self.advance(now);
    }

    /// Whether a pair is with sockets to which the peer has moved, while it is expected to.
    pub(super) fn is_moved(&self, pair: &Pair) -> bool {
        let is_new = || self.remote.get(pair.remote).is_some_and(|remote| !remote.earlier);
        self.roles.moving.is_some() && is_new()
    }

    /// Whether pairs are still wanted though one is selected: it is with the sockets of before.
    pub(super) fn awaits_move(&self) -> bool {
        self.roles.moving.is_some()
    }

    /// A nomination that is under way ends where a pair with the new sockets is valid.
    pub(super) fn prefer_moved(&mut self, now: Instant) {
        if self.roles.moving.is_some_and(|until| until <= now) {
            self.roles.moving = None;
        }
        let Some(nominating) = self.roles.nominating.and_then(|id| self.pairs.get(id)) else {
            return;
        };
        if !self.is_moved(nominating) && self.pairs.best_valid(|pair| self.is_moved(pair)).is_some() {
            self.roles.nominating = None;
        }
    }

    /// A pair is selected: with new sockets, the peer has moved.
    pub(super) fn note_move(&mut self) {
        let active = self
            .active
            .as_ref()
            .and_then(|active| self.pairs.get(active.pair));
        if active.is_some_and(|pair| self.is_moved(pair)) {
            self.roles.moving = None;
        }
    }
}
