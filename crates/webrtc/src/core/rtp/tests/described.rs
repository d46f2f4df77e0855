//! Streams with dependency descriptors (AV1 RTP specification, appendix A) through a forwarder: by its examples of A.10.2.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rtp::extension::Extension;
use rtp::extension::dependency::{
    Descriptor, FrameDependencies, Indication, MandatoryFields, Reader, Structure, Writer,
};
use rtp::{Header, PacketRef};

use super::super::{LayerForwarder, RtpReceived};
use crate::core::media::RtpCodec;

const ID: u8 = 7;

/// A template: layer, references, chains, and a letter for each decode target.
fn template(
    layer: (u8, u8),
    frame_diffs: &[u16],
    chain_diffs: &[u8],
    indications: &str,
) -> FrameDependencies {
    let indication = |letter| match letter {
        'S' => Indication::Switch,
        'R' => Indication::Required,
        'D' => Indication::Discardable,
        _ => Indication::NotPresent,
    };
    FrameDependencies {
        spatial_id: layer.0,
        temporal_id: layer.1,
        indications: indications.chars().map(indication).collect(),
        frame_diffs: frame_diffs.iter().copied().collect(),
        chain_diffs: chain_diffs.iter().copied().collect(),
    }
}

fn structure(template_id_offset: u8, templates: Vec<FrameDependencies>, protected_by: &[u8]) -> Structure {
    Structure {
        template_id_offset,
        decode_target_count: u8::try_from(templates[0].indications.len()).unwrap(),
        templates,
        chain_count: protected_by.iter().max().map_or(0, |chain| chain + 1),
        protected_by: protected_by.iter().copied().collect(),
        ..Structure::default()
    }
}

/// A.10.2.2: three spatial and three temporal layers.
fn l3t3() -> Structure {
    let templates = vec![
        template((0, 0), &[], &[0, 0, 0], "SSSSSSSSS"),
        template((0, 0), &[12], &[12, 11, 10], "RRRRRRSSS"),
        template((0, 1), &[6], &[6, 5, 4], "RR-RR-SD-"),
        template((0, 2), &[3], &[3, 2, 1], "R--R--D--"),
        template((0, 2), &[3], &[9, 8, 7], "R--R--D--"),
        template((1, 0), &[1], &[1, 1, 1], "SSSSSS---"),
        template((1, 0), &[12, 1], &[1, 1, 1], "RRRSSS---"),
        template((1, 1), &[6, 1], &[7, 6, 5], "RR-SD----"),
        template((1, 2), &[3, 1], &[4, 3, 2], "R--D-----"),
        template((1, 2), &[3, 1], &[10, 9, 8], "R--D-----"),
        template((2, 0), &[1], &[2, 1, 1], "SSS------"),
        template((2, 0), &[12, 1], &[2, 1, 1], "SSS------"),
        template((2, 1), &[6, 1], &[8, 7, 6], "SD-------"),
        template((2, 2), &[3, 1], &[5, 4, 3], "D--------"),
        template((2, 2), &[3, 1], &[11, 10, 9], "D--------"),
    ];
    structure(50, templates, &[2, 2, 2, 1, 1, 1, 0, 0, 0])
}

/// The templates of a temporal unit of it, the key frame being the first of so many units.
fn l3t3_unit(unit: usize) -> &'static [usize] {
    match unit % 4 {
        _ if unit == 0 => &[0, 5, 10],
        0 => &[1, 6, 11],
        1 => &[3, 8, 13],
        2 => &[2, 7, 12],
        _ => &[4, 9, 14],
    }
}

/// A.10.2.1: three temporal layers.
fn l1t3(offset: u8) -> Structure {
    let templates = vec![
        template((0, 0), &[], &[0], "SSS"),
        template((0, 0), &[4], &[4], "SSS"),
        template((0, 1), &[2], &[2], "SD-"),
        template((0, 2), &[1], &[1], "D--"),
        template((0, 2), &[1], &[3], "D--"),
    ];
    structure(offset, templates, &[0, 0, 0])
}

fn l1t3_unit(unit: usize) -> &'static [usize] {
    match unit % 4 {
        _ if unit == 0 => &[0],
        0 => &[1],
        1 => &[3],
        2 => &[2],
        _ => &[4],
    }
}

