//! The attributes whose value is opaque or empty.

use super::exactly;
use crate::attribute::{Attribute, AttributeType};
use crate::{DecodeError, TransactionId};

macro_rules! blobs {
    ($($(#[$doc:meta])* $name:ident = $ty:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(pub &'a [u8]);

        impl<'a> Attribute<'a> for $name<'a> {
            const TYPE: AttributeType = AttributeType::$ty;

            #[inline]
            fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
                Ok(Self(value))
            }

            #[inline]
            fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
                out.extend_from_slice(self.0);
            }
        }
    )*};
}

blobs! {
    /// DATA (RFC 8656 §18.4): the application's datagram.
    Data = DATA;
    /// PADDING (RFC 5780 §7.6): fills a message up so that it is fragmented.
    Padding = PADDING;
    /// ACCESS-TOKEN (RFC 7635 §6.2): an encrypted OAuth token.
    AccessToken = ACCESS_TOKEN;
    /// MOBILITY-TICKET (RFC 8016 §3.1): empty to ask for one.
    MobilityTicket = MOBILITY_TICKET;
}

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $ty:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl Attribute<'_> for $name {
            const TYPE: AttributeType = AttributeType::$ty;
            const MAX_LEN: usize = 0;

            fn decode(_: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
                Ok(Self)
            }

            fn encode(&self, _: &TransactionId, _: &mut Vec<u8>) {}
        }
    )*};
}

flags! {
    /// USE-CANDIDATE (RFC 8445 §16.1): the controlling agent nominates the pair.
    UseCandidate = USE_CANDIDATE;
    /// DONT-FRAGMENT (RFC 8656 §18.9): the server is to set the DF bit.
    DontFragment = DONT_FRAGMENT;
}

/// RESERVATION-TOKEN (RFC 8656 §18.10): the port beside an even one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReservationToken(pub [u8; 8]);

impl Attribute<'_> for ReservationToken {
    const TYPE: AttributeType = AttributeType::RESERVATION_TOKEN;
    const MAX_LEN: usize = 8;

    fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
        exactly(value).map(Self)
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}
