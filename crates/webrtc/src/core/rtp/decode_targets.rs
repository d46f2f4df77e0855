//! AV1 RTP specification A.4 to A.7: which frames of a stream with dependency descriptors go to a subscriber that gets less.
//!
//! One decode target is forwarded. It changes where a temporal unit begins: to less at once, to more where the chain of the
//! other target is intact, or at a frame with a switch indication whose references were forwarded. A chain breaks here with a
//! frame that is left out, not with one that was lost: that is repaired, or asked for by who misses it.

use rtp::Unwrapper;
use rtp::extension::Extension;
use rtp::extension::dependency::{
    Descriptor, FrameDependencies, Indication, MandatoryFields, ReadError, Reader, Structure,
};

use super::border::Place;
use super::fates::Fates;
use super::svc::Limit;

/// A decode target of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    spatial: u8,
    temporal: u8,
    /// A bit for each template whose frames belong to it.
    templates: u64,
    /// What protects it.
    chain: Option<u8>,
}

/// What is forwarded: one decode target by its index, or everything.
type Choice = Option<usize>;

/// What a packet is, and what becomes of it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) place: Place,
    /// `None` when its structure is not known; it is forwarded.
    pub(super) descriptor: Option<Descriptor>,
    /// From before the last change of what is forwarded.
    pub(super) is_old: bool,
}

/// Selects the frames of one source.
#[derive(Debug, Default)]
pub(super) struct DecodeTargets {
    reader: Reader,
    numbers: Unwrapper<16>,
    wanted: Limit,
    targets: Vec<Target>,
    /// The frame that brought them.
    structure_since: Option<u64>,
    current: Choice,
    /// What was forwarded before frame `since`.
    before: Choice,
    since: u64,
    /// The timestamp of the temporal unit under way.
    unit: Option<u32>,
    /// A bit for each chain of which a frame was left out.
    broken: u32,
    fates: Fates,
    /// A frame that all others need lacks one that was left out.
    is_stuck: bool,
}

impl DecodeTargets {
    pub(super) fn limit(&mut self, wanted: Limit) {
        self.wanted = wanted;
    }

    /// Another source begins.
    pub(super) fn switch(&mut self) {
        *self = Self {
            wanted: self.wanted,
            ..Self::default()
        };
    }

    /// The structure of the newest coded video sequence.
    pub(super) fn structure(&self) -> Option<&Structure> {
        self.reader.structure()
    }

    /// The bitmask of decode targets that the source has, and of those among them that all frames are forwarded of.
    pub(super) fn active(&self) -> (u32, u32) {
        let active = self.reader.active_decode_targets();
        let bits = (0..self.targets.len()).filter(|target| self.covers(self.current, Some(*target)));
        let covered = bits.fold(0, |mask, target| mask | 1_u32 << target);
        (active, active & covered)
    }

    /// What is wanted comes with a key frame alone.
    pub(super) fn needs_key_frame(&self) -> bool {
        let Some(best) = self.choices().next() else {
            return self.is_stuck;
        };
        let is_same = self.spatial(best) == self.spatial(self.current);
        let comes_without = is_same && (best.is_some() || self.covers(self.top(), None));
        self.is_stuck || !self.covers(self.current, best) && !comes_without
    }

    /// Says what becomes of a packet; `None` when its descriptor is broken.
    pub(super) fn judge(&mut self, timestamp: u32, data: &[u8]) -> Option<Judged> {
        let descriptor = match self.reader.read(data) {
            Ok(descriptor) => descriptor,
            Err(ReadError::UnknownStructure) => return self.pass(data),
            Err(_) => return None,
        };
        let frame = self.numbers.extend(descriptor.frame_number);
        let dependencies = &descriptor.dependencies;
        let is_key = descriptor.has_structure && self.begin_sequence(frame);
        if self.fates.is_new(frame) {
            self.follow(frame, dependencies);
            let is_unit = self.unit.replace(timestamp) != Some(timestamp);
            if is_unit || is_key {
                self.select(frame, dependencies, is_key);
            }
        } else if is_key {
            self.select(frame, dependencies, is_key);
        }
        let is_kept = self.fates.of(frame).unwrap_or_else(|| {
            let is_wanted = self.is_wanted(frame, dependencies);
            let is_kept = is_wanted && !self.lacks_reference(frame, dependencies);
            self.is_stuck |= is_wanted && !is_kept && dependencies.temporal_id == 0;
            self.fates.decide(frame, is_kept);
            is_kept
        });
        let is_old = frame < self.since;
        let is_top = self.current.is_some() && self.spatial(self.current) == Some(dependencies.spatial_id);
        let place = Place {
            picture: frame,
            frame: 0,
            starts: descriptor.start_of_frame,
            ends: descriptor.end_of_frame,
            is_last: true,
            is_kept,
            ends_picture: is_kept && !is_old && is_top && descriptor.end_of_frame,
        };
        Some(Judged {
            place,
            descriptor: Some(descriptor),
            is_old,
        })
    }

