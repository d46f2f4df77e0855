//! RFC 9260 §9: shutdown, its races, and abort.

use super::script::*;
use crate::codec::*;
use crate::{CloseReason, Config, Event, SendError, SendOptions, State};
use std::time::Duration;

fn shutdown_chunk(cumulative: crate::Tsn) -> Vec<u8> {
    chunk(ChunkKind::SHUTDOWN, 0, &cumulative.0.to_be_bytes())
}

fn simple(kind: ChunkKind) -> Vec<u8> {
    chunk(kind, 0, &[])
}

#[test]
fn shutdown_waits_for_the_last_acknowledgement() {
    let mut script = Script::established();
    script.send(0, 10);
    let data = script.expect(ChunkKind::DATA);
    script.core.shutdown(script.now);
    assert_eq!(script.core.state(), State::ShutdownPending);
    script.expect_nothing();
    let refused = script
        .core
        .send(script.now, 0, 0, "late".into(), &SendOptions::default());
    assert_eq!(refused, Err(SendError::Closed));
    script.feed(&[sack(data.tsn(), 100_000, &[])]);
    assert_eq!(
        script.expect(ChunkKind::SHUTDOWN).value,
        PEER_TSN.previous().0.to_be_bytes()
    );
    script.feed(&[whole(PEER_TSN, 0)]);
    script.expect(ChunkKind::SACK);
    assert_eq!(
        script.expect(ChunkKind::SHUTDOWN).value,
        PEER_TSN.0.to_be_bytes(),
        "§9.2: data is answered with both"
    );
    script.feed(&[simple(ChunkKind::SHUTDOWN_ACK)]);
    let complete = script.expect(ChunkKind::SHUTDOWN_COMPLETE);
    assert_eq!((complete.tag, complete.flags), (PEER_TAG, 0));
    assert_eq!(script.events().pop(), Some(Event::Closed(CloseReason::Shutdown)));
    assert!(script.core.recv(0).is_some(), "what came stays readable");
    // SHUTDOWN COMPLETE was lost: the peer repeats SHUTDOWN ACK to an association that is over.
    script.feed(&[simple(ChunkKind::SHUTDOWN_ACK)]);
    let complete = script.expect(ChunkKind::SHUTDOWN_COMPLETE);
    assert_eq!((complete.tag, complete.flags), (script.tag, 1), "§8.4 rule 5");
}

#[test]
fn the_peers_shutdown_is_answered_when_our_data_is_through() {
    let mut script = Script::established();
    script.send(0, 10);
    script.send(0, 10);
    let first = script.expect(ChunkKind::DATA).tsn();
    script.expect(ChunkKind::DATA);
    script.feed(&[shutdown_chunk(first)]);
    assert_eq!(script.core.state(), State::ShutdownReceived);
    script.expect_nothing();
    script.feed(&[shutdown_chunk(first.plus(1))]);
    script.expect(ChunkKind::SHUTDOWN_ACK);
    script.sleep_ms(500);
    script.expect(ChunkKind::SHUTDOWN_ACK);
    script.feed(&[simple(ChunkKind::SHUTDOWN_COMPLETE)]);
    assert_eq!(script.events().pop(), Some(Event::Closed(CloseReason::Shutdown)));
    assert_eq!(script.core.poll_timeout(), None);
}

#[test]
fn shutdowns_that_cross_end_both_ways() {
    let mut script = Script::established();
    script.core.shutdown(script.now);
    script.expect(ChunkKind::SHUTDOWN);
    script.feed(&[shutdown_chunk(script.tsn.previous())]);
    script.expect(ChunkKind::SHUTDOWN_ACK);
    script.feed(&[simple(ChunkKind::SHUTDOWN_ACK)]);
    script.expect(ChunkKind::SHUTDOWN_COMPLETE);
    assert_eq!(script.core.state(), State::Ended);
}

