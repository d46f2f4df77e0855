//! What peers can do wrong: garbage, floods, impossible reports. Nothing panics, all of it is bounded and counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{AddError, Config, Ecn, Feedback, Inbound, Received};
use proptest::prelude::*;
use rtcp::{NackPair, ReportBlock, XrBlock};
use support::*;

fn everything() -> Config {
    Config {
        max_missing: 64,
        max_queued: 64,
        max_results: 64,
        receiver_rtt: true,
        ..quiet()
    }
}

fn script() -> Script {
    let mut script = Script::new(everything());
    let all = Feedback {
        transport_cc: true,
        ccfb: true,
        ..feedback()
    };
    let mut stream = outbound();
    stream.feedback = all;
    let id = script.chain.add_outbound(script.now, stream).unwrap();
    let mut stream = inbound();
    stream.feedback = all;
    script.chain.add_inbound(script.now, stream).unwrap();
    for number in 0..100 {
        script.send(id, number);
    }
    script
}

/// Rings of arrivals of the transport, a stream and its RTX; missing, queue, results, events, references and limits.
const FOOTPRINT: usize = 3 * 2048 + 3 * 64 + 1024 + 16 + 256;

/// One of the kinds of packets that matter here, with any contents behind the head.
fn rtcp_like() -> impl Strategy<Value = Vec<u8>> {
    let ssrc = prop_oneof![
        Just(LOCAL),
        Just(LOCAL_RTX),
        Just(REMOTE),
        Just(REMOTE_RTX),
        any::<u32>()
    ];
    let body = prop::collection::vec(prop_oneof![ssrc, 0u32..70_000, any::<u32>()], 0..40);
    (200u8..208, 0u8..32, body).prop_map(|(kind, count, body)| {
        let mut packet = vec![0x80 | count, kind, 0, u8::try_from(body.len()).unwrap()];
        packet.extend(body.iter().flat_map(|word| word.to_be_bytes()));
        packet
    })
}

fn rtp_like() -> impl Strategy<Value = Vec<u8>> {
    let ssrc = prop_oneof![Just(REMOTE), Just(REMOTE_RTX), any::<u32>()];
    let payload_type = prop_oneof![Just(96u8), Just(97u8), any::<u8>()];
    let body = prop::collection::vec(any::<u8>(), 0..60);
    (any::<u8>(), payload_type, any::<u16>(), ssrc, body).prop_map(
        |(first, payload_type, number, ssrc, body)| {
            let mut packet = vec![0x80 | first & 0x3f, payload_type];
            packet.extend(number.to_be_bytes());
            packet.extend([0; 4]);
            packet.extend(ssrc.to_be_bytes());
            packet.extend(body);
            packet
        },
    )
}

#[derive(Clone, Debug)]
enum Step {
    Rtp(Vec<u8>),
    Rtcp(Vec<u8>),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        rtp_like().prop_map(Step::Rtp),
        prop::collection::vec(rtcp_like(), 1..4).prop_map(|packets| Step::Rtcp(packets.concat())),
        prop::collection::vec(any::<u8>(), 0..100).prop_map(Step::Rtp),
        prop::collection::vec(any::<u8>(), 0..100).prop_map(Step::Rtcp),
        (0u64..500).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_packets_in_any_order_are_bounded(steps in prop::collection::vec(step(), 0..60)) {
        let mut script = script();
        let mut time = 0;
        for step in steps {
            match step {
                Step::Rtp(mut packet) => {
                    let _ = script.chain.handle_rtp(script.now, Ecn::Ce, &mut packet);
                }
                Step::Rtcp(datagram) => script.chain.handle_rtcp(script.now, &datagram),
                Step::Wait(millis) => {
                    time += millis;
                    script.at(ms(time));
                }
            }
            for datagram in script.datagrams() {
                prop_assert!(datagram.len() <= 1200);
                prop_assert!(rtcp::packets(&datagram).all(|packet| packet.is_ok()));
            }
            for packet in script.retransmits() {
                prop_assert!(rtp::PacketRef::decode(&packet).is_ok());
            }
            prop_assert!(script.chain.footprint() <= FOOTPRINT);
            prop_assert!(script.next().is_none_or(|next| next > ms(time)), "nothing is left to do at once");
        }
    }
}

#[test]
fn a_flood_of_ssrcs_leaves_nothing_behind() {
    let mut script = script();
    let before = script.chain.footprint();
    for ssrc in 0..100_000u32 {
        let mut packet = packet(ssrc.wrapping_mul(0x9e37_79b9), 96, 1, b"media");
        let received = script.chain.handle_rtp(script.now, Ecn::NotEct, &mut packet);
        assert!(matches!(received, Received::Unsignalled(_)));
    }
    assert_eq!(
        (script.chain.footprint(), script.chain.stats().unsignalled),
        (before, 100_000)
    );
    // Whoever adds a stream for each of them is stopped.
    let mut refused = 0;
    for ssrc in 0..2000 {
        let stream = Inbound {
            ssrc,
            rtx_ssrc: None,
            ..inbound()
        };
        let added = script.chain.add_inbound(script.now, stream);
        refused += u32::from(added == Err(AddError::TooManyStreams));
    }
    assert_eq!(refused, 2000 - 1023);
}

#[test]
fn a_nack_for_everything_repeats_each_packet_once() {
    let mut script = script();
    let pairs = vec![
        NackPair {
            packet_id: 0,
            following: 0xffff,
        };
        250
    ];
    for _ in 0..100 {
        script.rtcp(&rtcp::Nack {
            sender_ssrc: REMOTE,
            media_ssrc: LOCAL,
            pairs: (&pairs).into(),
        });
    }
    assert_eq!(script.retransmits().len(), 17);
}

#[test]
fn impossible_reports_measure_nothing() {
    let mut script = script();
    let block = ReportBlock {
        ssrc: LOCAL,
        fraction_lost: 255,
        cumulative_lost: -0x80_0000,
        highest_sequence_number: u32::MAX,
        jitter: u32::MAX,
        last_sender_report: 1,
        delay_since_last_sender_report: u32::MAX,
    };
    script.rtcp(&rtcp::ReceiverReport {
        sender_ssrc: REMOTE,
        reports: (&[block]).into(),
        extension: &[],
    });
    assert_eq!(script.chain.rtt(), None);
    let delays = [rtcp::ReceiverDelay {
        ssrc: LOCAL,
        last_reference: 7,
        delay: 9,
    }];
    let blocks = [XrBlock::Dlrr((&delays).into())];
    script.rtcp(&rtcp::ExtendedReport {
        sender_ssrc: REMOTE,
        blocks: (&blocks).into(),
    });
    assert!(script.chain.rtt().is_none_or(|rtt| rtt <= ms(60_000)));
}

#[test]
fn what_is_broken_is_counted_and_what_stands_before_it_counts() {
    let mut script = script();
    let mut datagram = Vec::new();
    rtcp::Packet::encode(
        &rtcp::PictureLossIndication {
            sender_ssrc: REMOTE,
            media_ssrc: LOCAL,
        },
        &mut datagram,
    );
    datagram.extend([0x80, 200, 0, 9]);
    script.chain.handle_rtcp(script.now, &datagram);
    assert!(script.chain.poll_event().is_some());
    let _ = script
        .chain
        .handle_rtp(script.now, Ecn::NotEct, &mut [0x80, 0, 0]);
    let stats = script.chain.stats();
    assert_eq!(
        (stats.malformed_rtcp, stats.malformed_rtp, stats.rtcp_received),
        (1, 1, 1)
    );
}
