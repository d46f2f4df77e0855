//! Data channels of a connection (W3C webrtc-pc §6).

use std::time::{Duration, Instant};

use bytes::Bytes;
use datachannel::{ChannelConfig, Kind, Message, Reliability};

use super::PeerConnection;
use super::event::ChannelId;
use crate::description::DataChannelInit;
use crate::error::{Error, SendError};
use crate::states::DataChannelState;

impl PeerConnection {
    /// Makes a channel (`createDataChannel`). It opens once the connection and, unless it is negotiated, the peer allow.
    ///
    /// # Errors
    ///
    /// [`Error::TwoLimits`], [`Error::NegotiatedWithoutId`], [`Error::DataChannel`] or [`Error::Closed`].
    pub fn create_data_channel(
        &mut self,
        now: Instant,
        label: &str,
        init: &DataChannelInit,
    ) -> Result<ChannelId, Error> {
        self.ensure_open()?;
        let config = ChannelConfig {
            label: label.to_owned(),
            protocol: init.protocol.clone(),
            ordered: init.ordered,
            reliability: reliability(init)?,
            priority: init.priority.weight(),
            negotiated: negotiated(init)?,
        };
        self.transport.timeline.begin(now);
        let id = self.transport.channels.open(now, config)?;
        if !self.drafts.wants_data {
            self.drafts.wants_data = true;
            self.update_negotiation_needed();
        }
        Ok(id)
    }

    /// Sends one message, whole, or takes nothing of it.
    ///
    /// # Errors
    ///
    /// [`SendError`] says why it was not taken.
    pub fn send(&mut self, now: Instant, id: ChannelId, kind: Kind, data: Bytes) -> Result<(), SendError> {
        self.transport
            .channels
            .send(now, id, kind, data)
            .map_err(|error| match error {
                datachannel::SendError::NotOpen => SendError::NotOpen(self.channel_state(id)),
                datachannel::SendError::TooLarge { limit } => SendError::TooLarge { limit },
                datachannel::SendError::BufferFull => SendError::BufferFull,
            })
    }

    /// The next message of a channel. What is not taken closes the window that the peer may send into.
    pub fn recv(&mut self, id: ChannelId) -> Option<Message> {
        self.transport.channels.recv(id)
    }

    /// Closes a channel: what was sent still goes out, and the peer's side closes too.
    pub fn close_channel(&mut self, now: Instant, id: ChannelId) {
        self.transport.channels.close(now, id);
    }

    /// Forgets a channel that is closed.
    pub fn channel_state(&self, id: ChannelId) -> DataChannelState {
        self.transport
            .channels
            .state(id)
            .map_or(DataChannelState::Closed, |state| match state {
                datachannel::State::Connecting => DataChannelState::Connecting,
                datachannel::State::Open => DataChannelState::Open,
                datachannel::State::Closing => DataChannelState::Closing,
                datachannel::State::Closed => DataChannelState::Closed,
            })
    }

    /// How a channel was made, by either side.
    #[must_use]
    pub fn channel_config(&self, id: ChannelId) -> Option<&ChannelConfig> {
        self.transport.channels.info(id)
    }

    /// The stream id, once it is known.
    #[must_use]
    pub fn channel_stream_id(&self, id: ChannelId) -> Option<u16> {
        self.transport.channels.stream_id(id)
    }

    /// Bytes of messages that wait to be sent on a channel.
    #[must_use]
    pub fn buffered_amount(&self, id: ChannelId) -> usize {
        self.transport.channels.buffered_amount(id)
    }

    /// When `buffered_amount` falls to this many bytes, an event says so. Default: 0.
    pub fn set_buffered_amount_low_threshold(&mut self, id: ChannelId, bytes: usize) {
        self.transport
            .channels
            .set_buffered_amount_low_threshold(id, bytes);
    }
}

fn reliability(init: &DataChannelInit) -> Result<Reliability, Error> {
    match (init.max_retransmits, init.max_packet_life_time) {
        (None, None) => Ok(Reliability::Reliable),
        (Some(count), None) => Ok(Reliability::Retransmits(count.into())),
        (None, Some(milliseconds)) => Ok(Reliability::Lifetime(Duration::from_millis(milliseconds.into()))),
        (Some(_), Some(_)) => Err(Error::TwoLimits),
    }
}

fn negotiated(init: &DataChannelInit) -> Result<Option<u16>, Error> {
    if !init.negotiated {
        return Ok(None);
    }
    init.id.map(Some).ok_or(Error::NegotiatedWithoutId)
}
