//! The place for users' stages, unsignalled streams, and the sink.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{
    Direction, Ecn, Inbound, InboundId, Interceptor, OutboundId, PacketResult, PacketSink, Passing, Received,
    SendError, Verdict,
};
use rtcp::{Packet, PictureLossIndication};
use rtp::{FormRule, Header, HeaderWriter};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::*;

/// Writes down what it sees, drops what ends in 9, and sends a packet of parity behind every fifth.
#[derive(Clone, Debug, Default)]
struct Stage {
    name: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
    parity: Option<OutboundId>,
    wants_rtcp: bool,
}

impl Stage {
    fn note(&self, what: String) {
        self.seen.lock().unwrap().push(format!("{} {what}", self.name));
    }
}

impl Interceptor for Stage {
    fn handle_inbound(&mut self, _: Instant, _: InboundId, packet: &mut [u8]) -> Verdict {
        self.note(format!("in {}", packet[3]));
        if packet[3] % 10 == 9 {
            Verdict::Drop
        } else {
            Verdict::Pass
        }
    }

    fn handle_outbound(&mut self, _: Instant, stream: OutboundId, header: &mut Header, _: &[u8]) -> Verdict {
        self.note(format!("out {}", header.sequence_number));
        if header.sequence_number.is_multiple_of(5) {
            self.parity = Some(stream);
        }
        header.marker = true;
        if header.sequence_number % 10 == 9 {
            Verdict::Drop
        } else {
            Verdict::Pass
        }
    }

    fn handle_rtcp(&mut self, _: Instant, packet: &rtcp::PacketRef<'_>) {
        self.note(format!("rtcp {}", packet.encoded_len()));
    }

    fn handle_feedback(&mut self, _: Instant, results: &[PacketResult]) {
        self.note(format!("{} results", results.len()));
    }

    fn poll_rtp(&mut self, _: Instant, header: &mut Header, payload: &mut Vec<u8>) -> Option<OutboundId> {
        let stream = self.parity.take()?;
        *header = Header {
            payload_type: 96,
            sequence_number: 1000,
            ..Header::default()
        };
        payload.extend(b"parity");
        Some(stream)
    }

    fn poll_rtcp(&mut self, _: Instant, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.wants_rtcp) {
            PictureLossIndication {
                sender_ssrc: 1,
                media_ssrc: 2,
            }
            .encode(out);
        }
    }
}

