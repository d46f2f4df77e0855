use proptest::prelude::*;

use super::*;
use crate::attributes::*;
use crate::vectors;
use crate::{Attribute, AttributeType, IntegrityError, IntegrityKey, Login};

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

fn provider() -> crypto::Provider {
    crypto::Provider::default()
}

fn short_term() -> IntegrityKey {
    IntegrityKey::short_term(&provider(), PASSWORD)
}

fn decode(bytes: &[u8]) -> MessageRef<'_> {
    MessageRef::decode(bytes).unwrap()
}

#[test]
fn reads_the_request_of_rfc_5769() {
    let message = decode(vectors::REQUEST);
    assert_eq!(
        (message.class(), message.method()),
        (Class::Request, Method::BINDING)
    );
    assert_eq!(message.software(), Some("STUN test client"));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(message.ice_controlled(), Some(0x932f_f9b1_5126_3b36));
    assert_eq!(message.ice_controlling(), None);
    assert_eq!(message.username(), Some("evtj:h6vY"));
    assert_eq!(message.check_integrity(&short_term()), Ok(()));
    assert!(message.check_fingerprint());
    assert_eq!(message.unknown_comprehension_required().count(), 0);
}

#[test]
fn reads_the_responses_of_rfc_5769() {
    let table: [(&[u8], &str); 2] = [
        (vectors::RESPONSE_IPV4, "192.0.2.1:32853"),
        (
            vectors::RESPONSE_IPV6,
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
        ),
    ];
    for (bytes, address) in table {
        let message = decode(bytes);
        assert_eq!(message.class(), Class::SuccessResponse);
        assert_eq!(message.software(), Some("test vector"));
        assert_eq!(message.xor_mapped_address(), Some(address.parse().unwrap()));
        assert_eq!(message.check_integrity(&short_term()), Ok(()));
        assert!(message.check_fingerprint());
    }
}

const LOGIN: Login<'_> = Login {
    username: "マトリックス",
    realm: "example.org",
    password: "TheMatrIX",
};

#[test]
fn reads_the_long_term_request_of_rfc_5769() {
    let message = decode(vectors::LONG_TERM);
    assert_eq!(message.username(), Some(LOGIN.username));
    assert_eq!(message.realm(), Some("example.org"));
    assert_eq!(message.nonce(), Some(&b"f//499k954d6OL34oL9FSTvy64sA"[..]));
    let key = IntegrityKey::long_term(&provider(), PasswordAlgorithm::Md5, &LOGIN);
    assert_eq!(message.check_integrity(&key), Ok(()));
    assert!(!message.check_fingerprint(), "it has none");
}

