//! Exchanges after the first: from either side, taken back, crossing each other; sections that end and are used again.

use webrtc::core::Event;
use webrtc::{
    DataChannelInit, Error, MediaKind, OfferOptions, RtpTransceiverDirection as Direction,
    RtpTransceiverInit, SessionDescription, SignalingState, TrackInfo,
};

use super::peer::{Peer, codecs, mids, negotiate, parse, ports};

fn pair() -> (Peer, Peer) {
    (Peer::new(1), Peer::new(2))
}

#[test]
fn sections_come_and_keep_their_places_from_either_side() {
    let (mut one, mut other) = pair();
    let audio = one.add(MediaKind::Audio, Direction::SendRecv);
    let [first, _] = negotiate(&mut one, &mut other);
    let video = other.add(MediaKind::Video, Direction::SendOnly);
    let [second, _] = negotiate(&mut other, &mut one);
    one.core
        .create_data_channel(one.now, "chat", &DataChannelInit::default())
        .unwrap();
    let third = one.add(MediaKind::Video, Direction::RecvOnly);
    let [last, answer] = negotiate(&mut one, &mut other);
    assert_eq!(mids(&first), ["0"]);
    assert_eq!(mids(&second), ["0", "1"]);
    assert_eq!(mids(&last), ["0", "1", "2", "3"]);
    assert_eq!(ports(&answer), ["audio 9", "video 9", "video 9", "application 9"]);
    assert_eq!(one.get(audio).mid(), Some("0"));
    assert_eq!(other.get(video).mid(), Some("1"));
    assert_eq!(one.get(third).mid(), Some("2"));
    let group = last.bundle_groups().next().unwrap();
    assert_eq!(group.mids.len(), 4);
    assert_eq!(one.core.negotiated_media().unwrap().sections.len(), 3);
    assert!(!one.news().contains(&Event::TrackRemoved(audio)));
}

#[test]
fn an_unchanged_offer_again_agrees_on_the_same() {
    let (mut one, mut other) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    one.add(MediaKind::Video, Direction::SendRecv);
    negotiate(&mut one, &mut other);
    let sections = |peer: &Peer| peer.core.negotiated_media().unwrap().sections.clone();
    let before = (sections(&one), sections(&other));
    let [again, _] = negotiate(&mut one, &mut other);
    assert_eq!((sections(&one), sections(&other)), before);
    assert!(
        !again.to_string().contains("rtcp-mux-only"),
        "only a first offer says so"
    );
    negotiate(&mut other, &mut one);
    assert_eq!((sections(&one), sections(&other)), before);
}

#[test]
fn a_stopped_transceiver_leaves_a_section_that_is_used_again() {
    let (mut one, mut other) = pair();
    let audio = one.add(MediaKind::Audio, Direction::SendRecv);
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    negotiate(&mut one, &mut other);
    let [_, theirs] = other.ids()[..] else {
        panic!("two sections")
    };
    one.news();
    other.news();
    one.core.stop_transceiver(video).unwrap();
    assert!(one.get(video).is_stopping() && !one.get(video).is_stopped());
    assert_eq!(one.news(), [Event::NegotiationNeeded]);
    assert!(matches!(
        one.core.set_direction(video, Direction::SendOnly),
        Err(Error::TransceiverStopped)
    ));
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(ports(&offer), ["audio 9", "video 0"]);
    assert_eq!(ports(&answer), ["audio 9", "video 0"]);
    assert_eq!(mids(&offer), ["0", "1"]);
    assert!(!offer.media[1].to_string().contains("msid"));
    assert_eq!(offer.bundle_groups().next().unwrap().mids.len(), 1);
    assert!(one.core.transceiver(video).is_none() && other.core.transceiver(theirs).is_none());
    assert_eq!(other.news(), [Event::TrackRemoved(theirs)]);
    assert!(one.news().is_empty(), "the peer never sent");
    // Another transceiver, of another kind, from the other side.
    let next = other.add(MediaKind::Audio, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut other, &mut one);
    assert_eq!(ports(&offer), ["audio 9", "audio 9"]);
    assert_eq!(ports(&answer), ["audio 9", "audio 9"]);
    assert_eq!(
        mids(&offer),
        ["0", "2"],
        "a section that is used again has another mid"
    );
    assert_eq!(other.get(next).mid(), Some("2"));
    assert_eq!(one.ids().len(), 2);
    assert_eq!(one.get(audio).mid(), Some("0"));
}

