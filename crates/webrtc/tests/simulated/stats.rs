//! `getStats` over lossy links: the numbers of each entry against what was sent and what arrived.

use std::time::Duration;

use netsim::{Link, Loss, NodeId};
use webrtc::core::{
    Event, InboundRtpStats, MediaKind, OutboundRtpStats, RemoteInboundRtpStats, RemoteOutboundRtpStats,
    RtpReceived, StatsId, StatsReport, TransceiverId,
};
use webrtc::{RtpTransceiverDirection as Direction, RtpTransceiverInit, SettingEngine, TrackInfo};

use crate::peer::{ADDRESSES, Call};

/// Time between two pictures.
const PICTURE: Duration = Duration::from_millis(33);
/// Packets of each picture, and bytes of each packet of it.
const PACKETS: u64 = 7;
const SIZE: usize = 900;

/// What went out on a transceiver, or came to whoever reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    packets: u64,
    bytes: u64,
    repaired: u64,
}

/// One end of the call.
struct End {
    node: NodeId,
    video: TransceiverId,
    audio: TransceiverId,
    sent: [Tally; 2],
    read: [Tally; 2],
}

/// Video goes both ways, audio from the first end to the second.
struct Talk {
    call: Call,
    ends: [End; 2],
    pictures: u64,
}

fn track(id: &str, kind: MediaKind) -> TrackInfo {
    TrackInfo {
        id: id.to_owned(),
        kind,
    }
}

impl Talk {
    fn new(seed: u64, link: &Link) -> Self {
        let mut call = Call::with(seed, link, SettingEngine::default());
        let [video, audio] = call.network.with(call.offerer, |peer, _| {
            let video = track("camera", MediaKind::Video);
            let video = peer.0.add_transceiver(video, RtpTransceiverInit::default());
            let init = RtpTransceiverInit {
                direction: Direction::SendOnly,
                ..RtpTransceiverInit::default()
            };
            let audio = peer.0.add_transceiver(track("voice", MediaKind::Audio), init);
            [video.unwrap(), audio.unwrap()]
        });
        call.network.with(call.answerer, |peer, _| {
            peer.0
                .add_track(track("screen", MediaKind::Video), &[String::from("desk")])
                .unwrap()
        });
        call.negotiate();
        call.connect();
        let theirs = call.network.events(call.answerer);
        let theirs: Vec<_> = theirs
            .filter_map(|(_, event)| match event {
                Event::Track(id) => Some(*id),
                _ => None,
            })
            .collect();
        let end = |node, video, audio| End {
            node,
            video,
            audio,
            sent: Default::default(),
            read: Default::default(),
        };
        let ends = [
            end(call.offerer, video, audio),
            end(call.answerer, theirs[0], theirs[1]),
        ];
        Self {
            call,
            ends,
            pictures: 0,
        }
    }

    /// A packet of this end. The first of its kind is number 65,000, so that numbers wrap.
    fn send(&mut self, end: usize, kind: MediaKind, size: usize, marker: bool) {
        let index = usize::from(kind == MediaKind::Audio);
        let pictures = self.pictures;
        let end = &mut self.ends[end];
        let (id, tally) = ([end.video, end.audio][index], &mut end.sent[index]);
        self.call.network.with(end.node, |peer, now| {
            let section = peer.0.negotiated_media().unwrap().by_transceiver(id).unwrap();
            let [.., high, low] = (65_000 + tally.packets).to_be_bytes();
            let mut header = rtp::Header {
                payload_type: section.preferred_codec().unwrap().payload_type,
                sequence_number: u16::from_be_bytes([high, low]),
                timestamp: u32::try_from(pictures).unwrap() * [2970, 1584][index],
                marker,
                ..rtp::Header::default()
            };
            let payload = vec![7; size];
            peer.0.send_rtp(now, (id, 0), &mut header, &payload).unwrap();
        });
        tally.packets += 1;
        tally.bytes += size as u64;
    }

