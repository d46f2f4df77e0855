//! RFC 9260 §5: the handshake against a scripted peer.

use super::script::*;
use crate::codec::*;
use crate::tsn::Tsn;
use crate::{CloseReason, Config, Event, State};
use std::time::Duration;

/// Connects the association and answers its INIT. Returns the script in COOKIE-WAIT with tag and TSN known.
fn connecting() -> Script {
    let mut script = Script::new(Config::default());
    script.core.connect(script.now);
    let init = script.expect(ChunkKind::INIT);
    assert_eq!(init.tag, 0);
    let init = InitRef::decode(&init.value).unwrap();
    script.tag = init.init.initiate_tag;
    script.tsn = init.init.initial_tsn;
    script
}

fn init_ack(tag: u32, cookie: &[u8]) -> Vec<u8> {
    let mut params = Vec::new();
    write_param(&mut params, ParamKind::STATE_COOKIE, |out| {
        out.extend_from_slice(cookie)
    });
    params.extend(capabilities());
    init_chunk(ChunkKind::INIT_ACK, tag, PEER_TSN, &params)
}

#[test]
fn active_open() {
    let mut script = connecting();
    assert_eq!(script.core.state(), State::CookieWait);
    script.feed(&[init_ack(PEER_TAG, b"biscuit")]);
    let echo = script.expect(ChunkKind::COOKIE_ECHO);
    assert_eq!((echo.tag, &echo.value[..]), (PEER_TAG, &b"biscuit"[..]));
    assert_eq!(script.core.state(), State::CookieEchoed);
    script.feed(&[chunk(ChunkKind::COOKIE_ACK, 0, &[])]);
    assert_eq!(script.events(), [Event::Connected]);
    assert_eq!(script.core.outbound_streams(), 200, "what the peer accepts");
    script.expect_nothing();
}

#[test]
fn data_travels_with_the_cookie_and_again_when_it_is_repeated() {
    let mut script = connecting();
    script.send(0, 10);
    script.expect_nothing();
    script.feed(&[init_ack(PEER_TAG, b"biscuit")]);
    let echo = script.expect(ChunkKind::COOKIE_ECHO);
    let data = script.expect(ChunkKind::DATA);
    assert_eq!((data.packet, data.tsn()), (echo.packet, script.tsn));
    script.send(0, 10);
    script.expect_nothing();
    script.sleep_ms(1000);
    let echo = script.expect(ChunkKind::COOKIE_ECHO);
    for tsn in [script.tsn, script.tsn.next()] {
        let data = script.expect(ChunkKind::DATA);
        assert_eq!((data.packet, data.tsn()), (echo.packet, tsn));
    }
    script.feed(&[
        chunk(ChunkKind::COOKIE_ACK, 0, &[]),
        sack(script.tsn, 50_000, &[]),
    ]);
    script.expect_nothing();
    script.sleep_ms(600);
    assert_eq!(
        script.expect(ChunkKind::DATA).tsn(),
        script.tsn.next(),
        "T3 runs from COOKIE ACK on"
    );
}

#[test]
fn the_peers_data_behind_its_cookie_is_taken() {
    let mut script = Script::new(Config::default());
    let cookie = script.init(PEER_TAG, PEER_TSN);
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie), whole(PEER_TSN, 0)]);
    script.expect(ChunkKind::COOKIE_ACK);
    assert_eq!(script.events(), [Event::Connected, Event::Readable(0)]);
}

#[test]
fn data_that_overtakes_the_cookie_ack_is_not_lost() {
    let mut script = connecting();
    script.feed(&[init_ack(PEER_TAG, b"biscuit")]);
    script.expect(ChunkKind::COOKIE_ECHO);
    script.feed(&[whole(PEER_TSN, 0)]);
    script.expect_nothing();
    script.feed(&[chunk(ChunkKind::COOKIE_ACK, 0, &[])]);
    script.sleep_ms(200);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN);
    assert_eq!(script.events(), [Event::Readable(0), Event::Connected]);
}

