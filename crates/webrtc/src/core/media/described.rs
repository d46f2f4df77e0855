//! A section of audio or video as its description means it: RFC 9429 §5.8.2, for descriptions of either side.
//!
//! What cannot be used is passed over: formats without a name, retransmissions of nothing, layers that no `a=rid` declares
//! (RFC 8853 §5.3.2), ids that cannot be written. Everything that a peer could make long has a bound.

use sdp::{Direction, RidDirection, Section};

use super::announced::{layers, streams, track};
use super::codec::{MediaKind, RtcpFeedback, RtpCodec};
use super::defaults::ENCRYPT;
use super::negotiated::{InboundStream, NegotiatedCodec, SendLimits};
use super::transceiver::RemoteTrack;

/// The most kinds of feedback of one codec.
const MAX_FEEDBACK: usize = 16;

/// An `a=extmap` that can be used: ids from 4096 are offers to choose from (RFC 8285 §6), which no browser makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) id: u8,
    pub(super) uri: String,
    /// It is `uri` encrypted (RFC 6904), which is another extension than `uri` in the clear.
    pub(super) is_encrypted: bool,
    pub(super) direction: Direction,
}

impl Extension {
    pub(super) fn is(&self, uri: &str, is_encrypted: bool) -> bool {
        self.uri == uri && self.is_encrypted == is_encrypted
    }

    /// What a line says, without its id and direction; `None` for the encryption of nothing or of encryption (RFC 6904 §4).
    fn named(line: &sdp::Extmap) -> Option<(&str, bool)> {
        if &*line.uri != ENCRYPT {
            return Some((&line.uri, false));
        }
        let uri = line.attributes.as_deref()?.split(' ').next()?;
        (!uri.is_empty() && uri != ENCRYPT).then_some((uri, true))
    }
}

/// A layer in `a=simulcast`, with the first of its alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) rid: String,
    pub(super) paused: bool,
}

/// One section.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) kind: MediaKind,
    pub(super) mid: Option<String>,
    pub(super) is_rejected: bool,
    /// The profile is one of those that RFC 9429 §5.1.2 accepts.
    pub(super) is_rtp: bool,
    pub(super) direction: Direction,
    pub(super) codecs: Vec<NegotiatedCodec>,
    pub(super) extensions: Vec<Extension>,
    pub(super) allow_mixed: bool,
    pub(super) rtcp_mux: bool,
    pub(super) rtcp_rsize: bool,
    /// `a=rtcp-xr:rcvr-rtt` (RFC 3611 §5).
    pub(super) receiver_rtt: bool,
    pub(super) track: RemoteTrack,
    /// What its writer sends, where it says so.
    pub(super) streams: Vec<InboundStream>,
    /// The layers that its writer sends and those that it wants to receive.
    pub(super) sends: Vec<Layer>,
    pub(super) receives: Vec<Layer>,
    pub(super) limits: SendLimits,
}

impl Described {
    /// `None` for a section that is neither audio nor video.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let media = section.media;
        let attributes = &media.attributes;
        let sends = layers(section, RidDirection::Send);
        Some(Self {
            kind: MediaKind::of_section(&media.kind)?,
            mid: media.mid().map(str::to_owned),
            is_rejected: media.is_rejected(),
            is_rtp: is_rtp(&media.protocol),
            direction: section.direction(),
            codecs: codecs(section),
            extensions: extensions(section),
            allow_mixed: section.extmap_allow_mixed(),
            rtcp_mux: attributes.rtcp_mux(),
            rtcp_rsize: attributes.rtcp_rsize(),
            receiver_rtt: receiver_rtt(attributes),
            track: track(section),
            streams: streams(section, &sends),
            sends,
            receives: layers(section, RidDirection::Recv),
            limits: limits(section),
        })
    }

    pub(super) fn extension(&self, uri: &str, is_encrypted: bool) -> Option<&Extension> {
        let mut all = self.extensions.iter();
        all.find(|extension| extension.is(uri, is_encrypted))
    }
}

/// RFC 9429 §5.1.2.
fn is_rtp(protocol: &str) -> bool {
    let accepted = [
        "UDP/TLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "TCP/DTLS/RTP/SAVPF",
        "TCP/DTLS/RTP/SAVP",
        "RTP/SAVPF",
        "RTP/SAVP",
        "RTP/AVPF",
        "RTP/AVP",
    ];
    accepted.contains(&protocol)
}

fn receiver_rtt(attributes: &sdp::Attributes) -> bool {
    attributes.iter().any(|attribute| {
        if let sdp::Attribute::RtcpXr(formats) = attribute {
            let mut formats = formats.split([' ', ';']);
            formats.any(|format| format.starts_with("rcvr-rtt="))
        } else {
            false
        }
    })
}

