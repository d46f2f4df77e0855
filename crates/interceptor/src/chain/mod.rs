//! The chain: streams, and the verbs of its owner. What it does with packets is in the modules below.
//!
//! Received: transport-wide arrival · dump · look-up by SSRC · counters · RFC 8888 arrival · RTX restored · loss, jitter,
//! duplicates · NACK · users. Sent: users · stamps and numbers · history · counters · dump.

mod ending;
mod handle_rtcp;
mod messages;
mod outbox;
mod poll_rtcp;
mod receive;
mod received;
mod relations;
mod reports;
mod send;
mod streams;

pub use received::{DropReason, Received, Unsignalled};
pub use send::{Prepared, Sent};

use crate::clock::{Clock, earliest};
use crate::config::Config;
use crate::dump::{Direction, PacketSink, Passing};
use crate::error::AddError;
use crate::event::{Event, Events};
use crate::feedback::{Matcher, PacketResult, Recorder};
use crate::interceptor::Interceptor;
use crate::stats::{InboundStats, OutboundStats, Stats};
use crate::stream::{ExtensionIds, Inbound, InboundId, Outbound, OutboundId};
use outbox::{Outbox, Report};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use send::Retransmissions;
use std::time::{Duration, Instant};
use streams::{Role, Streams};

/// All RTP and RTCP processing of one transport (one BUNDLE group), without clock, socket or task.
///
/// After every call that is not a getter, [`poll_rtcp`](Self::poll_rtcp), [`poll_rtp`](Self::poll_rtp) and
/// [`poll_event`](Self::poll_event) may have something; [`handle_timeout`](Self::handle_timeout) is due at
/// [`poll_timeout`](Self::poll_timeout). Several calls may precede one drain: feeding a whole receive batch before draining saves
/// feedback, and tells reordering from loss.
#[derive(Debug)]
pub struct Chain {
    clock: Clock,
    config: Config,
    streams: Streams,
    recorder: Recorder,
    matcher: Matcher,
    retransmissions: Retransmissions,
    outbox: Outbox,
    events: Events,
    users: Vec<Box<dyn Interceptor>>,
    sink: Option<Box<dyn PacketSink>>,
    rng: ChaCha20Rng,
    stats: Stats,
}

impl Chain {
    /// A chain without streams. `unix` is the time since the Unix epoch at `now`; from there on the wall clock in reports follows
    /// the monotonic one. All randomness (report intervals, SSRC, CNAME) comes from `seed`, which must be unpredictable and used
    /// once.
    #[must_use]
    pub fn new(config: Config, now: Instant, unix: Duration, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let outbox = Outbox::new(&config, &mut rng);
        let room = outbox.feedback_room(config.datagram_limit());
        Self {
            clock: Clock::new(now, unix),
            streams: Streams::new(rng.next_u64(), config.max_streams),
            recorder: Recorder::new(config.feedback_interval, outbox.reporter(), room),
            matcher: Matcher::new(config.max_results),
            retransmissions: Retransmissions::new(config.max_queued),
            outbox,
            events: Events::default(),
            users: Vec::new(),
            sink: None,
            rng,
            stats: Stats::default(),
            config,
        }
    }

    /// Adds a user's stage behind those that are there, seen from the wire.
    pub fn add_interceptor(&mut self, interceptor: Box<dyn Interceptor>) {
        self.users.push(interceptor);
    }

    /// Sets where every packet is shown, or ends it.
    pub fn set_sink(&mut self, sink: Option<Box<dyn PacketSink>>) {
        self.sink = sink;
    }

    /// Sets the ids of header extensions on received packets, as negotiated.
    pub fn set_extensions(&mut self, extensions: ExtensionIds) {
        self.config.extensions = extensions;
    }

    /// Sets whether feedback goes without a report in front (`a=rtcp-rsize`), as negotiated.
    pub fn set_reduced_size(&mut self, reduced_size: bool) {
        self.config.reduced_size = reduced_size;
    }

    /// Sets whether receiver reference times are sent (`a=rtcp-xr:rcvr-rtt`), as negotiated.
    pub fn set_receiver_rtt(&mut self, receiver_rtt: bool) {
        self.config.receiver_rtt = receiver_rtt;
    }

