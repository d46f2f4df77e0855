//! A track whose packets the application has: one source, any number of connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::TrackLocal;
use super::header_extensions::{Source, Translation};
use crate::core::{MediaKind, NegotiatedCodec, NegotiatedSection, RtpCodec, TrackInfo};
use crate::io::rtp_transceiver::RtpTransceiver;

/// A connection that the track is sent on.
#[derive(Debug)]
struct Binding {
    transceiver: RtpTransceiver,
    agreement: Agreement,
}

/// How a track's codec is sent on a connection, as of a generation of what was negotiated.
#[derive(Debug, Default)]
struct Agreement {
    generation: u64,
    format: Option<Format>,
    translation: Translation,
}

/// How a connection takes packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    payload_type: u8,
    /// H.264 in packetization mode 0.
    is_single: bool,
}

/// What is written to all connections at a time.
pub(super) trait Packets {
    /// As what it is sent, if a section takes it.
    fn find<'a>(&self, section: &'a NegotiatedSection, codec: &RtpCodec) -> Option<&'a NegotiatedCodec>;

    /// The packets, for packetization mode 0 of H.264 or for everything else. None when they cannot be made.
    fn cut(&mut self, is_single: bool) -> &[rtp::Packet];
}

/// Packets as they are.
struct Given<'a>(&'a [rtp::Packet]);

impl Packets for Given<'_> {
    fn find<'a>(&self, section: &'a NegotiatedSection, codec: &RtpCodec) -> Option<&'a NegotiatedCodec> {
        section.to_send(codec)
    }

    fn cut(&mut self, _is_single: bool) -> &[rtp::Packet] {
        self.0
    }
}

#[derive(Debug)]
struct Inner {
    info: TrackInfo,
    codec: RtpCodec,
    source: Mutex<Source>,
    /// When a timestamp was sampled.
    sampled: Mutex<Option<(Instant, u32)>>,
    bindings: Mutex<Vec<Binding>>,
}

/// A track of RTP packets of one codec. Cheap to clone; every clone is the same track.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), webrtc::Error> {
/// use webrtc::{Api, Configuration, RtpCodec, TrackLocalStaticRtp};
///
/// let (connection, _events) = Api::default().new_peer_connection(Configuration::default())?;
/// let track = TrackLocalStaticRtp::new(RtpCodec::video("VP8", ""), "camera");
/// connection.add_track(&track, &["stream".to_owned()])?;
///
/// // Nobody is connected: the packet goes nowhere.
/// let packet = rtp::Packet::default();
/// assert_eq!(track.write_rtp(&packet), 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct TrackLocalStaticRtp(Arc<Inner>);

impl TrackLocalStaticRtp {
    /// A track of this codec, under an id that peers get to see. What the MIME type does not say to be video is audio.
    #[must_use]
    pub fn new(codec: RtpCodec, id: impl Into<String>) -> Self {
        let kind = codec.kind().unwrap_or(MediaKind::Audio);
        Self(Arc::new(Inner {
            info: TrackInfo { id: id.into(), kind },
            codec,
            source: Mutex::default(),
            sampled: Mutex::default(),
            bindings: Mutex::default(),
        }))
    }

    /// Its codec.
    #[must_use]
    pub fn codec(&self) -> &RtpCodec {
        &self.0.codec
    }

    /// The packets are those that a transceiver receives, perhaps of another connection. Their header extensions go on, each
    /// under the id that it has on the connection where it is sent, where it was agreed upon there too. Without a source,
    /// packets are sent without the extensions that they carry, but for those that a connection writes itself.
    pub fn set_source(&self, source: &RtpTransceiver) {
        self.source().follow(source);
    }

    /// Says what the ids in the headers of the packets mean, for packets that come from elsewhere: ids with the URIs of
    /// [`rtp::extension`].
    pub fn set_header_extensions(&self, extensions: Vec<(u8, String)>) {
        self.source().fix(extensions);
    }

