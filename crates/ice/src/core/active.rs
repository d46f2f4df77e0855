//! The path that carries data, and the peer's consent to it (RFC 7675).

use std::time::{Duration, Instant};

use super::pair::PairId;
use crate::config::Timers;
use crate::event::Path;

/// The path that carries data: the selected pair, or before nomination the best valid one.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) pair: PairId,
    pub(crate) path: Path,
    /// The pair was nominated.
    pub(crate) selected: bool,
    pub(crate) traffic: Traffic,
    pub(crate) consent: Consent,
}

/// Data that went over the path while it was the active one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) packets_sent: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) packets_received: u64,
    pub(crate) bytes_received: u64,
}

/// The peer's consent.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    /// How it is kept.
    pub(crate) keeping: Keeping,
    /// The last authenticated response; of a lite agent, the last authenticated request.
    pub(crate) refreshed: Instant,
    /// The last sign of life, data included.
    pub(crate) heard: Instant,
    /// When something was last sent.
    pub(crate) sent: Instant,
    /// When the next consent request, or keepalive of a lite agent, is due.
    pub(crate) next: Instant,
    /// The first request that nobody answered.
    pub(crate) asked: Option<Instant>,
    /// A check was sent since, to know sooner.
    pub(crate) probed: bool,
    /// The spare pairs are being checked since then.
    pub(crate) failing_over: Option<Instant>,
    /// The application was told.
    pub(crate) disconnected: bool,
}

/// How consent is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// By asking.
    Asking,
    /// By being asked: a lite agent takes the peer's checks for consent.
    BeingAsked,
    /// Not at all: both ends are lite.
    Nothing,
}

/// What is due on the active path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send a consent request, or a keepalive.
    Request,
    /// Send a check of the pair, to know sooner.
    Probe,
    /// Check the spare pairs.
    FailOver,
    /// Tell the application.
    Disconnected,
    /// Send nothing more here.
    Expired,
}

impl Consent {
    pub(crate) fn new(now: Instant, keeping: Keeping) -> Self {
        Self {
            keeping,
            refreshed: now,
            heard: now,
            sent: now,
            next: now,
            asked: None,
            probed: false,
            failing_over: None,
            disconnected: false,
        }
    }

    /// The peer has answered.
    pub(crate) fn refresh(&mut self, now: Instant) {
        self.refreshed = self.refreshed.max(now);
        self.asked = None;
        self.probed = false;
        self.hear(now);
    }

