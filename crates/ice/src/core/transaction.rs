//! Binding transactions under way (RFC 8489 §6.2.1), and their pace (RFC 8445 §14).

use std::time::{Duration, Instant};

use stun::TransactionId;

use super::local::Question;
use super::pair::PairId;
use crate::config::Timers;
use crate::credentials::RemoteParameters;
use crate::event::{Path, Role};

/// How many transactions beside those of the pairs may wait for a late answer.
const MAX_CANCELLED: usize = 64;

/// What a request was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A connectivity check, retransmitted.
    Check(PairId),
    /// A consent request (RFC 7675), sent once.
    Consent,
    /// Asks a STUN server.
    Gather(Question),
}

/// A request that waits for its response.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    pub(crate) path: Path,
    pub(crate) purpose: Purpose,
    /// The PRIORITY attribute.
    pub(crate) priority: u32,
    /// Carries USE-CANDIDATE, and NOMINATION when not 0.
    pub(crate) nominate: Option<u32>,
    /// The role it was sent in.
    pub(crate) role: Role,
    /// Belongs to the generation before the restart.
    pub(crate) previous: bool,
    pub(crate) schedule: Schedule,
    /// Lies in the outbox.
    pub(crate) queued: bool,
}

/// When a request is sent again, and until when an answer counts (RFC 8489 §6.2.1).
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    sent: Instant,
    deadline: Instant,
    /// The RTO it began with.
    rto: Duration,
    attempts: u8,
    /// There is no second attempt.
    once: bool,
    /// Not sent again, but an answer is still welcome (RFC 8445 §7.3.1.4).
    cancelled: bool,
}

/// What became of a transaction whose deadline has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Send it again.
    Retransmit,
    /// Nobody answered.
    TimedOut,
}

impl Schedule {
    /// Sent at `now`, and again until there is an answer.
    pub(crate) fn repeated(now: Instant, rto: Duration, timers: &Timers) -> Self {
        let first_wait = if timers.attempts <= 1 {
            rto * timers.last_wait
        } else {
            rto
        };
        Self {
            sent: now,
            deadline: now + first_wait,
            rto,
            attempts: 1,
            once: false,
            cancelled: false,
        }
    }

    /// Sent at `now` and never again; an answer counts for as long as `patience`.
    pub(crate) fn once(now: Instant, patience: Duration, timers: &Timers) -> Self {
        Self {
            deadline: now + patience,
            once: true,
            ..Self::repeated(now, timers.rto, timers)
        }
    }

    /// Nothing is awaited beyond `end`.
    pub(crate) fn end_by(&mut self, end: Instant) {
        self.deadline = self.deadline.min(end);
    }

    /// When the first attempt was sent.
    pub(crate) const fn sent(&self) -> Instant {
        self.sent
    }

    pub(crate) const fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// How long an answer at `now` took, where it is known which attempt it answers (RFC 6298 §3).
    pub(crate) fn round_trip(&self, now: Instant) -> Option<Duration> {
        (self.attempts == 1).then(|| now.saturating_duration_since(self.sent))
    }

    /// Moves to the next attempt.
    pub(crate) fn expire(&mut self, timers: &Timers) -> Expiry {
        if self.cancelled || self.once || self.attempts >= timers.attempts.max(1) {
            return Expiry::TimedOut;
        }
        let wait = if self.attempts + 1 >= timers.attempts {
            self.rto * timers.last_wait
        } else {
            self.rto * (1 << u32::from(self.attempts).min(16))
        };
        self.attempts += 1;
        self.deadline += wait;
        Expiry::Retransmit
    }

    /// Stops retransmission; the answer is awaited as long as it would have been.
    pub(crate) fn cancel(&mut self, timers: &Timers) {
        let doublings = u32::from(timers.attempts.clamp(1, 16)) - 1;
        self.cancelled = true;
        self.deadline = self.sent + self.rto * ((1 << doublings) - 1 + timers.last_wait);
    }
}

impl Transaction {
    /// Nobody waits for it but a late answer.
    fn is_spare(&self) -> bool {
        self.schedule.cancelled || self.purpose == Purpose::Consent
    }
}

/// The transactions under way.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    list: Vec<Transaction>,
}

impl Transactions {
    /// Adds one. Where too many wait for late answers, the oldest of those is forgotten.
    pub(crate) fn insert(&mut self, transaction: Transaction) {
        let spare = self.list.iter().filter(|other| other.is_spare());
        if spare.count() >= MAX_CANCELLED
            && let Some(oldest) = self.list.iter().position(Transaction::is_spare)
        {
            self.list.remove(oldest);
        }
        self.list.push(transaction);
    }

