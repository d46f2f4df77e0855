//! In virtual time: a moment is an argument.

use super::*;

/// 20 ms of Opus.
const TICKS: u32 = 960;
const FRAME: Duration = Duration::from_millis(20);
const OPUS: u8 = 111;
const DTMF: u8 = 126;

/// A stream whose numbers wrap soon, as it comes and as it is played.
struct Bench {
    start: Instant,
    paced: Paced,
    played: Vec<(u64, Duration)>,
}

/// The number that frames are counted from.
const FIRST: u64 = 0x2_fff0;

impl Bench {
    fn new(kind: MediaKind) -> Self {
        Self {
            start: Instant::now(),
            paced: Paced::new(kind),
            played: Vec::new(),
        }
    }

    /// Plays what is due up to a moment.
    fn play_until(&mut self, until: Duration) {
        let until = self.start + until;
        let mut now = self.start;
        loop {
            while let Some((packet, number)) = self.paced.poll(now) {
                assert_eq!(u64::from(packet.header.sequence_number), number & 0xffff);
                self.played.push((number - FIRST, now - self.start));
            }
            match self.paced.poll_timeout() {
                Some(due) if due <= until => now = now.max(due),
                _ => return,
            }
        }
    }

    fn insert(&mut self, at: Duration, (index, payload_type): (u64, u8), ssrc: u32) {
        self.play_until(at);
        let number = FIRST + index;
        let header = rtp::Header {
            payload_type,
            sequence_number: u16::try_from(number & 0xffff).unwrap(),
            timestamp: u32::try_from(index).unwrap().wrapping_mul(TICKS),
            ssrc,
            ..rtp::Header::default()
        };
        let packet = Packet {
            header,
            payload: Bytes::from_static(b"sound"),
            padding_len: 0,
        };
        let received = RtpReceived::new(number, self.start + at);
        let clock_rate = (payload_type == OPUS).then_some(48_000);
        self.paced.insert(packet, &received, clock_rate);
    }

    fn numbers(&self) -> Vec<u64> {
        self.played.iter().map(|(number, _)| *number).collect()
    }

