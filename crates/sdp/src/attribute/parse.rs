//! From the text behind `a=` to an [`Attribute`].
//!
//! A value that cannot be read becomes [`Attribute::Unknown`], so that a peer's slip in a codec parameter
//! does not cost the connection. Where a guess would connect to the wrong peer or in the wrong role, the
//! description is refused (RFC 9429 §5.8: a parser checks what it relies on).

use super::{
    Attribute, Candidate, Direction, Extmap, Fingerprint, Fmtp, Group, IceOptions, Msid, Rid, Rtcp, RtcpFb,
    Rtpmap, SctpMap, Setup, Simulcast, Ssrc, SsrcGroup,
};
use crate::text::{Source, Text};

/// `line` is what follows `a=`.
pub(crate) fn parse(source: Source<'_>, line: &str) -> Result<Attribute, &'static str> {
    let Some((name, value)) = cut(line, b':') else {
        return Ok(flag(line).unwrap_or_else(|| Attribute::Unknown {
            name: source.text(line),
            value: None,
        }));
    };
    let attribute = match required(source, name, value) {
        Some(result) => Some(result?),
        None => optional(source, name, value),
    };
    let unknown = || Attribute::Unknown {
        name: source.text(name),
        value: Some(source.text(value)),
    };
    Ok(attribute.unwrap_or_else(unknown))
}

/// Attributes without a value.
fn flag(name: &str) -> Option<Attribute> {
    Some(match name.trim_ascii_end() {
        "sendrecv" => Attribute::Direction(Direction::SendRecv),
        "sendonly" => Attribute::Direction(Direction::SendOnly),
        "recvonly" => Attribute::Direction(Direction::RecvOnly),
        "inactive" => Attribute::Direction(Direction::Inactive),
        "rtcp-mux" => Attribute::RtcpMux,
        "rtcp-mux-only" => Attribute::RtcpMuxOnly,
        "rtcp-rsize" => Attribute::RtcpRsize,
        "bundle-only" => Attribute::BundleOnly,
        "ice-lite" => Attribute::IceLite,
        "end-of-candidates" => Attribute::EndOfCandidates,
        "extmap-allow-mixed" => Attribute::ExtmapAllowMixed,
        _ => return None,
    })
}

/// Attributes whose value has to be right; `None` for all others.
fn required(source: Source<'_>, name: &str, value: &str) -> Option<Result<Attribute, &'static str>> {
    let word = value.trim_ascii();
    let text = || source.text(word);
    Some(match name {
        "mid" => non_empty(word, "mid is empty").map(|()| Attribute::Mid(text())),
        // RFC 8839 §5.4: 4 to 256 characters, and 22 to 256.
        "ice-ufrag" => credential(word, 4, "ice-ufrag is not 4 to 256 printable characters")
            .map(|()| Attribute::IceUfrag(text())),
        "ice-pwd" => credential(word, 22, "ice-pwd is not 22 to 256 printable characters")
            .map(|()| Attribute::IcePwd(text())),
        "fingerprint" => Fingerprint::parse(source, word)
            .map(Attribute::Fingerprint)
            .ok_or("fingerprint is not a hash name and colon-separated hexadecimal bytes"),
        "setup" => Setup::parse(word)
            .map(Attribute::Setup)
            .ok_or("setup is not active, passive, actpass or holdconn"),
        "sctp-port" => word
            .parse()
            .map(Attribute::SctpPort)
            .map_err(|_| "sctp-port is not a port"),
        "max-message-size" => {
            let size = digits(word).ok_or("max-message-size is not a number");
            size.map(Attribute::MaxMessageSize)
        }
        "group" => Group::parse(source, word)
            .map(Attribute::Group)
            .ok_or("group has no semantics"),
        _ => return None,
    })
}

/// Attributes that may be ignored when their value cannot be read.
fn optional(source: Source<'_>, name: &str, value: &str) -> Option<Attribute> {
    let raw = || source.text(value);
    let word = value.trim_ascii();
    match name {
        "rtcp-fb" => RtcpFb::parse(source, word).map(Attribute::RtcpFb),
        "rtpmap" => Rtpmap::parse(source, word).map(Attribute::Rtpmap),
        "fmtp" => Fmtp::parse(source, word).map(Attribute::Fmtp),
        "extmap" => Extmap::parse(source, word).map(Attribute::Extmap),
        "ssrc" => Ssrc::parse(source, word).map(Attribute::Ssrc),
        "candidate" => Some(Attribute::Candidate(Candidate::new(source.text(word)))),
        "ice-options" => Some(Attribute::IceOptions(IceOptions::new(source.text(word)))),
        "msid" => Msid::parse(source, word).map(Attribute::Msid),
        "rtcp" => Rtcp::parse(source, word).map(Attribute::Rtcp),
        "msid-semantic" => Some(Attribute::MsidSemantic(raw())),
        "ssrc-group" => SsrcGroup::parse(source, word).map(Attribute::SsrcGroup),
        "rtcp-xr" => Some(Attribute::RtcpXr(raw())),
        "rid" => Rid::parse(source, word).map(Attribute::Rid),
        "simulcast" => Simulcast::parse(source, word).map(Attribute::Simulcast),
        "remote-candidates" => Some(Attribute::RemoteCandidates(raw())),
        "tls-id" => Some(Attribute::TlsId(raw())),
        "identity" => Some(Attribute::Identity(raw())),
        "sctpmap" => SctpMap::parse(source, word).map(Attribute::SctpMap),
        "sctp-init" => Some(Attribute::SctpInit(raw())),
        // RFC 8839 §5.5: 1*10DIGIT.
        "ice-pacing" if word.len() <= 10 => word.parse().ok().map(Attribute::IcePacing),
        "ptime" => word.parse().ok().map(Attribute::Ptime),
        "maxptime" => word.parse().ok().map(Attribute::MaxPtime),
        _ => None,
    }
}

fn non_empty(word: &str, reason: &'static str) -> Result<(), &'static str> {
    if word.is_empty() || word.contains(' ') {
        Err(reason)
    } else {
        Ok(())
    }
}

/// The characters are not checked against the grammar beyond being visible: stacks in the field use `-` and
/// `_`, and STUN carries any.
fn credential(word: &str, shortest: usize, reason: &'static str) -> Result<(), &'static str> {
    let good = (shortest..=256).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(()) } else { Err(reason) }
}

/// A number of any length; one too large for 64 bits counts as the largest.
fn digits(word: &str) -> Option<u64> {
    let good = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| word.parse().unwrap_or(u64::MAX))
}

/// The next word and the rest behind the spaces that follow it.
pub(super) fn word(text: &str) -> (&str, &str) {
    match cut(text, b' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

/// What stands ahead of and behind the first `byte`, which is ASCII; faster than `split_once` on short text.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|found| found == byte)?;
    text.get(..at).zip(text.get(at + 1..))
}

/// `None` for the empty string.
pub(super) fn some(source: Source<'_>, text: &str) -> Option<Text> {
    (!text.is_empty()).then(|| source.text(text))
}
