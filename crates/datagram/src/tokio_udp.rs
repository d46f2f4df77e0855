//! tokio's own UDP socket as a transport: one packet a call, for a socket that the application has already.
//!
//! tokio wakes only the last task that waited to send; where several tasks share one socket, use `UdpSocket` of this crate.

use crate::udp::Passing;
use crate::{Datagram, RecvMeta, Transmit};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

impl Datagram for UdpSocket {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        // tokio's socket has no place to count errors in.
        Passing::default().poll(cx, |cx| {
            let mut read = ReadBuf::new(buffer);
            let source = ready!(self.poll_recv_from(cx, &mut read))?;
            let len = read.filled().len();
            *meta = RecvMeta {
                source,
                len,
                stride: len,
                ..RecvMeta::default()
            };
            Poll::Ready(Ok(1))
        })
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        loop {
            match Datagram::try_send(self, transmit) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.poll_send_ready(cx))?;
                }
                result => return Poll::Ready(result),
            }
        }
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut segments = transmit.segments();
        if let Some(first) = segments.next() {
            self.try_send_to(first, transmit.destination)?;
        }
        // The first packet is gone: the others follow as far as there is room, as on any full link.
        for packet in segments {
            if self.try_send_to(packet, transmit.destination).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Self::local_addr(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inbox, send};

    #[tokio::test]
    async fn carries_packets_and_bursts() {
        let alice = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let bob = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = bob.local_addr().unwrap();
        send(
            &alice,
            &Transmit {
                segment_size: Some(2),
                ..Transmit::new(to, b"aabbc")
            },
        )
        .await
        .unwrap();
        let mut inbox = Inbox::new(&bob);
        for expected in ["aa", "bb", "c"] {
            let packet = inbox.recv(&bob).await.unwrap();
            assert_eq!(packet.contents, expected.as_bytes());
            assert_eq!(packet.source, alice.local_addr().unwrap());
        }
    }
}
