//! # What it is
//!
//! SCTP in user space: messages in many independent streams over any transport of datagrams, with delivery as ordered
//! and as reliable as each message asks for. WebRTC runs it over DTLS and builds data channels on it; alone it serves
//! whoever wants messages without head-of-line blocking between streams.
//!
//! # RFCs
//!
//! RFC 9260 (the association), RFC 3758 and 7496 (partial reliability, by retransmissions and by lifetime), RFC 6525
//! (stream reset), RFC 7053 (the I bit), RFC 8261 (over DTLS).
//!
//! # Use it with tokio
//!
//! ```
//! use std::sync::Arc;
//!
//! use datagram::{Datagram, PairConfig};
//! use sctp::{Association, Config, Reliability};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (a, b) = datagram::pair(PairConfig::default()); // any transport of datagrams
//! let (alice, bob) = (a.local_addr()?, b.local_addr()?);
//! let (alice, bob) = tokio::join!(
//!     Association::connect(Arc::new(a), bob, Config::default()),
//!     Association::accept(Arc::new(b), alice, Config::default()),
//! );
//! let (alice, bob) = (alice?, bob?);
//!
//! let mut stream = alice.open(7, Reliability::Reliable)?;
//! stream.send("hello").await?;
//! let mut incoming = bob.accept_stream().await?;
//! assert_eq!(incoming.recv().await?.unwrap().data, "hello");
//! # Ok(())
//! # }
//! ```
//!
//! # Drive it yourself
//!
//! [`core::Association`] has no socket and no clock. Both ends may call `connect`, as both ends of a WebRTC call do.
//!
//! ```
//! use std::time::Instant;
//!
//! use sctp::core::Association;
//! use sctp::{Config, SendOptions};
//!
//! let now = Instant::now();
//! let mut ends = [1, 2].map(|n| Association::new(Config::default(), [n; 32]));
//! ends[0].connect(now);
//! ends[0].send(now, 7, 51, "hello".into(), &SendOptions::default()).unwrap();
//!
//! let message = loop {
//!     for from in [0, 1] {
//!         let mut packet = Vec::new();
//!         while ends[from].poll_transmit(now, &mut packet).is_some() {
//!             ends[1 - from].handle_input(now, &packet); // the network
//!             packet.clear();
//!         }
//!     }
//!     if let Some(message) = ends[1].recv(7) {
//!         break message;
//!     }
//! };
//! assert_eq!((message.ppid, &message.data[..]), (51, &b"hello"[..]));
//! ```
//!
//! # Limits and defaults
//!
//! Every bound is a member of [`Config`], with its reason there. The most important:
//!
//! | | default |
//! |---|---|
//! | [`Config::mtu`] | 1,160 bytes a packet, which with DTLS makes a UDP payload below 1,200 |
//! | [`Config::receive_window`] | 5 MiB wait to be read; then the peer waits |
//! | [`Config::send_buffer`] | 4 MiB wait to be sent; then `send` does not take more |
//! | [`Config::max_message_size`] | 256 KiB |
//! | [`Config::max_outstanding`] | 16,384 chunks in flight |
//! | [`Config::rto_initial`], [`Config::rto_min`], [`Config::rto_max`] | 500 ms, 400 ms, 60 s |
//!
//! # What it does not do
//!
//! One path: no multi-homing and no address changes (RFC 5061). No authentication of chunks (RFC 4895), which DTLS
//! provides. No interleaving of messages (RFC 8260), no zero checksum (RFC 9653), no RACK: streams take turns message by
//! message, and losses are found by duplicate reports and the timer. No probing for larger packets (RFC 8899).

pub mod codec;
pub mod core;

mod config;
mod error;
#[cfg(feature = "tokio")]
mod io;
mod message;
mod stats;
#[cfg(test)]
mod test_time;
mod tsn;

pub use config::Config;
pub use error::{CloseReason, ResetError, SendError};
#[cfg(feature = "tokio")]
pub use io::{Association, SctpStream};
pub use message::{Direction, Event, Message, Reliability, SendOptions, State};
pub use stats::Stats;
pub use tsn::{Ssn, Tsn};
