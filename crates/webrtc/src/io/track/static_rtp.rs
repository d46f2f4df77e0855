//! A track whose packets the application has: one source, any number of connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::TrackLocal;
use crate::core::{MediaKind, NegotiatedSection, RtpCodec, TrackInfo};
use crate::io::rtp_transceiver::RtpTransceiver;

/// A connection that the track is sent on.
#[derive(Debug)]
struct Binding {
    transceiver: RtpTransceiver,
    /// The payload type of the track's codec there, as of a generation of what was negotiated.
    payload_type: (u64, Option<u8>),
}

#[derive(Debug)]
struct Inner {
    info: TrackInfo,
    codec: RtpCodec,
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
            bindings: Mutex::default(),
        }))
    }

    /// Its codec.
    #[must_use]
    pub fn codec(&self) -> &RtpCodec {
        &self.0.codec
    }

    fn bindings(&self) -> MutexGuard<'_, Vec<Binding>> {
        self.0.bindings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a packet on every connection that takes it, and returns how many did. SSRC and payload type are those of
    /// the connection; sequence number, timestamp, marker and extensions those of the packet.
    pub fn write_rtp(&self, packet: &rtp::Packet) -> usize {
        self.write_all(std::slice::from_ref(packet))
    }

    /// Sends packets that belong together, a frame or what arrived together: each connection sends them in one go.
    /// Returns on how many connections all of them were sent.
    pub fn write_all(&self, packets: &[rtp::Packet]) -> usize {
        let mut taken = 0;
        self.bindings().retain_mut(|binding| {
            let outcome = binding.write(&self.0.codec, &self.0.info, packets);
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
    fn write(&mut self, codec: &RtpCodec, info: &TrackInfo, packets: &[rtp::Packet]) -> Outcome {
        let id = self.transceiver.id();
        self.transceiver.connection().run(|state, now| {
            let core = &mut state.core;
            let sender = core.transceiver(id).map(|it| it.sender().track());
            if sender.is_none_or(|track| track != Some(info)) || core.is_closed() {
                return Outcome::Gone;
            }
            let Some(media) = core.negotiated_media() else {
                return Outcome::NotSent;
            };
            if self.payload_type.0 != media.generation {
                let section = media.by_transceiver(id);
                self.payload_type = (media.generation, section.and_then(|it| find(it, codec)));
            }
            let (_, Some(payload_type)) = self.payload_type else {
                return Outcome::NotSent;
            };
            let mut sent = true;
            state.lend_buffer();
            let core = &mut state.core;
            for packet in packets {
                let mut header = packet.header.clone();
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
