//! The addresses of this host that may be gathered from (RFC 8445 §5.1.1.1).
//!
//! Asking the system for them takes longer than opening the sockets, so the list is kept for as long as the system
//! reports no change of it. Where changes cannot be watched, it is read each time.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod changes;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod netlink;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod privacy;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod changes {
    //! Systems whose changes nobody watches here.

    /// Never there.
    #[derive(Debug)]
    pub(super) enum Changes {}

    impl Changes {
        pub(super) fn watch() -> Option<Self> {
            None
        }

        pub(super) fn happened(&self) -> bool {
            match *self {}
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod privacy {
    //! Systems that are not asked which addresses are temporary.

    /// None.
    pub(super) const fn withheld() -> Vec<(u32, std::net::Ipv6Addr)> {
        Vec::new()
    }
}

use changes::Changes;

/// One address of an interface of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterfaceAddress {
    /// What the system calls the interface.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
}

#[derive(Debug)]
struct Known {
    changes: Changes,
    addresses: Arc<[InterfaceAddress]>,
}

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// The addresses of this host from which candidates may be gathered, in the system's order. Where an interface has a
/// temporary IPv6 address (RFC 8981), the permanent ones of its prefix, the link-local ones and deprecated temporary
/// ones are left out, since they would let the host be followed (RFC 8445 §5.1.1.1, RFC 8835 §3.3); a host that wants
/// to be found by its permanent address has none. That is known on Linux and Android; elsewhere all are listed. Cheap to repeat on Linux: there the list of the last call is
/// valid until the kernel says that a link or an address changed.
///
/// A process that moves threads between network namespaces sees those of the thread that called first.
///
/// # Errors
///
/// The system's, when it cannot list them.
///
/// ```
/// let addresses = ice::interface_addresses()?;
/// assert!(addresses.iter().any(|it| it.address.is_loopback()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn interface_addresses() -> io::Result<Arc<[InterfaceAddress]>> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.as_ref()
        && !known.changes.happened()
    {
        return Ok(Arc::clone(&known.addresses));
    }
    // What changes while the list is read is seen at the next call.
    let changes = known.take().map(|known| known.changes).or_else(Changes::watch);
    let addresses = read()?;
    *known = changes.map(|changes| Known {
        changes,
        addresses: Arc::clone(&addresses),
    });
    Ok(addresses)
}

fn read() -> io::Result<Arc<[InterfaceAddress]>> {
    let withheld = privacy::withheld();
    let found = if_addrs::get_if_addrs()?.into_iter();
    let shown = found.filter(|found| !is_withheld(&withheld, found.index, found.ip()));
    let addresses = shown.map(|found| InterfaceAddress {
        address: found.ip(),
        interface: found.name,
    });
    Ok(addresses.collect())
}

fn is_withheld(withheld: &[(u32, Ipv6Addr)], interface: Option<u32>, address: IpAddr) -> bool {
    withheld.iter().any(|(index, one)| {
        address == IpAddr::V6(*one) && interface.is_none_or(|interface| interface == *index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_list_is_what_the_system_says() {
        let first = interface_addresses().unwrap();
        let again = interface_addresses().unwrap();
        assert_eq!(first, again);
        assert_eq!(first, read().unwrap());
    }

    #[test]
    fn a_link_local_address_is_withheld_at_its_interface_only() {
        let link_local: Ipv6Addr = "fe80::1".parse().unwrap();
        let withheld = [(2, link_local)];
        assert!(is_withheld(&withheld, Some(2), link_local.into()));
        assert!(is_withheld(&withheld, None, link_local.into()));
        assert!(!is_withheld(&withheld, Some(3), link_local.into()));
        assert!(!is_withheld(&withheld, Some(2), IpAddr::from([10, 0, 0, 1])));
    }
}
