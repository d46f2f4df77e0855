use std::fmt::Debug;

use super::*;
use crate::{Attribute, AttributeType, TransactionId};

const ID: [u8; 12] = [
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
];

/// Writes as `bytes`, reads back from them, and no truncation of them panics.
fn case<'a, A: Attribute<'a> + PartialEq + Debug>(attribute: A, ty: u16, bytes: &'a [u8]) {
    let id = TransactionId::from(ID);
    assert_eq!(A::TYPE, AttributeType(ty));
    assert!(A::TYPE.name().is_some());
    let mut value = Vec::new();
    attribute.encode(&id, &mut value);
    assert_eq!(value, bytes, "{attribute:?}");
    assert!(bytes.len() <= A::MAX_LEN);
    assert_eq!(A::decode(bytes, &id).as_ref(), Ok(&attribute));
    for length in 0..bytes.len() {
        let _ = A::decode(&bytes[..length], &id);
    }
}

#[test]
fn rfc_8489() {
    let v4 = "192.0.2.1:32853".parse().unwrap();
    let v6 = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
    let plain_v4 = [0, 1, 0x80, 0x55, 192, 0, 2, 1];
    case(MappedAddress(v4), 0x0001, &plain_v4);
    case(Username("evtj:h6vY"), 0x0006, b"evtj:h6vY");
    case(
        ErrorCode {
            code: 487,
            reason: "Role Conflict",
        },
        0x0009,
        b"\0\0\x04\x57Role Conflict",
    );
    case(
        UnknownAttributes(&[0x7f, 0xff, 0x00, 0x24]),
        0x000a,
        &[0x7f, 0xff, 0x00, 0x24],
    );
    case(Realm("example.org"), 0x0014, b"example.org");
    case(Nonce(b"\xff nonce"), 0x0015, b"\xff nonce");
    case(
        XorMappedAddress(v4),
        0x0020,
        &[0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43],
    );
    let masked_v6 = [
        0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2,
        0xb9, 0xd9,
    ];
    case(XorMappedAddress(v6), 0x0020, &masked_v6);
    case(PasswordAlgorithm::Md5, 0x001d, &[0, 1, 0, 0]);
    case(PasswordAlgorithm::Sha256, 0x001d, &[0, 2, 0, 0]);
    case(Userhash([9; 32]), 0x001e, &[9; 32]);
    case(PasswordAlgorithms::ALL, 0x8002, &[0, 2, 0, 0, 0, 1, 0, 0]);
    case(AlternateDomain("example.org"), 0x8003, b"example.org");
    case(Software("test"), 0x8022, b"test");
    case(AlternateServer(v4), 0x8023, &plain_v4);
}

#[test]
fn rfc_8445() {
    case(Priority(0x6e00_01ff), 0x0024, &[0x6e, 0, 1, 0xff]);
    case(UseCandidate, 0x0025, &[]);
    case(IceControlled(1), 0x8029, &[0, 0, 0, 0, 0, 0, 0, 1]);
    case(IceControlling(u64::MAX), 0x802a, &[0xff; 8]);
}

