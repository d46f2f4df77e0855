//! Units that grow at the end of the caller's frame, so that no fragment is copied twice.

use super::super::MAX_UNIT_LEN;
use super::START_CODE;
use crate::DecodeError;

/// Writes NAL units with start codes, whole or fragment by fragment.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Assembly {
    /// Where the incomplete unit lies in the output: its start and its length.
    incomplete: Option<(usize, usize)>,
}

impl Assembly {
    /// Bytes of the incomplete unit.
    pub(in super::super) fn incomplete(&self) -> usize {
        self.incomplete.map_or(0, |(_, len)| len)
    }

    /// Forgets the incomplete unit and leaves the output alone.
    pub(in super::super) fn reset(&mut self) {
        self.incomplete = None;
    }

    /// Removes the incomplete unit from the output, if it is still there.
    pub(in super::super) fn give_up(&mut self, out: &mut Vec<u8>) {
        if let Some((start, len)) = self.incomplete.take()
            && start + len == out.len()
        {
            out.truncate(start);
        }
    }

    /// Appends a whole unit: its header, and what comes behind it.
    pub(in super::super) fn push(&mut self, header: &[u8], data: &[u8], out: &mut Vec<u8>) {
        self.give_up(out);
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(header);
        out.extend_from_slice(data);
    }

    /// Begins a unit with its header and its first fragment.
    pub(in super::super) fn begin(&mut self, header: &[u8], data: &[u8], out: &mut Vec<u8>) {
        self.give_up(out);
        let start = out.len();
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(header);
        out.extend_from_slice(data);
        self.incomplete = Some((start, out.len() - start));
    }

    /// Continues it.
    pub(in super::super) fn extend(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let Some((start, len)) = self.incomplete.filter(|(start, len)| start + len == out.len()) else {
            self.reset();
            return Err(DecodeError::new("a fragment without its beginning", 0));
        };
        if len + data.len() > MAX_UNIT_LEN {
            self.give_up(out);
            return Err(DecodeError::new("more fragments than a unit may have", 0));
        }
        out.extend_from_slice(data);
        self.incomplete = Some((start, len + data.len()));
        Ok(())
    }

    /// Its last fragment was there.
    pub(in super::super) fn end(&mut self) {
        self.incomplete = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_without_its_end_is_removed() {
        let (mut assembly, mut out) = (Assembly::default(), vec![9]);
        assembly.begin(&[0x65], &[1, 2], &mut out);
        assembly.extend(&[3], &mut out).unwrap();
        assert_eq!((assembly.incomplete(), out.len()), (8, 9));
        assembly.push(&[7], &[], &mut out);
        assert_eq!(out, [9, 0, 0, 0, 1, 7]);
    }

    #[test]
    fn an_output_that_changed_is_left_alone() {
        let (mut assembly, mut out) = (Assembly::default(), vec![]);
        assembly.begin(&[0x65], &[1, 2], &mut out);
        out.clear();
        assert!(assembly.extend(&[3], &mut out).is_err());
        assert_eq!((assembly.incomplete(), out.len()), (0, 0));
    }

    #[test]
    fn a_unit_does_not_grow_for_ever() {
        let (mut assembly, mut out) = (Assembly::default(), vec![]);
        let piece = vec![1; 1 << 16];
        assembly.begin(&[0x65], &piece, &mut out);
        while assembly.extend(&piece, &mut out).is_ok() {
            assert!(out.len() <= MAX_UNIT_LEN);
        }
        assert_eq!((assembly.incomplete(), out.len()), (0, 0));
    }
}
