//! One channel: its configuration, where it stands, and messages that were taken from the association but not read.

use std::collections::VecDeque;

use sctp::SendOptions;

use super::partial::Partial;
use crate::config::ChannelConfig;
use crate::error::CloseReason;
use crate::event::{Kind, State};
use crate::stats::ChannelStats;

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) config: ChannelConfig,
    /// The stream it has or had.
    pub(super) stream_id: Option<u16>,
    pub(super) phase: Phase,
    pub(super) handshake: Handshake,
    pub(super) inbox: Inbox,
    pub(super) partial: Option<Partial>,
    pub(super) low_threshold: usize,
    /// `send` has failed for want of room and nobody was told of room since.
    pub(super) blocked: bool,
    pub(super) stats: ChannelStats,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Waits for the association, for the role or for room to send OPEN.
    Connecting,
    Open,
    Closing(Closing),
    Closed,
}

/// A channel is over when the streams of both directions are reset (RFC 8831 §6.7).
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) resets: Resets,
    pub(super) reason: CloseReason,
    /// Messages ahead of the peer's reset still lie in the association, since the inbox is full. This side's reset waits
    /// for them: it allows the peer to use the stream again.
    pub(super) undrained: bool,
}

/// Which directions of a stream are reset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resets {
    pub(super) incoming: bool,
    pub(super) outgoing: bool,
}

impl Resets {
    pub(super) fn mark(&mut self, direction: sctp::Direction) {
        match direction {
            sctp::Direction::Incoming => self.incoming = true,
            sctp::Direction::Outgoing => self.outgoing = true,
        }
    }

    pub(super) fn both(self) -> bool {
        self.incoming && self.outgoing
    }
}

/// Where DCEP stands (RFC 8832 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// OPEN is to be sent.
    OpenDue,
    /// OPEN is sent: user data goes ordered until something comes back.
    AckExpected,
    /// OPEN has come, and there was no room for the acknowledgement yet.
    AckDue,
    /// Finished, or none is needed.
    Done,
}

/// Messages that were taken from the association.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    messages: VecDeque<sctp::Message>,
    bytes: usize,
}

/// What a waiting message costs beside its bytes, so that empty ones are bounded as well.
const MESSAGE_OVERHEAD: usize = 64;

impl Inbox {
    pub(super) fn push(&mut self, message: sctp::Message) {
        self.bytes += message.data.len() + MESSAGE_OVERHEAD;
        self.messages.push_back(message);
    }

    pub(super) fn pop(&mut self) -> Option<sctp::Message> {
        let message = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(message.data.len() + MESSAGE_OVERHEAD);
        Some(message)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Channel {
    pub(super) fn new(config: ChannelConfig, stream_id: Option<u16>) -> Self {
        Self {
            config,
            stream_id,
            phase: Phase::Connecting,
            handshake: Handshake::Done,
            inbox: Inbox::default(),
            partial: None,
            low_threshold: 0,
            blocked: false,
            stats: ChannelStats::default(),
        }
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Connecting => State::Connecting,
            Phase::Open => State::Open,
            Phase::Closing(_) => State::Closing,
            Phase::Closed => State::Closed,
        }
    }

    /// The stream while messages may be sent on it.
    pub(super) fn open_stream(&self) -> Option<u16> {
        if matches!(self.phase, Phase::Open) {
            self.stream_id
        } else {
            None
        }
    }

    /// RFC 8832 §6: ordered until the acknowledgement or another message has come, then as configured.
    pub(super) fn send_options(&self) -> SendOptions {
        let unordered = !self.config.ordered && self.handshake != Handshake::AckExpected;
        SendOptions {
            unordered,
            reliability: self.config.reliability,
            priority: self.config.priority,
        }
    }

    /// DCEP goes reliably and in order (RFC 8832 §6).
    pub(super) fn dcep_options(&self) -> SendOptions {
        SendOptions {
            priority: self.config.priority,
            ..SendOptions::default()
        }
    }

    /// Bytes that the peer has sent and that are held here: messages, pieces of one, the names in its OPEN.
    pub(super) fn held_bytes(&self) -> usize {
        let pieces = self.partial.as_ref().map_or(0, Partial::bytes);
        self.inbox.bytes() + pieces + self.config.label.len() + self.config.protocol.len()
    }

    /// Something has come on the channel: the peer knows it.
    pub(super) fn heard(&mut self) {
        if self.handshake == Handshake::AckExpected {
            self.handshake = Handshake::Done;
        }
    }
}

/// Payload protocol identifiers (RFC 8831 §8, RFC 8832 §8.1).
pub(super) mod ppid {
    pub(in crate::core) const DCEP: u32 = 50;
    pub(in crate::core) const STRING: u32 = 51;
    pub(in crate::core) const BINARY_PARTIAL: u32 = 52;
    pub(in crate::core) const BINARY: u32 = 53;
    pub(in crate::core) const STRING_PARTIAL: u32 = 54;
    pub(in crate::core) const STRING_EMPTY: u32 = 56;
    pub(in crate::core) const BINARY_EMPTY: u32 = 57;
}

/// The identifier of a message with content, and of one without.
pub(super) fn outgoing_ppid(kind: Kind, is_empty: bool) -> u32 {
    match (kind, is_empty) {
        (Kind::Text, false) => ppid::STRING,
        (Kind::Text, true) => ppid::STRING_EMPTY,
        (Kind::Binary, false) => ppid::BINARY,
        (Kind::Binary, true) => ppid::BINARY_EMPTY,
    }
}