    /// So many pictures each way, and a packet of sound with each.
    fn talk(&mut self, pictures: u64) {
        for _ in 0..pictures {
            self.pictures += 1;
            for end in [0, 1] {
                for packet in 1..=PACKETS {
                    self.send(end, MediaKind::Video, SIZE, packet == PACKETS);
                }
            }
            self.send(0, MediaKind::Audio, 120, false);
            self.wait(PICTURE);
        }
    }

    fn wait(&mut self, time: Duration) {
        self.call.network.run_for(time);
        for end in &mut self.ends {
            for (id, tally) in [end.video, end.audio].into_iter().zip(&mut end.read) {
                while let Some((len, received)) = receive(&mut self.call, end.node, id) {
                    tally.packets += 1;
                    tally.bytes += len;
                    tally.repaired += u64::from(received.is_repaired);
                }
            }
        }
    }

    fn set_links(&mut self, link: &Link) {
        for (end, address) in self.ends.iter().zip(ADDRESSES) {
            let network = &mut self.call.network;
            network.set_outbound_link(end.node, address.into(), link.clone());
        }
    }

    fn report(&self, end: usize) -> StatsReport {
        self.call.network.endpoint(self.ends[end].node).0.stats()
    }
}

fn receive(call: &mut Call, node: NodeId, id: TransceiverId) -> Option<(u64, RtpReceived)> {
    call.network.with(node, |peer, _| {
        let mut bytes = Vec::new();
        let received = peer.0.recv_rtp(id, &mut bytes)?;
        let packet = rtp::PacketRef::decode(&bytes).unwrap();
        Some((packet.payload().len() as u64, received))
    })
}

fn clean() -> Link {
    Link {
        latency: Duration::from_millis(20),
        jitter: Duration::from_millis(2),
        ..Link::default()
    }
}

fn lossy() -> Link {
    Link {
        loss: Loss::Random(0.03),
        ..clean()
    }
}

/// The entries about one stream: ours, and what the peer says of it.
fn sent(report: &StatsReport, id: TransceiverId) -> (&OutboundRtpStats, Option<&RemoteInboundRtpStats>) {
    let mut all = report.outbound_rtp.iter().filter(|it| it.transceiver == id);
    let local = all.next().unwrap();
    assert!(all.next().is_none());
    let mut remotes = report.remote_inbound_rtp.iter();
    let remote = remotes.find(|remote| Some(remote.id) == local.remote_id);
    assert_eq!(remote.is_some(), local.remote_id.is_some());
    assert!(remote.is_none_or(|remote| remote.local_id == local.id && remote.ssrc == local.ssrc));
    (local, remote)
}

fn received(report: &StatsReport, id: TransceiverId) -> (&InboundRtpStats, Option<&RemoteOutboundRtpStats>) {
    let mut all = report.inbound_rtp.iter().filter(|it| it.transceiver == id);
    let local = all.next().unwrap();
    assert!(all.next().is_none());
    let mut remotes = report.remote_outbound_rtp.iter();
    let remote = remotes.find(|remote| Some(remote.id) == local.remote_id);
    assert_eq!(remote.is_some(), local.remote_id.is_some());
    assert!(remote.is_none_or(|remote| remote.local_id == local.id && remote.ssrc == local.ssrc));
    (local, remote)
}

fn codec(report: &StatsReport, id: Option<StatsId>) -> (&str, u32, Option<u16>) {
    let mut all = report.codecs.iter().filter(|codec| Some(codec.id) == id);
    let found = all.next().unwrap();
    assert!(all.next().is_none());
    (&found.mime_type, found.clock_rate, found.channels)
}