#[test]
fn a_section_that_the_answer_rejects_is_used_again() {
    let (mut one, mut other) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    other.hear(&one.offer());
    let theirs = other.ids()[1];
    // Stopping alone does not reject (W3C webrtc-pc §5.4); the next exchange does.
    other.core.stop_transceiver(theirs).unwrap();
    let answer = other.answer();
    one.hear(&answer);
    assert_eq!(one.get(video).current_direction(), Some(Direction::Inactive));
    assert!(other.news().contains(&Event::NegotiationNeeded));
    negotiate(&mut other, &mut one);
    assert!(one.core.transceiver(video).is_none());
    let next = one.add(MediaKind::Video, Direction::SendOnly);
    let [offer, _] = negotiate(&mut one, &mut other);
    assert_eq!(mids(&offer), ["0", "2"]);
    assert_eq!(one.get(next).mid(), Some("2"));
}

#[test]
fn the_offerer_uses_a_section_again_that_the_answer_rejected() {
    let mut engine = webrtc::MediaEngine::default();
    for name in ["VP8", "VP9", "AV1", "H264", "H265"] {
        engine.remove_codec(MediaKind::Video, name);
    }
    let mut one = Peer::new(1);
    let mut other = Peer::with(2, &webrtc::Configuration::default(), engine);
    one.add(MediaKind::Audio, Direction::SendRecv);
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(ports(&offer), ["audio 9", "video 9"]);
    assert_eq!(ports(&answer), ["audio 9", "video 0"]);
    assert!(one.core.transceiver(video).is_none(), "the peer has stopped it");
    one.add(MediaKind::Audio, Direction::SendOnly);
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(ports(&offer), ["audio 9", "audio 9"]);
    assert_eq!(ports(&answer), ["audio 9", "audio 9"]);
    assert_eq!(mids(&offer), ["0", "2"]);
}

#[test]
fn a_stopped_transceiver_without_a_section_is_gone() {
    let (mut one, mut other) = pair();
    let never = one.add(MediaKind::Video, Direction::SendRecv);
    one.core.stop_transceiver(never).unwrap();
    assert!(one.core.transceiver(never).is_none());
    one.core.stop_transceiver(never).unwrap();
    one.add(MediaKind::Audio, Direction::SendRecv);
    let late = one.add(MediaKind::Video, Direction::SendRecv);
    let offer = one.core.create_offer(OfferOptions::default()).unwrap();
    one.core.stop_transceiver(late).unwrap();
    one.core
        .set_local_description(one.now, Some(offer.clone()))
        .unwrap();
    other.hear(&offer);
    let answer = other.answer();
    one.hear(&answer);
    assert!(
        one.get(late).is_stopping(),
        "the offer that was made had a section for it"
    );
    negotiate(&mut one, &mut other);
    assert!(one.core.transceiver(late).is_none());
}

#[test]
fn a_transceiver_that_stops_during_an_exchange_tells_of_no_track() {
    let (mut one, mut other) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    other.add_track(MediaKind::Video, "v", "s");
    let offer = one.offer();
    one.core.stop_transceiver(video).unwrap();
    other.hear(&offer);
    let answer = other.answer();
    one.news();
    one.hear(&answer);
    assert_eq!(one.news(), [Event::NegotiationNeeded]);
    assert_eq!(one.section(video).direction, Direction::Inactive);
    // Nor does an offer of the peer.
    let offer = other.offer();
    one.hear(&offer);
    assert!(one.news().is_empty());
    let answer = one.answer();
    other.hear(&answer);
    assert_eq!(one.get(video).current_direction(), Some(Direction::Inactive));
}

