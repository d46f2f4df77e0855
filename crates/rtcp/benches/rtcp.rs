//! What reports and feedback cost: `cargo bench -p rtcp`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run has failed")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rtcp::*;

/// What a browser sends each second: a sender report with one block, its name, and an XR block.
fn report(out: &mut Vec<u8>) {
    let blocks = [ReportBlock {
        ssrc: 9,
        jitter: 30,
        ..Default::default()
    }];
    let items = [SdesItem::Cname(b"cYhx/N8U7h7+3GW3")];
    let chunks = [SdesChunk {
        ssrc: 1,
        items: (&items).into(),
    }];
    let xr = [XrBlock::ReceiverReferenceTime(NtpTime(1))];
    Compound::new(out)
        .push(&SenderReport {
            sender_ssrc: 1,
            reports: (&blocks).into(),
            ..Default::default()
        })
        .push(&SourceDescription {
            chunks: (&chunks).into(),
        })
        .push(&ExtendedReport {
            sender_ssrc: 1,
            blocks: (&xr).into(),
        });
}

/// 100 packets in bursts of four, 2 % lost: 100 ms of 10 Mbit/s.
fn arrivals() -> impl Iterator<Item = (u16, i64)> {
    (0..100_u16)
        .filter(|it| it % 50 != 7)
        .map(|it| (it, i64::from(it / 4) * 16 + i64::from(it % 4)))
}

fn transport(builder: &mut TransportFeedbackBuilder, out: &mut Vec<u8>) {
    builder.begin_at(0);
    for (number, time) in arrivals() {
        assert!(builder.push(number, TransportTime(time)));
    }
    builder.finish(out);
}

fn congestion(builder: &mut CongestionControlFeedbackBuilder, out: &mut Vec<u8>) {
    builder.begin_at(2, 0);
    for (number, time) in arrivals() {
        assert!(builder.push(
            2,
            number,
            Ecn::Ect1,
            Duration::from_micros(100_000 - time.unsigned_abs() * 250)
        ));
    }
    builder.finish(NtpTime(0), out);
}

fn reports(c: &mut Criterion) {
    let mut group = c.benchmark_group("rtcp");
    let mut out = Vec::with_capacity(1_500);
    report(&mut out);
    let datagram = out.clone();
    group.bench_function("read_report", |b| {
        b.iter(|| {
            let mut sum = 0_u32;
            for packet in packets(black_box(&datagram)) {
                if let PacketRef::SenderReport(report) = packet.unwrap() {
                    sum += report.reports.iter().map(|block| block.jitter).sum::<u32>();
                }
            }
            sum
        });
    });
    group.bench_function("write_report", |b| {
        b.iter(|| {
            out.clear();
            report(&mut out);
            out.len()
        });
    });
    let pairs: Vec<_> = nack_pairs((0..60).map(|it| it * 3)).collect();
    out.clear();
    Nack {
        sender_ssrc: 1,
        media_ssrc: 2,
        pairs: (&pairs).into(),
    }
    .encode(&mut out);
    group.bench_function("read_nack_of_60", |b| {
        b.iter(|| {
            let Ok(PacketRef::Nack(nack)) = PacketRef::decode(black_box(&out)) else {
                return 0;
            };
            nack.sequence_numbers().map(u64::from).sum::<u64>()
        });
    });
}

fn feedback(c: &mut Criterion) {
    let mut group = c.benchmark_group("rtcp_feedback_of_100");
    let mut out = Vec::with_capacity(1_500);
    let mut builder = TransportFeedbackBuilder::new(1, 2, 1_200);
    group.bench_function("write_twcc", |b| {
        b.iter(|| {
            out.clear();
            transport(&mut builder, &mut out);
            out.len()
        });
    });
    let datagram = out.clone();
    group.bench_function("read_twcc", |b| {
        b.iter(|| {
            let Ok(PacketRef::TransportFeedback(feedback)) = PacketRef::decode(black_box(&datagram)) else {
                return 0;
            };
            feedback
                .packets()
                .filter(|it| it.arrival != Arrival::NotReceived)
                .count()
        });
    });
    let mut builder = CongestionControlFeedbackBuilder::new(1, 1_200);
    group.bench_function("write_ccfb", |b| {
        b.iter(|| {
            out.clear();
            congestion(&mut builder, &mut out);
            out.len()
        });
    });
    let datagram = out.clone();
    group.bench_function("read_ccfb", |b| {
        b.iter(|| {
            let Ok(PacketRef::CongestionControlFeedback(feedback)) = PacketRef::decode(black_box(&datagram))
            else {
                return 0;
            };
            let packets = feedback.streams.iter().flat_map(|stream| stream.packets());
            packets
                .filter(|(_, metric)| *metric != PacketMetric::NotReceived)
                .count()
        });
    });
}

criterion_group!(all, reports, feedback);
criterion_main!(all);
