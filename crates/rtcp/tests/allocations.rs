//! Reading allocates nothing, and writing only what the buffer lacks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::time::Duration;

use allocations::allocations;
use rtcp::*;

/// One of everything that has a list.
fn write(out: &mut Vec<u8>) {
    let blocks = [ReportBlock::default(); 3];
    let items = [SdesItem::Cname(b"somebody"), SdesItem::Mid(b"0")];
    let items = (&items).into();
    let chunks = [SdesChunk { ssrc: 1, items }];
    let pairs = [NackPair::default(); 2];
    let entries = [FirEntry::default()];
    let mut compound = Compound::new(out);
    compound
        .push(&SenderReport {
            reports: (&blocks).into(),
            ..Default::default()
        })
        .push(&SourceDescription {
            chunks: (&chunks).into(),
        })
        .push(&Nack {
            pairs: (&pairs).into(),
            ..Default::default()
        })
        .push(&FullIntraRequest {
            entries: (&entries).into(),
            ..Default::default()
        })
        .push(&Remb {
            ssrcs: (&[2, 3]).into(),
            ..Default::default()
        });
    push_extended_report(&mut compound);
    compound.pad(16);
}

fn push_extended_report(compound: &mut Compound<'_>) {
    let bits = [RleChunk::Vector(0x7fff), RleChunk::Vector(0)];
    let delays = [ReceiverDelay::default()];
    let rle = RleReport {
        end: 20,
        chunks: (&bits).into(),
        ..Default::default()
    };
    let blocks = [
        XrBlock::LossRle(rle),
        XrBlock::ReceiverReferenceTime(NtpTime(1)),
        XrBlock::Dlrr((&delays).into()),
    ];
    compound.push(&ExtendedReport {
        sender_ssrc: 1,
        blocks: (&blocks).into(),
    });
}

fn feedback(
    transport: &mut TransportFeedbackBuilder,
    congestion: &mut CongestionControlFeedbackBuilder,
    out: &mut Vec<u8>,
) {
    for number in 0..400_u16 {
        if number % 17 == 3 {
            continue;
        }
        let time = TransportTime(i64::from(number) * i64::from(number % 5) * 90);
        if !transport.push(number, time) {
            transport.finish(out);
            assert!(transport.push(number, time));
        }
        if !congestion.push(
            u32::from(number / 100),
            number,
            Ecn::Ect1,
            Duration::from_millis(9),
        ) {
            congestion.finish(NtpTime(0), out);
            assert!(congestion.push(
                u32::from(number / 100),
                number,
                Ecn::Ect1,
                Duration::from_millis(9)
            ));
        }
    }
    transport.finish(out);
    congestion.finish(NtpTime(0), out);
}

/// Everything that can be iterated over, as a number that cannot be optimised away.
fn read(datagram: &[u8]) -> u64 {
    packets(datagram)
        .map(|packet| match packet.unwrap() {
            PacketRef::SenderReport(it) => it.reports.iter().map(|block| u64::from(block.ssrc)).sum(),
            PacketRef::SourceDescription(it) => it.cname(1).unwrap().len() as u64,
            PacketRef::Nack(it) => it.sequence_numbers().map(u64::from).sum(),
            PacketRef::FullIntraRequest(it) => it.entries.iter().map(|entry| u64::from(entry.ssrc)).sum(),
            PacketRef::Remb(it) => it.ssrcs.iter().map(u64::from).sum(),
            PacketRef::TransportFeedback(it) => it.packets().count() as u64,
            PacketRef::CongestionControlFeedback(it) => {
                it.streams.iter().flat_map(|stream| stream.packets()).count() as u64
            }
            PacketRef::ExtendedReport(it) => it.blocks.iter().map(|block| block_sum(&block)).sum(),
            other => panic!("{other:?}"),
        })
        .sum()
}

fn block_sum(block: &XrBlock<'_>) -> u64 {
    match block {
        XrBlock::LossRle(it) => it.packets().count() as u64,
        XrBlock::Dlrr(it) => it.iter().map(|delay| u64::from(delay.delay)).sum(),
        other => u64::from(other.block_type()),
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| vec![1_u8; 100]), 1);
}

#[test]
fn reading_allocates_nothing() {
    let mut datagram = Vec::new();
    write(&mut datagram);
    let mut transport = TransportFeedbackBuilder::new(1, 2, 300);
    let mut congestion = CongestionControlFeedbackBuilder::new(1, 300);
    let mut more = Vec::new();
    feedback(&mut transport, &mut congestion, &mut more);
    assert_eq!(allocations(|| read(&datagram) + read(&more) > 0), 0);
    assert_eq!(allocations(|| check_compound(&datagram).is_ok()), 0);
}

#[test]
fn writing_into_a_large_enough_buffer_allocates_nothing() {
    let mut out = Vec::with_capacity(2_000);
    assert_eq!(allocations(|| write(&mut out)), 0);
    assert!(check_compound(&out).is_ok());
}

#[test]
fn builders_keep_their_buffers() {
    let mut out = Vec::with_capacity(10_000);
    let mut transport = TransportFeedbackBuilder::new(1, 2, 300);
    let mut congestion = CongestionControlFeedbackBuilder::new(1, 300);
    feedback(&mut transport, &mut congestion, &mut out);
    out.clear();
    assert_eq!(
        allocations(|| feedback(&mut transport, &mut congestion, &mut out)),
        0
    );
}
