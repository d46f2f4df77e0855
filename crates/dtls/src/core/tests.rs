//! The state machines against peers that do not keep to the script.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::KeyKind;

use super::context::Context;
use super::{Connection, Event};
use crate::alert::{Alert, AlertDescription};
use crate::certificate::{Certificate, PeerVerification};
use crate::codec::put_vector;
use crate::config::{ClientAuth, Config, ExtendedMasterSecret};
use crate::error::CloseReason;
use crate::handshake::{
    CertificateChain, ClientExtensions, ClientHello, ClientKeyExchange, HandshakeHeader, HandshakeType,
    ServerHello, ServerKeyExchange, UseSrtp,
};
use crate::key_schedule::{Randoms, Role};
use crate::reassembly::{Message, Reassembly};
use crate::record::header::{DTLS_1_0, DTLS_1_2, split_record};
use crate::record::{ContentType, HEADER_LENGTH, Opened, RecordHeader};
use crate::suite::{CipherSuite, SrtpProfile};
use crate::{Provider, UnixTime};

fn config() -> Config {
    let provider = Provider::default();
    let time = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
    let certificate = Certificate::self_signed(
        &provider,
        KeyKind::EcdsaP256,
        time(1_700_000_000),
        time(1_900_000_000),
    )
    .unwrap();
    Config {
        certificate: Some(certificate),
        verify: PeerVerification::AcceptAny,
        mtu: 16_000,
        ..Config::new(provider)
    }
}

/// One end under test.
struct End {
    connection: Connection,
    events: Vec<Event>,
    received: Vec<Vec<u8>>,
}

impl End {
    fn client(config: Config, now: Instant) -> Self {
        let mut connection = Connection::client(Arc::new(config), [1; 32]);
        connection.connect(now);
        Self {
            connection,
            events: Vec::new(),
            received: Vec::new(),
        }
    }

    fn server(config: Config) -> Self {
        let connection = Connection::server(Arc::new(config), [2; 32]);
        Self {
            connection,
            events: Vec::new(),
            received: Vec::new(),
        }
    }

    fn input(&mut self, now: Instant, mut datagram: Vec<u8>) {
        for data in self.connection.handle_input(now, &mut datagram) {
            self.received.push(data.into_owned());
        }
        self.events
            .extend(std::iter::from_fn(|| self.connection.poll_event()));
    }

    fn output(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let datagrams = std::iter::from_fn(|| {
            let mut out = Vec::new();
            self.connection.poll_transmit(now, &mut out).map(|_| out)
        });
        datagrams.collect()
    }
}

/// A scripted client: it knows the protocol, but says what it is told to say.
struct ScriptedClient {
    context: Context,
    inbound: Reassembly,
    hello: ClientHello,
}

impl ScriptedClient {
    fn new(hello: ClientHello) -> Self {
        Self {
            context: Context::new(Arc::new(config()), Role::Client, [9; 32]),
            inbound: Reassembly::new(32_768),
            hello,
        }
    }

    /// The flight so far in one datagram.
    fn datagram(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.context
            .flight
            .write_datagram(&mut self.context.records, 60_000, &mut out);
        out
    }

    /// The next handshake message of the server.
    fn expect(&mut self, message_type: HandshakeType) -> Message {
        let message = self.inbound.pop();
        let message = message.filter(|message| message.message_type == message_type);
        let message = message.unwrap_or_else(|| panic!("no {message_type:?}"));
        self.context.received(&message);
        message
    }

    fn take(&mut self, datagrams: Vec<Vec<u8>>) {
        for mut datagram in datagrams {
            let mut rest = &mut datagram[..];
            while let Ok((header, record, tail)) = split_record(rest) {
                let start = match self.context.records.open(&header, record) {
                    Opened::Plaintext(range) if header.epoch == 1 => range,
                    Opened::Plaintext(_) | Opened::NoKey | Opened::Replayed | Opened::Forged => {
                        HEADER_LENGTH..record.len()
                    }
                };
                if header.content_type == ContentType::Handshake {
                    let (fragment_header, fragment, _) = HandshakeHeader::decode(&record[start]).unwrap();
                    self.inbound.insert(header.epoch, &fragment_header, fragment);
                }
                rest = tail;
            }
        }
    }

    /// Answers the server's flight; the messages are in the flight, in order.
    fn answer(&mut self) -> ServerHello {
        self.answer_as(None)
    }

