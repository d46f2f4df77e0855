//! # What it is
//!
//! DTLS 1.2, client and server: TLS for datagrams. For WebRTC (certificates of one's own, fingerprints, keys for SRTP) and
//! for everything else that wants TLS over UDP (names, authorities, cookies). [`core::Connection`] is the protocol
//! without a socket or a clock; [`DtlsStream`] and [`Listener`] put it on any [`datagram::Datagram`] under tokio.
//!
//! Six suites (ECDHE with ECDSA, Ed25519 or RSA certificates; AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305), three groups
//! (X25519, P-256, P-384), the extended master secret, nonces that are record numbers.
//!
//! # RFCs
//!
//! RFC 6347 (DTLS 1.2), 5246 (TLS 1.2), 8422, 5288, 5289 and 7905 (suites and groups), 7627 (extended master secret),
//! 5746 (renegotiation info; there is no renegotiation), 5705 (exporters), 5764 and 7714 (`use_srtp`), 7301 (ALPN),
//! 8122 (fingerprints), 6066 §3 (server name), 5280 (certificates), 7983 (this is what begins with 20 to 63).
//!
//! # Use it with tokio
//!
//! ```
//! # #[cfg(all(feature = "tokio", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dtls::{Certificate, CertificateParameters, ClientConfig, KeyKind, Listener, Provider, ServerConfig, UnixTime};
//! use std::time::Duration;
//!
//! // A certificate of our own that the client trusts; with_webpki_roots() trusts the public authorities instead.
//! let now = Duration::from_secs(UnixTime::now().as_secs());
//! let [yesterday, tomorrow] = [now - Duration::from_secs(86_400), now + Duration::from_secs(86_400)];
//! let certificate = Certificate::generate(&Provider::default(), &CertificateParameters {
//!     subject_alt_names: vec!["localhost".to_owned()],
//!     ..CertificateParameters::new(UnixTime::since_unix_epoch(yesterday), UnixTime::since_unix_epoch(tomorrow))
//! })?;
//!
//! let listener = Listener::bind("127.0.0.1:0".parse()?, ServerConfig::with_certificate(certificate.clone()))?;
//! let address = listener.local_addr()?;
//! tokio::spawn(async move {
//!     let (stream, _peer) = listener.accept().await?;
//!     while let Some(record) = stream.recv().await? {
//!         stream.send(&record).await?;
//!     }
//!     std::io::Result::Ok(())
//! });
//!
//! let socket = datagram::UdpSocket::bind("127.0.0.1:0".parse()?)?;
//! let config = ClientConfig::new("localhost")?.with_authorities(certificate.chain())?;
//! let stream = dtls::connect(socket, address, config).await?;
//! stream.send(b"hello").await?;
//! assert_eq!(stream.recv().await?.as_deref(), Some(&b"hello"[..]));
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "tokio", any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
//! # fn main() {}
//! ```
//!
//! # Drive it yourself
//!
//! Two WebRTC peers that know each other's fingerprint, in memory. A real driver sends what `poll_transmit` appends, and
//! calls `handle_timeout` at `poll_timeout`.
//!
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dtls::core::Connection;
//! use dtls::{Certificate, ClientAuth, Config, Event, FingerprintAlgorithm, KeyKind, PeerVerification, UnixTime};
//! use std::{sync::Arc, time::{Duration, Instant}};
//!
//! let base = Config::default();
//! let [from, to] = [1_700_000_000, 1_900_000_000].map(|at| UnixTime::since_unix_epoch(Duration::from_secs(at)));
//! let alice = Certificate::self_signed(&base.provider, KeyKind::EcdsaP256, from, to)?;
//! let bob = Certificate::self_signed(&base.provider, KeyKind::EcdsaP256, from, to)?;
//! let config = |own: &Certificate, peer: &Certificate| Arc::new(Config {
//!     certificate: Some(own.clone()),
//!     verify: PeerVerification::Fingerprints(vec![peer.fingerprint(FingerprintAlgorithm::Sha256)]),
//!     client_auth: ClientAuth::Require,
//!     ..base.clone()
//! });
//! // Seeds come from a secure source; these do not.
//! let mut client = Connection::client(config(&alice, &bob), [1; 32]);
//! let mut server = Connection::server(config(&bob, &alice), [2; 32]);
//!
//! let now = Instant::now();
//! let mut datagram = Vec::new();
//! client.connect(now);
//! while !(client.is_connected() && server.is_connected()) {
//!     while client.poll_transmit(now, &mut datagram).is_some() {
//!         server.handle_input(now, &mut datagram).into_iter().for_each(drop);
//!         datagram.clear();
//!     }
//!     while server.poll_transmit(now, &mut datagram).is_some() {
//!         client.handle_input(now, &mut datagram).into_iter().for_each(drop);
//!         datagram.clear();
//!     }
//! }
//! assert_eq!(client.poll_event(), Some(Event::Connected));
//!
//! // One copy: the payload is written once, behind room for the record's header, and sealed there.
//! datagram.resize(client.head_room(), 0);
//! datagram.extend_from_slice(b"payload");
//! client.seal(&mut datagram, 0)?;
//! for record in server.handle_input(now, &mut datagram) {
//!     assert_eq!(&*record, b"payload");
//! }
//!
//! // A copy of a record is dropped and counted, never an error.
//! assert_eq!(server.handle_input(now, &mut datagram.clone()).into_iter().count(), 0);
//! # Ok(())
//! # }
//! # #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
//! # fn main() {}
//! ```
//!
//! # Limits and defaults
//!
//! | | default | why |
//! |---|---|---|
//! | peer verification | nobody is accepted | it must be chosen |
//! | extended master secret | required | RFC 7627; exported keys are not bound to the handshake without it |
//! | first retransmission | 1 s, doubling up to 60 s | RFC 6347 §4.2.4.1; [`set_initial_rto`](core::Connection::set_initial_rto) takes a known round-trip time, at least 50 ms |
//! | handshake | 60 s in all | then [`CloseReason::HandshakeTimeout`] |
//! | handshake datagrams | 1200 bytes; 548 after three timeouts | RFC 6347 §4.1.1.1 |
//! | handshake message | 32 KiB, in at most 64 pieces | certificate chains; two such messages under way at most |
//! | certificates in a chain | 16 | |
//! | records before the keys, data before Finished | 32 records and 32 KiB of each | reordering |
//! | replay window | 256 records, at most 960 | |
//! | record | 16384 bytes of plaintext | RFC 5246 §6.2.1 |
//! | send queue of a connection | 256 KiB | [`SendError::QueueFull`] |
//! | cookies | off for a connection, on for a [`Listener`] | ICE has seen the peer already |
//! | listener | 65536 connections, 256 handshakes, 128 waiting for `accept`, 256 datagrams each | [`ListenerOptions`] |
//! | goodbye of a stream that is dropped | waits 500 ms for room in the socket | then the peer finds out by silence |
//! | read-ahead of a stream | 64 KiB | then the socket's own buffer fills |
//!
//! # What it does not do
//!
//! No DTLS 1.3 (a peer that offers both is answered with 1.2), no 1.0, no resumption, no renegotiation, no pre-shared keys,
//! no CBC suites, no connection ids, no OCSP. It does not make datagrams reliable. A server without cookies may send more
//! than it receives to an address that nobody has seen: put it behind ICE. A [`DtlsStream`] has no task of its own; it
//! moves when it is polled.

