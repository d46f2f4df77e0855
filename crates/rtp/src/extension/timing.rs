//! video-timing of libwebrtc: what a frame went through before it was sent.

use bytes::BufMut;

use super::{Extension, leading};
use crate::DecodeError;

/// When the stages of sending a frame ended, in milliseconds after its capture. On the last packet of a frame.
///
/// ```
/// use rtp::extension::{Extension, VideoTiming};
///
/// let mut data = Vec::new();
/// VideoTiming { encode_start: 2, encode_finish: 9, packetized: 10, ..VideoTiming::default() }.encode(&mut data);
/// assert!(VideoTiming::write(&mut data, VideoTiming::PACER_EXIT, 25));
/// assert_eq!(VideoTiming::decode(&data)?.pacer_exit, 25);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoTiming {
    /// Why the frame carries this: [`VideoTiming::BY_TIMER`], [`VideoTiming::BY_SIZE`]; other bits are reserved.
    pub flags: u8,
    /// When the encoder began.
    pub encode_start: u16,
    /// When the encoder was done.
    pub encode_finish: u16,
    /// When the frame was cut into packets.
    pub packetized: u16,
    /// When its last packet left the pacer.
    pub pacer_exit: u16,
    /// For those in between, as they like.
    pub network: [u16; 2],
}

impl VideoTiming {
    /// Flag: it was time for one.
    pub const BY_TIMER: u8 = 1;
    /// Flag: the frame is larger than usual.
    pub const BY_SIZE: u8 = 2;
    /// Place in the data of the time at which the last packet left the pacer.
    pub const PACER_EXIT: usize = 7;
    /// Place in the data of the first time that the network may set.
    pub const NETWORK: usize = 9;
    /// Place in the data of the second time that the network may set.
    pub const NETWORK_2: usize = 11;

    const LEN: usize = 13;

    /// Sets one time in the data of an element that is in a packet already, at one of the places above; false, and nothing
    /// changes, when the data does not reach there.
    pub fn write(data: &mut [u8], place: usize, milliseconds: u16) -> bool {
        let place = data.get_mut(place..).and_then(|rest| rest.first_chunk_mut());
        let is_there = place.is_some();
        if let Some(place) = place {
            *place = milliseconds.to_be_bytes();
        }
        is_there
    }
}

impl Extension<'_> for VideoTiming {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/video-timing";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        // The first version had no flags.
        let (flags, times) = match data.split_first() {
            Some((flags, times)) if data.len() >= Self::LEN => (*flags, times),
            Some(_) | None => (0, data),
        };
        let times: [u8; 12] = leading(times)?;
        let [a, b, c, d, e, f] = *times.as_chunks().0 else {
            return Err(DecodeError::new("data of the extension is cut off", data.len()));
        };
        let [encode_start, encode_finish, packetized, pacer_exit] = [a, b, c, d].map(u16::from_be_bytes);
        Ok(Self {
            flags,
            encode_start,
            encode_finish,
            packetized,
            pacer_exit,
            network: [e, f].map(u16::from_be_bytes),
        })
    }

    fn encoded_len(&self) -> usize {
        Self::LEN
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.flags);
        let [first, second] = self.network;
        let sender = [
            self.encode_start,
            self.encode_finish,
            self.packetized,
            self.pacer_exit,
        ];
        for time in sender.into_iter().chain([first, second]) {
            out.put_u16(time);
        }
    }
}
