//! # What it is
//!
//! Media at the two ends of a stream: files to play from and to record to, frames out of RTP packets, and a jitter buffer that
//! evens out what the network did. It has no clock, no socket and no codec, and knows nothing of the rest of WebRTC but RTP
//! packets.
//!
//! | | |
//! |---|---|
//! | [`ivf`] | VP8, VP9 and AV1 |
//! | [`h26x`] | H.264 and H.265 as byte streams |
//! | [`ogg`] | Opus, and pages and packets of anything |
//! | [`wav`] | PCM and G.711 |
//! | [`rtpdump`] | RTP and RTCP packets as they came |
//! | [`SampleBuilder`] | packets to frames, with durations and losses |
//! | [`JitterBuffer`] | packets to packets at a steady pace, with a delay that follows the network |
//! | [`NtpClock`], [`Synchronizer`] | sound and pictures together |
//!
//! # RFCs
//!
//! | | |
//! |---|---|
//! | RFC 3533 | Ogg |
//! | RFC 7845, RFC 6716 §3 | Opus in Ogg, also of several streams (channel mapping) and with losses concealed |
//! | ITU-T H.264, H.265: Annex B, §7.4.1.2, §7.4.2.4 | byte streams, and where a frame begins |
//! | RFC 3551, ITU-T G.711 | A-law and µ-law in WAV |
//! | RFC 3550 §6.4.1, §A.1 | NTP time for timestamps, senders that begin anew |
//! | RFC 2198 | redundant audio: lost packets from later ones |
//! | RFC 4588, 5109, 8627 | what is repaired is told apart from what came: the repairing is done elsewhere |
//!
//! IVF, WAV and rtpdump are described by their makers: the WebM project, Microsoft, and rtptools.
//!
//! # Play and record files
//!
//! Readers take any [`Read`](std::io::Read), writers any [`Write`](std::io::Write); those whose header tells a length also want
//! [`Seek`](std::io::Seek) to fill it in. What a packetizer takes comes out of a reader, and what a [`SampleBuilder`] builds
//! goes into a writer:
//!
//! ```
//! use media::{SampleBuilder, SampleConfig, ivf};
//! use rtp::payload::{Payloads, depacketizer, packetizer};
//! use rtp::{Header, Packet};
//!
//! # let mut file = std::io::Cursor::new(Vec::new());
//! # let mut writer = ivf::Writer::new(&mut file, ivf::Header { rate: 30, ..ivf::Header::new(ivf::Codec::Vp8) })?;
//! # for time in 0..3 { writer.write_frame(time, &[0x10, 0, 0, 0x9d, 1, 0x2a, 64, 1, 240, 0])?; }
//! # writer.finish()?;
//! # file.set_position(0);
//! // Play: frames out of a file, packets out of frames.
//! let mut reader = ivf::Reader::new(&mut file)?;
//! let mut packetizer = packetizer("VP8").expect("known");
//! let (mut payloads, mut header, mut sent) = (Payloads::new(), Header::default(), Vec::new());
//! while let Some(frame) = reader.next_frame()? {
//!     let time = reader.header().time(frame.timestamp); // here one would wait for it
//!     header.timestamp = reader.header().rtp_timestamp(frame.timestamp, 90_000).expect("a frame rate");
//!     packetizer.packetize(&frame.data, 1200, &mut payloads);
//!     for (place, payload) in payloads.iter().enumerate() {
//!         header.marker = place + 1 == payloads.len();
//!         sent.push(Packet { header: header.clone(), payload: payload.to_vec().into(), padding_len: 0 });
//!         header.sequence_number += 1;
//!     }
//! }
//!
//! // Record: frames out of packets, a file out of frames.
//! let mut builder = SampleBuilder::new(depacketizer("VP8").expect("known"), SampleConfig::new(90_000));
//! let mut recording = ivf::Writer::new(std::io::Cursor::new(Vec::new()), ivf::Header::new(ivf::Codec::Vp8))?;
//! for packet in sent {
//!     builder.push(packet);
//!     while let Some(sample) = builder.pop() {
//!         recording.write_frame(sample.position, &sample.data)?;
//!     }
//! }
//! while let Some(sample) = builder.flush() {
//!     recording.write_frame(sample.position, &sample.data)?;
//! }
//! assert_eq!((recording.header().width, recording.header().length), (320, 9000), "100 ms at 90 kHz");
//! let file = recording.finish()?;
//! # Ok::<(), media::Error>(())
//! ```
//!
//! # Play what comes
//!
//! A [`JitterBuffer`] is driven like the cores of the other crates: with packets, with the time, and when it says. A
//! [`SampleBuilder`] behind it has nothing to wait for:
//!
//! ```
//! use media::{Arrival, JitterBuffer, JitterConfig, Playout, SampleBuilder, SampleConfig};
//! use rtp::{Header, Packet};
//! use std::time::{Duration, Instant};
//!
//! let mut buffer = JitterBuffer::new(JitterConfig::audio(48_000));
//! let config = SampleConfig { max_late: Duration::ZERO, wait_for_duration: false, ..SampleConfig::new(48_000) };
//! let mut builder = SampleBuilder::new(rtp::payload::depacketizer("opus").expect("known"), config);
//!
//! let mut now = Instant::now();
//! for sequence_number in [1_u16, 2, 4, 3, 6] { // reordered, and one is lost
//!     let timestamp = 960 * u32::from(sequence_number);
//!     let header = Header { sequence_number, timestamp, ..Header::default() };
//!     buffer.insert(now, Packet { header, payload: vec![0xfc, 1].into(), padding_len: 0 }, Arrival::Direct);
//!     now += Duration::from_millis(20);
//! }
//! let mut heard = Vec::new();
//! while let Some(due) = buffer.poll_timeout() {
//!     now = now.max(due); // here a loop would wait, for this or a packet
//!     while let Some(playout) = buffer.poll(now) {
//!         match playout {
//!             Playout::Packet(packet) => builder.push(packet),
//!             Playout::Missing { count, .. } => heard.push(format!("conceal {count}")),
//!         }
//!         heard.extend(std::iter::from_fn(|| builder.pop()).map(|sample| format!("{} ticks", sample.ticks)));
//!     }
//! }
//! assert_eq!(heard.len(), 6);
//! assert_eq!(heard[4], "conceal 1");
//! ```
//!
//! # Limits and defaults
//!
//! Files are not trusted: a length in one is checked against a limit, and memory grows with what was read, never with what was
//! announced. A file that was cut off gives everything that is whole, and then [`Error::Truncated`].
//!
//! | | default |
//! |---|---|
//! | frame in IVF, NAL unit, access unit | 16 MiB, settable |
//! | Ogg: buffer for pages, packet | 90 KiB, 4 MiB (settable); damaged pages are skipped, 1,000 at most |
//! | Ogg: logical streams at once, Opus streams of a file | 16, 256 |
//! | Opus packet | 61,440 bytes per stream in it, as RFC 7845 §6 says |
//! | packet in rtpdump, format in WAV | 64 KiB by its format, 1 KiB |
//! | gap in RTP that an Ogg file gets concealed | a minute; beyond it the source has begun anew |
//! | [`SampleBuilder`] | waits 1 s, holds 2,000 packets and 16 MiB; [`SampleConfig`] |
//! | [`JitterBuffer`] for sound | 80 ms to begin with, at most 2 s, 500 packets and 1 MiB; [`JitterConfig`] |
//! | [`JitterBuffer`] for pictures | 40 ms to begin with, at most 2 s, 2,000 packets and 8 MiB |
//! | delay | the 97th percentile of lateness; two late frames raise it, about 200 punctual ones are needed to forget them |
//! | [`Synchronizer`] | 80 ms a step, 1 s at most |
//! | sequence numbers | 3,000 may be missing or reordered; two in a row beyond are a sender that has begun anew |
//!
//! An empty jitter buffer for sound takes 2.4 KiB, a place in it about 250 bytes and its payload. Once it has grown it allocates
//! nothing; a sample builder allocates the bytes of each frame.
//!
//! # What it does not do
//!
//! No codec: it does not decode, conceal or stretch sound, it says what is missing and when to play. No MP4, Matroska or WebM. No
//! seeking in files. H.264 with arbitrary slice order or redundant pictures is not taken apart into frames. But for redundant
//! audio it repairs nothing, and it asks for nothing: retransmission and key frame requests are the `interceptor` crate's.

pub mod h26x;
pub mod ivf;
pub mod ogg;
pub mod rtpdump;
pub mod wav;

mod arrivals;
mod error;
mod input;
mod jitter;
mod red;
mod ring;
mod sample;
mod sync;

pub use error::{DecodeError, Error};
pub use jitter::{Arrival, Inserted, JitterBuffer, JitterConfig, JitterStats, Playout};
pub use red::RedReceiver;
pub use sample::{Sample, SampleBuilder, SampleConfig, SampleStats};
pub use sync::{NtpClock, SyncMember, Synchronizer};
