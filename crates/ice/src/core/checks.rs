//! RFC 8445 §6.1.4, §14: pairs are checked at the pace of Ta.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use stun::TransactionId;

use super::agent::Agent;
use super::message;
use super::pair::{Pair, PairId};
use super::transaction::{Expiry, Pacer, Purpose, Schedule, Transaction, Transactions};
use crate::candidate::CandidateKind;
use crate::config::Timers;
use crate::event::{PairError, PairState, Path, Role};

/// What checks are made with.
#[derive(Debug)]
pub(super) struct Checks {
    pub(super) transactions: Transactions,
    pub(super) pacer: Pacer,
    /// §6.1.4.1: pairs to be checked before all others.
    pub(super) triggered: VecDeque<Triggered>,
    /// Whether the last slot went to a question to a server, so that questions and checks take turns.
    asked_last: bool,
}

impl Checks {
    pub(super) fn new(timers: &Timers) -> Self {
        Self {
            transactions: Transactions::default(),
            pacer: Pacer::new(timers),
            triggered: VecDeque::new(),
            asked_last: false,
        }
    }

    /// Forgets everything but what `keep` accepts.
    pub(super) fn clear(&mut self, keep: impl FnMut(&Transaction) -> bool) {
        self.transactions.retain(keep);
        self.triggered = VecDeque::new();
    }
}

/// An entry of the triggered-check queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triggered {
    pub(super) pair: PairId,
    /// The check nominates, and goes before others.
    pub(super) nominate: bool,
    /// Not before.
    pub(super) at: Option<Instant>,
}

/// How long a check that was just sent is given before the peer's own check triggers another one: on near paths
/// the answer is already under way, and Ta would have delayed the triggered check by more.
const FRESH: Duration = Duration::from_millis(10);

/// What the next slot is used for.
enum Turn {
    Triggered,
    Question,
    Ordinary(PairId),
}

impl Agent {
    /// Does what is due, and says when something will be.
    pub(super) fn advance(&mut self, now: Instant) {
        if self.is_over() {
            self.phase.deadline = None;
            return;
        }
        self.expire_transactions(now);
        self.keep_consent(now);
        self.nominate(now);
        self.local.ask_again(now, self.config.timers.keepalive);
        self.send_checks(now);
        self.update_gathering();
        self.update_state(now);
        self.phase.deadline = if self.is_over() {
            None
        } else {
            self.next_deadline()
        };
    }

    /// §8.1.2: no more ordinary checks when a pair is selected, unless it fails or a better one is wanted.
    fn checks_ordinary(&self) -> bool {
        self.config.renomination
            || self.awaits_move()
            || self
                .active
                .as_ref()
                .is_none_or(|active| !active.selected || active.consent.failing_over.is_some())
    }

    /// §6.1.4.1: has a pair checked before all others.
    pub(super) fn trigger(&mut self, pair: PairId, nominate: bool) {
        if let Some(queued) = self
            .checks
            .triggered
            .iter_mut()
            .find(|queued| queued.pair == pair)
        {
            queued.nominate |= nominate;
            return;
        }
        let entry = Triggered {
            pair,
            nominate,
            at: None,
        };
        if nominate {
            self.checks.triggered.push_front(entry)
        } else {
            self.checks.triggered.push_back(entry)
        }
    }

    /// §7.3.1.4: cancels the check of a pair that is under way, and triggers another one.
    pub(super) fn replace_check(&mut self, pair: PairId) {
        let timers = self.config.timers;
        let mut sent = None;
        for transaction in self.checks.transactions.iter_mut() {
            if transaction.purpose == Purpose::Check(pair) && !transaction.schedule.is_cancelled() {
                sent = sent.max(Some(transaction.schedule.sent()));
                // One that was never polled goes out all the same.
                if !transaction.queued {
                    transaction.schedule.cancel(&timers);
                }
            }
        }
        self.recheck(pair);
        if let Some(queued) = self
            .checks
            .triggered
            .iter_mut()
            .find(|queued| queued.pair == pair)
        {
            queued.at = sent.map(|sent| sent + FRESH);
        }
    }

