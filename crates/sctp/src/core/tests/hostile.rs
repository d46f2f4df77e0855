//! Property: a peer with the right tag and good checksums that otherwise sends anything cannot crash the association, make
//! it spin, or make it hold more than its bounds.

use super::script::*;
use crate::codec::*;
use crate::tsn::Tsn;
use crate::{Config, Reliability, SendOptions};
use proptest::prelude::*;
use std::time::Duration;

/// The processor time of this thread, which other tests do not lengthen. Linux only: none elsewhere.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(10 * ticks)
}

/// Twenty thousand requests take a tenth of this without optimisation, and minutes if each looks at every stream.
const FAIR: Duration = Duration::from_secs(10);

/// Packets of as many chunks as a large record carries.
fn in_packets(script: &mut Script, chunks: impl Iterator<Item = Vec<u8>>) {
    let chunks: Vec<_> = chunks.collect();
    for packet in chunks.chunks(700) {
        script.feed(packet);
        script.all();
    }
}

/// What it costs to hold messages of one stream that come in this order, the first one never.
fn holding(numbers: impl Iterator<Item = u16>) -> Duration {
    let mut script = Script::established();
    let started = processor_time();
    let chunks = numbers
        .zip(0..)
        .map(|(ssn, n)| data(PEER_TSN.plus(n), 0, ssn, 3, b"x"));
    in_packets(&mut script, chunks);
    let stats = script.core.stats();
    assert_eq!(stats.data_chunks_received, 60_000);
    assert_eq!(stats.receive_buffered, 60_000 * 65);
    assert_eq!(script.core.state(), crate::State::Established);
    processor_time() - started
}

#[test]
fn numbers_in_the_worst_order_cost_no_more_than_others() {
    let best = holding(1..=60_000);
    // Each belongs into the middle of those that wait.
    let worst = holding((0..60_000_u16).map(|n| {
        if n % 2 == 0 {
            1 + n / 2
        } else {
            60_001 - n.div_ceil(2)
        }
    }));
    assert!(
        worst < 3 * best + Duration::from_millis(50),
        "{worst:?}, {best:?}"
    );
}

#[test]
fn a_number_that_is_used_twice_is_a_violation() {
    let mut script = Script::established();
    script.feed(&[data(PEER_TSN, 0, 5, 3, b"one")]);
    script.all();
    script.feed(&[data(PEER_TSN.plus(1), 0, 5, 3, b"other")]);
    script.expect(ChunkKind::ABORT);
    assert_eq!(
        script.events(),
        [crate::Event::Closed(crate::CloseReason::ProtocolViolation(
            "two messages of a stream with one number"
        ))]
    );
}

/// A request of the peer to reset its own streams (Outgoing) or ours (Incoming); no streams are all of them.
fn reset(kind: ParamKind, number: u32, streams: &[u16]) -> Vec<u8> {
    let mut value = Vec::new();
    write_param(&mut value, kind, |out| {
        out.extend_from_slice(&PEER_TSN.plus(number).0.to_be_bytes());
        if kind == ParamKind::OUTGOING_RESET {
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&PEER_TSN.previous().0.to_be_bytes());
        }
        streams
            .iter()
            .for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
    });
    chunk(ChunkKind::RE_CONFIG, 0, &value)
}

#[test]
fn resets_of_all_streams_cost_what_was_used() {
    let mut script = Script::established_with_all_streams();
    let streams = 65_000_u16;
    let chunks = (0..streams).map(|id| data(PEER_TSN.plus(u32::from(id)), id, 0, 3, b"x"));
    in_packets(&mut script, chunks);
    let started = processor_time();
    for number in 0..20_000 {
        script.feed(&[reset(ParamKind::OUTGOING_RESET, number, &[])]);
        let reset = script.events().len();
        // What is readable was told before.
        let expected = if number == 0 { 2 * usize::from(streams) } else { 0 };
        assert_eq!(reset, expected, "request {number}");
        script.all();
    }
    assert!(
        processor_time() - started < FAIR,
        "{:?}",
        processor_time() - started
    );
    // Used again, a stream is reset again.
    script.feed(&[data(PEER_TSN.plus(u32::from(streams)), 9, 0, 3, b"x")]);
    script.feed(&[reset(ParamKind::OUTGOING_RESET, 20_000, &[])]);
    let resets = script.events();
    assert!(
        matches!(resets[..], [crate::Event::StreamReset { stream_id: 9, .. }]),
        "{resets:?}"
    );
}

