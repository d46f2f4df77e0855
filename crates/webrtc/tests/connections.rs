//! Connections as a whole: negotiation, restarts, endings, shared ports (W3C webrtc-pc §4, RFC 9429).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use std::net::{IpAddr, SocketAddr};

use peers::{Pair, Peer, api, edited, settings, within};
use webrtc::{
    Api, Configuration, DataChannelInit, Endpoint, Error, Event, FailureReason, Filter, IceCandidateInit,
    OfferOptions, PeerConnectionState, SessionDescription, SettingEngine, SignalingState,
};

#[tokio::test]
async fn candidates_may_trickle_in_either_order() {
    let mut pair = Pair::new(&api());
    let chat = pair
        .offerer
        .pc
        .create_data_channel("chat", DataChannelInit::default())
        .unwrap();
    let offer = pair.offerer.pc.create_offer(OfferOptions::default()).unwrap();
    pair.offerer.pc.set_local_description(offer.clone()).unwrap();
    assert!(
        !offer.sdp.contains("a=candidate"),
        "what createOffer made has no candidates yet"
    );
    pair.answerer.pc.set_remote_description(&offer).unwrap();
    let mut from_offerer = trickled(&mut pair.offerer).await;
    pair.answerer
        .pc
        .add_ice_candidate(from_offerer.remove(0))
        .unwrap(); // before the answer
    let answer = pair.answerer.pc.create_answer().unwrap();
    pair.answerer.pc.set_local_description(answer.clone()).unwrap();
    pair.offerer.pc.set_remote_description(&answer).unwrap();
    for candidate in from_offerer {
        pair.answerer.pc.add_ice_candidate(candidate).unwrap();
    }
    for candidate in trickled(&mut pair.answerer).await {
        pair.offerer.pc.add_ice_candidate(candidate).unwrap();
    }
    assert!(within(chat.opened()).await);
    pair.offerer.connected().await;
}

/// Every candidate of a peer, the empty one at the end.
async fn trickled(peer: &mut Peer) -> Vec<IceCandidateInit> {
    let mut candidates = Vec::new();
    while candidates
        .last()
        .is_none_or(|last: &IceCandidateInit| !last.candidate.is_empty())
    {
        let candidate = peer.wait_for(|event| match event {
            Event::IceCandidate(candidate) => Some(candidate),
            _ => None,
        });
        candidates.push(candidate.await);
    }
    candidates
}

#[tokio::test]
async fn either_side_restarts_ice_while_data_flows() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
    let before = pair.offerer.pc.local_description().unwrap();
    pair.offerer.pc.restart_ice();
    pair.negotiate();
    assert_ne!(
        ufrag(&before),
        ufrag(&pair.offerer.pc.local_description().unwrap())
    );
    ours.send("after the first").await.unwrap();
    assert_eq!(within(theirs.recv()).await.unwrap().data, "after the first");
    std::mem::swap(&mut pair.offerer, &mut pair.answerer);
    pair.offerer.pc.restart_ice();
    pair.negotiate();
    theirs.send("after the second").await.unwrap();
    assert_eq!(within(ours.recv()).await.unwrap().data, "after the second");
    pair.offerer.connected().await;
}

