//! Codecs as W3C webrtc-pc §5.2 names them: `RTCRtpCodec`, `RTCRtpCodecCapability`, and RTCP feedback (RFC 4585 §4.2).

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// What a track, a transceiver or a section carries (`kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl MediaKind {
    /// `audio` or `video`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    pub(crate) const fn of_section(kind: &sdp::MediaKind) -> Option<Self> {
        match kind {
            sdp::MediaKind::Audio => Some(Self::Audio),
            sdp::MediaKind::Video => Some(Self::Video),
            sdp::MediaKind::Application | sdp::MediaKind::Other(_) => None,
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A codec with its parameters (`RTCRtpCodec`).
///
/// ```
/// use webrtc::RtpCodec;
/// let codec = RtpCodec::video("VP9", "profile-id=2");
/// assert_eq!(codec.mime_type, "video/VP9");
/// assert!(codec.is("vp9"));
/// assert_eq!(codec.parameter("profile-id"), Some("2"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RtpCodec {
    /// `audio/opus`, `video/VP8`, …; compared without regard to case.
    pub mime_type: String,
    /// Ticks of the RTP timestamp a second.
    pub clock_rate: u32,
    /// Audio channels where SDP writes them; `None` means one, and for video nothing.
    pub channels: Option<u16>,
    /// The value of `a=fmtp` behind the payload type; empty for none.
    pub sdp_fmtp_line: String,
}

impl RtpCodec {
    /// An audio codec.
    pub fn audio(name: &str, clock_rate: u32, channels: Option<u16>, sdp_fmtp_line: &str) -> Self {
        Self {
            mime_type: format!("audio/{name}"),
            clock_rate,
            channels,
            sdp_fmtp_line: sdp_fmtp_line.to_owned(),
        }
    }

    /// A video codec, with the clock of 90,000 Hz that all of them have.
    pub fn video(name: &str, sdp_fmtp_line: &str) -> Self {
        Self {
            mime_type: format!("video/{name}"),
            clock_rate: 90_000,
            channels: None,
            sdp_fmtp_line: sdp_fmtp_line.to_owned(),
        }
    }

    /// The name that `a=rtpmap` writes: what stands behind the slash of the MIME type.
    #[must_use]
    pub fn name(&self) -> &str {
        self.mime_type
            .split_once('/')
            .map_or(self.mime_type.as_str(), |(_, name)| name)
    }

    /// Whether it has this name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The kind that its MIME type says.
    #[must_use]
    pub fn kind(&self) -> Option<MediaKind> {
        let (kind, _) = self.mime_type.split_once('/')?;
        [MediaKind::Audio, MediaKind::Video]
            .into_iter()
            .find(|known| kind.eq_ignore_ascii_case(known.as_str()))
    }

    /// A parameter of the `fmtp` line, whose name is compared without regard to case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        super::format::parameter(&self.sdp_fmtp_line, name)
    }

    /// Whether frames can be sent with it alone: not so for retransmission, redundancy, FEC, comfort noise and events.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        let others = [
            "rtx",
            "red",
            "ulpfec",
            "flexfec",
            "flexfec-03",
            "CN",
            "telephone-event",
        ];
        !others.iter().any(|name| self.is(name))
    }
}

/// A codec that we can send and receive, as it is written into offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpCodecCapability {
    /// The codec.
    pub codec: RtpCodec,
    /// The payload type that it has where nothing else has taken it: 0…63 or 96…127.
    pub payload_type: u8,
    /// The same for its retransmissions (RFC 4588); `None` for a codec that is never retransmitted.
    pub rtx_payload_type: Option<u8>,
    /// The feedback that we understand and give.
    pub feedback: Vec<RtcpFeedback>,
}

/// A kind of RTCP feedback (RFC 4585 §4.2, RFC 5104 §7.1, RFC 8888 §6 and what browsers added).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RtcpFeedback {
    /// `nack`: packets are asked for again.
    Nack,
    /// `nack pli`: a key frame is asked for (PLI).
    NackPli,
    /// `ccm fir`: a key frame is asked for (FIR).
    CcmFir,
    /// `ccm tmmbr`: a lower bitrate is asked for.
    CcmTmmbr,
    /// `goog-remb`: the receiver may estimate the bandwidth. What the peer estimates is told; nothing is estimated here.
    GoogRemb,
    /// `transport-cc`: arrival times by transport-wide sequence number.
    TransportCc,
    /// `ack ccfb`: arrival times by SSRC and sequence number (RFC 8888).
    AckCcfb,
    /// Any other, as it is written.
    Other(String),
}

impl RtcpFeedback {
    /// As `a=rtcp-fb` writes it, behind the payload type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Nack => "nack",
            Self::NackPli => "nack pli",
            Self::CcmFir => "ccm fir",
            Self::CcmTmmbr => "ccm tmmbr",
            Self::GoogRemb => "goog-remb",
            Self::TransportCc => "transport-cc",
            Self::AckCcfb => "ack ccfb",
            Self::Other(text) => text,
        }
    }
}

impl FromStr for RtcpFeedback {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let known = [
            Self::Nack,
            Self::NackPli,
            Self::CcmFir,
            Self::CcmTmmbr,
            Self::GoogRemb,
            Self::TransportCc,
            Self::AckCcfb,
        ];
        let text = text.trim();
        Ok(known
            .into_iter()
            .find(|feedback| feedback.as_str().eq_ignore_ascii_case(text))
            .unwrap_or_else(|| Self::Other(text.to_owned())))
    }
}

impl fmt::Display for RtcpFeedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_is_read_as_it_is_written() {
        for text in [
            "nack",
            "nack pli",
            "ccm fir",
            "ccm tmmbr",
            "goog-remb",
            "transport-cc",
            "ack ccfb",
        ] {
            let feedback: RtcpFeedback = text.parse().unwrap();
            assert!(!matches!(feedback, RtcpFeedback::Other(_)), "{text}");
            assert_eq!(feedback.to_string(), text);
        }
        assert_eq!(
            "nack rpsi".parse(),
            Ok(RtcpFeedback::Other(String::from("nack rpsi")))
        );
    }

    #[test]
    fn codecs_know_their_kind_and_whether_they_stand_alone() {
        assert_eq!(RtpCodec::video("VP8", "").kind(), Some(MediaKind::Video));
        assert_eq!(
            RtpCodec::audio("opus", 48_000, Some(2), "").kind(),
            Some(MediaKind::Audio)
        );
        assert!(RtpCodec::audio("PCMU", 8000, None, "").is_primary());
        for name in ["rtx", "RED", "cn", "telephone-event"] {
            assert!(!RtpCodec::audio(name, 8000, None, "").is_primary(), "{name}");
        }
    }
}
