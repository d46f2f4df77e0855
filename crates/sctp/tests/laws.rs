//! The laws of every core, `netsim::laws`.
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

use netsim::laws::{Case, Side};
use sctp::{Config, Reliability, SendOptions, State};
use std::time::Duration;
use support::Node;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config {
        receive_window: 100_000,
        max_message_size: 50_000,
        send_buffer: 200_000,
        ..Config::default()
    }
}

fn queue(node: &mut Node, stream_id: u16, sizes: &[usize], options: SendOptions) {
    node.outbox
        .extend(sizes.iter().map(|size| (stream_id, *size, options)));
}

#[test]
fn both_open_talk_and_shut_down() {
    Case::new("association", |seed| Node::pair(&config(), seed))
        .at(Duration::ZERO, Side::A, |node, now| node.core.connect(now))
        .at(Duration::ZERO, Side::B, |node, now| node.core.connect(now))
        .at(Duration::ZERO, Side::A, |node, now| {
            queue(node, 0, &[10, 5000, 40_000, 4], SendOptions::default());
            node.work(now);
        })
        .at(SECOND, Side::B, |node, now| {
            queue(
                node,
                3,
                &[30_000, 7],
                SendOptions {
                    unordered: true,
                    ..SendOptions::default()
                },
            );
            node.work(now);
        })
        .at(20 * SECOND, Side::A, |node, now| node.core.shutdown(now))
        .duration(60 * SECOND)
        .seeds(0..12)
        .footprint_limit(2 * 100_000 + 50_000 + 200_000)
        .validated(|node| !matches!(node.core.state(), State::Closed | State::CookieWait))
        .goal(|a, b| {
            b.indices(0) == [0, 1, 2, 3]
                && a.indices(3).len() == 2
                && a.core.state() == State::Ended
                && b.core.state() == State::Ended
        })
        .check();
}

#[test]
fn one_answers_with_partial_reliability_and_resets() {
    Case::new("passive open", |seed| Node::pair(&config(), seed))
        .at(Duration::ZERO, Side::A, |node, now| node.core.connect(now))
        .at(Duration::ZERO, Side::A, |node, now| {
            let reliability = Reliability::Retransmits(0);
            queue(
                node,
                1,
                &[3000; 20],
                SendOptions {
                    reliability,
                    ..SendOptions::default()
                },
            );
            let reliability = Reliability::Lifetime(Duration::from_millis(30));
            queue(
                node,
                2,
                &[3000; 20],
                SendOptions {
                    reliability,
                    ..SendOptions::default()
                },
            );
            queue(node, 4, &[3000; 5], SendOptions::default());
            node.work(now);
        })
        .at(10 * SECOND, Side::A, |node, now| {
            // With heavy polling orders the handshake may still be under way; then there is nothing to reset.
            let _ = node.core.reset_streams(now, &[1, 2]);
        })
        .seeds(0..12)
        .footprint_limit(2 * 100_000 + 50_000 + 200_000)
        .validated(|node| node.core.state() != State::Closed)
        .goal(|a, b| b.indices(4) == [0, 1, 2, 3, 4] && a.core.stats().send_buffered == 0)
        .check();
}
