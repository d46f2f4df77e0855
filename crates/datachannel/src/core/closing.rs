//! Closing channels by resetting their streams, RFC 8831 §6.7, and the end of all with the association.

use std::time::Instant;

use super::channel::{Closing, Handshake, Phase, Resets};
use super::streams::Use;
use super::{ChannelId, Channels, Life};
use crate::error::CloseReason;
use crate::event::Event;

impl Channels {
    pub(super) fn close_locally(&mut self, id: ChannelId) {
        let Some(channel) = self.slots.get(id) else { return };
        match channel.phase {
            Phase::Connecting if channel.handshake != Handshake::AckExpected => {
                self.finish(id, CloseReason::Local)
            }
            Phase::Connecting | Phase::Open => self.begin_closing(id, CloseReason::Local),
            Phase::Closing(_) | Phase::Closed => self.discard(id),
        }
    }

    /// The peer sent what it must not: RFC 8831 §6.6 has the channel closed.
    pub(super) fn violated(&mut self, id: ChannelId, reason: &'static str) {
        self.stats.violations += 1;
        match self.slots.get(id).map(|channel| &channel.phase) {
            Some(Phase::Open) => {
                self.begin_closing(id, CloseReason::Violation(reason));
                self.events.push_back(Event::Closing(id));
            }
            Some(Phase::Connecting | Phase::Closing(_) | Phase::Closed) => self.discard(id),
            None => {}
        }
    }

    /// This side closes first: nothing more is read.
    fn begin_closing(&mut self, id: ChannelId, reason: CloseReason) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        let Some(stream_id) = channel.stream_id else {
            return;
        };
        channel.phase = Phase::Closing(Closing {
            resets: Resets::default(),
            reason,
            undrained: false,
        });
        self.discard(id);
        self.stats.late_messages += self.drop_unread(stream_id);
        self.resets.push(stream_id);
    }

    /// Drops what a channel holds, and with it the reason to keep the peer waiting.
    fn discard(&mut self, id: ChannelId) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        channel.partial = None;
        channel.inbox.clear();
        let Some(stream_id) = channel.stream_id else {
            return;
        };
        if let Phase::Closing(closing) = &mut channel.phase
            && std::mem::take(&mut closing.undrained)
        {
            self.stats.late_messages += self.drop_unread(stream_id);
            self.resets.push(stream_id);
        }
    }

    pub(super) fn stream_reset(&mut self, stream_id: u16, direction: sctp::Direction) {
        match self.streams.get_mut(stream_id) {
            Some(Use::Channel(id)) => {
                let id = *id;
                self.channel_reset(id, stream_id, direction);
            }
            Some(Use::Refused(resets)) => {
                resets.mark(direction);
                if resets.both() {
                    self.streams.free(stream_id);
                }
            }
            // The peer has closed a channel that this side never knew: complete it.
            Some(Use::Early(_)) if direction == sctp::Direction::Incoming => {
                self.refuse(
                    stream_id,
                    Resets {
                        incoming: true,
                        outgoing: false,
                    },
                );
            }
            Some(Use::Early(_) | Use::Burned) | None => {}
        }
    }

    fn channel_reset(&mut self, id: ChannelId, stream_id: u16, direction: sctp::Direction) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        match &mut channel.phase {
            Phase::Open if direction == sctp::Direction::Incoming => self.closed_by_peer(id, stream_id),
            Phase::Closing(closing) => {
                closing.resets.mark(direction);
                if closing.resets.both() {
                    let reason = closing.reason.clone();
                    self.finish(id, reason);
                }
            }
            Phase::Connecting | Phase::Open | Phase::Closed => {}
        }
    }

    /// The peer's stream is at its end: what came before stays readable, and this side resets its own.
    fn closed_by_peer(&mut self, id: ChannelId, stream_id: u16) {
        let drained = self.drain(id, stream_id);
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        let resets = Resets {
            incoming: true,
            outgoing: false,
        };
        channel.phase = Phase::Closing(Closing {
            resets,
            reason: CloseReason::Remote,
            undrained: !drained,
        });
        self.events.push_back(Event::Closing(id));
        if drained {
            self.resets.push(stream_id);
        }
    }

    /// Moves messages into the channel's inbox, as far as all inboxes together hold no more than a receive window.
    fn drain(&mut self, id: ChannelId, stream_id: u16) -> bool {
        let limit = self.config.sctp.receive_window;
        let mut held = self.held();
        while held <= limit {
            let Some(message) = self.association.recv(stream_id) else {
                return true;
            };
            let Some(channel) = self.slots.get_mut(id) else {
                return true;
            };
            held += message.data.len();
            channel.inbox.push(message);
        }
        false
    }

    /// There is room in the inbox of a channel that the peer has closed.
    pub(super) fn drain_further(&mut self, id: ChannelId) {
        let Some(channel) = self.slots.get(id) else { return };
        let (Phase::Closing(Closing { undrained: true, .. }), Some(stream_id)) =
            (&channel.phase, channel.stream_id)
        else {
            return;
        };
        if !self.drain(id, stream_id) {
            return;
        }
        if let Some(channel) = self.slots.get_mut(id)
            && let Phase::Closing(closing) = &mut channel.phase
        {
            closing.undrained = false;
            self.resets.push(stream_id);
        }
    }

    /// Asks the association to reset what has to be.
    pub(super) fn reset_streams(&mut self, now: Instant) {
        if self.resets.is_empty() || self.life != Life::Up {
            return;
        }
        // One that the peer has and this side has not fails alone: the association takes all or none.
        let count = self.association.outbound_streams();
        let (known, mut failed) = std::mem::take(&mut self.resets)
            .into_iter()
            .partition::<Vec<_>, _>(|stream_id| *stream_id < count);
        if self.association.reset_streams(now, &known).is_err() {
            failed.extend(known);
        }
        failed
            .into_iter()
            .for_each(|stream_id| self.reset_failed(stream_id));
    }

    /// The stream cannot be reset: what used it is over, and nothing will use it again.
    pub(super) fn reset_failed(&mut self, stream_id: u16) {
        let id = self.streams.channel(stream_id);
        self.streams.burn(stream_id);
        let Some((id, channel)) = id.and_then(|id| Some((id, self.slots.get(id)?))) else {
            return;
        };
        if let Phase::Closing(closing) = &channel.phase {
            let reason = closing.reason.clone();
            self.finish(id, reason);
        }
    }

    /// Ends every channel.
    pub(super) fn close_all(&mut self, reason: &CloseReason) {
        let open = self
            .slots
            .iter()
            .filter(|(_, channel)| !matches!(channel.phase, Phase::Closed));
        let open: Vec<_> = open.map(|(id, channel)| (id, channel.open_stream())).collect();
        for (id, stream_id) in open {
            // No more comes in, so that moving what is there needs no bound.
            while let Some(message) = stream_id.and_then(|stream_id| self.association.recv(stream_id)) {
                let Some(channel) = self.slots.get_mut(id) else {
                    break;
                };
                channel.inbox.push(message);
            }
            self.finish(id, reason.clone());
        }
        self.streams.clear();
        self.resets.clear();
    }

    /// The channel is closed; its stream is free.
    pub(super) fn finish(&mut self, id: ChannelId, reason: CloseReason) {
        let Some(channel) = self.slots.get_mut(id) else {
            return;
        };
        channel.phase = Phase::Closed;
        if let Some(stream_id) = channel.stream_id
            && self.streams.channel(stream_id) == Some(id)
        {
            self.streams.free(stream_id);
        }
        self.stats.closed += 1;
        self.events.push_back(Event::Closed(id, reason));
    }
}
