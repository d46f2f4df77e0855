//! Which connection a datagram belongs to.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::shared::Shared;

/// A connection's number at its endpoint, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConnectionId(u64);

/// Our requests that may still be answered. A connection has a handful in flight.
const MAX_TRANSACTIONS: usize = 16_384;

/// O(1) routing: by path for everything once a check came over it, by the local ufrag for checks, and by transaction id
/// for the responses to our own requests, which may come from a server that every connection asks.
#[derive(Debug)]
pub(super) struct Router {
    connections: HashMap<ConnectionId, Arc<Shared>>,
    next: u64,
    /// Every datagram is for the one connection there is.
    private: bool,
    /// No handle is left that could add a connection.
    abandoned: bool,
    mux: ice::Mux<ConnectionId>,
    transactions: HashMap<[u8; 12], ConnectionId>,
    order: VecDeque<[u8; 12]>,
}

impl Router {
    pub(super) fn new(private: bool) -> Self {
        Self {
            connections: HashMap::new(),
            next: 0,
            private,
            abandoned: private,
            mux: ice::Mux::new(),
            transactions: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Whether nobody is left who could use the sockets.
    pub(super) fn is_done(&self) -> bool {
        self.abandoned && self.connections.is_empty()
    }

    /// The application has no handle left: the last connection ends it.
    pub(super) const fn abandon(&mut self) {
        self.abandoned = true;
    }

    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn insert(&mut self, shared: Arc<Shared>) -> ConnectionId {
        self.next += 1;
        let id = ConnectionId(self.next);
        self.connections.insert(id, shared);
        id
    }

    pub(super) fn register(&mut self, ufrag: &str, id: ConnectionId) {
        if !self.private {
            self.mux.register(ufrag, id);
        }
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
        self.mux.remove(id);
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<Arc<Shared>> {
        self.connections.get(&id).cloned()
    }

    /// Datagrams over this path are for this connection.
    pub(super) fn bind(&mut self, path: ice::Path, id: ConnectionId) {
        self.mux.bind(path, id);
    }

    /// A request of ours leaves: its response belongs to the same connection.
    pub(super) fn expect_response(&mut self, datagram: &[u8], id: ConnectionId) {
        if self.private || !stun::is_stun(datagram) || is_response(datagram) {
            return;
        }
        let Some(transaction) = transaction(datagram) else {
            return;
        };
        if self.transactions.insert(transaction, id).is_some() {
            return;
        }
        self.order.push_back(transaction);
        if self.order.len() > MAX_TRANSACTIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.transactions.remove(&oldest);
        }
    }

    pub(super) fn route(&self, path: ice::Path, datagram: &[u8]) -> Option<Arc<Shared>> {
        if self.private {
            return self.connections.values().next().cloned();
        }
        let id = if stun::is_stun(datagram) && is_response(datagram) {
            *self.transactions.get(&transaction(datagram)?)?
        } else {
            self.mux.route(path, datagram)?
        };
        self.get(id)
    }
}

/// A success or error response: RFC 8489 §5, the class bit C1.
fn is_response(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|byte| byte & 1 == 1)
}

fn transaction(datagram: &[u8]) -> Option<[u8; 12]> {
    datagram.get(8..)?.first_chunk().copied()
}
