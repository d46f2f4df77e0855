//! Payload types and extension ids across sections and exchanges (RFC 9143 §10, RFC 3264 §8.3.2).

use std::collections::BTreeMap;

use webrtc::{
    BundlePolicy, Configuration, MediaEngine, MediaKind, RtpCodec, RtpCodecCapability,
    RtpTransceiverDirection as Direction, SdpType,
};

use super::peer::{Peer, described, negotiate, parse, ports};

/// What each payload type and each id means in all sections together; panics when it means two things.
fn meanings(description: &sdp::SessionDescription) -> (BTreeMap<u8, String>, BTreeMap<u16, String>) {
    let (mut payload_types, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for media in description.media.iter().filter(|media| !media.is_rejected()) {
        for rtpmap in media.rtpmaps() {
            let parameters = media.attributes.fmtp(rtpmap.payload_type);
            let parameters = parameters.map_or("", |fmtp| &fmtp.parameters);
            let meaning = format!("{} {parameters}", rtpmap.encoding);
            let known = payload_types
                .entry(rtpmap.payload_type)
                .or_insert(meaning.clone());
            assert_eq!(*known, meaning, "{}", rtpmap.payload_type);
        }
        for extmap in media.attributes.extmaps() {
            let known = ids.entry(extmap.id).or_insert(extmap.uri.to_string());
            assert_eq!(*known, *extmap.uri, "{}", extmap.id);
        }
    }
    (payload_types, ids)
}

#[test]
fn sections_share_numbers() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    for kind in [
        MediaKind::Audio,
        MediaKind::Video,
        MediaKind::Audio,
        MediaKind::Video,
    ] {
        one.add(kind, Direction::SendRecv);
    }
    let [offer, answer] = negotiate(&mut one, &mut other);
    let before = meanings(&offer);
    assert_eq!(meanings(&answer), before);
    assert!(before.0.keys().all(|it| !(64..96).contains(it)));
    assert_eq!(offer.media[1].formats, offer.media[3].formats);
    other.add(MediaKind::Video, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut other, &mut one);
    assert_eq!(meanings(&offer), before);
    assert_eq!(meanings(&answer), before);
}

#[test]
fn the_numbers_of_the_peer_are_kept_and_ours_give_way() {
    let mut odd = MediaEngine::empty();
    odd.register_codec(RtpCodecCapability {
        codec: RtpCodec::video("VP9", "profile-id=0"),
        payload_type: 96,
        rtx_payload_type: Some(111),
        feedback: Vec::new(),
    })
    .unwrap();
    let mut one = Peer::with(1, &Configuration::default(), odd);
    let mut other = Peer::new(2);
    one.add(MediaKind::Video, Direction::SendRecv);
    let [_, answer] = negotiate(&mut one, &mut other);
    assert_eq!(answer.media[0].formats, ["96", "111"]);
    other.add(MediaKind::Audio, Direction::SendRecv);
    other.add(MediaKind::Video, Direction::SendRecv);
    let offer = parse(&other.offer().sdp);
    let (payload_types, _) = meanings(&offer);
    assert_eq!(payload_types[&96], "VP9 profile-id=0");
    assert_eq!(payload_types[&111], "rtx apt=96");
    assert!(payload_types.values().any(|meaning| meaning.starts_with("opus ")));
    assert!(payload_types.values().any(|meaning| meaning.starts_with("VP8 ")));
    assert_eq!(
        offer.media[0].formats[0], "96",
        "the order of the last answer comes first"
    );
}

#[test]
fn numbers_of_an_offer_that_was_taken_back_are_free_again() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    one.add(MediaKind::Video, Direction::SendRecv);
    other.add(MediaKind::Video, Direction::SendRecv);
    one.offer();
    let offer = other.offer();
    let swapped = offer
        .sdp
        .replace("VP8/90000", "X/90000")
        .replace("VP9/90000", "VP8/90000");
    let swapped = swapped
        .replace("X/90000", "VP9/90000")
        .replace("profile-id=", "x=");
    one.hear(&webrtc::SessionDescription::offer(swapped));
    let answer = parse(&one.answer().sdp);
    assert_eq!(answer.media[0].attributes.rtpmap(96).unwrap().encoding, "VP9");
    assert_eq!(answer.media[0].attributes.rtpmap(98).unwrap().encoding, "VP8");
}

