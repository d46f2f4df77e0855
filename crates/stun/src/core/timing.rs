//! RFC 8489 §6.2.1 and §6.2.2: when to send again, and when to give up.

use std::time::{Duration, Instant};

use crate::config::{ClientConfig, Transport};

/// A value for RTO is forgotten when the server was not asked for so long (§6.2.1).
const STALE: Duration = Duration::from_secs(600);

/// No timer is longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// `now + wait`, whatever the two are.
pub(super) fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait.min(LONGEST)).unwrap_or(now)
}

/// The deadlines of one transaction.
#[derive(Clone, Debug)]
pub(super) struct Timer {
    started: Instant,
    rto: Duration,
    transmissions: u32,
    deadline: Instant,
}

/// What a deadline means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    No,
    SendAgain,
    GiveUp,
}

impl Timer {
    /// The request goes out `now`.
    pub(super) fn start(config: &ClientConfig, rto: Duration, now: Instant) -> Self {
        let mut timer = Self {
            started: now,
            rto,
            transmissions: 1,
            deadline: now,
        };
        timer.deadline = after(now, timer.wait(config));
        timer
    }

    /// How long to wait after the latest transmission.
    fn wait(&self, config: &ClientConfig) -> Duration {
        match config.transport {
            Transport::Stream => config.stream_timeout,
            Transport::Datagram if self.transmissions >= config.max_transmissions => {
                self.rto.saturating_mul(config.final_wait)
            }
            Transport::Datagram => self
                .rto
                .saturating_mul(2_u32.saturating_pow(self.transmissions.saturating_sub(1))),
        }
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The round trip of a response that came `now`. Karn: known only when the request was sent once (§6.2.1).
    pub(super) fn rtt(&self, now: Instant) -> Option<Duration> {
        (self.transmissions == 1).then(|| now.saturating_duration_since(self.started))
    }

    pub(super) fn expire(&mut self, config: &ClientConfig, now: Instant) -> Expired {
        if now < self.deadline {
            return Expired::No;
        }
        match config.transport {
            Transport::Datagram if self.transmissions < config.max_transmissions => {
                self.transmissions += 1;
                self.deadline = after(now, self.wait(config));
                Expired::SendAgain
            }
            Transport::Datagram | Transport::Stream => Expired::GiveUp,
        }
    }
}

/// The estimate of RFC 6298 §2, in which RTO never falls below its initial value (RFC 8489 §6.2.1).
#[derive(Clone, Debug, Default)]
pub(super) struct RoundTrip {
    /// SRTT and RTTVAR.
    estimate: Option<(Duration, Duration)>,
    used: Option<Instant>,
}

impl RoundTrip {
    pub(super) fn rto(&mut self, initial: Duration, now: Instant) -> Duration {
        if self
            .used
            .is_some_and(|used| now.saturating_duration_since(used) > STALE)
        {
            self.estimate = None;
        }
        self.used = Some(now);
        let estimated = self
            .estimate
            .map_or(Duration::ZERO, |(srtt, rttvar)| srtt + rttvar * 4);
        estimated.max(initial).min(Duration::from_secs(60).max(initial))
    }

    pub(super) fn measured(&mut self, rtt: Duration) {
        // RFC 6298 §2.2, §2.3: alpha 1/8, beta 1/4.
        let rtt = rtt.min(LONGEST);
        self.estimate = Some(match self.estimate {
            None => (rtt, rtt / 2),
            Some((srtt, rttvar)) => ((srtt * 7 + rtt) / 8, (rttvar * 3 + srtt.abs_diff(rtt)) / 4),
        });
    }
}
