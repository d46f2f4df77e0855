//! What surrounds a forwarder: a publisher, subscribers that count, and the pipe to the forwarder's process.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, sleep_until};
use webrtc::{
    Api, Configuration, Events, MediaKind, PeerConnection, RtpCodec, RtpTransceiver, RtpTransceiverDirection,
    RtpTransceiverInit, SessionDescription, SettingEngine, TrackLocalStaticRtp,
};

use crate::forwarder::{Account, Answer, Request, connected, gathered};
use crate::process::pin;
use crate::{Failure, Options};

/// Packets that the publisher sends at a time, as the packets of a picture leave.
const BURST: u16 = 10;
/// How far the publisher may be behind and still catch up; timers are exact to a millisecond.
const CATCH_UP: Duration = Duration::from_millis(4);
/// How often a publisher that is silent looks whether it should go on.
const SILENCE: Duration = Duration::from_millis(5);

/// The connections on this side; the forwarder has the other ends.
pub(crate) struct Audience {
    forwarder: Forwarder,
    publisher: (PeerConnection, Events),
    subscribers: Vec<(PeerConnection, Events)>,
    rate: Arc<AtomicU32>,
}

/// Totals of this side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Packets of the publisher.
    pub(crate) published: u64,
    /// Packets that all subscribers received together.
    pub(crate) received: u64,
}

impl Audience {
    /// Starts the forwarder and connects everybody to it. Nothing is published until there is a rate.
    pub(crate) async fn connect(options: &Options) -> Result<Self, Failure> {
        let mut forwarder = Forwarder::start(options)?;
        let mut settings = SettingEngine::default();
        settings.gathering.include_loopback = true;
        settings.gathering.ipv4_only = true;
        let api = Api::builder().setting_engine(settings).build();
        let track = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "published");
        let (mut publisher, sender) = connection(&api, RtpTransceiverDirection::SendOnly)?;
        sender.replace_track(Some(&track))?;
        let publish = |sdp| Request::Publish { sdp };
        forwarder.connect(&mut publisher, publish).await?;
        let mut subscribers = Vec::new();
        for _ in 0..options.pairs {
            let (mut subscriber, _) = connection(&api, RtpTransceiverDirection::RecvOnly)?;
            let subscribe = |sdp| Request::Subscribe { sdp };
            forwarder.connect(&mut subscriber, subscribe).await?;
            subscribers.push(subscriber);
        }
        let rate = Arc::new(AtomicU32::new(0));
        tokio::spawn(publish_at(Arc::clone(&rate), track, options.size));
        Ok(Self {
            forwarder,
            publisher,
            subscribers,
            rate,
        })
    }

    /// From here on so many packets a second are published.
    pub(crate) fn publish(&self, packets_per_s: u32) {
        self.rate.store(packets_per_s, Ordering::Relaxed);
    }

    pub(crate) fn subscribers(&self) -> u64 {
        self.subscribers.len() as u64
    }

    pub(crate) fn counts(&self) -> Counts {
        let received = self.subscribers.iter().filter_map(|(pc, _)| pc.rtp_stats());
        Counts {
            published: self.publisher.0.rtp_stats().unwrap_or_default().packets_sent,
            received: received.map(|stats| stats.packets_received).sum(),
        }
    }

    pub(crate) async fn account(&mut self) -> Result<Account, Failure> {
        self.forwarder.ask(&Request::Account).await
    }

    /// The forwarder goes first.
    pub(crate) async fn end(self) -> Result<(), Failure> {
        let mut forwarder = self.forwarder;
        drop(forwarder.input);
        forwarder.child.wait().await?;
        Ok(())
    }
}

fn connection(
    api: &Api,
    direction: RtpTransceiverDirection,
) -> Result<((PeerConnection, Events), RtpTransceiver), Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    let init = RtpTransceiverInit {
        direction,
        ..RtpTransceiverInit::default()
    };
    let transceiver = pc.add_transceiver(MediaKind::Video, init)?;
    Ok(((pc, events), transceiver))
}

/// Sends bursts at an even pace. What is missed by much is not made up for.
async fn publish_at(rate: Arc<AtomicU32>, track: TrackLocalStaticRtp, size: usize) {
    // A VP8 payload descriptor and the first byte of an interframe.
    let mut payload = vec![0x5a; size.max(2)];
    payload.splice(..2, [0x10, 0x01]);
    let mut packet = rtp::Packet {
        payload: payload.into(),
        ..rtp::Packet::default()
    };
    let mut due = Instant::now();
    loop {
        let rate = rate.load(Ordering::Relaxed);
        if rate == 0 {
            sleep(SILENCE).await;
            continue;
        }
        due = (due + Duration::from_secs(1) * u32::from(BURST) / rate).max(Instant::now() - CATCH_UP);
        sleep_until(due).await;
        packet.header.timestamp = packet.header.timestamp.wrapping_add(3000);
        let mut burst = Vec::with_capacity(usize::from(BURST));
        for number in 1..=BURST {
            packet.header.marker = number == BURST;
            packet.header.sequence_number = packet.header.sequence_number.wrapping_add(1);
            burst.push(packet.clone());
        }
        track.write_all(&burst);
    }
}

/// The other process.
struct Forwarder {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Forwarder {
    /// The forwarder gets the first core, this process the second. A child stays on the core of whoever starts it.
    fn start(options: &Options) -> Result<Self, Failure> {
        pin(0);
        let child = command(options)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        pin(1);
        let mut child = child?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        Ok(Self { child, input, output })
    }

    async fn connect(
        &mut self,
        (pc, events): &mut (PeerConnection, Events),
        request: fn(String) -> Request,
    ) -> Result<(), Failure> {
        pc.set_local_description(None)?;
        let offer = gathered(pc, events).await?;
        let answer: Answer = self.ask(&request(offer)).await?;
        pc.set_remote_description(&SessionDescription::answer(answer.sdp))?;
        connected(pc, events).await
    }

    async fn ask<R: DeserializeOwned>(&mut self, request: &Request) -> Result<R, Failure> {
        let line = format!("{}\n", serde_json::to_string(request)?);
        self.input.write_all(line.as_bytes()).await?;
        let reply = self.output.next_line().await?;
        Ok(serde_json::from_str(&reply.ok_or("the forwarder has left")?)?)
    }
}

/// Ours is this very program; another is a command line.
fn command(options: &Options) -> Result<Command, Failure> {
    let Some(line) = &options.forwarder else {
        let mut ours = Command::new(std::env::current_exe()?);
        ours.arg("forwarder");
        return Ok(ours);
    };
    let mut words = line.split_whitespace();
    let mut other = Command::new(words.next().ok_or("an empty command line")?);
    other.args(words);
    Ok(other)
}
