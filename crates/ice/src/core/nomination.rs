//! RFC 8445 §6.1.1, §8: roles, and how one pair comes to be selected.

use std::time::{Duration, Instant};

use super::active::{Active, Consent, Keeping, Traffic};
use super::agent::Agent;
use super::pair::{Pair, PairId};
use super::transaction::Purpose;
use crate::candidate::CandidateKind;
use crate::event::{Event, GatheringState, PairState, Role};

/// How long a selected pair may be silent before a nomination of a lower one is followed. libwebrtc checks the
/// pair it uses every 2.5 s.
const STALE: Duration = Duration::from_secs(3);

/// How long a selected pair may go without nomination while a lower one is nominated again and again, before the
/// lower one is followed: a peer that repeats its nominations does so with every consent request.
const SUPERSEDED: Duration = Duration::from_secs(10);

/// Who nominates, and how far that is.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) role: Role,
    pub(super) tie_breaker: u64,
    /// The pair whose nominating check is under way.
    pub(super) nominating: Option<PairId>,
    /// Since when there is a pair that could be nominated.
    waiting_since: Option<Instant>,
    /// The last NOMINATION value sent.
    sent: u32,
    /// The highest NOMINATION value followed.
    followed: u32,
    /// Until when the peer is expected to move to other sockets.
    pub(super) moving: Option<Instant>,
}

impl Roles {
    pub(super) const fn new(role: Role, tie_breaker: u64) -> Self {
        Self {
            role,
            tie_breaker,
            nominating: None,
            waiting_since: None,
            sent: 0,
            followed: 0,
            moving: None,
        }
    }

    /// Forgets what belongs to a generation.
    pub(super) const fn reset(&mut self) {
        self.nominating = None;
        self.waiting_since = None;
        self.followed = 0;
        self.moving = None;
    }
}

impl Agent {
    /// Takes a role; the order of the pairs depends on it.
    pub(super) fn change_role(&mut self, role: Role) {
        self.roles.role = role;
        self.roles.nominating = None;
        self.rank_pairs();
    }

    /// §7.3.1.1: takes a role because the peer has the other one.
    pub(super) fn take_role(&mut self, role: Role) {
        self.change_role(role);
        self.phase.stats.role_changes += 1;
        if !self.outbox.noise(Event::RoleChange(role)) {
            self.phase.stats.overflow += 1;
        }
    }

    /// The value for a new nomination; 0 where the peer does not know the attribute.
    pub(super) const fn next_nomination(&mut self) -> u32 {
        if !self.config.renomination {
            return 0;
        }
        self.roles.sent = (self.roles.sent + 1) & 0x00ff_ffff;
        self.roles.sent
    }

    /// The value that repeats the last nomination.
    pub(super) const fn last_nomination(&self) -> u32 {
        if self.config.renomination {
            self.roles.sent
        } else {
            0
        }
    }

    /// The pair that the controlling agent would choose.
    fn nominee(&self) -> Option<&Pair> {
        if let Some(moved) = self.pairs.best_valid(|pair| self.is_moved(pair)) {
            return Some(moved);
        }
        let Some(active) = self.active.as_ref().filter(|active| active.selected) else {
            return self.pairs.best_valid(|_| true);
        };
        if let Some(since) = active.consent.failing_over {
            // The selected pair is silent: another one that has answered since.
            return self.pairs.best_valid(|pair| {
                pair.id != active.pair && pair.last_response.is_some_and(|answered| answered >= since)
            });
        }
        if !self.config.renomination {
            return None;
        }
        let priority = self.pairs.get(active.pair)?.priority;
        self.pairs.best_valid(|pair| pair.priority > priority)
    }

    /// How long to wait for something better than a pair.
    fn patience_for(&self, pair: &Pair) -> Duration {
        let timers = &self.config.timers;
        if self.is_relayed(pair) {
            timers.nomination_relay
        } else {
            timers.nomination
        }
    }

    fn is_relayed(&self, pair: &Pair) -> bool {
        let local = self
            .local
            .candidates
            .get(usize::from(pair.local))
            .map(|candidate| candidate.kind);
        let remote = self
            .remote
            .get(pair.remote)
            .map(super::remote::RemoteCandidate::kind);
        local == Some(CandidateKind::Relay) || remote == Some(CandidateKind::Relay)
    }

    /// Whether waiting may still bring a pair better than this one.
    fn may_improve(&self, pair: &Pair) -> bool {
        let moved = self.is_moved(pair);
        let rivals = |other: &&Pair| other.is_open() && self.is_moved(other) == moved;
        let better = self
            .pairs
            .iter()
            .filter(rivals)
            .any(|other| other.priority > pair.priority);
        let complete = self.local.state == GatheringState::Complete && self.remote.ended;
        better || self.is_relayed(pair) && !complete
    }

