//! Chunks that have a TSN and are not cumulatively acknowledged: a ring indexed by TSN, with gap acknowledgements in a
//! bit set beside it, so that a SACK costs by the word and only what it changes is touched.

use super::queue::SendQueue;
use crate::codec::{DataFlags, DataHeader, GapBlock, padded};
use crate::core::bits::TsnBits;
use crate::tsn::Tsn;
use std::collections::VecDeque;
use std::time::Instant;

/// Missing reports that make a chunk lost, RFC 9260 §7.2.4.
const MISSING_REPORTS: u8 = 3;

/// What is known of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    InFlight,
    /// Waits to be sent again.
    Lost,
    /// Reported in a gap block.
    Acked,
    /// Given up, RFC 3758.
    Abandoned,
}

/// A chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment {
    pub(crate) message: u32,
    pub(crate) offset: u32,
    pub(crate) len: u16,
    pub(crate) flags: DataFlags,
    pub(crate) fate: Fate,
    misses: u8,
    pub(crate) retransmissions: u16,
    /// Only the acknowledgement of a chunk from here on tells that this one is missing: its own TSN at first, the next
    /// unused one when it is sent again. This is what makes repeated fast retransmission sound, where §7.2.4 step 5
    /// forbids it for want of such evidence.
    evidence: Tsn,
}

impl Fragment {
    /// Bytes it takes in a packet.
    pub(crate) const fn cost(&self) -> usize {
        DataHeader::LEN + padded(self.len as usize)
    }
}

/// What a SACK changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Acked {
    /// Bytes acknowledged for the first time.
    pub(crate) bytes: usize,
    /// The highest TSN acknowledged for the first time (HTNA).
    pub(crate) highest: Option<Tsn>,
    /// The cumulative ack moved.
    pub(crate) advanced: bool,
}

/// The ring.
#[derive(Debug, Default)]
pub(crate) struct Outstanding {
    /// Chunks from `base` on.
    ring: VecDeque<Fragment>,
    base: Tsn,
    gap_acked: TsnBits,
    /// Bytes in flight.
    flight: usize,
    /// Chunks that wait to be sent again, and where to start looking for them.
    lost: u32,
    lost_from: u32,
}

/// An emptied ring keeps this many places.
const KEEP: usize = 16;

impl Outstanding {
    pub(crate) fn new(initial: Tsn) -> Self {
        Self {
            base: initial,
            ..Self::default()
        }
    }

    /// The cumulative TSN ack point.
    pub(crate) const fn cumulative(&self) -> Tsn {
        self.base.previous()
    }

    /// The TSN the next new chunk gets.
    pub(crate) fn next_tsn(&self) -> Tsn {
        self.base.plus(self.len())
    }

