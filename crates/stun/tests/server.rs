//! The server core against scripted requests, and against this crate's client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stun::attributes::{
    AlternateServer, ChangeRequest, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm, UnknownAttributes,
    Userhash, Username,
};
use stun::core::{Client, Event, Request, Server, StaticCredentials};
use stun::{
    AttributeType, Authentication, Class, ClientConfig, Credentials, IntegrityKey, Login, MessageRef,
    MessageWriter, Method, ServerConfig, ShortTermIntegrity,
};

const CLIENT: &str = "192.0.2.1:5000";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn provider() -> crypto::Provider {
    crypto::Provider::default()
}

fn request(write: impl FnOnce(&mut MessageWriter<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = MessageWriter::new(&mut out, Class::Request, Method::BINDING, [3; 12].into());
    write(&mut writer);
    writer.finish();
    out
}

struct Script {
    server: Server,
    now: Instant,
}

impl Script {
    fn new(config: ServerConfig) -> Self {
        Self {
            server: Server::new(config, [9; 32]),
            now: Instant::now(),
        }
    }

    fn long_term() -> Self {
        let users = StaticCredentials::new([Credentials::long_term("user", "pass").unwrap()]);
        let authentication = Authentication::LongTerm {
            realm: "example.org".to_owned(),
            store: Arc::new(users),
        };
        Self::new(ServerConfig {
            authentication,
            ..Default::default()
        })
    }

    fn ask_from(&mut self, source: &str, datagram: &[u8]) -> Option<Vec<u8>> {
        self.server.handle_input(self.now, address(source), datagram);
        let mut out = Vec::new();
        let transmit = self.server.poll_transmit(self.now, &mut out)?;
        assert_eq!((transmit.destination, transmit.len), (address(source), out.len()));
        Some(out)
    }

    fn ask(&mut self, datagram: &[u8]) -> Vec<u8> {
        self.ask_from(CLIENT, datagram).expect("a response")
    }

    /// The code of the error response to a request.
    fn refused(&mut self, datagram: &[u8]) -> u16 {
        code(&self.ask(datagram))
    }

    fn nonce(&mut self) -> Vec<u8> {
        let challenge = self.ask(&request(|_| {}));
        MessageRef::decode(&challenge).unwrap().nonce().unwrap().to_vec()
    }
}

fn code(response: &[u8]) -> u16 {
    MessageRef::decode(response)
        .unwrap()
        .error_code()
        .map_or(0, |error| error.code)
}

#[test]
fn tells_the_address() {
    let mut script = Script::new(ServerConfig::default());
    for source in [CLIENT, "[2001:db8::1]:9"] {
        let response = script.ask_from(source, &request(|_| {})).unwrap();
        let message = MessageRef::decode(&response).unwrap();
        assert_eq!(message.class(), Class::SuccessResponse);
        assert_eq!(message.xor_mapped_address(), Some(address(source)));
        assert!(!message.has_fingerprint());
        assert!(response.len() <= 3 * 20, "no amplification beyond three");
    }
    let response = script.ask_from("[::ffff:192.0.2.1]:9", &request(|_| {})).unwrap();
    let mapped = MessageRef::decode(&response).unwrap().xor_mapped_address();
    assert_eq!(
        mapped,
        Some(address("192.0.2.1:9")),
        "also on a dual-stack socket"
    );
}

#[test]
fn answers_with_a_fingerprint_when_asked_with_one() {
    let mut script = Script::new(ServerConfig {
        require_fingerprint: true,
        ..Default::default()
    });
    let mut datagram = request(|writer| {
        writer.fingerprint();
    });
    assert!(
        MessageRef::decode(&script.ask(&datagram))
            .unwrap()
            .check_fingerprint()
    );
    assert_eq!(script.ask_from(CLIENT, &request(|_| {})), None);
    datagram[27] ^= 1;
    assert_eq!(script.ask_from(CLIENT, &datagram), None);
    assert_eq!(script.server.stats().malformed, 2);
}

#[test]
fn is_silent_about_everything_else() {
    let mut script = Script::new(ServerConfig::default());
    for class in [Class::Indication, Class::SuccessResponse, Class::ErrorResponse] {
        let mut out = Vec::new();
        MessageWriter::new(&mut out, class, Method::BINDING, [3; 12].into()).finish();
        assert_eq!(script.ask_from(CLIENT, &out), None);
    }
    let mut out = Vec::new();
    MessageWriter::new(&mut out, Class::Request, Method::ALLOCATE, [3; 12].into()).finish();
    assert_eq!(script.ask_from(CLIENT, &out), None);
    assert_eq!(script.ask_from(CLIENT, b"GET / HTTP/1.1"), None);
    assert_eq!(
        (script.server.stats().ignored, script.server.stats().malformed),
        (4, 1)
    );
}

#[test]
fn lists_unknown_attributes() {
    let mut script = Script::new(ServerConfig::default());
    let response = script.ask(&request(|writer| {
        writer
            .raw(AttributeType(0x7001), b"")
            .raw(AttributeType(0xf001), b"");
        writer.attribute(&ChangeRequest {
            change_ip: true,
            change_port: false,
        });
    }));
    let message = MessageRef::decode(&response).unwrap();
    assert_eq!(code(&response), 420);
    let list = message.attribute::<UnknownAttributes<'_>>().unwrap().unwrap();
    let list: Vec<_> = list.iter().collect();
    assert_eq!(list, [AttributeType(0x7001), AttributeType::CHANGE_REQUEST]);
    let many = request(|writer| {
        (0..300).for_each(|n| {
            writer.raw(AttributeType(0x7000 + n), b"");
        })
    });
    assert!(script.ask(&many).len() < 120);
}

#[test]
fn redirects() {
    let alternate_server = Some(address("192.0.2.9:3478"));
    let mut script = Script::new(ServerConfig {
        alternate_server,
        ..Default::default()
    });
    let response = script.ask(&request(|_| {}));
    assert_eq!(code(&response), 300);
    let server = MessageRef::decode(&response)
        .unwrap()
        .attribute::<AlternateServer>()
        .unwrap()
        .unwrap();
    assert_eq!(Some(server.0), alternate_server);
}

#[test]
fn queues_no_more_than_configured() {
    let mut script = Script::new(ServerConfig {
        max_queued: 3,
        ..Default::default()
    });
    let datagram = request(|_| {});
    for port in 1..=5 {
        script.server.handle_input(
            script.now,
            SocketAddr::new([192, 0, 2, 1].into(), port),
            &datagram,
        );
    }
    let mut out = Vec::new();
    let sent: Vec<u16> = std::iter::from_fn(|| script.server.poll_transmit(script.now, &mut out))
        .map(|transmit| transmit.destination.port())
        .collect();
    assert_eq!((sent, script.server.stats().overloaded), (vec![1, 2, 3], 2));
    // Never drained to the end, and still not growing: responses stay whole.
    for port in 1..1000 {
        script.server.handle_input(
            script.now,
            SocketAddr::new([192, 0, 2, 1].into(), port),
            &datagram,
        );
        if port > 2 {
            out.clear();
            script.server.poll_transmit(script.now, &mut out).unwrap();
            assert_eq!(
                MessageRef::decode(&out)
                    .unwrap()
                    .xor_mapped_address()
                    .unwrap()
                    .port(),
                port - 2
            );
        }
    }
}

#[test]
fn short_term_credentials_are_demanded() {
    let users =
        StaticCredentials::new([Credentials::short_term("user", "pass", ShortTermIntegrity::Both).unwrap()]);
    let authentication = Authentication::ShortTerm(Arc::new(users));
    let mut script = Script::new(ServerConfig {
        authentication,
        ..Default::default()
    });
    let key = IntegrityKey::short_term(&provider(), "pass");
    let wrong = IntegrityKey::short_term(&provider(), "word");
    assert_eq!(script.refused(&request(|_| {})), 400);
    assert_eq!(
        script.refused(&request(|writer| {
            writer.attribute(&Username("user"));
        })),
        400
    );
    assert_eq!(
        script.refused(&request(|writer| {
            writer.integrity(&key);
        })),
        400
    );
    assert_eq!(
        script.refused(&request(|writer| {
            writer.attribute(&Username("user")).integrity(&wrong);
        })),
        401
    );
    assert_eq!(
        script.refused(&request(|writer| {
            writer.attribute(&Username("nobody")).integrity(&key);
        })),
        401
    );
    let both_one_wrong = request(|writer| {
        writer
            .attribute(&Username("user"))
            .integrity(&key)
            .integrity_sha256(&wrong);
    });
    assert_eq!(script.refused(&both_one_wrong), 401, "the stronger code counts");
    let sha1 = script.ask(&request(|writer| {
        writer.attribute(&Username("user")).integrity(&key);
    }));
    let sha1 = MessageRef::decode(&sha1).unwrap();
    assert_eq!(
        (sha1.check_integrity(&key), sha1.has_integrity_sha256()),
        (Ok(()), false)
    );
    let sha256 = script.ask(&request(|writer| {
        writer.attribute(&Username("user")).integrity_sha256(&key);
    }));
    let sha256 = MessageRef::decode(&sha256).unwrap();
    assert_eq!(
        (sha256.check_integrity_sha256(&key), sha256.has_integrity()),
        (Ok(()), false)
    );
}

fn key(algorithm: PasswordAlgorithm) -> IntegrityKey {
    let login = Login {
        username: "user",
        realm: "example.org",
        password: "pass",
    };
    IntegrityKey::long_term(&provider(), algorithm, &login)
}

fn answer(writer: &mut MessageWriter<'_>, nonce: &[u8]) {
    writer
        .attribute(&Username("user"))
        .attribute(&Realm("example.org"))
        .attribute(&Nonce(nonce));
}

#[test]
fn challenges_as_rfc_8489_demands() {
    let mut script = Script::long_term();
    let challenge = script.ask(&request(|_| {}));
    let message = MessageRef::decode(&challenge).unwrap();
    assert_eq!((code(&challenge), message.realm()), (401, Some("example.org")));
    let features = stun::SecurityFeatures::of_nonce(message.nonce().unwrap()).unwrap();
    assert!(features.password_algorithms && features.username_anonymity);
    assert_eq!(message.attribute(), Some(Ok(PasswordAlgorithms::ALL)));
    assert_eq!(message.username(), None);
    assert!(
        challenge.len() <= 124 + "example.org".len().next_multiple_of(4),
        "{}",
        challenge.len()
    );
    let other = script.ask_from("192.0.2.1:5001", &request(|_| {})).unwrap();
    assert_ne!(
        MessageRef::decode(&other).unwrap().nonce(),
        message.nonce(),
        "one nonce for one address and port"
    );
}

#[test]
fn checks_in_the_order_of_rfc_8489() {
    let mut script = Script::long_term();
    let nonce = script.nonce();
    let md5 = key(PasswordAlgorithm::Md5);
    // Integrity without what it needs.
    assert_eq!(
        script.refused(&request(|writer| {
            writer.integrity(&md5);
        })),
        400
    );
    let no_user = request(|writer| {
        writer
            .attribute(&Realm("example.org"))
            .attribute(&Nonce(&nonce))
            .integrity(&md5);
    });
    assert_eq!(script.refused(&no_user), 400);
    // Password algorithms tampered with.
    let tampered = [(&[0, 1, 0, 0][..], true), (PasswordAlgorithms::ALL.0, false)];
    for (list, chosen) in tampered {
        let datagram = request(|writer| {
            answer(writer, &nonce);
            writer.attribute(&PasswordAlgorithms(list));
            if chosen {
                writer.attribute(&PasswordAlgorithm::Md5);
            }
            writer.integrity_sha256(&md5);
        });
        assert_eq!(script.refused(&datagram), 400, "{list:?}");
    }
    // A stranger, and a wrong password, look the same.
    let stranger = request(|writer| {
        writer
            .attribute(&Username("nobody"))
            .attribute(&Realm("example.org"))
            .attribute(&Nonce(&nonce))
            .integrity(&md5);
    });
    assert_eq!(script.refused(&stranger), 401);
    let hash = Userhash::new(&provider(), "nobody", "example.org");
    let stranger = request(|writer| {
        writer
            .attribute(&hash)
            .attribute(&Realm("example.org"))
            .attribute(&Nonce(&nonce))
            .integrity(&md5);
    });
    assert_eq!(script.refused(&stranger), 401);
    let wrong = key(PasswordAlgorithm::Sha256);
    let guess = |writer: &mut MessageWriter<'_>| {
        answer(writer, &nonce);
        writer.integrity(&wrong);
    };
    assert_eq!(script.refused(&request(guess)), 401);
}

