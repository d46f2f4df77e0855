//! What a connection is made with: the dictionary `RTCConfiguration` of W3C webrtc-pc §4.2.
//!
//! OAuth credentials and `peerIdentity` are left out: no browser implements them.

/// One STUN or TURN server (`RTCIceServer`, W3C webrtc-pc §4.2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceServer {
    /// One or more URLs: `stun:host[:port]`. Several URLs of one server share its credentials.
    pub urls: Vec<String>,
    /// The user name for TURN; empty for STUN.
    pub username: String,
    /// The password for TURN; empty for STUN.
    pub credential: String,
}

impl IceServer {
    /// A STUN server, which needs no credentials.
    ///
    /// ```
    /// let server = webrtc::IceServer::stun("stun:stun.example.org:3478");
    /// assert_eq!(server.urls, ["stun:stun.example.org:3478"]);
    /// ```
    #[must_use]
    pub fn stun(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            ..Self::default()
        }
    }
}

/// Which candidates may be used (`RTCIceTransportPolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IceTransportPolicy {
    /// Every kind of candidate.
    #[default]
    All,
    /// Relayed candidates only: hides this host's addresses from the peer.
    Relay,
}

/// How media sections share transports with a peer that does not know BUNDLE (`RTCBundlePolicy`, RFC 9429 §4.1.1).
///
/// A peer that knows BUNDLE, as every browser does, always gets one transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BundlePolicy {
    /// The first section of each kind gets a transport of its own.
    #[default]
    Balanced,
    /// Every section gets a transport of its own.
    MaxCompat,
    /// One transport for everything; the others are bundle-only (`must-bundle` in RFC 9429).
    MaxBundle,
}

/// Whether RTP and RTCP must share a transport (`RTCRtcpMuxPolicy`). `negotiate` was removed from the specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RtcpMuxPolicy {
    /// RTP and RTCP always share one transport.
    #[default]
    Require,
}

/// The configuration of one connection (`RTCConfiguration`).
///
/// ```
/// use webrtc::{Configuration, IceServer};
/// let configuration = Configuration {
///     ice_servers: vec![IceServer::stun("stun:stun.example.org")],
///     ..Configuration::default()
/// };
/// assert_eq!(configuration.ice_candidate_pool_size, 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// STUN and TURN servers. Default: none, which connects hosts that reach each other directly.
    pub ice_servers: Vec<IceServer>,
    /// Which candidates may be used. Default: all.
    pub ice_transport_policy: IceTransportPolicy,
    /// How sections share transports. Default: balanced, as in browsers.
    pub bundle_policy: BundlePolicy,
    /// RTP and RTCP on one transport. Default and only value: require.
    pub rtcp_mux_policy: RtcpMuxPolicy,
    /// Above 0, gathering begins when the connection is made instead of with the first `set_local_description`, which is
    /// when candidates are announced in either case (RFC 9429 §3.5.4). The pool is of transports, and a connection has one,
    /// for all of its sections: sizes beyond 1 are no different from 1. Default: 0.
    pub ice_candidate_pool_size: u8,
    /// The certificate to identify with, the first of which is used. Default: none, and each connection makes an
    /// ECDSA P-256 certificate of its own, so that its calls cannot be linked (RFC 8827 §6.5). To be known by a fingerprint,
    /// make one (`generateCertificate`) and use it again:
    ///
    /// ```
    /// use std::time::Duration;
    /// use webrtc::dtls::{Certificate, KeyKind, UnixTime};
    ///
    /// let now = UnixTime::now();
    /// let in_a_year = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs() + 365 * 86_400));
    /// let provider = webrtc::Provider::default();
    /// let certificate = Certificate::self_signed(&provider, KeyKind::EcdsaP256, now, in_a_year)?;
    /// let configuration = webrtc::Configuration { certificates: vec![certificate], ..Default::default() };
    /// # let _ = configuration;
    /// # Ok::<(), webrtc::dtls::CertificateError>(())
    /// ```
    pub certificates: Vec<dtls::Certificate>,
}
