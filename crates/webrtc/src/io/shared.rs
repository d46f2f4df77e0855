//! One connection as its handles, its channels and the driver share it.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::channel_state::ChannelStates;
use super::coalesce::coalesce;
use super::events::EventQueue;
use super::home::Home;
use super::media_state::MediaStates;
use super::wakes::Wakes;
use crate::core::{self, ChannelEvent, Event, StatsReport, Transmit};
use crate::states::PeerConnectionState;

thread_local! {
    /// Where datagrams are written before they are sent: one buffer a thread, not one a connection.
    static OUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How long the last datagrams of a closed connection (RTCP BYE, SCTP ABORT, DTLS close_notify) wait for room in their
/// socket: what 6 MB ahead of them take at 100 Mbit/s, and hardly a delay for who waits for the port.
const FAREWELL: Duration = Duration::from_millis(500);

/// A datagram, or several, that the socket had no room for.
#[derive(Debug)]
struct Unsent {
    transmit: Transmit,
    bytes: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) core: core::PeerConnection,
    pub(super) channels: ChannelStates,
    pub(super) media: MediaStates,
    pub(super) home: Option<Home>,
    unsent: Option<Unsent>,
    /// It is closed, and gives its sockets back by then at the latest.
    leaving: Option<Instant>,
    /// The deadline that the endpoint's schedule holds for this connection.
    armed: Option<Instant>,
    /// How often servers were asked for: the number of the latest look-up of their names.
    pub(super) look_ups: u64,
    /// Sends that the system refused: no route, interface gone.
    pub(super) send_errors: u64,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) events: Arc<EventQueue>,
}