    /// Adds a stream to receive.
    ///
    /// # Errors
    /// When an SSRC has a stream already, or there are too many.
    pub fn add_inbound(&mut self, now: Instant, stream: Inbound) -> Result<InboundId, AddError> {
        let id = self.streams.add_inbound(&self.config, stream)?;
        self.outbox.schedule.start(self.clock.time(now));
        Ok(id)
    }

    /// Sets what was negotiated anew for a stream; numbers, statistics and its SSRC stay. Does nothing if it was removed.
    ///
    /// # Errors
    /// When another stream has the SSRC of the retransmissions.
    pub fn update_inbound(&mut self, id: InboundId, stream: Inbound) -> Result<(), AddError> {
        self.streams.update_inbound(&self.config, id, stream)
    }

    /// Sets what was negotiated anew for a stream; numbers, statistics and its SSRCs stay. Another MID or RID is stamped until the
    /// peer reports again. Retransmissions get an SSRC if they had none. Does nothing if it was removed.
    ///
    /// # Errors
    /// When another stream has the SSRC of the retransmissions. All else is set.
    pub fn update_outbound(&mut self, id: OutboundId, stream: Outbound) -> Result<(), AddError> {
        let first_rtx = self.first_rtx();
        self.streams.update_outbound(&self.config, id, stream, first_rtx)
    }

    /// RFC 3550 §5.1: the first number is random; RFC 4588 §8.8 leaves room to wrap only late.
    fn first_rtx(&mut self) -> u16 {
        u16::try_from(self.rng.next_u32() >> 17).unwrap_or(0)
    }

    /// Tells the SSRC of a stream's retransmissions when it was not known before: from its RID, or from the stream it repairs.
    ///
    /// # Errors
    /// When another stream has the SSRC.
    pub fn bind_inbound_rtx(&mut self, stream: InboundId, ssrc: u32) -> Result<(), AddError> {
        self.streams.bind_inbound_rtx(stream, ssrc)
    }

    /// Removes a stream that was received, with its last statistics.
    pub fn remove_inbound(&mut self, stream: InboundId) -> Option<InboundStats> {
        let removed = self.streams.remove_inbound(stream)?;
        self.stop_if_empty();
        Some(removed.stats(&self.clock))
    }

    /// Adds a stream to send.
    ///
    /// # Errors
    /// When an SSRC has a stream already, there are too many, or nothing is sent any more.
    pub fn add_outbound(&mut self, now: Instant, stream: Outbound) -> Result<OutboundId, AddError> {
        if self.outbox.closed().is_some() {
            return Err(AddError::Closed);
        }
        let first_rtx = self.first_rtx();
        let id = self.streams.add_outbound(&self.config, stream, first_rtx)?;
        self.choose_reporter();
        self.outbox.schedule.start(self.clock.time(now));
        Ok(id)
    }

    /// Streams that are sent, without those that pause.
    fn sending(&self) -> impl Iterator<Item = &crate::outbound::OutboundStream> {
        let streams = self.streams.outbound.iter().map(|(_, stream)| stream);
        streams.filter(|stream| !stream.is_paused)
    }

    /// Reports come from the first stream that is sent, or from an SSRC of their own.
    fn choose_reporter(&mut self) {
        let first = self.sending().next().map(|stream| stream.ssrc);
        if self.outbox.set_reporter(first) {
            self.recorder.set_ssrc(self.outbox.reporter());
        }
    }

    fn stop_if_empty(&mut self) {
        if self.streams.inbound.len() == 0 && self.sending().next().is_none() {
            self.outbox.schedule.stop();
            self.outbox.report = Report::default();
        }
    }

    /// The stream of an SSRC that is received, be it its own or that of its retransmissions.
    #[must_use]
    pub fn find_inbound(&self, ssrc: u32) -> Option<InboundId> {
        self.streams
            .inbound_ssrcs
            .get(ssrc)
            .map(|role| InboundId(role.key()))
    }

    /// The stream of an SSRC that is sent, be it its own or that of its retransmissions.
    #[must_use]
    pub fn find_outbound(&self, ssrc: u32) -> Option<OutboundId> {
        self.streams
            .outbound_ssrcs
            .get(ssrc)
            .map(|role| OutboundId(role.key()))
    }

