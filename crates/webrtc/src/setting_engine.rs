//! Everything below the W3C configuration that an application may want to set.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crypto::Provider;
use dtls::SrtpProfile;

/// Which side of the DTLS handshake an answerer takes (`a=setup`, RFC 8842 §5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DtlsRole {
    /// Sends the ClientHello (`active`): what RFC 9429 §5.3.1 recommends for answerers.
    #[default]
    Client,
    /// Waits for it (`passive`): lets a server choose the cipher and the SRTP profile.
    Server,
}

/// A predicate over interfaces or addresses.
pub struct Filter<T: ?Sized>(Arc<dyn Fn(&T) -> bool + Send + Sync>);

impl<T: ?Sized> Clone for Filter<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Filter<T> {
    /// Keeps what `keep` returns true for.
    pub fn new(keep: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(keep))
    }

    /// Whether `value` is kept.
    #[must_use]
    pub fn keeps(&self, value: &T) -> bool {
        (self.0)(value)
    }
}

impl<T: ?Sized> fmt::Debug for Filter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(..)")
    }
}

/// Which addresses and ports are gathered from.
#[derive(Clone, Debug, Default)]
pub struct Gathering {
    /// Interfaces by name that may be used. Default: all.
    pub interfaces: Option<Filter<str>>,
    /// Addresses that may be used. Default: all.
    pub addresses: Option<Filter<IpAddr>>,
    /// Gather from 127.0.0.1 and ::1 as well. Default: false, since no other host reaches them.
    pub include_loopback: bool,
    /// Gather from IPv4 only. Default: false.
    pub ipv4_only: bool,
    /// Local UDP ports that connections choose from when they have no endpoint in common. Default: any that is free.
    pub udp_ports: Option<RangeInclusive<u16>>,
}

/// How media is protected.
///
/// ```
/// use webrtc::{SettingEngine, SrtpProfile};
/// let mut settings = SettingEngine::default();
/// settings.srtp.profiles = vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::Aes128CmSha1_80];
/// settings.srtp.cryptex = true;
/// ```
#[derive(Clone, Debug)]
pub struct Srtp {
    /// The protection profiles that are offered, the best one first; a DTLS server takes the first of its own that the
    /// client has. With none there is no media. Default: [`SrtpProfile::ALL`], the ciphers of RFC 7714 before the one that
    /// RFC 8827 §6.5 demands.
    pub profiles: Vec<SrtpProfile>,
    /// How many packets behind the newest of a stream one may be and still be taken, once: rounded up to a multiple of
    /// 64, from 64 (RFC 3711 §3.3.2) to 1984. Default: 1024.
    pub replay_window: usize,
    /// Whether SRTP refuses RTP packets that were received before, or are behind the window. Without it whoever records packets
    /// can have them accepted again. Only for peers that begin again with numbers that they have used, and for tests; no packet
    /// is handed to the application twice, and what comes again is counted in its stream's statistics. Default: true.
    pub replay_protection: bool,
    /// The same of RTCP packets; an old report that comes again then counts as the latest. Default: true.
    pub rtcp_replay_protection: bool,
    /// Offer and accept the encryption of whole header extensions and CSRCs (`a=cryptex`, RFC 9335), and send it to peers
    /// that can read it. For peers that know RFC 6904 instead, [`encrypt_header_extensions`] encrypts single extensions;
    /// where both were agreed upon, packets have this one. Default: false, as browsers.
    ///
    /// [`encrypt_header_extensions`]: crate::MediaEngine::encrypt_header_extensions
    pub cryptex: bool,
}

impl Default for Srtp {
    fn default() -> Self {
        Self {
            profiles: SrtpProfile::ALL.to_vec(),
            replay_window: 1024,
            replay_protection: true,
            rtcp_replay_protection: true,
            cryptex: false,
        }
    }
}

/// Settings that are the same for every connection of an `Api`. Each has a default that suits a browser's peer.
///
/// ```
/// use webrtc::SettingEngine;
/// let mut settings = SettingEngine::default();
/// settings.gathering.include_loopback = true;
/// settings.ice_lite = false;
/// assert_eq!(settings.max_message_size, 262_144);
/// ```
#[derive(Clone, Debug)]
pub struct SettingEngine {
    /// Cryptography. Default: the first provider that is compiled in.
    pub provider: Provider,
    /// Addresses and ports.
    pub gathering: Gathering,
    /// Be an ICE lite agent, for servers with a public address (RFC 8445 §2.5). Default: false.
    pub ice_lite: bool,
    /// Time between two checks of one connection (RFC 8445 §14.2, Ta), rounded up to milliseconds, not below 5 ms. It
    /// is proposed to the peer as `a=ice-pacing`, and the higher of both sides' values holds for both: browsers propose
    /// none, which means 50 ms. Default: 50 ms.
    pub ice_pacing: Duration,
    /// The side that we take in DTLS when we answer an `actpass` offer. Default: client.
    pub answering_dtls_role: DtlsRole,
    /// Protection of media.
    pub srtp: Srtp,
    /// Told every DTLS secret, in the format of `SSLKEYLOGFILE`. Default: none.
    pub key_log: Option<Arc<dyn dtls::KeyLog>>,
    /// Where the dates of our certificate come from. Default: the system's clock.
    pub clock: dtls::WallClock,
    /// The largest message that we accept, in bytes, announced as `a=max-message-size`. Default: 262,144, as browsers.
    pub max_message_size: usize,
    /// Bytes of messages that may wait to be sent on all channels together. Default: 16 MiB, as Chromium.
    pub send_buffer: usize,
    /// Bytes of messages that may wait to be read on all channels together: the SCTP receive window. Default: 5 MiB.
    pub receive_buffer: usize,
    /// The largest UDP payload that we send, in bytes. Default: 1,200, which every path carries (RFC 8831 §5).
    pub mtu: usize,
}

impl SettingEngine {
    /// Ta in milliseconds, as it is signalled (RFC 8839 §5.5: at most ten digits).
    pub(crate) fn proposed_pacing(&self) -> u64 {
        let millis = self.ice_pacing.as_nanos().div_ceil(1_000_000);
        u64::try_from(millis).unwrap_or(u64::MAX).clamp(5, 9_999_999_999)
    }
}

impl Default for SettingEngine {
    fn default() -> Self {
        Self {
            provider: Provider::default(),
            gathering: Gathering::default(),
            ice_lite: false,
            ice_pacing: Duration::from_millis(50),
            answering_dtls_role: DtlsRole::Client,
            srtp: Srtp::default(),
            key_log: None,
            clock: dtls::WallClock::default(),
            max_message_size: 262_144,
            send_buffer: 16 << 20,
            receive_buffer: 5 << 20,
            mtu: 1200,
        }
    }
}
