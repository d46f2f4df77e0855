//! What the formats of H.264 and H.265 share: NAL units between start codes (Annex B of both), aggregation, fragments.

mod assembly;
mod cutter;
mod packer;
mod parameter_sets;
mod rbsp;

pub(super) use assembly::Assembly;
pub(super) use cutter::{Cutter, Role};
pub(super) use packer::Format;
pub(super) use rbsp::Rbsp;

/// What stands in front of each NAL unit of a frame.
pub(super) const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// The NAL units of a frame with start codes of three or four bytes; empty ones are left out. Without any start code the frame
/// is one NAL unit.
pub(super) fn units(frame: &[u8]) -> Units<'_> {
    let first = frame.iter().position(|byte| *byte != 0).unwrap_or(frame.len());
    let rest = match frame.split_at_checked(first) {
        Some((zeros, [1, rest @ ..])) if zeros.len() >= 2 => rest,
        _ => frame,
    };
    Units { rest }
}

/// NAL units, in order.
#[derive(Clone, Debug)]
pub(super) struct Units<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let at = find_start_code(self.rest).unwrap_or(self.rest.len());
            let (unit, behind) = self.rest.split_at_checked(at)?;
            self.rest = behind.get(3..).unwrap_or_default();
            // A NAL unit does not end with zeros: they are padding, or the longer start code's.
            let end = unit
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1);
            if let Some(unit) = unit.get(..end).filter(|unit| !unit.is_empty()) {
                return Some(unit);
            }
        }
        None
    }
}

/// Where the first 00 00 01 is. Stretches without two zeros side by side are skipped at once.
fn find_start_code(bytes: &[u8]) -> Option<usize> {
    let is_at = |at: usize| bytes.get(at..).is_some_and(|rest| rest.starts_with(&[0, 0, 1]));
    let mut at = 0;
    while let Some(window) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = has_zeros(window).then(|| (at..at + STRETCH).find(|at| is_at(*at)));
        if let Some(Some(found)) = found {
            return Some(found);
        }
        at += STRETCH;
    }
    (at..bytes.len()).find(|at| is_at(*at))
}

/// Bytes that are looked at together.
const STRETCH: usize = 32;

/// Whether two zeros are side by side; written so that the compiler takes many bytes at a time.
#[inline]
fn has_zeros(window: &[u8; STRETCH + 1]) -> bool {
    let (Some(first), Some(second)) = (window.first_chunk::<STRETCH>(), window.last_chunk::<STRETCH>())
    else {
        return true;
    };
    let mut lowest = u8::MAX;
    for (a, b) in first.iter().zip(second) {
        lowest = lowest.min(a | b);
    }
    lowest == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_start_codes_of_both_lengths() {
        let cases: &[(&[u8], &[&[u8]])] = &[
            (
                &[0, 0, 0, 1, 7, 8, 0, 0, 1, 9, 0, 0, 0, 1, 5, 6],
                &[&[7, 8], &[9], &[5, 6]],
            ),
            (&[0, 0, 1, 7], &[&[7]]),
            (&[7, 8, 9], &[&[7, 8, 9]]),
            (&[7, 8, 0, 0, 1, 9], &[&[7, 8], &[9]]),
            (
                &[0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 1, 8, 0, 0],
                &[&[7], &[8]],
            ),
            (&[0, 0, 1, 0, 0, 1, 0, 0, 1], &[]),
            (&[0, 0, 0], &[]),
            (&[0, 1, 2], &[&[0, 1, 2]]),
            (&[], &[]),
        ];
        for (frame, expected) in cases {
            assert_eq!(units(frame).collect::<Vec<_>>(), *expected, "{frame:?}");
        }
    }

    #[test]
    fn finds_a_start_code_anywhere() {
        for len in 3..100 {
            for at in 0..=len - 3 {
                let mut bytes = vec![0x80; len];
                bytes[at..at + 3].copy_from_slice(&[0, 0, 1]);
                assert_eq!(find_start_code(&bytes), Some(at));
                bytes[at + 2] = 2;
                assert_eq!(find_start_code(&bytes), None);
            }
        }
    }
}
