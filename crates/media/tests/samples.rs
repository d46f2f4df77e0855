//! Frames of every codec through packetizers, networks that reorder and lose, and the sample builder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use media::{Arrival, JitterBuffer, JitterConfig, Playout, Sample, SampleBuilder, SampleConfig};
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rtp::payload::{Depacketized, Depacketizer, Payloads, depacketizer, packetizer};
use rtp::{DecodeError, Header, Packet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Encoding name, clock rate, ticks of a frame.
const CODECS: [(&str, u32, u32); 8] = [
    ("VP8", 90_000, 3000),
    ("VP9", 90_000, 3000),
    ("H264", 90_000, 3000),
    ("H265", 90_000, 3000),
    ("AV1", 90_000, 3000),
    ("opus", 48_000, 960),
    ("PCMU", 8000, 160),
    ("L16", 44_100, 441),
];

/// A frame as an encoder might make it, of up to five packets.
fn frame(codec: &str, count: usize, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let is_key = count.is_multiple_of(10);
    let size = rng.random_range(130..5000);
    // Without zeros, so that start codes are where they belong.
    let mut body = vec![0; size];
    rng.fill(&mut body[..]);
    body.iter_mut().for_each(|byte| *byte |= 1);
    let unit = |header: &[u8]| [&[0, 0, 0, 1], header, &body].concat();
    match codec {
        "VP8" if is_key => [&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01][..], &body].concat(),
        "VP8" => [&[0x11, 0, 0][..], &body].concat(),
        "VP9" if is_key => [&[0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x30][..], &body].concat(),
        "VP9" => [&[0x86][..], &body].concat(),
        "H264" if is_key => [
            b"\0\0\0\x01\x67\x42\x01\0\0\0\x01\x68\xce".to_vec(),
            unit(&[0x65, 0x88]),
        ]
        .concat(),
        "H264" => unit(&[0x41, 0x9a]),
        "H265" if is_key => [
            b"\0\0\0\x01\x40\x01\x0c\0\0\0\x01\x42\x01\x01\0\0\0\x01\x44\x01\xc1".to_vec(),
            unit(&[0x26, 0x01, 0xaf]),
        ]
        .concat(),
        "H265" => unit(&[0x02, 0x01, 0xd0]),
        "AV1" => {
            let sequence: &[u8] = if is_key {
                &[0x0a, 0x03, 0x01, 0x02, 0x03]
            } else {
                &[]
            };
            let size = [body.len() as u8 | 0x80, (body.len() >> 7) as u8];
            let mut body = body;
            body[0] = if is_key { 0x10 } else { 0x30 };
            [sequence, &[0x32], &size, &body].concat()
        }
        "opus" => [&[0xfc][..], &body[..size.min(400)]].concat(),
        "PCMU" => body.repeat(9)[..160].to_vec(),
        _ => body.repeat(45)[..882].to_vec(),
    }
}

/// What is sent: frames, and their packets.
fn stream(codec: &str, ticks: u32, frames: usize, seed: u64) -> (Vec<Vec<u8>>, Vec<Packet>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let frames: Vec<_> = (0..frames).map(|count| frame(codec, count, &mut rng)).collect();
    let (mut packetizer, mut payloads) = (packetizer(codec).unwrap(), Payloads::new());
    let mut header = Header {
        sequence_number: 0xffff - 20,
        timestamp: 0_u32.wrapping_sub(9 * ticks),
        ..Header::default()
    };
    let mut packets = Vec::new();
    for frame in &frames {
        packetizer.packetize(frame, 1200, &mut payloads);
        assert!(!payloads.is_empty(), "{codec}");
        for (place, payload) in payloads.iter().enumerate() {
            header.marker = place + 1 == payloads.len();
            packets.push(Packet {
                header: header.clone(),
                payload: payload.to_vec().into(),
                padding_len: 0,
            });
            header.sequence_number = header.sequence_number.wrapping_add(1);
        }
        header.timestamp = header.timestamp.wrapping_add(ticks);
    }
    (frames, packets)
}

fn builder(codec: &str, config: SampleConfig) -> SampleBuilder {
    SampleBuilder::new(depacketizer(codec).unwrap(), config)
}

fn run(builder: &mut SampleBuilder, packets: impl IntoIterator<Item = Packet>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for packet in packets {
        builder.push(packet);
        samples.extend(std::iter::from_fn(|| builder.pop()));
    }
    samples.extend(std::iter::from_fn(|| builder.flush()));
    assert_eq!(builder.bytes(), 0);
    samples
}

/// Swaps packets within windows of eight, but for the first: what comes before a stream begins is not waited for.
fn reorder(packets: &mut [Packet], seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for begin in [1, 5] {
        let windows = packets.get_mut(begin..).unwrap_or_default().chunks_mut(8);
        windows.for_each(|window| window.shuffle(&mut rng));
    }
}

