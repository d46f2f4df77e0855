use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::InlineList;

fn template(
    layer: (u8, u8),
    frame_diffs: &[u16],
    chain_diffs: &[u8],
    indications: &str,
) -> FrameDependencies {
    let indication = |symbol| match symbol {
        '-' => Indication::NotPresent,
        'D' => Indication::Discardable,
        'S' => Indication::Switch,
        _ => Indication::Required,
    };
    FrameDependencies {
        spatial_id: layer.0,
        temporal_id: layer.1,
        indications: indications.chars().map(indication).collect(),
        frame_diffs: frame_diffs.iter().copied().collect(),
        chain_diffs: chain_diffs.iter().copied().collect(),
    }
}

/// A.10.2.1: one spatial layer, three temporal layers.
fn l1t3() -> Structure {
    Structure {
        template_id_offset: 1,
        decode_target_count: 3,
        templates: vec![
            template((0, 0), &[], &[0], "SSS"),
            template((0, 0), &[4], &[4], "SSS"),
            template((0, 1), &[2], &[2], "SD-"),
            template((0, 2), &[1], &[1], "D--"),
            template((0, 2), &[1], &[3], "D--"),
        ],
        chain_count: 1,
        protected_by: [0, 0, 0].into_iter().collect(),
        resolutions: [Resolution {
            width: 1280,
            height: 720,
        }]
        .into_iter()
        .collect(),
    }
}

/// A.10.2.2: three spatial layers, three temporal layers, all of them dependent.
fn l3t3() -> Structure {
    let size = |height| Resolution {
        width: height * 16 / 9,
        height,
    };
    Structure {
        template_id_offset: 60,
        decode_target_count: 9,
        templates: vec![
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
        ],
        chain_count: 3,
        protected_by: [2, 2, 2, 1, 1, 1, 0, 0, 0].into_iter().collect(),
        resolutions: [size(180), size(360), size(720)].into_iter().collect(),
    }
}

fn frame(frame_number: u16, dependencies: FrameDependencies) -> Descriptor {
    Descriptor {
        start_of_frame: true,
        end_of_frame: true,
        frame_number,
        dependencies,
        ..Descriptor::default()
    }
}

fn key_frame(frame_number: u16, structure: &Structure) -> Descriptor {
    Descriptor {
        has_structure: true,
        ..frame(frame_number, structure.templates[0])
    }
}

fn write(writer: &mut Writer, descriptor: &Descriptor) -> Vec<u8> {
    let mut data = Vec::new();
    writer.write(descriptor, &mut data).unwrap();
    data
}

/// Put together by hand from A.8.2: mandatory fields, flags 10000, then the structure of A.10.2.1.
const KEY_FRAME_L1T3: [u8; 20] = [
    0xc1, 0x01, 0x00, 0x80, 0x22, 0x14, 0xea, 0xaa, 0x44, 0x10, 0x4d, 0x14, 0x10, 0x20, 0x84, 0x27, 0x04,
    0xff, 0x02, 0xcf,
];

#[test]
fn writes_and_reads_the_structure_of_the_specification() {
    let structure = l1t3();
    let mut writer = Writer::new(structure.clone()).unwrap();
    assert_eq!(write(&mut writer, &key_frame(0x0100, &structure)), KEY_FRAME_L1T3);
    let mut reader = Reader::new();
    let descriptor = reader.read(&KEY_FRAME_L1T3).unwrap();
    assert_eq!(reader.structure(), Some(&structure));
    assert_eq!(descriptor.dependencies, structure.templates[0]);
    assert_eq!(
        descriptor.resolution,
        Some(Resolution {
            width: 1280,
            height: 720
        })
    );
    assert_eq!(reader.active_decode_targets(), 0b111);
}

#[test]
fn every_length_that_is_too_short_fails_and_changes_nothing() {
    let mut reader = Reader::new();
    for len in 0..KEY_FRAME_L1T3.len() {
        let error = reader.read(&KEY_FRAME_L1T3[..len]).unwrap_err();
        match len {
            3 => assert_eq!(error, ReadError::UnknownStructure),
            _ => assert!(matches!(error, ReadError::Malformed(_)), "{len}: {error}"),
        }
        assert_eq!(reader.structure(), None);
    }
    let mut padded = KEY_FRAME_L1T3.to_vec();
    padded.extend([0; 9]);
    assert!(reader.read(&padded).is_ok(), "padding is allowed");
}

