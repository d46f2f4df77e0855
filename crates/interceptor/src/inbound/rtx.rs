//! Retransmissions received under an SSRC of their own, RFC 4588 §4: the original packet is restored where it lies.

/// Bytes of the original sequence number in front of the payload.
pub(crate) const OSN_LEN: usize = 2;

/// The original of a retransmission: its header moves over the original sequence number, and gets back its SSRC, payload type and
/// number. `None` without payload, which is padding to probe the path.
pub(crate) fn restore(
    packet: &mut [u8],
    header_len: usize,
    ssrc: u32,
    payload_type: u8,
) -> Option<&mut [u8]> {
    let osn: [u8; OSN_LEN] = packet.get(header_len..)?.first_chunk().copied()?;
    packet.copy_within(..header_len, OSN_LEN);
    let original = packet.get_mut(OSN_LEN..)?;
    let fixed: &mut [u8; 12] = original.first_chunk_mut()?;
    fixed[1] = fixed[1] & 0x80 | payload_type & 0x7f;
    [fixed[2], fixed[3]] = osn;
    [fixed[8], fixed[9], fixed[10], fixed[11]] = ssrc.to_be_bytes();
    Some(original)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtp::{HeaderWriter, PacketRef};

    #[test]
    fn the_original_is_back() {
        let mut packet = Vec::new();
        let mut writer = HeaderWriter::new(&mut packet, rtp::FormRule::Mixed);
        writer
            .marker(true)
            .payload_type(97)
            .sequence_number(5)
            .timestamp(1234)
            .ssrc(2)
            .csrc(77);
        writer.extension(3, b"abc").unwrap();
        let header_len = writer.finish();
        packet.extend(0xfffeu16.to_be_bytes());
        packet.extend(b"payload");
        let restored = restore(&mut packet, header_len, 1, 96).unwrap();
        let original = PacketRef::decode(restored).unwrap();
        assert_eq!(
            (
                original.ssrc(),
                original.payload_type(),
                original.sequence_number()
            ),
            (1, 96, 0xfffe)
        );
        assert_eq!(
            (original.marker(), original.timestamp(), original.payload()),
            (true, 1234, &b"payload"[..])
        );
        assert_eq!(
            (original.extension(3), original.csrcs().collect::<Vec<_>>()),
            (Some(&b"abc"[..]), vec![77])
        );
    }

    #[test]
    fn what_is_too_short_is_no_retransmission() {
        for len in 0..14 {
            assert!(restore(&mut vec![0x80; len], 12, 1, 96).is_none(), "{len}");
        }
        assert!(restore(&mut [0x80; 14], 12, 1, 96).is_some(), "an empty original");
    }
}
