//! The way of packets from a transceiver back into it: payload types as agreed for that direction, and of simulcast one layer.

use bytes::Bytes;
use serde_json::{Value, json};
use webrtc::core::NegotiatedSection;
use webrtc::{LayerForwarder, RtpReceived, RtpTransceiver};

/// What passes on one transceiver.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    received: u64,
    repaired: u64,
    sent: u64,
    refused: u64,
    key_frames_asked: u64,
    last_error: String,
    layers: Layers,
    /// Who sends, where there are no layers: another one has other numbers.
    source: Option<u32>,
    sources: u64,
    /// The payload type that came last, and what goes back for it.
    payload_type: Option<(u8, u8)>,
}

/// Which layer of simulcast goes back.
#[derive(Debug, Default)]
struct Layers {
    /// The layer that was asked for before anything had come.
    wanted: Option<String>,
    forwarder: Option<LayerForwarder>,
    switches: u64,
}

impl Echo {
    /// From its next key frame on this layer goes back.
    pub(crate) fn select(&mut self, rid: &str) {
        match &mut self.layers.forwarder {
            Some(forwarder) => forwarder.select(Some(rid)),
            None => self.layers.wanted = Some(rid.to_owned()),
        }
    }

    /// The peer has asked for a key frame; returns the layer that it concerns.
    pub(crate) fn asked(&mut self) -> Option<String> {
        self.key_frames_asked += 1;
        let forwarder = self.layers.forwarder.as_ref()?;
        let layer = forwarder.wanted().or_else(|| forwarder.current());
        layer.flatten().map(str::to_owned)
    }

    /// Sends a packet back.
    pub(crate) fn pass(&mut self, transceiver: &RtpTransceiver, mut bytes: Vec<u8>, received: &RtpReceived) {
        self.received += 1;
        self.repaired += u64::from(received.is_repaired);
        let Ok(arrived) = rtp::PacketRef::decode(&bytes).map(|packet| packet.payload_type()) else {
            return;
        };
        if self.payload_type.is_none_or(|(from, _)| from != arrived) {
            let Some(section) = transceiver.negotiated() else {
                return;
            };
            self.payload_type = Some((arrived, back(&section, arrived)));
            self.layers.begin(&section, arrived);
        }
        self.layers.ask(transceiver, received);
        if received.rid.is_some() && !self.layers.forward(received, &mut bytes) {
            return;
        }
        let Ok(mut packet) = rtp::Packet::decode(Bytes::from(bytes)) else {
            return;
        };
        if received.rid.is_none() {
            self.follow(transceiver, packet.header.ssrc);
        }
        if let Some((_, to)) = self.payload_type {
            packet.header.payload_type = to;
        }
        match transceiver.send_rtp(&mut packet.header, &packet.payload[..]) {
            Ok(()) => self.sent += 1,
            Err(error) => {
                self.refused += 1;
                self.last_error = error.to_string();
            }
        }
    }

    /// The peer may put another stream in the place of the one there was.
    fn follow(&mut self, transceiver: &RtpTransceiver, ssrc: u32) {
        if self.source.is_some_and(|source| source != ssrc) {
            transceiver.begin_source();
        }
        if self.source != Some(ssrc) {
            self.source = Some(ssrc);
            self.sources += 1;
        }
    }

    /// What the matcher is told.
    pub(crate) fn report(&self, transceiver: &RtpTransceiver) -> Value {
        let layer = self.layers.forwarder.as_ref().and_then(LayerForwarder::current);
        json!({
            "mid": transceiver.mid(), "kind": transceiver.kind().map(|kind| kind.as_str()),
            "received": self.received, "repaired": self.repaired, "sent": self.sent, "refused": self.refused, "error": self.last_error,
            "keyFramesAsked": self.key_frames_asked, "layer": layer.flatten(), "switches": self.layers.switches,
            "sources": self.sources,
        })
    }
}

impl Layers {
    /// Packets of this codec begin.
    fn begin(&mut self, section: &NegotiatedSection, payload_type: u8) {
        let mut all = section.receive.iter();
        let codec = all.find(|codec| codec.payload_type == payload_type);
        self.forwarder = codec.map(|codec| LayerForwarder::new(&codec.codec));
        if let (Some(forwarder), Some(wanted)) = (&mut self.forwarder, &self.wanted) {
            forwarder.select(Some(wanted));
        }
    }

    /// Asks for a key frame of the layer to go over to, until it comes.
    fn ask(&mut self, transceiver: &RtpTransceiver, received: &RtpReceived) {
        let forwarder = self.forwarder.as_mut();
        if let Some(rid) = forwarder.and_then(|forwarder| forwarder.poll_request(received.arrived)) {
            transceiver.request_key_frame(rid);
        }
    }

    /// Whether a packet goes back, with its numbers moved to where the stream is.
    fn forward(&mut self, received: &RtpReceived, packet: &mut Vec<u8>) -> bool {
        let Some(forwarder) = &mut self.forwarder else {
            return false;
        };
        let before = forwarder
            .current()
            .is_some()
            .then(|| forwarder.wanted().is_some());
        let is_forwarded = forwarder.forward(received.arrived, received, packet);
        let has_switched = before == Some(true) && forwarder.wanted().is_none();
        self.switches += u64::from(has_switched);
        is_forwarded
    }
}

/// The payload type under which the peer receives what it has sent under this one.
fn back(section: &NegotiatedSection, payload_type: u8) -> u8 {
    let mut all = section.receive.iter();
    let Some(codec) = all.find(|codec| codec.payload_type == payload_type) else {
        return payload_type;
    };
    let same = |is_exact: bool| {
        section.send.iter().find(|other| {
            let format = &other.codec.sdp_fmtp_line;
            other.codec.is(codec.codec.name()) && (!is_exact || *format == codec.codec.sdp_fmtp_line)
        })
    };
    let is_there = section
        .send
        .iter()
        .any(|other| other.payload_type == payload_type && other.codec.is(codec.codec.name()));
    if is_there {
        return payload_type;
    }
    let found = same(true).or_else(|| same(false));
    found.map_or(payload_type, |other| other.payload_type)
}
