//! The way of a datagram: out of an interface, through NATs, into another.

use super::{Network, NodeId, Packet, Step};
use crate::endpoint::{Endpoint, Path};
use crate::link::{DropReason, Fate};
use crate::topology::{Next, Realm};
use crate::trace::TraceEvent;

impl<E: Endpoint> Network<E> {
    pub(super) fn send(&mut self, node: NodeId, path: Path, contents: &[u8]) {
        self.stats.sent += 1;
        self.stats.sent_bytes += contents.len() as u64;
        let packet = Packet {
            source: path.local,
            destination: path.remote,
            contents: contents.to_vec(),
        };
        self.record(TraceEvent::Sent, &packet);
        let Some(interface) = self.topology.interface_of(node, path.local.ip()) else {
            self.drop_packet(DropReason::NoRoute, &packet);
            return;
        };
        let realm = interface.realm;
        let fate = interface.outbound.send(self.now, contents.len(), &mut self.rng);
        self.forward(fate, packet, |packet| Step::Route(realm, packet));
    }

    /// Schedules what a link has decided.
    fn forward(&mut self, fate: Fate, packet: Packet, step: impl Fn(Packet) -> Step<E>) {
        match fate {
            Fate::Dropped(reason) => self.drop_packet(reason, &packet),
            Fate::Arrives { at, again } => {
                if let Some(again) = again {
                    self.stats.duplicated += 1;
                    let copy = Packet {
                        contents: packet.contents.clone(),
                        ..packet
                    };
                    self.schedule.push(again, step(copy));
                }
                self.schedule.push(at, step(packet));
            }
        }
    }

    pub(super) fn route(&mut self, realm: Realm, packet: Packet) {
        match self.topology.next(realm, packet.destination.ip()) {
            Next::Interface(index) => {
                let Some(interface) = self.topology.interface(index) else {
                    return;
                };
                let fate = interface
                    .inbound
                    .send(self.now, packet.contents.len(), &mut self.rng);
                self.forward(fate, packet, |packet| Step::Deliver(index, packet));
            }
            Next::Into(inner) => self.enter(inner, packet),
            Next::Out => self.leave(realm, packet),
            Next::Nowhere => self.drop_packet(DropReason::NoRoute, &packet),
        }
    }

    /// From outside through a NAT.
    fn enter(&mut self, inner: Realm, packet: Packet) {
        let now = self.now;
        let Some(gateway) = self.topology.gateway(inner) else {
            return;
        };
        let Some(destination) = gateway.nat.inbound(now, packet.destination, packet.source) else {
            self.drop_packet(DropReason::Filtered, &packet);
            return;
        };
        let fate = gateway.inbound.send(now, packet.contents.len(), &mut self.rng);
        let packet = Packet {
            destination,
            ..packet
        };
        self.record(TraceEvent::Translated, &packet);
        self.forward(fate, packet, |packet| Step::Route(inner, packet));
    }

    /// From inside through a NAT, or back in again where it hairpins.
    fn leave(&mut self, realm: Realm, packet: Packet) {
        let now = self.now;
        let Some(gateway) = self.topology.gateway(realm) else {
            return;
        };
        let hairpin = gateway.nat.has_outer(packet.destination.ip());
        if hairpin && !gateway.nat.hairpins() {
            self.drop_packet(DropReason::Filtered, &packet);
            return;
        }
        let outer = gateway.outer;
        let Some(source) = gateway
            .nat
            .outbound(now, packet.source, packet.destination, &mut self.rng)
        else {
            self.drop_packet(DropReason::NoRoute, &packet);
            return;
        };
        let fate = gateway.outbound.send(now, packet.contents.len(), &mut self.rng);
        let packet = Packet { source, ..packet };
        self.record(TraceEvent::Translated, &packet);
        // A hairpinned datagram is routed outside too: there its destination leads back into the NAT.
        self.forward(fate, packet, |packet| Step::Route(outer, packet));
    }

    pub(super) fn deliver(&mut self, index: usize, mut packet: Packet) {
        let Some(interface) = self.topology.interface(index) else {
            return;
        };
        let (node, up, realm) = (interface.node, interface.inbound.up, interface.realm);
        // The address may have changed while the datagram was under way.
        if self.topology.next(realm, packet.destination.ip()) != Next::Interface(index) {
            self.drop_packet(DropReason::NoRoute, &packet);
            return;
        }
        if !up {
            self.drop_packet(DropReason::Down, &packet);
            return;
        }
        self.stats.delivered += 1;
        self.stats.delivered_bytes += packet.contents.len() as u64;
        self.record(TraceEvent::Delivered, &packet);
        let path = Path::new(packet.destination, packet.source);
        let now = self.now;
        self.node(node)
            .endpoint
            .handle_input(now, path, &mut packet.contents);
        self.service(node);
    }

    fn drop_packet(&mut self, reason: DropReason, packet: &Packet) {
        self.stats.count(reason);
        self.record(TraceEvent::Dropped(reason), packet);
    }

    fn record(&mut self, event: TraceEvent, packet: &Packet) {
        let at = self.now.duration_since(self.start);
        self.trace
            .record(at, event, (packet.source, packet.destination), &packet.contents);
    }
}
