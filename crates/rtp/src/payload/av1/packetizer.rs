//! Payload format §5: cutting temporal units.

use super::super::Payloads;
use super::obu::{HAS_SIZE, ObuType, leb128_len, obus, write_leb128};
use super::payload::AggregationHeader;
use crate::DecodeError;

/// The shortest fragment that is put behind other elements; a shorter one costs more than it saves.
const MIN_FRAGMENT: usize = 16;
/// Elements that the aggregation header can count.
const MAX_COUNT: usize = 3;

/// Cuts temporal units: payloads are filled with OBUs of one frame, which are cut where a payload is full. Nothing comes out of
/// bytes that are not OBUs.
///
/// ```
/// use rtp::payload::av1::{PayloadRef, Packetizer};
/// use rtp::payload::{Packetizer as _, Payloads};
///
/// let temporal_unit = [0x12, 0, 0x0a, 1, 0x00, 0x32, 3, 0x10, 0xaa, 0xbb]; // delimiter, sequence header, key frame
/// let (mut packetizer, mut payloads) = (Packetizer::new(), Payloads::new());
/// packetizer.packetize(&temporal_unit, 1200, &mut payloads);
/// assert_eq!(payloads.iter().collect::<Vec<_>>(), [[0x28, 2, 0x08, 0x00, 0x30, 0x10, 0xaa, 0xbb]]);
///
/// packetizer.packetize(&temporal_unit[..9], 1200, &mut payloads);
/// assert!(payloads.is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Packetizer {
    obus: Vec<Obu>,
    /// What the next payload holds.
    pieces: Vec<Piece>,
}

/// An OBU of the temporal unit, as it is sent: without its size.
#[derive(Clone, Copy, Debug)]
struct Obu {
    header: [u8; 2],
    header_len: usize,
    /// Where its payload lies in the temporal unit.
    start: usize,
    len: usize,
}

/// A part of an OBU.
#[derive(Clone, Copy, Debug)]
struct Piece {
    obu: Obu,
    offset: usize,
    len: usize,
}

impl Obu {
    const fn sent_len(&self) -> usize {
        self.header_len + self.len
    }

    /// The byte that tells the layer.
    fn layer(&self) -> Option<u8> {
        let [_, extension] = self.header;
        (self.header_len == 2).then_some(extension)
    }
}

/// Where frames begin within a temporal unit: packets do not reach from one into another (§1), nor from one layer into another
/// (§5).
#[derive(Debug, Default)]
struct Frames {
    layer: Option<u8>,
    has_begun: bool,
}

impl Frames {
    /// Whether the next frame begins with this OBU.
    fn next_begins_with(&mut self, obu: &Obu) -> bool {
        let [first, _] = obu.header;
        let kind = ObuType::of(first);
        let is_other_layer = obu.layer().is_some() && self.layer.is_some() && obu.layer() != self.layer;
        let is_part = matches!(
            kind,
            ObuType::TILE_GROUP | ObuType::REDUNDANT_FRAME_HEADER | ObuType::PADDING
        );
        let begins = is_other_layer || self.has_begun && !is_part;
        if begins {
            self.has_begun = false;
        }
        self.layer = obu.layer().or(self.layer);
        self.has_begun |= matches!(kind, ObuType::FRAME | ObuType::FRAME_HEADER);
        begins
    }
}

impl Piece {
    fn write(&self, frame: &[u8], out: &mut Vec<u8>) {
        let Obu {
            header,
            header_len,
            start,
            ..
        } = self.obu;
        let from_header = header_len.saturating_sub(self.offset).min(self.len);
        if from_header != 0 {
            out.extend_from_slice(
                header
                    .get(self.offset..self.offset + from_header)
                    .unwrap_or_default(),
            );
        }
        let start = start + self.offset.saturating_sub(header_len);
        let end = start + self.len - from_header;
        out.extend_from_slice(frame.get(start..end).unwrap_or_default());
    }

    const fn len_with_size(&self) -> usize {
        leb128_len(self.len) + self.len
    }
}

impl Packetizer {
    /// One without state but its memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds the OBUs to send; true when a coded video sequence begins.
    fn parse(&mut self, frame: &[u8]) -> Result<bool, DecodeError> {
        self.obus.clear();
        let (mut has_sequence, mut is_key) = (false, None);
        let mut unread = obus(frame);
        while let Some(obu) = unread.next().transpose()? {
            if !obu.obu_type().is_sent() {
                continue;
            }
            if obu.obu_type() == ObuType::SEQUENCE_HEADER {
                has_sequence = true;
            } else {
                is_key = is_key.or(obu.is_key_frame());
            }
            self.obus.push(Obu {
                header: [obu.first & !HAS_SIZE, obu.extension.unwrap_or(0)],
                header_len: 1 + usize::from(obu.extension.is_some()),
                start: unread.offset() - obu.payload.len(),
                len: obu.payload.len(),
            });
        }
        Ok(has_sequence && is_key == Some(true))
    }

    /// How many bytes of another element fit behind those that wait.
    fn room(&self, mtu: usize) -> usize {
        let used: usize = self.pieces.iter().map(Piece::len_with_size).sum();
        let room = mtu.saturating_sub(1 + used);
        if self.pieces.len() < MAX_COUNT {
            room // the last one has no length
        } else {
            room.saturating_sub(leb128_len(room))
        }
    }

    /// Makes a payload of the elements that wait.
    fn flush(&mut self, frame: &[u8], new_sequence: bool, out: &mut Payloads) {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else {
            return;
        };
        let count = self.pieces.len();
        let header = AggregationHeader {
            continues: first.offset != 0,
            is_continued: last.offset + last.len < last.obu.sent_len(),
            count: u8::try_from(count)
                .ok()
                .filter(|_| count <= MAX_COUNT)
                .unwrap_or(0),
            new_sequence: new_sequence && out.is_empty(),
        };
        let buffer = out.buffer();
        buffer.push(header.to_byte());
        for (index, piece) in self.pieces.iter().enumerate() {
            if header.count == 0 || index + 1 < count {
                write_leb128(piece.len, buffer);
            }
            piece.write(frame, buffer);
        }
        out.close(0);
        self.pieces.clear();
    }
}

impl super::super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        out.clear();
        self.pieces.clear();
        let Ok(new_sequence) = self.parse(frame) else {
            return;
        };
        if mtu < 2 {
            return;
        }
        let obus = std::mem::take(&mut self.obus);
        let mut frames = Frames::default();
        for obu in &obus {
            if frames.next_begins_with(obu) {
                self.flush(frame, new_sequence, out);
            }
            let mut offset = 0;
            while offset < obu.sent_len() {
                let left = obu.sent_len() - offset;
                let room = self.room(mtu);
                if left > room && room < MIN_FRAGMENT && !self.pieces.is_empty() {
                    self.flush(frame, new_sequence, out);
                    continue;
                }
                let len = left.min(room);
                self.pieces.push(Piece {
                    obu: *obu,
                    offset,
                    len,
                });
                offset += len;
                if len < left {
                    self.flush(frame, new_sequence, out);
                }
            }
        }
        self.flush(frame, new_sequence, out);
        self.obus = obus;
    }
}
