//! Regular reports: RFC 3550 §6.4 and §6.5, RFC 3611 §4.4 and §4.5. A report that is larger than a datagram goes out in several.

use super::Chain;
use super::outbox::Outbox;
use super::poll_rtcp::Datagram;
use super::streams::Streams;
use crate::clock::Time;
use crate::event::{CircuitBreaker, Event};
use crate::stream::OutboundId;
use rtcp::{ExtendedReport, ReportBlock, SdesChunk, SdesItem, SenderReport, SourceDescription, XrBlock};

/// Blocks in one report (RFC 3550 §6.4.1).
const MAX_BLOCKS: usize = 31;

impl Chain {
    /// One datagram of a regular report.
    pub(super) fn write_report(&mut self, now: Time, datagram: &mut Datagram<'_>) {
        let is_first = !self.outbox.report.is_open;
        if is_first {
            self.open_report(now);
        }
        let before = self.outbox.report.left();
        let has_sender = self.write_reports(now, datagram);
        if is_first {
            self.write_extended(now, datagram, has_sender);
        }
        let report = &mut self.outbox.report;
        report.bytes += datagram.len();
        if datagram.len() == 0 || report.left() == before {
            // A name too long for the datagram: better less of a report than no end of it.
            report.blocks.clear();
            report.senders.clear();
        }
        if report.blocks.is_empty() && report.senders.is_empty() {
            report.is_open = false;
            let bytes = report.bytes;
            self.outbox.schedule.reported(now, bytes);
            // RFC 4585 §3.5.2, 2a: feedback that waits travels along.
            if self.outbox.due().is_some_and(|due| due <= now) {
                self.write_messages(now, datagram);
            }
        }
    }

    /// Collects what the report is about.
    fn open_report(&mut self, now: Time) {
        let report = &mut self.outbox.report;
        report.is_open = true;
        report.bytes = 0;
        report.blocks.clear();
        report.senders.clear();
        for (_, stream) in self.streams.inbound.iter_mut() {
            if stream.has_news() {
                report.blocks.extend(stream.report(now));
            }
            if let Some(rtx) = stream.rtx.as_mut().filter(|rtx| rtx.source.has_news()) {
                report.blocks.extend(rtx.report());
            }
        }
        let active = self
            .streams
            .outbound
            .iter()
            .filter(|(_, stream)| stream.sent.is_active());
        report.senders.extend(active.map(|(key, _)| OutboundId(key)));
        let silent = self
            .outbox
            .silence
            .check(now, !self.outbox.report.senders.is_empty());
        if let Some(reason) = silent.map(CircuitBreaker::ReportTimeout) {
            tracing::warn!(?reason, "circuit breaker");
            for stream in self.outbox.report.senders.iter().copied() {
                self.events.push(Event::CircuitBroken { stream, reason });
            }
        }
    }

    /// Sender reports, receiver reports and names, as many as fit. Gives whether any stream is sent.
    fn write_reports(&mut self, now: Time, datagram: &mut Datagram<'_>) -> bool {
        // Names come last, and feedback or extended reports want some room, too.
        let mut left = datagram.room().saturating_sub(160);
        let mut has_sender = false;
        while let Some(stream) = self.outbox.report.senders.front().copied() {
            let need = 28 + self.name_len(Some(stream));
            if need > left && has_sender {
                break;
            }
            left = left.saturating_sub(need);
            self.outbox.report.senders.pop_front();
            // The first report carries the blocks (RFC 3550 §6.4.1); the others would only repeat them.
            let blocks = if has_sender {
                Vec::new()
            } else {
                self.take_blocks(&mut left)
            };
            has_sender |= self.write_sender_report(now, stream, &blocks, datagram);
        }
        let reporter = datagram.ssrcs.first().copied().unwrap_or(self.outbox.reporter());
        if datagram.len() == 0 {
            left = left.saturating_sub(8 + self.name_len(None));
            let blocks = self.take_blocks(&mut left);
            datagram.receiver_report(reporter, &blocks);
        }
        // RFC 3550 §6.4: reports for more sources are stacked.
        while !self.outbox.report.blocks.is_empty() && left >= 8 + 24 {
            left -= 8;
            let blocks = self.take_blocks(&mut left);
            datagram.receiver_report(reporter, &blocks);
        }
        Self::write_names(Some(&self.streams), &self.outbox, datagram);
        has_sender
    }

