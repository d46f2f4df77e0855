//! When candidates are gathered, and when they are announced (RFC 9429 §3.5).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netsim::Link;
use webrtc::core::{Event, PeerConnection};
use webrtc::{Configuration, DataChannelInit, IceGatheringState, OfferOptions, SettingEngine};

use crate::peer::{Call, PATIENCE};

fn peer(pool: u8) -> PeerConnection {
    let configuration = Configuration {
        ice_candidate_pool_size: pool,
        ..Configuration::default()
    };
    PeerConnection::new(&configuration, Arc::new(SettingEngine::default()), [7; 32]).unwrap()
}

/// What is told of gathering.
fn told(peer: &mut PeerConnection) -> Vec<String> {
    std::iter::from_fn(|| peer.poll_event())
        .filter_map(|event| match event {
            Event::IceCandidate(candidate) if candidate.candidate.is_empty() => Some("end".to_owned()),
            Event::IceCandidate(candidate) => {
                assert_eq!(candidate.sdp_mid.as_deref(), Some("0"));
                candidate.candidate.split(' ').nth(4).map(str::to_owned)
            }
            Event::IceCandidateError(error) => Some(error.text),
            Event::IceGatheringStateChange(state) => Some(state.to_string()),
            _ => None,
        })
        .collect()
}

fn offer(peer: &mut PeerConnection, now: Instant) {
    peer.create_data_channel(now, "data", &DataChannelInit::default())
        .unwrap();
    let offer = peer.create_offer(OfferOptions::default()).unwrap();
    assert!(!offer.sdp.contains("a=candidate"), "{}", offer.sdp);
    peer.set_local_description(now, Some(offer)).unwrap();
}

#[test]
fn a_pool_is_gathered_ahead_and_announced_with_the_first_local_description() {
    let now = Instant::now();
    for pool in [1, 255] {
        let mut peer = peer(pool);
        assert!(peer.wants_addresses());
        peer.add_local_address(now, SocketAddr::from(([192, 0, 2, 1], 5000)));
        peer.stun_server_failed("stun:nowhere.example", "no such name");
        peer.end_local_addresses(now);
        assert!(!peer.wants_addresses());
        assert_eq!(told(&mut peer), [""; 0]);
        assert_eq!(peer.ice_gathering_state(), IceGatheringState::New);

        offer(&mut peer, now);
        assert!(!peer.wants_addresses());
        let expected = ["gathering", "192.0.2.1", "no such name", "end", "complete"];
        assert_eq!(told(&mut peer), expected);
        assert_eq!(peer.ice_gathering_state(), IceGatheringState::Complete);
        let sdp = peer.local_description().unwrap().sdp;
        assert!(
            sdp.contains("192.0.2.1 5000 typ host") && sdp.contains("end-of-candidates"),
            "{sdp}"
        );
    }
}

#[test]
fn what_a_pool_has_not_gathered_yet_follows() {
    let now = Instant::now();
    let mut peer = peer(1);
    offer(&mut peer, now);
    assert_eq!(told(&mut peer), [""; 0]);
    assert!(peer.wants_addresses());
    peer.add_local_address(now, SocketAddr::from(([192, 0, 2, 1], 5000)));
    assert_eq!(told(&mut peer), ["gathering", "192.0.2.1"]);
    peer.end_local_addresses(now);
    assert_eq!(told(&mut peer), ["end", "complete"]);
}

#[test]
fn without_a_pool_gathering_begins_with_the_first_local_description() {
    let now = Instant::now();
    let mut peer = peer(0);
    assert!(!peer.wants_addresses());
    offer(&mut peer, now);
    assert!(peer.wants_addresses());
}

#[test]
fn a_server_that_the_socket_cannot_reach_is_given_up_at_once() {
    let now = Instant::now();
    let mut peer = peer(0);
    offer(&mut peer, now);
    peer.add_local_address(now, SocketAddr::from(([192, 0, 2, 1], 5000)));
    peer.add_stun_server(now, SocketAddr::from(([192, 0, 2, 9], 3478)), "stun:far");
    peer.end_local_addresses(now);
    assert_eq!(told(&mut peer), ["gathering", "192.0.2.1"]);
    let asked = peer.poll_transmit(now, 1, &mut Vec::new()).unwrap();
    peer.handle_transmit_error(now, asked.path);
    let unreachable = ice::GatheringError::Unreachable.to_string();
    assert_eq!(told(&mut peer), [unreachable.as_str(), "end", "complete"]);
}

#[test]
fn a_peer_that_the_socket_cannot_reach_is_named_by_the_failure() {
    let mut call = Call::new(1, &Link::with_latency(Duration::from_millis(10)));
    call.open(&DataChannelInit::default());
    call.network.with(call.offerer, |peer, _| peer.refuse_sends());
    call.negotiate();
    let offerer = call.offerer;
    call.network.run_while(PATIENCE, |network| {
        network.endpoint(offerer).0.failure().is_none()
    });
    let failure = call.network.endpoint(offerer).0.failure().unwrap().to_string();
    assert!(failure.contains("the socket cannot send there"), "{failure}");
}
