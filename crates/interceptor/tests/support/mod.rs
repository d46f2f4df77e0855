//! A chain under a script: packets and feedback go in, and what it says comes out as text that reads like a ladder diagram.
#![allow(dead_code, reason = "each test program uses some of it")]

pub(crate) mod node;

use interceptor::{
    Chain, Codec, Config, Ecn, ExtensionIds, Feedback, Inbound, InboundId, Kind, Outbound, OutboundId,
    Received,
};
use rtcp::{Packet, PacketRef};
use rtp::{FormRule, Header, HeaderWriter};
use std::time::{Duration, Instant};

pub(crate) const REMOTE: u32 = 0xbbbb;
pub(crate) const REMOTE_RTX: u32 = 0xbbbc;
pub(crate) const LOCAL: u32 = 0xaaaa;
pub(crate) const LOCAL_RTX: u32 = 0xaaab;
pub(crate) const UNIX: Duration = Duration::from_secs(1_700_000_000);

pub(crate) const IDS: ExtensionIds = ExtensionIds {
    mid: Some(4),
    rid: Some(10),
    repaired_rid: Some(11),
    transport_cc: Some(3),
    abs_send_time: Some(2),
};

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn codecs() -> Vec<Codec> {
    vec![Codec {
        payload_type: 96,
        clock_rate: 90_000,
        rtx_payload_type: Some(97),
    }]
}

pub(crate) fn feedback() -> Feedback {
    Feedback {
        nack: true,
        pli: true,
        fir: true,
        ..Feedback::default()
    }
}

pub(crate) fn inbound() -> Inbound {
    Inbound {
        ssrc: REMOTE,
        rtx_ssrc: Some(REMOTE_RTX),
        kind: Kind::Video,
        mid: None,
        codecs: codecs(),
        feedback: feedback(),
    }
}

pub(crate) fn outbound() -> Outbound {
    Outbound {
        ssrc: LOCAL,
        rtx_ssrc: Some(LOCAL_RTX),
        codecs: codecs(),
        mid: Some("0".into()),
        rid: None,
        extensions: IDS,
        feedback: feedback(),
    }
}

/// A chain that reports rarely, so that feedback stands alone.
pub(crate) fn quiet() -> Config {
    Config {
        cname: Some("me".into()),
        ssrc: Some(0x1111),
        extensions: IDS,
        reduced_size: true,
        report_interval: Duration::from_secs(3600),
        ..Config::default()
    }
}

pub(crate) struct Script {
    pub(crate) chain: Chain,
    pub(crate) start: Instant,
    pub(crate) now: Instant,
}

impl Script {
    pub(crate) fn new(config: Config) -> Self {
        let start = Instant::now();
        Self {
            chain: Chain::new(config, start, UNIX, [7; 32]),
            start,
            now: start,
        }
    }

    pub(crate) fn receiver(config: Config) -> (Self, InboundId) {
        let mut script = Self::new(config);
        let id = script.chain.add_inbound(script.start, inbound()).unwrap();
        (script, id)
    }

    pub(crate) fn sender(config: Config) -> (Self, OutboundId) {
        let mut script = Self::new(config);
        let id = script.chain.add_outbound(script.start, outbound()).unwrap();
        (script, id)
    }

    /// It is so late after the start.
    pub(crate) fn at(&mut self, after: Duration) -> &mut Self {
        self.now = self.start + after;
        self.chain.handle_timeout(self.now);
        self
    }

    /// The time of the next deadline, since the start.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.chain.poll_timeout().map(|next| next - self.start)
    }

    /// A packet of the remote stream arrives.
    pub(crate) fn receive(&mut self, sequence_number: u16) -> String {
        self.receive_packet(packet(REMOTE, 96, sequence_number, b"media"))
    }

    /// A retransmission arrives.
    pub(crate) fn receive_rtx(&mut self, sequence_number: u16, original: u16) -> String {
        let [high, low] = original.to_be_bytes();
        self.receive_packet(packet(REMOTE_RTX, 97, sequence_number, &[high, low, 1, 2, 3]))
    }

    pub(crate) fn receive_packet(&mut self, mut packet: Vec<u8>) -> String {
        match self.chain.handle_rtp(self.now, Ecn::NotEct, &mut packet) {
            Received::Media {
                sequence_number,
                is_repaired: false,
                ..
            } => format!("{}", sequence_number - 65_536),
            Received::Media { sequence_number, .. } => format!("{} repaired", sequence_number - 65_536),
            Received::Padding { sequence_number, .. } => format!("{} padding", sequence_number - 65_536),
            Received::Unsignalled(packet) => format!("unsignalled {:x}", packet.ssrc),
            Received::Dropped(reason) => format!("{reason:?}"),
        }
    }

    /// RTCP arrives.
    pub(crate) fn rtcp(&mut self, packet: &dyn Packet) -> &mut Self {
        let mut datagram = Vec::new();
        packet.encode(&mut datagram);
        self.chain.handle_rtcp(self.now, &datagram);
        self
    }

    /// A packet of the local stream is sent.
    pub(crate) fn send(&mut self, stream: OutboundId, sequence_number: u16) -> Vec<u8> {
        let mut header = Header {
            payload_type: 96,
            sequence_number,
            timestamp: u32::from(sequence_number) * 3000,
            ..Header::default()
        };
        let payload = sequence_number.to_be_bytes().repeat(50);
        let mut packet = self
            .chain
            .send_rtp(self.now, stream, &mut header, &payload)
            .unwrap()
            .to_vec();
        packet.extend(payload);
        packet
    }

    /// The RTCP datagrams that are due.
    pub(crate) fn datagrams(&mut self) -> Vec<Vec<u8>> {
        let mut datagrams = Vec::new();
        let mut out = Vec::new();
        while let Some(len) = self.chain.poll_rtcp(self.now, &mut out) {
            assert_eq!(len, out.len());
            datagrams.push(std::mem::take(&mut out));
        }
        datagrams
    }

    /// What they say.
    pub(crate) fn says(&mut self) -> Vec<String> {
        self.datagrams().iter().map(|datagram| text(datagram)).collect()
    }

    /// The packets that the chain sends by itself.
    pub(crate) fn retransmits(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        let mut out = Vec::new();
        while let Some(sent) = self.chain.poll_rtp(self.now, &mut out) {
            assert_eq!(sent.len, out.len());
            packets.push(std::mem::take(&mut out));
        }
        packets
    }
}

