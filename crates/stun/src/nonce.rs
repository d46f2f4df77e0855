//! RFC 8489 §9.2 and §18.1: the cookie at the beginning of a nonce, which tells the security features of the server
//! in a way that nobody on the path can take back.
//!
//! The RFC's text numbers the 24 bits from the most significant one, its own test vector and an erratum from the least
//! significant one, and servers of both kinds exist. Both are read, and both are written; other bits mean nothing yet.

/// What every nonce cookie begins with.
const PREFIX: &[u8] = b"obMatJos2";

/// Length of the whole cookie.
pub const NONCE_COOKIE_LEN: usize = 13;

/// The security features a server announces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SecurityFeatures {
    /// Bit 0: the server sends PASSWORD-ALGORITHMS.
    pub password_algorithms: bool,
    /// Bit 1: the server understands USERHASH.
    pub username_anonymity: bool,
}

impl SecurityFeatures {
    /// What a nonce announces; `None` when it has no cookie: a server of RFC 5389.
    ///
    /// ```
    /// use stun::SecurityFeatures;
    /// let features = SecurityFeatures::of_nonce(b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA").unwrap();
    /// assert!(features.username_anonymity && !features.password_algorithms);
    /// assert_eq!(SecurityFeatures::of_nonce(b"f//499k954d6OL34oL9FSTvy64sA"), None);
    /// ```
    pub fn of_nonce(nonce: &[u8]) -> Option<Self> {
        let digits = nonce.strip_prefix(PREFIX)?.first_chunk::<4>()?;
        let mut bits = 0_u32;
        for digit in digits {
            bits = bits << 6 | u32::from(base64_value(*digit)?);
        }
        Some(Self {
            password_algorithms: bits & 0x80_0001 != 0,
            username_anonymity: bits & 0x40_0002 != 0,
        })
    }

    /// The cookie that announces the features.
    pub fn cookie(self) -> [u8; NONCE_COOKIE_LEN] {
        match (self.password_algorithms, self.username_anonymity) {
            (false, false) => *b"obMatJos2AAAA",
            (true, false) => *b"obMatJos2gAAB",
            (false, true) => *b"obMatJos2QAAC",
            (true, true) => *b"obMatJos2wAAD",
        }
    }
}

/// RFC 4648 §4, table 1.
const fn base64_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for (password_algorithms, username_anonymity) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let features = SecurityFeatures {
                password_algorithms,
                username_anonymity,
            };
            assert_eq!(SecurityFeatures::of_nonce(&features.cookie()), Some(features));
        }
    }

    #[test]
    fn reads_either_order_of_the_bits() {
        let read = |digits: &str| {
            let features = SecurityFeatures::of_nonce(format!("obMatJos2{digits}rest").as_bytes())?;
            Some((features.password_algorithms, features.username_anonymity))
        };
        assert_eq!(read("AAAB"), Some((true, false)));
        assert_eq!(read("AAAC"), Some((false, true)));
        assert_eq!(read("gAAA"), Some((true, false)));
        assert_eq!(read("QAAA"), Some((false, true)));
        assert_eq!(read("wAAA"), Some((true, true)));
        assert_eq!(read("AAAA"), Some((false, false)));
        assert_eq!(read("P//8"), Some((false, false)), "unassigned bits");
        assert_eq!(read("AA=="), None);
        assert_eq!(SecurityFeatures::of_nonce(b"obMatJos2AAA"), None);
        assert_eq!(SecurityFeatures::of_nonce(b"obmatjos2AAAA"), None);
    }
}
