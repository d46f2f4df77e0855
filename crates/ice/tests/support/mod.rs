//! An ICE agent on the simulated network, with a signalling channel of its own, and a STUN server.
#![allow(dead_code, reason = "each test program uses a part")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ice::core::Agent;
use ice::{Candidate, Config, ConnectionState, Event, Input, RemoteParameters, Role};
use netsim::{Endpoint, Link, Network, NodeId};

pub(crate) fn seed(n: u64, side: u8) -> [u8; 32] {
    let mut seed = [side; 32];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    seed
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// What a host of the simulated network is.
#[derive(Debug)]
pub(crate) enum Host {
    Peer(Box<Peer>),
    Server(StunServer),
}

impl Host {
    pub(crate) fn peer(&self) -> &Peer {
        match self {
            Self::Peer(peer) => peer,
            Self::Server(_) => panic!("a server"),
        }
    }

    pub(crate) fn server(&self) -> &StunServer {
        match self {
            Self::Peer(_) => panic!("a peer"),
            Self::Server(server) => server,
        }
    }

    pub(crate) fn peer_mut(&mut self) -> &mut Peer {
        match self {
            Self::Peer(peer) => peer,
            Self::Server(_) => panic!("a server"),
        }
    }
}

/// An agent, what it has received, and data that it sends as a pulse.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) agent: Agent,
    pub(crate) received: Vec<(Instant, u32)>,
    pub(crate) outgoing: VecDeque<u32>,
    pub(crate) datagrams: usize,
    /// Candidates to signal.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) states: Vec<ConnectionState>,
}

impl Peer {
    pub(crate) fn new(config: Config, seed: [u8; 32]) -> Self {
        Self {
            agent: Agent::new(config, seed),
            received: Vec::new(),
            outgoing: VecDeque::new(),
            datagrams: 0,
            candidates: Vec::new(),
            states: Vec::new(),
        }
    }
}

