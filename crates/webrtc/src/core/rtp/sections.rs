//! The sections of a transport with their streams in the interceptor chain: what an exchange adds, keeps and removes. Streams
//! that are received are in [`layers`](super::layers), and which section they belong to is in [`demux`](super::demux).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use interceptor::{Chain, InboundId, OutboundId};

use super::agreed::{inbound, outbound, receive_ids};
use super::demux::Hints;
use super::layers::Layer;
use super::queue::{Numbers, PacketQueue, Waiting};
use super::splice::Splice;
use crate::core::event::RtpEvent;
use crate::core::media::{
    NegotiatedCodec, NegotiatedMedia, NegotiatedSection, OutboundStream, TransceiverId,
};

/// A stream that is sent.
#[derive(Debug)]
pub(super) struct Encoding {
    pub(super) id: OutboundId,
    pub(super) is_sent: bool,
    pub(super) splice: Splice,
    /// When a timestamp of its source was sampled, to be told with the next packet.
    pub(super) sampled: Option<(Instant, u32)>,
    /// It is in [`Section::parked`], or was until this exchange.
    is_parked: bool,
    pub(super) rid: Option<Arc<str>>,
    description: interceptor::Outbound,
}

impl Encoding {
    /// The peer may ask for its packets, and those of this codec then go again as they were.
    pub(super) fn repeats(&self, codec: &NegotiatedCodec) -> Option<u32> {
        let description = &self.description;
        let has_rtx = description.rtx_ssrc.is_some() && codec.rtx_payload_type.is_some();
        (description.feedback.nack && !has_rtx).then_some(description.ssrc)
    }

    /// Another source begins with the next packet: what was said of the last one holds no more.
    pub(super) fn begin_source(&mut self, chain: &mut Chain) {
        self.splice.begin();
        self.sampled = None;
        chain.end_relation(self.id);
    }
}

/// A section.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) agreed: NegotiatedSection,
    pub(super) layers: Vec<Layer>,
    pub(super) encodings: Vec<Encoding>,
    /// Encodings that are not sent by what is agreed upon, as on hold. Their SSRCs come back with them, so that their numbers
    /// have to go on: SRTP protects none twice (RFC 3711 §9.1). One for each SSRC of the transceiver at most.
    pub(super) parked: Vec<Encoding>,
    pub(super) received: PacketQueue,
    /// SSRCs of the peer's description that have no stream here.
    pub(super) refused: Vec<u32>,
}

/// All sections, in the order of the descriptions.
#[derive(Debug, Default)]
pub(super) struct Sections {
    generation: Option<u64>,
    all: Vec<Section>,
    by_stream: HashMap<InboundId, usize>,
    pub(super) hints: Hints,
    /// What the application is to be told.
    pub(super) news: Vec<(TransceiverId, RtpEvent)>,
}

/// What goes with an exchange that is applied.
pub(super) struct Exchange<'a> {
    pub(super) now: Instant,
    pub(super) chain: &'a mut Chain,
    /// SSRCs that packets have moved away from the sections that a description names.
    pub(super) moved: Vec<u32>,
    pub(super) news: &'a mut Vec<(TransceiverId, RtpEvent)>,
}

/// What became of a packet for a section.
pub(super) struct Kept {
    pub(super) transceiver: TransceiverId,
    /// Nothing waited before it.
    pub(super) is_first: bool,
    /// An older packet had to go.
    pub(super) has_overflowed: bool,
}

impl Sections {
    pub(super) const fn generation(&self) -> Option<u64> {
        self.generation
    }

    pub(super) fn all(&self) -> &[Section] {
        &self.all
    }

    pub(super) fn get(&self, id: TransceiverId) -> Option<&Section> {
        self.all.iter().find(|section| section.agreed.transceiver == id)
    }

    pub(super) fn get_mut(&mut self, id: TransceiverId) -> Option<&mut Section> {
        self.all
            .iter_mut()
            .find(|section| section.agreed.transceiver == id)
    }

    pub(super) fn at_mut(&mut self, index: usize) -> Option<&mut Section> {
        self.all.get_mut(index)
    }

