//! What a context is made with.

use crypto::Provider;

use crate::Profile;

/// The longest MKI, in bytes. RFC 3711 sets no limit; RFC 5764 §4.1.1 has room for 255.
pub const MAX_MKI: usize = 255;
/// Master keys that a context holds at a time.
pub const MAX_KEYS: usize = 16;

/// Whether header extensions and CSRCs are encrypted as a whole (RFC 9335). The NULL profiles cannot, so they never send it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cryptex {
    /// It is unknown: never sent, and not looked for.
    Off,
    /// Never sent; accepted beside packets with a clear header. What to do until the peer has offered `a=cryptex`.
    #[default]
    Accept,
    /// Sent wherever it can be; accepted beside packets with a clear header. What to do when the peer has offered it.
    Prefer,
    /// Packets with a clear header extension or clear CSRCs are neither sent nor accepted.
    Require,
}

/// What an [`Outbound`](crate::Outbound) or [`Inbound`](crate::Inbound) is made with.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use srtp::{Config, Profile};
///
/// let config = Config { profile: Profile::AeadAes128Gcm, ..Config::default() };
/// assert_eq!(config.replay_window, 1024);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Cipher and tag. Default: [`Profile::Aes128CmSha1_80`], the one that every WebRTC endpoint has (RFC 8827 §6.5).
    pub profile: Profile,
    /// Where cryptography comes from. Default: the first provider that is compiled in.
    pub provider: Provider,
    /// How many RTP packets the replay window of an SSRC looks back. Rounded up to a multiple of 64, from 64 (RFC 3711
    /// §3.3.2) to 1984. Default: 1024, so that a retransmission is not mistaken for a replay at 1,000 packets a second.
    /// RTCP's is always 128. Outbound it is how far back a packet may be that is sent out of order.
    pub replay_window: usize,
    /// Whether RTP packets are refused whose numbers were received before, or are behind the window (RFC 3711 §3.3.2). Without
    /// it whoever records packets can have them accepted again, as often as they like: only for peers that begin again with
    /// numbers that they have used, and for tests. What is sent is not concerned. Default: they are refused.
    pub replay_protection: bool,
    /// The same of RTCP packets, which then may repeat old reports. Default: they are refused.
    pub rtcp_replay_protection: bool,
    /// The master key's identifier, which then is in every packet (RFC 3711 §3.1); at most [`MAX_MKI`] bytes. Empty: none.
    /// Default: none, as in WebRTC.
    pub mki: Vec<u8>,
    /// Whether whole headers are encrypted. Default: [`Cryptex::Accept`].
    pub cryptex: Cryptex,
    /// Ids of the header extensions that are negotiated as encrypted (RFC 6904). Not done in packets that use Cryptex
    /// (RFC 9335 §5). Default: none; `set_encrypted_extensions` of either context changes it.
    pub encrypted_extensions: Vec<u8>,
    /// Whether outbound RTCP is encrypted; inbound, each packet says it itself. Default: it is. Without encryption in
    /// the profile it never is.
    pub encrypt_rtcp: bool,
    /// Whether a sequence number may be protected again, whatever the packet. Safe only if it is the same, byte for byte, which
    /// [`Outbound::allow_same`](crate::Outbound::allow_same) looks at and this does not. Default: it may not.
    pub allow_repeats: bool,
    /// How many SSRCs have state at most. Only packets whose tag was right make an entry. State is never dropped, since SSRCs
    /// may come back: a number would be protected twice, or a replay accepted. Default: 65,536.
    pub max_ssrcs: usize,
    /// How many of them have a replay window, about 350 bytes each. Of the others, those that were not in use for long, only the
    /// highest numbers are kept (about 40 bytes): when one comes back, what is older than the last packet counts as replayed.
    /// At least 1. Default: 1024.
    pub max_windows: usize,
}

impl Config {
    /// Defaults for this profile, with this provider.
    pub fn new(profile: Profile, provider: Provider) -> Self {
        Self {
            profile,
            provider,
            replay_window: 1024,
            replay_protection: true,
            rtcp_replay_protection: true,
            mki: Vec::new(),
            cryptex: Cryptex::default(),
            encrypted_extensions: Vec::new(),
            encrypt_rtcp: true,
            allow_repeats: false,
            max_ssrcs: 1 << 16,
            max_windows: 1024,
        }
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl Default for Config {
    fn default() -> Self {
        Self::new(Profile::Aes128CmSha1_80, Provider::default())
    }
}
