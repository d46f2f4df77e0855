//! The data of an agent: datagrams, or a stream of bytes over them.

use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use datagram::{Datagram, RecvMeta, Transmit};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::agent::Handle;
use super::shared::{Shared, now};
use crate::event::{FailReason, Path, SocketLost};

/// Why no connection came about.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The agent failed. [`Agent::restart`](super::Agent::restart), or give up.
    #[error("{0}")]
    Failed(FailReason),
    /// No socket is left. [`Agent::gather`](super::Agent::gather) again, or give up.
    #[error(transparent)]
    SocketLost(#[from] SocketLost),
    /// The agent was closed.
    #[error("agent is closed")]
    Closed,
}

/// The path that an agent found, whichever it is at the moment.
///
/// It carries datagrams, which may be lost and reordered: [`send`](Self::send) and [`recv`](Self::recv), or the
/// [`Datagram`] trait for what is layered on it. As `AsyncRead + AsyncWrite` a write is one datagram, and reads take
/// the bytes of datagrams one after the other.
#[derive(Debug)]
pub struct Connection {
    handle: Arc<Handle>,
    /// What a read has left of a datagram.
    rest: Bytes,
}

impl Connection {
    pub(super) const fn new(handle: Arc<Handle>) -> Self {
        Self {
            handle,
            rest: Bytes::new(),
        }
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    /// Where data goes at the moment.
    pub fn path(&self) -> Option<Path> {
        self.shared().lock().agent.data_path()
    }

    /// How many datagrams were dropped because nobody received them.
    pub fn dropped(&self) -> u64 {
        self.shared().lock().dropped
    }

    /// Sends a datagram, waiting for room in the socket and, while the path is being replaced, for a path.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the agent has failed or is closed; what the socket says; a [`SocketLost`] when the last one
    /// is gone.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        poll_fn(|cx| self.poll_send_datagram(cx, datagram)).await
    }

    /// Receives a datagram. At most 1,024 wait; more are dropped.
    ///
    /// # Errors
    ///
    /// When all datagrams were taken: `NotConnected` when the agent has failed or is closed, a [`SocketLost`] when the
    /// last socket is gone.
    pub async fn recv(&self) -> io::Result<Bytes> {
        let received = poll_fn(|cx| self.shared().lock().poll_received(cx)).await;
        received.ok_or_else(|| self.shared().lock().cut_off())
    }

    fn poll_send_datagram(&self, cx: &mut Context<'_>, datagram: &[u8]) -> Poll<io::Result<()>> {
        let shared = self.shared();
        let mut state = shared.lock();
        let Some(path) = state.agent.data_path() else {
            if state.is_cut_off() {
                return Poll::Ready(Err(state.cut_off()));
            }
            state.watch(cx);
            return Poll::Pending;
        };
        let Some(sent) = shared.hub.poll_send(cx, path, datagram) else {
            return Poll::Ready(Err(io::ErrorKind::AddrNotAvailable.into()));
        };
        if let Poll::Ready(Ok(())) = sent {
            state.agent.count_sent(now(), datagram.len());
        }
        sent
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            let received = ready!(self.shared().lock().poll_received(cx));
            // The end of the stream.
            let Some(received) = received else {
                return Poll::Ready(Ok(()));
            };
            self.rest = received;
        }
        let len = self.rest.len().min(out.remaining());
        if let Some(bytes) = self.rest.get(..len) {
            out.put_slice(bytes);
        }
        self.rest.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send_datagram(cx, data).map_ok(|()| data.len())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What is layered on a connection addresses the peer as it likes: there is only one.
impl Datagram for Connection {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.shared().lock();
        let source = state
            .agent
            .data_path()
            .map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |path| path.remote);
        let mut count = 0;
        for (buffer, meta) in buffers.iter_mut().zip(meta) {
            let received = match state.poll_received(cx) {
                Poll::Ready(Some(received)) => received,
                Poll::Ready(None) if count == 0 => {
                    return Poll::Ready(Err(state.cut_off()));
                }
                Poll::Pending if count == 0 => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            };
            let len = received.len().min(buffer.len());
            if let (Some(target), Some(bytes)) = (buffer.get_mut(..len), received.get(..len)) {
                target.copy_from_slice(bytes);
            }
            *meta = RecvMeta {
                source,
                len,
                stride: len,
                ..RecvMeta::default()
            };
            count += 1;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        for segment in transmit.segments() {
            ready!(self.poll_send_datagram(cx, segment))?;
        }
        Poll::Ready(Ok(()))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match self.poll_send(&mut cx, transmit) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.path()
            .map(|path| path.local)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}
