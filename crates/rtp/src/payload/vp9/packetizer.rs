//! RFC 9628 §4.3: cutting frames.

use super::super::{Payloads, PictureId, piece_len};
use super::{Descriptor, FrameHeader, GroupPicture, Layer, References, Structure, StructureRef};

/// How frames are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The picture ID of the first picture; each picture counts it up. Default: `PictureId::long(0)`; RFC 9628 §4.2 wants a
    /// random start.
    pub picture_id: PictureId,
    /// Flexible mode: each frame says what it refers to. Default: false, which suits streams whose frames each refer to the one
    /// before, or to a fixed pattern.
    pub is_flexible: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            picture_id: PictureId::long(0),
            is_flexible: false,
        }
    }
}

impl Config {
    /// These settings.
    pub const fn new(picture_id: PictureId, is_flexible: bool) -> Self {
        Self {
            picture_id,
            is_flexible,
        }
    }
}

/// What an encoder with layers knows about a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameInfo {
    /// Its layer. Default: the lowest of both kinds.
    pub layer: Layer,
    /// What it refers to, in flexible mode. Default: none, which stands for the picture before.
    pub references: References,
    /// Z: no frame of a higher spatial layer refers to it. Default: false.
    pub not_reference_for_upper: bool,
}

/// Cuts VP9 frames. A picture with spatial layers is packetized frame by frame, the lowest first; the last payload of the last
/// one gets the marker. A superframe, as files have it, goes as one frame: receivers hand it to the decoder as it is.
///
/// The first payload of a key frame says the resolution, and that each picture refers to the one before, unless
/// [`set_structure`](Self::set_structure) gave another structure.
///
/// ```
/// use rtp::payload::vp9::{Config, Descriptor, Layer, Packetizer};
/// use rtp::payload::{Packetizer as _, Payloads};
///
/// let (mut packetizer, mut payloads) = (Packetizer::new(Config::default()), Payloads::new());
/// for spatial_id in [0, 1] {
///     packetizer.frame_mut().layer = Layer { spatial_id, inter_layer: spatial_id > 0, ..Layer::default() };
///     packetizer.packetize(&[0x86, 0x00, 0x40], 1200, &mut payloads);
///     let (descriptor, _) = Descriptor::decode(payloads.get(0).unwrap()).unwrap();
///     assert_eq!(descriptor.picture_id.unwrap().value(), 0); // two frames of one picture
///     assert_eq!(descriptor.is_picture_start(), spatial_id == 0);
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Packetizer {
    config: Config,
    frame: FrameInfo,
    has_begun: bool,
    tl0_picture_index: u8,
    /// The structure to send with key frames; empty when it follows from the frame.
    structure: Vec<u8>,
    /// The structure that follows from a key frame.
    derived: Vec<u8>,
    descriptor: Vec<u8>,
}

impl Packetizer {
    /// One with these settings.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// What is said about the next frame and all after it. The picture ID counts up with each frame of spatial layer 0,
    /// TL0PICIDX with each of these that is of temporal layer 0.
    pub fn frame_mut(&mut self) -> &mut FrameInfo {
        &mut self.frame
    }

    /// The structure that is sent with key frames.
    pub fn set_structure(&mut self, structure: &Structure<'_>) {
        self.structure.clear();
        structure.encode(&mut self.structure);
    }

    /// The numbers go on where a picture begins.
    fn count(&mut self) {
        let layer = self.frame.layer;
        if layer.spatial_id != 0 {
            return;
        }
        if self.has_begun {
            self.config.picture_id = self.config.picture_id.next();
            if layer.temporal_id == 0 {
                self.tl0_picture_index = self.tl0_picture_index.wrapping_add(1);
            }
        }
        self.has_begun = true;
    }

    /// What goes with a key frame of this size.
    fn derive(&mut self, dimensions: (u16, u16)) {
        let pictures = [GroupPicture {
            temporal_id: 0,
            switching_up: true,
            references: References::new(&[1]),
        }];
        self.derived.clear();
        Structure {
            spatial_layers: 1,
            resolutions: &[dimensions],
            // In flexible mode nothing is known ahead.
            pictures: if self.config.is_flexible { &[] } else { &pictures },
        }
        .encode(&mut self.derived);
    }
}

impl super::super::Packetizer for Packetizer {
    fn packetize(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        out.clear();
        if frame.is_empty() {
            return;
        }
        self.count();
        let header = FrameHeader::decode(frame).unwrap_or_default();
        if let Some(dimensions) = header.dimensions.filter(|_| self.structure.is_empty()) {
            self.derive(dimensions);
        }
        let structure = if self.structure.is_empty() {
            &self.derived
        } else {
            &self.structure
        };
        let structure = StructureRef::decode(structure)
            .ok()
            .map(|(structure, _)| structure);
        let is_key_picture = header.is_key_frame && self.frame.layer.spatial_id == 0;
        let mut descriptor = Descriptor {
            picture_id: Some(self.config.picture_id),
            is_inter_predicted: !header.is_key_frame && !header.is_intra_only,
            layer: Some(self.frame.layer),
            is_flexible: self.config.is_flexible,
            frame_start: true,
            not_reference_for_upper: self.frame.not_reference_for_upper,
            tl0_picture_index: Some(self.tl0_picture_index),
            references: self.frame.references,
            structure: structure.filter(|_| is_key_picture),
            ..Descriptor::default()
        };
        // The structure shortens the first payload alone: its bytes count as data.
        let extra = descriptor
            .structure
            .map_or(0, |structure| structure.as_bytes().len());
        let room = mtu.saturating_sub(descriptor.encoded_len() - extra);
        if room <= extra {
            return;
        }
        let piece = piece_len(frame.len() + extra, room).max(extra + 1);
        let mut rest = frame;
        while !rest.is_empty() {
            let len = piece - if descriptor.structure.is_some() { extra } else { 0 };
            let (data, behind) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            descriptor.frame_end = behind.is_empty();
            self.descriptor.clear();
            descriptor.encode(&mut self.descriptor);
            out.push(&[&self.descriptor, data]);
            descriptor.frame_start = false;
            descriptor.structure = None;
            rest = behind;
        }
    }
}
