//! SRTP and SRTCP: what the wire brings, and packets that were protected and then damaged.

use srtp::{Config, Cryptex, Inbound, MasterKey, Outbound, Profile, Rejected};

use crate::duel::Script;

/// Streams that a context keeps at most.
const MAX_SSRCS: usize = 4;

/// Packets of a script.
const MAX_PACKETS: usize = 64;

struct World {
    outbound: Outbound,
    inbound: Inbound,
    /// A context of another key, which accepts nothing.
    stranger: Inbound,
    /// Protected packets, whether they are RTCP, and what was in them.
    sent: Vec<(Vec<u8>, bool, Vec<u8>)>,
    writes_cryptex: bool,
}

/// The first byte chooses the profile, the second one how headers are treated; then packets are protected, damaged, repeated
/// and made up.
///
/// # Panics
/// When a law is broken.
pub fn srtp_inbound(data: &[u8]) {
    let mut script = Script::new(data);
    let Some(profile) = Profile::ALL.get(usize::from(script.byte() & 7)).copied() else {
        return;
    };
    let Some(mut world) = World::new(profile, script.byte()) else {
        return;
    };
    for _ in 0..MAX_PACKETS {
        if script.is_empty() {
            break;
        }
        world.step(&mut script);
        let stats = world.inbound.stats();
        assert!(stats.ssrcs <= MAX_SSRCS, "state without a bound");
        assert_eq!(world.stranger.stats().ssrcs, 0, "state without a right tag");
    }
}

impl World {
    fn new(profile: Profile, choice: u8) -> Option<Self> {
        let config = Config {
            profile,
            cryptex: match choice & 3 {
                0 => Cryptex::Accept,
                1 => Cryptex::Off,
                2 => Cryptex::Prefer,
                _ => Cryptex::Require,
            },
            mki: vec![7; usize::from(choice >> 2 & 1) * 3],
            encrypted_extensions: if choice & 8 == 0 {
                Vec::new()
            } else {
                vec![1, 3, 15]
            },
            encrypt_rtcp: choice & 16 == 0,
            replay_window: 64,
            max_ssrcs: MAX_SSRCS,
            ..Config::default()
        };
        let key = |byte| MasterKey::new(&vec![byte; profile.key_len()], &vec![byte; profile.salt_len()]);
        Some(Self {
            outbound: Outbound::new(&config, &key(1)).ok()?,
            inbound: Inbound::new(&config, &key(1)).ok()?,
            stranger: Inbound::new(&config, &key(2)).ok()?,
            sent: Vec::new(),
            // Without a cipher there is nothing to hide behind.
            writes_cryptex: matches!(config.cryptex, Cryptex::Prefer | Cryptex::Require)
                && !matches!(profile, Profile::NullSha1_80 | Profile::NullSha1_32),
        })
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let step = script.byte();
        let is_rtcp = step & 0x80 != 0;
        match step & 7 {
            0 | 1 => self.send(is_rtcp, script),
            2 => self.forge(is_rtcp, script),
            3 | 4 => self.damage(script),
            5 => self.repeat(script),
            6 => self.out_of_place(script),
            _ => {
                let ssrc = u32::from(script.byte());
                let _ = match step >> 3 & 3 {
                    0 => self.inbound.set_roc(ssrc, u32::from(script.short())).is_ok(),
                    1 => self.outbound.set_roc(ssrc, u32::from(script.short())).is_ok(),
                    2 => self.inbound.forget(ssrc),
                    _ => self.inbound.roc(ssrc) == self.outbound.roc(ssrc),
                };
            }
        }
    }

    fn receive(&mut self, packet: &[u8], is_rtcp: bool) -> Result<Vec<u8>, Rejected> {
        let before = self.inbound.stats();
        let mut datagram = packet.to_vec();
        let received = match is_rtcp {
            true => self
                .inbound
                .unprotect_rtcp(&mut datagram)
                .map(|opened| opened.to_vec()),
            false => self
                .inbound
                .unprotect_rtp(&mut datagram)
                .map(|opened| opened.to_vec()),
        };
        let after = self.inbound.stats();
        let accepted = after.rtp_packets + after.rtcp_packets - before.rtp_packets - before.rtcp_packets;
        assert_eq!(accepted, u64::from(received.is_ok()));
        assert_eq!(
            after.rejected.total() - before.rejected.total(),
            u64::from(received.is_err())
        );
        let mut datagram = packet.to_vec();
        let strange = match is_rtcp {
            true => self.stranger.unprotect_rtcp(&mut datagram).is_ok(),
            false => self.stranger.unprotect_rtp(&mut datagram).is_ok(),
        };
        assert!(!strange, "another key opens it");
        received
    }

