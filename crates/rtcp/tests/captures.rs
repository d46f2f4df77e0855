//! What Chromium sends, whole conversations: every datagram is understood, written again byte for byte, and makes sense.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::time::Duration;

use rtcp::*;

/// A datagram, and whether the sender of the media sent it.
type Line = (bool, Vec<u8>);

fn parse(capture: &str) -> Vec<Line> {
    let lines = capture
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let line = |line: &str| {
        let (direction, hex) = line.split_once(' ').unwrap();
        let digits = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap());
        (
            direction == "a>b",
            digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect(),
        )
    };
    lines.map(line).collect()
}

fn transport_cc() -> Vec<Line> {
    parse(include_str!("captures/chromium-156-transport-cc.txt"))
}

fn remb() -> Vec<Line> {
    parse(include_str!("captures/chromium-156-remb.txt"))
}

fn rfc8888() -> Vec<Line> {
    parse(include_str!("captures/chromium-156-rfc8888.txt"))
}

/// The packets of all datagrams, with the direction.
fn all(lines: &[Line]) -> Vec<(bool, PacketRef<'_>)> {
    let packets = lines
        .iter()
        .flat_map(|(sent, wire)| packets(wire).map(|packet| (*sent, packet.unwrap())));
    packets.collect()
}

#[test]
fn everything_is_understood_and_written_again() {
    for (_, wire) in [transport_cc(), remb(), rfc8888()].concat() {
        assert!(is_rtcp(&wire));
        let mut out = Vec::new();
        for (raw, packet) in raw_packets(&wire).zip(packets(&wire)) {
            let (raw, packet) = (raw.unwrap(), packet.unwrap());
            assert!(!matches!(packet, PacketRef::Unknown(_)), "{packet:?}");
            let start = out.len();
            packet.encode(&mut out);
            // Chromium marks the zeros behind the deltas of TWCC feedback as padding, the draft does not.
            if raw.has_padding() {
                let (written, _) = RawPacketRef::decode(out.get(start..).unwrap()).unwrap();
                let marked = &mut written.as_bytes().to_vec();
                marked.first_mut().map(|first| *first |= 0x20).unwrap();
                *marked.last_mut().unwrap() = *wire.last().unwrap();
                assert_eq!(marked, raw.as_bytes());
            } else {
                assert_eq!(out.get(start..), Some(raw.as_bytes()));
            }
        }
        assert_eq!(out.len(), wire.len());
    }
}

#[test]
fn reports_of_the_sender_are_compound() {
    for lines in [transport_cc(), remb(), rfc8888()] {
        let mut names = 0;
        for (sent, wire) in &lines {
            if *sent {
                assert_eq!(check_compound(wire), Ok(()));
                names += 1;
            }
        }
        assert!(names > 3);
        // All streams have one name.
        let mut names: Vec<_> = all(&lines)
            .into_iter()
            .filter_map(|(_, packet)| match packet {
                PacketRef::SourceDescription(description) => {
                    description.chunks.iter().next().unwrap().cname()
                }
                _ => None,
            })
            .collect();
        names.dedup();
        assert_eq!(names.len(), 1);
        assert_eq!(names.first().unwrap().len(), 16);
    }
}

#[test]
fn report_blocks_answer_sender_reports() {
    for lines in [transport_cc(), remb(), rfc8888()] {
        let mut sent = Vec::new();
        let mut answers = 0;
        for (_, packet) in all(&lines) {
            match packet {
                PacketRef::SenderReport(report) => sent.push(report.info.ntp_time),
                PacketRef::ReceiverReport(report) => {
                    answers += report
                        .reports
                        .iter()
                        .filter(|block| answers_one(block, &sent))
                        .count();
                }
                _ => {}
            }
        }
        assert!(answers >= 5, "{answers}");
    }
}

