//! `rtcp-processing`: what RTCP tells about media that goes to a browser and back.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use page::{Failure, Offer, say};
use webrtc::{
    Api, Configuration, Event, Events, InboundStats, OutboundStats, PeerConnection, PeerConnectionState,
    RtpEvent, RtpTransceiver, SessionDescription, SettingEngine, TrackInfo,
};

/// Shows what RTCP tells about the media of a browser.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// How often it is shown, in milliseconds.
    #[arg(long, default_value_t = 1000, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..))]
    every: u64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    let every = Duration::from_millis(arguments.every);
    page::serve(arguments.listen, include_str!("page.html"), move |offer| {
        answer(api.clone(), every, offer)
    })
    .await
}

/// Makes a connection for an offer. What comes goes back, so that there are reports both ways.
async fn answer(api: Api, every: Duration, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    for (number, transceiver) in pc.transceivers().into_iter().enumerate() {
        let Some(kind) = transceiver.kind() else {
            continue;
        };
        let track = TrackInfo {
            id: format!("back-{number}"),
            kind,
        };
        let transceiver = pc.add_track(&track, &["back".to_owned()])?;
        tokio::spawn(send_back(transceiver.clone()));
        tokio::spawn(obey(transceiver));
    }
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(report(pc, events, every));
    Ok(answer.sdp)
}

async fn send_back(transceiver: RtpTransceiver) {
    while let Some((mut packet, _)) = transceiver.recv_rtp().await {
        let _ = transceiver.send_rtp(&mut packet.header, &packet.payload);
    }
}

/// What the browser asks for is told once each; reports, NACK and transport feedback are dealt with by the connection.
async fn obey(transceiver: RtpTransceiver) {
    let mid = transceiver.mid().unwrap_or_default();
    while let Some(event) = transceiver.next_rtp_event().await {
        // The enumeration grows with what browsers ask for.
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an application picks the events that it wants"
        )]
        match event {
            RtpEvent::KeyFrameRequested { .. } => {
                say(format!("{mid} PLI or FIR: the browser needs a key frame"));
                transceiver.request_key_frame(None);
            }
            RtpEvent::BitrateLimit { bitrate, .. } => {
                say(format!("{mid} TMMBR: no more than {bitrate} bit/s"));
            }
            RtpEvent::ReceiverEstimate { bitrate } => {
                say(format!("{mid} REMB: {bitrate} bit/s are thought to get through"));
            }
            RtpEvent::CircuitBroken { reason, .. } => say(format!("{mid} must stop: {reason:?}")),
            _ => {}
        }
    }
}

/// Shows the reports of both sides.
async fn report(pc: PeerConnection, mut events: Events, every: Duration) {
    let mut timer = tokio::time::interval(every);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Event::ConnectionStateChange(PeerConnectionState::Failed)) => pc.close(),
                Some(_) => {}
                None => return,
            },
            _ = timer.tick() => for transceiver in pc.transceivers() {
                let mid = transceiver.mid().unwrap_or_default();
                for (_, stats) in transceiver.inbound_stats() {
                    inbound(&mid, &stats);
                }
                for stats in transceiver.outbound_stats() {
                    outbound(&mid, &stats);
                }
            },
        }
    }
}

/// What comes: our own counts, which go out in receiver reports, and the browser's sender reports.
fn inbound(mid: &str, stats: &InboundStats) {
    say(format!(
        "{mid} ← {:08x} RR out: received {}, lost {}, jitter {:.1?}; asked {} times for packets and {} times for a key frame",
        stats.ssrc,
        stats.packets_received,
        stats.packets_lost,
        stats.jitter,
        stats.nack_count,
        stats.pli_count + stats.fir_count,
    ));
    if let Some(remote) = &stats.remote {
        say(format!(
            "{mid} ← {:08x} SR in: sent {}, {} bytes, RTP time {}, NTP time {:x}",
            stats.ssrc,
            remote.packets_sent,
            remote.bytes_sent,
            remote.rtp_timestamp,
            remote.remote_timestamp.0,
        ));
    }
}

/// What goes: our own counts, which go out in sender reports, and the browser's receiver reports.
fn outbound(mid: &str, stats: &OutboundStats) {
    say(format!(
        "{mid} → {:08x} SR out: sent {}, {} bytes, again {}; was asked {} times for packets and {} times for a key frame",
        stats.ssrc,
        stats.packets_sent,
        stats.bytes_sent,
        stats.retransmitted_packets_sent,
        stats.nack_count,
        stats.pli_count + stats.fir_count,
    ));
    if let Some(remote) = &stats.remote {
        say(format!(
            "{mid} → {:08x} RR in: lost {} ({:.1} % of late), jitter {:.1?}, round trip {:.1?}",
            stats.ssrc,
            remote.packets_lost,
            remote.fraction_lost * 100.0,
            remote.jitter,
            remote.round_trips.latest.unwrap_or_default(),
        ));
    }
}
