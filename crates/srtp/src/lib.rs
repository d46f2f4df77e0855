//! # What it is
//!
//! SRTP and SRTCP: RTP and RTCP packets, encrypted and authenticated with keys that something else has agreed on – in WebRTC
//! DTLS, elsewhere whatever gives a master key to both sides. An [`Outbound`] protects what one side sends, an [`Inbound`] opens
//! what it receives, in place or out of place, without an allocation per packet. It knows nothing of the rest of WebRTC.
//!
//! # RFCs
//!
//! | | |
//! |---|---|
//! | RFC 3711 | SRTP: AES-128 in counter mode or no cipher, HMAC-SHA-1 of 80 or 32 bits, MKI, rollover counter, replay protection |
//! | RFC 6188 | AES-256 in counter mode |
//! | RFC 7714 | AES-128 and AES-256 in Galois/Counter mode |
//! | RFC 5764 | keys from DTLS, and the numbers of the profiles |
//! | RFC 6904 | encrypted header extension elements |
//! | RFC 9335 | Cryptex: encrypted header extensions and CSRCs |
//! | RFC 5506 | RTCP of reduced size is protected like any other |
//!
//! # Use it with tokio
//!
//! A [`Session`] carries RTP and RTCP of one peer over any `datagram::Datagram`. Packets are read one after the other, or by SSRC
//! as [`RtpStream`]s.
//!
//! ```
//! # #[cfg(all(feature = "tokio", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use datagram::{Datagram, PairConfig};
//! use srtp::{Config, KeyPair, Profile, Session};
//!
//! let config = Config { profile: Profile::AeadAes128Gcm, ..Config::default() };
//! // Both sides export the same bytes from their DTLS connection, with the label `srtp::EXPORTER_LABEL`.
//! let exported = [7; Profile::AeadAes128Gcm.exported_len()];
//! let KeyPair { client, server } = KeyPair::from_exported(config.profile, &exported)?;
//!
//! let (alice, bob) = datagram::pair(PairConfig::default());
//! let (alice_address, bob_address) = (alice.local_addr()?, bob.local_addr()?);
//! let alice = Session::new(alice, bob_address, &config, &client, &server)?;
//! let bob = Session::new(bob, alice_address, &config, &server, &client)?;
//!
//! let packet = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, b'h', b'i'];
//! alice.send_rtp(&packet).await?;
//!
//! let stream = bob.accept().await?;
//! assert_eq!(stream.ssrc(), 42);
//! assert_eq!(stream.recv().await?, packet[..]);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "tokio", any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
//! # fn main() {}
//! ```
//!
//! # Drive it yourself
//!
//! The contexts have no clock, no socket and no task. One packet to many receivers: each has its own keys, and the payload is copied
//! once into the buffer from which it is sent.
//!
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use srtp::{Config, Inbound, MasterKey, Outbound, Rejected};
//!
//! let config = Config::default();
//! let keys = [1, 2, 3].map(|byte| MasterKey::new(&[byte; 16], &[byte; 14]));
//! let mut publisher = Outbound::new(&config, &keys[0])?;
//! let mut server = Inbound::new(&config, &keys[0])?;
//!
//! // A packet arrives and is opened where it lies.
//! let mut datagram = vec![0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, b'h', b'i'];
//! publisher.protect_rtp(&mut datagram, 0)?;
//! let packet = server.unprotect_rtp(&mut datagram)?;
//!
//! // Everyone gets it with a header of one's own.
//! let mut out = Vec::with_capacity(2048);
//! for (key, sequence_number) in [(&keys[1], 7), (&keys[2], 900)] {
//!     let mut subscriber = Outbound::new(&config, key)?; // made once, of course
//!     let mut header = packet[..12].to_vec();
//!     header[2..4].copy_from_slice(&u16::to_be_bytes(sequence_number));
//!     out.clear();
//!     subscriber.protect_rtp_from(&header, &packet[12..], &mut out)?;
//!     assert_eq!(out.len(), 12 + 2 + config.profile.rtp_overhead());
//!
//!     // What is changed on the way is refused and counted, never an end of anything.
//!     out[5] ^= 1;
//!     let mut receiver = Inbound::new(&config, key)?;
//!     assert_eq!(receiver.unprotect_rtp(&mut out), Err(Rejected::BadTag));
//!     assert_eq!(receiver.stats().rejected.bad_tag, 1);
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
//! # fn main() {}
//! ```
//!
//! # Limits and defaults
//!
//! | | default | why |
//! |---|---|---|
//! | profile | AES128_CM_SHA1_80 | every WebRTC endpoint has it (RFC 8827 §6.5); AES-GCM is three times as fast |
//! | SSRCs with state | 65,536: 1024 with a replay window, about 350 bytes each; the others about 40 | made only behind a right tag; one more is refused |
//! | replay window | 1024 RTP packets, 64 to 1984; 128 RTCP packets | retransmissions come late; [`Config::replay_protection`] turns it off |
//! | a sequence number twice | refused in both directions | two packets under one nonce show both (RFC 3711 §9.1); [`Outbound::allow_same`] for the same packet |
//! | tags kept for [`Outbound::allow_same`] | of no SSRC; 1,024 of one, 24 KB | a retransmission comes within a second; as many SSRCs as have a window |
//! | packets of an SSRC | 2^48 RTP, 2^31 RTCP | RFC 3711 §9.2; then [`ProtectError::KeyExhausted`] |
//! | master keys | 16, MKIs of up to 255 bytes | [`MAX_KEYS`], [`MAX_MKI`] |
//! | Cryptex | accepted, not sent | the peer has to offer it |
//! | queues of a session | 512 packets for RTCP, each stream, and the rest | the oldest is dropped and counted |
//!
//! Begin streams with a sequence number below 2^15: a receiver that loses the packets before the first wrap cannot find the rollover
//! counter (RFC 3711 §3.3.1 warns of it). One that joins later needs [`Inbound::set_roc`].
//!
//! # What it does not do
//!
//! No key agreement (the `dtls` crate), no SDES or MIKEY, no key derivation rate other than zero, no lifetime other than the numbers',
//! no AES-f8, AES-192, SEED, ARIA or double encryption, no tags of RFC 4771, no SRTP without a tag. RTP without encryption is
//! the NULL profiles' alone. It looks into headers only as far as it must: reading RTP and RTCP is for the `rtp` and `rtcp` crates.

mod config;
pub mod core;
mod error;
#[cfg(feature = "tokio")]
pub mod io;
mod keys;
mod profile;
mod stats;

pub use config::{Config, Cryptex, MAX_KEYS, MAX_MKI};
pub use core::{Inbound, Outbound};
pub use error::{ConfigError, ProtectError, Rejected};
#[cfg(feature = "tokio")]
pub use io::{InUse, QUEUE, RtpStream, Session, SessionStats};
pub use keys::{EXPORTER_LABEL, KeyPair, MasterKey};
pub use profile::Profile;
pub use stats::{Rejections, Stats};
