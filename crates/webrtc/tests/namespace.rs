//! Addresses that come and go under a connection. They are those of a network namespace of the test's own, which Linux
//! gives out without privileges in most places; elsewhere the tests say that they were skipped.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use std::process::{Command, Stdio};

use peers::{Pair, Peer, within};
use webrtc::{Api, DataChannelInit, Endpoint, SettingEngine};

const MARK: &str = "WEBRTC_TEST_NAMESPACE";

/// Runs the test of this name again in a namespace with nothing but `lo`. False: this is the namespace, go on.
fn left_to_a_namespace(test: &str) -> bool {
    if std::env::var_os(MARK).is_some() {
        ip(&["link", "set", "lo", "up"]);
        return false;
    }
    let possible = Command::new("unshare")
        .args(["--map-root-user", "--net", "ip", "link"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("{test} was skipped: it takes a network namespace, by unshare and ip");
        return true;
    }
    let status = Command::new("unshare")
        .args(["--map-root-user", "--net"])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(MARK, "1")
        .status();
    assert!(status.unwrap().success(), "{test} failed in its namespace");
    true
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status();
    assert!(status.unwrap().success(), "ip {arguments:?}");
}

fn sdp(peer: &Peer) -> String {
    peer.pc.local_description().unwrap().sdp
}

#[tokio::test]
async fn a_restart_follows_the_addresses_of_the_host() {
    if left_to_a_namespace("a_restart_follows_the_addresses_of_the_host") {
        return;
    }
    ip(&["address", "add", "10.9.0.1/32", "dev", "lo"]);
    // One side has sockets of its own, the other one shares a port.
    let endpoint = Endpoint::bind_port(0, 1200).unwrap();
    let mut pair = Pair {
        offerer: Peer::new(&Api::default()),
        answerer: Peer::new(&Api::builder().endpoint(endpoint).build()),
    };
    let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
    for peer in [&pair.offerer, &pair.answerer] {
        assert!(sdp(peer).contains(" 10.9.0.1 "), "{}", sdp(peer));
    }

    ip(&["address", "add", "10.9.0.2/32", "dev", "lo"]);
    ip(&["address", "del", "10.9.0.1/32", "dev", "lo"]);
    ours.send("on the way").await.unwrap();
    pair.offerer.pc.restart_ice();
    pair.negotiate();
    for peer in [&pair.offerer, &pair.answerer] {
        assert!(sdp(peer).contains(" 10.9.0.2 "), "{}", sdp(peer));
        assert!(!sdp(peer).contains("10.9.0.1"), "{}", sdp(peer));
    }
    assert_eq!(within(theirs.recv()).await.unwrap().data, "on the way");
    theirs.send("and back").await.unwrap();
    assert_eq!(within(ours.recv()).await.unwrap().data, "and back");
    let path = pair.offerer.pc.stats().transport.selected_candidate_pair.unwrap();
    assert_eq!(path.local.ip().to_string(), "10.9.0.2");
}

#[tokio::test]
async fn one_port_serves_a_host_without_a_network() {
    if left_to_a_namespace("one_port_serves_a_host_without_a_network") {
        return;
    }
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    let client = Api::builder().setting_engine(settings.clone()).build();
    let endpoint = Endpoint::bind_port(5055, 1200).unwrap();
    let server = Api::builder().setting_engine(settings).endpoint(endpoint).build();
    let mut pair = Pair {
        offerer: Peer::new(&client),
        answerer: Peer::new(&server),
    };
    let (ours, theirs) = pair.channel("chat", DataChannelInit::default()).await;
    assert!(
        sdp(&pair.answerer).contains(" 127.0.0.1 5055 typ host"),
        "{}",
        sdp(&pair.answerer)
    );
    if std::net::UdpSocket::bind("[::1]:0").is_ok() {
        assert!(
            sdp(&pair.answerer).contains(" ::1 5055 typ host"),
            "{}",
            sdp(&pair.answerer)
        );
    }
    ours.send("hello").await.unwrap();
    assert_eq!(within(theirs.recv()).await.unwrap().data, "hello");
}
