//! RFC 8489 §14: the type-length-value form that all attributes share.
//!
//! The typed attributes are in [`attributes`](crate::attributes).

use std::fmt;

use crate::{DecodeError, TransactionId};

/// The number of an attribute (RFC 8489 §18.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeType(pub u16);

macro_rules! attribute_types {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        impl AttributeType {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// The name in the IANA registry, if this crate knows the number.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

attribute_types! {
    /// RFC 8489 §14.1.
    MAPPED_ADDRESS = 0x0001, "MAPPED-ADDRESS";
    /// RFC 5780 §7.2.
    CHANGE_REQUEST = 0x0003, "CHANGE-REQUEST";
    /// RFC 8489 §14.3.
    USERNAME = 0x0006, "USERNAME";
    /// RFC 8489 §14.5.
    MESSAGE_INTEGRITY = 0x0008, "MESSAGE-INTEGRITY";
    /// RFC 8489 §14.8.
    ERROR_CODE = 0x0009, "ERROR-CODE";
    /// RFC 8489 §14.13.
    UNKNOWN_ATTRIBUTES = 0x000A, "UNKNOWN-ATTRIBUTES";
    /// RFC 8656 §18.1.
    CHANNEL_NUMBER = 0x000C, "CHANNEL-NUMBER";
    /// RFC 8656 §18.2.
    LIFETIME = 0x000D, "LIFETIME";
    /// RFC 8656 §18.3.
    XOR_PEER_ADDRESS = 0x0012, "XOR-PEER-ADDRESS";
    /// RFC 8656 §18.4.
    DATA = 0x0013, "DATA";
    /// RFC 8489 §14.9.
    REALM = 0x0014, "REALM";
    /// RFC 8489 §14.10.
    NONCE = 0x0015, "NONCE";
    /// RFC 8656 §18.5.
    XOR_RELAYED_ADDRESS = 0x0016, "XOR-RELAYED-ADDRESS";
    /// RFC 8656 §18.6.
    REQUESTED_ADDRESS_FAMILY = 0x0017, "REQUESTED-ADDRESS-FAMILY";
    /// RFC 8656 §18.7.
    EVEN_PORT = 0x0018, "EVEN-PORT";
    /// RFC 8656 §18.8.
    REQUESTED_TRANSPORT = 0x0019, "REQUESTED-TRANSPORT";
    /// RFC 8656 §18.9.
    DONT_FRAGMENT = 0x001A, "DONT-FRAGMENT";
    /// RFC 7635 §6.2.
    ACCESS_TOKEN = 0x001B, "ACCESS-TOKEN";
    /// RFC 8489 §14.6.
    MESSAGE_INTEGRITY_SHA256 = 0x001C, "MESSAGE-INTEGRITY-SHA256";
    /// RFC 8489 §14.12.
    PASSWORD_ALGORITHM = 0x001D, "PASSWORD-ALGORITHM";
    /// RFC 8489 §14.4.
    USERHASH = 0x001E, "USERHASH";
    /// RFC 8489 §14.2.
    XOR_MAPPED_ADDRESS = 0x0020, "XOR-MAPPED-ADDRESS";
    /// RFC 8656 §18.10.
    RESERVATION_TOKEN = 0x0022, "RESERVATION-TOKEN";
    /// RFC 8445 §16.1.
    PRIORITY = 0x0024, "PRIORITY";
    /// RFC 8445 §16.1.
    USE_CANDIDATE = 0x0025, "USE-CANDIDATE";
    /// RFC 5780 §7.6.
    PADDING = 0x0026, "PADDING";
    /// RFC 5780 §7.5.
    RESPONSE_PORT = 0x0027, "RESPONSE-PORT";
    /// RFC 6062 §6.2.1.
    CONNECTION_ID = 0x002A, "CONNECTION-ID";
    /// RFC 8656 §18.11.
    ADDITIONAL_ADDRESS_FAMILY = 0x8000, "ADDITIONAL-ADDRESS-FAMILY";
    /// RFC 8656 §18.12.
    ADDRESS_ERROR_CODE = 0x8001, "ADDRESS-ERROR-CODE";
    /// RFC 8489 §14.11.
    PASSWORD_ALGORITHMS = 0x8002, "PASSWORD-ALGORITHMS";
    /// RFC 8489 §14.16.
    ALTERNATE_DOMAIN = 0x8003, "ALTERNATE-DOMAIN";
    /// RFC 8656 §18.13.
    ICMP = 0x8004, "ICMP";
    /// RFC 8489 §14.14.
    SOFTWARE = 0x8022, "SOFTWARE";
    /// RFC 8489 §14.15.
    ALTERNATE_SERVER = 0x8023, "ALTERNATE-SERVER";
    /// RFC 7982 §3.
    TRANSACTION_TRANSMIT_COUNTER = 0x8025, "TRANSACTION_TRANSMIT_COUNTER";
    /// RFC 5780 (reserved there).
    CACHE_TIMEOUT = 0x8027, "CACHE-TIMEOUT";
    /// RFC 8489 §14.7.
    FINGERPRINT = 0x8028, "FINGERPRINT";
    /// RFC 8445 §16.1.
    ICE_CONTROLLED = 0x8029, "ICE-CONTROLLED";
    /// RFC 8445 §16.1.
    ICE_CONTROLLING = 0x802A, "ICE-CONTROLLING";
    /// RFC 5780 §7.3.
    RESPONSE_ORIGIN = 0x802B, "RESPONSE-ORIGIN";
    /// RFC 5780 §7.4.
    OTHER_ADDRESS = 0x802C, "OTHER-ADDRESS";
    /// RFC 6679 §7.3.1.
    ECN_CHECK = 0x802D, "ECN-CHECK STUN";
    /// RFC 7635 §6.1.
    THIRD_PARTY_AUTHORIZATION = 0x802E, "THIRD-PARTY-AUTHORIZATION";
    /// RFC 8016 §3.1.
    MOBILITY_TICKET = 0x8030, "MOBILITY-TICKET";
    /// libwebrtc: the nomination value of the "renomination" ICE option.
    NOMINATION = 0xC001, "NOMINATION";
    /// libwebrtc: network id and cost.
    GOOG_NETWORK_INFO = 0xC057, "GOOG-NETWORK-INFO";
}

impl AttributeType {
    /// Whether a receiver that does not know the attribute must refuse the message (RFC 8489 §14).
    pub const fn is_comprehension_required(self) -> bool {
        self.0 < 0x8000
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

impl fmt::Debug for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One attribute as it lies in a message.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |         Type                  |            Length             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                         Value (variable)                ....
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawAttribute<'a> {
    /// The number.
    pub ty: AttributeType,
    /// The value without its padding.
    pub value: &'a [u8],
    /// Where the attribute's header begins in the message.
    pub(crate) offset: usize,
}

/// A typed attribute: how its value is read and written.
///
/// Implement it for attributes that this crate does not know; [`MessageRef::attribute`](crate::MessageRef::attribute)
/// and [`MessageWriter::attribute`](crate::MessageWriter::attribute) take any.
pub trait Attribute<'a>: Sized {
    /// The number under which the value travels.
    const TYPE: AttributeType;

    /// The longest value, in bytes; longer ones are neither read nor written.
    const MAX_LEN: usize = 65_528;

    /// Reads the value. `id` unmasks the XOR-… addresses.
    ///
    /// # Errors
    /// When the value does not have the attribute's form; the offset counts from the value's first byte.
    fn decode(value: &'a [u8], id: &TransactionId) -> Result<Self, DecodeError>;

    /// Appends the value, without header and padding.
    fn encode(&self, id: &TransactionId, out: &mut Vec<u8>);
}

/// Splits a run of attributes; ends at the first one that does not fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Walk<'a> {
    /// `rest` begins `offset` bytes into the message.
    pub(crate) const fn new(rest: &'a [u8], offset: usize) -> Self {
        Self { rest, offset }
    }

    /// `None` at the end, an error where a length reaches beyond it.
    #[inline]
    pub(crate) fn step(&mut self) -> Option<Result<RawAttribute<'a>, DecodeError>> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        let Some((&[t0, t1, l0, l1], body)) = self.rest.split_first_chunk::<4>() else {
            return Some(Err(DecodeError::new("attribute header is cut off", offset)));
        };
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        // §14: the length is that of the value before padding; padding bytes may have any value.
        let Some((value, _)) = body.split_at_checked(length) else {
            return Some(Err(DecodeError::new(
                "attribute reaches beyond the message",
                offset,
            )));
        };
        let Some((_, rest)) = body.split_at_checked(length.next_multiple_of(4)) else {
            return Some(Err(DecodeError::new("attribute padding is cut off", offset)));
        };
        self.offset += body.len() - rest.len() + 4;
        self.rest = rest;
        Some(Ok(RawAttribute {
            ty: AttributeType(u16::from_be_bytes([t0, t1])),
            value,
            offset,
        }))
    }
}

