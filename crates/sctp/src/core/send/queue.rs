//! Messages that are not completely sent or acknowledged, in the streams' queues, and whose turn it is.
//!
//! Streams take turns message by message: with DATA chunks a message must be finished before another one starts, since its
//! fragments need consecutive TSNs (RFC 9260 §6.9). Interleaving and weights come with I-DATA (RFC 8260).

use crate::codec::DataFlags;
use crate::core::slab::Slab;
use crate::core::streams::Streams;
use crate::message::Reliability;
use crate::tsn::Ssn;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Instant;

/// When a message is given up, with the lifetime as a point in time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Never,
    Retransmits(u32),
    At(Instant),
}

impl Limit {
    pub(crate) fn new(reliability: Reliability, now: Instant) -> Self {
        match reliability {
            Reliability::Reliable => Self::Never,
            Reliability::Retransmits(count) => Self::Retransmits(count),
            Reliability::Lifetime(time) => now.checked_add(time).map_or(Self::Never, Self::At),
        }
    }

    /// True when a lifetime has passed.
    pub(crate) fn is_past(self, now: Instant) -> bool {
        matches!(self, Self::At(deadline) if deadline <= now)
    }

    /// True when a fragment that was sent again `retransmissions` times must not be sent once more.
    pub(crate) fn forbids(self, retransmissions: u32, now: Instant) -> bool {
        matches!(self, Self::Retransmits(most) if retransmissions >= most) || self.is_past(now)
    }
}

/// A message from `send` to the last acknowledgement.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) data: Bytes,
    pub(crate) stream_id: u16,
    pub(crate) ppid: u32,
    pub(crate) unordered: bool,
    pub(crate) limit: Limit,
    /// Given when the first fragment is cut, so that dropping an unsent message leaves no hole.
    pub(crate) ssn: Ssn,
    /// Bytes that have been cut.
    offset: usize,
    /// Fragments with a TSN that is not cumulatively acknowledged.
    fragments: u32,
    pub(crate) abandoned: bool,
}

impl Outgoing {
    pub(crate) const fn new(stream_id: u16, ppid: u32, data: Bytes, unordered: bool, limit: Limit) -> Self {
        Self {
            data,
            stream_id,
            ppid,
            unordered,
            limit,
            ssn: Ssn(0),
            offset: 0,
            fragments: 0,
            abandoned: false,
        }
    }

    const fn unsent(&self) -> usize {
        if self.abandoned {
            0
        } else {
            self.data.len() - self.offset
        }
    }

    /// True when a fragment has been cut but not the last one.
    const fn is_half_sent(&self) -> bool {
        self.offset > 0 && self.unsent() > 0
    }
}

/// What became of the stream's resetting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resetting {
    #[default]
    No,
    /// Waits for its messages to be acknowledged.
    Wanted,
    /// Is named in a request that is unanswered.
    Requested,
}

/// The sending side of a stream.
#[derive(Debug, Default)]
pub(crate) struct OutStream {
    next_ssn: Ssn,
    /// Messages that are not completely cut.
    queue: VecDeque<u32>,
    /// Bytes in them that are not cut.
    pub(crate) buffered: usize,
    pub(crate) low_threshold: usize,
    /// Messages that are not completely acknowledged.
    unfinished: u32,
    pub(crate) resetting: Resetting,
    /// A `BufferedAmountLow` event waits in the event queue.
    pub(crate) low_reported: bool,
}

impl OutStream {
    /// `len` bytes wait no longer.
    fn shrink(&mut self, id: u16, len: usize, lowered: &mut Vec<u16>) {
        let before = self.buffered;
        self.buffered = before.saturating_sub(len);
        if before > self.low_threshold && self.buffered <= self.low_threshold && !self.low_reported {
            self.low_reported = true;
            lowered.push(id);
        }
    }
}

/// A fragment about to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) message: u32,
    pub(crate) offset: usize,
    pub(crate) len: usize,
    pub(crate) flags: DataFlags,
}

