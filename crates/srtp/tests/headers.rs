//! Encrypted header extensions (RFC 6904) and whole headers (RFC 9335) through both contexts.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use srtp::{Config, Cryptex, Profile, ProtectError, Rejected};
use support::{config, pair, protected, rtp, rtp_with};

/// Id 1 with 2 bytes, id 2 with 3, padding, id 3 with 1.
const ONE_BYTE: [u8; 12] = [0x11, 0xa1, 0xa2, 0x22, 0xb1, 0xb2, 0xb3, 0, 0x30, 0xc1, 0, 0];
/// Id 1 with 2 bytes, id 200 with 3, id 3 empty.
const TWO_BYTE: [u8; 12] = [1, 2, 0xa1, 0xa2, 200, 3, 0xb1, 0xb2, 0xb3, 3, 0, 0];

fn encrypting(profile: Profile, ids: &[u8]) -> Config {
    Config {
        encrypted_extensions: ids.to_vec(),
        ..config(profile)
    }
}

fn with_cryptex(profile: Profile, cryptex: Cryptex) -> Config {
    Config {
        cryptex,
        ..config(profile)
    }
}

/// Which bytes of the header extension's elements are not what they were.
fn changed(plain: &[u8], sealed: &[u8], elements: usize) -> Vec<usize> {
    (0..12)
        .filter(|at| plain[elements + at] != sealed[elements + at])
        .collect()
}

#[test]
fn only_the_bodies_of_negotiated_elements_are_encrypted() {
    type Row<'a> = (u16, &'a [u8; 12], &'a [u8], &'a [usize]);
    let rows: [Row<'_>; 5] = [
        (0xbede, &ONE_BYTE, &[1, 3], &[1, 2, 9]),
        (0xbede, &ONE_BYTE, &[2, 9], &[4, 5, 6]),
        (0x1000, &TWO_BYTE, &[200], &[6, 7, 8]),
        (0x1007, &TWO_BYTE, &[1, 3], &[2, 3]),
        // Another profile has no elements that could be told apart.
        (0x4242, &ONE_BYTE, &[1, 2, 3], &[]),
    ];
    for profile in Profile::ALL {
        for (extension, elements, ids, expected) in rows {
            let (mut outbound, mut inbound) = pair(&encrypting(profile, ids));
            // One of 256 keys would leave a byte as it is: three packets tell.
            let mut all = Vec::new();
            for number in 0..3 {
                let plain = rtp_with(2, Some((extension, elements)), number);
                let mut sealed = protected(&mut outbound, &plain);
                all.extend(changed(&plain, &sealed, 24));
                assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain, "{profile:?}");
            }
            all.sort_unstable();
            all.dedup();
            let null = profile.name().contains("NULL");
            assert_eq!(
                all,
                if null { &[][..] } else { expected },
                "{profile:?} {extension:x}"
            );
        }
    }
}

#[test]
fn long_extensions_are_encrypted_to_their_end() {
    for profile in [Profile::Aes128CmSha1_80, Profile::AeadAes256Gcm] {
        // 260 elements of 253 bytes, which need a thousand times the key stream that is made at once.
        let elements: Vec<u8> = (0..260)
            .flat_map(|_| [&[7, 253][..], &[0; 253], &[0]].concat())
            .collect();
        let plain = rtp_with(0, Some((0x1000, &elements)), 1);
        let (mut outbound, mut inbound) = pair(&encrypting(profile, &[7]));
        let mut sealed = protected(&mut outbound, &plain);
        let zeros = |packet: &[u8]| {
            packet[16..]
                .windows(16)
                .filter(|bytes| **bytes == [0; 16])
                .count()
        };
        assert!(zeros(&plain) > 50_000 && zeros(&sealed) == 0);
        // The key stream does not begin again anywhere.
        assert_ne!(sealed[18..82], sealed[18 + 256..82 + 256]);
        assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain);
    }
}

