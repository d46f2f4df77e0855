//! Reports both ways: intervals, contents, round trips, names, farewells; against a script.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{CircuitBreaker, Config, Event, Feedback, Inbound, Outbound};
use rtcp::{
    BitrateLimit, ExtendedReport, Goodbye, NtpTime, PacketRef, ReceiverDelay, ReceiverReport, ReportBlock,
    SenderInfo, SenderReport, Tmmbr, XrBlock, check_compound,
};
use rtp::PacketRef as Rtp;
use std::time::Duration;
use support::*;

fn config() -> Config {
    Config {
        report_interval: Duration::from_secs(1),
        reduced_size: false,
        ..quiet()
    }
}

/// The next report and when it came.
fn report(script: &mut Script) -> Vec<Vec<u8>> {
    let next = script.next().unwrap();
    script.at(next).datagrams()
}

fn ntp(at: Duration) -> NtpTime {
    NtpTime::from_unix(UNIX + at)
}

fn only_report(datagram: &[u8]) -> SenderReport<'_> {
    match rtcp::packets(datagram).next() {
        Some(Ok(PacketRef::SenderReport(report))) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_receiver_reports_every_second_with_its_name() {
    let mut script = Script::new(config());
    let stream = Inbound {
        feedback: Feedback::default(),
        ..inbound()
    };
    script.chain.add_inbound(script.now, stream).unwrap();
    assert!(script.next().unwrap() < ms(750), "the first comes early");
    let mut last = Duration::ZERO;
    for round in 0..20u16 {
        script.receive(round * 2);
        script.says();
        let datagrams = report(&mut script);
        let now = script.now - script.start;
        assert!(
            round == 0 || (ms(500)..=ms(1500)).contains(&(now - last)),
            "{:?}",
            now - last
        );
        last = now;
        assert_eq!(datagrams.len(), 1);
        assert_eq!(check_compound(&datagrams[0]), Ok(()));
        let said = text(&datagrams[0]);
        assert!(
            said.starts_with(&format!("RR(1111)[bbbb -{round}] SDES(1111)")),
            "{said}"
        );
    }
    // Nothing came since: a report without blocks says that we are here.
    assert_eq!(text(&report(&mut script)[0]), "RR(1111) SDES(1111)");
}

#[test]
fn the_round_trip_is_measured_by_both() {
    let (mut script, id) = Script::receiver(config());
    script.receive(1);
    let info = SenderInfo {
        ntp_time: NtpTime(0x1234_5678_9abc_def0),
        rtp_timestamp: 777,
        packet_count: 10,
        octet_count: 1000,
    };
    script.at(ms(100)).rtcp(&SenderReport {
        sender_ssrc: REMOTE,
        info,
        ..SenderReport::default()
    });
    let datagrams = report(&mut script);
    let elapsed = script.now - script.start - ms(100);
    let Some(Ok(PacketRef::ReceiverReport(report))) = rtcp::packets(&datagrams[0]).next() else {
        panic!("no report")
    };
    let block = report.reports.iter().next().unwrap();
    assert_eq!(block.last_sender_report, 0x5678_9abc);
    assert_eq!(
        block.delay_since_last_sender_report,
        NtpTime::compact_duration(elapsed)
    );
    let remote = script.chain.inbound_stats(id).unwrap().remote.unwrap();
    assert_eq!(
        (remote.packets_sent, remote.bytes_sent, remote.rtp_timestamp),
        (10, 1000, 777)
    );
    assert_eq!((remote.remote_timestamp, remote.reports_sent), (info.ntp_time, 1));
}

#[test]
fn a_sender_learns_what_its_receiver_sees() {
    let (mut script, id) = Script::sender(config());
    for number in 65_500..=65_535 {
        script.send(id, number);
    }
    for number in 0..14 {
        script.send(id, number);
    }
    let datagrams = report(&mut script);
    assert_eq!(check_compound(&datagrams[0]), Ok(()));
    assert!(
        text(&datagrams[0]).starts_with("SR(aaaa) SDES(aaaa)"),
        "{}",
        text(&datagrams[0])
    );
    let sent = script.now - script.start;
    let info = only_report(&datagrams[0]).info;
    assert_eq!(
        (info.ntp_time, info.packet_count, info.octet_count),
        (ntp(sent), 50, 5000)
    );
    // The timestamp goes on from that of the packet sent last, at 90 kHz.
    let expected = 13 * 3000 + u32::try_from(sent.as_micros() * 9 / 100).unwrap();
    assert_eq!(info.rtp_timestamp, expected);

    assert!(script.chain.outbound_stats(id).unwrap().remote.is_none());
    let block = ReportBlock {
        ssrc: LOCAL,
        fraction_lost: 64,
        cumulative_lost: 5,
        highest_sequence_number: 65_536 + 13,
        jitter: 900,
        last_sender_report: info.ntp_time.compact(),
        delay_since_last_sender_report: NtpTime::compact_duration(ms(200)),
    };
    script.at(sent + ms(250)).rtcp(&ReceiverReport {
        sender_ssrc: REMOTE,
        reports: (&[block]).into(),
        extension: &[],
    });
    let remote = script.chain.outbound_stats(id).unwrap().remote.unwrap();
    assert_eq!((remote.packets_lost, remote.packets_received), (5, 45));
    assert_eq!((remote.fraction_lost, remote.jitter), (0.25, ms(10)));
    let rtt = remote.round_trips.latest.unwrap();
    assert!(rtt.abs_diff(ms(50)) < Duration::from_micros(50), "{rtt:?}");
    assert_eq!(script.chain.rtt(), Some(rtt));
    assert_eq!(remote.round_trips.measurements, 1);
}

#[test]
fn stamps_end_with_the_first_report_about_the_stream() {
    let (mut script, id) = Script::sender(config());
    let mid = |packet: &[u8]| Rtp::decode(packet).unwrap().extension(4).is_some();
    assert!(mid(&script.send(id, 1)));
    for (ssrc, stamped) in [(5, true), (LOCAL_RTX, true), (LOCAL, false)] {
        let block = ReportBlock {
            ssrc,
            ..ReportBlock::default()
        };
        script.rtcp(&ReceiverReport {
            sender_ssrc: REMOTE,
            reports: (&[block]).into(),
            extension: &[],
        });
        assert_eq!(mid(&script.send(id, 2)), stamped, "after a report about {ssrc:x}");
    }
}

#[test]
fn who_stops_sending_stops_sender_reports() {
    let (mut script, id) = Script::sender(config());
    script.send(id, 1);
    let kinds: Vec<_> = (0..4).map(|_| text(&report(&mut script)[0])).collect();
    assert_eq!(kinds[1], "SR(aaaa) SDES(aaaa)");
    assert_eq!(kinds[2..], ["RR(aaaa) SDES(aaaa)", "RR(aaaa) SDES(aaaa)"]);
}

#[test]
fn many_streams_are_reported_in_several_datagrams() {
    let mut script = Script::new(config());
    let mut sent = Vec::new();
    for ssrc in 0..100u32 {
        let stream = Outbound {
            ssrc,
            rtx_ssrc: None,
            ..outbound()
        };
        let id = script.chain.add_outbound(script.now, stream).unwrap();
        script.send(id, 1);
        sent.push(ssrc);
        let stream = Inbound {
            ssrc: 1000 + ssrc,
            rtx_ssrc: None,
            ..inbound()
        };
        script.chain.add_inbound(script.now, stream).unwrap();
        script.receive_packet(packet(1000 + ssrc, 96, 1, b"a"));
    }
    let datagrams = report(&mut script);
    let (mut senders, mut blocks, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for datagram in &datagrams {
        assert!(datagram.len() <= 1200, "{}", datagram.len());
        assert_eq!(check_compound(datagram), Ok(()));
        for packet in rtcp::packets(datagram) {
            match packet.unwrap() {
                PacketRef::SenderReport(report) => {
                    senders.push(report.sender_ssrc);
                    blocks.extend(report.reports.iter().map(|block| block.ssrc));
                }
                PacketRef::ReceiverReport(report) => {
                    blocks.extend(report.reports.iter().map(|block| block.ssrc))
                }
                PacketRef::SourceDescription(names) => {
                    named.extend(names.chunks.iter().map(|chunk| chunk.ssrc))
                }
                _ => {}
            }
        }
    }
    assert_eq!(senders, sent);
    assert!(blocks.into_iter().eq(1000..1100));
    assert!(sent.iter().all(|ssrc| named.contains(ssrc)));
    assert!(datagrams.len() >= 7);
}

#[test]
fn a_receiver_measures_the_round_trip_with_extended_reports() {
    let (mut script, id) = Script::receiver(Config {
        receiver_rtt: true,
        ..config()
    });
    script.receive(1);
    let datagrams = report(&mut script);
    assert_eq!(text(&datagrams[0]), "RR(1111)[bbbb -0] SDES(1111) XR(4)");
    let sent = script.now - script.start;
    let delays = [ReceiverDelay {
        ssrc: 0x1111,
        last_reference: ntp(sent).compact(),
        delay: NtpTime::compact_duration(ms(30)),
    }];
    let blocks = [XrBlock::Dlrr((&delays).into())];
    script.rtcp(&SenderReport {
        sender_ssrc: REMOTE,
        ..SenderReport::default()
    });
    script.at(sent + ms(100)).rtcp(&ExtendedReport {
        sender_ssrc: REMOTE,
        blocks: (&blocks).into(),
    });
    let rtt = script.chain.rtt().unwrap();
    assert!(rtt.abs_diff(ms(70)) < Duration::from_micros(50), "{rtt:?}");
    let remote = script.chain.inbound_stats(id).unwrap().remote.unwrap();
    assert_eq!(remote.round_trips.latest, Some(rtt));
}

#[test]
fn the_round_trip_is_in_whichever_entry_has_it() {
    let (mut script, _) = Script::sender(config());
    let entry = |ssrc, last_reference| ReceiverDelay {
        ssrc,
        last_reference,
        delay: 0,
    };
    // Of another's stream, of one that was never answered, of one that was.
    let sent = ntp(ms(0)).compact();
    let delays = [entry(0x77, sent), entry(LOCAL_RTX, 0), entry(LOCAL, sent)];
    let blocks = [XrBlock::Dlrr((&delays).into())];
    script.at(ms(80)).rtcp(&ExtendedReport {
        sender_ssrc: REMOTE,
        blocks: (&blocks).into(),
    });
    let rtt = script.chain.rtt().unwrap();
    assert!(rtt.abs_diff(ms(80)) < Duration::from_micros(50), "{rtt:?}");
}

#[test]
fn a_receivers_reference_time_is_told_back() {
    let (mut script, id) = Script::sender(config());
    script.send(id, 1);
    let blocks = [XrBlock::ReceiverReferenceTime(NtpTime(0x1234_5678_9abc_def0))];
    script.at(ms(10)).rtcp(&ExtendedReport {
        sender_ssrc: REMOTE,
        blocks: (&blocks).into(),
    });
    let datagrams = report(&mut script);
    let packets: Vec<_> = rtcp::packets(&datagrams[0]).map(Result::unwrap).collect();
    let Some(PacketRef::ExtendedReport(report)) = packets.last() else {
        panic!("{packets:?}")
    };
    let Some(XrBlock::Dlrr(delays)) = report.blocks.iter().next() else {
        panic!("{report:?}")
    };
    let elapsed = script.now - script.start - ms(10);
    let expected = ReceiverDelay {
        ssrc: REMOTE,
        last_reference: 0x5678_9abc,
        delay: NtpTime::compact_duration(elapsed),
    };
    assert!(delays.iter().eq([expected]));
    assert!(!text(&self::report(&mut script)[0]).contains("XR"), "once");
}

#[test]
fn farewells_go_both_ways() {
    let (mut script, id) = Script::sender(config());
    script.chain.add_inbound(script.now, inbound()).unwrap();
    let silent = Outbound {
        ssrc: 9,
        rtx_ssrc: None,
        ..outbound()
    };
    let silent = script.chain.add_outbound(script.now, silent).unwrap();
    script.send(id, 1);
    script.chain.remove_outbound(script.now, silent).unwrap();
    assert!(script.says().is_empty(), "nobody has heard of it");
    assert_eq!(
        script.chain.remove_outbound(script.now, id).unwrap().packets_sent,
        1
    );
    let datagrams = script.datagrams();
    assert_eq!(check_compound(&datagrams[0]), Ok(()));
    assert_eq!(text(&datagrams[0]), "RR(1111) SDES(1111) BYE(aaaa aaab)");
    assert!(script.chain.remove_outbound(script.now, id).is_none());

    script.rtcp(&Goodbye {
        ssrcs: (&[REMOTE, 77]).into(),
        reason: &[],
    });
    let event = script.chain.poll_event();
    assert_eq!(
        (event, script.chain.poll_event()),
        (Some(Event::Goodbye { ssrc: REMOTE }), None)
    );
}

#[test]
fn limits_are_told_to_the_application_and_acknowledged() {
    let (mut script, id) = Script::sender(quiet());
    let limits = [BitrateLimit {
        ssrc: LOCAL,
        bitrate: 300_000,
        overhead: 40,
    }];
    script.rtcp(&Tmmbr {
        sender_ssrc: REMOTE,
        media_ssrc: 0,
        limits: (&limits).into(),
    });
    let event = Event::BitrateLimit {
        stream: id,
        bitrate: 300_000,
    };
    assert_eq!(script.chain.poll_event(), Some(event));
    assert_eq!(script.says(), ["TMMBN(bbbb 300000)"]);
    assert!(script.says().is_empty());
}

#[test]
fn nothing_is_due_without_streams() {
    let (mut script, id) = Script::receiver(config());
    assert!(script.next().is_some());
    script.chain.remove_inbound(id).unwrap();
    assert_eq!(script.next(), None);
    assert!(script.at(Duration::from_secs(60)).says().is_empty());
}

#[test]
fn an_exact_relation_of_clocks_stands_in_reports() {
    let (mut script, id) = Script::sender(config());
    script.send(id, 1);
    script.chain.relate(id, script.start + ms(2000), 1_000_000);
    script.send(id, 2);
    let datagrams = report(&mut script);
    let behind = ms(2000) - (script.now - script.start);
    let expected = 1_000_000 - u32::try_from(behind.as_micros() * 9 / 100).unwrap();
    assert_eq!(only_report(&datagrams[0]).info.rtp_timestamp, expected);
}

/// What a forwarder does for lip sync.
#[test]
fn the_relation_of_a_sender_goes_on_to_other_chains() {
    let (mut script, from) = Script::receiver(config());
    assert_eq!(script.chain.sampled(script.now, from, 3000), None);
    script.receive(1);
    let info = SenderInfo {
        ntp_time: NtpTime::from_unix(Duration::from_secs(5)),
        rtp_timestamp: 90_000,
        ..SenderInfo::default()
    };
    let report = SenderReport {
        sender_ssrc: REMOTE,
        info,
        ..SenderReport::default()
    };
    script.at(ms(1100)).rtcp(&report);
    // A packet from after the report, and one from before that comes late.
    for (timestamp, millis) in [(99_000, 1200), (81_000, 1000)] {
        let sampled = script.chain.sampled(script.start + ms(1300), from, timestamp);
        assert_eq!(sampled, Some(script.start + ms(millis)));
    }
    let (mut next, to) = Script::sender(config());
    next.chain.relate(to, next.start + ms(200), 18_000);
    next.send(to, 1);
    next.chain.end_relation(to);
    next.at(ms(300)).send(to, 20);
    let datagrams = self::report(&mut next);
    let since = next.now - next.start - ms(300);
    let expected = 60_000 + u32::try_from(since.as_micros() * 9 / 100).unwrap();
    assert_eq!(only_report(&datagrams[0]).info.rtp_timestamp, expected);
}

#[test]
fn what_was_sampled_before_the_chain_was_made_is_related_as_exactly() {
    let (mut script, id) = Script::sender(config());
    let long_ago = script.start.checked_sub(ms(5000)).unwrap();
    script.chain.relate(id, long_ago, u32::MAX);
    script.send(id, 1);
    let datagrams = report(&mut script);
    let since = (script.now - long_ago).as_micros();
    let expected = u32::try_from(since * 9 / 100).unwrap() - 1;
    assert_eq!(only_report(&datagrams[0]).info.rtp_timestamp, expected);
}

#[test]
fn a_silent_peer_breaks_the_circuit() {
    let (mut script, id) = Script::sender(config());
    let mut broken = Vec::new();
    for number in 0..60 {
        script.send(id, number);
        report(&mut script);
        if number == 20 {
            script.rtcp(&ReceiverReport::default());
        }
        while let Some(event) = script.chain.poll_event() {
            broken.push((number, event));
        }
    }
    let is_timeout = |event: &Event| {
        let reason = match event {
            Event::CircuitBroken { stream, reason } if *stream == id => reason,
            other => panic!("{other:?}"),
        };
        matches!(reason, CircuitBreaker::ReportTimeout(silent) if *silent >= Duration::from_secs(15))
    };
    assert!(broken.iter().all(|(_, event)| is_timeout(event)), "{broken:?}");
    // After 15 s, not within 15 s of what was heard, and every 15 s from there.
    let numbers: Vec<_> = broken.iter().map(|(number, _)| *number).collect();
    assert!(
        (13..=18).contains(&numbers[0]) && numbers[1] > 32 && numbers.len() <= 4,
        "{numbers:?}"
    );
}

#[test]
fn names_and_datagrams_of_any_length_end_the_report() {
    for (mtu, name) in [(0, 16), (0, 255), (600, 200), (1200, 255), (65_000, 16)] {
        let mut script = Script::new(Config {
            mtu,
            cname: Some("n".repeat(name)),
            receiver_rtt: true,
            ..config()
        });
        for ssrc in 0..40 {
            let stream = Inbound {
                ssrc,
                rtx_ssrc: None,
                ..inbound()
            };
            script.chain.add_inbound(script.now, stream).unwrap();
            script.receive_packet(packet(ssrc, 96, 1, b"a"));
            let stream = Outbound {
                ssrc: 100 + ssrc,
                rtx_ssrc: None,
                mid: Some("m".repeat(100)),
                ..outbound()
            };
            let id = script.chain.add_outbound(script.now, stream).unwrap();
            script.send(id, 1);
            let blocks = [XrBlock::ReceiverReferenceTime(NtpTime(1 << 40))];
            script.rtcp(&ExtendedReport {
                sender_ssrc: ssrc,
                blocks: (&blocks).into(),
            });
        }
        let datagrams = report(&mut script);
        assert!(datagrams.len() <= 80, "{mtu} {name}: {}", datagrams.len());
        assert!(datagrams.iter().all(|datagram| datagram.len() <= mtu.max(576)));
    }
}

#[test]
fn retransmissions_are_reported_as_a_source_of_their_own() {
    let mut script = Script::new(config());
    let stream = Inbound {
        feedback: Feedback::default(),
        ..inbound()
    };
    script.chain.add_inbound(script.now, stream).unwrap();
    script.receive(1);
    script.receive(4);
    script.receive_rtx(7, 2);
    script.receive_rtx(9, 3);
    let said = text(&report(&mut script)[0]);
    assert!(
        said.starts_with("RR(1111)[bbbb -2][bbbc -1] SDES(1111)"),
        "{said}"
    );
}

#[test]
fn of_two_reference_times_the_last_is_told_back() {
    let (mut script, id) = Script::sender(config());
    script.send(id, 1);
    for time in [1u64 << 40, 2 << 40] {
        let blocks = [XrBlock::ReceiverReferenceTime(NtpTime(time))];
        script.rtcp(&ExtendedReport {
            sender_ssrc: REMOTE,
            blocks: (&blocks).into(),
        });
    }
    let datagrams = report(&mut script);
    let Some(Ok(PacketRef::ExtendedReport(told))) = rtcp::packets(&datagrams[0]).last() else {
        panic!("{}", text(&datagrams[0]))
    };
    let Some(XrBlock::Dlrr(delays)) = told.blocks.iter().next() else {
        panic!("{told:?}")
    };
    assert!(delays.iter().map(|delay| delay.last_reference).eq([2 << 24]));
}

#[test]
fn a_stream_that_pauses_says_farewell_and_goes_on_with_its_numbers() {
    let (mut script, id) = Script::sender(quiet());
    script.at(ms(10)).send(id, 7);
    let ask = |script: &mut Script, number| {
        let pairs = rtcp::nack_pairs([number]).collect::<Vec<_>>();
        script.rtcp(&rtcp::Nack {
            sender_ssrc: REMOTE,
            media_ssrc: LOCAL,
            pairs: (&pairs).into(),
        });
        script.retransmits()
    };
    let rtx = |packets: &[Vec<u8>]| rtp::PacketRef::decode(&packets[0]).unwrap().sequence_number();
    let first = rtx(&ask(&mut script, 7));

    script.at(ms(300));
    script.chain.pause_outbound(script.now, id);
    script.chain.pause_outbound(script.now, id);
    let said = script.says();
    assert!(said.len() == 1 && said[0].ends_with("BYE(aaaa aaab)"), "{said:?}");
    assert!(
        ask(&mut script, 7).is_empty(),
        "the peer has forgotten the stream"
    );
    let mut header = rtp::Header::default();
    let sent = script.chain.send_rtp(script.now, id, &mut header, &[1][..]);
    assert_eq!(sent.map(<[u8]>::len), Err(interceptor::SendError::Paused));
    assert_eq!(script.next(), None, "nothing to report on");

    script.at(ms(600));
    script.chain.resume_outbound(script.now, id);
    script.send(id, 8);
    assert_eq!(rtx(&ask(&mut script, 8)), first.wrapping_add(1));
    assert_eq!(script.chain.outbound_stats(id).unwrap().packets_sent, 4);

    // Who goes on before the farewell went out has not left.
    script.chain.pause_outbound(script.now, id);
    script.chain.resume_outbound(script.now, id);
    assert!(script.at(ms(900)).says().is_empty());
    script.chain.pause_outbound(script.now, id);
    script.at(ms(1200)).says();
    script.chain.remove_outbound(script.now, id);
    assert!(script.at(ms(1500)).says().is_empty(), "one farewell is enough");
}
