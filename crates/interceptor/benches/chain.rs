//! CPU of a chain per packet, without SRTP and I/O: received, sent to one, forwarded to a hundred subscribers, and with loss.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interceptor::{
    Chain, Codec, Config, Ecn, ExtensionIds, Feedback, Inbound, Kind, Outbound, OutboundId, PacketResult,
    Payload, Received,
};
use rtcp::{TransportFeedbackBuilder, TransportTime};
use rtp::{FormRule, Header, HeaderWriter};
use std::hint::black_box;
use std::time::{Duration, Instant};

const IDS: ExtensionIds = ExtensionIds {
    mid: Some(4),
    rid: Some(10),
    repaired_rid: Some(11),
    transport_cc: Some(3),
    abs_send_time: Some(2),
};

const FEEDBACK: Feedback = Feedback {
    nack: true,
    pli: true,
    fir: true,
    transport_cc: true,
    ccfb: false,
};

fn chain() -> (Chain, Instant) {
    let now = Instant::now();
    let config = Config {
        extensions: IDS,
        reduced_size: true,
        ..Config::default()
    };
    (
        Chain::new(config, now, Duration::from_secs(1_700_000_000), [7; 32]),
        now,
    )
}

fn codecs() -> Vec<Codec> {
    vec![Codec {
        payload_type: 96,
        clock_rate: 90_000,
        rtx_payload_type: Some(97),
    }]
}

fn inbound(ssrc: u32) -> Inbound {
    Inbound {
        ssrc,
        rtx_ssrc: Some(ssrc + 1),
        kind: Kind::Video,
        mid: None,
        codecs: codecs(),
        feedback: FEEDBACK,
    }
}

fn outbound(ssrc: u32) -> Outbound {
    Outbound {
        ssrc,
        rtx_ssrc: Some(ssrc + 1),
        codecs: codecs(),
        mid: Some("0".into()),
        rid: None,
        extensions: IDS,
        feedback: FEEDBACK,
    }
}

/// A packet of 1,200 bytes whose numbers `number` sets.
fn packet(ssrc: u32) -> Vec<u8> {
    let mut packet = Vec::new();
    let mut writer = HeaderWriter::new(&mut packet, FormRule::Mixed);
    writer.payload_type(96).ssrc(ssrc);
    let _ = writer.extension(3, &[0, 0]);
    let _ = writer.extension(2, &[0, 0, 0]);
    writer.finish();
    packet.resize(1200, 7);
    packet
}

/// Sequence number, timestamp and transport-wide number of the next packet.
fn number(packet: &mut [u8], number: u16, transport: u16) {
    for (place, byte) in packet.iter_mut().skip(2).zip(number.to_be_bytes()) {
        *place = byte;
    }
    for (place, byte) in packet
        .iter_mut()
        .skip(4)
        .zip(u32::from(number / 4).wrapping_mul(3000).to_be_bytes())
    {
        *place = byte;
    }
    for (place, byte) in packet.iter_mut().skip(17).zip(transport.to_be_bytes()) {
        *place = byte;
    }
}

/// Publishers of one chain.
struct Receiver {
    chain: Chain,
    now: Instant,
    packets: Vec<Vec<u8>>,
    sequence_number: u16,
    transport: u16,
    out: Vec<u8>,
}

impl Receiver {
    fn new(streams: u32) -> Self {
        let (mut chain, now) = chain();
        let ssrcs = (0..streams).map(|index| 1000 + index * 2);
        for ssrc in ssrcs.clone() {
            let _ = chain.add_inbound(now, inbound(ssrc));
        }
        Self {
            chain,
            now,
            packets: ssrcs.map(packet).collect(),
            sequence_number: 0,
            transport: 0,
            out: Vec::new(),
        }
    }

    /// A packet of each stream, and the feedback.
    fn round(&mut self) {
        for packet in &mut self.packets {
            self.transport = self.transport.wrapping_add(1);
            number(packet, self.sequence_number, self.transport);
            self.now += Duration::from_micros(100);
            let received = self.chain.handle_rtp(self.now, Ecn::NotEct, packet);
            black_box(matches!(received, Received::Media { .. }));
        }
        self.sequence_number = self.sequence_number.wrapping_add(1);
        self.out.clear();
        while self.chain.poll_rtcp(self.now, &mut self.out).is_some() {}
    }
}

