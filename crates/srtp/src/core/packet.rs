//! What protection has to know of a packet: where its header ends and who sent it (RFC 3550 §5.1, §5.3.1, §6.4).

/// Bytes of the fixed header of RTP.
pub(crate) const FIXED: usize = 12;
/// Bytes in front of a header extension's elements: its profile and length.
pub(crate) const EXTENSION_HEAD: usize = 4;
/// Bytes of an RTCP packet that are never encrypted: its header and the sender's SSRC (RFC 3711 §3.4).
pub(crate) const RTCP_CLEAR: usize = 8;

/// The header of an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RtpHeader {
    pub(crate) ssrc: u32,
    pub(crate) sequence_number: u16,
    /// Bytes of all CSRCs.
    pub(crate) csrc_len: usize,
    /// What the header extension is defined by, if there is one.
    pub(crate) extension: Option<u16>,
    /// Bytes of the whole header.
    pub(crate) len: usize,
}

impl RtpHeader {
    /// The header at the front of `packet`; `None` if it is of another version or cut off.
    pub(crate) fn decode(packet: &[u8]) -> Option<Self> {
        let (&[flags, _, n0, n1, _, _, _, _, s0, s1, s2, s3], rest) = packet.split_first_chunk::<FIXED>()?;
        if flags >> 6 != 2 {
            return None;
        }
        let csrc_len = 4 * usize::from(flags & 0x0f);
        let rest = rest.get(csrc_len..)?;
        let mut header = Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            sequence_number: u16::from_be_bytes([n0, n1]),
            csrc_len,
            extension: None,
            len: FIXED + csrc_len,
        };
        if flags & 0x10 != 0 {
            let (&[p0, p1, l0, l1], rest) = rest.split_first_chunk::<EXTENSION_HEAD>()?;
            let words = usize::from(u16::from_be_bytes([l0, l1]));
            rest.get(..4 * words)?;
            header.extension = Some(u16::from_be_bytes([p0, p1]));
            header.len += EXTENSION_HEAD + 4 * words;
        }
        Some(header)
    }

    /// Where the header extension (or, without one, the payload) begins.
    pub(crate) fn csrc_end(&self) -> usize {
        FIXED + self.csrc_len
    }
}

/// The SSRC of the sender of an RTCP packet; `None` if it is of another version or cut off.
pub(crate) fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let &[flags, _, _, _, ssrc @ ..] = packet.first_chunk::<RTCP_CLEAR>()?;
    (flags >> 6 == 2).then_some(u32::from_be_bytes(ssrc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_ends_behind_csrcs_and_extension() {
        let fixed = [0x80, 111, 0x12, 0x34, 0, 0, 0, 1, 0xca, 0xfe, 0xba, 0xbe];
        let plain = RtpHeader::decode(&fixed).unwrap();
        assert_eq!((plain.ssrc, plain.sequence_number), (0xcafe_babe, 0x1234));
        assert_eq!((plain.len, plain.extension, plain.csrc_len), (12, None, 0));

        let mut packet = fixed.to_vec();
        packet[0] = 0x92;
        packet.extend_from_slice(&[1; 8]);
        packet.extend_from_slice(&[0xbe, 0xde, 0, 2, 0x10, 1, 2, 3, 4, 5, 6, 7]);
        let header = RtpHeader::decode(&packet).unwrap();
        assert_eq!((header.len, header.extension), (32, Some(0xbede)));
        assert_eq!((header.csrc_len, header.csrc_end()), (8, 20));
        for len in 0..packet.len() {
            assert_eq!(RtpHeader::decode(&packet[..len]), None, "{len} bytes");
        }
    }

    #[test]
    fn other_versions_are_refused() {
        for flags in [0, 0x40, 0xc0] {
            let mut packet = [0; 12];
            packet[0] = flags;
            assert_eq!(RtpHeader::decode(&packet), None);
            assert_eq!(rtcp_ssrc(&packet), None);
        }
        assert_eq!(rtcp_ssrc(&[0x80, 200, 0, 1, 0, 0, 0, 7]), Some(7));
        assert_eq!(rtcp_ssrc(&[0x80, 200, 0, 1, 0, 0, 0]), None);
    }
}
