//! When each step of the set-up was reached, for whoever wonders where the time went.

use std::time::Instant;

/// The moments of a connection's set-up. Each is the first time that the step was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeline {
    /// The first channel was made or the first description applied.
    pub created: Option<Instant>,
    /// The first local candidate was found.
    pub gathered: Option<Instant>,
    /// The first check succeeded.
    pub checked: Option<Instant>,
    /// A pair was selected.
    pub nominated: Option<Instant>,
    /// The DTLS handshake was done.
    pub dtls_connected: Option<Instant>,
    /// The SCTP association was established.
    pub sctp_connected: Option<Instant>,
    /// The first data channel was open.
    pub channel_open: Option<Instant>,
}

impl Timeline {
    /// The application has begun.
    pub(super) fn begin(&mut self, now: Instant) {
        self.created.get_or_insert(now);
    }

    pub(super) fn ice(&mut self, now: Instant, event: &ice::Event) {
        if matches!(event, ice::Event::LocalCandidate(_)) {
            self.gathered.get_or_insert(now);
        } else if matches!(event, ice::Event::PathValidated(_)) {
            self.checked.get_or_insert(now);
        } else if matches!(event, ice::Event::SelectedPairChange(_)) {
            self.nominated.get_or_insert(now);
        }
    }

    pub(super) fn dtls_connected(&mut self, now: Instant) {
        self.dtls_connected.get_or_insert(now);
    }

    pub(super) fn channels(&mut self, now: Instant, event: &datachannel::Event) {
        if matches!(event, datachannel::Event::Connected) {
            self.sctp_connected.get_or_insert(now);
        } else if matches!(
            event,
            datachannel::Event::Open(_) | datachannel::Event::Incoming(_)
        ) {
            self.channel_open.get_or_insert(now);
        }
    }
}
