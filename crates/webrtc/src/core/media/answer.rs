//! Sections of an answer: RFC 9429 §5.3.1, RFC 3264 §6, RFC 8285 §6 (extensions), RFC 8853 §5.3.2 (simulcast).
//!
//! An answer keeps the payload types, the ids and the order of the offer, and holds only what both sides know. Where
//! RFC 9429 answers no offer of simulcast, we accept to receive its layers, as servers have to.

use std::collections::BTreeSet;

use sdp::{Direction, MediaDescription, Section, SessionDescription};

use super::codec::RtcpFeedback;
use super::defaults::{MID, RID};
use super::described::{Described, Extension, Layer};
use super::engine::{self, MediaEngine};
use super::negotiated::NegotiatedCodec;
use super::offer::{Choice, choices};
use super::transceiver::{Life, Transceiver};
use super::write::Draft;
use super::{Media, format};

/// An answer in the making.
#[derive(Debug)]
pub(in crate::core) struct AnswerPlan<'a> {
    media: &'a Media,
    /// Extensions that some section offers in the clear alone, so that they stay so: whoever reads a packet does not know
    /// yet which section it belongs to.
    clear: BTreeSet<String>,
}

impl Media {
    pub(in crate::core) fn plan_answer(&self, offer: &SessionDescription) -> AnswerPlan<'_> {
        let clear = if self.engine.encrypts() {
            clear_alone(offer)
        } else {
            BTreeSet::new()
        };
        AnswerPlan { media: self, clear }
    }
}

/// The extensions that some section has in the clear, and not encrypted.
fn clear_alone(offer: &SessionDescription) -> BTreeSet<String> {
    let sections = offer.sections().filter_map(|section| Described::read(&section));
    let mut clear = BTreeSet::new();
    for section in sections.filter(|section| !section.is_rejected) {
        let is_live = |it: &&Extension| it.direction != Direction::Inactive;
        let is_hidden = |uri: &str| section.extension(uri, true).as_ref().is_some_and(is_live);
        let live = section.extensions.iter().filter(is_live);
        let alone = live.filter(|it| !it.is_encrypted && !is_hidden(&it.uri));
        clear.extend(alone.map(|it| it.uri.clone()));
    }
    clear
}

impl AnswerPlan<'_> {
    /// The answer to the section at `index`; `None` rejects it. Whether it shares our transport was checked before.
    pub(in crate::core) fn section(&self, index: usize, offered: &Section<'_>) -> Option<MediaDescription> {
        let media = self.media;
        let described = Described::read(offered)?;
        // A transceiver that is only stopping is answered (W3C webrtc-pc §5.4, `stop`): its direction is inactive.
        let transceiver = media.at(index).filter(|known| known.life != Life::Stopped)?;
        let codecs = codecs(&media.engine, transceiver, &described);
        if described.is_rejected || !is_usable(&described, &codecs) {
            return None;
        }
        let direction = described.direction.reversed().and(transceiver.direction);
        let extensions = self.extensions(&described);
        let sends = if direction.sends() {
            layers_to_send(transceiver, &described)
        } else {
            Vec::new()
        };
        let names_layers = [MID, RID].iter().all(|uri| {
            extensions
                .iter()
                .any(|it| it.uri == *uri && it.direction != Direction::Inactive)
        });
        let receives = if direction.receives() && names_layers {
            described.sends.clone()
        } else {
            Vec::new()
        };
        let draft = Draft {
            kind: described.kind,
            protocol: &offered.media.protocol,
            mid: described.mid.as_deref(),
            direction,
            codecs,
            extensions,
            sends,
            receives,
            rtcp_rsize: described.rtcp_rsize,
            receiver_rtt: described.receiver_rtt,
            is_first_offer: false,
            sender: &transceiver.sender,
            cname: &media.negotiated.cname,
        };
        Some(draft.write())
    }

    /// What both sides know. Of an extension in two forms the encrypted one is used, and the other is marked as inactive
    /// (RFC 6904 §4.1).
    fn extensions(&self, offered: &Described) -> Vec<Extension> {
        let answer = |extension: &Extension| {
            let (uri, is_encrypted) = (&extension.uri, extension.is_encrypted);
            let known = self
                .media
                .engine
                .header_extensions(offered.kind)
                .find(|known| known.uri == *uri)?;
            let direction = extension.direction.reversed().and(known.direction);
            let gives_way = is_encrypted
                && known.has_form(false)
                && offered.extension(uri, false).is_some()
                && self.clear.contains(uri);
            let is_usable = known.has_form(is_encrypted) && direction != Direction::Inactive;
            (is_usable && !gives_way).then(|| Extension {
                direction,
                ..extension.clone()
            })
        };
        let mut extensions: Vec<_> = offered.extensions.iter().filter_map(answer).collect();
        let hidden: Vec<_> = extensions.iter().filter(|it| it.is_encrypted).cloned().collect();
        for extension in extensions.iter_mut().filter(|it| !it.is_encrypted) {
            if hidden.iter().any(|hidden| hidden.uri == extension.uri) {
                extension.direction = Direction::Inactive;
            }
        }
        extensions
    }
}

