//! One direction of a wire: how long a datagram takes, and whether it arrives at all.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// Properties of one direction of a link. The default is ideal: no delay, no loss, no limit.
///
/// ```
/// use netsim::{Link, Loss};
/// use std::time::Duration;
///
/// let bad_wifi = Link {
///     latency: Duration::from_millis(20),
///     jitter: Duration::from_millis(10),
///     rate: Some(20_000_000),
///     loss: Loss::bursts(0.05, 4.0),
///     ..Link::default()
/// };
/// # let _ = bad_wifi;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Time from one end to the other. Default zero.
    pub latency: Duration,
    /// Up to this much is added to the latency, evenly distributed; order is kept. Default zero.
    pub jitter: Duration,
    /// Bits per second, counting UDP payload. Default `None`: unlimited.
    pub rate: Option<u64>,
    /// Bytes that may wait for a limited `rate`; what comes on top is dropped. Default 256 KiB.
    pub queue: usize,
    /// Which datagrams vanish. Default none.
    pub loss: Loss,
    /// Probability that a datagram is held back by `reorder_delay`, so that later ones overtake it. Default 0.
    pub reorder: f64,
    /// How long a reordered datagram is held back. Default 5 ms.
    pub reorder_delay: Duration,
    /// Probability that a datagram arrives twice. Default 0.
    pub duplicate: f64,
    /// The largest UDP payload that passes; larger datagrams are dropped and counted. Default 65,535.
    pub mtu: usize,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            rate: None,
            queue: 256 * 1024,
            loss: Loss::None,
            reorder: 0.0,
            reorder_delay: Duration::from_millis(5),
            duplicate: 0.0,
            mtu: 65_535,
        }
    }
}

impl Link {
    /// An ideal link with this latency.
    #[must_use]
    pub fn with_latency(latency: Duration) -> Self {
        Self {
            latency,
            ..Self::default()
        }
    }

    /// Everything at once: 20 ms, jitter, this share of random loss, reordering, duplication, payloads up to 1,200 bytes.
    #[must_use]
    pub fn hostile(loss: f64) -> Self {
        Self {
            latency: Duration::from_millis(20),
            jitter: Duration::from_millis(5),
            loss: Loss::Random(loss),
            reorder: 0.05,
            duplicate: 0.02,
            mtu: 1200,
            ..Self::default()
        }
    }
}

/// Which datagrams vanish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// None.
    None,
    /// Each with this probability, independently of the others (Bernoulli).
    Random(f64),
    /// In bursts: a chain with a good and a bad state (Gilbert–Elliott), stepped once per datagram.
    Bursts {
        /// Probability to turn bad.
        enter: f64,
        /// Probability to turn good again; its inverse is the mean length of a bad phase in datagrams.
        leave: f64,
        /// Probability of loss while good.
        good: f64,
        /// Probability of loss while bad.
        bad: f64,
    },
}

impl Loss {
    /// Bursts that lose everything, with this overall share of loss (below 1) and this mean length in datagrams.
    #[must_use]
    pub fn bursts(share: f64, mean_length: f64) -> Self {
        let leave = 1.0 / mean_length.max(1.0);
        let share = share.clamp(0.0, 0.99);
        Self::Bursts {
            enter: (leave * share / (1.0 - share)).min(1.0),
            leave,
            good: 0.0,
            bad: 1.0,
        }
    }
}

/// Why a datagram did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The link lost it.
    Loss,
    /// It found the queue full.
    QueueFull,
    /// It is larger than the link's MTU.
    TooBig,
    /// The link or the interface is down.
    Down,
    /// Nobody has the destination address, or the sender does not have the source address.
    NoRoute,
    /// A NAT has no mapping for it, or its filter refuses it.
    Filtered,
}

/// What a link does with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Dropped(DropReason),
    Arrives { at: Instant, again: Option<Instant> },
}

