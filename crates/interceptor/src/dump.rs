//! A look at every packet: the stage next to the wire writes what passes to a sink of the user's, as text or in the format of
//! rtpdump (rtptools), which Wireshark opens.

use rtcp::{PacketRef as Rtcp, packets};
use rtp::PacketRef as Rtp;
use std::fmt::Debug;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Received.
    Inbound,
    /// Sent.
    Outbound,
}

/// A packet that passes, before SRTP protects it or after it was unprotected.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    /// When.
    pub now: Instant,
    /// Which way.
    pub direction: Direction,
    /// It is RTCP.
    pub is_rtcp: bool,
    /// Its first part: the whole of it, or the header.
    pub head: &'a [u8],
    /// The rest.
    pub payload: &'a [u8],
}

/// Where packets are shown. [`TextDump`] and [`RtpDump`] write them.
pub trait PacketSink: Debug + Send {
    /// A packet passes.
    fn packet(&mut self, packet: Passing<'_>);
}

/// Writes a line for each packet:
///
/// ```text
/// 1.204 <- rtp ssrc=1a2b3c4d pt=96 seq=17 ts=3000 M 1184 bytes
/// 1.250 -> rtcp ReceiverReport Nack
/// ```
///
/// ```
/// use interceptor::{Chain, Config, TextDump};
/// use std::time::{Duration, Instant};
///
/// let mut chain = Chain::new(Config::default(), Instant::now(), Duration::ZERO, [7; 32]);
/// chain.set_sink(Some(Box::new(TextDump::new(Vec::new()))));
/// ```
#[derive(Debug)]
pub struct TextDump<W> {
    out: Out<W>,
}

/// Writes the binary format of rtpdump, beginning with the first packet's time. Only what `filter` lets through.
#[derive(Debug)]
pub struct RtpDump<W> {
    out: Out<W>,
    direction: Option<Direction>,
    has_header: bool,
    record: Vec<u8>,
}

#[derive(Debug)]
struct Out<W> {
    writer: W,
    start: Option<Instant>,
    error: Option<io::ErrorKind>,
}

impl<W: Write> Out<W> {
    const fn new(writer: W) -> Self {
        Self {
            writer,
            start: None,
            error: None,
        }
    }

    fn elapsed(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.start.get_or_insert(now))
    }

    /// A sink that fails once is left alone: media matter more.
    fn write(&mut self, bytes: &[u8]) {
        if self.error.is_none()
            && let Err(error) = self.writer.write_all(bytes)
        {
            self.error = Some(error.kind());
        }
    }
}

impl<W> TextDump<W> {
    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out.writer
    }

    /// Why writing ended, if it did.
    pub const fn error(&self) -> Option<io::ErrorKind> {
        self.out.error
    }
}

impl<W: Write> TextDump<W> {
    /// Writes to `writer` until it fails.
    pub const fn new(writer: W) -> Self {
        Self {
            out: Out::new(writer),
        }
    }
}

impl<W: Write + Debug + Send> PacketSink for TextDump<W> {
    fn packet(&mut self, packet: Passing<'_>) {
        let time = self.out.elapsed(packet.now).as_secs_f64();
        let arrow = match packet.direction {
            Direction::Inbound => "<-",
            Direction::Outbound => "->",
        };
        let what = if packet.is_rtcp {
            rtcp_line(packet.head)
        } else {
            rtp_line(&packet)
        };
        self.out.write(format!("{time:.3} {arrow} {what}\n").as_bytes());
    }
}

fn rtp_line(packet: &Passing<'_>) -> String {
    let len = packet.head.len() + packet.payload.len();
    let Ok(view) = Rtp::decode(packet.head) else {
        return format!("rtp malformed {len} bytes");
    };
    let marker = if view.marker() { " M" } else { "" };
    let (ssrc, pt, seq, ts) = (
        view.ssrc(),
        view.payload_type(),
        view.sequence_number(),
        view.timestamp(),
    );
    format!("rtp ssrc={ssrc:08x} pt={pt} seq={seq} ts={ts}{marker} {len} bytes")
}

fn rtcp_line(datagram: &[u8]) -> String {
    let mut line = String::from("rtcp");
    for packet in packets(datagram) {
        line.push(' ');
        line.push_str(packet.as_ref().map_or("malformed", rtcp_name));
    }
    line
}

