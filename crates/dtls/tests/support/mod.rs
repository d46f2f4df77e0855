//! Two connections that talk to each other in memory.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use dtls::core::Connection;
use dtls::{
    Certificate, ClientAuth, Config, Event, FingerprintAlgorithm, KeyKind, PeerVerification, Provider,
    UnixTime,
};

pub(crate) fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

/// A certificate; RSA keys are slow to make, so they are made once.
pub(crate) fn certificate(provider: &Provider, kind: KeyKind) -> Certificate {
    static RSA: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);
    let time = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
    let make = || Certificate::self_signed(provider, kind, time(1_700_000_000), time(1_900_000_000)).unwrap();
    if kind != KeyKind::Rsa2048 {
        return make();
    }
    let mut rsa = RSA.lock().unwrap();
    let pem = rsa.get_or_insert_with(|| make().to_pem().unwrap());
    Certificate::from_pem(provider, pem, pem).unwrap()
}

/// Configurations of two WebRTC peers that know each other's fingerprint.
pub(crate) fn webrtc(provider: &Provider, kind: KeyKind) -> (Config, Config) {
    let (ours, theirs) = (certificate(provider, kind), certificate(provider, kind));
    let config = |own: &Certificate, other: &Certificate| Config {
        certificate: Some(own.clone()),
        verify: PeerVerification::Fingerprints(vec![other.fingerprint(FingerprintAlgorithm::Sha256)]),
        client_auth: ClientAuth::Require,
        ..Config::new(provider.clone())
    };
    (config(&ours, &theirs), config(&theirs, &ours))
}

/// A connection with what it has said.
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) events: Vec<Event>,
    pub(crate) received: Vec<Vec<u8>>,
}

impl End {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            events: Vec::new(),
            received: Vec::new(),
        }
    }

    pub(crate) fn datagrams(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut datagrams = Vec::new();
        loop {
            let mut out = Vec::new();
            let Some(transmit) = self.connection.poll_transmit(now, &mut out) else {
                break;
            };
            assert_eq!(transmit.len, out.len());
            datagrams.push(out);
        }
        self.events
            .extend(std::iter::from_fn(|| self.connection.poll_event()));
        datagrams
    }

    pub(crate) fn input(&mut self, now: Instant, mut datagram: Vec<u8>) {
        for data in self.connection.handle_input(now, &mut datagram) {
            self.received.push(data.into_owned());
        }
        self.events
            .extend(std::iter::from_fn(|| self.connection.poll_event()));
    }
}

/// A client and a server, and the time.
pub(crate) struct Pair {
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) now: Instant,
}

impl Pair {
    /// The client has been told to connect.
    pub(crate) fn new(client: Config, server: Config) -> Self {
        let now = Instant::now();
        let mut client = Connection::client(Arc::new(client), [1; 32]);
        client.connect(now);
        let server = Connection::server(Arc::new(server), [2; 32]);
        Self {
            client: End::new(client),
            server: End::new(server),
            now,
        }
    }

    /// Carries datagrams until nobody has any.
    pub(crate) fn run(&mut self) {
        loop {
            let up = self.client.datagrams(self.now);
            let idle = up.is_empty();
            up.into_iter()
                .for_each(|datagram| self.server.input(self.now, datagram));
            let down = self.server.datagrams(self.now);
            if idle && down.is_empty() {
                return;
            }
            down.into_iter()
                .for_each(|datagram| self.client.input(self.now, datagram));
        }
    }

    /// Sends data both ways and checks that it arrives.
    pub(crate) fn exchange(&mut self, name: &str) {
        for length in [0, 1, 1200, 16384] {
            let data: Vec<u8> = (0..=255).cycle().take(length).collect();
            self.client.connection.send(self.now, &data).unwrap();
            self.server.connection.send(self.now, &data).unwrap();
            self.run();
            assert_eq!(self.server.received.pop().as_ref(), Some(&data), "{name}");
            assert_eq!(self.client.received.pop().as_ref(), Some(&data), "{name}");
        }
    }
}
