//! Two connections of this process.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use webrtc::{
    Api, Configuration, DataChannel, DataChannelInit, Event, Events, PeerConnection, SettingEngine,
};

use crate::{Failure, Options};

/// As little as possible beside the defaults: loopback is where the other side is.
pub(crate) fn api() -> Api {
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    Api::builder().setting_engine(settings).build()
}

/// The channel that the options ask for.
pub(crate) fn channel_init(options: &Options) -> DataChannelInit {
    DataChannelInit {
        ordered: options.ordered,
        max_retransmits: options.max_retransmits,
        ..DataChannelInit::default()
    }
}

/// Two connections, made but not connected.
pub(crate) struct Pair {
    pub(crate) offerer: PeerConnection,
    pub(crate) answerer: PeerConnection,
    pub(crate) channel: DataChannel,
    offerer_events: Events,
    answerer_events: Events,
}

impl Pair {
    pub(crate) fn new(api: &Api, init: DataChannelInit) -> Result<Self, Failure> {
        let (offerer, offerer_events) = api.new_peer_connection(Configuration::default())?;
        let (answerer, answerer_events) = api.new_peer_connection(Configuration::default())?;
        let channel = offerer.create_data_channel("data", init)?;
        Ok(Self {
            offerer,
            answerer,
            channel,
            offerer_events,
            answerer_events,
        })
    }

    /// Carries offer, answer and candidates, and waits for the offerer's channel. Returns the answerer's.
    pub(crate) async fn connect(&mut self) -> Result<DataChannel, Failure> {
        self.offerer.set_local_description(None)?;
        self.answerer
            .set_remote_description(&self.offerer.local_description().ok_or("no offer")?)?;
        self.answerer.set_local_description(None)?;
        self.offerer
            .set_remote_description(&self.answerer.local_description().ok_or("no answer")?)?;
        let theirs = loop {
            tokio::select! {
                event = self.offerer_events.next() => carry(event, &self.answerer)?,
                event = self.answerer_events.next() => match event {
                    Some(Event::DataChannel(channel)) => break channel,
                    event => carry(event, &self.offerer)?,
                },
            };
        };
        if !self.channel.opened().await {
            return Err("the channel did not open".into());
        }
        Ok(theirs)
    }

    /// Takes the news that has come since, as an application does.
    pub(crate) fn drain(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for events in [&mut self.offerer_events, &mut self.answerer_events] {
            while let Poll::Ready(Some(_)) = pin!(events.next()).poll(&mut cx) {}
        }
    }
}

fn carry(event: Option<Event>, to: &PeerConnection) -> Result<(), Failure> {
    match event {
        Some(Event::IceCandidate(candidate)) => to.add_ice_candidate(candidate)?,
        Some(Event::Failed(reason)) => return Err(reason.into()),
        Some(_) => {}
        None => return Err("the connection ended".into()),
    }
    Ok(())
}
