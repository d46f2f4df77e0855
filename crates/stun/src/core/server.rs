//! RFC 8489 §6.3.1: a server that answers Binding requests.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use super::Transmit;
use super::authenticator::{Accepted, Authenticator, Rejection};
use crate::attribute::AttributeType;
use crate::attributes::{AlternateServer, ErrorCode, Software, UnknownAttributes, XorMappedAddress};
use crate::config::{ServerConfig, ServerStats};
use crate::message::{Class, MessageRef, MessageWriter, Method, TransactionId};

/// How many unknown attributes a 420 response lists.
const MAX_UNKNOWN: usize = 16;

/// Comprehension-required attributes that do not get in the way of a Binding request; a server that does not speak
/// RFC 5780 has to refuse CHANGE-REQUEST and RESPONSE-PORT.
const KNOWN: [AttributeType; 14] = [
    AttributeType::MAPPED_ADDRESS,
    AttributeType::USERNAME,
    AttributeType::MESSAGE_INTEGRITY,
    AttributeType::ERROR_CODE,
    AttributeType::UNKNOWN_ATTRIBUTES,
    AttributeType::REALM,
    AttributeType::NONCE,
    AttributeType::MESSAGE_INTEGRITY_SHA256,
    AttributeType::PASSWORD_ALGORITHM,
    AttributeType::USERHASH,
    AttributeType::XOR_MAPPED_ADDRESS,
    AttributeType::PRIORITY,
    AttributeType::USE_CANDIDATE,
    AttributeType::PADDING,
];

/// Tells clients their address.
///
/// Keeps nothing per client. A response without authentication is at most three times as long as its request
/// (RFC 8489's SOFTWARE aside); a challenge is longer, 124 bytes and the realm, as RFC 8489 wants it.
///
/// ```
/// use std::time::Instant;
/// use stun::core::Server;
///
/// let mut server = Server::new(stun::ServerConfig::default(), [7; 32]);
/// let mut request = Vec::new();
/// stun::MessageWriter::new(&mut request, stun::Class::Request, stun::Method::BINDING, [1; 12].into()).finish();
/// let now = Instant::now();
/// server.handle_input(now, "192.0.2.1:5000".parse()?, &request);
///
/// let mut response = Vec::new();
/// let transmit = server.poll_transmit(now, &mut response).unwrap();
/// let message = stun::MessageRef::decode(&response)?;
/// assert_eq!(message.xor_mapped_address(), Some(transmit.destination));
///
/// server.handle_input(now, "192.0.2.1:5000".parse()?, b"not STUN");
/// assert!(server.poll_transmit(now, &mut response).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    config: ServerConfig,
    authenticator: Authenticator,
    /// Encoded responses, one after the other.
    responses: Vec<u8>,
    /// Destination and length of each response that waits.
    queue: VecDeque<(SocketAddr, usize)>,
    /// How much of `responses` has been sent.
    sent: usize,
    stats: ServerStats,
}

impl Server {
    /// `seed` makes the key of the nonces; it has to be secret and used once.
    pub fn new(config: ServerConfig, seed: [u8; 32]) -> Self {
        Self {
            authenticator: Authenticator::new(&config, seed),
            config,
            responses: Vec::new(),
            queue: VecDeque::new(),
            sent: 0,
            stats: ServerStats::default(),
        }
    }

    /// The socket did not take the last response.
    pub const fn handle_unsent(&mut self) {
        self.stats.unsent += 1;
    }

    /// What has been counted.
    pub const fn stats(&self) -> ServerStats {
        self.stats
    }

    /// How many responses wait to be sent.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Takes what came from `source`.
    pub fn handle_input(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        let Some(request) = MessageRef::decode(datagram)
            .ok()
            .filter(|message| self.has_right_fingerprint(message))
        else {
            self.stats.malformed += 1;
            return;
        };
        if request.class() != Class::Request || request.method() != Method::BINDING {
            self.stats.ignored += 1;
            return;
        }
        if self.queue.len() >= self.config.max_queued {
            self.stats.overloaded += 1;
            return;
        }
        let reply = self.decide(now, source, &request);
        self.write(now, source, &request, &reply);
    }

