//! What a protocol core looks like to the simulated network: the verbs of the sans-IO cores with addresses around them.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Instant;

/// The two addresses between which a datagram travels, seen from the endpoint that holds the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The endpoint's own address.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
}

impl Path {
    /// A path between two addresses.
    #[must_use]
    pub const fn new(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { local, remote }
    }

    /// The same path seen from the other end.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            local: self.remote,
            remote: self.local,
        }
    }
}

/// What [`Endpoint::poll_transmit`] has appended to the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// From where, to where.
    pub path: Path,
    /// Size of each datagram in the buffer, the last may be shorter. `None`: the buffer is one datagram.
    pub segment_size: Option<usize>,
}

/// A sans-IO core under simulation. Tests implement it around the core they test: a few lines that add addresses.
///
/// [`poll_event`](Self::poll_event) should only poll. Whatever an application does on an event (reading, answering)
/// belongs into a command, so that the moment it happens is part of the script.
pub trait Endpoint {
    /// What the core reports.
    type Event: Debug + Clone + PartialEq;

    /// A datagram arrived.
    fn handle_input(&mut self, now: Instant, path: Path, datagram: &mut [u8]);

    /// Time passed.
    fn handle_timeout(&mut self, now: Instant);

    /// Appends the next datagram, or several equal-sized ones, to `out` (which the caller has emptied).
    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit>;

    /// The next piece of news.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Bytes (or entries) that peers have made this endpoint hold, for the law that they are bounded. Zero if unknown.
    fn footprint(&self) -> usize {
        0
    }
}

impl<E: Endpoint + ?Sized> Endpoint for Box<E> {
    type Event = E::Event;

    fn handle_input(&mut self, now: Instant, path: Path, datagram: &mut [u8]) {
        (**self).handle_input(now, path, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        (**self).handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        (**self).poll_transmit(now, out)
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        (**self).poll_event()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (**self).poll_timeout()
    }

    fn footprint(&self) -> usize {
        (**self).footprint()
    }
}

/// The datagrams in a transmit buffer. An empty buffer is one empty datagram.
pub(crate) fn segments(contents: &[u8], segment_size: Option<usize>) -> impl Iterator<Item = &[u8]> {
    let size = segment_size.unwrap_or(contents.len()).max(1);
    contents
        .is_empty()
        .then_some(contents)
        .into_iter()
        .chain(contents.chunks(size))
}
