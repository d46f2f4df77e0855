//! A transport that speaks with one peer only, though its socket could speak with many.

use crate::{Datagram, RecvMeta, Transmit};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

/// Fixes the peer of a [`Datagram`]: sends go there whatever their destination, and packets from others are dropped.
///
/// It needs the transport for itself: what it drops, nobody else receives.
///
/// ```
/// use datagram::{Connected, Datagram, Inbox, PairConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (alice, bob) = datagram::pair(PairConfig::default());
/// let alice = Connected::new(alice, bob.local_addr()?);
/// alice.send(b"hello").await?;
/// assert_eq!(Inbox::new(&bob).recv(&bob).await?.contents, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connected<D> {
    inner: D,
    peer: SocketAddr,
}

impl<D: Datagram> Connected<D> {
    /// Binds `inner` to `peer`.
    pub const fn new(inner: D, peer: SocketAddr) -> Self {
        Self { inner, peer }
    }

    /// The peer.
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// The transport below.
    pub const fn get_ref(&self) -> &D {
        &self.inner
    }

    /// Gives the transport back.
    pub fn into_inner(self) -> D {
        self.inner
    }

    /// Sends one packet to the peer, waiting for room.
    ///
    /// # Errors
    ///
    /// As [`Datagram::poll_send`].
    pub async fn send(&self, packet: &[u8]) -> io::Result<()> {
        crate::send(&self.inner, &Transmit::new(self.peer, packet)).await
    }

    fn to_peer<'a>(&self, transmit: &Transmit<'a>) -> Transmit<'a> {
        Transmit {
            destination: self.peer,
            ..*transmit
        }
    }

    /// Moves the buffers that came from the peer to the front and returns their number.
    fn keep_peer(&self, buffers: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta], filled: usize) -> usize {
        let mut kept = 0;
        for slot in 0..filled {
            let Some(received) = meta.get(slot).copied().filter(|meta| meta.source == self.peer) else {
                continue;
            };
            if kept < slot {
                let (front, back) = buffers.split_at_mut(slot);
                let (Some(to), Some(from)) = (front.get_mut(kept), back.first()) else {
                    continue;
                };
                to.iter_mut()
                    .zip(from.iter())
                    .take(received.len)
                    .for_each(|(to, from)| *to = *from);
            }
            if let Some(place) = meta.get_mut(kept) {
                *place = received;
            }
            kept += 1;
        }
        kept
    }
}

impl<D: Datagram> Datagram for Connected<D> {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let filled = ready!(self.inner.poll_recv(cx, buffers, meta))?;
            let kept = self.keep_peer(buffers, meta, filled);
            if kept > 0 || filled == 0 {
                return Poll::Ready(Ok(kept));
            }
        }
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_send(cx, &self.to_peer(transmit))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(&self.to_peer(transmit))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_send_segments(&self) -> usize {
        self.inner.max_send_segments()
    }

    fn max_recv_segments(&self) -> usize {
        self.inner.max_recv_segments()
    }

    fn recv_errors(&self) -> u64 {
        self.inner.recv_errors()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inbox, UdpSocket};

    fn socket() -> UdpSocket {
        UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
    }

    #[tokio::test]
    async fn drops_packets_from_strangers() {
        let (stranger, peer, ours) = (socket(), socket(), socket());
        let to = ours.local_addr().unwrap();
        let ours = Connected::new(ours, peer.local_addr().unwrap());
        for turn in 0..10_u8 {
            crate::send(&stranger, &Transmit::new(to, b"stranger, and longer"))
                .await
                .unwrap();
            crate::send(&peer, &Transmit::new(to, &[turn; 9])).await.unwrap();
        }
        let mut inbox = Inbox::new(&ours);
        for turn in 0..10_u8 {
            let packet = inbox.recv(&ours).await.unwrap();
            assert_eq!(
                (packet.source, &*packet.contents),
                (ours.peer_addr(), &[turn; 9][..])
            );
        }
    }

    #[tokio::test]
    async fn sends_to_the_peer_whatever_the_destination() {
        let (peer, ours) = (socket(), socket());
        let ours = Connected::new(ours, peer.local_addr().unwrap());
        let elsewhere = SocketAddr::from(([127, 0, 0, 1], 9));
        ours.try_send(&Transmit::new(elsewhere, b"tried")).unwrap();
        crate::send(&ours, &Transmit::new(elsewhere, b"polled"))
            .await
            .unwrap();
        let mut inbox = Inbox::new(&peer);
        assert_eq!(inbox.recv(&peer).await.unwrap().contents, b"tried");
        assert_eq!(inbox.recv(&peer).await.unwrap().contents, b"polled");
    }
}
