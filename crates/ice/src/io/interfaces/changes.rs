//! News of links and addresses from the kernel (rtnetlink), which is only counted, not read.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc::{RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR, RTMGRP_LINK};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// Notifications that one look takes at most. A flood of them is a change all the same.
const MAX_READ: usize = 256;

/// A socket that the kernel reports changes to.
#[derive(Debug)]
pub(super) struct Changes(OwnedFd);

impl Changes {
    /// `None` where the process may not listen.
    pub(super) fn watch() -> Option<Self> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkRoute,
        )
        .ok()?;
        let groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
        let address = NetlinkAddr::new(0, groups.cast_unsigned());
        bind(socket.as_raw_fd(), &address).ok()?;
        Some(Self(socket))
    }

    /// True when something changed since the last call, or may have.
    pub(super) fn happened(&self) -> bool {
        let mut buffer = [0; 64];
        let mut reads = (0..MAX_READ).map(|_| recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()));
        // ENOBUFS means that the kernel had more to say than it could keep.
        let first = reads.next();
        if matches!(first, Some(Err(Errno::EAGAIN))) {
            return false;
        }
        let _last = reads.find(|read| matches!(read, Err(Errno::EAGAIN)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{MsgFlags, sendto};

    #[test]
    fn silence_is_no_change_and_a_message_is_one() {
        let changes = Changes::watch().unwrap();
        // The machine's interfaces may change while the test runs, but not for a thousand looks in a row.
        assert!((0..1000).any(|_| !changes.happened()));
        let own: NetlinkAddr = nix::sys::socket::getsockname(changes.0.as_raw_fd()).unwrap();
        // An empty message to the kernel with a request to acknowledge it comes back.
        let mut request = [0; 16];
        request[0] = 16;
        request[4] = 1; // NLMSG_NOOP
        request[6] = 5; // NLM_F_REQUEST | NLM_F_ACK
        let kernel = NetlinkAddr::new(0, 0);
        sendto(changes.0.as_raw_fd(), &request, &kernel, MsgFlags::empty()).unwrap();
        assert!(changes.happened(), "{own:?}");
        assert!((0..1000).any(|_| !changes.happened()));
    }
}
