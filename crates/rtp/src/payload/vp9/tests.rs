//! Descriptors of both modes of RFC 9628 §4.2, and structures.

use super::super::{Depacketizer as _, Packetizer as _, Payloads, PictureId};
use super::*;

const KEY: [u8; 9] = [0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30];

fn layer(temporal_id: u8, spatial_id: u8) -> Layer {
    Layer {
        temporal_id,
        switching_up: temporal_id & 1 == 1,
        spatial_id,
        inter_layer: spatial_id != 0,
    }
}

#[test]
fn reads_every_field() {
    // Flexible mode (figure 2): I P L F B, long ID, TID 2, U, SID 1, D, P_DIFF 3 and 1.
    let flexible = [0xf8, 0x92, 0x34, 0x53, 3 << 1 | 1, 1 << 1, 0xaa];
    let (descriptor, data) = Descriptor::decode(&flexible).unwrap();
    let expected = Descriptor {
        picture_id: Some(PictureId::long(0x1234)),
        is_inter_predicted: true,
        layer: Some(Layer {
            temporal_id: 2,
            switching_up: true,
            spatial_id: 1,
            inter_layer: true,
        }),
        is_flexible: true,
        frame_start: true,
        references: References::new(&[3, 1]),
        ..Descriptor::default()
    };
    assert_eq!((descriptor, data), (expected, &[0xaa][..]));
    // Non-flexible mode (figure 3): I L E V Z, short ID, TL0PICIDX, a structure without anything.
    let (descriptor, data) = Descriptor::decode(&[0xa7, 0x11, 0x00, 0xfe, 0x20, 0xbb]).unwrap();
    assert_eq!(descriptor.tl0_picture_index, Some(0xfe));
    assert!(descriptor.frame_end && descriptor.not_reference_for_upper);
    assert_eq!(descriptor.structure.unwrap().spatial_layers(), 2);
    assert_eq!(data, [0xbb]);
}

#[test]
fn ignores_flexible_mode_without_picture_id() {
    let (descriptor, data) = Descriptor::decode(&[0x70, 0x00, 0x07, 0xbb]).unwrap();
    assert!(!descriptor.is_flexible);
    assert_eq!((descriptor.tl0_picture_index, data), (Some(7), &[0xbb][..]));
}

#[test]
fn refuses_a_fourth_reference() {
    assert!(Descriptor::decode(&[0xd0, 0x01, 3, 3, 2, 0xaa]).is_ok());
    assert!(Descriptor::decode(&[0xd0, 0x01, 3, 3, 3, 2, 0xaa]).is_err());
}

#[test]
fn descriptors_round_trip_and_are_renumbered_in_place() {
    let mut bytes = Vec::new();
    let pictures = [GroupPicture::default(); 3];
    Structure {
        spatial_layers: 0,
        resolutions: &[(320, 180)],
        pictures: &pictures,
    }
    .encode(&mut bytes);
    let structure = StructureRef::decode(&bytes).unwrap().0;
    for bits in 0..128u8 {
        let bit = |n: u8| bits >> n & 1 == 1;
        let is_flexible = bit(0);
        let id = if bit(1) {
            PictureId::long(0x7ffe)
        } else {
            PictureId::short(9)
        };
        let has_layer = bit(2);
        let descriptor = Descriptor {
            picture_id: (is_flexible || bit(3)).then_some(id),
            is_inter_predicted: bit(4),
            layer: has_layer.then_some(layer(3, 5)),
            is_flexible,
            frame_start: bit(5),
            frame_end: bit(3),
            not_reference_for_upper: bit(2),
            tl0_picture_index: (has_layer && !is_flexible).then_some(7),
            references: References::new(if is_flexible && bit(4) { &[1, 2, 127] } else { &[] }),
            structure: bit(6).then_some(structure),
        };
        let mut payload = Vec::new();
        descriptor.encode(&mut payload);
        assert_eq!(payload.len(), descriptor.encoded_len(), "{descriptor:?}");
        for len in 0..payload.len() {
            assert!(Descriptor::decode(&payload[..len]).is_err());
        }
        payload.push(0xaa);
        assert_eq!(Descriptor::decode(&payload), Ok((descriptor, &[0xaa][..])));

        let mut place = DescriptorMut::decode(&mut payload).unwrap();
        assert_eq!(place.set_picture_id(0x4567), descriptor.picture_id.is_some());
        assert_eq!(
            place.set_tl0_picture_index(9),
            descriptor.tl0_picture_index.is_some()
        );
        place.set_frame_end(true);
        let expected = Descriptor {
            picture_id: descriptor.picture_id.map(|id| id.with_value(0x4567)),
            tl0_picture_index: descriptor.tl0_picture_index.map(|_| 9),
            frame_end: true,
            ..descriptor
        };
        assert_eq!(Descriptor::decode(&payload), Ok((expected, &[0xaa][..])));
    }
}

