//! The pace of ICE checks, which both sides agree upon (RFC 8445 §14.2, RFC 8839 §5.5).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use webrtc::core::PeerConnection;
use webrtc::{Configuration, DataChannelInit, OfferOptions, SettingEngine};

const MS: Duration = Duration::from_millis(1);

fn core(seed: u8, pacing: Duration, lite: bool) -> PeerConnection {
    let settings = SettingEngine {
        ice_pacing: pacing,
        ice_lite: lite,
        ..SettingEngine::default()
    };
    PeerConnection::new(&Configuration::default(), Arc::new(settings), [seed; 32]).unwrap()
}

fn offer(pacing: Duration, lite: bool) -> webrtc::SessionDescription {
    let mut core = core(1, pacing, lite);
    core.create_data_channel(Instant::now(), "data", &DataChannelInit::default())
        .unwrap();
    core.create_offer(OfferOptions::default()).unwrap()
}

fn proposal(sdp: &str) -> Option<&str> {
    let (session, _) = sdp.split_once("m=").unwrap();
    session
        .lines()
        .find_map(|line| line.strip_prefix("a=ice-pacing:"))
}

/// The milliseconds between the first two checks of an answerer whose peer offers three silent candidates.
fn pace(own: Duration, edit: impl Fn(String) -> String) -> u32 {
    let now = Instant::now();
    let mut offer = offer(50 * MS, false);
    offer.sdp = edit(offer.sdp);
    for port in 1..=3 {
        let line = format!(
            "a=candidate:{port} 1 udp {} 192.0.2.9 {port} typ host\r\n",
            1000 - port
        );
        offer.sdp.push_str(&line);
    }
    let mut core = core(2, own, false);
    core.set_remote_description(now, &offer).unwrap();
    core.set_local_description(now, None).unwrap();
    core.add_local_address(now, SocketAddr::from(([192, 0, 2, 1], 5000)));
    core.end_local_addresses(now);
    let mut out = Vec::new();
    let mut checks = Vec::new();
    for tick in 0..600 {
        let now = now + tick * MS;
        core.handle_timeout(now);
        while core.poll_transmit(now, 1, &mut out).is_some() {
            checks.push(tick);
        }
    }
    checks[1] - checks[0]
}

#[test]
fn a_full_agent_proposes_its_pace_and_a_lite_one_none() {
    for (pacing, proposed) in [(50 * MS, "50"), (Duration::from_micros(7500), "8"), (MS, "5")] {
        assert_eq!(proposal(&offer(pacing, false).sdp), Some(proposed));
    }
    assert_eq!(proposal(&offer(50 * MS, true).sdp), None);
}

#[test]
fn the_slower_proposal_is_the_pace_of_checks() {
    let edit = |line: &'static str| move |sdp: String| sdp.replace("a=ice-pacing:50\r\n", line);
    assert_eq!(pace(20 * MS, edit("a=ice-pacing:30\r\n")), 30);
    assert_eq!(pace(30 * MS, edit("a=ice-pacing:20\r\n")), 30);
    // As browsers offer: nothing is said, and 50 ms is meant.
    assert_eq!(pace(20 * MS, edit("")), 50);
    assert_eq!(pace(80 * MS, edit("")), 80);
    // A peer cannot stop the checks.
    assert_eq!(pace(50 * MS, edit("a=ice-pacing:9999999999\r\n")), 500);
}