    /// A packet of plain bytes is protected, and opened at once.
    fn send(&mut self, is_rtcp: bool, script: &mut Script<'_>) {
        let length = usize::from(script.byte());
        let plain = script.bytes(length);
        let mut out = vec![0xee; 5];
        out.extend_from_slice(plain);
        let protected = match is_rtcp {
            true => self.outbound.protect_rtcp(&mut out, 5),
            false => self.outbound.protect_rtp(&mut out, 5),
        };
        let packet = out.split_off(5);
        assert_eq!(out, [0xee; 5], "what stands before is left alone");
        if protected.is_err() {
            assert_eq!(packet, plain, "an error changes nothing");
            return;
        }
        assert!(packet.len() <= plain.len() + self.outbound.max_overhead() + 4);
        let plain = match is_rtcp {
            true => plain.to_vec(),
            false => self.as_received(plain.to_vec()),
        };
        self.sent.push((packet.clone(), is_rtcp, plain.clone()));
        if script.flag() {
            self.opens(&packet, is_rtcp, &plain);
        }
    }

    /// To hide CSRCs where there are no extensions, Cryptex adds an extension without elements (RFC 9335 §5.1), which stays.
    fn as_received(&self, mut plain: Vec<u8>) -> Vec<u8> {
        let Some(first) = plain.first_mut() else {
            return plain;
        };
        let csrcs = usize::from(*first & 15);
        if self.writes_cryptex && csrcs > 0 && *first & 0x10 == 0 {
            *first |= 0x10;
            let end = 12 + 4 * csrcs;
            plain.splice(end..end, [0xbe, 0xde, 0, 0]);
        }
        plain
    }

    /// A genuine packet is opened as what it was, or refused for its number.
    fn opens(&mut self, packet: &[u8], is_rtcp: bool, plain: &[u8]) {
        match self.receive(packet, is_rtcp) {
            Ok(opened) => assert_eq!(opened, plain, "what was protected comes out"),
            Err(_) => return,
        }
        assert_eq!(
            self.receive(packet, is_rtcp),
            Err(Rejected::Replayed),
            "once and not again"
        );
    }

    fn repeat(&mut self, script: &mut Script<'_>) {
        let place = usize::from(script.byte()) % self.sent.len().max(1);
        if let Some((packet, is_rtcp, plain)) = self.sent.get(place).cloned() {
            self.opens(&packet, is_rtcp, &plain);
        }
    }

    /// A packet with some bytes changed, cut or added is never accepted as another.
    fn damage(&mut self, script: &mut Script<'_>) {
        let place = usize::from(script.byte()) % self.sent.len().max(1);
        let Some((mut packet, is_rtcp, plain)) = self.sent.get(place).cloned() else {
            return;
        };
        let at = usize::from(script.byte()) % packet.len().max(1);
        match script.byte() {
            0 => packet.truncate(at),
            1 => packet.insert(at, script.byte()),
            with => {
                if let Some(byte) = packet.get_mut(at) {
                    *byte ^= with;
                }
            }
        }
        let is_rtcp = is_rtcp ^ (script.byte() == 0xff);
        if let Ok(opened) = self.receive(&packet, is_rtcp) {
            assert_eq!(opened, plain, "a forgery");
        }
    }

    fn forge(&mut self, is_rtcp: bool, script: &mut Script<'_>) {
        let length = usize::from(script.byte());
        let made_up = script.bytes(length);
        let received = self.receive(made_up, is_rtcp);
        assert!(received.is_err(), "a forgery");
    }

    /// Header and payload from different places make the same packet as both in one.
    fn out_of_place(&mut self, script: &mut Script<'_>) {
        let lengths = (usize::from(script.byte()), usize::from(script.byte()));
        let (header, payload) = (script.bytes(lengths.0), script.bytes(lengths.1));
        let mut out = vec![0xee; 5];
        if self.outbound.protect_rtp_from(header, payload, &mut out).is_err() {
            assert_eq!(out, [0xee; 5], "an error appends nothing");
            return;
        }
        let packet = out.split_off(5);
        let plain = self.as_received([header, payload].concat());
        self.opens(&packet, false, &plain);
        self.sent.push((packet, false, plain));
    }
}
