//! The sending side: what was sent, and what feedback says became of it.

use super::result::{Fate, PacketResult, PeerClock};
use super::sent_log::{Numbers, SentLog, SentPacket};
use crate::clock::Clock;
use rtcp::{Arrival, Ecn, PacketMetric, StreamFeedback, TransportFeedback};
use std::collections::VecDeque;
use std::time::Duration;

/// Packets under way, and results that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    log: SentLog,
    transport_clock: PeerClock,
    report_clock: PeerClock,
    /// Results of one message.
    batch: Vec<PacketResult>,
    results: VecDeque<PacketResult>,
    max_results: usize,
    dropped: u64,
}

impl Matcher {
    /// Keeps so many results.
    pub(crate) fn new(max_results: usize) -> Self {
        Self {
            max_results,
            ..Self::default()
        }
    }

    /// The transport-wide number of the next packet.
    #[inline]
    pub(crate) const fn next_number(&self) -> u16 {
        self.log.next_number()
    }

    /// A packet leaves.
    #[inline]
    pub(crate) fn sent(&mut self, packet: SentPacket, numbers: Option<&mut Numbers>) {
        let number = self.log.push(packet);
        if let Some(numbers) = numbers {
            numbers.set(packet.sequence_number, number);
        }
    }

    /// Transport-wide feedback. Gives the news in it.
    pub(crate) fn transport(&mut self, clock: &Clock, feedback: &TransportFeedback<'_>) -> &[PacketResult] {
        self.batch.clear();
        for status in feedback.packets() {
            let fate = match status.arrival {
                Arrival::NotReceived => Fate::Lost,
                Arrival::At(time) => Fate::Received {
                    at: Some(self.transport_clock.transport(time)),
                    ecn: Ecn::NotEct,
                },
                Arrival::Untimed => Fate::Received {
                    at: None,
                    ecn: Ecn::NotEct,
                },
            };
            if let Some(number) = self.log.expand(status.sequence_number) {
                self.report(clock, number, fate);
            }
        }
        self.keep()
    }

    /// The time that RFC 8888 feedback was made.
    pub(crate) fn report_time(&mut self, timestamp: u32) -> Duration {
        self.batch.clear();
        self.report_clock.report(timestamp)
    }

    /// What RFC 8888 feedback made at `time` says about one stream.
    pub(crate) fn stream(
        &mut self,
        clock: &Clock,
        time: Duration,
        numbers: &Numbers,
        feedback: &StreamFeedback<'_>,
    ) {
        for (sequence_number, metric) in feedback.packets() {
            let fate = match metric {
                PacketMetric::NotReceived => Fate::Lost,
                PacketMetric::Received { ecn, offset } => Fate::Received {
                    at: offset.to_duration().map(|offset| time.saturating_sub(offset)),
                    ecn,
                },
            };
            let number = numbers.get(sequence_number).filter(|number| {
                let packet = self.log.get(*number);
                packet.is_some_and(|it| it.ssrc == feedback.ssrc && it.sequence_number == sequence_number)
            });
            if let Some(number) = number {
                self.report(clock, number, fate);
            }
        }
    }

    fn report(&mut self, clock: &Clock, number: u64, fate: Fate) {
        if let Some(packet) = self.log.report(number, fate != Fate::Lost) {
            self.batch.push(PacketResult {
                stream: packet.stream,
                ssrc: packet.ssrc,
                sequence_number: packet.sequence_number,
                size: packet.size,
                sent: clock.instant(packet.sent),
                fate,
            });
        }
    }

    /// Keeps the news of a message for whoever takes them, and gives them.
    pub(crate) fn keep(&mut self) -> &[PacketResult] {
        self.results.extend(&self.batch);
        let over = self.results.len().saturating_sub(self.max_results);
        self.results.drain(..over);
        self.dropped += over as u64;
        &self.batch
    }

    /// Hands over all that is kept.
    pub(crate) fn take(&mut self, into: &mut Vec<PacketResult>) {
        into.extend(self.results.drain(..));
    }

    /// Results held.
    pub(crate) fn footprint(&self) -> usize {
        self.results.len()
    }

