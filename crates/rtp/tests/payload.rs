//! Every payload format over generated frames, over bytes that are none, and with payloads missing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rtp::payload::{self, Depacketizer, MAX_UNIT_LEN, Packetizer, Payloads};

/// The formats whose frames are cut into payloads.
const VIDEO: [&str; 5] = ["VP8", "VP9", "H264", "H265", "AV1"];
const AUDIO: [&str; 5] = ["opus", "PCMU", "PCMA", "G722", "L16"];

fn packetizer(format: &str) -> Box<dyn Packetizer> {
    payload::packetizer(format).unwrap()
}

fn depacketizer(format: &str) -> Box<dyn Depacketizer> {
    payload::depacketizer(format).unwrap()
}

fn bytes(len: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), len)
}

/// Mostly short, at times far longer than a packet.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => bytes(1..40), 2 => bytes(40..1500), 1 => bytes(1500..6000)]
}

/// NAL units with start codes: their headers, and contents as an encoder escapes them.
fn access_unit(headers: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    vec((select(headers), content()), 1..12).prop_map(|units| {
        let mut frame = Vec::new();
        for (header, mut content) in units {
            let mut zeros = 0;
            for byte in &mut content {
                if zeros == 2 && *byte <= 3 {
                    *byte = 0x80;
                }
                zeros = if *byte == 0 { zeros + 1 } else { 0 };
            }
            *content.last_mut().unwrap() |= 1;
            content[0] |= 0x80; // slices are the first of their picture
            frame.extend_from_slice(&[0, 0, 0, 1]);
            frame.extend_from_slice(header);
            frame.extend(content);
        }
        frame
    })
}

/// OBUs with sizes, of a few layers.
fn temporal_unit() -> impl Strategy<Value = Vec<u8>> {
    let kinds = select(&[1u8, 3, 4, 5, 6, 7, 15][..]);
    let layer = proptest::option::of((0..3u8, 0..3u8));
    vec((kinds, layer, content()), 1..10).prop_map(|obus| {
        let mut frame = Vec::new();
        for (kind, layer, content) in obus {
            // A tile group does not come first.
            let kind = if frame.is_empty() { 6 } else { kind };
            frame.push(kind << 3 | 2 | u8::from(layer.is_some()) << 2);
            frame.extend(layer.map(|(temporal, spatial)| temporal << 5 | spatial << 3));
            let mut len = content.len();
            while len > 0x7f {
                frame.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
                len >>= 7;
            }
            frame.push(u8::try_from(len).unwrap());
            frame.extend(content);
        }
        frame
    })
}

/// A frame as the packetizer of this format takes it.
fn frame(format: &'static str) -> BoxedStrategy<Vec<u8>> {
    match format {
        "VP9" => (select(&[0x82, 0x86][..]), content())
            .prop_map(|(first, content)| [&[first], &content[..]].concat())
            .boxed(),
        "H264" => access_unit(&[&[0x67], &[0x68], &[0x06], &[0x09], &[0x65], &[0x41], &[0x01]]).boxed(),
        "H265" => access_unit(&[&[0x40, 1], &[0x42, 1], &[0x44, 1], &[0x26, 1], &[0x02, 0x0b]]).boxed(),
        "AV1" => temporal_unit().boxed(),
        "L16" => content()
            .prop_map(|content| [content.clone(), content].concat())
            .boxed(),
        _ => content().boxed(),
    }
}

fn any_frame(formats: &'static [&'static str]) -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    select(formats).prop_flat_map(|format| (Just(format), frame(format)))
}

/// A damaged copy: shortened, lengthened or with other bits here and there.
fn damage(payload: &[u8], changes: &[(usize, u8)], len: usize) -> Vec<u8> {
    let mut payload = payload.to_vec();
    for (at, bits) in changes {
        let at = at % payload.len();
        // The first bytes decide most.
        let at = if bits & 1 == 0 { at } else { at % 8 };
        payload[at] ^= bits;
    }
    payload.resize(len % (payload.len() + 20), 0xff);
    payload
}

/// Hands over a payload and checks what is promised whatever it holds.
fn hand_over(depacketizer: &mut dyn Depacketizer, payload: &[u8], out: &mut Vec<u8>) -> bool {
    let before = out.clone();
    let result = depacketizer.depacketize(payload, out);
    assert!(out.len() <= before.len() + 2 * payload.len() + 16);
    if result.is_err() {
        assert!(before.starts_with(out), "an error added something");
    }
    let (_, _) = (
        depacketizer.is_frame_start(payload),
        depacketizer.is_frame_end(true, payload),
    );
    let key_frame = depacketizer.is_key_frame(payload);
    if let Ok(done) = result {
        assert_eq!(done.key_frame, key_frame);
        assert!(done.incomplete <= out.len());
    }
    result.is_ok()
}

