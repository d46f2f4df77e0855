//! Two connected ends in memory, with a bounded queue each way.

use crate::wakers::Wakers;
use crate::{Datagram, Ecn, RecvMeta, Transmit};
use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How a [`pair`] behaves.
#[derive(Clone, Debug)]
pub struct PairConfig {
    /// Packets that may wait in each direction. Default 1,024.
    pub capacity: usize,
    /// What a send does when as many wait. Default [`WhenFull::Wait`].
    pub when_full: WhenFull,
    /// The addresses that the ends claim to have. Default 192.0.2.1:1 and 192.0.2.2:2 (TEST-NET-1, RFC 5737).
    pub addresses: [SocketAddr; 2],
}

/// What a send does on a full queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits ([`Datagram::try_send`] returns `WouldBlock`), as on a local socket.
    Wait,
    /// The packet is lost, as in a network.
    Drop,
}

impl Default for PairConfig {
    fn default() -> Self {
        let address = |host: u8| SocketAddr::new(Ipv4Addr::new(192, 0, 2, host).into(), host.into());
        Self {
            capacity: 1024,
            when_full: WhenFull::Wait,
            addresses: [address(1), address(2)],
        }
    }
}

/// Makes two ends in memory: what one sends, the other receives, in order and complete.
///
/// Receiving fails with [`io::ErrorKind::UnexpectedEof`] once the other end is dropped and its packets are read. What is
/// sent to a dropped end, or to another address than the other end's, vanishes.
#[must_use]
pub fn pair(config: PairConfig) -> (MemoryDatagram, MemoryDatagram) {
    let queues = [(); 2].map(|()| Arc::new(Queue::default()));
    let [first, second] = config.addresses;
    let end = |local, peer, inbound: &Arc<Queue>, outbound: &Arc<Queue>| MemoryDatagram {
        local,
        peer,
        capacity: config.capacity.max(1),
        when_full: config.when_full,
        inbound: Arc::clone(inbound),
        outbound: Arc::clone(outbound),
    };
    let [to_first, to_second] = queues;
    (
        end(first, second, &to_first, &to_second),
        end(second, first, &to_second, &to_first),
    )
}

/// One end of a [`pair`].
#[derive(Debug)]
pub struct MemoryDatagram {
    local: SocketAddr,
    peer: SocketAddr,
    capacity: usize,
    when_full: WhenFull,
    inbound: Arc<Queue>,
    outbound: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<QueueState>,
    senders: Arc<Wakers>,
}

#[derive(Debug, Default)]
struct QueueState {
    packets: VecDeque<Packet>,
    receiver: Option<Waker>,
    sender_gone: bool,
    receiver_gone: bool,
}

