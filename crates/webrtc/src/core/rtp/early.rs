//! Media that comes before there are keys for it: on its way it has overtaken the last record of the handshake, or the answer.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::RtpTransportStats;

/// Datagrams that are kept at most: the packets of a first picture.
const MAX_PACKETS: usize = 32;

/// Their bytes together.
const MAX_BYTES: usize = 64 << 10;

/// How long one is kept. What is older helps nobody any more.
const MAX_AGE: Duration = Duration::from_secs(2);

/// The newest of them. Nobody can tell yet whether they are genuine.
#[derive(Debug, Default)]
pub(in crate::core) struct EarlyPackets {
    waiting: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    count: u64,
    dropped: u64,
}

impl EarlyPackets {
    pub(super) fn push(&mut self, now: Instant, datagram: &[u8]) {
        self.count += 1;
        while self.waiting.len() >= MAX_PACKETS || self.bytes + datagram.len() > MAX_BYTES {
            let Some((_, oldest)) = self.waiting.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
            self.dropped += 1;
        }
        if datagram.len() > MAX_BYTES {
            self.dropped += 1;
            return;
        }
        self.bytes += datagram.len();
        self.waiting.push_back((now, datagram.to_vec()));
    }

    /// There are keys: gives what is still of use, in the order in which it came.
    pub(super) fn take(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let before = self.waiting.len();
        self.waiting
            .retain(|(arrived, _)| now.saturating_duration_since(*arrived) <= MAX_AGE);
        self.dropped += (before - self.waiting.len()) as u64;
        self.bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|(_, datagram)| datagram).collect()
    }

    /// Counters that have these.
    pub(super) fn stats(&self) -> RtpTransportStats {
        RtpTransportStats {
            early: self.count,
            early_dropped: self.dropped,
            ..RtpTransportStats::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_within_both_bounds_and_the_others_counted() {
        let now = Instant::now();
        let mut early = EarlyPackets::default();
        for number in 0..50 {
            early.push(now, &[number; 100]);
        }
        assert_eq!((early.waiting.len(), early.bytes), (32, 3200));
        let kept = early.take(now);
        assert!(kept.iter().map(|datagram| datagram[0]).eq(18..50));
        assert_eq!((early.stats().early, early.stats().early_dropped), (50, 18));

        let mut early = EarlyPackets::default();
        for number in 0..5 {
            early.push(now, &[number; 20_000]);
        }
        assert_eq!((early.waiting.len(), early.bytes), (3, 60_000));
        early.push(now, &vec![9; 70_000]);
        assert_eq!(early.take(now), Vec::<Vec<u8>>::new());
        assert_eq!((early.stats().early, early.stats().early_dropped), (6, 6));
    }

    #[test]
    fn what_is_too_old_is_of_no_use() {
        let now = Instant::now();
        let mut early = EarlyPackets::default();
        early.push(now, &[1]);
        early.push(now + Duration::from_millis(1), &[2]);
        assert_eq!(early.take(now + MAX_AGE + Duration::from_millis(1)), [[2]]);
        assert_eq!(early.stats().early_dropped, 1);
    }
}
