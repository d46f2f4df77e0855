//! One connection of the matcher's: its signalling and its channels.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use webrtc::{
    Api, Configuration, DataChannelInit, Event, Events, IceCandidateInit, OfferOptions, PeerConnection,
    Priority, SessionDescription,
};

use crate::channel::{self, Channel};
use crate::lossy::{self, Relays};
use crate::media::Tracks;
use crate::protocol::{Failure, Output, Request, with};
use crate::stats;

/// A connection and the channels that it has, by label.
#[derive(Debug)]
pub(crate) struct Connection {
    pc: PeerConnection,
    channels: Mutex<HashMap<String, Arc<Channel>>>,
    tracks: Tracks,
    /// Where datagrams are lost on purpose.
    relays: Option<Relays>,
    voice: Voice,
}

/// Speaks to the matcher for one connection.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    name: String,
    output: Output,
}

impl Voice {
    /// Writes an event.
    pub(crate) fn tell(&self, event: &str, object: Value) {
        self.output
            .write(&with(object, [("ev", json!(event)), ("pc", json!(self.name))]));
    }
}

impl Connection {
    /// Makes a connection whose events go to the matcher.
    pub(crate) fn new(api: &Api, request: &Request, output: Output) -> Result<Arc<Self>, Failure> {
        let (pc, events) = api.new_peer_connection(Configuration::default())?;
        let voice = Voice {
            name: request.pc.clone(),
            output,
        };
        let connection = Arc::new(Self {
            pc,
            channels: Mutex::default(),
            tracks: Tracks::default(),
            relays: request.loss.map(Relays::new),
            voice,
        });
        tokio::spawn(Arc::clone(&connection).listen(events));
        Ok(connection)
    }

    async fn listen(self: Arc<Self>, mut events: Events) {
        let mut reason = None;
        while let Some(event) = events.next().await {
            #[expect(clippy::wildcard_enum_match_arm, reason = "the protocol carries only these")]
            match event {
                Event::IceCandidate(init) => self.announce(init).await,
                Event::Failed(failure) => reason = Some(failure.to_string()),
                Event::ConnectionStateChange(state) => {
                    self.state("connection", json!({"state": state.name(), "reason": reason}));
                }
                Event::IceConnectionStateChange(state) => self.state("ice", json!({"state": state.name()})),
                Event::SignalingStateChange(state) => self.state("signaling", json!({"state": state.name()})),
                Event::Track(transceiver) => {
                    self.tracks.reflect(&transceiver);
                    self.voice.tell("track", json!({"mid": transceiver.mid()}));
                }
                Event::TrackRemoved(transceiver) => {
                    self.voice.tell("untrack", json!({"mid": transceiver.mid()}));
                }
                Event::DataChannel(channel) => {
                    self.voice.tell("channel", channel::describe(&channel));
                    self.adopt(Channel::new(channel, self.voice.clone()));
                }
                _ => {}
            }
        }
    }

    /// Tells the matcher of a candidate of ours, or of the relay before it.
    async fn announce(&self, init: IceCandidateInit) {
        let candidate = match &self.relays {
            Some(relays) if !init.candidate.is_empty() => match relays.before(&init.candidate).await {
                Some(candidate) => candidate,
                None => return,
            },
            _ => init.candidate,
        };
        self.voice.tell(
            "candidate",
            json!({"candidate": candidate, "sdpMid": init.sdp_mid, "sdpMLineIndex": init.sdp_m_line_index}),
        );
    }

    fn state(&self, kind: &str, object: Value) {
        self.voice.tell("state", with(object, [("kind", json!(kind))]));
    }

    fn adopt(&self, channel: Arc<Channel>) {
        self.channels().insert(channel.label(), channel);
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<String, Arc<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves everything that does not take long.
    pub(crate) fn answer(&self, request: &Request) -> Result<Value, Failure> {
        match request.op.as_str() {
            "offer" => self.offer(OfferOptions { ice_restart: false }),
            "restart" => self.offer(OfferOptions { ice_restart: true }),
            "answer" => {
                self.pc
                    .set_remote_description(&SessionDescription::offer(self.heard(&request.sdp)))?;
                let answer = self.pc.create_answer()?;
                self.apply(answer)
            }
            "accept" => {
                self.pc
                    .set_remote_description(&SessionDescription::answer(self.heard(&request.sdp)))?;
                Ok(json!({}))
            }
            "candidate" => self.candidate(request),
            "channel" => self.open(request),
            "track" | "untrack" | "stop" | "swap" | "layer" | "media" => {
                self.tracks.answer(&self.pc, request)
            }
            "stats" => Ok(stats::report(&self.pc)),
            "close" if request.label.is_none() => {
                self.pc.close();
                Ok(json!({}))
            }
            _ => self.channel(request.label()?)?.answer(request),
        }
    }

    /// Serves what does.
    pub(crate) async fn burst(&self, request: &Request) -> Result<Value, Failure> {
        let channel = self.channel(request.label()?)?;
        channel.burst(request).await
    }

    fn channel(&self, label: &str) -> Result<Arc<Channel>, Failure> {
        self.channels()
            .get(label)
            .cloned()
            .ok_or_else(|| format!("no channel {label}").into())
    }

    fn offer(&self, options: OfferOptions) -> Result<Value, Failure> {
        let offer = self.pc.create_offer(options)?;
        self.apply(offer)
    }

    fn apply(&self, description: SessionDescription) -> Result<Value, Failure> {
        let sdp = self.heard(&description.sdp);
        self.pc.set_local_description(description)?;
        Ok(json!({"sdp": sdp}))
    }

    /// A description as it is told, without the ways around the relays.
    fn heard(&self, sdp: &str) -> String {
        match self.relays {
            Some(_) => lossy::without_candidates(sdp),
            None => sdp.to_owned(),
        }
    }

    fn candidate(&self, request: &Request) -> Result<Value, Failure> {
        if self.relays.is_some() {
            return Ok(json!({}));
        }
        self.pc.add_ice_candidate(IceCandidateInit {
            candidate: request.candidate.clone(),
            sdp_mid: request.sdp_mid.clone(),
            sdp_m_line_index: request.sdp_m_line_index,
            username_fragment: None,
        })?;
        Ok(json!({}))
    }

    fn open(&self, request: &Request) -> Result<Value, Failure> {
        let init = DataChannelInit {
            ordered: request.ordered.unwrap_or(true),
            max_packet_life_time: request.max_packet_life_time,
            max_retransmits: request.max_retransmits,
            protocol: request.protocol.clone(),
            negotiated: request.negotiated.is_some(),
            id: request.negotiated,
            priority: Priority::default(),
        };
        let channel = self.pc.create_data_channel(request.label()?, init)?;
        self.adopt(Channel::new(channel, self.voice.clone()));
        Ok(json!({}))
    }
}
