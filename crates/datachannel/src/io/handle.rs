//! What the handles and the driver share: the core under one lock that is never held while waiting.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::sync::Notify;

use crate::core::{ChannelId, Channels};
use crate::event::Event;

/// The side of the application. Dropping the last one ends the association in good order.
#[derive(Debug)]
pub(super) struct Handle(Arc<Shared>);

impl Handle {
    pub(super) fn new(channels: Channels) -> Self {
        let state = State {
            channels,
            waiting: BTreeMap::new(),
            tasks: Vec::new(),
            incoming: VecDeque::new(),
            connected: false,
            ended: None,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            work: Notify::new(),
        }))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Calls the core, and has the driver carry out what follows.
    pub(super) fn with<R>(&self, call: impl FnOnce(&mut Channels, Instant) -> R) -> R {
        let mut state = self.0.lock();
        let result = call(&mut state.channels, now());
        state.digest();
        drop(state);
        self.0.work.notify_one();
        result
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.with(Channels::shutdown);
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the driver.
    pub(super) work: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) channels: Channels,
    /// Tasks that wait for something about one channel.
    waiting: BTreeMap<ChannelId, Vec<Waker>>,
    /// Tasks that wait for something about the association.
    tasks: Vec<Waker>,
    incoming: VecDeque<ChannelId>,
    connected: bool,
    ended: Option<Ended>,
}

#[derive(Debug)]
enum Ended {
    Association(sctp::CloseReason),
    Transport(io::ErrorKind),
}

/// The façade's clock, which tokio's tests can turn; cores have none.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries something that concerns one channel, and again whenever there is news of it.
    pub(super) fn poll<R>(
        &self,
        cx: &Context<'_>,
        id: ChannelId,
        attempt: impl FnOnce(&mut Channels, Instant) -> Poll<R>,
    ) -> Poll<R> {
        let mut state = self.lock();
        let result = attempt(&mut state.channels, now());
        state.digest();
        if result.is_pending() {
            remember(state.waiting.entry(id).or_default(), cx);
        }
        drop(state);
        self.work.notify_one();
        result
    }

    pub(super) fn poll_established(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        match &state.ended {
            Some(Ended::Association(reason)) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                reason.clone(),
            ))),
            Some(Ended::Transport(kind)) => Poll::Ready(Err((*kind).into())),
            None if state.connected => Poll::Ready(Ok(())),
            None => {
                remember(&mut state.tasks, cx);
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_incoming(&self, cx: &Context<'_>) -> Poll<Option<ChannelId>> {
        let mut state = self.lock();
        match state.incoming.pop_front() {
            Some(id) => Poll::Ready(Some(id)),
            None if state.ended.is_some() => Poll::Ready(None),
            None => {
                remember(&mut state.tasks, cx);
                Poll::Pending
            }
        }
    }

    pub(super) fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.ended.is_some() {
            return Poll::Ready(());
        }
        remember(&mut state.tasks, cx);
        Poll::Pending
    }

    pub(super) fn close_reason(&self) -> Option<sctp::CloseReason> {
        match self.lock().ended.as_ref()? {
            Ended::Association(reason) => Some(reason.clone()),
            Ended::Transport(_) => None,
        }
    }
}

impl State {
    /// Turns the core's news into wake-ups.
    pub(super) fn digest(&mut self) {
        while let Some(event) = self.channels.poll_event() {
            match event {
                Event::Connected => {
                    self.connected = true;
                    self.wake_all();
                }
                Event::Incoming(id) => {
                    self.incoming.push_back(id);
                    wake(&mut self.tasks);
                }
                Event::Disconnected(reason) => {
                    self.ended.get_or_insert(Ended::Association(reason));
                    self.wake_all();
                }
                Event::Open(id)
                | Event::Readable(id)
                | Event::Writable(id)
                | Event::BufferedAmountLow(id)
                | Event::Closing(id)
                | Event::Closed(id, _) => {
                    self.waiting
                        .remove(&id)
                        .into_iter()
                        .for_each(|mut tasks| wake(&mut tasks));
                }
            }
        }
    }

    /// The transport is gone: nothing more will happen.
    pub(super) fn transport_failed(&mut self, error: &io::Error) {
        self.ended = Some(Ended::Transport(error.kind()));
        self.channels.abort(now(), "the transport has failed");
        self.digest();
        self.wake_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    fn wake_all(&mut self) {
        wake(&mut self.tasks);
        std::mem::take(&mut self.waiting)
            .into_values()
            .for_each(|mut tasks| wake(&mut tasks));
    }
}

fn remember(tasks: &mut Vec<Waker>, cx: &Context<'_>) {
    if !tasks.iter().any(|task| task.will_wake(cx.waker())) {
        tasks.push(cx.waker().clone());
    }
}

fn wake(tasks: &mut Vec<Waker>) {
    tasks.drain(..).for_each(Waker::wake);
}