    /// §6.1.4.2: uses the slots that are free.
    fn send_checks(&mut self, now: Instant) {
        let ready = |at: Option<Instant>| at.is_none_or(|at| at <= now);
        while let Some(turn) = self.next_turn(ready) {
            match turn {
                Turn::Triggered => {
                    let Some(next) = self.checks.triggered.pop_front() else {
                        return;
                    };
                    self.checks.asked_last = false;
                    self.send_check(now, next.pair);
                }
                Turn::Question => {
                    let question = self.local.questions.remove(0);
                    self.checks.asked_last = true;
                    self.checks.pacer.take(now);
                    self.send_question(now, question);
                }
                Turn::Ordinary(id) => {
                    self.checks.asked_last = false;
                    self.send_check(now, id);
                }
            }
        }
    }

    fn next_turn(&self, ready: impl Fn(Option<Instant>) -> bool) -> Option<Turn> {
        if self.triggered_at().is_some_and(&ready) {
            return Some(Turn::Triggered);
        }
        if !ready(self.checks.pacer.ready_at(false)) {
            return None;
        }
        let ordinary = self.pairs.next_waiting().filter(|_| self.checks_ordinary());
        let ordinary = ordinary.map(|pair| Turn::Ordinary(pair.id));
        let question = if self.local.questions.is_empty() {
            None
        } else {
            Some(Turn::Question)
        };
        if self.checks.asked_last {
            ordinary.or(question)
        } else {
            question.or(ordinary)
        }
    }

    /// When the first triggered check may be sent; `Some(None)` is at once.
    fn triggered_at(&self) -> Option<Option<Instant>> {
        let first = self.checks.triggered.front()?;
        Some(self.checks.pacer.ready_at(true).max(first.at))
    }

    /// When the next check or question may be sent.
    fn turn_deadline(&self) -> Option<Instant> {
        let others = self.next_turn(|at| at == self.checks.pacer.ready_at(false));
        let others = others.and_then(|_| self.checks.pacer.ready_at(false));
        [self.triggered_at().flatten(), others]
            .into_iter()
            .flatten()
            .min()
    }

    /// §7.2: sends a check of a pair.
    fn send_check(&mut self, now: Instant, id: PairId) {
        let Some(pair) = self.pairs.get(id) else { return };
        let (path, rtt) = (pair.path, pair.rtt);
        let Some(base) = self.local.base(path.local) else {
            return self.fail_pair(id, PairError::Unreachable);
        };
        self.checks.triggered.retain(|queued| queued.pair != id);
        let nominate = self.roles.nominating == Some(id) && self.roles.role == Role::Controlling;
        let rto = self.check_rto(rtt);
        let transaction = Transaction {
            id: self.draw_id(),
            path,
            purpose: Purpose::Check(id),
            priority: self.local.priority(base, CandidateKind::PeerReflexive),
            nominate: nominate.then(|| self.next_nomination()),
            role: self.roles.role,
            previous: false,
            schedule: Schedule::repeated(now, rto, &self.config.timers),
            queued: true,
        };
        if let Some(pair) = self.pairs.get_mut(id) {
            pair.state = PairState::InProgress;
        }
        self.checks.pacer.take(now);
        self.outbox.request(transaction.id);
        self.checks.transactions.insert(transaction);
    }

    /// §14.3: RTO = MAX (500ms, Ta * (Num-Waiting + Num-In-Progress)), or by the round-trip time where it is known.
    fn check_rto(&self, rtt: Option<Duration>) -> Duration {
        let timers = &self.config.timers;
        let busy = u32::try_from(self.pairs.busy()).unwrap_or(u32::MAX);
        let unknown = timers.rto.max(self.checks.pacer.interval().saturating_mul(busy));
        rtt.map_or(unknown, |rtt| {
            rtt.saturating_mul(3)
                .clamp(timers.rto_known_path, unknown.max(timers.rto_known_path))
        })
    }

