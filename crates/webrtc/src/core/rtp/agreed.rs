//! What was agreed upon for a section, as the interceptor chain wants it.

use interceptor::{ExtensionIds, Feedback};

use crate::core::media::{
    MediaKind, NegotiatedCodec, NegotiatedMedia, NegotiatedSection, OutboundStream, RtcpFeedback,
};

pub(super) fn inbound(agreed: &NegotiatedSection, ssrc: u32) -> interceptor::Inbound {
    interceptor::Inbound {
        ssrc,
        rtx_ssrc: None,
        kind: kind(agreed.kind),
        mid: Some(agreed.mid.clone()),
        codecs: codecs(&agreed.receive),
        feedback: feedback(&agreed.receive),
    }
}

pub(super) fn outbound(agreed: &NegotiatedSection, stream: &OutboundStream) -> interceptor::Outbound {
    interceptor::Outbound {
        ssrc: stream.ssrc,
        rtx_ssrc: stream.rtx_ssrc,
        codecs: codecs(&agreed.send),
        mid: Some(agreed.mid.clone()),
        rid: stream.rid.clone(),
        extensions: ids(|uri| agreed.send_extension(uri)),
        feedback: feedback(&agreed.send),
    }
}

const fn kind(kind: MediaKind) -> interceptor::Kind {
    match kind {
        MediaKind::Audio => interceptor::Kind::Audio,
        MediaKind::Video => interceptor::Kind::Video,
    }
}

fn codecs(agreed: &[NegotiatedCodec]) -> Vec<interceptor::Codec> {
    let codec = |codec: &NegotiatedCodec| interceptor::Codec {
        payload_type: codec.payload_type,
        clock_rate: codec.codec.clock_rate,
        rtx_payload_type: codec.rtx_payload_type,
    };
    agreed.iter().map(codec).collect()
}

/// What was agreed for any of the codecs: the chain has one answer for a stream, whose codec may change.
pub(super) fn feedback(agreed: &[NegotiatedCodec]) -> Feedback {
    let has = |feedback: RtcpFeedback| agreed.iter().any(|codec| codec.has(&feedback));
    Feedback {
        nack: has(RtcpFeedback::Nack),
        pli: has(RtcpFeedback::NackPli),
        fir: has(RtcpFeedback::CcmFir),
        transport_cc: has(RtcpFeedback::TransportCc),
        ccfb: has(RtcpFeedback::AckCcfb),
    }
}

/// The ids on received packets, which are those of any section: a bundle has one id for an extension (RFC 8843 §8.1).
pub(super) fn receive_ids(media: &NegotiatedMedia) -> ExtensionIds {
    ids(|uri| {
        let mut sections = media.sections.iter();
        sections.find_map(|section| section.receive_extension(uri))
    })
}

fn ids(id: impl Fn(&str) -> Option<u8>) -> ExtensionIds {
    use rtp::extension::{AbsoluteSendTime, Extension, Mid, RepairedRid, Rid, TransportSequenceNumber};
    ExtensionIds {
        mid: id(Mid::URI),
        rid: id(Rid::URI),
        repaired_rid: id(RepairedRid::URI),
        transport_cc: id(TransportSequenceNumber::URI),
        abs_send_time: id(AbsoluteSendTime::URI),
    }
}