#[test]
fn what_is_stopped_is_silent_at_once() {
    let (mut one, mut other) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    let video = one.add_track(MediaKind::Video, "v", "s");
    negotiate(&mut one, &mut other);
    assert_eq!(one.section(video).direction, Direction::SendOnly);
    let generation = one.core.negotiated_media().unwrap().generation;
    one.core.stop_transceiver(video).unwrap();
    assert_eq!(one.section(video).direction, Direction::Inactive);
    assert!(one.core.negotiated_media().unwrap().generation > generation);
    let theirs = other.ids()[1];
    let offer = one.offer();
    other.hear(&offer);
    assert!(other.get(theirs).is_stopped());
    assert_eq!(other.section(theirs).direction, Direction::Inactive);
    // A rollback does not bring it back (W3C webrtc-pc §4.4.1.5), and the peer has to be told.
    other.news();
    other.roll_back();
    assert_eq!(other.section(theirs).direction, Direction::Inactive);
    assert_eq!(other.news(), [Event::NegotiationNeeded]);
    one.roll_back();
    negotiate(&mut other, &mut one);
    assert!(one.core.transceiver(video).is_none() && other.core.transceiver(theirs).is_none());
}

#[test]
fn the_section_whose_transport_is_in_use_is_never_rejected_by_us() {
    let (mut one, mut other) = pair();
    let first = one.add(MediaKind::Audio, Direction::SendRecv);
    one.add(MediaKind::Video, Direction::SendRecv);
    negotiate(&mut one, &mut other);
    one.core.stop_transceiver(first).unwrap();
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(ports(&offer), ["audio 9", "video 9"]);
    assert_eq!(ports(&answer), ["audio 9", "video 9"]);
    assert!(one.get(first).is_stopping());
    assert_eq!(one.get(first).current_direction(), Some(Direction::Inactive));
    one.news();
    one.core.stop_transceiver(first).unwrap();
    assert!(one.news().is_empty(), "there is nothing left to be told");
    // The peer may reject it: the transport is that of the next section.
    let offer = other.offer().sdp.replacen("m=audio 9", "m=audio 0", 1);
    let offer = SessionDescription::offer(offer.replace("BUNDLE 0 1", "BUNDLE 1"));
    one.hear(&offer);
    let answer = parse(&one.answer().sdp);
    assert_eq!(ports(&answer), ["audio 0", "video 9"]);
    assert!(one.core.transceiver(first).is_none());
}

#[test]
fn an_offer_of_ours_that_is_taken_back_leaves_no_trace() {
    let (mut one, mut other) = pair();
    let audio = one.add_track(MediaKind::Audio, "a", "s");
    negotiate(&mut one, &mut other);
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    one.core.set_direction(audio, Direction::SendOnly).unwrap();
    let before = one.core.negotiated_media().unwrap().sections.clone();
    one.news();
    one.offer();
    assert_eq!(one.get(video).mid(), Some("1"));
    assert_eq!(
        one.section(video).direction,
        Direction::RecvOnly,
        "it may come before the answer"
    );
    assert!(one.section(video).send.is_empty());
    one.roll_back();
    assert_eq!(one.core.signaling_state(), SignalingState::Stable);
    assert_eq!(one.get(video).mid(), None);
    assert_eq!(one.core.negotiated_media().unwrap().sections, before);
    assert_eq!(
        one.get(audio).direction(),
        Direction::SendOnly,
        "what the application wants stays"
    );
    assert_eq!(one.news(), [Event::NegotiationNeeded]);
    let [offer, _] = negotiate(&mut one, &mut other);
    assert_eq!(mids(&offer), ["0", "1"]);
}

#[test]
fn an_offer_of_the_peer_that_is_taken_back_takes_its_transceivers_along() {
    let (mut one, mut other) = pair();
    let added = other.add_track(MediaKind::Audio, "a", "s");
    one.add(MediaKind::Audio, Direction::SendRecv);
    one.add(MediaKind::Video, Direction::SendRecv);
    one.add(MediaKind::Video, Direction::SendRecv);
    other.hear(&one.offer());
    let [_, kept, gone] = other.ids()[..] else {
        panic!("three sections")
    };
    assert_eq!(other.add_track(MediaKind::Video, "v", "s"), kept);
    other.news();
    other.roll_back();
    assert_eq!(
        other.ids(),
        [added, kept],
        "one with a track stays, the other goes"
    );
    assert_eq!(other.get(added).mid(), None);
    assert_eq!(other.get(kept).mid(), None);
    let mut news = other.news();
    assert!(news.contains(&Event::NegotiationNeeded));
    news.retain(|event| matches!(event, Event::TrackRemoved(_)));
    assert_eq!(
        news,
        [added, kept, gone].map(Event::TrackRemoved),
        "every track that was told of is gone"
    );
    // An offer of the peer finds what `add_track` has used.
    let (mut third, _) = pair();
    third.add(MediaKind::Video, Direction::SendRecv);
    other.hear(&third.offer());
    assert_eq!(other.get(kept).mid(), Some("0"));
}