#[test]
fn wishes_to_reset_all_our_streams_cost_what_was_used() {
    let mut script = Script::established_with_all_streams();
    let listed: Vec<u16> = (0..30_000).collect();
    for (ids, number) in listed.chunks(600).zip(0..) {
        script.feed(&[reset(ParamKind::INCOMING_RESET, number, ids)]);
        script.all();
    }
    let started = processor_time();
    for number in 50..20_000 {
        script.feed(&[reset(ParamKind::INCOMING_RESET, number, &[])]);
        let sent = script.all();
        let response = sent
            .iter()
            .find(|sent| sent.kind == ChunkKind::RE_CONFIG)
            .unwrap();
        let (_, result) = response.response();
        // Nothing was ever sent on them, or they are being reset already.
        assert_eq!(result, ResetResult::NOTHING_TO_DO, "request {number}");
    }
    assert!(
        processor_time() - started < FAIR,
        "{:?}",
        processor_time() - started
    );
    assert_eq!(script.core.state(), crate::State::Established);
}

#[derive(Clone, Debug)]
enum Action {
    Chunk(u8, u8, Vec<u8>),
    Data {
        offset: i32,
        stream_id: u16,
        ssn: u16,
        flags: u8,
        len: usize,
    },
    Sack {
        offset: i32,
        a_rwnd: u32,
        blocks: Vec<(u16, u16)>,
    },
    Forward {
        offset: i32,
        streams: Vec<(u16, u16)>,
    },
    Reset {
        kind: u16,
        number: i32,
        last: i32,
        streams: Vec<u16>,
    },
    Init {
        tag: u32,
        echo: bool,
    },
    Raw(Vec<u8>),
    Sleep(u64),
    Send(u16, usize, u8),
    Recv(u16),
    ResetOurs(u16),
    Shutdown,
}

fn action() -> impl Strategy<Value = Action> {
    let near = || prop_oneof![4 => -3_i32..12, 1 => -70_000_i32..70_000, 1 => any::<i32>()];
    let block = (0_u16..20, 0_u16..20);
    prop_oneof![
        2 => (any::<u8>(), any::<u8>(), proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(k, f, v)| Action::Chunk(k, f, v)),
        2 => (0_u8..15, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(k, f, v)| Action::Chunk(k, f, v)),
        8 => (near(), 0_u16..4, 0_u16..6, 0_u8..16, 0_usize..900).prop_map(|(offset, stream_id, ssn, flags, len)| {
            Action::Data { offset, stream_id, ssn, flags, len }
        }),
        5 => (near(), prop_oneof![Just(0), Just(100_000), any::<u32>()], proptest::collection::vec(block, 0..4))
            .prop_map(|(offset, a_rwnd, blocks)| Action::Sack { offset, a_rwnd, blocks }),
        3 => (near(), proptest::collection::vec((0_u16..4, 0_u16..8), 0..4))
            .prop_map(|(offset, streams)| Action::Forward { offset, streams }),
        3 => (13_u16..19, -2_i32..4, near(), proptest::collection::vec(0_u16..110, 0..4))
            .prop_map(|(kind, number, last, streams)| Action::Reset { kind, number, last, streams }),
        1 => (1_u32..4, any::<bool>()).prop_map(|(tag, echo)| Action::Init { tag, echo }),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Action::Raw),
        3 => (1_u64..3000).prop_map(Action::Sleep),
        4 => (0_u16..4, 1_usize..6000, 0_u8..4).prop_map(|(id, len, kind)| Action::Send(id, len, kind)),
        3 => (0_u16..4).prop_map(Action::Recv),
        1 => (0_u16..4).prop_map(Action::ResetOurs),
        1 => prop_oneof![9 => Just(Action::Sleep(1)), 1 => Just(Action::Shutdown)],
    ]
}

fn at(base: Tsn, offset: i32) -> Tsn {
    base.plus(offset.cast_unsigned())
}

