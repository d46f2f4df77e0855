//! # What it is
//!
//! [`Datagram`], the one trait under every façade of this workspace: packets in batches, with the peer's
//! address, ECN marks, and several equal-sized packets in one call (segmentation offload). It is object safe, so
//! a DTLS or SCTP association takes an `Arc<dyn Datagram>` and does not care what carries it:
//!
//! - [`UdpSocket`]: UDP under tokio with GSO, GRO, ECN, source addresses and large kernel buffers,
//! - [`pair`]: two ends in memory, for tests and for gluing protocols together,
//! - [`FramedTcp`]: packets over a byte stream,
//! - [`Connected`]: any of them, bound to one peer,
//! - `tokio::net::UdpSocket`, one packet a call, for sockets that exist already.
//!
//! [`Inbox`] is the receiving side of a driver: it owns the buffers and hands out one packet after the other.
//!
//! # RFCs
//!
//! RFC 768 (UDP), RFC 3168 (ECN), RFC 4571 (framing over TCP).
//!
//! # Use it with tokio
//!
//! ```
//! use datagram::{Datagram, Inbox, Transmit, UdpSocket};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let alice = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
//! let bob = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
//!
//! // Three packets of four bytes in one system call where the kernel can.
//! let burst = Transmit { segment_size: Some(4), ..Transmit::new(bob.local_addr()?, b"one.two.six.") };
//! datagram::send(&alice, &burst).await?;
//!
//! let mut inbox = Inbox::new(&bob);
//! for expected in ["one.", "two.", "six."] {
//!     let packet = inbox.recv(&bob).await?;
//!     assert_eq!(packet.contents, expected.as_bytes());
//!     assert_eq!(packet.source, alice.local_addr()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Drive it yourself
//!
//! The trait has only poll functions, for drivers that wait for several things in one task.
//!
//! ```
//! use datagram::{Datagram, Inbox, PairConfig, Transmit};
//! use std::task::{Context, Poll, Waker};
//!
//! let (alice, bob) = datagram::pair(PairConfig::default());
//! let mut inbox = Inbox::new(&bob);
//! let mut cx = Context::from_waker(Waker::noop());
//!
//! assert!(inbox.poll_fill(&mut cx, &bob).is_pending());
//! alice.try_send(&Transmit::new(bob.local_addr().unwrap(), b"hello")).unwrap();
//! assert!(matches!(inbox.poll_fill(&mut cx, &bob), Poll::Ready(Ok(()))));
//! assert_eq!(inbox.pop().unwrap().contents, b"hello");
//! assert!(inbox.pop().is_none());
//! ```
//!
//! # Limits and defaults
//!
//! | | default | why |
//! |---|---|---|
//! | [`UdpConfig::recv_buffer`], [`UdpConfig::send_buffer`] | 7 MiB each, or what the system allows | a burst of 5,000 packets must survive a scheduling delay |
//! | packets a receive call | 32 buffers; with GRO up to 64 packets in each | the kernel's own limits |
//! | packets a send call | 64 with GSO, else 1 | Linux refuses more |
//! | [`Inbox`] | 8 buffers of 64 KiB with GRO, 32 of 2 KiB without | larger packets are cut; see [`Inbox::with_packet_size`] |
//! | [`PairConfig::capacity`] | 1,024 packets each way | bounded memory; the sender waits, or the packet is lost, as configured |
//! | [`FramedTcp`] | 65,535 bytes a packet, one packet being sent | RFC 4571 has a 16-bit length |
//!
//! # What it does not do
//!
//! No name resolution, no interface discovery, no multicast, no TLS. UDP leaves IP fragmentation off: a packet over the
//! interface's MTU is an error of that send. Nothing here retransmits or orders anything.

mod connected;
mod framed_tcp;
mod inbox;
mod memory;
mod tokio_udp;
mod udp;
mod wakers;

use std::fmt::Debug;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

pub use connected::Connected;
pub use framed_tcp::FramedTcp;
pub use inbox::{Inbox, Received};
pub use memory::{MemoryDatagram, PairConfig, WhenFull, pair};
pub use udp::{UdpConfig, UdpSocket};

/// A transport for packets: unordered, unreliable, with addresses.
///
/// One task may wait in [`poll_recv`](Self::poll_recv) at a time (the last one to poll is woken); any number of tasks
/// may send.
pub trait Datagram: Debug + Send + Sync {
    /// Receives up to `min(buffers.len(), meta.len())` buffers and returns how many were filled.
    ///
    /// A buffer may hold several packets of [`RecvMeta::stride`] bytes each (the last may be shorter).
    /// [`Inbox`] does the slicing.
    ///
    /// # Errors
    ///
    /// The transport is finished: a closed stream, a closed pair, a socket that the system took away. Passing trouble
    /// (an ICMP message about one peer, a moment without memory) is not reported but counted as
    /// [`recv_errors`](Self::recv_errors), and the transport asked again.
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>>;

    /// Sends one packet, or several equal-sized ones, waiting for room.
    ///
    /// # Errors
    ///
    /// This send failed (too big, no route, not permitted). Others may succeed.
    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>>;

