//! The sections of a description, as they are read (RFC 9429 §5.8).
//!
//! All sections share one transport, that of the tagged section of the BUNDLE group (RFC 9143 §7.2.1). What is outside of it
//! is rejected.

use sdp::{Attribute, MediaDescription, Section, SessionDescription, Setup};

use super::MAX_SECTIONS;
use super::media::MediaKind;
use crate::description::IceCandidateInit;

/// The section whose transport was agreed upon. Its mid tells it from another one that uses its place again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) index: usize,
    pub(super) mid: Option<String>,
}

/// The first section of data channels that is not rejected.
pub(super) fn accepted_section(description: &SessionDescription) -> Option<usize> {
    description
        .media
        .iter()
        .position(|media| media.is_data_channel() && !media.is_rejected())
}

/// The section whose transport all others share: the first of the BUNDLE group that has one (RFC 9143 §7.3.1). Without a
/// group it is the section of data channels, or else the first of audio or video.
pub(super) fn transport_section(description: &SessionDescription) -> Option<usize> {
    let is_live = |media: &MediaDescription| media.port != 0 && is_known(media);
    let mids = description.bundle_groups().flat_map(|group| &group.mids);
    let mut tags = mids.take(MAX_SECTIONS).filter_map(|mid| {
        let media = &description.media;
        media
            .iter()
            .position(|media| media.mid() == Some(mid.as_str()) && is_live(media))
    });
    tags.next()
        .or_else(|| accepted_section(description))
        .or_else(|| description.media.iter().position(is_live))
}

fn is_known(media: &MediaDescription) -> bool {
    media.is_data_channel() || MediaKind::of_section(&media.kind).is_some()
}

/// Whether a section is on the one transport that there is.
pub(super) fn shares_transport(description: &SessionDescription, index: usize) -> bool {
    let Some(tag) = transport_section(description) else {
        return false;
    };
    let mid = |index| description.media.get(index).and_then(MediaDescription::mid);
    let both = mid(tag).zip(mid(index));
    tag == index
        || both.is_some_and(|(tag, mid)| {
            let has = |group: &sdp::Group, mid| {
                let mut members = group.mids.iter().take(MAX_SECTIONS);
                members.any(|member| *member == mid)
            };
            description
                .bundle_groups()
                .any(|group| has(group, tag) && has(group, mid))
        })
}

pub(super) fn cryptex() -> Attribute {
    Attribute::unknown("cryptex", None)
}

pub(super) fn names_cryptex(section: &Section<'_>) -> bool {
    let places = [&section.media.attributes, &section.session.attributes];
    places.iter().any(|attributes| attributes.contains(&cryptex()))
}

/// Whether whoever made the description reads Cryptex in every section of media: RFC 9335 §4 has all of a bundle name it.
pub(super) fn has_cryptex(description: &SessionDescription) -> bool {
    let is_media = |section: &Section<'_>| MediaKind::of_section(&section.media.kind).is_some();
    let mut live = description
        .sections()
        .filter(|section| is_media(section) && !section.media.is_rejected())
        .peekable();
    live.peek().is_some() && live.all(|section| names_cryptex(&section))
}

/// Whether any section of audio or video is in use.
pub(super) fn has_media(description: &SessionDescription) -> bool {
    let mut all = description.media.iter();
    all.any(|media| MediaKind::of_section(&media.kind).is_some() && !media.is_rejected())
}

/// Every mid of a description.
pub(super) fn mids(description: &SessionDescription) -> impl Iterator<Item = String> {
    let mids = description.media.iter().filter_map(MediaDescription::mid);
    mids.map(str::to_owned)
}

pub(super) fn tagged(description: &SessionDescription) -> Option<Section<'_>> {
    description.section(transport_section(description)?)
}

pub(super) fn ufrag(description: &SessionDescription) -> Option<&str> {
    tagged(description)?.ice_credentials().map(|(ufrag, _)| ufrag)
}

pub(super) fn setup(description: &SessionDescription) -> Option<Setup> {
    tagged(description)?.setup()
}

/// The largest message that the peer takes, in bytes.
pub(super) fn max_message_size(description: &SessionDescription) -> Option<usize> {
    let media = description.media.get(accepted_section(description)?)?;
    let limit = media.attributes.max_message_size();
    Some(usize::try_from(limit).unwrap_or(usize::MAX))
}

pub(super) fn has_data(description: &SessionDescription) -> bool {
    accepted_section(description).is_some()
}

pub(super) fn mid(description: &SessionDescription, index: usize) -> Option<String> {
    description.media.get(index)?.mid().map(str::to_owned)
}

pub(super) fn count(description: &SessionDescription) -> usize {
    description.media.len()
}

/// Whether an answer has the sections of its offer, in their order (RFC 3264 §6).
pub(super) fn match_offer(offer: &SessionDescription, answer: &SessionDescription) -> bool {
    offer.media.len() == answer.media.len()
        && offer.media.iter().zip(&answer.media).all(|(offered, answered)| {
            offered.kind == answered.kind && (answered.mid().is_none() || answered.mid() == offered.mid())
        })
}

/// The candidates of a section of the peer, `candidate:…`, and an empty one if there will be no more.
pub(super) fn candidates(description: &SessionDescription, index: usize) -> Vec<String> {
    let Some(section) = description.section(index) else {
        return Vec::new();
    };
    let mut candidates: Vec<_> = section.media.candidates().map(ToString::to_string).collect();
    if section.end_of_candidates() {
        candidates.push(String::new());
    }
    candidates
}

/// Writes our candidates into the section whose transport counts.
pub(super) fn add_candidates(description: &mut SessionDescription, candidates: &[String], complete: bool) {
    let Some(index) = transport_section(description) else {
        return;
    };
    let Some(media) = description.media.get_mut(index) else {
        return;
    };
    for candidate in candidates {
        media
            .attributes
            .push(Attribute::Candidate(sdp::Candidate::new(candidate.as_str())));
    }
    if complete {
        media.attributes.push(Attribute::EndOfCandidates);
    }
}

/// Where a candidate belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) index: usize,
    pub(super) ufrag: Option<&'a str>,
}

/// The section that a candidate names (W3C webrtc-pc §4.4.1.7): by mid, else by index.
pub(super) fn find<'a>(
    description: &'a SessionDescription,
    candidate: &IceCandidateInit,
) -> Option<Found<'a>> {
    let index = match (&candidate.sdp_mid, candidate.sdp_m_line_index) {
        (Some(mid), _) if !mid.is_empty() => {
            let mut all = description.media.iter();
            all.position(|media| media.mid() == Some(mid.as_str()))?
        }
        (_, Some(index)) => usize::from(index),
        // The end of all candidates names no section.
        _ if candidate.candidate.is_empty() => transport_section(description)?,
        _ => return None,
    };
    let section = description.section(index)?;
    Some(Found {
        index,
        ufrag: section.ice_credentials().map(|(ufrag, _)| ufrag),
    })
}