/// Two encodings in one stream that need nothing of each other.
fn s2t1() -> Structure {
    let templates = vec![
        template((0, 0), &[], &[0, 0], "-S"),
        template((0, 0), &[2], &[2, 1], "-S"),
        template((1, 0), &[], &[1, 0], "S-"),
        template((1, 0), &[2], &[1, 2], "S-"),
    ];
    structure(0, templates, &[1, 0])
}

fn s2t1_unit(unit: usize) -> &'static [usize] {
    match unit {
        0 => &[0, 2],
        _ => &[1, 3],
    }
}

/// Sends frames of two packets each.
struct Encoder {
    writer: Writer,
    templates: fn(usize) -> &'static [usize],
    /// Units since the key frame.
    unit: usize,
    timestamp: u32,
    sequence_number: u64,
    frame_number: u16,
    rid: &'static str,
}

impl Encoder {
    fn new(structure: Structure, templates: fn(usize) -> &'static [usize]) -> Self {
        Self {
            writer: Writer::new(structure).unwrap(),
            templates,
            unit: 0,
            timestamp: 0,
            // All wrap.
            sequence_number: 0x1_fff0,
            frame_number: 65_530,
            rid: "q",
        }
    }

    /// The packets of the next temporal unit.
    fn unit(&mut self) -> Vec<(RtpReceived, Vec<u8>)> {
        let frames = (self.templates)(self.unit);
        let mut packets = Vec::new();
        for (index, template) in frames.iter().enumerate() {
            for is_end in [false, true] {
                let descriptor = Descriptor {
                    start_of_frame: !is_end,
                    end_of_frame: is_end,
                    frame_number: self.frame_number,
                    dependencies: self.writer.structure().templates[*template],
                    has_structure: self.unit == 0 && index == 0 && !is_end,
                    ..Descriptor::default()
                };
                let is_marked = is_end && index + 1 == frames.len();
                packets.push(self.packet(&descriptor, is_marked));
            }
            self.frame_number = self.frame_number.wrapping_add(1);
        }
        self.timestamp = self.timestamp.wrapping_add(3000);
        self.unit += 1;
        packets
    }

    fn packet(&mut self, descriptor: &Descriptor, marker: bool) -> (RtpReceived, Vec<u8>) {
        let mut data = Vec::new();
        self.writer.write(descriptor, &mut data).unwrap();
        let bytes = packet(self.sequence_number, self.timestamp, marker, &data);
        let received = RtpReceived::new(self.sequence_number, Instant::now()).of_layer(self.rid);
        self.sequence_number += 1;
        (received, bytes)
    }
}

fn packet(sequence_number: u64, timestamp: u32, marker: bool, descriptor: &[u8]) -> Vec<u8> {
    let mut header = Header {
        marker,
        payload_type: 96,
        sequence_number: u16::try_from(sequence_number & 0xffff).unwrap(),
        timestamp,
        ..Header::default()
    };
    header.extensions.set(ID, descriptor).unwrap();
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    bytes.extend([1; 20]);
    bytes
}

/// A packet that was forwarded; without a descriptor it is empty.
#[derive(Clone, Debug)]
struct Sent {
    sequence_number: u16,
    marker: bool,
    descriptor: Option<Descriptor>,
}

/// What a subscriber gets.
struct Subscriber {
    forwarder: LayerForwarder,
    now: Instant,
    reader: Reader,
    sent: Vec<Sent>,
}

impl Subscriber {
    fn new(codec: &str) -> Self {
        let codec = RtpCodec::video(codec, "");
        Self {
            forwarder: LayerForwarder::new(&codec).with_dependency_descriptor(ID),
            now: Instant::now(),
            reader: Reader::new(),
            sent: Vec::new(),
        }
    }

    fn take(&mut self, packets: Vec<(RtpReceived, Vec<u8>)>) {
        for (received, mut bytes) in packets {
            if !self.forwarder.forward(self.now, &received, &mut bytes) {
                continue;
            }
            let view = PacketRef::decode(&bytes).unwrap();
            let data = self.forwarder.dependency_descriptor();
            assert_eq!(view.payload().is_empty(), data.is_none());
            assert_eq!(view.extension(ID).is_some(), data.is_some());
            if let (Some(place), Some(data)) = (view.extension(ID), data) {
                let fields = [place, data].map(|data| MandatoryFields::decode(data).unwrap());
                assert_eq!(fields[0].frame_number, fields[1].frame_number);
            }
            let descriptor = data.map(|data| self.reader.read(data).expect("of a known structure"));
            self.sent.push(Sent {
                sequence_number: view.sequence_number(),
                marker: view.marker(),
                descriptor,
            });
        }
    }

