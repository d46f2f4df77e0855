use super::*;
use crate::{Direction, Setup};

const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

fn error(text: &str) -> (usize, &'static str) {
    let ParseError { line, reason } = text.parse::<SessionDescription>().unwrap_err();
    (line, reason)
}

#[test]
fn malformed_descriptions_name_their_line() {
    let table = [
        ("", 1, "description is empty"),
        ("\r\n\r\n", 3, "description is empty"),
        ("hello", 1, "first line is not v=0"),
        ("v=1\r\n", 1, "first line is not v=0"),
        ("o=- 1 1 IN IP4 0.0.0.0\r\nv=0\r\n", 1, "first line is not v=0"),
        ("v=0\r\ns=-\r\n", 3, "o= line is missing"),
        ("v=0\r\no=-\r\n", 2, "o= line is malformed"),
        ("v=0\r\no=- one 1 IN IP4 0.0.0.0\r\n", 2, "o= line is malformed"),
        ("v=0\r\no=- 1 1 IN IP4\r\n", 2, "o= line is malformed"),
        (
            "v=0\r\no=- 18446744073709551616 1 IN IP4 0.0.0.0\r\n",
            2,
            "o= line is malformed",
        ),
    ];
    for (text, line, reason) in table {
        assert_eq!(error(text), (line, reason), "{text:?}");
    }
    let behind_the_head = [
        ("a", "line is not a letter, an equals sign and a value"),
        ("attribute=1", "line is not a letter, an equals sign and a value"),
        ("v=0", "v= line stands twice"),
        ("c=IN IP4", "c= line is malformed"),
        ("m=audio", "m= line is malformed"),
        ("m=audio 9", "m= line is malformed"),
        ("m=audio 65536 RTP/AVP 0", "m= line is malformed"),
        ("m=audio -1 RTP/AVP 0", "m= line is malformed"),
        ("m=audio +1 RTP/AVP 0", "m= line is malformed"),
        ("m=audio 9/two RTP/AVP 0", "m= line is malformed"),
        (
            "a=setup:both",
            "setup is not active, passive, actpass or holdconn",
        ),
        ("a=sctp-port:99999", "sctp-port is not a port"),
    ];
    for (line, reason) in behind_the_head {
        assert_eq!(error(&format!("{HEAD}{line}\r\n")), (5, reason), "{line:?}");
    }
    let late = format!("{HEAD}m=audio 9 RTP/AVP 0\r\no=- 1 1 IN IP4 0.0.0.0\r\n");
    assert_eq!(error(&late), (6, "session line stands behind an m= line"));
}

#[test]
fn limits_bound_size_lines_and_media() {
    let text = format!("{HEAD}m=audio 9 RTP/AVP 0\r\nm=audio 9 RTP/AVP 0\r\n");
    let parse = |limits: Limits| SessionDescription::parse(&text, &limits).map_err(|error| error.reason);
    assert!(parse(Limits::default()).is_ok());
    let (size, lines) = (text.len(), 7);
    assert!(
        parse(Limits {
            size,
            lines,
            media: 2
        })
        .is_ok()
    );
    assert_eq!(
        parse(Limits {
            size: size - 1,
            lines,
            media: 2
        }),
        Err("description exceeds the size limit")
    );
    assert_eq!(
        parse(Limits {
            size,
            lines: 5,
            media: 2
        }),
        Err("description exceeds the line limit")
    );
    assert_eq!(
        parse(Limits {
            size,
            lines,
            media: 1
        }),
        Err("description exceeds the limit of media descriptions")
    );
}

#[test]
fn every_line_end_is_understood() {
    let text = format!("{HEAD}a=sendonly\r\nm=audio 9 RTP/AVP 0\r\na=mid:x\r\n");
    let description: SessionDescription = text.parse().unwrap();
    for other in [
        text.replace("\r\n", "\n"),
        text.replace("\r\n", "\r"),
        text.replace("\r\n", "\r\n\r\n"),
        text.replace("\r\n", "\n   "),
        text.trim_end().to_owned(),
    ] {
        assert_eq!(other.parse().as_ref(), Ok(&description), "{other:?}");
    }
}