mod alert;
mod certificate;
mod codec;
mod config;
mod cookie;
pub mod core;
mod error;
mod fingerprint;
mod flight;
pub mod handshake;
#[cfg(feature = "tokio")]
pub mod io;
mod key_schedule;
mod reassembly;
pub mod record;
mod stats;
mod suite;
mod transcript;

pub use alert::{Alert, AlertDescription, AlertLevel};
pub use certificate::{
    Certificate, CertificateError, CertificateParameters, CertificateRejection, CertificateVerifier,
    PeerVerification, WallClock,
};
pub use codec::DecodeError;
pub use config::{ClientAuth, Config, ExtendedMasterSecret, KeyLog, MIN_RTO, key_log_line};
pub use core::{ApplicationData, Event, Transmit, Version};
pub use crypto::{Group, KeyKind, Provider};
pub use error::{CloseReason, ExportError, SendError};
pub use fingerprint::{Fingerprint, FingerprintAlgorithm, FingerprintError};
#[cfg(feature = "tokio")]
pub use io::{
    ClientConfig, ConnectError, DtlsStream, Listener, ListenerOptions, ListenerStats, ServerConfig, accept,
    connect,
};
pub use key_schedule::Role;
pub use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
pub use stats::{Dropped, Stats};
pub use suite::{CipherSuite, SrtpProfile};
