//! `simulcast`: a browser sends one picture in three sizes, and gets back the one that it chooses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Parser;
use page::{Failure, Offer, say};
use webrtc::{
    Api, Configuration, DataChannel, Event, Events, LayerForwarder, MediaKind, PeerConnection,
    PeerConnectionState, RtpCodec, RtpEvent, RtpTransceiver, SessionDescription, SettingEngine, TrackInfo,
};

/// Receives three layers and sends one of them back.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

/// What makes one stream of the layer that the page has chosen.
type Chosen = Arc<Mutex<LayerForwarder>>;

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
    let mut forwarder = LayerForwarder::new(&RtpCodec::video("VP8", ""));
    forwarder.select(Some("f"));
    let chosen = Chosen::new(Mutex::new(forwarder));
    tokio::spawn(send_back(video.clone(), Arc::clone(&chosen)));
    tokio::spawn(relay_requests(video, Arc::clone(&chosen)));
    tokio::spawn(watch(pc, events, chosen));
    Ok(answer.sdp)
}

fn lock(chosen: &Chosen) -> MutexGuard<'_, LayerForwarder> {
    chosen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends the packets of one layer. A change waits for a key frame of the other layer; until it comes, the old one goes on.
/// For the browser it is one stream: its sequence numbers, times and picture numbers go on without a jump.
async fn send_back(video: RtpTransceiver, chosen: Chosen) {
    let mut current = None;
    let mut packet = Vec::new();
    while let Some(received) = video.recv_rtp_into(&mut packet).await {
        let mut forwarder = lock(&chosen);
        // Until the key frame of the chosen layer is there it is asked for, twice a second.
        if let Some(layer) = forwarder.poll_request(received.arrived) {
            video.request_key_frame(layer);
        }
        if !forwarder.forward(received.arrived, &received, &mut packet) {
            continue;
        }
        drop(forwarder);
        if current != received.rid {
            current.clone_from(&received.rid);
            say(format!("layer {}", current.as_deref().unwrap_or_default()));
        }
        if let Ok(view) = rtp::PacketRef::decode(&packet) {
            if let Some(sampled) = received.sampled {
                video.relate(0, sampled, view.timestamp());
            }
            let _ = video.send_rtp(&mut rtp::Header::from(&view), view.payload());
        }
    }
}

/// The layer that a key frame is needed of: the one to go over to, or the one that is watched.
fn needed(chosen: &Chosen) -> Option<String> {
    let forwarder = lock(chosen);
    let layer = forwarder.wanted().or_else(|| forwarder.current());
    layer.flatten().map(str::to_owned)
}

/// The browser's decoder asks for a key frame of what it sees.
async fn relay_requests(video: RtpTransceiver, chosen: Chosen) {
    while let Some(event) = video.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            video.request_key_frame(needed(&chosen).as_deref());
        }
    }
}

/// The page says on a data channel which layer it wants.
async fn choose(channel: DataChannel, chosen: Chosen) {
    while let Some(message) = channel.recv().await {
        let Ok(layer) = std::str::from_utf8(&message.data) else {
            continue;
        };
        lock(&chosen).select(Some(layer));
    }
}

/// Holds the connection for as long as there is a browser.
async fn watch(pc: PeerConnection, mut events: Events, chosen: Chosen) {
    while let Some(event) = events.next().await {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an application picks the events that it wants"
        )]
        match event {
            Event::DataChannel(channel) => {
                tokio::spawn(choose(channel, Arc::clone(&chosen)));
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
