//! A chain with a source of video, as an endpoint of the virtual network. Frames come every 33 ms, in packets of 200 bytes;
//! the application reads nothing but what arrives.

use super::{IDS, UNIX, codecs, feedback};
use interceptor::{
    Chain, Config, Ecn, Event, Feedback, Inbound, InboundId, Kind, Outbound, OutboundId, PacketResult,
    Received,
};
use netsim::laws::Side;
use netsim::{Endpoint, Path, Transmit};
use rtp::Header;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Packets of a frame.
pub(crate) const PER_FRAME: u16 = 4;
/// Bytes of a packet's payload.
pub(crate) const PAYLOAD: usize = 200;
const FRAME: Duration = Duration::from_millis(33);

pub(crate) struct Node {
    pub(crate) chain: Chain,
    pub(crate) sends: Option<OutboundId>,
    pub(crate) receives: Option<InboundId>,
    pub(crate) path: Path,
    /// What arrived, by sequence number; whether it was repaired.
    pub(crate) received: BTreeMap<u64, bool>,
    pub(crate) results: Vec<PacketResult>,
    pub(crate) rtcp_bytes: usize,
    /// The clock of a run is known with the first command only.
    begin: Option<(Config, [u8; 32])>,
    wire: VecDeque<Vec<u8>>,
    next_frame: Option<Instant>,
    frames: u32,
    header: Header,
}

/// The SSRC of a side's stream; the next is that of its retransmissions.
pub(crate) fn ssrc(side: Side) -> u32 {
    match side {
        Side::A => 0xaaaa,
        Side::B => 0xbbbb,
    }
}

fn all_feedback() -> Feedback {
    Feedback {
        transport_cc: true,
        ..feedback()
    }
}

impl Node {
    pub(crate) fn new(side: Side, config: Config, seed: u64) -> Self {
        let mut whole = [0; 32];
        whole[..8].copy_from_slice(&seed.to_be_bytes());
        whole[8] = u8::from(side == Side::A);
        Self {
            chain: Chain::new(config.clone(), Instant::now(), UNIX, whole),
            begin: Some((config, whole)),
            sends: None,
            receives: None,
            path: side.path(),
            received: BTreeMap::new(),
            results: Vec::new(),
            rtcp_bytes: 0,
            wire: VecDeque::new(),
            next_frame: None,
            frames: 0,
            header: Header {
                payload_type: 96,
                sequence_number: 65_000,
                ..Header::default()
            },
        }
    }

    /// Both ends of a network between 192.0.2.1 and 192.0.2.2.
    pub(crate) fn pair(config: &Config, seed: u64) -> [Self; 2] {
        Side::BOTH.map(|side| Self::new(side, config.clone(), seed))
    }

    fn begin(&mut self, now: Instant) {
        if let Some((config, seed)) = self.begin.take() {
            self.chain = Chain::new(config, now, UNIX, seed);
        }
    }

    /// Adds the stream of this side.
    pub(crate) fn send(&mut self, now: Instant, side: Side, with_rtx: bool) {
        let stream = Outbound {
            ssrc: ssrc(side),
            rtx_ssrc: with_rtx.then_some(ssrc(side) + 1),
            codecs: codecs(),
            mid: Some("0".into()),
            rid: None,
            extensions: IDS,
            feedback: all_feedback(),
        };
        self.begin(now);
        self.sends = Some(self.chain.add_outbound(now, stream).unwrap());
    }

    /// Adds the stream of the other side.
    pub(crate) fn receive(&mut self, now: Instant, from: Side, with_rtx: bool) {
        self.receive_with(now, from, with_rtx, all_feedback());
    }

    pub(crate) fn receive_with(&mut self, now: Instant, from: Side, with_rtx: bool, feedback: Feedback) {
        let stream = Inbound {
            ssrc: ssrc(from),
            rtx_ssrc: with_rtx.then_some(ssrc(from) + 1),
            kind: Kind::Video,
            mid: None,
            codecs: codecs(),
            feedback,
        };
        self.begin(now);
        self.receives = Some(self.chain.add_inbound(now, stream).unwrap());
    }

    /// Sends so many frames from now on.
    pub(crate) fn play(&mut self, now: Instant, frames: u32) {
        self.frames = frames;
        self.next_frame = Some(now);
        self.frames(now);
    }

    /// Sends all frames that are due.
    fn frames(&mut self, now: Instant) {
        while let Some(stream) = self
            .sends
            .filter(|_| self.next_frame.is_some_and(|due| due <= now))
        {
            self.frame(now, stream);
        }
    }

    fn frame(&mut self, now: Instant, stream: OutboundId) {
        for index in 0..PER_FRAME {
            self.header.marker = index + 1 == PER_FRAME;
            let payload = self.header.sequence_number.to_be_bytes().repeat(PAYLOAD / 2);
            let mut packet = self
                .chain
                .send_rtp(now, stream, &mut self.header, &payload)
                .unwrap()
                .to_vec();
            packet.extend(payload);
            self.wire.push_back(packet);
            self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        }
        self.header.timestamp = self.header.timestamp.wrapping_add(2970);
        self.frames -= 1;
        self.next_frame = self.next_frame.filter(|_| self.frames > 0).map(|due| due + FRAME);
    }
}

impl Endpoint for Node {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, _: Path, datagram: &mut [u8]) {
        if rtcp::is_rtcp(datagram) {
            self.chain.handle_rtcp(now, datagram);
            self.chain.take_feedback(&mut self.results);
        } else if let Received::Media {
            sequence_number,
            is_repaired,
            packet,
            ..
        } = self.chain.handle_rtp(now, Ecn::NotEct, datagram)
        {
            let view = rtp::PacketRef::decode(packet).unwrap();
            let intact = view
                .payload()
                .chunks(2)
                .all(|pair| pair == view.sequence_number().to_be_bytes());
            if intact && view.payload().len() == PAYLOAD {
                let before = self.received.insert(sequence_number, is_repaired);
                assert!(before.is_none(), "{sequence_number} came twice");
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.chain.handle_timeout(now);
        self.frames(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        if let Some(packet) = self.wire.pop_front() {
            out.extend(packet);
        } else if let Some(len) = self.chain.poll_rtcp(now, out) {
            self.rtcp_bytes += len;
        } else {
            self.chain.poll_rtp(now, out)?;
        }
        Some(Transmit {
            path: self.path,
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.chain.poll_event()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        [self.chain.poll_timeout(), self.next_frame]
            .into_iter()
            .flatten()
            .min()
    }

    fn footprint(&self) -> usize {
        self.chain.footprint()
    }
}