#[test]
fn every_codec_comes_out_as_it_went_in_whatever_the_order() {
    for (codec, clock_rate, ticks) in CODECS {
        for seed in 0..16 {
            let (frames, mut packets) = stream(codec, ticks, 40, seed);
            if seed > 0 {
                reorder(&mut packets, seed);
            }
            let mut builder = builder(codec, SampleConfig::new(clock_rate));
            let samples = run(&mut builder, packets);
            assert_eq!(
                samples.len(),
                frames.len(),
                "{codec} {seed}: {:?}",
                builder.stats()
            );
            for ((sample, frame), count) in samples.iter().zip(&frames).zip(0..) {
                assert!(sample.data == frame, "{codec} {seed}: frame {count}");
                assert_eq!((sample.position, sample.ticks), (u64::from(count * ticks), ticks));
                assert_eq!((sample.lost_packets, sample.dropped_packets), (0, 0));
                if clock_rate == 90_000 {
                    assert_eq!(sample.is_key_frame, Some(count % 10 == 0), "{codec} {count}");
                }
            }
        }
    }
}

#[test]
fn losses_cost_their_frames_and_are_accounted_for() {
    for (codec, clock_rate, ticks) in CODECS {
        for seed in 0..16 {
            let (frames, packets) = stream(codec, ticks, 60, seed);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let last = packets.len() - 1;
            let first_timestamp = packets[0].header.timestamp;
            let frame_of = |packet: &Packet| packet.header.timestamp.wrapping_sub(first_timestamp) / ticks;
            let mut damaged = std::collections::BTreeSet::new();
            let mut kept = Vec::new();
            for (place, packet) in packets.iter().enumerate() {
                if (1..last).contains(&place) && rng.random_bool(0.05) {
                    damaged.insert(frame_of(packet));
                } else {
                    kept.push(packet.clone());
                }
            }
            let lost = (packets.len() - kept.len()) as u64;
            reorder(&mut kept, seed);
            let mut builder = builder(codec, SampleConfig::new(clock_rate));
            let samples = run(&mut builder, kept);
            for sample in &samples {
                let count = sample.timestamp.wrapping_sub(first_timestamp) / ticks;
                let frame = &frames[count as usize];
                // A key frame may have lost its parameter sets: what is left cannot be told from a whole frame.
                let is_rest =
                    codec.starts_with('H') && sample.lost_packets > 0 && frame.ends_with(&sample.data);
                assert!(
                    sample.data == frame || is_rest,
                    "{codec} {seed}: a wrong or mixed frame"
                );
                assert!(!damaged.remove(&count) || is_rest);
            }
            assert!(
                samples.len() + damaged.len() == frames.len(),
                "{codec} {seed}: a whole frame was dropped"
            );
            let told: u64 = samples.iter().map(|it| u64::from(it.lost_packets)).sum();
            assert_eq!(builder.stats().lost, lost, "{codec} {seed}");
            let last = samples.last().unwrap();
            let after_last = last.timestamp.wrapping_sub(first_timestamp) / ticks + 1 < frames.len() as u32;
            assert!(told == lost || after_last, "{codec} {seed}: {told} of {lost}");
            for pair in samples.windows(2) {
                let end = pair[0].position + u64::from(pair[0].ticks);
                let follows = pair[1].lost_packets == 0;
                assert!(
                    end == pair[1].position || (end < pair[1].position && !follows),
                    "{codec} {seed}"
                );
            }
        }
    }
}

/// Takes everything, and counts how often it was told to forget.
#[derive(Debug)]
struct Forgetful(Arc<AtomicUsize>);

impl Depacketizer for Forgetful {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        out.extend_from_slice(payload);
        Ok(Depacketized::default())
    }

    fn reset(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn is_frame_start(&self, _payload: &[u8]) -> bool {
        true
    }

    fn is_frame_end(&self, marker: bool, _payload: &[u8]) -> bool {
        marker
    }

    fn is_key_frame(&self, _payload: &[u8]) -> Option<bool> {
        None
    }
}

#[test]
fn depacketizers_are_told_of_gaps() {
    let (_, packets) = stream("PCMU", 160, 9, 8);
    let resets = Arc::new(AtomicUsize::new(0));
    let mut builder = SampleBuilder::new(Box::new(Forgetful(resets.clone())), SampleConfig::new(8000));
    let samples = run(
        &mut builder,
        [0, 1, 3, 4, 7, 8].map(|place| packets[place].clone()),
    );
    assert_eq!(samples.len(), 6);
    assert_eq!(resets.load(Ordering::Relaxed), 2);
}