/// All messages of the association.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    streams: Streams<OutStream>,
    messages: Slab<Outgoing>,
    /// Streams with unsent messages; the first one has its turn.
    turns: VecDeque<u16>,
    /// Bytes of all messages, sent or not.
    buffered: usize,
    /// Streams whose unsent bytes fell to their threshold; the association reports them.
    pub(crate) lowered: Vec<u16>,
}

impl SendQueue {
    /// Queues a message at the end of its stream.
    pub(crate) fn push(&mut self, message: Outgoing) {
        let (id, len) = (message.stream_id, message.data.len());
        let key = self.messages.insert(message);
        self.buffered += len;
        let Some(stream) = self.streams.use_entry(id) else {
            return;
        };
        stream.unfinished += 1;
        stream.buffered += len;
        stream.queue.push_back(key);
        if stream.queue.len() == 1 {
            self.turns.push_back(id);
        }
    }

    /// The message whose turn it is.
    pub(crate) fn current(&self) -> Option<(u32, &Outgoing)> {
        let stream = self.streams.get(*self.turns.front()?)?;
        let key = *stream.queue.front()?;
        Some((key, self.messages.get(key)?))
    }

    /// Bytes of the current message that are not cut, and whether some are.
    pub(crate) fn current_unsent(&self) -> Option<(usize, bool)> {
        let (_, message) = self.current()?;
        Some((message.unsent(), message.offset > 0))
    }

    /// Cuts `len` bytes off the current message, which has at least as many.
    pub(crate) fn cut(&mut self, len: usize) -> Option<Cut> {
        let id = *self.turns.front()?;
        let stream = self.streams.get_mut(id)?;
        let key = *stream.queue.front()?;
        let message = self.messages.get_mut(key)?;
        let mut flags = DataFlags(0);
        if message.unordered {
            flags = flags.with(DataFlags::UNORDERED);
        }
        if message.offset == 0 {
            flags = flags.with(DataFlags::BEGIN);
            if !message.unordered {
                message.ssn = stream.next_ssn;
                stream.next_ssn = stream.next_ssn.next();
            }
        }
        let offset = message.offset;
        let len = len.min(message.unsent());
        message.offset += len;
        message.fragments += 1;
        stream.shrink(id, len, &mut self.lowered);
        if message.unsent() == 0 {
            flags = flags.with(DataFlags::END);
            self.end_turn();
        }
        Some(Cut {
            message: key,
            offset,
            len,
            flags,
        })
    }

    /// Takes the current message off its stream's queue and gives the turn to the next stream.
    fn end_turn(&mut self) {
        let Some(id) = self.turns.pop_front() else { return };
        let Some(stream) = self.streams.get_mut(id) else {
            return;
        };
        stream.queue.pop_front();
        if stream.queue.is_empty() {
            stream.queue.shrink_to(8);
            self.turns.shrink_to(64);
        } else {
            self.turns.push_back(id);
        }
    }

    /// Drops the current message, of which nothing has been cut.
    pub(crate) fn drop_unsent(&mut self) -> Option<()> {
        let (key, message) = self.current()?;
        let (id, unsent) = (message.stream_id, message.unsent());
        if let Some(stream) = self.streams.get_mut(id) {
            stream.shrink(id, unsent, &mut self.lowered);
        }
        self.end_turn();
        self.release(key);
        Some(())
    }

    /// Gives a message up. True when only a part of it was cut: then the rest never will be, and the caller must use one
    /// TSN for the end it never saw (see `Outstanding::push_placeholder`).
    pub(crate) fn abandon(&mut self, key: u32) -> bool {
        let Some(message) = self.messages.get_mut(key) else {
            return false;
        };
        let (id, unsent, half_sent) = (message.stream_id, message.unsent(), message.is_half_sent());
        message.abandoned = true;
        if half_sent {
            message.fragments += 1;
            if let Some(stream) = self.streams.get_mut(id) {
                stream.shrink(id, unsent, &mut self.lowered);
            }
            // A half-sent message always has the turn.
            self.end_turn();
        }
        half_sent
    }

