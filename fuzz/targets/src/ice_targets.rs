//! ICE: candidates, and two agents.

use std::net::SocketAddr;
use std::time::Instant;

use ice::core::Agent;
use ice::{Candidate, Config, Event, Path, RemoteParameters, Role};
use stun::{AttributeType, IntegrityKey, MessageRef, MessageWriter};

use crate::duel::{Core, Script, duel};

/// A candidate attribute; what is read is written in a form that stays.
///
/// # Panics
/// When a law is broken.
pub fn ice_candidate(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(candidate) = text.parse::<Candidate>() {
        let written = candidate.to_string();
        let again = written.parse::<Candidate>();
        assert_eq!(
            again.as_ref().map(ToString::to_string),
            Ok(written),
            "what is written is read"
        );
    }
}

/// The addresses of the small world: two of each agent, and two of nobody.
const ADDRESSES: [&str; 6] = [
    "10.0.0.1:1",
    "[2001:db8::1]:1",
    "10.0.0.2:2",
    "[2001:db8::2]:2",
    "192.0.2.9:3478",
    "10.9.9.9:9",
];

pub(crate) fn address(index: u8) -> Option<SocketAddr> {
    ADDRESSES.get(usize::from(index) % ADDRESSES.len())?.parse().ok()
}

pub(crate) fn index(address: SocketAddr) -> u8 {
    let found = ADDRESSES.iter().position(|known| known.parse() == Ok(address));
    found.and_then(|index| u8::try_from(index).ok()).unwrap_or(5)
}

/// Packets have two bytes in front: from where, and to where.
struct Node {
    agent: Agent,
    /// What the peer was told last, and what it has told.
    signalled: RemoteParameters,
    remote: Option<RemoteParameters>,
    candidates: Vec<Candidate>,
    side: u8,
}

impl Core for Node {
    /// Pairs, and candidates of both sides.
    const FOOTPRINT: usize = 1000;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        let [from, to, datagram @ ..] = packet else { return };
        let (Some(remote), Some(local)) = (address(*from), address(*to)) else {
            return;
        };
        self.agent.handle_input(now, Path { local, remote }, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.agent.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let mut datagram = Vec::new();
        let Some(transmit) = self.agent.poll_transmit(now, &mut datagram) else {
            return false;
        };
        assert_eq!(transmit.len, datagram.len());
        assert!(MessageRef::decode(&datagram).is_ok(), "what is sent is STUN");
        out.extend([index(transmit.path.local), index(transmit.path.remote)]);
        out.append(&mut datagram);
        true
    }

