//! What happens to received RTCP: RFC 3550 §6.4 (reports), RFC 4585 §6 and RFC 5104 §4 (feedback), RFC 3611 §4.4 and §4.5.
//!
//! The order of packets in a datagram does not matter, and a report need not be first (RFC 5506). An unknown packet is skipped, a
//! broken one ends the datagram; what was before it counts.

use super::{Chain, Direction, Passing, Role};
use crate::clock::Time;
use crate::event::Event;
use crate::stream::OutboundId;
use rtcp::{
    BitrateLimit, CongestionControlFeedback, FullIntraRequest, Nack, NtpTime, PacketRef, ReportBlock,
    SenderReport, Tmmbr, XrBlock,
};
use std::time::{Duration, Instant};

/// The moment at which a datagram is handled, by all clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    now: Instant,
    time: Time,
    ntp: NtpTime,
}

impl Chain {
    /// RTCP was received, and unprotected.
    pub fn handle_rtcp(&mut self, now: Instant, datagram: &[u8]) {
        let time = self.clock.time(now);
        let moment = Moment {
            now,
            time,
            ntp: self.clock.ntp(time),
        };
        self.stats.rtcp_received += 1;
        if self.sink.is_some() {
            let shown = Passing {
                now,
                direction: Direction::Inbound,
                is_rtcp: true,
                head: datagram,
                payload: &[],
            };
            Self::show(self.sink.as_mut(), shown);
        }
        let mut rtt = None;
        for packet in rtcp::packets(datagram) {
            let Ok(packet) = packet else {
                self.stats.malformed_rtcp += 1;
                break;
            };
            for user in &mut self.users {
                user.handle_rtcp(now, &packet);
            }
            // RFC 8083 §5: feedback without a report counts against silence, too.
            self.outbox.silence.heard();
            let measured = self.handle_packet(moment, &packet);
            rtt = rtt.or(measured);
        }
        // Blocks of one datagram measure the same round trip.
        if let Some(rtt) = rtt {
            self.stats.round_trips.update(rtt);
        }
    }

    /// Gives the round trip that the packet measures, if it does.
    fn handle_packet(&mut self, moment: Moment, packet: &PacketRef<'_>) -> Option<Duration> {
        match packet {
            PacketRef::SenderReport(report) => return self.sender_report(moment, report),
            PacketRef::ReceiverReport(report) => return self.blocks(moment, report.reports.iter()),
            PacketRef::ExtendedReport(report) => {
                let blocks = report
                    .blocks
                    .iter()
                    .map(|block| self.extended(moment, report.sender_ssrc, &block));
                return blocks.fold(None, Option::or);
            }
            PacketRef::Goodbye(goodbye) => {
                goodbye.ssrcs.iter().for_each(|ssrc| self.goodbye(ssrc));
            }
            PacketRef::Nack(nack) => self.nack(moment, nack),
            PacketRef::TransportFeedback(feedback) => {
                let news = self.matcher.transport(&self.clock, feedback);
                for user in &mut self.users {
                    user.handle_feedback(moment.now, news);
                }
                self.tell_feedback();
            }
            PacketRef::CongestionControlFeedback(feedback) => self.stream_feedback(moment, feedback),
            PacketRef::PictureLossIndication(pli) => {
                if let Some(stream) = self.key_frame_requested(moment, pli.media_ssrc) {
                    stream.stats.pli_count += 1;
                }
            }
            PacketRef::FullIntraRequest(fir) => self.full_intra_request(moment, fir),
            // RFC 9627 §3: whoever has no layers to refresh answers with a key frame.
            PacketRef::LayerRefreshRequest(request) => {
                for entry in &request.requests {
                    self.key_frame_requested(moment, entry.ssrc);
                }
            }
            PacketRef::Tmmbr(request) => self.limit(moment, request),
            PacketRef::Remb(remb) => {
                self.events.push(Event::ReceiverEstimate {
                    bitrate: remb.bitrate,
                });
            }
            // Nothing here acts on these; users' stages have seen them.
            PacketRef::SourceDescription(_)
            | PacketRef::Application(_)
            | PacketRef::RapidResync(_)
            | PacketRef::SliceLossIndication(_)
            | PacketRef::ReferencePictureSelection(_)
            | PacketRef::Tmmbn(_)
            | PacketRef::Tstr(_)
            | PacketRef::Tstn(_)
            | PacketRef::Unknown(_) => {}
            _ => {}
        }
        None
    }