#[test]
fn a_broken_extension_is_refused_on_both_sides() {
    let broken = rtp_with(0, Some((0xbede, &[0x10, 1, 0x2f, 2])), 1);
    let profile = Profile::AeadAes128Gcm;
    let (mut outbound, mut inbound) = pair(&encrypting(profile, &[1]));
    let mut out = broken.clone();
    assert_eq!(outbound.protect_rtp(&mut out, 0), Err(ProtectError::Malformed));
    assert_eq!(out, broken);
    // Whoever does not look into extensions may send it.
    let (mut careless, _) = pair(&config(profile));
    let mut sealed = protected(&mut careless, &broken);
    assert_eq!(inbound.unprotect_rtp(&mut sealed), Err(Rejected::Malformed));
}

#[test]
fn both_ends_have_to_agree_on_the_ids() {
    let plain = rtp_with(0, Some((0xbede, &ONE_BYTE)), 1);
    let (mut outbound, _) = pair(&encrypting(Profile::Aes128CmSha1_80, &[1]));
    let (_, mut inbound) = pair(&config(Profile::Aes128CmSha1_80));
    let mut sealed = protected(&mut outbound, &plain);
    let opened = inbound.unprotect_rtp(&mut sealed).unwrap();
    assert_ne!(opened, plain, "the element is still encrypted");
    assert_eq!(opened[28..], plain[28..]);
}

#[test]
fn the_ids_may_change_with_every_key() {
    for profile in Profile::ALL {
        let null = profile.name().contains("NULL");
        let (mut outbound, mut inbound) = pair(&Config {
            mki: vec![1],
            ..config(profile)
        });
        outbound.add_key(&[2], &support::key(profile, 9)).unwrap();
        inbound.add_key(&[2], &support::key(profile, 9)).unwrap();
        let mut number = 0;
        for mki in [[1], [2]] {
            assert!(outbound.select_key(&mki));
            for (ids, expected) in [
                (&[1, 3][..], &[1, 2, 9][..]),
                (&[2], &[4, 5, 6]),
                (&[], &[]),
                (&[1], &[1, 2]),
            ] {
                outbound.set_encrypted_extensions(ids);
                inbound.set_encrypted_extensions(ids);
                let mut all = std::collections::BTreeSet::new();
                for _ in 0..3 {
                    number += 1;
                    let plain = rtp_with(0, Some((0xbede, &ONE_BYTE)), number);
                    let mut sealed = protected(&mut outbound, &plain);
                    all.extend(changed(&plain, &sealed, 16));
                    assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain, "{profile:?}");
                }
                let all: Vec<_> = all.into_iter().collect();
                assert_eq!(all, if null { &[] } else { expected }, "{profile:?} {ids:?}");
            }
        }
    }
}

#[test]
fn cryptex_hides_csrcs_and_extensions() {
    for profile in Profile::ALL
        .into_iter()
        .filter(|profile| !profile.name().contains("NULL"))
    {
        for csrcs in [0, 1, 15] {
            for (extension, marked) in [(0xbede, [0xc0, 0xde]), (0x1000, [0xc2, 0xde])] {
                let plain = rtp_with(csrcs, Some((extension, &ONE_BYTE)), 1);
                let (mut outbound, _) = pair(&with_cryptex(profile, Cryptex::Prefer));
                let (_, mut inbound) = pair(&with_cryptex(profile, Cryptex::Accept));
                let mut sealed = protected(&mut outbound, &plain);
                let head = 12 + 4 * usize::from(csrcs);
                assert_eq!(sealed[head..head + 2], marked);
                assert_eq!(sealed[head + 2..head + 4], [0, 3]);
                assert_eq!(sealed[..12], plain[..12]);
                assert!(csrcs == 0 || sealed[12..head] != plain[12..head]);
                assert_ne!(sealed[head + 4..head + 16], plain[head + 4..head + 16]);
                assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain, "{profile:?}");
            }
        }
    }
}

#[test]
fn a_profile_without_cipher_marks_nothing_as_encrypted() {
    for (csrcs, extension) in [(2, None), (0, Some((0xbede, &ONE_BYTE[..])))] {
        let plain = rtp_with(csrcs, extension, 1);
        let (mut outbound, mut inbound) = pair(&with_cryptex(Profile::NullSha1_80, Cryptex::Prefer));
        let mut sealed = protected(&mut outbound, &plain);
        assert!(sealed.starts_with(&plain));
        assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain);
        let (mut outbound, _) = pair(&with_cryptex(Profile::NullSha1_80, Cryptex::Require));
        let refused = outbound.protect_rtp(&mut plain.clone(), 0);
        assert_eq!(refused, Err(ProtectError::NotEncryptable));
    }
}

