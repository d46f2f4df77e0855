//! Wrong ICE passwords: nobody connects, and both sides say why.

use std::time::Duration;

use netsim::{Link, NodeId};
use webrtc::{DataChannelInit, FailureReason, PeerConnectionState};

use crate::peer::Call;

/// Changes the last letter of the password.
fn forge(sdp: &str) -> String {
    let forged = |line: &str| match line.strip_prefix("a=ice-pwd:") {
        Some(password) => {
            let last = if password.ends_with('x') { 'y' } else { 'x' };
            format!("a=ice-pwd:{}{last}\r\n", &password[..password.len() - 1])
        }
        None => format!("{line}\r\n"),
    };
    sdp.lines().map(forged).collect()
}

/// How offerer and answerer end when the sides that `told` accepts are told a wrong password.
fn ends(told: impl Fn(&Call, NodeId) -> bool) -> [FailureReason; 2] {
    let call = run(told, None);
    [call.offerer, call.answerer].map(|node| failure(&call, node))
}

/// Runs to the end; `impatient` gives up after 20 seconds.
fn run(told: impl Fn(&Call, NodeId) -> bool, impatient: Option<usize>) -> Call {
    let mut call = Call::new(1, &Link::with_latency(Duration::from_millis(10)));
    call.open(&DataChannelInit::default());
    let wrong = [call.offerer, call.answerer].map(|node| (node, told(&call, node)));
    call.negotiate_with(|to, sdp| {
        if wrong.contains(&(to, true)) {
            forge(&sdp)
        } else {
            sdp
        }
    });
    if let Some(side) = impatient {
        call.network.run_for(Duration::from_secs(20));
        let node = [call.offerer, call.answerer][side];
        call.network.with(node, |peer, now| peer.0.close(now));
    }
    call.network.run_for(Duration::from_secs(100));
    call
}

fn failure(call: &Call, node: NodeId) -> FailureReason {
    let core = &call.network.endpoint(node).0;
    assert_eq!(core.connection_state(), PeerConnectionState::Failed);
    core.failure().expect("a reason").clone()
}

#[test]
fn wrong_passwords_are_named_by_both_sides() {
    for reason in ends(|_, _| true) {
        assert!(matches!(reason, FailureReason::Ice(_)), "{reason}");
        assert!(reason.to_string().contains("other credentials"), "{reason}");
    }
}

/// The other one's checks are answered, so that it has a path, over which nobody speaks DTLS.
#[test]
fn a_wrong_password_of_one_side_is_named_by_both() {
    for told_offerer in [false, true] {
        let mut reasons = ends(|call, node| (node == call.offerer) == told_offerer);
        if !told_offerer {
            reasons.reverse();
        }
        let [told, other] = reasons;
        assert!(matches!(told, FailureReason::Ice(_)), "{told}");
        assert!(told.to_string().contains("other credentials"), "{told}");
        assert!(
            matches!(other, FailureReason::CredentialsRefused { .. }),
            "{other}"
        );
    }
}

/// As Pion and Firefox do: consent ends before the handshake is overdue.
#[test]
fn a_peer_that_gives_up_early_is_explained_too() {
    let call = run(|call, node| node == call.answerer, Some(1));
    let reason = failure(&call, call.offerer);
    assert!(
        matches!(reason, FailureReason::CredentialsRefused { .. }),
        "{reason}"
    );
}
