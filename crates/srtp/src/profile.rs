//! Protection profiles: which cipher, which tag, how long the keys are (RFC 5764 §4.1.2, RFC 6188 §4, RFC 7714 §12).

use crypto::{Aead, Ctr};

/// An SRTP protection profile. Both directions of a session use the same.
///
/// ```
/// use srtp::Profile;
///
/// assert_eq!(Profile::from_code_point(0x0007), Some(Profile::AeadAes128Gcm));
/// assert_eq!(Profile::AeadAes128Gcm.rtp_overhead(), 16);
/// assert_eq!(Profile::from_code_point(0x1301), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// AES-128 in counter mode, HMAC-SHA-1 cut to 80 bits (RFC 5764): the one that WebRTC requires (RFC 8827 §6.5).
    Aes128CmSha1_80,
    /// AES-128 in counter mode, HMAC-SHA-1 cut to 32 bits for RTP and 80 bits for RTCP (RFC 5764).
    Aes128CmSha1_32,
    /// AES-256 in counter mode, HMAC-SHA-1 cut to 80 bits (RFC 6188).
    Aes256CmSha1_80,
    /// AES-256 in counter mode, HMAC-SHA-1 cut to 32 bits for RTP and 80 bits for RTCP (RFC 6188).
    Aes256CmSha1_32,
    /// No encryption, HMAC-SHA-1 cut to 80 bits (RFC 5764). Forbidden in WebRTC (RFC 8827 §6.5).
    NullSha1_80,
    /// No encryption, HMAC-SHA-1 cut to 32 bits for RTP and 80 bits for RTCP (RFC 5764). Forbidden in WebRTC.
    NullSha1_32,
    /// AES-128 in Galois/Counter mode with a tag of 128 bits (RFC 7714).
    AeadAes128Gcm,
    /// AES-256 in Galois/Counter mode with a tag of 128 bits (RFC 7714).
    AeadAes256Gcm,
}

/// How a profile protects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    /// A key stream, or none, and a tag of `rtp_tag` bytes on RTP; on RTCP it always has [`RTCP_TAG`] bytes.
    StreamAndMac { stream: Option<Ctr>, rtp_tag: usize },
    /// Authenticated encryption.
    Aead(Aead),
}

