//! The clock: commands, timeouts, and polling an endpoint until it has nothing more to say.

use super::{Network, NodeId, Step};
use crate::endpoint::{Endpoint, segments};
use std::time::{Duration, Instant};

/// Rounds of polling after which an endpoint counts as never ending.
const ENDLESS: usize = 1_000_000;
/// Timeouts at one instant after which an endpoint counts as spinning.
const SPINNING: usize = 1000;

impl<E: Endpoint> Network<E> {
    /// Gives a command to an endpoint, and sends what comes of it.
    ///
    /// # Panics
    ///
    /// For a node of another network.
    pub fn with<R>(&mut self, node: NodeId, command: impl FnOnce(&mut E, Instant) -> R) -> R {
        let now = self.now;
        let result = command(&mut self.node(node).endpoint, now);
        self.service(node);
        result
    }

    /// Does something to the network after `delay` of virtual time: a command, a link that fails, a new address.
    pub fn after(&mut self, delay: Duration, action: impl FnOnce(&mut Self) + 'static) {
        self.schedule.push(self.now + delay, Step::Act(Box::new(action)));
    }

    /// Runs until nothing is left to happen before `deadline`; the clock then shows `deadline`.
    pub fn run_until(&mut self, deadline: Instant) {
        while self.schedule.next_at().is_some_and(|at| at <= deadline) {
            self.step();
        }
        self.now = self.now.max(deadline);
    }

    /// Runs for this long.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    /// Runs while the predicate holds, for `limit` at most. Returns whether the predicate became false.
    pub fn run_while(&mut self, limit: Duration, mut predicate: impl FnMut(&Self) -> bool) -> bool {
        let deadline = self.now + limit;
        while predicate(self) {
            if self.schedule.next_at().is_none_or(|at| at > deadline) {
                self.now = deadline;
                return false;
            }
            self.step();
        }
        true
    }

    /// Lets the next thing happen. Returns false when nothing is left.
    pub fn step(&mut self) -> bool {
        let Some((at, step)) = self.schedule.pop() else {
            return false;
        };
        self.now = self.now.max(at);
        match step {
            Step::Route(realm, packet) => self.route(realm, packet),
            Step::Deliver(interface, packet) => self.deliver(interface, packet),
            Step::Wake(node) => self.wake(node, at),
            Step::Act(action) => action(self),
        }
        true
    }

    fn wake(&mut self, node: NodeId, at: Instant) {
        let now = self.now;
        let state = self.node(node);
        if state.wake != Some(at) {
            return;
        }
        state.wake = None;
        if state
            .endpoint
            .poll_timeout()
            .is_some_and(|timeout| timeout <= now)
        {
            state.endpoint.handle_timeout(now);
        }
        self.service(node);
    }

    /// Polls an endpoint until it has nothing more to say, and notes when it wants to be woken.
    pub(super) fn service(&mut self, node: NodeId) {
        for _ in 0..SPINNING {
            self.drain(node);
            let now = self.now;
            let state = self.node(node);
            let Some(timeout) = state.endpoint.poll_timeout() else {
                return;
            };
            if timeout > now {
                if state.wake.is_none_or(|wake| timeout < wake) {
                    state.wake = Some(timeout);
                    self.schedule.push(timeout, Step::Wake(node));
                }
                return;
            }
            state.endpoint.handle_timeout(now);
        }
        endless("asks for a timeout again and again", node, self.elapsed());
    }

    fn drain(&mut self, node: NodeId) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..ENDLESS {
            buffer.clear();
            let now = self.now;
            let state = self.node(node);
            let transmit = state.endpoint.poll_transmit(now, &mut buffer);
            let event = state.endpoint.poll_event();
            let idle = transmit.is_none() && event.is_none();
            if let Some(event) = event {
                state.events.push_back((now, event));
            }
            if let Some(transmit) = transmit {
                for datagram in segments(&buffer, transmit.segment_size) {
                    self.send(node, transmit.path, datagram);
                }
            }
            if idle {
                self.buffer = buffer;
                return;
            }
        }
        endless("transmits or reports without end", node, self.elapsed());
    }
}

#[expect(
    clippy::panic,
    reason = "a mistake in an endpoint must end the test that runs it"
)]
fn endless(what: &str, node: NodeId, elapsed: Duration) -> ! {
    panic!("{node:?} {what} (at {elapsed:?})")
}
