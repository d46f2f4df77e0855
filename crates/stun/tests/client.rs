//! The client core against a scripted server, in virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun::attributes::{
    AlternateDomain, AlternateServer, ErrorCode, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm,
    Userhash, Username, XorMappedAddress, XorPeerAddress,
};
use stun::core::{Client, Event, FailReason, Request, RequestError, RequestId};
use stun::{
    AttributeType, Class, ClientConfig, Credentials, IntegrityKey, Login, Message, MessageRef, MessageWriter,
    Method, ShortTermIntegrity, Transport,
};

const SERVER: &str = "192.0.2.2:3478";
const OTHER: &str = "192.0.2.3:3478";
const MAPPED: &str = "198.51.100.7:40000";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn provider() -> crypto::Provider {
    crypto::Provider::default()
}

/// A client, its clock, and a pen to write responses with.
struct Script {
    client: Client,
    start: Instant,
    now: Instant,
}

impl Script {
    fn new(config: ClientConfig) -> Self {
        let now = Instant::now();
        Self {
            client: Client::new(config, address(SERVER), [7; 32]),
            start: now,
            now,
        }
    }

    fn binding(&mut self) -> RequestId {
        self.client.request(self.now, Request::binding()).unwrap()
    }

    /// The next datagram that the client sends.
    fn sent(&mut self) -> Option<(SocketAddr, Message)> {
        let mut out = Vec::new();
        let transmit = self.client.poll_transmit(self.now, &mut out)?;
        assert_eq!(transmit.len, out.len());
        Some((
            transmit.destination,
            MessageRef::decode(&out).unwrap().to_message(),
        ))
    }

    fn expect(&mut self) -> Message {
        self.sent().expect("a datagram").1
    }

    fn advance(&mut self) -> Duration {
        self.now = self.client.poll_timeout().expect("a deadline");
        self.client.handle_timeout(self.now);
        self.now - self.start
    }

