//! Encryption of whole header extensions and CSRCs (RFC 9335 §5, §6): what a packet's header is marked with, and the
//! order of its parts while it is encrypted.

use super::packet::{EXTENSION_HEAD, FIXED, RtpHeader};
use crate::{Cryptex, ProtectError, Rejected};

/// Profiles of header extensions with one-byte and two-byte headers (RFC 8285 §4.2, §4.3).
pub(super) const ONE_BYTE: u16 = 0xbede;
pub(super) const TWO_BYTE: u16 = 0x1000;
/// Their encrypted counterparts (RFC 9335 §5).
const ENCRYPTED_ONE_BYTE: u16 = 0xc0de;
const ENCRYPTED_TWO_BYTE: u16 = 0xc2de;

/// Which part of an RTP packet stays clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The whole header, of so many bytes.
    ClearHeader(usize),
    /// The fixed header and the first four bytes of the header extension. The CSRCs, of so many bytes, stand between
    /// them.
    Cryptex(usize),
}

impl Shape {
    /// Bytes that stay clear, at the front of a gathered packet.
    pub(super) fn clear(self) -> usize {
        match self {
            Self::ClearHeader(len) => len,
            Self::Cryptex(_) => FIXED + EXTENSION_HEAD,
        }
    }

    /// Brings the clear parts together (RFC 9335 §6.2).
    pub(super) fn gather(self, packet: &mut [u8]) {
        if let Some(parts) = self.swapped(packet) {
            parts.rotate_right(EXTENSION_HEAD);
        }
    }

    /// Undoes [`gather`](Self::gather).
    pub(super) fn scatter(self, packet: &mut [u8]) {
        if let Some(parts) = self.swapped(packet) {
            parts.rotate_left(EXTENSION_HEAD);
        }
    }

    /// CSRCs and the head of the extension, if they change places.
    fn swapped(self, packet: &mut [u8]) -> Option<&mut [u8]> {
        match self {
            Self::ClearHeader(_) | Self::Cryptex(0) => None,
            Self::Cryptex(csrc_len) => packet.get_mut(FIXED..FIXED + csrc_len + EXTENSION_HEAD),
        }
    }
}

/// What is written into a header before it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing: the header stays clear.
    None,
    /// This profile instead of the one there.
    Replace(u16),
    /// An empty header extension, since there is none (RFC 9335 §5.1).
    Insert,
}

impl Mark {
    /// What an outbound packet is marked with. Where nothing is encrypted (the NULL profiles) a mark would not be true.
    pub(super) fn outbound(
        policy: Cryptex,
        header: &RtpHeader,
        encrypts: bool,
    ) -> Result<Self, ProtectError> {
        match (policy, header.extension) {
            (Cryptex::Off, _) => return Ok(Self::None),
            // The receiver would take it for an encrypted one.
            (_, Some(ENCRYPTED_ONE_BYTE | ENCRYPTED_TWO_BYTE)) => return Err(ProtectError::NotEncryptable),
            (Cryptex::Accept, _) => return Ok(Self::None),
            (Cryptex::Prefer | Cryptex::Require, _) => {}
        }
        match header.extension {
            None if header.csrc_len == 0 => Ok(Self::None),
            Some(_) | None if !encrypts && policy == Cryptex::Require => Err(ProtectError::NotEncryptable),
            Some(_) | None if !encrypts => Ok(Self::None),
            None => Ok(Self::Insert),
            Some(ONE_BYTE) => Ok(Self::Replace(ENCRYPTED_ONE_BYTE)),
            Some(TWO_BYTE) => Ok(Self::Replace(ENCRYPTED_TWO_BYTE)),
            Some(_) if policy == Cryptex::Require => Err(ProtectError::NotEncryptable),
            Some(_) => Ok(Self::None),
        }
    }

    /// Marks the packet at `out[start..]` and tells its shape.
    pub(super) fn write(self, header: &RtpHeader, out: &mut Vec<u8>, start: usize) -> Shape {
        let end = start + header.csrc_end();
        match self {
            Self::None => return Shape::ClearHeader(header.len),
            Self::Replace(profile) => {
                write_profile(out.get_mut(start..).unwrap_or_default(), header, profile)
            }
            Self::Insert => {
                let [a, b] = ENCRYPTED_ONE_BYTE.to_be_bytes();
                out.splice(end..end, [a, b, 0, 0]);
                if let Some(flags) = out.get_mut(start) {
                    *flags |= 0x10;
                }
            }
        }
        Shape::Cryptex(header.csrc_len)
    }
}

