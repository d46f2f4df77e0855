//! What a packet allocates in a jitter buffer, once it has grown: nothing. What a frame does in a sample builder: its bytes. And
//! what an empty jitter buffer takes.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use allocations::allocated;
use bytes::Bytes;
use media::{Arrival, JitterBuffer, JitterConfig, SampleBuilder, SampleConfig};
use rtp::{Header, Packet};
use std::time::{Duration, Instant};

fn packet(number: u64, payload: &Bytes) -> Packet {
    let header = Header {
        sequence_number: number as u16,
        timestamp: 960 * number as u32,
        ..Header::default()
    };
    Packet {
        header,
        payload: payload.clone(),
        padding_len: 0,
    }
}

#[test]
fn a_packet_in_a_jitter_buffer_allocates_nothing() {
    let (start, payload) = (Instant::now(), Bytes::from_static(b"sound"));
    let mut buffer = JitterBuffer::new(JitterConfig::audio(48_000));
    let mut run = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            // Some are late, some are missing, some are repaired.
            let now = start + Duration::from_millis(20 * number + number * 7 % 13);
            let arrival = if number % 50 == 3 {
                Arrival::Retransmitted
            } else {
                Arrival::Direct
            };
            if number % 50 != 9 {
                buffer.insert(now, packet(number, &payload), arrival);
            }
            while buffer.poll(now).is_some() {}
        }
    };
    run(0..5000);
    assert_eq!(allocated(|| run(5000..70_000)), (0, 0));
    assert!(buffer.stats().emitted > 68_000 && buffer.stats().missing > 1000);
}

#[test]
fn a_frame_of_a_sample_builder_allocates_its_bytes() {
    let payload = Bytes::from(vec![0xfc; 100]);
    let depacketizer = rtp::payload::depacketizer("opus").unwrap();
    let mut builder = SampleBuilder::new(depacketizer, SampleConfig::new(48_000));
    let mut run = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            builder.push(packet(number, &payload));
            while let Some(sample) = builder.pop() {
                assert_eq!(sample.data.len(), 100);
            }
        }
    };
    run(0..100);
    assert_eq!(allocated(|| run(100..1100)), (1000, 100_000));
}

#[test]
fn an_empty_jitter_buffer_is_small() {
    let mut buffer = None;
    let (_, bytes) = allocated(|| buffer = Some(JitterBuffer::new(JitterConfig::audio(48_000))));
    let whole = bytes + size_of::<JitterBuffer>();
    assert!(whole <= 2500, "{whole} bytes");
    assert!(size_of::<Packet>() <= 220, "{} bytes", size_of::<Packet>());
}
