//! Client against server without a network: what is agreed on, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::sync::Arc;

use dtls::{
    AlertDescription, Certificate, CertificateRejection, CipherSuite, ClientAuth, CloseReason, Config, Event,
    FingerprintAlgorithm, Group, KeyKind, PeerVerification, Provider, SrtpProfile, Version,
};
use support::{Pair, certificate, providers, webrtc};

/// Runs a handshake that can only end with these parameters.
fn connects_with(provider: &Provider, kind: KeyKind, suite: CipherSuite, group: Group) {
    let (mut client, server) = webrtc(provider, kind);
    client.cipher_suites = vec![suite];
    client.groups = vec![group];
    let mut pair = Pair::new(client, server);
    pair.run();
    let name = format!("{} {kind:?} {suite} {group:?}", provider.name());
    assert_eq!(pair.client.events, [Event::Connected], "{name}");
    assert_eq!(pair.server.events, [Event::Connected], "{name}");
    for connection in [&pair.client.connection, &pair.server.connection] {
        assert_eq!(connection.cipher_suite(), Some(suite));
        assert_eq!(connection.group(), Some(group));
        assert_eq!(connection.version(), Some(Version::Dtls12));
        assert_eq!(connection.poll_timeout(), None);
    }
    pair.exchange(&name);
}

#[test]
fn every_suite_certificate_and_group_with_every_provider() {
    for provider in providers() {
        for kind in KeyKind::ALL {
            let rsa = kind == KeyKind::Rsa2048;
            for suite in CipherSuite::ALL
                .into_iter()
                .filter(|suite| suite.name().contains("_RSA_") == rsa)
            {
                connects_with(&provider, kind, suite, Group::X25519);
                connects_with(&provider, kind, suite, Group::Secp256r1);
                connects_with(&provider, kind, suite, Group::Secp384r1);
            }
        }
    }
}

