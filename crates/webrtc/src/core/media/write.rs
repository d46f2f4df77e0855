//! A section of audio or video as SDP: RFC 9429 §5.2.1, without what belongs to the transport.
//!
//! `a=msid` names the track behind the stream, and `a=ssrc` the streams, as every browser does although RFC 9429 leaves
//! both out: older peers find tracks by them.

use sdp::{
    Attribute, Connection, Direction, MediaDescription, Msid, Rid, RidDirection, Rtcp, Rtpmap, Simulcast,
    SimulcastId, SimulcastList, Ssrc, SsrcGroup,
};

use super::codec::{MediaKind, RtcpFeedback};
use super::defaults::ENCRYPT;
use super::described::{Extension, Layer};
use super::negotiated::NegotiatedCodec;
use super::transceiver::Sender;

/// What we write for peers whose codecs know no end: Opus takes at most 120 ms (RFC 7587 §3.1.3).
const MAX_PACKET_TIME: u32 = 120;

/// Everything that a section says.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) kind: MediaKind,
    pub(super) protocol: &'a str,
    pub(super) mid: Option<&'a str>,
    pub(super) direction: Direction,
    pub(super) codecs: Vec<NegotiatedCodec>,
    pub(super) extensions: Vec<Extension>,
    pub(super) sends: Vec<Layer>,
    pub(super) receives: Vec<Layer>,
    pub(super) rtcp_rsize: bool,
    pub(super) receiver_rtt: bool,
    /// A section that was in no description before (RFC 9429 §5.2.2).
    pub(super) is_first_offer: bool,
    pub(super) sender: &'a Sender,
    pub(super) cname: &'a str,
}

impl Draft<'_> {
    pub(super) fn write(&self) -> MediaDescription {
        let mut media = match self.kind {
            MediaKind::Audio => MediaDescription::audio(self.mid.unwrap_or_default()),
            MediaKind::Video => MediaDescription::video(self.mid.unwrap_or_default()),
        };
        media.protocol = self.protocol.into();
        if self.mid.is_none() {
            media.attributes.clear();
        }
        for extension in &self.extensions {
            media.attributes.push(extmap(extension));
        }
        media.attributes.push(self.direction.into());
        if self.direction.sends() {
            self.write_msid(&mut media);
        }
        if self.is_first_offer {
            let address = Some(Box::new(Connection::unspecified()));
            media.attributes.push(Rtcp { port: 9, address }.into());
            media.attributes.push(Attribute::RtcpMuxOnly);
        }
        media.attributes.push(Attribute::RtcpMux);
        if self.rtcp_rsize {
            media.attributes.push(Attribute::RtcpRsize);
        }
        if self.receiver_rtt {
            media.attributes.push(Attribute::RtcpXr("rcvr-rtt=all".into()));
        }
        for codec in &self.codecs {
            write_codec(&mut media, codec);
        }
        if self.kind == MediaKind::Audio {
            media.attributes.push(Attribute::MaxPtime(MAX_PACKET_TIME));
        }
        self.write_layers(&mut media);
        if self.direction.sends() && self.sends.is_empty() {
            self.write_ssrcs(&mut media);
        }
        media
    }

    fn write_msid(&self, media: &mut MediaDescription) {
        let none = [String::from("-")];
        let streams = match self.sender.stream_ids.as_slice() {
            [] => &none,
            streams => streams,
        };
        for stream in streams {
            media.attributes.push(
                Msid {
                    stream: stream.into(),
                    track: Some(self.sender.id.as_str().into()),
                }
                .into(),
            );
        }
    }

    /// RFC 8851 and RFC 8853.
    fn write_layers(&self, media: &mut MediaDescription) {
        let lists = [
            (RidDirection::Send, &self.sends),
            (RidDirection::Recv, &self.receives),
        ];
        let mut simulcast = Simulcast { lists: Vec::new() };
        for (direction, layers) in lists {
            for layer in layers {
                media.attributes.push(
                    Rid {
                        id: layer.rid.as_str().into(),
                        direction,
                        restrictions: None,
                    }
                    .into(),
                );
            }
            if layers.len() > 1 {
                let streams = layers.iter().map(|layer| vec![simulcast_id(layer)]).collect();
                simulcast.lists.push(SimulcastList { direction, streams });
            }
        }
        if !simulcast.lists.is_empty() {
            media.attributes.push(simulcast.into());
        }
    }

    /// RFC 5576 §4 and RFC 4588 §8.
    fn write_ssrcs(&self, media: &mut MediaDescription) {
        let has_rtx = self.codecs.iter().any(|codec| codec.rtx_payload_type.is_some());
        let Some(encoding) = self.sender.encodings.first() else {
            return;
        };
        let ssrcs = if has_rtx {
            vec![encoding.ssrc, encoding.rtx_ssrc]
        } else {
            vec![encoding.ssrc]
        };
        if has_rtx {
            let semantics = "FID".into();
            let ssrcs = ssrcs.clone();
            media.attributes.push(SsrcGroup { semantics, ssrcs }.into());
        }
        for ssrc in ssrcs {
            media.attributes.push(
                Ssrc {
                    ssrc,
                    attribute: "cname".into(),
                    value: Some(self.cname.into()),
                }
                .into(),
            );
        }
    }
}

fn extmap(extension: &Extension) -> Attribute {
    let (id, uri) = (extension.id.into(), extension.uri.as_str());
    let mut line = if extension.is_encrypted {
        let mut line = sdp::Extmap::new(id, ENCRYPT);
        line.attributes = Some(uri.into());
        line
    } else {
        sdp::Extmap::new(id, uri)
    };
    line.direction = Some(extension.direction).filter(|direction| *direction != Direction::SendRecv);
    line.into()
}

fn simulcast_id(layer: &Layer) -> SimulcastId {
    SimulcastId {
        rid: layer.rid.as_str().into(),
        paused: layer.paused,
    }
}

fn write_codec(media: &mut MediaDescription, negotiated: &NegotiatedCodec) {
    let codec = &negotiated.codec;
    let feedback: Vec<_> = negotiated.feedback.iter().map(RtcpFeedback::as_str).collect();
    let rtpmap = Rtpmap::new(
        negotiated.payload_type,
        codec.name(),
        codec.clock_rate,
        codec.channels,
    );
    media.add_codec(rtpmap, &feedback, &codec.sdp_fmtp_line);
    if let Some(payload_type) = negotiated.rtx_payload_type {
        let rtpmap = Rtpmap::new(payload_type, "rtx", codec.clock_rate, None);
        media.add_codec(rtpmap, &[], &format!("apt={}", negotiated.payload_type));
    }
}
