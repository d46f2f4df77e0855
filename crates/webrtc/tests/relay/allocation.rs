//! A packet that is forwarded costs no allocation: not when it arrives, not for any of those that it goes to, and not for
//! their feedback.

use std::time::{Duration, Instant};

use allocations::allocations;
use rtp::{Header, PacketRef};
use webrtc::{LayerForwarder, RtpCodec, RtpTransceiverInit};

use crate::wire::{End, Wire};

/// Subscribers.
const AUDIENCE: u8 = 5;

/// What the server allocates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Allocated {
    /// For packets of media that come and go, retransmissions among them.
    media: usize,
    /// For datagrams of feedback that come.
    feedback: usize,
    /// For all else, which time brings and no packet: reports each second, checks of consent.
    time: usize,
}

/// Time between two packets.
const PACE: Duration = Duration::from_millis(6);

/// A publisher, a server, and its subscribers.
struct Room {
    now: Instant,
    publisher: Wire,
    subscribers: Vec<(Wire, LayerForwarder)>,
    /// What the publisher sends next.
    number: u16,
    /// Buffers of the server.
    packet: Vec<u8>,
    copy: Vec<u8>,
    allocated: Allocated,
}

impl Room {
    fn new() -> Self {
        let mut now = Instant::now();
        let codec = RtpCodec::video("VP8", "");
        let mut wire =
            |seed, sender| Wire::new(&mut now, seed, sender, (&codec, RtpTransceiverInit::default()));
        let publisher = wire(100, End::Client);
        let subscribers = (0..AUDIENCE)
            .map(|seed| (wire(seed, End::Server), LayerForwarder::new(&codec)))
            .collect();
        Self {
            now,
            publisher,
            subscribers,
            number: 60_000,
            packet: Vec::new(),
            copy: Vec::with_capacity(2000),
            allocated: Allocated::default(),
        }
    }

    /// The publisher sends a packet, which is lost on its way to the server or not.
    fn publish(&mut self, is_lost: bool) {
        self.now += PACE;
        self.number = self.number.wrapping_add(1);
        let wire = &mut self.publisher;
        let mut header = Header {
            payload_type: wire.payload_type,
            sequence_number: self.number,
            timestamp: u32::from(self.number) * 540,
            marker: true,
            ..Header::default()
        };
        // Each is a frame of its own with a picture id; every 100th a key frame.
        let mut payload = [7; 1100];
        let [high, low] = (self.number & 0x7fff | 0x8000).to_be_bytes();
        let is_delta = !self.number.is_multiple_of(100);
        payload[..5].copy_from_slice(&[0x90, 0x80, high, low, u8::from(is_delta)]);
        payload[5..15].copy_from_slice(&[0, 0, 0x9d, 1, 0x2a, 64, 0, 64, 0, 0]);
        let to = (wire.ids[0], 0);
        wire.client
            .send_rtp(self.now, to, &mut header, &payload[..])
            .unwrap();
        self.allocated.arrive(self.now, wire, is_lost);
    }

    /// The server hands on what has come; nothing of it reaches a subscriber if `is_lost`.
    fn relay(&mut self, is_lost: bool) {
        let now = self.now;
        let [_, source] = self.publisher.ids;
        loop {
            let mut received = None;
            self.allocated.media += allocations(|| {
                received = self.publisher.server.recv_rtp(source, &mut self.packet);
            });
            let Some(received) = received else { return };
            let (packet, copy) = (&self.packet, &mut self.copy);
            for (wire, forwarder) in &mut self.subscribers {
                self.allocated.media += allocations(|| {
                    copy.clone_from(packet);
                    let is_wanted = forwarder.forward(now, &received, copy);
                    is_wanted.then(|| send(now, wire, copy));
                });
                self.allocated.leave(now, wire, is_lost);
            }
        }
    }

    /// Time passes for everybody, and feedback goes both ways.
    fn feedback(&mut self) {
        let now = self.now;
        let wires = self.subscribers.iter_mut().map(|(wire, _)| wire);
        for wire in wires.chain([&mut self.publisher]) {
            wire.client.handle_timeout(now);
            self.allocated.arrive(now, wire, false);
            if wire.server.poll_timeout().is_some_and(|due| due <= now) {
                self.allocated.time += allocations(|| wire.server.handle_timeout(now));
            }
            self.allocated.feedback += allocations(|| while wire.server.poll_event().is_some() {});
            self.allocated.leave(now, wire, false);
        }
    }

    /// So many packets, some of them lost. Gives what was allocated, and how many packets subscribers got.
    fn run(&mut self, packets: usize) -> (Allocated, usize) {
        self.allocated = Allocated::default();
        let mut received = 0;
        for index in 0..packets {
            self.publish(index % 40 == 3);
            self.relay(index % 40 == 19);
            self.feedback();
            for (wire, _) in &mut self.subscribers {
                let ids = wire.ids;
                received += std::iter::from_fn(|| wire.client.recv_rtp(ids[0], &mut self.copy)).count();
            }
        }
        (self.allocated, received)
    }
}

impl Allocated {
    /// What a client has to say arrives at the server, or is lost.
    fn arrive(&mut self, now: Instant, wire: &mut Wire, is_lost: bool) {
        let mut datagram = std::mem::take(&mut wire.datagram);
        while wire.take(now, End::Client, &mut datagram) {
            if !is_lost {
                let kind = self.of(&datagram);
                *kind += allocations(|| wire.deliver(now, End::Server, &mut datagram));
            }
        }
        wire.datagram = datagram;
    }

    /// What the server has to say arrives at a client, or is lost.
    fn leave(&mut self, now: Instant, wire: &mut Wire, is_lost: bool) {
        let mut datagram = std::mem::take(&mut wire.datagram);
        let mut is_sent = true;
        while is_sent {
            let count = allocations(|| is_sent = wire.take(now, End::Server, &mut datagram));
            match rtp::is_rtcp(&datagram) {
                // Reports, which time brings.
                true => self.time += count,
                false => *self.of(&datagram) += count,
            }
            if is_sent && !is_lost {
                wire.deliver(now, End::Client, &mut datagram);
            }
        }
        wire.datagram = datagram;
    }

    /// RFC 7983 §7.
    fn of(&mut self, datagram: &[u8]) -> &mut usize {
        match datagram.first() {
            Some(128..=191) if rtp::is_rtcp(datagram) => &mut self.feedback,
            Some(128..=191) | None => &mut self.media,
            Some(_) => &mut self.time,
        }
    }
}

/// Sends a packet on, as it is but for what belongs to a connection.
fn send(now: Instant, wire: &mut Wire, packet: &[u8]) {
    let view = PacketRef::decode(packet).unwrap();
    let mut header = Header::from(&view);
    header.payload_type = wire.payload_type;
    let to = (wire.ids[1], 0);
    wire.server
        .send_rtp(now, to, &mut header, view.payload())
        .unwrap();
}

#[test]
fn nothing_is_allocated_for_a_forwarded_packet() {
    let mut room = Room::new();
    // What looks back longest is the circuit breaker, on 32 reports.
    let (warming, _) = room.run(8000);
    assert!(warming.media > 0, "the counter counts");
    let packets = 4000;
    let (allocated, received) = room.run(packets);
    // Those that were lost last are yet to be repaired.
    let sent = packets * usize::from(AUDIENCE);
    assert!(received > sent - sent / 100, "{received} of {sent} came");
    assert_eq!((allocated.media, allocated.feedback), (0, 0), "{allocated:?}");
    // 24 seconds of reports of six connections.
    assert!(allocated.time < 24 * 6 * 10, "{allocated:?}");
}
