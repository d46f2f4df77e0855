//! The end of media: who stops sending says so (RFC 3550 §6.6), before the connection ends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use interceptor::Interceptor;
use netsim::Link;
use webrtc::core::{MediaKind, PeerConnection, TransceiverId};
use webrtc::{Configuration, PeerConnectionState, Registry, RtpTransceiverInit, SettingEngine, TrackInfo};

use crate::peer::Call;

/// Writes down who says farewell.
#[derive(Clone, Debug, Default)]
struct Farewells(Arc<Mutex<Vec<u32>>>);

impl Interceptor for Farewells {
    fn handle_rtcp(&mut self, _: Instant, packet: &rtcp::PacketRef<'_>) {
        if let rtcp::PacketRef::Goodbye(goodbye) = packet {
            self.0.lock().unwrap().extend(goodbye.ssrcs.iter());
        }
    }
}

impl Farewells {
    fn take(&self) -> Vec<u32> {
        let mut ssrcs = std::mem::take(&mut *self.0.lock().unwrap());
        ssrcs.sort_unstable();
        ssrcs
    }
}

/// A call in which the offerer sends, and the answerer listens for farewells.
struct Talk {
    call: Call,
    farewells: Farewells,
}

impl Talk {
    fn new() -> Self {
        let link = Link::with_latency(Duration::from_millis(10));
        let mut call = Call::with(9, &link, SettingEngine::default());
        let farewells = Farewells::default();
        let mut registry = Registry::default();
        let listener = farewells.clone();
        registry.add(move || Box::new(listener.clone()));
        let core = PeerConnection::new(&Configuration::default(), Arc::default(), [8; 32]).unwrap();
        call.network.with(call.answerer, |peer, _| {
            peer.0 = core.with_interceptor_registry(Arc::new(registry));
        });
        Self { call, farewells }
    }

    fn add(&mut self, id: &str, kind: MediaKind) -> TransceiverId {
        let track = TrackInfo {
            id: id.to_owned(),
            kind,
        };
        self.call.network.with(self.call.offerer, |peer, _| {
            peer.0
                .add_transceiver(track, RtpTransceiverInit::default())
                .unwrap()
        })
    }

    fn connect(&mut self) {
        self.call.negotiate();
        self.call.connect();
    }

    /// Sends one packet on a transceiver. Gives the SSRCs by which the peer knows the stream.
    fn send(&mut self, id: TransceiverId) -> Vec<u32> {
        self.call.network.with(self.call.offerer, |peer, now| {
            let section = peer.0.negotiated_media().unwrap().by_transceiver(id).unwrap();
            let mut header = rtp::Header {
                payload_type: section.preferred_codec().unwrap().payload_type,
                ..rtp::Header::default()
            };
            peer.0.send_rtp(now, (id, 0), &mut header, &b"media"[..]).unwrap();
            let stats = peer.0.outbound_rtp_stats(id)[0];
            let mut ssrcs: Vec<_> = [Some(stats.ssrc), stats.rtx_ssrc].into_iter().flatten().collect();
            ssrcs.sort_unstable();
            ssrcs
        })
    }

    fn run(&mut self) {
        self.call.network.run_for(Duration::from_millis(50));
    }
}

#[test]
fn who_stops_or_closes_says_farewell_in_time() {
    let mut talk = Talk::new();
    let camera = talk.add("camera", MediaKind::Video);
    let voice = talk.add("voice", MediaKind::Audio);
    talk.connect();
    let [camera_ssrcs, voice_ssrcs] = [camera, voice].map(|id| talk.send(id));
    talk.run();
    assert_eq!(talk.farewells.take(), []);

    talk.call.network.with(talk.call.offerer, |peer, _| {
        peer.0.stop_transceiver(camera).unwrap();
    });
    talk.run();
    assert_eq!(
        talk.farewells.take(),
        camera_ssrcs,
        "before anything is negotiated"
    );
    talk.call.negotiate();
    talk.run();
    assert_eq!(talk.farewells.take(), [], "nobody leaves twice");

    talk.call
        .network
        .with(talk.call.offerer, |peer, now| peer.0.close(now));
    talk.run();
    assert_eq!(talk.farewells.take(), voice_ssrcs);
    let peer = &talk.call.network.endpoint(talk.call.answerer).0;
    assert_eq!(peer.connection_state(), PeerConnectionState::Closed);
}

#[test]
fn a_stream_of_which_nobody_heard_ends_without_a_word() {
    let mut talk = Talk::new();
    let camera = talk.add("camera", MediaKind::Video);
    talk.connect();
    talk.call.network.with(talk.call.offerer, |peer, now| {
        peer.0.stop_transceiver(camera).unwrap();
        peer.0.close(now);
    });
    talk.run();
    assert_eq!(talk.farewells.take(), []);
}

#[test]
fn what_has_come_can_be_read_when_all_is_over() {
    let mut talk = Talk::new();
    let voice = talk.add("voice", MediaKind::Audio);
    talk.connect();
    talk.send(voice);
    talk.call
        .network
        .with(talk.call.offerer, |peer, now| peer.0.close(now));
    talk.run();
    talk.call.network.with(talk.call.answerer, |peer, _| {
        assert_eq!(peer.0.connection_state(), PeerConnectionState::Closed);
        let theirs = peer.0.transceivers().next().unwrap().id();
        let mut packet = Vec::new();
        assert!(peer.0.recv_rtp(theirs, &mut packet).is_some());
        assert!(packet.ends_with(b"media"));
        assert!(peer.0.recv_rtp(theirs, &mut packet).is_none());
        assert_eq!(peer.0.stats().inbound_rtp[0].packets_received, 1);
        assert_eq!(peer.0.poll_timeout(), None);
    });
}
