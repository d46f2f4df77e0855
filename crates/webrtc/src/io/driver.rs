//! The one task of an endpoint: it receives in batches, routes, and keeps time. Protocol work runs to completion here.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use datagram::{Inbox, Received};
use tokio::time::Sleep;

use super::endpoint::{Inner, Socket, Sockets};
use super::router::ConnectionId;
use super::turn;

thread_local! {
    /// Receive buffers: a set for each thread, not one for each endpoint.
    static INBOX: RefCell<Option<Inbox>> = const { RefCell::new(None) };
}

#[derive(Debug)]
pub(super) struct Driver {
    inner: Arc<Inner>,
    sockets: Arc<Sockets>,
    sleep: Pin<Box<Sleep>>,
    /// Connections whose socket has no room.
    blocked: Vec<ConnectionId>,
}

impl Driver {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self {
            sockets: inner.sockets(),
            inner,
            sleep: Box::pin(tokio::time::sleep_until(tokio::time::Instant::now())),
            blocked: Vec::new(),
        }
    }

    /// Returns whether a turn was cut short.
    fn receive(&self, cx: &mut Context<'_>) -> bool {
        let mut is_busy = false;
        for socket in &self.sockets.list {
            is_busy |= turn::receive(|| self.receive_once(cx, socket));
        }
        is_busy
    }

    fn receive_once(&self, cx: &mut Context<'_>, socket: &Socket) -> Poll<io::Result<()>> {
        INBOX.with_borrow_mut(|slot| {
            let inbox = slot.get_or_insert_with(|| Inbox::new(&socket.socket));
            ready!(inbox.poll_fill(cx, &socket.socket))?;
            self.deliver(socket, inbox);
            Poll::Ready(Ok(()))
        })
    }

    /// Hands each run of datagrams of one path to its connection, under one lock, then lets it answer once.
    fn deliver(&self, socket: &Socket, inbox: &mut Inbox) {
        let now = Instant::now();
        let mut next = inbox.pop();
        while let Some(first) = next {
            let path = path(socket, &first);
            let Some(shared) = self.inner.route(path, first.contents) else {
                next = inbox.pop();
                continue;
            };
            let mut state = shared.lock();
            let mark = ecn(first.ecn);
            state.core.handle_marked_input(now, path, mark, first.contents);
            next = inbox.pop();
            while let Some(more) = next.take_if(|more| self::path(socket, more) == path) {
                let mark = ecn(more.ecn);
                state.core.handle_marked_input(now, path, mark, more.contents);
                next = inbox.pop();
            }
            shared.settle(state, now);
        }
    }

    fn keep_time(&self) {
        while let Some((id, deadline)) = self.inner.schedule.pop_due(Instant::now()) {
            if let Some(shared) = self.inner.get(id) {
                shared.handle_deadline(Instant::now(), deadline);
            }
        }
    }

    fn send_blocked(&mut self, cx: &mut Context<'_>) {
        self.blocked.append(&mut self.inner.schedule.take_blocked());
        let inner = &self.inner;
        self.blocked.retain(|id| {
            inner
                .get(*id)
                .is_some_and(|shared| shared.poll_unsent(cx, Instant::now()).is_pending())
        });
    }

    /// Sleeps until the next deadline. Ready when there is work already.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Ok(until) = self.inner.schedule.sleep(cx.waker()) else {
            return Poll::Ready(());
        };
        let Some(until) = until else { return Poll::Pending };
        self.sleep.as_mut().reset(until.into());
        self.sleep.as_mut().poll(cx)
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.inner.schedule.begin() {
                self.sockets = self.inner.sockets();
            }
            if self.inner.schedule.is_stopping() {
                self.inner.schedule.stopped();
                return Poll::Ready(());
            }
            let is_busy = self.receive(cx);
            self.keep_time();
            self.send_blocked(cx);
            if is_busy {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(self.poll_sleep(cx));
        }
    }
}

fn path(socket: &Socket, packet: &Received<'_>) -> ice::Path {
    ice::Path {
        local: socket.local(packet.destination),
        remote: packet.source,
    }
}

const fn ecn(mark: Option<datagram::Ecn>) -> interceptor::Ecn {
    match mark {
        None => interceptor::Ecn::NotEct,
        Some(datagram::Ecn::Ect0) => interceptor::Ecn::Ect0,
        Some(datagram::Ecn::Ect1) => interceptor::Ecn::Ect1,
        Some(datagram::Ecn::Ce) => interceptor::Ecn::Ce,
    }
}
