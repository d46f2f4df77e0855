//! The credentials of one generation, with their keys prepared (RFC 8445 §7.2.2, §9).

use stun::IntegrityKey;

use crate::{Credentials, RemoteParameters};

/// The peer's half.
#[derive(Debug)]
pub(crate) struct RemoteSession {
    pub(crate) parameters: RemoteParameters,
    pub(crate) key: IntegrityKey,
    /// USERNAME of our requests: the peer's fragment, a colon, ours.
    pub(crate) username: Box<str>,
}

/// One generation.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) local: Credentials,
    pub(crate) local_key: IntegrityKey,
    /// The first four bytes of every transaction identifier, by which a [`Mux`](crate::Mux) finds the agent.
    pub(crate) tag: [u8; 4],
    pub(crate) remote: Option<RemoteSession>,
}

impl Session {
    pub(crate) fn new(local: Credentials, provider: &crypto::Provider) -> Self {
        let local_key = IntegrityKey::short_term(provider, &local.pwd);
        Self {
            tag: transaction_tag(&local.ufrag),
            local,
            local_key,
            remote: None,
        }
    }

    /// RFC 8445 §2.5: whether the peer only answers; false while nothing is known of it.
    pub(crate) fn remote_is_lite(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.parameters.lite)
    }

    pub(crate) fn set_remote(&mut self, parameters: RemoteParameters, provider: &crypto::Provider) {
        let username = format!("{}:{}", parameters.credentials.ufrag, self.local.ufrag).into_boxed_str();
        let key = IntegrityKey::short_term(provider, &parameters.credentials.pwd);
        self.remote = Some(RemoteSession {
            parameters,
            key,
            username,
        });
    }
}

/// What transaction identifiers of an agent with this local fragment begin with; 64 random bits follow.
///
/// Responses carry no USERNAME. So that a shared socket finds their agent in one step, and no peer can make
/// another agent's responses its own, the identifier itself says whose it is.
pub(crate) fn transaction_tag(ufrag: &str) -> [u8; 4] {
    crc32fast::hash(ufrag.as_bytes()).to_be_bytes()
}
