//! Five kinds of work over the webrtc crate, each printed as one line of JSON. `cargo xtask bench` runs it, beside Pion.

mod audience;
mod fan_out;
mod forwarder;
mod idle;
mod latency;
mod pair;
mod process;
mod receiver;
mod setup;
mod throughput;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

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
    /// One publisher, many subscribers.
    FanOut(Options),
    /// The forwarding process of `fan-out`.
    #[command(hide = true)]
    Forwarder,
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
    #[arg(long, default_value_t = 1)]
    concurrent: usize,
    /// Connected pairs (idle), subscribers (fan-out).
    #[arg(long, default_value_t = 500)]
    pairs: usize,
    /// Packets a second that are published (fan-out).
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// Look for the highest rate without loss, from `rate` on, and measure there (fan-out).
    #[arg(long)]
    saturate: bool,
    /// The command line of another forwarder (fan-out).
    #[arg(long)]
    forwarder: Option<String>,
    /// The name of who is measured.
    #[arg(long, default_value = "ours")]
    peer: String,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    runtime(&arguments.work)?.block_on(run(arguments.work))
}

/// The two peers of a throughput run work at the same time, and so do pairs that are set up together. What takes turns
/// anyway runs on one thread, where no turn waits for another thread to wake up.
fn runtime(work: &Work) -> std::io::Result<Runtime> {
    let takes_turns = match work {
        Work::Latency(_) | Work::Idle(_) | Work::FanOut(_) | Work::Forwarder => true,
        Work::Setup(options) => options.concurrent <= 1,
        Work::Throughput(_) | Work::Receiver => false,
    };
    let mut builder = if takes_turns {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.enable_all().build()
}

async fn run(work: Work) -> Result<(), Failure> {
    let (work, result) = match work {
        Work::Throughput(options) => ("throughput", throughput::run(&options).await?),
        Work::Latency(options) => ("latency", latency::run(&options).await?),
        Work::Setup(options) => ("setup", setup::run(&options).await?),
        Work::Idle(options) => ("idle", idle::run(&options).await?),
        Work::FanOut(options) => ("fan-out", fan_out::run(&options).await?),
        Work::Forwarder => return forwarder::serve().await,
        Work::Receiver => return receiver::serve().await,
    };
    print(work, result);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result is what the program is for")]
fn print(work: &str, mut result: Value) {
    if let Some(fields) = result.as_object_mut() {
        fields.insert("work".into(), work.into());
        fields.entry("peer").or_insert_with(|| "ours".into());
    }
    println!("{result}");
}

/// A number with as many decimals as it deserves.
fn round(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
