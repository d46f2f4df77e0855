//! Buffers of packets that are handed out, and used again when nobody has them any more: who gives one packet to many keeps
//! it for as long as any of them may ask for it again, and the next packet takes the place of one that is no longer needed.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Bytes of a buffer. What is longer, which hardly any path carries, has a buffer of its own.
const SIZE: usize = 1500;

/// Buffers at most, 3 MB: more packets than the history of a stream that is sent holds by default.
const MAX: usize = 2048;

/// Buffers that may be free before one of them goes with each packet.
const SPARE: usize = 32;

/// In the order in which they were handed out, which is about that in which they come back.
#[derive(Debug, Default)]
pub(super) struct SharedBuffers(VecDeque<BytesMut>);

impl SharedBuffers {
    /// A copy of a packet that can be kept and shared.
    pub(super) fn share(&mut self, packet: &[u8]) -> Bytes {
        if packet.len() > SIZE {
            return Bytes::copy_from_slice(packet);
        }
        let mut buffer = self.take(packet.len());
        buffer.extend_from_slice(packet);
        let shared = buffer.split().freeze();
        self.0.push_back(buffer);
        let is_wasteful = self.0.get_mut(SPARE).is_some_and(|it| it.try_reclaim(SIZE));
        if is_wasteful {
            self.0.pop_front();
        }
        shared
    }

    /// A buffer with so much room. One that somebody keeps for long is let go, so that it is in nobody's way.
    fn take(&mut self, len: usize) -> BytesMut {
        let free = self.0.iter_mut().take(2).position(|it| it.try_reclaim(len));
        match free {
            Some(kept) => drop(self.0.drain(..kept)),
            None if self.0.len() < MAX => return BytesMut::with_capacity(SIZE),
            None => {}
        }
        let oldest = self.0.pop_front().filter(|_| free.is_some());
        oldest.unwrap_or_else(|| BytesMut::with_capacity(SIZE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets that are alive at once have places of their own.
    fn check(alive: &VecDeque<Bytes>) {
        let places: std::collections::BTreeSet<_> = alive.iter().map(|packet| packet.as_ptr()).collect();
        assert_eq!(places.len(), alive.len());
    }

    #[test]
    fn a_buffer_is_used_again_when_nobody_has_it() {
        let mut buffers = SharedBuffers::default();
        let mut alive = VecDeque::new();
        let mut places = std::collections::BTreeSet::new();
        for number in 0..1000_u32 {
            let packet = number.to_be_bytes().repeat(300);
            let shared = buffers.share(&packet);
            assert_eq!(shared, packet);
            places.insert(shared.as_ptr());
            alive.push_back(shared.clone());
            if alive.len() > 100 {
                alive.pop_front();
            }
            check(&alive);
        }
        for (packet, number) in alive.iter().rev().zip((0..1000_u32).rev()) {
            assert_eq!(*packet, number.to_be_bytes().repeat(300));
        }
        assert!(places.len() <= 102, "{} places", places.len());
    }

    #[test]
    fn one_that_is_kept_is_in_nobodys_way_and_spare_ones_go() {
        let mut buffers = SharedBuffers::default();
        let kept = buffers.share(&[1; 1200]);
        let burst: Vec<_> = (0..500).map(|_| buffers.share(&[2; 1200])).collect();
        assert_eq!(buffers.0.len(), 501);
        drop(burst);
        for _ in 0..1000 {
            assert_eq!(buffers.share(&[3; 1200]), vec![3; 1200]);
        }
        assert_eq!(kept, vec![1; 1200]);
        assert!(buffers.0.len() <= SPARE + 1, "{} buffers", buffers.0.len());
    }

    #[test]
    fn there_is_a_bound_and_no_packet_is_too_long() {
        let mut buffers = SharedBuffers::default();
        let all: Vec<_> = (0..2 * MAX).map(|_| buffers.share(&[0; 1400])).collect();
        assert_eq!((all.len(), buffers.0.len()), (2 * MAX, MAX));
        assert_eq!(buffers.share(&[9; 65_000]), vec![9; 65_000]);
        assert_eq!(buffers.0.len(), MAX);
    }

    #[test]
    fn short_packets_lie_in_one_buffer() {
        let mut buffers = SharedBuffers::default();
        let all: Vec<_> = (0..15_u8).map(|byte| buffers.share(&[byte; 100])).collect();
        assert_eq!(buffers.0.len(), 1);
        for (byte, packet) in (0..).zip(all) {
            assert_eq!(packet, vec![byte; 100]);
        }
    }
}
