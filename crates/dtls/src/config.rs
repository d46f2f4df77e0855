//! What a connection is made with.

use std::fmt::{Debug, Write};
use std::sync::Arc;
use std::time::Duration;

use crypto::{Group, Provider};
use rustls_pki_types::ServerName;

use crate::certificate::{Certificate, PeerVerification, WallClock};
use crate::suite::{CipherSuite, SrtpProfile};

/// The shortest retransmission timeout: a shorter one would only multiply what is in flight.
pub const MIN_RTO: Duration = Duration::from_millis(50);

/// Whether a server asks for the client's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// It does not.
    #[default]
    None,
    /// It asks; a client without one is welcome.
    Request,
    /// It asks; a client without one is refused. WebRTC.
    Require,
}

/// Whether a peer without the extended master secret (RFC 7627) is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtendedMasterSecret {
    /// It is refused: without the extension exported keys – SRTP's among them – are not bound to the handshake.
    #[default]
    Required,
    /// It is accepted. Every maintained implementation has the extension; this is for old devices.
    Offered,
}

/// Receives the secrets of connections, for Wireshark.
pub trait KeyLog: Debug + Send + Sync {
    /// One secret: `label` is `CLIENT_RANDOM`, `secret` is the master secret.
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]);
}

/// A line of the `SSLKEYLOGFILE` format (without its end).
///
/// ```
/// assert!(dtls::key_log_line("CLIENT_RANDOM", &[0xab; 32], &[1, 2]).ends_with("abab 0102"));
/// ```
pub fn key_log_line(label: &str, client_random: &[u8; 32], secret: &[u8]) -> String {
    let mut line = String::with_capacity(label.len() + 2 + 2 * (32 + secret.len()));
    line.push_str(label);
    for bytes in [client_random.as_slice(), secret] {
        line.push(' ');
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(line, "{byte:02x}");
        }
    }
    line
}

/// What a connection is made with; shared by many connections in an `Arc`.
///
/// ```
/// use dtls::{Config, PeerVerification, SrtpProfile};
///
/// let fingerprint = "sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:\
///                    19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1";
/// let config = Config {
///     verify: PeerVerification::Fingerprints(vec![fingerprint.parse()?]),
///     srtp_profiles: SrtpProfile::ALL.to_vec(),
///     ..Config::default()
/// };
/// assert_eq!(config.mtu, 1200);
/// # Ok::<(), dtls::FingerprintError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Where cryptography comes from. Default: the first provider that is compiled in.
    pub provider: Provider,
    /// Our certificate. A server needs one; a client sends it when asked. Default: none.
    pub certificate: Option<Certificate>,
    /// How the peer's certificate is judged. Default: no fingerprint is known, so nobody is accepted.
    pub verify: PeerVerification,
    /// Whether a server asks for the client's certificate. Default: no.
    pub client_auth: ClientAuth,
    /// The server that a client wants: sent to it (RFC 6066 §3) if it is a DNS name, and checked by
    /// [`PeerVerification::WebPki`]. Default: none.
    pub server_name: Option<ServerName<'static>>,
    /// Suites, preferred first; the server's order decides. Default: [`CipherSuite::ALL`].
    pub cipher_suites: Vec<CipherSuite>,
    /// Key exchange groups, preferred first; the server's order decides. Default: X25519, P-256, P-384.
    pub groups: Vec<Group>,
    /// SRTP protection profiles, preferred first; the server's order decides. Default: none, no `use_srtp`.
    pub srtp_profiles: Vec<SrtpProfile>,
    /// Application protocols (RFC 7301), preferred first; the server's order decides. WebRTC's are `webrtc` and
    /// `c-webrtc` (RFC 8833). Names have 1 to 255 bytes; others are not offered.
    /// Default: none.
    pub alpn: Vec<Vec<u8>>,
    /// Whether a server refuses a client that offers application protocols of which none is in `alpn`; otherwise none is
    /// agreed on. Default: it does (RFC 7301 §3.2).
    pub alpn_required: bool,
    /// Whether peers without the extended master secret are refused. Default: they are.
    pub extended_master_secret: ExtendedMasterSecret,
    /// The longest datagram of a handshake, in bytes of UDP payload. Default: 1200, which passes everywhere
    /// (RFC 8261 §5 and QUIC assume the same).
    pub mtu: usize,
    /// Whether a server demands a cookie (RFC 6347 §4.2.1) before it answers. Default: no, since ICE has already
    /// shown that the peer is there; a server on an open port wants it.
    pub cookies: bool,
    /// The first retransmission timeout, at least [`MIN_RTO`]; it doubles up to `max_rto`. Default: 1 s
    /// (RFC 6347 §4.2.4.1). Who knows the round-trip time sets it per connection.
    pub initial_rto: Duration,
    /// The longest retransmission timeout. Default: 60 s (RFC 6347 §4.2.4.1).
    pub max_rto: Duration,
    /// When a handshake is given up. Default: 60 s.
    pub handshake_timeout: Duration,
    /// How many records the replay window looks back. Rounded up to a multiple of 64, at most 960. Default: 256.
    pub replay_window: usize,
    /// The longest handshake message that is accepted, in bytes; certificate chains are the longest. Default: 32 KiB.
    pub max_message: usize,
    /// Bytes that `send` queues until they are drained. Default: 256 KiB.
    pub send_queue: usize,
    /// Receives the secrets of connections. Default: none.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Where verification of chains takes the date from. Default: the system's clock.
    pub clock: WallClock,
}

impl Config {
    /// Defaults with this provider.
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            certificate: None,
            verify: PeerVerification::Fingerprints(Vec::new()),
            client_auth: ClientAuth::None,
            server_name: None,
            cipher_suites: CipherSuite::ALL.to_vec(),
            groups: vec![Group::X25519, Group::Secp256r1, Group::Secp384r1],
            srtp_profiles: Vec::new(),
            alpn: Vec::new(),
            alpn_required: true,
            extended_master_secret: ExtendedMasterSecret::Required,
            mtu: 1200,
            cookies: false,
            initial_rto: Duration::from_secs(1),
            max_rto: Duration::from_secs(60),
            handshake_timeout: Duration::from_secs(60),
            replay_window: 256,
            max_message: 32 * 1024,
            send_queue: 256 * 1024,
            key_log: None,
            clock: WallClock::default(),
        }
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl Default for Config {
    fn default() -> Self {
        Self::new(Provider::default())
    }
}
