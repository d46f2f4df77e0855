//! The verbs of a connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::application_data::ApplicationData;
use super::context::Context;
use super::outbound::Outbound;
use super::{Event, Transmit, client, server};
use crate::alert::{Alert, AlertDescription};
use crate::config::Config;
use crate::cookie::Gate;
use crate::error::{CloseReason, SendError};
use crate::flight::{Expired, Timer};
use crate::key_schedule::Role;
use crate::reassembly::Reassembly;
use crate::record::{ContentType, EarlyRecords, MAX_PLAINTEXT};
use crate::stats::Stats;

/// The state machine of this side.
#[derive(Debug)]
pub(super) enum Machine {
    Client(client::State),
    Server(server::State),
}

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A client before `connect`, a server before a ClientHello.
    Idle,
    Handshaking,
    Connected,
    Closed,
}

/// Whether a server answers a ClientHello at once.
#[derive(Debug)]
pub(super) enum Entry {
    Open,
    /// A valid cookie is needed first.
    Guarded(Box<Gate>),
    /// The peer has shown a cookie; its hello continues an exchange, so numbers do not begin at 0.
    Admitted,
}

/// One end of a DTLS association.
///
/// Give it datagrams ([`handle_input`](Self::handle_input)) and time ([`handle_timeout`](Self::handle_timeout) when
/// [`poll_timeout`](Self::poll_timeout) says so); take datagrams ([`poll_transmit`](Self::poll_transmit)) and news
/// ([`poll_event`](Self::poll_event)) until there are none. The crate's front page has a whole example.
#[derive(Debug)]
pub struct Connection {
    pub(super) context: Context,
    pub(super) machine: Machine,
    pub(super) phase: Phase,
    pub(super) entry: Entry,
    pub(super) inbound: Reassembly,
    pub(super) early: EarlyRecords,
    pub(super) outbound: Outbound,
    pub(super) timer: Timer,
    pub(super) events: VecDeque<Event>,
    pub(super) stats: Stats,
}

impl Connection {
    /// A client; it speaks after [`connect`](Self::connect). `seed` must come from a secure source and never twice.
    pub fn client(config: Arc<Config>, seed: [u8; 32]) -> Self {
        Self::new(
            Context::new(config, Role::Client, seed),
            Machine::Client(client::State::Start),
            Entry::Open,
        )
    }

    /// A server; it answers the first ClientHello it is given, after a cookie exchange if [`Config::cookies`] says so.
    pub fn server(config: Arc<Config>, seed: [u8; 32]) -> Self {
        let mut context = Context::new(config, Role::Server, seed);
        let entry = if context.config.cookies {
            let seed = context.random();
            Entry::Guarded(Box::new(Gate::new(&context.config.provider, seed)))
        } else {
            Entry::Open
        };
        Self::new(context, Machine::Server(server::State::ExpectClientHello), entry)
    }

    /// A server for a peer that has just passed a [`Gate`]: the next input must be the datagram that was admitted.
    pub fn server_admitted(config: Arc<Config>, seed: [u8; 32]) -> Self {
        let context = Context::new(config, Role::Server, seed);
        Self::new(
            context,
            Machine::Server(server::State::ExpectClientHello),
            Entry::Admitted,
        )
    }

    /// A server that answers the first ClientHello whatever [`Config::cookies`] says.
    #[cfg(feature = "tokio")]
    pub(crate) fn server_open(config: Arc<Config>, seed: [u8; 32]) -> Self {
        let context = Context::new(config, Role::Server, seed);
        Self::new(
            context,
            Machine::Server(server::State::ExpectClientHello),
            Entry::Open,
        )
    }

    fn new(context: Context, machine: Machine, entry: Entry) -> Self {
        let config = &context.config;
        Self {
            inbound: Reassembly::new(config.max_message),
            early: EarlyRecords::default(),
            outbound: Outbound::default(),
            timer: Timer::new(config.initial_rto, config.max_rto),
            events: VecDeque::new(),
            stats: Stats::default(),
            phase: Phase::Idle,
            machine,
            entry,
            context,
        }
    }

    /// Sets the first retransmission timeout, from a known round-trip time; at least 50 ms. Takes effect with the next
    /// flight.
    pub fn set_initial_rto(&mut self, initial: Duration) {
        self.timer.set_initial(initial);
    }

    /// Starts a client's handshake. Of no effect on a server or a second time.
    pub fn connect(&mut self, now: Instant) {
        if self.phase == Phase::Idle && matches!(self.machine, Machine::Client(_)) {
            self.machine = Machine::Client(client::State::start(&mut self.context));
            self.begin_handshake(now);
            self.timer.flight_begins(now, true);
        }
    }

    pub(super) fn begin_handshake(&mut self, now: Instant) {
        self.phase = Phase::Handshaking;
        self.timer
            .set_deadline(now + self.context.config.handshake_timeout);
    }

