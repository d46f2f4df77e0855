//! A packet costs no allocation, in either direction, with any profile and provider.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use allocations::allocations;
use crypto::Provider;
use srtp::{Config, Cryptex, Inbound, Outbound, Profile};
use support::{key, rtcp, rtp_with};

/// Four packets in every way, each way back.
fn exchange(outbound: &mut Outbound, inbound: &mut Inbound, packet: &mut [u8], out: &mut Vec<u8>) {
    let [.., a, b] = u16::from_be_bytes([packet[2], packet[3]]).to_be_bytes();
    for way in 0..4_u8 {
        packet[2..4].copy_from_slice(&[a, b.wrapping_mul(4).wrapping_add(way)]);
        out.clear();
        if way % 2 == 0 {
            out.extend_from_slice(packet);
            outbound.protect_rtp(out, 0).unwrap();
        } else {
            let (header, payload) = packet.split_at(36);
            outbound.protect_rtp_from(header, payload, out).unwrap();
        }
        inbound.unprotect_rtp(out).unwrap();
    }
}

fn check(config: &Config) {
    let key = key(config.profile, 1);
    let mut outbound = Outbound::new(config, &key).unwrap();
    let mut inbound = Inbound::new(config, &key).unwrap();
    let elements = [0x11, 1, 2, 0x22, 1, 2, 3, 0, 0x30, 1, 0, 0];
    let mut out = Vec::with_capacity(1500);
    let mut round = |ssrc: u8, number: u8| {
        // Two SSRCs in turn, so that the table is searched.
        let mut packet = rtp_with(2, Some((0xbede, &elements)), u16::from(number));
        packet[11] = ssrc;
        packet.resize(1200, 7);
        let report = rtcp(u32::from(ssrc));
        allocations(|| {
            exchange(&mut outbound, &mut inbound, &mut packet, &mut out);
            out.clear();
            out.extend_from_slice(&report);
            outbound.protect_rtcp(&mut out, 0).unwrap();
            let copy: &mut [u8] = &mut out;
            inbound.unprotect_rtcp(copy).unwrap();
            // What is refused costs nothing either.
            assert!(inbound.unprotect_rtcp(copy).is_err());
        })
    };
    // State is made with the first packet of an SSRC.
    assert!(round(1, 0) + round(2, 0) > 0, "the counter counts");
    for number in 1..20 {
        assert_eq!(round(1, number), 0, "{:?}", config.profile);
        assert_eq!(round(2, number), 0, "{:?}", config.profile);
    }
}

/// Forged packets leave nothing behind; those of a peer who makes up SSRCs fill a table and no more.
#[test]
fn floods_of_ssrcs_are_bounded() {
    let config = Config {
        max_ssrcs: 64,
        ..Config::default()
    };
    let key = key(config.profile, 1);
    let mut inbound = Inbound::new(&config, &key).unwrap();
    let mut packet = rtp_with(0, None, 1);
    packet.resize(100, 0);
    let mut copy = packet.clone();
    let forged = allocations(|| {
        for ssrc in 0..50_000_u32 {
            packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
            copy.copy_from_slice(&packet);
            assert!(inbound.unprotect_rtp(&mut copy).is_err());
            assert!(inbound.unprotect_rtcp(&mut copy).is_err());
        }
    });
    assert_eq!((forged, inbound.stats().ssrcs), (0, 0));

    let everything = Config {
        max_ssrcs: usize::MAX,
        ..config
    };
    let mut outbound = Outbound::new(&everything, &key).unwrap();
    let mut accepted = 0;
    let mut made = 0;
    for ssrc in 0..2000_u32 {
        packet.truncate(100);
        packet[0] = 0x80;
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        outbound.protect_rtp(&mut packet, 0).unwrap();
        made += allocations(|| accepted += usize::from(inbound.unprotect_rtp(&mut packet).is_ok()));
    }
    assert_eq!((accepted, inbound.stats().ssrcs), (64, 64));
    assert!(made <= 12, "two tables that double: {made} allocations");
}

#[test]
fn a_packet_allocates_nothing() {
    let providers = [
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ];
    for provider in providers {
        for profile in Profile::ALL {
            let plain = Config::new(profile, provider.clone());
            check(&plain);
            check(&Config {
                encrypted_extensions: vec![1, 3],
                mki: vec![1, 2, 3, 4],
                encrypt_rtcp: false,
                ..plain.clone()
            });
            check(&Config {
                cryptex: Cryptex::Prefer,
                ..plain
            });
        }
    }
}
