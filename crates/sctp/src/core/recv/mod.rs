//! The receiving half: DATA chunks in, messages and SACKs out. RFC 9260 §6.2, §6.5 to §6.7 and §6.9, RFC 3758 §3.6.

mod assembler;
mod early;
mod stream;
mod tracker;

use super::events::Events;
use super::streams::Streams;
use crate::codec::{ChunkKind, DataFlags, DataRef, ForwardTsnRef, Sack, write_chunk};
use crate::config::Config;
use crate::message::{Event, Message};
use crate::stats::Stats;
use crate::tsn::Tsn;
use assembler::{Assembler, Taken};
use bytes::BufMut;
use early::Early;
use stream::{InStream, Moved};
use tracker::{Tracker, Verdict};

/// How urgently an acknowledgement is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AckNeed {
    None,
    /// One packet with data came: a SACK within the delay, or with the next data that is sent.
    Soon,
    /// Send it with the next packet.
    Now,
}

/// What a DATA chunk did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Ok,
    /// The stream does not exist; the TSN is taken all the same (§6.5).
    InvalidStream,
    /// The association must be aborted.
    Violation(&'static str),
    /// The peer fills memory with what cannot be delivered; the association must be aborted.
    Overflow,
}

/// The receiving half of an association.
#[derive(Debug)]
pub(super) struct Receiver {
    tracker: Tracker,
    assembler: Assembler,
    streams: Streams<InStream>,
    /// Streams below this exist.
    stream_count: u16,
    /// Bytes that the application has not read, with overhead.
    unread: usize,
    /// Complete messages that wait for their turn.
    early: Early,
    window: usize,
    max_message: usize,
    need: AckNeed,
    /// A packet with data came since the last SACK.
    packets: u32,
    /// The a_rwnd the peer knows.
    announced: usize,
}

impl Receiver {
    pub(super) fn new(config: &Config, initial_tsn: Tsn, stream_count: u16) -> Self {
        Self {
            tracker: Tracker::new(initial_tsn),
            assembler: Assembler::new(initial_tsn, config.max_message_size),
            streams: Streams::default(),
            stream_count,
            unread: 0,
            early: Early::default(),
            window: config.window(),
            max_message: config.max_message_size,
            need: AckNeed::None,
            packets: 0,
            announced: config.window(),
        }
    }

    /// The peer starts from the beginning; what can be read stays.
    pub(super) fn restart(&mut self, config: &Config, initial_tsn: Tsn, stream_count: u16) {
        let mut streams = std::mem::take(&mut self.streams);
        let mut early = std::mem::take(&mut self.early);
        for (id, stream) in streams.iter_mut() {
            stream.reset(id, &mut early);
        }
        *self = Self {
            streams,
            unread: self.unread,
            ..Self::new(config, initial_tsn, stream_count)
        };
    }

    /// Bytes waiting for other bytes.
    const fn waiting(&self) -> usize {
        self.assembler.bytes() + self.early.bytes()
    }

    /// Everything held, readable or not.
    pub(super) const fn held(&self) -> usize {
        self.unread + self.waiting()
    }

    /// a_rwnd.
    pub(super) const fn room(&self) -> usize {
        self.window
            .saturating_sub(self.unread)
            .saturating_sub(self.waiting())
    }

    pub(super) const fn cumulative(&self) -> Tsn {
        self.tracker.cumulative()
    }

    /// Takes a DATA chunk.
    pub(super) fn handle_data(
        &mut self,
        data: &DataRef<'_>,
        events: &mut Events,
        stats: &mut Stats,
    ) -> Received {
        let tsn = data.header.tsn;
        match self.tracker.judge(tsn) {
            Verdict::New => {}
            Verdict::Duplicate => {
                stats.duplicate_chunks += 1;
                self.tracker.note_duplicate(tsn);
                self.need = AckNeed::Now;
                return Received::Ok;
            }
            Verdict::TooFarAhead => {
                stats.dropped_full += 1;
                self.need = AckNeed::Now;
                return Received::Ok;
            }
        }
        if !self.has_room(data) {
            stats.dropped_full += 1;
            self.need = AckNeed::Now;
            return Received::Ok;
        }
        stats.data_chunks_received += 1;
        if data.header.flags.contains(DataFlags::IMMEDIATE) {
            self.need = AckNeed::Now;
        }
        self.take(data, events)
    }

    /// Whether the chunk can be kept. While the application's unread data fills the window nothing can. While it is filled
    /// by what waits for missing pieces, the next TSN in order must be taken, or the association would stand still.
    fn has_room(&self, data: &DataRef<'_>) -> bool {
        let fits = self.room() >= data.payload.len();
        fits || (data.header.tsn == self.tracker.cumulative().next() && self.unread < self.window)
    }

    fn take(&mut self, data: &DataRef<'_>, events: &mut Events) -> Received {
        let moved = self.tracker.insert(data.header.tsn);
        if data.header.stream_id >= self.stream_count {
            self.assembler.advance(moved);
            self.need = AckNeed::Now;
            return Received::InvalidStream;
        }
        let taken = self.assembler.insert(data);
        self.assembler.advance(moved);
        match taken {
            Taken::Waiting => {}
            Taken::Complete(complete) => {
                if !self.deliver(complete, events) {
                    return Received::Violation("two messages of a stream with one number");
                }
            }
            Taken::Violation(reason) => return Received::Violation(reason),
        }
        // A peer that keeps to SSN order cannot have more than a window and a message waiting.
        if self.waiting() > self.window.saturating_mul(2).saturating_add(self.max_message) {
            return Received::Overflow;
        }
        Received::Ok
    }

