//! Feedback between reports: RFC 4585 §3.5 and §6, RFC 5104 §4, and about every packet.

use super::Chain;
use super::outbox::{Outbox, Scratch};
use super::poll_rtcp::Datagram;
use crate::clock::{Time, earliest};
use crate::inbound::InboundStream;
use rtcp::{
    BitrateLimit, FirEntry, FullIntraRequest, Goodbye, Nack, PictureLossIndication, Tmmbn, nack_pairs,
};
use std::time::Duration;

/// When feedback found nothing to say although it was due, it is not asked again before.
const RETRY: Duration = Duration::from_millis(10);
/// Sources in one farewell (RFC 3550 §6.6).
const MAX_GOODBYE: usize = 31;

impl Chain {
    /// One datagram of feedback, if the bandwidth has room for it.
    pub(super) fn write_feedback(&mut self, now: Time, datagram: &mut Datagram<'_>) {
        if let Err(later) = self.outbox.schedule.may_send(now) {
            self.outbox.set_due(Some(later));
            return;
        }
        // A farewell needs a name (RFC 3550 §6.1); all else does without where that was negotiated.
        if !self.config.reduced_size || !self.outbox.waiting.goodbyes.is_empty() {
            datagram.receiver_report(self.outbox.reporter(), &[]);
            Self::write_names(None, &self.outbox, datagram);
        }
        let before = datagram.len();
        self.write_messages(now, datagram);
        if datagram.len() == before {
            datagram.out.truncate(datagram.start);
            if self.outbox.due().is_some_and(|due| due <= now) {
                self.outbox.set_due(Some(now.after(RETRY)));
            }
        }
    }

    /// Feedback messages that are due, as many as fit. What is left is due at once.
    pub(super) fn write_messages(&mut self, now: Time, datagram: &mut Datagram<'_>) {
        let interval = self.key_frame_interval();
        let rtt = self.rtt();
        let mut writer = Writer {
            now,
            interval,
            rtt,
            reporter: self.outbox.reporter(),
            scratch: &mut self.outbox.scratch,
        };
        let mut next = None;
        for (_, stream) in self.streams.inbound.iter_mut() {
            if stream.next_feedback(interval).is_some_and(|due| due <= now) {
                writer.key_frame(stream, datagram);
                writer.nacks(stream, datagram);
            }
            next = earliest(next, stream.next_feedback(interval));
        }
        self.write_limits(datagram);
        self.write_arrivals(now, datagram);
        write_waiting(&mut self.outbox, datagram);
        next = earliest(next, self.recorder.next());
        let due = self.outbox.next_due(now, next);
        self.outbox.set_due(due);
    }

    /// Limits that are known (TMMBN).
    fn write_limits(&mut self, datagram: &mut Datagram<'_>) {
        while let Some((stream, limit)) = self.outbox.waiting.limits.last().copied() {
            let limits: [BitrateLimit; 1] = [limit];
            let notification = Tmmbn {
                sender_ssrc: stream,
                media_ssrc: 0,
                limits: (&limits).into(),
            };
            if !datagram.push(&notification) {
                return;
            }
            self.outbox.waiting.limits.pop();
        }
    }

    /// Feedback about every packet.
    fn write_arrivals(&mut self, now: Time, datagram: &mut Datagram<'_>) {
        if self.recorder.transport_is_due(now) && datagram.room() >= self.recorder.limit() {
            self.recorder.write_transport(datagram.out);
        }
        if self.recorder.streams_are_due(now) && datagram.room() >= self.recorder.limit() {
            let recorder = &mut self.recorder;
            let done = self.streams.inbound.iter_mut().all(|(_, stream)| {
                let media = stream
                    .arrivals
                    .as_mut()
                    .is_none_or(|it| recorder.add_stream(now, stream.ssrc, it));
                let rtx = stream.rtx.as_mut().filter(|_| media);
                let rtx = rtx.and_then(|rtx| Some((rtx.ssrc, rtx.arrivals.as_mut()?)));
                media && rtx.is_none_or(|(ssrc, arrivals)| recorder.add_stream(now, ssrc, arrivals))
            });
            recorder.finish_streams(now, &self.clock, done, datagram.out);
        }
    }
}

/// Writes messages about received streams.
struct Writer<'c> {
    now: Time,
    interval: Duration,
    rtt: Option<Duration>,
    reporter: u32,
    scratch: &'c mut Scratch,
}

impl Writer<'_> {
    /// PLI where it was negotiated, else FIR.
    fn key_frame(&self, stream: &mut InboundStream, datagram: &mut Datagram<'_>) {
        let is_due = stream
            .key_frames
            .next(self.interval)
            .is_some_and(|due| due <= self.now);
        if !is_due || datagram.room() < 20 {
            return;
        }
        let number = stream.key_frames.ask(self.now);
        if stream.feedback.pli {
            stream.stats.pli_count += 1;
            datagram.push(&PictureLossIndication {
                sender_ssrc: self.reporter,
                media_ssrc: stream.ssrc,
            });
        } else {
            stream.stats.fir_count += 1;
            let entries = [FirEntry {
                ssrc: stream.ssrc,
                sequence_number: number,
            }];
            datagram.push(&FullIntraRequest {
                sender_ssrc: self.reporter,
                media_ssrc: 0,
                entries: (&entries).into(),
            });
        }
    }

    fn nacks(&mut self, stream: &mut InboundStream, datagram: &mut Datagram<'_>) {
        let Some(nack) = &mut stream.reception.nack else {
            return;
        };
        let Scratch { numbers, pairs, .. } = &mut *self.scratch;
        numbers.clear();
        pairs.clear();
        // In the worst case each number needs a pair of its own.
        let max = datagram.room().saturating_sub(12) / 4;
        nack.collect(self.now, self.rtt, max, numbers);
        if numbers.is_empty() {
            return;
        }
        pairs.extend(nack_pairs(numbers.iter().copied()));
        stream.stats.nack_count += 1;
        datagram.push(&Nack {
            sender_ssrc: self.reporter,
            media_ssrc: stream.ssrc,
            pairs: (&*pairs).into(),
        });
    }
}

/// The application's packets, then who has ended, which has to be last (RFC 3550 §6.1).
pub(super) fn write_waiting(outbox: &mut Outbox, datagram: &mut Datagram<'_>) {
    let raw = &mut outbox.waiting.raw;
    while raw
        .front()
        .is_some_and(|packets| packets.len() <= datagram.room())
    {
        datagram.out.extend(raw.pop_front().unwrap_or_default());
    }
    if !raw.is_empty() {
        return;
    }
    let goodbyes = &mut outbox.waiting.goodbyes;
    while !goodbyes.is_empty() {
        let count = goodbyes.len().min(MAX_GOODBYE);
        let goodbye = Goodbye {
            ssrcs: goodbyes.get(..count).unwrap_or_default().into(),
            reason: &[],
        };
        if !datagram.push(&goodbye) {
            return;
        }
        goodbyes.drain(..count);
        datagram.is_final = true;
    }
}
