//! Loss and its repair, at both ends: NACK, RTX and key frames, against a script.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{AddError, Codec, Config, Event, Feedback, Inbound, Kind, Outbound, Payload};
use rtcp::{FirEntry, FullIntraRequest, Nack, PictureLossIndication};
use rtp::{Header, PacketRef};
use support::*;

fn ask(script: &mut Script, lost: &[u16]) {
    let pairs: Vec<_> = rtcp::nack_pairs(lost.iter().copied()).collect();
    script.rtcp(&Nack {
        sender_ssrc: REMOTE,
        media_ssrc: LOCAL,
        pairs: (&pairs).into(),
    });
}

#[test]
fn asks_for_what_is_missing_until_it_is_repaired() {
    let (mut script, id) = Script::receiver(quiet());
    assert_eq!(script.receive(65_534), "65534");
    assert_eq!(script.receive(2), "65538");
    assert_eq!(script.next(), Some(ms(0)), "feedback is due at once");
    assert_eq!(script.says(), ["NACK(65535 0 1)"]);
    assert_eq!(script.at(ms(20)).receive_rtx(900, 0), "65536 repaired");
    assert_eq!(script.receive_rtx(901, 0), "Duplicate");
    // A round trip and a quarter, where 100 ms are assumed.
    assert_eq!(script.next(), Some(ms(125)));
    assert!(script.at(ms(124)).says().is_empty());
    assert_eq!(script.at(ms(125)).says(), ["NACK(65535 1)"]);
    assert_eq!(script.at(ms(130)).receive_rtx(902, 65_535), "65535 repaired");
    assert_eq!(script.receive(1), "65537", "the original, late");
    assert!(script.at(ms(300)).says().is_empty());
    assert!(script.next().unwrap() > ms(1000), "nothing is due but a report");
    let stats = script.chain.inbound_stats(id).unwrap();
    assert_eq!(
        (stats.nack_count, stats.packets_lost, stats.packets_unrepaired),
        (2, 2, 0)
    );
    assert_eq!(
        (stats.packets_received, stats.retransmitted_packets_received),
        (6, 2)
    );
    assert_eq!(
        (stats.bytes_received, stats.retransmitted_bytes_received),
        (3 * 5 + 3 * 5, 6)
    );
    assert_eq!(
        (stats.header_bytes_received, stats.packets_duplicated),
        (6 * 12, 1)
    );
}

#[test]
fn retransmissions_get_their_ssrc_when_a_later_exchange_agrees_on_it() {
    let mut script = Script::new(quiet());
    let without = Outbound {
        rtx_ssrc: None,
        codecs: vec![Codec {
            rtx_payload_type: None,
            ..codecs()[0]
        }],
        ..outbound()
    };
    let id = script.chain.add_outbound(script.now, without.clone()).unwrap();
    let (other, taken) = (LOCAL + 100, LOCAL + 200);
    let stream = Outbound {
        ssrc: taken,
        ..without
    };
    script.chain.add_outbound(script.now, stream).unwrap();
    script.send(id, 1);
    script.send(id, 2);
    let again = |script: &mut Script, number| {
        ask(script, &[number]);
        let packets = script.retransmits();
        let packet = rtp::PacketRef::decode(&packets[0]).unwrap();
        (packet.ssrc(), packet.payload_type())
    };
    assert_eq!(again(&mut script, 1), (LOCAL, 96));
    let update = |rtx_ssrc| Outbound {
        rtx_ssrc: Some(rtx_ssrc),
        ..outbound()
    };
    let refused = script.chain.update_outbound(id, update(taken));
    assert_eq!(refused, Err(AddError::SsrcInUse(taken)));
    assert_eq!(script.chain.update_outbound(id, update(other)), Ok(()));
    assert_eq!(script.chain.find_outbound(other), Some(id));
    assert_eq!(again(&mut script, 2), (other, 97));
    assert_eq!(script.chain.outbound_stats(id).unwrap().rtx_ssrc, Some(other));
    // It stays, whatever is agreed upon later.
    assert_eq!(script.chain.update_outbound(id, update(LOCAL_RTX)), Ok(()));
    assert_eq!(script.chain.find_outbound(LOCAL_RTX), None);
    script.chain.remove_outbound(script.now, id).unwrap();
    assert_eq!(script.chain.find_outbound(other), None);
}

#[test]
fn a_batch_that_is_only_reordered_asks_for_nothing() {
    let (mut script, _) = Script::receiver(quiet());
    for number in [1, 3, 4, 2, 5] {
        script.receive(number);
    }
    assert!(script.says().is_empty());
}

