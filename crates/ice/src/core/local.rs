//! RFC 8445 §5.1.1: the bases and candidates of this end, and the servers that are asked for more.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::candidate::{Candidate, CandidateKind, Foundation};
use crate::config::StunServer;
use crate::event::GatheringState;
use crate::priority::{PER_BASE, candidate_priority, local_preference};

/// A socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    pub(crate) address: SocketAddr,
    /// What is signalled instead of `address`: the outside of a one-to-one NAT.
    pub(crate) advertised: SocketAddr,
    pub(crate) preference: u16,
    /// Removed bases keep their place so that indices stay.
    pub(crate) gone: bool,
}

/// A candidate of this end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalCandidate {
    pub(crate) base: u8,
    pub(crate) kind: CandidateKind,
    pub(crate) address: SocketAddr,
    pub(crate) priority: u32,
    pub(crate) foundation: u32,
}

/// What a STUN server is asked: the mapped address of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Index of the base.
    pub(crate) base: u8,
    /// Index of the server.
    pub(crate) server: u8,
    /// The address is known: the question keeps the binding of the NAT.
    pub(crate) refresh: bool,
}

/// A server-reflexive candidate that is kept alive (§5.1.1.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    /// How it was learned.
    question: Question,
    /// When to ask again.
    next: Instant,
}

/// A server that is asked from every base of its family.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    /// It was asked in this generation, or it was told that no base can.
    settled: bool,
}

impl From<StunServer> for Server {
    fn from(server: StunServer) -> Self {
        Self {
            address: server.address,
            url: server.url,
            settled: false,
        }
    }
}

/// All of this end.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) bases: Vec<Base>,
    pub(crate) candidates: Vec<LocalCandidate>,
    pub(crate) servers: Vec<Server>,
    /// Questions that wait for their slot.
    pub(crate) questions: Vec<Question>,
    /// What is asked again; nothing where a pair is selected.
    bindings: Vec<Binding>,
    pub(crate) state: GatheringState,
    /// No base will follow.
    pub(crate) ended: bool,
    /// Mixed into foundations, so that they do not disclose addresses.
    salt: u32,
}

impl Local {
    pub(crate) fn new(servers: Vec<StunServer>, salt: u32) -> Self {
        Self {
            bases: Vec::new(),
            candidates: Vec::new(),
            servers: servers.into_iter().map(Server::from).collect(),
            questions: Vec::new(),
            bindings: Vec::new(),
            state: GatheringState::New,
            ended: false,
            salt,
        }
    }

    /// The index of the base at an address.
    pub(crate) fn base(&self, address: SocketAddr) -> Option<u8> {
        let at = self
            .bases
            .iter()
            .position(|base| base.address == address && !base.gone)?;
        u8::try_from(at).ok()
    }

    /// Adds a base, or brings one back; `None` when it is there already or the table is full.
    pub(crate) fn add_base(
        &mut self,
        address: SocketAddr,
        advertised: SocketAddr,
        limit: usize,
    ) -> Option<u8> {
        if let Some(at) = self.bases.iter().position(|base| base.address == address) {
            let base = self.bases.get_mut(at)?;
            if !base.gone {
                return None;
            }
            (base.gone, base.advertised) = (false, advertised);
            return u8::try_from(at).ok();
        }
        if self.bases.len() >= limit.min(usize::from(u8::MAX)) {
            return None;
        }
        self.bases.push(Base {
            address,
            advertised,
            preference: self.next_preference(address),
            gone: false,
        });
        u8::try_from(self.bases.len() - 1).ok()
    }

    /// The preference of the base that comes next.
    fn next_preference(&self, address: SocketAddr) -> u16 {
        let family = self
            .bases
            .iter()
            .filter(|base| base.address.is_ipv4() == address.is_ipv4());
        let index = u16::try_from(family.count()).unwrap_or(u16::MAX);
        local_preference(address.ip(), index)
    }

    /// Bases that are gone leave, and the others move up. Only where nothing refers to them by their places.
    pub(crate) fn forget_gone(&mut self) {
        for base in std::mem::take(&mut self.bases) {
            if !base.gone {
                let preference = self.next_preference(base.address);
                self.bases.push(Base { preference, ..base });
            }
        }
    }

