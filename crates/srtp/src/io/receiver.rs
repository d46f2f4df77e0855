//! The receiving half of a session: opens datagrams and gives each to its queue.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

use super::queue::Queue;
use crate::core::Inbound;
use crate::{Rejected, Stats};

/// What a session has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// What was protected and handed to the transport.
    pub outbound: Stats,
    /// What was opened, and what was refused.
    pub inbound: Stats,
    /// Datagrams that are neither RTP nor RTCP by their first byte (RFC 7983), or came from another address.
    pub foreign: u64,
    /// Opened packets that were dropped since nobody read: more than [`QUEUE`](super::QUEUE) waited.
    pub overflowed: u64,
}

/// Where opened packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// RTCP.
    Rtcp,
    /// RTP of this stream.
    Stream(u32),
    /// RTP of SSRCs without a stream.
    Unclaimed,
}

/// The receiving half, shared by the driver and all handles.
#[derive(Debug)]
pub(super) struct Receiver(Mutex<Inside>);

#[derive(Debug)]
pub(super) struct Inside {
    pub(super) inbound: Inbound,
    rtcp: Queue,
    streams: BTreeMap<u32, Queue>,
    unclaimed: Queue,
    foreign: u64,
    overflowed: u64,
    /// Why nothing more will come.
    closed: Option<(io::ErrorKind, String)>,
}

impl Receiver {
    pub(super) fn new(inbound: Inbound) -> Self {
        Self(Mutex::new(Inside {
            inbound,
            rtcp: Queue::default(),
            streams: BTreeMap::new(),
            unclaimed: Queue::default(),
            foreign: 0,
            overflowed: 0,
            closed: None,
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Opens one datagram of the peer.
    pub(super) fn receive(&mut self, datagram: &mut [u8]) {
        let opened = match *datagram {
            // RFC 7983 §7, RFC 5761 §4.
            [128..=191, 192..=223, ..] => self.inbound.unprotect_rtcp(datagram).map(|packet| {
                let fits = self.rtcp.push(Bytes::copy_from_slice(packet));
                self.overflowed += u64::from(!fits);
            }),
            [128..=191, ..] => self.receive_rtp(datagram),
            _ => {
                self.foreign += 1;
                return;
            }
        };
        if let Err(rejected) = opened {
            tracing::trace!(%rejected, "srtp packet refused");
        }
    }

    fn receive_rtp(&mut self, datagram: &mut [u8]) -> Result<(), Rejected> {
        let packet = Bytes::copy_from_slice(self.inbound.unprotect_rtp(datagram)?);
        let queue = ssrc(&packet).and_then(|ssrc| self.streams.get_mut(&ssrc));
        let fits = queue.unwrap_or(&mut self.unclaimed).push(packet);
        self.overflowed += u64::from(!fits);
        Ok(())
    }

    /// Counts a datagram from another address.
    pub(super) fn count_foreign(&mut self) {
        self.foreign += 1;
    }

    /// The next packet for this target.
    pub(super) fn poll_recv(&mut self, cx: &Context<'_>, target: Target) -> Poll<io::Result<Bytes>> {
        let closed = self.closed.is_some();
        let queue = match target {
            Target::Rtcp => &mut self.rtcp,
            Target::Unclaimed => &mut self.unclaimed,
            Target::Stream(ssrc) => self.streams.entry(ssrc).or_default(),
        };
        let packet = std::task::ready!(queue.poll_pop(cx, closed));
        Poll::Ready(packet.ok_or_else(|| self.close_error()))
    }

    fn close_error(&self) -> io::Error {
        match &self.closed {
            Some((kind, text)) => io::Error::new(*kind, text.clone()),
            None => io::ErrorKind::NotConnected.into(),
        }
    }

    /// Makes a stream of an SSRC and gives it what waits unclaimed; `false` if there is one.
    pub(super) fn claim(&mut self, claimed: u32) -> bool {
        if self.streams.contains_key(&claimed) {
            return false;
        }
        let waiting = self.unclaimed.take(|packet| ssrc(packet) == Some(claimed));
        self.streams.insert(claimed, waiting);
        true
    }

    /// Makes a stream of the SSRC whose packet waits longest unclaimed.
    pub(super) fn poll_accept(&mut self, cx: &Context<'_>) -> Poll<io::Result<u32>> {
        let packet = std::task::ready!(self.poll_recv(cx, Target::Unclaimed))?;
        let Some(ssrc) = ssrc(&packet) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        };
        self.unclaimed.put_back(packet);
        self.claim(ssrc);
        Poll::Ready(Ok(ssrc))
    }

    /// Drops a stream with what waits in it.
    pub(super) fn release(&mut self, ssrc: u32) {
        self.streams.remove(&ssrc);
    }

    /// Nothing more will come.
    pub(super) fn close(&mut self, error: &io::Error) {
        self.closed = Some((error.kind(), error.to_string()));
        self.rtcp.wake();
        self.unclaimed.wake();
        self.streams.values_mut().for_each(Queue::wake);
    }

    pub(super) fn stats(&self, outbound: Stats) -> SessionStats {
        SessionStats {
            outbound,
            inbound: self.inbound.stats(),
            foreign: self.foreign,
            overflowed: self.overflowed,
        }
    }
}

/// The SSRC of an opened RTP packet.
fn ssrc(packet: &[u8]) -> Option<u32> {
    let bytes = packet.get(8..12)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}
