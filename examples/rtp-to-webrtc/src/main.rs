//! `rtp-to-webrtc`: plain RTP that comes to a UDP port is shown in browsers.

use std::net::SocketAddr;

use bytes::Bytes;
use clap::Parser;
use page::{Failure, Offer, say};
use tokio::net::UdpSocket;
use webrtc::{
    Api, Configuration, Event, Events, PeerConnection, PeerConnectionState, RtpCodec, SessionDescription,
    SettingEngine, TrackLocalStaticRtp,
};

/// The largest datagram that is read.
const MAX_DATAGRAM: usize = 2048;

/// Shows plain RTP in browsers.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Where RTP comes in.
    #[arg(long, default_value = "127.0.0.1:5004", value_name = "ADDR")]
    rtp: SocketAddr,
    /// What is in it: VP8, VP9, AV1, H264 or opus.
    #[arg(long, default_value = "VP8", value_name = "NAME")]
    codec: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let codec = match arguments.codec.to_ascii_lowercase().as_str() {
        "opus" => RtpCodec::audio("opus", 48_000, Some(2), ""),
        "h264" => RtpCodec::video(
            "H264",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
        "vp8" | "vp9" | "av1" => RtpCodec::video(&arguments.codec, ""),
        other => return Err(format!("{other} is none of the codecs in --help").into()),
    };
    // One track, which belongs to no connection; each browser that comes gets it.
    let track = TrackLocalStaticRtp::new(codec, "rtp");
    let socket = UdpSocket::bind(arguments.rtp).await?;
    say(format!("RTP comes in at {}", socket.local_addr()?));
    tokio::spawn(receive(socket, track.clone()));

    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let api = Api::builder().setting_engine(settings).build();
    page::serve(arguments.listen, include_str!("page.html"), move |offer| {
        answer(api.clone(), track.clone(), offer)
    })
    .await
}

/// Everything that comes goes to every browser. SSRC and payload type are those of each connection.
async fn receive(socket: UdpSocket, track: TrackLocalStaticRtp) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    while let Ok((length, _)) = socket.recv_from(&mut buffer).await {
        let datagram = buffer.get(..length).unwrap_or_default();
        // RTCP may come to the same port, and anything from anybody.
        if rtp::is_rtcp(datagram) {
            continue;
        }
        if let Ok(mut packet) = rtp::Packet::decode(Bytes::copy_from_slice(datagram)) {
            packet.header.extensions.clear();
            track.write_rtp(&packet);
        }
    }
}

/// Makes a connection for an offer to receive.
async fn answer(api: Api, track: TrackLocalStaticRtp, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    pc.add_track(&track, &["rtp".to_owned()])?;
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(watch(pc, events));
    Ok(answer.sdp)
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
