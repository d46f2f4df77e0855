//! Two peers of one process, over loopback.
#![allow(dead_code, reason = "each test file uses its part")]

use std::time::Duration;

use tokio::time::timeout;
use webrtc::{
    Api, Configuration, DataChannel, DataChannelInit, Event, Events, PeerConnection, PeerConnectionState,
    SessionDescription, SettingEngine,
};

/// No test waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn settings() -> SettingEngine {
    let mut settings = SettingEngine::default();
    settings.gathering.include_loopback = true;
    settings.gathering.addresses = Some(webrtc::Filter::new(|address: &std::net::IpAddr| {
        address.is_loopback() && address.is_ipv4()
    }));
    settings
}

pub(crate) fn api() -> Api {
    Api::builder().setting_engine(settings()).build()
}

pub(crate) struct Peer {
    pub(crate) pc: PeerConnection,
    pub(crate) events: Events,
}

impl Peer {
    pub(crate) fn new(api: &Api) -> Self {
        let (pc, events) = api.new_peer_connection(Configuration::default()).unwrap();
        Self { pc, events }
    }

    /// Waits for an event that `pick` takes.
    pub(crate) async fn wait_for<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        timeout(PATIENCE, async {
            loop {
                let event = self.events.next().await.expect("the connection has ended");
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        })
        .await
        .expect("the event did not come")
    }

    pub(crate) async fn connected(&mut self) {
        if self.pc.connection_state() != PeerConnectionState::Connected {
            self.wait_for(|event| {
                matches!(
                    event,
                    Event::ConnectionStateChange(PeerConnectionState::Connected)
                )
                .then_some(())
            })
            .await;
        }
    }

    pub(crate) async fn incoming(&mut self) -> DataChannel {
        self.wait_for(|event| match event {
            Event::DataChannel(channel) => Some(channel),
            _ => None,
        })
        .await
    }
}

pub(crate) struct Pair {
    pub(crate) offerer: Peer,
    pub(crate) answerer: Peer,
}

impl Pair {
    pub(crate) fn new(api: &Api) -> Self {
        Self {
            offerer: Peer::new(api),
            answerer: Peer::new(api),
        }
    }

    /// One exchange of descriptions, which carry the candidates.
    pub(crate) fn negotiate(&self) {
        let (offerer, answerer) = (&self.offerer.pc, &self.answerer.pc);
        offerer.set_local_description(None).unwrap();
        answerer
            .set_remote_description(&offerer.local_description().unwrap())
            .unwrap();
        answerer.set_local_description(None).unwrap();
        offerer
            .set_remote_description(&answerer.local_description().unwrap())
            .unwrap();
    }

    /// A channel that is open on both sides.
    pub(crate) async fn channel(&mut self, label: &str, init: DataChannelInit) -> (DataChannel, DataChannel) {
        let ours = self.offerer.pc.create_data_channel(label, init).unwrap();
        if self.offerer.pc.current_local_description().is_none() {
            self.negotiate();
        }
        let theirs = self.answerer.incoming().await;
        assert!(timeout(PATIENCE, ours.opened()).await.unwrap());
        assert!(timeout(PATIENCE, theirs.opened()).await.unwrap());
        (ours, theirs)
    }
}

/// An offer with one line changed.
pub(crate) fn edited(description: SessionDescription, from: &str, to: &str) -> SessionDescription {
    assert!(
        description.sdp.contains(from),
        "{from} is not in {}",
        description.sdp
    );
    SessionDescription {
        sdp: description.sdp.replace(from, to),
        ..description
    }
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("it took too long")
}