#[derive(Debug)]
struct Packet {
    ecn: Option<Ecn>,
    contents: Box<[u8]>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryDatagram {
    /// Puts the packets of `transmit` into the queue: all, or none when they must wait.
    fn push(&self, transmit: &Transmit<'_>, queue: &mut QueueState) -> io::Result<()> {
        if queue.receiver_gone || transmit.destination != self.peer {
            return Ok(());
        }
        // A burst longer than the whole queue is let in when the queue is empty, or it would wait forever.
        let room = self.capacity.saturating_sub(queue.packets.len());
        if self.when_full == WhenFull::Wait && !queue.packets.is_empty() && transmit.segments().count() > room
        {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let limit = if self.when_full == WhenFull::Drop {
            room
        } else {
            usize::MAX
        };
        let packets = transmit.segments().take(limit);
        queue.packets.extend(packets.map(|packet| Packet {
            ecn: transmit.ecn,
            contents: packet.into(),
        }));
        if let Some(receiver) = queue.receiver.take() {
            receiver.wake();
        }
        Ok(())
    }

    fn pop(
        &self,
        queue: &mut QueueState,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Option<usize> {
        let mut filled = 0;
        for (buffer, meta) in buffers.iter_mut().zip(meta) {
            let Some(packet) = queue.packets.pop_front() else {
                break;
            };
            let len = packet.contents.len().min(buffer.len());
            buffer
                .iter_mut()
                .zip(packet.contents.iter())
                .for_each(|(to, from)| *to = *from);
            let destination = Some(self.local.ip());
            *meta = RecvMeta {
                source: self.peer,
                destination,
                len,
                stride: len,
                ecn: packet.ecn,
            };
            filled += 1;
        }
        (filled > 0).then_some(filled)
    }
}

impl Datagram for MemoryDatagram {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut queue = self.inbound.lock();
        if let Some(filled) = self.pop(&mut queue, buffers, meta) {
            drop(queue);
            self.inbound.senders.wake_all();
            return Poll::Ready(Ok(filled));
        }
        if queue.sender_gone {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        queue.receiver = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        let mut queue = self.outbound.lock();
        match self.push(transmit, &mut queue) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // Under the queue's lock: the receiver cannot make room in between and miss this task.
                self.outbound.senders.add(cx.waker());
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.push(transmit, &mut self.outbound.lock())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

impl Drop for MemoryDatagram {
    fn drop(&mut self) {
        let mut inbound = self.inbound.lock();
        inbound.receiver_gone = true;
        inbound.packets.clear();
        drop(inbound);
        self.inbound.senders.wake_all();
        let mut outbound = self.outbound.lock();
        outbound.sender_gone = true;
        if let Some(receiver) = outbound.receiver.take() {
            receiver.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inbox, send};

    fn small(when_full: WhenFull) -> (MemoryDatagram, MemoryDatagram) {
        pair(PairConfig {
            capacity: 2,
            when_full,
            ..PairConfig::default()
        })
    }

    #[tokio::test]
    async fn carries_packets_both_ways_with_addresses_and_marks() {
        let (alice, bob) = pair(PairConfig::default());
        let to_bob = Transmit {
            ecn: Some(Ecn::Ce),
            ..Transmit::new(bob.local_addr().unwrap(), b"ping")
        };
        send(&alice, &to_bob).await.unwrap();
        let mut inbox = Inbox::new(&bob);
        let packet = inbox.recv(&bob).await.unwrap();
        assert_eq!(
            (packet.source, packet.ecn),
            (alice.local_addr().unwrap(), Some(Ecn::Ce))
        );
        send(&bob, &Transmit::new(packet.source, b"pong")).await.unwrap();
        assert_eq!(Inbox::new(&alice).recv(&alice).await.unwrap().contents, b"pong");
    }

    #[tokio::test]
    async fn a_full_queue_makes_senders_wait() {
        let (alice, bob) = small(WhenFull::Wait);
        let to = bob.local_addr().unwrap();
        alice
            .try_send(&Transmit {
                segment_size: Some(1),
                ..Transmit::new(to, b"12")
            })
            .unwrap();
        let full = alice.try_send(&Transmit::new(to, b"3")).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        let waiting =
            tokio::spawn(async move { send(&alice, &Transmit::new(to, b"3")).await.map(|()| alice) });
        tokio::task::yield_now().await;
        let mut inbox = Inbox::new(&bob);
        for expected in [b"1", b"2", b"3"] {
            assert_eq!(inbox.recv(&bob).await.unwrap().contents, expected);
        }
        waiting.await.unwrap().unwrap();
    }

    #[test]
    fn a_full_queue_loses_packets_when_told_so() {
        let (alice, bob) = small(WhenFull::Drop);
        let to = bob.local_addr().unwrap();
        alice
            .try_send(&Transmit {
                segment_size: Some(1),
                ..Transmit::new(to, b"123")
            })
            .unwrap();
        alice.try_send(&Transmit::new(to, b"4")).unwrap();
        let mut inbox = Inbox::new(&bob);
        assert!(
            inbox
                .poll_fill(&mut Context::from_waker(Waker::noop()), &bob)
                .is_ready()
        );
        assert_eq!(inbox.pop().unwrap().contents, b"1");
        assert_eq!(inbox.pop().unwrap().contents, b"2");
        assert!(inbox.pop().is_none());
    }

    #[tokio::test]
    async fn a_dropped_end_is_the_end_after_its_last_packet() {
        let (alice, bob) = pair(PairConfig::default());
        alice
            .try_send(&Transmit::new(bob.local_addr().unwrap(), b"last"))
            .unwrap();
        let to_alice = alice.local_addr().unwrap();
        drop(alice);
        let mut inbox = Inbox::new(&bob);
        assert_eq!(inbox.recv(&bob).await.unwrap().contents, b"last");
        assert_eq!(
            inbox.recv(&bob).await.unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        send(&bob, &Transmit::new(to_alice, b"into the void"))
            .await
            .unwrap();
    }

    #[test]
    fn packets_for_another_address_vanish() {
        let (alice, bob) = pair(PairConfig::default());
        alice
            .try_send(&Transmit::new(SocketAddr::from(([192, 0, 2, 9], 9)), b"lost"))
            .unwrap();
        let mut inbox = Inbox::new(&bob);
        assert!(
            inbox
                .poll_fill(&mut Context::from_waker(Waker::noop()), &bob)
                .is_pending()
        );
    }
}
