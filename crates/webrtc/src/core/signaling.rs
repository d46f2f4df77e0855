//! The signaling state machine: RFC 9429 §3.2 and §4.1.10, W3C webrtc-pc §4.3.1.
//!
//! Keeps the current and pending descriptions of both sides. What a description asks of the transport is told by
//! [`sections`](super::sections); nothing here knows SDP.

use std::sync::Arc;

use crate::description::SdpType;
use crate::error::Error;
use crate::states::SignalingState;

/// A description as it was applied.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) kind: SdpType,
    form: Form,
}

/// A parsed description takes ten times the memory of its text, so a connection that is up keeps the text alone.
#[derive(Clone, Debug)]
enum Form {
    Parsed(Arc<sdp::SessionDescription>),
    Text(Arc<str>),
}

impl Applied {
    pub(super) fn new(kind: SdpType, sdp: sdp::SessionDescription) -> Self {
        Self {
            kind,
            form: Form::Parsed(Arc::new(sdp)),
        }
    }

    /// The description. What was parsed once is parsed again without fail.
    pub(super) fn sdp(&self) -> Arc<sdp::SessionDescription> {
        match &self.form {
            Form::Parsed(sdp) => Arc::clone(sdp),
            Form::Text(text) => Arc::new(text.parse().unwrap_or_default()),
        }
    }

    fn compress(&mut self) {
        if let Form::Parsed(sdp) = &self.form {
            self.form = Form::Text(sdp.to_string().into());
        }
    }
}

/// Whose description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Local,
    Remote,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Local => Self::Remote,
            Self::Remote => Self::Local,
        }
    }

    const fn have_offer(self) -> SignalingState {
        match self {
            Self::Local => SignalingState::HaveLocalOffer,
            Self::Remote => SignalingState::HaveRemoteOffer,
        }
    }

    const fn have_pranswer(self) -> SignalingState {
        match self {
            Self::Local => SignalingState::HaveLocalPranswer,
            Self::Remote => SignalingState::HaveRemotePranswer,
        }
    }
}

/// The two descriptions of one side.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    pub(super) current: Option<Applied>,
    pub(super) pending: Option<Applied>,
}

impl Descriptions {
    /// The pending description if there is one, or else the current one.
    pub(super) fn latest(&self) -> Option<&Applied> {
        self.pending.as_ref().or(self.current.as_ref())
    }
}

/// Where the exchange stands, with the descriptions that led there.
#[derive(Debug, Default)]
pub(super) struct Signaling {
    state: SignalingState,
    pub(super) local: Descriptions,
    pub(super) remote: Descriptions,
}

impl Signaling {
    pub(super) const fn state(&self) -> SignalingState {
        self.state
    }

    const fn side_mut(&mut self, side: Side) -> &mut Descriptions {
        match side {
            Side::Local => &mut self.local,
            Side::Remote => &mut self.remote,
        }
    }

    /// Whether applying an offer of the peer takes our own offer back first (W3C webrtc-pc §4.4.1.5, 4.5.9).
    pub(super) fn remote_offer_rolls_back(&self, kind: SdpType) -> bool {
        kind == SdpType::Offer && self.state == SignalingState::HaveLocalOffer
    }

    /// The state that a description of `side` leads to.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`] when the exchange does not expect it.
    pub(super) fn next(&self, side: Side, kind: SdpType) -> Result<SignalingState, Error> {
        let wrong = Error::WrongState {
            kind,
            state: self.state,
        };
        let answerable = self.state == side.other().have_offer() || self.state == side.have_pranswer();
        match kind {
            SdpType::Offer if self.state == SignalingState::Stable || self.state == side.have_offer() => {
                Ok(side.have_offer())
            }
            SdpType::Answer if answerable => Ok(SignalingState::Stable),
            SdpType::Pranswer if answerable => Ok(side.have_pranswer()),
            SdpType::Rollback => match self.state {
                SignalingState::HaveLocalOffer | SignalingState::HaveRemoteOffer => {
                    Ok(SignalingState::Stable)
                }
                SignalingState::Stable
                | SignalingState::HaveLocalPranswer
                | SignalingState::HaveRemotePranswer
                | SignalingState::Closed => Err(wrong),
            },
            SdpType::Offer | SdpType::Answer | SdpType::Pranswer => Err(wrong),
        }
    }