    fn reply(&mut self, request: &Message, class: Class, write: impl FnOnce(&mut MessageWriter<'_>)) {
        let datagram = response(request, class, write);
        self.client.handle_input(self.now, address(SERVER), &datagram);
    }

    fn succeed(&mut self, request: &Message, key: Option<(&IntegrityKey, bool)>) {
        self.reply(request, Class::SuccessResponse, |writer| {
            writer.attribute(&XorMappedAddress(address(MAPPED)));
            match key {
                None => {}
                Some((key, true)) => {
                    writer.integrity_sha256(key);
                }
                Some((key, false)) => {
                    writer.integrity(key);
                }
            }
        });
    }

    fn assert_success(&mut self, expected: RequestId) {
        match self.client.poll_event() {
            Some(Event::Success { id, response }) => {
                assert_eq!(id, expected);
                assert_eq!(response.message.as_ref().mapped_address(), Some(address(MAPPED)));
            }
            other => panic!("{other:?}"),
        }
    }

    fn assert_failure(&mut self, expected: RequestId, reason: FailReason) {
        assert_eq!(
            self.client.poll_event(),
            Some(Event::Failed { id: expected, reason })
        );
        assert_eq!(self.client.poll_timeout(), None, "nothing is left");
    }
}

fn response(request: &Message, class: Class, write: impl FnOnce(&mut MessageWriter<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let (method, id) = (request.as_ref().method(), request.as_ref().transaction_id());
    let mut writer = MessageWriter::new(&mut out, class, method, id);
    write(&mut writer);
    writer.finish();
    out
}

#[test]
fn sends_seven_times_and_gives_up_after_39_5_seconds() {
    let mut script = Script::new(ClientConfig::default());
    let id = script.binding();
    let first = script.expect();
    let mut times = vec![];
    while script.client.poll_timeout().is_some() {
        times.push(script.advance().as_millis());
        if let Some((to, again)) = script.sent() {
            assert_eq!((to, again), (address(SERVER), first.clone()));
        }
    }
    assert_eq!(
        times,
        [500, 1500, 3500, 7500, 15_500, 31_500, 39_500],
        "RFC 8489 §6.2.1"
    );
    script.assert_failure(id, FailReason::Timeout);
    assert_eq!(script.client.stats().retransmissions, 6);
}

#[test]
fn takes_a_response_after_losses_and_no_second_one() {
    let mut script = Script::new(ClientConfig::default());
    let id = script.binding();
    let request = script.expect();
    script.advance();
    script.advance();
    script.succeed(&request, None);
    script.assert_success(id);
    script.succeed(&request, None);
    assert_eq!(script.client.poll_event(), None);
    assert_eq!(script.client.stats().unexpected, 1);
    assert_eq!(script.client.poll_timeout(), None);
}

#[test]
fn waits_39_5_seconds_over_a_stream_without_repeating() {
    let mut script = Script::new(ClientConfig {
        transport: Transport::Stream,
        ..Default::default()
    });
    let id = script.binding();
    script.expect();
    assert_eq!(script.advance(), Duration::from_millis(39_500));
    assert_eq!(script.sent(), None);
    script.assert_failure(id, FailReason::Timeout);
}

#[test]
fn learns_the_round_trip_and_forgets_it_after_ten_minutes() {
    let mut script = Script::new(ClientConfig::default());
    for _ in 0..8 {
        script.binding();
        let request = script.expect();
        script.now += Duration::from_millis(490);
        script.succeed(&request, None);
        script.client.poll_event();
    }
    script.binding();
    let wait = script.client.poll_timeout().unwrap() - script.now;
    assert!(
        wait > Duration::from_millis(520) && wait < Duration::from_millis(900),
        "{wait:?}"
    );
    script.now += Duration::from_secs(700);
    script.client.handle_timeout(script.now);
    script.client.handle_disconnect();
    while script.client.poll_event().is_some() {}
    script.binding();
    assert_eq!(
        script.client.poll_timeout().unwrap() - script.now,
        Duration::from_millis(500)
    );
}

#[test]
fn ignores_what_answers_nothing() {
    let mut script = Script::new(ClientConfig::default());
    let id = script.binding();
    let request = script.expect();
    let good = response(&request, Class::SuccessResponse, |_| {});
    let (now, server) = (script.now, address(SERVER));
    script.client.handle_input(now, address(OTHER), &good);
    script
        .client
        .handle_input(now, server, &response(&request, Class::Request, |_| {}));
    script
        .client
        .handle_input(now, server, &response(&request, Class::Indication, |_| {}));
    script
        .client
        .handle_input(now, server, &response(&request, Class::ErrorResponse, |_| {}));
    let mut other = good.clone();
    other[19] ^= 1;
    script.client.handle_input(now, server, &other);
    assert_eq!(script.client.stats().unexpected, 5);
    script.client.handle_input(now, server, &good[..19]);
    script.client.handle_input(now, server, b"");
    assert_eq!(script.client.stats().malformed, 2);
    assert_eq!(script.client.poll_event(), None);
    script.succeed(&request, None);
    script.assert_success(id);
}

#[test]
fn drops_a_response_with_a_wrong_fingerprint() {
    let mut script = Script::new(ClientConfig {
        fingerprint: true,
        ..Default::default()
    });
    let id = script.binding();
    let request = script.expect();
    assert!(request.as_ref().check_fingerprint());
    let mut wrong = response(&request, Class::SuccessResponse, |writer| {
        writer.attribute(&XorMappedAddress(address(MAPPED))).fingerprint();
    });
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    script.client.handle_input(script.now, address(SERVER), &wrong);
    assert_eq!(
        (script.client.poll_event(), script.client.stats().malformed),
        (None, 1)
    );
    wrong[last] ^= 1;
    script.client.handle_input(script.now, address(SERVER), &wrong);
    script.assert_success(id);
}

#[test]
fn bounds_what_is_outstanding() {
    let mut script = Script::new(ClientConfig {
        max_outstanding: 3,
        ..Default::default()
    });
    let ids: Vec<_> = (0..3).map(|_| script.binding()).collect();
    assert_eq!(
        script.client.request(script.now, Request::binding()),
        Err(RequestError::TooMany)
    );
    let request = script.expect();
    script.succeed(&request, None);
    assert_eq!(
        script.client.request(script.now, Request::binding()),
        Err(RequestError::TooMany),
        "the event waits"
    );
    script.assert_success(ids[0]);
    script.binding();
    script.client.cancel(ids[1]);
    script.binding();
    let long = "a".repeat(600);
    let request = Request::binding().with(&Username(&long));
    script.client.cancel(ids[2]);
    assert_eq!(
        script.client.request(script.now, request),
        Err(RequestError::TooLong)
    );
}

#[test]
fn unreachable_servers_end_their_requests_at_once() {
    let mut script = Script::new(ClientConfig::default());
    let id = script.binding();
    script.client.handle_unreachable(address(OTHER));
    assert_eq!(script.client.poll_event(), None);
    script.client.handle_unreachable(address(SERVER));
    script.assert_failure(id, FailReason::Unreachable);
}

#[test]
fn masks_addresses_with_the_id_of_each_transaction() {
    let peer = address("[2001:db8::7]:9");
    let mut script = Script::new(ClientConfig::default());
    for _ in 0..2 {
        script
            .client
            .request(
                script.now,
                Request::new(Method::CREATE_PERMISSION).with(&XorPeerAddress(peer)),
            )
            .unwrap();
        let request = script.expect();
        assert_eq!(request.as_ref().attribute(), Some(Ok(XorPeerAddress(peer))));
    }
}

#[test]
fn an_unknown_required_attribute_fails_the_request() {
    let mut script = Script::new(ClientConfig::default());
    let id = script.binding();
    let request = script.expect();
    script.reply(&request, Class::SuccessResponse, |writer| {
        writer.raw(AttributeType(0x7f00), b"");
    });
    script.assert_failure(id, FailReason::UnknownAttribute(AttributeType(0x7f00)));
}

#[test]
fn an_error_response_is_handed_over() {
    let mut script = Script::new(ClientConfig::default());
    script.binding();
    let request = script.expect();
    script.reply(&request, Class::ErrorResponse, |writer| {
        writer.attribute(&ErrorCode::SERVER_ERROR);
    });
    let Some(Event::Failed { reason, .. }) = script.client.poll_event() else {
        panic!("no event")
    };
    assert_eq!(reason.to_string(), "the server refused: 500 Server Error");
}

mod short_term {
    use super::*;

    fn config(integrity: ShortTermIntegrity) -> ClientConfig {
        let credentials = Some(Credentials::short_term("user", "secret", integrity).unwrap());
        ClientConfig {
            credentials,
            ..Default::default()
        }
    }

    fn key() -> IntegrityKey {
        IntegrityKey::short_term(&provider(), "secret")
    }

    fn codes(message: &Message) -> (bool, bool) {
        let message = message.as_ref();
        (
            message.check_integrity(&key()).is_ok(),
            message.check_integrity_sha256(&key()).is_ok(),
        )
    }

    #[test]
    fn sends_both_codes_until_the_server_has_chosen() {
        for (sha256, later) in [(true, (false, true)), (false, (true, false))] {
            let mut script = Script::new(config(ShortTermIntegrity::Both));
            let id = script.binding();
            let request = script.expect();
            assert_eq!(
                (codes(&request), request.as_ref().username()),
                ((true, true), Some("user"))
            );
            script.succeed(&request, Some((&key(), sha256)));
            script.assert_success(id);
            script.binding();
            assert_eq!(codes(&script.expect()), later, "RFC 8489 §9.1.5");
        }
    }

    #[test]
    fn the_algorithm_of_the_response_has_to_match() {
        let table = [
            (ShortTermIntegrity::Sha1, true),
            (ShortTermIntegrity::Sha256, false),
        ];
        for (integrity, answered_with) in table {
            let mut script = Script::new(config(integrity));
            let id = script.binding();
            let request = script.expect();
            script.succeed(&request, Some((&key(), answered_with)));
            assert_eq!(script.client.poll_event(), None);
            script.succeed(&request, Some((&key(), !answered_with)));
            script.assert_success(id);
        }
    }

    #[test]
    fn forged_responses_end_as_a_violation_not_a_timeout() {
        let mut script = Script::new(config(ShortTermIntegrity::Both));
        let id = script.binding();
        let request = script.expect();
        script.succeed(&request, None);
        script.succeed(
            &request,
            Some((&IntegrityKey::short_term(&provider(), "wrong"), true)),
        );
        assert_eq!(script.client.stats().integrity_failures, 2);
        while script.client.poll_timeout().is_some() {
            script.advance();
        }
        assert_eq!(
            script.now - script.start,
            Duration::from_millis(39_500),
            "it went on asking"
        );
        script.assert_failure(id, FailReason::IntegrityViolated);
    }

    #[test]
    fn a_forged_response_ends_a_stream_request_at_once() {
        let mut script = Script::new(ClientConfig {
            transport: Transport::Stream,
            ..config(ShortTermIntegrity::Both)
        });
        let id = script.binding();
        let request = script.expect();
        script.succeed(&request, None);
        script.assert_failure(id, FailReason::IntegrityViolated);
    }
}

mod long_term {
    use super::*;

    const REALM: &str = "example.org";
    /// Password algorithms, user anonymity, both, none.
    const COOKIES: [&str; 4] = ["obMatJos2AAAB", "obMatJos2AAAC", "obMatJos2AAAD", "obMatJos2AAAA"];

    fn script() -> Script {
        let credentials = Some(Credentials::long_term("user", "pass").unwrap());
        Script::new(ClientConfig {
            credentials,
            ..Default::default()
        })
    }

    fn key(algorithm: PasswordAlgorithm) -> IntegrityKey {
        let login = Login {
            username: "user",
            realm: REALM,
            password: "pass",
        };
        IntegrityKey::long_term(&provider(), algorithm, &login)
    }

    /// Answers with 401 or 438.
    fn challenge(script: &mut Script, request: &Message, code: u16, nonce: &str, algorithms: Option<&[u8]>) {
        script.reply(request, Class::ErrorResponse, |writer| {
            let error = ErrorCode { code, reason: "" };
            writer
                .attribute(&error)
                .attribute(&Realm(REALM))
                .attribute(&Nonce(nonce.as_bytes()));
            writer.optional(algorithms.map(PasswordAlgorithms).as_ref());
        });
    }

    /// A client that has answered the challenge of a server of RFC 8489.
    fn authenticated() -> (Script, RequestId, Message) {
        let mut script = script();
        let id = script.binding();
        let first = script.expect();
        challenge(
            &mut script,
            &first,
            401,
            "obMatJos2AAABone",
            Some(PasswordAlgorithms::ALL.0),
        );
        let second = script.expect();
        (script, id, second)
    }

    #[test]
    fn answers_the_challenge_of_an_rfc_5389_server() {
        let mut script = script();
        let id = script.binding();
        let first = script.expect();
        assert_eq!(first.as_ref().attributes().count(), 0, "RFC 8489 §9.2.3.1");
        challenge(&mut script, &first, 401, "nonce", None);
        let second = script.expect();
        let message = second.as_ref();
        assert_ne!(message.transaction_id(), first.as_ref().transaction_id());
        assert_eq!((message.username(), message.realm()), (Some("user"), Some(REALM)));
        assert_eq!(message.nonce(), Some(&b"nonce"[..]));
        assert!(!message.has(AttributeType::PASSWORD_ALGORITHM) && !message.has_integrity_sha256());
        assert_eq!(message.check_integrity(&key(PasswordAlgorithm::Md5)), Ok(()));
        script.succeed(&second, Some((&key(PasswordAlgorithm::Md5), false)));
        script.assert_success(id);
        // The next request answers the challenge by itself.
        script.binding();
        let third = script.expect();
        assert_eq!(
            third.as_ref().check_integrity(&key(PasswordAlgorithm::Md5)),
            Ok(())
        );
    }

    #[test]
    fn answers_the_challenge_of_an_rfc_8489_server() {
        for (list, algorithm) in [
            (PasswordAlgorithms::ALL.0, PasswordAlgorithm::Sha256),
            (&[0, 1, 0, 0, 0, 2, 0, 0][..], PasswordAlgorithm::Md5),
            (
                &[0, 9, 0, 1, 7, 0, 0, 0, 0, 2, 0, 0][..],
                PasswordAlgorithm::Sha256,
            ),
        ] {
            for cookie in [COOKIES[0], COOKIES[2]] {
                let mut script = script();
                let id = script.binding();
                let first = script.expect();
                challenge(&mut script, &first, 401, &format!("{cookie}rest"), Some(list));
                let second = script.expect();
                let message = second.as_ref();
                let anonymous = cookie == COOKIES[2];
                assert_eq!(message.username().is_none(), anonymous);
                let userhash = Userhash::new(&provider(), "user", REALM);
                assert_eq!(message.attribute() == Some(Ok(userhash)), anonymous);
                assert_eq!(
                    message.attribute(),
                    Some(Ok(PasswordAlgorithms(list))),
                    "echoed as it was"
                );
                assert_eq!(message.attribute(), Some(Ok(algorithm)));
                assert!(!message.has_integrity(), "RFC 8489 §9.2.5: SHA-256 only");
                assert_eq!(message.check_integrity_sha256(&key(algorithm)), Ok(()));
                script.succeed(&second, Some((&key(algorithm), true)));
                script.assert_success(id);
            }
        }
    }

    #[test]
    fn takes_a_fresh_nonce_but_not_for_ever() {
        let (mut script, id, mut request) = authenticated();
        for nonce in ["two", "three", "four"] {
            let nonce = format!("obMatJos2AAAB{nonce}");
            challenge(
                &mut script,
                &request,
                438,
                &nonce,
                Some(PasswordAlgorithms::ALL.0),
            );
            request = script.expect();
            assert_eq!(request.as_ref().nonce(), Some(nonce.as_bytes()));
        }
        challenge(
            &mut script,
            &request,
            438,
            "obMatJos2AAABfive",
            Some(PasswordAlgorithms::ALL.0),
        );
        assert_eq!(script.sent(), None);
        script.assert_failure(id, FailReason::Unauthenticated);
    }

    #[test]
    fn a_stale_nonce_later_costs_one_more_round() {
        let (mut script, id, request) = authenticated();
        script.succeed(&request, Some((&key(PasswordAlgorithm::Sha256), true)));
        script.assert_success(id);
        let id = script.binding();
        let request = script.expect();
        challenge(
            &mut script,
            &request,
            438,
            "obMatJos2AAABtwo",
            Some(PasswordAlgorithms::ALL.0),
        );
        let request = script.expect();
        assert_eq!(request.as_ref().nonce(), Some(&b"obMatJos2AAABtwo"[..]));
        script.succeed(&request, Some((&key(PasswordAlgorithm::Sha256), true)));
        script.assert_success(id);
    }

    #[test]
    fn wrong_credentials_are_not_tried_twice() {
        let (mut script, id, request) = authenticated();
        challenge(
            &mut script,
            &request,
            401,
            "obMatJos2AAABtwo",
            Some(PasswordAlgorithms::ALL.0),
        );
        assert_eq!(script.sent(), None);
        script.assert_failure(id, FailReason::Unauthenticated);
    }

    #[test]
    fn the_same_nonce_again_is_a_loop() {
        let (mut script, id, request) = authenticated();
        challenge(
            &mut script,
            &request,
            438,
            "obMatJos2AAABone",
            Some(PasswordAlgorithms::ALL.0),
        );
        script.assert_failure(id, FailReason::Unauthenticated);
    }

    #[test]
    fn refuses_a_stripped_challenge() {
        for (cookie, stripped) in [
            (COOKIES[0], true),
            (COOKIES[2], true),
            (COOKIES[1], false),
            (COOKIES[3], false),
        ] {
            let mut script = script();
            let id = script.binding();
            let first = script.expect();
            challenge(&mut script, &first, 401, &format!("{cookie}one"), None);
            assert_eq!(script.sent().is_none(), stripped, "{cookie}");
            if stripped {
                script.assert_failure(id, FailReason::BidDown);
            }
        }
    }

    #[test]
    fn refuses_to_unlearn_what_a_server_has_shown() {
        for (nonce, algorithms) in [("plain", None), ("obMatJos2AAAAtwo", None)] {
            let (mut script, id, request) = authenticated();
            challenge(&mut script, &request, 438, nonce, algorithms);
            script.assert_failure(id, FailReason::BidDown);
        }
        // Anonymity, once there, stays.
        let mut script = script();
        let id = script.binding();
        let first = script.expect();
        challenge(
            &mut script,
            &first,
            401,
            "obMatJos2AAADone",
            Some(PasswordAlgorithms::ALL.0),
        );
        let second = script.expect();
        challenge(
            &mut script,
            &second,
            438,
            "obMatJos2AAABtwo",
            Some(PasswordAlgorithms::ALL.0),
        );
        script.assert_failure(id, FailReason::BidDown);
    }

    #[test]
    fn refuses_unknown_algorithms() {
        let mut script = script();
        let id = script.binding();
        let first = script.expect();
        challenge(&mut script, &first, 401, "obMatJos2AAABone", Some(&[0, 9, 0, 0]));
        script.assert_failure(id, FailReason::NoCommonAlgorithm);
    }

    #[test]
    fn a_challenge_without_realm_or_nonce_is_none() {
        for nonce in [None, Some(Nonce(b"nonce"))] {
            let mut script = script();
            let id = script.binding();
            let first = script.expect();
            script.reply(&first, Class::ErrorResponse, |writer| {
                writer
                    .attribute(&ErrorCode::UNAUTHENTICATED)
                    .optional(nonce.as_ref());
            });
            script.assert_failure(id, FailReason::Unauthenticated);
        }
    }

    #[test]
    fn ignores_weakened_and_unprotected_responses() {
        let (mut script, id, request) = authenticated();
        script.succeed(&request, None);
        script.succeed(&request, Some((&key(PasswordAlgorithm::Sha256), false)));
        script.succeed(&request, Some((&key(PasswordAlgorithm::Md5), true)));
        // RFC 8489 §9.2.5: 400 without integrity, and a nonce that announces what is not there.
        script.reply(&request, Class::ErrorResponse, |writer| {
            writer.attribute(&ErrorCode::BAD_REQUEST);
        });
        script.reply(&request, Class::SuccessResponse, |writer| {
            writer
                .attribute(&Nonce(b"obMatJos2AAABone"))
                .integrity_sha256(&key(PasswordAlgorithm::Sha256));
        });
        assert_eq!(script.client.poll_event(), None);
        assert_eq!(script.client.stats().integrity_failures, 5);
        script.succeed(&request, Some((&key(PasswordAlgorithm::Sha256), true)));
        script.assert_success(id);
    }

    #[test]
    fn without_credentials_a_challenge_is_the_end() {
        let mut script = Script::new(ClientConfig::default());
        let id = script.binding();
        let first = script.expect();
        challenge(&mut script, &first, 401, "nonce", None);
        script.assert_failure(id, FailReason::Unauthenticated);
    }
}

mod alternate_server {
    use super::*;

    fn redirect(request: &Message, to: &[SocketAddr]) -> Vec<u8> {
        response(request, Class::ErrorResponse, |writer| {
            writer.attribute(&ErrorCode::TRY_ALTERNATE);
            for server in to {
                writer.attribute(&AlternateServer(*server));
            }
            writer.attribute(&AlternateDomain("example.net"));
        })
    }

    #[test]
    fn is_asked_instead() {
        let mut script = Script::new(ClientConfig::default());
        let id = script.binding();
        let first = script.expect();
        let datagram = redirect(&first, &[address("[2001:db8::1]:1"), address(OTHER)]);
        script.client.handle_input(script.now, address(SERVER), &datagram);
        let (to, second) = script.sent().unwrap();
        assert_eq!(to, address(OTHER), "the one of the same family");
        let datagram = response(&second, Class::SuccessResponse, |writer| {
            writer.attribute(&XorMappedAddress(address(MAPPED)));
        });
        script.client.handle_input(script.now, address(SERVER), &datagram);
        assert_eq!(
            script.client.poll_event(),
            None,
            "only the alternate server may answer"
        );
        script.client.handle_input(script.now, address(OTHER), &datagram);
        script.assert_success(id);
    }

    #[test]
    fn circles_end() {
        let mut script = Script::new(ClientConfig::default());
        let id = script.binding();
        let first = script.expect();
        script
            .client
            .handle_input(script.now, address(SERVER), &redirect(&first, &[address(OTHER)]));
        let second = script.expect();
        script
            .client
            .handle_input(script.now, address(OTHER), &redirect(&second, &[address(SERVER)]));
        script.assert_failure(id, FailReason::RedirectLoop);
    }

    #[test]
    fn long_ways_end() {
        let mut script = Script::new(ClientConfig::default());
        let id = script.binding();
        for host in 10..15 {
            let (from, request) = script.sent().unwrap();
            let next = address(&format!("192.0.2.{host}:3478"));
            script
                .client
                .handle_input(script.now, from, &redirect(&request, &[next]));
        }
        let (from, request) = script.sent().unwrap();
        script.client.handle_input(
            script.now,
            from,
            &redirect(&request, &[address("192.0.2.99:3478")]),
        );
        script.assert_failure(id, FailReason::RedirectLoop);
    }

    #[test]
    fn is_left_to_the_caller_over_a_stream() {
        let mut script = Script::new(ClientConfig {
            transport: Transport::Stream,
            ..Default::default()
        });
        let id = script.binding();
        let first = script.expect();
        script
            .client
            .handle_input(script.now, address(SERVER), &redirect(&first, &[address(OTHER)]));
        let domain = Some("example.net".to_owned());
        script.assert_failure(
            id,
            FailReason::Redirected {
                server: address(OTHER),
                domain,
            },
        );
    }
}