/// The shape of an inbound packet.
pub(super) fn inbound(policy: Cryptex, header: &RtpHeader) -> Result<Shape, Rejected> {
    let clear = Shape::ClearHeader(header.len);
    let marked = matches!(header.extension, Some(ENCRYPTED_ONE_BYTE | ENCRYPTED_TWO_BYTE));
    match policy {
        Cryptex::Off => Ok(clear),
        Cryptex::Accept | Cryptex::Prefer | Cryptex::Require if marked => Ok(Shape::Cryptex(header.csrc_len)),
        // RFC 9335 §5.2.
        Cryptex::Require if header.len > FIXED => Err(Rejected::NotCryptex),
        Cryptex::Accept | Cryptex::Prefer | Cryptex::Require => Ok(clear),
    }
}

/// Gives a decrypted header the profile that it had before.
pub(super) fn unmark(packet: &mut [u8], header: &RtpHeader) {
    match header.extension {
        Some(ENCRYPTED_ONE_BYTE) => write_profile(packet, header, ONE_BYTE),
        Some(ENCRYPTED_TWO_BYTE) => write_profile(packet, header, TWO_BYTE),
        Some(_) | None => {}
    }
}

fn write_profile(packet: &mut [u8], header: &RtpHeader, profile: u16) {
    if let Some([first, second]) = packet
        .get_mut(header.csrc_end()..)
        .and_then(|rest| rest.first_chunk_mut())
    {
        [*first, *second] = profile.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(csrc_len: usize, extension: Option<u16>) -> RtpHeader {
        RtpHeader {
            ssrc: 1,
            sequence_number: 1,
            csrc_len,
            extension,
            len: 12 + csrc_len + extension.map_or(0, |_| 4),
        }
    }

    #[test]
    fn the_policy_decides_what_is_sent() {
        use Cryptex::{Accept, Off, Prefer, Require};
        let refused = Err(ProtectError::NotEncryptable);
        let rows = [
            (0, None, [Ok(Mark::None); 4]),
            (
                8,
                None,
                [Ok(Mark::None), Ok(Mark::None), Ok(Mark::Insert), Ok(Mark::Insert)],
            ),
            (
                0,
                Some(0xbede),
                [
                    Ok(Mark::None),
                    Ok(Mark::None),
                    Ok(Mark::Replace(0xc0de)),
                    Ok(Mark::Replace(0xc0de)),
                ],
            ),
            (
                4,
                Some(0x1000),
                [
                    Ok(Mark::None),
                    Ok(Mark::None),
                    Ok(Mark::Replace(0xc2de)),
                    Ok(Mark::Replace(0xc2de)),
                ],
            ),
            (
                0,
                Some(0x1001),
                [Ok(Mark::None), Ok(Mark::None), Ok(Mark::None), refused],
            ),
            (0, Some(0xc0de), [Ok(Mark::None), refused, refused, refused]),
        ];
        for (csrc_len, extension, expected) in rows {
            let marks = [Off, Accept, Prefer, Require]
                .map(|policy| Mark::outbound(policy, &header(csrc_len, extension), true));
            assert_eq!(marks, expected, "{csrc_len} {extension:x?}");
        }
    }

    #[test]
    fn the_policy_decides_what_is_accepted() {
        use Cryptex::{Accept, Off, Prefer, Require};
        let (no, yes) = (|len| Ok(Shape::ClearHeader(len)), |len| Ok(Shape::Cryptex(len)));
        let refused = Err(Rejected::NotCryptex);
        let rows = [
            (0, None, [no(12), no(12), no(12), no(12)]),
            (4, None, [no(16), no(16), no(16), refused]),
            (4, Some(0xbede), [no(20), no(20), no(20), refused]),
            (4, Some(0xc0de), [no(20), yes(4), yes(4), yes(4)]),
            (0, Some(0xc2de), [no(16), yes(0), yes(0), yes(0)]),
        ];
        for (csrc_len, extension, expected) in rows {
            let shapes =
                [Off, Accept, Prefer, Require].map(|policy| inbound(policy, &header(csrc_len, extension)));
            assert_eq!(shapes, expected, "{csrc_len} {extension:x?}");
        }
    }

    #[test]
    fn gathering_puts_the_extension_head_before_the_csrcs() {
        let mut packet: Vec<u8> = (0..30).collect();
        Shape::Cryptex(8).gather(&mut packet);
        assert_eq!(
            packet[10..26],
            [10, 11, 20, 21, 22, 23, 12, 13, 14, 15, 16, 17, 18, 19, 24, 25]
        );
        Shape::Cryptex(8).scatter(&mut packet);
        assert!(packet.iter().copied().eq(0..30));
    }
}
