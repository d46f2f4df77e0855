//! The jitter buffer on networks of all kinds, in virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use media::{Arrival, Inserted, JitterConfig, Playout};
use proptest::prelude::*;
use rand::RngExt;
use std::time::Duration;
use support::{Arriving, Played, Run, Sent, audio, ms, repair, send, video};

fn sound() -> JitterConfig {
    JitterConfig::audio(48_000)
}

#[test]
fn a_steady_network_needs_hardly_any_delay() {
    let run = Run::of(sound(), &send(&audio(1000), 1, |_, _| Some(ms(30))));
    assert_eq!(run.played.len(), 1000);
    assert_eq!(run.missing_since(ms(0)), 0);
    assert_eq!(run.delays[0].1, ms(80), "as configured, to begin with");
    assert_eq!(run.delay_at(ms(19_000)), ms(5));
    let steps = run
        .times()
        .windows(2)
        .map(|pair| pair[1].1 - pair[0].1)
        .collect::<Vec<_>>();
    assert!(
        steps.iter().all(|step| (ms(19)..=ms(20)).contains(step)),
        "at most 5 % faster while the delay shrinks"
    );
    assert_eq!(run.buffer.stats().emitted, 1000);
}

#[test]
fn the_delay_is_what_the_jitter_asks_for() {
    for seed in 0..8 {
        for most in [20, 60, 200] {
            let arriving = send(&audio(3000), seed, |_, rng| {
                Some(ms(30) + rng.random_range(ms(0)..ms(most)))
            });
            let run = Run::of(sound(), &arriving);
            let delays = run
                .delays
                .iter()
                .filter(|(at, _)| *at > ms(10_000))
                .map(|(_, delay)| delay.as_millis() as f64);
            let mean = delays.clone().sum::<f64>() / delays.count() as f64;
            assert!(
                (0.85..1.1).contains(&(mean / most as f64)) || mean - (most as f64) <= 5.5,
                "{most}: {mean}"
            );
            let missing = run.missing_since(ms(0)) as f64 / 3000.0;
            assert!(missing < 0.05, "the quantile is 97 %: {missing} at {most}");
            assert!(
                run.played.len() > 2990,
                "only the first ones may have come too late to begin with"
            );
        }
    }
}

#[test]
fn the_delay_grows_fast_and_shrinks_slowly() {
    let storm = ms(20_000)..ms(30_000);
    for seed in 0..8 {
        let arriving = send(&audio(3000), seed, |sent, rng| {
            let most = if storm.contains(&sent.at) { ms(250) } else { ms(3) };
            Some(ms(30) + rng.random_range(ms(0)..most))
        });
        let run = Run::of(sound(), &arriving);
        assert!(run.delay_at(ms(19_900)) <= ms(10));
        assert!(
            run.delay_at(ms(20_600)) >= ms(150),
            "{:?}",
            run.delay_at(ms(20_600))
        );
        assert!(run.delay_at(ms(31_000)) >= ms(150), "one good second is no proof");
        assert!(
            run.delay_at(ms(45_000)) <= ms(10),
            "{:?}",
            run.delay_at(ms(45_000))
        );
        assert!(run.missing_since(ms(30_500)) == 0);
    }
}

#[test]
fn reordering_is_undone() {
    for seed in 0..16 {
        // Up to 8 places: each packet is up to 160 ms late.
        let config = JitterConfig {
            minimum_delay: ms(170),
            ..sound()
        };
        let arriving = send(&audio(1000), seed, |_, rng| {
            Some(rng.random_range(ms(0)..ms(160)))
        });
        let numbers: Vec<_> = arriving.iter().map(|it| it.sent.number).collect();
        assert!(!numbers.is_sorted());
        let run = Run::of(config, &arriving);
        assert_eq!(run.played.len(), 1000);
        let first = numbers[0];
        let played: Vec<_> = run.times().iter().map(|(number, _)| *number).collect();
        assert!(
            played.is_sorted() && run.missing_since(ms(0)) == 0,
            "from {first}"
        );
        assert!(run.most <= 20);
    }
}

