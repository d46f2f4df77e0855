//! Which section streams belong to, against a chain without a network.

mod described;
mod keys;

use std::time::{Duration, Instant};

use interceptor::{Chain, Ecn, Received};
use rtp::extension::{Extension, Mid};
use rtp::{FormRule, HeaderWriter};
use sdp::Direction;

use super::layers::MAX_LAYERS;
use super::sections::Sections;
use crate::core::event::{RtpEvent, SsrcRefusal};
use crate::core::media::{
    InboundStream, MediaKind, NegotiatedCodec, NegotiatedExtension, NegotiatedMedia, NegotiatedSection,
    OutboundStream, RemoteTrack, RtpCodec, SendLimits, TransceiverId,
};

const MID: u8 = 4;

/// A section of VP8 under 96, with retransmissions under 97, and of another codec under 100 and more.
fn section(index: u8, ssrcs: &[u32]) -> NegotiatedSection {
    let codec = |payload_type, rtx_payload_type| NegotiatedCodec {
        payload_type,
        codec: RtpCodec::video("VP8", ""),
        feedback: Vec::new(),
        rtx_payload_type,
    };
    let codecs = vec![codec(96, Some(97)), codec(100 + index, None)];
    NegotiatedSection {
        transceiver: TransceiverId(index.into()),
        mid: char::from(b'a' + index).to_string(),
        kind: MediaKind::Video,
        direction: Direction::SendRecv,
        receive: codecs.clone(),
        send: codecs,
        extensions: vec![NegotiatedExtension {
            id: MID,
            uri: Mid::URI.to_owned(),
            is_encrypted: false,
            send: true,
            receive: true,
        }],
        extmap_allow_mixed: true,
        reduced_size_rtcp: true,
        receiver_rtt: true,
        outbound: vec![OutboundStream {
            rid: None,
            ssrc: 1000 + u32::from(index),
            rtx_ssrc: None,
            active: true,
            paused: false,
        }],
        inbound: ssrcs.iter().map(|ssrc| inbound(*ssrc)).collect(),
        remote_track: RemoteTrack::default(),
        limits: SendLimits::default(),
    }
}

fn inbound(ssrc: u32) -> InboundStream {
    InboundStream {
        rid: None,
        ssrc: Some(ssrc),
        rtx_ssrc: None,
        paused: false,
    }
}

struct Bench {
    now: Instant,
    chain: Chain,
    sections: Sections,
    media: NegotiatedMedia,
}

impl Bench {
    fn new(sections: Vec<NegotiatedSection>) -> Self {
        let now = Instant::now();
        let mut bench = Self {
            now,
            chain: Chain::new(interceptor::Config::default(), now, Duration::ZERO, [1; 32]),
            sections: Sections::default(),
            media: NegotiatedMedia {
                sections,
                ..NegotiatedMedia::default()
            },
        };
        bench.apply();
        bench
    }

