//! One type per attribute of RFC 8489 §14, RFC 8445 §16.1 and RFC 8656 §18, and the small ones of
//! RFC 5780, 6062, 7635, 7982 and 8016.
//!
//! MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT are not here: they are checked by
//! [`MessageRef`](crate::MessageRef) and made by [`MessageWriter`](crate::MessageWriter).

mod address;
mod binary;
mod error_code;
mod number;
mod security;
mod text;

pub use address::{
    AddressFamily, AlternateServer, MappedAddress, OtherAddress, ResponseOrigin, XorMappedAddress,
    XorPeerAddress, XorRelayedAddress,
};
pub use binary::{AccessToken, Data, DontFragment, MobilityTicket, Padding, ReservationToken, UseCandidate};
pub use error_code::{AddressErrorCode, ErrorCode, UnknownAttributes};
pub use number::{
    AdditionalAddressFamily, ChangeRequest, ChannelNumber, ConnectionId, EvenPort, IceControlled,
    IceControlling, Icmp, Lifetime, Priority, RequestedAddressFamily, RequestedTransport, ResponsePort,
    TransactionTransmitCounter,
};
pub use security::{PasswordAlgorithm, PasswordAlgorithms, Userhash};
pub use text::{AlternateDomain, Nonce, Realm, Software, ThirdPartyAuthorization, Username};

use crate::DecodeError;

/// Reads a value of exactly `N` bytes.
fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], DecodeError> {
    <[u8; N]>::try_from(value).map_err(|_| DecodeError::new("value has a wrong length", value.len().min(N)))
}

#[cfg(test)]
mod tests;
