//! Ten megabytes over bad links: every byte arrives, in order where that is promised, in bounded memory.
//!
//! `cargo test --release -p webrtc --test simulated` runs a thousand seeds (27 s on two cores); a build without
//! optimisation runs the first 42, which have every share of loss twice. `NETSIM_SEED=17` runs one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use netsim::{Link, Loss};
use webrtc::core::ChannelId;
use webrtc::{DataChannelInit, Kind, SendError, SettingEngine};

use crate::peer::{Call, PATIENCE};

const SEEDS: u64 = if cfg!(debug_assertions) { 42 } else { 1000 };
const TOTAL: usize = 10_000_000;
const MESSAGE: usize = 50_000;
const COUNT: usize = TOTAL / MESSAGE;

/// What either side may hold; the default message limit is below.
const BUFFER: usize = 1 << 20;

/// Statistics are dear, and memory does not jump: so many datagrams and timeouts pass between two looks.
const LOOK_EVERY: u32 = 20;

/// A message's number is in front, and what follows depends on it.
fn message(number: usize) -> Bytes {
    let mut data = vec![filling(number); MESSAGE];
    data[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Bytes::from(data)
}

fn filling(number: usize) -> u8 {
    u8::try_from(number % 251).unwrap()
}

/// The number of a message that is whole.
fn number(data: &[u8]) -> Option<usize> {
    let (head, rest) = data.split_first_chunk::<8>()?;
    let number = usize::try_from(u64::from_le_bytes(*head)).ok()?;
    let whole = data.len() == MESSAGE && rest.iter().all(|byte| *byte == filling(number));
    whole.then_some(number)
}

/// 0 to 20 % of loss by the percent, in bursts for every second seed; every seventh seed has 20 Mbit/s with a queue that
/// overflows as well.
fn link(seed: u64) -> Link {
    let loss = (seed % 21) as f64 / 100.0;
    let link = Link::hostile(loss);
    assert_eq!(link.mtu, 1200);
    Link {
        loss: if seed.is_multiple_of(2) {
            link.loss
        } else {
            Loss::bursts(loss, 3.0)
        },
        rate: seed.is_multiple_of(7).then_some(20_000_000),
        ..link
    }
}

/// A sender and a receiver.
struct Transfer {
    call: Call,
    ours: ChannelId,
    theirs: ChannelId,
    sent: usize,
    waiting: Option<Bytes>,
    arrived: Vec<usize>,
}

impl Transfer {
    fn new(seed: u64, init: &DataChannelInit) -> Self {
        let settings = SettingEngine {
            send_buffer: BUFFER,
            receive_buffer: BUFFER,
            ..SettingEngine::default()
        };
        let mut call = Call::with(seed, &link(seed), settings);
        let ours = call.open(init);
        call.negotiate();
        let theirs = call.wait_open(ours);
        Self {
            call,
            ours,
            theirs,
            sent: 0,
            waiting: None,
            arrived: Vec::new(),
        }
    }

    fn run(&mut self) {
        let started = self.call.network.elapsed();
        for step in 0_u32.. {
            if self.arrived.len() == COUNT {
                return;
            }
            self.fill();
            if step % LOOK_EVERY == 0 {
                self.check_memory();
            }
            self.read();
            self.call.network.step();
            self.call.network.take_events(self.call.offerer);
            self.call.network.take_events(self.call.answerer);
            assert!(
                self.call.network.elapsed() - started < PATIENCE,
                "stalled at {} of {COUNT}",
                self.arrived.len()
            );
        }
    }

    /// Sends until the buffer is full.
    fn fill(&mut self) {
        while self.sent < COUNT {
            let (ours, sent) = (self.ours, self.sent);
            let data = self.waiting.take().unwrap_or_else(|| message(sent));
            let kept = data.clone();
            let result = self.call.network.with(self.call.offerer, |peer, now| {
                peer.0.send(now, ours, Kind::Binary, data)
            });
            match result {
                Ok(()) => self.sent += 1,
                Err(SendError::BufferFull) => {
                    self.waiting = Some(kept);
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn read(&mut self) {
        let theirs = self.theirs;
        while let Some(received) = self
            .call
            .network
            .with(self.call.answerer, |peer, _| peer.0.recv(theirs))
        {
            self.arrived
                .push(number(&received.data).expect("not what was sent"));
        }
    }

    /// What either side holds stays within what it was given.
    fn check_memory(&self) {
        let network = &self.call.network;
        let sender = network.endpoint(self.call.offerer).0.stats().sctp;
        assert!(sender.send_buffered <= BUFFER, "{} to send", sender.send_buffered);
        let receiver = network.endpoint(self.call.answerer).0.stats().sctp;
        let held = receiver.receive_buffered;
        assert!(held <= BUFFER + MESSAGE, "{held} received");
    }
}

/// One seed: every third without order.
fn transfer(seed: u64) {
    let ordered = !seed.is_multiple_of(3);
    let init = DataChannelInit {
        ordered,
        ..DataChannelInit::default()
    };
    let mut transfer = Transfer::new(seed, &init);
    transfer.run();
    let mut arrived = transfer.arrived;
    if !ordered {
        arrived.sort_unstable();
    }
    assert!(arrived.into_iter().eq(0..COUNT), "lost, doubled or out of order");
}

#[test]
fn ten_megabytes_arrive_over_every_kind_of_link() {
    if let Ok(seed) = std::env::var("NETSIM_SEED") {
        return transfer(seed.parse().expect("NETSIM_SEED is a number"));
    }
    let (next, slowest) = (AtomicU64::new(0), Mutex::new((Duration::ZERO, 0)));
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < SEEDS) {
            let started = Instant::now();
            if catch_unwind(AssertUnwindSafe(|| transfer(seed))).is_err() {
                failed.lock().unwrap().push(seed);
            }
            let mut slowest = slowest.lock().unwrap();
            *slowest = (*slowest).max((started.elapsed(), seed));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap();
    let slowest = slowest.into_inner().unwrap();
    println!("{SEEDS} transfers of {TOTAL} bytes; the slowest took {slowest:?}; failed: {failed:?}");
    assert!(failed.is_empty(), "seeds {failed:?}; run one with NETSIM_SEED");
}
