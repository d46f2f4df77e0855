//! RFC 8489 §6.3.3 and §6.3.4: one request on its way, and what a response to it means.

use std::net::SocketAddr;
use std::sync::Arc;

use super::challenge::{self, Challenge};
use super::proof::Proof;
use super::request::{FailReason, Request, RequestId};
use super::timing::Timer;
use crate::attributes::{AlternateDomain, AlternateServer, Software};
use crate::config::{ClientConfig, Transport};
use crate::credentials::Mechanism;
use crate::message::{Class, MessageRef, MessageWriter, TransactionId};

/// How often a request may be challenged. One 401 and one 438 are normal; a server that goes on does not mean it.
const MAX_CHALLENGES: u8 = 4;

/// How often a request may be redirected.
const MAX_REDIRECTS: usize = 5;

#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) id: RequestId,
    pub(super) request: Request,
    pub(super) destination: SocketAddr,
    pub(super) transaction_id: TransactionId,
    pub(super) proof: Proof,
    pub(super) timer: Timer,
    /// The encoded request.
    pub(super) datagram: Vec<u8>,
    /// The datagram waits to be sent.
    pub(super) due: bool,
    /// A response failed its integrity check.
    pub(super) violated: bool,
    challenges: u8,
    visited: Vec<SocketAddr>,
}

/// What becomes of a transaction.
#[derive(Debug)]
pub(super) enum Outcome {
    /// As if the response had not come.
    Ignore,
    /// The same, but remembered: the integrity code is missing or wrong.
    Violation,
    /// Ask again with an answer to the challenge.
    Authenticate(Arc<Challenge>),
    /// Ask somebody else.
    Redirect(SocketAddr),
    /// The response is the result. Later requests use the proof.
    Success(Proof),
    /// The error response is the result.
    Rejected,
    Failed(FailReason),
}

impl Transaction {
    pub(super) fn new(
        id: RequestId,
        request: Request,
        destination: SocketAddr,
        proof: Proof,
        timer: Timer,
    ) -> Self {
        Self {
            id,
            request,
            destination,
            transaction_id: [0; 12].into(),
            proof,
            timer,
            datagram: Vec::new(),
            due: false,
            violated: false,
            challenges: 0,
            visited: Vec::new(),
        }
    }

    /// Writes the request under a new id; `false` when it does not fit a message.
    pub(super) fn encode(&mut self, config: &ClientConfig, id: TransactionId) -> bool {
        self.transaction_id = id;
        self.datagram.clear();
        let mut writer = MessageWriter::new(&mut self.datagram, Class::Request, self.request.method(), id);
        self.request.write(&mut writer);
        writer.optional(config.software.as_deref().map(Software).as_ref());
        self.proof.write(&mut writer);
        if config.fingerprint {
            writer.fingerprint();
        }
        self.due = writer.finish() > 0;
        self.due
    }

    pub(super) fn is_answered_by(&self, source: SocketAddr, message: &MessageRef<'_>) -> bool {
        self.transaction_id == message.transaction_id()
            && self.request.method() == message.method()
            && (self.destination == source || self.request.is_answered_from_anywhere())
    }

    /// Takes the proof for another attempt; `false` when there were too many.
    pub(super) fn authenticate(&mut self, challenge: Arc<Challenge>) -> bool {
        self.proof = Proof::LongTerm(challenge);
        self.challenges += 1;
        self.challenges <= MAX_CHALLENGES
    }

    /// Turns to another server.
    pub(super) fn redirect(&mut self, server: SocketAddr, proof: Proof) {
        self.visited.push(self.destination);
        self.destination = server;
        self.proof = proof;
        self.challenges = 0;
    }

    /// What a response that belongs to this transaction means.
    pub(super) fn judge(&self, config: &ClientConfig, message: &MessageRef<'_>) -> Outcome {
        let code = match (message.class(), message.error_code()) {
            (Class::SuccessResponse, _) => None,
            (Class::ErrorResponse, Some(error)) => Some(error.code),
            (Class::ErrorResponse | Class::Request | Class::Indication, _) => return Outcome::Ignore,
        };
        if let Some(code @ (401 | 438)) = code
            && let Some(outcome) = self.challenged(config, message, code)
        {
            return outcome;
        }
        // §9.2.5: any other response that lacks what its nonce announces is ignored.
        if challenge::is_stripped(message) {
            return Outcome::Violation;
        }
        // §9.1.4, §9.2.5; a 400 without integrity falls under it too.
        let Ok(proof) = self.proof.check(message) else {
            return Outcome::Violation;
        };
        if let Some(unknown) = message.unknown_comprehension_required().next() {
            return Outcome::Failed(FailReason::UnknownAttribute(unknown));
        }
        match code {
            None => Outcome::Success(proof),
            Some(300) => self.redirected(config, message),
            Some(_) => Outcome::Rejected,
        }
    }

    /// A 401 or 438, where they belong to the mechanism in use.
    fn challenged(&self, config: &ClientConfig, message: &MessageRef<'_>, code: u16) -> Option<Outcome> {
        let Some(credentials) = &config.credentials else {
            return (code == 401).then_some(Outcome::Failed(FailReason::Unauthenticated));
        };
        match credentials.mechanism() {
            Mechanism::ShortTerm(_) => None,
            Mechanism::LongTerm => {
                let answer = Challenge::read(&config.provider, credentials, message, self.proof.challenge());
                Some(answer.map_or_else(Outcome::Failed, |challenge| {
                    Outcome::Authenticate(Arc::new(challenge))
                }))
            }
        }
    }

    /// RFC 8489 §10.
    fn redirected(&self, config: &ClientConfig, message: &MessageRef<'_>) -> Outcome {
        let family = self.destination.is_ipv4();
        let Some(AlternateServer(server)) = message.all().find(|AlternateServer(to)| to.is_ipv4() == family)
        else {
            return Outcome::Rejected;
        };
        match config.transport {
            Transport::Datagram if config.follow_alternate_server => {
                let known = server == self.destination || self.visited.contains(&server);
                if known || self.visited.len() >= MAX_REDIRECTS {
                    Outcome::Failed(FailReason::RedirectLoop)
                } else {
                    Outcome::Redirect(server)
                }
            }
            Transport::Datagram | Transport::Stream => {
                let domain = message.attribute::<AlternateDomain<'_>>().and_then(Result::ok);
                Outcome::Failed(FailReason::Redirected {
                    server,
                    domain: domain.map(|domain| domain.0.to_owned()),
                })
            }
        }
    }
}
