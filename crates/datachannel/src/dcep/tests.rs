use super::*;

/// OPEN of channel "chat", protocol "p", as the figure of RFC 8832 §5.1 lays it out.
const OPEN_CHAT: &[u8] = b"\x03\x81\x01\x00\x00\x00\x00\x05\x00\x04\x00\x01chatp";

/// What Chromium sends for `createDataChannel("data")`.
const OPEN_OF_CHROMIUM: &[u8] = b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x04\x00\x00data";

#[test]
fn the_six_channel_types_have_their_numbers() {
    let time = Duration::from_millis(250);
    let table = [
        (0x00, true, Reliability::Reliable, 0),
        (0x80, false, Reliability::Reliable, 0),
        (0x01, true, Reliability::Retransmits(7), 7),
        (0x81, false, Reliability::Retransmits(7), 7),
        (0x02, true, Reliability::Lifetime(time), 250),
        (0x82, false, Reliability::Lifetime(time), 250),
    ];
    for (number, ordered, reliability, parameter) in table {
        let open = OpenRef {
            ordered,
            reliability,
            priority: 0x0102,
            protocol: "ü",
            ..OpenRef::new("läbel")
        };
        let bytes = open.to_bytes();
        assert_eq!(bytes.len(), open.encoded_len());
        assert_eq!(bytes[..4], [3, number, 1, 2]);
        assert_eq!(bytes[4..8], u32::to_be_bytes(parameter));
        assert_eq!(bytes[8..12], [0, 6, 0, 2]);
        assert_eq!(MessageRef::decode(&bytes), Ok(MessageRef::Open(open)));
        assert_eq!(OpenRef::of(&open.to_config()), open);
    }
}

#[test]
fn messages_of_others_are_read() {
    let MessageRef::Open(open) = MessageRef::decode(OPEN_CHAT).unwrap() else {
        panic!("not an OPEN")
    };
    assert_eq!((open.label, open.protocol, open.ordered), ("chat", "p", false));
    assert_eq!(
        (open.priority, open.reliability),
        (256, Reliability::Retransmits(5))
    );
    assert_eq!(
        MessageRef::decode(OPEN_OF_CHROMIUM),
        Ok(MessageRef::Open(OpenRef::new("data")))
    );
    assert_eq!(MessageRef::decode(&ack()), Ok(MessageRef::Ack));
    assert_eq!(
        MessageRef::decode(b"\x02\0\0\0"),
        Ok(MessageRef::Ack),
        "as Pion sends it"
    );
}

#[test]
fn the_parameter_of_a_reliable_channel_is_ignored() {
    let mut bytes = OPEN_OF_CHROMIUM.to_vec();
    bytes[4..8].fill(0xff);
    assert_eq!(
        MessageRef::decode(&bytes),
        Ok(MessageRef::Open(OpenRef::new("data")))
    );
}

#[test]
fn malformed_messages_are_refused_with_their_place() {
    let table: &[(&[u8], usize, &str)] = &[
        (b"", 0, "message is empty"),
        (b"\x00", 0, "message type is unknown"),
        (b"\x01\x00", 0, "message type is unknown"),
        (b"\x03", 1, "header is cut off"),
        (
            b"\x03\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            1,
            "channel type is unknown",
        ),
        (
            b"\x03\x83\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            1,
            "channel type is unknown",
        ),
        (
            b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00",
            12,
            "label is cut off",
        ),
        (
            b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x01l",
            13,
            "protocol is cut off",
        ),
        (
            b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00lx",
            13,
            "bytes follow the protocol",
        ),
        (
            b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00\xff",
            12,
            "label is not UTF-8",
        ),
        (
            b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff",
            12,
            "protocol is not UTF-8",
        ),
    ];
    for (bytes, offset, reason) in table {
        let error = DecodeError {
            offset: *offset,
            reason,
        };
        assert_eq!(MessageRef::decode(bytes), Err(error), "{bytes:?}");
    }
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    for end in 0..OPEN_CHAT.len() {
        assert!(MessageRef::decode(&OPEN_CHAT[..end]).is_err(), "{end}");
    }
}

#[test]
fn long_strings_end_at_a_whole_character() {
    let label = "ä".repeat(40_000);
    let open = OpenRef::new(&label);
    let bytes = open.to_bytes();
    let MessageRef::Open(read) = MessageRef::decode(&bytes).unwrap() else {
        panic!("not an OPEN")
    };
    assert_eq!(read.label.len(), 65_534);
    let longest = "x".repeat(65_535);
    let bytes = OpenRef {
        protocol: &longest,
        ..OpenRef::new(&longest)
    }
    .to_bytes();
    assert_eq!(bytes.len(), 12 + 2 * 65_535);
    assert!(MessageRef::decode(&bytes).is_ok());
}

#[test]
fn lifetimes_beyond_the_field_are_the_longest() {
    let open = OpenRef {
        reliability: Reliability::Lifetime(Duration::from_secs(1 << 40)),
        ..OpenRef::new("")
    };
    assert_eq!(open.to_bytes()[4..8], [0xff; 4]);
}
