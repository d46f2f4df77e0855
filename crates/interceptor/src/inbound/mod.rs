//! Streams that are received: RFC 3550 §6.4 (statistics), RFC 4585 §6.2.1 (NACK), RFC 4588 (RTX).

mod jitter;
mod key_frames;
mod nack;
mod reception;
pub(crate) mod rtx;
mod sender_clock;
mod source;
mod window;

pub(crate) use key_frames::KeyFrames;
pub(crate) use nack::{Nack, NackConfig};
pub(crate) use reception::{Outcome, Reception, Seen};
pub(crate) use sender_clock::{Sampled, SenderClock};
pub(crate) use source::{Arrival, Loss, Source};

use crate::clock::{Clock, Time, earliest};
use crate::config::Config;
use crate::feedback::Arrivals;
use crate::report::RoundTrips;
use crate::stats::{InboundStats, RemoteOutboundStats};
use crate::stream::{Codecs, Feedback, Inbound, Kind};
use rtcp::{Ecn, NtpTime, ReportBlock, SenderInfo};

/// The last report of a stream's sender, and how many there were.
#[derive(Clone, Copy, Debug)]
struct FromSender {
    info: SenderInfo,
    /// Its counts of packets and bytes, extended.
    packets: u64,
    bytes: u64,
    arrived: Time,
    sampled: Sampled,
    count: u64,
}

/// The section of the description that a stream belongs to (RFC 9143 §9.2).
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) kind: Kind,
    mid: Option<String>,
    /// The number of the last packet that told it.
    told: Option<u16>,
}

impl Section {
    /// Whether a packet says that the stream belongs elsewhere. One that is older than the last word does not count.
    fn is_left(&mut self, mid: &[u8], sequence_number: u16) -> bool {
        let Some(known) = &self.mid else { return false };
        let is_old = |told: u16| told.wrapping_sub(sequence_number).wrapping_sub(1) < 0x7fff;
        if self.told.is_some_and(is_old) {
            return false;
        }
        if known.as_bytes() == mid {
            self.told = Some(sequence_number);
            return false;
        }
        true
    }
}

/// The SSRC of a stream's retransmissions.
#[derive(Debug)]
pub(crate) struct RtxSource {
    pub(crate) ssrc: u32,
    pub(crate) source: Source,
    pub(crate) arrivals: Option<Arrivals>,
}

/// A stream that is received.
#[derive(Debug)]
pub(crate) struct InboundStream {
    pub(crate) ssrc: u32,
    pub(crate) rtx: Option<RtxSource>,
    pub(crate) section: Section,
    pub(crate) feedback: Feedback,
    pub(crate) codecs: Codecs,
    pub(crate) reception: Reception,
    pub(crate) key_frames: KeyFrames,
    /// Arrivals for RFC 8888 feedback, where it was negotiated.
    pub(crate) arrivals: Option<Arrivals>,
    pub(crate) stats: InboundStats,
    pub(crate) round_trips: RoundTrips,
    from_sender: Option<FromSender>,
    last_packet: Option<Time>,
}

impl InboundStream {
    pub(crate) fn new(config: &Config, stream: Inbound) -> Self {
        let nack = stream.feedback.nack.then(|| Nack::new(config.nack()));
        let mut inbound = Self {
            ssrc: stream.ssrc,
            rtx: None,
            section: Section {
                kind: stream.kind,
                mid: stream.mid,
                told: None,
            },
            feedback: stream.feedback,
            codecs: Codecs::new(stream.codecs),
            reception: Reception::new(nack),
            key_frames: KeyFrames::default(),
            arrivals: stream.feedback.ccfb.then(Arrivals::default),
            stats: InboundStats::default(),
            round_trips: RoundTrips::default(),
            from_sender: None,
            last_packet: None,
        };
        if let Some(ssrc) = stream.rtx_ssrc {
            inbound.bind_rtx(ssrc);
        }
        inbound
    }

    /// Other codecs or feedback were negotiated.
    pub(crate) fn update(&mut self, config: &Config, update: Inbound) {
        self.section.kind = update.kind;
        self.section.mid = update.mid;
        self.feedback = update.feedback;
        self.codecs.renew(update.codecs);
        let nack = &mut self.reception.nack;
        *nack = nack.take().filter(|_| update.feedback.nack);
        if update.feedback.nack && nack.is_none() {
            *nack = Some(Nack::new(config.nack()));
        }
        let keep = |arrivals: &mut Option<Arrivals>| {
            *arrivals = arrivals.take().filter(|_| update.feedback.ccfb);
            if update.feedback.ccfb {
                arrivals.get_or_insert_default();
            }
        };
        keep(&mut self.arrivals);
        if let Some(rtx) = &mut self.rtx {
            keep(&mut rtx.arrivals);
        }
    }

    /// Whether a packet says that the stream belongs to another section.
    pub(crate) fn is_moved(&mut self, mid: &[u8], sequence_number: u16) -> bool {
        self.section.is_left(mid, sequence_number)
    }

    /// The SSRC of the retransmissions is known.
    pub(crate) fn bind_rtx(&mut self, ssrc: u32) {
        self.rtx = Some(RtxSource {
            ssrc,
            source: Source::default(),
            arrivals: self.feedback.ccfb.then(Arrivals::default),
        });
    }

