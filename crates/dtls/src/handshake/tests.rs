//! Round trips and truncation at every length for each message.

use super::*;
use crate::codec::DecodeError;
use rustls_pki_types::CertificateDer;

/// Every shorter prefix and every longer string must be refused, except where `optional_tail` says that a body may
/// end (hellos without extensions).
fn refuses_other_lengths<T>(
    body: &[u8],
    optional_tail: Option<usize>,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) {
    for length in 0..body.len() {
        assert_eq!(
            decode(&body[..length]).is_ok(),
            optional_tail == Some(length),
            "{length} of {} bytes",
            body.len()
        );
    }
    assert!(decode(&[body, &[0]].concat()).is_err(), "a byte too many");
}

fn client_hello() -> ClientHello {
    ClientHello {
        version: 0xfefd,
        random: [7; 32],
        session_id: vec![1; 32],
        cookie: vec![2; 20],
        cipher_suites: vec![0xc02b, 0xcca9],
        compression_methods: vec![0],
        extensions: ClientExtensions {
            server_name: Some("example.com".to_owned()),
            supported_groups: Some(vec![29, 23]),
            point_formats: Some(vec![0]),
            signature_algorithms: Some(vec![0x0403, 0x0804]),
            use_srtp: Some(UseSrtp {
                profiles: vec![7, 1],
                mki: vec![],
            }),
            protocols: vec![b"webrtc".to_vec(), b"c-webrtc".to_vec()],
            extended_master_secret: true,
            supported_versions: Some(vec![0xfefc, 0xfefd]),
            renegotiation_info: Some(vec![]),
        },
    }
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    out
}

#[test]
fn client_hello_round_trips() {
    let hello = client_hello();
    let body = encoded(|out| hello.encode(out));
    assert_eq!(ClientHello::decode(&body).as_ref(), Ok(&hello));
    let prefix = ClientHelloPrefix::decode(&body).unwrap();
    assert_eq!((prefix.cookie, prefix.random), (&[2; 20][..], [7; 32]));
    let before_extensions = 2 + 32 + 33 + 21 + 2 + 4 + 2;
    refuses_other_lengths(&body, Some(before_extensions), ClientHello::decode);
    for length in 0..before_extensions {
        assert!(
            ClientHelloPrefix::decode(&body[..length]).is_err(),
            "{length} bytes"
        );
    }
    assert!(ClientHelloPrefix::decode(&body[..before_extensions]).is_ok());
}

#[test]
fn client_hello_skips_unknown_extensions_and_refuses_double_ones() {
    let hello = client_hello();
    let body = encoded(|out| hello.encode(out));
    let with_tail = |tail: &[u8]| {
        let mut body = body.clone();
        let at = 2 + 32 + 33 + 21 + 2 + 4 + 2;
        let length = u16::from_be_bytes([body[at], body[at + 1]]) + u16::try_from(tail.len()).unwrap();
        body[at..at + 2].copy_from_slice(&length.to_be_bytes());
        body.extend_from_slice(tail);
        body
    };
    assert_eq!(
        ClientHello::decode(&with_tail(&[0x3a, 0x3a, 0, 1, 0])),
        Ok(hello),
        "GREASE"
    );
    for double in [&[0, 23, 0, 0][..], &[0x3a, 0x3a, 0, 0, 0x3a, 0x3a, 0, 0]] {
        assert_eq!(
            ClientHello::decode(&with_tail(double)).map_err(|error| error.reason),
            Err("extension sent twice")
        );
    }
}

#[test]
fn client_hello_refuses_impossible_lists() {
    let with = |change: &dyn Fn(&mut ClientHello)| {
        let mut hello = client_hello();
        change(&mut hello);
        ClientHello::decode(&encoded(|out| hello.encode(out))).is_ok()
    };
    assert!(with(&|_| {}));
    assert!(!with(&|hello| hello.session_id = vec![0; 33]));
    assert!(!with(&|hello| hello.cipher_suites.clear()));
    assert!(!with(&|hello| hello.compression_methods.clear()));
    assert!(!with(&|hello| hello.extensions.protocols.push(vec![])));
}

