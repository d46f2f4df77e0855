//! RFC 9260 §6 and §7: data and acknowledgements against a scripted peer.

use super::script::*;
use crate::codec::*;
use crate::tsn::Tsn;
use crate::{CloseReason, Config, Event, SendError, SendOptions, State};
use std::time::Duration;

const B: u8 = 2;
const E: u8 = 1;
const U: u8 = 4;
const I: u8 = 8;

/// Sends `count` messages that fill a packet each and returns the first TSN. All of them fit into the initial window.
fn fill(script: &mut Script, count: u32) -> Tsn {
    let first = script.tsn;
    for tsn in (0..count).map(|offset| first.plus(offset)) {
        script.send(0, 1132);
        assert_eq!(script.expect(ChunkKind::DATA).tsn(), tsn);
    }
    first
}

#[test]
fn sacks_every_second_packet_or_after_the_delay() {
    let mut script = Script::established();
    script.feed(&[whole(PEER_TSN, 0)]);
    script.expect_nothing();
    script.sleep_ms(199);
    script.expect_nothing();
    script.sleep_ms(1);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN);
    script.feed(&[whole(PEER_TSN.plus(1), 1)]);
    script.expect_nothing();
    script.feed(&[whole(PEER_TSN.plus(2), 2), whole(PEER_TSN.plus(3), 3)]);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN.plus(3));
    script.sleep_ms(1000);
    script.expect_nothing();
}

#[test]
fn sacks_at_once_for_the_i_bit_a_gap_and_a_duplicate() {
    let mut script = Script::established();
    script.feed(&[data(PEER_TSN, 0, 0, B | E | I, b"now")]);
    script.expect(ChunkKind::SACK);
    script.feed(&[whole(PEER_TSN.plus(2), 2)]);
    let (cumulative, _, blocks, _) = script.expect(ChunkKind::SACK).sack();
    assert_eq!((cumulative, &blocks[..]), (PEER_TSN, &[(2, 2)][..]));
    script.feed(&[whole(PEER_TSN.plus(4), 4)]);
    assert_eq!(script.expect(ChunkKind::SACK).sack().2, [(2, 2), (4, 4)]);
    script.feed(&[whole(PEER_TSN.plus(4), 4), whole(PEER_TSN, 0)]);
    assert_eq!(
        script.expect(ChunkKind::SACK).sack().3,
        [PEER_TSN.plus(4), PEER_TSN]
    );
    script.feed(&[whole(PEER_TSN.plus(1), 1)]);
    let (cumulative, _, blocks, duplicates) = script.expect(ChunkKind::SACK).sack();
    assert_eq!(
        (cumulative, &blocks[..], &duplicates[..]),
        (PEER_TSN.plus(2), &[(2, 2)][..], &[][..])
    );
    script.feed(&[whole(PEER_TSN.plus(3), 3)]);
    script.sleep_ms(200);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN.plus(4));
}

#[test]
fn one_sack_answers_a_batch_and_a_delayed_one_travels_with_data() {
    let mut script = Script::established();
    let mut packet = Vec::new();
    for offset in 0..50 {
        packet.clear();
        Header {
            source_port: 5000,
            destination_port: 5000,
            verification_tag: script.tag,
        }
        .encode(&mut packet);
        packet.extend(whole(PEER_TSN.plus(offset), u16::try_from(offset).unwrap()));
        seal(&mut packet);
        script.core.handle_input(script.now, &packet);
    }
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN.plus(49));
    script.expect_nothing();
    script.feed(&[whole(PEER_TSN.plus(50), 50)]);
    script.send(0, 10);
    let sack = script.expect(ChunkKind::SACK);
    assert_eq!(script.expect(ChunkKind::DATA).packet, sack.packet);
}

