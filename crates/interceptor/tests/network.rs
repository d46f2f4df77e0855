//! Two chains over a lossy network in virtual time: everything is repaired, and the statistics tell what the network did.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{Config, Fate};
use netsim::laws::Side;
use netsim::{Link, Loss, Network, NodeId, TraceEvent};
use std::time::Duration;
use support::node::{Node, PAYLOAD, PER_FRAME, ssrc};
use support::{IDS, ms};

const FRAMES: u32 = 600;
const PACKETS: u64 = FRAMES as u64 * PER_FRAME as u64;

fn config() -> Config {
    Config {
        extensions: IDS,
        reduced_size: true,
        ..Config::default()
    }
}

/// Video from A to B.
fn one_way(seed: u64, link: &Link, with_rtx: bool) -> (Network<Node>, NodeId, NodeId) {
    let (mut network, a, b) = Network::pair(seed, link, Node::pair(&config(), seed));
    network.with(b, |node, now| node.receive(now, Side::A, with_rtx));
    network.with(a, |node, now| {
        node.send(now, Side::A, with_rtx);
        node.play(now, FRAMES);
    });
    (network, a, b)
}

fn lossy(loss: Loss) -> Link {
    Link {
        latency: ms(20),
        jitter: ms(3),
        loss,
        ..Link::default()
    }
}

/// All packets up to the last that came are there. A tail that is lost whole cannot be missed.
fn assert_complete(node: &Node, what: &str) {
    let numbers: Vec<u64> = node.received.keys().copied().collect();
    let missing: Vec<_> = numbers.windows(2).filter(|pair| pair[0] + 1 != pair[1]).collect();
    assert!(missing.is_empty(), "{what}: {missing:?}");
    assert!(numbers.len() as u64 > PACKETS - 20, "{what}: {}", numbers.len());
}

#[test]
fn loss_is_repaired_with_and_without_rtx() {
    for seed in 0..8 {
        for with_rtx in [true, false] {
            for loss in [Loss::Random(0.05), Loss::bursts(0.05, 4.0)] {
                let (mut network, a, b) = one_way(seed, &lossy(loss), with_rtx);
                network.run_for(Duration::from_secs(25));
                let what = format!("seed {seed}, rtx {with_rtx}, {loss:?}");
                assert_complete(network.endpoint(b), &what);
                let (sender, receiver) = (network.endpoint(a), network.endpoint(b));
                let sent = sender.chain.outbound_stats(sender.sends.unwrap()).unwrap();
                let received = receiver.chain.inbound_stats(receiver.receives.unwrap()).unwrap();
                assert!(received.nack_count > 20 && sent.nack_count > 20);
                assert_eq!(sent.packets_sent, PACKETS + sent.retransmitted_packets_sent);
                let repaired = receiver.received.values().filter(|repaired| **repaired).count() as u64;
                assert_eq!(repaired, received.retransmitted_packets_received);
                assert_eq!(with_rtx, repaired > 50);
            }
        }
    }
}

#[test]
fn every_packet_is_asked_for_only_as_often_as_it_is_lost() {
    let (mut network, a, b) = one_way(3, &lossy(Loss::Random(0.05)), true);
    network.run_for(Duration::from_secs(25));
    let sent = network
        .endpoint(a)
        .chain
        .outbound_stats(network.endpoint(a).sends.unwrap())
        .unwrap();
    let received = network
        .endpoint(b)
        .chain
        .inbound_stats(network.endpoint(b).receives.unwrap())
        .unwrap();
    // 5 % of the packets, of the requests and of the answers are lost: 1/0.95² tries each.
    let needed = received.packets_lost as f64 / 0.95 / 0.95;
    let again = sent.retransmitted_packets_sent as f64;
    assert!(
        again < needed * 1.1,
        "{again} retransmissions for {} losses",
        received.packets_lost
    );
    assert!(
        received.packets_duplicated <= 3,
        "{}",
        received.packets_duplicated
    );
}

#[test]
fn reordering_and_duplicates_are_not_taken_for_loss() {
    let link = Link {
        latency: ms(20),
        reorder: 0.05,
        reorder_delay: ms(8),
        duplicate: 0.02,
        ..Link::default()
    };
    let (mut network, a, b) = one_way(1, &link, true);
    network.run_for(Duration::from_secs(25));
    let receiver = network.endpoint(b);
    assert_eq!(receiver.received.len() as u64, PACKETS);
    let stats = receiver.chain.inbound_stats(receiver.receives.unwrap()).unwrap();
    assert!(
        stats.packets_lost < 0,
        "duplicates make it negative: {}",
        stats.packets_lost
    );
    let sent = network
        .endpoint(a)
        .chain
        .outbound_stats(network.endpoint(a).sends.unwrap())
        .unwrap();
    // The first is asked for; from then on it is known how late packets are.
    assert!(
        sent.retransmitted_packets_sent < PACKETS / 100,
        "{}",
        sent.retransmitted_packets_sent
    );
}

