//! What a packet costs on its way through a jitter buffer and a sample builder, and a byte in a file:
//! `cargo bench -p media`.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a bench that cannot run has failed"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use media::h26x::{AccessUnitReader, Codec};
use media::ogg::{OpusHead, OpusReader, OpusWriter};
use media::{Arrival, JitterBuffer, JitterConfig, Playout, SampleBuilder, SampleConfig};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rtp::{Header, Packet};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Packets of a measurement.
const COUNT: u64 = 10_000;

/// Pictures of so many packets each, with when they arrive: up to 30 ms late.
fn arriving(start: Instant, size: u64) -> Vec<(Instant, Packet)> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let payload = bytes::Bytes::from(vec![0x10; 1100]);
    let packet = |number: u64| {
        let frame = number / size;
        let header = Header {
            sequence_number: number as u16,
            timestamp: 3000 * frame as u32,
            marker: number % size == size - 1,
            ..Header::default()
        };
        let late = rng.random_range(Duration::ZERO..Duration::from_millis(30));
        let at = start + Duration::from_micros(33_333 * frame) + late;
        (
            at,
            Packet {
                header,
                payload: payload.clone(),
                padding_len: 0,
            },
        )
    };
    let mut packets: Vec<_> = (0..COUNT).map(packet).collect();
    packets.sort_by_key(|(at, _)| *at);
    packets
}

fn play(packets: Vec<(Instant, Packet)>) -> u64 {
    let mut buffer = JitterBuffer::new(JitterConfig::video());
    let mut played = 0;
    for (at, packet) in packets {
        while let Some(due) = buffer.poll_timeout().filter(|due| *due <= at) {
            while let Some(playout) = buffer.poll(due) {
                played += u64::from(matches!(playout, Playout::Packet(_)));
            }
        }
        buffer.insert(at, packet, Arrival::Direct);
    }
    played
}

fn jitter_buffer(c: &mut Criterion) {
    let start = Instant::now();
    let mut group = c.benchmark_group("jitter buffer");
    group.throughput(Throughput::Elements(COUNT));
    for (name, size) in [("one packet a frame", 1), ("ten packets a frame", 10)] {
        let packets = arriving(start, size);
        group.bench_function(name, |b| {
            b.iter_batched(|| packets.clone(), play, BatchSize::LargeInput)
        });
    }
    group.finish();
}

fn build(packets: Vec<Packet>) -> usize {
    let depacketizer = rtp::payload::depacketizer("VP8").unwrap();
    let mut builder = SampleBuilder::new(depacketizer, SampleConfig::new(90_000));
    let mut built = 0;
    for packet in packets {
        builder.push(packet);
        while let Some(sample) = builder.pop() {
            built += sample.data.len();
        }
    }
    built
}

fn sample_builder(c: &mut Criterion) {
    let mut group = c.benchmark_group("sample builder");
    group.throughput(Throughput::Elements(COUNT));
    let mut packets: Vec<_> = arriving(Instant::now(), 10)
        .into_iter()
        .map(|(_, packet)| packet)
        .collect();
    group.bench_function("reordered", |b| {
        b.iter_batched(|| packets.clone(), build, BatchSize::LargeInput)
    });
    packets.sort_by_key(|packet| packet.header.sequence_number);
    group.bench_function("in order", |b| {
        b.iter_batched(|| packets.clone(), build, BatchSize::LargeInput)
    });
    packets.retain(|packet| packet.header.sequence_number % 100 != 7);
    group.bench_function("1 % lost", |b| {
        b.iter_batched(|| packets.clone(), build, BatchSize::LargeInput)
    });
    group.finish();
}

fn files(c: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut writer = OpusWriter::new(Vec::new(), &OpusHead::new(2)).unwrap();
    for _ in 0..COUNT {
        let mut packet = vec![0; rng.random_range(100..300)];
        rng.fill(&mut packet[..]);
        packet.insert(0, 0xfc);
        writer.write_packet(&packet).unwrap();
    }
    let ogg = writer.finish().unwrap();
    let mut stream = Vec::new();
    for _ in 0..500 {
        stream.extend_from_slice(&[0, 0, 0, 1, 0x41, 0x9a]);
        let mut slice = vec![0; rng.random_range(1000..20_000)];
        rng.fill(&mut slice[..]);
        stream.append(&mut slice);
    }
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Bytes(ogg.len() as u64));
    group.bench_function("ogg", |b| {
        b.iter(|| {
            let mut reader = OpusReader::new(black_box(&ogg[..])).unwrap();
            while let Some(packet) = reader.next_packet().unwrap() {
                black_box(packet);
            }
        });
    });
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("h264", |b| {
        b.iter(|| {
            let mut reader = AccessUnitReader::new(black_box(&stream[..]), Codec::H264);
            while let Some(frame) = reader.next_frame().unwrap() {
                black_box(frame);
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500)).sample_size(20);
    targets = jitter_buffer, sample_builder, files
}
criterion_main!(benches);
