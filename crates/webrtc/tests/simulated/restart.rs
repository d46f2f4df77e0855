//! ICE restarts: what brings a connection back, and what is told when it fails again.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ice::FailReason;
use netsim::{Link, NodeId};
use webrtc::core::Event;
use webrtc::{DataChannelInit, FailureReason, IceGatheringState, OfferOptions, PeerConnectionState};

use crate::peer::{ADDRESSES, Call};

/// Longer than an agent searches for a path, or waits for consent.
const TOO_LONG: Duration = Duration::from_secs(100);

fn state(call: &Call, node: NodeId) -> PeerConnectionState {
    call.network.endpoint(node).0.connection_state()
}

fn plug(call: &mut Call, up: bool) {
    call.network.set_up(call.offerer, IpAddr::from(ADDRESSES[0]), up);
}

/// Every cause that was told so far, and whether it came before its state.
fn causes(call: &mut Call, node: NodeId) -> Vec<FailureReason> {
    let mut causes = Vec::new();
    let mut failures = 0;
    for event in call.network.take_events(node) {
        match event {
            Event::Failed(reason) => causes.push(reason),
            Event::ConnectionStateChange(PeerConnectionState::Failed) => {
                failures += 1;
                assert_eq!(causes.len(), failures, "a state without a cause");
            }
            _ => {}
        }
    }
    causes
}

#[test]
fn a_restart_gathers_anew() {
    let mut call = Call::new(1, &Link::with_latency(Duration::from_millis(10)));
    call.open(&DataChannelInit::default());
    call.negotiate();
    call.connect();
    let [old, new] = [ADDRESSES[0], [192, 0, 2, 7]].map(|ip| SocketAddr::from((ip, 5000)));
    assert!(call.network.change_address(call.offerer, old.ip(), new.ip()));

    call.network.with(call.offerer, |peer, now| {
        let core = &mut peer.0;
        assert!(!core.wants_addresses() && !core.restarts_ice());
        core.restart_ice();
        let offer = core.create_offer(OfferOptions::default()).unwrap();
        assert!(
            core.restarts_ice() && !core.wants_addresses(),
            "nothing is applied"
        );
        core.remove_local_address(now, old);
        core.set_local_description(now, Some(offer)).unwrap();
        assert!(core.wants_addresses());
        assert_eq!(core.ice_gathering_state(), IceGatheringState::Gathering);
        let early = core.local_description().unwrap().sdp;
        assert!(
            !early.contains("a=candidate") && !early.contains("end-of-candidates"),
            "{early}"
        );
        core.add_local_address(now, new);
        core.end_local_addresses(now);
        assert_eq!(core.ice_gathering_state(), IceGatheringState::Complete);
        assert!(!core.wants_addresses());
        let sdp = core.local_description().unwrap().sdp;
        assert!(sdp.contains("192.0.2.7 5000 typ host"), "{sdp}");
        assert!(
            !sdp.contains("192.0.2.1") && sdp.contains("end-of-candidates"),
            "{sdp}"
        );
    });
    call.exchange();
    call.connect();
    let stats = call.network.endpoint(call.offerer).0.stats();
    assert_eq!(stats.transport.selected_candidate_pair.unwrap().local, new);
}

#[test]
fn each_failure_of_a_connection_has_its_cause() {
    let mut call = Call::new(1, &Link::with_latency(Duration::from_millis(10)));
    let nodes = [call.offerer, call.answerer];
    call.open(&DataChannelInit::default());
    plug(&mut call, false);
    call.negotiate();
    call.network.run_for(TOO_LONG);
    assert_eq!(
        nodes.map(|node| state(&call, node)),
        [PeerConnectionState::Failed; 2]
    );

    plug(&mut call, true);
    call.network.with(call.offerer, |peer, _| peer.0.restart_ice());
    call.negotiate();
    call.connect();
    for node in nodes {
        assert_eq!(call.network.endpoint(node).0.failure(), None);
    }

    plug(&mut call, false);
    call.network.run_for(TOO_LONG);
    for node in nodes {
        assert_eq!(state(&call, node), PeerConnectionState::Failed);
        let causes = causes(&mut call, node);
        assert!(
            matches!(
                causes.as_slice(),
                [
                    FailureReason::Ice(FailReason::NoPairWorks { .. }),
                    FailureReason::Ice(FailReason::ConsentExpired { .. }),
                ]
            ),
            "{causes:?}"
        );
        assert_eq!(call.network.endpoint(node).0.failure(), causes.last());
    }
}

/// How often a side was told that it has to negotiate, and whether it is connected as ever.
fn told(call: &mut Call) -> usize {
    assert_eq!(state(call, call.offerer), PeerConnectionState::Connected);
    let events = call.network.take_events(call.offerer);
    assert!(!events.iter().any(|event| matches!(event, Event::Failed(_))));
    let needed = |event: &&Event| matches!(event, Event::NegotiationNeeded);
    events.iter().filter(needed).count()
}

fn ufrag(call: &Call) -> String {
    call.network.endpoint(call.offerer).0.local_ufrag().to_owned()
}

/// An offer of the offerer that restarts ICE, applied.
fn offer_restart(call: &mut Call, options: OfferOptions) {
    call.network.with(call.offerer, |peer, now| {
        let offer = peer.0.create_offer(options).unwrap();
        peer.0.set_local_description(now, Some(offer)).unwrap();
        peer.0
            .add_local_address(now, SocketAddr::from((ADDRESSES[0], 5000)));
        peer.0.end_local_addresses(now);
    });
}

#[test]
fn a_restart_that_is_taken_back_is_asked_for_again() {
    for n in 0..8 {
        let mut call = Call::new(n, &Link::with_latency(Duration::from_millis(10)));
        call.open(&DataChannelInit::default());
        call.negotiate();
        call.connect();
        call.network.run_for(Duration::from_secs(1));
        told(&mut call);
        let (old, asks) = (ufrag(&call), n % 2 == 0);
        if asks {
            call.network.with(call.offerer, |peer, _| peer.0.restart_ice());
            assert_eq!(told(&mut call), 1);
        }
        let ice_restart = !asks;
        offer_restart(&mut call, OfferOptions { ice_restart });
        assert_ne!(ufrag(&call), old);
        call.network.run_for(Duration::from_millis(n * 10));
        if n < 4 {
            let rollback = webrtc::SessionDescription::rollback();
            call.network.with(call.offerer, |peer, now| {
                peer.0.set_local_description(now, Some(rollback)).unwrap();
            });
        } else {
            // The peer's offer takes ours back, and the answer has the credentials that the peer knows.
            (call.offerer, call.answerer) = (call.answerer, call.offerer);
            call.negotiate();
            (call.offerer, call.answerer) = (call.answerer, call.offerer);
        }
        assert_eq!(ufrag(&call), old);
        let sdp = call
            .network
            .endpoint(call.offerer)
            .0
            .local_description()
            .unwrap()
            .sdp;
        assert!(sdp.contains(&format!("a=ice-ufrag:{old}")) && sdp.contains("a=candidate"));
        // What was asked for by an option of one offer is not asked for again.
        assert_eq!(told(&mut call), usize::from(asks), "seed {n}");
        call.network.run_for(TOO_LONG);
        told(&mut call);
        call.negotiate();
        assert_eq!(ufrag(&call) != old, asks);
        call.network.run_for(TOO_LONG);
        assert_eq!(told(&mut call), 0);
    }
}