#[test]
fn statistics_agree_with_what_the_link_dropped() {
    for seed in 0..4 {
        let (mut network, a, b) = one_way(seed, &lossy(Loss::Random(0.05)), true);
        network.keep_trace(100_000);
        network.run_for(Duration::from_secs(25));
        let media = ssrc(Side::A).to_be_bytes();
        let is_media = |head: &[u8]| head.len() >= 12 && head[8..12] == media && !rtcp::is_rtcp(head);
        let dropped = network
            .trace()
            .filter(|entry| matches!(entry.event, TraceEvent::Dropped(_)) && is_media(&entry.head))
            .count() as i64;
        assert!(dropped > 50);
        let (sender, receiver) = (network.endpoint(a), network.endpoint(b));
        let received = receiver.chain.inbound_stats(receiver.receives.unwrap()).unwrap();
        assert_eq!(received.packets_lost, dropped);
        // What the last report told the sender, after the last packet.
        let sent = sender.chain.outbound_stats(sender.sends.unwrap()).unwrap();
        let remote = sent.remote.unwrap();
        assert_eq!(remote.packets_lost, dropped);
        assert_eq!(remote.packets_received as i64, PACKETS as i64 - dropped);
        assert!(remote.jitter < ms(4), "{:?}", remote.jitter);
        // 40 ms and up to 3 ms each way, and the reports agree with each other.
        let rtt = remote.round_trips.latest.unwrap();
        assert!((ms(39)..=ms(47)).contains(&rtt), "{rtt:?}");
        let told = received.remote.unwrap();
        assert_eq!(told.packets_sent, PACKETS);
        assert_eq!(
            told.bytes_sent,
            sent.bytes_sent - sent.retransmitted_packets_sent * (PAYLOAD as u64 + 2)
        );
    }
}

#[test]
fn feedback_tells_the_fate_of_every_packet() {
    let (mut network, a, b) = one_way(5, &lossy(Loss::Random(0.05)), true);
    // Feedback itself is not lost here, so that every packet is told of.
    network.set_outbound_link(b, "192.0.2.2".parse().unwrap(), Link::default());
    network.run_for(Duration::from_secs(25));
    let sender = network.endpoint(a);
    let sent = sender.chain.outbound_stats(sender.sends.unwrap()).unwrap();
    let lost = sender
        .results
        .iter()
        .filter(|result| result.fate == Fate::Lost)
        .count() as u64;
    let received = sender
        .results
        .iter()
        .filter(|result| result.fate != Fate::Lost)
        .count() as u64;
    assert!(
        received + lost >= sent.packets_sent - 2,
        "{received} and {lost} of {}",
        sent.packets_sent
    );
    let share = lost as f64 / sent.packets_sent as f64;
    assert!((0.03..0.07).contains(&share), "{share}");
    // Delays by the two clocks vary by the jitter of the link and the resolution of the wire.
    let mut delays: Vec<i128> = Vec::new();
    for result in &sender.results {
        if let Fate::Received { at: Some(at), .. } = result.fate {
            let sent = result.sent.duration_since(sender.results[0].sent);
            delays.push(at.as_micros() as i128 - sent.as_micros() as i128);
        }
    }
    let spread = delays.iter().max().unwrap() - delays.iter().min().unwrap();
    assert!(spread <= 3500, "{spread} µs");
}

#[test]
fn both_ways_at_once_within_the_bandwidth_of_rtcp() {
    let (mut network, a, b) = Network::pair(2, &lossy(Loss::bursts(0.03, 3.0)), Node::pair(&config(), 2));
    for (node, side, other) in [(a, Side::A, Side::B), (b, Side::B, Side::A)] {
        network.with(node, |node, now| {
            node.send(now, side, true);
            node.receive(now, other, true);
            node.play(now, FRAMES);
        });
    }
    network.run_for(Duration::from_secs(25));
    for node in [a, b] {
        assert_complete(network.endpoint(node), "both");
        let bytes = network.endpoint(node).rtcp_bytes;
        let media = PACKETS as usize * (PAYLOAD + 20);
        let floor = Config::default().rtcp_bandwidth as usize / 8 * 25 + 16_384;
        assert!(
            bytes < media / 20 + floor,
            "{bytes} bytes of RTCP for {media} of media"
        );
    }
}

#[test]
fn a_long_outage_ends_with_a_key_frame_request() {
    let (mut network, a, b) = one_way(4, &lossy(Loss::None), true);
    network.run_for(Duration::from_secs(3));
    network.set_up(a, "192.0.2.1".parse().unwrap(), false);
    network.run_for(Duration::from_secs(5));
    network.set_up(a, "192.0.2.1".parse().unwrap(), true);
    network.run_for(Duration::from_secs(3));
    let wanted = network
        .events(a)
        .filter(|(_, event)| matches!(event, interceptor::Event::KeyFrameRequested { .. }));
    assert_eq!(wanted.count(), 1);
    let stats = network
        .endpoint(b)
        .chain
        .inbound_stats(network.endpoint(b).receives.unwrap())
        .unwrap();
    assert!(stats.packets_unrepaired > 500 && stats.pli_count == 1);
}
