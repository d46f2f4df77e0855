//! Which section a stream belongs to (RFC 9143 §9.2), and which stream a retransmission repairs (RFC 8852 §3.1, RFC 4588
//! §5.3). The last word of the peer counts: a MID in a packet or in a report moves a stream that is known.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use interceptor::{Chain, InboundId, Unsignalled};

use super::agreed::inbound;
use super::sections::{Section, Sections};
use crate::core::event::RtpEvent;
use crate::core::media::PayloadTypeUse;

/// A report may be older than the packet that came before it: for so long the packet's word stands.
const REPORT_DELAY: Duration = Duration::from_secs(1);

/// SSRCs of which reports have told the section before any packet came, at most.
const MAX_HINTS: usize = 64;

/// What reports say about SSRCs of which no packet has come.
#[derive(Debug, Default)]
pub(super) struct Hints(VecDeque<(u32, String)>);

impl Hints {
    fn get(&self, ssrc: u32) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == ssrc);
        found.map(|(_, mid)| mid.as_str())
    }

    fn set(&mut self, ssrc: u32, mid: &str) {
        self.0.retain(|(known, _)| *known != ssrc);
        if self.0.len() >= MAX_HINTS {
            self.0.pop_front();
        }
        self.0.push_back((ssrc, mid.to_owned()));
    }
}

impl Sections {
    /// Makes or moves a stream for a packet whose SSRC is not known, or not in the section that it names. False when it
    /// belongs nowhere.
    pub(super) fn welcome(&mut self, now: Instant, packet: &Unsignalled<'_>, chain: &mut Chain) -> bool {
        self.sweep(now, chain);
        let Some(index) = self.section_of(packet) else {
            return false;
        };
        if let Some(stream) = chain.find_inbound(packet.ssrc) {
            let section = self.all().get(index);
            let codec = section.and_then(|section| section.agreed.received(packet.payload_type));
            return matches!(codec, Some(PayloadTypeUse::Media(_)))
                && self.move_stream(now, (stream, packet.rid()), index, chain);
        }
        let mut news = std::mem::take(&mut self.news);
        let welcomed = self
            .at_mut(index)
            .is_some_and(|section| section.welcome(now, packet, chain, &mut news));
        self.news = news;
        if welcomed {
            self.index();
        }
        welcomed
    }

    /// By MID, of the packet or of a report; without one by the payload type, where only one section may receive it.
    fn section_of(&self, packet: &Unsignalled<'_>) -> Option<usize> {
        if let Some(mid) = packet.mid().or_else(|| self.hints.get(packet.ssrc)) {
            return self.by_mid(mid);
        }
        let mut fitting = self.receiving().filter(|(_, section)| {
            let codec = section.agreed.received(packet.payload_type);
            codec.is_some()
        });
        let (index, _) = fitting.next()?;
        fitting.next().is_none().then_some(index)
    }

    fn by_mid(&self, mid: &str) -> Option<usize> {
        let found = self.receiving().find(|(_, section)| section.agreed.mid == mid);
        found.map(|(index, _)| index)
    }

    fn receiving(&self) -> impl Iterator<Item = (usize, &Section)> {
        let all = self.all().iter().enumerate();
        all.filter(|(_, section)| section.agreed.direction.receives())
    }

    /// A stream goes over to another section, with its numbers and its retransmissions.
    fn move_stream(
        &mut self,
        now: Instant,
        (stream, rid): (InboundId, Option<&str>),
        to: usize,
        chain: &mut Chain,
    ) -> bool {
        let Some(from) = self.section_of_stream(stream).filter(|from| *from != to) else {
            return false;
        };
        if !self
            .at_mut(to)
            .is_some_and(|section| section.make_room(now, chain))
        {
            return false;
        }
        let layer = self.at_mut(from).and_then(|section| {
            let index = section.layers.iter().position(|layer| layer.id == stream)?;
            Some(section.layers.remove(index))
        });
        let (Some(mut layer), Some(section)) = (layer, self.at_mut(to)) else {
            return false;
        };
        // It keeps its SSRCs, so that none can be taken.
        let _ = chain.update_inbound(stream, inbound(&section.agreed, layer.ssrc));
        let mut named = section.agreed.inbound.iter();
        layer.announced = named.any(|named| named.ssrc == Some(layer.ssrc));
        layer.rid = rid.filter(|rid| section.knows_layer(rid)).map(Into::into);
        layer.moved = Some(now);
        section.layers.push(layer);
        self.index();
        true
    }

