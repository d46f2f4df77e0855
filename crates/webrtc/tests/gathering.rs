//! How connections come to their candidates (W3C webrtc-pc §4.2, RFC 9429 §3.5).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use std::net::UdpSocket;

use peers::{Peer, api, within};
use webrtc::{
    Configuration, DataChannelInit, Event, IceCandidateError, IceGatheringState, IceServer, OfferOptions,
};

fn peer(servers: impl IntoIterator<Item = String>, pool: u8) -> Peer {
    let configuration = Configuration {
        ice_candidate_pool_size: pool,
        ice_servers: servers.into_iter().map(IceServer::stun).collect(),
        ..Configuration::default()
    };
    let (pc, events) = api().new_peer_connection(configuration).unwrap();
    Peer { pc, events }
}

fn gather(peer: &Peer) {
    let _channel = peer
        .pc
        .create_data_channel("x", DataChannelInit::default())
        .unwrap();
    let offer = peer.pc.create_offer(OfferOptions::default()).unwrap();
    peer.pc.set_local_description(offer).unwrap();
}

async fn next_error(peer: &mut Peer) -> IceCandidateError {
    peer.wait_for(|event| match event {
        Event::IceCandidateError(error) => Some(error),
        _ => None,
    })
    .await
}

/// A socket that never answers.
fn silent_server() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[tokio::test]
async fn servers_beyond_the_limit_are_named() {
    let silent: Vec<_> = (0..9).map(|_| silent_server()).collect();
    let urls: Vec<_> = silent
        .iter()
        .map(|(_, port)| format!("stun:127.0.0.1:{port}"))
        .collect();
    let last = urls[8].clone();
    let mut peer = peer(urls, 0);
    gather(&peer);
    let error = next_error(&mut peer).await;
    assert_eq!((error.url, error.code), (last, 701));
    assert_eq!(error.text, "not asked, 8 servers are the limit");
}

#[tokio::test]
async fn a_server_of_another_kind_is_named() {
    let mut peer = peer(["turn:127.0.0.1".to_owned()], 0);
    gather(&peer);
    let error = next_error(&mut peer).await;
    assert_eq!((error.url.as_str(), error.code), ("turn:127.0.0.1", 701));
    assert_eq!(error.text, "unsupported: scheme turn");
}

#[tokio::test]
async fn a_pool_asks_servers_before_there_is_a_description() {
    let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("stun:{}", server.local_addr().unwrap());
    let mut peer = peer([url], 1);
    let mut request = [0; 1500];
    let (_, mapped) = within(server.recv_from(&mut request)).await.unwrap();
    gather(&peer);
    let sdp = peer.pc.local_description().unwrap().sdp;
    assert!(
        sdp.contains(&format!("127.0.0.1 {} typ host", mapped.port())),
        "{sdp}"
    );
    let candidate = peer.wait_for(|event| match event {
        Event::IceCandidate(candidate) => Some(candidate.candidate),
        _ => None,
    });
    assert!(candidate.await.contains("typ host"));
}

#[tokio::test]
async fn a_server_that_cannot_be_sent_to_is_given_up_at_once() {
    // No system broadcasts for a socket that has not asked for it.
    let mut peer = peer(["stun:127.255.255.255".to_owned()], 0);
    gather(&peer);
    assert_eq!(peer.pc.ice_gathering_state(), IceGatheringState::Complete);
    let error = next_error(&mut peer).await;
    assert_eq!(error.text, "unreachable from this address");
    assert_eq!(peer.pc.stats().send_errors, 1);
}

#[tokio::test]
async fn a_server_of_a_family_without_a_socket_is_named() {
    let url = "stun:[2001:db8::1]".to_owned();
    let mut peer = peer([url.clone()], 0);
    gather(&peer);
    assert_eq!(peer.pc.ice_gathering_state(), IceGatheringState::Complete);
    let error = next_error(&mut peer).await;
    assert_eq!((error.url, error.code), (url, 701));
    assert_eq!(error.text, "no address of this host reaches [2001:db8::1]:3478");
}
