//! The laws L1 to L6 of every core.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use datachannel::{ChannelConfig, Config, Kind, Reliability};
use netsim::laws::{Case, Side};
use support::Node;

const SECOND: Duration = Duration::from_secs(1);

/// Both ends open channels of every kind before they are connected, talk, and close one; more follow.
fn case() -> Case<Node> {
    let mut case = Case::new("data channels", |seed| Node::pair(&Config::default(), seed));
    for side in Side::BOTH {
        case = case
            .at(Duration::ZERO, side, move |node, now| {
                let reliabilities = [Reliability::Reliable, Reliability::Retransmits(2)];
                for (n, reliability) in reliabilities.into_iter().enumerate() {
                    let label = format!("{side:?}{n}");
                    let config = ChannelConfig {
                        ordered: n == 0,
                        reliability,
                        ..ChannelConfig::new(label)
                    };
                    node.core.open(now, config).unwrap();
                }
                let config = ChannelConfig {
                    negotiated: Some(100),
                    ..ChannelConfig::new("negotiated")
                };
                node.core.open(now, config).unwrap();
                node.core.connect(now);
            })
            .at(10 * SECOND, side, move |node, now| {
                for label in [format!("{side:?}0"), "negotiated".into()] {
                    let id = node.find(&label).unwrap();
                    for n in 0..20u32 {
                        let data = Bytes::from(n.to_be_bytes().repeat(1 + 100 * n as usize));
                        node.core.send(now, id, Kind::Binary, data).unwrap();
                    }
                }
                let closing = node.find(&format!("{side:?}1")).unwrap();
                node.core.close(now, closing);
            });
        for at in 11..60 {
            case = case.at(at * SECOND, side, |node, _| node.read());
        }
    }
    case.duration(60 * SECOND).seeds(0..8).goal(|a, b| {
        let all: Vec<u32> = (0..20).collect();
        [(a, "B0"), (b, "A0"), (a, "negotiated"), (b, "negotiated")]
            .iter()
            .all(|(node, label)| node.numbers(label) == all)
    })
}

#[test]
fn the_core_keeps_the_laws() {
    case().footprint_limit(16 << 20).check();
}
