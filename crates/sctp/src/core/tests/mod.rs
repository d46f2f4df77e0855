//! Two associations and a link between them, in virtual time.

mod ending;
mod handshake;
mod hostile;
mod out_of_the_blue;
mod partial;
mod script;
mod transfer;

use super::Association;
use crate::{Config, Event, SendOptions};
use std::time::{Duration, Instant};

/// Two ends with packets carried at once, and optional loss.
pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) a: Association,
    pub(super) b: Association,
}

impl Pair {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            now: crate::test_time::start(),
            a: Association::new(config.clone(), [1; 32]),
            b: Association::new(config.clone(), [2; 32]),
        }
    }

    /// Carries packets until both are quiet; `lose` decides on each packet's fate.
    pub(super) fn carry(&mut self, mut lose: impl FnMut(&[u8]) -> bool) {
        let mut packet = Vec::new();
        loop {
            packet.clear();
            if self.a.poll_transmit(self.now, &mut packet).is_some() {
                if !lose(&packet) {
                    self.b.handle_input(self.now, &packet);
                }
            } else if self.b.poll_transmit(self.now, &mut packet).is_some() {
                if !lose(&packet) {
                    self.a.handle_input(self.now, &packet);
                }
            } else {
                return;
            }
        }
    }

    /// Jumps to the next deadline. False if there is none within `limit`.
    pub(super) fn wait(&mut self, limit: Duration) -> bool {
        let next = [self.a.poll_timeout(), self.b.poll_timeout()]
            .into_iter()
            .flatten()
            .min();
        let Some(next) = next.filter(|next| *next <= self.now + limit) else {
            return false;
        };
        self.now = self.now.max(next);
        self.a.handle_timeout(self.now);
        self.b.handle_timeout(self.now);
        true
    }

    pub(super) fn established(config: &Config) -> Self {
        let mut pair = Self::new(config);
        pair.a.connect(pair.now);
        pair.b.connect(pair.now);
        pair.carry(|_| false);
        assert_eq!(pair.a.poll_event(), Some(Event::Connected));
        assert_eq!(pair.b.poll_event(), Some(Event::Connected));
        pair
    }
}

fn message(len: usize, seed: u8) -> bytes::Bytes {
    (0..len)
        .map(|index| {
            index
                .wrapping_mul(31)
                .wrapping_add(usize::from(seed))
                .to_le_bytes()[0]
        })
        .collect()
}

#[test]
fn both_sides_open_at_once_and_messages_of_all_sizes_arrive() {
    let mut pair = Pair::established(&Config::default());
    let options = SendOptions::default();
    let sizes = [1, 2, 3, 4, 1131, 1132, 1133, 1144, 2000, 16384, 65536, 262_144];
    for (index, size) in sizes.into_iter().enumerate() {
        let seed = u8::try_from(index).unwrap();
        pair.a
            .send(pair.now, 3, 51, message(size, seed), &options)
            .unwrap();
    }
    pair.carry(|_| false);
    assert_eq!(pair.b.poll_event(), Some(Event::Readable(3)));
    for (index, size) in sizes.into_iter().enumerate() {
        let got = pair.b.recv(3).unwrap();
        assert_eq!(got.data, message(size, u8::try_from(index).unwrap()));
        assert_eq!(got.ppid, 51);
    }
    assert_eq!(pair.b.recv(3), None);
    assert_eq!(pair.a.stats().retransmissions, 0);
}

#[test]
fn a_megabyte_arrives_over_a_lossy_link() {
    for percent in [1, 5, 20] {
        let mut pair = Pair::established(&Config::default());
        let mut state = 7_u32;
        for seed in 0..64 {
            pair.a
                .send(pair.now, 0, 53, message(16384, seed), &SendOptions::default())
                .unwrap();
        }
        let mut got = 0;
        let start = pair.now;
        loop {
            pair.carry(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % 100 < percent
            });
            while let Some(data) = pair.b.recv(0) {
                assert_eq!(data.data, message(16384, got));
                got += 1;
            }
            if got == 64 {
                break;
            }
            assert!(
                pair.wait(Duration::from_secs(61)),
                "stuck at {percent} % after {got} messages: {:?}",
                pair.a
            );
        }
        eprintln!("{percent} %: {:?}, {:?}", pair.now - start, pair.a.stats());
    }
}

#[test]
fn an_association_is_send_and_small_at_rest() {
    fn check<T: Send + 'static>() {}
    check::<Association>();
    assert!(size_of::<Association>() <= 2048, "{}", size_of::<Association>());
}

#[test]
fn the_same_seed_gives_the_same_packets_and_another_one_does_not() {
    let transcript = |seed: u8| {
        let mut pair = Pair::new(&Config::default());
        pair.a = Association::new(Config::default(), [seed; 32]);
        pair.a.connect(pair.now);
        let mut packets = Vec::new();
        pair.carry(|packet| {
            packets.push(packet.to_vec());
            false
        });
        packets
    };
    assert_eq!(transcript(3), transcript(3));
    assert_ne!(transcript(3), transcript(4));
}