/// What a packet is called, as its variant.
fn rtcp_name(packet: &Rtcp<'_>) -> &'static str {
    match packet {
        Rtcp::SenderReport(_) => "SenderReport",
        Rtcp::ReceiverReport(_) => "ReceiverReport",
        Rtcp::SourceDescription(_) => "SourceDescription",
        Rtcp::Goodbye(_) => "Goodbye",
        Rtcp::Application(_) => "Application",
        Rtcp::Nack(_) => "Nack",
        Rtcp::RapidResync(_) => "RapidResync",
        Rtcp::TransportFeedback(_) => "TransportFeedback",
        Rtcp::CongestionControlFeedback(_) => "CongestionControlFeedback",
        Rtcp::PictureLossIndication(_) => "PictureLossIndication",
        Rtcp::SliceLossIndication(_) => "SliceLossIndication",
        Rtcp::ReferencePictureSelection(_) => "ReferencePictureSelection",
        Rtcp::FullIntraRequest(_) => "FullIntraRequest",
        Rtcp::Tmmbr(_) => "Tmmbr",
        Rtcp::Tmmbn(_) => "Tmmbn",
        Rtcp::Tstr(_) => "Tstr",
        Rtcp::Tstn(_) => "Tstn",
        Rtcp::Remb(_) => "Remb",
        Rtcp::LayerRefreshRequest(_) => "LayerRefreshRequest",
        Rtcp::ExtendedReport(_) => "ExtendedReport",
        Rtcp::Unknown(_) => "Unknown",
        _ => "Other",
    }
}

impl<W> RtpDump<W> {
    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out.writer
    }

    /// Why writing ended, if it did.
    pub const fn error(&self) -> Option<io::ErrorKind> {
        self.out.error
    }
}

impl<W: Write> RtpDump<W> {
    /// Writes packets of one direction, or of both, to `writer` until it fails.
    pub const fn new(writer: W, direction: Option<Direction>) -> Self {
        Self {
            out: Out::new(writer),
            direction,
            has_header: false,
            record: Vec::new(),
        }
    }
}

/// The first line, and start (seconds, microseconds), source, port, padding: none of which matters here.
const FILE_HEADER: &[u8] = b"#!rtpplay1.0 0.0.0.0/0\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

impl<W: Write + Debug + Send> PacketSink for RtpDump<W> {
    fn packet(&mut self, packet: Passing<'_>) {
        if self
            .direction
            .is_some_and(|direction| direction != packet.direction)
        {
            return;
        }
        let millis = self.out.elapsed(packet.now).as_millis();
        let len = packet.head.len() + packet.payload.len();
        let Ok(record_len) = u16::try_from(len + 8) else {
            return;
        };
        // The length of the RTP packet is zero in a record of RTCP.
        let rtp_len = if packet.is_rtcp { 0 } else { record_len - 8 };
        self.record.clear();
        if !self.has_header {
            self.record.extend_from_slice(FILE_HEADER);
            self.has_header = true;
        }
        self.record.extend_from_slice(&record_len.to_be_bytes());
        self.record.extend_from_slice(&rtp_len.to_be_bytes());
        self.record
            .extend_from_slice(&u32::try_from(millis).unwrap_or(u32::MAX).to_be_bytes());
        self.record.extend_from_slice(packet.head);
        self.record.extend_from_slice(packet.payload);
        self.out.write(&self.record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(now: Instant) -> Passing<'static> {
        Passing {
            now,
            direction: Direction::Inbound,
            is_rtcp: false,
            head: &[0x80, 0xe0, 0, 17, 0, 0, 0, 9, 0x1a, 0x2b, 0x3c, 0x4d],
            payload: b"media",
        }
    }

    fn rtcp(now: Instant) -> Passing<'static> {
        Passing {
            direction: Direction::Outbound,
            is_rtcp: true,
            head: &[
                0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2,
            ],
            payload: &[],
            ..rtp(now)
        }
    }

    #[test]
    fn text_has_a_line_for_each_packet() {
        let now = Instant::now();
        let mut dump = TextDump::new(Vec::new());
        dump.packet(rtp(now));
        dump.packet(rtcp(now + Duration::from_millis(1250)));
        let text = String::from_utf8(dump.into_inner()).unwrap();
        assert_eq!(
            text,
            "0.000 <- rtp ssrc=1a2b3c4d pt=96 seq=17 ts=9 M 17 bytes\n\
             1.250 -> rtcp ReceiverReport PictureLossIndication malformed\n"
        );
    }

    #[test]
    fn rtpdump_has_records_with_lengths_and_times() {
        let now = Instant::now();
        let mut dump = RtpDump::new(Vec::new(), None);
        dump.packet(rtp(now));
        dump.packet(rtcp(now + Duration::from_millis(1250)));
        let file = dump.into_inner();
        let records = file.strip_prefix(FILE_HEADER).unwrap();
        assert_eq!(records[..8], [0, 25, 0, 17, 0, 0, 0, 0]);
        assert_eq!(records[8 + 12..25], *b"media");
        assert_eq!(records[25..33], [0, 30, 0, 0, 0, 0, 4, 226]);
        assert_eq!(records.len(), 25 + 30);

        let mut inbound = RtpDump::new(Vec::new(), Some(Direction::Inbound));
        inbound.packet(rtcp(now));
        assert!(inbound.into_inner().is_empty());
    }

    #[test]
    fn a_sink_that_fails_is_left_alone() {
        let mut room = [0; 10];
        let mut dump = TextDump::new(&mut room[..]);
        dump.packet(rtp(Instant::now()));
        dump.packet(rtp(Instant::now()));
        assert_eq!(dump.error(), Some(io::ErrorKind::WriteZero));
    }
}
