//! Once the buffers have grown, packetizing and depacketizing allocate nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

use allocations::allocations;
use rtp::payload::{self, Payloads, red, rtx};

/// A frame of about 20 KiB, with small units in front where the format has units.
fn frame(format: &str) -> Vec<u8> {
    let large = vec![0xa5; 20_000];
    match format {
        "VP9" => [&[0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xf0, 0x0b, 0x30][..], &large].concat(),
        "H264" => {
            let small = [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4];
            [&small[..], &[0, 0, 0, 1, 0x65], &large].concat()
        }
        "H265" => {
            let small = [0, 0, 0, 1, 0x42, 1, 2, 3, 0, 0, 0, 1, 0x44, 1, 4];
            [&small[..], &[0, 0, 0, 1, 0x26, 1], &large].concat()
        }
        "AV1" => [&[0x12, 0, 0x0a, 2, 1, 2, 0x32, 0xa0, 0x9c, 0x01][..], &large].concat(),
        "opus" => large[..1000].to_vec(),
        _ => large,
    }
}

#[test]
fn frames_of_every_format_cost_no_allocation() {
    for format in ["VP8", "VP9", "H264", "H265", "AV1", "opus", "PCMU", "G722", "L16"] {
        let mut packetizer = payload::packetizer(format).unwrap();
        let mut depacketizer = payload::depacketizer(format).unwrap();
        let (mut payloads, mut out) = (Payloads::new(), Vec::new());
        let frame = frame(format);
        let mut once = || {
            packetizer.packetize(&frame, 1200, &mut payloads);
            assert!(!payloads.is_empty());
            out.clear();
            for payload in &payloads {
                depacketizer.is_frame_start(payload);
                depacketizer.is_key_frame(payload);
                depacketizer.depacketize(payload, &mut out).unwrap();
            }
        };
        assert_ne!(allocations(&mut once), 0, "{format}: the allocator counts");
        assert_eq!(allocations(|| (0..100).for_each(|_| once())), 0, "{format}");
    }
}

#[test]
fn redundancy_and_retransmission_cost_no_allocation() {
    let mut encoder = red::Encoder::new(2);
    let (mut out, mut timestamp) = (Vec::new(), 0);
    let mut packet = vec![0x80, 96, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2];
    packet.resize(1200, 0xaa);
    let stream = rtx::Stream {
        ssrc: 3,
        payload_type: 97,
    };
    let mut once = || {
        timestamp += 960;
        let primary = red::Primary {
            payload_type: 111,
            timestamp,
            data: &[7; 200],
        };
        out.clear();
        assert!(encoder.encode(primary, 1200, &mut out));
        red::BlocksRef::decode(&out).unwrap();
        out.clear();
        rtx::wrap_into(&packet, stream, 1, &mut out).unwrap();
        rtx::unwrap(&mut out, stream).unwrap();
    };
    for _ in 0..3 {
        once();
    }
    assert_eq!(allocations(|| (0..100).for_each(|_| once())), 0);
}
