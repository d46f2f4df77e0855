//! The task that moves datagrams and time.

use std::collections::{BTreeSet, HashMap};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use datagram::Inbox;
use tokio::time::Sleep;

use super::hub::{AgentId, Hub, Socket};
use super::shared::{Shared, now};
use crate::event::{Path, SocketLost};

/// How many batches of one socket are taken before the others and the timers have their turn.
const BATCHES: usize = 4;

struct Driver {
    hub: Arc<Hub>,
    sockets: Vec<Socket>,
    inbox: Option<Inbox>,
    deadlines: BTreeSet<(Instant, AgentId)>,
    by_agent: HashMap<AgentId, Instant>,
    /// Agents that got input in this round.
    fresh: Vec<Arc<Shared>>,
    sleep: Pin<Box<Sleep>>,
}

/// Drives a hub until its agents and handles are gone.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut driver = Driver {
        hub,
        sockets: Vec::new(),
        inbox: None,
        deadlines: BTreeSet::new(),
        by_agent: HashMap::new(),
        fresh: Vec::new(),
        sleep: Box::pin(tokio::time::sleep_until(tokio::time::Instant::now())),
    };
    poll_fn(|cx| driver.poll(cx)).await;
    driver.hub.clear_sockets();
}

impl Driver {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.hub.register(cx);
            self.take_news();
            if self.hub.is_done() {
                return Poll::Ready(());
            }
            let more = self.receive(cx);
            self.expire();
            let touched = !self.hub.inner().touched.is_empty();
            if touched {
                continue;
            }
            if more {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some((deadline, _)) = self.deadlines.first() else {
                return Poll::Pending;
            };
            self.sleep.as_mut().reset((*deadline).into());
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Takes over what the handles have changed.
    fn take_news(&mut self) {
        let (touched, sockets_changed) = {
            let mut inner = self.hub.inner();
            (
                std::mem::take(&mut inner.touched),
                std::mem::take(&mut inner.sockets_changed),
            )
        };
        if sockets_changed {
            self.sockets = self.hub.sockets();
        }
        for id in touched {
            let shared = self.hub.inner().agents.get(&id).cloned();
            if let Some(shared) = shared {
                self.settle(&shared);
            }
        }
    }

    /// Receives what there is; true when there may be more.
    fn receive(&mut self, cx: &mut Context<'_>) -> bool {
        let (mut more, mut lost) = (false, Vec::new());
        for at in 0..self.sockets.len() {
            let Some(socket) = self.sockets.get(at).cloned() else {
                break;
            };
            match self.receive_from(cx, &socket) {
                Ok(has_more) => more |= has_more,
                Err(error) => lost.push((socket, error)),
            }
        }
        let now = now();
        for shared in std::mem::take(&mut self.fresh) {
            shared.lock().flush(&self.hub, now);
            self.settle(&shared);
        }
        for (socket, error) in lost {
            self.lose(&socket, &error);
        }
        more
    }

    /// Gives up a socket that is finished. Passing errors do not come here: [`datagram::Datagram::poll_recv`].
    fn lose(&mut self, socket: &Socket, error: &io::Error) {
        let address = socket.bound();
        tracing::debug!(%address, %error, "socket lost");
        let lost = SocketLost {
            address,
            kind: error.kind(),
            message: error.to_string(),
        };
        self.sockets.retain(|other| other.bound() != address);
        let is_last = self.hub.remove_socket(address);
        let agents: Vec<_> = self.hub.inner().agents.values().cloned().collect();
        for shared in agents {
            shared.lose_socket(socket, &lost, is_last);
        }
    }

    /// Whether there may be more; an error is the socket's end.
    fn receive_from(&mut self, cx: &mut Context<'_>, socket: &Socket) -> io::Result<bool> {
        let inbox = self.inbox.get_or_insert_with(|| Inbox::new(&*socket.udp));
        for _ in 0..BATCHES {
            match inbox.poll_fill(cx, &*socket.udp) {
                Poll::Ready(filled) => filled?,
                Poll::Pending => return Ok(false),
            }
            let now = now();
            while let Some(packet) = inbox.pop() {
                let path = Path {
                    local: socket.base(packet.destination),
                    remote: packet.source,
                };
                let Some(shared) = self.hub.route(path, packet.contents) else {
                    continue;
                };
                shared.handle_input(now, path, packet.contents);
                if !self.fresh.iter().any(|known| known.id == shared.id) {
                    self.fresh.push(shared);
                }
            }
        }
        Ok(true)
    }

    /// Lets time pass for those whose deadline has come.
    fn expire(&mut self) {
        let now = now();
        while let Some((_, id)) = self
            .deadlines
            .first()
            .copied()
            .filter(|(deadline, _)| *deadline <= now)
        {
            let shared = self.hub.inner().agents.get(&id).cloned();
            let Some(shared) = shared else {
                self.forget(id);
                continue;
            };
            {
                let mut state = shared.lock();
                state.agent.handle_timeout(now);
                state.flush(&self.hub, now);
            }
            self.settle(&shared);
        }
    }

    /// Notes the deadline and the paths of an agent, or that it is gone.
    fn settle(&mut self, shared: &Arc<Shared>) {
        let (deadline, validated, ufrag, closed) = {
            let mut state = shared.lock();
            let validated = std::mem::take(&mut state.validated);
            let ufrag = state.agent.local_credentials().ufrag.clone();
            (state.agent.poll_timeout(), validated, ufrag, state.closed)
        };
        self.forget(shared.id);
        let mut inner = self.hub.inner();
        if closed {
            inner.agents.remove(&shared.id);
            inner.mux.remove(shared.id);
            return;
        }
        inner.mux.register(&ufrag, shared.id);
        for path in validated {
            inner.mux.bind(path, shared.id);
        }
        drop(inner);
        if let Some(deadline) = deadline {
            self.by_agent.insert(shared.id, deadline);
            self.deadlines.insert((deadline, shared.id));
        }
    }

    fn forget(&mut self, id: AgentId) {
        if let Some(deadline) = self.by_agent.remove(&id) {
            self.deadlines.remove(&(deadline, id));
        }
    }
}

#[cfg(test)]
mod tests;
