//! The laws L1 to L6 for the client and the server, with every kind of credentials.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use netsim::laws::{Case, Side};
use netsim::{Endpoint, Path, Transmit};
use stun::core::{Client, Event, Request, Server, StaticCredentials};
use stun::{Authentication, ClientConfig, Credentials, ServerConfig, ShortTermIntegrity};

enum Node {
    Client { core: Box<Client>, answers: usize },
    Server(Box<Server>),
}

impl Endpoint for Node {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, path: Path, datagram: &mut [u8]) {
        match self {
            Self::Client { core, .. } => core.handle_input(now, path.remote, datagram),
            Self::Server(core) => core.handle_input(now, path.remote, datagram),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Client { core, .. } => core.handle_timeout(now),
            Self::Server(core) => core.handle_timeout(now),
        }
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let (side, transmit) = match self {
            Self::Client { core, .. } => (Side::A, core.poll_transmit(now, out)?),
            Self::Server(core) => (Side::B, core.poll_transmit(now, out)?),
        };
        Some(Transmit {
            path: Path::new(side.address(), transmit.destination),
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        let Self::Client { core, answers } = self else {
            return None;
        };
        let event = core.poll_event()?;
        *answers += usize::from(matches!(event, Event::Success { .. }));
        Some(event)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Client { core, .. } => core.poll_timeout(),
            Self::Server(core) => core.poll_timeout(),
        }
    }

    fn footprint(&self) -> usize {
        match self {
            Self::Client { core, .. } => core.outstanding(),
            Self::Server(core) => core.queued(),
        }
    }
}

const REQUESTS: usize = 4;

fn case(name: &'static str, credentials: Option<Credentials>, authentication: Authentication) -> Case<Node> {
    let case = Case::new(name, move |seed| {
        let seed = |side: u8| [seed.to_le_bytes()[0] ^ side; 32];
        let config = ClientConfig {
            credentials: credentials.clone(),
            fingerprint: true,
            ..Default::default()
        };
        let client = Client::new(config, Side::B.address(), seed(1));
        let config = ServerConfig {
            authentication: authentication.clone(),
            nonce_lifetime: Duration::from_secs(3),
            require_fingerprint: true,
            ..Default::default()
        };
        [
            Node::Client {
                core: Box::new(client),
                answers: 0,
            },
            Node::Server(Box::new(Server::new(config, seed(2)))),
        ]
    });
    let ask = |node: &mut Node, now: Instant| {
        let Node::Client { core, .. } = node else {
            panic!("not a client")
        };
        core.request(now, Request::binding()).unwrap();
    };
    let case = (0..REQUESTS as u64).fold(case, |case, n| {
        case.at(Duration::from_secs(n / 2 * 5), Side::A, ask)
    });
    case.duration(Duration::from_secs(60))
        .footprint_limit(64)
        .goal(|client, _| matches!(client, Node::Client { answers, .. } if *answers == REQUESTS))
}

#[test]
fn without_credentials() {
    // A Binding server validates nobody, ever.
    case("stun", None, Authentication::None)
        .validated(|_| false)
        .check();
}

#[test]
fn with_short_term_credentials() {
    let credentials = Credentials::short_term("user", "pass", ShortTermIntegrity::Both).unwrap();
    let store = Arc::new(StaticCredentials::new([credentials.clone()]));
    // Only those who know the password get through to the client.
    case(
        "stun short-term",
        Some(credentials),
        Authentication::ShortTerm(store),
    )
    .noise_is_harmless()
    .check();
}

#[test]
fn with_long_term_credentials() {
    let credentials = Credentials::long_term("user", "pass").unwrap();
    let store = Arc::new(StaticCredentials::new([credentials.clone()]));
    let authentication = Authentication::LongTerm {
        realm: "example.org".to_owned(),
        store,
    };
    // A challenge is longer than three short requests: RFC 8489 §9.2.4 wants it so.
    case("stun long-term", Some(credentials), authentication).check();
}
