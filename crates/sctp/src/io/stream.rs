//! A stream of an association: messages, or bytes.

use super::shared::{Handle, Inner, now};
use crate::error::{CloseReason, SendError};
use crate::message::{Message, Reliability, SendOptions};
use bytes::{Buf, Bytes};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Unsent bytes of a stream above which writers wait.
const HIGH_WATER: usize = 1 << 20;
/// Largest message that a write of bytes makes.
const WRITE_SIZE: usize = 64 << 10;

/// Both directions of a stream.
///
/// [`send`](Self::send) and [`recv`](Self::recv) keep message borders. As [`AsyncRead`] and [`AsyncWrite`] it carries bytes: a
/// write becomes one message of up to 64 KiB, and reads cut messages as they like. Shutting the writer down resets the
/// outgoing stream (RFC 6525), which the peer reads as the end; dropping the stream does not.
#[derive(Debug)]
pub struct SctpStream {
    handle: Arc<Handle>,
    id: u16,
    options: SendOptions,
    ppid: u32,
    /// The rest of a message that a byte reader has begun.
    partial: Bytes,
    resetting: bool,
}

impl SctpStream {
    pub(super) fn new(handle: Arc<Handle>, id: u16, reliability: Reliability) -> Self {
        Self {
            handle,
            id,
            options: SendOptions {
                reliability,
                ..SendOptions::default()
            },
            ppid: 0,
            partial: Bytes::new(),
            resetting: false,
        }
    }

    /// The stream's number.
    #[must_use]
    pub const fn id(&self) -> u16 {
        self.id
    }

    /// How messages are sent from here on: order, reliability, priority.
    pub const fn set_options(&mut self, options: SendOptions) {
        self.options = options;
    }

    /// The payload protocol identifier of what is sent. Default 0, unspecified.
    pub const fn set_ppid(&mut self, ppid: u32) {
        self.ppid = ppid;
    }

    /// Sends a message as a whole, waiting for room.
    ///
    /// # Errors
    ///
    /// As [`core::Association::send`](crate::core::Association::send), but never `BufferFull`.
    pub async fn send(&mut self, message: impl Into<Bytes>) -> Result<(), SendError> {
        let message = message.into();
        poll_fn(|cx| self.poll_send(cx, &message)).await
    }

    /// Sends a message as a whole, or says that there is no room.
    ///
    /// # Errors
    ///
    /// As [`core::Association::send`](crate::core::Association::send).
    pub fn try_send(&mut self, message: impl Into<Bytes>) -> Result<(), SendError> {
        let (id, ppid, options) = (self.id, self.ppid, self.options);
        self.handle
            .shared
            .command(|core| core.send(now(), id, ppid, message.into(), &options))
    }

    fn poll_send(&self, cx: &Context<'_>, message: &Bytes) -> Poll<Result<(), SendError>> {
        let mut inner = self.handle.shared.lock();
        if inner.close_reason().is_some() {
            return Poll::Ready(Err(SendError::Closed));
        }
        if inner.core.buffered_amount(self.id) >= HIGH_WATER {
            inner
                .core
                .set_buffered_amount_low_threshold(self.id, HIGH_WATER / 2);
            inner.wait_writable(self.id, cx);
            return Poll::Pending;
        }
        match inner
            .core
            .send(now(), self.id, self.ppid, message.clone(), &self.options)
        {
            Err(SendError::BufferFull) => {
                inner.wait_writable(self.id, cx);
                Poll::Pending
            }
            result => {
                drop(inner);
                self.handle.shared.wake_driver();
                Poll::Ready(result)
            }
        }
    }

    /// Receives the next message; `None` when the peer has reset the stream or shut the association down.
    ///
    /// # Errors
    ///
    /// The association ended in another way. Messages that had arrived come first.
    pub async fn recv(&mut self) -> Result<Option<Message>, CloseReason> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&self, cx: &Context<'_>) -> Poll<Result<Option<Message>, CloseReason>> {
        let mut inner = self.handle.shared.lock();
        if let Some(message) = inner.core.recv(self.id) {
            drop(inner);
            // The peer may be waiting for the room.
            self.handle.shared.wake_driver();
            return Poll::Ready(Ok(Some(message)));
        }
        if inner.stream(self.id).is_some_and(|stream| stream.ended) {
            return Poll::Ready(Ok(None));
        }
        match inner.close_reason() {
            Some(CloseReason::Shutdown) => Poll::Ready(Ok(None)),
            Some(reason) => Poll::Ready(Err(reason.clone())),
            None => {
                inner.wait_readable(self.id, cx);
                Poll::Pending
            }
        }
    }

    /// Bytes queued that were not sent yet.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.handle.shared.lock().core.buffered_amount(self.id)
    }

    fn poll_flushed(inner: &mut Inner, id: u16, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if let Some(reason) = inner.close_reason() {
            return Poll::Ready(Err(broken(reason)));
        }
        if inner.core.buffered_amount(id) == 0 {
            return Poll::Ready(Ok(()));
        }
        inner.core.set_buffered_amount_low_threshold(id, 0);
        inner.wait_writable(id, cx);
        Poll::Pending
    }
}

fn broken(reason: &CloseReason) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, reason.clone())
}

impl Drop for SctpStream {
    fn drop(&mut self) {
        self.handle.shared.lock().forget(self.id);
    }
}

impl AsyncRead for SctpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.partial.is_empty() {
            match ready!(self.poll_recv(cx)) {
                Ok(Some(message)) => self.partial = message.data,
                Ok(None) => return Poll::Ready(Ok(())),
                Err(reason) => return Poll::Ready(Err(broken(&reason))),
            }
        }
        let len = self.partial.len().min(buf.remaining());
        buf.put_slice(self.partial.get(..len).unwrap_or_default());
        self.partial.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SctpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let piece = buf.get(..WRITE_SIZE).unwrap_or(buf);
        let message = Bytes::copy_from_slice(piece);
        let sent = ready!(self.poll_send(cx, &message));
        Poll::Ready(sent.map(|()| piece.len()).map_err(io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flushed(&mut self.handle.shared.lock(), self.id, cx)
    }

    /// Resets the outgoing stream and waits for the peer's confirmation. Without RFC 6525 it only flushes.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let id = self.id;
        if !self.resetting {
            let asked = self
                .handle
                .shared
                .command(|core| core.reset_streams(now(), &[id]));
            if asked.is_err() {
                return self.poll_flush(cx);
            }
            self.resetting = true;
        }
        let mut inner = self.handle.shared.lock();
        if inner.close_reason().is_some() || inner.stream(id).is_none_or(|stream| stream.finished) {
            return Poll::Ready(Ok(()));
        }
        inner.wait_writable(id, cx);
        Poll::Pending
    }
}
