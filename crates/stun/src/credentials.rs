//! RFC 8489 §9: what a client proves itself with.

use std::fmt;

use zeroize::Zeroizing;

use crate::{PrepareError, prepare_password};

/// A username and its password, prepared for hashing, and how they are used.
///
/// ```
/// let credentials = stun::Credentials::long_term("user", "pass")?;
/// assert_eq!(credentials.username(), "user");
/// assert!(!format!("{credentials:?}").contains("pass"));
/// assert!(stun::Credentials::long_term("user", "").is_err(), "no password");
/// # Ok::<(), stun::PrepareError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    mechanism: Mechanism,
    username: String,
    password: Zeroizing<String>,
}

/// The two mechanisms of RFC 8489 §9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// §9.1: every message is protected with the password itself.
    ShortTerm(ShortTermIntegrity),
    /// §9.2: the server challenges, and the key is a hash.
    LongTerm,
}

/// Which integrity attributes a short-term request carries (RFC 8489 §9.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ShortTermIntegrity {
    /// Both, until a response shows which one the server knows.
    #[default]
    Both,
    /// MESSAGE-INTEGRITY: the usage says that the server is one of RFC 5389.
    Sha1,
    /// MESSAGE-INTEGRITY-SHA256: the usage says that the server knows RFC 8489.
    Sha256,
}

impl Credentials {
    /// Credentials for one session, exchanged by other means (RFC 8489 §9.1).
    ///
    /// # Errors
    /// [`PrepareError`] when name or password are empty or have forbidden characters.
    pub fn short_term(
        username: &str,
        password: &str,
        integrity: ShortTermIntegrity,
    ) -> Result<Self, PrepareError> {
        Self::new(Mechanism::ShortTerm(integrity), username, password)
    }

    /// A user's account with the server (RFC 8489 §9.2).
    ///
    /// # Errors
    /// [`PrepareError`] when name or password are empty or have forbidden characters.
    pub fn long_term(username: &str, password: &str) -> Result<Self, PrepareError> {
        Self::new(Mechanism::LongTerm, username, password)
    }

    fn new(mechanism: Mechanism, username: &str, password: &str) -> Result<Self, PrepareError> {
        Ok(Self {
            mechanism,
            username: prepare_password(username)?.into_owned(),
            password: Zeroizing::new(prepare_password(password)?.into_owned()),
        })
    }

    /// How they are used.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The name, prepared.
    pub fn username(&self) -> &str {
        &self.username
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("mechanism", &self.mechanism)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