#[test]
fn rfc_8656() {
    let v4 = "192.0.2.1:32853".parse().unwrap();
    let masked_v4 = [0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
    case(ChannelNumber(0x4000), 0x000c, &[0x40, 0, 0, 0]);
    case(Lifetime(600), 0x000d, &[0, 0, 2, 0x58]);
    case(XorPeerAddress(v4), 0x0012, &masked_v4);
    case(Data(b"data"), 0x0013, b"data");
    case(XorRelayedAddress(v4), 0x0016, &masked_v4);
    case(RequestedAddressFamily(AddressFamily::Ipv6), 0x0017, &[2, 0, 0, 0]);
    case(EvenPort(true), 0x0018, &[0x80]);
    case(EvenPort(false), 0x0018, &[0]);
    case(RequestedTransport(17), 0x0019, &[17, 0, 0, 0]);
    case(DontFragment, 0x001a, &[]);
    case(
        ReservationToken([1, 2, 3, 4, 5, 6, 7, 8]),
        0x0022,
        &[1, 2, 3, 4, 5, 6, 7, 8],
    );
    case(
        AdditionalAddressFamily(AddressFamily::Ipv6),
        0x8000,
        &[2, 0, 0, 0],
    );
    let error = AddressErrorCode {
        family: AddressFamily::Ipv6,
        error: ErrorCode {
            code: 508,
            reason: "no",
        },
    };
    case(error, 0x8001, &[2, 0, 5, 8, b'n', b'o']);
    case(
        Icmp {
            icmp_type: 3,
            icmp_code: 4,
            error_data: 1500,
        },
        0x8004,
        &[0, 0, 6, 4, 0, 0, 5, 0xdc],
    );
    case(
        Icmp {
            icmp_type: 0x7f,
            icmp_code: 0x1ff,
            error_data: 0,
        },
        0x8004,
        &[0, 0, 0xff, 0xff, 0, 0, 0, 0],
    );
}

#[test]
fn other_rfcs() {
    let v6 = "[::1]:3478".parse().unwrap();
    let plain_v6 = [0, 2, 0x0d, 0x96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    case(
        ChangeRequest {
            change_ip: true,
            change_port: false,
        },
        0x0003,
        &[0, 0, 0, 4],
    );
    case(
        ChangeRequest {
            change_ip: false,
            change_port: true,
        },
        0x0003,
        &[0, 0, 0, 2],
    );
    case(Padding(&[0; 8]), 0x0026, &[0; 8]);
    case(ResponsePort(3479), 0x0027, &[0x0d, 0x97, 0, 0]);
    case(ResponseOrigin(v6), 0x802b, &plain_v6);
    case(OtherAddress(v6), 0x802c, &plain_v6);
    case(AccessToken(&[1]), 0x001b, &[1]);
    case(ConnectionId(7), 0x002a, &[0, 0, 0, 7]);
    case(
        TransactionTransmitCounter {
            request: 2,
            response: 1,
        },
        0x8025,
        &[0, 0, 2, 1],
    );
    case(ThirdPartyAuthorization("example.org"), 0x802e, b"example.org");
    case(MobilityTicket(&[]), 0x8030, &[]);
}

#[test]
fn refuses_values_out_of_form() {
    let id = TransactionId::from(ID);
    assert!(XorMappedAddress::decode(&[0, 1, 0, 0, 1, 2, 3], &id).is_err());
    assert!(XorMappedAddress::decode(&[0, 1, 0, 0, 1, 2, 3, 4, 5], &id).is_err());
    assert!(XorMappedAddress::decode(&[0, 2, 0, 0, 1, 2, 3, 4], &id).is_err());
    assert_eq!(
        XorMappedAddress::decode(&[0, 3, 0, 0, 1, 2, 3, 4], &id)
            .unwrap_err()
            .offset(),
        1
    );
    assert!(
        XorMappedAddress::decode(&[0xff, 1, 0, 0, 1, 2, 3, 4], &id).is_ok(),
        "the first byte is ignored"
    );
    assert!(Username::decode(b"a\xff", &id).is_err());
    assert!(ErrorCode::decode(&[0, 0, 2, 0], &id).is_err());
    assert!(ErrorCode::decode(&[0, 0, 7, 0], &id).is_err());
    assert!(ErrorCode::decode(&[0, 0, 4, 100], &id).is_err());
    assert_eq!(
        ErrorCode::decode(b"\xff\xff\xfc\x01ab\xffcd", &id),
        Ok(ErrorCode {
            code: 401,
            reason: "ab"
        })
    );
    assert!(UnknownAttributes::decode(&[1, 2, 3], &id).is_err());
    assert!(PasswordAlgorithm::decode(&[0, 3, 0, 0], &id).is_err());
    assert!(PasswordAlgorithm::decode(&[0, 2, 0, 4], &id).is_err());
    assert!(RequestedAddressFamily::decode(&[0, 0, 0, 0], &id).is_err());
}

#[test]
fn picks_the_first_known_password_algorithm() {
    let numbers = |bytes| PasswordAlgorithms(bytes).numbers().collect::<Vec<_>>();
    let list = [0, 9, 0, 3, 1, 2, 3, 0, 0, 2, 0, 0, 0, 1, 0, 0];
    assert_eq!(numbers(&list), [9, 2, 1]);
    assert_eq!(
        PasswordAlgorithms(&list).first_known(),
        Some(PasswordAlgorithm::Sha256)
    );
    assert_eq!(numbers(&[0, 9, 0xff, 0xff, 0, 1]), [9]);
    assert_eq!(PasswordAlgorithms(&[0, 9, 0, 0]).first_known(), None);
    assert_eq!(numbers(&[0, 9, 0]), [0_u16; 0]);
}
