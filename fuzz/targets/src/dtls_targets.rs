//! DTLS: records and handshake messages, certificates, and two connections.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dtls::core::Connection;
use dtls::handshake::{
    CertificateChain, CertificateRequest, CertificateVerify, ClientHello, ClientHelloPrefix,
    ClientKeyExchange, HandshakeHeader, HelloVerifyRequest, ServerHello, ServerKeyExchange,
};
use dtls::record::{RecordHeader, header::split_record};
use dtls::{
    Alert, Certificate, ClientAuth, Config, Event, Fingerprint, FingerprintAlgorithm, PeerVerification,
    SrtpProfile,
};

use crate::duel::{Core, Script, duel};

/// Records, and the bytes as the body of every handshake message.
///
/// # Panics
/// When a law is broken.
pub fn dtls_decode(data: &[u8]) {
    let mut datagram = data.to_vec();
    let mut rest = datagram.as_mut_slice();
    while let Ok((_, _, next)) = split_record(rest) {
        rest = next;
    }
    let _ = (
        RecordHeader::decode(data),
        Alert::decode(data),
        ClientHelloPrefix::decode(data),
    );
    let mut messages = data;
    while let Ok((header, body, next)) = HandshakeHeader::decode(messages) {
        let _ = header.encode();
        bodies(body);
        messages = next;
    }
    bodies(data);
}

fn bodies(body: &[u8]) {
    let mut out = Vec::new();
    if let Ok(hello) = ClientHello::decode(body) {
        hello.encode(&mut out);
        assert!(ClientHello::decode(&out).is_ok(), "what is written is read");
    }
    out.clear();
    if let Ok(hello) = ServerHello::decode(body) {
        hello.encode(&mut out);
        assert!(ServerHello::decode(&out).is_ok(), "what is written is read");
    }
    let _ = (
        HelloVerifyRequest::decode(body),
        CertificateChain::decode(body),
        CertificateRequest::decode(body),
    );
    let _ = (
        CertificateVerify::decode(body),
        ServerKeyExchange::decode(body),
        ClientKeyExchange::decode(body),
    );
}

/// Fingerprints and PEM as text.
///
/// # Panics
/// When a law is broken.
pub fn dtls_certificate(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        let written = fingerprint.to_string();
        assert_eq!(
            written.parse::<Fingerprint>(),
            Ok(fingerprint),
            "what is written is read"
        );
    }
    let (chain, key) = text.split_once('\0').unwrap_or((text, text));
    let _ = Certificate::from_pem(&crypto::Provider::default(), chain, key);
}

/// What a connection with a peer in the middle of its handshake may hold.
const HELD: usize = 256 * 1024;

struct Node(Connection);

impl Core for Node {
    const FOOTPRINT: usize = HELD;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        let _ = self
            .0
            .handle_input(now, packet)
            .into_iter()
            .map(|record| record.len())
            .sum::<usize>();
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.0.poll_transmit(now, out).is_some()
    }

    fn poll_event(&mut self, _now: Instant) -> bool {
        match self.0.poll_event() {
            Some(Event::Closed(reason)) => !reason.to_string().is_empty(),
            Some(_) => true,
            None => false,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.0.poll_timeout()
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        match script.byte() % 8 {
            0 => self.0.connect(now),
            1..=3 => {
                let length = usize::from(script.byte());
                let _ = self.0.send(now, script.bytes(length));
            }
            4 => {
                let mut out = vec![0; usize::from(script.short()) % 2000];
                let start = usize::from(script.byte());
                let _ = self.0.seal(&mut out, start);
            }
            5 => {
                let mut out = [0; 60];
                let _ = self
                    .0
                    .export_keying_material("EXTRACTOR-dtls_srtp", None, &mut out);
                let _ = (
                    self.0.cipher_suite(),
                    self.0.srtp_profile(),
                    self.0.peer_certificates().len(),
                );
            }
            6 => self
                .0
                .set_initial_rto(Duration::from_millis(u64::from(script.short()))),
            _ => self.0.close(now),
        }
    }

    fn footprint(&self) -> usize {
        self.0.held_bytes()
    }
}

/// A key for these scripts only, so that a script meets the same certificate each time.
const KEY: &str = include_str!("key.pem");
const CHAIN: &str = include_str!("certificate.pem");

pub(crate) fn certificate() -> Option<&'static Certificate> {
    static CERTIFICATE: OnceLock<Option<Certificate>> = OnceLock::new();
    let provider = crypto::Provider::default();
    CERTIFICATE
        .get_or_init(|| Certificate::from_pem(&provider, CHAIN, KEY).ok())
        .as_ref()
}

/// A client and a server, and whatever happens between them.
///
/// # Panics
/// When a law is broken.
pub fn dtls_connection(data: &[u8]) {
    let (Some((&choice, data)), Some(certificate)) = (data.split_first(), certificate()) else {
        return;
    };
    let fingerprint = certificate.fingerprint(FingerprintAlgorithm::Sha256);
    let config = Config {
        certificate: Some(certificate.clone()),
        verify: PeerVerification::Fingerprints(vec![fingerprint]),
        client_auth: if choice & 1 == 0 {
            ClientAuth::Require
        } else {
            ClientAuth::None
        },
        cookies: choice & 2 != 0,
        srtp_profiles: if choice & 4 == 0 {
            SrtpProfile::ALL.to_vec()
        } else {
            Vec::new()
        },
        alpn: if choice & 8 == 0 {
            vec![b"webrtc".to_vec()]
        } else {
            Vec::new()
        },
        mtu: if choice & 16 == 0 { 1200 } else { 256 },
        ..Config::default()
    };
    let config = Arc::new(config);
    let mut client = Connection::client(Arc::clone(&config), [1; 32]);
    client.connect(Instant::now());
    duel([Node(client), Node(Connection::server(config, [2; 32]))], data);
}
