//! A track whose packets the application has: one source, any number of connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::TrackLocal;
use super::header_extensions::{Source, Translation};
use crate::core::{MediaKind, NegotiatedSection, RtpCodec, TrackInfo};
use crate::io::rtp_transceiver::RtpTransceiver;

/// A connection that the track is sent on.
#[derive(Debug)]
struct Binding {
    transceiver: RtpTransceiver,
    /// The payload type of the track's codec there, as of a generation of what was negotiated.
    payload_type: (u64, Option<u8>),
    translation: Translation,
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
        let mut taken = 0;
        let mut source = self.source();
        source.refresh();
        let sampled = *self.0.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        self.bindings().retain_mut(|binding| {
            let outcome = binding.write(&self.0, &source, (packets, sampled));
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
            payload_type: (0, None),
            translation: Translation::default(),
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
        (packets, sampled): (&[rtp::Packet], Option<(Instant, u32)>),
    ) -> Outcome {
        let id = self.transceiver.id();
        self.transceiver.connection().run(|state, now| {
            let core = &mut state.core;
            let sender = core.transceiver(id).map(|it| it.sender().track());
            if sender.is_none_or(|sent| sent != Some(&track.info)) || core.is_closed() {
                return Outcome::Gone;
            }
            let Some(media) = core.negotiated_media() else {
                return Outcome::NotSent;
            };
            let section = media.by_transceiver(id);
            if self.payload_type.0 != media.generation {
                self.payload_type = (media.generation, section.and_then(|it| find(it, &track.codec)));
            }
            self.translation.refresh(source, media, section);
            let (_, Some(payload_type)) = self.payload_type else {
                return Outcome::NotSent;
            };
            let mut sent = true;
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
                let mut header = self.translation.apply(&packet.header);
                header.payload_type = payload_type;
                sent &= core.send_rtp(now, (id, 0), &mut header, &packet.payload).is_ok();
            }
            if sent { Outcome::Sent } else { Outcome::NotSent }
        })
    }
}

/// The payload type of a codec: with the same parameters if there is one, or else of the same name.
fn find(section: &NegotiatedSection, codec: &RtpCodec) -> Option<u8> {
    let same_name = || {
        section
            .send
            .iter()
            .filter(|known| known.codec.is(codec.name()) && known.codec.clock_rate == codec.clock_rate)
    };
    let exact = same_name().find(|known| known.codec.sdp_fmtp_line == codec.sdp_fmtp_line);
    exact
        .or_else(|| same_name().next())
        .map(|known| known.payload_type)
}
