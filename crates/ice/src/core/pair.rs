//! RFC 8445 §6.1.2: candidate pairs, and the table that holds them.
//!
//! A pair is known by its path: the base here and the address there. A reflexive candidate here is checked from
//! its base (§6.1.2.4 prunes the rest), so the path says all that a check needs; which mapped address the peer
//! saw is noted when the answer comes.

use std::time::{Duration, Instant};

use crate::event::{PairError, PairState, Path};
use crate::stats::PairCounters;

/// The name of a pair, which stays when others are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PairId(u32);

/// One candidate pair.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) id: PairId,
    pub(crate) path: Path,
    /// Index of the local candidate.
    pub(crate) local: u8,
    /// Index of the remote candidate.
    pub(crate) remote: u8,
    pub(crate) state: PairState,
    /// A check was answered; the pair is on the valid list.
    pub(crate) valid: bool,
    /// The peer sent an authenticated request here.
    pub(crate) heard: bool,
    /// Chosen by the controlling agent.
    pub(crate) nominated: bool,
    /// The first and the last nomination of the peer, of those that follow each other.
    pub(crate) nominations: Option<(Instant, Instant)>,
    /// The next success nominates (§7.3.1.5).
    pub(crate) nominate_on_success: bool,
    /// The value of the NOMINATION attribute that came last, 0 for none.
    pub(crate) nomination: u32,
    pub(crate) priority: u64,
    /// The foundations of both candidates.
    pub(crate) foundation: (u32, u32),
    pub(crate) rtt: Option<Duration>,
    pub(crate) last_heard: Option<Instant>,
    pub(crate) last_response: Option<Instant>,
    pub(crate) last_error: Option<PairError>,
    pub(crate) counters: PairCounters,
}

impl Pair {
    /// Whether a check may still change what is known of the pair.
    pub(crate) const fn is_open(&self) -> bool {
        match self.state {
            PairState::Frozen | PairState::Waiting | PairState::InProgress => true,
            PairState::Succeeded | PairState::Failed => false,
        }
    }
}

/// What a new pair is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPair {
    pub(crate) path: Path,
    pub(crate) local: u8,
    pub(crate) remote: u8,
    pub(crate) priority: u64,
    pub(crate) foundation: (u32, u32),
}

/// The checklist: pairs, highest priority first.
#[derive(Debug)]
pub(crate) struct Pairs {
    list: Vec<Pair>,
    limit: usize,
    next_id: u32,
}

