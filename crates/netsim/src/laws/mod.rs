//! The laws that every core keeps (L1–L6), as checks over a pair of endpoints and a script of commands.
//!
//! A core that keeps them can be driven by any loop: in whatever order it polls, however late its timers are,
//! whatever arrives. [`Case`] describes the endpoints, [`Case::check`] runs every law over many seeds and says on failure
//! which seed to replay.

mod checks;
mod duel;
mod hostile;

#[cfg(test)]
mod tests;

use crate::endpoint::{Endpoint, Path};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

/// The laws of every core (`ARCHITECTURE.md`, "Three parts of a protocol crate").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// L1: the order of polls does not matter.
    PollOrder,
    /// L2: after a drain and `handle_timeout(t)`, `poll_timeout()` is `None` or later than `t`.
    NoBusyLoop,
    /// L3: early, late and repeated timeouts are harmless.
    Timeouts,
    /// L4: any bytes in any state: no panic, bounded memory, at most threefold amplification before the peer is validated.
    AnyBytes,
    /// L5: same seed and inputs, same outputs.
    Repeatable,
    /// L6: several commands may precede one drain.
    Commands,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::PollOrder,
        Self::NoBusyLoop,
        Self::Timeouts,
        Self::AnyBytes,
        Self::Repeatable,
        Self::Commands,
    ];
}

/// Which of the two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The first; it usually begins.
    A,
    /// The second.
    B,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The address that belongs to this side. Endpoints that do not care about addresses should use
    /// [`Side::path`].
    #[must_use]
    pub const fn address(self) -> SocketAddr {
        let host = match self {
            Self::A => 1,
            Self::B => 2,
        };
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 5000)
    }

    /// The path from this side to the other.
    #[must_use]
    pub const fn path(self) -> Path {
        Path::new(self.address(), self.other().address())
    }
}

/// A law broken, with what is needed to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which law.
    pub law: Law,
    /// The name of the case.
    pub case: &'static str,
    /// The seed with which it happens.
    pub seed: u64,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (law, seed) = (self.law, self.seed);
        write!(
            f,
            "{} breaks law L{} ({law:?}) with seed {seed}: {}",
            self.case,
            law as u8 + 1,
            self.what
        )?;
        write!(
            f,
            "\n  replay: NETSIM_SEED={seed}, or `.seeds({seed}..{})` on the case",
            seed.saturating_add(1)
        )
    }
}

impl std::error::Error for Violation {}

type Build<E> = Box<dyn Fn(u64) -> [E; 2]>;
type Action<E> = Box<dyn Fn(&mut E, Instant)>;
type Shape = Box<dyn Fn(&[u8]) -> Vec<u8>>;
type Goal<E> = Box<dyn Fn(&E, &E) -> bool>;
type Validated<E> = Box<dyn Fn(&E) -> bool>;

struct Command<E> {
    at: Duration,
    side: Side,
    action: Action<E>,
}

/// Two endpoints, a script, and what should come of it.
///
/// ```
/// use netsim::laws::{Case, Side};
/// use netsim::{Endpoint, Path, Transmit};
/// use std::time::{Duration, Instant};
///
/// /// Sends a byte back, three times at most.
/// #[derive(Default)]
/// struct Echo { pending: Option<u8>, echoed: u8 }
///
/// impl Endpoint for Echo {
///     type Event = ();
///     fn handle_input(&mut self, _: Instant, _: Path, datagram: &mut [u8]) {
///         if let [byte] = datagram && self.echoed < 3 {
///             self.echoed += 1;
///             self.pending = Some(*byte);
///         }
///     }
///     fn handle_timeout(&mut self, _: Instant) {}
///     fn poll_transmit(&mut self, _: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
///         out.push(self.pending.take()?);
///         Some(Transmit { path: Side::A.path(), segment_size: None })
///     }
///     fn poll_event(&mut self) -> Option<()> { None }
///     fn poll_timeout(&self) -> Option<Instant> { None }
/// }
///
/// Case::new("echo", |_seed| [Echo::default(), Echo::default()])
///     .at(Duration::ZERO, Side::A, |echo, _now| echo.pending = Some(7))
///     .seeds(0..4)
///     .loss(0.0)
///     .goal(|_, b| b.echoed > 0)
///     .check();
/// ```
pub struct Case<E> {
    name: &'static str,
    build: Build<E>,
    script: Vec<Command<E>>,
    seeds: Range<u64>,
    duration: Duration,
    loss: f64,
    shape: Shape,
    goal: Option<Goal<E>>,
    bounds: Bounds<E>,
}

