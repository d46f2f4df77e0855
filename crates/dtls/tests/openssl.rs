//! Interoperation with OpenSSL's `s_server` and `s_client`. Skipped, with a word, where there is no `openssl` program.
#![cfg(feature = "tokio")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, one that does not begin says so"
)]

mod support;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dtls::{
    Certificate, CertificateParameters, CipherSuite, ClientAuth, Config, DtlsStream, Group, KeyKind,
    Listener, ListenerOptions, PeerVerification, Provider, ServerName, SrtpProfile, UnixTime, WallClock,
    connect,
};
use support::providers;

const PATIENCE: Duration = Duration::from_secs(20);
const SECRETS: &str = "EXTRACTOR-dtls_srtp";

fn has_openssl() -> bool {
    let found = Command::new("openssl")
        .arg("version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|it| it.success());
    if !found {
        assert!(
            std::env::var_os("REQUIRE_OPENSSL").is_none(),
            "there is no openssl program"
        );
        println!("skipped: there is no openssl program");
    }
    found
}

/// A child that ends with the test.
struct Openssl {
    child: Child,
    stdin: Option<ChildStdin>,
    output: PathBuf,
}

impl Openssl {
    fn start(name: &str, arguments: &[String]) -> Self {
        let output = scratch(&format!("{name}.log"));
        let log = std::fs::File::create(&output).unwrap();
        let mut child = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        Self { child, stdin, output }
    }

    fn say(&mut self, text: &str) {
        use std::io::Write;
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.output).unwrap()).into_owned()
    }

    /// Waits until its output has `text`.
    async fn expect(&self, text: &str) {
        let wait = async {
            while !self.output().contains(text) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, wait).await;
        assert!(seen.is_ok(), "no {text:?} in\n{}", self.output());
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("openssl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn free_port() -> SocketAddr {
    StdSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
}

fn now() -> u64 {
    UnixTime::now().as_secs()
}

/// A certificate for `localhost`, and the file that OpenSSL reads it from.
fn identity(provider: &Provider, kind: KeyKind, name: &str) -> (Certificate, String) {
    let time = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
    let parameters = CertificateParameters {
        kind,
        subject_alt_names: vec!["localhost".to_owned()],
        ..CertificateParameters::new(time(now() - 86_400), time(now() + 86_400))
    };
    let certificate = Certificate::generate(provider, &parameters).unwrap();
    let path = scratch(&format!("{name}.pem"));
    std::fs::write(&path, certificate.to_pem().unwrap()).unwrap();
    (certificate, path.to_str().unwrap().to_owned())
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// One run against `s_server`.
struct ServerRun {
    name: &'static str,
    kind: KeyKind,
    arguments: &'static str,
    suite: Option<CipherSuite>,
    group: Option<Group>,
}

/// Connects to `openssl s_server`, echoes a line both ways, and returns the stream and the exported secret.
async fn against_server(
    run: &ServerRun,
    provider: &Provider,
    change: impl Fn(&mut Config),
) -> (DtlsStream, Openssl) {
    let name = format!("{}-{}", run.name, provider.name());
    let (certificate, file) = identity(provider, run.kind, &name);
    let address = free_port();
    let arguments = words(&format!(
        "s_server -dtls1_2 -accept 127.0.0.1:{} -cert {file} -key {file} -quiet {}",
        address.port(),
        run.arguments
    ));
    let mut server = Openssl::start(&name, &arguments);
    let mut config = Config {
        verify: PeerVerification::authorities(certificate.chain()).unwrap(),
        server_name: Some(ServerName::try_from("localhost").unwrap()),
        srtp_profiles: SrtpProfile::ALL.to_vec(),
        initial_rto: Duration::from_millis(100),
        ..Config::new(provider.clone())
    };
    change(&mut config);
    let socket = datagram::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let stream = tokio::time::timeout(PATIENCE, connect(socket, address, config)).await;
    assert!(
        matches!(stream, Ok(Ok(_))),
        "{name}: {stream:?}\n{}",
        server.output()
    );
    let stream = stream.unwrap().unwrap();
    stream.with_connection(|connection| {
        if run.suite.is_some() {
            assert_eq!(connection.cipher_suite(), run.suite, "{name}");
        }
        if run.group.is_some() {
            assert_eq!(connection.group(), run.group, "{name}");
        }
    });
    stream.send(b"from our client\n").await.unwrap();
    server.expect("from our client").await;
    server.say("from their server\n");
    let line = tokio::time::timeout(PATIENCE, stream.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(line.as_deref(), Some(&b"from their server\n"[..]), "{name}");
    (stream, server)
}

fn any(name: &'static str, kind: KeyKind, arguments: &'static str) -> ServerRun {
    ServerRun {
        name,
        kind,
        arguments,
        suite: None,
        group: None,
    }
}

#[tokio::test]
async fn our_client_against_their_server() {
    use KeyKind::{EcdsaP256, EcdsaP384, Rsa2048};
    if !has_openssl() {
        return;
    }
    // Not Ed25519: OpenSSL 3.0's own server refuses it under DTLS (it asks for TLS 1.2 by number).
    for provider in providers() {
        against_server(&any("ecdsa", EcdsaP256, ""), &provider, |_| {}).await;
        against_server(&any("p384", EcdsaP384, ""), &provider, |_| {}).await;
        against_server(&any("rsa", Rsa2048, ""), &provider, |_| {}).await;
        against_server(&any("pkcs1", Rsa2048, "-sigalgs RSA+SHA256"), &provider, |_| {}).await;
        // OpenSSL fragments its flight; cookies come first.
        against_server(&any("mtu", Rsa2048, "-mtu 300"), &provider, |_| {}).await;
        against_server(&any("listen", EcdsaP256, "-listen"), &provider, |_| {}).await;
    }
}

#[tokio::test]
async fn our_client_with_every_suite() {
    use CipherSuite as Suite;
    use KeyKind::{EcdsaP256, Rsa2048};
    if !has_openssl() {
        return;
    }
    for provider in providers() {
        for (suite, kind, name) in [
            (
                Suite::EcdheEcdsaAes128Gcm,
                EcdsaP256,
                "-cipher ECDHE-ECDSA-AES128-GCM-SHA256",
            ),
            (
                Suite::EcdheEcdsaAes256Gcm,
                EcdsaP256,
                "-cipher ECDHE-ECDSA-AES256-GCM-SHA384",
            ),
            (
                Suite::EcdheEcdsaChaCha20Poly1305,
                EcdsaP256,
                "-cipher ECDHE-ECDSA-CHACHA20-POLY1305",
            ),
            (
                Suite::EcdheRsaAes128Gcm,
                Rsa2048,
                "-cipher ECDHE-RSA-AES128-GCM-SHA256",
            ),
            (
                Suite::EcdheRsaAes256Gcm,
                Rsa2048,
                "-cipher ECDHE-RSA-AES256-GCM-SHA384",
            ),
            (
                Suite::EcdheRsaChaCha20Poly1305,
                Rsa2048,
                "-cipher ECDHE-RSA-CHACHA20-POLY1305",
            ),
        ] {
            let suite = Some(suite);
            against_server(
                &ServerRun {
                    suite,
                    ..any("suite", kind, name)
                },
                &provider,
                |_| {},
            )
            .await;
        }
    }
}

#[tokio::test]
async fn our_client_with_every_group() {
    if !has_openssl() {
        return;
    }
    for provider in providers() {
        for (group, name) in [
            (Group::X25519, "-groups X25519"),
            (Group::Secp256r1, "-groups P-256"),
            (Group::Secp384r1, "-groups P-384"),
        ] {
            let group = Some(group);
            against_server(
                &ServerRun {
                    group,
                    ..any("group", KeyKind::EcdsaP256, name)
                },
                &provider,
                |_| {},
            )
            .await;
        }
    }
}

#[tokio::test]
async fn our_client_with_a_certificate_and_fragments() {
    if !has_openssl() {
        return;
    }
    let provider = &providers()[0];
    for kind in KeyKind::ALL {
        let (ours, _) = identity(provider, kind, &format!("client-{kind:?}"));
        // -Verify takes any chain as long as there is a certificate; our side cuts its messages to pieces.
        let run = ServerRun {
            name: "verify",
            kind: KeyKind::EcdsaP256,
            arguments: "-Verify 1",
            suite: None,
            group: None,
        };
        against_server(&run, provider, |config| {
            config.certificate = Some(ours.clone());
            config.mtu = 200;
        })
        .await;
    }
}

#[tokio::test]
async fn srtp_profile_and_exported_keys_are_the_same_as_theirs() {
    if !has_openssl() {
        return;
    }
    let provider = &providers()[0];
    let run = ServerRun {
        name: "srtp",
        kind: KeyKind::EcdsaP256,
        arguments: "-use_srtp SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80",
        suite: None,
        group: None,
    };
    let (stream, _server) = against_server(&run, provider, |_| {}).await;
    let profile = stream.with_connection(dtls::core::Connection::srtp_profile);
    assert_eq!(profile, Some(SrtpProfile::AeadAes128Gcm));

    let (client, listener, mut config) = client_of_ours(provider, KeyKind::EcdsaP256, "srtp-client");
    config.srtp_profiles = vec![SrtpProfile::Aes128CmSha1_80];
    config.alpn = vec![b"webrtc".to_vec()];
    let more = format!(
        "-use_srtp SRTP_AES128_CM_SHA1_80 -alpn c-webrtc,webrtc -keymatexport {SECRETS} -keymatexportlen 60"
    );
    let (stream, openssl) = client
        .run(listener, config, ListenerOptions::default(), &more)
        .await;
    let (exported, protocol) = stream.with_connection(|connection| {
        let mut out = [0; 60];
        connection
            .export_keying_material(SECRETS, None, &mut out)
            .unwrap();
        (out, connection.alpn().map(<[u8]>::to_vec))
    });
    assert_eq!(protocol.as_deref(), Some(&b"webrtc"[..]));
    let hex: String = exported.iter().map(|byte| format!("{byte:02X}")).collect();
    openssl.expect(&format!("Keying material: {hex}")).await;
    openssl
        .expect("SRTP Extension negotiated, profile=SRTP_AES128_CM_SHA1_80")
        .await;
}

/// What `s_client` needs to know.
struct TheirClient {
    name: String,
    authority: String,
}

fn client_of_ours(
    provider: &Provider,
    kind: KeyKind,
    name: &str,
) -> (TheirClient, datagram::UdpSocket, Config) {
    let (certificate, authority) = identity(provider, kind, name);
    let config = Config {
        certificate: Some(certificate),
        verify: PeerVerification::AcceptAny,
        initial_rto: Duration::from_millis(100),
        ..Config::new(provider.clone())
    };
    let socket = datagram::UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (
        TheirClient {
            name: format!("{name}-{}", provider.name()),
            authority,
        },
        socket,
        config,
    )
}

impl TheirClient {
    /// Lets `openssl s_client` connect to a listener of ours and say a line each way.
    async fn run(
        &self,
        socket: datagram::UdpSocket,
        config: Config,
        options: ListenerOptions,
        more: &str,
    ) -> (DtlsStream, Openssl) {
        let listener = Listener::new(socket, Arc::new(config), options);
        let arguments = words(&format!(
            "s_client -dtls1_2 -connect 127.0.0.1:{} -CAfile {} -verify_return_error -verify_hostname localhost {more}",
            listener.local_addr().unwrap().port(),
            self.authority
        ));
        let mut client = Openssl::start(&self.name, &arguments);
        let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await;
        assert!(accepted.is_ok(), "{}: {}", self.name, client.output());
        let (stream, _) = accepted.unwrap().unwrap();
        client.say("from their client\n");
        let line = tokio::time::timeout(PATIENCE, stream.recv())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(line.as_deref(), Some(&b"from their client\n"[..]));
        stream.send(b"from our server\n").await.unwrap();
        client.expect("from our server").await;
        (stream, client)
    }
}

#[tokio::test]
async fn their_client_against_our_server() {
    if !has_openssl() {
        return;
    }
    let cookies = ListenerOptions::default();
    let open = ListenerOptions {
        cookies: false,
        ..ListenerOptions::default()
    };
    for provider in providers() {
        for (name, kind, mtu, options, more) in [
            ("c-ecdsa", KeyKind::EcdsaP256, 1200, &cookies, ""),
            ("c-ed25519", KeyKind::Ed25519, 1200, &cookies, ""),
            ("c-p384", KeyKind::EcdsaP384, 1200, &open, "-groups P-384"),
            ("c-rsa", KeyKind::Rsa2048, 1200, &open, ""),
            ("c-rsa-small", KeyKind::Rsa2048, 300, &cookies, "-mtu 300"),
            (
                "c-gcm256",
                KeyKind::Rsa2048,
                1200,
                &cookies,
                "-cipher ECDHE-RSA-AES256-GCM-SHA384",
            ),
            (
                "c-chacha",
                KeyKind::EcdsaP256,
                1200,
                &cookies,
                "-cipher ECDHE-ECDSA-CHACHA20-POLY1305",
            ),
        ] {
            let (client, socket, mut config) = client_of_ours(&provider, kind, name);
            config.mtu = mtu;
            client.run(socket, config, options.clone(), more).await;
        }
    }
}

#[tokio::test]
async fn their_client_with_a_certificate() {
    if !has_openssl() {
        return;
    }
    let provider = &providers()[0];
    for kind in KeyKind::ALL {
        let (theirs, file) = identity(provider, kind, &format!("their-{kind:?}"));
        let (client, socket, mut config) =
            client_of_ours(provider, KeyKind::EcdsaP256, &format!("asks-{kind:?}"));
        config.client_auth = ClientAuth::Require;
        config.verify = PeerVerification::authorities(theirs.chain()).unwrap();
        config.clock = WallClock::default();
        let more = format!("-cert {file} -key {file}");
        let (stream, _client) = client
            .run(socket, config, ListenerOptions::default(), &more)
            .await;
        let chain = stream.with_connection(|connection| connection.peer_certificates().to_vec());
        assert_eq!(chain, theirs.chain());
    }
}

#[tokio::test]
async fn goodbyes_are_understood_both_ways() {
    if !has_openssl() {
        return;
    }
    let provider = &providers()[0];
    let (client, socket, config) = client_of_ours(provider, KeyKind::EcdsaP256, "bye");
    let (stream, mut openssl) = client.run(socket, config, ListenerOptions::default(), "").await;
    // The end of its input makes s_client say goodbye.
    openssl.say("Q\n");
    openssl.stdin = None;
    assert_eq!(
        tokio::time::timeout(PATIENCE, stream.recv())
            .await
            .unwrap()
            .unwrap(),
        None
    );

    let (client, socket, config) = client_of_ours(provider, KeyKind::EcdsaP256, "bye-ours");
    let (stream, openssl) = client.run(socket, config, ListenerOptions::default(), "").await;
    drop(stream);
    openssl.expect("closed").await;
}
