//! Time as RTCP writes it: RFC 3550 §4 (NTP format) and §6.4.1 (round trips).

use std::ops::{Add, Sub};
use std::time::Duration;

/// Seconds between 1900, where NTP begins, and 1970, where Unix time begins.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

/// A wall-clock time in NTP format: seconds since 1900 in the upper 32 bits, their fraction in the lower 32 bits.
///
/// The seconds wrap in 2036. All arithmetic here wraps with them.
///
/// ```
/// use rtcp::NtpTime;
/// use std::time::Duration;
///
/// let now = NtpTime::from_unix(Duration::new(1_700_000_000, 500_000_000));
/// assert_eq!(now.seconds(), 3_908_988_800);
/// assert_eq!(now.fraction(), 0x8000_0000);
/// assert_eq!(now.compact(), 0x6f80_8000);
/// assert_eq!((now + Duration::from_millis(250)).saturating_since(now), Duration::from_millis(250));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since the Unix epoch, rounded down to 2⁻³² s.
    #[must_use]
    pub const fn from_unix(since_epoch: Duration) -> Self {
        let seconds = since_epoch.as_secs().wrapping_add(UNIX_EPOCH);
        Self((seconds << 32) | fraction(since_epoch))
    }

    /// The time since the Unix epoch. Without the upper bit it is after February 2036 (RFC 5905 §6, era 1).
    #[must_use]
    pub const fn to_unix(self) -> Duration {
        let era = if self.0 >> 63 == 0 { 1 << 32 } else { 0 };
        let seconds = (self.0 >> 32).saturating_add(era).saturating_sub(UNIX_EPOCH);
        Duration::new(seconds, nanoseconds(self.fraction()))
    }

    /// Whole seconds since 1900, modulo 2³².
    #[must_use]
    pub const fn seconds(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The fraction of the second in 2⁻³² s.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    pub const fn fraction(self) -> u32 {
        self.0 as u32
    }

    /// The middle 32 bits: 16 bits of seconds, 16 bits of fraction. They wrap every 18 hours.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the middle 32 bits are meant")]
    pub const fn compact(self) -> u32 {
        (self.0 >> 16) as u32
    }

    /// How much later this is than `earlier`, zero if it is not (seconds are compared modulo 2³²).
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        let difference = self.0.wrapping_sub(earlier.0);
        if difference >> 63 == 1 {
            return Duration::ZERO;
        }
        Duration::new(difference >> 32, nanoseconds(Self(difference).fraction()))
    }

    /// A duration in compact form, 2⁻¹⁶ s rounded down; what does not fit (18 hours) is the largest value.
    ///
    /// ```
    /// use rtcp::NtpTime;
    /// use std::time::Duration;
    ///
    /// assert_eq!(NtpTime::compact_duration(Duration::from_millis(1_500)), 0x0001_8000);
    /// assert_eq!(NtpTime::expand_duration(0x0001_8000), Duration::from_millis(1_500));
    /// ```
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "compared before")]
    pub const fn compact_duration(duration: Duration) -> u32 {
        if duration.as_secs() > 0xffff {
            return u32::MAX;
        }
        ((duration.as_secs() << 16) | (fraction(duration) >> 16)) as u32
    }

    /// The duration that its compact form (2⁻¹⁶ s) stands for, to the nearest nanosecond.
    #[must_use]
    pub const fn expand_duration(compact: u32) -> Duration {
        Duration::new((compact >> 16) as u64, nanoseconds(compact << 16))
    }
}

impl Add<Duration> for NtpTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .wrapping_add((duration.as_secs() << 32) | fraction(duration)),
        )
    }
}

impl Sub<Duration> for NtpTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .wrapping_sub((duration.as_secs() << 32) | fraction(duration)),
        )
    }
}