    fn sender_report(&mut self, moment: Moment, report: &SenderReport<'_>) -> Option<Duration> {
        if let Some(Role::Media(key)) = self.streams.inbound_ssrcs.get(report.sender_ssrc)
            && let Some(stream) = self.streams.inbound.get_mut(key)
        {
            let ahead = stream.sender_report(&self.clock, moment.time, report.info);
            self.streams.sender_clock.report(ahead);
        }
        self.blocks(moment, report.reports.iter())
    }

    fn blocks(&mut self, moment: Moment, blocks: impl Iterator<Item = ReportBlock>) -> Option<Duration> {
        let mut rtt = None;
        for block in blocks {
            let measured = self.block(moment, &block);
            rtt = rtt.or(measured);
        }
        rtt
    }

    fn block(&mut self, moment: Moment, block: &ReportBlock) -> Option<Duration> {
        let role = self.streams.outbound_ssrcs.get(block.ssrc)?;
        let stream = self.streams.outbound.get_mut(role.key())?;
        match role {
            Role::Media(key) => {
                let (rtt, fired) = stream.report(moment.time, moment.ntp, block);
                if let Some(reason) = fired {
                    tracing::warn!(ssrc = block.ssrc, ?reason, "circuit breaker");
                    let stream = OutboundId(key);
                    self.events.push(Event::CircuitBroken { stream, reason });
                }
                rtt
            }
            Role::Rtx(_) => {
                if let Some(rtx) = &mut stream.rtx {
                    rtx.is_acknowledged = true;
                }
                None
            }
        }
    }

    fn extended(&mut self, moment: Moment, sender: u32, block: &XrBlock<'_>) -> Option<Duration> {
        match block {
            XrBlock::ReceiverReferenceTime(time) => {
                self.outbox.note_reference(sender, time.compact(), moment.time);
                None
            }
            XrBlock::Dlrr(delays) => {
                let own =
                    |ssrc| ssrc == self.outbox.reporter() || self.streams.outbound_ssrcs.get(ssrc).is_some();
                // RFC 3611 §4.5: of several streams of ours, only some may have had an answer.
                let mut delays = delays.iter().filter(|delay| own(delay.ssrc));
                let rtt = delays.find_map(|delay| delay.round_trip_time(moment.ntp))?;
                let role = self.streams.inbound_ssrcs.get(sender);
                if let Some(stream) = role.and_then(|role| self.streams.inbound.get_mut(role.key())) {
                    stream.round_trips.update(rtt);
                }
                Some(rtt)
            }
            XrBlock::LossRle(_)
            | XrBlock::DuplicateRle(_)
            | XrBlock::PacketReceiptTimes(_)
            | XrBlock::StatisticsSummary(_)
            | XrBlock::VoipMetrics(_)
            | XrBlock::Unknown { .. } => None,
            _ => None,
        }
    }

    fn goodbye(&mut self, ssrc: u32) {
        if let Some(Role::Media(_)) = self.streams.inbound_ssrcs.get(ssrc) {
            self.events.push(Event::Goodbye { ssrc });
        }
    }

    fn nack(&mut self, moment: Moment, nack: &Nack<'_>) {
        let path = self.stats.round_trips.smoothed;
        let Some(Role::Media(key)) = self.streams.outbound_ssrcs.get(nack.media_ssrc) else {
            self.stats.unknown_feedback += 1;
            return;
        };
        let Some(stream) = self.streams.outbound.get_mut(key) else {
            return;
        };
        stream.stats.nack_count += 1;
        for sequence_number in nack.sequence_numbers() {
            if stream.ask_again(moment.time, sequence_number, path)
                && !self.retransmissions.push(OutboundId(key), sequence_number)
            {
                stream.stats.retransmissions_refused += 1;
            }
        }
    }

