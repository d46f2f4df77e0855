//! RFC 7741 §4.2 and RFC 9628 §4.2: the running number of pictures, in 7 or 15 bits.

use super::reader::Reader;
use crate::DecodeError;

/// The picture ID of a VP8 or VP9 payload descriptor.
///
/// ```
/// use rtp::payload::PictureId;
///
/// assert_eq!(PictureId::long(0x7fff).next(), PictureId::long(0));
/// assert_eq!(PictureId::short(0x7f).next(), PictureId::short(0));
/// assert_eq!(PictureId::long(2).distance_from(PictureId::long(0x7ffe)), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PictureId {
    value: u16,
    is_long: bool,
}

impl PictureId {
    /// One of 7 bits; higher bits of `value` are dropped.
    pub const fn short(value: u8) -> Self {
        Self {
            value: value as u16 & 0x7f,
            is_long: false,
        }
    }

    /// One of 15 bits; the highest bit of `value` is dropped.
    pub const fn long(value: u16) -> Self {
        Self {
            value: value & 0x7fff,
            is_long: true,
        }
    }

    /// The number.
    pub const fn value(self) -> u16 {
        self.value
    }

    /// Whether it has 15 bits.
    pub const fn is_long(self) -> bool {
        self.is_long
    }

    /// Another number in the same width; bits that do not fit are dropped.
    #[inline]
    #[must_use]
    pub const fn with_value(self, value: u16) -> Self {
        Self {
            value: value & self.mask(),
            is_long: self.is_long,
        }
    }

    /// That of the next picture: after the highest number comes 0.
    #[must_use]
    pub const fn next(self) -> Self {
        self.with_value(self.value.wrapping_add(1))
    }

    /// How many pictures this one comes after `earlier`, modulo the narrower of both widths; negative numbers of pictures
    /// (an older picture that comes late) are large.
    pub const fn distance_from(self, earlier: Self) -> u16 {
        let mask = if self.is_long && earlier.is_long {
            0x7fff
        } else {
            0x7f
        };
        self.value.wrapping_sub(earlier.value) & mask
    }

    /// All bits of its width.
    #[inline]
    pub(super) const fn mask(self) -> u16 {
        if self.is_long { 0x7fff } else { 0x7f }
    }

    #[inline]
    pub(super) const fn encoded_len(self) -> usize {
        if self.is_long { 2 } else { 1 }
    }

    #[inline]
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first = reader.u8()?;
        Ok(if first & 0x80 == 0 {
            Self::short(first)
        } else {
            Self::long(u16::from_be_bytes([first, reader.u8()?]))
        })
    }

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        let [high, low] = self.value.to_be_bytes();
        if self.is_long {
            out.push(high | 0x80);
        }
        out.push(low);
    }

    /// Overwrites the field at `at` in its own width, which is that of `self`.
    #[inline]
    pub(super) fn write_at(self, payload: &mut [u8], at: usize) {
        let [high, low] = self.value.to_be_bytes();
        let low_at = if self.is_long { at.saturating_add(1) } else { at };
        if let Some(byte) = payload.get_mut(at).filter(|_| self.is_long) {
            *byte = high | 0x80;
        }
        if let Some(byte) = payload.get_mut(low_at) {
            *byte = low;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_in_its_width() {
        assert_eq!(PictureId::short(0xff), PictureId::short(0x7f));
        assert_eq!(PictureId::short(0x7f).next().value(), 0);
        assert_eq!(PictureId::long(0xffff).next().value(), 0);
        assert_eq!(PictureId::long(0x7f).next().value(), 0x80);
    }

    #[test]
    fn counts_across_the_wrap_and_across_widths() {
        assert_eq!(PictureId::short(1).distance_from(PictureId::short(0x7e)), 3);
        assert_eq!(PictureId::long(1).distance_from(PictureId::long(0x7ffe)), 3);
        // RFC 9628 §4.2: after 0x6e in 7 bits comes 0x006f in 15, after 0x1bbe comes 0x3f.
        assert_eq!(PictureId::long(0x6f).distance_from(PictureId::short(0x6e)), 1);
        assert_eq!(PictureId::short(0x3f).distance_from(PictureId::long(0x1bbe)), 1);
    }

    #[test]
    fn round_trips() {
        for id in [PictureId::short(17), PictureId::long(17), PictureId::long(0x1234)] {
            let mut bytes = Vec::new();
            id.encode(&mut bytes);
            assert_eq!(bytes.len(), id.encoded_len());
            assert_eq!(PictureId::decode(&mut Reader::new(&bytes)), Ok(id));
            let other = id.with_value(0x4321);
            other.write_at(&mut bytes, 0);
            assert_eq!(PictureId::decode(&mut Reader::new(&bytes)), Ok(other));
        }
        assert!(PictureId::decode(&mut Reader::new(&[0x80])).is_err());
    }
}