#[test]
fn csrcs_without_extension_get_an_empty_one() {
    let profile = Profile::AeadAes128Gcm;
    let plain = rtp_with(2, None, 1);
    let expected = [&plain[..20], &[0xbe, 0xde, 0, 0], &plain[20..]].concat();
    let (mut outbound, mut inbound) = pair(&with_cryptex(profile, Cryptex::Require));
    let mut sealed = protected(&mut outbound, &plain);
    assert_eq!(sealed.len(), plain.len() + 4 + 16);
    let opened = inbound.unprotect_rtp(&mut sealed).unwrap();
    assert_eq!((opened[0], &opened[1..]), (plain[0] | 0x10, &expected[1..]));
    // And out of place.
    let (mut outbound, mut inbound) = pair(&with_cryptex(profile, Cryptex::Require));
    let mut sealed = Vec::new();
    outbound
        .protect_rtp_from(&plain[..20], &plain[20..], &mut sealed)
        .unwrap();
    assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap()[1..], expected[1..]);
}

#[test]
fn cryptex_is_done_only_where_both_want_it() {
    let profile = Profile::Aes128CmSha1_80;
    let plain = rtp_with(1, Some((0xbede, &ONE_BYTE)), 1);
    let clear = |cryptex| {
        let mut outbound = pair(&with_cryptex(profile, cryptex)).0;
        protected(&mut outbound, &plain)
    };
    assert_eq!(clear(Cryptex::Off), clear(Cryptex::Accept));
    assert_eq!(clear(Cryptex::Off)[..plain.len() - 11], plain[..plain.len() - 11]);
    let (_, mut inbound) = pair(&with_cryptex(profile, Cryptex::Require));
    let refused = Err(Rejected::NotCryptex);
    assert_eq!(inbound.unprotect_rtp(&mut clear(Cryptex::Accept)), refused);
    assert_eq!(inbound.stats().rejected.not_cryptex, 1);
    // What was negotiated may change.
    inbound.set_cryptex(Cryptex::Accept);
    assert_eq!(inbound.unprotect_rtp(&mut clear(Cryptex::Accept)).unwrap(), plain);

    let (mut outbound, mut inbound) = pair(&with_cryptex(profile, Cryptex::Require));
    let mut foreign = rtp_with(0, Some((0x4242, &ONE_BYTE)), 1);
    assert_eq!(
        outbound.protect_rtp(&mut foreign, 0),
        Err(ProtectError::NotEncryptable)
    );
    outbound.set_cryptex(Cryptex::Prefer);
    outbound.protect_rtp(&mut foreign, 0).unwrap();
    assert_eq!(inbound.unprotect_rtp(&mut foreign), refused);
    // There is nothing to hide in a bare header.
    let mut bare = protected(&mut outbound, &rtp(2, b"x"));
    assert_eq!(inbound.unprotect_rtp(&mut bare).unwrap(), rtp(2, b"x"));
}

#[test]
fn cryptex_goes_before_single_extensions() {
    let both = Config {
        cryptex: Cryptex::Prefer,
        ..encrypting(Profile::AeadAes128Gcm, &[1, 2, 3])
    };
    let plain = rtp_with(1, Some((0xbede, &ONE_BYTE)), 1);
    let (mut outbound, mut inbound) = pair(&both);
    let mut sealed = protected(&mut outbound, &plain);
    let mut only_cryptex = pair(&with_cryptex(Profile::AeadAes128Gcm, Cryptex::Prefer)).0;
    assert_eq!(sealed, protected(&mut only_cryptex, &plain));
    assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain);
    outbound.set_cryptex(Cryptex::Accept);
    let plain = rtp_with(1, Some((0xbede, &ONE_BYTE)), 2);
    let mut sealed = protected(&mut outbound, &plain);
    assert_eq!(inbound.unprotect_rtp(&mut sealed).unwrap(), plain);
}
