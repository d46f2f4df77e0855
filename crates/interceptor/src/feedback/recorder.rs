//! The receiving side: when feedback is due, and its messages. Transport-wide feedback covers all streams
//! (draft-holmer-rmcat-transport-wide-cc-extensions §3), RFC 8888 names each SSRC; a peer asks for one of them.

use super::arrivals::{Arrivals, Arrived};
use crate::clock::{Clock, Time, earliest};
use rtcp::{CongestionControlFeedbackBuilder, Ecn, TransportFeedbackBuilder, TransportTime};
use std::time::Duration;

/// Arrivals that wait to be reported.
#[derive(Debug)]
pub(crate) struct Recorder {
    interval: Duration,
    arrivals: Arrivals,
    transport_next: Option<Time>,
    streams_next: Option<Time>,
    transport: TransportFeedbackBuilder,
    streams: CongestionControlFeedbackBuilder,
    limit: usize,
}

impl Recorder {
    /// Messages come from `ssrc` and have at most `limit` bytes.
    pub(crate) fn new(interval: Duration, ssrc: u32, limit: usize) -> Self {
        Self {
            interval,
            arrivals: Arrivals::default(),
            transport_next: None,
            streams_next: None,
            transport: TransportFeedbackBuilder::new(ssrc, ssrc, limit),
            streams: CongestionControlFeedbackBuilder::new(ssrc, limit),
            limit,
        }
    }

    /// Feedback comes from another SSRC from here on.
    pub(crate) fn set_ssrc(&mut self, ssrc: u32) {
        self.transport = TransportFeedbackBuilder::new(ssrc, ssrc, self.limit);
        self.streams = CongestionControlFeedbackBuilder::new(ssrc, self.limit);
    }

    /// Bytes that a message may need.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// A packet with a transport-wide number came.
    #[inline]
    pub(crate) fn record(&mut self, now: Time, number: u16, media_ssrc: u32) {
        let arrived = Arrived {
            at: now,
            ecn: Ecn::NotEct,
        };
        if self.arrivals.record(number, arrived) && self.transport_next.is_none() {
            self.transport_next = Some(now.after(self.interval));
            self.transport.set_media_ssrc(media_ssrc);
        }
    }

    /// A packet of a stream with RFC 8888 feedback came.
    #[inline]
    pub(crate) fn record_stream(&mut self, now: Time, number: u16, ecn: Ecn, arrivals: &mut Arrivals) {
        if arrivals.record(number, Arrived { at: now, ecn }) && self.streams_next.is_none() {
            self.streams_next = Some(now.after(self.interval));
        }
    }

    /// When feedback is due.
    pub(crate) fn next(&self) -> Option<Time> {
        earliest(self.transport_next, self.streams_next)
    }

    pub(crate) fn transport_is_due(&self, now: Time) -> bool {
        self.transport_next.is_some_and(|next| next <= now)
    }

    pub(crate) fn streams_are_due(&self, now: Time) -> bool {
        self.streams_next.is_some_and(|next| next <= now)
    }

    /// Arrivals held.
    pub(crate) const fn footprint(&self) -> usize {
        self.arrivals.footprint()
    }

    /// Appends transport-wide feedback. What does not fit into one message stays due.
    pub(crate) fn write_transport(&mut self, out: &mut Vec<u8>) {
        let Some(range) = self.arrivals.pending() else {
            self.transport_next = None;
            return;
        };
        let end = *range.end();
        self.transport.begin_at(low(*range.start()));
        let mut told = None;
        for number in range {
            let Some(arrived) = self.arrivals.get(number) else {
                continue;
            };
            let time = TransportTime::from_duration(Duration::from_micros(arrived.at.0));
            if !self.transport.push(low(number), time) {
                break;
            }
            told = Some(number);
        }
        self.transport.finish(out);
        let told = told.unwrap_or(end);
        self.arrivals.reported(told, true);
        if told >= end {
            self.transport_next = None;
        }
    }

    /// Adds a stream to an RFC 8888 message. False if the message is full; then the stream, or its rest, is for the next one.
    pub(crate) fn add_stream(&mut self, now: Time, ssrc: u32, arrivals: &mut Arrivals) -> bool {
        let Some(range) = arrivals.pending() else {
            return true;
        };
        let end = *range.end();
        self.streams.begin_at(ssrc, low(*range.start()));
        let mut told = None;
        for number in range {
            let Some(arrived) = arrivals.get(number) else {
                continue;
            };
            if !self
                .streams
                .push(ssrc, low(number), arrived.ecn, now.since(arrived.at))
            {
                break;
            }
            told = Some(number);
        }
        if let Some(told) = told {
            arrivals.reported(told, false);
        }
        told == Some(end)
    }

