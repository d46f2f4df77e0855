//! Which descriptions of a codec mean one media format, and what an answer says about it.
//!
//! H.264: RFC 6184 §8.2.2. VP9: RFC 9628 §6. AV1: the RTP payload format of AV1, §7.2 – profile, level and tier may
//! differ between the sides there, yet like browsers we take each profile for a format of its own. H.265: RFC 7798 §7.2.2
//! and draft-ietf-avtcore-hevc-webrtc. Every other codec is one format whatever its parameters are, since they only
//! declare what a receiver likes (RFC 7587 §7, RFC 7741 §6).

use super::codec::RtpCodec;
use super::h264::ProfileLevelId;
use super::negotiated::NegotiatedCodec;

/// A parameter of a `name=value;name=value` line.
pub(super) fn parameter<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn number(codec: &RtpCodec, name: &str, inferred: u32) -> u32 {
    codec
        .parameter(name)
        .map_or(Some(inferred), |value| value.parse().ok())
        .unwrap_or(inferred)
}

fn profile_level_id(codec: &RtpCodec) -> Option<ProfileLevelId> {
    match codec.parameter("profile-level-id") {
        Some(text) => ProfileLevelId::parse(text),
        None => Some(ProfileLevelId::INFERRED),
    }
}

/// Whether two descriptions mean the same media format.
pub(super) fn same(one: &RtpCodec, other: &RtpCodec) -> bool {
    one.mime_type.eq_ignore_ascii_case(&other.mime_type)
        && one.clock_rate == other.clock_rate
        && one.channels.unwrap_or(1) == other.channels.unwrap_or(1)
        && same_parameters(one, other)
}

fn same_parameters(one: &RtpCodec, other: &RtpCodec) -> bool {
    let equal = |name, inferred| number(one, name, inferred) == number(other, name, inferred);
    if one.is("H264") {
        let profiles = profile_level_id(one).zip(profile_level_id(other));
        equal(MODE, 0) && profiles.is_some_and(|(one, other)| one.profile() == other.profile())
    } else if one.is("VP9") {
        equal("profile-id", 0)
    } else if one.is("AV1") {
        equal("profile", 0) && equal("tier", 0)
    } else if one.is("H265") {
        let mode = |codec: &RtpCodec| codec.parameter("tx-mode").unwrap_or("SRST").to_ascii_uppercase();
        equal("profile-id", 1) && equal("tier-flag", 0) && mode(one) == mode(other)
    } else {
        true
    }
}

/// How H.264 is cut into packets: `packetization-mode`, RFC 6184 §8.1.
const MODE: &str = "packetization-mode";

/// Whether a stream may be sent as a format that the peer takes. What its description leaves open is anything; without
/// `cuts`, packets are as they are, and those of mode 0 are of mode 1 as well (RFC 6184 §5.4).
fn fits(stream: &RtpCodec, taken: &RtpCodec, cuts: bool) -> bool {
    if !stream.is("H264") {
        return stream.sdp_fmtp_line.is_empty() || same_parameters(stream, taken);
    }
    let profiles = profile_level_id(stream).zip(profile_level_id(taken));
    let has_profile = stream.parameter("profile-level-id").is_none()
        || profiles.is_some_and(|(one, other)| one.profile() == other.profile());
    has_profile
        && (cuts || number(stream, MODE, 0) <= number(taken, MODE, 0) || stream.sdp_fmtp_line.is_empty())
}

/// The format to send a stream as, of those that the peer takes: the very same line, else the same packetization mode, else
/// any that the stream [fits](fits).
pub(super) fn choose<'a>(
    stream: &RtpCodec,
    taken: impl Iterator<Item = &'a NegotiatedCodec> + Clone,
    cuts: bool,
) -> Option<&'a NegotiatedCodec> {
    let mut fitting = taken.filter(|known| {
        known.codec.is(stream.name())
            && known.codec.clock_rate == stream.clock_rate
            && fits(stream, &known.codec, cuts)
    });
    let wants_mode = stream.parameter(MODE).is_some();
    let has_mode = |known: &&NegotiatedCodec| number(&known.codec, MODE, 0) == number(stream, MODE, 0);
    let is_same = |known: &&NegotiatedCodec| known.codec.sdp_fmtp_line == stream.sdp_fmtp_line;
    let all = fitting.clone();
    all.clone()
        .find(is_same)
        .or_else(|| all.clone().find(|known| wants_mode && has_mode(known)))
        .or_else(|| fitting.next())
}

