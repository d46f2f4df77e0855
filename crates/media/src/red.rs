//! Redundant audio, received: RFC 2198 §4 and §6. A packet brings older frames again; those that have not come take the places
//! of lost packets, so that whatever stands behind (a sample builder, a jitter buffer) finds them repaired.
//!
//! Blocks tell their time, not their number. A frame belongs to the highest number that is missing between two packets that came
//! and whose timestamps are around its own.

use rtp::payload::red::{Block, BlocksRef};
use rtp::{Header, Packet, SequenceUnwrapper};
use std::collections::BTreeMap;

/// Packets that are remembered. Redundancy reaches back nine frames at most in practice.
const WINDOW: usize = 64;

/// Numbers so far from all others are those of a sender that has begun anew.
const MAX_JUMP: u64 = 3000;

/// Takes packets of redundant audio apart, and recovers lost ones from them.
///
/// ```
/// use media::RedReceiver;
/// use rtp::{Header, Packet};
///
/// let packet = |sequence_number, timestamp, payload: &'static [u8]| Packet {
///     header: Header { payload_type: 63, sequence_number, timestamp, ..Header::default() },
///     payload: payload.into(),
///     padding_len: 0,
/// };
/// let mut receiver = RedReceiver::new();
/// let mut packets = Vec::new();
/// receiver.receive(&packet(1, 960, &[111, 0xaa]), &mut packets)?;
/// // The second one is lost, and comes within the third.
/// receiver.receive(&packet(3, 2880, &[0x80 | 111, 0x0f, 0x00, 1, 111, 0xbb, 0xcc]), &mut packets)?;
///
/// let found: Vec<_> = packets.iter().map(|it| (it.header.sequence_number, &it.payload[..])).collect();
/// assert_eq!(found, [(1, &[0xaa][..]), (2, &[0xbb]), (3, &[0xcc])]);
/// assert_eq!(receiver.recovered(), 1);
///
/// assert!(receiver.receive(&packet(4, 3840, &[0x80]), &mut packets).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Debug, Default)]
pub struct RedReceiver {
    unwrapper: SequenceUnwrapper,
    /// The timestamps of packets by their numbers.
    known: BTreeMap<u64, u32>,
    recovered: u64,
}

impl RedReceiver {
    /// One that has received nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a packet of redundant audio apart. Appends those that it recovers, in their order, and then its own: all of the
    /// format of the primary block, with its payload type. Blocks of other formats are left out.
    ///
    /// # Errors
    /// When the payload is cut off. Nothing is appended; the packet has come all the same.
    pub fn receive(&mut self, packet: &Packet, out: &mut Vec<Packet>) -> Result<(), rtp::DecodeError> {
        let number = self.pass(packet);
        let blocks = BlocksRef::decode(&packet.payload)?;
        let primary = blocks.primary();
        let start = out.len();
        let mut before = number;
        let redundant: Vec<_> = blocks.redundant().collect();
        let usable =
            |block: &&Block<'_>| block.payload_type == primary.payload_type && !block.data.is_empty();
        for block in redundant.iter().rev().filter(usable) {
            let timestamp = packet
                .header
                .timestamp
                .wrapping_sub(block.timestamp_offset.into());
            let Some(place) = self.place(before, timestamp) else {
                continue;
            };
            before = place;
            self.remember(place, timestamp);
            self.recovered += 1;
            out.push(of_block(packet, block, place, timestamp));
        }
        if let Some(recovered) = out.get_mut(start..) {
            recovered.reverse();
        }
        let mut own = of_block(packet, &primary, number, packet.header.timestamp);
        own.header.marker = packet.header.marker;
        out.push(own);
        Ok(())
    }

    /// A packet of the stream that is not redundant audio has come: it need not be recovered. Gives its extended number.
    pub fn pass(&mut self, packet: &Packet) -> u64 {
        let sequence_number = packet.header.sequence_number;
        let highest = self.unwrapper.highest();
        let number = self.unwrapper.peek(sequence_number);
        if highest.is_some_and(|highest| number.abs_diff(highest) > MAX_JUMP) {
            self.unwrapper = SequenceUnwrapper::new();
            self.known.clear();
        }
        let number = self.unwrapper.extend(sequence_number);
        self.remember(number, packet.header.timestamp);
        number
    }

    /// Packets recovered so far.
    #[must_use]
    pub const fn recovered(&self) -> u64 {
        self.recovered
    }

    fn remember(&mut self, number: u64, timestamp: u32) {
        self.known.insert(number, timestamp);
        if self.known.len() > WINDOW {
            self.known.pop_first();
        }
    }

    /// The number in front of `before` that a frame of this time had; `None` when it has come, or nothing is missing there.
    fn place(&self, before: u64, timestamp: u32) -> Option<u64> {
        let mut next = before;
        for (number, known) in self.known.range(..before).rev() {
            if *known == timestamp {
                return None;
            }
            if timestamp.wrapping_sub(*known) < 1 << 31 {
                return (next - number > 1).then(|| next - 1);
            }
            next = *number;
        }
        None
    }
}

