//! The format chunk, and samples in each encoding.

use rtp::payload::g711;
use std::time::Duration;

const EXTENSIBLE: u16 = 0xfffe;
/// What follows the format's number in the extensible form.
const SUBTYPE: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Eight bits without sign.
    Pcm8,
    /// Sixteen bits, the usual ones. RTP's L16 has them big-endian: see `rtp::payload::l16`.
    Pcm16,
    /// Twenty-four bits.
    Pcm24,
    /// Thirty-two bits.
    Pcm32,
    /// Floats from −1 to 1.
    Float32,
    /// G.711 A-law: RTP's PCMA.
    ALaw,
    /// G.711 µ-law: RTP's PCMU.
    MuLaw,
}

impl Encoding {
    /// Bytes of a sample.
    pub const fn sample_len(self) -> u16 {
        match self {
            Self::Pcm8 | Self::ALaw | Self::MuLaw => 1,
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
            Self::Pcm32 | Self::Float32 => 4,
        }
    }

    /// The number of the format.
    const fn tag(self) -> u16 {
        match self {
            Self::Pcm8 | Self::Pcm16 | Self::Pcm24 | Self::Pcm32 => 1,
            Self::Float32 => 3,
            Self::ALaw => 6,
            Self::MuLaw => 7,
        }
    }

    const fn from_tag(tag: u16, bits: u16) -> Option<Self> {
        Some(match (tag, bits) {
            (1, 8) => Self::Pcm8,
            (1, 16) => Self::Pcm16,
            (1, 24) => Self::Pcm24,
            (1, 32) => Self::Pcm32,
            (3, 32) => Self::Float32,
            (6, 8) => Self::ALaw,
            (7, 8) => Self::MuLaw,
            _ => return None,
        })
    }

    /// A stored sample as sixteen bits.
    pub(super) fn decode(self, bytes: &[u8]) -> i16 {
        match (self, bytes) {
            (Self::Pcm8, [a]) => i16::from_le_bytes([0, a ^ 0x80]),
            (Self::ALaw, [a]) => g711::decode_alaw(*a),
            (Self::MuLaw, [a]) => g711::decode_ulaw(*a),
            (Self::Float32, [a, b, c, d]) => from_float(f32::from_le_bytes([*a, *b, *c, *d])),
            (_, [.., a, b]) => i16::from_le_bytes([*a, *b]),
            _ => 0,
        }
    }

    pub(super) fn encode(self, sample: i16, out: &mut Vec<u8>) {
        let [low, high] = sample.to_le_bytes();
        match self {
            Self::Pcm8 => out.push(high ^ 0x80),
            Self::Pcm16 => out.extend_from_slice(&[low, high]),
            Self::Pcm24 => out.extend_from_slice(&[0, low, high]),
            Self::Pcm32 => out.extend_from_slice(&[0, 0, low, high]),
            Self::Float32 => out.extend_from_slice(&(f32::from(sample) / 32_768.0).to_le_bytes()),
            Self::ALaw => out.push(g711::encode_alaw(sample)),
            Self::MuLaw => out.push(g711::encode_ulaw(sample)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
fn from_float(value: f32) -> i16 {
    (value * 32_768.0).round() as i16
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// How a sample is stored.
    pub encoding: Encoding,
    /// Channels, at least 1; their samples take turns.
    pub channels: u16,
    /// Samples per second and channel, at least 1.
    pub sample_rate: u32,
}

impl Format {
    /// Bytes of one sample of every channel.
    pub fn frame_len(&self) -> usize {
        usize::from(self.encoding.sample_len()) * usize::from(self.channels)
    }

    /// Samples per channel that pass in so much time, rounded down: 160 for 20 ms of telephone sound.
    pub fn frames_in(&self, duration: Duration) -> usize {
        let frames = duration.as_nanos() * u128::from(self.sample_rate) / 1_000_000_000;
        usize::try_from(frames).unwrap_or(usize::MAX)
    }

    pub(super) fn check(self) -> Option<Self> {
        let len = u16::try_from(self.frame_len());
        (self.channels > 0 && self.sample_rate > 0 && len.is_ok()).then_some(self)
    }

    pub(super) fn decode(chunk: &[u8]) -> Option<Self> {
        let field = |at: usize| {
            let bytes = chunk.get(at..at + 2)?;
            Some(u16::from_le_bytes(bytes.try_into().ok()?))
        };
        let tag = match field(0)? {
            EXTENSIBLE if chunk.get(26..40)? == SUBTYPE => field(24)?,
            tag => tag,
        };
        let rate = chunk.get(4..8)?.try_into().ok()?;
        let format = Self {
            encoding: Encoding::from_tag(tag, field(14)?)?,
            channels: field(2)?,
            sample_rate: u32::from_le_bytes(rate),
        };
        let has_gaps = usize::from(field(12)?) != format.frame_len();
        format.check().filter(|_| !has_gaps)
    }

    /// The format chunk's content: 16 bytes for plain PCM, 40 where players ask for the extensible form, and 18 for all else.
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self {
            encoding,
            channels,
            sample_rate,
        } = *self;
        let frame = u16::try_from(self.frame_len()).unwrap_or(u16::MAX);
        let bits = 8 * encoding.sample_len();
        let is_extensible = channels > 2 || matches!(encoding, Encoding::Pcm24 | Encoding::Pcm32);
        let mut chunk = Vec::with_capacity(40);
        chunk.extend_from_slice(&if is_extensible { EXTENSIBLE } else { encoding.tag() }.to_le_bytes());
        chunk.extend_from_slice(&channels.to_le_bytes());
        chunk.extend_from_slice(&sample_rate.to_le_bytes());
        chunk.extend_from_slice(&sample_rate.wrapping_mul(frame.into()).to_le_bytes());
        chunk.extend_from_slice(&frame.to_le_bytes());
        chunk.extend_from_slice(&bits.to_le_bytes());
        if is_extensible {
            chunk.extend_from_slice(&22_u16.to_le_bytes());
            chunk.extend_from_slice(&bits.to_le_bytes());
            chunk.extend_from_slice(&[0; 4]); // no channel has a place
            chunk.extend_from_slice(&encoding.tag().to_le_bytes());
            chunk.extend_from_slice(&SUBTYPE);
        } else if encoding.tag() != 1 {
            chunk.extend_from_slice(&[0, 0]);
        }
        chunk
    }
}
