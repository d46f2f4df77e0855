//! AV1 RTP specification A.8.2: `dependency_descriptor`, written by the template that leaves the least to say.

use thiserror::Error;

use super::MandatoryFields;
use super::bits::BitWriter;
use super::frame::{FrameDependencies, FrameDiffs};
use super::reader::Descriptor;
use super::structure::{Structure, StructureError};
use crate::extension::Extension;

/// The longest data of an element, in bytes.
const MAX_LEN: usize = 255;

/// Why a descriptor was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The structure has no template for the frame's layer, or not as many decode targets or chains as the frame.
    #[error("frame does not belong to the structure")]
    NoTemplate,
    /// The frame refers to itself, or to one more than 4,096 frames back.
    #[error("frame difference is not 1 to 4,096")]
    FrameDiff,
    /// It needs more than the 255 bytes of an element: write fewer templates.
    #[error("descriptor is longer than 255 bytes")]
    TooLong,
}

/// Writes the descriptors of one stream, by its structure.
///
/// ```
/// use rtp::extension::dependency::{Descriptor, FrameDependencies, Indication, Reader, Structure, Writer};
///
/// let template = FrameDependencies { indications: [Indication::Switch].into_iter().collect(), ..Default::default() };
/// let structure = Structure { decode_target_count: 1, templates: vec![template], ..Default::default() };
/// let mut writer = Writer::new(structure)?;
///
/// let frame = Descriptor { frame_number: 7, dependencies: template, ..Default::default() };
/// let mut first = Vec::new();
/// writer.write(&Descriptor { has_structure: true, ..frame }, &mut first)?;
/// let mut second = Vec::new();
/// writer.write(&frame, &mut second)?;
/// assert_eq!(second, [0, 0, 7], "three bytes when a template says it all");
///
/// let mut reader = Reader::new();
/// assert!(reader.read(&first)?.has_structure);
/// assert_eq!(reader.read(&second)?, frame);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Writer {
    structure: Structure,
    active_decode_targets: u32,
}

/// A template, and where a frame differs from it.
#[derive(Clone, Copy, Debug)]
struct Match {
    index: usize,
    indications: bool,
    frame_diffs: bool,
    chains: bool,
}

impl Writer {
    /// Writes by this structure, all of whose decode targets are active.
    ///
    /// # Errors
    /// When the structure cannot be written; the message says which rule it breaks.
    pub fn new(structure: Structure) -> Result<Self, StructureError> {
        structure.check()?;
        Ok(Self {
            active_decode_targets: structure.all_decode_targets(),
            structure,
        })
    }

    /// The structure.
    pub const fn structure(&self) -> &Structure {
        &self.structure
    }

    /// Appends the data of an element: with the structure when the descriptor has it, with the active decode targets when it
    /// says them. Chains that protect no active decode target may be written with other differences.
    ///
    /// # Errors
    /// When the frame cannot be written; `out` stays as it was.
    pub fn write(&mut self, descriptor: &Descriptor, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let frame = &descriptor.dependencies;
        if frame.frame_diffs.iter().any(|diff| !(1..=0x1000).contains(diff)) {
            return Err(WriteError::FrameDiff);
        }
        let implied = descriptor
            .has_structure
            .then(|| self.structure.all_decode_targets());
        let active = descriptor.active_decode_targets.or(implied);
        let active = active.unwrap_or(self.active_decode_targets) & self.structure.all_decode_targets();
        let best = self.best_match(frame, active).ok_or(WriteError::NoTemplate)?;
        let start = out.len();
        self.append(descriptor, best, out);
        if out.len() - start > MAX_LEN {
            out.truncate(start);
            return Err(WriteError::TooLong);
        }
        self.active_decode_targets = active;
        Ok(())
    }

    /// The template of the frame's layer that needs the fewest bits besides.
    fn best_match(&self, frame: &FrameDependencies, active: u32) -> Option<Match> {
        let of_layer = self
            .structure
            .templates
            .iter()
            .enumerate()
            .filter(|(_, template)| {
                template.layer() == frame.layer()
                    && template.indications.len() == frame.indications.len()
                    && template.chain_diffs.len() == frame.chain_diffs.len()
            });
        let differences = of_layer.map(|(index, template)| Match {
            index,
            indications: template.indications != frame.indications,
            frame_diffs: template.frame_diffs != frame.frame_diffs,
            chains: self.differs_in_chains(template, frame, active),
        });
        differences.min_by_key(|it| {
            let cost = |differs: bool, bits: usize| if differs { bits } else { 0 };
            cost(it.indications, 2 * frame.indications.len())
                + cost(it.frame_diffs, frame_diffs_bits(&frame.frame_diffs))
                + cost(it.chains, 8 * frame.chain_diffs.len())
        })
    }

    fn differs_in_chains(
        &self,
        template: &FrameDependencies,
        frame: &FrameDependencies,
        active: u32,
    ) -> bool {
        let pairs = template.chain_diffs.iter().zip(frame.chain_diffs.iter());
        pairs.zip(0_u8..).any(|((of_template, of_frame), chain)| {
            of_template != of_frame && self.structure.is_active_chain(chain, active)
        })
    }

    fn append(&self, descriptor: &Descriptor, best: Match, out: &mut Vec<u8>) {
        // Below 64, as is the offset.
        let index = u8::try_from(best.index).unwrap_or_default();
        let fields = MandatoryFields {
            start_of_frame: descriptor.start_of_frame,
            end_of_frame: descriptor.end_of_frame,
            template_id: self.structure.template_id_offset.wrapping_add(index),
            frame_number: descriptor.frame_number,
        };
        fields.encode(out);
        let active = descriptor.active_decode_targets;
        let flags = [
            descriptor.has_structure,
            active.is_some(),
            best.indications,
            best.frame_diffs,
            best.chains,
        ];
        if !flags.contains(&true) {
            return;
        }
        let mut bits = BitWriter::new(out);
        for flag in flags {
            bits.flag(flag);
        }
        if descriptor.has_structure {
            self.structure.encode(&mut bits);
        }
        if let Some(active) = active {
            bits.bits(self.structure.decode_target_count.into(), active);
        }
        let frame = &descriptor.dependencies;
        if best.indications {
            for indication in frame.indications.iter() {
                bits.bits(2, indication.code().into());
            }
        }
        if best.frame_diffs {
            append_frame_diffs(&frame.frame_diffs, &mut bits);
        }
        if best.chains {
            for diff in frame.chain_diffs.iter() {
                bits.bits(8, (*diff).into());
            }
        }
    }
}

/// Four-bit units that a frame difference, less one, takes: 1 to 3.
fn frame_diff_size(diff: u16) -> u32 {
    match diff {
        ..=0x10 => 1,
        0x11..=0x100 => 2,
        0x101.. => 3,
    }
}

/// Bits of `frame_fdiffs`.
fn frame_diffs_bits(diffs: &FrameDiffs) -> usize {
    let bits: u32 = diffs.iter().map(|diff| 2 + 4 * frame_diff_size(*diff)).sum();
    usize::try_from(bits + 2).unwrap_or(usize::MAX)
}

fn append_frame_diffs(diffs: &FrameDiffs, bits: &mut BitWriter<'_>) {
    for diff in diffs.iter() {
        let size = frame_diff_size(*diff);
        bits.bits(2, size);
        bits.bits(4 * size, u32::from(*diff).saturating_sub(1));
    }
    bits.bits(2, 0);
}
