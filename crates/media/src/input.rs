//! Reading files piece by piece: every length that a file announces is checked against a limit, and memory grows with what
//! has really been read, never with what was announced.

use crate::Error;
use std::io::{self, ErrorKind, Read};

/// Bytes that a buffer grows by at most before they have been read.
const STEP: usize = 64 << 10;

/// A reader that counts.
#[derive(Debug)]
pub(crate) struct Input<R> {
    inner: R,
    offset: u64,
    /// Where the structure begins that is being read.
    mark: u64,
}

impl<R: Read> Input<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self {
            inner,
            offset: 0,
            mark: 0,
        }
    }

    /// Bytes read so far.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// From here on an end of the file is blamed on what begins here.
    pub(crate) const fn begin(&mut self) {
        self.mark = self.offset;
    }

    pub(crate) const fn malformed(&self, reason: &'static str) -> Error {
        Error::Malformed {
            reason,
            offset: self.mark,
        }
    }

    const fn truncated(&self) -> Error {
        Error::Truncated { offset: self.mark }
    }

    /// Reads what there is, at least a byte unless the file ends; returns how much it was.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.offset += count as u64;
                    return Ok(count);
                }
            }
        }
    }

    /// Reads until `buffer` is full or the file ends; returns how much it was.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// The next `N` bytes; `None` when the file ends right here.
    pub(crate) fn optional<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Error> {
        let mut bytes = [0; N];
        match self.fill(&mut bytes)? {
            0 if N > 0 => Ok(None),
            count if count == N => Ok(Some(bytes)),
            _ => Err(self.truncated()),
        }
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.optional()?.ok_or_else(|| self.truncated())
    }

    /// Appends the next `len` bytes to `out`.
    pub(crate) fn append(&mut self, len: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut missing = len;
        while missing > 0 {
            let step = missing.min(STEP);
            let start = out.len();
            out.resize(start + step, 0);
            let filled = self.fill(out.get_mut(start..).unwrap_or_default())?;
            out.truncate(start + filled);
            if filled < step {
                return Err(self.truncated());
            }
            missing -= step;
        }
        Ok(())
    }

    /// Checks an announced length against a limit.
    pub(crate) fn bounded(&self, len: u32, limit: usize) -> Result<usize, Error> {
        let too_large = Error::TooLarge {
            len: len.into(),
            limit: limit as u64,
            offset: self.mark,
        };
        usize::try_from(len)
            .ok()
            .filter(|len| *len <= limit)
            .ok_or(too_large)
    }

    /// Reads past the next `len` bytes; at the end of the file it stops and returns false.
    pub(crate) fn skip(&mut self, len: u64) -> Result<bool, Error> {
        let skipped = io::copy(&mut (&mut self.inner).take(len), &mut io::sink())?;
        self.offset += skipped;
        Ok(skipped == len)
    }

    pub(crate) fn into_inner(self) -> R {
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_length_costs_no_memory_before_it_is_read() {
        let mut input = Input::new(&[7; 10][..]);
        let mut out = Vec::new();
        let result = input.append(usize::MAX / 2, &mut out);
        assert!(matches!(result, Err(Error::Truncated { offset: 0 })));
        assert_eq!(out, [7; 10]);
        assert!(out.capacity() <= 2 * STEP);
    }

    #[test]
    fn the_end_is_clean_or_within() {
        let mut input = Input::new(&[1, 2, 3][..]);
        assert_eq!(input.optional::<2>().unwrap(), Some([1, 2]));
        input.begin();
        assert!(matches!(
            input.optional::<2>(),
            Err(Error::Truncated { offset: 2 })
        ));
        assert!(input.optional::<2>().unwrap().is_none());
        assert_eq!(input.offset, 3);
    }

    #[test]
    fn skips_to_the_end_and_no_further() {
        let mut input = Input::new(&[0; 5][..]);
        assert!(input.skip(3).unwrap());
        assert!(!input.skip(3).unwrap());
        assert_eq!(input.offset, 5);
    }
}