/// What else reads payloads.
fn read_all(bytes: &[u8]) {
    let _: Result<_, _> = payload::vp8::FrameHeader::decode(bytes);
    let _: Result<_, _> = payload::vp9::FrameHeader::decode(bytes);
    let _: Result<_, _> = payload::comfort_noise::ComfortNoiseRef::decode(bytes);
    let _: usize = payload::telephone_event::events(bytes).count();
    let _: usize = payload::av1::obus(bytes).count();
    for format in VIDEO {
        let _: Option<_> = payload::dimensions(format, bytes);
    }
    let _: Result<_, _> = payload::h264::SequenceParameterSet::decode(bytes);
    let _: Result<_, _> = payload::h265::SequenceParameterSet::decode(bytes);
    let _: Result<_, _> = payload::h265::PayloadRef::decode(bytes, true);
    if let Ok((structure, _)) = payload::vp9::StructureRef::decode(bytes) {
        let _: (usize, usize) = (structure.resolutions().count(), structure.pictures().count());
    }
    if let Ok(packet) = payload::opus::PacketRef::decode(bytes) {
        assert!((120..=payload::opus::MAX_DURATION).contains(&packet.duration()));
        assert_eq!(packet.frames().count(), usize::from(packet.frame_count()));
    }
    if let Ok(blocks) = payload::red::BlocksRef::decode(bytes) {
        let redundant: usize = blocks.redundant().map(|block| block.data.len() + 4).sum();
        assert_eq!(redundant + 1 + blocks.primary().data.len(), bytes.len());
    }
    let stream = payload::rtx::Stream {
        ssrc: 1,
        payload_type: 2,
    };
    let (mut packet, mut room) = (bytes.to_vec(), bytes.to_vec());
    let _: Result<_, _> = payload::rtx::unwrap(&mut packet, stream);
    let _: Result<_, _> = payload::rtx::wrap(&mut room, stream, 3);
    let _: Result<_, _> = payload::rtx::wrap_into(bytes, stream, 3, &mut Vec::new());
    for rewrite in [rewrite_vp8, rewrite_vp9] {
        let mut renumbered = bytes.to_vec();
        rewrite(&mut renumbered);
        assert_eq!(renumbered.len(), bytes.len());
    }
}

fn rewrite_vp8(payload: &mut [u8]) {
    if let Ok(mut descriptor) = payload::vp8::DescriptorMut::decode(payload) {
        descriptor.set_picture_id(1);
        descriptor.set_tl0_picture_index(2);
        descriptor.set_key_index(3);
        let expected = *descriptor.descriptor();
        assert_eq!(payload::vp8::Descriptor::decode(payload).unwrap().0, expected);
    }
}

fn rewrite_vp9(payload: &mut [u8]) {
    if let Ok(mut descriptor) = payload::vp9::DescriptorMut::decode(payload) {
        let (has_id, has_index) = (descriptor.set_picture_id(1), descriptor.set_tl0_picture_index(2));
        let (read, _) = payload::vp9::Descriptor::decode(payload).unwrap();
        assert_eq!(
            read.picture_id.map(payload::PictureId::value),
            has_id.then_some(1)
        );
        assert_eq!(read.tl0_picture_index, has_index.then_some(2));
    }
}

