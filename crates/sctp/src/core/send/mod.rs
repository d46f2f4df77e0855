//! The sending half: messages in, DATA chunks out, SACKs in. RFC 9260 §6.1 to §6.3 and §7, RFC 3758 §3.5.

mod congestion;
mod forward;
mod outstanding;
mod queue;
mod rto;
mod write;

pub(crate) use queue::{Limit, Outgoing, Resetting};
use write::MIN_FRAGMENT;
pub(super) use write::Round;

use super::peer::PeerInit;
use crate::codec::{DataHeader, SackRef};
use crate::config::Config;
use crate::stats::Stats;
use crate::tsn::Tsn;
use congestion::Congestion;
use forward::Forward;
use outstanding::{Acked, Fate, Outstanding, RttProbe};
use queue::SendQueue;
use rto::Rto;
use std::time::{Duration, Instant};

/// The sending half of an association.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) queue: SendQueue,
    outstanding: Outstanding,
    congestion: Congestion,
    rto: Rto,
    probe: RttProbe,
    forward: Forward,
    /// rwnd of §6.2.1: the peer's window less what is in flight.
    peer_window: usize,
    /// The peer knows FORWARD-TSN.
    partial_reliability: bool,
    /// Packet limit and chunk count limit.
    packet_limit: usize,
    max_outstanding: u32,
    /// Consecutive T3 expirations.
    timeouts: u32,
}

/// What a SACK did, for the association's timers.
#[derive(Clone, Copy, Debug)]
pub(super) struct SackEffect {
    /// Something was acknowledged for the first time.
    pub(super) progress: bool,
    /// The lowest outstanding chunk was acknowledged: T3 starts anew (§6.3.2 R3).
    pub(super) advanced: bool,
    /// No gap block was impossible.
    pub(super) sane: bool,
}

impl Sender {
    pub(super) fn new(config: &Config, initial_tsn: Tsn) -> Self {
        Self {
            queue: SendQueue::default(),
            outstanding: Outstanding::new(initial_tsn),
            congestion: Congestion::new(config),
            rto: Rto::new(config),
            probe: RttProbe::default(),
            forward: Forward::new(initial_tsn),
            peer_window: 0,
            partial_reliability: false,
            packet_limit: config.packet_limit(),
            max_outstanding: u32::try_from(config.max_outstanding.clamp(1, 65_535)).unwrap_or(u32::MAX),
            timeouts: 0,
        }
    }

    /// The handshake told what the peer is like.
    pub(super) const fn set_peer(&mut self, peer: &PeerInit) {
        self.peer_window = peer.a_rwnd as usize;
        self.partial_reliability = peer.forward_tsn;
    }

    /// The peer lost everything (RFC 9260 §5.2.4 A). Returns how many messages were lost with it.
    pub(super) fn restart(&mut self, config: &Config, initial_tsn: Tsn) -> u32 {
        let lost = self.queue.restart();
        let queue = std::mem::take(&mut self.queue);
        *self = Self {
            queue,
            ..Self::new(config, initial_tsn)
        };
        lost
    }

    /// Takes a SACK. `None` if it is old or acknowledges what was never sent.
    pub(super) fn handle_sack(
        &mut self,
        now: Instant,
        sack: &SackRef<'_>,
        stats: &mut Stats,
    ) -> Option<SackEffect> {
        let cumulative = sack.sack.cumulative_tsn;
        if cumulative.since(self.outstanding.cumulative()) > self.outstanding.len() {
            return None;
        }
        let mut acked = Acked::default();
        self.outstanding
            .acknowledge(cumulative, &mut self.queue, &mut acked);
        let mut sane = true;
        let mut top = cumulative;
        for block in sack.gap_blocks() {
            sane &= self.outstanding.acknowledge_block(block, &mut acked);
            top = cumulative.plus(u32::from(block.end));
        }
        if let Some(rtt) = self.probe.finish(&self.outstanding, now) {
            self.rto.measure(rtt);
        }
        self.congestion
            .acknowledged(acked.bytes, cumulative, self.outstanding.flight());
        let recovering = self.congestion.is_recovering() && acked.advanced && sane;
        if let Some(highest) = if recovering { Some(top) } else { acked.highest } {
            self.find_lost(now, highest, stats);
        }
        self.peer_window = (sack.sack.a_rwnd as usize).saturating_sub(self.outstanding.flight());
        let progress = acked.bytes > 0 || acked.advanced;
        if progress {
            self.timeouts = 0;
        }
        self.forward.after_sack(&self.outstanding, now, self.rto.srtt());
        Some(SackEffect {
            progress,
            advanced: acked.advanced,
            sane,
        })
    }

