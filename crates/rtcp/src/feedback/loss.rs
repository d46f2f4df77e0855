//! Asking for packets again, RFC 4585 §6.2.1 (generic NACK), and for a sender report, RFC 6051 §3.2.

use std::iter::Peekable;

use super::{bare_message, list_message};
use crate::list::{List, fixed_entry};

/// A lost packet and which of the 16 after it are lost too (RFC 4585 §6.2.1).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |            PID                |             BLP               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// let pair = rtcp::NackPair { packet_id: 65_535, following: 0b101 };
/// assert!(pair.iter().eq([65_535, 0, 2]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NackPair {
    /// The first lost sequence number.
    pub packet_id: u16,
    /// Bit *i* (the lowest is 0) says that `packet_id + i + 1` is lost.
    pub following: u16,
}

impl NackPair {
    /// The lost sequence numbers, at most 17.
    #[must_use]
    pub const fn iter(self) -> LostPackets {
        LostPackets {
            next: self.packet_id,
            // The packet itself is the lowest bit.
            lost: ((self.following as u32) << 1) | 1,
        }
    }

    const fn from_wire([p0, p1, f0, f1]: [u8; 4]) -> Self {
        Self {
            packet_id: u16::from_be_bytes([p0, p1]),
            following: u16::from_be_bytes([f0, f1]),
        }
    }

    const fn to_wire(self) -> [u8; 4] {
        let ([p0, p1], [f0, f1]) = (self.packet_id.to_be_bytes(), self.following.to_be_bytes());
        [p0, p1, f0, f1]
    }
}

fixed_entry!(NackPair, 4);

impl IntoIterator for NackPair {
    type Item = u16;
    type IntoIter = LostPackets;

    fn into_iter(self) -> LostPackets {
        self.iter()
    }
}

/// The lost sequence numbers of a [`NackPair`].
#[derive(Clone, Debug)]
pub struct LostPackets {
    next: u16,
    lost: u32,
}

impl Iterator for LostPackets {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.lost == 0 {
            return None;
        }
        let skip = self.lost.trailing_zeros();
        let packet = self.next.wrapping_add(u16::try_from(skip).unwrap_or(0));
        self.next = packet.wrapping_add(1);
        self.lost >>= skip.saturating_add(1);
        Some(packet)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.lost.count_ones() as usize;
        (count, Some(count))
    }
}

impl ExactSizeIterator for LostPackets {}

/// Packs lost sequence numbers, given in ascending order (modulo 2¹⁶), into as few pairs as there can be.
///
/// Numbers out of order are packed too, into pairs of their own; repetitions are dropped.
///
/// ```
/// use rtcp::NackPair;
///
/// let pairs: Vec<_> = rtcp::nack_pairs([65_534, 0, 3, 100]).collect();
/// assert_eq!(pairs, [
///     NackPair { packet_id: 65_534, following: 0b1_0010 },
///     NackPair { packet_id: 100, following: 0 },
/// ]);
/// ```
pub fn nack_pairs<I: IntoIterator<Item = u16>>(lost: I) -> NackPairs<I::IntoIter> {
    NackPairs {
        lost: lost.into_iter().peekable(),
    }
}

/// Pairs for lost sequence numbers. Made by [`nack_pairs`].
#[derive(Clone, Debug)]
pub struct NackPairs<I: Iterator<Item = u16>> {
    lost: Peekable<I>,
}

impl<I: Iterator<Item = u16>> Iterator for NackPairs<I> {
    type Item = NackPair;

    fn next(&mut self) -> Option<NackPair> {
        let packet_id = self.lost.next()?;
        let mut following = 0;
        while let Some(packet) = self.lost.next_if(|it| it.wrapping_sub(packet_id) <= 16) {
            let distance = packet.wrapping_sub(packet_id);
            if let Some(bit) = distance.checked_sub(1) {
                following |= 1 << bit;
            }
        }
        Some(NackPair { packet_id, following })
    }
}

/// Generic NACK: packets that are missing, to be sent again (RFC 4585 §6.2.1).
///
/// ```
/// use rtcp::{Nack, NackPair, Packet, PacketRef};
///
/// let pairs: Vec<NackPair> = rtcp::nack_pairs([10, 11, 30]).collect();
/// let mut datagram = Vec::new();
/// Nack { sender_ssrc: 1, media_ssrc: 2, pairs: (&pairs).into() }.encode(&mut datagram);
///
/// let Some(Ok(PacketRef::Nack(nack))) = rtcp::packets(&datagram).next() else { panic!() };
/// assert!(nack.sequence_numbers().eq([10, 11, 30]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nack<'a> {
    /// Who misses them.
    pub sender_ssrc: u32,
    /// The stream they belong to.
    pub media_ssrc: u32,
    /// Which.
    pub pairs: List<'a, NackPair>,
}

impl<'a> Nack<'a> {
    /// The missing sequence numbers. A datagram of 1,200 bytes can name about 5,000.
    pub fn sequence_numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.pairs.iter().flatten()
    }
}

list_message!(Nack, pairs: NackPair, TRANSPORT_FEEDBACK, NACK);

/// Rapid resynchronisation request: send a sender report at once, streams cannot be synchronised (RFC 6051 §3.2).
///
/// ```
/// use rtcp::{Packet, PacketRef, RapidResync};
///
/// let request = RapidResync { sender_ssrc: 1, media_ssrc: 2 };
/// let mut datagram = Vec::new();
/// request.encode(&mut datagram);
/// assert_eq!(rtcp::packets(&datagram).next(), Some(Ok(PacketRef::RapidResync(request))));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RapidResync {
    /// Who asks.
    pub sender_ssrc: u32,
    /// The stream whose time is unknown.
    pub media_ssrc: u32,
}

bare_message!(RapidResync, TRANSPORT_FEEDBACK, RAPID_RESYNC);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_pair_reaches_sixteen_further() {
        let pairs: Vec<_> = nack_pairs([0, 16, 17, 33]).collect();
        assert_eq!(
            pairs,
            [
                NackPair {
                    packet_id: 0,
                    following: 0x8000
                },
                NackPair {
                    packet_id: 17,
                    following: 0x8000
                },
            ]
        );
        assert_eq!(
            NackPair {
                packet_id: 5,
                following: 0xffff
            }
            .iter()
            .len(),
            17
        );
        assert!(nack_pairs([7, 7, 7]).eq([NackPair {
            packet_id: 7,
            following: 0
        }]));
        assert!(nack_pairs([7, 6]).flatten().eq([7, 6]));
    }

    proptest! {
        #[test]
        fn lost_packets_survive(first: u16, gaps in prop::collection::vec(1_u16..40, 0..60)) {
            let mut next = first;
            let lost: Vec<u16> = gaps.iter().map(|gap| { next = next.wrapping_add(*gap); next }).collect();
            prop_assert!(nack_pairs(lost.iter().copied()).flatten().eq(lost.iter().copied()));
        }

        #[test]
        fn numbers_in_any_order_survive(lost: Vec<u16>) {
            let packed: BTreeSet<u16> = nack_pairs(lost.iter().copied()).flatten().collect();
            prop_assert_eq!(packed, lost.into_iter().collect::<BTreeSet<u16>>());
        }
    }
}