    /// One fragment of the message is cumulatively acknowledged.
    pub(crate) fn fragment_done(&mut self, key: u32) {
        let Some(message) = self.messages.get_mut(key) else {
            return;
        };
        message.fragments = message.fragments.saturating_sub(1);
        if message.fragments == 0 && message.unsent() == 0 {
            self.release(key);
        }
    }

    fn release(&mut self, key: u32) {
        let Some(message) = self.messages.remove(key) else {
            return;
        };
        self.buffered = self.buffered.saturating_sub(message.data.len());
        if let Some(stream) = self.streams.get_mut(message.stream_id) {
            stream.unfinished = stream.unfinished.saturating_sub(1);
        }
    }

    pub(crate) fn message(&self, key: u32) -> Option<&Outgoing> {
        self.messages.get(key)
    }

    pub(crate) fn stream(&self, id: u16) -> Option<&OutStream> {
        self.streams.get(id)
    }

    pub(crate) fn stream_mut(&mut self, id: u16) -> Option<&mut OutStream> {
        self.streams.get_mut(id)
    }

    /// The stream's state, made if needed.
    pub(crate) fn stream_entry(&mut self, id: u16) -> Option<&mut OutStream> {
        self.streams.entry(id)
    }

    /// True when every message of the stream is acknowledged.
    pub(crate) fn is_finished(&self, id: u16) -> bool {
        self.streams.get(id).is_none_or(|stream| stream.unfinished == 0)
    }

    /// The stream starts again at SSN 0.
    pub(crate) fn reset(&mut self, id: u16) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.next_ssn = Ssn(0);
            stream.resetting = Resetting::No;
        }
    }

    /// Streams that were used since the last reset of all, for the next one.
    pub(crate) fn take_used_streams(&mut self) -> Vec<u16> {
        self.streams.take_used()
    }

    /// True when nothing waits to be cut.
    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Bytes of all messages, sent or not.
    pub(crate) const fn buffered(&self) -> usize {
        self.buffered
    }

    /// Drops what waits on streams from `count` on, which the peer does not accept (RFC 9260 §5.1.1). Returns how many
    /// messages.
    pub(crate) fn drop_beyond(&mut self, count: u16) -> u32 {
        let Self {
            streams, messages, ..
        } = self;
        let mut dropped = Vec::new();
        for (id, stream) in streams.iter_mut().filter(|(id, _)| *id >= count) {
            let mut bytes = 0;
            stream.queue.retain(|key| match messages.get(*key) {
                Some(message) if message.offset > 0 => true,
                Some(message) => {
                    bytes += message.unsent();
                    dropped.push(*key);
                    false
                }
                None => false,
            });
            stream.shrink(id, bytes, &mut self.lowered);
        }
        self.turns
            .retain(|id| streams.get(*id).is_some_and(|stream| !stream.queue.is_empty()));
        for key in &dropped {
            self.release(*key);
        }
        u32::try_from(dropped.len()).unwrap_or(u32::MAX)
    }

    /// After a restart of the peer: forgets what was sent, keeps what was not, and numbers every stream from 0.
    pub(crate) fn restart(&mut self) -> u32 {
        if let Some((key, message)) = self.current()
            && message.is_half_sent()
        {
            self.abandon(key);
        }
        let sent: Vec<u32> = self
            .messages
            .iter()
            .filter(|(_, m)| m.offset > 0)
            .map(|(key, _)| key)
            .collect();
        for key in &sent {
            self.release(*key);
        }
        for (_, stream) in self.streams.iter_mut() {
            stream.next_ssn = Ssn(0);
            stream.resetting = Resetting::No;
        }
        u32::try_from(sent.len()).unwrap_or(u32::MAX)
    }
}
