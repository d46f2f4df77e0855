//! Packets as bytes: laid out by hand after the figures of the RFCs, and as Pion's rtcp 1.2.17 writes the same values.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use rtcp::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// The bytes are this packet, and this packet is the bytes.
#[track_caller]
fn check(hex: &str, packet: PacketRef<'_>) {
    let wire = bytes(hex);
    assert_eq!(packets(&wire).collect::<Vec<_>>(), [Ok(packet)]);
    let mut out = vec![0xaa];
    packet.encode(&mut out);
    assert_eq!(out[1..], wire);
    assert_eq!(packet.encoded_len(), wire.len());
    // What was read is written as it was.
    out.clear();
    PacketRef::decode(&wire).unwrap().encode(&mut out);
    assert_eq!(out, wire);
}

fn block(step: u32) -> ReportBlock {
    ReportBlock {
        ssrc: 0x902f_9e2e + step,
        fraction_lost: 55 + u8::try_from(step).unwrap(),
        cumulative_lost: 0x1_0203 + i32::try_from(step).unwrap(),
        highest_sequence_number: 0x46e1 + (step << 16),
        jitter: 273 + step,
        last_sender_report: 0x09f3_6432 + step,
        delay_since_last_sender_report: 150_137 + step,
    }
}

#[test]
fn sender_report_as_pion_writes_it() {
    let blocks = [block(0), block(1)];
    let report = SenderReport {
        sender_ssrc: 0x902f_9e2e,
        info: SenderInfo {
            ntp_time: NtpTime(0xda8b_d1fc_dddd_a05a),
            rtp_timestamp: 0xaaf4_edd5,
            packet_count: 1,
            octet_count: 2,
        },
        reports: (&blocks).into(),
        extension: &[1, 2, 3, 4],
    };
    check(
        "82c80013 902f9e2e da8bd1fcdddda05a aaf4edd5 00000001 00000002
         902f9e2e 37010203 000046e1 00000111 09f36432 00024a79
         902f9e2f 38010204 000146e1 00000112 09f36433 00024a7a 01020304",
        PacketRef::SenderReport(report),
    );
}

#[test]
fn receiver_report_as_pion_writes_it() {
    let blocks = [block(2)];
    let report = ReceiverReport {
        sender_ssrc: 0x902f_9e2e,
        reports: (&blocks).into(),
        extension: &[],
    };
    check(
        "81c90007 902f9e2e 902f9e30 39010205 000246e1 00000113 09f36434 00024a7b",
        PacketRef::ReceiverReport(report),
    );
}

#[test]
fn lost_packets_are_counted_with_a_sign() {
    // RFC 3550 §6.4.1: 24 bits; duplicates make it negative.
    for (lost, wire, read) in [
        (-1, [0xff, 0xff, 0xff], -1),
        (-0x80_0000, [0x80, 0, 0], -0x80_0000),
        (0x7f_ffff, [0x7f, 0xff, 0xff], 0x7f_ffff),
        (i32::MAX, [0x7f, 0xff, 0xff], 0x7f_ffff),
        (i32::MIN, [0x80, 0, 0], -0x80_0000),
    ] {
        let blocks = [ReportBlock {
            cumulative_lost: lost,
            ..Default::default()
        }];
        let mut out = Vec::new();
        ReceiverReport {
            reports: (&blocks).into(),
            ..Default::default()
        }
        .encode(&mut out);
        assert_eq!(out[13..16], wire);
        let Ok(PacketRef::ReceiverReport(report)) = PacketRef::decode(&out) else {
            panic!()
        };
        assert_eq!(report.reports.iter().next().unwrap().cumulative_lost, read);
    }
}

#[test]
fn source_description_as_pion_writes_it() {
    let person = [
        SdesItem::Cname(b"{9c00eb92-1afb-9d49-a47d-91f64eee69f5}"),
        SdesItem::Name(b"n"),
        SdesItem::Email(b"e@x"),
        SdesItem::Phone(b"+1"),
    ];
    let place = [
        SdesItem::Location(b"here"),
        SdesItem::Tool(b"t 1.0"),
        SdesItem::Note(b""),
        SdesItem::Private {
            prefix: b"key",
            value: b"value",
        },
    ];
    let chunks = [
        SdesChunk {
            ssrc: 0x902f_9e2e,
            items: (&person).into(),
        },
        SdesChunk {
            ssrc: 7,
            items: (&place).into(),
        },
    ];
    check(
        "82ca0017 902f9e2e
         01267b39 63303065 6239322d 31616662 2d396434 392d6134 37642d39 31663634 65656536 3966357d
         02016e03 03654078 04022b31 00000000
         00000007 05046865 72650605 7420312e 30070008 09036b65 7976616c 75650000",
        PacketRef::SourceDescription(SourceDescription {
            chunks: (&chunks).into(),
        }),
    );
}

