//! Writing packets: bundling, RFC 9260 §6.10, and the timers that sending starts.

use super::association::Association;
use super::phase::Phase;
use super::recv::AckNeed;
use super::send::Round;
use super::timer::Timer;
use crate::codec::{ChunkKind, Header, seal, write_chunk};
use bytes::BufMut;
use std::time::Instant;

/// A packet that was appended to the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Its length in bytes.
    pub len: usize,
}

impl Association {
    /// Appends the next packet to `out`, or returns `None` when there is nothing to send now. Packets of a bulk transfer
    /// have equal lengths, so that a caller can send many at once (segmentation offload).
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let start = out.len();
        if let Some(alone) = self.outbox.pop_alone() {
            self.write_header(alone.tag, out);
            out.extend_from_slice(&alone.chunk);
            return Some(self.finish_packet(out, start));
        }
        let echoing = matches!(self.phase, Phase::CookieEchoed { .. }) && self.outbox.cookie_echo;
        if !echoing && !self.phase.is_synchronized() {
            return None;
        }
        out.reserve(self.config.packet_limit());
        self.write_header(self.peer.tag, out);
        let end = start + self.config.packet_limit();
        if echoing {
            self.write_cookie_echo(out);
            self.write_data(now, out, end);
        } else {
            self.write_chunks(now, out, end);
        }
        self.report_room();
        if out.len() == start + Header::LEN {
            out.truncate(start);
            return None;
        }
        Some(self.finish_packet(out, start))
    }

    /// Control and data. When the only data that could go out turns out to have expired, a FORWARD-TSN takes its place.
    fn write_chunks(&mut self, now: Instant, out: &mut Vec<u8>, end: usize) {
        let empty = out.len();
        self.write_control(now, out, end);
        self.write_data(now, out, end);
        if out.len() == empty && self.wants_forward_tsn() {
            self.write_control(now, out, end);
        }
    }

    fn wants_forward_tsn(&self) -> bool {
        self.sender.wants_forward_tsn() && self.phase.takes_sacks()
    }

    fn write_header(&self, verification_tag: u32, out: &mut Vec<u8>) {
        let header = Header {
            source_port: self.config.local_port,
            destination_port: self.config.remote_port,
            verification_tag,
        };
        header.encode(out);
    }

    fn finish_packet(&mut self, out: &mut [u8], start: usize) -> Transmit {
        let packet = out.get_mut(start..).unwrap_or_default();
        seal(packet);
        let len = packet.len();
        self.stats.packets_sent += 1;
        self.stats.bytes_sent += len as u64;
        Transmit { len }
    }

    /// COOKIE ECHO is the first chunk of its packet; DATA may follow (§5.1 C).
    fn write_cookie_echo(&mut self, out: &mut Vec<u8>) {
        self.outbox.cookie_echo = false;
        if let Phase::CookieEchoed { cookie, .. } = &self.phase {
            write_chunk(out, ChunkKind::COOKIE_ECHO, 0, |out| {
                out.extend_from_slice(cookie)
            });
        }
    }

    /// Control chunks go before data (§6.10).
    fn write_control(&mut self, now: Instant, out: &mut Vec<u8>, end: usize) {
        if self.phase.sends_data() {
            self.sender.drop_expired(now, &mut self.stats);
        }
        if std::mem::take(&mut self.outbox.cookie_ack) {
            write_chunk(out, ChunkKind::COOKIE_ACK, 0, |_| {});
        }
        self.outbox.write_bundled(out, end);
        self.write_reset_request(out, end);
        if self.wants_forward_tsn() {
            self.sender
                .write_forward_tsn(now, out, end.saturating_sub(out.len()));
            self.timers.start(Timer::T3, now, self.sender.rto());
        }
        self.write_sack(out, end);
        self.write_shutdown(out, end);
    }

    /// A SACK that is due, or one that can travel with data (§6.2).
    fn write_sack(&mut self, out: &mut Vec<u8>, end: usize) {
        let due = match self.receiver.need() {
            AckNeed::None => false,
            AckNeed::Soon => self.phase.sends_data() && self.sender.has_chunks(),
            AckNeed::Now => true,
        };
        let room = end.saturating_sub(out.len());
        if due && room >= 16 {
            self.receiver.write_sack(out, room);
            self.timers.stop(Timer::Sack);
        }
    }

    fn write_shutdown(&mut self, out: &mut Vec<u8>, end: usize) {
        if end.saturating_sub(out.len()) < 8 {
            return;
        }
        if std::mem::take(&mut self.outbox.shutdown) {
            let cumulative = self.receiver.cumulative();
            write_chunk(out, ChunkKind::SHUTDOWN, 0, |out| out.put_u32(cumulative.0));
        }
        if std::mem::take(&mut self.outbox.shutdown_ack) {
            write_chunk(out, ChunkKind::SHUTDOWN_ACK, 0, |_| {});
        }
    }

    fn write_data(&mut self, now: Instant, out: &mut Vec<u8>, end: usize) {
        if !self.phase.sends_data() || !self.sender.has_chunks() {
            return;
        }
        let hurry = matches!(self.phase, Phase::ShutdownPending | Phase::ShutdownReceived)
            || self.resets.is_waiting();
        let mut round = Round {
            now,
            out,
            end,
            hurry,
            resent_first: false,
        };
        let wrote = self.sender.write_chunks(&mut round, &mut self.stats);
        // §6.3.2 R1 and §7.2.4 step 4; while COOKIE ECHO is unanswered T1 stands for both.
        if wrote && self.phase.is_synchronized() {
            if round.resent_first {
                self.timers.stop(Timer::T3);
            }
            self.timers.start(Timer::T3, now, self.sender.rto());
        }
    }
}
