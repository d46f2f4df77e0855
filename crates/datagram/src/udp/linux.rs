//! Socket options of Linux that quinn-udp leaves as they do not suit us.

use std::net::UdpSocket;
use std::sync::OnceLock;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

/// Lets the receive buffer exceed `net.core.rmem_max`, which plain `SO_RCVBUF` is cut at silently. Needs
/// CAP_NET_ADMIN; without it the buffer stays as large as it is.
pub(super) fn force_recv_buffer(socket: &UdpSocket, bytes: usize) {
    let _allowed = setsockopt(socket, sockopt::RcvBufForce, &bytes);
}

/// Stops the kernel from adding a receive time to each packet.
///
/// quinn-udp 0.6.3 switches it on, but its control buffer of 96 bytes has no room for it beside the address, the segment
/// size and the ECN mark of a coalesced packet, so the mark would be cut off; and nobody here reads it.
pub(super) fn disable_timestamps(socket: &UdpSocket) {
    let _done = setsockopt(socket, sockopt::ReceiveTimestampns, &false);
}

/// Keeps receive offload switched on in the kernel for as long as the process lives.
///
/// The kernel patches its own code when the first socket of the machine asks for it, and back when the last is closed:
/// 40 µs for IPv4 and 80 µs for IPv6, each time, which a process that opens sockets for each connection would pay
/// again and again. One socket that is not bound to anything prevents that.
pub(super) fn keep_offload() {
    static KEPT: OnceLock<Option<Socket>> = OnceLock::new();
    KEPT.get_or_init(|| {
        // An IPv6 socket counts for both families.
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))
            .or_else(|_| Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)))
            .ok()?;
        setsockopt(&socket, sockopt::UdpGroSegment, &true).ok()?;
        Some(socket)
    });
}