proptest! {
    #[test]
    fn frames_come_back_at_every_mtu(
        (format, frame) in any_frame(&VIDEO),
        mtu in prop_oneof![1 => 0usize..80, 2 => 80usize..1500],
    ) {
        let (mut packetizer, mut depacketizer) = (packetizer(format), depacketizer(format));
        let mut payloads = Payloads::new();
        packetizer.packetize(&frame, mtu, &mut payloads);
        prop_assert!(payloads.iter().all(|payload| !payload.is_empty() && payload.len() <= mtu));
        prop_assert!(mtu < 32 || !payloads.is_empty());
        let mut out = Vec::new();
        for (index, payload) in payloads.iter().enumerate() {
            prop_assert!(index != 0 || depacketizer.is_frame_start(payload));
            let done = depacketizer.depacketize(payload, &mut out).unwrap();
            prop_assert!(index + 1 < payloads.len() || done.incomplete == 0);
        }
        prop_assert!(payloads.is_empty() || out == frame, "{format}");
    }

    #[test]
    fn audio_comes_back_at_every_mtu((format, frame) in any_frame(&AUDIO), mtu in 0usize..1500) {
        let (mut packetizer, mut depacketizer) = (packetizer(format), depacketizer(format));
        let mut payloads = Payloads::new();
        packetizer.packetize(&frame, mtu, &mut payloads);
        let (mut out, mut ticks) = (Vec::new(), 0);
        for (index, payload) in payloads.iter().enumerate() {
            prop_assert!(payload.len() <= mtu);
            prop_assert_eq!(payloads.timestamp_offset(index), ticks);
            ticks += u32::try_from(payload.len() / if format == "L16" { 2 } else { 1 }).unwrap();
            depacketizer.depacketize(payload, &mut out).unwrap();
        }
        prop_assert!(payloads.is_empty() || out == frame, "{format}");
        prop_assert!(!payloads.is_empty() || mtu < 2 || format == "opus" && frame.len() > mtu);
    }

    #[test]
    fn a_lost_payload_costs_its_frame_alone(
        (format, frames) in select(&VIDEO[..]).prop_flat_map(|format| (Just(format), vec(frame(format), 2..6))),
        mtu in 40usize..1500,
        lost in vec(prop::bool::weighted(0.2), 64),
    ) {
        let (mut packetizer, mut depacketizer) = (packetizer(format), depacketizer(format));
        let mut payloads = Payloads::new();
        let mut lost = lost.iter().cycle();
        for frame in &frames {
            // Without the parameter sets that are repeated, so that frames can be compared.
            let mut fresh = self::packetizer(format);
            let packetizer = if format.starts_with('H') { &mut fresh } else { &mut packetizer };
            packetizer.packetize(frame, mtu, &mut payloads);
            let (mut out, mut is_whole) = (Vec::new(), true);
            for payload in &payloads {
                if *lost.next().unwrap() {
                    depacketizer.reset();
                    is_whole = false;
                } else {
                    let done = hand_over(&mut *depacketizer, payload, &mut out);
                    prop_assert!(done || !is_whole);
                }
            }
            prop_assert!(!is_whole || out == *frame, "{}", format);
        }
    }

    #[test]
    fn garbage_is_survived(
        format in select(&["VP8", "VP9", "H264", "H265", "AV1", "opus", "PCMU", "red"][..]),
        payloads in vec(prop_oneof![bytes(0..12), bytes(0..200)], 1..30),
    ) {
        let (mut depacketizer, mut out) = (depacketizer(format), Vec::new());
        for payload in &payloads {
            hand_over(&mut *depacketizer, payload, &mut out);
            read_all(payload);
        }
    }

    #[test]
    fn damaged_payloads_are_survived(
        (format, frame) in any_frame(&VIDEO),
        mtu in 20usize..1500,
        changes in vec((any::<usize>(), any::<u8>()), 0..4),
        len in any::<usize>(),
    ) {
        let (mut depacketizer, mut out) = (depacketizer(format), Vec::new());
        let mut payloads = Payloads::new();
        packetizer(format).packetize(&frame, mtu, &mut payloads);
        for (index, payload) in payloads.iter().take(50).enumerate() {
            let payload = if index % 3 == 1 { damage(payload, &changes, len) } else { payload.to_vec() };
            hand_over(&mut *depacketizer, &payload, &mut out);
            read_all(&payload);
        }
    }

    #[test]
    fn frames_that_are_none_are_survived(
        format in select(&VIDEO[..]),
        frame in bytes(0..300),
        mtu in 0usize..200,
    ) {
        let mut payloads = Payloads::new();
        packetizer(format).packetize(&frame, mtu, &mut payloads);
        prop_assert!(payloads.iter().all(|payload| payload.len() <= mtu));
    }
}

/// A frame of each video format that has whole units, fragments and everything between.
fn sample(format: &str) -> Vec<u8> {
    let unit = |head: &[u8], len: usize| [head, &vec![0xa5; len]].concat();
    match format {
        "H264" => {
            let heads = [&[0, 0, 0, 1, 0x67][..], &[0, 0, 0, 1, 0x68], &[0, 0, 0, 1, 0x65]];
            [unit(heads[0], 10), unit(heads[1], 3), unit(heads[2], 300)].concat()
        }
        "H265" => {
            let heads = [
                &[0, 0, 0, 1, 0x42, 1][..],
                &[0, 0, 0, 1, 0x44, 1],
                &[0, 0, 0, 1, 0x26, 1],
            ];
            [unit(heads[0], 10), unit(heads[1], 3), unit(heads[2], 300)].concat()
        }
        "AV1" => [
            unit(&[0x0a, 10], 10),
            unit(&[0x2a, 3], 3),
            unit(&[0x32, 0xac, 0x02], 300),
        ]
        .concat(),
        "VP9" => unit(&[0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30], 300),
        _ => unit(&[0x10], 300),
    }
}

