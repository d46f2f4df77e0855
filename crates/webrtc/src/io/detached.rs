//! A data channel as a stream of bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::data_channel::{DataChannel, Payload};
use crate::error::SendError;

/// The largest message that a write makes, in bytes: what every peer takes (RFC 8841 §6.1 and older stacks).
const MAX_WRITE: usize = 16 * 1024;

/// A [`DataChannel`] as [`AsyncRead`] and [`AsyncWrite`]. Each write is one binary message of at most 16 KiB; reads do
/// not keep the borders of messages. Shutting down or dropping it closes the channel.
#[derive(Debug)]
pub struct DetachedChannel {
    channel: DataChannel,
    unread: Bytes,
}

impl DetachedChannel {
    pub(super) const fn new(channel: DataChannel) -> Self {
        Self {
            channel,
            unread: Bytes::new(),
        }
    }

    /// The channel, for its states and properties.
    pub const fn channel(&self) -> &DataChannel {
        &self.channel
    }
}

impl AsyncRead for DetachedChannel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.channel.poll_recv(cx)) {
                Some(message) => self.unread = message.data,
                None => return Poll::Ready(Ok(())),
            }
        }
        let len = self.unread.len().min(out.remaining());
        out.put_slice(&self.unread.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for DetachedChannel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let len = data.len().min(MAX_WRITE);
        let payload = Payload::binary(data.take(len).copy_to_bytes(len));
        match ready!(self.channel.poll_send(cx, &payload)) {
            Ok(()) => Poll::Ready(Ok(len)),
            Err(error @ SendError::NotOpen(_)) => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, error)))
            }
            Err(error) => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidInput, error))),
        }
    }

    /// Writes are handed to the connection at once, so there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.channel.close();
        Poll::Ready(Ok(()))
    }
}
