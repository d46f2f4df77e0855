//! Offers of browsers and other stacks, as they were captured, answered by us.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sdp::MediaDescription;
use webrtc::core::Event;
use webrtc::{MediaKind, RtpTransceiverDirection as Direction, SessionDescription};

use super::peer::{Peer, codecs, parse};

/// Every captured offer, by name.
fn offers() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sdp/tests/corpus");
    let mut offers: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sdp"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .filter(|(name, _)| name.contains("offer"))
        .collect();
    offers.sort();
    assert!(offers.len() >= 25, "the captures are not there");
    offers
}

/// Our peer with the answer to an offer, having a track of each kind to send.
fn answered(text: &str) -> (Peer, sdp::SessionDescription) {
    let mut peer = Peer::new(1);
    peer.add_track(MediaKind::Audio, "voice", "us");
    peer.add_track(MediaKind::Video, "camera", "us");
    peer.hear(&SessionDescription::offer(text));
    let answer = parse(&peer.answer().sdp);
    (peer, answer)
}

fn is_media(media: &MediaDescription) -> bool {
    matches!(media.kind, sdp::MediaKind::Audio | sdp::MediaKind::Video)
}

#[test]
fn every_offer_is_answered_section_by_section() {
    for (name, text) in offers() {
        let offer = parse(&text);
        let (peer, answer) = answered(&text);
        assert_eq!(answer.media.len(), offer.media.len(), "{name}");
        for (offered, answered) in offer.media.iter().zip(&answer.media) {
            assert_eq!(answered.kind, offered.kind, "{name}");
            assert_eq!(answered.protocol, offered.protocol, "{name}");
            assert_eq!(answered.mid(), offered.mid(), "{name}");
            assert!(!answered.is_rejected(), "{name}: {answered}");
            if is_media(offered) {
                obeys(&name, offered, answered);
            }
        }
        let group = answer.bundle_groups().next().unwrap();
        assert_eq!(group.mids.len(), answer.media.len(), "{name}");
        let sections = &peer.core.negotiated_media().unwrap().sections;
        let wanted = offer.media.iter().filter(|media| is_media(media)).count();
        assert_eq!(sections.len(), wanted, "{name}");
    }
}

/// What RFC 9429 §5.3.1 asks of a section of an answer.
fn obeys(name: &str, offered: &MediaDescription, answered: &MediaDescription) {
    let offered_types: Vec<_> = offered.payload_types().collect();
    let answered_types: Vec<_> = answered.payload_types().collect();
    let mut places = answered_types.iter().map(|payload_type| {
        let place = offered_types.iter().position(|offered| offered == payload_type);
        place.unwrap_or_else(|| panic!("{name}: {payload_type} was not offered"))
    });
    let primary: BTreeSet<_> = offered_types.iter().copied().collect();
    assert!(primary.len() >= answered_types.len());
    let first = places.next().unwrap();
    assert_eq!(first, 0, "{name}: the peer's first codec is ours too");
    for rtpmap in answered.rtpmaps() {
        let original = offered.attributes.rtpmap(rtpmap.payload_type).unwrap();
        assert!(original.encoding.eq_ignore_ascii_case(&rtpmap.encoding), "{name}");
        assert_eq!(original.clock_rate, rtpmap.clock_rate, "{name}");
    }
    for payload_type in answered_types {
        let known: Vec<_> = offered
            .attributes
            .rtcp_fb(payload_type)
            .map(|it| &it.value)
            .collect();
        for feedback in answered.attributes.rtcp_fb(payload_type) {
            assert!(known.contains(&&feedback.value), "{name}: {}", feedback.value);
        }
    }
    for extmap in answered.attributes.extmaps() {
        let mut all = offered.attributes.extmaps();
        let original = all.find(|offered| offered.uri == extmap.uri).unwrap();
        assert_eq!(original.id, extmap.id, "{name}");
    }
    assert!(answered.attributes.rtcp_mux(), "{name}");
    assert!(!answered.attributes.rtcp_mux_only(), "{name}");
    assert_eq!(
        answered.attributes.rtcp_rsize(),
        offered.attributes.rtcp_rsize(),
        "{name}"
    );
    assert!(answered.attributes.msids().next().is_some(), "{name}");
    assert_eq!(answered.direction(), Some(Direction::SendRecv), "{name}");
}

fn offer_of(name: &str) -> String {
    let mut all = offers().into_iter();
    all.find(|(found, _)| found == name).unwrap().1
}