#[test]
fn items_of_webrtc_are_known() {
    // RFC 8852 §3 (12, 13), RFC 8861 §3.1 (11), RFC 9143 §15.1 (15); 10 is APSI, which is kept as it is.
    let items = [
        SdesItem::ReportingGroup(b"g"),
        SdesItem::RtpStreamId(b"hi"),
        SdesItem::RepairedRtpStreamId(b"lo"),
        SdesItem::Mid(b"0"),
        SdesItem::Other {
            kind: 10,
            value: b"x",
        },
    ];
    let chunks = [SdesChunk {
        ssrc: 1,
        items: (&items).into(),
    }];
    check(
        "81ca0006 00000001 0b0167 0c026869 0d026c6f 0f0130 0a0178 000000",
        PacketRef::SourceDescription(SourceDescription {
            chunks: (&chunks).into(),
        }),
    );
}

#[test]
fn a_private_item_whose_prefix_is_too_long_is_kept() {
    let items = [SdesItem::Other {
        kind: 8,
        value: &[5, b'a'],
    }];
    let chunks = [SdesChunk {
        ssrc: 1,
        items: (&items).into(),
    }];
    check(
        "81ca0003 00000001 08020561 00000000",
        PacketRef::SourceDescription(SourceDescription {
            chunks: (&chunks).into(),
        }),
    );
}

#[test]
fn goodbye_as_pion_writes_it() {
    let goodbye = Goodbye {
        ssrcs: (&[0x902f_9e2e, 7]).into(),
        reason: b"FOO",
    };
    check("82cb0003 902f9e2e 00000007 03464f4f", PacketRef::Goodbye(goodbye));
    check("80cb0000", PacketRef::Goodbye(Goodbye::default()));
}

#[test]
fn application_as_pion_writes_it() {
    let data = [1, 2, 3, 4, 5, 6, 7, 8];
    let packet = Application {
        subtype: 5,
        ssrc: 0x902f_9e2e,
        name: *b"SUIT",
        data: &data,
    };
    check(
        "85cc0004 902f9e2e 53554954 01020304 05060708",
        PacketRef::Application(packet),
    );
}

#[test]
fn nack_as_pion_writes_it() {
    let pairs: Vec<_> = nack_pairs([42, 43, 58, 59, 1_000]).collect();
    let nack = Nack {
        sender_ssrc: 1,
        media_ssrc: 0x902f_9e2e,
        pairs: (&pairs).into(),
    };
    check(
        "81cd0005 00000001 902f9e2e 002a8001 003b0000 03e80000",
        PacketRef::Nack(nack),
    );
}

#[test]
fn messages_without_information_as_pion_writes_them() {
    let (sender_ssrc, media_ssrc) = (1, 0x902f_9e2e);
    check(
        "85cd0002 00000001 902f9e2e",
        PacketRef::RapidResync(RapidResync {
            sender_ssrc,
            media_ssrc,
        }),
    );
    check(
        "81ce0002 00000001 902f9e2e",
        PacketRef::PictureLossIndication(PictureLossIndication {
            sender_ssrc,
            media_ssrc,
        }),
    );
}

#[test]
fn slice_loss_after_the_figure() {
    // RFC 4585 §6.3.2: PSFB (Pion says RTPFB), 13 bits, 13 bits, 6 bits.
    let lost = [
        SliceLoss {
            first: 0xaaa,
            number: 0x1555,
            picture_id: 0x2c,
        },
        SliceLoss {
            first: 1,
            number: 2,
            picture_id: 3,
        },
    ];
    let sli = SliceLossIndication {
        sender_ssrc: 1,
        media_ssrc: 0x902f_9e2e,
        lost: (&lost).into(),
    };
    check(
        "82ce0004 00000001 902f9e2e 5555556c 00080083",
        PacketRef::SliceLossIndication(sli),
    );
}

