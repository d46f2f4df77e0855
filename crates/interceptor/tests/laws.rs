//! The laws of every core, `netsim::laws`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{Config, Feedback};
use netsim::laws::{Case, Side};
use std::time::Duration;
use support::IDS;
use support::node::Node;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config {
        extensions: IDS,
        receiver_rtt: true,
        max_missing: 100,
        max_queued: 100,
        max_results: 200,
        ..Config::default()
    }
}

/// Missing packets, retransmissions, results, events, references and limits; a ring of arrivals for the transport and two for
/// each of two streams at most.
const FOOTPRINT: usize = 2 * 100 + 100 + 200 + 1024 + 16 + 256 + 5 * 2048;

#[test]
fn video_both_ways_with_repair_and_feedback() {
    Case::new("two chains", |seed| Node::pair(&config(), seed))
        .at(Duration::ZERO, Side::A, |node, now| {
            node.send(now, Side::A, true);
            node.receive(now, Side::B, true);
            node.play(now, 60);
        })
        .at(Duration::ZERO, Side::B, |node, now| {
            node.send(now, Side::B, false);
            node.receive(now, Side::A, true);
            node.play(now, 50);
        })
        .at(SECOND, Side::A, |node, now| {
            node.chain.request_key_frame(now, node.receives.unwrap());
        })
        .at(3 * SECOND, Side::B, |node, now| {
            let id = node.sends.take().unwrap();
            node.chain.remove_outbound(now, id);
        })
        .duration(4 * SECOND)
        .seeds(0..4)
        .footprint_limit(FOOTPRINT)
        .goal(|a, b| {
            let rtt = a.chain.rtt().is_some() && b.chain.rtt().is_some();
            rtt && b.received.len() >= 235 && a.received.len() >= 195 && a.results.len() >= 180
        })
        .check();
}

#[test]
fn audio_with_rfc_8888() {
    let feedback = Feedback {
        ccfb: true,
        nack: true,
        ..Feedback::default()
    };
    Case::new("receiver of audio", |seed| Node::pair(&config(), seed))
        .at(Duration::ZERO, Side::A, |node, now| {
            node.send(now, Side::A, false);
            node.play(now, 60);
        })
        .at(SECOND, Side::B, move |node, now| {
            node.receive_with(now, Side::A, false, feedback);
        })
        .at(4 * SECOND, Side::B, |node, now| node.chain.close(now))
        .duration(5 * SECOND)
        .seeds(0..4)
        .footprint_limit(FOOTPRINT)
        .goal(|_, b| b.received.len() >= 100)
        .check();
}
