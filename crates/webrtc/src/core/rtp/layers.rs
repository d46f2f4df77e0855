//! The streams that a section receives: those that the peer's description names by SSRC, and those that came.

use std::sync::Arc;
use std::time::{Duration, Instant};

use interceptor::{AddError, Chain, InboundId};

use super::agreed::inbound;
use super::sections::{Exchange, Section, Sections};
use crate::core::event::{RtpEvent, SsrcRefusal};
use crate::core::media::TransceiverId;

/// Streams that one section receives at a time, retransmissions not counted: every layer of simulcast twice, for a
/// sender that begins anew under other SSRCs.
pub(super) const MAX_LAYERS: usize = 16;

/// For so long packets may come that were sent before a farewell (RFC 3550 §6.2.1).
const STRAGGLERS: Duration = Duration::from_secs(2);

/// A stream that is received.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) id: InboundId,
    pub(super) ssrc: u32,
    pub(super) rid: Option<Arc<str>>,
    pub(super) has_rtx: bool,
    /// The peer's description named its SSRC.
    pub(super) announced: bool,
    /// When a packet or a report last said that it belongs here, after it had been elsewhere.
    pub(super) moved: Option<Instant>,
    /// When its sender said farewell.
    ended: Option<Instant>,
    /// Packets that nobody has read in time.
    pub(super) discarded: u64,
}

impl Layer {
    /// A packet has come. Long after a farewell it is no straggler: the stream goes on.
    pub(super) fn has_come(&mut self, now: Instant) {
        self.ended.take_if(|ended| now >= *ended + STRAGGLERS);
    }

    /// It says farewell. False when it did before.
    pub(super) fn end(&mut self, now: Instant) -> bool {
        self.ended.replace(now).is_none()
    }

    fn is_over(&self, now: Instant) -> bool {
        !self.announced && self.ended.is_some_and(|ended| now >= ended + STRAGGLERS)
    }
}

/// What is told of the peer's SSRCs.
pub(super) type News = Vec<(TransceiverId, RtpEvent)>;

impl Sections {
    /// Streams that have ended are forgotten, unless a description names them (RFC 9143 §9.2).
    pub(super) fn sweep(&mut self, now: Instant, chain: &mut Chain) {
        for index in 0..self.all().len() {
            let Some(section) = self.at_mut(index) else {
                continue;
            };
            let over = section.layers.extract_if(.., |layer| layer.is_over(now));
            for layer in over {
                chain.remove_inbound(layer.id);
            }
        }
    }
}

impl Section {
    /// Begins the streams that the peer's description names.
    pub(super) fn expect(&mut self, exchange: &mut Exchange<'_>) {
        let named = std::mem::take(&mut self.agreed.inbound);
        let before = std::mem::take(&mut self.refused);
        for layer in &mut self.layers {
            layer.announced = named.iter().any(|stream| stream.ssrc == Some(layer.ssrc));
        }
        for stream in &named {
            let Some(ssrc) = stream.ssrc else { continue };
            let known = self.layers.iter().any(|layer| layer.ssrc == ssrc);
            let begun = match known {
                true => Ok(()),
                false => self.add_layer(
                    exchange.now,
                    (ssrc, stream.rid.as_deref()),
                    exchange.chain,
                    exchange.news,
                ),
            };
            let bound = begun.and_then(|()| {
                let Some(layer) = self.layers.iter_mut().find(|layer| layer.ssrc == ssrc) else {
                    return Ok(());
                };
                layer.announced = true;
                let Some(rtx) = stream.rtx_ssrc else { return Ok(()) };
                exchange.chain.bind_inbound_rtx(layer.id, rtx)?;
                layer.has_rtx = true;
                Ok(())
            });
            match bound {
                Err(AddError::SsrcInUse(taken)) if exchange.moved.contains(&taken) => {}
                Err(AddError::SsrcInUse(taken)) => {
                    self.refuse(taken, SsrcRefusal::Taken, &before, exchange.news)
                }
                Err(_) => self.refuse(ssrc, SsrcRefusal::TooMany, &before, exchange.news),
                Ok(()) => {}
            }
        }
        self.agreed.inbound = named;
    }

    /// Tells once that the description names an SSRC that has no stream here.
    fn refuse(&mut self, ssrc: u32, reason: SsrcRefusal, before: &[u32], news: &mut News) {
        self.refused.push(ssrc);
        if !before.contains(&ssrc) {
            let event = RtpEvent::SsrcRefused { ssrc, reason };
            news.push((self.agreed.transceiver, event));
        }
    }

    /// Begins to receive a stream. When there are too many, the oldest one goes that the peer's description does not name.
    pub(super) fn add_layer(
        &mut self,
        now: Instant,
        (ssrc, rid): (u32, Option<&str>),
        chain: &mut Chain,
        news: &mut News,
    ) -> Result<(), AddError> {
        if chain.find_inbound(ssrc).is_some() {
            return Err(AddError::SsrcInUse(ssrc));
        }
        if !self.make_room(now, chain) {
            return Err(AddError::TooManyStreams);
        }
        let id = chain.add_inbound(now, inbound(&self.agreed, ssrc))?;
        if chain.find_outbound(ssrc).is_some() {
            news.push((self.agreed.transceiver, RtpEvent::SsrcCollision { ssrc }));
        }
        self.layers.push(Layer {
            id,
            ssrc,
            rid: rid.map(Arc::from),
            has_rtx: false,
            announced: false,
            moved: None,
            ended: None,
            discarded: 0,
        });
        Ok(())
    }

    /// Makes room for another stream: one that has said farewell goes first, then the oldest. Those that the description names
    /// stay; false when there is nothing else.
    pub(super) fn make_room(&mut self, now: Instant, chain: &mut Chain) -> bool {
        if self.layers.len() < MAX_LAYERS {
            return true;
        }
        let strangers = || {
            self.layers
                .iter()
                .enumerate()
                .filter(|(_, layer)| !layer.announced)
        };
        let ended = strangers().find(|(_, layer)| layer.ended.is_some_and(|ended| ended <= now));
        let Some((index, _)) = ended.or_else(|| strangers().next()) else {
            return false;
        };
        chain.remove_inbound(self.layers.remove(index).id);
        true
    }
}
