//! One publisher, many subscribers: this process forwards, on one core; another one publishes and subscribes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use webrtc::{
    Api, Configuration, Endpoint, Event, Events, IceGatheringState, PeerConnection, PeerConnectionState,
    RtpCodec, RtpTransceiver, SessionDescription, SettingEngine, TrackLocalStaticRtp,
};

use crate::audience::Report;
use crate::process::{cpu_time, pin, status_kib};
use crate::throughput::float;
use crate::{Failure, Options, round};

/// Left out of the measurement.
const WARM_UP: Duration = Duration::from_secs(1);

/// What the audience asks for, in this order.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Request {
    /// An offer to send video.
    Publish(String),
    /// An offer to receive it.
    Subscribe(String),
    /// Every connection is connected.
    Ready,
}

pub(crate) async fn run(options: &Options) -> Result<Value, Failure> {
    pin(0);
    let mut audience = Audience::start(options)?;
    let mut forwarder = Forwarder::new()?;
    loop {
        let answer = match audience.request().await? {
            Request::Publish(offer) => forwarder.publisher(offer).await?,
            Request::Subscribe(offer) => forwarder.subscriber(offer).await?,
            Request::Ready => break,
        };
        audience.tell(&serde_json::to_string(&answer)?).await?;
    }
    for connection in &mut forwarder.connections {
        connected(&connection.0, &mut connection.1).await?;
    }
    let source = forwarder.source.take().ok_or("nobody has published")?;
    let track = forwarder.track.clone();
    let forwarding = tokio::spawn(forward(source, track));
    audience.tell("begin").await?;
    tokio::time::sleep(WARM_UP).await;
    let (cpu, started, sent) = (cpu_time(), Instant::now(), forwarder.sent());
    audience.tell("mark").await?;
    tokio::time::sleep(Duration::from_secs_f64(options.seconds)).await;
    let (cpu, elapsed) = (cpu_time().saturating_sub(cpu), started.elapsed());
    let sent = float(forwarder.sent() - sent);
    let reports = float(forwarder.rtcp());
    audience.tell("mark").await?;
    let report: Report = audience.report().await?;
    forwarding.abort();
    audience.end().await?;
    Ok(json!({
        "subscribers": options.pairs,
        "us_per_packet": round(cpu.as_secs_f64() * 1e6 / sent.max(1.0), 3),
        "packets_per_s": round(sent / elapsed.as_secs_f64(), 0),
        "packets_per_s_per_core": round(sent / cpu.as_secs_f64().max(1e-9), 0),
        "core_pct": round(100.0 * cpu.as_secs_f64() / elapsed.as_secs_f64(), 1),
        "rtcp_per_s": round(reports / (elapsed + WARM_UP).as_secs_f64(), 0),
        "rss_mb": round(status_kib("VmHWM") / 1024.0, 1),
        "published": report.published,
        "loss_pct": round(100.0 * (1.0 - float(report.received) / float(report.published.max(1)) / float(options.pairs as u64)), 2),
    }))
}

/// Everything that is waiting goes to every subscriber in one go.
async fn forward(source: RtpTransceiver, track: TrackLocalStaticRtp) {
    let mut buffer = Vec::new();
    let mut packets = Vec::new();
    while source.recv_rtp_into(&mut buffer).await.is_some() {
        packets.clear();
        loop {
            let bytes = Bytes::from(std::mem::take(&mut buffer));
            packets.extend(rtp::Packet::decode(bytes));
            if source.try_recv_rtp(&mut buffer).is_none() {
                break;
            }
        }
        track.write_all(&packets);
    }
}

struct Forwarder {
    api: Api,
    track: TrackLocalStaticRtp,
    connections: Vec<(PeerConnection, Events)>,
    source: Option<RtpTransceiver>,
}

impl Forwarder {
    fn new() -> Result<Self, Failure> {
        let endpoint = Endpoint::bind("127.0.0.1:0".parse()?, SettingEngine::default().mtu)?;
        Ok(Self {
            api: Api::builder().endpoint(endpoint).build(),
            track: TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "forwarded"),
            connections: Vec::new(),
            source: None,
        })
    }

    async fn publisher(&mut self, offer: String) -> Result<String, Failure> {
        let (pc, events) = self.api.new_peer_connection(Configuration::default())?;
        pc.set_remote_description(&SessionDescription::offer(offer))?;
        self.source = pc.transceivers().into_iter().next();
        self.answer(pc, events).await
    }

    async fn subscriber(&mut self, offer: String) -> Result<String, Failure> {
        let (pc, events) = self.api.new_peer_connection(Configuration::default())?;
        pc.set_remote_description(&SessionDescription::offer(offer))?;
        pc.add_track(&self.track, &[])?;
        self.answer(pc, events).await
    }

    async fn answer(&mut self, pc: PeerConnection, mut events: Events) -> Result<String, Failure> {
        pc.set_local_description(None)?;
        let answer = gathered(&pc, &mut events).await?;
        self.connections.push((pc, events));
        Ok(answer)
    }

    fn sent(&self) -> u64 {
        let stats = self.connections.iter().filter_map(|(pc, _)| pc.rtp_stats());
        stats.map(|stats| stats.packets_sent).sum()
    }

    fn rtcp(&self) -> u64 {
        let stats = self.connections.iter().filter_map(|(pc, _)| pc.rtp_stats());
        stats.map(|stats| stats.rtcp_received).sum()
    }
}

/// The local description with all its candidates.
pub(crate) async fn gathered(pc: &PeerConnection, events: &mut Events) -> Result<String, Failure> {
    while pc.ice_gathering_state() != IceGatheringState::Complete {
        events.next().await.ok_or("the connection has ended")?;
    }
    Ok(pc.local_description().ok_or("no description")?.sdp)
}

pub(crate) async fn connected(pc: &PeerConnection, events: &mut Events) -> Result<(), Failure> {
    while pc.connection_state() != PeerConnectionState::Connected {
        if let Event::Failed(reason) = events.next().await.ok_or("the connection has ended")? {
            return Err(reason.into());
        }
    }
    Ok(())
}

/// The other process.
struct Audience {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Audience {
    fn start(options: &Options) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["audience", "--pairs", &options.pairs.to_string()])
            .args([
                "--rate",
                &options.rate.to_string(),
                "--size",
                &options.size.to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        Ok(Self { child, input, output })
    }

    async fn line(&mut self) -> Result<String, Failure> {
        self.output
            .next_line()
            .await?
            .ok_or_else(|| "the audience has left".into())
    }

    async fn request(&mut self) -> Result<Request, Failure> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn report(&mut self) -> Result<Report, Failure> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn tell(&mut self, line: &str) -> Result<(), Failure> {
        Ok(self.input.write_all(format!("{line}\n").as_bytes()).await?)
    }

    async fn end(mut self) -> Result<(), Failure> {
        drop(self.input);
        self.child.wait().await?;
        Ok(())
    }
}