/// What law L4 holds an endpoint to.
struct Bounds<E> {
    footprint: usize,
    validated: Option<Validated<E>>,
    noise_is_harmless: bool,
}

impl<E> fmt::Debug for Case<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("seeds", &self.seeds)
            .finish_non_exhaustive()
    }
}

impl<E: Endpoint> Case<E> {
    /// A case: a name for messages, and a function that makes both endpoints from a seed.
    pub fn new(name: &'static str, build: impl Fn(u64) -> [E; 2] + 'static) -> Self {
        Self {
            name,
            build: Box::new(build),
            script: Vec::new(),
            seeds: 0..16,
            duration: Duration::from_secs(30),
            loss: 0.1,
            shape: Box::new(<[u8]>::to_vec),
            goal: None,
            bounds: Bounds {
                footprint: usize::MAX,
                validated: None,
                noise_is_harmless: false,
            },
        }
    }

    /// Adds a command to the script, `at` after the start.
    #[must_use]
    pub fn at(mut self, at: Duration, side: Side, action: impl Fn(&mut E, Instant) + 'static) -> Self {
        self.script.push(Command {
            at,
            side,
            action: Box::new(action),
        });
        self.script.sort_by_key(|command| command.at);
        self
    }

    /// The seeds to run. Default 0 to 15; the environment's `NETSIM_SEED` overrides it with one.
    #[must_use]
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.seeds = seeds;
        self
    }

    /// Virtual time of a run. Default 30 s.
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// Share of datagrams lost in odd seeds (even seeds lose none). Default 0.1.
    #[must_use]
    pub fn loss(mut self, loss: f64) -> Self {
        self.loss = loss;
        self
    }

    /// What of a datagram is the same for the same seed, for cores whose crypto provider draws randomness of its own.
    /// Default: all of it. The length and the first byte are a useful choice.
    #[must_use]
    pub fn shape(mut self, shape: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Self {
        self.shape = Box::new(shape);
        self
    }

    /// What must be true at the end of every run in which nobody attacks, whatever the polls and timeouts.
    #[must_use]
    pub fn goal(mut self, goal: impl Fn(&E, &E) -> bool + 'static) -> Self {
        self.goal = Some(Box::new(goal));
        self
    }

    /// The most that [`Endpoint::footprint`] may be under attack. Default: not checked.
    #[must_use]
    pub fn footprint_limit(mut self, limit: usize) -> Self {
        self.bounds.footprint = limit;
        self
    }

    /// Tells when side B has validated its peer; until then it may send three times what it received. Default: not
    /// checked.
    #[must_use]
    pub fn validated(mut self, validated: impl Fn(&E) -> bool + 'static) -> Self {
        self.bounds.validated = Some(Box::new(validated));
        self
    }

    /// Claims that the goal is reached also while an attacker, who sees all datagrams but drops none, sends noise and replays.
    #[must_use]
    pub fn noise_is_harmless(mut self) -> Self {
        self.bounds.noise_is_harmless = true;
        self
    }

    /// Checks all laws.
    ///
    /// # Panics
    ///
    /// If one is broken, with the [`Violation`] as message.
    pub fn check(&self) {
        for law in Law::ALL {
            self.check_law(law);
        }
    }

    /// Checks one law.
    ///
    /// # Panics
    ///
    /// If it is broken, with the [`Violation`] as message.
    #[expect(clippy::panic, reason = "an assertion for tests")]
    pub fn check_law(&self, law: Law) {
        if let Err(violation) = self.try_law(law) {
            panic!("{violation}");
        }
    }

    /// Checks one law over all seeds.
    ///
    /// # Errors
    ///
    /// The first violation.
    pub fn try_law(&self, law: Law) -> Result<(), Violation> {
        let replay = std::env::var("NETSIM_SEED")
            .ok()
            .and_then(|seed| seed.parse::<u64>().ok());
        let seeds = replay.map_or_else(|| self.seeds.clone(), |seed| seed..seed.saturating_add(1));
        for seed in seeds {
            checks::check(self, law, seed)?;
        }
        Ok(())
    }
}
