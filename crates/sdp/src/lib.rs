//! Session descriptions as WebRTC writes them.
//!
//! # What it is
//! A typed model of the offers and answers of WebRTC, a tolerant parser, and a writer that reproduces what
//! browsers write byte for byte. Every attribute JSEP knows is a variant of [`Attribute`]; unknown attributes
//! and lines stay where they stood. All strings of a parsed description share one allocation.
//!
//! # RFCs
//! 8866 (SDP), 9429 (JSEP), 3264 (offer/answer), 9143 and 5888 (BUNDLE, mid), 8839 and 8840 (ICE, trickle),
//! 8122 and 8842 (fingerprint, DTLS roles), 8841 (SCTP), 8830 (msid), 8851 and 8853 (rid, simulcast), 8285
//! (extmap), 4585, 5506, 5761, 8858, 3605, 3611 (RTCP), 5576 (ssrc).
//!
//! # Read one
//! ```
//! let text = "v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
//!     m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
//!     a=ice-ufrag:4ZcD\r\na=ice-pwd:2/1muCWoOi3uLifh0NuRHlly\r\na=ice-options:trickle\r\n\
//!     a=fingerprint:sha-256 7B:8B:F0:65\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n";
//! let offer: sdp::SessionDescription = text.parse()?;
//! let section = offer.section(0).unwrap();
//! assert_eq!(section.ice_credentials(), Some(("4ZcD", "2/1muCWoOi3uLifh0NuRHlly")));
//! assert_eq!(section.fingerprints().next().unwrap().bytes(), [0x7b, 0x8b, 0xf0, 0x65]);
//! assert_eq!(section.media.sctp_port(), Some(5000));
//! assert_eq!(section.media.attributes.max_message_size(), 65_536);
//! assert_eq!(offer.to_string(), text);
//! # Ok::<(), sdp::ParseError>(())
//! ```
//!
//! # Write one
//! ```
//! use sdp::{Attribute, Direction, Fingerprint, MediaDescription, Rtpmap, SessionDescription, Setup};
//!
//! let mut answer = SessionDescription::new(8_911_720, 2).with(Attribute::ExtmapAllowMixed);
//! let mut audio = MediaDescription::audio("0")
//!     .with(Attribute::IceUfrag("mE1a".into()))
//!     .with(Attribute::IcePwd("jS2nWW3CRpB9h8D2nx5c1YkT".into()))
//!     .with(Fingerprint::new("sha-256", &[0xc0, 0xff, 0xee]))
//!     .with(Setup::Active)
//!     .with(Direction::RecvOnly)
//!     .with(Attribute::RtcpMux);
//! audio.add_codec(Rtpmap::new(111, "opus", 48_000, Some(2)), &["transport-cc"], "useinbandfec=1");
//! answer.media.push(audio);
//! answer.bundle();
//! let text = answer.to_string();
//! assert!(text.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
//! assert!(text.contains("a=fingerprint:sha-256 C0:FF:EE\r\n"));
//! ```
//!
//! # Limits and defaults
//! [`Limits`] bounds what is parsed: 1 MiB, 32,768 lines, 1,024 media descriptions. A broken value of an
//! attribute that decides whom to trust or how to connect is a [`ParseError`] with its line; any other broken
//! value is kept as [`Attribute::Unknown`]. Written lines end in CRLF; odd spacing is not reproduced.
//!
//! # What it does not do
//! It makes no offers and no answers (the `webrtc` crate does), keeps ICE candidates as text (the `ice` crate
//! reads them), and leaves capability negotiation (RFC 5939) and SDP outside WebRTC as unknown attributes.

mod attribute;
mod attributes;
mod error;
mod media;
mod parser;
mod section;
mod session;
mod text;

pub use attribute::{
    Attribute, Candidate, Direction, Extmap, Fingerprint, Fmtp, Group, IceOptions, Msid, Rid, RidDirection,
    Rtcp, RtcpFb, Rtpmap, SctpMap, Setup, Simulcast, SimulcastId, SimulcastList, Ssrc, SsrcGroup,
};
pub use attributes::Attributes;
pub use error::{Limits, ParseError};
pub use media::{MediaDescription, MediaKind};
pub use section::Section;
pub use session::{Bandwidth, Connection, Line, Origin, SessionDescription};
pub use text::Text;
