//! Packets of one connection that are sent on others.
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

use std::time::{Duration, Instant};

use peers::{Pair, Peer, api, settings, within};
use rtp::extension::{Extension, PlayoutDelay, VideoOrientation, VideoTiming};
use webrtc::{
    Api, Event, ExtensionEncryption, MediaEngine, MediaKind, RtpCodec, RtpTransceiver, TrackInfo,
    TrackLocalStaticRtp,
};

async fn incoming(peer: &mut Peer) -> RtpTransceiver {
    peer.wait_for(|event| match event {
        Event::Track(transceiver) => Some(transceiver),
        _ => None,
    })
    .await
}

/// Two peers, of which the first one sends the second one a track.
struct Link {
    _pair: Pair,
    sender: RtpTransceiver,
    receiver: RtpTransceiver,
}

impl Link {
    async fn new(api: &Api, track: &dyn webrtc::TrackLocal) -> Self {
        let mut pair = Pair::new(api);
        let sender = pair.offerer.pc.add_track(track, &[]).unwrap();
        pair.negotiate();
        let receiver = incoming(&mut pair.answerer).await;
        pair.offerer.connected().await;
        pair.answerer.connected().await;
        Self {
            _pair: pair,
            sender,
            receiver,
        }
    }
}

fn id(transceiver: &RtpTransceiver, uri: &str) -> Option<u8> {
    let negotiated = transceiver.negotiated().unwrap();
    let known = negotiated.extensions.iter().find(|known| known.uri == uri);
    known.map(|known| known.id)
}

/// An API that encrypts header extensions.
fn hiding_api() -> Api {
    let mut engine = MediaEngine::default();
    engine.encrypt_header_extensions(ExtensionEncryption::Prefer, |_| true);
    Api::builder()
        .setting_engine(settings())
        .media_engine(engine)
        .build()
}

/// An API whose header extensions have each other's ids, and one is missing. They may be encrypted.
fn other_api(missing: &str, encryption: ExtensionEncryption) -> Api {
    let mut engine = MediaEngine::default();
    let known: Vec<_> = engine.header_extensions(MediaKind::Video).cloned().collect();
    let ids: Vec<_> = known.iter().rev().map(|known| known.id).collect();
    for (mut extension, id) in known.into_iter().zip(ids) {
        extension.id = id;
        engine.register_header_extension(extension).unwrap();
    }
    engine.remove_header_extension(missing);
    engine.encrypt_header_extensions(encryption, |_| true);
    Api::builder()
        .setting_engine(settings())
        .media_engine(engine)
        .build()
}

#[tokio::test]
async fn a_track_tells_every_peer_when_it_was_sampled() {
    let track = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "forwarded");
    let link = Link::new(&api(), &track).await;
    let long_ago = Duration::from_secs(5);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let mut packet = rtp::Packet {
        payload: vec![0x10, 0, 0].into(),
        ..rtp::Packet::default()
    };
    let told = within(async {
        loop {
            ticks.tick().await;
            packet.header.sequence_number += 1;
            packet.header.timestamp += 1800;
            let sampled = Instant::now().checked_sub(long_ago).unwrap();
            track.relate(sampled, packet.header.timestamp);
            track.write_rtp(&packet);
            let (_, received) = link.receiver.recv_rtp().await.unwrap();
            // The first report comes within a second.
            if let Some(sampled) = received.sampled {
                break received.arrived - sampled;
            }
        }
    });
    let told = told.await;
    let margin = Duration::from_secs(1);
    assert!((long_ago - margin..long_ago + margin).contains(&told), "{told:?}");
}

#[tokio::test]
async fn padding_leaves_no_gap_for_those_who_receive_what_is_forwarded() {
    let camera = TrackInfo {
        id: "camera".to_owned(),
        kind: MediaKind::Video,
    };
    let publisher = Link::new(&api(), &camera).await;
    let track = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "forwarded");
    let subscriber = Link::new(&api(), &track).await;
    let negotiated = publisher.sender.negotiated().unwrap();
    let payload_type = negotiated.preferred_codec().unwrap().payload_type;
    for number in 0..20_u16 {
        let mut header = rtp::Header {
            payload_type,
            marker: true,
            sequence_number: number.wrapping_sub(10),
            timestamp: u32::from(number) * 3000,
            ..rtp::Header::default()
        };
        let is_padding = number % 4 == 3;
        let payload = if is_padding { vec![] } else { vec![0x10, 0, 0] };
        publisher.sender.send_rtp(&mut header, &payload).unwrap();
        let (packet, _) = within(publisher.receiver.recv_rtp()).await.unwrap();
        assert_eq!(packet.payload, payload, "padding is told");
        assert_eq!(track.write_rtp(&packet), 1);
    }
    for number in 0..15_u16 {
        let (packet, _) = within(subscriber.receiver.recv_rtp()).await.unwrap();
        assert_eq!(packet.header.sequence_number, number.wrapping_sub(10));
        assert!(!packet.payload.is_empty());
    }
    assert_eq!(subscriber.receiver.inbound_stats()[0].1.packets_lost, 0);
}