#[test]
fn each_side_sends_with_the_numbers_of_the_other() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = one.add(MediaKind::Audio, Direction::SendRecv);
    other.hear(&one.offer());
    // An answerer may have numbers of its own (RFC 3264 §6.1), though it should not.
    let answer = other
        .answer()
        .sdp
        .replace(":111 ", ":120 ")
        .replace("SAVPF 111", "SAVPF 120");
    one.hear(&webrtc::SessionDescription::answer(
        answer.replace("111/111", "120/120"),
    ));
    let section = one.section(ours);
    assert_eq!(section.preferred_codec().unwrap().payload_type, 120);
    assert!(section.received(111).is_some() && section.received(120).is_none());
}

#[test]
fn redundancy_repeats_the_codec_of_its_clock() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    one.add(MediaKind::Audio, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut one, &mut other);
    for description in [&offer, &answer] {
        assert_eq!(
            description.media[0].attributes.fmtp(63).unwrap().parameters,
            "111/111"
        );
    }
    // Without Opus there is nothing to repeat.
    let mut engine = MediaEngine::default();
    engine.remove_codec(MediaKind::Audio, "opus");
    let mut third = Peer::with(3, &Configuration::default(), engine);
    third.add(MediaKind::Audio, Direction::SendRecv);
    assert!(!third.offer().sdp.contains("red/48000"));
    let mut fourth = Peer::new(4);
    fourth.add(MediaKind::Audio, Direction::SendRecv);
    third.roll_back();
    third.hear(&fourth.offer());
    assert!(!third.answer().sdp.contains("red/48000"));
}

#[test]
fn feedback_and_extensions_are_what_both_have() {
    let mut engine = MediaEngine::empty();
    engine
        .register_codec(RtpCodecCapability {
            codec: RtpCodec::video("VP8", ""),
            payload_type: 100,
            rtx_payload_type: None,
            feedback: vec![webrtc::RtcpFeedback::NackPli, webrtc::RtcpFeedback::CcmTmmbr],
        })
        .unwrap();
    let mut one = Peer::new(1);
    let mut other = Peer::with(2, &Configuration::default(), engine);
    let ours = one.add(MediaKind::Video, Direction::SendRecv);
    let [_, answer] = negotiate(&mut one, &mut other);
    assert_eq!(answer.media[0].formats, ["96"]);
    assert_eq!(answer.media[0].attributes.extmaps().count(), 0);
    let [codec] = &one.section(ours).send[..] else {
        panic!("one codec")
    };
    assert_eq!(codec.feedback, [webrtc::RtcpFeedback::NackPli]);
    assert_eq!(codec.rtx_payload_type, None);
    assert_eq!(one.section(ours).outbound[0].rtx_ssrc, None);
}

#[test]
fn numbers_that_only_a_withdrawn_offer_had_are_forgotten() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    one.add(MediaKind::Video, Direction::SendRecv);
    let offer = one.offer().sdp.replace("a=rtpmap:96 VP8/", "a=rtpmap:96 VP9/");
    other.hear(&webrtc::SessionDescription::offer(
        offer.replace("a=extmap:4 ", "a=extmap:9 "),
    ));
    other.roll_back();
    other.add(MediaKind::Video, Direction::SendRecv);
    let offer = parse(&other.offer().sdp);
    assert_eq!(offer.media[0].attributes.rtpmap(96).unwrap().encoding, "VP8");
    assert!(
        offer
            .to_string()
            .contains("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n")
    );
}

#[test]
fn feedback_that_only_one_side_names_is_not_used() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = one.add(MediaKind::Video, Direction::SendRecv);
    other.hear(&one.offer());
    let answer = other.answer().sdp;
    let answer = answer.replace("a=rtcp-fb:96 nack pli\r\n", "a=rtcp-fb:96 ack ccfb\r\n");
    one.hear(&webrtc::SessionDescription::answer(answer));
    let section = one.section(ours);
    for codec in [&section.send[0], &section.receive[0]] {
        assert_eq!(codec.payload_type, 96);
        assert!(codec.has(&webrtc::RtcpFeedback::Nack));
        assert!(!codec.has(&webrtc::RtcpFeedback::NackPli) && !codec.has(&webrtc::RtcpFeedback::AckCcfb));
    }
}