/// Whether a section can be answered at all: its profile is RTP, RTCP shares its port, and there is a codec for frames.
fn is_usable(described: &Described, codecs: &[NegotiatedCodec]) -> bool {
    described.is_rtp && described.rtcp_mux && codecs.iter().any(|codec| codec.codec.is_primary())
}

/// Whether the engine has a codec for a section, whatever a transceiver prefers.
pub(super) fn is_answerable(engine: &MediaEngine, described: &Described) -> bool {
    let known = |codec: &NegotiatedCodec| {
        codec.codec.is_primary() && engine.find(described.kind, &codec.codec).is_some()
    };
    described.is_rtp && described.rtcp_mux && described.codecs.iter().any(known)
}

/// The offered codecs that we know, in the order of the offer or of the application.
fn codecs(engine: &MediaEngine, transceiver: &Transceiver, offered: &Described) -> Vec<NegotiatedCodec> {
    let choices = choices(engine, transceiver);
    let mut ranked: Vec<_> = offered
        .codecs
        .iter()
        .filter(|codec| engine::is_usable(codec.payload_type))
        .filter_map(|codec| {
            let rank = choices
                .iter()
                .position(|choice| format::same(&choice.capability.codec, &codec.codec))?;
            Some((rank, answer(choices.get(rank)?, codec)))
        })
        .collect();
    if !transceiver.preferences.is_empty() {
        ranked.sort_by_key(|(rank, _)| *rank);
    }
    let mut codecs: Vec<_> = ranked.into_iter().map(|(_, codec)| codec).collect();
    let known: Vec<_> = codecs.iter().map(|codec| codec.payload_type).collect();
    codecs.retain(|codec| !codec.codec.is("red") || repeats(&codec.codec.sdp_fmtp_line, &known));
    codecs
}

fn answer(choice: &Choice<'_>, offered: &NegotiatedCodec) -> NegotiatedCodec {
    let ours = &choice.capability.codec;
    let mut codec = offered.codec.clone();
    // Redundancy names payload types, which are the offer's.
    if !ours.is("red") {
        codec.sdp_fmtp_line = format::answer(ours, &offered.codec);
    }
    NegotiatedCodec {
        payload_type: offered.payload_type,
        codec,
        feedback: common(&offered.feedback, &choice.capability.feedback),
        rtx_payload_type: offered
            .rtx_payload_type
            .filter(|payload_type| choice.with_rtx && engine::is_usable(*payload_type)),
    }
}

pub(super) fn common(one: &[RtcpFeedback], other: &[RtcpFeedback]) -> Vec<RtcpFeedback> {
    one.iter().filter(|it| other.contains(it)).cloned().collect()
}

/// Whether redundancy repeats codecs that are known (RFC 2198 §5): `111/111`.
pub(super) fn repeats(parameters: &str, known: &[u8]) -> bool {
    repeated(parameters).is_some()
        && parameters
            .split('/')
            .all(|part| part.trim().parse().is_ok_and(|part| known.contains(&part)))
}

/// The first payload type that redundancy repeats.
pub(super) fn repeated(parameters: &str) -> Option<u8> {
    parameters.split('/').next()?.trim().parse().ok()
}

/// The layers that we have and the peer asks for.
fn layers_to_send(transceiver: &Transceiver, offered: &Described) -> Vec<Layer> {
    if !transceiver.sender.is_simulcast() {
        return Vec::new();
    }
    let wanted = |rid: &&str| offered.receives.iter().any(|layer| layer.rid == *rid);
    transceiver
        .sender
        .rids()
        .filter(wanted)
        .map(|rid| Layer {
            rid: rid.to_owned(),
            paused: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redundancy_needs_what_it_repeats() {
        assert!(repeats("111/111", &[111]));
        assert!(repeats("111/8", &[8, 111]));
        assert!(!repeats("111/111", &[8]));
        assert!(!repeats("", &[0]));
        assert!(!repeats("x/111", &[111]));
    }
}