    /// What RTCP says about where streams belong.
    pub(super) fn handle_rtcp(&mut self, now: Instant, datagram: &[u8], chain: &mut Chain) {
        for packet in rtcp::packets(datagram).map_while(Result::ok) {
            let rtcp::PacketRef::SourceDescription(description) = packet else {
                continue;
            };
            for chunk in &description.chunks {
                let mids = chunk.items.iter().filter_map(mid);
                mids.for_each(|mid| self.associate(now, chunk.ssrc, mid, chain));
            }
        }
    }

    fn associate(&mut self, now: Instant, ssrc: u32, mid: &str, chain: &mut Chain) {
        let Some(to) = self.by_mid(mid) else { return };
        let Some(stream) = chain.find_inbound(ssrc) else {
            return self.hints.set(ssrc, mid);
        };
        let mut layers = self.all().iter().flat_map(|section| &section.layers);
        let is_fresh = |moved: Instant| now.saturating_duration_since(moved) < REPORT_DELAY;
        let layer = layers.find(|layer| layer.ssrc == ssrc);
        if layer.is_some_and(|layer| !layer.moved.is_some_and(is_fresh)) {
            self.move_stream(now, (stream, None), to, chain);
        }
    }

    /// A source has said farewell (RFC 3550 §6.6).
    pub(super) fn goodbye(&mut self, now: Instant, ssrc: u32, chain: &Chain) {
        let stream = chain.find_inbound(ssrc);
        let index = stream.and_then(|stream| self.section_of_stream(stream));
        let Some(section) = index.and_then(|index| self.at_mut(index)) else {
            return;
        };
        let id = section.agreed.transceiver;
        let mut layers = section.layers.iter_mut();
        let Some(layer) = layers.find(|layer| layer.ssrc == ssrc) else {
            return;
        };
        let rid = layer.rid.clone();
        if layer.end(now) {
            self.news.push((id, RtpEvent::Ended { rid }));
        }
    }
}

fn mid(item: rtcp::SdesItem<'_>) -> Option<&str> {
    let rtcp::SdesItem::Mid(mid) = item else {
        return None;
    };
    std::str::from_utf8(mid).ok()
}

impl Section {
    fn welcome(
        &mut self,
        now: Instant,
        packet: &Unsignalled<'_>,
        chain: &mut Chain,
        news: &mut super::layers::News,
    ) -> bool {
        match self.agreed.received(packet.payload_type) {
            Some(PayloadTypeUse::Media(_)) => {
                let rid = packet.rid().filter(|rid| self.knows_layer(rid));
                self.add_layer(now, (packet.ssrc, rid), chain, news).is_ok()
            }
            Some(PayloadTypeUse::Retransmission(_)) => self.repair(packet, chain),
            None => false,
        }
    }

    /// A layer of simulcast that was not agreed upon is a stream like any other.
    fn knows_layer(&self, rid: &str) -> bool {
        let mut layers = self.agreed.inbound.iter();
        layers.any(|layer| layer.rid.as_deref() == Some(rid))
    }

    fn repair(&mut self, packet: &Unsignalled<'_>, chain: &mut Chain) -> bool {
        let repaired = packet.repaired_rid().or_else(|| packet.rid());
        let layer = match repaired {
            Some(rid) => self
                .layers
                .iter_mut()
                .rfind(|layer| layer.rid.as_deref() == Some(rid)),
            // The one stream that has no retransmissions yet is meant.
            None => {
                let mut bare = self.layers.iter_mut().filter(|layer| !layer.has_rtx);
                let first = bare.next();
                first.filter(|_| bare.next().is_none())
            }
        };
        let Some(layer) = layer else { return false };
        layer.has_rtx = chain.bind_inbound_rtx(layer.id, packet.ssrc).is_ok();
        layer.has_rtx
    }
}