#[test]
fn payloads_cut_at_every_length_are_survived() {
    for format in VIDEO {
        let mut payloads = Payloads::new();
        packetizer(format).packetize(&sample(format), 120, &mut payloads);
        assert!(payloads.len() >= 3, "{format}");
        let cuts = payloads.iter().enumerate();
        for (cut, len) in cuts.flat_map(|(cut, payload)| (0..payload.len()).map(move |len| (cut, len))) {
            let (mut depacketizer, mut out) = (depacketizer(format), Vec::new());
            for (index, whole) in payloads.iter().enumerate() {
                let payload = if index == cut { &whole[..len] } else { whole };
                hand_over(&mut *depacketizer, payload, &mut out);
                read_all(payload);
            }
            assert_ne!(out, sample(format), "{format}: something is missing");
        }
    }
}

#[test]
fn a_unit_in_endless_fragments_is_given_up() {
    let piece = vec![0xa5; 60_000];
    for (format, first, next) in [
        ("H264", &[0x7c, 0x85][..], &[0x7c, 0x05][..]),
        ("H265", &[0x62, 1, 0x93], &[0x62, 1, 0x13]),
        ("AV1", &[0x50, 0x30], &[0xd0]),
    ] {
        let (mut depacketizer, mut out) = (depacketizer(format), Vec::new());
        let payload = [first, &piece].concat();
        depacketizer.depacketize(&payload, &mut out).unwrap();
        let payload = [next, &piece].concat();
        let mut taken = 1;
        while depacketizer.depacketize(&payload, &mut out).is_ok() {
            taken += 1;
            assert!(out.len() <= MAX_UNIT_LEN);
        }
        assert_eq!(taken, MAX_UNIT_LEN / piece.len(), "{format}");
        assert_eq!(out, [], "{format}");
        assert!(depacketizer.depacketize(&payload, &mut out).is_err());
    }
}

#[test]
fn first_payloads_alone_begin_a_frame() {
    for format in VIDEO {
        let mut payloads = Payloads::new();
        packetizer(format).packetize(&sample(format), 120, &mut payloads);
        let depacketizer = depacketizer(format);
        let starts: Vec<_> = payloads
            .iter()
            .map(|payload| depacketizer.is_frame_start(payload))
            .collect();
        let last = starts.len() - 1;
        assert!(starts[0] && !starts[last], "{format}");
        assert_eq!(
            depacketizer.is_key_frame(payloads.get(0).unwrap()),
            Some(true),
            "{format}"
        );
        assert!(depacketizer.is_frame_end(true, payloads.get(last).unwrap()));
        assert!(!depacketizer.is_frame_end(false, payloads.get(0).unwrap()));
    }
}

#[test]
fn names_are_known_in_any_case() {
    for name in [
        "vp8", "Vp9", "h264", "H265", "av1", "OPUS", "pcmu", "PCMA", "g722", "l16",
    ] {
        assert!(payload::packetizer(name).is_some() && payload::depacketizer(name).is_some());
    }
    assert!(payload::packetizer("red").is_none() && payload::depacketizer("red").is_some());
    assert!(payload::packetizer("ulpfec").is_none() && payload::depacketizer("rtx").is_none());
}

#[test]
fn key_frames_tell_their_size() {
    let sps = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0x40];
    let h264 = [&[0, 0, 0, 1, 0x09, 0x10, 0, 0, 0, 1][..], &sps].concat();
    let av1 = [
        0x12, 0, 0x0a, 0x0b, 0, 0, 0, 0x0c, 0x47, 0x86, 0xd2, 0x6d, 0x7c, 0x80, 0x20,
    ];
    for (format, frame, expected) in [
        (
            "VP8",
            &[0x50, 0x31, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01][..],
            Some((640, 480)),
        ),
        (
            "VP9",
            &[0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30],
            Some((320, 180)),
        ),
        ("H264", &h264, Some((1280, 720))),
        ("AV1", &av1, Some((482, 362))),
        ("H264", &[0, 0, 0, 1, 0x41, 0x9a], None),
        ("opus", &[0x78, 1, 2], None),
    ] {
        assert_eq!(payload::dimensions(format, frame), expected, "{format}");
    }
}
