//! The task between the core and the transport.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use datagram::{Datagram, Inbox, Transmit};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::handle::{Shared, now};

/// Packets in one send, where the transport takes several.
const MAX_SEGMENTS: usize = 32;

/// How long the packets of a batch wait for room in the transport, the last ones of an association too, before they are taken
/// for lost: a transport that has none for good does not keep the association from ending.
const PATIENCE: Duration = Duration::from_millis(500);

/// Carries packets and time until the association has ended or the transport fails.
pub(super) async fn run(shared: Arc<Shared>, transport: Arc<dyn Datagram>, peer: SocketAddr) {
    let mut inbox = Inbox::new(&*transport);
    let mut out = Vec::new();
    loop {
        let result = flush(&shared, &*transport, peer, &mut out).await;
        if let Err(error) = result {
            return shared.lock().transport_failed(&error);
        }
        let deadline = {
            let state = shared.lock();
            if state.is_over() {
                return;
            }
            state.channels.poll_timeout()
        };
        if let Err(error) = wait(&shared, &*transport, &mut inbox, deadline).await {
            return shared.lock().transport_failed(&error);
        }
        digest(&shared, &mut inbox, peer);
    }
}

/// Sends what the core has, equal-sized packets together.
async fn flush(
    shared: &Shared,
    transport: &dyn Datagram,
    peer: SocketAddr,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    while let Some(batch) = fill(shared, transport.max_send_segments().min(MAX_SEGMENTS), out) {
        let mut patience = None;
        let (equal, other) = out.split_at_checked(batch.equal).unwrap_or((out, &[]));
        let transmit = Transmit {
            segment_size: Some(batch.segment_size),
            ..Transmit::new(peer, equal)
        };
        send(transport, &transmit, &mut patience).await?;
        if !other.is_empty() {
            send(transport, &Transmit::new(peer, other), &mut patience).await?;
        }
        if patience.is_some() {
            // There may be more to send for long, and time has passed.
            let mut state = shared.lock();
            state.channels.handle_timeout(now());
            state.digest();
        }
    }
    Ok(())
}

/// SCTP repairs the loss of a packet: only the end of the transport is an error. There is patience until an instant that
/// the first wait sets.
async fn send(
    transport: &dyn Datagram,
    transmit: &Transmit<'_>,
    patience: &mut Option<Instant>,
) -> io::Result<()> {
    let mut sent = pin!(datagram::send(transport, transmit));
    // The timer is only made where there is no room.
    let at_once = std::future::poll_fn(|cx| Poll::Ready(sent.as_mut().poll(cx))).await;
    let sent = match at_once {
        Poll::Ready(sent) => sent,
        Poll::Pending => {
            let until = *patience.get_or_insert_with(|| Instant::now() + PATIENCE);
            timeout_at(until, sent).await.unwrap_or(Ok(()))
        }
    };
    match sent {
        Err(error) if is_fatal(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What [`fill`] has written: packets of one size, and perhaps another packet.
struct Batch {
    segment_size: usize,
    /// Bytes of the equal packets together.
    equal: usize,
}

fn is_fatal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected | io::ErrorKind::UnexpectedEof
    )
}

/// Writes packets until one differs in size.
fn fill(shared: &Shared, segments: usize, out: &mut Vec<u8>) -> Option<Batch> {
    out.clear();
    let mut state = shared.lock();
    let now = now();
    let segment_size = state.channels.poll_transmit(now, out)?.len;
    let mut equal = segment_size;
    for _ in 1..segments {
        match state.channels.poll_transmit(now, out) {
            Some(next) if next.len == segment_size => equal += segment_size,
            Some(_) | None => break,
        }
    }
    state.digest();
    Some(Batch { segment_size, equal })
}

/// Until there is a packet, a call of the application, or the time is up.
async fn wait(
    shared: &Shared,
    transport: &dyn Datagram,
    inbox: &mut Inbox,
    deadline: Option<std::time::Instant>,
) -> io::Result<()> {
    let mut work = pin!(shared.work.notified());
    let mut sleep = pin!(deadline.map(|at| sleep_until(Instant::from_std(at))));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = inbox.poll_fill(cx, transport) {
            return Poll::Ready(result);
        }
        let late = sleep
            .as_mut()
            .as_pin_mut()
            .is_some_and(|sleep| is_late(sleep, cx));
        if late || work.as_mut().poll(cx).is_ready() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    })
    .await
}

fn is_late(sleep: std::pin::Pin<&mut Sleep>, cx: &mut Context<'_>) -> bool {
    sleep.poll(cx).is_ready()
}

fn digest(shared: &Shared, inbox: &mut Inbox, peer: SocketAddr) {
    let mut state = shared.lock();
    let now = now();
    while let Some(packet) = inbox.pop() {
        if packet.source == peer {
            state.channels.handle_input(now, packet.contents);
        }
    }
    state.channels.handle_timeout(now);
    state.digest();
}
