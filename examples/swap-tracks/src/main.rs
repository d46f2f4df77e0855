//! `swap-tracks`: a browser sends three tracks, and one track goes back that shows them in turn.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use page::{Failure, Offer, say};
use rtp::payload::Depacketizer;
use rtp::payload::vp8::{self, Renumberer};
use webrtc::{
    Api, Configuration, Event, Events, MediaKind, PeerConnection, PeerConnectionState, RtpCodec, RtpEvent,
    RtpTransceiver, SessionDescription, SettingEngine, TrackInfo,
};

/// Receives three tracks and sends one back that shows them in turn.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the page is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// How long each track is shown, in milliseconds.
    #[arg(long, default_value_t = 3000, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..))]
    every: u64,
}

/// The track that goes out, and what it is made from.
#[derive(Debug)]
struct Output {
    sender: RtpTransceiver,
    /// The numbers of the tracks that should be shown, and that is.
    wanted: usize,
    current: Option<usize>,
    renumberer: Renumberer,
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

/// Makes a connection for an offer: each of its sections is an input, and the first one is the output as well.
async fn answer(api: Api, every: Duration, offer: Offer) -> Result<String, Failure> {
    let (pc, events) = api.new_peer_connection(Configuration::default())?;
    pc.set_remote_description(&SessionDescription::offer(offer.sdp))?;
    let inputs = pc.transceivers();
    for input in &inputs {
        input.set_codec_preferences(&[RtpCodec::video("VP8", ""), RtpCodec::video("rtx", "")])?;
    }
    let track = TrackInfo {
        id: "output".to_owned(),
        kind: MediaKind::Video,
    };
    let sender = pc.add_track(&track, &["output".to_owned()])?;
    pc.set_local_description(None)?;
    let answer = pc.local_description().ok_or("no answer")?;
    let output = Arc::new(Mutex::new(Output {
        sender: sender.clone(),
        wanted: 0,
        current: None,
        renumberer: Renumberer::new(),
    }));
    for (number, input) in inputs.iter().enumerate() {
        tokio::spawn(pass(number, input.clone(), Arc::clone(&output)));
    }
    tokio::spawn(relay_requests(sender, inputs.clone(), Arc::clone(&output)));
    tokio::spawn(watch(pc, events, every, inputs, output));
    Ok(answer.sdp)
}

/// Gives the packets of one input to the output, which takes those of the track that is on.
async fn pass(number: usize, input: RtpTransceiver, output: Arc<Mutex<Output>>) {
    while let Some((packet, _)) = input.recv_rtp().await {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.take(number, packet);
    }
}

impl Output {
    fn take(&mut self, number: usize, mut packet: rtp::Packet) {
        let reader = vp8::Depacketizer::new();
        let is_start =
            reader.is_frame_start(&packet.payload) && reader.is_key_frame(&packet.payload) == Some(true);
        // Until the key frame of the next track comes, the one before goes on.
        if number == self.wanted && self.current != Some(number) && is_start {
            // For the browser it is one stream: its sequence numbers, times and picture numbers go on without a jump.
            self.sender.begin_source();
            self.renumberer.switch();
            self.current = Some(number);
            say(format!("track {number}"));
        }
        let mut payload = packet.payload.to_vec();
        if self.current == Some(number) && self.renumberer.forward(&mut payload).is_ok() {
            let _ = self.sender.send_rtp(&mut packet.header, &payload[..]);
        }
    }
}

/// The browser's decoder asks for a key frame of what it sees.
async fn relay_requests(sender: RtpTransceiver, inputs: Vec<RtpTransceiver>, output: Arc<Mutex<Output>>) {
    while let Some(event) = sender.next_rtp_event().await {
        let wanted = output.lock().unwrap_or_else(PoisonError::into_inner).wanted;
        if let (RtpEvent::KeyFrameRequested { .. }, Some(input)) = (event, inputs.get(wanted)) {
            input.request_key_frame(None);
        }
    }
}

/// Holds the connection for as long as there is a browser, and has the tracks take turns.
async fn watch(
    pc: PeerConnection,
    mut events: Events,
    every: Duration,
    inputs: Vec<RtpTransceiver>,
    output: Arc<Mutex<Output>>,
) {
    let mut turns = tokio::time::interval(every);
    for number in (0..inputs.len()).cycle() {
        let next = loop {
            tokio::select! {
                _ = turns.tick() => break inputs.get(number),
                event = events.next() => match event {
                    Some(Event::ConnectionStateChange(PeerConnectionState::Failed)) => pc.close(),
                    Some(_) => {}
                    None => return,
                },
            }
        };
        output.lock().unwrap_or_else(PoisonError::into_inner).wanted = number;
        if let Some(next) = next {
            next.request_key_frame(None);
        }
    }
}
