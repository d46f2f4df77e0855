use std::fmt::Debug;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::InlineList;

fn encoded<'a, E: Extension<'a>>(value: &E) -> Vec<u8> {
    let mut data = Vec::new();
    value.encode(&mut data);
    assert_eq!(data.len(), value.encoded_len());
    let mut place = vec![0; value.encoded_len()];
    value.encode(&mut &mut place[..]);
    assert_eq!(place, data, "a slice of just that length has room");
    data
}

/// Reads `data` as `value`, writes it again, and fails to read less than `least` bytes.
fn check<'a, E: Extension<'a> + PartialEq + Debug>(value: E, data: &'a [u8], least: usize) {
    assert_eq!(E::decode(data).as_ref(), Ok(&value));
    assert_eq!(encoded(&value), data, "{value:?}");
    for len in 0..data.len() {
        assert_eq!(
            E::decode(&data[..len]).is_ok(),
            len >= least,
            "{len} bytes of {value:?}"
        );
    }
}

#[test]
fn audio() {
    check(
        AudioLevel {
            voice: true,
            level: 0,
        },
        &[0x80],
        1,
    );
    check(
        AudioLevel {
            voice: false,
            level: 127,
        },
        &[0x7f],
        1,
    );
    check(MixerLevels(&[0, 127, 30]), &[0, 127, 30], 1);
    assert_eq!(encoded(&MixerLevels(&[0xff])), [0x7f]);
    let longer = AudioLevel::decode(&[0x81, 0, 0]);
    assert_eq!(
        longer,
        Ok(AudioLevel {
            voice: true,
            level: 1
        }),
        "two-byte elements may be longer"
    );
}

#[test]
fn times() {
    check(AbsoluteSendTime(0x12_3456), &[0x12, 0x34, 0x56], 3);
    assert_eq!(encoded(&AbsoluteSendTime(0xff00_0001)), [0, 0, 1]);
    check(TransmissionOffset(-1), &[0xff, 0xff, 0xff], 3);
    check(TransmissionOffset(0x7f_ffff), &[0x7f, 0xff, 0xff], 3);
    check(TransmissionOffset(-0x80_0000), &[0x80, 0, 0], 3);
    let mut data = vec![0xe8, 0xb4, 0, 1, 0x80, 0, 0, 0];
    let mut time = AbsoluteCaptureTime {
        timestamp: 0xe8b4_0001_8000_0000,
        clock_offset: None,
    };
    check(time, &data, 8);
    data.extend([0xff; 8]);
    time.clock_offset = Some(-1);
    check(time, &data, 8);
}

#[test]
fn send_times_follow_ntp() {
    // abs_send_time_24 = (ntp_timestamp_64 >> 14) & 0x00ffffff
    for ntp in [0, 1 << 14, 0xe8b4_0001_8000_0000, u64::MAX] {
        assert_eq!(
            u64::from(AbsoluteSendTime::from_ntp(ntp).0),
            ntp >> 14 & 0xff_ffff
        );
    }
    for milliseconds in [0, 1, 999, 1000, 63_999] {
        let elapsed = Duration::from_millis(milliseconds);
        let error = elapsed - AbsoluteSendTime::from_elapsed(elapsed).since_wrap();
        assert!(
            error < Duration::from_micros(4),
            "resolution is 3.8 µs: {error:?}"
        );
    }
}

#[test]
fn transport_wide_sequence_numbers() {
    check(TransportSequenceNumber(0xabcd), &[0xab, 0xcd], 2);
    let mut number = TransportSequenceNumberV2 {
        sequence_number: 0xabcd,
        feedback_request: None,
    };
    check(number, &[0xab, 0xcd], 2);
    number.feedback_request = Some(FeedbackRequest {
        timing: true,
        sequence_count: 0x7ffe,
    });
    check(number, &[0xab, 0xcd, 0xff, 0xfe], 2);
    number.feedback_request = Some(FeedbackRequest {
        timing: false,
        sequence_count: 1,
    });
    check(number, &[0xab, 0xcd, 0, 1], 2);
}

