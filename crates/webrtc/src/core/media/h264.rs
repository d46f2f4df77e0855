//! The profile and level of H.264 in SDP: RFC 6184 §8.1 (Table 5) and §8.2.2.

/// The sub-profiles of Table 5, and Constrained High, which browsers write as `640c…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    Extended,
    ConstrainedHigh,
    /// Every other combination is a profile of its own: `profile_idc` and `profile-iop`.
    Other(u8, u8),
}

/// `profile-level-id`: three bytes in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProfileLevelId {
    profile_idc: u8,
    profile_iop: u8,
    level_idc: u8,
}

/// A level in the order of capability; level 1b lies between 1.0 and 1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// 0.9 and below do not exist.
    UpTo10(u8),
    B1,
    Above10(u8),
}

/// `constraint_set3_flag`.
const SET3: u8 = 0x10;

impl ProfileLevelId {
    /// Baseline at level 1: what the RFC infers where nothing is written.
    pub(super) const INFERRED: Self = Self {
        profile_idc: 0x42,
        profile_iop: 0,
        level_idc: 10,
    };

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let [_, profile_idc, profile_iop, level_idc] = u32::from_str_radix(text, 16).ok()?.to_be_bytes();
        Some(Self {
            profile_idc,
            profile_iop,
            level_idc,
        })
    }

    pub(super) fn write(self) -> String {
        format!(
            "{:02x}{:02x}{:02x}",
            self.profile_idc, self.profile_iop, self.level_idc
        )
    }

    /// Table 5: combinations that are the same sub-profile.
    pub(super) const fn profile(self) -> Profile {
        let iop = self.profile_iop;
        match self.profile_idc {
            _ if iop & 0x0f != 0 && !(self.profile_idc == 0x64 && iop == 0x0c) => {
                Profile::Other(self.profile_idc, iop)
            }
            0x42 if iop & 0x40 != 0 => Profile::ConstrainedBaseline,
            0x4d if iop & 0x80 != 0 => Profile::ConstrainedBaseline,
            0x58 if iop & 0xc0 == 0xc0 => Profile::ConstrainedBaseline,
            0x42 => Profile::Baseline,
            0x58 if iop & 0xc0 == 0x80 => Profile::Baseline,
            0x4d if iop & 0x20 == 0 => Profile::Main,
            0x58 if iop & 0xc0 == 0 => Profile::Extended,
            0x64 if iop == 0x0c => Profile::ConstrainedHigh,
            other => Profile::Other(other, iop),
        }
    }

    const fn has_level_in_iop(self) -> bool {
        matches!(self.profile_idc, 66 | 77 | 88)
    }

    pub(super) const fn level(self) -> Level {
        if self.level_idc == 11 && self.has_level_in_iop() && self.profile_iop & SET3 != 0 {
            return Level::B1;
        }
        match self.level_idc {
            9 if !self.has_level_in_iop() => Level::B1,
            level @ 0..=10 => Level::UpTo10(level),
            level => Level::Above10(level),
        }
    }

    /// The same profile at another level.
    pub(super) const fn with_level(self, level: Level) -> Self {
        let (level_idc, set3) = match level {
            Level::UpTo10(level) | Level::Above10(level) => (level, 0),
            Level::B1 if self.has_level_in_iop() => (11, SET3),
            Level::B1 => (9, 0),
        };
        let profile_iop = if self.has_level_in_iop() {
            (self.profile_iop & !SET3) | set3
        } else {
            self.profile_iop
        };
        Self {
            profile_idc: self.profile_idc,
            profile_iop,
            level_idc,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ProfileLevelId {
        ProfileLevelId::parse(text).unwrap()
    }

    #[test]
    fn combinations_of_table_5_are_one_profile() {
        for text in ["42e01f", "42c01f", "42f00b", "4d801f", "58c01f"] {
            assert_eq!(id(text).profile(), Profile::ConstrainedBaseline, "{text}");
        }
        for text in ["42001f", "42801f", "58801f"] {
            assert_eq!(id(text).profile(), Profile::Baseline, "{text}");
        }
        assert_eq!(id("4d001f").profile(), Profile::Main);
        assert_eq!(id("4d401f").profile(), Profile::Main);
        assert_eq!(id("58001f").profile(), Profile::Extended);
        assert_eq!(id("640c1f").profile(), Profile::ConstrainedHigh);
        assert_eq!(id("64001f").profile(), id("640034").profile());
        assert_ne!(id("64001f").profile(), id("6e001f").profile());
    }

    #[test]
    fn level_1b_lies_between_1_and_1_1() {
        assert!(id("42e00a").level() < id("42f00b").level());
        assert!(id("42f00b").level() < id("42e00b").level());
        assert!(id("640009").level() == Level::B1 && id("64000a").level() < Level::B1);
        assert_eq!(id("42e01f").with_level(Level::B1).write(), "42f00b");
        assert_eq!(id("64001f").with_level(Level::B1).write(), "640009");
        assert_eq!(id("42f00b").with_level(Level::Above10(31)).write(), "42e01f");
    }

    #[test]
    fn broken_identifiers_are_refused() {
        for text in ["", "42e01", "42e01f0", "+2e01f", "zze01f", "42é1f"] {
            assert_eq!(ProfileLevelId::parse(text), None, "{text}");
        }
        assert_eq!(id("42E01F").write(), "42e01f");
    }
}
