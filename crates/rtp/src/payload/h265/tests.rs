//! The structures of RFC 7798 §4.4, with and without decoding order numbers.

use super::super::{Depacketizer as _, Packetizer as _, Payloads};
use super::*;

/// The NAL units with start codes.
fn frame(units: &[&[u8]]) -> Vec<u8> {
    units
        .iter()
        .flat_map(|unit| [&[0, 0, 0, 1][..], unit].concat())
        .collect()
}

fn join(mut depacketizer: Depacketizer, payloads: &[&[u8]]) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::new();
    for payload in payloads {
        depacketizer.depacketize(payload, &mut out)?;
    }
    Ok(out)
}

const VPS: [u8; 3] = [0x40, 0x01, 0x0c];
const SPS: [u8; 3] = [0x42, 0x01, 0x01];
const IDR: [u8; 4] = [0x26, 0x01, 0xaf, 0x08];

#[test]
fn headers_round_trip() {
    let header = NalHeader([0xa7, 0x8b]);
    assert!(header.is_forbidden());
    assert_eq!(
        (
            header.nal_type().0,
            header.layer_id(),
            header.temporal_id_plus_1()
        ),
        (19, 49, 3)
    );
    assert_eq!(header.with_type(NalType::FU).0, [0xe3, 0x8b]);
    assert_eq!(
        header.with_type(NalType::FU).with_type(NalType::IDR_W_RADL),
        header
    );
}

#[test]
fn reads_aggregation_packets() {
    // Figure 7, and figure 8 with DONL 0xffff and DOND 2.
    let plain = [&[0x60, 0x01, 0, 3][..], &VPS, &[0, 3], &SPS].concat();
    let ordered = [&[0x60, 0x01, 0xff, 0xff, 0, 3][..], &VPS, &[2, 0, 3], &SPS].concat();
    let expected = frame(&[&VPS, &SPS]);
    assert_eq!(join(Depacketizer::new(), &[&plain]), Ok(expected.clone()));
    assert_eq!(
        join(Depacketizer::with_decoding_order(), &[&ordered]),
        Ok(expected)
    );
    let Structure::Aggregate(aggregate) = PayloadRef::decode(&ordered, true).unwrap().structure else {
        panic!();
    };
    let orders: Vec<_> = aggregate.units().map(|unit| unit.decoding_order).collect();
    assert_eq!(orders, [Some(0xffff), Some(2)]);
    for (payload, has_order, whole) in [(&plain, false, [2, 7, 12]), (&ordered, true, [2, 9, 15])] {
        for len in 0..=payload.len() {
            let is_whole = PayloadRef::decode(&payload[..len], has_order).is_ok();
            assert_eq!(is_whole, whole.contains(&len), "{len} {has_order}");
        }
    }
    // A unit that is too short, a nested packet.
    let odd = [&[0x60, 0x01, 0, 1, 9, 0, 2, 0x60, 0x01, 0, 3][..], &VPS].concat();
    assert_eq!(join(Depacketizer::new(), &[&odd]), Ok(frame(&[&VPS])));
}

#[test]
fn joins_fragments() {
    let payloads: [&[u8]; 3] = [
        &[0x62, 0x01, 0x93, 0xaf],
        &[0x62, 0x01, 0x13, 7],
        &[0x62, 0x01, 0x53, 8],
    ];
    let whole = frame(&[&[0x26, 0x01, 0xaf, 7, 8]]);
    assert_eq!(join(Depacketizer::new(), &payloads), Ok(whole.clone()));
    assert!(join(Depacketizer::new(), &payloads[1..]).is_err());
    let start = [0x62, 0x01, 0x93, 0x12, 0x34, 0xaf];
    let ordered = [&start[..], payloads[1], payloads[2]];
    assert_eq!(join(Depacketizer::with_decoding_order(), &ordered), Ok(whole));
    for broken in [
        &[0x62, 0x01][..],
        &[0x62],
        &[],
        &[0x62, 0x01, 0xb0, 1],
        &[0x62, 0x01, 0xb2, 1],
    ] {
        assert!(PayloadRef::decode(broken, false).is_err(), "{broken:x?}");
    }
}

#[test]
fn single_units_may_have_an_order() {
    let payload = [0x26, 0x01, 0x12, 0x34, 0xaf, 0x08];
    assert_eq!(
        join(Depacketizer::with_decoding_order(), &[&payload]),
        Ok(frame(&[&IDR]))
    );
    assert!(PayloadRef::decode(&payload[..3], true).is_err());
}

