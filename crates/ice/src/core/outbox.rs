//! What waits to be polled.

use std::collections::VecDeque;

use stun::TransactionId;

use super::message::Response;
use crate::event::{Event, Path};

/// How many events may wait. Those that the network can cause without end are dropped beyond it.
const MAX_EVENTS: usize = 512;

/// A datagram to be written.
#[derive(Clone, Debug)]
pub(crate) enum Packet {
    /// The request of a transaction.
    Request(TransactionId),
    /// An answer.
    Response(Box<Response>),
    /// An indication that keeps a NAT binding.
    Keepalive(TransactionId, Path),
}

/// What waits to be polled.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    packets: VecDeque<Packet>,
    events: VecDeque<Event>,
    responses: usize,
}

impl Outbox {
    pub(crate) fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Queues an event that the peer can cause as often as it likes; false when there is no room.
    pub(crate) fn noise(&mut self, event: Event) -> bool {
        let room = self.events.len() < MAX_EVENTS;
        if room {
            self.events.push_back(event);
        }
        room
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty() && self.events.capacity() > 0 {
            self.events = VecDeque::new();
        }
        event
    }

    pub(crate) fn request(&mut self, id: TransactionId) {
        self.packets.push_back(Packet::Request(id));
    }

    /// Replaces an unsent keepalive, so that there is one at most.
    pub(crate) fn keepalive(&mut self, id: TransactionId, path: Path) {
        self.packets.retain(|packet| match packet {
            Packet::Keepalive(..) => false,
            Packet::Request(_) | Packet::Response(_) => true,
        });
        self.packets.push_back(Packet::Keepalive(id, path));
    }

    /// Queues an answer; false when there are `limit` already.
    pub(crate) fn response(&mut self, response: Response, limit: usize) -> bool {
        let room = self.responses < limit;
        if room {
            self.responses += 1;
            self.packets.push_back(Packet::Response(Box::new(response)));
        }
        room
    }

    pub(crate) fn poll_packet(&mut self) -> Option<Packet> {
        let packet = self.packets.pop_front()?;
        match packet {
            Packet::Response(_) => self.responses -= 1,
            Packet::Request(_) | Packet::Keepalive(..) => {}
        }
        Some(packet)
    }

    pub(crate) fn clear_packets(&mut self) {
        self.packets = VecDeque::new();
        self.responses = 0;
    }
}
