//! As much as the channel takes, in one direction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;
use webrtc::{Configuration, DataChannel, Events, PeerConnection};

use crate::pair::{Pair, api, channel_init};
use crate::process::{cpu_time, status_kib};
use crate::receiver::{Counter, Process, Receiver};
use crate::{Failure, Options, round};

/// Left out of every measurement: slow start, and the first growth of the heap.
pub(crate) const WARM_UP: Duration = Duration::from_secs(1);

/// Both ends, kept as long as the work runs.
struct Ends {
    channel: DataChannel,
    receiver: Receiver,
    _connections: Vec<PeerConnection>,
    _events: Option<Events>,
}

pub(crate) async fn run(options: &Options) -> Result<Value, Failure> {
    let Ends {
        channel,
        mut receiver,
        _connections,
        _events,
    } = if options.processes == 2 {
        two_processes(options).await?
    } else {
        one_process(options).await?
    };
    let stop = Arc::new(AtomicBool::new(false));
    let sender = tokio::spawn(pour(channel, options.size, Arc::clone(&stop)));
    sleep(WARM_UP).await;
    let own = || {
        if options.processes == 2 {
            cpu_time().as_secs_f64()
        } else {
            0.0
        }
    };
    let (before, own_before, started) = (receiver.account().await?, own(), Instant::now());
    sleep(Duration::from_secs_f64(options.seconds)).await;
    let (after, own_after, elapsed) = (receiver.account().await?, own(), started.elapsed());
    stop.store(true, Ordering::Relaxed);
    let sent = sender.await??;
    let arrived = settle(&mut receiver).await?;
    receiver.end().await?;

    let gigabytes = float(after.bytes - before.bytes) / 1e9;
    let cpu = after.cpu - before.cpu + own_after - own_before;
    let rss = after.rss
        + if options.processes == 2 {
            status_kib("VmHWM")
        } else {
            0.0
        };
    Ok(json!({
        "processes": options.processes, "size": options.size,
        "mbps": round(gigabytes * 8000.0 / elapsed.as_secs_f64(), 1),
        "cpu_s_per_gb": round(cpu / gigabytes, 2),
        "rss_mb": round(rss / 1024.0, 1),
        "loss_pct": round(100.0 * float(sent.saturating_sub(arrived)) / float(sent.max(1)), 3),
    }))
}

async fn one_process(options: &Options) -> Result<Ends, Failure> {
    let mut pair = Pair::new(&api(), channel_init(options))?;
    let theirs = pair.connect().await?;
    let counter = Counter::default();
    tokio::spawn(counter.clone().count(theirs));
    Ok(Ends {
        channel: pair.channel.clone(),
        receiver: Receiver::Here(counter),
        _connections: vec![pair.offerer.clone(), pair.answerer.clone()],
        _events: None,
    })
}

async fn two_processes(options: &Options) -> Result<Ends, Failure> {
    let (pc, mut events) = api().new_peer_connection(Configuration::default())?;
    let channel = pc.create_data_channel("data", channel_init(options))?;
    let process = Process::connect(&pc, &mut events).await?;
    if !channel.opened().await {
        return Err("the channel did not open".into());
    }
    Ok(Ends {
        channel,
        receiver: Receiver::Elsewhere(process),
        _connections: vec![pc],
        _events: Some(events),
    })
}

/// Sends until it is told to stop; returns how many messages that were.
async fn pour(channel: DataChannel, size: usize, stop: Arc<AtomicBool>) -> Result<u64, Failure> {
    let message = Bytes::from(vec![0x5a; size]);
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        channel.send(message.clone()).await?;
        sent += 1;
    }
    while channel.buffered_amount() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    Ok(sent)
}

/// Waits until nothing more arrives.
async fn settle(receiver: &mut Receiver) -> Result<u64, Failure> {
    let mut arrived = 0;
    loop {
        sleep(Duration::from_millis(300)).await;
        let messages = receiver.account().await?.messages;
        if messages == arrived {
            return Ok(messages);
        }
        arrived = messages;
    }
}

/// A count as a number that divides.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
