//! The one ordered stream of a connection's news.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::data_channel::DataChannel;
use super::rtp_transceiver::RtpTransceiver;
use super::shared::Shared;
use super::wakes::Wakes;
use crate::core::{Event as CoreEvent, IceCandidateError, MAX_EVENTS};
use crate::description::IceCandidateInit;
use crate::error::FailureReason;
use crate::states::{
    DtlsTransportState, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState,
};

/// What happened to a connection. News of one channel is told by its [`DataChannel`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// An offer has to be made (`negotiationneeded`).
    NegotiationNeeded,
    /// `signalingstatechange`.
    SignalingStateChange(SignalingState),
    /// A candidate of ours, to be sent to the peer. The one whose `candidate` is empty ends the generation.
    IceCandidate(IceCandidateInit),
    /// A server gave no candidate (`icecandidateerror`).
    IceCandidateError(IceCandidateError),
    /// `icegatheringstatechange`.
    IceGatheringStateChange(IceGatheringState),
    /// `iceconnectionstatechange`.
    IceConnectionStateChange(IceConnectionState),
    /// `selectedcandidatepairchange`.
    SelectedCandidatePairChange(ice::Path),
    /// `statechange` of the DTLS transport.
    DtlsStateChange(DtlsTransportState),
    /// Why the connection fails, before the state change that says so. Comes once for each failure: a connection that
    /// an ICE restart has brought back may fail again. The end of SCTP alone changes no state.
    Failed(FailureReason),
    /// `connectionstatechange`.
    ConnectionStateChange(PeerConnectionState),
    /// The peer sends a track, or says that it will (`track`).
    Track(RtpTransceiver),
    /// The peer no longer sends the track of this transceiver (`mute` of the track, `removetrack` of its streams).
    TrackRemoved(RtpTransceiver),
    /// The peer opened a channel. Dropping it closes it.
    DataChannel(DataChannel),
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<CoreEvent>,
    lost: u64,
    waker: Option<Waker>,
    ended: bool,
}

/// Events between the connection, which never waits, and the application.
#[derive(Debug, Default)]
pub(super) struct EventQueue(Mutex<Queue>);

impl EventQueue {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, event: CoreEvent, wakes: &mut Wakes) {
        let mut queue = self.lock();
        if queue.events.len() < MAX_EVENTS {
            queue.events.push_back(event);
        } else {
            queue.lost += 1;
        }
        queue.waker.take().into_iter().for_each(|waker| wakes.add(waker));
    }

    /// The connection is closed: what is in the queue is the last.
    pub(super) fn end(&self, wakes: &mut Wakes) {
        let mut queue = self.lock();
        queue.ended = true;
        queue.waker.take().into_iter().for_each(|waker| wakes.add(waker));
    }

    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }

    fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<CoreEvent>> {
        let mut queue = self.lock();
        match queue.events.pop_front() {
            Some(event) => {
                if queue.events.is_empty() {
                    // News comes in bursts, long after one another.
                    queue.events = VecDeque::new();
                }
                Poll::Ready(Some(event))
            }
            None if queue.ended => Poll::Ready(None),
            None => {
                queue.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The news of one connection, in the order in which it happened. At most [`MAX_EVENTS`](crate::core::MAX_EVENTS) wait;
/// later ones are counted in the statistics. Also a [`Stream`].
#[derive(Debug)]
pub struct Events {
    queue: Arc<EventQueue>,
    connection: Weak<Shared>,
}

impl Events {
    pub(super) const fn new(queue: Arc<EventQueue>, connection: Weak<Shared>) -> Self {
        Self { queue, connection }
    }

    /// Waits for the next event; `None` once the connection is closed and everything was told.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Option<Event>> {
        loop {
            let event = match self.queue.poll_next(cx) {
                Poll::Ready(Some(event)) => event,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            };
            if let Some(event) = self.translate(event) {
                return Poll::Ready(Some(event));
            }
        }
    }

    fn translate(&self, event: CoreEvent) -> Option<Event> {
        Some(match event {
            CoreEvent::NegotiationNeeded => Event::NegotiationNeeded,
            CoreEvent::SignalingStateChange(state) => Event::SignalingStateChange(state),
            CoreEvent::IceCandidate(candidate) => Event::IceCandidate(candidate),
            CoreEvent::IceCandidateError(error) => Event::IceCandidateError(error),
            CoreEvent::IceGatheringStateChange(state) => Event::IceGatheringStateChange(state),
            CoreEvent::IceConnectionStateChange(state) => Event::IceConnectionStateChange(state),
            CoreEvent::SelectedCandidatePairChange(path) => Event::SelectedCandidatePairChange(path),
            CoreEvent::DtlsStateChange(state) => Event::DtlsStateChange(state),
            CoreEvent::Failed(reason) => Event::Failed(reason),
            CoreEvent::ConnectionStateChange(state) => Event::ConnectionStateChange(state),
            CoreEvent::Track(id) => Event::Track(RtpTransceiver::new(self.connection.upgrade()?, id)),
            CoreEvent::TrackRemoved(id) => {
                Event::TrackRemoved(RtpTransceiver::new(self.connection.upgrade()?, id))
            }
            CoreEvent::DataChannel(id) => {
                Event::DataChannel(DataChannel::new(self.connection.upgrade()?, id))
            }
            CoreEvent::Channel(..) | CoreEvent::Rtp(..) => return None,
        })
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll(cx)
    }
}