/// The sender's entries against what was sent, and against what its peer has counted.
fn check_video_sent(report: &StatsReport, end: &End, peer: &InboundRtpStats) {
    let (local, remote) = sent(report, end.video);
    let tally = end.sent[0];
    assert_eq!((local.kind, local.mid.as_deref()), (MediaKind::Video, Some("0")));
    assert_eq!((local.ssrc, local.rtx_ssrc), (peer.ssrc, peer.rtx_ssrc));
    assert_eq!(local.transport_id, report.transport.id);
    assert_eq!(codec(report, local.codec_id), ("video/VP8", 90_000, None));
    let again = local.retransmitted_packets_sent;
    assert_eq!(local.packets_sent, tally.packets + again);
    // RTX puts a number in front of each payload.
    assert_eq!(
        local.bytes_sent,
        tally.bytes + local.retransmitted_bytes_sent + 2 * again
    );
    assert_eq!(local.retransmitted_bytes_sent, again * SIZE as u64);
    assert!(local.header_bytes_sent >= local.packets_sent * 12);
    assert_eq!(local.frames_sent, Some(tally.packets / PACKETS));
    assert!(local.active && local.rid.is_none() && local.encoding_index == Some(0));
    assert!((1..=peer.nack_count).contains(&local.nack_count));
    assert_eq!((local.pli_count, local.fir_count), (Some(0), Some(0)));

    let remote = remote.unwrap();
    assert_eq!(remote.packets_lost, peer.packets_lost);
    assert_eq!(
        remote.packets_received,
        tally.packets - peer.packets_lost.unsigned_abs()
    );
    assert!((0.0..1.0).contains(&remote.fraction_lost));
    assert!(remote.jitter.abs_diff(peer.jitter) < Duration::from_millis(1));
    check_round_trips(
        remote.round_trip_time,
        remote.total_round_trip_time,
        remote.round_trip_time_measurements,
    );
}

/// Two ways of 20 ms and up to 2 ms more.
fn check_round_trips(latest: Option<Duration>, total: Duration, count: u64) {
    let possible = Duration::from_millis(40)..Duration::from_millis(50);
    assert!(possible.contains(&latest.unwrap()), "{latest:?}");
    assert!(count >= 5, "{count}");
    let mean = total / u32::try_from(count).unwrap();
    assert!(possible.contains(&mean), "{mean:?}");
}

/// The receiver's entries against what was read, and against what was sent.
fn check_video_received(report: &StatsReport, end: &End, tally: Tally) {
    let (local, remote) = received(report, end.video);
    let read = end.read[0];
    assert_eq!(read.packets, tally.packets, "everything was repaired");
    assert_eq!(read.bytes, tally.bytes);
    assert_eq!((local.kind, local.mid.as_deref()), (MediaKind::Video, Some("0")));
    assert_eq!(codec(report, local.codec_id), ("video/VP8", 90_000, None));
    assert_eq!(local.transport_id, report.transport.id);
    assert!(read.repaired > 0);
    assert_eq!(local.retransmitted_packets_received, Some(read.repaired));
    assert_eq!(
        local.retransmitted_bytes_received,
        Some(read.repaired * SIZE as u64)
    );
    assert_eq!(local.packets_lost.unsigned_abs(), read.repaired);
    assert_eq!(local.packets_received, tally.packets + local.packets_duplicated);
    let rtx = read.repaired + local.packets_duplicated;
    assert_eq!(
        local.bytes_received,
        local.packets_received * SIZE as u64 + 2 * rtx
    );
    assert!(local.header_bytes_received >= local.packets_received * 12);
    assert_eq!(local.frames_received, Some(tally.packets / PACKETS));
    assert_eq!((local.packets_discarded, local.packets_unrepaired), (0, 0));
    assert!(local.nack_count > 0 && local.pli_count == Some(0) && local.fir_count == Some(0));
    assert!(
        (Duration::from_micros(50)..Duration::from_millis(6)).contains(&local.jitter),
        "{:?}",
        local.jitter
    );
    assert_eq!(
        local.packets_reported_as_lost, None,
        "transport-cc was agreed upon"
    );

    let remote = remote.unwrap();
    assert_eq!(remote.packets_sent, tally.packets);
    assert_eq!(remote.bytes_sent, tally.bytes);
    assert!(remote.reports_sent >= 8, "{}", remote.reports_sent);
    assert!(Some(remote.timestamp) > local.last_packet_received);
    // A wall clock of this century.
    assert!(remote.remote_timestamp > Duration::from_secs(1_600_000_000));
    assert_eq!(remote.codec_id, local.codec_id);
}

