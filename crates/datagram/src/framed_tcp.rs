//! RFC 4571: packets over a byte stream, each behind its length in 16 bits, as ICE over TCP (RFC 6544 §3)
//! carries them.

use crate::wakers::Wakers;
use crate::{Datagram, RecvMeta, Transmit};
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of the length in front of each packet.
const HEADER: usize = 2;
/// Bytes read from the stream at a time.
const READ_SIZE: usize = 16 * 1024;
/// A partly sent burst up to this size may be waiting; the next send waits for it.
const WRITE_LIMIT: usize = 64 * 1024;

/// A byte stream that carries packets, RFC 4571. Sends wait while an earlier one is only partly written.
///
/// Receiving fails with [`io::ErrorKind::UnexpectedEof`] when the stream ends.
///
/// ```
/// use datagram::{FramedTcp, Inbox, Transmit};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (one, other) = tokio::io::duplex(64);
/// let (here, there) = ("192.0.2.1:9".parse().unwrap(), "192.0.2.2:9".parse().unwrap());
/// let (one, other) = (FramedTcp::new(one, here, there), FramedTcp::new(other, there, here));
/// datagram::send(&one, &Transmit::new(there, b"packet")).await?;
/// let mut inbox = Inbox::new(&other);
/// let packet = inbox.recv(&other).await?;
/// assert_eq!((packet.source, &*packet.contents), (here, &b"packet"[..]));
/// # Ok(())
/// # }
/// ```
pub struct FramedTcp<S> {
    local: SocketAddr,
    peer: SocketAddr,
    state: Mutex<State<S>>,
    writers: Arc<Wakers>,
}

struct State<S> {
    stream: S,
    inbound: Inbound,
    outbound: Vec<u8>,
    written: usize,
    receiver: Option<Waker>,
}

