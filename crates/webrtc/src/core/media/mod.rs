//! Media signalling: transceivers and their sections, by RFC 9429 (JSEP) and W3C webrtc-pc §5.
//!
//! [`MediaEngine`] says what can be sent and received. `offer`, `answer` and `apply` move between transceivers and
//! sections; what they agree upon is told as [`NegotiatedMedia`], the only thing that the path of the media reads.
//! Connections that carry data alone have none of this state.
//!
//! Left out: `a=imageattr` and `LS` groups, which no browser writes, and RTCP on a port of its own.

mod announced;
mod answer;
mod apply;
mod calls;
mod check;
mod codec;
mod defaults;
mod described;
mod engine;
mod format;
mod h264;
mod negotiated;
mod offer;
mod parameters;
mod registry;
mod settle;
mod transceiver;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sdp::Direction;

pub use self::codec::{MediaKind, RtcpFeedback, RtpCodec, RtpCodecCapability};
pub use self::engine::{
    ExtensionEncryption, HeaderExtensionCapability, MAX_CODECS, MAX_HEADER_EXTENSIONS, MediaEngine,
    RegisterError,
};
pub use self::negotiated::{
    InboundStream, NegotiatedCodec, NegotiatedExtension, NegotiatedMedia, NegotiatedSection, OutboundStream,
    PayloadTypeUse, SendLimits,
};
pub use self::parameters::{
    MAX_ENCODINGS, MAX_RID, ParametersError, RtpEncodingParameters, RtpTransceiverInit, TrackInfo,
    TrackOrKind,
};
pub use self::transceiver::{Encoding, Receiver, RemoteTrack, Sender, Transceiver, TransceiverId};

pub(super) use self::answer::AnswerPlan;
pub(super) use self::check::check;
pub(super) use self::offer::{Earlier, OfferPlan, Slot};

use self::apply::Snapshot;
use self::offer::OfferDraft;
use self::registry::Registry;
use self::transceiver::{Life, Origin};

/// The most transceivers of a connection: as many as a description has sections.
pub const MAX_TRANSCEIVERS: usize = super::MAX_SECTIONS;

/// The media of a connection: nothing until it is asked for.
#[derive(Debug, Default)]
pub(super) struct MediaSlot {
    /// `None` for the default one.
    engine: Option<Arc<MediaEngine>>,
    state: Option<Box<Media>>,
}

impl MediaSlot {
    pub(super) fn get(&self) -> Option<&Media> {
        self.state.as_deref()
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut Media> {
        self.state.as_deref_mut()
    }

    /// The media, which begins here if it has not.
    pub(super) fn begin(&mut self, seed: u64) -> &mut Media {
        let engine = &self.engine;
        self.state.get_or_insert_with(|| {
            let engine = engine.clone().unwrap_or_default();
            Box::new(Media::new(engine, seed))
        })
    }
}

/// The state of media signalling.
#[derive(Debug)]
pub(super) struct Media {
    engine: Arc<MediaEngine>,
    /// In the order in which they came, which is the order of their sections.
    transceivers: Vec<Transceiver>,
    next_id: u32,
    registry: Registry,
    rng: ChaCha20Rng,
    /// Which sections the offer that was made last has for which transceivers.
    draft: Option<OfferDraft>,
    /// What the stable state was, while an exchange is under way.
    snapshot: Option<Snapshot>,
    negotiated: NegotiatedMedia,
    /// SSRCs that the last offer of the peer names.
    offered_ssrcs: BTreeSet<u32>,
}

impl Media {
    /// `seed` decides SSRCs and names, all of which the peer gets to know.
    pub(super) fn new(engine: Arc<MediaEngine>, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        // RFC 7022 §4.2: 96 random bits
        let cname = format!("{:08x}{:016x}", rng.next_u32(), rng.next_u64());
        Self {
            engine,
            transceivers: Vec::new(),
            next_id: 0,
            registry: Registry::default(),
            rng,
            draft: None,
            snapshot: None,
            negotiated: NegotiatedMedia {
                cname,
                ..NegotiatedMedia::default()
            },
            offered_ssrcs: BTreeSet::new(),
        }
    }

    /// Randomness for the processing of media.
    pub(super) fn chain_seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        seed
    }

    pub(super) const fn negotiated(&self) -> &NegotiatedMedia {
        &self.negotiated
    }

