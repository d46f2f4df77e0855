//! The attributes whose value is one number or a few bits.

use super::{AddressFamily, exactly};
use crate::attribute::{Attribute, AttributeType};
use crate::{DecodeError, TransactionId};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($number:ty) = $ty:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub $number);

        impl Attribute<'_> for $name {
            const TYPE: AttributeType = AttributeType::$ty;
            const MAX_LEN: usize = size_of::<$number>();

            #[inline]
            fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
                exactly(value).map(<$number>::from_be_bytes).map(Self)
            }

            #[inline]
            fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0.to_be_bytes());
            }
        }
    )*};
}

numbers! {
    /// PRIORITY (RFC 8445 §16.1): what a peer-reflexive candidate learned from the check would get.
    Priority(u32) = PRIORITY;
    /// ICE-CONTROLLED (RFC 8445 §16.1): the tie-breaker of the controlled agent.
    IceControlled(u64) = ICE_CONTROLLED;
    /// ICE-CONTROLLING (RFC 8445 §16.1): the tie-breaker of the controlling agent.
    IceControlling(u64) = ICE_CONTROLLING;
    /// LIFETIME (RFC 8656 §18.2): seconds an allocation lives without a refresh.
    Lifetime(u32) = LIFETIME;
    /// CONNECTION-ID (RFC 6062 §6.2.1): a peer's TCP connection at the relay.
    ConnectionId(u32) = CONNECTION_ID;
}

/// The families of fixed size with reserved bytes: written as zero, ignored when read.
macro_rules! padded {
    ($($(#[$doc:meta])* $name:ident($inner:ty) = $ty:ident, $len:literal, $decode:expr, $encode:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub $inner);

        impl Attribute<'_> for $name {
            const TYPE: AttributeType = AttributeType::$ty;
            const MAX_LEN: usize = $len;

            fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
                let decode: fn([u8; $len]) -> Result<$inner, DecodeError> = $decode;
                decode(exactly(value)?).map(Self)
            }

            fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
                let encode: fn($inner) -> [u8; $len] = $encode;
                out.extend_from_slice(&encode(self.0));
            }
        }
    )*};
}

padded! {
    /// CHANNEL-NUMBER (RFC 8656 §18.1).
    ChannelNumber(u16) = CHANNEL_NUMBER, 4, |[a, b, _, _]| Ok(u16::from_be_bytes([a, b])), |number| {
        let [a, b] = number.to_be_bytes();
        [a, b, 0, 0]
    };
    /// REQUESTED-ADDRESS-FAMILY (RFC 8656 §18.6).
    RequestedAddressFamily(AddressFamily) = REQUESTED_ADDRESS_FAMILY, 4,
        |[family, ..]| AddressFamily::from_number(family), |family| [family.number(), 0, 0, 0];
    /// ADDITIONAL-ADDRESS-FAMILY (RFC 8656 §18.11): ask for a second relayed address; only IPv6 is allowed.
    AdditionalAddressFamily(AddressFamily) = ADDITIONAL_ADDRESS_FAMILY, 4,
        |[family, ..]| AddressFamily::from_number(family), |family| [family.number(), 0, 0, 0];
    /// REQUESTED-TRANSPORT (RFC 8656 §18.8): an IP protocol number, 17 for UDP.
    RequestedTransport(u8) = REQUESTED_TRANSPORT, 4, |[protocol, ..]| Ok(protocol), |protocol| [protocol, 0, 0, 0];
    /// EVEN-PORT (RFC 8656 §18.7): whether the next higher port is to be reserved too.
    EvenPort(bool) = EVEN_PORT, 1, |[bits]| Ok(bits & 0x80 != 0), |reserve| [u8::from(reserve) << 7];
    /// RESPONSE-PORT (RFC 5780 §7.5): where to send the response.
    ResponsePort(u16) = RESPONSE_PORT, 4, |[a, b, _, _]| Ok(u16::from_be_bytes([a, b])), |port| {
        let [a, b] = port.to_be_bytes();
        [a, b, 0, 0]
    };
}

/// CHANGE-REQUEST (RFC 5780 §7.2): answer from another address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChangeRequest {
    /// From the server's other IP address.
    pub change_ip: bool,
    /// From the server's other port.
    pub change_port: bool,
}

impl Attribute<'_> for ChangeRequest {
    const TYPE: AttributeType = AttributeType::CHANGE_REQUEST;
    const MAX_LEN: usize = 4;

    fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
        let [_, _, _, bits] = exactly(value)?;
        Ok(Self {
            change_ip: bits & 4 != 0,
            change_port: bits & 2 != 0,
        })
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(&[
            0,
            0,
            0,
            u8::from(self.change_ip) << 2 | u8::from(self.change_port) << 1,
        ]);
    }
}

/// ICMP (RFC 8656 §18.13): what the network told the TURN server about a peer.
///
/// ```text
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Reserved                     |  ICMP Type  |  ICMP Code      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          Error Data                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Icmp {
    /// The ICMP type: 7 bits.
    pub icmp_type: u8,
    /// The ICMP code: 9 bits.
    pub icmp_code: u16,
    /// The next-hop MTU of a "packet too big", else zero.
    pub error_data: u32,
}

impl Attribute<'_> for Icmp {
    const TYPE: AttributeType = AttributeType::ICMP;
    const MAX_LEN: usize = 8;

    fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
        let [_, _, a, b, d0, d1, d2, d3] = exactly(value)?;
        Ok(Self {
            icmp_type: a >> 1,
            icmp_code: u16::from_be_bytes([a & 1, b]),
            error_data: u32::from_be_bytes([d0, d1, d2, d3]),
        })
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        let [high, low] = (self.icmp_code & 0x1ff).to_be_bytes();
        out.extend_from_slice(&[0, 0, self.icmp_type << 1 | high, low]);
        out.extend_from_slice(&self.error_data.to_be_bytes());
    }
}

/// TRANSACTION_TRANSMIT_COUNTER (RFC 7982 §3): which transmission a request or a response is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TransactionTransmitCounter {
    /// How often the request has been sent.
    pub request: u8,
    /// How often the response has been sent.
    pub response: u8,
}

impl Attribute<'_> for TransactionTransmitCounter {
    const TYPE: AttributeType = AttributeType::TRANSACTION_TRANSMIT_COUNTER;
    const MAX_LEN: usize = 4;

    fn decode(value: &[u8], _: &TransactionId) -> Result<Self, DecodeError> {
        let [_, _, request, response] = exactly(value)?;
        Ok(Self { request, response })
    }

    fn encode(&self, _: &TransactionId, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0, 0, self.request, self.response]);
    }
}
