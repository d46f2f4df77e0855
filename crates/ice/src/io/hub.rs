//! A set of sockets and the agents on them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Waker};

use datagram::{Datagram, Transmit};

use super::shared::Shared;
use crate::Mux;
use crate::event::Path;

/// The name of an agent at its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AgentId(u64);

/// A socket and where it is bound.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) udp: Arc<dyn Datagram>,
    bound: SocketAddr,
}

impl Socket {
    pub(super) fn new(udp: impl Datagram + 'static) -> std::io::Result<Self> {
        let bound = udp.local_addr()?;
        Ok(Self {
            udp: Arc::new(udp),
            bound,
        })
    }

    pub(super) const fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// The base that a datagram was sent to.
    pub(super) fn base(&self, destination: Option<IpAddr>) -> SocketAddr {
        match destination {
            Some(ip) if self.bound.ip().is_unspecified() => SocketAddr::new(ip, self.bound.port()),
            Some(_) | None => self.bound,
        }
    }

    /// Whether datagrams of a base go over it.
    pub(super) fn carries(&self, local: SocketAddr) -> bool {
        self.source(local).is_some()
    }

    /// The address to send from, where the socket does not say it.
    fn source(&self, local: SocketAddr) -> Option<Option<IpAddr>> {
        if self.bound == local {
            return Some(None);
        }
        let carries = self.bound.ip().is_unspecified()
            && self.bound.port() == local.port()
            && self.bound.is_ipv4() == local.is_ipv4();
        carries.then(|| Some(local.ip()))
    }
}

/// A set of sockets and the agents on them.
#[derive(Debug)]
pub(super) struct Hub {
    sockets: RwLock<Vec<Socket>>,
    inner: Mutex<Inner>,
    next_id: AtomicU64,
    /// The sockets belong to one agent: whatever arrives is for it, and it ends them.
    exclusive: bool,
}

/// What agents and driver tell each other.
#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) agents: HashMap<AgentId, Arc<Shared>>,
    pub(super) mux: Mux<AgentId>,
    /// Agents whose deadline or paths have changed.
    pub(super) touched: Vec<AgentId>,
    pub(super) sockets_changed: bool,
    /// No handle is left.
    pub(super) abandoned: bool,
    waker: Option<Waker>,
}

impl Hub {
    pub(super) fn new(exclusive: bool) -> Self {
        Self {
            sockets: RwLock::default(),
            inner: Mutex::default(),
            next_id: AtomicU64::new(0),
            exclusive,
        }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn draw_id(&self) -> AgentId {
        AgentId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn sockets(&self) -> Vec<Socket> {
        self.sockets
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn add_socket(&self, socket: Socket) {
        self.sockets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(socket);
        let mut inner = self.inner();
        inner.sockets_changed = true;
        inner.wake();
    }

    /// Closes the sockets at other addresses.
    pub(super) fn keep_sockets(&self, bound: &[SocketAddr]) {
        self.sockets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|socket| bound.contains(&socket.bound));
        let mut inner = self.inner();
        inner.sockets_changed = true;
        inner.wake();
    }

    /// Closes a socket that is finished; true when it was the last.
    pub(super) fn remove_socket(&self, bound: SocketAddr) -> bool {
        let mut sockets = self.sockets.write().unwrap_or_else(PoisonError::into_inner);
        sockets.retain(|socket| socket.bound != bound);
        let is_last = sockets.is_empty();
        drop(sockets);
        self.inner().sockets_changed = true;
        is_last
    }

    /// Passing errors of all sockets.
    pub(super) fn receive_errors(&self) -> u64 {
        let sockets = self.sockets.read().unwrap_or_else(PoisonError::into_inner);
        sockets.iter().map(|socket| socket.udp.recv_errors()).sum()
    }

    pub(super) fn add_agent(&self, shared: &Arc<Shared>) {
        self.inner().agents.insert(shared.id, Arc::clone(shared));
        self.touch(shared.id);
    }

    /// Closes the sockets.
    pub(super) fn clear_sockets(&self) {
        self.sockets
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The sockets belong to one agent.
    pub(super) const fn is_exclusive(&self) -> bool {
        self.exclusive
    }

    /// Tells the driver that an agent has changed.
    pub(super) fn touch(&self, id: AgentId) {
        let mut inner = self.inner();
        if !inner.touched.contains(&id) {
            inner.touched.push(id);
        }
        inner.wake();
    }

    /// No handle is left that could add an agent.
    pub(super) fn abandon(&self) {
        let mut inner = self.inner();
        inner.abandoned = true;
        inner.wake();
    }

    pub(super) fn register(&self, cx: &Context<'_>) {
        self.inner().waker = Some(cx.waker().clone());
    }

    /// The agent that a datagram is for.
    pub(super) fn route(&self, path: Path, datagram: &[u8]) -> Option<Arc<Shared>> {
        let inner = self.inner();
        if self.exclusive {
            return inner.agents.values().next().cloned();
        }
        inner.agents.get(&inner.mux.route(path, datagram)?).cloned()
    }

    /// Sends a datagram of the agent; false when there is no way to its destination. What the socket has no room for
    /// is lost, as anywhere on the way: STUN is repeated, and data goes by [`poll_send`](Self::poll_send).
    pub(super) fn send(&self, path: Path, contents: &[u8]) -> bool {
        let sent = self.with_socket(path, contents, |udp, transmit| udp.try_send(transmit));
        sent.is_some_and(|sent| {
            sent.map_or_else(|error| error.kind() == std::io::ErrorKind::WouldBlock, |()| true)
        })
    }

    /// Sends a datagram, waiting for room; `None` when no socket has the address.
    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        path: Path,
        contents: &[u8],
    ) -> Option<std::task::Poll<std::io::Result<()>>> {
        self.with_socket(path, contents, |udp, transmit| udp.poll_send(cx, transmit))
    }

    fn with_socket<R>(
        &self,
        path: Path,
        contents: &[u8],
        send: impl FnOnce(&dyn Datagram, &Transmit<'_>) -> R,
    ) -> Option<R> {
        let sockets = self.sockets.read().unwrap_or_else(PoisonError::into_inner);
        let (socket, source) = sockets
            .iter()
            .find_map(|socket| Some((socket, socket.source(path.local)?)))?;
        let transmit = Transmit {
            source,
            ..Transmit::new(path.remote, contents)
        };
        Some(send(&*socket.udp, &transmit))
    }

    /// Whether the driver has nothing left to do.
    pub(super) fn is_done(&self) -> bool {
        let inner = self.inner();
        inner.agents.is_empty() && inner.abandoned
    }
}

impl Inner {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
