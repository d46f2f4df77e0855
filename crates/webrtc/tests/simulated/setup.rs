//! A thousand set-ups over bad links, each from its seed.

use std::time::Duration;

use netsim::{Link, Loss};
use webrtc::{DataChannelInit, PeerConnectionState};

use crate::peer::Call;

/// 0 to 20 % loss, reordering, duplication, and the smallest path that WebRTC has to live with.
fn link(seed: u64) -> Link {
    let loss = (seed % 5) as f64 * 0.05;
    let link = Link {
        mtu: 1200,
        ..Link::hostile(loss)
    };
    if seed.is_multiple_of(2) {
        link
    } else {
        Link {
            loss: Loss::bursts(loss, 3.0),
            ..link
        }
    }
}

#[test]
fn a_thousand_set_ups_over_bad_links_succeed() {
    let mut times = Vec::new();
    for seed in 0..1000 {
        let mut call = Call::new(seed, &link(seed));
        let id = call.open(&DataChannelInit::default());
        call.negotiate();
        call.wait_open(id);
        let state = call.network.endpoint(call.offerer).0.connection_state();
        assert_eq!(state, PeerConnectionState::Connected, "seed {seed}");
        times.push(call.network.elapsed());
    }
    times.sort_unstable();
    assert!(
        times[500] < Duration::from_secs(5),
        "the median set-up takes {:?} of virtual time",
        times[500]
    );
}

#[test]
fn a_set_up_over_a_good_link_takes_six_round_trips_at_most() {
    let latency = Duration::from_millis(50);
    let mut call = Call::new(1, &Link::with_latency(latency / 2)); // a host's link each: 50 ms one way
    let id = call.open(&DataChannelInit::default());
    call.negotiate();
    call.wait_open(id);
    // ICE 1, DTLS 2, SCTP 2, and the announcement on its way
    assert!(
        call.network.elapsed() <= 6 * 2 * latency,
        "{:?}",
        call.network.elapsed()
    );
}

/// How long a set-up takes over 10 ms one way, when this many ClientHellos are lost.
fn set_up_without_hellos(lost: u32) -> Duration {
    let mut call = Call::new(1, &Link::with_latency(Duration::from_millis(10)));
    let id = call.open(&DataChannelInit::default());
    for node in [call.offerer, call.answerer] {
        call.network.with(node, |peer, _| peer.lose_hellos(lost));
    }
    call.negotiate();
    call.wait_open(id);
    call.network.elapsed()
}

#[test]
fn a_lost_hello_is_sent_again_after_three_round_trips() {
    let rto = Duration::from_millis(3 * 20);
    let undisturbed = set_up_without_hellos(0);
    assert_eq!(set_up_without_hellos(1), undisturbed + rto);
    assert!(undisturbed + rto <= Duration::from_millis(300), "{undisturbed:?}");
    // RFC 6347 §4.2.4.1: twice the time, each time.
    assert_eq!(set_up_without_hellos(4), undisturbed + (1 + 2 + 4 + 8) * rto);
}
