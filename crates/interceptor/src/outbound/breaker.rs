//! RTP circuit breakers, RFC 8083: when a stream does harm that no congestion control has ended. The application is told and has
//! to stop, or to send a tenth. Left out are what only the application knows: frame intervals (taken as zero) and usability (§4.4).

use crate::clock::Time;
use crate::event::CircuitBreaker;
use std::collections::VecDeque;
use std::time::Duration;

/// Reports without progress before a media timeout (§4.2, k).
const MEDIA_TIMEOUT: f64 = 5.0;
/// Three of the longest deterministic intervals (§4.1).
const REPORT_TIMEOUT: Duration = Duration::from_secs(15);
/// Intervals that are remembered; `CB_INTERVAL` is cut to it.
const MAX_INTERVALS: usize = 32;

/// What a report says, and what was sent until then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported {
    pub(crate) now: Time,
    pub(crate) highest: u32,
    /// In 1/256.
    pub(crate) fraction_lost: u8,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) rtt: Option<Duration>,
}

/// Between two reports.
#[derive(Clone, Copy, Debug)]
struct Interval {
    seconds: f64,
    lost: f64,
    packets: u64,
    bytes: u64,
}

/// The breakers of one stream.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    last: Option<Reported>,
    stuck: u32,
    intervals: VecDeque<Interval>,
}

impl Breaker {
    /// A report came. Gives the breaker that it fires.
    pub(crate) fn report(&mut self, reported: Reported) -> Option<CircuitBreaker> {
        let last = self.last.replace(reported)?;
        let interval = Interval {
            seconds: reported.now.since(last.now).as_secs_f64(),
            lost: f64::from(reported.fraction_lost) / 256.0,
            packets: reported.packets.saturating_sub(last.packets),
            bytes: reported.bytes.saturating_sub(last.bytes),
        };
        if self.intervals.len() == MAX_INTERVALS {
            self.intervals.pop_front();
        }
        self.intervals.push_back(interval);
        let rtt = reported.rtt.map_or(0.0, |rtt| rtt.as_secs_f64());
        let is_stuck = interval.packets > 0 && reported.highest == last.highest;
        self.stuck = if is_stuck { self.stuck + 1 } else { 0 };
        if self.is_timed_out(rtt) {
            self.stuck = 0;
            return Some(CircuitBreaker::MediaTimeout);
        }
        if self.is_congesting(rtt) {
            // It fires again after as many intervals as it took now.
            self.intervals.clear();
            return Some(CircuitBreaker::Congestion);
        }
        None
    }

    /// The interval of the peer's reports, Tdr, in seconds.
    fn report_interval(&self) -> f64 {
        let sum: f64 = self.intervals.iter().map(|interval| interval.seconds).sum();
        (sum / self.intervals.len().max(1) as f64).max(0.001)
    }

    /// §4.2.
    fn is_timed_out(&self, rtt: f64) -> bool {
        let interval = self.report_interval();
        let needed = (MEDIA_TIMEOUT * rtt.max(interval) / interval).ceil();
        f64::from(self.stuck) >= needed
    }

    /// §4.3: more than ten times what TCP would send by the simplified equation.
    fn is_congesting(&self, rtt: f64) -> bool {
        let interval = self.report_interval();
        // CB_INTERVAL, with a fixed Td of 5 s.
        let time = (10.0 * rtt).max(3.0 * interval).min(15.0);
        let needed = (time / interval).ceil();
        let window = || {
            self.intervals
                .iter()
                .rev()
                .take(MAX_INTERVALS)
                .take_while(count_to(needed))
        };
        if (self.intervals.len() as f64) < needed.min(MAX_INTERVALS as f64) || rtt <= 0.0 {
            return false;
        }
        let seconds: f64 = window().map(|interval| interval.seconds).sum();
        let lost: f64 = window()
            .map(|interval| interval.lost * interval.seconds)
            .sum::<f64>()
            / seconds.max(0.001);
        let packets: u64 = window().map(|interval| interval.packets).sum();
        let bytes: u64 = window().map(|interval| interval.bytes).sum();
        // Fewer than a packet in an interval or round trip: the fraction means nothing.
        if lost <= 0.0 || (packets as f64) < seconds / interval.max(rtt) {
            return false;
        }
        let size = bytes as f64 / packets.max(1) as f64;
        let tcp = size / (rtt * (2.0 * lost / 3.0).sqrt());
        bytes as f64 / seconds > 10.0 * tcp
    }
}

