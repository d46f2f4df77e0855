//! Data channels of WebRTC over SCTP.
//!
//! # What it is
//!
//! Message channels between two peers: any number of them over one association, each ordered or not, reliable or limited in
//! time or retransmissions, of text and binary messages. WebRTC carries them in DTLS; this crate takes any transport of
//! packets.
//!
//! - [`core::Channels`] owns an SCTP association and speaks DCEP, without a socket or a clock.
//! - [`Transport`] and [`DataChannel`] drive it under tokio; a channel can become an `AsyncRead` and `AsyncWrite`.
//! - [`dcep`] is the codec of the two messages that open channels.
//!
//! # RFCs
//!
//! RFC 8831 (data channels), RFC 8832 (DCEP), RFC 8841 §6 (message size), and through `sctp` RFC 9260, 3758, 6525, 7496. States
//! and events are those of W3C webrtc-pc §6.
//!
//! # Use it with tokio
//!
//! Over an in-memory pair here; over DTLS, UDP or whatever implements [`datagram::Datagram`] in the same way.
//!
//! ```
//! # #[cfg(feature = "tokio")]
//! # {
//! use datachannel::{ChannelConfig, Config, Reliability, Role, Transport};
//! use datagram::{Datagram, PairConfig};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (alice, bob) = datagram::pair(PairConfig::default());
//! let (to_alice, to_bob) = (alice.local_addr()?, bob.local_addr()?);
//! let (alice, bob) = tokio::try_join!(
//!     Transport::connect(Arc::new(alice), to_bob, Role::Client, Config::default()),
//!     Transport::accept(Arc::new(bob), to_alice, Role::Server, Config::default()),
//! )?;
//!
//! let config = ChannelConfig { ordered: false, reliability: Reliability::Retransmits(3), ..ChannelConfig::new("chat") };
//! let channel = alice.open(config).await?;
//! channel.send_text("hello").await?;
//!
//! let other = bob.next_channel().await.expect("alice has opened one");
//! assert_eq!(other.config().label, "chat");
//! assert_eq!(other.recv().await.unwrap().text(), Some("hello"));
//! # Ok(())
//! # }
//! # main().unwrap();
//! # }
//! ```
//!
//! # Drive it yourself
//!
//! Packets in, packets out; news by [`poll_event`](core::Channels::poll_event), messages by [`recv`](core::Channels::recv).
//!
//! ```
//! use datachannel::core::Channels;
//! use datachannel::{ChannelConfig, Config, Event, Kind, Role, SendError};
//! use std::time::Instant;
//!
//! let now = Instant::now();
//! let mut alice = Channels::new(Config::default(), [1; 32]);
//! let mut bob = Channels::new(Config::default(), [2; 32]);
//! alice.set_role(Role::Client);
//! bob.set_role(Role::Server);
//! let id = alice.open(now, ChannelConfig::new("chat"))?;
//! assert_eq!(alice.send(now, id, Kind::Text, "early".into()), Err(SendError::NotOpen));
//! alice.connect(now);
//!
//! // Carry packets until both are quiet.
//! let mut packet = Vec::new();
//! let mut carry = |alice: &mut Channels, bob: &mut Channels| loop {
//!     packet.clear();
//!     if alice.poll_transmit(now, &mut packet).is_some() {
//!         bob.handle_input(now, &packet);
//!     } else if bob.poll_transmit(now, &mut packet).is_some() {
//!         alice.handle_input(now, &packet);
//!     } else {
//!         break;
//!     }
//! };
//! carry(&mut alice, &mut bob);
//! assert_eq!(alice.poll_event(), Some(Event::Connected));
//! assert_eq!(alice.poll_event(), Some(Event::Open(id)));
//! alice.send(now, id, Kind::Text, "hello".into())?;
//! carry(&mut alice, &mut bob);
//!
//! assert_eq!(bob.poll_event(), Some(Event::Connected));
//! let Some(Event::Incoming(other)) = bob.poll_event() else { panic!("no channel has come") };
//! assert_eq!(bob.info(other).unwrap().label, "chat");
//! assert_eq!(bob.recv(other).unwrap().text(), Some("hello"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits and defaults
//!
//! | | default | why |
//! |---|---|---|
//! | [`Config::max_channels`] | 1,024 of both sides | the streams Chromium announces; further OPENs of the peer are refused by a reset |
//! | [`Config::remote_max_message_size`] | 65,536 bytes | RFC 8841 §6.1, until `a=max-message-size` tells |
//! | [`Config::early_data`] | 64 KiB on at most 16 streams | a negotiated channel may be a little late |
//! | messages of the peer | `Config::sctp.max_message_size`, 256 KiB | a larger one ends the association |
//! | packets that wait for room in the transport | 500 ms a batch, the last one too | then they count as lost |
//! | label, protocol | 65,535 bytes each | their lengths have 16 bits |
//! | closed channels remembered | 64, or until [`forget`](core::Channels::forget) | their last messages and counters |
//!
//! Unread messages stay in the association and close the peer's window; those of channels that the peer has closed are moved
//! out, up to one receive window of all together. Nothing is dropped without being counted in [`Stats`].
//!
//! # What it does not do
//!
//! No encryption: give it DTLS. Priorities are handed to the association, which takes turns message by message until it can
//! interleave (RFC 8260). Fragmentation by PPID, deprecated since long, is understood but not sent.

pub mod core;
pub mod dcep;

mod config;
mod error;
mod event;
#[cfg(feature = "tokio")]
mod io;
mod stats;

pub use config::{ChannelConfig, Config, Role};
pub use error::{CloseReason, DecodeError, OpenError, SendError};
pub use event::{Event, Kind, Message, State};
#[cfg(feature = "tokio")]
pub use io::{DataChannel, DetachedChannel, Transport};
pub use sctp::Reliability;
pub use stats::{ChannelStats, Stats};
