//! Streams that are sent: RFC 3550 §6.4 (reports), RFC 4585 §6.2.1 and RFC 4588 (retransmission), RFC 9143 and RFC 8852 (identity).

mod breaker;
mod history;
mod sent;
mod stamp;
mod stencil;

pub(crate) use breaker::{Breaker, Reported, Silence};
pub use history::Payload;
pub(crate) use history::{History, HistoryConfig, Refused};
pub(crate) use sent::Sent;
pub(crate) use stamp::{Again, Stamp, Stamps};

use crate::clock::{Clock, Time};
use crate::config::Config;
use crate::event::CircuitBreaker;
use crate::feedback::Numbers;
use crate::inbound::KeyFrames;
use crate::report::RoundTrips;
use crate::stats::{OutboundStats, RemoteInboundStats};
use crate::stream::{Codecs, Outbound};
use rtcp::{NtpTime, ReportBlock};
use std::time::Duration;

/// The SSRC of a stream's retransmissions.
#[derive(Debug)]
pub(crate) struct RtxSender {
    pub(crate) ssrc: u32,
    pub(crate) sequence_number: u16,
    pub(crate) sent: Sent,
    pub(crate) numbers: Option<Numbers>,
    /// The peer knows the SSRC.
    pub(crate) is_acknowledged: bool,
}

impl RtxSender {
    fn new(ssrc: u32, first: u16, numbers: Option<Numbers>) -> Self {
        Self {
            ssrc,
            sequence_number: first,
            sent: Sent::default(),
            numbers,
            is_acknowledged: false,
        }
    }
}

/// A stream that is sent.
#[derive(Debug)]
pub(crate) struct OutboundStream {
    pub(crate) ssrc: u32,
    pub(crate) rtx: Option<RtxSender>,
    pub(crate) codecs: Codecs,
    pub(crate) stamps: Stamps,
    pub(crate) history: Option<History>,
    pub(crate) sent: Sent,
    /// Where RFC 8888 feedback was negotiated.
    pub(crate) numbers: Option<Numbers>,
    pub(crate) stats: OutboundStats,
    pub(crate) remote: Remote,
    /// Key frames that the peer asks for.
    pub(crate) key_frames: KeyFrames,
    /// Nothing is sent for the time being, and the peer was told so.
    pub(crate) is_paused: bool,
    breaker: Breaker,
}

/// What the peer says about a stream.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    /// It knows the SSRC.
    pub(crate) is_acknowledged: bool,
    stats: Option<RemoteInboundStats>,
    /// When the last report came.
    reported: Option<Time>,
    span: Option<Span>,
    /// Source and number of the last FIR.
    fir: Option<(u32, u8)>,
}

/// The numbers of what was sent, from the first one on.
#[derive(Clone, Copy, Debug)]
struct Span {
    newest: u16,
    len: u64,
}

impl OutboundStream {
    /// `first_rtx` is the first sequence number of the retransmissions, random as RFC 3550 §5.1 wants.
    pub(crate) fn new(config: &Config, stream: Outbound, first_rtx: u16) -> Self {
        let numbers = || stream.feedback.ccfb.then(Numbers::new);
        Self {
            ssrc: stream.ssrc,
            rtx: stream
                .rtx_ssrc
                .map(|ssrc| RtxSender::new(ssrc, first_rtx, numbers())),
            stamps: Stamps::new(&stream),
            history: stream.feedback.nack.then(|| History::new(config.history())),
            sent: Sent::default(),
            numbers: numbers(),
            stats: OutboundStats::default(),
            remote: Remote::default(),
            key_frames: KeyFrames::default(),
            is_paused: false,
            breaker: Breaker::default(),
            codecs: Codecs::new(stream.codecs),
        }
    }

    /// Retransmissions have an SSRC of their own from here on.
    pub(crate) fn begin_rtx(&mut self, ssrc: u32, first: u16) {
        let numbers = self.numbers.as_ref().map(|_| Numbers::new());
        self.rtx = Some(RtxSender::new(ssrc, first, numbers));
    }

    /// Other codecs, extensions or feedback were negotiated.
    pub(crate) fn update(&mut self, config: &Config, update: Outbound) {
        let (mid, rid) = (self.stamps.mid(), self.stamps.rid());
        if mid != update.mid.as_deref() || rid != update.rid.as_deref() {
            self.remote.is_acknowledged = false;
            if let Some(rtx) = &mut self.rtx {
                rtx.is_acknowledged = false;
            }
        }
        self.stamps = Stamps::new(&update);
        self.history = self.history.take().filter(|_| update.feedback.nack);
        if update.feedback.nack && self.history.is_none() {
            self.history = Some(History::new(config.history()));
        }
        let keep = |numbers: &mut Option<Numbers>| {
            *numbers = numbers.take().filter(|_| update.feedback.ccfb);
            if update.feedback.ccfb {
                numbers.get_or_insert_with(Numbers::new);
            }
        };
        keep(&mut self.numbers);
        if let Some(rtx) = &mut self.rtx {
            keep(&mut rtx.numbers);
        }
        self.codecs.renew(update.codecs);
    }

