//! Video over bad links, and what a call makes of packets that nobody should send.

use std::time::{Duration, Instant};

use ice::Path;
use interceptor::Ecn;
use netsim::{Link, Loss};
use rtp::payload::{Packetizer, Payloads, packetizer};
use rtp::{Packet, Sequencer};
use webrtc::core::{
    Event, MediaKind, PeerConnection, RtcpFeedback, RtpEvent, RtpSendError, RtpTransportStats, TransceiverId,
};
use webrtc::{
    PeerConnectionState, RtpCodec, RtpTransceiverDirection as Direction, RtpTransceiverInit, SettingEngine,
    TrackInfo,
};

use crate::peer::{ADDRESSES, Call, Peer};

/// Time between two pictures.
const PICTURE: Duration = Duration::from_millis(33);

/// A call in which the offerer sends video.
struct Video {
    call: Call,
    ours: TransceiverId,
    theirs: TransceiverId,
    payload_type: u8,
    packetizer: Box<dyn Packetizer>,
    payloads: Payloads,
    sequencer: Sequencer,
}

impl Video {
    fn new(seed: u64, link: &Link) -> Self {
        Self::with_codecs(seed, link, &[])
    }

    /// With these codecs alone, where there are any.
    fn with_codecs(seed: u64, link: &Link, codecs: &[RtpCodec]) -> Self {
        Self::over(Call::with(seed, link, SettingEngine::default()), codecs, |sdp| {
            sdp
        })
    }

    /// `edit` changes the descriptions of the first exchange.
    fn negotiated(seed: u64, link: &Link, edit: impl Fn(String) -> String) -> Self {
        Self::over(Call::with(seed, link, SettingEngine::default()), &[], edit)
    }

    fn over(mut call: Call, codecs: &[RtpCodec], edit: impl Fn(String) -> String) -> Self {
        let track = TrackInfo {
            id: String::from("video"),
            kind: MediaKind::Video,
        };
        let ours = call.network.with(call.offerer, |peer, _| {
            let id = peer.0.add_transceiver(track, RtpTransceiverInit::default());
            let id = id.unwrap();
            if !codecs.is_empty() {
                peer.0.set_codec_preferences(id, codecs).unwrap();
            }
            id
        });
        call.negotiate_with(|_, sdp| edit(sdp));
        call.connect();
        let theirs = call
            .network
            .events(call.answerer)
            .find_map(|(_, event)| match event {
                Event::Track(id) => Some(*id),
                _ => None,
            });
        let core = &call.network.endpoint(call.offerer).0;
        let section = core.negotiated_media().unwrap().by_transceiver(ours).unwrap();
        let vp8 = RtpCodec::video("VP8", "");
        let codec = section.send.iter().find(|known| known.codec == vp8).unwrap();
        Self {
            payload_type: codec.payload_type,
            ours,
            theirs: theirs.expect("the track was not announced"),
            packetizer: packetizer("VP8").unwrap(),
            payloads: Payloads::new(),
            // The numbers wrap on the way.
            sequencer: Sequencer::starting_at(65_000),
            call,
        }
    }

    /// A picture whose bytes are its number. Returns how many packets it took.
    fn send(&mut self, number: u32) -> usize {
        let frame = picture(number);
        self.packetizer.packetize(&frame, 1100, &mut self.payloads);
        let (ours, payload_type) = (self.ours, self.payload_type);
        let (payloads, sequencer) = (&self.payloads, &mut self.sequencer);
        self.call.network.with(self.call.offerer, |peer, now| {
            for (index, payload) in payloads.iter().enumerate() {
                let mut header = rtp::Header {
                    payload_type,
                    marker: index + 1 == payloads.len(),
                    sequence_number: sequencer.next_number(),
                    timestamp: number.wrapping_mul(3000),
                    ..rtp::Header::default()
                };
                peer.0.send_rtp(now, (ours, 0), &mut header, payload).unwrap();
            }
        });
        self.payloads.len()
    }

