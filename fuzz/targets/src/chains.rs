//! RTP and RTCP between two chains of interceptors.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use interceptor::{
    Chain, Codec, Config, Ecn, ExtensionIds, Feedback, Inbound, Kind, Outbound, OutboundId, Received,
};
use rtp::Header;

use crate::duel::{Core, Script, duel};

const IDS: ExtensionIds = ExtensionIds {
    mid: Some(1),
    rid: Some(2),
    repaired_rid: Some(3),
    transport_cc: Some(4),
    abs_send_time: Some(5),
};

/// Commands beside those that the remainder of a byte says, so that older scripts mean what they did.
const CLOSE: u8 = 255;
const PAUSE: u8 = 254;
const RESUME: u8 = 253;

/// Bytes that a datagram of RTCP has at most.
const MTU: usize = 1200;

struct Node {
    chain: Chain,
    /// SSRC of the stream that is sent, and of the one that is received; retransmissions have the next.
    ours: u32,
    theirs: u32,
    sends: Option<OutboundId>,
    /// What is sent has ended, and may go on.
    is_paused: bool,
    feedback: Feedback,
    header: Header,
    wire: VecDeque<Vec<u8>>,
    results: Vec<interceptor::PacketResult>,
    /// Whether the chain was closed, and what it owes to the peer since.
    ending: Option<Ending>,
}

/// A chain that was closed.
#[derive(Default)]
struct Ending {
    /// The SSRC that the peer has heard of, until it is told that this is the end.
    untold: Option<u32>,
    /// It has said all there was: nothing follows.
    is_silent: bool,
}

impl Node {
    fn new(now: Instant, choice: u8, ours: u32, theirs: u32) -> Self {
        let config = Config {
            extensions: IDS,
            mtu: MTU,
            reduced_size: choice & 1 != 0,
            receiver_rtt: choice & 2 != 0,
            max_missing: 64,
            max_queued: 64,
            max_results: 64,
            max_history: 64,
            max_streams: 4,
            ..Config::default()
        };
        let mut node = Self {
            chain: Chain::new(
                config,
                now,
                Duration::from_secs(1_700_000_000),
                [ours.to_le_bytes()[0]; 32],
            ),
            ours,
            theirs,
            sends: None,
            is_paused: false,
            feedback: Feedback {
                nack: choice & 4 == 0,
                pli: choice & 8 == 0,
                fir: choice & 16 != 0,
                transport_cc: choice & 32 == 0,
                ccfb: choice & 64 != 0,
            },
            header: Header {
                payload_type: 96,
                sequence_number: 65_530,
                ..Header::default()
            },
            wire: VecDeque::new(),
            results: Vec::new(),
            ending: None,
        };
        node.add(now, choice & 128 == 0);
        node
    }

    fn add(&mut self, now: Instant, with_rtx: bool) {
        let codecs = vec![Codec {
            payload_type: 96,
            clock_rate: 90_000,
            rtx_payload_type: with_rtx.then_some(97),
        }];
        let outbound = Outbound {
            ssrc: self.ours,
            rtx_ssrc: with_rtx.then_some(self.ours + 1),
            codecs: codecs.clone(),
            mid: Some("0".into()),
            rid: Some("hi".into()),
            extensions: IDS,
            feedback: self.feedback,
        };
        if let Ok(id) = self.chain.add_outbound(now, outbound) {
            (self.sends, self.is_paused) = (Some(id), false);
        }
        let inbound = Inbound {
            ssrc: self.theirs,
            rtx_ssrc: with_rtx.then_some(self.theirs + 1),
            kind: Kind::Video,
            mid: Some("0".into()),
            codecs,
            feedback: self.feedback,
        };
        let _ = self.chain.add_inbound(now, inbound);
    }

    fn remove(&mut self) {
        let inbound: Vec<_> = self.chain.inbound_streams().collect();
        for stream in inbound {
            assert!(self.chain.remove_inbound(stream).is_some());
        }
    }

    fn pause(&mut self, now: Instant) {
        if let Some(stream) = self.sends {
            self.chain.pause_outbound(now, stream);
            self.is_paused = true;
        }
    }

    fn resume(&mut self, now: Instant) {
        if let Some(stream) = self.sends {
            self.chain.resume_outbound(now, stream);
            self.is_paused = false;
        }
    }

    /// Ends what is sent.
    fn close(&mut self, now: Instant) {
        let sent = self.sends.and_then(|stream| self.chain.outbound_stats(stream));
        let has_been_heard = sent.is_some_and(|stats| stats.packets_sent > 0);
        self.chain.close(now);
        self.chain.close(now);
        if self.ending.is_none() {
            self.ending = Some(Ending {
                untold: (has_been_heard && !self.is_paused).then_some(self.ours),
                is_silent: false,
            });
        }
    }

