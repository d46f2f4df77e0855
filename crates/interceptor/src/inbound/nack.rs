//! Which packets to ask for again, and when (generic NACK, RFC 4585 §6.2.1).
//!
//! A gap is asked for at once, or after the delay by which packets of this path were seen to be reordered. It is asked for again
//! a round trip later, until the packet comes – itself, or by RTX – or is given up.

use crate::clock::{Time, earliest};
use std::collections::VecDeque;
use std::time::Duration;

/// Bounds and rhythm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NackConfig {
    /// Packets that may be missing at once.
    pub(crate) max_missing: usize,
    /// How often one is asked for.
    pub(crate) max_tries: u8,
    /// After which time it is given up.
    pub(crate) max_age: Duration,
    /// Upper bound of the delay for reordering.
    pub(crate) max_delay: Duration,
}

/// Between two requests for a packet there is at least this.
const MIN_INTERVAL: Duration = Duration::from_millis(10);
/// Round trip time as long as none is measured.
const UNKNOWN_RTT: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: u64,
    since: Time,
    due: Time,
    asked: Option<Time>,
    tries: u8,
}

/// The missing packets of one source.
#[derive(Debug)]
pub(crate) struct Nack {
    config: NackConfig,
    /// In order of sequence numbers.
    missing: VecDeque<Missing>,
    next: Option<Time>,
    /// What reordered packets were late by.
    lateness: Duration,
    /// What answers took, smoothed.
    answer: Option<Duration>,
    abandoned: u64,
}

/// How a missing packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// By RTX, or from error correction.
    Again,
    /// Itself, where retransmissions come by RTX.
    Late,
    /// Itself, where retransmissions come as the packet was.
    Either,
}

impl Nack {
    pub(crate) const fn new(config: NackConfig) -> Self {
        Self {
            config,
            missing: VecDeque::new(),
            next: None,
            lateness: Duration::ZERO,
            answer: None,
            abandoned: 0,
        }
    }

    /// `count` packets before `sequence` did not come. False if these are more than can be asked for: then a key frame helps
    /// and nothing else.
    pub(crate) fn gap(&mut self, now: Time, sequence: u64, count: u16) -> bool {
        let count = usize::from(count);
        if self.missing.len() + count > self.config.max_missing {
            self.abandon(self.missing.len() + count);
            return false;
        }
        // What was as late as that before should have come by then.
        let due = now.after(self.lateness + self.lateness / 4);
        self.lateness -= self.lateness / 32;
        let first = sequence - count as u64;
        self.missing.extend((first..sequence).map(|sequence| Missing {
            sequence,
            since: now,
            due,
            asked: None,
            tries: 0,
        }));
        self.next = earliest(self.next, Some(due));
        true
    }

    /// A packet came, late or again.
    pub(crate) fn arrived(&mut self, now: Time, sequence: u64, came: Came, rtt: Option<Duration>) {
        let Ok(index) = self
            .missing
            .binary_search_by_key(&sequence, |missing| missing.sequence)
        else {
            return;
        };
        let Some(missing) = self.missing.remove(index) else {
            return;
        };
        if self.missing.is_empty() {
            self.next = None;
        }
        let is_reordered = match (came, missing.asked) {
            (Came::Again, Some(asked)) => {
                if missing.tries == 1 {
                    self.answered(now.since(asked));
                }
                false
            }
            (Came::Again, None) => false,
            (Came::Late, _) | (Came::Either, None) => true,
            // Sooner than an answer could be here it was no answer.
            (Came::Either, Some(asked)) => rtt.is_some_and(|rtt| now.since(asked) < rtt / 2),
        };
        if is_reordered {
            let late = now.since(missing.since).min(self.config.max_delay);
            self.lateness = self.lateness.max(late);
        }
    }

    /// An answer took this long: a round trip, where nothing better measures it.
    fn answered(&mut self, took: Duration) {
        let answer = self.answer.map_or(took, |answer| answer - answer / 8 + took / 8);
        self.answer = Some(answer);
    }

