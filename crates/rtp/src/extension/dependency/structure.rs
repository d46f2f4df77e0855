//! AV1 RTP specification A.8.2: the template dependency structure of a coded video sequence.

use thiserror::Error;

use super::bits::{BitReader, BitWriter};
use super::frame::{FrameDependencies, Indication, Indications};
use crate::{DecodeError, InlineList};

/// Templates of a structure.
const MAX_TEMPLATES: usize = 64;
/// Spatial and temporal layers of a structure.
const MAX_LAYERS: u8 = 8;

/// What the frames of a coded video sequence have in common: layers, decode targets, chains, and the templates that frames
/// follow.
///
/// A sender makes it by hand; the specification has examples in A.10.2. At most 64 templates, 32 decode targets, 8 spatial
/// and 8 temporal layers.
///
/// ```
/// use rtp::extension::dependency::{FrameDependencies, Indication, Structure, Writer};
///
/// // One layer: a key frame, and frames that refer to the one before.
/// let frame = |diffs: &[u16], indication| FrameDependencies {
///     indications: [indication].into_iter().collect(),
///     frame_diffs: diffs.iter().copied().collect(),
///     ..FrameDependencies::default()
/// };
/// let structure = Structure {
///     decode_target_count: 1,
///     templates: vec![frame(&[], Indication::Switch), frame(&[1], Indication::Switch)],
///     ..Structure::default()
/// };
/// assert!(Writer::new(structure.clone()).is_ok());
///
/// let none = Structure { templates: Vec::new(), ..structure };
/// assert_eq!(Writer::new(none).unwrap_err().to_string(), "a structure has 1 to 64 templates");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// Id of the first template, below 64; another for each structure, so that packets of the one before are not mistaken.
    pub template_id_offset: u8,
    /// How many decode targets there are, 1 to 32.
    pub decode_target_count: u8,
    /// Ordered by spatial and then temporal layer; together they cover all layers from 0 on.
    pub templates: Vec<FrameDependencies>,
    /// How many chains there are, not more than decode targets.
    pub chain_count: u8,
    /// For each decode target the chain that protects it; empty when there are no chains.
    pub protected_by: InlineList<u8, { Indications::MAX }>,
    /// For each spatial layer the size of its pictures; empty when that is not said.
    pub resolutions: InlineList<Resolution, { MAX_LAYERS as usize }>,
}

/// The size of pictures in pixels, 1 to 65,536 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// Horizontally.
    pub width: u32,
    /// Vertically.
    pub height: u32,
}

/// A structure cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct StructureError(&'static str);

/// How the layer of a template follows from that before (table A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextLayer {
    Same,
    NextTemporal,
    NextSpatial,
}

impl NextLayer {
    fn between(from: (u8, u8), to: (u8, u8)) -> Option<Self> {
        let (spatial, temporal) = from;
        match to {
            to if to == from => Some(Self::Same),
            to if to == (spatial, temporal + 1) => Some(Self::NextTemporal),
            to if to == (spatial + 1, 0) => Some(Self::NextSpatial),
            _ => None,
        }
    }

    const fn code(self) -> u32 {
        match self {
            Self::Same => 0,
            Self::NextTemporal => 1,
            Self::NextSpatial => 2,
        }
    }
}

impl Structure {
    /// The highest spatial layer.
    pub fn max_spatial_id(&self) -> u8 {
        self.templates.last().map_or(0, |template| template.spatial_id)
    }

    /// The spatial and the temporal layer of a decode target: the highest of its frames.
    pub fn decode_target_layer(&self, decode_target: usize) -> (u8, u8) {
        let frames = self.templates.iter();
        let present = frames.filter(|it| it.indications.get(decode_target) != Indication::NotPresent);
        present.fold((0, 0), |(spatial, temporal), it| {
            (spatial.max(it.spatial_id), temporal.max(it.temporal_id))
        })
    }

    /// The bitmask of all decode targets.
    pub fn all_decode_targets(&self) -> u32 {
        match self.decode_target_count {
            0 => 0,
            count => u32::MAX >> (32 - u32::from(count.min(32))),
        }
    }

