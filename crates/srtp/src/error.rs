//! What can go wrong: a configuration, a packet of our own, a packet from the peer.

use crypto::KeyError;
use thiserror::Error;

/// A context cannot be made, or a key not added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The master key has another length than the profile's, or the provider does not have the cipher.
    #[error("master key: {0}")]
    Key(#[from] KeyError),
    /// The master salt has another length than the profile's.
    #[error("master salt has {actual} bytes, the profile takes {expected}")]
    SaltLength {
        /// Bytes the profile takes.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// The exported keying material has another length than [`Profile::exported_len`](crate::Profile::exported_len).
    #[error("exported keying material has {actual} bytes, the profile takes {expected}")]
    ExportedLength {
        /// Bytes the profile takes.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// The MKI is longer than [`MAX_MKI`](crate::MAX_MKI) bytes, or of another length than those there are.
    #[error("MKI has {actual} bytes, expected {expected}")]
    MkiLength {
        /// Bytes of the MKIs there are, or the longest allowed.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// There is a key with this MKI.
    #[error("MKI is in use")]
    MkiInUse,
    /// There are [`MAX_KEYS`](crate::MAX_KEYS) master keys already: remove one first.
    #[error("too many master keys")]
    TooManyKeys,
}

/// A packet of our own was not protected; the buffer is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtectError {
    /// It is no RTP or RTCP packet of version 2: too short, or its header (or a header extension to be encrypted) is
    /// longer than the packet.
    #[error("not an RTP or RTCP packet")]
    Malformed,
    /// Its sequence number was used before, or is too old to know. Protecting a second packet with it would
    /// reveal both: give it another number, or set [`Config::allow_repeats`](crate::Config::allow_repeats) if repeats are
    /// always the same bytes.
    #[error("sequence number was used before")]
    Repeated,
    /// Its SSRC is one more than [`Config::max_ssrcs`](crate::Config::max_ssrcs).
    #[error("too many SSRCs")]
    TooManySsrcs,
    /// All numbers of this SSRC are used: 2^48 for RTP, 2^31 for RTCP (RFC 3711 §9.2). Use another SSRC or key.
    #[error("packet numbers are exhausted")]
    KeyExhausted,
    /// Cryptex is required, and the packet has a header extension that Cryptex is not for (RFC 9335 §5): another profile
    /// than RFC 8285's, or one with application bits; or the profile encrypts nothing. Or, unless
    /// Cryptex is off, the extension has one of the profiles by which receivers know that it is encrypted.
    #[error("header extension cannot be encrypted")]
    NotEncryptable,
}

/// A packet from the peer was not accepted, and counted. What is in the datagram means nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Rejected {
    /// It is no RTP or RTCP packet of version 2, too short for what protection adds, or (behind a right tag) a
    /// header extension to be decrypted is broken.
    #[error("malformed")]
    Malformed,
    /// It was received before, or is older than the replay window.
    #[error("replayed")]
    Replayed,
    /// The tag is wrong: it was changed on the way, or is protected with another key.
    #[error("authentication failed")]
    BadTag,
    /// Its SSRC is one more than [`Config::max_ssrcs`](crate::Config::max_ssrcs).
    #[error("too many SSRCs")]
    TooManySsrcs,
    /// No key has the MKI that it names.
    #[error("unknown MKI")]
    UnknownMki,
    /// Cryptex is required, and it has a header extension or CSRCs in the clear.
    #[error("header extension or CSRCs in the clear")]
    NotCryptex,
}