#[test]
fn templates_take_three_bytes() {
    for structure in [l1t3(), l3t3()] {
        let mut writer = Writer::new(structure.clone()).unwrap();
        let mut reader = Reader::new();
        reader
            .read(&write(&mut writer, &key_frame(0, &structure)))
            .unwrap();
        for (number, template) in (1..).zip(&structure.templates) {
            let data = write(&mut writer, &frame(number, *template));
            assert_eq!(data.len(), 3);
            let id = MandatoryFields::decode(&data).unwrap().template_id;
            let index = usize::from(number - 1);
            assert_eq!(
                usize::from(id),
                (usize::from(structure.template_id_offset) + index) % 64
            );
            assert_eq!(reader.read(&data).unwrap().dependencies, *template);
        }
    }
}

#[test]
fn decode_targets_have_layers_and_chains() {
    let structure = l3t3();
    let layers: Vec<_> = (0..9)
        .map(|target| structure.decode_target_layer(target))
        .collect();
    let expected = [
        (2, 2),
        (2, 1),
        (2, 0),
        (1, 2),
        (1, 1),
        (1, 0),
        (0, 2),
        (0, 1),
        (0, 0),
    ];
    assert_eq!(layers, expected);
    assert_eq!(structure.max_spatial_id(), 2);
    assert_eq!(structure.all_decode_targets(), 0x1ff);
    // Only the smallest picture at its full rate: chain 0.
    let active = 1 << 6;
    assert_eq!(
        [0, 1, 2].map(|chain| structure.is_active_chain(chain, active)),
        [true, false, false]
    );
    let is_in = |index: usize, chain| structure.is_in_active_chain(&structure.templates[index], chain, 0x1ff);
    assert_eq!(
        [0, 1, 2].map(|chain| is_in(1, chain)),
        [true; 3],
        "base layer: in all"
    );
    assert_eq!(
        [0, 1, 2].map(|chain| is_in(6, chain)),
        [false, true, true],
        "spatial layer 1"
    );
    assert_eq!(
        [0, 1, 2].map(|chain| is_in(3, chain)),
        [false; 3],
        "discardable for target 6, absent from others"
    );
}

/// A.10.1.3: frames that differ from their template.
#[test]
fn frames_may_differ_from_templates() {
    let structure = l1t3();
    let mut writer = Writer::new(structure.clone()).unwrap();
    let mut reader = Reader::new();
    reader
        .read(&write(&mut writer, &key_frame(0, &structure)))
        .unwrap();
    let base = structure.templates[1];
    let cases = [
        ("chain", template((0, 0), &[4], &[200], "SSS"), 3 + 2),
        ("one reference less", template((0, 0), &[], &[4], "SSS"), 3 + 1),
        (
            "references of each size",
            template((0, 0), &[16, 17, 257, 4096], &[4], "SSS"),
            3 + 7,
        ),
        ("indications", template((0, 0), &[4], &[4], "R-D"), 3 + 2),
        ("everything", template((0, 1), &[1, 2], &[9], "RRR"), 3 + 5),
    ];
    for (number, (name, dependencies, len)) in (1..).zip(cases) {
        let written = frame(number, dependencies);
        let data = write(&mut writer, &written);
        assert_eq!(data.len(), len, "{name}");
        let read = reader.read(&data).unwrap();
        assert_eq!(read.dependencies, dependencies, "{name}");
        for cut in 3..data.len() {
            let result = reader.clone().read(&data[..cut]);
            assert_eq!(
                result.is_ok(),
                cut == 3,
                "{name}, {cut} bytes: the template alone is a descriptor"
            );
        }
    }
    assert_eq!(base.frame_diffs[0], 4);
}

