//! Sections of an offer: RFC 9429 §5.2.1 (first) and §5.2.2 (later ones).
//!
//! Each transceiver that is not stopped has a section. A section keeps its place and its mid; one that either side has
//! rejected is given to the next transceiver that has none, with another mid. Rejecting the section whose transport is in
//! use would move everything to another transport – browsers make one, with another DTLS association, though RFC 8842
//! does not ask for it – so that section stays, inactive, when its transceiver is stopped.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use sdp::{Direction, MediaDescription};

use super::codec::{RtpCodec, RtpCodecCapability};
use super::described::{Extension, Layer};
use super::negotiated::NegotiatedCodec;
use super::registry::{Registry, Wish};
use super::transceiver::{Life, Place, Transceiver, TransceiverId};
use super::write::Draft;
use super::{Media, MediaEngine};

const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// What applying the offer that was made last will do.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct OfferDraft {
    pub(super) places: Vec<(TransceiverId, Place)>,
    pub(super) registry: Registry,
}

/// What stands at one index of the offer.
pub(in crate::core) enum Slot {
    /// The section of a transceiver.
    Live(MediaDescription),
    /// One that stays rejected, or is rejected by this offer.
    Rejected,
}

/// What an earlier section at the same index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Earlier {
    /// In use.
    Live,
    /// In use, and its transport carries all others.
    Tagged,
    /// Rejected by either side.
    Rejected,
}

/// An offer in the making.
#[derive(Debug)]
pub(in crate::core) struct OfferPlan<'a> {
    media: &'a Media,
    draft: OfferDraft,
    /// Transceivers without a section, in their order.
    waiting: VecDeque<TransceiverId>,
    /// Mids that are or were in use.
    mids: BTreeSet<String>,
    next_mid: usize,
}

impl Media {
    /// Begins an offer. `mids` are those of every description in force.
    pub(in crate::core) fn plan_offer(&self, mids: BTreeSet<String>) -> OfferPlan<'_> {
        let waits = |known: &&Transceiver| known.life == Life::Live && known.place.is_none();
        OfferPlan {
            media: self,
            draft: OfferDraft {
                places: Vec::new(),
                registry: self.registry.clone(),
            },
            waiting: self
                .transceivers
                .iter()
                .filter(waits)
                .map(|known| known.id)
                .collect(),
            next_mid: mids.len(),
            mids,
        }
    }

    /// The offer was handed out: applying it does what was planned.
    pub(in crate::core) fn keep_draft(&mut self, draft: OfferDraft) {
        self.draft = Some(draft);
    }
}

impl OfferPlan<'_> {
    /// The section at the index of an earlier one.
    pub(in crate::core) fn at(&mut self, index: usize, earlier: Earlier) -> Slot {
        if let Some(transceiver) = self.media.at(index) {
            let is_kept = match transceiver.life {
                Life::Live => true,
                Life::Stopping => earlier == Earlier::Tagged,
                Life::Stopped => false,
            };
            return match transceiver.place.as_ref().filter(|_| is_kept) {
                Some(place) => Slot::Live(self.section(transceiver, place)),
                None => Slot::Rejected,
            };
        }
        match earlier {
            Earlier::Rejected => self.next(index).map_or(Slot::Rejected, Slot::Live),
            Earlier::Live | Earlier::Tagged => Slot::Rejected,
        }
    }

    /// The section of the next transceiver that has none, at an index of its own.
    pub(in crate::core) fn next(&mut self, index: usize) -> Option<MediaDescription> {
        let id = self.waiting.pop_front()?;
        let transceiver = self.media.get(id)?;
        let place = Place {
            mid: self.new_mid(index).into(),
            index,
        };
        let section = self.section(transceiver, &place);
        self.draft.places.push((id, place));
        Some(section)
    }

    /// A mid that no section has or had: the index, if it is free.
    pub(in crate::core) fn new_mid(&mut self, index: usize) -> String {
        let mut mid = index.to_string();
        while !self.mids.insert(mid.clone()) {
            mid = self.next_mid.to_string();
            self.next_mid += 1;
        }
        mid
    }

    pub(in crate::core) fn finish(self) -> OfferDraft {
        self.draft
    }

    fn section(&mut self, transceiver: &Transceiver, place: &Place) -> MediaDescription {
        let codecs = codecs(&self.media.engine, transceiver, &mut self.draft.registry);
        let extensions = extensions(&self.media.engine, transceiver, &mut self.draft.registry);
        let direction = transceiver.direction;
        let sends = if direction.sends() && transceiver.sender.is_simulcast() {
            layers(transceiver.sender.rids())
        } else {
            Vec::new()
        };
        let receives = if direction.receives() {
            layers(transceiver.receiver.rids.iter().map(String::as_str))
        } else {
            Vec::new()
        };
        Draft {
            kind: transceiver.kind,
            protocol: PROTOCOL,
            mid: Some(&place.mid),
            direction,
            codecs,
            extensions,
            sends,
            receives,
            rtcp_rsize: transceiver
                .settled
                .as_ref()
                .is_none_or(|settled| settled.rtcp_rsize),
            receiver_rtt: true,
            is_first_offer: transceiver.settled.is_none(),
            sender: &transceiver.sender,
            cname: &self.media.negotiated.cname,
        }
        .write()
    }
}

fn layers<'a>(rids: impl Iterator<Item = &'a str>) -> Vec<Layer> {
    rids.map(|rid| Layer {
        rid: rid.to_owned(),
        paused: false,
    })
    .collect()
}

