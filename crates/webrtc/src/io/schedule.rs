//! When the driver is wanted: deadlines of connections, and connections whose datagrams wait for room in a socket.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use super::router::ConnectionId;

/// What the driver is doing.
#[derive(Debug)]
enum Driver {
    /// Polling, and about to look at this schedule.
    Running,
    /// Asleep until the instant, or until it is woken.
    Asleep(Option<Instant>, Waker),
    /// Gone, or never started.
    Stopped,
}

#[derive(Debug)]
struct State {
    timers: BinaryHeap<Reverse<(Instant, ConnectionId)>>,
    blocked: Vec<ConnectionId>,
    driver: Driver,
    has_other_sockets: bool,
    stopping: bool,
}

/// One deadline at most is kept for each connection: its earliest, checked against the core when it comes.
#[derive(Debug)]
pub(super) struct Schedule(Mutex<State>);

impl Schedule {
    pub(super) fn new() -> Self {
        let state = State {
            timers: BinaryHeap::new(),
            blocked: Vec::new(),
            driver: Driver::Stopped,
            has_other_sockets: false,
            stopping: false,
        };
        Self(Mutex::new(state))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection wants to be asked at `deadline`.
    pub(super) fn arm(&self, id: ConnectionId, deadline: Instant) {
        let mut state = self.lock();
        state.timers.push(Reverse((deadline, id)));
        state.wake_before(deadline);
    }

    /// The connection has a datagram that its socket had no room for.
    pub(super) fn block(&self, id: ConnectionId) {
        let mut state = self.lock();
        state.blocked.push(id);
        state.wake();
    }

    /// The endpoint has other sockets.
    pub(super) fn change_sockets(&self) {
        let mut state = self.lock();
        state.has_other_sockets = true;
        state.wake();
    }

    /// The driver ends once it looks here.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        state.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// The driver is awake: nobody has to wake it. Returns whether the endpoint has other sockets than before.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.lock();
        state.driver = Driver::Running;
        std::mem::take(&mut state.has_other_sockets)
    }

    pub(super) fn stopped(&self) {
        self.lock().driver = Driver::Stopped;
    }

    /// The next connection whose deadline has come.
    pub(super) fn pop_due(&self, now: Instant) -> Option<(ConnectionId, Instant)> {
        let mut state = self.lock();
        let Reverse((deadline, id)) = *state.timers.peek()?;
        if deadline > now {
            return None;
        }
        state.timers.pop();
        Some((id, deadline))
    }

    pub(super) fn take_blocked(&self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.lock().blocked)
    }

    /// The driver falls asleep, unless there is work. Returns until when.
    pub(super) fn sleep(&self, waker: &Waker) -> Result<Option<Instant>, HasWork> {
        let mut state = self.lock();
        if state.stopping || state.has_other_sockets || !state.blocked.is_empty() {
            return Err(HasWork);
        }
        let until = state.timers.peek().map(|Reverse((deadline, _))| *deadline);
        state.driver = Driver::Asleep(until, waker.clone());
        Ok(until)
    }
}

/// The driver cannot sleep.
pub(super) struct HasWork;

impl State {
    fn wake_before(&mut self, deadline: Instant) {
        if let Driver::Asleep(until, _) = &self.driver
            && until.is_none_or(|until| deadline < until)
        {
            self.wake();
        }
    }

    fn wake(&mut self) {
        if let Driver::Asleep(_, waker) = std::mem::replace(&mut self.driver, Driver::Running) {
            waker.wake();
        }
    }
}
