//! When RTCP is sent: the regular reports of RFC 3550 §6.2, §6.3 and Appendix A.7 with the changes of RFC 4585 §3.5 for two
//! parties (no dithering of feedback, no fixed minimum, `T_rr_interval`), and what feedback may cost in between.
//!
//! Feedback is immediate (RFC 4585 §3.3) as long as it fits the RTCP bandwidth, which is counted out in a bucket: every byte of
//! media adds a twentieth of a byte. Beyond that it waits. Reconsideration is for multicast and left out, as §6.3 permits.

use crate::clock::Time;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::time::Duration;

/// What the schedule is told beforehand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// `T_rr_interval`.
    pub(crate) interval: Duration,
    /// RTCP bandwidth in bytes per second that is there without any media.
    pub(crate) floor: u64,
}

/// Feedback that may be sent at once after silence, in bytes.
const BURST: i64 = 16_384;
/// Bytes of media that pay for one byte of RTCP (RFC 3550 §6.2: 5 %).
const MEDIA_PER_RTCP: i64 = 20;
/// Media that come in the meantime may have paid a debt sooner than time does.
const RECHECK: Duration = Duration::from_millis(10);
/// How far a debt goes.
const MAX_DEBT: i64 = -BURST * MEDIA_PER_RTCP;

/// The timer of regular reports, and the bucket.
#[derive(Debug)]
pub(crate) struct Schedule {
    pace: Pace,
    rng: ChaCha20Rng,
    /// When the next regular report is due; unset while there is nothing to report on.
    next: Option<Time>,
    /// Smoothed size of the datagrams of one report, `avg_rtcp_size`.
    average: u64,
    /// Bytes of media since the last report, and when that was.
    media: u64,
    reported: Time,
    /// Bytes that may be spent, as of `filled`, negative when a datagram was longer than that; in 1/20 bytes.
    credit: i64,
    filled: Time,
}

impl Schedule {
    pub(crate) fn new(pace: Pace, rng: ChaCha20Rng) -> Self {
        Self {
            pace,
            rng,
            next: None,
            average: 128,
            media: 0,
            reported: Time(0),
            credit: BURST * MEDIA_PER_RTCP,
            filled: Time(0),
        }
    }

    /// Streams exist: the first report comes after half an interval (RFC 3550 §6.2), dithered.
    pub(crate) fn start(&mut self, now: Time) {
        if self.next.is_none() {
            let delay = self.dithered(self.pace.interval / 2);
            self.next = Some(now.after(delay));
        }
    }

    /// No stream is left.
    pub(crate) fn stop(&mut self) {
        self.next = None;
    }

    pub(crate) fn next(&self) -> Option<Time> {
        self.next
    }

    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// A regular report of so many bytes goes out; the next is scheduled.
    pub(crate) fn reported(&mut self, now: Time, bytes: usize) {
        self.average = (self.average * 15 + bytes as u64) / 16;
        let share = (self.bandwidth(now) / 2).max(1);
        self.media = 0;
        self.reported = now;
        // A.7 with n = 2: what both ends send in an interval stays within the bandwidth.
        let affordable = Duration::from_millis(self.average.saturating_mul(1000) / share);
        let delay = self.dithered(self.pace.interval.max(affordable));
        self.next = Some(now.after(delay));
    }

    /// Bytes of RTCP per second: the floor, and a share of the media since the last report.
    fn bandwidth(&self, now: Time) -> u64 {
        let elapsed = now.0.saturating_sub(self.reported.0).max(1);
        let media = u128::from(self.media) * 1_000_000 / u128::from(elapsed);
        let media = u64::try_from(media).unwrap_or(u64::MAX);
        self.pace
            .floor
            .saturating_add(media / MEDIA_PER_RTCP.unsigned_abs())
    }

    /// Evenly between half and one and a half of it.
    fn dithered(&mut self, interval: Duration) -> Duration {
        let micros = crate::clock::micros(interval);
        let random = u64::from(self.rng.next_u32());
        Duration::from_micros(micros / 2 + ((micros * random) >> 32))
    }

    /// Media went over the wire, in either direction.
    #[inline]
    pub(crate) fn earn(&mut self, bytes: usize) {
        self.media += bytes as u64;
        self.add(bytes as u64);
    }

