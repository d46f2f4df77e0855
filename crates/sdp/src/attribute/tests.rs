use super::*;

/// Lines that are read into a variant of their own and written back as they were.
const TYPED: &[&str] = &[
    "a=group:BUNDLE 0 1 audio",
    "a=group:BUNDLE",
    "a=mid:0",
    "a=bundle-only",
    "a=ice-lite",
    "a=ice-options:trickle ice2",
    "a=ice-options:ice2,trickle",
    "a=ice-ufrag:8hhY",
    "a=ice-pwd:asd88fgpdd777uzjYhagZg",
    "a=ice-pacing:50",
    "a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host",
    "a=remote-candidates:1 192.0.2.3 45664",
    "a=end-of-candidates",
    "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
    "a=fingerprint:SHA-256 c0:ff",
    "a=setup:actpass",
    "a=setup:holdconn",
    "a=tls-id:abc3de65cddef001be82",
    "a=identity:eyJpZHAiOnsiZG9tYWlu a=b",
    "a=sendrecv",
    "a=inactive",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=rtcp:53020",
    "a=rtcp-mux",
    "a=rtcp-mux-only",
    "a=rtcp-rsize",
    "a=rtcp-xr:rcvr-rtt=all",
    "a=rtcp-fb:* nack",
    "a=rtcp-fb:96 nack pli",
    "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:9 G722/8000/1",
    "a=rtpmap:96 VP8/90000",
    "a=fmtp:97 apt=96",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=maxptime:120",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:2/sendonly urn:example:x short attributes here",
    "a=extmap-allow-mixed",
    "a=msid:- track",
    "a=msid:stream",
    "a=msid-semantic: WMS *",
    "a=rid:1 send pt=97;max-width=1280",
    "a=rid:2 recv",
    "a=simulcast:send 1,4;2;~3 recv 5",
    "a=simulcast:recv h;m;l",
    "a=ssrc:314159 cname:user@example.com",
    "a=ssrc:314159 previous-ssrc",
    "a=ssrc-group:FID 1 2",
    "a=ssrc-group:SIM",
    "a=sctp-port:5000",
    "a=sctpmap:5000 webrtc-datachannel 1024",
    "a=sctpmap:5000 webrtc-datachannel",
    "a=max-message-size:262144",
    "a=sctp-init:AQAAHvkp/tgAUAAA/////2IxqarAAAAEgAgABoLA",
];

#[test]
fn known_attributes_are_typed_and_written_exactly() {
    for line in TYPED {
        let attribute: Attribute = line.parse().unwrap();
        assert!(!matches!(attribute, Attribute::Unknown { .. }), "{line}");
        assert_eq!(&attribute.to_string(), line);
        assert_eq!(line[2..].parse(), Ok(attribute));
    }
}

#[test]
fn harmless_or_unknown_values_are_kept_as_they_are() {
    for line in [
        "a=x-future:some thing:else ",
        "a=x-flag",
        "a=",
        "a=:",
        "a=framerate:15",
        "a=rtpmap:96",
        "a=rtpmap:300 VP8/90000",
        "a=rtpmap:96 VP8/ninety",
        "a=rtpmap:96 a/1/2/3",
        "a=fmtp:96",
        "a=rtcp-fb:nack",
        "a=extmap:x urn:y",
        "a=extmap:1/upward urn:y",
        "a=extmap:1",
        "a=ssrc:-1 cname:x",
        "a=ssrc:4294967296 cname:x",
        "a=ssrc-group:FID one",
        "a=rid:1 sideways",
        "a=rid:",
        "a=simulcast:send",
        "a=simulcast:send 1 send 2",
        "a=simulcast:send 1;;2",
        "a=ptime:2.5",
        "a=rtcp:port",
        "a=msid:",
        "a=rtcp-mux:yes",
        "a=sendrecv:",
        "a=sctpmap:webrtc",
    ] {
        let attribute: Attribute = line.parse().unwrap();
        assert!(
            matches!(attribute, Attribute::Unknown { .. }),
            "{line}: {attribute:?}"
        );
        assert_eq!(attribute.to_string(), line);
    }
}

#[test]
fn values_that_decide_whom_to_trust_are_refused() {
    for line in [
        "a=mid:",
        "a=mid:a b",
        "a=ice-ufrag:abc",
        "a=ice-ufrag:abc def",
        "a=ice-pwd:short",
        "a=fingerprint:sha-256",
        "a=fingerprint:sha-256 ",
        "a=fingerprint:sha-256 C0:F",
        "a=fingerprint:sha-256 C0:FF:",
        "a=fingerprint:sha-256 C0FF",
        "a=fingerprint:sha-256 C0:GG",
        "a=setup:",
        "a=setup:client",
        "a=sctp-port:65536",
        "a=sctp-port:",
        "a=max-message-size:-1",
        "a=max-message-size:64k",
        "a=group:",
    ] {
        assert!(line.parse::<Attribute>().is_err(), "{line}");
    }
    assert!(
        format!("ice-ufrag:{}", "x".repeat(256))
            .parse::<Attribute>()
            .is_ok()
    );
    assert!(
        format!("ice-ufrag:{}", "x".repeat(257))
            .parse::<Attribute>()
            .is_err()
    );
    let hash = vec!["AB"; 64].join(":");
    assert!(format!("fingerprint:sha-512 {hash}").parse::<Attribute>().is_ok());
    assert!(
        format!("fingerprint:sha-512 {hash}:AB")
            .parse::<Attribute>()
            .is_err()
    );
}