    pub(crate) fn has_results(&self) -> bool {
        !self.results.is_empty()
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::stream::OutboundId;
    use crate::table::Key;
    use rtcp::{
        ArrivalOffset, CongestionControlFeedback, NtpTime, PacketRef, TransportFeedbackBuilder, TransportTime,
    };
    use std::time::Instant;

    const KEY: Key = Key {
        index: 3,
        generation: 0,
    };

    fn packet(sent: u64, sequence_number: u16) -> SentPacket {
        SentPacket {
            sent: Time(sent),
            stream: OutboundId(KEY),
            ssrc: 7,
            sequence_number,
            size: 1000,
        }
    }

    fn clock() -> Clock {
        Clock::new(Instant::now(), Duration::ZERO)
    }

    #[test]
    fn transport_feedback_finds_the_packets() {
        let clock = clock();
        let mut matcher = Matcher::new(3);
        for number in 0..5u16 {
            assert_eq!(matcher.next_number(), number);
            matcher.sent(packet(u64::from(number) * 5000, 100 + number), None);
        }
        let mut builder = TransportFeedbackBuilder::new(1, 7, 1000);
        assert!(builder.push(0, TransportTime(400)) && builder.push(3, TransportTime(460)));
        let mut out = Vec::new();
        builder.finish(&mut out);
        let Some(Ok(PacketRef::TransportFeedback(feedback))) = rtcp::packets(&out).next() else {
            panic!("no feedback")
        };
        let news = matcher.transport(&clock, &feedback).to_vec();
        let numbers: Vec<_> = news
            .iter()
            .map(|result| (result.sequence_number, result.fate == Fate::Lost))
            .collect();
        assert_eq!(numbers, [(100, false), (101, true), (102, true), (103, false)]);
        let (Fate::Received { at: Some(first), .. }, Fate::Received { at: Some(last), .. }) =
            (news[0].fate, news[3].fate)
        else {
            panic!("without times")
        };
        assert_eq!(last - first, Duration::from_millis(15));
        assert_eq!(news[3].sent, clock.instant(Time(15_000)));
        assert!(
            matcher.transport(&clock, &feedback).is_empty(),
            "a repetition is no news"
        );
        let mut taken = Vec::new();
        matcher.take(&mut taken);
        assert_eq!(
            (taken, matcher.dropped()),
            (news[1..].to_vec(), 1),
            "the oldest went first"
        );
    }

    #[test]
    fn stream_feedback_finds_the_packets() {
        let clock = clock();
        let mut matcher = Matcher::new(100);
        let mut numbers = Numbers::new();
        for sequence_number in [65_534, 65_535, 0, 1] {
            matcher.sent(packet(0, sequence_number), Some(&mut numbers));
        }
        let received = |offset| PacketMetric::Received {
            ecn: Ecn::Ce,
            offset: ArrivalOffset(offset),
        };
        let metrics = [
            received(512),
            PacketMetric::NotReceived,
            received(ArrivalOffset::UNAVAILABLE.0),
            received(0),
            received(0),
        ];
        let stream = StreamFeedback {
            ssrc: 7,
            begin_sequence_number: 65_535,
            metrics: (&metrics).into(),
        };
        let streams = [stream];
        let feedback = CongestionControlFeedback {
            sender_ssrc: 1,
            streams: (&streams).into(),
            report_timestamp: NtpTime::from_unix(Duration::from_secs(100)).compact(),
        };
        let time = matcher.report_time(feedback.report_timestamp);
        matcher.stream(&clock, time, &numbers, &stream);
        let ecn = Ecn::Ce;
        let at = Some(time - Duration::from_millis(500));
        let fates: Vec<_> = matcher
            .keep()
            .iter()
            .map(|result| (result.sequence_number, result.fate))
            .collect();
        let expected = [
            (65_535, Fate::Received { at, ecn }),
            (0, Fate::Lost),
            (1, Fate::Received { at: None, ecn }),
        ];
        assert_eq!(fates, expected);
        // Another SSRC's feedback finds nothing here.
        matcher.report_time(feedback.report_timestamp);
        matcher.stream(&clock, time, &numbers, &StreamFeedback { ssrc: 8, ..stream });
        assert!(matcher.keep().is_empty());
    }
}