#[test]
fn video_orientation_and_content() {
    for (byte, degrees) in [(0, 0), (1, 90), (2, 180), (3, 270)] {
        let orientation = VideoOrientation {
            quarter_turns: byte,
            ..VideoOrientation::default()
        };
        check(orientation, &[byte], 1);
        assert_eq!(orientation.clockwise_degrees(), degrees);
    }
    check(
        VideoOrientation {
            is_back_camera: true,
            ..VideoOrientation::default()
        },
        &[8],
        1,
    );
    check(
        VideoOrientation {
            is_flipped: true,
            ..VideoOrientation::default()
        },
        &[4],
        1,
    );
    check(VideoContentType { is_screenshare: true }, &[1], 1);
    check(VideoContentType::default(), &[0], 1);
    assert_eq!(VideoContentType::decode(&[0x10]), Ok(VideoContentType::default()));
}

#[test]
fn playout_delay() {
    let (min, max) = (Duration::from_millis(100), Duration::from_millis(400));
    check(PlayoutDelay { min, max }, &[0x00, 0xa0, 0x28], 3);
    check(
        PlayoutDelay {
            min: PlayoutDelay::LIMIT,
            max: PlayoutDelay::LIMIT,
        },
        &[0xff; 3],
        3,
    );
    check(PlayoutDelay::default(), &[0; 3], 3);
    let beyond = PlayoutDelay {
        min: Duration::from_millis(19),
        max: Duration::MAX,
    };
    assert_eq!(encoded(&beyond), [0x00, 0x1f, 0xff]);
}

