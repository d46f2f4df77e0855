//! RFC 8489 §5: the message header, and the types that name a message.

mod check;
mod reader;
mod writer;

use std::fmt;

use rand::Rng;

pub use reader::{Message, MessageRef};
pub use writer::MessageWriter;

/// Length of the message header.
pub const HEADER_LEN: usize = 20;

/// The fixed value behind type and length.
pub const MAGIC_COOKIE: u32 = 0x2112_A442;

pub(crate) const COOKIE: [u8; 4] = MAGIC_COOKIE.to_be_bytes();

/// What FINGERPRINT's CRC-32 is XORed with, "STUN" in ASCII (RFC 8489 §14.7).
pub(crate) const FINGERPRINT_XOR: u32 = 0x5354_554e;

/// Whether a datagram is STUN and not one of the protocols that share its port: first two bits zero, the
/// magic cookie, and a length that is the datagram's own (RFC 8489 §5, RFC 9443 §2).
///
/// ```
/// let mut message = Vec::new();
/// stun::MessageWriter::new(&mut message, stun::Class::Request, stun::Method::BINDING, [7; 12].into()).finish();
/// assert!(stun::is_stun(&message));
/// assert!(!stun::is_stun(&[20, 254, 253, 0, 0])); // DTLS
/// ```
#[inline]
pub fn is_stun(datagram: &[u8]) -> bool {
    let Some((&[t0, _, l0, l1, c0, c1, c2, c3, ..], rest)) = datagram.split_first_chunk::<HEADER_LEN>()
    else {
        return false;
    };
    t0 < 4
        && [c0, c1, c2, c3] == COOKIE
        && rest.len() == usize::from(u16::from_be_bytes([l0, l1]))
        && l1 & 3 == 0
}

/// What a message is to its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Asks for a response.
    Request,
    /// Asks for none.
    Indication,
    /// The request was carried out.
    SuccessResponse,
    /// The request was refused; ERROR-CODE says why.
    ErrorResponse,
}

impl Class {
    /// Whether the message answers a request.
    pub const fn is_response(self) -> bool {
        match self {
            Self::SuccessResponse | Self::ErrorResponse => true,
            Self::Request | Self::Indication => false,
        }
    }
}

/// What is asked for: 12 bits (RFC 8489 §18.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(u16);

impl Method {
    /// RFC 8489 §3: tell me my address.
    pub const BINDING: Self = Self(0x001);
    /// RFC 8656 §7.
    pub const ALLOCATE: Self = Self(0x003);
    /// RFC 8656 §8.
    pub const REFRESH: Self = Self(0x004);
    /// RFC 8656 §11.
    pub const SEND: Self = Self(0x006);
    /// RFC 8656 §11.
    pub const DATA: Self = Self(0x007);
    /// RFC 8656 §10.
    pub const CREATE_PERMISSION: Self = Self(0x008);
    /// RFC 8656 §12.
    pub const CHANNEL_BIND: Self = Self(0x009);
    /// RFC 6062 §4.3.
    pub const CONNECT: Self = Self(0x00A);
    /// RFC 6062 §4.3.
    pub const CONNECTION_BIND: Self = Self(0x00B);
    /// RFC 6062 §4.4.
    pub const CONNECTION_ATTEMPT: Self = Self(0x00C);

    /// A method by its number; `None` above 12 bits.
    pub const fn new(number: u16) -> Option<Self> {
        if number <= 0x0fff {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BINDING => f.write_str("Binding"),
            Self::ALLOCATE => f.write_str("Allocate"),
            Self::REFRESH => f.write_str("Refresh"),
            Self::SEND => f.write_str("Send"),
            Self::DATA => f.write_str("Data"),
            Self::CREATE_PERMISSION => f.write_str("CreatePermission"),
            Self::CHANNEL_BIND => f.write_str("ChannelBind"),
            Self::CONNECT => f.write_str("Connect"),
            Self::CONNECTION_BIND => f.write_str("ConnectionBind"),
            Self::CONNECTION_ATTEMPT => f.write_str("ConnectionAttempt"),
            Self(number) => write!(f, "Method({number:#05x})"),
        }
    }
}

/// Joins method and class to the first two bytes of a message.
///
/// ```text
///  0                 1
///  2  3  4 5 6 7 8 9 0 1 2 3 4 5
/// +--+--+-+-+-+-+-+-+-+-+-+-+-+-+
/// |M |M |M|M|M|C|M|M|M|C|M|M|M|M|
/// |11|10|9|8|7|1|6|5|4|0|3|2|1|0|
/// +--+--+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
pub(crate) const fn encode_type(class: Class, method: Method) -> u16 {
    let class = match class {
        Class::Request => 0x0000,
        Class::Indication => 0x0010,
        Class::SuccessResponse => 0x0100,
        Class::ErrorResponse => 0x0110,
    };
    let m = method.0;
    ((m & 0x0f80) << 2) | ((m & 0x0070) << 1) | (m & 0x000f) | class
}

pub(crate) const fn decode_type(bits: u16) -> (Class, Method) {
    let class = match (bits & 0x0100 != 0, bits & 0x0010 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::SuccessResponse,
        (true, true) => Class::ErrorResponse,
    };
    (
        class,
        Method(((bits & 0x3e00) >> 2) | ((bits & 0x00e0) >> 1) | (bits & 0x000f)),
    )
}

/// The 96 random bits that join a response to its request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId([u8; 12]);

impl TransactionId {
    /// Draws an identifier; the generator must be a CSPRNG (RFC 8489 §5).
    pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
        let mut id = [0; 12];
        rng.fill_bytes(&mut id);
        Self(id)
    }

    /// The bytes, as they lie in the header.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

impl From<[u8; 12]> for TransactionId {
    fn from(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests;
