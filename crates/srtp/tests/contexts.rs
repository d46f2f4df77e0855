//! What one side protects, the other opens; and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use crypto::Provider;
use proptest::prelude::*;
use srtp::{
    Config, ConfigError, Cryptex, Inbound, MAX_KEYS, MAX_MKI, Outbound, Profile, ProtectError, Rejected,
};
use support::{config, key, pair, protected, protected_rtcp, rtcp, rtp, rtp_of, rtp_with};

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

#[test]
fn every_profile_opens_what_it_protects_between_all_providers() {
    for profile in Profile::ALL {
        for (from, to) in providers()
            .into_iter()
            .flat_map(|from| providers().into_iter().map(move |to| (from.clone(), to)))
        {
            let mut outbound = Outbound::new(&Config::new(profile, from), &key(profile, 1)).unwrap();
            let mut inbound = Inbound::new(&Config::new(profile, to), &key(profile, 1)).unwrap();
            for len in [0, 1, 15, 16, 17, 160, 1188] {
                let plain = rtp(u16::try_from(len).unwrap(), &vec![0x5a; len]);
                let mut sealed = protected(&mut outbound, &plain);
                assert_eq!(sealed.len(), plain.len() + profile.rtp_overhead());
                let encrypted = !profile.name().contains("NULL") && len > 0;
                assert_eq!(
                    sealed[12..plain.len()] != plain[12..],
                    encrypted,
                    "{profile:?} {len}"
                );
                assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain);
                let plain = rtcp(7);
                let mut sealed = protected_rtcp(&mut outbound, &plain);
                assert_eq!(sealed.len(), plain.len() + profile.rtcp_overhead());
                assert_eq!(inbound.unprotect_rtcp(&mut sealed).unwrap(), plain);
            }
            let (sent, received) = (outbound.stats(), inbound.stats());
            assert_eq!((sent.rtp_packets, sent.rtcp_packets, sent.ssrcs), (7, 7, 2));
            assert_eq!(sent, received);
        }
    }
}

#[test]
fn in_place_and_out_of_place_give_the_same_and_keep_what_is_in_front() {
    for profile in Profile::ALL {
        let (mut in_place, mut out_of_place) = (pair(&config(profile)).0, pair(&config(profile)).0);
        let (mut first, mut second) = (b"front".to_vec(), b"front".to_vec());
        for number in 0..5 {
            let packet = rtp(number, &[3; 50]);
            let start = first.len();
            first.extend_from_slice(&packet);
            in_place.protect_rtp(&mut first, start).unwrap();
            out_of_place
                .protect_rtp_from(&packet[..12], &packet[12..], &mut second)
                .unwrap();
        }
        assert_eq!(first, second);
        assert!(first.starts_with(b"front"));
    }
}

#[test]
fn changed_cut_and_foreign_packets_are_refused_and_change_nothing() {
    for profile in Profile::ALL {
        let (mut outbound, mut inbound) = pair(&config(profile));
        let sealed = protected(&mut outbound, &rtp(5, b"payload"));
        let sealed_rtcp = protected_rtcp(&mut outbound, &rtcp(5));
        let mut stranger = Inbound::new(&config(profile), &key(profile, 2)).unwrap();
        assert_eq!(stranger.unprotect_rtp(&mut sealed.clone()), Err(Rejected::BadTag));
        assert_eq!(
            stranger.unprotect_rtcp(&mut sealed_rtcp.clone()),
            Err(Rejected::BadTag)
        );
        for at in 0..8 * sealed.len() {
            let mut forged = sealed.clone();
            forged[at / 8] ^= 1 << (at % 8);
            assert!(
                inbound.unprotect_rtp(&mut forged).is_err(),
                "{profile:?} bit {at}"
            );
        }
        for at in 0..8 * sealed_rtcp.len() {
            let mut forged = sealed_rtcp.clone();
            forged[at / 8] ^= 1 << (at % 8);
            assert!(
                inbound.unprotect_rtcp(&mut forged).is_err(),
                "{profile:?} bit {at}"
            );
        }
        for len in 0..sealed.len() {
            assert!(inbound.unprotect_rtp(&mut sealed.clone()[..len]).is_err());
        }
        for len in 0..sealed_rtcp.len() {
            assert!(inbound.unprotect_rtcp(&mut sealed_rtcp.clone()[..len]).is_err());
        }
        let stats = inbound.stats();
        assert_eq!((stats.ssrcs, stats.rtp_packets, stats.rtcp_packets), (0, 0, 0));
        let tried = 9 * (sealed.len() + sealed_rtcp.len());
        assert_eq!(stats.rejected.total(), u64::try_from(tried).unwrap());
        assert!(inbound.unprotect_rtp(&mut sealed.clone()).is_ok());
        assert!(inbound.unprotect_rtcp(&mut sealed_rtcp.clone()).is_ok());
    }
}

