//! AV1 RTP specification A.8.2: bits, and numbers in as many bits as their range needs.

use crate::DecodeError;

/// Reads from the first bit of each byte on.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits that were read.
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// `f(n)`, for up to 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Result<u32, DecodeError> {
        let mut value = 0_u64;
        let mut missing = count;
        while missing > 0 {
            let byte = *self
                .bytes
                .get(self.position / 8)
                .ok_or(DecodeError::new("descriptor is cut off", self.bytes.len()))?;
            // 1 to 8: what the byte has left, or less.
            let left = u32::try_from(8 - self.position % 8).unwrap_or(8);
            let taken = left.min(missing);
            value = value << taken | u64::from(byte) >> (left - taken) & ((1 << taken) - 1);
            self.position += usize::try_from(taken).unwrap_or_default();
            missing -= taken;
        }
        // At most 32 bits were gathered.
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// Up to 8 bits.
    pub(super) fn small(&mut self, count: u32) -> Result<u8, DecodeError> {
        let value = self.bits(count.min(8))?;
        Ok(u8::try_from(value).unwrap_or(u8::MAX))
    }

    /// `f(1)`.
    pub(super) fn flag(&mut self) -> Result<bool, DecodeError> {
        Ok(self.bits(1)? != 0)
    }

    /// `ns(n)`: a number below `n`.
    pub(super) fn non_symmetric(&mut self, n: u32) -> Result<u32, DecodeError> {
        let (width, short) = range(n);
        let value = self.bits(width - 1)?;
        if value < short {
            return Ok(value);
        }
        Ok((value << 1) - short + self.bits(1)?)
    }

    /// Where the next bit is, in whole bytes.
    pub(super) const fn offset(&self) -> usize {
        self.position / 8
    }
}

/// The bits that the largest number below `n` may need, and how many numbers need one less.
const fn range(n: u32) -> (u32, u32) {
    let n = if n == 0 { 1 } else { n };
    let width = u32::BITS - n.leading_zeros();
    (width, (1 << width) - n)
}

/// Appends bits to bytes.
#[derive(Debug)]
pub(super) struct BitWriter<'o> {
    out: &'o mut Vec<u8>,
    /// Bits of the last byte that are free.
    free: u32,
}

impl<'o> BitWriter<'o> {
    pub(super) const fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, free: 0 }
    }

    /// The low `count` bits of a value, up to 32.
    pub(super) fn bits(&mut self, count: u32, value: u32) {
        let mut missing = count;
        while missing > 0 {
            if self.free == 0 {
                self.out.push(0);
                self.free = 8;
            }
            let taken = missing.min(self.free);
            let part = u64::from(value) >> (missing - taken) & ((1 << taken) - 1);
            if let Some(last) = self.out.last_mut() {
                // Eight bits at most.
                *last |= u8::try_from(part << (self.free - taken)).unwrap_or_default();
            }
            self.free -= taken;
            missing -= taken;
        }
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.bits(1, flag.into());
    }

    /// `write_ns(n, v)`.
    pub(super) fn non_symmetric(&mut self, n: u32, value: u32) {
        let (width, short) = range(n);
        match value < short {
            true => self.bits(width - 1, value),
            false => self.bits(width, value + short),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_symmetric_numbers_are_those_of_the_table() {
        let mut bytes = Vec::new();
        let mut writer = BitWriter::new(&mut bytes);
        for value in 0..5 {
            writer.non_symmetric(5, value);
        }
        assert_eq!(bytes, [0b0001_1011, 0b0111_0000], "00 01 10 110 111");
        let mut reader = BitReader::new(&bytes);
        for value in 0..5 {
            assert_eq!(reader.non_symmetric(5).unwrap(), value);
        }
    }

    #[test]
    fn numbers_of_every_range_come_back() {
        for n in 1..=33 {
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            for value in 0..n {
                writer.non_symmetric(n, value);
            }
            let mut reader = BitReader::new(&bytes);
            for value in 0..n {
                assert_eq!(reader.non_symmetric(n).unwrap(), value, "of {n}");
            }
        }
    }

    #[test]
    fn bits_cross_bytes_and_end() {
        let mut bytes = Vec::new();
        let mut writer = BitWriter::new(&mut bytes);
        for (count, value) in [(3, 0b101), (12, 0xabc), (32, 0xdead_beef), (1, 1)] {
            writer.bits(count, value);
        }
        let mut reader = BitReader::new(&bytes);
        for (count, value) in [(3, 0b101), (12, 0xabc), (32, 0xdead_beef), (1, 1)] {
            assert_eq!(reader.bits(count).unwrap(), value);
        }
        assert_eq!(reader.offset(), bytes.len());
        assert_eq!(reader.bits(1).unwrap_err().reason(), "descriptor is cut off");
    }
}
