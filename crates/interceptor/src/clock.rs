//! Time inside a chain: microseconds since it was made, small enough to be kept for every packet, and the wall clock that goes
//! on the wire (RFC 3550 §4). The wall clock is read once and then follows the monotonic one, so that a step of the system's
//! clock neither bends a round trip time nor moves lip sync.

use rtcp::NtpTime;
use std::time::{Duration, Instant};

/// Microseconds since the chain was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) u64);

impl Time {
    /// This much later.
    pub(crate) const fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// How long ago `earlier` was; zero if it is later.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Whole microseconds of a duration.
pub(crate) const fn micros(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000)
        .saturating_add(duration.subsec_micros() as u64)
}

/// The earlier of two deadlines.
pub(crate) fn earliest(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Converts between the driver's clock, the chain's and the wire's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    epoch: Instant,
    unix: Duration,
    /// The last conversion: a driver gives one time to a whole batch.
    last: (Instant, Time),
}

impl Clock {
    /// `unix` is the time since the Unix epoch at `epoch`.
    pub(crate) const fn new(epoch: Instant, unix: Duration) -> Self {
        Self {
            epoch,
            unix,
            last: (epoch, Time(0)),
        }
    }

    /// The chain's time of an instant; zero before the epoch.
    #[inline]
    pub(crate) fn time(&mut self, now: Instant) -> Time {
        if self.last.0 != now {
            self.last = (now, Time(micros(now.saturating_duration_since(self.epoch))));
        }
        self.last.1
    }

    /// The timestamp at the epoch of a clock that had this one at an instant before it; the same from the epoch on.
    #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
    pub(crate) fn advance_to_epoch(&self, at: Instant, (timestamp, clock_rate): (u32, u32)) -> u32 {
        let before = micros(self.epoch.saturating_duration_since(at));
        let ticks = before.saturating_mul(clock_rate.into()) / 1_000_000;
        timestamp.wrapping_add(ticks as u32)
    }

    /// The driver's time of a deadline.
    pub(crate) fn instant(&self, time: Time) -> Instant {
        let after = Duration::from_micros(time.0);
        self.epoch.checked_add(after).unwrap_or(self.epoch)
    }

    /// What the wall shows at `time`.
    pub(crate) fn ntp(&self, time: Time) -> NtpTime {
        NtpTime::from_unix(self.unix.saturating_add(Duration::from_micros(time.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_survive_the_way_to_the_driver_and_back() {
        let epoch = Instant::now();
        let mut clock = Clock::new(epoch, Duration::from_secs(1_700_000_000));
        for micros in [0, 1, 999_999, 86_400_000_000] {
            let time = Time(micros);
            assert_eq!(clock.time(clock.instant(time)), time);
        }
        // An instant between two microseconds belongs to the earlier one, so a deadline in the later is not due.
        assert_eq!(clock.time(epoch + Duration::from_nanos(1999)), Time(1));
        assert_eq!(
            clock.time(epoch.checked_sub(Duration::from_secs(1)).unwrap()),
            Time(0)
        );
    }

    #[test]
    fn the_wall_clock_follows_the_monotonic_one() {
        let clock = Clock::new(Instant::now(), Duration::from_secs(10));
        let apart = clock.ntp(Time(2_500_000)).0 - clock.ntp(Time(0)).0;
        assert_eq!(apart >> 31, 5, "two and a half seconds");
    }
}
