//! `insertable-streams`: frames that only the page and the program can read, under the encryption of WebRTC.

use std::net::SocketAddr;

use clap::Parser;
use media::{SampleBuilder, SampleConfig};
use page::{Failure, Offer, say};
use rtp::payload::vp8;
use webrtc::{
    Api, Configuration, Event, Events, MediaKind, PeerConnection, PeerConnectionState, RtpCodec, RtpEvent,
    RtpTransceiver, Sample, SessionDescription, SettingEngine, TrackLocalStaticSample,
};

/// What the page's frames are xor-ed with, and ours. Real programs encrypt; this is to see the place where.
const THEIRS: u8 = 0xAA;
const OURS: u8 = 0x55;

/// Receives frames that the page has changed, and sends them back changed otherwise.
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

/// Makes a connection for an offer with one section of video.
async fn answer(api: Api, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    let transceivers = pc.transceivers();
    let mut videos = transceivers
        .iter()
        .filter(|it| it.kind() == Some(MediaKind::Video));
    let video = videos.next().ok_or("the offer has no video")?;
    video.set_codec_preferences(&[RtpCodec::video("VP8", ""), RtpCodec::video("rtx", "")])?;
    let track = TrackLocalStaticSample::new(RtpCodec::video("VP8", ""), "changed")?;
    let sender = pc.add_track(&track, &["changed".to_owned()])?;
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    tokio::spawn(send_back(video.clone(), track));
    tokio::spawn(relay_requests(sender));
    tokio::spawn(watch(pc, events));
    Ok(answer.sdp)
}

/// Packets to frames, what the page did undone, what the page expects done, and frames to packets.
async fn send_back(video: RtpTransceiver, track: TrackLocalStaticSample) {
    // A frame waits for the next one, which tells how long it lasts.
    let config = SampleConfig::new(90_000);
    let mut builder = SampleBuilder::new(Box::new(vp8::Depacketizer::new()), config);
    while let Some((packet, _)) = video.recv_rtp().await {
        builder.push(packet);
        while let Some(sample) = builder.pop() {
            let mut frame = sample.data.to_vec();
            change(&mut frame, THEIRS);
            // Now it could be decoded, or recorded. A key frame tells its size.
            if let Some((width, height)) = rtp::payload::dimensions("VP8", &frame) {
                say(format!("a key frame of {width}×{height}, {} bytes", frame.len()));
            }
            change(&mut frame, OURS);
            track.write_sample(&Sample {
                data: frame.into(),
                duration: sample.duration,
            });
            // What follows refers to what is missing.
            if sample.lost_packets > 0 {
                video.request_key_frame(None);
            }
        }
    }
}

/// Changes a frame, and changes it back. The header of VP8 stays as it is (RFC 6386 §9.1): browsers read it on the way, to know
/// key frames and sizes.
fn change(frame: &mut [u8], key: u8) {
    let is_key_frame = frame.first().is_some_and(|first| first & 1 == 0);
    let header = if is_key_frame { 10 } else { 3 };
    frame.iter_mut().skip(header).for_each(|byte| *byte ^= key);
}

/// The browser's decoder asks its own encoder for a key frame, by way of us.
async fn relay_requests(video: RtpTransceiver) {
    while let Some(event) = video.next_rtp_event().await {
        if let RtpEvent::KeyFrameRequested { .. } = event {
            video.request_key_frame(None);
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
