//! Sockets that end.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use datagram::{Datagram, RecvMeta, Transmit};

use super::*;
use crate::config::Config;
use crate::event::Event;
use crate::io::{Agent, ConnectError, Events};

/// Silent, until it is broken.
#[derive(Debug)]
struct Fragile {
    address: SocketAddr,
    broken: Mutex<(bool, Option<Waker>)>,
}

impl Fragile {
    fn at(address: &str) -> Arc<Self> {
        Arc::new(Self {
            address: address.parse().unwrap(),
            broken: Mutex::default(),
        })
    }

    fn break_it(&self) {
        let mut broken = self.broken.lock().unwrap();
        broken.0 = true;
        broken.1.take().unwrap().wake();
    }
}

impl Datagram for Fragile {
    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        _: &mut [IoSliceMut<'_>],
        _: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut broken = self.broken.lock().unwrap();
        if broken.0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        broken.1 = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.try_send(transmit))
    }

    fn try_send(&self, _: &Transmit<'_>) -> io::Result<()> {
        Ok(())
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// An agent on these sockets, whose driver has seen them once.
async fn agent_on(sockets: &[&Arc<Fragile>]) -> (Agent, Events) {
    let hub = Arc::new(Hub::new(true));
    for socket in sockets {
        hub.add_socket(Socket::new(Arc::clone(socket)).unwrap());
    }
    let (agent, mut events) = Agent::at(&hub, Config::default(), None).unwrap();
    agent.handle.shared.with(|core, now| {
        sockets
            .iter()
            .for_each(|socket| core.add_local_address(now, socket.address));
    });
    tokio::spawn(run(hub));
    for _ in 0..=sockets.len() {
        events.next().await.unwrap();
    }
    for socket in sockets {
        while socket.broken.lock().unwrap().1.is_none() {
            tokio::task::yield_now().await;
        }
    }
    (agent, events)
}

async fn lost(events: &mut Events) -> SocketLost {
    loop {
        if let Event::SocketLost(lost) = events.next().await.unwrap() {
            return lost;
        }
    }
}

#[tokio::test]
async fn the_end_of_the_last_socket_is_told_with_its_cause() {
    let socket = Fragile::at("192.0.2.1:5000");
    let (agent, mut events) = agent_on(&[&socket]).await;
    let other = agent.clone();
    let waiting = tokio::spawn(async move { other.connect().await.map(drop) });
    socket.break_it();
    let lost = lost(&mut events).await;
    assert_eq!(
        (lost.address, lost.kind),
        (socket.address, io::ErrorKind::ConnectionAborted)
    );
    assert_eq!(waiting.await.unwrap(), Err(ConnectError::SocketLost(lost)));
}

#[tokio::test]
async fn other_sockets_go_on() {
    let (dying, healthy) = (Fragile::at("192.0.2.1:5000"), Fragile::at("192.0.2.2:5000"));
    let (agent, mut events) = agent_on(&[&dying, &healthy]).await;
    dying.break_it();
    assert_eq!(lost(&mut events).await.address, dying.address);
    let state = agent.handle.shared.lock();
    assert_eq!(
        state.agent.local_addresses().collect::<Vec<_>>(),
        [healthy.address]
    );
    assert!(!state.is_cut_off());
    assert_eq!(agent.handle.shared.hub.sockets().len(), 1);
}
