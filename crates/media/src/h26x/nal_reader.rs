//! NAL units out of a file that is larger than memory.

use super::nal::{START_CODE_LEN, find_start_code, trim};
use crate::Error;
use crate::input::Input;
use std::io::Read;
use std::ops::Range;

/// Bytes that are read at a time.
const STEP: usize = 16 << 10;

/// Reads a file NAL unit by NAL unit. It has a buffer of its own: give it a `File`.
#[derive(Debug)]
pub struct NalReader<R> {
    input: Input<R>,
    buffer: Vec<u8>,
    /// Where the next unit begins, behind its start code; while none has been found, where to look for one.
    start: usize,
    /// Up to where the buffer has been searched.
    searched: usize,
    has_begun: bool,
    max_unit: usize,
}

impl<R: Read> NalReader<R> {
    /// The largest unit that is accepted unless told otherwise: 16 MiB.
    pub const MAX_UNIT: usize = 16 << 20;

    /// Begins to read.
    pub const fn new(inner: R) -> Self {
        Self {
            input: Input::new(inner),
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            has_begun: false,
            max_unit: Self::MAX_UNIT,
        }
    }

    /// Changes the largest unit that is accepted, in bytes. Default [`MAX_UNIT`](Self::MAX_UNIT).
    #[must_use]
    pub const fn with_max_unit(mut self, bytes: usize) -> Self {
        self.max_unit = bytes;
        self
    }

    /// The next unit without its start code, `None` at the end of the file. The last unit ends with the file, cut or not.
    ///
    /// # Errors
    /// There is no start code within the limit, a unit is larger than it, or reading fails.
    pub fn next_unit(&mut self) -> Result<Option<&[u8]>, Error> {
        let range = self.advance()?;
        Ok(range.and_then(|range| self.buffer.get(range)))
    }

    /// Bytes of the file that have been read, of which some may still be in the buffer.
    pub(super) const fn offset(&self) -> u64 {
        self.input.offset()
    }

    fn advance(&mut self) -> Result<Option<Range<usize>>, Error> {
        loop {
            let Some(end) = find_start_code(&self.buffer, self.searched) else {
                // The last two bytes may begin a start code.
                self.searched = self
                    .buffer
                    .len()
                    .saturating_sub(START_CODE_LEN - 1)
                    .max(self.start);
                if self.read_more()? {
                    continue;
                }
                let range = self.unit(self.buffer.len());
                self.start = self.buffer.len();
                return Ok(range);
            };
            let range = self.unit(end);
            self.start = end + START_CODE_LEN;
            self.searched = self.start;
            self.has_begun = true;
            if range.is_some() {
                return Ok(range);
            }
        }
    }

    /// What stands between the last start code and `end`, if that is anything.
    fn unit(&self, end: usize) -> Option<Range<usize>> {
        let unit = trim(self.buffer.get(self.start..end).unwrap_or_default());
        (self.has_begun && !unit.is_empty()).then(|| self.start..self.start + unit.len())
    }

    fn read_more(&mut self) -> Result<bool, Error> {
        let len = self.buffer.len() - self.start;
        if len > self.max_unit {
            let (len, limit) = (len as u64, self.max_unit as u64);
            return match self.has_begun {
                true => Err(Error::TooLarge {
                    len,
                    limit,
                    offset: self.input.offset() - len,
                }),
                false => Err(self.input.malformed("no start code of H.264 or H.265")),
            };
        }
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.resize(len + STEP, 0);
        let count = self.input.read(self.buffer.get_mut(len..).unwrap_or_default());
        self.buffer
            .truncate(len + count.as_ref().map_or(0, |count| *count));
        Ok(count? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::nal_units;
    use super::*;
    use proptest::prelude::*;

    /// Gives out a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let len = self.1.min(buffer.len());
            self.0.read(&mut buffer[..len])
        }
    }

    fn read(stream: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = NalReader::new(stream);
        std::iter::from_fn(|| reader.next_unit().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn units_across_reads() {
        let unit = |len: usize, fill| vec![fill; len];
        let units: Vec<_> = [1, STEP - 4, STEP - 3, 5, 3 * STEP, STEP - 2, 2]
            .into_iter()
            .zip(2..)
            .map(|(len, fill)| unit(len, fill))
            .collect();
        let stream: Vec<u8> = units
            .iter()
            .flat_map(|unit| [&[0, 0, 0, 1][..], unit].concat())
            .collect();
        assert_eq!(read(&stream), units);
    }

    #[test]
    fn limits_hold() {
        let mut stream = vec![0, 0, 1];
        stream.resize(400_000, 7);
        let mut reader = NalReader::new(&stream[..]).with_max_unit(100_000);
        assert!(matches!(
            reader.next_unit(),
            Err(Error::TooLarge {
                limit: 100_000,
                offset: 3,
                ..
            })
        ));
        assert!(reader.buffer.capacity() < 500_000);
        let mut reader = NalReader::new(&stream[3..]).with_max_unit(100_000);
        assert!(matches!(reader.next_unit(), Err(Error::Malformed { .. })));
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert!(read(b"").is_empty());
        assert!(read(b"\0\0\0\0\0").is_empty());
        assert!(read(b"text").is_empty());
    }

    proptest! {
        #[test]
        fn reads_what_a_split_in_memory_gives(stream in prop::collection::vec(0..4_u8, 0..300), step in 1..9_usize) {
            let mut reader = NalReader::new(Trickle(&stream, step));
            for unit in nal_units(&stream) {
                prop_assert_eq!(reader.next_unit().unwrap(), Some(unit));
            }
            prop_assert_eq!(reader.next_unit().unwrap(), None);
            prop_assert_eq!(reader.next_unit().unwrap(), None);
        }
    }
}
