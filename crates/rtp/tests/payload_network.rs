//! Frames over a network that delays, loses, reorders and doubles packets, with retransmission: what arrives is what was sent,
//! whatever the seed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use netsim::laws::Side;
use netsim::{Endpoint, Link, Loss, Network, Path, Transmit};
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
    let len = 40 + 2 * random.below(150);
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

/// One packet is sent so often.
const PACE: Duration = Duration::from_millis(1);
/// Missing packets are asked for so often.
const ASK: Duration = Duration::from_millis(30);

/// Sends one packet after the other, and again what is asked for.
struct Source {
    packets: Vec<Vec<u8>>,
    next: usize,
    due: Option<Instant>,
    repairs: Sequencer,
    outbox: VecDeque<Vec<u8>>,
}

impl Source {
    fn new(packets: Vec<Vec<u8>>) -> Self {
        Self {
            packets,
            next: 0,
            due: None,
            repairs: Sequencer::starting_at(65_530),
            outbox: VecDeque::new(),
        }
    }

    fn repeat(&mut self, place: usize) {
        let mut repair = Vec::new();
        rtx::wrap_into(
            &self.packets[place],
            REPAIR,
            self.repairs.next_number(),
            &mut repair,
        )
        .unwrap();
        self.outbox.push_back(repair);
    }
}

/// Asks for what is missing, as places in the order of sending, until it has everything.
struct Sink {
    receiver: Receiver,
    expected: u64,
    due: Option<Instant>,
    outbox: VecDeque<Vec<u8>>,
    repaired: usize,
}

impl Sink {
    fn new(receiver: Receiver, expected: usize) -> Self {
        Self {
            receiver,
            expected: expected as u64,
            due: None,
            outbox: VecDeque::new(),
            repaired: 0,
        }
    }

    fn ask(&mut self) {
        let end = FIRST + self.expected;
        let missing = (self.receiver.next..end).filter(|number| !self.receiver.waiting.contains_key(number));
        let places = missing.take(100).map(|number| (number - FIRST) as u16);
        self.outbox.push_back(places.flat_map(u16::to_be_bytes).collect());
    }
}

/// Both ends of the network.
enum Node {
    Source(Source),
    Sink(Box<Sink>),
}

impl Node {
    fn sink(&self) -> &Sink {
        match self {
            Self::Sink(sink) => sink,
            Self::Source(_) => panic!("this is the other end"),
        }
    }

    fn start(&mut self, now: Instant) {
        match self {
            Self::Source(source) => source.due = Some(now),
            Self::Sink(sink) => sink.due = Some(now + ASK),
        }
    }
}

impl Endpoint for Node {
    type Event = ();