/// Whether it answers a sender report, and if so that it fits one that was sent. A stream of retransmissions has no reports of
/// its own: Chromium answers for it what it answers for the video.
fn answers_one(block: &ReportBlock, sent: &[NtpTime]) -> bool {
    if block.last_sender_report == 0 {
        return false;
    }
    let time = sent
        .iter()
        .rfind(|time| time.compact() == block.last_sender_report)
        .unwrap();
    let delay = NtpTime::expand_duration(block.delay_since_last_sender_report);
    assert!(delay < Duration::from_secs(8));
    // At the very instant of the answer the way back has taken nothing.
    assert!(block.round_trip_time(*time + delay).unwrap() < Duration::from_micros(40));
    true
}

#[test]
fn sender_reports_go_by_the_clock_of_their_stream() {
    let lines = transport_cc();
    let mut first: Vec<(u32, SenderInfo)> = Vec::new();
    let mut rates = Vec::new();
    for (_, packet) in all(&lines) {
        let PacketRef::SenderReport(SenderReport {
            sender_ssrc, info, ..
        }) = packet
        else {
            continue;
        };
        match first.iter().find(|(ssrc, _)| *ssrc == sender_ssrc) {
            None => first.push((sender_ssrc, info)),
            Some((_, before)) => {
                let seconds = info.ntp_time.saturating_since(before.ntp_time).as_secs_f64();
                let steps = info.rtp_timestamp.wrapping_sub(before.rtp_timestamp);
                rates.push((f64::from(steps) / seconds / 1_000.0).round());
                assert!(info.packet_count > before.packet_count && info.octet_count > before.octet_count);
            }
        }
    }
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    assert_eq!(rates, [48.0, 90.0], "Opus and VP8, in kHz");
}

#[test]
fn reference_times_are_answered() {
    for lines in [transport_cc(), remb(), rfc8888()] {
        let mut told = Vec::new();
        let mut answers = 0;
        for (_, packet) in all(&lines) {
            let PacketRef::ExtendedReport(report) = packet else {
                continue;
            };
            for block in report.blocks {
                match block {
                    XrBlock::ReceiverReferenceTime(time) => told.push((report.sender_ssrc, time)),
                    XrBlock::Dlrr(delays) => answers += check_delays(delays, &told),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(answers >= 3, "{answers}");
    }
}

/// Every delay answers a reference time that was told.
fn check_delays(delays: List<'_, ReceiverDelay>, told: &[(u32, NtpTime)]) -> usize {
    for delay in delays {
        let is_answered =
            |told: &&(u32, NtpTime)| told.0 == delay.ssrc && told.1.compact() == delay.last_reference;
        let (_, time) = told.iter().rfind(is_answered).unwrap();
        let held = NtpTime::expand_duration(delay.delay);
        assert!(delay.round_trip_time(*time + held).unwrap() < Duration::from_micros(40));
    }
    delays.len()
}

/// All feedback packets with all their statuses.
fn told<'a>(packets: &[(bool, PacketRef<'a>)]) -> Vec<(TransportFeedback<'a>, Vec<PacketStatus>)> {
    let feedback = packets.iter().filter_map(|(_, packet)| match packet {
        PacketRef::TransportFeedback(feedback) => Some((*feedback, feedback.packets().collect())),
        _ => None,
    });
    feedback.collect()
}

