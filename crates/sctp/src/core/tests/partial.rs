//! RFC 3758 and RFC 6525 against a scripted peer.

use super::script::*;
use crate::codec::*;
use crate::tsn::{Ssn, Tsn};
use crate::{Direction, Event, Reliability, ResetError, SendError, SendOptions};
use std::time::Duration;

const B: u8 = 2;
const E: u8 = 1;

fn send(script: &mut Script, stream_id: u16, len: usize, reliability: Reliability, unordered: bool) {
    let options = SendOptions {
        reliability,
        unordered,
        ..SendOptions::default()
    };
    script
        .core
        .send(script.now, stream_id, 53, vec![7; len].into(), &options)
        .unwrap();
}

fn skipped(sent: &Sent) -> (Tsn, Vec<(u16, u16)>) {
    assert_eq!(sent.kind, ChunkKind::FORWARD_TSN);
    let forward = ForwardTsnRef::decode(&sent.value).unwrap();
    let streams = forward
        .streams()
        .map(|stream| (stream.stream_id, stream.ssn.0))
        .collect();
    (forward.new_cumulative_tsn, streams)
}

#[test]
fn no_retransmission_means_forward_tsn_at_the_first_timeout() {
    let mut script = Script::established();
    let first = script.tsn;
    send(&mut script, 5, 100, Reliability::Retransmits(0), false);
    send(&mut script, 6, 100, Reliability::Retransmits(0), true);
    send(&mut script, 5, 100, Reliability::Retransmits(0), false);
    assert_eq!(script.all().len(), 3);
    script.sleep_ms(500);
    let forward = script.expect(ChunkKind::FORWARD_TSN);
    assert_eq!(
        skipped(&forward),
        (first.plus(2), vec![(5, 1)]),
        "each ordered stream once, with its highest number"
    );
    assert_eq!(script.core.stats().messages_abandoned, 3);
    // Lost too: said again with the next timeout, until it is acknowledged.
    script.sleep_ms(1000);
    script.expect(ChunkKind::FORWARD_TSN);
    script.feed(&[sack(first.plus(2), 100_000, &[])]);
    script.sleep(Duration::from_secs(20));
    script.expect_nothing();
    send(&mut script, 5, 100, Reliability::Reliable, false);
    let (tsn, _, ssn, _) = script.expect(ChunkKind::DATA).data();
    assert_eq!((tsn, ssn), (first.plus(3), Ssn(2)));
}

#[test]
fn limited_retransmissions_are_counted_per_chunk() {
    let mut script = Script::established();
    send(&mut script, 0, 100, Reliability::Retransmits(2), false);
    script.collect();
    script.sleep(Duration::from_secs(20));
    let kinds: Vec<ChunkKind> = script.all().iter().map(|sent| sent.kind).collect();
    assert_eq!(
        kinds[..4],
        [
            ChunkKind::DATA,
            ChunkKind::DATA,
            ChunkKind::DATA,
            ChunkKind::FORWARD_TSN
        ]
    );
}

#[test]
fn a_fast_retransmission_beyond_the_limit_forwards_past_the_gap() {
    let mut script = Script::established();
    let first = script.tsn;
    send(&mut script, 1, 1000, Reliability::Retransmits(0), false);
    for _ in 0..4 {
        send(&mut script, 2, 1000, Reliability::Reliable, false);
    }
    assert_eq!(script.all().len(), 5);
    for last in 2..=4 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, last)])]);
    }
    assert_eq!(
        skipped(&script.expect(ChunkKind::FORWARD_TSN)),
        (first, vec![(1, 0)])
    );
    assert_eq!(
        script.core.stats().fast_recoveries,
        1,
        "F5: the congestion reaction stays"
    );
    script.feed(&[sack(first.plus(4), 100_000, &[])]);
    script.expect_nothing();
}

#[test]
fn a_lifetime_drops_what_waits_and_skips_the_rest_of_what_was_begun() {
    let mut script = Script::established();
    let first = script.tsn;
    let life = Reliability::Lifetime(Duration::from_millis(100));
    // 10 packets fit into the window; the message needs more, and another one waits behind it.
    send(&mut script, 3, 20_000, life, false);
    send(&mut script, 3, 1000, life, false);
    let sent = script.all();
    assert_eq!(sent.len(), 10);
    script.sleep_ms(150);
    script.feed(&[sack(first.plus(9), 100_000, &[])]);
    // All fragments that were sent have arrived: only the end that was never sent tells the peer to forget them.
    assert_eq!(
        skipped(&script.expect(ChunkKind::FORWARD_TSN)),
        (first.plus(10), vec![(3, 0)])
    );
    script.expect_nothing();
    assert_eq!(script.core.buffered_amount(3), 0);
    script.feed(&[sack(first.plus(10), 100_000, &[])]);
    send(&mut script, 3, 10, Reliability::Reliable, false);
    let (tsn, _, ssn, _) = script.expect(ChunkKind::DATA).data();
    assert_eq!(
        (tsn, ssn),
        (first.plus(11), Ssn(1)),
        "the message that was never begun left no hole"
    );
    assert_eq!(script.core.stats().messages_abandoned, 2);
    assert_eq!(script.core.stats().send_buffered, 10);
}

