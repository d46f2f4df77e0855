//! RTCP that is sent. Each datagram is made from the state at the moment it is polled, so that nothing queues: a regular report
//! when it is due, else feedback.

use super::{Chain, Direction, Passing};
use rtcp::{Packet, ReceiverReport, ReportBlock};
use std::time::Instant;

/// Bytes that a user's stage may append.
const MAX_USER: usize = 512;

/// A datagram that is being written.
#[derive(Debug)]
pub(super) struct Datagram<'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) start: usize,
    limit: usize,
    /// Sources that speak in it, and are to be named.
    pub(super) ssrcs: Vec<u32>,
    /// It ends with a farewell, which nothing may follow (RFC 3550 §6.1).
    pub(super) is_final: bool,
}

impl Datagram<'_> {
    pub(super) fn len(&self) -> usize {
        self.out.len() - self.start
    }

    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// Appends a receiver report.
    pub(super) fn receiver_report(&mut self, ssrc: u32, blocks: &[ReportBlock]) {
        let report = ReceiverReport {
            sender_ssrc: ssrc,
            reports: blocks.into(),
            extension: &[],
        };
        if self.push(&report) && !self.ssrcs.contains(&ssrc) {
            self.ssrcs.push(ssrc);
        }
    }

    /// Appends a packet if it fits.
    pub(super) fn push(&mut self, packet: &dyn Packet) -> bool {
        let fits = packet.encoded_len() <= self.room();
        if fits {
            packet.encode(self.out);
        }
        fits
    }
}

impl Chain {
    /// Appends the next RTCP datagram, at most [`mtu`](crate::Config::mtu) bytes long, and gives its length. Call it until it has
    /// nothing, after a receive batch and after [`handle_timeout`](Self::handle_timeout).
    pub fn poll_rtcp(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<usize> {
        let time = self.clock.time(now);
        let is_closed = self.outbox.closed().is_some();
        let is_report = self.outbox.report.is_open || self.outbox.schedule.is_due(time);
        let is_feedback = self.outbox.due().is_some_and(|due| due <= time);
        let has_words = if is_closed {
            self.outbox.has_farewell()
        } else {
            is_report || is_feedback || !self.users.is_empty()
        };
        if !has_words {
            return None;
        }
        let start = out.len();
        let mut datagram = Datagram {
            limit: self.config.datagram_limit(),
            start,
            out,
            ssrcs: Vec::new(),
            is_final: false,
        };
        if is_closed {
            self.write_farewell(&mut datagram);
        } else if is_report {
            self.write_report(time, &mut datagram);
        } else if is_feedback {
            self.write_feedback(time, &mut datagram);
        }
        if !(datagram.is_final || is_closed) {
            self.write_users(now, &mut datagram);
        }
        let len = datagram.len();
        if len == 0 {
            return None;
        }
        self.outbox.schedule.spend(time, len);
        self.stats.rtcp_sent += 1;
        self.outbox.note_sent();
        if self.sink.is_some() {
            let shown = Passing {
                now,
                direction: Direction::Outbound,
                is_rtcp: true,
                head: out.get(start..).unwrap_or_default(),
                payload: &[],
            };
            Self::show(self.sink.as_mut(), shown);
        }
        Some(len)
    }

    /// What users' stages have to say, behind a report if they are the first. Who may find no room is asked for the next
    /// datagram, which it is the first to write to.
    fn write_users(&mut self, now: Instant, datagram: &mut Datagram<'_>) {
        let mut said = std::mem::take(&mut self.outbox.scratch.said);
        for user in &mut self.users {
            if datagram.len() > 0 && datagram.room() < MAX_USER {
                break;
            }
            said.clear();
            user.poll_rtcp(now, &mut said);
            if said.is_empty() {
                continue;
            }
            let start = datagram.len();
            if start == 0 && !self.config.reduced_size {
                datagram.receiver_report(self.outbox.reporter(), &[]);
                Self::write_names(None, &self.outbox, datagram);
            }
            if said.len() <= datagram.room().min(MAX_USER) {
                datagram.out.extend_from_slice(&said);
            } else {
                self.stats.user_rtcp_dropped += 1;
                datagram.out.truncate(datagram.start + start);
            }
        }
        self.outbox.scratch.said = said;
    }
}
