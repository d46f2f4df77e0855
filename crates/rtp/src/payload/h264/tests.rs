//! The structures of RFC 6184 §5.6 to §5.8, and what is sent in both modes.

use super::super::{Depacketizer as _, Packetizer as _, Payloads};
use super::*;

/// The NAL units with start codes.
fn frame(units: &[&[u8]]) -> Vec<u8> {
    units
        .iter()
        .flat_map(|unit| [&[0, 0, 0, 1][..], unit].concat())
        .collect()
}

fn depacketized(payloads: &[&[u8]]) -> Result<Vec<u8>, DecodeError> {
    let (mut depacketizer, mut out) = (Depacketizer::new(), Vec::new());
    for payload in payloads {
        depacketizer.depacketize(payload, &mut out)?;
    }
    Ok(out)
}

const AGGREGATES: [(&[u8], Aggregation); 4] = [
    // Figures 7, 8, 12 and 13.
    (&[0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3], Aggregation::StapA),
    (
        &[0x79, 0xff, 0xff, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3],
        Aggregation::StapB,
    ),
    (
        &[
            0x7a, 0xff, 0xff, 0, 3, 0, 0, 0, 0x67, 1, 2, 0, 2, 1, 0x12, 0x34, 0x68, 3,
        ],
        Aggregation::Mtap16,
    ),
    (
        &[
            0x7b, 0xff, 0xff, 0, 3, 0, 0, 0, 0, 0x67, 1, 2, 0, 2, 1, 0x01, 0x12, 0x34, 0x68, 3,
        ],
        Aggregation::Mtap24,
    ),
];

#[test]
fn reads_every_aggregation_packet() {
    for (payload, aggregation) in AGGREGATES {
        let PayloadRef::Aggregate(aggregate) = PayloadRef::decode(payload).unwrap() else {
            panic!("{payload:?}");
        };
        assert_eq!(aggregate.aggregation(), aggregation);
        let units: Vec<_> = aggregate.units().collect();
        assert_eq!(
            (units[0].data, units[1].data),
            (&[0x67, 1, 2][..], &[0x68, 3][..])
        );
        let has_order = aggregation != Aggregation::StapA;
        assert_eq!(units[0].decoding_order, has_order.then_some(0xffff));
        assert_eq!(units[1].decoding_order, has_order.then_some(0));
        let offset = match aggregation {
            Aggregation::StapA | Aggregation::StapB => 0,
            Aggregation::Mtap16 => 0x1234,
            Aggregation::Mtap24 => 0x01_1234,
        };
        assert_eq!(
            [units[0].timestamp_offset, units[1].timestamp_offset],
            [0, offset]
        );
        let expected = frame(&[&[0x67, 1, 2], &[0x68, 3]]);
        assert_eq!(depacketized(&[payload]), Ok(expected));
    }
}

#[test]
fn a_cut_aggregation_packet_adds_nothing() {
    for (payload, aggregation) in AGGREGATES {
        let head = if aggregation == Aggregation::StapA { 1 } else { 3 };
        let each = match aggregation {
            Aggregation::StapA | Aggregation::StapB => 2,
            Aggregation::Mtap16 => 5,
            Aggregation::Mtap24 => 6,
        };
        let whole = [head, head + each + 3, payload.len()];
        for len in 0..=payload.len() {
            let (mut depacketizer, mut out) = (Depacketizer::new(), vec![7]);
            let result = depacketizer.depacketize(&payload[..len], &mut out);
            assert_eq!(result.is_ok(), whole.contains(&len), "{len} of {payload:?}");
            assert!(result.is_ok() || out == [7]);
        }
    }
}

#[test]
fn leaves_out_what_must_not_be_in_an_aggregate() {
    // An empty unit, a STAP-A in a STAP-A, a reserved type.
    let payload = [24, 0, 0, 0, 3, 24, 0, 0, 0, 1, 0x41, 0, 1, 31];
    assert_eq!(depacketized(&[&payload]), Ok(frame(&[&[0x41]])));
}