#[test]
fn a_lost_forward_tsn_is_repeated_once_per_round_trip() {
    let mut script = Script::established();
    let first = script.tsn;
    send(&mut script, 1, 1000, Reliability::Retransmits(0), false);
    for _ in 0..6 {
        send(&mut script, 2, 1000, Reliability::Reliable, false);
    }
    script.all();
    script.now += Duration::from_millis(80);
    for last in 2..=4 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, last)])]);
    }
    script.expect(ChunkKind::FORWARD_TSN);
    script.feed(&[sack(first.previous(), 100_000, &[(2, 5)])]);
    script.expect_nothing();
    script.now += Duration::from_millis(200);
    script.feed(&[sack(first.previous(), 100_000, &[(2, 6)])]);
    script.expect(ChunkKind::FORWARD_TSN);
}

#[test]
fn lost_chunks_that_expire_before_their_turn_are_forwarded_in_the_same_drain() {
    let mut script = Script::established();
    let first = script.tsn;
    for _ in 0..3 {
        send(
            &mut script,
            1,
            1000,
            Reliability::Lifetime(Duration::from_millis(700)),
            false,
        );
    }
    assert_eq!(script.all().len(), 3);
    script.sleep_ms(500);
    assert_eq!(
        script.expect(ChunkKind::DATA).tsn(),
        first,
        "the window holds one packet"
    );
    script.now += Duration::from_millis(300);
    script.feed(&[sack(first, 100_000, &[])]);
    assert_eq!(script.pending(), 1, "one drain must be enough");
    assert_eq!(
        skipped(&script.expect(ChunkKind::FORWARD_TSN)),
        (first.plus(2), vec![(1, 2)])
    );
}

#[test]
fn without_the_peers_support_everything_is_reliable() {
    let mut script = Script::new(crate::Config::default());
    script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, PEER_TAG, PEER_TSN, &[])]);
    let answer = script.expect(ChunkKind::INIT_ACK);
    let init = InitRef::decode(&answer.value).unwrap();
    script.tag = init.init.initiate_tag;
    let cookie = init
        .params()
        .flatten()
        .find(|param| param.kind == ParamKind::STATE_COOKIE)
        .unwrap()
        .value
        .to_vec();
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect(ChunkKind::COOKIE_ACK);
    send(&mut script, 0, 100, Reliability::Retransmits(0), false);
    send(&mut script, 0, 100, Reliability::Lifetime(Duration::ZERO), false);
    script.sleep_ms(4000);
    assert!(script.all().iter().all(|sent| sent.kind == ChunkKind::DATA));
    assert_eq!(
        script.core.reset_streams(script.now, &[0]),
        Err(ResetError::NotSupported)
    );
}

#[test]
fn forward_tsn_frees_what_waited_and_drops_half_messages() {
    let mut script = Script::established();
    script.feed(&[data(PEER_TSN.plus(1), 0, 1, B | E, b"second")]);
    script.feed(&[data(PEER_TSN.plus(3), 0, 2, 0, b"middle")]);
    script.feed(&[data(PEER_TSN.plus(6), 0, 3, B | E, b"fourth")]);
    script.all();
    assert_eq!(script.core.recv(0), None);
    script.feed(&[forward(PEER_TSN, &[(0, 0)])]);
    assert_eq!(script.core.recv(0).unwrap().data, "second");
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN.plus(1));
    script.feed(&[forward(PEER_TSN.plus(5), &[(0, 2), (999, 7)])]);
    assert_eq!(script.core.recv(0).unwrap().data, "fourth");
    script.sleep_ms(200);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN.plus(6));
    let window = script.core.stats().receive_window;
    assert_eq!(
        window,
        crate::Config::default().window(),
        "nothing is held any more"
    );
    script.feed(&[forward(PEER_TSN, &[(0, 2)])]);
    assert_eq!(
        script.expect(ChunkKind::SACK).sack().0,
        PEER_TSN.plus(6),
        "out of date, but the SACK may have been lost"
    );
}

