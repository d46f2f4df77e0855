//! Header extensions that are encrypted on their own (RFC 6904 §4): what is offered, answered and agreed upon.

use std::collections::BTreeSet;

use sdp::Direction as Way;
use webrtc::core::NegotiatedSection;
use webrtc::{
    Configuration, DescriptionError, Error, ExtensionEncryption, MediaEngine, MediaKind,
    RtpTransceiverDirection as Direction, SdpType,
};

use super::peer::{Peer, described, negotiate, parse};

const ENCRYPT: &str = "urn:ietf:params:rtp-hdrext:encrypt";
const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

use ExtensionEncryption::{Never, Prefer, Require};

fn peer(seed: u8, encryption: ExtensionEncryption) -> Peer {
    let mut engine = MediaEngine::default();
    engine.encrypt_header_extensions(encryption, |_| true);
    Peer::with(seed, &Configuration::default(), engine)
}

/// A line of a section: id, URI, whether it is encrypted, direction.
type Line = (u8, String, bool, Way);

fn lines(description: &sdp::SessionDescription, index: usize) -> Vec<Line> {
    let line = |line: &sdp::Extmap| {
        let is_encrypted = &*line.uri == ENCRYPT;
        let uri = line.attributes.as_ref().filter(|_| is_encrypted);
        let uri = uri.unwrap_or(&line.uri).to_string();
        let way = line.direction.unwrap_or_default();
        (u8::try_from(line.id).unwrap(), uri, is_encrypted, way)
    };
    description.media[index].attributes.extmaps().map(line).collect()
}

fn find(lines: &[Line], uri: &str, is_encrypted: bool) -> Option<(u8, Way)> {
    let mut all = lines
        .iter()
        .filter(|line| line.1 == uri && line.2 == is_encrypted);
    let found = all.next().map(|line| (line.0, line.3));
    assert_eq!(all.next(), None, "once");
    found
}

/// Id and form of an extension, which is used in both directions.
fn used(section: &NegotiatedSection, uri: &str) -> Option<(u8, bool)> {
    let mut all = section.extensions.iter().filter(|known| known.uri == uri);
    let found = all.next()?;
    assert_eq!(all.next(), None, "one form alone");
    assert_eq!(section.send_extension(uri), Some(found.id));
    assert_eq!(section.receive_extension(uri), Some(found.id));
    Some((found.id, found.is_encrypted))
}

/// What a section has of an extension: the form that is used, by whether it is encrypted.
type Forms = Option<bool>;

#[test]
fn both_sides_agree_on_one_form_of_each_extension() {
    let table: [(ExtensionEncryption, ExtensionEncryption, Forms); 9] = [
        (Never, Never, Some(false)),
        (Never, Prefer, Some(false)),
        (Never, Require, None),
        (Prefer, Never, Some(false)),
        (Prefer, Prefer, Some(true)),
        (Prefer, Require, Some(true)),
        (Require, Never, None),
        (Require, Prefer, Some(true)),
        (Require, Require, Some(true)),
    ];
    for (ours, theirs, expected) in table {
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let (mut one, mut other) = (peer(1, ours), peer(2, theirs));
            let id = one.add(kind, Direction::SendRecv);
            let [offer, answer] = negotiate(&mut one, &mut other);
            let [offer, answer] = [lines(&offer, 0), lines(&answer, 0)];
            let what = format!("{ours:?} {theirs:?} {kind}");
            let forms = |lines: &[Line]| [false, true].map(|form| find(lines, MID, form));
            let [clear, hidden] = forms(&offer);
            assert_eq!(clear.is_some(), ours != Require, "{what}");
            assert_eq!(hidden.is_some(), ours != Never, "{what}");
            assert_ne!(clear, hidden, "{what}: each form has an id of its own");
            // Whoever chooses the encrypted form says of the other that it is not used.
            let unused = |(id, _)| (id, Way::Inactive);
            let expected_answer = match expected {
                None => [None, None],
                Some(false) => [clear, None],
                Some(true) => [clear.filter(|_| theirs == Prefer).map(unused), hidden],
            };
            assert_eq!(forms(&answer), expected_answer, "{what}");
            let number = match expected {
                None => None,
                Some(true) => hidden,
                Some(false) => clear,
            };
            let expected = number.map(|(id, _)| id).zip(expected);
            assert_eq!(used(one.section(id), MID), expected, "{what}");
            assert_eq!(used(other.section(other.ids()[0]), MID), expected, "{what}");
            assert_eq!(
                one.section(id).extensions,
                other.section(other.ids()[0]).extensions
            );
            let hidden: Vec<_> = one
                .core
                .negotiated_media()
                .unwrap()
                .encrypted_extensions()
                .collect();
            let known = &one.section(id).extensions;
            assert_eq!(
                hidden.len(),
                if expected.is_some_and(|it| it.1) {
                    known.len()
                } else {
                    0
                }
            );
        }
    }
}