    /// The SSRCs of all that is sent, or was and may come back.
    pub(super) fn outbound_ssrcs(&self) -> impl Iterator<Item = u32> {
        let sections = self.all.iter();
        let encodings = sections.flat_map(|section| section.encodings.iter().chain(&section.parked));
        encodings.map(|encoding| encoding.description.ssrc)
    }

    /// Takes over what was agreed upon. Streams that go on keep their state.
    pub(super) fn apply(&mut self, now: Instant, media: &NegotiatedMedia, chain: &mut Chain) {
        self.generation = Some(media.generation);
        chain.set_extensions(receive_ids(media));
        chain.set_reduced_size(media.sections.iter().all(|section| section.reduced_size_rtcp));
        chain.set_receiver_rtt(media.sections.iter().all(|section| section.receiver_rtt));
        self.sweep(now, chain);
        let layers = self.all.iter().flat_map(|section| &section.layers);
        let moved = layers.filter(|layer| layer.moved.is_some());
        let moved = moved.map(|layer| layer.ssrc).collect();
        let mut before = std::mem::take(&mut self.all);
        // What ends makes room for what begins, which may have the same SSRC.
        for section in &mut before {
            section.leave(now, media, chain);
        }
        let mut exchange = Exchange {
            now,
            chain,
            moved,
            news: &mut self.news,
        };
        for agreed in &media.sections {
            let known = before
                .iter()
                .position(|section| section.agreed.transceiver == agreed.transceiver);
            let mut section = match known {
                Some(index) => before.swap_remove(index),
                None => Section::new(agreed),
            };
            section.enter(agreed, &mut exchange);
            self.all.push(section);
        }
        self.index();
    }

    /// The section that a stream belongs to.
    pub(super) fn section_of_stream(&self, stream: InboundId) -> Option<usize> {
        self.by_stream.get(&stream).copied()
    }

    /// Notes which section each stream belongs to.
    pub(super) fn index(&mut self) {
        self.by_stream.clear();
        for (index, section) in self.all.iter().enumerate() {
            let ids = section.layers.iter().map(|layer| (layer.id, index));
            self.by_stream.extend(ids);
        }
    }

    /// Puts a packet where the application finds it. `None` when its section receives nothing, or is gone.
    pub(super) fn keep(&mut self, stream: InboundId, numbers: Numbers, bytes: &[u8]) -> Option<Kept> {
        let section = self.all.get_mut(*self.by_stream.get(&stream)?)?;
        if !section.agreed.direction.receives() {
            return None;
        }
        let layer = section.layers.iter_mut().find(|layer| layer.id == stream)?;
        layer.has_come(numbers.arrived);
        let is_first = section.received.is_empty();
        let mut packet = section.received.buffer();
        packet.extend_from_slice(bytes);
        let waiting = Waiting {
            packet,
            stream,
            rid: layer.rid.clone(),
            numbers,
        };
        let lost = section.received.push(waiting);
        if let Some(layer) = section.layers.iter_mut().find(|layer| Some(layer.id) == lost) {
            layer.discarded += 1;
        }
        Some(Kept {
            transceiver: section.agreed.transceiver,
            is_first,
            has_overflowed: lost.is_some(),
        })
    }

    /// The transceivers that send.
    pub(super) fn senders(&self) -> impl Iterator<Item = TransceiverId> {
        let sending = self.all.iter().filter(|section| !section.encodings.is_empty());
        sending.map(|section| section.agreed.transceiver)
    }

    /// What the chain reports, as the application knows it.
    pub(super) fn translate(&self, event: interceptor::Event) -> Option<(TransceiverId, RtpEvent)> {
        type Told = interceptor::Event;
        let (stream, event) = match event {
            Told::KeyFrameRequested { stream } => (stream, RtpEvent::KeyFrameRequested { rid: None }),
            Told::BitrateLimit { stream, bitrate } => (stream, RtpEvent::BitrateLimit { rid: None, bitrate }),
            Told::CircuitBroken { stream, reason } => (stream, RtpEvent::CircuitBroken { rid: None, reason }),
            Told::Goodbye { .. } | Told::Feedback | Told::ReceiverEstimate { .. } | _ => return None,
        };
        let (transceiver, layer) = self.all.iter().find_map(|section| {
            let encoding = section.encodings.iter().find(|encoding| encoding.id == stream)?;
            Some((section.agreed.transceiver, encoding.rid.clone()))
        })?;
        Some((transceiver, event.of_layer(layer)))
    }
}