#[test]
fn entries_of_streams_tell_what_was_sent_lost_and_repaired() {
    for seed in 0..4 {
        let mut talk = Talk::new(seed, &clean());
        let fresh = talk.report(0);
        assert_eq!((fresh.outbound_rtp.len(), fresh.inbound_rtp.len()), (2, 0));
        assert!(fresh.codecs.is_empty() && fresh.remote_inbound_rtp.is_empty());
        let began = talk.call.network.now();
        talk.talk(1);
        talk.set_links(&lossy());
        talk.talk(298);
        // Of a packet nobody knows that is lost without one behind it.
        talk.set_links(&clean());
        talk.talk(1);
        // Another report or two, by which everything is told.
        talk.wait(Duration::from_secs(4));
        let reports = [talk.report(0), talk.report(1)];
        for (here, there) in [(0, 1), (1, 0)] {
            let peer = received(&reports[there], talk.ends[there].video).0;
            check_video_sent(&reports[here], &talk.ends[here], peer);
            check_video_received(&reports[there], &talk.ends[there], talk.ends[here].sent[0]);
            let last = peer.last_packet_received.unwrap();
            assert!(last > began + PICTURE * 299 && last < began + PICTURE * 300 + Duration::from_secs(1));
        }
        assert_eq!(reports[0].transport.srtp_cipher, reports[1].transport.srtp_cipher);
        assert!(reports[0].transport.srtp_cipher.is_some());
        assert_eq!(
            [reports[0].codecs.len(), reports[1].codecs.len()],
            [2, 2],
            "both ways of VP8 are one codec"
        );
        let camera = received(&reports[1], talk.ends[1].video).0;
        assert_eq!(camera.track_identifier.as_deref(), Some("camera"));

        let (voice, heard) = sent(&reports[0], talk.ends[0].audio);
        let (ears, _) = received(&reports[1], talk.ends[1].audio);
        assert_eq!(
            codec(&reports[0], voice.codec_id),
            ("audio/opus", 48_000, Some(2))
        );
        assert_eq!(
            (voice.packets_sent, voice.bytes_sent, voice.ssrc),
            (300, 36_000, ears.ssrc)
        );
        assert_eq!((voice.frames_sent, voice.encoding_index), (None, None));
        assert_eq!((voice.pli_count, ears.fir_count), (None, None));
        assert_eq!(ears.packets_received, talk.ends[1].read[1].packets);
        assert_eq!(ears.bytes_received, talk.ends[1].read[1].bytes);
        let lost = i64::try_from(300 - ears.packets_received).unwrap();
        assert!(lost > 0);
        assert_eq!(ears.packets_lost, lost);
        assert_eq!(heard.unwrap().packets_lost, ears.packets_lost);
        assert_eq!(
            (ears.frames_received, ears.retransmitted_packets_received),
            (None, None)
        );
    }
}