    /// Layers of what was forwarded since the last call, a `+` where a packet has the marker.
    fn layers(&mut self) -> String {
        let sent = std::mem::take(&mut self.sent);
        let frames = sent.iter().filter_map(|sent| {
            let descriptor = sent.descriptor?;
            let layer = descriptor.dependencies;
            let mark = if sent.marker { "+" } else { "" };
            let end = descriptor.end_of_frame;
            assert!(end || !sent.marker);
            end.then(|| format!("{}{}{mark}", layer.spatial_id, layer.temporal_id))
        });
        frames.collect::<Vec<_>>().join(" ")
    }

    /// Decode targets that the subscriber believes in.
    fn active(&self) -> u32 {
        self.reader.active_decode_targets()
    }

    fn wants_key_frame(&mut self) -> bool {
        self.now += Duration::from_secs(1);
        self.forwarder.poll_request(self.now).is_some()
    }
}

#[test]
fn only_frames_of_the_decode_target_go_and_its_highest_ends_the_picture() {
    let mut encoder = Encoder::new(l3t3(), l3t3_unit);
    let mut subscriber = Subscriber::new("AV1");
    subscriber.forwarder.limit_layers(1, 1);
    for _ in 0..5 {
        subscriber.take(encoder.unit());
    }
    let numbers: Vec<_> = subscriber.sent.iter().map(|sent| sent.sequence_number).collect();
    let expected: Vec<_> = (0..12_u16).map(|index| index.wrapping_add(0xfff0)).collect();
    assert_eq!(numbers, expected);
    // Targets 4, 5, 7 and 8, which are (1, 1), (1, 0), (0, 1) and (0, 0), in each packet.
    let active = subscriber
        .sent
        .iter()
        .map(|sent| sent.descriptor.unwrap().active_decode_targets);
    assert!(active.into_iter().all(|active| active == Some(0b1_1011_0000)));
    // Frame numbers keep their gaps: the references of templates are counted in them.
    let starts = subscriber.sent.iter().step_by(2);
    let frames: Vec<_> = starts
        .map(|sent| sent.descriptor.unwrap().frame_number.wrapping_add(6))
        .collect();
    assert_eq!(frames, [0, 1, 6, 7, 12, 13]);
    assert_eq!(subscriber.layers(), "00 10+ 01 11+ 00 10+");
}

#[test]
fn less_comes_at_once_and_more_where_it_can_be_decoded() {
    let mut encoder = Encoder::new(l3t3(), l3t3_unit);
    let mut subscriber = Subscriber::new("AV1");
    let mut unit = |subscriber: &mut Subscriber, is_key: bool| {
        if is_key {
            encoder.unit = 0;
        }
        subscriber.take(encoder.unit());
        subscriber.layers()
    };
    assert_eq!(unit(&mut subscriber, true), "00 10 20+");
    assert_eq!(subscriber.active(), 0x1ff);
    subscriber.forwarder.limit_layers(1, 0);
    assert_eq!(unit(&mut subscriber, false), "");
    assert!(!subscriber.wants_key_frame());
    assert_eq!(unit(&mut subscriber, false), "");
    assert_eq!(unit(&mut subscriber, false), "");
    assert_eq!(unit(&mut subscriber, false), "00 10+");
    assert_eq!(subscriber.active(), 0b1_0010_0000);
    // The chain is intact; but what refers to frames that were left out is left out.
    subscriber.forwarder.limit_layers(1, 2);
    assert_eq!(unit(&mut subscriber, false), "02 12+");
    assert_eq!(unit(&mut subscriber, false), "01 11+");
    subscriber.forwarder.limit_layers(1, 0);
    assert_eq!(unit(&mut subscriber, false), "");
    assert_eq!(unit(&mut subscriber, false), "00 10+");
    assert_eq!([false; 2].map(|key| unit(&mut subscriber, key)), ["", ""]);
    subscriber.forwarder.limit_layers(1, 2);
    assert_eq!(unit(&mut subscriber, false), "", "it refers to the unit before");
    assert!(!subscriber.wants_key_frame());
    // The chain of the highest layer is broken since long.
    subscriber.forwarder.limit_layers(2, 2);
    assert!(subscriber.wants_key_frame());
    assert_eq!(unit(&mut subscriber, false), "00 10+");
    subscriber.forwarder.limit_layers(0, 1);
    assert!(!subscriber.wants_key_frame());
    assert_eq!(unit(&mut subscriber, false), "");
    assert_eq!(unit(&mut subscriber, false), "01+");
    subscriber.forwarder.limit_layers(255, 255);
    assert!(subscriber.wants_key_frame());
    assert_eq!(unit(&mut subscriber, false), "02+", "more often, until it comes");
    assert_eq!(unit(&mut subscriber, true), "00 10 20+");
    assert_eq!(subscriber.active(), 0x1ff);
    assert_eq!(unit(&mut subscriber, false), "02 12 22+");
    assert!(!subscriber.wants_key_frame());
}

