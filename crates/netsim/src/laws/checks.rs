//! One function for each law.

use super::duel::{Discipline, Duel, PollOrder, Timeouts, Transcript};
use super::{Case, Law, Side, Violation};
use crate::endpoint::Endpoint;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Hostile datagrams in a run.
const ATTACKS: usize = 1000;
/// Hostile datagrams at one instant.
const FLOOD: usize = 2000;
/// How long an unvalidated peer is watched for amplification.
const WATCH: Duration = Duration::from_secs(60);
/// The factor of RFC 9000 §8.1.
const AMPLIFICATION: usize = 3;

pub(super) fn check<E: Endpoint>(case: &Case<E>, law: Law, seed: u64) -> Result<(), Violation> {
    let _replay = Replay {
        case: case.name,
        law,
        seed,
    };
    match law {
        Law::PollOrder => poll_order(case, seed),
        Law::NoBusyLoop => run(case, seed, Discipline::plain(law)).map(drop),
        Law::Timeouts => timeouts(case, seed),
        Law::AnyBytes => any_bytes(case, seed),
        Law::Repeatable => repeatable(case, seed),
        Law::Commands => run(
            case,
            seed,
            Discipline {
                batch_commands: true,
                ..Discipline::plain(law)
            },
        )
        .map(drop),
    }
}

/// Says what was being checked when an endpoint panics by itself.
struct Replay {
    case: &'static str,
    law: Law,
    seed: u64,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (case, law, seed) = (self.case, self.law, self.seed);
            eprintln!(
                "{case} panicked while L{} ({law:?}) was checked; replay: NETSIM_SEED={seed}",
                law as u8 + 1
            );
        }
    }
}

/// A whole run to its goal.
fn run<E: Endpoint>(case: &Case<E>, seed: u64, discipline: Discipline) -> Result<[Transcript; 2], Violation> {
    let mut duel = Duel::new(case, seed, Instant::now(), discipline);
    duel.run()?;
    duel.goal()?;
    Ok(duel.transcripts)
}

/// A whole run that must be the same as another one; then it has reached the goal, too.
fn run_like<E: Endpoint>(
    case: &Case<E>,
    seed: u64,
    expected: &[Transcript; 2],
    discipline: Discipline,
) -> Result<(), Violation> {
    // Another start each time: nothing may depend on what the clock shows.
    let start = Instant::now() + Duration::from_secs(12_345);
    let mut duel = Duel::new(case, seed, start, discipline);
    duel.run()?;
    let difference = first_difference(expected, &duel.transcripts);
    difference.map_or(Ok(()), |what| {
        Err(duel.violation(discipline.law, format!("{what}\n  driven by {discipline:?}")))
    })
}

fn poll_order<E: Endpoint>(case: &Case<E>, seed: u64) -> Result<(), Violation> {
    let plain = Discipline::plain(Law::PollOrder);
    let expected = run(case, seed, plain)?;
    for polls in [
        PollOrder::TransmitsFirst,
        PollOrder::EventsFirst,
        PollOrder::Random,
    ] {
        run_like(case, seed, &expected, Discipline { polls, ..plain })?;
    }
    Ok(())
}

fn timeouts<E: Endpoint>(case: &Case<E>, seed: u64) -> Result<(), Violation> {
    let plain = Discipline::plain(Law::Timeouts);
    let expected = run(case, seed, plain)?;
    for timeouts in [Timeouts::Early, Timeouts::Repeated] {
        run_like(case, seed, &expected, Discipline { timeouts, ..plain })?;
    }
    // Late timeouts change what is sent when, but not what comes of it.
    run(
        case,
        seed,
        Discipline {
            timeouts: Timeouts::Late,
            ..plain
        },
    )
    .map(drop)
}

fn repeatable<E: Endpoint>(case: &Case<E>, seed: u64) -> Result<(), Violation> {
    let plain = Discipline::plain(Law::Repeatable);
    let expected = run(case, seed, plain)?;
    run_like(case, seed, &expected, plain)
}

fn any_bytes<E: Endpoint>(case: &Case<E>, seed: u64) -> Result<(), Violation> {
    let plain = Discipline::plain(Law::AnyBytes);
    let mut calm = Duel::new(case, seed, Instant::now(), plain);
    calm.run()?;
    // In every state that a run passes through.
    let mut attacked = Duel::new(
        case,
        seed,
        Instant::now(),
        Discipline {
            attacks: ATTACKS,
            ..plain
        },
    );
    attacked.run()?;
    if case.bounds.noise_is_harmless {
        attacked.goal()?;
    }
    // At the end, and before the beginning, all at once and with nobody to answer.
    let mut fresh = Duel::new(case, seed, Instant::now(), plain);
    fresh.seen = std::mem::take(&mut calm.seen);
    for duel in [&mut attacked, &mut fresh] {
        flood(duel, seed)?;
    }
    amplification(case, seed, &fresh.seen)
}

fn flood<E: Endpoint>(duel: &mut Duel<'_, E>, seed: u64) -> Result<(), Violation> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let seen = duel.seen.clone();
    for side in Side::BOTH {
        for _ in 0..FLOOD {
            let (path, datagram) = super::hostile::datagram(&mut rng, side, &seen);
            duel.input(side, path, datagram)?;
        }
        duel.pass_alone(side, WATCH)?;
    }
    Ok(())
}

/// A peer that only pretends its address sends what a real one sent; what B says to that address is counted.
fn amplification<E: Endpoint>(
    case: &Case<E>,
    seed: u64,
    seen: &[super::hostile::Seen],
) -> Result<(), Violation> {
    let Some(validated) = &case.bounds.validated else {
        return Ok(());
    };
    let mut duel = Duel::new(case, seed, Instant::now(), Discipline::plain(Law::AnyBytes));
    let spoofed = SocketAddr::from(([203, 0, 113, 9], 4000));
    let mut received = 0;
    for (_, path, datagram) in seen.iter().filter(|(to, _, _)| *to == Side::B) {
        received += datagram.len();
        let path = crate::Path::new(path.local, spoofed);
        duel.input(Side::B, path, datagram.clone())?;
        duel.pass_alone(Side::B, WATCH)?;
        let [_, b] = &duel.endpoints;
        if validated(b) {
            break;
        }
        let [_, transcript] = &duel.transcripts;
        let sent: usize = transcript.lens.iter().sum();
        if sent > AMPLIFICATION * received {
            let what = format!("B sent {sent} bytes to a peer that sent {received} and is not validated");
            return Err(duel.violation(Law::AnyBytes, what));
        }
    }
    Ok(())
}

/// Compares two runs, and tells where they part.
fn first_difference(expected: &[Transcript; 2], found: &[Transcript; 2]) -> Option<String> {
    let pairs = Side::BOTH.into_iter().zip(expected.iter().zip(found));
    { pairs }.find_map(|(side, (expected, found))| {
        difference("datagram", &expected.sent, &found.sent)
            .or_else(|| difference("event", &expected.events, &found.events))
            .map(|difference| format!("{side:?} behaves differently: {difference}"))
    })
}

fn difference<T: PartialEq + std::fmt::Debug>(kind: &str, left: &[T], right: &[T]) -> Option<String> {
    let index = (0..left.len().max(right.len())).find(|index| left.get(*index) != right.get(*index))?;
    let text = |side: &[T]| {
        side.get(index)
            .map_or_else(|| "nothing".into(), |item| cut(&format!("{item:?}")))
    };
    Some(format!(
        "{kind} {index} is\n    {}\n  instead of\n    {}",
        text(right),
        text(left)
    ))
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(300).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