/// A packet of 30 frames a second, each one packet.
pub(crate) fn packet(ssrc: u32, payload_type: u8, sequence_number: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    HeaderWriter::new(&mut packet, FormRule::Mixed)
        .payload_type(payload_type)
        .sequence_number(sequence_number)
        .timestamp(u32::from(sequence_number) * 3000)
        .ssrc(ssrc);
    packet.extend_from_slice(payload);
    packet
}

/// A datagram in words.
pub(crate) fn text(datagram: &[u8]) -> String {
    let packets: Vec<_> = rtcp::packets(datagram)
        .map(|packet| word(&packet.expect("valid RTCP")))
        .collect();
    packets.join(" ")
}

fn word(packet: &PacketRef<'_>) -> String {
    match packet {
        PacketRef::SenderReport(report) => {
            format!("SR({:x})", report.sender_ssrc) + &blocks(report.reports.iter())
        }
        PacketRef::ReceiverReport(report) => {
            format!("RR({:x})", report.sender_ssrc) + &blocks(report.reports.iter())
        }
        PacketRef::SourceDescription(names) => {
            let ssrcs: Vec<_> = names
                .chunks
                .iter()
                .map(|chunk| format!("{:x}", chunk.ssrc))
                .collect();
            format!("SDES({})", ssrcs.join(" "))
        }
        PacketRef::Nack(nack) => {
            let numbers: Vec<_> = nack.sequence_numbers().map(|number| number.to_string()).collect();
            format!("NACK({})", numbers.join(" "))
        }
        PacketRef::PictureLossIndication(pli) => format!("PLI({:x})", pli.media_ssrc),
        PacketRef::FullIntraRequest(fir) => {
            let entries: Vec<_> = fir
                .entries
                .iter()
                .map(|it| format!("{:x} {}", it.ssrc, it.sequence_number))
                .collect();
            format!("FIR({})", entries.join(" "))
        }
        other => feedback_word(other),
    }
}

fn feedback_word(packet: &PacketRef<'_>) -> String {
    match packet {
        PacketRef::TransportFeedback(feedback) => {
            format!(
                "TWCC({}+{})",
                feedback.base_sequence_number, feedback.status_count
            )
        }
        PacketRef::CongestionControlFeedback(feedback) => {
            let told = |it: rtcp::StreamFeedback<'_>| {
                format!("{:x} {}+{}", it.ssrc, it.begin_sequence_number, it.metrics.len())
            };
            let streams: Vec<_> = feedback.streams.iter().map(told).collect();
            format!("CCFB({})", streams.join(" "))
        }
        PacketRef::Application(_) => "APP".to_owned(),
        PacketRef::Goodbye(goodbye) => {
            let ssrcs: Vec<_> = goodbye.ssrcs.iter().map(|ssrc| format!("{ssrc:x}")).collect();
            format!("BYE({})", ssrcs.join(" "))
        }
        PacketRef::Tmmbn(limits) => {
            let limits: Vec<_> = limits
                .limits
                .iter()
                .map(|it| format!("{:x} {}", it.ssrc, it.bitrate))
                .collect();
            format!("TMMBN({})", limits.join(" "))
        }
        PacketRef::ExtendedReport(report) => {
            let blocks: Vec<_> = report
                .blocks
                .iter()
                .map(|block| block.block_type().to_string())
                .collect();
            format!("XR({})", blocks.join(" "))
        }
        other => format!("{other:?}"),
    }
}

fn blocks(reports: impl Iterator<Item = rtcp::ReportBlock>) -> String {
    reports
        .map(|it| format!("[{:x} -{}]", it.ssrc, it.cumulative_lost))
        .collect()
}