#[test]
fn reference_picture_selection_after_the_figure() {
    // RFC 4585 §6.3.3.2: PB counts all bits up to the word.
    for (hex, bit_string, unused_bits) in [
        ("83ce0003 00000001 00000002 00600f40", &[0x0f, 0x40][..], 0),
        ("83ce0003 00000001 00000002 06600f40", &[0x0f, 0x40], 6),
        ("83ce0003 00000001 00000002 08600f00", &[0x0f], 0),
        ("83ce0003 00000001 00000002 10600000", &[], 0),
        (
            "83ce0004 00000001 00000002 18600f40 80000000",
            &[0x0f, 0x40, 0x80],
            0,
        ),
        (
            "83ce0004 00000001 00000002 1b600f40 80000000",
            &[0x0f, 0x40, 0x80],
            3,
        ),
    ] {
        let rpsi = ReferencePictureSelection {
            sender_ssrc: 1,
            media_ssrc: 2,
            payload_type: 96,
            bit_string,
            unused_bits,
        };
        check(hex, PacketRef::ReferencePictureSelection(rpsi));
    }
}

#[test]
fn full_intra_request_as_pion_writes_it() {
    let entries = [
        FirEntry {
            ssrc: 0x1234_5678,
            sequence_number: 0x42,
        },
        FirEntry {
            ssrc: 0x9876_5432,
            sequence_number: 0x57,
        },
    ];
    let fir = FullIntraRequest {
        sender_ssrc: 1,
        media_ssrc: 0,
        entries: (&entries).into(),
    };
    check(
        "84ce0006 00000001 00000000 12345678 42000000 98765432 57000000",
        PacketRef::FullIntraRequest(fir),
    );
}

#[test]
fn rate_limits_after_the_figures() {
    // RFC 5104 §4.2.1.1: 6 bits, 17 bits, 9 bits. 500,000 = 125,000 << 2; 0x1e848 << 9 | 40, and the exponent 2 << 26.
    let limits = [
        BitrateLimit {
            ssrc: 2,
            bitrate: 500_000,
            overhead: 40,
        },
        BitrateLimit {
            ssrc: 3,
            bitrate: 0x1_ffff,
            overhead: 0x1ff,
        },
    ];
    let limits = List::from(&limits);
    check(
        "83cd0006 00000001 00000000 00000002 0bd09028 00000003 03ffffff",
        PacketRef::Tmmbr(Tmmbr {
            sender_ssrc: 1,
            media_ssrc: 0,
            limits,
        }),
    );
    check(
        "84cd0006 00000001 00000000 00000002 0bd09028 00000003 03ffffff",
        PacketRef::Tmmbn(Tmmbn {
            sender_ssrc: 1,
            media_ssrc: 0,
            limits,
        }),
    );
    check(
        "84cd0002 00000001 00000000",
        PacketRef::Tmmbn(Tmmbn {
            sender_ssrc: 1,
            ..Default::default()
        }),
    );
}

#[test]
fn trade_offs_after_the_figures() {
    // RFC 5104 §4.3.2.1 and §4.3.3.1: 8 bits, 19 reserved, 5 bits.
    let entries = [TradeOff {
        ssrc: 2,
        sequence_number: 0x81,
        index: 31,
    }];
    check(
        "85ce0004 00000001 00000000 00000002 8100001f",
        PacketRef::Tstr(Tstr {
            sender_ssrc: 1,
            media_ssrc: 0,
            requests: (&entries).into(),
        }),
    );
    check(
        "86ce0004 00000001 00000000 00000002 8100001f",
        PacketRef::Tstn(Tstn {
            sender_ssrc: 1,
            media_ssrc: 0,
            notifications: (&entries).into(),
        }),
    );
}

#[test]
fn remb_as_pion_writes_it() {
    let remb = Remb {
        sender_ssrc: 1,
        media_ssrc: 0,
        bitrate: 8_927_168,
        ssrcs: (&[1_215_622_422, 7]).into(),
    };
    check(
        "8fce0006 00000001 00000000 52454d42 021a20df 4874ed16 00000007",
        PacketRef::Remb(remb),
    );
}

