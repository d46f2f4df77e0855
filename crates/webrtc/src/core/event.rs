//! What a connection has to tell, in the order in which it happened.

use std::sync::Arc;

use super::media::TransceiverId;
use crate::description::IceCandidateInit;
use crate::error::FailureReason;
use crate::states::{
    DtlsTransportState, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState,
};

pub use datachannel::core::ChannelId;

/// News of a connection core. Payload is pulled with [`recv`](super::PeerConnection::recv).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// An offer has to be made (`negotiationneeded`).
    NegotiationNeeded,
    /// `signalingstatechange`.
    SignalingStateChange(SignalingState),
    /// A candidate of ours, to be sent to the peer (`icecandidate`).
    IceCandidate(IceCandidateInit),
    /// A server gave no candidate (`icecandidateerror`).
    IceCandidateError(IceCandidateError),
    /// `icegatheringstatechange`.
    IceGatheringStateChange(IceGatheringState),
    /// `iceconnectionstatechange`.
    IceConnectionStateChange(IceConnectionState),
    /// `selectedcandidatepairchange`: data takes this path from here on.
    SelectedCandidatePairChange(ice::Path),
    /// `statechange` of the DTLS transport.
    DtlsStateChange(DtlsTransportState),
    /// Why the connection fails, before the state change that says so. Comes once for each failure: a connection that
    /// an ICE restart has brought back may fail again. The end of SCTP alone changes no state.
    Failed(FailureReason),
    /// `connectionstatechange`.
    ConnectionStateChange(PeerConnectionState),
    /// The peer sends a track, or says that it will (`track`).
    Track(TransceiverId),
    /// The peer no longer sends the track of this transceiver (`mute` of the track, `removetrack` of its streams).
    TrackRemoved(TransceiverId),
    /// The peer opened a channel (`datachannel`).
    DataChannel(ChannelId),
    /// Something about the media of one transceiver.
    Rtp(TransceiverId, RtpEvent),
    /// Something about one channel.
    Channel(ChannelId, ChannelEvent),
}

/// Why a server gave no candidate (`RTCPeerConnectionIceErrorEvent`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceCandidateError {
    /// The server's URL.
    pub url: String,
    /// The STUN error code, or 701 when the server could not be reached (W3C webrtc-pc §4.8.2).
    pub code: u16,
    /// What happened, in words.
    pub text: String,
}

/// News of the media of one transceiver. `rid` names the layer, where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RtpEvent {
    /// Packets wait to be received, after none did.
    Readable,
    /// The peer needs a picture that decodes alone (PLI, FIR).
    KeyFrameRequested {
        /// The layer.
        rid: Option<Arc<str>>,
    },
    /// The peer limits what it is sent (TMMBR, RFC 5104 §4.2.1).
    BitrateLimit {
        /// The layer.
        rid: Option<Arc<str>>,
        /// Bits a second, headers included.
        bitrate: u64,
    },
    /// The peer estimates how much it can receive on all transceivers together (`goog-remb`). Told to each that sends. Peers
    /// that give transport-wide feedback, as browsers do, have no need to.
    ReceiverEstimate {
        /// Bits a second.
        bitrate: u64,
    },
    /// A source of the peer has ended (BYE, RFC 3550 §6.6). It may come back, or another one may follow.
    Ended {
        /// The layer.
        rid: Option<Arc<str>>,
    },
    /// The peer sends under an SSRC under which we send. Both are received and reported on all the same, since no direction
    /// shares keys or tables with the other; it is a fault in the peer's random numbers or a loop in the path
    /// (RFC 3550 §8.2).
    SsrcCollision {
        /// The SSRC.
        ssrc: u32,
    },
    /// The peer's description names an SSRC in this section that gets no stream here.
    SsrcRefused {
        /// The SSRC.
        ssrc: u32,
        /// Why.
        reason: SsrcRefusal,
    },
    /// What is sent does harm on its way: it must stop, or become a tenth (RFC 8083).
    CircuitBroken {
        /// The layer.
        rid: Option<Arc<str>>,
        /// Why.
        reason: interceptor::CircuitBreaker,
    },
}

/// Why an SSRC of a description gets no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SsrcRefusal {
    /// It has one already: in another section, or for something else in this one. Its packets go there.
    Taken,
    /// The section has 16 that are named, or the connection as many as it can have.
    TooMany,
}

impl RtpEvent {
    pub(super) fn of_layer(mut self, layer: Option<Arc<str>>) -> Self {
        match &mut self {
            Self::Readable
            | Self::ReceiverEstimate { .. }
            | Self::SsrcCollision { .. }
            | Self::SsrcRefused { .. } => {}
            Self::KeyFrameRequested { rid }
            | Self::Ended { rid }
            | Self::BitrateLimit { rid, .. }
            | Self::CircuitBroken { rid, .. } => *rid = layer,
        }
        self
    }

    /// Whether nobody needs the older event who is told this one: the same was asked for, or a limit has another value.
    pub(crate) fn replaces(&self, older: &Self) -> bool {
        let is_same = match (self, older) {
            (Self::CircuitBroken { reason, .. }, Self::CircuitBroken { reason: before, .. }) => {
                std::mem::discriminant(reason) == std::mem::discriminant(before)
            }
            (Self::SsrcCollision { .. } | Self::SsrcRefused { .. }, _) => self == older,
            (
                Self::Readable
                | Self::ReceiverEstimate { .. }
                | Self::Ended { .. }
                | Self::KeyFrameRequested { .. }
                | Self::BitrateLimit { .. }
                | Self::CircuitBroken { .. },
                _,
            ) => std::mem::discriminant(self) == std::mem::discriminant(older),
        };
        is_same && self.layer() == older.layer()
    }

    fn layer(&self) -> Option<&str> {
        match self {
            Self::Readable
            | Self::ReceiverEstimate { .. }
            | Self::SsrcCollision { .. }
            | Self::SsrcRefused { .. } => None,
            Self::KeyFrameRequested { rid }
            | Self::Ended { rid }
            | Self::BitrateLimit { rid, .. }
            | Self::CircuitBroken { rid, .. } => rid.as_deref(),
        }
    }
}

/// News of one data channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelEvent {
    /// Messages can be sent (`open`).
    Open,
    /// Messages wait to be received.
    Readable,
    /// There is room again after [`SendError::BufferFull`](crate::SendError::BufferFull).
    Writable,
    /// `bufferedamountlow`.
    BufferedAmountLow,
    /// Being closed (`closing`).
    Closing,
    /// Closed, and why (`close`).
    Closed(datachannel::CloseReason),
}
