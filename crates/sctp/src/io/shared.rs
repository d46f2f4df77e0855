//! What handles and the driver share: the core and who waits for what.

use crate::config::Config;
use crate::core::Association as Core;
use crate::error::{CloseReason, SendError};
use crate::message::{Direction, Event};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use tokio::sync::Notify;

/// The runtime's clock, which tests can pause.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Kept by associations and streams; its drop is the end.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new(config: Config) -> Self {
        let seed = rand::random();
        let state = Shared {
            state: Mutex::new(Inner {
                core: Core::new(config, seed),
                streams: BTreeMap::new(),
                incoming: VecDeque::new(),
                waiting: Waiting::default(),
                connected: false,
                closed: None,
            }),
            work: Notify::new(),
        };
        Self {
            shared: Arc::new(state),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.command(|core| core.shutdown(now()));
    }
}

/// The core behind its lock, and the driver's bell.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<Inner>,
    work: Notify,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The core may have something to send.
    pub(super) fn wake_driver(&self) {
        self.work.notify_one();
    }

    /// Waits for [`wake_driver`](Self::wake_driver).
    pub(super) async fn work(&self) {
        self.work.notified().await;
    }

    /// Does something with the core, delivers the news and wakes the driver.
    pub(super) fn command<R>(&self, command: impl FnOnce(&mut Core) -> R) -> R {
        let mut inner = self.lock();
        let result = command(&mut inner.core);
        inner.deliver();
        drop(inner);
        self.wake_driver();
        result
    }
}

/// Everything under the lock.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) core: Core,
    streams: BTreeMap<u16, Opened>,
    /// Streams that the peer began and nobody has accepted. Each number at most once.
    incoming: VecDeque<u16>,
    waiting: Waiting,
    connected: bool,
    closed: Option<CloseReason>,
}

/// Tasks that wait for the association.
#[derive(Debug, Default)]
struct Waiting {
    connected: Vec<Waker>,
    accept: Vec<Waker>,
    closed: Vec<Waker>,
}

/// A stream that this end has.
#[derive(Debug, Default)]
pub(super) struct Opened {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// The peer reset it: after what is readable comes the end.
    pub(super) ended: bool,
    /// Our reset is confirmed, or refused.
    pub(super) finished: bool,
}

impl Opened {
    fn wake(&mut self) {
        wake(self.reader.take());
        wake(self.writer.take());
    }
}

fn wake(waker: impl IntoIterator<Item = Waker>) {
    waker.into_iter().for_each(Waker::wake);
}

/// Remembers the task once.
fn remember(list: &mut Vec<Waker>, cx: &Context<'_>) {
    if !list.iter().any(|waker| waker.will_wake(cx.waker())) {
        list.push(cx.waker().clone());
    }
}

impl Inner {
    /// Hands the core's news to those who wait.
    pub(super) fn deliver(&mut self) {
        while let Some(event) = self.core.poll_event() {
            match event {
                Event::Connected => {
                    self.connected = true;
                    wake(self.waiting.connected.drain(..));
                }
                Event::Readable(id) => self.readable(id),
                Event::BufferedAmountLow(id) => wake(self.stream(id).and_then(|stream| stream.writer.take())),
                Event::Writable | Event::Restarted => self.streams.values_mut().for_each(Opened::wake),
                Event::StreamReset { stream_id, direction } => self.reset(stream_id, direction),
                Event::StreamResetFailed(id) => self.reset(id, Direction::Outgoing),
                Event::Closed(reason) => self.close(reason),
            }
        }
    }

    pub(super) fn stream(&mut self, id: u16) -> Option<&mut Opened> {
        self.streams.get_mut(&id)
    }

    fn readable(&mut self, id: u16) {
        if let Some(stream) = self.streams.get_mut(&id) {
            wake(stream.reader.take());
        } else if !self.incoming.contains(&id) {
            self.incoming.push_back(id);
            wake(self.waiting.accept.drain(..));
        }
    }

    fn reset(&mut self, id: u16, direction: Direction) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        match direction {
            Direction::Incoming => stream.ended = true,
            Direction::Outgoing => stream.finished = true,
        }
        stream.wake();
    }

    /// The end, also when the transport fails.
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.closed.get_or_insert(reason);
        wake(self.waiting.connected.drain(..));
        wake(self.waiting.accept.drain(..));
        wake(self.waiting.closed.drain(..));
        self.streams.values_mut().for_each(Opened::wake);
    }

    pub(super) const fn close_reason(&self) -> Option<&CloseReason> {
        self.closed.as_ref()
    }

    pub(super) fn poll_connected(&mut self, cx: &Context<'_>) -> Poll<Result<(), CloseReason>> {
        if let Some(reason) = &self.closed {
            return Poll::Ready(Err(reason.clone()));
        }
        if self.connected {
            return Poll::Ready(Ok(()));
        }
        remember(&mut self.waiting.connected, cx);
        Poll::Pending
    }

    pub(super) fn poll_closed(&mut self, cx: &Context<'_>) -> Poll<CloseReason> {
        if let Some(reason) = &self.closed {
            return Poll::Ready(reason.clone());
        }
        remember(&mut self.waiting.closed, cx);
        Poll::Pending
    }

    pub(super) fn poll_accept(&mut self, cx: &Context<'_>) -> Poll<Result<u16, CloseReason>> {
        if let Some(id) = self.incoming.pop_front() {
            self.streams.insert(id, Opened::default());
            return Poll::Ready(Ok(id));
        }
        if let Some(reason) = &self.closed {
            return Poll::Ready(Err(reason.clone()));
        }
        remember(&mut self.waiting.accept, cx);
        Poll::Pending
    }

    pub(super) fn open(&mut self, id: u16) -> Result<(), SendError> {
        if self.closed.is_some() {
            return Err(SendError::Closed);
        }
        if id >= self.core.outbound_streams() {
            return Err(SendError::InvalidStream);
        }
        if self.streams.contains_key(&id) {
            return Err(SendError::InUse);
        }
        self.incoming.retain(|incoming| *incoming != id);
        self.streams.insert(id, Opened::default());
        Ok(())
    }

    /// The stream's handle is gone. What the peer still sends on it makes it an incoming stream again.
    pub(super) fn forget(&mut self, id: u16) {
        self.streams.remove(&id);
    }

    pub(super) fn wait_readable(&mut self, id: u16, cx: &Context<'_>) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.reader = Some(cx.waker().clone());
        }
    }

    pub(super) fn wait_writable(&mut self, id: u16, cx: &Context<'_>) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.writer = Some(cx.waker().clone());
        }
    }
}