    /// A packet whose structure is not known goes on, since it may be one that is needed.
    fn pass(&self, data: &[u8]) -> Option<Judged> {
        let fields = MandatoryFields::decode(data).ok()?;
        let frame = self.numbers.peek(fields.frame_number);
        let is_kept = self.fates.of(frame).unwrap_or(true);
        Some(Judged {
            place: Place {
                picture: frame,
                frame: 0,
                starts: fields.start_of_frame,
                ends: fields.end_of_frame,
                is_last: true,
                is_kept,
                ends_picture: false,
            },
            descriptor: None,
            is_old: true,
        })
    }

    /// A structure has come. False when everything goes on: it is known, or is that of before and comes when frames behind
    /// it have been left out.
    fn begin_sequence(&mut self, frame: u64) -> bool {
        if self.structure_since.is_some_and(|since| frame <= since) {
            return false;
        }
        self.structure_since = Some(frame);
        let structure = self.reader.structure();
        let count = structure.map_or(0, |structure| usize::from(structure.decode_target_count));
        let targets = structure
            .into_iter()
            .flat_map(|structure| (0..count).map(|target| Target::of(structure, target)));
        let targets: Vec<_> = targets.collect();
        let is_new = self.fates.is_new(frame) || targets != self.targets;
        self.targets = targets;
        is_new
    }

    /// Notes which chains a frame says to be broken: those whose last frame was not forwarded.
    fn follow(&mut self, frame: u64, dependencies: &FrameDependencies) {
        let own = self.current.and_then(|current| self.targets.get(current)?.chain);
        for (chain, diff) in (0_u8..32).zip(dependencies.chain_diffs.iter()) {
            let is_forwarded = || self.fates.of(frame.saturating_sub((*diff).into())) == Some(true);
            let bit = 1_u32 << chain;
            if *diff == 0 || own == Some(chain) || self.current.is_none() {
                self.broken &= !bit;
            } else if !is_forwarded() {
                self.broken |= bit;
            }
        }
    }

    /// Goes over to the best that a decoder can go on with from a frame on.
    fn select(&mut self, frame: u64, dependencies: &FrameDependencies, is_key: bool) {
        let can_begin = |choice: &Choice| {
            // A picture of a higher layer that lacks what it refers to would take the end of the picture with it.
            let can_rise =
                dependencies.temporal_id == 0 || self.spatial(*choice) <= self.spatial(self.current);
            let suffices = || self.is_intact(*choice) || self.opens(*choice, frame, dependencies);
            is_key || self.covers(self.current, *choice) || can_rise && suffices()
        };
        let best = self.choices().find(can_begin);
        let next = best.unwrap_or(self.current);
        if next != self.current || is_key {
            self.before = std::mem::replace(&mut self.current, next);
            self.since = frame;
        }
        self.is_stuck &= !is_key;
    }

    /// What is within the limit, the best first.
    fn choices(&self) -> impl Iterator<Item = Choice> {
        let is_all = self.wanted == Limit::default() || self.targets.is_empty();
        let is_within = |(spatial, temporal): (u8, u8)| {
            spatial <= self.wanted.spatial && temporal <= self.wanted.temporal
        };
        let first = is_all.then_some(None);
        let mut last = None;
        let best = std::iter::from_fn(move || {
            let rest = self
                .ranked()
                .filter(|(rank, _)| last.is_none_or(|last| *rank < last));
            let within = rest.filter(|((layer, _), _)| is_within(*layer));
            let (rank, target) = within.max_by_key(|(rank, _)| *rank)?;
            last = Some(rank);
            Some(Some(target))
        });
        let has_any = self.ranked().any(|((layer, _), _)| is_within(layer));
        let lowest = self.ranked().min_by_key(|(rank, _)| *rank);
        let instead = lowest.filter(|_| !has_any).map(|(_, target)| Some(target));
        first.into_iter().chain(best).chain(instead)
    }