#[test]
fn loss_beyond_repair_asks_for_a_key_frame() {
    let (mut script, id) = Script::receiver(quiet());
    script.receive(1);
    script.receive(1000);
    assert_eq!(script.says(), ["PLI(bbbb)"]);
    assert_eq!(script.chain.inbound_stats(id).unwrap().packets_unrepaired, 998);
    // Audio has no key frames.
    let audio = Inbound {
        ssrc: 5,
        rtx_ssrc: None,
        kind: Kind::Audio,
        ..inbound()
    };
    script.chain.add_inbound(script.now, audio).unwrap();
    script.receive_packet(packet(5, 96, 1, b"a"));
    script.receive_packet(packet(5, 96, 1000, b"a"));
    assert!(script.says().is_empty());
}

#[test]
fn key_frame_requests_are_throttled() {
    let (mut script, id) = Script::receiver(quiet());
    assert!(script.chain.request_key_frame(script.now, id));
    assert!(script.chain.request_key_frame(script.now, id));
    assert_eq!(script.says(), ["PLI(bbbb)"]);
    script.at(ms(10));
    assert!(script.chain.request_key_frame(script.now, id));
    assert!(script.says().is_empty());
    assert_eq!(script.next(), Some(ms(300)));
    assert_eq!(script.at(ms(300)).says(), ["PLI(bbbb)"]);
    script.at(ms(310));
    script.chain.request_key_frame(script.now, id);
    script.chain.key_frame_received(id);
    assert!(script.at(ms(700)).says().is_empty());
    assert_eq!(script.chain.inbound_stats(id).unwrap().pli_count, 2);
}

#[test]
fn fir_is_the_request_where_there_is_no_pli() {
    let mut script = Script::new(quiet());
    let mut stream = inbound();
    stream.feedback.pli = false;
    let id = script.chain.add_inbound(script.now, stream).unwrap();
    script.chain.request_key_frame(script.now, id);
    assert_eq!(script.says(), ["FIR(bbbb 1)"]);
    script.at(ms(400));
    script.chain.request_key_frame(script.now, id);
    assert_eq!(script.says(), ["FIR(bbbb 2)"]);
    let plain = Inbound {
        ssrc: 9,
        rtx_ssrc: None,
        feedback: Feedback::default(),
        ..inbound()
    };
    let plain = script.chain.add_inbound(script.now, plain).unwrap();
    assert!(
        !script.chain.request_key_frame(script.now, plain),
        "not negotiated"
    );
}

#[test]
fn sends_again_once_in_a_round_trip_under_the_rtx_ssrc() {
    let (mut script, id) = Script::sender(quiet());
    let originals: Vec<_> = (65_530..=65_535)
        .chain(0..5)
        .map(|number| script.send(id, number))
        .collect();
    ask(&mut script, &[65_535, 2]);
    ask(&mut script, &[2]);
    let again = script.retransmits();
    assert_eq!(again.len(), 2);
    for (index, (packet, original)) in again.iter().zip([&originals[5], &originals[8]]).enumerate() {
        let (packet, original) = (
            PacketRef::decode(packet).unwrap(),
            PacketRef::decode(original).unwrap(),
        );
        assert_eq!(
            (packet.ssrc(), packet.payload_type(), packet.timestamp()),
            (LOCAL_RTX, 97, original.timestamp())
        );
        let (osn, payload) = packet.payload().split_at(2);
        assert_eq!(
            (osn, payload),
            (&original.sequence_number().to_be_bytes()[..], original.payload())
        );
        let first = PacketRef::decode(&again[0]).unwrap().sequence_number();
        assert_eq!(usize::from(packet.sequence_number() - first), index);
        assert_eq!(
            packet.extension(4),
            Some(&b"0"[..]),
            "the peer has not yet reported"
        );
    }
    script.at(ms(99));
    ask(&mut script, &[2]);
    assert!(script.retransmits().is_empty(), "it is on its way");
    script.at(ms(101));
    ask(&mut script, &[2, 77]);
    assert_eq!(script.retransmits().len(), 1);
    let stats = script.chain.outbound_stats(id).unwrap();
    assert_eq!(
        (
            stats.nack_count,
            stats.retransmitted_packets_sent,
            stats.retransmissions_refused
        ),
        (4, 3, 1)
    );
    assert_eq!((stats.packets_sent, stats.retransmitted_bytes_sent), (14, 300));
    assert_eq!(stats.bytes_sent, 11 * 100 + 3 * 102);
    // An answer to what is too old makes no sense.
    script.at(ms(1100));
    ask(&mut script, &[1]);
    assert!(script.retransmits().is_empty());
}

#[test]
fn without_rtx_the_packet_goes_again_as_it_was() {
    let mut script = Script::new(quiet());
    let mut stream = Outbound {
        rtx_ssrc: None,
        ..outbound()
    };
    stream.feedback.transport_cc = true;
    let id = script.chain.add_outbound(script.now, stream).unwrap();
    let number = |packet: &[u8]| {
        let packet = PacketRef::decode(packet).unwrap();
        let number = packet.extension(IDS.transport_cc.unwrap()).unwrap();
        u16::from_be_bytes(number.try_into().unwrap())
    };
    let original = script.send(id, 7);
    let first = number(&original);
    script.at(ms(1));
    ask(&mut script, &[7]);
    assert_eq!(script.retransmits(), [original], "to the last byte");
    let next = script.send(id, 8);
    assert_eq!(number(&next), first + 1, "no transport-wide number was spent");
    let stats = script.chain.outbound_stats(id).unwrap();
    assert_eq!((stats.packets_sent, stats.retransmitted_packets_sent), (3, 1));
}

