//! Property: a peer with the right tag and good checksums that otherwise sends anything cannot crash the association, make
//! it spin, or make it hold more than its bounds.

use super::script::*;
use crate::codec::*;
use crate::tsn::Tsn;
use crate::{Config, Reliability, SendOptions};
use proptest::prelude::*;
use std::time::Duration;

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