#[test]
fn refuses_nonces_that_are_forged_borrowed_or_old() {
    let mut script = Script::long_term();
    let nonce = script.nonce();
    let md5 = key(PasswordAlgorithm::Md5);
    for forged in [
        &b""[..],
        b"nonce",
        &nonce[..44],
        b"obMatJos2wAAD00000000000000000000000000000000",
    ] {
        let datagram = request(|writer| {
            answer(writer, forged);
            writer.integrity(&md5);
        });
        assert_eq!(script.refused(&datagram), 438, "{forged:?}");
    }
    let good = request(|writer| {
        answer(writer, &nonce);
        writer.integrity(&md5);
    });
    assert_eq!(code(&script.ask_from("192.0.2.1:5001", &good).unwrap()), 438);
    let accepted = script.ask(&good);
    assert_eq!(
        MessageRef::decode(&accepted).unwrap().check_integrity(&md5),
        Ok(())
    );
    script.now += Duration::from_secs(3600);
    assert_eq!(code(&script.ask(&good)), 0);
    script.now += Duration::from_secs(2);
    assert_eq!(script.refused(&good), 438);
}

#[test]
fn serves_anonymous_users_with_sha256() {
    let mut script = Script::long_term();
    let nonce = script.nonce();
    let key = key(PasswordAlgorithm::Sha256);
    let response = script.ask(&request(|writer| {
        writer
            .attribute(&Userhash::new(&provider(), "user", "example.org"))
            .attribute(&Realm("example.org"));
        writer
            .attribute(&Nonce(&nonce))
            .attribute(&PasswordAlgorithms::ALL)
            .attribute(&PasswordAlgorithm::Sha256);
        writer.integrity_sha256(&key);
    }));
    let message = MessageRef::decode(&response).unwrap();
    assert_eq!(
        (message.class(), message.check_integrity_sha256(&key)),
        (Class::SuccessResponse, Ok(()))
    );
}

#[test]
fn serves_this_crates_client() {
    let mut script = Script::long_term();
    let credentials = Some(Credentials::long_term("user", "pass").unwrap());
    let server = address("192.0.2.2:3478");
    let mut client = Client::new(
        ClientConfig {
            credentials,
            ..Default::default()
        },
        server,
        [1; 32],
    );
    for (round, exchanges) in [(0, 2), (1, 1), (2, 2)] {
        if round == 2 {
            script.now += Duration::from_secs(4000); // the nonce goes stale
        }
        client.request(script.now, Request::binding()).unwrap();
        let mut count = 0;
        let mut out = Vec::new();
        while client.poll_transmit(script.now, &mut out).is_some() {
            let response = script.ask(&out);
            client.handle_input(script.now, server, &response);
            count += 1;
            out.clear();
        }
        assert!(matches!(client.poll_event(), Some(Event::Success { .. })));
        assert_eq!(count, exchanges, "round {round}");
    }
}
