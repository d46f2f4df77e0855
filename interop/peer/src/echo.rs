//! The way of packets from a transceiver back into it: payload types as agreed for that direction, and of simulcast one layer.

use rtp::payload::vp8::Renumberer;
use rtp::payload::{Depacketizer, depacketizer};
use serde_json::{Value, json};
use webrtc::core::NegotiatedSection;
use webrtc::{RtpReceived, RtpTransceiver};

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
    wanted: Option<String>,
    current: Option<String>,
    switches: u64,
    renumberer: Renumberer,
    reader: Option<Box<dyn Depacketizer>>,
}

impl Echo {
    /// From its next key frame on this layer goes back.
    pub(crate) fn select(&mut self, rid: &str) {
        self.layers.wanted = Some(rid.to_owned());
    }

    /// The peer has asked for a key frame; returns the layer that it concerns.
    pub(crate) fn asked(&mut self) -> Option<String> {
        self.key_frames_asked += 1;
        self.layers.wanted.clone()
    }

    /// Sends a packet back.
    pub(crate) fn pass(
        &mut self,
        transceiver: &RtpTransceiver,
        mut packet: rtp::Packet,
        received: &RtpReceived,
    ) {
        self.received += 1;
        self.repaired += u64::from(received.is_repaired);
        let arrived = packet.header.payload_type;
        if self.payload_type.is_none_or(|(from, _)| from != arrived) {
            let Some(section) = transceiver.negotiated() else {
                return;
            };
            self.payload_type = Some((arrived, back(&section, arrived)));
            self.layers.reader = reader(&section, arrived);
        }
        if let Some((_, to)) = self.payload_type {
            packet.header.payload_type = to;
        }
        let mut payload = packet.payload.to_vec();
        match received.rid.as_deref() {
            Some(rid) if !self.layers.admit(transceiver, rid, &mut payload) => return,
            Some(_) => {}
            None => self.follow(transceiver, packet.header.ssrc),
        }
        match transceiver.send_rtp(&mut packet.header, &payload[..]) {
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
        json!({
            "mid": transceiver.mid(), "kind": transceiver.kind().map(|kind| kind.as_str()),
            "received": self.received, "repaired": self.repaired, "sent": self.sent, "refused": self.refused, "error": self.last_error,
            "keyFramesAsked": self.key_frames_asked, "layer": self.layers.current, "switches": self.layers.switches,
            "sources": self.sources,
        })
    }
}

impl Layers {
    /// Whether a packet of this layer goes back. Its picture id is moved to where the stream is.
    fn admit(&mut self, transceiver: &RtpTransceiver, rid: &str, payload: &mut [u8]) -> bool {
        if self.wanted.is_none() {
            self.wanted = Some(rid.to_owned());
        }
        let is_wanted = self.wanted.as_deref() == Some(rid);
        if is_wanted && self.current != self.wanted && self.starts(payload) {
            if self.current.is_some() {
                transceiver.begin_source();
                self.renumberer.switch();
                self.switches += 1;
            }
            self.current = Some(rid.to_owned());
        }
        self.current.as_deref() == Some(rid) && self.renumberer.forward(payload).is_ok()
    }

    /// Whether a picture begins with this payload that decodes alone.
    fn starts(&self, payload: &[u8]) -> bool {
        let reader = self.reader.as_deref();
        reader.is_some_and(|reader| {
            reader.is_frame_start(payload) && reader.is_key_frame(payload) == Some(true)
        })
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

fn reader(section: &NegotiatedSection, payload_type: u8) -> Option<Box<dyn Depacketizer>> {
    let mut all = section.receive.iter();
    let codec = all.find(|codec| codec.payload_type == payload_type)?;
    depacketizer(codec.codec.name())
}
