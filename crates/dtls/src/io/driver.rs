//! A connection with its socket and its clock: what every poll of a stream does.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use datagram::{Datagram, Inbox, Transmit};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

use super::queue::Queue;
use crate::core::{Connection, Event};
use crate::error::{CloseReason, SendError};

/// Decrypted bytes that wait for the reader before no more is received.
const READ_AHEAD: usize = 64 * 1024;
/// How long the last datagrams of a stream wait for room in its socket, which stays open for that long at most.
const FAREWELL: Duration = Duration::from_millis(500);
/// How many may wait: what was being sent, and the goodbye.
const MAX_FAREWELL: usize = 16;
/// Datagrams handled in one poll, so that one stream does not keep a thread to itself.
const MAX_BATCH: usize = 256;

/// Where datagrams come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A socket of our own.
    Own(Box<Inbox>),
    /// A listener's socket.
    Routed(Arc<Queue>),
}

/// Decrypted records until they are read.
#[derive(Debug, Default)]
pub(super) struct ReadQueue {
    records: VecDeque<Bytes>,
    bytes: usize,
}

impl ReadQueue {
    fn push(&mut self, record: &[u8]) {
        self.bytes += record.len();
        self.records.push_back(Bytes::copy_from_slice(record));
    }

    /// The next record, or what is left of it.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let record = self.records.pop_front()?;
        self.bytes -= record.len();
        Some(record)
    }

    /// Puts what was not read of a record back.
    pub(super) fn put_back(&mut self, rest: Bytes) {
        self.bytes += rest.len();
        self.records.push_front(rest);
    }

    fn is_full(&self) -> bool {
        self.bytes >= READ_AHEAD || self.records.len() >= READ_AHEAD / 64
    }
}

/// The connection and everything around it.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) connection: Connection,
    pub(super) readable: ReadQueue,
    pub(super) closed: Option<CloseReason>,
    socket: Arc<dyn Datagram>,
    source: Source,
    peer: SocketAddr,
    /// What is being sent: one datagram, or several equal-sized ones.
    out: Vec<u8>,
    segment: Option<usize>,
    timer: Pin<Box<Sleep>>,
    /// Where the farewell waits.
    runtime: Handle,
}

impl Driver {
    pub(super) fn new(
        connection: Connection,
        socket: Arc<dyn Datagram>,
        source: Source,
        peer: SocketAddr,
    ) -> Self {
        Self {
            connection,
            readable: ReadQueue::default(),
            closed: None,
            socket,
            source,
            peer,
            out: Vec::new(),
            segment: None,
            timer: Box::pin(tokio::time::sleep_until(Instant::now())),
            runtime: Handle::current(),
        }
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn socket(&self) -> &Arc<dyn Datagram> {
        &self.socket
    }

    /// Receives, answers, retransmits; returns when there is nothing to do until `cx` is woken.
    ///
    /// An error is the transport's end.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.receive(cx)?;
        self.watch_timer(cx);
        // A send that fails is a datagram lost; one that waits is taken up by the next poll.
        while self.poll_flush(cx).is_ready() {
            let now = Instant::now().into_std();
            if self.connection.poll_transmit(now, &mut self.out).is_none() {
                break;
            }
        }
        self.watch_timer(cx);
        self.note_events();
        Ok(())
    }

