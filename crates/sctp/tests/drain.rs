//! Property: whatever the path loses, reorders and repeats, however small the windows and slow the readers, reliable messages
//! all arrive and the association comes to rest.
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

use netsim::{Link, Network};
use proptest::prelude::*;
use sctp::{Config, Reliability, SendOptions};
use std::time::Duration;
use support::Node;

#[derive(Clone, Debug)]
struct Plan {
    seed: u64,
    loss: f64,
    reorder: f64,
    duplicate: f64,
    latency: u64,
    window: usize,
    send_buffer: usize,
    mtu: usize,
    pace: Option<u64>,
    messages: Vec<(u16, usize, u8)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let message = (0_u16..16, 4_usize..20_000, 0_u8..6);
    let path = (any::<u64>(), 0.0..0.35, 0.0..0.3, 0.0..0.3, 0_u64..200);
    let ends = (
        4096_usize..100_000,
        20_000_usize..100_000,
        512_usize..1400,
        proptest::option::of(1_u64..300),
    );
    (path, ends, proptest::collection::vec(message, 1..60)).prop_map(|(path, ends, messages)| {
        let (seed, loss, reorder, duplicate, latency) = path;
        let (window, send_buffer, mtu, pace) = ends;
        Plan {
            seed,
            loss,
            reorder,
            duplicate,
            latency,
            window,
            send_buffer,
            mtu,
            pace,
            messages,
        }
    })
}

fn options(kind: u8) -> SendOptions {
    let (unordered, reliability) = match kind {
        1 => (true, Reliability::Reliable),
        2 => (false, Reliability::Retransmits(1)),
        3 => (true, Reliability::Retransmits(0)),
        4 => (false, Reliability::Lifetime(Duration::from_millis(300))),
        _ => (false, Reliability::Reliable),
    };
    SendOptions {
        unordered,
        reliability,
        ..SendOptions::default()
    }
}

fn run(plan: &Plan) {
    let link = Link {
        latency: Duration::from_millis(plan.latency),
        jitter: Duration::from_millis(plan.latency / 4),
        reorder: plan.reorder,
        reorder_delay: Duration::from_millis(plan.latency / 2 + 1),
        duplicate: plan.duplicate,
        loss: netsim::Loss::bursts(plan.loss, 2.0),
        ..Link::default()
    };
    let config = Config {
        receive_window: plan.window,
        max_message_size: 20_000,
        send_buffer: plan.send_buffer,
        mtu: plan.mtu,
        // With a third lost each way ten losses in a row do happen; here nobody is to give up.
        max_retransmissions: None,
        max_init_retransmissions: 100,
        rto_max: Duration::from_secs(5),
        ..Config::default()
    };
    let (mut network, a, b) = Network::pair(plan.seed, &link, Node::pair(&config, plan.seed));
    network.with(a, |node, now| node.core.connect(now));
    network.with(b, |node, now| {
        node.core.connect(now);
        node.pace = plan.pace.map(Duration::from_millis);
    });
    network.with(a, |node, now| {
        node.outbox.extend(
            plan.messages
                .iter()
                .map(|(stream, len, kind)| (*stream, *len, options(*kind))),
        );
        node.work(now);
    });
    let reliable = |stream: u16| {
        let own = plan
            .messages
            .iter()
            .filter(move |message| message.0 == stream)
            .enumerate();
        let kept = own.filter(|(_, message)| options(message.2).reliability == Reliability::Reliable);
        kept.map(|(index, _)| u32::try_from(index).unwrap())
            .collect::<Vec<u32>>()
    };
    let at_rest = |network: &Network<Node>| {
        let sender = network.endpoint(a);
        let receiver = network.endpoint(b);
        sender.outbox.is_empty()
            && sender.core.stats().send_buffered == 0
            && (0..16).all(|stream| {
                let got = receiver.indices(stream);
                reliable(stream).iter().all(|index| got.contains(index))
            })
    };
    let done = network.run_while(Duration::from_secs(20_000), |network| !at_rest(network));
    let receiver = network.endpoint(b);
    assert!(
        done,
        "stuck: {:?} {:?}",
        network.endpoint(a).core.stats(),
        receiver.core.stats()
    );
    for stream in 0..16 {
        let mut got = receiver.indices(stream);
        got.sort_unstable();
        let count = got.len();
        got.dedup();
        assert_eq!(got.len(), count, "a message came twice on stream {stream}");
        let ordered: Vec<u32> = {
            let own: Vec<_> = plan
                .messages
                .iter()
                .filter(|message| message.0 == stream)
                .collect();
            let ordered = |index: &u32| !options(own[*index as usize].2).unordered;
            receiver.indices(stream).into_iter().filter(ordered).collect()
        };
        assert!(ordered.is_sorted(), "stream {stream}: {ordered:?}");
    }
    let bound = config.receive_window.max(20_000) * 2 + 3 * 20_000;
    assert!(receiver.peak <= bound, "{} > {bound}", receiver.peak);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_loss_reordering_and_slow_reader_drains_in_the_end(plan in plan()) {
        run(&plan);
    }
}