#[test]
fn a_forward_tsn_beyond_the_window_is_rejected() {
    let mut script = Script::established();
    for jump in [65_536, 1 << 20, (1 << 31) - 2] {
        script.feed(&[forward(PEER_TSN.plus(jump), &[(0, 500)])]);
    }
    assert_eq!(script.core.stats().unexpected_chunks, 3);
    script.feed(&[whole(PEER_TSN, 0)]);
    assert!(script.core.recv(0).is_some());
    script.all();
    script.feed(&[forward(PEER_TSN.plus(65_535), &[])]);
    script.sleep_ms(200);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN.plus(65_535));
}

fn reconfig(params: &[Vec<u8>]) -> Vec<u8> {
    chunk(ChunkKind::RE_CONFIG, 0, &params.concat())
}

fn param(kind: ParamKind, words: &[u32], streams: &[u16]) -> Vec<u8> {
    let mut out = Vec::new();
    write_param(&mut out, kind, |out| {
        words
            .iter()
            .for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
        streams
            .iter()
            .for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
    });
    out
}

fn outgoing(number: u32, last: Tsn, streams: &[u16]) -> Vec<u8> {
    reconfig(&[param(ParamKind::OUTGOING_RESET, &[number, 0, last.0], streams)])
}

fn response(number: u32, result: ResetResult) -> Vec<u8> {
    reconfig(&[param(ParamKind::RECONFIG_RESPONSE, &[number, result.0], &[])])
}

/// Number, last TSN and streams of our request.
fn request(sent: &Sent) -> (u32, Tsn, Vec<u16>) {
    assert_eq!(sent.kind, ChunkKind::RE_CONFIG);
    let param = Params::new(&sent.value).next().unwrap().unwrap();
    let Some(ReconfigParam::Outgoing(request)) = ReconfigParam::decode(&param).unwrap() else {
        panic!()
    };
    (
        request.request,
        request.last_tsn,
        request.streams.iter().collect(),
    )
}

fn reset(stream_id: u16, direction: Direction) -> Event {
    Event::StreamReset { stream_id, direction }
}

#[test]
fn a_reset_waits_for_the_streams_data_and_numbers_start_again() {
    let mut script = Script::established();
    let first = script.tsn;
    send(&mut script, 4, 10, Reliability::Reliable, false);
    send(&mut script, 8, 10, Reliability::Reliable, false);
    script.all();
    script.core.reset_streams(script.now, &[4, 9]).unwrap();
    let (number, last, streams) = request(&script.expect(ChunkKind::RE_CONFIG));
    assert_eq!(
        (number, last, &streams[..]),
        (first.0, first.plus(1), &[9][..]),
        "stream 4 is not yet acknowledged"
    );
    script.events();
    let refused = script
        .core
        .send(script.now, 4, 0, "x".into(), &SendOptions::default());
    assert_eq!(refused, Err(SendError::Resetting));
    script.feed(&[
        response(number, ResetResult::PERFORMED),
        sack(first, 100_000, &[]),
    ]);
    assert_eq!(script.events(), [reset(9, Direction::Outgoing)]);
    let (number, _, streams) = request(&script.expect(ChunkKind::RE_CONFIG));
    assert_eq!((number, &streams[..]), (first.0 + 1, &[4][..]));
    script.feed(&[response(number + 1, ResetResult::PERFORMED)]);
    assert_eq!(script.events(), [], "not the number of the request");
    script.feed(&[response(number, ResetResult::PERFORMED)]);
    assert_eq!(script.events(), [reset(4, Direction::Outgoing)]);
    send(&mut script, 4, 10, Reliability::Reliable, false);
    assert_eq!(script.expect(ChunkKind::DATA).data().2, Ssn(0));
}

#[test]
fn a_request_is_repeated_until_answered_and_asked_again_when_in_progress() {
    let mut script = Script::established();
    script.core.reset_streams(script.now, &[1]).unwrap();
    let first = script.expect(ChunkKind::RE_CONFIG);
    script.sleep_ms(500);
    assert_eq!(script.expect(ChunkKind::RE_CONFIG).value, first.value);
    let (number, ..) = request(&first);
    script.feed(&[response(number, ResetResult::IN_PROGRESS)]);
    script.expect_nothing();
    script.sleep_ms(1000);
    assert_eq!(script.expect(ChunkKind::RE_CONFIG).value, first.value);
    script.feed(&[response(number, ResetResult::DENIED)]);
    assert_eq!(script.events(), [Event::StreamResetFailed(1)]);
    assert_eq!(
        script
            .core
            .send(script.now, 1, 0, "x".into(), &SendOptions::default()),
        Ok(())
    );
}

