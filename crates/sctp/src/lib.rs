//! # What it is
//!
//! SCTP in user space: one association between two ends, with many independent streams of messages, each ordered or not, each
//! as reliable as it needs to be. It runs over anything that carries packets; in WebRTC that is DTLS. It knows nothing of the
//! rest of WebRTC.
//!
//! # RFCs
//!
//! | | |
//! |---|---|
//! | RFC 9260 | SCTP: the association, for one path (no multi-homing) |
//! | RFC 3758, RFC 7496 | partial reliability: limited retransmissions and lifetime |
//! | RFC 6525 | stream reset, outgoing and on the peer's wish |
//! | RFC 7053 | the I bit, sent and obeyed (part of RFC 9260) |
//! | RFC 4820 | PAD chunks are skipped |
//! | RFC 8261 | what DTLS encapsulation asks for: one path, port numbers as configured |
//!
//! # Use it with tokio
//!
//! [`Association`] and [`SctpStream`] run over any `datagram::Datagram`. A stream carries messages, or bytes as `AsyncRead` and
//! `AsyncWrite`.
//!
//! ```
//! # #[cfg(feature = "tokio")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use datagram::{Datagram, PairConfig};
//! use sctp::{Association, Config, Reliability};
//! use std::sync::Arc;
//!
//! let (alice, bob) = datagram::pair(PairConfig::default());
//! let (alice_address, bob_address) = (alice.local_addr()?, bob.local_addr()?);
//! let (alice, bob) = tokio::join!(
//!     Association::connect(Arc::new(alice), bob_address, Config::default()),
//!     Association::accept(Arc::new(bob), alice_address, Config::default()),
//! );
//! let (alice, bob) = (alice?, bob?);
//!
//! let mut stream = alice.open(7, Reliability::Retransmits(3))?;
//! stream.send("hello").await?;
//!
//! let mut incoming = bob.accept_stream().await?;
//! assert_eq!(incoming.id(), 7);
//! assert_eq!(incoming.recv().await?.unwrap().data, "hello");
//!
//! alice.shutdown().await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "tokio"))]
//! # fn main() {}
//! ```
//!
//! # Drive it yourself
//!
//! [`core::Association`] is the protocol without clock, socket or task. Feed it packets and time, drain packets and events:
//!
//! ```
//! use sctp::core::Association;
//! use sctp::{CloseReason, Config, Event, SendOptions};
//! use std::time::Instant;
//!
//! let mut now = Instant::now();
//! let mut core = Association::new(Config::default(), [42; 32]); // a real seed comes from a CSPRNG
//! core.connect(now);
//! core.send(now, 0, 51, "queued until the peer answers".into(), &SendOptions::default()).unwrap();
//!
//! let mut packet = Vec::new();
//! let mut sent = 0;
//! let reason = loop {
//!     packet.clear();
//!     while let Some(transmit) = core.poll_transmit(now, &mut packet) {
//!         sent += 1; // here `packet` would go to the peer: its last `transmit.len` bytes
//!         packet.clear();
//!     }
//!     if let Some(Event::Closed(reason)) = core.poll_event() {
//!         break reason;
//!     }
//!     now = core.poll_timeout().expect("an INIT is unanswered"); // here a loop would wait, for this or a packet
//!     core.handle_timeout(now);
//! };
//! assert_eq!((reason, sent), (CloseReason::HandshakeTimeout, 9));
//! ```
//!
//! # Limits and defaults
//!
//! All settings are fields of [`Config`], where their sources are named.
//!
//! | | default |
//! |---|---|
//! | packet | 1,160 bytes: a datagram of 1,200 with a DTLS 1.2 record around it |
//! | received data that is unread or incomplete | 5 MiB, advertised to the peer; a message more while the next in order is taken |
//! | queued and unacknowledged messages | 4 MiB, then [`SendError::BufferFull`] |
//! | message from the peer | 256 KiB, a longer one ends the association |
//! | streams | 65,535 each way; about 100 bytes each from first use on |
//! | chunks in flight, TSNs ahead of the cumulative one | 16,384 sent, 65,535 accepted |
//! | duplicates remembered, gap blocks sent | 32, what fits into a packet |
//! | control chunks waiting | 4 packets that go alone, 4 KiB of others; more are dropped |
//! | events waiting | each kind once per stream |
//! | an idle association | 2 KiB, and 1.5 KiB of heap once it has been used |
//! | retransmission timeout | 500 ms at first, 400 ms to 60 s |
//! | packets that wait for room in the transport | 500 ms a batch, the last one too; then they count as lost |
//! | giving up | 8 repetitions in the handshake, 10 timeouts in a row afterwards |
//!
//! Two rules of RFC 9260 are stretched, for throughput. Slow start counts acknowledged bytes without the limit of one packet a
//! SACK, since one SACK here answers a whole receive batch, and bursts may be 256 packets. And a chunk that was retransmitted
//! may be retransmitted fast again, once chunks sent *after* the retransmission are acknowledged three times.
//!
//! # What it does not do
//!
//! Multi-homing, dynamic addresses (RFC 5061), authentication (RFC 4895), ECN, path MTU discovery. Message interleaving and weighted
//! scheduling (RFC 8260), RACK and zero checksums (RFC 9653) are not there yet: streams take turns message by message, whatever
//! their priority. SSN/TSN reset and adding streams are denied to the peer. [`Association`] lets go of its transport when it
//! has ended: packets that come later (RFC 9260 §8.4) are answered by a [`core::Association`] alone.

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