#[test]
fn small_messages_share_a_packet_and_bulk_packets_are_equal() {
    let mut script = Script::established();
    for _ in 0..3 {
        script
            .core
            .send(script.now, 0, 53, vec![1; 101].into(), &SendOptions::default())
            .unwrap();
    }
    let packets: Vec<usize> = script.all().iter().map(|sent| sent.packet).collect();
    assert_eq!(packets.len(), 3);
    assert!(packets.iter().all(|packet| *packet == packets[0]));

    let mut script = Script::established();
    for _ in 0..3 {
        script
            .core
            .send(script.now, 0, 53, vec![1; 3001].into(), &SendOptions::default())
            .unwrap();
    }
    let mut lengths = Vec::new();
    let mut out = Vec::new();
    while let Some(transmit) = script.core.poll_transmit(script.now, &mut out) {
        lengths.push(transmit.len);
    }
    assert_eq!(lengths.len(), 8);
    assert!(lengths[..7].iter().all(|len| *len == 1160), "{lengths:?}");
}

#[test]
fn fragments_arrive_in_any_order() {
    let mut script = Script::established();
    let parts: [(u8, &[u8]); 4] = [(B, b"in "), (0, b"the "), (0, b"right "), (E, b"order")];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let first = script.core.stats().data_chunks_received;
        let base = PEER_TSN.plus(u32::try_from(first).unwrap());
        let ssn = u16::try_from(first / 4).unwrap();
        for index in order {
            let (flags, payload) = parts[index];
            script.feed(&[data(
                base.plus(u32::try_from(index).unwrap()),
                0,
                ssn,
                flags,
                payload,
            )]);
        }
        assert_eq!(
            script.core.recv(0).unwrap().data,
            "in the right order",
            "{order:?}"
        );
    }
    assert_eq!(script.core.recv(0), None);
}

#[test]
fn ordered_messages_wait_for_their_turn_and_unordered_ones_do_not() {
    let mut script = Script::established();
    script.feed(&[whole(PEER_TSN.plus(2), 2)]);
    script.feed(&[data(PEER_TSN.plus(3), 0, 77, U | B | E, b"unordered")]);
    script.feed(&[data(PEER_TSN.plus(4), 9, 0, B | E, b"other stream")]);
    assert_eq!(script.core.recv(0).unwrap().data, "unordered");
    assert_eq!(script.core.recv(9).unwrap().data, "other stream");
    assert_eq!(script.core.recv(0), None);
    script.feed(&[whole(PEER_TSN.plus(1), 1)]);
    assert_eq!(script.core.recv(0), None);
    script.feed(&[data(PEER_TSN, 0, 0, B | E, b"first")]);
    assert_eq!(script.core.recv(0).unwrap().data, "first");
    assert!(script.core.recv(0).is_some() && script.core.recv(0).is_some() && script.core.recv(0).is_none());
    assert_eq!(
        script.events(),
        [Event::Readable(0), Event::Readable(9)],
        "once while the first is not polled"
    );
}

#[test]
fn three_missing_reports_make_a_fast_retransmission_and_one_window_reduction() {
    let mut script = Script::established();
    let first = fill(&mut script, 8);
    let window = script.core.stats().congestion_window;
    script.feed(&[sack(first.previous(), 100_000, &[(2, 2)])]);
    script.feed(&[sack(first.previous(), 100_000, &[(2, 3)])]);
    script.expect_nothing();
    script.feed(&[sack(first.previous(), 100_000, &[(2, 4)])]);
    assert_eq!(script.expect(ChunkKind::DATA).tsn(), first);
    script.expect_nothing();
    let stats = script.core.stats();
    assert_eq!((stats.fast_recoveries, stats.retransmissions), (1, 1));
    // Chunks that were sent before the retransmission say nothing about it.
    for last in 5..=8 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, last)])]);
    }
    script.expect_nothing();
    let mut script = Script::established();
    let first = fill(&mut script, 8);
    for last in 2..=4 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, last)])]);
    }
    script.all();
    assert_eq!(stats.congestion_window, window / 2);
    script.feed(&[sack(first.plus(4), 100_000, &[(2, 3)])]);
    script.feed(&[sack(first.plus(4), 100_000, &[(2, 3)])]);
    assert_eq!(
        script.core.stats().congestion_window,
        window / 2,
        "no second reduction while recovering"
    );
}

#[test]
fn a_repeated_sack_without_news_is_no_missing_report() {
    let mut script = Script::established();
    let first = fill(&mut script, 8);
    for _ in 0..10 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, 4)])]);
    }
    script.expect_nothing();
}