#[test]
fn nothing_is_encrypted_by_default() {
    let mut one = Peer::new(1);
    one.add(MediaKind::Audio, Direction::SendRecv);
    one.add(MediaKind::Video, Direction::SendRecv);
    assert!(!one.offer().sdp.contains(ENCRYPT));
}

#[test]
fn ids_in_the_clear_stay_those_of_browsers_and_none_is_given_twice() {
    let mut plain = Peer::new(1);
    let mut one = peer(1, Prefer);
    for peer in [&mut plain, &mut one] {
        peer.add(MediaKind::Audio, Direction::SendRecv);
        peer.add(MediaKind::Video, Direction::SendRecv);
    }
    let [plain, one] = [&mut plain, &mut one].map(|peer| parse(&peer.offer().sdp));
    let mut ids = std::collections::BTreeMap::new();
    for index in [0, 1] {
        let all = lines(&one, index);
        let clear: Vec<_> = all.iter().filter(|line| !line.2).cloned().collect();
        assert_eq!(clear, lines(&plain, index));
        assert_eq!(all.len(), 2 * clear.len());
        for (id, uri, form, _) in all {
            assert!(!form || id > 14, "the low ids are all wanted");
            let meaning = (uri, form);
            assert_eq!(ids.entry(id).or_insert(meaning.clone()), &meaning);
        }
    }
}

#[test]
fn one_extension_may_be_encrypted_alone_with_a_low_id_where_one_is_free() {
    let mut engine = MediaEngine::default();
    engine.remove_header_extension("urn:ietf:params:rtp-hdrext:toffset");
    engine.encrypt_header_extensions(Prefer, |uri| uri == LEVEL);
    let mut one = Peer::with(1, &Configuration::default(), engine);
    let id = one.add(MediaKind::Audio, Direction::SendRecv);
    let [offer, _] = negotiate(&mut one, &mut peer(2, Prefer));
    let all = lines(&offer, 0);
    assert_eq!(find(&all, LEVEL, true), Some((14, Way::SendRecv)));
    assert_eq!(all.iter().filter(|line| line.2).count(), 1);
    assert_eq!(used(one.section(id), LEVEL), Some((14, true)));
    assert_eq!(used(one.section(id), MID), Some((4, false)));
}

#[test]
fn ids_keep_their_meaning_in_later_exchanges_from_either_side() {
    let (mut one, mut other) = (peer(1, Prefer), peer(2, Prefer));
    let first = one.add(MediaKind::Audio, Direction::SendRecv);
    negotiate(&mut one, &mut other);
    let before = used(one.section(first), MID);
    let second = other.add(MediaKind::Video, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut other, &mut one);
    for index in [0, 1] {
        for (description, clear) in [(&offer, Way::SendRecv), (&answer, Way::Inactive)] {
            let all = lines(description, index);
            assert_eq!(find(&all, MID, true).map(|it| it.0), before.map(|it| it.0));
            assert_eq!(find(&all, MID, false), Some((4, clear)));
        }
    }
    assert_eq!(used(one.section(first), MID), before);
    assert_eq!(used(other.section(second), MID), before);
    // The peer may choose otherwise in another exchange.
    one.add(MediaKind::Video, Direction::SendRecv);
    other.hear(&one.offer());
    let mut answer = parse(&other.answer().sdp);
    for media in &mut answer.media {
        media
            .attributes
            .retain(|attribute| !attribute.to_string().contains(ENCRYPT));
    }
    let answer = answer.to_string().replace("/inactive urn", " urn");
    one.hear(&described(SdpType::Answer, &parse(&answer)));
    assert_eq!(used(one.section(first), MID), Some((4, false)));
}

#[test]
fn before_an_answer_the_form_is_expected_that_the_peer_chose_last() {
    for (theirs, form) in [(Prefer, true), (Never, false)] {
        let (mut one, mut other) = (peer(1, Prefer), peer(2, theirs));
        let first = one.add(MediaKind::Audio, Direction::SendRecv);
        negotiate(&mut one, &mut other);
        let second = one.add(MediaKind::Video, Direction::SendRecv);
        let offer = lines(&parse(&one.offer().sdp), 1);
        for uri in [MID, "urn:3gpp:video-orientation"] {
            let expected = find(&offer, uri, form).map(|it| it.0);
            assert!(expected.is_some());
            assert_eq!(one.section(second).receive_extension(uri), expected);
            assert_eq!(one.section(second).send_extension(uri), None);
        }
        assert_eq!(used(one.section(first), MID).map(|it| it.1), Some(form));
        // What the peer may send at once is decrypted, whichever form it is.
        let media = one.core.negotiated_media().unwrap();
        let ids: BTreeSet<_> = media.encrypted_extensions().collect();
        assert!(ids.contains(&find(&offer, MID, true).unwrap().0));
    }
}