/// Whether each NAL unit has a packet of its own.
pub(super) fn is_single_unit(codec: &RtpCodec) -> bool {
    codec.is("H264") && number(codec, MODE, 0) == 0
}

/// The `fmtp` line of an answer: ours, with the level that both sides can keep to.
pub(super) fn answer(ours: &RtpCodec, offered: &RtpCodec) -> String {
    if ours.is("H264") {
        answer_h264(ours, offered)
    } else if ours.is("H265") {
        // RFC 7798 §7.2.2: the level of an answer is at most that of the offer.
        let level = number(ours, "level-id", 93).min(number(offered, "level-id", 93));
        replace(&ours.sdp_fmtp_line, "level-id", &level.to_string())
    } else {
        ours.sdp_fmtp_line.clone()
    }
}

fn answer_h264(ours: &RtpCodec, offered: &RtpCodec) -> String {
    let asymmetric = [ours, offered]
        .iter()
        .all(|codec| codec.parameter("level-asymmetry-allowed") == Some("1"));
    let (Some(own), Some(theirs)) = (profile_level_id(ours), profile_level_id(offered)) else {
        return ours.sdp_fmtp_line.clone();
    };
    let level = if asymmetric {
        own.level()
    } else {
        own.level().min(theirs.level())
    };
    // The profile is repeated in the very form in which it was offered.
    let id = theirs.with_level(level).write();
    replace(&ours.sdp_fmtp_line, "profile-level-id", &id)
}