#[test]
fn active_decode_targets_hold_until_the_next_update() {
    let structure = l3t3();
    let mut writer = Writer::new(structure.clone()).unwrap();
    let mut reader = Reader::new();
    reader
        .read(&write(&mut writer, &key_frame(10, &structure)))
        .unwrap();
    let update = |number, active| Descriptor {
        active_decode_targets: Some(active),
        ..frame(number, structure.templates[1])
    };
    let later = write(&mut writer, &update(20, 0x1c0));
    let earlier = write(&mut writer, &update(15, 0x1f8));
    assert_eq!(reader.read(&later).unwrap().active_decode_targets, Some(0x1c0));
    reader.read(&earlier).unwrap();
    assert_eq!(
        reader.active_decode_targets(),
        0x1c0,
        "the older one arrived late"
    );
    reader
        .read(&write(&mut writer, &frame(21, structure.templates[2])))
        .unwrap();
    assert_eq!(reader.active_decode_targets(), 0x1c0);
    reader
        .read(&write(&mut writer, &key_frame(22, &structure)))
        .unwrap();
    assert_eq!(
        reader.active_decode_targets(),
        0x1ff,
        "a structure makes all active"
    );
}

#[test]
fn chains_of_inactive_decode_targets_need_not_be_right() {
    let structure = l3t3();
    let mut writer = Writer::new(structure.clone()).unwrap();
    let odd = template((0, 1), &[6], &[6, 99, 98], "RR-RR-SD-");
    let all = write(&mut writer, &frame(1, odd));
    assert!(all.len() > 3);
    let only_small = Descriptor {
        active_decode_targets: Some(0x1c0),
        ..frame(2, odd)
    };
    write(&mut writer, &only_small);
    assert_eq!(write(&mut writer, &frame(3, odd)).len(), 3);
}

#[test]
fn late_packets_are_read_by_the_structure_before() {
    let (first, second) = (l1t3(), l3t3());
    let mut old = Writer::new(first.clone()).unwrap();
    let mut new = Writer::new(second.clone()).unwrap();
    let mut reader = Reader::new();
    reader.read(&write(&mut old, &key_frame(65_530, &first))).unwrap();
    reader.read(&write(&mut new, &key_frame(5, &second))).unwrap();
    let late = reader
        .read(&write(&mut old, &frame(65_535, first.templates[2])))
        .unwrap();
    assert_eq!(late.dependencies, first.templates[2]);
    assert_eq!(reader.structure(), Some(&second));
    let next = reader
        .read(&write(&mut new, &frame(6, second.templates[2])))
        .unwrap();
    assert_eq!(next.dependencies, second.templates[2]);
    // The structure stands in two packets of its frame.
    reader.read(&write(&mut new, &key_frame(5, &second))).unwrap();
    assert!(
        reader
            .read(&write(&mut old, &frame(65_534, first.templates[2])))
            .is_ok()
    );
    // The late key frame of before is no news, even when it is the one that was missing.
    let mut reader = Reader::new();
    reader.read(&write(&mut new, &key_frame(5, &second))).unwrap();
    reader.read(&write(&mut old, &key_frame(65_530, &first))).unwrap();
    assert_eq!(reader.structure(), Some(&second));
    assert!(
        reader
            .read(&write(&mut old, &frame(65_535, first.templates[2])))
            .is_ok()
    );
}

#[test]
fn a_packet_of_an_unknown_structure_is_told_apart() {
    let structure = l1t3();
    let mut writer = Writer::new(structure.clone()).unwrap();
    let mut reader = Reader::new();
    reader
        .read(&write(&mut writer, &key_frame(0, &structure)))
        .unwrap();
    let other = Structure {
        template_id_offset: 30,
        ..structure.clone()
    };
    let mut writer = Writer::new(other).unwrap();
    let lost = reader.read(&write(&mut writer, &frame(1, structure.templates[1])));
    assert_eq!(lost, Err(ReadError::UnknownStructure));
}

#[test]
fn template_ids_are_shifted_in_place() {
    for shift in [0, 1, 7, 40, 63] {
        let structure = l3t3();
        let mut writer = Writer::new(structure.clone()).unwrap();
        let mut reader = Reader::new();
        for (number, template) in (0..).zip([0, 1, 6, 14]) {
            let descriptor = Descriptor {
                has_structure: number == 0,
                active_decode_targets: (number == 2).then_some(7),
                ..frame(number, structure.templates[template])
            };
            let mut data = write(&mut writer, &descriptor);
            assert!(MandatoryFields::shift_templates(&mut data, shift));
            assert_eq!(reader.read(&data).unwrap().dependencies, descriptor.dependencies);
        }
        let expected = Structure {
            template_id_offset: (60 + shift) % 64,
            ..structure
        };
        assert_eq!(reader.structure(), Some(&expected));
    }
    for cut_off in [&mut [][..], &mut [0, 0], &mut [0, 0, 0, 0x80]] {
        let before = cut_off.to_vec();
        assert!(!MandatoryFields::shift_templates(cut_off, 1));
        let two = cut_off.len().min(2);
        assert!(!MandatoryFields::set_frame_number(&mut cut_off[..two], 1));
        assert_eq!(cut_off, before);
    }
}

