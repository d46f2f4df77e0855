//! The process in the middle of `fan-out`: it takes one publisher's packets and gives them to every subscriber, and it
//! speaks JSON lines on its standard input and output. Other implementations stand in for it (`interop/README.md`).

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use webrtc::{
    Api, Configuration, Endpoint, Event, Events, IceGatheringState, PeerConnection, PeerConnectionState,
    RtpCodec, RtpTransceiver, SessionDescription, SettingEngine, TrackLocalStaticRtp,
};

use crate::Failure;
use crate::process::{cpu_time, status_kib};

/// What the audience asks for: at first the connections, then how things stand.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Request {
    /// An offer to send video.
    Publish { sdp: String },
    /// An offer to receive it.
    Subscribe { sdp: String },
    /// What was used and done so far.
    Account,
}

/// The reply to an offer.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Answer {
    pub(crate) sdp: String,
}

/// The reply to `Account`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Account {
    /// User and system time, in microseconds.
    pub(crate) cpu_us: u64,
    /// Packets to subscribers.
    pub(crate) sent: u64,
    /// RTCP packets that came.
    pub(crate) rtcp: u64,
    /// The peak of resident memory in KiB.
    pub(crate) rss_kib: f64,
}

pub(crate) async fn serve() -> Result<(), Failure> {
    let mut forwarder = Forwarder::new()?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Request::Publish { sdp } => say(&forwarder.publisher(sdp).await?)?,
            Request::Subscribe { sdp } => say(&forwarder.subscriber(sdp).await?)?,
            Request::Account => say(&forwarder.account())?,
        }
    }
    Ok(())
}

/// Everything that is waiting goes to every subscriber in one go.
async fn forward(source: RtpTransceiver, track: TrackLocalStaticRtp) {
    track.set_source(&source);
    let mut packets = Vec::new();
    while source.recv_rtp_all(&mut packets).await.is_some() {
        track.write_all(&packets);
        packets.clear();
    }
}

struct Forwarder {
    api: Api,
    track: TrackLocalStaticRtp,
    connections: Vec<(PeerConnection, Events)>,
}

impl Forwarder {
    fn new() -> Result<Self, Failure> {
        let endpoint = Endpoint::bind("127.0.0.1:0".parse()?, SettingEngine::default().mtu)?;
        Ok(Self {
            api: Api::builder().endpoint(endpoint).build(),
            track: TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "forwarded"),
            connections: Vec::new(),
        })
    }

    async fn publisher(&mut self, offer: String) -> Result<Answer, Failure> {
        let (pc, events) = self.api.new_peer_connection(Configuration::default())?;
        pc.set_remote_description(&SessionDescription::offer(offer))?;
        let source = pc.transceivers().into_iter().next().ok_or("nothing to receive")?;
        let answer = self.answer(pc, events).await?;
        tokio::spawn(forward(source, self.track.clone()));
        Ok(answer)
    }

    async fn subscriber(&mut self, offer: String) -> Result<Answer, Failure> {
        let (pc, events) = self.api.new_peer_connection(Configuration::default())?;
        pc.set_remote_description(&SessionDescription::offer(offer))?;
        pc.add_track(&self.track, &[])?;
        self.answer(pc, events).await
    }

    async fn answer(&mut self, pc: PeerConnection, mut events: Events) -> Result<Answer, Failure> {
        pc.set_local_description(None)?;
        let sdp = gathered(&pc, &mut events).await?;
        self.connections.push((pc, events));
        Ok(Answer { sdp })
    }

    fn account(&self) -> Account {
        let mut account = Account {
            cpu_us: u64::try_from(cpu_time().as_micros()).unwrap_or(u64::MAX),
            rss_kib: status_kib("VmHWM"),
            ..Account::default()
        };
        for stats in self.connections.iter().filter_map(|(pc, _)| pc.rtp_stats()) {
            account.sent += stats.packets_sent;
            account.rtcp += stats.rtcp_received;
        }
        account
    }
}

/// The local description with all its candidates.
pub(crate) async fn gathered(pc: &PeerConnection, events: &mut Events) -> Result<String, Failure> {
    while pc.ice_gathering_state() != IceGatheringState::Complete {
        events.next().await.ok_or("the connection has ended")?;
    }
    Ok(pc.local_description().ok_or("no description")?.sdp)
}

pub(crate) async fn connected(pc: &PeerConnection, events: &mut Events) -> Result<(), Failure> {
    while pc.connection_state() != PeerConnectionState::Connected {
        if let Event::Failed(reason) = events.next().await.ok_or("the connection has ended")? {
            return Err(reason.into());
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the audience reads it")]
fn say(what: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(what)?);
    Ok(())
}
