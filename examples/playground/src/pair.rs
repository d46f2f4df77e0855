//! `pair`: two peers of ours over real UDP in one process.

use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use webrtc::{
    Api, Configuration, DataChannel, DataChannelInit, Event, Events, Payload, PeerConnection, SettingEngine,
};

use crate::{Failure, console};

/// Longer than any set-up takes that still works.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than the agent waits for a better pair.
const NOMINATION: Duration = Duration::from_secs(2);
const ECHOES: u32 = 100;

/// Connects two peers over real UDP, without a browser, and measures.
#[derive(Args, Debug)]
pub(crate) struct Pair {
    /// How long to send, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Bytes a message.
    #[arg(long, default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(1..=262_144))]
    size: u32,
}

impl Pair {
    /// Connects, echoes, measures.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mut settings = SettingEngine::default();
        settings.gathering.include_loopback = true;
        let api = Api::builder().setting_engine(settings).build();
        let started = Instant::now();
        let (offerer, offerer_events) = api.new_peer_connection(Configuration::default())?;
        let (answerer, answerer_events) = api.new_peer_connection(Configuration::default())?;
        let channel = offerer.create_data_channel("pair", DataChannelInit::default())?;

        console::heading("Two peers, real UDP");
        let signalling = carry((&offerer, offerer_events), (&answerer, answerer_events));
        let theirs = tokio::time::timeout(PATIENCE, signalling)
            .await
            .map_err(|_| format!("no connection within {PATIENCE:?}"))??;
        if !channel.opened().await {
            return Err("the channel was closed before it opened".into());
        }
        nominated(&offerer).await;
        console::timelines(started, &offerer.timeline(), &answerer.timeline());
        security(&offerer);
        echo(&channel, &theirs).await?;
        self.throughput(&channel, theirs).await?;
        offerer.close();
        answerer.close();
        Ok(())
    }

    async fn throughput(&self, channel: &DataChannel, theirs: DataChannel) -> Result<(), Failure> {
        console::heading("Throughput");
        let time = Duration::from_secs(self.seconds);
        let bar = ProgressBar::new(self.seconds * 1000);
        bar.set_style(ProgressStyle::with_template("  {wide_bar} {elapsed} {msg}")?);
        let receiver = tokio::spawn(receive(theirs, bar.clone()));
        let block = Bytes::from(vec![0x5A; usize::try_from(self.size)?]);
        let started = Instant::now();
        let mut sent: u64 = 0;
        while started.elapsed() < time {
            channel.send(Payload::binary(block.clone())).await?;
            sent += u64::from(self.size);
        }
        // Closing lets what was sent arrive first, so that the receiver comes to an end.
        channel.close();
        let received = receiver.await?;
        let elapsed = started.elapsed();
        bar.finish_and_clear();
        if received != sent {
            return Err(format!("{sent} bytes were sent and {received} arrived").into());
        }
        console::line("message", &format!("{} bytes", self.size));
        console::line("arrived", &format!("{:.1} MB, everything", received as f64 / 1e6));
        console::line("goodput", &format!("{:.0} Mbit/s", megabits(received, elapsed)));
        Ok(())
    }
}

/// Signalling without a network: descriptions and candidates are handed over. Returns the answerer's channel.
async fn carry(
    (offerer, mut offerer_events): (&PeerConnection, Events),
    (answerer, mut answerer_events): (&PeerConnection, Events),
) -> Result<DataChannel, Failure> {
    offerer.set_local_description(None)?;
    answerer.set_remote_description(&offerer.local_description().ok_or("no offer")?)?;
    answerer.set_local_description(None)?;
    offerer.set_remote_description(&answerer.local_description().ok_or("no answer")?)?;
    loop {
        let (event, to) = tokio::select! {
            event = offerer_events.next() => (event, answerer),
            event = answerer_events.next() => (event, offerer),
        };
        // States show in the timeline.
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an application picks the events that it wants"
        )]
        match event.ok_or("a connection ended")? {
            Event::IceCandidate(candidate) => to.add_ice_candidate(candidate)?,
            Event::Failed(reason) => return Err(reason.into()),
            Event::DataChannel(channel) => return Ok(channel),
            _ => {}
        }
    }
}

/// Data flows as soon as a check has succeeded; the nomination follows, and belongs to the timeline.
async fn nominated(pc: &PeerConnection) {
    let deadline = Instant::now() + NOMINATION;
    while pc.timeline().nominated.is_none() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn security(pc: &PeerConnection) {
    let transport = pc.stats().transport;
    console::heading("Connection");
    if let Some(path) = transport.selected_candidate_pair {
        console::line("pair", &format!("{} ↔ {}", path.local, path.remote));
    }
    let version = match transport.tls_version {
        Some("FEFD") => "1.2",
        Some("FEFC") => "1.3",
        _ => "unknown",
    };
    console::line(
        "DTLS",
        &format!("{version}, {}", transport.dtls_cipher.unwrap_or("no cipher")),
    );
}

async fn echo(channel: &DataChannel, theirs: &DataChannel) -> Result<(), Failure> {
    let mut times = Vec::new();
    for round in 0..ECHOES {
        let started = Instant::now();
        channel.send(format!("echo {round}")).await?;
        let there = theirs.recv().await.ok_or("the channel closed")?;
        theirs.send(there).await?;
        let back = channel.recv().await.ok_or("the channel closed")?;
        times.push(started.elapsed());
        if back.data != format!("echo {round}") {
            return Err(format!("echo {round} came back changed").into());
        }
    }
    times.sort_unstable();
    let at = |index: usize| {
        times
            .get(index)
            .copied()
            .map_or_else(String::new, console::milliseconds)
    };
    let middle = times.len() / 2;
    console::line(
        "echo",
        &format!(
            "{ECHOES} of {ECHOES}, p50 {}, p99 {}",
            at(middle),
            at(times.len() * 99 / 100)
        ),
    );
    Ok(())
}

async fn receive(channel: DataChannel, bar: ProgressBar) -> u64 {
    let started = Instant::now();
    let mut bytes = 0;
    let mut shown = Duration::ZERO;
    while let Some(message) = channel.recv().await {
        bytes += message.data.len() as u64;
        let elapsed = started.elapsed();
        if elapsed - shown > Duration::from_millis(100) {
            shown = elapsed;
            bar.set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
            bar.set_message(format!("{:.0} Mbit/s", megabits(bytes, elapsed)));
        }
    }
    bytes
}

fn megabits(bytes: u64, time: Duration) -> f64 {
    bytes as f64 * 8e-6 / time.as_secs_f64()
}