#[test]
fn losses_are_told_where_they_are() {
    for seed in 0..16 {
        let packets = audio(2000);
        let arriving = send(&packets, seed, |_, rng| rng.random_bool(0.9).then_some(ms(30)));
        let came: Vec<_> = arriving.iter().map(|it| it.sent.number).collect();
        let (first, last) = (came[0], came[came.len() - 1]);
        let run = Run::of(sound(), &arriving);
        let expected = (first..=last).map(|number| match came.binary_search(&number) {
            Ok(_) => Played::Packet(number),
            Err(_) => Played::Missing(number),
        });
        assert_eq!(
            run.played.iter().map(|(_, it)| *it).collect::<Vec<_>>(),
            expected.collect::<Vec<_>>()
        );
        assert_eq!(run.buffer.stats().missing, 1 + last - first - came.len() as u64);
    }
}

#[test]
fn repairs_are_waited_for_once_they_are_seen() {
    for (rtt, seed) in [(40, 1), (40, 2), (120, 3), (120, 4), (180, 5), (180, 6)] {
        let packets = video(1500, 6);
        let mut arriving = send(&packets, seed, |sent, rng| {
            (sent.number == 0 || rng.random_bool(0.95)).then(|| ms(20) + rng.random_range(ms(0)..ms(5)))
        });
        repair(&packets, &mut arriving, ms(rtt), seed);
        let run = Run::of(JitterConfig::video(), &arriving);
        let stats = run.buffer.stats();
        assert_eq!(run.missing_since(ms(5000)), 0, "{stats:?}");
        assert!(stats.retransmitted > 350, "{stats:?}");
        let delay = run.delay_at(ms(55_000));
        assert!(
            (ms(rtt)..ms(rtt * 2 + 60)).contains(&delay),
            "{delay:?} at {rtt} ms"
        );
    }
}

#[test]
fn repairs_are_forgotten_when_the_losses_end() {
    let packets = video(1500, 6);
    let mut arriving = send(&packets, 7, |sent, rng| {
        (sent.at > ms(20_000) || rng.random_bool(0.95)).then_some(ms(20))
    });
    repair(&packets, &mut arriving, ms(120), 7);
    let run = Run::of(JitterConfig::video(), &arriving);
    assert!(run.delay_at(ms(19_000)) >= ms(120));
    assert!(
        run.delay_at(ms(50_000)) <= ms(20),
        "{:?}",
        run.delay_at(ms(50_000))
    );
}

#[test]
fn what_repairs_cost_has_a_limit() {
    let packets = audio(2000);
    let mut arriving = send(&packets, 8, |_, rng| rng.random_bool(0.95).then_some(ms(20)));
    repair(&packets, &mut arriving, ms(400), 8);
    let run = Run::of(sound(), &arriving);
    let stats = run.buffer.stats();
    assert!(
        stats.late_repairs > 50 && stats.late_repairs <= stats.late,
        "{stats:?}"
    );
    assert!(
        run.delay_at(ms(30_000)) <= ms(110),
        "the network's delay and the allowance"
    );
    assert!(stats.missing >= stats.late_repairs);
}

#[test]
fn bursts_are_spread_out() {
    // A radio that gathers packets for 200 ms.
    let arriving = send(&audio(2000), 9, |sent, _| {
        Some(ms(200 - sent.at.as_millis() as u64 % 200))
    });
    let run = Run::of(sound(), &arriving);
    assert_eq!(run.missing_since(ms(3000)), 0);
    assert!((ms(180)..=ms(200)).contains(&run.delay_at(ms(30_000))));
    let times: Vec<_> = run.times().into_iter().skip(400).map(|(_, at)| at).collect();
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] == ms(20)),
        "one every 20 ms"
    );
}

