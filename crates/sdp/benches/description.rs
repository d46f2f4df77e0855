//! How long one description takes: parsing dominates the signalling path of a server.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sdp::SessionDescription;

const AUDIO_VIDEO_DATA: &str = include_str!("../tests/corpus/chromium-firefox-offer.sdp");
const DATA: &str = include_str!("../tests/corpus/chromium-ldc-offer.sdp");

fn description(c: &mut Criterion) {
    for (name, text) in [("audio-video-data", AUDIO_VIDEO_DATA), ("data", DATA)] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("parse", |b| {
            b.iter(|| black_box(text).parse::<SessionDescription>())
        });
        let parsed: Result<SessionDescription, _> = text.parse();
        group.bench_function("write", |b| {
            b.iter(|| black_box(&parsed).as_ref().map(ToString::to_string))
        });
        group.finish();
    }
}

criterion_group!(benches, description);
criterion_main!(benches);
