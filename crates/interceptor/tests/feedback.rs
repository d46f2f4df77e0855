//! Feedback about every packet, and how feedback travels; against a script.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{Config, Ecn, Event, Fate, Feedback, Inbound, Outbound, Received};
use rtcp::{Arrival, PacketMetric, PacketRef, TransportFeedbackBuilder, TransportTime, check_compound};
use rtp::{FormRule, HeaderWriter};
use std::time::Duration;
use support::*;

fn transport_cc() -> Feedback {
    Feedback {
        transport_cc: true,
        ..Feedback::default()
    }
}

fn numbered(ssrc: u32, sequence_number: u16, transport: u16) -> Vec<u8> {
    let mut packet = Vec::new();
    let mut writer = HeaderWriter::new(&mut packet, FormRule::Mixed);
    writer
        .payload_type(96)
        .sequence_number(sequence_number)
        .ssrc(ssrc);
    writer.extension(3, &transport.to_be_bytes()).unwrap();
    writer.finish();
    packet.extend(b"media");
    packet
}

#[test]
fn arrivals_are_fed_back_every_interval() {
    let mut script = Script::new(quiet());
    let stream = Inbound {
        feedback: transport_cc(),
        ..inbound()
    };
    script.chain.add_inbound(script.now, stream).unwrap();
    for (index, number) in [100u16, 101, 103, 104].into_iter().enumerate() {
        let at = ms(10 * u64::try_from(index).unwrap());
        script.at(at).receive_packet(numbered(REMOTE, number, number));
        assert!(script.says().is_empty());
    }
    // A packet of a stream that nobody knows yet counts on the transport.
    script.receive_packet(numbered(4444, 1, 105));
    assert_eq!(script.next(), Some(ms(50)));
    let datagrams = script.at(ms(50)).datagrams();
    let Some(Ok(PacketRef::TransportFeedback(feedback))) = rtcp::packets(&datagrams[0]).next() else {
        panic!("no feedback")
    };
    assert_eq!((feedback.sender_ssrc, feedback.media_ssrc), (0x1111, REMOTE));
    let arrivals: Vec<_> = feedback.packets().map(|packet| packet.arrival).collect();
    let at = |millis: i64| Arrival::At(TransportTime(millis * 4));
    assert_eq!(
        arrivals,
        [at(0), at(10), Arrival::NotReceived, at(20), at(30), at(30)]
    );
    assert!(script.next().unwrap() > ms(1000), "no packets, no feedback");
}

#[test]
fn a_sender_matches_feedback_to_packets() {
    let mut script = Script::new(quiet());
    let mut stream = outbound();
    stream.feedback.transport_cc = true;
    let id = script.chain.add_outbound(script.now, stream).unwrap();
    for number in 0..4 {
        script.at(ms(5 * u64::from(number))).send(id, 1000 + number);
    }
    let mut builder = TransportFeedbackBuilder::new(REMOTE, LOCAL, 1000);
    for (number, time) in [(0, 80), (1, 100), (3, 140)] {
        assert!(builder.push(number, TransportTime(time)));
    }
    let mut datagram = Vec::new();
    builder.finish(&mut datagram);
    script.chain.handle_rtcp(script.now, &datagram);
    assert_eq!(script.chain.poll_event(), Some(Event::Feedback));
    let mut results = Vec::new();
    script.chain.take_feedback(&mut results);
    assert_eq!(results.len(), 4);
    assert!(
        results
            .iter()
            .all(|result| result.stream == id && result.ssrc == LOCAL && result.size > 112)
    );
    assert_eq!((results[2].sequence_number, results[2].fate), (1002, Fate::Lost));
    assert_eq!(results[3].sent, script.start + ms(15));
    let (Fate::Received { at: Some(first), .. }, Fate::Received { at: Some(last), .. }) =
        (results[0].fate, results[3].fate)
    else {
        panic!("{results:?}")
    };
    assert_eq!(last - first, ms(15));
    // The same feedback again is no news.
    script.chain.handle_rtcp(script.now, &datagram);
    assert_eq!(script.chain.poll_event(), None);
}