    /// §8.1.1: nominates the best pair as soon as nothing better can come, or it was waited for long enough.
    pub(super) fn nominate(&mut self, now: Instant) {
        self.select_between_lite(now);
        self.prefer_moved(now);
        if self.roles.role == Role::Controlled || self.config.lite || self.roles.nominating.is_some() {
            self.roles.waiting_since = None;
            return;
        }
        let Some(pair) = self.nominee() else {
            self.roles.waiting_since = None;
            return;
        };
        let (id, wait, may_improve) = (pair.id, self.patience_for(pair), self.may_improve(pair));
        let since = *self.roles.waiting_since.get_or_insert(now);
        if !may_improve || since + wait <= now {
            self.start_nomination(id);
        }
    }

    fn start_nomination(&mut self, id: PairId) {
        self.roles.waiting_since = None;
        self.roles.nominating = Some(id);
        self.trigger(id, true);
    }

    /// When the wait for something better ends.
    pub(super) fn nomination_deadline(&self) -> Option<Instant> {
        let since = self.roles.waiting_since?;
        Some(since + self.patience_for(self.nominee()?))
    }

    /// §8.1.1: the nominating check was answered.
    pub(super) fn nomination_succeeded(&mut self, now: Instant, id: PairId) {
        if self.roles.nominating == Some(id) {
            self.roles.nominating = None;
        }
        if let Some(pair) = self.pairs.get_mut(id) {
            pair.nominated = true;
        }
        self.select(now, id);
    }

    /// §7.3.1.5: the peer nominates this pair, which counts when the pair is valid.
    pub(super) fn note_nomination(&mut self, now: Instant, id: PairId, nomination: u32) {
        if let Some(pair) = self.pairs.get_mut(id) {
            let recent =
                |(_, last): &(Instant, Instant)| now.saturating_duration_since(*last) < 2 * SUPERSEDED;
            let first = pair.nominations.filter(recent).map_or(now, |(first, _)| first);
            pair.nominations = Some((first, now));
            pair.nomination = nomination;
            pair.nominate_on_success = !pair.valid;
        }
    }

    /// Follows a nomination of the peer. Of several, the pair of highest priority wins, since peers exist that
    /// nominate every pair they try (RFC 5245 §8.1.1.2); with NOMINATION attributes the latest one wins; a silent
    /// pair gives way to any, and one that is nominated no more to one that still is.
    pub(super) fn follow_nomination(&mut self, now: Instant, id: PairId) {
        let Some(pair) = self.pairs.get_mut(id) else {
            return;
        };
        pair.nominated = true;
        let (priority, nomination, nominations) = (pair.priority, pair.nomination, pair.nominations);
        let moved = self.pairs.get(id).is_some_and(|pair| self.is_moved(pair));
        let follows = match self.active.as_ref().filter(|active| active.selected) {
            None => true,
            Some(active) if active.pair == id => false,
            Some(_) if moved => true,
            Some(_) if nomination > self.roles.followed => true,
            Some(active) => {
                let consent = &active.consent;
                // Nothing proves a path to a lite agent but a request, which may be a replay: it is patient.
                let quiet = consent.keeping == Keeping::Asking
                    && now.saturating_duration_since(consent.heard) >= STALE;
                let stale = consent.failing_over.is_some() || consent.disconnected || quiet;
                let selected = self.pairs.get(active.pair);
                let higher = selected.is_none_or(|selected| selected.priority < priority);
                let last = selected
                    .and_then(|selected| selected.nominations)
                    .map(|(_, last)| last);
                let sustained =
                    nominations.is_some_and(|(first, _)| now.saturating_duration_since(first) >= STALE);
                let superseded = last.is_none_or(|last| now.saturating_duration_since(last) >= SUPERSEDED);
                stale || nomination == 0 && (higher || superseded && sustained)
            }
        };
        self.roles.followed = self.roles.followed.max(nomination);
        if follows {
            self.select(now, id);
        }
    }

    /// §8.2.2: two lite agents take the best pair without a check.
    fn select_between_lite(&mut self, now: Instant) {
        let remote_lite = self.session.remote_is_lite();
        if !self.config.lite || !remote_lite {
            return;
        }
        for pair in self.pairs.iter_mut() {
            (pair.valid, pair.state) = (true, PairState::Succeeded);
        }
        let best = self.pairs.iter().next().map(|pair| pair.id);
        if let Some(best) = best.filter(|_| self.active.as_ref().is_none_or(|active| !active.selected)) {
            self.select(now, best);
        }
    }

    /// The nominated pair is the one for data.
    pub(super) fn select(&mut self, now: Instant, id: PairId) {
        if self
            .active
            .as_ref()
            .is_some_and(|active| active.selected && active.pair == id)
        {
            return;
        }
        let old = self.data_path();
        self.switch_active(now, id, true);
        self.phase.old_path = old.filter(|old| self.data_path() != Some(*old));
        self.previous = None;
        self.phase.stats.selected_pair_changes += 1;
        self.note_move();
        self.conclude();
        if let Some(pair) = self.pairs.get(id)
            && let Some(info) = self.describe_pair(pair)
        {
            self.outbox.noise(Event::SelectedPairChange(Box::new(info)));
        }
    }

