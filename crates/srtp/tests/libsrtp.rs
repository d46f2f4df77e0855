//! Packet by packet against libsrtp, both ways: `interop/srtp` says how to build the other end. Skipped unless the
//! environment variable `LIBSRTP_PEER` names it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod support;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use srtp::{Config, Inbound, MasterKey, Outbound, Profile};
use support::{config, protected, protected_rtcp, rtcp, rtp, rtp_of, rtp_with};

/// The other end.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("LIBSRTP_PEER") else {
            println!("skipped: LIBSRTP_PEER is not set");
            return None;
        };
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        })
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    /// What became of a packet; libsrtp's status if it was refused.
    fn packet(&mut self, verb: &str, packet: &[u8]) -> Result<Vec<u8>, String> {
        let answer = self.ask(&format!("{verb} {}", hex(packet)));
        if answer.starts_with("error") {
            return Err(answer);
        }
        let digits: Vec<u32> = answer.chars().filter_map(|digit| digit.to_digit(16)).collect();
        Ok(digits
            .chunks(2)
            .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap())
            .collect())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _: Result<(), _> = self.child.kill();
        let _: Result<_, _> = self.child.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Ours and theirs with the same keys.
struct Match {
    outbound: Outbound,
    inbound: Inbound,
    peer: Peer,
    name: String,
    /// libsrtp 2.5 looks for the MKI of SRTCP in front of a tag as long as SRTP's.
    finds_rtcp_mki: bool,
}

impl Match {
    fn new(peer: Peer, config: &Config) -> Self {
        let key: Vec<u8> = (10..).take(config.profile.key_len()).collect();
        let salt: Vec<u8> = (200..).take(config.profile.salt_len()).collect();
        let master = MasterKey::new(&key, &salt);
        let mut this = Self {
            outbound: Outbound::new(config, &master).unwrap(),
            inbound: Inbound::new(config, &master).unwrap(),
            peer,
            finds_rtcp_mki: config.mki.is_empty() || config.profile.rtp_overhead() != 4,
            name: format!(
                "{:?}, MKI {:?}, ids {:?}",
                config.profile, config.mki, config.encrypted_extensions
            ),
        };
        let new = format!(
            "new {} {} {} {} {}",
            config.profile.name(),
            hex(&[key, salt].concat()),
            hex(&config.mki),
            hex(&config.encrypted_extensions),
            if config.encrypt_rtcp { "encrypted" } else { "clear" }
        );
        assert_eq!(this.peer.ask(&new), "ok", "{}", this.name);
        this
    }

    fn rtp(&mut self, plain: &[u8]) {
        let ours = protected(&mut self.outbound, plain);
        let theirs = self.peer.packet("protect-rtp", plain).unwrap();
        assert_eq!(hex(&ours), hex(&theirs), "{} {}", self.name, hex(plain));
        assert_eq!(
            self.peer.packet("unprotect-rtp", &ours).unwrap(),
            plain,
            "{}",
            self.name
        );
        assert_eq!(
            self.inbound.unprotect_rtp(&mut theirs.clone()).unwrap(),
            plain,
            "{}",
            self.name
        );
        // Both have seen it.
        assert!(self.peer.packet("unprotect-rtp", &ours).is_err());
        assert!(self.inbound.unprotect_rtp(&mut theirs.clone()).is_err());
    }

    fn rtcp(&mut self, ssrc: u32) {
        let plain = rtcp(ssrc);
        if self.outbound.rtcp_index(ssrc) == Some(0) {
            self.outbound.set_rtcp_index(ssrc, 1).unwrap();
        }
        let ours = protected_rtcp(&mut self.outbound, &plain);
        let theirs = self.peer.packet("protect-rtcp", &plain).unwrap();
        assert_eq!(hex(&ours), hex(&theirs), "{}", self.name);
        let opened = self.peer.packet("unprotect-rtcp", &ours);
        if self.finds_rtcp_mki {
            assert_eq!(opened.unwrap(), plain, "{}", self.name);
        }
        assert_eq!(
            self.inbound.unprotect_rtcp(&mut theirs.clone()).unwrap(),
            plain,
            "{}",
            self.name
        );
        assert!(self.inbound.unprotect_rtcp(&mut theirs.clone()).is_err());
    }

