//! Descriptions and transceivers: RFC 9429 §5.7 (rollback), §5.9 (local), §5.10 (remote) and §5.11 (answer), with the
//! steps of W3C webrtc-pc §4.4.1.5 for tracks.
//!
//! Everything that could be refused was checked before: nothing here fails.

use sdp::{Section, SessionDescription};

use super::described::Described;
use super::negotiated::NegotiatedMedia;
use super::registry::Registry;
use super::settle::{Pair, learn};
use super::transceiver::{Encoding, Life, Place, Receiver, RemoteTrack, Transceiver, TransceiverId};
use super::{Media, answer, made_by_peer, parameters};
use crate::core::sections;
use crate::core::signaling::Side;

/// What the application has to be told of a track of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum TrackNews {
    Added(TransceiverId),
    Removed(TransceiverId),
}

/// The stable state that a rollback goes back to.
#[derive(Debug)]
pub(super) struct Snapshot {
    registry: Registry,
    negotiated: NegotiatedMedia,
    transceivers: Vec<Before>,
}

/// What an offer may change of a transceiver.
#[derive(Debug)]
struct Before {
    id: TransceiverId,
    place: Option<Place>,
    receiver: Receiver,
    encodings: Vec<Encoding>,
}

impl Before {
    fn of(transceiver: &Transceiver) -> Self {
        Self {
            id: transceiver.id,
            place: transceiver.place.clone(),
            receiver: transceiver.receiver.clone(),
            encodings: transceiver.sender.encodings.clone(),
        }
    }
}

impl Media {
    /// An offer of either side is in force until its answer.
    pub(in crate::core) fn apply_offer(&mut self, side: Side, offer: &SessionDescription) -> Vec<TrackNews> {
        if self.snapshot.is_none() {
            self.snapshot = Some(Snapshot {
                registry: self.registry.clone(),
                negotiated: self.negotiated.clone(),
                transceivers: self.transceivers.iter().map(Before::of).collect(),
            });
        }
        match side {
            Side::Local => {
                self.apply_local_offer(offer);
                Vec::new()
            }
            Side::Remote => self.apply_remote_offer(offer),
        }
    }

    fn apply_local_offer(&mut self, offer: &SessionDescription) {
        let Some(draft) = self.draft.clone() else { return };
        self.registry = draft.registry;
        for (id, place) in draft.places {
            if let Some(transceiver) = self.get_mut(id) {
                transceiver.place = Some(place);
            }
        }
        self.expect(&read(offer));
    }

    fn apply_remote_offer(&mut self, offer: &SessionDescription) -> Vec<TrackNews> {
        let mut news = Vec::new();
        self.avoid_ssrcs(offer);
        for (index, section) in offer.sections().enumerate() {
            let Some(described) = Described::read(&section) else {
                continue;
            };
            self.leave_recycled(index, &section);
            if described.is_rejected {
                let stopped = self.at_mut(index).and_then(Transceiver::stop_track);
                news.extend(stopped);
                continue;
            }
            if sections::shares_transport(offer, index) && answer::is_answerable(&self.engine, &described) {
                learn(&mut self.registry, &self.engine, &described);
                news.extend(self.apply_offered(index, &described));
            }
        }
        self.silence();
        news
    }

    /// SSRCs of the peer's description count as heard (RFC 5576 §5, RFC 3550 §8.2): what no description of ours has named yet
    /// gives way to them.
    fn avoid_ssrcs(&mut self, offer: &SessionDescription) {
        let lines = offer.media.iter().flat_map(|media| media.attributes.ssrcs());
        self.offered_ssrcs = lines.map(|line| line.ssrc).collect();
        let offered = &self.offered_ssrcs;
        let collides =
            |encoding: &Encoding| offered.contains(&encoding.ssrc) || offered.contains(&encoding.rtx_ssrc);
        let fresh = self.transceivers.iter().filter(|known| known.place.is_none());
        let colliding = fresh.filter(|known| known.sender.encodings.iter().any(collides));
        let ids: Vec<_> = colliding.map(|known| known.id).collect();
        for id in ids {
            let encodings = self.get(id).map(|known| &known.sender.encodings);
            let parameters = encodings.into_iter().flatten();
            let parameters = parameters.map(|encoding| encoding.parameters.clone()).collect();
            let encodings = self.with_ssrcs(parameters);
            if let Some(transceiver) = self.get_mut(id) {
                transceiver.sender.encodings = encodings;
            }
        }
    }

