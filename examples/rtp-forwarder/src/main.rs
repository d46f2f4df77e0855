//! `rtp-forwarder`: what a browser sends goes on as plain RTP, to a player, a recorder or another program.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use page::{Failure, Offer, say};
use tokio::net::UdpSocket;
use webrtc::{
    Api, Configuration, Event, Events, MediaKind, PeerConnection, PeerConnectionState, RtpCodec,
    RtpTransceiver, SessionDescription, SettingEngine,
};

/// Who begins to listen late sees something after so long.
const KEY_FRAME_EVERY: Duration = Duration::from_secs(3);

/// Forwards what a browser sends as plain RTP.
#[derive(Clone, Copy, Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Where sound goes: Opus, payload type 111.
    #[arg(long, default_value = "127.0.0.1:4000", value_name = "ADDR")]
    audio: SocketAddr,
    /// Where pictures go: VP8, payload type 96.
    #[arg(long, default_value = "127.0.0.1:4002", value_name = "ADDR")]
    video: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    say(format!(
        "sound to {}, pictures to {}",
        arguments.audio, arguments.video
    ));
    page::serve(arguments.listen, include_str!("page.html"), move |offer| {
        answer(api.clone(), arguments, offer)
    })
    .await
}

/// Makes a connection for an offer.
async fn answer(api: Api, arguments: Arguments, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    for transceiver in pc.transceivers() {
        let (codecs, payload_type, to) = match transceiver.kind() {
            Some(MediaKind::Video) => {
                let codecs = vec![RtpCodec::video("VP8", ""), RtpCodec::video("rtx", "")];
                (codecs, 96, arguments.video)
            }
            _ => {
                let opus = RtpCodec::audio("opus", 48_000, Some(2), "minptime=10;useinbandfec=1");
                (vec![opus], 111, arguments.audio)
            }
        };
        transceiver.set_codec_preferences(&codecs)?;
        let socket = UdpSocket::bind(SocketAddr::from(([0, 0, 0, 0], 0))).await?;
        tokio::spawn(forward(transceiver, payload_type, socket, to));
    }
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(watch(pc, events));
    Ok(answer.sdp)
}

/// Sends each packet on, with the payload type that the receiver was told and without header extensions, whose numbers
/// mean something to the browser and us only.
async fn forward(transceiver: RtpTransceiver, payload_type: u8, socket: UdpSocket, to: SocketAddr) {
    let mut key_frames = tokio::time::interval(KEY_FRAME_EVERY);
    let mut datagram = Vec::new();
    loop {
        let packet = tokio::select! {
            _ = key_frames.tick() => {
                transceiver.request_key_frame(None);
                continue;
            }
            packet = transceiver.recv_rtp() => packet,
        };
        let Some((mut packet, _)) = packet else {
            return;
        };
        packet.header.payload_type = payload_type;
        packet.header.extensions.clear();
        datagram.clear();
        packet.encode(&mut datagram);
        // Nobody may listen there yet.
        let _ = socket.send_to(&datagram, to).await;
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
