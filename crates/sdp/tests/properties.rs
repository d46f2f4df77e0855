//! Laws of the parser and the writer over generated and damaged descriptions.

use proptest::collection::vec;
use proptest::prelude::*;
use sdp::{
    Attribute, Bandwidth, Candidate, Connection, Direction, Extmap, Fingerprint, Fmtp, Group, IceOptions,
    Line, MediaDescription, MediaKind, Msid, Rid, RidDirection, Rtcp, RtcpFb, Rtpmap, SctpMap,
    SessionDescription, Setup, Simulcast, SimulcastId, SimulcastList, Ssrc, SsrcGroup, Text,
};

const OFFER: &str = include_str!("corpus/chromium-firefox-offer.sdp");

fn word() -> impl Strategy<Value = Text> {
    "[A-Za-z0-9+/._{}-]{1,12}".prop_map(Text::from)
}

/// A value as a line may hold it: not empty, no line end, no space at either end.
fn phrase() -> impl Strategy<Value = Text> {
    "[!-~]([ -~äπ]{0,20}[!-~])?".prop_map(Text::from)
}

fn direction() -> impl Strategy<Value = Direction> {
    (any::<bool>(), any::<bool>()).prop_map(|(send, receive)| Direction::new(send, receive))
}

fn rid_direction() -> impl Strategy<Value = RidDirection> {
    prop_oneof![Just(RidDirection::Send), Just(RidDirection::Recv)]
}

fn connection() -> impl Strategy<Value = Connection> {
    (word(), word(), word()).prop_map(|(network, family, address)| Connection {
        network,
        family,
        address,
    })
}

fn simulcast() -> impl Strategy<Value = Simulcast> {
    let id = ("[a-z0-9]{1,4}", any::<bool>()).prop_map(|(rid, paused)| SimulcastId {
        rid: rid.into(),
        paused,
    });
    let streams = || vec(vec(id.clone(), 1..3), 1..4);
    (rid_direction(), streams(), proptest::option::of(streams())).prop_map(|(direction, one, two)| {
        let other = if direction == RidDirection::Send {
            RidDirection::Recv
        } else {
            RidDirection::Send
        };
        let first = SimulcastList {
            direction,
            streams: one,
        };
        let second = two.map(|streams| SimulcastList {
            direction: other,
            streams,
        });
        Simulcast {
            lists: [first].into_iter().chain(second).collect(),
        }
    })
}

fn transport_attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        (word(), vec(word(), 0..4)).prop_map(|(semantics, mids)| Group { semantics, mids }.into()),
        word().prop_map(Attribute::Mid),
        phrase().prop_map(|options| IceOptions::new(options).into()),
        "[a-zA-Z0-9+/]{4,32}".prop_map(|ufrag| Attribute::IceUfrag(ufrag.into())),
        "[a-zA-Z0-9+/]{22,64}".prop_map(|pwd| Attribute::IcePwd(pwd.into())),
        (0_u64..10_000_000_000).prop_map(Attribute::IcePacing),
        "[1-9] 1 udp [1-9]{1,9} 192\\.0\\.2\\.1 [1-9]{1,4} typ host"
            .prop_map(|text| Candidate::new(text).into()),
        (word(), vec(any::<u8>(), 1..=64)).prop_map(|(hash, bytes)| Fingerprint::new(hash, &bytes).into()),
        prop_oneof![Just(Setup::Active), Just(Setup::Passive), Just(Setup::ActPass)]
            .prop_map(Attribute::from),
        phrase().prop_map(Attribute::TlsId),
        (any::<u16>(), proptest::option::of(connection())).prop_map(|(port, address)| Rtcp {
            port,
            address: address.map(Box::new)
        }
        .into()),
        any::<u16>().prop_map(Attribute::SctpPort),
        any::<u64>().prop_map(Attribute::MaxMessageSize),
        (any::<u16>(), word(), proptest::option::of(any::<u16>())).prop_map(
            |(port, application, streams)| SctpMap {
                port,
                application,
                streams
            }
            .into()
        ),
        Just(Attribute::BundleOnly),
        Just(Attribute::IceLite),
        Just(Attribute::EndOfCandidates),
        Just(Attribute::RtcpMuxOnly),
    ]
}

fn media_attribute() -> impl Strategy<Value = Attribute> {
    let optional = || proptest::option::of(phrase());
    prop_oneof![
        (
            any::<u8>(),
            "[A-Za-z0-9-]{1,8}",
            any::<u32>(),
            proptest::option::of(any::<u16>())
        )
            .prop_map(|(payload_type, encoding, rate, channels)| Rtpmap::new(
                payload_type,
                encoding,
                rate,
                channels
            )
            .into()),
        (any::<u8>(), phrase()).prop_map(|(payload_type, parameters)| Fmtp {
            payload_type,
            parameters
        }
        .into()),
        (proptest::option::of(any::<u8>()), phrase()).prop_map(|(payload_type, value)| RtcpFb {
            payload_type,
            value
        }
        .into()),
        (
            any::<u16>(),
            proptest::option::of(direction()),
            word(),
            optional()
        )
            .prop_map(|(id, direction, uri, attributes)| Extmap {
                id,
                direction,
                uri,
                attributes
            }
            .into()),
        (any::<u32>(), "[a-z-]{1,8}", optional()).prop_map(|(ssrc, attribute, value)| Ssrc {
            ssrc,
            attribute: attribute.into(),
            value
        }
        .into()),
        (word(), vec(any::<u32>(), 0..4))
            .prop_map(|(semantics, ssrcs)| SsrcGroup { semantics, ssrcs }.into()),
        (word(), optional()).prop_map(|(stream, track)| Msid { stream, track }.into()),
        (word(), rid_direction(), optional()).prop_map(|(id, direction, restrictions)| Rid {
            id,
            direction,
            restrictions
        }
        .into()),
        stream_attribute(),
        phrase().prop_map(Attribute::MsidSemantic),
        ("x-[a-z]{0,8}", optional()).prop_map(|(name, value)| Attribute::Unknown {
            name: name.into(),
            value
        }),
    ]
}