#[test]
fn crossing_offers_are_resolved_by_a_polite_peer() {
    let (mut polite, mut impolite) = pair();
    let ours = polite.add_track(MediaKind::Audio, "a", "s");
    let extra = polite.add(MediaKind::Video, Direction::SendOnly);
    let theirs = impolite.add_track(MediaKind::Audio, "b", "t");
    polite.offer();
    let offer = impolite.offer();
    polite.hear(&offer);
    assert_eq!(polite.core.signaling_state(), SignalingState::HaveRemoteOffer);
    assert!(matches!(
        polite.core.create_offer(OfferOptions::default()),
        Err(Error::WrongState { .. })
    ));
    assert_eq!(polite.get(ours).mid(), Some("0"));
    assert_eq!(polite.get(extra).mid(), None);
    let answer = polite.answer();
    impolite.hear(&answer);
    assert_eq!(
        impolite.get(theirs).current_direction(),
        Some(Direction::SendRecv)
    );
    assert!(polite.news().contains(&Event::NegotiationNeeded));
    negotiate(&mut polite, &mut impolite);
    assert_eq!(polite.get(extra).current_direction(), Some(Direction::SendOnly));
    assert!(polite.news().is_empty());
}

#[test]
fn a_second_offer_replaces_the_first() {
    let (mut one, mut other) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    other.hear(&one.offer());
    one.add(MediaKind::Video, Direction::SendRecv);
    let [offer, _] = negotiate(&mut one, &mut other);
    assert_eq!(mids(&offer), ["0", "1"]);
    assert_eq!(other.ids().len(), 2);
    assert_eq!(one.core.negotiated_media().unwrap().sections.len(), 2);
}

#[test]
fn tracks_stop_and_go_on_with_the_direction() {
    let (mut one, mut other) = pair();
    let ours = one.add_track(MediaKind::Video, "v", "s");
    negotiate(&mut one, &mut other);
    let theirs = other.ids()[0];
    assert_eq!(other.news(), [Event::Track(theirs)]);
    one.core.remove_track(ours).unwrap();
    negotiate(&mut one, &mut other);
    assert_eq!(other.news(), [Event::TrackRemoved(theirs)]);
    assert!(other.get(theirs).receiver().remote_track().stream_ids.is_empty());
    one.core.set_direction(ours, Direction::SendRecv).unwrap();
    negotiate(&mut one, &mut other);
    assert_eq!(other.news(), [Event::Track(theirs)]);
    // The receiving side turns it down, and takes it again.
    other.core.set_direction(theirs, Direction::Inactive).unwrap();
    assert_eq!(other.news(), [Event::NegotiationNeeded]);
    negotiate(&mut other, &mut one);
    assert_eq!(other.news(), [Event::TrackRemoved(theirs)]);
    other.core.set_direction(theirs, Direction::RecvOnly).unwrap();
    negotiate(&mut other, &mut one);
    assert_eq!(other.news(), [Event::NegotiationNeeded, Event::Track(theirs)]);
}

#[test]
fn streams_are_told_again_when_they_change() {
    let (mut one, mut other) = pair();
    let ours = one.add_track(MediaKind::Audio, "a", "first");
    negotiate(&mut one, &mut other);
    one.news();
    let streams = ["second".to_owned(), "third".to_owned(), "second".to_owned()];
    one.core.set_streams(ours, &streams).unwrap();
    assert_eq!(one.news(), [Event::NegotiationNeeded]);
    negotiate(&mut one, &mut other);
    let theirs = other.ids()[0];
    assert_eq!(
        other.get(theirs).receiver().remote_track().stream_ids,
        ["second", "third"]
    );
    // Another track in the same place is not told at all.
    let track = TrackInfo {
        id: "b".into(),
        kind: MediaKind::Audio,
    };
    one.core.replace_track(ours, Some(track)).unwrap();
    assert!(one.news().is_empty());
    let wrong = TrackInfo {
        id: "c".into(),
        kind: MediaKind::Video,
    };
    assert!(matches!(
        one.core.replace_track(ours, Some(wrong)),
        Err(Error::Parameters(webrtc::ParametersError::Kind))
    ));
}

