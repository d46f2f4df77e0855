//! One connection of the matcher's: its signalling and its channels.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use webrtc::{
    Api, Configuration, DataChannelInit, Event, Events, IceCandidateInit, OfferOptions, PeerConnection,
    Priority, SessionDescription,
};

use crate::channel::{self, Channel};
use crate::protocol::{Failure, Output, Request, with};
use crate::stats;

/// A connection and the channels that it has, by label.
#[derive(Debug)]
pub(crate) struct Connection {
    pc: PeerConnection,
    channels: Mutex<HashMap<String, Arc<Channel>>>,
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
    pub(crate) fn new(api: &Api, name: &str, output: Output) -> Result<Arc<Self>, Failure> {
        let (pc, events) = api.new_peer_connection(Configuration::default())?;
        let voice = Voice {
            name: name.to_owned(),
            output,
        };
        let connection = Arc::new(Self {
            pc,
            channels: Mutex::default(),
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
                Event::IceCandidate(init) => self.voice.tell(
                    "candidate",
                    json!({
                        "candidate": init.candidate, "sdpMid": init.sdp_mid, "sdpMLineIndex": init.sdp_m_line_index,
                    }),
                ),
                Event::Failed(failure) => reason = Some(failure.to_string()),
                Event::ConnectionStateChange(state) => {
                    self.state("connection", json!({"state": state.name(), "reason": reason}));
                }
                Event::IceConnectionStateChange(state) => self.state("ice", json!({"state": state.name()})),
                Event::SignalingStateChange(state) => self.state("signaling", json!({"state": state.name()})),
                Event::DataChannel(channel) => {
                    self.voice.tell("channel", channel::describe(&channel));
                    self.adopt(Channel::new(channel, self.voice.clone()));
                }
                _ => {}
            }
        }
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
                    .set_remote_description(&SessionDescription::offer(request.sdp.as_str()))?;
                let answer = self.pc.create_answer()?;
                self.apply(answer)
            }
            "accept" => {
                self.pc
                    .set_remote_description(&SessionDescription::answer(request.sdp.as_str()))?;
                Ok(json!({}))
            }
            "candidate" => self.candidate(request),
            "channel" => self.open(request),
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
        let sdp = description.sdp.clone();
        self.pc.set_local_description(description)?;
        Ok(json!({"sdp": sdp}))
    }

    fn candidate(&self, request: &Request) -> Result<Value, Failure> {
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