#[test]
fn init_is_repeated_with_back_off_and_then_given_up() {
    let mut script = connecting();
    let start = script.now;
    let mut at = Vec::new();
    while let Some(next) = script.core.poll_timeout() {
        script.now = next;
        script.core.handle_timeout(next);
        script.collect();
        if script.core.state() == State::CookieWait {
            script.expect(ChunkKind::INIT);
            at.push((next - start).as_secs());
        }
    }
    assert_eq!(at, [1, 3, 7, 15, 31, 63, 123, 183]);
    assert_eq!(script.events(), [Event::Closed(CloseReason::HandshakeTimeout)]);
    script.expect_nothing();
}

#[test]
fn a_cookie_that_is_never_acknowledged_is_given_up_too() {
    let mut script = connecting();
    script.feed(&[init_ack(PEER_TAG, b"biscuit")]);
    script.sleep(Duration::from_secs(1000));
    assert_eq!(script.all().len(), 9);
    assert_eq!(script.events(), [Event::Closed(CloseReason::HandshakeTimeout)]);
}

#[test]
fn an_init_ack_without_cookie_is_refused_and_a_second_one_ignored() {
    let mut script = connecting();
    script.feed(&[init_chunk(ChunkKind::INIT_ACK, PEER_TAG, PEER_TSN, &[])]);
    let abort = script.expect(ChunkKind::ABORT);
    assert_eq!(
        (abort.tag, abort.cause()),
        (PEER_TAG, Cause::MISSING_MANDATORY_PARAMETER)
    );
    assert_eq!(script.core.state(), State::CookieWait);
    script.feed(&[init_ack(PEER_TAG, b"first")]);
    assert_eq!(script.expect(ChunkKind::COOKIE_ECHO).value, b"first");
    script.feed(&[init_ack(PEER_TAG + 1, b"second")]);
    script.expect_nothing();
    script.sleep_ms(1000);
    assert_eq!(script.expect(ChunkKind::COOKIE_ECHO).value, b"first", "§5.2.3");
}

#[test]
fn impossible_inits_are_refused() {
    for (outbound, inbound, a_rwnd) in [(0, 1, 5000), (1, 0, 5000), (1, 1, 1499)] {
        let mut script = Script::new(Config::default());
        let init = Init {
            initiate_tag: PEER_TAG,
            a_rwnd,
            outbound_streams: outbound,
            inbound_streams: inbound,
            initial_tsn: PEER_TSN,
        };
        let mut value = Vec::new();
        init.encode(&mut value);
        script.feed_tagged(0, &[chunk(ChunkKind::INIT, 0, &value)]);
        assert_eq!(
            script.expect(ChunkKind::ABORT).cause(),
            Cause::INVALID_MANDATORY_PARAMETER
        );
    }
    let mut script = Script::new(Config::default());
    script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, 0, PEER_TSN, &[])]);
    script.expect_nothing();
    script.feed_tagged(7, &[init_chunk(ChunkKind::INIT, PEER_TAG, PEER_TSN, &[])]);
    script.expect_nothing();
    let two = [
        init_chunk(ChunkKind::INIT, PEER_TAG, PEER_TSN, &[]),
        whole(PEER_TSN, 0),
    ];
    script.feed_tagged(0, &two);
    script.expect_nothing();
    script.feed_tagged(
        0,
        &[init_chunk(
            ChunkKind::INIT,
            PEER_TAG,
            PEER_TSN,
            &[0, 11, 0, 8, b'h', b'o', b's', b't'],
        )],
    );
    assert_eq!(
        script.expect(ChunkKind::ABORT).cause(),
        Cause::UNRESOLVABLE_ADDRESS
    );
}