    fn poll_event(&mut self, _now: Instant) -> bool {
        match self.agent.poll_event() {
            Some(Event::LocalCandidate(candidate)) => {
                assert!(candidate.to_string().parse::<Candidate>().is_ok());
                self.candidates.push(candidate);
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.agent.poll_timeout()
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        match script.byte() % 14 {
            0 => self.agent.restart(now),
            1 => self.agent.set_role(if script.flag() {
                Role::Controlling
            } else {
                Role::Controlled
            }),
            2 => address(script.byte())
                .into_iter()
                .for_each(|base| self.agent.add_local_address(now, base)),
            3 => address(script.byte())
                .into_iter()
                .for_each(|base| self.agent.remove_local_address(now, base)),
            4 => address(4)
                .into_iter()
                .for_each(|server| self.agent.add_stun_server(now, server, "stun:192.0.2.9")),
            5 => self.agent.end_local_addresses(now),
            6 => self.agent.end_of_remote_candidates(now),
            7 => self.agent.set_renomination(script.flag()),
            8 => {
                if let Some(remote) = self.remote.clone() {
                    let _ = self.agent.set_remote(now, remote);
                }
            }
            9 => {
                let length = usize::from(script.byte());
                if let Ok(candidate) = script.text(length).parse() {
                    let _ = self.agent.add_remote_candidate(now, candidate);
                }
            }
            10 => self.candidate(now, script.byte()),
            11 => {
                let _ = (
                    self.agent.stats(),
                    self.agent.candidate_pairs().len(),
                    self.agent.data_path(),
                );
                self.agent.count_sent(now, usize::from(script.byte()));
            }
            12 => self.candidate(now, script.byte()),
            _ => self.agent.close(),
        }
    }

    /// Signs a changed message as the peer would.
    fn seal(&self, packet: &mut Vec<u8>) {
        let theirs = self.remote.as_ref().map(|remote| remote.credentials.pwd.as_str());
        let ours = &self.agent.local_credentials().pwd;
        resign(packet, ours, theirs.unwrap_or_default());
    }

    fn footprint(&self) -> usize {
        self.agent.candidate_pairs().len()
            + self.agent.local_candidates().len()
            + self.agent.remote_candidates().len()
    }
}

/// Writes a message, which stands behind two bytes, again with the right integrity code: requests are signed with the
/// password of who receives them, responses with that of who sent them.
pub(crate) fn resign(packet: &mut Vec<u8>, receiver: &str, sender: &str) {
    let (Some(head), Some(datagram)) = (packet.get(..2), packet.get(2..)) else {
        return;
    };
    let Ok(message) = MessageRef::decode(datagram) else {
        return;
    };
    let password = if message.class().is_response() {
        sender
    } else {
        receiver
    };
    let key = IntegrityKey::short_term(&crypto::Provider::default(), password);
    let mut out = head.to_vec();
    let mut writer = MessageWriter::new(
        &mut out,
        message.class(),
        message.method(),
        message.transaction_id(),
    );
    for raw in message.attributes() {
        match raw.ty {
            AttributeType::MESSAGE_INTEGRITY => writer.integrity(&key),
            AttributeType::FINGERPRINT => writer.fingerprint(),
            _ => writer.raw(raw.ty, raw.value),
        };
    }
    writer.finish();
    *packet = out;
}

impl Node {
    fn new(config: &Config, side: u8, now: Instant) -> Self {
        let mut agent = Agent::new(config.clone(), [side; 32]);
        for base in [side * 2, side * 2 + 1].into_iter().filter_map(address) {
            agent.add_local_address(now, base);
        }
        let signalled = RemoteParameters {
            lite: agent.is_lite(),
            ..agent.local_credentials().clone().into()
        };
        Self {
            agent,
            signalled,
            remote: None,
            candidates: Vec::new(),
            side,
        }
    }

    /// A candidate of the peer.
    fn candidate(&mut self, now: Instant, choice: u8) {
        let Some(at) = address((1 - self.side) * 2 + (choice & 1)) else {
            return;
        };
        let priority = 1 + u32::from(choice) * 1_000_000;
        let text = format!(
            "candidate:{} 1 udp {priority} {} {} typ host",
            choice % 7,
            at.ip(),
            at.port()
        );
        if let Ok(candidate) = text.parse() {
            let _ = self.agent.add_remote_candidate(now, candidate);
        }
    }
}

/// Two agents that have signalled, and whatever happens between them.
///
/// # Panics
/// When a law is broken.
pub fn ice_agent(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let now = Instant::now();
    let lite = Config {
        lite: choice & 1 != 0,
        ..Config::default()
    };
    let mut nodes = [Node::new(&Config::default(), 0, now), Node::new(&lite, 1, now)];
    let [a, b] = &mut nodes;
    a.agent.set_role(Role::Controlling);
    if choice & 2 == 0 {
        b.agent.set_role(Role::Controlled);
    }
    a.remote = Some(b.signalled.clone());
    b.remote = Some(a.signalled.clone());
    for node in &mut nodes {
        if let (Some(remote), true) = (node.remote.clone(), choice & 4 == 0) {
            let _ = node.agent.set_remote(now, remote);
        }
        if choice & 8 == 0 {
            node.candidate(now, 0);
        }
    }
    duel(nodes, data);
}