#[test]
fn reads_the_request_of_rfc_8489() {
    let message = decode(vectors::LONG_TERM_SHA256);
    let userhash = message.attribute::<Userhash>().unwrap().unwrap();
    assert_eq!(userhash, Userhash::new(&provider(), LOGIN.username, LOGIN.realm));
    assert_eq!(
        message.nonce(),
        Some(&b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"[..])
    );
    assert_eq!(
        message.attribute::<PasswordAlgorithm>(),
        Some(Ok(PasswordAlgorithm::Sha256))
    );
    let key = IntegrityKey::long_term(&provider(), PasswordAlgorithm::Sha256, &LOGIN);
    assert_eq!(message.check_integrity_sha256(&key), Ok(()));
    assert_eq!(message.check_integrity(&key), Err(IntegrityError::Missing));
}

#[test]
fn the_printed_request_of_rfc_8489_has_the_code_of_its_bytes() {
    let printed = vectors::LONG_TERM_SHA256_AS_PRINTED;
    assert_eq!(
        MessageRef::decode(printed).unwrap_err().reason(),
        "length is not that of the datagram"
    );
    let (covered, attribute) = printed.split_at(printed.len() - 36);
    let key = IntegrityKey::long_term(&provider(), PasswordAlgorithm::Sha256, &LOGIN);
    assert_eq!(key.sign_sha256(&[covered]).as_ref(), &attribute[4..]);
}

/// Padding bytes of RFC 5769 are spaces; the writer's are zeros, so the request is built with raw spaces.
#[test]
fn writes_the_responses_of_rfc_5769() {
    for (bytes, padding) in [(vectors::RESPONSE_IPV4, 35), (vectors::RESPONSE_IPV6, 35)] {
        let message = decode(bytes);
        let mut out = Vec::new();
        let mut writer = MessageWriter::new(
            &mut out,
            Class::SuccessResponse,
            Method::BINDING,
            message.transaction_id(),
        );
        writer
            .attribute(&Software("test vector"))
            .attribute(&XorMappedAddress(message.xor_mapped_address().unwrap()));
        writer.finish();
        let mut expected = bytes[..out.len()].to_vec();
        expected[2..4].copy_from_slice(&u16::try_from(out.len() - 20).unwrap().to_be_bytes());
        expected[padding] = 0;
        assert_eq!(out, expected);
    }
}

#[test]
fn writes_the_request_of_rfc_8489() {
    let key = IntegrityKey::long_term(&provider(), PasswordAlgorithm::Sha256, &LOGIN);
    let mut out = b"what was there".to_vec();
    let id = decode(vectors::LONG_TERM_SHA256).transaction_id();
    let length = MessageWriter::new(&mut out, Class::Request, Method::BINDING, id)
        .attribute(&Userhash::new(&provider(), LOGIN.username, LOGIN.realm))
        .attribute(&Nonce(b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"))
        .attribute(&Realm("example.org"))
        .attribute(&PasswordAlgorithm::Sha256)
        .integrity_sha256(&key)
        .finish();
    assert_eq!(&out[14..], vectors::LONG_TERM_SHA256);
    assert_eq!(length, vectors::LONG_TERM_SHA256.len());
}

#[test]
fn message_types_follow_figure_3() {
    let table = [
        (Class::Request, Method::BINDING, 0x0001),
        (Class::Indication, Method::BINDING, 0x0011),
        (Class::SuccessResponse, Method::BINDING, 0x0101),
        (Class::ErrorResponse, Method::BINDING, 0x0111),
        (Class::Request, Method::ALLOCATE, 0x0003),
        (Class::Indication, Method::SEND, 0x0016),
        (Class::Indication, Method::DATA, 0x0017),
        (Class::SuccessResponse, Method::CHANNEL_BIND, 0x0109),
        (Class::ErrorResponse, Method::new(0xfff).unwrap(), 0x3fff),
    ];
    for (class, method, bits) in table {
        assert_eq!(encode_type(class, method), bits);
        assert_eq!(decode_type(bits), (class, method));
    }
    for bits in 0..0x4000 {
        let (class, method) = decode_type(bits);
        assert_eq!(encode_type(class, method), bits);
    }
    assert_eq!(Method::new(0x1000), None);
}

#[test]
fn refuses_every_truncation() {
    for bytes in [
        vectors::REQUEST,
        vectors::RESPONSE_IPV6,
        vectors::LONG_TERM,
        vectors::LONG_TERM_SHA256,
    ] {
        for length in 0..bytes.len() {
            assert!(MessageRef::decode(&bytes[..length]).is_err(), "cut to {length}");
            // Also when the header claims that the rest is all there is.
            let mut shorter = bytes[..length].to_vec();
            if let (Some(body), Some(field)) = (length.checked_sub(20), shorter.get_mut(2..4)) {
                field.copy_from_slice(&u16::try_from(body).unwrap().to_be_bytes());
                let _ = MessageRef::decode(&shorter).map(|message| message.attributes().count());
            }
        }
        let longer = [bytes, &[0; 4]].concat();
        assert!(MessageRef::decode(&longer).is_err());
    }
}

#[test]
fn says_what_is_wrong_and_where() {
    let change = |at: usize, to: u8| {
        let mut bytes = vectors::REQUEST.to_vec();
        bytes[at] = to;
        MessageRef::decode(&bytes)
            .map(|_| ())
            .map_err(|error| (error.reason(), error.offset()))
    };
    assert_eq!(change(0, 0x40), Err(("first two bits are not zero", 0)));
    assert_eq!(change(4, 0), Err(("no magic cookie", 4)));
    assert_eq!(change(3, 0x59), Err(("length is not a multiple of four", 2)));
    assert_eq!(change(3, 0x5c), Err(("length is not that of the datagram", 2)));
    assert_eq!(
        change(23, 0x80),
        Err(("attribute reaches beyond the message", 20))
    );
}

#[test]
fn padding_may_hold_anything() {
    let mut bytes = vectors::RESPONSE_IPV4.to_vec();
    bytes[35] = 0xff;
    assert_eq!(decode(&bytes).software(), Some("test vector"));
}

#[test]
fn integrity_detects_a_change_of_any_byte_it_covers() {
    let key = short_term();
    for index in 0..vectors::REQUEST.len() - 8 {
        let mut bytes = vectors::REQUEST.to_vec();
        bytes[index] ^= 0x01;
        let intact = MessageRef::decode(&bytes).is_ok_and(|message| message.check_integrity(&key).is_ok());
        assert!(!intact, "byte {index}");
        let intact = MessageRef::decode(&bytes).is_ok_and(|message| message.check_fingerprint());
        assert!(!intact, "byte {index}");
    }
    assert_eq!(
        decode(vectors::REQUEST).check_integrity(&IntegrityKey::short_term(&provider(), "other")),
        Err(IntegrityError::Mismatch)
    );
}

#[test]
fn attributes_behind_integrity_do_not_count() {
    let key = short_term();
    let mut out = Vec::new();
    MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
        .attribute(&Username("a"))
        .integrity(&key)
        .attribute(&UseCandidate)
        .integrity(&key)
        .integrity_sha256(&key)
        .attribute(&Priority(1))
        .integrity(&key)
        .fingerprint()
        .attribute(&Priority(2))
        .finish();
    let message = decode(&out);
    let types: Vec<_> = message.attributes().map(|attribute| attribute.ty).collect();
    use AttributeType as T;
    assert_eq!(
        types,
        [
            T::USERNAME,
            T::MESSAGE_INTEGRITY,
            T::MESSAGE_INTEGRITY_SHA256,
            T::FINGERPRINT
        ]
    );
    assert!(!message.use_candidate());
    assert_eq!(message.priority(), None);
    assert_eq!(message.check_integrity(&key), Ok(()), "the first one");
    assert_eq!(message.check_integrity_sha256(&key), Ok(()));
    assert!(
        message.has_fingerprint() && !message.check_fingerprint(),
        "it is not the last attribute"
    );
}

#[test]
fn sha256_codes_may_be_cut_only_as_far_as_allowed() {
    let key = short_term();
    for length in [16, 20, 24, 28, 32] {
        let mut out = Vec::new();
        MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
            .integrity_sha256_truncated(&key, length)
            .finish();
        let message = decode(&out);
        let full = if length == 32 {
            Ok(())
        } else {
            Err(IntegrityError::Length)
        };
        assert_eq!(message.check_integrity_sha256(&key), full);
        assert_eq!(
            message.check_integrity_sha256_truncated(&key, 0),
            Ok(()),
            "{length}"
        );
        let limit = if length >= 24 {
            Ok(())
        } else {
            Err(IntegrityError::Length)
        };
        assert_eq!(message.check_integrity_sha256_truncated(&key, 24), limit);
    }
    for length in [0, 4, 12, 15, 17, 18, 33, 36] {
        let mut out = Vec::new();
        MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
            .raw(AttributeType::MESSAGE_INTEGRITY_SHA256, &vec![0; length])
            .finish();
        assert_eq!(
            decode(&out).check_integrity_sha256_truncated(&key, 0),
            Err(IntegrityError::Length),
            "{length}"
        );
    }
    let mut out = Vec::new();
    MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
        .raw(AttributeType::MESSAGE_INTEGRITY, &[0; 16])
        .finish();
    assert_eq!(decode(&out).check_integrity(&key), Err(IntegrityError::Length));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut out = vec![1, 2, 3];
    let chunk = vec![0; 32_756];
    let writer = |out: &mut Vec<u8>, chunks: usize, fingerprint: bool| {
        let mut writer = MessageWriter::new(out, Class::Indication, Method::DATA, [7; 12].into());
        (0..chunks).for_each(|_| {
            writer.attribute(&Data(&chunk));
        });
        if fingerprint {
            writer.fingerprint();
        }
        writer.finish()
    };
    assert_eq!(writer(&mut out, 2, true), 65_520 + 8 + 20);
    out.truncate(3);
    assert_eq!(writer(&mut out, 3, false), 0);
    assert_eq!(out, [1, 2, 3]);
    let mut writer = MessageWriter::new(&mut out, Class::Indication, Method::DATA, [7; 12].into());
    assert_eq!(
        writer.attribute(&Data(&[0; 65_528])).fingerprint().finish(),
        0,
        "no room for the fingerprint"
    );
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn unknown_attributes_are_kept_and_sorted_by_their_first_bit() {
    let mut out = Vec::new();
    MessageWriter::new(&mut out, Class::Request, Method::BINDING, [7; 12].into())
        .raw(AttributeType(0x7fff), b"abc")
        .raw(AttributeType(0xffff), b"")
        .attribute(&Priority(1))
        .finish();
    let message = decode(&out);
    assert_eq!(
        message.unknown_comprehension_required().collect::<Vec<_>>(),
        [AttributeType(0x7fff)]
    );
    assert_eq!(message.raw(AttributeType(0x7fff)).unwrap().value, b"abc");
    let more: Vec<_> = message
        .comprehension_required_except(&[AttributeType(0x7fff)])
        .collect();
    assert_eq!(more, [AttributeType::PRIORITY]);
}

#[test]
fn tells_stun_from_its_neighbours() {
    assert!(is_stun(vectors::REQUEST));
    assert!(!is_stun(&vectors::REQUEST[..40]));
    assert!(!is_stun(&[]));
    for first in 4..=255 {
        let mut bytes = vectors::REQUEST.to_vec();
        bytes[0] = first;
        assert!(!is_stun(&bytes));
    }
}

proptest! {
    #[test]
    fn any_bytes_decode_or_not_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), claim in any::<bool>()) {
        let mut bytes = bytes;
        if claim && bytes.len() >= 20 {
            bytes.truncate(bytes.len() & !3);
            let body = u16::try_from(bytes.len() - 20).unwrap();
            bytes[0] &= 0x3f;
            bytes[2..4].copy_from_slice(&body.to_be_bytes());
            bytes[4..8].copy_from_slice(&COOKIE);
        }
        let plain = is_stun(&bytes);
        if let Ok(message) = MessageRef::decode(&bytes) {
            prop_assert_eq!(plain, bytes[0] < 4, "methods from 0x100 on are not told from other protocols");
            prop_assert!(!message.check_fingerprint());
            let _ = (message.username(), message.mapped_address(), message.error_code(), message.nonce());
            prop_assert!(message.check_integrity(&short_term()).is_err());
            prop_assert!(message.check_integrity_sha256_truncated(&short_term(), 16).is_err());
        }
    }

    #[test]
    fn what_is_written_is_read(
        method in 0u16..0x1000, id in any::<[u8; 12]>(), class in 0usize..4,
        values in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..40)), 0..12),
    ) {
        let class = [Class::Request, Class::Indication, Class::SuccessResponse, Class::ErrorResponse][class];
        let method = Method::new(method).unwrap();
        let values: Vec<_> = values.into_iter().filter(|(ty, _)| ![0x0008, 0x001c, 0x8028].contains(ty)).collect();
        let mut out = Vec::new();
        let mut writer = MessageWriter::new(&mut out, class, method, id.into());
        for (ty, value) in &values {
            writer.raw(AttributeType(*ty), value);
        }
        let length = writer.integrity(&short_term()).integrity_sha256(&short_term()).fingerprint().finish();
        prop_assert_eq!(length, out.len());
        let message = MessageRef::decode(&out).unwrap();
        prop_assert_eq!((message.class(), message.method(), message.transaction_id()), (class, method, id.into()));
        let read: Vec<_> = message.attributes().map(|raw| (raw.ty.0, raw.value.to_vec())).take(values.len()).collect();
        prop_assert_eq!(read, values);
        prop_assert!(message.check_fingerprint());
        prop_assert_eq!(message.check_integrity(&short_term()), Ok(()));
        prop_assert_eq!(message.check_integrity_sha256(&short_term()), Ok(()));
    }

    #[test]
    fn addresses_survive_the_mask(ip in any::<std::net::IpAddr>(), port in any::<u16>(), id in any::<[u8; 12]>()) {
        let address = std::net::SocketAddr::new(ip, port);
        let mut value = Vec::new();
        XorPeerAddress(address).encode(&id.into(), &mut value);
        prop_assert_eq!(XorPeerAddress::decode(&value, &id.into()), Ok(XorPeerAddress(address)));
        value.clear();
        MappedAddress(address).encode(&id.into(), &mut value);
        prop_assert_eq!(MappedAddress::decode(&value, &[0; 12].into()), Ok(MappedAddress(address)));
    }
}
