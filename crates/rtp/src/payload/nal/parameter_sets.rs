//! Parameter sets that a receiver who joins late still needs: RFC 7742 §6.2 has them travel in the stream.

use super::{START_CODE, Units, units};

/// Bytes of parameter sets that are kept; a stream with more of them has to repeat them itself.
const MAX_LEN: usize = 4096;

/// The parameter sets that a stream sent last.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct ParameterSets {
    /// With start codes.
    sets: Vec<u8>,
}

impl ParameterSets {
    /// Those of the last frame that had them, in order.
    pub(in super::super) fn units(&self) -> Units<'_> {
        units(&self.sets)
    }

    /// Takes those of a frame. With a sequence's set among them they replace the old ones, else they come to them.
    pub(in super::super) fn update(
        &mut self,
        frame: &[u8],
        is_set: fn(&[u8]) -> bool,
        is_sequence: fn(&[u8]) -> bool,
    ) {
        if units(frame).any(is_sequence) {
            self.sets.clear();
        }
        for set in units(frame).filter(|unit| is_set(unit)) {
            if self.units().any(|known| known == set) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn update(sets: &mut ParameterSets, frame: &[u8]) -> Vec<Vec<u8>> {
        sets.update(frame, |unit| unit[0] < 9, |unit| unit[0] == 7);
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
