//! How streams that are sent end, or pause, and the chain with them: RFC 3550 §6.6.

use super::Chain;
use super::messages::write_waiting;
use super::poll_rtcp::Datagram;
use crate::stats::OutboundStats;
use crate::stream::OutboundId;
use std::time::Instant;

impl Chain {
    /// Removes a stream that was sent, with its last statistics. The peer is told (BYE) if it has had any packet.
    pub fn remove_outbound(&mut self, now: Instant, stream: OutboundId) -> Option<OutboundStats> {
        let mut removed = self.streams.remove_outbound(stream)?;
        removed.stats.retransmissions_refused += self.retransmissions.forget(stream);
        let stats = removed.stats(&self.clock);
        if stats.packets_sent > 0 && !removed.is_paused {
            self.outbox
                .say_goodbye(removed.ssrc, removed.rtx.map(|rtx| rtx.ssrc));
            self.outbox.feedback_due(self.clock.time(now));
        }
        self.choose_reporter();
        self.stop_if_empty();
        Some(stats)
    }

    /// Ends a stream that was sent and may go on later under the same SSRCs, which needs its numbers (RFC 3711 §9.1) and
    /// counters. The peer is told (BYE) if it has had any packet; nothing is sent until [`resume_outbound`](Self::resume_outbound).
    /// Does nothing if it was removed.
    pub fn pause_outbound(&mut self, now: Instant, stream: OutboundId) {
        let found = self.streams.outbound.get_mut(stream.0);
        let Some(outbound) = found.filter(|outbound| !outbound.is_paused) else {
            return;
        };
        outbound.pause(&self.config);
        outbound.stats.retransmissions_refused += self.retransmissions.forget(stream);
        if outbound.stats(&self.clock).packets_sent > 0 {
            self.outbox
                .say_goodbye(outbound.ssrc, outbound.rtx.as_ref().map(|rtx| rtx.ssrc));
            self.outbox.feedback_due(self.clock.time(now));
        }
        self.choose_reporter();
        self.stop_if_empty();
    }

    /// Goes on with a stream after [`pause_outbound`](Self::pause_outbound); to the peer it is like one that begins. Does nothing
    /// if it was removed, or after [`close`](Self::close).
    pub fn resume_outbound(&mut self, now: Instant, stream: OutboundId) {
        let found = self.streams.outbound.get_mut(stream.0);
        let may_resume = self.outbox.closed().is_none();
        let Some(outbound) = found.filter(|outbound| outbound.is_paused && may_resume) else {
            return;
        };
        outbound.is_paused = false;
        let rtx = outbound.rtx.as_ref().map(|rtx| rtx.ssrc);
        self.outbox.take_back_goodbye(outbound.ssrc, rtx);
        self.choose_reporter();
        self.outbox.schedule.start(self.clock.time(now));
    }

    /// Ends everything that is sent, for good: [`poll_rtcp`](Self::poll_rtcp) gives what the application still had to say and a
    /// BYE of every SSRC that the peer has heard of, at once, and then nothing any more. Streams stay, with their statistics.
    pub fn close(&mut self, now: Instant) {
        if self.outbox.closed().is_some() {
            return;
        }
        let reporter = self.outbox.reporter();
        let streams: Vec<_> = self.outbound_streams().collect();
        for stream in streams {
            self.pause_outbound(now, stream);
        }
        self.outbox.schedule.stop();
        self.outbox
            .close(self.clock.time(now), reporter, self.stats.rtcp_sent > 0);
    }

    /// Last words, behind a report and a name, without which there is no farewell (RFC 3550 §6.1). They wait for no bandwidth
    /// (§6.3.7: there are fewer than 50 members).
    pub(super) fn write_farewell(&mut self, datagram: &mut Datagram<'_>) {
        datagram.receiver_report(self.outbox.reporter(), &[]);
        Self::write_names(None, &self.outbox, datagram);
        write_waiting(&mut self.outbox, datagram);
    }
}
