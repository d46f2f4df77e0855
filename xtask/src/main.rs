//! The workspace's own commands: `cargo xtask --help`.

mod bench;
mod ci;
mod interop;
mod shell;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The workspace's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs everything that CI runs.
    Ci(ci::Ci),
    /// Checks what the conventions ask for and no compiler does.
    Tidy(tidy::Tidy),
    /// Measures throughput, latency, set-up and idle cost, beside Pion where asked.
    Bench(bench::Bench),
    /// Runs our peer against browsers and Pion.
    Interop(interop::Interop),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Ci(ci) => ci.run(),
        Command::Tidy(tidy) => tidy::run(&tidy),
        Command::Bench(bench) => bench.run(),
        Command::Interop(interop) => interop.run(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
