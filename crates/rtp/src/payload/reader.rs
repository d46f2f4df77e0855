//! Reading descriptors and bitstream headers without panics.

use crate::DecodeError;

/// A cursor over bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    pub(super) const fn error(&self, reason: &'static str) -> DecodeError {
        DecodeError::new(reason, self.offset)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.error("truncated"));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(N);
        Ok(*head)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, DecodeError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24(&mut self) -> Result<u32, DecodeError> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.error("truncated"));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(len);
        Ok(head)
    }

    /// Whatever is left.
    #[inline]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// A cursor over bits, the most significant first.
#[derive(Clone, Copy, Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.bit / 8)?;
        let flag = byte >> (7 - self.bit % 8) & 1 == 1;
        self.bit = self.bit.saturating_add(1);
        Some(flag)
    }

    /// Passes over bits, which may lie behind the end.
    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.bit = self.bit.checked_add(count)?;
        Some(())
    }

    /// An unsigned exponential Golomb code, ue(v), of at most 32 bits.
    pub(super) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        match zeros {
            0..32 => Some((1 << zeros) - 1 + self.bits(zeros)?),
            _ => None,
        }
    }

    /// A signed exponential Golomb code, se(v).
    pub(super) fn signed_golomb(&mut self) -> Option<i32> {
        let code = self.golomb()?;
        let magnitude = i32::try_from(code.div_ceil(2)).ok()?;
        Some(if code % 2 == 1 { magnitude } else { -magnitude })
    }

    /// The next `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_golomb_codes() {
        // ITU-T H.264 tables 9-2 and 9-3: 1, 010, 011, 00100, 00101.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = BitReader::new(&bytes);
        let codes: Vec<_> = (0..5).map(|_| bits.golomb().unwrap()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
        let mut bits = BitReader::new(&bytes);
        let codes: Vec<_> = (0..5).map(|_| bits.signed_golomb().unwrap()).collect();
        assert_eq!(codes, [0, 1, -1, 2, -2]);
        let longest = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(BitReader::new(&longest).golomb(), Some(u32::MAX - 1));
        assert_eq!(BitReader::new(&[0; 8]).golomb(), None);
        assert_eq!(BitReader::new(&[]).golomb(), None);
    }
}