#[test]
fn layer_refresh_request_after_the_figure() {
    // RFC 9627 §3.1.
    let requests = [
        LayerRefresh {
            ssrc: 2,
            sequence_number: 9,
            payload_type: 98,
            target: LayerId {
                temporal: 2,
                layer: 1,
            },
            current: Some(LayerId {
                temporal: 1,
                layer: 0x7f,
            }),
        },
        LayerRefresh {
            ssrc: 3,
            sequence_number: 10,
            payload_type: 98,
            ..Default::default()
        },
    ];
    let lrr = LayerRefreshRequest {
        sender_ssrc: 1,
        media_ssrc: 0,
        requests: (&requests).into(),
    };
    check(
        "8ace0008 00000001 00000000 00000002 09e20000 0201017f 00000003 0a620000 00000000",
        PacketRef::LayerRefreshRequest(lrr),
    );
}

#[test]
fn reserved_bits_are_ignored() {
    for (hex, clean) in [
        (
            "84ce0004 00000001 00000000 00000002 42ffffff",
            "84ce0004 00000001 00000000 00000002 42000000",
        ), // FIR
        (
            "85ce0004 00000001 00000000 00000002 42ffffff",
            "85ce0004 00000001 00000000 00000002 4200001f",
        ), // TSTR
        (
            "8ace0005 00000001 00000000 00000002 09e2ffff faff fa7f", // LRR
            "8ace0005 00000001 00000000 00000002 09e20000 02ff 027f",
        ),
        (
            "83ce0003 00000001 00000002 00e00f40",
            "83ce0003 00000001 00000002 00600f40",
        ), // RPSI
        (
            "9fcf0003 00000001 04ff0002 00000000 00000000",
            "80cf0003 00000001 04000002 00000000 00000000",
        ), // XR
    ] {
        let (wire, clean) = (bytes(hex), bytes(clean));
        assert_eq!(PacketRef::decode(&wire), PacketRef::decode(&clean), "{hex}");
    }
}

/// Sequence number and time of each packet that came.
fn arrivals(feedback: &TransportFeedback<'_>) -> Vec<(u16, i64)> {
    let timed = feedback.packets().filter_map(|packet| match packet.arrival {
        Arrival::At(time) => Some((packet.sequence_number, time.0)),
        Arrival::NotReceived | Arrival::Untimed => None,
    });
    timed.collect()
}

#[test]
fn transport_feedback_as_pion_writes_it() {
    let chunks = [
        StatusChunk::OneBit(0b01_0001_0010_0001),
        StatusChunk::TwoBit(0b01_10_00_00_00_10_01),
        StatusChunk::Run {
            symbol: Symbol::SmallDelta,
            length: 2,
        },
        StatusChunk::Run {
            symbol: Symbol::NotReceived,
            length: 17,
        },
    ];
    let deltas = [4, 0, 255, 1, 2, 0xff, 0xfb, 0x03, 0xe8, 3, 4, 5];
    let feedback = TransportFeedback {
        sender_ssrc: 0xfa17_fa17,
        media_ssrc: 0x4303_2fa0,
        base_sequence_number: 153,
        status_count: 40,
        reference_time: 4_057_090,
        feedback_count: 23,
        chunks: (&chunks).into(),
        deltas: &deltas,
    };
    check(
        "8fcd0009 fa17fa17 43032fa0 00990028 3de80217 9121d809 20020011 0400ff01 02fffb03 e8030405",
        PacketRef::TransportFeedback(feedback),
    );
    let base = 4_057_090 * 256;
    let times = [4, 4, 259, 260, 262, 257, 1_257, 1_260, 1_264, 1_269];
    let numbers = [154, 158, 161, 166, 167, 168, 172, 173, 174, 175];
    assert!(
        arrivals(&feedback)
            .into_iter()
            .eq(numbers.into_iter().zip(times.map(|time| base + time)))
    );
}

