//! The algorithms a provider is asked for. Each enum lists what WebRTC and its neighbours use today: what TLS, SRTP or
//! STUN no longer permit is not here, so it cannot be asked for by mistake.

/// Authenticated encryption (RFC 5116) with a 96-bit nonce and a 128-bit tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aead {
    /// AES-128 in Galois/Counter mode (NIST SP 800-38D).
    Aes128Gcm,
    /// AES-256 in Galois/Counter mode (NIST SP 800-38D).
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
}

impl Aead {
    /// All of them, for iteration.
    pub const ALL: [Self; 3] = [Self::Aes128Gcm, Self::Aes256Gcm, Self::ChaCha20Poly1305];

    /// Length of the key in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }
}

/// A key stream addressed by a 16-byte initial block: SRTP's counter mode (RFC 3711 §4.1.1) and the masks of
/// DTLS 1.3 record numbers (RFC 9147 §4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ctr {
    /// AES-128; the block counts up as one 128-bit big-endian integer.
    Aes128,
    /// AES-256; the block counts up as one 128-bit big-endian integer (RFC 6188).
    Aes256,
    /// ChaCha20; the block is the 32-bit little-endian block counter followed by the 96-bit nonce (RFC 8439 §2.3).
    /// The key stream ends where the counter would wrap.
    ChaCha20,
}

impl Ctr {
    /// All of them, for iteration.
    pub const ALL: [Self; 3] = [Self::Aes128, Self::Aes256, Self::ChaCha20];

    /// Length of the key in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 | Self::ChaCha20 => 32,
        }
    }
}

/// Message authentication: HMAC (RFC 2104) over one of three hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mac {
    /// HMAC-SHA-1, 20 bytes: STUN's MESSAGE-INTEGRITY and SRTP. Never for signatures.
    HmacSha1,
    /// HMAC-SHA-256, 32 bytes.
    HmacSha256,
    /// HMAC-SHA-384, 48 bytes.
    HmacSha384,
}

impl Mac {
    /// All of them, for iteration.
    pub const ALL: [Self; 3] = [Self::HmacSha1, Self::HmacSha256, Self::HmacSha384];

    /// Length of the tag in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::HmacSha1 => 20,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
        }
    }
}

/// Hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// MD5 (RFC 1321), 16 bytes: only for STUN's long-term key, which RFC 8489 §18.5.1 fixes.
    Md5,
    /// SHA-1, 20 bytes: only for fingerprints of peers that offer nothing else (RFC 8122 §5).
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Hash {
    /// All of them, for iteration.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Length of the digest in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Key exchange groups, with the code points of TLS's Supported Groups registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Group {
    /// NIST P-256; shares are uncompressed points of 65 bytes (RFC 8422 §5.4).
    Secp256r1 = 0x0017,
    /// NIST P-384; shares are uncompressed points of 97 bytes.
    Secp384r1 = 0x0018,
    /// X25519 (RFC 7748); shares have 32 bytes.
    X25519 = 0x001d,
    /// ML-KEM-768 (FIPS 203) and X25519 together. The starting side's share is the encapsulation key and the X25519
    /// share (1184 + 32 bytes), the answer is the ciphertext and the X25519 share (1088 + 32 bytes), the secret is
    /// both secrets in this order (64 bytes).
    X25519MlKem768 = 0x11ec,
}

impl Group {
    /// All of them, for iteration.
    pub const ALL: [Self; 4] = [
        Self::Secp256r1,
        Self::Secp384r1,
        Self::X25519,
        Self::X25519MlKem768,
    ];

    /// The code point in TLS.
    pub const fn code_point(self) -> u16 {
        match self {
            Self::Secp256r1 => 0x0017,
            Self::Secp384r1 => 0x0018,
            Self::X25519 => 0x001d,
            Self::X25519MlKem768 => 0x11ec,
        }
    }

    /// The group of a code point, if it is one of ours.
    pub fn from_code_point(code_point: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|group| group.code_point() == code_point)
    }

    /// Length in bytes of the share that the starting side (the TLS client) sends.
    pub const fn client_share_len(self) -> usize {
        match self {
            Self::Secp256r1 => 65,
            Self::Secp384r1 => 97,
            Self::X25519 => 32,
            Self::X25519MlKem768 => 1184 + 32,
        }
    }

    /// Length in bytes of the share that the answering side (the TLS server) sends.
    pub const fn server_share_len(self) -> usize {
        match self {
            Self::Secp256r1 | Self::Secp384r1 | Self::X25519 => self.client_share_len(),
            Self::X25519MlKem768 => 1088 + 32,
        }
    }
}

/// Kinds of signing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// ECDSA on NIST P-256: what WebRTC asks for (RFC 8827 §6.5) and the default choice.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// RSA. A generated key has 2048 bits; a loaded one may have up to 8192.
    Rsa2048,
}

impl KeyKind {
    /// All of them, for iteration.
    pub const ALL: [Self; 4] = [Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519, Self::Rsa2048];
}

