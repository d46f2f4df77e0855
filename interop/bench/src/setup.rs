//! From `create_offer` to the offerer's open channel. Connections are made and closed outside of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use webrtc::{Api, DataChannelInit};

use crate::latency::percentile;
use crate::pair::{Pair, api};
use crate::process::cpu_time;
use crate::throughput::float;
use crate::{Failure, Options, round};

pub(crate) async fn run(options: &Options) -> Result<Value, Failure> {
    let api = api();
    let left = Arc::new(AtomicUsize::new(options.count));
    let (cpu, started) = (cpu_time(), Instant::now());
    let mut workers = JoinSet::new();
    for _ in 0..options.concurrent.max(1) {
        workers.spawn(work(api.clone(), Arc::clone(&left)));
    }
    let mut times = Vec::new();
    while let Some(finished) = workers.join_next().await {
        times.extend(finished??);
    }
    let (cpu, wall) = (cpu_time().saturating_sub(cpu), started.elapsed());
    let count = float(options.count.max(1) as u64);
    Ok(json!({
        "median_ms": round(percentile(&mut times, 50).as_secs_f64() * 1e3, 3),
        "p99_ms": round(percentile(&mut times, 99).as_secs_f64() * 1e3, 3),
        "cpu_ms_per_pair": round(cpu.as_secs_f64() * 1e3 / count, 3),
        "pairs_per_s": round(count / wall.as_secs_f64(), 1),
    }))
}

async fn work(api: Api, left: Arc<AtomicUsize>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        .is_ok()
    {
        let mut pair = Pair::new(&api, DataChannelInit::default())?;
        let started = Instant::now();
        let _theirs = pair.connect().await?;
        times.push(started.elapsed());
        pair.offerer.close();
        pair.answerer.close();
    }
    Ok(times)
}