#[test]
fn server_hello_round_trips() {
    let mut hello = ServerHello {
        version: 0xfefd,
        random: [9; 32],
        session_id: vec![],
        cipher_suite: 0xc02b,
        compression_method: 0,
        extensions: ServerExtensions {
            types: vec![0xff01, 23, 11, 14, 16],
            point_formats: Some(vec![0]),
            use_srtp: Some(UseSrtp {
                profiles: vec![1],
                mki: vec![],
            }),
            protocol: Some(b"webrtc".to_vec()),
            extended_master_secret: true,
            renegotiation_info: Some(vec![]),
        },
    };
    let body = encoded(|out| hello.encode(out));
    assert_eq!(ServerHello::decode(&body).as_ref(), Ok(&hello));
    refuses_other_lengths(&body, Some(2 + 32 + 1 + 2 + 1), ServerHello::decode);
    assert_eq!(hello.extensions.unsolicited(&client_hello().extensions), None);
    assert_eq!(
        hello.extensions.unsolicited(&ClientExtensions::default()),
        Some(0xff01)
    );
    hello.extensions.use_srtp = Some(UseSrtp {
        profiles: vec![1, 2],
        mki: vec![],
    });
    assert!(
        ServerHello::decode(&encoded(|out| hello.encode(out))).is_err(),
        "two profiles are no choice"
    );
}

#[test]
fn hello_verify_request_round_trips() {
    let request = HelloVerifyRequest {
        version: 0xfeff,
        cookie: &[5; 32],
    };
    let body = encoded(|out| request.encode(out));
    assert_eq!(HelloVerifyRequest::decode(&body), Ok(request));
    refuses_other_lengths(&body, None, |body| HelloVerifyRequest::decode(body).map(|_| ()));
}

#[test]
fn certificates_round_trip() {
    for chain in [
        vec![],
        vec![CertificateDer::from(vec![1; 300])],
        vec![CertificateDer::from(vec![1; 3]); 16],
    ] {
        let body = encoded(|out| CertificateChain::encode(&chain, out));
        assert_eq!(CertificateChain::decode(&body), Ok(CertificateChain(chain)));
        refuses_other_lengths(&body, None, CertificateChain::decode);
    }
    let too_many = encoded(|out| CertificateChain::encode(&vec![CertificateDer::from(vec![1]); 17], out));
    assert!(CertificateChain::decode(&too_many).is_err());
    let empty = encoded(|out| CertificateChain::encode(&[CertificateDer::from(vec![])], out));
    assert!(CertificateChain::decode(&empty).is_err());
}

#[test]
fn certificate_request_round_trips() {
    let request = CertificateRequest {
        certificate_types: vec![64, 1],
        signature_algorithms: vec![0x0403, 0x0804],
        authorities: vec![vec![0x30, 0]],
    };
    let body = encoded(|out| request.encode(out));
    assert_eq!(CertificateRequest::decode(&body).as_ref(), Ok(&request));
    refuses_other_lengths(&body, None, CertificateRequest::decode);
}

#[test]
fn key_exchanges_round_trip() {
    let verify = CertificateVerify {
        scheme: 0x0403,
        signature: &[4; 70],
    };
    let body = encoded(|out| verify.encode(out));
    assert_eq!(CertificateVerify::decode(&body), Ok(verify));
    refuses_other_lengths(&body, None, |body| CertificateVerify::decode(body).map(|_| ()));

    let server = ServerKeyExchange {
        group: 29,
        share: &[1; 32],
        scheme: 0x0403,
        signature: &[2; 71],
    };
    let body = encoded(|out| server.encode(out));
    assert_eq!(ServerKeyExchange::decode(&body), Ok(server));
    refuses_other_lengths(&body, None, |body| ServerKeyExchange::decode(body).map(|_| ()));
    assert!(
        ServerKeyExchange::decode(&[&[1], &body[1..]].concat()).is_err(),
        "explicit curves"
    );

    let client = ClientKeyExchange { share: &[3; 65] };
    let body = encoded(|out| client.encode(out));
    assert_eq!(ClientKeyExchange::decode(&body), Ok(client));
    refuses_other_lengths(&body, None, |body| ClientKeyExchange::decode(body).map(|_| ()));
}
