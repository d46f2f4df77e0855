//! The calls of `RTCPeerConnection`, `RTCRtpTransceiver` and `RTCRtpSender` that concern media: W3C webrtc-pc §5.1–5.4.

use std::sync::Arc;

use sdp::Direction;

use super::apply::TrackNews;
use super::parameters::{self, ParametersError, check_id};
use super::transceiver::Life;
use super::{
    Encoding, Media, MediaEngine, MediaKind, NegotiatedMedia, RtpCodec, RtpEncodingParameters,
    RtpTransceiverInit, TrackInfo, TrackOrKind, Transceiver, TransceiverId, format,
};
use crate::core::signaling::{Applied, Side};
use crate::core::{Event, PeerConnection, sections};
use crate::description::SdpType;
use crate::error::Error;

/// The most streams that a track of ours may belong to.
const MAX_STREAMS: usize = 16;

impl PeerConnection {
    /// Uses other codecs and header extensions than the default ones. For the time before any media call.
    #[must_use]
    pub fn with_media_engine(mut self, engine: Arc<MediaEngine>) -> Self {
        self.media.engine = Some(engine);
        self
    }

    /// Adds a transceiver (`addTransceiver`), which offers have a section for.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TooManyTransceivers`] or [`Error::Closed`].
    pub fn add_transceiver(
        &mut self,
        track_or_kind: impl Into<TrackOrKind>,
        init: RtpTransceiverInit,
    ) -> Result<TransceiverId, Error> {
        self.ensure_open()?;
        let (kind, track) = track_or_kind.into().split();
        check_track(track.as_ref())?;
        parameters::check_rids(init.receive_rids.iter().map(String::as_str))?;
        let mut receive_rids = init.receive_rids;
        receive_rids.truncate(parameters::MAX_ENCODINGS);
        let init = RtpTransceiverInit {
            stream_ids: streams(&init.stream_ids)?,
            send_encodings: parameters::encodings(kind, &init.send_encodings)?,
            receive_rids,
            direction: init.direction,
        };
        let media = self.media_mut();
        if media.is_full() {
            return Err(Error::TooManyTransceivers);
        }
        let id = media.create(kind, track, init).id;
        self.update_negotiation_needed();
        Ok(id)
    }

    /// Sends a track (`addTrack`), by a transceiver that has never sent or by another one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TooManyTransceivers`] or [`Error::Closed`].
    pub fn add_track(&mut self, track: TrackInfo, stream_ids: &[String]) -> Result<TransceiverId, Error> {
        self.ensure_open()?;
        check_track(Some(&track))?;
        let stream_ids = streams(stream_ids)?;
        let media = self.media_mut();
        let sends = |known: &Transceiver| known.sender.track.as_ref() == Some(&track) && !known.is_stopping();
        if media.transceivers.iter().any(sends) {
            return Err(ParametersError::TrackTwice.into());
        }
        let mut all = media.transceivers.iter_mut();
        let id = if let Some(found) = all.find(|known| known.takes_track(track.kind)) {
            found.attach(track, stream_ids);
            found.id
        } else if media.is_full() {
            return Err(Error::TooManyTransceivers);
        } else {
            let init = RtpTransceiverInit {
                stream_ids,
                send_encodings: vec![RtpEncodingParameters::default()],
                ..RtpTransceiverInit::default()
            };
            let made = media.create(track.kind, Some(track), init);
            made.origin.add_track = true;
            made.id
        };
        self.update_negotiation_needed();
        Ok(id)
    }

    /// Ends the sending of a transceiver's track (`removeTrack`). It may be called again, and after the transceiver is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`].
    pub fn remove_track(&mut self, id: TransceiverId) -> Result<(), Error> {
        self.ensure_open()?;
        let live = self.find_mut(id).filter(|known| known.life == Life::Live);
        if let Some(transceiver) = live
            && transceiver.sender.track.take().is_some()
        {
            transceiver.direction = Direction::new(false, transceiver.direction.receives());
            self.update_negotiation_needed();
        }
        Ok(())
    }

