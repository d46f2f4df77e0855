//! `simulcast`: a browser sends one picture in three sizes, and gets back the one that it chooses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use page::{Failure, Offer, say};
use rtp::payload::vp8::Renumberer;
use rtp::payload::{Depacketizer, vp8};
use webrtc::{
    Api, Configuration, DataChannel, Event, Events, MediaKind, PeerConnection, PeerConnectionState, RtpCodec,
    RtpEvent, RtpTransceiver, SessionDescription, SettingEngine, TrackInfo,
};

/// Receives three layers and sends one of them back.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

/// The name of the layer that the page has chosen.
type Wanted = Arc<Mutex<String>>;

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

/// Makes a connection for an offer with one section of video, whose layers the offer names.
async fn answer(api: Api, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    let track = TrackInfo {
        id: "chosen".to_owned(),
        kind: MediaKind::Video,
    };
    let video = pc.add_track(&track, &["chosen".to_owned()])?;
    video.set_codec_preferences(&[RtpCodec::video("VP8", ""), RtpCodec::video("rtx", "")])?;
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    let wanted = Wanted::new(Mutex::new("f".to_owned()));
    tokio::spawn(send_back(video.clone(), Arc::clone(&wanted)));
    tokio::spawn(relay_requests(video.clone(), Arc::clone(&wanted)));
    tokio::spawn(watch(pc, events, video, wanted));
    Ok(answer.sdp)
}

fn name(wanted: &Wanted) -> String {
    wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Sends the packets of one layer. A change waits for a key frame of the other layer; until it comes, the old one goes on.
async fn send_back(video: RtpTransceiver, wanted: Wanted) {
    let mut current = None;
    let mut renumberer = Renumberer::new();
    let reader = vp8::Depacketizer::new();
    while let Some((mut packet, received)) = video.recv_rtp().await {
        let wanted = name(&wanted);
        let is_wanted = received.rid.as_deref() == Some(wanted.as_str());
        let is_start =
            reader.is_frame_start(&packet.payload) && reader.is_key_frame(&packet.payload) == Some(true);
        if is_wanted && is_start && current.as_deref() != Some(wanted.as_str()) {
            // For the browser it is one stream: its sequence numbers, times and picture numbers go on without a jump.
            video.begin_source();
            renumberer.switch();
            say(format!("layer {wanted}"));
            current = Some(wanted);
        }
        if current.is_none() || received.rid.as_deref() != current.as_deref() {
            continue;
        }
        let mut payload = packet.payload.to_vec();
        if renumberer.forward(&mut payload).is_ok() {
            let _ = video.send_rtp(&mut packet.header, &payload[..]);
        }
    }
}

/// The browser's decoder asks for a key frame of what it sees.
async fn relay_requests(video: RtpTransceiver, wanted: Wanted) {
    while let Some(event) = video.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            video.request_key_frame(Some(&name(&wanted)));
        }
    }
}

/// The page says on a data channel which layer it wants.
async fn choose(channel: DataChannel, video: RtpTransceiver, wanted: Wanted) {
    while let Some(message) = channel.recv().await {
        let Ok(layer) = std::str::from_utf8(&message.data) else {
            continue;
        };
        layer.clone_into(&mut wanted.lock().unwrap_or_else(PoisonError::into_inner));
        video.request_key_frame(Some(layer));
    }
}

/// Holds the connection for as long as there is a browser.
async fn watch(pc: PeerConnection, mut events: Events, video: RtpTransceiver, wanted: Wanted) {
    while let Some(event) = events.next().await {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an application picks the events that it wants"
        )]
        match event {
            Event::DataChannel(channel) => {
                tokio::spawn(choose(channel, video.clone(), Arc::clone(&wanted)));
            }
            Event::ConnectionStateChange(state) => {
                say(format!("connection {state}"));
                if state == PeerConnectionState::Failed {
                    pc.close();
                }
            }
            _ => {}
        }
    }
}