/// Lets the first so many pass.
fn count_to(needed: f64) -> impl FnMut(&&Interval) -> bool {
    let mut left = needed;
    move |_| {
        left -= 1.0;
        left >= 0.0
    }
}

/// Whether the peer says anything at all while something is sent (§4.1): one for the path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Silence {
    since: Option<Time>,
}

impl Silence {
    /// RTCP came.
    pub(crate) fn heard(&mut self) {
        self.since = None;
    }

    /// Asked at every report of our own. Gives how long the peer has been silent once that is too long, and then begins anew.
    pub(crate) fn check(&mut self, now: Time, is_sending: bool) -> Option<Duration> {
        if !is_sending {
            self.since = None;
            return None;
        }
        let silent = now.since(*self.since.get_or_insert(now));
        if silent < REPORT_TIMEOUT {
            return None;
        }
        self.since = Some(now);
        Some(silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports every second about 100 packets of 1,000 bytes in between.
    fn reports(breaker: &mut Breaker, lost: u8, rtt: u64, moves: bool) -> Vec<Option<CircuitBreaker>> {
        let mut fired = Vec::new();
        for second in 1..=12u64 {
            let highest = if moves {
                u32::try_from(second).unwrap() * 100
            } else {
                7
            };
            fired.push(breaker.report(Reported {
                now: Time(second * 1_000_000),
                highest,
                fraction_lost: lost,
                packets: second * 100,
                bytes: second * 100_000,
                rtt: Some(Duration::from_millis(rtt)),
            }));
        }
        fired
    }

    fn first(fired: &[Option<CircuitBreaker>]) -> Option<(usize, CircuitBreaker)> {
        fired
            .iter()
            .enumerate()
            .find_map(|(index, fired)| fired.map(|fired| (index + 1, fired)))
    }

    #[test]
    fn harmless_streams_go_on() {
        assert_eq!(first(&reports(&mut Breaker::default(), 0, 100, true)), None);
        // A quarter lost at 100 ms: TCP would send 24.5 kB/s, a tenth of which is below 100 kB/s.
        assert_eq!(first(&reports(&mut Breaker::default(), 64, 100, true)), None);
    }

    #[test]
    fn congestion_fires_after_three_intervals() {
        // Three quarters lost at 200 ms: TCP would send 7 kB/s.
        let fired = reports(&mut Breaker::default(), 192, 200, true);
        assert_eq!(first(&fired), Some((4, CircuitBreaker::Congestion)));
        assert_eq!(fired.iter().flatten().count(), 3, "and again after three more");
        // Ten round trips of 600 ms are six intervals.
        assert_eq!(
            first(&reports(&mut Breaker::default(), 192, 600, true)),
            Some((7, CircuitBreaker::Congestion))
        );
    }

    #[test]
    fn media_that_arrive_nowhere_fire_after_five_reports() {
        let fired = reports(&mut Breaker::default(), 0, 100, false);
        assert_eq!(first(&fired), Some((6, CircuitBreaker::MediaTimeout)));
        // With a round trip of two intervals it takes twice as long.
        assert_eq!(
            first(&reports(&mut Breaker::default(), 0, 2000, false)),
            Some((11, CircuitBreaker::MediaTimeout))
        );
    }

    #[test]
    fn silence_fires_after_fifteen_seconds_of_sending() {
        let mut silence = Silence::default();
        let second = |second: u64| Time(second * 1_000_000);
        assert_eq!(silence.check(second(1), false), None);
        assert_eq!(silence.check(second(20), true), None, "it has just begun");
        silence.heard();
        assert_eq!(silence.check(second(30), true), None);
        assert_eq!(silence.check(second(44), true), None);
        assert_eq!(silence.check(second(45), true), Some(Duration::from_secs(15)));
        assert_eq!(silence.check(second(46), true), None);
    }
}
