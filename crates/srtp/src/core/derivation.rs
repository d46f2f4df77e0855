//! Session keys from a master key (RFC 3711 §4.3, RFC 6188 §3, RFC 6904 §3, RFC 7714 §11), with a key derivation rate
//! of zero as DTLS-SRTP has it (RFC 5764 §4.1.2): derived once.

use crypto::{CtrKey, KeyError, Provider};
use zeroize::Zeroizing;

use crate::{ConfigError, MasterKey, Profile};

/// Bytes of the key of HMAC-SHA-1 (RFC 3711 §5.2).
pub(super) const AUTHENTICATION_KEY: usize = 20;

/// What a derived key is for (RFC 3711 §4.3.2, RFC 6904 §3).
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
    HeaderEncryption = 6,
    HeaderSalt = 7,
}

/// The pseudo-random function, keyed with a master key.
#[derive(Debug)]
pub(super) struct Derivation {
    key: Box<dyn CtrKey>,
    salt: Zeroizing<[u8; 16]>,
}

impl Derivation {
    pub(super) fn new(
        provider: &Provider,
        profile: Profile,
        master: &MasterKey,
    ) -> Result<Self, ConfigError> {
        // The tag's key is as strong as the master key even where nothing is encrypted.
        if master.key().len() != profile.key_len() {
            return Err(ConfigError::Key(KeyError::Length {
                expected: profile.key_len(),
                actual: master.key().len(),
            }));
        }
        Ok(Self {
            salt: master.salt_block(profile)?,
            key: provider.ctr(profile.derivation(), master.key())?,
        })
    }

    /// `len` bytes for a purpose.
    pub(super) fn derive(&self, label: Label, len: usize) -> Zeroizing<Vec<u8>> {
        // The key id is the label followed by six zero bytes, at the low end of the salt's 14 bytes.
        let mut block = self.salt.clone();
        let [_, _, _, _, _, _, _, byte, ..] = &mut *block;
        *byte ^= label as u8;
        let mut derived = Zeroizing::new(vec![0; len]);
        self.key.apply(&block, &mut derived);
        derived
    }

    /// A session salt of 14 or 12 bytes as a number, its last byte lowest.
    pub(super) fn derive_salt(&self, label: Label, len: usize) -> Zeroizing<u128> {
        let bytes = self.derive(label, len);
        let number = bytes
            .iter()
            .fold(0, |number, byte| (number << 8) | u128::from(*byte));
        Zeroizing::new(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::vectors::bytes;

    fn derivation(profile: Profile, key: &str, salt: &str) -> Derivation {
        let master = MasterKey::new(&bytes(key), &bytes(salt));
        Derivation::new(&Provider::default(), profile, &master).unwrap()
    }

    #[test]
    fn aes_128_derives_as_in_rfc_3711_appendix_b_3_and_rfc_6904_appendix_a_1() {
        let derivation = derivation(
            Profile::Aes128CmSha1_80,
            "E1F97A0D3E018BE0D64FA32C06DE4139",
            "0EC675AD498AFEEBB6960B3AABE6",
        );
        let rows = [
            (Label::RtpEncryption, "C61E7A93744F39EE10734AFE3FF7A087"),
            (Label::RtpSalt, "30CBBC08863D8C85D49DB34A9AE1"),
            (
                Label::RtpAuthentication,
                "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF7227098\
                 6371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2",
            ),
            (Label::HeaderEncryption, "549752054D6FB708622C4A2E596A1B93"),
            (Label::HeaderSalt, "AB01818174C40D39A3781F7C2D27"),
        ];
        for (label, expected) in rows {
            let expected = bytes(expected);
            assert_eq!(*derivation.derive(label, expected.len()), expected, "{label:?}");
        }
        assert_eq!(
            *derivation.derive_salt(Label::RtpSalt, 14),
            0x30CB_BC08_863D_8C85_D49D_B34A_9AE1
        );
    }

    #[test]
    fn aes_256_derives_as_in_rfc_6188_section_7_2() {
        let derivation = derivation(
            Profile::Aes256CmSha1_80,
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
            "3b04803de51ee7c96423ab5b78d2",
        );
        let rows = [
            (
                Label::RtpEncryption,
                "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
            ),
            (Label::RtpSalt, "fa31791685ca444a9e07c6c64e93"),
            (
                Label::RtpAuthentication,
                "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
            ),
        ];
        for (label, expected) in rows {
            let expected = bytes(expected);
            assert_eq!(*derivation.derive(label, expected.len()), expected, "{label:?}");
        }
    }

    #[test]
    fn aes_gcm_derives_as_in_rfc_9335_appendix_a_2() {
        let derivation = derivation(
            Profile::AeadAes128Gcm,
            "000102030405060708090a0b0c0d0e0f",
            "a0a1a2a3a4a5a6a7a8a9aaab",
        );
        assert_eq!(
            *derivation.derive(Label::RtpEncryption, 16),
            bytes("077c6143cb221bc355ff23d5f984a16e")
        );
        assert_eq!(
            *derivation.derive_salt(Label::RtpSalt, 12),
            0x9af3_e953_64eb_ac9c_99c5_a7c4
        );
    }

    #[test]
    fn keys_of_the_wrong_length_are_errors() {
        for profile in Profile::ALL {
            for wrong in [0, 15, 17, 24, 33] {
                let master = MasterKey::new(&vec![1; wrong], &vec![2; profile.salt_len()]);
                let error = Derivation::new(&Provider::default(), profile, &master).unwrap_err();
                assert!(matches!(error, ConfigError::Key(_)), "{profile:?} {wrong}");
            }
        }
    }
}
