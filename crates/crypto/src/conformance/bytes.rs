//! Bytes for vectors: hexadecimal, and patterns.

/// Hexadecimal text.
pub(super) struct Hex<'a>(pub(super) &'a str);

impl Hex<'_> {
    /// The bytes, or `None` if it is not hexadecimal.
    pub(super) fn decode(&self) -> Option<Vec<u8>> {
        let (pairs, rest) = self.0.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        pairs
            .iter()
            .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
            .collect()
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// `len` bytes that follow a pattern without a short period.
pub(super) fn pattern(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// The bytes with one bit turned over, counted from the front.
pub(super) fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 0x80 >> (bit % 8);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_decodes_or_refuses() {
        assert_eq!(Hex("00fFa1").decode(), Some(vec![0, 255, 0xa1]));
        assert_eq!(Hex("0").decode(), None);
        assert_eq!(Hex("0g").decode(), None);
    }

    #[test]
    fn one_bit_is_turned_over() {
        assert_eq!(flipped(&[0, 0], 0), [0x80, 0]);
        assert_eq!(flipped(&[0, 0], 15), [0, 1]);
        assert_eq!(flipped(&[], 3), []);
    }
}
