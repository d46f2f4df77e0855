//! The media of a transport from before its keys until after its end.

use std::collections::VecDeque;
use std::time::Instant;

use super::RtpTransport;

/// What there is of media.
#[derive(Debug)]
pub(in crate::core) enum RtpPath {
    /// No keys yet, or no media was negotiated.
    Waiting,
    Open(Box<RtpTransport>),
    /// The connection is over, and these datagrams are the last.
    Leaving(VecDeque<Vec<u8>>),
}

impl RtpPath {
    pub(in crate::core) fn get(&self) -> Option<&RtpTransport> {
        match self {
            Self::Open(rtp) => Some(rtp),
            Self::Waiting | Self::Leaving(_) => None,
        }
    }

    pub(in crate::core) fn get_mut(&mut self) -> Option<&mut RtpTransport> {
        match self {
            Self::Open(rtp) => Some(rtp),
            Self::Waiting | Self::Leaving(_) => None,
        }
    }

    /// The connection ends, and the peer, if it `hears` yet, is told of our sources (RFC 3550 §6.6).
    pub(in crate::core) fn close(&mut self, now: Instant, hears: bool) {
        let farewell = match self {
            Self::Open(rtp) if hears => rtp.farewell(now),
            Self::Waiting | Self::Open(_) => VecDeque::new(),
            Self::Leaving(_) => return,
        };
        *self = Self::Leaving(farewell);
    }

    /// The next of the last datagrams.
    pub(in crate::core) fn poll_farewell(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Leaving(farewell) => farewell.pop_front(),
            Self::Waiting | Self::Open(_) => None,
        }
    }
}