impl Shared {
    pub(super) fn new(core: core::PeerConnection, events: Arc<EventQueue>) -> Self {
        let state = State {
            core,
            channels: ChannelStates::default(),
            media: MediaStates::default(),
            home: None,
            unsent: None,
            leaving: None,
            armed: None,
            look_ups: 0,
            send_errors: 0,
        };
        Self {
            state: Mutex::new(state),
            events,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does protocol work, then sends and tells what came of it.
    pub(super) fn run<R>(&self, work: impl FnOnce(&mut State, Instant) -> R) -> R {
        let now = Instant::now();
        self.run_at(now, |state| work(state, now))
    }

    /// As [`run`](Self::run), at a moment that is known already.
    fn run_at<R>(&self, now: Instant, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let result = work(&mut state);
        self.settle(state, now);
        result
    }

    /// A report of the core with what is counted around it.
    pub(super) fn report(&self, of: impl FnOnce(&core::PeerConnection) -> StatsReport) -> StatsReport {
        let state = self.lock();
        let mut report = of(&state.core);
        report.send_errors = state.send_errors;
        if let Some(home) = &state.home {
            home.report(&mut report);
        }
        report.events_lost += state.media.lost();
        state.media.report(&mut report);
        drop(state);
        report.events_lost += self.events.lost();
        report
    }

    /// Sends and tells what came of the work, unlocks, and wakes who waits for it.
    pub(super) fn settle(&self, mut state: MutexGuard<'_, State>, now: Instant) {
        let wakes = state.settle(now, &self.events);
        drop(state);
        wakes.wake();
    }

    /// A deadline of the schedule has come.
    pub(super) fn handle_deadline(&self, now: Instant, deadline: Instant) {
        self.run_at(now, |state| {
            if state.armed != Some(deadline) {
                return;
            }
            state.armed = None;
            if state.core.poll_timeout().is_some_and(|wanted| wanted <= now) {
                state.core.handle_timeout(now);
            }
        });
    }

    /// Sends what the socket had no room for. Pending when there is still none.
    pub(super) fn poll_unsent(&self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        self.run_at(now, |state| {
            if let (Some(unsent), Some(home)) = (&state.unsent, &state.home) {
                let sent = ready!(home.poll_send(cx, &unsent.transmit, &unsent.bytes));
                if sent.is_err() {
                    let path = unsent.transmit.path;
                    state.note_refused(now, path);
                }
            }
            state.unsent = None;
            Poll::Ready(())
        })
    }
}

impl State {
    /// Media is written into this thread's buffer, which is sent from.
    pub(super) fn lend_buffer(&mut self) {
        OUT.with_borrow_mut(|out| self.core.lend_buffer(out));
    }

    /// Datagrams over paths that checks have validated are for this connection.
    fn bind_paths(&mut self) {
        while let Some(path) = self.core.poll_path() {
            if let Some(home) = &self.home {
                home.endpoint.router().bind(path, home.id);
            }
        }
    }

    /// Checks that name this ufrag are for this connection.
    pub(super) fn register(&self, ufrag: &str) {
        if let Some(home) = &self.home {
            home.endpoint.router().register(ufrag, home.id);
        }
    }

    /// Tells events, sends datagrams, and sees to it that the driver comes at the next deadline.
    fn settle(&mut self, now: Instant, events: &EventQueue) -> Wakes {
        let mut wakes = Wakes::default();
        self.bind_paths();
        self.flush(now);
        while let Some(event) = self.core.poll_event() {
            if let Event::Channel(id, event) = event {
                self.channels.happened(id, event, &mut wakes);
                continue;
            }
            if let Event::Rtp(id, event) = event {
                self.media.happened(id, event, &mut wakes);
                continue;
            }
            if let Event::TrackRemoved(_) = &event {
                self.media.wake_all(&mut wakes);
            }
            if let Event::DataChannel(id) = &event {
                // A channel that the peer opened is open (RFC 8832 §6).
                self.channels.happened(*id, ChannelEvent::Open, &mut wakes);
            }
            events.push(event, &mut wakes);
        }
        if self.core.connection_state() == PeerConnectionState::Closed {
            self.channels.wake_all(&mut wakes);
            self.media.wake_all(&mut wakes);
            events.end(&mut wakes);
            self.leave(now);
        } else {
            self.arm(now);
        }
        wakes
    }

    fn arm(&mut self, now: Instant) {
        let deadline = self.core.poll_timeout();
        let deadline = deadline.map(|deadline| coalesce(now, deadline));
        if let (Some(home), Some(deadline)) = (&self.home, deadline)
            && self.armed.is_none_or(|armed| deadline < armed)
        {
            self.armed = Some(deadline);
            home.endpoint.schedule.arm(home.id, deadline);
        }
    }

    fn flush(&mut self, now: Instant) {
        let Some(home) = &self.home else { return };
        if self.unsent.is_some() {
            return;
        }
        let segments = home.max_segments();
        OUT.with_borrow_mut(|out| {
            loop {
                out.clear();
                let Some(transmit) = self.core.poll_transmit(now, segments, out) else {
                    return;
                };
                match home.try_send(&transmit, out) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.unsent = Some(Unsent {
                            transmit,
                            bytes: out.clone(),
                        });
                        return home.endpoint.schedule.block(home.id);
                    }
                    Err(_) => {
                        self.send_errors += 1;
                        self.core.handle_transmit_error(now, transmit.path);
                    }
                }
            }
        });
    }

    /// The system refused to send.
    fn note_refused(&mut self, now: Instant, path: ice::Path) {
        self.send_errors += 1;
        self.core.handle_transmit_error(now, path);
    }

    /// The connection is closed: it gives its sockets back, once what it has to say is out or has waited long enough.
    fn leave(&mut self, now: Instant) {
        let Some(home) = &self.home else { return };
        if self.unsent.is_some() {
            let Some(deadline) = self.leaving else {
                let deadline = now + FAREWELL;
                (self.leaving, self.armed) = (Some(deadline), Some(deadline));
                return home.endpoint.schedule.arm(home.id, deadline);
            };
            if now < deadline {
                return;
            }
            self.send_errors += 1;
        }
        self.unsent = None;
        if let Some(home) = self.home.take() {
            home.endpoint.remove(home.id);
        }
    }
}

#[cfg(test)]
mod tests;
