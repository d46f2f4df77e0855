//! Retransmission timeout, RFC 9260 §6.3.1.

use crate::config::Config;
use std::time::Duration;

/// RTTVAR is taken as at least this much, as dcSCTP does: it keeps the timeout above the peer's 200 ms of acknowledgement
/// delay when few packets fly.
const MIN_VARIATION: Duration = Duration::from_millis(55);

/// The estimator.
#[derive(Clone, Debug)]
pub(crate) struct Rto {
    srtt: Option<Duration>,
    variation: Duration,
    rto: Duration,
    min: Duration,
    max: Duration,
}

impl Rto {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            srtt: None,
            variation: Duration::ZERO,
            // C1
            rto: config.rto_initial.min(config.rto_max),
            min: config.rto_min.min(config.rto_max),
            max: config.rto_max,
        }
    }

    /// Takes a measurement of a chunk that was sent once (C5, Karn's rule, is the caller's).
    pub(crate) fn measure(&mut self, rtt: Duration) {
        let srtt = match self.srtt {
            // C2
            None => {
                self.variation = rtt / 2;
                rtt
            }
            // C3 with RTO.Alpha 1/8 and RTO.Beta 1/4
            Some(srtt) => {
                self.variation = self.variation * 3 / 4 + srtt.abs_diff(rtt) / 4;
                srtt * 7 / 8 + rtt / 8
            }
        };
        self.srtt = Some(srtt);
        self.rto = (srtt + self.variation.max(MIN_VARIATION) * 4).clamp(self.min, self.max);
    }

    /// E2 of §6.3.3.
    pub(crate) fn back_off(&mut self) {
        self.rto = self.rto.saturating_mul(2).min(self.max);
    }

    pub(crate) const fn current(&self) -> Duration {
        self.rto
    }

    pub(crate) const fn srtt(&self) -> Option<Duration> {
        self.srtt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn follows_the_rules_c1_to_c7() {
        let mut rto = Rto::new(&Config::default());
        assert_eq!(rto.current(), ms(500));
        rto.measure(ms(1000));
        assert_eq!(rto.srtt(), Some(ms(1000)));
        assert_eq!(rto.current(), ms(3000), "SRTT + 4 * RTT/2");
        rto.measure(ms(200));
        assert_eq!(rto.srtt(), Some(ms(900)));
        assert_eq!(rto.current(), ms(900 + 4 * (375 + 200)));
        for _ in 0..200 {
            rto.measure(ms(1));
        }
        assert_eq!(rto.current(), ms(400), "lower bound");
        for _ in 0..20 {
            rto.back_off();
        }
        assert_eq!(rto.current(), ms(60_000), "upper bound");
        rto.measure(ms(1));
        assert_eq!(rto.current(), ms(400), "a measurement ends the back-off");
    }
}