#[test]
fn structures_that_break_a_rule_are_refused() {
    type Change = fn(&mut Structure);
    let changes: [(&str, Change); 11] = [
        ("offset", |it| it.template_id_offset = 64),
        ("no template", |it| it.templates.clear()),
        ("no target", |it| it.decode_target_count = 0),
        ("too many targets", |it| it.decode_target_count = 33),
        ("chains", |it| it.chain_count = 4),
        ("chain", |it| it.protected_by[1] = 1),
        ("layer order", |it| it.templates[0].temporal_id = 1),
        ("frame difference", |it| it.templates[1].frame_diffs[0] = 17),
        ("chain difference", |it| it.templates[1].chain_diffs[0] = 16),
        ("resolution", |it| it.resolutions[0].width = 65_537),
        ("resolutions", |it| {
            assert!(it.resolutions.push(Resolution::default()))
        }),
    ];
    for (name, change) in changes {
        let mut structure = l1t3();
        change(&mut structure);
        assert!(Writer::new(structure).is_err(), "{name}");
    }
    let mut jump = l1t3();
    jump.templates.remove(2);
    assert!(Writer::new(jump).unwrap_err().to_string().contains("one by one"));
}

#[test]
fn frames_that_do_not_fit_are_refused_without_a_trace() {
    let mut writer = Writer::new(l1t3()).unwrap();
    let mut out = b"before".to_vec();
    let mut refused = |dependencies, error| {
        assert_eq!(writer.write(&frame(0, dependencies), &mut out), Err(error));
        assert_eq!(out, b"before");
    };
    refused(template((1, 0), &[], &[0], "SSS"), WriteError::NoTemplate);
    refused(template((0, 0), &[], &[0], "SS"), WriteError::NoTemplate);
    refused(template((0, 0), &[], &[0, 0], "SSS"), WriteError::NoTemplate);
    refused(template((0, 0), &[0], &[0], "SSS"), WriteError::FrameDiff);
    refused(template((0, 0), &[4097], &[0], "SSS"), WriteError::FrameDiff);
    // 64 templates with 32 indications each are 512 bytes.
    let wide = template((0, 0), &[], &[], &"S".repeat(32));
    let structure = Structure {
        decode_target_count: 32,
        templates: vec![wide; 64],
        ..Structure::default()
    };
    let mut writer = Writer::new(structure.clone()).unwrap();
    assert_eq!(
        writer.write(&key_frame(0, &structure), &mut out),
        Err(WriteError::TooLong)
    );
    assert_eq!(out, b"before");
}

/// The frames of A.10.1.2 after a loss, for chain 1.
#[test]
fn a_broken_chain_heals_where_it_begins_anew() {
    let mut chain = ChainTracker::new(1);
    let frame = |diff| template((0, 0), &[], &[1, diff], "RR");
    assert!(chain.receive(65_534, &frame(0), true));
    assert!(chain.receive(65_535, &frame(1), true));
    assert!(chain.receive(0, &frame(1), true), "across the wrap");
    assert!(!chain.receive(2, &frame(1), true), "1 was lost");
    assert!(!chain.is_intact());
    assert!(!chain.receive(3, &frame(1), true));
    assert!(chain.receive(4, &frame(0), true), "reset");
    assert!(chain.receive(6, &frame(2), false), "5 was not of the chain");
    assert!(chain.receive(7, &frame(3), true));
    assert!(chain.is_intact());
    assert!(
        !chain.receive(8, &template((0, 0), &[], &[1], "RR"), true),
        "a structure without this chain"
    );
}

fn indications(count: usize) -> impl Strategy<Value = Indications> {
    vec(0_u64..4, count).prop_map(|codes| codes.into_iter().map(Indication::from_code).collect())
}