#[test]
fn the_peers_reset_is_performed_once_and_answered_each_time() {
    let mut script = Script::established();
    script.feed(&[whole(PEER_TSN, 0)]);
    script.feed(&[outgoing(PEER_TSN.0, PEER_TSN, &[0, 7, 0])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response(),
        (PEER_TSN.0, ResetResult::PERFORMED)
    );
    script.expect(ChunkKind::SACK);
    assert_eq!(
        script.events(),
        [
            Event::Readable(0),
            reset(0, Direction::Incoming),
            reset(7, Direction::Incoming)
        ]
    );
    script.feed(&[outgoing(PEER_TSN.0, PEER_TSN, &[0, 7])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response(),
        (PEER_TSN.0, ResetResult::PERFORMED),
        "a repetition"
    );
    assert_eq!(script.events(), []);
    script.feed(&[outgoing(PEER_TSN.0 + 5, PEER_TSN, &[0])]);
    script.expect(ChunkKind::SACK);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response().1,
        ResetResult::BAD_SEQUENCE_NUMBER
    );
    assert!(script.core.recv(0).is_some());
    script.feed(&[whole(PEER_TSN.plus(1), 0)]);
    assert!(script.core.recv(0).is_some(), "SSN 0 again");
}

#[test]
fn a_reset_ahead_of_its_data_is_deferred_and_answered_when_the_data_has_come() {
    let mut script = Script::established();
    script.feed(&[outgoing(PEER_TSN.0, PEER_TSN.plus(1), &[0])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response().1,
        ResetResult::IN_PROGRESS
    );
    script.feed(&[whole(PEER_TSN, 0)]);
    script.all();
    script.feed(&[outgoing(PEER_TSN.0, PEER_TSN.plus(1), &[0])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response().1,
        ResetResult::IN_PROGRESS
    );
    assert_eq!(script.events(), [Event::Readable(0)]);
    script.all();
    script.feed(&[whole(PEER_TSN.plus(1), 1)]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response(),
        (PEER_TSN.0, ResetResult::PERFORMED)
    );
    assert_eq!(script.events(), [reset(0, Direction::Incoming)]);
    script.all();
    script.feed(&[outgoing(PEER_TSN.0, PEER_TSN.plus(1), &[0])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response().1,
        ResetResult::PERFORMED
    );
    assert_eq!(script.events(), []);
}

#[test]
fn the_peer_may_ask_for_our_streams_and_other_requests_are_denied() {
    let mut script = Script::established();
    send(&mut script, 2, 10, Reliability::Reliable, false);
    let data = script.expect(ChunkKind::DATA);
    script.events();
    let mut number = PEER_TSN.0;
    script.feed(&[reconfig(&[param(ParamKind::INCOMING_RESET, &[number], &[2])])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response(),
        (number, ResetResult::PERFORMED)
    );
    script.all();
    script.feed(&[sack(data.tsn(), 100_000, &[])]);
    let (ours, _, streams) = request(&script.expect(ChunkKind::RE_CONFIG));
    assert_eq!(streams, [2]);
    number += 1;
    script.feed(&[reconfig(&[param(ParamKind::INCOMING_RESET, &[number], &[2])])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response().1,
        ResetResult::NOTHING_TO_DO,
        "already under way"
    );
    script.feed(&[response(ours, ResetResult::PERFORMED)]);
    assert_eq!(script.events(), [reset(2, Direction::Outgoing)]);
    script.all();
    for kind in [
        ParamKind::SSN_TSN_RESET,
        ParamKind::ADD_INCOMING_STREAMS,
        ParamKind::ADD_OUTGOING_STREAMS,
    ] {
        number += 1;
        script.feed(&[reconfig(&[param(kind, &[number, 0], &[])])]);
        assert_eq!(
            script.expect(ChunkKind::RE_CONFIG).response(),
            (number, ResetResult::DENIED)
        );
        script.all();
    }
    number += 1;
    script.feed(&[outgoing(number, PEER_TSN.previous(), &[100])]);
    assert_eq!(
        script.expect(ChunkKind::RE_CONFIG).response().1,
        ResetResult::DENIED,
        "no such stream"
    );
}

#[test]
fn resetting_needs_an_association_and_existing_streams() {
    let mut script = Script::new(crate::Config::default());
    assert_eq!(
        script.core.reset_streams(script.now, &[0]),
        Err(ResetError::NotEstablished)
    );
    let mut script = Script::established();
    assert_eq!(
        script.core.reset_streams(script.now, &[0, 200]),
        Err(ResetError::InvalidStream)
    );
    script.expect_nothing();
    script.core.reset_streams(script.now, &[0, 0]).unwrap();
    script.core.reset_streams(script.now, &[0]).unwrap();
    assert_eq!(request(&script.expect(ChunkKind::RE_CONFIG)).2, [0]);
    script.expect_nothing();
}
