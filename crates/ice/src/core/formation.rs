//! RFC 8445 §6.1.2: pairs are formed and ranked.

use super::agent::{Agent, canonical};
use super::local::is_link_local;
use super::pair::{NewPair, PairId};
use super::remote::Added;
use crate::candidate::Candidate;
use crate::event::{Path, Role};
use crate::priority::pair_priority;

impl Agent {
    /// Whether pairs are formed at all: a lite agent forms them when it is checked (§6.1.2, RFC 8445 §2.5).
    fn forms_pairs(&self) -> bool {
        let both_lite = self.config.lite && self.session.remote_is_lite();
        let concluded = self
            .active
            .as_ref()
            .is_some_and(|active| active.selected && active.consent.failing_over.is_none());
        self.session.remote.is_some()
            && (!self.config.lite || both_lite)
            && (!concluded || self.config.renomination || self.awaits_move())
    }

    /// Pairs a base with all remote candidates.
    pub(super) fn pair_base(&mut self, base: u8) {
        if self.forms_pairs() {
            for remote in 0..self.remote.candidates.len() {
                let Ok(remote) = u8::try_from(remote) else { break };
                self.create_pair(base, remote, false);
            }
            self.pairs.unfreeze();
        }
    }

    /// Pairs what has come, or was dropped, while a pair was selected: that pair is gone or silent.
    pub(super) fn pair_all(&mut self) {
        for base in 0..self.local.bases.len() {
            let Ok(base) = u8::try_from(base) else { break };
            self.pair_base(base);
        }
    }

    /// Pairs a remote candidate with all bases.
    pub(super) fn pair_remote(&mut self, remote: u8) {
        if self.forms_pairs() {
            for base in 0..self.local.bases.len() {
                let Ok(base) = u8::try_from(base) else { break };
                self.create_pair(base, remote, false);
            }
            self.pairs.unfreeze();
        }
    }

    /// Takes a signalled candidate of the present generation.
    pub(super) fn take_candidate(&mut self, address: std::net::SocketAddr, candidate: Candidate) -> Added {
        let added = self
            .remote
            .add(address, candidate, self.config.limits.remote_candidates);
        match added {
            Added::At(index) => self.pair_remote(index),
            Added::Updated(_) => self.rank_pairs(),
            Added::Full => self.phase.stats.overflow += 1,
            Added::Known => {}
        }
        added
    }

    /// §6.1.2.2: a pair of equal family and reach, unless there is one for the path.
    pub(super) fn create_pair(&mut self, base: u8, remote: u8, proven: bool) -> Option<PairId> {
        let socket = self
            .local
            .bases
            .get(usize::from(base))
            .filter(|base| !base.gone)?;
        let candidate = self.remote.get(remote)?;
        let (local_ip, remote_ip) = (socket.address.ip(), candidate.address.ip());
        if local_ip.is_ipv4() != remote_ip.is_ipv4() || is_link_local(local_ip) != is_link_local(remote_ip) {
            return None;
        }
        let path = canonical(Path {
            local: socket.address,
            remote: candidate.address,
        });
        if let Some(known) = self.pairs.by_path(path) {
            return Some(known.id);
        }
        let (local, best) = self.local.best_at(base)?;
        let new = NewPair {
            path,
            local,
            remote,
            priority: self.rank(best.priority, candidate.priority()),
            foundation: (best.foundation, candidate.foundation),
        };
        let id = self
            .pairs
            .insert(new, proven, self.active.as_ref().map(|active| active.pair));
        if id.is_none() {
            self.phase.stats.overflow += 1;
        }
        id
    }

    fn rank(&self, local: u32, remote: u32) -> u64 {
        match self.roles.role {
            Role::Controlling => pair_priority(local, remote),
            Role::Controlled => pair_priority(remote, local),
        }
    }

    /// Computes all priorities again: the role or a candidate has changed.
    pub(super) fn rank_pairs(&mut self) {
        let ranks: Vec<(PairId, u64, u32)> = self
            .pairs
            .iter()
            .filter_map(|pair| {
                // §7.2.5.3.1 may have found a mapped address since; the rank stays that of the base.
                let base = self.local.candidates.get(usize::from(pair.local))?.base;
                let (_, local) = self.local.best_at(base)?;
                let remote = self.remote.get(pair.remote)?;
                Some((
                    pair.id,
                    self.rank(local.priority, remote.priority()),
                    remote.foundation,
                ))
            })
            .collect();
        for (id, priority, foundation) in ranks {
            if let Some(pair) = self.pairs.get_mut(id) {
                (pair.priority, pair.foundation.1) = (priority, foundation);
            }
        }
        self.pairs.sort();
    }
}
