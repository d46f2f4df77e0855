//! One `RTCPeerConnection` of the matcher's and its channels.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use webrtc::{
    Api, Configuration, DataChannel, DataChannelInit, Event, Events, IceCandidateInit, OfferOptions, PeerConnection,
    SessionDescription,
};

use crate::Failure;
use crate::channel::{self, Channel};
use crate::request::Request;
use crate::writer::Writer;

/// A connection under its name.
#[derive(Debug)]
pub(crate) struct Connection {
    name: String,
    pc: PeerConnection,
    channels: Mutex<HashMap<String, Arc<Channel>>>,
    writer: Writer,
}

impl Connection {
    pub(crate) fn new(api: &Api, name: &str, writer: Writer) -> Result<Arc<Self>, Failure> {
        let (pc, events) = api.new_peer_connection(Configuration::default())?;
        let connection = Arc::new(Self { name: name.to_owned(), pc, channels: Mutex::default(), writer });
        tokio::spawn(Arc::clone(&connection).report(events));
        Ok(connection)
    }

    fn event(&self, event: &str, object: Value) {
        self.writer.event(&self.name, event, object);
    }

    fn state(&self, kind: &str, state: &str, reason: Option<String>) {
        self.event("state", json!({"kind": kind, "state": state, "reason": reason}));
    }

    async fn report(self: Arc<Self>, mut events: Events) {
        let mut reason = None;
        while let Some(event) = events.next().await {
            match event {
                Event::IceCandidate(candidate) => self.event(
                    "candidate",
                    json!({
                        "candidate": candidate.candidate, "sdpMid": candidate.sdp_mid,
                        "sdpMLineIndex": candidate.sdp_m_line_index,
                    }),
                ),
                Event::SignalingStateChange(state) => self.state("signaling", state.name(), None),
                Event::IceConnectionStateChange(state) => self.state("ice", state.name(), None),
                Event::Failed(why) => reason = Some(why.to_string()),
                Event::ConnectionStateChange(state) => self.state("connection", state.name(), reason.clone()),
                Event::DataChannel(channel) => {
                    self.event("channel", channel::describe(&channel));
                    self.adopt(channel);
                }
                _ => {}
            }
        }
    }

    /// The entry of a label, made when it is first spoken of: an `expect` may come before its channel.
    fn channel(&self, label: &str) -> Arc<Channel> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(channels.entry(label.to_owned()).or_default())
    }

    fn adopt(self: &Arc<Self>, handle: DataChannel) {
        let channel = self.channel(&handle.label());
        *channel.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.clone());
        tokio::spawn(Arc::clone(self).read(handle.clone(), channel));
        let (name, writer) = (self.name.clone(), self.writer.clone());
        tokio::spawn(async move { channel::report_states(&handle, &name, &writer).await });
    }

    async fn read(self: Arc<Self>, handle: DataChannel, channel: Arc<Channel>) {
        while let Some(message) = handle.recv().await {
            if let Some((event, mut object)) = channel.arrived(&message) {
                if let Some(fields) = object.as_object_mut() {
                    fields.insert("label".into(), handle.label().into());
                }
                self.event(event, object);
            }
        }
    }

    pub(crate) async fn serve(self: &Arc<Self>, request: &Request) -> Result<Value, Failure> {
        match request.op.as_str() {
            "offer" => self.offer(false),
            "restart" => self.offer(true),
            "answer" => self.answer(&request.sdp),
            "accept" => {
                self.pc.set_remote_description(&SessionDescription::answer(request.sdp.as_str()))?;
                Ok(Value::Null)
            }
            "candidate" => self.candidate(request),
            "channel" => self.open(request),
            "stats" => Ok(self.stats()),
            "close" if request.label.is_empty() => {
                self.pc.close();
                Ok(Value::Null)
            }
            "expect" => {
                self.channel(&request.label).expect(request);
                Ok(Value::Null)
            }
            _ => self.serve_channel(request).await,
        }
    }

    async fn serve_channel(&self, request: &Request) -> Result<Value, Failure> {
        let channel = self.channel(&request.label);
        if request.op == "verdict" {
            return channel.verdict();
        }
        let handle = channel.handle().ok_or_else(|| format!("no channel {:?}", request.label))?;
        match request.op.as_str() {
            "send" => channel::send(&handle, request).await,
            "close" => {
                handle.close();
                Ok(Value::Null)
            }
            op => Err(format!("no operation {op:?}").into()),
        }
    }

    /// Runs beside other requests and replies when the last message has left.
    pub(crate) async fn burst(self: Arc<Self>, request: Request) {
        let outcome = match self.channel(&request.label).handle() {
            Some(handle) => channel::burst(&handle, &request).await,
            None => Err(format!("no channel {:?}", request.label).into()),
        };
        self.writer.reply(request.id, outcome);
    }

    fn offer(&self, ice_restart: bool) -> Result<Value, Failure> {
        let offer = self.pc.create_offer(OfferOptions { ice_restart })?;
        self.pc.set_local_description(offer.clone())?;
        Ok(json!({"sdp": offer.sdp}))
    }

    fn answer(&self, sdp: &str) -> Result<Value, Failure> {
        self.pc.set_remote_description(&SessionDescription::offer(sdp))?;
        let answer = self.pc.create_answer()?;
        self.pc.set_local_description(answer.clone())?;
        Ok(json!({"sdp": answer.sdp}))
    }

    fn candidate(&self, request: &Request) -> Result<Value, Failure> {
        self.pc.add_ice_candidate(IceCandidateInit {
            candidate: request.candidate.clone(),
            sdp_mid: request.sdp_mid.clone(),
            sdp_m_line_index: request.sdp_m_line_index,
            username_fragment: None,
        })?;
        Ok(Value::Null)
    }

    fn open(self: &Arc<Self>, request: &Request) -> Result<Value, Failure> {
        let init = DataChannelInit {
            ordered: request.ordered.unwrap_or(true),
            max_retransmits: request.max_retransmits,
            max_packet_life_time: request.max_packet_life_time,
            protocol: request.protocol.clone(),
            negotiated: request.negotiated.is_some(),
            id: request.negotiated,
            ..DataChannelInit::default()
        };
        self.adopt(self.pc.create_data_channel(&request.label, init)?);
        Ok(Value::Null)
    }

    fn stats(&self) -> Value {
        let stats = self.pc.stats();
        let transport = stats.transport;
        let path = transport.selected_candidate_pair;
        json!({
            "iceState": transport.ice_state.name(), "connectionState": self.pc.connection_state().name(),
            "localUfrag": transport.ice_local_username_fragment,
            "dtlsVersion": transport.tls_version, "dtlsCipher": transport.dtls_cipher,
            "localCandidate": path.map(|path| path.local.to_string()),
            "remoteCandidate": path.map(|path| path.remote.to_string()),
            "bytesSent": transport.bytes_sent, "bytesReceived": transport.bytes_received,
        })
    }
}