#[test]
fn optional_lines_may_be_missing_and_order_is_free() {
    let least: SessionDescription = "v=0\no=- 1 2 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP"
        .parse()
        .unwrap();
    assert_eq!(
        (
            least.name.as_str(),
            least.timing.len(),
            least.media[0].formats.len()
        ),
        ("", 0, 0)
    );
    let text = "v=0\r\nt=0 0\r\na=sendonly\r\nb=AS:64\r\ns=-\r\no=- 1 2 IN IP4 127.0.0.1\r\n\
                m=audio 9 RTP/AVP 0\r\na=mid:x\r\nc=IN IP4 0.0.0.0\r\n";
    let odd: SessionDescription = text.parse().unwrap();
    assert_eq!(
        odd.to_string(),
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nb=AS:64\r\nt=0 0\r\na=sendonly\r\n\
         m=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=mid:x\r\n"
    );
}

#[test]
fn unknown_lines_and_attributes_stay_in_place() {
    let text = "v=0\r\no=alice 1 2 IN IP6 ::1\r\ns= \r\ni=About\r\nu=http://example.org/\r\ne=a@example.org\r\n\
                p=+1 617 555-6011\r\nc=IN IP4 233.252.0.1/127\r\nb=X-YZ:128\r\nt=0 0\r\nr=7d 1h 0 25h\r\n\
                z=2882844526 -1h\r\nk=prompt\r\na=x-one\r\ny=between\r\na=x-two: spaced \r\n\
                m=video 49170/2 RTP/AVP 31 32\r\ni=Title\r\nc=IN IP4 233.252.0.1\r\nc=IN IP4 233.252.0.2\r\n\
                b=TIAS:96000\r\na=x-three:a:b\r\nq=?\r\na=sendrecv\r\n";
    let description: SessionDescription = text.parse().unwrap();
    assert_eq!(description.to_string(), text);
    assert_eq!(description.attributes.unknown("x-one"), Some(""));
    assert_eq!(description.attributes.unknown("x-two"), Some(" spaced "));
    assert_eq!(description.attributes.unknown("x-four"), None);
    let media = &description.media[0];
    assert_eq!(
        (media.port, media.port_count, media.connections.len()),
        (49_170, Some(2), 2)
    );
    assert_eq!(media.attributes.unknown("x-three"), Some("a:b"));
    assert_eq!(
        media.attributes.last(),
        Some(&Attribute::Direction(Direction::SendRecv))
    );
}

#[test]
fn data_channel_sections_of_the_drafts_are_read() {
    let text = format!("{HEAD}m=application 9 DTLS/SCTP 5000\r\na=sctpmap:5000 webrtc-datachannel 1024\r\n");
    let description: SessionDescription = text.parse().unwrap();
    let media = &description.media[0];
    assert!(media.is_data_channel());
    assert_eq!(
        (media.sctp_port(), media.attributes.max_message_size()),
        (Some(5000), 65_536)
    );
    let text = format!("{HEAD}m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=max-message-size:0\r\n");
    let media = &text.parse::<SessionDescription>().unwrap().media[0];
    assert!(media.is_data_channel() && media.is_rejected());
    assert_eq!(
        (media.sctp_port(), media.attributes.max_message_size()),
        (None, u64::MAX)
    );
}

#[test]
fn sections_inherit_from_the_session() {
    let pwd = "0123456789abcdef012345";
    let text = format!(
        "{HEAD}a=ice-ufrag:sess\r\na=ice-pwd:{pwd}\r\na=setup:active\r\na=fingerprint:sha-256 01:02\r\na=inactive\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
         m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=bundle-only\r\na=ice-ufrag:own1\r\na=ice-pwd:{pwd}\r\n\
         a=setup:passive\r\na=fingerprint:sha-256 03:04\r\na=recvonly\r\n"
    );
    let description: SessionDescription = text.parse().unwrap();
    let [first, second] = [0, 1].map(|index| description.section(index).unwrap());
    assert_eq!(first.ice_credentials(), Some(("sess", pwd)));
    assert_eq!(second.ice_credentials(), Some(("own1", pwd)));
    assert_eq!(
        (first.setup(), second.setup()),
        (Some(Setup::Active), Some(Setup::Passive))
    );
    assert_eq!(
        (first.direction(), second.direction()),
        (Direction::Inactive, Direction::RecvOnly)
    );
    let bytes = |section: crate::Section<'_>| section.fingerprints().map(|f| f.bytes()).collect::<Vec<_>>();
    assert_eq!(
        (bytes(first), bytes(second)),
        (vec![vec![1, 2]], vec![vec![3, 4]])
    );
    assert!(!second.media.is_rejected());
    assert!(description.section(2).is_none());
}
