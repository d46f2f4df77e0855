//! Audio and video between two peers of this process, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a test program: clippy excuses its tests, not their helpers"
)]

mod peers;

use peers::{Pair, Peer, api, settings, within};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use interceptor::Interceptor;
use webrtc::{
    Api, Event, MediaKind, Registry, RtpCodec, RtpEncodingParameters, RtpEvent, RtpSendError, RtpTransceiver,
    RtpTransceiverDirection, RtpTransceiverInit, Sample, TrackInfo, TrackLocalStaticRtp,
    TrackLocalStaticSample,
};

fn track(kind: MediaKind, id: &str) -> TrackInfo {
    TrackInfo {
        id: id.to_owned(),
        kind,
    }
}

async fn incoming(peer: &mut Peer) -> RtpTransceiver {
    peer.wait_for(|event| match event {
        Event::Track(transceiver) => Some(transceiver),
        _ => None,
    })
    .await
}

fn payload_type(transceiver: &RtpTransceiver) -> u8 {
    let negotiated = transceiver.negotiated().unwrap();
    negotiated.preferred_codec().unwrap().payload_type
}

async fn send(transceiver: &RtpTransceiver, encoding: usize, count: u16) {
    for number in 0..count {
        let mut header = rtp::Header {
            payload_type: payload_type(transceiver),
            sequence_number: number.wrapping_add(65_500),
            timestamp: u32::from(number) * 3000,
            marker: true,
            ..rtp::Header::default()
        };
        let payload = vec![number as u8; 1000 + usize::from(number % 3)];
        transceiver.send_rtp_on(encoding, &mut header, &payload).unwrap();
        // Bursts, as a frame's packets are.
        if number % 8 == 7 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn audio_and_video_arrive_in_both_directions() {
    let mut pair = Pair::new(&api());
    let streams = [String::from("stream")];
    let video = pair
        .offerer
        .pc
        .add_track(&track(MediaKind::Video, "v"), &streams)
        .unwrap();
    let audio = pair
        .offerer
        .pc
        .add_track(&track(MediaKind::Audio, "a"), &streams)
        .unwrap();
    assert_eq!(
        video.send_rtp(&mut rtp::Header::default(), &[0][..]),
        Err(RtpSendError::NotSending)
    );
    let back = pair
        .answerer
        .pc
        .add_track(&track(MediaKind::Video, "w"), &streams)
        .unwrap();
    pair.negotiate();
    let (first, second) = (
        incoming(&mut pair.answerer).await,
        incoming(&mut pair.answerer).await,
    );
    assert_eq!(
        [first.kind(), second.kind()],
        [Some(MediaKind::Video), Some(MediaKind::Audio)]
    );
    assert_eq!(
        first.id(),
        back.id(),
        "the answerer's track uses the section that is there"
    );
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    for (from, to) in [(&video, &first), (&audio, &second), (&back, &video)] {
        send(from, 0, 200).await;
        for number in 0..200_u16 {
            let (packet, received) = within(to.recv_rtp()).await.unwrap();
            assert_eq!(packet.header.sequence_number, number.wrapping_add(65_500));
            assert_eq!(
                received.sequence_number & 0xffff,
                u64::from(packet.header.sequence_number)
            );
            assert_eq!(packet.header.timestamp, u32::from(number) * 3000);
            assert!(packet.header.marker && !received.is_repaired && received.rid.is_none());
            assert_eq!(packet.payload.len(), 1000 + usize::from(number % 3));
        }
    }
    let (sent, received) = (&video.outbound_stats()[0], &first.inbound_stats()[0].1);
    assert_eq!(sent.ssrc, received.ssrc);
    assert_eq!([sent.packets_sent, received.packets_received], [200, 200]);
    assert_eq!(sent.bytes_sent, received.bytes_received);
    let stats = pair.answerer.pc.rtp_stats().unwrap();
    assert_eq!(
        (stats.packets_received, stats.rejected, stats.unsignalled),
        (400, 0, 0)
    );
}

#[tokio::test]
async fn a_key_frame_request_reaches_the_sender_and_an_unknown_payload_type_is_refused() {
    let mut pair = Pair::new(&api());
    let video = pair
        .offerer
        .pc
        .add_track(&track(MediaKind::Video, "v"), &[])
        .unwrap();
    pair.negotiate();
    let received = incoming(&mut pair.answerer).await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    assert!(!received.request_key_frame(None) || payload_type(&video) > 0);
    send(&video, 0, 1).await;
    within(received.recv_rtp()).await.unwrap();
    assert!(received.request_key_frame(None));
    assert_eq!(
        within(video.next_rtp_event()).await,
        Some(RtpEvent::KeyFrameRequested { rid: None })
    );
    let mut header = rtp::Header {
        payload_type: 1,
        ..rtp::Header::default()
    };
    assert_eq!(
        video.send_rtp(&mut header, &[0][..]),
        Err(RtpSendError::PayloadType(1))
    );
    pair.offerer.pc.close();
    assert_eq!(within(video.next_rtp_event()).await, None);
    assert!(within(received.recv_rtp()).await.is_none());
}

#[tokio::test]
async fn numbers_that_go_back_are_refused_by_name_until_another_source_begins() {
    let mut pair = Pair::new(&api());
    let video = pair
        .offerer
        .pc
        .add_track(&track(MediaKind::Video, "v"), &[])
        .unwrap();
    pair.negotiate();
    let received = incoming(&mut pair.answerer).await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    let mut header = rtp::Header {
        payload_type: payload_type(&video),
        sequence_number: 40_000,
        ..rtp::Header::default()
    };
    let mut again = header.clone();
    again.sequence_number = 30_000;
    again.ssrc = 5;
    video.send_rtp(&mut header, &[0][..]).unwrap();
    let refused = video.send_rtp(&mut again.clone(), &[1][..]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "not protected: sequence number was used before"
    );
    video.begin_source();
    let given = again.clone();
    video.send_rtp(&mut again, &[2][..]).unwrap();
    assert_eq!((again.sequence_number, again.ssrc), (40_001, 5), "moved");
    let mut refused = given.clone();
    video.send_rtp(&mut refused, &[3][..]).unwrap_err();
    assert_eq!(refused, given, "moved back");
    for (number, byte) in [(40_000, 0), (40_001, 2)] {
        let (packet, _) = within(received.recv_rtp()).await.unwrap();
        assert_eq!((packet.header.sequence_number, packet.payload[0]), (number, byte));
        assert_eq!(packet.header.ssrc, video.outbound_stats()[0].ssrc);
    }
}

#[tokio::test]
async fn layers_of_simulcast_arrive_by_their_rid() {
    let mut pair = Pair::new(&api());
    let init = RtpTransceiverInit {
        direction: RtpTransceiverDirection::SendOnly,
        send_encodings: ["q", "h", "f"].map(RtpEncodingParameters::layer).to_vec(),
        ..RtpTransceiverInit::default()
    };
    let video = pair
        .offerer
        .pc
        .add_transceiver(track(MediaKind::Video, "v"), init)
        .unwrap();
    pair.negotiate();
    let received = incoming(&mut pair.answerer).await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    for (encoding, rid) in ["q", "h", "f"].into_iter().enumerate() {
        send(&video, encoding, 20).await;
        for _ in 0..20 {
            let (_, packet) = within(received.recv_rtp()).await.unwrap();
            assert_eq!(packet.rid.as_deref(), Some(rid));
        }
    }
    assert!(received.request_key_frame(Some("h")));
    let asked = within(video.next_rtp_event()).await.unwrap();
    assert_eq!(
        asked,
        RtpEvent::KeyFrameRequested {
            rid: Some("h".into())
        }
    );
}

#[tokio::test]
async fn one_track_goes_to_many_connections_and_another_takes_its_place() {
    let api = api();
    let frames = TrackLocalStaticSample::new(RtpCodec::video("VP8", ""), "frames").unwrap();
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let mut pair = Pair::new(&api);
        let sender = pair.offerer.pc.add_track(&frames, &[]).unwrap();
        pair.negotiate();
        let receiver = incoming(&mut pair.answerer).await;
        pair.offerer.connected().await;
        pair.answerer.connected().await;
        pairs.push((pair, sender, receiver));
    }
    let sample = Sample {
        data: vec![0x10; 5000].into(),
        duration: Duration::from_millis(33),
    };
    assert_eq!(frames.write_sample(&sample), 3);
    for (_, _, receiver) in &pairs {
        let mut frame = Vec::new();
        let mut depacketizer = rtp::payload::depacketizer("VP8").unwrap();
        loop {
            let (packet, _) = within(receiver.recv_rtp()).await.unwrap();
            depacketizer.depacketize(&packet.payload, &mut frame).unwrap();
            if packet.header.marker {
                break;
            }
        }
        assert_eq!(frame, sample.data);
    }
    // Another track on the first connection; the second connection is closed.
    let other = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "other");
    pairs[0].1.replace_track(Some(&other)).unwrap();
    pairs[1].0.offerer.pc.close();
    assert_eq!(frames.write_sample(&sample), 1);
    let packet = rtp::Packet {
        payload: vec![0x10, 0, 0].into(),
        ..rtp::Packet::default()
    };
    assert_eq!(other.write_rtp(&packet), 1);
    let (received, _) = within(pairs[0].2.recv_rtp()).await.unwrap();
    assert_eq!(received.payload, packet.payload);
    pairs[0].1.replace_track(None).unwrap();
    assert_eq!(other.write_rtp(&packet), 0);
}

