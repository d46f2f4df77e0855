//! RFC 8489 §9.1.2, §9.1.4, §9.2.5: the integrity of requests, and of the responses to them.

use std::sync::Arc;

use super::challenge::Challenge;
use crate::IntegrityError;
use crate::attributes::Username;
use crate::config::ClientConfig;
use crate::credentials::{Credentials, Mechanism, ShortTermIntegrity};
use crate::integrity::IntegrityKey;
use crate::message::{MessageRef, MessageWriter};

/// How a request is authenticated.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// Not at all: no credentials, or the server has not challenged yet.
    Absent,
    ShortTerm(Arc<ShortTerm>, ShortTermIntegrity),
    LongTerm(Arc<Challenge>),
}

#[derive(Debug)]
pub(super) struct ShortTerm {
    username: String,
    key: IntegrityKey,
}

impl Proof {
    /// That of a first request.
    pub(super) fn first(config: &ClientConfig) -> Self {
        match &config.credentials {
            None => Self::Absent,
            Some(credentials) => match credentials.mechanism() {
                Mechanism::LongTerm => Self::Absent,
                Mechanism::ShortTerm(integrity) => {
                    Self::ShortTerm(Arc::new(short_term(config, credentials)), integrity)
                }
            },
        }
    }

    /// Appends what proves the sender: it has to come last, before FINGERPRINT.
    pub(super) fn write(&self, writer: &mut MessageWriter<'_>) {
        match self {
            Self::Absent => {}
            Self::ShortTerm(short, integrity) => {
                writer.attribute(&Username(&short.username));
                match integrity {
                    ShortTermIntegrity::Sha1 => writer.integrity(&short.key),
                    ShortTermIntegrity::Sha256 => writer.integrity_sha256(&short.key),
                    ShortTermIntegrity::Both => writer.integrity(&short.key).integrity_sha256(&short.key),
                };
            }
            Self::LongTerm(challenge) => {
                challenge.write(writer);
                if challenge.uses_sha256() {
                    writer.integrity_sha256(challenge.key());
                } else {
                    writer.integrity(challenge.key());
                }
            }
        }
    }

    /// Checks a response, and gives the proof for later requests to the same server (§9.1.5).
    pub(super) fn check(&self, message: &MessageRef<'_>) -> Result<Self, IntegrityError> {
        match self {
            Self::Absent => {}
            Self::ShortTerm(short, sent) => {
                let sha256 = match sent {
                    ShortTermIntegrity::Both => message.has_integrity_sha256(),
                    ShortTermIntegrity::Sha1 => false,
                    ShortTermIntegrity::Sha256 => true,
                };
                check(message, &short.key, sha256)?;
                let learned = if sha256 {
                    ShortTermIntegrity::Sha256
                } else {
                    ShortTermIntegrity::Sha1
                };
                return Ok(Self::ShortTerm(Arc::clone(short), learned));
            }
            // The algorithm has to be the one of the request: no bidding down from SHA-256.
            Self::LongTerm(challenge) => check(message, challenge.key(), challenge.uses_sha256())?,
        }
        Ok(self.clone())
    }

    pub(super) fn challenge(&self) -> Option<&Challenge> {
        match self {
            Self::Absent | Self::ShortTerm(..) => None,
            Self::LongTerm(challenge) => Some(challenge),
        }
    }
}

fn short_term(config: &ClientConfig, credentials: &Credentials) -> ShortTerm {
    ShortTerm {
        username: credentials.username().to_owned(),
        key: IntegrityKey::short_term(&config.provider, credentials.password()),
    }
}

fn check(message: &MessageRef<'_>, key: &IntegrityKey, sha256: bool) -> Result<(), IntegrityError> {
    if sha256 {
        message.check_integrity_sha256(key)
    } else {
        message.check_integrity(key)
    }
}
