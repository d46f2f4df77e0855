//! Playing together what was recorded together (RFC 3550 §6.4.1): sender reports give the sender's wall clock for a timestamp
//! of each stream, and whichever stream is ahead is delayed.

use crate::JitterBuffer;
use rtp::TimestampUnwrapper;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Reports that a clock's rate is measured over.
const MAX_REPORTS: usize = 16;
/// Units of NTP time per second.
const NTP_SECOND: i128 = 1 << 32;

/// What the sender's wall clock shows at an RTP timestamp of one stream. NTP times are 64 bits wide: seconds since 1900 and 32
/// bits of fraction, as in sender reports and abs-capture-time.
///
/// ```
/// use media::NtpClock;
///
/// let mut clock = NtpClock::new(48_000);
/// assert_eq!(clock.ntp_time(0), None, "no report yet");
/// let noon = 3_900_000_000 << 32;
/// assert!(clock.handle_report(noon, 1000));
/// assert_eq!(clock.ntp_time(1000 + 48_000), Some(noon + (1 << 32)));
/// assert_eq!(clock.timestamp(noon - (1 << 31)), Some(1000_u32.wrapping_sub(24_000)));
/// ```
#[derive(Clone, Debug)]
pub struct NtpClock {
    clock_rate: i128,
    timestamps: TimestampUnwrapper,
    /// NTP time and extended timestamp of the last reports, oldest first.
    reports: VecDeque<(u64, u64)>,
}

impl NtpClock {
    /// A clock of so many ticks per second, without a report.
    pub fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate: clock_rate.max(1).into(),
            timestamps: TimestampUnwrapper::new(),
            reports: VecDeque::new(),
        }
    }

    /// Notes what a sender report says, or a header extension of that kind. False when it says nothing new: it is older than
    /// the last one, or has no NTP time. A report that contradicts the ones before (more than 1 % of the time between them)
    /// replaces them all: the sender's clock was set, or its timestamps begin anew.
    pub fn handle_report(&mut self, ntp_time: u64, timestamp: u32) -> bool {
        let extended = self.timestamps.extend(timestamp);
        let last = self.reports.back().copied();
        if ntp_time == 0 || last.is_some_and(|(ntp, rtp)| (ntp_time, extended) == (ntp, rtp)) {
            return false;
        }
        if let Some((ntp, rtp)) = last {
            if ntp_time <= ntp && extended <= rtp {
                return false;
            }
            if !self.agrees(difference(ntp_time, ntp), difference(extended, rtp)) {
                self.reports.clear();
            }
        }
        if self.reports.len() == MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back((ntp_time, extended));
        true
    }

    /// Whether times of both clocks pass alike, but for 1 % and 20 ms.
    fn agrees(&self, ntp: i128, ticks: i128) -> bool {
        let expected = ticks * NTP_SECOND / self.clock_rate;
        (ntp - expected).abs() <= expected.abs() / 100 + NTP_SECOND / 50
    }

    /// NTP time and ticks that pass alike: measured over 5 s of reports and more, before that as the clock rate says.
    fn rate(&self) -> (i128, i128) {
        let nominal = (NTP_SECOND, self.clock_rate);
        let (Some(first), Some(last)) = (self.reports.front(), self.reports.back()) else {
            return nominal;
        };
        let (ntp, ticks) = (difference(last.0, first.0), difference(last.1, first.1));
        let is_long = ntp >= 5 * NTP_SECOND && ticks > 0;
        if is_long { (ntp, ticks) } else { nominal }
    }

    /// The sender's wall clock when `timestamp` was sampled; `None` before the first report.
    pub fn ntp_time(&self, timestamp: u32) -> Option<u64> {
        let (ntp, rtp) = self.reports.back()?;
        let (units, ticks) = self.rate();
        let passed = difference(self.timestamps.peek(timestamp), *rtp);
        u64::try_from(i128::from(*ntp) + (passed * units).div_euclid(ticks)).ok()
    }

    /// The timestamp of what was sampled at a time of the sender's wall clock; `None` before the first report.
    pub fn timestamp(&self, ntp_time: u64) -> Option<u32> {
        let (ntp, rtp) = self.reports.back()?;
        let (units, ticks) = self.rate();
        let passed = (difference(ntp_time, *ntp) * ticks).div_euclid(units);
        let extended = i128::from(*rtp) + passed;
        u32::try_from(extended.rem_euclid(1 << 32)).ok()
    }

    /// The NTP time of the last report.
    pub fn last_report(&self) -> Option<u64> {
        self.reports.back().map(|(ntp, _)| *ntp)
    }
}

fn difference(a: u64, b: u64) -> i128 {
    i128::from(a) - i128::from(b)
}

/// A stream that is to be played together with others.
#[derive(Debug)]
pub struct SyncMember<'a> {
    /// Its clock, fed with its sender reports.
    pub clock: &'a NtpClock,
    /// Its packets.
    pub buffer: &'a mut JitterBuffer,
}

/// Plays streams of one sender (one CNAME) together, such as a voice and its face.
///
/// The stream whose own delay brings it out last is left alone, all others get a delay that brings them to the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synchronizer {
    /// The largest delay that a stream gets because of the others. Default 1 s: more is worse than what it is to cure.
    pub max_delay: Duration,
    /// By how much a delay changes at most with each call. Default 80 ms, as libwebrtc.
    pub max_step: Duration,
    /// What is left alone, since nobody hears or sees it. Default 10 ms.
    pub tolerance: Duration,
}

impl Default for Synchronizer {
    fn default() -> Self {
        Self {
            max_delay: Duration::from_secs(1),
            max_step: Duration::from_millis(80),
            tolerance: Duration::from_millis(10),
        }
    }
}

/// Delays that differ by more than this are not one sender's clock (libwebrtc: 10 s).
const MAX_SPREAD: Duration = Duration::from_secs(10);

impl Synchronizer {
    /// Adjusts the delays; to be called about once a second. Members without a report or without packets are left alone.
    /// Returns by how much the streams would be apart without any of this; `None` when fewer than two can be compared.
    pub fn synchronize(&self, now: Instant, members: &mut [SyncMember<'_>]) -> Option<Duration> {
        let reference = members
            .iter()
            .filter_map(|member| member.clock.last_report())
            .max()?;
        let times = members.iter().map(|member| {
            let timestamp = member.clock.timestamp(reference)?;
            member.buffer.unsynchronized_playout_time(timestamp)
        });
        let times: Vec<Option<Instant>> = times.collect();
        let known = || times.iter().copied().flatten();
        let (first, last) = (known().min()?, known().max()?);
        let spread = last.saturating_duration_since(first);
        if known().count() < 2 || spread > MAX_SPREAD {
            return None;
        }
        for (member, time) in members.iter_mut().zip(&times) {
            if let Some(time) = time {
                self.adjust(now, member.buffer, last.saturating_duration_since(*time));
            }
        }
        Some(spread)
    }

    /// Brings the delay of a stream nearer to that at which it is so much later than on its own.
    fn adjust(&self, now: Instant, buffer: &mut JitterBuffer, behind: Duration) {
        let wanted = if behind <= self.tolerance {
            Duration::ZERO
        } else {
            behind.min(self.max_delay) + buffer.measured_delay().max(buffer.minimum_delay())
        };
        let present = buffer.sync_delay();
        // From none to the delay that it has anyway is no step.
        let from = present.max(buffer.measured_delay().min(wanted));
        let next = wanted.clamp(
            from.saturating_sub(self.max_step),
            from.saturating_add(self.max_step),
        );
        buffer.set_sync_delay(now, next);
    }
}
