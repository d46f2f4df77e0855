//! Sound over links that lose packets, with redundancy and without.

use std::time::Duration;

use media::{RedReceiver, SampleBuilder, SampleConfig};
use netsim::{Link, Loss};
use rtp::Packet;
use rtp::payload::red::{Encoder, Primary};
use webrtc::core::{Event, MediaKind, TransceiverId};
use webrtc::{RtpTransceiverInit, SettingEngine, TrackInfo};

use crate::peer::Call;

const FRAME: Duration = Duration::from_millis(20);
const COUNT: u32 = 500;

/// A call in which the offerer sends sound: both ids, and the payload types of Opus and of RED.
fn call(seed: u64, link: &Link) -> (Call, TransceiverId, TransceiverId, [u8; 2]) {
    let mut call = Call::with(seed, link, SettingEngine::default());
    let track = TrackInfo {
        id: String::from("voice"),
        kind: MediaKind::Audio,
    };
    let ours = call.network.with(call.offerer, |peer, _| {
        let init = RtpTransceiverInit::default();
        peer.0.add_transceiver(track, init).unwrap()
    });
    call.negotiate();
    call.connect();
    let theirs = call
        .network
        .events(call.answerer)
        .find_map(|(_, event)| match event {
            Event::Track(id) => Some(*id),
            _ => None,
        });
    let core = &call.network.endpoint(call.offerer).0;
    let section = core.negotiated_media().unwrap().by_transceiver(ours).unwrap();
    let payload_type = |name: &str| {
        let codec = section.send.iter().find(|known| known.codec.is(name));
        codec.unwrap_or_else(|| panic!("no {name}")).payload_type
    };
    let payload_types = ["opus", "red"].map(payload_type);
    (call, ours, theirs.unwrap(), payload_types)
}

fn frame(number: u32) -> Vec<u8> {
    // A byte that says how long it lasts, as Opus has it, and the number.
    [&[0xfc][..], &number.to_be_bytes()].concat()
}

/// Sends frames, and gives how many came whole, in order, and how many of them were recovered.
fn transmit(seed: u64, link: &Link, has_red: bool) -> (usize, u64) {
    let (mut call, ours, theirs, [opus, red]) = call(seed, link);
    let (mut encoder, mut receiver) = (Encoder::new(2), RedReceiver::new());
    let format = rtp::payload::depacketizer("opus").unwrap();
    let mut builder = SampleBuilder::new(format, SampleConfig::new(48_000));
    let (mut packets, mut frames) = (Vec::new(), Vec::new());
    for number in 0..COUNT + 60 {
        let mut header = rtp::Header {
            payload_type: if has_red { red } else { opus },
            // Both wrap on the way.
            sequence_number: 65_000u32.wrapping_add(number) as u16,
            timestamp: (u32::MAX - 48_000).wrapping_add(number * 960),
            ..rtp::Header::default()
        };
        let mut payload = frame(number);
        if has_red {
            let primary = Primary {
                payload_type: opus,
                timestamp: header.timestamp,
                data: &payload.clone(),
            };
            payload.clear();
            assert!(encoder.encode(primary, 1200, &mut payload));
        }
        call.network.with(call.offerer, |peer, now| {
            peer.0.send_rtp(now, (ours, 0), &mut header, &payload).unwrap();
        });
        call.network.run_for(FRAME);
        call.network.with(call.answerer, |peer, _| {
            let mut bytes = Vec::new();
            while peer.0.recv_rtp(theirs, &mut bytes).is_some() {
                let packet = Packet::decode(bytes.clone().into()).unwrap();
                match packet.header.payload_type == red {
                    true => receiver.receive(&packet, &mut packets).unwrap(),
                    false => packets.push(packet),
                }
            }
        });
        packets.drain(..).for_each(|packet| builder.push(packet));
        frames.extend(std::iter::from_fn(|| builder.pop()));
    }
    let numbers: Vec<_> = frames
        .iter()
        .map(|sample| u32::from_be_bytes(sample.data[1..].try_into().unwrap()))
        .filter(|number| *number < COUNT)
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "seed {seed}: in order, none twice"
    );
    (numbers.len(), receiver.recovered())
}

#[test]
fn redundancy_repairs_sound_that_is_not_sent_again() {
    for seed in 0..16 {
        let loss = if seed % 2 == 0 {
            Link::hostile(0.1).loss
        } else {
            Loss::bursts(0.1, 1.5)
        };
        let link = Link {
            latency: FRAME,
            loss,
            ..Link::hostile(0.0)
        };
        let (plain, none) = transmit(seed, &link, false);
        assert!(
            none == 0 && plain < 480,
            "seed {seed}: {plain} without redundancy"
        );
        let (repaired, recovered) = transmit(seed, &link, true);
        assert!(repaired >= 488, "seed {seed}: {repaired} with redundancy");
        assert!(recovered > 20, "seed {seed}: {recovered} recovered");
    }
}
