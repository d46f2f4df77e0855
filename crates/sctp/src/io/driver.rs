//! The task between the core and the transport.

use super::shared::{Shared, now};
use crate::error::CloseReason;
use crate::message::State;
use datagram::{Datagram, Inbox, Transmit};
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Packets that are written before they are sent, at most: one segmentation-offload send's worth.
const MAX_BATCH: usize = 48;

/// How long the packets of a batch wait for room in the transport, the last ones of an association too, before they are taken
/// for lost: a transport that has none for good does not keep the association from ending.
const PATIENCE: Duration = Duration::from_millis(500);

/// Carries packets and time until the association has ended and its last packets are out, or the transport fails.
pub(super) async fn run(shared: Arc<Shared>, transport: Arc<dyn Datagram>, peer: SocketAddr) {
    let mut inbox = Inbox::new(&*transport);
    let mut batch = Batch::default();
    loop {
        flush(&shared, &*transport, peer, &mut batch).await;
        let deadline = {
            let inner = shared.lock();
            if inner.core.state() == State::Ended {
                return;
            }
            inner.core.poll_timeout()
        };
        match wait(&shared, &*transport, &mut inbox, deadline).await {
            Ok(()) => take(&shared, &mut inbox, peer),
            Err(error) => return shared.lock().close(CloseReason::Transport(error.to_string())),
        }
    }
}

/// Packets one after the other, and where each ends.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    lengths: Vec<usize>,
}

impl Batch {
    /// Writes what the core has. False if there is nothing.
    fn fill(&mut self, shared: &Shared) -> bool {
        self.bytes.clear();
        self.lengths.clear();
        let now = now();
        let mut inner = shared.lock();
        while self.lengths.len() < MAX_BATCH {
            let Some(transmit) = inner.core.poll_transmit(now, &mut self.bytes) else {
                break;
            };
            self.lengths.push(transmit.len);
        }
        inner.deliver();
        !self.lengths.is_empty()
    }

    /// Runs of equal-sized packets, each perhaps with a shorter one at its end.
    fn runs(&self, max_segments: usize) -> impl Iterator<Item = (&[u8], usize)> {
        let mut bytes = self.bytes.as_slice();
        let mut lengths = self.lengths.as_slice();
        std::iter::from_fn(move || {
            let size = *lengths.first()?;
            let equal = lengths
                .iter()
                .take(max_segments)
                .take_while(|len| **len == size)
                .count();
            let shorter = lengths
                .get(equal)
                .filter(|len| **len < size && equal < max_segments);
            let count = equal + usize::from(shorter.is_some());
            let (run, rest) = bytes.split_at_checked(equal * size + shorter.copied().unwrap_or(0))?;
            bytes = rest;
            lengths = lengths.get(count..)?;
            Some((run, size))
        })
    }
}

async fn flush(shared: &Shared, transport: &dyn Datagram, peer: SocketAddr, batch: &mut Batch) {
    while batch.fill(shared) {
        let mut patience = None;
        for (run, size) in batch.runs(transport.max_send_segments().max(1)) {
            let transmit = Transmit {
                segment_size: Some(size),
                ..Transmit::new(peer, run)
            };
            if let Err(error) = send(transport, &transmit, &mut patience).await {
                // As good as lost on the way: retransmission copes, or the error counter ends it.
                tracing::debug!(%error, "send failed");
            }
        }
        if patience.is_some() {
            // There may be more to send for long, and time has passed.
            let mut inner = shared.lock();
            inner.core.handle_timeout(now());
            inner.deliver();
        }
    }
}

/// Sends, with patience until an instant that the first wait sets. The timer is only made where there is no room.
async fn send(
    transport: &dyn Datagram,
    transmit: &Transmit<'_>,
    patience: &mut Option<tokio::time::Instant>,
) -> io::Result<()> {
    let mut sent = pin!(datagram::send(transport, transmit));
    let at_once = poll_fn(|cx| Poll::Ready(sent.as_mut().poll(cx))).await;
    if let Poll::Ready(result) = at_once {
        return result;
    }
    let until = *patience.get_or_insert_with(|| tokio::time::Instant::now() + PATIENCE);
    let waited = tokio::time::timeout_at(until, sent).await;
    waited.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Waits for packets, for the deadline or for a command.
async fn wait(
    shared: &Shared,
    transport: &dyn Datagram,
    inbox: &mut Inbox,
    deadline: Option<Instant>,
) -> io::Result<()> {
    let mut work = pin!(shared.work());
    let mut sleep = pin!(deadline.map(|deadline| tokio::time::sleep_until(deadline.into())));
    poll_fn(|cx| {
        if let Poll::Ready(result) = inbox.poll_fill(cx, transport) {
            return Poll::Ready(result);
        }
        let timer = sleep
            .as_mut()
            .as_pin_mut()
            .is_some_and(|sleep| sleep.poll(cx).is_ready());
        if timer || work.as_mut().poll(cx).is_ready() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    })
    .await
}

/// Feeds the batch to the core before anything is sent, so that one SACK answers all of it.
fn take(shared: &Shared, inbox: &mut Inbox, peer: SocketAddr) {
    let now = now();
    let mut inner = shared.lock();
    while let Some(packet) = inbox.pop() {
        if packet.source == peer {
            inner.core.handle_input(now, packet.contents);
        }
    }
    inner.core.handle_timeout(now);
    inner.deliver();
}
