//! The sans-IO core: data channels (RFC 8831) and their establishment (RFC 8832) over an SCTP association it owns.

mod channel;
mod closing;
mod establish;
mod inbound;
mod partial;
mod slots;
mod streams;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sctp::core::{Association, Transmit};

pub use slots::ChannelId;

use crate::config::{ChannelConfig, Config, Role};
use crate::error::{OpenError, SendError};
use crate::event::{Event, Kind, Message, State};
use crate::stats::{ChannelStats, Stats};
use channel::{Phase, outgoing_ppid};
use slots::Slots;
use streams::Streams;

/// The data channels of one association, driven with the verbs of every core of this workspace.
///
/// Packets go in with [`handle_input`](Self::handle_input) and come out of [`poll_transmit`](Self::poll_transmit); both
/// are SCTP packets, which DTLS carries. The front page of the crate has an example.
#[derive(Debug)]
pub struct Channels {
    association: Association,
    config: Config,
    role: Option<Role>,
    life: Life,
    slots: Slots,
    streams: Streams,
    /// Streams whose outgoing direction is to be reset at the next occasion.
    resets: Vec<u16>,
    /// Channels may have become able to start, or acknowledgements to be sent.
    unstarted: bool,
    events: VecDeque<Event>,
    stats: Stats,
}

/// Where the association stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Waiting,
    Connecting,
    Up,
    Ended,
}

impl Channels {
    /// An association that waits for [`connect`](Self::connect) or for the peer, and no channel yet. The same seed and
    /// the same calls give the same packets.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        Self {
            association: Association::new(config.sctp.clone(), seed),
            config,
            role: None,
            life: Life::Waiting,
            slots: Slots::default(),
            streams: Streams::default(),
            resets: Vec::new(),
            unstarted: false,
            events: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// Tells the DTLS role, with which streams are numbered. Channels open once it is known; negotiated ones do not wait
    /// for it. Later calls change nothing.
    pub fn set_role(&mut self, role: Role) {
        if self.role.is_none() {
            self.role = Some(role);
            self.assign_streams();
            self.unstarted = true;
        }
    }

    /// Starts the association. Both ends may; in WebRTC both do.
    pub fn connect(&mut self, now: Instant) {
        self.association.connect(now);
        if self.life == Life::Waiting {
            self.life = Life::Connecting;
            self.unstarted = true;
        }
        self.settle(now);
    }

    /// Makes a channel. It opens as soon as the association is up and the role known: [`Event::Open`] says so, at once
    /// if they are.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the configuration, or that there are too many.
    pub fn open(&mut self, now: Instant, config: ChannelConfig) -> Result<ChannelId, OpenError> {
        self.check(&config)?;
        let id = self.add(config);
        self.unstarted = true;
        self.settle(now);
        Ok(id)
    }

    /// Queues one message, whole, or takes nothing of it. A text has to be UTF-8: peers close the channel otherwise.
    ///
    /// # Errors
    /// [`SendError`] says why it was not taken.
    pub fn send(&mut self, now: Instant, id: ChannelId, kind: Kind, data: Bytes) -> Result<(), SendError> {
        let channel = self.slots.get_mut(id).ok_or(SendError::NotOpen)?;
        let stream_id = channel.open_stream().ok_or(SendError::NotOpen)?;
        let limit = self
            .config
            .remote_max_message_size
            .min(self.config.sctp.send_buffer);
        let len = data.len();
        if len > limit {
            return Err(SendError::TooLarge { limit });
        }
        // RFC 8831 §6.6: SCTP has no empty messages; one byte and the identifier stand for them.
        let payload = if data.is_empty() {
            Bytes::from_static(&[0])
        } else {
            data
        };
        let options = channel.send_options();
        match self
            .association
            .send(now, stream_id, outgoing_ppid(kind, len == 0), payload, &options)
        {
            Ok(()) => {
                channel.stats.messages_sent += 1;
                channel.stats.bytes_sent += len as u64;
                Ok(())
            }
            Err(sctp::SendError::BufferFull) => {
                channel.blocked = true;
                Err(SendError::BufferFull)
            }
            Err(sctp::SendError::TooLarge) => Err(SendError::TooLarge {
                limit: self.config.sctp.send_buffer,
            }),
            Err(_) => Err(SendError::NotOpen),
        }
    }

