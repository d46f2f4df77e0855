//! A stream of packets through a network in virtual time, into a jitter buffer.
#![allow(dead_code, reason = "no test program uses all of it")]

use media::{Arrival, Inserted, JitterBuffer, JitterConfig, Playout};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rtp::{Header, Packet};
use std::time::{Duration, Instant};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A packet of a sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) number: u64,
    /// When it is sent, and what its timestamp says.
    pub(crate) at: Duration,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

/// Sound: a packet every 20 ms.
pub(crate) fn audio(count: u64) -> Vec<Sent> {
    let packet = |number: u64| Sent {
        number,
        at: ms(20 * number),
        timestamp: 0xffff_0000_u32.wrapping_add(960 * number as u32),
        marker: false,
    };
    (0..count).map(packet).collect()
}

/// Pictures: 25 a second of `size` packets, which leave one after the other within 10 ms.
pub(crate) fn video(frames: u64, size: u64) -> Vec<Sent> {
    let packet = |number: u64| {
        let (frame, piece) = (number / size, number % size);
        Sent {
            number,
            at: ms(40 * frame) + ms(10) * piece as u32 / size as u32,
            timestamp: 0xffff_0000_u32.wrapping_add(3600 * frame as u32),
            marker: piece + 1 == size,
        }
    };
    (0..frames * size).map(packet).collect()
}

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arriving {
    pub(crate) at: Duration,
    pub(crate) sent: Sent,
    pub(crate) arrival: Arrival,
}

/// The way: what a packet is delayed by, and `None` for lost ones; with its randomness.
pub(crate) fn send(
    packets: &[Sent],
    seed: u64,
    mut delay: impl FnMut(&Sent, &mut ChaCha8Rng) -> Option<Duration>,
) -> Vec<Arriving> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut arriving: Vec<_> = packets
        .iter()
        .filter_map(|sent| {
            let at = sent.at + delay(sent, &mut rng)?;
            Some(Arriving {
                at,
                sent: *sent,
                arrival: Arrival::Direct,
            })
        })
        .collect();
    arriving.sort_by_key(|it| it.at);
    arriving
}

/// Sends lost packets again: they arrive as late behind the time they should have as `rtt` says, if they are not lost again.
pub(crate) fn repair(packets: &[Sent], arriving: &mut Vec<Arriving>, rtt: Duration, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let came: std::collections::BTreeSet<u64> = arriving.iter().map(|it| it.sent.number).collect();
    for sent in packets.iter().filter(|sent| !came.contains(&sent.number)) {
        let at = sent.at + rtt * 3 / 2 + rng.random_range(Duration::ZERO..=ms(10));
        arriving.push(Arriving {
            at,
            sent: *sent,
            arrival: Arrival::Retransmitted,
        });
    }
    arriving.sort_by_key(|it| it.at);
}

/// What was played, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Played {
    Packet(u64),
    Missing(u64),
}

/// A buffer under test.
pub(crate) struct Run {
    pub(crate) start: Instant,
    pub(crate) buffer: JitterBuffer,
    pub(crate) played: Vec<(Duration, Played)>,
    /// The delay in effect, after each packet that came.
    pub(crate) delays: Vec<(Duration, Duration)>,
    pub(crate) most: usize,
    next: u64,
}

impl Run {
    pub(crate) fn new(config: JitterConfig) -> Self {
        Self {
            start: Instant::now(),
            buffer: JitterBuffer::new(config),
            played: Vec::new(),
            delays: Vec::new(),
            most: 0,
            next: 0,
        }
    }

    pub(crate) fn of(config: JitterConfig, arriving: &[Arriving]) -> Self {
        let mut run = Self::new(config);
        for packet in arriving {
            run.insert(packet);
        }
        run.finish();
        run
    }

    /// Plays what is due until then, and takes a packet in.
    pub(crate) fn insert(&mut self, arriving: &Arriving) -> Inserted {
        self.play_until(arriving.at);
        let Sent {
            number,
            timestamp,
            marker,
            ..
        } = arriving.sent;
        let header = Header {
            sequence_number: number as u16,
            timestamp,
            marker,
            ..Header::default()
        };
        let packet = Packet {
            header,
            payload: number.to_be_bytes().to_vec().into(),
            padding_len: 0,
        };
        let inserted = self
            .buffer
            .insert(self.start + arriving.at, packet, arriving.arrival);
        self.poll(arriving.at);
        self.delays.push((arriving.at, self.buffer.delay()));
        self.most = self.most.max(self.buffer.len());
        inserted
    }

    pub(crate) fn play_until(&mut self, until: Duration) {
        while let Some(due) = self
            .buffer
            .poll_timeout()
            .filter(|due| *due <= self.start + until)
        {
            let before = self.buffer.poll_timeout();
            self.poll(due.saturating_duration_since(self.start));
            assert_ne!(
                self.buffer.poll_timeout(),
                before,
                "nothing was due when it said so"
            );
        }
    }

    pub(crate) fn finish(&mut self) {
        self.play_until(Duration::from_secs(1_000_000));
        assert!(self.buffer.is_empty() && self.buffer.bytes() == 0);
    }

    fn poll(&mut self, at: Duration) {
        while let Some(playout) = self.buffer.poll(self.start + at) {
            match playout {
                Playout::Packet(packet) => {
                    let number = u64::from_be_bytes(packet.payload[..].try_into().unwrap());
                    assert!(number >= self.next, "{number} is played behind {}", self.next);
                    self.next = number + 1;
                    self.played.push((at, Played::Packet(number)));
                }
                Playout::Missing {
                    sequence_number,
                    count,
                } => {
                    assert_eq!(
                        sequence_number, self.next as u16,
                        "a gap begins behind what was played"
                    );
                    for number in self.next..self.next + u64::from(count) {
                        self.played.push((at, Played::Missing(number)));
                    }
                    self.next += u64::from(count);
                }
            }
        }
        let rest = self.buffer.poll_timeout();
        assert!(
            rest.is_none_or(|due| due > self.start + at),
            "drained, but something is due"
        );
    }

    /// Packets given up from a time on.
    pub(crate) fn missing_since(&self, since: Duration) -> usize {
        let missing =
            |(at, played): &&(Duration, Played)| *at >= since && matches!(played, Played::Missing(_));
        self.played.iter().filter(missing).count()
    }

    /// The delay in effect at a time.
    pub(crate) fn delay_at(&self, at: Duration) -> Duration {
        let before = self.delays.iter().take_while(|(since, _)| *since <= at);
        before.last().unwrap().1
    }

    /// When the first packet of each number was played.
    pub(crate) fn times(&self) -> Vec<(u64, Duration)> {
        let time = |(at, played): &(Duration, Played)| match played {
            Played::Packet(number) => Some((*number, *at)),
            Played::Missing(_) => None,
        };
        self.played.iter().filter_map(time).collect()
    }
}