    fn receive(&mut self) -> Option<(Packet, bool)> {
        let theirs = self.theirs;
        self.call.network.with(self.call.answerer, |peer, _| {
            let mut bytes = Vec::new();
            let received = peer.0.recv_rtp(theirs, &mut bytes)?;
            Some((Packet::decode(bytes.into()).unwrap(), received.is_repaired))
        })
    }

    /// Sends these pictures in time. Returns how many packets were sent, how many came, and how many of them repaired.
    fn run(&mut self, numbers: std::ops::Range<u32>) -> [usize; 3] {
        let mut counts = [0; 3];
        for number in numbers {
            counts[0] += self.send(number);
            let until = self.call.network.now() + PICTURE;
            run_until(self, until);
            while let Some((_, is_repaired)) = self.receive() {
                counts[1] += 1;
                counts[2] += usize::from(is_repaired);
            }
        }
        counts
    }

    /// The offerer wants this direction, and a second goes by.
    fn direct(&mut self, direction: Direction) {
        let ours = self.ours;
        self.call.network.with(self.call.offerer, |peer, _| {
            peer.0.set_direction(ours, direction).unwrap();
        });
        self.call.negotiate();
        self.call.network.run_for(Duration::from_secs(1));
    }

    fn stats(&self) -> RtpTransportStats {
        self.call
            .network
            .endpoint(self.call.answerer)
            .0
            .rtp_stats()
            .unwrap()
    }

    /// One datagram of media that the offerer would have sent.
    fn captured(&mut self) -> Vec<u8> {
        let (ours, payload_type) = (self.ours, self.payload_type);
        let sequence_number = self.sequencer.next_number();
        self.call.network.with(self.call.offerer, |peer, now| {
            let mut header = rtp::Header {
                payload_type,
                sequence_number,
                ..rtp::Header::default()
            };
            let payload = [0x10, 1, 2, 3];
            peer.0
                .send_rtp(now, (ours, 0), &mut header, &payload[..])
                .unwrap();
            let mut datagram = Vec::new();
            loop {
                datagram.clear();
                peer.0.poll_transmit(now, 1, &mut datagram).unwrap();
                if datagram.first() == Some(&0x90) || datagram.first() == Some(&0x80) {
                    return datagram;
                }
            }
        })
    }

    fn inject(&mut self, datagram: &[u8]) {
        self.inject_marked(Ecn::NotEct, datagram);
    }

    fn inject_marked(&mut self, ecn: Ecn, datagram: &[u8]) {
        let [remote, local] = ADDRESSES.map(|address| (address, 5000).into());
        let mut datagram = datagram.to_vec();
        self.call.network.with(self.call.answerer, |peer, now| {
            peer.0
                .handle_marked_input(now, Path { local, remote }, ecn, &mut datagram);
        });
    }
}

fn picture(number: u32) -> Vec<u8> {
    let mut frame = vec![number as u8; 200 + (number as usize * 997) % 9000];
    // The first bit says whether a picture needs others.
    frame[0] = u8::from(!number.is_multiple_of(30));
    frame
}

/// Sends 600 pictures and returns those that came whole, in order, with how many packets were repaired.
fn transmit(seed: u64, link: &Link) -> (Vec<Vec<u8>>, u64, usize) {
    let mut video = Video::new(seed, link);
    let (pictures, repaired, packets) = pictures(&mut video);
    let stats = video.stats();
    // What the link doubles is a replay, and no fault of anybody's.
    assert!(stats.replayed < packets as u64 / 20, "{stats:?}");
    (pictures, repaired, packets)
}