#[test]
fn a_sender_and_a_receiver_report_what_is_theirs_and_what_it_refers_to() {
    let mut talk = Talk::new(1, &Link::with_latency(Duration::from_millis(5)));
    talk.talk(90);
    let [first, second] = &talk.ends;
    let core = |end: &End| &talk.call.network.endpoint(end.node).0;

    let video = core(first).sender_stats(first.video);
    let ids = |report: &StatsReport| {
        [
            report.codecs.len(),
            report.outbound_rtp.len(),
            report.remote_inbound_rtp.len(),
            report.inbound_rtp.len(),
            report.remote_outbound_rtp.len(),
        ]
    };
    assert_eq!(ids(&video), [1, 1, 1, 0, 0]);
    assert_eq!(video.outbound_rtp[0].transceiver, first.video);
    assert_eq!(codec(&video, video.outbound_rtp[0].codec_id).0, "video/VP8");
    assert_eq!(
        (video.candidate_pairs.len(), video.candidate_pairs[0].selected),
        (1, true)
    );
    let path = video.transport.selected_candidate_pair.unwrap();
    assert_eq!(video.local_candidates[0].address, path.local.to_string());
    assert_eq!(video.remote_candidates[0].address, path.remote.to_string());
    assert!(video.local_certificate.is_some() && video.remote_certificate.is_some());

    assert_eq!(ids(&core(first).receiver_stats(first.video)), [1, 0, 0, 1, 1]);
    assert_eq!(ids(&core(first).receiver_stats(first.audio)), [0; 5]);
    let ears = core(second).receiver_stats(second.audio);
    assert_eq!(ids(&ears), [1, 0, 0, 1, 1]);
    assert_eq!(codec(&ears, ears.inbound_rtp[0].codec_id).0, "audio/opus");
    assert_eq!(
        [first.node, second.node].map(|node| talk.call.network.endpoint(node).0.stats().outbound_rtp.len()),
        [2, 1]
    );
}

#[test]
fn counters_stay_while_a_transceiver_is_inactive_and_go_on_afterwards() {
    let mut talk = Talk::new(3, &Link::with_latency(Duration::from_millis(5)));
    talk.talk(60);
    talk.wait(Duration::from_secs(3));
    let turn = |talk: &mut Talk, direction| {
        let id = talk.ends[0].video;
        talk.call.network.with(talk.ends[0].node, |peer, _| {
            peer.0.set_direction(id, direction).unwrap();
        });
        talk.call.negotiate();
        talk.wait(Duration::from_millis(100));
    };
    let entries = |talk: &Talk| {
        let reports = [talk.report(0), talk.report(1)];
        let (out, heard) = sent(&reports[0], talk.ends[0].video);
        let (inbound, remote) = received(&reports[1], talk.ends[1].video);
        let heard = heard.unwrap().packets_received;
        ((out.clone(), heard), inbound.clone(), remote.cloned())
    };
    let ((out, heard), inbound, remote) = entries(&talk);
    assert_eq!(heard, 420);
    assert_eq!((out.packets_sent, inbound.packets_received), (420, 420));
    turn(&mut talk, Direction::Inactive);
    let ((out_resting, heard), inbound_resting, remote_resting) = entries(&talk);
    assert_eq!(heard, 420);
    let mut out_before = out.clone();
    out_before.active = out_resting.active;
    assert_eq!(out_resting, out_before);
    let mut inbound_before = inbound.clone();
    // A section in which nothing flows names no track.
    inbound_before.track_identifier = None;
    assert_eq!((&inbound_resting, &remote_resting), (&inbound_before, &remote));
    turn(&mut talk, Direction::SendRecv);
    talk.talk(30);
    talk.wait(Duration::from_secs(3));
    let ((out_on, heard), inbound_on, remote_on) = entries(&talk);
    assert_eq!(heard, 630, "numbers have wrapped since");
    assert_eq!(
        [out_on.id, inbound_on.id, remote_on.unwrap().id],
        [out.id, inbound.id, remote.as_ref().unwrap().id]
    );
    assert_eq!((out_on.packets_sent, out_on.bytes_sent), (630, 630 * SIZE as u64));
    assert_eq!(
        (inbound_on.packets_received, inbound_on.frames_received),
        (630, Some(90))
    );
    assert_eq!(inbound_on.packets_lost, 0);

    // Stopped, they end.
    let id = talk.ends[0].audio;
    talk.call.network.with(talk.ends[0].node, |peer, _| {
        peer.0.stop_transceiver(id).unwrap();
    });
    assert_eq!(talk.report(0).outbound_rtp.len(), 2, "the peer is not told yet");
    talk.call.negotiate();
    let reports = [talk.report(0), talk.report(1)];
    assert_eq!(
        [reports[0].outbound_rtp.len(), reports[1].inbound_rtp.len()],
        [1, 1]
    );
    assert_eq!([reports[0].codecs.len(), reports[1].codecs.len()], [1, 1]);
}