/// The round trip that a report block or a DLRR block tells of (RFC 3550 §6.4.1, RFC 3611 §4.5): `now − last − delay`.
///
/// `last` is the compact time of the report that the peer answers, `delay` how long the peer held it in 2⁻¹⁶ s. None if the
/// peer has had no report yet (`last` is zero). A negative result, which clocks of different speed produce, is zero.
///
/// ```
/// use rtcp::{NtpTime, round_trip_time};
/// use std::time::Duration;
///
/// // The example of RFC 3550 §6.4.1, figure 2.
/// let now = NtpTime(0xb710_8000 << 16);
/// assert_eq!(round_trip_time(now, 0xb705_2000, 0x0005_4000), Some(Duration::from_millis(6_125)));
/// assert_eq!(round_trip_time(now, 0, 0), None);
/// ```
#[must_use]
pub const fn round_trip_time(now: NtpTime, last: u32, delay: u32) -> Option<Duration> {
    if last == 0 {
        return None;
    }
    let trip = now.compact().wrapping_sub(last).wrapping_sub(delay);
    if trip >> 31 == 1 {
        return Some(Duration::ZERO);
    }
    Some(NtpTime::expand_duration(trip))
}

/// The part below a second, in 2⁻³² s.
const fn fraction(duration: Duration) -> u64 {
    ((duration.subsec_nanos() as u64) << 32) / NANOS
}

/// A fraction of a second in 2⁻³² s, to the nearest nanosecond, which may be a whole second.
const fn nanoseconds(fraction: u32) -> u32 {
    (((fraction as u64) * NANOS + (1 << 31)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eras_follow_each_other() {
        // RFC 5905 figure 4: 1 January 2000 and 1 January 2400 (era 4 is beyond what a header can say).
        assert_eq!(
            NtpTime::from_unix(Duration::from_secs(946_684_800)).seconds(),
            3_155_673_600
        );
        let wrap = Duration::from_secs((1 << 32) - UNIX_EPOCH);
        assert_eq!(NtpTime::from_unix(wrap), NtpTime(0));
        assert_eq!(NtpTime(0).to_unix(), wrap);
        assert_eq!(
            NtpTime::from_unix(wrap - Duration::from_secs(1)).seconds(),
            u32::MAX
        );
    }

    #[test]
    fn differences_cross_the_era() {
        let before = NtpTime(u64::MAX - (1 << 32) + 1);
        assert_eq!(NtpTime(1 << 32).saturating_since(before), Duration::from_secs(2));
        assert_eq!(before.saturating_since(NtpTime(0)), Duration::ZERO);
        assert_eq!(before + Duration::from_secs(2), NtpTime(1 << 32));
        assert_eq!(NtpTime(1 << 32) - Duration::from_secs(2), before);
    }

    #[test]
    fn a_negative_round_trip_is_zero() {
        let now = NtpTime(10 << 40);
        assert_eq!(round_trip_time(now, now.compact(), 1), Some(Duration::ZERO));
        assert_eq!(round_trip_time(now, now.compact(), 0), Some(Duration::ZERO));
        assert_eq!(NtpTime::compact_duration(Duration::MAX), u32::MAX);
        assert_eq!(NtpTime::compact_duration(Duration::from_secs(65_536)), u32::MAX);
    }

    proptest! {
        #[test]
        fn unix_time_survives(seconds in 946_684_800_u64..4_200_000_000, nanos in 0_u32..1_000_000_000) {
            let time = Duration::new(seconds, nanos);
            let back = NtpTime::from_unix(time).to_unix();
            prop_assert!(time.abs_diff(back) <= Duration::from_nanos(1), "{time:?} {back:?}");
        }

        #[test]
        fn compact_durations_survive(compact: u32) {
            let duration = NtpTime::expand_duration(compact);
            prop_assert!(compact.abs_diff(NtpTime::compact_duration(duration)) <= 1);
        }

        #[test]
        fn nothing_overflows(time: u64, other: u64, seconds: u64, nanos in 0_u32..1_000_000_000) {
            let duration = Duration::new(seconds, nanos);
            let _ = NtpTime::from_unix(duration);
            let _ = NtpTime(time) + duration;
            let _ = NtpTime(time) - duration;
            let _ = NtpTime(time).to_unix();
            let _ = NtpTime(time).saturating_since(NtpTime(other));
            let _ = NtpTime::compact_duration(duration);
            let _ = round_trip_time(NtpTime(time), NtpTime(other).compact(), NtpTime(other).seconds());
        }
    }
}
