//! What becomes of a description on its way: its lines and sections are lost, repeated, moved and changed.

use webrtc::{SdpType, SessionDescription};

use crate::duel::Script;

/// Lines and sections that a description has at most: more are cut off.
const MAX_LINES: usize = 1000;
const MAX_SECTIONS: usize = 24;

/// What other peers write.
const FOREIGN: [&str; 10] = [
    include_str!("../../../../crates/sdp/tests/corpus/chromium-156-offer-av-data-lo.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/chromium-firefox-answer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/firefox-chromium-offer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/firefox-firefox-answer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/pion-chromium-offer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/aiortc-chromium-offer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/gst-chromium-offer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/pion-firefox-offer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/ft-flexfec-chromium-pion-offer.sdp"),
    include_str!("../../../../crates/sdp/tests/corpus/sped-cc-chromium-chromium-offer.sdp"),
];

/// Lines that say what somebody may say, and what nobody should.
const LINES: [&str; 40] = [
    "a=group:BUNDLE 0 1 2",
    "a=group:BUNDLE 2 1 0",
    "a=group:BUNDLE 1",
    "a=group:BUNDLE",
    "a=group:BUNDLE 0 0 0",
    "a=mid:0",
    "a=mid:1",
    "a=mid:9",
    "a=mid:",
    "a=setup:active",
    "a=setup:passive",
    "a=setup:actpass",
    "a=setup:holdconn",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789abcdef01234567",
    "a=ice-lite",
    "a=bundle-only",
    "a=sendonly",
    "a=recvonly",
    "a=inactive",
    "a=rtcp-mux",
    "a=cryptex",
    "a=extmap-allow-mixed",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=extmap:2 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:300 urn:x",
    "a=rtpmap:96 VP8/90000",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=97",
    "a=fmtp:96 packetization-mode=1;profile-level-id=zz",
    "a=rid:q send",
    "a=rid:f recv pt=96",
    "a=simulcast:send q;~h;f recv a,b",
    "a=ssrc:1 cname:x",
    "a=ssrc-group:FID 1 2",
    "a=msid:- t",
    "a=max-message-size:0",
    "a=fingerprint:sha-256 00",
    "a=candidate:1 1 udp 1 192.0.2.9 9 typ host",
];

/// A description of a peer that is neither of the two.
pub(super) fn foreign(script: &mut Script<'_>) -> Option<SessionDescription> {
    let which = script.byte();
    let text = FOREIGN.get(usize::from(which) % FOREIGN.len())?;
    Some(if which & 0x80 == 0 {
        SessionDescription::offer(*text)
    } else {
        SessionDescription::answer(*text)
    })
}

/// The lines, each section by itself, the session first.
type Parts = Vec<Vec<String>>;

fn split(text: &str) -> Parts {
    let mut parts = vec![Vec::new()];
    for line in text.lines().take(MAX_LINES) {
        if line.starts_with("m=") && parts.len() <= MAX_SECTIONS {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(line.to_owned());
        }
    }
    parts
}

fn at(len: usize, byte: u8) -> usize {
    usize::from(byte) % len.max(1)
}

/// As many changes as the script says.
pub(super) fn change(description: &mut SessionDescription, script: &mut Script<'_>) {
    let mut parts = split(&description.sdp);
    let how = script.byte();
    for _ in 0..(how & 7) {
        let (what, which) = (script.byte(), script.byte());
        let index = at(parts.len(), which);
        match what & 3 {
            0 => change_sections(&mut parts, what >> 2, index),
            _ => {
                if let Some(part) = parts.get_mut(index) {
                    change_lines(part, what >> 2, script);
                }
            }
        }
    }
    let mut text = parts.concat().join("\r\n");
    text.push_str("\r\n");
    description.sdp = text;
    description.kind = match how >> 3 & 7 {
        0 => SdpType::Pranswer,
        1 => SdpType::Answer,
        2 => SdpType::Offer,
        _ => description.kind,
    };
}

/// The session comes first, whatever happens to the sections.
fn change_sections(parts: &mut Parts, what: u8, index: usize) {
    let Some(part) = parts.get(index).filter(|_| index > 0) else {
        return;
    };
    let part = part.clone();
    match what & 7 {
        0 => drop(parts.remove(index)),
        1 => parts.push(part),
        2 => parts.rotate_right(1),
        3 if parts.len() <= MAX_SECTIONS / 2 => {
            let sections = parts.get(1..).unwrap_or_default().to_vec();
            parts.extend(sections);
        }
        // It is stopped: nothing is left but the line of its medium, with port 0.
        4 | 5 => {
            let mut rejected = Vec::new();
            for line in part {
                if line.starts_with("m=") {
                    rejected.push(line.replacen(" 9 ", " 0 ", 1));
                } else if line.starts_with("c=") || line.starts_with("a=mid") {
                    rejected.push(line);
                }
            }
            if let Some(part) = parts.get_mut(index) {
                *part = rejected;
            }
        }
        _ => {
            // Another mid, also where it is bundled.
            let Some(mid) = part.iter().find_map(|line| line.strip_prefix("a=mid:")) else {
                return;
            };
            let (old, new) = (format!(" {mid}"), format!(" {mid}x"));
            if let Some(part) = parts.get_mut(index) {
                part.iter_mut()
                    .filter(|line| line.starts_with("a=mid:"))
                    .for_each(|line| line.push('x'));
            }
            let session = parts.iter_mut().take(1).flatten();
            session
                .filter(|line| line.starts_with("a=group:"))
                .for_each(|line| *line = line.replacen(&old, &new, 1));
        }
    }
}

fn change_lines(part: &mut Vec<String>, what: u8, script: &mut Script<'_>) {
    let index = at(part.len(), script.byte());
    let Some(line) = part.get(index).cloned() else {
        return;
    };
    match what & 7 {
        0 => drop(part.remove(index)),
        1 => part.push(line),
        2 => {
            let other = at(part.len(), script.byte());
            part.swap(index, other);
        }
        // Another number, wherever the line has one.
        3 => {
            let number = script.byte().to_string();
            let is_digit = |letter: char| letter.is_ascii_digit();
            let end = line.rfind(is_digit).map_or(0, |end| end + 1);
            let start = line
                .get(..end)
                .and_then(|head| head.rfind(|letter| !is_digit(letter)));
            let head = start.and_then(|start| line.get(..=start)).unwrap_or_default();
            let tail = line.get(end..).unwrap_or_default();
            if let Some(line) = part.get_mut(index) {
                *line = format!("{head}{number}{tail}");
            }
        }
        4 => part.insert(index, script.text(16)),
        // Known lines, instead of those of their kind or beside them.
        known => {
            let known_line = LINES
                .get(at(LINES.len(), script.byte()))
                .copied()
                .unwrap_or_default();
            let name = known_line.split_inclusive(':').next().unwrap_or_default();
            if known != 7 {
                part.retain(|line| !line.starts_with(name));
            }
            part.push(known_line.to_owned());
        }
    }
}
