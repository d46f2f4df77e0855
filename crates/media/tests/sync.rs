//! Clocks from sender reports, and a voice that is played together with its face.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use media::{JitterConfig, NtpClock, SyncMember, Synchronizer};
use proptest::prelude::*;
use std::time::Duration;
use support::{Arriving, Run, Sent, audio, ms, send, video};

/// 2026-01-01 in NTP time.
const NEW_YEAR: u64 = 3_976_214_400 << 32;
const SECOND: u64 = 1 << 32;

fn ntp(after: Duration) -> u64 {
    NEW_YEAR + (after.as_nanos() * u128::from(SECOND) / 1_000_000_000) as u64
}

/// When what was sampled at each packet's time is played, in milliseconds after that time.
fn latencies(run: &Run, packets: &[Sent], range: std::ops::Range<Duration>) -> Vec<u128> {
    let times = run.times().into_iter().filter(|(_, at)| range.contains(at));
    // Pictures are sampled when their first packet is sent.
    let sampled = |number: u64| {
        packets
            .iter()
            .find(|it| it.timestamp == packets[number as usize].timestamp)
            .unwrap()
            .at
    };
    times
        .map(|(number, at)| (at - sampled(number)).as_millis())
        .collect()
}

/// Runs a voice and a face with their own ways and reports each second; `shift` is an error of the face's reports.
fn together(voice_way: Duration, face_way: Duration, shift: u64) -> (Run, Run, Vec<Sent>, Vec<Sent>) {
    let (voice, face) = (audio(1500), video(750, 2));
    let mut arriving: Vec<(bool, Arriving)> = Vec::new();
    arriving.extend(
        send(&voice, 1, |_, _| Some(voice_way))
            .into_iter()
            .map(|it| (false, it)),
    );
    arriving.extend(
        send(&face, 2, |_, _| Some(face_way))
            .into_iter()
            .map(|it| (true, it)),
    );
    arriving.sort_by_key(|(_, it)| it.at);
    let (mut a, mut v) = (
        Run::new(JitterConfig::audio(48_000)),
        Run::new(JitterConfig::video()),
    );
    v.start = a.start;
    let (mut voice_clock, mut face_clock) = (NtpClock::new(48_000), NtpClock::new(90_000));
    let mut next_report = ms(500);
    for (is_face, packet) in &arriving {
        if packet.at > next_report {
            let seconds = next_report.as_millis() as u32;
            voice_clock.handle_report(ntp(next_report), voice[0].timestamp.wrapping_add(48 * seconds));
            // Not at the same time as the other one.
            let later = next_report + ms(333);
            face_clock.handle_report(
                ntp(later).wrapping_add(shift),
                face[0].timestamp.wrapping_add(90 * (seconds + 333)),
            );
            let members = &mut [
                SyncMember {
                    clock: &voice_clock,
                    buffer: &mut a.buffer,
                },
                SyncMember {
                    clock: &face_clock,
                    buffer: &mut v.buffer,
                },
            ];
            Synchronizer::default().synchronize(a.start + packet.at, members);
            next_report += ms(1000);
        }
        if *is_face {
            v.insert(packet)
        } else {
            a.insert(packet)
        };
    }
    a.finish();
    v.finish();
    (a, v, voice, face)
}

#[test]
fn a_voice_waits_for_its_face_and_a_face_for_its_voice() {
    for (voice_way, face_way) in [(20, 320), (320, 20), (50, 60)] {
        let (a, v, voice, face) = together(ms(voice_way), ms(face_way), 0);
        let late = ms(20_000)..ms(29_000);
        let (a_late, v_late) = (latencies(&a, &voice, late.clone()), latencies(&v, &face, late));
        let last = |latencies: &[u128]| *latencies.iter().max().unwrap();
        let apart = last(&a_late).abs_diff(last(&v_late));
        assert!(apart <= 20, "{apart} ms apart, {voice_way} and {face_way}");
        assert!(
            last(&a_late).min(last(&v_late)) <= 345,
            "the later one is left alone"
        );
        assert_eq!(a.missing_since(ms(0)) + v.missing_since(ms(0)), 0);
    }
}

