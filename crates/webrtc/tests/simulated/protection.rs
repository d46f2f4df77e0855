//! How media is protected: what `SettingEngine::srtp` chooses, on the wire.

use std::time::Duration;

use netsim::Link;
use webrtc::core::{MediaKind, PeerConnection, TransceiverId};
use webrtc::{RtpTransceiverInit, SettingEngine, SrtpProfile, TrackInfo};

use crate::peer::{ADDRESSES, Call, Peer};

pub(crate) const LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// A call in which the offerer sends audio, with an id for the audio level.
pub(crate) struct Audio {
    pub(crate) call: Call,
    pub(crate) ours: TransceiverId,
    pub(crate) theirs: TransceiverId,
    number: u16,
}

fn connected(settings: [SettingEngine; 2]) -> Audio {
    let [offerer, answerer] = settings;
    connected_peers([Peer::new(1, 1, offerer), Peer::new(1, 2, answerer)])
}

pub(crate) fn connected_peers(peers: [Peer; 2]) -> Audio {
    let link = Link::with_latency(Duration::from_millis(10));
    let mut call = Call::of(peers, 1, &link);
    let track = TrackInfo {
        id: String::from("voice"),
        kind: MediaKind::Audio,
    };
    let ours = call.network.with(call.offerer, |peer, _| {
        let core: &mut PeerConnection = &mut peer.0;
        core.add_transceiver(track, RtpTransceiverInit::default())
            .unwrap()
    });
    call.negotiate();
    call.connect();
    let theirs = call.network.endpoint(call.answerer).0.transceivers().next();
    let theirs = theirs.unwrap().id();
    Audio {
        call,
        ours,
        theirs,
        number: 100,
    }
}

impl Audio {
    /// A packet with an audio level, as it is on the wire.
    pub(crate) fn wire(&mut self, ahead: u16) -> Vec<u8> {
        self.number = self.number.wrapping_add(ahead);
        let (ours, sequence_number) = (self.ours, self.number);
        self.call.network.with(self.call.offerer, |peer, now| {
            let section = peer.0.negotiated_media().unwrap().by_transceiver(ours).unwrap();
            let level = section.send_extension(LEVEL).unwrap();
            let mut header = rtp::Header {
                payload_type: section.send[0].payload_type,
                sequence_number,
                ..rtp::Header::default()
            };
            header.extensions.set(level, &[0xaa]).unwrap();
            peer.0
                .send_rtp(now, (ours, 0), &mut header, &[1, 2, 3][..])
                .unwrap();
            let mut datagram = Vec::new();
            loop {
                datagram.clear();
                peer.0.poll_transmit(now, 1, &mut datagram).unwrap();
                if datagram
                    .get(1)
                    .is_some_and(|byte| byte & 0x7f == header.payload_type)
                {
                    return datagram;
                }
            }
        })
    }
}

/// Gives the answerer what was on the wire. Returns whether it was taken, and with the level.
pub(crate) fn heard(audio: &mut Audio, mut datagram: Vec<u8>) -> bool {
    let [remote, local] = ADDRESSES.map(|address| (address, 5000).into());
    let theirs = audio.theirs;
    audio.call.network.with(audio.call.answerer, |peer, now| {
        peer.0
            .handle_input(now, ice::Path { local, remote }, &mut datagram);
        let mut packet = Vec::new();
        let is_here = peer.0.recv_rtp(theirs, &mut packet).is_some();
        if is_here {
            let packet = rtp::Packet::decode(packet.into()).unwrap();
            let section = peer.0.negotiated_media().unwrap().by_transceiver(theirs).unwrap();
            let level = section.receive_extension(LEVEL).unwrap();
            assert_eq!(packet.header.extensions.get(level), Some(&[0xaa][..]));
            assert_eq!(packet.payload, [1, 2, 3][..]);
        }
        is_here
    })
}

fn cipher(audio: &Audio) -> Option<&'static str> {
    audio
        .call
        .network
        .endpoint(audio.call.offerer)
        .0
        .stats()
        .transport
        .srtp_cipher
}

fn with_profiles(profiles: &[SrtpProfile]) -> SettingEngine {
    let mut settings = SettingEngine::default();
    settings.srtp.profiles = profiles.to_vec();
    settings
}

