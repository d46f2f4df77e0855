//! What a handshake waits for: the peer's description, for which the first datagrams are kept, and its own end.

use std::time::{Duration, Instant};

/// Datagrams that are kept until the peer's description is here: a post-quantum ClientHello takes two, sent twice.
const EARLY_DATAGRAMS: usize = 8;

/// The largest early datagram that is kept, in bytes.
const EARLY_DATAGRAM_SIZE: usize = 2048;

/// How long a handshake may take, from the first path on; a client's own limit is the same.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(60);

/// How long a handshake may take, which begins when there are both a path and the peer's description.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// ICE has a path, and the handshake has not begun.
    may_begin: bool,
    /// When it has to be finished. A server's begins with the peer's first word, which may never come.
    deadline: Option<Instant>,
    timed_out: bool,
}

impl Patience {
    /// There is a path.
    pub(super) const fn allow(&mut self) {
        self.may_begin = true;
    }

    /// Whether the handshake begins at `now`.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        let begins = std::mem::take(&mut self.may_begin);
        if begins {
            self.deadline = now.checked_add(HANDSHAKE);
        }
        begins
    }

    /// The handshake is over, or another one is.
    pub(super) const fn end(&mut self) {
        self.deadline = None;
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the handshake has to be given up.
    pub(super) fn runs_out(&mut self, now: Instant, is_connected: bool) -> bool {
        let is_late = self.deadline.take_if(|deadline| *deadline <= now).is_some();
        let runs_out = is_late && !is_connected;
        self.timed_out |= runs_out;
        runs_out
    }

    /// Whether it was given up; says so once.
    pub(super) const fn take_timed_out(&mut self) -> bool {
        std::mem::replace(&mut self.timed_out, false)
    }
}

/// What came before the peer's description.
#[derive(Default)]
pub(super) struct Early {
    datagrams: Vec<(ice::Path, Vec<u8>)>,
    dropped: u64,
}

impl Early {
    /// Keeps a copy, or counts what finds no room.
    pub(super) fn keep(&mut self, path: ice::Path, datagram: &[u8]) {
        if self.datagrams.len() < EARLY_DATAGRAMS && datagram.len() <= EARLY_DATAGRAM_SIZE {
            self.datagrams.push((path, datagram.to_vec()));
        } else {
            self.dropped += 1;
        }
    }

    pub(super) fn take(&mut self) -> Vec<(ice::Path, Vec<u8>)> {
        std::mem::take(&mut self.datagrams)
    }

    pub(super) const fn len(&self) -> usize {
        self.datagrams.len()
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_early_is_kept_or_counted() {
        let mut early = Early::default();
        let path = ice::Path {
            local: "192.0.2.1:1".parse().unwrap(),
            remote: "192.0.2.2:2".parse().unwrap(),
        };
        for size in [2049, 2048, 13, 13, 13, 13, 13, 13, 13] {
            early.keep(path, &vec![22; size]);
        }
        assert_eq!((early.len(), early.dropped()), (8, 1));
        early.keep(path, &[22; 13]);
        assert_eq!((early.len(), early.dropped()), (8, 2));
        assert_eq!(early.take().len(), 8);
        assert_eq!((early.len(), early.dropped()), (0, 2));
    }

    #[test]
    fn a_handshake_has_a_minute_from_its_path_on() {
        let (start, mut patience) = (Instant::now(), Patience::default());
        assert!(!patience.begin(start), "there is no path");
        patience.allow();
        assert!(patience.begin(start) && !patience.begin(start));
        assert_eq!(patience.deadline(), Some(start + HANDSHAKE));
        assert!(!patience.runs_out(start + HANDSHAKE / 2, false));
        assert!(patience.runs_out(start + HANDSHAKE, false));
        assert!(patience.take_timed_out() && !patience.take_timed_out());
        assert_eq!(patience.deadline(), None);
    }

    #[test]
    fn a_handshake_that_is_over_does_not_run_out() {
        let (start, mut patience) = (Instant::now(), Patience::default());
        patience.allow();
        assert!(patience.begin(start));
        assert!(!patience.runs_out(start + HANDSHAKE, true) && !patience.take_timed_out());
    }
}