#[test]
fn what_is_no_packet_is_not_protected() {
    let (mut outbound, _) = pair(&config(Profile::AeadAes128Gcm));
    let whole = support::rtp_with(3, Some((0xbede, &[0x10, 1, 0, 0])), 1);
    let header = whole.len() - b"the payload".len();
    for len in 0..header {
        let mut cut = whole[..len].to_vec();
        assert_eq!(outbound.protect_rtp(&mut cut, 0), Err(ProtectError::Malformed));
        assert_eq!(cut, whole[..len]);
        let from = outbound.protect_rtp_from(&whole[..len], b"", &mut cut);
        assert_eq!(from, Err(ProtectError::Malformed));
        assert_eq!(cut, whole[..len]);
    }
    assert_eq!(
        outbound.protect_rtp_from(&whole, b"", &mut Vec::new()),
        Err(ProtectError::Malformed),
        "a header with something behind it"
    );
    for len in 0..8 {
        let mut cut = rtcp(1)[..len].to_vec();
        assert_eq!(outbound.protect_rtcp(&mut cut, 0), Err(ProtectError::Malformed));
    }
    let mut packet = rtp(1, b"");
    assert_eq!(
        outbound.protect_rtp(&mut packet, 99),
        Err(ProtectError::Malformed)
    );
    assert_eq!(outbound.stats().ssrcs, 0);
}

#[test]
fn the_rollover_counter_follows_the_sender() {
    for profile in [Profile::Aes128CmSha1_80, Profile::AeadAes256Gcm] {
        let (mut outbound, mut inbound) = pair(&config(profile));
        let mut sent = 65_000_u64;
        // Losses of up to 32,767 packets in a row are survived.
        for step in [1, 500, 1, 70, 32_767, 1, 32_767, 30_000, 2, 32_767, 1] {
            sent += step;
            let mut packet = protected(&mut outbound, &rtp(low(sent), b"x"));
            assert!(inbound.unprotect_rtp(&mut packet).is_ok(), "{sent}");
            let roc = u32::try_from(sent >> 16).unwrap();
            assert_eq!(outbound.roc(0xcafe_babe), Some(roc));
            assert_eq!(inbound.roc(0xcafe_babe), Some(roc));
        }
        assert_eq!(inbound.roc(1), None);
    }
}

fn low(index: u64) -> u16 {
    u16::try_from(index & 0xffff).unwrap()
}

#[test]
fn the_other_side_of_a_wrap_may_come_first() {
    let (mut outbound, mut inbound) = pair(&config(Profile::Aes128CmSha1_80));
    let mut packets: Vec<_> = (65_530_u64..65_550)
        .map(|index| protected(&mut outbound, &rtp(low(index), b"x")))
        .collect();
    // The first decides where the receiver begins.
    packets[1..].reverse();
    for packet in &packets {
        assert!(inbound.unprotect_rtp(&mut packet.clone()).is_ok());
    }
    for packet in &packets {
        assert_eq!(
            inbound.unprotect_rtp(&mut packet.clone()),
            Err(Rejected::Replayed)
        );
    }
}

#[test]
fn below_the_first_wrap_the_counter_can_only_be_zero() {
    // A sender that counts from 65,000 after 5 without a wrap: the receiver has no counter below zero to guess.
    let (mut outbound, mut inbound) = pair(&config(Profile::AeadAes128Gcm));
    let mut twin = pair(&config(Profile::AeadAes128Gcm)).0;
    assert!(
        inbound
            .unprotect_rtp(&mut protected(&mut outbound, &rtp(5, b"x")))
            .is_ok()
    );
    assert!(
        inbound
            .unprotect_rtp(&mut protected(&mut twin, &rtp(65_000, b"x")))
            .is_ok()
    );
    assert_eq!(inbound.roc(0xcafe_babe), Some(0));
}

