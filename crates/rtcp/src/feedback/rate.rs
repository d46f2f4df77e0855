//! Limits for bit rates: TMMBR and TMMBN of RFC 5104 §4.2, REMB of draft-alvestrand-rmcat-remb-03 §2.2.

use super::{Head, feedback_len, list_message, split};
use crate::list::{List, fixed_entry};
use crate::packet::Packet;
use crate::raw::{RawPacketRef, packet_type};
use crate::{DecodeError, Entry};

/// A bit rate as an exponent and a mantissa of so many bits, rounded down.
fn split_rate(rate: u64, mantissa_bits: u32) -> (u32, u32) {
    let exponent = 64_u32
        .saturating_sub(rate.leading_zeros())
        .saturating_sub(mantissa_bits);
    (exponent, u32::try_from(rate >> exponent).unwrap_or(u32::MAX))
}

/// The rate; what does not fit 64 bits is the largest.
fn join_rate(exponent: u32, mantissa: u32) -> u64 {
    let mantissa = u64::from(mantissa);
    if mantissa == 0 {
        return 0;
    }
    if exponent > mantissa.leading_zeros() {
        u64::MAX
    } else {
        mantissa << exponent
    }
}

/// The most that a stream may use on the way to a receiver (RFC 5104 §4.2.1).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                              SSRC                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | MxTBR Exp |  MxTBR Mantissa                 |Measured Overhead|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BitrateLimit {
    /// In a request the stream that is limited, in a notification who limits it.
    pub ssrc: u32,
    /// In bit/s, overhead included. Written: 17 significant bits, rounded down.
    pub bitrate: u64,
    /// Bytes of headers in a packet, measured, up to 511. Written: at most that.
    pub overhead: u16,
}

impl BitrateLimit {
    fn from_wire([s0, s1, s2, s3, r0, r1, r2, r3]: [u8; 8]) -> Self {
        let word = u32::from_be_bytes([r0, r1, r2, r3]);
        Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            bitrate: join_rate(word >> 26, (word >> 9) & 0x1_ffff),
            overhead: u16::from_be_bytes([r2, r3]) & 0x1ff,
        }
    }

    fn to_wire(self) -> [u8; 8] {
        let (exponent, mantissa) = split_rate(self.bitrate, 17);
        let word = (exponent << 26) | (mantissa << 9) | u32::from(self.overhead.min(0x1ff));
        let ([s0, s1, s2, s3], [r0, r1, r2, r3]) = (self.ssrc.to_be_bytes(), word.to_be_bytes());
        [s0, s1, s2, s3, r0, r1, r2, r3]
    }
}

fixed_entry!(BitrateLimit, 8);

/// TMMBR: a request to stay below a bit rate (RFC 5104 §4.2.1).
///
/// ```
/// use rtcp::{BitrateLimit, Packet, PacketRef, Tmmbr};
///
/// let limits = [BitrateLimit { ssrc: 2, bitrate: 500_000, overhead: 40 }];
/// let tmmbr = Tmmbr { sender_ssrc: 1, media_ssrc: 0, limits: (&limits).into() };
/// let mut datagram = Vec::new();
/// tmmbr.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::Tmmbr(tmmbr))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tmmbr<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// Zero: the entries name the streams (RFC 5104 §4.2.1.2).
    pub media_ssrc: u32,
    /// The limits.
    pub limits: List<'a, BitrateLimit>,
}

list_message!(Tmmbr, limits: BitrateLimit, TRANSPORT_FEEDBACK, TMMBR);

/// TMMBN: the limits that a sender obeys, of all that it was asked for (RFC 5104 §4.2.2).
///
/// ```
/// use rtcp::{BitrateLimit, Packet, PacketRef, Tmmbn};
///
/// let bounding = [BitrateLimit { ssrc: 1, bitrate: 500_000, overhead: 40 }];
/// let tmmbn = Tmmbn { sender_ssrc: 2, media_ssrc: 0, limits: (&bounding).into() };
/// let mut datagram = Vec::new();
/// tmmbn.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::Tmmbn(tmmbn))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tmmbn<'a> {
    /// The stream that is limited.
    pub sender_ssrc: u32,
    /// Zero (RFC 5104 §4.2.2.2).
    pub media_ssrc: u32,
    /// The bounding set; none if nobody limits.
    pub limits: List<'a, BitrateLimit>,
}

