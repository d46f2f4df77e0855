//! CRC32c over the whole packet with the checksum field taken as zero, RFC 9260 §6.8 and Appendix A.

use crc_fast::{CrcAlgorithm, Digest};

/// Offset of the checksum field in the common header.
const FIELD: usize = 8;

/// The CRC32c of `bytes`.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a 32-bit CRC in a 64-bit state")]
pub fn checksum(bytes: &[u8]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(bytes);
    digest.finalize() as u32
}

/// Writes the checksum into a packet whose checksum field is zero. A slice shorter than a header is left alone.
pub fn seal(packet: &mut [u8]) {
    let sum = checksum(packet);
    if let Some(field) = packet.get_mut(FIELD..FIELD + 4) {
        // Appendix A: the register goes out least significant byte first.
        field.copy_from_slice(&sum.to_le_bytes());
    }
}

/// The checksum a packet should carry, without writing to it.
#[expect(clippy::cast_possible_truncation, reason = "a 32-bit CRC in a 64-bit state")]
pub(super) fn expected(packet: &[u8]) -> u32 {
    let Some((head, rest)) = packet.split_first_chunk::<12>() else {
        return checksum(packet);
    };
    let [a, b, c, d, e, f, g, h, ..] = *head;
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&[a, b, c, d, e, f, g, h, 0, 0, 0, 0]);
    digest.update(rest);
    digest.finalize() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3720_b_4_vectors() {
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0xff; 32]), 0x62a8_ab43);
        let up: Vec<u8> = (0..32).collect();
        assert_eq!(checksum(&up), 0x46dd_794e);
        let down: Vec<u8> = (0..32).rev().collect();
        assert_eq!(checksum(&down), 0x113f_db5c);
        let read_command = [
            0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0,
            0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(checksum(&read_command), 0xd996_3a56);
        assert_eq!(checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn the_field_itself_counts_as_zero() {
        for len in 12..200_u8 {
            let mut packet: Vec<u8> = (0..len).collect();
            packet[8..12].fill(0);
            let sum = checksum(&packet);
            packet[8..12].fill(0xa5);
            assert_eq!(expected(&packet), sum, "length {len}");
        }
    }
}