impl Endpoint for Host {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, path: netsim::Path, datagram: &mut [u8]) {
        match self {
            Self::Peer(peer) => {
                let path = ice::Path {
                    local: path.local,
                    remote: path.remote,
                };
                if peer.agent.handle_input(now, path, datagram) == Input::Data {
                    let number = datagram
                        .get(1..5)
                        .map_or(0, |bytes| u32::from_be_bytes(bytes.try_into().unwrap()));
                    peer.received.push((now, number));
                }
            }
            Self::Server(server) => server.handle_input(path, datagram),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Self::Peer(peer) = self {
            peer.agent.handle_timeout(now);
        }
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<netsim::Transmit> {
        let path = match self {
            Self::Peer(peer) => {
                if let Some(transmit) = peer.agent.poll_transmit(now, out) {
                    peer.datagrams += 1;
                    transmit.path
                } else {
                    let number = peer.outgoing.pop_front()?;
                    let path = peer.agent.data_path()?;
                    out.push(0x80);
                    out.extend_from_slice(&number.to_be_bytes());
                    peer.agent.count_sent(now, 5);
                    path
                }
            }
            Self::Server(server) => {
                let (path, answer) = server.answers.pop_front()?;
                out.extend_from_slice(&answer);
                path
            }
        };
        Some(netsim::Transmit {
            path: netsim::Path::new(path.local, path.remote),
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        let Self::Peer(peer) = self else { return None };
        let event = peer.agent.poll_event()?;
        match &event {
            Event::LocalCandidate(candidate) => peer.candidates.push(candidate.clone()),
            Event::ConnectionStateChange(state) => peer.states.push(*state),
            _ => {}
        }
        Some(event)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Peer(peer) => peer.agent.poll_timeout(),
            Self::Server(_) => None,
        }
    }

    fn footprint(&self) -> usize {
        match self {
            Self::Peer(peer) => {
                let agent = &peer.agent;
                agent.local_candidates().len()
                    + agent.remote_candidates().len()
                    + agent.candidate_pairs().len()
            }
            Self::Server(_) => 0,
        }
    }
}

/// Answers Binding requests.
#[derive(Debug, Default)]
pub(crate) struct StunServer {
    pub(crate) answers: VecDeque<(ice::Path, Vec<u8>)>,
    /// Refuses with this code.
    pub(crate) refuse: Option<u16>,
    /// How many requests came.
    pub(crate) asked: usize,
}

impl StunServer {
    fn handle_input(&mut self, path: netsim::Path, datagram: &[u8]) {
        let Ok(message) = stun::MessageRef::decode(datagram) else {
            return;
        };
        if message.class() != stun::Class::Request {
            return;
        }
        self.asked += 1;
        let mut out = Vec::new();
        let id = message.transaction_id();
        if let Some(code) = self.refuse {
            stun::MessageWriter::new(&mut out, stun::Class::ErrorResponse, stun::Method::BINDING, id)
                .attribute(&stun::attributes::ErrorCode { code, reason: "no" })
                .finish();
        } else {
            stun::MessageWriter::new(&mut out, stun::Class::SuccessResponse, stun::Method::BINDING, id)
                .attribute(&stun::attributes::XorMappedAddress(path.remote))
                .fingerprint()
                .finish();
        }
        self.answers.push_back((
            ice::Path {
                local: path.local,
                remote: path.remote,
            },
            out,
        ));
    }
}

pub(crate) fn config(role: Role) -> Config {
    Config {
        role,
        ..Config::default()
    }
}

pub(crate) fn with_server(role: Role) -> Config {
    let address = "198.51.100.1:3478".parse().unwrap();
    Config {
        stun_servers: vec![ice::StunServer {
            address,
            url: "stun:198.51.100.1".into(),
        }],
        ..config(role)
    }
}

/// The network and its two peers, the first of which offers.
pub(crate) struct Scene {
    pub(crate) net: Network<Host>,
    pub(crate) a: NodeId,
    pub(crate) b: NodeId,
    /// How long a message of the signalling channel takes.
    pub(crate) signalling: Duration,
    /// The realms behind NATs.
    pub(crate) realms: Vec<netsim::Realm>,
}

impl Scene {
    /// Two hosts on the internet.
    pub(crate) fn pair(seed_number: u64, link: &Link, configs: [Config; 2]) -> Self {
        let [a, b] = configs;
        let peers = [(a, 1), (b, 2)]
            .map(|(config, side)| Host::Peer(Box::new(Peer::new(config, seed(seed_number, side)))));
        let (net, a, b) = Network::pair(seed_number, link, peers);
        Self::new(net, a, b)
    }

    pub(crate) fn new(net: Network<Host>, a: NodeId, b: NodeId) -> Self {
        Self {
            net,
            a,
            b,
            signalling: Duration::from_millis(30),
            realms: Vec::new(),
        }
    }

    pub(crate) fn agent(&self, node: NodeId) -> &Agent {
        &self.net.endpoint(node).peer().agent
    }

    pub(crate) fn with<R>(&mut self, node: NodeId, command: impl FnOnce(&mut Agent, Instant) -> R) -> R {
        self.net
            .with(node, |host, now| command(&mut host.peer_mut().agent, now))
    }

    pub(crate) fn add_addresses(&mut self, node: NodeId, addresses: &[&str]) {
        let addresses: Vec<SocketAddr> = addresses
            .iter()
            .map(|address| SocketAddr::new(ip(address), 5000))
            .collect();
        self.with(node, |agent, now| {
            for address in addresses {
                agent.add_local_address(now, address);
            }
            agent.end_local_addresses(now);
        });
    }

    /// Offer, answer, and trickle, each message 30 ms on its way.
    pub(crate) fn connect(&mut self) {
        self.add_addresses(self.a, &["192.0.2.1"]);
        self.add_addresses(self.b, &["192.0.2.2"]);
        self.signal();
    }

    /// Offer and answer; candidates trickle both ways as they come.
    pub(crate) fn signal(&mut self) {
        let (a, b, delay) = (self.a, self.b, self.signalling);
        let offer = parameters(self.agent(a));
        trickle(&mut self.net, a, b, delay, Rc::default());
        self.net.after(delay, move |net| {
            net.with(b, |host, now| {
                host.peer_mut().agent.set_remote(now, offer).unwrap()
            });
            trickle(net, b, a, delay, Rc::default());
            let answer = parameters(&net.endpoint(b).peer().agent);
            net.after(delay, move |net| {
                net.with(a, |host, now| {
                    host.peer_mut().agent.set_remote(now, answer).unwrap()
                });
            });
        });
    }

    pub(crate) fn state(&self, node: NodeId) -> ConnectionState {
        self.agent(node).connection_state()
    }

    /// Both have selected, and what one sends on is where the other one receives.
    pub(crate) fn agrees(&self) -> bool {
        let (a, b) = (self.agent(self.a), self.agent(self.b));
        a.selected_pair().is_some() && b.selected_pair().is_some()
    }

    /// Runs until both have selected a pair; the time it took.
    pub(crate) fn until_selected(&mut self, limit: Duration) -> Option<Duration> {
        let start = self.net.elapsed();
        let (a, b) = (self.a, self.b);
        let selected = |net: &Network<Host>, node| net.endpoint(node).peer().agent.selected_pair().is_some();
        let done = self
            .net
            .run_while(limit, |net| !(selected(net, a) && selected(net, b)));
        done.then(|| self.net.elapsed() - start)
    }

    /// Sends one datagram each way and sees it arrive.
    pub(crate) fn ping(&mut self, number: u32) {
        for node in [self.a, self.b] {
            self.net
                .with(node, |host, _| host.peer_mut().outgoing.push_back(number));
        }
        self.net.run_for(Duration::from_millis(300));
        for node in [self.a, self.b] {
            let received = self
                .net
                .endpoint(node)
                .peer()
                .received
                .last()
                .map(|(_, number)| *number);
            assert_eq!(received, Some(number), "{node:?} got nothing");
        }
    }

    pub(crate) fn saw(&self, node: NodeId, state: ConnectionState) -> bool {
        self.net.endpoint(node).peer().states.contains(&state)
    }
}

pub(crate) fn parameters(agent: &Agent) -> RemoteParameters {
    RemoteParameters {
        lite: agent.is_lite(),
        ..agent.local_credentials().clone().into()
    }
}

/// Carries candidates from one to the other as they come, then the end of candidates.
fn trickle(net: &mut Network<Host>, from: NodeId, to: NodeId, delay: Duration, ended: Rc<RefCell<bool>>) {
    let peer = net.endpoint(from).peer();
    let complete = peer.agent.gathering_state() == ice::GatheringState::Complete;
    let fresh = net.with(from, |host, _| std::mem::take(&mut host.peer_mut().candidates));
    for candidate in fresh {
        net.after(delay, move |net| {
            let line = candidate.to_string();
            net.with(to, |host, now| {
                let _ = host
                    .peer_mut()
                    .agent
                    .add_remote_candidate(now, line.parse().unwrap());
            });
        });
    }
    if complete {
        *ended.borrow_mut() = true;
        return net.after(delay, move |net| {
            net.with(to, |host, now| {
                host.peer_mut().agent.end_of_remote_candidates(now)
            });
        });
    }
    net.after(Duration::from_millis(10), move |net| {
        trickle(net, from, to, delay, ended)
    });
}
