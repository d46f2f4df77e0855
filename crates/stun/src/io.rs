//! The façades: the cores driven by tokio over datagrams and streams.

mod client;
mod server;
mod stream;

use std::net::SocketAddr;
use std::time::Instant;

use thiserror::Error;

pub use client::Client;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub use client::query;
pub use server::{Server, serve_stream};
pub use stream::StreamClient;

use crate::core::{FailReason, RequestError, Response};

/// Why a request of a façade gave no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The socket or the stream failed.
    #[error("the transport failed")]
    Io(#[from] std::io::Error),
    /// The request was not sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It was sent, and failed.
    #[error(transparent)]
    Failed(#[from] FailReason),
    /// The server's success response does not say the address.
    #[error("the response has no mapped address")]
    NoAddress,
}

/// The driver's clock; under tokio's test time it is virtual.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn mapped_address(response: &Response) -> Result<SocketAddr, Error> {
    response.message.as_ref().mapped_address().ok_or(Error::NoAddress)
}