/// Bytes of the HMAC tag behind SRTCP, whatever RTP has (RFC 5764 §4.1.2).
pub(crate) const RTCP_TAG: usize = 10;
/// Bytes of the AEAD tag (RFC 7714 §13.2).
pub(crate) const AEAD_TAG: usize = 16;
/// Bytes of the E flag and the SRTCP index.
pub(crate) const RTCP_WORD: usize = 4;

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 8] = [
        Self::Aes128CmSha1_80,
        Self::Aes128CmSha1_32,
        Self::Aes256CmSha1_80,
        Self::Aes256CmSha1_32,
        Self::NullSha1_80,
        Self::NullSha1_32,
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
    ];

    /// The number in the registry of DTLS-SRTP protection profiles. The two of AES-256 in counter mode have none:
    /// they are keyed by other means than DTLS.
    pub const fn code_point(self) -> Option<u16> {
        match self {
            Self::Aes128CmSha1_80 => Some(0x0001),
            Self::Aes128CmSha1_32 => Some(0x0002),
            Self::Aes256CmSha1_80 | Self::Aes256CmSha1_32 => None,
            Self::NullSha1_80 => Some(0x0005),
            Self::NullSha1_32 => Some(0x0006),
            Self::AeadAes128Gcm => Some(0x0007),
            Self::AeadAes256Gcm => Some(0x0008),
        }
    }

    /// The profile with this registered number, which DTLS negotiates in `use_srtp`.
    pub fn from_code_point(code_point: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.code_point() == Some(code_point))
    }

    /// The registered name (for AES-256 in counter mode the one in use elsewhere), for statistics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128CmSha1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
            Self::Aes128CmSha1_32 => "SRTP_AES128_CM_HMAC_SHA1_32",
            Self::Aes256CmSha1_80 => "SRTP_AES256_CM_HMAC_SHA1_80",
            Self::Aes256CmSha1_32 => "SRTP_AES256_CM_HMAC_SHA1_32",
            Self::NullSha1_80 => "SRTP_NULL_HMAC_SHA1_80",
            Self::NullSha1_32 => "SRTP_NULL_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
        }
    }

    /// Bytes of one side's master key. Without encryption it is 16, from which the key of the tags is derived.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128CmSha1_80
            | Self::Aes128CmSha1_32
            | Self::NullSha1_80
            | Self::NullSha1_32
            | Self::AeadAes128Gcm => 16,
            Self::Aes256CmSha1_80 | Self::Aes256CmSha1_32 | Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of one side's master salt.
    pub const fn salt_len(self) -> usize {
        match self.method() {
            Method::StreamAndMac { .. } => 14,
            Method::Aead(_) => 12,
        }
    }

    /// Bytes to export from DTLS for both sides' keys and salts (RFC 5764 §4.2); see
    /// [`KeyPair::from_exported`](crate::KeyPair::from_exported).
    pub const fn exported_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// Bytes that protection adds to an RTP packet, besides the MKI and, for a packet with CSRCs but no header
    /// extension, the 4 bytes that Cryptex adds.
    pub const fn rtp_overhead(self) -> usize {
        match self.method() {
            Method::StreamAndMac { rtp_tag, .. } => rtp_tag,
            Method::Aead(_) => AEAD_TAG,
        }
    }

    /// Bytes that protection adds to an RTCP packet, besides the MKI.
    pub const fn rtcp_overhead(self) -> usize {
        match self.method() {
            Method::StreamAndMac { .. } => RTCP_WORD + RTCP_TAG,
            Method::Aead(_) => RTCP_WORD + AEAD_TAG,
        }
    }

    /// The key stream of the key derivation (RFC 3711 §4.3.3, RFC 6188 §3, RFC 7714 §11).
    pub(crate) const fn derivation(self) -> Ctr {
        match self.key_len() {
            32 => Ctr::Aes256,
            _ => Ctr::Aes128,
        }
    }

    pub(crate) const fn method(self) -> Method {
        let (stream, rtp_tag) = match self {
            Self::Aes128CmSha1_80 => (Some(Ctr::Aes128), 10),
            Self::Aes128CmSha1_32 => (Some(Ctr::Aes128), 4),
            Self::Aes256CmSha1_80 => (Some(Ctr::Aes256), 10),
            Self::Aes256CmSha1_32 => (Some(Ctr::Aes256), 4),
            Self::NullSha1_80 => (None, 10),
            Self::NullSha1_32 => (None, 4),
            Self::AeadAes128Gcm => return Method::Aead(Aead::Aes128Gcm),
            Self::AeadAes256Gcm => return Method::Aead(Aead::Aes256Gcm),
        };
        Method::StreamAndMac { stream, rtp_tag }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_registry() {
        let rows = Profile::ALL.map(|profile| {
            (
                profile.code_point().unwrap_or(0),
                profile.key_len(),
                profile.salt_len(),
                profile.rtp_overhead(),
                profile.rtcp_overhead(),
            )
        });
        assert_eq!(
            rows,
            [
                (1, 16, 14, 10, 14),
                (2, 16, 14, 4, 14),
                (0, 32, 14, 10, 14),
                (0, 32, 14, 4, 14),
                (5, 16, 14, 10, 14),
                (6, 16, 14, 4, 14),
                (7, 16, 12, 16, 20),
                (8, 32, 12, 16, 20),
            ]
        );
        for profile in Profile::ALL {
            let back = profile.code_point().and_then(Profile::from_code_point);
            assert_eq!(back, profile.code_point().map(|_| profile));
        }
        assert_eq!(Profile::Aes128CmSha1_80.exported_len(), 60);
        assert_eq!(Profile::AeadAes256Gcm.exported_len(), 88);
    }
}
