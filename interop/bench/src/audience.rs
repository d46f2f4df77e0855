//! The process around a forwarder: a publisher, and subscribers that count and report.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use webrtc::{
    Api, Configuration, Events, MediaKind, PeerConnection, RtpCodec, RtpTransceiverDirection,
    RtpTransceiverInit, SessionDescription, SettingEngine, TrackLocalStaticRtp,
};

use crate::fan_out::{Request, connected, gathered};
use crate::process::pin;
use crate::{Failure, Options};

/// Packets that the publisher sends at a time, as the packets of a picture leave.
const BURST: u16 = 10;

/// What happened between two marks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Report {
    /// Packets of the publisher.
    pub(crate) published: u64,
    /// Packets that all subscribers received together.
    pub(crate) received: u64,
}

pub(crate) async fn serve(options: &Options) -> Result<(), Failure> {
    pin(1);
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    settings.gathering.ipv4_only = true;
    let api = Api::builder().setting_engine(settings).build();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let track = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "published");
    let (publisher, mut events) = api.new_peer_connection(Configuration::default())?;
    let init = RtpTransceiverInit {
        direction: RtpTransceiverDirection::SendOnly,
        ..RtpTransceiverInit::default()
    };
    publisher
        .add_transceiver(MediaKind::Video, init)?
        .replace_track(Some(&track))?;
    connect(&publisher, &mut events, Request::Publish, &mut lines).await?;
    let mut subscribers = Vec::new();
    for _ in 0..options.pairs {
        let (pc, mut events) = api.new_peer_connection(Configuration::default())?;
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::RecvOnly,
            ..RtpTransceiverInit::default()
        };
        pc.add_transceiver(MediaKind::Video, init)?;
        connect(&pc, &mut events, Request::Subscribe, &mut lines).await?;
        subscribers.push((pc, events));
    }
    say(&Request::Ready)?;
    lines.next_line().await?.ok_or("nothing is to begin")?;
    let publishing = tokio::spawn(publish(track, options.rate, options.size));
    let before = mark(&mut lines, &publisher, &subscribers).await?;
    let after = mark(&mut lines, &publisher, &subscribers).await?;
    publishing.abort();
    say(&Report {
        published: after.published - before.published,
        received: after.received - before.received,
    })?;
    // The forwarder goes first.
    while lines.next_line().await?.is_some() {}
    Ok(())
}

async fn connect(
    pc: &PeerConnection,
    events: &mut Events,
    request: fn(String) -> Request,
    lines: &mut Lines<BufReader<Stdin>>,
) -> Result<(), Failure> {
    pc.set_local_description(None)?;
    say(&request(gathered(pc, events).await?))?;
    let answer = lines.next_line().await?.ok_or("no answer")?;
    let answer: String = serde_json::from_str(&answer)?;
    pc.set_remote_description(&SessionDescription::answer(answer))?;
    connected(pc, events).await
}

/// Waits for the forwarder's mark.
async fn mark(
    lines: &mut Lines<BufReader<Stdin>>,
    publisher: &PeerConnection,
    subscribers: &[(PeerConnection, Events)],
) -> Result<Report, Failure> {
    lines.next_line().await?.ok_or("no mark")?;
    let received = subscribers.iter().filter_map(|(pc, _)| pc.rtp_stats());
    Ok(Report {
        published: publisher.rtp_stats().unwrap_or_default().packets_sent,
        received: received.map(|stats| stats.packets_received).sum(),
    })
}

/// Sends bursts at an even pace. Nobody catches up with what was missed.
async fn publish(track: TrackLocalStaticRtp, rate: u32, size: usize) {
    let pause = Duration::from_secs(1) * u32::from(BURST) / rate.max(1);
    let mut ticks = interval_at(Instant::now() + pause, pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A VP8 payload descriptor and the first byte of an interframe.
    let mut payload = vec![0x5a; size.max(2)];
    payload.splice(..2, [0x10, 0x01]);
    let mut packet = rtp::Packet {
        payload: payload.into(),
        ..rtp::Packet::default()
    };
    loop {
        ticks.tick().await;
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

#[expect(clippy::print_stdout, reason = "the forwarder reads it")]
fn say(what: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(what)?);
    Ok(())
}