#[test]
fn the_profile_is_the_first_of_the_server_that_the_client_has() {
    use SrtpProfile::{AeadAes128Gcm, AeadAes256Gcm, Aes128CmSha1_32, Aes128CmSha1_80};
    // The offerer waits for the answerer's hello.
    let table: [(&[_], &[_], _); 4] = [
        (&SrtpProfile::ALL, &SrtpProfile::ALL, "SRTP_AEAD_AES_128_GCM"),
        (
            &[AeadAes256Gcm, AeadAes128Gcm],
            &SrtpProfile::ALL,
            "SRTP_AEAD_AES_256_GCM",
        ),
        (
            &SrtpProfile::ALL,
            &[Aes128CmSha1_80],
            "SRTP_AES128_CM_HMAC_SHA1_80",
        ),
        (
            &[Aes128CmSha1_32],
            &[Aes128CmSha1_80, Aes128CmSha1_32],
            "SRTP_AES128_CM_HMAC_SHA1_32",
        ),
    ];
    for (offerer, answerer, expected) in table {
        let mut audio = connected([with_profiles(offerer), with_profiles(answerer)]);
        assert_eq!(cipher(&audio), Some(expected));
        let packet = audio.wire(1);
        assert!(heard(&mut audio, packet));
    }
}

#[test]
fn the_replay_window_is_as_long_as_it_is_set() {
    for window in [64, 512] {
        let mut settings = SettingEngine::default();
        settings.srtp.replay_window = window;
        let mut audio = connected([settings.clone(), settings]);
        let packets: Vec<_> = (0..=window).map(|_| audio.wire(1)).collect();
        assert!(heard(&mut audio, packets[window].clone()));
        assert!(!heard(&mut audio, packets[0].clone()), "one too late");
        assert!(heard(&mut audio, packets[1].clone()));
        assert!(!heard(&mut audio, packets[1].clone()), "once");
        let stats = audio.call.network.endpoint(audio.call.answerer).0.rtp_stats();
        assert_eq!(stats.unwrap().replayed, 2);
    }
}

/// The next report of the offerer, as it is on the wire.
fn report(audio: &mut Audio) -> Vec<u8> {
    audio.call.network.with(audio.call.offerer, |peer, _| {
        let mut datagram = Vec::new();
        loop {
            let now = peer.0.poll_timeout().unwrap();
            peer.0.handle_timeout(now);
            while peer.0.poll_transmit(now, 1, &mut datagram).is_some() {
                if matches!(datagram[..2], [0x80..=0xbf, 200..=206]) {
                    return datagram;
                }
                datagram.clear();
            }
        }
    })
}

#[test]
fn replays_are_refused_unless_that_is_turned_off() {
    for (rtp, rtcp) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut settings = SettingEngine::default();
        settings.srtp.replay_protection = rtp;
        settings.srtp.rtcp_replay_protection = rtcp;
        let mut audio = connected([settings.clone(), settings]);
        let packet = audio.wire(1);
        let report = report(&mut audio);
        let stats = |audio: &Audio| audio.call.network.endpoint(audio.call.answerer).0.rtp_stats();
        let before = stats(&audio).unwrap();
        assert!(heard(&mut audio, packet.clone()));
        assert!(
            !heard(&mut audio, packet),
            "the application gets it once in any case"
        );
        for _ in 0..2 {
            assert!(!heard(&mut audio, report.clone()));
        }
        let after = stats(&audio).unwrap();
        let refused = u64::from(rtp) + u64::from(rtcp);
        assert_eq!(after.replayed - before.replayed, refused);
        assert_eq!(
            after.packets_received - before.packets_received,
            2 - u64::from(rtp)
        );
        assert_eq!(after.rtcp_received - before.rtcp_received, 2 - u64::from(rtcp));
        let core = &audio.call.network.endpoint(audio.call.answerer).0;
        let stream = core.inbound_rtp_stats(audio.theirs)[0].1;
        assert_eq!(stream.packets_duplicated, u64::from(!rtp));
        assert_eq!(after.rejected, before.rejected);
    }
}

#[test]
fn cryptex_is_used_where_both_sides_name_it() {
    for (ours, theirs) in [(false, false), (true, false), (false, true), (true, true)] {
        let settings = [ours, theirs].map(|cryptex| {
            let mut settings = SettingEngine::default();
            settings.srtp.cryptex = cryptex;
            settings
        });
        let mut audio = connected(settings);
        let nodes = [audio.call.offerer, audio.call.answerer];
        let described = nodes.map(|node| {
            let sdp = audio
                .call
                .network
                .endpoint(node)
                .0
                .local_description()
                .unwrap()
                .sdp;
            sdp.contains("a=cryptex\r\n")
        });
        assert_eq!(described, [ours, ours && theirs]);
        let packet = audio.wire(1);
        // RFC 9335 §5.1: the profile of one-byte extensions, or the one that stands for it.
        let profile: &[u8] = if ours && theirs {
            &[0xc0, 0xde]
        } else {
            &[0xbe, 0xde]
        };
        assert_eq!(&packet[12..14], profile);
        assert!((ours && theirs) || packet.contains(&0xaa), "in the clear");
        assert!(heard(&mut audio, packet));
    }
}