    /// Fast retransmit on gap reports, §7.2.4.
    fn find_lost(&mut self, now: Instant, highest: Tsn, stats: &mut Stats) {
        let Self {
            outstanding,
            queue,
            congestion,
            probe,
            ..
        } = self;
        let partial = self.partial_reliability;
        outstanding.count_missing(highest, |outstanding, tsn| {
            probe.cancel(tsn);
            if congestion.lost(outstanding.next_tsn().previous()) {
                stats.fast_recoveries += 1;
            }
            lose(outstanding, queue, tsn, partial.then_some(now), stats);
        });
    }

    /// T3-rtx expired, §6.3.3: everything in flight counts as lost.
    pub(super) fn handle_timeout(&mut self, now: Instant, stats: &mut Stats) {
        self.timeouts = self.timeouts.saturating_add(1);
        self.rto.back_off();
        self.probe.clear();
        if self.timeouts > 1 {
            self.outstanding.distrust_gap_acks();
        }
        if self.outstanding.flight() > 0 {
            stats.timeouts += 1;
            self.congestion.timed_out();
            self.lose_all(now, stats);
        }
        self.forward.after_timeout(&self.outstanding);
    }

    /// Every chunk in flight must be sent again: on T3-rtx, and with a repeated COOKIE ECHO.
    pub(super) fn lose_all(&mut self, now: Instant, stats: &mut Stats) {
        let (from, count) = (self.outstanding.cumulative().next(), self.outstanding.len());
        let judged = self.partial_reliability.then_some(now);
        for tsn in (0..count).map(|offset| from.plus(offset)) {
            if self
                .outstanding
                .get(tsn)
                .is_some_and(|fragment| fragment.fate == Fate::InFlight)
            {
                lose(&mut self.outstanding, &mut self.queue, tsn, judged, stats);
            }
        }
    }

    /// True when `write_chunks` would write something into an empty packet.
    pub(super) fn has_chunks(&self) -> bool {
        self.may_resend() || self.may_send_new()
    }

    fn may_resend(&self) -> bool {
        self.outstanding.lost() > 0 && self.congestion.may_retransmit(self.outstanding.flight())
    }

    /// §6.1 A and B.
    fn may_send_new(&self) -> bool {
        if self.queue.is_empty()
            || self.outstanding.lost() > 0
            || self.outstanding.len() >= self.max_outstanding
        {
            return false;
        }
        let flight = self.outstanding.flight();
        // One chunk may always be under way, which is also the zero window probe.
        flight == 0
            || (self.congestion.may_send(flight) && self.peer_window >= DataHeader::LEN + MIN_FRAGMENT)
    }

    /// Lifetimes that ran out: unsent messages disappear, a half-sent one is abandoned. Only what could be sent is judged,
    /// so that the outcome does not depend on how often the owner polls.
    pub(super) fn drop_expired(&mut self, now: Instant, stats: &mut Stats) {
        while self.partial_reliability && self.may_send_new() {
            let Some((key, message)) = self
                .queue
                .current()
                .filter(|(_, message)| message.limit.is_past(now))
            else {
                return;
            };
            debug_assert!(!message.abandoned, "abandoned messages have left the queue");
            stats.messages_abandoned += 1;
            if self.queue.current_unsent().is_some_and(|(_, begun)| begun) {
                self.abandon_half_sent(key);
            } else {
                self.queue.drop_unsent();
            }
        }
    }

