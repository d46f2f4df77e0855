//! Sockets that connections share: one UDP port for thousands of peers, or one connection's own.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datagram::{Datagram, UdpSocket};
use tokio::runtime::Handle;

use super::driver::Driver;
use super::gather::{self, Place};
use super::router::{ConnectionId, Router};
use super::schedule::Schedule;
use super::shared::Shared;
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
    fn new(socket: UdpSocket) -> io::Result<Arc<Self>> {
        let local = socket.local_addr()?;
        Ok(Arc::new(Self {
            dual_stack: socket.is_dual_stack(),
            socket,
            local,
        }))
    }

    /// Whether it is at this address.
    fn holds(&self, address: IpAddr) -> bool {
        self.local.ip() == address || self.serves(address)
    }

    /// The addresses of this host that a connection announces for it, with its port.
    pub(super) fn addresses<'a>(
        &'a self,
        all: &'a [IpAddr],
        gathering: &Gathering,
    ) -> impl Iterator<Item = SocketAddr> + 'a {
        let own = (!self.is_wildcard() && gather::keeps(self.local.ip(), gathering)).then_some(self.local);
        let served = all.iter().filter(|address| self.serves(**address));
        let served = served.map(|address| SocketAddr::new(*address, self.local.port()));
        own.into_iter().chain(served)
    }

    /// Whether datagrams from, or to, an address of this socket's port can be its own.
    fn serves(&self, address: IpAddr) -> bool {
        self.is_wildcard() && (self.dual_stack || self.local.is_ipv4() == address.is_ipv4())
    }

    pub(super) const fn is_wildcard(&self) -> bool {
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

    pub(super) fn transmit<'a>(&self, transmit: &Transmit, bytes: &'a [u8]) -> datagram::Transmit<'a> {
        datagram::Transmit {
            source: self.is_wildcard().then(|| transmit.path.local.ip()),
            segment_size: transmit.segment_size,
            ..datagram::Transmit::new(transmit.path.remote, bytes)
        }
    }
}

/// The sockets of an endpoint at one time.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) list: Vec<Arc<Socket>>,
    /// Datagrams of one burst.
    pub(super) max_segments: usize,
}

impl Sockets {
    fn new(list: Vec<Arc<Socket>>, mtu: usize) -> Arc<Self> {
        let offload = list.iter().map(|socket| socket.socket.max_send_segments()).max();
        let max_segments = offload.unwrap_or(1).min(MAX_BURST / mtu.max(1)).max(1);
        Arc::new(Self { list, max_segments })
    }

    /// Errors of receiving that ended nothing.
    pub(super) fn receive_errors(&self) -> u64 {
        self.list.iter().map(|socket| socket.socket.recv_errors()).sum()
    }

    /// Bursts that had to be sent packet by packet.
    pub(super) fn offload_fallbacks(&self) -> u64 {
        let sockets = self.list.iter();
        sockets.map(|socket| socket.socket.offload_fallbacks()).sum()
    }

    pub(super) fn sending_from(&self, local: SocketAddr) -> io::Result<&Socket> {
        let mut sockets = self.list.iter();
        sockets
            .find(|socket| socket.sends_from(local))
            .map(|socket| &**socket)
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    /// Those that the driver and the connections have, or are about to take.
    sockets: Mutex<Arc<Sockets>>,
    pub(super) schedule: Schedule,
    /// Of one connection alone.
    pub(super) is_private: bool,
    mtu: usize,
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
    /// Errors of receiving that ended nothing: ICMP's answers to what was sent, moments without memory.
    pub receive_errors: u64,
    /// Sockets for which the system does not segment bursts (GSO), which are sent packet by packet since that came out.
    pub offload_fallbacks: u64,
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
        let inner = Inner::start(sockets?, false, mtu, runtime);
        Ok(Self(Arc::new(Owner(inner))))
    }

    /// The address of its first socket, which is unspecified when it serves several.
    ///
    /// # Errors
    ///
    /// The system does not know it any more.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let sockets = self.0.0.sockets();
        let first = sockets.list.first();
        first
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
            receive_errors: inner.sockets().receive_errors(),
            offload_fallbacks: inner.sockets().offload_fallbacks(),
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
        let sockets = Self::bind(gather::places(gathering)?, gathering)?;
        Ok(Self::start(sockets, true, mtu, runtime))
    }

    /// A socket at each place. That some fail is no error as long as one does not.
    fn bind(places: Vec<Place>, gathering: &Gathering) -> io::Result<Vec<Arc<Socket>>> {
        let mut sockets = Vec::with_capacity(places.len());
        let mut last_error = None;
        for place in places {
            match gather::bind(place, gathering).and_then(Socket::new) {
                Ok(socket) => sockets.push(socket),
                Err(error) => last_error = Some(error),
            }
        }
        match last_error {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(sockets),
        }
    }

    fn start(list: Vec<Arc<Socket>>, is_private: bool, mtu: usize, runtime: &Handle) -> Arc<Self> {
        let inner = Arc::new(Self {
            sockets: Mutex::new(Sockets::new(list, mtu)),
            schedule: Schedule::new(),
            is_private,
            mtu,
            router: Mutex::new(Router::new(is_private)),
            unrouted: AtomicU64::new(0),
        });
        runtime.spawn(Driver::new(Arc::clone(&inner)));
        inner
    }

    pub(super) fn sockets(&self) -> Arc<Sockets> {
        Arc::clone(&self.sockets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The host has these addresses by now: sockets at those that are gone are closed, and others are opened.
    ///
    /// # Errors
    ///
    /// No socket could be opened and none is left. Nothing has changed.
    pub(super) fn move_to(&self, addresses: &[IpAddr], gathering: &Gathering) -> io::Result<Arc<Sockets>> {
        let present = self.sockets();
        let holds = |socket: &&Arc<Socket>| addresses.iter().any(|address| socket.holds(*address));
        let mut kept: Vec<_> = present.list.iter().filter(holds).cloned().collect();
        let is_new = |address: &&IpAddr| !kept.iter().any(|socket| socket.holds(**address));
        let places: Vec<Place> = addresses
            .iter()
            .filter(is_new)
            .map(|address| (*address).into())
            .collect();
        if kept.len() == present.list.len() && places.is_empty() {
            return Ok(present);
        }
        match Self::bind(places, gathering) {
            Ok(opened) => kept.extend(opened),
            Err(error) if kept.is_empty() => return Err(error),
            Err(_) => {}
        }
        let sockets = Sockets::new(kept, self.mtu);
        *self.sockets.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&sockets);
        self.schedule.change_sockets();
        Ok(sockets)
    }

    pub(super) fn router(&self) -> MutexGuard<'_, Router> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, shared: Arc<Shared>) -> ConnectionId {
        self.router().insert(shared)
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
}
