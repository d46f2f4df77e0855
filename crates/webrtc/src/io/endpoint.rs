//! Sockets that connections share: one UDP port for thousands of peers, or one connection's own.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use datagram::{Datagram, UdpSocket};
use tokio::runtime::Handle;

use super::driver::Driver;
use super::gather;
use super::router::{ConnectionId, Router};
use super::schedule::Schedule;
use super::shared::{Home, Shared};
use crate::core::Transmit;
use crate::setting_engine::Gathering;

/// The most bytes that one call hands to a socket: what a UDP datagram can be, since GSO counts as one.
const MAX_BURST: usize = 65_000;

/// One socket and the address that its datagrams are known under.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) socket: UdpSocket,
    local: SocketAddr,
    /// It is for both families.
    dual_stack: bool,
}

impl Socket {
    fn new(socket: UdpSocket) -> io::Result<Self> {
        let local = socket.local_addr()?;
        Ok(Self {
            dual_stack: socket.is_dual_stack(),
            socket,
            local,
        })
    }

    /// Whether datagrams from, or to, an address of this socket's port can be its own.
    fn serves(&self, address: IpAddr) -> bool {
        self.is_wildcard() && (self.dual_stack || self.local.is_ipv4() == address.is_ipv4())
    }

    const fn is_wildcard(&self) -> bool {
        self.local.ip().is_unspecified()
    }

    /// The local address of a datagram that was sent to `destination`.
    pub(super) fn local(&self, destination: Option<IpAddr>) -> SocketAddr {
        match destination {
            Some(address) if self.is_wildcard() => SocketAddr::new(address, self.local.port()),
            _ => self.local,
        }
    }

    fn sends_from(&self, local: SocketAddr) -> bool {
        self.local == local || (self.local.port() == local.port() && self.serves(local.ip()))
    }

    fn transmit<'a>(&self, transmit: &Transmit, bytes: &'a [u8]) -> datagram::Transmit<'a> {
        datagram::Transmit {
            source: self.is_wildcard().then(|| transmit.path.local.ip()),
            segment_size: transmit.segment_size,
            ..datagram::Transmit::new(transmit.path.remote, bytes)
        }
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) sockets: Vec<Socket>,
    pub(super) schedule: Schedule,
    /// Datagrams of one burst.
    pub(super) max_segments: usize,
    router: Mutex<Router>,
    unrouted: AtomicU64,
}

/// Counters of an [`Endpoint`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointStats {
    /// Connections that use it.
    pub connections: usize,
    /// Datagrams that belonged to no connection.
    pub unrouted: u64,
}

