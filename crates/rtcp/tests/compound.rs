//! Datagrams of several packets: order, padding, and what is broken.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use rtcp::*;

const PLI: PictureLossIndication = PictureLossIndication {
    sender_ssrc: 1,
    media_ssrc: 2,
};

fn name() -> Vec<u8> {
    let items = [SdesItem::Cname(b"a")];
    let chunks = [SdesChunk {
        ssrc: 1,
        items: (&items).into(),
    }];
    let mut out = Vec::new();
    SourceDescription {
        chunks: (&chunks).into(),
    }
    .encode(&mut out);
    out
}

/// A datagram of the packets that these letters stand for; `!` pads what is in front of it.
fn datagram(letters: &str) -> Vec<u8> {
    let name = name();
    let (name, _) = RawPacketRef::decode(&name).unwrap();
    let ssrcs = [1];
    let mut out = Vec::new();
    for letter in letters.chars() {
        let packet: &dyn Packet = match letter {
            'S' => &SenderReport::default(),
            'R' => &ReceiverReport::default(),
            'N' => &name,
            'e' => &SourceDescription::default(),
            'B' => &Goodbye {
                ssrcs: (&ssrcs).into(),
                reason: b"",
            },
            'P' => &PLI,
            other => panic!("{other}"),
        };
        packet.encode(&mut out);
    }
    out
}

#[test]
fn order_is_checked() {
    for (letters, expected) in [
        ("SN", Ok(())),
        ("RN", Ok(())),
        ("SRRNP", Ok(())),
        ("SNPB", Ok(())),
        ("SNBB", Ok(())),
        ("ReN", Ok(())),
        ("", Err(CompoundError::NoReport)),
        ("NR", Err(CompoundError::NoReport)),
        ("P", Err(CompoundError::NoReport)),
        ("R", Err(CompoundError::NoCname)),
        ("Re", Err(CompoundError::NoCname)),
        ("SNBP", Err(CompoundError::AfterGoodbye)),
    ] {
        assert_eq!(check_compound(&datagram(letters)), expected, "{letters}");
    }
}

#[test]
fn padding_stands_at_the_end_only() {
    let mut out = datagram("R");
    let mut compound = Compound::new(&mut out);
    compound.push(&PLI).pad(16);
    assert_eq!(compound.len(), 16);
    let end = out.split_off(8);
    // 12 bytes and a word of padding.
    assert_eq!(end, [0xa1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4]);
    assert_eq!(PacketRef::decode(&end), Ok(PacketRef::PictureLossIndication(PLI)));

    let padded = [datagram("R"), end, name()].concat();
    assert_eq!(check_compound(&padded), Err(CompoundError::Padding));
    assert_eq!(
        packets(&padded).filter(Result::is_ok).count(),
        3,
        "tolerated when it is read"
    );
}

#[test]
fn padding_that_cannot_be_is_left_out() {
    for (multiple, expected) in [
        (0, 12),
        (1, 12),
        (4, 12),
        (5, 12),
        (16, 16),
        (256, 256),
        (264, 264),
        (268, 12),
    ] {
        let mut out = vec![0xff; 3];
        let mut compound = Compound::new(&mut out);
        compound.push(&PLI).pad(multiple);
        assert_eq!(compound.len(), expected, "{multiple}");
        compound.pad(multiple * 2);
        if expected > 12 {
            assert_eq!(compound.len(), expected, "padded twice");
        }
        assert!(PacketRef::decode(&out[3..]).is_ok());
    }
    let mut out = Vec::new();
    Compound::new(&mut out).pad(16);
    assert!(out.is_empty());
}

