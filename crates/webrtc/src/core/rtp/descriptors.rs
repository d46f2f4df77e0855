//! AV1 RTP specification A.4, A.8.3: dependency descriptors of several sources as those of one, and what a subscriber is told of
//! the decode targets that it gets.
//!
//! Frame numbers keep the gaps of frames that were left out: they grow strictly, and references are counted in them.

use rtp::extension::Extension;
use rtp::extension::dependency::{Descriptor, MandatoryFields, Structure, Writer};

/// Template ids of all structures.
const TEMPLATE_IDS: usize = 64;

/// What is known of the source of a descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// What the descriptor says; `None` when its structure is not known.
    pub(super) descriptor: Option<&'a Descriptor>,
    /// The newest structure.
    pub(super) structure: Option<&'a Structure>,
    /// Decode targets that the source has, and those among them that are forwarded.
    pub(super) active: (u32, u32),
    /// From before the last change of what is forwarded.
    pub(super) is_old: bool,
}

/// The descriptors that are sent.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    /// Added to the frame numbers of the source.
    offset: u16,
    /// The highest number that was sent.
    last: Option<u16>,
    /// Added to the template ids of the source.
    shift: u8,
    /// The id behind those of the structure that was sent last.
    end: Option<u8>,
    switched: bool,
    /// The structure was left out with its frame.
    owed: bool,
    /// Decode targets are named in each packet: not all those are sent that the source has, or it was so since its structure.
    names_targets: bool,
    writer: Option<Writer>,
    /// What was written last; empty if that was nothing.
    written: Vec<u8>,
}

impl Descriptors {
    /// Another source begins.
    pub(super) fn switch(&mut self) {
        self.switched = self.last.is_some();
        self.owed = false;
    }

    /// The descriptor of the last packet, as it is to be sent.
    pub(super) fn written(&self) -> Option<&[u8]> {
        (!self.written.is_empty()).then_some(&self.written)
    }

    /// The next packet has none.
    pub(super) fn clear(&mut self) {
        self.written.clear();
    }

    /// A packet is not forwarded. If it has the structure, the next frame gets that.
    pub(super) fn leave_out(&mut self, source: Source<'_>) {
        if let Some(descriptor) = source.descriptor.filter(|it| it.has_structure && !source.is_old) {
            self.begin_source(descriptor.frame_number, source);
            self.owed = true;
        }
    }

    /// Renumbers the descriptor of a packet that is forwarded, in place as far as that goes. False when it is cut off.
    pub(super) fn apply(&mut self, source: Source<'_>, data: &mut [u8]) -> bool {
        self.written.clear();
        let Ok(fields) = MandatoryFields::decode(data) else {
            return false;
        };
        self.begin_source(fields.frame_number, source);
        let number = fields.frame_number.wrapping_add(self.offset);
        let is_newer = |last: u16| (1..0x8000).contains(&number.wrapping_sub(last));
        if self.last.is_none_or(is_newer) {
            self.last = Some(number);
        }
        let is_done = MandatoryFields::set_frame_number(data, number)
            && MandatoryFields::shift_templates(data, self.shift);
        if is_done && !self.rewrite(number, source) {
            self.written.extend_from_slice(data);
        }
        is_done
    }

    /// Numbers go on where those of the source before have ended, and its template ids are not used again.
    fn begin_source(&mut self, frame_number: u16, source: Source<'_>) {
        let has_structure = source.descriptor.is_some_and(|it| it.has_structure) && !source.is_old;
        let structure = source.structure.filter(|_| has_structure);
        if let Some(last) = self.last.filter(|_| std::mem::take(&mut self.switched)) {
            self.offset = last.wrapping_add(1).wrapping_sub(frame_number);
            self.shift = match (self.end, structure) {
                (Some(end), Some(structure)) => end.wrapping_sub(structure.template_id_offset) & 63,
                // Most structures have no more than half of the ids.
                (Some(_) | None, None) | (None, Some(_)) => self.shift.wrapping_add(32) & 63,
            };
        }
        if let Some(structure) = structure {
            self.begin_structure(structure, source.active);
        }
    }

    fn begin_structure(&mut self, structure: &Structure, (all, active): (u32, u32)) {
        let offset = structure.template_id_offset.wrapping_add(self.shift) & 63;
        let count = u8::try_from(structure.templates.len() % TEMPLATE_IDS).unwrap_or_default();
        self.end = Some(offset.wrapping_add(count) & 63);
        self.names_targets = all != active;
        let structure = Structure {
            template_id_offset: offset,
            ..structure.clone()
        };
        self.writer = Writer::new(structure).ok();
    }

    /// Writes a descriptor that says more than it did; false when that is not needed, or cannot be done.
    fn rewrite(&mut self, frame_number: u16, source: Source<'_>) -> bool {
        let (all, active) = source.active;
        let (Some(descriptor), Some(writer), false) = (source.descriptor, &mut self.writer, source.is_old)
        else {
            return false;
        };
        self.names_targets |= all != active;
        let pays = self.owed && descriptor.start_of_frame;
        if !pays && !self.names_targets {
            return false;
        }
        let more = Descriptor {
            frame_number,
            has_structure: descriptor.has_structure || pays,
            active_decode_targets: match self.names_targets {
                true => Some(active),
                false => descriptor.active_decode_targets,
            },
            ..*descriptor
        };
        let is_written = writer.write(&more, &mut self.written).is_ok();
        self.owed &= !(pays && is_written);
        is_written
    }
}
