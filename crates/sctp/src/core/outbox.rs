//! Control chunks waiting to be sent.

use crate::codec::{ChunkKind, Trailing, write_chunk};
use std::collections::VecDeque;

/// Packets with a single chunk and a tag of their own that may wait; further ones are dropped, their sender repeats.
const MAX_ALONE: usize = 4;
/// Bytes of chunks that may wait for bundling; further ones are dropped.
const MAX_BUNDLED: usize = 4096;

/// A chunk that must travel alone (INIT, INIT ACK, SHUTDOWN COMPLETE) or under a tag that is not the association's.
#[derive(Debug)]
pub(super) struct Alone {
    pub(super) tag: u32,
    pub(super) chunk: Vec<u8>,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    alone: VecDeque<Alone>,
    /// Complete chunks, one after the other.
    bundled: Vec<u8>,
    pub(super) cookie_echo: bool,
    pub(super) cookie_ack: bool,
    pub(super) shutdown: bool,
    pub(super) shutdown_ack: bool,
}

impl Outbox {
    /// Queues a packet with a single chunk.
    pub(super) fn push_alone<T: Trailing>(
        &mut self,
        tag: u32,
        kind: ChunkKind,
        flags: u8,
        fill: impl FnOnce(&mut Vec<u8>) -> T,
    ) {
        if self.alone.len() < MAX_ALONE {
            let mut chunk = Vec::new();
            write_chunk(&mut chunk, kind, flags, fill);
            self.alone.push_back(Alone { tag, chunk });
        }
    }

    pub(super) fn pop_alone(&mut self) -> Option<Alone> {
        let alone = self.alone.pop_front();
        if self.alone.is_empty() && self.alone.capacity() > 0 {
            self.alone = VecDeque::new();
        }
        alone
    }

    /// Queues a chunk for the next packet with room.
    pub(super) fn bundle<T: Trailing>(&mut self, kind: ChunkKind, fill: impl FnOnce(&mut Vec<u8>) -> T) {
        let start = self.bundled.len();
        write_chunk(&mut self.bundled, kind, 0, fill);
        if self.bundled.len() > MAX_BUNDLED {
            self.bundled.truncate(start);
        }
    }

    /// Moves waiting chunks to the packet, as many as fit before `end`.
    pub(super) fn write_bundled(&mut self, out: &mut Vec<u8>, end: usize) {
        let mut taken = 0;
        while let Some(len) = chunk_len(self.bundled.get(taken..).unwrap_or_default()) {
            let Some(chunk) = self.bundled.get(taken..taken + len) else {
                break;
            };
            if out.len() + len > end {
                break;
            }
            out.extend_from_slice(chunk);
            taken += len;
        }
        if taken >= self.bundled.len() {
            self.bundled = Vec::new();
        } else if taken > 0 {
            self.bundled.drain(..taken);
        }
    }

    /// Forgets everything but the packets that go alone.
    pub(super) fn clear_bundled(&mut self) {
        let alone = std::mem::take(&mut self.alone);
        *self = Self {
            alone,
            ..Self::default()
        };
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Padded length of the chunk at the start of `bytes`.
fn chunk_len(bytes: &[u8]) -> Option<usize> {
    let [_, _, high, low, ..] = *bytes else {
        return None;
    };
    Some(crate::codec::padded(usize::from(u16::from_be_bytes([high, low]))))
}
