//! Media that overtakes the last record of the handshake.

use std::time::Duration;

use netsim::Link;
use webrtc::core::{Event, MediaKind, RtpTransportStats};
use webrtc::{PeerConnectionState, RtpTransceiverInit, SettingEngine, TrackInfo};

use crate::peer::{ADDRESSES, Call, PATIENCE};

/// The offerer, whose last record completes the handshake of the answerer, sends so many packets that are faster. Gives the
/// numbers of those that the application gets, and the counters.
fn overtaken(packets: u16) -> (Vec<u16>, RtpTransportStats) {
    let fast = Link::with_latency(Duration::from_millis(1));
    // Everything is held back, until it is not.
    let slow = Link {
        reorder: 1.0,
        reorder_delay: Duration::from_millis(40),
        ..fast.clone()
    };
    let mut call = Call::with(2, &slow, SettingEngine::default());
    let track = TrackInfo {
        id: String::from("camera"),
        kind: MediaKind::Video,
    };
    let camera = call.network.with(call.offerer, |peer, _| {
        peer.0
            .add_transceiver(track, RtpTransceiverInit::default())
            .unwrap()
    });
    call.negotiate();
    let [offerer, answerer] = [call.offerer, call.answerer];
    let is_connected = |call: &Call, node| {
        call.network.endpoint(node).0.connection_state() == PeerConnectionState::Connected
    };
    assert!(call.network.run_while(PATIENCE, |network| {
        network.endpoint(offerer).0.connection_state() != PeerConnectionState::Connected
    }));
    assert!(!is_connected(&call, answerer), "the last record is on its way");

    call.network.set_outbound_link(offerer, ADDRESSES[0].into(), fast);
    call.network.with(offerer, |peer, now| {
        let section = peer.0.negotiated_media().unwrap().by_transceiver(camera).unwrap();
        let payload_type = section.preferred_codec().unwrap().payload_type;
        for number in 0..packets {
            let mut header = rtp::Header {
                payload_type,
                sequence_number: number,
                ..rtp::Header::default()
            };
            peer.0
                .send_rtp(now, (camera, 0), &mut header, &[7; 1000][..])
                .unwrap();
        }
    });
    call.network.run_for(Duration::from_millis(10));
    assert!(!is_connected(&call, answerer), "media came first");
    call.network.run_for(Duration::from_secs(1));
    assert!(is_connected(&call, answerer));

    let theirs = call.network.events(answerer).find_map(|(_, event)| match event {
        Event::Track(id) => Some(*id),
        _ => None,
    });
    call.network.with(answerer, |peer, _| {
        let mut numbers = Vec::new();
        let mut packet = Vec::new();
        while peer.0.recv_rtp(theirs.unwrap(), &mut packet).is_some() {
            numbers.push(rtp::PacketRef::decode(&packet).unwrap().sequence_number());
        }
        (numbers, peer.0.stats().rtp)
    })
}

#[test]
fn media_that_overtakes_the_handshake_is_received() {
    let (numbers, stats) = overtaken(20);
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    assert_eq!(
        (stats.early, stats.early_dropped, stats.packets_received),
        (20, 0, 20)
    );
}

#[test]
fn of_too_much_early_media_the_newest_is_kept_and_the_rest_counted() {
    let (numbers, stats) = overtaken(50);
    let kept = &numbers[numbers.len() - 32..];
    assert_eq!(kept, (18..50).collect::<Vec<_>>());
    assert_eq!((stats.early, stats.early_dropped), (50, 18));
    assert_eq!(stats.rejected, 0);
}