#[test]
fn what_was_asked_for_during_an_exchange_is_told_after_it() {
    let (mut one, mut other) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    assert_eq!(one.news(), [Event::NegotiationNeeded]);
    let offer = one.offer();
    one.add(MediaKind::Video, Direction::SendRecv);
    other.hear(&offer);
    let answer = other.answer();
    assert!(
        one.news().is_empty(),
        "nothing is told before the exchange is over"
    );
    one.hear(&answer);
    assert!(one.news().contains(&Event::NegotiationNeeded));
    one.add(MediaKind::Video, Direction::SendRecv);
    assert!(one.news().is_empty(), "once is enough");
}

#[test]
fn preferences_order_and_exclude_codecs() {
    let (mut one, mut other) = pair();
    let video = one.add(MediaKind::Video, Direction::SendRecv);
    let preferences = [
        webrtc::RtpCodec::video("AV1", ""),
        webrtc::RtpCodec::video("VP8", ""),
        webrtc::RtpCodec::video("rtx", ""),
    ];
    one.core.set_codec_preferences(video, &preferences).unwrap();
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(codecs(&offer.media[0]), ["AV1", "VP8"]);
    assert_eq!(offer.media[0].formats.len(), 4);
    assert_eq!(codecs(&answer.media[0]), ["AV1", "VP8"]);
    // The answerer's order counts in its answer, and without `rtx` nothing is sent again.
    let theirs = other.ids()[0];
    other
        .core
        .set_codec_preferences(theirs, &preferences[1..2])
        .unwrap();
    let [_, answer] = negotiate(&mut one, &mut other);
    assert_eq!(answer.media[0].formats, ["96"]);
    assert_eq!(one.section(video).send[0].rtx_payload_type, None);
    assert_eq!(one.section(video).outbound[0].rtx_ssrc, None);
    // The next offer keeps the order of the answer, and what that did not have comes behind.
    one.core.set_codec_preferences(video, &[]).unwrap();
    let [offer, _] = negotiate(&mut one, &mut other);
    assert_eq!(codecs(&offer.media[0])[..2], ["VP8", "H264"]);
    assert_eq!(offer.media[0].formats[0], "96");
    let unknown = [webrtc::RtpCodec::video("XYZ", "")];
    let only_rtx = [webrtc::RtpCodec::video("rtx", "")];
    for bad in [&unknown, &only_rtx] {
        assert!(matches!(
            one.core.set_codec_preferences(video, bad),
            Err(Error::CodecPreferences)
        ));
    }
}

#[test]
fn a_description_of_ours_is_applied_as_it_was_made() {
    let (mut one, _) = pair();
    one.add(MediaKind::Audio, Direction::SendRecv);
    let offer = one.core.create_offer(OfferOptions::default()).unwrap();
    let changed = SessionDescription::offer(offer.sdp.replace("sendrecv", "sendonly"));
    assert!(matches!(
        one.core.set_local_description(one.now, Some(changed)),
        Err(Error::ModifiedDescription)
    ));
    assert_eq!(one.core.transceivers().next().unwrap().mid(), None);
}

#[test]
fn calls_on_a_closed_connection_say_so() {
    let (mut one, _) = pair();
    let id = one.add(MediaKind::Audio, Direction::SendRecv);
    one.core.close(one.now);
    let init = RtpTransceiverInit::default();
    assert!(matches!(
        one.core.add_transceiver(MediaKind::Audio, init),
        Err(Error::Closed)
    ));
    assert!(matches!(one.core.stop_transceiver(id), Err(Error::Closed)));
    assert!(matches!(
        one.core.set_direction(id, Direction::Inactive),
        Err(Error::Closed)
    ));
}
