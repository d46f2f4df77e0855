//! What the fuzz targets run: one function per decoder and per core.
//!
//! A decoder gets the bytes as they are. A core gets them as a script ([`duel`](crate)): two live ends, whose packets
//! are delivered, lost, repeated and changed, while time passes and commands are given. Every function panics when a
//! law of the cores is broken: no panic, no endless loop, bounded memory, whatever arrives.
//!
//! `cargo +nightly fuzz run stun_decode` runs one; `cargo test -p fuzz-targets` replays the corpora of all.

mod chains;
mod channels;
mod connection;
mod descriptions;
mod dtls_targets;
mod duel;
mod framing;
mod ice_targets;
mod media_targets;
mod mux;
mod rtcp_targets;
mod rtp_packets;
mod rtp_payloads;
mod sctp_targets;
mod sdp_targets;
mod srtp_targets;
mod stun_cores;
mod stun_decoders;

pub use chains::interceptor_chain;
pub use channels::{datachannel_channels, datachannel_dcep};
pub use connection::webrtc_connection;
pub use descriptions::webrtc_descriptions;
pub use dtls_targets::{dtls_certificate, dtls_connection, dtls_decode};
pub use framing::datagram_framed;
pub use ice_targets::{ice_agent, ice_candidate};
pub use media_targets::{media_files, media_jitter};
pub use mux::ice_mux;
pub use rtcp_targets::rtcp_decode;
pub use rtp_packets::rtp_packet;
pub use rtp_payloads::rtp_payload;
pub use sctp_targets::{sctp_association, sctp_decode};
pub use sdp_targets::sdp_parse;
pub use srtp_targets::srtp_inbound;
pub use stun_cores::{stun_client, stun_server};
pub use stun_decoders::{stun_decode, stun_text};

/// A target: its name, which is that of its corpus, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("datachannel_channels", datachannel_channels),
    ("datachannel_dcep", datachannel_dcep),
    ("datagram_framed", datagram_framed),
    ("dtls_certificate", dtls_certificate),
    ("dtls_connection", dtls_connection),
    ("dtls_decode", dtls_decode),
    ("ice_agent", ice_agent),
    ("ice_candidate", ice_candidate),
    ("ice_mux", ice_mux),
    ("interceptor_chain", interceptor_chain),
    ("media_files", media_files),
    ("media_jitter", media_jitter),
    ("rtcp_decode", rtcp_decode),
    ("rtp_packet", rtp_packet),
    ("rtp_payload", rtp_payload),
    ("sctp_association", sctp_association),
    ("sctp_decode", sctp_decode),
    ("sdp_parse", sdp_parse),
    ("srtp_inbound", srtp_inbound),
    ("stun_client", stun_client),
    ("stun_decode", stun_decode),
    ("stun_server", stun_server),
    ("stun_text", stun_text),
    ("webrtc_connection", webrtc_connection),
    ("webrtc_descriptions", webrtc_descriptions),
];
