//! `broadcast`: one browser sends, any number watches.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use page::{Failure, Offer, say};
use webrtc::{
    Api, Configuration, Event, Events, MediaKind, PeerConnection, PeerConnectionState, RtpCodec, RtpEvent,
    RtpTransceiver, SessionDescription, SettingEngine, TrackLocalStaticRtp,
};

/// One browser sends, any number watches.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

/// What is on: where each track comes from, and the track that goes to everybody who watches.
type Programme = Vec<(RtpTransceiver, TrackLocalStaticRtp)>;

#[derive(Clone, Debug, Default)]
struct Station {
    api: Api,
    programme: Arc<Mutex<Programme>>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut settings = SettingEngine::default();
    // The browser may run on this machine, which need not have a network.
    settings.gathering.include_loopback = true;
    let station = Station {
        api: Api::builder().setting_engine(settings).build(),
        programme: Arc::default(),
    };
    page::serve(arguments.listen, include_str!("page.html"), move |offer| {
        station.clone().answer(offer)
    })
    .await
}

impl Station {
    async fn answer(self, offer: Offer) -> Result<String, Failure> {
        let (pc, events) = self.api.new_peer_connection(Configuration::default())?;
        pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
        if offer.role == "publish" {
            self.publish(&pc)?;
        } else {
            self.watch(&pc)?;
        }
        pc.set_local_description(None)?;
        let answer = pc.local_description().ok_or("no answer")?;
        tokio::spawn(hold(pc, events, offer.role));
        Ok(answer.sdp)
    }

    /// The tracks of this connection are what is on from here. Everybody gets the same packets, so the codec is one that
    /// every browser has.
    fn publish(&self, pc: &PeerConnection) -> Result<(), Failure> {
        let mut programme = Programme::new();
        for transceiver in pc.transceivers() {
            let (codec, id) = match transceiver.kind() {
                Some(MediaKind::Video) => (RtpCodec::video("VP8", ""), "picture"),
                _ => (
                    RtpCodec::audio("opus", 48_000, Some(2), "minptime=10;useinbandfec=1"),
                    "sound",
                ),
            };
            let mut codecs = vec![codec.clone()];
            // Retransmissions go with video.
            codecs.extend((id == "picture").then(|| RtpCodec::video("rtx", "")));
            transceiver.set_codec_preferences(&codecs)?;
            let track = TrackLocalStaticRtp::new(codec, id);
            track.set_source(&transceiver);
            tokio::spawn(forward(transceiver.clone(), track.clone()));
            programme.push((transceiver, track));
        }
        *self.programme.lock().unwrap_or_else(PoisonError::into_inner) = programme;
        Ok(())
    }

    /// One more who watches.
    fn watch(&self, pc: &PeerConnection) -> Result<(), Failure> {
        let programme = self.programme.lock().unwrap_or_else(PoisonError::into_inner);
        if programme.is_empty() {
            return Err("nobody publishes yet".into());
        }
        for (source, track) in programme.iter() {
            let sender = pc.add_track(track, &["broadcast".to_owned()])?;
            tokio::spawn(relay_requests(sender, source.clone()));
        }
        Ok(())
    }
}

/// Every packet goes to everybody.
async fn forward(source: RtpTransceiver, track: TrackLocalStaticRtp) {
    let mut packets = Vec::new();
    while let Some(last) = source.recv_rtp_all(&mut packets).await {
        // For sound and picture to stay together.
        if let (Some(sampled), Some(packet)) = (last.sampled, packets.last()) {
            track.relate(sampled, packet.header.timestamp);
        }
        track.write_all(&packets);
        packets.clear();
    }
}

/// Who has come late, or lost too much, needs a key frame. Those of everybody become one request in a while.
async fn relay_requests(sender: RtpTransceiver, source: RtpTransceiver) {
    while let Some(event) = sender.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            source.request_key_frame(None);
        }
    }
}

/// Holds a connection for as long as there is a browser.
async fn hold(pc: PeerConnection, mut events: Events, role: String) {
    while let Some(event) = events.next().await {
        if let Event::ConnectionStateChange(state) = event {
            say(format!("{role}: connection {state}"));
            if state == PeerConnectionState::Failed {
                pc.close();
            }
        }
    }
}