    /// The priority of a candidate at a base.
    pub(crate) fn priority(&self, base: u8, kind: CandidateKind) -> u32 {
        let preference = self
            .bases
            .get(usize::from(base))
            .map_or(0, |base| base.preference);
        candidate_priority(kind, preference)
    }

    /// §5.1.1.3: same kind, same IP address of the base, same protocol, same server.
    pub(crate) fn foundation(&self, base: u8, kind: CandidateKind, server: Option<IpAddr>) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.salt);
        hasher.update(&[kind.preference()]);
        if let Some(base) = self.bases.get(usize::from(base)) {
            hash_ip(&mut hasher, base.address.ip());
        }
        if let Some(server) = server {
            hash_ip(&mut hasher, server);
        }
        hasher.finalize()
    }

    /// The priority of the next reflexive candidate that a server tells of: several of one base, as a NAT makes that
    /// maps by destination, differ (§5.1.2.1). `None` when the base has as many as there are values.
    pub(crate) fn reflexive_priority(&self, base: u8) -> Option<u32> {
        let kind = CandidateKind::ServerReflexive;
        let same = self
            .candidates
            .iter()
            .filter(|other| other.kind == kind && other.base == base);
        let rank = u16::try_from(same.count()).ok().filter(|rank| *rank < PER_BASE)?;
        let preference = self.bases.get(usize::from(base))?.preference;
        Some(candidate_priority(kind, preference - rank))
    }

    /// Adds a candidate unless it is redundant (§5.1.3: same address and base) or the table is full.
    pub(crate) fn add_candidate(&mut self, candidate: LocalCandidate, limit: usize) -> Option<u8> {
        let known = self.at_address(candidate.base, candidate.address);
        if known.is_some() || self.candidates.len() >= limit.min(usize::from(u8::MAX)) {
            return None;
        }
        self.candidates.push(candidate);
        u8::try_from(self.candidates.len() - 1).ok()
    }

    /// The candidate of highest priority at a base: what its pairs are made with.
    pub(crate) fn best_at(&self, base: u8) -> Option<(u8, LocalCandidate)> {
        let at_base = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| candidate.base == base);
        let (at, candidate) = at_base.max_by_key(|(_, candidate)| candidate.priority)?;
        Some((u8::try_from(at).ok()?, *candidate))
    }

    /// The candidate at a mapped address.
    pub(crate) fn at_address(&self, base: u8, address: SocketAddr) -> Option<u8> {
        let found = |candidate: &LocalCandidate| candidate.base == base && candidate.address == address;
        u8::try_from(self.candidates.iter().position(found)?).ok()
    }

    /// A candidate as it is signalled.
    pub(crate) fn describe(&self, candidate: &LocalCandidate, ufrag: &str) -> Candidate {
        let mut shown = Candidate::new(candidate.kind, candidate.address);
        shown.foundation = Foundation::from_number(candidate.foundation);
        shown.priority = candidate.priority;
        shown.extensions = vec![("ufrag".into(), ufrag.into())];
        shown.related = match candidate.kind {
            CandidateKind::Host => None,
            CandidateKind::ServerReflexive | CandidateKind::PeerReflexive | CandidateKind::Relay => self
                .bases
                .get(usize::from(candidate.base))
                .map(|base| base.address),
        };
        shown
    }

    /// Asks every server for the mapped address of a base.
    pub(crate) fn ask_all(&mut self, base: u8) {
        for server in 0..self.servers.len() {
            self.ask(base, server);
        }
    }

    /// Asks one server, if it is of the family of the base.
    pub(crate) fn ask(&mut self, base: u8, server: usize) {
        let (Some(socket), Some(target)) = (self.bases.get(usize::from(base)), self.servers.get_mut(server))
        else {
            return;
        };
        // A loopback or link-local socket does not reach a server elsewhere; asking would only delay the end.
        let same_reach = socket.address.ip().is_loopback() == target.address.ip().is_loopback();
        let link_local = is_link_local(socket.address.ip());
        if socket.address.is_ipv4() == target.address.is_ipv4()
            && same_reach
            && !link_local
            && !socket.gone
            && let Ok(server) = u8::try_from(server)
        {
            target.settled = true;
            self.questions.push(Question {
                base,
                server,
                refresh: false,
            });
        }
    }

    /// §5.1.1.4: has the binding behind a candidate kept alive from now on.
    pub(crate) fn keep_alive(&mut self, question: Question, next: Instant) {
        if !question.refresh {
            let question = Question {
                refresh: true,
                ..question
            };
            self.bindings.push(Binding { question, next });
        }
    }

    /// A URL under which no server was asked in this generation, once, with the address that it has.
    pub(crate) fn take_unasked(&mut self) -> Option<(String, SocketAddr)> {
        let settled = |url: &str| {
            let mut same = self.servers.iter().filter(|server| server.url == url);
            same.any(|server| server.settled)
        };
        let unasked = self.servers.iter().find(|server| !settled(&server.url))?;
        let (url, address) = (unasked.url.clone(), unasked.address);
        let same = self.servers.iter_mut().filter(|server| server.url == url);
        same.for_each(|server| server.settled = true);
        Some((url, address))
    }

    /// Another generation begins, which asks anew.
    pub(crate) fn forget_answers(&mut self) {
        self.servers.iter_mut().for_each(|server| server.settled = false);
    }

    /// Asks again where it is time to.
    pub(crate) fn ask_again(&mut self, now: Instant, interval: Duration) {
        for binding in self.bindings.iter_mut().filter(|binding| binding.next <= now) {
            binding.next = now + interval.max(Duration::from_secs(1));
            if !self.questions.contains(&binding.question) {
                self.questions.push(binding.question);
            }
        }
    }

    /// When a binding has to be refreshed.
    pub(crate) fn next_refresh(&self) -> Option<Instant> {
        self.bindings.iter().map(|binding| binding.next).min()
    }

    /// §8.3: bindings are left to themselves.
    pub(crate) fn free_bindings(&mut self) {
        self.bindings = Vec::new();
        self.questions.retain(|question| !question.refresh);
    }

    /// Forgets what a base was to be asked for.
    pub(crate) fn drop_questions(&mut self, base: u8) {
        self.questions.retain(|question| question.base != base);
        self.bindings.retain(|binding| binding.question.base != base);
    }
}

