//! The end that counts: here, or in a process of its own that speaks lines of JSON.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use webrtc::{
    Configuration, DataChannel, Event, Events, IceGatheringState, PeerConnection, SessionDescription,
};

use crate::Failure;
use crate::pair::api;
use crate::process::{cpu_time, status_kib};

/// What a receiver tells of itself at one moment.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Account {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    /// Seconds of CPU time of its process.
    pub(crate) cpu: f64,
    /// Peak resident KiB of its process.
    pub(crate) rss: f64,
}

/// Counts what arrives in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<(AtomicU64, AtomicU64)>);

impl Counter {
    pub(crate) async fn count(self, channel: DataChannel) {
        while let Some(message) = channel.recv().await {
            self.0.0.fetch_add(1, Ordering::Relaxed);
            self.0.1.fetch_add(message.data.len() as u64, Ordering::Relaxed);
        }
    }

    fn account(&self) -> Account {
        Account {
            messages: self.0.0.load(Ordering::Relaxed),
            bytes: self.0.1.load(Ordering::Relaxed),
            cpu: cpu_time().as_secs_f64(),
            rss: status_kib("VmHWM"),
        }
    }
}

/// Where the account is to be had.
#[derive(Debug)]
pub(crate) enum Receiver {
    Here(Counter),
    Elsewhere(Box<Process>),
}

/// A receiving process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Receiver {
    pub(crate) async fn account(&mut self) -> Result<Account, Failure> {
        match self {
            Self::Here(counter) => Ok(counter.account()),
            Self::Elsewhere(process) => Ok(serde_json::from_str(&process.ask("account").await?)?),
        }
    }

    pub(crate) async fn end(self) -> Result<(), Failure> {
        if let Self::Elsewhere(mut process) = self {
            drop(process.input);
            process.child.wait().await?;
        }
        Ok(())
    }
}

impl Process {
    /// Starts one and connects `offerer` to it.
    pub(crate) async fn connect(offerer: &PeerConnection, events: &mut Events) -> Result<Box<Self>, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("receiver")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        let mut process = Box::new(Self { child, input, output });
        offerer.set_local_description(None)?;
        let offer = gathered(offerer, events).await?;
        let answer: String = serde_json::from_str(&process.ask(&serde_json::to_string(&offer)?).await?)?;
        offerer.set_remote_description(&SessionDescription::answer(answer))?;
        Ok(process)
    }

    async fn ask(&mut self, line: &str) -> Result<String, Failure> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        self.output
            .next_line()
            .await?
            .ok_or_else(|| "the receiver has ended".into())
    }
}

/// The local description with all its candidates.
async fn gathered(pc: &PeerConnection, events: &mut Events) -> Result<String, Failure> {
    while pc.ice_gathering_state() != IceGatheringState::Complete {
        events.next().await.ok_or("the connection has ended")?;
    }
    Ok(pc.local_description().ok_or("no description")?.sdp)
}

/// The program's life as a receiver: an offer, then questions, until standard input ends.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) async fn serve() -> Result<(), Failure> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let (pc, mut events) = api().new_peer_connection(Configuration::default())?;
    let offer: String = serde_json::from_str(&lines.next_line().await?.ok_or("no offer")?)?;
    pc.set_remote_description(&SessionDescription::offer(offer))?;
    pc.set_local_description(None)?;
    println!("{}", serde_json::to_string(&gathered(&pc, &mut events).await?)?);
    let counter = Counter::default();
    let counting = counter.clone();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let Event::DataChannel(channel) = event {
                tokio::spawn(counting.clone().count(channel));
            }
        }
    });
    while lines.next_line().await?.is_some() {
        println!("{}", serde_json::to_string(&counter.account())?);
    }
    Ok(())
}
