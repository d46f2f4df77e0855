//! Cutting access units. Parameter sets that a receiver who joins late still needs are repeated: RFC 7742 §6.2 has them travel
//! in the stream.

use super::super::Payloads;
use super::packer::{Format, Packer};
use super::parameter_sets::{ParameterSets, SeenSets};
use super::units;

/// What a NAL unit is to a receiver who joins late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Role {
    /// A parameter set with which those before it are over.
    SequenceSet,
    /// Another parameter set.
    Set,
    /// A slice of a picture from which decoding can start.
    RandomAccess,
    /// Anything else.
    Other,
}

/// Cuts access units, which come with start codes.
#[derive(Clone, Debug)]
pub(in super::super) struct Cutter {
    is_single: bool,
    repeats_sets: bool,
    sets: ParameterSets,
}

impl Cutter {
    /// With `is_single` each unit has a packet of its own. With `repeats_sets` the parameter sets that came last go in front of a
    /// picture from which decoding can start, if it comes without any.
    pub(in super::super) fn new(is_single: bool, repeats_sets: bool) -> Self {
        Self {
            is_single,
            repeats_sets,
            sets: ParameterSets::default(),
        }
    }

    pub(in super::super) const fn set_single(&mut self, is_single: bool) {
        self.is_single = is_single;
    }

    pub(in super::super) fn packetize<F: Format>(&mut self, frame: &[u8], mtu: usize, out: &mut Payloads) {
        out.clear();
        let mut packer = Packer::new(mtu, self.is_single, out);
        let mut seen = SeenSets::default();
        let mut needs_sets = self.repeats_sets;
        for unit in units(frame) {
            let Some(role) = F::role(unit) else {
                continue;
            };
            match role {
                Role::SequenceSet | Role::Set => seen.push(unit, role == Role::SequenceSet),
                Role::RandomAccess if needs_sets && seen.is_empty() => {
                    needs_sets = false;
                    for set in self.sets.units() {
                        packer.add::<F>(set);
                    }
                }
                Role::RandomAccess | Role::Other => {}
            }
            packer.add::<F>(unit);
        }
        packer.finish::<F>();
        self.sets.update(&seen);
    }
}