    fn told(&self) -> JitterBufferStats {
        self.paced.report().unwrap().1
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Arrivals of frames that are sent every 20 ms and take up to 50 ms longer than others, in the order in which they come.
fn jittered(frames: u64) -> Vec<(Duration, u64)> {
    let late = |index: u64| millis((index * 7919) % 6 * 10);
    let mut arrivals: Vec<_> = (0..frames)
        .map(|index| (FRAME * u32::try_from(index).unwrap() + late(index), index))
        .collect();
    arrivals.sort_unstable();
    arrivals
}

#[test]
fn frames_that_come_unevenly_are_played_evenly_and_in_order() {
    let mut bench = Bench::new(MediaKind::Audio);
    for (at, index) in jittered(500) {
        bench.insert(at, (index, OPUS), 1);
    }
    bench.play_until(millis(11_000));
    assert_eq!(bench.numbers(), (0..500).collect::<Vec<_>>());
    let steps: Vec<_> = bench
        .played
        .windows(2)
        .map(|pair| pair[1].1 - pair[0].1)
        .collect();
    assert!(
        steps.iter().all(|step| (millis(10)..=millis(30)).contains(step)),
        "{steps:?}"
    );
    // By then the delay has found what the network needs.
    assert!(
        steps[300..].iter().all(|step| *step == FRAME),
        "{:?}",
        &steps[300..]
    );
}

#[test]
fn a_lost_frame_delays_none_behind_it() {
    let mut bench = Bench::new(MediaKind::Audio);
    for index in (0..50).filter(|index| *index != 30) {
        bench.insert(FRAME * u32::try_from(index).unwrap(), (index, OPUS), 1);
    }
    bench.play_until(millis(2000));
    let at = |wanted: u64| {
        bench
            .played
            .iter()
            .find(|(number, _)| *number == wanted)
            .unwrap()
            .1
    };
    assert_eq!(bench.played.len(), 49);
    assert!(at(31) - at(29) <= millis(42), "{:?}", at(31) - at(29));
    assert_eq!(bench.paced.stats().unwrap().missing, 1);
}

#[test]
fn the_target_is_the_least_delay_also_when_it_changes() {
    let mut bench = Bench::new(MediaKind::Audio);
    bench.paced.set_target(bench.start, millis(500));
    for index in 0..200_u32 {
        if index == 100 {
            bench.paced.set_target(bench.start + FRAME * index, millis(1000));
        }
        bench.insert(FRAME * index, (index.into(), OPUS), 1);
    }
    bench.play_until(millis(6000));
    let delay = |index: usize| bench.played[index].1 - FRAME * u32::try_from(index).unwrap();
    assert_eq!(bench.numbers(), (0..200).collect::<Vec<_>>());
    assert_eq!((delay(0), delay(50)), (millis(500), millis(500)));
    assert_eq!((delay(150), delay(199)), (millis(1000), millis(1000)));
}

/// All samples of sound but those of the last packet, whose number is not known yet.
#[test]
fn samples_of_sound_and_pictures_are_counted_as_w3c_does() {
    for (kind, units) in [(MediaKind::Audio, 9 * u64::from(TICKS)), (MediaKind::Video, 10)] {
        let mut bench = Bench::new(kind);
        bench.paced.set_target(bench.start, millis(300));
        for index in 0..10_u32 {
            bench.insert(FRAME * index, (index.into(), OPUS), 1);
        }
        bench.play_until(millis(1000));
        let told = bench.told();
        let expected = millis(300) * u32::try_from(units).unwrap();
        assert_eq!(told.emitted_count, units);
        assert_eq!((told.delay, told.target_delay), (expected, expected));
        assert!(told.minimum_delay < expected, "the network alone asked for less");
    }
}

/// Telephone events have another clock, and padding has none; neither is lost, nor played at another place.
#[test]
fn what_has_no_time_keeps_its_place() {
    let mut bench = Bench::new(MediaKind::Audio);
    bench.insert(millis(0), (0, DTMF), 1);
    assert_eq!(
        bench.paced.poll(bench.start).unwrap().1,
        FIRST,
        "nothing to wait for yet"
    );
    for index in 1..20_u32 {
        let payload_type = if (10..13).contains(&index) { DTMF } else { OPUS };
        bench.insert(FRAME * index, (index.into(), payload_type), 1);
    }
    bench.play_until(millis(1000));
    assert_eq!(bench.numbers(), (1..20).collect::<Vec<_>>());
    assert_eq!(bench.paced.stats().unwrap().missing, 0);
}

#[test]
fn places_are_bounded() {
    let mut bench = Bench::new(MediaKind::Audio);
    bench.insert(millis(0), (0, OPUS), 1);
    bench.paced.set_target(bench.start, MAX_TARGET);
    for index in 1..=600 {
        bench.insert(millis(1), (index, DTMF), 1);
    }
    let known = bench.paced.stream.as_ref().unwrap().places.len();
    assert_eq!(
        (known, bench.paced.out.len() + bench.played.len()),
        (MAX_PLACES, 88)
    );
}

#[test]
fn another_source_begins_with_what_is_left_of_the_one_before() {
    let mut bench = Bench::new(MediaKind::Audio);
    for index in 0..5_u32 {
        bench.insert(FRAME * index, (index.into(), OPUS), 1);
    }
    assert_eq!(bench.paced.report().unwrap().0, 1);
    bench.insert(millis(100), (100, OPUS), 2);
    assert_eq!(
        bench.told(),
        JitterBufferStats::default(),
        "counters are those of one SSRC"
    );
    bench.play_until(millis(100));
    assert_eq!(bench.numbers(), [0, 1, 2, 3, 4]);
    bench.paced.drain();
    bench.play_until(millis(100));
    assert_eq!(bench.numbers(), [0, 1, 2, 3, 4, 100]);
    assert_eq!(bench.paced.report(), None);
}
