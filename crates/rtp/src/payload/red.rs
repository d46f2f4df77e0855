//! RFC 2198: redundant audio. A payload holds the current frame, and older ones again for receivers that missed them.

use std::collections::VecDeque;

use super::{Depacketized, append};
use crate::DecodeError;

/// The largest distance, in ticks of the RTP clock, of a redundant block from the primary one: 14 bits.
pub const MAX_TIMESTAMP_OFFSET: u32 = 0x3fff;
/// Bytes of the longest redundant block: 10 bits.
pub const MAX_BLOCK_LEN: usize = 0x3ff;
/// Redundant blocks of a payload that an [`Encoder`] sends at most. On the wire there is no limit but the packet's size.
pub const MAX_LEVELS: usize = 9;

/// One encoding of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// The payload type of its format.
    pub payload_type: u8,
    /// Ticks of the RTP clock by which it is older than the packet's timestamp; 0 for the primary one.
    pub timestamp_offset: u16,
    /// Its payload.
    pub data: &'a [u8],
}

/// The blocks of a payload: redundant ones, the oldest first, and the primary one at the end.
///
/// ```text
///  0                   1                    2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |1|   block PT  |  timestamp offset         |   block length    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0|   block PT  |
/// +-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::payload::red::BlocksRef;
///
/// let payload = [0x80 | 111, 0x0f, 0x00, 2, 111, 0xaa, 0xaa, 0xbb];
/// let blocks = BlocksRef::decode(&payload)?;
/// assert_eq!(blocks.primary().data, [0xbb]);
/// let old = blocks.redundant().next().unwrap();
/// assert_eq!((old.payload_type, old.timestamp_offset, old.data), (111, 960, &[0xaa, 0xaa][..]));
///
/// assert!(BlocksRef::decode(&payload[..6]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlocksRef<'a> {
    headers: &'a [[u8; 4]],
    payload_type: u8,
    data: &'a [u8],
    /// Where the primary data begins in `data`.
    primary: usize,
}

impl<'a> BlocksRef<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// When the headers or the redundant data are cut off.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let (headers, _) = payload.as_chunks::<4>();
        let redundant = headers.iter().take_while(|[first, ..]| first & 0x80 != 0).count();
        let headers = headers.get(..redundant).unwrap_or_default();
        let error = DecodeError::new("headers are cut off", payload.len());
        let (last, data) = payload
            .get(4 * redundant..)
            .and_then(<[u8]>::split_first)
            .ok_or(error)?;
        if last & 0x80 != 0 {
            return Err(error);
        }
        let primary = headers.iter().map(block_len).sum();
        if primary > data.len() {
            return Err(DecodeError::new("redundant data is cut off", payload.len()));
        }
        Ok(Self {
            headers,
            payload_type: *last,
            data,
            primary,
        })
    }

    /// The encoding of the packet's own timestamp.
    pub fn primary(&self) -> Block<'a> {
        Block {
            payload_type: self.payload_type,
            timestamp_offset: 0,
            data: self.data.get(self.primary..).unwrap_or_default(),
        }
    }

    /// The older encodings, in the order of the payload.
    pub fn redundant(&self) -> impl ExactSizeIterator<Item = Block<'a>> + use<'a> {
        let mut data = self.data;
        self.headers.iter().map(move |header| {
            let (block, rest) = data.split_at_checked(block_len(header)).unwrap_or_default();
            data = rest;
            let [first, high, low, _] = *header;
            Block {
                payload_type: first & 0x7f,
                timestamp_offset: u16::from_be_bytes([high, low]) >> 2,
                data: block,
            }
        })
    }
}

fn block_len(&[_, _, high, low]: &[u8; 4]) -> usize {
    usize::from(u16::from_be_bytes([high & 3, low]))
}

/// Takes the primary data and leaves the redundant; a jitter buffer wants [`BlocksRef`] instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depacketizer(());

impl Depacketizer {
    /// One without state.
    pub const fn new() -> Self {
        Self(())
    }
}

impl super::Depacketizer for Depacketizer {
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError> {
        let primary = BlocksRef::decode(payload)?.primary();
        Ok(append(primary.data, Some(true), out))
    }

