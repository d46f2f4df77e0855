//! UDP (RFC 768) under tokio through `quinn-udp`: segmentation offload both ways, ECN (RFC 3168), local addresses, and
//! kernel buffers large enough for bursts.

#[cfg(target_os = "linux")]
mod linux;
mod offload;
mod passing;
mod registration;

use self::offload::Offload;
pub(crate) use self::passing::Passing;
use self::registration::Registration;
use crate::{Datagram, Ecn, RecvMeta, Transmit};
use quinn_udp::{BATCH_SIZE, EcnCodepoint, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::task::{Context, Poll, ready};

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
    io: Registration,
    state: UdpSocketState,
    local: SocketAddr,
    dual_stack: bool,
    passing: Passing,
    offload: Offload,
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
        Ok(Self {
            dual_stack: local.is_ipv6() && local.ip().is_unspecified() && !sock.only_v6()?,
            io: Registration::new(socket)?,
            offload: Offload::new(state.max_gso_segments()),
            state,
            local,
            passing: Passing::default(),
        })
    }

    /// Whether it is bound to `[::]` and takes IPv4 as well.
    #[must_use]
    pub const fn is_dual_stack(&self) -> bool {
        self.dual_stack
    }

    /// The kernel's receive buffer in bytes (Linux counts its own overhead in).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(self.io.socket()).recv_buffer_size()
    }

    /// The kernel's send buffer in bytes (Linux counts its own overhead in).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        SockRef::from(self.io.socket()).send_buffer_size()
    }

    /// How often a burst had to be sent packet by packet, because the system does not segment for where it goes. From the
    /// first time on none is tried any more ([`max_send_segments`](Datagram::max_send_segments) is 1).
    #[must_use]
    pub fn offload_fallbacks(&self) -> u64 {
        self.offload.fallbacks()
    }

    fn sys_send(&self, transmit: &quinn_udp::Transmit<'_>) -> io::Result<()> {
        self.io
            .try_send(|| self.state.try_send(self.io.socket().into(), transmit))
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
        let packets = self.max_send_segments().min(MAX_BURST / segment).max(1);
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
        let Err(error) = self.sys_send(wire) else {
            return Ok(());
        };
        if !self
            .offload
            .may_be_to_blame(&error, self.state.max_gso_segments())
        {
            return Err(error);
        }
        let mut single = wire.clone();
        single.segment_size = None;
        for (index, packet) in wire.contents.chunks(segment).enumerate() {
            single.contents = packet;
            match self.sys_send(&single) {
                // It is not that they were several.
                Err(error) if index == 0 => return Err(error),
                Err(_) => break,
                Ok(()) if index == 0 => self.offload.give_up(),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn poll_batch(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let limit = buffers.len().min(meta.len()).min(BATCH_SIZE);
        let buffers = buffers.get_mut(..limit).unwrap_or_default();
        let mut wire = [quinn_udp::RecvMeta::default(); BATCH_SIZE];
        let recv = || self.state.recv(self.io.socket().into(), buffers, &mut wire);
        let filled = ready!(self.io.poll_recv(cx, recv, |filled| *filled < limit))?;
        for (meta, wire) in meta.iter_mut().zip(wire.iter()).take(filled) {
            *meta = RecvMeta {
                source: canonical(wire.addr),
                destination: wire.dst_ip.map(|ip| ip.to_canonical()),
                len: wire.len,
                stride: wire.stride,
                ecn: wire.ecn.map(ecn_from_wire),
            };
        }
        Poll::Ready(Ok(filled))
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
        self.passing.poll(cx, |cx| self.poll_batch(cx, buffers, meta))
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.send_bursts(transmit) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.io.poll_writable(cx))?;
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
        self.offload.segments(self.state.max_gso_segments())
    }

    fn max_recv_segments(&self) -> usize {
        self.state.gro_segments()
    }

    fn recv_errors(&self) -> u64 {
        self.passing.total()
    }
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
mod tests;