#[test]
fn stages_see_packets_in_order_and_decide() {
    let (mut script, id) = Script::sender(quiet());
    script.chain.add_inbound(script.now, inbound()).unwrap();
    let seen = Arc::default();
    for name in ["near", "far"] {
        let stage = Stage {
            name,
            seen: Arc::clone(&seen),
            ..Stage::default()
        };
        script.chain.add_interceptor(Box::new(stage));
    }
    assert_eq!(script.receive(8), "8");
    assert_eq!(script.receive(9), "Intercepted");
    assert!(script.send(id, 1)[1] & 0x80 != 0, "the header was changed");
    let mut header = Header {
        sequence_number: 9,
        ..Header::default()
    };
    let refused = script
        .chain
        .send_rtp(script.now, id, &mut header, &b"x"[..])
        .map(<[u8]>::to_vec);
    assert_eq!(refused, Err(SendError::Intercepted));
    let expected = [
        "near in 8",
        "far in 8",
        "near in 9",
        "far out 1",
        "near out 1",
        "far out 9",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(script.chain.stats().intercepted, 2);
    assert!(script.says().is_empty(), "an intercepted packet is not missing");
}

#[test]
fn stages_add_packets_both_kinds() {
    let (mut script, id) = Script::sender(quiet());
    let stage = Stage {
        wants_rtcp: true,
        ..Stage::default()
    };
    script.chain.add_interceptor(Box::new(stage));
    assert_eq!(script.says(), ["PLI(2)"]);
    script.send(id, 5);
    let added = script.retransmits();
    assert_eq!(added.len(), 1);
    let view = rtp::PacketRef::decode(&added[0]).unwrap();
    assert_eq!(
        (view.ssrc(), view.sequence_number(), view.payload()),
        (LOCAL, 1000, &b"parity"[..])
    );
    assert_eq!(script.chain.outbound_stats(id).unwrap().packets_sent, 2);
    script.chain.remove_outbound(script.now, id);
    let mut header = Header::default();
    let refused = script
        .chain
        .send_rtp(script.now, id, &mut header, &b"x"[..])
        .map(<[u8]>::to_vec);
    assert_eq!(refused, Err(SendError::UnknownStream));
}

#[test]
fn an_unsignalled_packet_says_whose_it_is_and_is_taken_once_that_is_known() {
    let mut script = Script::new(quiet());
    let mut packet = Vec::new();
    let mut writer = HeaderWriter::new(&mut packet, FormRule::Mixed);
    writer.payload_type(96).sequence_number(1).ssrc(REMOTE);
    writer.extension(4, b"1").unwrap().extension(10, b"hi").unwrap();
    writer.finish();
    packet.extend(b"media");
    let Received::Unsignalled(unknown) = script.chain.handle_rtp(script.now, Ecn::NotEct, &mut packet) else {
        panic!("known")
    };
    assert_eq!((unknown.ssrc, unknown.payload_type), (REMOTE, 96));
    assert_eq!(
        (unknown.mid(), unknown.rid(), unknown.repaired_rid()),
        (Some("1"), Some("hi"), None)
    );
    let mut stream = inbound();
    stream.rtx_ssrc = None;
    let id = script.chain.add_inbound(script.now, stream).unwrap();
    assert_eq!(script.receive_packet(packet), "1");
    assert_eq!(script.chain.find_inbound(REMOTE), Some(id));
    // Its retransmissions name it by their repaired RID.
    script.receive(3);
    assert_eq!(script.receive_rtx(1, 2), "unsignalled bbbc");
    script.chain.bind_inbound_rtx(id, REMOTE_RTX).unwrap();
    assert_eq!(script.receive_rtx(1, 2), "2 repaired");
    assert_eq!(script.chain.find_inbound(REMOTE_RTX), Some(id));
}

/// RFC 9143 §9.2.
#[test]
fn a_packet_that_names_another_section_is_handed_back_until_its_stream_was_moved() {
    let mut script = Script::new(quiet());
    let of = |mid: &str| Inbound {
        mid: Some(mid.to_owned()),
        ..inbound()
    };
    let id = script.chain.add_inbound(script.now, of("a")).unwrap();
    let named = |number: u16, mid: &str| {
        let mut packet = Vec::new();
        let mut writer = HeaderWriter::new(&mut packet, FormRule::Mixed);
        writer.payload_type(96).sequence_number(number).ssrc(REMOTE);
        writer.extension(IDS.mid.unwrap(), mid.as_bytes()).unwrap();
        writer.finish();
        packet.extend_from_slice(b"media");
        packet
    };
    assert_eq!(script.receive_packet(named(65_535, "a")), "65535");
    assert_eq!(script.receive_packet(named(1, "b")), "unsignalled bbbb");
    let before = script.chain.inbound_stats(id).unwrap();
    assert_eq!(before.packets_received, 1, "it is not counted for the stream");
    script.chain.update_inbound(id, of("b")).unwrap();
    assert_eq!(script.receive_packet(named(1, "b")), "65537");
    assert_eq!(script.receive(2), "65538", "most packets name none");
    assert_eq!(
        script.receive_packet(named(0, "a")),
        "65536",
        "a late one is the stream's"
    );
    assert_eq!(script.receive_packet(named(3, "a")), "unsignalled bbbb");
    // Who does not care for sections is not asked.
    script.chain.update_inbound(id, inbound()).unwrap();
    assert_eq!(script.receive_packet(named(4, "a")), "65540");
}

#[test]
fn padding_is_told_so_that_forwarders_close_the_gap() {
    let (mut script, _) = Script::receiver(quiet());
    let mut padding = packet(REMOTE, 96, 7, &[0, 0, 0, 4]);
    padding[0] |= 0x20;
    assert_eq!(script.receive_packet(padding), "7 padding");
    let mut probe = packet(REMOTE_RTX, 97, 7, &[0, 0, 0, 4]);
    probe[0] |= 0x20;
    assert_eq!(script.receive_packet(probe), "NoRetransmission");
    assert_eq!(script.chain.stats().padding, 2);
    // And when it was repaired: the peer keeps such packets, too.
    script.receive(12);
    let retransmission = packet(REMOTE_RTX, 97, 900, &11u16.to_be_bytes());
    assert_eq!(script.receive_packet(retransmission), "11 padding");
    assert_eq!(
        script.receive_packet(packet(REMOTE_RTX, 55, 8, &[0, 1, 2, 3])),
        "NoRetransmission"
    );
    assert_eq!(script.chain.stats().bad_retransmissions, 1);
}

#[derive(Clone, Debug, Default)]
struct Sink(Arc<Mutex<Vec<(Direction, bool, usize)>>>);

impl PacketSink for Sink {
    fn packet(&mut self, packet: Passing<'_>) {
        let len = packet.head.len() + packet.payload.len();
        self.0
            .lock()
            .unwrap()
            .push((packet.direction, packet.is_rtcp, len));
    }
}

#[test]
fn the_sink_sees_everything_next_to_the_wire() {
    let (mut script, id) = Script::sender(quiet());
    script.chain.add_inbound(script.now, inbound()).unwrap();
    let sink = Sink::default();
    script.chain.set_sink(Some(Box::new(sink.clone())));
    let sent = script.send(id, 1).len();
    script.receive(1);
    script.receive(3);
    let said = script.datagrams()[0].len();
    let pairs: Vec<_> = rtcp::nack_pairs([1]).collect();
    script.rtcp(&rtcp::Nack {
        sender_ssrc: REMOTE,
        media_ssrc: LOCAL,
        pairs: (&pairs).into(),
    });
    let again = script.retransmits()[0].len();
    let (inbound, outbound) = (Direction::Inbound, Direction::Outbound);
    let expected = [
        (outbound, false, sent),
        (inbound, false, 17),
        (inbound, false, 17),
        (outbound, true, said),
        (inbound, true, 16),
        (outbound, false, again),
    ];
    assert_eq!(*sink.0.lock().unwrap(), expected);
}

#[test]
fn streams_go_on_with_what_is_negotiated_anew() {
    let (mut script, id) = Script::sender(quiet());
    let inbound_id = script.chain.add_inbound(script.now, inbound()).unwrap();
    script.send(id, 1);
    script.receive(1);
    let block = rtcp::ReportBlock {
        ssrc: LOCAL,
        ..rtcp::ReportBlock::default()
    };
    script.rtcp(&rtcp::ReceiverReport {
        sender_ssrc: REMOTE,
        reports: (&[block]).into(),
        extension: &[],
    });
    let mid = |packet: &[u8]| {
        rtp::PacketRef::decode(packet)
            .unwrap()
            .extension(4)
            .map(<[u8]>::to_vec)
    };
    assert_eq!(mid(&script.send(id, 2)), None);
    let mut update = outbound();
    update.mid = Some("7".into());
    update.feedback.nack = false;
    script.chain.update_outbound(id, update).unwrap();
    assert_eq!(mid(&script.send(id, 3)), Some(b"7".to_vec()));
    assert_eq!(script.chain.outbound_stats(id).unwrap().packets_sent, 3);
    let pairs: Vec<_> = rtcp::nack_pairs([3]).collect();
    script.rtcp(&rtcp::Nack {
        sender_ssrc: REMOTE,
        media_ssrc: LOCAL,
        pairs: (&pairs).into(),
    });
    assert!(script.retransmits().is_empty(), "no longer negotiated");

    let mut update = inbound();
    update.feedback.nack = false;
    update.rtx_ssrc = Some(4242);
    script.chain.update_inbound(inbound_id, update).unwrap();
    script.receive(3);
    assert!(script.says().is_empty());
    assert_eq!(
        script.receive_packet(packet(4242, 97, 1, &[0, 2, 1])),
        "2 repaired"
    );
    assert_eq!(script.chain.find_inbound(REMOTE_RTX), None);
    assert!(script.chain.inbound_streams().eq([inbound_id]) && script.chain.outbound_streams().eq([id]));
}

#[test]
fn what_error_correction_recovers_is_asked_for_no_longer() {
    let (mut script, id) = Script::receiver(quiet());
    script.receive(1);
    script.receive(4);
    let mut recover = |number, expected: Option<u64>| {
        let mut packet = packet(REMOTE, 96, number, b"recovered");
        let found = match script.chain.handle_recovered(script.now, &mut packet) {
            Received::Media {
                sequence_number,
                is_repaired: true,
                ..
            } => Some(sequence_number - 65_536),
            _ => None,
        };
        assert_eq!(found, expected);
    };
    recover(2, Some(2));
    recover(2, None);
    recover(4, None);
    assert_eq!(script.says(), ["NACK(3)"]);
    let stats = script.chain.inbound_stats(id).unwrap();
    assert_eq!(
        (
            stats.packets_recovered,
            stats.packets_lost,
            stats.packets_received
        ),
        (1, 2, 2)
    );
}
