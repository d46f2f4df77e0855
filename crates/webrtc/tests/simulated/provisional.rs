//! Provisional answers: the transport is up while the answer is still to come (RFC 9429 §4.1.10.1).

use std::net::SocketAddr;
use std::time::Duration;

use netsim::{Link, NodeId};
use webrtc::core::Event;
use webrtc::{
    DataChannelInit, OfferOptions, PeerConnectionState, SdpType, SessionDescription, SignalingState,
};

use crate::peer::{ADDRESSES, Call};

/// Applies a description of ours and then gathers.
fn apply(call: &mut Call, node: NodeId, description: &SessionDescription) {
    let side = usize::from(node == call.answerer);
    call.network.with(node, |peer, now| {
        peer.0
            .set_local_description(now, Some(description.clone()))
            .unwrap();
        if peer.0.wants_addresses() {
            peer.0
                .add_local_address(now, SocketAddr::from((ADDRESSES[side], 5000)));
            peer.0.end_local_addresses(now);
        }
    });
}

fn tell(call: &mut Call, node: NodeId, description: &SessionDescription) {
    call.network.with(node, |peer, now| {
        peer.0.set_remote_description(now, description).unwrap()
    });
}

/// Candidates trickle from one side to the other.
fn trickle(call: &mut Call, from: NodeId, to: NodeId) {
    for event in call.network.take_events(from) {
        if let Event::IceCandidate(candidate) = event {
            call.network.with(to, |peer, now| {
                peer.0.add_ice_candidate(now, Some(candidate)).unwrap()
            });
        }
    }
}

/// Who hears of the other's candidates once the provisional answer is applied.
fn connects(offerer_hears: bool, answerer_hears: bool) {
    let mut call = Call::new(1, &Link::with_latency(Duration::from_millis(10)));
    let (offerer, answerer) = (call.offerer, call.answerer);
    call.open(&DataChannelInit::default());
    let offer = call.network.with(offerer, |peer, _| {
        peer.0.create_offer(OfferOptions::default()).unwrap()
    });
    apply(&mut call, offerer, &offer);
    tell(&mut call, answerer, &offer);
    let mut answer = call
        .network
        .with(answerer, |peer, _| peer.0.create_answer().unwrap());
    answer.kind = SdpType::Pranswer;
    apply(&mut call, answerer, &answer);
    tell(&mut call, offerer, &answer);
    if answerer_hears {
        trickle(&mut call, offerer, answerer);
    }
    if offerer_hears {
        trickle(&mut call, answerer, offerer);
    }
    call.network.run_for(Duration::from_secs(5));
    let cores = [offerer, answerer].map(|node| &call.network.endpoint(node).0);
    assert_eq!(
        cores.map(|core| core.signaling_state()),
        [
            SignalingState::HaveRemotePranswer,
            SignalingState::HaveLocalPranswer
        ]
    );
    for core in cores {
        assert_eq!(core.connection_state(), PeerConnectionState::Connected);
    }

    let answer = call
        .network
        .with(answerer, |peer, _| peer.0.create_answer().unwrap());
    apply(&mut call, answerer, &answer);
    tell(&mut call, offerer, &answer);
    call.network.run_for(Duration::from_secs(5));
    for core in [offerer, answerer].map(|node| &call.network.endpoint(node).0) {
        assert_eq!(core.signaling_state(), SignalingState::Stable);
        assert_eq!(core.connection_state(), PeerConnectionState::Connected);
    }
}

#[test]
fn candidates_that_trickle_behind_a_provisional_answer_are_used() {
    connects(true, true);
    connects(true, false);
    connects(false, true);
}
