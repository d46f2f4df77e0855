//! Transfers over simulated links in virtual time. `SCTP_SEEDS=250` runs that many seeds of each instead of a few.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use netsim::laws::Side;
use netsim::{Link, Loss, Network, NodeId};
use sctp::{Config, Reliability, SendOptions, State};
use std::net::IpAddr;
use std::time::Duration;
use support::Node;

const MINUTE: Duration = Duration::from_secs(60);

fn seeds(few: u64) -> std::ops::Range<u64> {
    let many = std::env::var("SCTP_SEEDS")
        .ok()
        .and_then(|count| count.parse().ok());
    0..many.unwrap_or(few)
}

/// A link with 10 ms, jitter, reordering, duplication and datagrams of at most 1,200 bytes.
fn link(loss: f64) -> Link {
    Link {
        latency: Duration::from_millis(10),
        jitter: Duration::from_millis(3),
        loss: Loss::bursts(loss, 1.5),
        reorder: 0.02,
        reorder_delay: Duration::from_millis(8),
        duplicate: 0.02,
        mtu: 1200,
        ..Link::default()
    }
}

/// Both ends open at once.
fn connect(seed: u64, link: &Link, config: &Config) -> (Network<Node>, NodeId, NodeId) {
    let mut network = Network::new(seed);
    let [a, b] = Node::pair(config, seed);
    let address = |side: Side| -> IpAddr { side.address().ip() };
    let a = network.add_host(a, &[address(Side::A)], link);
    let b = network.add_host(b, &[address(Side::B)], &Link::default());
    network.with(a, |node, now| node.core.connect(now));
    network.with(b, |node, now| node.core.connect(now));
    (network, a, b)
}

fn send(
    network: &mut Network<Node>,
    node: NodeId,
    messages: impl Iterator<Item = (u16, usize, SendOptions)>,
) {
    network.with(node, |node, now| {
        node.outbox.extend(messages);
        node.work(now);
    });
}

#[test]
fn ten_megabytes_arrive_in_order_over_any_loss() {
    for percent in [0, 1, 5, 20] {
        for seed in seeds(2) {
            let config = Config {
                receive_window: 1 << 20,
                send_buffer: 1 << 20,
                ..Config::default()
            };
            let (mut network, a, b) = connect(seed, &link(f64::from(percent) / 100.0), &config);
            let options = SendOptions::default();
            let count: u32 = 640;
            send(
                &mut network,
                a,
                (0..count).map(|index| ((index % 3) as u16, 16_384, options)),
            );
            let done = network.run_while(60 * MINUTE, |network| {
                network.endpoint(b).received.len() < count as usize
            });
            let (from, to) = (network.endpoint(a), network.endpoint(b));
            assert!(
                done,
                "{percent} %, seed {seed}: stuck at {} messages, {:?}",
                to.received.len(),
                from.core.stats()
            );
            for stream in 0..3 {
                let indices = to.indices(stream);
                assert!(indices.iter().copied().eq(0..indices.len() as u32), "in order");
            }
            assert!(
                from.peak <= 1 << 20 && to.peak <= (1 << 20) + 300_000,
                "{} {}",
                from.peak,
                to.peak
            );
            if seed == 0 {
                println!("{percent} %: {:?}, {:?}", network.elapsed(), from.core.stats());
            }
        }
    }
}

#[test]
fn unordered_messages_arrive_once_each() {
    for seed in seeds(5) {
        let (mut network, a, b) = connect(seed, &link(0.1), &Config::default());
        let options = SendOptions {
            unordered: true,
            ..SendOptions::default()
        };
        let sizes = [4, 100, 1131, 1133, 5000, 70_000];
        send(
            &mut network,
            a,
            (0..300).map(|index| (5, sizes[index % 6], options)),
        );
        assert!(network.run_while(60 * MINUTE, |network| network.endpoint(b).received.len() < 300));
        let mut indices = network.endpoint(b).indices(5);
        assert!(
            !indices.is_sorted(),
            "seed {seed}: loss should have reordered some"
        );
        indices.sort_unstable();
        assert!(indices.iter().copied().eq(0..300));
    }
}

#[test]
fn partial_reliability_keeps_order_and_never_stalls_the_rest() {
    for seed in seeds(10) {
        let (mut network, a, b) = connect(seed, &link(0.15), &Config::default());
        let partial = |reliability| SendOptions {
            reliability,
            ..SendOptions::default()
        };
        let kinds = [
            (1, partial(Reliability::Retransmits(0))),
            (2, partial(Reliability::Retransmits(1))),
            (3, partial(Reliability::Lifetime(Duration::from_millis(50)))),
            (
                4,
                SendOptions {
                    unordered: true,
                    ..partial(Reliability::Retransmits(0))
                },
            ),
            (5, SendOptions::default()),
        ];
        let messages = (0..500_usize).map(|index| {
            let (stream, options) = kinds[index % 5];
            (stream, [50, 1000, 3500, 9000][index % 4], options)
        });
        send(&mut network, a, messages);
        let finished = |network: &Network<Node>| {
            network.endpoint(b).indices(5).len() == 100 && network.endpoint(a).core.stats().send_buffered == 0
        };
        assert!(
            network.run_while(10 * MINUTE, |network| !finished(network)),
            "seed {seed}"
        );
        let received = network.endpoint(b);
        for stream in [1, 2, 3, 5] {
            assert!(
                received.indices(stream).is_sorted(),
                "seed {seed}, stream {stream}"
            );
        }
        let stats = network.endpoint(a).core.stats();
        let partial_received: usize = [1, 2, 3, 4]
            .iter()
            .map(|stream| received.indices(*stream).len())
            .sum();
        assert!(stats.messages_abandoned > 0, "seed {seed}");
        // A message that was given up may have arrived all the same, but none is lost that was not given up.
        assert!(
            partial_received as u64 + stats.messages_abandoned >= 400,
            "seed {seed}: {partial_received} {stats:?}"
        );
        assert_eq!(
            network.endpoint(b).core.stats().receive_window,
            Config::default().receive_window
        );
    }
}

