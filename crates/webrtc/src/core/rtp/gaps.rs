//! Sequence numbers of a source under which it sent nothing for others: packets of padding alone, which probe the path
//! (RFC 3550 §5.1), and those of layers that somebody does not get. A forwarder leaves them out, and who receives from it must
//! not miss them.

use std::collections::VecDeque;

/// Closed gaps that are remembered, so that late packets from before them keep their numbers.
const MAX_CLOSED: usize = 1024;

/// A packet further behind is not late, but of another cycle.
const CYCLE: u16 = 0x4000;

/// The gaps of one source.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// The highest number so far.
    highest: Option<u16>,
    /// In their order.
    closed: VecDeque<u16>,
    /// The last one that had to be forgotten.
    forgotten: Option<u16>,
}

impl Gaps {
    /// Whether it is known how many gaps were closed behind a number.
    pub(super) fn knows(&self, number: u16) -> bool {
        let is_behind = |forgotten: u16| forgotten.wrapping_sub(number) < CYCLE;
        !self.forgotten.is_some_and(is_behind)
    }

    pub(super) fn is_closed(&self, number: u16) -> bool {
        self.closed.contains(&number)
    }

    /// Nothing is to be sent under a number. Returns whether a gap has to be closed, which is not so when it was before;
    /// `None` when numbers behind it are in use.
    pub(super) fn close(&mut self, number: u16) -> Option<bool> {
        if self.is_closed(number) {
            return Some(false);
        }
        if !self.is_new(number) {
            return None;
        }
        self.pass(number);
        self.closed.push_back(number);
        if self.closed.len() > MAX_CLOSED {
            self.forgotten = self.closed.pop_front();
        }
        Some(true)
    }

    /// A packet is to be sent. Returns how many gaps were closed behind its number.
    #[inline]
    pub(super) fn pass(&mut self, number: u16) -> u16 {
        if self.is_new(number) {
            self.highest = Some(number);
            let is_old = |gap: u16| number.wrapping_sub(gap) > CYCLE;
            while self.closed.front().is_some_and(|gap| is_old(*gap)) {
                self.closed.pop_front();
            }
            self.forgotten.take_if(|gap| is_old(*gap));
        }
        let closed = self.closed.iter().rev();
        let behind = closed.take_while(|gap| (1..0x8000).contains(&gap.wrapping_sub(number)));
        u16::try_from(behind.count()).unwrap_or_default()
    }

    fn is_new(&self, number: u16) -> bool {
        let ahead = |highest| (1..0x8000).contains(&number.wrapping_sub(highest));
        self.highest.is_none_or(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_packets_keep_their_places_between_closed_gaps() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.pass(65_530), 0);
        assert_eq!(gaps.close(65_533), Some(true));
        assert_eq!(gaps.close(65_533), Some(false), "once is enough");
        assert_eq!(gaps.pass(1), 0);
        assert_eq!(gaps.close(2), Some(true));
        assert_eq!((gaps.pass(65_531), gaps.pass(65_534), gaps.pass(3)), (2, 1, 0));
        assert_eq!(gaps.close(0), None, "what is behind has its number");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_ends_with_the_cycle() {
        let mut gaps = Gaps::default();
        let bound = u16::try_from(MAX_CLOSED).unwrap();
        for number in 0..bound + 10 {
            gaps.pass(number * 2);
            assert_eq!(gaps.close(number * 2 + 1), Some(true));
        }
        assert_eq!(gaps.closed.len(), MAX_CLOSED);
        assert!(!gaps.knows(18) && !gaps.knows(19) && gaps.knows(20));
        assert_eq!(gaps.pass(20), bound);
        // Three quarters of a cycle later these numbers mean others.
        for number in [0x3000, 0x6000, 0x9000, 0xc000] {
            gaps.pass(number);
        }
        assert!(gaps.closed.is_empty() && gaps.knows(18));
        assert_eq!((gaps.pass(20), gaps.pass(19)), (0, 0));
    }
}