fn dependencies(targets: usize, chains: usize, diffs: u16) -> impl Strategy<Value = FrameDependencies> {
    let chain_max = if diffs > 16 { u8::MAX } else { 15 };
    (
        indications(targets),
        vec(1..=diffs, 0..17),
        vec(0..=chain_max, chains),
    )
        .prop_map(|(indications, frame_diffs, chain_diffs)| FrameDependencies {
            spatial_id: 0,
            temporal_id: 0,
            indications,
            frame_diffs: frame_diffs.into_iter().collect(),
            chain_diffs: chain_diffs.into_iter().collect(),
        })
}

/// Templates in order: each step stays, goes up a temporal layer, or to the next spatial one.
fn layered(mut templates: Vec<FrameDependencies>, steps: &[u8]) -> Vec<FrameDependencies> {
    let (mut spatial, mut temporal) = (0, 0);
    for (template, step) in templates.iter_mut().zip(steps) {
        match step {
            1 if temporal < 7 => temporal += 1,
            2 if spatial < 7 => (spatial, temporal) = (spatial + 1, 0),
            _ => {}
        }
        (template.spatial_id, template.temporal_id) = (spatial, temporal);
    }
    templates
}

fn structures() -> impl Strategy<Value = (Structure, Vec<Descriptor>)> {
    let counts = (1_usize..=32).prop_flat_map(|targets| (Just(targets), 0..=targets.min(6)));
    let parts = counts.prop_flat_map(|(targets, chains)| {
        let protected = if chains == 0 { 0 } else { targets };
        (
            0_u8..64,
            vec(dependencies(targets, chains, 16), 1..20),
            vec(0_u8..3, 19),
            vec(0..u8::try_from(chains.max(1)).unwrap(), protected),
            prop::option::of(vec((1_u32..=65_536, 1_u32..=65_536), 8)),
            vec(
                (
                    dependencies(targets, chains, 4096),
                    any::<prop::sample::Index>(),
                    any::<[bool; 3]>(),
                ),
                0..8,
            ),
            Just((targets, chains)),
        )
    });
    parts.prop_map(
        |(offset, templates, steps, protected_by, sizes, frames, (targets, chains))| {
            let templates = layered(templates, &[&[0], &steps[..]].concat());
            let layers = usize::from(templates.last().unwrap().spatial_id) + 1;
            let sizes = sizes.unwrap_or_default().into_iter().take(layers);
            let structure = Structure {
                template_id_offset: offset,
                decode_target_count: u8::try_from(targets).unwrap(),
                chain_count: u8::try_from(chains).unwrap(),
                protected_by: protected_by.into_iter().collect(),
                resolutions: sizes
                    .map(|(width, height)| Resolution { width, height })
                    .collect(),
                templates,
            };
            let frames = (1..)
                .zip(frames)
                .map(|(number, (custom, index, [indications, diffs, chains]))| {
                    let mut dependencies = *index.get(&structure.templates);
                    if indications {
                        dependencies.indications = custom.indications;
                    }
                    if diffs {
                        dependencies.frame_diffs = custom.frame_diffs;
                    }
                    if chains {
                        dependencies.chain_diffs = custom.chain_diffs;
                    }
                    Descriptor {
                        active_decode_targets: chains.then_some(structure.all_decode_targets()),
                        ..frame(number, dependencies)
                    }
                });
            let frames = frames.collect();
            (structure, frames)
        },
    )
}

/// What the reader makes of a frame: chains that protect nothing may come back as the template has them.
fn comparable(structure: &Structure, mut descriptor: Descriptor) -> Descriptor {
    let diffs = descriptor.dependencies.chain_diffs;
    let is_needed = |chain: &u8| structure.is_active_chain(*chain, structure.all_decode_targets());
    let needed = (0_u8..)
        .zip(diffs.iter())
        .map(|(chain, diff)| if is_needed(&chain) { *diff } else { 0 });
    descriptor.dependencies.chain_diffs = needed.collect();
    descriptor.resolution = None;
    descriptor
}

