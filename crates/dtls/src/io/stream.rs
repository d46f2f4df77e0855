//! [`DtlsStream`]: one connection, as a stream and as records.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use datagram::{Datagram, Inbox};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::driver::{Driver, Source};
use super::listener::Route;
use super::queue::Waiting;
use crate::config::Config;
use crate::core::Connection;
use crate::error::{CloseReason, SendError};

/// The largest datagram: a record of 16384 bytes with everything around it.
const MAX_DATAGRAM: usize = 16 * 1024 + 64;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The handshake ended without one.
    #[error("handshake: {0}")]
    Handshake(#[from] CloseReason),
    /// The transport failed.
    #[error("transport: {0}")]
    Io(#[from] io::Error),
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Handshake(reason) => closed(reason),
            ConnectError::Io(error) => error,
        }
    }
}

/// An I/O error whose source is the reason.
fn closed(reason: CloseReason) -> io::Error {
    let kind = match reason {
        CloseReason::CloseNotify => io::ErrorKind::UnexpectedEof,
        CloseReason::LocalClose => io::ErrorKind::NotConnected,
        CloseReason::AlertReceived(_) => io::ErrorKind::ConnectionReset,
        CloseReason::HandshakeTimeout => io::ErrorKind::TimedOut,
        CloseReason::HandshakeFailed { .. } => io::ErrorKind::InvalidData,
        CloseReason::FingerprintMismatch { .. } | CloseReason::CertificateRejected(_) => {
            io::ErrorKind::PermissionDenied
        }
    };
    io::Error::new(kind, reason)
}

fn not_sent(error: SendError) -> io::Error {
    let kind = match error {
        SendError::NotConnected => io::ErrorKind::NotConnected,
        SendError::Closed => io::ErrorKind::BrokenPipe,
        SendError::TooLong => io::ErrorKind::InvalidInput,
        SendError::QueueFull | SendError::NoHeadRoom | SendError::SequenceNumbersExhausted => {
            io::ErrorKind::Other
        }
    };
    io::Error::new(kind, error)
}

/// A DTLS connection.
///
/// As a stream ([`AsyncRead`], [`AsyncWrite`]) it carries bytes in records of the configured
/// [`mtu`](Config::mtu); as [`send`](Self::send) and [`recv`](Self::recv) it carries records as they are. **It does not
/// make UDP reliable**: what is lost or reordered on the way is lost or reordered here.
///
/// Several tasks may use it at once through a shared reference. It has no task of its own: keep a read waiting, so that
/// retransmissions and the peer's goodbye are seen. Dropping it says goodbye to the peer; where the socket has no room for
/// that, a task waits for 500 ms at most. [`shutdown`](tokio::io::AsyncWriteExt::shutdown) waits as long as it takes.
#[derive(Debug)]
pub struct DtlsStream {
    driver: Mutex<Driver>,
    waiting: Arc<Waiting>,
    mtu: usize,
    /// The way from a listener, given back on drop.
    _route: Option<Route>,
}

/// Connects to a server at `peer` over any [`Datagram`]; datagrams from elsewhere are dropped.
///
/// # Errors
/// Why the handshake failed, or the transport.
pub async fn connect(
    datagram: impl Datagram + 'static,
    peer: SocketAddr,
    config: impl Into<Arc<Config>>,
) -> Result<DtlsStream, ConnectError> {
    let config = config.into();
    let mut connection = Connection::client(Arc::clone(&config), rand::random());
    connection.connect(tokio::time::Instant::now().into_std());
    DtlsStream::own(connection, Arc::new(datagram), peer, &config)
        .establish()
        .await
}

/// Waits for the client at `peer` over any [`Datagram`]; datagrams from elsewhere are dropped.
///
/// # Errors
/// Why the handshake failed, or the transport.
pub async fn accept(
    datagram: impl Datagram + 'static,
    peer: SocketAddr,
    config: impl Into<Arc<Config>>,
) -> Result<DtlsStream, ConnectError> {
    let config = config.into();
    let connection = Connection::server(Arc::clone(&config), rand::random());
    DtlsStream::own(connection, Arc::new(datagram), peer, &config)
        .establish()
        .await
}

impl DtlsStream {
    fn own(connection: Connection, socket: Arc<dyn Datagram>, peer: SocketAddr, config: &Config) -> Self {
        let source = Source::Own(Box::new(Inbox::with_packet_size(&*socket, MAX_DATAGRAM)));
        Self::new(Driver::new(connection, socket, source, peer), config, None)
    }

