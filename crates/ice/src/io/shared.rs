//! What the handles of one agent and its driver share.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;

use super::hub::{AgentId, Hub, Socket};
use crate::core;
use crate::event::{ConnectionState, Event, FailReason, Input, Path, SocketLost};

/// How many datagrams may wait for [`Connection::recv`](super::Connection::recv); what comes on top is dropped, as
/// UDP does.
const MAX_RECEIVED: usize = 1024;

/// How many events may wait for [`Events::next`](super::Events::next); the oldest candidate news go first.
const MAX_EVENTS: usize = 1024;

/// One agent, its handles' side.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hub: Arc<Hub>,
    pub(super) id: AgentId,
    state: Mutex<State>,
}

/// What is behind the lock, which is never held across an await.
#[derive(Debug)]
pub(super) struct State {
    pub(super) agent: core::Agent,
    events: VecDeque<Event>,
    received: VecDeque<Bytes>,
    /// Paths that the router has to learn.
    pub(super) validated: Vec<Path>,
    pub(super) failure: Option<FailReason>,
    /// Why there is no socket left.
    pub(super) lost: Option<SocketLost>,
    pub(super) closed: bool,
    /// Datagrams dropped because nobody received them.
    pub(super) dropped: u64,
    out: Vec<u8>,
    event_waker: Option<Waker>,
    receive_waker: Option<Waker>,
    /// Those who wait for the state to change.
    watchers: Vec<Waker>,
}

impl Shared {
    pub(super) fn new(hub: Arc<Hub>, id: AgentId, agent: core::Agent) -> Self {
        let state = State {
            agent,
            events: VecDeque::new(),
            received: VecDeque::new(),
            validated: Vec::new(),
            failure: None,
            lost: None,
            closed: false,
            dropped: 0,
            out: Vec::new(),
            event_waker: None,
            receive_waker: None,
            watchers: Vec::new(),
        };
        Self {
            hub,
            id,
            state: Mutex::new(state),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a command to the agent, and sends what comes of it.
    pub(super) fn with<R>(&self, command: impl FnOnce(&mut core::Agent, Instant) -> R) -> R {
        let now = now();
        let mut state = self.lock();
        let before = state.agent.poll_timeout();
        let result = command(&mut state.agent, now);
        state.flush(&self.hub, now);
        let changed = state.agent.poll_timeout() != before || !state.validated.is_empty();
        drop(state);
        if changed {
            self.hub.touch(self.id);
        }
        result
    }

    /// A datagram arrived.
    pub(super) fn handle_input(&self, now: Instant, path: Path, datagram: &[u8]) {
        let mut state = self.lock();
        if state.agent.handle_input(now, path, datagram) == Input::Data {
            state.deliver(datagram);
        }
    }

    /// A socket is finished, and perhaps it was the last one.
    pub(super) fn lose_socket(&self, socket: &Socket, lost: &SocketLost, is_last: bool) {
        let mut state = self.lock();
        let gone: Vec<_> = state
            .agent
            .local_addresses()
            .filter(|local| socket.carries(*local))
            .collect();
        if gone.is_empty() {
            return;
        }
        state.report(Event::SocketLost(lost.clone()));
        state.lost = is_last.then(|| lost.clone());
        let now = now();
        for base in gone {
            state.agent.remove_local_address(now, base);
        }
        state.flush(&self.hub, now);
        state.wake_all();
        drop(state);
        self.hub.touch(self.id);
    }

    /// Ends the agent; the driver forgets it.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.agent.close();
        state.flush(&self.hub, now());
        state.closed = true;
        state.wake_all();
        drop(state);
        self.hub.touch(self.id);
        if self.hub.is_exclusive() {
            self.hub.abandon();
        }
    }
}

impl State {
    fn deliver(&mut self, datagram: &[u8]) {
        if self.received.len() >= MAX_RECEIVED {
            self.dropped += 1;
            return;
        }
        self.received.push_back(Bytes::copy_from_slice(datagram));
        if let Some(waker) = self.receive_waker.take() {
            waker.wake();
        }
    }

    /// Sends and reports what the agent has.
    pub(super) fn flush(&mut self, hub: &Hub, now: Instant) {
        loop {
            self.out.clear();
            let Some(transmit) = self.agent.poll_transmit(now, &mut self.out) else {
                break;
            };
            if !hub.send(transmit.path, &self.out) {
                self.agent.handle_transmit_error(now, transmit.path);
            }
        }
        let mut news = false;
        while let Some(event) = self.agent.poll_event() {
            if let Event::PathValidated(path) = event {
                self.validated.push(path);
                continue;
            }
            if let Event::Failed(reason) = &event {
                self.failure = Some(reason.clone());
            }
            self.report(event);
            news = true;
        }
        if news {
            self.wake_all();
        }
    }

    pub(super) fn report(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
        if let Some(waker) = self.event_waker.take() {
            waker.wake();
        }
    }

    fn wake_all(&mut self) {
        for waker in self
            .event_waker
            .take()
            .into_iter()
            .chain(self.receive_waker.take())
        {
            waker.wake();
        }
        self.watchers.drain(..).for_each(Waker::wake);
    }

    /// Nothing more will be received.
    pub(super) fn is_over(&self) -> bool {
        self.closed || matches!(self.agent.connection_state(), ConnectionState::Closed)
    }

    /// Nothing can be sent or received, unless the agent is restarted or gathers again.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_over() || self.lost.is_some() || self.agent.connection_state() == ConnectionState::Failed
    }

    /// What users of the connection are told where it [`is_cut_off`](Self::is_cut_off).
    pub(super) fn cut_off(&self) -> io::Error {
        match &self.lost {
            Some(lost) if !self.is_over() => io::Error::new(lost.kind, lost.clone()),
            Some(_) | None => io::ErrorKind::NotConnected.into(),
        }
    }

    pub(super) fn poll_event(&mut self, cx: &Context<'_>) -> Poll<Option<Event>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if self.closed {
            return Poll::Ready(None);
        }
        self.event_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The next datagram; `None` when the connection is over.
    pub(super) fn poll_received(&mut self, cx: &Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(datagram) = self.received.pop_front() {
            return Poll::Ready(Some(datagram));
        }
        if self.is_cut_off() {
            return Poll::Ready(None);
        }
        self.receive_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Has a task woken when anything changes.
    pub(super) fn watch(&mut self, cx: &Context<'_>) {
        if !self.watchers.iter().any(|known| known.will_wake(cx.waker())) {
            self.watchers.push(cx.waker().clone());
        }
    }
}

/// The time, for the core. The façade is the place that has a clock.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