    /// Whether a chain protects an active decode target: only those need to be followed (A.6, `ChainHasActiveDecodeTarget`).
    pub fn is_active_chain(&self, chain: u8, active_decode_targets: u32) -> bool {
        let targets = self.protected_by.iter().zip(0_u32..);
        targets
            .into_iter()
            .any(|(it, target)| *it == chain && active_decode_targets >> target & 1 != 0)
    }

    /// Whether a frame is part of an active chain (A.6, `PartOfActiveChain`).
    pub fn is_in_active_chain(
        &self,
        frame: &FrameDependencies,
        chain: u8,
        active_decode_targets: u32,
    ) -> bool {
        let of_chain = |target: usize| self.protected_by.get(target) == Some(&chain);
        let is_needed = |it| matches!(it, Indication::Switch | Indication::Required);
        self.is_active_chain(chain, active_decode_targets)
            && (0..self.protected_by.len())
                .all(|target| !of_chain(target) || is_needed(frame.indications.get(target)))
    }

    /// The template a frame names, and its size of picture.
    pub(super) fn template(&self, id: u8) -> Option<(&FrameDependencies, Option<Resolution>)> {
        let index = id.wrapping_sub(self.template_id_offset) & 0x3f;
        let template = self.templates.get(usize::from(index))?;
        let resolution = self.resolutions.get(usize::from(template.spatial_id));
        Some((template, resolution.copied()))
    }

    pub(super) fn decode(bits: &mut BitReader<'_>) -> Result<Self, DecodeError> {
        let mut structure = Self {
            template_id_offset: bits.small(6)?,
            decode_target_count: bits.small(5)? + 1,
            ..Self::default()
        };
        structure.decode_layers(bits)?;
        for template in &mut structure.templates {
            template.indications = indications(bits, structure.decode_target_count)?;
        }
        for template in &mut structure.templates {
            while bits.flag()? {
                let diff = bits.bits(4)? + 1;
                if !template.frame_diffs.push(u16::try_from(diff).unwrap_or_default()) {
                    return Err(DecodeError::new(
                        "template refers to more than 16 frames",
                        bits.offset(),
                    ));
                }
            }
        }
        structure.decode_chains(bits)?;
        if bits.flag()? {
            for _ in 0..=structure.max_spatial_id() {
                let (width, height) = (bits.bits(16)? + 1, bits.bits(16)? + 1);
                structure.resolutions.push(Resolution { width, height });
            }
        }
        Ok(structure)
    }

    fn decode_layers(&mut self, bits: &mut BitReader<'_>) -> Result<(), DecodeError> {
        let (mut spatial_id, mut temporal_id) = (0, 0);
        loop {
            if self.templates.len() == MAX_TEMPLATES {
                return Err(DecodeError::new(
                    "structure has more than 64 templates",
                    bits.offset(),
                ));
            }
            self.templates.push(FrameDependencies {
                spatial_id,
                temporal_id,
                ..FrameDependencies::default()
            });
            match bits.small(2)? {
                0 => {}
                1 => temporal_id += 1,
                2 => (spatial_id, temporal_id) = (spatial_id + 1, 0),
                _ => return Ok(()),
            }
            if spatial_id.max(temporal_id) >= MAX_LAYERS {
                return Err(DecodeError::new(
                    "structure has more than 8 layers",
                    bits.offset(),
                ));
            }
        }
    }

    fn decode_chains(&mut self, bits: &mut BitReader<'_>) -> Result<(), DecodeError> {
        let targets = self.decode_target_count;
        let chains = bits.non_symmetric(u32::from(targets) + 1)?;
        // At most the 32 decode targets.
        self.chain_count = u8::try_from(chains).unwrap_or(targets);
        if chains == 0 {
            return Ok(());
        }
        for _ in 0..targets {
            let chain = bits.non_symmetric(chains)?;
            self.protected_by.push(u8::try_from(chain).unwrap_or_default());
        }
        for template in &mut self.templates {
            for _ in 0..chains {
                template.chain_diffs.push(bits.small(4)?);
            }
        }
        Ok(())
    }