#[expect(clippy::too_many_lines, reason = "one arm for each action of the peer")]
fn perform(script: &mut Script, next: &mut Tsn, action: Action) {
    match action {
        Action::Chunk(kind, flags, value) => script.feed(&[chunk(ChunkKind(kind), flags, &value)]),
        Action::Data {
            offset,
            stream_id,
            ssn,
            flags,
            len,
        } => {
            let tsn = at(*next, offset);
            if offset == 0 {
                *next = next.next();
            }
            script.feed(&[data(tsn, stream_id, ssn, flags, &vec![1; len])]);
        }
        Action::Sack {
            offset,
            a_rwnd,
            blocks,
        } => script.feed(&[sack(at(script.tsn, offset), a_rwnd, &blocks)]),
        Action::Forward { offset, streams } => script.feed(&[forward(at(*next, offset), &streams)]),
        Action::Reset {
            kind,
            number,
            last,
            streams,
        } => {
            let mut value = Vec::new();
            write_param(&mut value, ParamKind(kind), |out| {
                for word in [at(PEER_TSN, number), at(script.tsn, number), at(*next, last)] {
                    out.extend_from_slice(&word.0.to_be_bytes());
                }
                streams
                    .iter()
                    .for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
            });
            script.feed(&[chunk(ChunkKind::RE_CONFIG, 0, &value)]);
        }
        Action::Init { tag, echo } => {
            script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, tag, PEER_TSN, &capabilities())]);
            let answer = script
                .all()
                .pop()
                .filter(|sent| sent.kind == ChunkKind::INIT_ACK && echo);
            let Some(answer) = answer else { return };
            let init = InitRef::decode(&answer.value).unwrap();
            let cookie = init
                .params()
                .flatten()
                .find(|param| param.kind == ParamKind::STATE_COOKIE)
                .unwrap();
            let echo = chunk(ChunkKind::COOKIE_ECHO, 0, cookie.value);
            let restarted = init.init.initiate_tag;
            script.feed_tagged(restarted, &[echo]);
            if script.all().iter().any(|sent| sent.kind == ChunkKind::COOKIE_ACK) {
                (script.tag, script.tsn, *next) = (restarted, init.init.initial_tsn, PEER_TSN);
            }
        }
        Action::Raw(bytes) => {
            script.core.handle_input(script.now, &bytes);
            let mut packet = Vec::new();
            Header {
                source_port: 5000,
                destination_port: 5000,
                verification_tag: script.tag,
            }
            .encode(&mut packet);
            packet.extend_from_slice(&bytes);
            seal(&mut packet);
            script.core.handle_input(script.now, &packet);
        }
        Action::Sleep(time) => script.sleep(Duration::from_millis(time)),
        Action::Send(id, len, kind) => {
            let reliability = match kind {
                1 => Reliability::Retransmits(1),
                2 => Reliability::Lifetime(Duration::from_millis(100)),
                _ => Reliability::Reliable,
            };
            let options = SendOptions {
                reliability,
                unordered: kind == 3,
                ..SendOptions::default()
            };
            let _ = script.core.send(script.now, id, 0, vec![3; len].into(), &options);
        }
        Action::Recv(id) => drop(script.core.recv(id)),
        Action::ResetOurs(id) => drop(script.core.reset_streams(script.now, &[id])),
        Action::Shutdown => script.core.shutdown(script.now),
    }
}

fn check(script: &mut Script, config: &Config) {
    let before = script.core.stats().packets_sent;
    script.collect();
    let burst = script.core.stats().packets_sent - before;
    assert!(burst < 300, "{burst} packets at once");
    let stats = script.core.stats();
    let held = script.core.receiver.held();
    assert!(
        held <= 3 * config.window() + 2 * config.max_message_size + 1000,
        "{held} bytes held"
    );
    assert!(stats.send_buffered <= config.send_buffer);
    assert!(stats.flight_size <= 2 * config.send_buffer);
    script.all();
    script.core.handle_timeout(script.now);
    script.collect();
    assert!(
        script.core.poll_timeout().is_none_or(|next| next > script.now),
        "law L2"
    );
    assert!(script.events().len() < 300);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_hostile_peer_does_no_harm(actions in proptest::collection::vec(action(), 1..80)) {
        let config = Config { receive_window: 20_000, max_message_size: 5000, send_buffer: 50_000, ..Config::default() };
        let mut script = Script::established_with(config.clone());
        let mut next = PEER_TSN;
        for action in actions {
            perform(&mut script, &mut next, action);
            check(&mut script, &config);
        }
        // Whatever happened, an end is reached in the end.
        script.core.shutdown(script.now);
        script.sleep(Duration::from_secs(5000));
        prop_assert_eq!(script.core.state(), crate::State::Ended);
        prop_assert_eq!(script.core.poll_timeout(), None);
    }
}
