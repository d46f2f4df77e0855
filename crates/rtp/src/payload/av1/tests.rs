//! The examples of the payload format's §4.5 and §5.1, and fragments.

use super::super::{Depacketizer as _, Packetizer as _, Payloads};
use super::*;

/// An OBU with its size: its type, its layer, its payload.
fn obu(kind: ObuType, layer: Option<(u8, u8)>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind.0 << 3 | 2 | u8::from(layer.is_some()) << 2];
    bytes.extend(layer.map(|(temporal, spatial)| temporal << 5 | spatial << 3));
    obu::write_leb128(payload.len(), &mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}

fn packetized(frame: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let (mut packetizer, mut payloads) = (Packetizer::new(), Payloads::new());
    packetizer.packetize(frame, mtu, &mut payloads);
    assert!(payloads.iter().all(|payload| payload.len() <= mtu));
    payloads.iter().map(<[u8]>::to_vec).collect()
}

fn depacketized<P: AsRef<[u8]>>(payloads: &[P]) -> Result<Vec<u8>, DecodeError> {
    let (mut depacketizer, mut out) = (Depacketizer::new(), Vec::new());
    for payload in payloads {
        depacketizer.depacketize(payload.as_ref(), &mut out)?;
    }
    Ok(out)
}

/// The types of the OBUs that begin in a payload.
fn types(payload: &[u8]) -> Vec<ObuType> {
    let payload = PayloadRef::decode(payload).unwrap();
    payload
        .elements()
        .map(|element| ObuType::of(element.data[0]))
        .collect()
}

#[test]
fn numbers_round_trip() {
    for value in [0, 1, 127, 128, 200, 16_383, 16_384, 0xffff_ffff] {
        let mut bytes = Vec::new();
        obu::write_leb128(value, &mut bytes);
        assert_eq!(bytes.len(), obu::leb128_len(value));
        let mut reader = super::super::reader::Reader::new(&bytes);
        assert_eq!(obu::read_leb128(&mut reader), Ok(value));
    }
    for (bytes, value) in [
        (&[0x80, 0x80, 0x00][..], Some(0)), // longer than needed
        (&[0xff, 0xff, 0xff, 0xff, 0x0f], Some(0xffff_ffff)),
        (&[0xff, 0xff, 0xff, 0xff, 0x1f], None),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], Some(0)),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], None),
        (&[0x80], None),
    ] {
        let mut reader = super::super::reader::Reader::new(bytes);
        assert_eq!(obu::read_leb128(&mut reader).ok(), value, "{bytes:?}");
    }
}

#[test]
fn reads_the_example_sizes() {
    // §4.5: 303 bytes, the first element has 200 and two of length, the second the other 100.
    let payload = [&[0x20, 0xc8, 0x01][..], &[1; 200], &[2; 100]].concat();
    assert_eq!(payload.len(), 303);
    let read = PayloadRef::decode(&payload).unwrap();
    let lens: Vec<_> = read.elements().map(|element| element.data.len()).collect();
    assert_eq!(lens, [200, 100]);
}

#[test]
fn reads_aggregation_headers() {
    for byte in (0..=255u8).step_by(8) {
        assert_eq!(AggregationHeader::from_byte(byte | 7).to_byte(), byte);
    }
    for (payload, elements) in [
        (&[0x00, 1, 0x30, 2, 0x30, 1][..], Some(2)),
        (&[0x10, 0x30, 1], Some(1)),
        (&[0x30, 1, 0x30, 1, 0x30, 0x30], Some(3)),
        (&[0x30, 1, 0x30, 1, 0x30], Some(3)), // the last one is empty
        (&[0x30, 1, 0x30], None),
        (&[0x00, 2, 0x30], None),
        (&[0x00], None),
        (&[0x10], Some(1)),
        (&[], None),
    ] {
        let read = PayloadRef::decode(payload).ok();
        assert_eq!(read.map(|read| read.elements().len()), elements, "{payload:?}");
    }
}