list_message!(Tmmbn, limits: BitrateLimit, TRANSPORT_FEEDBACK, TMMBN);

/// REMB: how much a receiver thinks it can receive, of several streams together (draft-alvestrand-rmcat-remb-03 §2.2).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Unique identifier 'R' 'E' 'M' 'B'                            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Num SSRC     | BR Exp    |  BR Mantissa                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// :   SSRC feedback (Num SSRC of them)                            :
/// ```
///
/// ```
/// use rtcp::{Packet, PacketRef, Remb};
///
/// let remb = Remb { sender_ssrc: 1, media_ssrc: 0, bitrate: 2_500_000, ssrcs: (&[2, 3]).into() };
/// let mut datagram = Vec::new();
/// remb.encode(&mut datagram);
/// let Some(Ok(PacketRef::Remb(remb))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert_eq!(remb.bitrate, 2_500_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remb<'a> {
    /// Who estimates.
    pub sender_ssrc: u32,
    /// Zero.
    pub media_ssrc: u32,
    /// In bit/s. Written: 18 significant bits, rounded down.
    pub bitrate: u64,
    /// The streams that share it. Written: at most the first 255.
    pub ssrcs: List<'a, u32>,
}

impl<'a> Remb<'a> {
    const IDENTIFIER: [u8; 4] = *b"REMB";

    /// Whether application layer feedback is a REMB.
    pub(crate) fn matches(raw: &RawPacketRef<'a>) -> bool {
        raw.body().get(8..12) == Some(&Self::IDENTIFIER)
    }

    pub(crate) fn from_raw(raw: &RawPacketRef<'a>) -> Result<Self, DecodeError> {
        let (sender_ssrc, media_ssrc, mut reader) = split(raw)?;
        let _: [u8; 4] = reader.array()?;
        let [count, r0, r1, r2] = reader.array()?;
        let word = u32::from_be_bytes([0, r0, r1, r2]);
        let (ssrcs, _) = List::decode_some(reader.rest(), reader.offset(), count.into())?;
        Ok(Self {
            sender_ssrc,
            media_ssrc,
            bitrate: join_rate(word >> 18, word & 0x3_ffff),
            ssrcs,
        })
    }

    fn count(&self) -> u8 {
        u8::try_from(self.ssrcs.len()).unwrap_or(u8::MAX)
    }
}

impl Packet for Remb<'_> {
    fn encoded_len(&self) -> usize {
        feedback_len(usize::from(self.count()).saturating_mul(4).saturating_add(8))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let head = Head {
            packet_type: packet_type::PAYLOAD_FEEDBACK,
            format: super::format::APPLICATION,
            sender_ssrc: self.sender_ssrc,
            media_ssrc: self.media_ssrc,
        };
        let (exponent, mantissa) = split_rate(self.bitrate, 18);
        let [_, r0, r1, r2] = ((exponent << 18) | mantissa).to_be_bytes();
        head.encode(out, |out| {
            out.extend_from_slice(&Self::IDENTIFIER);
            out.extend_from_slice(&[self.count(), r0, r1, r2]);
            self.ssrcs
                .iter()
                .take(self.count().into())
                .for_each(|ssrc| ssrc.encode(out));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_are_rounded_down() {
        for (rate, exponent, mantissa) in [
            (0, 0, 0),
            (131_071, 0, 131_071),
            (131_072, 1, 65_536),
            (131_073, 1, 65_536),
            (u64::MAX, 47, 131_071),
        ] {
            assert_eq!(split_rate(rate, 17), (exponent, mantissa), "{rate}");
        }
        assert_eq!(join_rate(63, 0x1_ffff), u64::MAX);
        assert_eq!(join_rate(47, 0x1_ffff), 0xffff_8000_0000_0000);
        assert_eq!(join_rate(63, 1), 1 << 63);
        assert_eq!(join_rate(63, 0), 0);
    }

    proptest! {
        #[test]
        fn a_rate_loses_little(rate: u64) {
            let (exponent, mantissa) = split_rate(rate, 17);
            prop_assert!(exponent < 64 && mantissa < 1 << 17);
            let back = join_rate(exponent, mantissa);
            prop_assert!(back <= rate && rate - back <= rate >> 16);
        }
    }
}
