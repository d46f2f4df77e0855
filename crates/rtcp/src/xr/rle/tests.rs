//! Traces survive packing; the wire figures of RFC 3611.

use super::*;
use proptest::prelude::*;

#[test]
fn chunks_are_read_as_the_figures_say() {
    for (bits, chunk) in [
        (0x0000_u16, RleChunk::Null),
        (
            0x0005,
            RleChunk::Run {
                bit: false,
                length: 5,
            },
        ),
        (
            0x7fff,
            RleChunk::Run {
                bit: true,
                length: 0x3fff,
            },
        ),
        (0x8001, RleChunk::Vector(1)),
        (0xffff, RleChunk::Vector(0x7fff)),
    ] {
        assert_eq!(RleChunk::from_wire(bits.to_be_bytes()), chunk);
        assert_eq!(chunk.to_wire(), bits.to_be_bytes());
    }
}

#[test]
fn thinning_skips_all_but_multiples() {
    // RFC 3611 §4.1: with T = 2, 13,821 to 13,865 is about 13,824, 13,828, …, 13,864.
    let chunks = [RleChunk::Vector(0b101_0101_0101_0101)];
    let report = RleReport {
        ssrc: 1,
        thinning: 2,
        begin: 13_821,
        end: 13_866,
        chunks: (&chunks).into(),
    };
    let told: Vec<_> = report.packets().collect();
    assert_eq!(
        (told.len(), told[0], told[10]),
        (11, (13_824, true), (13_864, true))
    );
}

#[test]
fn an_empty_range_and_missing_chunks_end() {
    let chunks = [
        RleChunk::Run { bit: true, length: 9 },
        RleChunk::Null,
        RleChunk::Null,
    ];
    let report = RleReport {
        begin: 5,
        end: 5,
        chunks: (&chunks).into(),
        ..Default::default()
    };
    assert_eq!(report.packets().next(), None);
    let report = RleReport {
        begin: 65_530,
        end: 100,
        chunks: (&chunks).into(),
        ..Default::default()
    };
    assert_eq!(report.packets().last(), Some((2, true)));
}

#[test]
fn runs_are_as_long_as_a_chunk_can_say() {
    let chunks: Vec<_> = rle_chunks((0..40_000).map(|_| true)).collect();
    let run = |length| RleChunk::Run { bit: true, length };
    assert_eq!(chunks, [run(16_383), run(16_383), run(7_234)]);
}

#[test]
fn a_null_chunk_fills_the_word() {
    let chunks = [RleChunk::Vector(1); 3];
    let report = RleReport {
        chunks: (&chunks).into(),
        ..Default::default()
    };
    let mut out = Vec::new();
    report.write(&mut out);
    assert_eq!(out.len(), report.contents_len());
    assert_eq!(out[8..], [0x80, 1, 0x80, 1, 0x80, 1, 0, 0]);
}

proptest! {
    #[test]
    fn traces_survive(runs in prop::collection::vec((any::<bool>(), 1_usize..60), 0..40), begin: u16) {
        let trace: Vec<bool> = runs.iter().flat_map(|(bit, length)| vec![*bit; *length]).collect();
        let chunks: Vec<_> = rle_chunks(trace.iter().copied()).collect();
        let end = begin.wrapping_add(u16::try_from(trace.len()).unwrap());
        let report = RleReport { ssrc: 1, thinning: 0, begin, end, chunks: (&chunks).into() };
        prop_assert!(report.packets().map(|it| it.1).eq(trace));
    }

    #[test]
    fn packing_is_not_longer_than_vectors(trace in prop::collection::vec(any::<bool>(), 1..500)) {
        prop_assert!(rle_chunks(trace.iter().copied()).count() <= trace.len().div_ceil(15) + 1);
    }
}