#[test]
fn of_several_packets_the_last_is_padded() {
    let blocks = [ReportBlock::default(); 40];
    let mut out = Vec::new();
    let mut compound = Compound::new(&mut out);
    compound
        .push(&ReceiverReport {
            reports: (&blocks).into(),
            ..Default::default()
        })
        .pad(64);
    let lengths: Vec<_> = raw_packets(&out)
        .map(|it| it.unwrap())
        .map(|it| (it.as_bytes().len(), it.has_padding()))
        .collect();
    assert_eq!(lengths, [(752, false), (272, true)]);
    let count: usize = packets(&out)
        .map(|packet| {
            let Ok(PacketRef::ReceiverReport(report)) = packet else {
                panic!("{packet:?}")
            };
            report.reports.len()
        })
        .sum();
    assert_eq!(count, 40);
}

#[test]
fn a_limit_keeps_packets_out() {
    let mut out = vec![1, 2, 3, 4];
    let mut compound = Compound::new(&mut out);
    assert!(compound.is_empty());
    assert!(compound.push_within(12, &PLI));
    assert!(!compound.push_within(23, &PLI));
    assert!(compound.push_within(24, &PLI));
    assert_eq!((compound.len(), out.len()), (24, 28));
}

#[test]
fn errors_say_where() {
    for (bytes, reason, offset) in [
        (&[0x80, 201, 0][..], "truncated header", 0),
        (&[0x40, 201, 0, 0], "version is not 2", 0),
        (&[0xc0, 201, 0, 0], "version is not 2", 0),
        (&[0x80, 201, 0, 1], "length beyond the datagram", 2),
        (&[0xa0, 201, 0, 1, 0, 0, 0, 0], "padding beyond the packet", 8),
        (&[0xa0, 201, 0, 1, 0, 0, 0, 5], "padding beyond the packet", 8),
        (&[0xa0, 201, 0, 0], "padding beyond the packet", 4),
        (&[0x80, 201, 0, 0], "truncated", 4),
        (&[0x81, 201, 0, 1, 0, 0, 0, 0], "malformed entry", 8),
        (&[0x82, 203, 0, 1, 0, 0, 0, 1], "malformed entry", 8),
        (&[0x80, 203, 0, 1, 4, 0, 0, 0], "truncated", 5),
        (&[0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, 1, 1], "malformed entry", 4),
        (
            &[
                0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 1, 1, 0x81, 203, 0, 0,
            ],
            "malformed entry",
            20,
        ),
        (
            &[0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 1, 1],
            "malformed entry",
            12,
        ),
        (
            &[0x83, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 17, 1, 0, 0],
            "more padding than bits",
            14,
        ),
        (&[0x80, 207, 0, 2, 0, 0, 0, 1, 1, 0, 0, 1], "malformed entry", 8),
        (&[0x8b, 205, 0, 1, 0, 0, 0, 1], "no report timestamp", 8),
    ] {
        let error = packets(bytes).find_map(Result::err).unwrap();
        assert_eq!((error.reason, error.offset), (reason, offset), "{bytes:02x?}");
    }
}

#[test]
fn a_broken_packet_ends_the_iteration_and_raw_ones_go_on() {
    let broken = [0x81, 201, 0, 1, 0, 0, 0, 0];
    let wire = [datagram("P"), broken.to_vec(), datagram("P")].concat();
    let read: Vec<_> = packets(&wire).collect();
    assert_eq!(read.len(), 2);
    assert_eq!(read.last().unwrap().unwrap_err().offset, 20);
    assert_eq!(raw_packets(&wire).filter(Result::is_ok).count(), 3);
}

#[test]
fn what_is_too_long_is_not_written() {
    let data = vec![1; 65_533 * 4];
    let fits = Application {
        data: &data,
        ..Default::default()
    };
    let mut out = Vec::new();
    fits.encode(&mut out);
    assert_eq!((out.len(), fits.encoded_len()), (65_536 * 4, 65_536 * 4));
    assert_eq!(PacketRef::decode(&out), Ok(PacketRef::Application(fits)));

    let data = vec![1; 65_533 * 4 + 1];
    let beyond = Application {
        data: &data,
        ..Default::default()
    };
    let mut out = vec![7];
    beyond.encode(&mut out);
    assert_eq!((out.as_slice(), beyond.encoded_len()), (&[7][..], 0));
}

