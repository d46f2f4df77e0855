//! The sans-IO cores: no socket, no clock, no thread. Drive them with the verbs below, or use the façades
//! [`Client`](crate::Client) and [`Server`](crate::Server).
//!
//! `handle_input` takes what came from the network and never fails; `handle_timeout` takes the time that passed;
//! `poll_transmit`, `poll_event` and `poll_timeout` give what is to be sent, what happened, and when to call again.

mod authenticator;
mod challenge;
mod client;
mod proof;
mod request;
mod server;
mod timing;
mod transaction;

pub use authenticator::{Accepted, Authenticator, CredentialStore, Rejection, StaticCredentials};
pub use client::{Client, Event};
pub use request::{FailReason, Request, RequestError, RequestId, Response};
pub use server::Server;

/// Where a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The peer.
    pub destination: std::net::SocketAddr,
    /// How many bytes were appended to the buffer.
    pub len: usize,
}
