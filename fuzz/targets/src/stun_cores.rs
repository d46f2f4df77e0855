//! STUN: client and server, with every kind of credentials.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stun::attributes::{ChangeRequest, Lifetime, PasswordAlgorithm, XorPeerAddress};
use stun::core::{Client, Event, Request, RequestId, Server, StaticCredentials};
use stun::{
    AttributeType, Authentication, ClientConfig, Credentials, IntegrityKey, Login, Message, MessageRef,
    MessageWriter, Method, ServerConfig, ShortTermIntegrity, Transport,
};

use crate::duel::{Core, Script, duel};

const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 5000);
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)), 3478);

enum Node {
    Client {
        core: Box<Client>,
        last: Option<RequestId>,
        keys: Arc<[IntegrityKey]>,
    },
    Server {
        core: Box<Server>,
        keys: Arc<[IntegrityKey]>,
    },
}

impl Core for Node {
    const FOOTPRINT: usize = 64;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        match self {
            Self::Client { core, .. } => core.handle_input(now, SERVER, packet),
            Self::Server { core, .. } => core.handle_input(now, CLIENT, packet),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Client { core, .. } => core.handle_timeout(now),
            Self::Server { core, .. } => core.handle_timeout(now),
        }
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let transmit = match self {
            Self::Client { core, .. } => core.poll_transmit(now, out),
            Self::Server { core, .. } => core.poll_transmit(now, out),
        };
        assert!(
            transmit.is_none() || MessageRef::decode(out).is_ok(),
            "what is sent is STUN"
        );
        transmit.is_some()
    }

    fn poll_event(&mut self, _now: Instant) -> bool {
        let Self::Client { core, .. } = self else {
            return false;
        };
        match core.poll_event() {
            Some(Event::Success { response, .. }) => {
                let _ = response.message.as_ref().mapped_address();
                true
            }
            Some(Event::Failed { reason, .. }) => !reason.to_string().is_empty(),
            None => false,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Client { core, .. } => core.poll_timeout(),
            Self::Server { core, .. } => core.poll_timeout(),
        }
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        let Self::Client { core, last, .. } = self else {
            return;
        };
        match script.byte() % 8 {
            0..=2 => *last = core.request(now, Request::binding()).ok().or(*last),
            3 => {
                let peer = SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), script.short());
                let request = Request::new(Method::CREATE_PERMISSION).with(&XorPeerAddress(peer));
                *last = core.request(now, request.with(&Lifetime(7))).ok().or(*last);
            }
            4 => {
                let change = ChangeRequest {
                    change_ip: true,
                    change_port: script.flag(),
                };
                let request = Request::binding().with(&change).answered_from_anywhere();
                *last = core.request(now, request).ok().or(*last);
            }
            5 => last.iter().for_each(|id| core.cancel(*id)),
            6 => core.handle_unreachable(SERVER),
            _ => core.handle_disconnect(),
        }
    }

    /// Writes the message again with integrity codes under one of the right keys.
    fn seal(&self, packet: &mut Vec<u8>) {
        let (Self::Client { keys, .. } | Self::Server { keys, .. }) = self;
        let Some(sealed) = MessageRef::decode(packet)
            .ok()
            .map(|message| sign(&message.to_message(), keys))
        else {
            return;
        };
        *packet = sealed;
    }

    fn footprint(&self) -> usize {
        match self {
            Self::Client { core, .. } => core.outstanding(),
            Self::Server { core, .. } => core.queued(),
        }
    }
}

fn sign(message: &Message, keys: &[IntegrityKey]) -> Vec<u8> {
    let message = message.as_ref();
    let mut out = Vec::new();
    let mut writer = MessageWriter::new(
        &mut out,
        message.class(),
        message.method(),
        message.transaction_id(),
    );
    let choice = usize::from(
        message
            .transaction_id()
            .as_bytes()
            .last()
            .copied()
            .unwrap_or_default(),
    );
    let key = keys.get(choice % keys.len().max(1));
    for raw in message.attributes() {
        match (raw.ty, key) {
            (AttributeType::MESSAGE_INTEGRITY, Some(key)) => writer.integrity(key),
            (AttributeType::MESSAGE_INTEGRITY_SHA256, Some(key)) => writer.integrity_sha256(key),
            (AttributeType::FINGERPRINT, _) => writer.fingerprint(),
            _ => writer.raw(raw.ty, raw.value),
        };
    }
    writer.finish();
    out
}

