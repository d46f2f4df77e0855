//! Whether the media of a peer's description can be applied at all: RFC 9429 §5.8.3, RFC 9143 §7 and §10.
//!
//! A section of an offer that cannot be used is rejected by the answer. What is an error here would make the meaning of
//! packets ambiguous, or is an answer that does not fit its offer.

use std::collections::{BTreeMap, BTreeSet};

use sdp::SessionDescription;

use super::codec::RtpCodec;
use super::described::Described;
use super::{Media, format, settle};
use crate::core::sections;
use crate::error::DescriptionError;

/// Checks a description of the peer. `offer` is ours, if it is an answer.
pub(in crate::core) fn check(
    media: Option<&Media>,
    description: &SessionDescription,
    offer: Option<&SessionDescription>,
) -> Result<(), DescriptionError> {
    check_mids(description)?;
    check_group(description)?;
    let described: Vec<_> = description
        .sections()
        .map(|section| Described::read(&section))
        .collect();
    check_numbers(description, &described)?;
    match (media, offer) {
        (_, Some(offer)) => check_answer(description, &described, offer),
        (Some(media), None) => check_places(media, &described),
        (None, None) => Ok(()),
    }
}

fn check_mids(description: &SessionDescription) -> Result<(), DescriptionError> {
    let mut mids = BTreeSet::new();
    let mut all = description.media.iter().filter_map(sdp::MediaDescription::mid);
    if all.all(|mid| mids.insert(mid)) {
        Ok(())
    } else {
        Err(DescriptionError::SameMid)
    }
}

/// RFC 9143 §7.1: a group names sections that there are, and a section is in one group at most.
fn check_group(description: &SessionDescription) -> Result<(), DescriptionError> {
    let mut seen = BTreeSet::new();
    let mids: BTreeSet<_> = description.media.iter().filter_map(|media| media.mid()).collect();
    let mut all = description.bundle_groups().flat_map(|group| &group.mids);
    if all.all(|mid| mids.contains(mid.as_str()) && seen.insert(mid.as_str())) {
        Ok(())
    } else {
        Err(DescriptionError::BadGroup)
    }
}

/// RFC 9143 §10.1.1 and §10.2: within a group, a payload type has one meaning and an id names one extension.
fn check_numbers(
    description: &SessionDescription,
    described: &[Option<Described>],
) -> Result<(), DescriptionError> {
    let mut payload_types: BTreeMap<u8, &RtpCodec> = BTreeMap::new();
    let mut ids: BTreeMap<u8, (&str, bool)> = BTreeMap::new();
    for (index, section) in described.iter().enumerate() {
        let Some(section) = section.as_ref().filter(|section| !section.is_rejected) else {
            continue;
        };
        if !sections::shares_transport(description, index) {
            continue;
        }
        for codec in &section.codecs {
            let known = *payload_types.entry(codec.payload_type).or_insert(&codec.codec);
            // What cannot be compared, as a broken profile, is at least no other than itself.
            if *known != codec.codec && !format::same(known, &codec.codec) {
                return Err(DescriptionError::PayloadTypeTwice);
            }
        }
        for extension in &section.extensions {
            let named = (extension.uri.as_str(), extension.is_encrypted);
            if *ids.entry(extension.id).or_insert(named) != named {
                return Err(DescriptionError::ExtensionIdTwice);
            }
        }
    }
    Ok(())
}

/// The sections of live transceivers keep their mids and kinds (RFC 3264 §8, RFC 9429 §5.2.2).
fn check_places(media: &Media, described: &[Option<Described>]) -> Result<(), DescriptionError> {
    for transceiver in &media.transceivers {
        let Some(place) = transceiver.place.as_ref().filter(|_| !transceiver.is_stopped()) else {
            continue;
        };
        // Gone sections are found by their number.
        let Some(section) = described.get(place.index) else {
            continue;
        };
        // One that only an offer of ours has may be anywhere else in an offer of the peer.
        if transceiver.settled.is_none() {
            continue;
        }
        let same = section.as_ref().is_some_and(|section| {
            let mid = section.mid.as_deref();
            section.kind == transceiver.kind && mid.is_none_or(|mid| mid == &*place.mid)
        });
        if !same {
            return Err(DescriptionError::SectionMoved);
        }
    }
    Ok(())
}

fn check_answer(
    answer: &SessionDescription,
    described: &[Option<Described>],
    offer: &SessionDescription,
) -> Result<(), DescriptionError> {
    for (index, offered) in offer.sections().enumerate() {
        let live = |media: &sdp::MediaDescription| !media.is_rejected();
        let Some(answered) = answer.media.get(index).filter(|media| live(media)) else {
            continue;
        };
        if !live(offered.media) {
            return Err(DescriptionError::SectionsDiffer);
        }
        if !sections::shares_transport(answer, index) {
            return Err(DescriptionError::NotBundled);
        }
        let remote = described.get(index).and_then(Option::as_ref);
        let (Some(local), Some(remote)) = (Described::read(&offered), remote) else {
            continue;
        };
        if !answered.attributes.rtcp_mux() {
            return Err(DescriptionError::NoRtcpMux);
        }
        if !settle::has_common_codec(&local, remote) {
            return Err(DescriptionError::NoCommonCodec);
        }
    }
    Ok(())
}
