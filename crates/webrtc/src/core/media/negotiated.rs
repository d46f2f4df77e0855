//! What an exchange has agreed upon, for whoever moves the media: one [`NegotiatedSection`] for each live section.
//!
//! RFC 9429 §5.9–5.11 (what a description sets up), RFC 9143 §9 (which section a packet belongs to), RFC 4588 §8
//! (retransmissions), RFC 8285 §6 (extension ids). Nothing here knows SDP.

use sdp::Direction;

use super::codec::{MediaKind, RtcpFeedback, RtpCodec};
use super::format;
use super::transceiver::{RemoteTrack, TransceiverId};

/// Every section that media may flow in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NegotiatedMedia {
    /// Goes up with each change.
    pub generation: u64,
    /// The name of our RTCP (RFC 7022).
    pub cname: String,
    /// In the order of the descriptions.
    pub sections: Vec<NegotiatedSection>,
}

/// One section of audio or video.
#[derive(Clone, Debug, PartialEq)]
pub struct NegotiatedSection {
    /// Its transceiver.
    pub transceiver: TransceiverId,
    /// What the MID header extension and the SDES item carry for it.
    pub mid: String,
    /// What it carries.
    pub kind: MediaKind,
    /// Which way media flows, from our side. While only our offer is known, it says what we may receive by it.
    pub direction: Direction,
    /// The payload types that the peer may send, with their meaning and the feedback that we give.
    pub receive: Vec<NegotiatedCodec>,
    /// The payload types that we may send, those first that the peer likes best, and the feedback that it gives.
    pub send: Vec<NegotiatedCodec>,
    /// Header extensions, each with one id for both ways.
    pub extensions: Vec<NegotiatedExtension>,
    /// One-byte and two-byte header extensions may both be sent (`a=extmap-allow-mixed`).
    pub extmap_allow_mixed: bool,
    /// RTCP need not be compound (RFC 5506).
    pub reduced_size_rtcp: bool,
    /// Receivers measure the round trip too, with the reference time and delay blocks of extended reports (RFC 3611 §4.4).
    pub receiver_rtt: bool,
    /// What we send: one stream, or the layers that were agreed upon.
    pub outbound: Vec<OutboundStream>,
    /// What the peer has announced: by rid, by SSRC, or nothing, and then the first stream that comes is the one.
    pub inbound: Vec<InboundStream>,
    /// What the peer says about its track.
    pub remote_track: RemoteTrack,
    /// What the peer wants to be kept to.
    pub limits: SendLimits,
}

/// A payload type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegotiatedCodec {
    /// The number on the wire.
    pub payload_type: u8,
    /// The codec with the parameters of the side that receives it.
    pub codec: RtpCodec,
    /// The feedback that was agreed upon.
    pub feedback: Vec<RtcpFeedback>,
    /// The payload type of its retransmissions, if there are any.
    pub rtx_payload_type: Option<u8>,
}

/// A header extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegotiatedExtension {
    /// The number on the wire, 1…14 or 16…255.
    pub id: u8,
    /// Which extension.
    pub uri: String,
    /// SRTP encrypts it on its own (RFC 6904), but in packets that Cryptex hides.
    pub is_encrypted: bool,
    /// We may send it.
    pub send: bool,
    /// We may receive it.
    pub receive: bool,
}

/// A stream of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundStream {
    /// The layer, where there are several.
    pub rid: Option<String>,
    /// Its SSRC.
    pub ssrc: u32,
    /// The SSRC of its retransmissions, where they were agreed upon.
    pub rtx_ssrc: Option<u32>,
    /// The application wants it to be sent.
    pub active: bool,
    /// The peer wants it not to be sent for the time being (`~` in `a=simulcast`).
    pub paused: bool,
}

/// A stream of the peer, as far as its description tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundStream {
    /// The layer, which the header extension names in its first packets.
    pub rid: Option<String>,
    /// Its SSRC.
    pub ssrc: Option<u32>,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The peer does not send it for the time being (`~` in `a=simulcast`).
    pub paused: bool,
}

