//! Two connection cores, and the exchanges between them.

use std::sync::Arc;
use std::time::Instant;

use sdp::MediaDescription;
use webrtc::core::{Event, NegotiatedSection, PeerConnection, Transceiver, TransceiverId};
use webrtc::{
    Configuration, MediaEngine, MediaKind, OfferOptions, RtpTransceiverDirection as Direction,
    RtpTransceiverInit, SdpType, SessionDescription, SettingEngine, TrackInfo,
};

pub(crate) struct Peer {
    pub(crate) core: PeerConnection,
    pub(crate) now: Instant,
}

impl Peer {
    pub(crate) fn new(seed: u8) -> Self {
        Self::with(seed, &Configuration::default(), MediaEngine::default())
    }

    pub(crate) fn with(seed: u8, configuration: &Configuration, engine: MediaEngine) -> Self {
        let settings = Arc::new(SettingEngine::default());
        let core = PeerConnection::new(configuration, settings, [seed; 32])
            .unwrap()
            .with_media_engine(Arc::new(engine));
        Self {
            core,
            now: Instant::now(),
        }
    }

    pub(crate) fn add(&mut self, kind: MediaKind, direction: Direction) -> TransceiverId {
        let init = RtpTransceiverInit {
            direction,
            ..RtpTransceiverInit::default()
        };
        self.core.add_transceiver(kind, init).unwrap()
    }

    pub(crate) fn add_track(&mut self, kind: MediaKind, id: &str, stream: &str) -> TransceiverId {
        let track = TrackInfo {
            id: id.to_owned(),
            kind,
        };
        self.core.add_track(track, &[stream.to_owned()]).unwrap()
    }

    pub(crate) fn get(&self, id: TransceiverId) -> &Transceiver {
        self.core.transceiver(id).unwrap()
    }

    pub(crate) fn ids(&self) -> Vec<TransceiverId> {
        self.core.transceivers().map(Transceiver::id).collect()
    }

    pub(crate) fn section(&self, id: TransceiverId) -> &NegotiatedSection {
        let media = self.core.negotiated_media().unwrap();
        media.by_transceiver(id).unwrap()
    }

    pub(crate) fn offer(&mut self) -> SessionDescription {
        let offer = self.core.create_offer(OfferOptions::default()).unwrap();
        self.core
            .set_local_description(self.now, Some(offer.clone()))
            .unwrap();
        offer
    }

    pub(crate) fn answer(&mut self) -> SessionDescription {
        let answer = self.core.create_answer().unwrap();
        self.core
            .set_local_description(self.now, Some(answer.clone()))
            .unwrap();
        answer
    }

    pub(crate) fn hear(&mut self, description: &SessionDescription) {
        self.core.set_remote_description(self.now, description).unwrap();
    }

    pub(crate) fn roll_back(&mut self) {
        let rollback = SessionDescription::rollback();
        self.core.set_local_description(self.now, Some(rollback)).unwrap();
    }

    /// Events that concern media.
    pub(crate) fn news(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.core.poll_event())
            .filter(|event| {
                matches!(
                    event,
                    Event::Track(_) | Event::TrackRemoved(_) | Event::NegotiationNeeded
                )
            })
            .collect()
    }
}

/// One exchange; the descriptions, parsed.
pub(crate) fn negotiate(offerer: &mut Peer, answerer: &mut Peer) -> [sdp::SessionDescription; 2] {
    let offer = offerer.offer();
    answerer.hear(&offer);
    let answer = answerer.answer();
    offerer.hear(&answer);
    [offer, answer].map(|description| parse(&description.sdp))
}

pub(crate) fn parse(text: &str) -> sdp::SessionDescription {
    text.parse().unwrap()
}

pub(crate) fn described(kind: SdpType, description: &sdp::SessionDescription) -> SessionDescription {
    SessionDescription {
        kind,
        sdp: description.to_string(),
    }
}

/// `m=` lines up to the profile: `audio 9`.
pub(crate) fn ports(description: &sdp::SessionDescription) -> Vec<String> {
    let line = |media: &MediaDescription| format!("{} {}", media.kind.as_str(), media.port);
    description.media.iter().map(line).collect()
}

pub(crate) fn mids(description: &sdp::SessionDescription) -> Vec<String> {
    let mids = description.media.iter().filter_map(MediaDescription::mid);
    mids.map(str::to_owned).collect()
}

/// The names of the codecs on the `m=` line, without retransmissions.
pub(crate) fn codecs(media: &MediaDescription) -> Vec<String> {
    media
        .payload_types()
        .filter_map(|payload_type| media.attributes.rtpmap(payload_type))
        .filter(|rtpmap| rtpmap.encoding != "rtx")
        .map(|rtpmap| rtpmap.encoding.to_string())
        .collect()
}