/// An offer of audio and video in which MID and level are these lines.
fn offer(audio: &str, video: &str) -> sdp::SessionDescription {
    let text = format!(
        "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\na=group:BUNDLE 0 1\na=extmap-allow-mixed\n\
         a=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuvwx\na=setup:actpass\na=fingerprint:sha-256 {}\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 0.0.0.0\na=mid:0\na=rtcp-mux\n{audio}\
         m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:1\na=rtcp-mux\na=rtpmap:96 VP8/90000\n{video}",
        ["AB"; 32].join(":")
    );
    parse(&text.replace('\n', "\r\n"))
}

fn answered(engine: ExtensionEncryption, offer: &sdp::SessionDescription) -> [Vec<Line>; 2] {
    let mut peer = peer(1, engine);
    peer.hear(&described(SdpType::Offer, offer));
    let answer = parse(&peer.answer().sdp);
    [0, 1].map(|index| lines(&answer, index))
}

#[test]
fn what_is_no_encryption_of_an_extension_is_passed_over() {
    let line = |id: u8, rest: &str| format!("a=extmap:{id} {ENCRYPT}{rest}\n");
    let audio = [
        line(2, ""),
        line(3, &format!(" {ENCRYPT} {MID}")),
        line(5, " urn:unknown"),
        line(6, &format!(" {LEVEL} vad=on")),
        line(7, &format!(" {LEVEL}")),
    ];
    let [audio, _] = answered(Prefer, &offer(&audio.concat(), ""));
    assert_eq!(audio, [(6, LEVEL.to_owned(), true, Way::SendRecv)]);
    // RFC 6904 §4: only SRTP can.
    let mut plain = offer(&line(6, &format!(" {LEVEL}")), "");
    plain.media[0].protocol = "RTP/AVPF".into();
    assert_eq!(answered(Prefer, &plain)[0], []);
}

#[test]
fn directions_count_for_each_form() {
    let both = format!("a=extmap:1/sendonly {LEVEL}\na=extmap:2/recvonly {ENCRYPT} {LEVEL}\n");
    let mut peer = peer(1, Prefer);
    peer.hear(&described(SdpType::Offer, &offer(&both, "")));
    let id = peer.ids()[0];
    peer.core.set_direction(id, Direction::SendRecv).unwrap();
    peer.answer();
    // The encrypted one is what we may send; RFC 6904 §4.1 wants the other not to be used.
    let section = peer.section(id);
    assert_eq!(section.send_extension(LEVEL), Some(2));
    assert_eq!(section.receive_extension(LEVEL), None);
    let unused = format!("a=extmap:1 {LEVEL}\na=extmap:2/inactive {ENCRYPT} {LEVEL}\n");
    let [audio, _] = answered(Prefer, &offer(&unused, ""));
    assert_eq!(audio, [(1, LEVEL.to_owned(), false, Way::SendRecv)]);
}

#[test]
fn an_extension_of_several_sections_has_the_same_form_in_all() {
    let hidden = format!("a=extmap:4 {MID}\na=extmap:20 {ENCRYPT} {MID}\n");
    let clear = format!("a=extmap:4 {MID}\n");
    for (audio, video) in [(&hidden, &clear), (&clear, &hidden)] {
        for lines in answered(Prefer, &offer(audio, video)) {
            assert_eq!(lines, [(4, MID.to_owned(), false, Way::SendRecv)]);
        }
    }
    let [audio, video] = answered(Require, &offer(&hidden, &clear));
    assert_eq!(
        (audio.len(), video.len()),
        (1, 0),
        "or none where it has to be encrypted"
    );
}

#[test]
fn an_id_cannot_mean_an_extension_and_its_encryption() {
    let one = format!("a=extmap:4 {MID}\n");
    let other = format!("a=extmap:4 {ENCRYPT} {MID}\n");
    let mut peer = Peer::new(1);
    let offer = described(SdpType::Offer, &offer(&one, &other));
    let refused = peer.core.set_remote_description(peer.now, &offer);
    assert!(matches!(
        refused,
        Err(Error::Description(DescriptionError::ExtensionIdTwice))
    ));
    // Two encrypted ones under two ids are two extensions.
    let two = format!("a=extmap:5 {ENCRYPT} {MID}\na=extmap:6 {ENCRYPT} {LEVEL}\n");
    let [audio, video] = answered(Prefer, &self::offer(&two, &two));
    assert_eq!((audio.len(), video.len()), (2, 1), "the level is for audio");
}