fn pictures(video: &mut Video) -> (Vec<Vec<u8>>, u64, usize) {
    let mut builder = media::SampleBuilder::new(
        rtp::payload::depacketizer("VP8").unwrap(),
        media::SampleConfig::new(90_000),
    );
    let (mut pictures, mut repaired, mut packets) = (Vec::new(), 0, 0);
    for number in 0..640 {
        // The last ones bring what was lost before them.
        packets += video.send(number);
        let until = video.call.network.now() + PICTURE;
        run_until(video, until);
        while let Some((packet, is_repaired)) = video.receive() {
            repaired += u64::from(is_repaired);
            builder.push(packet);
        }
        while let Some(sample) = builder.pop() {
            pictures.push(sample.data.to_vec());
        }
    }
    let stats = video.stats();
    assert_eq!((stats.rejected, stats.unsignalled, stats.overflowed), (0, 0, 0));
    (pictures, repaired, packets)
}

fn run_until(video: &mut Video, until: Instant) {
    let left = until.saturating_duration_since(video.call.network.now());
    video.call.network.run_for(left);
}

#[test]
fn lost_packets_of_video_are_repaired_before_anyone_misses_them() {
    for seed in 0..16 {
        let link = Link {
            latency: Duration::from_millis(20),
            loss: if seed % 2 == 0 {
                Link::hostile(0.05).loss
            } else {
                Loss::bursts(0.05, 3.0)
            },
            ..Link::hostile(0.0)
        };
        let (pictures, repaired, packets) = transmit(seed, &link);
        let expected: Vec<_> = (0..600).map(picture).collect();
        let whole = pictures.iter().filter(|one| expected.contains(one)).count();
        assert!(whole >= 597, "seed {seed}: {whole} of 600 pictures");
        assert!(
            pictures.windows(2).all(|pair| pair[0] != pair[1]),
            "seed {seed}: a picture came twice"
        );
        let lost = packets as u64 / 20;
        assert!(
            (lost / 2..lost * 2).contains(&repaired),
            "seed {seed}: {repaired} of about {lost} packets were repaired"
        );
    }
}

/// Browsers do without RTX when an application removes it: then a packet goes again as it was, under its own number.
#[test]
fn lost_packets_are_repaired_without_rtx() {
    for seed in 0..8 {
        let link = Link {
            latency: Duration::from_millis(20),
            loss: Loss::Random(0.05),
            ..Link::default()
        };
        let mut video = Video::with_codecs(seed, &link, &[RtpCodec::video("VP8", "")]);
        let (pictures, repaired, packets) = pictures(&mut video);
        let expected: Vec<_> = (0..600).map(picture).collect();
        let whole = pictures.iter().filter(|one| expected.contains(one)).count();
        assert!(whole >= 597, "seed {seed}: {whole} of 600 pictures");
        assert_eq!(repaired, 0, "nothing came by RTX");
        let sender = &video.call.network.endpoint(video.call.offerer).0;
        assert_eq!(sender.rtp_stats().unwrap().send_errors, 0, "seed {seed}");
        let [stats] = &sender.outbound_rtp_stats(video.ours)[..] else {
            panic!("one stream is sent");
        };
        assert_eq!(stats.rtx_ssrc, None);
        let again = stats.retransmitted_packets_sent;
        let lost = packets as u64 / 20;
        assert!(
            (lost / 2..lost * 2).contains(&again),
            "seed {seed}: {again} of about {lost}"
        );
    }
}

#[test]
fn who_only_receives_knows_the_round_trip() {
    let latency = Duration::from_millis(20);
    let link = Link {
        latency,
        ..Link::default()
    };
    let mut video = Video::new(3, &link);
    for number in 0..150 {
        video.send(number);
        let until = video.call.network.now() + PICTURE;
        run_until(&mut video, until);
        while video.receive().is_some() {}
    }
    let receiver = &video.call.network.endpoint(video.call.answerer).0;
    let [(None, stats)] = &receiver.inbound_rtp_stats(video.theirs)[..] else {
        panic!("one stream is received");
    };
    // RFC 3611 §4.4 and §4.5: a reference time went there, and its delay came back.
    let trips = stats.remote.expect("a sender report").round_trips;
    let rtt = trips.smoothed.expect("a round trip");
    assert!(rtt >= 2 * latency && rtt < 3 * latency, "{rtt:?}");
}