    /// Whether an offer has to be made for the sake of a transceiver. `tag` is the section that is never rejected.
    pub(super) fn needs_negotiation(&self, tag: Option<usize>) -> bool {
        self.transceivers
            .iter()
            .any(|known| known.needs_negotiation(tag.is_some_and(|tag| known.is_at(tag))))
    }

    /// What is stopped neither sends nor receives, whatever the descriptions say still (W3C webrtc-pc §5.4, "stop sending and
    /// receiving").
    fn silence(&mut self) {
        for section in &mut self.negotiated.sections {
            let is_live = |known: &Transceiver| known.id == section.transceiver && known.life == Life::Live;
            if !self.transceivers.iter().any(is_live) {
                section.direction = Direction::Inactive;
            }
        }
        self.negotiated.generation += 1;
    }

    fn get(&self, id: TransceiverId) -> Option<&Transceiver> {
        self.transceivers.iter().find(|known| known.id == id)
    }

    fn get_mut(&mut self, id: TransceiverId) -> Option<&mut Transceiver> {
        self.transceivers.iter_mut().find(|known| known.id == id)
    }

    fn at(&self, index: usize) -> Option<&Transceiver> {
        self.transceivers.iter().find(|known| known.is_at(index))
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut Transceiver> {
        self.transceivers.iter_mut().find(|known| known.is_at(index))
    }

    fn is_full(&self) -> bool {
        self.transceivers.len() >= MAX_TRANSCEIVERS
    }

    /// Adds a transceiver, whose encodings get SSRCs that nothing else here has.
    fn create(
        &mut self,
        kind: MediaKind,
        track: Option<TrackInfo>,
        init: RtpTransceiverInit,
    ) -> &mut Transceiver {
        let id = TransceiverId(self.next_id);
        self.next_id += 1;
        let sender_id = track
            .as_ref()
            .map_or_else(|| self.random_id(), |track| track.id.clone());
        let sender = Sender {
            id: sender_id,
            track,
            stream_ids: init.stream_ids,
            encodings: self.with_ssrcs(init.send_encodings),
        };
        self.transceivers.push(Transceiver {
            id,
            kind,
            place: None,
            direction: init.direction,
            current_direction: None,
            life: Life::Live,
            origin: Origin::default(),
            has_sent: false,
            preferences: Vec::new(),
            sender,
            receiver: Receiver {
                rids: init.receive_rids,
                ..Receiver::default()
            },
            settled: None,
        });
        let last = self.transceivers.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was just pushed")]
        &mut self.transceivers[last]
    }

    fn with_ssrcs(&mut self, encodings: Vec<RtpEncodingParameters>) -> Vec<Encoding> {
        let mut made: Vec<Encoding> = Vec::with_capacity(encodings.len());
        for parameters in encodings {
            let taken = |ssrc: u32| {
                made.iter()
                    .any(|known| known.ssrc == ssrc || known.rtx_ssrc == ssrc)
            };
            let ssrc = self.random_ssrc(taken);
            let rtx_ssrc = self.random_ssrc(|other| other == ssrc || taken(other));
            made.push(Encoding {
                parameters,
                ssrc,
                rtx_ssrc,
            });
        }
        made
    }

    /// An SSRC that neither side is known to use (RFC 3550 §8.1).
    fn random_ssrc(&mut self, taken: impl Fn(u32) -> bool) -> u32 {
        loop {
            let ssrc = self.rng.next_u32();
            let ours = |known: &Transceiver| {
                let mut encodings = known.sender.encodings.iter();
                encodings.any(|encoding| encoding.ssrc == ssrc || encoding.rtx_ssrc == ssrc)
            };
            let known = self.transceivers.iter().any(ours) || self.negotiated.by_ssrc(ssrc).is_some();
            let known = known || self.offered_ssrcs.contains(&ssrc);
            if ssrc != 0 && !known && !taken(ssrc) {
                return ssrc;
            }
        }
    }

    fn random_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64())
    }
}

/// How a transceiver begins that an offer of the peer made (RFC 9429 §5.10).
fn made_by_peer(proposed: &[String]) -> RtpTransceiverInit {
    let send_encodings = if proposed.is_empty() {
        vec![RtpEncodingParameters::default()]
    } else {
        parameters::proposed(proposed)
    };
    RtpTransceiverInit {
        direction: Direction::RecvOnly,
        send_encodings,
        ..RtpTransceiverInit::default()
    }
}