#[test]
fn a_chain_that_begins_anew_lets_a_layer_come_without_a_key_frame() {
    // A.10.1.2: the answer to a layer refresh request, told with the lower layer.
    let templates = vec![
        template((0, 0), &[], &[0, 0], "SS"),
        template((0, 0), &[2], &[2, 1], "SR"),
        template((0, 0), &[2], &[2, 0], "SS"),
        template((1, 0), &[1], &[1, 1], "-R"),
        template((1, 0), &[2, 1], &[1, 1], "-R"),
    ];
    let units: fn(usize) -> &'static [usize] = |unit| match unit {
        0 => &[0, 3],
        3 => &[2, 3],
        _ => &[1, 4],
    };
    let mut encoder = Encoder::new(structure(0, templates, &[0, 1]), units);
    let mut subscriber = Subscriber::new("AV1");
    subscriber.forwarder.limit_layers(0, 0);
    subscriber.take(encoder.unit());
    subscriber.forwarder.limit_layers(1, 0);
    for _ in 1..5 {
        subscriber.take(encoder.unit());
    }
    assert_eq!(subscriber.layers(), "00+ 00+ 00+ 00 10+ 00 10+");
    assert_eq!(subscriber.active(), 3);
}

#[test]
fn encodings_in_one_stream_are_told_apart_and_have_the_structure() {
    let mut encoder = Encoder::new(s2t1(), s2t1_unit);
    let mut subscriber = Subscriber::new("AV1");
    subscriber.forwarder.limit_layers(1, 0);
    for _ in 0..2 {
        subscriber.take(encoder.unit());
    }
    let with: Vec<_> = subscriber
        .sent
        .iter()
        .map(|sent| sent.descriptor.unwrap().has_structure)
        .collect();
    assert_eq!(
        with,
        [true, false, false, false],
        "it came with the other encoding"
    );
    assert_eq!(subscriber.sent[0].sequence_number, 0xfff2);
    assert_eq!(subscriber.layers(), "10+ 10+");
    assert_eq!(subscriber.active(), 1);
    // The other one has to begin anew.
    subscriber.forwarder.limit_layers(0, 0);
    assert!(subscriber.wants_key_frame());
    subscriber.take(encoder.unit());
    assert_eq!(subscriber.layers(), "10+");
    encoder.unit = 0;
    subscriber.take(encoder.unit());
    subscriber.take(encoder.unit());
    assert_eq!(subscriber.layers(), "00+ 00+");
    assert_eq!(subscriber.active(), 2);
    subscriber.forwarder.limit_layers(255, 255);
    assert!(subscriber.wants_key_frame());
    encoder.unit = 0;
    subscriber.take(encoder.unit());
    assert_eq!(subscriber.layers(), "00 10+");
}