    /// The peer is alive.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = self.heard.max(now);
        self.failing_over = None;
        self.disconnected = false;
    }

    /// Since when the path owes an answer and has given no sign of life.
    pub(crate) fn silent_since(&self) -> Option<Instant> {
        match self.keeping {
            Keeping::Asking => self.asked.map(|asked| asked.max(self.heard)),
            Keeping::BeingAsked => Some(self.heard + Duration::from_secs(5)),
            Keeping::Nothing => None,
        }
    }

    /// What is due and when, in the order in which it has to be done.
    fn agenda(&self, timers: &Timers, rtt: Option<Duration>) -> [Option<(Instant, Due)>; 5] {
        let silent = self.silent_since();
        let expiring = self.keeping != Keeping::Nothing;
        let probe_wait = rtt
            .unwrap_or_default()
            .saturating_mul(4)
            .max(Duration::from_secs(1));
        let asking = self.keeping == Keeping::Asking;
        let fail_over = silent.filter(|_| self.failing_over.is_none() && asking);
        [
            expiring.then_some((self.refreshed + timers.consent_expiry, Due::Expired)),
            silent
                .filter(|_| !self.disconnected)
                .map(|at| (at + timers.disconnected, Due::Disconnected)),
            fail_over.map(|at| (at + timers.disconnected * 2 / 5, Due::FailOver)),
            self.asked
                .filter(|_| !self.probed)
                .map(|at| (at + probe_wait, Due::Probe)),
            Some((self.next_request(timers), Due::Request)),
        ]
    }

    /// A lite agent sends keepalives on an idle path instead of requests.
    fn next_request(&self, timers: &Timers) -> Instant {
        match self.keeping {
            Keeping::Asking => self.next,
            Keeping::BeingAsked | Keeping::Nothing => self.sent + timers.keepalive,
        }
    }

    /// The next thing that is due at `now`.
    pub(crate) fn due(&self, now: Instant, timers: &Timers, rtt: Option<Duration>) -> Option<Due> {
        self.agenda(timers, rtt)
            .into_iter()
            .flatten()
            .find(|(at, _)| *at <= now)
            .map(|(_, due)| due)
    }

    /// When something will be due.
    pub(crate) fn deadline(&self, timers: &Timers, rtt: Option<Duration>) -> Option<Instant> {
        self.agenda(timers, rtt)
            .into_iter()
            .flatten()
            .map(|(at, _)| at)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_unanswered_request_is_followed_by_probe_failover_disconnect_and_expiry() {
        let (start, timers) = (Instant::now(), Timers::default());
        let mut consent = Consent::new(start, Keeping::Asking);
        consent.next = start + 5 * SECOND;
        assert_eq!(consent.deadline(&timers, None), Some(start + 5 * SECOND));
        let asked = start + 5 * SECOND;
        assert_eq!(consent.due(asked, &timers, None), Some(Due::Request));
        (consent.asked, consent.next) = (Some(asked), start + 99 * SECOND);
        assert_eq!(consent.due(asked, &timers, None), None);
        assert_eq!(consent.due(asked + SECOND, &timers, None), Some(Due::Probe));
        consent.probed = true;
        assert_eq!(
            consent.due(asked + 2 * SECOND, &timers, None),
            Some(Due::FailOver)
        );
        consent.failing_over = Some(asked + 2 * SECOND);
        assert_eq!(
            consent.due(asked + 5 * SECOND, &timers, None),
            Some(Due::Disconnected)
        );
        consent.disconnected = true;
        // 30 s behind the last response, not behind the request.
        assert_eq!(
            consent.due(start + 30 * SECOND, &timers, None),
            Some(Due::Expired)
        );
        assert_eq!(consent.due(start + 29 * SECOND, &timers, None), None);
    }

    #[test]
    fn data_keeps_the_path_connected_but_does_not_keep_consent() {
        let (start, timers) = (Instant::now(), Timers::default());
        let mut consent = Consent::new(start, Keeping::Asking);
        (consent.asked, consent.next, consent.probed) = (Some(start), start + 99 * SECOND, true);
        for n in 0..30 {
            consent.hear(start + SECOND * n);
            assert_eq!(consent.due(start + SECOND * n, &timers, None), None);
        }
        assert_eq!(
            consent.due(start + 30 * SECOND, &timers, None),
            Some(Due::Expired)
        );
    }

    #[test]
    fn a_lite_agent_lives_on_being_asked() {
        let (start, timers) = (Instant::now(), Timers::default());
        let mut consent = Consent::new(start, Keeping::BeingAsked);
        assert_eq!(consent.due(start + 9 * SECOND, &timers, None), None);
        assert_eq!(
            consent.due(start + 10 * SECOND, &timers, None),
            Some(Due::Disconnected)
        );
        consent.refresh(start + 10 * SECOND);
        assert_eq!(consent.due(start + 10 * SECOND, &timers, None), None);
        // The keepalive of an idle path.
        assert_eq!(
            consent.due(start + 15 * SECOND, &timers, None),
            Some(Due::Request)
        );
        consent.sent = start + 15 * SECOND;
        assert_eq!(
            consent.due(start + 20 * SECOND, &timers, None),
            Some(Due::Disconnected)
        );
        consent.disconnected = true;
        assert_eq!(consent.due(start + 20 * SECOND, &timers, None), None);
        assert_eq!(
            consent.due(start + 40 * SECOND, &timers, None),
            Some(Due::Expired)
        );
    }
}
