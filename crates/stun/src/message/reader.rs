//! RFC 8489 §6.3: reading a message where it lies, without allocation.

use std::fmt;
use std::net::SocketAddr;

use super::{COOKIE, Class, HEADER_LEN, Method, TransactionId, decode_type};
use crate::DecodeError;
use crate::attribute::{Attribute, AttributeType, Attributes, RawAttribute, Walk};
use crate::attributes::{
    ErrorCode, IceControlled, IceControlling, MappedAddress, Nonce, Priority, Realm, Software, Username,
    XorMappedAddress,
};

/// A whole, well-formed message, borrowed from the datagram that brought it.
///
/// ```
/// use stun::{Class, MessageRef, MessageWriter, Method, attributes::Priority};
///
/// let mut datagram = Vec::new();
/// MessageWriter::new(&mut datagram, Class::Request, Method::BINDING, [7; 12].into())
///     .attribute(&Priority(1))
///     .fingerprint()
///     .finish();
/// let message = MessageRef::decode(&datagram)?;
/// assert_eq!(message.priority(), Some(1));
/// assert!(message.check_fingerprint());
///
/// assert!(MessageRef::decode(&datagram[..20]).is_err(), "the length no longer fits");
/// # Ok::<(), stun::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct MessageRef<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) closing: Closing,
}

/// Where the attributes that close a message begin; 0 stands for absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) integrity: usize,
    pub(super) integrity_sha256: usize,
    pub(super) fingerprint: usize,
}

/// A message that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Vec<u8>,
    closing: Closing,
}

impl Message {
    /// A view of it.
    pub fn as_ref(&self) -> MessageRef<'_> {
        MessageRef {
            bytes: &self.bytes,
            closing: self.closing,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl<'a> MessageRef<'a> {
    /// Reads the header and walks all attributes once.
    ///
    /// # Errors
    /// When the bytes are not exactly one STUN message; drop them (RFC 8489 §6.3).
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let Some((&[t0, _, l0, l1, c0, c1, c2, c3, ..], body)) = bytes.split_first_chunk::<HEADER_LEN>()
        else {
            return Err(DecodeError::new("header is cut off", bytes.len()));
        };
        if t0 & 0xc0 != 0 {
            return Err(DecodeError::new("first two bits are not zero", 0));
        }
        if [c0, c1, c2, c3] != COOKIE {
            return Err(DecodeError::new("no magic cookie", 4));
        }
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if !length.is_multiple_of(4) {
            return Err(DecodeError::new("length is not a multiple of four", 2));
        }
        if length != body.len() {
            return Err(DecodeError::new("length is not that of the datagram", 2));
        }
        let mut message = Self {
            bytes,
            closing: Closing::default(),
        };
        message.walk(body)?;
        Ok(message)
    }

    fn walk(&mut self, body: &'a [u8]) -> Result<(), DecodeError> {
        // Every attribute is looked at, so that what is ignored is well formed too.
        let mut all = Attributes::new(Walk::new(body, HEADER_LEN));
        while let Some(attribute) = all.step() {
            let RawAttribute { ty, offset, .. } = attribute?;
            match ty {
                AttributeType::MESSAGE_INTEGRITY => self.closing.integrity = offset,
                AttributeType::MESSAGE_INTEGRITY_SHA256 => self.closing.integrity_sha256 = offset,
                AttributeType::FINGERPRINT => self.closing.fingerprint = offset,
                _ => {}
            }
        }
        Ok(())
    }

    /// A copy that owns its bytes.
    pub fn to_message(&self) -> Message {
        Message {
            bytes: self.bytes.to_vec(),
            closing: self.closing,
        }
    }

    /// The whole message.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn message_type(&self) -> (Class, Method) {
        decode_type(
            self.bytes
                .first_chunk()
                .map_or(0, |bits| u16::from_be_bytes(*bits)),
        )
    }

    /// What the message is to its transaction.
    #[inline]
    pub fn class(&self) -> Class {
        self.message_type().0
    }

    /// What it asks for.
    #[inline]
    pub fn method(&self) -> Method {
        self.message_type().1
    }

    /// The identifier that joins it to its transaction.
    #[inline]
    pub fn transaction_id(&self) -> TransactionId {
        TransactionId(
            self.bytes
                .get(8..)
                .and_then(<[u8]>::first_chunk)
                .copied()
                .unwrap_or_default(),
        )
    }

