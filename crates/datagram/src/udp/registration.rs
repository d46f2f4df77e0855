//! A socket's place in tokio's event loop.
//!
//! On Unix only readability is watched. A socket watched for both wakes the event loop for each packet that has left
//! it, which nobody waits for unless the socket is full; then a second registration lives until there is room.

#[cfg(not(unix))]
pub(super) use other::Registration;
#[cfg(unix)]
pub(super) use unix::Registration;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::net::UdpSocket;
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::task::{Context, Poll, ready};

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use tokio::runtime::Handle;

    use crate::wakers::Wakers;

    #[derive(Debug)]
    pub(in super::super) struct Registration {
        readable: AsyncFd<UdpSocket>,
        /// The same socket under another descriptor, while somebody waits for room.
        writable: Mutex<Option<AsyncFd<OwnedFd>>>,
        senders: Arc<Wakers>,
        runtime: Handle,
    }

    impl Registration {
        /// `socket` must not block.
        pub(in super::super) fn new(socket: UdpSocket) -> io::Result<Self> {
            Ok(Self {
                readable: watch(socket, Interest::READABLE)?,
                writable: Mutex::new(None),
                senders: Arc::default(),
                runtime: Handle::current(),
            })
        }

        pub(in super::super) fn socket(&self) -> &UdpSocket {
            self.readable.get_ref()
        }

        /// Calls `recv` until it does not ask to wait. `is_last` says whether a result has left the socket empty, which
        /// spares the call that would only find that out.
        pub(in super::super) fn poll_recv<R>(
            &self,
            cx: &mut Context<'_>,
            mut recv: impl FnMut() -> io::Result<R>,
            is_last: impl Fn(&R) -> bool,
        ) -> Poll<io::Result<R>> {
            loop {
                let mut ready = ready!(self.readable.poll_read_ready(cx))?;
                let Ok(result) = ready.try_io(|_| recv()) else {
                    continue;
                };
                // What arrives after `recv` is a new event, which this does not clear.
                if result.as_ref().is_ok_and(&is_last) {
                    ready.clear_ready();
                }
                return Poll::Ready(result);
            }
        }

        pub(in super::super) fn try_send(&self, send: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
            send()
        }

        pub(in super::super) fn poll_writable(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
            let mut writable = self.writable.lock().unwrap_or_else(PoisonError::into_inner);
            let watched = match &mut *writable {
                Some(watched) => watched,
                none => none.insert(self.watch()?),
            };
            let ready = self
                .senders
                .poll(cx, |cx| watched.poll_write_ready(cx).map_ok(|_| ()));
            if ready.is_ready() {
                *writable = None;
                self.senders.wake_all();
            }
            ready
        }

        fn watch(&self) -> io::Result<AsyncFd<OwnedFd>> {
            let _entered = self.runtime.enter();
            let same = self.readable.get_ref().as_fd().try_clone_to_owned()?;
            watch(same, Interest::WRITABLE)
        }
    }

    #[expect(unsafe_code, reason = "tokio cannot see that a socket keeps its descriptor")]
    fn watch<T: AsRawFd + Into<OwnedFd>>(owned: T, interest: Interest) -> io::Result<AsyncFd<T>> {
        // SAFETY: both types that this is called with, `UdpSocket` and `OwnedFd`, own one descriptor, give out the same
        // each time and close it when they are dropped, which the `AsyncFd` that takes them does last.
        unsafe { Ok(AsyncFd::register_with_interest(owned, interest)?) }
    }
}

#[cfg(not(unix))]
mod other {
    use std::io;
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};

    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use crate::wakers::Wakers;

    #[derive(Debug)]
    pub(in super::super) struct Registration {
        socket: UdpSocket,
        senders: Arc<Wakers>,
    }

    impl Registration {
        pub(in super::super) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
            Ok(Self {
                socket: UdpSocket::from_std(socket)?,
                senders: Arc::default(),
            })
        }

        pub(in super::super) const fn socket(&self) -> &UdpSocket {
            &self.socket
        }

        pub(in super::super) fn poll_recv<R>(
            &self,
            cx: &mut Context<'_>,
            mut recv: impl FnMut() -> io::Result<R>,
            _is_last: impl Fn(&R) -> bool,
        ) -> Poll<io::Result<R>> {
            loop {
                match self.socket.try_io(Interest::READABLE, &mut recv) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        ready!(self.socket.poll_recv_ready(cx))?;
                    }
                    result => return Poll::Ready(result),
                }
            }
        }

        /// tokio has to see the refusal to know that it must wait. It is not asked first, because it takes a new socket
        /// for full until its first turn of the event loop.
        pub(in super::super) fn try_send(&self, send: impl Fn() -> io::Result<()>) -> io::Result<()> {
            match send() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.try_io(Interest::WRITABLE, send)
                }
                result => result,
            }
        }

        pub(in super::super) fn poll_writable(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
            self.senders.poll(cx, |cx| self.socket.poll_send_ready(cx))
        }
    }
}
