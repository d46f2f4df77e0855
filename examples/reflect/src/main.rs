//! `reflect`: what the browser sends comes back to it.

use std::net::SocketAddr;

use clap::Parser;
use page::{Failure, Offer, say};
use webrtc::{
    Api, Configuration, Event, Events, PeerConnection, PeerConnectionState, RtpEvent, RtpTransceiver,
    SessionDescription, SettingEngine, TrackInfo,
};

/// Sends a browser's camera and microphone back to it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    page::serve(arguments.listen, include_str!("page.html"), move |offer| {
        answer(api.clone(), offer)
    })
    .await
}

/// Makes a connection for an offer.
async fn answer(api: Api, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    // The offer has made a transceiver of each of its sections, which receives. With a track it sends as well.
    for (number, transceiver) in pc.transceivers().into_iter().enumerate() {
        let Some(kind) = transceiver.kind() else {
            continue;
        };
        let track = TrackInfo {
            id: format!("reflected-{number}"),
            kind,
        };
        let transceiver = pc.add_track(&track, &["reflection".to_owned()])?;
        tokio::spawn(reflect(transceiver.clone()));
        tokio::spawn(relay_requests(transceiver));
    }
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(watch(pc, events));
    Ok(answer.sdp)
}

/// Sends every packet back on the transceiver that it came from: there one codec has one payload type both ways.
async fn reflect(transceiver: RtpTransceiver) {
    while let Some((mut packet, _)) = transceiver.recv_rtp().await {
        // Before the browser is ready for media, and when there is no room, packets are passed over.
        let _ = transceiver.send_rtp(&mut packet.header, &packet.payload);
    }
}

/// The browser's decoder asks its own encoder for a key frame, by way of us.
async fn relay_requests(transceiver: RtpTransceiver) {
    while let Some(event) = transceiver.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            transceiver.request_key_frame(None);
        }
    }
}

/// Holds the connection for as long as there is a browser.
async fn watch(pc: PeerConnection, mut events: Events) {
    while let Some(event) = events.next().await {
        if let Event::ConnectionStateChange(state) = event {
            say(format!("connection {state}"));
            if state == PeerConnectionState::Failed {
                pc.close();
            }
        }
    }
}
