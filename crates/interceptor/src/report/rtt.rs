//! Round trip times: of a stream as W3C statistics want them, and smoothed as in RFC 6298 §2 for timers.

use std::time::Duration;

/// Round trips of a stream, or of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    /// The latest measurement (`roundTripTime`). Unset until there is one.
    pub latest: Option<Duration>,
    /// Sum of all measurements (`totalRoundTripTime`).
    pub total: Duration,
    /// How many there were (`roundTripTimeMeasurements`).
    pub measurements: u64,
    /// Smoothed, 7/8 old and 1/8 new.
    pub smoothed: Option<Duration>,
}

/// A round trip longer than this is not believed.
const MAX: Duration = Duration::from_secs(60);
/// A measurement of nothing is one of the clocks' resolution.
const MIN: Duration = Duration::from_micros(1);

impl RoundTrips {
    /// Takes a measurement in, if it can be one.
    pub(crate) fn update(&mut self, rtt: Duration) {
        if rtt > MAX {
            return;
        }
        let rtt = rtt.max(MIN);
        self.latest = Some(rtt);
        self.total = self.total.saturating_add(rtt);
        self.measurements += 1;
        self.smoothed = Some(
            self.smoothed
                .map_or(rtt, |smoothed| smoothed - smoothed / 8 + rtt / 8),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooths_and_sums() {
        let mut trips = RoundTrips::default();
        trips.update(Duration::from_millis(80));
        trips.update(Duration::from_millis(160));
        assert_eq!(
            (trips.latest, trips.smoothed),
            (Some(Duration::from_millis(160)), Some(Duration::from_millis(90)))
        );
        assert_eq!((trips.total, trips.measurements), (Duration::from_millis(240), 2));
        trips.update(Duration::from_secs(61));
        assert_eq!(trips.measurements, 2);
        trips.update(Duration::ZERO);
        assert_eq!(trips.latest, Some(Duration::from_micros(1)));
    }
}