/// What a forwarder says of its source reaches the peer, moved to where the stream is.
#[test]
fn what_is_said_of_the_time_of_sampling_reaches_the_peer() {
    let link = Link {
        latency: Duration::from_millis(20),
        ..Link::default()
    };
    let mut video = Video::new(5, &link);
    let (ours, theirs) = (video.ours, video.theirs);
    let mut told = Vec::new();
    for number in 0..400 {
        // From the second source on it is said that pictures were half a second old, and with the third nothing is said.
        if number == 100 || number == 250 {
            video
                .call
                .network
                .with(video.call.offerer, |peer, _| peer.0.begin_source(ours));
            video.sequencer = Sequencer::starting_at(number as u16);
        }
        if (100..250).contains(&number) {
            video.call.network.with(video.call.offerer, |peer, now| {
                let sampled = now - Duration::from_millis(500);
                peer.0.relate((ours, 0), sampled, number * 3000);
            });
        }
        video.send(number);
        let until = video.call.network.now() + PICTURE;
        run_until(&mut video, until);
        video.call.network.with(video.call.answerer, |peer, _| {
            let mut bytes = Vec::new();
            while let Some(received) = peer.0.recv_rtp(theirs, &mut bytes) {
                let age = received.sampled.map(|sampled| received.arrived - sampled);
                told.push((number, age));
            }
        });
    }
    let ages = |numbers: std::ops::Range<u32>| {
        let of = told.iter().filter(move |(number, _)| numbers.contains(number));
        of.map(|(_, age)| age.expect("a report has told"))
    };
    assert_eq!(told[0].1, None, "there was no report yet");
    // A picture every 33 ms has timestamps for 33.3, so that a relation is off by 15 ms until the next report.
    let margin = Duration::from_millis(20);
    assert!(ages(70..100).all(|age| age < margin));
    let half = Duration::from_millis(500);
    assert!(ages(170..250).all(|age| (half - margin..half + margin).contains(&age)));
    assert!(ages(350..400).all(|age| age < margin));
}

#[test]
fn garbage_replays_and_floods_are_counted_and_the_call_goes_on() {
    let mut video = Video::new(7, &Link::default());
    let good = video.captured();
    video.inject(&good);
    assert!(video.receive().is_some());
    let before = video.stats();

    video.inject(&good);
    let replayed = video.stats();
    assert_eq!(
        (replayed.replayed, replayed.rejected),
        (before.replayed + 1, before.rejected)
    );

    // Changed, cut, and made up.
    for index in 0..good.len() {
        let mut changed = good.clone();
        changed[index] ^= 1;
        if (128..=191).contains(&changed[0]) {
            video.inject(&changed);
        }
        if index > 0 {
            video.inject(&good[..index]);
        }
    }
    for ssrc in 0..5_000_u32 {
        let mut flood = good.clone();
        flood[8..12].copy_from_slice(&ssrc.to_be_bytes());
        video.inject(&flood);
    }
    for kind in 192..=223 {
        let mut report = vec![0x81, kind, 0, 7];
        report.extend([0xff; 40]);
        video.inject(&report);
    }
    let after = video.stats();
    assert_eq!(
        after.packets_received, before.packets_received,
        "nothing of that is media"
    );
    assert_eq!(after.rtcp_received, before.rtcp_received);
    assert!(after.rejected > before.rejected + 5_000);
    assert!(video.receive().is_none());

    let next = video.captured();
    video.inject(&next);
    assert!(video.receive().is_some(), "the call goes on");
    // Far away from all others, but from somebody who has the key.
    video.sequencer = Sequencer::starting_at(30_000);
    let jump = video.captured();
    video.inject(&jump);
    assert!(video.receive().is_none());
    let core: &PeerConnection = &video.call.network.endpoint(video.call.answerer).0;
    assert_eq!(core.connection_state(), PeerConnectionState::Connected);

    let told = core.stats().rtp;
    let causes = told.rejections;
    assert_eq!(causes.total(), told.rejected + told.replayed);
    assert!(causes.bad_tag > 5_000 && causes.malformed >= 12, "{causes:?}");
    assert_eq!(told.dropped, before.dropped + 1);
    assert_eq!(told.chain.jumps, before.chain.jumps + 1);
}

