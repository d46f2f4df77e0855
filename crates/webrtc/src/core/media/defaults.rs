//! The codecs and header extensions of a [`MediaEngine`](super::MediaEngine) where nothing else is said.
//!
//! RFC 7742 §5 and RFC 7874 §3 (mandatory codecs), RFC 8834 §5.2 (header extensions) and, beyond them, what Chromium 156
//! offers with its payload types and ids. Video has no RED and no ULPFEC: nothing here could repair with them.

use sdp::Direction;

use super::codec::{RtcpFeedback, RtpCodec, RtpCodecCapability};
use super::engine::{ExtensionEncryption, HeaderExtensionCapability};

/// RFC 9143 §15: the `mid` of the section that a packet belongs to.
pub(super) const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// RFC 8852 §3.2: which encoding of a track a packet belongs to.
pub(super) const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
/// RFC 8852 §3.2: which encoding a retransmission repairs.
pub(super) const REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";

pub(super) fn audio() -> Vec<RtpCodecCapability> {
    let congestion = || vec![RtcpFeedback::TransportCc];
    let codec = |payload_type, name, clock_rate, parameters: &str, feedback| RtpCodecCapability {
        codec: RtpCodec::audio(name, clock_rate, None, parameters),
        payload_type,
        rtx_payload_type: None,
        feedback,
    };
    let stereo = |mut capability: RtpCodecCapability| {
        capability.codec.channels = Some(2);
        capability
    };
    vec![
        stereo(codec(
            111,
            "opus",
            48_000,
            "minptime=10;useinbandfec=1",
            congestion(),
        )),
        // Its parameters are the payload types of what it repeats, which a connection fills in (RFC 2198 §5).
        stereo(codec(63, "red", 48_000, "", Vec::new())),
        codec(9, "G722", 8000, "", Vec::new()),
        codec(0, "PCMU", 8000, "", Vec::new()),
        codec(8, "PCMA", 8000, "", Vec::new()),
        codec(13, "CN", 8000, "", Vec::new()),
        codec(110, "telephone-event", 48_000, "", Vec::new()),
        codec(126, "telephone-event", 8000, "", Vec::new()),
    ]
}

pub(super) fn video() -> Vec<RtpCodecCapability> {
    let h264 = |mode: u8, profile| {
        format!("level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}")
    };
    [
        (96, 97, "VP8", String::new()),
        (102, 103, "H264", h264(1, "42001f")),
        (104, 107, "H264", h264(0, "42001f")),
        (108, 109, "H264", h264(1, "42e01f")),
        (114, 115, "H264", h264(0, "42e01f")),
        (116, 117, "H264", h264(1, "4d001f")),
        (39, 40, "H264", h264(0, "4d001f")),
        (112, 113, "H264", h264(1, "64001f")),
        (45, 46, "AV1", String::from("level-idx=5;profile=0;tier=0")),
        (98, 99, "VP9", String::from("profile-id=0")),
        (100, 101, "VP9", String::from("profile-id=2")),
        (
            49,
            50,
            "H265",
            String::from("level-id=180;profile-id=1;tier-flag=0"),
        ),
    ]
    .into_iter()
    .map(|(payload_type, rtx, name, parameters)| RtpCodecCapability {
        codec: RtpCodec::video(name, &parameters),
        payload_type,
        rtx_payload_type: Some(rtx),
        feedback: vec![
            RtcpFeedback::GoogRemb,
            RtcpFeedback::TransportCc,
            RtcpFeedback::CcmFir,
            RtcpFeedback::Nack,
            RtcpFeedback::NackPli,
        ],
    })
    .collect()
}

/// Which kinds of section have an extension.
#[derive(Clone, Copy)]
enum For {
    Audio,
    Video,
    Both,
}

const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const DEPENDENCIES: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// RFC 6904 §4: the extension that comes next on the line, encrypted.
pub(super) const ENCRYPT: &str = "urn:ietf:params:rtp-hdrext:encrypt";

/// What offers have.
const OFFERED: [(u8, For, &str); 12] = [
    (4, For::Both, MID),
    (3, For::Both, TRANSPORT_CC),
    (
        2,
        For::Both,
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    ),
    (1, For::Audio, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
    (10, For::Video, RID),
    (11, For::Video, REPAIRED_RID),
    (14, For::Video, "urn:ietf:params:rtp-hdrext:toffset"),
    (13, For::Video, "urn:3gpp:video-orientation"),
    (
        5,
        For::Video,
        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    ),
    (
        6,
        For::Video,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    ),
    (
        7,
        For::Video,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
    ),
    (
        8,
        For::Video,
        "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    ),
];

/// What is accepted where the peer offers it.
const ACCEPTED: [(u8, For, &str); 4] = [
    (9, For::Audio, "urn:ietf:params:rtp-hdrext:csrc-audio-level"),
    (
        12,
        For::Both,
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    ),
    (9, For::Video, DEPENDENCIES),
    (
        12,
        For::Video,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
    ),
];

pub(super) fn extensions() -> Vec<HeaderExtensionCapability> {
    let capability = |is_offered| {
        move |(id, kinds, uri): (u8, For, &str)| HeaderExtensionCapability {
            uri: uri.to_owned(),
            id,
            audio: matches!(kinds, For::Audio | For::Both),
            video: matches!(kinds, For::Video | For::Both),
            direction: Direction::SendRecv,
            is_offered,
            encryption: ExtensionEncryption::Never,
        }
    };
    let offered = OFFERED.into_iter().map(capability(true));
    offered
        .chain(ACCEPTED.into_iter().map(capability(false)))
        .collect()
}
