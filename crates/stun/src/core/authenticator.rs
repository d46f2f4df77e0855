//! RFC 8489 §9.1.3 and §9.2.4: what a server demands of requests. Of use to TURN servers too.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crypto::{Mac, MacKey, Provider};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::challenge::realm_for_key;
use crate::attributes::{ErrorCode, Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm, Userhash};
use crate::config::{Authentication, ServerConfig};
use crate::credentials::Credentials;
use crate::integrity::{IntegrityKey, Login};
use crate::message::{MessageRef, MessageWriter};
use crate::nonce::{NONCE_COOKIE_LEN, SecurityFeatures};

/// Where a server looks up its users. Calls come for every request, so they should be fast.
pub trait CredentialStore: fmt::Debug + Send + Sync {
    /// The key of a short-term credential.
    fn short_term_key(&self, provider: &Provider, username: &str) -> Option<IntegrityKey>;

    /// The key of a user's account, made by `algorithm` for `realm` ([`IntegrityKey::long_term`]).
    fn long_term_key(
        &self,
        provider: &Provider,
        algorithm: PasswordAlgorithm,
        username: &str,
        realm: &str,
    ) -> Option<IntegrityKey>;

    /// The user whom USERHASH means.
    fn username_of(&self, provider: &Provider, userhash: &Userhash, realm: &str) -> Option<String>;
}

/// A fixed list of users, for tests and small servers. Looking up a USERHASH takes time linear in the number of users.
///
/// ```
/// use stun::{Credentials, core::StaticCredentials};
/// let users = StaticCredentials::new([Credentials::long_term("user", "pass")?]);
/// # Ok::<(), stun::PrepareError>(())
/// ```
#[derive(Debug)]
pub struct StaticCredentials(HashMap<String, Credentials>);

impl StaticCredentials {
    /// A store of these users.
    pub fn new(users: impl IntoIterator<Item = Credentials>) -> Self {
        Self(
            users
                .into_iter()
                .map(|user| (user.username().to_owned(), user))
                .collect(),
        )
    }
}

impl CredentialStore for StaticCredentials {
    fn short_term_key(&self, provider: &Provider, username: &str) -> Option<IntegrityKey> {
        self.0
            .get(username)
            .map(|user| IntegrityKey::short_term(provider, user.password()))
    }

    fn long_term_key(
        &self,
        provider: &Provider,
        algorithm: PasswordAlgorithm,
        username: &str,
        realm: &str,
    ) -> Option<IntegrityKey> {
        let password = self.0.get(username)?.password();
        Some(IntegrityKey::long_term(
            provider,
            algorithm,
            &Login {
                username,
                realm,
                password,
            },
        ))
    }

    fn username_of(&self, provider: &Provider, userhash: &Userhash, realm: &str) -> Option<String> {
        let mut names: Vec<&String> = self.0.keys().collect();
        names.sort_unstable();
        names
            .into_iter()
            .find(|name| Userhash::new(provider, name, realm) == *userhash)
            .cloned()
    }
}

/// Decides whose requests are served.
///
/// Keeps nothing per client: a nonce holds its time and a code over the client's address.
pub struct Authenticator {
    provider: Provider,
    authentication: Authentication,
    /// The realm as it enters keys.
    realm: String,
    lifetime_secs: u64,
    nonce_key: Box<dyn MacKey>,
    /// The time from which nonces count their seconds.
    epoch: Option<Instant>,
}

/// A request whose sender is known.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The user.
    pub username: String,
    /// What the response has to be protected with.
    pub key: IntegrityKey,
    /// By MESSAGE-INTEGRITY-SHA256, not MESSAGE-INTEGRITY.
    pub sha256: bool,
}

impl Accepted {
    /// Appends the integrity code of a response to the request.
    pub fn sign(&self, writer: &mut MessageWriter<'_>) {
        if self.sha256 {
            writer.integrity_sha256(&self.key);
        } else {
            writer.integrity(&self.key);
        }
    }
}

/// A request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Why: 400, 401 or 438.
    pub error: ErrorCode<'static>,
    /// Whether the response challenges the client.
    pub challenge: bool,
}