#[test]
fn rfc_8888_tells_marks_and_arrivals_of_each_stream() {
    let mut script = Script::new(quiet());
    let stream = Inbound {
        feedback: Feedback {
            ccfb: true,
            ..Feedback::default()
        },
        ..inbound()
    };
    let id = script.chain.add_inbound(script.now, stream).unwrap();
    for (millis, number, ecn) in [(0, 65_535, Ecn::Ect1), (20, 1, Ecn::Ce), (30, 2, Ecn::NotEct)] {
        script.at(ms(millis));
        let mut packet = packet(REMOTE, 96, number, b"media");
        let received = script.chain.handle_rtp(script.now, ecn, &mut packet);
        assert!(matches!(received, Received::Media { .. }));
    }
    script.receive_rtx(7, 0);
    let datagrams = script.at(ms(50)).datagrams();
    assert_eq!(text(&datagrams[0]), "CCFB(bbbb 65535+4 bbbc 7+1)");
    let Some(Ok(PacketRef::CongestionControlFeedback(feedback))) = rtcp::packets(&datagrams[0]).next() else {
        panic!("no feedback")
    };
    let metrics: Vec<_> = feedback.streams.iter().next().unwrap().metrics.iter().collect();
    let told = |metric| match metric {
        PacketMetric::NotReceived => None,
        PacketMetric::Received { ecn, offset } => Some((ecn, offset.to_duration().unwrap().as_millis())),
    };
    let told: Vec<_> = metrics.into_iter().map(told).collect();
    assert_eq!(
        told,
        [
            Some((Ecn::Ect1, 49)),
            None,
            Some((Ecn::Ce, 29)),
            Some((Ecn::NotEct, 19))
        ]
    );
    // The original comes after all.
    script.at(ms(60)).receive(0);
    assert_eq!(
        script.at(ms(110)).says(),
        ["CCFB(bbbb 0+3)"],
        "what was told as received is told so again"
    );
    let stats = script.chain.inbound_stats(id).unwrap();
    assert_eq!(
        (stats.packets_received_with_ect1, stats.packets_received_with_ce),
        (1, 1)
    );
    assert_eq!(
        (
            stats.packets_reported_as_lost,
            stats.packets_reported_as_lost_but_recovered
        ),
        (1, 1)
    );
}

#[test]
fn rfc_8888_feedback_finds_packets_and_their_retransmissions() {
    let mut script = Script::new(quiet());
    let mut stream: Outbound = outbound();
    stream.feedback.ccfb = true;
    let id = script.chain.add_outbound(script.now, stream).unwrap();
    script.send(id, 1);
    script.send(id, 2);
    let pairs: Vec<_> = rtcp::nack_pairs([1]).collect();
    script.rtcp(&rtcp::Nack {
        sender_ssrc: REMOTE,
        media_ssrc: LOCAL,
        pairs: (&pairs).into(),
    });
    let again = script.retransmits();
    let rtx = rtp::PacketRef::decode(&again[0]).unwrap().sequence_number();
    let metrics = [PacketMetric::Received {
        ecn: Ecn::Ce,
        offset: rtcp::ArrivalOffset(0),
    }];
    let stream = |ssrc, begin_sequence_number| rtcp::StreamFeedback {
        ssrc,
        begin_sequence_number,
        metrics: (&metrics).into(),
    };
    let streams = [stream(LOCAL, 2), stream(LOCAL_RTX, rtx), stream(99, 1)];
    script.rtcp(&rtcp::CongestionControlFeedback {
        sender_ssrc: REMOTE,
        streams: (&streams).into(),
        report_timestamp: 5,
    });
    let mut results = Vec::new();
    script.chain.take_feedback(&mut results);
    let found: Vec<_> = results
        .iter()
        .map(|result| (result.ssrc, result.sequence_number))
        .collect();
    assert_eq!(found, [(LOCAL, 2), (LOCAL_RTX, rtx)]);
    assert_eq!(script.chain.stats().unknown_feedback, 1);
}