/// A link in use.
#[derive(Debug)]
pub(crate) struct LinkState {
    pub(crate) link: Link,
    pub(crate) up: bool,
    in_bad_phase: bool,
    /// When the last bit queued so far is on the wire.
    busy_until: Option<Instant>,
    /// When the last in-order datagram arrives: jitter must not overtake it.
    last_arrival: Option<Instant>,
}

impl LinkState {
    pub(crate) const fn new(link: Link) -> Self {
        Self {
            link,
            up: true,
            in_bad_phase: false,
            busy_until: None,
            last_arrival: None,
        }
    }

    pub(crate) fn send(&mut self, now: Instant, len: usize, rng: &mut ChaCha8Rng) -> Fate {
        if !self.up {
            return Fate::Dropped(DropReason::Down);
        }
        if len > self.link.mtu {
            return Fate::Dropped(DropReason::TooBig);
        }
        let Some(sent) = self.serialize(now, len) else {
            return Fate::Dropped(DropReason::QueueFull);
        };
        if self.is_lost(rng) {
            return Fate::Dropped(DropReason::Loss);
        }
        let at = self.arrival(sent, rng);
        let again = (self.link.duplicate > 0.0 && rng.random_bool(self.link.duplicate.min(1.0)))
            .then(|| at + self.link.jitter);
        Fate::Arrives { at, again }
    }

    /// Puts the datagram on the wire behind those that wait; `None` when the queue is full.
    fn serialize(&mut self, now: Instant, len: usize) -> Option<Instant> {
        let Some(rate) = self.link.rate else {
            return Some(now);
        };
        let start = self.busy_until.map_or(now, |busy| busy.max(now));
        let waiting = bytes_in(start.saturating_duration_since(now), rate);
        if waiting.saturating_add(len) > self.link.queue.max(len) {
            return None;
        }
        let sent = start + time_for(len, rate);
        self.busy_until = Some(sent);
        Some(sent)
    }

    fn is_lost(&mut self, rng: &mut ChaCha8Rng) -> bool {
        let mut chance = |probability: f64| probability > 0.0 && rng.random_bool(probability.min(1.0));
        match self.link.loss {
            Loss::None => false,
            Loss::Random(probability) => chance(probability),
            Loss::Bursts {
                enter,
                leave,
                good,
                bad,
            } => {
                if chance(if self.in_bad_phase { leave } else { enter }) {
                    self.in_bad_phase = !self.in_bad_phase;
                }
                chance(if self.in_bad_phase { bad } else { good })
            }
        }
    }

    fn arrival(&mut self, sent: Instant, rng: &mut ChaCha8Rng) -> Instant {
        let jitter = if self.link.jitter.is_zero() {
            Duration::ZERO
        } else {
            self.link.jitter.mul_f64(rng.random_range(0.0..1.0))
        };
        let at = sent + self.link.latency + jitter;
        let at = self.last_arrival.map_or(at, |last| last.max(at));
        if self.link.reorder > 0.0 && rng.random_bool(self.link.reorder.min(1.0)) {
            // Later datagrams overtake: this one does not move the order's clock.
            return at + self.link.reorder_delay;
        }
        self.last_arrival = Some(at);
        at
    }
}

