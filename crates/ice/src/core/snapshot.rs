//! What the agent shows of itself.

use std::net::SocketAddr;

use super::agent::Agent;
use super::pair::Pair;
use crate::candidate::Candidate;
use crate::event::PairInfo;
use crate::stats::Stats;

impl Agent {
    /// Counters and state.
    pub fn stats(&self) -> Stats {
        let rtt = self
            .active
            .as_ref()
            .and_then(|active| self.pairs.get(active.pair))
            .and_then(|pair| pair.rtt);
        Stats {
            role: self.roles.role,
            state: self.phase.state,
            rtt,
            ..self.phase.stats
        }
    }

    /// The sockets that were added and not removed.
    pub fn local_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        let present = self.local.bases.iter().filter(|base| !base.gone);
        present.map(|base| base.address)
    }

    /// The candidates of this end, of the present generation.
    pub fn local_candidates(&self) -> Vec<Candidate> {
        let ufrag = &self.session.local.ufrag;
        self.local
            .candidates
            .iter()
            .map(|candidate| self.local.describe(candidate, ufrag))
            .collect()
    }

    /// The candidates of the other end, peer-reflexive ones included.
    pub fn remote_candidates(&self) -> Vec<Candidate> {
        self.remote
            .candidates
            .iter()
            .map(|candidate| candidate.shown.clone())
            .collect()
    }

    /// The pairs, highest priority first. Most are dropped when one is selected.
    pub fn candidate_pairs(&self) -> Vec<PairInfo> {
        self.pairs
            .iter()
            .filter_map(|pair| self.describe_pair(pair))
            .collect()
    }

    /// The selected pair.
    pub fn selected_pair(&self) -> Option<PairInfo> {
        let active = self.active.as_ref().filter(|active| active.selected)?;
        self.describe_pair(self.pairs.get(active.pair)?)
    }

    pub(super) fn describe_pair(&self, pair: &Pair) -> Option<PairInfo> {
        let local = self.local.candidates.get(usize::from(pair.local))?;
        let mut counters = pair.counters;
        if let Some(active) = self.active.as_ref().filter(|active| active.pair == pair.id) {
            counters.packets_sent += active.traffic.packets_sent;
            counters.bytes_sent += active.traffic.bytes_sent;
            counters.packets_received += active.traffic.packets_received;
            counters.bytes_received += active.traffic.bytes_received;
        }
        Some(PairInfo {
            local: self.local.describe(local, &self.session.local.ufrag),
            remote: self.remote.get(pair.remote)?.shown.clone(),
            path: pair.path,
            priority: pair.priority,
            state: pair.state,
            nominated: pair.nominated,
            rtt: pair.rtt,
            last_error: pair.last_error,
            counters,
        })
    }
}
