//! What cannot be sent is not lost without a word: each has a bound, and a counter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use interceptor::{AddError, Config, Interceptor, Outbound, OutboundId, SendError};
use rtcp::{Application, Nack, Packet};
use rtp::Header;
use std::collections::VecDeque;
use std::time::Instant;
use support::*;

/// Says one thing each time that it is asked, and sends packets on a stream.
#[derive(Debug, Default)]
struct Talker {
    says: VecDeque<Vec<u8>>,
    packets: VecDeque<OutboundId>,
}

impl Interceptor for Talker {
    fn poll_rtp(&mut self, _: Instant, _: &mut Header, payload: &mut Vec<u8>) -> Option<OutboundId> {
        payload.push(1);
        self.packets.pop_front()
    }

    fn poll_rtcp(&mut self, _: Instant, out: &mut Vec<u8>) {
        out.extend(self.says.pop_front().unwrap_or_default());
    }
}

/// A packet of so many bytes.
fn application(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let data = vec![0; len - 12];
    Application {
        subtype: 0,
        ssrc: 1,
        name: *b"talk",
        data: &data,
    }
    .encode(&mut bytes);
    assert_eq!(bytes.len(), len);
    bytes
}

fn ask(script: &mut Script, lost: u16) {
    let pairs: Vec<_> = rtcp::nack_pairs([lost]).collect();
    script.rtcp(&Nack {
        sender_ssrc: REMOTE,
        media_ssrc: LOCAL,
        pairs: (&pairs).into(),
    });
}

fn lens(script: &mut Script) -> Vec<usize> {
    script.datagrams().iter().map(Vec::len).collect()
}

#[test]
fn users_speak_in_a_datagram_that_has_room_for_them() {
    for reduced_size in [true, false] {
        let config = Config {
            mtu: 576,
            reduced_size,
            ..quiet()
        };
        let (mut script, _) = Script::receiver(config);
        for len in [512, 200] {
            let talker = Talker {
                says: [application(len)].into(),
                ..Talker::default()
            };
            script.chain.add_interceptor(Box::new(talker));
        }
        // A receiver report and a name stand in front, unless it was agreed that they need not.
        let head = if reduced_size { 0 } else { 8 + 4 + 12 };
        assert_eq!(lens(&mut script), [head + 512, head + 200]);
        assert_eq!(script.chain.stats().user_rtcp_dropped, 0);
    }
}

#[test]
fn users_who_say_too_much_at_once_are_counted() {
    let (mut script, _) = Script::receiver(quiet());
    let talker = Talker {
        says: [application(516), application(20)].into(),
        ..Talker::default()
    };
    script.chain.add_interceptor(Box::new(talker));
    assert!(lens(&mut script).is_empty());
    assert_eq!(script.chain.stats().user_rtcp_dropped, 1);
    assert_eq!(lens(&mut script), [20]);

    // With a name of 255 bytes in front, the smallest datagram has no room for 512.
    let config = Config {
        mtu: 576,
        cname: Some("n".repeat(255)),
        reduced_size: false,
        ..quiet()
    };
    let (mut script, _) = Script::receiver(config);
    let talker = Talker {
        says: [application(512)].into(),
        ..Talker::default()
    };
    script.chain.add_interceptor(Box::new(talker));
    script.datagrams();
    assert_eq!(script.chain.stats().user_rtcp_dropped, 1);
}

#[test]
fn packets_of_users_without_a_stream_are_counted() {
    let (mut script, id) = Script::sender(quiet());
    let talker = Talker {
        packets: [id, id].into(),
        ..Talker::default()
    };
    script.chain.add_interceptor(Box::new(talker));
    assert_eq!(script.retransmits().len(), 2);
    let talker = Talker {
        packets: [id].into(),
        ..Talker::default()
    };
    script.chain.add_interceptor(Box::new(talker));
    script.chain.pause_outbound(script.now, id);
    assert!(script.retransmits().is_empty());
    assert_eq!(script.chain.stats().user_rtp_dropped, 1);
}

#[test]
fn a_packet_that_is_gone_when_its_turn_comes_is_refused() {
    let config = Config {
        max_history: 4,
        ..quiet()
    };
    let (mut script, id) = Script::sender(config);
    for number in 1..=4 {
        script.send(id, number);
    }
    ask(&mut script, 1);
    // Its place in the history is taken.
    script.send(id, 5);
    assert!(script.retransmits().is_empty());
    let refused = |script: &Script| script.chain.outbound_stats(id).unwrap().retransmissions_refused;
    assert_eq!(refused(&script), 1);
    ask(&mut script, 5);
    script.chain.pause_outbound(script.now, id);
    assert!(script.retransmits().is_empty());
    assert_eq!(refused(&script), 2, "paused while it waited");
    script.chain.resume_outbound(script.now, id);
    script.send(id, 6);
    ask(&mut script, 6);
    let last = script.chain.remove_outbound(script.now, id).unwrap();
    assert_eq!(last.retransmissions_refused, 3, "removed while it waited");
}