    /// Retransmits, or gives up.
    fn expire_transactions(&mut self, now: Instant) {
        let timers = self.config.timers;
        while let Some(id) = self.checks.transactions.due(now) {
            let Some(transaction) = self.checks.transactions.get_mut(id) else {
                return;
            };
            let end = match transaction.purpose {
                Purpose::Gather(_) => Some(transaction.schedule.sent() + timers.gathering),
                Purpose::Check(_) | Purpose::Consent => None,
            };
            let over = end.is_some_and(|end| end <= now);
            if !over && transaction.schedule.expire(&timers) == Expiry::Retransmit {
                if let Some(end) = end {
                    transaction.schedule.end_by(end);
                }
                // A retransmission that nobody polled is not queued twice.
                if !std::mem::replace(&mut transaction.queued, true) {
                    self.outbox.request(id);
                }
            } else if let Some(transaction) = self.checks.transactions.remove(id) {
                self.timed_out(&transaction);
            }
        }
    }

    fn timed_out(&mut self, transaction: &Transaction) {
        match transaction.purpose {
            Purpose::Gather(question) => self.gathering_timed_out(transaction, question),
            Purpose::Check(id) if !transaction.schedule.is_cancelled() => {
                self.fail_pair(id, PairError::NoResponse)
            }
            Purpose::Check(_) | Purpose::Consent => {}
        }
    }

    /// §7.2.5.2: the check of a pair failed.
    pub(super) fn fail_pair(&mut self, id: PairId, error: PairError) {
        // Whether the path in use still works is consent's to say.
        let in_use = self.active.as_ref().is_some_and(|active| active.pair == id);
        // Of several, another one is nominated then.
        let in_use = in_use && !(self.roles.nominating == Some(id) && self.has_other_choice(id));
        if self.roles.nominating == Some(id) {
            self.roles.nominating = None;
        }
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        // What an answer that did not count has said tells more than that none counted.
        pair.last_error = pair
            .last_error
            .filter(|_| error == PairError::NoResponse)
            .or(Some(error));
        pair.nominate_on_success = false;
        pair.state = if in_use {
            PairState::Succeeded
        } else {
            PairState::Failed
        };
        pair.valid &= in_use;
        self.pairs.unfreeze();
    }

    /// Whether none is selected yet, and another pair than this one could be.
    fn has_other_choice(&self, id: PairId) -> bool {
        let is_open = self.active.as_ref().is_none_or(|active| !active.selected);
        is_open && self.pairs.best_valid(|pair| pair.id != id).is_some()
    }

    /// Writes the request of a transaction, unless it is over.
    pub(super) fn write_request(&mut self, id: TransactionId, out: &mut Vec<u8>) -> Option<(Path, usize)> {
        let transaction = self.checks.transactions.get_mut(id)?;
        transaction.queued = false;
        if transaction.schedule.is_cancelled() {
            return None;
        }
        let pair = match transaction.purpose {
            Purpose::Gather(_) => return Some((transaction.path, message::write_gather(out, id))),
            Purpose::Check(pair) => self.pairs.get_mut(pair),
            Purpose::Consent if transaction.previous => None,
            Purpose::Consent => self
                .active
                .as_ref()
                .and_then(|active| self.pairs.get_mut(active.pair)),
        };
        if let Some(pair) = pair {
            pair.counters.requests_sent = pair.counters.requests_sent.saturating_add(1);
        }
        self.phase.stats.requests_sent += 1;
        let previous = self.previous.as_ref().map(|previous| &previous.session);
        let session = if transaction.previous {
            previous?
        } else {
            &self.session
        };
        let len = message::write_check(out, transaction, session.remote.as_ref()?, self.roles.tie_breaker);
        Some((transaction.path, len))
    }

    /// The earliest time at which something is due.
    fn next_deadline(&self) -> Option<Instant> {
        let parts = [
            self.checks.transactions.next_deadline(),
            self.turn_deadline(),
            self.consent_deadline(),
            self.nomination_deadline(),
            self.failure_deadline(),
            self.local.next_refresh(),
        ];
        parts.into_iter().flatten().min()
    }

    /// The pair of a path, for tests and for the request handler.
    pub(super) fn pair_at(&self, path: Path) -> Option<&Pair> {
        self.pairs.by_path(path)
    }
}
