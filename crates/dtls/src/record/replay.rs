//! The anti-replay window (RFC 6347 §4.1.2.6): a ring of bits, so that moving it forward costs one word.

const WORDS: usize = 16;
/// Records that the ring has bits for.
const MAX_WINDOW: u64 = 64 * WORDS as u64;

/// Remembers which of the latest records were received.
///
/// A number is checked before a record is opened and noted only after its tag was verified, so that forged
/// records cannot move the window.
#[derive(Clone, Debug)]
pub struct ReplayWindow {
    /// One past the highest number received.
    next: u64,
    width: u64,
    bits: [u64; WORDS],
}

impl ReplayWindow {
    /// A window over the last `width` records: rounded up to a multiple of 64, from 64 to 960
    /// (one word of the ring of 1024 is always being refilled).
    pub fn new(width: usize) -> Self {
        let width = u64::try_from(width).unwrap_or(MAX_WINDOW);
        let width = width.clamp(64, MAX_WINDOW - 64).next_multiple_of(64);
        Self {
            next: 0,
            width,
            bits: [0; WORDS],
        }
    }

    /// Whether `number` is neither too old nor known.
    pub fn is_new(&self, number: u64) -> bool {
        if number >= self.next {
            return true;
        }
        self.next - number <= self.width && self.word(number) & bit(number) == 0
    }

    /// Notes a verified record.
    pub fn insert(&mut self, number: u64) {
        if number >= self.next {
            self.advance(number);
        } else if self.next - number > self.width {
            return;
        }
        if let Some(word) = self.bits.get_mut(index(number)) {
            *word |= bit(number);
        }
    }

    fn advance(&mut self, number: u64) {
        // The word of the highest number so far is in use; everything after it up to the new one is stale.
        let first = if self.next == 0 {
            0
        } else {
            (self.next - 1) / 64 + 1
        };
        let last = number / 64;
        if self.next == 0 || last - first.min(last) >= WORDS as u64 {
            if last >= first {
                self.bits = [0; WORDS];
            }
        } else {
            for word in first..=last {
                if let Some(word) = self.bits.get_mut(index(word * 64)) {
                    *word = 0;
                }
            }
        }
        self.next = number + 1;
    }

    fn word(&self, number: u64) -> u64 {
        self.bits.get(index(number)).copied().unwrap_or(u64::MAX)
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number / 64 % WORDS as u64).unwrap_or(0)
}

fn bit(number: u64) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn accepts_each_number_once() {
        let mut window = ReplayWindow::new(64);
        for number in [0, 5, 3, 4, 1, 2, 63, 64] {
            assert!(window.is_new(number), "{number}");
            window.insert(number);
            assert!(!window.is_new(number), "{number}");
        }
    }

    #[test]
    fn refuses_what_is_older_than_the_window() {
        let mut window = ReplayWindow::new(64);
        window.insert(1000);
        assert!(window.is_new(1000 - 63));
        assert!(!window.is_new(1000 - 64));
        assert!(!window.is_new(0));
        window.insert(0);
        assert!(window.is_new(999));
    }

    #[test]
    fn survives_the_last_number() {
        let mut window = ReplayWindow::new(128);
        window.insert((1 << 48) - 1);
        assert!(!window.is_new((1 << 48) - 1));
        assert!(window.is_new((1 << 48) - 2));
    }

    #[test]
    fn agrees_with_a_set() {
        let mut state = 7u64;
        for width in [64, 65, 256, 1024] {
            let mut window = ReplayWindow::new(width);
            let effective = window.width;
            let (mut seen, mut highest) = (HashSet::new(), None::<u64>);
            for _ in 0..20_000 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let base = highest.unwrap_or(0);
                let number = match state >> 61 {
                    0 => base.saturating_sub((state >> 20) % 2000),
                    1 => base + (state >> 20) % 2500,
                    _ => (base + (state >> 20) % 40).saturating_sub(20),
                };
                let old = highest.is_some_and(|highest| highest >= number && highest - number >= effective);
                let expected = !old && !seen.contains(&number);
                assert_eq!(
                    window.is_new(number),
                    expected,
                    "width {width} number {number} highest {highest:?}"
                );
                if expected {
                    window.insert(number);
                    seen.insert(number);
                    highest = Some(base.max(number));
                }
            }
        }
    }
}
