//! Descriptions that contradict themselves or each other: a typed error and nothing has changed, or a rejected section.

use webrtc::core::MAX_TRANSCEIVERS;
use webrtc::{
    DescriptionError, Error, MediaKind, ParametersError, RtpTransceiverDirection as Direction,
    RtpTransceiverInit, SessionDescription, SignalingState, TrackInfo,
};

use super::peer::{Peer, negotiate, parse, ports};

/// An offer of audio and video.
fn offer() -> String {
    let mut peer = Peer::new(7);
    peer.add(MediaKind::Audio, Direction::SendRecv);
    peer.add(MediaKind::Video, Direction::SendRecv);
    peer.offer().sdp
}

fn error_of(result: Result<(), Error>) -> DescriptionError {
    match result {
        Err(Error::Description(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn offers_that_contradict_themselves_are_refused_whole() {
    let table = [
        ("a=mid:1\r\n", "a=mid:0\r\n", DescriptionError::SameMid),
        (
            "a=group:BUNDLE 0 1",
            "a=group:BUNDLE 0 x",
            DescriptionError::BadGroup,
        ),
        (
            "a=group:BUNDLE 0 1",
            "a=group:BUNDLE 0 1 1",
            DescriptionError::BadGroup,
        ),
        (
            "a=group:BUNDLE 0 1",
            "a=group:BUNDLE 0 1\r\na=group:BUNDLE 1",
            DescriptionError::BadGroup,
        ),
        (
            "a=rtpmap:96 VP8/90000",
            "a=rtpmap:111 VP8/90000",
            DescriptionError::PayloadTypeTwice,
        ),
        ("a=extmap:14 ", "a=extmap:1 ", DescriptionError::ExtensionIdTwice),
    ];
    for (from, to, expected) in table {
        let mut text = offer();
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
        if expected == DescriptionError::PayloadTypeTwice {
            text = text.replace("SAVPF 96 ", "SAVPF 111 ");
        }
        let mut peer = Peer::new(1);
        let result = peer
            .core
            .set_remote_description(peer.now, &SessionDescription::offer(text));
        assert_eq!(error_of(result), expected, "{to}");
        assert_eq!(peer.core.signaling_state(), SignalingState::Stable);
        assert!(peer.ids().is_empty() && peer.core.remote_description().is_none());
    }
}

#[test]
fn sections_that_cannot_be_used_are_rejected_alone() {
    let table = [
        // No RTCP on the same port.
        ("a=rtcp-mux\r\n", "", "a=rtcp-mux-only\r\n", ""),
        // No codec that is known.
        ("/90000", "/12345", "VP8", "VP8"),
        // Not in the group, so on another transport.
        ("a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "x=y", "x=y"),
        // Not RTP as WebRTC knows it.
        ("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/XYZ", "x=y", "x=y"),
        ("m=video 9", "m=text 9", "x=y", "x=y"),
        ("m=video 9", "m=video 0", "x=y", "x=y"),
    ];
    for (from, to, also, then) in table {
        let text = offer();
        let at = text.find("m=video").unwrap();
        let (head, video) = text.split_at(at);
        let (head, video) = if from.starts_with("a=group") {
            (head.replace(from, to), video.to_owned())
        } else {
            (head.to_owned(), video.replace(from, to).replace(also, then))
        };
        let mut peer = Peer::new(1);
        peer.hear(&SessionDescription::offer(head + &video));
        assert_eq!(peer.ids().len(), 1, "{to}");
        let answer = parse(&peer.answer().sdp);
        assert_eq!(answer.media[0].port, 9);
        assert_eq!(answer.media[1].port, 0, "{to}");
        assert_eq!(answer.bundle_groups().next().unwrap().mids, ["0"]);
        assert_eq!(peer.core.negotiated_media().unwrap().sections.len(), 1);
        // The place can be used by our next offer.
        peer.add(MediaKind::Video, Direction::SendRecv);
        let again = parse(&peer.offer().sdp);
        assert_eq!(ports(&again), ["audio 9", "video 9"], "{to}");
        assert_ne!(again.media[1].mid(), Some("1"));
    }
}

#[test]
fn answers_that_do_not_fit_the_offer_are_refused() {
    let table = [
        ("a=rtcp-mux\r\n", "", DescriptionError::NoRtcpMux),
        (
            "a=group:BUNDLE 0 1",
            "a=group:BUNDLE 0",
            DescriptionError::NotBundled,
        ),
        ("VP8/90000", "VP8/1", DescriptionError::NoCommonCodec),
        ("m=video", "m=audio", DescriptionError::SectionsDiffer),
        ("a=mid:1", "a=mid:2", DescriptionError::SectionsDiffer),
    ];
    for (from, to, expected) in table {
        let (mut one, mut other) = (Peer::new(1), Peer::new(2));
        one.add(MediaKind::Audio, Direction::SendRecv);
        let video = one.add(MediaKind::Video, Direction::SendRecv);
        one.core
            .set_codec_preferences(video, &[webrtc::RtpCodec::video("VP8", "")])
            .unwrap();
        let offer = one.offer();
        other.hear(&offer);
        let answer = other.answer();
        assert!(answer.sdp.contains(from), "{from}");
        let broken = SessionDescription::answer(answer.sdp.replace(from, to));
        let result = one.core.set_remote_description(one.now, &broken);
        let error = error_of(result);
        assert_eq!(error, expected, "{to}");
        assert_eq!(one.core.signaling_state(), SignalingState::HaveLocalOffer);
        assert_eq!(one.get(video).current_direction(), None);
        one.hear(&answer);
        assert_eq!(one.get(video).current_direction(), Some(Direction::SendOnly));
    }
}

#[test]
fn an_answer_cannot_revive_a_section_that_the_offer_rejects() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    one.add(MediaKind::Audio, Direction::SendRecv);
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    negotiate(&mut one, &mut other);
    one.core.stop_transceiver(video).unwrap();
    other.hear(&one.offer());
    let answer = other.answer().sdp.replace("m=video 0", "m=video 9");
    let result = one
        .core
        .set_remote_description(one.now, &SessionDescription::answer(answer));
    assert_eq!(error_of(result), DescriptionError::SectionsDiffer);
}

#[test]
fn live_sections_do_not_change_places() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    one.add(MediaKind::Audio, Direction::SendRecv);
    one.add(MediaKind::Audio, Direction::SendRecv);
    negotiate(&mut one, &mut other);
    let offer = one.offer().sdp;
    for (from, to, then) in [
        ("a=mid:0", "a=mid:7", "BUNDLE 7 1"),
        ("a=mid:1", "a=mid:9", "BUNDLE 0 9"),
    ] {
        let moved = offer.replace(from, to).replace("BUNDLE 0 1", then);
        let result = other
            .core
            .set_remote_description(other.now, &SessionDescription::offer(moved));
        assert_eq!(error_of(result), DescriptionError::SectionMoved, "{to}");
    }
    let video = offer.replace("m=audio", "m=video");
    let result = other
        .core
        .set_remote_description(other.now, &SessionDescription::offer(video));
    assert_eq!(error_of(result), DescriptionError::SectionMoved);
}

#[test]
fn a_peer_without_mids_gets_an_answer_without_them() {
    let text: String = offer()
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("a=mid") && !line.starts_with("a=group"))
        .collect();
    let mut peer = Peer::new(1);
    peer.hear(&SessionDescription::offer(text));
    let answer = parse(&peer.answer().sdp);
    // Without BUNDLE there is a transport for one section.
    assert_eq!(ports(&answer), ["audio 9", "video 0"]);
    assert!(!answer.to_string().contains("a=mid") && !answer.to_string().contains("a=group"));
    let id = peer.ids()[0];
    assert_eq!(peer.get(id).current_direction(), Some(Direction::RecvOnly));
    assert!(peer.get(id).mid().is_some());
}

#[test]
fn transceivers_have_a_bound() {
    let mut peer = Peer::new(1);
    for _ in 0..MAX_TRANSCEIVERS {
        peer.add(MediaKind::Audio, Direction::SendRecv);
    }
    let init = RtpTransceiverInit::default();
    assert!(matches!(
        peer.core.add_transceiver(MediaKind::Audio, init),
        Err(Error::TooManyTransceivers)
    ));
    let track = TrackInfo {
        id: "t".into(),
        kind: MediaKind::Video,
    };
    assert!(matches!(
        peer.core.add_track(track, &[]),
        Err(Error::TooManyTransceivers)
    ));
    let mut other = Peer::new(2);
    negotiate(&mut peer, &mut other);
    assert_eq!(other.ids().len(), MAX_TRANSCEIVERS);
    // Without a place left, an offered section has no transceiver and is rejected.
    let mut third = Peer::new(3);
    third.add(MediaKind::Video, Direction::SendRecv);
    let mut full = Peer::new(4);
    for _ in 0..MAX_TRANSCEIVERS {
        full.add(MediaKind::Audio, Direction::SendRecv);
    }
    full.hear(&third.offer());
    assert_eq!(ports(&parse(&full.answer().sdp)), ["video 0"]);
}

#[test]
fn ids_that_descriptions_cannot_carry_are_refused() {
    let mut peer = Peer::new(1);
    let streams = |id: &str| RtpTransceiverInit {
        stream_ids: vec![id.to_owned()],
        ..RtpTransceiverInit::default()
    };
    for bad in ["", "a b", "a\r\na=x", "-", "\u{e4}"] {
        let result = peer.core.add_transceiver(MediaKind::Audio, streams(bad));
        assert!(
            matches!(result, Err(Error::Parameters(ParametersError::Id))),
            "{bad}"
        );
        if bad != "-" {
            let track = TrackInfo {
                id: bad.to_owned(),
                kind: MediaKind::Audio,
            };
            let result = peer.core.add_track(track, &[]);
            assert!(
                matches!(result, Err(Error::Parameters(ParametersError::Id))),
                "{bad}"
            );
        }
    }
    assert!(peer.ids().is_empty());
    let track = TrackInfo {
        id: "{0-1}".into(),
        kind: MediaKind::Audio,
    };
    peer.core.add_track(track.clone(), &[]).unwrap();
    assert!(matches!(
        peer.core.add_track(track, &[]),
        Err(Error::Parameters(ParametersError::TrackTwice))
    ));
}