/// A packet of what one block carries.
fn of_block(packet: &Packet, block: &Block<'_>, number: u64, timestamp: u32) -> Packet {
    Packet {
        header: Header {
            payload_type: block.payload_type,
            sequence_number: u16::try_from(number & 0xffff).unwrap_or_default(),
            timestamp,
            ssrc: packet.header.ssrc,
            ..Header::default()
        },
        payload: packet.payload.slice_ref(block.data),
        padding_len: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtp::payload::red::{Encoder, Primary};

    /// Frames of 20 ms from a number on, each with the last `levels` again.
    fn sent(first: u16, count: u8, levels: usize) -> Vec<Packet> {
        let mut encoder = Encoder::new(levels);
        let packet = |index: u8| {
            let timestamp = (u32::MAX - 5000).wrapping_add(u32::from(index) * 960);
            let primary = Primary {
                payload_type: 111,
                timestamp,
                data: &[index, 7],
            };
            let mut payload = Vec::new();
            assert!(encoder.encode(primary, 1200, &mut payload));
            Packet {
                header: Header {
                    payload_type: 63,
                    sequence_number: first.wrapping_add(index.into()),
                    timestamp,
                    ..Header::default()
                },
                payload: payload.into(),
                padding_len: 0,
            }
        };
        (0..count).map(packet).collect()
    }

    /// Which frames come out under which numbers, of the packets of these indices.
    fn received(sent: &[Packet], come: &[usize]) -> (Vec<(u16, u8)>, u64) {
        let mut receiver = RedReceiver::new();
        let mut out = Vec::new();
        for index in come {
            receiver.receive(&sent[*index], &mut out).unwrap();
        }
        assert!(out.iter().all(|packet| packet.header.payload_type == 111));
        let found = out
            .iter()
            .map(|packet| (packet.header.sequence_number, packet.payload[0]));
        (found.collect(), receiver.recovered())
    }

    #[test]
    fn lost_packets_take_their_places_again_over_both_wraps() {
        let sent = sent(65_533, 10, 2);
        let (found, recovered) = received(&sent, &[0, 2, 5, 6, 9]);
        let expected: Vec<_> = (0..10)
            .map(|index: u8| (65_533u16.wrapping_add(index.into()), index))
            .collect();
        assert_eq!((found, recovered), (expected, 5));
    }

    #[test]
    fn what_came_or_was_only_late_is_not_there_twice_but_for_its_own_packet() {
        let sent = sent(10, 5, 1);
        // The second one overtakes the first of the three, which is recovered and then comes.
        let (found, recovered) = received(&sent, &[0, 2, 1, 3, 3, 4]);
        let expected = [(10, 0), (11, 1), (12, 2), (11, 1), (13, 3), (13, 3), (14, 4)];
        assert_eq!((found, recovered), (expected.to_vec(), 1));
    }

    #[test]
    fn more_than_is_repeated_stays_lost_and_nothing_is_recovered_of_before_the_first() {
        let sent = sent(10, 9, 1);
        let (found, recovered) = received(&sent, &[3, 7, 8]);
        assert_eq!((found, recovered), (vec![(13, 3), (16, 6), (17, 7), (18, 8)], 1));
    }

    #[test]
    fn a_pause_between_frames_is_no_loss() {
        // Discontinuous transmission: timestamps jump, numbers do not; the frame in front comes again all the same.
        let mut receiver = RedReceiver::new();
        let mut out = Vec::new();
        let mut sent = sent(10, 3, 1);
        for packet in &mut sent[2..] {
            packet.header.timestamp = packet.header.timestamp.wrapping_add(9600);
        }
        for packet in &sent {
            receiver.receive(packet, &mut out).unwrap();
        }
        assert_eq!((out.len(), receiver.recovered()), (3, 0));
    }

    #[test]
    fn blocks_of_other_formats_and_packets_beside_red_make_no_frames() {
        let mut receiver = RedReceiver::new();
        let mut out = Vec::new();
        let sent = sent(10, 4, 1);
        receiver.receive(&sent[0], &mut out).unwrap();
        // The second came without redundancy: its place is taken.
        receiver.pass(&sent[1]);
        receiver.receive(&sent[2], &mut out).unwrap();
        assert_eq!((out.len(), receiver.recovered()), (2, 0));
        let mut other = sent[3].clone();
        other.header.sequence_number += 1;
        let mut payload = other.payload.to_vec();
        payload[0] = 0x80 | 101;
        other.payload = payload.into();
        receiver.receive(&other, &mut out).unwrap();
        assert_eq!((out.len(), receiver.recovered()), (3, 0));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_a_sender_may_begin_anew() {
        let mut receiver = RedReceiver::new();
        let mut out = Vec::new();
        for first in [0, 30_000, 7] {
            for packet in sent(first, 200, 9).iter().step_by(3) {
                receiver.receive(packet, &mut out).unwrap();
            }
        }
        assert_eq!(receiver.known.len(), WINDOW);
        assert_eq!(receiver.recovered(), 3 * 132);
    }
}