/// The codecs in the order of the `m=` line, each with its retransmissions.
fn codecs(section: &Section<'_>) -> Vec<NegotiatedCodec> {
    let media = section.media;
    let mut codecs: Vec<NegotiatedCodec> = Vec::new();
    let mut retransmissions = Vec::new();
    for payload_type in media.payload_types() {
        let seen = codecs.iter().any(|known| known.payload_type == payload_type);
        let Some(codec) = codec(section, payload_type).filter(|_| !seen) else {
            continue;
        };
        if codec.is("rtx") {
            let about = codec.parameter("apt").and_then(|apt| apt.parse::<u8>().ok());
            retransmissions.extend(about.map(|about| (about, payload_type)));
            continue;
        }
        codecs.push(NegotiatedCodec {
            payload_type,
            feedback: feedback(section, payload_type),
            rtx_payload_type: None,
            codec,
        });
    }
    for codec in &mut codecs {
        let own = retransmissions
            .iter()
            .find(|(about, _)| *about == codec.payload_type);
        codec.rtx_payload_type = own.map(|(_, payload_type)| *payload_type);
    }
    codecs
}

fn codec(section: &Section<'_>, payload_type: u8) -> Option<RtpCodec> {
    let media = section.media;
    let kind = MediaKind::of_section(&media.kind)?;
    let parameters = media
        .attributes
        .fmtp(payload_type)
        .map_or("", |fmtp| &fmtp.parameters);
    let Some(rtpmap) = media.attributes.rtpmap(payload_type) else {
        return unnamed(payload_type, parameters).filter(|_| kind == MediaKind::Audio);
    };
    Some(RtpCodec {
        mime_type: format!("{kind}/{}", rtpmap.encoding),
        clock_rate: rtpmap.clock_rate,
        channels: rtpmap.channels,
        sdp_fmtp_line: parameters.to_owned(),
    })
}

/// Payload types that mean something without `a=rtpmap` (RFC 3551 §6).
fn unnamed(payload_type: u8, parameters: &str) -> Option<RtpCodec> {
    let name = match payload_type {
        0 => "PCMU",
        8 => "PCMA",
        9 => "G722",
        13 => "CN",
        _ => return None,
    };
    Some(RtpCodec::audio(name, 8000, None, parameters))
}

fn feedback(section: &Section<'_>, payload_type: u8) -> Vec<RtcpFeedback> {
    let mut found = Vec::new();
    for line in section.media.attributes.rtcp_fb(payload_type) {
        let Ok(feedback) = line.value.parse();
        if !found.contains(&feedback) && found.len() < MAX_FEEDBACK {
            found.push(feedback);
        }
    }
    found
}

/// The section's own `a=extmap` lines, else the session's.
fn extensions(section: &Section<'_>) -> Vec<Extension> {
    // RFC 6904 §4: only SRTP has encrypted extensions.
    let is_secure = section.media.protocol.contains("SAVP");
    let own = &section.media.attributes;
    let place = if own.extmaps().next().is_some() {
        own
    } else {
        &section.session.attributes
    };
    let mut extensions: Vec<Extension> = Vec::new();
    for line in place.extmaps() {
        let Ok(id @ (1..=14 | 16..=255)) = u8::try_from(line.id) else {
            continue;
        };
        let Some((uri, is_encrypted)) = Extension::named(line).filter(|(_, hidden)| is_secure || !hidden)
        else {
            continue;
        };
        if extensions
            .iter()
            .all(|known| known.id != id && !known.is(uri, is_encrypted))
        {
            extensions.push(Extension {
                id,
                uri: uri.to_owned(),
                is_encrypted,
                direction: line.direction.unwrap_or_default(),
            });
        }
    }
    extensions
}

