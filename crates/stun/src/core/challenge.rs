//! RFC 8489 §9.2.5: what a client makes of a 401 or 438 response.

use crypto::Provider;

use super::request::FailReason;
use crate::attributes::{Nonce, PasswordAlgorithm, PasswordAlgorithms, Realm, Userhash, Username};
use crate::credentials::Credentials;
use crate::integrity::{IntegrityKey, Login};
use crate::message::{MessageRef, MessageWriter};
use crate::nonce::SecurityFeatures;
use crate::preparation::prepare_password;

/// A server's challenge, and the key that answers it.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    realm: String,
    nonce: Vec<u8>,
    /// PASSWORD-ALGORITHMS as the server sent it; `None` for a server of RFC 5389.
    offered: Option<Vec<u8>>,
    algorithm: PasswordAlgorithm,
    username: String,
    userhash: Option<Userhash>,
    key: IntegrityKey,
}

impl Challenge {
    /// Reads a challenge. `previous` is the one that the refused request had answered.
    pub(super) fn read(
        provider: &Provider,
        credentials: &Credentials,
        message: &MessageRef<'_>,
        previous: Option<&Self>,
    ) -> Result<Self, FailReason> {
        let stale = message.error_code().is_some_and(|error| error.code == 438);
        let nonce = message.nonce().ok_or(FailReason::Unauthenticated)?;
        let features = SecurityFeatures::of_nonce(nonce).unwrap_or_default();
        let offered = message.attribute::<PasswordAlgorithms<'_>>().and_then(Result::ok);
        let anonymous = features.username_anonymity;
        check_bid_down(features, offered.is_some(), previous)?;
        let algorithm = match offered {
            None => PasswordAlgorithm::Md5,
            Some(list) => list.first_known().ok_or(FailReason::NoCommonAlgorithm)?,
        };
        // Servers of RFC 5389 leave REALM out of 438.
        let realm = message
            .realm()
            .or(previous.filter(|_| stale).map(|previous| previous.realm.as_str()));
        let realm = realm.ok_or(FailReason::Unauthenticated)?;
        if let Some(previous) = previous {
            let same = previous.realm == realm && previous.algorithm == algorithm;
            let hopeless = if stale {
                previous.nonce == nonce
            } else {
                same && previous.is_anonymous() == anonymous
            };
            if hopeless {
                return Err(FailReason::Unauthenticated);
            }
            if same && previous.is_anonymous() == anonymous {
                let offered = offered.map(|list| list.0.to_vec());
                return Ok(Self {
                    nonce: nonce.to_vec(),
                    offered,
                    ..previous.clone()
                });
            }
        }
        let hashed = realm_for_key(realm);
        let login = Login {
            username: credentials.username(),
            realm: &hashed,
            password: credentials.password(),
        };
        Ok(Self {
            realm: realm.to_owned(),
            nonce: nonce.to_vec(),
            offered: offered.map(|list| list.0.to_vec()),
            algorithm,
            username: credentials.username().to_owned(),
            userhash: anonymous.then(|| Userhash::new(provider, credentials.username(), &hashed)),
            key: IntegrityKey::long_term(provider, algorithm, &login),
        })
    }

    const fn is_anonymous(&self) -> bool {
        self.userhash.is_some()
    }

    /// Once a server has shown PASSWORD-ALGORITHMS, only MESSAGE-INTEGRITY-SHA256 will do (§9.2.5).
    pub(super) const fn uses_sha256(&self) -> bool {
        self.offered.is_some()
    }

    pub(super) const fn key(&self) -> &IntegrityKey {
        &self.key
    }

    /// Appends the attributes that answer the challenge, without the integrity code (§9.2.5).
    pub(super) fn write(&self, writer: &mut MessageWriter<'_>) {
        match &self.userhash {
            Some(userhash) => writer.attribute(userhash),
            None => writer.attribute(&Username(&self.username)),
        };
        writer
            .attribute(&Realm(&self.realm))
            .attribute(&Nonce(&self.nonce));
        if let Some(offered) = &self.offered {
            writer
                .attribute(&PasswordAlgorithms(offered))
                .attribute(&self.algorithm);
        }
    }
}

/// §9.2.1, §9.2.5: what the nonce announces must be there, and nothing a server has shown may vanish later.
fn check_bid_down(
    features: SecurityFeatures,
    offers_algorithms: bool,
    previous: Option<&Challenge>,
) -> Result<(), FailReason> {
    let stripped = features.password_algorithms && !offers_algorithms;
    let fewer = previous.is_some_and(|previous| {
        previous.uses_sha256() && !offers_algorithms
            || previous.is_anonymous() && !features.username_anonymity
    });
    if stripped || fewer {
        Err(FailReason::BidDown)
    } else {
        Ok(())
    }
}

/// Whether a response lacks what its own nonce announces (§9.2.5).
pub(super) fn is_stripped(message: &MessageRef<'_>) -> bool {
    let features = message
        .nonce()
        .and_then(SecurityFeatures::of_nonce)
        .unwrap_or_default();
    features.password_algorithms && message.attribute::<PasswordAlgorithms<'_>>().is_none()
}

/// The realm without quotation marks and trailing zeros, prepared (§9.2.2).
pub(super) fn realm_for_key(realm: &str) -> String {
    let realm = realm.trim_end_matches('\0');
    let inner = realm
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(realm);
    prepare_password(inner).map_or_else(|_| inner.to_owned(), std::borrow::Cow::into_owned)
}