#[test]
fn what_pions_recorder_saw() {
    // 60 packets from 65,530 on; every ninth and 31 to 49 lost, a pause of 120 ms before the 21st; microseconds.
    let mut time = 5_000_000;
    let mut expected = Vec::new();
    for packet in 0..60_u16 {
        time += i64::from(packet % 7) * 333;
        if packet % 9 == 4 || (31..50).contains(&packet) {
            continue;
        }
        if packet == 20 {
            time += 120_000;
        }
        expected.push((packet.wrapping_add(65_530), time));
    }
    let wire = bytes(
        "afcd0011 00000001 00000007 fffa003c 00004e00 bdfed556 aff0000f d555d100 20010304 0c080001
         03040507 08010304 050701e8 00040405 07080001 03510304 05070800 01070002",
    );
    let Ok(PacketRef::TransportFeedback(feedback)) = PacketRef::decode(&wire) else {
        panic!()
    };
    let read = arrivals(&feedback);
    assert_eq!(read.len(), expected.len());
    for ((number, time), (told, steps)) in expected.into_iter().zip(read) {
        assert_eq!(number, told);
        assert!(
            (steps * 250 - time).abs() <= 250,
            "{number}: {steps} steps, {time} µs"
        );
    }
}

#[test]
fn feedback_without_times_is_read() {
    // transport-wide-cc-02: a run of 20 that came, and no deltas.
    let wire = bytes("8fcd0005 00000001 00000002 00050014 00000000 20140000");
    let Ok(PacketRef::TransportFeedback(feedback)) = PacketRef::decode(&wire) else {
        panic!()
    };
    assert!(
        feedback
            .packets()
            .all(|packet| packet.arrival == Arrival::Untimed)
    );
    assert_eq!(feedback.packets().count(), 20);
}

#[test]
fn congestion_control_feedback_as_pion_writes_it() {
    let received = |ecn, offset| PacketMetric::Received {
        ecn,
        offset: ArrivalOffset(offset),
    };
    let first = [
        received(Ecn::Ect1, 512),
        PacketMetric::NotReceived,
        received(Ecn::Ce, 0x1ffe),
    ];
    let second = [received(Ecn::NotEct, 0x1fff), received(Ecn::Ect0, 1)];
    let streams = [
        StreamFeedback {
            ssrc: 2,
            begin_sequence_number: 65_534,
            metrics: (&first).into(),
        },
        StreamFeedback {
            ssrc: 3,
            begin_sequence_number: 5,
            metrics: (&second).into(),
        },
    ];
    let feedback = CongestionControlFeedback {
        sender_ssrc: 1,
        streams: (&streams).into(),
        report_timestamp: 0x6f80_8000,
    };
    check(
        "8bcd0009 00000001 00000002 fffe0003 a2000000 fffe0000 00000003 00050002 9fffc001 6f808000",
        PacketRef::CongestionControlFeedback(feedback),
    );
}

#[test]
fn extended_report_as_pion_writes_it() {
    let losses = [
        run(true, 6),
        run(false, 6),
        RleChunk::Vector(0x0765),
        RleChunk::Null,
    ];
    let duplicates = [
        run(true, 0x123),
        run(false, 0x3fff),
        RleChunk::Vector(0x7fff),
        RleChunk::Null,
    ];
    let rle = |thinning, chunks| RleReport {
        ssrc: 0x1234_5689,
        thinning,
        begin: 5,
        end: 12,
        chunks,
    };
    let delay = |ssrc| ReceiverDelay {
        ssrc,
        last_reference: 0x1234_5678,
        delay: 0x9999_9999,
    };
    let delays = [delay(0x8888_8888), delay(0x0909_0909)];
    let blocks = [
        XrBlock::LossRle(rle(12, (&losses).into())),
        XrBlock::DuplicateRle(rle(6, (&duplicates).into())),
        XrBlock::PacketReceiptTimes(PacketReceiptTimes {
            ssrc: 0x9876_5432,
            thinning: 3,
            begin: 15_432,
            end: 15_577,
            times: (&[0x1111_1111, 0x2222_2222]).into(),
        }),
        XrBlock::ReceiverReferenceTime(NtpTime(0x0102_0304_0506_0708)),
        XrBlock::Dlrr((&delays).into()),
        XrBlock::StatisticsSummary(summary()),
        XrBlock::VoipMetrics(voip()),
    ];
    check(
        "80cf002d 01020304
         010c0004 12345689 0005000c 40060006 87650000
         02060004 12345689 0005000c 41233fff ffff0000
         03030004 98765432 3c483cd9 11111111 22222222
         04000002 01020304 05060708
         05000006 88888888 12345678 99999999 09090909 12345678 99999999
         06e80009 fedcba98 12345678 11111111 22222222 33333333 44444444 55555555 66666666 01020304
         07000008 89abcdef 05060708 11112222 33334444 11ee3344 55667788 b9001122 33445566",
        PacketRef::ExtendedReport(ExtendedReport {
            sender_ssrc: 0x0102_0304,
            blocks: (&blocks).into(),
        }),
    );
}