struct Scenario {
    credentials: Option<Credentials>,
    authentication: Authentication,
    keys: Vec<IntegrityKey>,
}

fn scenario(choice: u8) -> Option<Scenario> {
    let provider = crypto::Provider::default();
    let short = |integrity| Credentials::short_term("user", "pass", integrity).ok();
    let credentials = match choice % 4 {
        0 => None,
        1 => short(ShortTermIntegrity::Both),
        2 => short(ShortTermIntegrity::Sha256),
        _ => Credentials::long_term("user", "pass").ok(),
    };
    let store = Arc::new(StaticCredentials::new(credentials.clone()));
    let login = Login {
        username: "user",
        realm: "realm",
        password: "pass",
    };
    let long = |algorithm| IntegrityKey::long_term(&provider, algorithm, &login);
    let (authentication, keys) = match choice % 4 {
        0 => (Authentication::None, vec![]),
        1 | 2 => (
            Authentication::ShortTerm(store),
            vec![IntegrityKey::short_term(&provider, "pass")],
        ),
        _ => (
            Authentication::LongTerm {
                realm: "realm".to_owned(),
                store,
            },
            vec![long(PasswordAlgorithm::Sha256), long(PasswordAlgorithm::Md5)],
        ),
    };
    Some(Scenario {
        credentials,
        authentication,
        keys,
    })
}

/// A client and a server, and whatever happens between them.
///
/// # Panics
/// When a law is broken.
pub fn stun_client(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let Some(scenario) = scenario(choice) else { return };
    let transport = if choice & 0x10 == 0 {
        Transport::Datagram
    } else {
        Transport::Stream
    };
    let config = ClientConfig {
        credentials: scenario.credentials,
        transport,
        fingerprint: choice & 0x20 != 0,
        software: (choice & 0x40 != 0).then(|| "fuzz".to_owned()),
        ..ClientConfig::default()
    };
    let server = ServerConfig {
        authentication: scenario.authentication,
        nonce_lifetime: Duration::from_secs(5),
        alternate_server: (choice & 0x80 != 0).then_some(CLIENT),
        ..ServerConfig::default()
    };
    let keys: Arc<[IntegrityKey]> = scenario.keys.into();
    let client = Client::new(config, SERVER, [1; 32]);
    let server = Server::new(server, [2; 32]);
    let client = Node::Client {
        core: Box::new(client),
        last: None,
        keys: Arc::clone(&keys),
    };
    duel(
        [
            client,
            Node::Server {
                core: Box::new(server),
                keys,
            },
        ],
        data,
    );
}

/// A server alone, which gets the bytes as they are, and sealed.
///
/// # Panics
/// When a law is broken.
pub fn stun_server(data: &[u8]) {
    let Some((&choice, datagram)) = data.split_first() else {
        return;
    };
    let Some(scenario) = scenario(choice) else { return };
    let mut config = ServerConfig {
        authentication: scenario.authentication,
        ..ServerConfig::default()
    };
    config.require_fingerprint = choice & 0x20 != 0;
    let open = matches!(config.authentication, Authentication::None);
    let mut server = Server::new(config, [2; 32]);
    let now = Instant::now();
    let mut packets = vec![datagram.to_vec()];
    if let Ok(message) = MessageRef::decode(datagram) {
        packets.push(sign(&message.to_message(), &scenario.keys));
    }
    for packet in packets {
        server.handle_input(now, CLIENT, &packet);
        let mut out = Vec::new();
        while server.poll_transmit(now, &mut out).is_some() {
            assert!(MessageRef::decode(&out).is_ok_and(|message| message.class().is_response()));
            assert!(!open || out.len() <= 3 * packet.len(), "law L4: amplification");
            assert!(out.len() <= 256, "no response is long");
            out.clear();
        }
    }
}
