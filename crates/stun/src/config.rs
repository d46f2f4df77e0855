//! What can be chosen, and the counters.

use std::time::Duration;

use crypto::Provider;

use crate::credentials::Credentials;

/// What carries the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP or DTLS: requests are sent again until answered.
    #[default]
    Datagram,
    /// TCP or TLS: the transport does that.
    Stream,
}

/// The choices of a client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where hashes come from. Default: the first provider compiled in.
    pub provider: Provider,
    /// Default: none, as public STUN servers want it.
    pub credentials: Option<Credentials>,
    /// Default: [`Transport::Datagram`].
    pub transport: Transport,
    /// RTO at the beginning, and its lower bound. Default: 500 ms (RFC 8489 §6.2.1).
    pub initial_rto: Duration,
    /// Rc, how often a request is sent at most. Default: 7 (RFC 8489 §6.2.1); 1 to 16.
    pub max_transmissions: u32,
    /// Rm, how many RTO to wait after the last transmission. Default: 16 (RFC 8489 §6.2.1).
    pub final_wait: u32,
    /// Ti, how long to wait over a stream. Default: 39.5 s (RFC 8489 §6.2.2).
    pub stream_timeout: Duration,
    /// How many requests may be outstanding, their events not yet taken included. Default: 10 (RFC 8489 §6.2); 1 to 64.
    pub max_outstanding: usize,
    /// SOFTWARE in requests. Default: none, since it tells attackers about the client (RFC 8489 §16.1.2).
    pub software: Option<String>,
    /// Whether requests carry FINGERPRINT; one in a response is always checked. Default: no.
    pub fingerprint: bool,
    /// Whether ALTERNATE-SERVER is followed over datagrams, up to five times. Default: yes (RFC 8489 §10).
    pub follow_alternate_server: bool,
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl Default for ClientConfig {
    fn default() -> Self {
        Self::new(Provider::default())
    }
}

impl ClientConfig {
    /// The defaults with a provider of your own.
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            credentials: None,
            transport: Transport::Datagram,
            initial_rto: Duration::from_millis(500),
            max_transmissions: 7,
            final_wait: 16,
            stream_timeout: Duration::from_millis(39_500),
            max_outstanding: 10,
            software: None,
            fingerprint: false,
            follow_alternate_server: true,
        }
    }

    /// The same with every number inside its bounds.
    pub(crate) fn bounded(mut self) -> Self {
        self.initial_rto = self
            .initial_rto
            .clamp(Duration::from_millis(1), Duration::from_secs(60));
        self.max_transmissions = self.max_transmissions.clamp(1, 16);
        self.final_wait = self.final_wait.clamp(1, 1000);
        self.stream_timeout = self.stream_timeout.max(Duration::from_millis(1));
        self.max_outstanding = self.max_outstanding.clamp(1, 64);
        self
    }
}

/// What a client has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Requests sent for the first time, those after a challenge or a redirection included.
    pub requests_sent: u64,
    /// Requests sent again.
    pub retransmissions: u64,
    /// Responses that ended a transaction.
    pub responses_received: u64,
    /// Datagrams that were no well-formed STUN message, or had a wrong FINGERPRINT.
    pub malformed: u64,
    /// Well-formed messages that answer nothing: late, forged, from a wrong address, or requests.
    pub unexpected: u64,
    /// Responses without a valid integrity code.
    pub integrity_failures: u64,
    /// Requests that the socket did not take, each time; they are sent again when they are due.
    pub unsent: u64,
}

/// The choices of a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where hashes come from. Default: the first provider compiled in.
    pub provider: Provider,
    /// Who may ask. Default: everybody.
    pub authentication: Authentication,
    /// SOFTWARE in responses. Default: none; it would add to what the server sends to forged addresses.
    pub software: Option<String>,
    /// Whether a request without FINGERPRINT is dropped: for a port shared with other protocols. Default: no. Responses
    /// carry it whenever the request did.
    pub require_fingerprint: bool,
    /// How long a nonce is good. Default: 1 h.
    pub nonce_lifetime: Duration,
    /// Where to send everybody instead (RFC 8489 §10). Default: nowhere.
    pub alternate_server: Option<std::net::SocketAddr>,
    /// How many responses wait to be sent at most; requests beyond are dropped. Default: 64.
    pub max_queued: usize,
}

/// Who may ask a server.
#[derive(Clone, Debug, Default)]
pub enum Authentication {
    /// Everybody.
    #[default]
    None,
    /// Who knows a short-term credential (RFC 8489 §9.1).
    ShortTerm(std::sync::Arc<dyn crate::core::CredentialStore>),
    /// Who has an account (RFC 8489 §9.2).
    LongTerm {
        /// The name of the provider of the service, its domain best.
        realm: String,
        /// The accounts.
        store: std::sync::Arc<dyn crate::core::CredentialStore>,
    },
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl Default for ServerConfig {
    fn default() -> Self {
        Self::new(Provider::default())
    }
}

impl ServerConfig {
    /// The defaults with a provider of your own.
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            authentication: Authentication::None,
            software: None,
            require_fingerprint: false,
            nonce_lifetime: Duration::from_secs(3600),
            alternate_server: None,
            max_queued: 64,
        }
    }
}

/// What a server has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerStats {
    /// Requests that were answered with success.
    pub succeeded: u64,
    /// Requests that were answered with an error.
    pub refused: u64,
    /// Datagrams that were no well-formed STUN message, or lacked a right FINGERPRINT.
    pub malformed: u64,
    /// Well-formed messages that need no response: responses, indications, other methods.
    pub ignored: u64,
    /// Requests dropped because too many responses waited.
    pub overloaded: u64,
    /// Responses that the socket did not take; the client asks again.
    pub unsent: u64,
}
