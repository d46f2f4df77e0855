//! The façade: channels over a datagram transport under tokio, without a loop to write.

mod driver;
mod handle;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use datagram::Datagram;

pub use stream::DetachedChannel;

use crate::config::{ChannelConfig, Config, Role};
use crate::core::{ChannelId, Channels};
use crate::error::{OpenError, SendError};
use crate::event::{Kind, Message, State};
use handle::Handle;

/// An association with one peer whose channels are [`DataChannel`]s.
///
/// A task of the current tokio runtime drives it until the association ends. Dropping this and all its channels shuts it
/// down: what was sent is still delivered.
/// The transport has to protect the packets where that matters: in WebRTC it is DTLS.
#[derive(Debug)]
pub struct Transport {
    handle: Arc<Handle>,
}

impl Transport {
    /// Starts the association and waits until it is established. Both ends may do so.
    ///
    /// `role` is the DTLS role, or agreed upon in another way: the two ends need different ones.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionAborted`] with the [`sctp::CloseReason`], or the transport's error.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(
        transport: Arc<dyn Datagram>,
        peer: SocketAddr,
        role: Role,
        config: Config,
    ) -> io::Result<Self> {
        let this = Self::spawn(transport, peer, role, config);
        this.handle.with(|channels, now| channels.connect(now));
        this.established().await
    }

    /// Waits for the peer to start the association.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn accept(
        transport: Arc<dyn Datagram>,
        peer: SocketAddr,
        role: Role,
        config: Config,
    ) -> io::Result<Self> {
        Self::spawn(transport, peer, role, config).established().await
    }

    fn spawn(transport: Arc<dyn Datagram>, peer: SocketAddr, role: Role, config: Config) -> Self {
        let mut channels = Channels::new(config, rand::random());
        channels.set_role(role);
        let handle = Handle::new(channels);
        tokio::spawn(driver::run(Arc::clone(handle.shared()), transport, peer));
        Self {
            handle: Arc::new(handle),
        }
    }

    async fn established(self) -> io::Result<Self> {
        let established = std::future::poll_fn(|cx| self.handle.shared().poll_established(cx));
        established.await?;
        Ok(self)
    }

    /// Opens a channel and waits until messages can be sent on it, which is at once.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::Closed`] also when the association ends meanwhile.
    pub async fn open(&self, config: ChannelConfig) -> Result<DataChannel, OpenError> {
        let id = self.handle.with(|channels, now| channels.open(now, config))?;
        let channel = DataChannel {
            handle: Arc::clone(&self.handle),
            id,
        };
        let open = std::future::poll_fn(|cx| {
            self.handle
                .shared()
                .poll(cx, id, |channels, _| match channels.state(id) {
                    Some(State::Connecting) => Poll::Pending,
                    Some(State::Open) => Poll::Ready(Ok(())),
                    Some(State::Closing | State::Closed) | None => Poll::Ready(Err(OpenError::Closed)),
                })
        });
        open.await?;
        Ok(channel)
    }

    /// The next channel that the peer opened; `None` once the association has ended.
    pub async fn next_channel(&self) -> Option<DataChannel> {
        let id = std::future::poll_fn(|cx| self.handle.shared().poll_incoming(cx)).await?;
        Some(DataChannel {
            handle: Arc::clone(&self.handle),
            id,
        })
    }

    /// Sets the peer's limit; see [`Channels::set_remote_max_message_size`].
    pub fn set_remote_max_message_size(&self, bytes: usize) {
        self.handle
            .with(|channels, _| channels.set_remote_max_message_size(bytes));
    }

    /// Why the association has ended, once it has.
    pub fn close_reason(&self) -> Option<sctp::CloseReason> {
        self.handle.shared().close_reason()
    }

    /// Ends the association once what was sent is delivered, and waits for that.
    pub async fn shutdown(&self) {
        self.handle.with(|channels, now| channels.shutdown(now));
        std::future::poll_fn(|cx| self.handle.shared().poll_ended(cx)).await;
    }

    /// Looks at the core, for what this façade has no method for.
    pub fn with_core<R>(&self, look: impl FnOnce(&mut Channels, Instant) -> R) -> R {
        self.handle.with(look)
    }
}

/// A data channel. Dropping it closes it.
#[derive(Debug)]
pub struct DataChannel {
    handle: Arc<Handle>,
    id: ChannelId,
}

impl DataChannel {
    /// Sends a text.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_text(&self, text: impl Into<String>) -> Result<(), SendError> {
        self.send(Kind::Text, text.into().into()).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_binary(&self, data: impl Into<Bytes>) -> Result<(), SendError> {
        self.send(Kind::Binary, data.into()).await
    }

    /// Sends a message, waiting for room in the send buffer. A text has to be UTF-8.
    ///
    /// # Errors
    /// [`SendError::NotOpen`] or [`SendError::TooLarge`].
    pub async fn send(&self, kind: Kind, data: Bytes) -> Result<(), SendError> {
        std::future::poll_fn(|cx| self.poll_send(cx, kind, &data)).await
    }

    fn poll_send(&self, cx: &Context<'_>, kind: Kind, data: &Bytes) -> Poll<Result<(), SendError>> {
        self.handle.shared().poll(cx, self.id, |channels, now| {
            match channels.send(now, self.id, kind, data.clone()) {
                Err(SendError::BufferFull) => Poll::Pending,
                result => Poll::Ready(result),
            }
        })
    }

    /// The next message; `None` once the channel is closed and everything was received.
    pub async fn recv(&self) -> Option<Message> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    fn poll_recv(&self, cx: &Context<'_>) -> Poll<Option<Message>> {
        self.handle
            .shared()
            .poll(cx, self.id, |channels, _| match channels.recv(self.id) {
                Some(message) => Poll::Ready(Some(message)),
                None => match channels.state(self.id) {
                    Some(State::Connecting | State::Open) => Poll::Pending,
                    Some(State::Closing | State::Closed) | None => Poll::Ready(None),
                },
            })
    }

    /// Closes the channel: what was sent still arrives, nothing more is received.
    pub fn close(&self) {
        self.handle.with(|channels, now| channels.close(now, self.id));
    }

    /// As [`AsyncRead`](tokio::io::AsyncRead) and [`AsyncWrite`](tokio::io::AsyncWrite), for protocols over a stream of
    /// bytes.
    pub fn detach(self) -> DetachedChannel {
        DetachedChannel::new(self)
    }

    /// How it was opened, by either side.
    pub fn config(&self) -> ChannelConfig {
        self.handle
            .with(|channels, _| channels.info(self.id).cloned().unwrap_or_default())
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.handle
            .with(|channels, _| channels.state(self.id).unwrap_or(State::Closed))
    }

    /// Its stream.
    pub fn stream_id(&self) -> Option<u16> {
        self.handle.with(|channels, _| channels.stream_id(self.id))
    }

    /// Bytes that wait to be sent for the first time.
    pub fn buffered_amount(&self) -> usize {
        self.handle.with(|channels, _| channels.buffered_amount(self.id))
    }
}

impl Drop for DataChannel {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
