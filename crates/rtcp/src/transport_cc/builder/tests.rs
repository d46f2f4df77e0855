//! What is pushed is read again, within the size.

use super::*;
use crate::{Arrival, PacketRef, packets};
use proptest::prelude::*;

/// Everything that was told of, packet by packet, and the greatest length.
fn read(datagrams: &[Vec<u8>]) -> Vec<(u16, Arrival)> {
    let mut all = Vec::new();
    for datagram in datagrams {
        let Some(Ok(PacketRef::TransportFeedback(feedback))) = packets(datagram).next() else {
            panic!("no feedback: {datagram:?}");
        };
        let told: Vec<_> = feedback
            .packets()
            .map(|it| (it.sequence_number, it.arrival))
            .collect();
        assert_eq!(told.len(), usize::from(feedback.status_count));
        all.extend(told);
    }
    all
}

fn write(builder: &mut TransportFeedbackBuilder, arrivals: &[(u16, i64)]) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    let mut datagram = Vec::new();
    for (number, time) in arrivals {
        if !builder.push(*number, TransportTime(*time)) {
            assert!(builder.finish(&mut datagram));
            datagrams.push(std::mem::take(&mut datagram));
            assert!(builder.push(*number, TransportTime(*time)));
        }
    }
    if builder.finish(&mut datagram) {
        datagrams.push(datagram);
    }
    datagrams
}