    pub(super) fn new(driver: Driver, config: &Config, route: Option<Route>) -> Self {
        Self {
            driver: Mutex::new(driver),
            waiting: Arc::default(),
            mtu: config.mtu,
            _route: route,
        }
    }

    /// Waits until the handshake is over.
    pub(super) async fn establish(self) -> Result<Self, ConnectError> {
        std::future::poll_fn(|cx| {
            self.poll(cx, |driver, cx| {
                driver.drive(cx)?;
                match &driver.closed {
                    Some(reason) => Poll::Ready(Err(ConnectError::Handshake(reason.clone()))),
                    None if driver.connection.is_connected() => Poll::Ready(Ok(())),
                    None => Poll::Pending,
                }
            })
        })
        .await?;
        Ok(self)
    }

    fn lock(&self) -> MutexGuard<'_, Driver> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll<T>(&self, cx: &Context<'_>, poll: impl FnOnce(&mut Driver, &mut Context<'_>) -> T) -> T {
        self.waiting.poll(cx, |cx| poll(&mut self.lock(), cx))
    }

    /// Receives the next record, or what a read has left of it. `None` after the peer's goodbye.
    ///
    /// # Errors
    /// Why the connection ended otherwise; the error's source is a [`CloseReason`].
    pub async fn recv(&self) -> io::Result<Option<Bytes>> {
        std::future::poll_fn(|cx| self.poll(cx, poll_record)).await
    }

    /// Sends one record of at most 16384 bytes, waiting for room in the socket. A record that does not fit the path's
    /// MTU is fragmented by IP or lost; [`max_record`](Self::max_record) fits the configured one.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when it is too long, [`io::ErrorKind::BrokenPipe`] when the connection has
    /// ended, or the transport's error.
    pub async fn send(&self, record: &[u8]) -> io::Result<()> {
        let mut sealed = false;
        std::future::poll_fn(|cx| {
            self.poll(cx, |driver, cx| {
                if !sealed {
                    driver.drive(cx)?;
                    ready!(driver.poll_flush(cx))?;
                    driver.seal_one(record).map_err(not_sent)?;
                    sealed = true;
                }
                driver.poll_flush(cx)
            })
        })
        .await
    }

    /// The longest record that fits into a datagram of the configured size.
    pub fn max_record(&self) -> usize {
        self.lock().record_size(self.mtu)
    }

    /// Asks the connection something: its cipher suite, certificates, statistics, exported keys.
    pub fn with_connection<T>(&self, ask: impl FnOnce(&Connection) -> T) -> T {
        ask(&self.lock().connection)
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> SocketAddr {
        self.lock().peer()
    }

    /// The address of the socket.
    ///
    /// # Errors
    /// When the transport does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.lock().socket().local_addr()
    }
}

fn poll_record(driver: &mut Driver, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
    let driven = driver.drive(cx);
    if let Some(record) = driver.readable.pop() {
        return Poll::Ready(Ok(Some(record)));
    }
    match &driver.closed {
        Some(CloseReason::CloseNotify | CloseReason::LocalClose) => Poll::Ready(Ok(None)),
        Some(reason) => Poll::Ready(Err(closed(reason.clone()))),
        None => driven.map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending),
    }
}

impl AsyncRead for &DtlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(cx, |driver, cx| {
            // A record of no bytes is no end of the stream.
            while buffer.remaining() > 0 {
                let Some(mut record) = ready!(poll_record(driver, cx))? else {
                    break;
                };
                let length = record.len().min(buffer.remaining());
                buffer.put_slice(record.get(..length).unwrap_or_default());
                record.advance(length);
                if record.has_remaining() {
                    driver.readable.put_back(record);
                }
                if length > 0 {
                    break;
                }
            }
            Poll::Ready(Ok(()))
        })
    }
}

impl AsyncWrite for &DtlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, |driver, cx| {
            driver.drive(cx)?;
            ready!(driver.poll_flush(cx))?;
            let size = driver.record_size(self.mtu);
            let taken = driver.seal(data, size).map_err(not_sent)?;
            // What the socket does not take at once leaves with the next poll.
            match driver.poll_flush(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken)),
            }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |driver, cx| {
            driver.drive(cx)?;
            driver.poll_flush(cx)
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |driver, cx| {
            driver.connection.close(tokio::time::Instant::now().into_std());
            driver.drive(cx)?;
            driver.poll_flush(cx)
        })
    }
}

impl AsyncRead for DtlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }
}

impl AsyncWrite for DtlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, data)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_shutdown(cx)
    }
}

impl Drop for DtlsStream {
    fn drop(&mut self) {
        self.lock().abandon();
    }
}
