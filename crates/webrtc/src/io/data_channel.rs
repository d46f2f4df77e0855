//! `RTCDataChannel` (W3C webrtc-pc §6.2): messages in both directions, with back-pressure in both.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use datachannel::{Kind, Message};

use super::detached::DetachedChannel;
use super::shared::Shared;
use crate::core::{ChannelEvent, ChannelId};
use crate::error::SendError;
use crate::states::DataChannelState;

/// What is sent: text or bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Text arrives as a string in a browser, binary as an `ArrayBuffer` or `Blob`.
    pub kind: Kind,
    /// The message.
    pub data: Bytes,
}

impl Payload {
    /// UTF-8 text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Text,
            data: Bytes::from(text.into()),
        }
    }

    /// Bytes, which are not copied when they are [`Bytes`] or a `Vec`.
    pub fn binary(data: impl Into<Bytes>) -> Self {
        Self {
            kind: Kind::Binary,
            data: data.into(),
        }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self {
            kind: Kind::Text,
            data: Bytes::copy_from_slice(text.as_bytes()),
        }
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<Bytes> for Payload {
    fn from(data: Bytes) -> Self {
        Self::binary(data)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(data: Vec<u8>) -> Self {
        Self::binary(data)
    }
}

impl From<&[u8]> for Payload {
    fn from(data: &[u8]) -> Self {
        Self::binary(Bytes::copy_from_slice(data))
    }
}

impl From<Message> for Payload {
    /// The same message again, as an echo sends it.
    fn from(message: Message) -> Self {
        Self {
            kind: message.kind,
            data: message.data,
        }
    }
}

/// Closes the channel when the last handle is gone.
#[derive(Debug)]
struct Handle {
    connection: Arc<Shared>,
    id: ChannelId,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.connection.run(|state, now| {
            state.core.close_channel(now, self.id);
            state.channels.forget(self.id);
        });
    }
}

/// A data channel. Cheap to clone; dropping the last clone closes it.
///
/// Several tasks may send and receive at once; each message goes to one of them.
#[derive(Clone, Debug)]
#[must_use = "dropping a data channel closes it"]
pub struct DataChannel {
    handle: Arc<Handle>,
}

impl DataChannel {
    pub(super) fn new(connection: Arc<Shared>, id: ChannelId) -> Self {
        Self {
            handle: Arc::new(Handle { connection, id }),
        }
    }

    /// The number by which the connection knows this channel.
    #[must_use]
    pub fn channel_id(&self) -> ChannelId {
        self.handle.id
    }

    /// Waits for room in the send buffer and sends one message, whole.
    ///
    /// # Errors
    ///
    /// [`SendError::NotOpen`] or [`SendError::TooLarge`]; nothing of the message was taken.
    pub async fn send(&self, payload: impl Into<Payload>) -> Result<(), SendError> {
        let payload = payload.into();
        poll_fn(|cx| self.poll_send(cx, &payload)).await
    }

    /// Sends one message, whole, or takes nothing of it.
    ///
    /// # Errors
    ///
    /// [`SendError`]: [`BufferFull`](SendError::BufferFull) as well.
    pub fn try_send(&self, payload: impl Into<Payload>) -> Result<(), SendError> {
        let Payload { kind, data } = payload.into();
        self.handle
            .connection
            .run(|state, now| state.core.send(now, self.handle.id, kind, data))
    }

    pub(super) fn poll_send(&self, cx: &Context<'_>, payload: &Payload) -> Poll<Result<(), SendError>> {
        let id = self.handle.id;
        self.handle.connection.run(|state, now| {
            let waits = match state.core.send(now, id, payload.kind, payload.data.clone()) {
                Err(SendError::BufferFull) => true,
                Err(SendError::NotOpen(DataChannelState::Connecting)) => true,
                result => return Poll::Ready(result),
            };
            debug_assert!(waits, "everything else has returned");
            state.channels.get(id).writers.add(cx.waker());
            Poll::Pending
        })
    }

    /// Waits for the next message; `None` once the channel is closed and every message was taken.
    pub async fn recv(&self) -> Option<Message> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The next message, if one waits.
    #[must_use]
    pub fn try_recv(&self) -> Option<Message> {
        self.handle
            .connection
            .run(|state, _| state.core.recv(self.handle.id))
    }

    pub(super) fn poll_recv(&self, cx: &Context<'_>) -> Poll<Option<Message>> {
        let id = self.handle.id;
        self.handle.connection.run(|state, _| {
            if let Some(message) = state.core.recv(id) {
                return Poll::Ready(Some(message));
            }
            if state.core.channel_state(id) == DataChannelState::Closed {
                return Poll::Ready(None);
            }
            state.channels.get(id).readers.add(cx.waker());
            Poll::Pending
        })
    }

    /// Waits until messages can be sent. Returns false when the channel was closed instead.
    pub async fn opened(&self) -> bool {
        poll_fn(|cx| self.poll_opened(cx)).await
    }

    fn poll_opened(&self, cx: &Context<'_>) -> Poll<bool> {
        let id = self.handle.id;
        let mut state = self.handle.connection.lock();
        match state.core.channel_state(id) {
            DataChannelState::Open => Poll::Ready(true),
            DataChannelState::Closing | DataChannelState::Closed => Poll::Ready(false),
            DataChannelState::Connecting => {
                state.channels.get(id).watchers.add(cx.waker());
                Poll::Pending
            }
        }
    }

    /// Waits for the next event of this channel. An event that was not asked for in time is told once, however often it
    /// happened. `None` after [`ChannelEvent::Closed`]. Messages are not events: see [`recv`](Self::recv).
    pub async fn next_event(&self) -> Option<ChannelEvent> {
        poll_fn(|cx| {
            let mut state = self.handle.connection.lock();
            let closed = state.core.connection_state() == crate::PeerConnectionState::Closed;
            let channel = state.channels.get(self.handle.id);
            match channel.news.take() {
                Ok(Some(event)) => Poll::Ready(Some(event)),
                Err(_) => Poll::Ready(None),
                Ok(None) if closed => Poll::Ready(None),
                Ok(None) => {
                    channel.watchers.add(cx.waker());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Closes the channel. What was sent still arrives; the peer's side closes as well.
    pub fn close(&self) {
        self.handle
            .connection
            .run(|state, now| state.core.close_channel(now, self.handle.id));
    }

    /// Why it is closed, once it is.
    #[must_use]
    pub fn close_reason(&self) -> Option<datachannel::CloseReason> {
        self.handle
            .connection
            .lock()
            .channels
            .get(self.handle.id)
            .closed()
            .cloned()
    }

    /// As [`AsyncRead`](tokio::io::AsyncRead) and [`AsyncWrite`](tokio::io::AsyncWrite), for protocols that want a
    /// stream of bytes.
    #[must_use]
    pub fn detach(self) -> DetachedChannel {
        DetachedChannel::new(self)
    }

    /// The channel's state.
    #[must_use]
    pub fn ready_state(&self) -> DataChannelState {
        self.handle.connection.lock().core.channel_state(self.handle.id)
    }

    /// The name it was made with.
    #[must_use]
    pub fn label(&self) -> String {
        self.config(|config| config.label.clone())
    }

    /// The protocol it was made with.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.config(|config| config.protocol.clone())
    }

    /// Whether messages arrive in order.
    #[must_use]
    pub fn ordered(&self) -> bool {
        self.config(|config| config.ordered)
    }

    /// How hard it tries to deliver.
    #[must_use]
    pub fn reliability(&self) -> datachannel::Reliability {
        self.config(|config| config.reliability)
    }

    /// Whether it was agreed upon outside the connection.
    #[must_use]
    pub fn negotiated(&self) -> bool {
        self.config(|config| config.negotiated.is_some())
    }

    /// The stream id, once it is known.
    #[must_use]
    pub fn id(&self) -> Option<u16> {
        self.handle
            .connection
            .lock()
            .core
            .channel_stream_id(self.handle.id)
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.handle.connection.lock().core.buffered_amount(self.handle.id)
    }

    /// When [`buffered_amount`](Self::buffered_amount) falls to this many bytes,
    /// [`ChannelEvent::BufferedAmountLow`] is told. Default: 0.
    pub fn set_buffered_amount_low_threshold(&self, bytes: usize) {
        self.handle
            .connection
            .lock()
            .core
            .set_buffered_amount_low_threshold(self.handle.id, bytes);
    }

    fn config<T: Default>(&self, read: impl FnOnce(&datachannel::ChannelConfig) -> T) -> T {
        self.handle
            .connection
            .lock()
            .core
            .channel_config(self.handle.id)
            .map(read)
            .unwrap_or_default()
    }
}