impl Section {
    fn new(agreed: &NegotiatedSection) -> Self {
        Self {
            agreed: agreed.clone(),
            layers: Vec::new(),
            encodings: Vec::new(),
            parked: Vec::new(),
            received: PacketQueue::default(),
            refused: Vec::new(),
        }
    }

    /// Ends the streams that are in `media` no more. What is on hold may go on, and its counters stay (W3C webrtc-stats §8:
    /// an inactive transceiver deletes no monitored object).
    fn leave(&mut self, now: Instant, media: &NegotiatedMedia, chain: &mut Chain) {
        let next = media.by_transceiver(self.agreed.transceiver);
        let has = |section: &NegotiatedSection, layer: &Layer| {
            let mut ssrcs = section.inbound.iter().filter_map(|stream| stream.ssrc);
            ssrcs.any(|ssrc| ssrc == layer.ssrc)
        };
        self.layers.retain(|layer| {
            let stays = next.is_some_and(|next| match next.direction.receives() {
                true => !layer.announced || has(next, layer),
                false => !media.sections.iter().any(|section| has(section, layer)),
            });
            if !stays {
                chain.remove_inbound(layer.id);
            }
            stays
        });
        let wanted = next.filter(|next| next.direction.sends());
        let ends = |encoding: &mut Encoding| {
            let mut streams = wanted.iter().flat_map(|next| &next.outbound);
            !streams.any(|stream| stream.ssrc == encoding.description.ssrc)
        };
        self.parked.extend(self.encodings.extract_if(.., ends));
        for encoding in &mut self.parked {
            encoding.is_parked = true;
            if next.is_some() {
                chain.pause_outbound(now, encoding.id);
            } else {
                chain.remove_outbound(now, encoding.id);
            }
        }
    }

    /// Begins the streams that are not there.
    fn enter(&mut self, agreed: &NegotiatedSection, exchange: &mut Exchange<'_>) {
        self.agreed.clone_from(agreed);
        for layer in &self.layers {
            // An SSRC of retransmissions that is taken keeps its stream.
            let _taken = exchange
                .chain
                .update_inbound(layer.id, inbound(agreed, layer.ssrc));
        }
        if agreed.direction.receives() {
            self.expect(exchange);
        }
        if agreed.direction.sends() {
            let mut before = std::mem::take(&mut self.encodings);
            before.append(&mut self.parked);
            self.encodings = agreed
                .outbound
                .iter()
                .filter_map(|stream| encoding(agreed, stream, &mut before, exchange))
                .collect();
            self.parked = before;
        }
    }
}

/// The stream of an encoding, which goes on if it was there before.
fn encoding(
    agreed: &NegotiatedSection,
    stream: &OutboundStream,
    before: &mut Vec<Encoding>,
    exchange: &mut Exchange<'_>,
) -> Option<Encoding> {
    let chain = &mut *exchange.chain;
    let description = outbound(agreed, stream);
    let is_sent = stream.active && !stream.paused;
    let known = before
        .iter()
        .position(|known| known.description.ssrc == description.ssrc);
    if let Some(index) = known {
        let mut known = before.swap_remove(index);
        if known.description != description {
            // An SSRC of retransmissions that is taken keeps its stream, and they go without one.
            let _taken = chain.update_outbound(known.id, description.clone());
        }
        if std::mem::take(&mut known.is_parked) {
            chain.resume_outbound(exchange.now, known.id);
            // The source's numbers may be anywhere by then.
            known.begin_source(chain);
        }
        return Some(Encoding {
            is_sent,
            description,
            ..known
        });
    }
    let id = chain.add_outbound(exchange.now, description.clone()).ok()?;
    for ssrc in [Some(stream.ssrc), stream.rtx_ssrc].into_iter().flatten() {
        if chain.find_inbound(ssrc).is_some() {
            let collision = RtpEvent::SsrcCollision { ssrc };
            exchange.news.push((agreed.transceiver, collision));
        }
    }
    Some(Encoding {
        id,
        is_sent,
        splice: Splice::default(),
        sampled: None,
        is_parked: false,
        rid: stream.rid.as_deref().map(Arc::from),
        description,
    })
}
