//! AV1 RTP specification A.8.2: `dependency_descriptor`, read with the structure that came before.

use thiserror::Error;

use super::MandatoryFields;
use super::bits::BitReader;
use super::frame::{FrameDependencies, FrameDiffs};
use super::structure::{Resolution, Structure, indications};
use crate::extension::Extension;
use crate::{DecodeError, Unwrapper};

/// What the descriptor of a packet says of its frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// First packet of the frame.
    pub start_of_frame: bool,
    /// Last packet of the frame.
    pub end_of_frame: bool,
    /// Counts frames in decoding order, wrapping.
    pub frame_number: u16,
    /// What the frame is and needs.
    pub dependencies: FrameDependencies,
    /// The largest size of the picture, when the structure has it. A [`Writer`](super::Writer) writes it with the structure.
    pub resolution: Option<Resolution>,
    /// The bitmask of decode targets that can be decoded from here on, when this packet says it; target 0 is the lowest bit.
    pub active_decode_targets: Option<u32>,
    /// Whether the packet has a structure: it is the first of a coded video sequence.
    pub has_structure: bool,
}

/// Why a descriptor was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not a descriptor. Go on as if it were not there.
    #[error("descriptor is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// No structure is known, or not the one the packet was written with: it was lost or is late. Wait for it, or ask for a key
    /// frame.
    #[error("structure of the descriptor is not known")]
    UnknownStructure,
}

/// Reads the descriptors of one stream, and keeps its structure.
///
/// Packets may be reordered: those of the structure before are still read, and an old packet changes nothing that a newer one
/// has set.
///
/// ```
/// use rtp::extension::dependency::{ReadError, Reader};
///
/// let mut reader = Reader::new();
/// assert_eq!(reader.read(&[0x80, 0, 1]), Err(ReadError::UnknownStructure));
/// // A structure of one template, one decode target and no chain.
/// let descriptor = reader.read(&[0xc0, 0, 2, 0x80, 0x00, 0xe0])?;
/// assert!(descriptor.has_structure && descriptor.dependencies.frame_diffs.is_empty());
/// assert_eq!(reader.active_decode_targets(), 1);
/// assert_eq!(reader.read(&[0x80, 0, 3])?.frame_number, 3);
/// # Ok::<(), ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    frame_numbers: Unwrapper<16>,
    current: Option<Known>,
    /// For packets that are late.
    previous: Option<Known>,
    active_decode_targets: u32,
    /// Of the frame whose active decode targets are kept.
    active_since: u64,
}

/// A structure, and the frame that brought it.
#[derive(Clone, Debug)]
struct Known {
    structure: Structure,
    since: u64,
}

/// `extended_descriptor_fields`, the flags.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    structure: bool,
    active_decode_targets: bool,
    indications: bool,
    frame_diffs: bool,
    chains: bool,
}

impl Flags {
    fn decode(bits: &mut BitReader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            structure: bits.flag()?,
            active_decode_targets: bits.flag()?,
            indications: bits.flag()?,
            frame_diffs: bits.flag()?,
            chains: bits.flag()?,
        })
    }
}

impl Reader {
    /// Knows no structure.
    pub fn new() -> Self {
        Self::default()
    }

    /// The structure of the newest coded video sequence.
    pub fn structure(&self) -> Option<&Structure> {
        self.current.as_ref().map(|known| &known.structure)
    }

    /// The bitmask of decode targets that can be decoded, as the newest packet that said it has it; target 0 is the lowest bit.
    pub const fn active_decode_targets(&self) -> u32 {
        self.active_decode_targets
    }

    /// Reads the data of an element.
    ///
    /// # Errors
    /// When it is malformed, or its structure is not known. Nothing changes then.
    pub fn read(&mut self, data: &[u8]) -> Result<Descriptor, ReadError> {
        let fields = MandatoryFields::decode(data)?;
        let frame = self.frame_numbers.peek(fields.frame_number);
        let rest = data.get(MandatoryFields::LEN..).unwrap_or_default();
        let mut bits = BitReader::new(rest);
        let flags = match rest {
            [] => Flags::default(),
            [..] => Flags::decode(&mut bits)?,
        };
        let attached = match flags.structure {
            true => Some(Structure::decode(&mut bits)?),
            false => None,
        };
        let structure = attached.as_ref().or_else(|| self.structure_of(frame));
        let structure = structure.ok_or(ReadError::UnknownStructure)?;
        let mut descriptor = Descriptor {
            start_of_frame: fields.start_of_frame,
            end_of_frame: fields.end_of_frame,
            frame_number: fields.frame_number,
            has_structure: flags.structure,
            ..Descriptor::default()
        };
        if flags.active_decode_targets {
            descriptor.active_decode_targets = Some(bits.bits(structure.decode_target_count.into())?);
        }
        let (template, resolution) = structure
            .template(fields.template_id)
            .ok_or(ReadError::UnknownStructure)?;
        descriptor.resolution = resolution;
        descriptor.dependencies = customized(*template, flags, structure, &mut bits)?;
        let implied = attached.as_ref().map(Structure::all_decode_targets);
        self.keep(fields.frame_number, attached);
        if let Some(active) = descriptor.active_decode_targets.or(implied)
            && frame >= self.active_since
        {
            (self.active_decode_targets, self.active_since) = (active, frame);
        }
        Ok(descriptor)
    }

    /// The structure that held when a frame was sent.
    fn structure_of(&self, frame: u64) -> Option<&Structure> {
        let known = [self.current.as_ref(), self.previous.as_ref()];
        let mut known = known.into_iter().flatten();
        known
            .find(|known| known.since <= frame)
            .map(|known| &known.structure)
    }

    fn keep(&mut self, frame_number: u16, attached: Option<Structure>) {
        let since = self.frame_numbers.extend(frame_number);
        let Some(structure) = attached else { return };
        let is_newest = |known: &Option<Known>| known.as_ref().is_none_or(|known| known.since <= since);
        let known = Known { structure, since };
        if !is_newest(&self.current) {
            if is_newest(&self.previous) {
                self.previous = Some(known);
            }
            return;
        }
        let before = self.current.replace(known);
        // The structure is repeated in packets of the same frame.
        if let Some(before) = before.filter(|before| before.since < since) {
            self.previous = Some(before);
        }
    }
}

/// `frame_dependency_definition`.
fn customized(
    template: FrameDependencies,
    flags: Flags,
    structure: &Structure,
    bits: &mut BitReader<'_>,
) -> Result<FrameDependencies, DecodeError> {
    let mut frame = template;
    if flags.indications {
        frame.indications = indications(bits, structure.decode_target_count)?;
    }
    if flags.frame_diffs {
        frame.frame_diffs = frame_diffs(bits)?;
    }
    if flags.chains {
        for diff in frame.chain_diffs.iter_mut() {
            *diff = bits.small(8)?;
        }
    }
    Ok(frame)
}

/// `frame_fdiffs`.
fn frame_diffs(bits: &mut BitReader<'_>) -> Result<FrameDiffs, DecodeError> {
    let mut diffs = FrameDiffs::new();
    loop {
        let size = bits.bits(2)?;
        if size == 0 {
            return Ok(diffs);
        }
        let diff = bits.bits(4 * size)? + 1;
        if !diffs.push(u16::try_from(diff).unwrap_or(u16::MAX)) {
            return Err(DecodeError::new(
                "frame refers to more than 16 frames",
                bits.offset(),
            ));
        }
    }
}