/// Bytes that pass in this time.
fn bytes_in(time: Duration, rate: u64) -> usize {
    let bytes = time.as_nanos() * u128::from(rate) / 8_000_000_000;
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Time that this many bytes take.
fn time_for(len: usize, rate: u64) -> Duration {
    let bits = len as u128 * 8;
    let nanos = bits * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    const MS: Duration = Duration::from_millis(1);

    fn lost_of(loss: Loss, count: usize) -> Vec<bool> {
        let mut state = LinkState::new(Link {
            loss,
            ..Link::default()
        });
        let (now, mut rng) = (Instant::now(), rng());
        (0..count)
            .map(|_| matches!(state.send(now, 100, &mut rng), Fate::Dropped(DropReason::Loss)))
            .collect()
    }

    fn share(lost: &[bool]) -> f64 {
        lost.iter().filter(|lost| **lost).count() as f64 / lost.len() as f64
    }

    #[test]
    fn random_loss_has_its_share() {
        assert!((share(&lost_of(Loss::Random(0.2), 50_000)) - 0.2).abs() < 0.01);
        assert!(share(&lost_of(Loss::None, 1000)) == 0.0);
        assert!(share(&lost_of(Loss::Random(1.0), 1000)) == 1.0);
    }

    #[test]
    fn bursts_have_their_share_and_length() {
        let lost = lost_of(Loss::bursts(0.1, 5.0), 200_000);
        assert!((share(&lost) - 0.1).abs() < 0.01, "share {}", share(&lost));
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
        let mean = lost.iter().filter(|lost| **lost).count() as f64 / bursts;
        assert!((mean - 5.0).abs() < 0.5, "mean length {mean}");
    }

    #[test]
    fn a_rate_serializes_and_its_queue_drops_the_tail() {
        // 8 Mbit/s: 1,000 bytes take 1 ms; three of them fit into the queue.
        let link = Link {
            latency: 10 * MS,
            rate: Some(8_000_000),
            queue: 3000,
            ..Link::default()
        };
        let mut state = LinkState::new(link);
        let (now, mut rng) = (Instant::now(), rng());
        for place in 1..=3 {
            let fate = state.send(now, 1000, &mut rng);
            assert_eq!(
                fate,
                Fate::Arrives {
                    at: now + place * MS + 10 * MS,
                    again: None
                }
            );
        }
        assert_eq!(
            state.send(now, 1000, &mut rng),
            Fate::Dropped(DropReason::QueueFull)
        );
        let later = now + 2 * MS;
        let fate = state.send(later, 1000, &mut rng);
        assert_eq!(
            fate,
            Fate::Arrives {
                at: now + 14 * MS,
                again: None
            }
        );
    }

    #[test]
    fn a_datagram_larger_than_the_queue_passes_an_idle_link() {
        let mut state = LinkState::new(Link {
            rate: Some(8_000_000),
            queue: 10,
            ..Link::default()
        });
        assert!(matches!(
            state.send(Instant::now(), 1000, &mut rng()),
            Fate::Arrives { .. }
        ));
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let arrivals = |reorder| -> Vec<Instant> {
            let link = Link {
                latency: MS,
                jitter: 20 * MS,
                reorder,
                ..Link::default()
            };
            let mut state = LinkState::new(link);
            let (now, mut rng) = (Instant::now(), rng());
            let at = |fate| match fate {
                Fate::Arrives { at, .. } => at,
                Fate::Dropped(reason) => panic!("{reason:?}"),
            };
            (0..200)
                .map(|turn| at(state.send(now + turn * MS, 9, &mut rng)))
                .collect()
        };
        assert!(arrivals(0.0).is_sorted());
        assert!(!arrivals(0.1).is_sorted());
    }

    #[test]
    fn too_big_and_down_are_told_apart() {
        let mut state = LinkState::new(Link {
            mtu: 1200,
            ..Link::default()
        });
        let (now, mut rng) = (Instant::now(), rng());
        assert_eq!(state.send(now, 1201, &mut rng), Fate::Dropped(DropReason::TooBig));
        assert!(matches!(state.send(now, 1200, &mut rng), Fate::Arrives { .. }));
        state.up = false;
        assert_eq!(state.send(now, 9, &mut rng), Fate::Dropped(DropReason::Down));
    }

    #[test]
    fn duplicates_arrive_twice() {
        let mut state = LinkState::new(Link {
            duplicate: 1.0,
            ..Link::default()
        });
        let now = Instant::now();
        assert_eq!(
            state.send(now, 9, &mut rng()),
            Fate::Arrives {
                at: now,
                again: Some(now)
            }
        );
    }
}