    /// Sizes, header shapes, two SSRCs, wraps with reordering.
    fn play(mut self) -> Peer {
        // Padding only at the end: libsrtp uses up no key stream for padding between elements, RFC 6904 §3 does.
        let one_byte = [0x11, 0xa1, 0xa2, 0x22, 0xb1, 0xb2, 0xb3, 0x30, 0xc1, 0, 0, 0];
        let two_byte = [1, 2, 0xa1, 0xa2, 200, 3, 0xb1, 0xb2, 0xb3, 3, 0, 0];
        for len in [0, 1, 15, 16, 17, 160, 1188] {
            self.rtp(&rtp(u16::try_from(len).unwrap(), &vec![0x5a; len]));
        }
        for csrcs in [0, 1, 15] {
            self.rtp(&rtp_with(csrcs, None, 2000 + u16::from(csrcs)));
            self.rtp(&rtp_with(
                csrcs,
                Some((0xbede, &one_byte)),
                2100 + u16::from(csrcs),
            ));
            self.rtp(&rtp_with(
                csrcs,
                Some((0x1000, &two_byte)),
                2200 + u16::from(csrcs),
            ));
        }
        for step in (0..250_000_u32).step_by(25_000) {
            for late in [0, 3, 1, 2] {
                let [.., a, b] = (3000 + step + late).to_be_bytes();
                self.rtp(&rtp(u16::from_be_bytes([a, b]), b"across the wraps"));
                self.rtp(&rtp_of(77, u16::from_be_bytes([a, b]), b"of another"));
            }
            self.rtcp(0xcafe_babe);
            self.rtcp(step);
        }
        // A forged packet is refused by both.
        let mut forged = protected(&mut self.outbound, &rtp_of(5, 1, b"payload"));
        *forged.get_mut(14).unwrap() ^= 1;
        assert!(self.peer.packet("unprotect-rtp", &forged).is_err());
        assert!(self.inbound.unprotect_rtp(&mut forged).is_err());
        self.peer
    }
}

#[test]
fn both_produce_the_same_bytes_and_open_each_other() {
    let Some(mut peer) = Peer::start() else { return };
    println!("with {}", peer.ask("version"));
    for profile in Profile::ALL {
        for mki in [&[][..], b"\x01", b"four"] {
            for (ids, encrypt_rtcp) in [(&[][..], true), (&[1, 3, 200], false)] {
                let config = Config {
                    mki: mki.to_vec(),
                    encrypted_extensions: ids.to_vec(),
                    encrypt_rtcp,
                    ..config(profile)
                };
                peer = Match::new(peer, &config).play();
            }
        }
    }
}

/// A small generator, so that every run has the same arrivals.
fn random(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 40).unwrap()
}

/// Losses, reordering within and beyond the window, duplicates, jumps, forged packets: both accept the same packets.
#[test]
fn both_accept_the_same_packets() {
    let Some(mut peer) = Peer::start() else { return };
    for (seed, profile) in (1_u64..).zip([
        Profile::Aes128CmSha1_80,
        Profile::Aes128CmSha1_32,
        Profile::AeadAes128Gcm,
    ]) {
        let mut played = Match::new(peer, &config(profile));
        let mut state = seed;
        let mut sent = Vec::new();
        let (mut index, mut accepted, mut refused) = (random(&mut state) % 65_536, 0, 0);
        for _ in 0..4000 {
            // Mostly the next packet; now and then a jump, which in the end is several wraps.
            index += match random(&mut state) % 20 {
                0 => 1 + random(&mut state) % 20_000,
                1 => 1 + random(&mut state) % 300,
                _ => 1,
            };
            let [.., a, b] = index.to_be_bytes();
            let packet = rtp(u16::from_be_bytes([a, b]), &index.to_be_bytes());
            sent.push(protected(&mut played.outbound, &packet));
            // What arrives is this packet or one from before.
            let back = match random(&mut state) % 8 {
                0 => random(&mut state) % 2000,
                1 | 2 => random(&mut state) % 40,
                _ => 0,
            };
            let mut arrival = sent[sent.len() - 1 - back.min(sent.len() - 1)].clone();
            if random(&mut state).is_multiple_of(30) {
                *arrival.last_mut().unwrap() ^= 1;
            }
            let theirs = played.peer.packet("unprotect-rtp", &arrival);
            let ours = played.inbound.unprotect_rtp(&mut arrival);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{ours:?} {theirs:?} at {index}");
            accepted += usize::from(ours.is_ok());
            refused += usize::from(ours.is_err());
        }
        assert!(
            index > 1_000_000 && accepted > 2000 && refused > 500,
            "{index} {accepted} {refused}"
        );
        peer = played.peer;
    }
}
