//! Ping-pong with 64 bytes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use webrtc::{DataChannel, DataChannelInit};

use crate::pair::{Pair, api};
use crate::process::cpu_time;
use crate::throughput::WARM_UP;
use crate::{Failure, Options, round};

pub(crate) async fn run(options: &Options) -> Result<Value, Failure> {
    let mut pair = Pair::new(&api(), DataChannelInit::default())?;
    let theirs = pair.connect().await?;
    tokio::spawn(async move {
        while let Some(message) = theirs.recv().await {
            if theirs.send(message).await.is_err() {
                return;
            }
        }
    });
    let channel = pair.channel.clone();
    // A task of its own, as an application has it; the main task is polled from outside of the workers.
    let duration = Duration::from_secs_f64(options.seconds);
    tokio::spawn(async move { play(&channel, duration).await }).await?
}

async fn play(channel: &DataChannel, duration: Duration) -> Result<Value, Failure> {
    let ball = Bytes::from_static(&[0x5a; 64]);
    let warm = Instant::now();
    while warm.elapsed() < WARM_UP {
        round_trip(channel, &ball).await?;
    }
    let mut rounds = Vec::new();
    let (cpu, started) = (cpu_time(), Instant::now());
    while started.elapsed() < duration {
        rounds.push(round_trip(channel, &ball).await?);
    }
    let cpu = cpu_time().saturating_sub(cpu);
    let count = rounds.len().max(1);
    Ok(json!({
        "p50_us": round(percentile(&mut rounds, 50).as_secs_f64() * 1e6, 1),
        "p99_us": round(percentile(&mut rounds, 99).as_secs_f64() * 1e6, 1),
        "cpu_us_per_round": round(cpu.as_secs_f64() * 1e6 / crate::throughput::float(count as u64), 1),
    }))
}

async fn round_trip(channel: &DataChannel, ball: &Bytes) -> Result<Duration, Failure> {
    let started = Instant::now();
    channel.send(ball.clone()).await?;
    channel.recv().await.ok_or("the channel was closed")?;
    Ok(started.elapsed())
}

/// The value that `percent` of all values do not exceed.
pub(crate) fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let index = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or_default()
}