    /// Says when a timestamp of the packets was sampled. Every connection tells its peer, so that sound and picture stay
    /// together; without it the times of sending stand for those of sampling. For packets that are forwarded, it is said
    /// with each of them:
    ///
    /// ```
    /// # use webrtc::{RtpTransceiver, TrackLocalStaticRtp};
    /// async fn forward(source: RtpTransceiver, track: TrackLocalStaticRtp) {
    ///     while let Some((packet, received)) = source.recv_rtp().await {
    ///         if let Some(sampled) = received.sampled {
    ///             track.relate(sampled, packet.header.timestamp);
    ///         }
    ///         track.write_rtp(&packet);
    ///     }
    /// }
    /// ```
    pub fn relate(&self, sampled: Instant, timestamp: u32) {
        let mut known = self.0.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((sampled, timestamp));
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.0.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bindings(&self) -> MutexGuard<'_, Vec<Binding>> {
        self.0.bindings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a packet on every connection that takes it, and returns how many did. SSRC and payload type are those of
    /// the connection; sequence number, timestamp and marker those of the packet, and extensions by what
    /// [`set_source`](Self::set_source) says. A packet without payload, which is padding, is left out and the gap in the
    /// numbers closed.
    pub fn write_rtp(&self, packet: &rtp::Packet) -> usize {
        self.write_all(std::slice::from_ref(packet))
    }

    /// Sends packets that belong together, a frame or what arrived together: each connection sends them in one go.
    /// Returns on how many connections all of them were sent.
    pub fn write_all(&self, packets: &[rtp::Packet]) -> usize {
        self.write(&mut Given(packets))
    }

    /// The same with what each connection takes.
    pub(super) fn write(&self, packets: &mut impl Packets) -> usize {
        let mut taken = 0;
        let mut source = self.source();
        source.refresh();
        let sampled = *self.0.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        self.bindings().retain_mut(|binding| {
            let outcome = binding.write(&self.0, &source, (&mut *packets, sampled));
            taken += usize::from(outcome == Outcome::Sent);
            outcome != Outcome::Gone
        });
        taken
    }
}

impl TrackLocal for TrackLocalStaticRtp {
    fn info(&self) -> TrackInfo {
        self.0.info.clone()
    }

    fn bind(&self, transceiver: &RtpTransceiver) {
        let mut bindings = self.bindings();
        bindings.retain(|binding| !binding.transceiver.is_same(transceiver));
        transceiver
            .connection()
            .run(|state, _| state.core.begin_source(transceiver.id()));
        bindings.push(Binding {
            transceiver: transceiver.clone(),
            agreement: Agreement::default(),
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Sent,
    /// Not negotiated, not connected, or without room.
    NotSent,
    /// The connection is closed, or its sender has another track.
    Gone,
}

impl Binding {
    fn write(
        &mut self,
        track: &Inner,
        source: &Source,
        (packets, sampled): (&mut impl Packets, Option<(Instant, u32)>),
    ) -> Outcome {
        let Self {
            transceiver,
            agreement,
        } = self;
        let id = transceiver.id();
        transceiver.connection().run(|state, now| {
            let core = &mut state.core;
            let sender = core.transceiver(id).map(|it| it.sender().track());
            if sender.is_none_or(|sent| sent != Some(&track.info)) || core.is_closed() {
                return Outcome::Gone;
            }
            let known = agreement.format;
            let Some(media) = core.negotiated_media() else {
                return Outcome::NotSent;
            };
            let section = media.by_transceiver(id);
            agreement.refresh(media.generation, section, &track.codec, packets);
            agreement.translation.refresh(source, media, section);
            let Some(format) = agreement.format else {
                return Outcome::NotSent;
            };
            // Frames that are cut in another way have sequence numbers of their own.
            if known.is_some_and(|known| known.is_single != format.is_single) {
                core.begin_source(id);
            }
            let packets = packets.cut(format.is_single);
            let mut sent = !packets.is_empty();
            state.lend_buffer();
            let core = &mut state.core;
            if let Some((sampled, timestamp)) = sampled {
                core.relate((id, 0), sampled, timestamp);
            }
            for packet in packets {
                // Padding probes the path that it came by.
                let number = packet.header.sequence_number;
                if packet.payload.is_empty() && core.skip_rtp((id, 0), number) {
                    continue;
                }
                let mut header = agreement.translation.apply(&packet.header);
                header.payload_type = format.payload_type;
                sent &= core.send_rtp(now, (id, 0), &mut header, &packet.payload).is_ok();
            }
            if sent { Outcome::Sent } else { Outcome::NotSent }
        })
    }
}

impl Agreement {
    fn refresh(
        &mut self,
        generation: u64,
        section: Option<&NegotiatedSection>,
        codec: &RtpCodec,
        packets: &impl Packets,
    ) {
        if self.generation != generation {
            self.generation = generation;
            let found = section.and_then(|section| packets.find(section, codec));
            self.format = found.map(|codec| Format {
                payload_type: codec.payload_type,
                is_single: codec.is_single_nal_unit(),
            });
        }
    }
}
