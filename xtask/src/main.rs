//! The workspace's own commands: `cargo xtask --help`.

mod interop;

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
    /// Runs our peer against browsers and Pion.
    Interop(interop::Interop),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
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
