//! The STUN messages of ICE (RFC 8445 §7, §16), written and read.

use stun::attributes::{
    ErrorCode, IceControlled, IceControlling, Priority, UnknownAttributes, UseCandidate, Username,
    XorMappedAddress,
};
use stun::{AttributeType, Class, IntegrityKey, MessageRef, MessageWriter, Method, TransactionId};

use super::session::RemoteSession;
use super::transaction::Transaction;
use crate::event::{Path, Role};

/// Attributes a request may carry that must be understood (below 0x8000).
const UNDERSTOOD: &[AttributeType] = &[
    AttributeType::USERNAME,
    AttributeType::MESSAGE_INTEGRITY,
    AttributeType::MESSAGE_INTEGRITY_SHA256,
    AttributeType::PRIORITY,
    AttributeType::USE_CANDIDATE,
];

/// A response that waits to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) id: TransactionId,
    pub(crate) path: Path,
    pub(crate) answer: Answer,
    /// Made with the credentials before the restart.
    pub(crate) previous: bool,
}

/// What a response says.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The request was fine.
    Success,
    /// The request conflicts with our role; carries integrity.
    RoleConflict,
    /// The request is broken or not authenticated: 400, 401.
    Refused(u16),
    /// 420, with the attributes that are not understood, as they lie on the wire.
    Unknown(Box<[u8]>),
}

/// What an authenticated request asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    pub(crate) priority: Option<u32>,
    pub(crate) use_candidate: bool,
    /// The NOMINATION attribute, 0 for none.
    pub(crate) nomination: u32,
}

impl Check {
    pub(crate) fn read(message: &MessageRef<'_>) -> Self {
        let nomination = message
            .raw(AttributeType::NOMINATION)
            .and_then(|raw| raw.value.try_into().ok());
        // draft-thatcher-ice-renomination-01 §6.1: 24 bits in the low end.
        let nomination = nomination.map_or(0, |value| u32::from_be_bytes(value) & 0x00ff_ffff);
        Self {
            priority: message.priority(),
            use_candidate: message.use_candidate() || nomination != 0,
            nomination,
        }
    }
}

/// The role and tie-breaker a request claims.
pub(crate) fn claimed_role(message: &MessageRef<'_>) -> Option<(Role, u64)> {
    let controlling = message
        .ice_controlling()
        .map(|tie_breaker| (Role::Controlling, tie_breaker));
    controlling.or_else(|| {
        message
            .ice_controlled()
            .map(|tie_breaker| (Role::Controlled, tie_breaker))
    })
}

/// The attributes for a 420, as they lie on the wire, at most 8 of them.
pub(crate) fn not_understood(message: &MessageRef<'_>) -> Option<Box<[u8]>> {
    let types = message.comprehension_required_except(UNDERSTOOD).take(8);
    let bytes: Vec<u8> = types.flat_map(|ty| ty.0.to_be_bytes()).collect();
    if bytes.is_empty() {
        None
    } else {
        Some(bytes.into())
    }
}

/// A connectivity check or consent request (§7.2.2).
pub(crate) fn write_check(
    out: &mut Vec<u8>,
    request: &Transaction,
    remote: &RemoteSession,
    tie_breaker: u64,
) -> usize {
    let mut writer = MessageWriter::new(out, Class::Request, Method::BINDING, request.id);
    writer
        .attribute(&Username(&remote.username))
        .attribute(&Priority(request.priority));
    match request.role {
        Role::Controlling => writer.attribute(&IceControlling(tie_breaker)),
        Role::Controlled => writer.attribute(&IceControlled(tie_breaker)),
    };
    if let Some(nomination) = request.nominate {
        writer.attribute(&UseCandidate);
        if nomination != 0 {
            writer.raw(AttributeType::NOMINATION, &nomination.to_be_bytes());
        }
    }
    writer.integrity(&remote.key).fingerprint().finish()
}

/// A request to a STUN server (§5.1.1.2).
pub(crate) fn write_gather(out: &mut Vec<u8>, id: TransactionId) -> usize {
    MessageWriter::new(out, Class::Request, Method::BINDING, id)
        .fingerprint()
        .finish()
}

/// A keepalive (§11).
pub(crate) fn write_keepalive(out: &mut Vec<u8>, id: TransactionId) -> usize {
    MessageWriter::new(out, Class::Indication, Method::BINDING, id)
        .fingerprint()
        .finish()
}

/// A response (§7.3).
pub(crate) fn write_response(out: &mut Vec<u8>, response: &Response, key: &IntegrityKey) -> usize {
    let class = match response.answer {
        Answer::Success => Class::SuccessResponse,
        Answer::RoleConflict | Answer::Refused(_) | Answer::Unknown(_) => Class::ErrorResponse,
    };
    let mut writer = MessageWriter::new(out, class, Method::BINDING, response.id);
    match &response.answer {
        Answer::Success => {
            writer
                .attribute(&XorMappedAddress(response.path.remote))
                .integrity(key);
        }
        Answer::RoleConflict => {
            writer
                .attribute(&ErrorCode {
                    code: 487,
                    reason: "Role Conflict",
                })
                .integrity(key);
        }
        // Short reasons: an unauthenticated request must not be answered with much more than it cost.
        Answer::Refused(code) => {
            writer.attribute(&ErrorCode {
                code: *code,
                reason: "",
            });
        }
        Answer::Unknown(types) => {
            writer
                .attribute(&ErrorCode {
                    code: 420,
                    reason: "",
                })
                .attribute(&UnknownAttributes(types))
                .integrity(key);
        }
    }
    writer.fingerprint().finish()
}