/// UDP sockets that many connections share, with one driver task. Cheap to clone; the sockets close when the last
/// clone and the last connection are gone.
///
/// Which of its addresses a connection announces is for [`SettingEngine::gathering`] of the connection's
/// [`Api`](crate::Api) to say, as without an endpoint; only the port is the endpoint's.
///
/// [`SettingEngine::gathering`]: crate::SettingEngine::gathering
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), webrtc::Error> {
/// let endpoint = webrtc::Endpoint::bind_port(0, 1200)?;
/// let api = webrtc::Api::builder().endpoint(endpoint.clone()).build();
/// let (connection, _events) = api.new_peer_connection(webrtc::Configuration::default())?;
/// # drop(connection);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Owner>);

/// Ends the driver when the application has no handle left and no connection is there.
#[derive(Debug)]
struct Owner(Arc<Inner>);

impl Drop for Owner {
    fn drop(&mut self) {
        let mut router = self.0.router();
        router.abandon();
        if router.is_done() {
            self.0.schedule.stop();
        }
    }
}

impl Endpoint {
    /// Binds one UDP port at every address of this host, IPv4 and IPv6: with one socket where the system allows it. On a
    /// host without IPv6 it is IPv4 alone. Port 0 is any that is free.
    ///
    /// `mtu` is the largest datagram that its connections send, in bytes; see [`SettingEngine::mtu`].
    ///
    /// # Errors
    ///
    /// The port is taken or not for us, or there is no tokio runtime.
    ///
    /// [`SettingEngine::mtu`]: crate::SettingEngine::mtu
    pub fn bind_port(port: u16, mtu: usize) -> io::Result<Self> {
        let runtime = current_runtime()?;
        let _entered = runtime.enter();
        Self::with(gather::bind_port(port)?, mtu, &runtime)
    }

    /// Binds one UDP port at one address, which is announced even if it is a loopback address. An unspecified address means
    /// every interface, of its family alone; [`bind_port`](Self::bind_port) serves both.
    ///
    /// `mtu` is the largest datagram that its connections send, in bytes; see [`SettingEngine::mtu`].
    ///
    /// # Errors
    ///
    /// The address is taken or not ours, or there is no tokio runtime.
    ///
    /// [`SettingEngine::mtu`]: crate::SettingEngine::mtu
    pub fn bind(address: SocketAddr, mtu: usize) -> io::Result<Self> {
        let runtime = current_runtime()?;
        let _entered = runtime.enter();
        Self::with(vec![UdpSocket::bind(address)?], mtu, &runtime)
    }

    fn with(sockets: Vec<UdpSocket>, mtu: usize, runtime: &Handle) -> io::Result<Self> {
        let sockets: io::Result<Vec<_>> = sockets.into_iter().map(Socket::new).collect();
        let inner = Inner::start(sockets?, Router::new(false), mtu, runtime);
        Ok(Self(Arc::new(Owner(inner))))
    }

    /// The address of its first socket, which is unspecified when it serves several.
    ///
    /// # Errors
    ///
    /// The system does not know it any more.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0
            .0
            .sockets
            .first()
            .map(|socket| socket.local)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// What it has seen.
    #[must_use]
    pub fn stats(&self) -> EndpointStats {
        let inner = &self.0.0;
        EndpointStats {
            connections: inner.router().len(),
            unrouted: inner.unrouted.load(Ordering::Relaxed),
        }
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.0.0
    }
}

/// The runtime that the driver task runs on.
pub(super) fn current_runtime() -> io::Result<Handle> {
    Handle::try_current().map_err(io::Error::other)
}

impl Inner {
    /// Sockets of one connection's own.
    pub(super) fn private(gathering: &Gathering, mtu: usize, runtime: &Handle) -> io::Result<Arc<Self>> {
        let _entered = runtime.enter();
        let places = gather::places(gathering)?;
        let mut sockets = Vec::with_capacity(places.len());
        let mut last_error = None;
        for address in places {
            match gather::bind(address, gathering).and_then(Socket::new) {
                Ok(socket) => sockets.push(socket),
                Err(error) => last_error = Some(error),
            }
        }
        match last_error {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self::start(sockets, Router::new(true), mtu, runtime)),
        }
    }

    fn start(sockets: Vec<Socket>, router: Router, mtu: usize, runtime: &Handle) -> Arc<Self> {
        let offload = sockets
            .iter()
            .map(|socket| socket.socket.max_send_segments())
            .max()
            .unwrap_or(1);
        let inner = Arc::new(Self {
            sockets,
            schedule: Schedule::new(),
            max_segments: offload.min(MAX_BURST / mtu.max(1)).max(1),
            router: Mutex::new(router),
            unrouted: AtomicU64::new(0),
        });
        runtime.spawn(Driver::new(Arc::clone(&inner)));
        inner
    }

    pub(super) fn router(&self) -> MutexGuard<'_, Router> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in and returns the addresses that it announces.
    pub(super) fn insert(
        self: &Arc<Self>,
        shared: Arc<Shared>,
        gathering: &Gathering,
    ) -> (Home, Vec<SocketAddr>) {
        let id = self.router().insert(shared);
        (
            Home {
                endpoint: Arc::clone(self),
                id,
            },
            self.local_addresses(gathering),
        )
    }

    fn local_addresses(&self, gathering: &Gathering) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        for socket in &self.sockets {
            if !socket.is_wildcard() {
                if gather::keeps(socket.local.ip(), gathering) {
                    addresses.push(socket.local);
                }
                continue;
            }
            // An interface list that cannot be read leaves the connection without candidates, which it reports itself.
            let all = gather::addresses(gathering).unwrap_or_default();
            let served = all.into_iter().filter(|address| socket.serves(*address));
            addresses.extend(served.map(|address| SocketAddr::new(address, socket.local.port())));
        }
        addresses
    }

    /// A connection is gone. A private endpoint ends with it.
    pub(super) fn remove(&self, id: ConnectionId) {
        let mut router = self.router();
        router.remove(id);
        if router.is_done() {
            self.schedule.stop();
        }
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<Arc<Shared>> {
        self.router().get(id)
    }

    pub(super) fn route(&self, path: ice::Path, datagram: &[u8]) -> Option<Arc<Shared>> {
        let routed = self.router().route(path, datagram);
        if routed.is_none() {
            self.unrouted.fetch_add(1, Ordering::Relaxed);
        }
        routed
    }

    fn socket(&self, local: SocketAddr) -> io::Result<&Socket> {
        self.sockets
            .iter()
            .find(|socket| socket.sends_from(local))
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    pub(super) fn try_send(&self, id: ConnectionId, transmit: &Transmit, bytes: &[u8]) -> io::Result<()> {
        let socket = self.socket(transmit.path.local)?;
        if transmit.segment_size.is_none() && stun::is_stun(bytes) {
            self.router().expect_response(bytes, id);
        }
        socket.socket.try_send(&socket.transmit(transmit, bytes))
    }

    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        transmit: &Transmit,
        bytes: &[u8],
    ) -> Poll<io::Result<()>> {
        match self.socket(transmit.path.local) {
            Ok(socket) => socket.socket.poll_send(cx, &socket.transmit(transmit, bytes)),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}
