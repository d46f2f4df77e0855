//! Interarrival jitter, RFC 3550 §6.4.1 and Appendix A.8, in integers: the estimate is kept sixteenfold.

use crate::clock::Time;
use std::time::Duration;

/// The jitter of one source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Jitter {
    last: Option<Last>,
    scaled: u64,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp: u32,
    arrival: Time,
    clock_rate: u32,
}

impl Jitter {
    /// A packet with this RTP timestamp arrived. Packets of one frame share a timestamp; only the first of them counts, as the
    /// time that a frame takes to send is not the network's jitter.
    #[inline]
    pub(crate) fn update(&mut self, timestamp: u32, arrival: Time, clock_rate: u32) {
        let Some(last) = self.last else {
            self.last = Some(Last {
                timestamp,
                arrival,
                clock_rate,
            });
            return;
        };
        if last.timestamp == timestamp {
            return;
        }
        self.last = Some(Last {
            timestamp,
            arrival,
            clock_rate,
        });
        // RFC 7160 §4.1: a change of the clock rate starts a new measurement.
        if last.clock_rate != clock_rate {
            self.scaled = self.scaled * u64::from(clock_rate) / u64::from(last.clock_rate.max(1));
            return;
        }
        let sent = i64::from(timestamp.wrapping_sub(last.timestamp).cast_signed());
        let elapsed = arrival.0.saturating_sub(last.arrival.0);
        let received = elapsed.saturating_mul(u64::from(clock_rate)) / 1_000_000;
        let difference = received.cast_signed().saturating_sub(sent).unsigned_abs();
        // A pause is not jitter: what is off by more than ten seconds is a new beginning.
        if difference > u64::from(clock_rate) * 10 {
            return;
        }
        self.scaled = (self.scaled + difference) - ((self.scaled + 8) >> 4);
    }

    /// In timestamp units, for report blocks.
    pub(crate) fn timestamp_units(&self) -> u32 {
        u32::try_from(self.scaled >> 4).unwrap_or(u32::MAX)
    }

    /// As time.
    pub(crate) fn duration(&self) -> Duration {
        let rate = self.last.map_or(1, |last| last.clock_rate.max(1));
        Duration::from_micros((self.scaled >> 4).saturating_mul(1_000_000) / u64::from(rate))
    }

    /// Forgets the last packet but not the estimate: a source that jumps begins a new relation of clocks.
    pub(crate) fn restart(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;

    #[test]
    fn a_steady_source_has_none() {
        let mut jitter = Jitter::default();
        for packet in 0..500 {
            jitter.update(packet * 960, Time(7 * MS + u64::from(packet) * 20 * MS), 48_000);
        }
        assert_eq!(jitter.timestamp_units(), 0);
    }

    #[test]
    fn alternating_delays_converge_to_their_difference() {
        let mut jitter = Jitter::default();
        for packet in 0..500u32 {
            let late = u64::from(packet % 2) * 5 * MS;
            let timestamp = (packet * 960).wrapping_sub(9600);
            jitter.update(timestamp, Time(u64::from(packet) * 20 * MS + late), 48_000);
        }
        let units = jitter.timestamp_units();
        assert!((235..=240).contains(&units), "5 ms are 240 units: {units}");
        assert!(
            jitter.duration() <= Duration::from_millis(5) && jitter.duration() > Duration::from_micros(4800)
        );
    }

    #[test]
    fn follows_the_formula_of_a8() {
        let (mut jitter, mut model) = (Jitter::default(), 0.0f64);
        let arrivals = [0u64, 21, 39, 65, 80, 130, 131, 140, 170, 181];
        for (index, arrival) in (0u32..).zip(arrivals) {
            jitter.update(index * 1800, Time(arrival * MS), 90_000);
            if index > 0 {
                let apart = arrival - arrivals[index as usize - 1];
                let difference = (apart as f64 * 90.0 - 1800.0).abs();
                model += (difference - model) / 16.0;
            }
        }
        let units = f64::from(jitter.timestamp_units());
        assert!((units - model).abs() < 1.5, "{units} against {model}");
    }

    #[test]
    fn a_frame_of_many_packets_counts_once() {
        let mut jitter = Jitter::default();
        for packet in 0..100u64 {
            jitter.update(
                3000 * u32::try_from(packet / 10).unwrap(),
                Time(packet / 10 * 33_333 + packet % 10 * 2 * MS),
                90_000,
            );
        }
        assert!(jitter.timestamp_units() <= 1);
    }

    #[test]
    fn pauses_and_changed_clocks_do_not_count() {
        let mut jitter = Jitter::default();
        jitter.update(0, Time(0), 8000);
        jitter.update(160, Time(20 * MS), 8000);
        jitter.update(320, Time(60_000 * MS), 8000);
        assert_eq!(jitter.timestamp_units(), 0);
        jitter.update(5_000_000, Time(60_020 * MS), 48_000);
        jitter.update(5_000_960, Time(60_040 * MS), 48_000);
        assert_eq!(jitter.timestamp_units(), 0);
        jitter.restart();
        jitter.update(1, Time(60_060 * MS), 48_000);
        assert_eq!(jitter.timestamp_units(), 0);
    }
}