#[test]
fn sixteen_seeds_of_reordering_and_duplication_lose_nothing() {
    for seed in 0..16_u64 {
        let (mut outbound, mut inbound) = pair(&config(Profile::ALL[usize::try_from(seed % 8).unwrap()]));
        let mut random = seed;
        let mut next = move || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            random >> 33
        };
        // Each packet is late by up to 200 others; a tenth comes twice.
        let mut arrivals = Vec::new();
        for index in 60_000..80_000_u64 {
            let packet = protected(&mut outbound, &rtp(low(index), &index.to_be_bytes()));
            let late = if index == 60_000 { 0 } else { next() % 200 };
            if next() % 10 == 0 {
                arrivals.push((index + next() % 200, index, packet.clone()));
            }
            arrivals.push((index + late, index, packet));
        }
        arrivals.sort();
        let mut seen = vec![false; 20_000];
        for (_, index, mut packet) in arrivals {
            let seen = &mut seen[usize::try_from(index - 60_000).unwrap()];
            match inbound.unprotect_rtp(&mut packet) {
                Ok(plain) => {
                    assert_eq!(plain[12..], index.to_be_bytes());
                    assert!(!std::mem::replace(seen, true), "{index} twice");
                }
                Err(rejected) => assert!(*seen && rejected == Rejected::Replayed, "{index} {rejected}"),
            }
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}

#[test]
fn a_replay_is_refused_in_the_window_and_behind_it() {
    let config = Config {
        replay_window: 64,
        ..config(Profile::AeadAes128Gcm)
    };
    let (mut outbound, mut inbound) = pair(&config);
    let packets: Vec<_> = (0..200)
        .map(|number| protected(&mut outbound, &rtp(number, b"x")))
        .collect();
    for number in [0, 100, 99, 199, 136] {
        assert!(
            inbound.unprotect_rtp(&mut packets[number].clone()).is_ok(),
            "{number}"
        );
    }
    // 135 was never received, but is one too old.
    for number in [0, 100, 99, 199, 136, 135] {
        let mut again = packets[number].clone();
        assert_eq!(
            inbound.unprotect_rtp(&mut again),
            Err(Rejected::Replayed),
            "{number}"
        );
    }
    let packets: Vec<_> = (0..200)
        .map(|_| protected_rtcp(&mut outbound, &rtcp(9)))
        .collect();
    for number in [0, 199, 72] {
        assert!(
            inbound.unprotect_rtcp(&mut packets[number].clone()).is_ok(),
            "{number}"
        );
    }
    for number in [0, 199, 72, 71] {
        let mut again = packets[number].clone();
        assert_eq!(
            inbound.unprotect_rtcp(&mut again),
            Err(Rejected::Replayed),
            "{number}"
        );
    }
    assert_eq!(inbound.stats().rejected.replayed, 10);
}

#[test]
fn replay_protection_may_be_turned_off_for_each_of_rtp_and_rtcp() {
    for profile in Profile::ALL {
        for (for_rtp, for_rtcp) in [(false, false), (false, true), (true, false), (true, true)] {
            let config = Config {
                replay_window: 64,
                replay_protection: for_rtp,
                rtcp_replay_protection: for_rtcp,
                ..config(profile)
            };
            let (mut outbound, mut inbound) = pair(&config);
            // Around a wrap, so that the counter of old packets has to be found again.
            let number = |index: u16| u16::MAX.wrapping_sub(100).wrapping_add(index);
            let all: Vec<_> = (0..200)
                .map(|index| protected(&mut outbound, &rtp(number(index), b"x")))
                .collect();
            let reports: Vec<_> = (0..200)
                .map(|_| protected_rtcp(&mut outbound, &rtcp(9)))
                .collect();
            for (packet, report) in all.iter().zip(&reports) {
                inbound.unprotect_rtp(&mut packet.clone()).unwrap();
                inbound.unprotect_rtcp(&mut report.clone()).unwrap();
            }
            // The newest, one in the window, one behind it, the oldest.
            for index in [199, 150, 20, 0] {
                let packet = inbound.unprotect_rtp(&mut all[index].clone()).map(|_| ());
                assert_eq!(packet, if for_rtp { Err(Rejected::Replayed) } else { Ok(()) });
                let report = inbound.unprotect_rtcp(&mut reports[index].clone()).map(|_| ());
                assert_eq!(report, if for_rtcp { Err(Rejected::Replayed) } else { Ok(()) });
                let mut forged = all[index].clone();
                forged[13] ^= 1;
                let forged = inbound.unprotect_rtp(&mut forged).map(|_| ()).unwrap_err();
                assert!(for_rtp || forged == Rejected::BadTag);
            }
            // It goes on where it was.
            let next = protected(&mut outbound, &rtp(number(200), b"y"));
            assert_eq!(inbound.unprotect_rtp(&mut next.clone()).unwrap()[12..], *b"y");
            // A number is protected once all the same.
            let again = outbound.protect_rtp(&mut rtp(number(200), b"z"), 0);
            assert_eq!(again, Err(ProtectError::Repeated));
        }
    }
}

#[test]
fn a_number_is_protected_once_unless_repeats_are_allowed() {
    let (mut outbound, _) = pair(&config(Profile::AeadAes128Gcm));
    for number in [3000, 3001, 4000, 2000] {
        let result = outbound.protect_rtp(&mut rtp(number, b"x"), 0);
        let expected = if number == 2000 {
            Err(ProtectError::Repeated)
        } else {
            Ok(())
        };
        assert_eq!(result, expected, "{number}");
    }
    let mut again = rtp(3001, b"x");
    assert_eq!(outbound.protect_rtp(&mut again, 0), Err(ProtectError::Repeated));
    assert_eq!(again, rtp(3001, b"x"), "the buffer is as it was");

    let allowing = Config {
        allow_repeats: true,
        ..config(Profile::AeadAes128Gcm)
    };
    let (mut outbound, mut inbound) = pair(&allowing);
    let first = protected(&mut outbound, &rtp(5, b"x"));
    protected(&mut outbound, &rtp(3000, b"x"));
    assert_eq!(protected(&mut outbound, &rtp(5, b"x")), first);
    assert!(inbound.unprotect_rtp(&mut first.clone()).is_ok());

    // Sent before what seemed to be the first, it has no number below zero.
    let (mut outbound, _) = pair(&config(Profile::AeadAes128Gcm));
    protected(&mut outbound, &rtp(5, b"x"));
    let before = outbound.protect_rtp(&mut rtp(65_000, b"x"), 0);
    assert_eq!(before, Err(ProtectError::Repeated));
}

/// A packet with a header of 24 bytes and 111 of payload.
fn with_extension(number: u16, byte: u8) -> Vec<u8> {
    let elements = [0x11, 1, 2, 0x22, 1, 2, 3, 0];
    let mut packet = rtp_with(0, Some((0xbede, &elements)), number);
    packet.extend([byte; 100]);
    packet
}

/// Protects a packet in place and out of place, behind other bytes, with the same outcome.
fn both_ways(outbound: &mut Outbound, packet: &[u8]) -> Result<Vec<u8>, ProtectError> {
    let mut in_place = [&[7; 3], packet].concat();
    let result = outbound.protect_rtp(&mut in_place, 3);
    let (header, payload) = packet.split_at(24);
    let mut out_of_place = vec![7; 3];
    assert_eq!(
        outbound.protect_rtp_from(header, payload, &mut out_of_place),
        result
    );
    match result {
        Ok(()) => assert_eq!(in_place, out_of_place),
        Err(_) => assert_eq!((&in_place[3..], &out_of_place[..]), (packet, &[7; 3][..])),
    }
    result.map(|()| out_of_place.split_off(3))
}

/// The same packet again gives the same bytes; any other with its number is refused.
fn check_repeats(config: &Config) {
    let profile = config.profile;
    let (mut outbound, mut inbound) = pair(config);
    let repeated = Err(ProtectError::Repeated);
    protected(&mut outbound, &with_extension(9, 1));
    outbound.allow_same(0xcafe_babe).unwrap();
    let first: Vec<_> = (10..20)
        .map(|number| protected(&mut outbound, &with_extension(number, 1)))
        .collect();
    for (number, first) in (10..).zip(first) {
        let packet = with_extension(number, 1);
        assert_eq!(both_ways(&mut outbound, &packet), Ok(first), "{profile:?}");
        // One bit of header or payload, or another length.
        for change in [1, 4, 17, 24, packet.len() - 1, packet.len()] {
            let mut other = packet.clone();
            match other.get_mut(change) {
                Some(byte) => *byte ^= 1,
                None => other.push(0),
            }
            assert_eq!(both_ways(&mut outbound, &other), repeated, "{profile:?} {change}");
        }
    }
    assert_eq!(outbound.stats().rtp_packets, 11 + 20);
    // It was sent before its SSRC was allowed.
    assert_eq!(both_ways(&mut outbound, &with_extension(9, 1)), repeated);
    // A receiver that has lost it takes it once.
    let again = both_ways(&mut outbound, &with_extension(12, 1)).unwrap();
    assert!(inbound.unprotect_rtp(&mut again.clone()).is_ok());
    assert_eq!(inbound.unprotect_rtp(&mut again.clone()), Err(Rejected::Replayed));
    // A thousand later its tag is gone.
    for number in 20..20 + 1024 {
        protected(&mut outbound, &with_extension(number, 2));
    }
    assert_eq!(both_ways(&mut outbound, &with_extension(19, 1)), repeated);
    assert!(both_ways(&mut outbound, &with_extension(20, 2)).is_ok());
    outbound.forbid_same(0xcafe_babe);
    assert_eq!(both_ways(&mut outbound, &with_extension(20, 2)), repeated);
}

#[test]
fn the_same_packet_may_go_again_and_no_other() {
    for profile in Profile::ALL {
        let plain = config(profile);
        check_repeats(&plain);
        check_repeats(&Config {
            encrypted_extensions: vec![1],
            ..plain.clone()
        });
        check_repeats(&Config {
            cryptex: Cryptex::Prefer,
            ..plain
        });
    }
}

#[test]
fn streams_with_tags_are_bounded() {
    let config = Config {
        max_windows: 3,
        ..config(Profile::AeadAes128Gcm)
    };
    let (mut outbound, _) = pair(&config);
    let allowed = (0..5).map(|ssrc| outbound.allow_same(ssrc).is_ok());
    assert_eq!(allowed.collect::<Vec<_>>(), [true, true, true, false, false]);
    assert_eq!(outbound.allow_same(1), Ok(()), "it is known");
    outbound.forbid_same(1);
    assert_eq!(outbound.allow_same(4), Ok(()));
}

#[test]
fn numbers_end() {
    let (mut outbound, mut inbound) = pair(&config(Profile::AeadAes128Gcm));
    outbound.set_roc(0xcafe_babe, u32::MAX).unwrap();
    inbound.set_roc(0xcafe_babe, u32::MAX).unwrap();
    let mut last = protected(&mut outbound, &rtp(65_535, b"x"));
    assert_eq!(
        outbound.protect_rtp(&mut rtp(0, b"x"), 0),
        Err(ProtectError::KeyExhausted)
    );
    assert!(inbound.unprotect_rtp(&mut last).is_ok());
    assert_eq!(
        inbound.unprotect_rtp(&mut rtp(0, &[0; 30])),
        Err(Rejected::Replayed)
    );

    assert_eq!(outbound.rtcp_index(1), Some(0));
    assert_eq!(
        outbound.set_rtcp_index(1, 1 << 31),
        Err(ProtectError::KeyExhausted)
    );
    outbound.set_rtcp_index(1, (1 << 31) - 1).unwrap();
    let mut last = protected_rtcp(&mut outbound, &rtcp(1));
    assert_eq!(outbound.rtcp_index(1), None);
    assert_eq!(
        outbound.protect_rtcp(&mut rtcp(1), 0),
        Err(ProtectError::KeyExhausted)
    );
    assert!(inbound.unprotect_rtcp(&mut last).is_ok());
}

#[test]
fn who_joins_late_is_told_the_rollover_counter() {
    let (mut outbound, mut inbound) = pair(&config(Profile::Aes128CmSha1_80));
    for sent in (0..200_000_u64).step_by(1000) {
        protected(&mut outbound, &rtp(low(sent), b"x"));
    }
    let mut packet = protected(&mut outbound, &rtp(low(199_001), b"x"));
    assert_eq!(inbound.unprotect_rtp(&mut packet.clone()), Err(Rejected::BadTag));
    let roc = outbound.roc(0xcafe_babe).unwrap();
    assert_eq!(roc, 3);
    inbound.set_roc(0xcafe_babe, roc).unwrap();
    assert!(inbound.unprotect_rtp(&mut packet).is_ok());
}

#[test]
fn state_is_bounded_and_only_made_behind_a_right_tag() {
    let bounded = Config {
        max_ssrcs: 3,
        ..config(Profile::AeadAes128Gcm)
    };
    let (mut outbound, mut inbound) = pair(&bounded);
    for ssrc in 100..10_000 {
        assert!(inbound.unprotect_rtp(&mut rtp_of(ssrc, 1, &[0; 40])).is_err());
        assert!(
            inbound
                .unprotect_rtcp(&mut [rtcp(ssrc), vec![0x80; 20]].concat())
                .is_err()
        );
    }
    assert_eq!(inbound.stats().ssrcs, 0);
    assert_eq!(inbound.stats().rejected.bad_tag, 19_800);

    for ssrc in 0..3 {
        let mut packet = protected(&mut outbound, &rtp_of(ssrc, 1, b"x"));
        assert!(inbound.unprotect_rtp(&mut packet).is_ok());
    }
    let too_many = Err(ProtectError::TooManySsrcs);
    assert_eq!(outbound.protect_rtp(&mut rtp_of(3, 1, b"x"), 0), too_many);
    assert_eq!(outbound.protect_rtcp(&mut rtcp(3), 0), too_many);
    assert_eq!(outbound.set_roc(3, 1), too_many);
    let (mut other, _) = pair(&bounded);
    let fourth = protected(&mut other, &rtp_of(3, 1, b"x"));
    let fourth_rtcp = protected_rtcp(&mut other, &rtcp(4));
    let too_many = Rejected::TooManySsrcs;
    assert_eq!(inbound.unprotect_rtp(&mut fourth.clone()), Err(too_many));
    assert_eq!(inbound.unprotect_rtcp(&mut fourth_rtcp.clone()), Err(too_many));
    assert_eq!(inbound.set_roc(3, 1), Err(too_many));
    // Nothing is computed for them.
    let mut forged = rtcp(4);
    forged.extend_from_slice(&[0x80; 20]);
    assert_eq!(inbound.unprotect_rtcp(&mut forged), Err(too_many));
    assert_eq!(inbound.unprotect_rtp(&mut rtp_of(3, 1, &[0; 40])), Err(too_many));
    // Those that are known go on; and there is room again when one is forgotten.
    assert!(
        inbound
            .unprotect_rtp(&mut protected(&mut outbound, &rtp_of(2, 2, b"x")))
            .is_ok()
    );
    assert!(inbound.forget(1) && !inbound.forget(1));
    assert!(inbound.unprotect_rtp(&mut fourth.clone()).is_ok());
    assert!(
        inbound
            .unprotect_rtp(&mut protected(&mut outbound, &rtp_of(2, 3, b"x")))
            .is_ok()
    );
    assert_eq!(inbound.stats().ssrcs, 3);
}

/// As in a long call whose streams come and go.
#[test]
fn a_thousand_ssrcs_more_than_there_are_windows_come_back() {
    let small = Config {
        max_windows: 4,
        ..config(Profile::AeadAes128Gcm)
    };
    let (mut outbound, mut inbound) = pair(&small);
    let mut first = Vec::new();
    for round in 0..3_u16 {
        for ssrc in 0..1000 {
            let number = 65_000 + 100 * round;
            let packet = protected(&mut outbound, &rtp_of(ssrc, number, b"x"));
            assert!(
                inbound.unprotect_rtp(&mut packet.clone()).is_ok(),
                "{ssrc} in {round}"
            );
            let mut report = protected_rtcp(&mut outbound, &rtcp(ssrc));
            assert!(inbound.unprotect_rtcp(&mut report.clone()).is_ok());
            let replayed = Err(Rejected::Replayed);
            assert_eq!(inbound.unprotect_rtcp(&mut report).map(drop), replayed);
            first.push(packet);
        }
    }
    assert_eq!((inbound.stats().ssrcs, outbound.stats().ssrcs), (1000, 1000));
    for packet in &mut first {
        assert_eq!(inbound.unprotect_rtp(packet), Err(Rejected::Replayed));
    }
    let repeated = Err(ProtectError::Repeated);
    assert_eq!(outbound.protect_rtp(&mut rtp_of(0, 65_000, b"y"), 0), repeated);
    // The rollover counter is not forgotten either.
    assert!(
        inbound
            .unprotect_rtp(&mut protected(&mut outbound, &rtp_of(5, 3, b"x")))
            .is_ok()
    );
    for other in 10..20 {
        assert!(
            inbound
                .unprotect_rtp(&mut protected(&mut outbound, &rtp_of(other, 3, b"x")))
                .is_ok()
        );
    }
    assert_eq!((inbound.roc(5), outbound.roc(5)), (Some(1), Some(1)));
    assert!(
        inbound
            .unprotect_rtp(&mut protected(&mut outbound, &rtp_of(5, 4, b"x")))
            .is_ok()
    );
}

#[test]
fn the_mki_chooses_the_key() {
    for profile in Profile::ALL {
        let with_mki = Config {
            mki: b"one!".to_vec(),
            ..config(profile)
        };
        let (mut outbound, mut inbound) = pair(&with_mki);
        let sealed = protected(&mut outbound, &rtp(1, b"x"));
        assert_eq!(sealed.len(), 13 + profile.rtp_overhead() + 4);
        let gcm = profile.salt_len() == 12;
        let rtp_mki = if gcm { sealed.len() - 4 } else { 13 };
        assert_eq!(&sealed[rtp_mki..rtp_mki + 4], b"one!");
        assert_eq!(inbound.unprotect_rtp(&mut sealed.clone()).unwrap(), rtp(1, b"x"));
        let mut sealed = protected_rtcp(&mut outbound, &rtcp(1));
        assert_eq!(inbound.unprotect_rtcp(&mut sealed).unwrap(), rtcp(1));

        outbound.add_key(b"two!", &key(profile, 2)).unwrap();
        assert!(outbound.select_key(b"two!") && !outbound.select_key(b"six!"));
        let second = protected(&mut outbound, &rtp(2, b"x"));
        let second_rtcp = protected_rtcp(&mut outbound, &rtcp(1));
        let unknown = Err(Rejected::UnknownMki);
        assert_eq!(inbound.unprotect_rtp(&mut second.clone()), unknown);
        assert_eq!(inbound.unprotect_rtcp(&mut second_rtcp.clone()), unknown);
        inbound.add_key(b"two!", &key(profile, 2)).unwrap();
        assert!(inbound.unprotect_rtp(&mut second.clone()).is_ok());
        assert!(inbound.unprotect_rtcp(&mut second_rtcp.clone()).is_ok());
        // Numbers go on over a change of keys, and the old key is still there.
        assert!(outbound.select_key(b"one!"));
        assert_eq!(
            outbound.protect_rtp(&mut rtp(2, b"x"), 0),
            Err(ProtectError::Repeated)
        );
        assert!(
            inbound
                .unprotect_rtp(&mut protected(&mut outbound, &rtp(3, b"x")))
                .is_ok()
        );
        assert!(inbound.remove_key(b"one!") && !inbound.remove_key(b"one!") && !inbound.remove_key(b"two!"));
        assert_eq!(
            inbound.unprotect_rtp(&mut protected(&mut outbound, &rtp(4, b"x"))),
            unknown
        );
    }
}

#[test]
fn keys_have_limits() {
    let profile = Profile::Aes128CmSha1_80;
    let long = Config {
        mki: vec![0; MAX_MKI + 1],
        ..config(profile)
    };
    let error = Inbound::new(&long, &key(profile, 1)).unwrap_err();
    assert!(matches!(error, ConfigError::MkiLength { actual: 256, .. }));
    let error = Outbound::new(&config(profile), &key(Profile::Aes256CmSha1_80, 1)).unwrap_err();
    assert!(matches!(error, ConfigError::Key(_)), "{error}");
    let error = Outbound::new(&config(Profile::AeadAes128Gcm), &key(profile, 1)).unwrap_err();
    assert!(matches!(error, ConfigError::SaltLength { .. }), "{error}");

    let with_mki = Config {
        mki: vec![0],
        ..config(profile)
    };
    let (mut outbound, mut inbound) = pair(&with_mki);
    for mki in 1..u8::try_from(MAX_KEYS).unwrap() {
        inbound.add_key(&[mki], &key(profile, mki)).unwrap();
    }
    let another = key(profile, 99);
    assert_eq!(inbound.add_key(&[99], &another), Err(ConfigError::TooManyKeys));
    assert_eq!(inbound.add_key(&[3], &another), Err(ConfigError::MkiInUse));
    assert!(matches!(
        outbound.add_key(&[1, 2], &another),
        Err(ConfigError::MkiLength { .. })
    ));
    assert!(!outbound.remove_key(&[0]), "the only one stays");
    assert!(
        !format!("{outbound:?}{inbound:?}").contains("[1, 2, 3, 4"),
        "no key is printed"
    );
}

#[test]
fn rtcp_may_go_unencrypted_but_never_unauthenticated() {
    for profile in Profile::ALL {
        let plain_rtcp = Config {
            encrypt_rtcp: false,
            ..config(profile)
        };
        let (mut outbound, _) = pair(&plain_rtcp);
        let (_, mut inbound) = pair(&config(profile));
        for _ in 0..3 {
            let sealed = protected_rtcp(&mut outbound, &rtcp(1));
            assert!(sealed.starts_with(&rtcp(1)));
            let mut forged = sealed.clone();
            forged[20] ^= 1;
            assert_eq!(inbound.unprotect_rtcp(&mut forged), Err(Rejected::BadTag));
            assert_eq!(inbound.unprotect_rtcp(&mut sealed.clone()).unwrap(), rtcp(1));
        }
    }
}

/// A plain RTP packet of any shape that a sender may make.
fn any_packet() -> impl Strategy<Value = (Vec<u8>, usize)> {
    let profile = prop_oneof![Just(0xbede_u16), Just(0x1000), Just(0x1003), any::<u16>()];
    let words = prop::collection::vec(any::<[u8; 4]>(), 0..40);
    let extension = prop::option::of((profile, words));
    let rest = prop::collection::vec(any::<u8>(), 0..200);
    (any::<[u8; 12]>(), 0..16_u8, extension, rest).prop_map(|(fixed, csrcs, extension, rest)| {
        let mut packet = fixed.to_vec();
        packet[0] = 0x80 | fixed[0] & 0x20 | csrcs;
        packet.extend((0..4 * csrcs).map(|byte| byte ^ 0x5a));
        if let Some((profile, words)) = extension {
            packet[0] |= 0x10;
            packet.extend_from_slice(&profile.to_be_bytes());
            packet.extend_from_slice(&u16::try_from(words.len()).unwrap().to_be_bytes());
            packet.extend(words.into_iter().flatten());
        }
        let header = packet.len();
        packet.extend_from_slice(&rest);
        (packet, header)
    })
}

fn any_config() -> impl Strategy<Value = Config> {
    use srtp::Cryptex::{Accept, Off, Prefer, Require};
    let cryptex = prop_oneof![Just(Off), Just(Accept), Just(Prefer), Just(Require)];
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    (0..8_usize, bytes(6), cryptex, bytes(20)).prop_map(|(profile, mki, cryptex, ids)| Config {
        mki,
        cryptex,
        encrypted_extensions: ids,
        ..config(Profile::ALL[profile])
    })
}

proptest! {
    #[test]
    fn any_packet_comes_back_or_is_refused_before_it_is_changed(config in any_config(), (packet, header) in any_packet()) {
        let (mut outbound, mut inbound) = pair(&config);
        let (mut twin, _) = pair(&config);
        let mut sealed = packet.clone();
        let result = outbound.protect_rtp(&mut sealed, 0);
        let mut from = Vec::new();
        prop_assert_eq!(twin.protect_rtp_from(&packet[..header], &packet[header..], &mut from), result);
        if let Err(error) = result {
            prop_assert!(matches!(error, ProtectError::Malformed | ProtectError::NotEncryptable));
            prop_assert_eq!((&sealed, &from), (&packet, &Vec::new()));
        } else {
            prop_assert_eq!(&sealed, &from, "the same in place and out of place, and for the same input");
            prop_assert!(sealed.len() <= packet.len() + outbound.max_overhead());
            let encrypted_profile = |packet: &[u8]| {
                let at = 12 + 4 * usize::from(packet[0] & 15);
                packet[0] & 16 != 0 && [[0xc0, 0xde], [0xc2, 0xde]].contains(&[packet[at], packet[at + 1]])
            };
            // A receiver that looks for Cryptex takes these marks for it, wherever they come from.
            let ambiguous = encrypted_profile(&packet) && config.cryptex != srtp::Cryptex::Off;
            let opened = inbound.unprotect_rtp(&mut sealed).map(|opened| opened.to_vec());
            if !ambiguous {
                let opened = opened.unwrap();
                let mut expected = packet.clone();
                if opened.len() > packet.len() {
                    // Cryptex has put an empty header extension behind the CSRCs.
                    expected[0] |= 16;
                    expected.splice(header..header, [0xbe, 0xde, 0, 0]);
                }
                prop_assert_eq!(opened, expected);
            }
        }
    }

    #[test]
    fn any_bytes_are_harmless(
        config in any_config(),
        datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..120)), 1..20),
    ) {
        let (mut outbound, mut inbound) = pair(&config);
        let tried = u64::try_from(datagrams.len()).unwrap();
        for (rtp, mut bytes) in datagrams {
            if let (true, Some(first)) = (rtp, bytes.first_mut()) {
                *first = 0x80 | *first & 0x3f;
            }
            let _: Result<(), _> = outbound.protect_rtp(&mut bytes.clone(), 0);
            let _: Result<(), _> = outbound.protect_rtcp(&mut bytes.clone(), 0);
            let mut copy = bytes.clone();
            prop_assert!(inbound.unprotect_rtp(&mut bytes).is_err());
            prop_assert!(inbound.unprotect_rtcp(&mut copy).is_err());
        }
        prop_assert_eq!(inbound.stats().ssrcs, 0);
        prop_assert_eq!(inbound.stats().rejected.total(), 2 * tried);
    }
}
