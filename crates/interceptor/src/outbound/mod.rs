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

use crate::clock::Time;
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
    first_sequence_number: Option<u16>,
    /// Source and number of the last FIR.
    fir: Option<(u32, u8)>,
}

impl OutboundStream {
    /// `first_rtx` is the first sequence number of the retransmissions, random as RFC 3550 §5.1 wants.
    pub(crate) fn new(config: &Config, stream: Outbound, first_rtx: u16) -> Self {
        let numbers = || stream.feedback.ccfb.then(Numbers::new);
        Self {
            ssrc: stream.ssrc,
            rtx: stream.rtx_ssrc.map(|ssrc| RtxSender {
                ssrc,
                sequence_number: first_rtx,
                sent: Sent::default(),
                numbers: numbers(),
                is_acknowledged: false,
            }),
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
        self.codecs = Codecs::new(update.codecs);
    }

    /// Nothing is sent until the stream goes on. What the peer knew of it is void; numbers and counters stay, as RFC 3550 §6.4.1
    /// (counts begin anew with another SSRC only) and RFC 3711 §9.1 (no number twice under one key) want it.
    pub(crate) fn pause(&mut self, config: &Config) {
        self.is_paused = true;
        self.history = self.history.take().map(|_| History::new(config.history()));
        self.remote = Remote::default();
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
    pub(crate) fn stats(&self) -> OutboundStats {
        let rtx = self.rtx.as_ref().map_or(Sent::default(), |rtx| rtx.sent);
        OutboundStats {
            ssrc: self.ssrc,
            rtx_ssrc: self.rtx.as_ref().map(|rtx| rtx.ssrc),
            packets_sent: self.sent.packets + rtx.packets,
            bytes_sent: self.sent.bytes + rtx.bytes,
            header_bytes_sent: self.sent.header_bytes + rtx.header_bytes,
            remote: self.remote.stats,
            ..self.stats
        }
    }
}

impl Remote {
    /// The first packet goes out under this number.
    #[inline]
    pub(crate) fn starting_at(&mut self, sequence_number: u16) {
        self.first_sequence_number.get_or_insert(sequence_number);
    }

    /// A report block about the stream itself. Gives the round trip if there is one.
    fn report(&mut self, now: NtpTime, block: &ReportBlock, clock_rate: u32) -> Option<Duration> {
        self.is_acknowledged = true;
        let stats = self.stats.get_or_insert_default();
        let first = u32::from(self.first_sequence_number.unwrap_or(0));
        // The peer may have heard the stream only from its second cycle on; then the difference wraps.
        let expected = i64::from(
            block
                .highest_sequence_number
                .wrapping_sub(first)
                .wrapping_add(1)
                .cast_signed(),
        );
        stats.packets_lost = i64::from(block.cumulative_lost);
        stats.packets_received = u64::try_from(expected - stats.packets_lost).unwrap_or(0);
        stats.fraction_lost = block.loss();
        stats.jitter =
            Duration::from_micros(u64::from(block.jitter) * 1_000_000 / u64::from(clock_rate.max(1)));
        let rtt = block.round_trip_time(now)?;
        stats.round_trips.update(rtt);
        Some(rtt)
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