/// A codec of the engine that a section may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    pub(super) capability: &'a RtpCodecCapability,
    pub(super) with_rtx: bool,
}

/// The codecs of a section in the order of preference: the application's, or else the engine's.
pub(super) fn choices<'a>(engine: &'a MediaEngine, transceiver: &Transceiver) -> Vec<Choice<'a>> {
    let preferences = &transceiver.preferences;
    let rtx = preferences.is_empty() || preferences.iter().any(|codec| codec.is("rtx"));
    let choice = |capability: &'a RtpCodecCapability| Choice {
        capability,
        with_rtx: rtx && capability.rtx_payload_type.is_some(),
    };
    if preferences.is_empty() {
        return engine.codecs(transceiver.kind).map(choice).collect();
    }
    preferences
        .iter()
        .filter_map(|codec| engine.find(transceiver.kind, codec))
        .map(choice)
        .collect()
}

fn codecs(engine: &MediaEngine, transceiver: &Transceiver, registry: &mut Registry) -> Vec<NegotiatedCodec> {
    let earlier = transceiver
        .settled
        .as_ref()
        .map_or(&[][..], |settled| &settled.payload_types);
    let choices = choices(engine, transceiver);
    let mut codecs: Vec<_> = choices
        .iter()
        .filter_map(|choice| assign(engine, registry, choice, earlier))
        .collect();
    let primary = codecs.clone();
    codecs.retain_mut(|codec| !codec.codec.is("red") || repeat(engine, registry, codec, &primary));
    if transceiver.preferences.is_empty() {
        // RFC 9429 §5.2.2: the order of the most recent answer, and behind it what that did not have.
        let rank = |codec: &NegotiatedCodec| earlier.iter().position(|it| *it == codec.payload_type);
        codecs.sort_by_key(|codec| rank(codec).unwrap_or(usize::MAX));
    }
    codecs
}

fn assign(
    engine: &MediaEngine,
    registry: &mut Registry,
    choice: &Choice<'_>,
    preferred: &[u8],
) -> Option<NegotiatedCodec> {
    let capability = choice.capability;
    let wanted = Wish {
        codec: &capability.codec,
        about: None,
        payload_type: capability.payload_type,
        preferred,
    };
    // What it repeats is not known yet: `repeat` gives it a number.
    let payload_type = if capability.codec.is("red") {
        capability.payload_type
    } else {
        registry.payload_types.assign(engine, &wanted)?
    };
    let rtx = capability.rtx_payload_type.filter(|_| choice.with_rtx);
    let rtx_payload_type = rtx.and_then(|wanted| {
        let codec = &rtx_of(&capability.codec);
        let wish = Wish {
            codec,
            about: Some(payload_type),
            payload_type: wanted,
            preferred,
        };
        registry.payload_types.assign(engine, &wish)
    });
    Some(NegotiatedCodec {
        payload_type,
        codec: capability.codec.clone(),
        feedback: capability.feedback.clone(),
        rtx_payload_type,
    })
}

/// Retransmissions of a codec, as the registry knows them.
pub(super) fn rtx_of(codec: &RtpCodec) -> RtpCodec {
    let kind = codec.kind().map_or("", super::MediaKind::as_str);
    RtpCodec {
        mime_type: format!("{kind}/rtx"),
        clock_rate: codec.clock_rate,
        channels: None,
        sdp_fmtp_line: String::new(),
    }
}

/// RFC 2198 §5: redundancy names what it repeats, the first codec with its clock. False if there is none.
fn repeat(
    engine: &MediaEngine,
    registry: &mut Registry,
    red: &mut NegotiatedCodec,
    others: &[NegotiatedCodec],
) -> bool {
    let repeated = others.iter().find(|other| {
        other.codec.is_primary()
            && other.codec.clock_rate == red.codec.clock_rate
            && other.codec.channels == red.codec.channels
    });
    let Some(repeated) = repeated else { return false };
    let wish = Wish {
        codec: &red.codec,
        about: Some(repeated.payload_type),
        payload_type: red.payload_type,
        preferred: &[],
    };
    let Some(payload_type) = registry.payload_types.assign(engine, &wish) else {
        return false;
    };
    red.payload_type = payload_type;
    red.codec.sdp_fmtp_line = format!("{0}/{0}", repeated.payload_type);
    true
}

fn extensions(engine: &MediaEngine, transceiver: &Transceiver, registry: &mut Registry) -> Vec<Extension> {
    let agreed = |uri: &String| {
        let settled = transceiver.settled.as_ref();
        settled.is_some_and(|settled| settled.extensions.contains(uri))
    };
    engine
        .header_extensions(transceiver.kind)
        .filter(|known| known.is_offered || agreed(&known.uri))
        .filter(|known| known.direction != Direction::Inactive)
        .flat_map(|known| [(known, false), (known, true)])
        .filter(|(known, is_encrypted)| known.has_form(*is_encrypted))
        .filter_map(|(known, is_encrypted)| {
            // RFC 6904 §4.1: of two forms the one in the clear has the usual id, for peers that know no other.
            let wanted = Some(known.id).filter(|_| !(is_encrypted && known.has_form(false)));
            let named = (known.uri.as_str(), is_encrypted);
            Some(Extension {
                id: registry.extension_ids.assign(engine, named, wanted)?,
                uri: known.uri.clone(),
                is_encrypted,
                direction: known.direction,
            })
        })
        .collect()
}

impl Place {
    pub(super) fn new(mid: impl Into<Arc<str>>, index: usize) -> Self {
        Self {
            mid: mid.into(),
            index,
        }
    }
}
