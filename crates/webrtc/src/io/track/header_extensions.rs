//! Header extensions of forwarded packets. An id means something on one connection only (RFC 8285 §5): the same extension has
//! another one, and the same id is another extension, on the next connection. So extensions are known by their URIs here.

use crate::core::{NegotiatedMedia, NegotiatedSection};
use crate::io::rtp_transceiver::RtpTransceiver;
use rtp::{ExtensionSet, FormRule, Header};

/// Where the packets of a track come from, and so what the ids in their headers mean.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// With the generation of what was negotiated for it, as of the last look.
    transceiver: Option<(RtpTransceiver, Option<u64>)>,
    /// Ids and URIs.
    known: Vec<(u8, String)>,
    /// Counts what `known` has been.
    revision: u64,
}

impl Source {
    /// The ids are those that a transceiver receives, whatever its connection agrees upon.
    pub(super) fn follow(&mut self, transceiver: &RtpTransceiver) {
        self.transceiver = Some((transceiver.clone(), None));
        self.become_known(Vec::new());
    }

    /// The ids are these.
    pub(super) fn fix(&mut self, known: Vec<(u8, String)>) {
        self.transceiver = None;
        self.become_known(known);
    }

    fn become_known(&mut self, known: Vec<(u8, String)>) {
        self.known = known;
        self.revision += 1;
    }

    /// Looks whether the source has negotiated again.
    pub(super) fn refresh(&mut self) {
        let Some((transceiver, seen)) = &mut self.transceiver else {
            return;
        };
        let state = transceiver.connection().lock();
        let Some(media) = state.core.negotiated_media() else {
            return;
        };
        if *seen == Some(media.generation) {
            return;
        }
        *seen = Some(media.generation);
        let section = media.by_transceiver(transceiver.id());
        let known = section.into_iter().flat_map(|section| &section.extensions);
        let known = known.filter(|it| it.receive).map(|it| (it.id, it.uri.clone()));
        let known = known.collect();
        drop(state);
        self.become_known(known);
    }
}

/// From the ids of a source to those of one connection that its packets are sent on.
#[derive(Debug, Default)]
pub(super) struct Translation {
    /// The revision of the source and the generation of the connection that it is made for.
    made_for: Option<(u64, u64)>,
    rule: FormRule,
    ids: Vec<(u8, u8)>,
}

impl Translation {
    /// Is made anew if either side has negotiated.
    pub(super) fn refresh(
        &mut self,
        source: &Source,
        media: &NegotiatedMedia,
        section: Option<&NegotiatedSection>,
    ) {
        let made_for = Some((source.revision, media.generation));
        if self.made_for == made_for {
            return;
        }
        self.made_for = made_for;
        self.ids.clear();
        let Some(section) = section else {
            return;
        };
        let sent = section.extensions.iter().filter(|extension| extension.send);
        // Both forms mix in a stream only where that was agreed upon (RFC 8285 §4.1.2).
        self.rule = match section.extmap_allow_mixed {
            true => FormRule::Mixed,
            false if sent.clone().any(|extension| extension.id > 14) => FormRule::TwoByte,
            false => FormRule::OneByte,
        };
        self.ids.extend(sent.filter_map(|extension| {
            let (id, _) = source.known.iter().find(|(_, uri)| *uri == extension.uri)?;
            Some((*id, extension.id))
        }));
    }

    /// A header with the extensions that both sides know, under the ids of this connection.
    pub(super) fn apply(&self, header: &Header) -> Header {
        let mut extensions = ExtensionSet::with_rule(self.rule);
        if !self.ids.is_empty() {
            for (id, data) in &header.extensions {
                if let Some((_, id)) = self.ids.iter().find(|(from, _)| *from == id) {
                    // What does not fit the form that was agreed upon is left out.
                    let _ = extensions.set(*id, data);
                }
            }
        }
        Header {
            marker: header.marker,
            payload_type: header.payload_type,
            sequence_number: header.sequence_number,
            timestamp: header.timestamp,
            ssrc: header.ssrc,
            csrcs: header.csrcs,
            extensions,
        }
    }
}
