//! `cargo xtask ci`: everything that has to hold before a change lands, in the order in which it fails fastest.

use std::process::Command;
use std::time::Instant;

use clap::Args;

use crate::shell;

/// Runs every check, and stops at the first that fails.
#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Leave the interop set out: it installs browsers.
    #[arg(long)]
    no_interop: bool,
}

/// A step: its name, the program, its arguments, and what is set in its environment.
struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step {
        name,
        arguments,
        environment: &[],
    }
}

const STEPS: &[Step] = &[
    step("format", &["fmt", "--all", "--check"]),
    step(
        "clippy",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ),
    step(
        "clippy, pure Rust",
        &[
            "clippy",
            "-p",
            "webrtc",
            "--no-default-features",
            "--features",
            "tokio,rust-crypto",
            "--",
            "-D",
            "warnings",
        ],
    ),
    step(
        "clippy, cores alone",
        &[
            "clippy",
            "-p",
            "webrtc",
            "--no-default-features",
            "--",
            "-D",
            "warnings",
        ],
    ),
    Step {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    step("tests", &["test", "--workspace", "--locked"]),
    step(
        "tests, pure Rust",
        &[
            "test",
            "-p",
            "crypto",
            "-p",
            "stun",
            "-p",
            "dtls",
            "-p",
            "webrtc",
            "--no-default-features",
            "--features",
            "tokio,rust-crypto,crypto/rust-crypto",
            "--lib",
            "--tests",
        ],
    ),
];

impl Ci {
    /// Runs the steps; true when all hold.
    pub(crate) fn run(&self) -> Result<bool, String> {
        let started = Instant::now();
        if !timed("tidy", crate::tidy::run)? {
            return Ok(false);
        }
        for step in STEPS {
            if !timed(step.name, || cargo(step))? {
                return Ok(false);
            }
        }
        if !self.no_interop && !timed("interop", interop)? {
            return Ok(false);
        }
        eprintln!("ci: everything holds, {:.0} s", started.elapsed().as_secs_f64());
        Ok(true)
    }
}

fn timed(name: &str, run: impl FnOnce() -> Result<bool, String>) -> Result<bool, String> {
    eprintln!("ci: {name}");
    let started = Instant::now();
    let holds = run()?;
    eprintln!(
        "ci: {name} {}, {:.0} s",
        if holds { "holds" } else { "FAILS" },
        started.elapsed().as_secs_f64()
    );
    Ok(holds)
}

/// In a process of its own, which moves into a network namespace.
fn interop() -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    shell::succeeds(Command::new(program).arg("interop"))
}

fn cargo(step: &Step) -> Result<bool, String> {
    let mut command = Command::new(shell::cargo());
    command
        .args(step.arguments)
        .envs(step.environment.iter().copied());
    shell::succeeds(&mut command)
}