#[test]
fn init_and_restart_during_shutdown_ack_sent_only_repeat_it() {
    let mut script = Script::established();
    let (tag, tsn) = (script.tag, script.tsn);
    let cookie = script.init(PEER_TAG + 1, PEER_TSN);
    let restart_tag = script.tag;
    script.tag = tag;
    script.feed(&[shutdown_chunk(tsn.previous())]);
    script.expect(ChunkKind::SHUTDOWN_ACK);
    script.feed_tagged(0, &[init_chunk(ChunkKind::INIT, PEER_TAG + 2, PEER_TSN, &[])]);
    script.expect(ChunkKind::SHUTDOWN_ACK);
    script.feed_tagged(restart_tag, &[chunk(ChunkKind::COOKIE_ECHO, 0, &cookie)]);
    let error = script.expect(ChunkKind::ERROR);
    assert_eq!(error.cause(), Cause::COOKIE_RECEIVED_WHILE_SHUTTING_DOWN);
    script.expect(ChunkKind::SHUTDOWN_ACK);
    assert_eq!(script.core.state(), State::ShutdownAckSent);
}

#[test]
fn shutdown_complete_counts_only_when_it_is_expected() {
    let mut script = Script::established();
    script.feed(&[simple(ChunkKind::SHUTDOWN_COMPLETE)]);
    script.feed(&[simple(ChunkKind::SHUTDOWN_ACK)]);
    script.feed(&[simple(ChunkKind::COOKIE_ACK)]);
    assert_eq!(script.core.state(), State::Established);
    assert_eq!(script.core.stats().unexpected_chunks, 2);
    script.expect_nothing();
}

#[test]
fn an_unanswered_shutdown_ends() {
    let config = Config {
        max_retransmissions: Some(3),
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    script.core.shutdown(script.now);
    script.expect(ChunkKind::SHUTDOWN);
    script.sleep(Duration::from_secs(5000));
    assert_eq!(script.events(), [Event::Closed(CloseReason::Unreachable)]);
    assert_eq!(script.all().len(), 3);
    // The peer never acknowledges our data but stays alive: the guard ends it.
    let config = Config {
        rto_max: Duration::from_secs(2),
        max_retransmissions: None,
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    script.send(0, 10);
    script.core.shutdown(script.now);
    script.sleep(Duration::from_secs(11));
    assert_eq!(
        script.events().pop(),
        Some(Event::Closed(CloseReason::ShutdownTimeout))
    );
    assert_eq!(script.all().pop().unwrap().kind, ChunkKind::ABORT);
}

#[test]
fn abort_carries_the_reason_and_nothing_of_its_own_follows() {
    let mut script = Script::established();
    script.send(0, 5000);
    script.all();
    script.core.abort(script.now, "enough");
    let abort = script.expect(ChunkKind::ABORT);
    assert_eq!(
        (abort.cause(), &abort.value[4..]),
        (Cause::USER_INITIATED_ABORT, &b"enough"[..])
    );
    assert_eq!(
        script.events().pop(),
        Some(Event::Closed(CloseReason::LocalAbort("enough".into())))
    );
    script.core.abort(script.now, "again");
    script.core.shutdown(script.now);
    script.core.connect(script.now);
    script.sleep(Duration::from_secs(100));
    script.expect_nothing();
    assert_eq!((script.events(), script.core.poll_timeout()), (vec![], None));
}

#[test]
fn the_peers_abort_is_told_with_its_text() {
    let mut script = Script::established();
    script.feed(&[chunk(ChunkKind::ABORT, 0, &[0, 12, 0, 8, b'b', b'y', b'e', b'!'])]);
    let reason = CloseReason::PeerAbort {
        cause: Some(Cause::USER_INITIATED_ABORT),
        text: "bye!".into(),
    };
    assert_eq!(
        reason.to_string(),
        "aborted by the peer (user-initiated abort): bye!"
    );
    assert_eq!(script.events(), [Event::Closed(reason)]);
    let mut script = Script::established();
    script.feed(&[chunk(ChunkKind::ABORT, 0, &[0, 12])]);
    assert!(matches!(
        script.events()[..],
        [Event::Closed(CloseReason::PeerAbort { cause: None, .. })]
    ));
}

#[test]
fn before_the_handshake_shutdown_is_an_abort() {
    let mut script = Script::new(Config::default());
    script.core.connect(script.now);
    script.core.shutdown(script.now);
    script.expect_nothing();
    assert!(matches!(
        script.events()[..],
        [Event::Closed(CloseReason::LocalAbort(_))]
    ));
}
