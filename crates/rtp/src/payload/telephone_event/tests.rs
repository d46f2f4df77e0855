//! Events on the wire, and a sender against a receiver.

use super::*;

#[test]
fn knows_the_digits() {
    for (code, digit) in (0..).zip("0123456789*#ABCD".chars()) {
        assert_eq!(Event::code(digit), Some(code));
        let event = Event {
            event: code,
            end: false,
            volume: 0,
            duration: 1,
        };
        assert_eq!(event.digit(), Some(digit));
    }
    assert_eq!(Event::code('d'), Some(15));
    assert_eq!(Event::code('x'), None);
}

#[test]
fn ignores_the_reserved_bit_and_reads_several_events() {
    let payload = [1, 0xff, 0x01, 0x00, 2, 0x40, 0x00, 0x10, 9];
    let read: Vec<_> = events(&payload).collect();
    let first = Event {
        event: 1,
        end: true,
        volume: 63,
        duration: 256,
    };
    let second = Event {
        event: 2,
        end: false,
        volume: 0,
        duration: 16,
    };
    assert_eq!(read[..2], [Ok((0, first)), Ok((256, second))]);
    assert!(read[2].is_err());
    assert_eq!(read.len(), 3);
    assert_eq!(first.encode(), [1, 0xbf, 1, 0], "R is sent as 0");
}

fn started(event: u8) -> impl Fn(&Notice) -> bool {
    move |notice| matches!(notice, Notice::Started(started) if started.event == event)
}

/// The notices that reach a receiver when it misses the reports that `lost` names.
fn received(reports: &[Report], lost: impl Fn(usize) -> bool) -> Vec<Notice> {
    let mut receiver = Receiver::new();
    let arrived = reports.iter().enumerate().filter(|(index, _)| !lost(*index));
    arrived
        .flat_map(|(_, report)| receiver.handle(report.timestamp, report.event))
        .flatten()
        .collect()
}

fn digits(digits: &[u8], mut now: u32) -> Vec<Report> {
    let mut reports = Vec::new();
    for digit in digits {
        let mut sender = Sender::new(*digit, 10, now);
        for _ in 0..4 {
            now = now.wrapping_add(400);
            reports.extend(sender.report(now));
        }
        sender.end(now);
        while let Some(report) = sender.report(now) {
            reports.push(report);
        }
        now = now.wrapping_add(2000);
    }
    reports
}

#[test]
fn a_digit_is_told_once_whatever_is_lost() {
    let reports = digits(&[5, 5, 6], u32::MAX - 1000);
    assert_eq!(reports.len(), 3 * 7);
    assert_eq!(reports.iter().filter(|report| report.marker).count(), 3);
    for lost in 0..7 {
        let notices = received(&reports, |index| index % 7 == lost);
        assert_eq!(notices.len(), 6, "{lost}");
        assert!(started(5)(&notices[0]) && started(5)(&notices[2]) && started(6)(&notices[4]));
        for (notice, event) in [(1, 5), (3, 5), (5, 6)] {
            assert_eq!(
                notices[notice],
                Notice::Ended {
                    event,
                    duration: 1600
                }
            );
        }
    }
    // Only one report of each arrives.
    for kept in 0..7 {
        let notices = received(&reports, |index| index % 7 != kept);
        assert_eq!(
            notices.iter().filter(|notice| started(5)(notice)).count(),
            2,
            "{kept}"
        );
    }
}

#[test]
fn a_late_report_of_an_older_event_is_nothing() {
    let reports = digits(&[1, 2], 0);
    let mut order = reports.clone();
    order.push(reports[0]);
    assert_eq!(received(&order, |_| false), received(&reports, |_| false));
}

#[test]
fn a_long_event_travels_in_segments() {
    let mut sender = Sender::new(3, 0, 100);
    let mut reports = Vec::new();
    for now in (1..=400).map(|n| 100 + n * 400) {
        reports.extend(sender.report(now));
    }
    sender.end(100 + 160_000);
    while let Some(report) = sender.report(0) {
        reports.push(report);
    }
    // §2.5.1.3: full segments without E, the next one without M.
    let segments: Vec<_> = reports
        .iter()
        .filter(|report| report.event.duration == u16::MAX)
        .collect();
    assert_eq!(segments.len(), 2);
    assert!(segments.iter().all(|report| !report.event.end));
    assert_eq!(reports.iter().filter(|report| report.marker).count(), 1);
    let notices = received(&reports, |_| false);
    assert_eq!(notices.len(), 2);
    let ended = Notice::Ended {
        event: 3,
        duration: 160_000,
    };
    assert_eq!(notices[1], ended);
}