const fn run(bit: bool, length: u16) -> RleChunk {
    RleChunk::Run { bit, length }
}

fn summary() -> StatisticsSummary {
    StatisticsSummary {
        ssrc: 0xfedc_ba98,
        begin: 0x1234,
        end: 0x5678,
        lost: Some(0x1111_1111),
        duplicates: Some(0x2222_2222),
        jitter: Some(JitterSummary {
            min: 0x3333_3333,
            max: 0x4444_4444,
            mean: 0x5555_5555,
            deviation: 0x6666_6666,
        }),
        hops: HopCounts::Ipv4(Minimax {
            min: 1,
            max: 2,
            mean: 3,
            deviation: 4,
        }),
    }
}

fn voip() -> VoipMetrics {
    VoipMetrics {
        ssrc: 0x89ab_cdef,
        losses: VoipLosses {
            loss_rate: 5,
            discard_rate: 6,
        },
        bursts: VoipBursts {
            burst_density: 7,
            gap_density: 8,
            burst_duration: 0x1111,
            gap_duration: 0x2222,
            gap_threshold: 0x44,
        },
        delays: VoipDelays {
            round_trip: 0x3333,
            end_system: 0x4444,
        },
        levels: VoipLevels {
            signal: 0x11,
            noise: -0x12,
            residual_echo_return_loss: 0x33,
        },
        quality: VoipQuality {
            r_factor: 0x55,
            external_r_factor: 0x66,
            listening: 0x77,
            conversation: 0x88,
        },
        jitter_buffer: VoipJitterBuffer {
            loss_concealment: 2,
            adaptive: 3,
            rate: 9,
            nominal: 0x1122,
            maximum: 0x3344,
            absolute_maximum: 0x5566,
        },
    }
}

#[test]
fn blocks_that_are_unknown_or_odd_are_kept() {
    // A block type of RFC 6776, RRTR of one word and of three, DLRR of two words, a statistics summary of three.
    let unknown = |block_type, type_specific, contents| XrBlock::Unknown {
        block_type,
        type_specific,
        contents,
    };
    let blocks = [
        unknown(14, 0xc0, &[1, 2, 3, 4][..]),
        unknown(4, 7, &[1, 2, 3, 4]),
        unknown(4, 0, &[0; 12]),
        unknown(5, 0, &[1, 2, 3, 4, 5, 6, 7, 8]),
        unknown(6, 0xff, &[0; 12]),
        unknown(255, 0, &[]),
        XrBlock::Dlrr(List::default()),
    ];
    check(
        "80cf0012 00000001 0ec00001 01020304 04070001 01020304 04000003 00000000 00000000 00000000 05000002 01020304 05060708
         06ff0003 00000000 00000000 00000000 ff000000 05000000",
        PacketRef::ExtendedReport(ExtendedReport {
            sender_ssrc: 1,
            blocks: (&blocks).into(),
        }),
    );
}

#[test]
fn bits_that_are_not_used_are_cleared() {
    let rpsi = ReferencePictureSelection {
        bit_string: &[0xff],
        unused_bits: 3,
        ..Default::default()
    };
    let mut out = Vec::new();
    rpsi.encode(&mut out);
    assert_eq!(out[12..], [0x0b, 0, 0xf8, 0]);
}

#[test]
fn unknown_packets_and_formats_are_kept() {
    for hex in [
        "80c00001 00000001",                   // FIR of RFC 2032
        "80d00002 00000001 00000002",          // AVB
        "88cd0003 00000001 00000002 00000003", // RTPFB 8: ECN feedback, RFC 6679
        "87ce0003 00000001 00000002 00000003", // PSFB 7: VBCM
        "8fce0003 00000001 00000002 4c4e5446", // application layer feedback that is no REMB
        "8fce0002 00000001 00000002",
    ] {
        let wire = bytes(hex);
        let (raw, rest) = RawPacketRef::decode(&wire).unwrap();
        assert!(rest.is_empty());
        assert_eq!(raw.sender_ssrc(), Some(1));
        check(hex, PacketRef::Unknown(raw));
    }
}
