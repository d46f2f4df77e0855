//! Handshakes and data over a network that loses, reorders, duplicates and delays, in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dtls::core::Connection;
use dtls::{Config, Event, KeyKind};
use netsim::laws::{Case, Side};
use netsim::{Endpoint, Link, Loss, Network, Path, Transmit};
use support::{Pair, providers, webrtc};

/// A connection with its peer's address, and an application that says things once it can.
struct Peer {
    connection: Connection,
    path: Path,
    outbox: VecDeque<Vec<u8>>,
    received: Vec<Vec<u8>>,
    was_connected: bool,
}

impl Peer {
    fn new(connection: Connection, path: Path) -> Self {
        Self {
            connection,
            path,
            outbox: VecDeque::new(),
            received: Vec::new(),
            was_connected: false,
        }
    }

    fn say(&mut self, now: Instant, what: &[u8]) {
        self.outbox.push_back(what.to_vec());
        self.speak(now);
    }

    fn speak(&mut self, now: Instant) {
        while self.connection.is_connected()
            && let Some(what) = self.outbox.pop_front()
        {
            self.connection.send(now, &what).unwrap();
        }
    }
}

impl Endpoint for Peer {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, _path: Path, datagram: &mut [u8]) {
        let data = self.connection.handle_input(now, datagram);
        self.received
            .extend(data.into_iter().map(std::borrow::Cow::into_owned));
        self.speak(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.connection.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        self.connection.poll_transmit(now, out)?;
        Some(Transmit {
            path: self.path,
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        let event = self.connection.poll_event();
        self.was_connected |= event == Some(Event::Connected);
        event
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.connection.poll_timeout()
    }

    fn footprint(&self) -> usize {
        self.connection.held_bytes()
    }
}

fn seed(number: u64, side: u8) -> [u8; 32] {
    let mut seed = [side; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    seed
}

fn peers(number: u64, client: &Arc<Config>, server: &Arc<Config>, path: Path) -> [Peer; 2] {
    [
        Peer::new(Connection::client(Arc::clone(client), seed(number, 1)), path),
        Peer::new(
            Connection::server(Arc::clone(server), seed(number, 2)),
            path.reversed(),
        ),
    ]
}

/// Connects over `link`, then sends records until one has arrived each way.
fn survives(number: u64, link: &Link, client: &Arc<Config>, server: &Arc<Config>) -> Duration {
    let [a, b]: [SocketAddr; 2] = [
        "192.0.2.1:5000".parse().unwrap(),
        "192.0.2.2:5000".parse().unwrap(),
    ];
    let (mut network, a, b) = Network::pair(number, link, peers(number, client, server, Path::new(a, b)));
    network.with(a, |peer, now| peer.connection.connect(now));
    let connected = network.run_while(Duration::from_secs(60), |network| {
        !(network.endpoint(a).connection.is_connected() && network.endpoint(b).connection.is_connected())
    });
    assert!(
        connected,
        "seed {number}: {:?} {:?}",
        network.endpoint(a).connection.stats(),
        network.endpoint(b).connection.stats()
    );
    let took = network.elapsed();
    for _ in 0..100 {
        network.with(a, |peer, now| peer.say(now, b"up"));
        network.with(b, |peer, now| peer.say(now, b"down"));
        network.run_for(Duration::from_millis(100));
    }
    for (node, expected) in [(a, &b"down"[..]), (b, b"up")] {
        let peer = network.endpoint(node);
        assert!(
            !peer.received.is_empty() && peer.received.iter().all(|record| record == expected),
            "seed {number}"
        );
        assert!(
            peer.received.len() <= 100,
            "seed {number}: a duplicate got through"
        );
        assert!(peer.connection.is_connected(), "seed {number}");
        assert_eq!(peer.connection.held_bytes(), 0, "seed {number}");
        assert_eq!(peer.connection.poll_timeout(), None, "seed {number}");
    }
    took
}

/// Ed25519 signatures all have the same length, so a seed has the same datagrams in every run.
fn configs(mtu: usize, cookies: bool) -> (Arc<Config>, Arc<Config>) {
    let (mut client, mut server) = webrtc(&providers()[0], KeyKind::Ed25519);
    for config in [&mut client, &mut server] {
        config.mtu = mtu;
        config.initial_rto = Duration::from_millis(100);
        config.cookies = cookies;
    }
    (Arc::new(client), Arc::new(server))
}

#[test]
fn a_thousand_hostile_networks() {
    let variants = [
        configs(1200, false),
        configs(1200, true),
        configs(300, false),
        configs(256, true),
    ];
    for number in 0..1000_u32 {
        let (client, server) = &variants[number as usize % variants.len()];
        let link = Link::hostile(f64::from(number % 21) / 100.0);
        survives(u64::from(number), &link, client, server);
    }
}

#[test]
fn bursts_of_loss_and_heavy_reordering() {
    let [client, server] = <[Arc<Config>; 2]>::from(configs(300, false)).map(|config| {
        // A burst ends after so many datagrams, not after some time: what matters is the number of attempts.
        Arc::new(Config {
            max_rto: Duration::from_secs(1),
            ..(*config).clone()
        })
    });
    for number in 0..100 {
        let link = Link {
            latency: Duration::from_millis(30),
            jitter: Duration::from_millis(20),
            loss: Loss::bursts(0.15, 5.0),
            reorder: 0.4,
            reorder_delay: Duration::from_millis(40),
            duplicate: 0.3,
            mtu: 300,
            ..Link::default()
        };
        survives(number, &link, &client, &server);
    }
}

#[test]
fn datagrams_get_smaller_when_larger_ones_are_lost() {
    let (client, server) = configs(1400, false);
    // Both sides believe in 1400 bytes; the path has 600 and does not tell.
    let (mut rsa_client, mut rsa_server) = webrtc(&providers()[0], KeyKind::Rsa2048);
    for config in [&mut rsa_client, &mut rsa_server] {
        config.mtu = 1400;
        config.initial_rto = Duration::from_millis(100);
    }
    let link = Link {
        latency: Duration::from_millis(10),
        mtu: 600,
        ..Link::default()
    };
    survives(1, &link, &client, &server);
    survives(1, &link, &Arc::new(rsa_client), &Arc::new(rsa_server));
}

#[test]
fn two_round_trips_are_enough() {
    let (client, server) = configs(1200, false);
    let link = Link::with_latency(Duration::from_millis(50));
    assert_eq!(survives(1, &link, &client, &server), Duration::from_millis(200));
    let (client, server) = configs(1200, true);
    assert_eq!(survives(1, &link, &client, &server), Duration::from_millis(300));
}

/// Runs a handshake in which the datagrams with these numbers (both directions counted together) are lost.
fn survives_without(lost: &[usize], mtu: usize) -> usize {
    let (client, server) = configs(mtu, true);
    let mut pair = Pair::new((*client).clone(), (*server).clone());
    let mut count = 0;
    for _ in 0..200 {
        let up = pair.client.datagrams(pair.now);
        let down = pair.server.datagrams(pair.now);
        if up.is_empty() && down.is_empty() {
            if pair.client.connection.is_connected() && pair.server.connection.is_connected() {
                return count;
            }
            let timeouts = [
                pair.client.connection.poll_timeout(),
                pair.server.connection.poll_timeout(),
            ];
            pair.now = timeouts.into_iter().flatten().min().unwrap();
            pair.client.connection.handle_timeout(pair.now);
            pair.server.connection.handle_timeout(pair.now);
        }
        for (datagrams, to) in [(up, &mut pair.server), (down, &mut pair.client)] {
            for datagram in datagrams {
                if !lost.contains(&count) {
                    to.input(pair.now, datagram);
                }
                count += 1;
            }
        }
    }
    unreachable!("no connection without {lost:?} at {mtu}");
}

#[test]
fn any_two_datagrams_may_be_lost() {
    for mtu in [300, 1200] {
        let count = survives_without(&[], mtu);
        assert!(count > 5, "{count}");
        for first in 0..count + 2 {
            for second in first..count + 4 {
                survives_without(&[first, second], mtu);
            }
        }
    }
}

#[test]
fn the_laws_hold() {
    for (cookies, mtu) in [(true, 1200), (false, 1200), (true, 300)] {
        let (client, server) = configs(mtu, cookies);
        let second = Duration::from_secs;
        let case = Case::new("dtls", move |number| {
            peers(number, &client, &server, Side::A.path())
        })
        .at(second(0), Side::A, |peer, now| peer.connection.connect(now))
        .at(second(0), Side::A, |peer, now| {
            peer.say(now, b"as soon as possible")
        })
        .at(second(0), Side::B, |peer, now| peer.say(now, b"the same"))
        .at(second(15), Side::A, |peer, now| peer.say(now, b"late"))
        .at(Duration::from_millis(15_100), Side::B, |peer, now| {
            peer.say(now, b"late, too")
        })
        .at(second(25), Side::A, |peer, now| peer.connection.close(now))
        .seeds(0..12)
        .shape(|datagram| {
            // Type, version, epoch and number of the first record, and the length of it all.
            let mut shape: Vec<u8> = datagram.iter().copied().take(11).collect();
            shape.extend_from_slice(&datagram.len().to_be_bytes());
            shape
        })
        .goal(|a, b| a.was_connected && b.was_connected && a.connection.is_closed())
        // Two messages under way, early records of both kinds, and the transcript of one handshake.
        .footprint_limit(2 * 32 * 1024 + 2 * 32 * 1024 + 64 * 1024);
        if cookies {
            case.validated(|peer| peer.connection.is_peer_validated()).check()
        } else {
            case.check()
        }
    }
}

#[test]
fn a_vanished_peer_is_a_timeout() {
    let (client, _) = configs(1200, false);
    let now = Instant::now();
    let mut connection = Connection::client(client, [1; 32]);
    connection.connect(now);
    let mut sent = 0;
    let mut last = now;
    while let Some(next) = connection.poll_timeout() {
        let mut out = Vec::new();
        while connection.poll_transmit(last, &mut out).is_some() {
            sent += 1;
        }
        assert!(next > last);
        last = next;
        connection.handle_timeout(next);
    }
    assert_eq!(
        connection.poll_event(),
        Some(Event::Closed(dtls::CloseReason::HandshakeTimeout))
    );
    assert_eq!(last - now, Duration::from_secs(60));
    assert_eq!(sent, 10, "0.1 s, doubled each time");
}
