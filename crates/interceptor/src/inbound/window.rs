//! Which of the latest packets of a source came, to drop what comes twice: the copy of a packet that was retransmitted although
//! it was only late, or both a retransmission and its repetition. And which of them end frames, to tell when one is whole.

use super::source::MAX_MISORDER;

/// Words of the bitmap; it is as long as packets may be late.
const WORDS: usize = MAX_MISORDER as usize / 64;

/// Two bits for each of the last 1,024 extended sequence numbers.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    bits: [u64; WORDS],
    /// Packets that came and end a frame.
    ends: [u64; WORDS],
    highest: u64,
    /// The first packet: its frame is taken to begin with it.
    first: u64,
}

impl Window {
    /// Nothing came yet but this one.
    pub(crate) fn starting_at(sequence: u64) -> Self {
        let mut window = Self {
            bits: [0; WORDS],
            ends: [0; WORDS],
            highest: sequence,
            first: sequence,
        };
        window.set(sequence);
        window
    }

    /// A packet that has just been inserted ends a frame, or not. Gives how many frames are whole by it: its own, and the
    /// next, whose beginning was not known. Takes as many steps as these have packets.
    #[inline]
    pub(crate) fn completed_by(&mut self, sequence: u64, ends_frame: bool) -> u64 {
        if ends_frame {
            set(&mut self.ends, sequence);
        } else if sequence == self.highest {
            return 0;
        }
        if sequence < self.first {
            // The frame of what was the first packet counts already, or not, as if it had begun with that.
            self.first = sequence;
            return 0;
        }
        let own = self.is_whole_behind(sequence) && self.is_whole_before(sequence);
        let next = ends_frame && sequence < self.highest && self.is_whole_behind(sequence + 1);
        u64::from(own) + u64::from(next)
    }

    /// Whether all packets came from this one to the end of its frame.
    fn is_whole_behind(&self, sequence: u64) -> bool {
        let mut here = (sequence..=self.highest).take_while(|sequence| self.contains(*sequence));
        here.any(|sequence| is_set(&self.ends, sequence))
    }

    /// Whether all packets came from the beginning of its frame to this one.
    fn is_whole_before(&self, sequence: u64) -> bool {
        let oldest = self.highest.saturating_sub(u64::from(MAX_MISORDER) - 1);
        let mut before = (oldest.max(self.first)..sequence).rev();
        match before.find(|sequence| is_set(&self.ends, *sequence) || !self.contains(*sequence)) {
            Some(sequence) => is_set(&self.ends, sequence),
            None => self.first >= oldest,
        }
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
        is_set(&self.bits, sequence)
    }

    fn set(&mut self, sequence: u64) {
        set(&mut self.bits, sequence);
    }

    /// Frees the bits between the highest and a new one.
    #[inline]
    fn clear_up_to(&mut self, sequence: u64) {
        if sequence - self.highest >= u64::from(MAX_MISORDER) {
            self.bits = [0; WORDS];
            self.ends = [0; WORDS];
            return;
        }
        for missing in self.highest + 1..=sequence {
            let (word, mask) = place(missing);
            if let (Some(bits), Some(ends)) = (self.bits.get_mut(word), self.ends.get_mut(word)) {
                *bits &= !mask;
                *ends &= !mask;
            }
        }
    }
}

fn is_set(bits: &[u64; WORDS], sequence: u64) -> bool {
    let (word, mask) = place(sequence);
    bits.get(word).is_some_and(|bits| bits & mask != 0)
}

fn set(bits: &mut [u64; WORDS], sequence: u64) {
    let (word, mask) = place(sequence);
    if let Some(bits) = bits.get_mut(word) {
        *bits |= mask;
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

    proptest! {
        /// Packets in any order, some never: a frame is whole when all of it is there and where it begins is known.
        #[test]
        fn frames_are_counted_once_when_they_are_whole(
            packets in prop::collection::vec((any::<bool>(), 0u32..20, any::<bool>()), 2..200),
            start in 70_000u64..140_000,
        ) {
            let ends: Vec<bool> = packets.iter().map(|(end, ..)| *end).collect();
            let mut order: Vec<usize> = (1..packets.len()).filter(|index| packets[*index].1 > 0 || packets[*index].2).collect();
            // Late by up to 20 places.
            order.sort_by_key(|index| index + usize::try_from(packets[*index].1).unwrap());
            let came: BTreeSet<usize> = order.iter().copied().chain([0]).collect();
            let mut window = Window::starting_at(start);
            let mut count = window.completed_by(start, ends[0]);
            for index in order {
                let sequence = start + index as u64;
                prop_assert!(window.insert(sequence));
                count += window.completed_by(sequence, ends[index]);
            }
            let mut expected = 0;
            let mut is_whole = true;
            for (index, ends) in ends.iter().enumerate() {
                is_whole &= came.contains(&index);
                if *ends {
                    expected += u64::from(is_whole);
                    is_whole = came.contains(&index);
                }
            }
            prop_assert_eq!(count, expected);
        }
    }

    #[test]
    fn a_frame_longer_than_the_window_is_not_known_to_be_whole() {
        let mut window = Window::starting_at(70_000);
        for sequence in 70_001..70_000 + 1024 {
            window.insert(sequence);
            assert_eq!(window.completed_by(sequence, false), 0);
        }
        let mut longer = window.clone();
        assert!(longer.insert(71_024));
        assert_eq!(longer.completed_by(71_024, true), 0);
        assert_eq!(window.completed_by(71_023, true), 1, "this one just fits");
        assert!(window.insert(69_999 + 1026));
        assert_eq!(window.completed_by(71_025, true), 0, "71,024 is missing");
        assert!(window.insert(71_024));
        assert_eq!(window.completed_by(71_024, false), 1);
        // Before the first: nothing that was counted counts again.
        let mut window = Window::starting_at(70_000);
        assert_eq!(window.completed_by(70_000, true), 1);
        assert!(window.insert(69_999));
        assert_eq!(window.completed_by(69_999, false), 0);
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