fn receive(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receive");
    for streams in [1u32, 100] {
        let mut receiver = Receiver::new(streams);
        group.throughput(Throughput::Elements(streams.into()));
        group.bench_function(BenchmarkId::new("streams", streams), |bencher| {
            bencher.iter(|| receiver.round());
        });
    }
    group.finish();
}

/// Subscribers, every one with a chain of its own.
struct Sender {
    chains: Vec<(Chain, OutboundId)>,
    now: Instant,
    header: Header,
    payload: Bytes,
    shared: bool,
    out: Vec<u8>,
    /// Feedback that each of them sends, with the transport-wide number that is next.
    feedback: TransportFeedbackBuilder,
    number: u16,
    results: Vec<PacketResult>,
}

/// Packets between two feedback messages.
const FEEDBACK_EVERY: u16 = 50;

impl Sender {
    fn new(subscribers: u32, shared: bool) -> Self {
        let mut now = Instant::now();
        let subscribe = |index| {
            let (mut chain, start) = chain();
            now = start;
            Some((chain.add_outbound(start, outbound(1000 + index * 2)).ok()?, chain))
        };
        let chains: Vec<_> = (0..subscribers)
            .filter_map(subscribe)
            .map(|(id, chain)| (chain, id))
            .collect();
        Self {
            chains,
            now,
            header: Header {
                payload_type: 96,
                ..Header::default()
            },
            payload: Bytes::from(vec![7; 1100]),
            shared,
            out: Vec::new(),
            feedback: TransportFeedbackBuilder::new(1, 1000, 1200),
            number: 0,
            results: Vec::new(),
        }
    }

    /// Every one of them says that all has come.
    fn feedback(&mut self) {
        self.out.clear();
        self.feedback.finish(&mut self.out);
        for (chain, _) in &mut self.chains {
            chain.handle_rtcp(self.now, &self.out);
            self.results.clear();
            chain.take_feedback(&mut self.results);
            while chain.poll_event().is_some() {}
        }
    }

    /// A packet to each.
    fn round(&mut self) {
        self.now += Duration::from_millis(1);
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        for (chain, id) in &mut self.chains {
            let payload = match self.shared {
                true => Payload::Shared(&self.payload),
                false => Payload::Copied(&self.payload),
            };
            let _ = black_box(chain.send_rtp(self.now, *id, &mut self.header, payload));
            self.out.clear();
            black_box(chain.poll_rtcp(self.now, &mut self.out));
        }
        let _ = self
            .feedback
            .push(self.number, TransportTime(i64::from(self.number) * 4));
        self.number = self.number.wrapping_add(1);
        if self.number.is_multiple_of(FEEDBACK_EVERY) {
            self.feedback();
        }
    }
}

fn send(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("send");
    for (name, shared) in [("shared", true), ("copied", false)] {
        for subscribers in [1u32, 100] {
            let mut sender = Sender::new(subscribers, shared);
            // Until the histories are full.
            (0..2000).for_each(|_| sender.round());
            group.throughput(Throughput::Elements(subscribers.into()));
            group.bench_function(BenchmarkId::new(name, subscribers), |bencher| {
                bencher.iter(|| sender.round());
            });
        }
    }
    group.finish();
}

/// What an idle chain costs a driver that asks it.
fn idle(criterion: &mut Criterion) {
    let (mut chain, now) = chain();
    let _ = chain.add_inbound(now, inbound(1));
    let mut out = Vec::new();
    criterion.bench_function("idle poll", |bencher| {
        bencher.iter(|| {
            black_box(chain.poll_timeout());
            black_box(chain.poll_rtcp(now, &mut out));
            black_box(chain.poll_rtp(now, &mut out));
            black_box(chain.poll_event());
        });
    });
}

criterion_group!(benches, receive, send, idle);
criterion_main!(benches);
