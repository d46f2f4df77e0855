//! What is pushed is read again, within the size.

use super::*;
use crate::{PacketRef, packets};
use proptest::prelude::*;

const NOW: NtpTime = NtpTime(0xe8fe_6f80_8000_0000);

type Told = (u32, u16, PacketMetric);

fn read(datagrams: &[Vec<u8>]) -> Vec<Told> {
    let mut all = Vec::new();
    for datagram in datagrams {
        let Some(Ok(PacketRef::CongestionControlFeedback(feedback))) = packets(datagram).next() else {
            panic!("no feedback: {datagram:?}");
        };
        assert_eq!(feedback.report_timestamp, NOW.compact());
        for stream in feedback.streams {
            assert!(stream.metrics.len() <= StreamFeedback::MAX_METRICS);
            all.extend(
                stream
                    .packets()
                    .map(|(number, metric)| (stream.ssrc, number, metric)),
            );
        }
    }
    all
}

fn write(builder: &mut CongestionControlFeedbackBuilder, arrivals: &[(u32, u16)]) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    let mut datagram = Vec::new();
    for (ssrc, number) in arrivals {
        if !builder.push(*ssrc, *number, Ecn::Ect1, Duration::from_secs(1)) {
            assert!(builder.finish(NOW, &mut datagram));
            datagrams.push(std::mem::take(&mut datagram));
            assert!(builder.push(*ssrc, *number, Ecn::Ect1, Duration::from_secs(1)));
        }
    }
    if builder.finish(NOW, &mut datagram) {
        datagrams.push(datagram);
    }
    datagrams
}

const SECOND: PacketMetric = PacketMetric::Received {
    ecn: Ecn::Ect1,
    offset: ArrivalOffset(1_024),
};

#[test]
fn streams_have_blocks_of_their_own() {
    let mut builder = CongestionControlFeedbackBuilder::new(1, 1_200);
    builder.begin_at(7, 65_535);
    let datagrams = write(&mut builder, &[(7, 0), (7, 1), (8, 5), (8, 7), (9, 1)]);
    assert_eq!(datagrams.len(), 1);
    // 7 has three metrics and a filler, 8 the same, 9 one and a filler.
    assert_eq!(datagrams[0].len(), 12 + 3 * 8 + 8 + 8 + 4);
    let lost = PacketMetric::NotReceived;
    assert_eq!(
        read(&datagrams),
        [
            (7, 65_535, lost),
            (7, 0, SECOND),
            (7, 1, SECOND),
            (8, 5, SECOND),
            (8, 6, lost),
            (8, 7, SECOND),
            (9, 1, SECOND),
        ]
    );
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut builder = CongestionControlFeedbackBuilder::new(1, 40);
    assert!(builder.push(7, 5, Ecn::Ect1, Duration::from_secs(1)));
    assert!(!builder.push(7, 5, Ecn::Ect1, Duration::ZERO), "the same again");
    assert!(!builder.push(7, 4, Ecn::Ect1, Duration::ZERO), "an earlier one");
    assert!(
        !builder.push(7, 16, Ecn::Ect1, Duration::ZERO),
        "more than 10 metrics"
    );
    assert!(!builder.push(8, 10, Ecn::Ect1, Duration::ZERO) || builder.body.len() <= 28);
    assert_eq!(read(&write(&mut builder, &[]))[0], (7, 5, SECOND));
}

#[test]
fn of_a_gap_that_is_too_long_the_end_is_told() {
    let mut builder = CongestionControlFeedbackBuilder::new(1, 40);
    builder.begin_at(7, 100);
    let told = read(&write(&mut builder, &[(7, 1_000)]));
    assert_eq!(told.len(), 10);
    assert_eq!((told[0].1, told[9]), (991, (7, 1_000, SECOND)));

    let mut builder = CongestionControlFeedbackBuilder::new(1, usize::MAX);
    builder.begin_at(7, 0);
    assert_eq!(read(&write(&mut builder, &[(7, 32_767)])).len(), 16_384);
}

#[test]
fn a_stream_has_at_most_16384_metrics() {
    let mut builder = CongestionControlFeedbackBuilder::new(1, usize::MAX);
    let arrivals: Vec<_> = (0..20_000).map(|number| (7, number)).collect();
    let datagrams = write(&mut builder, &arrivals);
    assert_eq!(datagrams.len(), 2);
    assert_eq!(datagrams[0].len(), 12 + 8 + 16_384 * 2);
    assert_eq!(read(&datagrams).len(), 20_000);
}

#[test]
fn offsets_are_rounded_down_and_bounded() {
    for (age, expected) in [
        (Duration::ZERO, ArrivalOffset(0)),
        (Duration::from_nanos(976_562), ArrivalOffset(0)),
        (Duration::from_nanos(976_563), ArrivalOffset(1)),
        // RFC 8888 §3.1: 8189/1024 s is the last that can be said.
        (
            Duration::from_nanos(8_189_u64 * 1_000_000_000 / 1_024 + 1),
            ArrivalOffset(8_189),
        ),
        (
            Duration::from_nanos(8_190_u64 * 1_000_000_000 / 1_024 + 1),
            ArrivalOffset::OVER_RANGE,
        ),
        (Duration::MAX, ArrivalOffset::OVER_RANGE),
    ] {
        assert_eq!(ArrivalOffset::from_duration(age), expected, "{age:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrivals_survive(
        runs in prop::collection::vec((1_u32..5, any::<u16>(), prop::collection::vec(1_u16..5, 1..40)), 0..6),
        max_len in 0_usize..300,
    ) {
        let mut arrivals = Vec::new();
        for (ssrc, first, gaps) in runs {
            let mut number = first;
            for gap in gaps {
                number = number.wrapping_add(gap);
                arrivals.push((ssrc, number));
            }
        }
        let mut builder = CongestionControlFeedbackBuilder::new(1, max_len);
        let datagrams = write(&mut builder, &arrivals);
        prop_assert!(datagrams.iter().all(|it| it.len() <= max_len.max(MIN_LEN) && it.len() % 4 == 0));
        let received: Vec<_> = read(&datagrams)
            .into_iter()
            .filter(|it| it.2 != PacketMetric::NotReceived)
            .map(|(ssrc, number, _)| (ssrc, number))
            .collect();
        prop_assert_eq!(received, arrivals);
    }
}
