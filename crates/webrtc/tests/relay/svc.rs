//! A subscriber of a stream with layers (SVC) gets those that it can take, without a gap in the numbers.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use rtp::payload::{Packetizer, Payloads, vp9};
use rtp::{Header, Packet};
use webrtc::core::{Event, PeerConnection, RtpReceived, TransceiverId};
use webrtc::{LayerForwarder, RtpCodec, RtpEvent, RtpTransceiverInit};

use crate::layers::{FRAME, relay};
use crate::wire::{End, Wire};

/// What a subscriber got of a picture.
#[derive(Debug, PartialEq)]
struct Picture {
    number: u32,
    temporal_id: u8,
    spatial_ids: Vec<u8>,
}

/// Encodes two spatial and two temporal layers into one stream.
struct Scalable {
    packetizer: vp9::Packetizer,
    payloads: Payloads,
    header: Header,
    since_key: u32,
}

impl Scalable {
    fn new(payload_type: u8) -> Self {
        Self {
            packetizer: vp9::Packetizer::new(vp9::Config::default()),
            payloads: Payloads::new(),
            header: Header {
                payload_type,
                // They wrap.
                sequence_number: 65_400,
                ..Header::default()
            },
            since_key: 0,
        }
    }

    /// Sends picture `number`.
    fn send(&mut self, now: Instant, number: u32, (pc, id): (&mut PeerConnection, TransceiverId)) {
        let temporal_id = (self.since_key % 2) as u8;
        self.header.timestamp = number * 3000;
        for spatial_id in [0, 1] {
            self.packetizer.frame_mut().layer = vp9::Layer {
                temporal_id,
                switching_up: temporal_id == 0,
                spatial_id,
                inter_layer: spatial_id > 0,
            };
            let is_key = self.since_key == 0 && spatial_id == 0;
            let head: &[u8] = match is_key {
                true => &[0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xf0, 0x0b, 0x30],
                false => &[0x86],
            };
            let frame = [head, &[0xaa; 1500]].concat();
            self.packetizer.packetize(&frame, 1000, &mut self.payloads);
            let count = self.payloads.len();
            for (index, payload) in self.payloads.iter().enumerate() {
                let mut header = self.header.clone();
                header.marker = spatial_id == 1 && index + 1 == count;
                pc.send_rtp(now, (id, 0), &mut header, payload).unwrap();
                self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
            }
        }
        self.since_key += 1;
    }
}

/// Notes what a packet is of, and that the numbers go on.
fn note(pictures: &mut Vec<Picture>, last: &mut Option<Packet>, packet: Packet) {
    let (descriptor, _) = vp9::Descriptor::decode(&packet.payload).unwrap();
    let layer = descriptor.layer.unwrap();
    if let Some(last) = last {
        let next = last.header.sequence_number.wrapping_add(1);
        assert_eq!(packet.header.sequence_number, next);
        let begins = packet.header.timestamp != last.header.timestamp;
        assert_eq!(begins, last.header.marker, "a picture ends with its marker");
    }
    if last.as_ref().is_none_or(|last| last.header.marker) {
        pictures.push(Picture {
            number: packet.header.timestamp / 3000,
            temporal_id: layer.temporal_id,
            spatial_ids: Vec::new(),
        });
    }
    let picture = pictures.last_mut().unwrap();
    assert_eq!(picture.temporal_id, layer.temporal_id);
    if descriptor.frame_start {
        picture.spatial_ids.push(layer.spatial_id);
    }
    *last = Some(packet);
}

/// What a subscriber should get of a picture.
fn expected(number: u32) -> Option<Picture> {
    // Key pictures were asked for at 40 and 100, and came with 41 and 101.
    let key = [0, 41, 101].into_iter().rfind(|key| *key <= number)?;
    let (spatial, temporal) = match number {
        0..20 | 61..80 | 101.. => (1, 1),
        20..41 => (0, 0),
        41..61 => (1, 0),
        80..101 => (0, 1),
    };
    let temporal_id = ((number - key) % 2) as u8;
    (temporal_id <= temporal).then(|| Picture {
        number,
        temporal_id,
        spatial_ids: (0..=spatial).collect(),
    })
}

/// Packets on their way to a forwarder, some of which come late.
#[derive(Default)]
struct Detour {
    count: usize,
    late: VecDeque<(usize, RtpReceived, Vec<u8>)>,
}

impl Detour {
    /// What arrives instead of a packet, of which three of fifteen come five places late.
    fn take(&mut self, received: RtpReceived, packet: &[u8]) -> Vec<(RtpReceived, Vec<u8>)> {
        self.count += 1;
        let mut arriving = Vec::new();
        match self.count % 15 {
            0..3 if self.count > 3 => self.late.push_back((self.count + 5, received, packet.to_vec())),
            _ => arriving.push((received, packet.to_vec())),
        }
        while self.late.front().is_some_and(|(due, ..)| *due <= self.count) {
            let (_, received, packet) = self.late.pop_front().unwrap();
            arriving.push((received, packet));
        }
        arriving
    }
}

