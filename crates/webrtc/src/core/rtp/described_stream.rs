//! Packets with dependency descriptors (AV1 RTP specification, appendix A), of any codec: what is forwarded of them, and what
//! their descriptors say then.

use rtp::PacketMut;
use rtp::extension::Extension;
use rtp::extension::dependency::MandatoryFields;

use super::border::Place;
use super::decode_targets::{DecodeTargets, Judged};
use super::descriptors::{Descriptors, Source};
use super::svc::Limit;

/// The flag of a structure in the byte behind the mandatory fields.
const STRUCTURE: u8 = 0x80;

/// The descriptors of one source after the other.
#[derive(Debug)]
pub(super) struct DescribedStream {
    id: u8,
    targets: DecodeTargets,
    descriptors: Descriptors,
    /// Of the packet under way.
    judged: Option<Judged>,
}

impl DescribedStream {
    pub(super) fn new(id: u8) -> Self {
        Self {
            id,
            targets: DecodeTargets::default(),
            descriptors: Descriptors::default(),
            judged: None,
        }
    }

    pub(super) fn limit(&mut self, limit: Limit) {
        self.targets.limit(limit);
    }

    /// Another source begins.
    pub(super) fn switch(&mut self) {
        self.targets.switch();
        self.descriptors.switch();
    }

    /// A structure is known.
    pub(super) fn is_in_use(&self) -> bool {
        self.targets.structure().is_some()
    }

    pub(super) fn needs_key_frame(&self) -> bool {
        self.targets.needs_key_frame()
    }

    pub(super) fn describes(&self, packet: &PacketMut<'_>) -> bool {
        packet.extension(self.id).is_some()
    }

    /// A coded video sequence begins with a packet, which has the structure then (A.8.3).
    pub(super) fn begins_sequence(&self, packet: &PacketMut<'_>) -> Option<bool> {
        let data = packet.extension(self.id)?;
        let starts = MandatoryFields::decode(data).is_ok_and(|fields| fields.start_of_frame);
        let flags = data.get(MandatoryFields::LEN);
        Some(starts && flags.is_some_and(|flags| flags & STRUCTURE != 0))
    }

    pub(super) fn written(&self) -> Option<&[u8]> {
        self.descriptors.written()
    }

    pub(super) fn clear(&mut self) {
        self.descriptors.clear();
    }

    /// Where a packet belongs; `None` when its descriptor is broken.
    pub(super) fn place(&mut self, packet: &PacketMut<'_>) -> Option<Place> {
        let data = packet.extension(self.id)?;
        let judged = self.targets.judge(packet.timestamp(), data)?;
        let place = judged.place;
        if !place.is_kept {
            self.descriptors.leave_out(source(&self.targets, &judged));
        }
        self.judged = Some(judged);
        Some(place)
    }

    /// Renumbers the descriptor of the packet that was placed.
    pub(super) fn apply(&mut self, packet: &mut PacketMut<'_>) -> bool {
        let (Some(judged), Some(data)) = (&self.judged, packet.extension_mut(self.id)) else {
            return false;
        };
        self.descriptors.apply(source(&self.targets, judged), data)
    }

    pub(super) fn empty(&mut self, packet: &mut PacketMut<'_>) {
        self.descriptors.clear();
        packet.remove_extension(self.id);
    }
}

fn source<'a>(targets: &'a DecodeTargets, judged: &'a Judged) -> Source<'a> {
    Source {
        descriptor: judged.descriptor.as_ref(),
        structure: targets.structure(),
        active: targets.active(),
        is_old: judged.is_old,
    }
}
