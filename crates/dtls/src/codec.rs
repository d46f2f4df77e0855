//! Reading and writing the presentation language of TLS (RFC 5246 §4).
//!
//! [`Reader`] never panics and never allocates; every length is checked against what is left. The writers
//! append to a `Vec<u8>` and patch a vector's length in front of it once its content is known.

/// Why bytes from the peer could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at offset {offset}")]
pub struct DecodeError {
    /// What is wrong.
    pub reason: &'static str,
    /// Where it is wrong, in bytes from the start of the decoded slice.
    pub offset: usize,
}

/// A cursor over bytes from the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            length: bytes.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn error(&self, reason: &'static str) -> DecodeError {
        DecodeError {
            reason,
            offset: self.length - self.rest.len(),
        }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.error("too short"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| self.error("too short"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Result<usize, DecodeError> {
        let [a, b, c] = self.array()?;
        Ok(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// `opaque<0..2^8-1>`
    pub(crate) fn vector8(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// `opaque<0..2^16-1>`
    pub(crate) fn vector16(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// `opaque<0..2^24-1>`
    pub(crate) fn vector24(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.u24()?;
        self.take(length)
    }

    /// A vector of 16-bit numbers with a 16-bit length; an odd number of bytes is an error.
    pub(crate) fn vector16_of_u16(&mut self) -> Result<Vec<u16>, DecodeError> {
        let bytes = self.vector16()?;
        let (pairs, odd) = bytes.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(self.error("odd length of a list of 16-bit numbers"));
        }
        Ok(pairs.iter().copied().map(u16::from_be_bytes).collect())
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.error("bytes after the end"))
        }
    }
}

pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// The low 24 bits of `value`; the callers' sizes are bounded far below 2^24.
pub(crate) fn put_u24(out: &mut Vec<u8>, value: usize) {
    out.extend_from_slice(&u24(value));
}

pub(crate) fn u24(value: usize) -> [u8; 3] {
    let [.., a, b, c] = value.to_be_bytes();
    [a, b, c]
}

/// Appends what `content` writes, behind its length in `N` bytes.
///
/// Content that the length field cannot express is cut off by the field's width: callers bound their
/// content (certificate chains by 2^24, names and lists by their configuration).
pub(crate) fn put_vector<const N: usize>(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; N]);
    content(out);
    let length = (out.len() - start - N).to_be_bytes();
    let field = out.get_mut(start..start + N);
    if let (Some(field), Some(low)) = (field, length.get(length.len() - N..)) {
        field.copy_from_slice(low);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_vectors_in_order() {
        let bytes = [1, 0, 2, 0, 0, 3, 1, 0xaa, 0, 2, 0xbb, 0xcc, 0, 0, 1, 0xdd];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(2));
        assert_eq!(reader.u24(), Ok(3));
        assert_eq!(reader.vector8(), Ok(&[0xaa][..]));
        assert_eq!(reader.vector16(), Ok(&[0xbb, 0xcc][..]));
        assert_eq!(reader.vector24(), Ok(&[0xdd][..]));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn names_the_offset_of_what_is_missing() {
        let mut reader = Reader::new(&[0, 5, 1]);
        assert_eq!(
            reader.vector16(),
            Err(DecodeError {
                reason: "too short",
                offset: 2
            })
        );
        let mut odd = Reader::new(&[0, 3, 1, 2, 3]);
        assert_eq!(odd.vector16_of_u16().map_err(|error| error.offset), Err(5));
        let trailing = Reader::new(&[1]);
        assert_eq!(
            trailing.finish(),
            Err(DecodeError {
                reason: "bytes after the end",
                offset: 0
            })
        );
    }

    #[test]
    fn writes_the_length_in_front_of_a_vector() {
        let mut out = vec![9];
        put_vector::<2>(&mut out, |out| {
            put_vector::<1>(out, |out| out.extend_from_slice(b"ab"));
            put_u24(out, 0x01_0203);
        });
        assert_eq!(out, [9, 0, 6, 2, b'a', b'b', 1, 2, 3]);
    }
}