    fn stream_feedback(&mut self, moment: Moment, feedback: &CongestionControlFeedback<'_>) {
        let time = self.matcher.report_time(feedback.report_timestamp);
        for told in &feedback.streams {
            let Some(role) = self.streams.outbound_ssrcs.get(told.ssrc) else {
                self.stats.unknown_feedback += 1;
                continue;
            };
            let stream = self.streams.outbound.get(role.key());
            let numbers = stream.and_then(|stream| match role {
                Role::Media(_) => stream.numbers.as_ref(),
                Role::Rtx(_) => stream.rtx.as_ref().and_then(|rtx| rtx.numbers.as_ref()),
            });
            if let Some(numbers) = numbers {
                self.matcher.stream(&self.clock, time, numbers, &told);
            }
        }
        let news = self.matcher.keep();
        for user in &mut self.users {
            user.handle_feedback(moment.now, news);
        }
        self.tell_feedback();
    }

    fn tell_feedback(&mut self) {
        if self.matcher.has_results() {
            self.events.push(Event::Feedback);
        }
    }

    /// A picture that decodes alone is asked for; gives the stream. Soon after another request this one waits.
    fn key_frame_requested(
        &mut self,
        moment: Moment,
        ssrc: u32,
    ) -> Option<&mut crate::outbound::OutboundStream> {
        let Some(Role::Media(key)) = self.streams.outbound_ssrcs.get(ssrc) else {
            self.stats.unknown_feedback += 1;
            return None;
        };
        let stream = self.streams.outbound.get_mut(key)?;
        stream.key_frames.want();
        let interval = self.config.key_frame_interval;
        self.events
            .key_frame(moment.time, OutboundId(key), &mut stream.key_frames, interval);
        Some(stream)
    }

    /// Passes on the key frame requests that have waited.
    pub(super) fn pass_requests_on(&mut self, now: Time) {
        if !self.events.take_due(now) {
            return;
        }
        let interval = self.config.key_frame_interval;
        for (key, stream) in self.streams.outbound.iter_mut() {
            self.events
                .key_frame(now, OutboundId(key), &mut stream.key_frames, interval);
        }
    }

    fn full_intra_request(&mut self, moment: Moment, fir: &FullIntraRequest<'_>) {
        for entry in &fir.entries {
            let role = self.streams.outbound_ssrcs.get(entry.ssrc);
            let stream = role.and_then(|role| self.streams.outbound.get_mut(role.key()));
            // RFC 5104 §4.3.1.2: a repetition of the last command asks for nothing new.
            let is_new =
                stream.is_none_or(|stream| stream.remote.is_new_fir(fir.sender_ssrc, entry.sequence_number));
            if is_new && let Some(stream) = self.key_frame_requested(moment, entry.ssrc) {
                stream.stats.fir_count += 1;
            }
        }
    }

    /// RFC 5104 §4.2.1: the limit is the application's to keep; that it is known is told at once (§4.2.2).
    fn limit(&mut self, moment: Moment, request: &Tmmbr<'_>) {
        for limit in &request.limits {
            let Some(Role::Media(key)) = self.streams.outbound_ssrcs.get(limit.ssrc) else {
                self.stats.unknown_feedback += 1;
                continue;
            };
            self.events.push(Event::BitrateLimit {
                stream: OutboundId(key),
                bitrate: limit.bitrate,
            });
            let owner = BitrateLimit {
                ssrc: request.sender_ssrc,
                ..limit
            };
            self.outbox.acknowledge_limit(limit.ssrc, owner);
            self.outbox.feedback_due(moment.time);
        }
    }
}