    /// The next blocks, as many as have room.
    fn take_blocks(&mut self, left: &mut usize) -> Vec<ReportBlock> {
        let blocks = &mut self.outbox.report.blocks;
        let count = blocks.len().min(MAX_BLOCKS).min(*left / 24);
        *left -= count * 24;
        blocks.drain(..count).collect()
    }

    fn write_sender_report(
        &mut self,
        now: Time,
        id: OutboundId,
        blocks: &[ReportBlock],
        datagram: &mut Datagram<'_>,
    ) -> bool {
        let ntp = self.clock.ntp(now);
        let Some(stream) = self.streams.outbound.get_mut(id.0) else {
            // Removed while the report was being sent in parts.
            if !blocks.is_empty() {
                datagram.receiver_report(self.outbox.reporter(), blocks);
            }
            return false;
        };
        let report = SenderReport {
            sender_ssrc: stream.ssrc,
            info: stream.sent.report(now, ntp),
            reports: blocks.into(),
            extension: &[],
        };
        datagram.ssrcs.push(stream.ssrc);
        datagram.push(&report)
    }

    /// Bytes of a source's chunk in SDES, and of the packet's head.
    fn name_len(&self, stream: Option<OutboundId>) -> usize {
        let stream = stream.and_then(|id| self.streams.outbound.get(id.0));
        let extra = stream.map_or(0, |stream| {
            let texts = [stream.stamps.mid(), stream.stamps.rid()];
            texts.into_iter().flatten().map(|text| text.len() + 2).sum()
        });
        4 + 2 + self.outbox.cname.len() + extra + 4 + 4
    }

    /// SDES: the canonical name; and of `streams`, which early feedback does without (RFC 4585 §3.1), MID (RFC 9143 §15.1) and
    /// RID (RFC 8852 §3).
    pub(super) fn write_names(streams: Option<&Streams>, outbox: &Outbox, datagram: &mut Datagram<'_>) {
        let items: Vec<_> = datagram
            .ssrcs
            .iter()
            .map(|ssrc| (*ssrc, names(streams, outbox, *ssrc)))
            .collect();
        let chunks: Vec<SdesChunk<'_>> = items
            .iter()
            .map(|(ssrc, items)| SdesChunk {
                ssrc: *ssrc,
                items: items.into(),
            })
            .collect();
        datagram.push(&SourceDescription {
            chunks: (&chunks).into(),
        });
    }

    /// Extended reports: the reference time of a receiver, and what receivers are told back.
    fn write_extended(&mut self, now: Time, datagram: &mut Datagram<'_>, has_sender: bool) {
        // The head, a reference time, and the head of the answers.
        let max = datagram.room().saturating_sub(8 + 12 + 4) / 12;
        let delays = self.outbox.take_references(now, max);
        let mut blocks = Vec::new();
        // `rcvr-rtt=all`: senders, too, as their receivers need not send anything that they could measure by.
        if self.config.receiver_rtt && (self.streams.inbound.len() > 0 || !has_sender) {
            blocks.push(XrBlock::ReceiverReferenceTime(self.clock.ntp(now)));
        }
        if !delays.is_empty() {
            blocks.push(XrBlock::Dlrr((&delays).into()));
        }
        if !blocks.is_empty() {
            datagram.push(&ExtendedReport {
                sender_ssrc: self.outbox.reporter(),
                blocks: (&blocks).into(),
            });
        }
    }
}

/// What is said about a source.
fn names<'o>(streams: Option<&'o Streams>, outbox: &'o Outbox, ssrc: u32) -> Vec<SdesItem<'o>> {
    let mut items = vec![SdesItem::Cname(outbox.cname.as_bytes())];
    let stream = streams.and_then(|streams| {
        let role = streams.outbound_ssrcs.get(ssrc)?;
        streams.outbound.get(role.key())
    });
    if let Some(stream) = stream {
        items.extend(stream.stamps.mid().map(|mid| SdesItem::Mid(mid.as_bytes())));
        items.extend(
            stream
                .stamps
                .rid()
                .map(|rid| SdesItem::RtpStreamId(rid.as_bytes())),
        );
    }
    items
}
