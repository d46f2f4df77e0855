//! What a NAL unit means, without the bytes that keep start codes out of it (H.264 §7.4.1, H.265 §7.4.2).

/// Bytes that are read; parameter sets are shorter.
const LEN: usize = 256;

/// The beginning of a raw byte sequence payload.
#[derive(Debug)]
pub(in super::super) struct Rbsp {
    bytes: [u8; LEN],
    len: usize,
}

impl Rbsp {
    /// Reads what follows the header of a NAL unit: in 00 00 03 the last byte is left out.
    pub(in super::super) fn new(data: &[u8]) -> Self {
        let mut rbsp = Self {
            bytes: [0; LEN],
            len: 0,
        };
        let mut zeros = 0;
        for byte in data {
            if zeros >= 2 && *byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            let Some(place) = rbsp.bytes.get_mut(rbsp.len) else {
                break;
            };
            *place = *byte;
            rbsp.len += 1;
        }
        rbsp
    }

    pub(in super::super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_keeps_start_codes_away() {
        for (data, expected) in [
            (&[1, 0, 0, 3, 1, 0, 0, 3][..], &[1, 0, 0, 1, 0, 0][..]),
            (&[0, 0, 3, 0, 0, 3, 0], &[0, 0, 0, 0, 0]),
            (&[0, 3, 0, 0, 2], &[0, 3, 0, 0, 2]),
        ] {
            assert_eq!(Rbsp::new(data).as_bytes(), expected);
        }
        assert_eq!(Rbsp::new(&[7; 1000]).as_bytes().len(), LEN);
    }
}