#[test]
fn an_extension_with_another_id_in_the_answer_is_not_used() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = one.add(MediaKind::Audio, Direction::SendRecv);
    other.hear(&one.offer());
    let answer = other.answer().sdp.replace("a=extmap:2 ", "a=extmap:9 ");
    one.hear(&webrtc::SessionDescription::answer(answer));
    let uris: Vec<_> = one
        .section(ours)
        .extensions
        .iter()
        .map(|known| (known.id, &known.uri))
        .collect();
    assert_eq!(uris.len(), 3, "{uris:?}");
    assert!(
        uris.iter()
            .all(|(id, uri)| *id != 9 && !uri.ends_with("abs-send-time"))
    );
}

#[test]
fn only_max_bundle_marks_sections_as_bundle_only() {
    let configuration = Configuration {
        bundle_policy: BundlePolicy::MaxBundle,
        ..Configuration::default()
    };
    let mut one = Peer::with(1, &configuration, MediaEngine::default());
    let mut other = Peer::new(2);
    one.add(MediaKind::Audio, Direction::SendRecv);
    one.add(MediaKind::Video, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(ports(&offer), ["audio 9", "video 0"]);
    assert!(offer.media[1].attributes.bundle_only() && offer.media[1].ice_ufrag().is_none());
    assert_eq!(ports(&answer), ["audio 9", "video 9"]);
    assert!(!answer.to_string().contains("bundle-only"));
    let [offer, _] = negotiate(&mut one, &mut other);
    assert_eq!(
        ports(&offer),
        ["audio 9", "video 9"],
        "a bundle that was agreed upon is not undone"
    );
    let mut plain = Peer::new(3);
    plain.add(MediaKind::Video, Direction::SendRecv);
    plain.add(MediaKind::Video, Direction::SendRecv);
    assert!(!plain.offer().sdp.contains("bundle-only"));
}

#[test]
fn levels_of_h264_are_lowered_for_a_peer_that_cannot_have_its_own() {
    let mut engine = MediaEngine::empty();
    engine
        .register_codec(RtpCodecCapability {
            codec: RtpCodec::video("H264", "packetization-mode=1;profile-level-id=42e034"),
            payload_type: 96,
            rtx_payload_type: None,
            feedback: Vec::new(),
        })
        .unwrap();
    let mut one = Peer::new(1);
    let mut other = Peer::with(2, &Configuration::default(), engine);
    one.add(MediaKind::Video, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert_eq!(answer.media[0].formats, ["108"]);
    let parameters = |description: &sdp::SessionDescription| {
        let fmtp = description.media[0].attributes.fmtp(108).unwrap();
        fmtp.parameter("profile-level-id").map(str::to_owned)
    };
    assert_eq!(parameters(&offer), parameters(&answer));
    // Back to the other side, which could do more and was asked for less.
    let again = described(SdpType::Answer, &answer);
    assert!(again.sdp.contains("packetization-mode=1;profile-level-id=42e01f"));
}

/// SSRCs are random, so that a collision has to be made: the same seed chooses the same ones again.
#[test]
fn ssrcs_of_ours_give_way_to_those_of_an_offer() {
    let mut offerer = Peer::new(1);
    offerer.add_track(MediaKind::Video, "camera", "s");
    let offer = offerer.offer();
    // One transceiver was there before the offer, one is made for it; and both with retransmissions.
    let answer = |offer: &str, has_track: bool| {
        let mut answerer = Peer::new(2);
        if has_track {
            answerer.add_track(MediaKind::Video, "camera", "s");
        }
        answerer.hear(&webrtc::SessionDescription::offer(offer.to_owned()));
        let id = answerer.ids()[0];
        answerer.core.set_direction(id, Direction::SendRecv).unwrap();
        answerer.answer();
        let sent = &answerer.section(id).outbound[0];
        [sent.ssrc, sent.rtx_ssrc.unwrap()]
    };
    for has_track in [false, true] {
        let chosen = answer(&offer.sdp, has_track);
        assert_eq!(answer(&offer.sdp, has_track), chosen);
        for taken in chosen {
            let colliding = format!("{}a=ssrc:{taken} cname:c\r\n", offer.sdp);
            let again = answer(&colliding, has_track);
            assert!(!again.contains(&taken), "{taken} of {again:?}");
        }
    }
}