#[test]
fn a_chromium_offer_is_answered_with_all_its_codecs_but_fec() {
    let (mut peer, answer) = answered(&offer_of("chromium-156-offer-av-data-lo"));
    assert_eq!(
        codecs(&answer.media[0]),
        [
            "opus",
            "red",
            "G722",
            "PCMU",
            "PCMA",
            "CN",
            "telephone-event",
            "telephone-event"
        ]
    );
    let video = codecs(&answer.media[1]);
    assert_eq!(video[..2], ["VP8", "H264"]);
    assert_eq!(video.iter().filter(|name| *name == "H264").count(), 6);
    assert!(video.contains(&"AV1".into()) && !video.contains(&"ulpfec".into()));
    assert_eq!(answer.media[1].attributes.extmaps().count(), 11);
    let sections = peer.core.negotiated_media().unwrap().sections.clone();
    let [audio, video] = &sections[..] else {
        panic!("two sections")
    };
    assert_eq!(audio.inbound[0].ssrc, Some(2_048_905_205));
    assert_eq!(video.inbound[0].ssrc, Some(354_621_192));
    assert_eq!(video.inbound[0].rtx_ssrc, Some(2_418_035_315));
    assert_eq!(video.inbound.len(), 1);
    assert_eq!(
        video.remote_track.stream_ids,
        ["954f0515-d908-4d4f-8eea-c9fb58eb0d47"]
    );
    assert_eq!(
        video.remote_track.track_id.as_deref(),
        Some("b7e0af2f-b7c4-421c-93e5-c1aa7c0cc61f")
    );
    assert_eq!(video.remote_track.cname.as_deref(), Some("0YNZp6eW0UbxOuoG"));
    assert_eq!(
        video.send_extension("urn:ietf:params:rtp-hdrext:sdes:mid"),
        Some(4)
    );
    assert_eq!(video.send_extension("urn:3gpp:video-orientation"), Some(13));
    let vp8 = video.preferred_codec().unwrap();
    assert_eq!((vp8.payload_type, vp8.rtx_payload_type), (96, Some(97)));
    assert_eq!(vp8.feedback.len(), 5);
    assert!(video.reduced_size_rtcp && video.extmap_allow_mixed && video.receiver_rtt);
    let told: Vec<_> = peer
        .news()
        .into_iter()
        .filter(|event| matches!(event, Event::Track(_)))
        .collect();
    assert_eq!(told.len(), 2);
}

#[test]
fn a_firefox_offer_keeps_its_numbers_in_our_later_offers() {
    let (mut peer, answer) = answered(&offer_of("firefox-chromium-offer"));
    assert_eq!(
        codecs(&answer.media[0]),
        ["opus", "G722", "PCMU", "PCMA", "telephone-event"]
    );
    assert_eq!(codecs(&answer.media[1]), ["VP8", "VP9", "AV1"]);
    assert!(
        !answer.to_string().contains("rtcp-xr"),
        "Firefox did not offer it"
    );
    let playout = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
    let answered = answer.media[1]
        .attributes
        .extmaps()
        .find(|it| it.uri == playout)
        .unwrap();
    assert_eq!(
        answered.direction,
        Some(Direction::SendOnly),
        "Firefox only receives it"
    );
    peer.add(MediaKind::Video, Direction::SendRecv);
    let offer = parse(&peer.offer().sdp);
    assert_eq!(offer.media[0].formats[0], "109");
    assert_eq!(offer.media[1].formats[..2], ["120", "124"]);
    assert_eq!(offer.media[1].attributes.rtpmap(120).unwrap().encoding, "VP8");
    let number = |media: &MediaDescription, uri: &str| {
        let mut all = media.attributes.extmaps();
        all.find(|it| it.uri == uri).map(|it| it.id)
    };
    let mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    for media in offer.media.iter().filter(|media| is_media(media)) {
        assert_eq!(number(media, mid), Some(3));
        let mut seen = BTreeSet::new();
        assert!(media.attributes.extmaps().all(|it| seen.insert(it.id)));
    }
    let sorted = |media: &MediaDescription| media.payload_types().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&offer.media[1]), sorted(&offer.media[3]));
}

#[test]
fn an_answer_of_a_browser_settles_our_offer() {
    for (name, text) in offers() {
        // Each captured offer, turned into an answer to an offer of ours with its sections.
        let offer = parse(&text);
        let mut peer = Peer::new(1);
        for media in offer.media.iter().filter(|media| is_media(media)) {
            let kind = if media.kind == sdp::MediaKind::Audio {
                MediaKind::Audio
            } else {
                MediaKind::Video
            };
            peer.add(kind, Direction::SendRecv);
        }
        if offer.media.iter().any(MediaDescription::is_data_channel) {
            let init = webrtc::DataChannelInit::default();
            peer.core.create_data_channel(peer.now, "chat", &init).unwrap();
        }
        let ours = parse(&peer.offer().sdp);
        let mut answer = offer.clone();
        if ours
            .media
            .iter()
            .map(|it| &it.kind)
            .ne(answer.media.iter().map(|it| &it.kind))
        {
            continue;
        }
        for (media, ours) in answer.media.iter_mut().zip(&ours.media) {
            media
                .attributes
                .set(sdp::Attribute::Mid(ours.mid().unwrap().into()));
            media.attributes.set(sdp::Setup::Active);
            media.protocol = ours.protocol.clone();
        }
        answer
            .attributes
            .retain(|it| !matches!(it, sdp::Attribute::Setup(_)));
        answer.bundle();
        peer.hear(&SessionDescription::answer(answer.to_string()));
        for transceiver in peer.core.transceivers() {
            assert_eq!(
                transceiver.current_direction(),
                Some(Direction::SendRecv),
                "{name}"
            );
            let section = peer.section(transceiver.id());
            assert!(section.preferred_codec().is_some(), "{name}");
            let numbers: Vec<_> = section.send.iter().map(|codec| codec.payload_type).collect();
            let theirs = answer.media_by_mid(&section.mid).unwrap();
            assert!(
                numbers
                    .iter()
                    .all(|it| theirs.payload_types().any(|known| known == *it)),
                "{name}"
            );
        }
    }
}
