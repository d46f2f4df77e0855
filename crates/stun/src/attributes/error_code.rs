//! RFC 8489 §14.8 and §14.13, RFC 8656 §18.12: why a request was refused.

use super::AddressFamily;
use crate::attribute::{Attribute, AttributeType};
use crate::{DecodeError, TransactionId};

/// ERROR-CODE: a number from 300 to 699 and a phrase for people.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           Reserved, should be 0         |Class|     Number    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |      Reason Phrase (variable)                                ..
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode<'a> {
    /// Hundreds digit 3 to 6, the rest 0 to 99.
    pub code: u16,
    /// Up to 763 bytes; what of it is UTF-8.
    pub reason: &'a str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)*) => {
        impl ErrorCode<'static> {
            $($(#[$doc])* pub const $name: Self = Self { code: $code, reason: $reason };)*
        }
    };
}

codes! {
    /// RFC 8489: ask the server in ALTERNATE-SERVER.
    TRY_ALTERNATE = 300, "Try Alternate";
    /// RFC 8489: the request was malformed.
    BAD_REQUEST = 400, "Bad Request";
    /// RFC 8489: credentials are missing or wrong.
    UNAUTHENTICATED = 401, "Unauthenticated";
    /// RFC 8656: the policy of the server forbids it.
    FORBIDDEN = 403, "Forbidden";
    /// RFC 8016: mobility is not allowed.
    MOBILITY_FORBIDDEN = 405, "Mobility Forbidden";
    /// RFC 8489: a comprehension-required attribute is not known; UNKNOWN-ATTRIBUTES lists it.
    UNKNOWN_ATTRIBUTE = 420, "Unknown Attribute";
    /// RFC 8656: there is no such allocation, or there is one already.
    ALLOCATION_MISMATCH = 437, "Allocation Mismatch";
    /// RFC 8489: the nonce has expired; the response carries another.
    STALE_NONCE = 438, "Stale Nonce";
    /// RFC 8656: no such address family here.
    ADDRESS_FAMILY_NOT_SUPPORTED = 440, "Address Family not Supported";
    /// RFC 8656: not the credentials the allocation was made with.
    WRONG_CREDENTIALS = 441, "Wrong Credentials";
    /// RFC 8656: the relay does not speak that transport.
    UNSUPPORTED_TRANSPORT_PROTOCOL = 442, "Unsupported Transport Protocol";
    /// RFC 8656: the peer's family is not the relayed address's.
    PEER_ADDRESS_FAMILY_MISMATCH = 443, "Peer Address Family Mismatch";
    /// RFC 6062: there is a connection to that peer.
    CONNECTION_ALREADY_EXISTS = 446, "Connection Already Exists";
    /// RFC 6062: the peer did not accept.
    CONNECTION_TIMEOUT_OR_FAILURE = 447, "Connection Timeout or Failure";
    /// RFC 8656: no more allocations for this user.
    ALLOCATION_QUOTA_REACHED = 486, "Allocation Quota Reached";
    /// RFC 8445: both agents claim the same role.
    ROLE_CONFLICT = 487, "Role Conflict";
    /// RFC 8489: the server has a temporary trouble.
    SERVER_ERROR = 500, "Server Error";
    /// RFC 8656: no more ports, or none as asked for.
    INSUFFICIENT_CAPACITY = 508, "Insufficient Capacity";
}

/// The last three fields, which ADDRESS-ERROR-CODE shares.
fn decode(class: u8, number: u8, reason: &[u8]) -> Result<ErrorCode<'_>, DecodeError> {
    let class = class & 7;
    if !(3..=6).contains(&class) || number > 99 {
        return Err(DecodeError::new("error code is out of range", 2));
    }
    // The phrase is for people only: what of it is not UTF-8 is no reason to lose the code.
    let reason = match std::str::from_utf8(reason) {
        Ok(text) => text,
        Err(error) => reason
            .split_at_checked(error.valid_up_to())
            .and_then(|(valid, _)| std::str::from_utf8(valid).ok())
            .unwrap_or(""),
    };
    Ok(ErrorCode {
        code: u16::from(class) * 100 + u16::from(number),
        reason,
    })
}

fn class_and_number(code: u16) -> [u8; 2] {
    let code = code.clamp(300, 699);
    [
        u8::try_from(code / 100).unwrap_or_default(),
        u8::try_from(code % 100).unwrap_or_default(),
    ]
}

impl<'a> Attribute<'a> for ErrorCode<'a> {
    const TYPE: AttributeType = AttributeType::ERROR_CODE;
    const MAX_LEN: usize = 4 + 763;

    fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
        match value.split_first_chunk::<4>() {
            Some((&[_, _, class, number], reason)) => decode(class, number, reason),
            None => Err(DecodeError::new("error code is cut off", value.len())),
        }
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        let [class, number] = class_and_number(self.code);
        out.extend_from_slice(&[0, 0, class, number]);
        out.extend_from_slice(self.reason.as_bytes());
    }
}

/// ADDRESS-ERROR-CODE (RFC 8656 §18.12): why one of two families was not allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressErrorCode<'a> {
    /// The family that is missing.
    pub family: AddressFamily,
    /// 440 or 508.
    pub error: ErrorCode<'a>,
}

impl<'a> Attribute<'a> for AddressErrorCode<'a> {
    const TYPE: AttributeType = AttributeType::ADDRESS_ERROR_CODE;
    const MAX_LEN: usize = 4 + 763;

    fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
        match value.split_first_chunk::<4>() {
            Some((&[family, _, class, number], reason)) => Ok(Self {
                family: AddressFamily::from_number(family)?,
                error: decode(class, number, reason)?,
            }),
            None => Err(DecodeError::new("error code is cut off", value.len())),
        }
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        let [class, number] = class_and_number(self.error.code);
        out.extend_from_slice(&[self.family.number(), 0, class, number]);
        out.extend_from_slice(self.error.reason.as_bytes());
    }
}

/// UNKNOWN-ATTRIBUTES: big-endian attribute types, two bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownAttributes<'a>(pub &'a [u8]);

impl<'a> UnknownAttributes<'a> {
    /// The types in the list.
    pub fn iter(&self) -> impl Iterator<Item = AttributeType> + use<'a> {
        let (pairs, _) = self.0.as_chunks::<2>();
        pairs.iter().map(|pair| AttributeType(u16::from_be_bytes(*pair)))
    }
}

impl<'a> Attribute<'a> for UnknownAttributes<'a> {
    const TYPE: AttributeType = AttributeType::UNKNOWN_ATTRIBUTES;

    fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
        if value.len().is_multiple_of(2) {
            Ok(Self(value))
        } else {
            Err(DecodeError::new("list of types has an odd length", value.len()))
        }
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
}