#[test]
fn clocks_may_drift() {
    for millionths in [-500_i64, -100, 100, 500] {
        let arriving = send(&audio(10_000), 10, |sent, rng| {
            let drift =
                Duration::from_micros(sent.at.as_micros() as u64 / 1_000_000 * millionths.unsigned_abs());
            let delay = ms(500) + rng.random_range(ms(0)..ms(10));
            Some(if millionths < 0 {
                delay - drift
            } else {
                delay + drift
            })
        });
        let run = Run::of(sound(), &arriving);
        let delay = run.delay_at(ms(199_000));
        assert!((ms(5)..=ms(25)).contains(&delay), "{delay:?} at {millionths}");
        assert!(run.missing_since(ms(1000)) < 300);
    }
}

#[test]
fn a_longer_path_is_taken_as_it_is() {
    let arriving = send(&audio(3000), 11, |sent, _| {
        Some(if sent.at < ms(20_000) { ms(30) } else { ms(330) })
    });
    let run = Run::of(sound(), &arriving);
    assert!((290..=310).contains(&run.delay_at(ms(22_000)).as_millis()));
    assert_eq!(
        run.delay_at(ms(59_000)),
        ms(5),
        "after 10 s it is the network's usual time"
    );
    assert!(run.missing_since(ms(0)) <= 2);
}

#[test]
fn silence_is_no_loss() {
    // Discontinuous transmission: numbers go on, timestamps leap.
    let mut packets = audio(1000);
    for packet in &mut packets {
        let pause = packet.number / 50 * 3000;
        packet.at += ms(pause);
        packet.timestamp = packet.timestamp.wrapping_add(48 * pause as u32);
    }
    let run = Run::of(
        sound(),
        &send(&packets, 12, |_, rng| Some(rng.random_range(ms(20)..ms(25)))),
    );
    assert_eq!(run.missing_since(ms(0)), 0);
    let waited = run
        .times()
        .iter()
        .map(|(number, at)| *at - packets[*number as usize].at)
        .max()
        .unwrap();
    assert!(waited <= ms(110), "{waited:?}");
}

#[test]
fn the_limits_hold_while_nobody_polls() {
    for config in [
        JitterConfig {
            max_packets: 100,
            ..sound()
        },
        JitterConfig {
            max_bytes: 800,
            ..sound()
        },
    ] {
        let mut run = Run::new(config);
        let packets = audio(5000);
        for sent in &packets {
            let header = rtp::Header {
                sequence_number: sent.number as u16,
                timestamp: sent.timestamp,
                ..Default::default()
            };
            let packet = rtp::Packet {
                header,
                payload: sent.number.to_be_bytes().to_vec().into(),
                padding_len: 0,
            };
            run.buffer.insert(run.start + sent.at, packet, Arrival::Direct);
            assert!(run.buffer.len() <= 100 && run.buffer.bytes() <= 800);
        }
        assert_eq!(run.buffer.stats().overflowed, 4900);
        run.play_until(Duration::from_secs(1000));
        assert_eq!(run.missing_since(ms(0)), 4900);
        assert_eq!(run.times()[0].0, 4900);
    }
}

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let mut packets = audio(600);
    for packet in packets.iter_mut().skip(300) {
        packet.number += 20_000;
        packet.timestamp = packet.timestamp.wrapping_add(0x7000_0000);
    }
    let run = Run::of(sound(), &send(&packets, 13, |_, _| Some(ms(20))));
    let stats = run.buffer.stats();
    assert_eq!((stats.restarts, stats.stray), (1, 1));
    let restarted = run
        .times()
        .into_iter()
        .find(|(number, _)| *number > 20_000)
        .unwrap();
    assert!(restarted.1 < ms(300 * 20 + 20 + 150), "{restarted:?}");
    assert!(run.times().len() > 590);
}