    /// As `answer`; to a server that asks it shows the first certificate, and signs with the key of the second one,
    /// if there is one.
    fn answer_as(&mut self, identity: Option<(&Certificate, Option<&Certificate>)>) -> ServerHello {
        let hello = ServerHello::decode(&self.expect(HandshakeType::SERVER_HELLO).body).unwrap();
        self.expect(HandshakeType::CERTIFICATE);
        let exchange = self.expect(HandshakeType::SERVER_KEY_EXCHANGE);
        let exchange = ServerKeyExchange::decode(&exchange.body).unwrap();
        if identity.is_some() {
            self.expect(HandshakeType::CERTIFICATE_REQUEST);
        }
        self.expect(HandshakeType::SERVER_HELLO_DONE);
        let group = crypto::Group::from_code_point(exchange.group).unwrap();
        let provider = self.context.config.provider.clone();
        let (share, secret) = provider.answer_key_exchange(group, exchange.share).unwrap();
        self.context.flight.begin();
        if let Some((shown, _)) = identity {
            self.context.send_chain(Some(shown));
        }
        self.context.send(HandshakeType::CLIENT_KEY_EXCHANGE, |out| {
            ClientKeyExchange { share: &share }.encode(out)
        });
        let negotiated = super::context::Negotiated {
            suite: CipherSuite::from_code_point(hello.cipher_suite).unwrap(),
            randoms: Randoms {
                client: self.hello.random,
                server: hello.random,
            },
            extended_master_secret: hello.extensions.extended_master_secret,
        };
        self.context.derive(&negotiated, secret.as_ref()).unwrap();
        if let Some((_, Some(signer))) = identity {
            self.context.send_certificate_verify(signer, &[0x0403]).unwrap();
        }
        self.context.send_finished().unwrap();
        hello
    }
}

fn plain_hello() -> ClientHello {
    ClientHello {
        version: DTLS_1_2,
        random: [7; 32],
        session_id: vec![],
        cookie: vec![],
        cipher_suites: vec![0xc02b],
        compression_methods: vec![0],
        extensions: ClientExtensions {
            supported_groups: Some(vec![29]),
            signature_algorithms: Some(vec![0x0403]),
            extended_master_secret: true,
            ..ClientExtensions::default()
        },
    }
}

/// What Chromium 156 sends: DTLS 1.3 and a post-quantum share, GREASE, extensions in a random order, 1413 bytes.
/// The lists are those of the capture described in the project's notes; key shares and randoms are made up.
fn browser_hello(body: &mut Vec<u8>) -> ClientHello {
    let mut hello = plain_hello();
    hello.cipher_suites = vec![
        0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014,
        0x009c, 0x002f, 0x0035,
    ];
    hello.extensions = ClientExtensions {
        supported_groups: Some(vec![0x2a2a, 0x11ec, 0x1d, 0x17, 0x18]),
        point_formats: Some(vec![0]),
        signature_algorithms: Some(vec![
            0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201,
        ]),
        use_srtp: Some(UseSrtp {
            profiles: vec![1, 8, 7],
            mki: vec![],
        }),
        extended_master_secret: true,
        supported_versions: Some(vec![0xfefc, 0xfefd]),
        renegotiation_info: Some(vec![]),
        ..ClientExtensions::default()
    };
    let mut known = Vec::new();
    hello.encode(&mut known);
    let prefix = 2 + 32 + 1 + 1 + 2 + 2 * hello.cipher_suites.len() + 2;
    body.extend_from_slice(&known[..prefix]);
    put_vector::<2>(body, |out| {
        // GREASE first and last, key shares of X25519MLKEM768 and X25519, PSK modes, session ticket in between.
        out.extend_from_slice(&[0x8a, 0x8a, 0, 0]);
        out.extend_from_slice(&[0, 51]);
        put_vector::<2>(out, |out| {
            put_vector::<2>(out, |out| {
                out.extend_from_slice(&[0x2a, 0x2a, 0, 1, 0, 0x11, 0xec]);
                put_vector::<2>(out, |out| out.extend_from_slice(&[3; 1216]));
                out.extend_from_slice(&[0, 0x1d]);
                put_vector::<2>(out, |out| out.extend_from_slice(&[4; 32]));
            });
        });
        out.extend_from_slice(&[0, 35, 0, 0]);
        out.extend_from_slice(&known[prefix + 2..]);
        out.extend_from_slice(&[0, 45, 0, 2, 1, 1]);
        out.extend_from_slice(&[0xba, 0xba, 0, 1, 0]);
    });
    hello
}

/// Fragments of a first hello, each in a datagram of its own.
fn fragments(body: &[u8], ranges: &[std::ops::Range<usize>]) -> Vec<Vec<u8>> {
    let fragment = |(number, range): (usize, &std::ops::Range<usize>)| {
        let header = HandshakeHeader {
            message_type: HandshakeType::CLIENT_HELLO,
            length: body.len(),
            message_sequence: 0,
            fragment_offset: range.start,
            fragment_length: range.len(),
        };
        let payload = [&header.encode(), &body[range.clone()]].concat();
        let record = RecordHeader {
            content_type: ContentType::Handshake,
            version: DTLS_1_0,
            epoch: 0,
            sequence_number: number as u64,
            length: u16::try_from(payload.len()).unwrap(),
        };
        [record.encode().as_slice(), &payload].concat()
    };
    ranges.iter().enumerate().map(fragment).collect()
}

/// A first hello in one datagram.
fn whole(body: &[u8]) -> Vec<u8> {
    let all = 0..body.len();
    fragments(body, std::slice::from_ref(&all)).concat()
}