#[test]
fn chunks_are_as_short_as_they_can_be() {
    let run = |symbol, length| StatusChunk::Run { symbol, length };
    let (small, lost) = (Symbol::SmallDelta, Symbol::NotReceived);
    // Arrivals as steps to the one before, 0 for a loss; and the chunks.
    for (steps, expected) in [
        (vec![1; 30], vec![run(small, 30)]),
        (
            vec![1, 0, 1, 1],
            vec![StatusChunk::TwoBit(0b01_00_01_01_00_00_00)],
        ),
        (
            vec![1, 0, 1, 1, 1, 1, 1, 1, 0, 1],
            vec![StatusChunk::OneBit(0b10_1111_1101_0000)],
        ),
        (vec![1, 300, 1], vec![StatusChunk::TwoBit(0b01_10_01_00_00_00_00)]),
        (
            // The large one splits what would have been one vector.
            vec![1, 0, 1, 1, 1, 1, 1, 1, 1, 300],
            vec![
                StatusChunk::TwoBit(0b01_00_01_01_01_01_01),
                StatusChunk::TwoBit(0b01_01_10_00_00_00_00),
            ],
        ),
        (
            [vec![1; 20], vec![0; 20], vec![1]].concat(),
            vec![run(small, 20), run(lost, 20), run(small, 1)],
        ),
    ] {
        let mut builder = TransportFeedbackBuilder::new(1, 2, 1_200);
        let mut time = 0;
        for (number, step) in (0..).zip(&steps) {
            time += step;
            if *step > 0 {
                assert!(builder.push(number, TransportTime(time)));
            }
        }
        let mut out = Vec::new();
        builder.finish(&mut out);
        let Some(Ok(PacketRef::TransportFeedback(feedback))) = packets(&out).next() else {
            panic!()
        };
        assert_eq!(feedback.chunks.iter().collect::<Vec<_>>(), expected, "{steps:?}");
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut builder = TransportFeedbackBuilder::new(1, 2, 1_200);
    assert!(builder.push(10, TransportTime(0)));
    assert!(!builder.push(10, TransportTime(1)), "the same again");
    assert!(!builder.push(9, TransportTime(1)), "an earlier one");
    assert!(!builder.push(11, TransportTime(32_768)), "more than 8.19 s later");
    assert!(
        !builder.push(11, TransportTime(-32_769)),
        "more than 8.19 s earlier"
    );
    assert!(builder.push(11, TransportTime(32_767)));
    assert!(builder.push(12, TransportTime(-1)));
    let mut out = Vec::new();
    assert!(builder.finish(&mut out));
    assert!(!builder.finish(&mut out), "nothing was pushed");
    let at = |number, time| (number, Arrival::At(TransportTime(time)));
    assert_eq!(read(&[out]), [at(10, 0), at(11, 32_767), at(12, -1)]);
}

#[test]
fn packets_follow_each_other_without_a_hole() {
    let mut builder = TransportFeedbackBuilder::new(1, 2, 1_200);
    builder.begin_at(65_534);
    let mut counts = Vec::new();
    let mut bases = Vec::new();
    // The third came late: it is told of alone, and the fourth goes on where the second ended.
    for number in [65_535_u16, 3, 1, 5] {
        let mut out = Vec::new();
        assert!(builder.push(number, TransportTime(4)));
        assert!(builder.finish(&mut out));
        let Some(Ok(PacketRef::TransportFeedback(feedback))) = packets(&out).next() else {
            panic!()
        };
        counts.push((feedback.feedback_count, feedback.status_count));
        bases.push(feedback.base_sequence_number);
    }
    assert_eq!(bases, [65_534, 0, 1, 4]);
    assert_eq!(counts, [(0, 2), (1, 4), (2, 1), (3, 2)]);
}

#[test]
fn the_widest_gap_fits_the_smallest_packet() {
    let mut builder = TransportFeedbackBuilder::new(1, 2, 0);
    builder.begin_at(0);
    assert!(builder.push(32_767, TransportTime(1 << 40)));
    let mut out = Vec::new();
    builder.finish(&mut out);
    assert!(out.len() <= MIN_LEN, "{}", out.len());
    let told = read(&[out]);
    assert_eq!(told.len(), 32_768);
    // 24 bits of 64 ms are left of the time.
    assert_eq!(told[32_767].1, Arrival::At(TransportTime(0)));
}

#[test]
fn times_wrap_with_the_reference() {
    for time in [0, 255, 256, (1 << 31) - 1, 1 << 31, (1 << 32) + 7, -1, -300] {
        let mut builder = TransportFeedbackBuilder::new(1, 2, 100);
        assert!(builder.push(1, TransportTime(time)));
        let mut out = Vec::new();
        builder.finish(&mut out);
        let [(1, Arrival::At(told))] = read(&[out])[..] else {
            panic!()
        };
        assert_eq!(told.wrapping_since(TransportTime(time)), 0, "{time}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrivals_survive(
        first: u16,
        start in 0_i64..1 << 30,
        packets in prop::collection::vec((1_u16..4, -300_i64..600), 1..300),
        wide in prop::collection::vec((1_u16..9_000, -40_000_i64..40_000), 0..4),
        max_len in 0_usize..300,
    ) {
        let (mut number, mut time) = (first, start);
        let mut arrivals = Vec::new();
        for (gap, delta) in packets.into_iter().chain(wide) {
            number = number.wrapping_add(gap);
            time += delta;
            arrivals.push((number, time));
        }
        let mut builder = TransportFeedbackBuilder::new(1, 2, max_len);
        let datagrams = write(&mut builder, &arrivals);
        for datagram in &datagrams {
            prop_assert!(datagram.len() <= max_len.max(MIN_LEN));
            prop_assert_eq!(datagram.len() % 4, 0);
        }
        let told = read(&datagrams);
        // Every number between the first and the last is told of, in order.
        let span = number.wrapping_sub(arrivals[0].0);
        prop_assert!(told.iter().map(|it| it.0).eq((0..=span).map(|it| arrivals[0].0.wrapping_add(it))));
        let received: Vec<_> = told
            .iter()
            .filter_map(|(number, arrival)| if let Arrival::At(time) = arrival { Some((*number, *time)) } else { None })
            .collect();
        prop_assert_eq!(received.len(), arrivals.len());
        for ((number, time), (told, at)) in arrivals.iter().zip(received) {
            prop_assert_eq!(*number, told);
            prop_assert_eq!(at.wrapping_since(TransportTime(*time)), 0);
        }
    }

    #[test]
    fn any_order_is_taken(arrivals in prop::collection::vec((any::<u16>(), any::<i64>()), 0..60), max_len in 0_usize..200) {
        let mut builder = TransportFeedbackBuilder::new(1, 2, max_len);
        let datagrams = write(&mut builder, &arrivals);
        let told = read(&datagrams);
        prop_assert_eq!(told.iter().filter(|it| it.1 != Arrival::NotReceived).count(), arrivals.len());
        prop_assert!(datagrams.iter().all(|it| it.len() <= max_len.max(MIN_LEN)));
    }
}