#[test]
fn groups_as_the_example() {
    // §5.1: TD SH MD MD(0,0) FH(0,0) TG(0,0) MD(0,1) FH(0,1) TG(0,1).
    let (low, high) = (Some((0, 0)), Some((0, 1)));
    let frame = [
        TEMPORAL_DELIMITER.to_vec(),
        obu(ObuType::SEQUENCE_HEADER, None, &[1; 10]),
        obu(ObuType::METADATA, None, &[2; 5]),
        obu(ObuType::METADATA, low, &[3; 5]),
        obu(ObuType::FRAME_HEADER, low, &[0x10; 5]),
        obu(ObuType::TILE_GROUP, low, &[5; 50]),
        obu(ObuType::METADATA, high, &[6; 5]),
        obu(ObuType::FRAME_HEADER, high, &[0x30; 5]),
        obu(ObuType::TILE_GROUP, high, &[8; 50]),
    ];
    let payloads = packetized(&frame.concat(), 1200);
    assert_eq!(payloads.len(), 2);
    assert_eq!(types(&payloads[0]), [1, 5, 5, 3, 4].map(ObuType));
    assert_eq!(types(&payloads[1]), [5, 3, 4].map(ObuType));
    assert_eq!((payloads[0][0], payloads[1][0]), (0x08, 0x30), "N, W");
    assert_eq!(depacketized(&payloads), Ok(frame[1..].concat()));
}

#[test]
fn a_packet_holds_one_frame() {
    // A frame that is not shown, one with metadata in front, one that shows the first: a temporal unit of a file.
    let units = [
        obu(ObuType::SEQUENCE_HEADER, None, &[1; 10]),
        obu(ObuType::FRAME, None, &[0x10; 20]),
        obu(ObuType::METADATA, None, &[2; 5]),
        obu(ObuType::FRAME_HEADER, None, &[0x30; 5]),
        obu(ObuType::TILE_GROUP, None, &[4; 5]),
        obu(ObuType::TILE_GROUP, None, &[5; 5]),
        obu(ObuType::PADDING, None, &[6; 5]),
        obu(ObuType::FRAME_HEADER, None, &[0x90; 1]),
    ];
    let payloads = packetized(&units.concat(), 1200);
    let types: Vec<_> = payloads.iter().map(|payload| types(payload)).collect();
    assert_eq!(
        types,
        [&[1, 6][..], &[5, 3, 4, 4, 15], &[3]].map(|types| types
            .iter()
            .copied()
            .map(ObuType)
            .collect::<Vec<_>>())
    );
    assert_eq!(depacketized(&payloads), Ok(units.concat()));
}

#[test]
fn cuts_large_obus_and_puts_their_sizes_back() {
    let large: Vec<u8> = (0..=255u8).cycle().take(300).map(|n| n | 1).collect();
    let frame = [
        obu(ObuType::METADATA, None, &[7; 3]),
        obu(ObuType::FRAME, Some((1, 0)), &large),
        obu(ObuType::METADATA, None, &[]),
    ]
    .concat();
    for mtu in [2, 3, 10, 20, 100, 128, 129, 130, 131, 307, 308, 309, 310, 320] {
        let payloads = packetized(&frame, mtu);
        assert_eq!(depacketized(&payloads).as_deref(), Ok(&frame[..]), "{mtu}");
        let first = PayloadRef::decode(&payloads[0]).unwrap().header();
        assert!(!first.continues && !first.new_sequence);
    }
    assert!(packetized(&frame, 1).is_empty());
    assert!(
        packetized(&frame[..frame.len() - 3], 100).is_empty(),
        "an OBU is cut off"
    );
}

#[test]
fn says_where_a_sequence_begins() {
    let sequence = obu(ObuType::SEQUENCE_HEADER, None, &[0; 10]);
    let key = obu(ObuType::FRAME, None, &[0x10; 100]);
    let delta = obu(ObuType::FRAME, None, &[0x30; 100]);
    for (frame, new_sequence) in [
        (vec![&sequence, &key], true),
        (vec![&sequence, &delta], false),
        (vec![&key], false),
    ] {
        let payloads = packetized(&frame.into_iter().flatten().copied().collect::<Vec<_>>(), 60);
        let flags: Vec<_> = payloads.iter().map(|payload| payload[0] & 8 != 0).collect();
        assert_eq!(flags[0], new_sequence);
        assert!(!flags[1..].contains(&true));
    }
}

