//! The peer: ICE, DTLS and SCTP, each by itself, so that anything can be put between them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use dtls::{ClientAuth, FingerprintAlgorithm, PeerVerification};
use ice::{Credentials, Input, RemoteParameters, Role};
use sctp::SendOptions;
use sctp::core::Association;

use super::ours::attribute;
use super::{OURS, PEERS};
use crate::dtls_targets::certificate;
use crate::duel::Script;
use crate::ice_targets::address;
use crate::sctp_targets::seal;

/// Payload protocol identifiers: of DCEP, of every kind of message, and of nobody.
const PPIDS: [u32; 9] = [50, 51, 53, 56, 57, 52, 54, 0, 99];

/// What waits to be sealed.
const MAX_HOSTILE: usize = 64;

pub(super) struct Peer {
    agent: ice::core::Agent,
    dtls: dtls::core::Connection,
    sctp: Association,
    pub(super) our_password: String,
    /// Plaintexts that were never SCTP's.
    hostile: VecDeque<Vec<u8>>,
    /// The last packet of SCTP, to be changed.
    last: Vec<u8>,
}

/// A description with these credentials.
pub(super) fn description(credentials: &Credentials, setup: &str) -> String {
    let Credentials { ufrag, pwd, .. } = credentials;
    let fingerprint = certificate().map(|certificate| certificate.fingerprint(FingerprintAlgorithm::Sha256));
    let fingerprint = fingerprint.map(|it| it.to_string()).unwrap_or_default();
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:{pwd}\r\na=fingerprint:{fingerprint}\r\na=setup:{setup}\r\na=sctp-port:5000\r\n\
         a=max-message-size:8192\r\na=candidate:1 1 udp 2130706431 10.0.0.2 2 typ host\r\n"
    )
}

impl Peer {
    pub(super) fn new(now: Instant, choice: u8) -> Option<Self> {
        let certificate = certificate()?.clone();
        let fingerprint = certificate.fingerprint(FingerprintAlgorithm::Sha256);
        let config = Arc::new(dtls::Config {
            certificate: Some(certificate),
            verify: PeerVerification::Fingerprints(vec![fingerprint]),
            client_auth: ClientAuth::Require,
            ..dtls::Config::default()
        });
        let controlling = choice & 1 != 0;
        let mut agent = ice::core::Agent::new(
            ice::Config {
                role: if controlling {
                    Role::Controlling
                } else {
                    Role::Controlled
                },
                lite: choice & 2 != 0,
                ..ice::Config::default()
            },
            [2; 32],
        );
        agent.add_local_address(now, address(PEERS)?);
        agent.end_local_addresses(now);
        // We are active where we answer, and so is the peer.
        let dtls = if controlling {
            dtls::core::Connection::server(config, [3; 32])
        } else {
            dtls::core::Connection::client(config, [3; 32])
        };
        let sctp = sctp::Config {
            send_buffer: 64 * 1024,
            receive_window: 64 * 1024,
            ..sctp::Config::default()
        };
        Some(Self {
            agent,
            dtls,
            sctp: Association::new(sctp, [4; 32]),
            our_password: String::new(),
            hostile: VecDeque::new(),
            last: Vec::new(),
        })
    }

    pub(super) fn description(&self, setup: &str) -> String {
        let lite = if self.agent.is_lite() {
            "a=ice-lite\r\n"
        } else {
            ""
        };
        let sdp = description(self.agent.local_credentials(), setup);
        sdp.replacen("t=0 0\r\n", &format!("t=0 0\r\n{lite}"), 1)
    }

    /// Takes our description.
    pub(super) fn learn(&mut self, now: Instant, sdp: &str) {
        let (Some(ufrag), Some(pwd)) = (attribute(sdp, "ice-ufrag"), attribute(sdp, "ice-pwd")) else {
            return;
        };
        self.our_password = pwd.to_owned();
        let remote = RemoteParameters::from(Credentials::new(ufrag, pwd));
        let _ = self.agent.set_remote(now, remote);
        if let Some(Ok(candidate)) = address(OURS)
            .map(|at| format!("candidate:1 1 udp 2130706431 {} {} typ host", at.ip(), at.port()).parse())
        {
            let _ = self.agent.add_remote_candidate(now, candidate);
        }
    }

