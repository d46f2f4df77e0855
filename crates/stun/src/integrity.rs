//! RFC 8489 §9.1.1, §9.2.2 and §18.5.1: the keys of MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crypto::{Digest, Hash, Mac, MacKey, Provider};
use zeroize::Zeroizing;

use crate::IntegrityError;
use crate::attributes::{PasswordAlgorithm, Userhash};

/// A key with its HMAC states prepared; build it once, use it for every message, clone it freely.
///
/// Passwords are taken as they are: ASCII needs no preparation, and ICE has nothing else. For others apply
/// [`prepare_password`](crate::prepare_password) first ([`Credentials`](crate::Credentials) does).
#[derive(Clone)]
pub struct IntegrityKey(Arc<Keys>);

struct Keys {
    provider: Provider,
    key: Zeroizing<Vec<u8>>,
    sha1: OnceLock<Box<dyn MacKey>>,
    sha256: OnceLock<Box<dyn MacKey>>,
}

impl IntegrityKey {
    /// The key of a short-term credential: the password itself (RFC 8489 §9.1.1).
    pub fn short_term(provider: &Provider, password: &str) -> Self {
        Self::new(provider, password.as_bytes().to_vec())
    }

    /// The key of a long-term credential: a hash of `username ":" realm ":" password` (RFC 8489 §9.2.2, §18.5.1).
    ///
    /// ```
    /// use stun::{IntegrityKey, attributes::PasswordAlgorithm};
    /// let provider = crypto::Provider::default();
    /// let login = stun::Login { username: "user", realm: "realm", password: "pass" };
    /// let key = IntegrityKey::long_term(&provider, PasswordAlgorithm::Md5, &login);
    /// // RFC 8489 §9.2.2
    /// assert_eq!(key.as_bytes(), 0x8493fbc53ba582fb4c044c456bdc40eb_u128.to_be_bytes());
    /// ```
    pub fn long_term(provider: &Provider, algorithm: PasswordAlgorithm, login: &Login<'_>) -> Self {
        let hash = match algorithm {
            PasswordAlgorithm::Md5 => Hash::Md5,
            PasswordAlgorithm::Sha256 => Hash::Sha256,
        };
        let key = joined_hash(provider, hash, &[login.username, login.realm, login.password]);
        Self::new(provider, key.as_ref().to_vec())
    }

    /// A key kept by a user database in place of the password ("H(A1)", RFC 8489 §9.2.2).
    pub fn from_bytes(provider: &Provider, key: &[u8]) -> Self {
        Self::new(provider, key.to_vec())
    }

    fn new(provider: &Provider, key: Vec<u8>) -> Self {
        let key = Zeroizing::new(key);
        Self(Arc::new(Keys {
            provider: provider.clone(),
            key,
            sha1: OnceLock::new(),
            sha256: OnceLock::new(),
        }))
    }

    /// The key itself, for a user database. It is a secret.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.key
    }

    fn sha1(&self) -> &dyn MacKey {
        self.0
            .sha1
            .get_or_init(|| self.0.provider.mac(Mac::HmacSha1, &self.0.key))
            .as_ref()
    }

    fn sha256(&self) -> &dyn MacKey {
        self.0
            .sha256
            .get_or_init(|| self.0.provider.mac(Mac::HmacSha256, &self.0.key))
            .as_ref()
    }

    pub(crate) fn sign_sha1(&self, parts: &[&[u8]]) -> Digest {
        self.sha1().tag(parts)
    }

    pub(crate) fn sign_sha256(&self, parts: &[&[u8]]) -> Digest {
        self.sha256().tag(parts)
    }

    pub(crate) fn verify_sha1(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), IntegrityError> {
        self.sha1()
            .verify(parts, tag)
            .map_err(|_| IntegrityError::Mismatch)
    }

    pub(crate) fn verify_sha256(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), IntegrityError> {
        self.sha256()
            .verify_truncated(parts, tag, 16)
            .map_err(|_| IntegrityError::Mismatch)
    }
}

impl fmt::Debug for IntegrityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntegrityKey(..)")
    }
}

/// What a long-term key is made of, prepared already.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// As in USERNAME.
    pub username: &'a str,
    /// As in REALM.
    pub realm: &'a str,
    /// The secret.
    pub password: &'a str,
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl Userhash {
    /// Hides a user's name; name and realm prepared already (RFC 8489 §14.4).
    pub fn new(provider: &Provider, username: &str, realm: &str) -> Self {
        let digest = joined_hash(provider, Hash::Sha256, &[username, realm]);
        Self(digest.as_ref().try_into().unwrap_or_default())
    }
}

/// The hash of the parts with colons between them.
fn joined_hash(provider: &Provider, hash: Hash, parts: &[&str]) -> Digest {
    let mut state = provider.hash(hash);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            state.update(b":");
        }
        state.update(part.as_bytes());
    }
    state.finish()
}

#[cfg(test)]
mod tests;
