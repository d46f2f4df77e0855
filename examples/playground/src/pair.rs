//! `pair`: two peers in one process over real UDP, without a browser.

use std::time::{Duration, Instant};

use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use webrtc::core::Timeline;
use webrtc::{Api, Configuration, DataChannel, DataChannelInit, Event, Events, PeerConnection, SettingEngine};

use crate::print::{line, row};

/// Anything that ends the program.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The size of a message of the throughput test, in bytes.
const MESSAGE: usize = 16 * 1024;

/// How long `pair` waits for the connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects, prints the timeline, echoes, measures.
pub(crate) async fn run(seconds: u64) -> Result<(), Failure> {
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    let (offerer, offerer_events) = api.new_peer_connection(Configuration::default())?;
    let (answerer, answerer_events) = api.new_peer_connection(Configuration::default())?;
    let echo = offerer.create_data_channel("echo", DataChannelInit::default())?;
    let bulk = offerer.create_data_channel("bulk", DataChannelInit::default())?;

    let started = Instant::now();
    offerer.set_local_description(None)?;
    answerer.set_remote_description(&offerer.local_description().ok_or("no offer")?)?;
    answerer.set_local_description(None)?;
    offerer.set_remote_description(&answerer.local_description().ok_or("no answer")?)?;
    tokio::spawn(trickle(offerer_events, answerer.clone()));
    tokio::spawn(serve(answerer_events, offerer.clone()));
    let opened = tokio::time::timeout(PATIENCE, async { (echo.opened().await, bulk.opened().await) }).await;
    if opened != Ok((true, true)) {
        return Err(offerer.failure().map_or("the channels did not open".into(), |reason| reason.to_string().into()));
    }
    print_timeline(started, &offerer.timeline());
    print_connection(&offerer);
    ping(&echo).await?;
    throughput(&bulk, Duration::from_secs(seconds)).await?;
    offerer.close();
    line("closed");
    Ok(())
}

/// Brings the candidates of one side to the other.
async fn trickle(mut events: Events, to: PeerConnection) {
    while let Some(event) = events.next().await {
        if let Event::IceCandidate(candidate) = event {
            // The other side may be closed already.
            drop(to.add_ice_candidate(candidate));
        }
    }
}

/// The answering side: sends back what comes on `echo`, swallows what comes on the others.
async fn serve(mut events: Events, offerer: PeerConnection) {
    while let Some(event) = events.next().await {
        match event {
            Event::IceCandidate(candidate) => drop(offerer.add_ice_candidate(candidate)),
            Event::DataChannel(channel) => {
                tokio::spawn(answer(channel));
            }
            _ => {}
        }
    }
}

async fn answer(channel: DataChannel) {
    let is_echo = channel.label() == "echo";
    let mut received = 0_u64;
    while let Some(message) = channel.recv().await {
        received += message.data.len() as u64;
        let answered = if is_echo {
            channel.send(message).await
        } else if message.data.is_empty() {
            channel.send(received.to_string()).await
        } else {
            Ok(())
        };
        if answered.is_err() {
            return;
        }
    }
}

fn print_timeline(started: Instant, timeline: &Timeline) {
    line("set-up");
    let steps = [
        ("gathered", timeline.gathered),
        ("checked", timeline.checked),
        ("nominated", timeline.nominated),
        ("DTLS", timeline.dtls_connected),
        ("SCTP", timeline.sctp_connected),
        ("channel open", timeline.channel_open),
    ];
    for (name, at) in steps {
        let value = at.map_or("-".to_owned(), |at| milliseconds(at.saturating_duration_since(started)));
        row(name, &value);
    }
}

fn print_connection(peer: &PeerConnection) {
    let transport = peer.stats().transport;
    line("connection");
    row("path", &transport.selected_candidate_pair.map_or_else(String::new, |path| path.to_string()));
    row("DTLS version", transport.tls_version.as_deref().unwrap_or("-"));
    row("DTLS cipher", transport.dtls_cipher.unwrap_or("-"));
}

async fn ping(channel: &DataChannel) -> Result<(), Failure> {
    let mut times = Vec::new();
    for n in 0..1000 {
        let sent = Instant::now();
        channel.send(format!("ping {n}")).await?;
        let reply = channel.recv().await.ok_or("the channel was closed")?;
        if reply.data != format!("ping {n}") {
            return Err("the echo is not what was sent".into());
        }
        times.push(sent.elapsed());
    }
    times.sort_unstable();
    line("echo of 1,000 messages");
    row("median", &milliseconds(times.get(500).copied().unwrap_or_default()));
    row("99 %", &milliseconds(times.get(990).copied().unwrap_or_default()));
    Ok(())
}

async fn throughput(channel: &DataChannel, duration: Duration) -> Result<(), Failure> {
    let message = Bytes::from(vec![0x5a; MESSAGE]);
    let total = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let bar = ProgressBar::new(total);
    bar.set_style(ProgressStyle::with_template("  throughput [{bar:40}] {msg}")?.progress_chars("=> "));
    let started = Instant::now();
    let mut sent = 0_u64;
    while started.elapsed() < duration {
        for _ in 0..64 {
            channel.send(message.clone()).await?;
            sent += MESSAGE as u64;
        }
        bar.set_position(u64::try_from(started.elapsed().as_millis()).unwrap_or(total).min(total));
        bar.set_message(rate(sent, started.elapsed()));
    }
    channel.send(Bytes::new()).await?; // asks how much has arrived
    let arrived = channel.recv().await.ok_or("the channel was closed")?;
    let elapsed = started.elapsed();
    bar.finish_and_clear();
    if arrived.data != sent.to_string() {
        return Err(format!("{sent} bytes were sent, {:?} arrived", arrived.data).into());
    }
    line("throughput, reliable and ordered, messages of 16 KiB");
    row("sent", &format!("{:.1} MB in {:.1} s", megabytes(sent), elapsed.as_secs_f64()));
    row("rate", &rate(sent, elapsed));
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn rate(bytes: u64, elapsed: Duration) -> String {
    format!("{:.0} Mbit/s", megabytes(bytes) * 8.0 / elapsed.as_secs_f64().max(1e-9))
}
