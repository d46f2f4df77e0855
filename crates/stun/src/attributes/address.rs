//! RFC 8489 §14.1 and §14.2: transport addresses, plain and XORed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::attribute::{Attribute, AttributeType};
use crate::message::COOKIE;
use crate::{DecodeError, TransactionId};

/// The family octet of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressFamily {
    /// 0x01.
    Ipv4,
    /// 0x02.
    Ipv6,
}

impl AddressFamily {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 1,
            Self::Ipv6 => 2,
        }
    }

    pub(super) const fn from_number(number: u8) -> Result<Self, DecodeError> {
        match number {
            1 => Ok(Self::Ipv4),
            2 => Ok(Self::Ipv6),
            _ => Err(DecodeError::new("address family is not known", 0)),
        }
    }
}

/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0 0 0 0 0 0 0 0|    Family     |           Port                |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                 Address (32 bits or 128 bits)                 |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
/// `mask` covers port and address; the plain form has one of zeros.
#[inline]
fn decode(value: &[u8], mask: &[u8; 16]) -> Result<SocketAddr, DecodeError> {
    // §14.1: the first octet is ignored by receivers.
    let Some((&[_, family, p0, p1], address)) = value.split_first_chunk::<4>() else {
        return Err(DecodeError::new("address is cut off", value.len()));
    };
    let [m0, m1, ..] = *mask;
    let port = u16::from_be_bytes([p0 ^ m0, p1 ^ m1]);
    let length = DecodeError::new("address has a wrong length", 4);
    let ip = match AddressFamily::from_number(family).map_err(|error| error.within(1))? {
        AddressFamily::Ipv4 => IpAddr::from(masked(<[u8; 4]>::try_from(address).map_err(|_| length)?, mask)),
        AddressFamily::Ipv6 => IpAddr::from(masked(<[u8; 16]>::try_from(address).map_err(|_| length)?, mask)),
    };
    Ok(SocketAddr::new(ip, port))
}

#[inline]
fn encode(address: SocketAddr, mask: &[u8; 16], out: &mut Vec<u8>) {
    let [p0, p1] = address.port().to_be_bytes();
    let [m0, m1, ..] = *mask;
    out.extend_from_slice(&[0, AddressFamily::of(address.ip()).number(), p0 ^ m0, p1 ^ m1]);
    match address.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&masked(Ipv4Addr::octets(&ip), mask)),
        IpAddr::V6(ip) => out.extend_from_slice(&masked(Ipv6Addr::octets(&ip), mask)),
    }
}

#[inline]
fn masked<const N: usize>(mut bytes: [u8; N], mask: &[u8; 16]) -> [u8; N] {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    bytes
}

/// §14.2: the cookie, then the transaction id.
#[inline]
fn mask(id: &TransactionId) -> [u8; 16] {
    let mut mask = [0; 16];
    for (to, from) in mask.iter_mut().zip(COOKIE.iter().chain(id.as_bytes())) {
        *to = *from;
    }
    mask
}

const PLAIN: [u8; 16] = [0; 16];

macro_rules! addresses {
    ($($(#[$doc:meta])* $name:ident = $ty:ident, $mask:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub SocketAddr);

        impl Attribute<'_> for $name {
            const TYPE: AttributeType = AttributeType::$ty;
            const MAX_LEN: usize = 20;

            #[inline]
            fn decode(value: &[u8], id: &TransactionId) -> Result<Self, DecodeError> {
                let mask: fn(&TransactionId) -> [u8; 16] = $mask;
                decode(value, &mask(id)).map(Self)
            }

            #[inline]
            fn encode(&self, id: &TransactionId, out: &mut Vec<u8>) {
                let mask: fn(&TransactionId) -> [u8; 16] = $mask;
                encode(self.0, &mask(id), out);
            }
        }
    )*};
}

addresses! {
    /// MAPPED-ADDRESS (RFC 8489 §14.1): the client's address as the server saw it, for RFC 3489 clients.
    MappedAddress = MAPPED_ADDRESS, |_| PLAIN;
    /// XOR-MAPPED-ADDRESS (RFC 8489 §14.2): the client's address as the server saw it.
    XorMappedAddress = XOR_MAPPED_ADDRESS, mask;
    /// ALTERNATE-SERVER (RFC 8489 §14.15): another server to try.
    AlternateServer = ALTERNATE_SERVER, |_| PLAIN;
    /// XOR-PEER-ADDRESS (RFC 8656 §18.3): the peer as the TURN server sees it.
    XorPeerAddress = XOR_PEER_ADDRESS, mask;
    /// XOR-RELAYED-ADDRESS (RFC 8656 §18.5): the address a TURN server allocated.
    XorRelayedAddress = XOR_RELAYED_ADDRESS, mask;
    /// RESPONSE-ORIGIN (RFC 5780 §7.3): where the response was sent from.
    ResponseOrigin = RESPONSE_ORIGIN, |_| PLAIN;
    /// OTHER-ADDRESS (RFC 5780 §7.4): the server's other address and port.
    OtherAddress = OTHER_ADDRESS, |_| PLAIN;
}
