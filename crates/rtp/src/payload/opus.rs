//! RFC 7587: Opus in RTP, one Opus packet a payload; and RFC 6716 §3, how an Opus packet is put together, as far as one needs it
//! without a decoder: how long it lasts, what it holds.

use super::reader::Reader;
use super::{Payloads, PlainDepacketizer};
use crate::DecodeError;

/// Ticks of the RTP clock in a second, whatever the audio was sampled at (RFC 7587 §4.1).
pub const CLOCK_RATE: u32 = 48_000;
/// Ticks of the longest packet: 120 ms.
pub const MAX_DURATION: u32 = 5760;
/// Bytes of the longest frame in a packet (RFC 6716 §3.2.1).
pub const MAX_FRAME_LEN: usize = 1275;

/// One Opus packet, one payload. A packet longer than the MTU cannot be cut: nothing comes out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packetizer(());

impl Packetizer {
    /// One without state.
    pub const fn new() -> Self {
        Self(())
    }
}

impl super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        out.clear();
        if !frame.is_empty() && frame.len() <= mtu {
            out.push(&[frame]);
        }
    }
}

/// Takes payloads as they are.
pub type Depacketizer = PlainDepacketizer;

/// How a packet was encoded (RFC 6716 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Speech.
    Silk,
    /// Speech with music's high frequencies.
    Hybrid,
    /// Music and low delay.
    Celt,
}

/// The audio bandwidth (RFC 6716 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bandwidth {
    /// 4 kHz.
    Narrowband,
    /// 6 kHz.
    Mediumband,
    /// 8 kHz.
    Wideband,
    /// 12 kHz.
    SuperWideband,
    /// 20 kHz.
    Fullband,
}

/// The first byte of a packet, its table of contents (RFC 6716 §3.1).
///
/// ```text
///  0 1 2 3 4 5 6 7
/// +-+-+-+-+-+-+-+-+
/// | config  |s| c |
/// +-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Toc(pub u8);

impl Toc {
    /// The configuration number, 0 to 31.
    pub const fn configuration(self) -> u8 {
        self.0 >> 3
    }

    /// How the frames are encoded.
    pub const fn mode(self) -> Mode {
        match self.configuration() {
            0..=11 => Mode::Silk,
            12..=15 => Mode::Hybrid,
            _ => Mode::Celt,
        }
    }

    /// The audio bandwidth of the frames.
    pub const fn bandwidth(self) -> Bandwidth {
        match self.configuration() {
            0..=3 | 16..=19 => Bandwidth::Narrowband,
            4..=7 => Bandwidth::Mediumband,
            8..=11 | 20..=23 => Bandwidth::Wideband,
            12..=13 | 24..=27 => Bandwidth::SuperWideband,
            _ => Bandwidth::Fullband,
        }
    }

    /// Ticks of the RTP clock that one frame lasts: 120 (2.5 ms) to 2880 (60 ms).
    pub const fn frame_duration(self) -> u32 {
        match (self.mode(), self.configuration() & 3) {
            (Mode::Silk, 3) => 2880,
            (Mode::Silk, size) => 480 << size,
            (Mode::Hybrid, size) => 480 << (size & 1),
            (Mode::Celt, size) => 120 << size,
        }
    }

    /// Whether there are two channels.
    pub const fn is_stereo(self) -> bool {
        self.0 & 4 != 0
    }
}

/// An Opus packet that keeps the rules of RFC 6716 §3.4.
///
/// ```
/// use rtp::payload::opus::{Mode, PacketRef};
///
/// // Two FB mono 5 ms CELT frames of the same size (RFC 6716 §3.3).
/// let packet = PacketRef::decode(&[29 << 3 | 1, 0xaa, 0xbb])?;
/// assert_eq!(packet.duration(), 480);
/// assert_eq!(packet.toc().mode(), Mode::Celt);
/// assert_eq!(packet.frames().collect::<Vec<_>>(), [[0xaa], [0xbb]]);
///
/// assert!(PacketRef::decode(&[29 << 3 | 1, 0xaa]).is_err(), "halves are not equal");
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketRef<'a> {
    toc: Toc,
    count: u8,
    sizes: Sizes<'a>,
    data: &'a [u8],
}

/// The sizes of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sizes<'a> {
    /// All of one size.
    Equal(usize),
    /// All but the last as coded there.
    Coded(&'a [u8]),
}

