//! Descriptors from RFC 7741 §4.6 and of every shape.

use super::super::{Depacketizer as _, Packetizer as _};
use super::*;

/// Every combination of optional fields.
fn descriptors() -> impl Iterator<Item = Descriptor> {
    let ids = [None, Some(PictureId::short(17)), Some(PictureId::long(0x1234))];
    let layers = [None, Some(TemporalLayer { id: 2, sync: true })];
    ids.into_iter().flat_map(move |picture_id| {
        (0..8u8).flat_map(move |bits| {
            layers.map(|temporal_layer| Descriptor {
                non_reference: bits & 4 != 0,
                partition_start: bits & 2 == 0,
                partition_index: bits,
                picture_id,
                tl0_picture_index: (bits & 1 != 0).then_some(200),
                temporal_layer,
                key_index: (bits & 2 != 0).then_some(21),
            })
        })
    })
}

#[test]
fn reads_the_examples() {
    let id = Some(PictureId::short(17));
    // RFC 7741 §4.6.1 to §4.6.4 and a long picture ID.
    for (payload, start, index, picture_id, key) in [
        (&[0x90, 0x80, 0x11, 0x10, 0, 0][..], true, 0, id, Some(true)),
        (&[0x10, 0x11, 0, 0], true, 0, None, Some(false)),
        (&[0x90, 0x80, 0x11, 0x11, 0, 0], true, 0, id, Some(false)),
        (&[0x91, 0x80, 0x11, 0xaa], true, 1, id, None),
        (&[0x81, 0x80, 0x11, 0xaa], false, 1, id, None),
        (
            &[0x90, 0x80, 0x92, 0x34, 0xaa],
            true,
            0,
            Some(PictureId::long(0x1234)),
            Some(true),
        ),
    ] {
        let (descriptor, data) = Descriptor::decode(payload).unwrap();
        assert_eq!(
            (
                descriptor.partition_start,
                descriptor.partition_index,
                descriptor.picture_id
            ),
            (start, index, picture_id)
        );
        assert_eq!(descriptor.is_key_frame(data), key);
        let depacketizer = Depacketizer::new();
        assert_eq!(depacketizer.is_key_frame(payload), key);
        assert_eq!(depacketizer.is_frame_start(payload), start && index == 0);
        let mut again = Vec::new();
        descriptor.encode(&mut again);
        assert_eq!([&again, data].concat(), payload);
    }
}

#[test]
fn ignores_reserved_bits_and_absent_fields() {
    // R in both places and RSV are set; K without T, T without K.
    let (descriptor, data) = Descriptor::decode(&[0xd8, 0x1f, 0xff, 7]).unwrap();
    assert_eq!(
        (descriptor.temporal_layer, descriptor.key_index),
        (None, Some(31))
    );
    assert_eq!(data, [7]);
    let (descriptor, _) = Descriptor::decode(&[0x90, 0x20, 0x7f, 7]).unwrap();
    assert_eq!(
        descriptor.temporal_layer,
        Some(TemporalLayer { id: 1, sync: true })
    );
    assert_eq!(descriptor.key_index, None);
}

#[test]
fn descriptors_round_trip_and_are_renumbered_in_place() {
    for descriptor in descriptors() {
        let mut payload = Vec::new();
        descriptor.encode(&mut payload);
        assert_eq!(payload.len(), descriptor.encoded_len());
        assert!(payload.len() <= Descriptor::MAX_LEN);
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
        assert_eq!(place.set_key_index(0xff), descriptor.key_index.is_some());
        let changed = *place.descriptor();
        let expected = Descriptor {
            picture_id: descriptor.picture_id.map(|id| id.with_value(0x4567)),
            tl0_picture_index: descriptor.tl0_picture_index.map(|_| 9),
            key_index: descriptor.key_index.map(|_| 31),
            ..descriptor
        };
        assert_eq!(changed, expected);
        assert_eq!(Descriptor::decode(&payload), Ok((expected, &[0xaa][..])));
    }
}

#[test]
fn cuts_into_equal_payloads_and_counts_pictures() {
    let frame: Vec<u8> = (0..=255).cycle().take(2500).collect();
    let mut packetizer = Packetizer::new(Config::with_picture_id(Some(PictureId::long(0x7fff))));
    packetizer.descriptor_mut().temporal_layer = Some(TemporalLayer { id: 1, sync: false });
    let mut payloads = Payloads::new();
    for id in [0x7fff, 0] {
        packetizer.packetize(&frame, 1000, &mut payloads);
        let sizes: Vec<_> = payloads.iter().map(<[u8]>::len).collect();
        assert_eq!(sizes, [834 + 5, 834 + 5, 832 + 5]);
        for (index, payload) in payloads.iter().enumerate() {
            let (descriptor, _) = Descriptor::decode(payload).unwrap();
            assert_eq!(descriptor.picture_id, Some(PictureId::long(id)));
            assert_eq!(descriptor.temporal_layer.unwrap().id, 1);
            assert_eq!(descriptor.is_frame_start(), index == 0);
        }
    }
    packetizer.packetize(&frame, 5, &mut payloads);
    assert!(payloads.is_empty(), "the descriptor alone has five bytes");
    packetizer.packetize(&frame, 6, &mut payloads);
    assert_eq!(payloads.len(), frame.len());
}

#[test]
fn a_key_frame_tells_its_size() {
    let header = FrameHeader::decode(&[0x91, 0x02, 0x00]).unwrap();
    assert_eq!(
        (header.is_key_frame(), header.is_shown, header.first_partition_len),
        (false, true, 20)
    );
    let mut key = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0xc5, 0xd0, 0x02];
    assert_eq!(FrameHeader::decode(&key).unwrap().dimensions, Some((0x0500, 720)));
    key[3] = 0;
    assert!(FrameHeader::decode(&key).is_err());
}