    /// The next message of a channel. What is not received stays in the association and closes the peer's window.
    ///
    /// A message that breaks the rules closes the channel; it is seen when it would be received.
    pub fn recv(&mut self, id: ChannelId) -> Option<Message> {
        while let Some(message) = self.take(id) {
            if let Some(message) = self.interpret(id, message) {
                return Some(message);
            }
        }
        None
    }

    /// Closes a channel. What was sent still arrives, what was not received is dropped.
    pub fn close(&mut self, now: Instant, id: ChannelId) {
        self.close_locally(id);
        self.settle(now);
    }

    /// The stream of a channel, once it has one.
    pub fn stream_id(&self, id: ChannelId) -> Option<u16> {
        self.slots.get(id)?.stream_id
    }

    /// How a channel was opened, by either side; `None` when it was forgotten.
    pub fn info(&self, id: ChannelId) -> Option<&ChannelConfig> {
        self.slots.get(id).map(|channel| &channel.config)
    }

    /// The state of a channel; `None` when it was forgotten.
    pub fn state(&self, id: ChannelId) -> Option<State> {
        self.slots.get(id).map(channel::Channel::state)
    }

    /// Bytes of a channel's messages that were not sent for the first time yet.
    pub fn buffered_amount(&self, id: ChannelId) -> usize {
        let stream = self
            .slots
            .get(id)
            .filter(|channel| !matches!(channel.phase, Phase::Closed));
        stream
            .and_then(|channel| channel.stream_id)
            .map_or(0, |stream_id| self.association.buffered_amount(stream_id))
    }

    /// [`Event::BufferedAmountLow`] comes when the bytes waiting fall to this. Default: 0.
    pub fn set_buffered_amount_low_threshold(&mut self, id: ChannelId, bytes: usize) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        channel.low_threshold = bytes;
        if let Some(stream_id) = channel.open_stream() {
            self.association
                .set_buffered_amount_low_threshold(stream_id, bytes);
        }
    }

    /// The largest message the peer takes, from its `a=max-message-size`; `usize::MAX` for no limit.
    pub fn set_remote_max_message_size(&mut self, bytes: usize) {
        self.config.remote_max_message_size = bytes;
    }

    /// All channels that are not forgotten, closed ones included.
    pub fn ids(&self) -> impl Iterator<Item = ChannelId> {
        self.slots.iter().map(|(id, _)| id)
    }

    /// Forgets a closed channel whose [`Event::Closed`] was polled. The last 64 are remembered without it.
    pub fn forget(&mut self, id: ChannelId) {
        self.slots.forget(id);
    }

    /// The counters of a channel.
    pub fn channel_stats(&self, id: ChannelId) -> Option<ChannelStats> {
        self.slots.get(id).map(|channel| channel.stats)
    }

    /// The counters of all channels together.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The association below, for its state and counters.
    pub fn association(&self) -> &Association {
        &self.association
    }

    /// Ends the association once all messages are delivered. All channels close.
    pub fn shutdown(&mut self, now: Instant) {
        self.association.shutdown(now);
        self.settle(now);
    }

    /// Ends the association at once. All channels close.
    pub fn abort(&mut self, now: Instant, reason: &str) {
        self.association.abort(now, reason);
        self.settle(now);
    }

    /// Takes in one SCTP packet. Whatever is wrong with it is counted and has no other effect.
    pub fn handle_input(&mut self, now: Instant, packet: &[u8]) {
        self.association.handle_input(now, packet);
        self.settle(now);
    }

    /// Time has passed; early and repeated calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.association.handle_timeout(now);
        self.settle(now);
    }

    /// Appends the next SCTP packet to `out`.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        self.settle(now);
        self.association.poll_transmit(now, out)
    }

    /// The next piece of news.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Event::Closed(id, _) = event {
            self.slots.retire(id);
        }
        Some(event)
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.association.poll_timeout()
    }

    /// Bytes that are held of what the peer has sent: in the association, in channels (their names included), and for
    /// channels to come. The limits of [`Config`] bound it, however the peer sends.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let channels: usize = self.slots.iter().map(|(_, channel)| channel.held_bytes()).sum();
        self.association.stats().receive_buffered + channels + self.streams.early_bytes()
    }

    /// Bytes of messages held outside the association's own accounting.
    fn held(&self) -> usize {
        self.slots.iter().map(|(_, channel)| channel.inbox.bytes()).sum()
    }
}

#[cfg(test)]
mod tests;
