//! Frames over a network that loses and reorders packets, with retransmission: what arrives is what was sent, whatever the seed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::collections::BTreeMap;

use rtp::payload::{self, Depacketizer, Packetizer, Payloads, red, rtx};
use rtp::{Header, PacketRef, SequenceUnwrapper, Sequencer};

const MEDIA: rtx::Stream = rtx::Stream {
    ssrc: 0x5eed,
    payload_type: 96,
};
const REPAIR: rtx::Stream = rtx::Stream {
    ssrc: 0x5eee,
    payload_type: 97,
};

/// A generator of reproducible numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ value >> 31) as usize % bound
    }

    fn content(&mut self) -> Vec<u8> {
        let len = 200 + self.below(5000);
        (0..len).map(|_| 1 + self.below(255) as u8).collect()
    }
}

/// A frame of this format; every tenth is a key frame.
fn frame(format: &str, number: usize, random: &mut Random) -> Vec<u8> {
    let is_key = number.is_multiple_of(10);
    let pick = |key: &[u8], delta: &[u8]| if is_key { key.to_vec() } else { delta.to_vec() };
    let head = match format {
        "VP8" => pick(&[0x10], &[0x11]),
        "VP9" => pick(&[0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xf0, 0x0b, 0x30], &[0x86]),
        "H264" => pick(
            &[0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 1, 0, 0, 0, 1, 0x65, 0x88],
            &[0, 0, 0, 1, 0x41, 0x9a],
        ),
        "H265" => pick(
            &[0, 0, 0, 1, 0x42, 1, 1, 0, 0, 0, 1, 0x26, 1, 0xaf],
            &[0, 0, 0, 1, 0x02, 1, 0xd0],
        ),
        "AV1" => pick(&[0x0a, 1, 0], &[0x2a, 1, 0]),
        _ => return sound(random),
    };
    let mut frame = head;
    let content = random.content();
    if format == "AV1" {
        // The type, the size in two bytes, and a frame header of a key frame or another.
        let len = content.len() + 1;
        let first = if is_key { 0x10 } else { 0x30 };
        frame.extend([0x32, len as u8 & 0x7f | 0x80, (len >> 7) as u8, first]);
    }
    frame.extend(content);
    frame
}

/// A frame of sound: whole samples of any format, as much as one packet takes. In Opus the first byte says how long it lasts.
fn sound(random: &mut Random) -> Vec<u8> {
    let len = 40 + 2 * random.below(200);
    let content = (0..len - 1).map(|_| random.below(256) as u8);
    std::iter::once(0xfc).chain(content).collect()
}

/// Puts frames into packets; of redundant audio it is Opus that comes again.
enum Sender {
    Plain(Box<dyn Packetizer>),
    Redundant(red::Encoder),
}

impl Sender {
    fn new(format: &str) -> Self {
        match payload::packetizer(format) {
            Some(packetizer) => Self::Plain(packetizer),
            None => Self::Redundant(red::Encoder::new(2)),
        }
    }

    fn payloads(&mut self, frame: &[u8], timestamp: u32) -> Vec<Vec<u8>> {
        match self {
            Self::Plain(packetizer) => {
                let mut payloads = Payloads::new();
                packetizer.packetize(frame, 1000, &mut payloads);
                payloads.iter().map(<[u8]>::to_vec).collect()
            }
            Self::Redundant(encoder) => {
                let primary = red::Primary {
                    payload_type: 111,
                    timestamp,
                    data: frame,
                };
                let mut payload = Vec::new();
                assert!(encoder.encode(primary, 2000, &mut payload));
                vec![payload]
            }
        }
    }
}

/// What the sender put on the wire, in order.
fn packets(format: &str, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut sender = Sender::new(format);
    let mut packets = Vec::new();
    let mut sequencer = Sequencer::starting_at(65_500); // it wraps soon
    for (number, frame) in frames.iter().enumerate() {
        let timestamp = (u32::MAX - 9000).wrapping_add(3000 * number as u32);
        let payloads = sender.payloads(frame, timestamp);
        for (index, payload) in payloads.iter().enumerate() {
            let header = Header {
                marker: index + 1 == payloads.len(),
                payload_type: MEDIA.payload_type,
                sequence_number: sequencer.next_number(),
                timestamp,
                ssrc: MEDIA.ssrc,
                ..Header::default()
            };
            let mut packet = Vec::new();
            header.encode(&mut packet);
            packet.extend_from_slice(payload);
            packets.push(packet);
        }
    }
    packets
}

