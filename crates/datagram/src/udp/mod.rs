//! UDP (RFC 768) under tokio through `quinn-udp`: segmentation offload both ways, ECN (RFC 3168), local addresses, and
//! kernel buffers large enough for bursts.

#[cfg(target_os = "linux")]
mod linux;

use crate::wakers::Wakers;
use crate::{Datagram, Ecn, RecvMeta, Transmit};
use quinn_udp::{BATCH_SIZE, EcnCodepoint, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;

/// Below this a kernel buffer is left as the system made it.
const SMALLEST_BUFFER: usize = 64 * 1024;
/// Bytes that one segmented send may carry: the largest UDP payload over IPv4, less the IPv6 header.
const MAX_BURST: usize = 65_535 - 8 - 40;

/// How a [`UdpSocket`] is made.
#[derive(Clone, Debug)]
pub struct UdpConfig {
    /// Bytes of kernel receive buffer to ask for (`SO_RCVBUF`). Default 7 MiB; the system may give less.
    pub recv_buffer: usize,
    /// Bytes of kernel send buffer to ask for (`SO_SNDBUF`). Default 7 MiB; the system may give less.
    pub send_buffer: usize,
    /// Whether a socket on `[::]` also takes IPv4, on every system alike. Default false, so that `0.0.0.0` and `[::]`
    /// can be bound to the same port.
    pub dual_stack: bool,
    /// Lets several sockets of this process share the port, each with its own peers (`SO_REUSEPORT`, Unix). Default false.
    pub reuse_port: bool,
}

impl Default for UdpConfig {
    fn default() -> Self {
        let buffer = 7 * 1024 * 1024;
        Self {
            recv_buffer: buffer,
            send_buffer: buffer,
            dual_stack: false,
            reuse_port: false,
        }
    }
}

/// A UDP socket. Must be made inside a tokio runtime with I/O enabled.
///
/// Any number of tasks may send at once, and each is woken when there is room.
///
/// ```
/// use datagram::{Datagram, UdpConfig, UdpSocket};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// assert_ne!(socket.local_addr()?.port(), 0);
///
/// // The port is taken: the failure says so.
/// let again = UdpSocket::bind_with(socket.local_addr()?, &UdpConfig::default());
/// assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    io: tokio::net::UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    senders: Arc<Wakers>,
}