#[test]
fn timestamps_that_jump_do_not_stop_the_show() {
    for jump in [
        0x7000_0000_u32,
        0x9000_0000,
        48_000 * 60,
        0_u32.wrapping_sub(48_000 * 60),
    ] {
        let mut packets = audio(600);
        for packet in packets.iter_mut().skip(300) {
            packet.timestamp = packet.timestamp.wrapping_add(jump);
        }
        for least in [0, 400] {
            let config = JitterConfig {
                minimum_delay: ms(least),
                ..sound()
            };
            let run = Run::of(config, &send(&packets, 14, |_, _| Some(ms(20))));
            assert_eq!(run.times().len(), 600, "{jump:#x}");
            let waits = run.times().into_iter().map(|(number, at)| at - ms(20 * number));
            let waited = waits.max().unwrap();
            assert!(
                waited <= ms(20 + least.max(80) + 10),
                "{waited:?} after {jump:#x}"
            );
        }
    }
}

#[test]
fn duplicates_and_strangers_are_counted() {
    let packets = audio(10);
    let mut run = Run::new(sound());
    let arriving = |number: usize, at, arrival| Arriving {
        at,
        sent: packets[number],
        arrival,
    };
    assert_eq!(run.insert(&arriving(0, ms(0), Arrival::Direct)), Inserted::Queued);
    assert_eq!(
        run.insert(&arriving(0, ms(0), Arrival::Retransmitted)),
        Inserted::Duplicate
    );
    assert_eq!(
        run.insert(&arriving(2, ms(40), Arrival::Direct)),
        Inserted::Queued
    );
    assert_eq!(
        run.insert(&arriving(1, ms(60), Arrival::Recovered)),
        Inserted::Queued
    );
    let far = Sent {
        number: 30_000,
        ..packets[3]
    };
    assert_eq!(
        run.insert(&Arriving {
            at: ms(60),
            sent: far,
            arrival: Arrival::Direct
        }),
        Inserted::Stray
    );
    assert_eq!(
        run.insert(&arriving(4, ms(80), Arrival::Direct)),
        Inserted::Queued
    );
    run.play_until(ms(1000));
    assert_eq!(
        run.insert(&arriving(2, ms(1000), Arrival::Direct)),
        Inserted::Duplicate
    );
    assert_eq!(
        run.insert(&arriving(3, ms(1000), Arrival::Recovered)),
        Inserted::Late
    );
    let stats = run.buffer.stats();
    assert_eq!(
        (stats.received, stats.duplicates, stats.late, stats.late_repairs),
        (4, 2, 1, 1)
    );
    assert_eq!(
        (stats.recovered, stats.missing, stats.stray, stats.emitted),
        (1, 1, 1, 4)
    );
}

#[test]
fn it_tells_until_when_a_repair_is_of_use() {
    let packets = audio(10);
    let mut run = Run::new(sound());
    for number in [0, 1, 4] {
        run.insert(&Arriving {
            at: ms(20 * number),
            sent: packets[number as usize],
            arrival: Arrival::Direct,
        });
    }
    let number = |place: usize| packets[place].number as u16;
    let deadline = run.start + ms(4 * 20 + 80);
    assert_eq!(
        run.buffer.repair_deadline(number(2)),
        Some(deadline),
        "when the one behind the gap is due"
    );
    assert_eq!(run.buffer.repair_deadline(number(3)), Some(deadline));
    for (place, why) in [(1, "played or there"), (4, "there"), (5, "newer than all")] {
        assert_eq!(run.buffer.repair_deadline(number(place)), None, "{why}");
    }
    assert_eq!(run.buffer.repair_deadline(30_000), None);
    run.insert(&Arriving {
        at: ms(150),
        sent: packets[3],
        arrival: Arrival::Retransmitted,
    });
    let earlier = run.buffer.repair_deadline(number(2)).unwrap();
    assert!(
        earlier < deadline + ms(60),
        "the repaired one behind it is due earlier: {:?}",
        earlier - run.start
    );
    run.play_until(ms(1000));
    assert_eq!(run.buffer.repair_deadline(number(2)), None, "given up");
    assert_eq!(run.buffer.last_timestamp(), Some(packets[4].timestamp));
}

