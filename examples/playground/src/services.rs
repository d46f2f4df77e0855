//! What each channel is for, by its label (`README.md` has the table).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use webrtc::{DataChannel, DataChannelState, Payload};

const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// Nothing more is on its way when nothing has arrived for so long.
const QUIET: Duration = Duration::from_millis(150);
/// The longest that a page may have us send.
const MAX_SECONDS: f64 = 60.0;
const MAX_SIZE: usize = 256 * 1024;

/// The channels of one connection.
#[derive(Debug)]
pub(crate) struct Services {
    bulk: Mutex<HashMap<String, Arc<Bulk>>>,
}

/// A channel of the throughput test, and what has arrived on it.
#[derive(Debug)]
struct Bulk {
    channel: DataChannel,
    bytes: AtomicU64,
    messages: AtomicU64,
    receiving: AtomicBool,
    started: Mutex<Option<Instant>>,
}

#[derive(Debug, Deserialize)]
struct Command {
    op: String,
    channel: String,
    #[serde(default)]
    size: usize,
    #[serde(default)]
    seconds: f64,
}

impl Services {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            bulk: Mutex::default(),
        })
    }

    /// Serves a channel until it closes.
    pub(crate) fn attach(self: &Arc<Self>, channel: DataChannel) {
        match channel.label().as_str() {
            "control" => drop(tokio::spawn(Arc::clone(self).control(channel))),
            label @ ("bulk" | "bulk-unreliable") => {
                let bulk = Bulk::new(channel);
                self.bulk().insert(label.to_owned(), Arc::clone(&bulk));
                tokio::spawn(bulk.count());
            }
            _ => drop(tokio::spawn(echo(channel))),
        }
    }

    fn bulk(&self) -> MutexGuard<'_, HashMap<String, Arc<Bulk>>> {
        self.bulk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Obeys the page's commands. What is not one is passed over.
    async fn control(self: Arc<Self>, control: DataChannel) {
        while let Some(message) = control.recv().await {
            let Ok(command) = serde_json::from_slice::<Command>(&message.data) else {
                continue;
            };
            let Some(bulk) = self.bulk().get(&command.channel).cloned() else {
                continue;
            };
            match command.op.as_str() {
                "upload-start" => {
                    bulk.begin();
                    tokio::spawn(bulk.progress(control.clone()));
                }
                "upload-stop" => drop(tokio::spawn(bulk.finish(control.clone()))),
                "download-start" => drop(tokio::spawn(bulk.pour(control.clone(), command))),
                _ => {}
            }
        }
        // A channel lives as long as its last handle.
        self.bulk().clear();
    }
}

/// Sends back what arrives, as it is.
async fn echo(channel: DataChannel) {
    while let Some(message) = channel.recv().await {
        if channel.send(message).await.is_err() {
            return;
        }
    }
}

impl Bulk {
    fn new(channel: DataChannel) -> Arc<Self> {
        Arc::new(Self {
            channel,
            bytes: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            receiving: AtomicBool::new(false),
            started: Mutex::new(None),
        })
    }

    async fn count(self: Arc<Self>) {
        while let Some(message) = self.channel.recv().await {
            self.bytes.fetch_add(message.data.len() as u64, Relaxed);
            self.messages.fetch_add(1, Relaxed);
        }
    }

    fn begin(&self) {
        self.bytes.store(0, Relaxed);
        self.messages.store(0, Relaxed);
        self.receiving.store(true, Relaxed);
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    async fn tell(&self, control: &DataChannel, op: &str, (bytes, messages, ms): (u64, u64, f64)) {
        let label = self.channel.label();
        let text =
            json!({"op": op, "channel": label, "bytes": bytes, "messages": messages, "ms": ms}).to_string();
        // A page that has gone needs no answer.
        let _gone = control.send(text).await;
    }

    fn arrived(&self) -> (u64, u64, f64) {
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let ms = started.map_or(0.0, |started| started.elapsed().as_secs_f64() * 1e3);
        (self.bytes.load(Relaxed), self.messages.load(Relaxed), ms)
    }

    async fn progress(self: Arc<Self>, control: DataChannel) {
        while self.receiving.load(Relaxed) && control.ready_state() == DataChannelState::Open {
            self.tell(&control, "progress", self.arrived()).await;
            tokio::time::sleep(PROGRESS_EVERY).await;
        }
    }

    /// The page has sent everything; once it is all here, it is told how much that was.
    async fn finish(self: Arc<Self>, control: DataChannel) {
        let mut last = self.arrived();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.arrived();
            if now.0 == last.0 {
                break;
            }
            last = now;
        }
        self.receiving.store(false, Relaxed);
        self.tell(&control, "upload-done", last).await;
    }

    /// Sends as fast as the channel takes it.
    async fn pour(self: Arc<Self>, control: DataChannel, command: Command) {
        let started = Instant::now();
        let time = Duration::from_secs_f64(command.seconds.clamp(0.1, MAX_SECONDS));
        let block = Bytes::from(vec![0x5A; command.size.clamp(1, MAX_SIZE)]);
        let (mut bytes, mut messages) = (0, 0);
        while started.elapsed() < time {
            if self.channel.send(Payload::binary(block.clone())).await.is_err() {
                return;
            }
            bytes += block.len() as u64;
            messages += 1;
        }
        while self.channel.buffered_amount() > 0 && self.channel.ready_state() == DataChannelState::Open {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.tell(
            &control,
            "download-done",
            (bytes, messages, started.elapsed().as_secs_f64() * 1e3),
        )
        .await;
    }
}
