//! The receiving half of a driver: buffers that are reused, and packets taken from them one at a time.

use crate::{Datagram, Ecn, RecvMeta};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, ready};

/// Most packets are below the Ethernet MTU; twice that leaves room for tunnels.
const PACKET_SIZE: usize = 2048;
/// The largest thing that UDP, with or without GRO, can deliver.
const MAX_BUFFER: usize = 65_536;
/// Buffers filled by one system call when each holds one packet.
const BATCH: usize = 32;
/// Buffers filled by one system call when each holds up to 64 packets.
const BATCH_OFFLOADED: usize = 8;

/// Receive buffers, and the packets in them.
///
/// Memory: 512 KiB of address space for a transport with receive offload, 64 KiB for others; only pages
/// that packets were written to become resident.
#[derive(Debug)]
pub struct Inbox {
    slab: Vec<u8>,
    buffer_size: usize,
    meta: Vec<RecvMeta>,
    filled: usize,
    current: usize,
    offset: usize,
}

/// A packet in an [`Inbox`].
#[derive(Debug)]
pub struct Received<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// The local address it was sent to, where the system tells.
    pub destination: Option<IpAddr>,
    /// The congestion mark.
    pub ecn: Option<Ecn>,
    /// The packet, mutable so that encryption can be opened in place.
    pub contents: &'a mut [u8],
}

impl Inbox {
    /// Buffers that suit this transport, for packets of up to 2,048 bytes.
    #[must_use]
    pub fn new<D: Datagram + ?Sized>(datagram: &D) -> Self {
        Self::with_packet_size(datagram, PACKET_SIZE)
    }

    /// Buffers for packets of up to `packet_size` bytes (at most 65,536); longer ones are cut by the system.
    #[must_use]
    pub fn with_packet_size<D: Datagram + ?Sized>(datagram: &D, packet_size: usize) -> Self {
        let segments = datagram.max_recv_segments().max(1);
        let batch = if segments > 1 { BATCH_OFFLOADED } else { BATCH };
        let buffer_size = packet_size.saturating_mul(segments).clamp(1, MAX_BUFFER);
        Self {
            slab: vec![0; buffer_size * batch],
            buffer_size,
            meta: vec![RecvMeta::default(); batch],
            filled: 0,
            current: 0,
            offset: 0,
        }
    }

    /// The next packet of the last batch.
    pub fn pop(&mut self) -> Option<Received<'_>> {
        while self.current < self.filled {
            let meta = *self.meta.get(self.current)?;
            let start = self.offset;
            // An empty packet is a packet too.
            if start < meta.len || (start == 0 && meta.len == 0) {
                let stride = if meta.stride == 0 { meta.len } else { meta.stride };
                self.offset = meta.len.min(start + stride).max(1);
                return self.packet(&meta, start, meta.len.min(start + stride));
            }
            self.current += 1;
            self.offset = 0;
        }
        None
    }

    /// Receives the next batch once all packets of the last one are taken. `Ready` means that [`pop`](Self::pop) has
    /// something.
    ///
    /// # Errors
    ///
    /// As [`Datagram::poll_recv`].
    pub fn poll_fill<D: Datagram + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        datagram: &D,
    ) -> Poll<io::Result<()>> {
        while self.is_empty() {
            let mut chunks = self.slab.chunks_mut(self.buffer_size);
            let mut buffers: [IoSliceMut<'_>; BATCH] =
                std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
            let count = self.meta.len().min(BATCH);
            let buffers = buffers.get_mut(..count).unwrap_or_default();
            self.filled = ready!(datagram.poll_recv(cx, buffers, &mut self.meta))?;
            self.current = 0;
            self.offset = 0;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the next packet.
    ///
    /// # Errors
    ///
    /// As [`Datagram::poll_recv`].
    pub async fn recv<D: Datagram + ?Sized>(&mut self, datagram: &D) -> io::Result<Received<'_>> {
        std::future::poll_fn(|cx| self.poll_fill(cx, datagram)).await?;
        self.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn is_empty(&self) -> bool {
        match self.meta.get(self.current) {
            Some(meta) if self.current < self.filled => {
                self.offset >= meta.len.max(1) && self.current + 1 >= self.filled
            }
            _ => true,
        }
    }

    fn packet(&mut self, meta: &RecvMeta, start: usize, end: usize) -> Option<Received<'_>> {
        let base = self.current * self.buffer_size;
        let contents = self.slab.get_mut(base + start..base + end)?;
        Some(Received {
            source: meta.source,
            destination: meta.destination,
            ecn: meta.ecn,
            contents,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PairConfig, Transmit, pair};
    use std::task::Waker;

    /// A transport that delivers prepared buffers.
    #[derive(Debug)]
    struct Script(Vec<(Vec<u8>, usize)>);

    impl Datagram for Script {
        fn poll_recv(
            &self,
            _: &mut Context<'_>,
            buffers: &mut [IoSliceMut<'_>],
            meta: &mut [RecvMeta],
        ) -> Poll<io::Result<usize>> {
            for (slot, (bytes, stride)) in self.0.iter().enumerate() {
                buffers[slot][..bytes.len()].copy_from_slice(bytes);
                meta[slot] = RecvMeta {
                    len: bytes.len(),
                    stride: *stride,
                    ..RecvMeta::default()
                };
            }
            Poll::Ready(Ok(self.0.len()))
        }

        fn poll_send(&self, _: &mut Context<'_>, _: &Transmit<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn try_send(&self, _: &Transmit<'_>) -> io::Result<()> {
            Ok(())
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(RecvMeta::default().source)
        }

        fn max_recv_segments(&self) -> usize {
            64
        }
    }

    #[test]
    fn cuts_offloaded_buffers_into_packets() {
        let script = Script(vec![
            (b"aabbc".to_vec(), 2),
            (Vec::new(), 0),
            (b"whole".to_vec(), 5),
            (b"no stride".to_vec(), 0),
        ]);
        let mut inbox = Inbox::new(&script);
        assert!(inbox.pop().is_none());
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(matches!(inbox.poll_fill(&mut cx, &script), Poll::Ready(Ok(()))));
            for expected in ["aa", "bb", "c", "", "whole", "no stride"] {
                assert_eq!(inbox.pop().unwrap().contents, expected.as_bytes());
            }
            assert!(inbox.pop().is_none());
        }
    }

    #[test]
    fn refills_only_when_all_packets_are_taken() {
        let script = Script(vec![(b"aabb".to_vec(), 2)]);
        let mut inbox = Inbox::new(&script);
        let mut cx = Context::from_waker(Waker::noop());
        let mut seen = Vec::new();
        for _ in 0..4 {
            assert!(inbox.poll_fill(&mut cx, &script).is_ready());
            seen.push(inbox.pop().unwrap().contents.to_vec());
        }
        assert_eq!(seen, [b"aa", b"bb", b"aa", b"bb"]);
    }

    #[test]
    fn hands_out_empty_packets_and_cuts_long_ones() {
        let (alice, bob) = pair(PairConfig::default());
        let mut inbox = Inbox::with_packet_size(&bob, 4);
        let to = bob.local_addr().unwrap();
        alice.try_send(&Transmit::new(to, b"")).unwrap();
        alice.try_send(&Transmit::new(to, b"123456")).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(inbox.poll_fill(&mut cx, &bob).is_ready());
        assert_eq!(inbox.pop().unwrap().contents, b"");
        assert_eq!(inbox.pop().unwrap().contents, b"1234");
        assert!(inbox.pop().is_none());
        assert!(inbox.poll_fill(&mut cx, &bob).is_pending());
    }
}
