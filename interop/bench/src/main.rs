//! Four kinds of work over the webrtc crate, each printed as one line of JSON. `cargo xtask bench` runs it, beside Pion.

mod idle;
mod latency;
mod pair;
mod process;
mod receiver;
mod setup;
mod throughput;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;

/// What goes wrong, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Benchmarks of the webrtc crate.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Megabits a second from one peer to the other.
    Throughput(Options),
    /// The round trip of a message of 64 bytes.
    Latency(Options),
    /// From create_offer to the open channel.
    Setup(Options),
    /// What connections cost that do nothing.
    Idle(Options),
    /// The receiving process of `throughput --processes 2`.
    #[command(hide = true)]
    Receiver,
}

/// The flags of all kinds of work; each reads its own.
#[derive(Args, Clone, Debug)]
struct Options {
    /// Bytes a message (throughput).
    #[arg(long, default_value_t = 16_384)]
    size: usize,
    /// How long to measure, in seconds (throughput, latency, idle).
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Whether the channel is ordered (throughput).
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    ordered: bool,
    /// Give up a message after so many retransmissions (throughput).
    #[arg(long)]
    max_retransmits: Option<u16>,
    /// 1 or 2 (throughput).
    #[arg(long, default_value_t = 1)]
    processes: u8,
    /// Pairs to set up (setup).
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// How many of them at a time (setup).
    #[arg(long, alias = "concurrency", default_value_t = 1)]
    concurrent: usize,
    /// Connected pairs (idle).
    #[arg(long, default_value_t = 500)]
    pairs: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (work, result) = match Arguments::parse().work {
        Work::Throughput(options) => ("throughput", throughput::run(&options).await?),
        Work::Latency(options) => ("latency", latency::run(&options).await?),
        Work::Setup(options) => ("setup", setup::run(&options).await?),
        Work::Idle(options) => ("idle", idle::run(&options).await?),
        Work::Receiver => return receiver::serve().await,
    };
    print(work, result);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result is what the program is for")]
fn print(work: &str, mut result: Value) {
    if let Some(fields) = result.as_object_mut() {
        fields.insert("work".into(), work.into());
        fields.insert("peer".into(), "ours".into());
    }
    println!("{result}");
}

/// A number with as many decimals as it deserves.
fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
