//! Opening channels, RFC 8831 §6.5 and RFC 8832 §6: from this side, and at the peer's wish.

use std::time::Instant;

use super::channel::{Channel, Handshake, Phase, Resets, ppid};
use super::{ChannelId, Channels, Life};
use crate::config::ChannelConfig;
use crate::dcep::{self, MessageRef, OpenRef};
use crate::error::{CloseReason, OpenError};
use crate::event::Event;

/// The longest label and protocol: their lengths have 16 bits.
const MAX_STRING: usize = 65_535;

impl Channels {
    pub(super) fn check(&self, config: &ChannelConfig) -> Result<(), OpenError> {
        let limit = self.config.max_channels;
        // An OPEN that the send buffer cannot hold would never leave.
        let room = self.config.sctp.send_buffer;
        match config.negotiated {
            _ if self.life == Life::Ended => Err(OpenError::Closed),
            _ if config.label.len() > MAX_STRING || OpenRef::of(config).encoded_len() > room => {
                Err(OpenError::LabelTooLong)
            }
            _ if config.protocol.len() > MAX_STRING => Err(OpenError::ProtocolTooLong),
            Some(stream_id) if stream_id >= self.stream_count() => Err(OpenError::InvalidId(stream_id)),
            Some(stream_id) if !self.streams.is_free(stream_id) => Err(OpenError::IdInUse(stream_id)),
            _ if self.slots.live() >= limit => Err(OpenError::TooManyChannels { limit }),
            None if self.role.is_some() && self.free_stream().is_none() => Err(OpenError::NoStream {
                streams: self.stream_count(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Streams that both directions have, as far as is known: the peer's handshake may lower the number.
    fn stream_count(&self) -> u16 {
        self.association
            .outbound_streams()
            .min(self.association.inbound_streams())
    }

    fn free_stream(&self) -> Option<u16> {
        self.streams.lowest_free(self.role?, self.stream_count())
    }

    /// Takes a checked configuration in, and a stream where it can be told.
    pub(super) fn add(&mut self, config: ChannelConfig) -> ChannelId {
        let negotiated = config.negotiated;
        let mut channel = Channel::new(config, None);
        channel.handshake = if negotiated.is_some() {
            Handshake::Done
        } else {
            Handshake::OpenDue
        };
        let id = self.slots.insert(channel);
        let stream_id = negotiated.or_else(|| self.free_stream());
        if let Some(stream_id) = stream_id {
            self.assign(id, stream_id);
        }
        id
    }

    fn assign(&mut self, id: ChannelId, stream_id: u16) {
        let early = self.streams.claim(stream_id, id);
        if let Some(channel) = self.slots.get_mut(id) {
            channel.stream_id = Some(stream_id);
            channel.inbox = early;
        }
    }

    /// Gives streams to the channels that were made before the role was known.
    pub(super) fn assign_streams(&mut self) {
        let waiting = self
            .slots
            .iter()
            .filter(|(_, channel)| channel.stream_id.is_none());
        let waiting: Vec<_> = waiting.map(|(id, _)| id).collect();
        for id in waiting {
            if let Some(stream_id) = self.free_stream() {
                self.assign(id, stream_id);
            }
        }
    }

    /// Starts what waits for the association, for the role or for room in the send buffer.
    pub(super) fn start_all(&mut self, now: Instant) {
        if !self.unstarted || !matches!(self.life, Life::Connecting | Life::Up) {
            return;
        }
        self.unstarted = false;
        let due = |channel: &Channel| {
            matches!(channel.phase, Phase::Connecting) || channel.handshake == Handshake::AckDue
        };
        let due: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, channel)| due(channel))
            .map(|(id, _)| id)
            .collect();
        for id in due {
            self.start(now, id);
        }
    }

    fn start(&mut self, now: Instant, id: ChannelId) {
        let (role, life, count) = (self.role, self.life, self.stream_count());
        let Some(channel) = self.slots.get(id) else { return };
        let stream_id = match channel.stream_id {
            Some(stream_id) if stream_id < count => stream_id,
            None if role.is_none() => return,
            // W3C webrtc-pc §6.1, connected procedure: an id at or above what became `maxChannels` fails.
            Some(_) | None => return self.finish(id, CloseReason::NoStream),
        };
        match channel.handshake {
            Handshake::OpenDue => self.send_open(now, id, stream_id),
            Handshake::AckDue => self.acknowledge(now, id, stream_id),
            Handshake::AckExpected | Handshake::Done => {}
        }
        let Some(channel) = self.slots.get(id) else { return };
        let ready = channel.handshake != Handshake::OpenDue && life == Life::Up;
        if ready && matches!(channel.phase, Phase::Connecting) {
            self.opened(id, stream_id);
        }
    }

    /// While the association is being established, OPEN travels with the end of its handshake.
    fn send_open(&mut self, now: Instant, id: ChannelId, stream_id: u16) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        let message = OpenRef::of(&channel.config).to_bytes();
        match self
            .association
            .send(now, stream_id, ppid::DCEP, message, &channel.dcep_options())
        {
            Ok(()) => channel.handshake = Handshake::AckExpected,
            // `Writable` starts it again.
            Err(sctp::SendError::BufferFull) => {}
            Err(_) => self.finish(id, CloseReason::NoStream),
        }
    }

    fn opened(&mut self, id: ChannelId, stream_id: u16) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        channel.phase = Phase::Open;
        self.association
            .set_buffered_amount_low_threshold(stream_id, channel.low_threshold);
        self.stats.opened += 1;
        self.events.push_back(Event::Open(id));
        if channel.inbox.bytes() > 0 {
            self.events.push_back(Event::Readable(id));
        }
    }

    fn acknowledge(&mut self, now: Instant, id: ChannelId, stream_id: u16) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        let sent = self
            .association
            .send(now, stream_id, ppid::DCEP, dcep::ack(), &channel.dcep_options());
        let full = sent == Err(sctp::SendError::BufferFull);
        channel.handshake = if full { Handshake::AckDue } else { Handshake::Done };
    }

    /// The first message on an unused stream: a channel, if it is an OPEN and all conditions of RFC 8832 §6 hold.
    pub(super) fn accept(&mut self, now: Instant, stream_id: u16, message: &[u8]) {
        let ours = self.role.is_some_and(|role| role.opens(stream_id));
        let full = self.slots.live() >= self.config.max_channels || stream_id >= self.stream_count();
        let config = match MessageRef::decode(message) {
            Ok(MessageRef::Open(open)) if !ours && !full => open.to_config(),
            // An acknowledgement of a channel that is gone.
            Ok(MessageRef::Ack) => return self.stats.unclaimed_messages += 1,
            Ok(MessageRef::Open(_)) | Err(_) => {
                self.stats.refused_opens += 1;
                return self.refuse(stream_id, Resets::default());
            }
        };
        let mut channel = Channel::new(config, Some(stream_id));
        channel.phase = Phase::Open;
        let id = self.slots.insert(channel);
        self.streams.claim(stream_id, id);
        self.association.set_buffered_amount_low_threshold(stream_id, 0);
        self.acknowledge(now, id, stream_id);
        self.stats.opened += 1;
        self.events.push_back(Event::Incoming(id));
        self.look_ahead(id, stream_id);
    }

    /// Resets a stream that no channel may have.
    pub(super) fn refuse(&mut self, stream_id: u16, resets: Resets) {
        self.streams.refuse(stream_id, resets);
        self.resets.push(stream_id);
    }
}
