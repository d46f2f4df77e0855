//! The parameter sets that a stream sent last.

use super::{START_CODE, Units, units};

/// Bytes of parameter sets that are kept; a stream with more of them has to repeat them itself.
const MAX_LEN: usize = 4096;

/// The parameter sets that a stream sent last.
#[derive(Clone, Debug, Default)]
pub(super) struct ParameterSets {
    /// With start codes.
    sets: Vec<u8>,
}

impl ParameterSets {
    /// Those of the last frame that had them, in order.
    pub(super) fn units(&self) -> Units<'_> {
        units(&self.sets)
    }

    /// Takes those of a frame. With a sequence's set among them they replace the old ones, else they come to them.
    pub(super) fn update(&mut self, seen: &SeenSets<'_>) {
        if seen.has_sequence {
            self.sets.clear();
        }
        for set in seen.sets.iter().take(seen.count) {
            if self.units().any(|known| known == *set) {
                continue;
            }
            if self.sets.len() + START_CODE.len() + set.len() > MAX_LEN {
                return self.sets.clear();
            }
            self.sets.extend_from_slice(&START_CODE);
            self.sets.extend_from_slice(set);
        }
    }
}

/// The parameter sets of one frame, the first sixteen of them.
#[derive(Debug, Default)]
pub(super) struct SeenSets<'a> {
    sets: [&'a [u8]; 16],
    count: usize,
    has_sequence: bool,
}

impl<'a> SeenSets<'a> {
    pub(super) fn push(&mut self, set: &'a [u8], is_sequence: bool) {
        self.has_sequence |= is_sequence;
        if let Some(place) = self.sets.get_mut(self.count) {
            *place = set;
            self.count += 1;
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(sets: &mut ParameterSets, frame: &[u8]) -> Vec<Vec<u8>> {
        let mut seen = SeenSets::default();
        for unit in units(frame).filter(|unit| unit[0] < 9) {
            seen.push(unit, unit[0] == 7);
        }
        sets.update(&seen);
        sets.units().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn remembers_the_last_ones() {
        let mut sets = ParameterSets::default();
        assert_eq!(
            update(&mut sets, &[0, 0, 1, 7, 1, 0, 0, 1, 8, 1, 0, 0, 1, 9]),
            [[7, 1], [8, 1]]
        );
        assert_eq!(
            update(&mut sets, &[0, 0, 1, 8, 1, 0, 0, 1, 8, 2]),
            [[7, 1], [8, 1], [8, 2]]
        );
        assert_eq!(update(&mut sets, &[0, 0, 1, 7, 2]), [[7, 2]]);
    }

    #[test]
    fn has_a_bound() {
        let mut sets = ParameterSets::default();
        for n in 0..=255u8 {
            let set = [&[0, 0, 1, 8, n][..], &[1; 100]].concat();
            update(&mut sets, &set);
            assert!(sets.sets.len() <= MAX_LEN);
        }
    }
}