    /// Takes a datagram from the peer and opens it in place; returns its application data.
    ///
    /// Whatever is bad, replayed or unexpected is dropped and counted in [`stats`](Self::stats). A server without
    /// cookies answers any well-formed ClientHello, so it belongs behind something that has seen the peer (ICE).
    pub fn handle_input<'d>(&mut self, now: Instant, datagram: &'d mut [u8]) -> ApplicationData<'d> {
        let used = self.read_records(now, datagram);
        let early = if self.phase == Phase::Connected {
            self.take_early()
        } else {
            Vec::new()
        };
        let datagram: &'d [u8] = datagram;
        ApplicationData::new(early, datagram.get(..used).unwrap_or_default())
    }

    /// Queues one record of at most 16384 bytes, which leaves by [`poll_transmit`](Self::poll_transmit).
    ///
    /// # Errors
    /// When there is no connection (yet or any more), the data is too long or the queue full.
    pub fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        let _ = now;
        self.check_sendable(data.len())?;
        if self.outbound.data.len() + data.len() > self.context.config.send_queue {
            return Err(SendError::QueueFull);
        }
        self.outbound.data.push(data);
        Ok(())
    }

    fn check_sendable(&self, length: usize) -> Result<(), SendError> {
        match self.phase {
            Phase::Idle | Phase::Handshaking => Err(SendError::NotConnected),
            Phase::Closed => Err(SendError::Closed),
            Phase::Connected if length > MAX_PLAINTEXT => Err(SendError::TooLong),
            Phase::Connected => Ok(()),
        }
    }

    /// Bytes that [`seal`](Self::seal) needs in front of the plaintext: 13 or 21, and 21 before it is known.
    pub fn head_room(&self) -> usize {
        if self.context.records.has_keys() {
            self.context.records.head_room(1)
        } else {
            21
        }
    }

    /// Bytes that [`seal`](Self::seal) appends behind the plaintext.
    pub fn tail_room(&self) -> usize {
        self.context.records.tail_room(1)
    }

    /// Seals one record where it lies: `out[start..start + head_room()]` is reserved, the rest of `out` is plaintext.
    /// Afterwards `out[start..]` is the datagram to send.
    ///
    /// # Errors
    /// As [`send`](Self::send); `out` is then unchanged.
    pub fn seal(&mut self, out: &mut Vec<u8>, start: usize) -> Result<(), SendError> {
        let head = start + self.head_room();
        let length = out.len().checked_sub(head).ok_or(SendError::NoHeadRoom)?;
        self.check_sendable(length)?;
        if !self
            .context
            .records
            .seal(1, ContentType::ApplicationData, out, start)
        {
            return Err(SendError::SequenceNumbersExhausted);
        }
        self.count_sent(length);
        Ok(())
    }

    fn count_sent(&mut self, length: usize) {
        self.stats.records_sent += 1;
        self.stats.bytes_sent += length as u64;
    }

    /// Closes: what is queued is still sent, then the peer is told.
    pub fn close(&mut self, now: Instant) {
        let _ = now;
        match self.phase {
            Phase::Closed => {}
            Phase::Connected => self.end(CloseReason::LocalClose),
            Phase::Idle | Phase::Handshaking => self.fail(CloseReason::LocalClose),
        }
    }

    /// Ends the connection; queued data is dropped.
    pub(super) fn fail(&mut self, reason: CloseReason) {
        self.outbound.data.clear();
        self.end(reason);
    }

    fn end(&mut self, reason: CloseReason) {
        if self.phase == Phase::Closed {
            return;
        }
        tracing::debug!(role = ?self.context.role, %reason, "dtls closed");
        // A peer that was never spoken to needs no word.
        let spoken =
            self.phase == Phase::Connected || !self.context.flight.is_empty() || self.is_refusal(&reason);
        if let Some(description) = reason.alert().filter(|_| spoken) {
            self.outbound.alert = Some(match description {
                AlertDescription::CLOSE_NOTIFY => Alert::warning(description),
                _ => Alert::fatal(description),
            });
        }
        self.phase = Phase::Closed;
        self.machine = match self.machine {
            Machine::Client(_) => Machine::Client(client::State::Failed),
            Machine::Server(_) => Machine::Server(server::State::Failed),
        };
        self.timer.stop();
        self.context.flight.begin();
        self.context.transcript = crate::transcript::Transcript::default();
        self.inbound.restart_at(0);
        self.early = EarlyRecords::default();
        self.events.push_back(Event::Closed(reason));
    }

    /// A server that refuses a hello has sent no flight yet.
    fn is_refusal(&self, reason: &CloseReason) -> bool {
        self.phase == Phase::Handshaking && matches!(reason, CloseReason::HandshakeFailed { .. })
    }

    /// Appends the next datagram to `out`, if there is one.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let _ = now;
        let start = out.len();
        if self.write_next(out) {
            return Some(Transmit {
                len: out.len() - start,
            });
        }
        // The hello is out: until the answer is here, this side has nothing better to do.
        if matches!(self.machine, Machine::Client(client::State::ExpectServerHello(_))) {
            self.context.prepare_key_exchange();
        }
        None
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        let Context {
            records,
            flight,
            config,
            write_epoch,
            ..
        } = &mut self.context;
        if flight.is_pending() && flight.write_datagram(records, self.timer.datagram_size(config.mtu), out) {
            return true;
        }
        if let Some(reply) = self.outbound.reply.take() {
            out.extend_from_slice(&reply);
            return true;
        }
        let sent = match self.outbound.data.pop() {
            Some(data) if records.write(1, ContentType::ApplicationData, data, out) => Some(data.len()),
            Some(_) | None => None,
        };
        if let Some(length) = sent {
            self.count_sent(length);
            return true;
        }
        match self.outbound.alert.take() {
            Some(alert) => records.write(*write_epoch, ContentType::Alert, &alert.encode(), out),
            None => false,
        }
    }

    /// The next piece of news.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next; `None` once the handshake is over.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timer.next()
    }

    /// Time has passed. Calling it early, late or repeatedly does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.timer.expire(now) {
            Expired::Nothing => {}
            Expired::Retransmission => {
                self.stats.retransmissions += 1;
                self.context.flight.rewind();
            }
            Expired::Handshake => self.fail(CloseReason::HandshakeTimeout),
        }
    }
}
