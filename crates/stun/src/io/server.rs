//! A server on one UDP socket, and on streams.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use datagram::{Datagram, Inbox, UdpSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::now;
use crate::config::{ServerConfig, ServerStats};
use crate::core;
use crate::framing::StreamDecoder;

/// Answers Binding requests on one socket, for any number of clients.
#[derive(Debug)]
pub struct Server {
    core: core::Server,
    socket: Arc<dyn Datagram>,
    inbox: Inbox,
    out: Vec<u8>,
}

impl Server {
    /// A server on a UDP socket of its own. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the socket cannot be bound.
    pub fn bind(address: SocketAddr, config: ServerConfig) -> io::Result<Self> {
        Ok(Self::new(Arc::new(UdpSocket::bind(address)?), config))
    }

    /// A server on a socket that nobody else reads from.
    pub fn new(socket: Arc<dyn Datagram>, config: ServerConfig) -> Self {
        let inbox = Inbox::new(&socket);
        Self {
            core: core::Server::new(config, rand::random()),
            socket,
            inbox,
            out: Vec::new(),
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// What has been counted.
    pub const fn stats(&self) -> ServerStats {
        self.core.stats()
    }

    /// Serves until the socket fails; drop the future to stop.
    ///
    /// # Errors
    /// What ended the socket.
    pub async fn run(&mut self) -> io::Result<Infallible> {
        loop {
            poll_fn(|cx| self.inbox.poll_fill(cx, &self.socket)).await?;
            while let Some(received) = self.inbox.pop() {
                self.core.handle_input(now(), received.source, received.contents);
            }
            while let Some(transmit) = self.core.poll_transmit(now(), &mut self.out) {
                let datagram = datagram::Transmit::new(transmit.destination, &self.out);
                // A client that cannot be reached is no reason to stop serving the others.
                if datagram::send(&self.socket, &datagram).await.is_err() {
                    self.core.handle_unsent();
                }
                self.out.clear();
            }
        }
    }
}

/// Serves one client over TCP, TLS or another byte stream until it closes the stream.
///
/// A client that does not read its responses is not read from either. Close idle connections from outside, by dropping
/// the future.
///
/// # Errors
/// What ended the stream; [`io::ErrorKind::InvalidData`] when the client does not speak STUN.
pub async fn serve_stream<S>(mut stream: S, peer: SocketAddr, config: ServerConfig) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut core = core::Server::new(config, rand::random());
    let mut decoder = StreamDecoder::with_max_len(MAX_REQUEST);
    let (mut buffer, mut out) = (vec![0; MAX_REQUEST], Vec::new());
    loop {
        let count = stream.read(&mut buffer).await?;
        let mut input = buffer.get(..count).unwrap_or_default();
        if input.is_empty() {
            return Ok(());
        }
        loop {
            let message = decoder.next_message(&mut input);
            let message = message.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let Some(message) = message else { break };
            core.handle_input(now(), peer, message);
            while core.poll_transmit(now(), &mut out).is_some() {}
        }
        stream.write_all(&out).await?;
        stream.flush().await?;
        out.clear();
    }
}

/// The longest request over a stream; a Binding request with credentials has a few hundred bytes.
const MAX_REQUEST: usize = 4096;
