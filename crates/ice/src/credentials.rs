//! Username fragments and passwords (RFC 8445 §5.3, RFC 8839 §5.4).

use std::fmt;
use std::time::Duration;

use rand::RngExt;
use thiserror::Error;

use crate::config::DEFAULT_PACING;

/// The username fragment and password of one end, for one generation.
///
/// `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Credentials {
    /// `a=ice-ufrag`: 4 to 256 characters.
    pub ufrag: String,
    /// `a=ice-pwd`: 22 to 256 characters.
    pub pwd: String,
}

/// Why credentials were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Not 4 to 256 printable characters, or with a colon or a space (RFC 8839 §5.4).
    #[error("username fragment must have 4 to 256 characters, without colon and space")]
    Ufrag,
    /// Not 22 to 256 printable characters (RFC 8839 §5.4).
    #[error("password must have 22 to 256 characters, without space")]
    Pwd,
    /// The agent was closed.
    #[error("agent is closed")]
    Closed,
}

impl Credentials {
    /// Credentials as the peer signalled them.
    pub fn new(ufrag: impl Into<String>, pwd: impl Into<String>) -> Self {
        Self {
            ufrag: ufrag.into(),
            pwd: pwd.into(),
        }
    }

    /// Draws credentials: 48 random bits of username fragment, 144 of password.
    pub fn random<R: rand::Rng + ?Sized>(rng: &mut R) -> Self {
        Self {
            ufrag: ice_chars(rng, 8),
            pwd: ice_chars(rng, 24),
        }
    }

    /// Checks the lengths and characters that RFC 8839 asks for.
    ///
    /// # Errors
    /// When the fragment or the password does not have its form.
    pub fn validate(&self) -> Result<(), CredentialsError> {
        // Lenient in the alphabet: agents exist that use more than ice-chars.
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !(4..=256).contains(&self.ufrag.len()) || !plain(&self.ufrag) || self.ufrag.contains(':') {
            return Err(CredentialsError::Ufrag);
        }
        if !(22..=256).contains(&self.pwd.len()) || !plain(&self.pwd) {
            return Err(CredentialsError::Pwd);
        }
        Ok(())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

/// What the peer signalled about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteParameters {
    /// Its credentials.
    pub credentials: Credentials,
    /// `a=ice-lite`: it answers checks and sends none.
    pub lite: bool,
    /// `a=ice-pacing`: the Ta that it proposes; 50 ms when it proposes none. The higher of its and our
    /// [`Timers::pacing`](crate::Timers::pacing) holds for both (RFC 8445 §14.2), but its own counts for no more than
    /// [`MAX_PACING`](Self::MAX_PACING).
    pub pacing: Duration,
}

impl RemoteParameters {
    /// The most that a peer can slow our checks to: 500 ms, the highest Ta that ICE ever had for a default (RFC 5245
    /// §16.2). Without a bound it could have us hold pairs for weeks that are never checked.
    pub const MAX_PACING: Duration = Duration::from_millis(500);
}

impl From<Credentials> for RemoteParameters {
    fn from(credentials: Credentials) -> Self {
        Self {
            credentials,
            lite: false,
            pacing: DEFAULT_PACING,
        }
    }
}

impl Default for RemoteParameters {
    fn default() -> Self {
        Credentials::default().into()
    }
}

fn ice_chars<R: rand::Rng + ?Sized>(rng: &mut R, len: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..len)
        .filter_map(|_| ALPHABET.get(rng.random_range(0..ALPHABET.len())))
        .map(|byte| char::from(*byte))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn random_credentials_are_valid_and_differ() {
        let mut rng = rand_chacha::ChaCha20Rng::from_seed([1; 32]);
        let (a, b) = (Credentials::random(&mut rng), Credentials::random(&mut rng));
        assert_eq!((a.ufrag.len(), a.pwd.len()), (8, 24));
        assert_eq!((a.validate(), b.validate()), (Ok(()), Ok(())));
        assert_ne!(a, b);
    }

    #[test]
    fn refuses_lengths_outside_rfc_8839() {
        let pwd = "p".repeat(22);
        let check = |ufrag: &str, pwd: &str| Credentials::new(ufrag, pwd).validate();
        assert_eq!(check("abc", &pwd), Err(CredentialsError::Ufrag));
        assert_eq!(check(&"a".repeat(257), &pwd), Err(CredentialsError::Ufrag));
        assert_eq!(check("ab:cd", &pwd), Err(CredentialsError::Ufrag));
        assert_eq!(check("abcd", &pwd[1..]), Err(CredentialsError::Pwd));
        assert_eq!(check("abcd", &"p".repeat(257)), Err(CredentialsError::Pwd));
        assert_eq!(check(&"a".repeat(256), &"p".repeat(256)), Ok(()));
    }

    #[test]
    fn debug_hides_the_password() {
        let text = format!("{:?}", Credentials::new("abcd", "secretsecretsecretsecret"));
        assert!(text.contains("abcd") && !text.contains("secret"), "{text}");
    }
}
