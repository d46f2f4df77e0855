//! Packets that wait for the application.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use interceptor::InboundId;

/// Packets of one track that wait at most. Then the oldest go: who reads late wants the newest media.
pub(super) const MAX_PACKETS: usize = 512;

/// Buffers that are kept for the next packets.
const MAX_SPARE: usize = 64;

/// What is known of a packet beside its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) sequence_number: u64,
    pub(super) is_repaired: bool,
    pub(super) arrived: Instant,
    pub(super) sampled: Option<Instant>,
}

/// A packet of a layer.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) packet: Vec<u8>,
    pub(super) stream: InboundId,
    pub(super) rid: Option<Arc<str>>,
    pub(super) numbers: Numbers,
}

/// A queue whose buffers are used again: in the steady state nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct PacketQueue {
    waiting: VecDeque<Waiting>,
    spare: Vec<Vec<u8>>,
}

impl PacketQueue {
    /// A buffer to fill for [`push`](Self::push).
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// If the queue was full, its oldest packet is lost: gives the stream of that.
    pub(super) fn push(&mut self, waiting: Waiting) -> Option<InboundId> {
        let lost = (self.waiting.len() >= MAX_PACKETS)
            .then(|| self.waiting.pop_front())
            .flatten();
        self.waiting.push_back(waiting);
        let lost = lost?;
        self.recycle(lost.packet);
        Some(lost.stream)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest packet; `packet` takes its bytes and gives its own buffer back.
    pub(super) fn pop(&mut self, packet: &mut Vec<u8>) -> Option<Waiting> {
        let mut waiting = self.waiting.pop_front()?;
        std::mem::swap(packet, &mut waiting.packet);
        let used = std::mem::take(&mut waiting.packet);
        self.recycle(used);
        Some(waiting)
    }

    fn recycle(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < MAX_SPARE && buffer.capacity() > 0 {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> InboundId {
        let mut chain = interceptor::Chain::new(
            interceptor::Config::default(),
            Instant::now(),
            std::time::Duration::ZERO,
            [0; 32],
        );
        chain
            .add_inbound(Instant::now(), interceptor::Inbound::default())
            .unwrap()
    }

    fn waiting(number: u64, packet: Vec<u8>) -> Waiting {
        Waiting {
            packet,
            stream: stream(),
            rid: None,
            numbers: Numbers {
                sequence_number: number,
                is_repaired: false,
                arrived: Instant::now(),
                sampled: None,
            },
        }
    }

    #[test]
    fn the_oldest_packets_go_when_nobody_reads() {
        let mut queue = PacketQueue::default();
        let count = u64::try_from(MAX_PACKETS).unwrap();
        let lost = (0..count + 10)
            .filter(|number| queue.push(waiting(*number, vec![1])) == Some(stream()))
            .count();
        assert_eq!(lost, 10);
        let mut packet = Vec::new();
        assert_eq!(queue.pop(&mut packet).unwrap().numbers.sequence_number, 10);
    }

    #[test]
    fn buffers_go_round() {
        let mut queue = PacketQueue::default();
        let mut read = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..1000 {
            let mut buffer = queue.buffer();
            buffer.extend_from_slice(&[7; 1200]);
            seen.insert(buffer.as_ptr());
            queue.push(waiting(number, buffer));
            assert_eq!(queue.pop(&mut read).unwrap().numbers.sequence_number, number);
            assert_eq!(read, [7; 1200]);
        }
        assert!(seen.len() <= 3, "{} buffers", seen.len());
    }
}