#[test]
fn temporal_layers_of_any_codec_are_told_by_descriptors() {
    for codec in ["H264", "H265", "VP8", "VP9"] {
        let mut encoder = Encoder::new(l1t3(0), l1t3_unit);
        let mut subscriber = Subscriber::new(codec);
        subscriber.forwarder.limit_layers(0, 1);
        for _ in 0..5 {
            subscriber.take(encoder.unit());
        }
        assert_eq!(subscriber.layers(), "00+ 01+ 00+", "{codec}");
        assert!(!subscriber.wants_key_frame());
        subscriber.forwarder.limit_layers(0, 2);
        for _ in 0..4 {
            subscriber.take(encoder.unit());
        }
        assert_eq!(subscriber.layers(), "02+ 01+ 02+ 00+", "{codec}");
        assert!(!subscriber.wants_key_frame());
    }
}

#[test]
fn another_source_has_template_ids_of_its_own() {
    let mut subscriber = Subscriber::new("AV1");
    let mut frames = 0;
    // Ids 50 to 54, and then others that would meet them if they were moved by a fixed number, or not at all.
    for (rid, offset) in [("q", 50), ("h", 18), ("f", 50), ("q", 49), ("h", 63)] {
        let before = subscriber.reader.structure().cloned();
        let mut encoder = Encoder::new(l1t3(offset), l1t3_unit);
        (encoder.rid, encoder.frame_number) = (rid, 1000 * u16::from(offset));
        subscriber.forwarder.select(Some(rid));
        subscriber.take(encoder.unit());
        subscriber.take(encoder.unit());
        let ids = |structure: &Structure| {
            let offset = structure.template_id_offset;
            (offset..offset + 5).map(|id| id % 64).collect::<BTreeSet<_>>()
        };
        if let Some(before) = before {
            let now = subscriber.reader.structure().unwrap();
            assert!(ids(&before).is_disjoint(&ids(now)), "{before:?} and {now:?}");
        }
        let first = subscriber.sent[0].descriptor.unwrap().frame_number;
        frames += 2;
        assert_eq!(first, 50_000_u16.wrapping_add(frames - 2), "{rid} {offset}");
        assert_eq!(subscriber.layers(), "00+ 02+");
    }
}

#[test]
fn what_cannot_be_told_passes_and_what_is_broken_does_not() {
    let mut encoder = Encoder::new(l1t3(0), l1t3_unit);
    let mut subscriber = Subscriber::new("AV1");
    subscriber.forwarder.limit_layers(0, 0);
    subscriber.take(encoder.unit());
    assert_eq!(subscriber.layers(), "00+");
    let mut now = |data: &[u8]| {
        encoder.sequence_number += 1;
        let number = encoder.sequence_number - 1;
        let received = RtpReceived::new(number, Instant::now()).of_layer("q");
        let mut bytes = packet(number, 5, false, data);
        let is_taken = subscriber
            .forwarder
            .forward(Instant::now(), &received, &mut bytes);
        let view = PacketRef::decode(&bytes).unwrap();
        is_taken.then(|| (view.sequence_number(), view.payload().is_empty()))
    };
    // Template 40 is of a structure that was lost.
    assert_eq!(now(&[0x80 | 40, 0, 1]), Some((0xfff2, false)));
    assert_eq!(now(&[0x80, 0]), None, "cut off");
    assert_eq!(now(&[0x80, 0, 1, 0x20]), None, "cut off");
    assert_eq!(now(&[0xc0 | 40, 0, 1]), Some((0xfff3, false)), "and left no gap");
}

/// Frames that were forwarded, which all are whole, and can be decoded if nothing that they need came `late`: when a frame
/// goes, nobody knows what becomes of one that is yet to come.
fn whole(subscriber: &Subscriber, units: &BTreeMap<u16, usize>, late: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut frames: BTreeMap<usize, Vec<Descriptor>> = BTreeMap::new();
    for descriptor in subscriber.sent.iter().filter_map(|sent| sent.descriptor) {
        let frame = units[&descriptor.frame_number];
        frames.entry(frame).or_default().push(descriptor);
    }
    let is_gone = |frame: &&usize| !frames.contains_key(frame);
    let mut excused: BTreeSet<_> = late.iter().filter(is_gone).copied().collect();
    for (frame, packets) in &frames {
        assert_eq!(packets.len(), 2, "frame {frame} is whole");
        let references = packets[0].dependencies.frame_diffs;
        for reference in references.iter().map(|diff| frame - usize::from(*diff)) {
            if excused.contains(&reference) {
                excused.insert(*frame);
            } else {
                assert!(
                    frames.contains_key(&reference),
                    "frame {frame} needs frame {reference}"
                );
            }
        }
    }
    frames.into_keys().collect()
}

