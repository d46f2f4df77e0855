//! Errors of receiving over UDP. Nearly all are news of a packet that was sent before (RFC 1122 §4.1.3.3: ICMP), or of a
//! moment without memory, and the socket is as good as it was; few say that there is no socket any more.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// Errors that are passed over before other tasks get their turn.
const TURN: usize = 16;
/// Errors with neither a packet nor an empty socket between them, after which the socket has nothing else: an answer of ICMP
/// is told once, and takes room in the receive buffer until then.
const FINISHED: u32 = 65_536;

/// `EBADF`; Windows has its own.
const BAD_DESCRIPTOR: [i32; 2] = [9, 10_009];
/// `ENOTSOCK` of Linux, of BSD and Apple, of Windows.
const NOT_A_SOCKET: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
    88
} else if cfg!(windows) {
    10_038
} else {
    38
};

/// What a socket has passed over.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    total: AtomicU64,
    in_a_row: AtomicU32,
}

impl Passing {
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Receives, asking again after errors that end nothing.
    pub(crate) fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        mut receive: impl FnMut(&mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        for _ in 0..TURN {
            match receive(cx) {
                Poll::Ready(Err(error)) if ends_socket(&error) => return Poll::Ready(Err(error)),
                Poll::Ready(Err(error)) => {
                    self.total.fetch_add(1, Ordering::Relaxed);
                    if self.in_a_row.fetch_add(1, Ordering::Relaxed) >= FINISHED {
                        return Poll::Ready(Err(error));
                    }
                }
                result @ (Poll::Ready(Ok(_)) | Poll::Pending) => {
                    if self.in_a_row.load(Ordering::Relaxed) > 0 {
                        self.in_a_row.store(0, Ordering::Relaxed);
                    }
                    return result;
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The descriptor is none, the system took the socket away, or the runtime that watched it is gone.
fn ends_socket(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    let gone = matches!(
        error.kind(),
        Kind::NotConnected
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::InvalidInput
            | Kind::Unsupported
            | Kind::Other
    );
    let code = error.raw_os_error();
    gone || code.is_some_and(|code| code == NOT_A_SOCKET || BAD_DESCRIPTOR.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn refused() -> Poll<io::Result<u32>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()))
    }

    #[test]
    fn what_ends_a_socket() {
        use io::ErrorKind as Kind;
        let passing = [
            Kind::ConnectionRefused,
            Kind::ConnectionReset,
            Kind::HostUnreachable,
            Kind::NetworkUnreachable,
            Kind::NetworkDown,
            Kind::PermissionDenied,
            Kind::OutOfMemory,
            Kind::Interrupted,
        ];
        for kind in passing {
            assert!(!ends_socket(&kind.into()), "{kind}");
        }
        for kind in [Kind::NotConnected, Kind::ConnectionAborted, Kind::InvalidInput] {
            assert!(ends_socket(&kind.into()), "{kind}");
        }
        assert!(ends_socket(&io::Error::from_raw_os_error(BAD_DESCRIPTOR[0])));
        assert!(ends_socket(&io::Error::from_raw_os_error(NOT_A_SOCKET)));
        assert!(ends_socket(&io::Error::other("the runtime is gone")));
    }

    /// What ICMP's "parameter problem" and a moment without buffers are on Linux: the standard library has no kinds for them.
    #[cfg(target_os = "linux")]
    #[test]
    fn errors_without_a_name_end_nothing() {
        let (protocol, no_buffers) = (71, 105);
        for code in [protocol, no_buffers] {
            assert!(!ends_socket(&io::Error::from_raw_os_error(code)));
        }
    }

    #[test]
    fn a_packet_behind_errors_is_received_and_they_are_counted() {
        let passing = Passing::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut script = [refused(), refused(), Poll::Ready(Ok(7))].into_iter();
        let received = passing.poll(&mut cx, |_| script.next().unwrap());
        assert!(matches!(received, Poll::Ready(Ok(7))));
        assert_eq!(passing.total(), 2);
        let fatal = |_: &mut Context<'_>| Poll::Ready(Err::<u32, _>(io::ErrorKind::NotConnected.into()));
        assert!(matches!(passing.poll(&mut cx, fatal), Poll::Ready(Err(_))));
        assert_eq!(passing.total(), 2, "the end is no passing error");
    }

    #[test]
    fn many_errors_give_other_tasks_their_turn() {
        let (passing, woken) = (Passing::default(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let mut calls = 0;
        let received = passing.poll(&mut Context::from_waker(&waker), |_| {
            calls += 1;
            refused()
        });
        assert!(received.is_pending());
        assert_eq!((calls, woken.0.load(Ordering::Relaxed)), (TURN, 1));
    }

    #[test]
    fn a_socket_that_has_nothing_but_errors_is_finished() {
        let passing = Passing::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut polls = 0_u32;
        while passing.poll(&mut cx, |_| refused()).is_pending() {
            polls += 1;
        }
        assert_eq!(polls, FINISHED / 16);
        assert!(
            passing
                .poll(&mut cx, |_| Poll::<io::Result<u32>>::Pending)
                .is_pending()
        );
        assert!(
            passing.poll(&mut cx, |_| refused()).is_pending(),
            "an empty socket is no dead one"
        );
    }
}