#[test]
fn a_browser_that_offers_more_is_answered_with_dtls_1_2() {
    let now = Instant::now();
    let mut body = Vec::new();
    let hello = browser_hello(&mut body);
    let end = body.len();
    assert!((1350..1500).contains(&end), "{end} bytes");
    for ranges in [
        vec![0..1175, 1175..end],
        vec![1175..end, 0..1175],
        vec![0..800, 400..1175, 1000..end],
        vec![900..end, 0..10, 5..1000],
        vec![0..1175, 0..1175, 1175..end, 1175..end],
    ] {
        let mut server = End::server(Config {
            srtp_profiles: SrtpProfile::ALL.to_vec(),
            ..config()
        });
        let mut datagrams = fragments(&body, &ranges);
        let last = datagrams.pop().unwrap();
        datagrams
            .into_iter()
            .for_each(|datagram| server.input(now, datagram));
        let complete = ranges.len() == 4;
        assert_eq!(
            server.output(now).is_empty(),
            !complete,
            "no answer before the hello is whole"
        );
        let mut client = ScriptedClient::new(hello.clone());
        if complete {
            // The last fragment is a copy; the flight is on its way already.
            server.connection.context.flight.rewind();
        }
        server.input(now, last);
        client.take(server.output(now));

        let whole =
            HandshakeHeader::message(HandshakeType::CLIENT_HELLO, 0, |out| out.extend_from_slice(&body));
        client.context.transcript.push(&whole);
        client.context.flight.set_next_sequence(1);
        let answer = client.answer();
        assert_eq!((answer.version, answer.cipher_suite), (DTLS_1_2, 0xc02b));
        assert_eq!(
            answer.extensions.use_srtp,
            Some(UseSrtp {
                profiles: vec![7],
                mki: vec![]
            })
        );
        assert_eq!(answer.extensions.unsolicited(&hello.extensions), None);
        server.input(now, client.datagram());
        assert_eq!(server.events, [Event::Connected], "{ranges:?}");
        assert_eq!(server.connection.group(), Some(crypto::Group::X25519));
    }
}

/// A server's answer to this hello in one datagram.
fn hello_ends_with(change: impl FnOnce(&mut ClientHello)) -> Vec<Event> {
    let mut hello = plain_hello();
    change(&mut hello);
    let mut body = Vec::new();
    hello.encode(&mut body);
    let mut server = End::server(config());
    let now = Instant::now();
    server.input(now, whole(&body));
    let reply = server.output(now);
    assert_eq!(server.connection.is_closed(), !server.events.is_empty());
    if server.connection.is_closed() {
        let [Event::Closed(CloseReason::HandshakeFailed { alert, .. })] = server.events[..] else {
            panic!("{:?}", server.events)
        };
        assert_eq!(
            reply[0][HEADER_LENGTH..],
            Alert::fatal(alert).encode(),
            "the client is told"
        );
    }
    server.events
}

fn failed(alert: AlertDescription, cause: &'static str) -> Vec<Event> {
    vec![Event::Closed(CloseReason::HandshakeFailed { alert, cause })]
}

#[test]
fn hellos_that_a_server_refuses() {
    use AlertDescription as Alert;
    assert_eq!(hello_ends_with(|_| {}), []);
    let version = failed(Alert::PROTOCOL_VERSION, "the client does not speak DTLS 1.2");
    assert_eq!(hello_ends_with(|hello| hello.version = DTLS_1_0), version);
    assert_eq!(hello_ends_with(|hello| hello.version = 0x0303), version);
    assert_eq!(
        hello_ends_with(|hello| hello.extensions.supported_versions = Some(vec![0xfefc])),
        version
    );
    assert_eq!(
        hello_ends_with(|hello| hello.extensions.supported_versions = Some(vec![0xfefc, 0xfefd])),
        []
    );
    assert_eq!(
        hello_ends_with(|hello| hello.compression_methods = vec![1]),
        failed(Alert::ILLEGAL_PARAMETER, "the client demands compression")
    );
    assert_eq!(
        hello_ends_with(|hello| hello.extensions.extended_master_secret = false),
        failed(Alert::HANDSHAKE_FAILURE, "no extended master secret")
    );
    assert_eq!(
        hello_ends_with(|hello| hello.extensions.renegotiation_info = Some(vec![1])),
        failed(Alert::HANDSHAKE_FAILURE, "renegotiation_info is not empty")
    );
    assert_eq!(
        hello_ends_with(|hello| hello.extensions.point_formats = Some(vec![1, 2])),
        failed(Alert::ILLEGAL_PARAMETER, "uncompressed points are not supported")
    );
    for schemes in [None, Some(vec![]), Some(vec![0x0804, 0x0201])] {
        assert_eq!(
            hello_ends_with(|hello| hello.extensions.signature_algorithms = schemes),
            failed(Alert::HANDSHAKE_FAILURE, "no common signature scheme")
        );
    }
    assert_eq!(
        hello_ends_with(|hello| hello.extensions.protocols = vec![vec![]]),
        failed(Alert::DECODE_ERROR, "empty protocol name")
    );
}

#[test]
fn renegotiation_info_is_answered_whichever_way_it_is_offered() {
    let now = Instant::now();
    for (offer, expected) in [
        (plain_hello(), None),
        (
            ClientHello {
                cipher_suites: vec![0xc02b, 0x00ff],
                ..plain_hello()
            },
            Some(vec![]),
        ),
    ] {
        let mut body = Vec::new();
        offer.encode(&mut body);
        let mut server = End::server(config());
        server.input(now, whole(&body));
        let mut client = ScriptedClient::new(offer);
        client.take(server.output(now));
        let hello = ServerHello::decode(&client.expect(HandshakeType::SERVER_HELLO).body).unwrap();
        assert_eq!(hello.extensions.renegotiation_info, expected);
        assert_eq!(hello.extensions.protocol, None);
    }
}

