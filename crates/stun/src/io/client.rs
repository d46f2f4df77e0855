//! A client over datagrams: UDP, or whatever else implements [`Datagram`].

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use datagram::{Datagram, Inbox, UdpSocket};

use super::{Error, mapped_address, now};
use crate::config::ClientConfig;
use crate::core::{self, Event, Request, RequestId, Response};

/// The address under which `server` sees this host: one Binding request from a fresh UDP socket.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut server = stun::Server::bind("127.0.0.1:0".parse()?, stun::ServerConfig::default())?;
/// let address = server.local_addr()?;
/// tokio::spawn(async move { server.run().await });
///
/// let mapped = stun::query(address).await?;
/// assert!(mapped.ip().is_loopback());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`enum@Error`]; [`FailReason::Timeout`](core::FailReason::Timeout) after 39.5 s without a response.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub async fn query(server: SocketAddr) -> Result<SocketAddr, Error> {
    Client::bind(server, ClientConfig::default())?.binding().await
}

/// Asks one server, one request at a time.
///
/// Dropping the future of a request gives the request up. For several at a time drive [`core::Client`].
#[derive(Debug)]
pub struct Client {
    core: core::Client,
    socket: Arc<dyn Datagram>,
    inbox: Inbox,
    out: Vec<u8>,
    current: Option<RequestId>,
}

impl Client {
    /// A client of `server` on a UDP socket of its own, bound to any port. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn bind(server: SocketAddr, config: ClientConfig) -> io::Result<Self> {
        let any = match server.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Ok(Self::new(
            Arc::new(UdpSocket::bind(SocketAddr::new(any, 0))?),
            server,
            config,
        ))
    }

    /// A client of `server` on a socket that nobody else reads from.
    pub fn new(socket: Arc<dyn Datagram>, server: SocketAddr, config: ClientConfig) -> Self {
        let inbox = Inbox::new(&socket);
        Self {
            core: core::Client::new(config, server, rand::random()),
            socket,
            inbox,
            out: Vec::new(),
            current: None,
        }
    }

    /// The core, for its counters.
    pub const fn core(&self) -> &core::Client {
        &self.core
    }

    /// The local address of the socket.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Asks for our address.
    ///
    /// # Errors
    /// [`enum@Error`].
    pub async fn binding(&mut self) -> Result<SocketAddr, Error> {
        mapped_address(&self.request(Request::binding()).await?)
    }

    /// Sends a request until it is answered.
    ///
    /// # Errors
    /// [`enum@Error`].
    pub async fn request(&mut self, request: Request) -> Result<Response, Error> {
        if let Some(abandoned) = self.current.take() {
            self.core.cancel(abandoned);
        }
        let current = self.core.request(now(), request)?;
        self.current = Some(current);
        loop {
            self.flush().await;
            while let Some(event) = self.core.poll_event() {
                match event {
                    Event::Success { id, response } if id == current => return Ok(response),
                    Event::Failed { id, reason } if id == current => return Err(reason.into()),
                    Event::Success { .. } | Event::Failed { .. } => {}
                }
            }
            self.receive().await?;
        }
    }

    async fn flush(&mut self) {
        while let Some(transmit) = self.core.poll_transmit(now(), &mut self.out) {
            let datagram = datagram::Transmit::new(transmit.destination, &self.out);
            let sent = datagram::send(&self.socket, &datagram).await;
            self.out.clear();
            if let Err(error) = sent {
                self.core.handle_unsent();
                if is_final(&error) {
                    self.core.handle_unreachable(transmit.destination);
                }
            }
        }
    }

    /// Waits for a datagram or the next deadline.
    async fn receive(&mut self) -> Result<(), Error> {
        let fill = poll_fn(|cx| self.inbox.poll_fill(cx, &self.socket));
        match self.core.poll_timeout() {
            None => fill.await?,
            Some(deadline) => match tokio::time::timeout_at(deadline.into(), fill).await {
                Ok(filled) => filled?,
                Err(_) => self.core.handle_timeout(now()),
            },
        }
        while let Some(received) = self.inbox.pop() {
            self.core.handle_input(now(), received.source, received.contents);
        }
        Ok(())
    }
}

/// Whether a send error says that the destination will not be reached later either.
fn is_final(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::AddrNotAvailable | Kind::Unsupported
    )
}