#[test]
fn takes_obus_with_sizes_and_leaves_out_what_does_not_travel() {
    // A temporal delimiter, a frame with its size, a tile list, a frame without; the same in fragments.
    let payload = [0x00, 2, 0x12, 0, 3, 0x32, 1, 9, 2, 0x40, 1, 2, 0x30, 8];
    let expected = [0x32, 1, 9, 0x32, 1, 8];
    assert_eq!(depacketized(&[&payload[..]]), Ok(expected.to_vec()));
    let pieces: [&[u8]; 4] = [
        &[0x50, 0x32, 1],
        &[0xd0],
        &[0xa0, 1, 9, 0x30, 8],
        &[0x10, 0x12, 0],
    ];
    assert_eq!(depacketized(&pieces), Ok(expected.to_vec()));
    let tile_list: [&[u8]; 2] = [&[0x50, 0x40], &[0x90, 1]];
    assert_eq!(depacketized(&tile_list), Ok(vec![]));
    assert!(
        depacketized(&[&[0x10, 0x32, 2, 9][..]]).is_err(),
        "its size is too large"
    );
    assert!(
        depacketized(&[&[0x10, 0x32, 0, 9][..]]).is_err(),
        "its size is too small"
    );
    assert!(
        depacketized(&[&[0x10, 0xb0, 9][..]]).is_err(),
        "the forbidden bit"
    );
}

#[test]
fn an_error_leaves_whole_obus_alone() {
    let (mut depacketizer, mut out) = (Depacketizer::new(), Vec::new());
    depacketizer.depacketize(&[0x10, 0x30, 1], &mut out).unwrap();
    let begun = depacketizer
        .depacketize(&[0x60, 2, 0x30, 2, 0x30, 3], &mut out)
        .unwrap();
    assert_eq!(begun.incomplete, 2);
    let whole = [0x32, 1, 1, 0x32, 1, 2];
    assert_eq!(out, [&whole[..], &[0x30, 3]].concat());
    // The fragment ends well, but the element behind it is broken.
    assert!(
        depacketizer
            .depacketize(&[0xa0, 1, 4, 0x32, 9, 9], &mut out)
            .is_err()
    );
    assert_eq!(out, whole);
    assert!(
        depacketizer.depacketize(&[0x90, 4], &mut out).is_err(),
        "its beginning is gone"
    );
    assert_eq!(out, whole);
    depacketizer.depacketize(&[0x50, 0x30, 5], &mut out).unwrap();
    depacketizer.depacketize(&[0x10, 0x30, 6], &mut out).unwrap();
    assert_eq!(
        out,
        [&whole[..], &[0x32, 1, 6]].concat(),
        "the OBU without end is gone"
    );
}

#[test]
fn says_what_begins_and_what_is_a_key() {
    let depacketizer = Depacketizer::new();
    for (payload, start, key) in [
        (&[0x18, 0x30, 0x30][..], true, Some(true)), // N
        (&[0x20, 1, 0x08, 0x30, 0x30], true, Some(true)),
        (&[0x10, 0x30, 0x10], true, Some(true)),
        (&[0x10, 0x30, 0x30], true, Some(false)),
        (&[0x10, 0x34, 0x00, 0x30], true, Some(false)),
        (&[0x10, 0x32, 5, 0x10], true, Some(true)),
        (&[0x10, 0x30, 0x90], true, None), // shows an earlier frame
        (&[0x10, 0x20, 0x10], false, None),
        (&[0x90, 0x30, 0x10], false, None),
        (&[0xa0, 1, 0x30, 0x30, 0x10], false, Some(true)),
        (&[], false, None),
    ] {
        assert_eq!(depacketizer.is_frame_start(payload), start, "{payload:x?}");
        assert_eq!(depacketizer.is_key_frame(payload), key, "{payload:x?}");
    }
}

#[test]
fn reads_layers() {
    let frame = obu(ObuType::FRAME, Some((5, 2)), &[1]);
    let read = ObuRef::decode(&frame).unwrap();
    assert_eq!((read.temporal_id(), read.spatial_id()), (Some(5), Some(2)));
    assert_eq!(read.payload, [1]);
}