#[test]
fn retransmissions_are_bounded() {
    let (mut script, id) = Script::sender(Config {
        max_queued: 10,
        ..quiet()
    });
    for number in 0..100 {
        script.send(id, number);
    }
    ask(&mut script, &(0..100).collect::<Vec<_>>());
    assert_eq!(script.chain.footprint(), 10);
    assert_eq!(script.retransmits().len(), 10);
    assert_eq!(
        script.chain.outbound_stats(id).unwrap().retransmissions_refused,
        90
    );
    // A removed stream leaves nothing behind.
    script.at(ms(200));
    ask(&mut script, &[3]);
    script.chain.remove_outbound(script.now, id).unwrap();
    assert!(script.retransmits().is_empty());
}

#[test]
fn shared_payloads_are_sent_again_like_copied_ones() {
    let (mut script, id) = Script::sender(quiet());
    let payload = bytes::Bytes::from_static(b"one source, many destinations");
    let mut header = Header {
        payload_type: 96,
        sequence_number: 5,
        ..Header::default()
    };
    script
        .chain
        .send_rtp(script.now, id, &mut header, Payload::Shared(&payload))
        .unwrap();
    ask(&mut script, &[5]);
    let again = script.retransmits();
    assert!(again[0].ends_with(&payload));
}

#[test]
fn key_frame_requests_reach_the_application_but_not_too_often() {
    let (mut script, id) = Script::sender(quiet());
    let pli = PictureLossIndication {
        sender_ssrc: REMOTE,
        media_ssrc: LOCAL,
    };
    script.rtcp(&pli).rtcp(&pli);
    let wanted = Some(Event::KeyFrameRequested { stream: id });
    assert_eq!(
        (script.chain.poll_event(), script.chain.poll_event()),
        (wanted, None)
    );
    // The second waits for its time, and so does any other.
    script.at(ms(100)).rtcp(&pli);
    assert_eq!((script.chain.poll_event(), script.next()), (None, Some(ms(300))));
    script.at(ms(300));
    assert_eq!(
        (script.chain.poll_event(), script.chain.poll_event()),
        (wanted, None)
    );
    assert!(script.next().unwrap() > ms(1000));
    let mut time = 1000;
    for (number, expected) in [(1, wanted), (1, None), (2, wanted)] {
        let entries = [FirEntry {
            ssrc: LOCAL,
            sequence_number: number,
        }];
        script.at(ms(time)).rtcp(&FullIntraRequest {
            sender_ssrc: REMOTE,
            media_ssrc: 0,
            entries: (&entries).into(),
        });
        assert_eq!(
            script.chain.poll_event(),
            expected,
            "a repeated command asks for nothing"
        );
        time += 1000;
    }
    let stats = script.chain.outbound_stats(id).unwrap();
    assert_eq!((stats.pli_count, stats.fir_count), (3, 2));
    script.rtcp(&PictureLossIndication {
        media_ssrc: 12_345,
        ..pli
    });
    assert_eq!(
        (script.chain.poll_event(), script.chain.stats().unknown_feedback),
        (None, 1)
    );
}

#[test]
fn a_packet_that_was_refused_has_never_been() {
    let stream = Outbound {
        feedback: Feedback {
            transport_cc: true,
            ..feedback()
        },
        ..outbound()
    };
    let mut script = Script::new(quiet());
    let id = script.chain.add_outbound(script.start, stream).unwrap();
    let first = script.send(id, 7);
    let before = script.chain.outbound_stats(id);
    let mut header = Header {
        payload_type: 96,
        sequence_number: 7,
        ..Header::default()
    };
    let refused = script
        .chain
        .prepare_rtp(script.now, id, &mut header, &b"other"[..]);
    assert_eq!(
        rtp::HeaderRef::decode(refused.unwrap().header())
            .unwrap()
            .sequence_number(),
        7
    );
    assert_eq!(script.chain.outbound_stats(id), before);

    // The first one is sent again, and the next one has the next transport-wide number.
    ask(&mut script, &[7]);
    let again = script.retransmits();
    assert!(again[0].ends_with(&first[first.len() - 100..]), "{again:?}");
    let number = |packet: &[u8]| {
        let packet = rtp::HeaderRef::decode(packet).unwrap();
        let data = packet.extension(3).unwrap();
        u16::from_be_bytes([data[0], data[1]])
    };
    assert_eq!(number(&script.send(id, 8)), number(&first) + 2);
}
