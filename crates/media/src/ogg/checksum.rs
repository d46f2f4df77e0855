//! The CRC of a page (RFC 3533 §6, field 7): polynomial 0x04c11db7, highest bit first, from 0, nothing inverted.

const POLYNOMIAL: u32 = 0x04c1_1db7;

/// `TABLES[n][b]`: what byte `b` becomes when `n` zero bytes follow it.
static TABLES: [[u32; 256]; 4] = tables();

#[expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "computed by the compiler, which checks"
)]
const fn tables() -> [[u32; 256]; 4] {
    let mut tables = [[0; 256]; 4];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc >> 31 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 4 {
        let mut byte = 0;
        while byte < 256 {
            let shorter: u32 = tables[table - 1][byte];
            tables[table][byte] = shorter << 8 ^ tables[0][(shorter >> 24) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

#[expect(clippy::indexing_slicing, reason = "256 entries, indexed by a byte")]
fn entry<const N: usize>(byte: u8) -> u32 {
    const { assert!(N < 4) };
    TABLES[N][usize::from(byte)]
}

/// Continues a checksum over more bytes.
pub(super) fn update(crc: u32, bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let crc = words.iter().fold(crc, |crc, word| {
        let [a, b, c, d] = (crc ^ u32::from_be_bytes(*word)).to_be_bytes();
        entry::<3>(a) ^ entry::<2>(b) ^ entry::<1>(c) ^ entry::<0>(d)
    });
    rest.iter().fold(crc, |crc, byte| {
        let [top, ..] = crc.to_be_bytes();
        crc << 8 ^ entry::<0>(top ^ byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as the polynomial says.
    fn slow(bytes: &[u8]) -> u32 {
        bytes.iter().fold(0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
                crc << 1 ^ if crc >> 31 == 1 { POLYNOMIAL } else { 0 }
            })
        })
    }

    #[test]
    fn agrees_with_the_polynomial() {
        // The catalogue of CRCs has CRC-32/MPEG-2 with this polynomial, from all ones: 0x0376e6e7 for the digits.
        assert_eq!(update(u32::MAX, b"123456789"), 0x0376_e6e7);
        let bytes: Vec<u8> = (0..=255).cycle().take(999).collect();
        for len in (0..20).chain([998, 999]) {
            assert_eq!(update(0, &bytes[..len]), slow(&bytes[..len]), "{len}");
        }
        let (one, two) = bytes.split_at(333);
        assert_eq!(update(update(0, one), two), slow(&bytes));
    }
}