#[tokio::test]
async fn frames_of_h264_are_cut_as_each_connection_has_agreed() {
    let api = api();
    let h264 = |mode: u8| {
        RtpCodec::video(
            "H264",
            &format!("packetization-mode={mode};profile-level-id=42e01f"),
        )
    };
    let frames = TrackLocalStaticSample::new(h264(1), "frames").unwrap();
    let mut pairs = Vec::new();
    for mode in [0, 1] {
        let mut pair = Pair::new(&api);
        let sender = pair.offerer.pc.add_track(&frames, &[]).unwrap();
        let line = format!("level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id=42e01f");
        sender
            .set_codec_preferences(&[RtpCodec::video("H264", &line)])
            .unwrap();
        pair.negotiate();
        let receiver = incoming(&mut pair.answerer).await;
        pair.offerer.connected().await;
        pair.answerer.connected().await;
        pairs.push((pair, receiver));
    }
    let access_unit = |len: usize| Sample {
        data: [
            &[0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x68, 1, 0, 0, 0, 1, 0x65][..],
            &vec![0x88; len],
        ]
        .concat()
        .into(),
        duration: Duration::from_millis(33),
    };
    assert_eq!(frames.write_sample(&access_unit(1000)), 2);
    // A NAL unit that is longer than a packet cannot be sent in mode 0.
    assert_eq!(frames.write_sample(&access_unit(2000)), 1);
    assert_eq!(frames.write_sample(&access_unit(10)), 2);
    // Parameter sets and slices by themselves; together, in fragments.
    let expected: [&[u8]; 2] = [&[7, 8, 5, 7, 8, 5], &[24, 24, 28, 28, 24]];
    for (expected, (_, receiver)) in expected.iter().zip(&pairs) {
        let (mut kinds, mut numbers) = (Vec::new(), Vec::new());
        while kinds.len() < expected.len() {
            let (packet, _) = within(receiver.recv_rtp()).await.unwrap();
            numbers.push(packet.header.sequence_number);
            kinds.push(packet.payload[0] & 0x1f);
        }
        assert_eq!(kinds, *expected);
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
    }
}