    pub(super) fn password(&self) -> String {
        self.agent.local_credentials().pwd.clone()
    }

    pub(super) fn handle_input(&mut self, now: Instant, path: ice::Path, datagram: &mut [u8]) {
        if self.agent.handle_input(now, path, datagram) != Input::Data {
            return;
        }
        for packet in self.dtls.handle_input(now, datagram) {
            self.sctp.handle_input(now, &packet);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.agent.handle_timeout(now);
        self.dtls.handle_timeout(now);
        self.sctp.handle_timeout(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.agent.poll_timeout(),
            self.dtls.poll_timeout(),
            self.sctp.poll_timeout(),
        ];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn poll_event(&mut self, now: Instant) -> bool {
        if let Some(event) = self.dtls.poll_event() {
            if event == dtls::Event::Connected {
                self.sctp.connect(now);
            }
            return true;
        }
        self.agent.poll_event().is_some() || self.sctp.poll_event().is_some()
    }

    pub(super) fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<ice::Path> {
        if let Some(transmit) = self.agent.poll_transmit(now, out) {
            return Some(transmit.path);
        }
        let path = self.agent.data_path()?;
        self.dtls.connect(now);
        if self.dtls.poll_transmit(now, out).is_some() {
            return Some(path);
        }
        if !self.dtls.is_connected() {
            return None;
        }
        let mut packet = Vec::new();
        if let Some(hostile) = self.hostile.pop_front() {
            packet = hostile;
        } else if self.sctp.poll_transmit(now, &mut packet).is_some() {
            self.last.clone_from(&packet);
        } else {
            return None;
        }
        out.resize(self.dtls.head_room(), 0);
        out.append(&mut packet);
        self.dtls.seal(out, 0).ok().map(|()| path)
    }

    pub(super) fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        match script.byte() % 16 {
            // A message of any kind: DCEP, text that is none, pieces.
            0..=3 => {
                let kind = script.byte();
                let ppid = PPIDS.get(usize::from(kind) % PPIDS.len()).copied();
                let options = SendOptions {
                    unordered: kind & 0x80 != 0,
                    ..SendOptions::default()
                };
                let (stream, length) = (u16::from(script.byte() & 7), usize::from(script.byte()));
                let payload = Bytes::copy_from_slice(script.bytes(length));
                let _ = self.sctp.send(now, stream, ppid.unwrap_or(0), payload, &options);
            }
            4 => {
                let (stream, length) = (u16::from(script.byte() & 7), usize::from(script.short()) % 9000);
                let payload = Bytes::from(vec![b'p'; length]);
                let _ = self.sctp.send(now, stream, 53, payload, &SendOptions::default());
            }
            // Chunks that no association would write, under the right tag and checksum.
            5..=7 => {
                let mut packet = self.last.get(..12).unwrap_or_default().to_vec();
                let length = usize::from(script.byte());
                packet.extend_from_slice(script.bytes(length));
                seal(&mut packet);
                self.push(packet);
            }
            8..=10 => {
                let mut packet = self.last.clone();
                for _ in 0..=script.byte() & 3 {
                    let at = usize::from(script.byte()) % packet.len().max(1);
                    let with = script.byte();
                    packet.get_mut(at).into_iter().for_each(|byte| *byte ^= with);
                }
                seal(&mut packet);
                self.push(packet);
            }
            11 => {
                let length = usize::from(script.byte());
                self.push(script.bytes(length).to_vec());
            }
            12 => {
                let bits = script.byte();
                let streams: Vec<u16> = (0..8).filter(|stream| bits >> stream & 1 != 0).collect();
                let _ = self.sctp.reset_streams(now, &streams);
            }
            13 => (0..8).for_each(|stream| while self.sctp.recv(stream).is_some() {}),
            14 => self.sctp.shutdown(now),
            _ => match script.byte() % 4 {
                0 => self.sctp.abort(now, "fuzz"),
                1 => self.dtls.close(now),
                2 => self.agent.restart(now),
                _ => self.agent.close(),
            },
        }
    }

    fn push(&mut self, packet: Vec<u8>) {
        if self.hostile.len() < MAX_HOSTILE {
            self.hostile.push_back(packet);
        }
    }
}