#[test]
fn delays_change_in_steps() {
    let (a, ..) = together(ms(20), ms(520), 0);
    let at_second = |second: u64| a.delay_at(ms(1000 * second + 900)).as_millis();
    assert!(at_second(1) < at_second(3) && at_second(3) < at_second(5));
    assert!(
        (1..15).all(|second| at_second(second + 1) <= at_second(second) + 85),
        "80 ms at a time"
    );
    assert!(at_second(15) > 450);
}

#[test]
fn what_a_stranger_reports_does_not_stop_the_voice() {
    for shift in [SECOND * 3600, SECOND * 5, 0_u64.wrapping_sub(SECOND * 5), 1 << 63] {
        let (a, v, ..) = together(ms(20), ms(60), shift);
        let most = a
            .delays
            .iter()
            .chain(&v.delays)
            .map(|(_, delay)| *delay)
            .max()
            .unwrap();
        assert!(most <= ms(1000 + 100), "{most:?} with {shift:#x}");
    }
}

#[test]
fn streams_without_reports_are_left_alone() {
    let mut run = Run::new(JitterConfig::audio(48_000));
    for packet in send(&audio(10), 3, |_, _| Some(ms(20))) {
        run.insert(&packet);
    }
    let clock = NtpClock::new(48_000);
    let now = run.start + ms(1000);
    let synchronizer = Synchronizer::default();
    let mut members = [SyncMember {
        clock: &clock,
        buffer: &mut run.buffer,
    }];
    assert_eq!(synchronizer.synchronize(now, &mut members), None);
    assert_eq!(synchronizer.synchronize(now, &mut []), None);
    assert_eq!(run.buffer.sync_delay(), ms(0));
}

#[test]
fn clocks_that_run_differently_are_measured() {
    // 0.05 % faster than it says.
    let mut clock = NtpClock::new(90_000);
    for second in 0..30_u64 {
        assert!(clock.handle_report(NEW_YEAR + second * SECOND, (second * 90_045) as u32));
    }
    let error = clock
        .ntp_time(90_045 * 60)
        .unwrap()
        .abs_diff(NEW_YEAR + 60 * SECOND);
    assert!(error < SECOND / 1000, "{error}");
}

#[test]
fn a_clock_that_is_set_counts_anew() {
    let mut clock = NtpClock::new(8000);
    assert!(clock.handle_report(NEW_YEAR, 0));
    assert!(!clock.handle_report(NEW_YEAR, 0), "the same again");
    assert!(!clock.handle_report(0, 8000), "no clock at all");
    assert!(clock.handle_report(NEW_YEAR + 10 * SECOND, 80_000));
    assert!(!clock.handle_report(NEW_YEAR + SECOND, 8000), "overtaken");
    assert!(
        clock.handle_report(NEW_YEAR + 100 * SECOND, 88_000),
        "set by 89 s"
    );
    assert_eq!(
        clock.ntp_time(88_000 + 8000),
        Some(NEW_YEAR + 101 * SECOND),
        "by the nominal rate"
    );
    assert!(clock.handle_report(NEW_YEAR + 5 * SECOND, 96_000), "and set back");
    assert_eq!(clock.ntp_time(96_000), Some(NEW_YEAR + 5 * SECOND));
    assert_eq!(clock.last_report(), Some(NEW_YEAR + 5 * SECOND));
}

proptest! {
    #[test]
    fn times_and_timestamps_are_each_others_inverse(
        clock_rate in prop::sample::select(&[8000_u32, 44_100, 48_000, 90_000][..]),
        start in any::<u32>(), ticks in -0x4000_0000_i32..0x4000_0000,
    ) {
        let mut clock = NtpClock::new(clock_rate);
        clock.handle_report(NEW_YEAR, start);
        let timestamp = start.wrapping_add_signed(ticks);
        let ntp = clock.ntp_time(timestamp).unwrap();
        // Rounded down twice, it may be one tick early.
        let back = clock.timestamp(ntp).unwrap();
        prop_assert!(timestamp.wrapping_sub(back) <= 1);
    }

    #[test]
    fn reports_of_all_kinds_do_no_harm(reports in prop::collection::vec(any::<(u64, u32)>(), 0..50), clock_rate in any::<u32>(), at in any::<(u64, u32)>()) {
        let mut clock = NtpClock::new(clock_rate);
        for (ntp, timestamp) in reports {
            clock.handle_report(ntp, timestamp);
            clock.ntp_time(at.1);
            clock.timestamp(at.0);
        }
    }
}
