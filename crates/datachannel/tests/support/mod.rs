//! A node of the simulated network around the core.

use std::time::Instant;

use datachannel::core::{ChannelId, Channels};
use datachannel::{Config, Event, Message, Role};
use netsim::laws::Side;
use netsim::{Endpoint, Path, Transmit};

pub(crate) struct Node {
    pub(crate) core: Channels,
    pub(crate) side: Side,
    /// What was received, with the channel it came on.
    pub(crate) received: Vec<(ChannelId, Message)>,
}

impl Node {
    /// Side A is the DTLS client.
    pub(crate) fn new(side: Side, config: &Config, seed: u64) -> Self {
        let mut bytes = [side as u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut core = Channels::new(config.clone(), bytes);
        core.set_role(match side {
            Side::A => Role::Client,
            Side::B => Role::Server,
        });
        Self {
            core,
            side,
            received: Vec::new(),
        }
    }

    pub(crate) fn pair(config: &Config, seed: u64) -> [Self; 2] {
        Side::BOTH.map(|side| Self::new(side, config, seed))
    }

    /// Receives all there is.
    pub(crate) fn read(&mut self) {
        let ids: Vec<_> = self.core.ids().collect();
        for id in ids {
            while let Some(message) = self.core.recv(id) {
                self.received.push((id, message));
            }
        }
    }

    pub(crate) fn find(&self, label: &str) -> Option<ChannelId> {
        let labelled = |id: &ChannelId| self.core.info(*id).is_some_and(|config| config.label == label);
        self.core.ids().find(labelled)
    }

    /// The messages of a channel as numbers of their first four bytes.
    pub(crate) fn numbers(&self, label: &str) -> Vec<u32> {
        let Some(id) = self.find(label) else {
            return Vec::new();
        };
        let mine = self.received.iter().filter(|(from, _)| *from == id);
        mine.map(|(_, message)| u32::from_be_bytes(message.data[..4].try_into().unwrap()))
            .collect()
    }
}

impl Endpoint for Node {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, _: Path, datagram: &mut [u8]) {
        self.core.handle_input(now, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.core.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        self.core.poll_transmit(now, out)?;
        Some(Transmit {
            path: self.side.path(),
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.core.poll_event()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.core.poll_timeout()
    }

    /// What the association holds of the peer's data, and the channels the peer has made.
    fn footprint(&self) -> usize {
        let window = datachannel::Config::default().sctp.receive_window;
        window.saturating_sub(self.core.association().stats().receive_window) + self.core.ids().count() * 1000
    }
}