#[test]
fn how_long_it_waits_is_as_configured() {
    let config = SampleConfig {
        max_late: Duration::from_millis(200),
        ..SampleConfig::new(48_000)
    };
    let (_, packets) = stream("opus", 960, 40, 1);
    let mut builder = builder("opus", config);
    builder.push(packets[0].clone());
    // The second is missing. The first waits for it too, since it would tell how long the first lasts.
    for (count, packet) in packets.iter().enumerate().skip(2) {
        builder.push(packet.clone());
        if count < 10 {
            assert!(builder.pop().is_none(), "{count} packets");
        } else {
            break;
        }
    }
    let first = builder.pop().unwrap();
    assert_eq!(first.ticks, 2 * 960, "up to the next that came");
    builder.push(packets[11].clone());
    assert!(
        builder.pop().is_none(),
        "the third is 180 ms older than the newest in order"
    );
    builder.push(packets[12].clone());
    let third = builder.pop().unwrap();
    assert_eq!((third.lost_packets, third.position), (1, 1920));
}

#[test]
fn behind_a_jitter_buffer_nothing_waits() {
    let config = SampleConfig {
        max_late: Duration::ZERO,
        wait_for_duration: false,
        ..SampleConfig::new(90_000)
    };
    let (frames, packets) = stream("VP8", 3000, 30, 2);
    let mut builder = builder("VP8", config);
    let mut samples = Vec::new();
    for packet in packets.iter().filter(|it| it.header.sequence_number != 3) {
        builder.push(packet.clone());
        while let Some(sample) = builder.pop() {
            assert_eq!(sample.timestamp, packet.header.timestamp, "at once");
            samples.push(sample);
        }
    }
    assert_eq!(samples.len(), frames.len() - 1);
    assert_eq!(samples.iter().map(|it| it.lost_packets).sum::<u32>(), 1);
    assert_eq!(samples[5].ticks, 3000, "as long as the one before");
}

#[test]
fn joins_at_the_next_frame() {
    let (frames, packets) = stream("H264", 3000, 20, 3);
    let second = packets.iter().position(|it| it.header.marker).unwrap() + 1;
    let in_frame = packets
        .iter()
        .skip(second)
        .position(|it| !it.header.marker)
        .unwrap()
        + second;
    let mut builder = builder("H264", SampleConfig::new(90_000));
    let samples = run(&mut builder, packets[in_frame + 1..].to_vec());
    assert!(frames.ends_with(&samples.iter().map(|it| it.data.to_vec()).collect::<Vec<_>>()));
    assert!(samples[0].dropped_packets > 0 && samples[0].lost_packets == 0);
}

#[test]
fn padding_fills_gaps_and_nothing_else() {
    let (frames, packets) = stream("VP8", 3000, 20, 4);
    let mut shifted = Vec::new();
    for packet in packets {
        let next = packet
            .header
            .sequence_number
            .wrapping_add(shifted.len() as u16 / 3);
        let header = Header {
            sequence_number: next,
            ..packet.header.clone()
        };
        let padded = packet.header.marker;
        shifted.push(Packet { header, ..packet });
        if padded {
            let header = shifted.last().unwrap().header.clone();
            let number = header.sequence_number.wrapping_add(1);
            shifted.push(Packet {
                header: Header {
                    sequence_number: number,
                    ..header
                },
                payload: "".into(),
                padding_len: 255,
            });
        }
    }
    for (place, packet) in shifted.iter_mut().enumerate() {
        packet.header.sequence_number = 0xfff0_u16.wrapping_add(place as u16);
    }
    let samples = run(&mut builder("VP8", SampleConfig::new(90_000)), shifted);
    assert_eq!(
        samples.iter().map(|it| it.data.to_vec()).collect::<Vec<_>>(),
        frames
    );
    assert!(samples.iter().all(|it| it.lost_packets == 0 && it.ticks == 3000));
}

#[test]
fn headers_are_kept_on_request() {
    let (_, packets) = stream("VP8", 3000, 3, 5);
    let config = SampleConfig {
        keep_headers: true,
        ..SampleConfig::new(90_000)
    };
    let samples = run(&mut builder("VP8", config), packets.clone());
    let headers: Vec<_> = samples.into_iter().flat_map(|it| it.headers).collect();
    assert_eq!(
        headers,
        packets.into_iter().map(|it| it.header).collect::<Vec<_>>()
    );
}

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let (frames, mut packets) = stream("opus", 960, 200, 6);
    for packet in &mut packets[100..] {
        packet.header.sequence_number = packet.header.sequence_number.wrapping_add(30_000);
        packet.header.timestamp = packet.header.timestamp.wrapping_add(0x5000_0000);
    }
    let mut builder = builder("opus", SampleConfig::new(48_000));
    let samples = run(&mut builder, packets);
    let stats = *builder.stats();
    assert_eq!((stats.restarts, stats.stray, stats.lost), (1, 1, 0));
    assert_eq!(
        samples.len(),
        frames.len() - 1,
        "the first packet after the jump is the price"
    );
    assert_eq!(samples[150].position, 150 * 960, "positions go on");
}