/// The line with one parameter set to another value, in its place.
fn replace(line: &str, name: &str, value: &str) -> String {
    let mut found = false;
    let mut pairs: Vec<_> = line
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if key.eq_ignore_ascii_case(name) => {
                found = true;
                format!("{key}={value}")
            }
            _ => pair.to_owned(),
        })
        .collect();
    if !found {
        pairs.push(format!("{name}={value}"));
    }
    pairs.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h264(parameters: &str) -> RtpCodec {
        RtpCodec::video("H264", parameters)
    }

    fn check(table: &[(RtpCodec, RtpCodec, bool)]) {
        for (one, other, expected) in table {
            assert_eq!(same(one, other), *expected, "{one:?} {other:?}");
            assert_eq!(same(other, one), *expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn most_formats_are_one_whatever_they_declare() {
        let opus = |parameters| RtpCodec::audio("opus", 48_000, Some(2), parameters);
        let video = RtpCodec::video;
        check(&[
            (opus("minptime=10"), opus("stereo=1;usedtx=1"), true),
            (opus(""), RtpCodec::audio("OPUS", 48_000, Some(2), ""), true),
            (opus(""), RtpCodec::audio("opus", 48_000, None, ""), false),
            (
                RtpCodec::audio("G722", 8000, None, ""),
                RtpCodec::audio("G722", 8000, Some(1), ""),
                true,
            ),
            (
                RtpCodec::audio("CN", 8000, None, ""),
                RtpCodec::audio("CN", 16_000, None, ""),
                false,
            ),
            (video("VP8", "max-fs=12288"), video("vp8", ""), true),
            (video("VP8", ""), video("VP9", ""), false),
        ]);
    }

    #[test]
    fn formats_of_video_are_told_apart_by_profile_and_mode() {
        let video = RtpCodec::video;
        check(&[
            (video("VP9", ""), video("VP9", "profile-id=0"), true),
            (video("VP9", "profile-id=2"), video("VP9", "profile-id=0"), false),
            (
                video("AV1", ""),
                video("AV1", "level-idx=5;profile=0;tier=0"),
                true,
            ),
            (video("AV1", "profile=1"), video("AV1", ""), false),
            (video("AV1", "tier=1"), video("AV1", ""), false),
            (
                video("H265", "level-id=93"),
                video("H265", "profile-id=1;tier-flag=0;level-id=180;tx-mode=srst"),
                true,
            ),
            (video("H265", "profile-id=2"), video("H265", ""), false),
            (video("H265", "tx-mode=MRST"), video("H265", ""), false),
            (
                h264("packetization-mode=1;profile-level-id=42e01f"),
                h264("profile-level-id=42c034; packetization-mode=1"),
                true,
            ),
            (
                h264("packetization-mode=1;profile-level-id=42e01f"),
                h264("profile-level-id=42e01f"),
                false,
            ),
            (
                h264("profile-level-id=42e01f"),
                h264("profile-level-id=42001f"),
                false,
            ),
            (
                h264(""),
                h264("packetization-mode=0;profile-level-id=42000a"),
                true,
            ),
            (
                h264("profile-level-id=nonsense"),
                h264("profile-level-id=nonsense"),
                false,
            ),
        ]);
    }

    fn taken() -> Vec<NegotiatedCodec> {
        let asymmetric = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        let opus = RtpCodec::audio("opus", 48_000, Some(2), "minptime=10;useinbandfec=1");
        [
            (102, h264("packetization-mode=1;profile-level-id=42001f")),
            (114, h264("packetization-mode=0;profile-level-id=42e01f")),
            (108, h264(asymmetric)),
            (39, h264("profile-level-id=4d001f")),
            (98, RtpCodec::video("VP9", "profile-id=0")),
            (100, RtpCodec::video("VP9", "profile-id=2")),
            (111, opus),
        ]
        .into_iter()
        .map(|(payload_type, codec)| NegotiatedCodec {
            payload_type,
            codec,
            feedback: Vec::new(),
            rtx_payload_type: None,
        })
        .collect()
    }

    /// The payload type of a stream of packets, and of frames.
    fn numbers(stream: &RtpCodec) -> [Option<u8>; 2] {
        let taken = taken();
        [false, true].map(|cuts| choose(stream, taken.iter(), cuts).map(|it| it.payload_type))
    }

    #[test]
    fn a_stream_goes_by_the_format_that_it_is() {
        let video = RtpCodec::video;
        let table = [
            (video("vp9", "profile-id=2"), Some(100)),
            (video("VP9", "profile-id=1"), None),
            (video("VP9", ""), Some(98)),
            (RtpCodec::audio("opus", 48_000, None, "stereo=1"), Some(111)),
            (video("AV1", ""), None),
        ];
        for (stream, expected) in table {
            assert_eq!(numbers(&stream), [expected; 2], "{stream:?}");
        }
    }

    #[test]
    fn a_stream_of_h264_goes_by_its_profile_and_mode() {
        let table = [
            ("profile-level-id=42c034; packetization-mode=1", [108; 2]),
            ("packetization-mode=1;profile-level-id=42001f", [102; 2]),
            ("packetization-mode=0;profile-level-id=42e01f", [114; 2]),
            // Packets of mode 0 are of mode 1 as well, those of mode 1 not of mode 0; frames can be cut in both.
            ("packetization-mode=0;profile-level-id=42001f", [102; 2]),
            ("packetization-mode=1;profile-level-id=4d0028", [0, 39]),
            ("packetization-mode=1;profile-level-id=64001f", [0; 2]),
            ("packetization-mode=1", [102; 2]),
            ("packetization-mode=0", [114; 2]),
            ("", [102; 2]),
        ];
        for (line, expected) in table {
            let expected = expected.map(|number| Some(number).filter(|number| *number != 0));
            assert_eq!(numbers(&h264(line)), expected, "{line}");
        }
        assert_eq!(taken().iter().filter(|it| it.is_single_nal_unit()).count(), 2);
    }

    #[test]
    fn an_answer_in_h264_keeps_the_offered_profile_and_a_level_for_both() {
        let ours = h264("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
        let table = [
            (
                "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42c00b",
                "42c01f",
            ),
            ("packetization-mode=1;profile-level-id=42c00b", "42c00b"),
            ("packetization-mode=1;profile-level-id=42c034", "42c01f"),
            ("packetization-mode=1;profile-level-id=42f00b", "42f00b"),
        ];
        for (offered, expected) in table {
            assert_eq!(
                answer(&ours, &h264(offered)),
                format!("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={expected}"),
                "{offered}"
            );
        }
    }

    #[test]
    fn an_answer_in_h265_does_not_raise_the_level() {
        let ours = RtpCodec::video("H265", "level-id=120;profile-id=1");
        let offered = |parameters| RtpCodec::video("H265", parameters);
        assert_eq!(answer(&ours, &offered("level-id=93")), "level-id=93;profile-id=1");
        assert_eq!(
            answer(&ours, &offered("level-id=180")),
            "level-id=120;profile-id=1"
        );
        assert_eq!(answer(&ours, &offered("")), "level-id=93;profile-id=1");
        let vp9 = RtpCodec::video("VP9", "profile-id=0");
        assert_eq!(answer(&vp9, &RtpCodec::video("VP9", "")), "profile-id=0");
    }
}
