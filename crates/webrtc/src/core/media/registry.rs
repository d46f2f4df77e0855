//! Payload types and extension ids of a connection: RFC 9143 §10.1.1 and §10.2, RFC 8285 §5.
//!
//! Sections of one BUNDLE group share both spaces, and what a number has once meant it means for the life of the
//! connection (RFC 3264 §8.3.2). A number that the peer has chosen counts as much as one of ours.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::codec::RtpCodec;
use super::{MediaEngine, format};

/// Where payload types are looked for, in this order: dynamic ones, then those that RFC 3551 left free.
const RANGES: [RangeInclusive<u8>; 2] = [96..=127, 35..=63];

/// What a payload type means.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Meaning {
    codec: RtpCodec,
    /// The payload type that it retransmits or repeats.
    about: Option<u8>,
}

/// What payload types mean. There are 128 of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PayloadTypes(BTreeMap<u8, Meaning>);

impl PayloadTypes {
    /// The payload type of a codec: one of `preferred` if it means the codec, else any that does.
    pub(super) fn find(&self, codec: &RtpCodec, about: Option<u8>, preferred: &[u8]) -> Option<u8> {
        let means = |payload_type: &u8| {
            self.0
                .get(payload_type)
                .is_some_and(|meaning| meaning.about == about && format::same(&meaning.codec, codec))
        };
        preferred
            .iter()
            .find(|it| means(it))
            .or_else(|| self.0.keys().find(|it| means(it)))
            .copied()
    }

    /// The peer has chosen.
    pub(super) fn learn(&mut self, payload_type: u8, codec: &RtpCodec, about: Option<u8>) {
        let meaning = Meaning {
            codec: codec.clone(),
            about,
        };
        self.0.insert(payload_type, meaning);
    }

    /// The payload type of a codec, which is given one if it has none: the one it `wants`, or else one that is free and
    /// that no other codec of the engine would like to have. `None` when all are taken.
    pub(super) fn assign(&mut self, engine: &MediaEngine, wish: &Wish<'_>) -> Option<u8> {
        if let Some(known) = self.find(wish.codec, wish.about, wish.preferred) {
            return Some(known);
        }
        let is_free = |payload_type: &u8| !self.0.contains_key(payload_type);
        let all = || RANGES.into_iter().flatten().filter(is_free);
        let payload_type = Some(wish.payload_type)
            .filter(is_free)
            .or_else(|| all().find(|it| !engine.wants(*it)))
            .or_else(|| all().next())?;
        self.learn(payload_type, wish.codec, wish.about);
        Some(payload_type)
    }
}

/// A codec that needs a payload type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub(super) codec: &'a RtpCodec,
    pub(super) about: Option<u8>,
    /// The one it would like to have.
    pub(super) payload_type: u8,
    /// Those that its section has already.
    pub(super) preferred: &'a [u8],
}

/// What extension ids mean: a URI, and whether it is encrypted (RFC 6904 §3: each form has an id of its own). There are 255
/// of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExtensionIds(BTreeMap<u8, (String, bool)>);

impl ExtensionIds {
    pub(super) fn learn(&mut self, id: u8, (uri, is_encrypted): (&str, bool)) {
        self.0.insert(id, (uri.to_owned(), is_encrypted));
    }

    /// The id of an extension in the clear, or of one that is encrypted, which is given one if it has none. Ids above 14
    /// need two-byte headers, which whoever reads `a=extmap-allow-mixed` understands. The second form of an extension, which
    /// wants no id, leaves the low ones to those who do.
    pub(super) fn assign(
        &mut self,
        engine: &MediaEngine,
        (uri, is_encrypted): (&str, bool),
        wanted: Option<u8>,
    ) -> Option<u8> {
        let is_it = |known: &(String, bool)| known.0 == uri && known.1 == is_encrypted;
        if let Some((id, _)) = self.0.iter().find(|(_, known)| is_it(known)) {
            return Some(*id);
        }
        let is_free = |id: &u8| !self.0.contains_key(id);
        let low = || (1..=14).find(is_free).filter(|_| wanted.is_some());
        let id = wanted
            .filter(is_free)
            .or_else(|| (1..=14).find(|id| is_free(id) && !engine.wants_id(*id)))
            .or_else(low)
            .or_else(|| (16..=255).find(is_free))?;
        self.learn(id, (uri, is_encrypted));
        Some(id)
    }
}

/// Both spaces of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Registry {
    pub(super) payload_types: PayloadTypes,
    pub(super) extension_ids: ExtensionIds,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(codec: &RtpCodec, payload_type: u8) -> Wish<'_> {
        Wish {
            codec,
            about: None,
            payload_type,
            preferred: &[],
        }
    }

    #[test]
    fn a_codec_keeps_its_payload_type_and_takes_nobody_elses() {
        let engine = MediaEngine::default();
        let mut types = PayloadTypes::default();
        let (vp8, vp9) = (RtpCodec::video("VP8", ""), RtpCodec::video("VP9", ""));
        types.learn(96, &vp9, None);
        let given = types.assign(&engine, &wish(&vp8, 96)).unwrap();
        assert!(given > 96 && !engine.wants(given));
        assert_eq!(types.assign(&engine, &wish(&vp8, 96)), Some(given));
        assert_eq!(types.assign(&engine, &wish(&vp9, 98)), Some(96));
        types.learn(120, &vp8, None);
        assert_eq!(types.find(&vp8, None, &[120]), Some(120));
        assert_eq!(
            types.find(&vp8, Some(96), &[]),
            None,
            "its retransmission is another"
        );
    }

    #[test]
    fn payload_types_run_out_without_touching_those_of_rtcp() {
        let engine = MediaEngine::empty();
        let mut types = PayloadTypes::default();
        let codecs: Vec<_> = (0..100).map(|n| RtpCodec::video(&format!("x{n}"), "")).collect();
        let given: Vec<_> = codecs
            .iter()
            .map_while(|codec| types.assign(&engine, &wish(codec, 96)))
            .collect();
        assert_eq!(given.len(), 32 + 29);
        assert_eq!(given[..3], [96, 97, 98]);
        assert_eq!(given[32], 35);
        assert!(given.iter().all(|it| !(64..96).contains(it)));
    }

    #[test]
    fn extension_ids_are_shared_by_uri() {
        let engine = MediaEngine::default();
        let mut ids = ExtensionIds::default();
        ids.learn(4, ("urn:of-the-peer", false));
        let mid = ids.assign(&engine, ("urn:mid", false), Some(4)).unwrap();
        assert!((1..=14).contains(&mid) && mid != 4);
        assert_eq!(ids.assign(&engine, ("urn:mid", false), Some(7)), Some(mid));
        let hidden = ids.assign(&engine, ("urn:mid", true), None);
        assert_eq!(hidden, Some(16), "the low ids are for those who want them");
        for n in 0..300 {
            ids.assign(&engine, (&format!("urn:{n}"), false), Some(1));
        }
        assert_eq!(ids.assign(&engine, ("urn:one-more", false), Some(1)), None);
        assert_eq!(ids.assign(&engine, ("urn:mid", true), None), hidden);
        assert!(!ids.0.contains_key(&15), "id 15 is reserved");
    }
}