impl Pairs {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            list: Vec::new(),
            limit,
            next_id: 0,
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pair> {
        self.list.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Pair> {
        self.list.iter_mut()
    }

    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, id: PairId) -> Option<&Pair> {
        self.list.iter().find(|pair| pair.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: PairId) -> Option<&mut Pair> {
        self.list.iter_mut().find(|pair| pair.id == id)
    }

    pub(crate) fn by_path(&self, path: Path) -> Option<&Pair> {
        self.list.iter().find(|pair| pair.path == path)
    }

    /// Adds a pair, frozen. At the limit the lowest pair that nobody uses makes room if it is lower, or if the
    /// new one is `proven` by an authenticated check; `None` when nothing makes room (§6.1.2.5).
    pub(crate) fn insert(&mut self, new: NewPair, proven: bool, active: Option<PairId>) -> Option<PairId> {
        if self.list.len() >= self.limit {
            let spare = self
                .list
                .iter()
                .rposition(|pair| Some(pair.id) != active && !pair.valid && !pair.nominate_on_success)?;
            if !proven && self.list.get(spare)?.priority >= new.priority {
                return None;
            }
            self.list.remove(spare);
        }
        let id = PairId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let at = self.list.partition_point(|pair| pair.priority >= new.priority);
        let NewPair {
            path,
            local,
            remote,
            priority,
            foundation,
        } = new;
        let pair = Pair {
            id,
            path,
            local,
            remote,
            state: PairState::Frozen,
            valid: false,
            heard: false,
            nominated: false,
            nominations: None,
            nominate_on_success: false,
            nomination: 0,
            priority,
            foundation,
            rtt: None,
            last_heard: None,
            last_response: None,
            last_error: None,
            counters: PairCounters::default(),
        };
        self.list.insert(at, pair);
        Some(id)
    }

    /// §6.1.2.6 and RFC 8838 §12: in each foundation that neither waits nor is being checked, the highest
    /// frozen pair goes to waiting; all of them where the foundation has already succeeded.
    pub(crate) fn unfreeze(&mut self) {
        for at in 0..self.list.len() {
            let Some(pair) = self.list.get(at) else { return };
            if pair.state != PairState::Frozen {
                continue;
            }
            let foundation = pair.foundation;
            let mut same = self.list.iter().filter(|other| other.foundation == foundation);
            let succeeded = self
                .list
                .iter()
                .any(|other| other.foundation == foundation && other.valid);
            let busy = same.any(|other| match other.state {
                PairState::Waiting | PairState::InProgress => true,
                PairState::Frozen | PairState::Succeeded | PairState::Failed => false,
            });
            if (succeeded || !busy)
                && let Some(pair) = self.list.get_mut(at)
            {
                pair.state = PairState::Waiting;
            }
        }
    }

    /// The pair whose turn an ordinary check is (§6.1.4.2); one that has worked before goes first.
    pub(crate) fn next_waiting(&self) -> Option<&Pair> {
        let mut waiting = self.list.iter().filter(|pair| pair.state == PairState::Waiting);
        let first = waiting.clone().next();
        waiting.find(|pair| pair.valid).or(first)
    }

    /// How many pairs are waiting or being checked (§14.3).
    pub(crate) fn busy(&self) -> usize {
        self.list
            .iter()
            .filter(|pair| pair.is_open() && pair.state != PairState::Frozen)
            .count()
    }

    /// The valid pair of highest priority that `keep` accepts.
    pub(crate) fn best_valid(&self, keep: impl Fn(&Pair) -> bool) -> Option<&Pair> {
        self.list.iter().find(|pair| pair.valid && keep(pair))
    }

    /// Sorts again after priorities have changed.
    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|pair| std::cmp::Reverse(pair.priority));
    }

    /// Keeps what `keep` accepts and gives the memory back.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Pair) -> bool) {
        self.list.retain(keep);
        self.list.shrink_to_fit();
    }

    pub(crate) fn clear(&mut self) {
        self.list = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(n: u16, priority: u64, foundation: u32) -> NewPair {
        let path = Path {
            local: "10.0.0.1:1".parse().unwrap(),
            remote: ([10, 0, 0, 2], n).into(),
        };
        NewPair {
            path,
            local: 0,
            remote: 0,
            priority,
            foundation: (0, foundation),
        }
    }

    fn states(pairs: &Pairs) -> Vec<(u16, PairState)> {
        pairs
            .iter()
            .map(|pair| (pair.path.remote.port(), pair.state))
            .collect()
    }

    #[test]
    fn the_highest_pair_of_each_foundation_waits_first() {
        let mut pairs = Pairs::new(10);
        for (n, priority, foundation) in [(1, 10, 7), (2, 30, 7), (3, 20, 8)] {
            pairs.insert(new(n, priority, foundation), false, None).unwrap();
        }
        pairs.unfreeze();
        assert_eq!(
            states(&pairs),
            [
                (2, PairState::Waiting),
                (3, PairState::Waiting),
                (1, PairState::Frozen)
            ]
        );
        assert_eq!(pairs.busy(), 2);
        // A failed pair frees the next of its foundation.
        let first = pairs.iter().next().unwrap().id;
        pairs.get_mut(first).unwrap().state = PairState::Failed;
        pairs.unfreeze();
        assert_eq!(states(&pairs)[2], (1, PairState::Waiting));
    }

    #[test]
    fn success_frees_the_whole_foundation() {
        let mut pairs = Pairs::new(10);
        let first = pairs.insert(new(1, 30, 7), false, None).unwrap();
        pairs.insert(new(2, 20, 7), false, None).unwrap();
        pairs.insert(new(3, 10, 7), false, None).unwrap();
        pairs.unfreeze();
        let pair = pairs.get_mut(first).unwrap();
        (pair.state, pair.valid) = (PairState::Succeeded, true);
        pairs.unfreeze();
        assert_eq!(pairs.busy(), 2);
    }

    #[test]
    fn the_limit_keeps_the_best_and_the_proven() {
        let mut pairs = Pairs::new(2);
        let low = pairs.insert(new(1, 10, 1), false, None).unwrap();
        pairs.insert(new(2, 20, 2), false, None).unwrap();
        assert_eq!(pairs.insert(new(3, 5, 3), false, None), None);
        assert!(pairs.insert(new(4, 15, 4), false, None).is_some());
        assert!(pairs.get(low).is_none());
        let proven = pairs.insert(new(5, 1, 5), true, None).unwrap();
        assert_eq!(pairs.len(), 2);
        // The pair in use is never the one to go, nor are valid ones.
        pairs.get_mut(proven).unwrap().valid = true;
        let other = pairs.iter().next().unwrap().id;
        assert_eq!(pairs.insert(new(6, 99, 6), true, Some(other)), None);
    }
}
