//! Opened packets until they are read.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// Packets that wait for a reader: for RTCP, for each [`RtpStream`](super::RtpStream), and for SSRCs without a stream. When
/// one more comes the oldest is dropped and counted.
pub const QUEUE: usize = 512;

/// A bounded queue, and the tasks that wait for it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    packets: VecDeque<Bytes>,
    waiting: Vec<Waker>,
}

impl Queue {
    /// Adds a packet; `false` if the oldest had to go.
    pub(super) fn push(&mut self, packet: Bytes) -> bool {
        let room = self.packets.len() < QUEUE;
        if !room {
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
        self.wake();
        room
    }

    /// Takes the next packet, or waits for it. A closed queue gives what is left and then `None`.
    pub(super) fn poll_pop(&mut self, cx: &Context<'_>, closed: bool) -> Poll<Option<Bytes>> {
        match self.packets.pop_front() {
            Some(packet) => Poll::Ready(Some(packet)),
            None if closed => Poll::Ready(None),
            None => {
                if !self.waiting.iter().any(|known| known.will_wake(cx.waker())) {
                    self.waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Takes all packets for which `take` says so.
    pub(super) fn take(&mut self, mut take: impl FnMut(&Bytes) -> bool) -> Self {
        let (packets, rest) = self.packets.drain(..).partition(|packet| take(packet));
        self.packets = rest;
        Self {
            packets,
            waiting: Vec::new(),
        }
    }

    /// Puts a packet back in front.
    pub(super) fn put_back(&mut self, packet: Bytes) {
        self.packets.push_front(packet);
    }

    pub(super) fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_packets() {
        let mut queue = Queue::default();
        let cx = Context::from_waker(Waker::noop());
        assert!(queue.poll_pop(&cx, false).is_pending());
        for number in 0..QUEUE + 3 {
            let room = queue.push(Bytes::copy_from_slice(&number.to_be_bytes()));
            assert_eq!(room, number < QUEUE);
        }
        for number in 3..QUEUE + 3 {
            let packet = Bytes::copy_from_slice(&number.to_be_bytes());
            assert_eq!(queue.poll_pop(&cx, true), Poll::Ready(Some(packet)));
        }
        assert_eq!(queue.poll_pop(&cx, true), Poll::Ready(None));
    }

    #[test]
    fn some_packets_can_be_taken_out() {
        let mut queue = Queue::default();
        for number in 0..6_u8 {
            queue.push(Bytes::copy_from_slice(&[number]));
        }
        let even = queue.take(|packet| packet.first().is_some_and(|number| number % 2 == 0));
        let numbers = |queue: &Queue| -> Vec<u8> { queue.packets.iter().map(|packet| packet[0]).collect() };
        assert_eq!((numbers(&even), numbers(&queue)), (vec![0, 2, 4], vec![1, 3, 5]));
    }
}