#[test]
fn no_number_is_missed_where_packets_of_either_layer_come_late() {
    let mut now = Instant::now();
    let codec = RtpCodec::video("VP9", "profile-id=0");
    let mut wire = |seed, end| Wire::new(&mut now, seed, end, (&codec, RtpTransceiverInit::default()));
    let (mut publisher, mut subscriber) = (wire(1, End::Client), wire(2, End::Server));
    let mut forwarder = LayerForwarder::new(&codec);
    forwarder.limit_layers(0, 0);
    let mut encoder = Scalable::new(publisher.payload_type);
    let (mut detour, mut bytes) = (Detour::default(), Vec::new());
    let (mut numbers, mut empty, mut frames) = (BTreeSet::new(), 0, 0);
    for number in 0..200 {
        now += FRAME;
        encoder.send(now, number, (&mut publisher.client, publisher.ids[0]));
        publisher.run(now);
        while let Some(received) = publisher.server.recv_rtp(publisher.ids[1], &mut bytes) {
            for (received, mut packet) in detour.take(received, &bytes) {
                if forwarder.forward(now, &received, &mut packet) {
                    relay(now, &mut subscriber, &packet, None);
                }
            }
        }
        subscriber.run(now);
        let id = subscriber.ids[0];
        while let Some(received) = subscriber.client.recv_rtp(id, &mut bytes) {
            assert!(numbers.insert(received.sequence_number), "twice");
            let packet = Packet::decode(std::mem::take(&mut bytes).into()).unwrap();
            if packet.payload.is_empty() {
                empty += 1;
                continue;
            }
            let (descriptor, _) = vp9::Descriptor::decode(&packet.payload).unwrap();
            let layer = descriptor.layer.unwrap();
            assert_eq!((layer.spatial_id, layer.temporal_id), (0, 0));
            frames += usize::from(descriptor.frame_start);
        }
    }
    let (first, last) = (numbers.first().unwrap(), numbers.last().unwrap());
    // Those that are late at the end.
    assert!(last - first + 1 - numbers.len() as u64 <= 3, "{numbers:?}");
    assert!(frames >= 99, "{frames} pictures of the lower temporal layer");
    // Where what was left out is known before it comes, its number is closed.
    assert!((1..90).contains(&empty), "{empty} empty packets");
    assert_eq!(detour.count, 800);
}

#[test]
fn a_subscriber_gets_the_layers_of_one_stream_that_it_can_take() {
    let mut now = Instant::now();
    let codec = RtpCodec::video("VP9", "profile-id=0");
    let mut wire = |seed, end| Wire::new(&mut now, seed, end, (&codec, RtpTransceiverInit::default()));
    let (mut publisher, mut subscriber) = (wire(1, End::Client), wire(2, End::Server));
    let mut forwarder = LayerForwarder::new(&codec);
    let mut encoder = Scalable::new(publisher.payload_type);
    let (mut pictures, mut last, mut bytes) = (Vec::new(), None, Vec::new());
    for number in 0..120 {
        now += FRAME;
        match number {
            20 => forwarder.limit_layers(0, 0),
            40 => forwarder.limit_layers(1, 0),
            60 | 100 => forwarder.limit_layers(1, 1),
            80 => forwarder.limit_layers(0, 1),
            _ => {}
        }
        encoder.send(now, number, (&mut publisher.client, publisher.ids[0]));
        publisher.run(now);
        while let Some(received) = publisher.server.recv_rtp(publisher.ids[1], &mut bytes) {
            if let Some(rid) = forwarder.poll_request(now) {
                publisher.server.request_key_frame(now, publisher.ids[1], rid);
            }
            if forwarder.forward(now, &received, &mut bytes) {
                relay(now, &mut subscriber, &bytes, None);
            }
        }
        publisher.run(now);
        while let Some(event) = publisher.client.poll_event() {
            if let Event::Rtp(_, RtpEvent::KeyFrameRequested { .. }) = event {
                encoder.since_key = 0;
            }
        }
        subscriber.run(now);
        while subscriber
            .client
            .recv_rtp(subscriber.ids[0], &mut bytes)
            .is_some()
        {
            let packet = Packet::decode(std::mem::take(&mut bytes).into()).unwrap();
            note(&mut pictures, &mut last, packet);
        }
    }
    let first = pictures[0].number;
    for picture in &mut pictures {
        picture.number -= first;
    }
    assert_eq!(pictures, (0..120).filter_map(expected).collect::<Vec<_>>());
}
