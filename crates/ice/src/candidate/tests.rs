use super::*;

/// Lines as agents write them.
const LINES: &[&str] = &[
    "candidate:1 1 udp 2130706431 10.0.1.1 8998 typ host",
    "candidate:2 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.1.1 rport 8998",
    "candidate:2750440187 1 udp 2122260223 192.168.1.4 51032 typ host generation 0 ufrag Mq8d network-id 1 network-cost 10",
    "candidate:4252526253 1 tcp 1518280447 192.168.1.4 9 typ host tcptype active generation 0 ufrag Mq8d network-id 1",
    "candidate:0 1 udp 2122252543 3f1b8a52-7a4a-4b24-8dfd-b2a8a9a2e4b9.local 45128 typ host",
    "candidate:3 1 udp 1677729535 203.0.113.9 45128 typ srflx raddr 0.0.0.0 rport 0",
    "candidate:abc+/ 2 udp 41885439 2001:db8::9 45128 typ relay raddr 2001:db8::1 rport 9 x-vendor 7",
];

#[test]
fn writes_what_it_read() {
    for line in LINES {
        let candidate: Candidate = line.parse().unwrap();
        assert_eq!(candidate.to_string(), *line);
        assert_eq!(format!("a={line}\r\n").parse::<Candidate>().unwrap(), candidate);
        assert_eq!(
            line.strip_prefix("candidate:")
                .unwrap()
                .parse::<Candidate>()
                .unwrap(),
            candidate
        );
    }
}

#[test]
fn reads_every_field() {
    let candidate: Candidate = LINES[2].parse().unwrap();
    assert_eq!(candidate.foundation.as_str(), "2750440187");
    assert_eq!((candidate.component, candidate.priority), (1, 2_122_260_223));
    assert_eq!(candidate.address.ip(), Some("192.168.1.4:51032".parse().unwrap()));
    assert_eq!(candidate.ufrag(), Some("Mq8d"));
    assert_eq!(candidate.extension("network-cost"), Some("10"));
    let tcp: Candidate = LINES[3].parse().unwrap();
    assert_eq!(
        (tcp.protocol, tcp.tcp_type),
        (Protocol::Tcp, Some(TcpType::Active))
    );
    let name: Candidate = LINES[4].parse().unwrap();
    assert_eq!((name.address.ip(), name.address.port()), (None, 45128));
    assert_eq!(
        name.resolved([10, 0, 0, 1].into()).address.ip(),
        Some("10.0.0.1:45128".parse().unwrap())
    );
}

#[test]
fn names_what_is_wrong() {
    use ParseCandidateError::{Invalid, Missing, TooLong, UnknownKind, UnknownTransport};
    let table = [
        ("", Missing("foundation")),
        ("candidate:", Missing("foundation")),
        ("candidate:1", Missing("component")),
        ("candidate:1 0 udp 1 10.0.0.1 1 typ host", Invalid("component")),
        ("candidate:1 257 udp 1 10.0.0.1 1 typ host", Invalid("component")),
        ("candidate:1 1 sctp 1 10.0.0.1 1 typ host", UnknownTransport),
        (
            "candidate:1 1 udp 4294967296 10.0.0.1 1 typ host",
            Invalid("priority"),
        ),
        ("candidate:1 1 udp -1 10.0.0.1 1 typ host", Invalid("priority")),
        ("candidate:1 1 udp 1 10.0.0.256 1 typ host", Invalid("address")),
        ("candidate:1 1 udp 1 a:b 1 typ host", Invalid("address")),
        ("candidate:1 1 udp 1 10.0.0.1 65536 typ host", Invalid("port")),
        ("candidate:1 1 udp 1 10.0.0.1 1 host", Missing("type")),
        ("candidate:1 1 udp 1 10.0.0.1 1 typ", Missing("type")),
        ("candidate:1 1 udp 1 10.0.0.1 1 typ wormhole", UnknownKind),
        (
            "candidate:1 1 udp 1 10.0.0.1 1 typ host odd",
            Missing("extension value"),
        ),
        (
            "candidate:1 1 tcp 1 10.0.0.1 1 typ host tcptype loud",
            Invalid("tcptype"),
        ),
        ("candidate:ü 1 udp 1 10.0.0.1 1 typ host", Invalid("foundation")),
        (
            "candidate:123456789012345678901234567890123 1 udp 1 10.0.0.1 1 typ host",
            Invalid("foundation"),
        ),
    ];
    for (line, error) in table {
        assert_eq!(line.parse::<Candidate>(), Err(error), "{line}");
    }
    assert_eq!(" ".repeat(1025).parse::<Candidate>(), Err(TooLong));
}

#[test]
fn cuts_of_a_line_never_panic() {
    for line in LINES {
        for end in 0..line.len() {
            let _ = line[..end].parse::<Candidate>();
        }
    }
}

#[test]
fn keeps_a_bounded_number_of_extensions() {
    let mut line = LINES[0].to_owned();
    for n in 0..40 {
        line += &format!(" k{n} v");
    }
    assert_eq!(line.parse::<Candidate>().unwrap().extensions.len(), 16);
}

#[test]
fn numbers_become_foundations() {
    for number in [0, 1, 9, 10, 4_294_967_295] {
        assert_eq!(Foundation::from_number(number).as_str(), number.to_string());
    }
    assert_eq!(Foundation::new(""), None);
}