    /// Sends without waiting.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] when there is no room, else as for [`poll_send`](Self::poll_send).
    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()>;

    /// The address this transport is bound to.
    ///
    /// # Errors
    ///
    /// When the system does not know it any more.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// How many packets one [`Transmit`] should carry at most. It may fall to 1 while running, when a network card turns
    /// out not to do segmentation; a larger transmit is then sent packet by packet.
    fn max_send_segments(&self) -> usize {
        1
    }

    /// How many packets one receive buffer can hold: buffers should have room for as many.
    fn max_recv_segments(&self) -> usize {
        1
    }

    /// How many errors of receiving were passed over, because they end nothing: answers of ICMP to what was sent, moments
    /// without memory. 0 where the transport has none, or does not count them (tokio's own socket).
    fn recv_errors(&self) -> u64 {
        0
    }
}

/// What is known about a filled receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvMeta {
    /// Who sent it. IPv4 peers are IPv4 addresses also on a dual-stack socket.
    pub source: SocketAddr,
    /// The local address it was sent to, where the system tells.
    pub destination: Option<IpAddr>,
    /// Bytes in the buffer.
    pub len: usize,
    /// Bytes of each packet in the buffer; the last may be shorter.
    pub stride: usize,
    /// The congestion mark of the packets.
    pub ecn: Option<Ecn>,
}

impl Default for RecvMeta {
    /// A value to be overwritten.
    fn default() -> Self {
        let source = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        Self {
            source,
            destination: None,
            len: 0,
            stride: 0,
            ecn: None,
        }
    }
}

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct Transmit<'a> {
    /// The peer.
    pub destination: SocketAddr,
    /// The local address to send from, for sockets bound to the unspecified address.
    pub source: Option<IpAddr>,
    /// The congestion mark to set.
    pub ecn: Option<Ecn>,
    /// One packet, or several of `segment_size` bytes one after the other.
    pub contents: &'a [u8],
    /// Size of each packet in `contents`; the last may be shorter. `None`: all of it is one packet.
    pub segment_size: Option<usize>,
}

impl<'a> Transmit<'a> {
    /// One packet without marks.
    #[must_use]
    pub const fn new(destination: SocketAddr, contents: &'a [u8]) -> Self {
        Self {
            destination,
            source: None,
            ecn: None,
            contents,
            segment_size: None,
        }
    }

    /// The packets in it, one by one. An empty transmit is one empty packet.
    pub fn segments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let size = self.segment_size.unwrap_or(self.contents.len()).max(1);
        let empty = self.contents.is_empty().then_some(self.contents);
        empty.into_iter().chain(self.contents.chunks(size))
    }
}

/// Explicit Congestion Notification, RFC 3168 §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ecn {
    /// ECN-capable transport, codepoint 0 (`10`).
    Ect0,
    /// ECN-capable transport, codepoint 1 (`01`), used by L4S.
    Ect1,
    /// Congestion experienced (`11`).
    Ce,
}

/// Sends, waiting for room.
///
/// # Errors
///
/// As [`Datagram::poll_send`].
pub async fn send<D: Datagram + ?Sized>(datagram: &D, transmit: &Transmit<'_>) -> io::Result<()> {
    std::future::poll_fn(|cx| datagram.poll_send(cx, transmit)).await
}

impl<D: Datagram + ?Sized> Datagram for Arc<D> {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        (**self).poll_recv(cx, buffers, meta)
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        (**self).poll_send(cx, transmit)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        (**self).try_send(transmit)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        (**self).local_addr()
    }

    fn max_send_segments(&self) -> usize {
        (**self).max_send_segments()
    }

    fn max_recv_segments(&self) -> usize {
        (**self).max_recv_segments()
    }

    fn recv_errors(&self) -> u64 {
        (**self).recv_errors()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cut_the_contents_into_packets() {
        let to = SocketAddr::from(([127, 0, 0, 1], 9));
        let sizes = |contents: &[u8], segment_size| -> Vec<usize> {
            Transmit {
                segment_size,
                ..Transmit::new(to, contents)
            }
            .segments()
            .map(<[u8]>::len)
            .collect()
        };
        assert_eq!(sizes(&[0; 10], None), [10]);
        assert_eq!(sizes(&[0; 10], Some(4)), [4, 4, 2]);
        assert_eq!(sizes(&[0; 10], Some(20)), [10]);
        assert_eq!(
            sizes(&[0; 2], Some(0)),
            [1, 1],
            "a size of zero must not loop or panic"
        );
        assert_eq!(sizes(&[], None), [0]);
        assert_eq!(sizes(&[], Some(4)), [0]);
    }

    #[test]
    fn the_trait_is_object_safe_and_shared() {
        fn assert_datagram<D: Datagram + 'static>() {}
        assert_datagram::<Arc<dyn Datagram>>();
        assert_datagram::<UdpSocket>();
        assert_datagram::<MemoryDatagram>();
        assert_datagram::<Connected<Arc<dyn Datagram>>>();
        assert_datagram::<FramedTcp<tokio::net::TcpStream>>();
    }
}