    /// Sends another track, or none, in the place of the one there is (`replaceTrack`). Nothing is negotiated.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`] for a track of another kind, [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn replace_track(&mut self, id: TransceiverId, track: Option<TrackInfo>) -> Result<(), Error> {
        self.ensure_open()?;
        check_track(track.as_ref())?;
        let transceiver = self.live_mut(id)?;
        if track.as_ref().is_some_and(|track| track.kind != transceiver.kind) {
            return Err(ParametersError::Kind.into());
        }
        transceiver.sender.track = track;
        Ok(())
    }

    /// Puts the track into other streams (`setStreams`).
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_streams(&mut self, id: TransceiverId, stream_ids: &[String]) -> Result<(), Error> {
        self.ensure_open()?;
        let stream_ids = streams(stream_ids)?;
        self.live_mut(id)?.sender.stream_ids = stream_ids;
        self.update_negotiation_needed();
        Ok(())
    }

    /// Says which way media is to flow from the next exchange on (`direction`).
    ///
    /// # Errors
    ///
    /// [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_direction(&mut self, id: TransceiverId, direction: Direction) -> Result<(), Error> {
        self.ensure_open()?;
        self.live_mut(id)?.direction = direction;
        self.update_negotiation_needed();
        Ok(())
    }

    /// Stops a transceiver for good (`stop`): its streams end, which the peer is told at once (RTCP BYE), and the next offer
    /// rejects its section, which can then be used again. The section that carries the transport of all others becomes
    /// inactive instead. It may be called again, and after the transceiver is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`].
    pub fn stop_transceiver(&mut self, id: TransceiverId) -> Result<(), Error> {
        self.ensure_open()?;
        if let Some(media) = self.media.get_mut() {
            media.begin_stop(id);
            self.update_negotiation_needed();
        }
        Ok(())
    }

    /// Chooses codecs and their order for the descriptions to come (`setCodecPreferences`). An empty list goes back to those
    /// of the engine. `video/rtx` in the list keeps retransmissions; without it there are none.
    ///
    /// # Errors
    ///
    /// [`Error::CodecPreferences`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_codec_preferences(&mut self, id: TransceiverId, codecs: &[RtpCodec]) -> Result<(), Error> {
        self.ensure_open()?;
        let engine = Arc::clone(&self.media_mut().engine);
        let transceiver = self.live_mut(id)?;
        let mut chosen: Vec<RtpCodec> = Vec::new();
        for codec in codecs {
            let is_rtx = codec.is("rtx") && codec.kind() == Some(MediaKind::Video);
            if !is_rtx && engine.find(transceiver.kind, codec).is_none() {
                return Err(Error::CodecPreferences);
            }
            let known = chosen.iter().any(|known| format::same(known, codec));
            if !known {
                chosen.push(codec.clone());
            }
        }
        if !chosen.is_empty() && !chosen.iter().any(RtpCodec::is_primary) {
            return Err(Error::CodecPreferences);
        }
        transceiver.preferences = chosen;
        Ok(())
    }

    /// Changes the encodings of a sender (`setParameters`): the same ones in number, order and rid.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_parameters(
        &mut self,
        id: TransceiverId,
        encodings: &[RtpEncodingParameters],
    ) -> Result<(), Error> {
        self.ensure_open()?;
        encodings.iter().try_for_each(parameters::check_range)?;
        let transceiver = self.live_mut(id)?;
        let known = &mut transceiver.sender.encodings;
        let same = |(known, given): (&Encoding, &RtpEncodingParameters)| known.parameters.rid == given.rid;
        if known.len() != encodings.len() || !known.iter().zip(encodings).all(same) {
            return Err(ParametersError::Encodings.into());
        }
        for (known, given) in known.iter_mut().zip(encodings) {
            known.parameters = given.clone();
        }
        if let Some(media) = self.media.get_mut() {
            media.refresh(id);
        }
        Ok(())
    }

    /// Every transceiver that is not stopped for good on both sides, in the order in which they were made.
    pub fn transceivers(&self) -> impl Iterator<Item = &Transceiver> {
        self.media
            .get()
            .into_iter()
            .flat_map(|media| media.transceivers.iter())
    }

    /// A transceiver; `None` once it is stopped and its section is rejected.
    #[must_use]
    pub fn transceiver(&self, id: TransceiverId) -> Option<&Transceiver> {
        self.media.get()?.get(id)
    }

    /// What was agreed upon, for whoever moves the media; `None` while there never was any.
    #[must_use]
    pub fn negotiated_media(&self) -> Option<&NegotiatedMedia> {
        self.media.get().map(Media::negotiated)
    }

    /// The media of this connection, which begins here if it has not.
    pub(in crate::core) fn media_mut(&mut self) -> &mut Media {
        self.media.begin(self.drafts.session_id())
    }

    /// The transceivers follow a description, which the signaling state machine has taken.
    pub(in crate::core) fn apply_media(&mut self, side: Side, kind: SdpType) -> Vec<TrackNews> {
        let latest = |applied: Option<&Applied>| applied.map(Applied::sdp).unwrap_or_default();
        let is_remote_offer = side == Side::Remote && kind == SdpType::Offer;
        if self.media.get().is_none() && !is_remote_offer {
            return Vec::new();
        }
        let remote = latest(self.signaling.remote.latest());
        if is_remote_offer && sections::has_media(&remote) {
            self.media_mut();
        }
        let local = latest(self.signaling.local.latest().filter(|_| !is_remote_offer));
        let Some(media) = self.media.get_mut() else {
            return Vec::new();
        };
        match (kind, side) {
            (SdpType::Offer, Side::Local) => media.apply_offer(side, &local),
            (SdpType::Offer, Side::Remote) => media.apply_offer(side, &remote),
            (SdpType::Answer, _) => media.apply_answer(side, &local, &remote, true),
            (SdpType::Pranswer, _) => media.apply_answer(side, &local, &remote, false),
            (SdpType::Rollback, _) => media.roll_back(),
        }
    }

    pub(in crate::core) fn tell_tracks(&mut self, tracks: Vec<TrackNews>) {
        for news in tracks {
            self.push(match news {
                TrackNews::Added(id) => Event::Track(id),
                TrackNews::Removed(id) => Event::TrackRemoved(id),
            });
        }
    }

    fn find_mut(&mut self, id: TransceiverId) -> Option<&mut Transceiver> {
        self.media.get_mut()?.get_mut(id)
    }

    fn live_mut(&mut self, id: TransceiverId) -> Result<&mut Transceiver, Error> {
        self.find_mut(id)
            .filter(|known| known.life == Life::Live)
            .ok_or(Error::TransceiverStopped)
    }
}