    fn is_frame_start(&self, _payload: &[u8]) -> bool {
        true
    }

    fn is_frame_end(&self, _marker: bool, _payload: &[u8]) -> bool {
        true
    }

    fn is_key_frame(&self, _payload: &[u8]) -> Option<bool> {
        Some(true)
    }
}

/// Adds the last payloads to each new one.
///
/// It remembers at most [`MAX_LEVELS`] payloads of [`MAX_BLOCK_LEN`] bytes.
///
/// ```
/// use rtp::payload::red::{BlocksRef, Encoder, Primary};
///
/// let mut encoder = Encoder::new(1);
/// let mut payload = Vec::new();
/// let first = Primary { payload_type: 111, timestamp: 0, data: b"first" };
/// encoder.encode(first, 1200, &mut payload);
/// payload.clear();
/// let second = Primary { payload_type: 111, timestamp: 960, data: b"second" };
/// encoder.encode(second, 1200, &mut payload);
///
/// let blocks = BlocksRef::decode(&payload)?;
/// assert_eq!(blocks.primary().data, b"second");
/// assert_eq!(blocks.redundant().next().unwrap().data, b"first");
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    levels: usize,
    /// The oldest first.
    history: VecDeque<Sent>,
}

/// The payload that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Primary<'a> {
    /// The payload type of its format.
    pub payload_type: u8,
    /// Its RTP timestamp.
    pub timestamp: u32,
    /// The payload.
    pub data: &'a [u8],
}

#[derive(Clone, Debug, Default)]
struct Sent {
    payload_type: u8,
    timestamp: u32,
    data: Vec<u8>,
}

impl Encoder {
    /// Repeats each payload `levels` times (Chrome: 1), at most [`MAX_LEVELS`].
    pub fn new(levels: usize) -> Self {
        let levels = levels.min(MAX_LEVELS);
        Self {
            levels,
            history: VecDeque::with_capacity(levels),
        }
    }

    /// Appends a RED payload of at most `mtu` bytes to `out`, for this one. What is too
    /// old, too long or does not fit is left out, the oldest first. False when the primary data alone does not fit.
    pub fn encode(&mut self, primary: Primary<'_>, mtu: usize, out: &mut Vec<u8>) -> bool {
        let Primary {
            payload_type,
            timestamp,
            data,
        } = primary;
        let Some(room) = mtu.checked_sub(data.len().saturating_add(1)) else {
            self.remember(payload_type, timestamp, data);
            return false;
        };
        let skip = self.skipped(timestamp, room);
        let old = || self.history.iter().skip(skip);
        for sent in old() {
            let length = u32::try_from(sent.data.len()).unwrap_or_default();
            let offset = timestamp.wrapping_sub(sent.timestamp);
            let header = (1 << 31) | u32::from(sent.payload_type & 0x7f) << 24 | offset << 10 | length;
            out.extend_from_slice(&header.to_be_bytes());
        }
        out.push(payload_type & 0x7f);
        for sent in old() {
            out.extend_from_slice(&sent.data);
        }
        out.extend_from_slice(data);
        self.remember(payload_type, timestamp, data);
        true
    }

    /// Forgets what was sent, as after a pause or a switch of sources.
    pub fn reset(&mut self) {
        self.history.clear();
    }

    /// How many of the oldest payloads are left out.
    fn skipped(&self, timestamp: u32, mut room: usize) -> usize {
        let mut kept = 0;
        for sent in self.history.iter().rev() {
            let offset = timestamp.wrapping_sub(sent.timestamp);
            let Some(left) = room.checked_sub(sent.data.len() + 4) else {
                break;
            };
            if offset > MAX_TIMESTAMP_OFFSET || sent.data.is_empty() {
                break;
            }
            room = left;
            kept += 1;
        }
        self.history.len() - kept
    }