impl UdpSocket {
    /// Binds with the defaults of [`UdpConfig`].
    ///
    /// # Errors
    ///
    /// The system's: address in use, not available, not permitted.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::bind_with(address, &UdpConfig::default())
    }

    /// Binds.
    ///
    /// # Errors
    ///
    /// The system's: address in use, not available, not permitted.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn bind_with(address: SocketAddr, config: &UdpConfig) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(!config.dual_stack)?;
        }
        #[cfg(all(
            unix,
            not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
        ))]
        if config.reuse_port {
            socket.set_reuse_port(true)?;
        }
        socket.bind(&address.into())?;
        Self::from_std_with(socket.into(), config)
    }

    /// Takes over a bound socket, with the default buffers.
    ///
    /// # Errors
    ///
    /// When the system refuses one of the socket options.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        Self::from_std_with(socket, &UdpConfig::default())
    }

    fn from_std_with(socket: std::net::UdpSocket, config: &UdpConfig) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        linux::keep_offload();
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let sock = SockRef::from(&socket);
        enlarge(config.send_buffer, |bytes| sock.set_send_buffer_size(bytes));
        enlarge(config.recv_buffer, |bytes| sock.set_recv_buffer_size(bytes));
        #[cfg(target_os = "linux")]
        {
            linux::disable_timestamps(&socket);
            // The kernel reports twice what it was given.
            if sock.recv_buffer_size()? / 2 < config.recv_buffer {
                linux::force_recv_buffer(&socket, config.recv_buffer);
            }
        }
        let local = socket.local_addr()?;
        let io = tokio::net::UdpSocket::from_std(socket)?;
        Ok(Self {
            io,
            state,
            local,
            senders: Arc::default(),
        })
    }

    /// The kernel's receive buffer in bytes (Linux counts its own overhead in).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(&self.io).recv_buffer_size()
    }

    /// The kernel's send buffer in bytes (Linux counts its own overhead in).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(&self.io).send_buffer_size()
    }

    fn sys_send(&self, transmit: &quinn_udp::Transmit<'_>) -> io::Result<()> {
        let send = || self.state.try_send(UdpSockRef::from(&self.io), transmit);
        match send() {
            // tokio has to see the refusal to know that it must wait. It is not asked first, because it takes a new
            // socket for full until its first turn of the event loop.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.io.try_io(Interest::WRITABLE, send)
            }
            result => result,
        }
    }

    /// A peer's address in the family of this socket: IPv4 is mapped into IPv6 on a dual-stack one.
    const fn to_wire(&self, address: SocketAddr) -> SocketAddr {
        match (self.local, address) {
            (SocketAddr::V6(_), SocketAddr::V4(v4)) => {
                SocketAddr::V6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0))
            }
            _ => address,
        }
    }

    /// Sends in bursts that the kernel takes. Only the first may fail for want of room: once something is sent, the
    /// rest is lost as on any full link, because nobody could tell which part to send again.
    fn send_bursts(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut wire = quinn_udp::Transmit {
            destination: self.to_wire(transmit.destination),
            ecn: transmit.ecn.map(ecn_to_wire),
            contents: transmit.contents,
            segment_size: transmit.segment_size,
            src_ip: transmit.source,
        };
        let Some(segment) = transmit
            .segment_size
            .filter(|&size| size > 0 && size < transmit.contents.len())
        else {
            wire.segment_size = None;
            return self.sys_send(&wire);
        };
        let packets = self.state.max_gso_segments().min(MAX_BURST / segment).max(1);
        let mut sent = false;
        for burst in transmit.contents.chunks(packets * segment) {
            wire.contents = burst;
            match self.send_burst(&wire, segment) {
                Err(error) if !sent => return Err(error),
                Err(_) => break,
                Ok(()) => sent = true,
            }
        }
        Ok(())
    }

    /// One burst; packet by packet if the network card turns out not to segment.
    fn send_burst(&self, wire: &quinn_udp::Transmit<'_>, segment: usize) -> io::Result<()> {
        let had_offload = self.state.max_gso_segments() > 1;
        match self.sys_send(wire) {
            // quinn-udp stops offloading at the errors that cards without it give.
            Err(_) if had_offload && self.state.max_gso_segments() == 1 => {
                let mut single = wire.clone();
                single.segment_size = None;
                for (index, packet) in wire.contents.chunks(segment).enumerate() {
                    single.contents = packet;
                    match self.sys_send(&single) {
                        Err(error) if index == 0 => return Err(error),
                        Err(_) => break,
                        Ok(()) => {}
                    }
                }
                Ok(())
            }
            result => result,
        }
    }

    fn sys_recv(&self, buffers: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> io::Result<usize> {
        let limit = buffers.len().min(meta.len()).min(BATCH_SIZE);
        let buffers = buffers.get_mut(..limit).unwrap_or_default();
        let mut wire = [quinn_udp::RecvMeta::default(); BATCH_SIZE];
        let filled = self.io.try_io(Interest::READABLE, || {
            self.state.recv(UdpSockRef::from(&self.io), buffers, &mut wire)
        })?;
        for (meta, wire) in meta.iter_mut().zip(wire.iter()).take(filled) {
            *meta = RecvMeta {
                source: canonical(wire.addr),
                destination: wire.dst_ip.map(|ip| ip.to_canonical()),
                len: wire.len,
                stride: wire.stride,
                ecn: wire.ecn.map(ecn_from_wire),
            };
        }
        Ok(filled)
    }
}

impl Datagram for UdpSocket {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        if buffers.is_empty() || meta.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            match self.sys_recv(buffers, meta) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.io.poll_recv_ready(cx))?;
                }
                Err(error) if is_about_one_peer(&error) => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.send_bursts(transmit) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.senders.poll(cx, |cx| self.io.poll_send_ready(cx)))?;
                }
                result => return Poll::Ready(result),
            }
        }
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.send_bursts(transmit)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn max_send_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_recv_segments(&self) -> usize {
        self.state.gro_segments()
    }
}

/// ICMP said that a packet sent earlier did not arrive. The socket is as good as before.
pub(crate) fn is_about_one_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}

/// Asks for a kernel buffer, and for half as much where the system refuses, until it agrees.
fn enlarge(wanted: usize, mut set: impl FnMut(usize) -> io::Result<()>) {
    let mut bytes = wanted;
    while bytes >= SMALLEST_BUFFER && set(bytes).is_err() {
        bytes /= 2;
    }
}

/// IPv4 as IPv4, also when it came through a dual-stack socket.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

const fn ecn_to_wire(ecn: Ecn) -> EcnCodepoint {
    match ecn {
        Ecn::Ect0 => EcnCodepoint::Ect0,
        Ecn::Ect1 => EcnCodepoint::Ect1,
        Ecn::Ce => EcnCodepoint::Ce,
    }
}