#[test]
fn a_lost_retransmission_is_sent_again_without_a_timeout() {
    let mut script = Script::established();
    let first = fill(&mut script, 4);
    for last in 2..=4 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, last)])]);
    }
    assert_eq!(script.expect(ChunkKind::DATA).tsn(), first);
    // Three chunks sent after the retransmission arrive, it does not.
    for index in 4..7 {
        script.send(0, 1132);
        assert_eq!(script.expect(ChunkKind::DATA).tsn(), first.plus(index));
    }
    for last in 5..=7 {
        script.feed(&[sack(first.previous(), 100_000, &[(2, last)])]);
    }
    assert_eq!(script.expect(ChunkKind::DATA).tsn(), first);
    assert_eq!(script.core.stats().timeouts, 0);
}

#[test]
fn t3_expires_backs_off_and_leaves_one_packet_in_flight() {
    let mut script = Script::established();
    let first = fill(&mut script, 4);
    let mut at = Vec::new();
    let start = script.now;
    while at.len() < 4 {
        script.now = script.core.poll_timeout().unwrap();
        script.core.handle_timeout(script.now);
        let sent = script.all();
        if !sent.is_empty() {
            assert_eq!(sent.len(), 1);
            assert_eq!(sent[0].tsn(), first);
            at.push((script.now - start).as_millis());
        }
    }
    assert_eq!(at, [500, 1500, 3500, 7500]);
    let mut done = Script::established();
    let last = fill(&mut done, 1);
    done.feed(&[sack(last, 100_000, &[])]);
    let next = done.core.poll_timeout().unwrap();
    assert!(
        next > done.now + Duration::from_secs(29),
        "with everything acknowledged only the heartbeat is left"
    );
    script.feed(&[sack(first, 100_000, &[])]);
    assert_eq!(script.expect(ChunkKind::DATA).tsn(), first.plus(1), "slow start");
    let mut small = Script::established();
    (0..3).for_each(|_| small.send(0, 600));
    small.all();
    small.sleep_ms(500);
    assert_eq!(
        small.all().len(),
        1,
        "one packet, also when its chunk is smaller than the window"
    );
    assert!(script.core.stats().congestion_window >= 1148);
}

