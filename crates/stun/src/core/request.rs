//! RFC 8489 §6.1: what a user of the client asks for, and what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

use crate::attribute::{Attribute, AttributeType};
use crate::attributes::{XorMappedAddress, XorPeerAddress, XorRelayedAddress};
use crate::message::{Class, Message, MessageRef, MessageWriter, Method, TransactionId};

/// A request: a method and its attributes. Credentials, SOFTWARE and FINGERPRINT are the client's business.
///
/// ```
/// use stun::{Method, attributes::Lifetime, core::Request};
/// let refresh = Request::new(Method::REFRESH).with(&Lifetime(600));
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    /// A message with the transaction id zero, or empty when an attribute did not fit.
    template: Vec<u8>,
    from_anywhere: bool,
}

const NO_ID: [u8; 12] = [0; 12];

impl Request {
    /// A request without attributes.
    pub fn new(method: Method) -> Self {
        let mut template = Vec::with_capacity(64);
        MessageWriter::new(&mut template, Class::Request, method, NO_ID.into()).finish();
        Self {
            method,
            template,
            from_anywhere: false,
        }
    }

    /// A Binding request: what is my address?
    pub fn binding() -> Self {
        Self::new(Method::BINDING)
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with<'v, A: Attribute<'v>>(mut self, attribute: &A) -> Self {
        let old = std::mem::take(&mut self.template);
        if let Ok(old) = MessageRef::decode(&old) {
            let mut writer =
                MessageWriter::new(&mut self.template, Class::Request, self.method, NO_ID.into());
            old.attributes().for_each(|raw| {
                writer.raw(raw.ty, raw.value);
            });
            writer.attribute(attribute).finish();
        }
        self
    }

    /// Takes the response from any address, not only from the one asked: for CHANGE-REQUEST (RFC 5780 §7.2).
    #[must_use]
    pub const fn answered_from_anywhere(mut self) -> Self {
        self.from_anywhere = true;
        self
    }

    pub(super) const fn is_answered_from_anywhere(&self) -> bool {
        self.from_anywhere
    }

    pub(super) const fn method(&self) -> Method {
        self.method
    }

    pub(super) const fn is_complete(&self) -> bool {
        !self.template.is_empty()
    }

    /// Writes the attributes into a message with an id of its own.
    pub(super) fn write(&self, writer: &mut MessageWriter<'_>) {
        let Ok(template) = MessageRef::decode(&self.template) else {
            return;
        };
        for raw in template.attributes() {
            // The masks of these depend on the id.
            match raw.ty {
                AttributeType::XOR_MAPPED_ADDRESS => masked::<XorMappedAddress>(raw.value, writer),
                AttributeType::XOR_PEER_ADDRESS => masked::<XorPeerAddress>(raw.value, writer),
                AttributeType::XOR_RELAYED_ADDRESS => masked::<XorRelayedAddress>(raw.value, writer),
                _ => {
                    writer.raw(raw.ty, raw.value);
                }
            }
        }
    }
}

fn masked<'v, A: Attribute<'v>>(value: &'v [u8], writer: &mut MessageWriter<'_>) {
    if let Ok(attribute) = A::decode(value, &TransactionId::from(NO_ID)) {
        writer.attribute(&attribute);
    }
}

/// Joins an event to its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// As many are outstanding as the configuration allows. Wait for an event.
    #[error("too many requests are outstanding")]
    TooMany,
    /// Its attributes do not fit a message.
    #[error("request does not fit a message")]
    TooLong,
}

/// A response that passed all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The message.
    pub message: Message,
    /// Who was asked: another than the configured server after a redirection.
    pub server: SocketAddr,
    /// From the request to the response, when the request was sent once only.
    pub rtt: Option<Duration>,
}

/// Why a request got no success response.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FailReason {
    /// Nothing came back in time (39.5 s by default): wrong address, firewall, or server down.
    #[error("the server did not answer")]
    Timeout,
    /// Responses came, but none with a valid integrity code: wrong password, or someone interferes.
    #[error("no response had a valid integrity code")]
    IntegrityViolated,
    /// The server refused: [`Response::message`] has the ERROR-CODE.
    #[error("the server refused: {}", describe(.0))]
    Rejected(Box<Response>),
    /// The server wants credentials, and there are none, or it does not accept them.
    #[error("the server did not accept the credentials")]
    Unauthenticated,
    /// The challenge is less secure than the server's own announcement, or than an earlier one: someone interferes.
    #[error("the challenge was weakened on its way (bid-down)")]
    BidDown,
    /// The server offers no password algorithm that is known here.
    #[error("no common password algorithm")]
    NoCommonAlgorithm,
    /// The response has a comprehension-required attribute that is not known here.
    #[error("the response has an unknown attribute {0}")]
    UnknownAttribute(AttributeType),
    /// Servers redirect to each other, or more than five times.
    #[error("redirected in a circle")]
    RedirectLoop,
    /// The server redirects, and following needs another connection, or is switched off. `domain` is the name that the
    /// certificate of the other server has.
    #[error("redirected to {server}")]
    Redirected {
        /// Whom to ask instead.
        server: SocketAddr,
        /// ALTERNATE-DOMAIN.
        domain: Option<String>,
    },
    /// With its credentials the request does not fit a message.
    #[error("the request does not fit a message")]
    TooLong,
    /// The network says that the server cannot be reached, or the connection ended.
    #[error("the server cannot be reached")]
    Unreachable,
}

fn describe(response: &Response) -> String {
    match response.message.as_ref().error_code() {
        Some(error) => format!("{} {}", error.code, error.reason),
        None => "no error code".to_owned(),
    }
}