#[test]
fn structures_round_trip() {
    let pictures: Vec<_> = (0..255u8)
        .map(|n| GroupPicture {
            temporal_id: n & 7,
            switching_up: n & 8 != 0,
            references: References::new(&[n, 1, 2][..usize::from(n & 3)]),
        })
        .collect();
    let sizes: Vec<_> = (1..=8).map(|n| (n * 160, n * 90)).collect();
    for (resolutions, pictures) in [
        (&sizes[..], &pictures[..]),
        (&[], &pictures),
        (&sizes, &[]),
        (&[], &[]),
    ] {
        let structure = Structure {
            spatial_layers: 3,
            resolutions,
            pictures,
        };
        let mut bytes = Vec::new();
        structure.encode(&mut bytes);
        for len in 0..bytes.len() {
            assert!(StructureRef::decode(&bytes[..len]).is_err());
        }
        let (read, rest) = StructureRef::decode(&bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!(
            usize::from(read.spatial_layers()),
            if resolutions.is_empty() { 3 } else { 8 }
        );
        assert_eq!(read.resolutions().collect::<Vec<_>>(), resolutions);
        assert_eq!(read.pictures().collect::<Vec<_>>(), pictures);
    }
}

#[test]
fn says_what_begins_and_what_is_a_key() {
    let depacketizer = Depacketizer::new();
    let short = |first: u8, layer: Layer| {
        let mut payload = vec![first | 0x20];
        payload.push(layer.temporal_id << 5 | layer.spatial_id << 1 | u8::from(layer.inter_layer));
        payload.extend([0, 0xaa]);
        payload
    };
    for (payload, start, key) in [
        (vec![0x08, 0xaa], true, Some(true)),
        (vec![0x48, 0xaa], true, Some(false)),
        (vec![0x00, 0xaa], false, Some(true)),
        (short(0x08, layer(0, 0)), true, Some(true)),
        (short(0x08, layer(0, 1)), false, None),
        (short(0x48, layer(0, 1)), false, Some(false)),
        (vec![], false, None),
    ] {
        assert_eq!(depacketizer.is_frame_start(&payload), start, "{payload:x?}");
        assert_eq!(depacketizer.is_key_frame(&payload), key, "{payload:x?}");
        assert!(!depacketizer.is_frame_end(false, &payload));
    }
}

#[test]
fn a_single_layer_counts_as_receivers_expect() {
    let mut packetizer = Packetizer::new(Config::new(PictureId::short(127), false));
    let mut payloads = Payloads::new();
    let delta = [&[0x86][..], &[7; 2999]].concat();
    let key = [&KEY[..], &[7; 2991]].concat();
    for (frame, id, index) in [(&key, 127, 0), (&delta, 0, 1), (&delta, 1, 2)] {
        packetizer.packetize(frame, 1200, &mut payloads);
        assert_eq!(payloads.len(), 3);
        for (n, payload) in payloads.iter().enumerate() {
            let (descriptor, _) = Descriptor::decode(payload).unwrap();
            assert_eq!(descriptor.picture_id, Some(PictureId::short(id)));
            assert_eq!(descriptor.tl0_picture_index, Some(index));
            assert_eq!(descriptor.is_inter_predicted, frame == &delta);
            assert_eq!((descriptor.frame_start, descriptor.frame_end), (n == 0, n == 2));
            let is_first_of_key = frame == &key && n == 0;
            assert_eq!(descriptor.structure.is_some(), is_first_of_key);
            if let Some(structure) = descriptor.structure {
                assert_eq!(structure.resolutions().collect::<Vec<_>>(), [(320, 180)]);
                assert_eq!(structure.pictures().count(), 1);
            }
        }
        let sizes: Vec<_> = payloads.iter().map(<[u8]>::len).collect();
        assert_eq!(sizes[0], sizes[1]);
    }
}

#[test]
fn layers_of_a_picture_share_its_number() {
    let mut packetizer = Packetizer::new(Config::new(PictureId::long(5), true));
    let mut payloads = Payloads::new();
    let mut seen = Vec::new();
    for (temporal_id, spatial_id) in [(0, 0), (0, 1), (2, 0), (2, 1)] {
        *packetizer.frame_mut() = FrameInfo {
            layer: layer(temporal_id, spatial_id),
            ..FrameInfo::default()
        };
        packetizer.packetize(&[0x86, 1, 2], 100, &mut payloads);
        let (descriptor, _) = Descriptor::decode(payloads.get(0).unwrap()).unwrap();
        assert_eq!(descriptor.references.as_slice(), [1]);
        seen.push(descriptor.picture_id.unwrap().value());
    }
    assert_eq!(seen, [5, 5, 6, 6]);
}

#[test]
fn reads_frame_headers() {
    for (bytes, expected) in [
        (&[0x86u8][..], (0, false, false, true)),
        (&[0x84, 0x80][..], (0, false, true, false)),
        (&[0x84, 0x00][..], (0, false, false, false)),
        (&[0x88][..], (0, false, false, true)), // shows an earlier frame
        (&[0x96][..], (2, false, false, true)),
        (&[0xb3, 0x00][..], (3, false, false, true)),
    ] {
        let header = FrameHeader::decode(bytes).unwrap();
        assert_eq!(
            (
                header.profile,
                header.is_key_frame,
                header.is_intra_only,
                header.is_shown
            ),
            expected,
            "{bytes:x?}"
        );
    }
    assert!(FrameHeader::decode(&[0x46]).is_err());
    let mut wrong = KEY;
    wrong[2] = 0;
    assert!(FrameHeader::decode(&wrong).is_err());
}
