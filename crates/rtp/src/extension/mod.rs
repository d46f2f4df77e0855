//! What the data of header extensions means: a type for each URI that WebRTC negotiates.
//!
//! Decoding is tolerant: reserved bits are ignored, and so is data behind what a type knows, where its specification
//! does not give the length a meaning.

mod audio;
mod color_space;
pub mod dependency;
mod frame_marking;
mod identity;
mod layers;
mod playout;
mod time;
mod timing;
mod transport;

#[cfg(test)]
mod tests;

use bytes::BufMut;

use crate::DecodeError;

pub use audio::{AudioLevel, MixerLevels};
pub use color_space::{Chromaticity, ColorSpace, HdrMetadata};
pub use frame_marking::{FrameMarking, LayerMarking};
pub use identity::{Mid, RepairedRid, Rid};
pub use layers::{LayerResolution, SpatialLayer, VideoLayersAllocation};
pub use playout::{PlayoutDelay, VideoContentType, VideoOrientation};
pub use time::{AbsoluteCaptureTime, AbsoluteSendTime, TransmissionOffset};
pub use timing::VideoTiming;
pub use transport::{FeedbackRequest, TransportSequenceNumber, TransportSequenceNumberV2};

/// What the data of an extension says, for a URI that SDP maps to an id (`a=extmap`, RFC 8285 §5).
///
/// ```
/// use rtp::extension::{Extension, PlayoutDelay};
///
/// let delay = PlayoutDelay::decode(&[0x00, 0xa0, 0x14])?;
/// assert_eq!(delay.max.as_millis(), 200);
/// let mut data = Vec::new();
/// delay.encode(&mut data);
/// assert_eq!(data, [0x00, 0xa0, 0x14]);
///
/// assert!(PlayoutDelay::decode(&[0x00]).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
pub trait Extension<'a>: Sized {
    /// The name under which it is negotiated.
    const URI: &'static str;

    /// Reads the data of an element.
    ///
    /// # Errors
    /// When the data is cut off or cannot mean anything; receivers go on as if the extension were not there.
    fn decode(data: &'a [u8]) -> Result<Self, DecodeError>;

    /// Bytes that [`Extension::encode`] appends, at most 255.
    fn encoded_len(&self) -> usize;

    /// Appends the data of an element: to a `Vec`, or to a slice that has room for it.
    fn encode(&self, out: &mut impl BufMut);
}

/// The first `N` bytes of the data; what follows is ignored.
fn leading<const N: usize>(data: &[u8]) -> Result<[u8; N], DecodeError> {
    data.first_chunk()
        .copied()
        .ok_or(DecodeError::new("data of the extension is cut off", data.len()))
}