    /// Before nomination, data goes over the valid pair of highest priority (§12.1).
    pub(super) fn update_active(&mut self, now: Instant) {
        if self.active.as_ref().is_some_and(|active| active.selected) {
            return;
        }
        let expiry = self.config.timers.consent_expiry;
        let consents = |pair: &Pair| {
            pair.last_response
                .is_some_and(|answered| now.saturating_duration_since(answered) < expiry)
        };
        let Some(best) = self.pairs.best_valid(consents).map(|pair| pair.id) else {
            return;
        };
        if self.active.as_ref().is_none_or(|active| active.pair != best) {
            self.switch_active(now, best, false);
        }
    }

    /// Makes a pair the one for data.
    fn switch_active(&mut self, now: Instant, id: PairId, selected: bool) {
        if let Some(active) = self.active.as_mut().filter(|active| active.pair == id) {
            active.selected |= selected;
            return;
        }
        self.flush_traffic();
        let remote_lite = self.session.remote_is_lite();
        let keeping = match (self.config.lite, remote_lite) {
            (false, _) => Keeping::Asking,
            (true, false) => Keeping::BeingAsked,
            (true, true) => Keeping::Nothing,
        };
        let interval = self.draw_consent_interval();
        let Some(pair) = self.pairs.get(id) else { return };
        let mut consent = Consent::new(now, keeping);
        consent.refreshed = pair.last_response.unwrap_or(now);
        consent.next = now + interval;
        let path = pair.path;
        self.checks
            .transactions
            .retain(|other| other.purpose != Purpose::Consent || other.previous);
        self.active = Some(Active {
            pair: id,
            path,
            selected,
            traffic: Traffic::default(),
            consent,
        });
    }

    /// Adds what the active path carried to the counters of its pair.
    pub(super) fn flush_traffic(&mut self) {
        let Some(active) = &mut self.active else { return };
        let traffic = std::mem::take(&mut active.traffic);
        if let Some(pair) = self.pairs.get_mut(active.pair) {
            pair.counters.packets_sent += traffic.packets_sent;
            pair.counters.bytes_sent += traffic.bytes_sent;
            pair.counters.packets_received += traffic.packets_received;
            pair.counters.bytes_received += traffic.bytes_received;
            pair.last_heard = pair.last_heard.max(Some(active.consent.heard));
        }
    }

    /// §8.1.2: the checks are over. A few pairs are kept for the day on which the selected one breaks.
    fn conclude(&mut self) {
        let Some(selected) = self.active.as_ref().map(|active| active.pair) else {
            return;
        };
        self.roles.nominating = None;
        self.local.free_bindings();
        self.remote.candidates.shrink_to_fit();
        let priority = self.pairs.get(selected).map_or(0, |pair| pair.priority);
        let wants_better = self.config.renomination;
        let mut spares: Vec<(bool, u64, PairId)> = self
            .pairs
            .iter()
            .filter(|pair| pair.id != selected && pair.state != PairState::Failed)
            .map(|pair| (pair.valid, pair.priority, pair.id))
            .collect();
        spares.sort_unstable_by_key(|(valid, priority, _)| std::cmp::Reverse((*valid, *priority)));
        spares.truncate(self.config.limits.spare_pairs);
        let moved = self.pairs.iter().filter(|pair| self.is_moved(pair));
        let moved: Vec<PairId> = moved.map(|pair| pair.id).collect();
        let kept = |id: PairId| id == selected || spares.iter().any(|(_, _, spare)| *spare == id);
        self.pairs.retain(|pair| {
            kept(pair.id) || moved.contains(&pair.id) || wants_better && pair.priority > priority
        });
        let pairs = &self.pairs;
        self.checks.clear(|transaction| match transaction.purpose {
            Purpose::Gather(question) => !question.refresh,
            Purpose::Consent => !transaction.previous,
            Purpose::Check(id) => pairs.get(id).is_some(),
        });
        let timers = self.config.timers;
        for transaction in self.checks.transactions.iter_mut() {
            let gathers = matches!(transaction.purpose, Purpose::Gather(_));
            let goes_on = |id| id == selected || moved.contains(&id);
            let goes_on = matches!(transaction.purpose, Purpose::Check(id) if goes_on(id));
            let schedule = &mut transaction.schedule;
            if !gathers && !goes_on && !schedule.is_cancelled() {
                schedule.cancel(&timers);
            }
        }
        for pair in self.pairs.iter_mut() {
            if pair.is_open() && pair.id != selected && !moved.contains(&pair.id) {
                pair.state = if wants_better {
                    PairState::Waiting
                } else {
                    PairState::Frozen
                };
            }
        }
    }
}
