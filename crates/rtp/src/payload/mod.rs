//! Payload formats: how an encoded frame travels in RTP payloads, and back.
//!
//! A [`Packetizer`] cuts one frame into [`Payloads`], a [`Depacketizer`] appends one payload to the frame it belongs to. Each
//! format has a module with its descriptors as typed values. Video frames are H.264 and H.265 access units with start codes
//! (Annex B), AV1 temporal units with sizes (low-overhead format), VP8 and VP9 frames as they are.
//!
//! What a peer sends never makes a format remember more than this: a unit in fragments has at most [`MAX_UNIT_LEN`] bytes, and it
//! lies in the caller's frame. On the sending side, parameter sets to repeat have 4 KiB, and [`red`] keeps nine payloads of 1,023
//! bytes.

mod audio;
mod nal;
mod payloads;
mod picture_id;
mod reader;
mod running;

pub mod av1;
pub mod comfort_noise;
pub mod g711;
pub mod g722;
pub mod h264;
pub mod h265;
pub mod l16;
pub mod opus;
pub mod red;
pub mod rtx;
pub mod telephone_event;
pub mod vp8;
pub mod vp9;

use std::fmt::Debug;

use crate::DecodeError;

pub use audio::{PlainDepacketizer, SamplePacketizer};
pub use payloads::Payloads;
pub use picture_id::PictureId;

/// Bytes of the largest unit (NAL unit, OBU) that is put together from fragments: 16 MiB. Longer ones are given up.
pub const MAX_UNIT_LEN: usize = 16 << 20;

/// Cuts frames into RTP payloads.
///
/// ```
/// use rtp::payload::{Packetizer, Payloads, vp8};
///
/// let mut packetizer = vp8::Packetizer::new(vp8::Config::default());
/// let mut payloads = Payloads::new(); // keep it: the next frame reuses its memory
/// packetizer.packetize(&[0x10; 3000], 1200, &mut payloads);
/// assert_eq!(payloads.len(), 3);
/// assert!(payloads.iter().all(|payload| payload.len() <= 1200));
/// ```
pub trait Packetizer: Debug + Send {
    /// Replaces what `out` holds with the payloads of `frame`, each of at most `mtu` bytes.
    ///
    /// All belong to one RTP timestamp, except where [`Payloads::timestamp_offset`] says otherwise; in video the last one gets
    /// the marker. `out` is empty afterwards when the frame is empty, or when the format cannot carry it in payloads that small.
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads);
}

/// Puts frames together again.
///
/// ```
/// use rtp::payload::{Depacketizer, vp8};
///
/// let mut depacketizer = vp8::Depacketizer::new();
/// let mut frame = Vec::new();
/// depacketizer.depacketize(&[0x10, 0x9c, 0x01], &mut frame)?; // S: a partition begins
/// depacketizer.depacketize(&[0x00, 0x2a], &mut frame)?;
/// assert_eq!(frame, [0x9c, 0x01, 0x2a]);
///
/// assert!(depacketizer.depacketize(&[], &mut frame).is_err());
/// # Ok::<(), rtp::DecodeError>(())
/// ```
pub trait Depacketizer: Debug + Send {
    /// Appends what `payload` carries to `out`.
    ///
    /// Payloads come in the order of their sequence numbers, those of a frame with the same `out`: a unit in fragments grows at
    /// its end. After a gap call [`reset`](Self::reset) and give up the frame. Packets without payload, which carry padding
    /// alone, are not for it. A payload grows `out` by at most twice its size and 16 bytes.
    ///
    /// # Errors
    /// When the payload breaks its format, or continues something whose beginning was not seen. Then it adds nothing, and an
    /// incomplete unit at the end of `out` is removed; the frame is damaged.
    fn depacketize(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<Depacketized, DecodeError>;

    /// Forgets a unit whose end has not come; needed where a payload is missing.
    fn reset(&mut self) {}

    /// Whether a frame may begin with this payload; false when it continues one for sure.
    fn is_frame_start(&self, payload: &[u8]) -> bool;

    /// Whether the frame ends with this payload, whose packet has this marker.
    fn is_frame_end(&self, marker: bool, payload: &[u8]) -> bool;

    /// Whether the payload belongs to a frame from which decoding can start: `None` when it does not tell, as the later ones of a
    /// frame often do not.
    fn is_key_frame(&self, payload: &[u8]) -> Option<bool>;
}

/// What a payload was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Depacketized {
    /// As [`Depacketizer::is_key_frame`].
    pub key_frame: Option<bool>,
    /// Bytes at the end of the output that belong to a unit whose last fragment is yet to come; 0 when all is whole.
    pub incomplete: usize,
}

