//! What the association reports, and what its messages mean (RFC 8831 §6.6, RFC 8832 §6).

use std::time::Instant;

use super::channel::{Channel, Handshake, Phase, Resets, ppid};
use super::partial::{self, Content};
use super::streams::Use;
use super::{ChannelId, Channels, Life};
use crate::dcep::MessageRef;
use crate::error::CloseReason;
use crate::event::{Event, Message};

impl Channels {
    /// Carries out what the association's news and the application's calls have made due.
    pub(super) fn settle(&mut self, now: Instant) {
        self.start_all(now);
        self.reset_streams(now);
        while let Some(event) = self.association.poll_event() {
            self.digest(now, event);
            self.start_all(now);
            self.reset_streams(now);
        }
    }

    fn digest(&mut self, now: Instant, event: sctp::Event) {
        match event {
            sctp::Event::Connected => {
                self.life = Life::Up;
                self.unstarted = true;
                self.events.push_back(Event::Connected);
            }
            sctp::Event::Restarted => self.close_all(&CloseReason::Restarted),
            sctp::Event::Readable(stream_id) => self.readable(now, stream_id),
            sctp::Event::BufferedAmountLow(stream_id) => self.buffered_amount_low(stream_id),
            sctp::Event::Writable => self.writable(),
            sctp::Event::StreamReset { stream_id, direction } => self.stream_reset(stream_id, direction),
            sctp::Event::StreamResetFailed(stream_id) => self.reset_failed(stream_id),
            sctp::Event::Closed(reason) => {
                self.life = Life::Ended;
                self.close_all(&CloseReason::Association(reason.clone()));
                self.events.push_back(Event::Disconnected(reason));
            }
        }
    }

    fn writable(&mut self) {
        self.unstarted = true;
        let blocked: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, channel)| channel.blocked)
            .map(|(id, _)| id)
            .collect();
        for id in blocked {
            let Some(channel) = self.slots.get_mut(id) else {
                continue;
            };
            channel.blocked = false;
            if channel.open_stream().is_some() {
                self.events.push_back(Event::Writable(id));
            }
        }
    }

    fn buffered_amount_low(&mut self, stream_id: u16) {
        let Some(id) = self.streams.channel(stream_id) else {
            return;
        };
        // An OPEN or its acknowledgement is nothing that the application has buffered.
        if self
            .slots
            .get(id)
            .is_some_and(|channel| channel.stats.messages_sent > 0)
        {
            self.events.push_back(Event::BufferedAmountLow(id));
        }
    }

    fn readable(&mut self, now: Instant, stream_id: u16) {
        match self.streams.get_mut(stream_id) {
            Some(Use::Channel(id)) => {
                let id = *id;
                self.channel_readable(id, stream_id);
            }
            Some(Use::Refused(_) | Use::Burned) => {
                self.stats.unclaimed_messages += self.drop_unread(stream_id);
            }
            Some(Use::Early(_)) | None => self.unused_readable(now, stream_id),
        }
    }

    fn channel_readable(&mut self, id: ChannelId, stream_id: u16) {
        let Some(channel) = self.slots.get(id) else { return };
        match (&channel.phase, channel.handshake) {
            (Phase::Open, Handshake::AckExpected) => self.look_ahead(id, stream_id),
            (Phase::Open, Handshake::OpenDue | Handshake::AckDue | Handshake::Done) => {
                self.events.push_back(Event::Readable(id))
            }
            // They come when `Open` does.
            (Phase::Connecting, _) => {}
            (Phase::Closing(_) | Phase::Closed, _) => self.stats.late_messages += self.drop_unread(stream_id),
        }
    }

    /// Takes the first message from the association: DCEP has to be seen though the application does not read.
    pub(super) fn look_ahead(&mut self, id: ChannelId, stream_id: u16) {
        while let Some(message) = self.association.recv(stream_id) {
            let Some(channel) = self.slots.get_mut(id) else {
                return;
            };
            channel.heard();
            if message.ppid != ppid::DCEP || MessageRef::decode(&message.data) != Ok(MessageRef::Ack) {
                channel.inbox.push(message);
                return self.events.push_back(Event::Readable(id));
            }
        }
    }

    fn unused_readable(&mut self, now: Instant, stream_id: u16) {
        while self.streams.channel(stream_id).is_none() {
            let Some(message) = self.association.recv(stream_id) else {
                return;
            };
            let is_dcep = message.ppid == ppid::DCEP;
            if is_dcep && self.streams.get_mut(stream_id).is_none() {
                self.accept(now, stream_id, &message.data);
            } else if is_dcep || self.streams.hold(message, self.config.early_data).is_err() {
                // RFC 8832 §6: user data on an unused stream is an error, and the channel is closed.
                self.stats.unclaimed_messages += 1 + self.drop_unread(stream_id);
                self.abandon(stream_id);
            }
        }
    }

    /// Resets a stream without a channel, unless that is under way.
    fn abandon(&mut self, stream_id: u16) {
        if let Some(Use::Early(_)) | None = self.streams.get_mut(stream_id) {
            self.refuse(stream_id, Resets::default());
        }
    }

    pub(super) fn drop_unread(&mut self, stream_id: u16) -> u64 {
        std::iter::from_fn(|| self.association.recv(stream_id))
            .map(|_| 1)
            .sum()
    }

    /// The next SCTP message of a channel, if it may still be received.
    pub(super) fn take(&mut self, id: ChannelId) -> Option<sctp::Message> {
        let channel = self.slots.get_mut(id)?;
        if let Some(message) = channel.inbox.pop() {
            self.drain_further(id);
            return Some(message);
        }
        let stream_id = channel.open_stream()?;
        self.association.recv(stream_id)
    }

    /// What a message is to the application; `None` when it is nothing.
    pub(super) fn interpret(&mut self, id: ChannelId, message: sctp::Message) -> Option<Message> {
        let limit = self.config.sctp.max_message_size;
        let channel = self.slots.get_mut(id)?;
        channel.heard();
        match partial::read(message, &mut channel.partial, limit) {
            Content::Message(message) => {
                count(channel, &message);
                Some(message)
            }
            Content::Piece => None,
            Content::Dcep(data) => {
                // A late acknowledgement is harmless; OPEN on a used stream closes the channel (RFC 8832 §6).
                if MessageRef::decode(&data) != Ok(MessageRef::Ack) {
                    self.violated(id, "an OPEN or nonsense came on an open channel");
                }
                None
            }
            Content::Violation(reason) => {
                self.violated(id, reason);
                None
            }
        }
    }
}

fn count(channel: &mut Channel, message: &Message) {
    channel.stats.messages_received += 1;
    channel.stats.bytes_received += message.data.len() as u64;
}