#[test]
fn the_packet_behind_a_gap_can_be_looked_at() {
    let mut run = Run::new(sound());
    for number in [0, 2] {
        let sent = audio(3)[number];
        let at = sent.at;
        run.insert(&Arriving {
            at,
            sent,
            arrival: Arrival::Direct,
        });
    }
    let now = run.start + ms(1000);
    assert!(matches!(run.buffer.poll(now), Some(Playout::Packet(_))));
    assert!(matches!(
        run.buffer.poll(now),
        Some(Playout::Missing { count: 1, .. })
    ));
    let next = run.buffer.peek().cloned();
    assert_eq!(run.buffer.poll(now), next.map(Playout::Packet));
    assert_eq!(run.buffer.peek(), None);
}

#[test]
fn delays_are_counted_by_the_frame() {
    let run = Run::of(
        JitterConfig::video(),
        &send(&video(100, 5), 16, |_, _| Some(ms(10))),
    );
    let stats = run.buffer.stats();
    assert_eq!((stats.emitted, stats.emitted_frames), (500, 100));
    assert!(stats.emitted_delay / 100 <= ms(40) && stats.target_delay / 100 >= ms(10));
    assert!(stats.minimum_delay <= stats.target_delay);
}

#[test]
fn the_application_sets_a_least_delay() {
    let mut run = Run::new(sound());
    for packet in send(&audio(500), 15, |_, _| Some(ms(20))) {
        run.insert(&packet);
        if packet.sent.number == 200 {
            run.buffer.set_minimum_delay(run.start + packet.at, ms(400));
            assert_eq!(run.buffer.delay(), ms(400));
            assert!(run.buffer.measured_delay() < ms(100));
        }
    }
    run.finish();
    assert_eq!(run.delay_at(ms(9000)), ms(400));
    assert_eq!(run.missing_since(ms(0)), 0);
}

proptest! {
    #[test]
    fn anything_may_come_at_any_time(
        steps in prop::collection::vec((any::<u16>(), any::<u32>(), 0..400_u64, 0..3_u8, 0..40_usize, any::<bool>()), 1..200),
        narrow in any::<bool>(),
    ) {
        let config = JitterConfig { max_packets: 50, max_bytes: 500, ..JitterConfig::video() };
        let mut buffer = media::JitterBuffer::new(config);
        let mut now = std::time::Instant::now();
        for (number, timestamp, wait, arrival, len, polls) in steps {
            now += ms(wait);
            // Mostly close together, so that packets meet.
            let sequence_number = if narrow { number % 64 } else { number };
            let timestamp = if narrow { timestamp % 90_000 } else { timestamp };
            let header = rtp::Header { sequence_number, timestamp, ..Default::default() };
            let packet = rtp::Packet { header, payload: vec![0; len].into(), padding_len: 0 };
            let arrival = [Arrival::Direct, Arrival::Retransmitted, Arrival::Recovered][usize::from(arrival)];
            buffer.insert(now, packet, arrival);
            prop_assert!(buffer.len() <= 50 && buffer.bytes() <= 500);
            prop_assert!(buffer.delay() <= Duration::from_secs(2));
            if polls {
                while buffer.poll(now).is_some() {}
                prop_assert!(buffer.poll_timeout().is_none_or(|due| due > now));
            }
        }
        let stats = *buffer.stats();
        while let Some(due) = buffer.poll_timeout() {
            while buffer.poll(due.max(now)).is_some() {}
        }
        prop_assert!(buffer.stats().emitted <= stats.received);
    }

    #[test]
    fn the_same_packets_are_played_the_same_way(seed in any::<u64>()) {
        let arriving = send(&audio(200), seed, |_, rng| rng.random_bool(0.9).then(|| rng.random_range(ms(0)..ms(100))));
        prop_assert_eq!(Run::of(sound(), &arriving).played, Run::of(sound(), &arriving).played);
    }
}