#[test]
fn without_reduced_size_feedback_has_a_report_and_a_name_in_front() {
    let (mut script, _) = Script::receiver(Config {
        reduced_size: false,
        ..quiet()
    });
    script.receive(1);
    script.receive(3);
    let datagrams = script.datagrams();
    assert_eq!(text(&datagrams[0]), "RR(1111) SDES(1111) NACK(2)");
    assert_eq!(check_compound(&datagrams[0]), Ok(()));
    script.chain.set_reduced_size(true);
    script.receive(5);
    assert_eq!(script.says(), ["NACK(4)"]);
}

#[test]
fn feedback_that_waits_travels_with_a_report() {
    let (mut script, _) = Script::receiver(Config {
        report_interval: Duration::from_secs(1),
        ..quiet()
    });
    script.receive(1);
    let next = script.next().unwrap();
    script.at(next).receive(3);
    assert_eq!(script.says(), ["RR(1111)[bbbb -1] SDES(1111) NACK(2)"]);
}

#[test]
fn feedback_keeps_to_its_bandwidth() {
    let (mut script, _) = Script::receiver(Config {
        rtcp_bandwidth: 8000,
        ..quiet()
    });
    let (mut bytes, mut number) = (0, 0u16);
    for milli in 0..20_000 {
        script.at(ms(milli));
        number = number.wrapping_add(2);
        script.receive_packet(packet(REMOTE, 96, number, b"m"));
        bytes += script.datagrams().iter().map(Vec::len).sum::<usize>();
    }
    // 1,000 bytes a second, a burst, and a twentieth of 13 bytes a millisecond.
    let allowed = 20 * 1000 + 16_384 + 20_000 * 13 / 20 + 1200;
    assert!(bytes <= allowed, "{bytes} of {allowed}");
    assert!(bytes > allowed * 8 / 10, "{bytes} of {allowed}");
}

#[test]
fn the_applications_packets_go_along() {
    let (mut script, _) = Script::receiver(quiet());
    let mut remb = Vec::new();
    rtcp::Packet::encode(
        &rtcp::PictureLossIndication {
            sender_ssrc: 1,
            media_ssrc: 2,
        },
        &mut remb,
    );
    assert!(script.chain.send_rtcp(script.now, &remb));
    script.receive(1);
    script.receive(3);
    assert_eq!(script.says(), ["NACK(2) PLI(2)"]);
    assert!(!script.chain.send_rtcp(script.now, &[0; 5000]));
}

#[test]
fn long_names_leave_room_for_feedback() {
    let mut script = Script::new(Config {
        reduced_size: false,
        ..quiet()
    });
    let stream = Outbound {
        mid: Some("m".repeat(16)),
        rid: Some("r".repeat(16)),
        ..outbound()
    };
    script.chain.add_outbound(script.now, stream).unwrap();
    let stream = Inbound {
        feedback: transport_cc(),
        ..inbound()
    };
    script.chain.add_inbound(script.now, stream).unwrap();
    for number in 0..2000 {
        script.receive_packet(numbered(REMOTE, number, number));
    }
    let datagrams = script.at(ms(50)).datagrams();
    assert!(
        text(&datagrams[0]).starts_with("RR(aaaa) SDES(aaaa) TWCC(0+"),
        "{}",
        text(&datagrams[0])
    );
    assert!(datagrams.len() > 1 && script.says().is_empty());
    // A farewell is the last word of a datagram.
    let id = script.chain.outbound_streams().next().unwrap();
    script.send(id, 1);
    script.chain.remove_outbound(script.now, id);
    script.receive_packet(numbered(REMOTE, 2001, 2001));
    assert_eq!(script.says(), ["RR(1111) SDES(1111) BYE(aaaa aaab)"]);
}