    fn abandon_half_sent(&mut self, key: u32) {
        if self.queue.abandon(key) {
            self.outstanding.push_placeholder(key);
            self.outstanding
                .abandon_around(self.outstanding.next_tsn().previous());
            self.forward.after_abandon(&self.outstanding);
        }
    }

    /// True when FORWARD-TSN should go out.
    pub(super) const fn wants_forward_tsn(&self) -> bool {
        self.forward.is_due()
    }

    /// Appends FORWARD-TSN within `room` bytes.
    pub(super) fn write_forward_tsn(&mut self, now: Instant, out: &mut Vec<u8>, room: usize) {
        self.forward.note_sent(now);
        self.forward.write(&self.outstanding, &self.queue, out, room);
    }

    /// True when every message is acknowledged (or given up and the peer told).
    pub(super) fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.outstanding.is_empty()
    }

    /// True when T3-rtx must run.
    pub(super) fn needs_t3(&self) -> bool {
        !self.outstanding.is_empty()
    }

    /// The last TSN that was used.
    pub(super) fn last_tsn(&self) -> Tsn {
        self.outstanding.next_tsn().previous()
    }

    /// Takes the cumulative ack of a SHUTDOWN chunk.
    pub(super) fn handle_cumulative(&mut self, cumulative: Tsn) -> bool {
        if cumulative.since(self.outstanding.cumulative()) > self.outstanding.len() {
            return false;
        }
        let mut acked = Acked::default();
        self.outstanding
            .acknowledge(cumulative, &mut self.queue, &mut acked);
        self.congestion
            .acknowledged(acked.bytes, cumulative, self.outstanding.flight());
        acked.advanced
    }

    /// A round trip measured by HEARTBEAT.
    pub(super) fn measure(&mut self, rtt: Duration) {
        self.rto.measure(rtt);
    }

    pub(super) fn back_off(&mut self) {
        self.rto.back_off();
    }

    pub(super) const fn rto(&self) -> Duration {
        self.rto.current()
    }

    /// True while the peer's window is closed: timeouts then are probes and no sign of a dead peer (§6.1).
    pub(super) const fn is_probing(&self) -> bool {
        self.peer_window == 0
    }

    pub(super) fn fill(&self, stats: &mut Stats) {
        stats.congestion_window = self.congestion.window();
        stats.slow_start_threshold = self.congestion.threshold();
        stats.flight_size = self.outstanding.flight();
        stats.peer_window = self.peer_window;
        stats.send_buffered = self.queue.buffered();
        stats.srtt = self.rto.srtt();
        stats.rto = self.rto.current();
    }
}

/// A chunk in flight is lost: it will be sent again, unless its message's limit (judged at `now`) forbids.
fn lose(
    outstanding: &mut Outstanding,
    queue: &mut SendQueue,
    tsn: Tsn,
    now: Option<Instant>,
    stats: &mut Stats,
) {
    outstanding.mark_lost(tsn);
    let Some(fragment) = outstanding.get(tsn) else {
        return;
    };
    let Some(message) = queue.message(fragment.message) else {
        return;
    };
    let retransmissions = u32::from(fragment.retransmissions);
    if now.is_some_and(|now| message.limit.forbids(retransmissions, now)) {
        give_up(outstanding, queue, tsn, stats);
    }
}

/// Abandons the message of a chunk, RFC 3758 §3.5 A3.
fn give_up(outstanding: &mut Outstanding, queue: &mut SendQueue, tsn: Tsn, stats: &mut Stats) {
    let Some(key) = outstanding.get(tsn).map(|fragment| fragment.message) else {
        return;
    };
    stats.messages_abandoned += 1;
    if queue.abandon(key) {
        outstanding.push_placeholder(key);
    }
    outstanding.abandon_around(tsn);
}