#[test]
fn unknown_parameters_are_reported_by_their_highest_bits() {
    let report = |kinds: &[u16]| {
        let mut params = Vec::new();
        for kind in kinds {
            write_param(&mut params, ParamKind(*kind), |out| out.push(1));
        }
        let mut script = Script::new(Config::default());
        script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, PEER_TAG, PEER_TSN, &params)]);
        let answer = script.expect(ChunkKind::INIT_ACK);
        let answer = InitRef::decode(&answer.value).unwrap();
        let reported = answer
            .params()
            .flatten()
            .filter(|param| param.kind == ParamKind::UNRECOGNIZED);
        reported
            .map(|param| u16::from_be_bytes([param.value[0], param.value[1]]))
            .collect::<Vec<u16>>()
    };
    assert_eq!(report(&[0xc0ff, 0x80ff]), [0xc0ff]);
    assert_eq!(report(&[0x40ff, 0xc0ff]), [0x40ff], "stops");
    assert_eq!(report(&[0x00ff, 0xc0ff]), [0_u16; 0], "stops in silence");
    assert_eq!(
        report(&[0x8001, 0x8002, 0x8003, 0x8004]),
        [0_u16; 0],
        "what browsers offer"
    );
}

#[test]
fn the_answer_to_an_init_is_at_most_three_times_as_long() {
    let mut script = Script::new(Config::default());
    for params in [vec![], capabilities()] {
        let init = init_chunk(ChunkKind::INIT, PEER_TAG, PEER_TSN, &params);
        script.feed_tagged(0, std::slice::from_ref(&init));
        let answer = script.expect(ChunkKind::INIT_ACK);
        assert!(
            12 + 4 + answer.value.len() <= 3 * (12 + init.len()),
            "{}",
            answer.value.len()
        );
    }
}

#[test]
fn an_init_flood_leaves_no_state_and_one_answer_each() {
    let mut script = Script::new(Config::default());
    for tag in 1..1000 {
        script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, tag, PEER_TSN, &[])]);
        script.expect(ChunkKind::INIT_ACK);
        script.expect_nothing();
    }
    assert_eq!(script.core.state(), State::Closed);
    let mut packet = Vec::new();
    Header {
        source_port: 5000,
        destination_port: 5000,
        verification_tag: 0,
    }
    .encode(&mut packet);
    packet.extend(init_chunk(ChunkKind::INIT, 1, PEER_TSN, &[]));
    seal(&mut packet);
    (0..1000).for_each(|_| script.core.handle_input(script.now, &packet));
    assert!(script.all().len() <= 4, "answers that wait are bounded");
}

