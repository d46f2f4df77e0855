//! What payload formats cost for a frame of 20 KiB: `cargo bench -p rtp --bench payload`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run has failed")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rtp::payload::{self, Payloads, rtx, vp8};

const FRAME: usize = 20 * 1024;
const MTU: usize = 1188;

/// Bytes as an entropy coder leaves them: each value, zeros too, but no start code.
fn noise(len: usize) -> impl Iterator<Item = u8> {
    let mut state = 1u32;
    let mut before = 1;
    (0..len).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [.., byte] = state.to_le_bytes();
        before = if before == 0 { byte | 4 } else { byte };
        before
    })
}

fn frame(format: &str) -> Vec<u8> {
    let head: &[u8] = match format {
        "VP8" => &[0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a],
        "VP9" => &[0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30],
        "H264" => &[0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x65],
        "H265" => &[
            0, 0, 0, 1, 0x42, 1, 2, 3, 0, 0, 0, 1, 0x44, 1, 4, 0, 0, 0, 1, 0x26, 1,
        ],
        "AV1" => &[0x12, 0, 0x0a, 2, 1, 2, 0x32, 0x80, 0xa0, 0x01],
        _ => &[],
    };
    head.iter().copied().chain(noise(FRAME)).chain([1]).collect()
}

/// The body of the AV1 frame has to have the size that its header says.
fn sized(format: &str) -> Vec<u8> {
    let mut frame = frame(format);
    if format == "AV1" {
        frame.pop();
    }
    frame
}

fn both_ways(criterion: &mut Criterion) {
    for way in ["packetize", "depacketize"] {
        let mut group = criterion.benchmark_group(way);
        group.throughput(Throughput::Bytes(u64::try_from(FRAME).unwrap()));
        for format in ["VP8", "VP9", "H264", "H265", "AV1", "PCMU"] {
            let frame = sized(format);
            let mut packetizer = payload::packetizer(format).unwrap();
            let mut depacketizer = payload::depacketizer(format).unwrap();
            let (mut payloads, mut out) = (Payloads::new(), Vec::new());
            packetizer.packetize(&frame, MTU, &mut payloads);
            assert!(payloads.len() > 17);
            let id = BenchmarkId::from_parameter(format);
            if way == "packetize" {
                group.bench_function(id, |bencher| {
                    bencher.iter(|| packetizer.packetize(black_box(&frame), MTU, &mut payloads));
                });
                continue;
            }
            let mut join = || {
                out.clear();
                for payload in black_box(&payloads) {
                    depacketizer.depacketize(payload, &mut out).unwrap();
                }
            };
            group.bench_function(id, |bencher| bencher.iter(&mut join));
        }
    }
}

/// What a forwarder does to a packet.
fn forwarding(criterion: &mut Criterion) {
    let mut payload = vec![0x90, 0xe0, 0x81, 0x00, 0x07, 0x40];
    payload.extend(noise(1182));
    let mut id = 0u16;
    criterion.bench_function("renumber VP8", |bencher| {
        bencher.iter(|| {
            id = id.wrapping_add(1);
            let mut descriptor = vp8::DescriptorMut::decode(black_box(&mut payload)).unwrap();
            descriptor.set_picture_id(id);
            descriptor.set_tl0_picture_index(9);
        });
    });
    let mut packet = vec![0x80, 96, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2];
    packet.extend(noise(1188));
    let stream = rtx::Stream {
        ssrc: 3,
        payload_type: 97,
    };
    let mut out = Vec::new();
    criterion.bench_function("wrap and unwrap RTX", |bencher| {
        bencher.iter(|| {
            out.clear();
            rtx::wrap_into(black_box(&packet), stream, 1, &mut out).unwrap();
            rtx::unwrap(&mut out, stream)
                .unwrap()
                .map(|restored| restored.len())
        });
    });
}

criterion_group!(benches, both_ways, forwarding);
criterion_main!(benches);