#[tokio::test]
async fn reports_flow_though_nobody_reads() {
    let mut pair = Pair::new(&api());
    let video = pair
        .offerer
        .pc
        .add_track(&track(MediaKind::Video, "v"), &[])
        .unwrap();
    pair.negotiate();
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    send(&video, 0, 600).await;
    within(async {
        loop {
            let stats = [&pair.offerer, &pair.answerer].map(|peer| peer.pc.rtp_stats().unwrap());
            let is_reported = stats.iter().all(|stats| stats.rtcp_received > 0);
            if is_reported && stats[1].packets_received >= 600 {
                break stats;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let stats = pair.answerer.pc.rtp_stats().unwrap();
    assert_eq!((stats.packets_received, stats.overflowed), (600, 600 - 512));
}

/// A call with a track of frames, and who receives them.
async fn frames_of_vp8() -> (Pair, TrackLocalStaticSample, RtpTransceiver) {
    let mut pair = Pair::new(&api());
    let frames = TrackLocalStaticSample::new(RtpCodec::video("VP8", ""), "frames").unwrap();
    pair.offerer.pc.add_track(&frames, &[]).unwrap();
    pair.negotiate();
    let receiver = incoming(&mut pair.answerer).await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    (pair, frames, receiver)
}

#[tokio::test]
async fn a_received_track_is_read_as_frames() {
    let (pair, frames, receiver) = frames_of_vp8().await;
    let mut reader = receiver.frames(None);
    let sample = |number: u8| Sample {
        data: vec![number; 3000].into(),
        duration: Duration::from_millis(40),
    };
    (0..10).for_each(|number| {
        frames.write_sample(&sample(number));
    });
    for number in 0..9 {
        let frame = within(reader.next()).await.unwrap().unwrap();
        assert_eq!(frame.data, sample(number).data);
        assert_eq!((frame.ticks, frame.lost_packets), (3600, 0));
    }
    assert!(reader.codec().unwrap().is("VP8"));
    pair.offerer.pc.close();
    let last = within(reader.next()).await.unwrap().unwrap();
    assert_eq!(
        last.data,
        sample(9).data,
        "the end gives out what waits for its duration"
    );
    assert_eq!(within(reader.next()).await, Ok(None));
}

#[tokio::test]
async fn a_jitter_buffer_delays_frames_and_counts() {
    let (pair, frames, receiver) = frames_of_vp8().await;
    let target = Duration::from_millis(150);
    assert_eq!(receiver.jitter_buffer_target(), None);
    receiver.set_jitter_buffer_target(target).unwrap();
    let too_much = receiver.set_jitter_buffer_target(Duration::from_millis(4001));
    assert!(matches!(
        too_much,
        Err(webrtc::Error::Parameters(
            webrtc::ParametersError::JitterBufferTarget
        ))
    ));
    assert_eq!(receiver.jitter_buffer_target(), Some(target));
    let jitter_buffer = |receiver: &RtpTransceiver| receiver.receiver_stats().inbound_rtp[0].jitter_buffer;

    let mut reader = receiver.frames(None).with_jitter_buffer();
    let sent = Instant::now();
    frames.write_sample(&Sample {
        data: vec![7; 3000].into(),
        duration: Duration::from_millis(40),
    });
    let frame = within(reader.next()).await.unwrap().unwrap();
    assert_eq!(frame.data, vec![7; 3000]);
    assert!(sent.elapsed() >= target, "{:?}", sent.elapsed());
    let counted = jitter_buffer(&receiver).unwrap();
    assert_eq!((counted.emitted_count, counted.target_delay), (1, target));
    assert!(counted.delay >= target && counted.minimum_delay < target);
    // What waits when the connection ends is still read.
    frames.write_sample(&Sample {
        data: vec![8; 10].into(),
        duration: Duration::from_millis(40),
    });
    pair.offerer.pc.close();
    assert_eq!(within(reader.next()).await.unwrap().unwrap().data, vec![8; 10]);
    assert_eq!(within(reader.next()).await, Ok(None));
}

/// Writes down whose farewell comes.
#[derive(Clone, Debug, Default)]
struct Farewells(Arc<Mutex<Vec<u32>>>);

impl Interceptor for Farewells {
    fn handle_rtcp(&mut self, _: Instant, packet: &rtcp::PacketRef<'_>) {
        if let rtcp::PacketRef::Goodbye(goodbye) = packet {
            self.0.lock().unwrap().extend(goodbye.ssrcs.iter());
        }
    }
}

/// The peer hears of the end of the streams before the end of the connection, after which it would not listen.
#[tokio::test]
async fn a_connection_that_closes_says_farewell_before() {
    let farewells = Farewells::default();
    let listener = farewells.clone();
    let mut registry = Registry::default();
    registry.add(move || Box::new(listener.clone()));
    let api = Api::builder()
        .setting_engine(settings())
        .interceptor_registry(registry)
        .build();
    let mut pair = Pair::new(&api);
    let video = pair
        .offerer
        .pc
        .add_track(&track(MediaKind::Video, "v"), &[])
        .unwrap();
    pair.negotiate();
    let received = incoming(&mut pair.answerer).await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    send(&video, 0, 1).await;
    within(received.recv_rtp()).await.unwrap();
    let ssrc = video.outbound_stats()[0].ssrc;
    pair.offerer.pc.close();
    assert!(within(received.recv_rtp()).await.is_none());
    assert!(farewells.0.lock().unwrap().contains(&ssrc));
}

/// The port of the one candidate in a description.
fn port(sdp: &str) -> u16 {
    let line = sdp.lines().find(|line| line.starts_with("a=candidate:")).unwrap();
    line.split(' ').nth(5).unwrap().parse().unwrap()
}

/// Passes the datagrams of two ports on to each other, marked as on a congested path.
async fn congested(relay: datagram::UdpSocket, ports: [u16; 2]) {
    let mut inbox = datagram::Inbox::new(&relay);
    loop {
        let packet = inbox.recv(&relay).await.unwrap();
        let to = if packet.source.port() == ports[0] {
            ports[1]
        } else {
            ports[0]
        };
        let transmit = datagram::Transmit {
            ecn: Some(datagram::Ecn::Ce),
            ..datagram::Transmit::new(([127, 0, 0, 1], to).into(), packet.contents)
        };
        datagram::send(&relay, &transmit).await.unwrap();
    }
}

#[tokio::test]
async fn congestion_marks_on_the_wire_are_counted() {
    let mut pair = Pair::new(&api());
    let (offerer, answerer) = (pair.offerer.pc.clone(), pair.answerer.pc.clone());
    let video = offerer.add_track(&track(MediaKind::Video, "v"), &[]).unwrap();
    let relay = datagram::UdpSocket::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let behind = datagram::Datagram::local_addr(&relay).unwrap().port();
    let by_relay = |description: webrtc::SessionDescription| {
        let port = port(&description.sdp);
        let told = peers::edited(description, &format!(" {port} typ "), &format!(" {behind} typ "));
        (told, port)
    };
    offerer.set_local_description(None).unwrap();
    let (offer, first) = by_relay(offerer.local_description().unwrap());
    answerer.set_remote_description(&offer).unwrap();
    answerer.set_local_description(None).unwrap();
    let (answer, second) = by_relay(answerer.local_description().unwrap());
    let relay = tokio::spawn(congested(relay, [first, second]));
    offerer.set_remote_description(&answer).unwrap();
    let received = incoming(&mut pair.answerer).await;
    pair.offerer.connected().await;
    pair.answerer.connected().await;
    send(&video, 0, 20).await;
    for _ in 0..20 {
        within(received.recv_rtp()).await.unwrap();
    }
    let stats = received.inbound_stats()[0].1;
    assert_eq!((stats.packets_received, stats.packets_received_with_ce), (20, 20));
    relay.abort();
}
