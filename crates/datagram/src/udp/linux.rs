//! The two socket options of Linux that no safe wrapper in our dependencies offers.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// Lets the receive buffer exceed `net.core.rmem_max`, which plain `SO_RCVBUF` is cut at silently. Needs
/// CAP_NET_ADMIN; without it the buffer stays as large as it is.
pub(super) fn force_recv_buffer(socket: &UdpSocket, bytes: usize) {
    if let Ok(bytes) = libc::c_int::try_from(bytes) {
        set(socket, libc::SO_RCVBUFFORCE, bytes);
    }
}

/// Stops the kernel from adding a receive time to each packet.
///
/// quinn-udp 0.6.3 switches it on, but its control buffer of 96 bytes has no room for it beside the address, the segment
/// size and the ECN mark of a coalesced packet, so the mark would be cut off; and nobody here reads it.
pub(super) fn disable_timestamps(socket: &UdpSocket) {
    set(socket, libc::SO_TIMESTAMPNS, 0);
}

/// Sets an integer option of the level `SOL_SOCKET`. A refusal leaves the default, which both callers can live with.
#[expect(unsafe_code, reason = "setsockopt for options that socket2 does not know")]
fn set(socket: &UdpSocket, option: libc::c_int, value: libc::c_int) {
    const SIZE: libc::socklen_t = libc::c_int::BITS / 8;
    // SAFETY: the descriptor is open for as long as `socket` is borrowed; the pointer is to a live integer of `SIZE`
    // bytes, which the kernel reads during the call and does not keep.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            SIZE,
        );
    }
}