    pub(crate) fn get(&self, id: TransactionId) -> Option<&Transaction> {
        self.list.iter().find(|transaction| transaction.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: TransactionId) -> Option<&mut Transaction> {
        self.list.iter_mut().find(|transaction| transaction.id == id)
    }

    pub(crate) fn remove(&mut self, id: TransactionId) -> Option<Transaction> {
        let at = self.list.iter().position(|transaction| transaction.id == id)?;
        Some(self.list.remove(at))
    }

    /// One whose deadline has come.
    pub(crate) fn due(&self, now: Instant) -> Option<TransactionId> {
        self.list
            .iter()
            .find(|transaction| transaction.schedule.deadline <= now)
            .map(|transaction| transaction.id)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.list
            .iter()
            .map(|transaction| transaction.schedule.deadline)
            .min()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Transaction> {
        self.list.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Transaction> {
        self.list.iter_mut()
    }

    /// Keeps what `keep` accepts and gives the memory back.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Transaction) -> bool) {
        self.list.retain(keep);
        self.list.shrink_to_fit();
    }
}

/// RFC 8445 §14.2: one new transaction per Ta.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// What this end proposes.
    own: Duration,
    interval: Duration,
    credit: u32,
    next: Option<Instant>,
}

impl Pacer {
    pub(crate) fn new(timers: &Timers) -> Self {
        let own = timers.pacing.max(Duration::from_millis(5));
        Self {
            own,
            interval: own,
            credit: timers.pacing_credit.min(64),
            next: None,
        }
    }

    /// §14.2: both agents use the higher of the proposed values, as far as the peer is to be believed.
    pub(crate) fn agree(&mut self, remote: Duration) {
        self.interval = self.own.max(remote.min(RemoteParameters::MAX_PACING));
    }

    /// Ta.
    pub(crate) const fn interval(&self) -> Duration {
        self.interval
    }

    /// When the next transaction may begin; `proven` ones may borrow later slots.
    pub(crate) fn ready_at(&self, proven: bool) -> Option<Instant> {
        let next = self.next?;
        if proven {
            next.checked_sub(self.interval * self.credit)
        } else {
            Some(next)
        }
    }

    /// Uses a slot.
    pub(crate) fn take(&mut self, now: Instant) {
        self.next = Some(self.next.map_or(now, |next| next.max(now)) + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(now: Instant) -> Transaction {
        let path = Path {
            local: "10.0.0.1:1".parse().unwrap(),
            remote: "10.0.0.2:2".parse().unwrap(),
        };
        let timers = Timers::default();
        Transaction {
            id: [0; 12].into(),
            path,
            purpose: Purpose::Gather(Question {
                base: 0,
                server: 0,
                refresh: false,
            }),
            priority: 0,
            nominate: None,
            role: Role::Controlling,
            previous: false,
            schedule: Schedule::repeated(now, timers.rto, &timers),
            queued: false,
        }
    }

    #[test]
    fn retransmits_on_the_schedule_of_rfc_8489() {
        let start = Instant::now();
        let mut schedule = transaction(start).schedule;
        let mut times = vec![0];
        loop {
            let at = schedule.deadline;
            match schedule.expire(&Timers::default()) {
                Expiry::Retransmit => times.push((at - start).as_millis()),
                Expiry::TimedOut => {
                    times.push((at - start).as_millis());
                    break;
                }
            }
        }
        // §6.2.1's example: 0, 500, 1500, 3500, 7500, 15500, 31500, and given up at 39500 ms.
        assert_eq!(times, [0, 500, 1500, 3500, 7500, 15_500, 31_500, 39_500]);
    }

    #[test]
    fn a_cancelled_transaction_awaits_its_answer_as_long() {
        let start = Instant::now();
        let mut schedule = transaction(start).schedule;
        schedule.cancel(&Timers::default());
        assert_eq!((schedule.deadline - start).as_millis(), 39_500);
        assert_eq!(schedule.expire(&Timers::default()), Expiry::TimedOut);
    }

    #[test]
    fn what_is_sent_once_is_awaited_and_not_sent_again() {
        let (start, patience) = (Instant::now(), Duration::from_secs(30));
        let mut schedule = Schedule::once(start, patience, &Timers::default());
        assert_eq!(schedule.deadline, start + patience);
        assert_eq!(schedule.expire(&Timers::default()), Expiry::TimedOut);
    }

    #[test]
    fn only_the_answer_to_a_first_attempt_tells_the_round_trip() {
        let start = Instant::now();
        let mut schedule = transaction(start).schedule;
        let later = start + Duration::from_millis(40);
        assert_eq!(schedule.round_trip(later), Some(Duration::from_millis(40)));
        assert_eq!(schedule.expire(&Timers::default()), Expiry::Retransmit);
        assert_eq!(schedule.round_trip(later), None);
    }

    #[test]
    fn cancelled_ones_are_bounded() {
        let start = Instant::now();
        let mut table = Transactions::default();
        for n in 0..200_u8 {
            let mut one = transaction(start);
            one.id = [n; 12].into();
            one.schedule.cancel(&Timers::default());
            table.insert(one);
        }
        assert_eq!(table.iter().count(), MAX_CANCELLED);
        assert!(table.get([199; 12].into()).is_some() && table.get([0; 12].into()).is_none());
    }

    #[test]
    fn the_pacer_lends_slots_and_keeps_the_average() {
        let start = Instant::now();
        let mut pacer = Pacer::new(&Timers::default());
        assert_eq!(pacer.ready_at(false), None);
        pacer.take(start);
        assert_eq!(pacer.ready_at(false), Some(start + Duration::from_millis(50)));
        let mut lent = 0;
        while pacer.ready_at(true).is_none_or(|at| at <= start) {
            pacer.take(start);
            lent += 1;
        }
        assert_eq!(lent, 4);
        // Five transactions were begun, so the sixth ordinary one waits for five slots.
        assert_eq!(pacer.ready_at(false), Some(start + Duration::from_millis(250)));
    }
}
