//! What two descriptions of one section agree upon: RFC 9429 §5.11, RFC 3264 §6.1.
//!
//! Each side sends with the payload types and the parameters of the other's description. A format that only one of them
//! has is not used, nor is feedback or an extension.

use sdp::Direction;

use super::answer::common;
use super::defaults::RID;
use super::described::{Described, Extension};
use super::negotiated::{
    InboundStream, NegotiatedCodec, NegotiatedExtension, NegotiatedSection, OutboundStream,
};
use super::transceiver::{Settled, Transceiver};
use super::{Media, MediaEngine, engine, format};

/// Both descriptions of one section, neither of which rejects it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) local: &'a Described,
    pub(super) remote: &'a Described,
}

impl Pair<'_> {
    /// What both allow, from our side.
    pub(super) fn direction(&self) -> Direction {
        self.local.direction.and(self.remote.direction.reversed())
    }

    /// What the last exchange says, for the next offer and for whether one is needed.
    pub(super) fn settled(&self, offered_by_us: bool) -> Settled {
        let order = if offered_by_us { self.remote } else { self.local };
        let theirs = common_codecs(&order.codecs, &self.local.codecs);
        let ours = |codec: &NegotiatedCodec| {
            self.local
                .codecs
                .iter()
                .find(|ours| format::same(&ours.codec, &codec.codec))
        };
        Settled {
            offered_by_us,
            local: self.local.direction,
            remote: self.remote.direction,
            stream_ids: self.local.track.stream_ids.clone(),
            payload_types: theirs
                .iter()
                .filter_map(ours)
                .flat_map(|codec| [Some(codec.payload_type), codec.rtx_payload_type])
                .flatten()
                .collect(),
            extensions: self.extensions().into_iter().map(|known| known.uri).collect(),
            rtcp_rsize: self.local.rtcp_rsize && self.remote.rtcp_rsize,
        }
    }

    /// An extension has the same id on both sides, or it is not used (RFC 8285 §5). Of two forms the encrypted one is, each
    /// way (RFC 6904 §4.1): both are never sent.
    fn extensions(&self) -> Vec<NegotiatedExtension> {
        let mut extensions: Vec<_> = self
            .local
            .extensions
            .iter()
            .filter_map(|ours| {
                let theirs = self.remote.extension(&ours.uri, ours.is_encrypted)?;
                let direction = ours.direction.and(theirs.direction.reversed());
                (theirs.id == ours.id).then(|| negotiated(ours, direction))
            })
            .collect();
        let hidden: Vec<_> = extensions.iter().filter(|it| it.is_encrypted).cloned().collect();
        for clear in extensions.iter_mut().filter(|it| !it.is_encrypted) {
            for hidden in hidden.iter().filter(|it| it.uri == clear.uri) {
                clear.send &= !hidden.send;
                clear.receive &= !hidden.receive;
            }
        }
        extensions.retain(|it| it.send || it.receive);
        extensions
    }

    fn outbound(&self, transceiver: &Transceiver, send: &[NegotiatedCodec]) -> Vec<OutboundStream> {
        let has_rtx = send.iter().any(|codec| codec.rtx_payload_type.is_some());
        let wanted = |rid: &str| {
            let ours = self.local.sends.iter().any(|layer| layer.rid == rid);
            self.remote.receives.iter().find(|layer| ours && layer.rid == rid)
        };
        let names_layers = self
            .extensions()
            .iter()
            .any(|known| known.send && known.uri == RID);
        let stream = |encoding: &super::Encoding, rid: Option<String>, paused: bool| OutboundStream {
            rid,
            ssrc: encoding.ssrc,
            rtx_ssrc: Some(encoding.rtx_ssrc).filter(|_| has_rtx),
            active: encoding.parameters.active,
            paused,
        };
        let layers: Vec<_> = transceiver
            .sender
            .encodings
            .iter()
            .filter_map(|encoding| {
                let rid = encoding.parameters.rid.as_deref()?;
                let layer = wanted(rid).filter(|_| names_layers)?;
                Some(stream(encoding, Some(rid.to_owned()), layer.paused))
            })
            .collect();
        if layers.is_empty() {
            let first = transceiver.sender.encodings.first();
            return first
                .map(|encoding| stream(encoding, None, false))
                .into_iter()
                .collect();
        }
        layers
    }

    /// The layers that the peer sends and we have agreed to, or its streams by SSRC.
    fn inbound(&self) -> Vec<InboundStream> {
        let wanted = |stream: &&InboundStream| {
            let asked = |rid: &String| self.local.receives.iter().any(|layer| layer.rid == *rid);
            stream.rid.as_ref().is_none_or(asked)
        };
        self.remote.streams.iter().filter(wanted).cloned().collect()
    }

    pub(super) fn section(&self, transceiver: &Transceiver) -> NegotiatedSection {
        let receive = common_codecs(&self.local.codecs, &self.remote.codecs);
        let send: Vec<_> = common_codecs(&self.remote.codecs, &self.local.codecs)
            .into_iter()
            .filter(|codec| engine::is_usable(codec.payload_type))
            .collect();
        NegotiatedSection {
            transceiver: transceiver.id,
            mid: transceiver.mid().unwrap_or_default().to_owned(),
            kind: transceiver.kind,
            direction: self.direction(),
            extensions: self.extensions(),
            extmap_allow_mixed: self.local.allow_mixed && self.remote.allow_mixed,
            reduced_size_rtcp: self.local.rtcp_rsize && self.remote.rtcp_rsize,
            receiver_rtt: self.local.receiver_rtt && self.remote.receiver_rtt,
            outbound: self.outbound(transceiver, &send),
            inbound: self.inbound(),
            remote_track: self.remote.track.clone(),
            limits: self.remote.limits,
            receive,
            send,
        }
    }
}