    fn handle_input(&mut self, _now: Instant, _path: Path, datagram: &mut [u8]) {
        match self {
            Self::Source(source) => {
                let places = datagram.as_chunks::<2>().0;
                let known = places.iter().map(|place| usize::from(u16::from_be_bytes(*place)));
                let sent = source.next;
                known
                    .filter(|place| *place < sent)
                    .for_each(|place| source.repeat(place));
            }
            Self::Sink(sink) => {
                sink.repaired += usize::from(sink.receiver.handle(datagram.to_vec()));
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Source(source) if source.due.is_some_and(|due| due <= now) => {
                source.outbox.push_back(source.packets[source.next].clone());
                source.next += 1;
                source.due = (source.next < source.packets.len()).then(|| now + PACE);
            }
            Self::Sink(sink) if sink.due.is_some_and(|due| due <= now) => {
                sink.ask();
                sink.due = (sink.receiver.next < FIRST + sink.expected).then(|| now + ASK);
            }
            Self::Source(_) | Self::Sink(_) => {}
        }
    }

    fn poll_transmit(&mut self, _now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let (side, outbox) = match self {
            Self::Source(source) => (Side::A, &mut source.outbox),
            Self::Sink(sink) => (Side::B, &mut sink.outbox),
        };
        out.extend(outbox.pop_front()?);
        let path = side.path();
        Some(Transmit {
            path,
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<()> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Source(source) => source.due,
            Self::Sink(sink) => sink.due,
        }
    }
}

/// A tenth of all is lost, in bursts where the seed is odd; what comes is out of order, and some of it twice.
fn link(seed: u64) -> Link {
    Link {
        latency: Duration::from_millis(20),
        jitter: Duration::from_millis(5),
        loss: if seed.is_multiple_of(2) {
            Loss::Random(0.1)
        } else {
            Loss::bursts(0.1, 3.0)
        },
        reorder: 0.2,
        reorder_delay: Duration::from_millis(8),
        duplicate: 0.05,
        mtu: 1200,
        ..Link::default()
    }
}

/// The frames that arrive in the end, and how many packets were repaired for that.
fn carried(seed: u64, format: &str, sent: Vec<Vec<u8>>) -> (Vec<Arrived>, usize) {
    let sink = Sink::new(Receiver::new(format), sent.len());
    let nodes = [Node::Source(Source::new(sent)), Node::Sink(Box::new(sink))];
    let (mut network, source, sink) = Network::pair(seed, &link(seed), nodes);
    for node in [source, sink] {
        network.with(node, Node::start);
    }
    network.run_while(Duration::from_secs(30), |network| {
        let sink = network.endpoint(sink).sink();
        sink.receiver.next < FIRST + sink.expected
    });
    let sink = network.endpoint(sink).sink();
    (sink.receiver.frames.clone(), sink.repaired)
}

/// The number of the first packet: soon there is a wrap.
const FIRST: u64 = 0x1_0000 + 65_500;

/// A frame, and whether its first payload belongs to a key frame.
type Arrived = (Vec<u8>, Option<bool>);

/// Orders packets and puts frames together.
struct Receiver {
    depacketizer: Box<dyn Depacketizer>,
    unwrapper: SequenceUnwrapper,
    waiting: BTreeMap<u64, Vec<u8>>,
    next: u64,
    frame: Vec<u8>,
    frames: Vec<Arrived>,
    key_frame: Option<bool>,
}

impl Receiver {
    fn new(format: &str) -> Self {
        Self {
            depacketizer: payload::depacketizer(format).unwrap(),
            unwrapper: SequenceUnwrapper::new(),
            waiting: BTreeMap::new(),
            next: FIRST,
            frame: Vec::new(),
            frames: Vec::new(),
            key_frame: None,
        }
    }

    /// Whether it was missing and came as a retransmission.
    fn handle(&mut self, mut packet: Vec<u8>) -> bool {
        let is_repair = PacketRef::decode(&packet).unwrap().ssrc() == REPAIR.ssrc;
        if is_repair {
            packet = rtx::unwrap(&mut packet, MEDIA).unwrap().unwrap().to_vec();
        }
        let number = PacketRef::decode(&packet).unwrap().sequence_number();
        let number = self.unwrapper.extend(number);
        let is_new = number >= self.next && self.waiting.insert(number, packet).is_none();
        while let Some(packet) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.take(&PacketRef::decode(&packet).unwrap());
        }
        is_repair && is_new
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
        let mut repaired = 0;
        for seed in 0..16 {
            let mut random = Random(seed);
            let frames: Vec<_> = (0..30).map(|number| frame(format, number, &mut random)).collect();
            let sent = packets(format, &frames);
            let (arrived, repairs) = carried(seed, format, sent);
            repaired += repairs;
            assert_eq!(arrived.len(), frames.len(), "{format} {seed}");
            for (number, (sent, (received, is_key))) in frames.iter().zip(&arrived).enumerate() {
                assert_eq!(sent, received, "{format} {seed} {number}");
                assert_eq!(
                    *is_key == Some(true),
                    is_sound || number.is_multiple_of(10),
                    "{format} {seed} {number}"
                );
            }
        }
        assert!(repaired > 16, "{format}: {repaired} repairs show little");
    }
}
