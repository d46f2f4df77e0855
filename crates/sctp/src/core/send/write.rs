//! Writing DATA chunks into a packet: what goes out, how messages are cut, RFC 9260 §6.1, §6.9 and §6.10.

use super::{Sender, give_up};
use crate::codec::{DataFlags, DataHeader, Header, pad};
use crate::stats::Stats;
use crate::tsn::Tsn;
use std::time::Instant;

/// Room below which no message is split any more: a short packet is cheaper than a tiny fragment.
pub(super) const MIN_FRAGMENT: usize = 64;

/// Where and how chunks are written.
#[derive(Debug)]
pub(in crate::core) struct Round<'a> {
    pub(in crate::core) now: Instant,
    pub(in crate::core) out: &'a mut Vec<u8>,
    /// `out` must not grow past this length.
    pub(in crate::core) end: usize,
    /// The last chunk asks for an immediate SACK, RFC 9260 §6.2 (the I bit).
    pub(in crate::core) hurry: bool,
    /// Set when the first outstanding chunk was sent again.
    pub(in crate::core) resent_first: bool,
}

impl Round<'_> {
    const fn room(&self) -> usize {
        self.end.saturating_sub(self.out.len())
    }
}

impl Sender {
    /// Writes as many DATA chunks as fit, lost ones first. True if there was one.
    pub(in crate::core) fn write_chunks(&mut self, round: &mut Round<'_>, stats: &mut Stats) -> bool {
        if self.outstanding.is_empty() {
            self.congestion.decay(round.now, self.rto.current());
        }
        let start = round.out.len();
        self.congestion.begin_packet(self.outstanding.flight());
        let mut last = None;
        while let Some(at) = self.write_one(round, stats) {
            last = Some(at);
        }
        self.congestion.end_packet();
        let data_waits = !self.queue.is_empty() || self.outstanding.lost() > 0;
        let flight = self.outstanding.flight();
        let stopped = !self.may_resend() && !self.may_send_new();
        if stopped {
            self.congestion.note_round(data_waits, flight);
        }
        let Some(last) = last else { return false };
        if stopped && (round.hurry || (data_waits && self.congestion.is_small())) {
            // RFC 9260 §6.2: the I bit on the last chunk before we must wait.
            if let Some(flags) = round.out.get_mut(last + 1) {
                *flags |= DataFlags::IMMEDIATE.0;
            }
        }
        self.congestion.note_sent(round.now);
        round.out.len() > start
    }

    /// Writes one chunk and returns where it starts.
    fn write_one(&mut self, round: &mut Round<'_>, stats: &mut Stats) -> Option<usize> {
        if round.room() < DataHeader::LEN + 4 {
            return None;
        }
        if self.outstanding.lost() > 0 {
            return self.write_lost(round, stats);
        }
        self.write_new(round, stats)
    }

    fn write_lost(&mut self, round: &mut Round<'_>, stats: &mut Stats) -> Option<usize> {
        loop {
            if !self.may_resend() {
                return None;
            }
            let tsn = self.outstanding.next_lost()?;
            let fragment = *self.outstanding.get(tsn)?;
            let message = self.queue.message(fragment.message)?;
            if self.partial_reliability && message.limit.is_past(round.now) {
                give_up(&mut self.outstanding, &mut self.queue, tsn, stats);
                self.forward.after_abandon(&self.outstanding);
                continue;
            }
            if fragment.cost() > round.room() {
                return None;
            }
            let at = self.write_chunk(round, tsn)?;
            self.outstanding.resend(tsn);
            round.resent_first |= tsn == self.outstanding.cumulative().next();
            self.probe.cancel(tsn);
            stats.retransmissions += 1;
            return Some(at);
        }
    }

    fn write_new(&mut self, round: &mut Round<'_>, stats: &mut Stats) -> Option<usize> {
        if !self.may_send_new() {
            return None;
        }
        let len = self.fragment_len(round.room())?;
        let cut = self.queue.cut(len)?;
        let tsn = self.outstanding.push(cut.message, cut.offset, cut.len, cut.flags);
        let at = self.write_chunk(round, tsn)?;
        self.probe.sent(tsn, round.now);
        self.peer_window = self.peer_window.saturating_sub(DataHeader::LEN + cut.len);
        stats.data_chunks_sent += 1;
        Some(at)
    }

    /// How much of the current message to put into `room` bytes. A message that fits into a packet of its own is not split,
    /// a longer one fills the packet, so that bulk packets have equal sizes.
    fn fragment_len(&self, room: usize) -> Option<usize> {
        let (unsent, begun) = self.queue.current_unsent()?;
        let room = room.checked_sub(DataHeader::LEN)?;
        if unsent <= room {
            return Some(unsent);
        }
        let whole_packet = self.packet_limit - Header::LEN - DataHeader::LEN;
        if (!begun && unsent <= whole_packet) || room < MIN_FRAGMENT {
            return None;
        }
        Some(room & !3)
    }

    /// Appends the chunk with this TSN and returns where it starts.
    fn write_chunk(&self, round: &mut Round<'_>, tsn: Tsn) -> Option<usize> {
        let fragment = self.outstanding.get(tsn)?;
        let message = self.queue.message(fragment.message)?;
        let (offset, len) = (fragment.offset as usize, usize::from(fragment.len));
        let payload = message.data.get(offset..offset + len)?;
        let header = DataHeader {
            flags: fragment.flags,
            tsn,
            stream_id: message.stream_id,
            ssn: message.ssn,
            ppid: message.ppid,
        };
        let at = round.out.len();
        header.encode(len, round.out);
        round.out.extend_from_slice(payload);
        pad(round.out, len);
        Some(at)
    }
}
