//! When what is received was sampled: RFC 3550 §6.4.1 relates RTP timestamps to the sender's clock, and the arrivals of its
//! reports relate that clock to ours. What all streams of a sender share is one difference of clocks, so that the relation
//! between its sound and its pictures is exactly what it says, however late which report was.

use crate::clock::{Clock, Time};
use rtcp::{NtpTime, SenderInfo};

/// Differences further apart are those of two clocks, in microseconds.
const OTHER_CLOCK: i64 = 5_000_000;

/// A time so far from the arrival of the packet is not believed, in microseconds.
const MAX_OFF: i64 = 10_000_000;

/// Of the time by which a report was slower than others, so much counts: clocks drift apart.
const DRIFT: i64 = 64;

/// How far our clock is ahead of a sender's, the way of its fastest report included, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SenderClock(Option<i64>);

impl SenderClock {
    /// A report arrived so much later than it was made.
    pub(crate) fn report(&mut self, ahead: i64) {
        let slower = self.0.map(|known| ahead.saturating_sub(known));
        self.0 = match (self.0, slower) {
            (Some(known), Some(slower @ 0..OTHER_CLOCK)) => Some(known.saturating_add(slower / DRIFT)),
            _ => Some(ahead),
        };
    }
}

/// What a sender report says about timestamps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampled {
    ntp: i64,
    timestamp: u32,
    /// How much later it arrived than it was made, by our clock.
    pub(crate) ahead: i64,
}

impl Sampled {
    pub(crate) fn new(clock: &Clock, arrived: Time, info: SenderInfo) -> Self {
        let ntp = micros(info.ntp_time);
        Self {
            ntp,
            timestamp: info.rtp_timestamp,
            ahead: micros(clock.ntp(arrived)).saturating_sub(ntp),
        }
    }

    /// How long before `now` a timestamp was sampled, in microseconds; `None` when that makes no sense.
    pub(crate) fn age(&self, clock: &Clock, now: Time, at: (u32, u32), sender: SenderClock) -> Option<i64> {
        let (timestamp, clock_rate) = at;
        let shared = sender
            .0
            .filter(|it| it.abs_diff(self.ahead) < OTHER_CLOCK.unsigned_abs());
        let ticks = i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed());
        let later = ticks.saturating_mul(1_000_000).checked_div(clock_rate.into())?;
        let sampled = self
            .ntp
            .saturating_add(shared.unwrap_or(self.ahead))
            .saturating_add(later);
        let age = micros(clock.ntp(now)).saturating_sub(sampled);
        (-MAX_OFF..=MAX_OFF).contains(&age).then_some(age)
    }
}

fn micros(time: NtpTime) -> i64 {
    i64::try_from(time.to_unix().as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    const UNIX: Duration = Duration::from_secs(1_700_000_000);

    /// A report made at this time of a clock that is an hour ahead, when the timestamp was `timestamp`.
    fn sampled(clock: &Clock, made: u64, arrived: u64, timestamp: u32) -> Sampled {
        let info = SenderInfo {
            ntp_time: NtpTime::from_unix(UNIX + Duration::from_secs(3600) + Duration::from_micros(made)),
            rtp_timestamp: timestamp,
            ..SenderInfo::default()
        };
        Sampled::new(clock, Time(arrived), info)
    }

    #[test]
    fn streams_of_one_sender_keep_their_relation_whatever_way_reports_take() {
        let clock = Clock::new(Instant::now(), UNIX);
        let mut sender = SenderClock::default();
        // Both were made at one time; that of sound took 20 ms, that of pictures 80.
        let sound = sampled(&clock, 1_000_000, 1_020_000, 48_000);
        sender.report(sound.ahead);
        let picture = sampled(&clock, 1_000_000, 1_080_000, u32::MAX);
        sender.report(picture.ahead);
        let now = Time(2_000_000);
        let age = |it: &Sampled, timestamp, rate| it.age(&clock, now, (timestamp, rate), sender).unwrap();
        let (a, b) = (age(&sound, 96_000, 48_000), age(&picture, 89_999, 90_000));
        assert_eq!(a, b);
        // The way of the faster report and some of the difference are in it.
        assert!((-21_000..=-20_000).contains(&a), "{a}");
    }

    #[test]
    fn another_clock_is_followed_and_nonsense_is_not() {
        let clock = Clock::new(Instant::now(), UNIX);
        let mut sender = SenderClock::default();
        let mut all = Vec::new();
        // The second stream has a clock of its own, as behind a server that passes reports on.
        for (made, arrived) in [(0, 10_000), (900_000_000, 20_000), (1_000_000, 1_010_000)] {
            let it = sampled(&clock, made, arrived, 0);
            sender.report(it.ahead);
            all.push((it, arrived));
        }
        for (it, arrived) in all {
            assert_eq!(it.age(&clock, Time(arrived), (0, 8000), sender), Some(0));
            let eleven_seconds = 88_000;
            assert_eq!(
                it.age(&clock, Time(arrived), (eleven_seconds, 8000), sender),
                None
            );
            assert_eq!(it.age(&clock, Time(arrived), (0, 0), sender), None);
        }
        for ntp in [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1] {
            let info = SenderInfo {
                ntp_time: NtpTime(ntp),
                ..SenderInfo::default()
            };
            let it = Sampled::new(&clock, Time(u64::MAX), info);
            for sender in [
                SenderClock::default(),
                SenderClock(Some(i64::MIN)),
                SenderClock(Some(i64::MAX)),
            ] {
                let mut sender = sender;
                sender.report(it.ahead);
                let _ = it.age(&clock, Time(0), (u32::MAX, 1), sender);
            }
        }
    }
}