    #[inline]
    fn add(&mut self, credit: u64) {
        let credit = i64::try_from(credit).unwrap_or(i64::MAX);
        self.credit = self.credit.saturating_add(credit).min(BURST * MEDIA_PER_RTCP);
    }

    /// Whether feedback may go out; if not, when to ask again.
    pub(crate) fn may_send(&mut self, now: Time) -> Result<(), Time> {
        self.fill(now);
        if self.credit > 0 {
            return Ok(());
        }
        Err(now.after(RECHECK))
    }

    /// RTCP went out. A datagram may be longer than the credit; the next waits until the debt is paid.
    pub(crate) fn spend(&mut self, now: Time, bytes: usize) {
        self.fill(now);
        let price = i64::try_from(bytes)
            .unwrap_or(i64::MAX)
            .saturating_mul(MEDIA_PER_RTCP);
        self.credit = self.credit.saturating_sub(price).max(MAX_DEBT);
    }

    fn fill(&mut self, now: Time) {
        let rate = self.pace.floor.saturating_mul(MEDIA_PER_RTCP.unsigned_abs());
        let elapsed = now.0.saturating_sub(self.filled.0);
        let earned = elapsed.saturating_mul(rate) / 1_000_000;
        if earned > 0 {
            self.filled = now;
            self.add(earned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    fn schedule(floor: u64) -> Schedule {
        let pace = Pace {
            interval: Duration::from_secs(1),
            floor,
        };
        Schedule::new(pace, ChaCha20Rng::from_seed([1; 32]))
    }

    #[test]
    fn intervals_are_dithered_around_their_length() {
        let mut schedule = schedule(8000);
        schedule.start(Time(0));
        let first = schedule.next().unwrap();
        assert!(
            (250_000..750_000).contains(&first.0),
            "half an interval: {first:?}"
        );
        let mut gaps = Vec::new();
        let mut now = first;
        for _ in 0..1000 {
            assert!(schedule.is_due(now) && !schedule.is_due(Time(now.0 - 1)));
            schedule.reported(now, 100);
            let next = schedule.next().unwrap();
            gaps.push(next.since(now).as_millis());
            now = next;
        }
        let mean = gaps.iter().sum::<u128>() / 1000;
        assert!((970..1030).contains(&mean), "{mean}");
        assert!(*gaps.iter().min().unwrap() >= 500 && *gaps.iter().max().unwrap() <= 1500);
        assert!(*gaps.iter().max().unwrap() > 1400 && *gaps.iter().min().unwrap() < 600);
    }

    #[test]
    fn long_reports_are_rare_unless_media_pay_for_them() {
        let gap = |media: usize| {
            let mut schedule = schedule(1000);
            let mut now = Time(0);
            for _ in 0..50 {
                now = now.after(Duration::from_secs(1));
                schedule.earn(media);
                schedule.reported(now, 5000);
            }
            schedule.next().unwrap().since(now)
        };
        // 5,000 bytes of a share of 500 bytes a second.
        assert!((4.7..14.2).contains(&gap(0).as_secs_f64()), "{:?}", gap(0));
        assert!(
            gap(1_000_000) < Duration::from_millis(1500),
            "{:?}",
            gap(1_000_000)
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_times() {
        let times = || {
            let mut schedule = schedule(8000);
            schedule.start(Time(5));
            schedule.start(Time(6));
            schedule.reported(Time(2_000_000), 100);
            schedule.next()
        };
        assert_eq!(times(), times());
    }

    #[test]
    fn feedback_beyond_the_bandwidth_waits() {
        let mut schedule = schedule(1000);
        assert_eq!(schedule.may_send(Time(0)), Ok(()));
        let mut sent = 0;
        while schedule.may_send(Time(0)).is_ok() {
            schedule.spend(Time(0), 1000);
            sent += 1000;
        }
        assert_eq!(sent, 17_000, "a burst and the rest of a datagram");
        assert_eq!(schedule.may_send(Time(0)), Err(Time(10_000)));
        // 616 bytes are owed.
        assert!(schedule.may_send(Time(616_000)).is_err());
        assert_eq!(
            schedule.may_send(Time(617_000)),
            Ok(()),
            "a millisecond pays for a byte"
        );
        schedule.spend(Time(617_000), 100);
        schedule.earn(99 * 20);
        assert!(schedule.may_send(Time(617_000)).is_err());
        schedule.earn(20);
        assert_eq!(schedule.may_send(Time(617_000)), Ok(()), "so does media");
    }
}