    /// What a closed chain says, and says no more.
    fn check_ending(&mut self, rtcp: Option<&[u8]>) {
        let Some(ending) = &mut self.ending else { return };
        let Some(datagram) = rtcp else {
            assert!(ending.untold.is_none(), "an end without a farewell");
            ending.is_silent = true;
            return;
        };
        assert!(!ending.is_silent, "a closed chain speaks");
        for packet in rtcp::packets(datagram).flatten() {
            if let rtcp::PacketRef::Goodbye(goodbye) = packet
                && goodbye.ssrcs.iter().any(|ssrc| Some(ssrc) == ending.untold)
            {
                ending.untold = None;
            }
        }
    }

    fn send(&mut self, now: Instant, payload: &[u8]) {
        let Some(stream) = self.sends else { return };
        let Ok(packet) = self.chain.send_rtp(now, stream, &mut self.header, payload) else {
            return;
        };
        assert!(self.ending.is_none(), "a closed chain sends media");
        let mut packet = packet.to_vec();
        packet.extend_from_slice(payload);
        self.wire.push_back(packet);
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(3000);
    }
}

impl Core for Node {
    /// Arrivals of the transport and of every stream with its retransmissions, and what the configuration bounds.
    const FOOTPRINT: usize = 9 * 2048 + 9 * 64 + 1024 + 16 + 256;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        if rtcp::is_rtcp(packet) {
            self.chain.handle_rtcp(now, packet);
            self.results.clear();
            self.chain.take_feedback(&mut self.results);
            assert!(self.results.len() <= 64, "more results than may wait");
            return;
        }
        let len = packet.len();
        match self.chain.handle_rtp(now, Ecn::Ce, packet) {
            Received::Media { packet, .. } => {
                assert!(packet.len() <= len);
                let view = rtp::PacketRef::decode(packet);
                assert!(
                    view.is_ok_and(|view| view.ssrc() == self.theirs),
                    "media of another stream"
                );
            }
            Received::Unsignalled(packet) => {
                let _ = (packet.mid(), packet.rid(), packet.repaired_rid());
            }
            Received::Padding { .. } | Received::Dropped(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.chain.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if let Some(packet) = self.wire.pop_front() {
            out.extend(packet);
            return true;
        }
        let rtcp = self.chain.poll_rtcp(now, out);
        self.check_ending(rtcp.map(|_| out.as_slice()));
        if let Some(len) = rtcp {
            assert!(len == out.len() && len <= MTU);
            assert!(
                rtcp::packets(out).all(|packet| packet.is_ok()),
                "malformed RTCP is sent"
            );
            return true;
        }
        let is_sent = self.chain.poll_rtp(now, out).is_some();
        assert!(
            !is_sent || rtp::PacketRef::decode(out).is_ok(),
            "malformed RTP is sent"
        );
        assert!(!is_sent || self.ending.is_none(), "a closed chain repeats media");
        is_sent
    }

    fn poll_event(&mut self, _now: Instant) -> bool {
        self.chain.poll_event().is_some()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.chain.poll_timeout()
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        let choice = script.byte();
        match choice {
            CLOSE => return self.close(now),
            PAUSE => return self.pause(now),
            RESUME => return self.resume(now),
            _ => {}
        }
        match choice % 12 {
            0..=3 => {
                let length = usize::from(script.byte());
                self.send(now, script.bytes(length));
            }
            4 => {
                for _ in 0..script.byte() % 32 {
                    self.send(now, b"payload");
                }
            }
            5 => self.header.sequence_number = script.short(),
            6 => self.header.timestamp = u32::from(script.short()) << 16,
            7 => {
                let stream = self.chain.inbound_streams().next();
                let _ = stream.map(|stream| self.chain.request_key_frame(now, stream));
            }
            8 => {
                let length = usize::from(script.byte());
                let mut packet = Vec::new();
                let data = script.bytes(length / 4 * 4);
                let app = rtcp::Application {
                    subtype: 1,
                    ssrc: self.ours,
                    name: *b"fuzz",
                    data,
                };
                rtcp::Packet::encode(&app, &mut packet);
                let _ = self.chain.send_rtcp(now, &packet);
            }
            9 => {
                let sends = self.sends.take();
                let _ = sends.map(|stream| self.chain.remove_outbound(now, stream));
            }
            10 => self.remove(),
            _ => self.add(now, script.flag()),
        }
        let _ = (self.chain.rtt(), self.chain.stats());
    }

    fn footprint(&self) -> usize {
        self.chain.footprint()
    }
}

/// Two chains that send video to each other, and whatever happens between them.
///
/// # Panics
/// When a law is broken.
pub fn interceptor_chain(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let now = Instant::now();
    duel([Node::new(now, choice, 1, 3), Node::new(now, choice, 3, 1)], data);
}