impl Rejection {
    const BAD_REQUEST: Self = Self {
        error: ErrorCode::BAD_REQUEST,
        challenge: false,
    };
    const WRONG_SHORT_TERM: Self = Self {
        error: ErrorCode::UNAUTHENTICATED,
        challenge: false,
    };
    const UNAUTHENTICATED: Self = Self {
        error: ErrorCode::UNAUTHENTICATED,
        challenge: true,
    };
    const STALE_NONCE: Self = Self {
        error: ErrorCode::STALE_NONCE,
        challenge: true,
    };
}

/// The cookie's features of every nonce made here.
const FEATURES: SecurityFeatures = SecurityFeatures {
    password_algorithms: true,
    username_anonymity: true,
};

/// Four bytes of time and twelve of the code, in hexadecimal digits.
const NONCE_LEN: usize = NONCE_COOKIE_LEN + 32;

impl Authenticator {
    /// `seed` makes the key of the nonces; it has to be secret and used once.
    pub fn new(config: &ServerConfig, seed: [u8; 32]) -> Self {
        let mut key = [0; 32];
        ChaCha20Rng::from_seed(seed).fill_bytes(&mut key);
        let realm = match &config.authentication {
            Authentication::LongTerm { realm, .. } => realm_for_key(realm),
            Authentication::None | Authentication::ShortTerm(_) => String::new(),
        };
        Self {
            nonce_key: config.provider.mac(Mac::HmacSha256, &key),
            provider: config.provider.clone(),
            authentication: config.authentication.clone(),
            realm,
            lifetime_secs: config.nonce_lifetime.as_secs(),
            epoch: None,
        }
    }

    /// Checks a request that came from `source`. `Ok(None)`: nobody has to prove anything.
    ///
    /// # Errors
    /// The error response to send; [`write_challenge`](Self::write_challenge) completes it.
    pub fn check(
        &mut self,
        now: Instant,
        source: SocketAddr,
        message: &MessageRef<'_>,
    ) -> Result<Option<Accepted>, Rejection> {
        match &self.authentication {
            Authentication::None => Ok(None),
            Authentication::ShortTerm(store) => short_term(&self.provider, store.as_ref(), message).map(Some),
            Authentication::LongTerm { .. } => {
                let seconds = self.seconds(now);
                self.long_term(seconds, source, message).map(Some)
            }
        }
    }

    /// Appends REALM, NONCE and PASSWORD-ALGORITHMS to the response to a [`Rejection`] that challenges.
    pub fn write_challenge(&mut self, now: Instant, source: SocketAddr, writer: &mut MessageWriter<'_>) {
        let seconds = self.seconds(now);
        let nonce = self.nonce(seconds, source);
        if let Authentication::LongTerm { realm, .. } = &self.authentication {
            writer
                .attribute(&Realm(realm))
                .attribute(&Nonce(&nonce))
                .attribute(&PasswordAlgorithms::ALL);
        }
    }

    fn seconds(&mut self, now: Instant) -> u32 {
        let epoch = *self.epoch.get_or_insert(now);
        u32::try_from(now.saturating_duration_since(epoch).as_secs()).unwrap_or(u32::MAX)
    }

    /// §9.2.4: good for one address only.
    fn nonce(&self, seconds: u32, source: SocketAddr) -> [u8; NONCE_LEN] {
        let ip = match source.ip().to_canonical() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let time = seconds.to_be_bytes();
        let code = self
            .nonce_key
            .tag(&[&time, &ip.octets(), &source.port().to_be_bytes()]);
        let digits = time
            .iter()
            .chain(code.as_ref())
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(hex_digit);
        let mut nonce = [b'0'; NONCE_LEN];
        for (to, from) in nonce.iter_mut().zip(FEATURES.cookie().into_iter().chain(digits)) {
            *to = from;
        }
        nonce
    }

