//! Which section the first packet of a stream belongs to (RFC 9143 §9.2), and which stream a retransmission repairs
//! (RFC 8852 §3.1, RFC 4588 §5.3).

use std::time::Instant;

use interceptor::{Chain, Unsignalled};

use super::sections::{Section, Sections};
use crate::core::media::PayloadTypeUse;

impl Sections {
    /// Makes a stream for a packet whose SSRC is not known. False when it belongs nowhere.
    pub(super) fn welcome(&mut self, now: Instant, packet: &Unsignalled<'_>, chain: &mut Chain) -> bool {
        let Some(index) = self.section_of(packet) else {
            return false;
        };
        let welcomed = self
            .at_mut(index)
            .is_some_and(|section| section.welcome(now, packet, chain));
        if welcomed {
            self.index();
        }
        welcomed
    }

    /// By MID; without one by the payload type, where only one section may receive it.
    fn section_of(&self, packet: &Unsignalled<'_>) -> Option<usize> {
        let mut receiving = self
            .all()
            .iter()
            .enumerate()
            .filter(|(_, section)| section.agreed.direction.receives());
        if let Some(mid) = packet.mid() {
            let found = receiving.find(|(_, section)| section.agreed.mid == mid);
            return found.map(|(index, _)| index);
        }
        let mut fitting =
            receiving.filter(|(_, section)| section.agreed.received(packet.payload_type).is_some());
        let (index, _) = fitting.next()?;
        fitting.next().is_none().then_some(index)
    }
}

impl Section {
    fn welcome(&mut self, now: Instant, packet: &Unsignalled<'_>, chain: &mut Chain) -> bool {
        match self.agreed.received(packet.payload_type) {
            Some(PayloadTypeUse::Media(_)) => {
                let rid = packet.rid().filter(|rid| self.knows_layer(rid));
                self.add_layer(now, packet.ssrc, rid, chain)
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