#[test]
fn congestion_marks_reach_the_feedback() {
    let mut video = Video::new(2, &Link::default());
    let marks = [Ecn::Ce, Ecn::Ect1, Ecn::NotEct, Ecn::Ce, Ecn::Ect0];
    for mark in marks {
        let datagram = video.captured();
        video.inject_marked(mark, &datagram);
    }
    let core = &video.call.network.endpoint(video.call.answerer).0;
    let stats = core.inbound_rtp_stats(video.theirs)[0].1;
    assert_eq!(stats.packets_received, 5);
    let counted = (stats.packets_received_with_ce, stats.packets_received_with_ect1);
    assert_eq!(counted, (2, 1));
}

/// The numbers of both SSRCs go on, whatever the numbers of the source do meanwhile: SRTP protects none twice.
#[test]
fn a_stream_goes_on_after_hold_and_its_packets_are_repaired() {
    let link = Link {
        latency: Duration::from_millis(20),
        loss: Link::hostile(0.05).loss,
        ..Link::default()
    };
    for (seed, source) in [
        (0, None),
        (1, None),
        (2, Some(7)),
        (3, Some(40_000)),
        (4, Some(64_000)),
    ] {
        let mut video = Video::new(seed, &link);
        video.run(0..60);
        video.direct(Direction::Inactive);
        video.direct(Direction::SendRecv);
        if let Some(first) = source {
            video.sequencer = Sequencer::starting_at(first);
        }
        let [sent, received, repaired] = video.run(60..160);
        assert!(
            received + 3 >= sent,
            "seed {seed}: {received} of {sent} packets came"
        );
        assert!(repaired > sent / 40, "seed {seed}: {repaired} were repaired");
        let core = &video.call.network.endpoint(video.call.offerer).0;
        assert_eq!(core.rtp_stats().unwrap().send_errors, 0, "seed {seed}");
    }
}

#[test]
fn retransmissions_that_a_later_exchange_agrees_on_are_used() {
    let link = Link {
        latency: Duration::from_millis(20),
        loss: Link::hostile(0.05).loss,
        ..Link::default()
    };
    let without_rtx = |sdp: String| {
        let lines = sdp.split_inclusive("\r\n");
        let of_rtx = |line: &str| line.contains(" rtx/") || line.contains(" apt=") || line.contains(":FID ");
        lines.filter(|line| !of_rtx(line)).collect()
    };
    let mut video = Video::negotiated(1, &link, without_rtx);
    let [_, _, repaired] = video.run(0..60);
    assert_eq!(repaired, 0);
    video.call.negotiate();
    let [sent, received, repaired] = video.run(60..160);
    assert!(received + 3 >= sent, "{received} of {sent} packets came");
    assert!(repaired > sent / 40, "{repaired} were repaired");
}

#[test]
fn a_replaced_track_goes_on_after_hold() {
    let mut video = Video::new(1, &Link::default());
    video.run(0..20);
    let ours = video.ours;
    video
        .call
        .network
        .with(video.call.offerer, |peer, _| peer.0.begin_source(ours));
    video.sequencer = Sequencer::starting_at(40_000);
    video.run(20..40);
    video.direct(Direction::RecvOnly);
    video.direct(Direction::SendRecv);
    let [sent, received, _] = video.run(40..60);
    assert_eq!(sent, received);
}

