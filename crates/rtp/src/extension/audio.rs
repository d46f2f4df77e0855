//! RFC 6464, RFC 6465: how loud a client and the sources of a mixer are.

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

/// How loud the audio in this packet is (RFC 6464 §3).
///
/// ```text
/// +-+-+-+-+-+-+-+-+
/// |V|   level     |
/// +-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioLevel {
    /// Whether the sender believes that it is speech; meaningless when `vad=off` was negotiated.
    pub voice: bool,
    /// −dBov: 0 is the loudest, 127 silence. Only the low seven bits are written.
    pub level: u8,
}

impl Extension<'_> for AudioLevel {
    const URI: &'static str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [byte] = leading(data)?;
        Ok(Self {
            voice: byte & 0x80 != 0,
            level: byte & 0x7f,
        })
    }

    fn encoded_len(&self) -> usize {
        1
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(u8::from(self.voice) << 7 | self.level & 0x7f);
    }
}

/// How loud each contributing source is in the mix, in the order of the list of CSRCs (RFC 6465 §3).
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0|  level 1    |0|  level 2    |  ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::extension::{Extension, MixerLevels};
/// let levels = MixerLevels::decode(&[20, 0x80 | 127])?;
/// assert_eq!(levels.iter().collect::<Vec<_>>(), [20, 127], "the first bit is reserved");
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MixerLevels<'a>(
    /// −dBov, 0 to 127, of one to 15 sources. Only the low seven bits of each count.
    pub &'a [u8],
);

impl<'a> MixerLevels<'a> {
    /// The levels in −dBov: 0 is the loudest, 127 silence.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> + use<'a> {
        self.0.iter().map(|level| level & 0x7f)
    }
}

impl<'a> Extension<'a> for MixerLevels<'a> {
    const URI: &'static str = "urn:ietf:params:rtp-hdrext:csrc-audio-level";

    fn decode(data: &'a [u8]) -> Result<Self, DecodeError> {
        let [_] = leading(data)?;
        Ok(Self(data))
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut impl BufMut) {
        for level in self.iter() {
            out.put_u8(level);
        }
    }
}
