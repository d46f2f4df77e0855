//! `cargo xtask ci`: everything that has to hold before a change lands. Every step runs even if an earlier one fails, so
//! that one log shows all faults; the last line counts the tests.

mod apt;
mod counted;
mod deny;
mod ffmpeg;
mod libsrtp;
mod msrv;
mod openssl;
mod steps;

use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;

use crate::shell;
use counted::Counts;
use steps::{STEPS, Step};

/// Runs every check.
#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Leave the interop set out: it installs browsers.
    #[arg(long)]
    no_interop: bool,
}

/// What became of a step.
struct Outcome {
    name: &'static str,
    holds: bool,
    took: Duration,
    /// Of steps that run tests.
    counts: Option<Counts>,
}

impl Ci {
    /// Runs the steps; true when all hold.
    pub(crate) fn run(&self) -> Result<bool, String> {
        let started = Instant::now();
        let mut outcomes = vec![timed("tidy", || {
            // What README.md shows is among the tests of the workspace.
            let tidy = crate::tidy::Tidy { quick: true };
            crate::tidy::run(&tidy).map(|holds| (holds, None))
        })];
        outcomes.extend(STEPS.iter().map(|step| timed(step.name, || cargo(step))));
        outcomes.push(timed("dependencies", || deny::run().map(|holds| (holds, None))));
        outcomes.push(timed("rust-version", || msrv::run().map(|holds| (holds, None))));
        if !self.no_interop {
            outcomes.push(timed("openssl", openssl::run));
            outcomes.push(timed("libsrtp", libsrtp::run));
            outcomes.push(timed("ffmpeg", ffmpeg::run));
            outcomes.push(timed("interop", || interop().map(|holds| (holds, None))));
        }
        report(&outcomes, started.elapsed());
        Ok(outcomes.iter().all(|outcome| outcome.holds))
    }
}

fn timed(name: &'static str, run: impl FnOnce() -> Result<(bool, Option<Counts>), String>) -> Outcome {
    eprintln!("ci: {name} …");
    let started = Instant::now();
    let (holds, counts) = run().unwrap_or_else(|message| {
        eprintln!("ci: {name}: {message}");
        (false, None)
    });
    let outcome = Outcome {
        name,
        holds,
        took: started.elapsed(),
        counts,
    };
    eprintln!("ci: {}", line(&outcome));
    outcome
}

/// In a process of its own, which moves into a network namespace.
fn interop() -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    shell::succeeds(Command::new(program).arg("interop"))
}

fn cargo(step: &Step) -> Result<(bool, Option<Counts>), String> {
    let mut command = Command::new(shell::cargo());
    command
        .args(step.arguments)
        .envs(step.environment.iter().copied());
    if step.arguments.first() == Some(&"test") {
        return counted::run(&mut command, &mut std::io::stdout().lock())
            .map(|(holds, counts)| (holds, Some(counts)));
    }
    Ok((shell::succeeds(&mut command)?, None))
}

fn line(outcome: &Outcome) -> String {
    let verdict = if outcome.holds { "holds" } else { "FAILS" };
    let counts = outcome
        .counts
        .map_or_else(String::new, |counts| format!(" ({counts})"));
    format!(
        "{verdict} {:5.0} s  {}{counts}",
        outcome.took.as_secs_f64(),
        outcome.name
    )
}

/// A table of the steps, and one line that says it all.
fn report(outcomes: &[Outcome], took: Duration) {
    eprintln!("\nci: summary");
    for outcome in outcomes {
        eprintln!("ci: {}", line(outcome));
    }
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !outcome.holds)
        .map(|outcome| outcome.name)
        .collect();
    let verdict = if failed.is_empty() {
        "everything holds".into()
    } else {
        format!("FAILED: {}", failed.join(", "))
    };
    let counts: Counts = outcomes.iter().filter_map(|outcome| outcome.counts).sum();
    eprintln!(
        "ci: {verdict} after {:.0} s; test result: {counts}",
        took.as_secs_f64()
    );
}