proptest! {
    /// Limits change at any time, packets come late, key frames come when they are asked for.
    #[test]
    fn whatever_is_forwarded_can_be_decoded(
        limits in proptest::collection::vec((0_u8..4, 0_u8..4), 60),
        changes in proptest::collection::vec(prop::bool::weighted(0.1), 60),
        late in proptest::collection::vec(prop::bool::weighted(0.1), 60 * 6),
    ) {
        let mut encoder = Encoder::new(l3t3(), l3t3_unit);
        let mut subscriber = Subscriber::new("AV1");
        let (mut units, mut held, mut late) = (BTreeMap::new(), Vec::new(), late.into_iter());
        let mut limit = (3, 3);
        let (mut allowed, mut late_frames) = (BTreeSet::new(), BTreeSet::new());
        for (unit, (wanted, is_changed)) in limits.iter().zip(changes).enumerate() {
            // Where a unit begins is not known of one whose first frame comes late.
            let before = limit;
            if is_changed && unit > 0 {
                limit = *wanted;
                subscriber.forwarder.limit_layers(limit.0, limit.1);
            }
            if unit > 0 && subscriber.wants_key_frame() {
                encoder.unit = 0;
            }
            for index in 0..3_u16 {
                let frame = unit * 3 + usize::from(index);
                units.insert(encoder.frame_number.wrapping_add(index), frame);
                let layer = encoder.writer.structure().templates[(encoder.templates)(encoder.unit)[usize::from(index)]];
                let is_within = |limit: (u8, u8)| layer.spatial_id <= limit.0 && layer.temporal_id <= limit.1;
                if is_within(limit) || is_within(before) {
                    allowed.insert(frame);
                }
            }
            let mut arriving = Vec::new();
            let late_ones = std::mem::take(&mut held);
            for packet in encoder.unit() {
                // The first one begins what the structure is needed for.
                match late.next().unwrap_or_default() && unit > 0 {
                    true => held.push(packet),
                    false => arriving.push(packet),
                }
            }
            let held = held.iter().map(|(received, _)| received.sequence_number);
            let held: Vec<_> = held.map(|number| usize::try_from(number - 0x1_fff0).unwrap() / 2).collect();
            let twice = held.windows(2).filter(|pair| pair[0] == pair[1]);
            late_frames.extend(twice.map(|pair| pair[0]));
            let middle = arriving.len() / 2;
            arriving.splice(middle..middle, late_ones);
            subscriber.take(arriving);
        }
        subscriber.take(held);
        let numbers: BTreeSet<_> = subscriber.sent.iter().map(|sent| sent.sequence_number.wrapping_add(16)).collect();
        prop_assert_eq!(numbers.len(), subscriber.sent.len(), "no number twice");
        prop_assert_eq!(numbers.last().map(|last| usize::from(*last) + 1), Some(numbers.len()), "none is missed");
        let frames = whole(&subscriber, &units, &late_frames);
        prop_assert!(frames.is_subset(&allowed), "{:?} above the limit", frames.difference(&allowed));
    }

    #[test]
    fn descriptors_of_any_bytes_do_no_harm(
        packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..40), 0_u8..3, any::<u8>()), 1..60),
    ) {
        let mut encoder = Encoder::new(l3t3(), l3t3_unit);
        let mut subscriber = Subscriber::new("AV1");
        subscriber.take(encoder.unit());
        for (number, (data, limit, jump)) in (0_u64..).zip(packets) {
            subscriber.forwarder.limit_layers(limit, limit);
            subscriber.wants_key_frame();
            let number = encoder.sequence_number + number * u64::from(jump % 4);
            let mut bytes = packet(number, u32::from(jump), false, &data);
            let received = RtpReceived::new(number, Instant::now()).of_layer("q");
            let is_taken = subscriber.forwarder.forward(Instant::now(), &received, &mut bytes);
            let view = PacketRef::decode(&bytes).unwrap();
            let descriptor = subscriber.forwarder.dependency_descriptor().filter(|_| is_taken);
            prop_assert!(!is_taken || view.payload().is_empty() == descriptor.is_none());
            prop_assert!(descriptor.is_none_or(|data| data.len() <= 255));
        }
    }
}
