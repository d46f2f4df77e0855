//! # What it is
//!
//! STUN, the protocol by which a host learns the address that a NAT gives it, and on which ICE and TURN are built: a
//! message codec that does not allocate, a client and a server with both kinds of credentials, and the URIs that name
//! servers. The [`core`] is sans-IO; [`Client`], [`StreamClient`] and [`Server`] drive it under tokio.
//!
//! # RFCs
//!
//! RFC 8489 (which obsoletes 5389, whose peers are served too), 5769 (test vectors), 7064 and 7065 (URIs), 8265
//! (OpaqueString); the attributes of RFC 8445 (ICE), 8656 (TURN), 5780, 6062, 7635, 7982 and 8016.
//!
//! # Use it with tokio
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A server for everybody, and the address it sees us under.
//! let mut server = stun::Server::bind("127.0.0.1:0".parse()?, stun::ServerConfig::default())?;
//! let address = server.local_addr()?;
//! tokio::spawn(async move { server.run().await });
//! println!("we are {}", stun::query(address).await?);
//!
//! // With credentials.
//! let credentials = Some(stun::Credentials::long_term("user", "pass")?);
//! let config = stun::ClientConfig { credentials, ..Default::default() };
//! let mut client = stun::Client::bind(address, config)?;
//! assert_eq!(client.binding().await?.port(), client.local_addr()?.port());
//! # Ok(())
//! # }
//! ```
//!
//! # Drive it yourself
//!
//! ```
//! use std::{net::SocketAddr, time::Instant};
//! use stun::core::{Client, Event, Request, Server};
//!
//! let (near, far): (SocketAddr, SocketAddr) = ("192.0.2.1:5000".parse()?, "192.0.2.2:3478".parse()?);
//! let mut client = Client::new(stun::ClientConfig::default(), far, [1; 32]);
//! let mut server = Server::new(stun::ServerConfig::default(), [2; 32]);
//!
//! let now = Instant::now();
//! client.request(now, Request::binding())?;
//! let mut datagram = Vec::new();
//! while client.poll_transmit(now, &mut datagram).is_some() {
//!     server.handle_input(now, near, &datagram); // instead of the network
//!     datagram.clear();
//! }
//! while server.poll_transmit(now, &mut datagram).is_some() {
//!     client.handle_input(now, far, &datagram);
//!     datagram.clear();
//! }
//! let Some(Event::Success { response, .. }) = client.poll_event() else { panic!("no answer") };
//! assert_eq!(response.message.as_ref().mapped_address(), Some(near));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits and defaults
//!
//! | | default | why |
//! |---|---|---|
//! | [`ClientConfig::initial_rto`], [`max_transmissions`](ClientConfig::max_transmissions), [`final_wait`](ClientConfig::final_wait) | 500 ms, 7, 16: timeout after 39.5 s | RFC 8489 §6.2.1 |
//! | [`ClientConfig::stream_timeout`] | 39.5 s | RFC 8489 §6.2.2 |
//! | [`ClientConfig::max_outstanding`] | 10 requests, at most 64 | RFC 8489 §6.2 |
//! | challenges and redirections of a request | 4 and 5 | a server must not keep a client busy |
//! | [`ServerConfig::max_queued`] | 64 responses | memory; a client sends its request again |
//! | [`ServerConfig::nonce_lifetime`] | 1 h | replay of a request is possible that long |
//! | [`StreamDecoder`] | one message of at most 65,552 bytes | the length field has 16 bits |
//! | text attributes | USERNAME 512, others 763 bytes | RFC 5389 and 8489 §14 |
//!
//! The server keeps nothing per client. What a peer sends is never an error and never grows anything beyond these bounds.
//!
//! # What it does not do
//!
//! No DNS (RFC 8489 §8), no TLS or DTLS of its own (bring the stream or the [`datagram::Datagram`]), no RFC 3489 clients
//! (messages without the magic cookie), no NAT behaviour discovery (the attributes of RFC 5780 are there), no OAuth flow
//! (RFC 7635), no indications in the client: ICE and TURN send theirs with [`MessageWriter`].

mod attribute;
pub mod attributes;
mod config;
pub mod core;
mod credentials;
mod error;
mod framing;
mod integrity;
#[cfg(feature = "tokio")]
mod io;
mod message;
mod nonce;
mod preparation;
mod uri;
#[cfg(test)]
mod vectors;

pub use attribute::{Attribute, AttributeType, Attributes, RawAttribute};
pub use config::{Authentication, ClientConfig, ClientStats, ServerConfig, ServerStats, Transport};
pub use credentials::{Credentials, Mechanism, ShortTermIntegrity};
pub use error::{DecodeError, IntegrityError};
pub use framing::StreamDecoder;
pub use integrity::{IntegrityKey, Login};
#[cfg(all(feature = "tokio", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub use io::query;
#[cfg(feature = "tokio")]
pub use io::{Client, Error, Server, StreamClient, serve_stream};
pub use message::{
    Class, HEADER_LEN, MAGIC_COOKIE, Message, MessageRef, MessageWriter, Method, TransactionId, is_stun,
};
pub use nonce::{NONCE_COOKIE_LEN, SecurityFeatures};
pub use preparation::{PrepareError, opaque_string, prepare_password};
pub use uri::{Host, Scheme, Uri, UriError};