impl<S> fmt::Debug for FramedTcp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedTcp")
            .field("local", &self.local)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> FramedTcp<S> {
    /// Frames `stream`, which runs between these addresses.
    pub fn new(stream: S, local: SocketAddr, peer: SocketAddr) -> Self {
        let inbound = Inbound {
            bytes: Vec::new(),
            start: 0,
        };
        let state = State {
            stream,
            inbound,
            outbound: Vec::new(),
            written: 0,
            receiver: None,
        };
        Self {
            local,
            peer,
            state: Mutex::new(state),
            writers: Arc::default(),
        }
    }

    /// The peer.
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is left of the last burst. The receiving task is woken too, so that the rest gets out even if nobody
    /// sends again.
    fn poll_flush(&self, state: &mut State<S>, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if state.outbound.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if let Some(receiver) = &state.receiver {
            self.writers.add(receiver);
        }
        self.writers.poll(cx, |cx| state.poll_write(cx))
    }

    fn poll_frame(&self, cx: &Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        if transmit
            .segments()
            .any(|packet| packet.len() > usize::from(u16::MAX))
        {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        }
        let mut state = self.lock();
        ready!(self.poll_flush(&mut state, cx))?;
        for packet in transmit.segments() {
            if state.outbound.len() + HEADER + packet.len() > WRITE_LIMIT && !state.outbound.is_empty() {
                // The first packets are taken, so the send cannot wait: the rest is lost as on a full link.
                match self.poll_flush(&mut state, cx) {
                    Poll::Ready(result) => result?,
                    Poll::Pending => return Poll::Ready(Ok(())),
                }
            }
            let len = u16::try_from(packet.len()).unwrap_or(u16::MAX);
            state.outbound.extend_from_slice(&len.to_be_bytes());
            state.outbound.extend_from_slice(packet);
        }
        match self.poll_flush(&mut state, cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> State<S> {
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.outbound.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        self.outbound.clear();
        self.written = 0;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, inbound, .. } = self;
        inbound.make_room();
        let start = inbound.bytes.len();
        inbound.bytes.resize(start + READ_SIZE, 0);
        let mut read = ReadBuf::new(inbound.bytes.get_mut(start..).unwrap_or_default());
        let result = Pin::new(stream).poll_read(cx, &mut read);
        let filled = read.filled().len();
        inbound.bytes.truncate(start + filled);
        match ready!(result) {
            Ok(()) if filled == 0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            result => Poll::Ready(result),
        }
    }
}

/// Bytes read, of which at most one frame is incomplete: bounded by one frame and one read.
struct Inbound {
    bytes: Vec<u8>,
    start: usize,
}

impl Inbound {
    /// Takes a whole frame.
    fn pop(&mut self) -> Option<&[u8]> {
        let rest = self.bytes.get(self.start..)?;
        let (length, rest) = rest.split_first_chunk::<HEADER>()?;
        let packet = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        self.start += HEADER + packet.len();
        Some(packet)
    }

    fn make_room(&mut self) {
        self.bytes.drain(..self.start.min(self.bytes.len()));
        self.start = 0;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Datagram for FramedTcp<S> {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        if buffers.is_empty() || meta.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut state = self.lock();
        state.receiver = Some(cx.waker().clone());
        // A broken stream shows in the read below; what arrived before it broke is still delivered.
        let _unsent = self.poll_flush(&mut state, cx);
        loop {
            let mut filled = 0;
            for (buffer, meta) in buffers.iter_mut().zip(meta.iter_mut()) {
                let Some(packet) = state.inbound.pop() else { break };
                let len = packet.len().min(buffer.len());
                buffer.iter_mut().zip(packet).for_each(|(to, from)| *to = *from);
                let destination = Some(self.local.ip());
                *meta = RecvMeta {
                    source: self.peer,
                    destination,
                    len,
                    stride: len,
                    ecn: None,
                };
                filled += 1;
            }
            if filled > 0 {
                return Poll::Ready(Ok(filled));
            }
            ready!(state.poll_read(cx))?;
        }
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        self.poll_frame(cx, transmit)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        match self.poll_frame(&Context::from_waker(Waker::noop()), transmit) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inbox, send};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    fn addresses() -> (SocketAddr, SocketAddr) {
        (
            SocketAddr::from(([192, 0, 2, 1], 9)),
            SocketAddr::from(([192, 0, 2, 2], 9)),
        )
    }

    fn framed(buffer: usize) -> (FramedTcp<DuplexStream>, FramedTcp<DuplexStream>) {
        let (one, other) = tokio::io::duplex(buffer);
        let (here, there) = addresses();
        (
            FramedTcp::new(one, here, there),
            FramedTcp::new(other, there, here),
        )
    }

    #[tokio::test]
    async fn writes_the_frames_of_rfc_4571() {
        let (stream, mut wire) = tokio::io::duplex(64);
        let (here, there) = addresses();
        let framed = FramedTcp::new(stream, here, there);
        let transmit = Transmit {
            segment_size: Some(2),
            ..Transmit::new(there, b"abc")
        };
        send(&framed, &transmit).await.unwrap();
        send(&framed, &Transmit::new(there, b"")).await.unwrap();
        drop(framed);
        let mut bytes = Vec::new();
        wire.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"\0\x02ab\0\x01c\0\0");
    }

    #[tokio::test]
    async fn reads_frames_cut_anywhere() {
        let frames = b"\0\x03abc\0\0\0\x01d";
        for cut in 0..=frames.len() {
            let (stream, mut wire) = tokio::io::duplex(64);
            let (here, there) = addresses();
            let framed = FramedTcp::new(stream, here, there);
            let mut inbox = Inbox::new(&framed);
            wire.write_all(&frames[..cut]).await.unwrap();
            let rest = tokio::spawn(async move {
                tokio::task::yield_now().await;
                wire.write_all(&frames[cut..]).await
            });
            for expected in ["abc", "", "d"] {
                assert_eq!(
                    inbox.recv(&framed).await.unwrap().contents,
                    expected.as_bytes(),
                    "cut at {cut}"
                );
            }
            rest.await.unwrap().unwrap();
            assert_eq!(
                inbox.recv(&framed).await.unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof
            );
        }
    }

    #[tokio::test]
    async fn a_stream_that_ends_inside_a_frame_is_the_end() {
        let (stream, mut wire) = tokio::io::duplex(64);
        let (here, there) = addresses();
        let framed = FramedTcp::new(stream, here, there);
        wire.write_all(b"\0\x03ab").await.unwrap();
        drop(wire);
        let error = Inbox::new(&framed).recv(&framed).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_a_full_stream_did_not_take_goes_out_later() {
        // The stream holds 16 bytes, so every packet is written in pieces, while both sides do nothing but receive.
        let (alice, bob) = framed(16);
        let (_, there) = addresses();
        send(&alice, &Transmit::new(there, &[7; 1000])).await.unwrap();
        let full = alice.try_send(&Transmit::new(there, b"next")).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        let alice = Arc::new(alice);
        let receiving = tokio::spawn({
            let alice = Arc::clone(&alice);
            async move {
                Inbox::new(&alice)
                    .recv(&alice)
                    .await
                    .map(|packet| packet.contents.to_vec())
            }
        });
        let mut inbox = Inbox::new(&bob);
        assert_eq!(inbox.recv(&bob).await.unwrap().contents, [7; 1000]);
        send(&alice, &Transmit::new(there, b"next")).await.unwrap();
        assert_eq!(inbox.recv(&bob).await.unwrap().contents, b"next");
        drop(bob);
        assert!(receiving.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn refuses_what_the_length_cannot_say() {
        let (alice, bob) = framed(1 << 20);
        let (_, there) = addresses();
        let error = send(&alice, &Transmit::new(there, &[0; 65_536]))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        send(&alice, &Transmit::new(there, &[1; 65_535])).await.unwrap();
        let mut inbox = Inbox::with_packet_size(&bob, 65_535);
        assert_eq!(inbox.recv(&bob).await.unwrap().contents.len(), 65_535);
    }
}
