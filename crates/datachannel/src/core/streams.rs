//! Which stream is used for what, RFC 8831 §6.4 and §6.5: a stream is free again when both directions are reset.

use std::collections::BTreeMap;

use super::channel::{Inbox, Resets};
use super::slots::ChannelId;
use crate::config::Role;

/// Streams without a channel that may hold messages at a time.
const MAX_EARLY: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Streams {
    uses: BTreeMap<u16, Use>,
}

#[derive(Debug)]
pub(super) enum Use {
    Channel(ChannelId),
    /// Messages came, and a negotiated channel may be opened for them.
    Early(Inbox),
    /// What came on it was refused; it is being reset.
    Refused(Resets),
    /// It could not be reset and cannot be used again.
    Burned,
}

impl Streams {
    pub(super) fn channel(&self, stream_id: u16) -> Option<ChannelId> {
        match self.uses.get(&stream_id)? {
            Use::Channel(id) => Some(*id),
            Use::Early(_) | Use::Refused(_) | Use::Burned => None,
        }
    }

    pub(super) fn get_mut(&mut self, stream_id: u16) -> Option<&mut Use> {
        self.uses.get_mut(&stream_id)
    }

    /// Whether a channel may take the stream.
    pub(super) fn is_free(&self, stream_id: u16) -> bool {
        matches!(self.uses.get(&stream_id), None | Some(Use::Early(_)))
    }

    /// The lowest free stream below `count` of those that this role opens.
    pub(super) fn lowest_free(&self, role: Role, count: u16) -> Option<u16> {
        (role.first_stream()..count)
            .step_by(2)
            .find(|stream_id| !self.uses.contains_key(stream_id))
    }

    /// Gives the stream to a channel; returns what has come on it before.
    pub(super) fn claim(&mut self, stream_id: u16, id: ChannelId) -> Inbox {
        match self.uses.insert(stream_id, Use::Channel(id)) {
            Some(Use::Early(inbox)) => inbox,
            Some(Use::Channel(_) | Use::Refused(_) | Use::Burned) | None => Inbox::default(),
        }
    }

    pub(super) fn refuse(&mut self, stream_id: u16, resets: Resets) {
        self.uses.insert(stream_id, Use::Refused(resets));
    }

    pub(super) fn burn(&mut self, stream_id: u16) {
        self.uses.insert(stream_id, Use::Burned);
    }

    pub(super) fn free(&mut self, stream_id: u16) {
        self.uses.remove(&stream_id);
    }

    pub(super) fn clear(&mut self) {
        self.uses.clear();
    }

    /// Bytes held for channels to come.
    pub(super) fn early_bytes(&self) -> usize {
        self.uses.values().filter_map(Use::early).map(Inbox::bytes).sum()
    }

    /// Holds a message for a channel to come; gives it back when there is no room below `limit` bytes.
    pub(super) fn hold(&mut self, message: sctp::Message, limit: usize) -> Result<(), sctp::Message> {
        let early = self.uses.values().filter_map(Use::early).count();
        let known = self.uses.contains_key(&message.stream_id);
        if self.early_bytes() + message.data.len() > limit || (!known && early >= MAX_EARLY) {
            return Err(message);
        }
        match self
            .uses
            .entry(message.stream_id)
            .or_insert_with(|| Use::Early(Inbox::default()))
        {
            Use::Early(inbox) => inbox.push(message),
            Use::Channel(_) | Use::Refused(_) | Use::Burned => return Err(message),
        }
        Ok(())
    }
}

impl Use {
    fn early(&self) -> Option<&Inbox> {
        match self {
            Self::Early(inbox) => Some(inbox),
            Self::Channel(_) | Self::Refused(_) | Self::Burned => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(stream_id: u16, len: usize) -> sctp::Message {
        sctp::Message {
            stream_id,
            ppid: 53,
            unordered: false,
            data: vec![0; len].into(),
        }
    }

    #[test]
    fn the_client_opens_even_streams_and_the_server_odd_ones() {
        let mut streams = Streams::default();
        for expected in [0, 2, 4] {
            assert_eq!(streams.lowest_free(Role::Client, 65_535), Some(expected));
            streams.burn(expected);
        }
        streams.burn(1);
        assert_eq!(streams.lowest_free(Role::Server, 65_535), Some(3));
        streams.free(2);
        assert_eq!(streams.lowest_free(Role::Client, 65_535), Some(2));
    }

    #[test]
    fn the_last_stream_is_the_last_even_one() {
        let mut streams = Streams::default();
        (0..=65_532).for_each(|stream_id| streams.burn(stream_id));
        assert_eq!(streams.lowest_free(Role::Client, 65_535), Some(65_534));
        assert_eq!(streams.lowest_free(Role::Server, 65_535), Some(65_533));
        assert_eq!(streams.lowest_free(Role::Client, 65_534), None);
        streams.burn(65_534);
        assert_eq!(streams.lowest_free(Role::Client, 65_535), None);
    }

    #[test]
    fn early_messages_are_bounded_in_bytes_and_streams() {
        let mut streams = Streams::default();
        assert!(streams.hold(message(7, 100), 1000).is_ok());
        assert!(streams.hold(message(7, 901), 1000).is_err());
        assert!(streams.hold(message(8, 0), 0).is_err());
        let held = (0..100)
            .filter(|n| streams.hold(message(100 + n, 0), 100_000).is_ok())
            .count();
        assert_eq!(held, MAX_EARLY - 1);
        let zero_sized = (0..100_000)
            .filter(|_| streams.hold(message(7, 0), 100_000).is_ok())
            .count();
        assert!(zero_sized < 2_000, "{zero_sized}");
    }

    #[test]
    fn a_used_stream_holds_nothing() {
        let mut streams = Streams::default();
        streams.refuse(3, Resets::default());
        assert!(!streams.is_free(3));
        assert!(streams.hold(message(3, 1), 1000).is_err());
    }
}
