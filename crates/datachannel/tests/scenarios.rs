//! Channels over links that delay, lose, reorder and duplicate, in virtual time.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use datachannel::core::ChannelId;
use datachannel::{ChannelConfig, CloseReason, Config, Event, Kind, Reliability, State};
use netsim::{Link, Network, NodeId};
use support::Node;

const LIMIT: Duration = Duration::from_secs(120);

struct World {
    network: Network<Node>,
    a: NodeId,
    b: NodeId,
}

impl World {
    fn new(seed: u64, link: &Link) -> Self {
        let (network, a, b) = Network::pair(seed, link, Node::pair(&Config::default(), seed));
        let mut world = Self { network, a, b };
        for node in [a, b] {
            world.network.with(node, |node, now| node.core.connect(now));
        }
        world
    }

    fn open(&mut self, at: NodeId, config: ChannelConfig) -> ChannelId {
        let id = self
            .network
            .with(at, |node, now| node.core.open(now, config).unwrap());
        let open = self.network.run_while(LIMIT, |network| {
            network.endpoint(at).core.state(id) != Some(State::Open)
        });
        assert!(open, "the channel did not open");
        id
    }

    /// Sends numbered messages as fast as there is room, while the other end reads.
    fn transfer(&mut self, from: NodeId, id: ChannelId, count: u32, size: usize) {
        let to = if from == self.a { self.b } else { self.a };
        let mut next = 0;
        while next < count {
            next = self.network.with(from, |node, now| {
                let sent = (next..count)
                    .take_while(|n| node.core.send(now, id, Kind::Binary, numbered(*n, size)).is_ok());
                next + u32::try_from(sent.count()).unwrap()
            });
            self.network.run_for(Duration::from_millis(50));
            self.network.with(to, |node, _| node.read());
        }
    }

    /// Until `done`, with both ends reading.
    fn settle(&mut self, done: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..6000 {
            for node in [self.a, self.b] {
                self.network.with(node, |node, _| node.read());
            }
            if done(self) {
                return true;
            }
            self.network.run_for(Duration::from_millis(100));
        }
        false
    }

    fn numbers(&self, at: NodeId, label: &str) -> Vec<u32> {
        self.network.endpoint(at).numbers(label)
    }
}

fn config(label: &str, ordered: bool, reliability: Reliability) -> ChannelConfig {
    ChannelConfig {
        ordered,
        reliability,
        ..ChannelConfig::new(label)
    }
}

/// A message of `size` bytes that starts with its number.
fn numbered(n: u32, size: usize) -> Bytes {
    let mut data = n.to_be_bytes().to_vec();
    data.resize(size, 0);
    data.into()
}

