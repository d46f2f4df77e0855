//! The five states of a connection and those of a data channel (W3C webrtc-pc §4.3, §6.2).

use std::fmt;

macro_rules! names {
    ($ty:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $ty {
            /// The name that the W3C specification gives this state.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $name),+ }
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

/// Where the offer/answer exchange stands (`RTCSignalingState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SignalingState {
    /// No exchange is under way.
    #[default]
    Stable,
    /// Our offer waits for its answer.
    HaveLocalOffer,
    /// The peer's offer waits for our answer.
    HaveRemoteOffer,
    /// We gave a provisional answer.
    HaveLocalPranswer,
    /// The peer gave a provisional answer.
    HaveRemotePranswer,
    /// The connection is closed.
    Closed,
}

names!(SignalingState {
    Stable => "stable",
    HaveLocalOffer => "have-local-offer",
    HaveRemoteOffer => "have-remote-offer",
    HaveLocalPranswer => "have-local-pranswer",
    HaveRemotePranswer => "have-remote-pranswer",
    Closed => "closed",
});

/// Whether candidates are still being found (`RTCIceGatheringState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IceGatheringState {
    /// Not begun.
    #[default]
    New,
    /// Interfaces and servers are being asked.
    Gathering,
    /// Every candidate of this generation is known.
    Complete,
}

names!(IceGatheringState { New => "new", Gathering => "gathering", Complete => "complete" });

/// What ICE has found (`RTCIceConnectionState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IceConnectionState {
    /// Nothing has been checked.
    #[default]
    New,
    /// Pairs are being checked.
    Checking,
    /// A pair works, others may still be checked.
    Connected,
    /// A pair works and nothing is left to check.
    Completed,
    /// The pair in use has fallen silent; it may come back.
    Disconnected,
    /// No pair works.
    Failed,
    /// The connection is closed.
    Closed,
}

names!(IceConnectionState {
    New => "new",
    Checking => "checking",
    Connected => "connected",
    Completed => "completed",
    Disconnected => "disconnected",
    Failed => "failed",
    Closed => "closed",
});

/// What DTLS has reached (`RTCDtlsTransportState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DtlsTransportState {
    /// Waits for ICE or for the peer's description.
    #[default]
    New,
    /// The handshake is under way.
    Connecting,
    /// The handshake is done and the peer's certificate is verified.
    Connected,
    /// Closed by either side.
    Closed,
    /// The handshake failed.
    Failed,
}

names!(DtlsTransportState {
    New => "new",
    Connecting => "connecting",
    Connected => "connected",
    Closed => "closed",
    Failed => "failed",
});

/// The state of the connection as a whole (`RTCPeerConnectionState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PeerConnectionState {
    /// Nothing has begun.
    #[default]
    New,
    /// ICE or DTLS is under way.
    Connecting,
    /// ICE and DTLS work.
    Connected,
    /// The pair in use has fallen silent; it may come back.
    Disconnected,
    /// ICE or DTLS failed: see the [`Event::Failed`](crate::Event::Failed) before it.
    Failed,
    /// Closed by the application or by the peer.
    Closed,
}

names!(PeerConnectionState {
    New => "new",
    Connecting => "connecting",
    Connected => "connected",
    Disconnected => "disconnected",
    Failed => "failed",
    Closed => "closed",
});

/// The state of a data channel (`RTCDataChannelState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DataChannelState {
    /// Waits for the transport or for the peer.
    #[default]
    Connecting,
    /// Messages flow.
    Open,
    /// Being closed by either side.
    Closing,
    /// Closed for good.
    Closed,
}

names!(DataChannelState { Connecting => "connecting", Open => "open", Closing => "closing", Closed => "closed" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_of_the_specification() {
        assert_eq!(SignalingState::HaveLocalOffer.to_string(), "have-local-offer");
        assert_eq!(IceConnectionState::default().to_string(), "new");
        assert_eq!(PeerConnectionState::Disconnected.name(), "disconnected");
    }
}
