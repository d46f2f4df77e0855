//! video-layers-allocation00 of libwebrtc: the bit rate, size and frame rate of each layer that is sent.

use bytes::BufMut;

use super::Extension;
use crate::{DecodeError, InlineList};

/// What a sender spends on each spatial and temporal layer of all its streams, for a forwarder to choose from. Without layers
/// it says that nothing is sent, in a single zero byte.
///
/// ```
/// use rtp::extension::{Extension, LayerResolution, SpatialLayer, VideoLayersAllocation};
///
/// let mut allocation = VideoLayersAllocation::default();
/// allocation.layers.push(SpatialLayer {
///     kilobits: [300, 500].into_iter().collect(), // of temporal layer 0, and of both
///     resolution: Some(LayerResolution { width: 640, height: 360, frame_rate: 30 }),
///     ..SpatialLayer::default()
/// });
/// let mut data = Vec::new();
/// allocation.encode(&mut data);
/// assert_eq!(data, [0x01, 0x40, 0xac, 0x02, 0xf4, 0x03, 0x02, 0x7f, 0x01, 0x67, 30]);
/// assert_eq!(VideoLayersAllocation::decode(&data)?, allocation);
/// # Ok::<(), rtp::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoLayersAllocation {
    /// Which of the streams this packet belongs to, from 0; below 4, and 0 when there are no layers.
    pub stream: u8,
    /// The layers that are sent, ordered by stream and spatial id; each pair occurs once.
    pub layers: InlineList<SpatialLayer, 16>,
}

/// What is spent on one spatial layer of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpatialLayer {
    /// Which stream, from 0; below 4.
    pub stream: u8,
    /// Which spatial layer of the stream, from 0; below 4.
    pub spatial_id: u8,
    /// Kilobits per second for each temporal layer, with all that it needs. One to four; none is written as one of 0.
    pub kilobits: InlineList<u32, 4>,
    /// What the layer looks like. All layers have it, or none is written with it.
    pub resolution: Option<LayerResolution>,
}

/// How large and how often pictures are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerResolution {
    /// In pixels, 1 to 65,536.
    pub width: u32,
    /// In pixels, 1 to 65,536.
    pub height: u32,
    /// Frames per second at most.
    pub frame_rate: u8,
}

/// Streams, and spatial layers of each.
const MAX: u8 = 4;
/// Bytes of a resolution.
const RESOLUTION_LEN: usize = 5;

/// A cursor over the data.
#[derive(Debug)]
struct Bytes<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(self.cut_off())?;
        self.rest = rest;
        Ok(*chunk)
    }

    const fn cut_off(&self) -> DecodeError {
        DecodeError::new("data of the extension is cut off", self.all.len())
    }

    /// A number in groups of seven bits, the lowest first; more than 32 bits are too many.
    fn leb128(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0_u64;
        for group in 0..5 {
            let [byte] = self.take()?;
            value |= u64::from(byte & 0x7f) << (7 * group);
            if byte & 0x80 == 0 {
                return Ok(u32::try_from(value).unwrap_or(u32::MAX));
            }
        }
        let offset = self.all.len() - self.rest.len();
        Err(DecodeError::new("bit rate does not end", offset))
    }
}

/// `count` values of `bits` bits each, the first in the highest bits, filled up to a byte.
fn packed<const N: usize>(values: [u8; N], bits: u32, count: usize) -> impl Iterator<Item = u8> {
    let per_byte = if bits == 2 { 4 } else { 2 };
    let bytes = count.div_ceil(per_byte);
    (0..bytes).map(move |byte| {
        let values = values
            .into_iter()
            .chain([0; 3])
            .skip(byte * per_byte)
            .take(per_byte);
        values.fold(0, |packed, value| packed << bits | value)
    })
}

impl VideoLayersAllocation {
    /// The bitmask of spatial layers of each stream.
    fn masks(&self) -> [u8; MAX as usize] {
        let mut masks = [0; MAX as usize];
        for layer in self.layers.iter() {
            if let Some(mask) = masks.get_mut(usize::from(layer.stream)) {
                *mask |= 1 << layer.spatial_id.min(MAX - 1);
            }
        }
        masks
    }

    /// How many streams are written: up to the last with a layer, and that of the packet.
    fn streams(&self) -> u8 {
        let streams = self.layers.iter().map(|layer| layer.stream);
        streams.max().unwrap_or(0).max(self.stream).min(MAX - 1) + 1
    }

    /// The mask when all streams have the same.
    fn common_mask(&self) -> Option<u8> {
        let masks = self.masks();
        let [first, ..] = masks;
        let mut streams = masks.iter().take(self.streams().into());
        streams.all(|mask| *mask == first).then_some(first)
    }

