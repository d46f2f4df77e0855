//! ICE restarts: asked for, offered, answered and taken back (RFC 9429 §5.2.1, §5.3.1, §5.7, W3C webrtc-pc §4.4.1.5).

use std::time::Instant;

use super::PeerConnection;
use super::sections;
use super::signaling::Applied;
use crate::description::SdpType;

/// Where restarts stand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restart {
    /// `restart_ice` was called and no offer has carried new credentials yet.
    asked: bool,
    /// The last description that was made announces new credentials.
    drafted: bool,
    /// Our offer under way has brought new credentials into force; true if `restart_ice` asked for them.
    offered: Option<bool>,
}

impl Restart {
    /// Whether the next offer has to restart ICE.
    pub(super) const fn is_asked(self) -> bool {
        self.asked
    }

    /// The exchange is over.
    pub(super) const fn settle(&mut self) {
        self.offered = None;
    }
}

impl PeerConnection {
    /// Whether the offer or answer that was made last restarts ICE once it is applied. Before that, local addresses that
    /// are gone are to be [removed](Self::remove_local_address); afterwards, addresses are
    /// [wanted](Self::wants_addresses) again.
    #[must_use]
    pub const fn restarts_ice(&self) -> bool {
        self.drafts.restart.drafted
    }

    /// The next offer asks for new ICE credentials (`restartIce`).
    pub fn restart_ice(&mut self) {
        self.drafts.restart.asked = true;
        self.update_negotiation_needed();
    }

    /// The credentials of the next description: those in use, or others when ICE restarts.
    pub(super) fn draft_credentials(&mut self, restart: bool) -> ice::Credentials {
        self.drafts.restart.drafted = restart;
        if restart {
            self.transport.ice.next_credentials().clone()
        } else {
            self.transport.ice.local_credentials().clone()
        }
    }

    /// Whether an offer of the peer has other ICE credentials than its description in force (RFC 8839 §4.4.1.1.1).
    pub(super) fn peer_restarts(&self, offer: &Applied) -> bool {
        let current = self.signaling.remote.current.as_ref();
        current.is_some_and(|current| sections::ufrag(&current.sdp()) != sections::ufrag(&offer.sdp()))
    }

    /// A description of ours is applied: the credentials that it announces come into force.
    pub(super) fn use_draft_credentials(&mut self, now: Instant, kind: SdpType) {
        let restart = &mut self.drafts.restart;
        if !std::mem::take(&mut restart.drafted) {
            return;
        }
        let asked = std::mem::take(&mut restart.asked);
        if kind == SdpType::Offer {
            *restart.offered.get_or_insert(asked) |= asked;
        }
        if self.candidates.restart() {
            self.transport.ice.expect_local_addresses();
        }
        self.transport.ice.restart(now);
        self.transport.settle(now);
        // An agent that had failed begins anew, and says so only when it checks.
        self.ice_state(self.transport.ice.connection_state());
    }

    /// An offer is taken back. If it has restarted ICE, the credentials of before are in force again, and `restart_ice` is
    /// still to be followed.
    pub(super) fn take_restart_back(&mut self, now: Instant) {
        let Some(asked) = self.drafts.restart.offered.take() else {
            return;
        };
        self.drafts.restart.asked |= asked;
        self.transport.ice.take_back_restart(now);
        self.transport.settle(now);
        // What was found since the offer was told under other credentials.
        self.repeat_local_candidates();
    }
}
