//! Connected pairs that send nothing of their own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use webrtc::DataChannelInit;

use crate::pair::{Pair, api};
use crate::process::{cpu_time, status_kib};
use crate::throughput::{WARM_UP, float};
use crate::{Failure, Options, round};

pub(crate) async fn run(options: &Options) -> Result<Value, Failure> {
    let api = api();
    // One pair first: code, runtime and receive buffers are the process's, not a connection's.
    let mut first = Pair::new(&api, DataChannelInit::default())?;
    let _first_channel = first.connect().await?;
    let empty = status_kib("VmRSS");
    let mut held = Vec::new();
    for _ in 0..options.pairs {
        let mut pair = Pair::new(&api, DataChannelInit::default())?;
        let theirs = pair.connect().await?;
        held.push((pair, theirs));
    }
    tokio::time::sleep(2 * WARM_UP).await;
    held.iter_mut().for_each(|(pair, _)| pair.drain());
    let full = status_kib("VmRSS");
    let (cpu, started) = (cpu_time(), Instant::now());
    tokio::time::sleep(Duration::from_secs_f64(options.seconds)).await;
    let share = cpu_time().saturating_sub(cpu).as_secs_f64() / started.elapsed().as_secs_f64();
    let connections = float(2 * options.pairs.max(1) as u64);
    Ok(json!({
        "pairs": options.pairs,
        "kib_per_connection": round((full - empty) / connections, 1),
        "cpu_pct": round(100.0 * share * 1000.0 / connections, 2),
    }))
}