    /// Counts a packet that has come, whatever becomes of it, of so many bytes with header and padding.
    #[inline]
    pub(crate) fn count(&mut self, now: Time, packet: usize, payload: usize, ecn: Ecn) {
        self.stats.packets_received += 1;
        self.stats.header_bytes_received += (packet - payload) as u64;
        self.stats.bytes_received += payload as u64;
        match ecn {
            Ecn::NotEct | Ecn::Ect0 => {}
            Ecn::Ect1 => self.stats.packets_received_with_ect1 += 1,
            Ecn::Ce => self.stats.packets_received_with_ce += 1,
        }
        self.last_packet = Some(now);
    }

    /// A packet was recovered.
    pub(crate) fn recover(&mut self, seen: Seen) -> Outcome {
        let ends_frame = seen.ends_frame && self.section.kind == Kind::Video;
        let outcome = self.reception.repair(Seen { ends_frame, ..seen });
        let is_fresh = matches!(outcome, Outcome::Fresh { .. });
        self.stats.packets_recovered += u64::from(is_fresh);
        outcome
    }

    /// A key frame can be asked for.
    pub(crate) const fn has_key_frames(&self) -> bool {
        self.feedback.pli || self.feedback.fir
    }

    /// Its sender reports. Gives how much later that arrived than it was made.
    pub(crate) fn sender_report(&mut self, clock: &Clock, now: Time, info: SenderInfo) -> i64 {
        let sampled = Sampled::new(clock, now, info);
        let last = self.from_sender;
        let (packets, bytes) = last.map_or((0, 0), |last| (last.packets, last.bytes));
        let count = last.map_or(0, |last| last.count);
        self.from_sender = Some(FromSender {
            info,
            packets: extended(packets, info.packet_count),
            bytes: extended(bytes, info.octet_count),
            arrived: now,
            sampled,
            count: count + 1,
        });
        sampled.ahead
    }

    /// How long before `now` a timestamp was sampled, in microseconds.
    pub(crate) fn age(&self, clock: &Clock, now: Time, timestamp: u32, sender: SenderClock) -> Option<i64> {
        let at = (timestamp, self.codecs.last().clock_rate);
        self.from_sender?.sampled.age(clock, now, at, sender)
    }

    /// Whether the next report has a block about it.
    pub(crate) fn has_news(&self) -> bool {
        self.reception.source.has_news()
    }

    /// The block of the next report.
    pub(crate) fn report(&mut self, now: Time) -> Option<ReportBlock> {
        let loss = self.reception.source.report()?;
        let mut block = block(self.ssrc, loss);
        block.jitter = self.reception.jitter.timestamp_units();
        if let Some(last) = self.from_sender {
            block.last_sender_report = last.info.ntp_time.compact();
            block.delay_since_last_sender_report = NtpTime::compact_duration(now.since(last.arrived));
        }
        Some(block)
    }

    /// Entries that the peer has made it hold.
    pub(crate) fn footprint(&self) -> usize {
        let rtx = self.rtx.as_ref().and_then(|rtx| rtx.arrivals.as_ref());
        let arrivals = [self.arrivals.as_ref(), rtx].into_iter().flatten();
        self.reception.nack.as_ref().map_or(0, Nack::len) + arrivals.map(Arrivals::footprint).sum::<usize>()
    }

    /// When it has feedback to send.
    pub(crate) fn next_feedback(&self, key_frame_interval: std::time::Duration) -> Option<Time> {
        let nack = self.reception.nack.as_ref().and_then(Nack::next);
        let key_frame = self
            .key_frames
            .next(key_frame_interval)
            .filter(|_| self.has_key_frames());
        earliest(nack, key_frame)
    }

    /// All counters.
    pub(crate) fn stats(&self, clock: &Clock) -> InboundStats {
        let remote = self.from_sender.map(|last| RemoteOutboundStats {
            packets_sent: last.packets,
            bytes_sent: last.bytes,
            remote_timestamp: last.info.ntp_time,
            rtp_timestamp: last.info.rtp_timestamp,
            received: clock.instant(last.arrived),
            reports_sent: last.count,
            round_trips: self.round_trips,
        });
        let losses = self.arrivals.as_ref().map_or((0, 0), Arrivals::losses);
        InboundStats {
            ssrc: self.ssrc,
            rtx_ssrc: self.rtx.as_ref().map(|rtx| rtx.ssrc),
            payload_type: self.codecs.used(),
            frames_received: self.reception.frames,
            packets_lost: self.reception.source.lost(),
            packets_unrepaired: self.reception.nack.as_ref().map_or(0, Nack::abandoned),
            jitter: self.reception.jitter.duration(),
            last_packet_received: self.last_packet.map(|time| clock.instant(time)),
            packets_reported_as_lost: losses.0,
            packets_reported_as_lost_but_recovered: losses.1,
            remote,
            ..self.stats
        }
    }
}

impl RtxSource {
    /// The block of the next report.
    pub(crate) fn report(&mut self) -> Option<ReportBlock> {
        Some(block(self.ssrc, self.source.report()?))
    }
}

/// The count that `low` is the lower half of, near the last one: a sender may begin anew, and reports may be out of order.
fn extended(last: u64, low: u32) -> u64 {
    let [_, _, _, _, bytes @ ..] = last.to_be_bytes();
    let ahead = low.wrapping_sub(u32::from_be_bytes(bytes)).cast_signed();
    last.checked_add_signed(ahead.into()).unwrap_or(low.into())
}

fn block(ssrc: u32, loss: Loss) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: loss.fraction_lost,
        // A.3: clamped, not wrapped, to the 24 bits of the field.
        cumulative_lost: i32::try_from(loss.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff)).unwrap_or(0),
        highest_sequence_number: loss.highest,
        ..ReportBlock::default()
    }
}