#[test]
fn rtcp_is_told_from_rtp() {
    // RFC 5761 §4: 192 to 223 behind version 2.
    for packet_type in 0..=u8::MAX {
        assert_eq!(
            is_rtcp(&[0x80, packet_type, 0, 0]),
            (192..224).contains(&packet_type)
        );
    }
    for first in 0..=u8::MAX {
        assert_eq!(is_rtcp(&[first, 200]), first >> 6 == 2);
    }
    assert!(!is_rtcp(&[0x80]));
}

#[test]
fn items_and_reasons_are_cut() {
    let long = [b'a'; 300];
    let (byte, rest) = ([b'b'; 1], [b'b'; 200]);
    for (item, expected) in [
        (SdesItem::Cname(&long), SdesItem::Cname(&long[..255])),
        (
            SdesItem::Private {
                prefix: &long,
                value: &byte,
            },
            SdesItem::Private {
                prefix: &long[..254],
                value: &[],
            },
        ),
        (
            SdesItem::Private {
                prefix: &long[..100],
                value: &rest,
            },
            SdesItem::Private {
                prefix: &long[..100],
                value: &rest[..154],
            },
        ),
    ] {
        let items = [
            item,
            SdesItem::Other {
                kind: 0,
                value: &byte,
            },
            SdesItem::Note(b"behind"),
        ];
        let chunks = [SdesChunk {
            ssrc: 1,
            items: (&items).into(),
        }];
        let description = SourceDescription {
            chunks: (&chunks).into(),
        };
        let mut out = Vec::new();
        description.encode(&mut out);
        assert_eq!(out.len(), description.encoded_len());
        let Ok(PacketRef::SourceDescription(read)) = PacketRef::decode(&out) else {
            panic!()
        };
        let read: Vec<_> = read.chunks.iter().flat_map(|chunk| chunk.items).collect();
        assert_eq!(read, [expected, SdesItem::Note(b"behind")]);
    }
    let goodbye = Goodbye {
        ssrcs: List::default(),
        reason: &long,
    };
    let mut out = Vec::new();
    goodbye.encode(&mut out);
    assert_eq!((out.len(), goodbye.encoded_len()), (260, 260));
    let Ok(PacketRef::Goodbye(read)) = PacketRef::decode(&out) else {
        panic!()
    };
    assert_eq!(read.reason, &long[..255]);
}

#[test]
fn fields_that_overflow_are_cut() {
    let ssrcs = vec![7; 300];
    let remb = Remb {
        ssrcs: (&ssrcs).into(),
        ..Default::default()
    };
    let mut out = Vec::new();
    remb.encode(&mut out);
    assert_eq!((out.len(), remb.encoded_len()), (20 + 255 * 4, 20 + 255 * 4));

    let contents = vec![1; 65_535 * 4 + 1];
    let blocks = [XrBlock::Unknown {
        block_type: 99,
        type_specific: 5,
        contents: &contents,
    }];
    let report = ExtendedReport {
        sender_ssrc: 1,
        blocks: (&blocks).into(),
    };
    let mut out = Vec::new();
    report.encode(&mut out);
    assert_eq!(out, [0x80, 207, 0, 2, 0, 0, 0, 1, 99, 5, 0, 0]);
    assert_eq!(report.encoded_len(), 12);

    let metrics = vec![PacketMetric::NotReceived; 16_385];
    let streams = [StreamFeedback {
        metrics: (&metrics).into(),
        ..Default::default()
    }];
    let feedback = CongestionControlFeedback {
        streams: (&streams).into(),
        ..Default::default()
    };
    let mut out = Vec::new();
    feedback.encode(&mut out);
    assert_eq!((out.len(), feedback.encoded_len()), (20 + 32_768, 20 + 32_768));
}
