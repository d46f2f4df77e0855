//! Replay protection (RFC 3711 §3.3.2): a ring of bits over packet indices, so that moving it forward costs a word.

/// Remembers which of the latest packets of one SSRC were seen, in a ring of `WORDS` words.
///
/// An index is checked before the tag is, and noted only afterwards, so that forged packets cannot move the window.
#[derive(Clone, Debug)]
pub(crate) struct ReplayWindow<const WORDS: usize> {
    /// One past the highest index seen; 0 if there was none.
    next: u64,
    width: u64,
    bits: [u64; WORDS],
}

impl<const WORDS: usize> ReplayWindow<WORDS> {
    /// A window over the last `width` indices: rounded up to a multiple of 64, from 64 to a word less than the ring,
    /// since one word is always being refilled.
    pub(crate) fn new(width: usize) -> Self {
        let most = 64 * (WORDS as u64 - 1);
        let width = u64::try_from(width).unwrap_or(most).clamp(64, most);
        Self {
            next: 0,
            width: width.next_multiple_of(64),
            bits: [0; WORDS],
        }
    }

    /// A window that knows no more than that everything below `next` counts as seen.
    pub(crate) fn seen_below(next: u64, width: usize) -> Self {
        let mut window = Self {
            next,
            bits: [u64::MAX; WORDS],
            ..Self::new(width)
        };
        if let Some(word) = window.bits.get_mut(Self::place(next)) {
            *word = bit(next) - 1;
        }
        window
    }

    /// The highest index seen.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    /// The index behind the highest seen.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// Goes on behind `next`, as if nothing below had been seen.
    pub(crate) fn restart(&mut self, next: u64) {
        self.next = next;
        self.bits = [0; WORDS];
    }

    /// Whether `index` is neither too old nor known.
    pub(crate) fn is_new(&self, index: u64) -> bool {
        if index >= self.next {
            return true;
        }
        let word = self.bits.get(Self::place(index)).copied().unwrap_or(u64::MAX);
        self.next - index <= self.width && word & bit(index) == 0
    }

    /// Notes an index.
    pub(crate) fn insert(&mut self, index: u64) {
        if index >= self.next {
            self.advance(index);
        } else if self.next - index > self.width {
            return;
        }
        if let Some(word) = self.bits.get_mut(Self::place(index)) {
            *word |= bit(index);
        }
    }

    /// Clears the words between the highest index so far and `index`.
    fn advance(&mut self, index: u64) {
        let stale = self.next.div_ceil(64)..=index / 64;
        self.next = index + 1;
        if stale.end() - stale.start().min(stale.end()) >= WORDS as u64 {
            self.bits = [0; WORDS];
            return;
        }
        for word in stale {
            if let Some(word) = self.bits.get_mut(Self::place(word * 64)) {
                *word = 0;
            }
        }
    }

    fn place(index: u64) -> usize {
        usize::try_from(index / 64 % WORDS as u64).unwrap_or(0)
    }
}

fn bit(index: u64) -> u64 {
    1 << (index % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn accepts_each_index_once() {
        let mut window = ReplayWindow::<4>::new(64);
        for index in [0, 5, 3, 63, 64, 4, 1, 2, 190] {
            assert!(window.is_new(index), "{index}");
            window.insert(index);
            assert!(!window.is_new(index), "{index}");
        }
    }

    #[test]
    fn refuses_what_is_older_than_the_window() {
        let mut window = ReplayWindow::<32>::new(1024);
        window.insert(5000);
        assert!(window.is_new(5000 - 1023));
        assert!(!window.is_new(5000 - 1024));
        window.insert(0);
        assert!(window.is_new(4999), "an old index has no place to be noted in");
    }

    #[test]
    fn what_was_forgotten_counts_as_seen() {
        for next in [0, 1, 63, 64, 65, 1000, 1024, 5000] {
            let mut window = ReplayWindow::<4>::seen_below(next, 128);
            assert_eq!(window.next(), next);
            assert!((0..next).all(|index| !window.is_new(index)), "{next}");
            for index in [next + 3, next, next + 90, next + 1] {
                assert!(window.is_new(index), "{next}: {index}");
                window.insert(index);
                assert!(!window.is_new(index), "{next}: {index}");
            }
            assert!(window.is_new(next + 2) && window.is_new(next + 89), "{next}");
            assert!((0..next).all(|index| !window.is_new(index)), "{next}");
        }
    }

    #[test]
    fn width_is_bounded_by_the_ring() {
        for (asked, width) in [(0, 64), (64, 64), (65, 128), (1984, 1984), (usize::MAX, 1984)] {
            assert_eq!(ReplayWindow::<32>::new(asked).width, width);
        }
    }

    #[test]
    fn survives_the_last_index() {
        let mut window = ReplayWindow::<4>::new(128);
        window.insert((1 << 48) - 1);
        assert!(!window.is_new((1 << 48) - 1));
        assert!(window.is_new((1 << 48) - 2));
    }

    proptest! {
        #[test]
        fn agrees_with_a_set(
            width in 1_usize..300,
            steps in prop::collection::vec((0_u8..8, 0_i64..600), 1..400),
        ) {
            let mut window = ReplayWindow::<4>::new(width);
            let mut seen = BTreeSet::new();
            for (kind, step) in steps {
                let highest: u64 = seen.last().copied().unwrap_or(0);
                let offset = if kind == 0 { step } else { step % 150 - 130 };
                let index = highest.saturating_add_signed(offset);
                let old = !seen.is_empty() && index + window.width <= highest;
                let expected = !old && !seen.contains(&index);
                prop_assert_eq!(window.is_new(index), expected, "index {} highest {}", index, highest);
                if expected {
                    window.insert(index);
                    seen.insert(index);
                    prop_assert_eq!(window.highest(), seen.last().copied());
                }
            }
        }
    }
}