    /// Asks the peer for a picture that decodes alone, with PLI or FIR as negotiated. At most one request goes out in
    /// [`key_frame_interval`](Config::key_frame_interval); further ones wait. False if none can be made.
    pub fn request_key_frame(&mut self, now: Instant, stream: InboundId) -> bool {
        let Some(inbound) = self
            .streams
            .inbound
            .get_mut(stream.0)
            .filter(|stream| stream.has_key_frames())
        else {
            return false;
        };
        inbound.key_frames.want();
        let interval = self.key_frame_interval();
        let next = self
            .streams
            .inbound
            .get(stream.0)
            .and_then(|stream| stream.key_frames.next(interval));
        self.outbox
            .feedback_due(next.unwrap_or_default().max(self.clock.time(now)));
        true
    }

    /// A picture that decodes alone has come: a request that waits is dropped.
    pub fn key_frame_received(&mut self, stream: InboundId) {
        if let Some(inbound) = self.streams.inbound.get_mut(stream.0) {
            inbound.key_frames.satisfied();
        }
    }

    fn key_frame_interval(&self) -> Duration {
        self.config.key_frame_interval.max(self.rtt().unwrap_or_default())
    }

    /// Adds RTCP packets of the application's own, encoded, to what is sent. False, and nothing happens, when more than 8 KiB
    /// wait or these do not fit into a datagram, or after [`close`](Self::close).
    pub fn send_rtcp(&mut self, now: Instant, packets: &[u8]) -> bool {
        let is_open = self.outbox.closed().is_none();
        let is_queued = is_open && self.outbox.queue_raw(packets, self.recorder.limit());
        if is_queued {
            self.outbox.feedback_due(self.clock.time(now));
        }
        is_queued
    }

    /// The round trip time of the path, smoothed, once it is measured.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.stats.round_trips.smoothed
    }

    /// News. Nothing is lost if nobody asks, but what would come on top of 1,024 events.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Appends what feedback told about packets since the last call, at most
    /// [`max_results`](Config::max_results).
    pub fn take_feedback(&mut self, into: &mut Vec<PacketResult>) {
        self.matcher.take(into);
    }

    /// Time passed. Early, late and repeated calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        let time = self.clock.time(now);
        self.pass_requests_on(time);
        for user in &mut self.users {
            user.handle_timeout(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout), and then the polls, are due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let rtcp = match self.outbox.closed() {
            Some(closed) => self.outbox.has_farewell().then_some(closed),
            None => earliest(self.outbox.schedule.next(), self.outbox.due()),
        };
        let own = earliest(rtcp, self.events.due()).map(|time| self.clock.instant(time));
        let users = self.users.iter().filter_map(|user| user.poll_timeout());
        own.into_iter().chain(users).min()
    }

    /// The streams that are received.
    pub fn inbound_streams(&self) -> impl Iterator<Item = InboundId> {
        self.streams.inbound.iter().map(|(key, _)| InboundId(key))
    }

    /// The streams that are sent.
    pub fn outbound_streams(&self) -> impl Iterator<Item = OutboundId> {
        self.streams.outbound.iter().map(|(key, _)| OutboundId(key))
    }

    /// Counters of a stream that is received.
    #[must_use]
    pub fn inbound_stats(&self, stream: InboundId) -> Option<InboundStats> {
        self.streams
            .inbound
            .get(stream.0)
            .map(|stream| stream.stats(&self.clock))
    }

    /// Counters of a stream that is sent.
    #[must_use]
    pub fn outbound_stats(&self, stream: OutboundId) -> Option<OutboundStats> {
        self.streams
            .outbound
            .get(stream.0)
            .map(|stream| stream.stats(&self.clock))
    }

    /// Counters of the chain.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let dropped = self.outbox.waiting.dropped;
        Stats {
            events_dropped: self.events.dropped(),
            results_dropped: self.matcher.dropped(),
            goodbyes_dropped: dropped.goodbyes,
            limits_dropped: dropped.limits,
            references_dropped: dropped.references,
            ..self.stats
        }
    }

    /// Entries that the peer makes the chain hold: packets missing, arrivals unreported, retransmissions, events and results.
    #[must_use]
    pub fn footprint(&self) -> usize {
        let missing: usize = self
            .streams
            .inbound
            .iter()
            .map(|(_, stream)| stream.footprint())
            .sum();
        missing
            + self.recorder.footprint()
            + self.retransmissions.len()
            + self.events.len()
            + self.matcher.footprint()
            + self.outbox.footprint()
    }

    fn show(sink: Option<&mut Box<dyn PacketSink>>, packet: Passing<'_>) {
        if let Some(sink) = sink {
            sink.packet(packet);
        }
    }
}
