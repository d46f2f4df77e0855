//! Every direction of an offer against every direction of the answerer.

use webrtc::core::Event;
use webrtc::{MediaKind, RtpTransceiverDirection as Direction};

use super::peer::{Peer, negotiate};

const ALL: [Direction; 4] = [
    Direction::SendRecv,
    Direction::SendOnly,
    Direction::RecvOnly,
    Direction::Inactive,
];

#[test]
fn directions_are_the_intersection_of_what_both_want() {
    for kind in [MediaKind::Audio, MediaKind::Video] {
        for offered in ALL {
            for wanted in ALL {
                check(kind, offered, wanted);
            }
        }
    }
}

fn check(kind: MediaKind, offered: Direction, wanted: Direction) {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = one.add(kind, offered);
    let offer = one.offer();
    other.hear(&offer);
    let [theirs] = other.ids()[..] else {
        panic!("one section makes one transceiver")
    };
    assert_eq!(other.get(theirs).direction(), Direction::RecvOnly);
    other.core.set_direction(theirs, wanted).unwrap();
    let answer = other.answer();
    one.hear(&answer);
    let agreed = offered.and(wanted.reversed());
    let what = format!("{kind} {offered} {wanted}");
    assert_eq!(one.get(ours).current_direction(), Some(agreed), "{what}");
    assert_eq!(
        other.get(theirs).current_direction(),
        Some(agreed.reversed()),
        "{what}"
    );
    assert_eq!(one.section(ours).direction, agreed, "{what}");
    assert_eq!(other.section(theirs).direction, agreed.reversed(), "{what}");
    // Whoever is sent to knows the streams; the track is told once, at the offer or at the answer.
    let told = |peer: &mut Peer, id| peer.news().contains(&Event::Track(id));
    assert_eq!(told(&mut one, ours), agreed.receives(), "{what}");
    assert_eq!(other.get(theirs).receiver().has_track(), agreed.sends(), "{what}");
    assert_eq!(told(&mut other, theirs), offered.sends(), "{what}");
    if agreed.sends() {
        let sent = &one.section(ours).outbound[0];
        let known = &other.section(theirs).inbound[0];
        assert_eq!(
            (known.ssrc, known.rtx_ssrc),
            (Some(sent.ssrc), sent.rtx_ssrc),
            "{what}"
        );
        assert_eq!(sent.rtx_ssrc.is_some(), kind == MediaKind::Video);
    }
    let needs = |peer: &mut Peer| peer.news().contains(&Event::NegotiationNeeded);
    assert!(!needs(&mut one) && !needs(&mut other), "{what}");
}

#[test]
fn both_sides_agree_on_codecs_numbers_and_extensions() {
    for kind in [MediaKind::Audio, MediaKind::Video] {
        let (mut one, mut other) = (Peer::new(1), Peer::new(2));
        let ours = one.add(kind, Direction::SendRecv);
        let [offer, answer] = negotiate(&mut one, &mut other);
        assert_eq!(offer.media[0].formats, answer.media[0].formats);
        let theirs = other.ids()[0];
        let (one, other) = (one.section(ours), other.section(theirs));
        assert_eq!(one.mid, other.mid);
        let numbers = |codecs: &[webrtc::core::NegotiatedCodec]| -> Vec<_> {
            let number = |codec: &webrtc::core::NegotiatedCodec| {
                (
                    codec.payload_type,
                    codec.codec.mime_type.clone(),
                    codec.rtx_payload_type,
                )
            };
            codecs.iter().map(number).collect()
        };
        assert_eq!(numbers(&one.send), numbers(&other.receive));
        assert_eq!(numbers(&one.receive), numbers(&other.send));
        assert_eq!(one.extensions, other.extensions);
        assert!(
            one.extensions
                .iter()
                .all(|extension| extension.send && extension.receive)
        );
        assert!(one.reduced_size_rtcp && one.extmap_allow_mixed && other.extmap_allow_mixed);
        let first = if kind == MediaKind::Audio { "opus" } else { "VP8" };
        assert!(one.preferred_codec().unwrap().codec.is(first));
        let every_codec_of_video_is_retransmitted = one
            .send
            .iter()
            .all(|codec| codec.rtx_payload_type.is_some() == (kind == MediaKind::Video));
        assert!(every_codec_of_video_is_retransmitted);
    }
}

#[test]
fn a_track_of_the_answerer_takes_the_offered_section() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = one.add_track(MediaKind::Audio, "microphone", "desk");
    let track = webrtc::TrackInfo {
        id: "music".into(),
        kind: MediaKind::Audio,
    };
    let init = webrtc::RtpTransceiverInit::default();
    let spare = other.core.add_transceiver(track, init).unwrap();
    let theirs = other.add_track(MediaKind::Audio, "voice", "phone");
    negotiate(&mut one, &mut other);
    assert_eq!(other.get(theirs).mid(), Some("0"));
    assert_eq!(
        other.get(spare).mid(),
        None,
        "only `add_track` makes what an offer may take"
    );
    assert_eq!(other.get(theirs).current_direction(), Some(Direction::SendRecv));
    assert_eq!(one.get(ours).receiver().remote_track().stream_ids, ["phone"]);
    assert_eq!(
        one.get(ours).receiver().remote_track().track_id.as_deref(),
        Some("voice")
    );
    assert_eq!(other.get(theirs).receiver().remote_track().stream_ids, ["desk"]);
    // The spare one needs an offer of its own.
    assert!(other.news().contains(&Event::NegotiationNeeded));
    negotiate(&mut other, &mut one);
    assert_eq!(other.get(spare).mid(), Some("1"));
    assert!(!other.news().contains(&Event::NegotiationNeeded));
}

#[test]
fn a_track_is_attached_to_a_transceiver_that_has_never_sent() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    one.add(MediaKind::Video, Direction::SendOnly);
    one.add(MediaKind::Video, Direction::Inactive);
    other.hear(&one.offer());
    let [first, second] = other.ids()[..] else {
        panic!("two sections")
    };
    let attached = other.add_track(MediaKind::Video, "camera", "s");
    assert_eq!(attached, first);
    assert_eq!(other.get(first).direction(), Direction::SendRecv);
    let also = other.add_track(MediaKind::Video, "screen", "s");
    assert_eq!(also, second);
    assert_eq!(
        other.get(second).direction(),
        Direction::SendRecv,
        "an offered section is made to receive"
    );
    let another = other.add_track(MediaKind::Video, "window", "s");
    assert!(another != first && another != second);
    let audio = other.add_track(MediaKind::Audio, "voice", "s");
    assert_eq!(other.get(audio).kind(), MediaKind::Audio);
}

#[test]
fn what_has_sent_is_not_used_for_another_track() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let sent = one.add_track(MediaKind::Audio, "a", "s");
    negotiate(&mut one, &mut other);
    one.core.remove_track(sent).unwrap();
    assert_eq!(one.get(sent).direction(), Direction::RecvOnly);
    assert_eq!(one.get(sent).sender().track(), None);
    one.core.remove_track(sent).unwrap();
    assert_ne!(one.add_track(MediaKind::Audio, "b", "s"), sent);
}
