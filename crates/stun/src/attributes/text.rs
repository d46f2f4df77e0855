//! The attributes that carry text.

use crate::attribute::{Attribute, AttributeType};
use crate::{DecodeError, TransactionId};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $ty:ident, $max:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(pub &'a str);

        impl<'a> Attribute<'a> for $name<'a> {
            const TYPE: AttributeType = AttributeType::$ty;
            const MAX_LEN: usize = $max;

            #[inline]
            fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
                match std::str::from_utf8(value) {
                    Ok(text) => Ok(Self(text)),
                    Err(error) => Err(DecodeError::new("text is not UTF-8", error.valid_up_to())),
                }
            }

            #[inline]
            fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
                out.extend_from_slice(self.0.as_bytes());
            }
        }
    )*};
}

texts! {
    /// USERNAME (RFC 8489 §14.3): up to 512 bytes, the limit of RFC 5389 (RFC 8489 says 508).
    Username = USERNAME, 512;
    /// REALM (RFC 8489 §14.9): up to 763 bytes, without quotation marks.
    Realm = REALM, 763;
    /// SOFTWARE (RFC 8489 §14.14): up to 763 bytes; for people, not for programs.
    Software = SOFTWARE, 763;
    /// ALTERNATE-DOMAIN (RFC 8489 §14.16): the name the certificate of an alternate server carries.
    AlternateDomain = ALTERNATE_DOMAIN, 255;
    /// THIRD-PARTY-AUTHORIZATION (RFC 7635 §6.1): the name of the authorization server.
    ThirdPartyAuthorization = THIRD_PARTY_AUTHORIZATION, 763;
}

/// NONCE (RFC 8489 §14.10): up to 763 bytes, given back to the server as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce<'a>(pub &'a [u8]);

impl<'a> Attribute<'a> for Nonce<'a> {
    const TYPE: AttributeType = AttributeType::NONCE;
    const MAX_LEN: usize = 763;

    fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
        Ok(Self(value))
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
}