    /// Chunks in the ring.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ring.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    pub(crate) const fn flight(&self) -> usize {
        self.flight
    }

    pub(crate) const fn lost(&self) -> u32 {
        self.lost
    }

    pub(crate) fn get(&self, tsn: Tsn) -> Option<&Fragment> {
        self.ring.get(tsn.since(self.base) as usize)
    }

    fn get_mut(&mut self, tsn: Tsn) -> Option<&mut Fragment> {
        self.ring.get_mut(tsn.since(self.base) as usize)
    }

    /// Adds a chunk that goes out now. Returns its TSN.
    pub(crate) fn push(&mut self, message: u32, offset: usize, len: usize, flags: DataFlags) -> Tsn {
        let tsn = self.next_tsn();
        let fragment = Fragment {
            message,
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            len: u16::try_from(len).unwrap_or(u16::MAX),
            flags,
            fate: Fate::InFlight,
            misses: 0,
            retransmissions: 0,
            evidence: tsn,
        };
        self.flight += fragment.cost();
        self.ring.push_back(fragment);
        tsn
    }

    /// Uses up a TSN for the end of an abandoned message, so that the peer can be told to forget the part it has.
    pub(crate) fn push_placeholder(&mut self, message: u32) {
        let tsn = self.push(message, 0, 0, DataFlags::END);
        self.flight -= DataHeader::LEN;
        if let Some(fragment) = self.get_mut(tsn) {
            fragment.fate = Fate::Abandoned;
        }
    }

    /// Takes a SACK's cumulative ack, which must lie in the ring or just before it.
    pub(crate) fn acknowledge(&mut self, cumulative: Tsn, queue: &mut SendQueue, acked: &mut Acked) {
        let count = cumulative.since(self.cumulative()).min(self.len());
        if count == 0 {
            return;
        }
        for _ in 0..count {
            let Some(fragment) = self.ring.pop_front() else {
                break;
            };
            let first_time = self.forget(&fragment);
            if first_time {
                acked.bytes += fragment.cost();
            }
            queue.fragment_done(fragment.message);
        }
        acked.advanced = true;
        acked.highest = Some(cumulative);
        if self.gap_acked.is_allocated() {
            self.gap_acked.remove_range(self.base, count);
        }
        self.base = self.base.plus(count);
        self.lost_from = self.lost_from.saturating_sub(count);
        if self.ring.is_empty() {
            self.ring.shrink_to(KEEP);
            self.gap_acked.release();
        }
    }

    /// Takes a chunk out of the accounts. True if it was not acknowledged or abandoned before.
    const fn forget(&mut self, fragment: &Fragment) -> bool {
        match fragment.fate {
            Fate::InFlight => {
                self.flight -= fragment.cost();
                true
            }
            Fate::Lost => {
                self.lost -= 1;
                true
            }
            Fate::Acked | Fate::Abandoned => false,
        }
    }

    /// Takes one gap block relative to the cumulative ack. A block that reaches past what was sent is ignored.
    pub(crate) fn acknowledge_block(&mut self, block: GapBlock, acked: &mut Acked) -> bool {
        let (start, end) = (u32::from(block.start), u32::from(block.end));
        if start == 0 || end < start || end > self.len() {
            return false;
        }
        self.gap_acked.reserve(self.base, self.len());
        let mut bits = std::mem::take(&mut self.gap_acked);
        let base = self.base;
        bits.insert_range(self.cumulative().plus(start), end - start + 1, |tsn| {
            let Some(mut fragment) = self.get(tsn).copied() else {
                return;
            };
            if !self.forget(&fragment) {
                return;
            }
            acked.bytes += fragment.cost();
            if acked
                .highest
                .is_none_or(|highest| tsn.since(base) > highest.since(base) || highest.since(base) > 1 << 31)
            {
                acked.highest = Some(tsn);
            }
            fragment.fate = Fate::Acked;
            if let Some(place) = self.get_mut(tsn) {
                *place = fragment;
            }
        });
        self.gap_acked = bits;
        true
    }

    /// Counts a missing report for every unacknowledged chunk before `highest`, and calls `lost` for those that reach
    /// three. During Fast Recovery an advancing SACK counts all up to the highest gap block (§7.2.4); that is the caller's
    /// choice of `highest`.
    pub(crate) fn count_missing(&mut self, highest: Tsn, mut lost: impl FnMut(&mut Self, Tsn)) {
        let end = highest.since(self.base).min(self.len());
        if highest.since(self.base) > 1 << 31 {
            return;
        }
        let base = self.base;
        let mut at = 0;
        while at < end {
            at += self.gap_acked.run(base.plus(at), end - at, true);
            let missing = self.gap_acked.run(base.plus(at), end - at, false);
            for tsn in (at..at + missing).map(|offset| base.plus(offset)) {
                if self.count_missing_one(tsn, highest) {
                    lost(self, tsn);
                }
            }
            at += missing;
        }
    }

    fn count_missing_one(&mut self, tsn: Tsn, highest: Tsn) -> bool {
        let Some(fragment) = self.get_mut(tsn) else {
            return false;
        };
        if fragment.fate != Fate::InFlight || fragment.evidence.is_after(highest) {
            return false;
        }
        fragment.misses += 1;
        fragment.misses >= MISSING_REPORTS
    }

    /// Marks a chunk in flight as lost.
    pub(crate) fn mark_lost(&mut self, tsn: Tsn) {
        let offset = tsn.since(self.base);
        let Some(fragment) = self.get_mut(tsn) else { return };
        if fragment.fate != Fate::InFlight {
            return;
        }
        fragment.fate = Fate::Lost;
        fragment.misses = 0;
        let cost = fragment.cost();
        self.flight -= cost;
        self.lost_from = if self.lost == 0 {
            offset
        } else {
            self.lost_from.min(offset)
        };
        self.lost += 1;
    }

    /// Marks a chunk and all of its message as given up.
    pub(crate) fn abandon_around(&mut self, tsn: Tsn) {
        let Some(message) = self.get(tsn).map(|fragment| fragment.message) else {
            return;
        };
        let mut at = tsn;
        while self.abandon_one(at, message) {
            at = at.next();
        }
        at = tsn.previous();
        while self.abandon_one(at, message) {
            at = at.previous();
        }
    }

    fn abandon_one(&mut self, tsn: Tsn, message: u32) -> bool {
        let Some(fragment) = self.get(tsn).copied() else {
            return false;
        };
        if fragment.message != message {
            return false;
        }
        self.forget(&fragment);
        if let Some(fragment) = self.get_mut(tsn) {
            fragment.fate = Fate::Abandoned;
        }
        true
    }

    /// The first chunk that waits to be sent again.
    pub(crate) fn next_lost(&mut self) -> Option<Tsn> {
        if self.lost == 0 {
            return None;
        }
        let skipped = self
            .ring
            .iter()
            .skip(self.lost_from as usize)
            .position(|f| f.fate == Fate::Lost)?;
        self.lost_from += u32::try_from(skipped).unwrap_or(0);
        Some(self.base.plus(self.lost_from))
    }

    /// A lost chunk goes out again.
    pub(crate) fn resend(&mut self, tsn: Tsn) {
        let evidence = self.next_tsn();
        let Some(fragment) = self.get_mut(tsn) else { return };
        if fragment.fate != Fate::Lost {
            return;
        }
        fragment.fate = Fate::InFlight;
        fragment.evidence = evidence;
        fragment.retransmissions = fragment.retransmissions.saturating_add(1);
        let cost = fragment.cost();
        self.lost -= 1;
        self.flight += cost;
    }

    /// Takes back all gap acknowledgements: the peer may have reneged (RFC 9260 §6.2.1 D iii).
    pub(crate) fn distrust_gap_acks(&mut self) {
        for fragment in &mut self.ring {
            if fragment.fate == Fate::Acked {
                fragment.fate = Fate::InFlight;
                self.flight += fragment.cost();
            }
        }
        let len = self.len();
        self.gap_acked.remove_range(self.base, len);
    }

    /// The number of chunks at the start of the ring, from `from` on, that are abandoned.
    pub(crate) fn abandoned_run(&self, from: Tsn) -> u32 {
        let rest = self.ring.iter().skip(from.since(self.base) as usize);
        u32::try_from(
            rest.take_while(|fragment| fragment.fate == Fate::Abandoned)
                .count(),
        )
        .unwrap_or(0)
    }

    /// Chunks from the start, for FORWARD-TSN.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fragment> {
        self.ring.iter()
    }
}

/// One round trip measurement at a time, on a chunk that was sent once (Karn's rule, RFC 9260 §6.3.1 C4 and C5).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RttProbe(Option<(Tsn, Instant)>);

impl RttProbe {
    pub(crate) const fn sent(&mut self, tsn: Tsn, now: Instant) {
        if self.0.is_none() {
            self.0 = Some((tsn, now));
        }
    }

    pub(crate) fn cancel(&mut self, tsn: Tsn) {
        self.0 = self.0.filter(|(probed, _)| *probed != tsn);
    }

    pub(crate) const fn clear(&mut self) {
        self.0 = None;
    }

    /// The time since the probed chunk was sent, if it is acknowledged.
    pub(crate) fn finish(&mut self, outstanding: &Outstanding, now: Instant) -> Option<std::time::Duration> {
        let (tsn, sent) = self.0?;
        let acked = outstanding
            .get(tsn)
            .is_none_or(|fragment| fragment.fate == Fate::Acked);
        acked.then(|| {
            self.0 = None;
            now.saturating_duration_since(sent)
        })
    }
}