    /// At most `max` of what is due, in order. What is left stays due.
    pub(crate) fn collect(&mut self, now: Time, rtt: Option<Duration>, max: usize, due: &mut Vec<u16>) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        let rtt = rtt.or(self.answer).unwrap_or(UNKNOWN_RTT);
        let interval = (rtt + rtt / 4).max(MIN_INTERVAL);
        let before = self.missing.len();
        let config = self.config;
        self.missing.retain(|missing| {
            missing.due > now || missing.tries < config.max_tries && now.since(missing.since) < config.max_age
        });
        self.abandoned += (before - self.missing.len()) as u64;
        self.next = None;
        for missing in &mut self.missing {
            if missing.due <= now && due.len() < max {
                due.push(super::source::low(missing.sequence));
                missing.tries += 1;
                missing.asked = Some(now);
                missing.due = now.after(interval);
            }
            self.next = earliest(self.next, Some(missing.due));
        }
    }

    /// When [`collect`](Self::collect) has something.
    pub(crate) const fn next(&self) -> Option<Time> {
        self.next
    }

    /// Packets that were given up.
    pub(crate) const fn abandoned(&self) -> u64 {
        self.abandoned
    }

    /// Packets being waited for.
    pub(crate) fn len(&self) -> usize {
        self.missing.len()
    }

    /// Gives up everything: after a key frame nobody needs what was before it, after a jump nobody knows it.
    pub(crate) fn clear(&mut self) {
        self.abandon(self.missing.len());
    }

    fn abandon(&mut self, count: usize) {
        self.abandoned += count as u64;
        self.missing.clear();
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;
    const RTT: Option<Duration> = Some(Duration::from_millis(40));

    fn nack() -> Nack {
        Nack::new(NackConfig {
            max_missing: 10,
            max_tries: 3,
            max_age: Duration::from_secs(1),
            max_delay: Duration::from_millis(20),
        })
    }

    fn due(nack: &mut Nack, now: u64) -> Vec<u16> {
        let mut due = Vec::new();
        nack.collect(Time(now), RTT, 100, &mut due);
        due
    }

    #[test]
    fn asks_at_once_then_every_round_trip_and_gives_up() {
        let mut nack = nack();
        assert!(nack.gap(Time(5 * MS), 65_538, 3));
        assert_eq!(nack.next(), Some(Time(5 * MS)));
        assert_eq!(due(&mut nack, 5 * MS), [65_535, 0, 1]);
        assert_eq!(
            nack.next(),
            Some(Time(55 * MS)),
            "a round trip and a quarter later"
        );
        assert_eq!(due(&mut nack, 54 * MS), []);
        nack.arrived(Time(54 * MS), 65_536, Came::Again, RTT);
        assert_eq!(due(&mut nack, 55 * MS), [65_535, 1]);
        nack.arrived(Time(56 * MS), 65_535, Came::Again, RTT);
        assert_eq!(due(&mut nack, 105 * MS), [1]);
        assert_eq!(due(&mut nack, 155 * MS), [], "three times are enough");
        assert_eq!((nack.abandoned(), nack.next(), nack.len()), (1, None, 0));
    }

    #[test]
    fn what_has_no_room_stays_due() {
        let mut nack = nack();
        nack.gap(Time(0), 10, 5);
        let mut asked = Vec::new();
        nack.collect(Time(0), RTT, 3, &mut asked);
        assert_eq!((asked.as_slice(), nack.next()), (&[5, 6, 7][..], Some(Time(0))));
        assert_eq!(due(&mut nack, 0), [8, 9]);
    }

    #[test]
    fn stops_after_repair() {
        let mut nack = nack();
        nack.gap(Time(0), 10, 1);
        assert_eq!(due(&mut nack, 0), [9]);
        nack.arrived(Time(45 * MS), 9, Came::Again, RTT);
        assert_eq!((nack.next(), due(&mut nack, 500 * MS)), (None, vec![]));
        assert_eq!(nack.abandoned(), 0);
    }

    #[test]
    fn learns_how_late_reordered_packets_are() {
        let mut nack = nack();
        nack.gap(Time(0), 10, 1);
        nack.arrived(Time(3 * MS), 9, Came::Either, RTT);
        assert_eq!(due(&mut nack, 3 * MS), []);
        nack.gap(Time(100 * MS), 20, 1);
        assert_eq!(nack.next(), Some(Time(103_750)));
        assert_eq!(due(&mut nack, 103 * MS), []);
        // An answer by the same stream (no RTX) after a round trip is not taken for reordering.
        assert_eq!(due(&mut nack, 103_750), [19]);
        nack.arrived(Time(145 * MS), 19, Came::Either, RTT);
        nack.gap(Time(200 * MS), 30, 1);
        assert!(nack.next() <= Some(Time(203_750)));
        // Neither is anything beyond the bound.
        nack.arrived(Time(900 * MS), 29, Came::Either, RTT);
        nack.gap(Time(1000 * MS), 40, 1);
        assert_eq!(nack.next(), Some(Time(1025 * MS)));
        // Without further reordering it wears off.
        for gap in 5..200 {
            nack.gap(Time(gap * 1000 * MS), gap * 10, 1);
            nack.arrived(Time(gap * 1000 * MS), gap * 10 - 1, Came::Again, RTT);
        }
        nack.gap(Time(300_000 * MS), 4000, 1);
        assert!(nack.next() <= Some(Time(300_001 * MS)));
    }

    #[test]
    fn with_rtx_the_original_is_always_late_and_answers_measure_the_round_trip() {
        let mut nack = nack();
        let mut asked = Vec::new();
        nack.gap(Time(0), 10, 2);
        nack.collect(Time(0), None, 10, &mut asked);
        assert_eq!(
            nack.next(),
            Some(Time(125 * MS)),
            "a round trip of 100 ms is assumed"
        );
        nack.arrived(Time(4 * MS), 8, Came::Late, None);
        nack.arrived(Time(24 * MS), 9, Came::Again, None);
        nack.gap(Time(100 * MS), 20, 1);
        assert_eq!(
            nack.next(),
            Some(Time(105 * MS)),
            "four milliseconds late, and a quarter"
        );
        nack.collect(Time(105 * MS), None, 10, &mut asked);
        assert_eq!(nack.next(), Some(Time(135 * MS)), "24 ms and a quarter");
    }

    #[test]
    fn too_much_is_not_asked_for() {
        let mut nack = nack();
        assert!(nack.gap(Time(0), 20, 8));
        assert!(!nack.gap(Time(0), 40, 3));
        assert_eq!((nack.len(), nack.abandoned(), nack.next()), (0, 11, None));
        assert!(nack.gap(Time(0), 60, 10));
    }

    #[test]
    fn old_ones_are_given_up_whatever_the_tries() {
        let mut nack = nack();
        nack.gap(Time(0), 10, 1);
        assert_eq!(due(&mut nack, 1000 * MS), []);
        assert_eq!(nack.abandoned(), 1);
    }
}
