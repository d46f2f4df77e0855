//! What a message costs from `send` at one end to `recv` at the other, with the acknowledgements, in one thread and without
//! encryption or sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot send has failed"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use datachannel::core::{ChannelId, Channels};
use datachannel::dcep::{MessageRef, OpenRef};
use datachannel::{ChannelConfig, Config, Event, Kind, Role};

struct Pair {
    now: Instant,
    ends: [Channels; 2],
    ids: [ChannelId; 2],
    packet: Vec<u8>,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        let mut ends = [1, 2].map(|seed| Channels::new(Config::default(), [seed; 32]));
        ends[0].set_role(Role::Client);
        ends[1].set_role(Role::Server);
        let config = ChannelConfig {
            negotiated: Some(0),
            ..ChannelConfig::new("bench")
        };
        let ids = ends.each_mut().map(|end| end.open(now, config.clone()).unwrap());
        let mut pair = Self {
            now,
            ends,
            ids,
            packet: Vec::with_capacity(2048),
        };
        pair.ends.iter_mut().for_each(|end| end.connect(now));
        pair.carry();
        pair
    }

    fn carry(&mut self) {
        let [a, b] = &mut self.ends;
        loop {
            self.packet.clear();
            if a.poll_transmit(self.now, &mut self.packet).is_some() {
                b.handle_input(self.now, &self.packet);
            } else if b.poll_transmit(self.now, &mut self.packet).is_some() {
                a.handle_input(self.now, &self.packet);
            } else {
                return;
            }
        }
    }

    /// A message there, and the same back.
    fn round(&mut self, data: &Bytes) -> usize {
        let mut total = 0;
        for from in [0, 1] {
            self.ends[from]
                .send(self.now, self.ids[from], Kind::Binary, data.clone())
                .unwrap();
            self.carry();
            self.now += Duration::from_micros(100);
            let to = 1 - from;
            while let Some(event) = self.ends[to].poll_event() {
                black_box::<Event>(event);
            }
            while let Some(message) = self.ends[to].recv(self.ids[to]) {
                total += message.data.len();
            }
        }
        total
    }
}

fn messages(c: &mut Criterion) {
    for size in [64, 1024, 16_384] {
        let mut pair = Pair::new();
        let data = Bytes::from(vec![7; size]);
        assert_eq!(pair.round(&data), 2 * size);
        let mut group = c.benchmark_group("round");
        group.throughput(Throughput::Bytes(2 * size as u64));
        group.bench_function(size.to_string(), |b| b.iter(|| pair.round(&data)));
        group.finish();
    }
}

fn dcep(c: &mut Criterion) {
    let open = OpenRef {
        protocol: "chat.example",
        ..OpenRef::new("a channel of common length")
    };
    let mut bytes = Vec::with_capacity(64);
    c.bench_function("dcep/encode", |b| {
        b.iter(|| {
            bytes.clear();
            black_box(open).encode(&mut bytes);
        });
    });
    c.bench_function("dcep/decode", |b| {
        b.iter(|| MessageRef::decode(black_box(&bytes)).is_ok())
    });
}

criterion_group!(benches, messages, dcep);
criterion_main!(benches);
