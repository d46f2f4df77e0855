//! Several encodings of one track: offered, accepted, narrowed, asked for (RFC 8851, RFC 8853, W3C webrtc-pc §5.4.1).

use webrtc::core::{InboundStream, OutboundStream, TransceiverId};
use webrtc::{
    Configuration, Error, ExtensionEncryption, HeaderExtensionCapability, MediaEngine, MediaKind,
    ParametersError, RtpEncodingParameters, RtpTransceiverDirection as Direction, RtpTransceiverInit,
    SdpType,
};

use super::peer::{Peer, described, negotiate, parse};

const LAYERS: [&str; 3] = ["q", "h", "f"];

fn simulcast(peer: &mut Peer, rids: &[&str]) -> TransceiverId {
    let init = RtpTransceiverInit {
        direction: Direction::SendOnly,
        stream_ids: vec!["s".into()],
        send_encodings: rids.iter().map(|rid| RtpEncodingParameters::layer(rid)).collect(),
        ..RtpTransceiverInit::default()
    };
    peer.core.add_transceiver(MediaKind::Video, init).unwrap()
}

fn sent(peer: &Peer, id: TransceiverId) -> Vec<Option<String>> {
    let outbound = &peer.section(id).outbound;
    outbound.iter().map(|stream| stream.rid.clone()).collect()
}

fn expected(peer: &Peer, id: TransceiverId) -> Vec<Option<String>> {
    let inbound = &peer.section(id).inbound;
    inbound.iter().map(|stream| stream.rid.clone()).collect()
}

fn some(rids: &[&str]) -> Vec<Option<String>> {
    rids.iter().map(|rid| Some((*rid).to_owned())).collect()
}

#[test]
fn layers_are_offered_and_accepted() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = simulcast(&mut one, &LAYERS);
    let [offer, answer] = negotiate(&mut one, &mut other);
    let text = offer.to_string();
    for line in [
        "a=rid:q send",
        "a=rid:h send",
        "a=rid:f send",
        "a=simulcast:send q;h;f",
    ] {
        assert!(text.contains(&format!("{line}\r\n")), "{text}");
    }
    assert!(!text.contains("a=ssrc"), "layers are told apart by rid");
    let text = answer.to_string();
    for line in ["a=rid:q recv", "a=rid:f recv", "a=simulcast:recv q;h;f"] {
        assert!(text.contains(&format!("{line}\r\n")), "{text}");
    }
    let theirs = other.ids()[0];
    assert_eq!(sent(&one, ours), some(&LAYERS));
    assert_eq!(expected(&other, theirs), some(&LAYERS));
    let ssrcs: std::collections::BTreeSet<_> = one
        .section(ours)
        .outbound
        .iter()
        .flat_map(|stream| [Some(stream.ssrc), stream.rtx_ssrc])
        .flatten()
        .collect();
    assert_eq!(
        ssrcs.len(),
        6,
        "each layer and its retransmissions have an SSRC of their own"
    );
    // The next exchange, from either side, keeps the layers and their SSRCs.
    let before = one.section(ours).outbound.clone();
    negotiate(&mut other, &mut one);
    assert_eq!(one.section(ours).outbound.len(), 3);
    negotiate(&mut one, &mut other);
    assert_eq!(one.section(ours).outbound, before);
}

#[test]
fn an_answer_without_simulcast_leaves_the_first_layer() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = simulcast(&mut one, &LAYERS);
    other.hear(&one.offer());
    let mut answer = parse(&other.answer().sdp);
    answer.media[0]
        .attributes
        .retain(|attribute| !matches!(attribute, sdp::Attribute::Rid(_) | sdp::Attribute::Simulcast(_)));
    let first = one.get(ours).sender().encodings()[0].ssrc;
    one.hear(&described(SdpType::Answer, &answer));
    let [OutboundStream { rid, ssrc, .. }] = &one.section(ours).outbound[..] else {
        panic!("one stream")
    };
    assert_eq!((rid.as_deref(), *ssrc), (None, first));
    assert_eq!(one.get(ours).sender().encodings().len(), 1);
}

#[test]
fn an_answer_narrows_the_layers_for_good_and_pauses_some() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = simulcast(&mut one, &LAYERS);
    other.hear(&one.offer());
    let answer = other.answer().sdp;
    let answer = answer
        .replace("a=simulcast:recv q;h;f", "a=simulcast:recv ~q;f")
        .replace("a=rid:h recv\r\n", "");
    one.hear(&webrtc::SessionDescription::answer(answer));
    assert_eq!(sent(&one, ours), some(&["q", "f"]));
    let paused: Vec<_> = one
        .section(ours)
        .outbound
        .iter()
        .map(|stream| stream.paused)
        .collect();
    assert_eq!(paused, [true, false]);
    let [offer, _] = negotiate(&mut one, &mut other);
    assert!(offer.to_string().contains("a=simulcast:send q;f\r\n"));
}

#[test]
fn a_server_asks_for_layers_and_a_track_is_promoted() {
    let (mut server, mut client) = (Peer::new(1), Peer::new(2));
    let init = RtpTransceiverInit {
        direction: Direction::RecvOnly,
        receive_rids: LAYERS.map(str::to_owned).into(),
        ..RtpTransceiverInit::default()
    };
    let wanted = server.core.add_transceiver(MediaKind::Video, init).unwrap();
    let camera = client.add_track(MediaKind::Video, "camera", "s");
    let ssrc = client.get(camera).sender().encodings()[0].ssrc;
    let [offer, answer] = negotiate(&mut server, &mut client);
    assert!(offer.to_string().contains("a=simulcast:recv q;h;f\r\n"));
    assert!(answer.to_string().contains("a=simulcast:send q;h;f\r\n"));
    assert_eq!(client.get(camera).mid(), Some("0"));
    assert_eq!(sent(&client, camera), some(&LAYERS));
    assert_eq!(client.section(camera).outbound[0].ssrc, ssrc);
    assert_eq!(expected(&server, wanted), some(&LAYERS));
    let scales: Vec<_> = client
        .get(camera)
        .sender()
        .encodings()
        .iter()
        .map(|encoding| encoding.parameters.scale_resolution_down_by)
        .collect();
    assert_eq!(scales, [Some(4.0), Some(2.0), Some(1.0)]);
}