/// The codecs of one side that the other has too, with the feedback of both.
fn common_codecs(of: &[NegotiatedCodec], with: &[NegotiatedCodec]) -> Vec<NegotiatedCodec> {
    let common = |codec: &NegotiatedCodec| {
        let other = with
            .iter()
            .find(|other| format::same(&other.codec, &codec.codec))?;
        Some(NegotiatedCodec {
            feedback: common(&codec.feedback, &other.feedback),
            rtx_payload_type: codec
                .rtx_payload_type
                .filter(|_| other.rtx_payload_type.is_some()),
            ..codec.clone()
        })
    };
    of.iter().filter_map(common).collect()
}

/// Whether an answer has a codec of our offer on which frames can be sent.
pub(super) fn has_common_codec(local: &Described, remote: &Described) -> bool {
    let common = common_codecs(&remote.codecs, &local.codecs);
    common.iter().any(|codec| codec.codec.is_primary())
}

impl Media {
    /// Adds what our offer lets the peer send before its answer is here (RFC 9429 §4.1.8): new sections, and payload types
    /// that old ones did not have.
    pub(super) fn expect(&mut self, offered: &[(usize, Described)]) {
        for (index, local) in offered {
            let Some(transceiver) = self.transceivers.iter().find(|known| known.is_at(*index)) else {
                continue;
            };
            if local.is_rejected || !local.direction.receives() {
                continue;
            }
            let known = self
                .negotiated
                .sections
                .iter_mut()
                .find(|section| section.transceiver == transceiver.id);
            if let Some(section) = known {
                let new = |codec: &&NegotiatedCodec| section.received(codec.payload_type).is_none();
                let codecs: Vec<_> = local.codecs.iter().filter(new).cloned().collect();
                section.receive.extend(codecs);
                continue;
            }
            let sections = &mut self.negotiated.sections;
            let mut agreed = sections.iter().flat_map(|section| &section.extensions);
            let hides = agreed.any(|it| it.is_encrypted && it.send);
            let section = offered_section(transceiver, local, hides);
            sections.push(section);
        }
        self.silence();
    }
}

fn negotiated(extension: &Extension, direction: Direction) -> NegotiatedExtension {
    NegotiatedExtension {
        id: extension.id,
        uri: extension.uri.clone(),
        is_encrypted: extension.is_encrypted,
        send: direction.sends(),
        receive: direction.receives(),
    }
}

/// A section that only our offer describes: the peer may send in it, we may not. Which form of an extension it will choose
/// is known from its other answers, of which `hides` tells that it knows encrypted ones.
fn offered_section(transceiver: &Transceiver, local: &Described, hides: bool) -> NegotiatedSection {
    let extension = |known: &Extension| {
        let is_expected = known.is_encrypted == hides || local.extension(&known.uri, hides).is_none();
        let extension = negotiated(known, known.direction);
        NegotiatedExtension {
            send: false,
            receive: extension.receive && is_expected,
            ..extension
        }
    };
    NegotiatedSection {
        transceiver: transceiver.id,
        mid: transceiver.mid().unwrap_or_default().to_owned(),
        kind: transceiver.kind,
        direction: Direction::RecvOnly,
        receive: local.codecs.clone(),
        send: Vec::new(),
        extensions: local.extensions.iter().map(extension).collect(),
        extmap_allow_mixed: local.allow_mixed,
        reduced_size_rtcp: false,
        receiver_rtt: false,
        outbound: Vec::new(),
        inbound: local.receives.iter().map(InboundStream::layer).collect(),
        remote_track: super::RemoteTrack::default(),
        limits: super::SendLimits::default(),
    }
}

/// The payload types and ids of a description count from now on, whoever has chosen them.
pub(super) fn learn(registry: &mut super::registry::Registry, engine: &MediaEngine, described: &Described) {
    for codec in &described.codecs {
        if engine.find(described.kind, &codec.codec).is_none() {
            continue;
        }
        let about = if codec.codec.is("red") {
            super::answer::repeated(&codec.codec.sdp_fmtp_line)
        } else {
            None
        };
        registry
            .payload_types
            .learn(codec.payload_type, &codec.codec, about);
        if let Some(rtx) = codec.rtx_payload_type {
            let rtx_codec = super::offer::rtx_of(&codec.codec);
            registry
                .payload_types
                .learn(rtx, &rtx_codec, Some(codec.payload_type));
        }
    }
    for extension in &described.extensions {
        let named = (extension.uri.as_str(), extension.is_encrypted);
        registry.extension_ids.learn(extension.id, named);
    }
}