impl InboundStream {
    pub(super) fn layer(layer: &super::described::Layer) -> Self {
        Self {
            rid: Some(layer.rid.clone()),
            ssrc: None,
            rtx_ssrc: None,
            paused: layer.paused,
        }
    }

    pub(super) const fn ssrc(ssrc: u32, rtx_ssrc: Option<u32>) -> Self {
        Self {
            rid: None,
            ssrc: Some(ssrc),
            rtx_ssrc,
            paused: false,
        }
    }
}

/// What a peer asks of a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendLimits {
    /// Bits a second, without the headers below RTP (`b=TIAS`).
    pub max_bitrate: Option<u64>,
    /// Milliseconds of audio in a packet (`a=ptime`).
    pub packet_time: Option<u32>,
    /// The most of them (`a=maxptime`).
    pub max_packet_time: Option<u32>,
}

impl NegotiatedCodec {
    /// Whether each NAL unit of H.264 has to have a packet of its own (`packetization-mode=0`, RFC 6184 §6.2).
    #[must_use]
    pub fn is_single_nal_unit(&self) -> bool {
        format::is_single_unit(&self.codec)
    }

    /// Whether this feedback was agreed upon.
    #[must_use]
    pub fn has(&self, feedback: &RtcpFeedback) -> bool {
        self.feedback.contains(feedback)
    }
}

/// What a payload type is within its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadTypeUse<'a> {
    /// Packets of this codec.
    Media(&'a NegotiatedCodec),
    /// Retransmissions of it (RFC 4588).
    Retransmission(&'a NegotiatedCodec),
}

impl NegotiatedSection {
    /// What to send packets of a codec as. Parameters are compared by their meaning: a stream of H.264 goes by the payload
    /// type of its profile, whatever its level is, and by none whose `packetization-mode` forbids its packets. A codec
    /// without parameters is any of its name.
    #[must_use]
    pub fn to_send(&self, codec: &RtpCodec) -> Option<&NegotiatedCodec> {
        format::choose(codec, self.send.iter(), false)
    }

    /// The same for frames, which are cut as the codec that is found says.
    #[cfg(feature = "tokio")]
    pub(crate) fn to_send_frames(&self, codec: &RtpCodec) -> Option<&NegotiatedCodec> {
        format::choose(codec, self.send.iter(), true)
    }

    /// What a payload type means that comes from the peer.
    #[must_use]
    pub fn received(&self, payload_type: u8) -> Option<PayloadTypeUse<'_>> {
        self.receive.iter().find_map(|codec| {
            if codec.payload_type == payload_type {
                Some(PayloadTypeUse::Media(codec))
            } else if codec.rtx_payload_type == Some(payload_type) {
                Some(PayloadTypeUse::Retransmission(codec))
            } else {
                None
            }
        })
    }

    /// The codec to send unless the application wants another: the first on which frames can be sent.
    #[must_use]
    pub fn preferred_codec(&self) -> Option<&NegotiatedCodec> {
        self.send.iter().find(|codec| codec.codec.is_primary())
    }

    /// The id of a header extension that we may send.
    #[must_use]
    pub fn send_extension(&self, uri: &str) -> Option<u8> {
        self.extensions
            .iter()
            .find(|extension| extension.send && extension.uri == uri)
            .map(|extension| extension.id)
    }

    /// The id of a header extension that we may receive.
    #[must_use]
    pub fn receive_extension(&self, uri: &str) -> Option<u8> {
        self.extensions
            .iter()
            .find(|extension| extension.receive && extension.uri == uri)
            .map(|extension| extension.id)
    }
}

impl NegotiatedMedia {
    /// The ids of encrypted header extensions, in either direction: an id means the same in all sections (RFC 9143 §10.2).
    pub fn encrypted_extensions(&self) -> impl Iterator<Item = u8> {
        let all = self.sections.iter().flat_map(|section| &section.extensions);
        all.filter(|known| known.is_encrypted).map(|known| known.id)
    }

    /// The section with this mid.
    #[must_use]
    pub fn by_mid(&self, mid: &str) -> Option<&NegotiatedSection> {
        self.sections.iter().find(|section| section.mid == mid)
    }