#[test]
fn a_dead_peer_is_noticed_after_ten_timeouts() {
    let mut script = Script::established();
    script.send(0, 10);
    script.sleep(Duration::from_secs(2000));
    let sent = script.all();
    assert_eq!(sent.len(), 11, "{sent:?}");
    assert_eq!(
        script.events().pop(),
        Some(Event::Closed(CloseReason::Unreachable))
    );
    assert_eq!(script.core.poll_timeout(), None);

    let config = Config {
        max_retransmissions: None,
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    script.send(0, 10);
    script.sleep(Duration::from_secs(100_000));
    assert_eq!(
        script.core.state(),
        State::Established,
        "left to the layers below"
    );
}

#[test]
fn old_impossible_and_reneging_sacks_do_no_harm() {
    let mut script = Script::established();
    let first = fill(&mut script, 6);
    script.feed(&[sack(first.plus(2), 100_000, &[])]);
    let before = script.core.stats();
    script.feed(&[sack(first, 5, &[])]);
    assert_eq!(
        script.core.stats().peer_window,
        before.peer_window,
        "older than the cumulative ack"
    );
    script.feed(&[sack(first.plus(6), 100_000, &[])]);
    script.feed(&[sack(first.plus(0x7fff_0000), 100_000, &[])]);
    assert_eq!(script.core.stats().flight_size, before.flight_size, "never sent");
    for blocks in [[(0, 1)], [(5, 2)], [(2, 4)], [(65_535, 65_535)]] {
        script.feed(&[sack(first.plus(2), 100_000, &blocks)]);
        assert_eq!(script.core.stats().flight_size, before.flight_size, "{blocks:?}");
    }
    assert_eq!(
        script.core.stats().unexpected_chunks,
        before.unexpected_chunks + 7
    );
    script.expect_nothing();
    // The last three are reported and then forgotten by the peer: after two timeouts they are sent again.
    script.feed(&[sack(first.plus(2), 100_000, &[(2, 3)])]);
    script.sleep(Duration::from_secs(2));
    script.all();
    script.feed(&[sack(first.plus(3), 100_000, &[])]);
    let again: Vec<Tsn> = script.all().iter().map(Sent::tsn).collect();
    assert_eq!(again, [first.plus(4), first.plus(5)]);
}

#[test]
fn a_closed_window_is_probed_for_ever_and_opens_again() {
    let mut script = Script::established();
    let first = fill(&mut script, 2);
    script.feed(&[sack(first.plus(1), 0, &[])]);
    for _ in 0..3 {
        script.send(0, 1132);
    }
    let probe = script.expect(ChunkKind::DATA);
    assert_eq!(probe.tsn(), first.plus(2));
    script.expect_nothing();
    for _ in 0..30 {
        script.sleep(Duration::from_secs(60));
        assert!(
            script
                .all()
                .iter()
                .all(|sent| sent.kind == ChunkKind::HEARTBEAT || sent.tsn() == first.plus(2))
        );
        script.feed(&[sack(first.plus(1), 0, &[])]);
    }
    assert_eq!(
        script.core.state(),
        State::Established,
        "a slow reader is not a dead peer"
    );
    script.all();
    script.feed(&[sack(first.plus(2), 100_000, &[])]);
    assert_eq!(script.expect(ChunkKind::DATA).tsn(), first.plus(3));
}

#[test]
fn unread_data_closes_the_window_and_reading_opens_it() {
    let config = Config {
        receive_window: 8192,
        max_message_size: 4096,
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    let mut tsn = PEER_TSN;
    let mut last = u32::MAX;
    for ssn in 0..9 {
        script.feed(&[data(tsn, 0, ssn, B | E | I, &[1; 1000])]);
        let (cumulative, a_rwnd, _, _) = script.expect(ChunkKind::SACK).sack();
        assert!(a_rwnd < last || last == 0);
        if cumulative != tsn {
            break;
        }
        last = a_rwnd;
        tsn = tsn.next();
    }
    assert_eq!(
        tsn,
        PEER_TSN.plus(8),
        "7 * (1000 + overhead) fit, and the next in order while there is any room"
    );
    assert_eq!(script.core.stats().dropped_full, 1);
    script.core.recv(0).unwrap();
    script.core.recv(0).unwrap();
    script.expect_nothing();
    script.core.recv(0).unwrap();
    assert!(script.expect(ChunkKind::SACK).sack().1 > 2000, "window update");
    script.feed(&[data(tsn, 0, 8, B | E | I, &[1; 1000])]);
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, tsn);
    assert_eq!(std::iter::from_fn(|| script.core.recv(0)).count(), 6);
}

/// The complaint of other stacks: out-of-order data fills the window, the missing chunk is refused for ever.
#[test]
fn a_window_full_of_held_data_still_takes_the_missing_chunk() {
    let config = Config {
        receive_window: 8192,
        max_message_size: 4096,
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    for offset in 1..20 {
        script.feed(&[data(
            PEER_TSN.plus(offset),
            0,
            u16::try_from(offset).unwrap(),
            B | E,
            &[1; 1000],
        )]);
    }
    let held = script.all().pop().unwrap().sack();
    assert_eq!((held.0, &held.2[..]), (PEER_TSN.previous(), &[(2, 8)][..]));
    script.feed(&[data(PEER_TSN, 0, 0, B | E, &[1; 1000])]);
    assert_eq!(std::iter::from_fn(|| script.core.recv(0)).count(), 8);
}

#[test]
fn a_peer_that_fills_memory_with_undeliverable_data_is_aborted() {
    let config = Config {
        receive_window: 8192,
        max_message_size: 4096,
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    for offset in 0..100 {
        // SSN 0 never comes.
        script.feed(&[data(
            PEER_TSN.plus(offset),
            0,
            u16::try_from(offset + 1).unwrap(),
            B | E,
            &[1; 1000],
        )]);
    }
    let sent = script.all();
    let mut aborts = sent.iter().filter(|sent| sent.kind == ChunkKind::ABORT);
    assert_eq!(aborts.next().unwrap().cause(), Cause::OUT_OF_RESOURCE);
    assert!(
        aborts.all(|late| late.flags == 1),
        "§8.4, for what comes after the end"
    );
    assert_eq!(script.core.state(), State::Ended);
}

#[test]
fn violations_are_answered_with_abort() {
    let cases: [(&[Vec<u8>], Cause); 3] = [
        (&[data(PEER_TSN, 0, 0, B | E, b"")], Cause::NO_USER_DATA),
        (
            &[
                data(PEER_TSN, 0, 0, B, b"x"),
                data(PEER_TSN.plus(1), 1, 0, E, b"y"),
            ],
            Cause::PROTOCOL_VIOLATION,
        ),
        (
            &[
                data(PEER_TSN, 0, 0, B, &[0; 500]),
                data(PEER_TSN.plus(1), 0, 0, E, &[0; 600]),
            ],
            Cause::PROTOCOL_VIOLATION,
        ),
    ];
    for (chunks, cause) in cases {
        let mut script = Script::established_with(Config {
            max_message_size: 1000,
            ..Config::default()
        });
        script.feed(chunks);
        let abort = script.expect(ChunkKind::ABORT);
        assert_eq!((abort.cause(), abort.tag), (cause, PEER_TAG));
        assert!(matches!(
            script.events().pop(),
            Some(Event::Closed(CloseReason::ProtocolViolation(_)))
        ));
    }
}

#[test]
fn a_stream_out_of_range_is_reported_and_its_tsn_taken() {
    let mut script = Script::established();
    script.feed(&[data(PEER_TSN, 100, 0, B | E, b"lost")]);
    let error = script.expect(ChunkKind::ERROR);
    assert_eq!(
        (error.cause(), &error.value[4..]),
        (Cause::INVALID_STREAM_IDENTIFIER, &[0, 100, 0, 0][..])
    );
    assert_eq!(script.expect(ChunkKind::SACK).sack().0, PEER_TSN);
    script.feed(&[data(PEER_TSN.plus(1), 99, 0, B | E, b"found")]);
    assert_eq!(script.core.recv(99).unwrap().data, "found");
    let options = SendOptions::default();
    assert_eq!(
        script.core.send(script.now, 200, 0, "x".into(), &options),
        Err(SendError::InvalidStream)
    );
    assert_eq!(script.core.send(script.now, 199, 0, "x".into(), &options), Ok(()));
}

#[test]
fn tsns_far_ahead_are_dropped_and_duplicates_bounded() {
    let mut script = Script::established();
    script.feed(&[whole(PEER_TSN.plus(65_535), 1)]);
    assert_eq!(script.expect(ChunkKind::SACK).sack().2, []);
    script.feed(&[whole(PEER_TSN.plus(65_534), 1)]);
    assert_eq!(script.expect(ChunkKind::SACK).sack().2, [(65_535, 65_535)]);
    let storm: Vec<Vec<u8>> = (0..40).map(|_| whole(PEER_TSN.previous(), 0)).collect();
    script.feed(&storm);
    assert_eq!(script.expect(ChunkKind::SACK).sack().3.len(), 32);
}

#[test]
fn more_gaps_than_a_packet_holds_are_cut_to_it() {
    let mut script = Script::established();
    for offset in 1..600_u16 {
        script.feed(&[whole(PEER_TSN.plus(u32::from(offset) * 2), offset)]);
    }
    let sent = script.all();
    let last = sent.last().unwrap().sack();
    assert_eq!(last.2.len(), (1160 - 12 - 16) / 4);
}

#[test]
fn the_send_buffer_is_bounded_and_says_when_there_is_room() {
    let config = Config {
        send_buffer: 10_000,
        ..Config::default()
    };
    let mut script = Script::established_with(config);
    let options = SendOptions::default();
    let send = |script: &mut Script, len| script.core.send(script.now, 0, 0, vec![0; len].into(), &options);
    assert_eq!(send(&mut script, 0), Err(SendError::Empty));
    assert_eq!(send(&mut script, 10_001), Err(SendError::TooLarge));
    assert_eq!(send(&mut script, 6000), Ok(()));
    assert_eq!(send(&mut script, 4000), Ok(()));
    assert_eq!(send(&mut script, 1), Err(SendError::BufferFull));
    script.core.set_buffered_amount_low_threshold(0, 2000);
    assert_eq!(script.core.buffered_amount(0), 10_000);
    let sent = script.all();
    assert_eq!(script.core.buffered_amount(0), 0);
    assert_eq!(script.events(), [Event::BufferedAmountLow(0)]);
    script.feed(&[sack(sent[4].tsn(), 100_000, &[])]);
    assert_eq!(script.events(), [], "the first message is not finished");
    script.feed(&[sack(sent.last().unwrap().tsn(), 100_000, &[])]);
    assert_eq!(script.events(), [Event::Writable]);
    assert_eq!(send(&mut script, 10_000), Ok(()));
}

#[test]
fn streams_take_turns_message_by_message() {
    let mut script = Script::established();
    for stream in [1, 2, 3] {
        for _ in 0..2 {
            script
                .core
                .send(
                    script.now,
                    stream,
                    0,
                    vec![0; 1500].into(),
                    &SendOptions::default(),
                )
                .unwrap();
        }
    }
    let order: Vec<u16> = script.all().iter().map(|sent| sent.data().1).collect();
    let mut turns = order.clone();
    turns.dedup();
    assert_eq!(turns, [1, 2, 3, 1, 2, 3], "{order:?}");
}

#[test]
fn heartbeats_probe_an_idle_path_and_answers_must_match() {
    let mut script = Script::established();
    script.sleep_ms(30_500);
    let beat = script.expect(ChunkKind::HEARTBEAT);
    script.now += Duration::from_millis(40);
    script.feed(&[chunk(
        ChunkKind::HEARTBEAT_ACK,
        0,
        &[0, 1, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0],
    )]);
    assert_eq!(script.core.stats().srtt, None, "forged");
    script.feed(&[chunk(ChunkKind::HEARTBEAT_ACK, 0, &beat.value)]);
    assert_eq!(script.core.stats().srtt, Some(Duration::from_millis(40)));
    script.feed(&[chunk(ChunkKind::HEARTBEAT_ACK, 0, &beat.value)]);
    assert_eq!(script.core.stats().unexpected_chunks, 2);
    script.feed(&[chunk(ChunkKind::HEARTBEAT, 0, b"any bytes")]);
    assert_eq!(script.expect(ChunkKind::HEARTBEAT_ACK).value, b"any bytes");
    script.sleep(Duration::from_secs(1000));
    assert_eq!(script.events(), [Event::Closed(CloseReason::Unreachable)]);
    assert_eq!(script.all().len(), 11, "heartbeats until the counter is full");
}

#[test]
fn unknown_chunks_are_treated_by_their_highest_bits() {
    let cases = [
        (0x3d, false, false),
        (0x7d, true, false),
        (0xbd, false, true),
        (0xfd, true, true),
    ];
    for (kind, reported, goes_on) in cases {
        let mut script = Script::established();
        script.feed(&[
            chunk(ChunkKind(kind), 0, b"?"),
            chunk(ChunkKind::HEARTBEAT, 0, b"!"),
        ]);
        let sent = script.all();
        let report = sent.iter().find(|sent| sent.kind == ChunkKind::ERROR);
        assert_eq!(
            report.map(Sent::cause),
            reported.then_some(Cause::UNRECOGNIZED_CHUNK_TYPE),
            "{kind:#x}"
        );
        assert_eq!(
            sent.iter().any(|sent| sent.kind == ChunkKind::HEARTBEAT_ACK),
            goes_on,
            "{kind:#x}"
        );
    }
}

#[test]
fn the_sender_asks_for_haste_when_a_small_window_stops_it() {
    let mut script = Script::established_with(Config {
        initial_window: 2,
        ..Config::default()
    });
    for _ in 0..4 {
        script
            .core
            .send(script.now, 0, 0, vec![0; 1132].into(), &SendOptions::default())
            .unwrap();
    }
    let flags: Vec<u8> = script.all().iter().map(|sent| sent.flags).collect();
    assert_eq!(flags, [B | E, B | E | I]);
}