#[test]
fn reliable_channels_deliver_everything_whatever_the_link() {
    for (seed, loss) in (0..40).zip([0.0, 0.02, 0.1, 0.2].into_iter().cycle()) {
        let mut world = World::new(seed, &Link::hostile(loss));
        let (a, b) = (world.a, world.b);
        let ordered = world.open(a, config("ordered", true, Reliability::Reliable));
        let unordered = world.open(b, config("unordered", false, Reliability::Reliable));
        world.transfer(a, ordered, 100, 3000);
        world.transfer(b, unordered, 100, 3000);
        let arrived = |world: &World| {
            world.numbers(b, "ordered").len() == 100 && world.numbers(a, "unordered").len() == 100
        };
        assert!(world.settle(arrived), "seed {seed}: not all has arrived");
        assert_eq!(
            world.numbers(b, "ordered"),
            (0..100).collect::<Vec<_>>(),
            "seed {seed}"
        );
        let mut sorted = world.numbers(a, "unordered");
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn limited_channels_lose_some_and_keep_their_order() {
    let limits = [
        Reliability::Retransmits(0),
        Reliability::Lifetime(Duration::from_millis(100)),
    ];
    for (seed, limit) in (0..20).zip(limits.into_iter().cycle()) {
        let mut world = World::new(seed, &Link::hostile(0.2));
        let a = world.a;
        let limited = world.open(a, config("limited", true, limit));
        let marker = world.open(a, config("marker", true, Reliability::Reliable));
        world.network.run_for(Duration::from_secs(5));
        for n in 0..200u32 {
            world.network.with(a, |node, now| {
                node.core
                    .send(now, limited, Kind::Binary, numbered(n, 500))
                    .unwrap()
            });
            world.network.run_for(Duration::from_millis(20));
        }
        world.network.run_for(Duration::from_secs(5));
        world.transfer(a, marker, 1, 4);
        let b = world.b;
        assert!(
            world.settle(|world| world.numbers(b, "marker") == [0]),
            "seed {seed}"
        );
        let numbers = world.numbers(b, "limited");
        assert!(
            numbers.is_sorted() && numbers.windows(2).all(|pair| pair[0] != pair[1]),
            "seed {seed}"
        );
        assert!(
            (50..200).contains(&numbers.len()),
            "seed {seed}: {} of 200",
            numbers.len()
        );
        // The channel works on after the loss. One message a packet: not all of them are lost.
        for _ in 0..20 {
            let data = Bytes::from(1000u32.to_be_bytes().to_vec());
            world.network.with(a, |node, now| {
                node.core.send(now, limited, Kind::Binary, data).unwrap()
            });
            world.network.run_for(Duration::from_millis(100));
        }
        assert!(
            world.settle(|world| world.numbers(b, "limited").last() == Some(&1000)),
            "seed {seed}"
        );
    }
}

#[test]
fn channels_come_and_go_under_loss_and_streams_are_used_again() {
    for seed in 0..20 {
        let mut world = World::new(seed, &Link::hostile(0.15));
        for round in 0..12 {
            let (opener, other) = if round % 2 == 0 {
                (world.a, world.b)
            } else {
                (world.b, world.a)
            };
            let label = format!("round {round}");
            let id = world.open(opener, config(&label, true, Reliability::Reliable));
            assert_eq!(world.network.endpoint(opener).core.stream_id(id), Some(round % 2));
            world.transfer(opener, id, 5, 2000);
            let closer = if round % 4 < 2 { opener } else { other };
            if closer == other {
                assert!(
                    world.settle(|world| world.numbers(other, &label).len() == 5),
                    "seed {seed} round {round}"
                );
            }
            world.network.with(closer, |node, now| {
                let id = node.find(&label).unwrap();
                node.core.close(now, id);
            });
            let closed = |world: &World| {
                [opener, other].iter().all(|end| {
                    let node = world.network.endpoint(*end);
                    node.find(&label)
                        .is_some_and(|id| node.core.state(id) == Some(State::Closed))
                })
            };
            assert!(world.settle(closed), "seed {seed} round {round}: not closed");
            assert_eq!(
                world.numbers(other, &label),
                [0, 1, 2, 3, 4],
                "seed {seed} round {round}"
            );
        }
    }
}

#[test]
fn both_ends_open_many_at_once() {
    for seed in 0..10 {
        let mut world = World::new(seed, &Link::hostile(0.1));
        for end in [world.a, world.b] {
            world.network.with(end, |node, now| {
                for n in 0..50 {
                    node.core.open(now, ChannelConfig::new(n.to_string())).unwrap();
                }
            });
        }
        let all_open = |world: &World| {
            [world.a, world.b].iter().all(|end| {
                let core = &world.network.endpoint(*end).core;
                core.ids()
                    .filter(|id| core.state(*id) == Some(State::Open))
                    .count()
                    == 100
            })
        };
        assert!(world.settle(all_open), "seed {seed}");
        for end in [world.a, world.b] {
            let core = &world.network.endpoint(end).core;
            let streams: std::collections::BTreeSet<_> =
                core.ids().map(|id| core.stream_id(id).unwrap()).collect();
            assert_eq!(streams, (0..100).collect());
        }
    }
}

#[test]
fn a_slow_reader_slows_the_sender_and_loses_nothing() {
    let mut world = World::new(1, &Link::with_latency(Duration::from_millis(10)));
    let (a, b) = (world.a, world.b);
    let id = world.open(a, config("bulk", true, Reliability::Reliable));
    let mut sent = 0u32;
    for _ in 0..200 {
        sent = world.network.with(a, |node, now| {
            let data = |n: u32| n.to_be_bytes().repeat(10_000);
            while node.core.send(now, id, Kind::Binary, data(sent).into()).is_ok() {
                sent += 1;
            }
            sent
        });
        world.network.run_for(Duration::from_millis(100));
    }
    let config = Config::default().sctp;
    let most = (config.send_buffer + 2 * config.receive_window) / 40_000;
    assert!(
        (sent as usize) < most,
        "{sent} messages were taken though nobody reads"
    );
    assert!(world.settle(|world| world.numbers(b, "bulk").len() == sent as usize));
    assert!(world.numbers(b, "bulk").is_sorted());
}

#[test]
fn a_vanished_peer_closes_all_channels_with_the_reason() {
    let mut world = World::new(3, &Link::with_latency(Duration::from_millis(10)));
    let a = world.a;
    let id = world.open(a, config("lonely", true, Reliability::Reliable));
    world.network.take_events(a);
    let [local, remote] = [netsim::laws::Side::A, netsim::laws::Side::B].map(|side| side.address().ip());
    world.network.set_up(a, local, false);
    world.network.set_up(world.b, remote, false);
    world.network.with(a, |node, now| {
        node.core.send(now, id, Kind::Text, "anyone?".into()).unwrap()
    });
    let waiting = |network: &Network<Node>| network.endpoint(a).core.state(id) == Some(State::Open);
    assert!(world.network.run_while(Duration::from_secs(600), waiting));
    let gone = sctp::CloseReason::Unreachable;
    let expected = [
        Event::Closed(id, CloseReason::Association(gone.clone())),
        Event::Disconnected(gone),
    ];
    let events = world.network.take_events(a);
    assert_eq!(events[events.len() - 2..], expected);
}