    /// Whether a nonce was made here for `source` and is not too old.
    fn is_fresh(&self, seconds: u32, source: SocketAddr, nonce: &[u8]) -> bool {
        let digits = nonce
            .get(NONCE_COOKIE_LEN..NONCE_COOKIE_LEN + 8)
            .unwrap_or_default();
        let value = digits
            .iter()
            .try_fold(0_u32, |value, digit| Some(value << 4 | hex_value(*digit)?));
        let Some(made) = value.filter(|_| digits.len() == 8) else {
            return false;
        };
        let age = seconds.checked_sub(made).map(u64::from);
        let own = crypto::constant_time_eq(&self.nonce(made, source), nonce);
        own && age.is_some_and(|age| age <= self.lifetime_secs)
    }

    fn long_term(
        &self,
        seconds: u32,
        source: SocketAddr,
        message: &MessageRef<'_>,
    ) -> Result<Accepted, Rejection> {
        let Authentication::LongTerm { store, .. } = &self.authentication else {
            return Err(Rejection::BAD_REQUEST);
        };
        if !message.has_integrity() && !message.has_integrity_sha256() {
            return Err(Rejection::UNAUTHENTICATED);
        }
        let userhash = message.attribute::<Userhash>().and_then(Result::ok);
        let (Some(nonce), Some(_)) = (message.nonce(), message.realm()) else {
            return Err(Rejection::BAD_REQUEST);
        };
        let algorithm = chosen_algorithm(nonce, message)?;
        let username = match (userhash, message.username()) {
            (Some(userhash), _) => store.username_of(&self.provider, &userhash, &self.realm),
            (None, Some(username)) => Some(username.to_owned()),
            (None, None) => return Err(Rejection::BAD_REQUEST),
        };
        // A stranger's name and a wrong password look the same.
        let username = username.ok_or(Rejection::UNAUTHENTICATED)?;
        let derivation = algorithm.unwrap_or(PasswordAlgorithm::Md5);
        let key = store.long_term_key(&self.provider, derivation, &username, &self.realm);
        let key = key.ok_or(Rejection::UNAUTHENTICATED)?;
        let checked = if message.has_integrity_sha256() {
            message.check_integrity_sha256(&key)
        } else {
            message.check_integrity(&key)
        };
        checked.map_err(|_| Rejection::UNAUTHENTICATED)?;
        if !self.is_fresh(seconds, source, nonce) {
            return Err(Rejection::STALE_NONCE);
        }
        Ok(Accepted {
            username,
            key,
            sha256: algorithm.is_some(),
        })
    }
}

/// §9.2.4, third bullet. `None`: the client is one of RFC 5389.
fn chosen_algorithm(nonce: &[u8], message: &MessageRef<'_>) -> Result<Option<PasswordAlgorithm>, Rejection> {
    if !SecurityFeatures::of_nonce(nonce).is_some_and(|features| features.password_algorithms) {
        return Ok(None);
    }
    let list = message.attribute::<PasswordAlgorithms<'_>>();
    match (list, message.attribute::<PasswordAlgorithm>()) {
        (None, None) => Ok(None),
        (Some(Ok(PasswordAlgorithms::ALL)), Some(Ok(algorithm))) => Ok(Some(algorithm)),
        _ => Err(Rejection::BAD_REQUEST),
    }
}

/// §9.1.3.
fn short_term(
    provider: &Provider,
    store: &dyn CredentialStore,
    message: &MessageRef<'_>,
) -> Result<Accepted, Rejection> {
    let sha256 = message.has_integrity_sha256();
    let (true, Some(username)) = (sha256 || message.has_integrity(), message.username()) else {
        return Err(Rejection::BAD_REQUEST);
    };
    let key = store
        .short_term_key(provider, username)
        .ok_or(Rejection::WRONG_SHORT_TERM)?;
    let checked = if sha256 {
        message.check_integrity_sha256(&key)
    } else {
        message.check_integrity(&key)
    };
    checked.map_err(|_| Rejection::WRONG_SHORT_TERM)?;
    Ok(Accepted {
        username: username.to_owned(),
        key,
        sha256,
    })
}

const fn hex_digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + (value & 15) - 10,
    }
}

const fn hex_value(digit: u8) -> Option<u32> {
    match digit {
        b'0'..=b'9' => Some((digit - b'0') as u32),
        b'a'..=b'f' => Some((digit - b'a') as u32 + 10),
        _ => None,
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}
