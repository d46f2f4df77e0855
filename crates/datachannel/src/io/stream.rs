//! A channel as a stream of bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::DataChannel;
use crate::error::SendError;
use crate::event::Kind;

/// The largest message that a write makes: without interleaving, RFC 8831 §6.6 advises senders to stay below 16 KiB.
const MAX_WRITE: usize = 16 * 1024;

/// A [`DataChannel`] as [`AsyncRead`] and [`AsyncWrite`]; made by [`DataChannel::detach`].
///
/// Each write is one binary message of at most 16 KiB; reads do not keep the borders of messages. Shutting down or
/// dropping it closes the channel.
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

    /// The channel, for its state and properties.
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
        // Empty messages are no end of the stream.
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
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, mut data: &[u8]) -> Poll<io::Result<usize>> {
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let len = data.len().min(MAX_WRITE);
        let message = data.copy_to_bytes(len);
        let sent = ready!(self.channel.poll_send(cx, Kind::Binary, &message));
        Poll::Ready(
            sent.map(|()| len)
                .map_err(|error| io::Error::new(kind(error), error)),
        )
    }

    /// What is written is the association's at once.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.channel.close();
        Poll::Ready(Ok(()))
    }
}

fn kind(error: SendError) -> io::ErrorKind {
    match error {
        SendError::NotOpen => io::ErrorKind::BrokenPipe,
        SendError::TooLarge { .. } => io::ErrorKind::InvalidInput,
        SendError::BufferFull => io::ErrorKind::WouldBlock,
    }
}