    pub(super) fn encode(&self, bits: &mut BitWriter<'_>) {
        bits.bits(6, self.template_id_offset.into());
        bits.bits(5, u32::from(self.decode_target_count) - 1);
        self.encode_layers(bits);
        for indication in self
            .templates
            .iter()
            .flat_map(|template| template.indications.iter())
        {
            bits.bits(2, indication.code().into());
        }
        for template in &self.templates {
            for diff in template.frame_diffs.iter() {
                bits.flag(true);
                bits.bits(4, u32::from(*diff) - 1);
            }
            bits.flag(false);
        }
        let chains = u32::from(self.chain_count);
        bits.non_symmetric(u32::from(self.decode_target_count) + 1, chains);
        for chain in self.protected_by.iter() {
            bits.non_symmetric(chains, (*chain).into());
        }
        for diff in self
            .templates
            .iter()
            .flat_map(|template| template.chain_diffs.iter())
        {
            bits.bits(4, (*diff).into());
        }
        bits.flag(!self.resolutions.is_empty());
        for resolution in self.resolutions.iter() {
            bits.bits(16, resolution.width - 1);
            bits.bits(16, resolution.height - 1);
        }
    }

    fn encode_layers(&self, bits: &mut BitWriter<'_>) {
        let layers = self.templates.iter().map(FrameDependencies::layer);
        for (from, to) in layers.clone().zip(layers.skip(1)) {
            if let Some(next) = NextLayer::between(from, to) {
                bits.bits(2, next.code());
            }
        }
        bits.bits(2, 3);
    }

    /// Whether it can be written.
    pub(super) fn check(&self) -> Result<(), StructureError> {
        let rules = [
            (
                self.template_id_offset < 64,
                "the offset of template ids is below 64",
            ),
            (
                (1..=MAX_TEMPLATES).contains(&self.templates.len()),
                "a structure has 1 to 64 templates",
            ),
            (
                (1..=32).contains(&self.decode_target_count),
                "a structure has 1 to 32 decode targets",
            ),
            (
                self.chain_count <= self.decode_target_count,
                "there are not more chains than decode targets",
            ),
            (
                self.has_protection(),
                "each decode target is protected by one of the chains",
            ),
            (
                self.has_ordered_layers(),
                "templates go through the layers one by one, at most 8 of each kind",
            ),
            (
                self.templates.iter().all(|it| self.is_template(it)),
                "a template has what a structure can hold",
            ),
            (
                self.has_resolutions(),
                "each spatial layer has a resolution of 1 to 65,536 pixels, or none has",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(StructureError(rule)),
            None => Ok(()),
        }
    }

    fn has_protection(&self) -> bool {
        match self.chain_count {
            0 => self.protected_by.is_empty(),
            chains => {
                self.protected_by.len() == usize::from(self.decode_target_count)
                    && self.protected_by.iter().all(|chain| *chain < chains)
            }
        }
    }

    fn has_ordered_layers(&self) -> bool {
        let layers = self.templates.iter().map(FrameDependencies::layer);
        let mut steps = layers.clone().zip(layers.clone().skip(1));
        layers.clone().next() == Some((0, 0))
            && layers
                .clone()
                .all(|(spatial, temporal)| spatial.max(temporal) < MAX_LAYERS)
            && steps.all(|(from, to)| NextLayer::between(from, to).is_some())
    }

    fn is_template(&self, template: &FrameDependencies) -> bool {
        template.indications.len() == usize::from(self.decode_target_count)
            && template.chain_diffs.len() == usize::from(self.chain_count)
            && template.frame_diffs.iter().all(|diff| (1..=16).contains(diff))
            && template.chain_diffs.iter().all(|diff| *diff <= 15)
    }

    fn has_resolutions(&self) -> bool {
        let layers = usize::from(self.max_spatial_id()) + 1;
        let is_possible = |it: &Resolution| {
            [it.width, it.height]
                .iter()
                .all(|side| (1..=0x1_0000).contains(side))
        };
        self.resolutions.is_empty()
            || self.resolutions.len() == layers && self.resolutions.iter().all(is_possible)
    }
}

impl FrameDependencies {
    /// Spatial and temporal layer.
    pub(super) const fn layer(&self) -> (u8, u8) {
        (self.spatial_id, self.temporal_id)
    }
}

/// `frame_dtis()`, and those of a template.
pub(super) fn indications(bits: &mut BitReader<'_>, count: u8) -> Result<Indications, DecodeError> {
    let mut indications = Indications::new();
    for _ in 0..count {
        indications.push(Indication::from_code(bits.bits(2)?.into()));
    }
    Ok(indications)
}
