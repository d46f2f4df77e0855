//! # What it is
//!
//! RTP and RTCP processing between a transport and tracks: a [`Chain`] finds loss and has it repaired, repairs what the peer
//! misses, reports both ways, tells what became of every packet for a bandwidth estimator, counts what W3C statistics want, and
//! leaves one place for stages of one's own. It has no clock, no socket, no thread and no encryption, and it needs the application
//! to read nothing: all feedback comes from [`handle_rtp`](Chain::handle_rtp) and [`poll_rtcp`](Chain::poll_rtcp).
//!
//! # RFCs
//!
//! | | |
//! |---|---|
//! | RFC 3550 | reports and their intervals, loss, jitter, names, farewells (§6, Appendix A) |
//! | RFC 4585, RFC 5506 | NACK, PLI, immediate feedback for two parties, reduced-size packets |
//! | RFC 4588 | retransmission under an SSRC of its own, both ways |
//! | RFC 5104 | FIR, TMMBR answered with TMMBN |
//! | RFC 3611 | receiver reference times and their answers (`rcvr-rtt`) |
//! | RFC 8888, draft-holmer-rmcat-transport-wide-cc-extensions-01 | feedback about every packet, both ways |
//! | RFC 8083 | circuit breakers |
//! | RFC 9143, RFC 8852 | MID and RID on packets until the peer knows the stream |
//! | RFC 7022 | a random CNAME |
//!
//! # Send and receive
//!
//! One chain is one transport: everything that is bundled on it. What arrives goes in after SRTP was removed, what comes out is
//! protected and sent. Here a packet is lost, asked for and sent again:
//!
//! ```
//! use interceptor::{Chain, Codec, Config, Ecn, Feedback, Inbound, Outbound, Received};
//! use std::time::{Duration, Instant};
//!
//! let now = Instant::now();
//! let unix = Duration::from_secs(1_700_000_000); // a real one comes from the system's clock
//! let mut alice = Chain::new(Config::default(), now, unix, [1; 32]); // a real seed comes from a CSPRNG
//! let mut bob = Chain::new(Config::default(), now, unix, [2; 32]);
//!
//! // As negotiated: VP8, with NACK and RTX.
//! let codecs = vec![Codec { payload_type: 96, clock_rate: 90_000, rtx_payload_type: Some(97) }];
//! let feedback = Feedback { nack: true, pli: true, ..Feedback::default() };
//! let (ssrc, rtx_ssrc) = (0xa11ce, Some(0xa11cf));
//! let video = alice.add_outbound(
//!     now,
//!     Outbound { ssrc, rtx_ssrc, codecs: codecs.clone(), feedback, ..Outbound::default() },
//! )?;
//! bob.add_inbound(now, Inbound { ssrc, rtx_ssrc, codecs, feedback, ..Inbound::default() })?;
//!
//! for sequence_number in [1, 2, 3] {
//!     let mut header = rtp::Header { payload_type: 96, sequence_number, ..rtp::Header::default() };
//!     let payload = [b'p', b'0' + sequence_number as u8];
//!     let mut packet = alice.send_rtp(now, video, &mut header, &payload[..])?.to_vec();
//!     packet.extend(payload); // `srtp::Outbound::protect_rtp_from` does this while it encrypts
//!     if sequence_number != 2 {
//!         assert!(matches!(bob.handle_rtp(now, Ecn::NotEct, &mut packet), Received::Media { .. }));
//!     }
//! }
//!
//! let mut datagram = Vec::new();
//! while bob.poll_rtcp(now, &mut datagram).is_some() {
//!     alice.handle_rtcp(now, &datagram);
//!     datagram.clear();
//! }
//! alice.poll_rtp(now, &mut datagram).expect("the packet again");
//! let Received::Media { sequence_number, is_repaired: true, packet, .. } =
//!     bob.handle_rtp(now, Ecn::NotEct, &mut datagram)
//! else {
//!     panic!("not repaired")
//! };
//! assert_eq!((sequence_number & 0xffff, &packet[12..]), (2, &b"p2"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Drive it yourself
//!
//! A driver feeds a batch, drains, and waits for a deadline. An SSRC that nobody has signalled is handed back with what the
//! packet says about itself:
//!
//! ```
//! use interceptor::{Chain, Config, Ecn, Event, ExtensionIds, Received};
//! # use std::time::{Duration, Instant};
//! # let unix = Duration::ZERO;
//! # let mut batch: Vec<Vec<u8>> = vec![vec![0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 1], vec![0x80, 200, 0, 0]];
//! # fn send(_: &mut Vec<u8>) {}
//!
//! let mut now = Instant::now();
//! let extensions = ExtensionIds { mid: Some(4), ..ExtensionIds::default() };
//! let mut chain = Chain::new(Config { extensions, ..Config::default() }, now, unix, [7; 32]);
//!
//! for datagram in &mut batch {
//!     if rtcp::is_rtcp(datagram) {
//!         chain.handle_rtcp(now, datagram);
//!         continue;
//!     }
//!     match chain.handle_rtp(now, Ecn::NotEct, datagram) {
//!         Received::Media { stream, sequence_number, packet, .. } => { /* to its track, or to subscribers */ }
//!         Received::Padding { stream, sequence_number, .. } => { /* a forwarder closes the gap */ }
//!         Received::Unsignalled(packet) => println!("{:x} of section {:?}", packet.ssrc, packet.mid()),
//!         Received::Dropped(_) => {} // counted
//!     }
//! }
//!
//! let mut out = Vec::new();
//! while chain.poll_rtcp(now, &mut out).is_some() {
//!     send(&mut out); // here SRTCP would protect it
//!     out.clear();
//! }
//! while let Some(sent) = chain.poll_rtp(now, &mut out) {
//!     send(&mut out); // retransmissions
//!     out.clear();
//! }
//! while let Some(event) = chain.poll_event() {
//!     match event {
//!         Event::KeyFrameRequested { stream } => { /* to the encoder, or to the publisher: `request_key_frame` */ }
//!         _ => {}
//!     }
//! }
//! if let Some(deadline) = chain.poll_timeout() {
//!     now = deadline; // here a loop would wait, for this or a packet
//!     chain.handle_timeout(now);
//! }
//! assert_eq!((chain.stats().unsignalled, chain.stats().malformed_rtcp), (1, 1));
//! ```
//!
//! Stages of one's own implement [`Interceptor`]: they see packets between the application and the chain's stages, all RTCP, and
//! the fate of every packet. A [`PacketSink`] sees everything next to the wire.
//!
//! # Limits and defaults
//!
//! All settings are fields of [`Config`], where their sources are named.
//!
//! | | default |
//! |---|---|
//! | streams | 1,024 each way, then [`AddError::TooManyStreams`]; SSRCs without a stream leave nothing behind |
//! | RTCP datagram | 1,200 bytes |
//! | reports | every second on average, each interval half to one and a half of that |
//! | RTCP bandwidth | 100 kbit/s and 5 % of the media; feedback beyond it waits |
//! | missing packets | 512 of a stream, each asked for 10 times within 2 s, a round trip and a quarter apart |
//! | reordering | as late as seen before, up to 30 ms; late or duplicate up to 1,024 packets behind |
//! | history | 1,024 packets of a stream and 1 s; 16 places at first, more as the rate asks for it |
//! | retransmission | 10 times, once in a round trip; 512 wait to be polled |
//! | transport-wide feedback | every 50 ms; 2,048 arrivals, 4,096 packets under way |
//! | results and events | 1,024 each; the oldest result goes first, a new event is dropped |
//! | key frame requests | one in 300 ms, sent or passed on |
//! | the application's own RTCP | 8 KiB |
//! | RTCP of a user's stage | 512 bytes at once |
//! | what waits for a datagram | ends of 2,048 sources, limits of 256 streams, reference times of 16 receivers |
//!
//! What comes on top of a bound is counted in [`Stats`] or the statistics of its stream, or refused with an error.
//!
//! Per packet nothing is allocated once the rings have grown. A chain without packets costs its regular reports and one comparison
//! of deadlines.
//!
//! Three choices differ from the letter of RFC 3550. Sources are believed at their first packet, since they were signalled and are
//! authenticated. Timer reconsideration is left out, as §6.3 permits for two parties. Of several streams sent, one reports on what
//! is received, as browsers do, rather than each on everything.
//!
//! # What it does not do
//!
//! It estimates no bandwidth, paces nothing and makes no forward error correction; [`Interceptor`] says where these stand. It does
//! not resolve SSRC collisions, answers no TSTR and generates no REMB or TMMBR of its own ([`Chain::send_rtcp`] sends what the
//! application makes). There is no jitter buffer: packets are passed on as they come. ECN-based circuit breaking and reporting
//! groups (RFC 8861) are left out.

mod chain;
mod clock;
mod config;
mod dump;
mod error;
mod event;
mod feedback;
mod inbound;
mod interceptor;
mod outbound;
mod report;
mod stats;
mod stream;
mod table;

pub use chain::{Chain, DropReason, Prepared, Received, Sent, Unsignalled};
pub use config::Config;
pub use dump::{Direction, PacketSink, Passing, RtpDump, TextDump};
pub use error::{AddError, SendError};
pub use event::{CircuitBreaker, Event};
pub use feedback::{Fate, PacketResult};
pub use interceptor::{Interceptor, Verdict};
pub use outbound::Payload;
pub use report::RoundTrips;
pub use rtcp::Ecn;
pub use stats::{InboundStats, OutboundStats, RemoteInboundStats, RemoteOutboundStats, Stats};
pub use stream::{Codec, ExtensionIds, Feedback, Inbound, InboundId, Kind, Outbound, OutboundId};

#[cfg(test)]
mod tests {
    #[test]
    fn chains_can_be_moved_to_another_thread() {
        const fn is_send<T: Send>() {}
        is_send::<crate::Chain>();
    }
}