#[test]
fn a_pace_has_ten_digits_at_most() {
    let read = |text: &str| text.parse::<Attribute>().unwrap();
    assert_eq!(read("ice-pacing:9999999999"), Attribute::IcePacing(9_999_999_999));
    for odd in ["ice-pacing:10000000000", "ice-pacing:fast", "ice-pacing:-5"] {
        assert!(matches!(read(odd), Attribute::Unknown { .. }), "{odd}");
    }
}

#[test]
fn odd_spacing_is_understood_and_written_plainly() {
    for (odd, plain) in [
        ("a=group:BUNDLE  0   1 ", "a=group:BUNDLE 0 1"),
        ("a=setup: ACTIVE", "a=setup:active"),
        ("a=rtcp-mux ", "a=rtcp-mux"),
        ("a=rtpmap: 96  VP8/90000", "a=rtpmap:96 VP8/90000"),
        ("a=fingerprint: sha-256  AB:CD", "a=fingerprint:sha-256 AB:CD"),
        ("a=sctp-port: 05000", "a=sctp-port:5000"),
    ] {
        assert_eq!(odd.parse::<Attribute>().unwrap().to_string(), plain);
    }
}

#[test]
fn fingerprint_bytes_and_text_agree() {
    let bytes: Vec<u8> = (0..=31).map(|n| n * 8).collect();
    let fingerprint = Fingerprint::new("sha-256", &bytes);
    assert_eq!(fingerprint.bytes(), bytes);
    assert_eq!(fingerprint.value.len(), 95);
    let lower: Attribute = Attribute::Fingerprint(fingerprint.clone())
        .to_string()
        .to_lowercase()
        .parse()
        .unwrap();
    assert!(matches!(lower, Attribute::Fingerprint(lower) if lower.bytes() == bytes));
}

#[test]
fn candidate_fields_are_visible() {
    let text = "842163049 1 tcp 1677729535 host.local 9 typ srflx raddr 10.0.0.1 rport 5000 tcptype active \
                generation 0 ufrag N57P network-cost 50";
    for written in [
        text.to_owned(),
        format!("candidate:{text}"),
        format!("a=candidate:{text}"),
    ] {
        let candidate = Candidate::new(written);
        assert_eq!(candidate.as_str(), text);
        assert_eq!(candidate.foundation(), Some("842163049"));
        assert_eq!(candidate.component(), Some(1));
        assert_eq!(candidate.transport(), Some("tcp"));
        assert_eq!(candidate.priority(), Some(1_677_729_535));
        assert_eq!(candidate.address(), Some("host.local"));
        assert_eq!(candidate.port(), Some(9));
        assert_eq!(candidate.kind(), Some("srflx"));
        assert_eq!(candidate.extension("ufrag"), Some("N57P"));
        assert_eq!(candidate.extension("srflx"), None);
        assert_eq!(candidate.to_string(), format!("candidate:{text}"));
    }
    let empty = Candidate::new("");
    assert_eq!(
        (empty.kind(), empty.port(), empty.component()),
        (None, None, None)
    );
}

#[test]
fn directions_reverse_and_intersect() {
    assert_eq!(Direction::SendOnly.reversed(), Direction::RecvOnly);
    assert_eq!(Direction::SendRecv.and(Direction::RecvOnly), Direction::RecvOnly);
    assert_eq!(Direction::SendOnly.and(Direction::RecvOnly), Direction::Inactive);
    assert_eq!(Direction::Inactive.reversed(), Direction::Inactive);
}

#[test]
fn simulcast_streams_have_alternatives_and_pauses() {
    let Attribute::Simulcast(simulcast) = "simulcast:recv 5 send 1,~4;2".parse().unwrap() else {
        panic!()
    };
    let send = simulcast.streams(RidDirection::Send);
    assert_eq!(send.len(), 2);
    assert_eq!((send[0][1].rid.as_str(), send[0][1].paused), ("4", true));
    assert_eq!(simulcast.streams(RidDirection::Recv).len(), 1);
    assert_eq!(simulcast.to_string(), "recv 5 send 1,~4;2");
}

#[test]
fn an_attribute_stays_small() {
    assert!(size_of::<Attribute>() <= 64, "{}", size_of::<Attribute>());
}
