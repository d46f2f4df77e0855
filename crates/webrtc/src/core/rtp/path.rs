//! The media of a transport from before its keys until after its end.

use std::collections::VecDeque;
use std::time::Instant;

use interceptor::Ecn;

use super::early::EarlyPackets;
use super::{Keys, RtpTransport, RtpTransportStats, Setup};
use crate::core::media::NegotiatedMedia;

/// What there is of media.
#[derive(Debug)]
pub(in crate::core) enum RtpPath {
    /// No keys yet, or no media was negotiated: packets wait.
    Waiting(EarlyPackets),
    Open(Box<RtpTransport>),
    /// The connection is over: what has come can still be read, its counters too, and these datagrams are the last.
    Leaving {
        ended: Option<Box<RtpTransport>>,
        last: VecDeque<Vec<u8>>,
    },
}

impl RtpPath {
    /// What there is to be read of it, also when it is over.
    pub(in crate::core) fn get(&self) -> Option<&RtpTransport> {
        match self {
            Self::Open(rtp) => Some(rtp),
            Self::Leaving { ended, .. } => ended.as_deref(),
            Self::Waiting(_) => None,
        }
    }

    /// What can send and receive.
    pub(in crate::core) fn get_mut(&mut self) -> Option<&mut RtpTransport> {
        match self {
            Self::Open(rtp) => Some(rtp),
            Self::Waiting(_) | Self::Leaving { .. } => None,
        }
    }

    /// What may have packets that nobody has read yet.
    pub(in crate::core) fn readable(&mut self) -> Option<&mut RtpTransport> {
        match self {
            Self::Open(rtp) => Some(rtp),
            Self::Leaving { ended, .. } => ended.as_deref_mut(),
            Self::Waiting(_) => None,
        }
    }

    pub(in crate::core) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Open(rtp) => rtp.poll_timeout(),
            Self::Waiting(_) | Self::Leaving { .. } => None,
        }
    }

    /// There are keys, and media was negotiated: what has waited is received. False if the keys are of no use.
    pub(in crate::core) fn open(
        &mut self,
        now: Instant,
        keys: &Keys,
        setup: &Setup<'_>,
        media: &NegotiatedMedia,
    ) -> bool {
        let Self::Waiting(early) = self else { return false };
        let Ok(mut rtp) = RtpTransport::new(now, keys, setup) else {
            return false;
        };
        rtp.apply(now, media, setup.protection);
        let waited = early.take(now);
        rtp.stats = early.stats();
        for mut datagram in waited {
            rtp.handle_input(now, Ecn::NotEct, &mut datagram);
        }
        *self = Self::Open(Box::new(rtp));
        true
    }

    /// A datagram of the range of RTP. False if nobody wants it any more.
    #[inline]
    pub(in crate::core) fn handle_input(&mut self, now: Instant, ecn: Ecn, datagram: &mut [u8]) -> bool {
        match self {
            Self::Open(rtp) => rtp.handle_input(now, ecn, datagram),
            Self::Waiting(early) => early.push(now, datagram),
            Self::Leaving { .. } => return false,
        }
        true
    }

    /// A datagram of the range of RTP that waits for other keys than those there are. False if nobody wants it any more.
    pub(in crate::core) fn hold(&mut self, now: Instant, datagram: &[u8]) -> bool {
        match self {
            Self::Open(rtp) => rtp.early.push(now, datagram),
            Self::Waiting(early) => early.push(now, datagram),
            Self::Leaving { .. } => return false,
        }
        true
    }

    /// Counters of media.
    pub(in crate::core) fn stats(&self) -> RtpTransportStats {
        match self {
            Self::Waiting(early) => early.stats(),
            Self::Open(rtp) => rtp.stats(),
            Self::Leaving { ended, .. } => ended.as_ref().map(|rtp| rtp.stats()).unwrap_or_default(),
        }
    }

    /// The connection ends, and the peer, if it `hears` yet, is told of our sources (RFC 3550 §6.6).
    pub(in crate::core) fn close(&mut self, now: Instant, hears: bool) {
        let last = match self {
            Self::Open(rtp) if hears => rtp.farewell(now),
            Self::Waiting(_) | Self::Open(_) => VecDeque::new(),
            Self::Leaving { .. } => return,
        };
        self.leave(last);
    }

    /// Nothing is sent any more.
    pub(in crate::core) fn end(&mut self) {
        self.leave(VecDeque::new());
    }

    fn leave(&mut self, last: VecDeque<Vec<u8>>) {
        let ended = match std::mem::take(self) {
            Self::Open(rtp) => Some(rtp),
            Self::Leaving { ended, .. } => ended,
            Self::Waiting(_) => None,
        };
        *self = Self::Leaving { ended, last };
    }

    /// The next of the last datagrams.
    pub(in crate::core) fn poll_farewell(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Leaving { last, .. } => last.pop_front(),
            Self::Waiting(_) | Self::Open(_) => None,
        }
    }
}

impl Default for RtpPath {
    fn default() -> Self {
        Self::Waiting(EarlyPackets::default())
    }
}
