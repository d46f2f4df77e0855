//! Once its rings have grown, a chain allocates nothing for a packet, whichever way it goes, with all feedback on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use allocations::allocations;
use bytes::Bytes;
use interceptor::{Chain, Config, Ecn, InboundId, Outbound, OutboundId, Received};
use rtp::{FormRule, Header, HeaderWriter};
use std::time::{Duration, Instant};
use support::{IDS, LOCAL, REMOTE, REMOTE_RTX, feedback, inbound, outbound};

/// Two chains, the packets between them, and buffers that are used again.
struct Pair {
    now: Instant,
    sender: Chain,
    receiver: Chain,
    sends: OutboundId,
    receives: InboundId,
    header: Header,
    payload: Bytes,
    wire: Vec<u8>,
    control: Vec<u8>,
}

impl Pair {
    fn new(ccfb: bool) -> Self {
        let now = Instant::now();
        let config = Config {
            extensions: IDS,
            reduced_size: true,
            report_interval: Duration::from_secs(3600),
            ..Config::default()
        };
        let chain = |seed| Chain::new(config.clone(), now, support::UNIX, [seed; 32]);
        let (mut sender, mut receiver) = (chain(1), chain(2));
        let mut all = feedback();
        all.transport_cc = true;
        all.ccfb = ccfb;
        let mut stream: Outbound = outbound();
        stream.feedback = all;
        let sends = sender.add_outbound(now, stream).unwrap();
        let mut stream = inbound();
        (stream.ssrc, stream.rtx_ssrc, stream.feedback) = (LOCAL, Some(support::LOCAL_RTX), all);
        let receives = receiver.add_inbound(now, stream).unwrap();
        let header = Header {
            payload_type: 96,
            ..Header::default()
        };
        let payload = Bytes::from(vec![7; 1100]);
        Self {
            now,
            sender,
            receiver,
            sends,
            receives,
            header,
            payload,
            wire: Vec::with_capacity(2000),
            control: Vec::with_capacity(2000),
        }
    }

    /// A packet goes from one to the other, or is lost; a millisecond passes. `shared`: the payload is counted, not copied.
    fn packet(&mut self, is_lost: bool, shared: bool) {
        self.now += Duration::from_millis(1);
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(90);
        self.wire.clear();
        let header = if shared {
            self.sender
                .send_rtp(self.now, self.sends, &mut self.header, &self.payload)
                .unwrap()
        } else {
            self.sender
                .send_rtp(self.now, self.sends, &mut self.header, &self.payload[..])
                .unwrap()
        };
        self.wire.extend_from_slice(header);
        self.wire.extend_from_slice(&self.payload);
        if !is_lost {
            let received = self.receiver.handle_rtp(self.now, Ecn::NotEct, &mut self.wire);
            assert!(matches!(received, Received::Media { stream, .. } if stream == self.receives));
        }
    }

    /// Feedback goes back, and what it asks for comes.
    fn feedback(&mut self) {
        self.control.clear();
        while self.receiver.poll_rtcp(self.now, &mut self.control).is_some() {
            self.sender.handle_rtcp(self.now, &self.control);
            self.control.clear();
        }
        self.wire.clear();
        while self.sender.poll_rtp(self.now, &mut self.wire).is_some() {
            let received = self.receiver.handle_rtp(self.now, Ecn::NotEct, &mut self.wire);
            assert!(matches!(
                received,
                Received::Media {
                    is_repaired: true,
                    ..
                }
            ));
            self.wire.clear();
        }
    }
}

#[test]
fn nothing_is_allocated_for_a_packet() {
    for (ccfb, shared) in [(false, true), (false, false), (true, true)] {
        let mut pair = Pair::new(ccfb);
        for index in 0..5000 {
            pair.packet(index % 50 == 1, shared);
            pair.feedback();
        }
        let mut results = Vec::with_capacity(10_000);
        pair.sender.take_feedback(&mut results);
        while pair.sender.poll_event().is_some() {}
        let count = allocations(|| {
            for _ in 0..5000 {
                pair.packet(false, shared);
                pair.feedback();
            }
        });
        assert_eq!(count, 0, "packets and feedback; ccfb {ccfb}, shared {shared}");
        let count = allocations(|| {
            for index in 0..5000 {
                pair.packet(index % 50 == 1, shared);
                pair.feedback();
            }
        });
        assert_eq!(
            count, 0,
            "loss, repair and feedback; ccfb {ccfb}, shared {shared}"
        );
        let stats = pair.receiver.inbound_stats(pair.receives).unwrap();
        assert!(stats.retransmitted_packets_received >= 199, "{stats:?}");
    }
}

#[test]
fn strangers_and_padding_cost_nothing() {
    let mut pair = Pair::new(true);
    let mut packet = Vec::new();
    let mut writer = HeaderWriter::new(&mut packet, FormRule::Mixed);
    writer.payload_type(96).ssrc(REMOTE).extension(4, b"0").unwrap();
    writer.finish();
    packet.extend([0; 100]);
    let now = pair.now;
    let receiver = &mut pair.receiver;
    let count = allocations(|| {
        for ssrc in 0..10_000u32 {
            packet[8..12].copy_from_slice(&(REMOTE_RTX + ssrc * 7).to_be_bytes());
            let Received::Unsignalled(unknown) = receiver.handle_rtp(now, Ecn::NotEct, &mut packet) else {
                panic!("known")
            };
            assert_eq!(unknown.mid(), Some("0"));
        }
    });
    assert_eq!((count, receiver.stats().unsignalled), (0, 10_000));
}