impl<'a> PacketRef<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it breaks one of the rules R1 to R7; such packets are not Opus as we know it.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let toc = Toc(reader.u8()?); // R1
        let (count, sizes, data) = match toc.0 & 3 {
            0 => (1, Sizes::Equal(reader.rest().len()), reader.rest()),
            1 => equal(&reader, 2, reader.rest())?, // R3
            2 => coded(&mut reader, 2, 0)?,
            _ => arbitrary(&mut reader, toc)?,
        };
        let packet = Self {
            toc,
            count,
            sizes,
            data,
        };
        if packet.frames().any(|frame| frame.len() > MAX_FRAME_LEN) {
            return Err(DecodeError::new("a frame is longer than 1275 bytes", 0)); // R2
        }
        Ok(packet)
    }

    /// The table of contents.
    pub const fn toc(&self) -> Toc {
        self.toc
    }

    /// How many frames there are, 1 to 48.
    pub const fn frame_count(&self) -> u8 {
        self.count
    }

    /// Ticks of the RTP clock that the packet lasts, 120 to 5760.
    pub fn duration(&self) -> u32 {
        self.toc.frame_duration() * u32::from(self.count)
    }

    /// The compressed frames; an empty one was not transmitted.
    pub const fn frames(&self) -> Frames<'a> {
        Frames {
            left: self.count,
            sizes: self.sizes,
            data: self.data,
        }
    }

    /// Whether all frames are empty or of one byte: the encoder had nothing to say (discontinuous transmission).
    pub fn is_silence(&self) -> bool {
        self.frames().all(|frame| frame.len() <= 1)
    }
}

type Layout<'a> = (u8, Sizes<'a>, &'a [u8]);

/// `count` frames of one size.
fn equal<'a>(reader: &Reader<'a>, count: u8, data: &'a [u8]) -> Result<Layout<'a>, DecodeError> {
    if !data.len().is_multiple_of(usize::from(count)) {
        return Err(reader.error("frames are not of equal size"));
    }
    Ok((count, Sizes::Equal(data.len() / usize::from(count)), data))
}

/// `count` frames, all but the last with their sizes in front; `padding` bytes at the end are none of them.
fn coded<'a>(reader: &mut Reader<'a>, count: u8, padding: usize) -> Result<Layout<'a>, DecodeError> {
    let before = reader.rest();
    let mut total = 0;
    for _ in 1..count {
        total += frame_len(reader)?;
    }
    let after = reader.rest().len();
    let sizes = before
        .get(..before.len().saturating_sub(after))
        .unwrap_or_default();
    let data = after
        .checked_sub(padding)
        .and_then(|len| reader.rest().get(..len));
    let data = data.ok_or(reader.error("more padding than packet"))?;
    if total > data.len() {
        return Err(reader.error("frames are longer than the packet")); // R4, R7
    }
    Ok((count, Sizes::Coded(sizes), data))
}

/// Code 3: a signalled number of frames (RFC 6716 §3.2.5).
fn arbitrary<'a>(reader: &mut Reader<'a>, toc: Toc) -> Result<Layout<'a>, DecodeError> {
    let frames = reader.u8()?;
    let count = frames & 0x3f;
    if count == 0 || toc.frame_duration() * u32::from(count) > MAX_DURATION {
        return Err(reader.error("no frame, or more than 120 ms")); // R5
    }
    let mut padding = 0;
    if frames & 0x40 != 0 {
        loop {
            match reader.u8()? {
                255 => padding += 254,
                last => break padding += usize::from(last),
            }
        }
    }
    if frames & 0x80 != 0 {
        return coded(reader, count, padding);
    }
    let data = reader.rest();
    let data = data.len().checked_sub(padding).and_then(|len| data.get(..len));
    equal(
        reader,
        count,
        data.ok_or(reader.error("more padding than packet"))?,
    ) // R6
}

/// RFC 6716 §3.2.1.
fn frame_len(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    let first = usize::from(reader.u8()?);
    Ok(if first < 252 {
        first
    } else {
        first + 4 * usize::from(reader.u8()?)
    })
}

/// The frames of a packet.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    left: u8,
    sizes: Sizes<'a>,
    data: &'a [u8],
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let len = match &mut self.sizes {
            Sizes::Equal(len) => *len,
            Sizes::Coded(_) if self.left == 0 => self.data.len(),
            Sizes::Coded(sizes) => {
                let mut reader = Reader::new(sizes);
                let len = frame_len(&mut reader).ok()?;
                *sizes = reader.rest();
                len
            }
        };
        let (frame, rest) = self.data.split_at_checked(len)?;
        self.data = rest;
        Some(frame)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Frames<'_> {}

#[cfg(test)]
mod tests;
