//! Master keys and salts, and where DTLS puts them (RFC 5764 §4.2).

use std::fmt;

use zeroize::Zeroizing;

use crate::{ConfigError, Profile};

/// The label for the keying material exporter (RFC 5705), without context (RFC 5764 §4.2).
pub const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// The master key and salt of one direction. Wiped when dropped, never printed.
///
/// ```
/// let key = srtp::MasterKey::new(&[1; 16], &[2; 12]);
/// assert_eq!(format!("{key:?}"), "MasterKey");
/// ```
#[derive(Clone)]
pub struct MasterKey {
    key: Zeroizing<Vec<u8>>,
    salt: Zeroizing<Vec<u8>>,
}

impl MasterKey {
    /// A key and its salt, of the lengths that the profile asks for ([`Profile::key_len`], [`Profile::salt_len`]); they are
    /// checked where the key is put to use.
    pub fn new(key: &[u8], salt: &[u8]) -> Self {
        Self {
            key: Zeroizing::new(key.to_vec()),
            salt: Zeroizing::new(salt.to_vec()),
        }
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The salt as the upper bytes of a block, if it has the right length (RFC 3711 §4.3.1). A salt of 12 bytes (RFC 7714)
    /// is one of 14 whose last two are zero.
    pub(crate) fn salt_block(&self, profile: Profile) -> Result<Zeroizing<[u8; 16]>, ConfigError> {
        if self.salt.len() != profile.salt_len() {
            return Err(ConfigError::SaltLength {
                expected: profile.salt_len(),
                actual: self.salt.len(),
            });
        }
        let mut block = Zeroizing::new([0; 16]);
        block
            .iter_mut()
            .zip(self.salt.iter())
            .for_each(|(to, from)| *to = *from);
        Ok(block)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

/// The master keys of both sides of a DTLS connection.
///
/// ```
/// use srtp::{KeyPair, Profile};
///
/// // What the exporter gave: both keys, then both salts, the client's first.
/// let exported = [7; Profile::AeadAes128Gcm.exported_len()];
/// let KeyPair { client, server } = KeyPair::from_exported(Profile::AeadAes128Gcm, &exported)?;
/// // The DTLS client protects with `client` and unprotects with `server`; the DTLS server the other way round.
///
/// assert!(KeyPair::from_exported(Profile::AeadAes128Gcm, &exported[1..]).is_err());
/// # Ok::<(), srtp::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// What the DTLS client protects with.
    pub client: MasterKey,
    /// What the DTLS server protects with.
    pub server: MasterKey,
}

impl KeyPair {
    /// Cuts [`Profile::exported_len`] exported bytes into keys (RFC 5764 §4.2), exported with [`EXPORTER_LABEL`].
    ///
    /// # Errors
    /// [`ConfigError::ExportedLength`] if there are not exactly so many.
    pub fn from_exported(profile: Profile, exported: &[u8]) -> Result<Self, ConfigError> {
        let length = ConfigError::ExportedLength {
            expected: profile.exported_len(),
            actual: exported.len(),
        };
        if exported.len() != profile.exported_len() {
            return Err(length);
        }
        let (keys, salts) = exported
            .split_at_checked(2 * profile.key_len())
            .ok_or(length.clone())?;
        let (client_key, server_key) = keys.split_at_checked(profile.key_len()).ok_or(length.clone())?;
        let (client_salt, server_salt) = salts.split_at_checked(profile.salt_len()).ok_or(length)?;
        Ok(Self {
            client: MasterKey::new(client_key, client_salt),
            server: MasterKey::new(server_key, server_salt),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_bytes_are_keys_then_salts() {
        for profile in Profile::ALL {
            let exported: Vec<u8> = (0..profile.exported_len())
                .map(|n| u8::try_from(n).unwrap())
                .collect();
            let pair = KeyPair::from_exported(profile, &exported).unwrap();
            let (key, salt) = (profile.key_len(), profile.salt_len());
            assert_eq!(pair.client.key(), &exported[..key]);
            assert_eq!(pair.server.key(), &exported[key..2 * key]);
            assert_eq!(&pair.client.salt[..], &exported[2 * key..2 * key + salt]);
            assert_eq!(&pair.server.salt[..], &exported[2 * key + salt..]);
            for wrong in [0, exported.len() - 1] {
                assert!(KeyPair::from_exported(profile, &exported[..wrong]).is_err());
            }
        }
    }

    #[test]
    fn a_salt_of_the_wrong_length_is_an_error() {
        let key = MasterKey::new(&[1; 16], &[2; 14]);
        assert!(key.salt_block(Profile::Aes128CmSha1_80).is_ok());
        let error = key.salt_block(Profile::AeadAes128Gcm).unwrap_err();
        assert_eq!(
            error,
            ConfigError::SaltLength {
                expected: 12,
                actual: 14
            }
        );
    }
}
