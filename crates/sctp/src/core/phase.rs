//! The states of RFC 9260 §4, each with what it owns.

use crate::message::State;

/// Where the association stands.
#[derive(Debug)]
pub(super) enum Phase {
    Closed,
    CookieWait {
        /// INITs sent again.
        retries: u32,
    },
    CookieEchoed {
        /// COOKIE ECHOs sent again.
        retries: u32,
        cookie: Box<[u8]>,
    },
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    Ended {
        /// By SHUTDOWN: everything had arrived on both sides.
        agreed: bool,
    },
}

impl Phase {
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::CookieWait { .. } => State::CookieWait,
            Self::CookieEchoed { .. } => State::CookieEchoed,
            Self::Established => State::Established,
            Self::ShutdownPending => State::ShutdownPending,
            Self::ShutdownSent => State::ShutdownSent,
            Self::ShutdownReceived => State::ShutdownReceived,
            Self::ShutdownAckSent => State::ShutdownAckSent,
            Self::Ended { .. } => State::Ended,
        }
    }

    /// The handshake is not finished.
    pub(super) const fn is_opening(&self) -> bool {
        matches!(
            self,
            Self::Closed | Self::CookieWait { .. } | Self::CookieEchoed { .. }
        )
    }

    /// The peer's DATA is taken. In COOKIE-ECHOED it proves that the peer has our cookie and only its COOKIE ACK is late.
    pub(super) const fn takes_data(&self) -> bool {
        matches!(
            self,
            Self::CookieEchoed { .. } | Self::Established | Self::ShutdownPending | Self::ShutdownSent
        )
    }

    /// The peer's acknowledgements are taken.
    pub(super) const fn takes_sacks(&self) -> bool {
        matches!(
            self,
            Self::Established | Self::ShutdownPending | Self::ShutdownReceived
        )
    }

    /// DATA may be sent. In COOKIE-ECHOED only behind COOKIE ECHO, which the output takes care of.
    pub(super) const fn sends_data(&self) -> bool {
        self.takes_sacks() || matches!(self, Self::CookieEchoed { .. })
    }

    /// Chunks other than COOKIE ECHO may be sent under the peer's tag.
    pub(super) const fn is_synchronized(&self) -> bool {
        matches!(
            self,
            Self::Established
                | Self::ShutdownPending
                | Self::ShutdownSent
                | Self::ShutdownReceived
                | Self::ShutdownAckSent
        )
    }
}