#[test]
fn video_timing() {
    let timing = VideoTiming {
        flags: VideoTiming::BY_SIZE,
        encode_start: 0x0102,
        encode_finish: 0x0304,
        packetized: 0x0506,
        pacer_exit: 0x0708,
        network: [0x090a, 0x0b0c],
    };
    let mut data = [2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    check(timing, &data, 12);
    let without_flags = VideoTiming { flags: 0, ..timing };
    assert_eq!(VideoTiming::decode(&data[1..]), Ok(without_flags));
    assert!(VideoTiming::write(&mut data, VideoTiming::PACER_EXIT, 0x1111));
    assert!(VideoTiming::write(&mut data, VideoTiming::NETWORK, 0x2222));
    assert!(VideoTiming::write(&mut data, VideoTiming::NETWORK_2, 0x3333));
    assert!(!VideoTiming::write(&mut data[..12], VideoTiming::NETWORK_2, 0));
    let changed = VideoTiming {
        pacer_exit: 0x1111,
        network: [0x2222, 0x3333],
        ..timing
    };
    assert_eq!(VideoTiming::decode(&data), Ok(changed));
}

#[test]
fn color_space() {
    let mut space = ColorSpace {
        primaries: 9,
        transfer: 16,
        matrix: 9,
        range: 1,
        horizontal_siting: 2,
        vertical_siting: 1,
        hdr: None,
    };
    let mut data = vec![9, 16, 9, 0b01_1001];
    check(space, &data, 4);
    let color = |x| Chromaticity { x, y: x + 1 };
    space.hdr = Some(HdrMetadata {
        luminance_max: 1,
        luminance_min: 2,
        red: color(3),
        green: color(5),
        blue: color(7),
        white: color(9),
        max_content_light_level: 11,
        max_frame_average_light_level: 12,
    });
    data.extend((1..=12).flat_map(|word: u16| word.to_be_bytes()));
    check(space, &data, 4);
    assert_eq!(
        ColorSpace::decode(&data[..27]).unwrap().hdr,
        None,
        "not all of it is there"
    );
}

#[test]
fn identities() {
    check(Mid("0"), b"0", 1);
    check(Rid("hi"), b"hi", 1);
    check(RepairedRid("lo"), b"lo", 1);
    assert_eq!(Mid::decode(b"ab\0\0"), Ok(Mid("ab")), "filled up with zeros");
    assert_eq!(Mid::decode(b"\0a").unwrap_err().reason(), "text is empty");
    assert_eq!(Rid::decode(b"ab\xff").unwrap_err().offset(), 2);
    let long = "é".repeat(200);
    assert_eq!(encoded(&Mid(&long)).len(), 254, "cut at a character");
}

#[test]
fn frame_marking() {
    let mut marking = FrameMarking {
        start_of_frame: true,
        independent: true,
        ..FrameMarking::default()
    };
    check(marking, &[0xa0], 1);
    marking = FrameMarking {
        end_of_frame: true,
        discardable: true,
        ..FrameMarking::default()
    };
    marking.base_layer_sync = true;
    marking.temporal_id = 5;
    check(marking, &[0x5d], 1);
    marking.layer = Some(LayerMarking {
        layer_id: 0x21,
        tl0_picture_index: None,
    });
    check(marking, &[0x5d, 0x21], 1);
    marking.layer = Some(LayerMarking {
        layer_id: 0x21,
        tl0_picture_index: Some(0),
    });
    check(marking, &[0x5d, 0x21, 0], 1);
}

#[test]
fn dependency_descriptor_without_its_structure() {
    let fields = dependency::MandatoryFields {
        start_of_frame: true,
        end_of_frame: false,
        template_id: 63,
        frame_number: 0x0102,
    };
    check(fields, &[0xbf, 1, 2], 3);
}

fn layer(stream: u8, spatial_id: u8, kilobits: &[u32], size: Option<(u32, u32, u8)>) -> SpatialLayer {
    SpatialLayer {
        stream,
        spatial_id,
        kilobits: kilobits.iter().copied().collect(),
        resolution: size.map(|(width, height, frame_rate)| LayerResolution {
            width,
            height,
            frame_rate,
        }),
    }
}

fn allocation<const N: usize>(stream: u8, layers: [SpatialLayer; N]) -> VideoLayersAllocation {
    VideoLayersAllocation {
        stream,
        layers: layers.into_iter().collect(),
    }
}

#[test]
fn layers_allocation() {
    check(VideoLayersAllocation::default(), &[0], 1);
    // Three simulcast streams of one spatial layer each: one mask for all.
    let simulcast = allocation(1, [0, 1, 2].map(|stream| layer(stream, 0, &[100, 0x4000], None)));
    let rates = [100, 0x80, 0x80, 1];
    check(
        simulcast,
        &[&[0x61, 0b0101_0100][..], &rates, &rates, &rates].concat(),
        14,
    );
    // Another mask for each of two streams, in one byte.
    let mixed = allocation(
        0,
        [
            layer(0, 0, &[1], None),
            layer(0, 2, &[2], None),
            layer(1, 1, &[3], None),
        ],
    );
    check(mixed, &[0x10, 0b0101_0010, 0, 1, 2, 3], 6);
    // Of four streams only the third sends: two bytes of masks.
    let third = allocation(3, [layer(2, 3, &[u32::MAX], Some((1, 65_536, 255)))]);
    let data = [
        0xf0, 0x00, 0x80, 0x00, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0xff, 0xff, 255,
    ];
    // Without the resolution it is an allocation too.
    assert_eq!(VideoLayersAllocation::decode(&data), Ok(third));
    assert_eq!(encoded(&third), data);
    for len in 1..data.len() {
        assert_eq!(
            VideoLayersAllocation::decode(&data[..len]).is_ok(),
            len == 9,
            "{len}"
        );
    }
}

#[test]
fn layers_allocation_tolerates_and_refuses() {
    let endless = VideoLayersAllocation::decode(&[0x01, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0]);
    assert_eq!(endless.unwrap_err().reason(), "bit rate does not end");
    assert_eq!(
        VideoLayersAllocation::decode(&[0x80]),
        Ok(VideoLayersAllocation::default())
    );
    let no_mask = VideoLayersAllocation::decode(&[0x40, 0]);
    assert_eq!(
        no_mask,
        Ok(VideoLayersAllocation::default()),
        "nothing is sent, at length"
    );
    let large = VideoLayersAllocation::decode(&[0x01, 0, 0xff, 0xff, 0xff, 0xff, 0x7f]).unwrap();
    assert_eq!(*large.layers[0].kilobits, [u32::MAX]);
    let no_rate = allocation(0, [layer(0, 0, &[], None)]);
    assert_eq!(encoded(&no_rate), [0x01, 0, 0]);
    let half = allocation(0, [layer(0, 0, &[1], Some((2, 2, 2))), layer(0, 1, &[1], None)]);
    assert_eq!(encoded(&half), [0x03, 0, 1, 1], "all have a resolution, or none");
}

prop_compose! {
    fn allocations()(
        sent in vec(any::<bool>(), 16),
        kilobits in vec(vec(any::<u32>(), 1..5), 16),
        sizes in prop::option::of(vec((1_u32..=65_536, 1_u32..=65_536, any::<u8>()), 16)),
        stream in 0_u8..4,
    ) -> VideoLayersAllocation {
        let mut layers = InlineList::new();
        for index in (0..16).filter(|index| sent[*index]) {
            let place = u8::try_from(index).unwrap();
            let size = sizes.as_ref().map(|sizes| sizes[index]);
            layers.push(layer(place / 4, place % 4, &kilobits[index], size));
        }
        let stream = if layers.is_empty() { 0 } else { stream };
        VideoLayersAllocation { stream, layers }
    }
}

fn decode_all(data: &[u8]) {
    let _ = AudioLevel::decode(data);
    let _ = MixerLevels::decode(data);
    let _ = AbsoluteSendTime::decode(data);
    let _ = AbsoluteCaptureTime::decode(data);
    let _ = TransmissionOffset::decode(data);
    let _ = TransportSequenceNumber::decode(data);
    let _ = TransportSequenceNumberV2::decode(data);
    let _ = VideoOrientation::decode(data);
    let _ = PlayoutDelay::decode(data);
    let _ = VideoContentType::decode(data);
    let _ = VideoTiming::decode(data);
    let _ = ColorSpace::decode(data);
    let _ = Mid::decode(data);
    let _ = FrameMarking::decode(data);
    let _ = dependency::MandatoryFields::decode(data);
    if let Ok(allocation) = VideoLayersAllocation::decode(data) {
        assert_eq!(
            VideoLayersAllocation::decode(&encoded(&allocation)),
            Ok(allocation)
        );
    }
}

proptest! {
    #[test]
    fn allocations_come_back(allocation in allocations()) {
        prop_assert_eq!(VideoLayersAllocation::decode(&encoded(&allocation)), Ok(allocation));
    }

    #[test]
    fn anything_is_read_without_harm(data in vec(any::<u8>(), 0..60)) {
        decode_all(&data);
    }

    #[test]
    fn numbers_come_back(a in any::<u64>(), b in prop::option::of(any::<i64>()), c in any::<i32>(), d in any::<u16>()) {
        let capture = AbsoluteCaptureTime { timestamp: a, clock_offset: b };
        prop_assert_eq!(AbsoluteCaptureTime::decode(&encoded(&capture)), Ok(capture));
        let offset = TransmissionOffset(c >> 8);
        prop_assert_eq!(TransmissionOffset::decode(&encoded(&offset)), Ok(offset));
        let request = FeedbackRequest { timing: c < 0, sequence_count: d & 0x7fff };
        let number = TransportSequenceNumberV2 { sequence_number: d, feedback_request: b.map(|_| request) };
        prop_assert_eq!(TransportSequenceNumberV2::decode(&encoded(&number)), Ok(number));
    }
}
