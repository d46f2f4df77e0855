//! Reads the header of one packet with two extensions, by our `rtp` and by webrtc-rs's `rtc-rtp`, in turn, and prints the
//! medians and their ratios: `cargo run --release --locked --manifest-path interop/rtc-rtp/Cargo.toml`.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use rtc_shared::marshal::Unmarshal;
use rtp::{Header, PacketRef};

/// Readings that are timed together.
const READINGS: u32 = 2_000;
/// How often each way has its turn.
const TURNS: usize = 1_001;

/// A packet of 1,200 bytes with an absolute send time (2) and a transport-wide number (3).
fn packet() -> Vec<u8> {
    let mut packet = vec![0x90, 0x60, 0x12, 0x67];
    packet.extend([0, 1, 0x5f, 0x90, 0xde, 0xad, 0xbe, 0xef]);
    packet.extend([0xbe, 0xde, 0, 2, 0x22, 1, 2, 3, 0x31, 0, 7, 0]);
    packet.resize(1200, 0xaa);
    packet
}

/// Every field, both extensions and the length of the payload, so that no reading can be left out.
type Read = (u32, u32, u16, u8, bool, [u8; 3], [u8; 2], usize);

/// Our view: nothing is copied.
fn view(packet: &[u8]) -> Option<Read> {
    let view = PacketRef::decode(packet).ok()?;
    let (time, number) = (view.extension(2)?, view.extension(3)?);
    Some((
        view.ssrc(),
        view.timestamp(),
        view.sequence_number(),
        view.payload_type(),
        view.marker(),
        time.try_into().ok()?,
        number.try_into().ok()?,
        view.payload().len(),
    ))
}

/// Our header that can be kept.
fn owned(packet: &[u8]) -> Option<Read> {
    let view = PacketRef::decode(packet).ok()?;
    let header = black_box(Header::from(&view));
    let (time, number) = (header.extensions.get(2)?, header.extensions.get(3)?);
    Some((
        header.ssrc,
        header.timestamp,
        header.sequence_number,
        header.payload_type,
        header.marker,
        time.try_into().ok()?,
        number.try_into().ok()?,
        view.payload().len(),
    ))
}

/// Theirs.
fn theirs(mut packet: impl bytes::Buf) -> Option<Read> {
    let header = black_box(rtc_rtp::header::Header::unmarshal(&mut packet).ok()?);
    let (time, number) = (header.get_extension(2)?, header.get_extension(3)?);
    Some((
        header.ssrc,
        header.timestamp,
        header.sequence_number,
        header.payload_type,
        header.marker,
        time.as_ref().try_into().ok()?,
        number.as_ref().try_into().ok()?,
        packet.remaining(),
    ))
}

/// Nanoseconds of one reading.
fn time(read: impl Fn() -> Option<Read>) -> f64 {
    let start = Instant::now();
    for _ in 0..READINGS {
        black_box(read());
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(READINGS)
}

fn main() {
    let packet = packet();
    let shared = Bytes::from(packet.clone());
    let ways: [(&str, &dyn Fn() -> Option<Read>); 4] = [
        ("rtc-rtp, of a slice", &|| theirs(black_box(&packet[..]))),
        ("rtc-rtp, of shared bytes", &|| theirs(black_box(&shared).clone())),
        ("rtp, a header to keep", &|| owned(black_box(&packet))),
        ("rtp, a view", &|| view(black_box(&packet))),
    ];
    let expected = view(&packet);
    assert!(expected.is_some(), "the packet is right");
    let mut times = ways.map(|_| Vec::with_capacity(TURNS));
    for _ in 0..TURNS {
        for ((name, read), times) in ways.iter().zip(&mut times) {
            assert_eq!(read(), expected, "{name}");
            times.push(time(read));
        }
    }
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[TURNS / 2]
    });
    // The better of their two.
    let theirs = medians[0].min(medians[1]);
    for ((name, _), median) in ways.iter().zip(medians) {
        println!("{name:<26} {median:7.1} ns  {:5.2}×", median / theirs);
    }
}