#[test]
fn extensions_that_cannot_be_written_are_counted() {
    let mut script = Script::new(quiet());
    let mut stream = outbound();
    stream.mid = Some("longer than the sixteen bytes of the one-byte form".into());
    let id = script.chain.add_outbound(script.now, stream).unwrap();
    let send = |script: &mut Script, header: &mut Header| {
        header.payload_type = 96;
        header.sequence_number += 1;
        let payload = &b"media"[..];
        script.chain.send_rtp(script.now, id, header, payload).unwrap();
        script.chain.outbound_stats(id).unwrap().extensions_dropped
    };
    let mut header = Header {
        extensions: rtp::ExtensionSet::with_rule(rtp::FormRule::OneByte),
        ..Header::default()
    };
    assert_eq!(send(&mut script, &mut header), 1);
    header.extensions = rtp::ExtensionSet::with_rule(rtp::FormRule::Mixed);
    assert_eq!(send(&mut script, &mut header), 1, "the two-byte form has room");
}

/// Two streams, of which the second never sends.
fn two_streams(config: Config) -> (Script, OutboundId) {
    let (mut script, id) = Script::sender(config);
    let mut silent = outbound();
    (silent.ssrc, silent.rtx_ssrc) = (7, None);
    script.chain.add_outbound(script.now, silent).unwrap();
    (script, id)
}

#[test]
fn who_closes_says_farewell_for_all_that_was_heard_and_then_nothing() {
    let (mut script, id) = two_streams(quiet());
    script.send(id, 1);
    script.chain.add_inbound(script.now, inbound()).unwrap();
    script.receive(1);
    script.receive(3);
    assert!(script.chain.send_rtcp(script.now, &application(16)));
    ask(&mut script, 1);
    script.chain.close(script.now);
    script.chain.close(script.now);
    assert_eq!(script.next(), Some(ms(0)));
    assert_eq!(script.says(), ["RR(aaaa) SDES(aaaa) APP BYE(aaaa aaab)"]);

    assert!(script.retransmits().is_empty(), "nothing is repaired any more");
    let stats = script.chain.outbound_stats(id).unwrap();
    assert_eq!((stats.packets_sent, stats.retransmissions_refused), (1, 1));
    let mut header = Header::default();
    let refused = script.chain.send_rtp(script.now, id, &mut header, &b"x"[..]);
    assert_eq!(refused.map(<[u8]>::to_vec), Err(SendError::Paused));
    script.chain.resume_outbound(script.now, id);
    script.receive(9);
    script.chain.handle_timeout(script.now);
    assert_eq!(script.next(), None);
    assert!(script.at(ms(9000)).says().is_empty());
}

#[test]
fn who_has_left_takes_up_nothing_new() {
    let (mut script, id) = Script::sender(quiet());
    script.send(id, 1);
    script.chain.close(script.now);
    assert_eq!(script.says(), ["RR(aaaa) SDES(aaaa) BYE(aaaa aaab)"]);
    assert!(!script.chain.send_rtcp(script.now, &application(16)));
    script.chain.remove_outbound(script.now, id).unwrap();
    let again = script.chain.add_outbound(script.now, outbound());
    assert_eq!(again, Err(AddError::Closed));
    assert_eq!(script.next(), None);
    assert!(script.at(ms(9000)).says().is_empty());
}

#[test]
fn who_was_never_heard_leaves_without_a_word() {
    let (mut script, _) = two_streams(quiet());
    script.chain.close(script.now);
    assert_eq!(script.next(), None);
    assert!(script.says().is_empty());
}

#[test]
fn who_only_received_takes_leave_of_those_who_had_its_reports() {
    let (mut script, _) = Script::receiver(quiet());
    script.receive(1);
    script.receive(3);
    assert_eq!(script.says(), ["NACK(2)"]);
    script.chain.close(script.now);
    assert_eq!(script.says(), ["RR(1111) SDES(1111) BYE(1111)"]);
}

#[test]
fn many_take_leave_at_once_whatever_was_said_before() {
    let mut script = Script::new(quiet());
    for ssrc in 0..200 {
        let stream = Outbound {
            ssrc,
            rtx_ssrc: None,
            ..outbound()
        };
        let id = script.chain.add_outbound(script.now, stream).unwrap();
        script.send(id, 1);
    }
    script.chain.add_inbound(script.now, inbound()).unwrap();
    // Nothing is left of the bandwidth.
    let mut number = 0;
    while !script.says().is_empty() {
        script.receive(number);
        number += 2;
        script.receive(number);
    }
    script.chain.close(script.now);
    let mut left = Vec::new();
    for datagram in script.datagrams() {
        assert!(datagram.len() <= 1200);
        for packet in rtcp::packets(&datagram) {
            if let rtcp::PacketRef::Goodbye(goodbye) = packet.unwrap() {
                left.extend(goodbye.ssrcs.iter());
            }
        }
    }
    assert_eq!(left, (0..200).collect::<Vec<_>>());
    assert_eq!(script.next(), None);
}
