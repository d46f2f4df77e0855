//! Ten megabytes over bad links: every byte arrives, in order where that is promised, in bounded memory.

use bytes::Bytes;
use netsim::Link;
use webrtc::{DataChannelInit, Kind, SendError, SettingEngine};

use crate::peer::{Call, PATIENCE};
use crate::setup::link;

const TOTAL: usize = 10_000_000;
const MESSAGE: usize = 50_000;

/// The first bytes of a message are its number, the others follow from it.
fn message(number: usize) -> Bytes {
    let mut data = vec![u8::try_from(number % 251).unwrap(); MESSAGE];
    data[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Bytes::from(data)
}

fn number(data: &[u8]) -> usize {
    usize::try_from(u64::from_le_bytes(data[..8].try_into().unwrap())).unwrap()
}

/// Sends `total` bytes and returns the numbers of the messages in the order in which they arrived.
fn transfer(seed: u64, link: &Link, init: &DataChannelInit, total: usize) -> Vec<usize> {
    let settings = SettingEngine {
        send_buffer: 1 << 20,
        receive_buffer: 1 << 20,
        ..SettingEngine::default()
    };
    let mut call = Call::with(seed, link, settings);
    let ours = call.open(init);
    call.negotiate();
    let theirs = call.wait_open(ours);
    let count = total / MESSAGE;
    let (mut sent, mut arrived) = (0, Vec::new());
    let started = call.network.elapsed();
    while arrived.len() < count {
        call.network.with(call.offerer, |peer, now| {
            while sent < count {
                match peer.0.send(now, ours, Kind::Binary, message(sent)) {
                    Ok(()) => sent += 1,
                    Err(SendError::BufferFull) => break,
                    Err(error) => panic!("seed {seed}: {error}"),
                }
            }
            assert!(peer.0.buffered_amount(ours) <= 1 << 20);
        });
        call.network.with(call.answerer, |peer, _| {
            while let Some(received) = peer.0.recv(theirs) {
                let number = number(&received.data);
                assert!(
                    received.data == message(number),
                    "seed {seed}: message {number} is not what was sent"
                );
                arrived.push(number);
            }
        });
        call.network.step();
        call.network.take_events(call.offerer);
        call.network.take_events(call.answerer);
        assert!(
            call.network.elapsed() - started < PATIENCE,
            "seed {seed} stalled at {} of {count}",
            arrived.len()
        );
    }
    arrived
}

#[test]
fn ten_megabytes_arrive_in_order_over_every_kind_of_link() {
    for seed in 0..5 {
        let arrived = transfer(seed, &link(seed), &DataChannelInit::default(), TOTAL);
        assert!(arrived.is_sorted(), "seed {seed}: out of order");
    }
}

#[test]
fn without_order_every_byte_arrives_all_the_same() {
    for seed in 5..8 {
        let init = DataChannelInit {
            ordered: false,
            ..DataChannelInit::default()
        };
        let mut arrived = transfer(seed, &link(seed), &init, TOTAL);
        arrived.sort_unstable();
        assert!(arrived.into_iter().eq(0..TOTAL / MESSAGE), "seed {seed}");
    }
}

#[test]
fn many_seeds_of_a_smaller_transfer() {
    for seed in 100..200 {
        let arrived = transfer(seed, &link(seed), &DataChannelInit::default(), 20 * MESSAGE);
        assert!(arrived.is_sorted(), "seed {seed}: out of order");
    }
}