#[test]
fn both_sides_export_the_same_keys() {
    let (client, server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    let mut pair = Pair::new(client, server);
    let mut early = [0; 8];
    assert!(
        pair.client
            .connection
            .export_keying_material("EXTRACTOR-dtls_srtp", None, &mut early)
            .is_err()
    );
    pair.run();
    let export = |connection: &dtls::core::Connection, label: &str, context: Option<&[u8]>| {
        let mut out = [0; 60];
        connection
            .export_keying_material(label, context, &mut out)
            .map(|()| out)
    };
    for (label, context) in [
        ("EXTRACTOR-dtls_srtp", None),
        ("EXPERIMENTAL x", Some(&b"context"[..])),
    ] {
        let ours = export(&pair.client.connection, label, context).unwrap();
        assert_eq!(ours, export(&pair.server.connection, label, context).unwrap());
        assert_ne!(ours, [0; 60]);
    }
    assert!(export(&pair.client.connection, "master secret", None).is_err());
    assert!(export(&pair.client.connection, "EXPERIMENTAL", Some(&vec![0; 65536])).is_err());
}

#[test]
fn the_server_chooses_by_its_own_order() {
    let (mut client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    client.srtp_profiles = vec![SrtpProfile::Aes128CmSha1_80, SrtpProfile::AeadAes128Gcm];
    server.srtp_profiles = vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm];
    client.alpn = vec![b"webrtc".to_vec(), b"c-webrtc".to_vec()];
    server.alpn = vec![b"c-webrtc".to_vec(), b"webrtc".to_vec()];
    server.cipher_suites = vec![
        CipherSuite::EcdheEcdsaChaCha20Poly1305,
        CipherSuite::EcdheEcdsaAes128Gcm,
    ];
    server.groups = vec![Group::Secp384r1, Group::X25519];
    let mut pair = Pair::new(client, server);
    pair.run();
    for connection in [&pair.client.connection, &pair.server.connection] {
        assert_eq!(connection.srtp_profile(), Some(SrtpProfile::AeadAes128Gcm));
        assert_eq!(connection.alpn(), Some(&b"c-webrtc"[..]));
        assert_eq!(
            connection.cipher_suite(),
            Some(CipherSuite::EcdheEcdsaChaCha20Poly1305)
        );
        assert_eq!(connection.group(), Some(Group::Secp384r1));
        assert_eq!(connection.peer_certificates().len(), 1);
    }
}

#[test]
fn without_a_common_srtp_profile_there_is_none() {
    let (mut client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    client.srtp_profiles = vec![SrtpProfile::Aes128CmSha1_80];
    server.srtp_profiles = vec![SrtpProfile::AeadAes128Gcm];
    let mut pair = Pair::new(client, server);
    pair.run();
    assert_eq!(pair.client.events, [Event::Connected]);
    assert_eq!(pair.client.connection.srtp_profile(), None);
    assert_eq!(pair.server.connection.srtp_profile(), None);
}

/// Changes the two configurations, and says what client and server then report.
fn ends_with(change: impl FnOnce(&mut Config, &mut Config)) -> (Vec<Event>, Vec<Event>) {
    let (mut client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    change(&mut client, &mut server);
    let mut pair = Pair::new(client, server);
    pair.run();
    assert!(pair.client.connection.is_closed() && pair.server.connection.is_closed());
    assert_eq!(pair.client.connection.poll_timeout(), None);
    assert_eq!(pair.server.connection.poll_timeout(), None);
    (pair.client.events, pair.server.events)
}

fn refused(alert: AlertDescription, cause: &'static str) -> Vec<Event> {
    vec![Event::Closed(CloseReason::HandshakeFailed { alert, cause })]
}

fn told(alert: AlertDescription) -> Vec<Event> {
    vec![Event::Closed(CloseReason::AlertReceived(alert))]
}

#[test]
fn what_has_nothing_in_common_is_refused_with_a_reason() {
    let failure = AlertDescription::HANDSHAKE_FAILURE;
    assert_eq!(
        ends_with(|client, _| client.cipher_suites = vec![CipherSuite::EcdheRsaAes128Gcm]),
        (told(failure), refused(failure, "no common cipher suite"))
    );
    assert_eq!(
        ends_with(|client, server| {
            client.groups = vec![Group::X25519];
            server.groups = vec![Group::Secp256r1];
        }),
        (told(failure), refused(failure, "no common group"))
    );
    let no_protocol = AlertDescription::NO_APPLICATION_PROTOCOL;
    assert_eq!(
        ends_with(|client, server| {
            client.alpn = vec![b"webrtc".to_vec()];
            server.alpn = vec![b"h3".to_vec()];
        }),
        (
            told(no_protocol),
            refused(no_protocol, "no common application protocol")
        )
    );
}

#[test]
fn an_application_protocol_may_be_left_open() {
    for (offered, agreed) in [
        (&[][..], None),
        (&[&b"h3"[..]][..], None),
        (&[b"h3", b"webrtc"], Some(&b"webrtc"[..])),
    ] {
        let (mut client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
        client.alpn = offered.iter().map(|name| name.to_vec()).collect();
        server.alpn = vec![b"webrtc".to_vec()];
        server.alpn_required = false;
        let mut pair = Pair::new(client, server);
        pair.run();
        for end in [&pair.client, &pair.server] {
            assert_eq!(end.events, [Event::Connected]);
            assert_eq!(end.connection.alpn(), agreed);
        }
    }
}

#[test]
fn an_unannounced_certificate_is_refused() {
    let provider = &providers()[0];
    let (_, server) = webrtc(provider, KeyKind::EcdsaP256);
    let received = server
        .certificate
        .unwrap()
        .fingerprint(FingerprintAlgorithm::Sha256);
    let other = certificate(provider, KeyKind::EcdsaP384).fingerprint(FingerprintAlgorithm::Sha256);
    let expected = vec![other];
    let (client, server) =
        ends_with(|client, _| client.verify = PeerVerification::Fingerprints(expected.clone()));
    let [
        Event::Closed(CloseReason::FingerprintMismatch {
            expected: reported,
            received: seen,
        }),
    ] = &client[..]
    else {
        panic!("{client:?}")
    };
    assert_eq!((reported, seen.algorithm()), (&expected, received.algorithm()));
    assert_eq!(server, told(AlertDescription::BAD_CERTIFICATE));

    let (client, server) =
        ends_with(|_, server| server.verify = PeerVerification::Fingerprints(vec![expected[0].clone()]));
    assert!(
        matches!(
            server[..],
            [Event::Closed(CloseReason::FingerprintMismatch { .. })]
        ),
        "{server:?}"
    );
    // The client has sent its Finished, but it is not connected before it has seen the server's.
    assert_eq!(client, told(AlertDescription::BAD_CERTIFICATE));
    let (client, _) = ends_with(|client, _| client.verify = PeerVerification::Fingerprints(vec![]));
    assert!(
        matches!(client[..], [Event::Closed(CloseReason::CertificateRejected(_))]),
        "{client:?}"
    );
}

#[test]
fn the_strongest_hash_decides() {
    let (mut client, server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    let certificate = server.certificate.as_ref().unwrap();
    let sha1 = certificate.fingerprint(FingerprintAlgorithm::Sha1);
    let sha512 = certificate.fingerprint(FingerprintAlgorithm::Sha512);
    let mut wrong = sha512.to_string();
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('0') { "1" } else { "0" });
    client.verify = PeerVerification::Fingerprints(vec![sha1.clone(), sha512]);
    let mut pair = Pair::new(client.clone(), server.clone());
    pair.run();
    assert_eq!(pair.client.events, [Event::Connected]);
    client.verify = PeerVerification::Fingerprints(vec![sha1, wrong.parse().unwrap()]);
    let mut pair = Pair::new(client, server);
    pair.run();
    assert!(
        pair.client.connection.is_closed(),
        "a matching SHA-1 does not make up for a wrong SHA-512"
    );
}

#[test]
fn client_certificates_are_demanded_requested_or_not_asked_for() {
    let missing = Event::Closed(CloseReason::CertificateRejected(CertificateRejection::Missing));
    let (client, server) = ends_with(|client, _| client.certificate = None);
    assert_eq!(
        (client, server),
        (told(AlertDescription::HANDSHAKE_FAILURE), vec![missing])
    );

    for (auth, has_one, seen) in [
        (ClientAuth::Request, false, 0),
        (ClientAuth::Request, true, 1),
        (ClientAuth::None, true, 0),
        (ClientAuth::Require, true, 1),
    ] {
        let (mut client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
        server.client_auth = auth;
        if !has_one {
            client.certificate = None;
        }
        let mut pair = Pair::new(client, server);
        pair.run();
        assert_eq!(pair.server.events, [Event::Connected], "{auth:?} {has_one}");
        assert_eq!(
            pair.server.connection.peer_certificates().len(),
            seen,
            "{auth:?} {has_one}"
        );
    }
}

#[test]
fn every_kind_of_client_certificate() {
    for provider in providers() {
        for kind in KeyKind::ALL {
            let (mut client, mut server) = webrtc(&provider, KeyKind::EcdsaP256);
            let ours = certificate(&provider, kind);
            server.verify =
                PeerVerification::Fingerprints(vec![ours.fingerprint(FingerprintAlgorithm::Sha384)]);
            client.certificate = Some(ours);
            let mut pair = Pair::new(client, server);
            pair.run();
            assert_eq!(
                pair.server.events,
                [Event::Connected],
                "{} {kind:?}",
                provider.name()
            );
        }
    }
}

#[test]
fn cookies_cost_a_round_trip_and_nothing_else() {
    let (client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    server.cookies = true;
    let mut pair = Pair::new(client, server);
    pair.run();
    assert_eq!(pair.client.events, [Event::Connected]);
    assert_eq!(pair.server.events, [Event::Connected]);
    pair.exchange("cookies");
}

#[test]
fn close_is_heard_by_the_other_side() {
    let (client, server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    let mut pair = Pair::new(client, server);
    pair.run();
    pair.client.connection.send(pair.now, b"last words").unwrap();
    pair.client.connection.close(pair.now);
    pair.run();
    assert_eq!(pair.server.received, [b"last words"]);
    assert_eq!(
        pair.client.events,
        [Event::Connected, Event::Closed(CloseReason::LocalClose)]
    );
    assert_eq!(
        pair.server.events,
        [Event::Connected, Event::Closed(CloseReason::CloseNotify)]
    );
    assert_eq!(
        pair.client.connection.send(pair.now, b"x"),
        Err(dtls::SendError::Closed)
    );
}

#[test]
fn key_log_lines_are_the_same_on_both_sides() {
    #[derive(Debug, Default)]
    struct Lines(std::sync::Mutex<Vec<String>>);
    impl dtls::KeyLog for Lines {
        fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
            self.0
                .lock()
                .unwrap()
                .push(dtls::key_log_line(label, client_random, secret));
        }
    }
    let (mut client, mut server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    let lines = Arc::new(Lines::default());
    client.key_log = Some(lines.clone());
    server.key_log = Some(lines.clone());
    Pair::new(client, server).run();
    let lines = lines.0.lock().unwrap();
    assert_eq!((lines.len(), &lines[0]), (2, &lines[1]));
    assert!(lines[0].starts_with("CLIENT_RANDOM "));
    assert_eq!(lines[0].len(), 14 + 64 + 1 + 96);
}

#[test]
fn seal_works_in_place_behind_a_prefix() {
    let (client, server) = webrtc(&providers()[0], KeyKind::EcdsaP256);
    let mut pair = Pair::new(client, server);
    pair.run();
    let connection = &mut pair.client.connection;
    let mut out = b"prefix".to_vec();
    let start = out.len();
    out.resize(start + connection.head_room(), 0);
    out.extend_from_slice(b"payload");
    connection.seal(&mut out, start).unwrap();
    assert_eq!(&out[..start], b"prefix");
    assert_eq!(
        out.len(),
        start + connection.head_room() + 7 + connection.tail_room()
    );
    let mut items = pair
        .server
        .connection
        .handle_input(pair.now, &mut out[start..])
        .into_iter();
    assert_eq!(items.next().as_deref(), Some(&b"payload"[..]));
    assert!(items.next().is_none());

    let mut short = vec![0; 5];
    assert_eq!(
        pair.client.connection.seal(&mut short, 0),
        Err(dtls::SendError::NoHeadRoom)
    );
    assert_eq!(short, [0; 5]);
    let mut long = vec![0; pair.client.connection.head_room() + 16385];
    assert_eq!(
        pair.client.connection.seal(&mut long, 0),
        Err(dtls::SendError::TooLong)
    );
    assert_eq!(
        pair.client.connection.send(pair.now, &[0; 16385]),
        Err(dtls::SendError::TooLong)
    );
}

#[test]
fn webpki_chains_and_names_are_checked() {
    use dtls::{CertificateParameters, ServerName, UnixTime, WallClock};
    use std::time::Duration;
    const fn at(secs: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(secs))
    }
    for provider in providers() {
        for kind in KeyKind::ALL {
            let parameters = CertificateParameters {
                kind,
                subject_alt_names: vec!["server.example".to_owned(), "192.0.2.7".to_owned()],
                ..CertificateParameters::new(at(1_700_000_000), at(1_900_000_000))
            };
            let theirs = Certificate::generate(&provider, &parameters).unwrap();
            let (base, mut server) = webrtc(&provider, kind);
            server.client_auth = ClientAuth::None;
            server.certificate = Some(theirs.clone());
            let run = |name: &str, roots: &Certificate, clock: WallClock| {
                let mut client = base.clone();
                client.verify = PeerVerification::authorities(roots.chain()).unwrap();
                client.server_name = Some(ServerName::try_from(name.to_owned()).unwrap());
                client.clock = clock;
                let mut pair = Pair::new(client, server.clone());
                pair.run();
                let asked_for = pair.server.connection.server_name().map(str::to_owned);
                (pair.client.events.remove(0), asked_for)
            };
            let rejected = |rejection| Event::Closed(CloseReason::CertificateRejected(rejection));
            let in_time = WallClock(|| at(1_800_000_000));
            assert_eq!(
                run("server.example", &theirs, in_time).0,
                Event::Connected,
                "{kind:?}"
            );
            assert_eq!(
                run("server.example", &theirs, in_time).1.as_deref(),
                Some("server.example")
            );
            assert_eq!(run("192.0.2.7", &theirs, in_time), (Event::Connected, None));
            assert_eq!(
                run("other.example", &theirs, in_time).0,
                rejected(CertificateRejection::WrongName)
            );
            assert_eq!(
                run("server.example", &theirs, WallClock(|| at(1_900_000_001))).0,
                rejected(CertificateRejection::Expired)
            );
            let stranger = certificate(&provider, kind);
            assert!(matches!(
                run("server.example", &stranger, in_time).0,
                Event::Closed(CloseReason::CertificateRejected(_))
            ));
        }
    }
}