/// RFC 9429 §5.10: `TIAS`, or what `AS` leaves of it.
fn limits(section: &Section<'_>) -> SendLimits {
    let bandwidth = |kind: &str| {
        let mut all = section.media.bandwidths.iter();
        all.find(|bandwidth| bandwidth.kind == kind).map(|it| it.value)
    };
    let of_as = |kilobits: u64| (kilobits.saturating_mul(950)).saturating_sub(50 * 40 * 8);
    let mut limits = SendLimits {
        max_bitrate: bandwidth("TIAS").or_else(|| bandwidth("AS").map(of_as)),
        ..SendLimits::default()
    };
    for attribute in section.media.attributes.iter() {
        if let sdp::Attribute::Ptime(time) = attribute {
            limits.packet_time.get_or_insert(*time);
        } else if let sdp::Attribute::MaxPtime(time) = attribute {
            limits.max_packet_time.get_or_insert(*time);
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::media::announced::{MAX_MSIDS, MAX_STREAMS};
    use crate::core::media::parameters::MAX_ENCODINGS;

    fn read(lines: &str) -> Described {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{}",
            lines.replace('\n', "\r\n")
        );
        let description: sdp::SessionDescription = text.parse().unwrap();
        Described::read(&description.section(0).unwrap()).unwrap()
    }

    #[test]
    fn formats_have_their_retransmissions_and_static_ones_a_name() {
        let audio = read("m=audio 9 RTP/AVP 0 8 9 13 50 0\n");
        let names: Vec<_> = audio.codecs.iter().map(|codec| codec.codec.name()).collect();
        assert_eq!(names, ["PCMU", "PCMA", "G722", "CN"]);
        assert!(audio.is_rtp && !audio.rtcp_mux);
        let video = read(
            "m=video 9 UDP/TLS/RTP/SAVPF 97 96 99 98 300 x\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n\
             a=rtpmap:96 VP8/90000\na=rtcp-fb:* nack\na=rtcp-fb:96 nack pli\na=rtpmap:99 rtx/90000\na=fmtp:99 apt=77\n\
             a=rtpmap:98 rtx/90000\na=rtcp-mux-only\n",
        );
        assert_eq!(video.codecs.len(), 1);
        assert_eq!(video.codecs[0].rtx_payload_type, Some(97));
        assert_eq!(
            video.codecs[0].feedback,
            [RtcpFeedback::Nack, RtcpFeedback::NackPli]
        );
        assert!(video.rtcp_mux);
    }

    #[test]
    fn streams_are_paired_with_what_repairs_them() {
        let video = read(
            "m=video 9 UDP/TLS/RTP/SAVPF 96\na=ssrc-group:FID 1 2\na=ssrc-group:SIM 1 3\na=ssrc-group:FID 3 4\n\
             a=ssrc-group:FEC-FR 1 5\na=ssrc:1 cname:c\na=ssrc:1 msid:s t\na=ssrc:2 cname:c\na=ssrc:3 cname:c\n\
             a=ssrc:4 cname:c\na=ssrc:5 cname:c\n",
        );
        assert_eq!(
            video.streams,
            [InboundStream::ssrc(1, Some(2)), InboundStream::ssrc(3, Some(4))]
        );
        assert_eq!(video.track.stream_ids, ["s"]);
        assert_eq!(video.track.track_id.as_deref(), Some("t"));
        assert_eq!(video.track.cname.as_deref(), Some("c"));
    }

    #[test]
    fn layers_are_those_that_are_declared() {
        let video = read(
            "m=video 9 UDP/TLS/RTP/SAVPF 96\na=rid:q send\na=rid:h send pt=96\na=rid:f send\na=rid:r recv\n\
             a=simulcast:send q;~h,f;z;q recv r;f\n",
        );
        let names = |layers: &[Layer]| -> Vec<_> {
            let name = |layer: &Layer| (layer.rid.clone(), layer.paused);
            layers.iter().map(name).collect()
        };
        assert_eq!(
            names(&video.sends),
            [(String::from("q"), false), (String::from("h"), true)]
        );
        assert_eq!(names(&video.receives), [(String::from("r"), false)]);
        assert_eq!(video.streams.len(), 2);
        assert_eq!(video.streams[1].rid.as_deref(), Some("h"));
        let lone = read("m=video 9 UDP/TLS/RTP/SAVPF 96\na=rid:q send\n");
        assert_eq!(names(&lone.sends), [(String::from("q"), false)]);
    }

    #[test]
    fn long_lists_are_cut() {
        let mut lines = String::from("m=video 9 UDP/TLS/RTP/SAVPF 96\n");
        for n in 0..1000 {
            lines += &format!(
                "a=ssrc:{n} cname:c\na=msid:s{n} t\na=rtcp-fb:96 x{n}\na=rid:{n} recv\na=extmap:{n} urn:{n}\n"
            );
        }
        let video = read(&lines.replace("a=rtcp-fb", "a=rtpmap:96 VP8/90000\na=rtcp-fb"));
        assert_eq!(video.streams.len(), MAX_STREAMS);
        assert_eq!(video.track.stream_ids.len(), MAX_MSIDS);
        assert_eq!(video.codecs[0].feedback.len(), MAX_FEEDBACK);
        assert_eq!(video.receives.len(), MAX_ENCODINGS);
        assert_eq!(video.extensions.len(), 254);
        assert!(video.extensions.iter().all(|it| it.id != 0 && it.id != 15));
    }

    #[test]
    fn bandwidth_is_in_bits_a_second() {
        let limit = |line: &str| read(&format!("m=audio 9 RTP/AVP 0\n{line}\n")).limits.max_bitrate;
        assert_eq!(limit("b=TIAS:64000\nb=AS:1"), Some(64_000));
        assert_eq!(limit("b=AS:500"), Some(459_000));
        assert_eq!(limit("b=AS:1"), Some(0));
        assert_eq!(limit("a=ptime:20"), None);
    }
}
