//! Header extensions that are encrypted on their own (RFC 6904), on the wire and behind it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use netsim::Link;
use rtp::extension::{Extension, Mid, Rid, TransportSequenceNumber};
use webrtc::core::{MediaKind, PeerConnection, TransceiverId};
use webrtc::{
    Configuration, ExtensionEncryption, MediaEngine, Registry, RtpEncodingParameters,
    RtpTransceiverDirection as Direction, RtpTransceiverInit, SettingEngine,
};

use crate::peer::{Call, Peer};
use crate::protection::{Audio, LEVEL, connected_peers, heard};

use ExtensionEncryption::{Never, Prefer, Require};

fn core(side: u8, settings: SettingEngine, encryption: ExtensionEncryption) -> PeerConnection {
    let mut engine = MediaEngine::default();
    engine.encrypt_header_extensions(encryption, |_| true);
    PeerConnection::new(&Configuration::default(), Arc::new(settings), [side; 32])
        .unwrap()
        .with_media_engine(Arc::new(engine))
}

fn call(encryption: [ExtensionEncryption; 2], cryptex: bool) -> Audio {
    let mut settings = SettingEngine::default();
    settings.srtp.cryptex = cryptex;
    let [offerer, answerer] = encryption;
    connected_peers([
        core(1, settings.clone(), offerer).into(),
        core(2, settings, answerer).into(),
    ])
}

/// What everybody on the way reads by the id of an extension.
fn seen(audio: &Audio, datagram: &[u8], uri: &str) -> Option<Vec<u8>> {
    let core = &audio.call.network.endpoint(audio.call.offerer).0;
    let section = core.negotiated_media().unwrap().by_transceiver(audio.ours);
    let id = section.unwrap().send_extension(uri)?;
    let header = rtp::HeaderRef::decode(datagram).unwrap();
    header.extension(id).map(<[u8]>::to_vec)
}

#[test]
fn who_listens_on_the_way_reads_no_extension_that_both_sides_encrypt() {
    let table = [
        ([Prefer, Prefer], true),
        ([Prefer, Require], true),
        ([Require, Require], true),
        ([Require, Prefer], true),
        ([Prefer, Never], false),
        ([Never, Prefer], false),
        ([Never, Never], false),
    ];
    for (encryption, is_hidden) in table {
        let mut audio = call(encryption, false);
        // Of 256 key streams one would leave a byte as it is: those of four packets are looked at together.
        let (mut levels, mut mids) = (BTreeSet::new(), BTreeSet::new());
        let mut counts = Vec::new();
        for _ in 0..4 {
            let packet = audio.wire(1);
            levels.insert(seen(&audio, &packet, LEVEL).unwrap());
            // It stands in every packet until the peer has reported.
            mids.insert(seen(&audio, &packet, Mid::URI).unwrap());
            counts.push(seen(&audio, &packet, TransportSequenceNumber::URI).unwrap());
            // Whatever the receiver reads is what was sent.
            assert!(heard(&mut audio, packet), "{encryption:?}");
        }
        let all_of = |value: u8| BTreeSet::from([vec![value]]);
        assert_eq!(levels == all_of(0xaa), !is_hidden, "{encryption:?}");
        assert_eq!(mids == all_of(b'0'), !is_hidden, "{encryption:?}");
        let in_order: Vec<_> = (0..4).map(|number| vec![0, number]).collect();
        assert_eq!(counts == in_order, !is_hidden, "{encryption:?} {counts:?}");
    }
}

#[test]
fn cryptex_goes_before_the_encryption_of_single_extensions() {
    let mut audio = call([Prefer, Prefer], true);
    let core = &audio.call.network.endpoint(audio.call.answerer).0;
    let agreed = core.negotiated_media().unwrap();
    assert!(
        agreed.encrypted_extensions().next().is_some(),
        "both are agreed upon"
    );
    let mut packet = audio.wire(1);
    // RFC 9335 §5.1: what stands for the profile of two-byte extensions.
    assert_eq!(&packet[12..14], [0xc2, 0xde]);
    assert!(heard(&mut audio, packet.clone()));
    // Not even the ids are in the clear.
    packet[12..14].copy_from_slice(&[0x10, 0]);
    assert_ne!(seen(&audio, &packet, LEVEL), Some(vec![0xaa]));
}

/// Counts what the peer tells of packets.
#[derive(Debug)]
struct Arrivals(Arc<AtomicUsize>);

impl interceptor::Interceptor for Arrivals {
    fn handle_feedback(&mut self, _: Instant, results: &[interceptor::PacketResult]) {
        self.0.fetch_add(results.len(), Ordering::Relaxed);
    }
}

/// A call with two sections of audio, of which no description names an SSRC: only MIDs tell their packets apart.
struct Two {
    call: Call,
    ours: [TransceiverId; 2],
    theirs: [TransceiverId; 2],
    arrivals: Arc<AtomicUsize>,
}

fn two(encryption: [ExtensionEncryption; 2]) -> Two {
    let arrivals = Arc::new(AtomicUsize::new(0));
    let mut registry = Registry::default();
    let counted = Arc::clone(&arrivals);
    registry.add(move || Box::new(Arrivals(Arc::clone(&counted))));
    let [ours, theirs] = encryption;
    let offerer: Peer = core(1, SettingEngine::default(), ours)
        .with_interceptor_registry(registry.into())
        .into();
    let answerer = core(2, SettingEngine::default(), theirs).into();
    let link = Link::with_latency(Duration::from_millis(10));
    let mut call = Call::of([offerer, answerer], 1, &link);
    let ours = call.network.with(call.offerer, |peer, _| {
        [(), ()].map(|()| {
            let init = RtpTransceiverInit {
                direction: Direction::SendOnly,
                ..RtpTransceiverInit::default()
            };
            peer.0.add_transceiver(MediaKind::Audio, init).unwrap()
        })
    });
    call.negotiate_with(|_, sdp| {
        let lines = sdp.split_inclusive("\r\n");
        lines.filter(|line| !line.starts_with("a=ssrc")).collect()
    });
    call.connect();
    let answerer = &call.network.endpoint(call.answerer).0;
    let theirs: Vec<_> = answerer.transceivers().map(|known| known.id()).collect();
    Two {
        ours,
        theirs: theirs.try_into().unwrap(),
        arrivals,
        call,
    }
}

