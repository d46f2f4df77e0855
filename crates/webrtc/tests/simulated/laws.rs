//! The laws L1–L6 over two connection cores in a call.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use netsim::laws::{Case, Side};
use webrtc::core::PeerConnection;
use webrtc::{Configuration, DataChannelInit, IceConnectionState, SessionDescription, SettingEngine};

use crate::peer::Peer;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Signatures of Ed25519 have one size, so that the sizes of datagrams can be compared between runs.
fn certificate() -> webrtc::Certificate {
    let at = |days: u64| dtls::UnixTime::since_unix_epoch(Duration::from_secs(days * 86_400));
    let today = dtls::UnixTime::now().as_secs() / 86_400;
    let provider = webrtc::Provider::default();
    webrtc::Certificate::self_signed(&provider, dtls::KeyKind::Ed25519, at(today - 1), at(today + 30))
        .unwrap()
}

fn build(seed: u64, certificate: &webrtc::Certificate) -> [Peer; 2] {
    let configuration = Configuration {
        certificates: vec![certificate.clone()],
        ..Configuration::default()
    };
    [1, 2].map(|side| {
        let mut bytes = [side; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        PeerConnection::new(&configuration, Arc::new(SettingEngine::default()), bytes)
            .unwrap()
            .into()
    })
}

/// What signalling carries; a run writes it before it is read.
type Slot = Rc<RefCell<Option<SessionDescription>>>;

fn describe(peer: &mut Peer, now: std::time::Instant, side: Side) -> SessionDescription {
    peer.0.set_local_description(now, None).unwrap();
    peer.0.add_local_address(now, side.address());
    peer.0.end_local_addresses(now);
    peer.0.local_description().unwrap()
}

#[test]
fn a_call_keeps_the_laws() {
    let certificate = certificate();
    let (offer, answer) = (Slot::default(), Slot::default());
    let (offered, answered) = (Rc::clone(&offer), Rc::clone(&answer));
    Case::new("webrtc call", move |seed| build(seed, &certificate))
        .at(ms(0), Side::A, move |peer, now| {
            peer.0
                .create_data_channel(now, "data", &DataChannelInit::default())
                .unwrap();
            *offer.borrow_mut() = Some(describe(peer, now, Side::A));
        })
        .at(ms(20), Side::B, move |peer, now| {
            peer.0
                .set_remote_description(now, offered.borrow().as_ref().unwrap())
                .unwrap();
            *answer.borrow_mut() = Some(describe(peer, now, Side::B));
        })
        .at(ms(40), Side::A, move |peer, now| {
            peer.0
                .set_remote_description(now, answered.borrow().as_ref().unwrap())
                .unwrap();
        })
        .shape(|datagram| datagram.len().to_le_bytes().to_vec())
        .goal(|a, b| a.0.timeline().channel_open.is_some() && b.0.timeline().sctp_connected.is_some())
        .validated(|b| b.0.ice_connection_state() != IceConnectionState::New)
        .seeds(0..8)
        .duration(Duration::from_secs(20))
        .check();
}