    fn apply(&mut self) {
        self.media.generation += 1;
        self.sections.apply(self.now, &self.media, &mut self.chain);
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// A packet, with the name of a section or without. Gives the section that it reaches.
    fn receive(&mut self, ssrc: u32, payload_type: u8, number: u16, mid: Option<&str>) -> Option<String> {
        let mut packet = Vec::new();
        let mut writer = HeaderWriter::new(&mut packet, FormRule::Mixed);
        writer
            .payload_type(payload_type)
            .sequence_number(number)
            .ssrc(ssrc);
        if let Some(mid) = mid {
            writer.extension(MID, mid.as_bytes()).unwrap();
        }
        writer.finish();
        packet.extend([0, 9, 0x10, 0]);
        let mut received = self.chain.handle_rtp(self.now, Ecn::NotEct, &mut packet);
        if let Received::Unsignalled(first) = received {
            if !self.sections.welcome(self.now, &first, &mut self.chain) {
                return None;
            }
            received = self.chain.handle_rtp(self.now, Ecn::NotEct, first.packet);
        }
        let Received::Media { stream, packet, .. } = received else {
            return None;
        };
        let numbers = super::Numbers {
            sequence_number: 0,
            is_repaired: false,
            arrived: self.now,
            sampled: None,
        };
        let kept = self.sections.keep(stream, numbers, packet)?;
        Some(self.sections.get(kept.transceiver)?.agreed.mid.clone())
    }

    fn report(&mut self, ssrc: u32, mid: &str) {
        let items = [rtcp::SdesItem::Mid(mid.as_bytes())];
        let chunks = [rtcp::SdesChunk {
            ssrc,
            items: (&items).into(),
        }];
        let description = rtcp::SourceDescription {
            chunks: (&chunks).into(),
        };
        let mut datagram = Vec::new();
        rtcp::Packet::encode(&description, &mut datagram);
        self.sections.handle_rtcp(self.now, &datagram, &mut self.chain);
    }

    fn news(&mut self) -> Vec<RtpEvent> {
        self.sections.news.drain(..).map(|(_, event)| event).collect()
    }
}

fn at(mid: &str) -> Option<String> {
    Some(mid.to_owned())
}

#[test]
fn a_flood_of_ssrcs_ends_no_stream_that_was_announced() {
    let mut bench = Bench::new(vec![section(0, &[10, 11])]);
    for stranger in 2000..2100 {
        assert_eq!(bench.receive(stranger, 96, 1, Some("a")), at("a"));
    }
    assert_eq!(bench.sections.all()[0].layers.len(), MAX_LAYERS);
    for ssrc in [10, 11, 2099] {
        assert!(bench.chain.find_inbound(ssrc).is_some(), "{ssrc}");
    }
    assert!(
        bench.chain.find_inbound(2000).is_none(),
        "the oldest of the others went"
    );
    // A description that names strangers keeps them, and the SSRCs that have no place are told, once.
    bench.media.sections[0].inbound = (2099..2120).map(inbound).collect();
    bench.apply();
    bench.apply();
    let too_many = |event: &RtpEvent| {
        matches!(
            event,
            RtpEvent::SsrcRefused {
                reason: SsrcRefusal::TooMany,
                ..
            }
        )
    };
    let news = bench.news();
    assert!(
        news.len() == 21 - MAX_LAYERS && news.iter().all(too_many),
        "{news:?}"
    );
    assert!(bench.chain.find_inbound(2099).is_some());
    assert_eq!(
        bench.receive(3000, 96, 1, Some("a")),
        None,
        "no stranger has a place"
    );
}

#[test]
fn a_stream_goes_where_its_packets_say() {
    let mut bench = Bench::new(vec![section(0, &[10]), section(1, &[])]);
    assert_eq!(bench.receive(10, 96, 65_535, None), at("a"), "by its SSRC");
    assert_eq!(bench.receive(10, 96, 1, Some("b")), at("b"));
    assert_eq!(bench.receive(10, 96, 2, None), at("b"), "from there on");
    assert_eq!(bench.receive(10, 96, 0, Some("a")), at("b"), "this one is late");
    assert_eq!(
        bench.receive(10, 96, 3, Some("x")),
        None,
        "there is no such section"
    );
    assert_eq!(
        bench.receive(10, 100, 4, Some("a")),
        at("a"),
        "and back, in another codec"
    );
    assert_eq!(
        bench.receive(10, 100, 5, Some("b")),
        None,
        "where b does not have it"
    );
    let stream = bench.chain.find_inbound(10).unwrap();
    let stats = bench.chain.inbound_stats(stream).unwrap();
    assert_eq!(stats.packets_received, 5, "one stream all the way");
    // Another exchange does not move it back, nor complain.
    assert_eq!(bench.receive(10, 96, 6, Some("b")), at("b"));
    bench.apply();
    assert_eq!((bench.receive(10, 96, 7, None), bench.news()), (at("b"), vec![]));
}

#[test]
fn reports_say_where_streams_belong_too() {
    let mut bench = Bench::new(vec![section(0, &[10]), section(1, &[])]);
    assert_eq!(
        bench.receive(20, 96, 1, None),
        None,
        "both sections have the payload type"
    );
    bench.report(20, "b");
    assert_eq!(bench.receive(20, 96, 2, None), at("b"));
    bench.report(10, "b");
    assert_eq!(bench.receive(10, 96, 1, None), at("b"));
    bench.report(10, "x");
    assert_eq!(bench.receive(10, 96, 2, None), at("b"));
    // A report that was overtaken by a packet, and a later one.
    assert_eq!(bench.receive(10, 96, 3, Some("a")), at("a"));
    bench.report(10, "b");
    assert_eq!(bench.receive(10, 96, 4, None), at("a"));
    bench.wait(1);
    bench.report(10, "b");
    assert_eq!(bench.receive(10, 96, 5, None), at("b"));
    // What is remembered of SSRCs that never come is bounded.
    for ssrc in 5000..6000 {
        bench.report(ssrc, "b");
    }
    assert_eq!(bench.receive(5000, 96, 1, None), None);
    assert_eq!(bench.receive(5999, 96, 1, None), at("b"));
}

#[test]
fn a_farewell_is_told_once_and_ends_what_no_description_names() {
    let mut bench = Bench::new(vec![section(0, &[10]), section(1, &[])]);
    for ssrc in [20, 21] {
        assert_eq!(bench.receive(ssrc, 96, 1, Some("b")), at("b"));
    }
    for ssrc in [10, 20, 20, 21, 99] {
        bench.sections.goodbye(bench.now, ssrc, &bench.chain);
    }
    assert_eq!(bench.news(), vec![RtpEvent::Ended { rid: None }; 3]);
    assert_eq!(bench.receive(20, 96, 2, None), at("b"), "a straggler");
    bench.wait(2);
    assert_eq!(bench.receive(21, 96, 2, None), at("b"), "it goes on");
    assert_eq!(bench.receive(30, 96, 1, Some("b")), at("b"));
    let known = [10, 20, 21].map(|ssrc| bench.chain.find_inbound(ssrc).is_some());
    assert_eq!(known, [true, false, true]);
    assert_eq!(bench.receive(20, 96, 3, None), None, "its section is forgotten");
}

#[test]
fn ssrcs_that_are_in_use_are_told() {
    // The second section has the SSRC of the first, and one under which the first one sends.
    let mut bench = Bench::new(vec![section(0, &[10]), section(1, &[10, 1000])]);
    let taken = RtpEvent::SsrcRefused {
        ssrc: 10,
        reason: SsrcRefusal::Taken,
    };
    assert_eq!(bench.news(), [taken, RtpEvent::SsrcCollision { ssrc: 1000 }]);
    bench.apply();
    assert_eq!(bench.news(), []);
    assert_eq!(bench.receive(10, 96, 1, None), at("a"));
    assert_eq!(
        bench.receive(1000, 96, 1, None),
        at("b"),
        "it is received all the same"
    );
    // One that nobody has announced.
    assert_eq!(bench.receive(1001, 96, 1, Some("a")), at("a"));
    assert_eq!(bench.news(), [RtpEvent::SsrcCollision { ssrc: 1001 }]);
    // And one that we begin to send under.
    bench.receive(1002, 96, 1, Some("a"));
    bench.media.sections.push(section(2, &[]));
    bench.apply();
    assert_eq!(bench.news(), [RtpEvent::SsrcCollision { ssrc: 1002 }]);
}