#[test]
fn a_promotion_that_is_taken_back_leaves_one_encoding() {
    let (mut server, mut client) = (Peer::new(1), Peer::new(2));
    let init = RtpTransceiverInit {
        receive_rids: LAYERS.map(str::to_owned).into(),
        ..RtpTransceiverInit::default()
    };
    server.core.add_transceiver(MediaKind::Video, init).unwrap();
    let camera = client.add_track(MediaKind::Video, "camera", "s");
    client.hear(&server.offer());
    assert_eq!(client.get(camera).sender().encodings().len(), 3);
    client.roll_back();
    let [encoding] = client.get(camera).sender().encodings() else {
        panic!("one encoding")
    };
    assert_eq!(encoding.parameters.rid, None);
}

#[test]
fn layers_need_the_extensions_that_name_them() {
    let mut engine = MediaEngine::default();
    engine.remove_header_extension("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id");
    let mut one = Peer::new(1);
    let mut other = Peer::with(2, &Configuration::default(), engine);
    let ours = simulcast(&mut one, &LAYERS);
    let [_, answer] = negotiate(&mut one, &mut other);
    assert!(!answer.to_string().contains("simulcast"));
    assert_eq!(sent(&one, ours), [None]);
}

#[test]
fn parameters_change_without_an_exchange() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = simulcast(&mut one, &LAYERS);
    negotiate(&mut one, &mut other);
    one.news();
    let generation = one.core.negotiated_media().unwrap().generation;
    let mut encodings: Vec<_> = one
        .get(ours)
        .sender()
        .encodings()
        .iter()
        .map(|encoding| encoding.parameters.clone())
        .collect();
    encodings[0].active = false;
    encodings[2].max_bitrate = Some(2_000_000);
    one.core.set_parameters(ours, &encodings).unwrap();
    let active: Vec<_> = one
        .section(ours)
        .outbound
        .iter()
        .map(|stream| stream.active)
        .collect();
    assert_eq!(active, [false, true, true]);
    assert!(one.core.negotiated_media().unwrap().generation > generation);
    assert!(one.news().is_empty());
    encodings[1].rid = Some("other".into());
    assert!(matches!(
        one.core.set_parameters(ours, &encodings),
        Err(Error::Parameters(ParametersError::Encodings))
    ));
    assert!(matches!(
        one.core.set_parameters(ours, &encodings[..1]),
        Err(Error::Parameters(ParametersError::Encodings))
    ));
}

#[test]
fn streams_by_ssrc_need_no_names() {
    let (mut one, mut other) = (Peer::new(1), Peer::new(2));
    let ours = one.add(MediaKind::Video, Direction::SendOnly);
    let [offer, _] = negotiate(&mut one, &mut other);
    let encoding = &one.get(ours).sender().encodings()[0];
    let theirs = other.ids()[0];
    assert_eq!(
        other.section(theirs).inbound,
        [InboundStream {
            rid: None,
            ssrc: Some(encoding.ssrc),
            rtx_ssrc: Some(encoding.rtx_ssrc),
            paused: false,
        }]
    );
    let group = offer.media[0].attributes.ssrc_groups().next().unwrap();
    assert_eq!(group.ssrcs, [encoding.ssrc, encoding.rtx_ssrc]);
    let cname = one.core.negotiated_media().unwrap().cname.clone();
    assert_eq!(other.section(theirs).remote_track.cname, Some(cname));
}

#[test]
fn directions_of_extensions_are_turned_round() {
    let mut engine = MediaEngine::default();
    engine
        .register_header_extension(HeaderExtensionCapability {
            uri: "urn:example:only-received".into(),
            id: 12,
            audio: false,
            video: true,
            direction: Direction::RecvOnly,
            is_offered: true,
            encryption: ExtensionEncryption::Never,
        })
        .unwrap();
    let mut both = engine.clone();
    both.register_header_extension(HeaderExtensionCapability {
        uri: "urn:example:only-received".into(),
        id: 9,
        audio: true,
        video: true,
        direction: Direction::SendRecv,
        is_offered: true,
        encryption: ExtensionEncryption::Never,
    })
    .unwrap();
    let configuration = Configuration::default();
    let mut one = Peer::with(1, &configuration, engine);
    let mut other = Peer::with(2, &configuration, both);
    let ours = one.add(MediaKind::Video, Direction::SendRecv);
    let [offer, answer] = negotiate(&mut one, &mut other);
    assert!(
        offer
            .to_string()
            .contains("a=extmap:12/recvonly urn:example:only-received\r\n")
    );
    assert!(
        answer
            .to_string()
            .contains("a=extmap:12/sendonly urn:example:only-received\r\n")
    );
    let theirs = other.ids()[0];
    assert_eq!(
        one.section(ours).receive_extension("urn:example:only-received"),
        Some(12)
    );
    assert_eq!(
        one.section(ours).send_extension("urn:example:only-received"),
        None
    );
    assert_eq!(
        other.section(theirs).send_extension("urn:example:only-received"),
        Some(12)
    );
    assert_eq!(
        other
            .section(theirs)
            .receive_extension("urn:example:only-received"),
        None
    );
}
