//! Serial number arithmetic, RFC 9260 §1.6 (after RFC 1982): sequence numbers that wrap.

/// A Transmission Sequence Number: one per DATA chunk of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tsn(pub u32);

impl Tsn {
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The number before this one.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// The number `count` places further.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// How many places this number is past `earlier`, modulo 2³².
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// True when this number comes later than `other`: less than half the number space ahead.
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        let ahead = self.since(other);
        ahead != 0 && ahead < 1 << 31
    }
}

/// A Stream Sequence Number: one per ordered message of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ssn(pub u16);

impl Ssn {
    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// How many places this number is past `earlier`, modulo 2¹⁶.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u16 {
        self.0.wrapping_sub(earlier.0)
    }

    /// True when this number comes later than `other`: less than half the number space ahead.
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        let ahead = self.since(other);
        ahead != 0 && ahead < 1 << 15
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap() {
        assert_eq!(Tsn(u32::MAX).next(), Tsn(0));
        assert_eq!(Tsn(0).previous(), Tsn(u32::MAX));
        assert!(Tsn(3).is_after(Tsn(u32::MAX - 3)));
        assert!(!Tsn(u32::MAX - 3).is_after(Tsn(3)));
        assert!(!Tsn(7).is_after(Tsn(7)));
        assert!(!Tsn(1 << 31).is_after(Tsn(0)), "half the space away is undefined");
        assert_eq!(Tsn(2).since(Tsn(u32::MAX)), 3);
        assert!(Ssn(0).is_after(Ssn(u16::MAX)));
        assert!(!Ssn(u16::MAX).is_after(Ssn(0)));
        assert_eq!(Ssn(1).since(Ssn(u16::MAX)), 2);
    }
}
