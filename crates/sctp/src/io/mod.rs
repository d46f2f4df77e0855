//! The association under tokio: one task carries packets and time between the core and a [`Datagram`] transport; handles
//! call the core under a lock that is never held across an await.

mod driver;
mod shared;
mod stream;
#[cfg(test)]
mod tests;

use crate::config::Config;
use crate::error::{CloseReason, SendError};
use crate::message::{Reliability, State};
use crate::stats::Stats;
use datagram::Datagram;
use shared::{Handle, now};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

pub use stream::SctpStream;

/// An association over a datagram transport.
///
/// Clones and the streams share it. When the last of them is dropped the association is shut down in the background: what
/// was queued is still delivered. See the [front page](crate) for an example.
#[derive(Clone, Debug)]
pub struct Association {
    handle: Arc<Handle>,
}

impl Association {
    /// Sets up an association with `peer` over `transport` and waits until it is established. Both ends may call this.
    ///
    /// # Errors
    ///
    /// The handshake failed, with the reason.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn connect(
        transport: Arc<dyn Datagram>,
        peer: SocketAddr,
        config: Config,
    ) -> Result<Self, CloseReason> {
        let association = Self::start(transport, peer, config);
        association.handle.shared.lock().core.connect(now());
        association.established().await
    }

    /// Waits for `peer` to set up an association over `transport`.
    ///
    /// # Errors
    ///
    /// The transport failed.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn accept(
        transport: Arc<dyn Datagram>,
        peer: SocketAddr,
        config: Config,
    ) -> Result<Self, CloseReason> {
        Self::start(transport, peer, config).established().await
    }

    fn start(transport: Arc<dyn Datagram>, peer: SocketAddr, config: Config) -> Self {
        let handle = Arc::new(Handle::new(config));
        tokio::spawn(driver::run(Arc::clone(&handle.shared), transport, peer));
        Self { handle }
    }

    async fn established(self) -> Result<Self, CloseReason> {
        self.handle.shared.wake_driver();
        poll_fn(|cx| self.handle.shared.lock().poll_connected(cx)).await?;
        Ok(self)
    }

    /// Opens a stream for sending and receiving. SCTP streams need no set-up: the peer hears of it with the first message.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidStream`] when the number is not below what both ends agreed on, [`SendError::InUse`] when this
    /// end has the stream already, [`SendError::Closed`] when the association is over.
    pub fn open(&self, stream_id: u16, reliability: Reliability) -> Result<SctpStream, SendError> {
        self.handle.shared.lock().open(stream_id)?;
        Ok(SctpStream::new(Arc::clone(&self.handle), stream_id, reliability))
    }

    /// Waits for the peer's first message on a stream that this end has not opened.
    ///
    /// # Errors
    ///
    /// The association has ended.
    pub async fn accept_stream(&self) -> Result<SctpStream, CloseReason> {
        let id = poll_fn(|cx| self.handle.shared.lock().poll_accept(cx)).await?;
        Ok(SctpStream::new(
            Arc::clone(&self.handle),
            id,
            Reliability::Reliable,
        ))
    }

    /// Ends in good order: what is queued is delivered first. Waits until the peer has agreed. Reading goes on meanwhile.
    ///
    /// # Errors
    ///
    /// It ended in another way, with the reason.
    pub async fn shutdown(&self) -> Result<(), CloseReason> {
        self.handle.shared.command(|core| core.shutdown(now()));
        match self.closed().await {
            CloseReason::Shutdown => Ok(()),
            reason @ (CloseReason::LocalAbort(_)
            | CloseReason::PeerAbort { .. }
            | CloseReason::ProtocolViolation(_)
            | CloseReason::HandshakeTimeout
            | CloseReason::Unreachable
            | CloseReason::Transport(_)
            | CloseReason::ShutdownTimeout) => Err(reason),
        }
    }

    /// Ends at once and tells the peer why. Where the transport has no room for that, it waits for 500 ms at most.
    pub fn abort(&self, reason: &str) {
        self.handle.shared.command(|core| core.abort(now(), reason));
    }

    /// Waits for the end.
    pub async fn closed(&self) -> CloseReason {
        poll_fn(|cx| self.handle.shared.lock().poll_closed(cx)).await
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> State {
        self.handle.shared.lock().core.state()
    }

    /// A snapshot of counters and gauges.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.handle.shared.lock().core.stats()
    }
}