    /// False if another message with its number waits already.
    fn deliver(&mut self, complete: assembler::Complete, events: &mut Events) -> bool {
        let id = complete.message.stream_id;
        let Some(stream) = self.streams.use_entry(id) else {
            return true;
        };
        let was_readable = stream.is_readable();
        match stream.insert(id, complete, &mut self.early) {
            Some(moved) => self.account(id, moved, was_readable, events),
            None => return false,
        }
        true
    }

    fn account(&mut self, id: u16, moved: Moved, was_readable: bool, events: &mut Events) {
        self.unread += moved.readable;
        if moved.readable == 0 || was_readable {
            return;
        }
        if let Some(stream) = self.streams.get_mut(id)
            && !stream.reported
        {
            stream.reported = true;
            events.push(Event::Readable(id));
        }
    }

    /// The `Readable` event of a stream was delivered.
    pub(super) fn reported(&mut self, id: u16) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.reported = false;
        }
    }

    /// A packet that carried DATA or FORWARD-TSN has been processed: decides on the acknowledgement, §6.2.
    pub(super) fn end_packet(&mut self) {
        self.packets = self.packets.saturating_add(1);
        let need = if self.packets >= 2 || self.tracker.has_gap() {
            AckNeed::Now
        } else {
            AckNeed::Soon
        };
        self.need = self.need.max(need);
    }

    /// Takes FORWARD-TSN. False if it jumps too far.
    pub(super) fn handle_forward_tsn(&mut self, forward: &ForwardTsnRef<'_>, events: &mut Events) -> bool {
        let tsn = forward.new_cumulative_tsn;
        if !tsn.is_after(self.tracker.cumulative()) {
            // RFC 3758 §3.6: the last SACK may have been lost.
            self.need = AckNeed::Now;
            return true;
        }
        if !self.tracker.may_forward(tsn) {
            return false;
        }
        let moved = self.tracker.forward(tsn);
        self.assembler.advance(moved);
        for skipped in forward.streams() {
            if skipped.stream_id >= self.stream_count {
                continue;
            }
            let Some(stream) = self.streams.use_entry(skipped.stream_id) else {
                continue;
            };
            let was_readable = stream.is_readable();
            let moved = stream.skip_to(skipped.stream_id, skipped.ssn, &mut self.early);
            self.account(skipped.stream_id, moved, was_readable, events);
        }
        true
    }

    /// Takes a message out for the application.
    pub(super) fn pop(&mut self, id: u16) -> Option<Message> {
        let (message, cost) = self.streams.get_mut(id)?.pop()?;
        self.unread -= cost;
        // §6.2: tell a peer that may stand still, but not for every little step (RFC 1122 §4.2.3.3 has the idea).
        let room = self.room();
        if self.announced < self.window / 2 && room >= self.announced + self.window / 4 {
            self.need = AckNeed::Now;
        }
        Some(message)
    }

    /// The peer reset its outgoing stream. True if the application is to be told: not while it has not yet taken the news of
    /// an earlier reset.
    pub(super) fn reset_stream(&mut self, id: u16) -> bool {
        let Some(stream) = self.streams.entry(id) else {
            return false;
        };
        stream.reset(id, &mut self.early);
        !std::mem::replace(&mut stream.reset_reported, true)
    }

    /// The news of a reset was delivered.
    pub(super) fn reset_reported(&mut self, id: u16) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.reset_reported = false;
        }
    }

    /// Streams that were used since the last reset of all, for the next one.
    pub(super) fn take_used_streams(&mut self) -> Vec<u16> {
        self.streams.take_used()
    }

    pub(super) const fn stream_count(&self) -> u16 {
        self.stream_count
    }

    pub(super) const fn need(&self) -> AckNeed {
        self.need
    }

    pub(super) fn acknowledge_now(&mut self) {
        self.need = AckNeed::Now;
    }

    /// Appends a SACK within `room` bytes.
    pub(super) fn write_sack(&mut self, out: &mut Vec<u8>, room: usize) {
        let Some(entries) = room.checked_sub(4 + Sack::LEN).map(|room| room / 4) else {
            return;
        };
        let a_rwnd = self.room();
        self.need = AckNeed::None;
        self.packets = 0;
        self.announced = a_rwnd;
        let start = out.len();
        write_chunk(out, ChunkKind::SACK, 0, |out| {
            let at = out.len();
            out.put_bytes(0, Sack::LEN);
            let mut gap_blocks = 0_u16;
            if self.tracker.has_gap() {
                for (first, last) in self.tracker.gap_blocks(entries.min(usize::from(u16::MAX))) {
                    out.put_u16(first);
                    out.put_u16(last);
                    gap_blocks += 1;
                }
            }
            let duplicates = self.tracker.take_duplicates(entries - usize::from(gap_blocks));
            for tsn in &duplicates {
                out.put_u32(tsn.0);
            }
            let sack = Sack {
                cumulative_tsn: self.tracker.cumulative(),
                a_rwnd: u32::try_from(a_rwnd).unwrap_or(u32::MAX),
                gap_blocks,
                duplicates: u16::try_from(duplicates.len()).unwrap_or(0),
            };
            if let Some(mut fixed) = out.get_mut(at..at + Sack::LEN) {
                sack.encode(&mut fixed);
            }
        });
        debug_assert!(out.len() - start <= room, "SACK is larger than its room");
    }
}