#[test]
fn an_old_client_is_accepted_when_that_is_configured() {
    let now = Instant::now();
    let mut hello = plain_hello();
    hello.extensions.extended_master_secret = false;
    let mut server = End::server(Config {
        extended_master_secret: ExtendedMasterSecret::Offered,
        ..config()
    });
    let mut client = ScriptedClient::new(hello.clone());
    client
        .context
        .send(HandshakeType::CLIENT_HELLO, |out| hello.encode(out));
    server.input(now, client.datagram());
    client.take(server.output(now));
    assert!(!client.answer().extensions.extended_master_secret);
    server.input(now, client.datagram());
    assert_eq!(server.events, [Event::Connected]);
}

/// A server with a scripted client that has sent its hello and made its second flight.
fn answered() -> (End, ScriptedClient, Instant) {
    let now = Instant::now();
    let mut server = End::server(config());
    let hello = plain_hello();
    let mut client = ScriptedClient::new(hello.clone());
    client
        .context
        .send(HandshakeType::CLIENT_HELLO, |out| hello.encode(out));
    server.input(now, client.datagram());
    client.take(server.output(now));
    client.answer();
    (server, client, now)
}

#[test]
fn a_client_has_to_prove_its_certificate() {
    let [ours, stolen] = [config(), config()].map(|config| config.certificate.unwrap());
    let run = |shown: &Certificate, signer: Option<&Certificate>| {
        let now = Instant::now();
        let fingerprint = stolen.fingerprint(crate::FingerprintAlgorithm::Sha256);
        let mut server = End::server(Config {
            client_auth: ClientAuth::Require,
            verify: PeerVerification::Fingerprints(vec![fingerprint]),
            ..config()
        });
        let hello = plain_hello();
        let mut client = ScriptedClient::new(hello.clone());
        client
            .context
            .send(HandshakeType::CLIENT_HELLO, |out| hello.encode(out));
        server.input(now, client.datagram());
        client.take(server.output(now));
        client.answer_as(Some((shown, signer)));
        server.input(now, client.datagram());
        server.events
    };
    assert_eq!(run(&stolen, Some(&stolen)), [Event::Connected]);
    assert_eq!(
        run(&stolen, Some(&ours)),
        failed(
            AlertDescription::DECRYPT_ERROR,
            "bad signature of the client's certificate"
        )
    );
    assert_eq!(
        run(&stolen, None),
        failed(
            AlertDescription::UNEXPECTED_MESSAGE,
            "handshake message out of its turn"
        ),
        "a Finished instead of the proof"
    );
    assert!(matches!(
        run(&ours, Some(&ours))[..],
        [Event::Closed(CloseReason::FingerprintMismatch { .. })]
    ));
}

/// The records of a datagram.
fn records(mut datagram: Vec<u8>) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut rest = &mut datagram[..];
    while let Ok((_, record, tail)) = split_record(rest) {
        records.push(record.to_vec());
        rest = tail;
    }
    records
}

#[test]
fn a_finished_and_data_before_the_keys_are_kept() {
    let (mut server, mut client, now) = answered();
    let mut flight = records(client.datagram());
    assert_eq!(flight.len(), 3, "key exchange, change cipher spec, finished");
    let mut data = Vec::new();
    client
        .context
        .records
        .write(1, ContentType::ApplicationData, b"early", &mut data);
    flight.push(data);
    flight.reverse();
    for record in flight {
        assert!(server.received.is_empty());
        server.input(now, record);
    }
    assert_eq!(server.events, [Event::Connected]);
    assert_eq!(server.received, [b"early"]);
    let stats = server.connection.stats();
    assert_eq!((stats.records_received, stats.bytes_received), (1, 5));
}

#[test]
fn early_records_are_bounded() {
    let (mut server, mut client, now) = answered();
    for _ in 0..100 {
        let mut data = Vec::new();
        client
            .context
            .records
            .write(1, ContentType::ApplicationData, &[0; 1000], &mut data);
        server.input(now, data);
    }
    assert!(
        server.connection.held_bytes() < 40_000,
        "{}",
        server.connection.held_bytes()
    );
    server.input(now, client.datagram());
    assert_eq!(server.events, [Event::Connected]);
    assert_eq!(server.received.len(), 31, "32 KiB of records of 1037 bytes");
    assert_eq!(server.connection.stats().dropped.wrong_epoch, 69);
}

#[test]
fn a_finished_in_plaintext_is_refused() {
    let (mut server, mut client, now) = answered();
    let flight = records(client.datagram());
    let mut finished = flight[2].clone();
    // The scripted client's own keys would not open it; what matters is that it comes in epoch 0.
    let message = HandshakeHeader::message(HandshakeType::FINISHED, 2, |out| out.extend_from_slice(&[0; 12]));
    finished.clear();
    client
        .context
        .records
        .write(0, ContentType::Handshake, &message, &mut finished);
    server.input(now, flight[0].clone());
    server.input(now, finished);
    assert_eq!(
        server.events,
        failed(
            AlertDescription::UNEXPECTED_MESSAGE,
            "handshake message out of its turn"
        )
    );
}