/// The attributes of a message that count, in order.
///
/// Behind MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT count, behind
/// MESSAGE-INTEGRITY-SHA256 only FINGERPRINT, behind that nothing (RFC 8489 §14.5, §14.6, §14.7).
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    walk: Walk<'a>,
    /// How many of the closing attributes have passed: 0 none, 1 MI, 2 MI-SHA256, 3 FINGERPRINT.
    closed: u8,
}

impl<'a> Attributes<'a> {
    pub(crate) const fn new(walk: Walk<'a>) -> Self {
        Self { walk, closed: 0 }
    }

    #[inline]
    pub(crate) fn step(&mut self) -> Option<Result<RawAttribute<'a>, DecodeError>> {
        loop {
            let attribute = match self.walk.step()? {
                Ok(attribute) => attribute,
                Err(error) => return Some(Err(error)),
            };
            let rank = match attribute.ty {
                AttributeType::MESSAGE_INTEGRITY => 1,
                AttributeType::MESSAGE_INTEGRITY_SHA256 => 2,
                AttributeType::FINGERPRINT => 3,
                _ => 0,
            };
            if rank > self.closed {
                self.closed = rank;
                return Some(Ok(attribute));
            }
            if self.closed == 0 {
                return Some(Ok(attribute));
            }
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = RawAttribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawAttribute<'a>> {
        self.step()?.ok()
    }
}
