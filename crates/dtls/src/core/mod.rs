//! The sans-IO core: [`Connection`], one end of one DTLS association.
//!
//! `client` and `server` hold the two state machines of DTLS 1.2, `context` and `offer` what both
//! work on; `connection`, `inbound` and `established` are the verbs.

mod application_data;
mod client;
mod connection;
mod context;
mod established;
mod inbound;
mod offer;
mod outbound;
mod server;

pub use crate::cookie::{Admission, Gate};
pub use application_data::{ApplicationData, Records};
pub use connection::Connection;

/// The version of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Version {
    /// DTLS 1.2 (RFC 6347).
    Dtls12,
}

/// News of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The handshake is over: the peer is verified, data can be sent, keys can be exported.
    Connected,
    /// The connection has ended; nothing follows.
    Closed(crate::CloseReason),
}

/// One datagram in the buffer given to `poll_transmit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Bytes that were appended.
    pub len: usize,
}

#[cfg(test)]
mod tests;