#[test]
fn the_limits_hold() {
    let (_, packets) = stream("VP8", 3000, 1, 7);
    let config = SampleConfig {
        max_packets: 100,
        max_bytes: 20_000,
        ..SampleConfig::new(90_000)
    };
    let mut builder = builder("VP8", config);
    for number in 0..10_000_u16 {
        // A frame that never ends, with holes.
        let header = Header {
            sequence_number: number * 2,
            marker: false,
            ..packets[0].header.clone()
        };
        builder.push(Packet {
            header,
            ..packets[0].clone()
        });
        assert!(builder.bytes() <= 20_000);
    }
    assert!(builder.pop().is_none());
    assert!(builder.stats().dropped > 9900);
}

proptest! {
    #[test]
    fn anything_may_come(
        codec in prop::sample::select(&CODECS[..]),
        packets in prop::collection::vec((0..40_u16, any::<bool>(), 0..5_u32, prop::collection::vec(any::<u8>(), 0..20)), 0..80),
        late in 0..200_u64,
    ) {
        let config = SampleConfig { max_late: Duration::from_millis(late), max_packets: 20, max_bytes: 100, ..SampleConfig::new(codec.1) };
        let mut builder = builder(codec.0, config);
        let count = packets.len() as u64;
        for (sequence_number, marker, frame, payload) in packets {
            let header = Header { sequence_number, marker, timestamp: frame * codec.2, ..Header::default() };
            builder.push(Packet { header, payload: payload.into(), padding_len: 0 });
            prop_assert!(builder.bytes() <= 100);
            while let Some(sample) = builder.pop() {
                prop_assert!(!sample.data.is_empty());
            }
        }
        while builder.flush().is_some() {}
        prop_assert_eq!(builder.bytes(), 0);
        let stats = builder.stats();
        prop_assert!(stats.received + stats.duplicate_or_late + stats.stray == count);
    }
}

/// Packets up to 15 ms late; one in twenty is lost and comes again after 60 ms.
fn on_their_way(packets: Vec<Packet>, start: Instant, seed: u64) -> Vec<(Instant, Packet, Arrival)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let first = packets[0].header.timestamp;
    let mut arriving = Vec::new();
    for packet in packets {
        let sent = Duration::from_micros(u64::from(packet.header.timestamp.wrapping_sub(first)) * 100 / 9);
        let late = rng.random_range(Duration::ZERO..Duration::from_millis(15));
        let is_lost = !arriving.is_empty() && rng.random_bool(0.05);
        let (arrival, repair) = if is_lost {
            (Arrival::Retransmitted, 60)
        } else {
            (Arrival::Direct, 0)
        };
        arriving.push((
            start + sent + late + Duration::from_millis(repair),
            packet,
            arrival,
        ));
    }
    arriving[0].0 = start;
    arriving.sort_by_key(|(at, ..)| *at);
    arriving
}

/// Everything together: what a receiver does with a stream that is late, lost, repaired and reordered.
#[test]
fn frames_through_a_jitter_buffer() {
    for seed in 0..16 {
        let (frames, packets) = stream("H264", 3000, 150, seed);
        let start = Instant::now();
        let arriving = on_their_way(packets, start, seed);
        let config = SampleConfig {
            max_late: Duration::ZERO,
            wait_for_duration: false,
            ..SampleConfig::new(90_000)
        };
        let mut builder = builder("H264", config);
        let mut buffer = JitterBuffer::new(JitterConfig::video());
        let mut samples = Vec::new();
        let mut play = |buffer: &mut JitterBuffer, until: Option<Instant>| {
            while let Some(due) = buffer
                .poll_timeout()
                .filter(|due| until.is_none_or(|until| *due <= until))
            {
                while let Some(playout) = buffer.poll(due.max(start)) {
                    match playout {
                        Playout::Packet(packet) => builder.push(packet),
                        Playout::Missing { .. } => panic!("repairs come in time, {:?}", buffer.stats()),
                    }
                    samples.extend(std::iter::from_fn(|| builder.pop()));
                }
            }
        };
        for (at, packet, arrival) in arriving {
            play(&mut buffer, Some(at));
            buffer.insert(at, packet, arrival);
        }
        play(&mut buffer, None);
        assert_eq!(samples.len(), frames.len(), "{seed}");
        assert!(
            samples
                .iter()
                .zip(&frames)
                .all(|(sample, frame)| sample.data == frame)
        );
        assert!(buffer.stats().retransmitted > 5 && buffer.stats().late == 0);
    }
}
