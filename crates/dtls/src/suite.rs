//! Cipher suites, SRTP protection profiles and signature schemes by their registered numbers
//! (RFC 5289 §3.2, RFC 7905 §2, RFC 5764 §4.1.2, RFC 7714 §14.2, RFC 5246 §7.4.1.4.1).

use crypto::{Aead, Group, Hash, KeyKind, Mac, Provider, SignatureScheme};

/// The suites of DTLS 1.2 that this crate speaks: ECDHE with an AEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CipherSuite {
    /// `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`, mandatory for WebRTC (RFC 8827 §6.5).
    EcdheEcdsaAes128Gcm = 0xc02b,
    /// `TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384`
    EcdheEcdsaAes256Gcm = 0xc02c,
    /// `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`
    EcdheRsaAes128Gcm = 0xc02f,
    /// `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`
    EcdheRsaAes256Gcm = 0xc030,
    /// `TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256`
    EcdheEcdsaChaCha20Poly1305 = 0xcca9,
    /// `TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256`
    EcdheRsaChaCha20Poly1305 = 0xcca8,
}

impl CipherSuite {
    /// Every suite, in the order this crate prefers them.
    pub const ALL: [Self; 6] = [
        Self::EcdheEcdsaAes128Gcm,
        Self::EcdheRsaAes128Gcm,
        Self::EcdheEcdsaChaCha20Poly1305,
        Self::EcdheRsaChaCha20Poly1305,
        Self::EcdheEcdsaAes256Gcm,
        Self::EcdheRsaAes256Gcm,
    ];

    /// The registered number.
    pub const fn code_point(self) -> u16 {
        self as u16
    }

    /// The suite of a registered number, if it is one of ours.
    pub fn from_code_point(code_point: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.code_point() == code_point)
    }

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdheEcdsaAes128Gcm => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            Self::EcdheEcdsaAes256Gcm => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            Self::EcdheRsaAes128Gcm => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            Self::EcdheRsaAes256Gcm => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            Self::EcdheEcdsaChaCha20Poly1305 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            Self::EcdheRsaChaCha20Poly1305 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        }
    }

    pub(crate) fn aead(self) -> Aead {
        match self {
            Self::EcdheEcdsaAes128Gcm | Self::EcdheRsaAes128Gcm => Aead::Aes128Gcm,
            Self::EcdheEcdsaAes256Gcm | Self::EcdheRsaAes256Gcm => Aead::Aes256Gcm,
            Self::EcdheEcdsaChaCha20Poly1305 | Self::EcdheRsaChaCha20Poly1305 => Aead::ChaCha20Poly1305,
        }
    }

    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::EcdheEcdsaAes256Gcm | Self::EcdheRsaAes256Gcm => Hash::Sha384,
            Self::EcdheEcdsaAes128Gcm
            | Self::EcdheRsaAes128Gcm
            | Self::EcdheEcdsaChaCha20Poly1305
            | Self::EcdheRsaChaCha20Poly1305 => Hash::Sha256,
        }
    }

    pub(crate) fn mac(self) -> Mac {
        match self.hash() {
            Hash::Sha384 => Mac::HmacSha384,
            Hash::Md5 | Hash::Sha1 | Hash::Sha256 | Hash::Sha512 => Mac::HmacSha256,
        }
    }

    /// Whether the server signs with a key of this kind. Ed25519 goes with the ECDSA suites (RFC 8422 §5.10).
    pub(crate) fn fits(self, key: KeyKind) -> bool {
        let rsa = match self {
            Self::EcdheRsaAes128Gcm | Self::EcdheRsaAes256Gcm | Self::EcdheRsaChaCha20Poly1305 => true,
            Self::EcdheEcdsaAes128Gcm | Self::EcdheEcdsaAes256Gcm | Self::EcdheEcdsaChaCha20Poly1305 => false,
        };
        rsa == (key == KeyKind::Rsa2048)
    }
}

impl std::fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// An SRTP protection profile for `use_srtp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum SrtpProfile {
    /// `SRTP_AES128_CM_HMAC_SHA1_80` (RFC 5764), mandatory for WebRTC.
    Aes128CmSha1_80 = 0x0001,
    /// `SRTP_AES128_CM_HMAC_SHA1_32` (RFC 5764).
    Aes128CmSha1_32 = 0x0002,
    /// `SRTP_AEAD_AES_128_GCM` (RFC 7714).
    AeadAes128Gcm = 0x0007,
    /// `SRTP_AEAD_AES_256_GCM` (RFC 7714).
    AeadAes256Gcm = 0x0008,
}

impl SrtpProfile {
    /// Every profile, the strongest and fastest first.
    pub const ALL: [Self; 4] = [
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
        Self::Aes128CmSha1_80,
        Self::Aes128CmSha1_32,
    ];

    /// The registered number.
    pub const fn code_point(self) -> u16 {
        self as u16
    }

    /// The profile of a registered number, if it is one of ours.
    pub fn from_code_point(code_point: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.code_point() == code_point)
    }

    /// Bytes of one side's master key.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 | Self::Aes128CmSha1_32 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of one side's master salt.
    pub const fn salt_length(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 | Self::Aes128CmSha1_32 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }
}

/// What a side accepts from its peer's keys, in the order it offers them.
const VERIFICATION_ORDER: [SignatureScheme; 10] = [
    SignatureScheme::EcdsaP256Sha256,
    SignatureScheme::Ed25519,
    SignatureScheme::EcdsaP384Sha384,
    SignatureScheme::EcdsaP384Sha512,
    SignatureScheme::RsaPssSha256,
    SignatureScheme::RsaPssSha384,
    SignatureScheme::RsaPssSha512,
    SignatureScheme::RsaPkcs1Sha256,
    SignatureScheme::RsaPkcs1Sha384,
    SignatureScheme::RsaPkcs1Sha512,
];

/// The numbers for `signature_algorithms`: everything the provider verifies.
pub(crate) fn offered_signature_schemes(provider: &Provider) -> Vec<u16> {
    VERIFICATION_ORDER
        .into_iter()
        .filter(|scheme| provider.supports_signature(*scheme))
        .map(SignatureScheme::code_point)
        .collect()
}

/// Our key's first scheme that the peer accepts.
pub(crate) fn choose_signature_scheme(
    key: &dyn crypto::SigningKey,
    accepted: &[u16],
) -> Option<SignatureScheme> {
    key.schemes()
        .iter()
        .copied()
        .find(|scheme| accepted.contains(&scheme.code_point()))
}

/// The groups of DTLS 1.2: the hybrid belongs to 1.3 only.
pub(crate) fn is_classic(group: Group) -> bool {
    match group {
        Group::X25519 | Group::Secp256r1 | Group::Secp384r1 => true,
        Group::X25519MlKem768 => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_registered_ones() {
        let numbers: Vec<u16> = CipherSuite::ALL.iter().map(|suite| suite.code_point()).collect();
        assert_eq!(numbers, [0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030]);
        for suite in CipherSuite::ALL {
            assert_eq!(CipherSuite::from_code_point(suite.code_point()), Some(suite));
            assert_eq!(suite.fits(KeyKind::Rsa2048), suite.name().contains("_RSA_"));
            assert_eq!(suite.fits(KeyKind::Ed25519), suite.name().contains("_ECDSA_"));
            assert_eq!(suite.hash() == Hash::Sha384, suite.name().ends_with("SHA384"));
        }
        assert_eq!(CipherSuite::from_code_point(0xc013), None);
        for profile in SrtpProfile::ALL {
            assert_eq!(SrtpProfile::from_code_point(profile.code_point()), Some(profile));
        }
    }
}