/// A packetizer with its defaults for an encoding name of SDP, in any case: `VP8`, `VP9`, `H264` (packetization mode 1), `H265`,
/// `AV1`, `opus`, `PCMU`, `PCMA`, `G722`, `L16` (mono). `None` for others.
pub fn packetizer(encoding_name: &str) -> Option<Box<dyn Packetizer>> {
    Some(match encoding_name.to_ascii_lowercase().as_str() {
        "vp8" => Box::new(vp8::Packetizer::new(vp8::Config::default())),
        "vp9" => Box::new(vp9::Packetizer::new(vp9::Config::default())),
        "h264" => Box::new(h264::Packetizer::new(h264::Config::default())),
        "h265" => Box::new(h265::Packetizer::new(h265::Config::default())),
        "av1" => Box::new(av1::Packetizer::new()),
        "opus" => Box::new(opus::Packetizer::new()),
        "pcmu" | "pcma" => Box::new(g711::Packetizer::new(1)),
        "g722" => Box::new(g722::Packetizer::new(1)),
        "l16" => Box::new(l16::Packetizer::new(1)),
        _ => return None,
    })
}

/// The depacketizer for an encoding name of SDP, in any case: those of [`packetizer`], and `red`, of which it takes the primary
/// data. `None` for others.
pub fn depacketizer(encoding_name: &str) -> Option<Box<dyn Depacketizer>> {
    Some(match encoding_name.to_ascii_lowercase().as_str() {
        "vp8" => Box::new(vp8::Depacketizer::new()),
        "vp9" => Box::new(vp9::Depacketizer::new()),
        "h264" => Box::new(h264::Depacketizer::new()),
        "h265" => Box::new(h265::Depacketizer::new()),
        "av1" => Box::new(av1::Depacketizer::new()),
        "opus" => Box::new(opus::Depacketizer::new()),
        "pcmu" | "pcma" => Box::new(g711::Depacketizer::new()),
        "g722" => Box::new(g722::Depacketizer::new()),
        "l16" => Box::new(l16::Depacketizer::new()),
        "red" => Box::new(red::Depacketizer::new()),
        _ => return None,
    })
}

/// Width and height in pixels that a whole frame tells, as put together by the [`depacketizer`] of this name: a key frame does,
/// others do not. With spatial layers in one frame it is the size of the largest, except in VP9, which tells the lowest.
///
/// ```
/// let frame = [0x50, 0x31, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01];
/// assert_eq!(rtp::payload::dimensions("VP8", &frame), Some((640, 480)));
/// assert_eq!(rtp::payload::dimensions("VP8", &[0x51, 0x31, 0x00]), None);
/// ```
pub fn dimensions(encoding_name: &str, frame: &[u8]) -> Option<(u32, u32)> {
    let wide = |(width, height): (u16, u16)| (u32::from(width), u32::from(height));
    match encoding_name.to_ascii_lowercase().as_str() {
        "vp8" => vp8::FrameHeader::decode(frame).ok()?.dimensions.map(wide),
        "vp9" => vp9::FrameHeader::decode(frame).ok()?.dimensions.map(wide),
        "h264" => nal::units(frame)
            .filter_map(|unit| h264::SequenceParameterSet::decode(unit).ok())
            .map(|set| set.dimensions)
            .next(),
        "h265" => nal::units(frame)
            .filter_map(|unit| h265::SequenceParameterSet::decode(unit).ok())
            .map(|set| set.dimensions)
            .next(),
        "av1" => av1::obus(frame)
            .map_while(Result::ok)
            .find_map(|obu| av1::SequenceHeader::decode(&obu).ok())
            .map(|header| header.dimensions),
        _ => None,
    }
}

/// Appends data that is whole.
fn append(data: &[u8], key_frame: Option<bool>, out: &mut Vec<u8>) -> Depacketized {
    out.extend_from_slice(data);
    Depacketized {
        key_frame,
        incomplete: 0,
    }
}

/// The size of equal pieces, the last one possibly shorter, in which `len` bytes travel in the fewest pieces of at most `max`.
/// Equal sizes keep a frame's packets together in one send, and a small remainder does not cost a packet its share of overhead.
fn piece_len(len: usize, max: usize) -> usize {
    match len.div_ceil(max.max(1)) {
        0 => max,
        pieces => len.div_ceil(pieces),
    }
}
