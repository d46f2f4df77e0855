//! Error causes in ABORT and ERROR, RFC 9260 §3.3.10.
//!
//! ```text
//! |           Cause Code          |         Cause Length          |
//! /                    Cause-Specific Information                 /
//! ```

use super::DecodeError;
use super::chunk::Padding;
use super::param::{ParamKind, ParamRef, Params, write_param};

/// A cause code; the known ones are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause(pub u16);

#[expect(missing_docs, reason = "the names are the RFC's")]
impl Cause {
    pub const INVALID_STREAM_IDENTIFIER: Self = Self(1);
    pub const MISSING_MANDATORY_PARAMETER: Self = Self(2);
    pub const STALE_COOKIE: Self = Self(3);
    pub const OUT_OF_RESOURCE: Self = Self(4);
    pub const UNRESOLVABLE_ADDRESS: Self = Self(5);
    pub const UNRECOGNIZED_CHUNK_TYPE: Self = Self(6);
    pub const INVALID_MANDATORY_PARAMETER: Self = Self(7);
    pub const UNRECOGNIZED_PARAMETERS: Self = Self(8);
    pub const NO_USER_DATA: Self = Self(9);
    pub const COOKIE_RECEIVED_WHILE_SHUTTING_DOWN: Self = Self(10);
    pub const RESTART_WITH_NEW_ADDRESSES: Self = Self(11);
    pub const USER_INITIATED_ABORT: Self = Self(12);
    pub const PROTOCOL_VIOLATION: Self = Self(13);
}

impl Cause {
    /// The RFC's name of the cause.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::INVALID_STREAM_IDENTIFIER => "invalid stream identifier",
            Self::MISSING_MANDATORY_PARAMETER => "missing mandatory parameter",
            Self::STALE_COOKIE => "stale cookie",
            Self::OUT_OF_RESOURCE => "out of resource",
            Self::UNRESOLVABLE_ADDRESS => "unresolvable address",
            Self::UNRECOGNIZED_CHUNK_TYPE => "unrecognized chunk type",
            Self::INVALID_MANDATORY_PARAMETER => "invalid mandatory parameter",
            Self::UNRECOGNIZED_PARAMETERS => "unrecognized parameters",
            Self::NO_USER_DATA => "no user data",
            Self::COOKIE_RECEIVED_WHILE_SHUTTING_DOWN => "cookie received while shutting down",
            Self::RESTART_WITH_NEW_ADDRESSES => "restart with new addresses",
            Self::USER_INITIATED_ABORT => "user-initiated abort",
            Self::PROTOCOL_VIOLATION => "protocol violation",
            _ => "unknown cause",
        }
    }

    /// Appends the cause with `information`.
    pub(crate) fn encode(self, information: &[u8], out: &mut Vec<u8>) -> Padding {
        write_param(out, ParamKind(self.0), |out| out.extend_from_slice(information))
    }
}

/// A received cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseRef<'a> {
    /// The code.
    pub code: Cause,
    /// The cause-specific information.
    pub information: &'a [u8],
}

/// Iterates over the causes in the value of an ABORT or ERROR chunk.
#[derive(Clone, Debug)]
pub struct Causes<'a>(Params<'a>);

impl<'a> Causes<'a> {
    /// Iterates over the causes in `value`.
    #[must_use]
    pub const fn new(value: &'a [u8]) -> Self {
        Self(Params::new(value))
    }
}

impl<'a> Iterator for Causes<'a> {
    type Item = Result<CauseRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        // A cause has the same frame as a parameter.
        let item = self.0.next()?;
        Some(item.map(|ParamRef { kind, value }| CauseRef {
            code: Cause(kind.0),
            information: value,
        }))
    }
}
