//! Two endpoints against each other, driven in one of many permitted ways, with a transcript of all they did.

use super::{Case, Law, Side, Violation};
use crate::endpoint::{Endpoint, Path, segments};
use crate::schedule::Schedule;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// Time of a datagram from one side to the other.
const LATENCY: Duration = Duration::from_millis(10);
/// Rounds of polling, moments of a run, and datagrams in it, after which the endpoints count as never ending.
const ENDLESS: usize = 100_000;
/// Commands less than this apart are given together under [`Discipline::batch_commands`].
const BATCH_WINDOW: Duration = Duration::from_millis(500);
/// Datagrams of an attacker before each real one.
const ATTACKS_AT_ONCE: usize = 4;
/// The most that a late timeout is late.
const LATENESS: Duration = Duration::from_millis(40);

/// The order in which an endpoint is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PollOrder {
    Alternating,
    TransmitsFirst,
    EventsFirst,
    /// Either, at random, with superfluous polls in between.
    Random,
}

/// When timeouts are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timeouts {
    OnTime,
    /// On time, and also before, without being due.
    Early,
    /// On time, two times.
    Repeated,
    Late,
}

/// One of the ways that a loop may treat its cores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Discipline {
    pub(super) law: Law,
    pub(super) polls: PollOrder,
    pub(super) timeouts: Timeouts,
    pub(super) batch_commands: bool,
    /// Datagrams that an attacker sends in a run, a few before each real one.
    pub(super) attacks: usize,
}

impl Discipline {
    /// How a plain loop does it.
    pub(super) const fn plain(law: Law) -> Self {
        let (polls, timeouts) = (PollOrder::Alternating, Timeouts::OnTime);
        Self {
            law,
            polls,
            timeouts,
            batch_commands: false,
            attacks: 0,
        }
    }
}

/// All that an endpoint did, with times since the start.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Transcript {
    pub(super) sent: Vec<(Duration, Path, Vec<u8>)>,
    pub(super) events: Vec<(Duration, String)>,
    /// Lengths of what was sent, which a shape may hide.
    pub(super) lens: Vec<usize>,
}

pub(super) struct Duel<'a, E: Endpoint> {
    case: &'a Case<E>,
    discipline: Discipline,
    seed: u64,
    start: Instant,
    now: Instant,
    rng: ChaCha8Rng,
    pub(super) endpoints: [E; 2],
    pub(super) transcripts: [Transcript; 2],
    wire: Schedule<(Side, Path, Vec<u8>)>,
    commands: usize,
    /// Datagrams seen on the wire, for an attacker to replay and to change.
    pub(super) seen: Vec<(Side, Path, Vec<u8>)>,
}

impl<'a, E: Endpoint> Duel<'a, E> {
    pub(super) fn new(case: &'a Case<E>, seed: u64, start: Instant, discipline: Discipline) -> Self {
        Self {
            case,
            discipline,
            seed,
            start,
            now: start,
            rng: ChaCha8Rng::seed_from_u64(!seed),
            endpoints: (case.build)(seed),
            transcripts: [(); 2].map(|()| Transcript::default()),
            wire: Schedule::new(),
            commands: 0,
            seen: Vec::new(),
        }
    }

    /// Runs the script, then on until the case's time is over.
    pub(super) fn run(&mut self) -> Result<(), Violation> {
        let end = self.start + self.case.duration;
        for _ in 0..ENDLESS {
            for side in Side::BOTH {
                self.settle(side)?;
            }
            if self
                .transcripts
                .iter()
                .any(|transcript| transcript.sent.len() > ENDLESS)
            {
                break;
            }
            let Some(next) = self.next_event().filter(|next| *next <= end) else {
                return Ok(());
            };
            self.early_timeouts(next)?;
            self.now = next;
            self.give_commands()?;
            self.deliver_due()?;
        }
        let what = format!("nothing comes to an end (driven by {:?})", self.discipline);
        Err(self.violation(self.discipline.law, what))
    }

    pub(super) fn violation(&self, law: Law, what: String) -> Violation {
        Violation {
            law,
            case: self.case.name,
            seed: self.seed,
            what,
        }
    }