#[test]
fn a_slow_reader_slows_the_sender_and_loses_nothing() {
    for seed in seeds(3) {
        let config = Config {
            receive_window: 64 << 10,
            max_message_size: 32 << 10,
            ..Config::default()
        };
        let (mut network, a, b) = connect(seed, &link(0.05), &config);
        network.with(b, |node, _| node.pace = Some(Duration::from_millis(200)));
        send(
            &mut network,
            a,
            (0..100).map(|_| (0, 20_000, SendOptions::default())),
        );
        assert!(
            network.run_while(60 * MINUTE, |network| network.endpoint(b).received.len() < 100),
            "seed {seed}"
        );
        let reader = network.endpoint(b);
        assert!(reader.indices(0).iter().copied().eq(0..100));
        assert!(reader.peak <= (64 << 10) + (32 << 10) + 2000, "{}", reader.peak);
        assert_eq!(network.endpoint(a).core.state(), State::Established);
    }
}

#[test]
fn both_directions_at_once_with_a_reset_in_between() {
    for seed in seeds(5) {
        let (mut network, a, b) = connect(seed, &link(0.1), &Config::default());
        let messages =
            |count: u32| (0..count).map(|index| ((index % 4) as u16, 8000, SendOptions::default()));
        send(&mut network, a, messages(200));
        send(&mut network, b, messages(200));
        let busy = |network: &Network<Node>, count: usize| {
            network.endpoint(a).received.len() < count || network.endpoint(b).received.len() < count
        };
        assert!(
            network.run_while(60 * MINUTE, |network| busy(network, 200)),
            "seed {seed}"
        );
        network.with(a, |node, now| {
            node.core.reset_streams(now, &[0, 1, 2, 3]).unwrap()
        });
        network.take_events(b);
        let resets = |network: &Network<Node>| {
            let events = network.events(b).map(|(_, event)| event);
            events
                .filter(|event| matches!(event, sctp::Event::StreamReset { .. }))
                .count()
        };
        assert!(
            network.run_while(MINUTE, |network| resets(network) < 4),
            "seed {seed}"
        );
        network.run_for(5 * MINUTE);
        send(&mut network, a, messages(40));
        assert!(
            network.run_while(60 * MINUTE, |network| network.endpoint(b).received.len() < 240),
            "seed {seed}"
        );
        let order = network.endpoint(b).indices(2);
        assert!(
            order.iter().copied().eq(0..60),
            "the application's count goes on, SSNs began again"
        );
        network.with(b, |node, now| node.core.shutdown(now));
        network.run_for(MINUTE);
        assert_eq!(network.endpoint(a).core.state(), State::Ended);
        assert_eq!(network.endpoint(b).core.state(), State::Ended);
    }
}

#[test]
fn a_bottleneck_is_filled_without_long_queues_of_losses() {
    // 50 Mbit/s, 20 ms, a queue of 100 packets: 10 MB need 1.6 s at line rate.
    let bottleneck = Link {
        latency: Duration::from_millis(10),
        rate: Some(50_000_000),
        queue: 120_000,
        ..Link::default()
    };
    let (mut network, a, b) = connect(1, &bottleneck, &Config::default());
    send(
        &mut network,
        a,
        (0..640).map(|_| (0, 16_384, SendOptions::default())),
    );
    assert!(network.run_while(MINUTE, |network| network.endpoint(b).received.len() < 640));
    println!("{:?}, {:?}", network.elapsed(), network.endpoint(a).core.stats());
    assert!(
        network.elapsed() < Duration::from_secs(4),
        "{:?}",
        network.elapsed()
    );
}

#[test]
fn a_fast_short_path_is_not_held_back() {
    // 8 Gbit/s and 100 µs: 26 MB need 26 ms at line rate; slow start and 1 % per acknowledgement batch must not multiply it.
    let path = Link {
        latency: Duration::from_micros(50),
        rate: Some(8_000_000_000),
        queue: 4 << 20,
        ..Link::default()
    };
    let (mut network, a, b) = connect(1, &path, &Config::default());
    let start = network.now();
    send(
        &mut network,
        a,
        (0..400).map(|_| (0, 65_536, SendOptions::default())),
    );
    assert!(network.run_while(MINUTE, |network| network.endpoint(b).received.len() < 400));
    let took = network.now() - start;
    println!("{took:?}, {:?}", network.endpoint(a).core.stats());
    assert!(took < Duration::from_millis(80), "{took:?}");
}

#[test]
fn a_path_that_dies_for_a_while_and_one_that_dies_for_good() {
    let (mut network, a, b) = connect(3, &link(0.0), &Config::default());
    send(
        &mut network,
        a,
        (0..50).map(|_| (0, 10_000, SendOptions::default())),
    );
    network.run_for(Duration::from_millis(60));
    let address = Side::B.address().ip();
    network.set_up(b, address, false);
    network.run_for(Duration::from_secs(20));
    network.set_up(b, address, true);
    assert!(network.run_while(MINUTE, |network| network.endpoint(b).received.len() < 50));
    network.set_up(b, address, false);
    send(&mut network, a, std::iter::once((0, 10, SendOptions::default())));
    network.run_for(60 * MINUTE);
    assert_eq!(network.endpoint(a).core.state(), State::Ended);
    assert_eq!(
        network.endpoint(b).core.state(),
        State::Ended,
        "heartbeats notice it too"
    );
}
