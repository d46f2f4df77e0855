//! Datagrams on their way from a listener's socket to one of its streams.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Buffers kept for use again.
const MAX_SPARE: usize = 32;
/// A larger buffer is not worth keeping.
const MAX_SPARE_SIZE: usize = 2048;

#[derive(Debug, Default)]
struct Inside {
    datagrams: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    waker: Option<Waker>,
    closed: bool,
    /// Why nothing follows, if that is the transport's doing.
    failure: Option<(io::ErrorKind, String)>,
}

/// A bounded queue with one reader. What does not fit is dropped, as a full socket buffer would.
#[derive(Debug)]
pub(super) struct Queue {
    capacity: usize,
    inside: Mutex<Inside>,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            inside: Mutex::default(),
        }
    }

    fn with<T>(&self, each: impl FnOnce(&mut Inside) -> T) -> T {
        each(&mut self.inside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a copy of a datagram; `false` when the queue is full.
    pub(super) fn push(&self, datagram: &[u8]) -> bool {
        let waker = self.with(|inside| {
            if inside.closed || inside.datagrams.len() >= self.capacity {
                return Err(());
            }
            let mut buffer = inside.spare.pop().unwrap_or_default();
            buffer.extend_from_slice(datagram);
            inside.datagrams.push_back(buffer);
            Ok(inside.waker.take())
        });
        if let Ok(Some(waker)) = &waker {
            waker.wake_by_ref();
        }
        waker.is_ok()
    }

    /// Nothing follows what is queued.
    pub(super) fn close(&self) {
        let waker = self.with(|inside| {
            inside.closed = true;
            inside.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nothing follows what is queued, because the transport has ended.
    pub(super) fn fail(&self, error: &io::Error) {
        self.with(|inside| inside.failure = Some((error.kind(), error.to_string())));
        self.close();
    }

    /// Why nothing follows: another connection has taken the place, or the transport has ended.
    pub(super) fn end(&self) -> io::Error {
        self.with(|inside| match &inside.failure {
            Some((kind, text)) => io::Error::new(*kind, text.clone()),
            None => io::ErrorKind::ConnectionAborted.into(),
        })
    }

    /// The next datagram; `None` when the queue was closed.
    pub(super) fn poll_pop(&self, cx: &Context<'_>) -> Poll<Option<Vec<u8>>> {
        self.with(|inside| match inside.datagrams.pop_front() {
            Some(datagram) => Poll::Ready(Some(datagram)),
            None if inside.closed => Poll::Ready(None),
            None => {
                inside.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        })
    }

    /// Gives a buffer back.
    pub(super) fn recycle(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        if buffer.capacity() <= MAX_SPARE_SIZE {
            self.with(|inside| {
                if inside.spare.len() < MAX_SPARE {
                    inside.spare.push(buffer);
                }
            });
        }
    }
}

/// The tasks that wait for a stream: one may read while another writes, but a socket remembers only one of them.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Vec<Waker>>);

impl Waiting {
    /// Polls so that every task that waits is woken by what happens, this one among them.
    pub(super) fn poll<T>(self: &Arc<Self>, cx: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
        {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !waiting.iter().any(|known| known.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
        }
        let everyone = Waker::from(Arc::clone(self));
        poll(&mut Context::from_waker(&everyone))
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_more_than_its_capacity() {
        let queue = Queue::new(2);
        let cx = Context::from_waker(Waker::noop());
        assert!(queue.poll_pop(&cx).is_pending());
        assert!(queue.push(b"one") && queue.push(b"two") && !queue.push(b"three"));
        assert_eq!(queue.poll_pop(&cx), Poll::Ready(Some(b"one".to_vec())));
        queue.recycle(b"one".to_vec());
        assert!(queue.push(b"four"));
        queue.close();
        assert!(!queue.push(b"five"));
        assert_eq!(queue.poll_pop(&cx), Poll::Ready(Some(b"two".to_vec())));
        assert_eq!(queue.poll_pop(&cx), Poll::Ready(Some(b"four".to_vec())));
        assert_eq!(queue.poll_pop(&cx), Poll::Ready(None));
    }

    #[test]
    fn says_why_nothing_follows() {
        let kind_after = |close: fn(&Queue)| {
            let queue = Queue::new(1);
            close(&queue);
            queue.end().kind()
        };
        assert_eq!(kind_after(Queue::close), io::ErrorKind::ConnectionAborted);
        let failed = |queue: &Queue| queue.fail(&io::ErrorKind::NotConnected.into());
        assert_eq!(kind_after(failed), io::ErrorKind::NotConnected);
    }
}