/// A tenth is lost and comes again later as a retransmission; the rest is reordered by up to eight places.
fn carried(sent: &[Vec<u8>], random: &mut Random) -> Vec<Vec<u8>> {
    let mut arrivals = Vec::new();
    let mut repairs = Sequencer::starting_at(65_530);
    for (place, packet) in sent.iter().enumerate() {
        let is_lost = random.below(10) == 0;
        let delay = if is_lost {
            20 + random.below(20)
        } else {
            random.below(8)
        };
        let mut arriving = packet.clone();
        if is_lost {
            arriving.clear();
            rtx::wrap_into(packet, REPAIR, repairs.next_number(), &mut arriving).unwrap();
        }
        arrivals.push((place + delay, arriving));
    }
    arrivals.sort_by_key(|(when, _)| *when);
    arrivals.into_iter().map(|(_, packet)| packet).collect()
}

/// Orders packets and puts frames together.
struct Receiver {
    depacketizer: Box<dyn Depacketizer>,
    unwrapper: SequenceUnwrapper,
    waiting: BTreeMap<u64, Vec<u8>>,
    next: u64,
    frame: Vec<u8>,
    frames: Vec<(Vec<u8>, Option<bool>)>,
    key_frame: Option<bool>,
}

impl Receiver {
    fn new(format: &str) -> Self {
        Self {
            depacketizer: payload::depacketizer(format).unwrap(),
            unwrapper: SequenceUnwrapper::new(),
            waiting: BTreeMap::new(),
            next: 0x1_0000 + 65_500,
            frame: Vec::new(),
            frames: Vec::new(),
            key_frame: None,
        }
    }

    fn handle(&mut self, mut packet: Vec<u8>) {
        if PacketRef::decode(&packet).unwrap().ssrc() == REPAIR.ssrc {
            packet = rtx::unwrap(&mut packet, MEDIA).unwrap().unwrap().to_vec();
        }
        let number = PacketRef::decode(&packet).unwrap().sequence_number();
        self.waiting.insert(self.unwrapper.extend(number), packet);
        while let Some(packet) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.take(&PacketRef::decode(&packet).unwrap());
        }
    }

    fn take(&mut self, packet: &PacketRef<'_>) {
        let begins = self.frame.is_empty();
        assert!(!begins || self.depacketizer.is_frame_start(packet.payload()));
        let done = self
            .depacketizer
            .depacketize(packet.payload(), &mut self.frame)
            .unwrap();
        if begins {
            self.key_frame = done.key_frame;
        }
        if self.depacketizer.is_frame_end(packet.marker(), packet.payload()) {
            assert_eq!(done.incomplete, 0);
            self.frames
                .push((std::mem::take(&mut self.frame), self.key_frame));
        }
    }
}

#[test]
fn sixteen_seeds_deliver_every_frame_of_every_format() {
    let video = ["VP8", "VP9", "H264", "H265", "AV1"];
    let audio = ["opus", "PCMU", "PCMA", "G722", "L16", "red"];
    for format in video.into_iter().chain(audio) {
        let is_sound = audio.contains(&format);
        for seed in 0..16 {
            let mut random = Random(seed);
            let frames: Vec<_> = (0..30).map(|number| frame(format, number, &mut random)).collect();
            let sent = packets(format, &frames);
            let mut receiver = Receiver::new(format);
            for packet in carried(&sent, &mut random) {
                receiver.handle(packet);
            }
            assert_eq!(receiver.frames.len(), frames.len(), "{format} {seed}");
            for (number, (sent, (received, is_key))) in frames.iter().zip(&receiver.frames).enumerate() {
                assert_eq!(sent, received, "{format} {seed} {number}");
                assert_eq!(
                    *is_key == Some(true),
                    is_sound || number.is_multiple_of(10),
                    "{format} {seed} {number}"
                );
            }
        }
    }
}