    /// Every bit rate in the order of the wire.
    fn rates(&self) -> impl Iterator<Item = u32> {
        let of_layer = |layer: &SpatialLayer| {
            let kilobits = layer.kilobits;
            (0..kilobits.len().max(1)).map(move |temporal| kilobits.get(temporal).copied().unwrap_or(0))
        };
        self.layers.iter().flat_map(of_layer)
    }

    fn has_resolutions(&self) -> bool {
        self.layers.iter().all(|layer| layer.resolution.is_some())
    }

    /// One less than the number of temporal layers, of each layer.
    fn temporal_counts(&self) -> [u8; 16] {
        let mut counts = [0; 16];
        for (count, layer) in counts.iter_mut().zip(self.layers.iter()) {
            // At most four.
            *count = u8::try_from(layer.kilobits.len().saturating_sub(1)).unwrap_or_default();
        }
        counts
    }

    /// The layers that the masks name, with their temporal layers counted and not yet read.
    fn decode_layers(bytes: &mut Bytes<'_>, streams: u8, common: u8) -> Result<Self, DecodeError> {
        let mut masks = [common; MAX as usize];
        if common == 0 {
            let [ab] = bytes.take()?;
            let [cd] = if streams > 2 { bytes.take()? } else { [0] };
            masks = [ab >> 4, ab & 0xf, cd >> 4, cd & 0xf];
        }
        let mut allocation = Self::default();
        for (stream, mask) in (0..streams).zip(masks) {
            for spatial_id in (0..MAX).filter(|id| mask >> id & 1 != 0) {
                allocation.layers.push(SpatialLayer {
                    stream,
                    spatial_id,
                    ..SpatialLayer::default()
                });
            }
        }
        for four in allocation.layers.chunks_mut(4) {
            let [counts] = bytes.take()?;
            for (layer, shift) in four.iter_mut().zip([6, 4, 2, 0]) {
                for _ in 0..=(counts >> shift & 3) {
                    layer.kilobits.push(0);
                }
            }
        }
        Ok(allocation)
    }
}

impl Extension<'_> for VideoLayersAllocation {
    const URI: &'static str = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00";

    fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let mut bytes = Bytes {
            all: data,
            rest: data,
        };
        let [head] = bytes.take()?;
        if data.len() == 1 && head & 0x3f == 0 {
            return Ok(Self::default());
        }
        let mut allocation = Self::decode_layers(&mut bytes, (head >> 4 & 3) + 1, head & 0x0f)?;
        if allocation.layers.is_empty() {
            return Ok(allocation);
        }
        allocation.stream = head >> 6;
        for kilobits in allocation
            .layers
            .iter_mut()
            .flat_map(|layer| layer.kilobits.iter_mut())
        {
            *kilobits = bytes.leb128()?;
        }
        if bytes.rest.is_empty() {
            return Ok(allocation);
        }
        for layer in allocation.layers.iter_mut() {
            let [a, b, c, d, frame_rate] = bytes.take()?;
            layer.resolution = Some(LayerResolution {
                width: u32::from(u16::from_be_bytes([a, b])) + 1,
                height: u32::from(u16::from_be_bytes([c, d])) + 1,
                frame_rate,
            });
        }
        Ok(allocation)
    }

    fn encoded_len(&self) -> usize {
        if self.layers.is_empty() {
            return 1;
        }
        let masks = match self.common_mask() {
            Some(_) => 0,
            None => usize::from(self.streams()).div_ceil(2),
        };
        let rates: usize = self.rates().map(leb128_len).sum();
        let resolutions = if self.has_resolutions() {
            RESOLUTION_LEN * self.layers.len()
        } else {
            0
        };
        1 + masks + self.layers.len().div_ceil(4) + rates + resolutions
    }

    fn encode(&self, out: &mut impl BufMut) {
        if self.layers.is_empty() {
            out.put_u8(0);
            return;
        }
        let streams = self.streams();
        let common = self.common_mask();
        out.put_u8(self.stream << 6 | (streams - 1) << 4 | common.unwrap_or(0));
        if common.is_none() {
            packed(self.masks(), 4, streams.into()).for_each(|byte| out.put_u8(byte));
        }
        packed(self.temporal_counts(), 2, self.layers.len()).for_each(|byte| out.put_u8(byte));
        for kilobits in self.rates() {
            put_leb128(kilobits, out);
        }
        if self.has_resolutions() {
            for resolution in self.layers.iter().filter_map(|layer| layer.resolution) {
                for side in [resolution.width, resolution.height] {
                    out.put_u16(u16::try_from(side.saturating_sub(1)).unwrap_or(u16::MAX));
                }
                out.put_u8(resolution.frame_rate);
            }
        }
    }
}

fn leb128_len(value: u32) -> usize {
    match value {
        ..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        0x20_0000..=0xfff_ffff => 4,
        0x1000_0000.. => 5,
    }
}

fn put_leb128(mut value: u32, out: &mut impl BufMut) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.put_u8(low & 0x7f);
        }
        out.put_u8(low | 0x80);
    }
}