fn stream_attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        simulcast().prop_map(Attribute::from),
        direction().prop_map(Attribute::from)
    ]
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    vec(prop_oneof![transport_attribute(), media_attribute()], 0..12)
}

fn bandwidth() -> impl Strategy<Value = Bandwidth> {
    ("[A-Z-]{1,6}", any::<u64>()).prop_map(|(kind, value)| Bandwidth {
        kind: kind.into(),
        value,
    })
}

fn media() -> impl Strategy<Value = MediaDescription> {
    let kind = prop_oneof![
        Just(MediaKind::Audio),
        Just(MediaKind::Application),
        "[A-Z]{3}".prop_map(|name| MediaKind::Other(name.into()))
    ];
    let line = (
        kind,
        any::<u16>(),
        proptest::option::of(any::<u16>()),
        word(),
        vec(word(), 0..5),
    );
    (
        line,
        vec(connection(), 0..3),
        vec(bandwidth(), 0..2),
        attributes(),
    )
        .prop_map(
            |((kind, port, port_count, protocol, formats), connections, bandwidths, attributes)| {
                MediaDescription {
                    kind,
                    port,
                    port_count,
                    protocol,
                    formats,
                    information: Vec::new(),
                    connections,
                    bandwidths,
                    attributes: attributes.into(),
                }
            },
        )
}

fn session() -> impl Strategy<Value = SessionDescription> {
    let information = vec(
        ("[iuepxy]", phrase()).prop_map(|(letter, value)| line(&letter, value)),
        0..3,
    );
    let timing = vec(
        ("[trzk]", phrase()).prop_map(|(letter, value)| line(&letter, value)),
        0..3,
    );
    let head = (
        any::<(u64, u64)>(),
        phrase(),
        information,
        proptest::option::of(connection()),
        timing,
    );
    (head, vec(bandwidth(), 0..2), attributes(), vec(media(), 0..3)).prop_map(
        |(((id, version), name, information, connection, timing), bandwidths, attributes, media)| {
            let skeleton = SessionDescription::new(id, version);
            let attributes = attributes.into();
            SessionDescription {
                name,
                information,
                connection,
                bandwidths,
                timing,
                attributes,
                media,
                ..skeleton
            }
        },
    )
}

fn line(letter: &str, value: Text) -> Line {
    Line {
        letter: letter.chars().next().unwrap_or('x'),
        value,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_equal(description in session()) {
        let text = description.to_string();
        let read: Result<SessionDescription, _> = text.parse();
        prop_assert_eq!(read, Ok(description), "{}", text);
    }

    #[test]
    fn any_text_parses_to_what_is_written_or_names_a_line(text in "\\PC{0,200}") {
        settles(&text)?;
        settles(&format!("v=0\no=- 1 1 IN IP4 0\n{text}"))?;
    }

    #[test]
    fn any_value_of_any_line_settles(letter in "[a-z]", name in "(a=(group|fingerprint|simulcast|rid|ssrc|rtcp|extmap|msid|sctpmap|candidate|fmtp):)?", value in "[ -~]{0,40}") {
        settles(&format!("v=0\no=- 1 1 IN IP4 0\n{name}{value}\nm=audio 9 a b\n{letter}={value}\n{name}{value}"))?;
    }

    #[test]
    fn a_damaged_offer_settles(damage in vec((any::<prop::sample::Index>(), any::<char>(), 0..3u8), 1..20)) {
        let mut text: Vec<char> = OFFER.chars().collect();
        for (index, character, kind) in damage {
            let at = index.index(text.len());
            match kind {
                0 if text.len() > 1 => drop(text.remove(at)),
                1 => text.insert(at, character),
                _ => text.truncate(at.max(1)),
            }
        }
        settles(&text.into_iter().collect::<String>())?;
    }
}

/// A text that is understood is written in a form that means the same and does not change again.
fn settles(text: &str) -> Result<(), TestCaseError> {
    let lines = text.split(['\n', '\r']).count();
    match text.parse::<SessionDescription>() {
        Ok(description) => {
            let written = description.to_string();
            let again: SessionDescription = written
                .parse()
                .map_err(|e| TestCaseError::fail(format!("{e}: {written:?}")))?;
            prop_assert_eq!(again.to_string(), written);
        }
        Err(error) => prop_assert!((1..=lines).contains(&error.line), "{}", error),
    }
    Ok(())
}
