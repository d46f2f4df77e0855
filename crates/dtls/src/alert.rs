//! Alerts (RFC 5246 §7.2, RFC 7301 §3.2, RFC 7507, RFC 8446 §6).
//!
//! ```text
//! struct { AlertLevel level; AlertDescription description; } Alert;
//! ```

use crate::codec::{DecodeError, Reader};

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertLevel {
    /// The connection goes on, except after `close_notify`.
    Warning,
    /// The connection has ended.
    Fatal,
}

/// What an alert says: the registered number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlertDescription(pub u8);

/// Declares the known descriptions together with their registered names.
macro_rules! descriptions {
    ($($constant:ident = $number:literal, $name:literal, $doc:literal;)*) => {
        impl AlertDescription {
            $(#[doc = $doc] pub const $constant: Self = Self($number);)*

            /// The registered name, or `None` for a number this crate does not know.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

descriptions! {
    CLOSE_NOTIFY = 0, "close_notify", "The sender sends nothing more.";
    UNEXPECTED_MESSAGE = 10, "unexpected_message", "A message out of its turn.";
    BAD_RECORD_MAC = 20, "bad_record_mac", "A record failed its integrity check.";
    RECORD_OVERFLOW = 22, "record_overflow", "A record over the size limit.";
    HANDSHAKE_FAILURE = 40, "handshake_failure", "No common parameters.";
    BAD_CERTIFICATE = 42, "bad_certificate", "The certificate is corrupt or its fingerprint unknown.";
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate", "A certificate of an unsupported type.";
    CERTIFICATE_REVOKED = 44, "certificate_revoked", "The certificate was revoked.";
    CERTIFICATE_EXPIRED = 45, "certificate_expired", "The certificate is not valid at this time.";
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown", "The certificate is unacceptable for another reason.";
    ILLEGAL_PARAMETER = 47, "illegal_parameter", "A field is out of range or inconsistent.";
    UNKNOWN_CA = 48, "unknown_ca", "The chain leads to no trusted authority.";
    ACCESS_DENIED = 49, "access_denied", "A valid certificate without permission.";
    DECODE_ERROR = 50, "decode_error", "A message could not be decoded.";
    DECRYPT_ERROR = 51, "decrypt_error", "A signature or a Finished could not be verified.";
    PROTOCOL_VERSION = 70, "protocol_version", "No common version.";
    INSUFFICIENT_SECURITY = 71, "insufficient_security", "The peer demands stronger parameters.";
    INTERNAL_ERROR = 80, "internal_error", "A failure unrelated to the peer.";
    USER_CANCELED = 90, "user_canceled", "The handshake was given up.";
    NO_RENEGOTIATION = 100, "no_renegotiation", "A renegotiation was refused.";
    MISSING_EXTENSION = 109, "missing_extension", "A mandatory extension is missing.";
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension", "An extension that was not offered.";
    UNRECOGNIZED_NAME = 112, "unrecognized_name", "The server knows no such name.";
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity", "No such pre-shared key.";
    CERTIFICATE_REQUIRED = 116, "certificate_required", "The server needs a client certificate.";
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol", "No common application protocol.";
}

impl std::fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "alert {}", self.0),
        }
    }
}

impl std::fmt::Debug for AlertDescription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// One alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// How bad it is.
    pub level: AlertLevel,
    /// What it says.
    pub description: AlertDescription,
}

impl Alert {
    /// A fatal alert.
    pub fn fatal(description: AlertDescription) -> Self {
        Self {
            level: AlertLevel::Fatal,
            description,
        }
    }

    /// A warning.
    pub fn warning(description: AlertDescription) -> Self {
        Self {
            level: AlertLevel::Warning,
            description,
        }
    }

    /// Reads the two bytes of an alert.
    ///
    /// # Errors
    /// When there are not exactly two bytes, or the level is unknown.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let level = match reader.u8()? {
            1 => AlertLevel::Warning,
            2 => AlertLevel::Fatal,
            _ => return Err(reader.error("unknown alert level")),
        };
        let description = AlertDescription(reader.u8()?);
        reader.finish()?;
        Ok(Self { level, description })
    }

    /// The two bytes on the wire.
    pub fn encode(self) -> [u8; 2] {
        let level = match self.level {
            AlertLevel::Warning => 1,
            AlertLevel::Fatal => 2,
        };
        [level, self.description.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for alert in [
            Alert::warning(AlertDescription::CLOSE_NOTIFY),
            Alert::fatal(AlertDescription::HANDSHAKE_FAILURE),
            Alert::fatal(AlertDescription(199)),
        ] {
            assert_eq!(Alert::decode(&alert.encode()), Ok(alert));
        }
        assert_eq!(
            Alert::decode(&[2, 40]),
            Ok(Alert::fatal(AlertDescription::HANDSHAKE_FAILURE))
        );
    }

    #[test]
    fn refuses_other_lengths_and_levels() {
        for bytes in [&[][..], &[2], &[2, 40, 0], &[0, 40], &[3, 40]] {
            assert!(Alert::decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn names_unknown_numbers() {
        assert_eq!(AlertDescription(47).to_string(), "illegal_parameter");
        assert_eq!(AlertDescription(199).to_string(), "alert 199");
    }
}