    pub(super) fn goal(&self) -> Result<(), Violation> {
        let [a, b] = &self.endpoints;
        match &self.case.goal {
            Some(goal) if !goal(a, b) => {
                let what = format!("the goal is not reached (driven by {:?})", self.discipline);
                Err(self.violation(self.discipline.law, what))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Polls, and handles a due timeout; afterwards none may be due.
    pub(super) fn settle(&mut self, side: Side) -> Result<(), Violation> {
        self.drain(side)?;
        let now = self.now;
        if self.due(side).is_none_or(|due| due > now) {
            return Ok(());
        }
        let times = if self.discipline.timeouts == Timeouts::Repeated {
            2
        } else {
            1
        };
        for _ in 0..times {
            self.endpoint(side).handle_timeout(now);
        }
        self.drain(side)?;
        match self.endpoint(side).poll_timeout() {
            Some(timeout) if timeout <= now => {
                let late = now.duration_since(timeout);
                let what = format!("{side:?} wants a timeout {late:?} ago, which was just handled");
                Err(self.violation(Law::NoBusyLoop, what))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn endpoint(&mut self, side: Side) -> &mut E {
        let [a, b] = &mut self.endpoints;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    fn endpoint_ref(&self, side: Side) -> &E {
        let [a, b] = &self.endpoints;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    fn transcript(&mut self, side: Side) -> &mut Transcript {
        let [a, b] = &mut self.transcripts;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// When the loop will see to the endpoint's timeout.
    fn due(&self, side: Side) -> Option<Instant> {
        let timeout = self.endpoint_ref(side).poll_timeout()?;
        let late = self.discipline.timeouts == Timeouts::Late;
        // The same for the same timeout, or the loop would never settle.
        let since = timeout.saturating_duration_since(self.start);
        let lateness = u32::try_from(since.as_micros() % 41).unwrap_or(0);
        Some(if late {
            timeout + LATENESS * lateness / 41
        } else {
            timeout
        })
    }

    fn next_event(&self) -> Option<Instant> {
        let timeouts = Side::BOTH.map(|side| self.due(side));
        let command = self
            .case
            .script
            .get(self.commands)
            .map(|command| self.start + command.at);
        let next = timeouts
            .into_iter()
            .flatten()
            .chain(command)
            .chain(self.wire.next_at())
            .min()?;
        Some(next.max(self.now))
    }

    fn early_timeouts(&mut self, next: Instant) -> Result<(), Violation> {
        if self.discipline.timeouts != Timeouts::Early || next <= self.now {
            return Ok(());
        }
        let gap = next.duration_since(self.now);
        self.now += gap.mul_f64(self.rng.random_range(0.0..0.9));
        for side in Side::BOTH {
            let now = self.now;
            self.endpoint(side).handle_timeout(now);
            self.drain(side)?;
        }
        Ok(())
    }

    fn give_commands(&mut self) -> Result<(), Violation> {
        let case = self.case;
        let mut horizon = self.now;
        if self.discipline.batch_commands {
            horizon += BATCH_WINDOW;
        }
        while let Some(command) = case
            .script
            .get(self.commands)
            .filter(|next| self.start + next.at <= horizon)
        {
            self.commands += 1;
            let now = self.now;
            (command.action)(self.endpoint(command.side), now);
            if !self.discipline.batch_commands {
                self.drain(command.side)?;
            }
        }
        Ok(())
    }

    fn deliver_due(&mut self) -> Result<(), Violation> {
        while self.wire.next_at().is_some_and(|at| at <= self.now) {
            let Some((_, (side, path, datagram))) = self.wire.pop() else {
                break;
            };
            for _ in 0..self.discipline.attacks.min(ATTACKS_AT_ONCE) {
                self.discipline.attacks -= 1;
                let (path, noise) = super::hostile::datagram(&mut self.rng, side, &self.seen);
                self.input(side, path, noise)?;
            }
            self.input(side, path, datagram)?;
        }
        Ok(())
    }

    pub(super) fn input(&mut self, side: Side, path: Path, mut datagram: Vec<u8>) -> Result<(), Violation> {
        let now = self.now;
        self.endpoint(side).handle_input(now, path, &mut datagram);
        self.drain(side)?;
        let footprint = self.endpoint_ref(side).footprint();
        if footprint > self.case.bounds.footprint {
            let what = format!(
                "{side:?} holds {footprint}, more than {}",
                self.case.bounds.footprint
            );
            return Err(self.violation(Law::AnyBytes, what));
        }
        Ok(())
    }

    /// Lets time pass without anything but timeouts on one side.
    pub(super) fn pass_alone(&mut self, side: Side, time: Duration) -> Result<(), Violation> {
        let end = self.now + time;
        for _ in 0..ENDLESS {
            self.settle(side)?;
            let Some(next) = self.due(side).filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(next);
        }
        self.now = end;
        Ok(())
    }

    /// Polls until neither kind has anything.
    pub(super) fn drain(&mut self, side: Side) -> Result<(), Violation> {
        let (mut no_transmit, mut no_event, mut turn) = (false, false, false);
        for _ in 0..ENDLESS {
            turn = !turn;
            let transmit = match self.discipline.polls {
                PollOrder::Alternating => turn,
                PollOrder::TransmitsFirst => !no_transmit,
                PollOrder::EventsFirst => no_event,
                PollOrder::Random => self.rng.random_bool(0.5),
            };
            let found = if transmit {
                self.poll_transmit(side)
            } else {
                self.poll_event(side)
            };
            // What was found may have made room for the other kind.
            no_transmit = !found && (transmit || no_transmit);
            no_event = !found && (!transmit || no_event);
            if no_transmit && no_event {
                return Ok(());
            }
        }
        Err(self.violation(
            self.discipline.law,
            format!("{side:?} transmits or reports without end"),
        ))
    }

    fn poll_event(&mut self, side: Side) -> bool {
        let at = self.now.duration_since(self.start);
        let event = self.endpoint(side).poll_event();
        if let Some(event) = &event {
            self.transcript(side).events.push((at, format!("{event:?}")));
        }
        event.is_some()
    }

    fn poll_transmit(&mut self, side: Side) -> bool {
        let now = self.now;
        let mut out = Vec::new();
        let Some(transmit) = self.endpoint(side).poll_transmit(now, &mut out) else {
            return false;
        };
        for datagram in segments(&out, transmit.segment_size) {
            self.carry(side, transmit.path, datagram);
        }
        true
    }

    fn carry(&mut self, from: Side, path: Path, datagram: &[u8]) {
        let at = self.now.duration_since(self.start);
        let shape = (self.case.shape)(datagram);
        let transcript = self.transcript(from);
        transcript.sent.push((at, path, shape));
        transcript.lens.push(datagram.len());
        let index = transcript.sent.len() as u64;
        let to = from.other();
        super::hostile::remember(&mut self.seen, (to, path.reversed(), datagram.to_vec()));
        // The fate of a datagram depends on its number alone, not on what the other side did before.
        let mut fate = ChaCha8Rng::seed_from_u64(self.seed << 20 ^ index << 1 ^ from as u64);
        let lossy = self.seed % 2 == 1 && self.case.loss > 0.0;
        if lossy && fate.random_bool(self.case.loss.min(1.0)) {
            return;
        }
        self.wire
            .push(self.now + LATENCY, (to, path.reversed(), datagram.to_vec()));
    }
}
