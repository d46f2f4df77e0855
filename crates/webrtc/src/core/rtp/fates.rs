//! What became of the last frames of a stream: all packets of a frame go one way, also those that come late, and a frame
//! that refers to one that was left out cannot be decoded.

/// Words of 64 frames.
const WORDS: usize = 16;

/// Frames that are remembered, by their number.
const WINDOW: u64 = 1024;

/// Which of the last frames were forwarded.
#[derive(Debug, Default)]
pub(super) struct Fates {
    highest: Option<u64>,
    known: [u64; WORDS],
    kept: [u64; WORDS],
}

/// The word and the bit of a frame.
fn place(frame: u64) -> (usize, u64) {
    let word = usize::try_from(frame / 64 % 16).unwrap_or_default();
    (word, 1 << (frame % 64))
}

impl Fates {
    /// Whether a frame comes behind all that are known.
    pub(super) fn is_new(&self, frame: u64) -> bool {
        self.highest.is_none_or(|highest| frame > highest)
    }

    /// Whether a frame was forwarded; `None` when nothing of it has come, or long ago.
    pub(super) fn of(&self, frame: u64) -> Option<bool> {
        let highest = self.highest.filter(|highest| frame <= *highest)?;
        if highest - frame >= WINDOW {
            return None;
        }
        let (word, bit) = place(frame);
        let has = |words: &[u64; WORDS]| words.get(word).is_some_and(|word| word & bit != 0);
        has(&self.known).then(|| has(&self.kept))
    }

    /// A frame is forwarded from here on, or is not.
    pub(super) fn decide(&mut self, frame: u64, is_kept: bool) {
        let before = self.highest.unwrap_or(frame);
        if before.saturating_sub(frame) >= WINDOW {
            return;
        }
        self.highest = Some(before.max(frame));
        // What is between has not come.
        let first = (before + 1).max(frame.saturating_sub(WINDOW - 1));
        for skipped in first..frame {
            self.set(skipped, [false; 2]);
        }
        self.set(frame, [true, is_kept]);
    }

    fn set(&mut self, frame: u64, [is_known, is_kept]: [bool; 2]) {
        let (word, bit) = place(frame);
        for (words, is_set) in [(&mut self.known, is_known), (&mut self.kept, is_kept)] {
            if let Some(word) = words.get_mut(word) {
                *word = if is_set { *word | bit } else { *word & !bit };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_remembered_for_as_long_as_one_can_refer_to_them() {
        let mut fates = Fates::default();
        assert!(fates.is_new(70_000));
        assert_eq!(fates.of(70_000), None);
        fates.decide(70_000, true);
        fates.decide(70_003, false);
        fates.decide(70_001, true);
        let of = |fates: &Fates| [70_000, 70_001, 70_002, 70_003, 70_004].map(|frame| fates.of(frame));
        assert_eq!(of(&fates), [Some(true), Some(true), None, Some(false), None]);
        assert!(!fates.is_new(70_003) && fates.is_new(70_004));
        fates.decide(70_000 + WINDOW, true);
        assert_eq!(of(&fates), [None, Some(true), None, Some(false), None]);
        fates.decide(70_001, false);
        assert_eq!(fates.of(70_001), Some(false));
        fates.decide(69_999, true);
        assert_eq!(fates.of(69_999 + WINDOW), None, "too late to be remembered");
        // A jump is no work.
        fates.decide(u64::MAX / 2, true);
        assert_eq!(of(&fates), [None; 5]);
        assert_eq!(fates.of(u64::MAX / 2 - 1), None);
    }
}
