//! A frame, from its packets.

use rtp::Packet;
use rtp::payload::{Depacketized, Depacketizer};

/// A frame while it is put together.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) data: Vec<u8>,
    pub(super) timestamp: u32,
    pub(super) is_key_frame: Option<bool>,
    pub(super) packets: u32,
    pub(super) headers: Vec<rtp::Header>,
    pub(super) is_malformed: bool,
    /// Bytes at the end of a unit whose end has not come.
    pub(super) incomplete: usize,
}

impl Frame {
    pub(super) fn add(&mut self, packet: &Packet, depacketizer: &mut dyn Depacketizer) {
        self.timestamp = packet.header.timestamp;
        self.packets += 1;
        if self.is_malformed {
            return;
        }
        match depacketizer.depacketize(&packet.payload, &mut self.data) {
            Ok(Depacketized {
                key_frame,
                incomplete,
                ..
            }) => {
                self.incomplete = incomplete;
                self.is_key_frame = match (self.is_key_frame, key_frame) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (before, None) => before,
                    (_, told) => told,
                };
            }
            Err(_) => self.is_malformed = true,
        }
    }
}