#[test]
fn drops_forged_and_foreign_cookie_echoes() {
    let mut script = Script::new(Config::default());
    let cookie = script.init(PEER_TAG, PEER_TSN);
    let mut forged = cookie.clone();
    forged[8] ^= 1;
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &forged), whole(PEER_TSN, 0)]);
    script.feed_tagged(script.tag ^ 1, &[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect_nothing();
    assert_eq!(script.core.state(), State::Closed);
    assert_eq!(script.core.stats().rejected_cookies, 2);
    let mut other = Script::new(Config::default());
    other.core = crate::core::Association::new(Config::default(), [10; 32]);
    other.init(PEER_TAG, PEER_TSN);
    other.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    assert_eq!(
        other.core.state(),
        State::Closed,
        "a cookie of another association"
    );
}

#[test]
fn a_stale_cookie_is_reported_and_the_sender_of_one_tries_again() {
    let mut script = Script::new(Config::default());
    let cookie = script.init(PEER_TAG, PEER_TSN);
    script.sleep(Duration::from_secs(61));
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    let error = script.expect(ChunkKind::ERROR);
    assert_eq!((error.tag, error.cause()), (PEER_TAG, Cause::STALE_COOKIE));
    assert_eq!(
        error.value[4..8],
        1_000_000_u32.to_be_bytes(),
        "staleness in microseconds"
    );
    assert_eq!(script.core.state(), State::Closed);

    let mut script = connecting();
    script.feed(&[init_ack(PEER_TAG, b"old")]);
    script.expect(ChunkKind::COOKIE_ECHO);
    script.feed(&[chunk(ChunkKind::ERROR, 0, &[0, 3, 0, 8, 0, 0, 0, 1])]);
    script.expect(ChunkKind::INIT);
    script.feed(&[init_ack(PEER_TAG, b"fresh")]);
    assert_eq!(script.expect(ChunkKind::COOKIE_ECHO).value, b"fresh");
}

/// Both ends send INIT at once: each answers the other's with its own tag (§5.2.1), and the cookies meet (action D).
#[test]
fn collision_d_both_tags_match() {
    let mut script = connecting();
    let (tag, tsn) = (script.tag, script.tsn);
    let cookie = script.init(PEER_TAG, PEER_TSN);
    assert_eq!(
        (script.tag, script.tsn),
        (tag, tsn),
        "the same tag and TSN as in the INIT"
    );
    script.feed(&[init_ack(PEER_TAG, b"theirs")]);
    script.expect(ChunkKind::COOKIE_ECHO);
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect(ChunkKind::COOKIE_ACK);
    assert_eq!(script.events(), [Event::Connected]);
    script.feed(&[chunk(ChunkKind::COOKIE_ACK, 0, &[])]);
    assert_eq!(script.core.state(), State::Established);
    script.sleep_ms(5000);
    script.expect_nothing();
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect(ChunkKind::COOKIE_ACK);
    assert_eq!(script.events(), [], "a repeated cookie is only confirmed");
}

/// The peer's cookie comes while this end still waits for INIT ACK: its tag is learnt from the cookie (action B, "0").
#[test]
fn collision_b_in_cookie_wait() {
    let mut script = connecting();
    let cookie = script.init(PEER_TAG, PEER_TSN);
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie), whole(PEER_TSN, 0)]);
    assert_eq!(script.expect(ChunkKind::COOKIE_ACK).tag, PEER_TAG);
    assert_eq!(script.events(), [Event::Connected, Event::Readable(0)]);
}

/// The peer chose another tag after answering our INIT (action B).
#[test]
fn collision_b_updates_the_peers_tag() {
    let mut script = connecting();
    script.feed(&[init_ack(PEER_TAG, b"theirs")]);
    script.expect(ChunkKind::COOKIE_ECHO);
    let cookie = script.init(PEER_TAG + 1, Tsn(5000));
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    assert_eq!(script.expect(ChunkKind::COOKIE_ACK).tag, PEER_TAG + 1);
    assert_eq!(script.events(), [Event::Connected]);
    script.feed(&[whole(Tsn(5000), 0)]);
    assert_eq!(script.events(), [Event::Readable(0)]);
}

/// A late cookie with a tag of ours that is gone (action C).
#[test]
fn collision_c_is_discarded() {
    let mut script = Script::established();
    let old = script.tag;
    let cookie = script.init(PEER_TAG, PEER_TSN);
    assert_ne!(script.tag, old, "§5.2.2: an INIT in ESTABLISHED gets a new tag");
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect_nothing();
    assert_eq!(script.core.state(), State::Established);
    script.tag = old;
    script.feed(&[whole(PEER_TSN, 0)]);
    assert_eq!(script.events(), [Event::Readable(0)]);
}

/// The peer restarted (action A).
#[test]
fn collision_a_restarts() {
    let mut script = Script::established();
    script.send(0, 100);
    script.expect(ChunkKind::DATA);
    script.events();
    let old = script.tag;
    let cookie = script.init(PEER_TAG + 7, Tsn(7777));
    assert_ne!(script.tag, old);
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    assert_eq!(script.expect(ChunkKind::COOKIE_ACK).tag, PEER_TAG + 7);
    assert_eq!(script.events(), [Event::Restarted]);
    script.feed(&[whole(Tsn(7777), 0)]);
    assert_eq!(script.events(), [Event::Readable(0)]);
    script.send(0, 100);
    script.expect(ChunkKind::SACK);
    let (tsn, _, ssn, _) = script.expect(ChunkKind::DATA).data();
    assert_eq!((tsn, ssn.0), (script.tsn, 0), "numbers start again");
    assert_eq!(
        script.core.stats().messages_abandoned,
        1,
        "what was under way is lost, and counted"
    );
}