#[test]
fn control_information_goes_around_every_structure() {
    let scalability = TemporalScalability {
        tl0_picture_index: 200,
        irap_picture_id: 3,
        start: true,
        end: false,
    };
    let aggregate = [&[0x60, 0x01, 0, 3][..], &VPS, &[0, 3], &SPS].concat();
    let fragments = [[0x62, 0x01, 0x93, 0xaf], [0x62, 0x01, 0x53, 0x08]];
    let cases: [(&[&[u8]], Vec<u8>); 3] = [
        (&[&IDR], frame(&[&IDR])),
        (&[&aggregate], frame(&[&VPS, &SPS])),
        (&[&fragments[0], &fragments[1]], frame(&[&IDR])),
    ];
    for (payloads, expected) in cases {
        let wrapped: Vec<_> = payloads
            .iter()
            .map(|payload| {
                let mut out = Vec::new();
                assert!(wrap(scalability, payload, &mut out));
                assert_eq!(out.len(), payload.len() + 5);
                assert!(!wrap(scalability, &out, &mut Vec::new()), "not twice");
                for len in 0..7 {
                    assert!(PayloadRef::decode(&out[..len], false).is_err());
                }
                let read = PayloadRef::decode(&out, false).unwrap().control.unwrap();
                assert_eq!(read.temporal_scalability(), Some(scalability));
                out
            })
            .collect();
        let wrapped: Vec<_> = wrapped.iter().map(Vec::as_slice).collect();
        assert_eq!(join(Depacketizer::new(), &wrapped), Ok(expected));
    }
}

#[test]
fn skips_control_information_it_does_not_know() {
    // Figure 11: PHSsize 4, F1, F2 and Y; then a forbidden bit in A.
    let payload = [0x64, 0x01, 0xa6, 0x47, 9, 9, 9, 9, 0xaf, 0x08];
    let read = PayloadRef::decode(&payload, false).unwrap();
    assert_eq!(read.control.unwrap().temporal_scalability(), None);
    assert_eq!(read.control.unwrap().extension(), [9; 4]);
    assert_eq!(
        join(Depacketizer::new(), &[&payload]),
        Ok(frame(&[&[0xa6, 0x01, 0xaf, 0x08]]))
    );
    assert!(
        PayloadRef::decode(&[0x64, 0x01, 0x64, 0x00, 0xaf], false).is_err(),
        "in itself"
    );
}

#[test]
fn says_what_begins_and_what_is_a_key() {
    let depacketizer = Depacketizer::new();
    for (payload, start, key) in [
        (&VPS[..], true, Some(true)),
        (&[0x44, 0x01, 1], true, None),
        (&[0x46, 0x01, 1], true, None),
        (&[0x50, 0x01, 1], false, None),
        (&IDR, true, Some(true)),
        (&[0x2a, 0x01, 0x2f], false, Some(true)),
        (&[0x02, 0x01, 0x80], true, Some(false)),
        (&[0x02, 0x01, 0x40], false, Some(false)),
        (&[0x62, 0x01, 0x93, 0x80], true, Some(true)),
        (&[0x62, 0x01, 0x13, 0x80], false, Some(true)),
        (
            &[0x60, 0x01, 0, 3, 0x44, 1, 1, 0, 3, 0x26, 1, 0x80],
            true,
            Some(true),
        ),
        (&[0x7e, 0x01], false, None),
        (&[], false, None),
    ] {
        assert_eq!(depacketizer.is_frame_start(payload), start, "{payload:x?}");
        assert_eq!(depacketizer.is_key_frame(payload), key, "{payload:x?}");
    }
}

fn packetized(packetizer: &mut Packetizer, units: &[&[u8]], mtu: usize) -> Vec<Vec<u8>> {
    let mut payloads = Payloads::new();
    packetizer.packetize(&frame(units), mtu, &mut payloads);
    payloads.iter().map(<[u8]>::to_vec).collect()
}

#[test]
fn small_units_travel_together_and_large_ones_in_fragments() {
    let mut packetizer = Packetizer::default();
    let large: Vec<u8> = [0x26, 0x0a].into_iter().chain(1..=20).collect();
    let payloads = packetized(&mut packetizer, &[&VPS, &SPS, &large], 13);
    let aggregate = [&[0x60, 0x01, 0, 3][..], &VPS, &[0, 3], &SPS].concat();
    assert_eq!(payloads[0], aggregate);
    assert_eq!(payloads[1][..4], [0x62, 0x0a, 0x93, 1]);
    assert_eq!(payloads[2][..3], [0x62, 0x0a, 0x53]);
    assert_eq!(payloads.len(), 3);
    assert!(packetized(&mut packetizer, &[&large], 3).is_empty());
    assert_eq!(
        packetized(&mut packetizer, &[&[0x02], &[0x62, 1, 1], &SPS], 99),
        [SPS.to_vec()]
    );
}

#[test]
fn parameter_sets_are_repeated_before_a_bare_key_frame() {
    let mut packetizer = Packetizer::default();
    let with_sets = packetized(&mut packetizer, &[&VPS, &SPS, &IDR], 100);
    assert_eq!(packetized(&mut packetizer, &[&IDR], 100), with_sets);
    let slice = [0x02, 0x01, 0xd0];
    assert_eq!(packetized(&mut packetizer, &[&slice], 100), [slice]);
}