    /// Nothing is sent until the stream goes on. What the peer knew of it is void; numbers and counters stay, as RFC 3550 §6.4.1
    /// (counts begin anew with another SSRC only) and RFC 3711 §9.1 (no number twice under one key) want it.
    pub(crate) fn pause(&mut self, config: &Config) {
        self.is_paused = true;
        self.history = self.history.take().map(|_| History::new(config.history()));
        self.remote.pause();
        self.key_frames = KeyFrames::default();
        self.breaker = Breaker::default();
        self.sent.pause();
        if let Some(rtx) = &mut self.rtx {
            rtx.is_acknowledged = false;
            rtx.sent.pause();
        }
    }

    /// A report block about the stream itself. Gives the round trip if there is one, and the circuit breaker that it fires.
    pub(crate) fn report(
        &mut self,
        now: Time,
        ntp: NtpTime,
        block: &ReportBlock,
    ) -> (Option<Duration>, Option<CircuitBreaker>) {
        self.remote.reported = Some(now);
        let rtt = self.remote.report(ntp, block, self.codecs.last().clock_rate);
        let fired = self.breaker.report(Reported {
            now,
            highest: block.highest_sequence_number,
            fraction_lost: block.fraction_lost,
            packets: self.sent.packets,
            bytes: self.sent.bytes,
            rtt: self.remote.round_trips().and_then(|trips| trips.smoothed),
        });
        (rtt, fired)
    }

    /// All counters.
    pub(crate) fn stats(&self, clock: &Clock) -> OutboundStats {
        let rtx = self.rtx.as_ref().map_or(Sent::default(), |rtx| rtx.sent);
        OutboundStats {
            ssrc: self.ssrc,
            rtx_ssrc: self.rtx.as_ref().map(|rtx| rtx.ssrc),
            payload_type: self.codecs.used(),
            packets_sent: self.sent.packets + rtx.packets,
            bytes_sent: self.sent.bytes + rtx.bytes,
            header_bytes_sent: self.sent.header_bytes + rtx.header_bytes,
            markers_sent: self.sent.markers,
            remote: self.remote.stats(clock),
            ..self.stats
        }
    }
}

impl Remote {
    /// A packet goes out under this number.
    #[inline]
    pub(crate) fn note_sent(&mut self, sequence_number: u16) {
        let Some(span) = &mut self.span else {
            self.span = Some(Span {
                newest: sequence_number,
                len: 1,
            });
            return;
        };
        let ahead = sequence_number.wrapping_sub(span.newest);
        if ahead.cast_signed() > 0 {
            span.newest = sequence_number;
            span.len += u64::from(ahead);
        }
    }

    /// Packets that were sent up to this one.
    fn sent_until(&self, sequence_number: u16) -> u64 {
        self.span.map_or(0, |span| {
            let behind = span.newest.wrapping_sub(sequence_number).cast_signed();
            span.len.saturating_sub(u64::try_from(behind).unwrap_or(0))
        })
    }

    /// Nothing is sent for a while, and then as if to somebody new. What was told stays told.
    const fn pause(&mut self) {
        self.is_acknowledged = false;
        self.fir = None;
    }

    /// A report block about the stream itself. Gives the round trip if there is one.
    fn report(&mut self, now: NtpTime, block: &ReportBlock, clock_rate: u32) -> Option<Duration> {
        self.is_acknowledged = true;
        // How often its numbers have wrapped is the peer's own count, which begins with the first packet that it heard.
        let [_, _, highest @ ..] = block.highest_sequence_number.to_be_bytes();
        let sent = self.sent_until(u16::from_be_bytes(highest));
        let stats = self.stats.get_or_insert_default();
        stats.packets_lost = i64::from(block.cumulative_lost);
        stats.packets_received = sent.saturating_add_signed(-stats.packets_lost);
        stats.fraction_lost = block.loss();
        stats.jitter =
            Duration::from_micros(u64::from(block.jitter) * 1_000_000 / u64::from(clock_rate.max(1)));
        let rtt = block.round_trip_time(now)?;
        stats.round_trips.update(rtt);
        Some(rtt)
    }

    fn stats(&self, clock: &Clock) -> Option<RemoteInboundStats> {
        let received = self.reported.map(|time| clock.instant(time));
        self.stats.map(|stats| RemoteInboundStats { received, ..stats })
    }

    /// Whether a FIR is another one than the last (RFC 5104 §4.3.1.2).
    pub(crate) fn is_new_fir(&mut self, from: u32, sequence_number: u8) -> bool {
        self.fir.replace((from, sequence_number)) != Some((from, sequence_number))
    }

    /// Round trips to the receiver of the stream.
    pub(crate) fn round_trips(&self) -> Option<RoundTrips> {
        self.stats.map(|stats| stats.round_trips)
    }
}

/// Whether a retransmission makes sense is a matter of one round trip; when none was measured, of this.
pub(crate) const UNKNOWN_RTT: Duration = Duration::from_millis(100);

impl OutboundStream {
    /// A packet is asked for again. True if it is to be queued, and then it is not asked for again within a round trip.
    pub(crate) fn ask_again(&mut self, now: Time, sequence_number: u16, path: Option<Duration>) -> bool {
        let rtt = self
            .remote
            .round_trips()
            .and_then(|trips| trips.smoothed)
            .or(path);
        let rtt = rtt.unwrap_or(UNKNOWN_RTT);
        let Some(history) = &mut self.history else {
            return false;
        };
        match history.may_retransmit(now, sequence_number, rtt) {
            Ok(()) => {
                history.mark(now, sequence_number);
                true
            }
            Err(Refused::Gone) => {
                self.stats.retransmissions_refused += 1;
                false
            }
            Err(Refused::TooSoon) => false,
        }
    }
}
