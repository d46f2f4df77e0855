//! An association as an endpoint of the simulated network, with an application on top.
#![allow(dead_code, unreachable_pub, reason = "every test binary uses a part of it")]

use bytes::Bytes;
use netsim::laws::Side;
use netsim::{Endpoint, Path, Transmit};
use sctp::core::Association;
use sctp::{Config, Event, Message, SendError, SendOptions};
use std::collections::VecDeque;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Sends what it is told, as fast as the buffer takes it, and reads at its own pace.
pub struct Node {
    pub core: Association,
    path: Path,
    window: usize,
    /// Messages to send: stream, length, options. Their content follows from stream and index.
    pub outbox: VecDeque<(u16, usize, SendOptions)>,
    sent: [u32; 16],
    /// `None`: reads at once. Otherwise one message of each stream per interval.
    pub pace: Option<Duration>,
    next_read: Option<Instant>,
    pub received: Vec<(u16, u32, usize)>,
    /// The most that was held for the application and in the send buffer.
    pub peak: usize,
}

/// The content of a message: its index, then a stretch of a fixed pattern that depends on stream and index.
pub fn content(stream_id: u16, index: u32, len: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(len);
    bytes.extend_from_slice(index.to_be_bytes().get(..len.min(4)).unwrap());
    bytes.extend_from_slice(pattern(stream_id, index, bytes.len(), len));
    bytes.into()
}

/// Bytes `from..to` of the pattern of a message.
fn pattern(stream_id: u16, index: u32, from: usize, to: usize) -> &'static [u8] {
    static PATTERN: OnceLock<Vec<u8>> = OnceLock::new();
    let all = PATTERN.get_or_init(|| {
        let mixed = (0..400_000_u32).map(|at| at.wrapping_mul(2_654_435_761));
        mixed.map(|mixed| mixed.to_le_bytes()[3]).collect()
    });
    let start = (index.wrapping_mul(40_503) ^ u32::from(stream_id)) as usize % 100_000;
    &all[start + from..start + to]
}

/// The index in a message, after checking every byte.
fn check(message: &Message) -> u32 {
    let head: [u8; 4] = message.data[..4].try_into().unwrap();
    let index = u32::from_be_bytes(head);
    let expected = pattern(message.stream_id, index, 4, message.data.len());
    assert!(
        message.data[4..] == *expected,
        "message {index} of stream {} is damaged",
        message.stream_id
    );
    index
}

impl Node {
    pub fn new(side: Side, config: &Config, seed: u64) -> Self {
        let mut bytes = [side as u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self {
            core: Association::new(config.clone(), bytes),
            path: side.path(),
            window: config.receive_window,
            outbox: VecDeque::new(),
            sent: [0; 16],
            pace: None,
            next_read: None,
            received: Vec::new(),
            peak: 0,
        }
    }

    pub fn pair(config: &Config, seed: u64) -> [Self; 2] {
        [Side::A, Side::B].map(|side| Self::new(side, config, seed))
    }

    /// What the application does whenever it is awake.
    pub fn work(&mut self, now: Instant) {
        while let Some((stream_id, len, options)) = self.outbox.front().copied() {
            let index = self.sent[usize::from(stream_id)];
            match self
                .core
                .send(now, stream_id, 53, content(stream_id, index, len), &options)
            {
                Ok(()) => {
                    self.outbox.pop_front();
                    self.sent[usize::from(stream_id)] += 1;
                }
                Err(SendError::BufferFull) => break,
                Err(error) => panic!("{error}"),
            }
        }
        match self.pace {
            None => while self.read_one_each() {},
            Some(pace) => {
                if self.next_read.is_none_or(|due| due <= now) {
                    self.read_one_each();
                    self.next_read = Some(now + pace);
                }
            }
        }
        self.peak = self.peak.max(self.footprint());
    }

    fn read_one_each(&mut self) -> bool {
        let mut any = false;
        for stream_id in 0..16 {
            if let Some(message) = self.core.recv(stream_id) {
                self.received
                    .push((stream_id, check(&message), message.data.len()));
                any = true;
            }
        }
        any
    }

    /// The indices received on a stream, in order of arrival.
    pub fn indices(&self, stream_id: u16) -> Vec<u32> {
        let own = self.received.iter().filter(|(id, ..)| *id == stream_id);
        own.map(|(_, index, _)| *index).collect()
    }

    pub fn bytes_received(&self) -> usize {
        self.received.iter().map(|(.., len)| len).sum()
    }
}

impl Endpoint for Node {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, _path: Path, datagram: &mut [u8]) {
        self.core.handle_input(now, datagram);
        self.work(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.core.handle_timeout(now);
        self.work(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        self.core.poll_transmit(now, out)?;
        Some(Transmit {
            path: self.path,
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.core.poll_event()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let reading = self.next_read.filter(|_| self.pace.is_some());
        [self.core.poll_timeout(), reading].into_iter().flatten().min()
    }

    fn footprint(&self) -> usize {
        let stats = self.core.stats();
        (self.window - stats.receive_window.min(self.window)) + stats.send_buffered
    }
}