#[test]
fn a_servers_finished_in_plaintext_is_refused() {
    let now = Instant::now();
    let mut client = End::client(config(), now);
    let mut server = End::server(config());
    client
        .output(now)
        .into_iter()
        .for_each(|datagram| server.input(now, datagram));
    let flight = server.output(now);
    let record = RecordHeader::decode(&flight[0]).unwrap();
    flight
        .into_iter()
        .for_each(|datagram| client.input(now, datagram));
    client.output(now);
    // ServerHello, Certificate, ServerKeyExchange and ServerHelloDone were 0 to 3.
    let message = HandshakeHeader::message(HandshakeType::FINISHED, 4, |out| out.extend_from_slice(&[0; 12]));
    let length = u16::try_from(message.len()).unwrap();
    client.input(
        now,
        [RecordHeader { length, ..record }.encode().as_slice(), &message].concat(),
    );
    let turn = failed(
        AlertDescription::UNEXPECTED_MESSAGE,
        "handshake message out of its turn",
    );
    assert_eq!(client.events, turn);
}

#[test]
fn a_wrong_finished_is_refused() {
    let (mut server, mut client, now) = answered();
    let flight = records(client.datagram());
    server.input(now, flight[0].clone());
    let message = HandshakeHeader::message(HandshakeType::FINISHED, 2, |out| out.extend_from_slice(&[0; 12]));
    let mut finished = Vec::new();
    client
        .context
        .records
        .write(1, ContentType::Handshake, &message, &mut finished);
    server.input(now, finished);
    assert_eq!(
        server.events,
        failed(
            AlertDescription::DECRYPT_ERROR,
            "Finished does not match the handshake"
        )
    );
}

#[test]
fn a_lost_last_flight_is_sent_again_but_not_for_every_copy() {
    let (mut server, mut client, now) = answered();
    server.input(now, client.datagram());
    assert_eq!(server.output(now).len(), 1, "lost");
    let mut resent = 0;
    for millis in 0..1000 {
        let now = now + Duration::from_millis(millis);
        client.context.flight.rewind();
        let again = client.datagram();
        server.input(now, again);
        resent += server.output(now).len();
    }
    assert_eq!(resent, 3, "at most every quarter of the timeout");
    assert_eq!(server.connection.stats().resends, 3);
    // Data shows that the client has it.
    let mut data = Vec::new();
    client
        .context
        .records
        .write(1, ContentType::ApplicationData, b"thanks", &mut data);
    server.input(now, data);
    client.context.flight.rewind();
    let again = client.datagram();
    server.input(now + Duration::from_secs(9), again);
    assert!(server.output(now).is_empty());
}

#[test]
fn renegotiation_is_refused_politely() {
    let (mut server, mut client, now) = answered();
    server.input(now, client.datagram());
    client.take(server.output(now));
    let mut hello = Vec::new();
    plain_hello().encode(&mut hello);
    let message = HandshakeHeader::message(HandshakeType::CLIENT_HELLO, 3, |out| {
        out.extend_from_slice(&hello)
    });
    let mut record = Vec::new();
    client
        .context
        .records
        .write(1, ContentType::Handshake, &message, &mut record);
    server.input(now, record);
    let mut replies = server.output(now);
    assert_eq!(replies.len(), 1);
    let header = RecordHeader::decode(&replies[0]).unwrap();
    let Opened::Plaintext(range) = client.context.records.open(&header, &mut replies[0]) else {
        panic!()
    };
    assert_eq!(
        replies[0][range],
        Alert::warning(AlertDescription::NO_RENEGOTIATION).encode()
    );
    assert!(server.connection.is_connected());
    assert_eq!(server.connection.held_bytes(), 0, "nothing of it is kept");
}

#[test]
fn what_is_forged_in_plaintext_means_nothing_once_connected() {
    let (mut server, mut client, now) = answered();
    server.input(now, client.datagram());
    server.output(now);
    let mut forged = Vec::new();
    let alert = Alert::fatal(AlertDescription::HANDSHAKE_FAILURE).encode();
    client
        .context
        .records
        .write(0, ContentType::Alert, &alert, &mut forged);
    client
        .context
        .records
        .write(0, ContentType::ApplicationData, b"forged", &mut forged);
    client
        .context
        .records
        .write(0, ContentType::ChangeCipherSpec, &[1], &mut forged);
    server.input(now, forged);
    assert!(server.connection.is_connected() && server.received.is_empty());
    assert_eq!(server.connection.stats().dropped.wrong_epoch, 3);
}

#[test]
fn records_are_counted_by_what_is_wrong_with_them() {
    let (mut server, mut client, now) = answered();
    server.input(now, client.datagram());
    server.output(now);
    let mut record = Vec::new();
    client
        .context
        .records
        .write(1, ContentType::ApplicationData, b"once", &mut record);
    let mut forged = record.clone();
    forged[20] ^= 1;
    server.input(now, forged);
    server.input(now, record.clone());
    server.input(now, record.clone());
    server.input(now, record[..20].to_vec());
    server.input(now, vec![]);
    let mut other_epoch = record;
    other_epoch[4] = 2;
    server.input(now, other_epoch);
    assert_eq!(server.received, [b"once"]);
    let dropped = server.connection.stats().dropped;
    assert_eq!(
        (
            dropped.forged,
            dropped.replayed,
            dropped.malformed,
            dropped.wrong_epoch
        ),
        (1, 1, 1, 1)
    );
}