impl Media {
    /// One without a section leaves at once, unless an offer that is made but not applied has one for it.
    fn begin_stop(&mut self, id: TransceiverId) {
        let is_free = self.draft.is_none();
        self.transceivers
            .retain(|known| known.id != id || known.place.is_some() || !is_free);
        if let Some(transceiver) = self.get_mut(id) {
            transceiver.begin_stop();
            self.silence();
        }
    }

    /// The path of the media learns which encodings are active.
    fn refresh(&mut self, id: TransceiverId) {
        let encodings = self.get(id).map(|known| known.sender.encodings.clone());
        let section = self.negotiated.sections.iter_mut();
        let found = section.filter(|section| section.transceiver == id);
        for stream in found.flat_map(|section| &mut section.outbound) {
            let mut all = encodings.iter().flatten();
            if let Some(encoding) = all.find(|encoding| encoding.ssrc == stream.ssrc) {
                stream.active = encoding.parameters.active;
            }
        }
        self.negotiated.generation += 1;
    }
}

impl Transceiver {
    /// The part of `addTrack` that uses a sender which is there.
    fn attach(&mut self, track: TrackInfo, stream_ids: Vec<String>) {
        self.sender.track = Some(track);
        self.sender.stream_ids = stream_ids;
        self.direction = Direction::new(true, self.direction.receives());
        self.origin.attached = true;
    }
}

fn check_track(track: Option<&TrackInfo>) -> Result<(), ParametersError> {
    track.map_or(Ok(()), |track| check_id(&track.id))
}

/// Streams, each once.
fn streams(given: &[String]) -> Result<Vec<String>, ParametersError> {
    let mut streams: Vec<String> = Vec::new();
    for id in given {
        check_id(id)?;
        if id == "-" || streams.len() == MAX_STREAMS {
            return Err(ParametersError::Id);
        }
        if !streams.contains(id) {
            streams.push(id.clone());
        }
    }
    Ok(streams)
}
