//! How long a driver receives from one socket before other sockets, and other tasks of the runtime, get their turn.

use std::io;
use std::task::Poll;

/// Receive calls in one turn.
const RECEIVES: usize = 16;

/// Receives until the socket is empty, which has the task woken for what comes next, or the turn is over. Returns whether
/// the turn was cut short.
///
/// An error is not taken for the end: nobody would wake the task, and what lies behind it in the socket would wait for
/// another reason to look. Such errors are of one datagram that was sent before, or of a moment without memory. Only a socket
/// that the system took away has nothing else; it is left alone, and ICE finds out by consent.
pub(super) fn receive(mut once: impl FnMut() -> Poll<io::Result<()>>) -> bool {
    let mut has_more = false;
    for _ in 0..RECEIVES {
        match once() {
            Poll::Ready(result) => has_more |= result.is_ok(),
            Poll::Pending => return false,
        }
    }
    has_more
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the turn was cut short, and how many calls it took.
    fn turn(script: impl IntoIterator<Item = Poll<io::Result<()>>>) -> (bool, usize) {
        let (mut script, mut calls) = (script.into_iter(), 0);
        let more = receive(|| {
            calls += 1;
            script.next().unwrap()
        });
        (more, calls)
    }

    fn error() -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::Other.into()))
    }

    #[test]
    fn a_socket_is_asked_again_after_an_error() {
        let got = Poll::Ready(Ok(()));
        let until_empty = [error(), error(), got, error(), Poll::Pending];
        assert_eq!(turn(until_empty), (false, 5));
    }

    #[test]
    fn a_turn_ends() {
        let busy = std::iter::repeat_with(|| Poll::Ready(Ok(())));
        assert_eq!(turn(busy), (true, RECEIVES));
        let dead = std::iter::repeat_with(error);
        assert_eq!(turn(dead), (false, RECEIVES), "a dead socket keeps nobody busy");
    }
}
