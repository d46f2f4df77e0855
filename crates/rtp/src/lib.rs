//! # What it is
//!
//! RTP as bytes: packets, header extensions and payload formats. A received packet is a view of its datagram, a forwarder changes
//! it in place or copies its header with other extensions, a sender makes it from fields. There is no clock, no socket and no state
//! of a session in here: that is what the `interceptor` and `media` crates do. It knows nothing of the rest of WebRTC.
//!
//! # RFCs
//!
//! | | |
//! |---|---|
//! | RFC 3550 §5, RFC 3551 §4.1 | packets, sequence numbers, timestamps |
//! | RFC 5761 §4 | RTP and RTCP on one port |
//! | RFC 8285 | header extensions in both forms, `extmap-allow-mixed` |
//! | RFC 6464, RFC 6465 | audio levels of a client, and of the sources of a mixer |
//! | RFC 5450, abs-send-time, abs-capture-time | when a packet left, when its media was captured |
//! | draft-holmer-rmcat-transport-wide-cc-extensions-01, transport-wide-cc-02 | transport-wide sequence numbers, with feedback on request |
//! | RFC 7941, RFC 8852, RFC 9143 | MID, RID, repaired RID |
//! | 3GPP TS 26.114, playout-delay, video-content-type, video-timing, color-space | how video is shown |
//! | AV1 RTP specification, appendix A | dependency descriptor |
//! | video-layers-allocation00, RFC 9626 | what a forwarder chooses layers by |
//! | RFC 7587, 3551, 3389, 4733, 2198 | Opus, G.711, G.722, L16, comfort noise, telephone events, RED |
//! | RFC 7741, 9628, 6184, 7798, AV1 RTP specification | VP8, VP9, H.264, H.265, AV1 |
//! | RFC 4588 | RTX |
//!
//! Those without a number are in the documentation of libwebrtc. [`extension`] has a type for each extension, [`payload`] a module
//! for each format.
//!
//! # Read and forward a packet
//!
//! [`PacketRef`] reads a datagram, [`PacketMut`] changes it where it is, and [`HeaderWriter`] copies its header with edits. Where
//! many subscribers get the same extensions, copy once and change what differs in place: that takes a quarter of the time.
//!
//! ```
//! use rtp::extension::{AudioLevel, Mid};
//! use rtp::{FormRule, HeaderWriter, PacketRef, SequenceUnwrapper};
//!
//! let datagram = [
//!     0x90, 0xef, 0xff, 0xff, 0, 0, 0x03, 0xc0, 0xde, 0xad, 0xbe, 0xef, // V=2, X; M, PT 111; sequence number 65,535
//!     0xbe, 0xde, 0, 1, 0x10, 0x9e, 0, 0, // id 1: the audio level
//!     0xf8, 0xff, 0xfe,
//! ];
//! let packet = PacketRef::decode(&datagram)?;
//! assert_eq!(SequenceUnwrapper::new().extend(packet.sequence_number()), 0x1_ffff);
//! assert_eq!(packet.extension_as(1), Some(Ok(AudioLevel { voice: true, level: 30 })));
//!
//! let mut out = Vec::with_capacity(1500);
//! let mut writer = HeaderWriter::copy(&mut out, &packet.header(), FormRule::Mixed);
//! writer.ssrc(0x5eed).sequence_number(0).extension_as(4, &Mid("0"))?;
//! writer.finish();
//! out.extend_from_slice(packet.payload());
//! assert_eq!(PacketRef::decode(&out)?.extension(4), Some(&b"0"[..]));
//!
//! assert_eq!(PacketRef::decode(&datagram[..7]).unwrap_err().to_string(), "header is cut off at byte 7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Write a packet
//!
//! [`Header`] and [`Packet`] have fields; a [`payload::Packetizer`] makes payloads from a frame:
//!
//! ```
//! use rtp::extension::TransportSequenceNumber;
//! use rtp::payload::{Packetizer, Payloads, vp8};
//! use rtp::{Header, PacketRef, Sequencer};
//!
//! let mut packetizer = vp8::Packetizer::new(vp8::Config::default());
//! let mut payloads = Payloads::new(); // keep it for the next frame
//! packetizer.packetize(&[0x10; 3000], 1200, &mut payloads);
//!
//! let mut sequencer = Sequencer::starting_at(17); // a random number in real life
//! let mut header = Header { payload_type: 96, timestamp: 90_000, ssrc: 0x5eed, ..Header::default() };
//! let mut datagrams = Vec::new();
//! for (index, payload) in payloads.iter().enumerate() {
//!     header.marker = index == payloads.len() - 1;
//!     header.sequence_number = sequencer.next_number();
//!     header.extensions.set_as(3, &TransportSequenceNumber(index as u16))?;
//!     let mut datagram = Vec::with_capacity(header.encoded_len() + payload.len());
//!     header.encode(&mut datagram);
//!     datagram.extend_from_slice(payload);
//!     datagrams.push(datagram);
//! }
//! let last = PacketRef::decode(&datagrams[2])?;
//! assert_eq!((last.marker(), last.sequence_number(), last.header_len()), (true, 19, 20));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits and defaults
//!
//! | | |
//! |---|---|
//! | reading a packet | no allocation and no copy; the header must be whole, a broken extension element only ends the list |
//! | writing a header | no allocation when the buffer has room |
//! | [`Header`] | 15 contributing sources, 64 bytes of extensions (two more for each) without allocation, 255 bytes each at most |
//! | form of extensions | the smallest that holds them ([`FormRule::Mixed`]) |
//! | dependency descriptor | 64 templates, 32 decode targets and chains, 8 spatial and 8 temporal layers, 16 references of a frame |
//! | structures a reader keeps | two, of at most 6 KiB each |
//! | layers allocation | 4 streams of 4 spatial layers of 4 temporal layers, 32 bits of kilobits per second |
//! | a NAL unit or OBU put together from fragments | 16 MiB ([`payload::MAX_UNIT_LEN`]) |
//! | counters | half a cycle of reordering: 32,768 packets |
//!
//! # What it does not do
//!
//! It does not encrypt (`srtp`), know who sends (`interceptor`), order packets in time (`media`), or read RTCP (`rtcp`). Header
//! extensions outside RFC 8285 can be read as bytes, and are not written. Of the extensions in libwebrtc's documentation,
//! corruption-detection, inband-cn and video-frame-tracking-id have no type.

pub mod extension;
pub mod payload;

mod error;
mod list;
mod packet;
mod sequence;

pub use error::{DecodeError, ExtensionError};
pub use list::InlineList;
pub use packet::{
    Csrcs, ExtensionSet, Extensions, Form, FormRule, Header, HeaderRef, HeaderWriter, Packet, PacketMut,
    PacketRef, is_rtcp,
};
pub use sequence::{SequenceUnwrapper, Sequencer, TimestampUnwrapper, Unwrapper};
