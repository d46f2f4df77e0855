//! Two associations back to back: CPU per data packet of both ends together, without encryption and I/O.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sctp::core::Association;
use sctp::{Config, SendOptions};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Packets that travel together, as one receive batch.
const BATCH: usize = 40;

struct Pair {
    now: Instant,
    a: Association,
    b: Association,
    buffer: Vec<u8>,
    lengths: Vec<usize>,
}

impl Pair {
    fn new() -> Self {
        let mut pair = Self {
            now: Instant::now(),
            a: Association::new(Config::default(), [1; 32]),
            b: Association::new(Config::default(), [2; 32]),
            buffer: Vec::new(),
            lengths: Vec::new(),
        };
        pair.a.connect(pair.now);
        while pair.step() {}
        pair
    }

    /// Carries one batch each way.
    fn step(&mut self) -> bool {
        self.now += Duration::from_micros(50);
        let Self {
            now,
            a,
            b,
            buffer,
            lengths,
        } = self;
        carry(*now, a, b, buffer, lengths) | carry(*now, b, a, buffer, lengths)
    }

    fn send(&mut self, message: &Bytes) -> bool {
        self.a
            .send(self.now, 0, 53, message.clone(), &SendOptions::default())
            .is_ok()
    }

    /// Sends so many messages and reads them.
    fn transfer(&mut self, message: &Bytes, count: usize) {
        let (mut sent, mut received) = (0, 0);
        while received < count {
            while sent < count && self.send(message) {
                sent += 1;
            }
            self.step();
            while let Some(message) = self.b.recv(0) {
                black_box(message);
                received += 1;
            }
        }
        while self.a.poll_event().is_some() {}
        while self.b.poll_event().is_some() {}
    }
}

fn carry(
    now: Instant,
    from: &mut Association,
    to: &mut Association,
    buffer: &mut Vec<u8>,
    lengths: &mut Vec<usize>,
) -> bool {
    buffer.clear();
    lengths.clear();
    while lengths.len() < BATCH {
        let Some(transmit) = from.poll_transmit(now, buffer) else {
            break;
        };
        lengths.push(transmit.len);
    }
    let mut rest = buffer.as_slice();
    for len in lengths.iter() {
        let (packet, tail) = rest.split_at(*len);
        to.handle_input(now, packet);
        rest = tail;
    }
    !lengths.is_empty()
}

/// CPU time of this thread, which other load does not blur; wall time where the system does not tell.
fn cpu_time(work: impl FnOnce()) -> Duration {
    let on_cpu = || -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        stat.split_whitespace().next()?.parse().ok()
    };
    let (start, before) = (Instant::now(), on_cpu());
    work();
    match before.zip(on_cpu()) {
        Some((before, after)) => Duration::from_nanos(after - before),
        None => start.elapsed(),
    }
}

fn throughput(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transfer");
    for size in [64, 1024, 16_384, 65_536] {
        let message = Bytes::from(vec![7; size]);
        let count = (4 << 20) / size;
        let mut pair = Pair::new();
        pair.transfer(&message, count);
        let before = pair.a.stats().packets_sent;
        pair.transfer(&message, count);
        let packets = pair.a.stats().packets_sent - before;
        // Elements are packets, so that the report shows the time per packet as the inverse of the rate.
        group.throughput(Throughput::Elements(packets));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher
                .iter_custom(|rounds| cpu_time(|| (0..rounds).for_each(|_| pair.transfer(&message, count))));
        });
    }
    group.finish();
}

fn idle(criterion: &mut Criterion) {
    let mut pair = Pair::new();
    criterion.bench_function("idle poll", |bencher| {
        bencher.iter(|| {
            black_box(pair.a.poll_timeout());
            black_box(pair.a.poll_transmit(pair.now, &mut pair.buffer));
        });
    });
}

criterion_group!(benches, throughput, idle);
criterion_main!(benches);
