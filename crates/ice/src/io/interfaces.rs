//! The addresses of this host (RFC 8445 §5.1.1.1).
//!
//! Asking the system for them takes longer than opening the sockets, so the list is kept for as long as the system
//! reports no change of it. Where changes cannot be watched, it is read each time.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod changes;
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

/// The addresses of this host, in the system's order. Cheap to repeat on Linux: there the list of the last call is
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
    let found = if_addrs::get_if_addrs()?.into_iter();
    let addresses = found.map(|found| InterfaceAddress {
        address: found.ip(),
        interface: found.name,
    });
    Ok(addresses.collect())
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
}
