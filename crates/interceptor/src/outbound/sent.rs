//! What a sender counts for its reports (RFC 3550 §6.4.1), and which RTP timestamp belongs to the time of a report.

use crate::clock::Time;
use rtcp::{NtpTime, SenderInfo};
use std::time::Duration;

/// Packets sent under one SSRC.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) header_bytes: u64,
    /// Packets with a marker.
    pub(crate) markers: u64,
    /// Packets at the last two reports: whoever sent since the one before the last is an active sender (§6.4).
    reported: [u64; 2],
    relation: Option<Relation>,
}

/// An RTP timestamp and the time that it stands for.
#[derive(Clone, Copy, Debug)]
struct Relation {
    timestamp: u32,
    time: Time,
    clock_rate: u32,
    /// The application said so.
    is_given: bool,
}

/// A timestamp so far behind the newest is that of a late packet, as of one that was repaired on its way to a forwarder. What
/// is further behind begins anew.
const LATE: Duration = Duration::from_secs(10);

impl Relation {
    /// Whether the timestamp is this one or an earlier one, which says nothing about the time at which it is sent.
    fn covers(&self, timestamp: u32) -> bool {
        let behind = u64::from(self.timestamp.wrapping_sub(timestamp));
        behind <= LATE.as_secs().saturating_mul(u64::from(self.clock_rate))
    }
}

impl Sent {
    /// Counts a packet.
    #[inline]
    pub(crate) fn count(&mut self, header: usize, payload: usize) {
        self.packets += 1;
        self.bytes += payload as u64;
        self.header_bytes += header as u64;
    }

    /// The first packet of a frame goes out: as good a time for its timestamp as is known without the application's help.
    #[inline]
    pub(crate) fn relate(&mut self, now: Time, timestamp: u32, clock_rate: u32) {
        let is_known = self.relation.is_some_and(|relation| {
            relation.clock_rate == clock_rate && (relation.is_given || relation.covers(timestamp))
        });
        if !is_known {
            self.relation = Some(Relation {
                timestamp,
                time: now,
                clock_rate,
                is_given: false,
            });
        }
    }

    /// The application knows when a timestamp was sampled.
    pub(crate) fn relate_exactly(&mut self, time: Time, timestamp: u32, clock_rate: u32) {
        self.relation = Some(Relation {
            timestamp,
            time,
            clock_rate,
            is_given: true,
        });
    }

    /// What the application said holds only until the next packet.
    pub(crate) fn end_relation(&mut self) {
        if let Some(relation) = &mut self.relation {
            relation.is_given = false;
        }
    }

    /// Nothing is sent for a while: there are no sender reports, and what was guessed of the clock says nothing any more.
    pub(crate) fn pause(&mut self) {
        self.reported = [self.packets; 2];
        self.relation = self.relation.filter(|relation| relation.is_given);
    }

    /// Whether a sender report is due rather than a receiver report.
    pub(crate) const fn is_active(&self) -> bool {
        let [_, before_last] = self.reported;
        self.packets > before_last && self.relation.is_some()
    }

    /// The sender's part of a report; the interval ends.
    #[expect(clippy::cast_possible_truncation, reason = "counts in reports are modulo 2³²")]
    pub(crate) fn report(&mut self, now: Time, ntp_time: NtpTime) -> SenderInfo {
        let [last, _] = self.reported;
        self.reported = [self.packets, last];
        SenderInfo {
            ntp_time,
            rtp_timestamp: self.timestamp(now),
            packet_count: self.packets as u32,
            octet_count: self.bytes as u32,
        }
    }

    /// The RTP timestamp of this time.
    #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
    fn timestamp(&self, now: Time) -> u32 {
        let Some(relation) = self.relation else { return 0 };
        let rate = u64::from(relation.clock_rate);
        let ahead = now.0.saturating_sub(relation.time.0).saturating_mul(rate) / 1_000_000;
        let behind = relation.time.0.saturating_sub(now.0).saturating_mul(rate) / 1_000_000;
        relation
            .timestamp
            .wrapping_add(ahead as u32)
            .wrapping_sub(behind as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_relates_timestamps_to_its_time() {
        let mut sent = Sent::default();
        assert!(!sent.is_active());
        sent.count(12, 100);
        sent.relate(Time(1_000_000), u32::MAX, 90_000);
        sent.count(12, 50);
        sent.relate(Time(1_005_000), u32::MAX, 90_000);
        let info = sent.report(Time(1_500_000), NtpTime(7));
        assert_eq!(
            (info.packet_count, info.octet_count, info.rtp_timestamp),
            (2, 150, 44_999)
        );
        // An exact relation stands against the times of sending, even if it is from ahead.
        sent.relate_exactly(Time(3_000_000), 500_000, 90_000);
        sent.relate(Time(2_000_000), 410_900, 90_000);
        assert_eq!(sent.report(Time(2_000_000), NtpTime(8)).rtp_timestamp, 410_000);
        // It ends with its source.
        sent.end_relation();
        sent.relate(Time(2_000_000), 510_000, 90_000);
        assert_eq!(sent.report(Time(2_000_000), NtpTime(8)).rtp_timestamp, 510_000);
        // Another clock rate is another relation.
        sent.relate(Time(2_000_000), 1, 48_000);
        assert_eq!(sent.report(Time(2_001_000), NtpTime(9)).rtp_timestamp, 49);
    }

    #[test]
    fn a_late_packet_moves_no_relation_and_a_source_that_begins_anew_does() {
        let mut sent = Sent::default();
        sent.count(12, 100);
        sent.relate(Time(1_000_000), 100, 90_000);
        // Repaired on its way here: a tenth of a second late, and from before the timestamps wrapped.
        sent.relate(Time(1_100_000), 100u32.wrapping_sub(9000), 90_000);
        sent.relate(Time(1_200_000), 100u32.wrapping_sub(900_000), 90_000);
        assert_eq!(sent.report(Time(2_000_000), NtpTime(0)).rtp_timestamp, 90_100);
        sent.relate(Time(1_300_000), 100u32.wrapping_sub(900_001), 90_000);
        let anew = 90_100u32.wrapping_sub(900_001 + 27_000);
        assert_eq!(sent.report(Time(2_000_000), NtpTime(0)).rtp_timestamp, anew);
    }

    #[test]
    fn a_pause_ends_sender_reports_at_once() {
        let mut sent = Sent::default();
        sent.count(12, 1);
        sent.relate(Time(0), 0, 8000);
        assert!(sent.is_active());
        sent.pause();
        assert!(!sent.is_active());
        sent.count(12, 1);
        sent.relate(Time(9_000_000), 500, 8000);
        assert_eq!(sent.report(Time(9_000_000), NtpTime(0)).rtp_timestamp, 500);
    }

    #[test]
    fn a_sender_is_active_for_two_intervals() {
        let mut sent = Sent::default();
        sent.count(12, 1);
        sent.relate(Time(0), 0, 8000);
        for expected in [true, true, false] {
            assert_eq!(sent.is_active(), expected);
            sent.report(Time(0), NtpTime(0));
        }
        sent.count(12, 1);
        assert!(sent.is_active());
    }
}
