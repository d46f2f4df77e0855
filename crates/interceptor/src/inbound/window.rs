//! Which of the latest packets of a source came, to drop what comes twice: the copy of a packet that was retransmitted although
//! it was only late, or both a retransmission and its repetition.

use super::source::MAX_MISORDER;

/// Words of the bitmap; it is as long as packets may be late.
const WORDS: usize = MAX_MISORDER as usize / 64;

/// A bit for each of the last 1,024 extended sequence numbers.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    bits: [u64; WORDS],
    highest: u64,
}

impl Window {
    /// Nothing came yet but this one.
    pub(crate) fn starting_at(sequence: u64) -> Self {
        let mut window = Self {
            bits: [0; WORDS],
            highest: sequence,
        };
        window.set(sequence);
        window
    }

    /// Takes note of a packet; false if it came before or is too old to tell.
    #[inline]
    pub(crate) fn insert(&mut self, sequence: u64) -> bool {
        if sequence > self.highest {
            self.clear_up_to(sequence);
            self.highest = sequence;
            self.set(sequence);
            return true;
        }
        if self.highest - sequence >= u64::from(MAX_MISORDER) || self.contains(sequence) {
            return false;
        }
        self.set(sequence);
        true
    }

    /// Whether a packet of the window came.
    pub(crate) fn contains(&self, sequence: u64) -> bool {
        let (word, mask) = place(sequence);
        self.bits.get(word).is_some_and(|bits| bits & mask != 0)
    }

    fn set(&mut self, sequence: u64) {
        let (word, mask) = place(sequence);
        if let Some(bits) = self.bits.get_mut(word) {
            *bits |= mask;
        }
    }

    /// Frees the bits between the highest and a new one.
    #[inline]
    fn clear_up_to(&mut self, sequence: u64) {
        if sequence - self.highest >= u64::from(MAX_MISORDER) {
            self.bits = [0; WORDS];
            return;
        }
        for missing in self.highest + 1..=sequence {
            let (word, mask) = place(missing);
            if let Some(bits) = self.bits.get_mut(word) {
                *bits &= !mask;
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "reduced to the size of the window"
)]
const fn place(sequence: u64) -> (usize, u64) {
    let bit = (sequence % MAX_MISORDER as u64) as usize;
    (bit / 64, 1 << (bit % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn nothing_passes_twice(start in 70_000u64..200_000, steps in prop::collection::vec(0u64..2200, 1..400)) {
            let mut window = Window::starting_at(start);
            let mut seen = BTreeSet::from([start]);
            let mut highest = start;
            for step in steps {
                let sequence = (highest + step).saturating_sub(1100);
                let in_window = sequence > highest || highest - sequence < u64::from(MAX_MISORDER);
                let fresh = in_window && !seen.contains(&sequence);
                prop_assert_eq!(window.insert(sequence), fresh);
                if fresh {
                    seen.insert(sequence);
                    highest = highest.max(sequence);
                }
            }
        }
    }

    #[test]
    fn a_long_jump_empties_it() {
        let mut window = Window::starting_at(5000);
        assert!(window.insert(5000 + 2500));
        for late in 5000 + 2500 - 1023..5000 + 2500 {
            assert!(window.insert(late), "{late}");
        }
        assert!(!window.insert(5000 + 2500 - 1024));
    }
}
