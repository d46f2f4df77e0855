//! The association and the verbs of its user, RFC 9260 §11.1.

use super::events::Events;
use super::health::Health;
use super::local::Local;
use super::outbox::Outbox;
use super::peer::PeerInit;
use super::phase::Phase;
use super::recv::Receiver;
use super::reset::Resets;
use super::send::{Limit, Outgoing, Resetting, Sender};
use super::timer::{Timer, Timers};
use crate::codec::{Cause, ChunkKind};
use crate::config::Config;
use crate::error::{CloseReason, ResetError, SendError};
use crate::message::{Direction, Event, Message, SendOptions, State};
use crate::stats::Stats;
use crate::tsn::Tsn;
use bytes::Bytes;
use std::time::{Duration, Instant};

/// One SCTP association, driven by its owner.
///
/// After every call that is not a getter, [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event) may
/// have something; `handle_timeout` is due at [`poll_timeout`](Self::poll_timeout). Several calls may precede one drain:
/// feeding a whole receive batch before draining saves acknowledgements.
///
/// ```
/// use sctp::core::Association;
/// use sctp::{Config, Event, SendOptions};
/// use std::time::Instant;
///
/// let now = Instant::now();
/// let mut alice = Association::new(Config::default(), [1; 32]);
/// let mut bob = Association::new(Config::default(), [2; 32]);
/// alice.connect(now);
/// alice.send(now, 0, 51, "hello".into(), &SendOptions::default()).unwrap();
///
/// // Carry packets until both are quiet.
/// let mut packet = Vec::new();
/// loop {
///     packet.clear();
///     if alice.poll_transmit(now, &mut packet).is_some() {
///         bob.handle_input(now, &packet);
///     } else if bob.poll_transmit(now, &mut packet).is_some() {
///         alice.handle_input(now, &packet);
///     } else {
///         break;
///     }
/// }
/// assert_eq!(bob.poll_event(), Some(Event::Connected));
/// assert_eq!(bob.poll_event(), Some(Event::Readable(0)));
/// assert_eq!(bob.recv(0).unwrap().data, "hello");
/// ```
#[derive(Debug)]
pub struct Association {
    pub(super) config: Config,
    pub(super) local: Local,
    pub(super) peer: PeerInit,
    pub(super) phase: Phase,
    pub(super) sender: Sender,
    pub(super) receiver: Receiver,
    pub(super) resets: Resets,
    pub(super) health: Health,
    pub(super) outbox: Outbox,
    pub(super) timers: Timers,
    pub(super) events: Events,
    pub(super) stats: Stats,
}

