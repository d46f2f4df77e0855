//! Packets and contexts for the tests.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: clippy excuses its tests, not their helpers; not every program uses all of them"
)]

use srtp::{Config, Inbound, MasterKey, Outbound, Profile};

/// A config with everything else by default.
pub(crate) fn config(profile: Profile) -> Config {
    Config {
        profile,
        ..Config::default()
    }
}

/// A master key that depends on `seed`.
pub(crate) fn key(profile: Profile, seed: u8) -> MasterKey {
    let bytes = |len, first: u8| -> Vec<u8> { (first..).take(len).collect() };
    MasterKey::new(
        &bytes(profile.key_len(), seed),
        &bytes(profile.salt_len(), seed.wrapping_add(100)),
    )
}

/// Both ends of one direction.
pub(crate) fn pair(config: &Config) -> (Outbound, Inbound) {
    let key = key(config.profile, 1);
    (
        Outbound::new(config, &key).unwrap(),
        Inbound::new(config, &key).unwrap(),
    )
}

/// A plain RTP packet of SSRC 0xcafebabe.
pub(crate) fn rtp(sequence_number: u16, payload: &[u8]) -> Vec<u8> {
    rtp_of(0xcafe_babe, sequence_number, payload)
}

pub(crate) fn rtp_of(ssrc: u32, sequence_number: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend_from_slice(&sequence_number.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 9]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

/// A plain RTP packet with CSRCs and a header extension of this profile.
pub(crate) fn rtp_with(csrcs: u8, extension: Option<(u16, &[u8])>, sequence_number: u16) -> Vec<u8> {
    let mut packet = rtp(sequence_number, &[]);
    packet[0] |= csrcs;
    (0..csrcs).for_each(|csrc| packet.extend_from_slice(&[csrc, 1, 2, 3]));
    if let Some((profile, elements)) = extension {
        packet[0] |= 0x10;
        packet.extend_from_slice(&profile.to_be_bytes());
        packet.extend_from_slice(&u16::try_from(elements.len() / 4).unwrap().to_be_bytes());
        packet.extend_from_slice(elements);
    }
    packet.extend_from_slice(b"the payload");
    packet
}

/// A plain RTCP receiver report.
pub(crate) fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7];
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0xab; 24]);
    packet
}

pub(crate) fn protected(outbound: &mut Outbound, packet: &[u8]) -> Vec<u8> {
    let mut out = packet.to_vec();
    outbound.protect_rtp(&mut out, 0).unwrap();
    out
}

pub(crate) fn protected_rtcp(outbound: &mut Outbound, packet: &[u8]) -> Vec<u8> {
    let mut out = packet.to_vec();
    outbound.protect_rtcp(&mut out, 0).unwrap();
    out
}