const fn ecn_from_wire(ecn: EcnCodepoint) -> Ecn {
    match ecn {
        EcnCodepoint::Ect0 => Ecn::Ect0,
        EcnCodepoint::Ect1 => Ecn::Ect1,
        EcnCodepoint::Ce => Ecn::Ce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inbox, send};
    use std::net::Ipv4Addr;

    fn bind(address: &str) -> UdpSocket {
        UdpSocket::bind(address.parse().unwrap()).unwrap()
    }

    fn has_ipv6() -> bool {
        std::net::UdpSocket::bind("[::1]:0").is_ok()
    }

    /// Containers often have no IPv6.
    fn loopbacks() -> impl Iterator<Item = &'static str> {
        std::iter::once("127.0.0.1:0").chain(has_ipv6().then_some("[::1]:0"))
    }

    #[tokio::test]
    async fn a_burst_arrives_as_its_packets() {
        for address in loopbacks() {
            let (alice, bob) = (bind(address), bind(address));
            let contents: Vec<u8> = (0..100_u8).flat_map(|packet| [packet; 1200]).collect();
            // 120,000 bytes are more than one system call takes, and the last packet is shorter.
            let contents = &contents[..contents.len() - 1];
            let burst = Transmit {
                segment_size: Some(1200),
                ecn: Some(Ecn::Ect0),
                ..Transmit::new(bob.local_addr().unwrap(), contents)
            };
            send(&alice, &burst).await.unwrap();
            let mut inbox = Inbox::new(&bob);
            for (index, expected) in contents.chunks(1200).enumerate() {
                let packet = inbox.recv(&bob).await.unwrap();
                assert_eq!(packet.contents, expected, "packet {index}");
                assert_eq!(packet.source, alice.local_addr().unwrap());
                assert_eq!(packet.destination, Some(bob.local_addr().unwrap().ip()));
                assert_eq!(packet.ecn, Some(Ecn::Ect0));
            }
        }
    }

    #[tokio::test]
    async fn a_dual_stack_socket_speaks_both_families_by_their_own_addresses() {
        if !has_ipv6() {
            return;
        }
        let config = UdpConfig {
            dual_stack: true,
            ..UdpConfig::default()
        };
        let dual = UdpSocket::bind_with("[::]:0".parse().unwrap(), &config).unwrap();
        let port = dual.local_addr().unwrap().port();
        let mut inbox = Inbox::new(&dual);
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let peer = bind(address);
            let peer_address = peer.local_addr().unwrap();
            send(
                &peer,
                &Transmit::new(SocketAddr::new(peer_address.ip(), port), b"ping"),
            )
            .await
            .unwrap();
            let packet = inbox.recv(&dual).await.unwrap();
            assert_eq!(packet.source, peer_address);
            assert_eq!(packet.destination, Some(peer_address.ip()));
            let source = packet.destination;
            send(
                &dual,
                &Transmit {
                    source,
                    ..Transmit::new(peer_address, b"pong")
                },
            )
            .await
            .unwrap();
            assert_eq!(Inbox::new(&peer).recv(&peer).await.unwrap().contents, b"pong");
        }
    }

    #[tokio::test]
    async fn both_families_share_a_port_by_default() {
        if !has_ipv6() {
            return;
        }
        let v6 = bind("[::]:0");
        let port = v6.local_addr().unwrap().port();
        UdpSocket::bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)).unwrap();
    }

    #[cfg(target_os = "linux")] // Others give the host only one address of 127.0.0.0/8.
    #[tokio::test]
    async fn sends_from_the_address_that_was_asked_for() {
        let (any, peer) = (bind("0.0.0.0:0"), bind("127.0.0.1:0"));
        let source = IpAddr::from([127, 0, 0, 7]);
        send(
            &any,
            &Transmit {
                source: Some(source),
                ..Transmit::new(peer.local_addr().unwrap(), b"hi")
            },
        )
        .await
        .unwrap();
        assert_eq!(Inbox::new(&peer).recv(&peer).await.unwrap().source.ip(), source);
    }

    #[tokio::test]
    async fn kernel_buffers_are_enlarged() {
        let socket = bind("127.0.0.1:0");
        assert!(socket.recv_buffer_size().unwrap() >= 208 * 1024);
        let small = UdpConfig {
            recv_buffer: 128 * 1024,
            send_buffer: 128 * 1024,
            ..UdpConfig::default()
        };
        let small = UdpSocket::bind_with("127.0.0.1:0".parse().unwrap(), &small).unwrap();
        assert!(socket.recv_buffer_size().unwrap() > small.recv_buffer_size().unwrap());
        assert!(socket.send_buffer_size().unwrap() > small.send_buffer_size().unwrap());
    }

    #[test]
    fn a_refused_buffer_size_is_halved_until_it_fits() {
        let mut tried = Vec::new();
        enlarge(1_000_000, |bytes| {
            tried.push(bytes);
            if bytes > 300_000 {
                Err(io::ErrorKind::InvalidInput.into())
            } else {
                Ok(())
            }
        });
        assert_eq!(tried, [1_000_000, 500_000, 250_000]);
        enlarge(1_000_000, |_| Err(io::ErrorKind::InvalidInput.into()));
    }

    #[tokio::test]
    async fn a_dead_peer_does_not_end_the_socket() {
        let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        let dead = bind("127.0.0.1:0").local_addr().unwrap();
        for _ in 0..3 {
            let _may_be_refused = send(&alice, &Transmit::new(dead, b"anyone?")).await;
        }
        send(&bob, &Transmit::new(alice.local_addr().unwrap(), b"me"))
            .await
            .unwrap();
        assert_eq!(Inbox::new(&alice).recv(&alice).await.unwrap().contents, b"me");
        send(&alice, &Transmit::new(bob.local_addr().unwrap(), b"you"))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_packet_that_is_too_big_is_an_error_of_that_send() {
        let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        let to = bob.local_addr().unwrap();
        assert!(send(&alice, &Transmit::new(to, &[0; 70_000])).await.is_err());
        send(&alice, &Transmit::new(to, b"fits")).await.unwrap();
        assert_eq!(Inbox::new(&bob).recv(&bob).await.unwrap().contents, b"fits");
    }

    #[tokio::test]
    async fn a_segment_size_at_or_over_the_contents_is_one_packet() {
        let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        let to = bob.local_addr().unwrap();
        let mut inbox = Inbox::new(&bob);
        for segment_size in [Some(0), Some(4), Some(5)] {
            send(
                &alice,
                &Transmit {
                    segment_size,
                    ..Transmit::new(to, b"four")
                },
            )
            .await
            .unwrap();
            assert_eq!(inbox.recv(&bob).await.unwrap().contents, b"four");
        }
        send(&alice, &Transmit::new(to, b"")).await.unwrap();
        assert_eq!(inbox.recv(&bob).await.unwrap().contents, b"");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_tasks_send_through_one_socket() {
        let (alice, bob) = (Arc::new(bind("127.0.0.1:0")), bind("127.0.0.1:0"));
        let to = bob.local_addr().unwrap();
        let send_some = move |alice: Arc<UdpSocket>, task: u8| async move {
            for _ in 0..50 {
                send(&alice, &Transmit::new(to, &[task; 1000])).await.unwrap();
            }
        };
        let tasks: Vec<_> = (0..16)
            .map(|task| tokio::spawn(send_some(Arc::clone(&alice), task)))
            .collect();
        let mut seen = [0; 16];
        let mut inbox = Inbox::new(&bob);
        for _ in 0..16 * 50 {
            seen[usize::from(inbox.recv(&bob).await.unwrap().contents[0])] += 1;
        }
        assert_eq!(seen, [50; 16]);
        for task in tasks {
            task.await.unwrap();
        }
    }

    /// What a network card without segmentation does, the kernel does to a burst of more packets than it takes.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn without_offload_packets_are_sent_one_by_one() {
        let (alice, bob) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        assert!(
            alice.max_send_segments() > 1,
            "this test needs a kernel with UDP_SEGMENT"
        );
        let contents: Vec<u8> = (0..200_u8).flat_map(|packet| [packet; 10]).collect();
        let refused = quinn_udp::Transmit {
            destination: bob.local_addr().unwrap(),
            ecn: None,
            contents: &contents,
            segment_size: Some(10),
            src_ip: None,
        };
        alice.send_burst(&refused, 10).unwrap();
        assert_eq!(alice.max_send_segments(), 1);
        let burst = Transmit {
            segment_size: Some(10),
            ..Transmit::new(bob.local_addr().unwrap(), &contents)
        };
        send(&alice, &burst).await.unwrap();
        let mut inbox = Inbox::new(&bob);
        for expected in contents.chunks(10).chain(contents.chunks(10)) {
            assert_eq!(inbox.recv(&bob).await.unwrap().contents, expected);
        }
    }
}