/// Signature schemes: a kind of key, an encoding and a hash.
///
/// TLS 1.3 ties each ECDSA code point to one curve; TLS 1.2 names only the hash, so `ecdsa_secp256r1_sha256` may come
/// with a P-384 key. [`SignatureScheme::from_tls13`] and [`SignatureScheme::from_tls12`] make that choice once, and
/// [`verify`](crate::Backend::verify) is exact about both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureScheme {
    /// ECDSA on P-256 with SHA-256 (`0x0403`).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384 (`0x0503`).
    EcdsaP384Sha384,
    /// ECDSA on P-256 with SHA-384: TLS 1.2 and certificates only.
    EcdsaP256Sha384,
    /// ECDSA on P-256 with SHA-512: TLS 1.2 and certificates only.
    EcdsaP256Sha512,
    /// ECDSA on P-384 with SHA-256: TLS 1.2 and certificates only.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-512: TLS 1.2 and certificates only.
    EcdsaP384Sha512,
    /// Ed25519 (`0x0807`).
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (`0x0401`).
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (`0x0501`).
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (`0x0601`).
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, an `rsaEncryption` key and a salt as long as the hash (`0x0804`).
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384 (`0x0805`).
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512 (`0x0806`).
    RsaPssSha512,
}

impl SignatureScheme {
    /// All of them, for iteration.
    pub const ALL: [Self; 13] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP256Sha384,
        Self::EcdsaP256Sha512,
        Self::EcdsaP384Sha256,
        Self::EcdsaP384Sha512,
        Self::Ed25519,
        Self::RsaPkcs1Sha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPkcs1Sha512,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
    ];

    /// The code point in TLS's SignatureScheme registry. The combinations that only TLS 1.2 has share the code point
    /// of their hash.
    pub const fn code_point(self) -> u16 {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP384Sha256 => 0x0403,
            Self::EcdsaP384Sha384 | Self::EcdsaP256Sha384 => 0x0503,
            Self::EcdsaP256Sha512 | Self::EcdsaP384Sha512 => 0x0603,
            Self::Ed25519 => 0x0807,
            Self::RsaPkcs1Sha256 => 0x0401,
            Self::RsaPkcs1Sha384 => 0x0501,
            Self::RsaPkcs1Sha512 => 0x0601,
            Self::RsaPssSha256 => 0x0804,
            Self::RsaPssSha384 => 0x0805,
            Self::RsaPssSha512 => 0x0806,
        }
    }

    /// The scheme of a code point in TLS 1.3, where it fixes the curve (RFC 8446 §4.2.3). `None` for one that is not
    /// ours.
    pub const fn from_tls13(code_point: u16) -> Option<Self> {
        Some(match code_point {
            0x0403 => Self::EcdsaP256Sha256,
            0x0503 => Self::EcdsaP384Sha384,
            0x0807 => Self::Ed25519,
            0x0401 => Self::RsaPkcs1Sha256,
            0x0501 => Self::RsaPkcs1Sha384,
            0x0601 => Self::RsaPkcs1Sha512,
            0x0804 => Self::RsaPssSha256,
            0x0805 => Self::RsaPssSha384,
            0x0806 => Self::RsaPssSha512,
            _ => return None,
        })
    }

    /// The scheme of a code point in TLS 1.2, where the key decides the curve (RFC 5246 §7.4.1.4.1, RFC 8422 §5.10).
    /// `None` if the code point is not ours or does not go with the key.
    pub const fn from_tls12(code_point: u16, key: KeyKind) -> Option<Self> {
        match (code_point, key) {
            (0x0403, KeyKind::EcdsaP384) => Some(Self::EcdsaP384Sha256),
            (0x0503, KeyKind::EcdsaP256) => Some(Self::EcdsaP256Sha384),
            (0x0603, KeyKind::EcdsaP256) => Some(Self::EcdsaP256Sha512),
            (0x0603, KeyKind::EcdsaP384) => Some(Self::EcdsaP384Sha512),
            _ => match Self::from_tls13(code_point) {
                Some(scheme) if scheme.key_kind() as u8 == key as u8 => Some(scheme),
                _ => None,
            },
        }
    }

    /// The kind of key that signs by this scheme.
    pub const fn key_kind(self) -> KeyKind {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP256Sha384 | Self::EcdsaP256Sha512 => KeyKind::EcdsaP256,
            Self::EcdsaP384Sha256 | Self::EcdsaP384Sha384 | Self::EcdsaP384Sha512 => KeyKind::EcdsaP384,
            Self::Ed25519 => KeyKind::Ed25519,
            Self::RsaPkcs1Sha256
            | Self::RsaPkcs1Sha384
            | Self::RsaPkcs1Sha512
            | Self::RsaPssSha256
            | Self::RsaPssSha384
            | Self::RsaPssSha512 => KeyKind::Rsa2048,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_back_from_their_code_points() {
        for group in Group::ALL {
            assert_eq!(Group::from_code_point(group.code_point()), Some(group));
            assert_eq!(group as u16, group.code_point());
        }
        assert_eq!(Group::from_code_point(0x0019), None);
    }

    #[test]
    fn tls12_takes_the_curve_from_the_key_and_tls13_from_the_code_point() {
        for scheme in SignatureScheme::ALL {
            assert_eq!(
                SignatureScheme::from_tls12(scheme.code_point(), scheme.key_kind()),
                Some(scheme)
            );
        }
        assert_eq!(
            SignatureScheme::from_tls13(0x0403),
            Some(SignatureScheme::EcdsaP256Sha256)
        );
        assert_eq!(
            SignatureScheme::from_tls13(0x0603),
            None,
            "ecdsa_secp521r1_sha512 is another curve"
        );
        assert_eq!(SignatureScheme::from_tls12(0x0403, KeyKind::Rsa2048), None);
        assert_eq!(SignatureScheme::from_tls12(0x0807, KeyKind::EcdsaP256), None);
        assert_eq!(
            SignatureScheme::from_tls12(0x0203, KeyKind::EcdsaP256),
            None,
            "no SHA-1 signatures"
        );
    }
}