fn ufrag(description: &SessionDescription) -> String {
    let line = description
        .sdp
        .lines()
        .find(|line| line.starts_with("a=ice-ufrag:"));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn an_unknown_certificate_ends_in_an_event_that_names_it() {
    let mut pair = Pair::new(&api());
    let _chat = pair
        .offerer
        .pc
        .create_data_channel("chat", DataChannelInit::default())
        .unwrap();
    let (offerer, answerer) = (&pair.offerer.pc, &pair.answerer.pc);
    offerer.set_local_description(None).unwrap();
    let offer = offerer.local_description().unwrap();
    let line = offer
        .sdp
        .lines()
        .find(|line| line.starts_with("a=fingerprint:sha-256 "))
        .unwrap()
        .to_owned();
    let forged = format!("a=fingerprint:sha-256 {}", ["00"; 32].join(":"));
    answerer
        .set_remote_description(&edited(offer, &line, &forged))
        .unwrap();
    answerer.set_local_description(None).unwrap();
    offerer
        .set_remote_description(&answerer.local_description().unwrap())
        .unwrap();
    let reason = pair.answerer.wait_for(|event| match event {
        Event::Failed(reason) => Some(reason),
        _ => None,
    });
    let reason = reason.await;
    assert!(
        matches!(
            reason,
            FailureReason::Dtls(dtls::CloseReason::FingerprintMismatch { .. })
        ),
        "{reason}"
    );
    assert_eq!(pair.answerer.pc.connection_state(), PeerConnectionState::Failed);
    let theirs = pair.offerer.wait_for(|event| match event {
        Event::Failed(reason) => Some(reason),
        _ => None,
    });
    assert!(
        matches!(theirs.await, FailureReason::Dtls(_)),
        "the other side gets an alert"
    );
}

#[tokio::test]
async fn closing_one_connection_closes_the_other() {
    let mut pair = Pair::new(&api());
    let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
    pair.offerer.pc.close();
    assert!(within(theirs.recv()).await.is_none());
    let closed = Event::ConnectionStateChange(PeerConnectionState::Closed);
    let closed = format!("{closed:?}");
    pair.answerer
        .wait_for(|event| (format!("{event:?}") == closed).then_some(()))
        .await;
    while within(pair.offerer.events.next()).await.is_some() {}
    assert!(ours.try_send("late").is_err());
    assert!(matches!(
        pair.offerer.pc.create_offer(OfferOptions::default()),
        Err(Error::Closed)
    ));
    assert_eq!(pair.offerer.pc.signaling_state(), SignalingState::Closed);
}

#[tokio::test]
async fn many_connections_share_one_port() {
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let endpoint = Endpoint::bind(address, 1200).unwrap();
    let server = Api::builder()
        .setting_engine(settings())
        .endpoint(endpoint.clone())
        .build();
    let mut open = Vec::new();
    for n in 0..8 {
        let mut pair = Pair {
            offerer: Peer::new(&api()),
            answerer: Peer::new(&server),
        };
        let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
        ours.send(format!("I am {n}")).await.unwrap();
        assert_eq!(within(theirs.recv()).await.unwrap().data, format!("I am {n}"));
        open.push((pair, ours, theirs));
    }
    assert_eq!(endpoint.stats().connections, 8);
    let port = endpoint.local_addr().unwrap().port();
    for (n, (pair, ours, theirs)) in open.iter().enumerate() {
        theirs.send(format!("hello {n}")).await.unwrap();
        assert_eq!(within(ours.recv()).await.unwrap().data, format!("hello {n}"));
        assert_eq!(
            pair.offerer
                .pc
                .stats()
                .transport
                .selected_candidate_pair
                .unwrap()
                .remote
                .port(),
            port
        );
    }
    drop(open);
    assert_eq!(endpoint.stats().connections, 0);
}

/// The host candidates of a connection: addresses and ports.
fn announced(api: &Api) -> Vec<SocketAddr> {
    let peer = Peer::new(api);
    let _chat = peer
        .pc
        .create_data_channel("chat", DataChannelInit::default())
        .unwrap();
    peer.pc.set_local_description(None).unwrap();
    let candidates = peer.pc.stats().local_candidates;
    candidates
        .iter()
        .map(|candidate| candidate.address.to_string().parse().unwrap())
        .collect()
}

fn with_endpoint(endpoint: &Endpoint, settings: SettingEngine) -> Api {
    Api::builder()
        .setting_engine(settings)
        .endpoint(endpoint.clone())
        .build()
}

fn only(address: &str) -> SettingEngine {
    let mut settings = settings();
    let address: IpAddr = address.parse().unwrap();
    settings.gathering.addresses = Some(Filter::new(move |found: &IpAddr| *found == address));
    settings
}

#[tokio::test]
async fn an_endpoint_announces_what_the_settings_allow() {
    let endpoint = Endpoint::bind("0.0.0.0:0".parse().unwrap(), 1200).unwrap();
    let port = endpoint.local_addr().unwrap().port();
    let allowed = announced(&with_endpoint(&endpoint, only("127.0.0.1")));
    assert_eq!(allowed, [SocketAddr::from(([127, 0, 0, 1], port))]);
    let mut without_loopback = settings();
    without_loopback.gathering.include_loopback = false;
    assert_eq!(announced(&with_endpoint(&endpoint, without_loopback)), []);
    let mut other_interface = settings();
    other_interface.gathering.interfaces = Some(Filter::new(|_: &str| false));
    assert_eq!(announced(&with_endpoint(&endpoint, other_interface.clone())), []);

    // What is bound on purpose is announced, unless a filter forbids it.
    let loopback = Endpoint::bind("127.0.0.1:0".parse().unwrap(), 1200).unwrap();
    let bound = loopback.local_addr().unwrap();
    assert_eq!(
        announced(&with_endpoint(&loopback, SettingEngine::default())),
        [bound]
    );
    assert_eq!(announced(&with_endpoint(&loopback, only("192.0.2.1"))), []);
    assert_eq!(announced(&with_endpoint(&loopback, other_interface)), []);
}

#[tokio::test]
async fn one_port_serves_both_families() {
    let endpoint = Endpoint::bind_port(0, 1200).unwrap();
    let port = endpoint.local_addr().unwrap().port();
    // Containers often have no IPv6.
    let has_ipv6 = std::net::UdpSocket::bind("[::1]:0").is_ok();
    for address in ["127.0.0.1", "::1"].into_iter().take(1 + usize::from(has_ipv6)) {
        let server = with_endpoint(&endpoint, only(address));
        let expected = SocketAddr::new(address.parse().unwrap(), port);
        assert_eq!(announced(&server), [expected]);
        let client = Api::builder().setting_engine(only(address)).build();
        let mut pair = Pair {
            offerer: Peer::new(&client),
            answerer: Peer::new(&server),
        };
        let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
        ours.send("hello").await.unwrap();
        assert_eq!(within(theirs.recv()).await.unwrap().data, "hello");
        let selected = pair.offerer.pc.stats().transport.selected_candidate_pair;
        assert_eq!(selected.unwrap().remote, expected);
    }
    let again = Endpoint::bind_port(port, 1200).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn glare_is_resolved_by_rolling_back() {
    let pair = Pair::new(&api());
    let (polite, other) = (&pair.offerer.pc, &pair.answerer.pc);
    let ours = polite
        .create_data_channel("polite", DataChannelInit::default())
        .unwrap();
    let _theirs = other
        .create_data_channel("other", DataChannelInit::default())
        .unwrap();
    polite.set_local_description(None).unwrap();
    other.set_local_description(None).unwrap();
    polite
        .set_remote_description(&other.local_description().unwrap())
        .unwrap(); // takes its own offer back
    assert_eq!(polite.signaling_state(), SignalingState::HaveRemoteOffer);
    polite.set_local_description(None).unwrap();
    other
        .set_remote_description(&polite.local_description().unwrap())
        .unwrap();
    assert!(within(ours.opened()).await);
}

#[tokio::test]
async fn calls_in_the_wrong_state_say_so_and_change_nothing() {
    let api = api();
    let peer = Peer::new(&api).pc;
    assert!(matches!(peer.create_answer(), Err(Error::NoRemoteOffer)));
    assert!(matches!(
        peer.add_ice_candidate(IceCandidateInit::default()),
        Err(Error::NoRemoteDescription)
    ));
    assert!(matches!(
        peer.set_remote_description(&SessionDescription::offer("v=1")),
        Err(Error::Sdp(_))
    ));
    let no_ice = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n";
    assert!(matches!(
        peer.set_remote_description(&SessionDescription::offer(no_ice)),
        Err(Error::Description(_))
    ));
    let both = DataChannelInit {
        max_retransmits: Some(1),
        max_packet_life_time: Some(1),
        ..DataChannelInit::default()
    };
    assert!(matches!(
        peer.create_data_channel("x", both),
        Err(Error::TwoLimits)
    ));
    let no_id = DataChannelInit {
        negotiated: true,
        ..DataChannelInit::default()
    };
    assert!(matches!(
        peer.create_data_channel("x", no_id),
        Err(Error::NegotiatedWithoutId)
    ));
    let foreign = SessionDescription::offer("v=0\r\n");
    assert!(matches!(
        peer.set_local_description(foreign),
        Err(Error::ModifiedDescription)
    ));
    assert_eq!(peer.signaling_state(), SignalingState::Stable);
    let bad = Configuration {
        ice_servers: vec![webrtc::IceServer::stun("http://x")],
        ..Configuration::default()
    };
    assert!(matches!(api.new_peer_connection(bad), Err(Error::IceServer(_))));
}

#[tokio::test]
async fn media_sections_of_an_offer_are_rejected_in_their_places() {
    let offerer = Peer::new(&api());
    let _chat = offerer
        .pc
        .create_data_channel("chat", DataChannelInit::default())
        .unwrap();
    let offer = offerer.pc.create_offer(OfferOptions::default()).unwrap();
    let media =
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\n";
    let with_audio = edited(offer, "m=application", &format!("{media}m=application"));
    let answerer = Peer::new(&api());
    answerer.pc.set_remote_description(&with_audio).unwrap();
    let answer = answerer.pc.create_answer().unwrap().sdp;
    let lines: Vec<_> = answer.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("m=audio 0 UDP/TLS/RTP/SAVPF"), "{answer}");
    assert!(lines[1].starts_with("m=application 9 "), "{answer}");
    assert!(answer.contains("a=group:BUNDLE 0\r\n"), "{answer}");
}
