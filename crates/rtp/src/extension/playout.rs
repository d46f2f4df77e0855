//! 3GPP TS 26.114 §7.4.5 (CVO), playout-delay and video-content-type of libwebrtc: how video is to be shown.

use std::time::Duration;

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

/// How the camera was held (coordination of video orientation). On the last packet of a key frame, and of each frame that
/// changes it.
///
/// ```text
/// +-+-+-+-+-+-+-+-+
/// |0 0 0 0|C|F|R R|
/// +-+-+-+-+-+-+-+-+
/// ```
///
/// ```
/// use rtp::extension::{Extension, VideoOrientation};
/// let orientation = VideoOrientation::decode(&[0b1001])?;
/// assert_eq!((orientation.is_back_camera, orientation.clockwise_degrees()), (true, 90));
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoOrientation {
    /// Whether the camera faces away from the user (C).
    pub is_back_camera: bool,
    /// Whether the picture was mirrored horizontally (F); the flip is undone before the rotation.
    pub is_flipped: bool,
    /// Quarter turns clockwise that put the picture upright (R). Only the low two bits count.
    pub quarter_turns: u8,
}

impl VideoOrientation {
    /// How far the receiver turns the picture clockwise: 0, 90, 180 or 270 degrees.
    pub const fn clockwise_degrees(self) -> u16 {
        90 * (self.quarter_turns & 3) as u16
    }
}

impl Extension<'_> for VideoOrientation {
    const URI: &'static str = "urn:3gpp:video-orientation";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [byte] = leading(data)?;
        Ok(Self {
            is_back_camera: byte & 8 != 0,
            is_flipped: byte & 4 != 0,
            quarter_turns: byte & 3,
        })
    }

    fn encoded_len(&self) -> usize {
        1
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(
            u8::from(self.is_back_camera) << 3 | u8::from(self.is_flipped) << 2 | self.quarter_turns & 3,
        );
    }
}

/// Between which delays from capture to display the receiver may choose.
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |       MIN delay       |       MAX delay       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutDelay {
    /// Written in steps of 10 ms, rounded down, up to [`PlayoutDelay::LIMIT`]. Zero with a `max` of zero: as soon as possible.
    pub min: Duration,
    /// The same for the longest delay.
    pub max: Duration,
}

impl PlayoutDelay {
    /// The longest delay that can be written, 40.95 seconds.
    pub const LIMIT: Duration = Duration::from_millis(40_950);

    fn steps(delay: Duration) -> u32 {
        // At most 4,095 after the limit.
        u32::try_from(delay.min(Self::LIMIT).as_millis() / 10).unwrap_or(0xfff)
    }
}

impl Extension<'_> for PlayoutDelay {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let [a, b, c] = leading(data)?;
        let both = u32::from_be_bytes([0, a, b, c]);
        let delay = |steps: u32| Duration::from_millis(10 * u64::from(steps));
        Ok(Self {
            min: delay(both >> 12),
            max: delay(both & 0xfff),
        })
    }

    fn encoded_len(&self) -> usize {
        3
    }

    fn encode(&self, out: &mut impl BufMut) {
        let [_, low @ ..] = (Self::steps(self.min) << 12 | Self::steps(self.max)).to_be_bytes();
        out.put_slice(&low);
    }
}

/// What the video shows. On the last packet of a key frame; without it the content is unspecified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoContentType {
    /// Whether it is a shared screen: crisp text before smooth motion.
    pub is_screenshare: bool,
}

impl Extension<'_> for VideoContentType {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        // Older senders put the number of an experiment and of a simulcast stream into the other bits.
        let [byte] = leading(data)?;
        Ok(Self {
            is_screenshare: byte & 1 != 0,
        })
    }

    fn encoded_len(&self) -> usize {
        1
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.is_screenshare.into());
    }
}
