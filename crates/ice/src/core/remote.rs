//! The candidates of the other end (RFC 8838 §11), and what arrived before its time.

use std::net::SocketAddr;

use super::message::Check;
use crate::candidate::{Address, Candidate, CandidateKind, Foundation};
use crate::event::Path;

/// A candidate of the other end.
#[derive(Clone, Debug)]
pub(crate) struct RemoteCandidate {
    pub(crate) address: SocketAddr,
    pub(crate) shown: Candidate,
    pub(crate) foundation: u32,
    /// It is of the time before [`Agent::renew_remote`](super::Agent::renew_remote).
    pub(crate) earlier: bool,
}

impl RemoteCandidate {
    pub(crate) fn priority(&self) -> u32 {
        self.shown.priority
    }

    pub(crate) const fn kind(&self) -> CandidateKind {
        self.shown.kind
    }
}

/// A check that came before the peer's credentials (RFC 8445 §7.3).
#[derive(Clone, Debug)]
pub(crate) struct EarlyCheck {
    pub(crate) path: Path,
    /// The peer's fragment, from USERNAME.
    pub(crate) ufrag: Box<str>,
    pub(crate) check: Check,
}

/// All of the other end.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    pub(crate) candidates: Vec<RemoteCandidate>,
    /// Candidates for credentials that are not known yet.
    pub(crate) waiting: Vec<Candidate>,
    pub(crate) early: Vec<EarlyCheck>,
    /// The peer has said that no candidate will follow.
    pub(crate) ended: bool,
    /// How many names were refused because somebody else has to resolve them.
    pub(crate) unresolved: usize,
}

/// What became of a remote candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is in the table, at this index.
    At(u8),
    /// It was there already; this one is known better than before.
    Updated(u8),
    /// It was there already.
    Known,
    /// There is no room.
    Full,
}

impl Remote {
    pub(crate) fn by_address(&self, address: SocketAddr) -> Option<u8> {
        let at = self
            .candidates
            .iter()
            .position(|candidate| candidate.address == address)?;
        u8::try_from(at).ok()
    }

    pub(crate) fn get(&self, index: u8) -> Option<&RemoteCandidate> {
        self.candidates.get(usize::from(index))
    }

    /// Adds a signalled candidate. A peer-reflexive one at its address becomes what was signalled
    /// (RFC 8838 §11.4).
    pub(crate) fn add(&mut self, address: SocketAddr, shown: Candidate, limit: usize) -> Added {
        let foundation = shown.foundation.number();
        if let Some(index) = self.by_address(address) {
            let Some(known) = self.candidates.get_mut(usize::from(index)) else {
                return Added::Known;
            };
            if known.kind() != CandidateKind::PeerReflexive && known.priority() >= shown.priority {
                return Added::Known;
            }
            (known.shown, known.foundation) = (shown, foundation);
            return Added::Updated(index);
        }
        if self.candidates.len() >= limit.min(usize::from(u8::MAX)) {
            return Added::Full;
        }
        self.candidates.push(RemoteCandidate {
            address,
            shown,
            foundation,
            earlier: false,
        });
        u8::try_from(self.candidates.len() - 1).map_or(Added::Full, Added::At)
    }

    /// RFC 8445 §7.3.1.3: a peer-reflexive candidate. In a full table one that `is_used` by no pair gives way.
    pub(crate) fn learn(
        &mut self,
        address: SocketAddr,
        priority: u32,
        limit: usize,
        is_used: impl Fn(u8) -> bool,
    ) -> Option<u8> {
        let mut shown = Candidate::new(CandidateKind::PeerReflexive, address);
        shown.priority = priority;
        // A foundation of its own: the address makes it one.
        let foundation = crc32fast::hash(address.to_string().as_bytes());
        shown.foundation = Foundation::from_number(foundation);
        let candidate = RemoteCandidate {
            address,
            shown,
            foundation: foundation ^ 0x5a5a_5a5a,
            earlier: false,
        };
        if self.candidates.len() < limit.min(usize::from(u8::MAX)) {
            self.candidates.push(candidate);
            return u8::try_from(self.candidates.len() - 1).ok();
        }
        let spare = self.candidates.iter().enumerate().position(|(at, known)| {
            known.kind() == CandidateKind::PeerReflexive && u8::try_from(at).is_ok_and(|at| !is_used(at))
        })?;
        *self.candidates.get_mut(spare)? = candidate;
        u8::try_from(spare).ok()
    }
}

/// The address of a candidate, without the scope that only means something to its host.
pub(crate) fn plain(address: &Address) -> Option<SocketAddr> {
    address.ip().map(without_scope)
}

/// An address without IPv6 scope and flow label.
pub(crate) fn without_scope(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(n: u16, priority: u32) -> (SocketAddr, Candidate) {
        let address = SocketAddr::from(([10, 0, 0, 1], n));
        let mut candidate = Candidate::new(CandidateKind::Host, address);
        candidate.priority = priority;
        (address, candidate)
    }

    #[test]
    fn a_learned_candidate_becomes_what_is_signalled_later() {
        let mut remote = Remote::default();
        let (address, candidate) = host(1, 77);
        assert_eq!(remote.learn(address, 5, 4, |_| true), Some(0));
        assert_eq!(remote.candidates[0].kind(), CandidateKind::PeerReflexive);
        assert_eq!(remote.add(address, candidate.clone(), 4), Added::Updated(0));
        assert_eq!(
            (remote.candidates[0].kind(), remote.candidates[0].priority()),
            (CandidateKind::Host, 77)
        );
        assert_eq!(remote.add(address, candidate, 4), Added::Known);
    }

    #[test]
    fn the_table_is_bounded_and_recycles_what_it_learned() {
        let mut remote = Remote::default();
        for n in 1..=3 {
            let (address, candidate) = host(n, 77);
            assert!(matches!(remote.add(address, candidate, 4), Added::At(_)));
        }
        assert_eq!(remote.learn(host(4, 0).0, 5, 4, |_| true), Some(3));
        let (address, candidate) = host(5, 77);
        assert_eq!(remote.add(address, candidate, 4), Added::Full);
        assert_eq!(remote.learn(host(6, 0).0, 5, 4, |_| true), None);
        assert_eq!(remote.learn(host(6, 0).0, 5, 4, |_| false), Some(3));
    }
}
