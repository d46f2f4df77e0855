//! A set of TSNs inside a sliding window: one bit each in a ring of words.

use crate::tsn::Tsn;

const WORD: u32 = 64;

/// A set of TSNs that all lie in a window of at most `capacity - 64` numbers. The owner tells where the window starts and
/// clears what it slides past.
#[derive(Debug, Default)]
pub(crate) struct TsnBits {
    /// A power of two of words, or none. Bit `tsn % 64` of word `tsn / 64 % len`.
    words: Vec<u64>,
}

/// The bits `from..to` of a word, `from < 64`, `to <= 64`.
const fn mask(from: u32, to: u32) -> u64 {
    let below_to = if to >= WORD { u64::MAX } else { (1 << to) - 1 };
    below_to & (u64::MAX << from)
}

impl TsnBits {
    /// Makes sure that `count` numbers from `base` can be told apart.
    pub(crate) fn reserve(&mut self, base: Tsn, count: u32) {
        let needed = (count / WORD + 3) as usize;
        if needed <= self.words.len() {
            return;
        }
        let mut grown = Self {
            words: vec![0; needed.next_power_of_two()],
        };
        for step in 0..u32::try_from(self.words.len()).unwrap_or(0) {
            let tsn = base.plus(step.wrapping_mul(WORD));
            if let (Some(old), Some(new)) = (self.words.get(self.index(tsn)), grown.word_mut(tsn)) {
                *new = *old;
            }
        }
        *self = grown;
    }

    /// Gives the memory back. Only when no bit is set.
    pub(crate) fn release(&mut self) {
        debug_assert!(self.words.iter().all(|word| *word == 0), "bits are lost");
        self.words = Vec::new();
    }

    /// True when memory is held.
    pub(crate) const fn is_allocated(&self) -> bool {
        !self.words.is_empty()
    }

    const fn index(&self, tsn: Tsn) -> usize {
        (tsn.0 / WORD) as usize & self.words.len().wrapping_sub(1)
    }

    fn word_mut(&mut self, tsn: Tsn) -> Option<&mut u64> {
        let index = self.index(tsn);
        self.words.get_mut(index)
    }

    fn word(&self, tsn: Tsn) -> u64 {
        self.words.get(self.index(tsn)).copied().unwrap_or(0)
    }

    /// True when `tsn` is in the set.
    pub(crate) fn contains(&self, tsn: Tsn) -> bool {
        self.word(tsn) >> (tsn.0 % WORD) & 1 == 1
    }

    /// Adds one number.
    pub(crate) fn insert(&mut self, tsn: Tsn) {
        if let Some(word) = self.word_mut(tsn) {
            *word |= 1 << (tsn.0 % WORD);
        }
    }

    /// Adds `count` numbers from `from` and calls `added` for those that were not there.
    pub(crate) fn insert_range(&mut self, from: Tsn, count: u32, mut added: impl FnMut(Tsn)) {
        for_words(from, count, |tsn, mask| {
            let Some(word) = self.word_mut(tsn) else { return };
            let mut fresh = mask & !*word;
            *word |= mask;
            let word_start = Tsn(tsn.0 & !(WORD - 1));
            while fresh != 0 {
                added(word_start.plus(fresh.trailing_zeros()));
                fresh &= fresh - 1;
            }
        });
    }

    /// Removes `count` numbers from `from`.
    pub(crate) fn remove_range(&mut self, from: Tsn, count: u32) {
        for_words(from, count, |tsn, mask| {
            if let Some(word) = self.word_mut(tsn) {
                *word &= !mask;
            }
        });
    }

    /// How many numbers from `from`, at most `limit`, are all in the set (`present`) or all not in it.
    pub(crate) fn run(&self, from: Tsn, limit: u32, present: bool) -> u32 {
        let mut done = 0;
        while done < limit {
            let tsn = from.plus(done);
            let bit = tsn.0 % WORD;
            let word = if present { !self.word(tsn) } else { self.word(tsn) } >> bit;
            let same = word.trailing_zeros().min(WORD - bit);
            done += same;
            if same < WORD - bit {
                break;
            }
        }
        done.min(limit)
    }
}

/// Splits `count` numbers from `from` at word borders: calls `f` with a number of the word and the mask in it.
fn for_words(from: Tsn, count: u32, mut f: impl FnMut(Tsn, u64)) {
    let mut done = 0;
    while done < count {
        let tsn = from.plus(done);
        let bit = tsn.0 % WORD;
        let here = (WORD - bit).min(count - done);
        f(tsn, mask(bit, bit + here));
        done += here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn behaves_like_a_set_across_the_wrap() {
        let base = Tsn(u32::MAX - 100);
        let mut bits = TsnBits::default();
        let mut model = BTreeSet::new();
        let mut state = 12345_u32;
        for _ in 0..400 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let offset = (state >> 16) % 900;
            let count = (state >> 8) % 90;
            bits.reserve(base, offset + count + 1);
            if state.is_multiple_of(3) {
                bits.remove_range(base.plus(offset), count);
                model.retain(|o| !(offset..offset + count).contains(o));
            } else {
                let mut fresh = Vec::new();
                bits.insert_range(base.plus(offset), count, |tsn| fresh.push(tsn.since(base)));
                let expected: Vec<u32> = (offset..offset + count).filter(|o| model.insert(*o)).collect();
                assert_eq!(fresh, expected);
            }
            for o in 0..1000 {
                assert_eq!(bits.contains(base.plus(o)), model.contains(&o), "offset {o}");
            }
            let run = bits.run(base.plus(offset), 300, true);
            let expected = (offset..offset + 300).take_while(|o| model.contains(o)).count();
            assert_eq!(run as usize, expected);
            let run = bits.run(base.plus(offset), 300, false);
            let expected = (offset..offset + 300).take_while(|o| !model.contains(o)).count();
            assert_eq!(run as usize, expected);
        }
    }

    #[test]
    fn an_empty_set_holds_no_memory_and_answers() {
        let bits = TsnBits::default();
        assert!(!bits.is_allocated());
        assert!(!bits.contains(Tsn(5)));
        assert_eq!(bits.run(Tsn(5), 1000, false), 1000);
        assert_eq!(bits.run(Tsn(5), 1000, true), 0);
    }
}