    /// The section of a transceiver.
    #[must_use]
    pub fn by_transceiver(&self, id: TransceiverId) -> Option<&NegotiatedSection> {
        self.sections.iter().find(|section| section.transceiver == id)
    }

    /// The section in which the peer has announced this SSRC, for media or for retransmissions.
    #[must_use]
    pub fn by_ssrc(&self, ssrc: u32) -> Option<&NegotiatedSection> {
        let has = |stream: &InboundStream| stream.ssrc == Some(ssrc) || stream.rtx_ssrc == Some(ssrc);
        self.sections
            .iter()
            .find(|section| section.inbound.iter().any(has))
    }

    /// The one section in which the peer may send this payload type; `None` when there are several (RFC 9143 §9.2).
    #[must_use]
    pub fn by_payload_type(&self, payload_type: u8) -> Option<&NegotiatedSection> {
        let may = |section: &&NegotiatedSection| {
            section.direction.receives() && section.received(payload_type).is_some()
        };
        let mut all = self.sections.iter().filter(may);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(mid: &str, payload_type: u8, ssrc: u32) -> NegotiatedSection {
        let codec = |payload_type, codec| NegotiatedCodec {
            payload_type,
            codec,
            feedback: vec![RtcpFeedback::Nack],
            rtx_payload_type: Some(payload_type + 1),
        };
        let red = codec(payload_type + 2, RtpCodec::video("red", ""));
        let vp8 = codec(payload_type, RtpCodec::video("VP8", ""));
        NegotiatedSection {
            transceiver: TransceiverId(ssrc),
            mid: mid.to_owned(),
            kind: MediaKind::Video,
            direction: Direction::SendRecv,
            receive: vec![vp8.clone()],
            send: vec![red, vp8],
            extensions: vec![NegotiatedExtension {
                id: 3,
                uri: String::from("urn:x"),
                is_encrypted: false,
                send: true,
                receive: false,
            }],
            extmap_allow_mixed: true,
            reduced_size_rtcp: true,
            receiver_rtt: true,
            outbound: Vec::new(),
            inbound: vec![InboundStream::ssrc(ssrc, Some(ssrc + 1))],
            remote_track: RemoteTrack::default(),
            limits: SendLimits::default(),
        }
    }

    #[test]
    fn packets_find_their_section_by_ssrc_and_by_a_payload_type_of_one_section() {
        let mut media = NegotiatedMedia {
            sections: vec![section("a", 96, 10), section("b", 100, 20)],
            ..NegotiatedMedia::default()
        };
        let mid = |section: Option<&NegotiatedSection>| section.map(|section| section.mid.clone());
        assert_eq!(mid(media.by_ssrc(21)), Some("b".into()));
        assert_eq!(mid(media.by_ssrc(30)), None);
        assert_eq!(mid(media.by_payload_type(97)), Some("a".into()));
        assert_eq!(mid(media.by_payload_type(98)), None);
        assert_eq!(mid(media.by_transceiver(TransceiverId(20))), Some("b".into()));
        media.sections.push(section("c", 96, 30));
        assert_eq!(mid(media.by_payload_type(96)), None, "two sections have it");
        media.sections[2].direction = Direction::SendOnly;
        assert_eq!(mid(media.by_payload_type(96)), Some("a".into()));
    }

    #[test]
    fn a_section_knows_its_numbers() {
        let section = section("a", 96, 10);
        assert!(matches!(section.received(96), Some(PayloadTypeUse::Media(_))));
        assert!(matches!(
            section.received(97),
            Some(PayloadTypeUse::Retransmission(_))
        ));
        assert_eq!(section.received(98), None);
        assert_eq!(section.preferred_codec().unwrap().payload_type, 96);
        assert_eq!(section.send_extension("urn:x"), Some(3));
        assert_eq!(section.receive_extension("urn:x"), None);
        assert!(section.send[0].has(&RtcpFeedback::Nack) && !section.send[0].has(&RtcpFeedback::GoogRemb));
    }
}