    /// The attributes that count, in order.
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(Walk::new(
            self.bytes.get(HEADER_LEN..).unwrap_or_default(),
            HEADER_LEN,
        ))
    }

    /// The first attribute of type `ty` as it lies there.
    #[inline]
    pub fn raw(&self, ty: AttributeType) -> Option<RawAttribute<'a>> {
        self.attributes().find(|attribute| attribute.ty == ty)
    }

    /// Whether an attribute of that type counts.
    #[inline]
    pub fn has(&self, ty: AttributeType) -> bool {
        self.raw(ty).is_some()
    }

    /// The first attribute of type `A`: `None` when absent, an error when it cannot be read.
    #[inline]
    pub fn attribute<A: Attribute<'a>>(&self) -> Option<Result<A, DecodeError>> {
        let raw = self.raw(A::TYPE)?;
        Some(self.typed(raw))
    }

    /// All attributes of type `A` that can be read (XOR-PEER-ADDRESS may repeat).
    pub fn all<A: Attribute<'a>>(&self) -> impl Iterator<Item = A> + use<'a, A> {
        let message = *self;
        self.attributes()
            .filter(|raw| raw.ty == A::TYPE)
            .filter_map(move |raw| message.typed(raw).ok())
    }

    fn typed<A: Attribute<'a>>(&self, raw: RawAttribute<'a>) -> Result<A, DecodeError> {
        if raw.value.len() > A::MAX_LEN {
            return Err(DecodeError::new(
                "value is longer than its attribute allows",
                raw.offset,
            ));
        }
        A::decode(raw.value, &self.transaction_id()).map_err(|error| error.within(raw.offset + 4))
    }

    fn readable<A: Attribute<'a>>(&self) -> Option<A> {
        self.attribute::<A>()?.ok()
    }

    /// USERNAME, if it is there and can be read.
    #[inline]
    pub fn username(&self) -> Option<&'a str> {
        self.readable::<Username<'_>>().map(|username| username.0)
    }

    /// REALM, if it is there and can be read.
    pub fn realm(&self) -> Option<&'a str> {
        self.readable::<Realm<'_>>().map(|realm| realm.0)
    }

    /// NONCE, if it is there.
    pub fn nonce(&self) -> Option<&'a [u8]> {
        self.readable::<Nonce<'_>>().map(|nonce| nonce.0)
    }

    /// SOFTWARE, if it is there and can be read.
    pub fn software(&self) -> Option<&'a str> {
        self.readable::<Software<'_>>().map(|software| software.0)
    }

    /// XOR-MAPPED-ADDRESS, if it is there and can be read.
    #[inline]
    pub fn xor_mapped_address(&self) -> Option<SocketAddr> {
        self.readable::<XorMappedAddress>().map(|address| address.0)
    }

    /// The address the server saw: XOR-MAPPED-ADDRESS, or else MAPPED-ADDRESS of an older server.
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        self.xor_mapped_address()
            .or_else(|| self.readable::<MappedAddress>().map(|address| address.0))
    }

    /// ERROR-CODE, if it is there and can be read.
    pub fn error_code(&self) -> Option<ErrorCode<'a>> {
        self.readable::<ErrorCode<'_>>()
    }

    /// PRIORITY, if it is there and can be read.
    #[inline]
    pub fn priority(&self) -> Option<u32> {
        self.readable::<Priority>().map(|priority| priority.0)
    }

    /// Whether USE-CANDIDATE is there.
    #[inline]
    pub fn use_candidate(&self) -> bool {
        self.has(AttributeType::USE_CANDIDATE)
    }

    /// The tie-breaker of ICE-CONTROLLING, if it is there and can be read.
    #[inline]
    pub fn ice_controlling(&self) -> Option<u64> {
        self.readable::<IceControlling>().map(|controlling| controlling.0)
    }

    /// The tie-breaker of ICE-CONTROLLED, if it is there and can be read.
    #[inline]
    pub fn ice_controlled(&self) -> Option<u64> {
        self.readable::<IceControlled>().map(|controlled| controlled.0)
    }

    /// Comprehension-required attributes that this crate has no name for: what a 420 response lists.
    #[inline]
    pub fn unknown_comprehension_required(&self) -> impl Iterator<Item = AttributeType> + use<'a> {
        let required = self
            .attributes()
            .map(|attribute| attribute.ty)
            .filter(|ty| ty.is_comprehension_required());
        required.filter(|ty| ty.name().is_none())
    }

    /// Comprehension-required attributes outside `known`: for a usage that understands less than this crate.
    pub fn comprehension_required_except<'k>(
        &self,
        known: &'k [AttributeType],
    ) -> impl Iterator<Item = AttributeType> + use<'a, 'k> {
        let required = self
            .attributes()
            .map(|attribute| attribute.ty)
            .filter(|ty| ty.is_comprehension_required());
        required.filter(move |ty| !known.contains(ty))
    }
}

impl fmt::Debug for MessageRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<AttributeType> = self.attributes().map(|attribute| attribute.ty).collect();
        f.debug_struct("MessageRef")
            .field("class", &self.class())
            .field("method", &self.method())
            .field("transaction_id", &self.transaction_id())
            .field("attributes", &types)
            .finish()
    }
}