    /// The decode targets that the source has, with their layers, and what tells those of one layer apart.
    fn ranked(&self) -> impl Iterator<Item = (((u8, u8), usize), usize)> {
        let active = self.reader.active_decode_targets();
        let targets = self.targets.iter().enumerate();
        let active = targets.filter(move |(index, _)| active >> index & 1 != 0);
        active.map(|(index, target)| (((target.spatial, target.temporal), index), index))
    }

    fn top(&self) -> Choice {
        let top = self.ranked().max_by_key(|(rank, _)| *rank);
        top.map(|(_, target)| target)
    }

    /// The decode target that a choice is, which everything is where all frames are of the highest one.
    fn target(&self, choice: Choice) -> Choice {
        choice.or_else(|| self.top().filter(|_| self.covers(self.top(), None)))
    }

    /// The spatial layer of a choice; that of everything is the highest.
    fn spatial(&self, choice: Choice) -> Option<u8> {
        let target = self.targets.get(choice.or_else(|| self.top())?);
        target.map(|target| target.spatial)
    }

    /// Whether all frames of the one are among those of the other.
    fn covers(&self, choice: Choice, other: Choice) -> bool {
        let templates = |choice: Choice| match choice {
            Some(target) => self.targets.get(target).map_or(0, |target| target.templates),
            None => self.targets.iter().fold(0, |all, target| all | target.templates),
        };
        choice.is_none() || choice == other || templates(other) & !templates(choice) == 0
    }

    /// What was forwarded so far suffices to go on with a choice.
    fn is_intact(&self, choice: Choice) -> bool {
        let target = self.target(choice).and_then(|target| self.targets.get(target));
        let chain = target.and_then(|target| target.chain);
        chain.is_some_and(|chain| self.broken >> chain & 1 == 0)
    }

    /// A frame lets a decoder begin with a choice (A.7).
    fn opens(&self, choice: Choice, frame: u64, dependencies: &FrameDependencies) -> bool {
        let switches = |target| dependencies.indications.get(target) == Indication::Switch;
        let mut references = dependencies.frame_diffs.iter();
        self.target(choice).is_some_and(switches)
            && references.all(|diff| self.fates.of(frame.saturating_sub((*diff).into())) == Some(true))
    }

    /// A frame is of what is forwarded.
    fn is_wanted(&self, frame: u64, dependencies: &FrameDependencies) -> bool {
        let choice = match frame < self.since {
            true => self.before,
            false => self.current,
        };
        choice.is_none_or(|target| dependencies.indications.get(target) != Indication::NotPresent)
    }

    /// A frame refers to one that was left out, or is likely to be when it comes: it cannot be decoded.
    fn lacks_reference(&self, frame: u64, dependencies: &FrameDependencies) -> bool {
        let is_of = |target| dependencies.indications.get(target) != Indication::NotPresent;
        let is_more = self.before.is_some_and(|before| !is_of(before));
        let mut references = dependencies.frame_diffs.iter();
        references.any(|diff| {
            let reference = frame.saturating_sub((*diff).into());
            let is_kept = self.fates.of(reference);
            is_kept.map_or(is_more && reference < self.since && frame >= self.since, |it| !it)
        })
    }
}

impl Target {
    fn of(structure: &Structure, target: usize) -> Self {
        let (spatial, temporal) = structure.decode_target_layer(target);
        let templates = structure.templates.iter().zip(0_u32..64);
        let present =
            templates.filter(|(template, _)| template.indications.get(target) != Indication::NotPresent);
        Self {
            spatial,
            temporal,
            templates: present.fold(0, |templates, (_, index)| templates | 1 << index),
            chain: structure.protected_by.get(target).copied(),
        }
    }
}