    fn remember(&mut self, payload_type: u8, timestamp: u32, data: &[u8]) {
        if self.levels == 0 {
            return;
        }
        let mut sent = if self.history.len() < self.levels {
            Sent::default()
        } else {
            self.history.pop_front().unwrap_or_default()
        };
        sent.payload_type = payload_type;
        sent.timestamp = timestamp;
        sent.data.clear();
        if data.len() <= MAX_BLOCK_LEN {
            sent.data.extend_from_slice(data);
        }
        self.history.push_back(sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_example() {
        // RFC 2198 §7: 14 bytes of LPC (7) 160 ticks before 84 bytes of DVI4 (5).
        let header = [0x80 | 7, 160 >> 6, (160 & 0x3f) << 2, 14, 5];
        let payload = [&header[..], &[0xaa; 14], &[0xbb; 84]].concat();
        let blocks = BlocksRef::decode(&payload).unwrap();
        assert_eq!(blocks.primary().payload_type, 5);
        assert_eq!(blocks.primary().data, [0xbb; 84]);
        let old: Vec<_> = blocks.redundant().collect();
        assert_eq!(old.len(), 1);
        assert_eq!((old[0].payload_type, old[0].timestamp_offset), (7, 160));
        assert_eq!(old[0].data, [0xaa; 14]);
        for len in 0..5 + 14 {
            assert!(BlocksRef::decode(&payload[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn a_payload_without_redundancy_is_two_bytes_at_least() {
        let blocks = BlocksRef::decode(&[96, 1]).unwrap();
        assert_eq!(
            (blocks.primary().payload_type, blocks.primary().data),
            (96, &[1][..])
        );
        assert_eq!(blocks.redundant().len(), 0);
    }

    fn encode(encoder: &mut Encoder, timestamp: u32, data: &[u8], mtu: usize) -> Vec<(u16, Vec<u8>)> {
        let mut out = Vec::new();
        let primary = Primary {
            payload_type: 111,
            timestamp,
            data,
        };
        if !encoder.encode(primary, mtu, &mut out) {
            return Vec::new();
        }
        assert!(out.len() <= mtu);
        let blocks = BlocksRef::decode(&out).unwrap();
        let blocks = blocks.redundant().chain([blocks.primary()]);
        blocks
            .map(|block| (block.timestamp_offset, block.data.to_vec()))
            .collect()
    }

    fn lengths(blocks: &[(u16, Vec<u8>)]) -> Vec<(u16, usize)> {
        blocks
            .iter()
            .map(|(offset, data)| (*offset, data.len()))
            .collect()
    }

    #[test]
    fn repeats_as_often_as_asked() {
        let mut encoder = Encoder::new(2);
        let start = u32::MAX - 1000;
        for n in 0..5u8 {
            let data = vec![n; 10];
            let blocks = encode(&mut encoder, start.wrapping_add(960 * u32::from(n)), &data, 1200);
            let offsets: Vec<_> = blocks.iter().map(|(offset, _)| *offset).collect();
            assert_eq!(offsets, [1920, 960, 0][2 - usize::from(n).min(2)..]);
            assert_eq!(blocks.last().unwrap().1, data);
        }
    }

    #[test]
    fn leaves_out_what_does_not_fit() {
        let mut encoder = Encoder::new(3);
        encode(&mut encoder, 0, &[1; 100], 1200);
        encode(&mut encoder, 960, &[2; 1024], 1200);
        assert_eq!(
            lengths(&encode(&mut encoder, 1920, &[3; 100], 1200)),
            [(0, 100)],
            "too long"
        );
        assert_eq!(
            lengths(&encode(&mut encoder, 2880, &[4; 100], 1200)),
            [(960, 100), (0, 100)]
        );
        assert_eq!(
            lengths(&encode(&mut encoder, 3840, &[5; 100], 309)),
            [(1920, 100), (960, 100), (0, 100)]
        );
        assert_eq!(
            lengths(&encode(&mut encoder, 4800, &[6; 100], 308)),
            [(960, 100), (0, 100)]
        );
        assert_eq!(
            lengths(&encode(&mut encoder, 4800 + 0x4000, &[7; 100], 308)),
            [(0, 100)],
            "too old"
        );
        assert_eq!(
            encode(&mut encoder, 0, &[8; 100], 100),
            [],
            "the primary alone is too long"
        );
        encoder.reset();
        assert_eq!(lengths(&encode(&mut encoder, 960, &[9; 9], 1200)), [(0, 9)]);
    }
}