    fn note_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::Connected => {}
                Event::Closed(reason) => self.closed = Some(reason),
            }
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let now = Instant::now().into_std();
        for _ in 0..MAX_BATCH {
            if self.readable.is_full() || self.closed.is_some() {
                return Ok(());
            }
            match &mut self.source {
                Source::Own(inbox) => {
                    let Poll::Ready(filled) = inbox.poll_fill(cx, &*self.socket) else {
                        return Ok(());
                    };
                    filled?;
                    if let Some(packet) = inbox.pop()
                        && packet.source == self.peer
                    {
                        let data = self.connection.handle_input(now, packet.contents);
                        data.into_iter().for_each(|record| self.readable.push(&record));
                    }
                }
                Source::Routed(queue) => match queue.poll_pop(cx) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(None) => return Err(queue.end()),
                    Poll::Ready(Some(mut datagram)) => {
                        let data = self.connection.handle_input(now, &mut datagram);
                        data.into_iter().for_each(|record| self.readable.push(&record));
                        queue.recycle(datagram);
                    }
                },
            }
            self.note_events();
        }
        cx.waker().wake_by_ref();
        Ok(())
    }

    fn watch_timer(&mut self, cx: &mut Context<'_>) {
        while let Some(deadline) = self.connection.poll_timeout() {
            let deadline = Instant::from_std(deadline);
            if self.timer.deadline() != deadline {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                break;
            }
            self.connection.handle_timeout(Instant::now().into_std());
        }
    }

    /// Sends what is being sent. `Ready` means that there is room for something else.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let transmit = Transmit {
            segment_size: self.segment,
            ..Transmit::new(self.peer, &self.out)
        };
        let result = std::task::ready!(self.socket.poll_send(cx, &transmit));
        self.out.clear();
        self.segment = None;
        Poll::Ready(result)
    }

    /// Seals `data` in records of `size` bytes, as many as leave in one call; returns how much of it that is.
    /// Everything before must have been flushed.
    pub(super) fn seal(&mut self, data: &[u8], size: usize) -> Result<usize, SendError> {
        let mut taken = 0;
        for chunk in data
            .chunks(size.max(1))
            .take(self.socket.max_send_segments().max(1))
        {
            self.seal_one(chunk)?;
            taken += chunk.len();
        }
        let record = size + self.connection.head_room() + self.connection.tail_room();
        self.segment = (self.out.len() > record).then_some(record);
        Ok(taken)
    }

    /// Seals one record, of no bytes too.
    pub(super) fn seal_one(&mut self, data: &[u8]) -> Result<(), SendError> {
        let start = self.out.len();
        self.out.resize(start + self.connection.head_room(), 0);
        self.out.extend_from_slice(data);
        self.connection
            .seal(&mut self.out, start)
            .inspect_err(|_| self.out.truncate(start))
    }

    /// The most plaintext that fits into a datagram of the configured size.
    pub(super) fn record_size(&self, mtu: usize) -> usize {
        mtu.saturating_sub(self.connection.head_room() + self.connection.tail_room())
            .max(1)
    }

    /// Says goodbye: the stream is being dropped. What the socket does not take at once waits in a task of its own.
    pub(super) fn abandon(&mut self) {
        let now = Instant::now().into_std();
        self.connection.close(now);
        let mut waiting = Vec::new();
        loop {
            if !self.out.is_empty() {
                let last = Farewell {
                    bytes: std::mem::take(&mut self.out),
                    segment: self.segment.take(),
                };
                if !waiting.is_empty() || last.is_refused(&*self.socket, self.peer) {
                    waiting.push(last);
                }
            }
            if waiting.len() >= MAX_FAREWELL || self.connection.poll_transmit(now, &mut self.out).is_none() {
                break;
            }
        }
        if !waiting.is_empty() {
            let farewell = say(Arc::clone(&self.socket), self.peer, waiting);
            self.runtime.spawn(tokio::time::timeout(FAREWELL, farewell));
        }
    }
}

/// One of the last datagrams.
#[derive(Debug)]
struct Farewell {
    bytes: Vec<u8>,
    segment: Option<usize>,
}

impl Farewell {
    fn transmit(&self, peer: SocketAddr) -> Transmit<'_> {
        Transmit {
            segment_size: self.segment,
            ..Transmit::new(peer, &self.bytes)
        }
    }

    /// Tries to send it; whether the socket has no room.
    fn is_refused(&self, socket: &dyn Datagram, peer: SocketAddr) -> bool {
        let sent = socket.try_send(&self.transmit(peer));
        sent.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

async fn say(socket: Arc<dyn Datagram>, peer: SocketAddr, waiting: Vec<Farewell>) {
    for farewell in waiting {
        // What cannot be sent is lost, as on the way.
        let _ = datagram::send(&*socket, &farewell.transmit(peer)).await;
    }
}