#[test]
fn packets_find_their_section_and_are_counted_by_extensions_in_either_form() {
    for (encryption, is_hidden) in [([Prefer, Prefer], true), ([Prefer, Never], false)] {
        let Two {
            mut call,
            ours,
            theirs,
            arrivals,
        } = two(encryption);
        call.network.with(call.offerer, |peer, now| {
            for number in 0..20_u8 {
                for (id, payload) in ours.into_iter().zip([b"a", b"b"]) {
                    let section = peer.0.negotiated_media().unwrap().by_transceiver(id).unwrap();
                    assert!(section.extensions.iter().all(|it| it.is_encrypted == is_hidden));
                    let mut header = rtp::Header {
                        payload_type: section.preferred_codec().unwrap().payload_type,
                        sequence_number: number.into(),
                        ..rtp::Header::default()
                    };
                    peer.0.send_rtp(now, (id, 0), &mut header, &payload[..]).unwrap();
                }
            }
        });
        call.network.run_for(Duration::from_secs(1));
        call.network.with(call.answerer, |peer, _| {
            for (id, payload) in theirs.into_iter().zip([b"a", b"b"]) {
                let mut packet = Vec::new();
                let mut count = 0;
                while peer.0.recv_rtp(id, &mut packet).is_some() {
                    assert!(packet.ends_with(payload), "{encryption:?}");
                    count += 1;
                }
                assert_eq!(count, 20, "{encryption:?}");
            }
        });
        assert_eq!(arrivals.load(Ordering::Relaxed), 40, "{encryption:?}");
    }
}

/// Sends a packet on each of two layers.
fn send_layers(peer: &mut PeerConnection, now: Instant, id: TransceiverId, number: u16) {
    let section = peer.negotiated_media().unwrap().by_transceiver(id).unwrap();
    let payload_type = section.preferred_codec().unwrap().payload_type;
    for layer in [0, 1] {
        let mut header = rtp::Header {
            payload_type,
            sequence_number: number,
            timestamp: u32::from(number) * 3000,
            ..rtp::Header::default()
        };
        let payload = [0x10, 1, 2, 3];
        peer.send_rtp(now, (id, layer), &mut header, &payload[..])
            .unwrap();
    }
}

/// The names alone are encrypted, so that their ids need a form that no other extension needs.
#[test]
fn layers_and_what_repairs_them_are_found_by_encrypted_names() {
    let names = |uri: &str| uri.contains(":sdes:");
    let [offerer, answerer] = [1, 2].map(|side| {
        let mut engine = MediaEngine::default();
        engine.encrypt_header_extensions(Prefer, names);
        let settings = Arc::new(SettingEngine::default());
        let core = PeerConnection::new(&Configuration::default(), settings, [side; 32]).unwrap();
        Peer::from(core.with_media_engine(Arc::new(engine)))
    });
    let link = Link::with_latency(Duration::from_millis(10));
    let mut call = Call::of([offerer, answerer], 1, &link);
    let ours = call.network.with(call.offerer, |peer, _| {
        let init = RtpTransceiverInit {
            direction: Direction::SendOnly,
            send_encodings: ["h", "q"].map(RtpEncodingParameters::layer).into(),
            ..RtpTransceiverInit::default()
        };
        peer.0.add_transceiver(MediaKind::Video, init).unwrap()
    });
    call.negotiate();
    call.connect();
    let theirs = call.network.endpoint(call.answerer).0.transceivers().next();
    let theirs = theirs.unwrap().id();
    call.network.with(call.offerer, |peer, now| {
        let section = peer.0.negotiated_media().unwrap().by_transceiver(ours).unwrap();
        let rid = section.send_extension(Rid::URI).unwrap();
        assert!(rid > 14, "this test needs a long id");
        (0..3).for_each(|number| send_layers(&mut peer.0, now, ours, number));
    });
    // Until reports show that the peer knows the layers: their packets need no names then, but what repairs them does.
    call.network.run_for(Duration::from_secs(5));
    call.network.with(call.offerer, |peer, now| {
        send_layers(&mut peer.0, now, ours, 3);
        // They are lost.
        while peer.0.poll_transmit(now, 1, &mut Vec::new()).is_some() {}
        send_layers(&mut peer.0, now, ours, 4);
    });
    call.network.run_for(Duration::from_secs(1));
    let received: BTreeSet<_> = call.network.with(call.answerer, |peer, _| {
        let mut packet = Vec::new();
        let next = || {
            let received = peer.0.recv_rtp(theirs, &mut packet)?;
            let rid = received.rid?.to_string();
            Some((rid, received.sequence_number & 0xffff, received.is_repaired))
        };
        std::iter::from_fn(next).collect()
    });
    let all = |rid: &str| {
        (0..5)
            .map(|number| (rid.to_owned(), number, number == 3))
            .collect::<Vec<_>>()
    };
    assert_eq!(received, all("h").into_iter().chain(all("q")).collect());
}