/// Runs a client against a server whose messages are changed on the way, until somebody gives up.
fn tampered(change: impl Fn(HandshakeType, &mut Vec<u8>)) -> Vec<Event> {
    let now = Instant::now();
    let mut client = End::client(config(), now);
    let mut server = End::server(Config {
        client_auth: ClientAuth::Request,
        ..config()
    });
    for datagram in client.output(now) {
        server.input(now, datagram);
    }
    for datagram in server.output(now) {
        for record in records(datagram) {
            let (header, body, _) = HandshakeHeader::decode(&record[HEADER_LENGTH..]).unwrap();
            let mut body = body.to_vec();
            change(header.message_type, &mut body);
            let message_type = if body.first() == Some(&0xee) {
                HandshakeType(body.remove(0))
            } else {
                header.message_type
            };
            let message =
                HandshakeHeader::message(message_type, header.message_sequence, |out| out.extend(body));
            let length = u16::try_from(message.len()).unwrap();
            let header = RecordHeader {
                length,
                ..RecordHeader::decode(&record).unwrap()
            };
            client.input(now, [header.encode().as_slice(), &message].concat());
        }
    }
    client.events
}

/// Changes one kind of message.
fn tampered_in(only: HandshakeType, change: impl Fn(&mut Vec<u8>)) -> Vec<Event> {
    tampered(|message_type, body| {
        if message_type == only {
            change(body);
        }
    })
}

fn with_hello(change: impl Fn(&mut ServerHello)) -> Vec<Event> {
    tampered_in(HandshakeType::SERVER_HELLO, |body| {
        let mut hello = ServerHello::decode(body).unwrap();
        change(&mut hello);
        body.clear();
        hello.encode(body);
    })
}

#[test]
fn server_hellos_that_a_client_refuses() {
    use AlertDescription as Alert;
    assert_eq!(with_hello(|_| {}), []);
    assert_eq!(
        with_hello(|hello| hello.version = DTLS_1_0),
        failed(Alert::PROTOCOL_VERSION, "the server does not speak DTLS 1.2")
    );
    let suite = failed(Alert::ILLEGAL_PARAMETER, "cipher suite was not offered");
    assert_eq!(with_hello(|hello| hello.cipher_suite = 0xc013), suite);
    assert_eq!(
        with_hello(|hello| hello.compression_method = 1),
        failed(Alert::ILLEGAL_PARAMETER, "compression was not offered")
    );
    assert_eq!(
        with_hello(|hello| hello.extensions.extended_master_secret = false),
        failed(Alert::HANDSHAKE_FAILURE, "no extended master secret")
    );
    assert_eq!(
        with_hello(|hello| hello.extensions.renegotiation_info = Some(vec![1])),
        failed(Alert::HANDSHAKE_FAILURE, "renegotiation_info is not empty")
    );
    let unsolicited = failed(Alert::UNSUPPORTED_EXTENSION, "extension was not offered");
    assert_eq!(
        with_hello(|hello| hello.extensions.protocol = Some(b"h3".to_vec())),
        unsolicited
    );
    let use_srtp = UseSrtp {
        profiles: vec![1],
        mki: vec![],
    };
    assert_eq!(
        with_hello(|hello| hello.extensions.use_srtp = Some(use_srtp.clone())),
        unsolicited
    );
    // The server's key is ECDSA, whatever its hello says.
    assert!(matches!(
        with_hello(|hello| hello.cipher_suite = 0xc02f)[..],
        [Event::Closed(CloseReason::CertificateRejected(_))]
    ));
}

#[test]
fn key_exchanges_that_a_client_refuses() {
    use AlertDescription as Alert;
    let exchange = |change: &dyn Fn(&mut Vec<u8>)| tampered_in(HandshakeType::SERVER_KEY_EXCHANGE, change);
    let bad_signature = failed(Alert::DECRYPT_ERROR, "bad signature of the key exchange");
    assert_eq!(exchange(&|body| body[10] ^= 1), bad_signature);
    assert_eq!(exchange(&|body| *body.last_mut().unwrap() ^= 1), bad_signature);
    let group = failed(Alert::ILLEGAL_PARAMETER, "group was not offered");
    assert_eq!(exchange(&|body| body[2] = 0x19), group);
    assert_eq!(exchange(&|body| body[1..3].copy_from_slice(&[0x11, 0xec])), group);
    // curve type, group, length and share of 32 bytes, then the scheme.
    let scheme = failed(Alert::ILLEGAL_PARAMETER, "signature scheme was not offered");
    assert_eq!(exchange(&|body| body[36..38].copy_from_slice(&[2, 1])), scheme);
    assert_eq!(
        exchange(&|body| body[36..38].copy_from_slice(&[4, 1])),
        bad_signature,
        "RSA with an ECDSA key"
    );
    assert_eq!(
        exchange(&|body| body.push(0)),
        failed(Alert::DECODE_ERROR, "bytes after the end")
    );
}

