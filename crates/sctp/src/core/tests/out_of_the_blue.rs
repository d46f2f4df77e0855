//! RFC 9260 §8.4: packets that belong to no association.

use super::script::*;
use crate::codec::*;
use crate::{CloseReason, Config, Event, State};

fn simple(kind: ChunkKind) -> Vec<u8> {
    chunk(kind, 0, &[])
}

fn stale_cookie() -> Vec<u8> {
    chunk(ChunkKind::ERROR, 0, &[0, 3, 0, 8, 0, 0, 0, 1])
}

/// An association that was aborted here, by a packet that got lost.
fn aborted() -> Script {
    let mut script = Script::established();
    script.core.abort(script.now, "enough");
    script.expect(ChunkKind::ABORT);
    script.events();
    script
}

/// One that ended by SHUTDOWN.
fn shut_down() -> Script {
    let mut script = Script::established();
    script.core.shutdown(script.now);
    script.expect(ChunkKind::SHUTDOWN);
    script.feed(&[simple(ChunkKind::SHUTDOWN_ACK)]);
    script.expect(ChunkKind::SHUTDOWN_COMPLETE);
    script.events();
    script
}

/// Chunks to which an endpoint without an association says nothing.
fn unanswered() -> [Vec<Vec<u8>>; 7] {
    [
        vec![simple(ChunkKind::ABORT)],
        vec![chunk(ChunkKind::ABORT, 1, &[])],
        vec![whole(PEER_TSN, 0), simple(ChunkKind::ABORT)],
        vec![chunk(ChunkKind::SHUTDOWN_COMPLETE, 1, &[])],
        vec![simple(ChunkKind::COOKIE_ACK), whole(PEER_TSN, 0)],
        vec![stale_cookie()],
        vec![whole(PEER_TSN, 0), vec![0, 0, 0, 3]],
    ]
}

#[test]
fn a_peer_that_missed_the_abort_is_told_again() {
    for late in [
        whole(PEER_TSN, 0),
        simple(ChunkKind::HEARTBEAT),
        sack(PEER_TSN, 100_000, &[]),
        chunk(ChunkKind::ERROR, 0, &[0, 6, 0, 4]),
        chunk(ChunkKind(0x3f), 0, b"who knows"),
    ] {
        let mut script = aborted();
        script.feed(&[late]);
        let abort = script.expect(ChunkKind::ABORT);
        assert_eq!(
            (abort.tag, abort.flags),
            (script.tag, 1),
            "the tag that came, and the T bit"
        );
        script.expect_nothing();
        assert_eq!(script.core.stats().out_of_the_blue, 1);
        assert_eq!((script.events(), script.core.poll_timeout()), (vec![], None));
    }
}

#[test]
fn a_reflected_abort_ends_the_peer() {
    let mut ended = aborted();
    ended.feed(&[whole(PEER_TSN, 0)]);
    let answer = ended.expect(ChunkKind::ABORT);
    // The peer's peer tag is the tag that it sends under.
    let mut peer = Script::established();
    peer.feed_tagged(PEER_TAG, &[chunk(answer.kind, answer.flags, &answer.value)]);
    assert!(matches!(
        peer.events()[..],
        [Event::Closed(CloseReason::PeerAbort { cause: None, .. })]
    ));
    peer.expect_nothing();
}

#[test]
fn what_ends_things_is_not_answered() {
    for chunks in unanswered() {
        for mut script in [aborted(), shut_down(), Script::new(Config::default())] {
            let before = script.core.state();
            script.feed_tagged(77, &chunks);
            script.expect_nothing();
            assert_eq!(script.core.state(), before);
            assert_eq!(script.core.stats().out_of_the_blue, 1, "{chunks:?}");
        }
    }
}

#[test]
fn answers_are_not_answered() {
    let answers = |script: &mut Script| {
        let mut answers = Vec::new();
        for chunks in [whole(PEER_TSN, 0), simple(ChunkKind::SHUTDOWN_ACK)] {
            script.feed_tagged(77, &[chunks]);
            answers.extend(script.all());
        }
        script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, 5, PEER_TSN, &[])]);
        answers.extend(script.all());
        answers
    };
    for answer in answers(&mut aborted()) {
        for mut other in [aborted(), shut_down(), Script::new(Config::default())] {
            other.feed_tagged(answer.tag, &[chunk(answer.kind, answer.flags, &answer.value)]);
            other.expect_nothing();
        }
    }
}

#[test]
fn shutdown_ack_is_answered_wherever_it_is() {
    for mut script in [aborted(), shut_down(), Script::new(Config::default())] {
        script.feed_tagged(
            77,
            &[sack(PEER_TSN, 100_000, &[]), simple(ChunkKind::SHUTDOWN_ACK)],
        );
        let complete = script.expect(ChunkKind::SHUTDOWN_COMPLETE);
        assert_eq!((complete.tag, complete.flags), (77, 1));
        script.expect_nothing();
    }
}

#[test]
fn an_agreed_end_is_not_turned_into_an_abort() {
    let mut script = shut_down();
    script.feed(&[whole(PEER_TSN, 0)]);
    script.expect_nothing();
}

#[test]
fn a_new_association_with_one_that_is_over_is_refused() {
    for mut script in [aborted(), shut_down()] {
        script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, 5, PEER_TSN, &[])]);
        let abort = script.expect(ChunkKind::ABORT);
        assert_eq!((abort.tag, abort.flags), (5, 0), "rule 3: its own tag, no T bit");
        script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, 0, PEER_TSN, &[])]);
        script.feed_tagged(0, &[chunk(ChunkKind::INIT, 0, &[1, 2, 3])]);
        script.feed_tagged(0, &[whole(PEER_TSN, 0)]);
        script.expect_nothing();
    }
}

#[test]
fn a_cookie_that_comes_too_late_is_refused_and_a_forged_one_ignored() {
    let mut script = Script::new(Config::default());
    let mut cookie = script.init(PEER_TAG, PEER_TSN);
    script.core.abort(script.now, "no");
    script.all();
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    let abort = script.expect(ChunkKind::ABORT);
    assert_eq!((abort.tag, abort.flags), (script.tag, 1));
    cookie[0] ^= 1;
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect_nothing();
}

#[test]
fn a_peer_of_an_earlier_life_is_told_that_it_is_over() {
    let mut script = Script::new(Config::default());
    script.feed_tagged(77, &[whole(PEER_TSN, 0)]);
    let abort = script.expect(ChunkKind::ABORT);
    assert_eq!((abort.tag, abort.flags), (77, 1));
    // Whoever has our tag is setting this association up, and its packets overtake each other.
    let cookie = script.init(PEER_TAG, PEER_TSN);
    script.feed(&[whole(PEER_TSN, 0)]);
    script.expect_nothing();
    script.feed(&[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    script.expect(ChunkKind::COOKIE_ACK);
    assert_eq!(script.core.state(), State::Established);
}

#[test]
fn a_flood_is_answered_within_bounds() {
    let mut script = aborted();
    let mut packet = Vec::new();
    let header = Header {
        source_port: 5000,
        destination_port: 5000,
        verification_tag: 77,
    };
    header.encode(&mut packet);
    packet.extend(whole(PEER_TSN, 0));
    seal(&mut packet);
    for _ in 0..1000 {
        script.core.handle_input(script.now, &packet);
    }
    script.collect();
    assert_eq!(script.all().len(), 4);
}