proptest! {
    #[test]
    fn any_structure_and_frame_comes_back((structure, frames) in structures()) {
        let mut writer = Writer::new(structure.clone()).unwrap();
        let mut reader = Reader::new();
        let mut data = Vec::new();
        let first = key_frame(0, &structure);
        match writer.write(&first, &mut data) {
            Ok(()) => {}
            Err(error) => {
                prop_assert_eq!(error, WriteError::TooLong);
                return Ok(());
            }
        }
        let read = reader.read(&data).unwrap();
        prop_assert_eq!(reader.structure(), Some(&structure));
        prop_assert_eq!(comparable(&structure, read), comparable(&structure, first));
        for frame in frames {
            data.clear();
            writer.write(&frame, &mut data).unwrap();
            let read = reader.read(&data).unwrap();
            prop_assert_eq!(comparable(&structure, read), comparable(&structure, frame));
        }
    }

    #[test]
    fn anything_is_read_without_harm(packets in vec(vec(any::<u8>(), 0..80), 0..20)) {
        let mut reader = Reader::new();
        reader.read(&KEY_FRAME_L1T3).unwrap();
        for packet in packets {
            let before = (reader.structure().cloned(), reader.active_decode_targets());
            if reader.read(&packet).is_err() {
                prop_assert_eq!((reader.structure().cloned(), reader.active_decode_targets()), before);
            }
            let structure = reader.structure().unwrap();
            prop_assert!(structure.templates.len() <= 64);
            prop_assert!(Writer::new(structure.clone()).is_ok(), "what was read can be written");
        }
    }
}

#[test]
fn the_largest_structures_are_read() {
    let layer = |spatial, temporal| template((spatial, temporal), &[], &[], "S");
    let many = |templates| Structure {
        decode_target_count: 1,
        templates,
        ..Structure::default()
    };
    let temporal: Vec<_> = (0..8).map(|temporal| layer(0, temporal)).collect();
    let spatial: Vec<_> = (0..8).map(|spatial| layer(spatial, 0)).collect();
    let all = (0..64).map(|index| layer(index / 8, index % 8)).collect();
    for structure in [
        many(temporal),
        many(spatial),
        many(all),
        many(vec![layer(0, 0); 64]),
    ] {
        let mut writer = Writer::new(structure.clone()).unwrap();
        let mut reader = Reader::new();
        reader
            .read(&write(&mut writer, &key_frame(0, &structure)))
            .unwrap();
        assert_eq!(reader.structure(), Some(&structure));
    }
    let (ninth, nine) = (layer(0, 8), (0..9).map(|spatial| layer(spatial, 0)).collect());
    let mut temporal: Vec<_> = (0..8).map(|temporal| layer(0, temporal)).collect();
    temporal.push(ninth);
    for structure in [many(temporal), many(nine), many(vec![layer(0, 0); 65])] {
        assert!(Writer::new(structure).is_err());
    }
}

#[test]
fn a_structure_with_too_much_is_refused() {
    // 65 templates of the same layer: next_layer_idc 0, forever.
    let mut data = vec![0xc0, 0, 0, 0x80, 0x00];
    data.extend([0; 40]);
    let error = Reader::new().read(&data).unwrap_err();
    assert!(error.to_string().contains("more than 64 templates"), "{error}");
    // The same 65 templates, and then the end.
    let data = [&[0xc0, 0, 0, 0x80, 0x00][..], &[0; 16], &[0xc0], &[0; 40]].concat();
    let error = Reader::new().read(&data).unwrap_err();
    assert!(error.to_string().contains("more than 64 templates"), "{error}");
    // Temporal layers without end: next_layer_idc 1.
    let mut data = vec![0xc0, 0, 0, 0x80, 0x00];
    data.extend([0x55; 40]);
    let error = Reader::new().read(&data).unwrap_err();
    assert!(error.to_string().contains("more than 8 layers"), "{error}");
    // Eight steps up to a ninth layer, and then the end: next_layer_idc 1 or 2 eight times, 3.
    for steps in [0x55, 0xaa] {
        let data = [0xc0, 0, 0, 0x80, 0x00, steps, steps, 0xe0, 0, 0, 0, 0, 0, 0, 0];
        let error = Reader::new().read(&data).unwrap_err();
        assert!(error.to_string().contains("more than 8 layers"), "{error}");
    }
    // One template that refers to frame after frame.
    let mut data = vec![0xc0, 0, 0, 0x80, 0x00, 0xef];
    data.extend([0xff; 40]);
    let error = Reader::new().read(&data).unwrap_err();
    assert!(error.to_string().contains("more than 16 frames"), "{error}");
    let list: InlineList<u8, 3> = (0..9).collect();
    assert_eq!(list.len(), 3);
}