    /// Appends the RFC 8888 message. `done` when all streams are in it.
    pub(crate) fn finish_streams(&mut self, now: Time, clock: &Clock, done: bool, out: &mut Vec<u8>) {
        self.streams.finish(clock.ntp(now), out);
        if done {
            self.streams_next = None;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "16 bits are on the wire")]
const fn low(number: u64) -> u16 {
    number as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtcp::{Arrival, PacketMetric, PacketRef};
    use std::time::Instant;

    const INTERVAL: Duration = Duration::from_millis(50);

    fn read(recorder: &mut Recorder) -> Vec<(u16, Arrival)> {
        let mut out = Vec::new();
        recorder.write_transport(&mut out);
        let Some(Ok(PacketRef::TransportFeedback(feedback))) = rtcp::packets(&out).next() else {
            panic!("no feedback in {out:?}")
        };
        feedback
            .packets()
            .map(|packet| (packet.sequence_number, packet.arrival))
            .collect()
    }

    #[test]
    fn transport_feedback_is_due_an_interval_after_the_first_packet() {
        let mut recorder = Recorder::new(INTERVAL, 1, 1000);
        assert_eq!(recorder.next(), None);
        recorder.record(Time(1_000_000), 65_535, 9);
        recorder.record(Time(1_010_000), 1, 9);
        assert_eq!(recorder.next(), Some(Time(1_050_000)));
        assert!(recorder.transport_is_due(Time(1_050_000)) && !recorder.transport_is_due(Time(1_049_999)));
        let at = |micros: i64| Arrival::At(TransportTime(micros / 250));
        let expected = [
            (65_535, at(1_000_000)),
            (0, Arrival::NotReceived),
            (1, at(1_010_000)),
        ];
        assert_eq!(read(&mut recorder), expected);
        assert_eq!(recorder.next(), None);
        // The next begins where this ended, so that a loss in between is told of.
        recorder.record(Time(2_000_000), 3, 9);
        assert_eq!(
            read(&mut recorder),
            [(2, Arrival::NotReceived), (3, at(2_000_000))]
        );
        // What was only late is told of, too, and what was told before is not told again.
        recorder.record(Time(3_000_000), 0, 9);
        assert_eq!(read(&mut recorder), [(0, at(3_000_000))]);
    }

    #[test]
    fn what_does_not_fit_stays_due() {
        let mut recorder = Recorder::new(INTERVAL, 1, 100);
        for number in 0..200u16 {
            recorder.record(Time(u64::from(number) * 1000), number, 9);
        }
        let mut told = Vec::new();
        while recorder.next().is_some() {
            told.extend(read(&mut recorder).into_iter().map(|(number, _)| number));
        }
        assert!(told.into_iter().eq(0..200));
    }

    #[test]
    fn streams_are_told_of_with_their_marks() {
        let clock = Clock::new(Instant::now(), Duration::from_secs(1_700_000_000));
        let mut recorder = Recorder::new(INTERVAL, 1, 1000);
        let mut streams = [(5, Arrivals::default()), (6, Arrivals::default())];
        recorder.record_stream(Time(0), 10, Ecn::Ect1, &mut streams[0].1);
        recorder.record_stream(Time(10_000), 12, Ecn::Ce, &mut streams[0].1);
        recorder.record_stream(Time(20_000), 7, Ecn::NotEct, &mut streams[1].1);
        assert!(recorder.streams_are_due(Time(50_000)));
        let mut out = Vec::new();
        for (ssrc, arrivals) in &mut streams {
            assert!(recorder.add_stream(Time(50_000), *ssrc, arrivals));
        }
        recorder.finish_streams(Time(50_000), &clock, true, &mut out);
        let Some(Ok(PacketRef::CongestionControlFeedback(feedback))) = rtcp::packets(&out).next() else {
            panic!("no feedback")
        };
        assert_eq!(feedback.report_timestamp, clock.ntp(Time(50_000)).compact());
        let told: Vec<_> = feedback
            .streams
            .iter()
            .flat_map(|stream| stream.packets().map(move |it| (stream.ssrc, it)))
            .collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[1], (5, (11, PacketMetric::NotReceived)));
        assert!(matches!(
            told[2],
            (5, (12, PacketMetric::Received { ecn: Ecn::Ce, .. }))
        ));
        assert!(matches!(
            told[3],
            (6, (7, PacketMetric::Received { ecn: Ecn::NotEct, .. }))
        ));
        assert_eq!((recorder.next(), streams[0].1.losses()), (None, (1, 0)));
    }
}