#[tokio::test]
async fn frames_go_on_over_padding() {
    let camera = TrackInfo {
        id: "camera".to_owned(),
        kind: MediaKind::Video,
    };
    let link = Link::new(&api(), &camera).await;
    let negotiated = link.sender.negotiated().unwrap();
    let payload_type = negotiated.preferred_codec().unwrap().payload_type;
    let mut frames = link.receiver.frames(None);
    for number in 0..8_u16 {
        let mut header = rtp::Header {
            payload_type,
            marker: true,
            sequence_number: number,
            timestamp: u32::from(number / 2) * 3000,
            ..rtp::Header::default()
        };
        let payload: &[u8] = if number % 2 == 1 { &[] } else { &[0x10, 0, 0] };
        link.sender.send_rtp(&mut header, payload).unwrap();
    }
    for number in 0..3 {
        let frame = within(frames.next()).await.unwrap().unwrap();
        assert_eq!((frame.timestamp, frame.lost_packets), (number * 3000, 0));
    }
    assert_eq!(frames.stats().samples.lost, 0);
}

#[tokio::test]
async fn header_extensions_go_on_under_the_ids_of_the_next_connection() {
    forwards_extensions(&api(), &other_api(PlayoutDelay::URI, ExtensionEncryption::Never)).await;
}

#[tokio::test]
async fn header_extensions_go_on_from_one_form_to_the_other() {
    let hiding = || other_api(PlayoutDelay::URI, ExtensionEncryption::Prefer);
    forwards_extensions(
        &hiding_api(),
        &other_api(PlayoutDelay::URI, ExtensionEncryption::Never),
    )
    .await;
    forwards_extensions(&api(), &hiding()).await;
    forwards_extensions(&hiding_api(), &hiding()).await;
}

async fn forwards_extensions(of_publisher: &Api, of_subscriber: &Api) {
    let camera = TrackInfo {
        id: "camera".to_owned(),
        kind: MediaKind::Video,
    };
    let publisher = Link::new(of_publisher, &camera).await;
    let track = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "forwarded");
    let subscriber = Link::new(of_subscriber, &track).await;
    let uris = [VideoOrientation::URI, PlayoutDelay::URI, VideoTiming::URI];
    let before = uris.map(|uri| id(&publisher.sender, uri).unwrap());
    let after = uris.map(|uri| id(&subscriber.sender, uri));
    assert_ne!(Some(before[0]), after[0], "this test needs other ids");
    assert_eq!(after[1], None, "and an extension that one side does not know");

    let mut header = rtp::Header {
        payload_type: publisher
            .sender
            .negotiated()
            .unwrap()
            .preferred_codec()
            .unwrap()
            .payload_type,
        sequence_number: 7,
        ..rtp::Header::default()
    };
    header.extensions.set(before[0], &[3]).unwrap();
    header.extensions.set(before[1], &[0, 1, 2]).unwrap();
    for (number, source) in [(7, None), (8, Some(&publisher.receiver))] {
        header.sequence_number = number;
        publisher
            .sender
            .send_rtp(&mut header.clone(), &[0x10, 0, 0][..])
            .unwrap();
        let (packet, _) = within(publisher.receiver.recv_rtp()).await.unwrap();
        assert_eq!(packet.header.extensions.get(before[0]), Some(&[3][..]));
        if let Some(source) = source {
            track.set_source(source);
        }
        assert_eq!(track.write_rtp(&packet), 1);
        let (received, _) = within(subscriber.receiver.recv_rtp()).await.unwrap();
        let extensions = &received.header.extensions;
        let expected = source.map(|_| &[3][..]);
        assert_eq!(
            extensions.get(after[0].unwrap()),
            expected,
            "translated if the source is known"
        );
        let data: Vec<_> = extensions.iter().map(|(_, data)| data).collect();
        assert!(!data.contains(&&[0, 1, 2][..]), "nobody agreed upon it");
    }
    track.set_header_extensions(vec![(1, VideoOrientation::URI.to_owned())]);
    let mut packet = rtp::Packet {
        payload: vec![0x10, 0, 0].into(),
        ..rtp::Packet::default()
    };
    packet.header.extensions.set(1, &[2]).unwrap();
    packet.header.sequence_number = 9;
    assert_eq!(track.write_rtp(&packet), 1);
    let (received, _) = within(subscriber.receiver.recv_rtp()).await.unwrap();
    assert_eq!(received.header.extensions.get(after[0].unwrap()), Some(&[2][..]));
}
