//! RFC 8489 §14.4, §14.11 and §14.12: what long-term credentials of RFC 8489 add to RFC 5389.

use super::exactly;
use crate::attribute::{Attribute, AttributeType};
use crate::{DecodeError, TransactionId};

/// USERHASH (RFC 8489 §14.4): SHA-256 of `username ":" realm`, which hides the name from onlookers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Userhash(pub [u8; 32]);

impl Attribute<'_> for Userhash {
    const TYPE: AttributeType = AttributeType::USERHASH;
    const MAX_LEN: usize = 32;

    fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
        exactly(value).map(Self)
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// How the key is made of a long-term password (RFC 8489 §18.5), and PASSWORD-ALGORITHM (§14.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasswordAlgorithm {
    /// 0x0001, the one of RFC 5389: 16 bytes.
    Md5,
    /// 0x0002: 32 bytes.
    Sha256,
}

impl PasswordAlgorithm {
    /// The number in the IANA registry.
    pub const fn number(self) -> u16 {
        match self {
            Self::Md5 => 1,
            Self::Sha256 => 2,
        }
    }

    /// The algorithm of that number, if it is known.
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Md5),
            2 => Some(Self::Sha256),
            _ => None,
        }
    }
}

impl Attribute<'_> for PasswordAlgorithm {
    const TYPE: AttributeType = AttributeType::PASSWORD_ALGORITHM;

    fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
        // Neither known algorithm has parameters (§18.5.1).
        let [a, b, 0, 0] = exactly(value)? else {
            return Err(DecodeError::new("password algorithm has parameters", 2));
        };
        Self::from_number(u16::from_be_bytes([a, b]))
            .ok_or(DecodeError::new("password algorithm is not known", 0))
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        let [a, b] = self.number().to_be_bytes();
        out.extend_from_slice(&[a, b, 0, 0]);
    }
}

/// PASSWORD-ALGORITHMS (RFC 8489 §14.11): what the server can use, in its order of preference.
///
/// Kept as bytes, since a client must give the list back as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PasswordAlgorithms<'a>(pub &'a [u8]);

impl PasswordAlgorithms<'static> {
    /// SHA-256, then MD5: what this crate's server offers.
    pub const ALL: Self = Self(&[0, 2, 0, 0, 0, 1, 0, 0]);
}

impl<'a> PasswordAlgorithms<'a> {
    /// The numbers in the list; ends early where an entry is cut off.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (&[a, b, l0, l1], parameters) = rest.split_first_chunk::<4>()?;
            let length = usize::from(u16::from_be_bytes([l0, l1])).next_multiple_of(4);
            rest = parameters.get(length..).unwrap_or_default();
            Some(u16::from_be_bytes([a, b]))
        })
    }

    /// The first of the list that this crate knows (RFC 8489 §9.2.5).
    pub fn first_known(&self) -> Option<PasswordAlgorithm> {
        self.numbers().find_map(PasswordAlgorithm::from_number)
    }
}

impl<'a> Attribute<'a> for PasswordAlgorithms<'a> {
    const TYPE: AttributeType = AttributeType::PASSWORD_ALGORITHMS;
    const MAX_LEN: usize = 512;

    fn decode(value: &'a [u8], _: &TransactionId) -> Result<Self, DecodeError> {
        Ok(Self(value))
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
}
