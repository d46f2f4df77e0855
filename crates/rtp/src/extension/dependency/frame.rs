//! AV1 RTP specification A.8.2, A.8.3: what is said of one frame, or of the frames that follow a template.

use std::fmt;

use crate::InlineList;

/// What a frame is for a decode target (table A.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Indication {
    /// Not part of it.
    #[default]
    NotPresent,
    /// Part of it, and no other frame of it needs this one.
    Discardable,
    /// Part of it, and all that follow are decodable if this one is: here a receiver may switch to it.
    Switch,
    /// Part of it, and neither of the above.
    Required,
}

/// What a frame is for each of up to 32 decode targets.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Indications {
    /// Two bits each, decode target 0 lowest.
    packed: u64,
    len: u8,
}

impl Indications {
    /// How many decode targets there can be.
    pub const MAX: usize = 32;

    /// No decode target.
    pub const fn new() -> Self {
        Self { packed: 0, len: 0 }
    }

    /// Appends that of the next decode target; false, and nothing changes, after 32.
    pub fn push(&mut self, indication: Indication) -> bool {
        let has_room = usize::from(self.len) < Self::MAX;
        if has_room {
            self.packed |= u64::from(indication.code()) << (2 * self.len);
            self.len += 1;
        }
        has_room
    }

    /// That of a decode target; [`Indication::NotPresent`] when there is no such target.
    pub fn get(&self, decode_target: usize) -> Indication {
        match u32::try_from(decode_target) {
            Ok(target) if target < self.len.into() => {
                Indication::from_code((self.packed >> (2 * target)) & 3)
            }
            Ok(_) | Err(_) => Indication::NotPresent,
        }
    }

    /// How many decode targets there are.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Those of all decode targets, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Indication> + use<> {
        let this = *self;
        (0..this.len()).map(move |target| this.get(target))
    }
}

impl FromIterator<Indication> for Indications {
    fn from_iter<I: IntoIterator<Item = Indication>>(indications: I) -> Self {
        let mut all = Self::new();
        for indication in indications.into_iter().take(Self::MAX) {
            all.push(indication);
        }
        all
    }
}

impl fmt::Debug for Indications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Indication {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::NotPresent => 0,
            Self::Discardable => 1,
            Self::Switch => 2,
            Self::Required => 3,
        }
    }

    /// Of the low two bits.
    pub(super) const fn from_code(code: u64) -> Self {
        match code & 3 {
            0 => Self::NotPresent,
            1 => Self::Discardable,
            2 => Self::Switch,
            _ => Self::Required,
        }
    }
}

/// How far back the frames are that a frame refers to, in frame numbers: 1 to 4,096, at most 16 (no codec keeps more).
pub type FrameDiffs = InlineList<u16, 16>;
/// For each chain, how far back its last frame is, in frame numbers; 0 when the chain begins anew. At most 32.
pub type ChainDiffs = InlineList<u8, 32>;

/// What a frame is and needs. The same stands in templates, where frame differences are at most 16 and chain differences at
/// most 15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameDependencies {
    /// Spatial layer, from 0 for the smallest picture.
    pub spatial_id: u8,
    /// Temporal layer, from 0 for the lowest frame rate.
    pub temporal_id: u8,
    /// What the frame is for each decode target.
    pub indications: Indications,
    /// Which frames it refers to.
    pub frame_diffs: FrameDiffs,
    /// Where the chains are.
    pub chain_diffs: ChainDiffs,
}