#[test]
fn joins_fragments_of_both_kinds() {
    let whole = frame(&[&[0x65, 1, 2, 3, 4]]);
    let (start, middle, end) = ([0x7c, 0x85, 1, 2], [0x7c, 0x05, 3], [0x7c, 0x65, 4]);
    assert_eq!(
        depacketized(&[&start, &middle, &end]),
        Ok(whole.clone()),
        "R is ignored"
    );
    let start = [0x7d, 0x85, 0xab, 0xcd, 1, 2];
    let PayloadRef::Fragment(fragment) = PayloadRef::decode(&start).unwrap() else {
        panic!();
    };
    assert_eq!((fragment.header, fragment.decoding_order), (0x65, Some(0xabcd)));
    assert_eq!(
        depacketized(&[&start, &[0x7c, 0x05], &middle, &end]),
        Ok(whole.clone())
    );
    // Start and end in one must not be, but is clear.
    assert_eq!(depacketized(&[&[0x7c, 0xc5, 1, 2, 3, 4]]), Ok(whole));
}

#[test]
fn a_fragment_without_beginning_is_an_error() {
    let (middle, end) = ([0x7c, 0x05, 3], [0x7c, 0x45, 4]);
    assert!(depacketized(&[&middle]).is_err());
    assert!(depacketized(&[&end]).is_err());
    assert!(depacketized(&[&[0x7c, 0x85, 1], &end, &end]).is_err());
    let (mut depacketizer, mut out) = (Depacketizer::new(), Vec::new());
    let begun = depacketizer.depacketize(&[0x7c, 0x85, 1], &mut out).unwrap();
    assert_eq!((begun.incomplete, begun.key_frame), (6, Some(true)));
    depacketizer.reset();
    out.clear();
    assert!(depacketizer.depacketize(&end, &mut out).is_err());
    assert_eq!(out, []);
    for broken in [&[0x7c][..], &[0x7c, 0x80], &[0x7c, 0x9c], &[0x7d, 0x85, 1], &[]] {
        assert!(PayloadRef::decode(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn a_unit_that_stays_incomplete_is_removed() {
    let payloads: [&[u8]; 3] = [&[0x41, 9], &[0x7c, 0x85, 1], &[0x41, 8]];
    assert_eq!(depacketized(&payloads), Ok(frame(&[&[0x41, 9], &[0x41, 8]])));
}

#[test]
fn says_what_begins_and_what_is_a_key() {
    let depacketizer = Depacketizer::new();
    for (payload, start, key) in [
        (&[0x67, 1][..], true, Some(true)),
        (&[0x68, 1], true, None),
        (&[0x09, 1], true, None),
        (&[0x65, 0x80], true, Some(true)),
        (&[0x65, 0x40], false, Some(true)),
        (&[0x41, 0x80], true, Some(false)),
        (&[0x41, 0x40], false, Some(false)),
        (&[0x41], false, Some(false)),
        (&[0x7c, 0x85, 0x80], true, Some(true)),
        (&[0x7c, 0x05, 0x80], false, Some(true)),
        (&[0x7c, 0x81, 0x40], false, Some(false)),
        (&[24, 0, 1, 0x68, 0, 2, 0x65, 0x80], true, Some(true)),
        (&[24, 0, 2, 0x06, 1, 0, 2, 0x41, 0x80], true, Some(false)),
        (&[24, 0, 2, 0x41, 0x40], false, Some(false)),
        (&[0x1e, 1], false, None),
        (&[], false, None),
    ] {
        assert_eq!(depacketizer.is_frame_start(payload), start, "{payload:x?}");
        assert_eq!(depacketizer.is_key_frame(payload), key, "{payload:x?}");
        assert!(depacketizer.is_frame_end(true, payload));
    }
}

fn packetized(packetizer: &mut Packetizer, units: &[&[u8]], mtu: usize) -> Vec<Vec<u8>> {
    let mut payloads = Payloads::new();
    packetizer.packetize(&frame(units), mtu, &mut payloads);
    payloads.iter().map(<[u8]>::to_vec).collect()
}

#[test]
fn small_units_travel_together() {
    let mut packetizer = Packetizer::default();
    let units: [&[u8]; 3] = [&[0x27, 1, 2], &[0x68, 3], &[0x05, 4]];
    // The highest NRI of the three, and type 24.
    let stap = [0x78, 0, 3, 0x27, 1, 2, 0, 2, 0x68, 3, 0, 2, 0x05, 4];
    assert_eq!(packetized(&mut packetizer, &units, stap.len()), [stap.to_vec()]);
    let split = packetized(&mut packetizer, &units, stap.len() - 1);
    assert_eq!(split, [stap[..10].to_vec(), vec![0x05, 4]]);
    assert_eq!(packetized(&mut packetizer, &units, 3), units);
    let reserved: [&[u8]; 3] = [&[0x00, 1], &[0x7e, 1], &[0x41, 1]];
    assert_eq!(packetized(&mut packetizer, &reserved, 100), [[0x41, 1]]);
}

#[test]
fn large_units_travel_in_fragments_of_equal_size() {
    let unit: Vec<u8> = [0x61].into_iter().chain((1..=20).collect::<Vec<_>>()).collect();
    let mut packetizer = Packetizer::default();
    let payloads = packetized(&mut packetizer, &[&unit], 10);
    assert_eq!(payloads.iter().map(Vec::len).collect::<Vec<_>>(), [9, 9, 8]);
    let heads: Vec<_> = payloads.iter().map(|payload| [payload[0], payload[1]]).collect();
    assert_eq!(heads, [[0x7c, 0x81], [0x7c, 0x01], [0x7c, 0x41]]);
    assert_eq!(
        packetized(&mut packetizer, &[&unit], unit.len())[..],
        *std::slice::from_ref(&unit)
    );
    assert_eq!(packetized(&mut packetizer, &[&unit], 3).len(), 20);
    assert!(packetized(&mut packetizer, &[&unit], 2).is_empty());
}

#[test]
fn mode_0_neither_joins_nor_cuts() {
    let mut packetizer = Packetizer::new(Config::with_mode(PacketizationMode::SingleNalUnit));
    let units: [&[u8]; 3] = [&[0x67, 1, 2], &[0x68, 3], &[0x65, 4, 5, 6]];
    assert_eq!(packetized(&mut packetizer, &units, 4), units);
    assert!(packetized(&mut packetizer, &units, 3).is_empty());
}

#[test]
fn parameter_sets_are_repeated_before_a_bare_idr_picture() {
    let mut packetizer = Packetizer::default();
    let (sps, pps): (&[u8], &[u8]) = (&[0x67, 1], &[0x68, 2]);
    let (idr, slice): (&[u8], &[u8]) = (&[0x65, 0x88], &[0x41, 0x9a]);
    assert_eq!(packetized(&mut packetizer, &[idr], 100), [idr]);
    packetized(&mut packetizer, &[sps, pps, idr], 100);
    assert_eq!(packetized(&mut packetizer, &[slice], 100), [slice]);
    let with_sets = [&[0x78, 0, 2][..], sps, &[0, 2], pps, &[0, 2], idr].concat();
    assert_eq!(packetized(&mut packetizer, &[idr], 100)[0], with_sets);
    assert_eq!(packetized(&mut packetizer, &[sps, pps, idr], 100), [with_sets]);
    let mut bare = Packetizer::new(Config {
        repeat_parameter_sets: false,
        ..Config::default()
    });
    packetized(&mut bare, &[sps, pps, idr], 100);
    assert_eq!(packetized(&mut bare, &[idr], 100), [idr]);
}

#[test]
fn one_frame_is_cut_in_one_mode_after_the_other() {
    let (sets, picture) = ([&[0x67, 1, 2][..], &[0x68, 3]], &[0x65, 0x88, 1][..]);
    let whole = frame(&[sets[0], sets[1], picture]);
    let mut packetizer = Packetizer::default();
    let mut payloads = Payloads::new();
    let mut lens = |frame: &[u8], mode| {
        packetizer.set_mode(mode);
        packetizer.packetize(frame, 1200, &mut payloads);
        payloads.iter().map(<[u8]>::len).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        assert_eq!(lens(&whole, PacketizationMode::SingleNalUnit), [3, 2, 3]);
        assert_eq!(
            lens(&whole, PacketizationMode::NonInterleaved),
            [1 + 2 + 3 + 2 + 2 + 2 + 3]
        );
    }
    // Parameter sets are repeated in either.
    assert_eq!(
        lens(&frame(&[picture]), PacketizationMode::NonInterleaved).len(),
        1
    );
    assert_eq!(
        lens(&frame(&[picture]), PacketizationMode::SingleNalUnit),
        [3, 2, 3]
    );
}