    /// Applies a description of `side` and returns whether the state changed.
    ///
    /// # Errors
    ///
    /// [`Error::WrongState`], and nothing has changed.
    pub(super) fn apply(&mut self, side: Side, applied: Applied) -> Result<bool, Error> {
        let next = self.next(side, applied.kind)?;
        match applied.kind {
            SdpType::Offer | SdpType::Pranswer => self.side_mut(side).pending = Some(applied),
            SdpType::Answer => {
                let offer = self.side_mut(side.other()).pending.take();
                let offerer = self.side_mut(side.other());
                offerer.current = offer.or_else(|| offerer.current.take());
                let answerer = self.side_mut(side);
                answerer.pending = None;
                answerer.current = Some(applied);
            }
            SdpType::Rollback => self.drop_pending(),
        }
        let changed = self.state != next;
        self.state = next;
        Ok(changed)
    }

    fn drop_pending(&mut self) {
        self.local.pending = None;
        self.remote.pending = None;
    }

    /// Takes the pending offer back.
    pub(super) fn roll_back(&mut self) {
        self.drop_pending();
        self.state = SignalingState::Stable;
    }

    /// The connection is up, and the descriptions will hardly be asked for.
    pub(super) fn compress(&mut self) {
        let sides = [&mut self.local, &mut self.remote];
        sides
            .into_iter()
            .filter_map(|side| side.current.as_mut())
            .for_each(Applied::compress);
    }

    pub(super) fn close(&mut self) {
        self.state = SignalingState::Closed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(kind: SdpType) -> Applied {
        Applied::new(kind, sdp::SessionDescription::default())
    }

    #[test]
    fn an_offer_and_its_answer_become_current() {
        let mut signaling = Signaling::default();
        assert!(signaling.apply(Side::Local, applied(SdpType::Offer)).unwrap());
        assert_eq!(signaling.state(), SignalingState::HaveLocalOffer);
        assert!(signaling.local.current.is_none());
        assert!(signaling.apply(Side::Remote, applied(SdpType::Pranswer)).unwrap());
        assert_eq!(signaling.state(), SignalingState::HaveRemotePranswer);
        assert!(signaling.apply(Side::Remote, applied(SdpType::Answer)).unwrap());
        assert_eq!(signaling.state(), SignalingState::Stable);
        assert!(signaling.local.current.is_some() && signaling.local.pending.is_none());
        assert!(signaling.remote.current.is_some() && signaling.remote.pending.is_none());
    }

    #[test]
    fn refuses_what_the_state_does_not_expect() {
        let mut signaling = Signaling::default();
        for kind in [SdpType::Answer, SdpType::Pranswer, SdpType::Rollback] {
            for side in [Side::Local, Side::Remote] {
                assert!(matches!(
                    signaling.apply(side, applied(kind)),
                    Err(Error::WrongState { .. })
                ));
            }
        }
        signaling.apply(Side::Remote, applied(SdpType::Offer)).unwrap();
        assert!(signaling.apply(Side::Remote, applied(SdpType::Answer)).is_err());
        assert!(signaling.apply(Side::Local, applied(SdpType::Offer)).is_err());
        assert!(
            !signaling.apply(Side::Remote, applied(SdpType::Offer)).unwrap(),
            "a second offer replaces the first"
        );
    }

    #[test]
    fn a_rollback_forgets_the_pending_offer_only() {
        let mut signaling = Signaling::default();
        signaling.apply(Side::Local, applied(SdpType::Offer)).unwrap();
        signaling.apply(Side::Remote, applied(SdpType::Answer)).unwrap();
        signaling.apply(Side::Local, applied(SdpType::Offer)).unwrap();
        assert!(signaling.remote_offer_rolls_back(SdpType::Offer));
        signaling.apply(Side::Local, applied(SdpType::Rollback)).unwrap();
        assert_eq!(signaling.state(), SignalingState::Stable);
        assert!(signaling.local.pending.is_none() && signaling.local.current.is_some());
    }
}
