//! A second DTLS association, in the place of the first.
//!
//! A browser whose BUNDLE group gets another tagged section – the first transceiver was stopped, or its section is used
//! again – makes another transport for it: other sockets, the same certificate, another handshake, whatever RFC 8842 §4
//! says. No description tells; other peers keep what they have. So it shows on the wire alone: the peer is reached
//! elsewhere. Until the handshake is over the association there is stays (RFC 6347 §4.2.8), and SCTP goes on over either.

use std::net::SocketAddr;
use std::time::Instant;

use dtls::core::Connection;

use super::transport::Peer;
use crate::setting_engine::DtlsRole;

/// An association that may come.
pub(super) struct Renewal {
    connection: Box<Connection>,
    peer: Peer,
    /// Where the peer has the association there is.
    old: SocketAddr,
    /// The peer has said something that belongs to this one.
    heard: bool,
    /// It has closed the association there is, which was the end if this one does not come.
    goodbye: bool,
    /// When nothing is expected any more.
    deadline: Instant,
    timed_out: bool,
}

impl Renewal {
    pub(super) fn new(connection: Connection, peer: Peer, old: SocketAddr, deadline: Instant) -> Self {
        Self {
            connection: Box::new(connection),
            peer,
            old,
            heard: false,
            goodbye: false,
            deadline,
            timed_out: false,
        }
    }

    /// Data takes this path: a peer elsewhere has another transport, to which a client says hello.
    pub(super) fn reached(&mut self, now: Instant, path: ice::Path) {
        if path.remote != self.old && self.peer.role == DtlsRole::Server {
            self.connection.connect(now);
        }
    }

    /// Whether a datagram is for this association: it comes from elsewhere, and either begins a handshake – its first record
    /// is of epoch 0 – or the handshake has begun.
    pub(super) fn takes(&self, path: ice::Path, datagram: &[u8]) -> bool {
        let is_plain = |[kind, _, _, epoch @ ..]: &[u8; 5]| (20..=23).contains(kind) && *epoch == [0, 0];
        path.remote != self.old && (self.heard || datagram.first_chunk().is_some_and(is_plain))
    }

    /// Whether media on this path is protected with the keys that this association will have: it comes from elsewhere, and the
    /// handshake has begun, whose last record it may have overtaken.
    pub(super) fn takes_media(&self, path: ice::Path) -> bool {
        path.remote != self.old && self.heard
    }

    pub(super) fn handle_input<'d>(
        &mut self,
        now: Instant,
        datagram: &'d mut [u8],
    ) -> dtls::ApplicationData<'d> {
        self.heard = true;
        self.connection.handle_input(now, datagram)
    }

    pub(super) fn note_goodbye(&mut self) {
        self.goodbye = true;
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    /// The end of it, if it has come; with the reason, unless the peer simply has no other transport.
    pub(super) fn poll_closed(&mut self) -> Option<Option<dtls::CloseReason>> {
        let reason = loop {
            match self.connection.poll_event() {
                Some(dtls::Event::Closed(reason)) => break Some(reason),
                Some(dtls::Event::Connected) => {}
                None => break None,
            }
        };
        let ended = reason.is_some() || self.timed_out;
        let reason = if self.heard {
            reason.or(Some(dtls::CloseReason::HandshakeTimeout))
        } else {
            self.goodbye.then_some(dtls::CloseReason::CloseNotify)
        };
        ended.then_some(reason)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.connection.handle_timeout(now);
        self.timed_out = self.deadline <= now;
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.connection.poll_timeout(), Some(self.deadline)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Its datagrams go where the peer has its other transport.
    pub(super) fn poll_transmit(
        &mut self,
        now: Instant,
        path: ice::Path,
        out: &mut Vec<u8>,
    ) -> Option<dtls::Transmit> {
        if path.remote == self.old {
            return None;
        }
        self.connection.poll_transmit(now, out)
    }

    pub(super) fn into_parts(self) -> (Box<Connection>, Peer) {
        (self.connection, self.peer)
    }
}