#[test]
fn transport_feedback_tells_of_every_packet_in_turn() {
    let lines = transport_cc();
    let told = told(&all(&lines));
    assert!(told.len() > 100);
    let mut lost = 0;
    let mut last: Option<(u8, u16, TransportTime)> = None;
    for (feedback, packets) in &told {
        assert_eq!(packets.len(), usize::from(feedback.status_count));
        let mut time = feedback.reference();
        for packet in packets {
            match packet.arrival {
                Arrival::NotReceived => lost += 1,
                Arrival::At(at) => {
                    assert!(at >= time);
                    time = at;
                }
                Arrival::Untimed => panic!("{packet:?}"),
            }
        }
        if let Some((count, next, before)) = last {
            assert_eq!(feedback.feedback_count, count.wrapping_add(1));
            assert_eq!(feedback.base_sequence_number, next);
            // Feedback comes every 50 to 250 ms, but for what the machine was busy with.
            assert!((0..4 * 1_000).contains(&time.wrapping_since(before)));
        }
        let next = feedback.base_sequence_number.wrapping_add(feedback.status_count);
        last = Some((feedback.feedback_count, next, time));
    }
    let all: usize = told.iter().map(|(_, packets)| packets.len()).sum();
    assert!((2..12).contains(&(lost * 100 / all)), "{lost} of {all}");
}

#[test]
fn our_feedback_is_as_short_as_chromiums() {
    let lines = transport_cc();
    for (feedback, packets) in told(&all(&lines)) {
        let mut builder = TransportFeedbackBuilder::new(feedback.sender_ssrc, feedback.media_ssrc, 1_200);
        builder.begin_at(feedback.base_sequence_number);
        for packet in &packets {
            if let Arrival::At(time) = packet.arrival {
                assert!(builder.push(packet.sequence_number, time));
            }
        }
        let mut out = Vec::new();
        builder.finish(&mut out);
        let Ok(PacketRef::TransportFeedback(ours)) = PacketRef::decode(&out) else {
            panic!()
        };
        assert!(
            out.len() <= feedback.encoded_len(),
            "{} {}",
            out.len(),
            feedback.encoded_len()
        );
        assert!(ours.packets().eq(packets));
    }
}

#[test]
fn lost_packets_are_asked_for_and_estimates_grow() {
    let lines = remb();
    let (mut lost, mut estimates, mut pictures) = (0, Vec::new(), 0);
    for (_, packet) in all(&lines) {
        match packet {
            PacketRef::Nack(nack) => {
                let numbers: Vec<_> = nack.sequence_numbers().collect();
                lost += numbers.len();
                // Ours are packed the same.
                assert!(nack_pairs(numbers).eq(nack.pairs.iter()));
            }
            PacketRef::Remb(remb) => {
                assert!((1..=2).contains(&remb.ssrcs.len()));
                estimates.push(remb.bitrate);
            }
            PacketRef::PictureLossIndication(_) => pictures += 1,
            _ => {}
        }
    }
    assert!(lost > 60, "{lost}");
    assert_eq!(pictures, 2);
    assert!(
        estimates.iter().all(|rate| (10_000..10_000_000).contains(rate)),
        "{estimates:?}"
    );
}

#[test]
fn congestion_feedback_tells_of_both_streams() {
    let lines = rfc8888();
    let mut streams: Vec<(u32, u16)> = Vec::new();
    let (mut received, mut lost, mut repeated) = (0, 0, 0);
    for (_, packet) in all(&lines) {
        let PacketRef::CongestionControlFeedback(feedback) = packet else {
            continue;
        };
        for stream in feedback.streams {
            for (number, metric) in stream.packets() {
                match metric {
                    PacketMetric::Received { ecn, offset } => {
                        assert_eq!(ecn, Ecn::NotEct);
                        assert!(offset.to_duration().unwrap() < Duration::from_secs(4));
                        received += 1;
                    }
                    PacketMetric::NotReceived => lost += 1,
                }
                match streams.iter_mut().find(|(ssrc, _)| *ssrc == stream.ssrc) {
                    Some((_, next)) if number.wrapping_sub(*next) >> 15 == 0 => {
                        *next = number.wrapping_add(1)
                    }
                    Some(_) => repeated += 1,
                    None => streams.push((stream.ssrc, number.wrapping_add(1))),
                }
            }
        }
    }
    // Audio, video, its retransmissions.
    assert_eq!(streams.len(), 3);
    assert!(received > 200 && lost > 2, "{received} {lost} {repeated}");
}