/// Whether an address only means something on its link.
pub(crate) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn hash_ip(hasher: &mut crc32fast::Hasher, ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => hasher.update(&v4.octets()),
        IpAddr::V6(v6) => hasher.update(&v6.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foundations_depend_on_kind_address_and_server_but_not_on_the_port() {
        let mut local = Local::new(Vec::new(), 7);
        let address: SocketAddr = "10.0.0.1:1000".parse().unwrap();
        let a = local.add_base(address, address, 8).unwrap();
        let b = local
            .add_base("10.0.0.1:2000".parse().unwrap(), address, 8)
            .unwrap();
        let c = local
            .add_base("10.0.0.2:1000".parse().unwrap(), address, 8)
            .unwrap();
        let host = |base| local.foundation(base, CandidateKind::Host, None);
        assert_eq!(host(a), host(b));
        assert_ne!(host(a), host(c));
        let reflexive =
            |server: [u8; 4]| local.foundation(a, CandidateKind::ServerReflexive, Some(server.into()));
        assert_ne!(reflexive([1, 1, 1, 1]), reflexive([2, 2, 2, 2]));
        assert_ne!(reflexive([1, 1, 1, 1]), host(a));
        assert_ne!(
            Local::new(Vec::new(), 8).foundation(0, CandidateKind::Host, None),
            host(a)
        );
    }

    #[test]
    fn redundant_bases_and_candidates_are_refused() {
        let mut local = Local::new(Vec::new(), 7);
        let address: SocketAddr = "10.0.0.1:1000".parse().unwrap();
        assert_eq!(local.add_base(address, address, 1), Some(0));
        assert_eq!(local.add_base(address, address, 1), None);
        assert_eq!(local.add_base("10.0.0.2:1".parse().unwrap(), address, 1), None);
        let candidate = LocalCandidate {
            base: 0,
            kind: CandidateKind::Host,
            address,
            priority: 5,
            foundation: 1,
        };
        assert_eq!(local.add_candidate(candidate, 8), Some(0));
        // A server that sees the base itself gives nothing new.
        let same = LocalCandidate {
            kind: CandidateKind::ServerReflexive,
            priority: 4,
            ..candidate
        };
        assert_eq!(local.add_candidate(same, 8), None);
    }
}