    /// RFC 9429 §5.10: another mid at an index means that the section was rejected and is used again.
    fn leave_recycled(&mut self, index: usize, section: &Section<'_>) {
        if let Some(mid) = section.media.mid()
            && let Some(transceiver) = self.at_mut(index)
            && transceiver.mid() != Some(mid)
        {
            transceiver.place = None;
        }
    }

    fn apply_offered(&mut self, index: usize, described: &Described) -> Option<TrackNews> {
        let layers: Vec<_> = described.receives.iter().map(|layer| layer.rid.clone()).collect();
        let id = self.find_or_create(index, described, &layers)?;
        self.propose(id, &layers);
        let transceiver = self.get_mut(id)?;
        if transceiver.life != Life::Live {
            return None;
        }
        transceiver.hear(described.direction.sends(), &described.track)
    }

    /// The transceiver of an offered section: its own, one that `add_track` made, or another.
    fn find_or_create(
        &mut self,
        index: usize,
        described: &Described,
        layers: &[String],
    ) -> Option<TransceiverId> {
        if let Some(transceiver) = self.at(index) {
            return Some(transceiver.id);
        }
        let mid = described.mid.clone().unwrap_or_else(|| self.mid_for(index));
        let place = Place::new(mid, index);
        let suits = |known: &&mut Transceiver| {
            known.origin.add_track
                && known.kind == described.kind
                && known.place.is_none()
                && known.life == Life::Live
        };
        let mut all = self.transceivers.iter_mut();
        if let Some(found) = all.find(suits).filter(|_| described.direction.receives()) {
            found.place = Some(place);
            return Some(found.id);
        }
        if self.is_full() {
            return None;
        }
        let made = self.create(described.kind, None, made_by_peer(layers));
        made.origin.pending_offer = true;
        made.place = Some(place);
        Some(made.id)
    }

    /// A name for a section whose peer does not know `a=mid`.
    fn mid_for(&self, index: usize) -> String {
        let taken = |mid: &str| self.transceivers.iter().any(|known| known.mid() == Some(mid));
        let mut names = (index..).map(|n| n.to_string());
        names.find(|mid| !taken(mid)).unwrap_or_default()
    }

    /// A sender without layers gets those that the peer asks for.
    fn propose(&mut self, id: TransceiverId, layers: &[String]) {
        let plain = self.get(id).filter(|known| known.sender.rids().next().is_none());
        let first = plain.and_then(|known| known.sender.encodings.first()).cloned();
        let Some(first) = first.filter(|_| !layers.is_empty()) else {
            return;
        };
        let mut encodings = self.with_ssrcs(parameters::proposed(layers));
        if let Some(encoding) = encodings.first_mut() {
            encoding.ssrc = first.ssrc;
            encoding.rtx_ssrc = first.rtx_ssrc;
        }
        if let Some(transceiver) = self.get_mut(id) {
            transceiver.sender.encodings = encodings;
        }
    }

    /// An answer of `side` is in force; the exchange is over if it is final.
    pub(in crate::core) fn apply_answer(
        &mut self,
        side: Side,
        local: &SessionDescription,
        remote: &SessionDescription,
        is_final: bool,
    ) -> Vec<TrackNews> {
        let mut news = Vec::new();
        let mut negotiated = Vec::new();
        for (local, remote) in local
            .sections()
            .zip(remote.sections())
            .enumerate()
            .filter_map(both)
        {
            let Some(transceiver) = self.at_mut(local.0) else {
                continue;
            };
            let pair = Pair {
                local: &local.1,
                remote: &remote,
            };
            if pair.local.is_rejected || pair.remote.is_rejected || transceiver.life == Life::Stopped {
                news.extend(transceiver.stop_track());
                continue;
            }
            news.extend(transceiver.answered(&pair, side));
            negotiated.push(pair.section(transceiver));
        }
        self.negotiated.sections = negotiated;
        self.silence();
        if is_final {
            self.finish();
        }
        news
    }

    /// The exchange is over: what was stopped leaves, and nothing can be taken back.
    fn finish(&mut self) {
        self.transceivers
            .retain(|known| !(known.life == Life::Stopped || known.is_stopping() && known.place.is_none()));
        for transceiver in &mut self.transceivers {
            transceiver.origin.pending_offer = false;
        }
        self.snapshot = None;
        self.draft = None;
    }

