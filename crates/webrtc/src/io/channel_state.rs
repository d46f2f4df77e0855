//! Who waits for what of a data channel.

use std::collections::HashMap;
use std::task::Waker;

use super::wakes::Wakes;
use crate::core::{ChannelEvent, ChannelId};

/// Tasks that wait for one thing. Each task is kept once.
#[derive(Debug, Default)]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn add(&mut self, waker: &Waker) {
        if !self.0.iter().any(|known| known.will_wake(waker)) {
            self.0.push(waker.clone());
        }
    }

    pub(super) fn wake(&mut self, wakes: &mut Wakes) {
        for waker in self.0.drain(..) {
            wakes.add(waker);
        }
    }
}

/// What has happened to a channel that nobody has asked for yet: each kind of news once.
#[derive(Debug, Default)]
pub(super) struct ChannelNews {
    open: bool,
    low: bool,
    closing: bool,
    closed: Option<datachannel::CloseReason>,
    /// The news of the closing was taken.
    told: bool,
}

impl ChannelNews {
    /// The next piece of news; `Err` once there can be no more.
    pub(super) fn take(&mut self) -> Result<Option<ChannelEvent>, Finished> {
        if std::mem::take(&mut self.open) {
            return Ok(Some(ChannelEvent::Open));
        }
        if std::mem::take(&mut self.low) {
            return Ok(Some(ChannelEvent::BufferedAmountLow));
        }
        if std::mem::take(&mut self.closing) {
            return Ok(Some(ChannelEvent::Closing));
        }
        let Some(reason) = &self.closed else {
            return Ok(None);
        };
        if std::mem::replace(&mut self.told, true) {
            return Err(Finished);
        }
        Ok(Some(ChannelEvent::Closed(reason.clone())))
    }
}

/// No more news will come.
pub(super) struct Finished;

/// The façade's side of one channel.
#[derive(Debug, Default)]
pub(super) struct ChannelState {
    pub(super) readers: Wakers,
    pub(super) writers: Wakers,
    pub(super) watchers: Wakers,
    pub(super) news: ChannelNews,
}

impl ChannelState {
    fn happened(&mut self, event: ChannelEvent, wakes: &mut Wakes) {
        match event {
            ChannelEvent::Readable => return self.readers.wake(wakes),
            ChannelEvent::Writable => return self.writers.wake(wakes),
            ChannelEvent::Open => self.news.open = true,
            ChannelEvent::BufferedAmountLow => self.news.low = true,
            ChannelEvent::Closing => self.news.closing = true,
            ChannelEvent::Closed(reason) => {
                self.news.closed = Some(reason);
                self.readers.wake(wakes);
            }
        }
        self.writers.wake(wakes);
        self.watchers.wake(wakes);
    }

    pub(super) const fn closed(&self) -> Option<&datachannel::CloseReason> {
        self.news.closed.as_ref()
    }
}

/// Every channel that a handle exists for, or that the peer has opened.
#[derive(Debug, Default)]
pub(super) struct ChannelStates(HashMap<ChannelId, ChannelState>);

impl ChannelStates {
    pub(super) fn get(&mut self, id: ChannelId) -> &mut ChannelState {
        self.0.entry(id).or_default()
    }

    pub(super) fn happened(&mut self, id: ChannelId, event: ChannelEvent, wakes: &mut Wakes) {
        self.get(id).happened(event, wakes);
    }

    /// The last handle is gone.
    pub(super) fn forget(&mut self, id: ChannelId) {
        self.0.remove(&id);
    }

    /// The connection is closed: whoever waits finds out.
    pub(super) fn wake_all(&mut self, wakes: &mut Wakes) {
        let mut states: Vec<_> = self.0.iter_mut().collect();
        states.sort_unstable_by_key(|(id, _)| **id);
        for (_, state) in states {
            state.readers.wake(wakes);
            state.writers.wake(wakes);
            state.watchers.wake(wakes);
        }
    }
}
