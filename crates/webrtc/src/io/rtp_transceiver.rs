//! `RTCRtpTransceiver` (W3C webrtc-pc §5.4) as a handle, with the calls of its sender.

use std::sync::Arc;

use sdp::Direction;

use super::shared::Shared;
use super::track::TrackLocal;
use crate::core::{
    MediaKind, NegotiatedSection, RemoteTrack, RtpCodec, RtpEncodingParameters, TrackInfo, Transceiver,
    TransceiverId,
};
use crate::error::Error;

/// A transceiver: one section of the descriptions. Cheap to clone; dropping it changes nothing.
#[derive(Clone, Debug)]
pub struct RtpTransceiver {
    connection: Arc<Shared>,
    id: TransceiverId,
}

impl RtpTransceiver {
    pub(super) const fn new(connection: Arc<Shared>, id: TransceiverId) -> Self {
        Self { connection, id }
    }

    /// Whether both are handles of one transceiver.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && Arc::ptr_eq(&self.connection, &other.connection)
    }

    pub(super) fn connection(&self) -> &Shared {
        &self.connection
    }

    fn read<R>(&self, read: impl FnOnce(&Transceiver) -> R) -> Option<R> {
        self.connection.lock().core.transceiver(self.id).map(read)
    }

    /// The number by which the connection knows it.
    #[must_use]
    pub const fn id(&self) -> TransceiverId {
        self.id
    }

    /// What it carries; `None` once it is gone.
    #[must_use]
    pub fn kind(&self) -> Option<MediaKind> {
        self.read(Transceiver::kind)
    }

    /// The name of its section, once an offer with it was applied.
    #[must_use]
    pub fn mid(&self) -> Option<String> {
        self.read(|known| known.mid().map(str::to_owned)).flatten()
    }

    /// Which way the application wants media to flow; inactive once it is stopping or gone.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.read(Transceiver::direction).unwrap_or(Direction::Inactive)
    }

    /// Which way media flows by the last answer; `None` before the first and once stopped.
    #[must_use]
    pub fn current_direction(&self) -> Option<Direction> {
        self.read(Transceiver::current_direction).flatten()
    }

    /// Whether `stop` was called or the peer has stopped it.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.read(Transceiver::is_stopping).unwrap_or(true)
    }

    /// Whether it is stopped for good: both sides know.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.read(Transceiver::is_stopped).unwrap_or(true)
    }

    /// The track that is sent.
    #[must_use]
    pub fn track(&self) -> Option<TrackInfo> {
        self.read(|known| known.sender().track().cloned()).flatten()
    }

    /// The encodings of the sender; empty once it is gone.
    #[must_use]
    pub fn encodings(&self) -> Vec<RtpEncodingParameters> {
        let encodings = |known: &Transceiver| {
            let all = known.sender().encodings().iter();
            all.map(|encoding| encoding.parameters.clone()).collect()
        };
        self.read(encodings).unwrap_or_default()
    }

    /// What the peer says about the track that it sends.
    #[must_use]
    pub fn remote_track(&self) -> RemoteTrack {
        self.read(|known| known.receiver().remote_track().clone())
            .unwrap_or_default()
    }

    /// What was agreed upon for its section.
    #[must_use]
    pub fn negotiated(&self) -> Option<NegotiatedSection> {
        let state = self.connection.lock();
        state.core.negotiated_media()?.by_transceiver(self.id).cloned()
    }

    /// Says which way media is to flow from the next exchange on.
    ///
    /// # Errors
    ///
    /// [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_direction(&self, direction: Direction) -> Result<(), Error> {
        self.connection
            .run(|state, _| state.core.set_direction(self.id, direction))
    }

    /// Chooses codecs and their order for the descriptions to come.
    ///
    /// # Errors
    ///
    /// [`Error::CodecPreferences`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_codec_preferences(&self, codecs: &[RtpCodec]) -> Result<(), Error> {
        self.connection
            .run(|state, _| state.core.set_codec_preferences(self.id, codecs))
    }

    /// Changes the encodings of the sender: the same ones in number, order and rid.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_parameters(&self, encodings: &[RtpEncodingParameters]) -> Result<(), Error> {
        self.connection
            .run(|state, _| state.core.set_parameters(self.id, encodings))
    }

    /// Puts the track into other streams.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn set_streams(&self, stream_ids: &[String]) -> Result<(), Error> {
        self.connection
            .run(|state, _| state.core.set_streams(self.id, stream_ids))
    }

    /// Sends another track, or none, in the place of the one there is. Nothing is negotiated.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`], [`Error::TransceiverStopped`] or [`Error::Closed`].
    pub fn replace_track(&self, track: Option<&dyn TrackLocal>) -> Result<(), Error> {
        let info = track.map(TrackLocal::info);
        self.connection
            .run(|state, _| state.core.replace_track(self.id, info))?;
        if let Some(track) = track {
            track.bind(self);
        }
        Ok(())
    }

    /// Stops it for good: the next offer rejects its section.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`].
    pub fn stop(&self) -> Result<(), Error> {
        self.connection
            .run(|state, _| state.core.stop_transceiver(self.id))
    }
}
