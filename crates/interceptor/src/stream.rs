//! What a chain is told about streams: the outcome of negotiation, for one SSRC and its retransmissions.

use crate::table::Key;
use std::fmt;

/// A stream that is received, as [`Chain::add_inbound`](crate::Chain::add_inbound) names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboundId(pub(crate) Key);

/// A stream that is sent, as [`Chain::add_outbound`](crate::Chain::add_outbound) names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboundId(pub(crate) Key);

impl fmt::Display for InboundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for OutboundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures: loss beyond repair makes the chain ask for a key frame.
    #[default]
    Video,
}

/// A payload type of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Codec {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// Ticks of RTP timestamps in a second.
    pub clock_rate: u32,
    /// The payload type under which its packets are retransmitted (`apt` of RFC 4588 §8.1), if one was negotiated.
    pub rtx_payload_type: Option<u8>,
}

/// Feedback messages that were negotiated for a stream (`a=rtcp-fb`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Feedback {
    /// `nack`: lost packets are asked for and sent again.
    pub nack: bool,
    /// `nack pli`.
    pub pli: bool,
    /// `ccm fir`.
    pub fir: bool,
    /// `transport-cc`. On one transport this or `ccfb` is negotiated, not both (RFC 8888 §6).
    pub transport_cc: bool,
    /// `ack ccfb` (RFC 8888).
    pub ccfb: bool,
}

/// Ids of the header extensions that a chain reads and writes (`a=extmap`). All unset by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`.
    pub mid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`.
    pub rid: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id`.
    pub repaired_rid: Option<u8>,
    /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`.
    pub transport_cc: Option<u8>,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`.
    pub abs_send_time: Option<u8>,
}

/// A stream to receive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// Its SSRC.
    pub ssrc: u32,
    /// The SSRC of its retransmissions (RFC 4588), if known; [`Chain::bind_inbound_rtx`](crate::Chain::bind_inbound_rtx) adds it
    /// later.
    pub rtx_ssrc: Option<u32>,
    /// Audio or video.
    pub kind: Kind,
    /// The section of the description that it belongs to (RFC 9143). A packet that names another one is
    /// [`Received::Unsignalled`](crate::Received::Unsignalled), for its owner to move the stream by
    /// [`Chain::update_inbound`](crate::Chain::update_inbound). Without it, packets may name what they want.
    pub mid: Option<String>,
    /// Its payload types. Packets of others are passed on and counted with the clock rate of the first.
    pub codecs: Vec<Codec>,
    /// What may be sent about it.
    pub feedback: Feedback,
}

/// A stream to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbound {
    /// Its SSRC.
    pub ssrc: u32,
    /// The SSRC under which its packets are sent again, if RTX was negotiated. Without it they are sent again as they were.
    pub rtx_ssrc: Option<u32>,
    /// Its payload types.
    pub codecs: Vec<Codec>,
    /// The section of the description it belongs to (RFC 9143), stamped on packets until the peer has reported on the stream.
    pub mid: Option<String>,
    /// Its restriction identifier (RFC 8852), stamped likewise.
    pub rid: Option<String>,
    /// The extensions that may be written.
    pub extensions: ExtensionIds,
    /// What the peer may send about it.
    pub feedback: Feedback,
}

/// The payload types of a stream, with the one that was used last at hand.
#[derive(Debug, Default)]
pub(crate) struct Codecs {
    all: Vec<Codec>,
    last: Codec,
    /// A packet had `last`.
    is_used: bool,
}

impl Codecs {
    pub(crate) fn new(all: Vec<Codec>) -> Self {
        let last = all.first().copied().unwrap_or_default();
        Self {
            all,
            last,
            is_used: false,
        }
    }

    /// Other codecs were negotiated. The one in use stays so if it is among them.
    pub(crate) fn renew(&mut self, all: Vec<Codec>) {
        let mut used = all.iter().filter(|_| self.is_used);
        let used = used
            .find(|codec| codec.payload_type == self.last.payload_type)
            .copied();
        *self = Self::new(all);
        self.is_used = used.is_some();
        self.last = used.unwrap_or(self.last);
    }

    /// The payload type of the latest packet with one of these codecs.
    pub(crate) fn used(&self) -> Option<u8> {
        self.is_used.then_some(self.last.payload_type)
    }

    /// The codec of a payload type.
    #[inline]
    pub(crate) fn find(&mut self, payload_type: u8) -> Option<Codec> {
        if self.last.payload_type != payload_type {
            self.last = *self.all.iter().find(|codec| codec.payload_type == payload_type)?;
        }
        self.is_used = self.last.clock_rate > 0;
        self.is_used.then_some(self.last)
    }

    /// The codec that was used last, or the first.
    pub(crate) const fn last(&self) -> Codec {
        self.last
    }

    /// The codec whose retransmissions have this payload type.
    pub(crate) fn repaired_by(&self, payload_type: u8) -> Option<Codec> {
        let is_it = |codec: &&Codec| codec.rtx_payload_type == Some(payload_type);
        // Where several share it, the one in use is meant.
        Some(self.last)
            .filter(|last| is_it(&last))
            .or_else(|| self.all.iter().find(is_it).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_found_both_ways() {
        let codec = |payload_type, clock_rate, rtx_payload_type| Codec {
            payload_type,
            clock_rate,
            rtx_payload_type,
        };
        let mut codecs = Codecs::new(vec![
            codec(96, 90_000, Some(97)),
            codec(98, 90_000, Some(99)),
            codec(0, 8000, None),
        ]);
        assert_eq!((codecs.last().payload_type, codecs.used()), (96, None));
        assert_eq!(codecs.find(0), Some(codec(0, 8000, None)));
        assert_eq!(codecs.find(98).map(|codec| codec.clock_rate), Some(90_000));
        assert_eq!(codecs.find(50), None);
        assert_eq!(
            codecs.last().payload_type,
            98,
            "an unknown payload type changes nothing"
        );
        assert_eq!(codecs.used(), Some(98));
        assert_eq!(codecs.repaired_by(97).map(|codec| codec.payload_type), Some(96));
        assert_eq!(codecs.repaired_by(96), None);
        codecs.renew(vec![codec(100, 90_000, None), codec(98, 90_000, None)]);
        assert_eq!((codecs.last().payload_type, codecs.used()), (98, Some(98)));
        codecs.renew(vec![codec(100, 90_000, None)]);
        assert_eq!((codecs.last().payload_type, codecs.used()), (100, None));
        assert_eq!(
            Codecs::new(Vec::new()).find(0),
            None,
            "an empty list knows no payload type, not even 0"
        );
    }
}