impl Association {
    /// An association at rest: it answers a peer's INIT, and starts itself with [`connect`](Self::connect). Both ends may
    /// start at once, as WebRTC's do. All randomness comes from `seed`, which must be unpredictable and used once.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let local = Local::new(seed);
        Self {
            sender: Sender::new(&config, local.initial_tsn),
            receiver: Receiver::new(&config, Tsn(0), config.inbound_streams),
            resets: Resets::new(local.initial_tsn),
            local,
            peer: PeerInit::default(),
            phase: Phase::Closed,
            health: Health::default(),
            outbox: Outbox::default(),
            timers: Timers::default(),
            events: Events::default(),
            stats: Stats::default(),
            config,
        }
    }

    /// Starts the handshake. Does nothing unless the association is at rest.
    pub fn connect(&mut self, now: Instant) {
        self.local.clock(now);
        if matches!(self.phase, Phase::Closed) {
            self.start_handshake(now);
        }
    }

    /// Queues a message on a stream. It is taken as a whole or refused, also before the association is established.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; after [`SendError::BufferFull`] an [`Event::Writable`] follows. A message that was queued before
    /// the peer was known, on a stream that it then turns out not to accept, is dropped and counted as abandoned.
    #[expect(
        clippy::too_many_arguments,
        reason = "the primitive of RFC 9260 §11.1 with the clock; the rest is in the options"
    )]
    pub fn send(
        &mut self,
        now: Instant,
        stream_id: u16,
        ppid: u32,
        payload: Bytes,
        options: &SendOptions,
    ) -> Result<(), SendError> {
        if !self.phase.is_opening() && !matches!(self.phase, Phase::Established) {
            return Err(SendError::Closed);
        }
        if payload.is_empty() {
            return Err(SendError::Empty);
        }
        if stream_id >= self.outbound_streams() {
            return Err(SendError::InvalidStream);
        }
        if self
            .sender
            .queue
            .stream(stream_id)
            .is_some_and(|stream| stream.resetting != Resetting::No)
        {
            return Err(SendError::Resetting);
        }
        if payload.len() > self.config.send_buffer {
            return Err(SendError::TooLarge);
        }
        if self.sender.queue.buffered() + payload.len() > self.config.send_buffer {
            self.local.send_blocked = true;
            return Err(SendError::BufferFull);
        }
        let limit = Limit::new(options.reliability, now);
        let message = Outgoing::new(stream_id, ppid, payload, options.unordered, limit);
        self.sender.queue.push(message);
        self.stats.messages_sent += 1;
        Ok(())
    }

    /// Takes the next message of a stream. Until then it fills the receive window, which slows the peer down. Drain
    /// [`poll_transmit`](Self::poll_transmit) afterwards: the peer may be waiting for the room.
    pub fn recv(&mut self, stream_id: u16) -> Option<Message> {
        let message = self.receiver.pop(stream_id)?;
        self.stats.messages_received += 1;
        Some(message)
    }

    /// Bytes queued on the stream that were not sent yet.
    #[must_use]
    pub fn buffered_amount(&self, stream_id: u16) -> usize {
        self.sender
            .queue
            .stream(stream_id)
            .map_or(0, |stream| stream.buffered)
    }

    /// Sets when [`Event::BufferedAmountLow`] comes: the stream's unsent bytes fall from above `threshold` to it or below.
    /// Default 0. The setting lives until the stream's reset.
    pub fn set_buffered_amount_low_threshold(&mut self, stream_id: u16, threshold: usize) {
        if let Some(stream) = self.sender.queue.stream_entry(stream_id) {
            stream.low_threshold = threshold;
        }
    }

    /// Resets outgoing streams (RFC 6525): once their messages are acknowledged the peer is told, and when it agrees
    /// [`Event::StreamReset`] comes and the stream starts again at its beginning. Until then nothing can be sent on them.
    ///
    /// # Errors
    ///
    /// See [`ResetError`]. With an error no stream is touched.
    pub fn reset_streams(&mut self, now: Instant, stream_ids: &[u16]) -> Result<(), ResetError> {
        if !matches!(self.phase, Phase::Established) {
            return Err(ResetError::NotEstablished);
        }
        if !self.peer.reconfig {
            return Err(ResetError::NotSupported);
        }
        if stream_ids.iter().any(|id| *id >= self.outbound_streams()) {
            return Err(ResetError::InvalidStream);
        }
        self.want_reset(stream_ids.iter().copied());
        self.settle(now);
        Ok(())
    }

    /// Ends in good order: what is queued is delivered first, nothing more is taken. Before the handshake is finished there
    /// is nothing to shut down and the association is aborted.
    pub fn shutdown(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Established) {
            self.phase = Phase::ShutdownPending;
            self.timers
                .set(Timer::T5, now, self.config.rto_max.saturating_mul(5));
            self.settle(now);
        } else if self.phase.is_opening() {
            self.abort(now, "shut down before it was established");
        }
    }

    /// Ends at once; the peer is told with `reason`, cut to 256 bytes.
    pub fn abort(&mut self, _now: Instant, reason: &str) {
        if matches!(self.phase, Phase::Ended { .. }) {
            return;
        }
        let text = reason.as_bytes();
        self.queue_abort(Cause::USER_INITIATED_ABORT, text.get(..256).unwrap_or(text));
        self.end(CloseReason::LocalAbort(reason.to_owned()));
    }

    /// The next piece of news.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop()?;
        match &event {
            Event::Readable(id) => self.receiver.reported(*id),
            Event::BufferedAmountLow(id) => {
                if let Some(stream) = self.sender.queue.stream_mut(*id) {
                    stream.low_reported = false;
                }
            }
            Event::StreamReset {
                stream_id,
                direction: Direction::Incoming,
            } => self.receiver.reset_reported(*stream_id),
            Event::Connected
            | Event::Restarted
            | Event::Writable
            | Event::StreamReset { .. }
            | Event::StreamResetFailed(_)
            | Event::Closed(_) => {}
        }
        Some(event)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.phase.state()
    }

    /// A snapshot of counters and gauges.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats;
        self.sender.fill(&mut stats);
        stats.receive_window = self.receiver.room();
        stats.receive_buffered = self.receiver.held();
        stats
    }

    /// Streams that can be sent on: what this end wants and, once known, what the peer accepts.
    #[must_use]
    pub fn outbound_streams(&self) -> u16 {
        let wanted = self.config.outbound_streams;
        if self.peer.tag == 0 {
            wanted
        } else {
            wanted.min(self.peer.inbound_streams)
        }
    }

    /// Streams that the peer can send on: what this end accepts and, once known, what the peer wants.
    #[must_use]
    pub fn inbound_streams(&self) -> u16 {
        let accepted = self.config.inbound_streams;
        if self.peer.tag == 0 {
            accepted
        } else {
            accepted.min(self.peer.outbound_streams)
        }
    }

    /// Queues ABORT for the peer, if its tag is known.
    pub(super) fn queue_abort(&mut self, cause: Cause, information: &[u8]) {
        self.outbox.clear();
        if self.peer.tag != 0 {
            let tag = self.peer.tag;
            self.outbox
                .push_alone(tag, ChunkKind::ABORT, 0, |out| cause.encode(information, out));
        }
    }

    /// The peer did what cannot be survived.
    pub(super) fn fail(&mut self, reason: &'static str) {
        self.queue_abort(Cause::PROTOCOL_VIOLATION, reason.as_bytes());
        self.end(CloseReason::ProtocolViolation(reason));
    }

    /// The terminal transition. What was received stays readable; what was to be sent is dropped.
    pub(super) fn end(&mut self, reason: CloseReason) {
        if matches!(self.phase, Phase::Ended { .. }) {
            return;
        }
        tracing::debug!(%reason, "association ended");
        self.phase = Phase::Ended {
            agreed: reason == CloseReason::Shutdown,
        };
        self.timers.stop_all();
        self.outbox.clear_bundled();
        self.sender = Sender::new(&self.config, self.local.initial_tsn);
        self.resets = Resets::new(self.local.initial_tsn);
        self.events.push(Event::Closed(reason));
    }

    /// What may have become possible after any input, timeout or command.
    pub(super) fn settle(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Ended { .. }) {
            return;
        }
        if !self.sender.needs_t3() {
            self.timers.stop(Timer::T3);
        }
        self.advance_resets(now);
        self.advance_shutdown(now);
        self.report_room();
    }

    /// Tells the application that bytes have left.
    pub(super) fn report_room(&mut self) {
        for id in self.sender.queue.lowered.drain(..) {
            self.events.push(Event::BufferedAmountLow(id));
        }
        if self.local.send_blocked && self.sender.queue.buffered() <= self.config.send_buffer / 2 {
            self.local.send_blocked = false;
            self.events.push(Event::Writable);
        }
    }

    /// Starts the timer of a delayed acknowledgement.
    pub(super) fn delay_sack(&mut self, now: Instant) {
        let delay = self.config.sack_delay.min(Duration::from_millis(500));
        self.timers.start(Timer::Sack, now, delay);
    }
}
