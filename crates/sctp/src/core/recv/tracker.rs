//! Which TSNs have come: the cumulative point, a bit set past it, and duplicates to report. RFC 9260 §6.2 and §6.7.

use crate::core::bits::TsnBits;
use crate::tsn::Tsn;

/// How far past the cumulative point a TSN may lie: gap blocks count with 16 bits.
const MAX_AHEAD: u32 = 65_535;
/// Duplicates remembered between two SACKs.
const MAX_DUPLICATES: usize = 32;

/// What a TSN is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    New,
    Duplicate,
    TooFarAhead,
}

/// The set of received TSNs.
#[derive(Debug)]
pub(super) struct Tracker {
    cumulative: Tsn,
    /// Highest received; equal to `cumulative` when nothing is missing.
    highest: Tsn,
    received: TsnBits,
    duplicates: Vec<Tsn>,
}

impl Tracker {
    pub(super) fn new(initial: Tsn) -> Self {
        Self {
            cumulative: initial.previous(),
            highest: initial.previous(),
            received: TsnBits::default(),
            duplicates: Vec::new(),
        }
    }

    pub(super) const fn cumulative(&self) -> Tsn {
        self.cumulative
    }

    /// True when TSNs are missing.
    pub(super) fn has_gap(&self) -> bool {
        self.highest != self.cumulative
    }

    /// How far the highest received TSN lies ahead.
    pub(super) const fn ahead(&self) -> u32 {
        self.highest.since(self.cumulative)
    }

    pub(super) fn judge(&self, tsn: Tsn) -> Verdict {
        let ahead = tsn.since(self.cumulative);
        if ahead == 0 || ahead > 1 << 31 {
            Verdict::Duplicate
        } else if ahead > MAX_AHEAD {
            Verdict::TooFarAhead
        } else if ahead <= self.ahead() && self.received.contains(tsn) {
            Verdict::Duplicate
        } else {
            Verdict::New
        }
    }

    /// Remembers a duplicate for the next SACK.
    pub(super) fn note_duplicate(&mut self, tsn: Tsn) {
        if self.duplicates.len() < MAX_DUPLICATES {
            self.duplicates.push(tsn);
        }
    }

    /// Takes a TSN that was judged new. Returns how far the cumulative point moved.
    pub(super) fn insert(&mut self, tsn: Tsn) -> u32 {
        if tsn == self.cumulative.next() && !self.has_gap() {
            self.cumulative = tsn;
            self.highest = tsn;
            return 1;
        }
        let base = self.cumulative.next();
        self.received.reserve(base, tsn.since(base).max(self.ahead()) + 1);
        self.received.insert(tsn);
        if tsn.is_after(self.highest) {
            self.highest = tsn;
        }
        if tsn == base { self.advance() } else { 0 }
    }

    /// Moves the cumulative point over what has been received.
    fn advance(&mut self) -> u32 {
        let base = self.cumulative.next();
        let count = self.received.run(base, self.ahead(), true);
        self.received.remove_range(base, count);
        self.cumulative = self.cumulative.plus(count);
        if !self.has_gap() {
            self.received.release();
        }
        count
    }

    /// FORWARD-TSN: everything up to `tsn`, which is ahead of the cumulative point, counts as received. Returns how far the
    /// point moved.
    pub(super) fn forward(&mut self, tsn: Tsn) -> u32 {
        let before = self.cumulative;
        let count = tsn.since(before);
        if tsn.is_after(self.highest) {
            self.highest = tsn;
        }
        if self.received.is_allocated() {
            self.received.remove_range(before.next(), count.min(MAX_AHEAD));
        }
        self.cumulative = tsn;
        if self.has_gap() {
            self.advance();
        } else if self.received.is_allocated() {
            self.received.release();
        }
        self.cumulative.since(before)
    }

    /// True when a FORWARD-TSN to `tsn` is a plausible step.
    pub(super) const fn may_forward(&self, tsn: Tsn) -> bool {
        tsn.since(self.cumulative) <= MAX_AHEAD
    }

    /// Gap blocks as offsets of first and last, at most `limit`.
    pub(super) fn gap_blocks(&self, limit: usize) -> impl Iterator<Item = (u16, u16)> {
        let total = self.ahead();
        let base = self.cumulative.next();
        let mut at = 0;
        let blocks = std::iter::from_fn(move || {
            at += self.received.run(base.plus(at), total - at, false);
            let len = self.received.run(base.plus(at), total - at, true);
            if len == 0 {
                return None;
            }
            let block = (u16::try_from(at + 1).ok()?, u16::try_from(at + len).ok()?);
            at += len;
            Some(block)
        });
        blocks.take(limit)
    }

    /// The duplicates since the last call, at most `limit`; the rest is forgotten.
    pub(super) fn take_duplicates(&mut self, limit: usize) -> Vec<Tsn> {
        let mut duplicates = std::mem::take(&mut self.duplicates);
        duplicates.truncate(limit);
        duplicates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(tracker: &Tracker) -> Vec<(u16, u16)> {
        tracker.gap_blocks(usize::MAX).collect()
    }

    #[test]
    fn gaps_open_and_close_across_the_wrap() {
        let first = u32::MAX - 2;
        let mut tracker = Tracker::new(Tsn(first));
        assert_eq!(tracker.insert(Tsn(first)), 1);
        assert_eq!(tracker.insert(Tsn(first).plus(2)), 0);
        assert_eq!(tracker.insert(Tsn(first).plus(3)), 0);
        assert_eq!(tracker.insert(Tsn(first).plus(200)), 0);
        assert_eq!(blocks(&tracker), [(2, 3), (200, 200)]);
        assert_eq!(tracker.judge(Tsn(first).plus(2)), Verdict::Duplicate);
        assert_eq!(tracker.judge(Tsn(first)), Verdict::Duplicate);
        assert_eq!(tracker.judge(Tsn(first).plus(1)), Verdict::New);
        assert_eq!(tracker.insert(Tsn(first).plus(1)), 3);
        assert_eq!(blocks(&tracker), [(197, 197)]);
        assert_eq!(tracker.forward(Tsn(first).plus(199)), 197);
        assert!(!tracker.has_gap());
        assert!(!tracker.received.is_allocated(), "idle memory is given back");
    }

    #[test]
    fn bounds_hold() {
        let mut tracker = Tracker::new(Tsn(1));
        assert_eq!(tracker.judge(Tsn(65_535)), Verdict::New);
        assert_eq!(tracker.judge(Tsn(65_536)), Verdict::TooFarAhead);
        assert_eq!(tracker.judge(Tsn(0x8000_0001)), Verdict::Duplicate, "behind");
        assert!(tracker.may_forward(Tsn(65_535)));
        assert!(!tracker.may_forward(Tsn(65_536)));
        tracker.insert(Tsn(65_535));
        assert_eq!(blocks(&tracker), [(65_535, 65_535)]);
        for _ in 0..1000 {
            tracker.note_duplicate(Tsn(0));
        }
        assert_eq!(tracker.take_duplicates(100).len(), MAX_DUPLICATES);
        assert_eq!(tracker.forward(Tsn(65_535)), 65_535);
        assert_eq!(tracker.cumulative(), Tsn(65_535));
    }
}
