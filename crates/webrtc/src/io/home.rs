//! Where a connection lives: its endpoint, the sockets that it sends from, and the addresses that it announced.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use datagram::Datagram;

use super::endpoint::{Inner, Sockets};
use super::gather;
use super::router::ConnectionId;
use super::shared::Shared;
use crate::core::{StatsReport, Transmit};
use crate::setting_engine::Gathering;

/// A connection's place at an endpoint.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) endpoint: Arc<Inner>,
    pub(super) id: ConnectionId,
    sockets: Arc<Sockets>,
    /// The addresses that the core was given.
    pub(super) announced: Vec<SocketAddr>,
}

impl Home {
    /// A connection joins an endpoint.
    pub(super) fn new(endpoint: Arc<Inner>, shared: Arc<Shared>, gathering: &Gathering) -> Self {
        let id = endpoint.insert(shared);
        let sockets = endpoint.sockets();
        // An interface list that cannot be read leaves the connection without candidates, which it reports itself.
        let all = if sockets.list.iter().any(|socket| socket.is_wildcard()) {
            gather::addresses(gathering).unwrap_or_default()
        } else {
            Vec::new()
        };
        Self {
            announced: announced(&sockets, &all, gathering),
            endpoint,
            id,
            sockets,
        }
    }

    /// Goes along with the addresses of the host. Returns those that were announced and are gone.
    ///
    /// # Errors
    ///
    /// The addresses are not to be found out, or no socket can be opened at any. Nothing has changed.
    pub(super) fn follow(&mut self, gathering: &Gathering) -> io::Result<Vec<SocketAddr>> {
        let all = gather::addresses(gathering)?;
        if self.endpoint.is_private {
            self.sockets = self.endpoint.move_to(&all, gathering)?;
        }
        let announced = announced(&self.sockets, &all, gathering);
        let mut gone = std::mem::replace(&mut self.announced, announced);
        gone.retain(|address| !self.announced.contains(address));
        Ok(gone)
    }

    /// Datagrams of one burst.
    pub(super) fn max_segments(&self) -> usize {
        self.sockets.max_segments
    }

    /// What is counted at the sockets.
    pub(super) fn report(&self, report: &mut StatsReport) {
        report.receive_errors = self.sockets.receive_errors();
        report.offload_fallbacks = self.sockets.offload_fallbacks();
    }

    pub(super) fn try_send(&self, transmit: &Transmit, bytes: &[u8]) -> io::Result<()> {
        let socket = self.sockets.sending_from(transmit.path.local)?;
        if transmit.segment_size.is_none() && stun::is_stun(bytes) {
            self.endpoint.router().expect_response(bytes, self.id);
        }
        socket.socket.try_send(&socket.transmit(transmit, bytes))
    }

    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        transmit: &Transmit,
        bytes: &[u8],
    ) -> Poll<io::Result<()>> {
        match self.sockets.sending_from(transmit.path.local) {
            Ok(socket) => socket.socket.poll_send(cx, &socket.transmit(transmit, bytes)),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

fn announced(sockets: &Sockets, all: &[IpAddr], gathering: &Gathering) -> Vec<SocketAddr> {
    let sockets = sockets.list.iter();
    sockets
        .flat_map(|socket| socket.addresses(all, gathering))
        .collect()
}