#[test]
fn messages_out_of_their_turn_end_the_handshake() {
    let turn = failed(
        AlertDescription::UNEXPECTED_MESSAGE,
        "handshake message out of its turn",
    );
    for (from, to) in [
        (HandshakeType::SERVER_HELLO, HandshakeType::CERTIFICATE),
        (HandshakeType::CERTIFICATE, HandshakeType::SERVER_KEY_EXCHANGE),
        (
            HandshakeType::SERVER_KEY_EXCHANGE,
            HandshakeType::SERVER_HELLO_DONE,
        ),
        (HandshakeType::SERVER_KEY_EXCHANGE, HandshakeType::FINISHED),
        (HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE),
        (HandshakeType::SERVER_HELLO_DONE, HandshakeType::CLIENT_HELLO),
        (HandshakeType::SERVER_HELLO_DONE, HandshakeType(99)),
    ] {
        let events = tampered_in(from, |body| *body = [&[0xee, to.0], &body[..]].concat());
        assert_eq!(events, turn, "{from:?} as {to:?}");
    }
    assert_eq!(
        tampered_in(HandshakeType::SERVER_HELLO_DONE, |body| body.push(0)),
        turn
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_refused() {
    for change in [
        &(|body: &mut Vec<u8>| body[7] ^= 0xff) as &dyn Fn(&mut Vec<u8>),
        &|body| *body = vec![0, 0, 0],
    ] {
        let events = tampered_in(HandshakeType::CERTIFICATE, change);
        assert!(
            matches!(events[..], [Event::Closed(CloseReason::CertificateRejected(_))]),
            "{events:?}"
        );
    }
}

/// What a client thinks of this Certificate message.
fn with_certificates(body: &[u8]) -> Vec<Event> {
    tampered_in(HandshakeType::CERTIFICATE, |message| *message = body.to_vec())
}

fn is_refused(events: &[Event]) -> bool {
    matches!(
        events,
        [Event::Closed(
            CloseReason::CertificateRejected(_) | CloseReason::HandshakeFailed { .. }
        )]
    )
}

#[test]
fn certificates_cut_off_anywhere_are_refused() {
    let certificate = config().certificate.unwrap();
    let mut whole = Vec::new();
    CertificateChain::encode(certificate.chain(), &mut whole);
    let der = certificate.chain()[0].to_vec();
    for length in 0..whole.len() {
        // Once the message, and once the certificate in a message that is whole.
        let events = with_certificates(&whole[..length]);
        assert!(is_refused(&events), "{length} bytes of the message: {events:?}");
        if length < der.len() {
            let mut body = Vec::new();
            CertificateChain::encode(&[der[..length].into()], &mut body);
            let events = with_certificates(&body);
            assert!(
                is_refused(&events),
                "{length} bytes of the certificate: {events:?}"
            );
        }
    }
}

#[test]
fn a_crowd_of_certificates_is_refused() {
    // The server's certificate that many times, or others.
    let chain = |count: usize, other: Option<&[u8]>| {
        tampered_in(HandshakeType::CERTIFICATE, |message| {
            let own = CertificateChain::decode(message).unwrap().0.remove(0);
            message.clear();
            CertificateChain::encode(&vec![other.map_or(own, Into::into); count], message);
        })
    };
    assert_eq!(chain(16, None), [], "the bound itself");
    assert!(is_refused(&chain(17, None)));
    // As many as a record carries.
    assert!(is_refused(&chain(4000, Some(&[0]))));
    assert!(is_refused(&chain(1, Some(&[0x30; 16_000]))));
}

#[test]
fn floods_of_fragments_and_epochs_are_bounded_and_counted() {
    let now = Instant::now();
    let limit = config().max_message;
    let (mut server, mut client, _) = answered();
    let record = |epoch: u16, number: u64, content_type, payload: &[u8]| {
        let header = RecordHeader {
            content_type,
            version: DTLS_1_2,
            epoch,
            sequence_number: number,
            length: u16::try_from(payload.len()).unwrap(),
        };
        [header.encode().as_slice(), payload].concat()
    };
    for number in 0..20_000_u64 {
        let n = usize::try_from(number).unwrap();
        // Far ahead, of any length, overlapping: none of it is what the server waits for.
        let header = HandshakeHeader {
            message_type: HandshakeType::FINISHED,
            length: if n % 3 == 0 { 0xff_ffff } else { limit - n % 5 },
            message_sequence: 4 + u16::try_from(n % 2000).unwrap(),
            fragment_offset: n % 1000,
            fragment_length: n % 100,
        };
        let fragment = [&header.encode()[..], &vec![1; n % 100]].concat();
        server.input(now, record(0, number, ContentType::Handshake, &fragment));
        let epoch = u16::try_from(n % 7).unwrap();
        server.input(
            now,
            record(epoch, number, ContentType::ApplicationData, &[2; 900]),
        );
    }
    assert!(
        server.connection.held_bytes() <= 2 * limit + 2 * 32 * 1024,
        "{} bytes held",
        server.connection.held_bytes()
    );
    let dropped = server.connection.stats().dropped;
    assert!(
        dropped.fragments > 15_000 && dropped.wrong_epoch > 10_000,
        "{dropped:?}"
    );
    assert_eq!(server.events, [], "the handshake goes on");
    // What the server waits for has the lowest numbers, so there is room for it.
    server.input(now, client.datagram());
    assert!(server.connection.is_connected(), "{:?}", server.events);
}

#[test]
fn a_forged_piece_of_a_hello_keeps_nobody_out() {
    let now = Instant::now();
    let mut body = Vec::new();
    plain_hello().encode(&mut body);
    let piece = 0..10;
    let mut forged = fragments(&body, std::slice::from_ref(&piece)).concat();
    // The highest number that a first hello may have.
    forged[HEADER_LENGTH + 5] = 8;
    let mut server = End::server(config());
    server.input(now, forged);
    assert_eq!(server.output(now), Vec::<Vec<u8>>::new());
    server.input(now, whole(&body));
    assert!(!server.output(now).is_empty(), "no answer to the true hello");
}

#[test]
fn a_forged_piece_costs_no_more_than_a_repetition() {
    let (mut server, mut client, now) = answered();
    // Somebody who cannot read the datagrams is ahead of the client, with the number that is expected.
    let header = HandshakeHeader {
        message_type: HandshakeType::CLIENT_KEY_EXCHANGE,
        length: 1000,
        message_sequence: 1,
        fragment_offset: 0,
        fragment_length: 1,
    };
    let payload = [header.encode().as_slice(), &[0]].concat();
    let record = RecordHeader {
        content_type: ContentType::Handshake,
        version: DTLS_1_2,
        epoch: 0,
        sequence_number: 9,
        length: 13,
    };
    server.input(now, [record.encode().as_slice(), &payload].concat());
    server.input(now, client.datagram());
    assert!(server.connection.is_connected(), "{:?}", server.events);
    assert_eq!(server.connection.stats().dropped.fragments, 1);
}

#[test]
fn a_hello_over_the_limit_is_never_assembled() {
    let now = Instant::now();
    let mut server = End::server(config());
    let header = HandshakeHeader {
        message_type: HandshakeType::CLIENT_HELLO,
        length: 40_000,
        message_sequence: 0,
        fragment_offset: 0,
        fragment_length: 100,
    };
    let payload = [header.encode().as_slice(), &[0; 100]].concat();
    let record = RecordHeader {
        content_type: ContentType::Handshake,
        version: DTLS_1_0,
        epoch: 0,
        sequence_number: 0,
        length: 112,
    };
    server.input(now, [record.encode().as_slice(), &payload].concat());
    assert_eq!(server.connection.stats().dropped.fragments, 1);
    assert_eq!(server.connection.held_bytes(), 0);
}

#[test]
fn a_server_with_cookies_keeps_nothing_and_never_amplifies() {
    let now = Instant::now();
    let mut server = End::server(Config {
        cookies: true,
        ..config()
    });
    let hello = plain_hello();
    let (mut received, mut sent) = (0, 0);
    for random in 0..200 {
        let mut body = Vec::new();
        ClientHello {
            random: [random; 32],
            cookie: vec![random; 32],
            ..hello.clone()
        }
        .encode(&mut body);
        for datagram in fragments(&body, &[0..90, 90..body.len()]) {
            received += datagram.len();
            server.input(now, datagram);
            sent += server.output(now).iter().map(Vec::len).sum::<usize>();
        }
    }
    assert!(sent <= received, "{sent} for {received}");
    assert_eq!(server.connection.held_bytes(), 0);
    assert!(!server.connection.is_peer_validated());
    assert_eq!(server.connection.poll_timeout(), None);
}

/// RFC 6347 §4.2.1
#[test]
fn a_server_hello_continues_the_numbers_of_the_hello_with_the_cookie() {
    let now = Instant::now();
    let mut client = End::client(config(), now);
    let mut server = End::server(Config {
        cookies: true,
        ..config()
    });
    for expected in [0, 1] {
        let hello = client.output(now).concat();
        assert_eq!(RecordHeader::decode(&hello).unwrap().sequence_number, expected);
        server.input(now, hello);
        let reply = server.output(now).concat();
        let record = RecordHeader::decode(&reply).unwrap();
        let (header, _, _) = HandshakeHeader::decode(&reply[HEADER_LENGTH..]).unwrap();
        assert_eq!(
            (record.sequence_number, u64::from(header.message_sequence)),
            (expected, expected)
        );
        client.input(now, reply);
    }
}

#[test]
fn a_connection_can_be_sent_to_another_thread_and_is_small() {
    fn is_send<T: Send>(_: &T) {}
    let now = Instant::now();
    let mut client = End::client(config(), now);
    let mut server = End::server(config());
    is_send(&client.connection);
    for _ in 0..4 {
        client
            .output(now)
            .into_iter()
            .for_each(|datagram| server.input(now, datagram));
        server
            .output(now)
            .into_iter()
            .for_each(|datagram| client.input(now, datagram));
    }
    assert!(client.connection.is_connected() && server.connection.is_connected());
    assert!(
        size_of::<Connection>() < 1500,
        "{} bytes",
        size_of::<Connection>()
    );
}
