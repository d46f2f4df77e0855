//! What sections and their BUNDLE group mean for the one transport below them.

use std::net::SocketAddr;
use std::time::Instant;

use webrtc::core::{Event, PeerConnection};
use webrtc::{
    Configuration, DataChannelInit, DataChannelState, IceCandidateInit, MediaEngine, MediaKind,
    PeerConnectionState, RtpTransceiverDirection as Direction, SessionDescription,
};

use super::peer::{Peer, negotiate, parse, ports};

const ADDRESSES: [&str; 2] = ["192.0.2.1:1111", "192.0.2.2:2222"];

/// Tells each side its own candidates to the other, as applications do.
fn gather(peers: &mut [Peer; 2], now: Instant) {
    for (peer, address) in peers.iter_mut().zip(ADDRESSES) {
        if peer.core.wants_addresses() {
            peer.core.add_local_address(now, address.parse().unwrap());
            peer.core.end_local_addresses(now);
        }
    }
    for (from, to) in [(0, 1), (1, 0)] {
        while let Some(event) = peers[from].core.poll_event() {
            if let Event::IceCandidate(candidate) = event {
                peers[to].core.add_ice_candidate(now, Some(candidate)).unwrap();
            }
        }
    }
}

/// Moves datagrams and time until `done`, or until it takes too long.
fn run(peers: &mut [Peer; 2], done: impl Fn(&[Peer; 2]) -> bool) {
    let addresses = ADDRESSES.map(|address| address.parse::<SocketAddr>().unwrap());
    let mut now = peers[0].now;
    gather(peers, now);
    for _ in 0..2000 {
        if done(peers) {
            return;
        }
        let mut datagrams = Vec::new();
        for peer in peers.iter_mut() {
            let mut out = Vec::new();
            while let Some(transmit) = peer.core.poll_transmit(now, 1, &mut out) {
                datagrams.push((transmit.path, std::mem::take(&mut out)));
            }
        }
        if datagrams.is_empty() {
            let next = peers.iter().filter_map(|peer| peer.core.poll_timeout()).min();
            now = next.unwrap().max(now);
            peers.iter_mut().for_each(|peer| peer.core.handle_timeout(now));
        }
        for (path, mut datagram) in datagrams {
            let Some(to) = addresses.iter().position(|address| *address == path.remote) else {
                continue;
            };
            let back = ice::Path {
                local: path.remote,
                remote: path.local,
            };
            peers[to].core.handle_input(now, back, &mut datagram);
        }
    }
    panic!("it took too long");
}

fn exchange(peers: &mut [Peer; 2]) -> [sdp::SessionDescription; 2] {
    let [one, other] = peers;
    negotiate(one, other)
}

fn connect(peers: &mut [Peer; 2]) {
    let connected = |core: &PeerConnection| core.connection_state() == PeerConnectionState::Connected;
    run(peers, |peers| peers.iter().all(|peer| connected(&peer.core)));
}

#[test]
fn media_alone_connects_and_a_channel_may_come_later() {
    let mut peers = [Peer::new(1), Peer::new(2)];
    peers[0].add(MediaKind::Audio, Direction::SendRecv);
    exchange(&mut peers);
    connect(&mut peers);
    let now = peers[0].now;
    let chat = peers[0]
        .core
        .create_data_channel(now, "chat", &DataChannelInit::default())
        .unwrap();
    let [offer, _] = exchange(&mut peers);
    assert_eq!(ports(&offer), ["audio 9", "application 9"]);
    run(&mut peers, |peers| {
        peers[0].core.channel_state(chat) == DataChannelState::Open
    });
}

#[test]
fn the_answer_decides_whose_transport_it_is() {
    let mut peers = [
        Peer::new(1),
        Peer::with(2, &Configuration::default(), MediaEngine::empty()),
    ];
    peers[0].add(MediaKind::Audio, Direction::SendRecv);
    peers[0].add(MediaKind::Video, Direction::SendRecv);
    let now = peers[0].now;
    let chat = peers[0]
        .core
        .create_data_channel(now, "chat", &DataChannelInit::default())
        .unwrap();
    let [_, answer] = exchange(&mut peers);
    assert_eq!(ports(&answer), ["audio 0", "video 0", "application 9"]);
    assert!(peers[1].ids().is_empty());
    for (peer, address) in peers.iter_mut().zip(ADDRESSES) {
        peer.core.add_local_address(now, address.parse().unwrap());
        let mut events = std::iter::from_fn(|| peer.core.poll_event());
        let candidate = events.find_map(|event| {
            if let Event::IceCandidate(candidate) = event {
                Some(candidate)
            } else {
                None
            }
        });
        let candidate = candidate.unwrap();
        assert_eq!(candidate.sdp_mid.as_deref(), Some("2"));
        assert_eq!(candidate.sdp_m_line_index, Some(2));
    }
    let described = peers[1].core.local_description().unwrap();
    let described = parse(&described.sdp);
    let counts: Vec<_> = described
        .media
        .iter()
        .map(|media| media.candidates().count())
        .collect();
    assert_eq!(counts, [0, 0, 1]);
    let offer = parse(&peers[0].core.local_description().unwrap().sdp);
    let line = offer.media[0].candidates().next().unwrap().to_string();
    let candidate = Some(IceCandidateInit::new(line));
    peers[1].core.add_ice_candidate(now, candidate).unwrap();
    run(&mut peers, |peers| {
        peers[0].core.channel_state(chat) == DataChannelState::Open
    });
}

#[test]
fn candidates_of_transports_that_the_bundle_drops_are_passed_over() {
    let mut browser = Peer::new(1);
    browser.add(MediaKind::Audio, Direction::SendRecv);
    browser.add(MediaKind::Video, Direction::SendRecv);
    // A browser gathers for each section until the answer bundles them.
    let mut offer = parse(&browser.offer().sdp);
    for (index, media) in offer.media.iter_mut().enumerate() {
        let line = format!("1 1 udp 2130706431 192.0.2.9 {} typ host", 5000 + index);
        media
            .attributes
            .push(sdp::Attribute::Candidate(sdp::Candidate::new(line)));
    }
    let mut peer = Peer::new(2);
    peer.hear(&SessionDescription::offer(offer.to_string()));
    let trickled = |mid: &str, port: u16| IceCandidateInit {
        candidate: format!("candidate:2 1 udp 2130706431 192.0.2.9 {port} typ host"),
        sdp_mid: Some(mid.to_owned()),
        ..IceCandidateInit::default()
    };
    let now = peer.now;
    peer.core
        .add_ice_candidate(now, Some(trickled("0", 6000)))
        .unwrap();
    peer.core
        .add_ice_candidate(now, Some(trickled("1", 6001)))
        .unwrap();
    peer.answer();
    peer.core
        .add_ice_candidate(now, Some(trickled("1", 6002)))
        .unwrap();
    peer.core
        .add_ice_candidate(now, Some(trickled("0", 6003)))
        .unwrap();
    let stats = peer.core.stats();
    let mut known: Vec<_> = stats
        .remote_candidates
        .iter()
        .map(|known| known.address.clone())
        .collect();
    known.sort();
    known.dedup();
    assert_eq!(known.len(), 3, "{known:?}");
    assert_eq!(stats.ignored_candidates, 2);
}