#[test]
fn a_restart_with_foreign_tie_tags_is_discarded() {
    let mut script = Script::established();
    let cookie = script.init(PEER_TAG + 7, Tsn(7777));
    // Meanwhile the association restarts with somebody else.
    let other = script.init(PEER_TAG + 8, Tsn(8888));
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &other)]);
    script.expect(ChunkKind::COOKIE_ACK);
    let stale_tag = u32::from_be_bytes(cookie[..4].try_into().unwrap());
    script.feed_tagged(stale_tag, &[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect_nothing();
}

#[test]
fn packets_with_wrong_tag_port_or_checksum_are_counted_and_nothing_else() {
    let mut script = Script::established();
    script.feed_tagged(script.tag ^ 1, &[chunk(ChunkKind::ABORT, 0, &[])]);
    script.feed_tagged(PEER_TAG, &[chunk(ChunkKind::ABORT, 0, &[])]);
    script.feed_tagged(0, &[chunk(ChunkKind::ABORT, 0, &[])]);
    assert_eq!(script.core.stats().bad_tag, 3);
    let mut packet = Vec::new();
    Header {
        source_port: 5000,
        destination_port: 5000,
        verification_tag: script.tag,
    }
    .encode(&mut packet);
    packet.extend(chunk(ChunkKind::ABORT, 0, &[]));
    script.core.handle_input(script.now, &packet);
    assert_eq!(script.core.stats().bad_checksum, 1);
    let mut packet = Vec::new();
    Header {
        source_port: 5001,
        destination_port: 5000,
        verification_tag: script.tag,
    }
    .encode(&mut packet);
    packet.extend(chunk(ChunkKind::ABORT, 0, &[]));
    seal(&mut packet);
    script.core.handle_input(script.now, &packet);
    script.core.handle_input(script.now, &[]);
    assert_eq!(script.core.stats().malformed, 2);
    assert_eq!(script.core.state(), State::Established);
    script.expect_nothing();
    script.feed_tagged(PEER_TAG, &[chunk(ChunkKind::ABORT, 1, &[])]);
    assert_eq!(
        script.core.state(),
        State::Ended,
        "the T bit reflects our own packets' tag, §8.5.1 B"
    );
}

#[test]
fn messages_on_streams_that_the_peer_does_not_accept_are_given_up() {
    let mut script = connecting();
    let full = crate::SendOptions::default();
    script.core.set_buffered_amount_low_threshold(200, 5);
    for stream_id in [200, 199, 200, 300] {
        let queued = script
            .core
            .send(script.now, stream_id, 0, "0123456789".into(), &full);
        assert_eq!(queued, Ok(()));
    }
    script.feed(&[init_ack(PEER_TAG, b"biscuit")]);
    script.expect(ChunkKind::COOKIE_ECHO);
    let data = script.expect(ChunkKind::DATA);
    assert_eq!((data.tsn(), data.data().1), (script.tsn, 199));
    script.expect_nothing();
    script.feed(&[
        chunk(ChunkKind::COOKIE_ACK, 0, &[]),
        sack(script.tsn, 50_000, &[]),
    ]);
    assert_eq!(
        script.events(),
        [
            Event::BufferedAmountLow(200),
            Event::BufferedAmountLow(300),
            Event::BufferedAmountLow(199),
            Event::Connected
        ]
    );
    let stats = script.core.stats();
    assert_eq!((stats.messages_abandoned, stats.send_buffered), (3, 0));
    assert_eq!(
        (script.core.buffered_amount(200), script.core.inbound_streams()),
        (0, 100)
    );
    script.send(199, 10);
    assert_eq!(script.expect(ChunkKind::DATA).tsn(), script.tsn.next());
}
