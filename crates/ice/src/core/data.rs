//! RFC 8445 §12: where data goes, and where it may come from.

use std::time::Instant;

use super::agent::Agent;
use crate::event::{ConnectionState, Input, Path};

impl Agent {
    /// Where data goes: the selected pair, or before nomination the best valid one (RFC 8445 §12.1). `None` when
    /// nothing may be sent, also because consent has expired.
    #[inline]
    pub fn data_path(&self) -> Option<Path> {
        match (&self.active, &self.previous) {
            (Some(active), Some(previous)) if !active.selected => Some(previous.active.path),
            (Some(active), _) => Some(active.path),
            (None, Some(previous)) => Some(previous.active.path),
            (None, None) => None,
        }
    }

    /// Counts a datagram of data that the caller sent on [`data_path`](Self::data_path).
    #[inline]
    pub fn count_sent(&mut self, now: Instant, bytes: usize) {
        let bytes = bytes as u64;
        self.phase.stats.packets_sent += 1;
        self.phase.stats.bytes_sent += bytes;
        if let Some(active) = &mut self.active {
            active.traffic.packets_sent += 1;
            active.traffic.bytes_sent += bytes;
            active.consent.sent = active.consent.sent.max(now);
        }
    }

    #[inline]
    pub(super) fn handle_data(&mut self, now: Instant, path: Path, len: usize) -> Input {
        if let Some(active) = &mut self.active
            && active.path == path
        {
            active.traffic.packets_received += 1;
            active.traffic.bytes_received += len as u64;
            active.consent.heard = active.consent.heard.max(now);
            self.phase.stats.packets_received += 1;
            self.phase.stats.bytes_received += len as u64;
            if self.phase.state == ConnectionState::Disconnected {
                active.consent.hear(now);
                self.advance(now);
            }
            return Input::Data;
        }
        self.handle_side_data(now, path, len)
    }

    /// Data from a path other than the active one.
    #[cold]
    fn handle_side_data(&mut self, now: Instant, path: Path, len: usize) -> Input {
        let known = self
            .pairs
            .iter()
            .any(|pair| pair.path == path && (pair.heard || pair.valid))
            || self.remote.early.iter().any(|early| early.path == path)
            || self.phase.old_path == Some(path)
            || self
                .previous
                .as_ref()
                .is_some_and(|previous| previous.active.path == path);
        if !known
            || self.phase.state == ConnectionState::Closed
            || self.phase.state == ConnectionState::Failed
        {
            self.phase.stats.unknown_path += 1;
            return Input::Dropped;
        }
        if let Some(previous) = self
            .previous
            .as_mut()
            .filter(|previous| previous.active.path == path)
        {
            previous.active.consent.hear(now);
        }
        if let Some(pair) = self.pairs.iter_mut().find(|pair| pair.path == path) {
            pair.last_heard = Some(now);
            pair.counters.packets_received += 1;
            pair.counters.bytes_received += len as u64;
        }
        self.phase.stats.packets_received += 1;
        self.phase.stats.bytes_received += len as u64;
        Input::Data
    }
}
