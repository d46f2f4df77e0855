//! Data channels: DCEP, and two ends of an association with channels.

use std::time::{Duration, Instant};

use bytes::Bytes;
use datachannel::core::{ChannelId, Channels};
use datachannel::{ChannelConfig, Config, Event, Kind, Reliability, Role};

use crate::duel::{Core, Script, duel};
use crate::sctp_targets::seal;

/// A DCEP message.
///
/// # Panics
/// When a law is broken.
pub fn datachannel_dcep(data: &[u8]) {
    let _ = datachannel::dcep::MessageRef::decode(data);
}

struct Node {
    core: Channels,
    known: Vec<ChannelId>,
}

/// Small, so that a script can fill them.
const RECEIVE_WINDOW: usize = 16 * 1024;
const MAX_MESSAGE: usize = 4 * 1024;
const MAX_CHANNELS: usize = 16;

const EARLY_DATA: usize = 4 * 1024;

/// Closed channels that are remembered, with their names.
const REMEMBERED: usize = 64;

impl Core for Node {
    /// The association's three windows, the inboxes' one, and for each channel its names and a message in pieces.
    const FOOTPRINT: usize =
        4 * RECEIVE_WINDOW + EARLY_DATA + 2 * (MAX_CHANNELS + REMEMBERED + 4) * (MAX_MESSAGE + 128);

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]) {
        self.core.handle_input(now, packet);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.core.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.core.poll_transmit(now, out).is_some()
    }

    fn poll_event(&mut self, _now: Instant) -> bool {
        match self.core.poll_event() {
            Some(Event::Incoming(id)) => {
                self.known.push(id);
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.core.poll_timeout()
    }

    fn command(&mut self, now: Instant, script: &mut Script<'_>) {
        let choice = script.byte();
        let index = usize::from(script.byte()) % self.known.len().max(1);
        let known = self.known.get(index).copied();
        match (choice % 16, known) {
            (0..=3, _) | (4..=11, None) => self.open(now, script),
            (4..=8, Some(id)) => {
                let kind = if script.flag() { Kind::Text } else { Kind::Binary };
                let length = usize::from(script.short()) % 5000;
                let _ = self.core.send(now, id, kind, Bytes::from(vec![b'a'; length]));
            }
            (9, Some(id)) => while self.core.recv(id).is_some() {},
            (10, Some(id)) => self.core.close(now, id),
            (11, Some(id)) => self.core.forget(id),
            (12, Some(id)) => self
                .core
                .set_buffered_amount_low_threshold(id, usize::from(script.short())),
            (13, _) => self
                .core
                .set_role(if script.flag() { Role::Client } else { Role::Server }),
            (14, _) => self.core.shutdown(now),
            (12, None) | (15.., _) => self.core.abort(now, "fuzz"),
        }
    }

    fn seal(&self, packet: &mut Vec<u8>) {
        seal(packet);
    }

    fn footprint(&self) -> usize {
        self.core.held_bytes()
    }
}

impl Node {
    fn open(&mut self, now: Instant, script: &mut Script<'_>) {
        let kind = script.byte();
        let reliability = match kind & 3 {
            0 | 1 => Reliability::Reliable,
            2 => Reliability::Retransmits((kind >> 5).into()),
            _ => Reliability::Lifetime(Duration::from_millis(u64::from(kind))),
        };
        let length = usize::from(script.byte() & 7);
        let config = ChannelConfig {
            ordered: kind & 4 == 0,
            reliability,
            negotiated: (kind & 8 != 0).then(|| u16::from(script.byte() & 15)),
            ..ChannelConfig::new(script.text(length))
        };
        self.known.extend(self.core.open(now, config));
    }
}

/// Two ends with channels, and whatever happens between them.
///
/// # Panics
/// When a law is broken.
pub fn datachannel_channels(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let mut config = Config {
        max_channels: MAX_CHANNELS,
        early_data: EARLY_DATA,
        ..Config::default()
    };
    config.sctp.receive_window = RECEIVE_WINDOW;
    config.sctp.max_message_size = MAX_MESSAGE;
    let mut nodes = [1, 2].map(|side| Node {
        core: Channels::new(config.clone(), [side; 32]),
        known: Vec::new(),
    });
    let now = Instant::now();
    let [a, b] = &mut nodes;
    a.core.set_role(Role::Client);
    if choice & 1 == 0 {
        b.core.set_role(Role::Server);
    }
    a.core.connect(now);
    if choice & 2 == 0 {
        b.core.connect(now);
    }
    duel(nodes, data);
}