    /// The offer is taken back (W3C webrtc-pc §4.4.1.5, the steps for rollback).
    pub(in crate::core) fn roll_back(&mut self) -> Vec<TrackNews> {
        self.draft = None;
        let Some(snapshot) = self.snapshot.take() else {
            return Vec::new();
        };
        let mut news = Vec::new();
        self.transceivers.retain_mut(|known| {
            let before = snapshot.transceivers.iter().find(|before| before.id == known.id);
            match before {
                Some(before) => news.extend(known.restore(before)),
                None if known.origin.pending_offer && !known.origin.attached => {
                    news.extend(known.stop_track());
                    return false;
                }
                None => news.extend(known.disassociate()),
            }
            true
        });
        self.registry = snapshot.registry;
        let generation = self.negotiated.generation + 1;
        self.negotiated = NegotiatedMedia {
            generation,
            ..snapshot.negotiated
        };
        self.silence();
        news
    }
}

/// The sections of a description that are audio or video, with their indices.
fn read(description: &SessionDescription) -> Vec<(usize, Described)> {
    let sections = description.sections().enumerate();
    sections
        .filter_map(|(index, section)| Some((index, Described::read(&section)?)))
        .collect()
}

fn both(
    (index, (local, remote)): (usize, (Section<'_>, Section<'_>)),
) -> Option<((usize, Described), Described)> {
    let (local, remote) = (Described::read(&local)?, Described::read(&remote)?);
    (local.kind == remote.kind).then_some(((index, local), remote))
}

impl Transceiver {
    /// The peer says whether it sends, and what its track is called.
    fn hear(&mut self, sends: bool, track: &RemoteTrack) -> Option<TrackNews> {
        self.receiver.remote = if sends {
            track.clone()
        } else {
            RemoteTrack::default()
        };
        self.announce(sends)
    }

    /// It is stopped, and with it the track of the peer.
    fn stop_track(&mut self) -> Option<TrackNews> {
        self.stop().then_some(TrackNews::Removed(self.id))
    }

    fn announce(&mut self, sends: bool) -> Option<TrackNews> {
        match (std::mem::replace(&mut self.receiver.announced, sends), sends) {
            (false, true) => Some(TrackNews::Added(self.id)),
            (true, false) => Some(TrackNews::Removed(self.id)),
            (true, true) | (false, false) => None,
        }
    }

    fn answered(&mut self, pair: &Pair<'_>, side: Side) -> Option<TrackNews> {
        let direction = pair.direction();
        self.agree(direction);
        self.settled = Some(pair.settled(side == Side::Remote));
        if direction.sends() && self.sender.is_simulcast() {
            self.narrow(pair, side);
        }
        if direction.receives() {
            self.keep_asking(pair);
        }
        match side {
            // What is stopping tells of no track, even where the offer was made before.
            Side::Remote => {
                let receives = direction.receives() && self.life == Life::Live;
                self.hear(receives, &pair.remote.track)
            }
            // The offer has told of the track; our answer may refuse it.
            Side::Local if !direction.receives() => self.announce(false),
            Side::Local => None,
        }
    }

    /// Layers that were agreed upon stay in our offers (RFC 9429 §5.2.2).
    fn keep_asking(&mut self, pair: &Pair<'_>) {
        let sent = |rid: &String| pair.remote.sends.iter().any(|layer| layer.rid == *rid);
        let asked = pair.local.receives.iter().map(|layer| layer.rid.clone());
        let agreed: Vec<_> = asked.filter(sent).collect();
        if !agreed.is_empty() {
            self.receiver.rids = agreed;
        }
    }

    /// Layers that the answer does not have are gone for good.
    fn narrow(&mut self, pair: &Pair<'_>, side: Side) {
        let layers = match side {
            Side::Remote => &pair.remote.receives,
            Side::Local => &pair.local.sends,
        };
        let known = |encoding: &Encoding| {
            let rid = encoding.parameters.rid.as_deref();
            layers.iter().any(|layer| Some(layer.rid.as_str()) == rid)
        };
        let encodings = &mut self.sender.encodings;
        if encodings.iter().any(known) {
            encodings.retain(known);
        } else {
            encodings.truncate(1);
        }
    }

    fn restore(&mut self, before: &Before) -> Option<TrackNews> {
        self.place.clone_from(&before.place);
        if before.encodings.len() == 1 && self.sender.is_simulcast() {
            self.sender.encodings.clone_from(&before.encodings);
        }
        if self.life == Life::Stopped {
            return None;
        }
        self.receiver.remote = before.receiver.remote.clone();
        self.announce(before.receiver.announced)
    }

    /// It was made during the exchange, and belongs to no section.
    fn disassociate(&mut self) -> Option<TrackNews> {
        self.place = None;
        self.origin.add_track |= self.origin.attached;
        self.origin.pending_offer = false;
        self.hear(false, &RemoteTrack::default())
    }
}