#[test]
fn a_packet_that_srtp_refused_does_not_repair_the_one_before() {
    let mut video = Video::new(3, &Link::default());
    video.run(0..3);
    let number = video.sequencer.next_number();
    let (ours, payload_type) = (video.ours, video.payload_type);
    let send = |peer: &mut PeerConnection, now, sequence_number, byte| {
        let mut header = rtp::Header {
            payload_type,
            sequence_number,
            ..rtp::Header::default()
        };
        peer.send_rtp(now, (ours, 0), &mut header, &[0x10, byte][..])
    };
    video.call.network.with(video.call.offerer, |peer, now| {
        send(&mut peer.0, now, number, b'a').unwrap();
        // It is lost.
        while peer.0.poll_transmit(now, 1, &mut Vec::new()).is_some() {}
        let repeated = RtpSendError::Protect(srtp::ProtectError::Repeated);
        assert_eq!(send(&mut peer.0, now, number, b'b'), Err(repeated));
        send(&mut peer.0, now, number.wrapping_add(1), b'c').unwrap();
    });
    video.call.network.run_for(Duration::from_secs(1));
    let received: Vec<_> = std::iter::from_fn(|| video.receive()).collect();
    let received: Vec<_> = received
        .iter()
        .map(|(packet, is_repaired)| (packet.payload[1], *is_repaired))
        .collect();
    assert_eq!(received, [(b'c', false), (b'a', true)]);
}

/// Estimates the bandwidth anew each hundredth time that it is asked.
#[derive(Debug, Default)]
struct Estimator(u32);

impl interceptor::Interceptor for Estimator {
    fn poll_rtcp(&mut self, _: Instant, out: &mut Vec<u8>) {
        self.0 += 1;
        if !self.0.is_multiple_of(100) {
            return;
        }
        // Payload-specific feedback of the application's, five words: whose, of what, the name, one SSRC and 6 bits of
        // exponent with 18 of mantissa, the SSRC.
        let head = [0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0];
        out.extend_from_slice(&head);
        out.extend_from_slice(b"REMB");
        let rate = self.0 | 3 << 18;
        out.extend_from_slice(&(1 << 24 | rate).to_be_bytes());
        out.extend_from_slice(&7_u32.to_be_bytes());
    }
}

#[test]
fn an_estimate_of_the_receiver_is_told_to_what_sends() {
    let mut registry = webrtc::Registry::default();
    registry.add(|| Box::new(Estimator::default()));
    let [offerer, answerer] = [1, 2].map(|side| Peer::new(1, side, SettingEngine::default()));
    let answerer = answerer.0.with_interceptor_registry(registry.into()).into();
    let link = Link::with_latency(Duration::from_millis(10));
    let mut video = Video::over(Call::of([offerer, answerer], 1, &link), &[], |sdp| sdp);
    let core = &video.call.network.endpoint(video.call.offerer).0;
    let agreed = core.negotiated_media().unwrap().by_transceiver(video.ours);
    assert!(agreed.unwrap().send[0].has(&RtcpFeedback::GoogRemb));
    video.run(0..90);
    let estimates: Vec<_> = video
        .call
        .network
        .take_events(video.call.offerer)
        .into_iter()
        .filter_map(|event| match event {
            Event::Rtp(id, RtpEvent::ReceiverEstimate { bitrate }) => Some((id, bitrate)),
            _ => None,
        })
        .collect();
    assert!(estimates.len() > 2);
    assert!(
        estimates
            .iter()
            .all(|(id, bitrate)| *id == video.ours && bitrate % 800 == 0)
    );
    assert!(estimates.is_sorted());
    // Who only receives has no use for one.
    let told = video.call.network.take_events(video.call.answerer);
    let is_estimate = |event: &Event| matches!(event, Event::Rtp(_, RtpEvent::ReceiverEstimate { .. }));
    assert!(!told.iter().any(is_estimate));
}