    fn has_right_fingerprint(&self, message: &MessageRef<'_>) -> bool {
        if message.has_fingerprint() {
            message.check_fingerprint()
        } else {
            !self.config.require_fingerprint
        }
    }

    /// The checks, in the order of §6.3: authentication, then unknown attributes.
    fn decide(&mut self, now: Instant, source: SocketAddr, request: &MessageRef<'_>) -> Reply {
        let accepted = match self.authenticator.check(now, source, request) {
            Ok(accepted) => accepted,
            Err(rejection) => {
                return Reply {
                    accepted: None,
                    verdict: Verdict::Rejected(rejection),
                };
            }
        };
        let unknown = request.comprehension_required_except(&KNOWN).take(MAX_UNKNOWN);
        let unknown: Vec<u8> = unknown.flat_map(|ty| ty.0.to_be_bytes()).collect();
        let verdict = if !unknown.is_empty() {
            Verdict::Unknown(unknown)
        } else if let Some(alternate) = self.config.alternate_server {
            Verdict::Elsewhere(alternate)
        } else {
            Verdict::Success
        };
        Reply { accepted, verdict }
    }

    fn write(&mut self, now: Instant, source: SocketAddr, request: &MessageRef<'_>, reply: &Reply) {
        let id: TransactionId = request.transaction_id();
        let class = match reply.verdict {
            Verdict::Success => Class::SuccessResponse,
            Verdict::Rejected(_) | Verdict::Unknown(_) | Verdict::Elsewhere(_) => Class::ErrorResponse,
        };
        let mut writer = MessageWriter::new(&mut self.responses, class, Method::BINDING, id);
        match &reply.verdict {
            Verdict::Success => {
                let address = SocketAddr::new(source.ip().to_canonical(), source.port());
                writer.attribute(&XorMappedAddress(address));
            }
            Verdict::Rejected(rejection) => {
                writer.attribute(&rejection.error);
                if rejection.challenge {
                    self.authenticator.write_challenge(now, source, &mut writer);
                }
            }
            Verdict::Unknown(types) => {
                writer
                    .attribute(&ErrorCode::UNKNOWN_ATTRIBUTE)
                    .attribute(&UnknownAttributes(types));
            }
            Verdict::Elsewhere(server) => {
                writer
                    .attribute(&ErrorCode::TRY_ALTERNATE)
                    .attribute(&AlternateServer(*server));
            }
        }
        writer.optional(self.config.software.as_deref().map(Software).as_ref());
        if let Some(accepted) = &reply.accepted {
            accepted.sign(&mut writer);
        }
        if request.has_fingerprint() {
            writer.fingerprint();
        }
        let len = writer.finish();
        if len > 0 {
            self.queue.push_back((source, len));
        }
        match reply.verdict {
            Verdict::Success => self.stats.succeeded += 1,
            Verdict::Rejected(_) | Verdict::Unknown(_) | Verdict::Elsewhere(_) => self.stats.refused += 1,
        }
    }

    /// Appends the next response to send.
    pub fn poll_transmit(&mut self, _now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let (destination, len) = self.queue.pop_front()?;
        let end = self.sent + len;
        out.extend_from_slice(self.responses.get(self.sent..end).unwrap_or_default());
        self.sent = end;
        // Room is won back before most of the buffer is waste, also when the queue never runs empty.
        if self.sent * 2 >= self.responses.len() {
            self.responses.drain(..self.sent);
            self.sent = 0;
        }
        Some(Transmit { destination, len })
    }

    /// A server has no timers.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// A server has no timers: always `None`.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

struct Reply {
    accepted: Option<Accepted>,
    verdict: Verdict,
}

enum Verdict {
    Success,
    Rejected(Rejection),
    /// UNKNOWN-ATTRIBUTES.
    Unknown(Vec<u8>),
    /// ALTERNATE-SERVER.
    Elsewhere(SocketAddr),
}
